//! The server: portal and API on one side, the jobs on the other.

use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use app::notifications::{Mail, Server, Way};
use app::{App, Error, Result};
use store::Db;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::arguments::{Arguments, Serve};
use crate::output;

/// Where the data is when nobody says otherwise.
pub const DEFAULT_DATABASE: &str = "hubstock.db";
/// Where reports are written to when nobody says otherwise.
pub const DEFAULT_REPORTS: &str = "reports";
/// Threads that do jobs.
const WORKERS: usize = 2;
/// How long a worker sleeps when the bell is silent: jobs of other processes wait no longer.
const LONGEST_NAP: Duration = Duration::from_millis(250);
/// How often it is looked whether there is something to tell.
const LOOK: Duration = Duration::from_secs(1);
/// How often the clock is asked whether a scheduled report is due.
const TICK: Duration = Duration::from_secs(20);

/// Starts logging to standard error; `HUBSTOCK_LOG` says how much.
pub fn start_logging(arguments: &Arguments) {
    let serves = arguments.command.serves();
    let usual = if serves { "info" } else { "warn" };
    let filter = EnvFilter::try_from_env("HUBSTOCK_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if serves && !std::io::IsTerminal::is_terminal(&std::io::stderr()) {
        log.json().init();
    } else {
        log.without_time().init();
    }
}

/// What glibc reads when a program begins: memory that was asked for in such large pieces goes back
/// to the system as soon as it is free.
const TIGHT: [(&str, &str); 2] =
    [("MALLOC_MMAP_THRESHOLD_", "131072"), ("MALLOC_TRIM_THRESHOLD_", "1048576")];

/// Begins the program anew, in the same process, with [`TIGHT`] memory, unless somebody has chosen
/// otherwise. Left to itself glibc keeps what a long file needed, once for each thread.
pub fn begin_anew_with_tight_memory() {
    if TIGHT.iter().any(|(name, _)| std::env::var_os(name).is_some()) {
        return;
    }
    let mut words = std::env::args_os();
    let (Ok(program), Some(name)) = (std::env::current_exe(), words.next()) else { return };
    let failed = process::Command::new(program).arg0(name).args(words).envs(TIGHT).exec();
    tracing::warn!(error = %failed, "the program goes on with as much memory as it gets");
}

/// Opens the database of the command line. An empty one gets its tables; an older one is refused
/// with what to do.
pub fn open(database: &str, reports: &Path, if_empty: IfEmpty) -> Result<App> {
    let unsuitable = |what: String| Err(Error::Store(store::Error::Unsuitable(what)));
    let is_missing = Db::file_of(database)?.is_some_and(|file| !file.is_file());
    if if_empty == IfEmpty::Refuse && is_missing {
        return unsuitable(format!(
            "there is no database {database}: name another with --database, or make this one with \
             `hubstock migrate`"
        ));
    }
    let db = Db::open(database)?;
    match (db.is_current()?, if_empty) {
        (true, _) => {}
        (false, _) if !db.is_empty()? => {
            return unsuitable(
                "the database's tables are of another version: back it up, then run `hubstock migrate`"
                    .into(),
            );
        }
        (false, IfEmpty::SetUp) => db.migrate()?,
        (false, IfEmpty::Refuse) => {
            return unsuitable(format!(
                "the database {} holds nothing yet: set it up with `hubstock migrate`",
                db.location()
            ));
        }
    }
    Ok(App::new(db, reports.to_path_buf()))
}

/// An address under which a server is reached from outside, as `https://hubs.example`.
pub fn public_url(text: &str) -> std::result::Result<String, String> {
    let url = text.strip_suffix('/').unwrap_or(text);
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let is_host = |host: &str| {
        !host.is_empty() && !host.contains(|c: char| "/?#@".contains(c) || c.is_whitespace())
    };
    match host {
        Some(host) if is_host(host) => Ok(url.to_owned()),
        _ => Err("give the scheme and the host alone, such as https://hubs.example".into()),
    }
}

/// What is done with a database that is not there or has no tables yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfEmpty {
    /// It is made.
    SetUp,
    /// It is said: whoever reads or changes something has named another one.
    Refuse,
}

/// Serves until it is told to stop.
pub fn serve(app: &App, options: &Serve, demo: bool) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Error::io("start the server's threads"))?;
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind(options.listen))
        .map_err(Error::io(format!("listen on {}", options.listen)))?;
    let address = listener.local_addr().map_err(Error::io("listen"))?;
    let public_url = options.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
    let app = &App { mail: mail(options, &public_url, demo)?, ..app.clone() };
    let stop = Arc::new(AtomicBool::new(false));
    let mut threads = vec![start(app, &stop, watch_the_disk)];
    if !options.no_jobs {
        threads.extend(start_workers(app, &stop));
    }
    let stopped = runtime.block_on(async { told_to_stop() })?;
    announce(app, address, &public_url, demo);

    let state = web::State::new(app.clone(), &public_url, demo);
    runtime.block_on(async {
        web::serve(listener, state, stopped).await;
    });
    stop.store(true, Ordering::Relaxed);
    app.bell.ring();
    for thread in threads {
        thread.join().expect("a thread's panic is caught within it");
    }
    runtime.shutdown_timeout(Duration::from_secs(5));
    match app.lost_threads.load(Ordering::Relaxed) {
        0 => Ok(()),
        _ => Err(Error::Damaged("a worker has panicked".into())),
    }
}

