//! PostgreSQL: many keys at a time as an array, joined so that each probes the index.

use futures_util::{TryStreamExt, pin_mut};
use tokio_postgres::types::{FromSql, ToSql, Type};

use super::{HubRow, Hubs, PackRow, Regions, RowAddress, STRETCH, date, run_end, status};
use crate::bulk::{FENCE, NO_FENCE};
use crate::db::postgres::{PostgresTx, broken, wait};
use crate::error::Result;

/// Keys from which on one range costs less than a probe for each.
const WORTH_A_RANGE: usize = 8;

/// The address of a row, as PostgreSQL sends it.
struct Address(RowAddress);

impl<'a> FromSql<'a> for Address {
    fn from_sql(
        _: &Type,
        raw: &'a [u8],
    ) -> std::result::Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Address(raw.try_into()?))
    }

    fn accepts(of: &Type) -> bool {
        *of == Type::TID
    }
}

pub(super) fn hubs(
    tx: &mut PostgresTx,
    keys: &[i64],
    hubs: &mut Hubs,
    progress: &mut dyn FnMut(usize) -> Result<()>,
) -> Result<()> {
    hubs.addresses = vec![[0; 6]; keys.len()];
    tx.batch(FENCE)?;
    for (stretch, part) in keys.chunks(STRETCH).enumerate() {
        let from = stretch * STRETCH;
        look(tx, part, from, hubs)?;
        progress(from + part.len())?;
    }
    tx.batch(NO_FENCE)
}

const COLUMNS: &str =
    "h.id, h.ctid, h.pack, h.party, h.status, h.status_at, h.last_move, h.quarantined";

/// Looks up keys of which the first is at `from`: those that lie close together as one range each.
fn look(tx: &mut PostgresTx, keys: &[i64], from: usize, hubs: &mut Hubs) -> Result<()> {
    let (mut firsts, mut lasts, mut single) = (Vec::new(), Vec::new(), Vec::new());
    let mut begin = 0;
    while begin < keys.len() {
        let end = run_end(keys, begin);
        let run = &keys[begin..end];
        if run.len() >= WORTH_A_RANGE {
            firsts.push(run[0]);
            lasts.push(run[run.len() - 1]);
        } else {
            single.extend_from_slice(run);
        }
        begin = end;
    }
    // OFFSET 0: each range is looked up by itself, whatever the planner thinks of it.
    let ranges = format!(
        "SELECT h.* FROM unnest($1::bigint[], $2::bigint[]) AS k (first, last) CROSS JOIN LATERAL
         (SELECT {COLUMNS} FROM hubs h WHERE h.id BETWEEN k.first AND k.last OFFSET 0) h"
    );
    let points =
        format!("SELECT {COLUMNS} FROM unnest($1::bigint[]) AS k (id) JOIN hubs h ON h.id = k.id");
    let lookups: [(&str, &[&(dyn ToSql + Sync)], bool); 2] = [
        (&ranges, &[&firsts, &lasts], firsts.is_empty()),
        (&points, &[&single], single.is_empty()),
    ];
    for (sql, of, is_empty) in lookups {
        if is_empty {
            continue;
        }
        let failed = |error| broken(sql, error);
        each(tx, sql, of, |row| {
            // A range may hold hubs that were not asked for.
            let Ok(place) = keys.binary_search(&row.try_get(0).map_err(failed)?) else {
                return Ok(());
            };
            hubs.addresses[from + place] = row.try_get::<_, Address>(1).map_err(failed)?.0;
            hubs.rows[from + place] = Some(HubRow {
                pack: row.try_get::<_, i32>(2).map_err(failed)?.cast_unsigned(),
                party: row.try_get(3).map_err(failed)?,
                status: status(row.try_get::<_, i32>(4).map_err(failed)?.into())?,
                status_at: row.try_get(5).map_err(failed)?,
                last_move: row.try_get(6).map_err(failed)?,
                is_quarantined: row.try_get(7).map_err(failed)?,
            });
            Ok(())
        })?;
    }
    Ok(())
}

pub(super) fn hubs_of_gpfs(tx: &mut PostgresTx, keys: &[(u32, i64)]) -> Result<Vec<(u32, i64)>> {
    let sql = "
        SELECT CAST(k.n AS INTEGER), h.id
        FROM unnest($1::bigint[]) WITH ORDINALITY AS k (id, n)
        JOIN hubs h ON h.gpf = k.id";
    let mut found = Vec::new();
    tx.batch(FENCE)?;
    for part in keys.chunks(STRETCH) {
        let gpfs: Vec<i64> = part.iter().map(|(_, key)| *key).collect();
        let failed = |error| broken(sql, error);
        each(tx, sql, &[&gpfs], |row| {
            let n: i32 = row.try_get(0).map_err(failed)?;
            found.push((part[n as usize - 1].0, row.try_get(1).map_err(failed)?));
            Ok(())
        })?;
    }
    tx.batch(NO_FENCE)?;
    found.sort_unstable();
    Ok(found)
}

pub(super) fn packs(
    tx: &mut PostgresTx,
    ids: &[u32],
    regions: &mut Regions,
    into: &mut Vec<PackRow>,
) -> Result<()> {
    let sql = "
        SELECT p.id, p.model, p.pallet, p.region, p.installation_end, p.is_test
        FROM unnest($1::bigint[]) AS k (id)
        JOIN packs p ON p.id = k.id";
    tx.batch(FENCE)?;
    for part in ids.chunks(STRETCH) {
        let ids: Vec<i64> = part.iter().map(|id| i64::from(*id)).collect();
        let failed = |error| broken(sql, error);
        let number = |row: &tokio_postgres::Row, i: usize| -> Result<i32> {
            let number: i64 = row.try_get(i).map_err(failed)?;
            i32::try_from(number).map_err(|_| super::damaged(&format!("the number {number}")))
        };
        each(tx, sql, &[&ids], |row| {
            into.push(PackRow {
                id: number(row, 0)?,
                model: number(row, 1)?,
                pallet: number(row, 2)?,
                region: regions.place(row.try_get(3).map_err(failed)?),
                installation_end: date(row.try_get(4).map_err(failed)?)?,
                is_test: row.try_get(5).map_err(failed)?,
            });
            Ok(())
        })?;
    }
    into.sort_unstable_by_key(|pack| pack.id);
    tx.batch(NO_FENCE)
}

fn each(
    tx: &mut PostgresTx,
    sql: &str,
    args: &[&(dyn ToSql + Sync)],
    mut take: impl FnMut(&tokio_postgres::Row) -> Result<()>,
) -> Result<()> {
    let statement = tx.prepared(sql)?;
    let client = tx.client();
    wait(async {
        let rows =
            client.query_raw(&statement, args.iter().copied()).await.map_err(|e| broken(sql, e))?;
        pin_mut!(rows);
        while let Some(row) = rows.try_next().await.map_err(|e| broken(sql, e))? {
            take(&row)?;
        }
        Ok(())
    })
}
