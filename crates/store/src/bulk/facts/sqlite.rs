//! SQLite: keys that lie close together are read as one range, the others one by one.

use rusqlite::{Row, Statement};

use super::{HubRow, Hubs, PackRow, Regions, STRETCH, date, run_end, status};
use crate::db::sqlite::{SqliteTx, broken};
use crate::error::Result;

const COLUMNS: &str = "id, pack, party, status, status_at, last_move, quarantined";

pub(super) fn hubs(
    tx: &SqliteTx,
    keys: &[i64],
    hubs: &mut Hubs,
    progress: &mut dyn FnMut(usize) -> Result<()>,
) -> Result<()> {
    let one = format!("SELECT {COLUMNS} FROM hubs WHERE id = $1");
    let many = format!("SELECT {COLUMNS} FROM hubs WHERE id BETWEEN $1 AND $2");
    let prepare = |sql: &str| tx.connection().prepare_cached(sql).map_err(|e| broken(sql, e));
    let (mut one, mut many) = (prepare(&one)?, prepare(&many)?);
    let mut from = 0;
    let mut told = 0;
    while from < keys.len() {
        let to = run_end(keys, from);
        let rows = &mut hubs.rows[from..to];
        let read = match &keys[from..to] {
            [key] => read(&mut one, &[*key], keys, from, rows),
            run => read(&mut many, &[run[0], run[run.len() - 1]], keys, from, rows),
        };
        read?;
        from = to;
        if from - told >= STRETCH {
            told = from;
            progress(from)?;
        }
    }
    Ok(())
}

/// Reads the hubs of one run; the keys and the rows are both in order.
fn read(
    statement: &mut Statement<'_>,
    bounds: &[i64],
    keys: &[i64],
    from: usize,
    into: &mut [Option<HubRow>],
) -> Result<()> {
    let failed = |e| broken("look hubs up", e);
    for (i, bound) in bounds.iter().enumerate() {
        statement.raw_bind_parameter(i + 1, bound).map_err(failed)?;
    }
    let mut rows = statement.raw_query();
    let mut at = 0;
    while let Some(row) = rows.next().map_err(failed)? {
        let key: i64 = row.get(0).map_err(failed)?;
        while at < into.len() && keys[from + at] < key {
            at += 1;
        }
        if at < into.len() && keys[from + at] == key {
            into[at] = Some(hub(row)?);
        }
    }
    Ok(())
}

fn hub(row: &Row<'_>) -> Result<HubRow> {
    let failed = |e| broken("read a hub", e);
    Ok(HubRow {
        pack: row.get(1).map_err(failed)?,
        party: row.get(2).map_err(failed)?,
        status: status(row.get(3).map_err(failed)?)?,
        status_at: row.get(4).map_err(failed)?,
        last_move: row.get(5).map_err(failed)?,
        is_quarantined: row.get(6).map_err(failed)?,
    })
}

pub(super) fn hubs_of_gpfs(tx: &SqliteTx, keys: &[(u32, i64)]) -> Result<Vec<(u32, i64)>> {
    let sql = "SELECT id FROM hubs WHERE gpf = $1";
    let failed = |e| broken(sql, e);
    let mut statement = tx.connection().prepare_cached(sql).map_err(failed)?;
    let mut found = Vec::new();
    for (place, key) in keys {
        statement.raw_bind_parameter(1, key).map_err(failed)?;
        let mut rows = statement.raw_query();
        if let Some(row) = rows.next().map_err(failed)? {
            found.push((*place, row.get(0).map_err(failed)?));
        }
    }
    Ok(found)
}

pub(super) fn packs(
    tx: &SqliteTx,
    ids: &[u32],
    regions: &mut Regions,
    into: &mut Vec<PackRow>,
) -> Result<()> {
    let sql =
        "SELECT id, model, pallet, region, installation_end, is_test FROM packs WHERE id = $1";
    let failed = |e| broken(sql, e);
    let mut statement = tx.connection().prepare_cached(sql).map_err(failed)?;
    for id in ids {
        statement.raw_bind_parameter(1, id).map_err(failed)?;
        let mut rows = statement.raw_query();
        let Some(row) = rows.next().map_err(failed)? else { continue };
        let text =
            |i: usize| row.get_ref(i).map_err(failed)?.as_str().map_err(|e| failed(e.into()));
        into.push(PackRow {
            id: row.get(0).map_err(failed)?,
            model: row.get(1).map_err(failed)?,
            pallet: row.get(2).map_err(failed)?,
            region: regions.place(text(3)?),
            installation_end: date(text(4)?)?,
            is_test: row.get(5).map_err(failed)?,
        });
    }
    Ok(())
}
