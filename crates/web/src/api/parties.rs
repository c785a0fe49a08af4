//! Parties.

use app::App;
use app::parties::{self, PartyFilter, PartyRow};
use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use domain::Refusal;
use domain::access::Action;
use domain::ids::PartyId;
use domain::parties::{Category, PartyDetails, PartyStatus};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::given::{Given, IfMatch, Query};
use super::{Page, Problem, versioned};
use crate::error_pages::{Failure, blocking};
use crate::session::ApiActor;
use crate::state::AppState;

/// The routes of this capability.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show, change))
}

/// A Party.
#[derive(Serialize, ToSchema)]
struct Party {
    /// Its number.
    #[schema(example = "pty-000001")]
    id: String,
    /// What it is.
    #[serde(flatten)]
    details: PartyFacts,
    /// How often it was changed: its ETag.
    version: i64,
}

/// What a Party is.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PartyFacts {
    /// The short code that SECCo issues.
    signifier: String,
    /// Its legal name.
    legal_name: String,
    /// Its category.
    #[schema(example = "Large Supplier")]
    category: String,
    /// The group of companies it belongs to; empty for none.
    group: String,
    /// Its EUI-64 user IDs, with space between them; empty for none.
    user_ids: String,
    /// The code that stands for it in files.
    service_user_reference: String,
    /// Whether it takes part.
    #[schema(example = "Active")]
    status: String,
    /// Whether hubs may be moved to it.
    may_hold_hubs: bool,
}

impl PartyFacts {
    fn parse(self) -> Result<PartyDetails, Refusal> {
        Ok(PartyDetails {
            category: category(&self.category)?,
            status: status(&self.status)?,
            signifier: self.signifier,
            legal_name: self.legal_name,
            group: self.group,
            user_ids: self.user_ids,
            service_user_reference: self.service_user_reference,
            may_hold_hubs: self.may_hold_hubs,
        })
    }
}

fn category(name: &str) -> Result<Category, Refusal> {
    let names: Vec<&str> = Category::ALL.iter().copied().map(Category::name).collect();
    let unknown = || format!("A category is one of {}.", names.join(", "));
    Category::from_name(name).ok_or_else(|| Refusal::field("category", unknown()))
}

fn status(name: &str) -> Result<PartyStatus, Refusal> {
    let names: Vec<&str> = PartyStatus::ALL.iter().copied().map(PartyStatus::name).collect();
    let unknown = || format!("A status is one of {}.", names.join(", "));
    PartyStatus::from_name(name).ok_or_else(|| Refusal::field("status", unknown()))
}

fn shown(row: PartyRow) -> Party {
    let d = row.party.details;
    Party {
        id: row.party.id.to_string(),
        details: PartyFacts {
            signifier: d.signifier,
            legal_name: d.legal_name,
            category: d.category.name().to_owned(),
            group: d.group,
            user_ids: d.user_ids,
            service_user_reference: d.service_user_reference,
            status: d.status.name().to_owned(),
            may_hold_hubs: d.may_hold_hubs,
        },
        version: row.version,
    }
}

/// Which Parties.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Which {
    /// Signifier, name, group or service user reference holds this text.
    text: Option<String>,
    /// Only this category.
    category: Option<String>,
    /// Only this status.
    status: Option<String>,
}

/// The Parties, by signifier.
#[utoipa::path(get, path = "/parties", tag = "parties", operation_id = "list_parties",
    params(Which), responses((status = OK, body = Page<Party>), Problem),
    security(("token" = []), ("session" = [])))]
async fn list(
    State(state): State<AppState>,
    who: ApiActor,
    Query(which): Query<Which>,
) -> Result<Json<Page<Party>>, Failure> {
    let rows = blocking(move || {
        let filter = PartyFilter {
            text: which.text,
            category: which.category.as_deref().map(category).transpose()?,
            status: which.status.as_deref().map(status).transpose()?,
        };
        parties::list(&state.app, &who.actor, &filter)
    });
    Ok(Page::whole(rows.await?.into_iter().map(shown).collect()))
}

/// The Party of an address: its number or its signifier.
pub fn find(app: &App, who: &ApiActor, given: &str) -> app::Result<PartyRow> {
    match given.parse::<PartyId>() {
        Ok(id) => parties::get(app, &who.actor, id),
        Err(_) => parties::by_signifier(app, &who.actor, given),
    }
}

/// One Party, by its number or its signifier.
#[utoipa::path(get, path = "/parties/{id}", tag = "parties", operation_id = "get_party",
    params(("id" = String, Path, description = "Its number or its signifier")),
    responses((status = OK, body = Party), Problem),
    security(("token" = []), ("session" = [])))]
async fn show(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let row = blocking(move || find(&state.app, &who, &id)).await?;
    Ok(versioned(row.version, shown(row)))
}

/// Changes a Party.
#[utoipa::path(put, path = "/parties/{id}", tag = "parties", operation_id = "change_party",
    params(("id" = String, Path, description = "Its number or its signifier")),
    request_body = PartyFacts,
    responses((status = OK, body = Party), Problem),
    security(("token" = []), ("session" = [])))]
async fn change(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    IfMatch(version): IfMatch,
    Given(details): Given<PartyFacts>,
) -> Result<Response, Failure> {
    let changed = blocking(move || {
        who.actor.must(Action::ManageParties)?;
        let id = find(&state.app, &who, &id)?.party.id;
        parties::change(&state.app, &who.actor, id, version, &details.parse()?)
    });
    let row = changed.await?;
    Ok(versioned(row.version, shown(row)))
}
