//! Lists that are being built: what a warehouse has scanned, pasted or uploaded so far.

use std::collections::BTreeMap;

use domain::DeviceId;
use domain::ids::{OfferId, TransferId, UserId};
use domain::reconciliation::{Receipt, Received};
use domain::transfers::{FaultReason, Side};
use jiff::Timestamp;

use crate::bulk::load::tables::{Column, Table, insert};
use crate::error::Result;
use crate::value::{Row, Value, added};
use crate::{Tx, args};

/// Keys that one statement names, at most.
const KEYS_AT_ONCE: usize = 500;

const TRANSFER_LISTS: Table = Table {
    name: "transfer_lists",
    columns: &[
        ("transfer", Column::Big),
        ("side", Column::Text),
        ("hub", Column::Big),
        ("reason", Column::Big),
        ("times", Column::Big),
        ("added_by", Column::Big),
        ("added_at", Column::Big),
    ],
};

/// One hub of a list, and when it was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedRow {
    /// The hub, what the receiver says of it, how often it was named.
    pub listed: Receipt,
    /// When it was added.
    pub added_at: Timestamp,
}

fn listed_row(row: &Row) -> ListedRow {
    let received =
        FaultReason::from_code(row.get(1)).map_or(Received::Accepted, Received::Rejected);
    let times = u32::try_from(row.get::<i64>(2)).unwrap_or(u32::MAX);
    ListedRow { listed: Receipt { hub: row.get(0), received, times }, added_at: row.get(3) }
}

fn reason(received: Received) -> i64 {
    match received {
        Received::Accepted => 0,
        Received::Rejected(reason) => reason as i64,
    }
}

/// How long a list is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListCounts {
    /// All hubs.
    pub hubs: i64,
    /// Those that the receiver turns down.
    pub rejected: i64,
    /// Those that were named more than once.
    pub repeated: i64,
    /// How often the list has changed.
    pub changes: i64,
}

/// How long a list is.
pub fn list_counts(tx: &mut Tx, transfer: TransferId, side: Side) -> Result<ListCounts> {
    let sql = "
        SELECT count(*), count(CASE WHEN reason > 0 THEN 1 END), count(CASE WHEN times > 1 THEN 1 END),
            coalesce((SELECT c.changes FROM transfer_list_changes c
                WHERE c.transfer = $1 AND c.side = $2), 0)
        FROM transfer_lists WHERE transfer = $1 AND side = $2";
    let row = tx.one("count", sql, args![transfer, side.name()])?;
    let (hubs, rejected, repeated) = (row.get(0), row.get(1), row.get(2));
    Ok(ListCounts { hubs, rejected, repeated, changes: row.get(3) })
}

/// Notes that a list has changed.
fn changed(tx: &mut Tx, (transfer, side): (TransferId, Side)) -> Result<()> {
    let sql = "
        INSERT INTO transfer_list_changes (transfer, side, changes) VALUES ($1, $2, 1)
        ON CONFLICT (transfer, side) DO UPDATE SET changes = transfer_list_changes.changes + 1";
    tx.exec(sql, args![transfer, side.name()])?;
    Ok(())
}

/// Adds hubs that are not in the list yet, in the order of their keys.
pub fn put_listed(
    tx: &mut Tx,
    (transfer, side): (TransferId, Side),
    hubs: &[Receipt],
    (by, at): (UserId, Timestamp),
) -> Result<()> {
    let rows = hubs.iter().map(|listed| -> [Value; 7] {
        [
            transfer.into(),
            side.name().into(),
            listed.hub.into(),
            reason(listed.received).into(),
            listed.times.into(),
            by.into(),
            at.into(),
        ]
    });
    if !hubs.is_empty() {
        changed(tx, (transfer, side))?;
    }
    insert(tx, TRANSFER_LISTS, rows)
}

/// The part of a list after a key, in the order of keys.
pub fn listed(
    tx: &mut Tx,
    (transfer, side): (TransferId, Side),
    after: Option<DeviceId>,
    most: i64,
) -> Result<Vec<ListedRow>> {
    let sql = "
        SELECT hub, reason, times, added_at FROM transfer_lists
        WHERE transfer = $1 AND side = $2 AND hub >= $3 ORDER BY hub LIMIT CAST($4 AS BIGINT)";
    let Some(from) = after.map_or(Some(i64::MIN), |hub| hub.key().checked_add(1)) else {
        return Ok(Vec::new());
    };
    let rows = tx.all(sql, args![transfer, side.name(), from, most])?;
    Ok(rows.iter().map(listed_row).collect())
}

