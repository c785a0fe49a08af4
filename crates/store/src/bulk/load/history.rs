//! The history of statuses and of Parties: one narrow row for each change.

use domain::inventory::SmiStatus;

use super::tables::{PARTY_MOVES, STATUS_CHANGES, insert};
use crate::error::Result;
use crate::{Tx, Value};

/// One change of a hub's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusChange {
    /// The change that it is part of.
    pub change: i64,
    /// The hub.
    pub hub: i64,
    /// The status before.
    pub from: SmiStatus,
    /// Since when it had been that, in microseconds.
    pub from_at: i64,
    /// The status after.
    pub to: SmiStatus,
    /// Since when.
    pub to_at: i64,
    /// The hub's change before this one; 0 for none.
    pub previous: i64,
}

/// Adds to the history of statuses, in the order of change and hub.
pub fn insert_status_changes(tx: &mut Tx, changes: &[StatusChange]) -> Result<()> {
    let rows = changes.iter().map(|c| -> [Value; 7] {
        [
            c.change.into(),
            c.hub.into(),
            c.from.into(),
            c.from_at.into(),
            c.to.into(),
            c.to_at.into(),
            c.previous.into(),
        ]
    });
    insert(tx, STATUS_CHANGES, rows)
}

/// One change of a hub's Party.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartyMove {
    /// The move that it is part of.
    pub number: i64,
    /// The hub.
    pub hub: i64,
    /// The Party before.
    pub from: i64,
    /// The Party after.
    pub to: i64,
    /// The hub's move before this one; 0 for none.
    pub previous: i64,
}

/// Adds to the history of Parties, in the order of move and hub.
pub fn insert_party_moves(tx: &mut Tx, moves: &[PartyMove]) -> Result<()> {
    let rows = moves.iter().map(|m| -> [Value; 5] {
        [m.number.into(), m.hub.into(), m.from.into(), m.to.into(), m.previous.into()]
    });
    insert(tx, PARTY_MOVES, rows)
}
