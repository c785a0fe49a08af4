//! The board, saved filters, excess stock and the tables of stock rules.

use std::io::Read;

use app::board::{self, SavedFilterRow};
use app::excess::{self, Offered, Picked};
use app::offers::{self, Drafted};
use app::stock_rules::{self, RuleTable};
use app::tables::Format;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::Refusal;
use domain::access::Action;
use domain::board::BoardFilter;
use domain::ids::{PartyId, SavedFilterId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::given::{Cursor, File, Given, IfMatch, Query, reference};
use super::offers::{Offer, OfferMistakes, Specification, mistaken, shown};
use super::requests::{StockRequest, shown as shown_request};
use super::{FileBytes, Page, Problem, at, tag, versioned};
use crate::error_pages::{Failure, blocking};
use crate::session::ApiActor;
use crate::state::AppState;
use crate::streams;

/// The largest file of one of the tables.
const FILE_LIMIT: u64 = 4 << 20;

/// The routes of these capabilities.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(wanted))
        .routes(routes!(export))
        .routes(routes!(filters, save_filter))
        .routes(routes!(show_filter, change_filter, drop_filter))
        .routes(routes!(excess_stock))
        .routes(routes!(offer_excess))
        .routes(routes!(export_table, load_table))
}

/// What is looked for on the board; what is left out does not narrow it.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Which {
    /// Manufacturer.
    manufacturer: Option<String>,
    /// Model.
    model: Option<String>,
    /// A firmware version that is among the offer's.
    firmware: Option<String>,
    /// A HAN or WAN variant.
    variant: Option<String>,
    /// CSP region.
    region: Option<String>,
    /// At least so many hubs are left.
    quantity: Option<i64>,
    /// Available on this day.
    #[param(example = "2026-11-23")]
    date: Option<String>,
    /// Where the page begins: the `next` or `previous` of another one.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    cursor: Cursor,
    /// Items on a page, 1 to 200; 50 where nothing is said.
    limit: Option<u32>,
    /// For a file: `csv` or `xlsx`.
    format: Option<String>,
}

impl Which {
    fn filter(&self) -> Result<BoardFilter, Refusal> {
        let given = |text: &Option<String>| text.clone().unwrap_or_default();
        let date = domain::board::date(self.date.as_deref().unwrap_or_default());
        Ok(BoardFilter {
            manufacturer: given(&self.manufacturer),
            model: given(&self.model),
            firmware: given(&self.firmware),
            variant: given(&self.variant),
            region: given(&self.region),
            quantity: self.quantity,
            date: date.map_err(|message| Refusal::field("date", message))?,
        })
    }
}

/// The published offers that a filter finds, newest first.
#[utoipa::path(get, path = "/board", tag = "offers", operation_id = "list_board",
    params(Which), responses((status = OK, body = Page<Offer>), Problem),
    security(("token" = []), ("session" = [])))]
async fn list(
    State(state): State<AppState>,
    who: ApiActor,
    Query(which): Query<Which>,
) -> Result<Json<Page<Offer>>, Failure> {
    let cursor = which.cursor.clone();
    let found = blocking(move || {
        who.actor.must(Action::SeeBoard)?;
        let part = which.cursor.part(which.limit)?;
        board::offers(&state.app, &who.actor, &which.filter()?, part)
    });
    let found = found.await?;
    let items = found.items.into_iter().map(|listed| shown(listed.row, listed.party));
    Ok(Page::part(items.collect(), &cursor, found.next))
}

/// Where a list goes on.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct From {
    /// Where the page begins: the `next` or `previous` of another one.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    cursor: Cursor,
    /// Items on a page, 1 to 200; 50 where nothing is said.
    limit: Option<u32>,
}

/// The wanted requests on the board, newest first.
#[utoipa::path(get, path = "/board/wanted", tag = "requests", operation_id = "list_wanted",
    params(From), responses((status = OK, body = Page<StockRequest>), Problem),
    security(("token" = []), ("session" = [])))]
async fn wanted(
    State(state): State<AppState>,
    who: ApiActor,
    Query(from): Query<From>,
) -> Result<Json<Page<StockRequest>>, Failure> {
    let cursor = from.cursor.clone();
    let find = move || board::wanted(&state.app, &who.actor, from.cursor.part(from.limit)?);
    let found = blocking(find).await?;
    let items = found.items.into_iter().map(|listed| shown_request(listed.row, listed.party));
    Ok(Page::part(items.collect(), &cursor, found.next))
}

