//! ESI-013, the CH Delivery Report: every hub as of one instant, in a file whose hash is kept.
//!
//! [`request`] and [`schedule_due`] answer at once; the job [`write`] streams the hubs into the
//! reports folder; [`download`] and [`prove`] hold the file against the hash in the journal.

mod lines;
mod packs;
mod sink;
mod write;

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use domain::access::{Action, Actor};
use domain::ids::{ReportRunId, UserId};
use domain::refusal::{Refusal, RefusalKind};
use jiff::{Timestamp, civil};
use sha2::{Digest, Sha256};
use store::Tx;
use store::delivery_report::{self as rows, RunRow};
use store::journal::Filter;

use crate::aside::Aside;
use crate::jobs::{JobKind, enqueue, enqueue_and_take, run_taken};
use crate::journal::{By, Event, hash_of, record};
use crate::pages::Part;
use crate::tables::Format;
use crate::{App, Error, Result, settings};

pub use lines::COLUMNS;
pub use store::delivery_report::Written;
pub(crate) use write::give_up;
pub use write::write;

/// On whose behalf a run is asked for.
#[derive(Clone, Copy, Debug)]
pub enum Asker<'a> {
    /// A person.
    Person(&'a Actor),
    /// The local operator, on the command line.
    Operator,
    /// The schedule, for this time.
    Schedule(Timestamp),
}

/// Where a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// It was asked for and is not written yet.
    Waiting,
    /// Its file is there.
    Done,
    /// It could not be written.
    Failed,
}

impl RunState {
    /// All of them.
    pub const ALL: &[RunState] = &[RunState::Waiting, RunState::Done, RunState::Failed];

    /// As the database and the API spell it.
    pub fn name(self) -> &'static str {
        match self {
            RunState::Waiting => "Waiting",
            RunState::Done => "Done",
            RunState::Failed => "Failed",
        }
    }
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportRun {
    /// Its number.
    pub id: ReportRunId,
    /// Its file's format.
    pub format: Format,
    /// Who asked, by number and name; nobody for the schedule and the local operator.
    pub requested_by: Option<(UserId, String)>,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// The time of the schedule that it was run for.
    pub due_at: Option<Timestamp>,
    /// Where it is.
    pub state: RunState,
    /// What it came to.
    pub written: Option<Written>,
    /// Why it failed.
    pub problem: Option<String>,
}

/// Part of the list of runs, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runs {
    /// This part.
    pub items: Vec<ReportRun>,
    /// The cursor for the next part; none at the end.
    pub next: Option<i64>,
}

/// What became of a run's file, held against the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The file is, byte for byte, the one that the journal names.
    Proved {
        /// The entry.
        seq: i64,
        /// The hash of both.
        sha256: [u8; 32],
    },
    /// The file is not in the reports folder.
    NoFile,
    /// The local operator had it written elsewhere, and it is not looked at there.
    Elsewhere {
        /// The file's name without its folder.
        name: String,
    },
    /// The file is another one.
    OtherFile {
        /// The hash in the journal, in hexadecimal.
        in_journal: String,
        /// The hash of the file, in hexadecimal.
        of_file: String,
    },
    /// The journal's own entry does not carry its hash.
    EntryChanged {
        /// The entry.
        seq: i64,
    },
}

/// Asks for a run. The answer names it; a job writes it.
pub fn request(app: &App, asker: Asker<'_>, format: Format) -> Result<ReportRunId> {
    let mut tx = app.db.write()?;
    let id = ask(&mut tx, app, asker, format)?;
    enqueue(&mut tx, JobKind::WriteDeliveryReport, id.0, app.now())?;
    tx.commit()?;
    app.bell.ring();
    Ok(id)
}

/// Writes a run for the local operator here and now. Its file is `out`, a plain one, and nothing is
/// kept in the reports folder. If this process cannot do it, a worker writes the run into that folder.
pub fn write_to(app: &App, format: Format, out: &Path) -> Result<(ReportRunId, Written)> {
    let out = std::path::absolute(out).map_err(Error::io(format!("find {}", out.display())))?;
    drop(Aside::begun_beside(&out)?);
    let mut tx = app.db.write()?;
    let id = ask(&mut tx, app, Asker::Operator, format)?;
    let job = enqueue_and_take(&mut tx, app, JobKind::WriteDeliveryReport, id.0)?;
    tx.commit()?;
    run_taken(app, &job, |run| write::write_at(run, Some(&out)))?;
    Ok((id, written(app, id)?))
}

