//! What an import reads and writes by the thousand.
//!
//! SQLite takes prepared statements in key order, so that it touches each page once. PostgreSQL
//! takes COPY for rows and arrays for keys, its planner fenced so that it probes the keys whatever
//! it believes about their number.

use std::collections::HashMap;

use domain::inventory::{ModelDetails, PackDetails, SmiStatus};
use futures_util::{TryStreamExt, pin_mut};
use jiff::civil::Date;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};

use super::facts::PackRow;
use super::stock::StockChanges;
use crate::db::{TxInner, postgres, sqlite};
use crate::error::{Error, Result};
use crate::{Tx, Value, args};

/// Everything in a hub's own row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HubRow {
    /// The CHF ID's 64 bits.
    pub id: i64,
    /// The GPF ID's 64 bits.
    pub gpf: i64,
    /// Its pack.
    pub pack: i64,
    /// The responsible Party.
    pub party: i64,
    /// The SMI status.
    pub status: SmiStatus,
    /// Since when, in microseconds.
    pub status_at: i64,
    /// When it was installed, in microseconds.
    pub installed_at: Option<i64>,
    /// The last move of its Party; 0 for none.
    pub last_move: i64,
    /// The last change of its status; 0 for none.
    pub last_change: i64,
    /// Whether it is in quarantine.
    pub quarantined: bool,
}

pub(crate) const HUB_COLUMNS: &str = "h.id, h.gpf, h.pack, h.party, h.status, h.status_at, \
    h.installed_at, h.last_move, h.last_change, h.quarantined";

/// Keys that are so near to each other are read as one range.
const NEAR: i64 = 8;

/// Keeps PostgreSQL from scanning a table because it expects many keys.
const FENCE: &str = "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; \
    SET LOCAL enable_mergejoin = off; SET LOCAL enable_bitmapscan = off; \
    SET LOCAL plan_cache_mode = force_generic_plan";

/// The hubs that have one of these keys as CHF or as GPF ID. The keys are in order, each once.
pub fn hubs_of(tx: &mut Tx, keys: &[i64]) -> Result<Vec<HubRow>> {
    let ranges = ranges(keys);
    let mut found: HashMap<i64, HubRow> = HashMap::new();
    let mut take = |hub: HubRow| {
        if keys.binary_search(&hub.id).is_ok() || keys.binary_search(&hub.gpf).is_ok() {
            found.insert(hub.id, hub);
        }
    };
    for column in ["id", "gpf"] {
        match &mut tx.0 {
            TxInner::Sqlite(tx) => sqlite_hubs(tx, column, &ranges, &mut take)?,
            TxInner::Postgres(tx) => postgres_hubs(tx, column, &ranges, &mut take)?,
        }
    }
    Ok(found.into_values().collect())
}

fn ranges(keys: &[i64]) -> Vec<(i64, i64)> {
    let mut ranges: Vec<(i64, i64)> = Vec::new();
    for key in keys {
        match ranges.last_mut() {
            Some((_, last)) if key.saturating_sub(*last) <= NEAR => *last = *key,
            _ => ranges.push((*key, *key)),
        }
    }
    ranges
}

fn sqlite_hubs(
    tx: &sqlite::SqliteTx,
    column: &str,
    ranges: &[(i64, i64)],
    take: &mut dyn FnMut(HubRow),
) -> Result<()> {
    let sql = format!("SELECT {HUB_COLUMNS} FROM hubs h WHERE h.{column} BETWEEN $1 AND $2");
    let broken = |error| sqlite::broken(&sql, error);
    let mut statement = tx.connection().prepare_cached(&sql).map_err(broken)?;
    for range in ranges {
        let mut rows = statement.query([range.0, range.1]).map_err(broken)?;
        while let Some(row) = rows.next().map_err(broken)? {
            take(sqlite_hub(row).map_err(broken)?);
        }
    }
    Ok(())
}

