//! SQLite: hubs whose keys follow each other without a gap move as one range.

use rusqlite::Statement;

use super::{Mover, Plan};
use crate::db::sqlite::{SqliteTx, broken};
use crate::error::Result;

/// A scattered file reads as many pages as it has lines and then changes them: kept in memory,
/// they are read once. The lines of a long file need that memory themselves, and its hubs lie
/// close together.
const CACHE_KIB: i64 = 163_840;
const CACHE_OF_LONG_FILES_KIB: i64 = 32_768;
const LONG_FILE: usize = 250_000;

pub(super) fn make_ready(tx: &SqliteTx, keys: usize) -> Result<()> {
    let kib = if keys > LONG_FILE { CACHE_OF_LONG_FILES_KIB } else { CACHE_KIB };
    tx.size_cache(kib)
}

pub(super) fn move_hubs(tx: &SqliteTx, plan: &Plan<'_>) -> Result<u64> {
    let prepare = |sql: &str| tx.connection().prepare_cached(sql).map_err(|e| broken(sql, e));
    let mut remember_one = prepare(
        "INSERT INTO party_moves (move, hub, from_party, to_party, previous)
         VALUES ($1, $2, $3, $4, $5)",
    )?;
    let mut remember_many = prepare(
        "INSERT INTO party_moves (move, hub, from_party, to_party, previous)
         SELECT $1, id, party, $2, last_move FROM hubs WHERE id BETWEEN $3 AND $4",
    )?;
    let mut move_many = prepare(
        "UPDATE hubs SET last_move = $1, party = $2 WHERE id BETWEEN $3 AND $4 AND status = 1",
    )?;
    let follows = |one: &Mover, next: &Mover| {
        next.to == one.to && plan.key(next).checked_sub(1) == Some(plan.key(one))
    };
    let runs = plan.movers.chunk_by(follows);
    for run in runs.clone() {
        let (start, to) = (plan.key(&run[0]), i64::from(run[0].to));
        if let [one] = run {
            let hub = plan.hub(one);
            let (from, previous) = (i64::from(hub.party), i64::from(hub.last_move));
            execute(&mut remember_one, &[plan.number, start, from, to, previous])?;
        } else {
            let end = plan.key(&run[run.len() - 1]);
            execute(&mut remember_many, &[plan.number, to, start, end])?;
        }
    }
    // Backwards: the pages that were read last are the ones that are still in memory.
    let mut moved = 0;
    for run in runs.rev() {
        let (start, end) = (plan.key(&run[0]), plan.key(&run[run.len() - 1]));
        moved += execute(&mut move_many, &[plan.number, i64::from(run[0].to), start, end])?;
    }
    Ok(moved)
}

fn execute(statement: &mut Statement<'_>, values: &[i64]) -> Result<u64> {
    let failed = |e| broken("move hubs", e);
    for (i, value) in values.iter().enumerate() {
        statement.raw_bind_parameter(i + 1, value).map_err(failed)?;
    }
    statement.raw_execute().map(|rows| rows as u64).map_err(failed)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use testkit::world::on_sqlite;

    use crate::Db;
    use crate::bulk::moves::make_ready;

    #[test]
    fn the_large_cache_is_given_back_with_the_turn_to_write() {
        on_sqlite(|url| {
            let db = Db::open(url).unwrap();
            let size = |tx: &mut crate::Tx| -> i64 {
                tx.one("cache", "PRAGMA cache_size", &[]).unwrap().get(0)
            };
            let usual = size(&mut db.write().unwrap());
            for commits in [true, false] {
                let mut tx = db.write().unwrap();
                make_ready(&mut tx, 1_000).unwrap();
                assert_eq!(size(&mut tx), -super::CACHE_KIB);
                if commits {
                    tx.commit().unwrap();
                } else {
                    drop(tx);
                }
                assert_eq!(size(&mut db.write().unwrap()), usual);
            }
        });
    }
}
