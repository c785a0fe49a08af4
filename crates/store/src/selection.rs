//! Versions of the selection policy, runs of selection with their lines, and lotteries' secrets.

use domain::ids::{AllocationRunId, FileId, OfferId, PartyId, PolicyId, RequestId, UserId};
use domain::selection::PolicyState;
use jiff::Timestamp;

use crate::error::Result;
use crate::value::{FromValue, Row, Value};
use crate::{Tx, args};

mod runs;

pub use runs::{
    LineRow, RunFilter, RunRow, WaitingRow, given_before, insert_run, last_allocated, lines,
    lines_of, list_runs, load_run, newest_run, runs_since, waiting,
};

impl From<PolicyState> for Value {
    fn from(state: PolicyState) -> Value {
        Value::from(state.name())
    }
}

impl FromValue for PolicyState {
    fn from_value(value: &Value) -> Option<Self> {
        String::from_value(value).and_then(|name| PolicyState::from_name(&name))
    }
}

/// One version of the policy, with the names of its people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRow {
    /// Its number.
    pub id: PolicyId,
    /// Its title.
    pub title: String,
    /// What its author says of it.
    pub text: String,
    /// Its steps, one on a line.
    pub steps: String,
    /// The steps' rules in words as they were published; empty before.
    pub rules: String,
    /// Where it is.
    pub state: PolicyState,
    /// The reference of its approval.
    pub approval: Option<String>,
    /// From when it is in force.
    pub in_force_from: Option<Timestamp>,
    /// Who drafted it.
    pub drafted_by: Option<(UserId, String)>,
    /// When.
    pub drafted_at: Timestamp,
    /// Who published it.
    pub published_by: Option<(UserId, String)>,
    /// When.
    pub published_at: Option<Timestamp>,
    /// Why it was withdrawn.
    pub reason: Option<String>,
    /// How often it has changed.
    pub version: i64,
}

const POLICY: &str = "
    SELECT p.id, p.title, p.text, p.steps, p.rules, p.state, p.approval, p.in_force_from,
        p.drafted_by, d.name, p.drafted_at, p.published_by, u.name, p.published_at, p.reason,
        p.version
    FROM policies p
    LEFT JOIN users d ON d.id = p.drafted_by
    LEFT JOIN users u ON u.id = p.published_by";

fn policy(row: &Row) -> PolicyRow {
    let person = |id: usize| row.get::<Option<UserId>>(id).zip(row.get(id + 1));
    PolicyRow {
        id: row.get(0),
        title: row.get(1),
        text: row.get(2),
        steps: row.get(3),
        rules: row.get(4),
        state: row.get(5),
        approval: row.get(6),
        in_force_from: row.get(7),
        drafted_by: person(8),
        drafted_at: row.get(10),
        published_by: person(11),
        published_at: row.get(13),
        reason: row.get(14),
        version: row.get(15),
    }
}

/// All versions, the newest first. There are a few.
pub fn policies(tx: &mut Tx) -> Result<Vec<PolicyRow>> {
    let sql = format!("{POLICY} ORDER BY p.id DESC");
    Ok(tx.all(&sql, &[])?.iter().map(policy).collect())
}

/// One version.
pub fn load_policy(tx: &mut Tx, id: PolicyId) -> Result<Option<PolicyRow>> {
    let sql = format!("{POLICY} WHERE p.id = $1");
    Ok(tx.opt(&sql, args![id])?.as_ref().map(policy))
}

