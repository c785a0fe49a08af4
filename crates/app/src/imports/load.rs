//! The job that goes through a file, chunk by chunk, and goes on where it stopped.
//!
//! A file is read through once before the first chunk, so that one which cannot be read to its end
//! is refused whole. Lines are read and parsed outside the writers' turn. Each chunk is one transaction with its
//! answers, its journal entry and the place to go on from, so a crash loses nothing and doubles
//! nothing. [`chunk`] is also what the replay of the journal calls.

use std::ops::ControlFlow;

use domain::Refusal;
use domain::ids::ImportId;
use domain::imports::{ImportKind, ImportState};
use domain::tabular::{HeaderError, Limits, Record, Splitter, Unreadable};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use store::Tx;
use store::bulk::seen::Seen;
use store::imports::{ImportRow, Progress, Stage};

use super::absent::{self, Absent};
use super::answers::Answers;
use super::deliveries::Deliveries;
use super::parties::Parties;
use super::redo::redo_simple;
use super::snapshot::Snapshot;
use super::source::Source;
use super::statuses::Statuses;
use super::{counts_of, merged};
use crate::files::hex;
use crate::jobs::Run;
use crate::journal::{By, Event, record};
use crate::{App, Error, Result};

/// Lines that are loaded in one transaction, or a few more.
const CHUNK_LINES: usize = 50_000;

/// How often what a snapshot lacks is looked for anew because the inventory changed meanwhile,
/// before that is done within the turn to write.
const MOST_ATTEMPTS: usize = 4;

/// What a chunk is loaded with.
pub struct Context {
    /// The import.
    pub import: ImportId,
    /// The instant of the chunk's entry.
    pub at: Timestamp,
}

/// One kind of file: how its lines are read and what they do.
pub trait Loader {
    /// Finds the columns.
    fn header(&mut self, header: &Record<'_>) -> std::result::Result<(), HeaderError>;
    /// Takes a line, whatever is wrong with it.
    fn line(&mut self, record: &Record<'_>);
    /// How many lines were taken since they were last applied.
    fn lines(&self) -> usize;
    /// Looks at the whole file before the first of its lines is applied; `beat` is called now and
    /// then.
    fn look_ahead(&mut self, _: &Source<'_>, _: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        Ok(())
    }
    /// Takes the lines that were read and answers their numbers and devices, as far as a line may
    /// not repeat another's.
    fn take_devices(&mut self) -> Vec<(u32, [i64; 2])> {
        Vec::new()
    }
    /// Notes from now on what lines said, because what they do is not kept: for a dry run.
    fn take_notes(&mut self) -> Result<()> {
        Ok(())
    }
    /// Checks the lines against what is there, does what they say, and answers each.
    fn apply(&mut self, tx: &mut Tx, context: &Context) -> Result<Answers>;
}

/// The loader of an import at its stage.
pub fn loader(kind: ImportKind, stage: Stage) -> Box<dyn Loader> {
    match kind {
        ImportKind::Parties => Box::new(Parties::default()),
        ImportKind::Deliveries => Box::new(Deliveries::default()),
        ImportKind::Statuses => Box::new(Statuses::default()),
        ImportKind::Snapshot => Box::new(Snapshot::new(stage)),
    }
}

/// Whether an import is compared or loaded next.
pub fn stage(import: &ImportRow) -> Stage {
    if import.kind == ImportKind::Snapshot && import.decided_by.is_none() {
        Stage::Compared
    } else {
        Stage::Loaded
    }
}

/// A place in a file at which a line begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The byte.
    pub offset: u64,
    /// The line, from 1.
    pub line: u32,
}

impl Place {
    fn of(splitter: &Splitter) -> Place {
        let (offset, line) = splitter.position();
        Place { offset, line }
    }
}

/// How the reading of a file ended.
pub enum Ended {
    /// At its end; these lines are left to apply.
    AtEnd(Place),
    /// At something that cannot be read.
    Unreadable(String),
    /// Where it was told to.
    Stopped,
}

enum Stop {
    Unreadable(Unreadable),
    Header(HeaderError),
    Reached,
}

impl From<Unreadable> for Stop {
    fn from(unreadable: Unreadable) -> Stop {
        Stop::Unreadable(unreadable)
    }
}

/// Reads lines into `loader` from a place on, before byte `until` if it is given, and calls
/// `full` whenever there are enough for a chunk, with the place after it.
pub fn read(
    source: &Source<'_>,
    loader: &mut dyn Loader,
    from: Place,
    until: Option<u64>,
    full: &mut dyn FnMut(&mut dyn Loader, Place) -> Result<()>,
) -> Result<Ended> {
    if from.offset > 0 {
        read_header(source, loader)?;
    }
    let mut splitter = Splitter::resume(Limits::default(), from.offset, from.line);
    let mut has_header = from.offset > 0;
    let mut ended = None;
    let each = |loader: &mut dyn Loader, has_header: &mut bool, record: &Record<'_>| {
        if until.is_some_and(|until| record.at >= until) {
            return Err(Stop::Reached);
        }
        if *has_header {
            loader.line(record);
        } else {
            loader.header(record).map_err(Stop::Header)?;
            *has_header = true;
        }
        Ok(())
    };
    source.each_piece(from.offset, &mut |piece| {
        let fed = splitter.feed(piece, |record| each(loader, &mut has_header, record));
        if let Err(stop) = fed {
            ended = Some(stop);
            return Ok(ControlFlow::Break(()));
        }
        if loader.lines() >= CHUNK_LINES {
            full(loader, Place::of(&splitter))?;
        }
        Ok(ControlFlow::Continue(()))
    })?;
    if ended.is_none() {
        ended = splitter.finish(|record| each(loader, &mut has_header, record)).err();
    }
    let at = Place::of(&splitter);
    Ok(match ended {
        None if has_header => Ended::AtEnd(at),
        None => Ended::Unreadable("The file is empty.".into()),
        Some(Stop::Unreadable(unreadable)) => Ended::Unreadable(unreadable.to_string()),
        Some(Stop::Header(error)) => Ended::Unreadable(error.to_string()),
        Some(Stop::Reached) => Ended::Stopped,
    })
}

