//! What the inventory knows of many devices at once.

mod postgres;
mod sqlite;

use std::collections::HashMap;

use domain::inventory::SmiStatus;
use jiff::civil::Date;

use crate::db::TxInner;
use crate::error::{Error, Result};
use crate::{Tx, args};

/// Keys that are looked up between two words about progress.
const STRETCH: usize = 16_384;
/// Keys at most this far apart belong to one run.
const NEAR: u64 = 4;

/// Where the run that begins at `from` ends.
fn run_end(keys: &[i64], from: usize) -> usize {
    let near = |pair: &[i64]| pair[1].wrapping_sub(pair[0]).cast_unsigned() <= NEAR;
    let most = keys.len().min(from + STRETCH);
    let run = keys[from..most].windows(2).take_while(|pair| near(pair)).count();
    from + run + 1
}

/// One hub, as narrow as a million of them have to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HubRow {
    /// Since when it has its status, in microseconds.
    pub status_at: i64,
    /// The responsible Party.
    pub party: i32,
    /// The number of its last move.
    pub last_move: i32,
    /// The place of its pack in [`Hubs::packs`].
    pub pack: u32,
    /// Its status.
    pub status: SmiStatus,
    /// Whether it is in quarantine.
    pub is_quarantined: bool,
}

/// What the checks and the kept counts need of a pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackRow {
    /// Its number.
    pub id: i32,
    /// The device model.
    pub model: i32,
    /// The pallet.
    pub pallet: i32,
    /// The place of the region in [`Hubs::regions`].
    pub region: u16,
    /// The last day on which its hubs may be installed.
    pub installation_end: Option<Date>,
    /// Whether these are test hubs.
    pub is_test: bool,
}

/// Where PostgreSQL keeps a row, as long as nobody changes it.
pub(crate) type RowAddress = [u8; 6];

/// The hubs with the keys that were asked for.
#[derive(Debug, Default)]
pub struct Hubs {
    /// One for each key; none where there is no such hub.
    pub rows: Vec<Option<HubRow>>,
    /// The packs that they are of.
    pub packs: Vec<PackRow>,
    /// The regions of those packs.
    pub regions: Vec<String>,
    pub(crate) addresses: Vec<RowAddress>,
}

/// Looks hubs up by their keys, which are in order and each there once. `progress` is told now and
/// then how many have been looked up.
pub fn hubs(
    tx: &mut Tx,
    keys: &[i64],
    progress: &mut dyn FnMut(usize) -> Result<()>,
) -> Result<Hubs> {
    let mut hubs = Hubs { rows: vec![None; keys.len()], ..Hubs::default() };
    match &mut tx.0 {
        TxInner::Sqlite(tx) => sqlite::hubs(tx, keys, &mut hubs, progress)?,
        TxInner::Postgres(tx) => postgres::hubs(tx, keys, &mut hubs, progress)?,
    }
    load_packs(tx, &mut hubs)?;
    Ok(hubs)
}

/// The keys among these that are Gas Proxy Functions: the place of each, and its hub's key.
pub fn hubs_of_gpfs(tx: &mut Tx, keys: &[(u32, i64)]) -> Result<Vec<(u32, i64)>> {
    match &mut tx.0 {
        TxInner::Sqlite(tx) => sqlite::hubs_of_gpfs(tx, keys),
        TxInner::Postgres(tx) => postgres::hubs_of_gpfs(tx, keys),
    }
}

impl Hubs {
    /// The pack of a hub.
    pub fn pack(&self, hub: &HubRow) -> &PackRow {
        &self.packs[hub.pack as usize]
    }
}

/// Reads the packs of the hubs that were found, each once, and turns the hubs' pack numbers into
/// places.
fn load_packs(tx: &mut Tx, hubs: &mut Hubs) -> Result<()> {
    let mut ids: Vec<u32> = Vec::new();
    for hub in hubs.rows.iter().flatten() {
        if ids.last() != Some(&hub.pack) {
            ids.push(hub.pack);
        }
    }
    ids.sort_unstable();
    ids.dedup();
    let mut regions = Regions::default();
    let mut packs = Vec::with_capacity(ids.len());
    match &mut tx.0 {
        TxInner::Sqlite(tx) => sqlite::packs(tx, &ids, &mut regions, &mut packs)?,
        TxInner::Postgres(tx) => postgres::packs(tx, &ids, &mut regions, &mut packs)?,
    }
    if packs.len() != ids.len() {
        return Err(Error::Missing { what: "pack of a hub" });
    }
    let mut last = (0, 0);
    for hub in hubs.rows.iter_mut().flatten() {
        if last.0 != hub.pack {
            let place = ids.binary_search(&hub.pack).expect("every pack was collected");
            last = (hub.pack, place as u32);
        }
        hub.pack = last.1;
    }
    hubs.packs = packs;
    hubs.regions = regions.names;
    Ok(())
}

/// The names of regions, each once.
#[derive(Default)]
struct Regions {
    names: Vec<String>,
    places: HashMap<String, u16>,
}

impl Regions {
    fn place(&mut self, name: &str) -> u16 {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        let place = u16::try_from(self.names.len()).expect("there are a handful of regions");
        self.names.push(name.to_owned());
        self.places.insert(name.to_owned(), place);
        place
    }
}

/// An end date as it is kept: empty where there is none.
fn date(text: &str) -> Result<Option<Date>> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|error| damaged(&format!("the date {text:?}: {error}")))
}

fn status(code: i64) -> Result<SmiStatus> {
    SmiStatus::from_code(code).ok_or_else(|| damaged(&format!("the status {code}")))
}

fn damaged(what: &str) -> Error {
    Error::Broken { doing: "read the inventory".into(), message: what.to_owned() }
}

/// One device model, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelName {
    /// Its number.
    pub id: i64,
    /// Manufacturer.
    pub manufacturer: String,
    /// Model.
    pub model: String,
    /// Firmware version.
    pub firmware_version: String,
    /// WAN variant.
    pub wan_variant: String,
}

/// The device models, of which there are a few dozen.
pub fn model_names(tx: &mut Tx) -> Result<Vec<ModelName>> {
    let sql =
        "SELECT id, manufacturer, model, firmware_version, wan_variant FROM models ORDER BY id";
    let rows = tx.all(sql, &[])?;
    let name = |row: &crate::Row| ModelName {
        id: row.get(0),
        manufacturer: row.get(1),
        model: row.get(2),
        firmware_version: row.get(3),
        wan_variant: row.get(4),
    };
    Ok(rows.iter().map(name).collect())
}

/// How many `Pending` hubs a Party holds, by the kept counts.
pub fn pending_stock(tx: &mut Tx, party: i64) -> Result<i64> {
    let sql = "
        SELECT CAST(coalesce(sum(hubs), 0) AS BIGINT) FROM stock
        WHERE party = CAST($1 AS INTEGER) AND status = 1";
    Ok(tx.one("stock", sql, args![party])?.get(0))
}
