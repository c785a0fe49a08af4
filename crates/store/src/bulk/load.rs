//! What an import reads and writes by the thousand.
//!
//! SQLite takes prepared statements in key order, so that it touches each page once. PostgreSQL
//! takes COPY for rows and arrays for keys, its planner fenced so that it probes the keys whatever
//! it believes about their number.

mod history;
mod new_packs;
mod packs;
mod postgres;
mod sqlite;
pub(crate) mod tables;

use std::collections::HashMap;

use domain::inventory::SmiStatus;

pub use history::{
    PartyMove, PastStatus, StatusChange, insert_party_moves, insert_status_changes, past_statuses,
};
pub use new_packs::{NewPack, add_packs};
pub use packs::{DeliveredPack, packs, packs_by_fingerprint};

pub use super::stock::PackChanges;
use crate::db::TxInner;
use crate::error::{Error, Result};
use crate::{Tx, args};

/// Everything in a hub's own row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HubRow {
    /// The CHF ID's 64 bits.
    pub id: i64,
    /// The GPF ID's 64 bits.
    pub gpf: i64,
    /// Its pack.
    pub pack: i64,
    /// The responsible Party.
    pub party: i64,
    /// The SMI status.
    pub status: SmiStatus,
    /// Since when, in microseconds.
    pub status_at: i64,
    /// When it was installed, in microseconds.
    pub installed_at: Option<i64>,
    /// The last move of its Party; 0 for none.
    pub last_move: i64,
    /// The last change of its status; 0 for none.
    pub last_change: i64,
    /// Whether it is in quarantine.
    pub quarantined: bool,
}

/// Keys that are so near to each other are read together with what is between them.
const NEAR: u64 = 8;

/// The hubs that have one of these keys as CHF or as GPF ID, in the order of their CHF IDs. The
/// keys are in order, each once.
pub fn hubs_of(tx: &mut Tx, keys: &[i64]) -> Result<Vec<HubRow>> {
    let mut hubs = hubs_at(tx, keys)?;
    let mut others = Vec::new();
    let mut take = |id: i64| {
        if keys.binary_search(&id).is_err() {
            others.push(id);
        }
    };
    match &mut tx.0 {
        TxInner::Sqlite(tx) => sqlite::hubs_of_gpfs(tx, keys, &mut take)?,
        TxInner::Postgres(tx) => postgres::hubs_of_gpfs(tx, keys, &mut take)?,
    }
    if !others.is_empty() {
        others.sort_unstable();
        hubs.extend(hubs_at(tx, &others)?);
    }
    hubs.sort_unstable_by_key(|hub| hub.id);
    Ok(hubs)
}

/// The keys of hubs from `first` on, in order, at most so many.
pub fn hubs_from(tx: &mut Tx, first: i64, most: i64) -> Result<Vec<i64>> {
    let sql = "SELECT id FROM hubs WHERE id >= $1 ORDER BY id LIMIT CAST($2 AS BIGINT)";
    Ok(tx.all(sql, args![first, most])?.iter().map(|row| row.get(0)).collect())
}

/// The hubs with these CHF IDs.
fn hubs_at(tx: &mut Tx, keys: &[i64]) -> Result<Vec<HubRow>> {
    let mut hubs = Vec::new();
    let mut take = |hub: HubRow| hubs.push(hub);
    match &mut tx.0 {
        TxInner::Sqlite(tx) => sqlite::hubs_at(tx, keys, &mut take)?,
        TxInner::Postgres(tx) => postgres::hubs_at(tx, keys, &mut take)?,
    }
    Ok(hubs)
}

/// Adds hubs, which come in the order of their IDs. One that is there already, by either ID, is an
/// error; nothing is ever overwritten.
pub fn insert_hubs(tx: &mut Tx, hubs: &[HubRow]) -> Result<()> {
    match &mut tx.0 {
        TxInner::Sqlite(tx) => sqlite::insert_hubs(tx, hubs),
        TxInner::Postgres(tx) => postgres::insert_hubs(tx, hubs),
    }
}

/// Writes Party, status, and the last move and change of hubs that are there, in the order of
/// their IDs.
pub fn update_hubs(tx: &mut Tx, hubs: &[HubRow]) -> Result<()> {
    let touched = match &mut tx.0 {
        TxInner::Sqlite(tx) => sqlite::update_hubs(tx, hubs)?,
        TxInner::Postgres(tx) => postgres::update_hubs(tx, hubs)?,
    };
    if touched == hubs.len() as u64 {
        return Ok(());
    }
    let message = format!("{touched} hubs were there, not {}", hubs.len());
    Err(Error::Broken { doing: "update hubs".into(), message })
}

fn status(code: i64) -> SmiStatus {
    SmiStatus::from_code(code).expect("the column's CHECK lets no other number in")
}

/// Where the hubs of these packs are counted; the packs are in order.
pub(super) fn places(tx: &mut Tx, packs: &[i64]) -> Result<HashMap<i64, Place>> {
    match &mut tx.0 {
        TxInner::Sqlite(tx) => sqlite::places(tx, packs),
        TxInner::Postgres(tx) => postgres::places(tx, packs),
    }
}

/// Where the hubs of a pack are counted.
pub(super) struct Place {
    pub model: i64,
    pub pallet: i64,
    pub region: String,
}
