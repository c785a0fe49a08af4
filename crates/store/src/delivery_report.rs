//! Runs of ESI-013, and what the report needs beside each hub's own row.

use domain::ids::{ReportRunId, UserId};
use jiff::Timestamp;

use crate::error::Result;
use crate::value::Row;
use crate::{Tx, args};

/// One run as it stands in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRow {
    /// Its number.
    pub id: ReportRunId,
    /// `csv`, `xlsx` or `parquet`.
    pub format: String,
    /// Who asked; nobody for the schedule and the local operator.
    pub requested_by: Option<UserId>,
    /// That person's name.
    pub requested_by_name: Option<String>,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// The time of the schedule that it was run for.
    pub due_at: Option<Timestamp>,
    /// `Waiting`, `Done` or `Failed`.
    pub state: String,
    /// What there is once it was written.
    pub written: Option<Written>,
    /// Why it failed.
    pub problem: Option<String>,
}

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The instant that it shows.
    pub generated_at: Timestamp,
    /// The last entry of the journal that it shows.
    pub journal_seq: i64,
    /// How many hubs.
    pub hubs: i64,
    /// The file's length in bytes.
    pub size: i64,
    /// The SHA-256 of the file's bytes.
    pub sha256: [u8; 32],
    /// The file's name in the reports folder, or its whole path where it was written elsewhere.
    pub file_name: String,
}

impl Written {
    /// Whether the local operator had it written where only they know what becomes of it, and not
    /// into the reports folder.
    pub fn is_elsewhere(&self) -> bool {
        self.file_name.starts_with('/')
    }

    /// The file's name without the folder that it was written to.
    pub fn name(&self) -> &str {
        self.file_name.rsplit('/').next().unwrap_or_default()
    }
}

const RUNS: &str = "
    SELECT r.id, r.format, r.requested_by, r.requested_at, r.due_at, r.state, r.generated_at,
        r.journal_seq, r.hubs, r.size, r.sha256, r.file_name, r.problem, u.name
    FROM report_runs r LEFT JOIN users u ON u.id = r.requested_by";

fn run(row: &Row) -> RunRow {
    let written = row.get::<Option<Vec<u8>>>(10).map(|sha256| Written {
        generated_at: row.get(6),
        journal_seq: row.get(7),
        hubs: row.get(8),
        size: row.get(9),
        sha256: sha256.try_into().expect("the column holds 32 bytes"),
        file_name: row.get(11),
    });
    RunRow {
        id: row.get(0),
        format: row.get(1),
        requested_by: row.get(2),
        requested_by_name: row.get(13),
        requested_at: row.get(3),
        due_at: row.get(4),
        state: row.get(5),
        written,
        problem: row.get(12),
    }
}

/// Adds a run that waits to be written.
pub fn insert(
    tx: &mut Tx,
    id: ReportRunId,
    format: &str,
    requested_by: Option<UserId>,
    requested_at: Timestamp,
    due_at: Option<Timestamp>,
) -> Result<()> {
    let sql = "
        INSERT INTO report_runs (id, format, requested_by, requested_at, due_at, state)
        VALUES ($1, $2, $3, $4, $5, 'Waiting')";
    tx.exec(sql, args![id, format, requested_by, requested_at, due_at])?;
    Ok(())
}

/// Notes what a waiting run came to. False when it no longer waits.
pub fn finish(tx: &mut Tx, id: ReportRunId, written: &Written) -> Result<bool> {
    let sql = "
        UPDATE report_runs SET state = 'Done', generated_at = $2, journal_seq = $3, hubs = $4,
            size = $5, sha256 = $6, file_name = $7
        WHERE id = $1 AND state = 'Waiting'";
    let args = args![
        id,
        written.generated_at,
        written.journal_seq,
        written.hubs,
        written.size,
        written.sha256,
        &written.file_name
    ];
    Ok(tx.exec(sql, args)? == 1)
}

/// Notes that a waiting run could not be written. False when it no longer waits.
pub fn fail(tx: &mut Tx, id: ReportRunId, problem: &str) -> Result<bool> {
    let sql = "
        UPDATE report_runs SET state = 'Failed', problem = $2
        WHERE id = $1 AND state = 'Waiting'";
    Ok(tx.exec(sql, args![id, problem])? == 1)
}

/// One run.
pub fn load(tx: &mut Tx, id: ReportRunId) -> Result<Option<RunRow>> {
    let sql = format!("{RUNS} WHERE r.id = $1");
    Ok(tx.opt(&sql, args![id])?.as_ref().map(run))
}

/// Runs before `before` (all when it is `None`), newest first, at most `limit`.
pub fn newest(tx: &mut Tx, before: Option<i64>, limit: i64) -> Result<Vec<RunRow>> {
    let sql = format!(
        "{RUNS} WHERE CAST($1 AS BIGINT) IS NULL OR r.id < $1
         ORDER BY r.id DESC LIMIT CAST($2 AS BIGINT)"
    );
    Ok(tx.all(&sql, args![before, limit])?.iter().map(run).collect())
}

/// Whether the schedule has had its run of this time in this format.
pub fn is_scheduled(tx: &mut Tx, due_at: Timestamp, format: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM report_runs WHERE due_at = $1 AND format = $2";
    Ok(tx.opt(sql, args![due_at, format])?.is_some())
}

/// How many hubs there are, by the kept counts.
pub fn hubs(tx: &mut Tx) -> Result<u64> {
    let sql = "SELECT CAST(coalesce(sum(hubs), 0) AS BIGINT) FROM stock";
    Ok(tx.one("count of hubs", sql, &[])?.get::<i64>(0).unsigned_abs())
}

/// The service user reference of each Party.
pub fn party_references(tx: &mut Tx) -> Result<Vec<(i64, String)>> {
    let rows = tx.all("SELECT id, service_user_reference FROM parties ORDER BY id", &[])?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// The number and the instant, in microseconds, of each move.
pub fn moves(tx: &mut Tx, mut take: impl FnMut(i64, i64)) -> Result<()> {
    tx.each("SELECT id, at FROM moves ORDER BY id", &[], |row| {
        take(row.get(0), row.get(1));
        Ok(())
    })
}

/// A model as the report shows it: manufacturer, model, hardware, firmware and CHTS version, HAN
/// and WAN variant.
pub fn models(tx: &mut Tx) -> Result<Vec<(i64, [String; 7])>> {
    let sql = "
        SELECT id, manufacturer, model, hardware_version, firmware_version, chts_version,
            han_variant, wan_variant
        FROM models ORDER BY id";
    let rows = tx.all(sql, &[])?;
    Ok(rows.iter().map(|row| (row.get(0), std::array::from_fn(|i| row.get(i + 1)))).collect())
}

/// What the report shows of a pack.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PackRow {
    /// The model.
    pub model: i64,
    /// CSP region, order, consignment, delivered on, accepted on.
    pub texts: [String; 5],
}

/// The packs with numbers from `first` to `last`.
pub fn packs(tx: &mut Tx, first: i64, last: i64, mut take: impl FnMut(i64, PackRow)) -> Result<()> {
    let sql = "
        SELECT id, model, region, order_no, consignment_no, delivered_on, accepted_on
        FROM packs WHERE id BETWEEN $1 AND $2";
    tx.each(sql, args![first, last], |row| {
        let texts = std::array::from_fn(|i| row.get(i + 2));
        take(row.get(0), PackRow { model: row.get(1), texts });
        Ok(())
    })
}
