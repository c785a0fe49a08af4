//! A Party's own `Pending` stock by pallet, from the kept counts.
//!
//! A pallet is read by the first and the last of its packs in the order of what matters; where the
//! two are alike the kept count of the pallet is all there is to know. Hubs are looked at only on
//! the few pallets that are mixed, where they are quarantined, and where a transfer has them.

use std::collections::{BTreeMap, HashMap};

use domain::DeviceId;
use domain::ids::PartyId;
use domain::inventory::ModelDetails;
use domain::offers::Specification;
use jiff::civil::Date;

use crate::bulk::probing;
use crate::error::Result;
use crate::offers::day;
use crate::value::Row;
use crate::{Tx, args};

/// `Pending` hubs of one kind on one pallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PalletStock {
    /// One of the packs on the pallet that hold hubs of this kind.
    pub pack: i64,
    /// The pallet's number.
    pub pallet: i64,
    /// Its ID; empty where the delivery file gave none.
    pub pallet_id: String,
    /// The consignment that it came with.
    pub consignment_no: String,
    /// Where it was delivered.
    pub location: String,
    /// When it was delivered.
    pub delivered_on: Option<Date>,
    /// The model's number.
    pub model_number: i64,
    /// The model.
    pub model: ModelDetails,
    /// The region.
    pub region: String,
    /// The last day on which these hubs may be installed, as delivered.
    pub installation_end: Option<Date>,
    /// Whether these are test hubs.
    pub is_test: bool,
    /// How many there are.
    pub hubs: i64,
    /// How many of them can't move: in quarantine, or in an open transfer.
    pub kept_back: i64,
}

impl PalletStock {
    /// What the hubs are of.
    pub fn specification(&self) -> Specification {
        Specification::of(&self.model, &self.region)
    }
}

const COLUMNS: &str =
    "a.pallet, l.pallet_id, l.consignment_no, a.location, a.delivered_on, a.model,
    a.region, a.installation_end, a.is_test, m.manufacturer, m.model, m.hardware_version,
    m.firmware_version, m.chts_version, m.gbcs_version, m.han_variant, m.wan_variant, a.id";
const ORDER: &str = "p.pallet, p.model, p.region, p.installation_end, p.is_test";
const REVERSED: &str =
    "p.pallet DESC, p.model DESC, p.region DESC, p.installation_end DESC, p.is_test DESC";

fn stock(row: &Row, hubs: i64) -> Result<PalletStock> {
    Ok(PalletStock {
        pack: row.get(17),
        pallet: row.get(0),
        pallet_id: row.get(1),
        consignment_no: row.get(2),
        location: row.get(3),
        delivered_on: day(row, 4)?,
        model_number: row.get(5),
        region: row.get(6),
        installation_end: day(row, 7)?,
        is_test: row.get(8),
        model: ModelDetails {
            manufacturer: row.get(9),
            model: row.get(10),
            hardware_version: row.get(11),
            firmware_version: row.get(12),
            chts_version: row.get(13),
            gbcs_version: row.get(14),
            han_variant: row.get(15),
            wan_variant: row.get(16),
        },
        hubs,
        kept_back: 0,
    })
}

/// The device models by their numbers, of which there are a few dozen.
pub fn models(tx: &mut Tx) -> Result<HashMap<i64, ModelDetails>> {
    let sql = "
        SELECT id, manufacturer, model, hardware_version, firmware_version, chts_version,
            gbcs_version, han_variant, wan_variant
        FROM models";
    let model = |row: &Row| {
        let details = ModelDetails {
            manufacturer: row.get(1),
            model: row.get(2),
            hardware_version: row.get(3),
            firmware_version: row.get(4),
            chts_version: row.get(5),
            gbcs_version: row.get(6),
            han_variant: row.get(7),
            wan_variant: row.get(8),
        };
        (row.get(0), details)
    };
    Ok(tx.all(sql, &[])?.iter().map(model).collect())
}

/// A Party's `Pending` stock by pallet and kind, by the pallets' numbers.
pub fn own(tx: &mut Tx, party: PartyId) -> Result<Vec<PalletStock>> {
    probing(tx, |tx| {
        let mut found = by_pallet(tx, party)?;
        for kept in kept_back(tx, party)? {
            let of = |stock: &&mut PalletStock| {
                (stock.pallet, stock.model_number) == (kept.pallet, kept.model)
                    && stock.region == kept.region
                    && stock.is_test == kept.is_test
                    && stock.installation_end == kept.installation_end
            };
            if let Some(stock) = found.iter_mut().find(of) {
                stock.kept_back += kept.hubs;
            }
        }
        Ok(found)
    })
}

/// How many hubs of each pallet and model a Party's offers list that are not dispatched.
pub fn listed(tx: &mut Tx, party: PartyId) -> Result<BTreeMap<(i64, i64), i64>> {
    let sql = "
        SELECT p.pallet, p.model, count(*)
        FROM offers o
        JOIN held_hubs x ON x.offer = o.id
        JOIN hubs h ON h.id = x.hub
        JOIN packs p ON p.id = h.pack
        WHERE o.party = $1
        GROUP BY p.pallet, p.model";
    let count = |row: &crate::Row| ((row.get(0), row.get(1)), row.get(2));
    Ok(tx.all(sql, args![party])?.iter().map(count).collect())
}

