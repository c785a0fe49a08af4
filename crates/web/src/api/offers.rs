//! Offers.

use app::offers::{self, Draft, Drafted, Listing, OfferRow, OfferView, Wanted};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::Refusal;
use domain::access::Action;
use domain::ids::{OfferId, PartyId};
use domain::offers::{Carriage, Specification as Of, State as OfferState, Terms};
use domain::timers::british_day;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::given::{Cursor, Given, IfMatch, Query, reference};
use super::people::Reason;
use super::{Page, Problem, at, versioned};
use crate::error_pages::{Failure, blocking};
use crate::security::takes_ids;
use crate::session::ApiActor;
use crate::state::AppState;

/// The routes of this capability.
pub fn routes() -> OpenApiRouter<AppState> {
    let with_ids = OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, change))
        .layer(takes_ids());
    with_ids
        .routes(routes!(ids))
        .routes(routes!(check_ids))
        .routes(routes!(submit))
        .routes(routes!(publish))
        .routes(routes!(send_back))
        .routes(routes!(suspend))
        .routes(routes!(resume))
        .routes(routes!(withdraw))
        .routes(routes!(close))
}

/// What stock is of. In a wanted request, what is empty is any.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Specification {
    /// Manufacturer.
    #[serde(default)]
    manufacturer: String,
    /// Model.
    #[serde(default)]
    model: String,
    /// HAN variant.
    #[serde(default)]
    #[schema(example = "Single Band")]
    han_variant: String,
    /// WAN variant.
    #[serde(default)]
    wan_variant: String,
    /// CSP region.
    #[serde(default)]
    #[schema(example = "North")]
    region: String,
}

impl From<Of> for Specification {
    fn from(of: Of) -> Self {
        Specification {
            manufacturer: of.manufacturer,
            model: of.model,
            han_variant: of.han_variant,
            wan_variant: of.wan_variant,
            region: of.region,
        }
    }
}

impl From<Specification> for Of {
    fn from(given: Specification) -> Self {
        Of {
            manufacturer: given.manufacturer,
            model: given.model,
            han_variant: given.han_variant,
            wan_variant: given.wan_variant,
            region: given.region,
        }
    }
}

/// What an offer is to say.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OfferGiven {
    /// The Party, where the DCC acts for one.
    party: Option<String>,
    /// What stock; where device IDs are listed, they say.
    specification: Option<Specification>,
    /// How many hubs; where device IDs are listed, they say.
    quantity: Option<i64>,
    /// How many of which firmware; empty for any.
    #[serde(default)]
    firmware: BTreeMap<String, i64>,
    /// The least that a request may ask for; 1 if nothing is said.
    minimum_lot: Option<i64>,
    /// Whether only in multiples of the minimum lot.
    #[serde(default)]
    full_pallets: bool,
    /// How it is packed.
    #[serde(default)]
    packaging: String,
    /// Where it is; read by the Parties that are selected.
    #[serde(default)]
    location: String,
    /// `Sender`, `Receiver` or `ToBeAgreed`.
    carriage: Option<String>,
    /// Anything else.
    #[serde(default)]
    notes: String,
    /// The first day; today if nothing is said.
    #[schema(format = Date)]
    available_from: Option<String>,
    /// The last day.
    #[schema(format = Date)]
    available_until: Option<String>,
    /// The last day for requests, if it is not the usual one.
    #[schema(format = Date)]
    closes_on: Option<String>,
    /// The device IDs, if they are listed; left out in a change, they stay as they are, and an empty
    /// list takes them out.
    device_ids: Option<Vec<String>>,
}

fn day(field: &'static str, text: Option<&str>) -> Result<Option<Date>, Refusal> {
    let wrong = |_| Refusal::field(field, "Give a day such as 2026-11-23.");
    text.map(|text| text.parse().map_err(wrong)).transpose()
}

