//! The journal's rows: inserted, read, never changed.

use jiff::Timestamp;

use crate::error::Result;
use crate::value::{FromValue, Row, Value};
use crate::{Tx, args};

/// One entry as it stands in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryRow {
    /// Its place in the one order, from 1, without gaps.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who; nobody for the system's own jobs.
    pub actor: Option<i64>,
    /// The Party that it was done for, where the DCC acted for one.
    pub acted_for: Option<i64>,
    /// What it is about, such as `ctf-000042`.
    pub subject: String,
    /// What happened, in the past tense.
    pub kind: String,
    /// The particulars, as canonical JSON.
    pub payload: String,
    /// The hash of the entry before.
    pub previous: [u8; 32],
    /// The hash of this one.
    pub hash: [u8; 32],
}

const COLUMNS: &str = "seq, at, actor, acted_for, subject, kind, payload, previous, hash";

fn entry(row: &Row) -> EntryRow {
    let hash = |index| -> [u8; 32] { row.get::<Vec<u8>>(index).try_into().unwrap_or([0; 32]) };
    EntryRow {
        seq: row.get(0),
        at: row.get(1),
        actor: row.get(2),
        acted_for: row.get(3),
        subject: row.get(4),
        kind: row.get(5),
        payload: row.get(6),
        previous: hash(7),
        hash: hash(8),
    }
}

/// The last entry, if there is one.
pub fn last(tx: &mut Tx) -> Result<Option<EntryRow>> {
    let sql = format!("SELECT {COLUMNS} FROM journal ORDER BY seq DESC LIMIT 1");
    Ok(tx.opt(&sql, &[])?.as_ref().map(entry))
}

/// The entry at this place, if there is one.
pub fn entry_at(tx: &mut Tx, seq: i64) -> Result<Option<EntryRow>> {
    let sql = format!("SELECT {COLUMNS} FROM journal WHERE seq = $1");
    Ok(tx.opt(&sql, args![seq])?.as_ref().map(entry))
}

/// Adds an entry.
pub fn append(tx: &mut Tx, e: &EntryRow) -> Result<()> {
    let sql =
        format!("INSERT INTO journal ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
    let args = args![
        e.seq,
        e.at,
        e.actor,
        e.acted_for,
        &e.subject,
        &e.kind,
        &e.payload,
        e.previous,
        e.hash
    ];
    tx.exec(&sql, args)?;
    Ok(())
}

/// What a reader of the journal looks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only entries about this.
    pub subject: Option<String>,
    /// Only entries of this kind.
    pub kind: Option<String>,
    /// Only entries by this person.
    pub actor: Option<i64>,
}

/// Entries before `before` (all when it is `None`), newest first, at most `limit`.
pub fn newest(
    tx: &mut Tx,
    filter: &Filter,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<EntryRow>> {
    let named = newest_named(tx, filter, before, limit)?;
    Ok(named.into_iter().map(|named| named.entry).collect())
}

/// An entry with the names of those whom it numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedEntry {
    /// The entry.
    pub entry: EntryRow,
    /// The name of the person who did it.
    pub actor: Option<String>,
    /// The legal name of the Party that it was done for.
    pub acted_for: Option<String>,
}

/// As [`newest`], with names.
pub fn newest_named(
    tx: &mut Tx,
    filter: &Filter,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<NamedEntry>> {
    let columns: Vec<String> = COLUMNS.split(", ").map(|column| format!("j.{column}")).collect();
    // Only what is asked for stands in the statement, so that an index serves it.
    let mut args = vec![Value::from(before.unwrap_or(i64::MAX)), Value::from(limit)];
    let mut wanted = vec!["j.seq < $1".to_owned()];
    for (column, value) in [
        ("subject", filter.subject.clone().map(Value::from)),
        ("kind", filter.kind.clone().map(Value::from)),
        ("actor", filter.actor.map(Value::from)),
    ] {
        if let Some(value) = value {
            args.push(value);
            wanted.push(format!("j.{column} = ${}", args.len()));
        }
    }
    let sql = format!(
        "SELECT {}, u.name, p.legal_name FROM journal j
         LEFT JOIN users u ON u.id = j.actor
         LEFT JOIN parties p ON p.id = j.acted_for
         WHERE {} ORDER BY j.seq DESC LIMIT CAST($2 AS BIGINT)",
        columns.join(", "),
        wanted.join(" AND ")
    );
    let named =
        |row: &Row| NamedEntry { entry: entry(row), actor: row.get(9), acted_for: row.get(10) };
    Ok(tx.all(&sql, &args)?.iter().map(named).collect())
}

/// Entries after `after`, in order, at most `limit`: how a reader follows the journal.
pub fn following(tx: &mut Tx, after: i64, limit: i64) -> Result<Vec<EntryRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM journal WHERE seq > $1 ORDER BY seq LIMIT CAST($2 AS BIGINT)"
    );
    Ok(tx.all(&sql, args![after, limit])?.iter().map(entry).collect())
}

/// An entry as its bytes are in the table, whatever has happened to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawEntry {
    /// Its place.
    pub seq: i64,
    /// When, in microseconds since 1970 UTC.
    pub at: i64,
    /// Who.
    pub actor: Option<i64>,
    /// The Party that it was done for.
    pub acted_for: Option<i64>,
    /// What it is about.
    pub subject: String,
    /// What happened.
    pub kind: String,
    /// The particulars.
    pub payload: String,
    /// The hash of the entry before.
    pub previous: Vec<u8>,
    /// The hash of this one.
    pub hash: Vec<u8>,
}

/// Entries after `after`, in order, at most `limit`; none in the place of one that holds something
/// else than its columns are for.
pub fn raw_following(tx: &mut Tx, after: i64, limit: i64) -> Result<Vec<(i64, Option<RawEntry>)>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM journal WHERE seq > $1 ORDER BY seq LIMIT CAST($2 AS BIGINT)"
    );
    let rows = tx.all(&sql, args![after, limit])?;
    Ok(rows.iter().map(|row| (row.get(0), raw(row))).collect())
}

fn raw(row: &Row) -> Option<RawEntry> {
    fn read<T: FromValue>(row: &Row, index: usize) -> Option<T> {
        T::from_value(&row.0[index])
    }
    Some(RawEntry {
        seq: read(row, 0)?,
        at: read(row, 1)?,
        actor: read(row, 2)?,
        acted_for: read(row, 3)?,
        subject: read(row, 4)?,
        kind: read(row, 5)?,
        payload: read(row, 6)?,
        previous: read(row, 7)?,
        hash: read(row, 8)?,
    })
}
