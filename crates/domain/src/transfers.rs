//! Transfers of stock from one Party to another: their kinds, states and lines.

mod line;
mod list;
mod state;

pub use line::{CORRECTIONS, Correction, FaultReason, LineState, Who};
pub use list::{
    LIST_COLUMNS, ListRefusal, ListRow, Mention, Verdict, pasted, read_list, read_manifest,
    read_receipt, write_manifest, write_receipt,
};
pub use state::{Action, State, TRANSITIONS};

use crate::ids::PartyId;

/// How a transfer came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A request was selected for an offer.
    Selected,
    /// Two Parties agreed between themselves and notified it; it skipped selection.
    Direct,
    /// It takes back what an earlier transfer moved.
    Reversal,
}

impl Kind {
    /// All of them.
    pub const ALL: &[Kind] = &[Kind::Selected, Kind::Direct, Kind::Reversal];

    /// As the database keeps it and the API spells it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Selected => "selected",
            Kind::Direct => "direct",
            Kind::Reversal => "reversal",
        }
    }

    /// As a person reads it.
    pub fn words(self) -> &'static str {
        match self {
            Kind::Selected => "By selection",
            Kind::Direct => "Direct, notified by both Parties, without selection",
            Kind::Reversal => "Reversal of an earlier transfer",
        }
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

/// Whose part of a transfer something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The Party whose hubs they are.
    Sender,
    /// The Party that they go to.
    Receiver,
}

impl Side {
    /// Both.
    pub const ALL: &[Side] = &[Side::Sender, Side::Receiver];

    /// As the database keeps it and the API spells it.
    pub fn name(self) -> &'static str {
        match self {
            Side::Sender => "sender",
            Side::Receiver => "receiver",
        }
    }

    /// The side of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|side| side.name() == name)
    }

    /// The other one.
    pub fn other(self) -> Side {
        match self {
            Side::Sender => Side::Receiver,
            Side::Receiver => Side::Sender,
        }
    }

    /// The side that this Party has in a transfer between these two.
    pub fn of(party: PartyId, sender: PartyId, receiver: PartyId) -> Option<Side> {
        if party == sender {
            Some(Side::Sender)
        } else if party == receiver {
            Some(Side::Receiver)
        } else {
            None
        }
    }
}

/// In what condition a consignment arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Condition {
    /// As it was sent.
    Good,
    /// Packaging or hubs are damaged.
    Damaged,
    /// Seals are broken or missing.
    SealsBroken,
    /// Part of it did not come.
    Incomplete,
}

impl Condition {
    /// All of them.
    pub const ALL: &[Condition] =
        &[Condition::Good, Condition::Damaged, Condition::SealsBroken, Condition::Incomplete];

    /// As the database keeps it and the API spells it.
    pub fn name(self) -> &'static str {
        match self {
            Condition::Good => "good",
            Condition::Damaged => "damaged",
            Condition::SealsBroken => "seals-broken",
            Condition::Incomplete => "incomplete",
        }
    }

    /// As a person reads it.
    pub fn words(self) -> &'static str {
        match self {
            Condition::Good => "Good",
            Condition::Damaged => "Damaged",
            Condition::SealsBroken => "Seals broken or missing",
            Condition::Incomplete => "Incomplete",
        }
    }

    /// The condition of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|condition| condition.name() == name)
    }
}
