//! Doing again what the journal says, on an empty database: how `verify` rebuilds the tables.

use domain::ids::TransferFileId;
use domain::timers::british_day;
use domain::transfer_files::Action;
use store::Tx;
use store::journal::EntryRow;
use store::transfer_files as rows;

use super::{apply, deadlines, decide, generate, submit, validate};
use crate::journal::Event;
use crate::{Error, Result};

/// Makes the rows of one entry about transfer files again, from the entry and the stored files.
///
/// `file` answers the bytes with this SHA-256 in hexadecimal. Answers whether the entry is one of
/// these. The journal's own rows are the caller's.
pub fn redo(
    tx: &mut Tx,
    file: &mut dyn FnMut(&str) -> Result<Vec<u8>>,
    entry: &EntryRow,
    event: &Event,
) -> Result<bool> {
    let at = entry.at;
    let actor = || entry.actor.ok_or_else(|| damaged(entry, "nobody did it"));
    match event {
        Event::TransferFileReceived { transfer_file, name, sha256, all_or_nothing } => {
            let row = (*transfer_file, name.as_str(), *all_or_nothing);
            submit::redo(tx, row, &file(sha256)?, actor()?, at)?;
        }
        Event::TransferFileGenerated { name, sha256, sequence, hubs } => {
            let row = (*sequence, name.as_str(), *hubs);
            generate::redo(tx, row, &file(sha256)?, actor()?, at)?;
        }
        Event::TransferFileValidated { transfer_file, .. }
        | Event::TransferFileRefused { transfer_file, .. } => {
            let id = TransferFileId(*transfer_file);
            let bytes = bytes(tx, file, id)?;
            let row = rows::load(tx, id)?.ok_or_else(|| damaged(entry, "there is no such file"))?;
            let today = british_day(at);
            let found = validate::examine(tx, &row, bytes, today, &mut |_, _| Ok(()))?;
            must_be(entry, &validate::note_rows(tx, id, &found, Some(event), at)?, event)?;
        }
        Event::TransferFileAuthorised { transfer_file } => {
            let id = TransferFileId(*transfer_file);
            decide::redo(tx, id, (Action::Authorise, None), entry.actor, at)?;
        }
        Event::TransferFileRejected { transfer_file, reason } => {
            let id = TransferFileId(*transfer_file);
            decide::redo(tx, id, (Action::Reject, Some(reason)), entry.actor, at)?;
        }
        Event::TransferFileWithdrawn { transfer_file, reason } => {
            let id = TransferFileId(*transfer_file);
            decide::redo(tx, id, (Action::Withdraw, Some(reason)), entry.actor, at)?;
        }
        Event::TransferFileOverdue { transfer_file } => {
            deadlines::met(tx, TransferFileId(*transfer_file), at)?;
        }
        Event::TransferFileApplied { transfer_file, .. } => {
            let id = TransferFileId(*transfer_file);
            let bytes = bytes(tx, file, id)?;
            must_be(entry, &apply::redo(tx, id, bytes, at)?, event)?;
        }
        Event::TransferFileFailed { transfer_file, reason } => {
            rows::set_failed(tx, TransferFileId(*transfer_file), reason, at)?;
        }
        Event::InstalledBeforeSettled { item, note } => {
            let by = domain::ids::UserId(actor()?);
            if !rows::settle(tx, *item, by, note, at)? {
                return Err(damaged(entry, "that line does not wait"));
            }
        }
        Event::TransferFileAuthorisationRefused { .. } => {}
        _ => return Ok(false),
    }
    Ok(true)
}

/// The bytes of a file that an earlier entry brought in.
fn bytes(
    tx: &mut Tx,
    file: &mut dyn FnMut(&str) -> Result<Vec<u8>>,
    id: TransferFileId,
) -> Result<Vec<u8>> {
    let row =
        rows::load(tx, id)?.ok_or_else(|| Error::Damaged(format!("the journal has no {id}")))?;
    file(&crate::files::hex(&row.sha256))
}

/// What was done again must come to what the journal says.
fn must_be(entry: &EntryRow, again: &Event, event: &Event) -> Result<()> {
    if again == event {
        Ok(())
    } else {
        Err(damaged(entry, "done again, it comes to something else"))
    }
}

fn damaged(entry: &EntryRow, what: &str) -> Error {
    Error::Damaged(format!("entry {} ({}): {what}", entry.seq, entry.kind))
}
