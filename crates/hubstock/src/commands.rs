//! The commands, each a few operations of `app`.

mod directory;
mod excess;
mod import;
mod inventory;
mod job;
mod notifications;
mod offer;
mod operate;
mod party;
mod people;
mod report;
mod selection;
mod template;
mod transfer;
mod transfer_file;
mod transfer_list;

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::Path;

use app::jobs::{self, JobKind};
use app::journal::read::JournalFilter;
use app::pages::Part;
use app::tables::Format;
use app::{App, Error, Result, aside};
use domain::Refusal;
use domain::access::{Action, Actor};
use domain::ids::PartyId;
use domain::refusal::RefusalKind;

use crate::arguments::{Arguments, Command, Verify, Who};
use crate::output::{self, Ended, Out};
use crate::serve::IfEmpty;
use crate::{demo, serve};

/// How long a command waits for the job that it began.
const LONGEST_WAIT: std::time::Duration = std::time::Duration::from_secs(6 * 3600);
/// The largest file that is read whole.
const MOST_BYTES: u64 = 256 << 20;

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Ended> {
    match &arguments.command {
        Command::Demo { listen, prepare } => demo::run(arguments, *listen, *prepare),
        Command::Serve(options) => {
            serve::serve(&open_or(arguments, IfEmpty::SetUp)?, options, false)?;
            Ok(Ended::Well)
        }
        Command::Migrate => operate::migrate(arguments),
        Command::User(command) => people::run(arguments, command),
        Command::Party(command) => party::run(arguments, command),
        Command::Import(command) => import::run(arguments, command),
        Command::Snapshot(command) => import::decide_snapshot(arguments, command),
        Command::Transfer(command) => transfer::run(arguments, command),
        Command::Template { name, format, out } => template::run(*name, *format, out.as_deref()),
        Command::TransferList(command) => transfer_list::run(arguments, command),
        Command::TransferFile(command) => transfer_file::run(arguments, command),
        Command::InstalledBefore(command) => transfer_file::installed_before(arguments, command),
        Command::Offer(command) => offer::offer(arguments, command),
        Command::Request(command) => offer::request(arguments, command),
        Command::Excess(command) => excess::run(arguments, command),
        Command::SavedFilter(command) => excess::saved_filter(arguments, command),
        Command::StockRule(command) => offer::stock_rule(arguments, command),
        Command::Holiday(command) => offer::holiday(arguments, command),
        Command::Report(command) => report::run(arguments, command),
        Command::Hub { id } => inventory::hub(arguments, id),
        Command::Hubs(slice) => inventory::hubs(arguments, slice),
        Command::Responsibility { id, at } => inventory::responsibility(arguments, id, *at),
        Command::Stock(slice) => inventory::stock(arguments, slice),
        Command::Quarantine { id, release, reason, who } => {
            inventory::quarantine(arguments, id, *release, reason, who)
        }
        Command::Policy(command) => selection::policy(arguments, command),
        Command::Selection(command) => selection::run(arguments, command),
        Command::Setting(command) => operate::setting(arguments, command),
        Command::Journal(which) => operate::journal(arguments, which),
        Command::Notice(command) => notifications::notice(arguments, command),
        Command::Mail(command) => notifications::mail(arguments, command),
        Command::Job(command) => job::run(arguments, command),
        Command::Verify { what: None, head } => operate::verify(arguments, head.as_deref()),
        Command::Verify { what: Some(Verify::Allocation { file }), .. } => {
            selection::verify_allocation(arguments, file)
        }
        Command::Backup { out } => operate::backup(arguments, out),
        Command::Restore { from } => operate::restore(arguments, from),
    }
}

/// The database of the command line, its environment, or the usual file.
pub fn database(arguments: &Arguments) -> &str {
    arguments.database.as_deref().unwrap_or(serve::DEFAULT_DATABASE)
}

fn open(arguments: &Arguments) -> Result<App> {
    open_or(arguments, IfEmpty::Refuse)
}

fn open_or(arguments: &Arguments, if_empty: IfEmpty) -> Result<App> {
    let reports = arguments.reports.as_deref().unwrap_or(Path::new(serve::DEFAULT_REPORTS));
    serve::open(database(arguments), reports, if_empty)
}

/// A decision that comes too late is well if this person has made it before: the call that did was
/// cut off and is made again.
fn once<T>(app: &App, actor: &Actor, subject: &str, kind: &str, decided: Result<T>) -> Result<()> {
    let refused = match decided {
        Err(Error::Refused(refusal)) if refusal.kind == RefusalKind::WrongState => refusal,
        other => return other.map(drop),
    };
    let (subject, kind) = (Some(subject.to_owned()), Some(kind.to_owned()));
    let filter = JournalFilter { subject, kind, actor: Some(actor.user) };
    let made = app::journal::read::list(app, &Actor::local_operator(), &filter, Part::FIRST)?;
    if made.items.is_empty() { Err(refused.into()) } else { Ok(()) }
}

