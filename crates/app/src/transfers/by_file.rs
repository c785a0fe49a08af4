//! The transfer file of a transfer: prepared from the lines that are ready, and what came of it.

use std::collections::BTreeMap;

use domain::DeviceId;
use domain::access::{Action as Permission, Actor};
use domain::ids::{TransferFileId, TransferId};
use domain::inventory::SmiStatus;
use domain::reconciliation::Outcome;
use domain::refusal::{Refusal, RefusalKind};
use domain::transfer_files::Code;
use domain::transfers::{Action, LineState};
use jiff::Timestamp;
use store::Tx;
use store::held_hubs::{self, Holder};
use store::transfers::{self as rows, LineChange, LineSelection, TransferRow};

use super::facts::{Stock, in_order};
use super::view::{must_be_current, visible};
use super::{TransferView, deadlines, get};
use crate::files::hex;
use crate::journal::{By, Event, enact, record};
use crate::transfer_files::{self, AppliedLine, Prepared};
use crate::{App, Error, Result};

/// Prepares the controlled transfer file of the lines that are ready, bound to both Parties' lists
/// by their hashes, and puts it in the queue to be checked. Somebody else authorises it.
///
/// Hubs that the receiver has and that were installed on the way go into it once: the file's answer
/// puts them in Finance's queue.
pub fn prepare(
    app: &App,
    actor: &Actor,
    id: TransferId,
    version: Option<i64>,
) -> Result<TransferView> {
    actor.must(Permission::PrepareTransferFile)?;
    let mut tx = app.db.write()?;
    let (row, _) = visible(&mut tx, actor, id, Permission::SeeTransfers)?;
    must_be_current(&row, version)?;
    row.state.after(Action::Prepare)?;
    let ready = rows::keys_in_state(&mut tx, id, LineState::Ready)?;
    let installed = installed(&mut tx, &row)?;
    let keys = in_order(ready.into_iter().chain(installed));
    if keys.is_empty() {
        let message = "No line of this transfer is ready for a transfer file.";
        return Err(Refusal::new(RefusalKind::WrongState, message).into());
    }
    let hash = |tx: &mut Tx, file: Option<domain::ids::FileId>| -> Result<String> {
        let missing = || Error::Damaged(format!("{id} was received and has no lists"));
        Ok(hex(&store::files::load(tx, file.ok_or_else(missing)?)?.sha256))
    };
    let (manifest_sha256, receipt_sha256) =
        (hash(&mut tx, row.manifest)?, hash(&mut tx, row.receipt)?);
    let book = crate::parties::book(&mut tx)?;
    let prepared = Prepared {
        devices: keys.iter().map(|key| DeviceId::from_key(*key)).collect(),
        reference: id.to_string(),
        from: book.reference_of(row.sender).to_owned(),
        to: book.reference_of(row.receiver).to_owned(),
    };
    let file = transfer_files::prepare(&mut tx, app, actor, &prepared)?;
    let event = Event::TransferFilePrepared {
        transfer: id.0,
        transfer_file: file.0,
        manifest_sha256,
        receipt_sha256,
        hubs: keys.len() as u64,
    };
    enact(&mut tx, app, By::from(actor), &event)?;
    tx.commit()?;
    app.bell.ring();
    get(app, actor, id)
}

/// Hubs that the receiver has, that were installed on the way, and that no file has answered yet.
fn installed(tx: &mut Tx, row: &TransferRow) -> Result<Vec<i64>> {
    let selection = LineSelection {
        state: Some(LineState::Waiting),
        outcome: Some(Outcome::NotPending),
        after: None,
    };
    let mut keys = Vec::new();
    rows::each_line(tx, row.id, &selection, |line| {
        if line.reason.is_none() && line.code.is_empty() {
            keys.push(line.hub.key());
        }
        Ok(())
    })?;
    let stock = Stock::look(tx, row, &keys)?;
    let is_installed = |place: usize| {
        stock.hub(place).is_some_and(|hub| {
            matches!(hub.status, SmiStatus::InstalledNotCommissioned | SmiStatus::Commissioned)
        })
    };
    let pairs = keys.iter().enumerate().filter(|(place, _)| is_installed(*place));
    Ok(pairs.map(|(_, key)| *key).collect())
}

/// A transfer file was applied, in this transaction: its transfer follows.
pub(crate) fn file_applied(tx: &mut Tx, app: &App, file: TransferFileId) -> Result<()> {
    let Some(row) = store::transfer_files::load(tx, file)? else { return Ok(()) };
    let Ok(id) = row.reference.parse::<TransferId>() else { return Ok(()) };
    follow(tx, app, id, file)
}

/// A transfer file was refused, rejected, withdrawn or given up, in this transaction: the lines of
/// its transfer wait for another.
pub(crate) fn file_came_to_nothing(tx: &mut Tx, app: &App, file: TransferFileId) -> Result<()> {
    match rows::of_file(tx, file)? {
        Some(row) if row.state.allows(Action::DropFile) => follow(tx, app, row.id, file),
        _ => Ok(()),
    }
}

