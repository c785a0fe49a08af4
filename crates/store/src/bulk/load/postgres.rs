//! PostgreSQL: rows by COPY, keys as arrays that are joined so that each probes its index.

use std::collections::HashMap;

use futures_util::{TryStreamExt, pin_mut};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, ToSql};

use super::packs::{
    DeliveredPack, Fingerprint, PACK_COLUMNS, PACK_JOINS, PACK_NUMBERS, PACK_TEXTS, PalletKey, pack,
};
use super::tables::{Column, HUBS, Table};
use super::{HubRow, NEAR, Place, status};
use crate::Value;
use crate::bulk::copy_in::CopyIn;
use crate::db::postgres::{PostgresTx, broken, wait};
use crate::error::{Error, Result};

/// Keeps PostgreSQL from scanning a table because it expects many keys.
const FENCE: &str = "
    SET LOCAL enable_seqscan = off;
    SET LOCAL enable_bitmapscan = off;
    SET LOCAL enable_hashjoin = off;
    SET LOCAL enable_mergejoin = off;
    SET LOCAL plan_cache_mode = force_generic_plan";
const NO_FENCE: &str = "
    SET LOCAL enable_seqscan = on;
    SET LOCAL enable_bitmapscan = on;
    SET LOCAL enable_hashjoin = on;
    SET LOCAL enable_mergejoin = on;
    SET LOCAL plan_cache_mode = auto";

type Failure = tokio_postgres::Error;
type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

/// Runs a statement whose parameters are arrays, within the fence, and gives each row to `take`.
fn each(
    tx: &mut PostgresTx,
    sql: &str,
    parameters: Parameters<'_>,
    mut take: impl FnMut(&Row) -> std::result::Result<(), Failure>,
) -> Result<()> {
    tx.batch(FENCE)?;
    let statement = tx.prepared(sql)?;
    let client = tx.client();
    let read: std::result::Result<(), Failure> = wait(async {
        let rows = client.query_raw(&statement, parameters.iter().copied()).await?;
        pin_mut!(rows);
        while let Some(row) = rows.try_next().await? {
            take(&row)?;
        }
        Ok(())
    });
    read.map_err(|e| broken(sql, e))?;
    tx.batch(NO_FENCE)
}

pub(super) fn hubs_at(
    tx: &mut PostgresTx,
    keys: &[i64],
    take: &mut dyn FnMut(HubRow),
) -> Result<()> {
    let sql = "
        SELECT h.id, h.gpf, h.pack, h.party, h.status, h.status_at, h.installed_at, h.last_move,
            h.last_change, h.quarantined
        FROM unnest($1::bigint[], $2::bigint[]) AS k (first, last)
        JOIN hubs h ON h.id BETWEEN k.first AND k.last";
    let (firsts, lasts) = ranges(keys);
    each(tx, sql, &[&firsts, &lasts], |row| {
        if keys.binary_search(&row.try_get(0)?).is_ok() {
            take(hub(row)?);
        }
        Ok(())
    })
}

/// The CHF IDs of the hubs with these GPF IDs.
pub(super) fn hubs_of_gpfs(
    tx: &mut PostgresTx,
    keys: &[i64],
    take: &mut dyn FnMut(i64),
) -> Result<()> {
    let sql = "
        SELECT h.gpf, h.id
        FROM unnest($1::bigint[], $2::bigint[]) AS k (first, last)
        JOIN hubs h ON h.gpf BETWEEN k.first AND k.last";
    let (firsts, lasts) = ranges(keys);
    each(tx, sql, &[&firsts, &lasts], |row| {
        if keys.binary_search(&row.try_get(0)?).is_ok() {
            take(row.try_get(1)?);
        }
        Ok(())
    })
}

/// The beginnings and ends of ranges that hold all of these keys, which are in order, and little
/// else.
fn ranges(keys: &[i64]) -> (Vec<i64>, Vec<i64>) {
    let (mut firsts, mut lasts) = (Vec::new(), Vec::new());
    for key in keys {
        match lasts.last_mut() {
            Some(last) if key.abs_diff(*last) <= NEAR => *last = *key,
            _ => {
                firsts.push(*key);
                lasts.push(*key);
            }
        }
    }
    (firsts, lasts)
}