impl OfferGiven {
    fn draft(self, today: Date) -> Result<Draft, Refusal> {
        let party = self.party.as_deref().map(|party| reference::<PartyId>(party, "Party"));
        let carriage = match self.carriage.as_deref() {
            None => Carriage::default(),
            Some(name) => Carriage::from_name(name).ok_or_else(|| {
                Refusal::field("carriage", "Give Sender, Receiver or ToBeAgreed.")
            })?,
        };
        let listing = match self.device_ids {
            None => Listing::AsItIs,
            Some(ids) if ids.is_empty() => Listing::None,
            Some(ids) => Listing::Ids(ids.join("\n").into_bytes()),
        };
        let listed = matches!(listing, Listing::Ids(_));
        let quantity = match self.quantity {
            None if listed => 1,
            None => return Err(Refusal::field("quantity", "Give how many hubs are offered.")),
            Some(quantity) => quantity,
        };
        Ok(Draft {
            party: party.transpose()?,
            specification: self.specification.map(Of::from).unwrap_or_default(),
            firmware: self.firmware,
            terms: Terms {
                quantity,
                minimum_lot: self.minimum_lot.unwrap_or(1),
                full_pallets: self.full_pallets,
                packaging: self.packaging,
                location: self.location,
                carriage,
                notes: self.notes,
                available_from: day("available_from", self.available_from.as_deref())?
                    .unwrap_or(today),
                available_until: day("available_until", self.available_until.as_deref())?,
                closes_on: day("closes_on", self.closes_on.as_deref())?,
            },
            listing,
        })
    }
}

/// An offer, as far as the caller sees it.
#[derive(Serialize, ToSchema)]
pub(super) struct Offer {
    /// Its number.
    #[schema(example = "off-000042")]
    id: String,
    /// Whose it is; absent before a match.
    #[serde(skip_serializing_if = "Option::is_none")]
    party: Option<String>,
    /// Where it is.
    #[schema(example = "Published")]
    state: &'static str,
    /// What stock.
    specification: Specification,
    /// How many hubs.
    quantity: i64,
    /// How many of them are allocated.
    allocated: i64,
    /// How many are left.
    left: i64,
    /// The least that a request may ask for.
    minimum_lot: i64,
    /// Whether only in multiples of it.
    full_pallets: bool,
    /// How it is packed.
    packaging: String,
    /// Where it is; empty before a match.
    location: String,
    /// Who arranges the carriage.
    carriage: &'static str,
    /// Anything else.
    notes: String,
    /// The first day.
    #[schema(format = Date)]
    available_from: String,
    /// The last day.
    #[schema(format = Date)]
    available_until: Option<String>,
    /// When it takes no more requests.
    #[schema(format = DateTime)]
    closes_at: Option<String>,
    /// When it expires.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// The selection policy that applies to it.
    policy: Option<String>,
    /// Whether it lists device IDs.
    lists_ids: bool,
    /// Why it was last returned, suspended or withdrawn.
    reason: Option<String>,
    /// How often it was changed: its ETag.
    version: i64,
}

pub(super) fn shown(row: OfferRow, party: Option<String>) -> Offer {
    let left = row.left();
    let t = row.terms;
    Offer {
        id: row.id.to_string(),
        party,
        state: row.state.name(),
        specification: row.specification.into(),
        quantity: t.quantity,
        allocated: row.allocated,
        left,
        minimum_lot: t.minimum_lot,
        full_pallets: t.full_pallets,
        packaging: t.packaging,
        location: t.location,
        carriage: t.carriage.name(),
        notes: t.notes,
        available_from: t.available_from.to_string(),
        available_until: t.available_until.map(|day| day.to_string()),
        closes_at: row.closes_at.map(|at| at.to_string()),
        expires_at: row.expires_at.map(|at| at.to_string()),
        policy: row.policy.map(|policy| policy.to_string()),
        lists_ids: row.ids_file.is_some(),
        reason: row.reason,
        version: row.version,
    }
}

/// One offer with what is around it.
#[derive(Serialize, ToSchema)]
struct OfferFacts {
    /// The offer.
    #[serde(flatten)]
    offer: Offer,
    /// How many of which firmware; empty for any.
    firmware: BTreeMap<String, i64>,
    /// Whether it takes requests now.
    takes_requests: bool,
    /// The commitment to the lottery's secret, where its policy has a lottery.
    #[serde(skip_serializing_if = "Option::is_none")]
    lottery_commitment: Option<String>,
    /// The runs of selection over it, newest first; for its own Party and the DCC.
    selection_runs: Vec<String>,
    /// Its transfers; for its own Party and the DCC.
    transfers: Vec<String>,
    /// How many requests wait for it; for its own Party and the DCC.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting_requests: Option<i64>,
    /// For how many hubs they ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting_hubs: Option<i64>,
}

