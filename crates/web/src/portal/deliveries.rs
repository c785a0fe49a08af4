//! Files of deliveries, statuses, snapshots and Parties: the list, and what one of them came to.

pub(super) mod answers;
mod decide;
mod show;
pub(super) mod upload;

use app::imports::{self, ImportView};
use askama::Template;
use axum::response::Response;
use axum::routing::{get, post};
use domain::access::Action;
use domain::imports::{ImportKind, ImportState};
use serde::Deserialize;

use super::{Pages, address, may, must_see};
use crate::api::given::Query;
use crate::error_pages::{Failure, blocking};
use crate::page::{Flash, Layout, Paging, Problems, Section, filters, render};
use crate::security::takes_files;
use crate::session::SignedIn;
use crate::state::AppState;

/// Files on one page of the list.
const PAGE: u32 = 50;

/// The pages of this capability.
pub fn routes() -> Pages {
    let upload = get(upload::form).post(upload::send).layer(takes_files());
    Pages::new()
        .route("/deliveries", get(list))
        .route("/deliveries/new", upload)
        .route("/deliveries/{id}", get(show::show))
        .route("/deliveries/{id}/events", get(show::events))
        .route("/deliveries/{id}/answer", get(show::answer))
        .route("/deliveries/{id}/authorise", post(decide::authorise))
        .route("/deliveries/{id}/reject", get(decide::ask).post(decide::reject))
}

#[derive(Template)]
#[template(path = "deliveries/list.html")]
struct ListPage {
    layout: Layout,
    tabs: Vec<Tab>,
    imports: Vec<ImportView>,
    paging: Paging,
    may_load: bool,
}

/// One kind of file, or all of them.
struct Tab {
    text: &'static str,
    href: String,
    is_chosen: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ListQuery {
    kind: String,
    before: String,
    back: String,
}

async fn list(
    state: AppState,
    who: SignedIn,
    flash: Flash,
    Query(query): Query<ListQuery>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeImports)?;
    let (actor, before) = (who.actor.clone(), query.before.parse().ok());
    let kind = ImportKind::from_word(&query.kind);
    let found = blocking(move || imports::list(&state.app, &actor, kind, before, PAGE)).await?;
    let word = kind.map_or("", ImportKind::word);
    let paging = Paging::by_cursor(&query.before, &query.back, found.next, |before, back| {
        address("/deliveries", &[("kind", word), ("before", before), ("back", back)])
    });
    let mut problems = Problems::none();
    if kind.is_none() && !query.kind.is_empty() {
        problems.add_general("Choose one of these kinds of file: what was asked for is none");
    }
    let status = problems.status();
    let page = ListPage {
        tabs: tabs(kind),
        imports: problems.withhold(found.items),
        paging: problems.withhold(paging),
        may_load: may(&who.actor, Action::LoadInventory),
        layout: Layout::of(&who.viewer, Section::Deliveries, "Deliveries and other files")
            .crumb("Home", "/")
            .flash(flash)
            .problems(problems),
    };
    Ok(render(status, &page))
}

fn tabs(chosen: Option<ImportKind>) -> Vec<Tab> {
    let tab = |kind: Option<ImportKind>| Tab {
        text: kind.as_ref().map_or("All files", kind_name),
        href: address("/deliveries", &[("kind", kind.map_or("", ImportKind::word))]),
        is_chosen: kind == chosen,
    };
    std::iter::once(None).chain(ImportKind::ALL.iter().copied().map(Some)).map(tab).collect()
}

/// What a file brings, as pages name it.
pub(super) fn kind_name(kind: &ImportKind) -> &'static str {
    match kind {
        ImportKind::Parties => "Parties",
        ImportKind::Deliveries => "Deliveries",
        ImportKind::Statuses => "Statuses",
        ImportKind::Snapshot => "Snapshots",
    }
}

/// How far a file is, as pages say it.
pub(super) fn state_words(state: &ImportState) -> &'static str {
    match state {
        ImportState::Received => "Received",
        ImportState::Loading => "Loading",
        ImportState::Loaded => "Loaded",
        ImportState::Refused => "Refused",
        ImportState::Compared => "Waits for authorisation",
        ImportState::Authorised => "Authorised",
        ImportState::Rejected => "Rejected",
    }
}

/// The colour of its tag: what waits for a person is yellow.
pub(super) fn state_colour(state: &ImportState) -> &'static str {
    match state {
        ImportState::Received | ImportState::Loading | ImportState::Authorised => "",
        ImportState::Loaded => "green",
        ImportState::Compared => "yellow",
        ImportState::Refused | ImportState::Rejected => "red",
    }
}

/// Whether a job works on it, or will in a moment.
fn is_working(state: &ImportState) -> bool {
    match state {
        ImportState::Received | ImportState::Loading | ImportState::Authorised => true,
        ImportState::Loaded
        | ImportState::Refused
        | ImportState::Compared
        | ImportState::Rejected => false,
    }
}