fn by_pallet(tx: &mut Tx, party: PartyId) -> Result<Vec<PalletStock>> {
    let first = |order: &str| {
        format!("(SELECT p.id FROM packs p WHERE p.pallet = s.pallet ORDER BY {order} LIMIT 1)")
    };
    let sql = format!(
        "SELECT {COLUMNS}, s.hubs, a.model <> b.model OR a.region <> b.region
             OR a.installation_end <> b.installation_end OR a.is_test <> b.is_test
         FROM pallet_stock s
         JOIN packs a ON a.id = {}
         JOIN packs b ON b.id = {}
         JOIN pallets l ON l.id = s.pallet
         JOIN models m ON m.id = a.model
         WHERE s.party = $1 AND s.status = 1 AND s.hubs > 0
         ORDER BY s.pallet",
        first(ORDER),
        first(REVERSED)
    );
    let mut found = Vec::new();
    let mut mixed = Vec::new();
    for row in &tx.all(&sql, args![party])? {
        match row.get::<bool>(19) {
            true => mixed.push(row.get::<i64>(0).to_string()),
            false => found.push(stock(row, row.get(18))?),
        }
    }
    for pallets in mixed.chunks(500) {
        let sql = format!(
            "SELECT {COLUMNS}, k.hubs
             FROM (
                 SELECT min(p.id) AS pack, count(*) AS hubs
                 FROM packs p JOIN hubs h ON h.pack = p.id
                 WHERE p.pallet IN ({}) AND h.party = $1 AND h.status = 1
                 GROUP BY p.pallet, p.model, p.region, p.installation_end, p.is_test
             ) k
             JOIN packs a ON a.id = k.pack
             JOIN pallets l ON l.id = a.pallet
             JOIN models m ON m.id = a.model",
            pallets.join(", ")
        );
        for row in &tx.all(&sql, args![party])? {
            found.push(stock(row, row.get(18))?);
        }
    }
    found.sort_by(|a, b| (a.pallet, &a.model, &a.region).cmp(&(b.pallet, &b.model, &b.region)));
    Ok(found)
}

/// The hubs behind stock that [`own`] gave, as far as nothing keeps them from moving, in the order
/// of their keys. Another kind on the same pallet (test hubs, another end date) is not among them.
pub fn hubs_of(tx: &mut Tx, party: PartyId, stock: &[PalletStock]) -> Result<Vec<DeviceId>> {
    let mut hubs: Vec<DeviceId> = Vec::new();
    probing(tx, |tx| {
        for stock in stock.chunks(400) {
            let packs: Vec<String> = stock.iter().map(|of| of.pack.to_string()).collect();
            let sql = format!(
                "SELECT h.id FROM packs a
                 JOIN packs p ON p.pallet = a.pallet AND p.model = a.model AND p.region = a.region
                     AND p.installation_end = a.installation_end AND p.is_test = a.is_test
                 JOIN hubs h ON h.pack = p.id
                 WHERE a.id IN ({}) AND h.party = $1 AND h.status = 1 AND NOT h.quarantined
                   AND NOT EXISTS (SELECT 1 FROM held_hubs k WHERE k.hub = h.id)",
                packs.join(", ")
            );
            for row in &tx.all(&sql, args![party])? {
                hubs.push(row.get(0));
            }
        }
        Ok(())
    })?;
    hubs.sort_unstable_by_key(|hub| hub.key());
    Ok(hubs)
}

/// `Pending` hubs of one kind on one pallet that can't move.
struct KeptBack {
    pallet: i64,
    model: i64,
    region: String,
    installation_end: Option<Date>,
    is_test: bool,
    hubs: i64,
}

fn kept_back(tx: &mut Tx, party: PartyId) -> Result<Vec<KeptBack>> {
    let by_kind = "p.pallet, p.model, p.region, p.installation_end, p.is_test";
    let quarantined = format!(
        "SELECT {by_kind}, count(*)
         FROM hubs h JOIN packs p ON p.id = h.pack
         WHERE h.quarantined AND h.party = $1 AND h.status = 1
           AND NOT EXISTS (
               SELECT 1 FROM held_hubs k WHERE k.hub = h.id AND k.transfer IS NOT NULL
           )
         GROUP BY {by_kind}"
    );
    let in_transfers = format!(
        "SELECT {by_kind}, count(*)
         FROM held_hubs k JOIN hubs h ON h.id = k.hub JOIN packs p ON p.id = h.pack
         WHERE k.transfer IS NOT NULL AND k.party = $1 AND h.party = k.party AND h.status = 1
         GROUP BY {by_kind}"
    );
    let mut found = Vec::new();
    for sql in [quarantined, in_transfers] {
        for row in &tx.all(&sql, args![party])? {
            found.push(KeptBack {
                pallet: row.get(0),
                model: row.get(1),
                region: row.get(2),
                installation_end: day(row, 3)?,
                is_test: row.get(4),
                hubs: row.get(5),
            });
        }
    }
    Ok(found)
}
