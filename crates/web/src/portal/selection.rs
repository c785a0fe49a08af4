//! Selection: runs over offers, one run explained, versions of the policy, simulations.

mod edit;
mod policies;
mod simulate;

use app::selection::{self, LineView, PolicyView, RunView, Runs, Waiting};
use app::tables::Format;
use askama::Template;
use axum::extract::{Form, Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use domain::Refusal;
use domain::access::{Action, Actor, Reach};
use domain::ids::{AllocationRunId, OfferId};
use domain::selection::Standing;
use serde::Deserialize;

use super::{Pages, address, may, must_see, number_in, shown_in_form};
use crate::error_pages::{Failure, blocking};
use crate::page::{Flash, Layout, Paging, Problems, Section, filters, redirect_with, render};
use crate::session::SignedIn;
use crate::state::AppState;
use crate::streams::download;

/// How many runs a page lists.
const RUNS: u32 = 50;

/// The pages of this capability.
pub fn routes() -> Pages {
    Pages::new()
        .route("/selection", get(list))
        .route("/selection/run", post(run))
        .route("/selection/{id}", get(show))
        .route("/selection/{id}/record", get(record))
        .route("/selection/{id}/explanation", get(explanation))
        .route("/policies", get(policies::list))
        .route("/policies/new", get(edit::new_form).post(edit::draft))
        .route("/policies/{id}", get(policies::show))
        .route("/policies/{id}/edit", get(edit::form).post(edit::save))
        .route("/policies/{id}/publish", get(policies::publish_form).post(policies::publish))
        .route("/policies/{id}/withdraw", get(policies::withdraw_form).post(policies::withdraw))
        .route("/policies/{id}/simulate", get(simulate::show))
}

#[derive(Template)]
#[template(path = "selection/list.html")]
struct ListPage {
    layout: Layout,
    policy: Option<PolicyView>,
    waiting: Vec<Waiting>,
    runs: Runs,
    paging: Paging,
    may_run: bool,
}

#[derive(Template)]
#[template(path = "selection/show.html")]
struct ShowPage {
    layout: Layout,
    view: RunView,
    own: Vec<LineView>,
    offers: bool,
    sees_all: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ListQuery {
    before: String,
    back: String,
    offer: String,
}

async fn list(
    state: AppState,
    who: SignedIn,
    flash: Flash,
    Query(query): Query<ListQuery>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeSelection)?;
    list_page(state, who, flash, query, StatusCode::OK, Problems::none()).await
}

async fn list_page(
    state: AppState,
    who: SignedIn,
    flash: Flash,
    query: ListQuery,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Failure> {
    let sees_all = who.actor.reach(Action::SeeSelection) == Reach::All;
    let (actor, before) = (who.actor.clone(), query.before.parse().ok());
    let offer: Option<OfferId> = query.offer.parse().ok();
    let (policy, waiting, runs) = blocking(move || {
        let policies = selection::list_policies(&state.app, &actor)?;
        let policy = policies.into_iter().find(|p| p.standing == Standing::InForce);
        let waiting = if sees_all { selection::waiting(&state.app, &actor)? } else { Vec::new() };
        let runs = selection::list_runs(&state.app, &actor, offer, before, RUNS)?;
        Ok((policy, waiting, runs))
    })
    .await?;
    let paging = Paging::by_cursor(&query.before, &query.back, runs.next, |before, back| {
        let pairs = [("offer", query.offer.as_str()), ("before", before), ("back", back)];
        address("/selection", &pairs)
    });
    let layout = Layout::of(&who.viewer, Section::Selection, "Selection").crumb("Home", "/");
    let page = ListPage {
        layout: layout.flash(flash).problems(problems),
        policy,
        waiting,
        runs,
        paging,
        may_run: may(&who.actor, Action::RunSelection),
    };
    Ok(render(status, &page))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RunForm {
    offer: String,
}

async fn run(
    state: AppState,
    who: SignedIn,
    Form(form): Form<RunForm>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::RunSelection)?;
    let offer: OfferId = number_in(&form.offer)?;
    let (app, actor) = (state.app.clone(), who.actor.clone());
    match blocking(move || selection::run(&app, &actor, offer)).await {
        Ok(id) => Ok(redirect_with(&format!("/selection/{id}"), "Selection was run")),
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            list_page(state, who, Flash::default(), ListQuery::default(), status, problems).await
        }
    }
}

async fn show(
    state: AppState,
    who: SignedIn,
    flash: Flash,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeSelection)?;
    let (id, actor) = (number_in::<AllocationRunId>(&id)?, who.actor.clone());
    let view = blocking(move || selection::get_run(&state.app, &actor, id)).await?;
    let layout =
        Layout::of(&who.viewer, Section::Selection, format!("Selection over {}", view.run.offer))
            .crumb("Home", "/")
            .crumb("Selection", "/selection")
            .flash(flash);
    let page = ShowPage {
        layout,
        own: view.lines.iter().filter(|line| line.is_own).cloned().collect(),
        offers: view.offering.as_ref().is_some_and(|(party, _)| who.actor.party() == Some(*party)),
        sees_all: who.actor.reach(Action::SeeSelection) == Reach::All,
        view,
    };
    Ok(render(StatusCode::OK, &page))
}

async fn must_be_there(
    state: &AppState,
    who: &SignedIn,
    id: &str,
) -> Result<AllocationRunId, Failure> {
    must_see(&who.actor, Action::SeeSelection)?;
    let (id, app, actor) = (number_in(id)?, state.app.clone(), who.actor.clone());
    blocking(move || selection::get_run(&app, &actor, id)).await?;
    Ok(id)
}

async fn record(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeSelection)?;
    let (id, app, actor) = (number_in(&id)?, state.app.clone(), who.actor.clone());
    blocking(move || selection::export(&app, &actor, id, &mut std::io::sink())).await?;
    download(&format!("{id}.json"), "application/json", move |mut out| {
        selection::export(&state.app, &who.actor, id, &mut out)
    })
    .await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct FormatQuery {
    format: String,
}

async fn explanation(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Query(query): Query<FormatQuery>,
) -> Result<Response, Failure> {
    let id = must_be_there(&state, &who, &id).await?;
    let format = Format::from_word(&query.format).filter(|format| *format != Format::Parquet);
    let format = format.ok_or_else(|| Refusal::not_found("page"))?;
    let name = format!("{id}.{}", format.word());
    download(&name, format.media_type(), move |out| {
        selection::explanation(&state.app, &who.actor, id, format, Box::new(out))
    })
    .await
}

/// The colour of a version's standing.
pub(super) fn standing_colour(standing: &Standing) -> &'static str {
    match standing {
        Standing::Draft => "yellow",
        Standing::Announced => "",
        Standing::InForce => "green",
        Standing::Replaced | Standing::Withdrawn => "grey",
    }
}

/// Whether a simulation would show this person what others were given.
fn may_simulate(actor: &Actor) -> bool {
    actor.reach(Action::SeeSelection) == Reach::All && may(actor, Action::SeePolicies)
}
