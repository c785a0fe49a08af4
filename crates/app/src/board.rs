//! The board: published offers and wanted requests, saved filters, and what is matched.

use std::io::Write;

use domain::Refusal;
use domain::access::{Action, Actor, Reach};
use domain::board::{BoardFilter, OnTheBoard};
use domain::ids::{OfferId, PartyId, RequestId, SavedFilterId, UserId};
use domain::parties::PartyBook;
use domain::stock_rules::Suits;
use domain::timers::british_day;
use store::Tx;
use store::board as rows;
use store::journal::EntryRow;
use store::offers::OfferRow;
use store::requests::RequestRow;

use crate::journal::{By, Event, Match, enact};
use crate::offers::{Seen, redact, shows_names};
use crate::pages::Part;
use crate::tables::{Cell, Column, Format, Table};
use crate::transfer_files::Page;
use crate::{App, Error, Result, stock_rules, versions};

/// A filter that a person saved, and a wanted request that was matched with an offer.
pub use store::board::{MatchRow, SavedFilterRow};

/// Filters that one person may save for one organisation.
const MOST_FILTERS: usize = 50;
/// Offers or wanted requests that one publication or request is matched with, the newest.
const MOST_MATCHES: i64 = 1000;

/// An offer or a wanted request on the board, with its Party's name where that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<T> {
    /// What it is; what this person may not see of it is empty.
    pub row: T,
    /// Whose it is, where that is shown.
    pub party: Option<String>,
    /// Whether it is the person's own Party's.
    pub is_own: bool,
}

/// The published offers that a filter finds, newest first.
pub fn offers(
    app: &App,
    actor: &Actor,
    filter: &BoardFilter,
    part: Part,
) -> Result<Page<Listed<OfferRow>>> {
    actor.must(Action::SeeBoard)?;
    let mut tx = app.db.read()?;
    let book = crate::parties::book(&mut tx)?;
    let mut found = rows::offers(&mut tx, filter, part.before, part.rows())?;
    let next = part.cut(&mut found, |row| row.id.0);
    let names = shows_names(&mut tx)?;
    let items = found.into_iter().map(|row| listed(actor, &book, row, names)).collect();
    Ok(Page { items, next })
}

fn listed(actor: &Actor, book: &PartyBook, mut row: OfferRow, names: bool) -> Listed<OfferRow> {
    let is_own = actor.party() == Some(row.party);
    let seen = if sees(actor, row.party) { Seen::Whole } else { Seen::Board };
    let party = redact(book, &mut row, seen, names);
    Listed { row, party, is_own }
}

fn sees(actor: &Actor, party: PartyId) -> bool {
    match actor.reach(Action::SeeOffers) {
        Reach::All => true,
        Reach::Own => actor.party() == Some(party),
        Reach::Nothing => false,
    }
}

/// The wanted requests, newest first. A request's location is only its own Party's to see.
pub fn wanted(app: &App, actor: &Actor, part: Part) -> Result<Page<Listed<RequestRow>>> {
    actor.must(Action::SeeBoard)?;
    let mut tx = app.db.read()?;
    let book = crate::parties::book(&mut tx)?;
    let names = shows_names(&mut tx)?;
    let mut found = store::requests::wanted(&mut tx, part.before, part.rows())?;
    let next = part.cut(&mut found, |row| row.id.0);
    let show = |mut row: RequestRow| {
        let whole = sees(actor, row.party);
        if !whole {
            row.asked.location = String::new();
            row.created_by = None;
            row.reason = None;
        }
        let name = book.by_id(row.party).map(|party| party.details.legal_name.clone());
        let is_own = actor.party() == Some(row.party);
        Listed { row, party: name.filter(|_| whole || names), is_own }
    };
    Ok(Page { items: found.into_iter().map(show).collect(), next })
}

const COLUMNS: &[Column] = &[
    Column::text("reference"),
    Column::text("manufacturer"),
    Column::text("model"),
    Column::text("HANVariant"),
    Column::text("WANVariant"),
    Column::int("offered"),
    Column::int("allocated"),
    Column::int("left"),
    Column::text("region"),
    Column::date("from"),
    Column::date("until"),
    Column::text("status"),
];

/// Writes the board as a table: the offers that the filter finds, then the wanted requests that it
/// finds, which have nothing offered. How many rows that were.
pub fn export(
    app: &App,
    actor: &Actor,
    filter: &BoardFilter,
    format: Format,
    out: &mut (dyn Write + Send),
) -> Result<u64> {
    let writing = || Error::io("write the table");
    let mut table = Table::new(format, COLUMNS, out).map_err(writing())?;
    let mut part = Some(Part::FIRST);
    while let Some(at) = part {
        let page = offers(app, actor, filter, at)?;
        for listed in &page.items {
            write_offer(&mut table, &listed.row).map_err(writing())?;
        }
        part = page.next.map(|next| Some(next).into());
    }
    let mut part = Some(Part::FIRST);
    while let Some(at) = part {
        let page = wanted(app, actor, at)?;
        for listed in page.items.iter().filter(|listed| {
            let row = &listed.row;
            filter.finds_wanted(&row.specification, row.asked.quantity, row.asked.needed_by)
        }) {
            write_wanted(&mut table, &listed.row).map_err(writing())?;
        }
        part = page.next.map(|next| Some(next).into());
    }
    let written = table.rows();
    table.finish().map_err(writing())?;
    Ok(written)
}

