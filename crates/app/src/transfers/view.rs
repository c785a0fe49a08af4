//! Looking at transfers: who may, what they see, what happens next and whose step it is.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use domain::access::{Action as Permission, Actor, Reach, Sight};
use domain::ids::{PartyId, TransferId, UserId};
use domain::parties::PartyBook;
use domain::reconciliation::Outcome;
use domain::refusal::{Refusal, RefusalKind};
use domain::timers::{WorkingDays, british_day};
use domain::transfers::{Action, Correction, LineState, Side, State};
use jiff::Timestamp;
use store::Tx;
use store::timers::DeadlineRow;
use store::transfers::{self as rows, LineRow, LineSelection, Selection, TransferRow};

use super::{
    Arrived, Clock, Confirmation, Dispatched, LineFilter, LineView, May, Named, OutcomeCount, Page,
    ReceivedView, TransferFilter, TransferSummary, TransferView,
};
use crate::files::hex;
use crate::journal::By;
use crate::journal::read::{self, HistoryEntry};
use crate::transfer_files::{NextStep, Person};
use crate::{App, Result, directory, timers, versions};

/// Items in one part of a list, at most.
const MOST_AT_ONCE: usize = 1_000;

/// A transfer that this person may see with `action`, and the side of its Party.
pub(super) fn visible(
    tx: &mut Tx,
    actor: &Actor,
    id: TransferId,
    action: Permission,
) -> Result<(TransferRow, Option<Side>)> {
    let sight = actor.sight(action)?;
    let row = rows::load(tx, id)?.ok_or_else(|| Refusal::not_found("transfer"))?;
    let side = match sight {
        Sight::Everything => {
            actor.acting_for.and_then(|party| Side::of(party, row.sender, row.receiver))
        }
        Sight::Party(party) => Some(
            Side::of(party, row.sender, row.receiver)
                .ok_or_else(|| Refusal::not_found("transfer"))?,
        ),
    };
    Ok((row, side))
}

/// A transfer at which this person may act with `action` for this side.
pub(super) fn acting(
    tx: &mut Tx,
    actor: &Actor,
    id: TransferId,
    action: Permission,
    side: Side,
) -> Result<TransferRow> {
    let (row, own) = visible(tx, actor, id, action)?;
    match own {
        Some(own) if own != side && actor.reach(action) != Reach::All => {
            let message = format!("Only the {} can do this.", side.name());
            Err(Refusal::new(RefusalKind::NotAllowed, message).into())
        }
        _ => Ok(row),
    }
}

/// Refuses when the page that the person acts on is out of date.
pub(super) fn must_be_current(row: &TransferRow, version: Option<i64>) -> Result<()> {
    Ok(versions::must_be(version, row.version)?)
}

/// The actor, for the Party of this side.
pub(super) fn by(actor: &Actor, row: &TransferRow, side: Side) -> By {
    By { acted_for: Some(party_of(row, side)), ..By::from(actor) }
}

/// The Party of this side.
pub(super) fn party_of(row: &TransferRow, side: Side) -> PartyId {
    match side {
        Side::Sender => row.sender,
        Side::Receiver => row.receiver,
    }
}

/// The transfers that this person may see, the latest first.
pub fn list(
    app: &App,
    actor: &Actor,
    filter: &TransferFilter,
    before: Option<TransferId>,
    most: usize,
) -> Result<Page<TransferSummary>> {
    let party = match actor.sight(Permission::SeeTransfers)? {
        Sight::Everything => filter.party,
        Sight::Party(own) => {
            if filter.party.is_some_and(|party| party != own) {
                return Ok(Page { items: Vec::new(), next: None });
            }
            Some(own)
        }
    };
    let most = most.clamp(1, MOST_AT_ONCE);
    let mut selection = Selection {
        party,
        states: filter.state.into_iter().collect(),
        kind: filter.kind,
        offer: filter.offer,
        only_waiting: filter.only_waiting,
        only_open: filter.mine,
        counterparty: filter.counterparty,
        overdue_at: filter.overdue.then(|| app.now()),
        before,
    };
    let mut tx = app.db.read()?;
    let mut wanted = Vec::new();
    let next = 'pages: loop {
        let found = rows::list(&mut tx, &selection, (most + 1) as i64)?;
        let is_last = found.len() <= most;
        for row in found {
            if wanted.len() == most {
                break 'pages selection.before;
            }
            selection.before = Some(row.id);
            let side = actor.party().and_then(|own| Side::of(own, row.sender, row.receiver));
            if !filter.mine || is_my_step(actor, &row, side) {
                wanted.push(row);
            }
        }
        if is_last {
            break None;
        }
    };
    Ok(Page { items: summaries(&mut tx, &wanted)?, next })
}

