//! Runs of selection and their lines.

use super::{AllocationRunId, FileId, OfferId, PartyId, PolicyId, RequestId, Timestamp, UserId};
use crate::bulk::load::tables::{Column, Table, insert};
use crate::error::Result;
use crate::value::{Row, Value, added};
use crate::{Tx, args};

/// One run of selection over an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRow {
    /// Its number.
    pub id: AllocationRunId,
    /// The offer.
    pub offer: OfferId,
    /// The Party that offers.
    pub offering: PartyId,
    /// The version of the policy.
    pub policy: PolicyId,
    /// The run before it over the same offer.
    pub previous: Option<AllocationRunId>,
    /// How many hubs could be given.
    pub available: i64,
    /// How many were given.
    pub given: i64,
    /// How many requests there were.
    pub requests: i64,
    /// When it was run.
    pub ran_at: Timestamp,
    /// Who ran it; nobody when its deadline did.
    pub ran_by: Option<UserId>,
    /// The published record.
    pub record: FileId,
}

/// What one request came to in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineRow {
    /// The run.
    pub run: AllocationRunId,
    /// The request.
    pub request: RequestId,
    /// Whose it is.
    pub party: PartyId,
    /// Its place in the order, from 1.
    pub place: i64,
    /// When it was received.
    pub received_at: Timestamp,
    /// How many hubs it asked for.
    pub asked: i64,
    /// The fewest that it accepts.
    pub minimum: i64,
    /// How many it was given.
    pub given: i64,
    /// Why, in a sentence.
    pub reason: String,
}

const RUN: &str = "
    SELECT r.id, r.offer, o.party, r.policy, r.previous, r.available, r.given, r.requests,
        r.ran_at, r.ran_by, r.record
    FROM allocation_runs r JOIN offers o ON o.id = r.offer";

fn run(row: &Row) -> RunRow {
    RunRow {
        id: row.get(0),
        offer: row.get(1),
        offering: row.get(2),
        policy: row.get(3),
        previous: row.get(4),
        available: row.get(5),
        given: row.get(6),
        requests: row.get(7),
        ran_at: row.get(8),
        ran_by: row.get(9),
        record: row.get(10),
    }
}

const LINE: &str = "SELECT run, request, party, place, received_at, asked, minimum, given, reason FROM allocation_lines";

fn line(row: &Row) -> LineRow {
    LineRow {
        run: row.get(0),
        request: row.get(1),
        party: row.get(2),
        place: row.get(3),
        received_at: row.get(4),
        asked: row.get(5),
        minimum: row.get(6),
        given: row.get(7),
        reason: row.get(8),
    }
}

/// Adds a run with its lines.
pub fn insert_run(tx: &mut Tx, new: &RunRow, lines: &[LineRow]) -> Result<()> {
    let sql = "
        INSERT INTO allocation_runs (id, offer, policy, previous, available, given, requests, ran_at,
            ran_by, record)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let args = args![
        new.id,
        new.offer,
        new.policy,
        new.previous,
        new.available,
        new.given,
        new.requests,
        new.ran_at,
        new.ran_by,
        new.record
    ];
    tx.exec(sql, args)?;
    if lines.is_empty() { Ok(()) } else { insert_lines(tx, lines) }
}

const ALLOCATION_LINES: Table = Table {
    name: "allocation_lines",
    columns: &[
        ("run", Column::Big),
        ("request", Column::Big),
        ("party", Column::Big),
        ("place", Column::Big),
        ("received_at", Column::Big),
        ("asked", Column::Big),
        ("minimum", Column::Big),
        ("given", Column::Big),
        ("reason", Column::Text),
    ],
};

fn insert_lines(tx: &mut Tx, lines: &[LineRow]) -> Result<()> {
    let rows = lines.iter().map(|line| -> [Value; 9] {
        [
            line.run.into(),
            line.request.into(),
            line.party.into(),
            line.place.into(),
            line.received_at.into(),
            line.asked.into(),
            line.minimum.into(),
            line.given.into(),
            line.reason.as_str().into(),
        ]
    });
    insert(tx, ALLOCATION_LINES, rows)
}

/// The run of this number.
pub fn load_run(tx: &mut Tx, id: AllocationRunId) -> Result<Option<RunRow>> {
    let sql = format!("{RUN} WHERE r.id = $1");
    Ok(tx.opt(&sql, args![id])?.as_ref().map(run))
}

/// The newest run over an offer.
pub fn newest_run(tx: &mut Tx, offer: OfferId) -> Result<Option<RunRow>> {
    let sql = format!("{RUN} WHERE r.offer = $1 ORDER BY r.id DESC LIMIT 1");
    Ok(tx.opt(&sql, args![offer])?.as_ref().map(run))
}

/// What a list of runs is to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// Only those over this offer.
    pub offer: Option<OfferId>,
    /// Only those in which this Party offers or asks.
    pub party: Option<PartyId>,
}

