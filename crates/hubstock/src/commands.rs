//! The commands, each a few operations of `app`.

mod import;
mod inventory;
mod job;
mod notifications;
mod offer;
mod operate;
mod people;
mod report;
mod selection;
mod transfer;
mod transfer_file;

use std::path::Path;

use app::jobs::{self, JobKind};
use app::{App, Error, Result};
use domain::Refusal;

use crate::arguments::{Arguments, Command, Verify};
use crate::output::Ended;
use crate::{demo, serve};

/// The folder of reports for commands that only pass one through.
const REPORTS: &str = "reports";
/// How long a command waits for the job that it began.
const LONGEST_WAIT: std::time::Duration = std::time::Duration::from_secs(6 * 3600);

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Ended> {
    match &arguments.command {
        Command::Demo { listen, prepare } => demo::run(arguments, *listen, *prepare),
        Command::Serve(options) => {
            let app = serve::open(database(arguments), &options.reports)?;
            serve::serve(&app, options, false)?;
            Ok(Ended::Well)
        }
        Command::Migrate => operate::migrate(arguments),
        Command::User(command) => people::run(arguments, command),
        Command::Import(command) => import::run(arguments, command),
        Command::Snapshot(command) => import::decide_snapshot(arguments, command),
        Command::Transfer(command) => transfer::run(arguments, command),
        Command::TransferFile(command) => transfer_file::run(arguments, command),
        Command::InstalledBefore(command) => transfer_file::installed_before(arguments, command),
        Command::Offer(command) => offer::offer(arguments, command),
        Command::Request(command) => offer::request(arguments, command),
        Command::StockRule(command) => offer::stock_rule(arguments, command),
        Command::Holiday(command) => offer::holiday(arguments, command),
        Command::Report(command) => report::run(arguments, command),
        Command::Hub { id } => inventory::hub(arguments, id),
        Command::Hubs(slice) => inventory::hubs(arguments, slice),
        Command::Stock { party } => inventory::stock(arguments, party.as_deref()),
        Command::Quarantine { id, release, reason, who } => {
            inventory::quarantine(arguments, id, *release, reason, who)
        }
        Command::Policy(command) => selection::policy(arguments, command),
        Command::Selection(command) => selection::run(arguments, command),
        Command::Setting(command) => operate::setting(arguments, command),
        Command::Journal { subject, most } => operate::journal(arguments, subject.clone(), *most),
        Command::Notice(command) => notifications::notice(arguments, command),
        Command::Mail(command) => notifications::mail(arguments, command),
        Command::Job(command) => job::run(arguments, command),
        Command::Verify { what: None } => operate::verify(arguments),
        Command::Verify { what: Some(Verify::Allocation { file }) } => {
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
    serve::open(database(arguments), Path::new(REPORTS))
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
fn source(path: &Path) -> Result<Box<dyn std::io::Read>> {
    if path == Path::new("-") {
        return Ok(Box::new(std::io::stdin()));
    }
    let file = std::fs::File::open(path).map_err(Error::io(format!("open {}", path.display())))?;
    Ok(Box::new(file))
}

/// A file to write, or standard output where none is named.
fn sink(path: Option<&Path>) -> Result<Box<dyn std::io::Write + Send>> {
    let Some(path) = path else { return Ok(Box::new(std::io::stdout())) };
    let file =
        std::fs::File::create(path).map_err(Error::io(format!("write {}", path.display())))?;
    Ok(Box::new(std::io::BufWriter::with_capacity(1 << 20, file)))
}

/// The last part of a path, as the file's name.
fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| "file.csv".into(), |name| name.to_string_lossy().into_owned())
}
