//! Running selection over an offer that has closed to requests, and again when something came free;
//! and what becomes of the rest.

use std::collections::BTreeMap;

use domain::access::{Action, Actor};
use domain::ids::{AllocationRunId, OfferId, PartyId, PolicyId, RequestId};
use domain::parties::PartyDetails;
use domain::refusal::{Refusal, RefusalKind};
use domain::requests;
use domain::selection::{FIRST_POLICY, Step};
use jiff::Timestamp;
use store::Tx;
use store::offers::OfferRow;
use store::requests::RequestRow;
use store::selection as rows;
use store::timers::DeadlineRow;

use super::lottery::lottery_part;
use super::policies;
use super::record::{FORMAT, LotteryPart, OfferPart, PolicyPart, Record, RequestPart, StepPart};
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
    let id = run_round(&mut tx, app, by, &row)?;
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
    run_round(&mut tx, app, By::SYSTEM, &row)?;
    tx.commit()?;
    app.bell.ring();
    Ok(true)
}

/// Something that was given of an offer came free in this transaction: gives it to the next in
/// order, as a run of its own, and what is then left is open to requests again. Nobody is next in an
/// offer that is not on the board, nor before the run over the requests that wait.
pub fn next(tx: &mut Tx, app: &App, offer: OfferId) -> Result<Option<AllocationRunId>> {
    let row = load(tx, offer)?;
    if !row.state.is_on_the_board() || awaits_selection(tx, &row)? {
        return Ok(None);
    }
    let run = run_next(tx, app, &row)?;
    settle_rest(tx, app, offer)?;
    Ok(run)
}

/// The run for those who were not given all in the last one. They keep the facts of its closing.
fn run_next(tx: &mut Tx, app: &App, row: &OfferRow) -> Result<Option<AllocationRunId>> {
    let Some(previous) = rows::newest_run(tx, row.id)? else { return Ok(None) };
    let candidates = still_waiting(tx, row.id)?;
    if candidates.is_empty() || offers::allocatable(tx, app, row.id)? == 0 {
        return Ok(None);
    }
    let bytes = store::files::whole(tx, previous.record)?;
    let record = Record::read(&bytes)
        .map_err(|wrong| Error::Damaged(format!("{}: {}", previous.id, wrong.0)))?;
    let basis = Basis {
        previous: Some(previous.id),
        closed_at: record.offer.closed_at,
        lottery: record.lottery,
    };
    run_in(tx, app, By::SYSTEM, row, candidates, basis).map(Some)
}

/// What selection left over of an offer in this transaction takes requests for another period, as
/// long as the offer has not expired. An offer whose Party set the closing day ends instead, and
/// its rest is free.
pub fn settle_rest(tx: &mut Tx, app: &App, offer: OfferId) -> Result<()> {
    let row = load(tx, offer)?;
    let is_open = row.requests_closed_at.is_none() || awaits_selection(tx, &row)?;
    if !row.state.is_on_the_board() || row.left() == 0 || is_open {
        return Ok(());
    }
    let now = app.now();
    let by = By { actor: None, acted_for: Some(row.party) };
    if row.terms.closes_on.is_some() || row.expires_at.is_some_and(|expires| expires <= now) {
        let event = offers::end_of(tx, &row)?;
        enact(tx, app, by, &event)?;
        return Ok(());
    }
    let closes = timers::deadline(tx, now, &settings::TIMER_REQUESTS_OPEN)?;
    let closes = row.expires_at.map_or(closes, |expires| closes.min(expires));
    let event = Event::OfferReopened { offer: offer.0, closes_at: closes.as_microsecond() };
    enact(tx, app, by, &event)?;
    // Whoever has the record of the last run knows its secret.
    super::opened(tx, app, offer)
}

/// Whether an offer has closed to requests over which selection was not run yet.
fn awaits_selection(tx: &mut Tx, row: &OfferRow) -> Result<bool> {
    let deadlines = store::timers::of(tx, &row.id.to_string())?;
    let waits = deadlines.iter().any(|one| one.what == "select" && one.settled_at.is_none());
    Ok(row.requests_closed_at.is_some() && waits)
}

fn load(tx: &mut Tx, offer: OfferId) -> Result<OfferRow> {
    Ok(store::offers::load(tx, offer)?.ok_or_else(|| Refusal::not_found("offer"))?)
}

