//! Requests.

use app::requests::{self, Draft, RequestRow, RequestView, Wanted};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use domain::Refusal;
use domain::access::Action;
use domain::ids::{OfferId, PartyId, RequestId};
use domain::offers::Specification as Of;
use domain::requests::{Asked, State as RequestState};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::given::{Cursor, Given, IfMatch, Query, reference};
use super::offers::Specification;
use super::people::Reason;
use super::{Page, Problem, at, versioned};
use crate::error_pages::{Failure, blocking};
use crate::session::ApiActor;
use crate::state::AppState;

/// The routes of this capability.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, change))
        .routes(routes!(submit))
        .routes(routes!(withdraw))
        .routes(routes!(turn))
}

/// What a request is to ask for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RequestGiven {
    /// The Party, where the DCC acts for one.
    party: Option<String>,
    /// For which offer; left out for a wanted request.
    offer: Option<String>,
    /// What stock is wanted; for an offer only what matters, such as the region of installation.
    specification: Option<Specification>,
    /// How many hubs.
    quantity: i64,
    /// The least that is of use; 1 if nothing is said.
    minimum: Option<i64>,
    /// By when.
    #[schema(format = Date)]
    needed_by: Option<String>,
    /// Where to; read by the Party that sends.
    #[serde(default)]
    location: String,
    /// Anything else.
    #[serde(default)]
    notes: String,
    /// Whether it stays a draft instead of being submitted at once.
    #[serde(default)]
    keep_as_draft: bool,
}

impl RequestGiven {
    fn draft(self) -> Result<Draft, Refusal> {
        let wrong = |_| Refusal::field("needed_by", "Give a day such as 2026-11-23.");
        let needed_by = self.needed_by.as_deref().map(|day| day.parse().map_err(wrong));
        let party = self.party.as_deref().map(|party| reference::<PartyId>(party, "Party"));
        let offer = self.offer.as_deref().map(|offer| reference::<OfferId>(offer, "offer"));
        Ok(Draft {
            party: party.transpose()?,
            offer: offer.transpose()?,
            specification: self.specification.map(Of::from).unwrap_or_default(),
            asked: Asked {
                quantity: self.quantity,
                minimum: self.minimum.unwrap_or(1),
                needed_by: needed_by.transpose()?,
                location: self.location,
                notes: self.notes,
            },
        })
    }
}

/// A request.
#[derive(Serialize, ToSchema)]
pub(super) struct StockRequest {
    /// Its number.
    #[schema(example = "req-000042")]
    id: String,
    /// Whose it is; absent on the board before a match.
    #[serde(skip_serializing_if = "Option::is_none")]
    party: Option<String>,
    /// For which offer; absent when it is wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    offer: Option<String>,
    /// Where it is.
    #[schema(example = "Queued")]
    state: &'static str,
    /// What stock is wanted.
    specification: Specification,
    /// How many hubs.
    quantity: i64,
    /// The least that is of use.
    minimum: i64,
    /// By when.
    #[schema(format = Date)]
    needed_by: Option<String>,
    /// Where to.
    location: String,
    /// Anything else.
    notes: String,
    /// When it was received for its offer.
    #[schema(format = DateTime)]
    received_at: Option<String>,
    /// How many hubs it was given.
    allocated: i64,
    /// Why it was given what it was, or ended.
    reason: Option<String>,
    /// How often it was changed: its ETag.
    version: i64,
}

pub(super) fn shown(row: RequestRow, party: Option<String>) -> StockRequest {
    let a = row.asked;
    StockRequest {
        id: row.id.to_string(),
        party,
        offer: row.offer.map(|offer| offer.to_string()),
        state: row.state.name(),
        specification: row.specification.into(),
        quantity: a.quantity,
        minimum: a.minimum,
        needed_by: a.needed_by.map(|day| day.to_string()),
        location: a.location,
        notes: a.notes,
        received_at: row.received_at.map(|at| at.to_string()),
        allocated: row.allocated,
        reason: row.reason,
        version: row.version,
    }
}

