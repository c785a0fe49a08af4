//! Answers kept under the key that the caller gave its request.

use domain::ids::UserId;
use jiff::Timestamp;

use crate::error::Result;
use crate::{Tx, args};

/// A request that was begun, and its answer once there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// What the request was.
    pub request_hash: [u8; 32],
    /// The status of the answer; nothing as long as the request is under way.
    pub status: Option<i64>,
    /// The headers of the answer, one to a line.
    pub headers: String,
    /// The body of the answer.
    pub answer: Vec<u8>,
    /// When the request was begun.
    pub created_at: Timestamp,
    /// The first journal entry that the request made, noted in the transaction that made it.
    pub journal_seq: Option<i64>,
}

/// What is kept under this person's key.
pub fn find(tx: &mut Tx, user: UserId, key: &str) -> Result<Option<KeyRow>> {
    let sql = "
        SELECT request_hash, status, headers, answer, created_at, journal_seq
        FROM idempotency_keys
        WHERE user_id = $1 AND idempotency_key = $2";
    Ok(tx.opt(sql, args![user, key])?.map(|row| KeyRow {
        request_hash: row.get::<Vec<u8>>(0).try_into().expect("the column holds 32 bytes"),
        status: row.get(1),
        headers: row.get(2),
        answer: row.get(3),
        created_at: row.get(4),
        journal_seq: row.get(5),
    }))
}

/// Keeps a key whose request begins now.
pub fn begin(
    tx: &mut Tx,
    user: UserId,
    key: &str,
    request_hash: [u8; 32],
    now: Timestamp,
) -> Result<()> {
    let sql = "
        INSERT INTO idempotency_keys
            (user_id, idempotency_key, request_hash, status, headers, answer, created_at)
        VALUES ($1, $2, $3, NULL, '', $4, $5)
        ON CONFLICT (user_id, idempotency_key) DO UPDATE
        SET request_hash = excluded.request_hash, status = NULL, headers = '',
            answer = excluded.answer, journal_seq = NULL, created_at = excluded.created_at";
    tx.exec(sql, args![user, key, request_hash, Vec::new(), now])?;
    Ok(())
}

/// Notes the first journal entry of a request, within the transaction that makes it.
pub fn mark(tx: &mut Tx, user: UserId, key: &str, seq: i64) -> Result<()> {
    let sql = "
        UPDATE idempotency_keys SET journal_seq = $3
        WHERE user_id = $1 AND idempotency_key = $2 AND journal_seq IS NULL";
    tx.exec(sql, args![user, key, seq])?;
    Ok(())
}

/// Keeps the answer.
pub fn finish(
    tx: &mut Tx,
    user: UserId,
    key: &str,
    status: i64,
    headers: &str,
    answer: Vec<u8>,
) -> Result<()> {
    let sql = "
        UPDATE idempotency_keys SET status = $3, headers = $4, answer = $5
        WHERE user_id = $1 AND idempotency_key = $2";
    tx.exec(sql, args![user, key, status, headers, answer])?;
    Ok(())
}

/// Forgets a key whose request came to nothing.
pub fn forget(tx: &mut Tx, user: UserId, key: &str) -> Result<()> {
    let sql = "
        DELETE FROM idempotency_keys
        WHERE user_id = $1 AND idempotency_key = $2 AND status IS NULL AND journal_seq IS NULL";
    tx.exec(sql, args![user, key])?;
    Ok(())
}

/// Forgets what was begun before this instant.
pub fn drop_old(tx: &mut Tx, before: Timestamp) -> Result<()> {
    tx.exec("DELETE FROM idempotency_keys WHERE created_at < $1", args![before])?;
    Ok(())
}
