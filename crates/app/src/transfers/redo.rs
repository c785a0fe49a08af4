//! What each entry of the journal does to a transfer: the operations and a rebuilding take this way.

use domain::ids::{
    AllocationRunId, OfferId, PartyId, RequestId, TransferFileId, TransferId, UserId,
};
use domain::offers::Specification;
use domain::transfers::{Action, Condition, Correction, Kind, Side, State};
use jiff::Timestamp;
use store::Tx;
use store::files::StoredFile;
use store::journal::EntryRow;
use store::transfers::{self as rows, Counts, TransferRow};

use super::agree::specification;
use super::{by_file, correct, deadlines, dispatch, receive};
use crate::files::from_hex;
use crate::journal::Event;
use crate::{App, Error, Result};

/// A transfer as it begins.
pub(super) fn new_row(
    id: TransferId,
    kind: Kind,
    (sender, receiver): (PartyId, PartyId),
    at: Timestamp,
) -> TransferRow {
    TransferRow {
        id,
        kind,
        offer: None,
        request: None,
        run: None,
        reverses: None,
        sender,
        receiver,
        specification: Specification::default(),
        firmware: Vec::new(),
        quantity: 0,
        notes: String::new(),
        state: State::Agreed,
        held_from: None,
        agreed_at: at,
        agreed_by: None,
        sender_confirmed_at: None,
        sender_confirmed_by: None,
        receiver_confirmed_at: None,
        receiver_confirmed_by: None,
        dispatched_at: None,
        dispatched_by: None,
        dispatched_on: None,
        carrier: None,
        consignment_note: None,
        seals: None,
        manifest: None,
        arrived_at: None,
        arrived_by: None,
        arrived_on: None,
        condition: None,
        condition_note: None,
        received_at: None,
        received_by: None,
        receipt: None,
        transfer_file: None,
        counts: Counts::default(),
        ended_at: None,
        reason: None,
        version: 1,
    }
}

/// Does one entry about transfers.
pub(crate) fn redo(tx: &mut Tx, from: &App, entry: &EntryRow, event: &Event) -> Result<()> {
    let at = entry.at;
    let actor = entry.actor.map(UserId);
    match event {
        Event::TransferAgreed {
            transfer,
            offer,
            request,
            run,
            sender,
            receiver,
            specification: parts,
            firmware,
            quantity,
        } => {
            let parties = (PartyId(*sender), PartyId(*receiver));
            let row = TransferRow {
                offer: Some(OfferId(*offer)),
                request: Some(RequestId(*request)),
                run: run.map(AllocationRunId),
                specification: specification(parts),
                firmware: firmware.clone(),
                quantity: *quantity,
                agreed_by: actor,
                ..new_row(TransferId(*transfer), Kind::Selected, parties, at)
            };
            open(tx, &row, at)
        }
        Event::TransferNotified {
            transfer,
            side,
            sender,
            receiver,
            specification: parts,
            firmware,
            quantity,
            notes,
        } => {
            let parties = (PartyId(*sender), PartyId(*receiver));
            let row = TransferRow {
                specification: specification(parts),
                firmware: firmware.clone(),
                quantity: *quantity,
                notes: notes.clone(),
                agreed_by: actor,
                ..new_row(TransferId(*transfer), Kind::Direct, parties, at)
            };
            open(tx, &row, at)?;
            confirmed(tx, row, named_side(entry, side)?, actor, at)
        }
        Event::TransferReversalOpened { transfer, reverses, quantity, reason } => {
            let taken_back = load(tx, entry, *reverses)?;
            let parties = (taken_back.receiver, taken_back.sender);
            let row = TransferRow {
                reverses: Some(taken_back.id),
                specification: taken_back.specification,
                quantity: *quantity,
                notes: reason.clone(),
                agreed_by: actor,
                ..new_row(TransferId(*transfer), Kind::Reversal, parties, at)
            };
            open(tx, &row, at)
        }
        Event::TransferConfirmed { transfer, side } => {
            let row = load(tx, entry, *transfer)?;
            confirmed(tx, row, named_side(entry, side)?, actor, at)
        }
        Event::TransferLapsed { transfer } => end(tx, entry, *transfer, Action::Lapse, None),
        Event::TransferCancelled { transfer, reason, .. } => {
            end(tx, entry, *transfer, Action::Cancel, Some(reason))
        }
        Event::TransferHeld { transfer, reason } => {
            let mut row = load(tx, entry, *transfer)?;
            row.held_from = Some(row.state);
            row.state = row.state.after(Action::Hold)?;
            row.reason = Some(reason.clone());
            store::timers::settle_all(tx, &row.id.to_string(), at)?;
            Ok(rows::update(tx, &row)?)
        }
        Event::TransferReleased { transfer } => {
            let mut row = load(tx, entry, *transfer)?;
            row.state.after(Action::Release)?;
            row.state = row.held_from.take().ok_or_else(|| damaged(entry, "it is not held"))?;
            row.reason = None;
            deadlines::set(tx, &row, at)?;
            Ok(rows::update(tx, &row)?)
        }
        Event::TransferDispatched { transfer, manifest_sha256, .. } => {
            let row = load(tx, entry, *transfer)?;
            let (file, bytes) = stored(tx, from, manifest_sha256)?;
            dispatch::redo(tx, row, (&file, &bytes), event, (actor, at))
        }
        Event::TransferArrived { transfer, on, condition, note } => {
            let mut row = load(tx, entry, *transfer)?;
            row.state = row.state.after(Action::Arrive)?;
            row.arrived_at = Some(at);
            row.arrived_by = actor;
            row.arrived_on = Some(on.clone());
            let condition = Condition::from_name(condition);
            row.condition = Some(condition.ok_or_else(|| damaged(entry, "no such condition"))?);
            row.condition_note = Some(note.clone());
            for what in ["arrive", "escalate"] {
                deadlines::met(tx, &row, what, at)?;
            }
            deadlines::set(tx, &row, at)?;
            Ok(rows::update(tx, &row)?)
        }
        Event::TransferReceived { transfer, receipt_sha256, .. } => {
            let row = load(tx, entry, *transfer)?;
            let (file, bytes) = stored(tx, from, receipt_sha256)?;
            let again = receive::change(tx, row, &file, &bytes, (actor, at))?;
            must_be(entry, &again, event)
        }
        Event::TransferLinesCorrected {
            transfer, side, correction, lines_sha256, reason, ..
        } => {
            let row = load(tx, entry, *transfer)?;
            let (file, bytes) = stored(tx, from, lines_sha256)?;
            let correction = Correction::from_word(correction)
                .ok_or_else(|| damaged(entry, "no such correction"))?;
            let corrected = correct::Corrected {
                side: side.as_deref().map(|side| named_side(entry, side)).transpose()?,
                correction,
                reason: reason.clone(),
            };
            let again = correct::change(tx, row, &corrected, (&file, &bytes), at)?;
            must_be(entry, &again, event)
        }
        Event::TransferFilePrepared { transfer, transfer_file, .. } => {
            let mut row = load(tx, entry, *transfer)?;
            row.state = row.state.after(Action::Prepare)?;
            row.transfer_file = Some(TransferFileId(*transfer_file));
            row.ended_at = None;
            deadlines::met(tx, &row, "prepare", at)?;
            Ok(rows::update(tx, &row)?)
        }
        Event::TransferFileDropped { transfer, transfer_file }
        | Event::TransferCompleted { transfer, transfer_file: Some(transfer_file), .. } => {
            let row = load(tx, entry, *transfer)?;
            let again = by_file::carry_out(tx, row, TransferFileId(*transfer_file), at)?;
            must_be(entry, &again, event)
        }
        Event::TransferCompleted { transfer, transfer_file: None, .. } => {
            let row = load(tx, entry, *transfer)?;
            must_be(entry, &correct::close(tx, row, at)?, event)
        }
        Event::TransferOverdue { transfer, what } => {
            let row = load(tx, entry, *transfer)?;
            deadlines::redo(tx, &row, what, at)
        }
        _ => Ok(()),
    }
}