fn hub(row: &Row) -> std::result::Result<HubRow, Failure> {
    let small = |column: usize| row.try_get::<_, i32>(column).map(i64::from);
    Ok(HubRow {
        id: row.try_get(0)?,
        gpf: row.try_get(1)?,
        pack: small(2)?,
        party: small(3)?,
        status: status(small(4)?),
        status_at: row.try_get(5)?,
        installed_at: row.try_get(6)?,
        last_move: small(7)?,
        last_change: small(8)?,
        quarantined: row.try_get(9)?,
    })
}

pub(super) fn insert<const N: usize>(
    tx: &PostgresTx,
    table: Table,
    rows: impl Iterator<Item = [Value; N]>,
) -> Result<()> {
    let sql = copy_into(table);
    let mut copy = CopyIn::start(tx, &sql)?;
    for row in rows {
        copy.row(N as i16)?;
        for (value, (name, column)) in row.iter().zip(table.columns) {
            put(&mut copy, value, *column).ok_or_else(|| unfit(table.name, name, value))?;
        }
    }
    copy.finish().map(|_| ())
}

fn copy_into(table: Table) -> String {
    format!("COPY {} ({}) FROM STDIN (FORMAT binary)", table.name, table.names())
}

/// Writes a value as the column needs it; `None` if it does not fit.
fn put(copy: &mut CopyIn<'_>, value: &Value, column: Column) -> Option<()> {
    match (column, value) {
        (_, Value::Null) => copy.null(),
        (Column::Big, Value::Int(value)) => copy.bigint(*value),
        (Column::Small, Value::Int(value)) => copy.integer(i32::try_from(*value).ok()?),
        (Column::Text, Value::Text(value)) => copy.bytes(value.as_bytes()),
        (Column::Bytes, Value::Bytes(value)) => copy.bytes(value),
        (Column::Bool, Value::Bool(value)) => copy.boolean(*value),
        _ => return None,
    };
    Some(())
}

fn unfit(table: &str, column: &str, value: &Value) -> Error {
    let message = format!("{value:?} does not fit {table}.{column}");
    Error::Broken { doing: "copy rows".into(), message }
}

fn small(column: &str, number: i64) -> Result<i32> {
    i32::try_from(number).map_err(|_| unfit("hubs", column, &Value::Int(number)))
}

pub(super) fn insert_hubs(tx: &PostgresTx, hubs: &[HubRow]) -> Result<()> {
    let sql = copy_into(HUBS);
    let mut copy = CopyIn::start(tx, &sql)?;
    for hub in hubs {
        copy.row(10)?
            .bigint(hub.id)
            .bigint(hub.gpf)
            .integer(small("pack", hub.pack)?)
            .integer(small("party", hub.party)?)
            .integer(hub.status as i32)
            .bigint(hub.status_at);
        match hub.installed_at {
            Some(at) => copy.bigint(at),
            None => copy.null(),
        }
        .integer(small("last_move", hub.last_move)?)
        .integer(small("last_change", hub.last_change)?)
        .boolean(hub.quarantined);
    }
    copy.finish().map(|_| ())
}

pub(super) fn update_hubs(tx: &mut PostgresTx, hubs: &[HubRow]) -> Result<u64> {
    let sql = "
        UPDATE hubs h SET party = k.party, status = k.status, status_at = k.status_at,
            installed_at = k.installed_at, last_move = k.last_move, last_change = k.last_change
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[],
            $6::bigint[], $7::bigint[])
            AS k (id, party, status, status_at, installed_at, last_move, last_change)
        WHERE h.id = k.id";
    let numbers = |get: fn(&HubRow) -> i64| hubs.iter().map(get).collect::<Vec<i64>>();
    let installed: Vec<Option<i64>> = hubs.iter().map(|hub| hub.installed_at).collect();
    let (ids, parties) = (numbers(|hub| hub.id), numbers(|hub| hub.party));
    let (statuses, since) = (numbers(|hub| hub.status as i64), numbers(|hub| hub.status_at));
    let (moves, changes) = (numbers(|hub| hub.last_move), numbers(|hub| hub.last_change));
    let parameters: [&(dyn ToSql + Sync); 7] =
        [&ids, &parties, &statuses, &since, &installed, &moves, &changes];
    tx.batch(FENCE)?;
    let statement = tx.prepared(sql)?;
    let touched = wait(tx.client().execute(&statement, &parameters)).map_err(|e| broken(sql, e))?;
    tx.batch(NO_FENCE)?;
    Ok(touched)
}

