//! Work that goes on after an answer was given.
//!
//! A job is a verb and the number of what it works on. Any process over the database may take it;
//! a lease makes sure that only one does, and that another goes on if that one dies. Each job is
//! safe to run again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use domain::access::{Action, Actor, Reach};
use domain::ids::{ImportId, JobId, ReportRunId, TransferFileId};
use domain::refusal::{Refusal, RefusalKind};
use jiff::{SignedDuration, Timestamp};
use store::Tx;
use store::jobs::{Claim, JobRow};

use crate::journal::{By, Event, record};
use crate::{App, Error, Result, delivery_report};

/// How long a worker may be silent before another takes over.
const LEASE: SignedDuration = SignedDuration::from_secs(10);
/// How often a worker says that it is still there.
const BEAT: Duration = Duration::from_secs(2);
/// Attempts before a job that breaks, rather than waits for something to pass, has failed for good.
const MOST_ATTEMPTS: i64 = 3;
/// Attempts before a report has failed for good: nothing waits for it, and a new one can be asked for.
const MOST_ATTEMPTS_AT_A_REPORT: i64 = 20;
/// The longest wait before the next attempt, in seconds.
const LONGEST_WAIT: i64 = 60;
/// Attempts that break before whoever waits for a job is told.
const MOST_AWAITED: usize = 3;
/// How often it is looked whether a job that is waited for has ended.
const LOOK: Duration = Duration::from_millis(25);
/// Failed jobs that are listed at most.
const MOST_LISTED: i64 = 100;

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

    /// The job of this verb.
    pub fn from_word(word: &str) -> Option<JobKind> {
        Self::ALL.iter().copied().find(|kind| kind.word() == word)
    }

    /// As pages call it, before the name of what it works on.
    pub fn name(self) -> &'static str {
        match self {
            JobKind::LoadImport => "Load",
            JobKind::ValidateTransferFile => "Check",
            JobKind::ApplyTransferFile => "Apply",
            JobKind::WriteDeliveryReport => "Write",
            JobKind::TellPeople => "Tell people of",
            JobKind::SendMail => "Send",
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

/// Puts a job in the queue and takes it at once, within the transaction that makes it necessary:
/// nobody else does it, unless this process dies.
pub(crate) fn enqueue_and_take(
    tx: &mut Tx,
    app: &App,
    kind: JobKind,
    subject: i64,
) -> Result<JobRow> {
    let now = app.now();
    enqueue(tx, kind, subject, now)?;
    let none = || Error::Damaged(format!("there is no job {} {subject}", kind.word()));
    let job = store::jobs::newest(tx, kind.word(), subject)?.ok_or_else(none)?;
    store::jobs::claim_one(tx, job.id, &app.worker, now, now + LEASE)?.ok_or_else(none)
}

/// Does a taken job here, in its own way. What passes is left to the workers; either way the answer
/// says why it was not done here.
pub(crate) fn run_taken(
    app: &App,
    job: &JobRow,
    work: impl FnOnce(&Run<'_>) -> Result<()>,
) -> Result<()> {
    run_as(app, job, work)?.map_or(Ok(()), Err)
}

/// What a running job is told and tells.
pub struct Run<'a> {
    /// The app.
    pub app: &'a App,
    /// What it works on.
    pub subject: i64,
    id: JobId,
    attempt: i64,
    beat_at: std::cell::Cell<std::time::Instant>,
    is_noted: std::cell::Cell<bool>,
}

impl Run<'_> {
    /// Notes that the job is done, within the transaction of what it did: one commit for both.
    ///
    /// The last thing before that commit.
    pub fn note_done(&self, tx: &mut Tx) -> Result<()> {
        // What was done is done: a worker that has taken the job meanwhile finds nothing left of it.
        store::jobs::finish(tx, self.claim(), None, self.app.now())?;
        self.is_noted.set(true);
        Ok(())
    }

    fn claim(&self) -> Claim<'_> {
        Claim { id: self.id, worker: &self.app.worker, attempt: self.attempt }
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
        let ours = store::jobs::beat(&mut tx, self.claim(), lease, done, total)?;
        tx.commit()?;
        if ours { Ok(()) } else { Err(lost()) }
    }

    /// Says, within a transaction, that the job will be silent for so long; refuses to go on when
    /// another worker has taken it.
    pub fn hold(&self, tx: &mut Tx, silent: SignedDuration) -> Result<()> {
        let until = self.app.now() + silent;
        if store::jobs::beat(tx, self.claim(), until, 0, 0)? { Ok(()) } else { Err(lost()) }
    }
}

