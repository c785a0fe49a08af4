//! Declaring what left, that it has arrived, and what was received.

use app::transfers::{self, Arrival, Dispatch, ListState, TransferView};
use askama::Template;
use axum::extract::{Form, Path};
use axum::http::StatusCode;
use axum::response::Response;
use domain::ids::TransferId;
use domain::timers::british_day;
use domain::transfers::{Condition, Side};
use jiff::civil::Date;
use serde::Deserialize;

use super::super::{number_in, shown_in_form, version_seen};
use super::{in_one_line, layout};
use crate::error_pages::{Failure, blocking};
use crate::page::{Choice, Layout, Problems, filters, redirect_with, render};
use crate::session::SignedIn;
use crate::state::AppState;

#[derive(Template)]
#[template(path = "transfers/dispatch.html")]
struct DispatchPage {
    layout: Layout,
    transfer: TransferView,
    list: ListState,
    typed: TypedDispatch,
    fewer: Vec<Choice>,
}

#[derive(Template)]
#[template(path = "transfers/arrival.html")]
struct ArrivalPage {
    layout: Layout,
    transfer: TransferView,
    typed: TypedArrival,
    conditions: Vec<Choice>,
}

#[derive(Template)]
#[template(path = "transfers/receive.html")]
struct ReceivePage {
    layout: Layout,
    transfer: TransferView,
    list: ListState,
    seen: Seen,
}

/// What the form of a receipt sends: the versions that its page showed of the transfer and the list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Seen {
    version: String,
    list: String,
}

/// What is typed about a dispatch.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TypedDispatch {
    version: String,
    list: String,
    on: String,
    carrier: String,
    consignment_note: String,
    seals: String,
    fewer: String,
}

/// What is typed about an arrival.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TypedArrival {
    version: String,
    on: String,
    condition: String,
    note: String,
}

/// The day that was typed, or what is wrong with it.
fn day_in(text: &str, problems: &mut Problems) -> Date {
    let parsed = text.trim().parse();
    if parsed.is_err() {
        problems.add("on", "Enter the day as year, month and day, such as 2026-11-23");
    }
    parsed.unwrap_or_default()
}

/// Asks how it left.
pub(super) async fn dispatch_form(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let on = british_day(state.app.now()).to_string();
    let typed = TypedDispatch { on, ..TypedDispatch::default() };
    dispatch_page(state, who, number_in(&id)?, typed, StatusCode::OK, Problems::none()).await
}

/// Declares the dispatch.
pub(super) async fn dispatch(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Form(typed): Form<TypedDispatch>,
) -> Result<Response, Failure> {
    let id: TransferId = number_in(&id)?;
    let mut problems = Problems::none();
    let given = Dispatch {
        on: day_in(&typed.on, &mut problems),
        carrier: typed.carrier.clone(),
        consignment_note: typed.consignment_note.clone(),
        seals: typed.seals.clone(),
        fewer_is_meant: typed.fewer == "yes",
        list_version: version_seen(&typed.list),
    };
    if !problems.is_empty() {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return dispatch_page(state, who, id, typed, status, problems).await;
    }
    let (app, actor) = (state.app.clone(), who.actor.clone());
    let version = version_seen(&typed.version);
    match blocking(move || transfers::dispatch(&app, &actor, id, version, &given)).await {
        Ok(_) => Ok(redirect_with(&format!("/transfers/{id}"), "Dispatch declared")),
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            dispatch_page(state, who, id, typed, status, problems).await
        }
    }
}

