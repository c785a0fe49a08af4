//! The scan page: one field that a scanner types into. A script makes it fast, tells by sound how
//! each scan came out, and keeps what could not be sent; without one it is a form.

use app::transfers::{self, Class, ListState, TransferView};
use askama::Template;
use axum::extract::{Form, Path};
use axum::http::StatusCode;
use axum::response::Response;
use domain::ids::{TransferId, UserId};
use domain::transfers::Side;
use serde::Deserialize;

use super::super::{number_in, shown_in_form};
use super::{answers, in_one_line, layout, lists};
use crate::error_pages::{Failure, blocking};
use crate::page::{Flash, Layout, Problems, filters, redirect_with, render};
use crate::session::SignedIn;
use crate::state::AppState;

#[derive(Template)]
#[template(path = "transfers/scan.html")]
struct ScanPage {
    layout: Layout,
    transfer: TransferView,
    side: Side,
    list_title: &'static str,
    list: ListState,
    user: UserId,
    is_open: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Scanned {
    code: String,
}

/// The page.
pub(super) async fn form(
    state: AppState,
    who: SignedIn,
    flash: Flash,
    Path((id, side)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let list = (number_in(&id)?, lists::side_in(&side)?);
    page(state, who, list, flash, StatusCode::OK, Problems::none()).await
}

/// One scan, as a browser without scripts sends it.
pub(super) async fn send(
    state: AppState,
    who: SignedIn,
    Path((id, side)): Path<(String, String)>,
    Form(scanned): Form<Scanned>,
) -> Result<Response, Failure> {
    let (id, side): (TransferId, Side) = (number_in(&id)?, lists::side_in(&side)?);
    let (app, actor) = (state.app.clone(), who.actor.clone());
    match blocking(move || transfers::scan(&app, &actor, id, side, &scanned.code)).await {
        Ok(added) => {
            let worst = added.answers.iter().max_by_key(|answer| answer.class);
            let said = worst.map_or_else(String::new, |answer| {
                let words = answers::words(&answer.class);
                format!("{words}: {}. {}", answer.given, answer.message)
            });
            if worst.is_none_or(|answer| answer.class == Class::Good) {
                return Ok(redirect_with(&format!("{}/scan", lists::path(id, side)), &said));
            }
            let mut problems = Problems::none();
            problems.add("code", said);
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            page(state, who, (id, side), Flash::default(), status, problems).await
        }
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            let problems = lists::at("code", problems);
            page(state, who, (id, side), Flash::default(), status, problems).await
        }
    }
}

async fn page(
    state: AppState,
    who: SignedIn,
    (id, side): (TransferId, Side),
    flash: Flash,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Failure> {
    let actor = who.actor.clone();
    let (transfer, list) = blocking(move || {
        let transfer = transfers::get(&state.app, &actor, id)?;
        Ok((transfer, transfers::list_state(&state.app, &actor, id, side)?))
    })
    .await?;
    let list_title = lists::title(side);
    let page = ScanPage {
        layout: layout(&who, id, "Scan hubs")
            .crumb(list_title, lists::path(id, side))
            .flash(flash)
            .problems(problems),
        is_open: lists::is_open(&transfer, side),
        transfer,
        side,
        list_title,
        list,
        user: who.actor.user,
    };
    Ok(render(status, &page))
}