pub(crate) fn sqlite_hub(row: &rusqlite::Row<'_>) -> rusqlite::Result<HubRow> {
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

fn status(code: i64) -> SmiStatus {
    SmiStatus::from_code(code).expect("the column's CHECK lets no other number in")
}

fn postgres_hubs(
    tx: &mut postgres::PostgresTx,
    column: &str,
    ranges: &[(i64, i64)],
    take: &mut dyn FnMut(HubRow),
) -> Result<()> {
    let sql = format!(
        "SELECT {HUB_COLUMNS} FROM unnest($1::bigint[], $2::bigint[]) r (low, high)
         JOIN hubs h ON h.{column} BETWEEN r.low AND r.high"
    );
    let low: Vec<i64> = ranges.iter().map(|range| range.0).collect();
    let high: Vec<i64> = ranges.iter().map(|range| range.1).collect();
    postgres_rows(tx, &sql, &[&low, &high], &mut |row| {
        take(postgres_hub(row)?);
        Ok(())
    })
}

pub(crate) fn postgres_hub(
    row: &tokio_postgres::Row,
) -> std::result::Result<HubRow, tokio_postgres::Error> {
    let small = |index: usize| row.try_get::<_, i32>(index).map(i64::from);
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

/// Runs a statement whose parameters are arrays, within the fence, and gives each row to `take`.
fn postgres_rows(
    tx: &mut postgres::PostgresTx,
    sql: &str,
    params: &[&(dyn ToSql + Sync)],
    take: &mut dyn FnMut(&tokio_postgres::Row) -> std::result::Result<(), tokio_postgres::Error>,
) -> Result<()> {
    tx.batch(FENCE)?;
    let statement = tx.prepared(sql)?;
    let client = tx.client();
    let read: std::result::Result<(), tokio_postgres::Error> = postgres::wait(async {
        let rows = client.query_raw(&statement, params.iter().copied()).await?;
        pin_mut!(rows);
        while let Some(row) = rows.try_next().await? {
            take(&row)?;
        }
        Ok(())
    });
    read.map_err(|error| postgres::broken(sql, error))?;
    tx.batch(
        "SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on; \
        SET LOCAL enable_mergejoin = on; SET LOCAL enable_bitmapscan = on; \
        SET LOCAL plan_cache_mode = auto",
    )
}

/// What the counts need to know of these packs, which are in order, and their regions.
fn places(tx: &mut Tx, packs: &[i64]) -> Result<Vec<(PackRow, String)>> {
    let columns = "p.id, p.model, p.pallet, p.region";
    let place = |[id, model, pallet]: [i64; 3], region: String| -> Result<(PackRow, String)> {
        let (id, model, pallet) = (small(id)?, small(model)?, small(pallet)?);
        let (installation_end, is_test) = (None, false);
        Ok((PackRow { id, model, pallet, region: 0, installation_end, is_test }, region))
    };
    let mut found: Vec<([i64; 3], String)> = Vec::with_capacity(packs.len());
    match &mut tx.0 {
        TxInner::Sqlite(tx) => {
            let sql = format!("SELECT {columns} FROM packs p WHERE p.id = $1");
            let broken = |error| sqlite::broken(&sql, error);
            let mut statement = tx.connection().prepare_cached(&sql).map_err(broken)?;
            for pack in packs {
                let read = |row: &rusqlite::Row<'_>| {
                    Ok(([row.get(0)?, row.get(1)?, row.get(2)?], row.get(3)?))
                };
                found.push(statement.query_row([pack], read).map_err(broken)?);
            }
        }
        TxInner::Postgres(tx) => {
            let sql = format!(
                "SELECT {columns} FROM unnest($1::bigint[]) k (id) JOIN packs p ON p.id = k.id"
            );
            postgres_rows(tx, &sql, &[&packs], &mut |row| {
                let numbers = [row.try_get(0)?, row.try_get(1)?, row.try_get(2)?];
                found.push((numbers, row.try_get(3)?));
                Ok(())
            })?;
        }
    }
    found.into_iter().map(|(numbers, region)| place(numbers, region)).collect()
}

/// The packs with these fingerprints.
pub fn packs_by_fingerprint(tx: &mut Tx, prints: &[[u8; 16]]) -> Result<HashMap<[u8; 16], i64>> {
    let mut packs = HashMap::with_capacity(prints.len());
    match &mut tx.0 {
        TxInner::Sqlite(tx) => {
            let sql = "SELECT id FROM packs WHERE fingerprint = $1";
            let broken = |error| sqlite::broken(sql, error);
            let mut statement = tx.connection().prepare_cached(sql).map_err(broken)?;
            for print in prints {
                let mut rows = statement.query([print.as_slice()]).map_err(broken)?;
                if let Some(row) = rows.next().map_err(broken)? {
                    packs.insert(*print, row.get(0).map_err(broken)?);
                }
            }
        }
        TxInner::Postgres(tx) => {
            let sql = "SELECT p.fingerprint, p.id FROM unnest($1::bytea[]) k (print)
                JOIN packs p ON p.fingerprint = k.print";
            let keys: Vec<&[u8]> = prints.iter().map(|print| print.as_slice()).collect();
            postgres_rows(tx, sql, &[&keys], &mut |row| {
                let print: &[u8] = row.try_get(0)?;
                packs
                    .insert(print.try_into().expect("fingerprints have 16 bytes"), row.try_get(1)?);
                Ok(())
            })?;
        }
    }
    Ok(packs)
}

/// What pallets are told apart by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PalletKey {
    /// As it stands on the label; empty where the delivery file gave none.
    pub pallet_id: String,
    /// The consignment.
    pub consignment_no: String,
}