/// How this process sends e-mails: to the server that it was given, to the demonstration's page, or
/// not at all, when they wait for another process.
fn mail(options: &Serve, public_url: &str, demo: bool) -> Result<Mail> {
    let way = match &options.smtp {
        _ if demo => Way::Page,
        None => Way::Outbox,
        Some(url) => {
            let host = public_url.split_once("://").map_or(public_url, |(_, rest)| rest);
            let host = host.split(['/', ':']).next().unwrap_or(host);
            let usual = format!("Hubstock <hubstock@{host}>");
            let from = options.mail_from.as_deref().unwrap_or(&usual);
            let server = Server::parse(url, from)?;
            tracing::info!(?server, "e-mails are sent");
            Way::Server(Arc::new(server))
        }
    };
    if matches!(way, Way::Outbox) {
        tracing::info!("no mail server is named (HUBSTOCK_SMTP): e-mails wait in the outbox");
    }
    Ok(Mail { public_url: public_url.trim_end_matches('/').into(), way })
}

fn announce(app: &App, address: SocketAddr, public_url: &str, demo: bool) {
    if demo {
        output::note(format!(
            "\n  The demonstration is ready: open {public_url}/ and choose who to be.\n  \
             A transfer file waits there for the DCC authoriser.\n  Stop it with Ctrl+C.\n"
        ));
    }
    tracing::info!(%address, database = app.db.location(), "serving");
}

/// Ends when the process is asked to stop, from this call on.
fn told_to_stop() -> Result<impl Future<Output = ()>> {
    let hear = |kind| signal(kind).map_err(Error::io("hear when to stop"));
    let (mut interrupt, mut terminate) =
        (hear(SignalKind::interrupt())?, hear(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping");
    })
}

fn start_workers(app: &App, stop: &Arc<AtomicBool>) -> Vec<thread::JoinHandle<()>> {
    let mut threads: Vec<thread::JoinHandle<()>> = (0..WORKERS)
        .map(|n| {
            let worker = format!("{}-{n}", app.worker);
            start(&App { worker, ..app.clone() }, stop, work)
        })
        .collect();
    threads.push(start(app, stop, keep_time));
    threads
}

/// Starts a thread. One that panics is said by `/readyz`, as nobody would miss it otherwise.
fn start(app: &App, stop: &Arc<AtomicBool>, task: fn(&App, &AtomicBool)) -> thread::JoinHandle<()> {
    let (app, stop) = (app.clone(), stop.clone());
    thread::spawn(move || {
        if catch_unwind(AssertUnwindSafe(|| task(&app, &stop))).is_err() {
            app.lost_threads.fetch_add(1, Ordering::Relaxed);
            tracing::error!("a thread has panicked; the program must be restarted");
        }
    })
}

/// Ends the program when a commit was not kept: only the next start finds out what was.
fn watch_the_disk(app: &App, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        if app.db.has_failed() {
            tracing::error!(
                "the disk failed to keep a commit: ending, to recover at the next start"
            );
            process::exit(3);
        }
        thread::sleep(LONGEST_NAP);
    }
}

fn work(app: &App, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let rung = app.bell.rung();
        match app::jobs::run_next(app) {
            Ok(true) => {}
            Ok(false) => app.bell.wait(rung, LONGEST_NAP),
            Err(error) => {
                tracing::error!(%error, "a worker could not reach its jobs");
                app.bell.wait(rung, Duration::from_secs(1));
            }
        }
    }
}

fn keep_time(app: &App, stop: &AtomicBool) {
    let (mut last, mut looked) = (None::<std::time::Instant>, None::<std::time::Instant>);
    while !stop.load(Ordering::Relaxed) {
        if looked.is_none_or(|at| at.elapsed() >= LOOK) {
            looked = Some(std::time::Instant::now());
            if let Err(error) = app::notifications::pass(app) {
                tracing::error!(%error, "it could not be looked whether there is something to tell");
            }
        }
        if last.is_none_or(|at| at.elapsed() >= TICK) {
            last = Some(std::time::Instant::now());
            if let Err(error) = app::delivery_report::schedule_due(app) {
                tracing::error!(%error, "the schedule of ESI-013 could not be looked at");
            }
            if let Err(error) = app::timers::pass(app) {
                tracing::error!(%error, "the deadlines could not be looked at");
            }
            if let Err(error) = app::tidy(app) {
                tracing::error!(%error, "what has expired could not be dropped");
            }
        }
        thread::sleep(LONGEST_NAP);
    }
}

#[cfg(test)]
mod tests {
    use super::public_url;

    #[test]
    fn an_address_from_outside_is_a_scheme_and_a_host() {
        let good = Ok("https://hubs.example:8443".to_owned());
        assert_eq!(public_url("https://hubs.example:8443/"), good);
        for wrong in ["nonsense", "hubs.example", "https//hubs.example", "https://", "https://a/b"]
        {
            assert!(public_url(wrong).is_err(), "{wrong}");
        }
    }
}