fn ask(tx: &mut Tx, app: &App, asker: Asker<'_>, format: Format) -> Result<ReportRunId> {
    let by = match asker {
        Asker::Person(actor) => {
            actor.must(Action::RunDeliveryReport)?;
            By::from(actor)
        }
        Asker::Operator | Asker::Schedule(_) => By::SYSTEM,
    };
    let due_at = match asker {
        Asker::Schedule(due) => Some(due),
        Asker::Person(_) | Asker::Operator => None,
    };
    let id = ReportRunId(tx.next_id("report_runs")?);
    let now = app.now();
    let event = Event::DeliveryReportRequested {
        run: id.0,
        format: format.word().to_owned(),
        due_at: due_at.map(Timestamp::as_microsecond),
    };
    rows::insert(tx, id, format.word(), by.actor, now, due_at)?;
    record(tx, now, by, &event)?;
    Ok(id)
}

/// Asks for what the schedule wants by now and has not had. Any process may call this, as often as
/// it likes: each time of the schedule gets one run in each format.
pub fn schedule_due(app: &App) -> Result<Vec<ReportRunId>> {
    let mut tx = app.db.read()?;
    let Some(due) = due(&mut tx, app.now())? else { return Ok(Vec::new()) };
    let missing = missing_formats(&mut tx, due)?;
    drop(tx);
    let mut asked = Vec::new();
    for format in missing {
        match request(app, Asker::Schedule(due), format) {
            Ok(run) => asked.push(run),
            // Another process was quicker.
            Err(Error::Store(store::Error::Constraint { .. })) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(asked)
}

/// The last time of the schedule; none where it is off, or was before there was anything at all.
fn due(tx: &mut Tx, now: Timestamp) -> Result<Option<Timestamp>> {
    let value = settings::text(tx, &settings::DELIVERY_REPORT_SCHEDULE)?;
    if value == "off" {
        return Ok(None);
    }
    let time: civil::Time = value.parse().map_err(|_| {
        Error::Damaged(format!("the setting delivery_report.schedule is {value:?}"))
    })?;
    let today = domain::timers::british_day(now);
    let at = |day: civil::Date| {
        let there = day.to_datetime(time).in_tz("Europe/London");
        there.expect("the time zone database is part of the program").timestamp()
    };
    let due = if at(today) <= now {
        at(today)
    } else {
        at(today.saturating_sub(jiff::Span::new().days(1)))
    };
    let first = store::journal::following(tx, 0, 1)?;
    Ok(first.first().is_some_and(|entry| entry.at <= due).then_some(due))
}

fn missing_formats(tx: &mut Tx, due: Timestamp) -> Result<Vec<Format>> {
    let wanted = settings::text(tx, &settings::DELIVERY_REPORT_FORMATS)?;
    let mut missing = Vec::new();
    for format in wanted.split(',').filter_map(Format::from_word) {
        if !rows::is_scheduled(tx, due, format.word())? {
            missing.push(format);
        }
    }
    Ok(missing)
}

/// Runs, newest first.
pub fn list(app: &App, actor: &Actor, part: Part) -> Result<Runs> {
    actor.must(Action::SeeDeliveryReport)?;
    let mut tx = app.db.read()?;
    let mut items = rows::newest(&mut tx, part.before, part.rows())?;
    let next = part.cut(&mut items, |run| run.id.0);
    let items: Result<Vec<ReportRun>> = items.into_iter().map(shown).collect();
    Ok(Runs { items: items?, next })
}

/// One run.
pub fn get(app: &App, actor: &Actor, id: ReportRunId) -> Result<ReportRun> {
    actor.must(Action::SeeDeliveryReport)?;
    let mut tx = app.db.read()?;
    rows::load(&mut tx, id)?.map_or_else(|| Err(Refusal::not_found("report").into()), shown)
}

fn shown(row: RunRow) -> Result<ReportRun> {
    let damaged = |what: &str| Error::Damaged(format!("{}: {what} is not one", row.id));
    let format = Format::from_word(&row.format).ok_or_else(|| damaged(&row.format))?;
    let state = RunState::ALL.iter().find(|state| state.name() == row.state);
    Ok(ReportRun {
        id: row.id,
        format,
        state: *state.ok_or_else(|| damaged(&row.state))?,
        requested_by: row.requested_by.zip(row.requested_by_name),
        requested_at: row.requested_at,
        due_at: row.due_at,
        written: row.written,
        problem: row.problem,
    })
}

/// Writes the file of a run in the reports folder to `out`, hashing it on the way. The last part is
/// held back until the whole has proved to be what the journal says, so that a changed file never
/// arrives complete.
pub fn download(app: &App, actor: &Actor, id: ReportRunId, out: &mut dyn Write) -> Result<Written> {
    actor.must(Action::SeeDeliveryReport)?;
    let written = written(app, id)?;
    if written.is_elsewhere() {
        let message = format!(
            "The file of {id} is not kept here: it was written for the operator as {}. Run the \
             report again.",
            written.name()
        );
        return Err(Refusal::new(RefusalKind::NotFound, message).into());
    }
    let doing = || format!("send {}", written.file_name);
    let mut file = open(app, &written)?;
    let mut hash = Sha256::new();
    let mut held = vec![0; 1 << 16];
    let mut size = read_some(&mut file, &mut held).map_err(Error::io(doing()))?;
    let mut next = vec![0; 1 << 16];
    while !held.is_empty() {
        hash.update(&held);
        let read = read_some(&mut file, &mut next).map_err(Error::io(doing()))?;
        size += read;
        if read == 0 {
            let sha256: [u8; 32] = hash.finalize().into();
            if sha256 != written.sha256 || size != written.size.unsigned_abs() {
                return Err(Error::Damaged(format!("{} is not as written", written.file_name)));
            }
            out.write_all(&held).map_err(Error::io(doing()))?;
            break;
        }
        out.write_all(&held).map_err(Error::io(doing()))?;
        std::mem::swap(&mut held, &mut next);
        next.resize(1 << 16, 0);
    }
    out.flush().map_err(Error::io(doing()))?;
    Ok(written)
}

fn open(app: &App, written: &Written) -> Result<File> {
    File::open(path(app, written)).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            let message = format!(
                "{} is no longer in the reports folder. Run the report again.",
                written.file_name
            );
            Refusal::new(RefusalKind::NotFound, message).into()
        }
        _ => Error::io(format!("open {}", written.file_name))(error),
    })
}

