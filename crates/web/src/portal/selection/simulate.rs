//! What a version of the policy would have given in past runs.

use app::selection::{self, PolicyView, Simulation};
use askama::Template;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use domain::Refusal;
use domain::ids::PolicyId;
use domain::timers::end_of_british_day;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;

use super::super::number_in;
use super::may_simulate;
use crate::error_pages::{Failure, blocking};
use crate::page::{Layout, Problems, Section, filters, render};
use crate::session::SignedIn;
use crate::state::AppState;

#[derive(Template)]
#[template(path = "selection/simulation.html")]
struct SimulationPage {
    layout: Layout,
    policy: PolicyView,
    since: String,
    found: Option<Simulation>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Since {
    since: String,
}

/// Replays past runs.
pub(super) async fn show(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Query(Since { since }): Query<Since>,
) -> Result<Response, Failure> {
    if !may_simulate(&who.actor) {
        return Err(Refusal::not_found("page").into());
    }
    let (id, actor) = (number_in::<PolicyId>(&id)?, who.actor.clone());
    let mut problems = Problems::none();
    let from = match since.trim() {
        "" => Some(Timestamp::MIN),
        text => {
            text.parse::<Date>().ok().map(|day| end_of_british_day(day.yesterday().unwrap_or(day)))
        }
    };
    if from.is_none() {
        problems.add("since", "Enter a day such as 2026-11-23, or leave it empty");
    }
    let (policy, found) = blocking(move || {
        let policy = selection::get_policy(&state.app, &actor, id)?;
        let found = from
            .map(|from| selection::simulate(&state.app, &actor, &policy.steps, from))
            .transpose()?;
        Ok((policy, found))
    })
    .await?;
    let status =
        if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let layout = Layout::of(&who.viewer, Section::Selection, "What it would have given")
        .crumb("Home", "/")
        .crumb("Selection policy", "/policies")
        .crumb(policy.id.to_string(), format!("/policies/{id}"))
        .problems(problems);
    Ok(render(status, &SimulationPage { layout, policy, since, found }))
}
