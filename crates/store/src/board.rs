//! The board: published offers and wanted requests, saved filters, and what was matched.

use domain::board::BoardFilter;
use domain::ids::{OfferId, RequestId, SavedFilterId, UserId};
use jiff::Timestamp;

use crate::error::Result;
use crate::offers::{self, OfferRow};
use crate::value::{Row, Value};
use crate::{Tx, args};

/// A filter of the board that a person saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedFilterRow {
    /// Its number.
    pub id: SavedFilterId,
    /// Whose it is.
    pub owner: UserId,
    /// For which organisation the person saved it; 0 for the centre.
    pub organisation: i64,
    /// What the person calls it.
    pub name: String,
    /// The filter, as it stands in the address.
    pub filter: String,
    /// Whether the person is told of new offers that it finds.
    pub notifies: bool,
    /// When it was saved.
    pub created_at: Timestamp,
    /// Counts its changes.
    pub version: i64,
}

const COLUMNS: &str = "id, owner, organisation, name, filter, notifies, created_at, version";

fn filter(row: &Row) -> SavedFilterRow {
    SavedFilterRow {
        id: row.get(0),
        owner: row.get(1),
        organisation: row.get(2),
        name: row.get(3),
        filter: row.get(4),
        notifies: row.get(5),
        created_at: row.get(6),
        version: row.get(7),
    }
}

/// The saved filters of a person at an organisation, by name.
pub fn filters_of(tx: &mut Tx, owner: UserId, organisation: i64) -> Result<Vec<SavedFilterRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM saved_filters WHERE owner = $1 AND organisation = $2 ORDER BY name"
    );
    Ok(tx.all(&sql, args![owner, organisation])?.iter().map(filter).collect())
}

/// The saved filters that notify, of people who can still sign in at that organisation.
pub fn notifying(tx: &mut Tx) -> Result<Vec<SavedFilterRow>> {
    let sql = "
        SELECT f.id, f.owner, f.organisation, f.name, f.filter, f.notifies, f.created_at, f.version
        FROM saved_filters f JOIN users u ON u.id = f.owner
        WHERE f.notifies AND u.state = 'Active' AND EXISTS (
            SELECT 1 FROM grants g WHERE g.user_id = f.owner AND g.organisation = f.organisation
        )
        ORDER BY f.id";
    Ok(tx.all(sql, &[])?.iter().map(filter).collect())
}

/// The saved filter of this number.
pub fn load_filter(tx: &mut Tx, id: SavedFilterId) -> Result<Option<SavedFilterRow>> {
    let sql = format!("SELECT {COLUMNS} FROM saved_filters WHERE id = $1");
    Ok(tx.opt(&sql, args![id])?.as_ref().map(filter))
}

/// Adds a saved filter.
pub fn insert_filter(tx: &mut Tx, row: &SavedFilterRow) -> Result<()> {
    let sql =
        format!("INSERT INTO saved_filters ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, 1)");
    let args = args![
        row.id,
        row.owner,
        row.organisation,
        &row.name,
        &row.filter,
        row.notifies,
        row.created_at
    ];
    tx.exec(&sql, args)?;
    Ok(())
}

/// Changes whether a saved filter notifies.
pub fn set_notifies(tx: &mut Tx, id: SavedFilterId, notifies: bool) -> Result<()> {
    let sql = "UPDATE saved_filters SET notifies = $2, version = version + 1 WHERE id = $1";
    tx.exec(sql, args![id, notifies])?;
    Ok(())
}

/// Removes a saved filter. Its number is not given again as long as a later one is there.
pub fn drop_filter(tx: &mut Tx, id: SavedFilterId) -> Result<()> {
    tx.exec("DELETE FROM saved_filters WHERE id = $1", args![id])?;
    Ok(())
}

