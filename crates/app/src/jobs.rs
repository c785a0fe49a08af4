//! Work that goes on after an answer was given.
//!
//! A job is a verb and the number of what it works on. Any process over the database may take it;
//! a lease makes sure that only one does, and that another goes on if that one dies. Each job is
//! safe to run again.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use domain::Refusal;
use domain::access::{Action, Actor, Reach};
use domain::ids::{ImportId, JobId, ReportRunId, TransferFileId};
use jiff::{SignedDuration, Timestamp};
use store::Tx;
use store::jobs::JobRow;

use crate::{App, Error, Result};

/// How long a worker may be silent before another takes over.
const LEASE: SignedDuration = SignedDuration::from_secs(10);
/// How often a worker says that it is still there.
const BEAT: Duration = Duration::from_secs(2);
/// Attempts before a job that breaks has failed for good.
const MOST_ATTEMPTS: i64 = 20;

/// The verbs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobKind {
    /// Loads a file of Parties, deliveries, statuses, or compares or applies a snapshot.
    LoadImport,
    /// Checks each line of a transfer file.
    ValidateTransferFile,
    /// Moves the hubs of an authorised transfer file.
    ApplyTransferFile,
    /// Writes a run of ESI-013.
    WriteDeliveryReport,
    /// Reads the journal and writes notices and e-mails.
    TellPeople,
    /// Takes e-mails from the outbox to the mail server.
    SendMail,
}

impl JobKind {
    /// All of them.
    pub const ALL: &[JobKind] = &[
        JobKind::LoadImport,
        JobKind::ValidateTransferFile,
        JobKind::ApplyTransferFile,
        JobKind::WriteDeliveryReport,
        JobKind::TellPeople,
        JobKind::SendMail,
    ];

    /// As the database keeps it.
    pub fn word(self) -> &'static str {
        match self {
            JobKind::LoadImport => "load-import",
            JobKind::ValidateTransferFile => "validate-transfer-file",
            JobKind::ApplyTransferFile => "apply-transfer-file",
            JobKind::WriteDeliveryReport => "write-delivery-report",
            JobKind::TellPeople => "tell-people",
            JobKind::SendMail => "send-mail",
        }
    }
}

/// Wakes the workers of this process when a job was put in the queue.
#[derive(Clone, Default)]
pub struct Bell(Arc<(Mutex<u64>, Condvar)>);

impl Bell {
    /// There may be something to do.
    pub fn ring(&self) {
        *self.0.0.lock().expect("nobody panics with the bell held") += 1;
        self.0.1.notify_all();
    }

    /// How often it has rung.
    pub fn rung(&self) -> u64 {
        *self.0.0.lock().expect("nobody panics with the bell held")
    }

    /// Waits until it has rung more than `seen` times, at most for `longest`.
    pub fn wait(&self, seen: u64, longest: Duration) {
        let rung = self.0.0.lock().expect("nobody panics with the bell held");
        let _woken = self
            .0
            .1
            .wait_timeout_while(rung, longest, |rung| *rung <= seen)
            .expect("nobody panics with the bell held");
    }
}

/// Puts a job in the queue, within the transaction that makes it necessary. Ring the bell after
/// the commit.
pub fn enqueue(tx: &mut Tx, kind: JobKind, subject: i64, now: Timestamp) -> Result<()> {
    Ok(store::jobs::enqueue(tx, kind.word(), subject, now, now)?)
}

/// What a running job is told and tells.
pub struct Run<'a> {
    /// The app.
    pub app: &'a App,
    /// What it works on.
    pub subject: i64,
    id: JobId,
    attempts: i64,
    beat_at: std::cell::Cell<std::time::Instant>,
    is_noted: std::cell::Cell<bool>,
}

