//! Files of Parties, deliveries, statuses and snapshots: how far each is, and its answers.

use domain::ids::{FileId, ImportId, UserId};
use domain::imports::{ImportKind, ImportState};
use jiff::Timestamp;

use crate::error::{Error, Result};
use crate::value::Row;
use crate::{Tx, args};

/// One import as it stands in the table, with the names of the people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportRow {
    /// Its number.
    pub id: ImportId,
    /// What it brings in.
    pub kind: ImportKind,
    /// The name that the file came under.
    pub name: String,
    /// The stored bytes.
    pub file: FileId,
    /// How many bytes there are.
    pub size: u64,
    /// The SHA-256 of the bytes.
    pub sha256: [u8; 32],
    /// How far it is.
    pub state: ImportState,
    /// Lines that have an answer.
    pub lines_done: u64,
    /// The byte at which the next line begins.
    pub next_offset: u64,
    /// The line on which it begins.
    pub next_line: u32,
    /// Answers by outcome, as JSON.
    pub counts: String,
    /// Why it was refused whole.
    pub refusal: Option<String>,
    /// Who sent it.
    pub submitted_by: UserId,
    /// That person's name.
    pub submitter: String,
    /// Who authorised or rejected a snapshot.
    pub decided_by: Option<UserId>,
    /// That person's name.
    pub decider: Option<String>,
    /// Why it was rejected.
    pub reason: Option<String>,
    /// When it came in.
    pub received_at: Timestamp,
    /// When it was done with.
    pub finished_at: Option<Timestamp>,
    /// Counts its changes.
    pub version: i64,
}

const SELECT: &str = "
    SELECT i.id, i.kind, i.name, i.file, f.size, i.state, i.lines_done, i.next_offset, i.next_line,
        i.counts, i.refusal, i.submitted_by, s.name, i.decided_by, d.name, i.reason, i.received_at,
        i.finished_at, i.version, f.sha256
    FROM imports i
    JOIN files f ON f.id = i.file
    JOIN users s ON s.id = i.submitted_by
    LEFT JOIN users d ON d.id = i.decided_by";

fn import(row: &Row) -> Result<ImportRow> {
    let unknown = |what: &str| Error::Broken {
        doing: "read an import".into(),
        message: format!("there is no such {what}"),
    };
    let kind: String = row.get(1);
    let state: String = row.get(5);
    let number = |index| row.get::<i64>(index).unsigned_abs();
    Ok(ImportRow {
        id: row.get(0),
        kind: ImportKind::from_word(&kind).ok_or_else(|| unknown(&kind))?,
        name: row.get(2),
        file: row.get(3),
        size: number(4),
        state: ImportState::from_name(&state).ok_or_else(|| unknown(&state))?,
        lines_done: number(6),
        next_offset: number(7),
        next_line: u32::try_from(number(8)).map_err(|_| unknown("line"))?,
        counts: row.get(9),
        refusal: row.get(10),
        submitted_by: row.get(11),
        submitter: row.get(12),
        decided_by: row.get(13),
        decider: row.get(14),
        reason: row.get(15),
        received_at: row.get(16),
        finished_at: row.get(17),
        version: row.get(18),
        sha256: row.get::<Vec<u8>>(19).try_into().expect("the column holds 32 bytes"),
    })
}

/// Adds one that has come in.
pub fn insert(
    tx: &mut Tx,
    id: ImportId,
    kind: ImportKind,
    name: &str,
    file: FileId,
    submitted_by: UserId,
    at: Timestamp,
) -> Result<()> {
    let sql = "
        INSERT INTO imports (id, kind, name, file, state, lines_done, next_offset, next_line,
            counts, submitted_by, received_at, version)
        VALUES ($1, $2, $3, $4, 'Received', 0, 0, 1, '{}', $5, $6, 1)";
    tx.exec(sql, args![id, kind.word(), name, file, submitted_by, at])?;
    Ok(())
}

/// The import of this kind of these bytes, if there is one.
pub fn find(tx: &mut Tx, kind: ImportKind, file: FileId) -> Result<Option<ImportId>> {
    let sql = "SELECT id FROM imports WHERE kind = $1 AND file = $2";
    Ok(tx.opt(sql, args![kind.word(), file])?.map(|row| row.get(0)))
}

/// One import.
pub fn load(tx: &mut Tx, id: ImportId) -> Result<Option<ImportRow>> {
    let sql = format!("{SELECT} WHERE i.id = $1");
    tx.opt(&sql, args![id])?.as_ref().map(import).transpose()
}

/// Imports before `before` (all when it is `None`), newest first, at most `limit`.
pub fn newest(
    tx: &mut Tx,
    kind: Option<ImportKind>,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<ImportRow>> {
    let sql = format!(
        "{SELECT}
         WHERE (CAST($1 AS TEXT) IS NULL OR i.kind = $1)
           AND (CAST($2 AS BIGINT) IS NULL OR i.id < $2)
         ORDER BY i.id DESC LIMIT CAST($3 AS BIGINT)"
    );
    let args = args![kind.map(ImportKind::word), before, limit];
    tx.all(&sql, args)?.iter().map(import).collect()
}

/// Where an import is after some lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Its state.
    pub state: ImportState,
    /// Lines that have an answer.
    pub lines_done: u64,
    /// The byte at which the next line begins.
    pub next_offset: u64,
    /// The line on which it begins.
    pub next_line: u32,
    /// Answers by outcome, as JSON.
    pub counts: String,
}

