//! Correcting lines that wait.

use std::collections::BTreeMap;

use domain::DeviceId;
use domain::access::{Action as Permission, Actor, Reach};
use domain::ids::TransferId;
use domain::reconciliation::{Outcome, corrected};
use domain::refusal::{Refusal, RefusalKind};
use domain::transfers::{Action, Correction, LineState, Side, read_manifest, write_manifest};
use jiff::Timestamp;
use store::Tx;
use store::files::StoredFile;
use store::held_hubs::{self, Holder};
use store::transfers::{self as rows, LineChange, TransferRow};

use super::agree::given_text;
use super::facts::{Stock, in_order};
use super::view::{by, must_be_current, visible};
use super::{TransferView, deadlines, get};
use crate::files::hex;
use crate::journal::{By, Counts, Event, record};
use crate::{App, Error, Result};

/// A correction, and who makes it.
pub(super) struct Corrected {
    /// The side; none when the DCC makes it.
    pub side: Option<Side>,
    /// What is done.
    pub correction: Correction,
    /// Why.
    pub reason: String,
}

/// Corrects lines that wait: all of these hubs, or none.
pub fn correct(
    app: &App,
    actor: &Actor,
    id: TransferId,
    version: Option<i64>,
    hubs: &[DeviceId],
    correction: Correction,
    reason: &str,
) -> Result<TransferView> {
    actor.must(Permission::Dispatch).or_else(|_| actor.must(Permission::Receive))?;
    let mut tx = app.db.write()?;
    let (row, side) = visible(&mut tx, actor, id, Permission::SeeTransfers)?;
    must_be_allowed(actor, side)?;
    must_be_current(&row, version)?;
    row.state.after(Action::Correct)?;
    let reason = given_text("reason", reason, 0)?;
    let keys = in_order(hubs.iter().map(|hub| hub.key()));
    if keys.is_empty() {
        return Err(Refusal::field("hubs", "Choose at least one line.").into());
    }
    let whose = must_be_possible(&mut tx, id, &keys, correction, side)?;
    let at = app.now();
    let mut bytes = Vec::new();
    write_manifest(&mut bytes, keys.iter().map(|key| (DeviceId::from_key(*key), "", "")));
    let stored = store::files::keep(&mut tx, &bytes, at)?;
    let by = side.or(whose).map_or_else(|| By::from(actor), |side| by(actor, &row, side));
    let made = Corrected { side, correction, reason };
    let event = change(&mut tx, row, &made, (&stored, &bytes), at)?;
    record(&mut tx, at, by, &event)?;
    close_if_done(&mut tx, app, id)?;
    tx.commit()?;
    app.bell.ring();
    get(app, actor, id)
}

fn must_be_allowed(actor: &Actor, side: Option<Side>) -> Result<()> {
    actor.must(match side {
        Some(Side::Sender) => Permission::Dispatch,
        Some(Side::Receiver) => Permission::Receive,
        None => Permission::SuperviseTransfers,
    })?;
    debug_assert!(side.is_some() || actor.reach(Permission::SuperviseTransfers) == Reach::All);
    Ok(())
}

/// Refuses what can't be made of one of the lines. Answers the side whose correction it is of all of
/// them, if it is one's alone: the DCC makes it for that side.
fn must_be_possible(
    tx: &mut Tx,
    id: TransferId,
    keys: &[i64],
    correction: Correction,
    side: Option<Side>,
) -> Result<Option<Side>> {
    let mut whose = Vec::with_capacity(keys.len());
    let lines = rows::lines_of(tx, id, keys)?;
    for key in keys {
        let hub = DeviceId::from_key(*key);
        let line = lines.get(key).ok_or_else(|| {
            Refusal::field("hubs", format!("{hub} is not a hub of this transfer."))
        })?;
        let outcome = line.outcome.filter(|_| line.state == LineState::Waiting);
        let Some(outcome) = outcome else {
            let message = format!("{hub} does not wait for a correction any more.");
            return Err(Refusal::new(RefusalKind::WrongState, message).into());
        };
        if correction.of(outcome, side).is_none() {
            let message = format!(
                "{hub} ({}) can't be corrected with \"{}\"{}.",
                outcome.words().to_lowercase(),
                correction.words().to_lowercase(),
                side.map_or_else(String::new, |side| format!(" by the {}", side.name()))
            );
            return Err(Refusal::field("correction", message).into());
        }
        whose.push(correction.whose(outcome));
    }
    whose.dedup();
    Ok(if let [one] = whose[..] { one } else { None })
}