fn write_offer<W: Write + Send>(table: &mut Table<W>, row: &OfferRow) -> std::io::Result<()> {
    let s = &row.specification;
    table.row(&[
        Cell::Text(&row.id.to_string()),
        Cell::Text(&s.manufacturer),
        Cell::Text(&s.model),
        Cell::Text(&s.han_variant),
        Cell::Text(&s.wan_variant),
        row.terms.quantity.into(),
        row.allocated.into(),
        row.left().into(),
        Cell::Text(&s.region),
        row.terms.available_from.into(),
        row.terms.available_until.into(),
        Cell::Text(row.state.name()),
    ])
}

fn write_wanted<W: Write + Send>(table: &mut Table<W>, row: &RequestRow) -> std::io::Result<()> {
    let s = &row.specification;
    table.row(&[
        Cell::Text(&row.id.to_string()),
        Cell::Text(&s.manufacturer),
        Cell::Text(&s.model),
        Cell::Text(&s.han_variant),
        Cell::Text(&s.wan_variant),
        Cell::Empty,
        row.allocated.into(),
        (row.asked.quantity - row.allocated).into(),
        Cell::Text(&s.region),
        Cell::Empty,
        row.asked.needed_by.into(),
        Cell::Text("Wanted"),
    ])
}

/// The saved filters of this person.
pub fn filters(app: &App, actor: &Actor) -> Result<Vec<SavedFilterRow>> {
    actor.must(Action::SeeBoard)?;
    Ok(rows::filters_of(&mut app.db.read()?, actor.user, actor.organisation.number())?)
}

/// One saved filter of this person.
pub fn filter(app: &App, actor: &Actor, id: SavedFilterId) -> Result<SavedFilterRow> {
    actor.must(Action::SeeBoard)?;
    own_filter(&mut app.db.read()?, actor, id)
}

/// Saves a filter of the board under a name.
pub fn save_filter(
    app: &App,
    actor: &Actor,
    name: &str,
    filter: &BoardFilter,
    notifies: bool,
) -> Result<SavedFilterId> {
    actor.must(Action::SeeBoard)?;
    actor.must(Action::ReadNotices)?;
    let name = name.trim();
    if !(1..=100).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        let message = "Enter a name for the filter, at most 100 characters.";
        return Err(Refusal::field("name", message).into());
    }
    let organisation = actor.organisation.number();
    let mut tx = app.db.write()?;
    let saved = rows::filters_of(&mut tx, actor.user, organisation)?;
    if saved.iter().any(|row| row.name == name) {
        let message = "You have a filter of this name. Enter another, or remove that one.";
        return Err(Refusal::field("name", message).into());
    }
    if saved.len() >= MOST_FILTERS {
        let message = format!("You have {MOST_FILTERS} saved filters. Remove one first.");
        return Err(Refusal::field("name", message).into());
    }
    let id = tx.next_id("saved_filters")?;
    let event = Event::FilterSaved {
        filter: id,
        user: actor.user.0,
        organisation,
        name: name.to_owned(),
        query: filter.query(),
        notifies,
    };
    enact(&mut tx, app, By::from(actor), &event)?;
    tx.commit()?;
    Ok(SavedFilterId(id))
}

/// Says whether a saved filter notifies.
pub fn set_notifies(
    app: &App,
    actor: &Actor,
    id: SavedFilterId,
    version: Option<i64>,
    notifies: bool,
) -> Result<SavedFilterRow> {
    actor.must(Action::SeeBoard)?;
    actor.must(Action::ReadNotices)?;
    let mut tx = app.db.write()?;
    let row = own_filter(&mut tx, actor, id)?;
    versions::must_be(version, row.version)?;
    if row.notifies != notifies {
        let event = Event::FilterChanged { filter: id.0, notifies };
        enact(&mut tx, app, By::from(actor), &event)?;
    }
    let row = own_filter(&mut tx, actor, id)?;
    tx.commit()?;
    Ok(row)
}

