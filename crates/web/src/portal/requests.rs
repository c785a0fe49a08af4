//! Requests: the list, one of them, the form, and turning a wanted one into one for an offer.

use app::directory;
use app::journal::read::HistoryEntry;
use app::offers::OfferView;
use app::requests::{self, Draft, RequestRow, RequestView, Wanted};
use askama::Template;
use axum::extract::{Form, Path};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use domain::Refusal;
use domain::access::Action;
use domain::ids::{OfferId, PartyId, RequestId};
use domain::inventory::REGIONS;
use domain::offers::Specification;
use domain::requests::{Action as Do, Asked, State};
use jiff::civil::Date;
use serde::Deserialize;

use super::{Pages, address, may, must_see, number_in, party_book, shown_in_form, version_seen};
use crate::api::given::Query;
use crate::error_pages::{Failure, blocking};
use crate::page::{
    Choice, Flash, Layout, Paging, Problems, Section, filters, redirect_with, render,
};
use crate::session::SignedIn;
use crate::state::AppState;

/// The pages of this capability.
pub fn routes() -> Pages {
    Pages::new()
        .route("/requests", get(list))
        .route("/requests/new", get(new_form).post(create))
        .route("/requests/{id}", get(show))
        .route("/requests/{id}/edit", get(edit_form).post(save))
        .route("/requests/{id}/submit", post(submit))
        .route("/requests/{id}/withdraw", get(ask_withdraw).post(withdraw))
        .route("/requests/{id}/turn", get(ask_turn).post(turn))
}

/// The colour of a request's state as a tag.
pub(super) fn colour(state: &State) -> &'static str {
    match state {
        State::Draft | State::Withdrawn => "grey",
        State::Submitted => "purple",
        State::Queued => "yellow",
        State::Allocated => "green",
        State::PartAllocated => "teal",
        State::Declined => "red",
        State::Lapsed => "orange",
    }
}

#[derive(Template)]
#[template(path = "requests/list.html")]
struct ListPage {
    layout: Layout,
    states: Vec<Choice>,
    requests: Vec<(RequestRow, String)>,
    paging: Paging,
    may_request: bool,
    sees_all: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ListQuery {
    state: String,
    before: String,
    back: String,
}

async fn list(
    state: AppState,
    who: SignedIn,
    flash: Flash,
    Query(query): Query<ListQuery>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeOffers)?;
    let wanted = Wanted { state: State::from_name(&query.state), ..Wanted::default() };
    let (actor, before) = (who.actor.clone(), query.before.parse().ok());
    let found =
        blocking(move || requests::list(&state.app, &actor, &wanted, before.into())).await?;
    let states = State::ALL.iter().map(|state| Choice::new(state.name(), state.words()));
    let states = std::iter::once(Choice::new("", "Any")).chain(states);
    let states: Vec<Choice> = states.map(|choice| choice.chosen_if(&query.state)).collect();
    let mut problems = Problems::none();
    problems.add_unless_chosen("state", &states);
    let status = problems.status();
    let paging = Paging::by_cursor(&query.before, &query.back, found.next, |before, back| {
        address("/requests", &[("state", &query.state), ("before", before), ("back", back)])
    });
    let layout = Layout::of(&who.viewer, Section::Requests, "Requests");
    let page = ListPage {
        states,
        requests: problems.withhold(found.items),
        paging: problems.withhold(paging),
        may_request: may(&who.actor, Action::ManageRequests),
        sees_all: who.actor.party().is_none(),
        layout: layout.crumb("Home", "/").flash(flash).problems(problems),
    };
    Ok(render(status, &page))
}

#[derive(Template)]
#[template(path = "requests/show.html")]
struct ShowPage {
    layout: Layout,
    request: RequestView,
    can: Can,
    history: Vec<HistoryEntry>,
}

/// What this person can do to the request now.
#[derive(Clone, Copy, Debug)]
struct Can {
    change: bool,
    submit: bool,
    withdraw: bool,
    turn: bool,
}

async fn show(
    state: AppState,
    who: SignedIn,
    flash: Flash,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    shown(state, who, number_in(&id)?, flash, StatusCode::OK, Problems::none()).await
}