/// The numbers of these pallets, as far as they are there.
pub fn pallets(tx: &mut Tx, keys: &[PalletKey]) -> Result<HashMap<PalletKey, i64>> {
    let mut found = HashMap::with_capacity(keys.len());
    match &mut tx.0 {
        TxInner::Sqlite(tx) => {
            let sql = "SELECT id FROM pallets WHERE pallet_id = $1 AND consignment_no = $2";
            let broken = |error| sqlite::broken(sql, error);
            let mut statement = tx.connection().prepare_cached(sql).map_err(broken)?;
            for key in keys {
                let params = [&key.pallet_id, &key.consignment_no];
                let mut rows = statement.query(params).map_err(broken)?;
                if let Some(row) = rows.next().map_err(broken)? {
                    found.insert(key.clone(), row.get(0).map_err(broken)?);
                }
            }
        }
        TxInner::Postgres(tx) => {
            let sql = "SELECT p.pallet_id, p.consignment_no, p.id
                FROM unnest($1::text[], $2::text[]) k (a, b)
                JOIN pallets p ON p.pallet_id = k.a AND p.consignment_no = k.b";
            let pallet_ids: Vec<&str> = keys.iter().map(|key| key.pallet_id.as_str()).collect();
            let consignments: Vec<&str> =
                keys.iter().map(|key| key.consignment_no.as_str()).collect();
            postgres_rows(tx, sql, &[&pallet_ids, &consignments], &mut |row| {
                let (pallet_id, consignment_no) = (row.try_get(0)?, row.try_get(1)?);
                found.insert(PalletKey { pallet_id, consignment_no }, row.try_get(2)?);
                Ok(())
            })?;
        }
    }
    Ok(found)
}

/// A table that rows are put into by the thousand.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    name: &'static str,
    columns: &'static [(&'static str, Column)],
}

#[derive(Clone, Copy, Debug)]
enum Column {
    Big,
    Small,
    Text,
    Bytes,
    Bool,
}

use Column::{Big, Bool, Bytes, Small, Text};

/// Hubs, by CHF ID.
pub const HUBS: Table = Table {
    name: "hubs",
    columns: &[
        ("id", Big),
        ("gpf", Big),
        ("pack", Small),
        ("party", Small),
        ("status", Small),
        ("status_at", Big),
        ("installed_at", Big),
        ("last_move", Small),
        ("last_change", Small),
        ("quarantined", Bool),
    ],
};

/// Packs.
pub const PACKS: Table = Table {
    name: "packs",
    columns: &[
        ("id", Big),
        ("fingerprint", Bytes),
        ("model", Big),
        ("region", Text),
        ("order_no", Text),
        ("consignment_no", Text),
        ("pallet", Big),
        ("box_id", Text),
        ("delivered_on", Text),
        ("accepted_on", Text),
        ("location", Text),
        ("delivered_to", Big),
        ("installation_end", Text),
        ("is_test", Bool),
    ],
};

