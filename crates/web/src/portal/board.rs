//! The board: published offers, wanted requests, and the filters that a person saved.

use app::board::{self, Listed, SavedFilterRow};
use app::offers::OfferRow;
use app::requests::RequestRow;
use app::tables::Format;
use askama::Template;
use axum::extract::{Form, Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use domain::access::Action;
use domain::board::{BoardFilter, date, quantity};
use domain::ids::SavedFilterId;
use domain::inventory::REGIONS;
use serde::Deserialize;

use super::{Pages, address, may, must_see, number_in, shown_in_form, version_seen};
use crate::error_pages::{Failure, blocking};
use crate::page::{
    Choice, Flash, Layout, Paging, Problems, Section, filters, redirect_with, render,
};
use crate::session::SignedIn;
use crate::state::AppState;
use crate::streams::download;

/// The pages of this capability.
pub fn routes() -> Pages {
    Pages::new()
        .route("/board", get(show))
        .route("/board/wanted", get(wanted))
        .route("/board/export", get(export))
        .route("/board/filters", post(save))
        .route("/board/filters/{id}", post(change))
}

#[derive(Template)]
#[template(path = "board/show.html")]
struct BoardPage {
    layout: Layout,
    asked: Asked,
    regions: Vec<Choice>,
    offers: Vec<Listed<OfferRow>>,
    words: String,
    query: String,
    saved: Vec<SavedFilterRow>,
    paging: Paging,
    notifies: Vec<Choice>,
    may_request: bool,
    may_see_rules: bool,
}

/// What is looked for, as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    manufacturer: String,
    model: String,
    firmware: String,
    variant: String,
    region: String,
    quantity: String,
    date: String,
    before: String,
    back: String,
    format: String,
    name: String,
    notifies: String,
}

impl Asked {
    fn filter(&self) -> Result<BoardFilter, Problems> {
        let mut problems = Problems::none();
        let trimmed = |text: &str| text.trim().to_owned();
        let wanted = quantity(&self.quantity).unwrap_or_else(|message| {
            problems.add("quantity", message);
            None
        });
        let day = date(&self.date).unwrap_or_else(|message| {
            problems.add("date", message);
            None
        });
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(BoardFilter {
            manufacturer: trimmed(&self.manufacturer),
            model: trimmed(&self.model),
            firmware: trimmed(&self.firmware),
            variant: trimmed(&self.variant),
            region: trimmed(&self.region),
            quantity: wanted,
            date: day,
        })
    }

    fn address_of(&self, before: &str, back: &str) -> String {
        let pairs = [
            ("manufacturer", self.manufacturer.as_str()),
            ("model", &self.model),
            ("firmware", &self.firmware),
            ("variant", &self.variant),
            ("region", &self.region),
            ("quantity", &self.quantity),
            ("date", &self.date),
            ("before", before),
            ("back", back),
        ];
        address("/board", &pairs)
    }
}

async fn show(
    state: AppState,
    who: SignedIn,
    flash: Flash,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    page(state, who, flash, asked, StatusCode::OK, Problems::none()).await
}

async fn page(
    state: AppState,
    who: SignedIn,
    flash: Flash,
    asked: Asked,
    mut status: StatusCode,
    mut problems: Problems,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeBoard)?;
    let filter = match asked.filter() {
        Ok(filter) => filter,
        Err(wrong) => {
            status = StatusCode::UNPROCESSABLE_ENTITY;
            problems = wrong;
            BoardFilter::default()
        }
    };
    let (app, actor, wanted) = (state.app.clone(), who.actor.clone(), filter.clone());
    let before = asked.before.parse().ok();
    let (found, saved) = blocking(move || {
        let found = board::offers(&app, &actor, &wanted, before.into())?;
        Ok((found, board::filters(&app, &actor)?))
    })
    .await?;
    let regions = std::iter::once(Choice::new("", "Any"))
        .chain(REGIONS.iter().map(|region| Choice::new(*region, *region)))
        .map(|choice| choice.chosen_if(&asked.region))
        .collect();
    let notify = Choice::new("yes", "Tell me of new offers that it finds");
    let page = BoardPage {
        layout: Layout::of(&who.viewer, Section::Board, "Board")
            .crumb("Home", "/")
            .flash(flash)
            .problems(problems),
        regions,
        offers: found.items,
        words: filter.words(),
        query: filter.query(),
        saved,
        paging: Paging::by_cursor(&asked.before, &asked.back, found.next, |before, back| {
            asked.address_of(before, back)
        }),
        notifies: vec![notify.chosen_if(&asked.notifies)],
        may_request: may(&who.actor, Action::ManageRequests),
        may_see_rules: may(&who.actor, Action::SeeStockRules),
        asked,
    };
    Ok(render(status, &page))
}

