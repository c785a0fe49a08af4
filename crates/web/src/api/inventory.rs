//! Hubs: one with its life, slices of the inventory, counts, quarantine.

use app::inventory::{self, Delivered, Filter, HubLife, HubRow, StockRow, Why};
use app::tables::Format;
use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use domain::Refusal;
use domain::access::Action;
use domain::parties::PartyBook;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::given::{Cursor, Given, IfMatch, Query, limit};
use super::people::Reason;
use super::{FileBytes, Page, Problem, versioned};
use crate::error_pages::{Failure, blocking};
use crate::session::ApiActor;
use crate::state::AppState;
use crate::streams;

/// The routes of this capability.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(search))
        .routes(routes!(export))
        .routes(routes!(show))
        .routes(routes!(quarantine))
        .routes(routes!(release))
        .routes(routes!(stock))
}

/// Which hubs; what is absent does not narrow the slice.
#[derive(Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct Which {
    /// The CHF or GPF ID, in any spelling.
    id: String,
    /// A signifier or a service user reference.
    party: String,
    /// The SMI status.
    #[param(example = "Pending")]
    status: String,
    /// The pallet ID.
    pallet: String,
    /// The box ID.
    #[serde(rename = "box")]
    #[param(rename = "box")]
    box_id: String,
    /// The consignment number.
    consignment: String,
    /// The order number.
    order: String,
    /// The manufacturer.
    manufacturer: String,
    /// The model.
    model: String,
    /// The firmware version.
    firmware: String,
    /// The region.
    region: String,
}

/// Which part of the slice.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Part {
    /// Where the page begins: the `next` or `previous` of another one.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    cursor: Cursor,
    /// Items on a page, 1 to 200; 50 where nothing is said.
    limit: Option<u32>,
}

/// As what.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct As {
    /// What to export: `csv` (the default), `xlsx` or `parquet`.
    format: Option<String>,
}

/// Which stock; what is absent does not narrow it.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct WhichStock {
    /// A signifier or a service user reference.
    party: String,
    /// The SMI status.
    #[param(example = "Pending")]
    status: String,
    /// The model.
    model: String,
    /// The region.
    region: String,
}

impl From<WhichStock> for Filter {
    fn from(which: WhichStock) -> Filter {
        let WhichStock { party, status, model, region } = which;
        Filter { party, status, model, region, ..Filter::default() }
    }
}

impl From<Which> for Filter {
    fn from(which: Which) -> Filter {
        Filter {
            id: which.id,
            party: which.party,
            status: which.status,
            pallet: which.pallet,
            box_id: which.box_id,
            consignment: which.consignment,
            order: which.order,
            manufacturer: which.manufacturer,
            model: which.model,
            firmware: which.firmware,
            region: which.region,
        }
    }
}

/// What a hub's delivery says of it.
#[derive(Serialize, ToSchema)]
struct Delivery {
    /// The manufacturer.
    manufacturer: String,
    /// The model.
    model: String,
    /// The hardware version.
    hardware_version: String,
    /// The firmware version.
    firmware_version: String,
    /// The CHTS version.
    chts_version: String,
    /// The GBCS version.
    gbcs_version: String,
    /// The HAN variant.
    han_variant: String,
    /// The WAN variant.
    wan_variant: String,
    /// The region.
    region: String,
    /// The order number.
    order_no: String,
    /// The consignment number.
    consignment_no: String,
    /// The pallet ID.
    pallet_id: String,
    /// The box ID.
    box_id: String,
    /// The day of delivery.
    delivered_on: String,
    /// The day of acceptance; empty before.
    accepted_on: String,
    /// The delivery location.
    location: String,
    /// The last day on which the hub may be installed; empty where there is none.
    installation_end: String,
    /// Whether it is a test hub, which never moves.
    is_test: bool,
}

impl From<Delivered> for Delivery {
    fn from(d: Delivered) -> Delivery {
        Delivery {
            manufacturer: d.manufacturer,
            model: d.model,
            hardware_version: d.hardware_version,
            firmware_version: d.firmware_version,
            chts_version: d.chts_version,
            gbcs_version: d.gbcs_version,
            han_variant: d.han_variant,
            wan_variant: d.wan_variant,
            region: d.region,
            order_no: d.order_no,
            consignment_no: d.consignment_no,
            pallet_id: d.pallet_id,
            box_id: d.box_id,
            delivered_on: d.delivered_on,
            accepted_on: d.accepted_on,
            location: d.location,
            installation_end: d.installation_end,
            is_test: d.is_test,
        }
    }
}