/// The person who acts, at the organisation whose roles allow it.
fn acting(app: &App, who: &Who, action: Action) -> Result<Actor> {
    app::sign_in::actor_by_email(app, &who.email, action, None)
}

/// The Party of a signifier, where one is given.
fn party_in(app: &App, actor: &Actor, signifier: Option<&str>) -> Result<Option<PartyId>> {
    let found = signifier.map(|text| app::parties::by_signifier(app, actor, text));
    Ok(found.transpose()?.map(|row| row.party.id))
}

/// All of a list that comes in parts, each with where the next begins.
fn every<T, C>(mut part: impl FnMut(Option<C>) -> Result<(Vec<T>, Option<C>)>) -> Result<Vec<T>> {
    let (mut all, mut from) = (Vec::new(), None);
    loop {
        let (items, next) = part(from)?;
        all.extend(items);
        if next.is_none() {
            return Ok(all);
        }
        from = next;
    }
}

/// A refusal of a word that is none of these.
fn one_of<'a>(what: &'static str, names: impl Iterator<Item = &'a str>) -> Refusal {
    Refusal::field(what, format!("Give one of {}.", names.collect::<Vec<_>>().join(", ")))
}

/// Waits for a job, wherever it runs, to be done.
fn wait_for(app: &App, kind: JobKind, subject: i64) -> Result<()> {
    let job = jobs::finish(app, kind, subject, LONGEST_WAIT)?;
    let problem = job.problem.unwrap_or_default();
    match job.state.as_str() {
        "done" => Ok(()),
        "failed" => Err(Error::Damaged(format!(
            "{} has failed: {problem}. When that is mended, have it run again with `hubstock job rerun`",
            job.id
        ))),
        _ => Err(Error::Store(store::Error::Unavailable {
            doing: format!("do {}, which stays in the queue", job.id),
            message: problem,
        })),
    }
}

/// Reads a reference such as `ctf-000042`.
fn reference<T: std::str::FromStr<Err = domain::ids::NotAnId>>(text: &str) -> Result<T> {
    text.parse().map_err(|error: domain::ids::NotAnId| {
        Error::Refused(Refusal::invalid(format!("“{text}” is not a reference: {error}.")))
    })
}

/// A file to read, or standard input for `-`.
fn source(path: &Path) -> Result<Box<dyn Read>> {
    if path == Path::new("-") {
        return Ok(Box::new(std::io::stdin()));
    }
    let file = File::open(path).map_err(Error::io(format!("open {}", path.display())))?;
    Ok(Box::new(file))
}

/// All that a file holds.
fn read_file(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = source(path)?.take(MOST_BYTES).read_to_end(&mut bytes);
    read.map_err(Error::io(format!("read {}", path.display())))?;
    Ok(bytes)
}

/// What is written to: `-` is standard output, as it is standard input where something is read.
fn target(path: &Path) -> &Path {
    if path == Path::new("-") { Path::new("/dev/stdout") } else { path }
}

/// Writes a file whole, or leaves what was there.
fn write_file<T>(path: &Path, write: impl FnOnce(&mut Out<'_>) -> Result<T>) -> Result<T> {
    let path = target(path);
    let doing = || Error::io(format!("write {}", path.display()));
    aside::write_whole(path, |place| {
        let file = File::create(place).map_err(doing())?;
        let mut out = BufWriter::with_capacity(1 << 20, file);
        let done = write(&mut out)?;
        out.flush().map_err(doing())?;
        Ok(done)
    })
}

fn write_bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    let doing = format!("write {}", path.display());
    write_file(path, |out| out.write_all(bytes).map_err(Error::io(doing)))
}

/// Writes a file, or to standard output where none is named.
fn write_out(path: Option<&Path>, write: impl FnOnce(&mut Out<'_>) -> Result<()>) -> Result<()> {
    match path {
        Some(path) => write_file(path, write),
        None => output::stream(write),
    }
}

/// XLSX for a file that is named so, CSV for all others.
fn format_of(path: Option<&Path>) -> Format {
    let ending = path.and_then(Path::extension).and_then(|ending| ending.to_str());
    if ending == Some("xlsx") { Format::Xlsx } else { Format::Csv }
}

/// The last part of a path, as the file's name.
fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| "file.csv".into(), |name| name.to_string_lossy().into_owned())
}
