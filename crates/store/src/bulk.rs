//! The few paths in which each engine has code of its own.
//!
//! SQLite looks keys up one by one, in their order, with one prepared statement; PostgreSQL gets
//! many at a time, by COPY or as arrays, and a plan that probes the key for each of them.

mod copy_in;
pub mod export;
pub mod facts;
pub(crate) mod held;
pub mod load;
pub mod moves;
pub mod seen;
pub mod stock;

use crate::Tx;
use crate::db::{Engine, TxInner};
use crate::error::Result;

/// A planner that takes many keys for a reason to read the whole table would need minutes.
pub(crate) const FENCE: &str = "
    SET LOCAL enable_hashjoin = off;
    SET LOCAL enable_mergejoin = off;
    SET LOCAL enable_seqscan = off;
    SET LOCAL enable_bitmapscan = off;
    SET LOCAL max_parallel_workers_per_gather = 0;
    SET LOCAL plan_cache_mode = force_generic_plan";
pub(crate) const NO_FENCE: &str = "
    SET LOCAL enable_hashjoin = on;
    SET LOCAL enable_mergejoin = on;
    SET LOCAL enable_seqscan = on;
    SET LOCAL enable_bitmapscan = on;
    SET LOCAL plan_cache_mode = auto";

/// Runs statements that are to probe a key for each row that they join, never to read a table.
pub(crate) fn probing<T>(tx: &mut Tx, run: impl FnOnce(&mut Tx) -> Result<T>) -> Result<T> {
    if tx.engine() == Engine::Sqlite {
        return run(tx);
    }
    fence(tx, FENCE)?;
    let done = run(tx)?;
    fence(tx, NO_FENCE)?;
    Ok(done)
}

fn fence(tx: &mut Tx, how: &str) -> Result<()> {
    match &mut tx.0 {
        TxInner::Sqlite(_) => Ok(()),
        TxInner::Postgres(tx) => tx.batch(how),
    }
}
