//! Running selection over an offer that has closed to requests, and again when something came free.

use std::collections::BTreeMap;

use domain::access::{Action, Actor};
use domain::ids::{AllocationRunId, OfferId, PartyId, PolicyId, RequestId};
use domain::parties::PartyDetails;
use domain::refusal::{Refusal, RefusalKind};
use domain::requests;
use domain::selection::{FIRST_POLICY, Step};
use store::Tx;
use store::offers::OfferRow;
use store::requests::RequestRow;
use store::selection as rows;
use store::timers::DeadlineRow;

use super::lottery::lottery_part;
use super::policies;
use super::record::{FORMAT, OfferPart, PolicyPart, Record, RequestPart, StepPart};
use crate::files::hex;
use crate::journal::{By, Event, enact};
use crate::transfers::{self, Agreed};
use crate::{App, Error, Result, offers, settings, timers};

/// Runs selection over an offer that has closed to requests, before its deadline does.
pub fn run(app: &App, actor: &Actor, offer: OfferId) -> Result<AllocationRunId> {
    actor.must(Action::RunSelection)?;
    let mut tx = app.db.write()?;
    let row = load(&mut tx, offer)?;
    must_be_ready(&mut tx, &row)?;
    let by = By { acted_for: None, ..By::from(actor) };
    let id = first_run(&mut tx, app, by, &row)?;
    tx.commit()?;
    app.bell.ring();
    Ok(id)
}

/// The deadline of selection has passed: runs it. Answers false for another deadline.
pub fn passed(app: &App, deadline: &DeadlineRow) -> Result<bool> {
    if deadline.what != "select" {
        return Ok(false);
    }
    let damaged = || Error::Damaged(format!("{} is no offer", deadline.subject));
    let offer: OfferId = deadline.subject.parse().map_err(|_| damaged())?;
    let mut tx = app.db.write()?;
    let stands = timers::still_stands(&mut tx, deadline)?;
    let row = load(&mut tx, offer)?;
    // A suspended offer waits until it is resumed.
    if !stands || !row.state.is_on_the_board() {
        return Ok(true);
    }
    must_be_ready(&mut tx, &row)?;
    first_run(&mut tx, app, By::SYSTEM, &row)?;
    tx.commit()?;
    app.bell.ring();
    Ok(true)
}

/// Something that was given of an offer came free in this transaction: gives it to the next in
/// order, as a run of its own. Nothing happens when nobody is next.
pub fn next(tx: &mut Tx, app: &App, offer: OfferId) -> Result<Option<AllocationRunId>> {
    let row = load(tx, offer)?;
    let previous = rows::newest_run(tx, offer)?;
    let Some(previous) = previous.filter(|_| row.state.is_on_the_board()) else {
        return Ok(None);
    };
    let candidates = still_waiting(tx, offer)?;
    if candidates.is_empty() {
        return Ok(None);
    }
    run_in(tx, app, By::SYSTEM, &row, candidates, Some(previous.id)).map(Some)
}

fn load(tx: &mut Tx, offer: OfferId) -> Result<OfferRow> {
    Ok(store::offers::load(tx, offer)?.ok_or_else(|| Refusal::not_found("offer"))?)
}

/// Refuses an offer over which selection can't be run now.
fn must_be_ready(tx: &mut Tx, row: &OfferRow) -> Result<()> {
    let no = |message: String| Refusal::new(RefusalKind::WrongState, message);
    if let Some(run) = rows::newest_run(tx, row.id)? {
        let message = format!("Selection has been run over {}: look at {}.", row.id, run.id);
        return Err(no(message).into());
    }
    if !row.state.is_on_the_board() {
        let message =
            format!("Selection can't be run over {}: its state is {}.", row.id, row.state.name());
        return Err(no(message).into());
    }
    if row.requests_closed_at.is_none() {
        let message = format!("{} still takes requests. Run selection when it has closed.", row.id);
        return Err(no(message).into());
    }
    Ok(())
}

/// A request as a run takes it.
struct Candidate {
    row: RequestRow,
    asked: i64,
    minimum: i64,
}

fn first_run(tx: &mut Tx, app: &App, by: By, row: &OfferRow) -> Result<AllocationRunId> {
    let queued = store::requests::queued(tx, row.id)?;
    let candidate =
        |row: RequestRow| Candidate { asked: row.asked.quantity, minimum: row.asked.minimum, row };
    run_in(tx, app, by, row, queued.into_iter().map(candidate).collect(), None)
}

/// The requests that have not got all that they asked for. Who let an allocation lapse is not given
/// it again; who has a part has had its minimum.
fn still_waiting(tx: &mut Tx, offer: OfferId) -> Result<Vec<Candidate>> {
    let given: BTreeMap<RequestId, i64> = rows::given_before(tx, offer)?.into_iter().collect();
    let mut waiting = Vec::new();
    for row in store::requests::received(tx, offer)? {
        let has = row.allocated;
        let lapsed = given.get(&row.id).copied().unwrap_or(0) != has;
        let waits = match row.state {
            requests::State::Queued | requests::State::Declined => true,
            requests::State::PartAllocated => !lapsed,
            requests::State::Draft
            | requests::State::Submitted
            | requests::State::Allocated
            | requests::State::Withdrawn
            | requests::State::Lapsed => false,
        };
        let asked = row.asked.quantity - has;
        if waits && asked > 0 {
            let minimum = if has > 0 { 1 } else { row.asked.minimum };
            waiting.push(Candidate { row, asked, minimum });
        }
    }
    Ok(waiting)
}