/// How many transfers wait for this person.
pub fn waiting_for(app: &App, actor: &Actor) -> Result<usize> {
    let filter = TransferFilter { mine: true, ..TransferFilter::default() };
    Ok(list(app, actor, &filter, None, MOST_AT_ONCE)?.items.len())
}

fn summaries(tx: &mut Tx, rows: &[TransferRow]) -> Result<Vec<TransferSummary>> {
    let book = crate::parties::book(tx)?;
    let subjects: Vec<String> = rows.iter().map(|row| row.id.to_string()).collect();
    let due = store::timers::next(tx, &subjects)?;
    let each = rows.iter().zip(&subjects);
    Ok(each.map(|(row, subject)| summary(row, due.get(subject).copied(), &book)).collect())
}

fn summary(row: &TransferRow, due_at: Option<Timestamp>, book: &PartyBook) -> TransferSummary {
    TransferSummary {
        id: row.id,
        kind: row.kind,
        state: row.state,
        sender: named(book, row.sender),
        receiver: named(book, row.receiver),
        specification: row.specification.clone(),
        quantity: row.quantity,
        counts: row.counts,
        agreed_at: row.agreed_at,
        next_step: next_step(row, book),
        due_at,
    }
}

/// A Party as a transfer names it.
pub(super) fn named(book: &PartyBook, id: PartyId) -> Named {
    let party = book.by_id(id);
    Named {
        id,
        name: party.map_or_else(|| id.to_string(), |party| party.details.legal_name.clone()),
        reference: book.reference_of(id).to_owned(),
    }
}

/// One transfer, as this person sees it.
pub fn get(app: &App, actor: &Actor, id: TransferId) -> Result<TransferView> {
    let mut tx = app.db.read()?;
    let (row, side) = visible(&mut tx, actor, id, Permission::SeeTransfers)?;
    let book = crate::parties::book(&mut tx)?;
    let days = timers::working_days(&mut tx)?;
    let deadlines = store::timers::of(&mut tx, &id.to_string())?;
    let reversed_by = rows::reversal_of(&mut tx, id)?;
    let outcomes = match row.received_at {
        Some(_) => rows::outcome_counts(&mut tx, id)?,
        None => Vec::new(),
    };
    let mut people = People::default();
    let confirmed = |people: &mut People, tx: &mut Tx, at: Option<Timestamp>, by| {
        at.map(|at| Ok::<_, crate::Error>(Confirmation { at, by: people.named(tx, by)? }))
            .transpose()
    };
    let sender_confirmed =
        confirmed(&mut people, &mut tx, row.sender_confirmed_at, row.sender_confirmed_by)?;
    let receiver_confirmed =
        confirmed(&mut people, &mut tx, row.receiver_confirmed_at, row.receiver_confirmed_by)?;
    let receiver_contacts = match shows_contacts(actor, &row, side) {
        true => directory::for_deliveries(&mut tx, row.receiver)?,
        false => Vec::new(),
    };
    Ok(TransferView {
        receiver_contacts,
        dispatched: dispatched(&mut tx, &row, &mut people)?,
        arrived: arrived(&mut tx, &row, &mut people)?,
        received: received(&mut tx, &row, &mut people)?,
        sender_confirmed,
        receiver_confirmed,
        may: may(actor, &row, side, reversed_by, &outcomes),
        next_step: next_step(&row, &book),
        clocks: deadlines.iter().map(|d| clock(d, &days, app.now())).collect(),
        outcomes: outcomes
            .into_iter()
            .map(|(outcome, state, lines)| OutcomeCount { outcome, state, lines })
            .collect(),
        id,
        kind: row.kind,
        offer: row.offer,
        request: row.request,
        run: row.run,
        reverses: row.reverses,
        reversed_by,
        sender: named(&book, row.sender),
        receiver: named(&book, row.receiver),
        my_side: side,
        specification: row.specification,
        firmware: row.firmware,
        quantity: row.quantity,
        notes: row.notes,
        state: row.state,
        held_from: row.held_from,
        agreed_at: row.agreed_at,
        counts: row.counts,
        transfer_file: row.transfer_file,
        ended_at: row.ended_at,
        reason: row.reason,
        version: row.version,
    })
}

