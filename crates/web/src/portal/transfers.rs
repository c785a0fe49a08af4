//! Transfers: the list, one transfer with its clocks and next step, and every step of its way.

mod answers;
mod decide;
mod declare;
mod documents;
mod exceptions;
mod lines;
mod lists;
mod notify;
mod scan;
mod show;

use app::transfers::{self, TransferFilter, TransferSummary};
use askama::Template;
use axum::response::Response;
use axum::routing::{get, post};
use domain::access::Action;
use domain::ids::TransferId;
use domain::transfers::{Kind, State};
use jiff::Timestamp;
use serde::Deserialize;

use super::{Pages, address, may, must_see, party_book};
use crate::api::given::Query;
use crate::error_pages::{Failure, blocking};
use crate::page::{Choice, Flash, Layout, Paging, Problems, Section, choices, filters, render};
use crate::security::{takes_files, takes_ids};
use crate::session::SignedIn;
use crate::state::AppState;

/// Transfers on one page of the list.
const PAGE: usize = 50;

/// The pages of this capability.
pub fn routes() -> Pages {
    let file = get(lists::file_form).post(lists::add_file).layer(takes_files());
    let paste = get(lists::paste_form).post(lists::add_text).layer(takes_ids());
    let exceptions = get(exceptions::form).post(exceptions::send).layer(takes_ids());
    Pages::new()
        .route("/transfers", get(list))
        .route("/transfers/new", get(notify::form).post(notify::send))
        .route("/transfers/{id}", get(show::show))
        .route("/transfers/{id}/confirm", post(decide::confirm))
        .route("/transfers/{id}/release", post(decide::release))
        .route("/transfers/{id}/prepare", post(decide::prepare))
        .route("/transfers/{id}/cancel", get(decide::form).post(decide::send))
        .route("/transfers/{id}/hold", get(decide::form).post(decide::send))
        .route("/transfers/{id}/reverse", get(decide::form).post(decide::send))
        .route("/transfers/{id}/list/{side}", get(lists::show))
        .route("/transfers/{id}/list/{side}/file", file)
        .route("/transfers/{id}/list/{side}/paste", paste)
        .route("/transfers/{id}/list/{side}/scan", get(scan::form).post(scan::send))
        .route("/transfers/{id}/list/{side}/chosen", post(lists::chosen))
        .route("/transfers/{id}/list/{side}/clear", post(lists::clear))
        .route("/transfers/{id}/list/{side}/start", post(lists::start))
        .route("/transfers/{id}/exceptions", exceptions)
        .route("/transfers/{id}/dispatch", get(declare::dispatch_form).post(declare::dispatch))
        .route("/transfers/{id}/arrival", get(declare::arrival_form).post(declare::arrive))
        .route("/transfers/{id}/receive", get(declare::receive_form).post(declare::receive))
        .route("/transfers/{id}/lines", get(lines::show).post(lines::correct))
        .route("/transfers/{id}/lines/{hub}", get(lines::one))
        .route("/transfers/{id}/download/{file}", get(documents::download))
}

#[derive(Template)]
#[template(path = "transfers/list.html")]
struct ListPage {
    layout: Layout,
    states: Vec<Choice>,
    kinds: Vec<Choice>,
    parties: Vec<Choice>,
    show: Vec<Choice>,
    offer: String,
    found: Vec<TransferSummary>,
    now: Timestamp,
    paging: Paging,
    may_notify: bool,
    is_of_a_party: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ListQuery {
    state: String,
    kind: String,
    party: String,
    offer: String,
    show: String,
    before: String,
    back: String,
}

impl ListQuery {
    /// The filter; an offer that is none matches nothing, as a reference that nobody has.
    fn filter(&self) -> TransferFilter {
        let offer = self.offer.trim();
        let nothing = domain::ids::OfferId(0);
        TransferFilter {
            party: None,
            state: State::from_name(&self.state),
            kind: Kind::from_name(&self.kind),
            offer: (!offer.is_empty()).then(|| offer.parse().unwrap_or(nothing)),
            only_waiting: self.show == "waiting",
            mine: self.show == "mine",
            counterparty: self.party.parse().ok(),
            overdue: self.show == "overdue",
        }
    }

