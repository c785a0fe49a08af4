//! Offers, requests, selection and transfers.

use domain::access::Organisation;
use domain::ids::{AllocationRunId, OfferId, PartyId, PolicyId, RequestId, TransferId};
use domain::notifications::{MessageKind, Person, Side, When};
use domain::offers::Specification;
use domain::reconciliation::Outcome;
use domain::transfers::State;
use jiff::Timestamp;
use store::Tx;

use super::{Facts, day};
use crate::Result;
use crate::journal::{Event, Match};
use crate::sign_in::organisation_name;

/// What is told of an event of the market; nothing where it is about something else.
pub(super) fn of(tx: &mut Tx, event: &Event) -> Result<Vec<Facts>> {
    match event {
        Event::OfferSubmitted { offer, .. }
        | Event::OfferPublicationOverdue { offer }
        | Event::OfferClosedToRequests { offer, .. } => offer_facts(tx, *offer, "", ""),
        Event::OfferReturned { offer, reason } => offer_facts(tx, *offer, "was returned", reason),
        Event::OfferSuspended { offer, reason } => {
            let mut facts = offer_facts(tx, *offer, "was suspended", reason)?;
            facts.iter_mut().for_each(|facts| facts.only = vec![MessageKind::OfferDecided]);
            facts.extend(moved(tx, *offer, "was suspended")?);
            Ok(facts)
        }
        Event::OfferResumed { offer } => {
            let mut facts = offer_facts(tx, *offer, "is on the board again", "")?;
            facts.iter_mut().for_each(|facts| facts.only = vec![MessageKind::OfferDecided]);
            facts.extend(moved(tx, *offer, "is on the board again")?);
            Ok(facts)
        }
        Event::OfferChanged { offer, .. } => moved(tx, *offer, "was changed"),
        Event::OfferReopened { offer, .. } => ended(tx, *offer, "takes requests again", ""),
        Event::OfferWithdrawn { offer, reason } => ended(tx, *offer, "was withdrawn", reason),
        Event::OfferClosed { offer, reason, .. } => ended(tx, *offer, "was closed", reason),
        Event::OfferExpired { offer } => ended(tx, *offer, "has expired", ""),
        Event::OfferPublished { offer, .. } => published(tx, *offer),
        Event::OfferAllocated { offer, given } => {
            let given: Vec<(i64, i64, &str)> =
                given.iter().map(|one| (one.request, one.quantity, one.reason.as_str())).collect();
            allocated(tx, *offer, &given)
        }
        Event::RequestQueued { request, .. } => queued(tx, RequestId(*request)),
        Event::RequestLapsed { request, reason } => lapsed(tx, RequestId(*request), reason),
        Event::WantedMatched { matches } => matched(tx, matches),
        Event::PolicyPublished { policy, approval, in_force_from, .. } => {
            Ok(vec![policy_facts(*policy, approval, *in_force_from)])
        }
        Event::PolicyWithdrawn { policy, reason } => {
            Ok(vec![policy_news(*policy, "was withdrawn", reason)])
        }
        Event::PolicyInForce { policy } => Ok(vec![policy_news(*policy, "is in force", "")]),
        Event::TransferAgreed { transfer, run, .. } => {
            let mut facts = transfer_facts(tx, *transfer, "")?;
            if let (Some(facts), Some(run)) = (facts.first_mut(), run) {
                let run = AllocationRunId(*run).to_string();
                facts.rows.push(("Selected by".into(), run));
            }
            Ok(facts)
        }
        Event::TransferNotified { transfer, .. }
        | Event::TransferDispatched { transfer, .. }
        | Event::TransferArrived { transfer, .. } => transfer_facts(tx, *transfer, ""),
        Event::TransferReceived { transfer, outcomes, .. } => {
            let matches = outcomes.get(Outcome::Match.name()).copied().unwrap_or(0);
            let waits = outcomes.values().sum::<u64>() > matches;
            with_lines(tx, *transfer, matches > 0, waits)
        }
        Event::TransferLinesCorrected { transfer, first_ready, .. } => {
            with_lines(tx, *transfer, *first_ready, false)
        }
        Event::TransferFileDropped { transfer, .. } => with_lines(tx, *transfer, true, false),
        Event::TransferReversalOpened { transfer, reason, .. } => {
            transfer_facts(tx, *transfer, reason)
        }
        Event::TransferConfirmed { transfer, .. } => {
            let mut facts = transfer_facts(tx, *transfer, "")?;
            let row = store::transfers::load(tx, TransferId(*transfer))?;
            if row.is_some_and(|row| row.state != State::Agreed) {
                facts.iter_mut().for_each(|facts| facts.so.push(When::BothConfirmed));
            }
            Ok(facts)
        }
        Event::TransferLapsed { transfer } => {
            stopped(tx, *transfer, "was not confirmed in time", "")
        }
        Event::TransferCancelled { transfer, reason, .. } => {
            stopped(tx, *transfer, "was cancelled", reason)
        }
        Event::TransferHeld { transfer, reason } => stopped(tx, *transfer, "is on hold", reason),
        Event::TransferReleased { transfer } => stopped(tx, *transfer, "goes on", ""),
        Event::TransferCompleted { transfer, moved, waiting, with_exceptions, .. } => {
            let mut facts = transfer_facts(tx, *transfer, "")?;
            for facts in &mut facts {
                (facts.moved, facts.rejected) = (*moved, *waiting);
                facts.what = if *with_exceptions { "with exceptions" } else { "" }.to_owned();
            }
            Ok(facts)
        }
        Event::TransferOverdue { transfer, what } => overdue(tx, *transfer, what),
        _ => Ok(Vec::new()),
    }
}

