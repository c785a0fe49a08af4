//! Parties: a few hundred rows, read whole.

use domain::ids::PartyId;
use domain::parties::{Category, Party, PartyDetails, PartyStatus};

use crate::error::{Error, Result};
use crate::value::{Row, added};
use crate::{Tx, args};

const COLUMNS: &str = "id, signifier, legal_name, category, grouping, user_ids, \
    service_user_reference, status, may_hold_hubs, version";

/// A Party and how often it was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartyRow {
    /// The Party.
    pub party: Party,
    /// Counts its changes.
    pub version: i64,
}

fn party(row: &Row) -> Result<PartyRow> {
    let unknown = |what: &str| Error::Broken {
        doing: "read a Party".into(),
        message: format!("there is no such {what}"),
    };
    let category: String = row.get(3);
    let status: String = row.get(7);
    let details = PartyDetails {
        signifier: row.get(1),
        legal_name: row.get(2),
        category: Category::from_name(&category).ok_or_else(|| unknown(&category))?,
        group: row.get(4),
        user_ids: row.get(5),
        service_user_reference: row.get(6),
        status: PartyStatus::from_name(&status).ok_or_else(|| unknown(&status))?,
        may_hold_hubs: row.get(8),
    };
    Ok(PartyRow { party: Party { id: row.get(0), details }, version: row.get(9) })
}

/// All of them, in the order of their numbers.
pub fn all(tx: &mut Tx) -> Result<Vec<PartyRow>> {
    let sql = format!("SELECT {COLUMNS} FROM parties ORDER BY id");
    tx.all(&sql, &[])?.iter().map(party).collect()
}

/// One of them.
pub fn load(tx: &mut Tx, id: PartyId) -> Result<Option<PartyRow>> {
    let sql = format!("SELECT {COLUMNS} FROM parties WHERE id = $1");
    tx.opt(&sql, args![id])?.as_ref().map(party).transpose()
}

/// The legal names of some of them.
pub fn names(tx: &mut Tx, of: &[PartyId]) -> Result<Vec<(PartyId, String)>> {
    if of.is_empty() {
        return Ok(Vec::new());
    }
    let mut values = Vec::new();
    let of = added(&mut values, of.iter().copied());
    let sql = format!("SELECT id, legal_name FROM parties WHERE id IN ({of})");
    Ok(tx.all(&sql, &values)?.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Adds one.
pub fn insert(tx: &mut Tx, party: &Party) -> Result<()> {
    let sql =
        format!("INSERT INTO parties ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)");
    let d = &party.details;
    let args = args![
        party.id,
        &d.signifier,
        &d.legal_name,
        d.category.name(),
        &d.group,
        &d.user_ids,
        &d.service_user_reference,
        d.status.name(),
        d.may_hold_hubs
    ];
    tx.exec(&sql, args)?;
    Ok(())
}

/// Changes everything about one but its number.
pub fn update(tx: &mut Tx, party: &Party) -> Result<()> {
    let sql = "
        UPDATE parties SET signifier = $2, legal_name = $3, category = $4, grouping = $5,
            user_ids = $6, service_user_reference = $7, status = $8, may_hold_hubs = $9,
            version = version + 1
        WHERE id = $1";
    let d = &party.details;
    let args = args![
        party.id,
        &d.signifier,
        &d.legal_name,
        d.category.name(),
        &d.group,
        &d.user_ids,
        &d.service_user_reference,
        d.status.name(),
        d.may_hold_hubs
    ];
    tx.exec(sql, args)?;
    Ok(())
}