    fn address(&self, before: &str, back: &str) -> String {
        let pairs = [
            ("state", self.state.as_str()),
            ("kind", &self.kind),
            ("party", &self.party),
            ("offer", self.offer.trim()),
            ("show", &self.show),
            ("before", before),
            ("back", back),
        ];
        address("/transfers", &pairs)
    }
}

async fn list(
    state: AppState,
    who: SignedIn,
    flash: Flash,
    Query(query): Query<ListQuery>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeTransfers)?;
    let (filter, before) = (query.filter(), query.before.parse::<TransferId>().ok());
    let (app, actor) = (state.app.clone(), who.actor.clone());
    let found = blocking(move || transfers::list(&app, &actor, &filter, before, PAGE)).await?;
    let book = party_book(&state).await?;
    let own = who.actor.party();
    let others = book.iter().filter(|party| Some(party.id) != own);
    let parties = others.map(|party| {
        Choice::new(party.id.to_string(), &party.details.legal_name).chosen_if(&query.party)
    });
    let states = State::ALL.iter().map(|state| Choice::new(state.name(), state.words()));
    let kinds = [("", "Any"), ("selected", "By selection"), ("direct", "Direct")];
    let kinds = kinds.into_iter().chain([("reversal", "Reversal")]).collect::<Vec<_>>();
    let show = [
        ("", "All"),
        ("mine", "Waiting for me"),
        ("overdue", "Overdue"),
        ("waiting", "With lines that wait"),
    ];
    let paging = Paging::by_cursor(&query.before, &query.back, found.next, |before, back| {
        query.address(before, back)
    });
    let layout = Layout::of(&who.viewer, Section::Transfers, "Transfers");
    let any = |text: &str, chosen: &str| std::iter::once(Choice::new("", text).chosen_if(chosen));
    let states = states.map(|choice| choice.chosen_if(&query.state));
    let states: Vec<Choice> = any("Any", &query.state).chain(states).collect();
    let parties: Vec<Choice> = any("Any", &query.party).chain(parties).collect();
    let (kinds, show) = (choices(&kinds, &query.kind), choices(&show, &query.show));
    let mut problems = Problems::none();
    let filters = [("state", &states), ("kind", &kinds), ("party", &parties), ("show", &show)];
    filters.iter().for_each(|(field, choices)| problems.add_unless_chosen(field, choices));
    let status = problems.status();
    let page = ListPage {
        states,
        kinds,
        parties,
        show,
        offer: query.offer,
        found: problems.withhold(found.items),
        now: state.app.now(),
        paging: problems.withhold(paging),
        may_notify: may(&who.actor, Action::AgreeTransfers),
        is_of_a_party: own.is_some(),
        layout: layout.crumb("Home", "/").flash(flash).problems(problems),
    };
    Ok(render(status, &page))
}

/// The frame of a page about one transfer.
fn layout(who: &SignedIn, id: TransferId, title: impl Into<String>) -> Layout {
    Layout::of(&who.viewer, Section::Transfers, title)
        .crumb("Home", "/")
        .crumb("Transfers", "/transfers")
        .crumb(format!("Transfer {id}"), format!("/transfers/{id}"))
}

/// The colour of a transfer's state as a tag: what waits for a person is yellow.
pub(super) fn state_colour(state: &State) -> &'static str {
    match state {
        State::Agreed | State::Confirmed | State::Arrived => "yellow",
        State::Dispatched | State::Reconciled | State::Completing => "",
        State::Completed => "green",
        State::CompletedWithExceptions => "orange",
        State::Cancelled | State::Lapsed => "grey",
        State::OnHold => "red",
    }
}

/// A specification in one line.
fn in_one_line(of: &domain::offers::Specification) -> String {
    format!(
        "{} {}, {}, {}, {}",
        of.manufacturer, of.model, of.han_variant, of.wan_variant, of.region
    )
}

/// A day as the record keeps it, as a person reads it.
fn day(text: &str) -> String {
    text.parse().map_or_else(|_| text.to_owned(), filters::date_text)
}

/// Whether an instant is over.
fn is_past(due: &Timestamp, now: &Timestamp) -> bool {
    due < now
}
