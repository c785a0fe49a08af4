//! What an event says of an offer, done: by the operation itself, and again from the journal.

use std::collections::BTreeMap;

use domain::ids::{OfferId, PartyId, PolicyId, RequestId, UserId};
use domain::offers::{Action as Do, Carriage, Firmware, Specification, State, Terms};
use domain::requests::{Action as DoRequest, Asked};
use jiff::Timestamp;
use jiff::civil::Date;
use store::Tx;
use store::held_hubs::{self, Holder};
use store::journal::EntryRow;
use store::offers::{self as rows, OfferRow};
use store::timers as deadlines;

use super::ids;
use crate::journal::{Event, Given};
use crate::{App, Error, Result};

type Fields = BTreeMap<String, String>;

/// Does what an entry says of an offer. `from` has the stored files that entries name.
pub fn redo(tx: &mut Tx, from: &App, entry: &EntryRow, event: &Event) -> Result<()> {
    match event {
        Event::OfferDrafted { offer, party, terms, firmware, ids_sha256 } => {
            let row = OfferRow {
                id: OfferId(*offer),
                party: PartyId(*party),
                state: State::Draft,
                specification: specification_of(terms),
                terms: read_terms(terms)?,
                allocated: 0,
                ids_file: list(tx, from, ids_sha256.as_deref(), entry.at)?,
                closes_at: None,
                requests_closed_at: None,
                expires_at: None,
                policy: None,
                reason: None,
                created_by: entry.actor.map(UserId),
                created_at: entry.at,
                submitted_at: None,
                published_at: None,
                version: 1,
            };
            rows::insert(tx, &row)?;
            rows::put_firmware(tx, row.id, firmware)?;
        }
        Event::OfferChanged { offer, terms, firmware, ids_sha256, closes_at, expires_at } => {
            let said = (terms, firmware, ids_sha256.as_deref());
            let row = change(tx, from, entry, OfferId(*offer), said)?;
            move_ends(tx, row, *closes_at, *expires_at)?;
        }
        Event::OfferSubmitted { offer, publish_by } => {
            let row = moved(tx, *offer, Do::Submit, |row| {
                row.submitted_at = Some(entry.at);
                row.reason = None;
            })?;
            if let Some(keys) = ids::listed_keys(tx, row.id)? {
                held_hubs::hold(tx, Holder::Offer(row.id), row.party, &keys)?;
            }
            deadlines::set(tx, &row.id.to_string(), "publish", instant(*publish_by)?)?;
        }
        Event::OfferReturned { offer, reason } => {
            let row = moved(tx, *offer, Do::Return, |row| {
                row.reason = Some(reason.clone());
                row.submitted_at = None;
            })?;
            held_hubs::release_all(tx, Holder::Offer(row.id))?;
            deadlines::settle(tx, &row.id.to_string(), "publish", entry.at)?;
        }
        Event::OfferPublished { offer, policy, closes_at, expires_at } => {
            let (closes, expires) = (instant(*closes_at)?, instant(*expires_at)?);
            let row = moved(tx, *offer, Do::Publish, |row| {
                row.policy = policy.map(PolicyId);
                (row.closes_at, row.expires_at) = (Some(closes), Some(expires));
                row.published_at = Some(entry.at);
            })?;
            let subject = row.id.to_string();
            deadlines::settle(tx, &subject, "publish", entry.at)?;
            deadlines::set(tx, &subject, "close", closes)?;
            deadlines::set(tx, &subject, "expire", expires)?;
        }
        Event::OfferPublicationOverdue { offer } => {
            deadlines::tell(tx, &OfferId(*offer).to_string(), "publish", entry.at)?;
        }
        Event::OfferClosingMoved { offer, closes_at } => {
            let closes = instant(*closes_at)?;
            let mut row = load(tx, *offer)?;
            row.closes_at = Some(closes);
            rows::update(tx, &row)?;
            deadlines::set(tx, &row.id.to_string(), "close", closes)?;
        }
        Event::OfferClosedToRequests { offer, select_by } => {
            let mut row = load(tx, *offer)?;
            row.requests_closed_at = Some(entry.at);
            rows::update(tx, &row)?;
            let subject = row.id.to_string();
            deadlines::settle(tx, &subject, "close", entry.at)?;
            deadlines::set(tx, &subject, "select", instant(*select_by)?)?;
        }
        Event::OfferExpiryWaits { offer } => {
            deadlines::settle(tx, &OfferId(*offer).to_string(), "expire", entry.at)?;
        }
        Event::OfferReopened { offer, closes_at } => {
            let closes = instant(*closes_at)?;
            let mut row = load(tx, *offer)?;
            (row.closes_at, row.requests_closed_at) = (Some(closes), None);
            rows::update(tx, &row)?;
            deadlines::set(tx, &row.id.to_string(), "close", closes)?;
        }
        Event::OfferAllocated { offer, given } => allocate(tx, entry, OfferId(*offer), given)?,
        Event::AllocationGivenBack { offer, request, quantity } => {
            give_back(tx, OfferId(*offer), RequestId(*request), *quantity)?;
        }
        Event::OfferSuspended { offer, reason } => {
            moved(tx, *offer, Do::Suspend, |row| row.reason = Some(reason.clone()))?;
        }
        Event::OfferResumed { offer } => {
            let how = match load(tx, *offer)?.allocated {
                0 => Do::Resume,
                _ => Do::ResumeAllocated,
            };
            moved(tx, *offer, how, |row| row.reason = None)?;
        }
        Event::OfferWithdrawn { offer, reason } => {
            let row =
                end(tx, entry, *offer, Do::Withdraw, Some(reason), "The offer was withdrawn.")?;
            held_hubs::release_all(tx, Holder::Offer(row.id))?;
        }
        Event::OfferClosed { offer, reason, keeps_hubs } => {
            let row = end(tx, entry, *offer, Do::Close, Some(reason), "The offer was closed.")?;
            if !keeps_hubs {
                held_hubs::release_all(tx, Holder::Offer(row.id))?;
            }
        }
        Event::OfferExpired { offer } => {
            let row =
                end(tx, entry, *offer, Do::Expire, None, "The offer expired before selection.")?;
            held_hubs::release_all(tx, Holder::Offer(row.id))?;
        }
        _ => {}
    }
    Ok(())
}

