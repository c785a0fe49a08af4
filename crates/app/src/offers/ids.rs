//! The device IDs that an offer lists: read as people have them, held against the inventory.

use std::collections::HashMap;

use domain::access::{Action, Actor};
use domain::ids::{FileId, OfferId, PartyId};
use domain::inventory::SmiStatus;
use domain::offers::{Firmware, Specification};
use domain::stock_rules::InstallationEnds;
use domain::timers::{InWords, british_day};
use domain::{DeviceId, Refusal};
use jiff::Timestamp;
use jiff::civil::Date;
use store::Tx;
use store::bulk::facts;
use store::held_hubs::{self, Holder};

use crate::transfer_files::{IdMistake, read_ids};
use crate::{App, Error, Result, sheet};

/// A list of IDs that can be offered together.
pub(super) struct Listed {
    /// What they are of.
    pub specification: Specification,
    /// How many of which firmware.
    pub firmware: Firmware,
    /// Their keys, in order.
    pub keys: Vec<i64>,
}

/// IDs with the lines that they stand on.
pub(super) type Lines = Vec<(u32, DeviceId)>;

/// Reads a pasted list or a file, CSV or XLSX, into IDs with their lines; or every mistake.
pub(super) fn read(app: &App, bytes: &[u8]) -> Result<std::result::Result<Lines, Vec<IdMistake>>> {
    read_text(&sheet::text_of(app, bytes, "ids")?)
}

fn read_text(text: &str) -> Result<std::result::Result<Lines, Vec<IdMistake>>> {
    let read = read_ids(text);
    if read.as_ref().is_ok_and(Vec::is_empty) {
        return Err(Refusal::field("ids", "Enter at least one device ID.").into());
    }
    Ok(read)
}

/// The list as it is kept: one ID in a line, in the order in which they were given.
pub(super) fn canonical(lines: &Lines) -> Vec<u8> {
    list_text(lines.iter().map(|(_, device)| *device))
}

/// Device IDs as a list, one in a line.
pub(crate) fn list_text(devices: impl Iterator<Item = DeviceId>) -> Vec<u8> {
    let mut text = String::from("CommsHubID\r\n");
    for device in devices {
        text.push_str(&device.to_string());
        text.push_str("\r\n");
    }
    text.into_bytes()
}

/// The lines of a list as it is kept.
pub(super) fn kept(bytes: &[u8]) -> Result<Lines> {
    let damaged = || Error::Damaged("a stored list of device IDs cannot be read".into());
    let text = std::str::from_utf8(bytes).map_err(|_| damaged())?;
    read_text(text)?.map_err(|_| damaged())
}

/// The stored list of an offer.
pub(super) fn stored(tx: &mut Tx, file: FileId) -> Result<Lines> {
    kept(&store::files::whole(tx, file)?)
}

/// The hubs that an offer lists, in the order of their keys; none if it lists none.
pub(crate) fn listed_keys(tx: &mut Tx, offer: OfferId) -> Result<Option<Vec<i64>>> {
    let row = store::offers::load(tx, offer)?;
    let Some(file) = row.and_then(|row| row.ids_file) else { return Ok(None) };
    let mut keys: Vec<i64> = stored(tx, file)?.iter().map(|(_, device)| device.key()).collect();
    keys.sort_unstable();
    Ok(Some(keys))
}

/// Holds IDs against the inventory: what they are, or what is wrong with each.
pub(super) fn examine(
    tx: &mut Tx,
    now: Timestamp,
    party: PartyId,
    own: Option<OfferId>,
    lines: &Lines,
) -> Result<std::result::Result<Listed, Vec<IdMistake>>> {
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_unstable_by_key(|place| lines[*place].1.key());
    let keys: Vec<i64> = order.iter().map(|place| lines[*place].1.key()).collect();
    let hubs = facts::hubs(tx, &keys, &mut |_| Ok(()))?;
    let models = store::excess::models(tx)?;
    let ends = InstallationEnds::new(store::stock_rules::ends(tx)?);
    let holders = held_hubs::holders(tx, &keys)?;
    let unknown: Vec<(u32, i64)> = (0..)
        .zip(&keys)
        .zip(&hubs.rows)
        .filter(|(_, row)| row.is_none())
        .map(|((place, key), _)| (place, *key))
        .collect();
    let gpfs = own_gpfs(tx, party, &unknown)?;
    let today = british_day(now);
    let mut found: Option<Listed> = None;
    let mut mistakes = Vec::new();
    // In the order of the list, so that the first ID says of what the offer is.
    let mut places = vec![0; order.len()];
    for (sorted, place) in order.iter().enumerate() {
        places[*place] = sorted;
    }
    for ((line, device), sorted) in lines.iter().zip(places) {
        let mut mistake = |message: String| {
            mistakes.push(IdMistake { line: *line, given: device.to_string(), message });
        };
        let Some(hub) = hubs.rows[sorted].filter(|hub| i64::from(hub.party) == party.0) else {
            mistake(match gpfs.get(&(sorted as u32)) {
                Some(chf) => format!("This is a Gas Proxy Function; its hub's CHF ID is {chf}."),
                None => "There is no such hub in this Party's stock.".to_owned(),
            });
            continue;
        };
        let pack = hubs.pack(&hub);
        let model = models
            .get(&i64::from(pack.model))
            .ok_or_else(|| Error::Damaged(format!("there is no model {}", pack.model)))?;
        let end = ends.of(&model.chts_version, pack.installation_end);
        if let Some(message) = not_eligible(&hub, pack.is_test, end, today)
            .or_else(|| held_elsewhere(holders[sorted], own))
        {
            mistake(message);
            continue;
        }
        let region = &hubs.regions[usize::from(pack.region)];
        let specification = Specification::of(model, region);
        let listed = found.get_or_insert_with(|| Listed {
            specification: specification.clone(),
            firmware: Firmware::new(),
            keys: Vec::new(),
        });
        if listed.specification != specification {
            let first = &listed.specification;
            mistake(format!(
                "It is of {specification}, and the first of the list of {first}. Make an offer \
                 for each specification."
            ));
            continue;
        }
        *listed.firmware.entry(model.firmware_version.clone()).or_default() += 1;
    }
    match found {
        Some(mut listed) if mistakes.is_empty() => {
            listed.keys = keys;
            Ok(Ok(listed))
        }
        _ => Ok(Err(mistakes)),
    }
}