/// The published versions, each with the instant from which it is in force.
pub fn published(tx: &mut Tx) -> Result<Vec<(PolicyId, Timestamp)>> {
    let sql = "SELECT id, in_force_from FROM policies WHERE state = 'Published' ORDER BY id";
    Ok(tx.all(sql, &[])?.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Adds a draft.
pub fn insert_policy(
    tx: &mut Tx,
    id: PolicyId,
    (title, text, steps): (&str, &str, &str),
    by: Option<UserId>,
    at: Timestamp,
) -> Result<()> {
    let sql = "
        INSERT INTO policies (id, title, text, steps, rules, state, drafted_by, drafted_at, version)
        VALUES ($1, $2, $3, $4, '', 'Draft', $5, $6, 1)";
    tx.exec(sql, args![id, title, text, steps, by, at])?;
    Ok(())
}

/// Changes a draft. False when it is none.
pub fn change_policy(
    tx: &mut Tx,
    id: PolicyId,
    (title, text, steps): (&str, &str, &str),
) -> Result<bool> {
    let sql = "
        UPDATE policies SET title = $2, text = $3, steps = $4, version = version + 1
        WHERE id = $1 AND state = 'Draft'";
    Ok(tx.exec(sql, args![id, title, text, steps])? == 1)
}

/// How a version is published.
#[derive(Clone, Copy, Debug)]
pub struct Publication<'a> {
    /// The reference of its approval.
    pub approval: &'a str,
    /// The steps' rules in words.
    pub rules: &'a str,
    /// From when it is in force.
    pub in_force_from: Timestamp,
    /// Who publishes it.
    pub by: Option<UserId>,
    /// When.
    pub at: Timestamp,
}

/// Publishes a draft. False when it is none.
pub fn publish_policy(tx: &mut Tx, id: PolicyId, how: &Publication<'_>) -> Result<bool> {
    let sql = "
        UPDATE policies SET state = 'Published', approval = $2, rules = $3, in_force_from = $4,
            published_by = $5, published_at = $6, version = version + 1
        WHERE id = $1 AND state = 'Draft'";
    let args = args![id, how.approval, how.rules, how.in_force_from, how.by, how.at];
    Ok(tx.exec(sql, args)? == 1)
}

/// Withdraws a version that is not in force at `at`. False when it is, or was withdrawn before.
pub fn withdraw_policy(tx: &mut Tx, id: PolicyId, reason: &str, at: Timestamp) -> Result<bool> {
    let sql = "
        UPDATE policies SET state = 'Withdrawn', reason = $2, version = version + 1
        WHERE id = $1 AND (state = 'Draft' OR (state = 'Published' AND in_force_from > $3))";
    Ok(tx.exec(sql, args![id, reason, at])? == 1)
}

/// The commitment to a lottery's secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitmentRow {
    /// The commitment.
    pub commitment: [u8; 32],
    /// The secret; a database that was rebuilt from a journal does not have it.
    pub secret: Vec<u8>,
    /// When it was published.
    pub committed_at: Timestamp,
}

/// Notes the commitment for an offer, without its secret.
pub fn commit(tx: &mut Tx, offer: OfferId, commitment: &[u8; 32], at: Timestamp) -> Result<()> {
    let sql = "
        INSERT INTO lottery_commitments (offer, commitment, secret, committed_at)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT (offer) DO UPDATE SET commitment = excluded.commitment,
            secret = excluded.secret, committed_at = excluded.committed_at";
    let nothing: &[u8] = &[];
    tx.exec(sql, args![offer, *commitment, nothing, at])?;
    Ok(())
}

/// Keeps the secret of a commitment. The journal does not hold it.
pub fn keep_secret(tx: &mut Tx, offer: OfferId, secret: &[u8; 32]) -> Result<()> {
    let sql = "UPDATE lottery_commitments SET secret = $2 WHERE offer = $1";
    tx.exec(sql, args![offer, *secret])?;
    Ok(())
}

/// The commitment for an offer, if its policy has a lottery.
pub fn commitment(tx: &mut Tx, offer: OfferId) -> Result<Option<CommitmentRow>> {
    let sql = "SELECT commitment, secret, committed_at FROM lottery_commitments WHERE offer = $1";
    let row = tx.opt(sql, args![offer])?;
    Ok(row.map(|row| CommitmentRow {
        commitment: row.get::<Vec<u8>>(0).try_into().expect("the column holds 32 bytes"),
        secret: row.get(1),
        committed_at: row.get(2),
    }))
}

/// The hash of the last journal entry of this kind about this subject, with its place.
pub fn last_entry(tx: &mut Tx, subject: &str, kind: &str) -> Result<Option<(i64, [u8; 32])>> {
    let sql = "
        SELECT seq, hash FROM journal WHERE subject = $1 AND kind = $2 ORDER BY seq DESC LIMIT 1";
    let row = tx.opt(sql, args![subject, kind])?;
    Ok(row.map(|row| {
        (row.get(0), row.get::<Vec<u8>>(1).try_into().expect("the column holds 32 bytes"))
    }))
}
