//! Offers with their firmware breakdowns.

use domain::ids::{FileId, OfferId, PartyId, PolicyId, UserId};
use domain::offers::{Carriage, Firmware, Specification, State, Terms};
use domain::requests::OfferFacts;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::error::{Error, Result};
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

/// An offer as it stands in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferRow {
    /// Its number.
    pub id: OfferId,
    /// Whose it is.
    pub party: PartyId,
    /// Where it is.
    pub state: State,
    /// What stock it is of.
    pub specification: Specification,
    /// What else it says.
    pub terms: Terms,
    /// How many of its hubs are allocated.
    pub allocated: i64,
    /// The stored list of its device IDs, where it has one.
    pub ids_file: Option<FileId>,
    /// When it takes no more requests.
    pub closes_at: Option<Timestamp>,
    /// When it was closed to requests.
    pub requests_closed_at: Option<Timestamp>,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
    /// The selection policy that applies to it, since its publication.
    pub policy: Option<PolicyId>,
    /// Why it was last returned, suspended or withdrawn.
    pub reason: Option<String>,
    /// Who drafted it.
    pub created_by: Option<UserId>,
    /// When it was drafted.
    pub created_at: Timestamp,
    /// When it was submitted.
    pub submitted_at: Option<Timestamp>,
    /// When it was published.
    pub published_at: Option<Timestamp>,
    /// Counts its changes.
    pub version: i64,
}

impl OfferRow {
    /// What a request is held against.
    pub fn facts(&self) -> OfferFacts {
        OfferFacts {
            party: self.party,
            state: self.state,
            quantity: self.terms.quantity,
            allocated: self.allocated,
            minimum_lot: self.terms.minimum_lot,
            full_pallets: self.terms.full_pallets,
            closes_at: self.closes_at,
            requests_closed_at: self.requests_closed_at,
        }
    }

    /// How many of its hubs are not allocated.
    pub fn left(&self) -> i64 {
        self.terms.quantity - self.allocated
    }
}

pub(crate) const COLUMNS: &str = "o.id, o.party, o.state, o.manufacturer, o.model, o.han_variant,
    o.wan_variant, o.region, o.quantity, o.allocated, o.minimum_lot, o.full_pallets, o.packaging,
    o.location, o.carriage, o.notes, o.available_from, o.available_until, o.closes_on, o.ids_file,
    o.closes_at, o.requests_closed_at, o.expires_at, o.policy, o.reason, o.created_by, o.created_at,
    o.submitted_at, o.published_at, o.version";

pub(crate) fn offer(row: &Row) -> Result<OfferRow> {
    let carriage: String = row.get(14);
    let terms = Terms {
        quantity: row.get(8),
        minimum_lot: row.get(10),
        full_pallets: row.get(11),
        packaging: row.get(12),
        location: row.get(13),
        carriage: Carriage::from_name(&carriage).ok_or_else(|| damaged(&carriage))?,
        notes: row.get(15),
        available_from: day(row, 16)?.ok_or_else(|| damaged("an offer without its first day"))?,
        available_until: day(row, 17)?,
        closes_on: day(row, 18)?,
    };
    Ok(OfferRow {
        id: row.get(0),
        party: row.get(1),
        state: row.get(2),
        specification: Specification {
            manufacturer: row.get(3),
            model: row.get(4),
            han_variant: row.get(5),
            wan_variant: row.get(6),
            region: row.get(7),
        },
        terms,
        allocated: row.get(9),
        ids_file: row.get(19),
        closes_at: row.get(20),
        requests_closed_at: row.get(21),
        expires_at: row.get(22),
        policy: row.get(23),
        reason: row.get(24),
        created_by: row.get(25),
        created_at: row.get(26),
        submitted_at: row.get(27),
        published_at: row.get(28),
        version: row.get(29),
    })
}

