//! PostgreSQL: what moves is copied into a temporary table, and each row is updated at its address.

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::{SinkExt, pin_mut};

use super::Plan;
use crate::db::postgres::{PostgresTx, broken, wait};
use crate::error::Result;

/// Bytes that are sent at a time.
const PIECE: usize = 1 << 18;

pub(super) fn move_hubs(tx: &mut PostgresTx, plan: &Plan<'_>) -> Result<u64> {
    tx.batch(
        "CREATE TEMPORARY TABLE moving (
             address tid NOT NULL, hub bigint NOT NULL, from_party integer NOT NULL,
             to_party integer NOT NULL, previous integer NOT NULL
         ) ON COMMIT DROP;
         SET LOCAL enable_hashjoin = off;
         SET LOCAL enable_mergejoin = off;
         SET LOCAL max_parallel_workers_per_gather = 0",
    )?;
    copy(tx, plan)?;
    let number = plan.number;
    let update = format!(
        "UPDATE hubs SET last_move = {number}, party = moving.to_party
         FROM moving WHERE hubs.ctid = moving.address AND hubs.id = moving.hub AND hubs.status = 1"
    );
    let failed = |sql: &str| {
        let sql = sql.to_owned();
        move |error| broken(&sql, error)
    };
    let moved = wait(tx.client().execute(&update, &[])).map_err(failed(&update))?;
    let remember = format!(
        "INSERT INTO party_moves (move, hub, from_party, to_party, previous)
         SELECT {number}, hub, from_party, to_party, previous FROM moving"
    );
    wait(tx.client().execute(&remember, &[])).map_err(failed(&remember))?;
    tx.batch(
        "DROP TABLE moving;
         SET LOCAL enable_hashjoin = on;
         SET LOCAL enable_mergejoin = on",
    )?;
    Ok(moved)
}

/// Sends what moves in the binary form of COPY.
fn copy(tx: &PostgresTx, plan: &Plan<'_>) -> Result<()> {
    let sql = "COPY moving FROM STDIN (FORMAT binary)";
    let failed = |error| broken(sql, error);
    wait(async {
        let sink = tx.client().copy_in::<_, Bytes>(sql).await.map_err(failed)?;
        pin_mut!(sink);
        let mut out = BytesMut::with_capacity(PIECE + 64);
        out.put_slice(b"PGCOPY\n\xFF\r\n\0");
        out.put_u64(0);
        for mover in plan.movers {
            let hub = plan.hub(mover);
            out.put_i16(5);
            out.put_i32(6);
            out.put_slice(&plan.hubs.addresses[mover.place as usize]);
            out.put_i32(8);
            out.put_i64(plan.key(mover));
            for number in [hub.party, mover.to, hub.last_move] {
                out.put_i32(4);
                out.put_i32(number);
            }
            if out.len() >= PIECE {
                sink.send(out.split().freeze()).await.map_err(failed)?;
                out.reserve(PIECE + 64);
            }
        }
        out.put_i16(-1);
        sink.send(out.freeze()).await.map_err(failed)?;
        sink.finish().await.map_err(failed)?;
        Ok(())
    })
}
