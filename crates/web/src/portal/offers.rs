//! Offers: the list, one of them with what can be done to it, and its device IDs.

mod decide;
mod edit;

use app::journal::read::HistoryEntry;
use app::offers::{self, OfferRow, OfferView, Seen, Wanted};
use app::transfer_files::IdMistake;
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use domain::DeviceId;
use domain::access::Action;
use domain::ids::OfferId;
use domain::offers::{Action as Do, State};
use serde::Deserialize;

use super::{Pages, address, may, must_see, number_in};
use crate::api::given::Query;
use crate::error_pages::{Failure, blocking};
use crate::page::{Choice, Flash, Layout, Paging, Problems, Section, filters, render};
use crate::security::takes_ids;
use crate::session::SignedIn;
use crate::state::AppState;
use crate::streams::download;

/// The pages of this capability.
pub fn routes() -> Pages {
    let new = get(edit::new_form).post(edit::create).layer(takes_ids());
    let change = get(edit::edit_form).post(edit::save).layer(takes_ids());
    Pages::new()
        .route("/offers", get(list))
        .route("/offers/new", new)
        .route("/offers/{id}", get(show))
        .route("/offers/{id}/edit", change)
        .route("/offers/{id}/ids", get(ids))
        .route("/offers/{id}/ids.csv", get(ids_file))
        .route("/offers/{id}/submit", post(decide::submit))
        .route("/offers/{id}/publish", post(decide::publish))
        .route("/offers/{id}/resume", post(decide::resume))
        .route("/offers/{id}/return", get(decide::ask_return).post(decide::send_back))
        .route("/offers/{id}/suspend", get(decide::ask_suspend).post(decide::suspend))
        .route("/offers/{id}/withdraw", get(decide::ask_withdraw).post(decide::withdraw))
        .route("/offers/{id}/close", get(decide::ask_close).post(decide::close))
}

/// The colour of an offer's state as a tag: what waits for a person is yellow.
pub(super) fn colour(state: &State) -> &'static str {
    match state {
        State::Draft | State::Closed | State::Withdrawn => "grey",
        State::Submitted => "yellow",
        State::Published => "green",
        State::PartAllocated => "teal",
        State::FullyAllocated => "",
        State::Expired => "orange",
        State::Suspended => "red",
    }
}

#[derive(Template)]
#[template(path = "offers/list.html")]
struct ListPage {
    layout: Layout,
    states: Vec<Choice>,
    offers: Vec<(OfferRow, String)>,
    paging: Paging,
    may_offer: bool,
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
    let wanted = Wanted { party: None, state: State::from_name(&query.state) };
    let (actor, before) = (who.actor.clone(), query.before.parse().ok());
    let found = blocking(move || offers::list(&state.app, &actor, &wanted, before.into())).await?;
    let states = State::ALL.iter().map(|state| Choice::new(state.name(), state.words()));
    let states = std::iter::once(Choice::new("", "Any")).chain(states);
    let states: Vec<Choice> = states.map(|choice| choice.chosen_if(&query.state)).collect();
    let mut problems = Problems::none();
    problems.add_unless_chosen("state", &states);
    let status = problems.status();
    let paging = Paging::by_cursor(&query.before, &query.back, found.next, |before, back| {
        address("/offers", &[("state", &query.state), ("before", before), ("back", back)])
    });
    let layout = Layout::of(&who.viewer, Section::Offers, "Offers");
    let page = ListPage {
        states,
        offers: problems.withhold(found.items),
        paging: problems.withhold(paging),
        may_offer: may(&who.actor, Action::ManageOffers),
        sees_all: who.actor.party().is_none(),
        layout: layout.crumb("Home", "/").flash(flash).problems(problems),
    };
    Ok(render(status, &page))
}

#[derive(Template)]
#[template(path = "offers/show.html")]
struct ShowPage {
    layout: Layout,
    offer: OfferView,
    can: Can,
    history: Vec<HistoryEntry>,
    version: i64,
}

impl ShowPage {
    fn is_not_asked_for(&self) -> bool {
        matches!(self.offer.demand, Some((0, _)))
    }
}

/// What this person can do to the offer now.
#[derive(Clone, Copy, Debug, Default)]
struct Can {
    change: bool,
    submit: bool,
    withdraw: bool,
    close: bool,
    publish: bool,
    send_back: bool,
    suspend: bool,
    resume: bool,
    ask: bool,
    see_ids: bool,
    see_requests: bool,
}