/// A matched offer.
#[derive(Serialize, ToSchema)]
struct Matched {
    /// The offer.
    offer: String,
    /// What does not quite suit; empty if all does.
    warning: String,
}

/// One request with what is around it.
#[derive(Serialize, ToSchema)]
struct RequestFacts {
    /// The request.
    #[serde(flatten)]
    request: StockRequest,
    /// What does not quite suit of its offer; empty if all does.
    warning: String,
    /// Its place in the queue, as long as it waits there.
    place: Option<usize>,
    /// The offers that were matched with it while it was wanted.
    matches: Vec<Matched>,
}

fn facts(view: RequestView) -> RequestFacts {
    let matched = view
        .matches
        .into_iter()
        .map(|matched| Matched { offer: matched.offer.to_string(), warning: matched.warning });
    RequestFacts {
        warning: view.warning,
        place: view.place,
        matches: matched.collect(),
        request: shown(view.row, Some(view.party)),
    }
}

/// Which requests.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Which {
    /// Only those in this state.
    #[param(example = "Queued")]
    state: Option<String>,
    /// Only those for this offer.
    offer: Option<String>,
    /// Where the page begins: the `next` or `previous` of another one.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    cursor: Cursor,
    /// Items on a page, 1 to 200; 50 where nothing is said.
    limit: Option<u32>,
}

/// The own Party's requests, or all; newest first.
#[utoipa::path(get, path = "/requests", tag = "requests", operation_id = "list_requests",
    params(Which), responses((status = OK, body = Page<StockRequest>), Problem),
    security(("token" = []), ("session" = [])))]
async fn list(
    State(state): State<AppState>,
    who: ApiActor,
    Query(which): Query<Which>,
) -> Result<Json<Page<StockRequest>>, Failure> {
    let cursor = which.cursor.clone();
    let found = blocking(move || {
        let of = which.state.as_deref().map(|name| {
            let names: Vec<&str> =
                RequestState::ALL.iter().copied().map(RequestState::name).collect();
            let text = format!("A state is one of {}.", names.join(", "));
            RequestState::from_name(name).ok_or_else(|| Refusal::field("state", text))
        });
        let offer = which.offer.as_deref().map(|offer| reference(offer, "offer"));
        let wanted = Wanted { party: None, state: of.transpose()?, offer: offer.transpose()? };
        requests::list(&state.app, &who.actor, &wanted, which.cursor.part(which.limit)?)
    });
    let found = found.await?;
    let items = found.items.into_iter().map(|(row, party)| shown(row, Some(party)));
    Ok(Page::part(items.collect(), &cursor, found.next))
}

/// Makes a request, for an offer or wanted, and submits it unless it is to stay a draft.
#[utoipa::path(post, path = "/requests", tag = "requests", operation_id = "make_request",
    request_body = RequestGiven,
    responses((status = CREATED, body = RequestFacts), Problem),
    security(("token" = []), ("session" = [])))]
async fn create(
    State(state): State<AppState>,
    who: ApiActor,
    Given(given): Given<RequestGiven>,
) -> Result<Response, Failure> {
    let view = blocking(move || {
        who.actor.must(Action::ManageRequests)?;
        let keep = given.keep_as_draft;
        let draft = given.draft()?;
        let row = match keep {
            true => requests::draft(&state.app, &who.actor, &draft)?,
            false => requests::draft_and_submit(&state.app, &who.actor, &draft)?,
        };
        requests::get(&state.app, &who.actor, row.id)
    });
    let view = view.await?;
    let path = format!("/requests/{}", view.row.id);
    Ok(at(StatusCode::CREATED, &path, facts(view)))
}

/// One request, of the own Party or of any for the DCC.
#[utoipa::path(get, path = "/requests/{id}", tag = "requests", operation_id = "get_request",
    params(("id" = String, Path, description = "Its number")),
    responses((status = OK, body = RequestFacts), Problem),
    security(("token" = []), ("session" = [])))]
