//! The states of an offer and every move between them.

use crate::states;

/// Where an offer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Being written; only its Party and the DCC see it.
    Draft,
    /// Its stock is reserved; it waits for the DCC to publish it.
    Submitted,
    /// On the board.
    Published,
    /// Some of it is allocated.
    PartAllocated,
    /// All of it is allocated.
    FullyAllocated,
    /// Over, after some or all of it was allocated.
    Closed,
    /// Taken back before any of it was allocated.
    Withdrawn,
    /// Its time ended before any of it was allocated.
    Expired,
    /// Taken off the board by the DCC until it resumes it.
    Suspended,
}

/// What can be done to an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Change what it says.
    Change,
    /// Send it to the DCC; its stock is checked and reserved.
    Submit,
    /// Put it on the board.
    Publish,
    /// Send it back to its Party, with a reason.
    Return,
    /// Give a part of it to requests.
    Allocate,
    /// Give all that is left of it to requests.
    AllocateAll,
    /// An allocation lapsed and others stand.
    GiveBack,
    /// The last allocation lapsed.
    GiveBackAll,
    /// Take it off the board for a time.
    Suspend,
    /// Put it back on the board as it was, nothing allocated.
    Resume,
    /// Put it back as it was, partly allocated.
    ResumeAllocated,
    /// Take it back.
    Withdraw,
    /// End it, what was allocated stands.
    Close,
    /// Its time is over and nothing was allocated.
    Expire,
}

/// Every move that an offer can make. A pair that is not here cannot happen.
pub const TRANSITIONS: &[(State, Action, State)] = &[
    (State::Draft, Action::Change, State::Draft),
    (State::Draft, Action::Submit, State::Submitted),
    (State::Draft, Action::Withdraw, State::Withdrawn),
    (State::Submitted, Action::Change, State::Submitted),
    (State::Submitted, Action::Publish, State::Published),
    (State::Submitted, Action::Return, State::Draft),
    (State::Submitted, Action::Withdraw, State::Withdrawn),
    (State::Published, Action::Change, State::Published),
    (State::Published, Action::Allocate, State::PartAllocated),
    (State::Published, Action::AllocateAll, State::FullyAllocated),
    (State::Published, Action::Suspend, State::Suspended),
    (State::Published, Action::Withdraw, State::Withdrawn),
    (State::Published, Action::Expire, State::Expired),
    (State::PartAllocated, Action::Change, State::PartAllocated),
    (State::PartAllocated, Action::Allocate, State::PartAllocated),
    (State::PartAllocated, Action::AllocateAll, State::FullyAllocated),
    (State::PartAllocated, Action::GiveBack, State::PartAllocated),
    (State::PartAllocated, Action::GiveBackAll, State::Published),
    (State::PartAllocated, Action::Suspend, State::Suspended),
    (State::PartAllocated, Action::Close, State::Closed),
    (State::FullyAllocated, Action::GiveBack, State::PartAllocated),
    (State::FullyAllocated, Action::GiveBackAll, State::Published),
    (State::FullyAllocated, Action::Close, State::Closed),
    (State::Closed, Action::GiveBack, State::Closed),
    (State::Closed, Action::GiveBackAll, State::Closed),
    (State::Suspended, Action::GiveBack, State::Suspended),
    (State::Suspended, Action::GiveBackAll, State::Suspended),
    (State::Suspended, Action::Resume, State::Published),
    (State::Suspended, Action::ResumeAllocated, State::PartAllocated),
    (State::Suspended, Action::Withdraw, State::Withdrawn),
    (State::Suspended, Action::Close, State::Closed),
    (State::Suspended, Action::Expire, State::Expired),
];

impl State {
    /// All of them, in the order of an offer's life.
    pub const ALL: &[State] = &[
        State::Draft,
        State::Submitted,
        State::Published,
        State::PartAllocated,
        State::FullyAllocated,
        State::Closed,
        State::Withdrawn,
        State::Expired,
        State::Suspended,
    ];

    /// As the database keeps it and the API spells it.
    pub fn name(self) -> &'static str {
        match self {
            State::Draft => "Draft",
            State::Submitted => "Submitted",
            State::Published => "Published",
            State::PartAllocated => "PartAllocated",
            State::FullyAllocated => "FullyAllocated",
            State::Closed => "Closed",
            State::Withdrawn => "Withdrawn",
            State::Expired => "Expired",
            State::Suspended => "Suspended",
        }
    }

    /// As a person reads it on a page.
    pub fn words(self) -> &'static str {
        match self {
            State::Draft => "Draft",
            State::Submitted => "Waiting to be published",
            State::Published => "Published",
            State::PartAllocated => "Partly allocated",
            State::FullyAllocated => "Fully allocated",
            State::Closed => "Closed",
            State::Withdrawn => "Withdrawn",
            State::Expired => "Expired",
            State::Suspended => "Suspended",
        }
    }

    /// Whether what is left of its quantity is still promised to others.
    pub fn commits_stock(self) -> bool {
        match self {
            State::Submitted
            | State::Published
            | State::PartAllocated
            | State::FullyAllocated
            | State::Suspended => true,
            State::Draft | State::Closed | State::Withdrawn | State::Expired => false,
        }
    }

    /// Whether every Party sees it on the board.
    pub fn is_on_the_board(self) -> bool {
        matches!(self, State::Published | State::PartAllocated)
    }

    /// Whether it was on the board once.
    pub fn was_published(self) -> bool {
        !matches!(self, State::Draft | State::Submitted | State::Withdrawn)
    }
}

states::along_the_table!("offer");

impl Action {
    /// All of them.
    pub const ALL: &[Action] = &[
        Action::Change,
        Action::Submit,
        Action::Publish,
        Action::Return,
        Action::Allocate,
        Action::AllocateAll,
        Action::GiveBack,
        Action::GiveBackAll,
        Action::Suspend,
        Action::Resume,
        Action::ResumeAllocated,
        Action::Withdraw,
        Action::Close,
        Action::Expire,
    ];

    fn past_participle(self) -> &'static str {
        match self {
            Action::Change => "changed",
            Action::Submit => "submitted",
            Action::Publish => "published",
            Action::Return => "returned",
            Action::Allocate | Action::AllocateAll => "allocated",
            Action::GiveBack | Action::GiveBackAll => "given back",
            Action::Suspend => "suspended",
            Action::Resume | Action::ResumeAllocated => "resumed",
            Action::Withdraw => "withdrawn",
            Action::Close => "closed",
            Action::Expire => "ended",
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
    }

    #[test]
    fn nothing_is_allocated_from_an_offer_that_is_not_on_the_board() {
        for (from, action, _) in TRANSITIONS {
            if matches!(action, Action::Allocate | Action::AllocateAll) {
                assert!(from.is_on_the_board(), "{from}");
            }
        }
    }

    #[test]
    fn every_state_can_be_reached_and_a_name_reads_back() {
        for state in State::ALL {
            let reached = TRANSITIONS.iter().any(|(from, _, to)| to == state && from != state);
            assert!(reached || *state == State::Draft, "{state}");
            assert_eq!(State::from_name(state.name()), Some(*state));
        }
    }

    #[test]
    fn a_refusal_is_a_sentence() {
        let refusal = State::Closed.after(Action::Withdraw).unwrap_err();
        assert_eq!(refusal.message, "This offer can't be withdrawn now: its state is closed.");
    }
}
