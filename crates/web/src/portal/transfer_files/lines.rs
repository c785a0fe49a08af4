//! The lines of a file: on the page, and as files to download.

use app::App;
use app::transfer_files::{self, LineAnswer, LineFilter, LinePage, TransferFileView};
use askama::Template;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use domain::access::Actor;
use domain::ids::TransferFileId;
use serde::Deserialize;

use super::super::{address, number_in};
use super::show::meaning_of;
use crate::error_pages::{Failure, blocking};
use crate::page::{Choice, Layout, Paging, Section, filters, render};
use crate::session::SignedIn;
use crate::state::AppState;
use crate::streams::{BodyWriter, download};

/// Lines on one page.
const PAGE: u32 = 100;

#[derive(Template)]
#[template(path = "transfer_files/lines.html")]
struct LinesPage {
    layout: Layout,
    file: TransferFileView,
    codes: Vec<Choice>,
    found: LinePage,
    paging: Paging,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct LinesQuery {
    code: String,
    from: String,
}

/// The lines with one code, the rejected ones, or all of them.
pub(super) async fn show(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Query(query): Query<LinesQuery>,
) -> Result<Response, Failure> {
    let id: TransferFileId = number_in(&id)?;
    let from: u64 = query.from.parse().unwrap_or(0);
    let (filter, actor) = (filter_of(&query.code), who.actor.clone());
    let (file, found) = blocking(move || {
        let file = transfer_files::get(&state.app, &actor, id)?;
        Ok((file, transfer_files::lines(&state.app, &actor, id, &filter, from, PAGE)?))
    })
    .await?;
    let layout = Layout::of(&who.viewer, Section::TransferFiles, "Lines and their answers")
        .crumb("Home", "/")
        .crumb("Transfer files", "/transfer-files")
        .crumb(&file.name, format!("/transfer-files/{id}"));
    let page = LinesPage {
        layout,
        codes: codes_of(&file, &query.code),
        paging: paging(id, &query.code, from, found.matching),
        found,
        file,
    };
    Ok(render(StatusCode::OK, &page))
}

fn filter_of(code: &str) -> LineFilter {
    match code {
        "" => LineFilter { codes: Vec::new(), only_rejected: true },
        "all" => LineFilter::default(),
        code => LineFilter { codes: vec![code.to_owned()], only_rejected: false },
    }
}

fn codes_of(file: &TransferFileView, chosen: &str) -> Vec<Choice> {
    let counts = match (&file.applied, &file.summary) {
        (Some(applied), _) => Some(&applied.counts),
        (None, summary) => summary.as_ref().map(|summary| &summary.counts),
    };
    let each = counts.into_iter().flatten().map(|(outcome, lines)| {
        let meaning = meaning_of(outcome, file.applied.is_some());
        Choice::new(outcome, format!("{outcome} {meaning} ({lines})"))
    });
    let ends = [Choice::new("", "Rejected lines"), Choice::new("all", "All lines")];
    ends.into_iter().chain(each).map(|choice| choice.chosen_if(chosen)).collect()
}

fn paging(id: TransferFileId, code: &str, from: u64, matching: u64) -> Paging {
    let page = u64::from(PAGE);
    let path = format!("/transfer-files/{id}/lines");
    let at = |from: u64| address(&path, &[("code", code), ("from", &from.to_string())]);
    Paging {
        previous: (from > 0).then(|| at(from.saturating_sub(page))),
        next: (from + page < matching).then(|| at(from + page)),
    }
}

/// The response file.
pub(super) async fn response(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let name = |file: TransferFileView| file.response_name;
    send(state, who, &id, name, |app, actor, id, mut out| {
        transfer_files::response(app, actor, id, &mut out).map(drop)
    })
    .await
}

/// The file of the rejected lines.
pub(super) async fn errors(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let name = |file: TransferFileView| file.errors_name;
    send(state, who, &id, name, |app, actor, id, mut out| {
        transfer_files::errors(app, actor, id, &mut out).map(drop)
    })
    .await
}

/// The file as it was sent.
pub(super) async fn original(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let name = |file: TransferFileView| Some(file.name);
    send(state, who, &id, name, |app, actor, id, mut out| {
        transfer_files::original(app, actor, id, &mut out).map(drop)
    })
    .await
}

/// Sends what an operation writes, under the name that the file gives it.
async fn send(
    state: AppState,
    who: SignedIn,
    id: &str,
    name: impl FnOnce(TransferFileView) -> Option<String>,
    operation: impl FnOnce(&App, &Actor, TransferFileId, BodyWriter) -> app::Result<()> + Send + 'static,
) -> Result<Response, Failure> {
    let id: TransferFileId = number_in(id)?;
    let (app, actor) = (state.app.clone(), who.actor.clone());
    let file = blocking(move || transfer_files::get(&app, &actor, id)).await?;
    let Some(name) = name(file) else {
        return Err(domain::Refusal::not_found("file to download yet").into());
    };
    let media_type = if name.ends_with(".xlsx") {
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    } else {
        "text/csv; charset=utf-8"
    };
    download(&name, media_type, move |out| operation(&state.app, &who.actor, id, out)).await
}

/// What an answer's row shows of its hub, where it is one.
fn hub_address(line: &LineAnswer) -> Option<String> {
    let known = !line.smi_status.is_empty();
    known.then(|| format!("/hubs/{}", line.comms_hub_id.trim()))
}