/// A hub in a list.
#[derive(Serialize, ToSchema)]
struct Hub {
    /// The CHF ID.
    #[schema(example = "00-DB-12-34-56-78-90-A2")]
    chf: String,
    /// The GPF ID.
    gpf: String,
    /// The signifier of the responsible Party.
    party: String,
    /// The SMI status.
    status: &'static str,
    /// Since when.
    #[schema(format = DateTime)]
    status_since: String,
    /// When it was first installed.
    #[schema(format = DateTime)]
    installed_at: Option<String>,
    /// When it last moved to another Party.
    #[schema(format = DateTime)]
    moved_at: Option<String>,
    /// Whether it is kept from moving.
    is_quarantined: bool,
    /// What its delivery says.
    delivery: Delivery,
}

fn hub(row: HubRow, parties: &PartyBook) -> Hub {
    let party = parties.by_id(row.party).map(|party| party.details.signifier.clone());
    Hub {
        chf: row.id.to_string(),
        gpf: row.gpf.to_string(),
        party: party.unwrap_or_default(),
        status: row.status.name(),
        status_since: row.status_at.to_string(),
        installed_at: row.installed_at.map(|at| at.to_string()),
        moved_at: row.moved_at.map(|at| at.to_string()),
        is_quarantined: row.quarantined,
        delivery: row.delivered.into(),
    }
}

/// Hubs of a slice of the inventory.
#[utoipa::path(get, path = "/hubs", tag = "inventory", operation_id = "search_hubs",
    params(Which, Part), responses((status = OK, body = Page<Hub>), Problem),
    security(("token" = []), ("session" = [])))]
async fn search(
    State(state): State<AppState>,
    who: ApiActor,
    Query(which): Query<Which>,
    Query(Part { cursor, limit: wanted }): Query<Part>,
) -> Result<Json<Page<Hub>>, Failure> {
    let (at, limit) = (cursor.place::<String>()?, limit(wanted));
    let find =
        move || inventory::search(&state.app, &who.actor, &which.into(), at.as_deref(), limit);
    let page = blocking(find).await?;
    let items = page.hubs.into_iter().map(|row| hub(row, &page.parties)).collect();
    Ok(Page::part(items, &cursor, page.next))
}

/// A slice of the inventory as a file.
#[utoipa::path(get, path = "/hubs/export", tag = "inventory", operation_id = "export_hubs",
    params(Which, As),
    responses((status = OK, description = "The file, in the format asked for",
        content_type = "application/octet-stream", body = FileBytes), Problem),
    security(("token" = []), ("session" = [])))]
async fn export(
    State(state): State<AppState>,
    who: ApiActor,
    Query(which): Query<Which>,
    Query(As { format }): Query<As>,
) -> Result<Response, Failure> {
    who.actor.must(Action::SeeHubs)?;
    let format = format.as_deref().unwrap_or("csv");
    let unknown = || Refusal::field("format", "A format is csv, xlsx or parquet.");
    let format = Format::from_word(format).ok_or_else(unknown)?;
    let name = format!("hubs.{}", format.word());
    streams::download(&name, format.media_type(), move |mut out| {
        inventory::export(&state.app, &who.actor, &which.into(), format, &mut out)?;
        Ok(())
    })
    .await
}

/// Everything that a hub is and has been.
#[derive(Serialize, ToSchema)]
struct HubHistory {
    /// The CHF ID.
    #[schema(example = "00-DB-12-34-56-78-90-A2")]
    chf: String,
    /// The GPF ID.
    gpf: String,
    /// Whether it was asked for by its GPF ID.
    asked_by_gpf: bool,
    /// Things about the ID that a person should look at.
    warnings: Vec<&'static str>,
    /// The signifier of the responsible Party.
    party: String,
    /// Since when.
    #[schema(format = DateTime)]
    party_since: String,
    /// The SMI status.
    status: &'static str,
    /// Since when.
    #[schema(format = DateTime)]
    status_since: String,
    /// When it was first installed.
    #[schema(format = DateTime)]
    installed_at: Option<String>,
    /// Days until the installation end date, negative after it.
    days_left: Option<i32>,
    /// Whether it is kept from moving.
    is_quarantined: bool,
    /// What its delivery says.
    delivery: Delivery,
    /// Every responsible Party, the first one first, without gap or overlap.
    parties: Vec<PartyPeriod>,
    /// Every status, the first one first.
    statuses: Vec<StatusPeriod>,
}

/// A Party's time of being responsible.
#[derive(Serialize, ToSchema)]
struct PartyPeriod {
    /// The Party's signifier.
    party: String,
    /// From this instant.
    #[schema(format = DateTime)]
    from: String,
    /// Up to this instant; absent for the Party that is responsible now.
    #[schema(format = DateTime)]
    until: Option<String>,
    /// What made it responsible: `delivery`, a transfer file or an import.
    #[schema(example = "ctf-000042")]
    by: String,
}

/// A time in one status.
#[derive(Serialize, ToSchema)]
struct StatusPeriod {
    /// The status.
    status: &'static str,
    /// From this instant.
    #[schema(format = DateTime)]
    from: String,
    /// The import that said so; absent for the delivery.
    import: Option<String>,
}