async fn shown(
    state: AppState,
    who: SignedIn,
    id: RequestId,
    flash: Flash,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeOffers)?;
    let actor = who.actor.clone();
    let (request, history) = blocking(move || {
        let request = requests::get(&state.app, &actor, id)?;
        Ok((request, requests::history(&state.app, &actor, id)?))
    })
    .await?;
    let manages = may(&who.actor, Action::ManageRequests);
    let now = request.row.state;
    let can = Can {
        change: manages && now.allows(Do::Change),
        submit: manages && now == State::Draft,
        withdraw: manages && now.allows(Do::Withdraw),
        turn: manages && now == State::Submitted,
    };
    let layout = Layout::of(&who.viewer, Section::Requests, format!("Request {id}"))
        .crumb("Home", "/")
        .crumb("Requests", "/requests")
        .flash(flash)
        .problems(problems);
    Ok(render(status, &ShowPage { layout, request, can, history }))
}

#[derive(Template)]
#[template(path = "requests/edit.html")]
struct EditPage {
    layout: Layout,
    id: Option<RequestId>,
    offer: Option<OfferView>,
    typed: Typed,
    parties: Vec<Choice>,
    regions: Vec<Choice>,
    locations: Vec<String>,
}

/// What stands in the form.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Typed {
    version: String,
    party: String,
    offer: String,
    manufacturer: String,
    model: String,
    han_variant: String,
    wan_variant: String,
    region: String,
    quantity: String,
    minimum: String,
    needed_by: String,
    location: String,
    notes: String,
    then: String,
}

impl Typed {
    fn of(row: &RequestRow) -> Typed {
        let (s, a) = (&row.specification, &row.asked);
        Typed {
            version: row.version.to_string(),
            offer: row.offer.map(|offer| offer.to_string()).unwrap_or_default(),
            manufacturer: s.manufacturer.clone(),
            model: s.model.clone(),
            han_variant: s.han_variant.clone(),
            wan_variant: s.wan_variant.clone(),
            region: s.region.clone(),
            quantity: a.quantity.to_string(),
            minimum: a.minimum.to_string(),
            needed_by: a.needed_by.map(|day| day.to_string()).unwrap_or_default(),
            location: a.location.clone(),
            notes: a.notes.clone(),
            ..Typed::default()
        }
    }

    fn draft(&self) -> Result<Draft, Problems> {
        let mut problems = Problems::none();
        let mut number = |field: &str, text: &str, empty: i64, message: &str| {
            let text = text.trim().replace([',', ' '], "");
            if text.is_empty() && empty > 0 {
                return empty;
            }
            text.parse::<i64>().unwrap_or_else(|_| {
                problems.add(field, message);
                0
            })
        };
        let quantity = number("quantity", &self.quantity, 0, "Enter how many hubs you ask for");
        let minimum =
            number("minimum", &self.minimum, 1, "Enter the least that is of use, as a number");
        let needed_by = self.needed_by.trim();
        let day = needed_by.parse::<Date>().ok();
        if !needed_by.is_empty() && day.is_none() {
            problems.add("needed_by", "Enter a day such as 2026-11-23");
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Draft {
            party: self.party.parse::<PartyId>().ok(),
            offer: self.offer.parse::<OfferId>().ok(),
            specification: Specification {
                manufacturer: self.manufacturer.clone(),
                model: self.model.clone(),
                han_variant: self.han_variant.clone(),
                wan_variant: self.wan_variant.clone(),
                region: self.region.clone(),
            },
            asked: Asked {
                quantity,
                minimum,
                needed_by: day,
                location: self.location.clone(),
                notes: self.notes.replace("\r\n", "\n"),
            },
        })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NewQuery {
    offer: String,
}

async fn new_form(
    state: AppState,
    who: SignedIn,
    Query(query): Query<NewQuery>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::ManageRequests)?;
    let typed = Typed { offer: query.offer, ..Typed::default() };
    page(state, &who, None, typed, StatusCode::OK, Problems::none()).await
}

/// Drafts a request and, unless it is to be kept as a draft, submits it.
async fn create(
    state: AppState,
    who: SignedIn,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::ManageRequests)?;
    let draft = match typed.draft() {
        Ok(draft) => draft,
        Err(problems) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return page(state, &who, None, typed, status, problems).await;
        }
    };
    let (app, actor, keep) = (state.app.clone(), who.actor.clone(), typed.then == "keep");
    let done = blocking(move || match keep {
        true => requests::draft(&app, &actor, &draft),
        false => requests::draft_and_submit(&app, &actor, &draft),
    });
    match done.await {
        Ok(row) => {
            let said = match row.state {
                State::Queued => "Received: it waits for selection",
                State::Submitted => "On the board: you are told when an offer suits it",
                _ => "Drafted",
            };
            Ok(redirect_with(&format!("/requests/{}", row.id), said))
        }
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            page(state, &who, None, typed, status, problems).await
        }
    }
}

