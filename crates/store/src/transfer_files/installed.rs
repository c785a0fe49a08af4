//! The queue of hubs that were installed before their transfer file was processed.

use domain::DeviceId;
use domain::ids::{PartyId, TransferFileId, UserId};
use domain::inventory::SmiStatus;
use jiff::Timestamp;

use super::NewInstalled;
use crate::error::Result;
use crate::value::{Row, Value, added};
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

/// Adds the hubs of a file that was applied.
pub fn insert_installed(
    tx: &mut Tx,
    transfer_file: TransferFileId,
    noted_at: Timestamp,
    hubs: &[NewInstalled],
) -> Result<()> {
    let mut id = if hubs.is_empty() { 0 } else { tx.next_id("installed_before")? };
    let (parts, rest) = hubs.as_chunks::<MANY>();
    for part in parts {
        insert_some(tx, transfer_file, noted_at, &mut id, part)?;
    }
    for one in rest {
        insert_some(tx, transfer_file, noted_at, &mut id, std::slice::from_ref(one))?;
    }
    Ok(())
}

/// Rows that are inserted by one statement.
const MANY: usize = 128;

fn insert_some(
    tx: &mut Tx,
    transfer_file: TransferFileId,
    noted_at: Timestamp,
    id: &mut i64,
    hubs: &[NewInstalled],
) -> Result<()> {
    let mut sql = String::from(
        "INSERT INTO installed_before (transfer_file, noted_at, id, line, hub, status, status_at,
            from_party, to_party) VALUES ",
    );
    let mut values = vec![Value::from(transfer_file), Value::from(noted_at)];
    for (i, new) in hubs.iter().enumerate() {
        let comma = if i == 0 { "" } else { ", " };
        let (line, status) = (i64::from(new.line), new.status as i64);
        let (from, to) = (new.from_party, new.to_party);
        let row = args![*id, line, new.hub, status, new.status_at, from, to];
        let places = added(&mut values, row.iter().cloned());
        sql.push_str(&format!("{comma}($1, $2, {places})"));
        *id += 1;
    }
    tx.exec(&sql, &values)?;
    Ok(())
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