fn facts(view: OfferView) -> OfferFacts {
    OfferFacts {
        offer: shown(view.row, view.party),
        firmware: view.firmware,
        takes_requests: view.takes_requests,
        lottery_commitment: view.commitment,
        selection_runs: view.runs.iter().map(ToString::to_string).collect(),
        transfers: view.transfers.iter().map(ToString::to_string).collect(),
        waiting_requests: view.demand.map(|(requests, _)| requests),
        waiting_hubs: view.demand.map(|(_, hubs)| hubs),
    }
}

/// An ID that can't be offered.
#[derive(Serialize, ToSchema)]
pub(super) struct IdMistake {
    /// Its line, or its place in the list, from 1.
    line: u32,
    /// The ID as it was given.
    given: String,
    /// What is wrong and what to do.
    message: String,
}

impl From<app::transfer_files::IdMistake> for IdMistake {
    fn from(mistake: app::transfer_files::IdMistake) -> Self {
        IdMistake { line: mistake.line, given: mistake.given, message: mistake.message }
    }
}

/// The answer to a list with mistakes: nothing was changed.
#[derive(Serialize, ToSchema)]
pub(super) struct OfferMistakes {
    /// Each of them.
    pub mistakes: Vec<IdMistake>,
}

pub(super) fn mistaken(mistakes: Vec<app::transfer_files::IdMistake>) -> Response {
    let mistakes = mistakes.into_iter().map(IdMistake::from).collect();
    (StatusCode::UNPROCESSABLE_ENTITY, Json(OfferMistakes { mistakes })).into_response()
}

/// Device IDs to look at.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct IdsGiven {
    /// The Party, where the DCC acts for one.
    party: Option<String>,
    /// The offer whose list they are to be, if there is one already.
    offer: Option<String>,
    /// The device IDs.
    device_ids: Vec<String>,
}

/// Device IDs that can be offered together.
#[derive(Serialize, ToSchema)]
struct IdsChecked {
    /// How many.
    hubs: usize,
}

/// Says whether these device IDs could be offered now, and nothing is changed.
#[utoipa::path(post, path = "/offers/check-ids", tag = "offers", operation_id = "check_offer_ids",
    request_body = IdsGiven,
    responses((status = OK, body = IdsChecked),
        (status = UNPROCESSABLE_ENTITY, body = OfferMistakes), Problem),
    security(("token" = []), ("session" = [])))]
async fn check_ids(
    State(state): State<AppState>,
    who: ApiActor,
    Given(given): Given<IdsGiven>,
) -> Result<Response, Failure> {
    let checked = blocking(move || {
        who.actor.must(Action::ManageOffers)?;
        let party = given.party.as_deref().map(|id| reference(id, "Party")).transpose()?;
        let offer = given.offer.as_deref().map(|id| reference(id, "offer")).transpose()?;
        let list = given.device_ids.join("\n").into_bytes();
        offers::check_list(&state.app, &who.actor, party, offer, &list)
    });
    match checked.await? {
        Ok(hubs) => Ok(Json(IdsChecked { hubs }).into_response()),
        Err(mistakes) => Ok(mistaken(mistakes)),
    }
}

/// Which offers.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Which {
    /// Only those in this state.
    #[param(example = "Published")]
    state: Option<String>,
    /// Where the page begins: the `next` or `previous` of another one.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    cursor: Cursor,
    /// Items on a page, 1 to 200; 50 where nothing is said.
    limit: Option<u32>,
}

/// The own Party's offers, or all; newest first.
#[utoipa::path(get, path = "/offers", tag = "offers", operation_id = "list_offers",
    params(Which), responses((status = OK, body = Page<Offer>), Problem),
    security(("token" = []), ("session" = [])))]
