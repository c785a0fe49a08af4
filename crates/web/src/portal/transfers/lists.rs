//! The list of a side before it is declared: by file, by paste, by whole pallet or box; what is in
//! it; taking hubs out, accepting and rejecting them.

use app::transfers::{self, ListEntry, ListState, Page, TransferView};
use askama::Template;
use axum::extract::{Form, Multipart, Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use domain::DeviceId;
use domain::ids::TransferId;
use domain::numbers::grouped;
use domain::reconciliation::Received;
use domain::refusal::Refusal;
use domain::transfers::{FaultReason, Side};
use serde::Deserialize;

use super::super::{Version, address, number_in, shown_in_form, version_seen};
use super::{answers, in_one_line, layout};
use crate::error_pages::{Failure, blocking};
use crate::page::{Choice, Flash, Layout, Paging, Problems, filters, redirect_with, render};
use crate::session::SignedIn;
use crate::state::AppState;
use crate::streams::take_form;

/// Hubs on one page of a list.
const PAGE: usize = 100;

#[derive(Template)]
#[template(path = "transfers/show_list.html")]
struct ListPage {
    layout: Layout,
    transfer: TransferView,
    side: Side,
    list: ListState,
    entries: Vec<ListEntry>,
    paging: Paging,
    query: ListQuery,
    reasons: Vec<Choice>,
    is_open: bool,
}

#[derive(Template)]
#[template(path = "transfers/file.html")]
struct FilePage {
    layout: Layout,
    transfer: TransferView,
    side: Side,
    list_title: &'static str,
}

#[derive(Template)]
#[template(path = "transfers/paste.html")]
struct PastePage {
    layout: Layout,
    transfer: TransferView,
    side: Side,
    list_title: &'static str,
    ids: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ListQuery {
    after: String,
    back: String,
}

/// The side that an address names.
pub(super) fn side_in(address: &str) -> Result<Side, Failure> {
    Side::from_name(address).ok_or_else(|| Refusal::not_found("page").into())
}

/// The address of a side's list.
pub(super) fn path(id: TransferId, side: Side) -> String {
    format!("/transfers/{id}/list/{}", side.name())
}

/// What a side's list is called.
pub(super) fn title(side: Side) -> &'static str {
    match side {
        Side::Sender => "Hubs that leave",
        Side::Receiver => "Hubs that arrived",
    }
}

/// Why a hub can be turned down, to choose from.
pub(super) fn reasons(chosen: &str) -> Vec<Choice> {
    let all = FaultReason::ALL.iter().map(|reason| Choice::new(reason.name(), reason.name()));
    let none = Choice::new("", "Select a reason");
    std::iter::once(none).chain(all).map(|choice| choice.chosen_if(chosen)).collect()
}

/// The list as it stands.
pub(super) async fn show(
    state: AppState,
    who: SignedIn,
    flash: Flash,
    Path((id, side)): Path<(String, String)>,
    Query(query): Query<ListQuery>,
) -> Result<Response, Failure> {
    let (id, side) = (number_in(&id)?, side_in(&side)?);
    list_page(state, who, (id, side), query, flash, StatusCode::OK, Problems::none()).await
}

async fn list_page(
    state: AppState,
    who: SignedIn,
    (id, side): (TransferId, Side),
    query: ListQuery,
    flash: Flash,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Failure> {
    let (actor, after) = (who.actor.clone(), query.after.parse().ok().map(DeviceId::from_key));
    let (transfer, list, found) = blocking(move || {
        let transfer = transfers::get(&state.app, &actor, id)?;
        let list = transfers::list_state(&state.app, &actor, id, side)?;
        Ok((transfer, list, transfers::list_entries(&state.app, &actor, id, side, after, PAGE)?))
    })
    .await?;
    let Page { items: entries, next } = found;
    let next = next.map(|hub| hub.key());
    let paging = Paging::by_cursor(&query.after, &query.back, next, |after, back| {
        address(&path(id, side), &[("after", after), ("back", back)])
    });
    let page = ListPage {
        layout: layout(&who, id, title(side)).flash(flash).problems(problems),
        is_open: is_open(&transfer, side),
        reasons: reasons(""),
        transfer,
        side,
        list,
        entries,
        paging,
        query,
    };
    Ok(render(status, &page))
}

/// Whether this person may change the list now.
pub(super) fn is_open(transfer: &TransferView, side: Side) -> bool {
    match side {
        Side::Sender => transfer.may.sender_list,
        Side::Receiver => transfer.may.receiver_list,
    }
}

/// What the receiver says of a hub.
fn verdict(received: &Received) -> &'static str {
    match received {
        Received::Accepted => "Accepted",
        Received::Rejected(reason) => reason.name(),
    }
}

/// Asks for a file.
pub(super) async fn file_form(
    state: AppState,
    who: SignedIn,
    Path((id, side)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let list = (number_in(&id)?, side_in(&side)?);
    file_page(state, who, list, StatusCode::OK, Problems::none()).await
}

async fn file_page(
    state: AppState,
    who: SignedIn,
    (id, side): (TransferId, Side),
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Failure> {
    let transfer = open(state, &who, id, side).await?;
    let layout = layout(&who, id, "Send a list of hubs")
        .crumb(title(side), path(id, side))
        .problems(problems);
    Ok(render(status, &FilePage { layout, transfer, side, list_title: title(side) }))
}

/// The transfer, for somebody who may see this list of it.
pub(super) async fn open(
    state: AppState,
    who: &SignedIn,
    id: TransferId,
    side: Side,
) -> Result<TransferView, Failure> {
    let actor = who.actor.clone();
    blocking(move || {
        transfers::list_state(&state.app, &actor, id, side)?;
        transfers::get(&state.app, &actor, id)
    })
    .await
}

/// Takes a file into the list.
pub(super) async fn add_file(
    state: AppState,
    who: SignedIn,
    Path((id, side)): Path<(String, String)>,
    form: Multipart,
) -> Result<Response, Failure> {
    let (id, side): (TransferId, Side) = (number_in(&id)?, side_in(&side)?);
    let (app, actor) = (state.app.clone(), who.actor.clone());
    let (_, sent) = take_form(form, move |_, _, source| {
        let bytes = app::files::read_whole(source, app::files::upload_limit(&app)?)?;
        transfers::add_file(&app, &actor, id, side, &bytes)
    })
    .await;
    match sent {
        Ok(added) => Ok(answers::page(&who, (id, side), &added)),
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            file_page(state, who, (id, side), status, at("file", problems)).await
        }
    }
}

/// What is wrong without a field is said at this one.
pub(super) fn at(field: &str, problems: Problems) -> Problems {
    let mut placed = Problems::none();
    for problem in problems.iter() {
        placed.add(problem.field.as_deref().unwrap_or(field), &problem.message);
    }
    placed
}

/// Asks for IDs, pallets and boxes.
pub(super) async fn paste_form(
    state: AppState,
    who: SignedIn,
    Path((id, side)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let list = (number_in(&id)?, side_in(&side)?);
    paste_page(state, who, list, Pasted::default(), StatusCode::OK, Problems::none()).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Pasted {
    ids: String,
}

async fn paste_page(
    state: AppState,
    who: SignedIn,
    (id, side): (TransferId, Side),
    pasted: Pasted,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Failure> {
    let transfer = open(state, &who, id, side).await?;
    let layout = layout(&who, id, "Paste hubs, pallets or boxes")
        .crumb(title(side), path(id, side))
        .problems(problems);
    let (list_title, ids) = (title(side), pasted.ids);
    Ok(render(status, &PastePage { layout, transfer, side, list_title, ids }))
}

/// Takes what was pasted into the list.
pub(super) async fn add_text(
    state: AppState,
    who: SignedIn,
    Path((id, side)): Path<(String, String)>,
    Form(pasted): Form<Pasted>,
) -> Result<Response, Failure> {
    let (id, side): (TransferId, Side) = (number_in(&id)?, side_in(&side)?);
    let (app, actor, ids) = (state.app.clone(), who.actor.clone(), pasted.ids.clone());
    match blocking(move || transfers::add_text(&app, &actor, id, side, &ids)).await {
        Ok(added) => Ok(answers::page(&who, (id, side), &added)),
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            paste_page(state, who, (id, side), pasted, status, at("ids", problems)).await
        }
    }
}

/// What is done with the hubs that were ticked: pairs, since a browser sends a name for each.
pub(super) async fn chosen(
    state: AppState,
    who: SignedIn,
    Path((id, side)): Path<(String, String)>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let (id, side): (TransferId, Side) = (number_in(&id)?, side_in(&side)?);
    let of = |name: &str| pairs.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v.as_str());
    let hubs: Vec<DeviceId> = pairs
        .iter()
        .filter(|(name, _)| name == "hubs")
        .filter_map(|(_, hub)| DeviceId::parse(hub).ok())
        .collect();
    let reason = FaultReason::from_name(of("reason"));
    let mut problems = Problems::none();
    if hubs.is_empty() {
        problems.add("hubs", "Select at least one hub");
    }
    if of("then") == "reject" && reason.is_none() {
        problems.add("reason", "Select why they are rejected");
    }
    let query = ListQuery { after: of("after").to_owned(), back: of("back").to_owned() };
    let done = if problems.is_empty() {
        let (app, actor, then) = (state.app.clone(), who.actor.clone(), of("then").to_owned());
        let count = hubs.len();
        let done = blocking(move || match then.as_str() {
            "remove" => transfers::remove(&app, &actor, id, side, &hubs),
            "reject" => transfers::set_verdicts(&app, &actor, id, &hubs, reason),
            _ => transfers::set_verdicts(&app, &actor, id, &hubs, None),
        });
        done.await.map(|_| count)
    } else {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        let flash = Flash::default();
        return list_page(state, who, (id, side), query, flash, status, problems).await;
    };
    match done {
        Ok(count) => {
            let hubs = if count == 1 { "hub" } else { "hubs" };
            let what = match of("then") {
                "remove" => "removed",
                "reject" => "rejected",
                _ => "accepted",
            };
            let said = format!("{} {hubs} {what}", grouped(count));
            let page = [("after", query.after.as_str()), ("back", &query.back)];
            Ok(redirect_with(&address(&path(id, side), &page), &said))
        }
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            list_page(state, who, (id, side), query, Flash::default(), status, problems).await
        }
    }
}

/// Empties the list; the version that the button sends is the list's.
pub(super) async fn clear(
    state: AppState,
    who: SignedIn,
    Path((id, side)): Path<(String, String)>,
    Form(given): Form<Version>,
) -> Result<Response, Failure> {
    let (id, side): (TransferId, Side) = (number_in(&id)?, side_in(&side)?);
    let (app, actor, seen) = (state.app.clone(), who.actor.clone(), version_seen(&given.version));
    let done = blocking(move || transfers::clear(&app, &actor, id, side, seen)).await;
    changed(state, who, (id, side), done, "The list is empty").await
}

/// Begins the receiver's list with the manifest, or the sender's with its offer's list.
pub(super) async fn start(
    state: AppState,
    who: SignedIn,
    Path((id, side)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let (id, side): (TransferId, Side) = (number_in(&id)?, side_in(&side)?);
    let (app, actor) = (state.app.clone(), who.actor.clone());
    let done = blocking(move || match side {
        Side::Sender => transfers::start_from_offer(&app, &actor, id),
        Side::Receiver => transfers::start_from_manifest(&app, &actor, id),
    })
    .await;
    let said = match side {
        Side::Sender => "The list begins with hubs that the offer lists",
        Side::Receiver => {
            "Every hub of the manifest is in the list as accepted: now set the exceptions"
        }
    };
    changed(state, who, (id, side), done, said).await
}

async fn changed(
    state: AppState,
    who: SignedIn,
    (id, side): (TransferId, Side),
    done: Result<ListState, Failure>,
    said: &str,
) -> Result<Response, Failure> {
    match done {
        Ok(_) => Ok(redirect_with(&path(id, side), said)),
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            let (query, flash) = (ListQuery::default(), Flash::default());
            list_page(state, who, (id, side), query, flash, status, problems).await
        }
    }
}

/// The headings of the list's table.
fn headings(side: &Side, is_open: &bool) -> Vec<&'static str> {
    let tick = is_open.then_some("Select");
    let verdict = (*side == Side::Receiver).then_some("Accepted or why not");
    tick.into_iter().chain(["CHF ID"]).chain(verdict).chain(["Added"]).collect()
}