impl Can {
    fn of(who: &SignedIn, offer: &OfferView) -> Can {
        let state = offer.row.state;
        let whole = offer.seen == Seen::Whole;
        let own = whole && may(&who.actor, Action::ManageOffers);
        let dcc = whole && may(&who.actor, Action::PublishOffers);
        let resume = state.allows(Do::Resume);
        Can {
            change: own && state.allows(Do::Change),
            submit: own && state.allows(Do::Submit),
            withdraw: own && state.allows(Do::Withdraw) && offer.row.allocated == 0,
            close: own && state.allows(Do::Close) && offer.row.allocated > 0,
            publish: dcc && state.allows(Do::Publish),
            send_back: dcc && state.allows(Do::Return),
            suspend: dcc && state.allows(Do::Suspend),
            resume: dcc && resume,
            ask: offer.takes_requests
                && may(&who.actor, Action::ManageRequests)
                && who.actor.party() != Some(offer.row.party),
            see_requests: who.actor.party().is_none(),
            see_ids: offer.row.ids_file.is_some() && offer.seen != Seen::Board,
        }
    }
}

async fn show(
    state: AppState,
    who: SignedIn,
    flash: Flash,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    shown(state, who, number_in(&id)?, flash, StatusCode::OK, Problems::none()).await
}

/// The offer's page, with what went wrong with something that was done on it.
async fn shown(
    state: AppState,
    who: SignedIn,
    id: OfferId,
    flash: Flash,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Failure> {
    let actor = who.actor.clone();
    let (offer, history) = blocking(move || {
        let offer = offers::get(&state.app, &actor, id)?;
        Ok((offer, offers::history(&state.app, &actor, id)?))
    })
    .await?;
    let (section, name, href) = match offer.seen {
        Seen::Whole => (Section::Offers, "Offers", "/offers"),
        Seen::Matched | Seen::Board => (Section::Board, "Board", "/board"),
    };
    let layout = Layout::of(&who.viewer, section, format!("Offer {id}"))
        .crumb("Home", "/")
        .crumb(name, href)
        .flash(flash)
        .problems(problems);
    let (can, version) = (Can::of(&who, &offer), offer.row.version);
    Ok(render(status, &ShowPage { layout, offer, can, history, version }))
}

/// How a deadline of an offer is called.
fn deadline_words(what: &str) -> &'static str {
    match what {
        "publish" => "Published or returned by the DCC by",
        "close" => "Takes requests until",
        "select" => "Selection by",
        "expire" => "Expires",
        _ => "Due",
    }
}

#[derive(Template)]
#[template(path = "offers/ids.html")]
struct IdsPage {
    layout: Layout,
    id: OfferId,
    devices: Vec<DeviceId>,
    more: usize,
    mistakes: Vec<IdMistake>,
}

/// Device IDs that the page shows; the file has them all.
const SHOWN_IDS: usize = 1000;

async fn ids(state: AppState, who: SignedIn, Path(id): Path<String>) -> Result<Response, Failure> {
    let (id, actor) = (number_in::<OfferId>(&id)?, who.actor.clone());
    let (mut devices, mistakes) = blocking(move || offers::list_of(&state.app, &actor, id)).await?;
    let layout = Layout::of(&who.viewer, Section::Offers, "Device IDs of this offer")
        .crumb("Home", "/")
        .crumb("Offers", "/offers")
        .crumb(id.to_string(), format!("/offers/{id}"));
    let more = devices.len().saturating_sub(SHOWN_IDS);
    devices.truncate(SHOWN_IDS);
    Ok(render(StatusCode::OK, &IdsPage { layout, id, devices, more, mistakes }))
}

async fn ids_file(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id: OfferId = number_in(&id)?;
    let name = format!("{id}_ids.csv");
    download(&name, "text/csv; charset=utf-8", move |mut out| {
        let (devices, _) = offers::list_of(&state.app, &who.actor, id)?;
        let mut text = String::from("CommsHubID\r\n");
        for device in devices {
            text.push_str(&format!("{device}\r\n"));
        }
        std::io::Write::write_all(&mut out, text.as_bytes()).map_err(app::Error::io("send it"))
    })
    .await
}