async fn list(
    State(state): State<AppState>,
    who: ApiActor,
    Query(which): Query<Which>,
) -> Result<Json<Page<Offer>>, Failure> {
    let cursor = which.cursor.clone();
    let found = blocking(move || {
        let of = which.state.as_deref().map(|name| {
            let names: Vec<&str> = OfferState::ALL.iter().copied().map(OfferState::name).collect();
            let text = format!("A state is one of {}.", names.join(", "));
            OfferState::from_name(name).ok_or_else(|| Refusal::field("state", text))
        });
        let wanted = Wanted { party: None, state: of.transpose()? };
        offers::list(&state.app, &who.actor, &wanted, which.cursor.part(which.limit)?)
    });
    let found = found.await?;
    let items = found.items.into_iter().map(|(row, party)| shown(row, Some(party)));
    Ok(Page::part(items.collect(), &cursor, found.next))
}

/// Drafts an offer. Nothing is reserved until it is submitted.
#[utoipa::path(post, path = "/offers", tag = "offers", operation_id = "draft_offer",
    request_body = OfferGiven,
    responses((status = CREATED, body = OfferFacts),
        (status = UNPROCESSABLE_ENTITY, body = OfferMistakes,
            description = "IDs that can't be offered; nothing was changed"), Problem),
    security(("token" = []), ("session" = [])))]
async fn create(
    State(state): State<AppState>,
    who: ApiActor,
    Given(given): Given<OfferGiven>,
) -> Result<Response, Failure> {
    let done = blocking(move || {
        who.actor.must(Action::ManageOffers)?;
        let draft = given.draft(british_day(state.app.now()))?;
        Ok(match offers::draft(&state.app, &who.actor, &draft)? {
            Drafted::Offer(id) => Ok(offers::get(&state.app, &who.actor, id)?),
            Drafted::Mistakes(mistakes) => Err(mistakes),
        })
    });
    Ok(match done.await? {
        Ok(view) => {
            let path = format!("/offers/{}", view.row.id);
            at(StatusCode::CREATED, &path, facts(view))
        }
        Err(mistakes) => mistaken(mistakes),
    })
}

/// One offer.
#[utoipa::path(get, path = "/offers/{id}", tag = "offers", operation_id = "get_offer",
    params(("id" = String, Path, description = "Its number")),
    responses((status = OK, body = OfferFacts), Problem),
    security(("token" = []), ("session" = [])))]
async fn show(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let view = blocking(move || {
        who.actor.must(Action::SeeBoard)?;
        offers::get(&state.app, &who.actor, reference(&id, "offer")?)
    });
    let view = view.await?;
    Ok(versioned(view.row.version, facts(view)))
}

/// Changes what an offer says.
#[utoipa::path(put, path = "/offers/{id}", tag = "offers", operation_id = "change_offer",
    params(("id" = String, Path, description = "Its number")),
    request_body = OfferGiven,
    responses((status = OK, body = OfferFacts),
        (status = UNPROCESSABLE_ENTITY, body = OfferMistakes,
            description = "IDs that can't be offered; nothing was changed"), Problem),
    security(("token" = []), ("session" = [])))]
async fn change(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    IfMatch(version): IfMatch,
    Given(given): Given<OfferGiven>,
) -> Result<Response, Failure> {
    let done = blocking(move || {
        who.actor.must(Action::ManageOffers)?;
        let id: OfferId = reference(&id, "offer")?;
        let draft = given.draft(british_day(state.app.now()))?;
        Ok(match offers::change(&state.app, &who.actor, id, version, &draft)? {
            Drafted::Offer(id) => Ok(offers::get(&state.app, &who.actor, id)?),
            Drafted::Mistakes(mistakes) => Err(mistakes),
        })
    });
    Ok(match done.await? {
        Ok(view) => versioned(view.row.version, facts(view)),
        Err(mistakes) => mistaken(mistakes),
    })
}

/// The device IDs that an offer lists.
#[derive(Serialize, ToSchema)]
struct Ids {
    /// The CHF IDs, in the order in which they were given.
    device_ids: Vec<String>,
    /// Those of them that can no longer be offered.
    mistakes: Vec<IdMistake>,
}

