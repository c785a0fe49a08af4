//! Packs and pallets by what tells them apart.

use std::collections::HashMap;

use domain::inventory::{ModelDetails, PackDetails};
use jiff::civil::Date;

use super::{postgres, sqlite};
use crate::Tx;
use crate::db::TxInner;
use crate::error::{Error, Result};

/// What tells packs apart: the beginning of a hash of all that is kept of them.
pub(super) type Fingerprint = [u8; 16];

/// The packs with these fingerprints.
pub fn packs_by_fingerprint(tx: &mut Tx, prints: &[[u8; 16]]) -> Result<HashMap<[u8; 16], i64>> {
    match &mut tx.0 {
        TxInner::Sqlite(tx) => sqlite::packs_by_fingerprint(tx, prints),
        TxInner::Postgres(tx) => postgres::packs_by_fingerprint(tx, prints),
    }
}

/// What pallets are told apart by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PalletKey {
    /// As it stands on the label; empty where the delivery file gave none.
    pub pallet_id: String,
    /// The consignment.
    pub consignment_no: String,
}

/// The numbers of these pallets, as far as they are there.
pub(super) fn pallets(tx: &mut Tx, keys: &[PalletKey]) -> Result<HashMap<PalletKey, i64>> {
    match &mut tx.0 {
        TxInner::Sqlite(tx) => sqlite::pallets(tx, keys),
        TxInner::Postgres(tx) => postgres::pallets(tx, keys),
    }
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

pub(super) const PACK_COLUMNS: &str = "p.id, p.model, p.pallet, p.delivered_to, m.manufacturer,
    m.model, m.hardware_version, m.firmware_version, m.chts_version, m.gbcs_version, m.han_variant,
    m.wan_variant, p.region, p.order_no, p.consignment_no, l.pallet_id, p.box_id, p.delivered_on,
    p.accepted_on, p.location, y.service_user_reference, p.installation_end, p.is_test";
pub(super) const PACK_JOINS: &str = "
    JOIN models m ON m.id = p.model
    JOIN pallets l ON l.id = p.pallet
    JOIN parties y ON y.id = p.delivered_to";
/// Columns of whole numbers, and of text after them.
pub(super) const PACK_NUMBERS: usize = 4;
pub(super) const PACK_TEXTS: usize = 18;

/// These packs, whose numbers are in order, in that order.
pub fn packs(tx: &mut Tx, ids: &[i64]) -> Result<Vec<DeliveredPack>> {
    let mut packs = Vec::with_capacity(ids.len());
    match &mut tx.0 {
        TxInner::Sqlite(tx) => sqlite::packs(tx, ids, &mut packs)?,
        TxInner::Postgres(tx) => postgres::packs(tx, ids, &mut packs)?,
    }
    packs.sort_unstable_by_key(|pack| pack.id);
    if packs.len() == ids.len() { Ok(packs) } else { Err(Error::Missing { what: "pack" }) }
}

/// A pack from its columns.
pub(super) fn pack(
    [id, model, pallet, delivered_to]: [i64; PACK_NUMBERS],
    texts: [String; PACK_TEXTS],
    is_test: bool,
) -> Result<DeliveredPack> {
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
    ] = texts;
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
        delivered_on: date(&delivered_on)?.ok_or(Error::Missing { what: "day of delivery" })?,
        accepted_on: date(&accepted_on)?,
        location,
        delivered_to: reference,
        installation_end: date(&installation_end)?,
        is_test,
    };
    Ok(DeliveredPack { id, model, pallet, delivered_to, details })
}

/// A day as it is kept: empty where there is none.
fn date(text: &str) -> Result<Option<Date>> {
    if text.is_empty() {
        return Ok(None);
    }
    let damaged = |error: jiff::Error| Error::Broken {
        doing: "read a pack".into(),
        message: format!("the date {text:?}: {error}"),
    };
    text.parse().map(Some).map_err(damaged)
}