#[derive(Template)]
#[template(path = "board/wanted.html")]
struct WantedPage {
    layout: Layout,
    requests: Vec<Listed<RequestRow>>,
    paging: Paging,
    may_request: bool,
    may_offer: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Before {
    before: String,
    back: String,
}

async fn wanted(
    state: AppState,
    who: SignedIn,
    Query(query): Query<Before>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeBoard)?;
    let (actor, before) = (who.actor.clone(), query.before.parse().ok());
    let found = blocking(move || board::wanted(&state.app, &actor, before.into())).await?;
    let paging = Paging::by_cursor(&query.before, &query.back, found.next, |before, back| {
        address("/board/wanted", &[("before", before), ("back", back)])
    });
    let page = WantedPage {
        layout: Layout::of(&who.viewer, Section::Board, "Wanted stock")
            .crumb("Home", "/")
            .crumb("Board", "/board"),
        requests: found.items,
        paging,
        may_request: may(&who.actor, Action::ManageRequests),
        may_offer: may(&who.actor, Action::ManageOffers),
    };
    Ok(render(StatusCode::OK, &page))
}

async fn export(
    state: AppState,
    who: SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeBoard)?;
    let filter = asked.filter().unwrap_or_default();
    let format = match Format::from_word(&asked.format) {
        Some(Format::Xlsx) => Format::Xlsx,
        _ => Format::Csv,
    };
    let at = state.app.now().strftime("%Y%m%dT%H%M%SZ");
    let name = format!("board_{at}.{}", format.word());
    download(&name, format.media_type(), move |mut out| {
        board::export(&state.app, &who.actor, &filter, format, &mut out).map(|_| ())
    })
    .await
}

async fn save(
    state: AppState,
    who: SignedIn,
    Form(asked): Form<Asked>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeBoard)?;
    let filter = match asked.filter() {
        Ok(filter) => filter,
        Err(problems) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return page(state, who, Flash::default(), asked, status, problems).await;
        }
    };
    let to = format!("/board?{}", filter.query());
    let (app, actor, given) = (state.app.clone(), who.actor.clone(), asked.clone());
    let done = blocking(move || {
        board::save_filter(&app, &actor, &given.name, &filter, given.notifies == "yes")
    });
    match done.await {
        Ok(_) => Ok(redirect_with(&to, "Filter saved")),
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            page(state, who, Flash::default(), asked, status, problems).await
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Change {
    then: String,
    version: String,
}

async fn change(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<Change>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeBoard)?;
    let id: SavedFilterId = number_in(&id)?;
    let (what, said) = match form.then.as_str() {
        "notify" => (Some(true), "You are told of new offers that it finds"),
        "quiet" => (Some(false), "You are no longer told of new offers that it finds"),
        _ => (None, "Filter removed"),
    };
    let (app, actor, version) = (state.app.clone(), who.actor.clone(), version_seen(&form.version));
    let done = blocking(move || match what {
        Some(notifies) => board::set_notifies(&app, &actor, id, version, notifies).map(drop),
        None => board::drop_filter(&app, &actor, id, version),
    });
    match done.await {
        Ok(()) => Ok(redirect_with("/board", said)),
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            page(state, who, Flash::default(), Asked::default(), status, problems).await
        }
    }
}

/// The address of the board under a saved filter.
fn saved_address(filter: &str) -> String {
    format!("/board?{filter}")
}

/// A saved filter in words.
fn saved_words(filter: &str) -> String {
    let words = BoardFilter::from_query(filter).unwrap_or_default().words();
    if words.is_empty() { "All offers".to_owned() } else { words }
}
