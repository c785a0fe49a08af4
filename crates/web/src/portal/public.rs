//! What is published of selection, for everybody, signed in or not: the runs with their records, and
//! the policies. No device ID and no Party's name is in it.

use app::selection::{self, PolicyView, Runs};
use askama::Template;
use axum::Extension;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use domain::ids::{AllocationRunId, PolicyId};
use serde::Deserialize;

use super::{Pages, address, number_in, public_layout};
use crate::error_pages::{Failure, blocking};
use crate::page::{Layout, Paging, filters, render};
use crate::session::SignedIn;
use crate::state::AppState;
use crate::streams::download;

/// How many runs a page lists.
const RUNS: u32 = 50;

/// The pages of this capability.
pub fn routes() -> Pages {
    Pages::new()
        .route("/public/selection", get(runs))
        .route("/public/selection/{id}/record", get(record))
        .route("/public/policies", get(policies))
        .route("/public/policies/{id}", get(policy))
}

#[derive(Template)]
#[template(path = "public/selection.html")]
struct RunsPage {
    layout: Layout,
    runs: Runs,
    paging: Paging,
}

#[derive(Template)]
#[template(path = "public/policies.html")]
struct PoliciesPage {
    layout: Layout,
    policies: Vec<PolicyView>,
}

#[derive(Template)]
#[template(path = "public/policy.html")]
struct PolicyPage {
    layout: Layout,
    policy: PolicyView,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ListQuery {
    before: String,
    back: String,
}

async fn runs(
    state: AppState,
    who: Option<Extension<SignedIn>>,
    Query(query): Query<ListQuery>,
) -> Result<Response, Failure> {
    let before = query.before.parse().ok();
    let runs = blocking(move || selection::public_runs(&state.app, before, RUNS)).await?;
    let paging = Paging::by_cursor(&query.before, &query.back, runs.next, |before, back| {
        address("/public/selection", &[("before", before), ("back", back)])
    });
    let layout = public_layout(who.as_deref(), "Published runs of selection");
    Ok(render(StatusCode::OK, &RunsPage { layout, runs, paging }))
}

async fn record(state: AppState, Path(id): Path<String>) -> Result<Response, Failure> {
    let id: AllocationRunId = number_in(&id)?;
    let app = state.app.clone();
    blocking(move || selection::public_record(&app, id, &mut std::io::sink())).await?;
    download(&format!("{id}.json"), "application/json", move |mut out| {
        selection::public_record(&state.app, id, &mut out)
    })
    .await
}

async fn policies(state: AppState, who: Option<Extension<SignedIn>>) -> Result<Response, Failure> {
    let policies = blocking(move || selection::public_policies(&state.app)).await?;
    let layout = public_layout(who.as_deref(), "Published selection policies");
    Ok(render(StatusCode::OK, &PoliciesPage { layout, policies }))
}

async fn policy(
    state: AppState,
    who: Option<Extension<SignedIn>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id: PolicyId = number_in(&id)?;
    let policy = blocking(move || selection::public_policy(&state.app, id)).await?;
    let layout = public_layout(who.as_deref(), &policy.title)
        .crumb("Published selection policies", "/public/policies");
    Ok(render(StatusCode::OK, &PolicyPage { layout, policy }))
}
