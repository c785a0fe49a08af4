//! SQLite: prepared statements, in key order.

use std::collections::HashMap;

use rusqlite::types::FromSql;
use rusqlite::{CachedStatement, Row, ToSql};

use super::packs::{
    DeliveredPack, Fingerprint, PACK_COLUMNS, PACK_JOINS, PACK_NUMBERS, PACK_TEXTS, PalletKey, pack,
};
use super::tables::Table;
use super::{HubRow, NEAR, Place, status};
use crate::Value;
use crate::db::sqlite::{SqliteTx, broken};
use crate::error::Result;

fn prepare<'a>(tx: &'a SqliteTx, sql: &str) -> Result<CachedStatement<'a>> {
    tx.connection().prepare_cached(sql).map_err(|e| broken(sql, e))
}

pub(super) fn hubs_at(tx: &SqliteTx, keys: &[i64], take: &mut dyn FnMut(HubRow)) -> Result<()> {
    let sql = "
        SELECT id, gpf, pack, party, status, status_at, installed_at, last_move, last_change,
            quarantined
        FROM hubs WHERE id >= $1 ORDER BY id";
    each_at(tx, sql, keys, |row| {
        take(hub(row)?);
        Ok(())
    })
}

/// The CHF IDs of the hubs with these GPF IDs, from the index alone.
pub(super) fn hubs_of_gpfs(tx: &SqliteTx, keys: &[i64], take: &mut dyn FnMut(i64)) -> Result<()> {
    let sql = "SELECT gpf, id FROM hubs WHERE gpf >= $1 ORDER BY gpf";
    each_at(tx, sql, keys, |row| {
        take(row.get(1)?);
        Ok(())
    })
}

/// Gives the rows that have one of these keys, which are in order, to `take`. The statement answers
/// rows by their keys, from one on.
///
/// A row that comes up skips all keys before it, so that a file of new hubs is soon done with; and
/// keys that are near to each other are stepped to, not looked up.
fn each_at(
    tx: &SqliteTx,
    sql: &str,
    mut keys: &[i64],
    mut take: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
) -> Result<()> {
    let mut statement = prepare(tx, sql)?;
    let mut read = || -> rusqlite::Result<()> {
        while let Some(first) = keys.first() {
            statement.raw_bind_parameter(1, first)?;
            let mut rows = statement.raw_query();
            loop {
                let Some(row) = rows.next()? else { return Ok(()) };
                let at: i64 = row.get(0)?;
                keys = &keys[keys.partition_point(|key| *key < at)..];
                if keys.first() == Some(&at) {
                    take(row)?;
                    keys = &keys[1..];
                }
                if keys.first().is_none_or(|key| key.abs_diff(at) > NEAR) {
                    break;
                }
            }
        }
        Ok(())
    };
    read().map_err(|e| broken(sql, e))
}

fn hub(row: &Row<'_>) -> rusqlite::Result<HubRow> {
    Ok(HubRow {
        id: row.get(0)?,
        gpf: row.get(1)?,
        pack: row.get(2)?,
        party: row.get(3)?,
        status: status(row.get(4)?),
        status_at: row.get(5)?,
        installed_at: row.get(6)?,
        last_move: row.get(7)?,
        last_change: row.get(8)?,
        quarantined: row.get(9)?,
    })
}

/// Runs a statement for each row of values; how many rows it touched.
fn execute_each<const N: usize, V: ToSql>(
    tx: &SqliteTx,
    sql: &str,
    rows: impl Iterator<Item = [V; N]>,
) -> Result<u64> {
    let mut statement = prepare(tx, sql)?;
    let write = || -> rusqlite::Result<u64> {
        let mut touched = 0;
        for row in rows {
            for (index, value) in row.iter().enumerate() {
                statement.raw_bind_parameter(index + 1, value)?;
            }
            touched += statement.raw_execute()? as u64;
        }
        Ok(touched)
    };
    write().map_err(|e| broken(sql, e))
}

pub(super) fn insert<const N: usize>(
    tx: &SqliteTx,
    table: Table,
    rows: impl Iterator<Item = [Value; N]>,
) -> Result<()> {
    let places: Vec<String> = (1..=N).map(|n| format!("?{n}")).collect();
    let (name, names, places) = (table.name, table.names(), places.join(", "));
    let sql = format!("INSERT INTO {name} ({names}) VALUES ({places})");
    execute_each(tx, &sql, rows).map(|_| ())
}