/// Notes how far an import is.
pub fn advance(tx: &mut Tx, id: ImportId, to: &Progress) -> Result<()> {
    let sql = "
        UPDATE imports SET state = $2, lines_done = $3, next_offset = $4, next_line = $5,
            counts = $6, version = version + 1
        WHERE id = $1";
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let (lines, offset) = (number(to.lines_done), number(to.next_offset));
    tx.exec(sql, args![id, to.state.name(), lines, offset, to.next_line, &to.counts])?;
    Ok(())
}

/// Notes that an import is done with, and why if it was refused.
pub fn finish(
    tx: &mut Tx,
    id: ImportId,
    state: ImportState,
    refusal: Option<&str>,
    at: Timestamp,
) -> Result<()> {
    let sql = "
        UPDATE imports SET state = $2, refusal = $3, finished_at = $4, version = version + 1
        WHERE id = $1";
    tx.exec(sql, args![id, state.name(), refusal, at])?;
    Ok(())
}

/// Notes that a snapshot waits for somebody to authorise it.
pub fn compared(tx: &mut Tx, id: ImportId) -> Result<()> {
    let sql = "UPDATE imports SET state = 'Compared', version = version + 1 WHERE id = $1";
    tx.exec(sql, args![id])?;
    Ok(())
}

/// Notes who authorised a compared snapshot, and begins it again. False if it is not compared.
pub fn authorise(tx: &mut Tx, id: ImportId, by: UserId) -> Result<bool> {
    let sql = "
        UPDATE imports SET state = 'Authorised', decided_by = $2, lines_done = 0, next_offset = 0,
            next_line = 1, counts = '{}', version = version + 1
        WHERE id = $1 AND state = 'Compared'";
    Ok(tx.exec(sql, args![id, by])? == 1)
}

/// Notes who rejected a compared snapshot, and why. False if it is not compared.
pub fn reject(tx: &mut Tx, id: ImportId, by: UserId, reason: &str, at: Timestamp) -> Result<bool> {
    let sql = "
        UPDATE imports SET state = 'Rejected', decided_by = $2, reason = $3, finished_at = $4,
            version = version + 1
        WHERE id = $1 AND state = 'Compared'";
    Ok(tx.exec(sql, args![id, by, reason, at])? == 1)
}

/// Keeps the answers to some lines, compressed.
pub fn keep_answers(tx: &mut Tx, id: ImportId, stage: Stage, bytes: Vec<u8>) -> Result<()> {
    let sql = "
        INSERT INTO import_answers (import, stage, part, bytes)
        SELECT CAST($1 AS BIGINT), CAST($2 AS TEXT), coalesce(max(part), 0) + 1, CAST($3 AS BYTEA)
        FROM import_answers WHERE import = $1 AND stage = $2";
    let sql = match tx.engine() {
        crate::Engine::Sqlite => sql.replace("CAST($3 AS BYTEA)", "$3"),
        crate::Engine::Postgres => sql.to_owned(),
    };
    tx.exec(&sql, args![id, stage.word(), bytes])?;
    Ok(())
}

/// Part `part` (counted from 1) of the answers, compressed; `None` past the end.
pub fn answers(tx: &mut Tx, id: ImportId, stage: Stage, part: i64) -> Result<Option<Vec<u8>>> {
    let sql = "SELECT bytes FROM import_answers WHERE import = $1 AND stage = $2 AND part = $3";
    Ok(tx.opt(sql, args![id, stage.word(), part])?.map(|row| row.get(0)))
}

/// Keeps which lines of a snapshot repeat an earlier one, compressed.
pub fn keep_repeats(tx: &mut Tx, id: ImportId, bytes: Vec<u8>) -> Result<()> {
    let sql = "INSERT INTO import_repeats (import, bytes) VALUES ($1, $2)";
    tx.exec(sql, args![id, bytes])?;
    Ok(())
}

/// Which lines of a snapshot repeat an earlier one, compressed; none where no line does.
pub fn repeats(tx: &mut Tx, id: ImportId) -> Result<Option<Vec<u8>>> {
    let sql = "SELECT bytes FROM import_repeats WHERE import = $1";
    Ok(tx.opt(sql, args![id])?.map(|row| row.get(0)))
}

/// Begins a change of statuses of so many hubs.
pub fn add_change(
    tx: &mut Tx,
    change: i64,
    at: Timestamp,
    import: ImportId,
    hubs: i64,
) -> Result<()> {
    let sql = "INSERT INTO changes (id, at, import, hubs) VALUES ($1, $2, $3, $4)";
    tx.exec(sql, args![change, at, import, hubs])?;
    Ok(())
}

/// Begins a move of so many hubs by a snapshot.
pub fn add_move(
    tx: &mut Tx,
    number: i64,
    at: Timestamp,
    import: ImportId,
    hubs: i64,
) -> Result<()> {
    let sql = "
        INSERT INTO moves (id, at, transfer_file, import, hubs) VALUES ($1, $2, NULL, $3, $4)";
    tx.exec(sql, args![number, at, import, hubs])?;
    Ok(())
}

/// Which answers: those of a snapshot's comparison, or those of what was loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// What a snapshot's lines differ in.
    Compared,
    /// What became of each line.
    Loaded,
}

impl Stage {
    fn word(self) -> &'static str {
        match self {
            Stage::Compared => "compared",
            Stage::Loaded => "loaded",
        }
    }
}
