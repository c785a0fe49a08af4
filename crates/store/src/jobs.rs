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
    /// The earliest instant of its next attempt.
    pub run_at: Timestamp,
    /// When it was done, or had failed for good.
    pub finished_at: Option<Timestamp>,
}

/// One attempt at a job. Whoever claims the job next ends it: what this one then says counts for
/// nothing.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The job.
    pub id: JobId,
    /// Whose attempt it is.
    pub worker: &'a str,
    /// Which attempt, from 1.
    pub attempt: i64,
}

const COLUMNS: &str =
    "id, kind, subject, state, attempts, progress, total, problem, run_at, finished_at";

/// Its time has come at $1, or its worker has gone quiet.
const DUE: &str = "(state = 'ready' AND run_at <= $1) OR (state = 'running' AND lease_until < $1)";
/// Whose the claim $1, $2, $3 still is.
const OURS: &str = "id = $1 AND claimed_by = $2 AND attempts = $3 AND state = 'running'";

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
        run_at: row.get(8),
        finished_at: row.get(9),
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
    let sql = format!("SELECT 1 FROM jobs WHERE state IN ('ready', 'running') AND ({DUE}) LIMIT 1");
    Ok(tx.opt(&sql, args![now])?.is_some())
}

/// Takes the job that has been due longest, or whose worker has gone quiet.
pub fn claim(
    tx: &mut Tx,
    worker: &str,
    now: Timestamp,
    lease_until: Timestamp,
) -> Result<Option<JobRow>> {
    take(tx, None, worker, now, lease_until)
}

/// Takes this job if it is due and nobody works on it.
pub fn claim_one(
    tx: &mut Tx,
    id: JobId,
    worker: &str,
    now: Timestamp,
    lease_until: Timestamp,
) -> Result<Option<JobRow>> {
    take(tx, Some(id), worker, now, lease_until)
}

fn take(
    tx: &mut Tx,
    only: Option<JobId>,
    worker: &str,
    now: Timestamp,
    lease_until: Timestamp,
) -> Result<Option<JobRow>> {
    let sql = format!(
        "UPDATE jobs SET state = 'running', attempts = attempts + 1, claimed_by = $2, lease_until = $3
         WHERE id = (
             SELECT id FROM jobs
             WHERE state IN ('ready', 'running') AND ({DUE}) AND (CAST($4 AS BIGINT) IS NULL OR id = $4)
             ORDER BY run_at, id LIMIT 1{})
         RETURNING {COLUMNS}",
        tx.skip_locked()
    );
    Ok(tx.opt(&sql, args![now, worker, lease_until, only])?.as_ref().map(job))
}

/// Says that the worker is still at it, and how far it is. False when it has lost the job.
pub fn beat(
    tx: &mut Tx,
    claim: Claim<'_>,
    lease_until: Timestamp,
    progress: i64,
    total: i64,
) -> Result<bool> {
    let sql = format!("UPDATE jobs SET lease_until = $4, progress = $5, total = $6 WHERE {OURS}");
    let args = args![claim.id, claim.worker, claim.attempt, lease_until, progress, total];
    Ok(tx.exec(&sql, args)? == 1)
}

/// The job is done, or has failed for good with `problem`. False, and nothing is written, when the
/// worker has lost the job.
pub fn finish(
    tx: &mut Tx,
    claim: Claim<'_>,
    problem: Option<&str>,
    now: Timestamp,
) -> Result<bool> {
    let sql = format!(
        "UPDATE jobs SET state = CASE WHEN CAST($4 AS TEXT) IS NULL THEN 'done' ELSE 'failed' END,
             problem = $4, finished_at = $5, claimed_by = NULL, lease_until = NULL
         WHERE {OURS}"
    );
    Ok(tx.exec(&sql, args![claim.id, claim.worker, claim.attempt, problem, now])? == 1)
}

/// The attempt failed; the job runs again at `run_at`. False, and nothing is written, when the
/// worker has lost the job.
pub fn postpone(tx: &mut Tx, claim: Claim<'_>, problem: &str, run_at: Timestamp) -> Result<bool> {
    let sql = format!(
        "UPDATE jobs SET state = 'ready', problem = $4, run_at = $5, claimed_by = NULL,
             lease_until = NULL
         WHERE {OURS}"
    );
    Ok(tx.exec(&sql, args![claim.id, claim.worker, claim.attempt, problem, run_at])? == 1)
}

/// Puts a job that has failed for good in the queue again, as if it were new. False when it has
/// not failed, or a newer job does the same.
pub fn rerun(tx: &mut Tx, id: JobId, now: Timestamp) -> Result<bool> {
    let sql = format!(
        "UPDATE jobs SET state = 'ready', run_at = $2, attempts = 0, problem = NULL,
             finished_at = NULL
         WHERE id = $1 AND state = 'failed' AND {NEWEST}"
    );
    Ok(tx.exec(&sql, args![id, now])? == 1)
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

/// Drops jobs of this kind that were done before `before`, or failed and were replaced. The newest of all jobs stays, so that no
/// number is given twice.
pub fn drop_done(tx: &mut Tx, kind: &str, before: Timestamp) -> Result<()> {
    let sql = format!(
        "DELETE FROM jobs
         WHERE kind = $1 AND finished_at < $2 AND (state = 'done' OR NOT {NEWEST})
           AND id < (SELECT max(id) FROM jobs)"
    );
    tx.exec(&sql, args![kind, before])?;
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

/// No newer job does the same.
const NEWEST: &str = "NOT EXISTS (
    SELECT 1 FROM jobs newer
    WHERE newer.kind = jobs.kind AND newer.subject = jobs.subject AND newer.id > jobs.id)";

/// Jobs that have failed for good and that no newer job replaced, newest first.
pub fn failed(tx: &mut Tx, limit: i64) -> Result<Vec<JobRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM jobs WHERE state = 'failed' AND {NEWEST}
         ORDER BY id DESC LIMIT CAST($1 AS BIGINT)"
    );
    Ok(tx.all(&sql, args![limit])?.iter().map(job).collect())
}
