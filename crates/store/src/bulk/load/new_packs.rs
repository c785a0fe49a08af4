//! Packs that are new, with their models and pallets.

use std::collections::HashMap;

use domain::inventory::{ModelDetails, PackDetails};
use jiff::civil::Date;

use super::packs::{PalletKey, pallets};
use super::tables::{PACKS, PALLETS, insert};
use crate::error::Result;
use crate::{Tx, Value, args};

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
    let sql =
        format!("INSERT INTO models (id, {columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
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
