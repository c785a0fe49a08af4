//! Requests, for an offer or wanted.

use domain::ids::{OfferId, PartyId, RequestId, UserId};
use domain::offers::Specification;
use domain::requests::{Asked, State};
use jiff::Timestamp;

use crate::error::Result;
use crate::offers::{day, day_text};
use crate::value::{FromValue, Row, Value};
use crate::{Tx, args};

impl From<State> for Value {
    fn from(state: State) -> Value {
        Value::from(state.name())
    }
}

impl FromValue for State {
    fn from_value(value: &Value) -> Option<Self> {
        String::from_value(value).and_then(|name| State::from_name(&name))
    }
}

/// A request as it stands in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRow {
    /// Its number.
    pub id: RequestId,
    /// Whose it is.
    pub party: PartyId,
    /// For which offer; none when it is wanted.
    pub offer: Option<OfferId>,
    /// Where it is.
    pub state: State,
    /// What stock is wanted; what is empty is any.
    pub specification: Specification,
    /// What it asks for.
    pub asked: Asked,
    /// When it was received for its offer.
    pub received_at: Option<Timestamp>,
    /// Its place in the one order of everything that happened, which settles equal instants.
    pub received_seq: Option<i64>,
    /// How many hubs it was given.
    pub allocated: i64,
    /// Why it was given what it was, or ended.
    pub reason: Option<String>,
    /// Who drafted it.
    pub created_by: Option<UserId>,
    /// When it was drafted.
    pub created_at: Timestamp,
    /// Counts its changes.
    pub version: i64,
}

const COLUMNS: &str = "r.id, r.party, r.offer, r.state, r.manufacturer, r.model, r.han_variant,
    r.wan_variant, r.region, r.quantity, r.minimum, r.needed_by, r.location, r.notes, r.received_at,
    r.received_seq, r.allocated, r.reason, r.created_by, r.created_at, r.version";

fn request(row: &Row) -> Result<RequestRow> {
    Ok(RequestRow {
        id: row.get(0),
        party: row.get(1),
        offer: row.get(2),
        state: row.get(3),
        specification: Specification {
            manufacturer: row.get(4),
            model: row.get(5),
            han_variant: row.get(6),
            wan_variant: row.get(7),
            region: row.get(8),
        },
        asked: Asked {
            quantity: row.get(9),
            minimum: row.get(10),
            needed_by: day(row, 11)?,
            location: row.get(12),
            notes: row.get(13),
        },
        received_at: row.get(14),
        received_seq: row.get(15),
        allocated: row.get(16),
        reason: row.get(17),
        created_by: row.get(18),
        created_at: row.get(19),
        version: row.get(20),
    })
}

/// The request of this number.
pub fn load(tx: &mut Tx, id: RequestId) -> Result<Option<RequestRow>> {
    let sql = format!("SELECT {COLUMNS} FROM requests r WHERE r.id = $1");
    tx.opt(&sql, args![id])?.as_ref().map(request).transpose()
}

/// The requests that wait in the queue of an offer, in the order in which they were received.
pub fn queued(tx: &mut Tx, offer: OfferId) -> Result<Vec<RequestRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM requests r WHERE r.offer = $1 AND r.state = 'Queued'
         ORDER BY r.received_at, r.received_seq, r.id"
    );
    tx.all(&sql, args![offer])?.iter().map(request).collect()
}

/// Every request that an offer has received, whatever became of it, in the same order.
pub fn received(tx: &mut Tx, offer: OfferId) -> Result<Vec<RequestRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM requests r WHERE r.offer = $1 AND r.received_at IS NOT NULL
         ORDER BY r.received_at, r.received_seq, r.id"
    );
    tx.all(&sql, args![offer])?.iter().map(request).collect()
}

/// How many requests wait for an offer, and for how many hubs.
pub fn demand(tx: &mut Tx, offer: OfferId) -> Result<(i64, i64)> {
    let sql = "
        SELECT count(*), CAST(coalesce(sum(quantity), 0) AS BIGINT) FROM requests
        WHERE offer = $1 AND state = 'Queued'";
    let row = tx.one("demand", sql, args![offer])?;
    Ok((row.get(0), row.get(1)))
}

/// The request of this Party that waits in the queue of an offer.
pub fn queued_of(tx: &mut Tx, offer: OfferId, party: PartyId) -> Result<Option<RequestId>> {
    let sql = "SELECT id FROM requests WHERE offer = $1 AND party = $2 AND state = 'Queued'";
    Ok(tx.opt(sql, args![offer, party])?.map(|row| row.get(0)))
}

