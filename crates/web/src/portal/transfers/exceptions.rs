//! The exceptions of a receipt that was started from the manifest: what did not come, and what is
//! rejected.

use app::transfers::{self, TransferView};
use askama::Template;
use axum::extract::{Form, Path};
use axum::http::StatusCode;
use axum::response::Response;
use domain::ids::TransferId;
use domain::numbers::grouped;
use domain::transfers::{FaultReason, Side};
use serde::Deserialize;

use super::super::{number_in, shown_in_form};
use super::{layout, lists};
use crate::error_pages::{Failure, blocking};
use crate::page::{Choice, Layout, Problems, filters, redirect_with, render};
use crate::session::SignedIn;
use crate::state::AppState;

#[derive(Template)]
#[template(path = "transfers/exceptions.html")]
struct ExceptionsPage {
    layout: Layout,
    transfer: TransferView,
    ids: String,
    then: Vec<Choice>,
    reasons: Vec<Choice>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    ids: String,
    then: String,
    reason: String,
}

/// Asks which hubs, and what is the matter with them.
pub(super) async fn form(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    page(state, who, number_in(&id)?, Typed::default(), StatusCode::OK, Problems::none()).await
}

/// Sets it.
pub(super) async fn send(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    let id: TransferId = number_in(&id)?;
    let reason = FaultReason::from_name(&typed.reason);
    let mut problems = Problems::none();
    if typed.ids.trim().is_empty() {
        problems.add("ids", "Enter the CHF IDs of the hubs");
    }
    if !["missing", "rejected", "accepted"].contains(&typed.then.as_str()) {
        problems.add("then", "Select what is the matter with them");
    }
    if typed.then == "rejected" && reason.is_none() {
        problems.add("reason", "Select why they are rejected");
    }
    if !problems.is_empty() {
        return page(state, who, id, typed, StatusCode::UNPROCESSABLE_ENTITY, problems).await;
    }
    let (app, actor) = (state.app.clone(), who.actor.clone());
    let (ids, then) = (typed.ids.clone(), typed.then.clone());
    let done = blocking(move || {
        let hubs = transfers::named_hubs(ids.as_bytes())?;
        match then.as_str() {
            "missing" => transfers::remove(&app, &actor, id, Side::Receiver, &hubs)?,
            "rejected" => transfers::set_verdicts(&app, &actor, id, &hubs, reason)?,
            _ => transfers::set_verdicts(&app, &actor, id, &hubs, None)?,
        };
        Ok(hubs.len())
    });
    match done.await {
        Ok(count) => {
            let hubs = if count == 1 { "hub" } else { "hubs" };
            let what = match typed.then.as_str() {
                "missing" => "taken out of the list",
                "rejected" => "rejected",
                _ => "accepted",
            };
            let said = format!("{} {hubs} {what}", grouped(count));
            Ok(redirect_with(&lists::path(id, Side::Receiver), &said))
        }
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            page(state, who, id, typed, status, at_the_ids(problems)).await
        }
    }
}

/// What is wrong with the hubs is said where they were typed.
fn at_the_ids(problems: Problems) -> Problems {
    let mut placed = Problems::none();
    for problem in problems.iter() {
        let field = problem.field.as_deref().filter(|field| *field != "hubs").unwrap_or("ids");
        placed.add(field, &problem.message);
    }
    placed
}

async fn page(
    state: AppState,
    who: SignedIn,
    id: TransferId,
    typed: Typed,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Failure> {
    let transfer = lists::open(state, &who, id, Side::Receiver).await?;
    let then = [
        ("missing", "They did not arrive"),
        ("rejected", "They arrived and are rejected"),
        ("accepted", "They are accepted after all"),
    ];
    let page = ExceptionsPage {
        layout: layout(&who, id, "Set exceptions")
            .crumb(lists::title(Side::Receiver), lists::path(id, Side::Receiver))
            .problems(problems),
        then: crate::page::choices(&then, &typed.then),
        reasons: lists::reasons(&typed.reason),
        ids: typed.ids,
        transfer,
    };
    Ok(render(status, &page))
}
