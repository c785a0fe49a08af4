//! Reading hubs: one hub with its history, and slices of the inventory in pages.
//!
//! Slices are read in the order of pallet, pack, hub, through the kept counts: no statement here
//! looks at more hubs than those of a few pallets.

use domain::DeviceId;
use domain::ids::PartyId;
use domain::inventory::SmiStatus;
use jiff::Timestamp;

use crate::error::Result;
use crate::value::{Row, Value};
use crate::{Tx, args};

/// One hub as the inventory has it now, with what its pack and model say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubRow {
    /// The CHF ID.
    pub id: DeviceId,
    /// The GPF ID.
    pub gpf: DeviceId,
    /// The responsible Party.
    pub party: PartyId,
    /// The SMI status.
    pub status: SmiStatus,
    /// Since when it has that status.
    pub status_at: Timestamp,
    /// When it was first installed.
    pub installed_at: Option<Timestamp>,
    /// The last move; 0 for none.
    pub last_move: i64,
    /// The last change of status; 0 for none.
    pub last_change: i64,
    /// Whether it is kept from moving.
    pub quarantined: bool,
    /// When the last move was.
    pub moved_at: Option<Timestamp>,
    /// The pack's number.
    pub pack: i64,
    /// The pallet's number.
    pub pallet: i64,
    /// What the pack and the model say.
    pub delivered: Delivered,
}

/// What a pack, its pallet and its model say of each of its hubs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of a delivery file, by their names")]
pub struct Delivered {
    pub manufacturer: String,
    pub model: String,
    pub hardware_version: String,
    pub firmware_version: String,
    pub chts_version: String,
    pub gbcs_version: String,
    pub han_variant: String,
    pub wan_variant: String,
    pub region: String,
    pub order_no: String,
    pub consignment_no: String,
    pub pallet_id: String,
    pub box_id: String,
    pub delivered_on: String,
    pub accepted_on: String,
    pub location: String,
    pub delivered_to: PartyId,
    pub installation_end: String,
    pub is_test: bool,
}

const COLUMNS: &str = "h.id, h.gpf, h.party, h.status, h.status_at, h.installed_at, h.last_move,
    h.last_change, h.quarantined, v.at, p.id, p.pallet, m.manufacturer, m.model, m.hardware_version,
    m.firmware_version, m.chts_version, m.gbcs_version, m.han_variant, m.wan_variant, p.region,
    p.order_no, p.consignment_no, l.pallet_id, p.box_id, p.delivered_on, p.accepted_on, p.location,
    p.delivered_to, p.installation_end, p.is_test";
const TABLES: &str = "packs p
    JOIN hubs h ON h.pack = p.id
    JOIN models m ON m.id = p.model
    JOIN pallets l ON l.id = p.pallet
    LEFT JOIN moves v ON v.id = h.last_move";

fn hub_row(row: &Row) -> HubRow {
    HubRow {
        id: row.get(0),
        gpf: row.get(1),
        party: row.get(2),
        status: row.get(3),
        status_at: row.get(4),
        installed_at: row.get(5),
        last_move: row.get(6),
        last_change: row.get(7),
        quarantined: row.get(8),
        moved_at: row.get(9),
        pack: row.get(10),
        pallet: row.get(11),
        delivered: Delivered {
            manufacturer: row.get(12),
            model: row.get(13),
            hardware_version: row.get(14),
            firmware_version: row.get(15),
            chts_version: row.get(16),
            gbcs_version: row.get(17),
            han_variant: row.get(18),
            wan_variant: row.get(19),
            region: row.get(20),
            order_no: row.get(21),
            consignment_no: row.get(22),
            pallet_id: row.get(23),
            box_id: row.get(24),
            delivered_on: row.get(25),
            accepted_on: row.get(26),
            location: row.get(27),
            delivered_to: row.get(28),
            installation_end: row.get(29),
            is_test: row.get(30),
        },
    }
}

/// The hub with this CHF ID.
pub fn hub(tx: &mut Tx, chf: DeviceId) -> Result<Option<HubRow>> {
    let sql = format!("SELECT {COLUMNS} FROM {TABLES} WHERE h.id = $1");
    Ok(tx.opt(&sql, args![chf])?.as_ref().map(hub_row))
}

