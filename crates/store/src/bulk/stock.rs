//! The kept counts: hubs by Party, model, region and status, and by Party, pallet and status.

use std::collections::{BTreeMap, HashMap};

use domain::inventory::SmiStatus;

use super::facts::PackRow;
use super::load::places;
use crate::Tx;
use crate::db::TxInner;
use crate::db::postgres::{PostgresTx, broken as pg_broken, wait};
use crate::db::sqlite::{SqliteTx, broken};
use crate::error::{Error, Result};

/// How the kept counts change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StockChanges {
    by_model: BTreeMap<(i32, i32, String, i32), i64>,
    by_pallet: BTreeMap<(i32, i32, i32), i64>,
}

impl StockChanges {
    /// So many hubs of this pack more with this Party in this status; fewer if it is negative.
    pub fn add(&mut self, party: i32, pack: &PackRow, region: &str, status: SmiStatus, hubs: i64) {
        self.count(party, pack.model, pack.pallet, region, status, hubs);
    }

    fn count(
        &mut self,
        party: i32,
        model: i32,
        pallet: i32,
        region: &str,
        status: SmiStatus,
        hubs: i64,
    ) {
        let status = status as i32;
        *self.by_pallet.entry((party, pallet, status)).or_default() += hubs;
        *self.by_model.entry((party, model, region.to_owned(), status)).or_default() += hubs;
    }

    /// Makes it so. No count can fall below nothing.
    pub fn write(mut self, tx: &mut Tx) -> Result<()> {
        self.by_model.retain(|_, hubs| *hubs != 0);
        self.by_pallet.retain(|_, hubs| *hubs != 0);
        match &mut tx.0 {
            TxInner::Sqlite(tx) => self.write_sqlite(tx),
            TxInner::Postgres(tx) => self.write_postgres(tx),
        }
    }

    fn write_sqlite(self, tx: &SqliteTx) -> Result<()> {
        let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| -> Result<usize> {
            let mut statement = tx.connection().prepare_cached(sql).map_err(|e| broken(sql, e))?;
            statement.execute(values).map_err(|e| broken(sql, e))
        };
        for ((party, model, region, status), hubs) in &self.by_model {
            let sql = if *hubs < 0 { FEWER_OF_MODEL } else { MORE_OF_MODEL };
            must_be_one(run(sql, &[party, model, region, status, hubs])?)?;
        }
        for ((party, pallet, status), hubs) in &self.by_pallet {
            let sql = if *hubs < 0 { FEWER_OF_PALLET } else { MORE_OF_PALLET };
            must_be_one(run(sql, &[party, pallet, status, hubs])?)?;
        }
        Ok(())
    }

    fn write_postgres(self, tx: &mut PostgresTx) -> Result<()> {
        let (fewer, more): (Vec<_>, Vec<_>) = self.by_model.iter().partition(|(_, n)| **n < 0);
        for (sql, rows) in [(FEWER_OF_MODELS, fewer), (MORE_OF_MODELS, more)] {
            let column = |which: fn(&(i32, i32, String, i32)) -> i32| -> Vec<i32> {
                rows.iter().map(|(key, _)| which(key)).collect()
            };
            let regions: Vec<&str> = rows.iter().map(|(key, _)| key.2.as_str()).collect();
            let hubs: Vec<i64> = rows.iter().map(|(_, n)| **n).collect();
            let (parties, models) = (column(|key| key.0), column(|key| key.1));
            let statuses = column(|key| key.3);
            let done =
                wait(tx.client().execute(sql, &[&parties, &models, &regions, &statuses, &hubs]));
            must_be_all(done.map_err(|e| pg_broken(sql, e))?, rows.len())?;
        }
        let (fewer, more): (Vec<_>, Vec<_>) = self.by_pallet.iter().partition(|(_, n)| **n < 0);
        for (sql, rows) in [(FEWER_OF_PALLETS, fewer), (MORE_OF_PALLETS, more)] {
            let column = |which: fn(&(i32, i32, i32)) -> i32| -> Vec<i32> {
                rows.iter().map(|(key, _)| which(key)).collect()
            };
            let hubs: Vec<i64> = rows.iter().map(|(_, n)| **n).collect();
            let (parties, pallets) = (column(|key| key.0), column(|key| key.1));
            let statuses = column(|key| key.2);
            let done = wait(tx.client().execute(sql, &[&parties, &pallets, &statuses, &hubs]));
            must_be_all(done.map_err(|e| pg_broken(sql, e))?, rows.len())?;
        }
        Ok(())
    }
}

