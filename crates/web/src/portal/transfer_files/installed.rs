//! The queue of hubs that were installed before their file was processed: Finance settles each.

use app::transfer_files::{self, InstalledFilter, InstalledItem};
use askama::Template;
use axum::extract::{Form, Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use domain::access::Action;
use serde::Deserialize;

use super::super::{address, may, number_in, shown_in_form, version_seen};
use crate::error_pages::{Failure, blocking};
use crate::page::{
    Choice, Flash, Layout, Paging, Problems, Section, choices, filters, redirect_with, render,
};
use crate::session::SignedIn;
use crate::state::AppState;

/// Hubs on one page.
const PAGE: u32 = 50;
const TITLE: &str = "Hubs installed before their file was processed";

#[derive(Template)]
#[template(path = "transfer_files/installed.html")]
struct InstalledPage {
    layout: Layout,
    shown: Vec<Choice>,
    items: Vec<InstalledItem>,
    paging: Paging,
    may_settle: bool,
}

#[derive(Template)]
#[template(path = "transfer_files/settle.html")]
struct SettlePage {
    layout: Layout,
    item: InstalledItem,
    note: String,
    may_settle: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct InstalledQuery {
    show: String,
    after: String,
    back: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Note {
    version: String,
    note: String,
}

/// The queue, oldest first.
pub(super) async fn list(
    state: AppState,
    who: SignedIn,
    flash: Flash,
    Query(query): Query<InstalledQuery>,
) -> Result<Response, Failure> {
    let filter = match query.show.as_str() {
        "settled" => InstalledFilter::Settled,
        "all" => InstalledFilter::All,
        _ => InstalledFilter::Open,
    };
    let (after, actor) = (query.after.parse().ok(), who.actor.clone());
    let found =
        blocking(move || transfer_files::installed_before(&state.app, &actor, filter, after, PAGE))
            .await?;
    let paging = Paging::by_cursor(&query.after, &query.back, found.next, |after, back| {
        let query = [("show", query.show.as_str()), ("after", after), ("back", back)];
        address("/installed-before", &query)
    });
    let shown = [("", "Waiting"), ("settled", "Settled"), ("all", "All")];
    let page = InstalledPage {
        layout: layout(&who, TITLE).flash(flash),
        shown: choices(&shown, &query.show),
        items: found.items,
        paging,
        may_settle: may(&who.actor, Action::SettleInstalledQueue),
    };
    Ok(render(StatusCode::OK, &page))
}

/// One hub of the queue, and how it is settled.
pub(super) async fn form(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    page(state, who, number_in(&id)?, String::new(), StatusCode::OK, Problems::none()).await
}

/// Settles one.
pub(super) async fn settle(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<Note>,
) -> Result<Response, Failure> {
    let id: i64 = number_in(&id)?;
    let (app, actor, note) = (state.app.clone(), who.actor.clone(), form.note.clone());
    let version = version_seen(&form.version);
    match blocking(move || transfer_files::settle(&app, &actor, id, version, &note)).await {
        Ok(item) => Ok(redirect_with("/installed-before", &format!("Settled {}", item.hub))),
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            page(state, who, id, form.note, status, problems).await
        }
    }
}

async fn page(
    state: AppState,
    who: SignedIn,
    id: i64,
    note: String,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Failure> {
    let actor = who.actor.clone();
    let item = blocking(move || transfer_files::installed_one(&state.app, &actor, id)).await?;
    let layout = layout(&who, &format!("Settle {}", item.hub))
        .crumb(TITLE, "/installed-before")
        .problems(problems);
    let may_settle = may(&who.actor, Action::SettleInstalledQueue) && item.settled_at.is_none();
    Ok(render(status, &SettlePage { layout, item, note, may_settle }))
}

fn layout(who: &SignedIn, title: &str) -> Layout {
    Layout::of(&who.viewer, Section::TransferFiles, title)
        .crumb("Home", "/")
        .crumb("Transfer files", "/transfer-files")
}
