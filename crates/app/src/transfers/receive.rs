//! Declaring what arrived, and comparing it with what left.

use std::collections::BTreeMap;

use domain::DeviceId;
use domain::access::{Action as Permission, Actor};
use domain::ids::{TransferId, UserId};
use domain::reconciliation::{Outcome, Receipt, Received, reconcile};
use domain::refusal::Refusal;
use domain::timers::british_day;
use domain::transfers::{Action, FaultReason, LineState, Side, read_receipt, write_receipt};
use jiff::Timestamp;
use store::Tx;
use store::files::StoredFile;
use store::transfers::{self as rows, LineChange, LineRow, TransferRow};

use super::agree::{given_text, own_side};
use super::dispatch::must_not_be_later;
use super::facts::Stock;
use super::view::by;
use super::{Arrival, TransferView, deadlines, get, list};
use crate::files::hex;
use crate::journal::{By, Counts, Event, enact, record};
use crate::{App, Error, Result};

/// Declares that the consignment has arrived, on which day and in what condition.
pub fn arrive(
    app: &App,
    actor: &Actor,
    id: TransferId,
    version: Option<i64>,
    given: &Arrival,
) -> Result<TransferView> {
    let side = Side::Receiver;
    let mut tx = app.db.write()?;
    let row = own_side(&mut tx, actor, id, Permission::Receive, side, version)?;
    row.state.after(Action::Arrive)?;
    must_not_be_later(given.on, british_day(app.now()))?;
    let note = given_text("note", &given.note, 0)?;
    if row.dispatched_on.as_deref().is_some_and(|left| given.on.to_string().as_str() < left) {
        let left = row.dispatched_on.unwrap_or_default();
        let message = format!("It left on {left}; enter that day or a later one.");
        return Err(Refusal::field("on", message).into());
    }
    let event = Event::TransferArrived {
        transfer: id.0,
        on: given.on.to_string(),
        condition: given.condition.name().to_owned(),
        note,
    };
    enact(&mut tx, app, by(actor, &row, side), &event)?;
    tx.commit()?;
    app.bell.ring();
    get(app, actor, id)
}

/// Declares the receiver's list: both lists are compared, what matches waits for its transfer file.
/// `seen` is the version of the list as the person has it before them.
pub fn receive(
    app: &App,
    actor: &Actor,
    id: TransferId,
    version: Option<i64>,
    seen: Option<i64>,
) -> Result<TransferView> {
    let side = Side::Receiver;
    let mut tx = app.db.write()?;
    let row = own_side(&mut tx, actor, id, Permission::Receive, side, version)?;
    row.state.after(Action::Receive)?;
    list::must_be_as_seen(&mut tx, (id, side), seen)?;
    let receipt = list::declared(&mut tx, id, side)?;
    if receipt.is_empty() {
        let message = "The list is empty. Start from the manifest and turn down what did not come, \
                       or add what arrived.";
        return Err(Refusal::field("list", message).into());
    }
    let by = by(actor, &row, side);
    declare(&mut tx, app, by, row, &receipt)?;
    tx.commit()?;
    app.bell.ring();
    get(app, actor, id)
}

/// Nobody received it, and the DCC takes silence for acceptance.
pub(super) fn by_silence(tx: &mut Tx, app: &App, id: TransferId) -> Result<()> {
    let row = rows::load(tx, id)?.ok_or_else(|| Refusal::not_found("transfer"))?;
    let keys = rows::keys_in_state(tx, id, LineState::Dispatched)?;
    let accepted = |key: &i64| Receipt {
        hub: DeviceId::from_key(*key),
        received: Received::Accepted,
        times: 1,
    };
    let receipt: Vec<Receipt> = keys.iter().map(accepted).collect();
    declare(tx, app, By::SYSTEM, row, &receipt)
}

fn declare(tx: &mut Tx, app: &App, by: By, row: TransferRow, receipt: &[Receipt]) -> Result<()> {
    let at = app.now();
    let mut bytes = Vec::with_capacity(receipt.len() * 36 + 64);
    write_receipt(&mut bytes, receipt);
    let stored = store::files::keep(tx, &bytes, at)?;
    let event = change(tx, row, &stored, &bytes, (by.actor, at))?;
    record(tx, at, by, &event)?;
    Ok(())
}