/// The offers on the board that take requests and that a filter finds, newest first, before the one of this number.
///
/// Says the same as [`BoardFilter::finds`], which a test holds it against.
pub fn offers(
    tx: &mut Tx,
    filter: &BoardFilter,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<OfferRow>> {
    let sql = format!(
        "SELECT {} FROM offers o
         WHERE o.state IN ('Published', 'PartAllocated') AND o.requests_closed_at IS NULL
           AND (CAST($1 AS TEXT) IS NULL OR o.manufacturer = $1)
           AND (CAST($2 AS TEXT) IS NULL OR o.model = $2)
           AND (CAST($3 AS TEXT) IS NULL OR o.region = $3)
           AND (CAST($4 AS TEXT) IS NULL OR o.han_variant = $4 OR o.wan_variant = $4)
           AND (CAST($5 AS TEXT) IS NULL
                OR NOT EXISTS (SELECT 1 FROM offer_firmware f WHERE f.offer = o.id)
                OR EXISTS (SELECT 1 FROM offer_firmware f
                           WHERE f.offer = o.id AND f.firmware_version = $5))
           AND (CAST($6 AS BIGINT) IS NULL OR o.quantity - o.allocated >= $6)
           AND (CAST($7 AS TEXT) IS NULL OR (o.available_from <= $7
                AND (o.available_until = '' OR o.available_until >= $7)))
           AND (CAST($8 AS BIGINT) IS NULL OR o.id < $8)
         ORDER BY o.id DESC LIMIT CAST($9 AS BIGINT)",
        offers::COLUMNS
    );
    let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let args = args![
        given(&filter.manufacturer),
        given(&filter.model),
        given(&filter.region),
        given(&filter.variant),
        given(&filter.firmware),
        filter.quantity,
        filter.date.map(|day| day.to_string()),
        before,
        limit
    ];
    tx.all(&sql, args)?.iter().map(offers::offer).collect()
}

/// A wanted request that a published offer can serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchRow {
    /// The offer.
    pub offer: OfferId,
    /// The wanted request.
    pub request: RequestId,
    /// What does not quite suit; empty if all does.
    pub warning: String,
    /// When both sides were told.
    pub matched_at: Timestamp,
}

fn matched(row: &Row) -> MatchRow {
    MatchRow { offer: row.get(0), request: row.get(1), warning: row.get(2), matched_at: row.get(3) }
}

/// Notes matches, all at once.
pub fn insert_matches(tx: &mut Tx, rows: &[MatchRow]) -> Result<()> {
    for rows in rows.chunks(1000) {
        let mut values: Vec<Value> = Vec::new();
        let mut places = Vec::new();
        for row in rows {
            let n = values.len();
            places.push(format!("(${}, ${}, ${}, ${})", n + 1, n + 2, n + 3, n + 4));
            let at = row.matched_at;
            values.extend([row.offer.into(), row.request.into(), (&row.warning).into(), at.into()]);
        }
        let places = places.join(", ");
        let sql = format!(
            "INSERT INTO wanted_matches (offer, request, warning, matched_at) VALUES {places}
             ON CONFLICT (offer, request) DO NOTHING"
        );
        tx.exec(&sql, &values)?;
    }
    Ok(())
}

/// What was matched with an offer, by request.
pub fn matches_of_offer(tx: &mut Tx, offer: OfferId) -> Result<Vec<MatchRow>> {
    let sql = "
        SELECT offer, request, warning, matched_at FROM wanted_matches
        WHERE offer = $1 ORDER BY request";
    Ok(tx.all(sql, args![offer])?.iter().map(matched).collect())
}

/// What was matched with a wanted request, the latest offer first.
pub fn matches_of_request(tx: &mut Tx, request: RequestId) -> Result<Vec<MatchRow>> {
    let sql = "
        SELECT offer, request, warning, matched_at FROM wanted_matches
        WHERE request = $1 ORDER BY offer DESC";
    Ok(tx.all(sql, args![request])?.iter().map(matched).collect())
}