/// Pallets.
pub const PALLETS: Table = Table {
    name: "pallets",
    columns: &[("id", Big), ("pallet_id", Text), ("consignment_no", Text)],
};

/// Changes of status, by change and hub.
pub const STATUS_CHANGES: Table = Table {
    name: "status_changes",
    columns: &[
        ("change", Small),
        ("hub", Big),
        ("from_status", Small),
        ("from_at", Big),
        ("to_status", Small),
        ("to_at", Big),
        ("previous", Small),
    ],
};

/// Changes of Party, by move and hub.
pub const PARTY_MOVES: Table = Table {
    name: "party_moves",
    columns: &[
        ("move", Small),
        ("hub", Big),
        ("from_party", Small),
        ("to_party", Small),
        ("previous", Small),
    ],
};

/// Adds rows, which come in key order; each has a value for every column of the table.
pub fn insert<const N: usize>(
    tx: &mut Tx,
    table: Table,
    rows: impl Iterator<Item = [Value; N]>,
) -> Result<()> {
    let names: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
    let names = names.join(", ");
    match &mut tx.0 {
        TxInner::Sqlite(tx) => {
            let places: Vec<String> = (1..=N).map(|n| format!("?{n}")).collect();
            let values = places.join(", ");
            let sql = format!("INSERT INTO {} ({names}) VALUES ({values})", table.name);
            let broken = |error| sqlite::broken(&sql, error);
            let mut statement = tx.connection().prepare_cached(&sql).map_err(broken)?;
            for row in rows {
                for (index, value) in row.iter().enumerate() {
                    statement.raw_bind_parameter(index + 1, value).map_err(broken)?;
                }
                statement.raw_execute().map_err(broken)?;
            }
            Ok(())
        }
        TxInner::Postgres(tx) => {
            let sql = format!("COPY {} ({names}) FROM STDIN BINARY", table.name);
            let types: Vec<Type> = table.columns.iter().map(|(_, column)| of(*column)).collect();
            let client = tx.client();
            let copied: std::result::Result<(), tokio_postgres::Error> = postgres::wait(async {
                let sink = client.copy_in(&sql).await?;
                let writer = BinaryCopyInWriter::new(sink, &types);
                pin_mut!(writer);
                for row in rows {
                    writer.as_mut().write_raw(row.iter()).await?;
                }
                writer.finish().await.map(|_| ())
            });
            copied.map_err(|error| postgres::broken(&sql, error))
        }
    }
}

fn of(column: Column) -> Type {
    match column {
        Column::Big => Type::INT8,
        Column::Small => Type::INT4,
        Column::Text => Type::TEXT,
        Column::Bytes => Type::BYTEA,
        Column::Bool => Type::BOOL,
    }
}

/// Adds hubs, which come in the order of their IDs.
pub fn insert_hubs(tx: &mut Tx, hubs: &[HubRow]) -> Result<()> {
    insert(
        tx,
        HUBS,
        hubs.iter().map(|hub| {
            [
                hub.id.into(),
                hub.gpf.into(),
                hub.pack.into(),
                hub.party.into(),
                hub.status.into(),
                hub.status_at.into(),
                hub.installed_at.into(),
                hub.last_move.into(),
                hub.last_change.into(),
                hub.quarantined.into(),
            ]
        }),
    )
}