/// Whether this person sees whom to contact: of both sides, once they are counterparties.
fn shows_contacts(actor: &Actor, row: &TransferRow, side: Option<Side>) -> bool {
    let is_agreed = row.sender_confirmed_at.is_some() && row.receiver_confirmed_at.is_some();
    let may_see = side.is_some() || actor.reach(Permission::SeeDirectory) == Reach::All;
    is_agreed && may_see && row.state != State::Cancelled
}

/// The names of people, each looked up once.
#[derive(Default)]
struct People(HashMap<UserId, String>);

impl People {
    fn named(&mut self, tx: &mut Tx, id: Option<UserId>) -> Result<Option<Person>> {
        let Some(id) = id else { return Ok(None) };
        if let Entry::Vacant(place) = self.0.entry(id) {
            let person = store::people::by_id(tx, id)?;
            place.insert(person.map_or_else(|| id.to_string(), |person| person.name));
        }
        Ok(self.0.get(&id).map(|name| Person { id, name: name.clone() }))
    }
}

fn dispatched(tx: &mut Tx, row: &TransferRow, people: &mut People) -> Result<Option<Dispatched>> {
    let (Some(at), Some(manifest)) = (row.dispatched_at, row.manifest) else { return Ok(None) };
    let c = &row.counts;
    Ok(Some(Dispatched {
        at,
        by: people.named(tx, row.dispatched_by)?,
        on: row.dispatched_on.clone().unwrap_or_default(),
        carrier: row.carrier.clone().unwrap_or_default(),
        consignment_note: row.consignment_note.clone().unwrap_or_default(),
        seals: row.seals.clone().unwrap_or_default(),
        hubs: match row.received_at {
            None => c.dispatched,
            Some(_) => {
                let extra = rows::outcome_counts(tx, row.id)?;
                let extra: i64 = extra
                    .iter()
                    .filter(|(outcome, _, _)| *outcome == Outcome::Extra)
                    .map(|(_, _, lines)| lines)
                    .sum();
                c.dispatched + c.ready + c.waiting + c.moved + c.dropped - extra
            }
        },
        manifest_sha256: hex(&store::files::load(tx, manifest)?.sha256),
    }))
}

fn arrived(tx: &mut Tx, row: &TransferRow, people: &mut People) -> Result<Option<Arrived>> {
    let (Some(at), Some(condition)) = (row.arrived_at, row.condition) else { return Ok(None) };
    Ok(Some(Arrived {
        at,
        by: people.named(tx, row.arrived_by)?,
        on: row.arrived_on.clone().unwrap_or_default(),
        condition,
        note: row.condition_note.clone().unwrap_or_default(),
    }))
}

fn received(tx: &mut Tx, row: &TransferRow, people: &mut People) -> Result<Option<ReceivedView>> {
    let (Some(at), Some(receipt)) = (row.received_at, row.receipt) else { return Ok(None) };
    Ok(Some(ReceivedView {
        at,
        by: people.named(tx, row.received_by)?,
        receipt_sha256: hex(&store::files::load(tx, receipt)?.sha256),
    }))
}

fn clock(deadline: &DeadlineRow, days: &WorkingDays, now: Timestamp) -> Clock {
    let side = match deadline.what.as_str() {
        "dispatch" => Some(Side::Sender),
        "arrive" | "receive" => Some(Side::Receiver),
        _ => None,
    };
    let (today, due) = (british_day(now), british_day(deadline.due_at));
    let left = i64::from(days.between(today, due)) - i64::from(days.between(due, today));
    Clock {
        what: deadline.what.clone(),
        side,
        due_at: deadline.due_at,
        settled_at: deadline.settled_at,
        working_days_left: left,
    }
}