fn load(tx: &mut Tx, offer: i64) -> Result<OfferRow> {
    rows::load(tx, OfferId(offer))?
        .ok_or_else(|| Error::Damaged(format!("there is no {}", OfferId(offer))))
}

/// Moves an offer to its next state and writes what else changes with it.
fn moved(
    tx: &mut Tx,
    offer: i64,
    action: Do,
    also: impl FnOnce(&mut OfferRow),
) -> Result<OfferRow> {
    let mut row = load(tx, offer)?;
    row.state = row.state.after(action)?;
    also(&mut row);
    rows::update(tx, &row)?;
    Ok(row)
}

fn change(
    tx: &mut Tx,
    from: &App,
    entry: &EntryRow,
    offer: OfferId,
    (terms, firmware, ids_sha256): (&Fields, &Firmware, Option<&str>),
) -> Result<OfferRow> {
    let ids_file = list(tx, from, ids_sha256, entry.at)?;
    let terms_now = read_terms(terms)?;
    let row = moved(tx, offer.0, Do::Change, |row| {
        row.specification = specification_of(terms);
        row.terms = terms_now;
        row.ids_file = ids_file;
    })?;
    rows::put_firmware(tx, row.id, firmware)?;
    // What is left of a part-allocated offer may have come to nothing.
    if row.state == State::PartAllocated && row.left() == 0 {
        let state = row.state.after(Do::AllocateAll)?;
        must(rows::allocate(tx, row.id, 0, state)?, &row)?;
    }
    load(tx, offer.0)
}

/// Moves the instants at which an offer closes to requests and expires, with their deadlines.
fn move_ends(
    tx: &mut Tx,
    mut row: OfferRow,
    closes_at: Option<i64>,
    expires_at: Option<i64>,
) -> Result<()> {
    let subject = row.id.to_string();
    if let Some(closes) = closes_at {
        let closes = instant(closes)?;
        row.closes_at = Some(closes);
        deadlines::set(tx, &subject, "close", closes)?;
    }
    if let Some(expires) = expires_at {
        let expires = instant(expires)?;
        row.expires_at = Some(expires);
        deadlines::set(tx, &subject, "expire", expires)?;
    }
    if closes_at.is_some() || expires_at.is_some() {
        rows::update(tx, &row)?;
    }
    Ok(())
}

