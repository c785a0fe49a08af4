//! Files that bring in Parties, deliveries, statuses and snapshots of the inventory.
//!
//! [`submit`] keeps the bytes and answers at once; the job [`load`] goes through the file chunk by
//! chunk; [`answer`] has one line for each line of the file. A snapshot is compared only, until
//! somebody else authorises it ([`authorise_snapshot`]). [`check`] is a dry run.

mod absent;
mod answers;
mod deliveries;
mod load;
mod packs;
mod parties;
mod redo;
mod repeats;
mod snapshot;
mod source;
mod statuses;

use std::io::{Read, Write};

use domain::Refusal;
use domain::access::{Action, Actor};
use domain::ids::{FileId, ImportId, UserId};
use domain::refusal::RefusalKind;
use domain::tabular::write_record;
use jiff::Timestamp;
use store::Tx;
use store::imports::{ImportRow, Stage};

use crate::files::hex;
use crate::jobs::{self, JobKind, Trouble};
use crate::journal::{By, Counts, Event, record};
use crate::{App, Error, Result, files, versions};

pub use domain::imports::{ImportKind as Kind, ImportState as State, LineOutcome};
pub use load::load;
pub use redo::redo;

/// What became of a file that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// The import; the earlier one, if the same content was sent before.
    pub import: ImportId,
    /// Whether it was.
    pub repeated: bool,
}

/// A person, as far as a page names one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub id: UserId,
    /// The name.
    pub name: String,
}

/// Everything about one import but its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportView {
    /// Its number.
    pub id: ImportId,
    /// What it brings in.
    pub kind: Kind,
    /// The name that it came under.
    pub name: String,
    /// Its bytes.
    pub file: FileId,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// How many bytes there are.
    pub size: u64,
    /// How far it is.
    pub state: State,
    /// Lines that have an answer.
    pub lines_done: u64,
    /// Bytes that have been gone through; of a workbook, of the text that it stands for.
    pub bytes_done: u64,
    /// Answers by outcome.
    pub counts: Counts,
    /// Why it was refused whole.
    pub refusal: Option<String>,
    /// Who sent it.
    pub submitted_by: Person,
    /// Who authorised or rejected a snapshot.
    pub decided_by: Option<Person>,
    /// Why it was rejected.
    pub reason: Option<String>,
    /// When it came in.
    pub received_at: Timestamp,
    /// When it was done with.
    pub finished_at: Option<Timestamp>,
    /// Counts its changes.
    pub version: i64,
    /// What is wrong with the job that goes through it, if anything is.
    pub trouble: Option<Trouble>,
}

/// Part of the list of imports, and where the next part begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// This part, newest first.
    pub items: Vec<ImportView>,
    /// The cursor for the next part; none at the end.
    pub next: Option<i64>,
}

/// Takes a file in and answers at once. The same content again is the import that it was the
/// first time.
pub fn submit(
    app: &App,
    actor: &Actor,
    kind: Kind,
    name: &str,
    source: &mut dyn Read,
) -> Result<Submitted> {
    actor.must(loading(kind))?;
    if By::from(actor).actor.is_none() {
        let message = "A file is sent by a person: say who you are.";
        return Err(Refusal::new(RefusalKind::NotSignedIn, message).into());
    }
    let limit = files::upload_limit(app)?;
    let stored = files::receive(app, source, limit)?;
    let at = app.now();
    let mut tx = app.db.write()?;
    if let Some(import) = store::imports::find(&mut tx, kind, stored.id)? {
        return Ok(Submitted { import, repeated: true });
    }
    let import = ImportId(tx.next_id("imports")?);
    let name = name.trim();
    store::imports::insert(&mut tx, import, kind, name, stored.id, actor.user, at)?;
    let event = Event::ImportReceived {
        import: import.0,
        what: kind.word().to_owned(),
        name: name.to_owned(),
        sha256: hex(&stored.sha256),
    };
    record(&mut tx, at, By::from(actor), &event)?;
    jobs::enqueue(&mut tx, JobKind::LoadImport, import.0, at)?;
    tx.commit()?;
    app.bell.ring();
    Ok(Submitted { import, repeated: false })
}

/// A dry run: writes the answer that each line would get to `out`, changes nothing, and answers
/// how many lines came to what.
pub fn check(
    app: &App,
    actor: &Actor,
    kind: Kind,
    source: &mut dyn Read,
    out: &mut dyn Write,
) -> Result<Counts> {
    actor.must(loading(kind))?;
    let file = files::keep_aside(source, files::upload_limit(app)?)?;
    let source = source::Source::aside(app, &file)?;
    write(out, &heading(kind))?;
    let mut counts = Counts::new();
    load::rehearse(app, kind, &source, &mut |answers| {
        counts = merged(std::mem::take(&mut counts), &answers.counts());
        write(out, &answers.csv)
    })?;
    Ok(counts)
}

/// The name of the answers to a file of this name.
pub fn answer_name(name: &str) -> String {
    let name = name.trim();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    format!("{stem}_answer.csv")
}

/// One import.
pub fn get(app: &App, actor: &Actor, id: ImportId) -> Result<ImportView> {
    actor.must(Action::SeeImports)?;
    let mut tx = app.db.read()?;
    let row = must_be_there(&mut tx, id)?;
    let trouble = trouble(&mut tx, &row)?;
    Ok(ImportView { trouble, ..view(row)? })
}

