//! The states of a transfer and every move between them.

use crate::states;

/// Where a transfer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Allocated or notified; it waits for both Parties to confirm.
    Agreed,
    /// Both Parties have confirmed; the sender is to dispatch.
    Confirmed,
    /// The hubs have left the sender's warehouse.
    Dispatched,
    /// They have reached the receiver, who is to say which of them it accepts.
    Arrived,
    /// Both lists were compared; what matches waits for its transfer file.
    Reconciled,
    /// A transfer file carries out what was reconciled.
    Completing,
    /// Every hub that was dispatched has its new Party.
    Completed,
    /// What could be moved has its new Party; other lines wait, or were given back to the sender.
    CompletedWithExceptions,
    /// Called off before anything was dispatched.
    Cancelled,
    /// Stopped by the DCC until it is released.
    OnHold,
    /// Not confirmed in time.
    Lapsed,
}

/// What can be done to a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// One Party confirms; the other has still to.
    ConfirmFirst,
    /// The second Party confirms.
    ConfirmSecond,
    /// Let it go because it was not confirmed in time.
    Lapse,
    /// Call it off.
    Cancel,
    /// Declare what has left the sender's warehouse.
    Dispatch,
    /// Declare that it has arrived.
    Arrive,
    /// Declare what was received: both lists are compared.
    Receive,
    /// Correct a line that waits.
    Correct,
    /// Prepare the transfer file of the lines that are ready.
    Prepare,
    /// The transfer file was withdrawn, rejected, refused or given up.
    DropFile,
    /// The transfer file was applied, and every hub has moved.
    Complete,
    /// The transfer file was applied, or no line is left for one; not every hub has moved.
    CompleteInPart,
    /// Stop it.
    Hold,
    /// Let it go on where it was stopped.
    Release,
}

/// Every move that a transfer can make. A pair that is not here cannot happen; a released transfer
/// goes back to where it was held.
pub const TRANSITIONS: &[(State, Action, State)] = &[
    (State::Agreed, Action::ConfirmFirst, State::Agreed),
    (State::Agreed, Action::ConfirmSecond, State::Confirmed),
    (State::Agreed, Action::Lapse, State::Lapsed),
    (State::Agreed, Action::Cancel, State::Cancelled),
    (State::Agreed, Action::Hold, State::OnHold),
    (State::Confirmed, Action::Dispatch, State::Dispatched),
    (State::Confirmed, Action::Cancel, State::Cancelled),
    (State::Confirmed, Action::Hold, State::OnHold),
    (State::Dispatched, Action::Arrive, State::Arrived),
    (State::Dispatched, Action::Hold, State::OnHold),
    (State::Arrived, Action::Receive, State::Reconciled),
    (State::Arrived, Action::Hold, State::OnHold),
    (State::Reconciled, Action::Correct, State::Reconciled),
    (State::Reconciled, Action::Prepare, State::Completing),
    (State::Reconciled, Action::Complete, State::Completed),
    (State::Reconciled, Action::CompleteInPart, State::CompletedWithExceptions),
    (State::Reconciled, Action::Hold, State::OnHold),
    (State::Completing, Action::Correct, State::Completing),
    (State::Completing, Action::DropFile, State::Reconciled),
    (State::Completing, Action::Complete, State::Completed),
    (State::Completing, Action::CompleteInPart, State::CompletedWithExceptions),
    (State::CompletedWithExceptions, Action::Correct, State::CompletedWithExceptions),
    (State::CompletedWithExceptions, Action::Prepare, State::Completing),
    (State::CompletedWithExceptions, Action::Complete, State::Completed),
    (State::CompletedWithExceptions, Action::CompleteInPart, State::CompletedWithExceptions),
    (State::OnHold, Action::Cancel, State::Cancelled),
    (State::OnHold, Action::Release, State::OnHold),
];

impl State {
    /// All of them, in the order of a transfer's life.
    pub const ALL: &[State] = &[
        State::Agreed,
        State::Confirmed,
        State::Dispatched,
        State::Arrived,
        State::Reconciled,
        State::Completing,
        State::Completed,
        State::CompletedWithExceptions,
        State::Cancelled,
        State::OnHold,
        State::Lapsed,
    ];