/// Writes Party, status, and the last move and change of hubs that are there, in the order of
/// their IDs.
pub fn update_hubs(tx: &mut Tx, hubs: &[HubRow]) -> Result<()> {
    let touched = match &mut tx.0 {
        TxInner::Sqlite(tx) => {
            let sql = "UPDATE hubs SET party = ?2, status = ?3, status_at = ?4,
                installed_at = ?5, last_move = ?6, last_change = ?7 WHERE id = ?1";
            let broken = |error| sqlite::broken(sql, error);
            let mut statement = tx.connection().prepare_cached(sql).map_err(broken)?;
            let mut touched = 0;
            for hub in hubs {
                let params = rusqlite::params![
                    hub.id,
                    hub.party,
                    hub.status as i64,
                    hub.status_at,
                    hub.installed_at,
                    hub.last_move,
                    hub.last_change
                ];
                touched += statement.execute(params).map_err(broken)?;
            }
            touched
        }
        TxInner::Postgres(tx) => {
            let sql = "UPDATE hubs h SET party = k.b, status = k.c, status_at = k.d,
                    installed_at = k.e, last_move = k.f, last_change = k.g
                FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[],
                    $6::bigint[], $7::bigint[]) k (a, b, c, d, e, f, g)
                WHERE h.id = k.a
                RETURNING h.id";
            let numbers = |get: fn(&HubRow) -> i64| hubs.iter().map(get).collect::<Vec<i64>>();
            let installed: Vec<Option<i64>> = hubs.iter().map(|hub| hub.installed_at).collect();
            let (ids, parties) = (numbers(|hub| hub.id), numbers(|hub| hub.party));
            let (statuses, since) =
                (numbers(|hub| hub.status as i64), numbers(|hub| hub.status_at));
            let (moves, changes) = (numbers(|hub| hub.last_move), numbers(|hub| hub.last_change));
            let params: [&(dyn ToSql + Sync); 7] =
                [&ids, &parties, &statuses, &since, &installed, &moves, &changes];
            let mut touched = 0;
            postgres_rows(tx, sql, &params, &mut |_| {
                touched += 1;
                Ok(())
            })?;
            touched
        }
    };
    if touched == hubs.len() {
        return Ok(());
    }
    let message = format!("{touched} hubs were there, not {}", hubs.len());
    Err(Error::Broken { doing: "update hubs".into(), message })
}

/// How the kept counts change, by pack.
#[derive(Clone, Debug, Default)]
pub struct PackChanges(HashMap<(i64, i64, SmiStatus), i64>);

impl PackChanges {
    /// So many hubs more, or fewer, of a pack are with this Party in this status.
    pub fn add(&mut self, pack: i64, party: i64, status: SmiStatus, by: i64) {
        *self.0.entry((pack, party, status)).or_default() += by;
    }

    /// Writes it.
    pub fn write(self, tx: &mut Tx) -> Result<()> {
        let mut packs: Vec<i64> = self.0.keys().map(|(pack, _, _)| *pack).collect();
        packs.sort_unstable();
        packs.dedup();
        let places: HashMap<i64, (PackRow, String)> = places(tx, &packs)?
            .into_iter()
            .map(|(pack, region)| (pack.id.into(), (pack, region)))
            .collect();
        let mut changes = StockChanges::default();
        for ((pack, party, status), by) in self.0 {
            let (pack, region) = places.get(&pack).ok_or(Error::Missing { what: "pack" })?;
            changes.add(small(party)?, pack, region, status, by);
        }
        changes.write(tx)
    }
}

fn small(number: i64) -> Result<i32> {
    number.try_into().map_err(|_| Error::Missing { what: "number of that size" })
}

/// A pack with everything that its hubs have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveredPack {
    /// Its number.
    pub id: i64,
    /// Its model's number.
    pub model: i64,
    /// Its pallet's number.
    pub pallet: i64,
    /// The Party that it was delivered to.
    pub delivered_to: i64,
    /// The rest.
    pub details: PackDetails,
}

const PACK: &str = "
    SELECT p.id, p.model, p.pallet, p.delivered_to, m.manufacturer, m.model, m.hardware_version,
        m.firmware_version, m.chts_version, m.gbcs_version, m.han_variant, m.wan_variant,
        p.region, p.order_no, p.consignment_no, l.pallet_id, p.box_id, p.delivered_on,
        p.accepted_on, p.location, y.service_user_reference, p.installation_end, p.is_test";
const PACK_JOINS: &str = "
    JOIN models m ON m.id = p.model
    JOIN pallets l ON l.id = p.pallet
    JOIN parties y ON y.id = p.delivered_to";