/// The device IDs that an offer lists, for its own Party, the Parties that were selected, and the
/// DCC.
#[utoipa::path(get, path = "/offers/{id}/ids", tag = "offers", operation_id = "list_offer_ids",
    params(("id" = String, Path, description = "Its number")),
    responses((status = OK, body = Ids), Problem),
    security(("token" = []), ("session" = [])))]
async fn ids(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
) -> Result<Json<Ids>, Failure> {
    let found = blocking(move || {
        who.actor.must(Action::SeeBoard)?;
        offers::list_of(&state.app, &who.actor, reference(&id, "offer")?)
    });
    let (devices, mistakes) = found.await?;
    Ok(Json(Ids {
        device_ids: devices.iter().map(ToString::to_string).collect(),
        mistakes: mistakes.into_iter().map(IdMistake::from).collect(),
    }))
}

type Done = app::Result<OfferRow>;

async fn decided(
    state: AppState,
    who: ApiActor,
    id: String,
    needs: Action,
    decide: impl FnOnce(&app::App, &domain::access::Actor, OfferId) -> Done + Send + 'static,
) -> Result<Response, Failure> {
    let view = blocking(move || {
        who.actor.must(needs)?;
        let id: OfferId = reference(&id, "offer")?;
        decide(&state.app, &who.actor, id)?;
        offers::get(&state.app, &who.actor, id)
    });
    let view = view.await?;
    Ok(versioned(view.row.version, facts(view)))
}

macro_rules! plain {
    ($($(#[$doc:meta])* $name:ident $path:literal $operation:literal $needs:ident;)+) => {$(
        $(#[$doc])*
        #[utoipa::path(post, path = $path, tag = "offers", operation_id = $operation,
            params(("id" = String, Path, description = "Its number")),
            responses((status = OK, body = OfferFacts), Problem),
            security(("token" = []), ("session" = [])))]
        async fn $name(
            State(state): State<AppState>,
            who: ApiActor,
            Path(id): Path<String>,
            IfMatch(version): IfMatch,
        ) -> Result<Response, Failure> {
            let decide = move |app: &app::App, actor: &domain::access::Actor, id| {
                offers::$name(app, actor, id, version)
            };
            decided(state, who, id, Action::$needs, decide).await
        }
    )+};
}

plain! {
    /// Sends an offer to the DCC; its stock is checked and its device IDs are reserved.
    submit "/offers/{id}/submit" "submit_offer" ManageOffers;
    /// Puts an offer on the board.
    publish "/offers/{id}/publish" "publish_offer" PublishOffers;
    /// Puts a suspended offer back on the board.
    resume "/offers/{id}/resume" "resume_offer" PublishOffers;
}

macro_rules! reasoned {
    ($($(#[$doc:meta])* $name:ident $does:ident $path:literal $operation:literal $needs:ident;)+) => {$(
        $(#[$doc])*
        #[utoipa::path(post, path = $path, tag = "offers", operation_id = $operation,
            params(("id" = String, Path, description = "Its number")),
            request_body = Reason,
            responses((status = OK, body = OfferFacts), Problem),
            security(("token" = []), ("session" = [])))]
        async fn $name(
            State(state): State<AppState>,
            who: ApiActor,
            Path(id): Path<String>,
            IfMatch(version): IfMatch,
            Given(reason): Given<Reason>,
        ) -> Result<Response, Failure> {
            let decide = move |app: &app::App, actor: &domain::access::Actor, id| {
                offers::$does(app, actor, id, version, &reason.reason)
            };
            decided(state, who, id, Action::$needs, decide).await
        }
    )+};
}

reasoned! {
    /// Sends an offer back to its Party.
    send_back return_to_party "/offers/{id}/return" "return_offer" PublishOffers;
    /// Takes an offer off the board for a time.
    suspend suspend "/offers/{id}/suspend" "suspend_offer" PublishOffers;
    /// Takes an offer back before any of it was allocated.
    withdraw withdraw "/offers/{id}/withdraw" "withdraw_offer" ManageOffers;
    /// Ends an offer of which some was allocated.
    close close "/offers/{id}/close" "close_offer" ManageOffers;
}
