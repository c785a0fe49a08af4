//! Slices of the inventory: a page, a whole one as a file, and the kept counts.

use std::io::Write;

use domain::access::{Action, Actor, Sight};
use domain::inventory::SmiStatus;
use domain::parties::PartyBook;
use domain::timers::british_day;
use domain::{DeviceId, Refusal};
use jiff::civil::Date;
use store::inventory::{HubRow, Place, Slice, StockRow};

use super::life::{date, days_until, delivered_at, find};
use crate::tables::{Cell, Column, Format, Table, joined};
use crate::{App, Error, Result, parties};

/// The most hubs on one page.
const MOST_HUBS: u32 = 1_000;
/// Hubs that an export reads in one short transaction.
const EXPORT_HUBS: usize = 4_000;

/// What a person looks for, as typed; what is empty does not narrow the slice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is what it is called")]
pub struct Filter {
    pub id: String,
    /// A signifier or a service user reference.
    pub party: String,
    pub status: String,
    pub pallet: String,
    pub box_id: String,
    pub consignment: String,
    pub order: String,
    pub manufacturer: String,
    pub model: String,
    pub firmware: String,
    pub region: String,
}

/// Part of a slice.
#[derive(Clone, Debug)]
pub struct Page {
    /// The hubs.
    pub hubs: Vec<HubRow>,
    /// The Parties, to name them.
    pub parties: PartyBook,
    /// The cursor of the next part; none at the end.
    pub next: Option<String>,
}

/// A page of the hubs that the filter leaves, of those that this person may see.
///
/// `cursor` is the `next` of the page before.
pub fn search(
    app: &App,
    actor: &Actor,
    filter: &Filter,
    cursor: Option<&str>,
    limit: u32,
) -> Result<Page> {
    let sight = actor.sight(Action::SeeHubs)?;
    let mut tx = app.db.read()?;
    let parties = parties::book(&mut tx)?;
    let slice = slice(filter, sight, &parties)?;
    if !filter.id.trim().is_empty() {
        let asked = DeviceId::parse(&filter.id)
            .map_err(|mistake| Refusal::field("id", mistake.to_string()))?;
        let hubs: Vec<HubRow> = find(&mut tx, asked)?
            .map(|(row, _)| row)
            .filter(|row| holds(&slice, row))
            .into_iter()
            .collect();
        return Ok(Page { hubs, parties, next: None });
    }
    let after = cursor.map_or(Ok(Place::START), read_cursor)?;
    let (hubs, next) =
        store::inventory::page(&mut tx, &slice, after, limit.clamp(1, MOST_HUBS) as usize)?;
    Ok(Page { hubs, parties, next: next.map(write_cursor) })
}

fn write_cursor(place: Place) -> String {
    format!("{}.{}.{}", place.pallet, place.pack, place.hub)
}

fn read_cursor(text: &str) -> std::result::Result<Place, Refusal> {
    let mut numbers = text.splitn(3, '.').map(|part| part.parse::<i64>());
    match (numbers.next(), numbers.next(), numbers.next()) {
        (Some(Ok(pallet)), Some(Ok(pack)), Some(Ok(hub))) => Ok(Place { pallet, pack, hub }),
        _ => Err(Refusal::field(
            "cursor",
            "This is no cursor that a page of a list gave. Begin again at the first page.",
        )),
    }
}

fn slice(filter: &Filter, sight: Sight, book: &PartyBook) -> std::result::Result<Slice, Refusal> {
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let wanted = match given(&filter.party) {
        None => None,
        Some(name) => Some(
            book.iter()
                .find(|p| p.details.signifier == name || p.details.service_user_reference == name)
                .map(|p| p.id)
                .ok_or_else(|| Refusal::field("party", format!("There is no Party “{name}”.")))?,
        ),
    };
    let party = match sight {
        Sight::Everything => wanted,
        Sight::Party(own) if wanted.is_none_or(|wanted| wanted == own) => Some(own),
        Sight::Party(_) => return Err(Refusal::not_found("such stock")),
    };
    let status = match given(&filter.status) {
        None => None,
        Some(name) => Some(SmiStatus::from_name(&name).ok_or_else(|| {
            Refusal::field("status", format!("“{name}” is not an SMI status. Try Pending."))
        })?),
    };
    Ok(Slice {
        party,
        status,
        pallet_id: given(&filter.pallet),
        box_id: given(&filter.box_id),
        consignment_no: given(&filter.consignment),
        order_no: given(&filter.order),
        manufacturer: given(&filter.manufacturer),
        model: given(&filter.model),
        firmware_version: given(&filter.firmware),
        region: given(&filter.region),
    })
}

/// Whether a slice holds this hub.
fn holds(slice: &Slice, row: &HubRow) -> bool {
    let same = |wanted: &Option<String>, has: &str| wanted.as_deref().is_none_or(|w| w == has);
    let delivered = &row.delivered;
    slice.party.is_none_or(|party| party == row.party)
        && slice.status.is_none_or(|status| status == row.status)
        && same(&slice.pallet_id, &delivered.pallet_id)
        && same(&slice.box_id, &delivered.box_id)
        && same(&slice.consignment_no, &delivered.consignment_no)
        && same(&slice.order_no, &delivered.order_no)
        && same(&slice.manufacturer, &delivered.manufacturer)
        && same(&slice.model, &delivered.model)
        && same(&slice.firmware_version, &delivered.firmware_version)
        && same(&slice.region, &delivered.region)
}