/// These packs, whose numbers are in order.
pub fn packs(tx: &mut Tx, ids: &[i64]) -> Result<Vec<DeliveredPack>> {
    let mut packs = Vec::with_capacity(ids.len());
    match &mut tx.0 {
        TxInner::Sqlite(tx) => {
            let sql = format!("{PACK} FROM packs p {PACK_JOINS} WHERE p.id = $1");
            let broken = |error| sqlite::broken(&sql, error);
            let mut statement = tx.connection().prepare_cached(&sql).map_err(broken)?;
            for id in ids {
                let numbers = |row: &rusqlite::Row<'_>| -> rusqlite::Result<_> {
                    let numbers = [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?];
                    let mut texts: [String; 18] = Default::default();
                    for (index, text) in texts.iter_mut().enumerate() {
                        *text = row.get(index + 4)?;
                    }
                    Ok((numbers, texts, row.get(22)?))
                };
                let (numbers, texts, is_test) =
                    statement.query_row([id], numbers).map_err(broken)?;
                packs.push(pack(numbers, texts, is_test));
            }
        }
        TxInner::Postgres(tx) => {
            let sql = format!(
                "{PACK} FROM unnest($1::bigint[]) k (id) JOIN packs p ON p.id = k.id {PACK_JOINS}"
            );
            postgres_rows(tx, &sql, &[&ids], &mut |row| {
                let numbers = [row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?];
                let mut texts: [String; 18] = Default::default();
                for (index, text) in texts.iter_mut().enumerate() {
                    *text = row.try_get(index + 4)?;
                }
                packs.push(pack(numbers, texts, row.try_get(22)?));
                Ok(())
            })?;
        }
    }
    Ok(packs)
}

fn pack(
    [id, model, pallet, delivered_to]: [i64; 4],
    t: [String; 18],
    is_test: bool,
) -> DeliveredPack {
    let [
        manufacturer,
        model_name,
        hardware_version,
        firmware_version,
        chts_version,
        gbcs_version,
        han_variant,
        wan_variant,
        region,
        order_no,
        consignment_no,
        pallet_id,
        box_id,
        delivered_on,
        accepted_on,
        location,
        reference,
        installation_end,
    ] = t;
    let details = PackDetails {
        model: ModelDetails {
            manufacturer,
            model: model_name,
            hardware_version,
            firmware_version,
            chts_version,
            gbcs_version,
            han_variant,
            wan_variant,
        },
        region,
        order_no,
        consignment_no,
        pallet_id,
        box_id,
        delivered_on: delivered_on.parse().unwrap_or(Date::ZERO),
        accepted_on: accepted_on.parse().ok(),
        location,
        delivered_to: reference,
        installation_end: installation_end.parse().ok(),
        is_test,
    };
    DeliveredPack { id, model, pallet, delivered_to, details }
}

/// A pack that is not here yet.
#[derive(Clone, Copy, Debug)]
pub struct NewPack<'a> {
    /// What tells it apart.
    pub fingerprint: [u8; 16],
    /// The Party that it was delivered to.
    pub delivered_to: i64,
    /// The rest.
    pub details: &'a PackDetails,
}

