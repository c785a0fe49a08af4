//! Sessions, API tokens and the count of failed sign-ins. Secrets are kept as their SHA-256.

use domain::access::Organisation;
use domain::ids::{TokenId, UserId};
use jiff::Timestamp;

use crate::error::Result;
use crate::value::Row;
use crate::{Tx, args};

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// The SHA-256 of its secret.
    pub token_hash: [u8; 32],
    /// Whose.
    pub user: UserId,
    /// For which organisation.
    pub organisation: Organisation,
    /// The network address that it was begun from.
    pub address: String,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen_at: Timestamp,
}

const SESSION: &str = "token_hash, user_id, organisation, address, created_at, last_seen_at";

fn hash(row: &Row, index: usize) -> [u8; 32] {
    row.get::<Vec<u8>>(index).try_into().expect("the column holds 32 bytes")
}

fn session_row(row: &Row) -> SessionRow {
    SessionRow {
        token_hash: hash(row, 0),
        user: row.get(1),
        organisation: Organisation::from_number(row.get(2)),
        address: row.get(3),
        created_at: row.get(4),
        last_seen_at: row.get(5),
    }
}

/// Begins a session.
pub fn insert_session(tx: &mut Tx, s: &SessionRow) -> Result<()> {
    let sql = format!("INSERT INTO sessions ({SESSION}) VALUES ($1, $2, $3, $4, $5, $6)");
    let organisation = s.organisation.number();
    let (created, seen) = (s.created_at, s.last_seen_at);
    tx.exec(&sql, args![s.token_hash, s.user, organisation, &s.address, created, seen])?;
    Ok(())
}

/// The session with this hash.
pub fn session(tx: &mut Tx, token_hash: [u8; 32]) -> Result<Option<SessionRow>> {
    let sql = format!("SELECT {SESSION} FROM sessions WHERE token_hash = $1");
    Ok(tx.opt(&sql, args![token_hash])?.as_ref().map(session_row))
}

/// A person's sessions, last used first.
pub fn sessions_of(tx: &mut Tx, user: UserId) -> Result<Vec<SessionRow>> {
    let sql = format!(
        "SELECT {SESSION} FROM sessions WHERE user_id = $1 ORDER BY last_seen_at DESC, token_hash"
    );
    Ok(tx.all(&sql, args![user])?.iter().map(session_row).collect())
}

/// Notes that a session was used.
pub fn touch_session(tx: &mut Tx, token_hash: [u8; 32], now: Timestamp) -> Result<()> {
    tx.exec("UPDATE sessions SET last_seen_at = $2 WHERE token_hash = $1", args![token_hash, now])?;
    Ok(())
}

/// Turns a session to another organisation.
pub fn turn_session(tx: &mut Tx, token_hash: [u8; 32], to: Organisation) -> Result<()> {
    let sql = "UPDATE sessions SET organisation = $2 WHERE token_hash = $1";
    tx.exec(sql, args![token_hash, to.number()])?;
    Ok(())
}

/// Ends one session.
pub fn end_session(tx: &mut Tx, token_hash: [u8; 32]) -> Result<()> {
    tx.exec("DELETE FROM sessions WHERE token_hash = $1", args![token_hash])?;
    Ok(())
}

/// Ends a person's sessions, at one organisation or at all, but for the one to be kept.
pub fn end_sessions_of(
    tx: &mut Tx,
    user: UserId,
    at: Option<Organisation>,
    keep: Option<[u8; 32]>,
) -> Result<()> {
    let sql = "
        DELETE FROM sessions
        WHERE user_id = $1
          AND (CAST($2 AS BIGINT) IS NULL OR organisation = $2)
          AND (CAST($3 AS BYTEA) IS NULL OR token_hash <> $3)";
    let keep = keep.map(|hash| hash.to_vec());
    tx.exec(sql, args![user, at.map(Organisation::number), keep])?;
    Ok(())
}

/// Drops the sessions that were begun or last used before these instants.
pub fn drop_old_sessions(tx: &mut Tx, begun: Timestamp, used: Timestamp) -> Result<()> {
    let sql = "DELETE FROM sessions WHERE created_at < $1 OR last_seen_at < $2";
    tx.exec(sql, args![begun, used])?;
    Ok(())
}

