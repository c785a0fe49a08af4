//! The states of a transfer file and every move between them.

use crate::states;

/// Where a transfer file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Its bytes are kept; nothing has looked at them.
    Received,
    /// Its lines are being checked.
    Validating,
    /// Every line has a code; it waits for the authoriser.
    Validated,
    /// Refused whole.
    FailedValidation,
    /// Another person has authorised it; it waits to be applied.
    Authorised,
    /// It is being applied.
    Applying,
    /// Applied, no line rejected.
    Applied,
    /// Applied, some lines rejected.
    PartApplied,
    /// Not applied, and will not be.
    Failed,
    /// Taken back before it was authorised.
    Withdrawn,
    /// Turned down by the authoriser.
    Rejected,
}

/// What can be done to a transfer file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Begin to check its lines; again, too, if that was cut short or things have changed.
    Validate,
    /// Its lines are checked.
    Pass,
    /// Refuse it whole.
    Refuse,
    /// Let it change the inventory.
    Authorise,
    /// Turn it down.
    Reject,
    /// Take it back.
    Withdraw,
    /// Begin to change the inventory; again, too, if that was cut short.
    Apply,
    /// Every line is done.
    Complete,
    /// Some lines are done, the others rejected.
    CompleteInPart,
    /// Give up: nothing was changed.
    Fail,
}

/// Every move that a transfer file can make. A pair that is not here cannot happen.
pub const TRANSITIONS: &[(State, Action, State)] = &[
    (State::Received, Action::Validate, State::Validating),
    (State::Received, Action::Withdraw, State::Withdrawn),
    (State::Validating, Action::Validate, State::Validating),
    (State::Validating, Action::Pass, State::Validated),
    (State::Validating, Action::Refuse, State::FailedValidation),
    (State::Validating, Action::Withdraw, State::Withdrawn),
    (State::Validated, Action::Validate, State::Validating),
    (State::Validated, Action::Authorise, State::Authorised),
    (State::Validated, Action::Reject, State::Rejected),
    (State::Validated, Action::Withdraw, State::Withdrawn),
    (State::Authorised, Action::Apply, State::Applying),
    (State::Authorised, Action::Fail, State::Failed),
    (State::Applying, Action::Apply, State::Applying),
    (State::Applying, Action::Complete, State::Applied),
    (State::Applying, Action::CompleteInPart, State::PartApplied),
    (State::Applying, Action::Fail, State::Failed),
];

impl State {
    /// All of them, in the order of a file's life.
    pub const ALL: &[State] = &[
        State::Received,
        State::Validating,
        State::Validated,
        State::FailedValidation,
        State::Authorised,
        State::Applying,
        State::Applied,
        State::PartApplied,
        State::Failed,
        State::Withdrawn,
        State::Rejected,
    ];

    /// As the database keeps it and the API spells it.
    pub fn name(self) -> &'static str {
        match self {
            State::Received => "Received",
            State::Validating => "Validating",
            State::Validated => "Validated",
            State::FailedValidation => "FailedValidation",
            State::Authorised => "Authorised",
            State::Applying => "Applying",
            State::Applied => "Applied",
            State::PartApplied => "PartApplied",
            State::Failed => "Failed",
            State::Withdrawn => "Withdrawn",
            State::Rejected => "Rejected",
        }
    }

    /// As a person reads it on a page.
    pub fn words(self) -> &'static str {
        match self {
            State::Received => "Received",
            State::Validating => "Being checked",
            State::Validated => "Waiting to be authorised",
            State::FailedValidation => "Refused",
            State::Authorised => "Authorised",
            State::Applying => "Being applied",
            State::Applied => "Applied",
            State::PartApplied => "Applied in part",
            State::Failed => "Failed",
            State::Withdrawn => "Withdrawn",
            State::Rejected => "Rejected by the authoriser",
        }
    }

    /// Whether nothing more can become of the file.
    pub fn is_final(self) -> bool {
        states::is_final(TRANSITIONS, self)
    }
}

states::along_the_table!("file");

impl Action {
    /// All of them.
    pub const ALL: &[Action] = &[
        Action::Validate,
        Action::Pass,
        Action::Refuse,
        Action::Authorise,
        Action::Reject,
        Action::Withdraw,
        Action::Apply,
        Action::Complete,
        Action::CompleteInPart,
        Action::Fail,
    ];

    /// Its name in the reference document.
    pub fn name(self) -> &'static str {
        match self {
            Action::Validate => "Validate",
            Action::Pass => "Pass",
            Action::Refuse => "Refuse",
            Action::Authorise => "Authorise",
            Action::Reject => "Reject",
            Action::Withdraw => "Withdraw",
            Action::Apply => "Apply",
            Action::Complete => "Complete",
            Action::CompleteInPart => "CompleteInPart",
            Action::Fail => "Fail",
        }
    }

    fn past_participle(self) -> &'static str {
        match self {
            Action::Validate | Action::Pass => "checked",
            Action::Refuse => "refused",
            Action::Authorise => "authorised",
            Action::Reject => "rejected",
            Action::Withdraw => "withdrawn",
            Action::Apply | Action::Complete | Action::CompleteInPart => "applied",
            Action::Fail => "given up",
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_is_in_the_table_or_refused() {
        let (all, actions) = (State::ALL, Action::ALL);
        states::every_pair_is_in_the_table_or_refused(TRANSITIONS, all, actions, State::after);
        for state in all {
            for action in actions {
                let is_there = TRANSITIONS.iter().any(|(s, a, _)| s == state && a == action);
                assert_eq!(state.allows(*action), is_there);
            }
        }
    }

    #[test]
    fn only_an_authorised_file_is_applied() {
        for (from, action, to) in TRANSITIONS {
            if *to == State::Applying {
                assert!(matches!(from, State::Authorised | State::Applying), "{from} {action:?}");
            }
        }
    }

    #[test]
    fn nothing_is_withdrawn_after_it_was_authorised() {
        let can: Vec<_> = State::ALL.iter().filter(|s| s.allows(Action::Withdraw)).collect();
        assert_eq!(can, [&State::Received, &State::Validating, &State::Validated]);
    }

    #[test]
    fn a_finished_file_stays_as_it_is() {
        let finished: Vec<_> = State::ALL.iter().filter(|s| s.is_final()).collect();
        assert_eq!(
            finished,
            [
                &State::FailedValidation,
                &State::Applied,
                &State::PartApplied,
                &State::Failed,
                &State::Withdrawn,
                &State::Rejected,
            ]
        );
    }

    #[test]
    fn a_refusal_is_a_sentence() {
        let refusal = State::Applied.after(Action::Withdraw).unwrap_err();
        assert_eq!(refusal.message, "This file can't be withdrawn now: its state is applied.");
    }
}