/// The CHF ID of the hub with this GPF ID.
pub fn chf_of_gpf(tx: &mut Tx, gpf: DeviceId) -> Result<Option<DeviceId>> {
    Ok(tx.opt("SELECT id FROM hubs WHERE gpf = $1", args![gpf])?.map(|row| row.get(0)))
}

/// One change of responsible Party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartyMove {
    /// From whom.
    pub from: PartyId,
    /// To whom.
    pub to: PartyId,
    /// When.
    pub at: Timestamp,
    /// By which transfer file, and its name.
    pub transfer_file: Option<(i64, String)>,
    /// By which snapshot.
    pub import: Option<i64>,
}

/// Every move of a hub, the first one first.
pub fn party_moves(tx: &mut Tx, chf: DeviceId, last_move: i64) -> Result<Vec<PartyMove>> {
    let sql = "
        WITH RECURSIVE life (move, from_party, to_party, previous) AS (
            SELECT move, from_party, to_party, previous FROM party_moves WHERE move = $1 AND hub = $2
            UNION ALL
            SELECT p.move, p.from_party, p.to_party, p.previous
            FROM life JOIN party_moves p ON p.move = life.previous AND p.hub = $2
        )
        SELECT life.from_party, life.to_party, v.at, v.transfer_file, f.name, v.import
        FROM life JOIN moves v ON v.id = life.move
        LEFT JOIN transfer_files f ON f.id = v.transfer_file
        ORDER BY life.move";
    let rows = tx.all(sql, args![last_move, chf])?;
    Ok(rows
        .iter()
        .map(|row| PartyMove {
            from: row.get(0),
            to: row.get(1),
            at: row.get(2),
            transfer_file: row
                .get::<Option<i64>>(3)
                .map(|id| (id, row.get::<Option<String>>(4).unwrap_or_default())),
            import: row.get(5),
        })
        .collect())
}

/// One change of SMI status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusChange {
    /// The status before.
    pub from: SmiStatus,
    /// Since when it had that.
    pub from_at: Timestamp,
    /// The status after.
    pub to: SmiStatus,
    /// From when.
    pub to_at: Timestamp,
    /// By which import.
    pub import: i64,
}

/// Every change of a hub's status, the first one first.
pub fn status_changes(tx: &mut Tx, chf: DeviceId, last_change: i64) -> Result<Vec<StatusChange>> {
    let sql = "
        WITH RECURSIVE life (change, from_status, from_at, to_status, to_at, previous) AS (
            SELECT change, from_status, from_at, to_status, to_at, previous
            FROM status_changes WHERE change = $1 AND hub = $2
            UNION ALL
            SELECT s.change, s.from_status, s.from_at, s.to_status, s.to_at, s.previous
            FROM life JOIN status_changes s ON s.change = life.previous AND s.hub = $2
        )
        SELECT life.from_status, life.from_at, life.to_status, life.to_at, c.import
        FROM life JOIN changes c ON c.id = life.change
        ORDER BY life.change";
    let rows = tx.all(sql, args![last_change, chf])?;
    Ok(rows
        .iter()
        .map(|row| StatusChange {
            from: row.get(0),
            from_at: row.get(1),
            to: row.get(2),
            to_at: row.get(3),
            import: row.get(4),
        })
        .collect())
}

/// Sets or clears a hub's quarantine mark.
pub fn set_quarantined(tx: &mut Tx, chf: DeviceId, quarantined: bool) -> Result<u64> {
    tx.exec("UPDATE hubs SET quarantined = $2 WHERE id = $1", args![chf, quarantined])
}

/// Which hubs a slice holds. What is empty does not narrow it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is what it is called")]
pub struct Slice {
    pub party: Option<PartyId>,
    pub status: Option<SmiStatus>,
    pub pallet_id: Option<String>,
    pub box_id: Option<String>,
    pub consignment_no: Option<String>,
    pub order_no: Option<String>,
    pub manufacturer: Option<String>,
    pub model: Option<String>,
    pub firmware_version: Option<String>,
    pub region: Option<String>,
}