impl Run<'_> {
    /// Notes that the job is done, within the transaction of what it did: one commit for both.
    ///
    /// The last thing before that commit.
    pub fn note_done(&self, tx: &mut Tx) -> Result<()> {
        store::jobs::finish(tx, self.id, None, self.app.now())?;
        self.is_noted.set(true);
        Ok(())
    }

    /// Says how far the job is, in lines; refuses to go on when another worker has taken it.
    ///
    /// Call it often: it writes at most every two seconds.
    pub fn progress(&self, done: u64, total: u64) -> Result<()> {
        if self.beat_at.get().elapsed() < BEAT {
            return Ok(());
        }
        self.beat_at.set(std::time::Instant::now());
        let mut tx = self.app.db.write()?;
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let lease = self.app.now() + LEASE;
        let (done, total) = (number(done), number(total));
        let ours = store::jobs::beat(&mut tx, self.id, &self.app.worker, lease, done, total)?;
        tx.commit()?;
        if ours { Ok(()) } else { Err(Error::Damaged("another worker has this job".into())) }
    }

    /// Says, within a transaction, that the job will be silent for so long; refuses to go on when
    /// another worker has taken it.
    pub fn hold(&self, tx: &mut Tx, silent: SignedDuration) -> Result<()> {
        let until = self.app.now() + silent;
        if store::jobs::beat(tx, self.id, &self.app.worker, until, 0, 0)? {
            Ok(())
        } else {
            Err(Error::Damaged("another worker has this job".into()))
        }
    }

    /// Whether the job will be tried again when it ends with this error.
    pub fn will_try_again(&self, error: &Error) -> bool {
        is_tried_again(error, self.attempts)
    }
}

fn is_tried_again(error: &Error, attempts: i64) -> bool {
    attempts < if error.is_passing() { MOST_ATTEMPTS } else { 3 }
}

/// Takes one due job and runs it. False when there was none.
pub fn run_next(app: &App) -> Result<bool> {
    let now = app.now();
    let mut tx = app.db.read()?;
    let due = store::jobs::is_any_due(&mut tx, now)?;
    drop(tx);
    if !due {
        return Ok(false);
    }
    let mut tx = app.db.write()?;
    let job = store::jobs::claim(&mut tx, &app.worker, now, now + LEASE)?;
    tx.commit()?;
    match job {
        Some(job) => run(app, &job).map(|()| true),
        None => Ok(false),
    }
}

/// Runs the newest job of this kind on this subject to its end, here or wherever it runs.
///
/// For the command line, which waits; a server's worker may be quicker. Gives up after `longest`.
pub fn finish(app: &App, kind: JobKind, subject: i64, longest: Duration) -> Result<JobRow> {
    let began = std::time::Instant::now();
    loop {
        let mut tx = app.db.read()?;
        let job = store::jobs::newest(&mut tx, kind.word(), subject)?;
        drop(tx);
        let Some(job) = job else {
            return Err(Error::Damaged(format!("there is no job {} {subject}", kind.word())));
        };
        if job.state == "done" || job.state == "failed" || began.elapsed() > longest {
            return Ok(job);
        }
        let now = app.now();
        let mut tx = app.db.write()?;
        let ours = store::jobs::claim_one(&mut tx, job.id, &app.worker, now, now + LEASE)?;
        tx.commit()?;
        match ours {
            Some(job) => run(app, &job)?,
            None => std::thread::sleep(Duration::from_millis(25)),
        }
    }
}

/// Runs a claimed job and notes how it ended.
fn run(app: &App, job: &JobRow) -> Result<()> {
    let run = Run {
        app,
        subject: job.subject,
        id: job.id,
        attempts: job.attempts,
        beat_at: std::cell::Cell::new(std::time::Instant::now()),
        is_noted: std::cell::Cell::new(false),
    };
    let kind = JobKind::ALL.iter().find(|kind| kind.word() == job.kind);
    let ended = match kind {
        Some(kind) => perform(*kind, &run),
        None => Err(Error::Damaged(format!("no such job: {}", job.kind))),
    };
    if ended.is_ok() && run.is_noted.get() {
        app.bell.ring();
        return Ok(());
    }
    let now = app.now();
    let mut tx = app.db.write()?;
    match ended {
        Ok(()) => store::jobs::finish(&mut tx, job.id, None, now)?,
        Err(error) if is_tried_again(&error, job.attempts) => {
            tracing::warn!(job = %job.id, kind = job.kind, %error, "a job will be tried again");
            let again = now + SignedDuration::from_secs(job.attempts.clamp(1, 30));
            store::jobs::postpone(&mut tx, job.id, &error.to_string(), again)?;
        }
        Err(error) => {
            tracing::error!(job = %job.id, kind = job.kind, %error, "a job has failed");
            store::jobs::finish(&mut tx, job.id, Some(&error.to_string()), now)?;
        }
    }
    tx.commit()?;
    app.bell.ring();
    Ok(())
}

