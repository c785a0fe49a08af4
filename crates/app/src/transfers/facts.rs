//! What the inventory says of the hubs of a transfer, looked up once for all of them.

use std::collections::HashMap;

use domain::DeviceId;
use domain::ids::PartyId;
use domain::inventory::SmiStatus;
use domain::reconciliation::Facts;
use domain::stock_rules::InstallationEnds;
use jiff::civil::Date;
use store::Tx;
use store::bulk::facts::{self, HubRow, Hubs, PackRow};
use store::transfers::{self as rows, TransferRow};

use crate::Result;

/// The hubs of a list, by their keys.
pub(super) struct Stock<'a> {
    transfer: &'a TransferRow,
    hubs: Hubs,
    models: HashMap<i32, Fit>,
    ends: HashMap<i32, Option<Date>>,
}

/// Whether a device model is what was agreed.
#[derive(Clone, Copy, Debug, Default)]
struct Fit {
    model: bool,
    variant: bool,
    firmware: bool,
}

impl<'a> Stock<'a> {
    /// Looks the hubs with these keys up; the keys are in order and each there once.
    pub fn look(tx: &mut Tx, transfer: &'a TransferRow, keys: &[i64]) -> Result<Stock<'a>> {
        let _span = tracing::debug_span!("look up", hubs = keys.len()).entered();
        let hubs = facts::hubs(tx, keys, &mut |_| Ok(()))?;
        let of = &transfer.specification;
        // What goes back goes back as it came.
        let any = transfer.reverses.is_some();
        let fit = |model: &rows::ModelRow| Fit {
            model: any || model.manufacturer == of.manufacturer && model.model == of.model,
            variant: any || model.has_variants(of),
            firmware: transfer.firmware.is_empty()
                || transfer.firmware.contains(&model.firmware_version),
        };
        let models = rows::models(tx)?;
        let ends = InstallationEnds::new(store::stock_rules::ends(tx)?);
        let ends = models.iter().map(|model| (model.id as i32, ends.of(&model.chts_version, None)));
        let ends = ends.collect();
        let models = models.iter().map(|model| (model.id as i32, fit(model))).collect();
        Ok(Stock { transfer, hubs, models, ends })
    }

    /// The hub at a place of the keys.
    pub fn hub(&self, place: usize) -> Option<&HubRow> {
        self.hubs.rows[place].as_ref()
    }

    /// Its pack.
    pub fn pack(&self, hub: &HubRow) -> &PackRow {
        self.hubs.pack(hub)
    }

    /// What a comparison asks of the hub at a place of the keys.
    pub fn facts(&self, place: usize) -> Option<Facts> {
        let hub = self.hub(place)?;
        let pack = self.pack(hub);
        let fit = self.models.get(&pack.model).copied().unwrap_or_default();
        let region = &self.hubs.regions[usize::from(pack.region)];
        let is_of_region =
            self.transfer.reverses.is_some() || *region == self.transfer.specification.region;
        Some(Facts {
            is_senders: PartyId(hub.party.into()) == self.transfer.sender,
            is_pending: hub.status == SmiStatus::Pending,
            is_agreed_model: fit.model,
            is_agreed_variant: fit.variant && is_of_region,
            is_agreed_firmware: fit.firmware,
        })
    }

    /// Whether its last day of installation has passed: its delivery's, or that of its CHTS version.
    pub fn has_ended(&self, pack: &PackRow, today: Date) -> bool {
        let of_version = self.ends.get(&pack.model).copied().flatten();
        [pack.installation_end, of_version].into_iter().flatten().any(|end| end < today)
    }

    /// The numbers of the packs of these hubs.
    pub fn packs(&self) -> Vec<i64> {
        self.hubs.packs.iter().map(|pack| pack.id.into()).collect()
    }
}

/// Those of these hubs that are with a Party, `Pending`, and not kept where they are.
pub(super) fn still_there(tx: &mut Tx, keys: &[i64], party: PartyId) -> Result<Vec<DeviceId>> {
    let hubs = facts::hubs(tx, keys, &mut |_| Ok(()))?;
    let is_there = |hub: &HubRow| {
        PartyId(hub.party.into()) == party
            && hub.status == SmiStatus::Pending
            && !hub.is_quarantined
            && !hubs.pack(hub).is_test
    };
    let there = keys.iter().zip(&hubs.rows).filter(|(_, hub)| hub.as_ref().is_some_and(is_there));
    Ok(there.map(|(key, _)| DeviceId::from_key(*key)).collect())
}

/// The places of keys, each once and in order, for keys in any order.
pub(super) fn in_order(keys: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut keys: Vec<i64> = keys.collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}