/// A day as it is kept: empty where there is none.
pub(crate) fn day(row: &Row, index: usize) -> Result<Option<Date>> {
    let text: String = row.get(index);
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| damaged(&text))
}

/// A day as it is kept.
pub(crate) fn day_text(day: Option<Date>) -> String {
    day.map(|day| day.to_string()).unwrap_or_default()
}

fn damaged(what: &str) -> Error {
    Error::Broken { doing: "read an offer".into(), message: what.to_owned() }
}

/// The offer of this number.
pub fn load(tx: &mut Tx, id: OfferId) -> Result<Option<OfferRow>> {
    let sql = format!("SELECT {COLUMNS} FROM offers o WHERE o.id = $1");
    tx.opt(&sql, args![id])?.as_ref().map(offer).transpose()
}

/// Adds an offer as it is drafted.
pub fn insert(tx: &mut Tx, row: &OfferRow) -> Result<()> {
    let sql = "
        INSERT INTO offers (id, party, state, manufacturer, model, han_variant, wan_variant, region,
            quantity, allocated, minimum_lot, full_pallets, packaging, location, carriage, notes,
            available_from, available_until, closes_on, lists_ids, ids_file, created_by, created_at,
            version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11, $12, $13, $14, $15, $16, $17, $18,
            $19, $20, $21, $22, 1)";
    let (s, t) = (&row.specification, &row.terms);
    let args = args![
        row.id,
        row.party,
        row.state,
        &s.manufacturer,
        &s.model,
        &s.han_variant,
        &s.wan_variant,
        &s.region,
        t.quantity,
        t.minimum_lot,
        t.full_pallets,
        &t.packaging,
        &t.location,
        t.carriage.name(),
        &t.notes,
        t.available_from.to_string(),
        day_text(t.available_until),
        day_text(t.closes_on),
        row.ids_file.is_some(),
        row.ids_file,
        row.created_by,
        row.created_at
    ];
    tx.exec(sql, args)?;
    Ok(())
}

/// Writes an offer as it is after a change; what is allocated is not among it.
pub fn update(tx: &mut Tx, row: &OfferRow) -> Result<()> {
    let sql = "
        UPDATE offers SET state = $2, manufacturer = $3, model = $4, han_variant = $5,
            wan_variant = $6, region = $7, quantity = $8, minimum_lot = $9, full_pallets = $10,
            packaging = $11, location = $12, carriage = $13, notes = $14, available_from = $15,
            available_until = $16, closes_on = $17, lists_ids = $18, ids_file = $19,
            closes_at = $20, requests_closed_at = $21, expires_at = $22, policy = $23, reason = $24,
            submitted_at = $25, published_at = $26, version = version + 1
        WHERE id = $1";
    let (s, t) = (&row.specification, &row.terms);
    let args = args![
        row.id,
        row.state,
        &s.manufacturer,
        &s.model,
        &s.han_variant,
        &s.wan_variant,
        &s.region,
        t.quantity,
        t.minimum_lot,
        t.full_pallets,
        &t.packaging,
        &t.location,
        t.carriage.name(),
        &t.notes,
        t.available_from.to_string(),
        day_text(t.available_until),
        day_text(t.closes_on),
        row.ids_file.is_some(),
        row.ids_file,
        row.closes_at,
        row.requests_closed_at,
        row.expires_at,
        row.policy,
        row.reason.clone(),
        row.submitted_at,
        row.published_at
    ];
    tx.exec(sql, args)?;
    Ok(())
}

/// Allocates so many more hubs, or fewer, and says where the offer is then; false, and nothing is
/// changed, if that would be more than it has or less than nothing.
pub fn allocate(tx: &mut Tx, id: OfferId, more: i64, state: State) -> Result<bool> {
    let sql = "
        UPDATE offers SET allocated = allocated + $2, state = $3, version = version + 1
        WHERE id = $1 AND allocated + $2 <= quantity AND allocated + $2 >= 0";
    Ok(tx.exec(sql, args![id, more, state])? == 1)
}