/// Adds packs, with their models and pallets where those are new, and answers the number of the
/// first; the others follow it.
pub fn add_packs(tx: &mut Tx, packs: &[NewPack<'_>]) -> Result<i64> {
    let first = tx.next_id("packs")?;
    let models = models_of(tx, packs)?;
    let pallets = pallets_of(tx, packs)?;
    let day = |day: Option<Date>| day.map_or(String::new(), |day| day.to_string());
    let rows = (first..).zip(packs).map(|(id, pack)| -> [Value; 14] {
        let d = pack.details;
        [
            id.into(),
            pack.fingerprint.as_slice().into(),
            models[&d.model].into(),
            (&d.region).into(),
            (&d.order_no).into(),
            (&d.consignment_no).into(),
            pallets[&pallet_key(d)].into(),
            (&d.box_id).into(),
            d.delivered_on.to_string().into(),
            day(d.accepted_on).into(),
            (&d.location).into(),
            pack.delivered_to.into(),
            day(d.installation_end).into(),
            d.is_test.into(),
        ]
    });
    insert(tx, PACKS, rows)?;
    Ok(first)
}

fn pallet_key(details: &PackDetails) -> PalletKey {
    PalletKey {
        pallet_id: details.pallet_id.clone(),
        consignment_no: details.consignment_no.clone(),
    }
}

/// The numbers of the packs' models, of which there are a few dozen; new ones are added.
fn models_of(tx: &mut Tx, packs: &[NewPack<'_>]) -> Result<HashMap<ModelDetails, i64>> {
    let columns = "manufacturer, model, hardware_version, firmware_version, chts_version, \
        gbcs_version, han_variant, wan_variant";
    let rows = tx.all(&format!("SELECT id, {columns} FROM models"), &[])?;
    let mut models: HashMap<ModelDetails, i64> = rows
        .iter()
        .map(|row| {
            let model = ModelDetails {
                manufacturer: row.get(1),
                model: row.get(2),
                hardware_version: row.get(3),
                firmware_version: row.get(4),
                chts_version: row.get(5),
                gbcs_version: row.get(6),
                han_variant: row.get(7),
                wan_variant: row.get(8),
            };
            (model, row.get(0))
        })
        .collect();
    let sql = format!(
        "INSERT INTO models (id, {columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
    );
    let mut next = tx.next_id("models")?;
    for pack in packs {
        let m = &pack.details.model;
        if !models.contains_key(m) {
            let args = args![
                next,
                &m.manufacturer,
                &m.model,
                &m.hardware_version,
                &m.firmware_version,
                &m.chts_version,
                &m.gbcs_version,
                &m.han_variant,
                &m.wan_variant
            ];
            tx.exec(&sql, args)?;
            models.insert(m.clone(), next);
            next += 1;
        }
    }
    Ok(models)
}

/// The numbers of the packs' pallets; new ones are added.
fn pallets_of(tx: &mut Tx, packs: &[NewPack<'_>]) -> Result<HashMap<PalletKey, i64>> {
    let mut keys: Vec<PalletKey> = Vec::new();
    for pack in packs {
        let key = pallet_key(pack.details);
        if keys.last() != Some(&key) {
            keys.push(key);
        }
    }
    let mut found = pallets(tx, &keys)?;
    let first = tx.next_id("pallets")?;
    let mut new: Vec<PalletKey> = Vec::new();
    for key in keys {
        if !found.contains_key(&key) {
            found.insert(key.clone(), first + i64::try_from(new.len()).expect("fits"));
            new.push(key);
        }
    }
    let rows = (first..)
        .zip(&new)
        .map(|(id, key)| [id.into(), (&key.pallet_id).into(), (&key.consignment_no).into()]);
    insert(tx, PALLETS, rows)?;
    Ok(found)
}

/// One change of a hub's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusChange {
    /// The change that it is part of.
    pub change: i64,
    /// The hub.
    pub hub: i64,
    /// The status before.
    pub from: SmiStatus,
    /// Since when it had been that, in microseconds.
    pub from_at: i64,
    /// The status after.
    pub to: SmiStatus,
    /// Since when.
    pub to_at: i64,
    /// The hub's change before this one; 0 for none.
    pub previous: i64,
}

/// Adds to the history of statuses, in the order of change and hub.
pub fn insert_status_changes(tx: &mut Tx, changes: &[StatusChange]) -> Result<()> {
    let rows = changes.iter().map(|c| -> [Value; 7] {
        [
            c.change.into(),
            c.hub.into(),
            c.from.into(),
            c.from_at.into(),
            c.to.into(),
            c.to_at.into(),
            c.previous.into(),
        ]
    });
    insert(tx, STATUS_CHANGES, rows)
}

/// One change of a hub's Party.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartyMove {
    /// The move that it is part of.
    pub number: i64,
    /// The hub.
    pub hub: i64,
    /// The Party before.
    pub from: i64,
    /// The Party after.
    pub to: i64,
    /// The hub's move before this one; 0 for none.
    pub previous: i64,
}

/// Adds to the history of Parties, in the order of move and hub.
pub fn insert_party_moves(tx: &mut Tx, moves: &[PartyMove]) -> Result<()> {
    let rows = moves.iter().map(|m| -> [Value; 5] {
        [m.number.into(), m.hub.into(), m.from.into(), m.to.into(), m.previous.into()]
    });
    insert(tx, PARTY_MOVES, rows)
}