/// Runs before `before`, newest first.
pub fn list_runs(
    tx: &mut Tx,
    filter: &RunFilter,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<RunRow>> {
    let sql = format!(
        "{RUN}
         WHERE (CAST($1 AS BIGINT) IS NULL OR r.offer = $1)
           AND (CAST($2 AS BIGINT) IS NULL OR o.party = $2
                OR EXISTS (SELECT 1 FROM allocation_lines l WHERE l.run = r.id AND l.party = $2))
           AND (CAST($3 AS BIGINT) IS NULL OR r.id < $3)
         ORDER BY r.id DESC LIMIT CAST($4 AS BIGINT)"
    );
    let args = args![filter.offer, filter.party, before, limit];
    Ok(tx.all(&sql, args)?.iter().map(run).collect())
}

/// Runs since an instant, the newest `limit` of them, oldest first.
pub fn runs_since(tx: &mut Tx, since: Timestamp, limit: i64) -> Result<Vec<RunRow>> {
    let sql = format!("{RUN} WHERE r.ran_at >= $1 ORDER BY r.id DESC LIMIT CAST($2 AS BIGINT)");
    let mut found: Vec<RunRow> = tx.all(&sql, args![since, limit])?.iter().map(run).collect();
    found.reverse();
    Ok(found)
}

/// The lines of a run, by their place.
pub fn lines(tx: &mut Tx, id: AllocationRunId) -> Result<Vec<LineRow>> {
    let sql = format!("{LINE} WHERE run = $1 ORDER BY place");
    Ok(tx.all(&sql, args![id])?.iter().map(line).collect())
}

/// What a request came to in each run in which it stood, oldest first.
pub fn lines_of(tx: &mut Tx, request: RequestId) -> Result<Vec<LineRow>> {
    let sql = format!("{LINE} WHERE request = $1 ORDER BY run");
    Ok(tx.all(&sql, args![request])?.iter().map(line).collect())
}

/// How many hubs the runs over an offer have given each of its requests so far.
pub fn given_before(tx: &mut Tx, offer: OfferId) -> Result<Vec<(RequestId, i64)>> {
    let sql = "
        SELECT l.request, CAST(sum(l.given) AS BIGINT)
        FROM allocation_lines l JOIN allocation_runs r ON r.id = l.run
        WHERE r.offer = $1 GROUP BY l.request ORDER BY l.request";
    Ok(tx.all(sql, args![offer])?.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Parties that one statement names, at most.
const PARTIES_AT_ONCE: usize = 64;

/// When the newest run of selection before an instant that gave a Party something was, for each of
/// these Parties.
pub fn last_allocated(
    tx: &mut Tx,
    parties: &[PartyId],
    before: Timestamp,
) -> Result<Vec<(PartyId, Timestamp)>> {
    let mut found = Vec::new();
    for part in parties.chunks(PARTIES_AT_ONCE) {
        let mut values = vec![Value::from(before)];
        let of = added(&mut values, part.iter().copied());
        let sql = format!(
            "SELECT p.id, (
                 SELECT r.ran_at FROM allocation_lines l JOIN allocation_runs r ON r.id = l.run
                 WHERE l.party = p.id AND l.given > 0 AND r.ran_at < $1
                 ORDER BY l.run DESC LIMIT 1)
             FROM parties p WHERE p.id IN ({of}) ORDER BY p.id"
        );
        let last = |row: &Row| Some((row.get(0), row.get::<Option<Timestamp>>(1)?));
        found.extend(tx.all(&sql, &values)?.iter().filter_map(last));
    }
    Ok(found)
}

/// An offer that has closed to requests and waits for selection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingRow {
    /// The offer.
    pub offer: OfferId,
    /// The legal name of the Party that offers.
    pub offering: String,
    /// Manufacturer and model of what it offers.
    pub stock: String,
    /// How many hubs are not allocated.
    pub left: i64,
    /// How many requests wait.
    pub requests: i64,
    /// How many hubs they ask for together.
    pub asked: i64,
    /// When the offer closed.
    pub closed_at: Timestamp,
    /// By when selection runs by itself.
    pub due_at: Option<Timestamp>,
}

/// Offers that wait for selection, the longest closed first.
pub fn waiting(tx: &mut Tx) -> Result<Vec<WaitingRow>> {
    let sql = "
        SELECT o.id, p.legal_name, o.manufacturer || ' ' || o.model, o.quantity - o.allocated,
            o.requests_closed_at,
            (SELECT count(*) FROM requests q WHERE q.offer = o.id AND q.state = 'Queued'),
            (SELECT CAST(coalesce(sum(q.quantity), 0) AS BIGINT) FROM requests q
                WHERE q.offer = o.id AND q.state = 'Queued')
        FROM offers o JOIN parties p ON p.id = o.party
        WHERE o.requests_closed_at IS NOT NULL AND o.state IN ('Published', 'PartAllocated')
          AND EXISTS (SELECT 1 FROM requests q WHERE q.offer = o.id AND q.state = 'Queued')
        ORDER BY o.requests_closed_at, o.id LIMIT 200";
    let mut found: Vec<WaitingRow> = tx
        .all(sql, &[])?
        .iter()
        .map(|row| WaitingRow {
            offer: row.get(0),
            offering: row.get(1),
            stock: row.get(2),
            left: row.get(3),
            closed_at: row.get(4),
            requests: row.get(5),
            asked: row.get(6),
            due_at: None,
        })
        .collect();
    let sql = "
        SELECT subject, due_at FROM deadlines WHERE what = 'select' AND settled_at IS NULL";
    let due = tx.all(sql, &[])?;
    for waiting in &mut found {
        let subject = waiting.offer.to_string();
        let deadline = due.iter().find(|row| row.get::<String>(0) == subject);
        waiting.due_at = deadline.map(|row| row.get(1));
    }
    Ok(found)
}