/// Fills `part` as far as the file goes and cuts it to that.
fn read_some(file: &mut File, part: &mut Vec<u8>) -> io::Result<u64> {
    let capacity = part.len() as u64;
    part.clear();
    file.take(capacity).read_to_end(part).map(|read| read as u64)
}

fn written(app: &App, id: ReportRunId) -> Result<Written> {
    let mut tx = app.db.read()?;
    let run = rows::load(&mut tx, id)?.ok_or_else(|| Refusal::not_found("report"))?;
    run.written.ok_or_else(|| {
        let message = match run.problem {
            Some(problem) => format!("{id} could not be written: {problem}"),
            None => format!("{id} is not written yet. Try again in a minute."),
        };
        Refusal::new(RefusalKind::WrongState, message).into()
    })
}

fn path(app: &App, written: &Written) -> PathBuf {
    app.reports.join(&written.file_name)
}

impl Proof {
    /// Whether the file is the one that was written.
    pub fn is_good(&self) -> bool {
        matches!(self, Proof::Proved { .. })
    }

    /// What was found, as a sentence without a full stop.
    pub fn words(&self, id: impl Display) -> String {
        match self {
            Proof::Proved { seq, sha256 } => {
                format!("{id} is as entry {seq} says: {}", crate::files::hex(sha256))
            }
            Proof::NoFile => format!("{id}'s file is not in the reports folder"),
            Proof::Elsewhere { name } => format!(
                "{id}'s file is not kept here: it was written for the operator as {name}; `hubstock \
                 report prove {id} --file FILE` holds any file against the journal"
            ),
            Proof::OtherFile { in_journal, of_file } => {
                format!("the journal says {in_journal}, the file is {of_file}")
            }
            Proof::EntryChanged { seq } => format!("entry {seq} has been changed"),
        }
    }
}