/// An API token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// Its number.
    pub id: TokenId,
    /// The SHA-256 of its secret.
    pub token_hash: [u8; 32],
    /// Whose.
    pub user: UserId,
    /// For which organisation.
    pub organisation: Organisation,
    /// What its owner calls it.
    pub name: String,
    /// Whether it may change anything.
    pub writes: bool,
    /// When it was issued.
    pub created_at: Timestamp,
    /// Until when it works.
    pub expires_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

const TOKEN: &str =
    "id, token_hash, user_id, organisation, name, scope, created_at, expires_at, revoked_at";

fn token_row(row: &Row) -> TokenRow {
    TokenRow {
        id: row.get(0),
        token_hash: hash(row, 1),
        user: row.get(2),
        organisation: Organisation::from_number(row.get(3)),
        name: row.get(4),
        writes: row.get::<String>(5) == "write",
        created_at: row.get(6),
        expires_at: row.get(7),
        revoked_at: row.get(8),
    }
}

/// Keeps a token.
pub fn insert_token(tx: &mut Tx, t: &TokenRow) -> Result<()> {
    let sql = format!("INSERT INTO tokens ({TOKEN}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
    let args = args![
        t.id,
        t.token_hash,
        t.user,
        t.organisation.number(),
        &t.name,
        scope(t.writes),
        t.created_at,
        t.expires_at,
        t.revoked_at
    ];
    tx.exec(&sql, args)?;
    Ok(())
}

/// The word for what a token may do.
pub fn scope(writes: bool) -> &'static str {
    if writes { "write" } else { "read" }
}

/// The token with this hash.
pub fn token(tx: &mut Tx, token_hash: [u8; 32]) -> Result<Option<TokenRow>> {
    let sql = format!("SELECT {TOKEN} FROM tokens WHERE token_hash = $1");
    Ok(tx.opt(&sql, args![token_hash])?.as_ref().map(token_row))
}

/// The token of this number.
pub fn token_by_id(tx: &mut Tx, id: TokenId) -> Result<Option<TokenRow>> {
    let sql = format!("SELECT {TOKEN} FROM tokens WHERE id = $1");
    Ok(tx.opt(&sql, args![id])?.as_ref().map(token_row))
}

/// A person's tokens, newest first.
pub fn tokens_of(tx: &mut Tx, user: UserId) -> Result<Vec<TokenRow>> {
    let sql = format!("SELECT {TOKEN} FROM tokens WHERE user_id = $1 ORDER BY id DESC");
    Ok(tx.all(&sql, args![user])?.iter().map(token_row).collect())
}

/// Revokes a token.
pub fn revoke_token(tx: &mut Tx, id: TokenId, now: Timestamp) -> Result<()> {
    let sql = "UPDATE tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
    tx.exec(sql, args![id, now])?;
    Ok(())
}

/// Failures counted against an account or an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttle {
    /// How many.
    pub failures: i64,
    /// Since when.
    pub window_from: Timestamp,
}

/// What is counted against `subject`.
pub fn throttle(tx: &mut Tx, subject: &str) -> Result<Option<Throttle>> {
    let sql = "SELECT failures, window_from FROM throttles WHERE subject = $1";
    Ok(tx
        .opt(sql, args![subject])?
        .map(|row| Throttle { failures: row.get(0), window_from: row.get(1) }))
}

/// Counts against `subject`.
pub fn put_throttle(tx: &mut Tx, subject: &str, throttle: Throttle) -> Result<()> {
    let sql = "
        INSERT INTO throttles (subject, failures, window_from) VALUES ($1, $2, $3)
        ON CONFLICT (subject) DO UPDATE
        SET failures = excluded.failures, window_from = excluded.window_from";
    tx.exec(sql, args![subject, throttle.failures, throttle.window_from])?;
    Ok(())
}

/// Forgets what was counted before this instant.
pub fn drop_old_throttles(tx: &mut Tx, before: Timestamp) -> Result<()> {
    tx.exec("DELETE FROM throttles WHERE window_from < $1", args![before])?;
    Ok(())
}