/// How the kept counts change, by the packs of the hubs.
#[derive(Clone, Debug, Default)]
pub struct PackChanges(HashMap<(i64, i64, SmiStatus), i64>);

impl PackChanges {
    /// So many hubs of a pack more with this Party in this status; fewer if it is negative.
    pub fn add(&mut self, pack: i64, party: i64, status: SmiStatus, by: i64) {
        *self.0.entry((pack, party, status)).or_default() += by;
    }

    /// Makes it so. No count can fall below nothing.
    pub fn write(self, tx: &mut Tx) -> Result<()> {
        let mut packs: Vec<i64> = self.0.keys().map(|(pack, _, _)| *pack).collect();
        packs.sort_unstable();
        packs.dedup();
        let places = places(tx, &packs)?;
        let mut changes = StockChanges::default();
        for ((pack, party, status), by) in self.0 {
            let place = places.get(&pack).ok_or(Error::Missing { what: "pack" })?;
            let (party, model) = (narrow(party)?, narrow(place.model)?);
            changes.count(party, model, narrow(place.pallet)?, &place.region, status, by);
        }
        changes.write(tx)
    }
}

fn narrow(number: i64) -> Result<i32> {
    number.try_into().map_err(|_| Error::Missing { what: "number of that size" })
}

fn must_be_one(rows: usize) -> Result<()> {
    must_be_all(rows as u64, 1)
}

fn must_be_all(done: u64, wanted: usize) -> Result<()> {
    if done == wanted as u64 { Ok(()) } else { Err(Error::Missing { what: "count of stock" }) }
}

// SQLite numbers `$1` by first appearance, but `?1` as it says.
const FEWER_OF_MODEL: &str = "
    UPDATE stock SET hubs = hubs + ?5
    WHERE party = ?1 AND model = ?2 AND region = ?3 AND status = ?4";
const MORE_OF_MODEL: &str = "
    INSERT INTO stock (party, model, region, status, hubs) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (party, model, region, status) DO UPDATE SET hubs = stock.hubs + excluded.hubs";
const FEWER_OF_PALLET: &str = "
    UPDATE pallet_stock SET hubs = hubs + ?4 WHERE party = ?1 AND pallet = ?2 AND status = ?3";
const MORE_OF_PALLET: &str = "
    INSERT INTO pallet_stock (party, pallet, status, hubs) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (party, pallet, status) DO UPDATE SET hubs = pallet_stock.hubs + excluded.hubs";

const FEWER_OF_MODELS: &str = "
    UPDATE stock SET hubs = stock.hubs + k.hubs
    FROM unnest($1::integer[], $2::integer[], $3::text[], $4::integer[], $5::bigint[])
        AS k (party, model, region, status, hubs)
    WHERE stock.party = k.party AND stock.model = k.model AND stock.region = k.region
        AND stock.status = k.status";
const MORE_OF_MODELS: &str = "
    INSERT INTO stock (party, model, region, status, hubs)
    SELECT party, model, region, status, hubs
    FROM unnest($1::integer[], $2::integer[], $3::text[], $4::integer[], $5::bigint[])
        AS k (party, model, region, status, hubs)
    ON CONFLICT (party, model, region, status) DO UPDATE SET hubs = stock.hubs + excluded.hubs";
const FEWER_OF_PALLETS: &str = "
    UPDATE pallet_stock SET hubs = pallet_stock.hubs + k.hubs
    FROM unnest($1::integer[], $2::integer[], $3::integer[], $4::bigint[])
        AS k (party, pallet, status, hubs)
    WHERE pallet_stock.party = k.party AND pallet_stock.pallet = k.pallet
        AND pallet_stock.status = k.status";
const MORE_OF_PALLETS: &str = "
    INSERT INTO pallet_stock (party, pallet, status, hubs)
    SELECT party, pallet, status, hubs
    FROM unnest($1::integer[], $2::integer[], $3::integer[], $4::bigint[])
        AS k (party, pallet, status, hubs)
    ON CONFLICT (party, pallet, status) DO UPDATE SET hubs = pallet_stock.hubs + excluded.hubs";
