//! Deadlines and holidays.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::error::{Error, Result};
use crate::value::added;
use crate::{Tx, args};

/// Something that must have happened by an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadlineRow {
    /// What it is about, such as `off-000042`.
    pub subject: String,
    /// Which of the subject's deadlines.
    pub what: String,
    /// By when.
    pub due_at: Timestamp,
    /// When it was met, or no longer counted.
    pub settled_at: Option<Timestamp>,
    /// When its passing was dealt with. It stays open: whoever is late still has to act.
    pub told_at: Option<Timestamp>,
}

/// Sets a deadline, or sets it anew.
pub fn set(tx: &mut Tx, subject: &str, what: &str, due_at: Timestamp) -> Result<()> {
    let sql = "
        INSERT INTO deadlines (subject, what, due_at, settled_at, told_at)
        VALUES ($1, $2, $3, NULL, NULL)
        ON CONFLICT (subject, what)
        DO UPDATE SET due_at = excluded.due_at, settled_at = NULL, told_at = NULL";
    tx.exec(sql, args![subject, what, due_at])?;
    Ok(())
}

/// Settles one deadline, if it is open.
pub fn settle(tx: &mut Tx, subject: &str, what: &str, at: Timestamp) -> Result<()> {
    let sql = "
        UPDATE deadlines SET settled_at = $3
        WHERE subject = $1 AND what = $2 AND settled_at IS NULL";
    tx.exec(sql, args![subject, what, at])?;
    Ok(())
}

/// Notes that the passing of a deadline was dealt with; it stays open.
pub fn tell(tx: &mut Tx, subject: &str, what: &str, at: Timestamp) -> Result<()> {
    let sql = "
        UPDATE deadlines SET told_at = $3
        WHERE subject = $1 AND what = $2 AND settled_at IS NULL AND told_at IS NULL";
    tx.exec(sql, args![subject, what, at])?;
    Ok(())
}

/// Settles all open deadlines of a subject.
pub fn settle_all(tx: &mut Tx, subject: &str, at: Timestamp) -> Result<()> {
    let sql = "UPDATE deadlines SET settled_at = $2 WHERE subject = $1 AND settled_at IS NULL";
    tx.exec(sql, args![subject, at])?;
    Ok(())
}

/// The open deadlines that have passed and were not dealt with, the longest past first; after `after`
/// of those that were answered before.
pub fn due(
    tx: &mut Tx,
    now: Timestamp,
    after: Option<&DeadlineRow>,
    most: i64,
) -> Result<Vec<DeadlineRow>> {
    let sql = "
        SELECT subject, what, due_at, settled_at, told_at FROM deadlines
        WHERE settled_at IS NULL AND told_at IS NULL AND due_at <= $1
            AND (due_at, subject, what) > ($2, $3, $4)
        ORDER BY due_at, subject, what LIMIT CAST($5 AS BIGINT)";
    let from = match after {
        Some(row) => (row.due_at, row.subject.as_str(), row.what.as_str()),
        None => (Timestamp::MIN, "", ""),
    };
    Ok(tx.all(sql, args![now, from.0, from.1, from.2, most])?.iter().map(deadline).collect())
}

/// The open deadlines of this kind, the next first.
pub fn open(tx: &mut Tx, what: &str, most: i64) -> Result<Vec<DeadlineRow>> {
    let sql = "
        SELECT subject, what, due_at, settled_at, told_at FROM deadlines
        WHERE settled_at IS NULL AND what = $1
        ORDER BY due_at, subject LIMIT CAST($2 AS BIGINT)";
    Ok(tx.all(sql, args![what, most])?.iter().map(deadline).collect())
}

/// The next open deadline of each of these subjects that has one.
pub fn next(tx: &mut Tx, subjects: &[String]) -> Result<HashMap<String, Timestamp>> {
    let mut found = HashMap::new();
    for part in subjects.chunks(500) {
        let mut values = Vec::with_capacity(part.len());
        let of = added(&mut values, part);
        let sql = format!(
            "SELECT subject, min(due_at) FROM deadlines
             WHERE settled_at IS NULL AND subject IN ({of}) GROUP BY subject"
        );
        found.extend(tx.all(&sql, &values)?.iter().map(|row| (row.get(0), row.get(1))));
    }
    Ok(found)
}

/// A subject's deadlines, open and settled, by their instants.
pub fn of(tx: &mut Tx, subject: &str) -> Result<Vec<DeadlineRow>> {
    let sql = "
        SELECT subject, what, due_at, settled_at, told_at FROM deadlines
        WHERE subject = $1 ORDER BY due_at, what";
    Ok(tx.all(sql, args![subject])?.iter().map(deadline).collect())
}

fn deadline(row: &crate::Row) -> DeadlineRow {
    DeadlineRow {
        subject: row.get(0),
        what: row.get(1),
        due_at: row.get(2),
        settled_at: row.get(3),
        told_at: row.get(4),
    }
}

/// The holidays with their names, by day.
pub fn holidays(tx: &mut Tx) -> Result<Vec<(Date, String)>> {
    let rows = tx.all("SELECT day, name FROM holidays ORDER BY day", &[])?;
    let holiday = |row: &crate::Row| {
        let day: String = row.get(0);
        let parsed = day.parse().map_err(|_| Error::Broken {
            doing: "read the holidays".into(),
            message: format!("{day:?} is no day"),
        });
        Ok((parsed?, row.get(1)))
    };
    rows.iter().map(holiday).collect()
}

/// Puts a holiday in the table, or renames it.
pub fn put_holiday(tx: &mut Tx, day: Date, name: &str) -> Result<()> {
    let sql = "
        INSERT INTO holidays (day, name) VALUES ($1, $2)
        ON CONFLICT (day) DO UPDATE SET name = excluded.name";
    tx.exec(sql, args![day.to_string(), name])?;
    Ok(())
}

/// Takes a holiday out of the table.
pub fn drop_holiday(tx: &mut Tx, day: Date) -> Result<()> {
    tx.exec("DELETE FROM holidays WHERE day = $1", args![day.to_string()])?;
    Ok(())
}