/// Allocates, in the table that no sum can exceed, and tells each request what it gets.
fn allocate(tx: &mut Tx, entry: &EntryRow, offer: OfferId, given: &[Given]) -> Result<()> {
    let row = load(tx, offer.0)?;
    let more: i64 = given.iter().map(|given| given.quantity).sum();
    if more > 0 {
        let action = if more == row.left() { Do::AllocateAll } else { Do::Allocate };
        let state = row.state.after(action)?;
        must(rows::allocate(tx, offer, more, state)?, &row)?;
    }
    for given in given {
        let id = RequestId(given.request);
        let mut request = request(tx, id)?;
        let action = match (given.quantity, request.allocated + given.quantity) {
            (0, _) => DoRequest::Decline,
            (_, sum) if sum == request.asked.quantity => DoRequest::Allocate,
            _ => DoRequest::AllocatePart,
        };
        request.state = request.state.after(action)?;
        request.allocated += given.quantity;
        request.reason = Some(given.reason.clone());
        store::requests::update(tx, &request)?;
    }
    let subject = offer.to_string();
    deadlines::settle(tx, &subject, "select", entry.at)?;
    // It may have waited for selection.
    if let Some(expires) = row.expires_at {
        deadlines::set(tx, &subject, "expire", expires)?;
    }
    Ok(())
}

fn give_back(tx: &mut Tx, offer: OfferId, id: RequestId, quantity: i64) -> Result<()> {
    let row = load(tx, offer.0)?;
    let action = if row.allocated == quantity { Do::GiveBackAll } else { Do::GiveBack };
    let state = row.state.after(action)?;
    must(rows::allocate(tx, offer, -quantity, state)?, &row)?;
    let mut request = request(tx, id)?;
    let all = request.allocated == quantity;
    request.state =
        request.state.after(if all { DoRequest::Lapse } else { DoRequest::GiveBack })?;
    request.allocated -= quantity;
    store::requests::update(tx, &request)?;
    let_go(tx, offer)
}

/// Lets go of the hubs that an offer lists which has ended, once none of its transfers waits for
/// them any more.
pub(crate) fn let_go(tx: &mut Tx, offer: OfferId) -> Result<()> {
    let has_ended = !load(tx, offer.0)?.state.commits_stock();
    if has_ended && store::transfers::undispatched_of(tx, offer)? == 0 {
        held_hubs::release_all(tx, Holder::Offer(offer))?;
    }
    Ok(())
}

fn request(tx: &mut Tx, id: RequestId) -> Result<store::requests::RequestRow> {
    store::requests::load(tx, id)?.ok_or_else(|| Error::Damaged(format!("there is no {id}")))
}

fn must(done: bool, row: &OfferRow) -> Result<()> {
    if done { Ok(()) } else { Err(super::allocate::too_much(row).into()) }
}

fn end(
    tx: &mut Tx,
    entry: &EntryRow,
    offer: i64,
    action: Do,
    reason: Option<&String>,
    told: &str,
) -> Result<OfferRow> {
    let row = moved(tx, offer, action, |row| {
        if let Some(reason) = reason.filter(|reason| !reason.is_empty()) {
            row.reason = Some(reason.clone());
        }
    })?;
    store::requests::lapse_queued(tx, row.id, told)?;
    deadlines::settle_all(tx, &row.id.to_string(), entry.at)?;
    Ok(row)
}

/// The stored list of this hash: in this database, or in the one that is being rebuilt from.
fn list(
    tx: &mut Tx,
    from: &App,
    sha256: Option<&str>,
    at: Timestamp,
) -> Result<Option<domain::ids::FileId>> {
    let Some(sha256) = sha256 else { return Ok(None) };
    let missing = || Error::Damaged(format!("there is no stored file {sha256}"));
    let hash = crate::files::from_hex(sha256).ok_or_else(missing)?;
    if let Some(file) = store::files::find(tx, &hash)? {
        return Ok(Some(file.id));
    }
    let mut live = from.db.read()?;
    let file = store::files::find(&mut live, &hash)?.ok_or_else(missing)?;
    let bytes = store::files::whole(&mut live, file.id)?;
    Ok(Some(store::files::keep(tx, &bytes, at)?.id))
}