/// Another worker believed this one gone and has taken over.
pub(crate) fn lost() -> Error {
    Error::Store(store::Error::Unavailable {
        doing: "go on with a job".into(),
        message: "another worker has it".into(),
    })
}

/// What passes is waited for; what is broken is not mended by trying.
fn is_tried_again(job: &JobRow, error: &Error) -> bool {
    match (error.is_passing(), JobKind::from_word(&job.kind)) {
        (true, Some(JobKind::WriteDeliveryReport)) => job.attempts < MOST_ATTEMPTS_AT_A_REPORT,
        (true, _) => true,
        (false, _) => job.attempts < MOST_ATTEMPTS,
    }
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

/// Runs the newest job of this kind on this subject to its end, as [`finish_one`] does.
pub fn finish(app: &App, kind: JobKind, subject: i64, longest: Duration) -> Result<JobRow> {
    let job = store::jobs::newest(&mut app.db.read()?, kind.word(), subject)?;
    let none = || Error::Damaged(format!("there is no job {} {subject}", kind.word()));
    finish_one(app, job.ok_or_else(none)?.id, longest)
}

/// Runs a job to its end, here or wherever it runs.
///
/// For the command line, which waits; a server's worker may be quicker. Waits no longer than
/// `longest`, nor after a few attempts here that broke: the job itself stays in the queue.
pub fn finish_one(app: &App, id: JobId, longest: Duration) -> Result<JobRow> {
    let began = std::time::Instant::now();
    let mut tried = 0;
    loop {
        let job = store::jobs::load(&mut app.db.read()?, id)?;
        let job = job.ok_or_else(|| Error::Damaged(format!("there is no {id}")))?;
        let ended = job.state == "done" || job.state == "failed";
        if ended || tried == MOST_AWAITED || began.elapsed() > longest {
            return Ok(job);
        }
        let now = app.now();
        if job.state == "ready" && job.run_at > now {
            std::thread::sleep(LOOK);
            continue;
        }
        let mut tx = app.db.write()?;
        let ours = store::jobs::claim_one(&mut tx, id, &app.worker, now, now + LEASE)?;
        tx.commit()?;
        match ours {
            Some(job) => {
                run(app, &job)?;
                tried += 1;
            }
            None => std::thread::sleep(LOOK),
        }
    }
}

/// Runs a claimed job and notes how it ended.
fn run(app: &App, job: &JobRow) -> Result<()> {
    let kind = JobKind::from_word(&job.kind);
    let work = |run: &Run<'_>| match kind {
        Some(kind) => perform(kind, run),
        None => Err(Error::Damaged(format!("no such job: {}", job.kind))),
    };
    run_as(app, job, work).map(drop)
}

/// Answers why the work was not done, if it was not.
fn run_as(
    app: &App,
    job: &JobRow,
    work: impl FnOnce(&Run<'_>) -> Result<()>,
) -> Result<Option<Error>> {
    let run = Run {
        app,
        subject: job.subject,
        id: job.id,
        attempt: job.attempts,
        beat_at: std::cell::Cell::new(std::time::Instant::now()),
        is_noted: std::cell::Cell::new(false),
    };
    // A transaction that a panic leaves open never happened, so nothing is left half done.
    let ended = catch_unwind(AssertUnwindSafe(|| work(&run)))
        .unwrap_or_else(|panic| Err(Error::Damaged(format!("it panicked: {}", said(&*panic)))));
    if ended.is_ok() && run.is_noted.get() {
        app.bell.ring();
        return Ok(None);
    }
    let now = app.now();
    let mut tx = app.db.write()?;
    let problem = ended.as_ref().err().map(Error::to_string).unwrap_or_default();
    let is_ours = match &ended {
        Ok(()) => store::jobs::finish(&mut tx, run.claim(), None, now)?,
        Err(error) if is_tried_again(job, error) => {
            let again = now + pause(job.attempts);
            store::jobs::postpone(&mut tx, run.claim(), &problem, again)?
        }
        Err(_) => {
            let is_ours = store::jobs::finish(&mut tx, run.claim(), Some(&problem), now)?;
            if is_ours && job.kind == JobKind::WriteDeliveryReport.word() {
                delivery_report::give_up(&mut tx, app, ReportRunId(job.subject), &problem)?;
            }
            is_ours
        }
    };
    tx.commit()?;
    if ended.is_err() && is_ours {
        tracing::warn!(job = %job.id, kind = job.kind, attempt = job.attempts, problem, "a job broke");
    }
    app.bell.ring();
    Ok(ended.err())
}

/// How long a job waits after so many attempts.
fn pause(attempts: i64) -> SignedDuration {
    SignedDuration::from_secs(attempts.clamp(1, LONGEST_WAIT))
}

/// What somebody who panicked said.
fn said(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given")
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
    /// When it was done, or had failed for good.
    pub ended_at: Option<Timestamp>,
}

/// What is wrong with the job that something waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The job.
    pub job: JobId,
    /// Why its last attempt broke.
    pub problem: String,
    /// Whether it has failed for good, so that somebody must have it run again.
    pub has_failed: bool,
}

