//! The history of statuses and of Parties: one narrow row for each change.

use domain::inventory::SmiStatus;

use super::tables::{PARTY_MOVES, STATUS_CHANGES, insert};
use crate::bulk::probing;
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

/// A status that a hub had, and no longer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PastStatus {
    /// The hub.
    pub hub: i64,
    /// The status.
    pub status: SmiStatus,
    /// From when, in microseconds.
    pub from: i64,
    /// Until when.
    pub until: i64,
}

/// Hubs that one statement looks up.
const HUBS: usize = 200;

/// What hubs had been before, by the numbers of their last changes: pairs of change and hub.
pub fn past_statuses(tx: &mut Tx, of: &[(i64, i64)]) -> Result<Vec<PastStatus>> {
    let place =
        |n: usize| format!("(CAST(${} AS INTEGER), CAST(${} AS BIGINT))", 2 * n + 1, 2 * n + 2);
    let places: Vec<String> = (0..HUBS).map(place).collect();
    let sql = format!(
        "WITH RECURSIVE last (change, hub) AS (VALUES {}),
         life (change, hub, from_status, from_at, to_at, previous) AS (
            SELECT s.change, s.hub, s.from_status, s.from_at, s.to_at, s.previous
            FROM last JOIN status_changes s ON s.change = last.change AND s.hub = last.hub
            UNION ALL
            SELECT s.change, s.hub, s.from_status, s.from_at, s.to_at, s.previous
            FROM life JOIN status_changes s ON s.change = life.previous AND s.hub = life.hub
         )
         SELECT hub, from_status, from_at, to_at FROM life",
        places.join(", ")
    );
    let mut past = Vec::new();
    probing(tx, |tx| {
        for some in of.chunks(HUBS) {
            // One statement for all: nothing has the change 0.
            let none = std::iter::repeat_n(&(0, 0), HUBS - some.len());
            let values: Vec<Value> = some
                .iter()
                .chain(none)
                .flat_map(|(change, hub)| [*change, *hub])
                .map(Value::from)
                .collect();
            for row in &tx.all(&sql, &values)? {
                past.push(PastStatus {
                    hub: row.get(0),
                    status: row.get(1),
                    from: row.get(2),
                    until: row.get(3),
                });
            }
        }
        Ok(())
    })?;
    Ok(past)
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