/// Holds a run's file against its entry in the journal.
pub fn prove(app: &App, actor: &Actor, id: ReportRunId) -> Result<Proof> {
    prove_file(app, actor, id, None)
}

/// The same of any file that is said to be the run's, or of the run's own.
pub fn prove_file(app: &App, actor: &Actor, id: ReportRunId, file: Option<&Path>) -> Result<Proof> {
    actor.must(Action::SeeDeliveryReport)?;
    let mut tx = app.db.read()?;
    rows::load(&mut tx, id)?.ok_or_else(|| Refusal::not_found("report"))?;
    let filter = Filter {
        subject: Some(id.to_string()),
        kind: Some("DeliveryReportWritten".into()),
        actor: None,
    };
    let entries = store::journal::newest(&mut tx, &filter, None, 1)?;
    drop(tx);
    let Some(entry) = entries.into_iter().next() else {
        let message = format!("{id} is not written yet, so there is nothing to prove.");
        return Err(Refusal::new(RefusalKind::WrongState, message).into());
    };
    let (seq, is_whole) = (entry.seq, hash_of(&entry) == entry.hash);
    let event = Event::from_entry(&entry.kind, &entry.payload);
    let Some(written) = event.ok().and_then(|event| written_by(&event)).filter(|_| is_whole) else {
        return Ok(Proof::EntryChanged { seq });
    };
    if file.is_none() && written.is_elsewhere() {
        return Ok(Proof::Elsewhere { name: written.name().to_owned() });
    }
    let own = path(app, &written);
    let file = file.unwrap_or(&own);
    let doing = |what: &str| Error::io(format!("{what} {}", file.display()));
    let mut file = match File::open(file) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Proof::NoFile),
        Err(error) => return Err(doing("open")(error)),
    };
    let sha256 = hash_of_file(&mut file).map_err(doing("read"))?;
    if sha256 == written.sha256 {
        Ok(Proof::Proved { seq, sha256 })
    } else {
        let [in_journal, of_file] = [written.sha256, sha256].map(|hash| crate::files::hex(&hash));
        Ok(Proof::OtherFile { in_journal, of_file })
    }
}

fn hash_of_file(file: &mut File) -> io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    let mut part = vec![0; 1 << 16];
    loop {
        match file.read(&mut part)? {
            0 => return Ok(hash.finalize().into()),
            read => hash.update(&part[..read]),
        }
    }
}

/// Does an entry of this capability again, on a database that is being rebuilt. False when the
/// entry is another capability's.
pub fn redo(tx: &mut Tx, entry: &store::journal::EntryRow, event: &Event) -> Result<bool> {
    match event {
        Event::DeliveryReportRequested { run, format, due_at } => {
            let due_at = due_at.map(|at| {
                Timestamp::from_microsecond(at)
                    .map_err(|_| Error::Damaged(format!("entry {}: no such instant", entry.seq)))
            });
            let by = entry.actor.map(UserId);
            rows::insert(tx, ReportRunId(*run), format, by, entry.at, due_at.transpose()?)?;
        }
        Event::DeliveryReportWritten { run, .. } => {
            let wrong = || format!("entry {} does not say what was written", entry.seq);
            let written = written_by(event).ok_or_else(|| Error::Damaged(wrong()))?;
            rows::finish(tx, ReportRunId(*run), &written)?;
        }
        Event::DeliveryReportFailed { run, reason } => {
            rows::fail(tx, ReportRunId(*run), reason)?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// What a run came to, as its entry says; none when the entry says nothing of the kind.
pub(crate) fn written_by(event: &Event) -> Option<Written> {
    let Event::DeliveryReportWritten {
        generated_at,
        journal_seq,
        hubs,
        size,
        sha256,
        file_name,
        ..
    } = event
    else {
        return None;
    };
    Some(Written {
        generated_at: Timestamp::from_microsecond(*generated_at).ok()?,
        journal_seq: *journal_seq,
        hubs: i64::try_from(*hubs).ok()?,
        size: i64::try_from(*size).ok()?,
        sha256: crate::files::from_hex(sha256)?,
        file_name: file_name.clone(),
    })
}