/// Compares both lists and writes down what each line comes to; the entry is left to the caller.
pub(super) fn change(
    tx: &mut Tx,
    mut row: TransferRow,
    file: &StoredFile,
    bytes: &[u8],
    (actor, at): (Option<UserId>, Timestamp),
) -> Result<Event> {
    let _span = tracing::debug_span!("reconcile").entered();
    let id = row.id;
    let receipt = read_receipt(bytes)
        .map_err(|what| Error::Damaged(format!("the receipt of {id}: {what}")))?;
    let keys = rows::keys_in_state(tx, id, LineState::Dispatched)?;
    let manifest: Vec<DeviceId> = keys.iter().map(|key| DeviceId::from_key(*key)).collect();
    let stock = Stock::look(tx, &row, &keys)?;
    let facts = |hub: DeviceId| {
        let place = keys.binary_search(&hub.key()).ok()?;
        stock.facts(place)
    };
    let lines = reconcile(&manifest, &receipt, facts);
    drop(stock);
    let mut outcomes = Counts::new();
    let mut groups: BTreeMap<(Outcome, Option<FaultReason>), Vec<i64>> = BTreeMap::new();
    for line in &lines {
        *outcomes.entry(line.outcome.name().to_owned()).or_default() += 1;
        groups.entry((line.outcome, line.reason)).or_default().push(line.hub.key());
    }
    write(tx, id, groups, at)?;
    rows::clear_list(tx, id, Side::Receiver)?;
    row.state = row.state.after(Action::Receive)?;
    row.received_at = Some(at);
    row.received_by = actor;
    row.receipt = Some(file.id);
    row.counts = rows::counts(tx, id)?;
    for what in ["arrive", "receive", "escalate"] {
        deadlines::met(tx, &row, what, at)?;
    }
    deadlines::set(tx, &row, at)?;
    rows::update(tx, &row)?;
    Ok(Event::TransferReceived { transfer: id.0, receipt_sha256: hex(&file.sha256), outcomes })
}

/// Writes the outcomes. The largest group is what is left when the others have been written, so that
/// it is one statement.
fn write(
    tx: &mut Tx,
    id: TransferId,
    mut groups: BTreeMap<(Outcome, Option<FaultReason>), Vec<i64>>,
    at: Timestamp,
) -> Result<()> {
    let extra: Vec<_> =
        groups.extract_if(.., |(outcome, _), _| *outcome == Outcome::Extra).collect();
    let largest = groups.iter().max_by_key(|(_, keys)| keys.len()).map(|(key, _)| *key);
    let dispatched = (LineState::Dispatched, LineState::Dispatched);
    for (key, hubs) in groups.iter().filter(|(key, _)| Some(**key) != largest) {
        rows::change_some(tx, id, hubs, dispatched, &line_change(*key, at))?;
    }
    if let Some(key) = largest {
        rows::change_all(tx, id, LineState::Dispatched, &line_change(key, at))?;
    }
    let mut lines: Vec<LineRow> = Vec::new();
    for ((outcome, reason), hubs) in extra {
        lines.extend(hubs.into_iter().map(|key| LineRow {
            hub: DeviceId::from_key(key),
            state: LineState::Waiting,
            outcome: Some(outcome),
            reason,
            correction: None,
            code: String::new(),
            accepted_at: None,
            closed_at: None,
        }));
    }
    lines.sort_unstable_by_key(|line| line.hub.key());
    Ok(rows::insert_lines(tx, id, lines.into_iter())?)
}

fn line_change((outcome, reason): (Outcome, Option<FaultReason>), at: Timestamp) -> LineChange {
    let goes_on = outcome == Outcome::Match;
    LineChange {
        outcome: Some(outcome),
        reason,
        accepted_at: goes_on.then_some(at),
        ..LineChange::to(if goes_on { LineState::Ready } else { LineState::Waiting })
    }
}