async fn edit_form(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::ManageRequests)?;
    let (id, app, actor) = (number_in::<RequestId>(&id)?, state.app.clone(), who.actor.clone());
    let view = blocking(move || requests::get(&app, &actor, id)).await?;
    let typed = Typed::of(&view.row);
    page(state, &who, Some(id), typed, StatusCode::OK, Problems::none()).await
}

async fn save(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Form(mut typed): Form<Typed>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::ManageRequests)?;
    let id: RequestId = number_in(&id)?;
    let draft = match typed.draft() {
        Ok(draft) => draft,
        Err(problems) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return page(state, &who, Some(id), typed, status, problems).await;
        }
    };
    let (app, actor, version) =
        (state.app.clone(), who.actor.clone(), version_seen(&typed.version));
    match blocking(move || requests::change(&app, &actor, id, version, &draft)).await {
        Ok(_) => Ok(redirect_with(&format!("/requests/{id}"), "Saved")),
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            if status == StatusCode::PRECONDITION_FAILED {
                let (app, actor) = (state.app.clone(), who.actor.clone());
                let now = blocking(move || requests::get(&app, &actor, id)).await?;
                typed.version = now.row.version.to_string();
            }
            page(state, &who, Some(id), typed, status, problems).await
        }
    }
}

async fn page(
    state: AppState,
    who: &SignedIn,
    id: Option<RequestId>,
    typed: Typed,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Failure> {
    let offer = match typed.offer.parse::<OfferId>() {
        Ok(offer) => {
            let (app, actor) = (state.app.clone(), who.actor.clone());
            Some(blocking(move || app::offers::get(&app, &actor, offer)).await?)
        }
        Err(_) => None,
    };
    let (app, actor, party) = (state.app.clone(), who.actor.clone(), typed.party.parse().ok());
    let locations = blocking(move || directory::suggestions(&app, &actor, party)).await?;
    let mut parties = Vec::new();
    if who.actor.party().is_none() && id.is_none() {
        parties.push(Choice::new("", "Choose a Party").chosen_if(&typed.party));
        for party in party_book(&state).await?.iter() {
            let choice = Choice::new(party.id.to_string(), &party.details.legal_name);
            parties.push(choice.chosen_if(&typed.party));
        }
    }
    let title = match (id, &offer) {
        (Some(_), _) => "Change a request",
        (None, Some(_)) => "Request stock",
        (None, None) => "Say what you want",
    };
    let any = if offer.is_some() { "It does not matter" } else { "Any" };
    let regions = std::iter::once(Choice::new("", any))
        .chain(REGIONS.iter().map(|region| Choice::new(*region, *region)))
        .map(|choice| choice.chosen_if(&typed.region))
        .collect();
    let mut layout = Layout::of(&who.viewer, Section::Requests, title)
        .crumb("Home", "/")
        .crumb("Requests", "/requests")
        .problems(problems);
    if let Some(id) = id {
        layout = layout.crumb(id.to_string(), format!("/requests/{id}"));
    }
    Ok(render(status, &EditPage { layout, id, offer, typed, parties, regions, locations }))
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Decided {
    version: String,
    reason: String,
    offer: String,
    quantity: String,
    minimum: String,
}

async fn submit(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<Decided>,
) -> Result<Response, Failure> {
    let id: RequestId = number_in(&id)?;
    let (app, actor, version) = (state.app.clone(), who.actor.clone(), version_seen(&form.version));
    match blocking(move || requests::submit(&app, &actor, id, version)).await {
        Ok(_) => Ok(redirect_with(&format!("/requests/{id}"), "Submitted")),
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            let mut plain = Problems::none();
            problems.iter().for_each(|problem| plain.add_general(&problem.message));
            shown(state, who, id, Flash::default(), status, plain).await
        }
    }
}

#[derive(Template)]
#[template(path = "requests/decide.html")]
struct DecidePage {
    layout: Layout,
    request: RequestView,
    turns: bool,
    form: Decided,
    offers: Vec<Choice>,
    version: i64,
}

async fn ask_withdraw(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let form = Decided::default();
    ask(state, who, number_in(&id)?, false, form, StatusCode::OK, Problems::none()).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TurnQuery {
    offer: String,
}

async fn ask_turn(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Query(query): Query<TurnQuery>,
) -> Result<Response, Failure> {
    let form = Decided { offer: query.offer, ..Decided::default() };
    ask(state, who, number_in(&id)?, true, form, StatusCode::OK, Problems::none()).await
}

async fn withdraw(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<Decided>,
) -> Result<Response, Failure> {
    let id: RequestId = number_in(&id)?;
    let (app, actor, given) = (state.app.clone(), who.actor.clone(), form.clone());
    let done = blocking(move || {
        requests::withdraw(&app, &actor, id, version_seen(&given.version), &given.reason)
    });
    match done.await {
        Ok(_) => Ok(redirect_with(&format!("/requests/{id}"), "Withdrawn")),
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            ask(state, who, id, false, form, status, problems).await
        }
    }
}

async fn turn(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<Decided>,
) -> Result<Response, Failure> {
    let id: RequestId = number_in(&id)?;
    let (app, actor, given) = (state.app.clone(), who.actor.clone(), form.clone());
    let done = blocking(move || {
        let number = |field: &'static str, text: &str| {
            let text = text.trim().replace(',', "");
            text.parse::<i64>().map_err(|_| Refusal::field(field, "Enter a number of hubs."))
        };
        let offer = given.offer.trim().parse::<OfferId>().map_err(|_| {
            Refusal::field("offer", "Enter the reference of an offer, such as off-000042.")
        })?;
        let asked = (number("quantity", &given.quantity)?, number("minimum", &given.minimum)?);
        requests::turn(&app, &actor, id, version_seen(&given.version), offer, asked)
    });
    match done.await {
        Ok(_) => {
            let said = "Received for the offer: it waits for selection";
            Ok(redirect_with(&format!("/requests/{id}"), said))
        }
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            ask(state, who, id, true, form, status, problems).await
        }
    }
}

async fn ask(
    state: AppState,
    who: SignedIn,
    id: RequestId,
    turns: bool,
    mut form: Decided,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::ManageRequests)?;
    let actor = who.actor.clone();
    let request = blocking(move || requests::get(&state.app, &actor, id)).await?;
    let row = &request.row;
    let given = form.version.parse().ok().filter(|_| status != StatusCode::PRECONDITION_FAILED);
    let version = given.unwrap_or(row.version);
    if form.quantity.is_empty() {
        form.quantity = row.asked.quantity.to_string();
        form.minimum = row.asked.minimum.to_string();
    }
    let offers = request.matches.iter().map(|matched| {
        let choice = Choice::new(matched.offer.to_string(), matched.offer.to_string());
        choice.hint(&matched.warning).chosen_if(&form.offer)
    });
    let title = if turns { "Ask for an offer" } else { "Withdraw this request" };
    let layout = Layout::of(&who.viewer, Section::Requests, title)
        .crumb("Home", "/")
        .crumb("Requests", "/requests")
        .crumb(id.to_string(), format!("/requests/{id}"))
        .problems(problems);
    let offers = offers.collect();
    Ok(render(status, &DecidePage { layout, request, turns, form, offers, version }))
}