/// Every hub of a list, in the order of keys.
pub fn each_listed(
    tx: &mut Tx,
    (transfer, side): (TransferId, Side),
    mut take: impl FnMut(ListedRow) -> Result<()>,
) -> Result<()> {
    let sql = "
        SELECT hub, reason, times, added_at FROM transfer_lists
        WHERE transfer = $1 AND side = $2 ORDER BY hub";
    tx.each(sql, args![transfer, side.name()], |row| take(listed_row(&row)))
}

/// Those of these hubs that are in the list, by their keys.
pub fn listed_among(
    tx: &mut Tx,
    (transfer, side): (TransferId, Side),
    hubs: &[i64],
) -> Result<BTreeMap<i64, Receipt>> {
    let mut found = BTreeMap::new();
    for part in hubs.chunks(KEYS_AT_ONCE) {
        let (sql, args) = among(
            "SELECT hub, reason, times, added_at FROM transfer_lists",
            (transfer, side),
            part,
        );
        for row in tx.all(&sql, &args)? {
            let listed = listed_row(&row).listed;
            found.insert(listed.hub.key(), listed);
        }
    }
    Ok(found)
}

/// Takes hubs out of a list. How many were in it.
pub fn remove_listed(
    tx: &mut Tx,
    (transfer, side): (TransferId, Side),
    hubs: &[i64],
) -> Result<u64> {
    changed(tx, (transfer, side))?;
    let mut removed = 0;
    for part in hubs.chunks(KEYS_AT_ONCE) {
        let (sql, args) = among("DELETE FROM transfer_lists", (transfer, side), part);
        removed += tx.exec(&sql, &args)?;
    }
    Ok(removed)
}

/// Sets what the receiver says of hubs that are in its list, each named once from then on. How many
/// those were.
pub fn set_verdict(
    tx: &mut Tx,
    (transfer, side): (TransferId, Side),
    hubs: &[i64],
    received: Received,
) -> Result<u64> {
    changed(tx, (transfer, side))?;
    let mut set = 0;
    for part in hubs.chunks(KEYS_AT_ONCE) {
        let begins = format!("UPDATE transfer_lists SET times = 1, reason = {}", reason(received));
        let (sql, args) = among(&begins, (transfer, side), part);
        set += tx.exec(&sql, &args)?;
    }
    Ok(set)
}

/// Begins the receiver's list with every hub that was dispatched; what is in it stays as it is.
pub fn list_manifest(
    tx: &mut Tx,
    transfer: TransferId,
    (by, at): (UserId, Timestamp),
) -> Result<u64> {
    let sql = "
        INSERT INTO transfer_lists (transfer, side, hub, reason, times, added_by, added_at)
        SELECT transfer, 'receiver', hub, 0, 1, CAST($2 AS BIGINT), CAST($3 AS BIGINT)
        FROM transfer_hubs WHERE transfer = $1 AND state = 1
        ON CONFLICT (transfer, side, hub) DO NOTHING";
    changed(tx, (transfer, Side::Receiver))?;
    tx.exec(sql, args![transfer, by, at])
}

/// The hubs in the senders' lists of an offer's transfers, in the order of their keys.
pub fn in_senders_lists(tx: &mut Tx, offer: OfferId) -> Result<Vec<i64>> {
    let sql = "
        SELECT l.hub FROM transfer_lists l JOIN transfers t ON t.id = l.transfer
        WHERE t.offer = $1 AND l.side = 'sender' ORDER BY l.hub";
    Ok(tx.all(sql, args![offer])?.iter().map(|row| row.get(0)).collect())
}

/// Empties a list. How many hubs were in it.
pub fn clear_list(tx: &mut Tx, transfer: TransferId, side: Side) -> Result<u64> {
    let sql = "DELETE FROM transfer_lists WHERE transfer = $1 AND side = $2";
    changed(tx, (transfer, side))?;
    tx.exec(sql, args![transfer, side.name()])
}

fn among(begins: &str, (transfer, side): (TransferId, Side), hubs: &[i64]) -> (String, Vec<Value>) {
    let mut args: Vec<Value> = vec![transfer.into(), side.name().into()];
    let places = added(&mut args, hubs.iter().copied());
    let sql = format!("{begins} WHERE transfer = $1 AND side = $2 AND hub IN ({places})");
    (sql, args)
}