async fn show(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let view = blocking(move || {
        who.actor.must(Action::SeeOffers)?;
        requests::get(&state.app, &who.actor, reference(&id, "request")?)
    });
    let view = view.await?;
    Ok(versioned(view.row.version, facts(view)))
}

type Done = app::Result<RequestRow>;

async fn decided(
    state: AppState,
    who: ApiActor,
    id: String,
    decide: impl FnOnce(&app::App, &domain::access::Actor, RequestId) -> Done + Send + 'static,
) -> Result<Response, Failure> {
    let view = blocking(move || {
        who.actor.must(Action::ManageRequests)?;
        let id: RequestId = reference(&id, "request")?;
        decide(&state.app, &who.actor, id)?;
        requests::get(&state.app, &who.actor, id)
    });
    let view = view.await?;
    Ok(versioned(view.row.version, facts(view)))
}

/// Changes what a request asks for, as long as it is in nobody's queue.
#[utoipa::path(put, path = "/requests/{id}", tag = "requests", operation_id = "change_request",
    params(("id" = String, Path, description = "Its number")),
    request_body = RequestGiven,
    responses((status = OK, body = RequestFacts), Problem),
    security(("token" = []), ("session" = [])))]
async fn change(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    IfMatch(version): IfMatch,
    Given(given): Given<RequestGiven>,
) -> Result<Response, Failure> {
    let change = move |app: &app::App, actor: &domain::access::Actor, id| {
        requests::change(app, actor, id, version, &given.draft()?)
    };
    decided(state, who, id, change).await
}

/// Puts a drafted request in its offer's queue, or on the board as wanted.
#[utoipa::path(post, path = "/requests/{id}/submit", tag = "requests",
    operation_id = "submit_request",
    params(("id" = String, Path, description = "Its number")),
    responses((status = OK, body = RequestFacts), Problem),
    security(("token" = []), ("session" = [])))]
async fn submit(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    IfMatch(version): IfMatch,
) -> Result<Response, Failure> {
    let submit = move |app: &app::App, actor: &domain::access::Actor, id| {
        requests::submit(app, actor, id, version)
    };
    decided(state, who, id, submit).await
}

/// Takes a request back, before selection has given it anything.
#[utoipa::path(post, path = "/requests/{id}/withdraw", tag = "requests",
    operation_id = "withdraw_request",
    params(("id" = String, Path, description = "Its number")),
    request_body = Reason,
    responses((status = OK, body = RequestFacts), Problem),
    security(("token" = []), ("session" = [])))]
async fn withdraw(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    IfMatch(version): IfMatch,
    Given(reason): Given<Reason>,
) -> Result<Response, Failure> {
    let withdraw = move |app: &app::App, actor: &domain::access::Actor, id| {
        requests::withdraw(app, actor, id, version, &reason.reason)
    };
    decided(state, who, id, withdraw).await
}

/// For which offer, and for how many hubs.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Turn {
    /// The offer.
    offer: String,
    /// How many hubs; what was wanted beyond that stays wanted under a new number.
    quantity: i64,
    /// The least that is of use.
    minimum: i64,
}

/// Turns a wanted request into a request for an offer.
#[utoipa::path(post, path = "/requests/{id}/turn", tag = "requests",
    operation_id = "turn_request",
    params(("id" = String, Path, description = "Its number")),
    request_body = Turn,
    responses((status = OK, body = RequestFacts), Problem),
    security(("token" = []), ("session" = [])))]
async fn turn(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    IfMatch(version): IfMatch,
    Given(given): Given<Turn>,
) -> Result<Response, Failure> {
    let turn = move |app: &app::App, actor: &domain::access::Actor, id| {
        let offer: OfferId = reference(&given.offer, "offer")?;
        requests::turn(app, actor, id, version, offer, (given.quantity, given.minimum))
    };
    decided(state, who, id, turn).await
}