impl Trouble {
    /// What is wrong with this job, if anything is.
    pub(crate) fn of(job: &JobRow) -> Option<Trouble> {
        let problem = job.problem.clone()?;
        Some(Trouble { job: job.id, problem, has_failed: job.state == "failed" })
    }
}

impl JobKind {
    /// Whether running it again can help: a report that failed is over, and its run says so.
    fn can_rerun(self) -> bool {
        self != JobKind::WriteDeliveryReport
    }

    /// What one must be allowed to do to see such a job.
    fn seen_with(self) -> Action {
        match self {
            JobKind::LoadImport => Action::SeeImports,
            JobKind::ValidateTransferFile | JobKind::ApplyTransferFile => Action::SeeTransferFiles,
            JobKind::WriteDeliveryReport => Action::SeeDeliveryReport,
            JobKind::TellPeople | JobKind::SendMail => Action::SeeMail,
        }
    }

    /// What a job of this verb on this number works on, such as `ctf-000042`.
    pub fn subject(self, number: i64) -> String {
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
    let kind = JobKind::from_word(&job.kind);
    let kind = kind.ok_or_else(|| Error::Damaged(format!("no such job: {}", job.kind)))?;
    Ok(JobView {
        id: job.id,
        kind,
        subject: kind.subject(job.subject),
        state: job.state,
        progress: job.progress,
        total: job.total,
        problem: job.problem,
        ended_at: job.finished_at,
    })
}

fn may_see(actor: &Actor, kind: JobKind) -> bool {
    actor.reach(kind.seen_with()) != Reach::Nothing
}

/// A job, for somebody who may see what it works on.
pub fn view(app: &App, actor: &Actor, id: JobId) -> Result<JobView> {
    let job = store::jobs::load(&mut app.db.read()?, id)?;
    let job = job.map(shown).transpose()?;
    let seen = job.filter(|job| may_see(actor, job.kind));
    Ok(seen.ok_or_else(|| Refusal::not_found("job"))?)
}

/// The newest job of this kind on this subject, for somebody who may see it.
pub fn newest(app: &App, actor: &Actor, kind: JobKind, subject: i64) -> Result<Option<JobView>> {
    actor.must(kind.seen_with())?;
    let job = store::jobs::newest(&mut app.db.read()?, kind.word(), subject)?;
    job.map(shown).transpose()
}

/// Jobs that have failed for good and wait for somebody to have them run again, newest first.
pub fn failed(app: &App, actor: &Actor) -> Result<Vec<JobView>> {
    actor.must(Action::SeeFailedJobs)?;
    let rows = store::jobs::failed(&mut app.db.read()?, MOST_LISTED)?;
    let jobs: Result<Vec<JobView>> = rows.into_iter().map(shown).collect();
    let mut jobs = jobs?;
    jobs.retain(|job| may_see(actor, job.kind) && job.kind.can_rerun());
    Ok(jobs)
}

/// Has a job that has failed for good run again.
pub fn rerun(app: &App, actor: &Actor, id: JobId) -> Result<JobView> {
    actor.must(Action::RerunJobs)?;
    let at = app.now();
    let mut tx = app.db.write()?;
    let job = store::jobs::load(&mut tx, id)?;
    let job = job.filter(|job| JobKind::from_word(&job.kind).is_some_and(|k| may_see(actor, k)));
    let job = job.ok_or_else(|| Refusal::not_found("job"))?;
    let wrong = |message| Error::from(Refusal::new(RefusalKind::WrongState, message));
    if JobKind::from_word(&job.kind).is_some_and(|kind| !kind.can_rerun()) {
        return Err(wrong("This report has failed. Ask for a new one."));
    }
    if job.state != "failed" {
        return Err(wrong("Only a job that has failed can be run again."));
    }
    if !store::jobs::rerun(&mut tx, id, at)? {
        return Err(wrong("A newer job does the same, so this one is not needed."));
    }
    let event = Event::JobRerun { job: id.0, what: job.kind.clone(), subject: job.subject };
    record(&mut tx, at, By::from(actor), &event)?;
    tx.commit()?;
    app.bell.ring();
    view(app, actor, id)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use domain::access::{Organisation, Role};
    use domain::ids::UserId;
    use testkit::world::both;

    use super::*;
    use crate::Clock;

    /// A job of a verb that does nothing here.
    const KIND: JobKind = JobKind::LoadImport;

    /// A database with one job in its queue, and two workers over it.
    fn workers(url: &str) -> [App; 2] {
        let db = store::Db::open(url).unwrap();
        db.migrate().unwrap();
        let app = App {
            clock: Clock::standing("2026-11-25T09:00:00Z".parse().unwrap()),
            ..App::new(db, "reports".into())
        };
        let mut tx = app.db.write().unwrap();
        enqueue(&mut tx, KIND, 1, app.now()).unwrap();
        tx.commit().unwrap();
        ["a", "b"].map(|name| App { worker: name.into(), ..app.clone() })
    }

    fn claim(app: &App) -> Option<JobRow> {
        let (mut tx, now) = (app.db.write().unwrap(), app.now());
        let job = store::jobs::claim(&mut tx, &app.worker, now, now + LEASE).unwrap();
        tx.commit().unwrap();
        job
    }

    fn later(app: &App, seconds: i64) {
        app.clock.set(app.now() + SignedDuration::from_secs(seconds));
    }

    fn job(app: &App) -> JobRow {
        store::jobs::newest(&mut app.db.read().unwrap(), KIND.word(), 1).unwrap().unwrap()
    }

    fn is_away() -> Error {
        lost()
    }

    fn is_broken() -> Error {
        Error::Damaged("there is no such thing".into())
    }

    /// Claims the job as soon as it is due, and lets it break.
    fn breaks(app: &App, error: fn() -> Error) -> JobRow {
        later(app, LONGEST_WAIT);
        let claimed = claim(app).unwrap();
        run_as(app, &claimed, |_| Err(error())).unwrap();
        job(app)
    }

    fn somebody(role: Role) -> Actor {
        Actor {
            user: UserId(1),
            name: "Somebody".into(),
            email: "somebody@example.org".into(),
            organisation: Organisation::Centre,
            roles: vec![role],
            only_reads: false,
            acting_for: None,
        }
    }

    #[test]
    fn a_worker_that_lost_its_lease_leaves_the_job_alone() {
        both(|url| {
            let [a, b] = workers(url);
            let first = claim(&a).unwrap();
            later(&a, 11);
            let second = claim(&b).unwrap();
            assert_eq!((first.attempts, second.attempts), (1, 2));
            let before = job(&a);
            for ended in [Ok(()), Err(is_away()), Err(is_broken())] {
                run_as(&a, &first, |_| ended).unwrap();
                assert_eq!(job(&a), before);
            }
            let noted = run_as(&a, &first, |run| {
                let mut tx = a.db.write().unwrap();
                run.note_done(&mut tx)?;
                Ok(tx.commit()?)
            });
            noted.unwrap();
            assert_eq!(job(&a), before);
            run_as(&a, &first, |run| {
                let mut tx = a.db.write().unwrap();
                assert!(run.hold(&mut tx, LEASE).unwrap_err().is_passing());
                Ok(())
            })
            .unwrap();
            run_as(&b, &second, |_| Ok(())).unwrap();
            assert_eq!(job(&a).state, "done");
        });
    }

    #[test]
    fn the_attempt_of_a_worker_that_took_its_own_job_again_is_another() {
        both(|url| {
            let [a, _] = workers(url);
            let first = claim(&a).unwrap();
            later(&a, 11);
            let second = claim(&a).unwrap();
            run_as(&a, &first, |_| Ok(())).unwrap();
            assert_eq!(job(&a).state, "running");
            run_as(&a, &second, |_| Ok(())).unwrap();
            assert_eq!(job(&a).state, "done");
        });
    }

    #[test]
    fn what_passes_is_waited_for_however_long() {
        both(|url| {
            let [a, _] = workers(url);
            for attempt in 1..=100 {
                let job = breaks(&a, is_away);
                assert_eq!((job.state.as_str(), job.attempts), ("ready", attempt));
                assert!(job.run_at > a.now());
                assert!(job.run_at <= a.now() + SignedDuration::from_secs(LONGEST_WAIT));
                assert!(claim(&a).is_none(), "it waits");
            }
        });
    }

    #[test]
    fn a_panic_breaks_the_attempt_and_not_the_worker() {
        both(|url| {
            let [a, _] = workers(url);
            for attempt in 1..=MOST_ATTEMPTS {
                later(&a, LONGEST_WAIT);
                let claimed = claim(&a).unwrap();
                run_as(&a, &claimed, |run| {
                    let mut tx = run.app.db.write().unwrap();
                    tx.exec("DELETE FROM jobs", &[]).unwrap();
                    panic!("attempt {attempt}")
                })
                .unwrap();
                let job = job(&a);
                let problem = job.problem.unwrap();
                assert!(problem.contains(&format!("it panicked: attempt {attempt}")), "{problem}");
                assert_eq!(job.state == "failed", attempt == MOST_ATTEMPTS);
            }
        });
    }

    #[test]
    fn who_waits_for_a_job_waits_for_its_time_too() {
        both(|url| {
            let [a, _] = workers(url);
            breaks(&a, is_away);
            let waited = finish(&a, KIND, 1, Duration::from_millis(60)).unwrap();
            assert_eq!((waited.state.as_str(), waited.attempts), ("ready", 1));
            later(&a, LONGEST_WAIT);
            let ended = finish(&a, KIND, 1, Duration::from_millis(60)).unwrap();
            assert_eq!(ended.attempts, 2, "there is no such import: {ended:?}");
        });
    }

    #[test]
    fn a_failed_job_is_listed_and_runs_again_when_somebody_says_so() {
        both(|url| {
            let [a, _] = workers(url);
            let operator = somebody(Role::DspOperator);
            let id = job(&a).id;
            let refused = rerun(&a, &operator, id).unwrap_err();
            assert_eq!(refused.refusal().unwrap().kind, RefusalKind::WrongState);
            for _ in 0..MOST_ATTEMPTS {
                breaks(&a, is_broken);
            }
            assert!(claim(&a).is_none());
            let listed = failed(&a, &somebody(Role::Auditor)).unwrap();
            assert_eq!(
                (listed.len(), listed[0].id, listed[0].subject.as_str()),
                (1, id, "imp-000001")
            );
            for role in [Role::Auditor, Role::DccFinance, Role::StockManager] {
                let refused = rerun(&a, &somebody(role), id).unwrap_err();
                assert_eq!(refused.refusal().unwrap().kind, RefusalKind::NotAllowed);
            }
            let unknown = rerun(&a, &operator, JobId(9)).unwrap_err();
            assert_eq!(unknown.refusal().unwrap().kind, RefusalKind::NotFound);

            let again = rerun(&a, &operator, id).unwrap();
            assert_eq!((again.state.as_str(), again.problem), ("ready", None));
            assert!(failed(&a, &operator).unwrap().is_empty());
            let entry = store::journal::last(&mut a.db.read().unwrap()).unwrap().unwrap();
            assert_eq!(entry.kind, "JobRerun");
            assert_eq!(claim(&a).unwrap().attempts, 1);
        });
    }

    #[test]
    fn a_failed_job_that_a_newer_one_replaced_is_no_longer_needed() {
        both(|url| {
            let [a, _] = workers(url);
            for _ in 0..MOST_ATTEMPTS {
                breaks(&a, is_broken);
            }
            let id = job(&a).id;
            let mut tx = a.db.write().unwrap();
            enqueue(&mut tx, KIND, 1, a.now()).unwrap();
            tx.commit().unwrap();
            assert!(failed(&a, &somebody(Role::DspOperator)).unwrap().is_empty());
            let refused = rerun(&a, &somebody(Role::DspOperator), id).unwrap_err();
            assert_eq!(refused.refusal().unwrap().kind, RefusalKind::WrongState);
        });
    }
}