pub(super) fn places(tx: &mut PostgresTx, packs: &[i64]) -> Result<HashMap<i64, Place>> {
    let sql = "
        SELECT p.id, p.model, p.pallet, p.region
        FROM unnest($1::bigint[]) AS k (id) JOIN packs p ON p.id = k.id";
    let mut places = HashMap::with_capacity(packs.len());
    each(tx, sql, &[&packs], |row| {
        let (model, pallet) = (row.try_get(1)?, row.try_get(2)?);
        places.insert(row.try_get(0)?, Place { model, pallet, region: row.try_get(3)? });
        Ok(())
    })?;
    Ok(places)
}

pub(super) fn packs_by_fingerprint(
    tx: &mut PostgresTx,
    prints: &[Fingerprint],
) -> Result<HashMap<Fingerprint, i64>> {
    let sql = "
        SELECT k.n, p.id
        FROM unnest($1::bytea[]) WITH ORDINALITY AS k (print, n)
        JOIN packs p ON p.fingerprint = k.print";
    let keys: Vec<&[u8]> = prints.iter().map(Fingerprint::as_slice).collect();
    let mut packs = HashMap::with_capacity(prints.len());
    each(tx, sql, &[&keys], |row| {
        packs.insert(prints[place(row)?], row.try_get(1)?);
        Ok(())
    })?;
    Ok(packs)
}

pub(super) fn pallets(tx: &mut PostgresTx, keys: &[PalletKey]) -> Result<HashMap<PalletKey, i64>> {
    let sql = "
        SELECT k.n, p.id
        FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k (pallet_id, consignment_no, n)
        JOIN pallets p ON p.pallet_id = k.pallet_id AND p.consignment_no = k.consignment_no";
    let ids: Vec<&str> = keys.iter().map(|key| key.pallet_id.as_str()).collect();
    let consignments: Vec<&str> = keys.iter().map(|key| key.consignment_no.as_str()).collect();
    let mut pallets = HashMap::with_capacity(keys.len());
    each(tx, sql, &[&ids, &consignments], |row| {
        pallets.insert(keys[place(row)?].clone(), row.try_get(1)?);
        Ok(())
    })?;
    Ok(pallets)
}

/// The place of the key that a row answers; PostgreSQL counts from 1.
fn place(row: &Row) -> std::result::Result<usize, Failure> {
    row.try_get::<_, i64>(0).map(|n| n as usize - 1)
}

pub(super) fn packs(tx: &mut PostgresTx, ids: &[i64], into: &mut Vec<DeliveredPack>) -> Result<()> {
    let sql = format!(
        "SELECT {PACK_COLUMNS}
         FROM unnest($1::bigint[]) AS k (id) JOIN packs p ON p.id = k.id {PACK_JOINS}"
    );
    let mut found = Vec::with_capacity(ids.len());
    each(tx, &sql, &[&ids], |row| {
        let numbers: [i64; PACK_NUMBERS] = columns(row, 0)?;
        let texts: [String; PACK_TEXTS] = columns(row, PACK_NUMBERS)?;
        found.push((numbers, texts, row.try_get(PACK_NUMBERS + PACK_TEXTS)?));
        Ok(())
    })?;
    for (numbers, texts, is_test) in found {
        into.push(pack(numbers, texts, is_test)?);
    }
    Ok(())
}

/// So many columns of one type, from the one at `first` on.
fn columns<T: for<'a> FromSql<'a> + Default, const N: usize>(
    row: &Row,
    first: usize,
) -> std::result::Result<[T; N], Failure> {
    let mut columns = std::array::from_fn(|_| T::default());
    for (index, column) in columns.iter_mut().enumerate() {
        *column = row.try_get(first + index)?;
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_near_each_other_are_one_range() {
        assert_eq!(ranges(&[]), (vec![], vec![]));
        assert_eq!(ranges(&[-20, -12, -3, 0, 4, 13]), (vec![-20, -3, 13], vec![-12, 4, 13]));
        let ends = vec![i64::MIN, i64::MAX];
        assert_eq!(ranges(&ends), (ends.clone(), ends.clone()));
    }
}