fn follow(tx: &mut Tx, app: &App, id: TransferId, file: TransferFileId) -> Result<()> {
    let Some(row) = rows::load(tx, id)?.filter(|row| row.state.lets_hubs_move()) else {
        return Ok(());
    };
    let at = app.now();
    let event = carry_out(tx, row, file, at)?;
    record(tx, at, By::SYSTEM, &event)?;
    Ok(())
}

/// Takes over what came of a transfer file, line by line; the entry is left to the caller.
pub(super) fn carry_out(
    tx: &mut Tx,
    mut row: TransferRow,
    file: TransferFileId,
    at: Timestamp,
) -> Result<Event> {
    let _span = tracing::debug_span!("complete the transfer").entered();
    let id = row.id;
    let applied = transfer_files::applied_lines(tx, file)?;
    let moved = write(tx, &row, &applied, at)?;
    held_hubs::release(tx, Holder::Transfer(id), &moved)?;
    row.counts = rows::counts(tx, id)?;
    let c = row.counts;
    let is_left = c.ready + c.waiting > 0;
    let is_whole = !is_left && c.dropped == 0;
    let is_under_way = row.state.allows(Action::DropFile) && row.transfer_file != Some(file);
    let came_to_nothing = c.moved == 0;
    if !is_under_way {
        row.state = match row.state.allows(Action::DropFile) {
            true if came_to_nothing => row.state.after(Action::DropFile)?,
            false if came_to_nothing => row.state,
            _ if is_whole => row.state.after(Action::Complete)?,
            _ => row.state.after(Action::CompleteInPart)?,
        };
        row.transfer_file = Some(file);
        row.ended_at = (!is_left).then_some(at);
        deadlines::met(tx, &row, "prepare", at)?;
        deadlines::set(tx, &row, at)?;
    }
    rows::update(tx, &row)?;
    if came_to_nothing {
        return Ok(Event::TransferFileDropped { transfer: id.0, transfer_file: file.0 });
    }
    Ok(Event::TransferCompleted {
        transfer: id.0,
        transfer_file: Some(file.0),
        moved: moved.len() as u64,
        waiting: (c.ready + c.waiting).unsigned_abs(),
        with_exceptions: !is_whole,
    })
}

/// Writes what the file said of each line that was open, and answers the hubs that have moved.
fn write(
    tx: &mut Tx,
    row: &TransferRow,
    applied: &[AppliedLine],
    at: Timestamp,
) -> Result<Vec<i64>> {
    if applied.is_empty() {
        return Ok(Vec::new());
    }
    let id = row.id;
    let mut open: BTreeMap<i64, (LineState, Option<Outcome>)> = BTreeMap::new();
    for state in [LineState::Ready, LineState::Waiting] {
        let selection = LineSelection { state: Some(state), ..LineSelection::default() };
        rows::each_line(tx, id, &selection, |line| {
            open.insert(line.hub.key(), (line.state, line.outcome));
            Ok(())
        })?;
    }
    let mut moved = Vec::with_capacity(applied.len());
    let mut groups: BTreeMap<LineChange, Vec<i64>> = BTreeMap::new();
    for line in applied {
        let Some((state, was)) = open.get(&line.key) else { continue };
        let change = change(line, *state, *was, row, at);
        if change.state == LineState::Moved {
            moved.push(line.key);
        }
        groups.entry(change).or_default().push(line.key);
    }
    let all_ready = open.values().filter(|(state, _)| *state == LineState::Ready).count();
    let states = (LineState::Ready, LineState::Waiting);
    for (change, hubs) in groups {
        let is_all =
            hubs.len() == all_ready && hubs.iter().all(|key| open[key].0 == LineState::Ready);
        if is_all {
            rows::change_all(tx, id, LineState::Ready, &change)?;
        } else {
            rows::change_some(tx, id, &hubs, states, &change)?;
        }
    }
    Ok(moved)
}

/// What a line becomes by what the file said of it.
fn change(
    line: &AppliedLine,
    state: LineState,
    was: Option<Outcome>,
    row: &TransferRow,
    at: Timestamp,
) -> LineChange {
    let code = Some(line.outcome.to_string());
    let said = |state: LineState, outcome: Option<Outcome>| LineChange {
        outcome,
        code: code.clone(),
        ..LineChange::to(state)
    };
    match line.outcome.code {
        Code::S00 | Code::S01 if was != Some(Outcome::Extra) => {
            LineChange { closed_at: Some(at), ..said(LineState::Moved, None) }
        }
        // Not done for the sake of another line: it goes into the next file.
        Code::N00 => said(state, None),
        Code::R04 => said(LineState::Waiting, Some(Outcome::NotPending)),
        Code::R02 | Code::R03 => said(LineState::Waiting, Some(Outcome::NotSendersStock)),
        Code::R05 if line.party != Some(row.sender) => {
            said(LineState::Waiting, Some(Outcome::NotSendersStock))
        }
        Code::S00
        | Code::S01
        | Code::R00
        | Code::R01
        | Code::R05
        | Code::R06
        | Code::R07
        | Code::R08
        | Code::R09
        | Code::R12
        | Code::W10
        | Code::W11 => said(LineState::Waiting, None),
    }
}
