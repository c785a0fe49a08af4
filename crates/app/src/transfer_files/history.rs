//! What happened to a file, as the journal has it, and the bytes that were sent.

use std::collections::BTreeMap;
use std::io::Write;

use domain::access::{Action, Actor};
use domain::ids::{TransferFileId, UserId};
use domain::{Refusal, transfer_files::State};
use jiff::Timestamp;
use store::Tx;
use store::journal::{EntryRow, Filter};

use crate::journal::{Counts, Event};
use crate::{App, Error, Result, files};

/// More entries than a file's life has, unless somebody tries to authorise it again and again.
const MOST: i64 = 200;

/// One thing that happened to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// Its place in the journal.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who; empty for the system's own jobs.
    pub who: String,
    /// What, as the heading of a line.
    pub what: String,
    /// A reason or how many lines came to what; empty where there is nothing to add.
    pub more: String,
}

/// What happened to a file, newest first.
pub fn history(app: &App, actor: &Actor, id: TransferFileId) -> Result<Vec<HistoryEntry>> {
    actor.must(Action::SeeTransferFiles)?;
    let mut tx = app.db.read()?;
    let filter = Filter { subject: Some(id.to_string()), ..Filter::default() };
    let entries = store::journal::newest(&mut tx, &filter, None, MOST)?;
    let mut names = BTreeMap::new();
    entries.iter().map(|entry| told(&mut tx, &mut names, entry)).collect()
}

fn told(tx: &mut Tx, names: &mut BTreeMap<i64, String>, entry: &EntryRow) -> Result<HistoryEntry> {
    let who = match entry.actor {
        None => String::new(),
        Some(actor) => match names.get(&actor) {
            Some(name) => name.clone(),
            None => {
                let person = store::people::by_id(tx, UserId(actor))?;
                let name = person.map_or_else(|| UserId(actor).to_string(), |person| person.name);
                names.insert(actor, name.clone());
                name
            }
        },
    };
    let event = Event::from_entry(&entry.kind, &entry.payload)
        .map_err(|error| Error::Damaged(format!("journal entry {}: {error}", entry.seq)))?;
    let (what, more) = words(&event);
    Ok(HistoryEntry { seq: entry.seq, at: entry.at, who, what: what.to_owned(), more })
}

fn words(event: &Event) -> (&'static str, String) {
    match event {
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
        Event::TransferFileApplied { counts, .. } => ("Applied", in_words(counts)),
        Event::TransferFileOverdue { .. } => ("Not authorised in time", String::new()),
        Event::TransferFileFailed { reason, .. } => ("Failed", reason.clone()),
        // The journal's subject is this file, so there is no other kind.
        other => ("Something else happened", other.kind()),
    }
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