/// Removes a saved filter.
pub fn drop_filter(
    app: &App,
    actor: &Actor,
    id: SavedFilterId,
    version: Option<i64>,
) -> Result<()> {
    actor.must(Action::SeeBoard)?;
    actor.must(Action::ReadNotices)?;
    let mut tx = app.db.write()?;
    let row = own_filter(&mut tx, actor, id)?;
    versions::must_be(version, row.version)?;
    enact(&mut tx, app, By::from(actor), &Event::FilterDropped { filter: id.0 })?;
    Ok(tx.commit()?)
}

fn own_filter(tx: &mut Tx, actor: &Actor, id: SavedFilterId) -> Result<SavedFilterRow> {
    let organisation = actor.organisation.number();
    Ok(rows::load_filter(tx, id)?
        .filter(|row| row.owner == actor.user && row.organisation == organisation)
        .ok_or_else(|| Refusal::not_found("saved filter"))?)
}

/// The saved filters that notify and find this offer, but not those of its own Party.
pub fn filters_matching(tx: &mut Tx, offer: OfferId) -> Result<Vec<SavedFilterRow>> {
    let Some(row) = store::offers::load(tx, offer)? else { return Ok(Vec::new()) };
    let firmware = store::offers::firmware(tx, offer)?;
    let mut found = rows::notifying(tx)?;
    found.retain(|saved| {
        saved.organisation != row.party.0
            && BoardFilter::from_query(&saved.filter).is_ok_and(|filter| {
                filter.finds(OnTheBoard {
                    specification: &row.specification,
                    firmware: &firmware,
                    left: row.left(),
                    available_from: row.terms.available_from,
                    available_until: row.terms.available_until,
                })
            })
    });
    Ok(found)
}

/// Matches an offer that was just published with the wanted requests that it suits.
pub(crate) fn match_offer(tx: &mut Tx, app: &App, offer: &OfferRow) -> Result<()> {
    let wanted = store::requests::wanted(tx, None, MOST_MATCHES)?;
    let pairs: Vec<_> = wanted.iter().map(|request| (offer, request)).collect();
    note_matches(tx, app, &pairs)
}

/// Matches a wanted request with the offers on the board that suit it.
pub(crate) fn match_wanted(tx: &mut Tx, app: &App, request: RequestId) -> Result<()> {
    let Some(row) = store::requests::load(tx, request)? else { return Ok(()) };
    let filter = BoardFilter::default();
    let mut offers = rows::offers(tx, &filter, None, MOST_MATCHES)?;
    let now = app.now();
    offers.retain(|offer| offer.facts().takes_requests(now));
    let before = rows::matches_of_request(tx, request)?;
    offers.retain(|offer| !before.iter().any(|matched| matched.offer == offer.id));
    let pairs: Vec<_> = offers.iter().map(|offer| (offer, &row)).collect();
    note_matches(tx, app, &pairs)
}

fn note_matches(tx: &mut Tx, app: &App, pairs: &[(&OfferRow, &RequestRow)]) -> Result<()> {
    let table = stock_rules::table(tx)?;
    let today = british_day(app.now());
    let mut matches = Vec::new();
    for (offer, request) in pairs {
        let in_time = request
            .asked
            .needed_by
            .is_none_or(|day| day >= today && offer.terms.available_from <= day);
        if offer.party == request.party || !in_time || offer.left() < request.asked.minimum {
            continue;
        }
        let warning = match table.suits(&offer.specification, &request.specification) {
            Suits::No(_) => continue,
            Suits::Yes => String::new(),
            Suits::WithWarning(warning) => warning,
        };
        matches.push(Match { offer: offer.id.0, request: request.id.0, warning });
    }
    if !matches.is_empty() {
        enact(tx, app, By::SYSTEM, &Event::WantedMatched { matches })?;
    }
    Ok(())
}

/// Does an entry of this capability again; the operation itself goes through here.
pub fn redo(tx: &mut Tx, entry: &EntryRow, event: &Event) -> Result<()> {
    match event {
        Event::WantedMatched { matches } => {
            let matched = |pair: &Match| MatchRow {
                offer: OfferId(pair.offer),
                request: RequestId(pair.request),
                warning: pair.warning.clone(),
                matched_at: entry.at,
            };
            rows::insert_matches(tx, &matches.iter().map(matched).collect::<Vec<_>>())?;
        }
        Event::FilterSaved { filter, user, organisation, name, query, notifies } => {
            let row = SavedFilterRow {
                id: SavedFilterId(*filter),
                owner: UserId(*user),
                organisation: *organisation,
                name: name.clone(),
                filter: query.clone(),
                notifies: *notifies,
                created_at: entry.at,
                version: 1,
            };
            rows::insert_filter(tx, &row)?;
        }
        Event::FilterChanged { filter, notifies } => {
            rows::set_notifies(tx, SavedFilterId(*filter), *notifies)?;
        }
        Event::FilterDropped { filter } => rows::drop_filter(tx, SavedFilterId(*filter))?,
        _ => {}
    }
    Ok(())
}