/// The kept counts of stock that the filter's Party, status, model and region leave.
pub fn stock(app: &App, actor: &Actor, filter: &Filter) -> Result<Vec<StockRow>> {
    let sight = actor.sight(Action::SeeStock)?;
    let mut tx = app.db.read()?;
    let book = parties::book(&mut tx)?;
    let slice = slice(filter, sight, &book)?;
    Ok(store::inventory::stock(&mut tx, &slice)?)
}

/// What the stock report and ESI-013 both show of a hub.
pub const HUB_COLUMNS: &[Column] = &[
    Column::text("CHFDeviceID"),
    Column::text("GPFDeviceID"),
    Column::text("manufacturer"),
    Column::text("model"),
    Column::text("hardwareVersion"),
    Column::text("firmwareVersion"),
    Column::text("CHTSVersion"),
    Column::text("HANVariant"),
    Column::text("WANVariant"),
    Column::text("CSPRegion"),
    Column::text("orderNo"),
    Column::text("consignmentNo"),
    Column::date("deliveryDate"),
    Column::date("acceptanceDate"),
    Column::text("serviceUserReference"),
    Column::instant("partyEffectiveFrom"),
    Column::text("SMIStatus"),
    Column::instant("SMIStatusDate"),
    Column::instant("installedDate"),
];

const STOCK_COLUMNS: &[Column] = &joined::<24>(&[
    HUB_COLUMNS,
    &[
        Column::text("location"),
        Column::text("palletID"),
        Column::text("boxID"),
        Column::int("monthsHeld"),
        Column::int("daysToInstallationEnd"),
    ],
]);

/// Writes every hub that the filter leaves, of those that this person may see, as a table: the
/// stock report. How many hubs that were.
///
/// Reads in short transactions, so a hub that moves meanwhile stands as it is when it is reached.
pub fn export(
    app: &App,
    actor: &Actor,
    filter: &Filter,
    format: Format,
    out: &mut (dyn Write + Send),
) -> Result<u64> {
    let sight = actor.sight(Action::SeeHubs)?;
    let book = parties::book(&mut app.db.read()?)?;
    let slice = slice(filter, sight, &book)?;
    let today = british_day(app.now());
    let writing = || Error::io("write the table");
    let mut table = Table::new(format, STOCK_COLUMNS, out).map_err(writing())?;
    let mut after = Some(Place::START);
    if !filter.id.trim().is_empty() {
        for row in search(app, actor, filter, None, 1)?.hubs {
            write_row(&mut table, &row, &book, today).map_err(writing())?;
        }
        after = None;
    }
    while let Some(place) = after {
        let mut tx = app.db.read()?;
        let (hubs, next) = store::inventory::page(&mut tx, &slice, place, EXPORT_HUBS)?;
        drop(tx);
        for row in &hubs {
            write_row(&mut table, row, &book, today).map_err(writing())?;
        }
        after = next;
    }
    let hubs = table.rows();
    table.finish().map_err(writing())?;
    Ok(hubs)
}

fn write_row<W: Write + Send>(
    table: &mut Table<W>,
    row: &HubRow,
    book: &PartyBook,
    today: Date,
) -> std::io::Result<()> {
    let d = &row.delivered;
    let since = row.moved_at.unwrap_or_else(|| delivered_at(d));
    let ends = date(&d.installation_end).map(|end| i64::from(days_until(end, today)));
    table.row(&[
        row.id.into(),
        row.gpf.into(),
        Cell::Text(&d.manufacturer),
        Cell::Text(&d.model),
        Cell::Text(&d.hardware_version),
        Cell::Text(&d.firmware_version),
        Cell::Text(&d.chts_version),
        Cell::Text(&d.han_variant),
        Cell::Text(&d.wan_variant),
        Cell::Text(&d.region),
        Cell::Text(&d.order_no),
        Cell::Text(&d.consignment_no),
        date(&d.delivered_on).into(),
        date(&d.accepted_on).into(),
        Cell::Text(book.reference_of(row.party)),
        since.into(),
        Cell::Text(row.status.name()),
        row.status_at.into(),
        row.installed_at.into(),
        Cell::Text(&d.location),
        Cell::Text(&d.pallet_id),
        Cell::Text(&d.box_id),
        months_between(british_day(since), today).into(),
        ends.into(),
    ])
}

/// Whole months from one day to a later one.
fn months_between(from: Date, to: Date) -> i64 {
    let months = (i64::from(to.year()) - i64::from(from.year())) * 12 + i64::from(to.month())
        - i64::from(from.month());
    (months - i64::from(to.day() < from.day())).max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_whole_ones() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        assert_eq!(months_between(day("2026-01-31"), day("2026-02-28")), 0);
        assert_eq!(months_between(day("2026-01-15"), day("2026-11-15")), 10);
        assert_eq!(months_between(day("2025-12-24"), day("2026-11-23")), 10);
        assert_eq!(months_between(day("2026-11-24"), day("2026-11-23")), 0);
    }

    #[test]
    fn a_damaged_cursor_is_refused() {
        assert_eq!(read_cursor("3.4.-5").unwrap(), Place { pallet: 3, pack: 4, hub: -5 });
        for text in ["", "3", "3.4", "a.b.c"] {
            assert!(read_cursor(text).is_err(), "{text}");
        }
    }
}
