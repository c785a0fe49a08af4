//! Drafting an offer, and changing what it says.

use domain::Refusal;
use domain::access::{Action, Actor};
use domain::ids::{OfferId, PartyId};
use domain::offers::{Action as Do, Firmware, Specification, State, Terms};
use domain::timers::british_day;
use jiff::civil::Date;
use store::Tx;
use store::offers::OfferRow;

use super::redo::{terms_map, with_specification};
use super::stock::must_have;
use super::{acting_party, by, ids, load_for, uncommitted};
use crate::files::hex;
use crate::journal::{Event, enact};
use crate::transfer_files::IdMistake;
use crate::{App, Result};

/// The device IDs of an offer, as far as a change says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Listing {
    /// As they are; none for a new offer.
    #[default]
    AsItIs,
    /// None: the offer is of any hubs of its specification.
    None,
    /// These: a pasted list or a file, CSV or XLSX.
    Ids(Vec<u8>),
}

/// What an offer is to say.
///
/// Where device IDs are listed, specification, quantity and firmware are theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The Party, where the DCC acts for one.
    pub party: Option<PartyId>,
    /// What stock.
    pub specification: Specification,
    /// How many of which firmware; empty for any.
    pub firmware: Firmware,
    /// The rest.
    pub terms: Terms,
    /// The device IDs.
    pub listing: Listing,
}

/// What became of a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drafted {
    /// The offer.
    Offer(OfferId),
    /// Nothing was changed: these IDs can't be offered.
    Mistakes(Vec<IdMistake>),
}

/// Drafts an offer. Nothing is reserved until it is submitted.
pub fn draft(app: &App, actor: &Actor, draft: &Draft) -> Result<Drafted> {
    let party = acting_party(actor, Action::ManageOffers, draft.party)?;
    let lines = match given_lines(app, draft)? {
        Ok(lines) => lines,
        Err(mistakes) => return Ok(Drafted::Mistakes(mistakes)),
    };
    let mut tx = app.db.write()?;
    must_be_able_to_offer(&mut tx, party)?;
    let said = match settle(&mut tx, app, party, None, draft, lines)? {
        Ok(said) => said,
        Err(mistakes) => return Ok(Drafted::Mistakes(mistakes)),
    };
    let offer = tx.next_id("offers")?;
    let event = Event::OfferDrafted {
        offer,
        party: party.0,
        terms: said.terms,
        firmware: said.firmware,
        ids_sha256: said.ids_sha256,
    };
    enact(&mut tx, app, by(actor, party), &event)?;
    tx.commit()?;
    app.bell.ring();
    Ok(Drafted::Offer(OfferId(offer)))
}

/// Changes what an offer says. Once it was submitted its specification, lots, closing day and IDs
/// stay, and its quantity can't go below what is allocated.
pub fn change(
    app: &App,
    actor: &Actor,
    id: OfferId,
    version: Option<i64>,
    draft: &Draft,
) -> Result<Drafted> {
    let lines = match given_lines(app, draft)? {
        Ok(lines) => lines,
        Err(mistakes) => return Ok(Drafted::Mistakes(mistakes)),
    };
    let mut tx = app.db.write()?;
    let row = load_for(&mut tx, actor, Action::ManageOffers, id, version)?;
    row.state.after(Do::Change)?;
    let said = match settle(&mut tx, app, row.party, Some(&row), draft, lines)? {
        Ok(said) => said,
        Err(mistakes) => return Ok(Drafted::Mistakes(mistakes)),
    };
    let (closes_at, expires_at) = moved_ends(&mut tx, &row, draft.terms.available_until)?;
    let event = Event::OfferChanged {
        offer: id.0,
        terms: said.terms,
        firmware: said.firmware,
        ids_sha256: said.ids_sha256,
        closes_at,
        expires_at,
    };
    enact(&mut tx, app, by(actor, row.party), &event)?;
    tx.commit()?;
    app.bell.ring();
    Ok(Drafted::Offer(id))
}

/// When a published offer now takes no more requests and when it expires, as far as another last day
/// of availability moves them.
fn moved_ends(
    tx: &mut Tx,
    row: &OfferRow,
    available_until: Option<Date>,
) -> Result<(Option<i64>, Option<i64>)> {
    let (Some(published), Some(closes)) = (row.published_at, row.closes_at) else {
        return Ok((None, None));
    };
    if available_until == row.terms.available_until {
        return Ok((None, None));
    }
    let expires = super::expiry(tx, published, available_until)?;
    let takes_requests = row.requests_closed_at.is_none() && expires < closes;
    let closes = takes_requests.then(|| expires.as_microsecond());
    Ok((closes, Some(expires.as_microsecond())))
}

fn given_lines(
    app: &App,
    draft: &Draft,
) -> Result<std::result::Result<Option<ids::Lines>, Vec<IdMistake>>> {
    match &draft.listing {
        Listing::Ids(bytes) => Ok(ids::read(app, bytes)?.map(Some)),
        Listing::AsItIs | Listing::None => Ok(Ok(None)),
    }
}

/// What an offer says, as its event has it.
struct Said {
    terms: std::collections::BTreeMap<String, String>,
    firmware: Firmware,
    ids_sha256: Option<String>,
}