/// Reads a file to its end and does nothing with it: why that cannot be done, if it cannot.
fn unreadable(source: &Source<'_>, beat: &mut dyn FnMut() -> Result<()>) -> Result<Option<String>> {
    let mut splitter = Splitter::new(Limits::default());
    let (mut lines, mut fault) = (0, None);
    let read = source.each_piece(0, &mut |piece| {
        let fed = splitter.feed(piece, |_| {
            lines += 1;
            Ok::<(), Unreadable>(())
        });
        if let Err(unreadable) = fed {
            fault = Some(unreadable);
            return Ok(ControlFlow::Break(()));
        }
        if lines >= CHUNK_LINES {
            lines = 0;
            beat()?;
        }
        Ok(ControlFlow::Continue(()))
    });
    match read {
        Err(Error::Refused(refusal)) => return Ok(Some(refusal.message)),
        other => other?,
    }
    if fault.is_none() {
        fault = splitter.finish(|_| Ok::<(), Unreadable>(())).err();
    }
    Ok(fault.map(|unreadable| unreadable.to_string()))
}

/// Finds the columns again when a file is gone on with.
fn read_header(source: &Source<'_>, loader: &mut dyn Loader) -> Result<()> {
    let mut splitter = Splitter::new(Limits::default());
    let mut found = false;
    source.each_piece(0, &mut |piece| {
        let fed = splitter.feed(piece, |record| {
            if !found {
                found = true;
                loader.header(record).map_err(Stop::Header)?;
            }
            Err(Stop::Reached)
        });
        Ok(if fed.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })
}

/// Applies a chunk's lines: what changes, the answers, and how far the import is. Answers the
/// event that says so.
///
/// It depends on nothing but the tables, the lines and `at`, so that a replay does the same.
pub fn chunk(
    tx: &mut Tx,
    import: &ImportRow,
    loader: &mut dyn Loader,
    from: Place,
    to: Place,
    at: Timestamp,
) -> Result<Event> {
    let stage = stage(import);
    let answers = loader.apply(tx, &Context { import: import.id, at })?;
    let answers_sha256 = hex(&Sha256::digest(&answers.csv));
    let counts = answers.counts();
    store::imports::keep_answers(tx, import.id, stage, store::files::compress(&answers.csv))?;
    let progress = Progress {
        state: if import.decided_by.is_some() { import.state } else { ImportState::Loading },
        lines_done: import.lines_done + answers.lines(),
        next_offset: to.offset,
        next_line: to.line,
        counts: as_json(&merged(counts_of(import)?, &counts)),
    };
    store::imports::advance(tx, import.id, &progress)?;
    let (import, first_line) = (import.id.0, u64::from(from.line));
    let (from_offset, to_offset, to_line) = (from.offset, to.offset, u64::from(to.line));
    Ok(match stage {
        Stage::Loaded => Event::ImportLoaded {
            import,
            from_offset,
            first_line,
            to_offset,
            to_line,
            counts,
            answers_sha256,
        },
        Stage::Compared => Event::SnapshotPartCompared {
            import,
            from_offset,
            first_line,
            to_offset,
            to_line,
            counts,
            answers_sha256,
        },
    })
}

pub(super) fn as_json(counts: &crate::journal::Counts) -> String {
    serde_json::to_string(counts).expect("counts are plain data")
}

/// The job: loads, compares or applies what is left of an import.
pub fn load(run: &Run<'_>) -> Result<()> {
    let app = run.app;
    let id = ImportId(run.subject);
    let import = current(app, id)?;
    if is_settled(&import) {
        return Ok(());
    }
    let source = Source::open(app, import.file)?;
    let mut loader = loader(import.kind, stage(&import));
    let mut from = Place { offset: import.next_offset, line: import.next_line };
    let mut begun = import.next_offset > 0;
    let mut beat = || run.progress(0, import.size);
    if !begun && let Some(reason) = unreadable(&source, &mut beat)? {
        return refuse(run, id, reason);
    }
    let looked = match begun {
        true => Ok(()),
        false => loader.look_ahead(&source, &mut beat),
    };
    let mut full = |loader: &mut dyn Loader, to: Place| {
        commit_chunk(app, id, loader, from, to)?;
        from = to;
        begun = true;
        run.progress(to.offset, import.size.max(to.offset))
    };
    let place = Place { offset: import.next_offset, line: import.next_line };
    let read = looked.and_then(|()| read(&source, loader.as_mut(), place, None, &mut full));
    let ended = match read {
        Err(Error::Refused(refusal)) => Ended::Unreadable(refusal.message),
        other => other?,
    };
    match ended {
        Ended::AtEnd(_) if !begun && loader.lines() == 0 => {
            refuse(run, id, "The file has a header and no lines.".into())
        }
        Ended::AtEnd(to) => {
            if loader.lines() > 0 {
                commit_chunk(app, id, loader.as_mut(), from, to)?;
            }
            finish(run, id, &source)
        }
        Ended::Unreadable(reason) if !begun => refuse(run, id, reason),
        Ended::Unreadable(reason) => {
            Err(Error::Damaged(format!("{id} was readable and is no longer: {reason}")))
        }
        Ended::Stopped => Err(Error::Damaged("a file ended before its end".into())),
    }
}

/// Whether the job has nothing left to do.
pub(super) fn is_settled(import: &ImportRow) -> bool {
    import.state.is_final() || import.state == ImportState::Compared
}

fn current(app: &App, id: ImportId) -> Result<ImportRow> {
    let mut tx = app.db.read()?;
    super::must_be_there(&mut tx, id)
}

fn commit_chunk(
    app: &App,
    id: ImportId,
    loader: &mut dyn Loader,
    from: Place,
    to: Place,
) -> Result<()> {
    let at = app.now();
    let mut tx = app.db.write()?;
    let import = super::must_be_there(&mut tx, id)?;
    if (import.next_offset, import.next_line) != (from.offset, from.line) {
        return Err(crate::jobs::lost());
    }
    let event = chunk(&mut tx, &import, loader, from, to, at)?;
    record(&mut tx, at, By::SYSTEM, &event)?;
    Ok(tx.commit()?)
}

fn finish(run: &Run<'_>, id: ImportId, source: &Source<'_>) -> Result<()> {
    let app = run.app;
    let import = current(app, id)?;
    if stage(&import) == Stage::Compared {
        let named = absent::named(source, &mut || run.progress(import.size, import.size))?;
        return finish_compared(run, id, &named);
    }
    let at = app.now();
    let mut tx = app.db.write()?;
    let import = super::must_be_there(&mut tx, id)?;
    if is_settled(&import) {
        return Ok(());
    }
    let event = Event::ImportFinished { import: id.0, counts: counts_of(&import)? };
    redo_simple(&mut tx, &event, at)?;
    record(&mut tx, at, By::SYSTEM, &event)?;
    run.note_done(&mut tx)?;
    tx.commit()?;
    app.bell.ring();
    Ok(())
}

/// Adds the hubs that a compared snapshot lacks to its answers.
///
/// They are looked for before the turn to write is taken, and again if the inventory changed in
/// between, so that the journal's order is the order in which things were seen.
fn finish_compared(run: &Run<'_>, id: ImportId, named: &Seen) -> Result<()> {
    let app = run.app;
    for attempt in 0.. {
        let is_last = attempt == MOST_ATTEMPTS;
        let mut tx = if is_last { app.db.write()? } else { app.db.read()? };
        let seen = store::transfer_files::last_entry(&mut tx)?;
        let absent = Absent::find(&mut tx, named)?;
        if !is_last {
            drop(tx);
            tx = app.db.write()?;
        }
        if store::transfer_files::has_changed_since(&mut tx, seen)? {
            continue;
        }
        let import = super::must_be_there(&mut tx, id)?;
        if is_settled(&import) {
            return Ok(());
        }
        let event = absent.keep(&mut tx, &import)?;
        record(&mut tx, app.now(), By::SYSTEM, &event)?;
        run.note_done(&mut tx)?;
        tx.commit()?;
        break;
    }
    app.bell.ring();
    Ok(())
}

fn refuse(run: &Run<'_>, id: ImportId, reason: String) -> Result<()> {
    let app = run.app;
    let at = app.now();
    let event = Event::ImportRefused { import: id.0, reason };
    let mut tx = app.db.write()?;
    if is_settled(&super::must_be_there(&mut tx, id)?) {
        return Ok(());
    }
    redo_simple(&mut tx, &event, at)?;
    record(&mut tx, at, By::SYSTEM, &event)?;
    run.note_done(&mut tx)?;
    tx.commit()?;
    app.bell.ring();
    Ok(())
}

/// Gives each line the answer that it would get now, and changes nothing.
///
/// What earlier chunks would have done is noted aside, so that a later line is answered as if they
/// had.
pub fn rehearse(
    app: &App,
    kind: ImportKind,
    source: &Source<'_>,
    each: &mut dyn FnMut(Answers) -> Result<()>,
) -> Result<()> {
    if let Some(reason) = unreadable(source, &mut || Ok(()))? {
        return Err(Refusal::invalid(reason).into());
    }
    let stage = if kind == ImportKind::Snapshot { Stage::Compared } else { Stage::Loaded };
    let mut loader = loader(kind, stage);
    loader.take_notes()?;
    let mut apply = |loader: &mut dyn Loader| -> Result<()> {
        let mut tx = app.db.write()?;
        let answers = loader.apply(&mut tx, &Context { import: ImportId(0), at: app.now() })?;
        drop(tx);
        each(answers)
    };
    let start = Place { offset: 0, line: 1 };
    let ended = read(source, loader.as_mut(), start, None, &mut |loader, _| apply(loader))?;
    if loader.lines() > 0 {
        apply(loader.as_mut())?;
    }
    if let Ended::Unreadable(reason) = ended {
        return Err(Refusal::invalid(reason).into());
    }
    if stage == Stage::Compared {
        let named = absent::named(source, &mut || Ok(()))?;
        absent::each(&mut app.db.read()?, &named, each)?;
    }
    Ok(())
}