/// The firmware breakdown of an offer; empty for any.
pub fn firmware(tx: &mut Tx, id: OfferId) -> Result<Firmware> {
    let sql = "
        SELECT firmware_version, quantity FROM offer_firmware
        WHERE offer = $1 ORDER BY firmware_version";
    Ok(tx.all(sql, args![id])?.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Sets the firmware breakdown of an offer.
pub fn put_firmware(tx: &mut Tx, id: OfferId, firmware: &Firmware) -> Result<()> {
    tx.exec("DELETE FROM offer_firmware WHERE offer = $1", args![id])?;
    let mut values: Vec<Value> = vec![id.into()];
    let mut rows = Vec::new();
    for (version, quantity) in firmware {
        let n = values.len();
        rows.push(format!("($1, ${}, ${})", n + 1, n + 2));
        values.extend([version.into(), (*quantity).into()]);
    }
    if !rows.is_empty() {
        let rows = rows.join(", ");
        let sql =
            format!("INSERT INTO offer_firmware (offer, firmware_version, quantity) VALUES {rows}");
        tx.exec(&sql, &values)?;
    }
    Ok(())
}

/// What an open offer still promises of its Party's stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commitment {
    /// The offer.
    pub offer: OfferId,
    /// What stock it is of.
    pub specification: Specification,
    /// How many of its hubs are not allocated yet.
    pub left: i64,
    /// Of which firmware they may be at most; empty for any.
    pub firmware: Firmware,
    /// Whether it lists the hubs, which are held for it.
    pub lists_ids: bool,
}

/// What a Party's open offers still promise, by their numbers.
pub fn commitments(tx: &mut Tx, party: PartyId) -> Result<Vec<Commitment>> {
    let sql = "
        SELECT o.id, o.manufacturer, o.model, o.han_variant, o.wan_variant, o.region,
            o.quantity - o.allocated, f.firmware_version, f.quantity, o.lists_ids
        FROM offers o LEFT JOIN offer_firmware f ON f.offer = o.id
        WHERE o.party = $1 AND o.quantity > o.allocated
          AND o.state IN ('Submitted', 'Published', 'PartAllocated', 'FullyAllocated', 'Suspended')
        ORDER BY o.id, f.firmware_version";
    let mut found: Vec<Commitment> = Vec::new();
    for row in &tx.all(sql, args![party])? {
        let offer: OfferId = row.get(0);
        if found.last().is_none_or(|last| last.offer != offer) {
            let specification = Specification {
                manufacturer: row.get(1),
                model: row.get(2),
                han_variant: row.get(3),
                wan_variant: row.get(4),
                region: row.get(5),
            };
            let (left, lists_ids, firmware) = (row.get(6), row.get(9), Firmware::new());
            found.push(Commitment { offer, specification, left, firmware, lists_ids });
        }
        if let (Some(version), Some(quantity)) = (row.get(7), row.get::<Option<i64>>(8)) {
            let last = found.last_mut().expect("one was pushed if there was none");
            last.firmware.insert(version, quantity.min(last.left));
        }
    }
    Ok(found)
}

/// Which offers a list shows. What is empty does not narrow it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only this Party's.
    pub party: Option<PartyId>,
    /// Only those in this state.
    pub state: Option<State>,
}

/// Offers, newest first, before the one of this number.
pub fn list(
    tx: &mut Tx,
    wanted: &Wanted,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<OfferRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM offers o
         WHERE (CAST($1 AS BIGINT) IS NULL OR o.party = $1)
           AND (CAST($2 AS TEXT) IS NULL OR o.state = $2)
           AND (CAST($3 AS BIGINT) IS NULL OR o.id < $3)
         ORDER BY o.id DESC LIMIT CAST($4 AS BIGINT)"
    );
    let args = args![wanted.party, wanted.state, before, limit];
    tx.all(&sql, args)?.iter().map(offer).collect()
}