/// Checks a draft against the rules and the stock, and says what the offer then says.
fn settle(
    tx: &mut Tx,
    app: &App,
    party: PartyId,
    before: Option<&OfferRow>,
    draft: &Draft,
    lines: Option<ids::Lines>,
) -> Result<std::result::Result<Said, Vec<IdMistake>>> {
    let (mut specification, mut firmware) = (draft.specification.clone(), draft.firmware.clone());
    let mut terms = tidied(&draft.terms);
    let mut ids_sha256 = None;
    let kept = match (&draft.listing, before.and_then(|row| row.ids_file)) {
        (Listing::AsItIs, Some(file)) => Some(file),
        _ => None,
    };
    let lines = match (lines, kept) {
        (Some(lines), _) => Some(lines),
        (None, Some(file)) => Some(ids::stored(tx, file)?),
        (None, None) => None,
    };
    let submitted = before.filter(|row| row.state != State::Draft);
    if let (Some(row), Some(_)) = (submitted, kept) {
        // What is listed stays and may be on its way, so it is not looked at again.
        (specification, firmware) =
            (row.specification.clone(), store::offers::firmware(tx, row.id)?);
        (terms.quantity, terms.minimum_lot) = (row.terms.quantity, row.terms.minimum_lot);
        let lines = lines.unwrap_or_default();
        ids_sha256 = Some(hex(&store::files::keep(tx, &ids::canonical(&lines), app.now())?.sha256));
    } else if let Some(lines) = lines {
        let own = before.map(|row| row.id);
        let listed = match ids::examine(tx, app.now(), party, own, &lines)? {
            Ok(listed) => listed,
            Err(mistakes) => return Ok(Err(mistakes)),
        };
        (specification, firmware) = (listed.specification, listed.firmware);
        terms.quantity = listed.keys.len() as i64;
        terms.minimum_lot = terms.minimum_lot.min(terms.quantity);
        let stored = store::files::keep(tx, &ids::canonical(&lines), app.now())?;
        ids_sha256 = Some(hex(&stored.sha256));
    }
    if let Some(row) = submitted {
        must_not_change_more(row, &specification, &terms, &draft.listing)?;
        if terms.quantity == row.terms.quantity {
            firmware = store::offers::firmware(tx, row.id)?;
        }
    }
    terms.check(british_day(app.now()))?;
    must_be_known(&specification)?;
    terms.check_firmware(&firmware)?;
    let promised = before.filter(|row| row.state.commits_stock()).map_or(0, OfferRow::left);
    let allocated = before.map_or(0, |row| row.allocated);
    let asks_for_more = submitted.is_none_or(|row| {
        terms.quantity > row.terms.quantity
            || (allocated == 0 && terms.quantity != row.terms.quantity)
    });
    if asks_for_more {
        // What is allocated is no longer among what is free, whatever its firmware.
        let unknown = if allocated > 0 { Firmware::new() } else { firmware.clone() };
        let has = uncommitted(tx, app, party, &specification)?;
        must_have(&has, &specification, &unknown, terms.quantity - allocated, promised)?;
    }
    let terms = with_specification(terms_map(&terms), &specification);
    Ok(Ok(Said { terms, firmware, ids_sha256 }))
}

/// What was submitted keeps its specification, lots and IDs; what is allocated stays.
fn must_not_change_more(
    row: &OfferRow,
    specification: &Specification,
    terms: &Terms,
    listing: &Listing,
) -> Result<()> {
    if terms.quantity < row.allocated {
        let message = format!(
            "{} hubs are allocated: the quantity can't go below that. Enter at least {}.",
            row.allocated, row.allocated
        );
        return Err(Refusal::field("quantity", message).into());
    }
    let other_ids = row.ids_file.is_some() && *listing != Listing::AsItIs;
    let new_ids = row.ids_file.is_none() && matches!(listing, Listing::Ids(_));
    if *specification != row.specification
        || terms.differs_in_lots(&row.terms)
        || other_ids
        || new_ids
    {
        let message = "The specification, lots, closing day and device IDs of an offer stay as \
                       they were submitted. Withdraw it and make another.";
        return Err(Refusal::invalid(message).into());
    }
    Ok(())
}

fn must_be_known(specification: &Specification) -> Result<()> {
    if specification.parts().iter().any(|(_, part)| part.is_empty()) {
        let message = "Choose the stock that you offer.";
        return Err(Refusal::field("specification", message).into());
    }
    Ok(())
}

/// Refuses a Party that is not active, or may not hold hubs.
pub(super) fn must_be_able_to_offer(tx: &mut Tx, party: PartyId) -> Result<()> {
    let row = store::parties::load(tx, party)?.ok_or_else(|| Refusal::not_found("Party"))?;
    let details = &row.party.details;
    if details.can_receive_hubs() {
        return Ok(());
    }
    let why = if details.may_hold_hubs { "is not active" } else { "is not allowed to hold hubs" };
    let message = format!("{} {why} and can't offer stock.", details.legal_name);
    Err(Refusal::field("party", message).into())
}

fn tidied(terms: &Terms) -> Terms {
    Terms {
        packaging: terms.packaging.trim().to_owned(),
        location: terms.location.trim().to_owned(),
        notes: terms.notes.trim().to_owned(),
        ..terms.clone()
    }
}
