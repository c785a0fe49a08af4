//! The operations: everything that a person, a file or a clock can make the product do.
//!
//! An operation is one public function and one transaction: begin, load, authorise, decide, record,
//! commit. Portal, API, command line and jobs call the same ones, so they cannot disagree.

pub mod aside;
pub mod backup;
pub mod board;
pub mod delivery_report;
pub mod directory;
pub mod dry_runs;
pub mod error;
pub mod excess;
pub mod files;
pub mod idempotency;
pub mod imports;
pub mod inventory;
pub mod jobs;
pub mod journal;
pub mod notifications;
pub mod offers;
pub mod pages;
mod paper;
pub mod parties;
pub mod people;
pub mod reports;
pub mod requests;
pub mod selection;
pub mod settings;
pub mod sheet;
pub mod sign_in;
pub mod stock_rules;
pub mod tables;
pub mod templates;
pub mod timers;
pub mod transfer_files;
pub mod transfers;
pub mod versions;

use std::path::PathBuf;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use store::Db;

/// How long an upload may take before what came of it is dropped.
const UNFINISHED_UPLOADS: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

/// How long jobs are kept that say nothing of their own once they are done.
const DONE_JOBS: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

pub use error::{Error, Result};

/// Where time comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that stands still until it is set: for tests and for replaying the journal.
    Set(Arc<Mutex<Timestamp>>),
}

impl Clock {
    /// A clock that stands at `at`.
    pub fn standing(at: Timestamp) -> Clock {
        Clock::Set(Arc::new(Mutex::new(at)))
    }

    /// The instant, in whole microseconds as the database keeps it.
    pub fn now(&self) -> Timestamp {
        let now = match self {
            Clock::System => Timestamp::now(),
            Clock::Set(at) => *at.lock().expect("nobody panics with the clock held"),
        };
        Timestamp::from_microsecond(now.as_microsecond()).expect("it was an instant before")
    }

    /// Sets a standing clock; does nothing to the machine's.
    pub fn set(&self, to: Timestamp) {
        if let Clock::Set(at) = self {
            *at.lock().expect("nobody panics with the clock held") = to;
        }
    }
}

/// What every operation has at hand.
#[derive(Clone)]
pub struct App {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Rings when there may be a job to do.
    pub bell: jobs::Bell,
    /// The folder that scheduled and requested reports are written to.
    pub reports: PathBuf,
    /// The name of this process in job leases.
    pub worker: String,
    /// How this process sends e-mails.
    pub mail: notifications::Mail,
    /// Threads of this process that ended although nobody stopped them.
    pub lost_threads: Arc<AtomicUsize>,
}

impl App {
    /// An app over an open database, with the machine's clock.
    pub fn new(db: Db, reports: PathBuf) -> App {
        let worker = uuid::Uuid::new_v4().to_string();
        let (clock, bell) = (Clock::System, jobs::Bell::default());
        App {
            db,
            clock,
            bell,
            reports,
            worker,
            mail: notifications::Mail::none(),
            lost_threads: Arc::default(),
        }
    }

    /// The instant.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// Drops what nobody needs any more: uploads that broke off and dry runs that were
/// made a day ago or earlier, and jobs that say
/// nothing of their own once they are done. Takes a turn to write only if there is any.
pub fn tidy(app: &App) -> Result<()> {
    let before = app.now() - UNFINISHED_UPLOADS;
    let mut tx = app.db.read()?;
    let uploads = store::files::is_any_unfinished(&mut tx, before)?;
    let done = [jobs::JobKind::TellPeople, jobs::JobKind::SendMail].map(jobs::JobKind::word);
    let jobs = store::jobs::is_any_done(&mut tx, &done, app.now() - DONE_JOBS)?;
    drop(tx);
    if !uploads && !jobs {
        return Ok(());
    }
    let mut tx = app.db.write()?;
    store::dry_runs::forget(&mut tx, before)?;
    store::files::drop_unfinished(&mut tx, before)?;
    for kind in done {
        store::jobs::drop_done(&mut tx, kind, app.now() - DONE_JOBS)?;
    }
    Ok(tx.commit()?)
}