fn open(tx: &mut Tx, row: &TransferRow, at: Timestamp) -> Result<()> {
    rows::insert(tx, row)?;
    deadlines::set(tx, row, at)
}

fn confirmed(
    tx: &mut Tx,
    mut row: TransferRow,
    side: Side,
    actor: Option<UserId>,
    at: Timestamp,
) -> Result<()> {
    let place = match side {
        Side::Sender => (&mut row.sender_confirmed_at, &mut row.sender_confirmed_by),
        Side::Receiver => (&mut row.receiver_confirmed_at, &mut row.receiver_confirmed_by),
    };
    (*place.0, *place.1) = (Some(at), actor);
    if row.sender_confirmed_at.is_some() && row.receiver_confirmed_at.is_some() {
        row.state = row.state.after(Action::ConfirmSecond)?;
        deadlines::met(tx, &row, "confirm", at)?;
        deadlines::set(tx, &row, at)?;
    } else {
        row.state = row.state.after(Action::ConfirmFirst)?;
    }
    Ok(rows::update(tx, &row)?)
}

fn end(
    tx: &mut Tx,
    entry: &EntryRow,
    transfer: i64,
    action: Action,
    reason: Option<&String>,
) -> Result<()> {
    let mut row = load(tx, entry, transfer)?;
    row.state = row.state.after(action)?;
    row.held_from = None;
    row.ended_at = Some(entry.at);
    row.reason = reason.cloned();
    store::timers::settle_all(tx, &row.id.to_string(), entry.at)?;
    Ok(rows::update(tx, &row)?)
}

fn load(tx: &mut Tx, entry: &EntryRow, id: i64) -> Result<TransferRow> {
    rows::load(tx, TransferId(id))?.ok_or_else(|| damaged(entry, "there is no such transfer"))
}

fn named_side(entry: &EntryRow, side: &str) -> Result<Side> {
    Side::from_name(side).ok_or_else(|| damaged(entry, "there is no such side"))
}

/// What was done again must come to what the journal says.
fn must_be(entry: &EntryRow, again: &Event, event: &Event) -> Result<()> {
    match again == event {
        true => Ok(()),
        false => Err(damaged(entry, "done again, it comes to something else")),
    }
}

fn damaged(entry: &EntryRow, what: &str) -> Error {
    Error::Damaged(format!("entry {} ({}): {what}", entry.seq, entry.kind))
}

/// A stored list and its bytes: stored in this transaction, or where the journal comes from.
fn stored(tx: &mut Tx, from: &App, sha256: &str) -> Result<(StoredFile, Vec<u8>)> {
    let missing = || Error::Damaged(format!("there is no stored file {sha256}"));
    let hash = from_hex(sha256).ok_or_else(missing)?;
    if let Some(file) = store::files::find(tx, &hash)? {
        let bytes = store::files::whole(tx, file.id)?;
        if bytes.len() as u64 == file.size {
            return Ok((file, bytes));
        }
    }
    let id = crate::files::note(tx, from, sha256)?;
    let mut source = from.db.read()?;
    let original = store::files::find(&mut source, &hash)?.ok_or_else(missing)?;
    let bytes = store::files::whole(&mut source, original.id)?;
    Ok((StoredFile { id, ..original }, bytes))
}