pub(super) fn csv_or_xlsx(word: Option<&str>) -> Result<Format, Refusal> {
    match word {
        None | Some("csv") => Ok(Format::Csv),
        Some("xlsx") => Ok(Format::Xlsx),
        Some(_) => Err(Refusal::field("format", "Give csv or xlsx.")),
    }
}

/// The board as a file, CSV or XLSX.
#[utoipa::path(get, path = "/board/export", tag = "offers", operation_id = "export_board",
    params(Which),
    responses((status = OK, body = FileBytes, content_type = "text/csv"), Problem),
    security(("token" = []), ("session" = [])))]
async fn export(
    State(state): State<AppState>,
    who: ApiActor,
    Query(which): Query<Which>,
) -> Result<Response, Failure> {
    who.actor.must(Action::SeeBoard)?;
    let (filter, format) = (which.filter()?, csv_or_xlsx(which.format.as_deref())?);
    let name = format!("board.{}", format.word());
    streams::download(&name, format.media_type(), move |mut out| {
        board::export(&state.app, &who.actor, &filter, format, &mut out).map(|_| ())
    })
    .await
}

/// A saved filter.
#[derive(Serialize, ToSchema)]
struct SavedFilter {
    /// Its number.
    #[schema(example = "flt-000042")]
    id: String,
    /// What its owner calls it.
    name: String,
    /// The filter, as it stands in the board's address after the question mark.
    filter: String,
    /// Whether its owner is told of new offers that it finds.
    notifies: bool,
    /// Its version, the `ETag` of the same.
    version: i64,
}

fn saved(row: SavedFilterRow) -> SavedFilter {
    SavedFilter {
        version: row.version,
        id: row.id.to_string(),
        name: row.name,
        filter: row.filter,
        notifies: row.notifies,
    }
}

/// The caller's saved filters, by name.
#[utoipa::path(get, path = "/board/filters", tag = "offers", operation_id = "list_filters",
    responses((status = OK, body = Page<SavedFilter>), Problem),
    security(("token" = []), ("session" = [])))]
async fn filters(
    State(state): State<AppState>,
    who: ApiActor,
) -> Result<Json<Page<SavedFilter>>, Failure> {
    let rows = blocking(move || board::filters(&state.app, &who.actor)).await?;
    Ok(Page::whole(rows.into_iter().map(saved).collect()))
}

/// A filter to save.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FilterGiven {
    /// What its owner calls it.
    name: String,
    /// The filter, as it stands in the board's address after the question mark.
    filter: String,
    /// Whether its owner is told of new offers that it finds.
    #[serde(default)]
    notifies: bool,
}

/// Saves a filter of the board.
#[utoipa::path(post, path = "/board/filters", tag = "offers", operation_id = "save_filter",
    request_body = FilterGiven,
    responses((status = CREATED, body = SavedFilter), Problem),
    security(("token" = []), ("session" = [])))]
async fn save_filter(
    State(state): State<AppState>,
    who: ApiActor,
    Given(given): Given<FilterGiven>,
) -> Result<Response, Failure> {
    let made = blocking(move || {
        who.actor.must(Action::SeeBoard)?;
        let filter = BoardFilter::from_query(&given.filter)
            .map_err(|message| Refusal::field("filter", message))?;
        let id = board::save_filter(&state.app, &who.actor, &given.name, &filter, given.notifies)?;
        board::filter(&state.app, &who.actor, id)
    });
    let made = saved(made.await?);
    Ok(at(StatusCode::CREATED, &format!("/board/filters/{}", made.id), made))
}

/// Whether a filter notifies.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Notifies {
    /// Whether its owner is told of new offers that it finds.
    notifies: bool,
}

/// One of the caller's saved filters.
#[utoipa::path(get, path = "/board/filters/{id}", tag = "offers", operation_id = "get_filter",
    params(("id" = String, Path, description = "Its number")),
    responses((status = OK, body = SavedFilter), Problem),
    security(("token" = []), ("session" = [])))]
async fn show_filter(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let row = blocking(move || {
        who.actor.must(Action::SeeBoard)?;
        let id: SavedFilterId = reference(&id, "saved filter")?;
        board::filter(&state.app, &who.actor, id)
    });
    let row = row.await?;
    Ok(versioned(row.version, saved(row)))
}

/// Says whether a saved filter notifies.
#[utoipa::path(put, path = "/board/filters/{id}", tag = "offers", operation_id = "change_filter",
    params(("id" = String, Path, description = "Its number")),
    request_body = Notifies,
    responses((status = OK, body = SavedFilter), Problem),
    security(("token" = []), ("session" = [])))]