/// Imports, newest first, of one kind if it is given.
pub fn list(
    app: &App,
    actor: &Actor,
    kind: Option<Kind>,
    cursor: Option<i64>,
    limit: u32,
) -> Result<Page> {
    actor.must(Action::SeeImports)?;
    let mut tx = app.db.read()?;
    let wanted = limit.clamp(1, 500) as usize;
    let mut rows = store::imports::newest(&mut tx, kind, cursor, wanted as i64 + 1)?;
    let more = rows.len() > wanted;
    rows.truncate(wanted);
    let next = rows.last().filter(|_| more).map(|row| row.id.0);
    let items = rows.into_iter().map(view).collect::<Result<_>>()?;
    Ok(Page { items, next })
}

/// Writes the answer: one line for each line of the file that has one by now. Of a snapshot it is
/// what was found to differ, until it is applied.
pub fn answer(app: &App, actor: &Actor, id: ImportId, out: &mut dyn Write) -> Result<()> {
    actor.must(Action::SeeImports)?;
    let mut tx = app.db.read()?;
    let import = must_be_there(&mut tx, id)?;
    let is_loaded = store::imports::answers(&mut tx, id, Stage::Loaded, 1)?.is_some();
    drop(tx);
    write(out, &heading(import.kind))?;
    let stage = if is_loaded { Stage::Loaded } else { Stage::Compared };
    for part in 1.. {
        let mut tx = app.db.read()?;
        let bytes = store::imports::answers(&mut tx, id, stage, part)?;
        drop(tx);
        match bytes {
            Some(bytes) => write(out, &store::files::decompress(&bytes)?)?,
            None => break,
        }
    }
    Ok(())
}

/// Lets a compared snapshot be applied. Never by whoever sent it.
pub fn authorise_snapshot(
    app: &App,
    actor: &Actor,
    id: ImportId,
    version: Option<i64>,
) -> Result<()> {
    let event = Event::SnapshotAuthorised { import: id.0 };
    let mut tx = app.db.write()?;
    decide(&mut tx, app, actor, id, version, &event)?;
    jobs::enqueue(&mut tx, JobKind::LoadImport, id.0, app.now())?;
    tx.commit()?;
    app.bell.ring();
    Ok(())
}

/// Sets a compared snapshot aside. Never by whoever sent it.
pub fn reject_snapshot(
    app: &App,
    actor: &Actor,
    id: ImportId,
    reason: &str,
    version: Option<i64>,
) -> Result<()> {
    let reason = reason.trim().to_owned();
    if reason.is_empty() {
        return Err(Refusal::field("reason", "Say why, for whoever sent it.").into());
    }
    let event = Event::SnapshotRejected { import: id.0, reason };
    let mut tx = app.db.write()?;
    decide(&mut tx, app, actor, id, version, &event)?;
    tx.commit()?;
    app.bell.ring();
    Ok(())
}

fn decide(
    tx: &mut Tx,
    app: &App,
    actor: &Actor,
    id: ImportId,
    version: Option<i64>,
    event: &Event,
) -> Result<()> {
    actor.must(Action::AuthoriseSnapshot)?;
    let import = must_be_there(tx, id)?;
    if import.submitted_by == actor.user {
        let message = "You sent this snapshot; somebody else has to decide on it.";
        return Err(Refusal::new(RefusalKind::SamePerson, message).into());
    }
    versions::must_be(version, import.version)?;
    if import.state != State::Compared {
        let message = format!("This import is {}, not Compared.", import.state.name());
        return Err(Refusal::new(RefusalKind::WrongState, message).into());
    }
    let at = app.now();
    redo::decided(tx, event, actor.user, at)?;
    record(tx, at, By::from(actor), event)?;
    Ok(())
}

/// What loading such a file takes.
fn loading(kind: Kind) -> Action {
    match kind {
        Kind::Parties => Action::ManageParties,
        Kind::Deliveries | Kind::Statuses | Kind::Snapshot => Action::LoadInventory,
    }
}

fn must_be_there(tx: &mut Tx, id: ImportId) -> Result<ImportRow> {
    Ok(store::imports::load(tx, id)?.ok_or_else(|| Refusal::not_found(format!("import {id}")))?)
}

/// What keeps an import from going on, if its job has met with something.
fn trouble(tx: &mut Tx, row: &ImportRow) -> Result<Option<Trouble>> {
    if load::is_settled(row) {
        return Ok(None);
    }
    let job = store::jobs::newest(tx, JobKind::LoadImport.word(), row.id.0)?;
    Ok(job.as_ref().and_then(Trouble::of))
}

/// An import as a list shows it, which does not look at its job.
fn view(row: ImportRow) -> Result<ImportView> {
    let counts = counts_of(&row)?;
    Ok(ImportView {
        id: row.id,
        kind: row.kind,
        name: row.name,
        file: row.file,
        sha256: hex(&row.sha256),
        size: row.size,
        state: row.state,
        lines_done: row.lines_done,
        bytes_done: row.next_offset,
        counts,
        refusal: row.refusal,
        submitted_by: Person { id: row.submitted_by, name: row.submitter },
        decided_by: row.decided_by.zip(row.decider).map(|(id, name)| Person { id, name }),
        reason: row.reason,
        received_at: row.received_at,
        finished_at: row.finished_at,
        version: row.version,
        trouble: None,
    })
}

fn counts_of(row: &ImportRow) -> Result<Counts> {
    serde_json::from_str(&row.counts)
        .map_err(|error| Error::Damaged(format!("the counts of {}: {error}", row.id)))
}

fn merged(mut counts: Counts, more: &Counts) -> Counts {
    for (outcome, n) in more {
        *counts.entry(outcome.clone()).or_default() += n;
    }
    counts
}

fn heading(kind: Kind) -> Vec<u8> {
    let mut heading = Vec::new();
    write_record(&mut heading, ["line", kind.key_column(), "outcome", "text"]);
    heading
}

fn write(out: &mut dyn Write, bytes: &[u8]) -> Result<()> {
    out.write_all(bytes).map_err(Error::io("write an answer"))
}