/// Whether a Party with a request for an offer, drafts included, was given hubs of it, so that the two
/// know each other; none if it has no request.
pub fn is_matched(tx: &mut Tx, offer: OfferId, party: PartyId) -> Result<Option<bool>> {
    let sql = "
        SELECT max(CASE WHEN state IN ('Allocated', 'PartAllocated') THEN 1 ELSE 0 END)
        FROM requests WHERE offer = $1 AND party = $2";
    let most: Option<i64> = tx.one("requests of a Party", sql, args![offer, party])?.get(0);
    Ok(most.map(|matched| matched == 1))
}

/// Adds a request as it is drafted.
pub fn insert(tx: &mut Tx, row: &RequestRow) -> Result<()> {
    let sql = "
        INSERT INTO requests (id, party, offer, state, manufacturer, model, han_variant,
            wan_variant, region, quantity, minimum, needed_by, location, notes, received_at,
            received_seq, allocated, reason, created_by, created_at, version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
            $19, $20, 1)";
    let (s, a) = (&row.specification, &row.asked);
    let args = args![
        row.id,
        row.party,
        row.offer,
        row.state,
        &s.manufacturer,
        &s.model,
        &s.han_variant,
        &s.wan_variant,
        &s.region,
        a.quantity,
        a.minimum,
        day_text(a.needed_by),
        &a.location,
        &a.notes,
        row.received_at,
        row.received_seq,
        row.allocated,
        row.reason.clone(),
        row.created_by,
        row.created_at
    ];
    tx.exec(sql, args)?;
    Ok(())
}

/// Writes a request as it is after a change.
pub fn update(tx: &mut Tx, row: &RequestRow) -> Result<()> {
    let sql = "
        UPDATE requests SET offer = $2, state = $3, manufacturer = $4, model = $5, han_variant = $6,
            wan_variant = $7, region = $8, quantity = $9, minimum = $10, needed_by = $11,
            location = $12, notes = $13, received_at = $14, received_seq = $15, allocated = $16,
            reason = $17, version = version + 1
        WHERE id = $1";
    let (s, a) = (&row.specification, &row.asked);
    let args = args![
        row.id,
        row.offer,
        row.state,
        &s.manufacturer,
        &s.model,
        &s.han_variant,
        &s.wan_variant,
        &s.region,
        a.quantity,
        a.minimum,
        day_text(a.needed_by),
        &a.location,
        &a.notes,
        row.received_at,
        row.received_seq,
        row.allocated,
        row.reason.clone()
    ];
    tx.exec(sql, args)?;
    Ok(())
}

/// Ends every request that still waits for an offer, because the offer is over.
pub fn lapse_queued(tx: &mut Tx, offer: OfferId, reason: &str) -> Result<u64> {
    let sql = "
        UPDATE requests SET state = 'Lapsed', reason = $2, version = version + 1
        WHERE offer = $1 AND state = 'Queued'";
    tx.exec(sql, args![offer, reason])
}

/// Which requests a list shows. What is empty does not narrow it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only this Party's.
    pub party: Option<PartyId>,
    /// Only those in this state.
    pub state: Option<State>,
    /// Only those for this offer.
    pub offer: Option<OfferId>,
}

/// Requests, newest first, before the one of this number.
pub fn list(
    tx: &mut Tx,
    wanted: &Wanted,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<RequestRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM requests r
         WHERE (CAST($1 AS BIGINT) IS NULL OR r.party = $1)
           AND (CAST($2 AS TEXT) IS NULL OR r.state = $2)
           AND (CAST($3 AS BIGINT) IS NULL OR r.offer = $3)
           AND (CAST($4 AS BIGINT) IS NULL OR r.id < $4)
         ORDER BY r.id DESC LIMIT CAST($5 AS BIGINT)"
    );
    let args = args![wanted.party, wanted.state, wanted.offer, before, limit];
    tx.all(&sql, args)?.iter().map(request).collect()
}

/// The wanted requests on the board, newest first, before the one of this number.
pub fn wanted(tx: &mut Tx, before: Option<i64>, limit: i64) -> Result<Vec<RequestRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM requests r
         WHERE r.offer IS NULL AND r.state = 'Submitted'
           AND (CAST($1 AS BIGINT) IS NULL OR r.id < $1)
         ORDER BY r.id DESC LIMIT CAST($2 AS BIGINT)"
    );
    tx.all(&sql, args![before, limit])?.iter().map(request).collect()
}
