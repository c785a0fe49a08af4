//! Receiving a file.

use std::io::Read;

use domain::access::{Action, Actor};
use domain::ids::{FileId, TransferFileId};
use domain::transfer_files::generate::is_controlled_name;
use jiff::Timestamp;
use store::Tx;
use store::files::StoredFile;
use store::transfer_files::{self as rows, NewTransferFile};

use super::{Submission, Submitted};
use crate::files::{hex, receive_and, upload_limit};
use crate::jobs::{JobKind, enqueue};
use crate::journal::{By, Event, record};
use crate::{App, Result};

/// The longest name that is kept of a file.
const LONGEST_NAME: usize = 200;

/// Keeps what `source` gives and puts it in the queue to be checked. The actor is its preparer.
///
/// Content or a file ID that was sent before is answered with the first file.
pub fn submit(
    app: &App,
    actor: &Actor,
    submission: Submission,
    source: &mut dyn Read,
) -> Result<Submitted> {
    actor.must(Action::PrepareTransferFile)?;
    let limit = upload_limit(app)?;
    let name = base_name(&submission.name);
    let submitted = receive_and(app, source, limit, |tx, stored, head| {
        if let Some(id) = earlier(tx, Some(stored.id), &name, head)? {
            return Ok(Submitted { id, repeated: true });
        }
        let at = app.now();
        let new = NewTransferFile {
            name: &name,
            file: stored.id,
            all_or_nothing: submission.all_or_nothing,
            preparer: actor.user,
            at,
        };
        let id = receive_row(tx, &new, &stored, By::from(actor))?;
        enqueue(tx, JobKind::ValidateTransferFile, id.0, at)?;
        Ok(Submitted { id, repeated: false })
    })?;
    app.bell.ring();
    Ok(submitted)
}

/// Adds the row and the entry of a file that has come in.
pub(super) fn receive_row(
    tx: &mut Tx,
    new: &NewTransferFile<'_>,
    stored: &StoredFile,
    by: By,
) -> Result<TransferFileId> {
    let id = rows::insert(tx, new)?;
    let event = Event::TransferFileReceived {
        transfer_file: id.0,
        name: new.name.to_owned(),
        sha256: hex(&stored.sha256),
        all_or_nothing: new.all_or_nothing,
    };
    record(tx, new.at, by, &event)?;
    Ok(id)
}

/// The file that was sent before with the same content, or with the same ID in its header.
pub(super) fn earlier(
    tx: &mut Tx,
    stored: Option<FileId>,
    name: &str,
    head: &[u8],
) -> Result<Option<TransferFileId>> {
    if let Some(stored) = stored
        && let Some(id) = rows::with_content(tx, stored, name)?
    {
        return Ok(Some(id));
    }
    match file_id(name, head) {
        Some(file_id) => Ok(rows::with_file_id(tx, &file_id)?),
        None => Ok(None),
    }
}

/// The file ID in the header of a controlled file. Only files that pass their check keep theirs,
/// so one that was cut off on its way can be sent again.
fn file_id(name: &str, head: &[u8]) -> Option<String> {
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let line = head.split(|byte| *byte == b'\n').next()?;
    let mut fields = std::str::from_utf8(line).ok()?.split(',').map(str::trim);
    let is_header = fields.next() == Some("HDR") && is_controlled_name(name);
    let id = fields.nth(2).filter(|_| is_header)?;
    uuid::Uuid::try_parse(id.trim_matches('"')).ok().map(|id| id.to_string())
}

/// A name without the folders that some browsers put before it, and not longer than fits.
pub(super) fn base_name(name: &str) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name).trim();
    let name: String = base.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
    if name.is_empty() { "transfer.csv".to_owned() } else { name }
}

/// A file came in, as the journal has it.
pub(super) fn redo(
    tx: &mut Tx,
    (id, name, all_or_nothing): (i64, &str, bool),
    bytes: &[u8],
    preparer: i64,
    at: Timestamp,
) -> Result<()> {
    let stored = store::files::keep(tx, bytes, at)?;
    let preparer = domain::ids::UserId(preparer);
    let new = NewTransferFile { name, file: stored.id, all_or_nothing, preparer, at };
    let made = rows::insert(tx, &new)?;
    if made.0 == id {
        Ok(())
    } else {
        Err(crate::Error::Damaged(format!("{made} was to be {}", TransferFileId(id))))
    }
}