/// What happens next with a transfer, and whose step it is.
pub(super) fn next_step(row: &TransferRow, book: &PartyBook) -> NextStep {
    let name = |id: PartyId| named(book, id).name;
    let (sender, receiver) = (name(row.sender), name(row.receiver));
    let step = |what: &str, whose: &str| NextStep {
        what: what.to_owned(),
        whose: Some(whose.to_owned()).filter(|whose| !whose.is_empty()),
    };
    match row.state {
        State::Agreed => match (row.sender_confirmed_at, row.receiver_confirmed_at) {
            (None, None) => step("Both Parties confirm.", &format!("{sender} and {receiver}")),
            (None, Some(_)) => step("The sender confirms.", &sender),
            (Some(_), _) => step("The receiver confirms.", &receiver),
        },
        State::Confirmed => step("The sender dispatches.", &sender),
        State::Dispatched => step("The receiver says when it has arrived.", &receiver),
        State::Arrived => step("The receiver says what it accepts.", &receiver),
        State::Reconciled | State::CompletedWithExceptions if row.counts.ready > 0 => {
            step("The DCC prepares the transfer file.", "DCC logistics")
        }
        State::Reconciled | State::CompletedWithExceptions if row.counts.waiting > 0 => {
            let whose = format!("{sender} and {receiver}");
            step("Lines wait to be corrected.", &whose)
        }
        State::Completing => {
            step("The transfer file is checked, authorised and applied.", "DCC authoriser")
        }
        State::OnHold => step("The DCC releases the transfer.", "DCC logistics"),
        State::Reconciled
        | State::Completed
        | State::CompletedWithExceptions
        | State::Cancelled
        | State::Lapsed => step("Nothing: the transfer has ended.", ""),
    }
}

/// Whether the next step is this person's.
fn is_my_step(actor: &Actor, row: &TransferRow, side: Option<Side>) -> bool {
    let can =
        |action: Permission, of: Side| side == Some(of) && actor.reach(action) != Reach::Nothing;
    let is_dcc = |action: Permission| side.is_none() && actor.reach(action) == Reach::All;
    match row.state {
        State::Agreed => {
            (row.sender_confirmed_at.is_none() && can(Permission::AgreeTransfers, Side::Sender))
                || (row.receiver_confirmed_at.is_none()
                    && can(Permission::AgreeTransfers, Side::Receiver))
        }
        State::Confirmed => can(Permission::Dispatch, Side::Sender),
        State::Dispatched | State::Arrived => can(Permission::Receive, Side::Receiver),
        State::Reconciled | State::CompletedWithExceptions => {
            (row.counts.ready > 0 && is_dcc(Permission::PrepareTransferFile))
                || (row.counts.waiting > 0
                    && (can(Permission::Dispatch, Side::Sender)
                        || can(Permission::Receive, Side::Receiver)))
        }
        State::OnHold => is_dcc(Permission::SuperviseTransfers),
        State::Completing | State::Completed | State::Cancelled | State::Lapsed => false,
    }
}

fn may(
    actor: &Actor,
    row: &TransferRow,
    side: Option<Side>,
    reversed_by: Option<TransferId>,
    outcomes: &[(Outcome, LineState, i64)],
) -> May {
    let is_installed = |(outcome, state, _): &(Outcome, LineState, i64)| {
        (*outcome, *state) == (Outcome::NotPending, LineState::Waiting)
    };
    let reaches = |action: Permission, of: Side| match actor.reach(action) {
        Reach::All => true,
        Reach::Own => side == Some(of),
        Reach::Nothing => false,
    };
    let all = |action: Permission| actor.reach(action) == Reach::All;
    let agrees = |of: Side| reaches(Permission::AgreeTransfers, of);
    let other_person = |by: Option<UserId>| by != Some(actor.user);
    let supervises = all(Permission::SuperviseTransfers);
    let is_agreed = row.state == State::Agreed;
    May {
        confirm_sender: is_agreed
            && row.sender_confirmed_at.is_none()
            && agrees(Side::Sender)
            && other_person(row.receiver_confirmed_by),
        confirm_receiver: is_agreed
            && row.receiver_confirmed_at.is_none()
            && agrees(Side::Receiver)
            && other_person(row.sender_confirmed_by),
        cancel: (agrees(Side::Sender) || agrees(Side::Receiver))
            && row.state.allows(Action::Cancel)
            && row.manifest.is_none()
            && (row.state != State::OnHold || supervises),
        dispatch: row.state.allows(Action::Dispatch) && reaches(Permission::Dispatch, Side::Sender),
        arrive: row.state.allows(Action::Arrive) && reaches(Permission::Receive, Side::Receiver),
        receive: row.state.allows(Action::Receive) && reaches(Permission::Receive, Side::Receiver),
        correct: row.state.allows(Action::Correct)
            && row.counts.waiting > 0
            && (reaches(Permission::Dispatch, Side::Sender)
                || reaches(Permission::Receive, Side::Receiver)),
        prepare: row.state.allows(Action::Prepare)
            && (row.counts.ready > 0 || outcomes.iter().any(is_installed))
            && all(Permission::PrepareTransferFile),
        hold: row.state.allows(Action::Hold) && supervises,
        release: row.state.allows(Action::Release) && supervises,
        reverse: row.counts.moved > 0
            && row.state.lets_hubs_move() | row.state.is_final()
            && reversed_by.is_none()
            && supervises,
        sender_list: row.state == State::Confirmed && reaches(Permission::Dispatch, Side::Sender),
        receiver_list: matches!(row.state, State::Dispatched | State::Arrived)
            && reaches(Permission::Receive, Side::Receiver),
    }
}

