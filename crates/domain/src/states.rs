//! What all tables of states have in common: `(state, action, state after)`, and a pair that is not
//! in the table cannot happen.

use crate::refusal::{Refusal, RefusalKind};

/// A row of such a table.
pub(crate) type Transition<S, A> = (S, A, S);

/// The state after `action`, if the table has the pair.
pub(crate) fn after<S, A>(table: &[Transition<S, A>], state: S, action: A) -> Option<S>
where
    S: Copy + PartialEq,
    A: Copy + PartialEq,
{
    table.iter().find(|(from, by, _)| *from == state && *by == action).map(|(_, _, to)| *to)
}

/// Whether no row of the table leads out of `state`.
pub(crate) fn is_final<S: PartialEq, A>(table: &[Transition<S, A>], state: S) -> bool {
    !table.iter().any(|(from, _, _)| *from == state)
}

/// Why a pair that is not in the table can't happen: "This offer can't be closed now: …".
pub(crate) fn refused(what: &str, past_participle: &str, words: &str) -> Refusal {
    let state = words.to_lowercase();
    let message = format!("This {what} can't be {past_participle} now: its state is {state}.");
    Refusal::new(RefusalKind::WrongState, message)
}

/// What the `State` of a module does along that module's table, its `TRANSITIONS`; the literal is
/// what a refusal calls the thing.
macro_rules! along_the_table {
    ($what:literal) => {
        impl State {
            /// The state of this name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|state| state.name() == name)
            }

            /// The state after this is done, or why it can't be.
            pub fn after(self, action: Action) -> Result<State, $crate::Refusal> {
                $crate::states::after(TRANSITIONS, self, action).ok_or_else(|| {
                    $crate::states::refused($what, action.past_participle(), self.words())
                })
            }

            /// Whether this can be done now.
            pub fn allows(self, action: Action) -> bool {
                $crate::states::after(TRANSITIONS, self, action).is_some()
            }
        }

        impl std::fmt::Display for State {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}
pub(crate) use along_the_table;

/// Each pair is in the table once, and leads where it says, or is refused.
#[cfg(test)]
pub(crate) fn every_pair_is_in_the_table_or_refused<S, A>(
    table: &[Transition<S, A>],
    states: &[S],
    actions: &[A],
    after: impl Fn(S, A) -> Result<S, Refusal>,
) where
    S: Copy + PartialEq + std::fmt::Debug,
    A: Copy + PartialEq + std::fmt::Debug,
{
    for state in states {
        for action in actions {
            let rows: Vec<_> = table.iter().filter(|(s, a, _)| s == state && a == action).collect();
            assert!(rows.len() <= 1, "{state:?} {action:?} leads to two states");
            match after(*state, *action) {
                Ok(after) => assert_eq!(rows[0].2, after),
                Err(refusal) => {
                    assert!(rows.is_empty());
                    assert_eq!(refusal.kind, RefusalKind::WrongState);
                }
            }
        }
    }
}
