//! Hubs that offers and transfers hold, many at once.

use domain::ids::{OfferId, PartyId, TransferId};
use tokio_postgres::types::ToSql;

use super::probing;
use crate::Tx;
use crate::db::TxInner;
use crate::db::postgres::{broken as pg_broken, wait};
use crate::db::sqlite::broken;
use crate::error::Result;
use crate::held_hubs::Holder;

/// Keys that PostgreSQL is sent at a time.
const STRETCH: usize = 16_384;

pub(crate) fn insert(tx: &mut Tx, holder: Holder, party: PartyId, keys: &[i64]) -> Result<()> {
    let (offer, transfer) = holder.columns();
    match &mut tx.0 {
        TxInner::Sqlite(tx) => {
            let sql = "INSERT INTO held_hubs (hub, offer, transfer, party) VALUES (?1, ?2, ?3, ?4)";
            let failed = |e| broken(sql, e);
            let mut statement = tx.connection().prepare_cached(sql).map_err(failed)?;
            for key in keys {
                statement.execute((key, offer, transfer, party.0)).map_err(failed)?;
            }
        }
        TxInner::Postgres(tx) => {
            let sql = "
                INSERT INTO held_hubs (hub, offer, transfer, party)
                SELECT id, $2, $3, $4 FROM unnest($1::bigint[]) AS k (id)";
            for keys in keys.chunks(STRETCH) {
                let done = wait(tx.client().execute(sql, &[&keys, &offer, &transfer, &party.0]));
                done.map_err(|e| pg_broken(sql, e))?;
            }
        }
    }
    Ok(())
}

pub(crate) fn holders(tx: &mut Tx, keys: &[i64]) -> Result<Vec<Option<Holder>>> {
    let mut found = vec![None; keys.len()];
    probing(tx, |tx| match &mut tx.0 {
        TxInner::Sqlite(tx) => {
            let sql = "SELECT offer, transfer FROM held_hubs WHERE hub = ?1";
            let failed = |e| broken(sql, e);
            let mut statement = tx.connection().prepare_cached(sql).map_err(failed)?;
            for (key, found) in keys.iter().zip(&mut found) {
                let mut rows = statement.query([key]).map_err(failed)?;
                if let Some(row) = rows.next().map_err(failed)? {
                    let offer = row.get(0).map_err(failed)?;
                    *found = Holder::of(offer, row.get(1).map_err(failed)?);
                }
            }
            Ok(())
        }
        TxInner::Postgres(tx) => {
            let sql = "
                SELECT CAST(k.n AS BIGINT), h.offer, h.transfer
                FROM unnest($1::bigint[]) WITH ORDINALITY AS k (id, n)
                JOIN held_hubs h ON h.hub = k.id";
            let failed = |e| pg_broken(sql, e);
            for (keys, found) in keys.chunks(STRETCH).zip(found.chunks_mut(STRETCH)) {
                for row in wait(tx.client().query(sql, &[&keys])).map_err(failed)? {
                    let n: i64 = row.try_get(0).map_err(failed)?;
                    let place = usize::try_from(n - 1).unwrap_or(usize::MAX);
                    let offer = row.try_get(1).map_err(failed)?;
                    found[place] = Holder::of(offer, row.try_get(2).map_err(failed)?);
                }
            }
            Ok(())
        }
    })?;
    Ok(found)
}

pub(crate) fn hand_over(tx: &mut Tx, from: OfferId, to: TransferId, keys: &[i64]) -> Result<u64> {
    let sql = "UPDATE held_hubs SET offer = NULL, transfer = $3 WHERE offer = $2 AND hub = ";
    each_key(tx, sql, &[from.0, to.0], keys)
}

pub(crate) fn release(tx: &mut Tx, holder: Holder, keys: &[i64]) -> Result<u64> {
    match holder {
        Holder::Offer(id) => {
            each_key(tx, "DELETE FROM held_hubs WHERE offer = $2 AND hub = ", &[id.0], keys)
        }
        Holder::Transfer(id) => {
            each_key(tx, "DELETE FROM held_hubs WHERE transfer = $2 AND hub = ", &[id.0], keys)
        }
    }
}

/// Runs a statement that ends before the key for each of these hubs; how many rows it touched.
fn each_key(tx: &mut Tx, sql: &str, numbers: &[i64], keys: &[i64]) -> Result<u64> {
    let mut done = 0;
    match &mut tx.0 {
        TxInner::Sqlite(tx) => {
            let sql = format!("{}?1", sql.replace('$', "?"));
            let failed = |e| broken(&sql, e);
            let mut statement = tx.connection().prepare_cached(&sql).map_err(failed)?;
            for key in keys {
                let values = std::iter::once(key).chain(numbers);
                let rows = statement.execute(rusqlite::params_from_iter(values));
                done += rows.map_err(failed)? as u64;
            }
        }
        TxInner::Postgres(tx) => {
            let sql = format!("{sql}ANY ($1::bigint[])");
            for keys in keys.chunks(STRETCH) {
                let mut values: Vec<&(dyn ToSql + Sync)> = vec![&keys];
                values.extend(numbers.iter().map(|number| number as &(dyn ToSql + Sync)));
                let rows = wait(tx.client().execute(&sql, &values));
                done += rows.map_err(|e| pg_broken(&sql, e))?;
            }
        }
    }
    Ok(done)
}