fn history(life: HubLife) -> HubHistory {
    let by = |why: Why| match why {
        Why::Delivered => "delivery".to_owned(),
        Why::TransferFile(id, _) => id.to_string(),
        Why::Snapshot(id) => id.to_string(),
    };
    let parties = life.parties.into_iter().map(|period| PartyPeriod {
        party: period.party.details.signifier,
        from: period.from.to_string(),
        until: period.until.map(|until| until.to_string()),
        by: by(period.why),
    });
    let statuses = life.statuses.into_iter().map(|period| StatusPeriod {
        status: period.status.name(),
        from: period.from.to_string(),
        import: period.import.map(|import| import.to_string()),
    });
    HubHistory {
        chf: life.chf.to_string(),
        gpf: life.gpf.to_string(),
        asked_by_gpf: life.asked_by_gpf,
        warnings: life.warnings,
        party: life.party.details.signifier,
        party_since: life.party_since.to_string(),
        status: life.status.name(),
        status_since: life.status_since.to_string(),
        installed_at: life.installed_at.map(|at| at.to_string()),
        days_left: life.days_left,
        is_quarantined: life.quarantined,
        delivery: life.delivered.into(),
        parties: parties.collect(),
        statuses: statuses.collect(),
    }
}

/// One hub, by any spelling of its CHF or GPF ID: everything that it is and has been.
#[utoipa::path(get, path = "/hubs/{id}", tag = "inventory", operation_id = "get_hub",
    params(("id" = String, Path, description = "The CHF or GPF ID",
        example = "00-DB-12-34-56-78-90-A2")),
    responses((status = OK, body = HubHistory), Problem),
    security(("token" = []), ("session" = [])))]
async fn show(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let life = blocking(move || inventory::hub(&state.app, &who.actor, &id)).await?;
    Ok(versioned(life.version, history(life)))
}

/// Keeps a hub from moving.
#[utoipa::path(post, path = "/hubs/{id}/quarantine", tag = "inventory",
    operation_id = "quarantine_hub",
    params(("id" = String, Path, description = "The CHF or GPF ID")),
    request_body = Reason,
    responses((status = OK, body = HubHistory), Problem),
    security(("token" = []), ("session" = [])))]
async fn quarantine(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    IfMatch(version): IfMatch,
    Given(Reason { reason }): Given<Reason>,
) -> Result<Response, Failure> {
    let life = blocking(move || {
        inventory::quarantine(&state.app, &who.actor, &id, version, &reason)?;
        inventory::hub(&state.app, &who.actor, &id)
    });
    let life = life.await?;
    Ok(versioned(life.version, history(life)))
}

/// Lets a hub move again.
#[utoipa::path(post, path = "/hubs/{id}/release", tag = "inventory", operation_id = "release_hub",
    params(("id" = String, Path, description = "The CHF or GPF ID")),
    request_body = Reason,
    responses((status = OK, body = HubHistory), Problem),
    security(("token" = []), ("session" = [])))]
async fn release(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    IfMatch(version): IfMatch,
    Given(Reason { reason }): Given<Reason>,
) -> Result<Response, Failure> {
    let life = blocking(move || {
        inventory::release(&state.app, &who.actor, &id, version, &reason)?;
        inventory::hub(&state.app, &who.actor, &id)
    });
    let life = life.await?;
    Ok(versioned(life.version, history(life)))
}

/// How many hubs of one model in one region a Party has in one status.
#[derive(Serialize, ToSchema)]
struct Stock {
    /// The Party's signifier.
    party: String,
    /// Its legal name.
    party_name: String,
    /// The manufacturer.
    manufacturer: String,
    /// The model.
    model: String,
    /// The hardware version.
    hardware_version: String,
    /// The firmware version.
    firmware_version: String,
    /// The HAN variant.
    han_variant: String,
    /// The WAN variant.
    wan_variant: String,
    /// The region.
    region: String,
    /// The SMI status.
    status: &'static str,
    /// How many.
    hubs: i64,
}

fn counted(row: StockRow) -> Stock {
    Stock {
        party: row.signifier,
        party_name: row.party_name,
        manufacturer: row.manufacturer,
        model: row.model,
        hardware_version: row.hardware_version,
        firmware_version: row.firmware_version,
        han_variant: row.han_variant,
        wan_variant: row.wan_variant,
        region: row.region,
        status: row.status.name(),
        hubs: row.hubs,
    }
}

/// Counts by Party, model, region and status, from the kept summary.
#[utoipa::path(get, path = "/stock", tag = "inventory", operation_id = "count_stock",
    params(WhichStock), responses((status = OK, body = Page<Stock>), Problem),
    security(("token" = []), ("session" = [])))]
async fn stock(
    State(state): State<AppState>,
    who: ApiActor,
    Query(which): Query<WhichStock>,
) -> Result<Json<Page<Stock>>, Failure> {
    let rows = blocking(move || inventory::stock(&state.app, &who.actor, &which.into())).await?;
    Ok(Page::whole(rows.into_iter().map(counted).collect()))
}
