//! What stock a Party has that it may offer: eligible, and not promised elsewhere.

use std::collections::BTreeMap;

use domain::ids::PartyId;
use domain::offers::{Firmware, Specification};
use domain::stock_rules::InstallationEnds;
use domain::timers::british_day;
use store::Tx;
use store::excess::PalletStock;

use super::not_enough;
use crate::{App, Result, transfers};

/// What a Party has of one specification.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uncommitted {
    /// Eligible hubs by firmware version.
    pub eligible: Firmware,
    /// Of those, how many may go: neither in open offers nor in transfers on their way.
    pub free: i64,
    /// How many are somebody's already: in transfers that are not dispatched, or listed by an offer.
    pub given: i64,
    /// The same by firmware version; together they may be more than may go.
    pub free_by_firmware: Firmware,
    /// By firmware version, what no offer and no transfer has promised as that version.
    pub unpromised: Firmware,
}

/// The eligible stock of a Party by pallet and kind: `Pending`, its own, not for tests, not in
/// quarantine, not in a transfer, and not past its installation end date.
pub fn eligible(tx: &mut Tx, app: &App, party: PartyId) -> Result<Vec<PalletStock>> {
    let today = british_day(app.now());
    let ends = InstallationEnds::new(store::stock_rules::ends(tx)?);
    let mut stock = store::excess::own(tx, party)?;
    stock.retain_mut(|stock| {
        stock.installation_end = ends.of(&stock.model.chts_version, stock.installation_end);
        stock.hubs -= stock.kept_back;
        stock.hubs > 0
            && !stock.is_test
            && stock.installation_end.is_none_or(|last_day| last_day >= today)
    });
    Ok(stock)
}

/// What a Party has of a specification that it may offer or send.
pub fn uncommitted(
    tx: &mut Tx,
    app: &App,
    party: PartyId,
    specification: &Specification,
) -> Result<Uncommitted> {
    let stock = eligible(tx, app, party)?;
    let of = stock.iter().filter(|stock| stock.specification() == *specification);
    let mut eligible = Firmware::new();
    for stock in of {
        *eligible.entry(stock.model.firmware_version.clone()).or_default() += stock.hubs;
    }
    let (mut open, mut listed) = (0, 0);
    let mut open_by_firmware: BTreeMap<String, i64> = BTreeMap::new();
    for offer in store::offers::commitments(tx, party)? {
        if offer.specification == *specification {
            open += offer.left;
            listed += if offer.lists_ids { offer.left } else { 0 };
            for (version, quantity) in offer.firmware {
                *open_by_firmware.entry(version).or_default() += quantity;
            }
        }
    }
    let total: i64 = eligible.values().sum();
    let mut outgoing = 0;
    for (versions, quantity) in transfers::open_outgoing(tx, party, specification)? {
        outgoing += quantity;
        if let [version] = &versions[..] {
            *open_by_firmware.entry(version.clone()).or_default() += quantity;
        }
    }
    let free = (total - open - outgoing).max(0);
    let mut unpromised = eligible.clone();
    for (version, left) in &mut unpromised {
        *left = (*left - open_by_firmware.get(version).copied().unwrap_or(0)).max(0);
    }
    let mut free_by_firmware = unpromised.clone();
    free_by_firmware.values_mut().for_each(|left| *left = free.min(*left));
    Ok(Uncommitted { eligible, free, given: outgoing + listed, free_by_firmware, unpromised })
}

/// Refuses unless the Party has so much of this stock that is eligible and not promised elsewhere,
/// and of these firmware versions, if any are agreed on.
pub fn must_have_uncommitted(
    tx: &mut Tx,
    app: &App,
    party: PartyId,
    specification: &Specification,
    versions: &[String],
    quantity: i64,
) -> Result<()> {
    let has = uncommitted(tx, app, party, specification)?;
    must_have(&has, specification, &Firmware::new(), quantity, 0)?;
    let unpromised: i64 = versions.iter().filter_map(|version| has.unpromised.get(version)).sum();
    let outgoing = transfers::open_outgoing(tx, party, specification)?;
    let among = |of: &[String]| of.len() > 1 && of.iter().all(|version| versions.contains(version));
    let promised: i64 = outgoing.iter().filter(|(of, _)| among(of)).map(|(_, n)| n).sum();
    let of_versions = (unpromised - promised).clamp(0, has.free);
    if versions.is_empty() || quantity <= of_versions {
        return Ok(());
    }
    let message = format!(
        "{quantity} hubs of firmware {} are more than can be sent: {of_versions} are eligible and \
         not promised elsewhere. Agree on fewer hubs or on more firmware versions.",
        versions.join(", ")
    );
    Err(domain::Refusal::field("firmware", message).into())
}

/// Refuses unless there is so much to offer, and so much of each firmware as the breakdown says,
/// where `own` hubs of what is promised are promised by the very thing that asks.
pub(super) fn must_have(
    has: &Uncommitted,
    specification: &Specification,
    firmware: &Firmware,
    quantity: i64,
    own: i64,
) -> Result<()> {
    if quantity > has.free + own {
        return Err(not_enough(specification, has.free + own, quantity).into());
    }
    for (version, wanted) in firmware {
        let free = has.free_by_firmware.get(version).copied().unwrap_or(0);
        if *wanted > free + own {
            let message = format!(
                "The firmware breakdown has {wanted} hubs of {version}; {} of it can be offered.",
                free + own
            );
            return Err(domain::Refusal::field("firmware", message).into());
        }
    }
    Ok(())
}