/// A place in a slice: after this pallet, pack and hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The pallet's number.
    pub pallet: i64,
    /// The pack's number.
    pub pack: i64,
    /// The hub's key.
    pub hub: i64,
}

impl Place {
    /// Before everything.
    pub const START: Place = Place { pallet: 0, pack: 0, hub: i64::MIN };

    /// The place of a row.
    pub fn of(row: &HubRow) -> Place {
        Place { pallet: row.pallet, pack: row.pack, hub: row.id.key() }
    }
}

/// The conditions on packs, and their parameters.
fn pack_conditions(slice: &Slice, args: &mut Vec<Value>) -> String {
    let mut sql = String::new();
    let plain = [
        ("p.box_id", &slice.box_id),
        ("p.consignment_no", &slice.consignment_no),
        ("p.order_no", &slice.order_no),
        ("p.region", &slice.region),
        ("m.manufacturer", &slice.manufacturer),
        ("m.model", &slice.model),
        ("m.firmware_version", &slice.firmware_version),
    ];
    for (column, wanted) in plain {
        if let Some(text) = wanted {
            args.push(text.into());
            sql.push_str(&format!(" AND {column} = ${}", args.len()));
        }
    }
    if let Some(pallet) = &slice.pallet_id {
        args.push(pallet.into());
        let n = args.len();
        sql.push_str(&format!(" AND p.pallet IN (SELECT id FROM pallets WHERE pallet_id = ${n})"));
    }
    sql
}

/// The numbers of the next pallets, from `from` on, that may hold hubs of the slice.
fn pallets(tx: &mut Tx, slice: &Slice, from: i64, limit: i64) -> Result<Vec<i64>> {
    let mut args: Vec<Value> = vec![from.into()];
    let packs = pack_conditions(slice, &mut args);
    let mut stock = String::new();
    for (column, wanted) in
        [("s.party", slice.party.map(|p| p.0)), ("s.status", slice.status.map(|s| s as i64))]
    {
        if let Some(number) = wanted {
            args.push(number.into());
            stock.push_str(&format!(" AND {column} = ${}", args.len()));
        }
    }
    args.push(limit.into());
    let limit = format!("LIMIT CAST(${} AS BIGINT)", args.len());
    let sql = match (packs.is_empty(), stock.is_empty()) {
        (true, true) => format!("SELECT id FROM pallets WHERE id >= $1 ORDER BY id {limit}"),
        (true, false) => format!(
            "SELECT DISTINCT s.pallet FROM pallet_stock s
             WHERE s.pallet >= $1 AND s.hubs > 0{stock} ORDER BY s.pallet {limit}"
        ),
        (false, true) => format!(
            "SELECT DISTINCT p.pallet FROM packs p JOIN models m ON m.id = p.model
             WHERE p.pallet >= $1{packs} ORDER BY p.pallet {limit}"
        ),
        (false, false) => format!(
            "SELECT DISTINCT p.pallet
             FROM pallet_stock s JOIN packs p ON p.pallet = s.pallet JOIN models m ON m.id = p.model
             WHERE s.pallet >= $1 AND s.hubs > 0{stock}{packs} ORDER BY p.pallet {limit}"
        ),
    };
    Ok(tx.all(&sql, &args)?.iter().map(|row| row.get(0)).collect())
}

/// Hubs of the slice on one pallet, after a place.
fn hubs_on(
    tx: &mut Tx,
    slice: &Slice,
    pallet: i64,
    after: Place,
    limit: i64,
) -> Result<Vec<HubRow>> {
    let (pack, hub) = if after.pallet == pallet { (after.pack, after.hub) } else { (0, i64::MIN) };
    let mut args: Vec<Value> = vec![pallet.into(), pack.into(), hub.into(), limit.into()];
    let mut conditions = pack_conditions(slice, &mut args);
    for (column, wanted) in
        [("h.party", slice.party.map(|p| p.0)), ("h.status", slice.status.map(|s| s as i64))]
    {
        if let Some(number) = wanted {
            args.push(number.into());
            conditions.push_str(&format!(" AND {column} = ${}", args.len()));
        }
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM {TABLES}
         WHERE p.pallet = $1 AND p.id >= $2 AND (p.id > $2 OR h.id > $3){conditions}
         ORDER BY p.id, h.id LIMIT CAST($4 AS BIGINT)"
    );
    Ok(tx.all(&sql, &args)?.iter().map(hub_row).collect())
}