/// Each verb and the operation behind it.
fn perform(kind: JobKind, run: &Run<'_>) -> Result<()> {
    match kind {
        JobKind::LoadImport => crate::imports::load(run),
        JobKind::ValidateTransferFile => crate::transfer_files::validate(run),
        JobKind::ApplyTransferFile => crate::transfer_files::apply(run),
        JobKind::WriteDeliveryReport => crate::delivery_report::write(run),
        JobKind::TellPeople => crate::notifications::tell(run),
        JobKind::SendMail => crate::notifications::send(run),
    }
}

/// A job as whoever may see its subject sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobView {
    /// Its number.
    pub id: JobId,
    /// Its verb.
    pub kind: JobKind,
    /// What it works on, such as `ctf-000042`.
    pub subject: String,
    /// `ready`, `running`, `done` or `failed`.
    pub state: String,
    /// How far it has come, in lines.
    pub progress: i64,
    /// How far it has to go, in lines; 0 when not known.
    pub total: i64,
    /// Why it failed, or why the last attempt did.
    pub problem: Option<String>,
}

impl JobKind {
    /// What one must be allowed to do to see such a job.
    fn seen_with(self) -> Action {
        match self {
            JobKind::LoadImport => Action::SeeImports,
            JobKind::ValidateTransferFile | JobKind::ApplyTransferFile => Action::SeeTransferFiles,
            JobKind::WriteDeliveryReport => Action::SeeDeliveryReport,
            JobKind::TellPeople | JobKind::SendMail => Action::SeeMail,
        }
    }

    fn subject(self, number: i64) -> String {
        match self {
            JobKind::LoadImport => ImportId(number).to_string(),
            JobKind::ValidateTransferFile | JobKind::ApplyTransferFile => {
                TransferFileId(number).to_string()
            }
            JobKind::WriteDeliveryReport => ReportRunId(number).to_string(),
            JobKind::TellPeople => "the journal".to_owned(),
            JobKind::SendMail => "the outbox".to_owned(),
        }
    }
}

fn shown(job: JobRow) -> Result<JobView> {
    let kind = JobKind::ALL.iter().copied().find(|kind| kind.word() == job.kind);
    let kind = kind.ok_or_else(|| Error::Damaged(format!("no such job: {}", job.kind)))?;
    Ok(JobView {
        id: job.id,
        kind,
        subject: kind.subject(job.subject),
        state: job.state,
        progress: job.progress,
        total: job.total,
        problem: job.problem,
    })
}

/// A job, for somebody who may see what it works on.
pub fn view(app: &App, actor: &Actor, id: JobId) -> Result<JobView> {
    let job = store::jobs::load(&mut app.db.read()?, id)?;
    let job = job.map(shown).transpose()?;
    let seen = job.filter(|job| actor.reach(job.kind.seen_with()) != Reach::Nothing);
    Ok(seen.ok_or_else(|| Refusal::not_found("job"))?)
}

/// The newest job of this kind on this subject, for somebody who may see it.
pub fn newest(app: &App, actor: &Actor, kind: JobKind, subject: i64) -> Result<Option<JobView>> {
    actor.must(kind.seen_with())?;
    let job = store::jobs::newest(&mut app.db.read()?, kind.word(), subject)?;
    job.map(shown).transpose()
}