async fn change_filter(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    IfMatch(version): IfMatch,
    Given(given): Given<Notifies>,
) -> Result<Response, Failure> {
    let row = blocking(move || {
        who.actor.must(Action::SeeBoard)?;
        let id: SavedFilterId = reference(&id, "saved filter")?;
        board::set_notifies(&state.app, &who.actor, id, version, given.notifies)
    });
    let row = row.await?;
    Ok(versioned(row.version, saved(row)))
}

/// Removes a saved filter.
#[utoipa::path(delete, path = "/board/filters/{id}", tag = "offers", operation_id = "drop_filter",
    params(("id" = String, Path, description = "Its number")),
    responses((status = NO_CONTENT), Problem),
    security(("token" = []), ("session" = [])))]
async fn drop_filter(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    IfMatch(version): IfMatch,
) -> Result<Response, Failure> {
    blocking(move || {
        who.actor.must(Action::SeeBoard)?;
        let id: SavedFilterId = reference(&id, "saved filter")?;
        board::drop_filter(&state.app, &who.actor, id, version)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Whose stock.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Whose {
    /// The Party, for those who see all stock.
    party: Option<String>,
}

/// A pallet of eligible stock, or what of it is of one model.
#[derive(Serialize, ToSchema)]
struct Pallet {
    /// What names it when an offer is drafted of it.
    #[schema(example = "12.3")]
    pick: String,
    /// The pallet's ID; empty where the delivery file gave none.
    pallet_id: String,
    /// The consignment that it came with.
    consignment_no: String,
    /// How many hubs.
    hubs: i64,
    /// Whether it is as full as a pallet usually is.
    is_whole: bool,
    /// Whole months since its delivery.
    months_held: i64,
    /// Days to its installation end date.
    days_left: Option<i64>,
    /// Firmware version.
    firmware_version: String,
    /// How many of its hubs an offer lists.
    listed: i64,
    /// Whether it can be offered: no offer lists hubs of it, and as many of its kind are not promised.
    can_be_offered: bool,
}

/// Eligible stock of one specification at one place.
#[derive(Serialize, ToSchema)]
struct Excess {
    /// What stock.
    specification: Specification,
    /// Where it was delivered.
    location: String,
    /// How many hubs.
    hubs: i64,
    /// Its pallets, whole ones first.
    pallets: Vec<Pallet>,
}

/// The own Party's eligible stock by specification and location, the oldest first.
#[utoipa::path(get, path = "/excess", tag = "offers", operation_id = "list_excess",
    params(Whose), responses((status = OK, body = Page<Excess>), Problem),
    security(("token" = []), ("session" = [])))]
async fn excess_stock(
    State(state): State<AppState>,
    who: ApiActor,
    Query(whose): Query<Whose>,
) -> Result<Json<Page<Excess>>, Failure> {
    let groups = blocking(move || {
        who.actor.must(Action::SeeStock)?;
        let party = whose.party.as_deref().map(|party| reference::<PartyId>(party, "Party"));
        excess::own(&state.app, &who.actor, party.transpose()?)
    });
    let pallet = |pallet: excess::ExcessPallet| Pallet {
        pick: Picked::of(&pallet.stock).to_string(),
        pallet_id: pallet.stock.pallet_id,
        consignment_no: pallet.stock.consignment_no,
        hubs: pallet.stock.hubs,
        is_whole: pallet.is_whole,
        months_held: pallet.months_held,
        days_left: pallet.days_left,
        firmware_version: pallet.stock.model.firmware_version,
        listed: pallet.listed,
        can_be_offered: pallet.can_be_offered,
    };
    let shown = groups.await?.into_iter().map(|group| Excess {
        specification: group.specification.into(),
        location: group.location,
        hubs: group.hubs,
        pallets: group.pallets.into_iter().map(pallet).collect(),
    });
    Ok(Page::whole(shown.collect()))
}

/// Which pallets become an offer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PalletsGiven {
    /// The Party, where the DCC acts for one.
    party: Option<String>,
    /// What names the pallets; they are of one specification.
    picks: Vec<String>,
    /// Whether the offer lists their hubs' device IDs.
    #[serde(default)]
    lists_ids: bool,
}

/// Drafts an offer of chosen pallets.
#[utoipa::path(post, path = "/excess/offer", tag = "offers", operation_id = "offer_excess",
    request_body = PalletsGiven,
    responses((status = CREATED, body = Offer),
        (status = UNPROCESSABLE_ENTITY, body = OfferMistakes,
            description = "IDs that can't be offered; nothing was changed"), Problem),
    security(("token" = []), ("session" = [])))]