fn run_in(
    tx: &mut Tx,
    app: &App,
    by: By,
    offer: &OfferRow,
    candidates: Vec<Candidate>,
    previous: Option<AllocationRunId>,
) -> Result<AllocationRunId> {
    let at = app.now();
    let id = AllocationRunId(tx.next_id("allocation_runs")?);
    let policy = policies::load(tx, offer.policy.unwrap_or(FIRST_POLICY))?;
    let steps = policies::steps_of(&policy)?;
    let record = Record {
        format: FORMAT.into(),
        run: id.to_string(),
        previous: previous.map(|id| id.to_string()),
        ran_at: at,
        policy: PolicyPart {
            version: policy.id.to_string(),
            title: policy.title,
            text: policy.text,
            steps: steps.iter().map(StepPart::of).collect(),
            rules: policy.rules,
            sha256: String::new(),
        },
        offer: offer_part(tx, app, offer)?,
        requests: request_parts(tx, offer, &candidates)?,
        lottery: match steps.contains(&Step::Lottery) {
            true => Some(lottery_part(tx, offer.id)?),
            false => None,
        },
        result: Vec::new(),
        given: 0,
        sha256: String::new(),
    };
    let damaged = |wrong: super::record::NotARecord| Error::Damaged(format!("{id}: {}", wrong.0));
    let record = record.recomputed().map_err(damaged)?;
    let stored = store::files::keep(tx, &record.bytes(), at)?;
    let event = Event::SelectionRun {
        run: id.0,
        offer: offer.id.0,
        policy: policy.id.0,
        record_sha256: hex(&stored.sha256),
        available: number(record.offer.available)?,
        given: number(record.given)?,
        parties: candidates.iter().map(|candidate| candidate.row.party.0).collect(),
    };
    enact(tx, app, by, &event)?;
    carry_out(tx, app, by, offer, &record, id)?;
    Ok(id)
}

/// Allocates what the record gives and opens a transfer for each request that was given something.
fn carry_out(
    tx: &mut Tx,
    app: &App,
    by: By,
    offer: &OfferRow,
    record: &Record,
    run: AllocationRunId,
) -> Result<()> {
    let lines = rows::lines(tx, run)?;
    let given: Vec<(RequestId, i64, String)> =
        lines.iter().map(|line| (line.request, line.given, line.reason.clone())).collect();
    debug_assert_eq!(given.len(), record.result.len());
    offers::allocate(tx, app, by, offer.id, &given)?;
    for line in lines.iter().filter(|line| line.given > 0) {
        let agreed = Agreed {
            offer: offer.id,
            request: line.request,
            run,
            sender: offer.party,
            receiver: line.party,
            specification: offer.specification.clone(),
            quantity: line.given,
        };
        transfers::agree(tx, app, by, &agreed)?;
    }
    Ok(())
}

fn offer_part(tx: &mut Tx, app: &App, offer: &OfferRow) -> Result<OfferPart> {
    let specification = offer.specification.clone();
    let missing = || Error::Damaged(format!("{} has closed without having been open", offer.id));
    let closed_at = offer.closes_at.or(offer.requests_closed_at);
    Ok(OfferPart {
        reference: offer.id.to_string(),
        manufacturer: specification.manufacturer,
        model: specification.model,
        han_variant: specification.han_variant,
        wan_variant: specification.wan_variant,
        region: specification.region,
        quantity: count(offer.terms.quantity),
        available: count(offers::allocatable(tx, app, offer.id)?),
        minimum_lot: count(offer.terms.minimum_lot),
        published_at: offer.published_at.ok_or_else(missing)?,
        closed_at: closed_at.ok_or_else(missing)?,
    })
}

fn request_parts(
    tx: &mut Tx,
    offer: &OfferRow,
    candidates: &[Candidate],
) -> Result<Vec<RequestPart>> {
    let parties: BTreeMap<PartyId, PartyDetails> =
        store::parties::all(tx)?.into_iter().map(|row| (row.party.id, row.party.details)).collect();
    let ids: Vec<PartyId> = candidates.iter().map(|candidate| candidate.row.party).collect();
    let before = offer.closes_at.or(offer.requests_closed_at).unwrap_or_default();
    let allocated: BTreeMap<PartyId, _> =
        rows::last_allocated(tx, &ids, before)?.into_iter().collect();
    let by_reference = settings::text(tx, &settings::SELECTION_RECORD_PARTIES)? == "references";
    let mut names: BTreeMap<PartyId, String> = BTreeMap::new();
    for party in &ids {
        let pseudonym = format!("party-{}", names.len() + 1);
        let name = if by_reference { party.to_string() } else { pseudonym };
        names.entry(*party).or_insert(name);
    }
    let part = |candidate: &Candidate| {
        let row = &candidate.row;
        let missing = |what: &str| Error::Damaged(format!("{} has no {what}", row.id));
        let party = parties.get(&row.party).ok_or_else(|| missing("Party"))?;
        Ok(RequestPart {
            reference: row.id.to_string(),
            party: names[&row.party].clone(),
            category: party.category.name().into(),
            received_at: row.received_at.ok_or_else(|| missing("instant of receipt"))?,
            sequence: row.received_seq.unwrap_or(row.id.0),
            asked: count(candidate.asked),
            minimum: count(candidate.minimum),
            needed_by: row.asked.needed_by,
            last_allocated_at: allocated.get(&row.party).copied(),
            may_receive: party.can_receive_hubs(),
        })
    };
    candidates.iter().map(part).collect()
}

/// A count that is never below zero.
fn count(number: i64) -> u64 {
    number.max(0).unsigned_abs()
}

fn number(count: u64) -> Result<i64> {
    i64::try_from(count).map_err(|_| Error::Damaged(format!("{count} hubs are too many")))
}

/// The version of the policy that applies to an offer.
pub fn policy_of(tx: &mut Tx, offer: OfferId) -> Result<PolicyId> {
    Ok(load(tx, offer)?.policy.unwrap_or(FIRST_POLICY))
}