fn not_eligible(
    hub: &facts::HubRow,
    is_test: bool,
    end: Option<Date>,
    today: Date,
) -> Option<String> {
    if hub.status != SmiStatus::Pending {
        let since = Timestamp::from_microsecond(hub.status_at).map(british_day);
        let since = since.map(|day| format!(" since {}", InWords(day))).unwrap_or_default();
        let status = hub.status.name();
        return Some(format!(
            "Its SMI status is {status}{since}; only Pending hubs can be offered."
        ));
    }
    if is_test {
        return Some("It is a test hub, which never moves.".to_owned());
    }
    if hub.is_quarantined {
        return Some("It is in quarantine. Ask DCC logistics to release it first.".to_owned());
    }
    end.filter(|end| *end < today).map(|end| {
        let end = InWords(end);
        format!("Its installation end date was {end}; return it to the DCC.")
    })
}

fn held_elsewhere(holder: Option<Holder>, own: Option<OfferId>) -> Option<String> {
    match holder {
        Some(Holder::Offer(offer)) if Some(offer) != own => {
            Some(format!("It is in {offer} already. Withdraw that offer or take it out of one."))
        }
        Some(Holder::Transfer(transfer)) => Some(format!("It is in {transfer}, an open transfer.")),
        Some(Holder::Offer(_)) | None => None,
    }
}

/// Which of the unknown IDs are Gas Proxy Functions of this Party's own hubs.
fn own_gpfs(tx: &mut Tx, party: PartyId, unknown: &[(u32, i64)]) -> Result<HashMap<u32, DeviceId>> {
    let mut pairs = facts::hubs_of_gpfs(tx, unknown)?;
    pairs.sort_unstable_by_key(|(_, chf)| *chf);
    let mut keys: Vec<i64> = pairs.iter().map(|(_, chf)| *chf).collect();
    keys.dedup();
    let rows = facts::hubs(tx, &keys, &mut |_| Ok(()))?.rows;
    let is_own = |chf: i64| {
        let row = keys.binary_search(&chf).ok().and_then(|place| rows[place]);
        row.is_some_and(|row| i64::from(row.party) == party.0)
    };
    let own = pairs.into_iter().filter(|(_, chf)| is_own(*chf));
    Ok(own.map(|(place, chf)| (place, DeviceId::from_key(chf))).collect())
}

/// What would come of offering these IDs now: one answer for each mistake, none if all is well. For an
/// offer that there is already, `of` says which, and its Party is meant.
pub fn check_list(
    app: &App,
    actor: &Actor,
    party: Option<PartyId>,
    of: Option<OfferId>,
    bytes: &[u8],
) -> Result<std::result::Result<usize, Vec<IdMistake>>> {
    let party = match of {
        Some(id) => {
            let mut tx = app.db.read()?;
            super::load_for(&mut tx, actor, Action::ManageOffers, id, None)?.party
        }
        None => super::acting_party(actor, Action::ManageOffers, party)?,
    };
    let lines = match read(app, bytes)? {
        Ok(lines) => lines,
        Err(mistakes) => return Ok(Err(mistakes)),
    };
    let examined = examine(&mut app.db.read()?, app.now(), party, of, &lines)?;
    Ok(examined.map(|_| lines.len()))
}

/// The device IDs that an offer lists with what is wrong with them now: for its own Party, for the
/// Party that was selected, and for those who see all offers.
pub fn list_of(app: &App, actor: &Actor, id: OfferId) -> Result<(Vec<DeviceId>, Vec<IdMistake>)> {
    let mut tx = app.db.read()?;
    let (row, seen) = super::must_see(&mut tx, actor, id)?;
    if seen == super::Seen::Board {
        return Err(Refusal::not_found("list of device IDs").into());
    }
    let Some(file) = row.ids_file else {
        return Err(Refusal::not_found("list of device IDs").into());
    };
    let lines = stored(&mut tx, file)?;
    let mut mistakes = Vec::new();
    if seen == super::Seen::Whole
        && (row.state == domain::offers::State::Draft || row.state.commits_stock())
        && let Err(found) = examine(&mut tx, app.now(), row.party, Some(id), &lines)?
    {
        mistakes = found;
    }
    Ok((lines.into_iter().map(|(_, device)| device).collect(), mistakes))
}