async fn dispatch_page(
    state: AppState,
    who: SignedIn,
    id: TransferId,
    mut typed: TypedDispatch,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Failure> {
    let (transfer, list) = with_list(state, &who, id, Side::Sender).await?;
    typed.version = seen(&typed.version, status, transfer.version);
    typed.list = seen(&typed.list, status, list.version);
    let fewer = vec![
        Choice::new("yes", "Fewer hubs than agreed are meant")
            .hint("What is not dispatched stays with you.")
            .chosen_if(&typed.fewer),
    ];
    let layout = layout(&who, id, "Declare the dispatch").problems(problems);
    Ok(render(status, &DispatchPage { layout, transfer, list, typed, fewer }))
}

/// The version that the form goes on from: as it is now when the page was out of date.
fn seen(given: &str, status: StatusCode, now: i64) -> String {
    let is_stale = given.is_empty() || status == StatusCode::PRECONDITION_FAILED;
    if is_stale { now.to_string() } else { given.to_owned() }
}

async fn with_list(
    state: AppState,
    who: &SignedIn,
    id: TransferId,
    side: Side,
) -> Result<(TransferView, ListState), Failure> {
    let actor = who.actor.clone();
    blocking(move || {
        let transfer = transfers::get(&state.app, &actor, id)?;
        Ok((transfer, transfers::list_state(&state.app, &actor, id, side)?))
    })
    .await
}

/// Asks when and how it arrived.
pub(super) async fn arrival_form(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let on = british_day(state.app.now()).to_string();
    let typed = TypedArrival { on, condition: "good".to_owned(), ..TypedArrival::default() };
    arrival_page(state, who, number_in(&id)?, typed, StatusCode::OK, Problems::none()).await
}

/// Declares the arrival.
pub(super) async fn arrive(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Form(typed): Form<TypedArrival>,
) -> Result<Response, Failure> {
    let id: TransferId = number_in(&id)?;
    let mut problems = Problems::none();
    let on = day_in(&typed.on, &mut problems);
    let condition = Condition::from_name(&typed.condition);
    if condition.is_none() {
        problems.add("condition", "Select in what condition it arrived");
    }
    let (true, Some(condition)) = (problems.is_empty(), condition) else {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return arrival_page(state, who, id, typed, status, problems).await;
    };
    let given = Arrival { on, condition, note: typed.note.clone() };
    let (app, actor) = (state.app.clone(), who.actor.clone());
    let version = version_seen(&typed.version);
    match blocking(move || transfers::arrive(&app, &actor, id, version, &given)).await {
        Ok(_) => Ok(redirect_with(&format!("/transfers/{id}"), "Arrival declared")),
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            arrival_page(state, who, id, typed, status, problems).await
        }
    }
}

async fn arrival_page(
    state: AppState,
    who: SignedIn,
    id: TransferId,
    mut typed: TypedArrival,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Failure> {
    let actor = who.actor.clone();
    let transfer = blocking(move || transfers::get(&state.app, &actor, id)).await?;
    typed.version = seen(&typed.version, status, transfer.version);
    let conditions = Condition::ALL
        .iter()
        .map(|known| Choice::new(known.name(), known.words()).chosen_if(&typed.condition))
        .collect();
    let layout = layout(&who, id, "Say that it has arrived").problems(problems);
    Ok(render(status, &ArrivalPage { layout, transfer, typed, conditions }))
}

/// Shows what would be declared as received.
pub(super) async fn receive_form(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let given = Seen::default();
    receive_page(state, who, number_in(&id)?, given, StatusCode::OK, Problems::none()).await
}

/// Declares the receipt: both lists are compared.
pub(super) async fn receive(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Form(given): Form<Seen>,
) -> Result<Response, Failure> {
    let id: TransferId = number_in(&id)?;
    let (app, actor) = (state.app.clone(), who.actor.clone());
    let (version, list) = (version_seen(&given.version), version_seen(&given.list));
    match blocking(move || transfers::receive(&app, &actor, id, version, list)).await {
        Ok(_) => {
            let said = "Receipt declared: both lists were compared, hub by hub";
            Ok(redirect_with(&format!("/transfers/{id}"), said))
        }
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            receive_page(state, who, id, given, status, problems).await
        }
    }
}

async fn receive_page(
    state: AppState,
    who: SignedIn,
    id: TransferId,
    given: Seen,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Failure> {
    let (transfer, list) = with_list(state, &who, id, Side::Receiver).await?;
    let seen = Seen {
        version: seen(&given.version, status, transfer.version),
        list: seen(&given.list, status, list.version),
    };
    let layout = layout(&who, id, "Declare the receipt").problems(problems);
    Ok(render(status, &ReceivePage { layout, transfer, list, seen }))
}