async fn offer_excess(
    State(state): State<AppState>,
    who: ApiActor,
    Given(given): Given<PalletsGiven>,
) -> Result<Response, Failure> {
    let made = blocking(move || {
        who.actor.must(Action::ManageOffers)?;
        let party = given.party.as_deref().map(|party| reference::<PartyId>(party, "Party"));
        let picks: Result<Vec<Picked>, Refusal> =
            given.picks.iter().map(|text| text.parse()).collect();
        let how = if given.lists_ids { Offered::WithIds } else { Offered::ByQuantity };
        let party = party.transpose()?;
        Ok(match excess::draft_offer(&state.app, &who.actor, party, &picks?, how)? {
            Drafted::Offer(id) => Ok(offers::get(&state.app, &who.actor, id)?),
            Drafted::Mistakes(mistakes) => Err(mistakes),
        })
    });
    Ok(match made.await? {
        Ok(view) => {
            let path = format!("/offers/{}", view.row.id);
            at(StatusCode::CREATED, &path, shown(view.row, view.party))
        }
        Err(mistakes) => mistaken(mistakes),
    })
}

/// In which form.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Form {
    /// `csv` or `xlsx`.
    pub(super) format: Option<String>,
}

fn table_in(word: &str) -> Result<RuleTable, Refusal> {
    RuleTable::from_word(word).ok_or_else(|| Refusal::not_found("table of stock rules"))
}

/// One of the tables that the DCC edits, as a file: `interchangeability`, `installation-ends` or
/// `holidays`.
#[utoipa::path(get, path = "/stock-rules/{table}", tag = "stock rules",
    operation_id = "export_stock_rules",
    params(("table" = String, Path, description = "Which table"), Form),
    responses((status = OK, body = FileBytes, content_type = "text/csv"), Problem),
    security(("token" = []), ("session" = [])))]
async fn export_table(
    State(state): State<AppState>,
    who: ApiActor,
    Path(table): Path<String>,
    Query(form): Query<Form>,
) -> Result<Response, Failure> {
    who.actor.must(Action::SeeStockRules)?;
    let (table, format) = (table_in(&table)?, csv_or_xlsx(form.format.as_deref())?);
    let name = format!("{}.{}", table.word(), format.word());
    let (app, actor) = (state.app.clone(), who.actor.clone());
    let version = blocking(move || stock_rules::version(&app, &actor, table)).await?;
    let file = streams::download(&name, format.media_type(), move |mut out| {
        stock_rules::export(&state.app, &who.actor, table, format, &mut out).map(|_| ())
    });
    Ok((tag(version), file.await?).into_response())
}

/// What a file changed.
#[derive(Serialize, ToSchema)]
struct Changed {
    /// Rows that were put in or changed.
    set: usize,
    /// Rows that were taken out, because the file does not have them.
    dropped: usize,
}

/// Makes one of the tables what a file says, CSV or XLSX. A file with mistakes changes nothing.
#[utoipa::path(put, path = "/stock-rules/{table}", tag = "stock rules",
    operation_id = "load_stock_rules",
    params(("table" = String, Path, description = "Which table")),
    request_body(content = FileBytes, content_type = "text/csv"),
    responses((status = OK, body = Changed),
        (status = UNPROCESSABLE_ENTITY, body = OfferMistakes,
            description = "Lines with mistakes; nothing was changed"), Problem),
    security(("token" = []), ("session" = [])))]
async fn load_table(
    State(state): State<AppState>,
    who: ApiActor,
    Path(table): Path<String>,
    IfMatch(version): IfMatch,
    File(body): File,
) -> Result<Response, Failure> {
    who.actor.must(Action::ChangeStockRules)?;
    let table = table_in(&table)?;
    let loaded = streams::feed(body.into_data_stream(), move |source| {
        let mut bytes = Vec::new();
        let read = source.take(FILE_LIMIT + 1).read_to_end(&mut bytes);
        read.map_err(app::Error::io("read what was sent"))?;
        if bytes.len() as u64 > FILE_LIMIT {
            return Err(app::files::too_large(FILE_LIMIT).into());
        }
        stock_rules::load(&state.app, &who.actor, table, version, &bytes)
    });
    Ok(match loaded.await? {
        Ok(changed) => Json(Changed { set: changed.set, dropped: changed.dropped }).into_response(),
        Err(mistakes) => mistaken(mistakes),
    })
}
