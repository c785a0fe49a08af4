//! The states of a request and every move between them.

use crate::states;

/// Where a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Being written.
    Draft,
    /// Wanted: it waits on the board for an offer that suits it.
    Submitted,
    /// Received for an offer; it waits for selection.
    Queued,
    /// Selected for all that it asks for.
    Allocated,
    /// Selected for a part of it.
    PartAllocated,
    /// Not selected.
    Declined,
    /// Taken back.
    Withdrawn,
    /// What it was given was not confirmed in time, its offer ended before selection, or what was
    /// wanted came in time from nobody.
    Lapsed,
}

/// What can be done to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Change what it asks for.
    Change,
    /// Put it on the board as wanted.
    Submit,
    /// Put it in the queue of an offer.
    Queue,
    /// Give it all that it asks for.
    Allocate,
    /// Give it a part.
    AllocatePart,
    /// Give it nothing.
    Decline,
    /// Take it back.
    Withdraw,
    /// Take a part of what it was given from it.
    GiveBack,
    /// Take all that it was given from it, or end it with its offer.
    Lapse,
}

/// Every move that a request can make. A pair that is not here cannot happen.
pub const TRANSITIONS: &[(State, Action, State)] = &[
    (State::Draft, Action::Change, State::Draft),
    (State::Draft, Action::Submit, State::Submitted),
    (State::Draft, Action::Queue, State::Queued),
    (State::Draft, Action::Withdraw, State::Withdrawn),
    (State::Submitted, Action::Change, State::Submitted),
    (State::Submitted, Action::Queue, State::Queued),
    (State::Submitted, Action::Withdraw, State::Withdrawn),
    (State::Submitted, Action::Lapse, State::Lapsed),
    (State::Queued, Action::Allocate, State::Allocated),
    (State::Queued, Action::AllocatePart, State::PartAllocated),
    (State::Queued, Action::Decline, State::Declined),
    (State::Queued, Action::Withdraw, State::Withdrawn),
    (State::Queued, Action::Lapse, State::Lapsed),
    (State::Declined, Action::Allocate, State::Allocated),
    (State::Declined, Action::AllocatePart, State::PartAllocated),
    (State::Declined, Action::Decline, State::Declined),
    (State::PartAllocated, Action::Allocate, State::Allocated),
    (State::PartAllocated, Action::AllocatePart, State::PartAllocated),
    (State::PartAllocated, Action::Decline, State::PartAllocated),
    (State::PartAllocated, Action::GiveBack, State::PartAllocated),
    (State::PartAllocated, Action::Lapse, State::Lapsed),
    (State::Allocated, Action::GiveBack, State::PartAllocated),
    (State::Allocated, Action::Lapse, State::Lapsed),
];

impl State {
    /// All of them, in the order of a request's life.
    pub const ALL: &[State] = &[
        State::Draft,
        State::Submitted,
        State::Queued,
        State::Allocated,
        State::PartAllocated,
        State::Declined,
        State::Withdrawn,
        State::Lapsed,
    ];

    /// As the database keeps it and the API spells it.
    pub fn name(self) -> &'static str {
        match self {
            State::Draft => "Draft",
            State::Submitted => "Submitted",
            State::Queued => "Queued",
            State::Allocated => "Allocated",
            State::PartAllocated => "PartAllocated",
            State::Declined => "Declined",
            State::Withdrawn => "Withdrawn",
            State::Lapsed => "Lapsed",
        }
    }

    /// As a person reads it on a page.
    pub fn words(self) -> &'static str {
        match self {
            State::Draft => "Draft",
            State::Submitted => "Wanted",
            State::Queued => "Waiting for selection",
            State::Allocated => "Allocated",
            State::PartAllocated => "Partly allocated",
            State::Declined => "Not selected",
            State::Withdrawn => "Withdrawn",
            State::Lapsed => "Lapsed",
        }
    }

    /// Whether the two Parties know of each other by it.
    pub fn is_match(self) -> bool {
        matches!(self, State::Allocated | State::PartAllocated)
    }
}

states::along_the_table!("request");

impl Action {
    /// All of them.
    pub const ALL: &[Action] = &[
        Action::Change,
        Action::Submit,
        Action::Queue,
        Action::Allocate,
        Action::AllocatePart,
        Action::Decline,
        Action::Withdraw,
        Action::GiveBack,
        Action::Lapse,
    ];

    fn past_participle(self) -> &'static str {
        match self {
            Action::Change => "changed",
            Action::Submit | Action::Queue => "submitted",
            Action::Allocate | Action::AllocatePart => "allocated",
            Action::Decline => "declined",
            Action::Withdraw => "withdrawn",
            Action::GiveBack | Action::Lapse => "taken out",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_is_in_the_table_or_refused() {
        let (all, actions) = (State::ALL, Action::ALL);
        states::every_pair_is_in_the_table_or_refused(TRANSITIONS, all, actions, State::after);
    }

    #[test]
    fn what_was_given_is_not_withdrawn() {
        for state in State::ALL.iter().filter(|state| state.is_match()) {
            assert!(!state.allows(Action::Withdraw));
        }
    }
}
