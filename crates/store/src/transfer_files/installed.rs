//! The queue of hubs that were installed before their transfer file was processed.

use domain::DeviceId;
use domain::ids::{PartyId, TransferFileId, UserId};
use domain::inventory::SmiStatus;
use jiff::Timestamp;

use super::NewInstalled;
use crate::bulk::load::tables::{Column, Table, insert};
use crate::error::Result;
use crate::value::{Row, Value};
use crate::{Tx, args};

/// One line of the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledRow {
    /// Its number.
    pub id: i64,
    /// The file.
    pub transfer_file: TransferFileId,
    /// The line of that file.
    pub line: u32,
    /// The hub.
    pub hub: DeviceId,
    /// The status that it had.
    pub status: SmiStatus,
    /// Since when.
    pub status_at: Timestamp,
    /// The Party that has it.
    pub from_party: PartyId,
    /// That Party's service user reference.
    pub from_reference: String,
    /// The Party that it should have gone to.
    pub to_party: PartyId,
    /// That Party's service user reference.
    pub to_reference: String,
    /// When the file was applied.
    pub noted_at: Timestamp,
    /// How it was settled, if it was.
    pub settled: Option<Settled>,
}

/// How Finance settled a line of the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: UserId,
    /// That person's name.
    pub by_name: String,
    /// How.
    pub note: String,
}

const SELECT: &str = "
    SELECT i.id, i.transfer_file, i.line, i.hub, i.status, i.status_at, i.from_party,
        f.service_user_reference, i.to_party, t.service_user_reference, i.noted_at, i.settled_at,
        i.settled_by, u.name, i.note
    FROM installed_before i
    JOIN parties f ON f.id = i.from_party
    JOIN parties t ON t.id = i.to_party
    LEFT JOIN users u ON u.id = i.settled_by";

fn item(row: &Row) -> InstalledRow {
    let settled = row.get::<Option<Timestamp>>(11).map(|at| Settled {
        at,
        by: row.get(12),
        by_name: row.get(13),
        note: row.get(14),
    });
    InstalledRow {
        id: row.get(0),
        transfer_file: row.get(1),
        line: row.get::<i64>(2) as u32,
        hub: row.get(3),
        status: row.get(4),
        status_at: row.get(5),
        from_party: row.get(6),
        from_reference: row.get(7),
        to_party: row.get(8),
        to_reference: row.get(9),
        noted_at: row.get(10),
        settled,
    }
}

const INSTALLED_BEFORE: Table = Table {
    name: "installed_before",
    columns: &[
        ("id", Column::Big),
        ("transfer_file", Column::Big),
        ("line", Column::Big),
        ("hub", Column::Big),
        ("status", Column::Small),
        ("status_at", Column::Big),
        ("from_party", Column::Small),
        ("to_party", Column::Small),
        ("noted_at", Column::Big),
    ],
};

/// Adds the hubs of a file that was applied.
pub fn insert_installed(
    tx: &mut Tx,
    transfer_file: TransferFileId,
    noted_at: Timestamp,
    hubs: &[NewInstalled],
) -> Result<()> {
    if hubs.is_empty() {
        return Ok(());
    }
    let first = tx.next_id("installed_before")?;
    let rows = (first..).zip(hubs).map(|(id, new)| -> [Value; 9] {
        [
            id.into(),
            transfer_file.into(),
            i64::from(new.line).into(),
            new.hub.into(),
            (new.status as i64).into(),
            new.status_at.into(),
            new.from_party.into(),
            new.to_party.into(),
            noted_at.into(),
        ]
    });
    insert(tx, INSTALLED_BEFORE, rows)
}

/// The queue after `after`, in order: those that wait, those that are settled, or all.
pub fn installed(
    tx: &mut Tx,
    is_settled: Option<bool>,
    after: Option<i64>,
    limit: i64,
) -> Result<Vec<InstalledRow>> {
    let sql = format!(
        "{SELECT}
         WHERE (CAST($1 AS BOOLEAN) IS NULL OR (i.settled_at IS NOT NULL) = $1)
           AND (CAST($2 AS BIGINT) IS NULL OR i.id > $2)
         ORDER BY i.id LIMIT CAST($3 AS BIGINT)"
    );
    Ok(tx.all(&sql, args![is_settled, after, limit])?.iter().map(item).collect())
}

/// One line of the queue.
pub fn load_installed(tx: &mut Tx, id: i64) -> Result<Option<InstalledRow>> {
    let sql = format!("{SELECT} WHERE i.id = $1");
    Ok(tx.opt(&sql, args![id])?.as_ref().map(item))
}

/// Settles a line that waits. False if it does not.
pub fn settle(tx: &mut Tx, id: i64, by: UserId, note: &str, at: Timestamp) -> Result<bool> {
    let sql = "
        UPDATE installed_before SET settled_at = $2, settled_by = $3, note = $4
        WHERE id = $1 AND settled_at IS NULL";
    Ok(tx.exec(sql, args![id, at, by, note])? == 1)
}
