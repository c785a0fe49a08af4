//! Work that goes on after an answer was given; claimed by one worker at a time under a lease.

use domain::ids::JobId;
use jiff::Timestamp;

use crate::error::Result;
use crate::value::Row;
use crate::{Tx, args};

/// One job as it stands in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRow {
    /// Its number.
    pub id: JobId,
    /// Its verb.
    pub kind: String,
    /// The number of the thing that it works on.
    pub subject: i64,
    /// `ready`, `running`, `done` or `failed`.
    pub state: String,
    /// How often it was begun.
    pub attempts: i64,
    /// How far it has come, in lines.
    pub progress: i64,
    /// How far it has to go, in lines; 0 when not known.
    pub total: i64,
    /// Why it failed, or why the last attempt did.
    pub problem: Option<String>,
}

const COLUMNS: &str = "id, kind, subject, state, attempts, progress, total, problem";

fn job(row: &Row) -> JobRow {
    JobRow {
        id: row.get(0),
        kind: row.get(1),
        subject: row.get(2),
        state: row.get(3),
        attempts: row.get(4),
        progress: row.get(5),
        total: row.get(6),
        problem: row.get(7),
    }
}

/// Puts a job in the queue, unless the same is there already and open.
pub fn enqueue(
    tx: &mut Tx,
    kind: &str,
    subject: i64,
    run_at: Timestamp,
    now: Timestamp,
) -> Result<()> {
    let id = tx.next_id("jobs")?;
    let sql = "
        INSERT INTO jobs (id, kind, subject, state, run_at, attempts, progress, total, created_at)
        VALUES ($1, $2, $3, 'ready', $4, 0, 0, 0, $5)
        ON CONFLICT (kind, subject) WHERE state IN ('ready', 'running') DO NOTHING";
    tx.exec(sql, args![id, kind, subject, run_at, now])?;
    Ok(())
}

/// Whether a worker would find something to do: a cheap look that takes no turn.
pub fn is_any_due(tx: &mut Tx, now: Timestamp) -> Result<bool> {
    let sql = "
        SELECT 1 FROM jobs
        WHERE state IN ('ready', 'running')
          AND ((state = 'ready' AND run_at <= $1) OR (state = 'running' AND lease_until < $1))
        LIMIT 1";
    Ok(tx.opt(sql, args![now])?.is_some())
}

/// Takes the job that has been due longest, or whose worker has gone quiet.
pub fn claim(
    tx: &mut Tx,
    worker: &str,
    now: Timestamp,
    lease_until: Timestamp,
) -> Result<Option<JobRow>> {
    let due = "(state = 'ready' AND run_at <= $1) OR (state = 'running' AND lease_until < $1)";
    take(tx, due, None, worker, now, lease_until)
}

/// Takes this job if it is open and nobody works on it.
pub fn claim_one(
    tx: &mut Tx,
    id: JobId,
    worker: &str,
    now: Timestamp,
    lease_until: Timestamp,
) -> Result<Option<JobRow>> {
    let due = "state = 'ready' OR (state = 'running' AND lease_until < $1)";
    take(tx, due, Some(id), worker, now, lease_until)
}

fn take(
    tx: &mut Tx,
    due: &str,
    only: Option<JobId>,
    worker: &str,
    now: Timestamp,
    lease_until: Timestamp,
) -> Result<Option<JobRow>> {
    let sql = format!(
        "UPDATE jobs SET state = 'running', attempts = attempts + 1, claimed_by = $2, lease_until = $3
         WHERE id = (
             SELECT id FROM jobs
             WHERE state IN ('ready', 'running') AND ({due}) AND (CAST($4 AS BIGINT) IS NULL OR id = $4)
             ORDER BY run_at, id LIMIT 1{})
         RETURNING {COLUMNS}",
        tx.skip_locked()
    );
    Ok(tx.opt(&sql, args![now, worker, lease_until, only])?.as_ref().map(job))
}

/// Says that the worker is still at it, and how far it is. False when it has lost the job.
pub fn beat(
    tx: &mut Tx,
    id: JobId,
    worker: &str,
    lease_until: Timestamp,
    progress: i64,
    total: i64,
) -> Result<bool> {
    let sql = "
        UPDATE jobs SET lease_until = $3, progress = $4, total = $5
        WHERE id = $1 AND claimed_by = $2 AND state = 'running'";
    Ok(tx.exec(sql, args![id, worker, lease_until, progress, total])? == 1)
}

/// The job is done, or has failed for good with `problem`.
pub fn finish(tx: &mut Tx, id: JobId, problem: Option<&str>, now: Timestamp) -> Result<()> {
    let sql = "
        UPDATE jobs SET state = CASE WHEN CAST($2 AS TEXT) IS NULL THEN 'done' ELSE 'failed' END,
            problem = $2, finished_at = $3, claimed_by = NULL, lease_until = NULL
        WHERE id = $1";
    tx.exec(sql, args![id, problem, now])?;
    Ok(())
}

/// The attempt failed; the job runs again at `run_at`.
pub fn postpone(tx: &mut Tx, id: JobId, problem: &str, run_at: Timestamp) -> Result<()> {
    let sql = "
        UPDATE jobs SET state = 'ready', problem = $2, run_at = $3, claimed_by = NULL, lease_until = NULL
        WHERE id = $1";
    tx.exec(sql, args![id, problem, run_at])?;
    Ok(())
}

/// Whether there are jobs of these two kinds that were done before `before`, other than the newest
/// of all.
pub fn is_any_done(tx: &mut Tx, kinds: &[&str; 2], before: Timestamp) -> Result<bool> {
    let sql = "
        SELECT 1 FROM jobs
        WHERE kind IN ($1, $2) AND state = 'done' AND finished_at < $3
          AND id < (SELECT max(id) FROM jobs)
        LIMIT 1";
    Ok(tx.opt(sql, args![kinds[0], kinds[1], before])?.is_some())
}

/// Drops jobs of this kind that were done before `before`. The newest of all jobs stays, so that no
/// number is given twice.
pub fn drop_done(tx: &mut Tx, kind: &str, before: Timestamp) -> Result<()> {
    let sql = "
        DELETE FROM jobs
        WHERE kind = $1 AND state = 'done' AND finished_at < $2 AND id < (SELECT max(id) FROM jobs)";
    tx.exec(sql, args![kind, before])?;
    Ok(())
}

/// One job.
pub fn load(tx: &mut Tx, id: JobId) -> Result<Option<JobRow>> {
    let sql = format!("SELECT {COLUMNS} FROM jobs WHERE id = $1");
    Ok(tx.opt(&sql, args![id])?.as_ref().map(job))
}

/// The newest job of this kind on this subject.
pub fn newest(tx: &mut Tx, kind: &str, subject: i64) -> Result<Option<JobRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM jobs WHERE kind = $1 AND subject = $2 ORDER BY id DESC LIMIT 1"
    );
    Ok(tx.opt(&sql, args![kind, subject])?.as_ref().map(job))
}

/// Jobs that failed for good, newest first, for the operator.
pub fn failed(tx: &mut Tx, limit: i64) -> Result<Vec<JobRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM jobs WHERE state = 'failed' ORDER BY id DESC LIMIT CAST($1 AS BIGINT)"
    );
    Ok(tx.all(&sql, args![limit])?.iter().map(job).collect())
}