/// Refuses an offer over which selection can't be run now.
fn must_be_ready(tx: &mut Tx, row: &OfferRow) -> Result<()> {
    let no = |message: String| Refusal::new(RefusalKind::WrongState, message);
    if let Some(run) = rows::newest_run(tx, row.id)?
        && row.requests_closed_at.is_some()
        && !awaits_selection(tx, row)?
    {
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

/// What a run takes over: from the closing itself, or from the run before it.
struct Basis {
    previous: Option<AllocationRunId>,
    closed_at: Timestamp,
    lottery: Option<LotteryPart>,
}

/// The run over the requests that were received until the closing. What is left goes to those whom an
/// earlier run left waiting, and then takes requests again.
fn run_round(tx: &mut Tx, app: &App, by: By, row: &OfferRow) -> Result<AllocationRunId> {
    let queued = store::requests::queued(tx, row.id)?;
    let candidate =
        |row: RequestRow| Candidate { asked: row.asked.quantity, minimum: row.asked.minimum, row };
    let missing = || Error::Damaged(format!("{} has closed without having been open", row.id));
    let policy = policies::load(tx, row.policy.unwrap_or(FIRST_POLICY))?;
    let lottery = match policies::steps_of(&policy)?.contains(&Step::Lottery) {
        true => Some(lottery_part(tx, row.id)?),
        false => None,
    };
    let basis = Basis {
        previous: rows::newest_run(tx, row.id)?.map(|run| run.id),
        closed_at: row.closes_at.or(row.requests_closed_at).ok_or_else(missing)?,
        lottery,
    };
    let goes_on = basis.previous.is_some();
    let candidates = queued.into_iter().map(candidate).collect();
    let id = run_in(tx, app, by, row, candidates, basis)?;
    if goes_on {
        let row = load(tx, row.id)?;
        run_next(tx, app, &row)?;
    }
    settle_rest(tx, app, row.id)?;
    Ok(id)
}

/// The requests that selection did not give all that they asked for. Who let an allocation lapse is
/// not given it again; who has a part has had its minimum; who has asked again since stands with that
/// request alone.
fn still_waiting(tx: &mut Tx, offer: OfferId) -> Result<Vec<Candidate>> {
    let given: BTreeMap<RequestId, i64> = rows::given_before(tx, offer)?.into_iter().collect();
    let received = store::requests::received(tx, offer)?;
    let latest: BTreeMap<PartyId, RequestId> = received
        .iter()
        .filter(|row| row.state != requests::State::Withdrawn)
        .map(|row| (row.party, row.id))
        .collect();
    let mut waiting = Vec::new();
    for row in received.into_iter().filter(|row| latest.get(&row.party) == Some(&row.id)) {
        let has = row.allocated;
        let lapsed = given.get(&row.id).copied().unwrap_or(0) != has;
        let waits = match row.state {
            requests::State::Declined => true,
            requests::State::PartAllocated => !lapsed,
            requests::State::Queued
            | requests::State::Draft
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
    basis: Basis,
) -> Result<AllocationRunId> {
    let at = app.now();
    let id = AllocationRunId(tx.next_id("allocation_runs")?);
    let policy = policies::load(tx, offer.policy.unwrap_or(FIRST_POLICY))?;
    let steps = policies::steps_of(&policy)?;
    let record = Record {
        format: FORMAT.into(),
        run: id.to_string(),
        previous: basis.previous.map(|id| id.to_string()),
        ran_at: at,
        policy: PolicyPart {
            version: policy.id.to_string(),
            title: policy.title,
            text: policy.text,
            steps: steps.iter().map(StepPart::of).collect(),
            rules: policy.rules,
            sha256: String::new(),
        },
        offer: offer_part(tx, app, offer, basis.closed_at)?,
        requests: request_parts(tx, basis.closed_at, &candidates)?,
        lottery: basis.lottery,
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

fn offer_part(tx: &mut Tx, app: &App, offer: &OfferRow, closed_at: Timestamp) -> Result<OfferPart> {
    let specification = offer.specification.clone();
    let missing = || Error::Damaged(format!("{} was never published", offer.id));
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
        closed_at,
    })
}

fn request_parts(
    tx: &mut Tx,
    closed_at: Timestamp,
    candidates: &[Candidate],
) -> Result<Vec<RequestPart>> {
    let parties: BTreeMap<PartyId, PartyDetails> =
        store::parties::all(tx)?.into_iter().map(|row| (row.party.id, row.party.details)).collect();
    let ids: Vec<PartyId> = candidates.iter().map(|candidate| candidate.row.party).collect();
    let allocated: BTreeMap<PartyId, _> =
        rows::last_allocated(tx, &ids, closed_at)?.into_iter().collect();
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