/// The lines of a transfer, by their IDs: what was dispatched, and what became of it.
pub fn lines(
    app: &App,
    actor: &Actor,
    id: TransferId,
    filter: &LineFilter,
    after: Option<domain::DeviceId>,
    most: usize,
) -> Result<Page<LineView, domain::DeviceId>> {
    let mut tx = app.db.read()?;
    let (row, side) = visible(&mut tx, actor, id, Permission::SeeTransfers)?;
    let most = most.clamp(1, MOST_AT_ONCE);
    let selection = LineSelection { state: filter.state, outcome: filter.outcome, after };
    let mut found = rows::lines(&mut tx, id, &selection, (most + 1) as i64)?;
    let next = (found.len() > most).then(|| found[most - 1].hub);
    found.truncate(most);
    let items = found.into_iter().map(|line| line_view(line, &row, actor, side)).collect();
    Ok(Page { items, next })
}

/// The line of one hub.
pub fn line(app: &App, actor: &Actor, id: TransferId, hub: domain::DeviceId) -> Result<LineView> {
    let mut tx = app.db.read()?;
    let (row, side) = visible(&mut tx, actor, id, Permission::SeeTransfers)?;
    let found = rows::lines_of(&mut tx, id, &[hub.key()])?.remove(&hub.key());
    let line = found.ok_or_else(|| Refusal::not_found("line"))?;
    Ok(line_view(line, &row, actor, side))
}

fn line_view(line: LineRow, row: &TransferRow, actor: &Actor, side: Option<Side>) -> LineView {
    let is_open = line.state == LineState::Waiting && row.state.allows(Action::Correct);
    LineView {
        possible: match line.outcome {
            Some(outcome) if is_open => possible(outcome, actor, side),
            _ => Vec::new(),
        },
        hub: line.hub,
        state: line.state,
        outcome: line.outcome,
        reason: line.reason,
        correction: line.correction,
        code: line.code,
        accepted_at: line.accepted_at,
        closed_at: line.closed_at,
    }
}

/// The corrections that this person can make of a line that waits with this outcome.
pub(super) fn possible(outcome: Outcome, actor: &Actor, side: Option<Side>) -> Vec<Correction> {
    let action = |side: Side| match side {
        Side::Sender => Permission::Dispatch,
        Side::Receiver => Permission::Receive,
    };
    if actor.reach(Permission::SuperviseTransfers) == Reach::All && actor.party().is_none() {
        return Correction::possible(outcome, None);
    }
    match side {
        Some(side) if actor.reach(action(side)) != Reach::Nothing => {
            Correction::possible(outcome, Some(side))
        }
        _ => Vec::new(),
    }
}

/// What happened with a transfer, newest first.
pub fn history(app: &App, actor: &Actor, id: TransferId) -> Result<Vec<HistoryEntry>> {
    let mut tx = app.db.read()?;
    visible(&mut tx, actor, id, Permission::SeeTransfers)?;
    read::history(&mut tx, id, read::whole_sentence)
}