pub(super) fn instant(micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(micros)
        .map_err(|_| Error::Damaged(format!("{micros} is no instant")))
}

/// The terms of an offer as its events have them.
pub(crate) fn terms_map(terms: &Terms) -> Fields {
    let day = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
    let pairs = [
        ("quantity", terms.quantity.to_string()),
        ("minimum_lot", terms.minimum_lot.to_string()),
        ("full_pallets", terms.full_pallets.to_string()),
        ("packaging", terms.packaging.clone()),
        ("location", terms.location.clone()),
        ("carriage", terms.carriage.name().to_owned()),
        ("notes", terms.notes.clone()),
        ("available_from", terms.available_from.to_string()),
        ("available_until", day(terms.available_until)),
        ("closes_on", day(terms.closes_on)),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Adds the specification to what an event says.
pub(crate) fn with_specification(mut fields: Fields, specification: &Specification) -> Fields {
    let parts = [
        ("manufacturer", &specification.manufacturer),
        ("model", &specification.model),
        ("han_variant", &specification.han_variant),
        ("wan_variant", &specification.wan_variant),
        ("region", &specification.region),
    ];
    fields.extend(parts.map(|(name, value)| (name.to_owned(), value.clone())));
    fields
}

fn field<'f>(fields: &'f Fields, name: &str) -> &'f str {
    fields.get(name).map_or("", String::as_str)
}

/// The specification in what an event says.
pub(crate) fn specification_of(fields: &Fields) -> Specification {
    let get = |name: &str| field(fields, name).to_owned();
    Specification {
        manufacturer: get("manufacturer"),
        model: get("model"),
        han_variant: get("han_variant"),
        wan_variant: get("wan_variant"),
        region: get("region"),
    }
}

pub(crate) fn read_number(fields: &Fields, name: &str) -> Result<i64> {
    let text = field(fields, name);
    text.parse().map_err(|_| Error::Damaged(format!("{name} is {text:?}")))
}

pub(crate) fn read_day(fields: &Fields, name: &str) -> Result<Option<Date>> {
    match field(fields, name) {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| Error::Damaged(format!("{name} is {text:?}"))),
    }
}

fn read_terms(fields: &Fields) -> Result<Terms> {
    let damaged = |name: &str| Error::Damaged(format!("{name} is {:?}", field(fields, name)));
    Ok(Terms {
        quantity: read_number(fields, "quantity")?,
        minimum_lot: read_number(fields, "minimum_lot")?,
        full_pallets: field(fields, "full_pallets") == "true",
        packaging: field(fields, "packaging").to_owned(),
        location: field(fields, "location").to_owned(),
        carriage: Carriage::from_name(field(fields, "carriage"))
            .ok_or_else(|| damaged("carriage"))?,
        notes: field(fields, "notes").to_owned(),
        available_from: read_day(fields, "available_from")?
            .ok_or_else(|| damaged("available_from"))?,
        available_until: read_day(fields, "available_until")?,
        closes_on: read_day(fields, "closes_on")?,
    })
}

/// What a request asks for, as its events have it.
pub(crate) fn asked_map(asked: &Asked) -> Fields {
    let pairs = [
        ("quantity", asked.quantity.to_string()),
        ("minimum", asked.minimum.to_string()),
        ("needed_by", asked.needed_by.map(|day| day.to_string()).unwrap_or_default()),
        ("location", asked.location.clone()),
        ("notes", asked.notes.clone()),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What a request asks for in what an event says.
pub(crate) fn read_asked(fields: &Fields) -> Result<Asked> {
    Ok(Asked {
        quantity: read_number(fields, "quantity")?,
        minimum: read_number(fields, "minimum")?,
        needed_by: read_day(fields, "needed_by")?,
        location: field(fields, "location").to_owned(),
        notes: field(fields, "notes").to_owned(),
    })
}