pub(super) fn insert_hubs(tx: &SqliteTx, hubs: &[HubRow]) -> Result<()> {
    let sql = "
        INSERT INTO hubs (id, gpf, pack, party, status, status_at, installed_at, last_move,
            last_change, quarantined)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    let values = |hub: &HubRow| {
        [
            Some(hub.id),
            Some(hub.gpf),
            Some(hub.pack),
            Some(hub.party),
            Some(hub.status as i64),
            Some(hub.status_at),
            hub.installed_at,
            Some(hub.last_move),
            Some(hub.last_change),
            Some(hub.quarantined.into()),
        ]
    };
    execute_each(tx, sql, hubs.iter().map(values)).map(|_| ())
}

pub(super) fn update_hubs(tx: &SqliteTx, hubs: &[HubRow]) -> Result<u64> {
    let sql = "
        UPDATE hubs SET party = ?2, status = ?3, status_at = ?4, installed_at = ?5, last_move = ?6,
            last_change = ?7
        WHERE id = ?1";
    let values = |hub: &HubRow| {
        [
            Some(hub.id),
            Some(hub.party),
            Some(hub.status as i64),
            Some(hub.status_at),
            hub.installed_at,
            Some(hub.last_move),
            Some(hub.last_change),
        ]
    };
    execute_each(tx, sql, hubs.iter().map(values))
}

/// Looks each key up by itself and gives the rows that there are to `take`.
fn look_up<'k, K: 'k, const N: usize>(
    tx: &SqliteTx,
    sql: &str,
    keys: &'k [K],
    values: impl Fn(&'k K) -> [&'k dyn ToSql; N],
    mut take: impl FnMut(&'k K, &Row<'_>) -> rusqlite::Result<()>,
) -> Result<()> {
    let mut statement = prepare(tx, sql)?;
    let mut read = || -> rusqlite::Result<()> {
        for key in keys {
            let mut rows = statement.query(values(key).as_slice())?;
            if let Some(row) = rows.next()? {
                take(key, row)?;
            }
        }
        Ok(())
    };
    read().map_err(|e| broken(sql, e))
}

pub(super) fn places(tx: &SqliteTx, packs: &[i64]) -> Result<HashMap<i64, Place>> {
    let sql = "SELECT model, pallet, region FROM packs WHERE id = $1";
    let mut places = HashMap::with_capacity(packs.len());
    look_up(
        tx,
        sql,
        packs,
        |id| [id],
        |id, row| {
            let place = Place { model: row.get(0)?, pallet: row.get(1)?, region: row.get(2)? };
            places.insert(*id, place);
            Ok(())
        },
    )?;
    Ok(places)
}

pub(super) fn packs_by_fingerprint(
    tx: &SqliteTx,
    prints: &[Fingerprint],
) -> Result<HashMap<Fingerprint, i64>> {
    let sql = "SELECT id FROM packs WHERE fingerprint = $1";
    let mut packs = HashMap::with_capacity(prints.len());
    look_up(
        tx,
        sql,
        prints,
        |print| [print],
        |print, row| {
            packs.insert(*print, row.get(0)?);
            Ok(())
        },
    )?;
    Ok(packs)
}

pub(super) fn pallets(tx: &SqliteTx, keys: &[PalletKey]) -> Result<HashMap<PalletKey, i64>> {
    let sql = "SELECT id FROM pallets WHERE pallet_id = $1 AND consignment_no = $2";
    let mut pallets = HashMap::with_capacity(keys.len());
    look_up(
        tx,
        sql,
        keys,
        |key| [&key.pallet_id, &key.consignment_no],
        |key, row| {
            pallets.insert(key.clone(), row.get(0)?);
            Ok(())
        },
    )?;
    Ok(pallets)
}

pub(super) fn packs(tx: &SqliteTx, ids: &[i64], into: &mut Vec<DeliveredPack>) -> Result<()> {
    let sql = format!("SELECT {PACK_COLUMNS} FROM packs p {PACK_JOINS} WHERE p.id = $1");
    let mut found = Vec::with_capacity(ids.len());
    look_up(
        tx,
        &sql,
        ids,
        |id| [id],
        |_, row| {
            let numbers: [i64; PACK_NUMBERS] = columns(row, 0)?;
            let texts: [String; PACK_TEXTS] = columns(row, PACK_NUMBERS)?;
            found.push((numbers, texts, row.get(PACK_NUMBERS + PACK_TEXTS)?));
            Ok(())
        },
    )?;
    for (numbers, texts, is_test) in found {
        into.push(pack(numbers, texts, is_test)?);
    }
    Ok(())
}

/// So many columns of one type, from the one at `first` on.
fn columns<T: FromSql + Default, const N: usize>(
    row: &Row<'_>,
    first: usize,
) -> rusqlite::Result<[T; N]> {
    let mut columns = std::array::from_fn(|_| T::default());
    for (index, column) in columns.iter_mut().enumerate() {
        *column = row.get(first + index)?;
    }
    Ok(columns)
}