/// Pallets that one page looks at, at the most; a page may therefore be short before the end.
const MOST_PALLETS: usize = 64;

/// The next hubs of a slice after a place, at most `limit`, and the place to go on from; none at
/// the end of the slice.
pub fn page(
    tx: &mut Tx,
    slice: &Slice,
    after: Place,
    limit: usize,
) -> Result<(Vec<HubRow>, Option<Place>)> {
    let mut found: Vec<HubRow> = Vec::new();
    let mut looked_at = 0;
    let mut from = after.pallet;
    let mut batch = 4;
    while looked_at < MOST_PALLETS {
        let candidates = pallets(tx, slice, from, batch)?;
        let ended = candidates.len() < usize::try_from(batch).unwrap_or(usize::MAX);
        for pallet in candidates {
            let wanted = limit + 1 - found.len();
            let wanted = i64::try_from(wanted).unwrap_or(i64::MAX);
            found.extend(hubs_on(tx, slice, pallet, after, wanted)?);
            looked_at += 1;
            from = pallet + 1;
            if found.len() > limit {
                found.truncate(limit);
                let place = found.last().map(Place::of);
                return Ok((found, place));
            }
        }
        if ended {
            return Ok((found, None));
        }
        batch = 16;
    }
    Ok((found, Some(Place { pallet: from, pack: 0, hub: i64::MIN })))
}

/// One kept count of stock.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is what it is called")]
pub struct StockRow {
    pub party: PartyId,
    pub signifier: String,
    pub party_name: String,
    pub manufacturer: String,
    pub model: String,
    pub hardware_version: String,
    pub firmware_version: String,
    pub han_variant: String,
    pub wan_variant: String,
    pub region: String,
    pub status: SmiStatus,
    pub hubs: i64,
}

/// The kept counts that a slice's Party, status, model and region leave, in a steady order.
pub fn stock(tx: &mut Tx, slice: &Slice) -> Result<Vec<StockRow>> {
    let sql = "
        SELECT s.party, q.signifier, q.legal_name, m.manufacturer, m.model, m.hardware_version,
            m.firmware_version, m.han_variant, m.wan_variant, s.region, s.status, s.hubs
        FROM stock s JOIN parties q ON q.id = s.party JOIN models m ON m.id = s.model
        WHERE s.hubs > 0
          AND (CAST($1 AS BIGINT) IS NULL OR s.party = $1)
          AND (CAST($2 AS BIGINT) IS NULL OR s.status = $2)
          AND (CAST($3 AS TEXT) IS NULL OR s.region = $3)
          AND (CAST($4 AS TEXT) IS NULL OR m.manufacturer = $4)
          AND (CAST($5 AS TEXT) IS NULL OR m.model = $5)
          AND (CAST($6 AS TEXT) IS NULL OR m.firmware_version = $6)
        ORDER BY q.signifier, m.manufacturer, m.model, m.firmware_version, m.han_variant, m.id,
            s.region, s.status";
    let args = args![
        slice.party,
        slice.status,
        slice.region.clone(),
        slice.manufacturer.clone(),
        slice.model.clone(),
        slice.firmware_version.clone()
    ];
    let rows = tx.all(sql, args)?;
    Ok(rows
        .iter()
        .map(|row| StockRow {
            party: row.get(0),
            signifier: row.get(1),
            party_name: row.get(2),
            manufacturer: row.get(3),
            model: row.get(4),
            hardware_version: row.get(5),
            firmware_version: row.get(6),
            han_variant: row.get(7),
            wan_variant: row.get(8),
            region: row.get(9),
            status: row.get(10),
            hubs: row.get(11),
        })
        .collect())
}