/// Makes a correction; the entry is left to the caller.
pub(super) fn change(
    tx: &mut Tx,
    mut row: TransferRow,
    made: &Corrected,
    (file, bytes): (&StoredFile, &[u8]),
    at: Timestamp,
) -> Result<Event> {
    let id = row.id;
    let damaged = |what: String| Error::Damaged(format!("a correction of {id}: {what}"));
    let hubs = read_manifest(bytes).map_err(damaged)?;
    let keys: Vec<i64> = hubs.iter().map(|hub| hub.key()).collect();
    let lines = rows::lines_of(tx, id, &keys)?;
    let stock = Stock::look(tx, &row, &keys)?;
    let mut groups: BTreeMap<(LineState, Outcome), Vec<i64>> = BTreeMap::new();
    let mut outcomes = Counts::new();
    for (place, key) in keys.iter().enumerate() {
        let was = lines.get(key).and_then(|line| line.outcome);
        let was = was.ok_or_else(|| damaged("a line does not wait".into()))?;
        let to = made.correction.of(was, made.side).ok_or_else(|| damaged("not allowed".into()))?;
        let (state, outcome) = corrected(made.correction, was, to, stock.facts(place));
        *outcomes.entry(was.name().to_owned()).or_default() += 1;
        groups.entry((state, outcome)).or_default().push(*key);
    }
    drop(stock);
    let waiting = (LineState::Waiting, LineState::Waiting);
    for ((state, outcome), hubs) in groups {
        let to = LineChange {
            outcome: Some(outcome),
            correction: Some(made.correction),
            accepted_at: (state == LineState::Ready).then_some(at),
            closed_at: (state == LineState::Dropped).then_some(at),
            ..LineChange::to(state)
        };
        rows::change_some(tx, id, &hubs, waiting, &to)?;
        if state == LineState::Dropped {
            held_hubs::release(tx, Holder::Transfer(id), &hubs)?;
        }
    }
    let had_ready = row.counts.ready > 0;
    row.state = row.state.after(Action::Correct)?;
    row.counts = rows::counts(tx, id)?;
    if !had_ready {
        deadlines::set(tx, &row, at)?;
    }
    rows::update(tx, &row)?;
    let first_ready = !had_ready && row.counts.ready > 0;
    Ok(Event::TransferLinesCorrected {
        transfer: id.0,
        side: made.side.map(|side| side.name().to_owned()),
        correction: made.correction.word().to_owned(),
        lines_sha256: hex(&file.sha256),
        reason: made.reason.clone(),
        outcomes,
        first_ready,
    })
}

/// When no line is left that could move, the transfer has ended.
fn close_if_done(tx: &mut Tx, app: &App, id: TransferId) -> Result<()> {
    let row = rows::load(tx, id)?.ok_or_else(|| Refusal::not_found("transfer"))?;
    let is_left = row.counts.ready + row.counts.waiting > 0;
    if is_left
        || !row.state.allows(Action::CompleteInPart)
        || row.state == domain::transfers::State::Completing
    {
        return Ok(());
    }
    let at = app.now();
    let event = close(tx, row, at)?;
    record(tx, at, By::SYSTEM, &event)?;
    Ok(())
}

/// Ends a transfer of which no line is left to move; the entry is left to the caller.
pub(super) fn close(tx: &mut Tx, mut row: TransferRow, at: Timestamp) -> Result<Event> {
    row.state = row.state.after(Action::CompleteInPart)?;
    row.ended_at = Some(at);
    store::timers::settle_all(tx, &row.id.to_string(), at)?;
    rows::update(tx, &row)?;
    Ok(Event::TransferCompleted {
        transfer: row.id.0,
        transfer_file: None,
        moved: row.counts.moved.unsigned_abs(),
        waiting: 0,
        with_exceptions: true,
    })
}
