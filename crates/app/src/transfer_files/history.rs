//! What happened to a file, as the journal has it, and the bytes that were sent.

use std::io::Write;

use domain::access::{Action, Actor};
use domain::ids::TransferFileId;
use domain::{Refusal, transfer_files::State};
use store::Tx;

use crate::journal::read::{self, HistoryEntry};
use crate::journal::{Counts, Event};
use crate::{App, Result, files};

/// What happened to a file, newest first.
pub fn history(app: &App, actor: &Actor, id: TransferFileId) -> Result<Vec<HistoryEntry>> {
    actor.must(Action::SeeTransferFiles)?;
    of(&mut app.db.read()?, id)
}

pub(super) fn of(tx: &mut Tx, id: TransferFileId) -> Result<Vec<HistoryEntry>> {
    read::history(tx, id, words)
}

fn words(event: &Event) -> (String, String) {
    let (what, more) = match event {
        Event::TransferFileReceived { .. } => ("Received", String::new()),
        Event::TransferFileRefused { reason, .. } => {
            (State::FailedValidation.words(), reason.clone())
        }
        Event::TransferFileValidated { counts, .. } => ("Checked", in_words(counts)),
        Event::TransferFileAuthorised { .. } => ("Authorised", String::new()),
        Event::TransferFileAuthorisationRefused { reason, .. } => {
            ("Authorisation refused", reason.clone())
        }
        Event::TransferFileRejected { reason, .. } => ("Rejected", reason.clone()),
        Event::TransferFileWithdrawn { reason, .. } => ("Withdrawn", reason.clone()),
        Event::TransferFileApplied { counts, .. } => {
            let moved = counts.keys().any(|outcome| outcome.starts_with("S00"));
            let what = if moved { "Applied" } else { "Processed: nothing was moved" };
            (what, in_words(counts))
        }
        Event::TransferFileOverdue { .. } => ("Not authorised in time", String::new()),
        Event::TransferFileFailed { reason, .. } => ("Failed", reason.clone()),
        // The journal's subject is this file, so there is no other kind.
        other => ("Something else happened", other.kind()),
    };
    (what.to_owned(), more)
}

/// `S00 895, R01 1`
fn in_words(counts: &Counts) -> String {
    let each: Vec<String> =
        counts.iter().map(|(outcome, lines)| format!("{outcome} {lines}")).collect();
    each.join(", ")
}

/// Writes the file as it was sent and answers its name.
pub fn original(
    app: &App,
    actor: &Actor,
    id: TransferFileId,
    out: &mut dyn Write,
) -> Result<String> {
    actor.must(Action::SeeTransferFiles)?;
    let row = store::transfer_files::load(&mut app.db.read()?, id)?;
    let row = row.ok_or_else(|| Refusal::not_found("transfer file"))?;
    files::send(app, row.file, out)?;
    Ok(row.name)
}