/// `106C 04200103, Single Band, Cellular, North`.
fn stock(of: &Specification) -> String {
    let model = format!("{} {}", of.manufacturer, of.model);
    let parts = [model.trim(), &of.han_variant, &of.wan_variant, &of.region];
    let known: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    if known.is_empty() { "any model".to_owned() } else { known.join(", ") }
}

fn party(tx: &mut Tx, party: PartyId) -> Result<String> {
    organisation_name(tx, Organisation::Party(party))
}

fn row(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

/// An offer without its Party's name, which is not everybody's to know.
fn offer_facts(tx: &mut Tx, offer: i64, what: &str, reason: &str) -> Result<Vec<Facts>> {
    let Some(offer) = store::offers::load(tx, OfferId(offer))? else { return Ok(Vec::new()) };
    let mut facts = Facts {
        about: offer.id.to_string(),
        path: format!("/offers/{}", offer.id),
        parties: vec![(Side::Offering, offer.party)],
        name: stock(&offer.specification),
        what: what.to_owned(),
        reason: reason.to_owned(),
        number: offer.terms.quantity.unsigned_abs(),
        ..Facts::default()
    };
    facts
        .rows
        .push(row("Minimum lot", Facts::count(&offer.terms.minimum_lot.unsigned_abs(), "hub")));
    facts.rows.extend(offer.closes_at.map(|at| row("Takes requests until", day(before(at)))));
    Ok(vec![facts])
}

/// The day that a deadline at its end belongs to.
fn before(at: Timestamp) -> Timestamp {
    at - jiff::SignedDuration::from_secs(1)
}

/// An offer that ended, with the Parties whose requests ended with it.
fn ended(tx: &mut Tx, offer: i64, what: &str, reason: &str) -> Result<Vec<Facts>> {
    let mut facts = offer_facts(tx, offer, what, reason)?;
    let requests = store::requests::received(tx, OfferId(offer))?;
    let mut parties: Vec<PartyId> = requests.iter().map(|request| request.party).collect();
    parties.sort_unstable();
    parties.dedup();
    for facts in &mut facts {
        facts.parties.extend(parties.iter().map(|party| (Side::Requesting, *party)));
    }
    Ok(facts)
}

/// What became of an offer, for the Parties whose requests wait for it. Why is not theirs to know.
fn moved(tx: &mut Tx, offer: i64, what: &str) -> Result<Vec<Facts>> {
    let mut facts = offer_facts(tx, offer, what, "")?;
    let queued = store::requests::queued(tx, OfferId(offer))?;
    for facts in &mut facts {
        facts.only = vec![MessageKind::OfferMoved];
        facts.parties = queued.iter().map(|row| (Side::Requesting, row.party)).collect();
    }
    Ok(facts)
}

fn lapsed(tx: &mut Tx, request: RequestId, reason: &str) -> Result<Vec<Facts>> {
    let Some(request) = store::requests::load(tx, request)? else { return Ok(Vec::new()) };
    Ok(vec![Facts {
        about: request.id.to_string(),
        path: format!("/requests/{}", request.id),
        parties: vec![(Side::Requesting, request.party)],
        number: request.asked.quantity.unsigned_abs(),
        name: stock(&request.specification),
        reason: reason.to_owned(),
        ..Facts::default()
    }])
}

/// An offer that is new on the board, and the saved filters that find it.
fn published(tx: &mut Tx, offer: i64) -> Result<Vec<Facts>> {
    let mut all = offer_facts(tx, offer, "is on the board", "")?;
    let Some(of_offer) = all.first().cloned() else { return Ok(all) };
    all[0].only = vec![MessageKind::OfferPublished, MessageKind::OfferDecided];
    for filter in crate::board::filters_matching(tx, OfferId(offer))? {
        all.push(Facts {
            only: vec![MessageKind::FilterMatched],
            about: format!("{} {}", of_offer.about, filter.id),
            people: vec![(Person::Saver, filter.owner)],
            at: Some(filter.organisation),
            parties: Vec::new(),
            what: filter.name,
            ..of_offer.clone()
        });
    }
    Ok(all)
}

/// What each request was given, for its Party, and who was selected, for the offering one.
fn allocated(tx: &mut Tx, offer: i64, given: &[(i64, i64, &str)]) -> Result<Vec<Facts>> {
    let Some(of_offer) = offer_facts(tx, offer, "", "")?.into_iter().next() else {
        return Ok(Vec::new());
    };
    let (mut all, mut selected, mut hubs) = (Vec::new(), Vec::new(), 0);
    for (request, quantity, reason) in given {
        let Some(request) = store::requests::load(tx, RequestId(*request))? else { continue };
        let quantity = quantity.unsigned_abs();
        if quantity > 0 {
            hubs += quantity;
            let name = party(tx, request.party)?;
            selected.push((name, Facts::count(&quantity, "hub")));
        }
        all.push(Facts {
            only: vec![MessageKind::RequestDecided],
            about: format!("{} {}", request.id, of_offer.about),
            path: format!("/requests/{}", request.id),
            parties: vec![(Side::Requesting, request.party)],
            to: request.id.to_string(),
            from: of_offer.about.clone(),
            number: request.asked.quantity.unsigned_abs(),
            moved: quantity,
            reason: (*reason).to_owned(),
            name: of_offer.name.clone(),
            ..Facts::default()
        });
    }
    all.push(Facts {
        only: vec![MessageKind::OfferAllocated],
        moved: hubs,
        rows: selected,
        ..of_offer
    });
    Ok(all)
}

fn queued(tx: &mut Tx, request: RequestId) -> Result<Vec<Facts>> {
    let Some(request) = store::requests::load(tx, request)? else { return Ok(Vec::new()) };
    let Some(offer) = request.offer else { return Ok(Vec::new()) };
    let mut facts = offer_facts(tx, offer.0, "", "")?;
    for facts in &mut facts {
        facts.moved = request.asked.quantity.unsigned_abs();
    }
    Ok(facts)
}

/// Each match twice: for whoever offers and for whoever wants, neither with the other's name.
fn matched(tx: &mut Tx, matches: &[Match]) -> Result<Vec<Facts>> {
    let mut all = Vec::new();
    for found in matches {
        let offer = offer_facts(tx, found.offer, "", &found.warning)?.into_iter().next();
        let request = store::requests::load(tx, RequestId(found.request))?;
        let (Some(offer), Some(request)) = (offer, request) else { continue };
        let of_request = request.id.to_string();
        all.push(Facts {
            about: format!("{} {of_request}", offer.about),
            parties: vec![(Side::Requesting, request.party)],
            what: format!("your wanted request {of_request}"),
            from: format!("the offer {}", offer.about),
            ..offer.clone()
        });
        all.push(Facts {
            about: format!("{of_request} {}", offer.about),
            path: format!("/requests/{of_request}"),
            what: format!("your offer {}", offer.about),
            from: format!("the wanted request {of_request}"),
            number: request.asked.quantity.unsigned_abs(),
            name: stock(&request.specification),
            rows: request
                .asked
                .needed_by
                .map(|by| row("Needed by", domain::timers::InWords(by).to_string()))
                .into_iter()
                .collect(),
            ..offer
        });
    }
    Ok(all)
}

fn policy_facts(policy: i64, approval: &str, in_force_from: i64) -> Facts {
    let policy = PolicyId(policy).to_string();
    let from = Timestamp::from_microsecond(in_force_from).map(day).unwrap_or_default();
    Facts {
        path: format!("/policies/{policy}"),
        what: format!("comes into force on {from}"),
        rows: vec![row("Approval", approval), row("In force from", &from)],
        to: from,
        about: policy,
        ..Facts::default()
    }
}

fn policy_news(policy: i64, what: &str, reason: &str) -> Facts {
    let policy = PolicyId(policy).to_string();
    Facts {
        path: format!("/policies/{policy}"),
        about: policy,
        what: what.to_owned(),
        reason: reason.to_owned(),
        ..Facts::default()
    }
}

fn transfer_facts(tx: &mut Tx, transfer: i64, reason: &str) -> Result<Vec<Facts>> {
    let id = TransferId(transfer);
    let Some(transfer) = store::transfers::load(tx, id)? else { return Ok(Vec::new()) };
    let mut facts = Facts {
        about: id.to_string(),
        path: format!("/transfers/{id}"),
        parties: vec![(Side::Sender, transfer.sender), (Side::Receiver, transfer.receiver)],
        name: stock(&transfer.specification),
        reason: reason.to_owned(),
        from: party(tx, transfer.sender)?,
        to: party(tx, transfer.receiver)?,
        number: transfer.quantity.unsigned_abs(),
        ..Facts::default()
    };
    facts.rows.push(row("Hubs", Facts::count(&facts.number, "hub")));
    facts.rows.push(row("Stock", facts.name.clone()));
    for (name, value) in [
        ("Offer", transfer.offer.map(|offer| offer.to_string())),
        ("Takes back", transfer.reverses.map(|id| id.to_string())),
        ("Carrier", transfer.carrier),
        ("Consignment note", transfer.consignment_note),
    ] {
        facts.rows.extend(value.filter(|value| !value.is_empty()).map(|value| row(name, value)));
    }
    for deadline in store::timers::of(tx, &id.to_string())? {
        let is_ahead = deadline.settled_at.is_none() && deadline.told_at.is_none();
        if is_ahead && deadline.what != "escalate" {
            facts.rows.push(row("By", day(before(deadline.due_at))));
        }
    }
    Ok(vec![facts])
}

/// A transfer of which lines have become ready for a file, or wait to be corrected.
fn with_lines(tx: &mut Tx, transfer: i64, ready: bool, wait: bool) -> Result<Vec<Facts>> {
    let mut facts = transfer_facts(tx, transfer, "")?;
    for facts in &mut facts {
        facts.so.extend(ready.then_some(When::LinesReady));
        facts.so.extend(wait.then_some(When::LinesWait));
    }
    Ok(facts)
}

fn stopped(tx: &mut Tx, transfer: i64, what: &str, reason: &str) -> Result<Vec<Facts>> {
    let mut facts = transfer_facts(tx, transfer, reason)?;
    facts.iter_mut().for_each(|facts| facts.what = what.to_owned());
    Ok(facts)
}

/// A deadline that passed is told to the DCC, and to the side that is late.
fn overdue(tx: &mut Tx, transfer: i64, what: &str) -> Result<Vec<Facts>> {
    let mut facts = transfer_facts(tx, transfer, "")?;
    for facts in &mut facts {
        let (words, late) = match what {
            "dispatch" => ("was not dispatched in time", Some(Side::Sender)),
            "arrive" => ("has not arrived in time", None),
            "receive" => ("was not received in time", Some(Side::Receiver)),
            "escalate" => ("is still not received after the reminder", None),
            "prepare" => ("has no transfer file in time", Some(Side::Concerned)),
            _ => ("was not confirmed in time", None),
        };
        facts.what = words.to_owned();
        if let Some(late) = late {
            facts.parties.retain(|(side, _)| *side == late);
        }
    }
    Ok(facts)
}