    /// As the database keeps it and the API spells it.
    pub fn name(self) -> &'static str {
        match self {
            State::Agreed => "Agreed",
            State::Confirmed => "Confirmed",
            State::Dispatched => "Dispatched",
            State::Arrived => "Arrived",
            State::Reconciled => "Reconciled",
            State::Completing => "Completing",
            State::Completed => "Completed",
            State::CompletedWithExceptions => "CompletedWithExceptions",
            State::Cancelled => "Cancelled",
            State::OnHold => "OnHold",
            State::Lapsed => "Lapsed",
        }
    }

    /// As a person reads it on a page.
    pub fn words(self) -> &'static str {
        match self {
            State::Agreed => "Waiting to be confirmed",
            State::Confirmed => "Waiting to be dispatched",
            State::Dispatched => "On its way",
            State::Arrived => "Waiting to be received",
            State::Reconciled => "Reconciled",
            State::Completing => "Transfer file prepared",
            State::Completed => "Completed",
            State::CompletedWithExceptions => "Completed with exceptions",
            State::Cancelled => "Cancelled",
            State::OnHold => "On hold",
            State::Lapsed => "Lapsed",
        }
    }

    /// Whether nothing more can become of the transfer.
    pub fn is_final(self) -> bool {
        states::is_final(TRANSITIONS, self)
    }

    /// Whether nothing has left the sender's warehouse yet and something still may.
    pub fn is_before_dispatch(self) -> bool {
        matches!(self, State::Agreed | State::Confirmed)
    }

    /// Whether hubs of it may move: both lists were compared, and the DCC did not stop it.
    pub fn lets_hubs_move(self) -> bool {
        matches!(self, State::Reconciled | State::Completing | State::CompletedWithExceptions)
    }
}

states::along_the_table!("transfer");

impl Action {
    /// All of them.
    pub const ALL: &[Action] = &[
        Action::ConfirmFirst,
        Action::ConfirmSecond,
        Action::Lapse,
        Action::Cancel,
        Action::Dispatch,
        Action::Arrive,
        Action::Receive,
        Action::Correct,
        Action::Prepare,
        Action::DropFile,
        Action::Complete,
        Action::CompleteInPart,
        Action::Hold,
        Action::Release,
    ];

    fn past_participle(self) -> &'static str {
        match self {
            Action::ConfirmFirst | Action::ConfirmSecond => "confirmed",
            Action::Lapse => "let go",
            Action::Cancel => "cancelled",
            Action::Dispatch => "dispatched",
            Action::Arrive => "noted as arrived",
            Action::Receive => "received",
            Action::Correct => "corrected",
            Action::Prepare => "put into a transfer file",
            Action::DropFile => "taken out of its transfer file",
            Action::Complete | Action::CompleteInPart => "completed",
            Action::Hold => "put on hold",
            Action::Release => "released",
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
            assert_eq!(State::from_name(state.name()), Some(*state));
            for action in actions {
                let is_there = TRANSITIONS.iter().any(|(s, a, _)| s == state && a == action);
                assert_eq!(state.allows(*action), is_there);
            }
        }
    }

    #[test]
    fn nothing_is_called_off_after_it_was_dispatched() {
        let can: Vec<_> = State::ALL.iter().filter(|s| s.allows(Action::Cancel)).collect();
        assert_eq!(can, [&State::Agreed, &State::Confirmed, &State::OnHold]);
    }

    #[test]
    fn hubs_move_only_after_both_lists_were_compared() {
        for (from, action, to) in TRANSITIONS {
            if to.lets_hubs_move() && !from.lets_hubs_move() {
                assert_eq!(*action, Action::Receive, "{from} {action:?}");
            }
        }
    }

    #[test]
    fn what_is_finished_stays_as_it_is() {
        let finished: Vec<_> = State::ALL.iter().filter(|s| s.is_final()).collect();
        assert_eq!(finished, [&State::Completed, &State::Cancelled, &State::Lapsed]);
    }

    #[test]
    fn a_refusal_is_a_sentence() {
        let refusal = State::Dispatched.after(Action::Cancel).unwrap_err();
        assert_eq!(
            refusal.message,
            "This transfer can't be cancelled now: its state is on its way."
        );
    }
}
