//! What became of each line: pages of lines, the response file, the rejected lines; and the hubs
//! that were installed before their file was processed.

use app::transfer_files::{
    self, InstalledFilter, InstalledItem, LineFilter, TransferFileView, errors, response,
};
use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use domain::Refusal;
use domain::access::Action;
use domain::ids::TransferFileId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::shown::NamedPerson;
use super::{FileBytes, Line, Page, Problem, versioned};
use crate::api::given::{Cursor, Given, IfMatch, Query, limit, reference};
use crate::error_pages::{Failure, blocking};
use crate::session::ApiActor;
use crate::state::AppState;
use crate::streams;

/// The routes of these.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(lines))
        .routes(routes!(original))
        .routes(routes!(response_file))
        .routes(routes!(errors_file))
        .routes(routes!(installed))
        .routes(routes!(installed_one))
        .routes(routes!(settle))
}

/// Which lines.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct WhichLines {
    /// Only lines with one of these result codes, with commas between.
    #[param(example = "R04,S00+W10")]
    codes: Option<String>,
    /// Only lines that were rejected.
    #[serde(default)]
    only_rejected: bool,
    /// Where the page begins: the `next` or `previous` of another one.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    cursor: Cursor,
    /// Items on a page, 1 to 200; 50 where nothing is said.
    limit: Option<u32>,
}

/// Lines of a file.
#[derive(Serialize, ToSchema)]
struct Lines {
    /// These lines, in the order of the file.
    items: Vec<Line>,
    /// The cursor of the page before; absent on the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<String>,
    /// The cursor of the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// How many lines there are in all of these.
    matching: u64,
    /// Whether these are the answers of the apply; otherwise those of the validation.
    is_applied: bool,
}

/// Lines of a transfer file with their answers.
#[utoipa::path(get, path = "/transfer-files/{id}/lines", tag = "transfer files",
    operation_id = "list_transfer_file_lines",
    params(("id" = String, Path, description = "The file"), WhichLines),
    responses((status = OK, body = Lines), Problem),
    security(("token" = []), ("session" = [])))]
async fn lines(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    Query(which): Query<WhichLines>,
) -> Result<Json<Lines>, Failure> {
    let cursor = which.cursor.clone();
    let (from, limit) = (which.cursor.place()?.unwrap_or(0), limit(which.limit));
    let page = blocking(move || {
        who.actor.must(Action::SeeTransferFiles)?;
        let codes = which.codes.unwrap_or_default();
        let codes = codes.split(',').map(str::trim).filter(|code| !code.is_empty());
        let filter = LineFilter {
            codes: codes.map(str::to_owned).collect(),
            only_rejected: which.only_rejected,
        };
        let id: TransferFileId = reference(&id, "transfer file")?;
        transfer_files::lines(&state.app, &who.actor, id, &filter, from, limit)
    });
    let page = page.await?;
    let reached = from + page.lines.len() as u64;
    Ok(Json(Lines {
        next: (reached < page.matching && !page.lines.is_empty()).then(|| cursor.next(reached)),
        previous: cursor.previous(),
        items: page.lines.into_iter().map(Line::from).collect(),
        matching: page.matching,
        is_applied: page.is_applied,
    }))
}

async fn find(state: &AppState, who: &ApiActor, id: String) -> Result<TransferFileView, Failure> {
    let (app, actor) = (state.app.clone(), who.actor.clone());
    blocking(move || {
        actor.must(Action::SeeTransferFiles)?;
        transfer_files::get(&app, &actor, reference(&id, "transfer file")?)
    })
    .await
}

/// The file as it was sent, byte for byte.
#[utoipa::path(get, path = "/transfer-files/{id}/original", tag = "transfer files",
    operation_id = "download_original_file",
    params(("id" = String, Path, description = "The file")),
    responses((status = OK, description = "The file",
        content_type = "application/octet-stream", body = FileBytes), Problem),
    security(("token" = []), ("session" = [])))]
async fn original(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let found = find(&state, &who, id).await?;
    streams::download(&found.name, "application/octet-stream", move |mut out| {
        transfer_files::original(&state.app, &who.actor, found.id, &mut out)?;
        Ok(())
    })
    .await
}

/// The response file: one line for each line of the input, in its order.
#[utoipa::path(get, path = "/transfer-files/{id}/response", tag = "transfer files",
    operation_id = "download_response_file",
    params(("id" = String, Path, description = "The file")),
    responses((status = OK, description = "The file", content_type = "text/csv", body = String),
        Problem),
    security(("token" = []), ("session" = [])))]
async fn response_file(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let found = find(&state, &who, id).await?;
    let name = found.response_name.unwrap_or_else(|| format!("{}_RSP.csv", found.id));
    streams::download(&name, "text/csv; charset=utf-8", move |mut out| {
        response(&state.app, &who.actor, found.id, &mut out)?;
        Ok(())
    })
    .await
}

/// The rejected lines alone, ready to be corrected and sent again.
#[utoipa::path(get, path = "/transfer-files/{id}/errors", tag = "transfer files",
    operation_id = "download_rejected_lines",
    params(("id" = String, Path, description = "The file")),
    responses((status = OK, description = "The file", content_type = "text/csv", body = String),
        Problem),
    security(("token" = []), ("session" = [])))]
async fn errors_file(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let found = find(&state, &who, id).await?;
    let name = found.errors_name.unwrap_or_else(|| format!("{}_ERR.csv", found.id));
    streams::download(&name, "text/csv; charset=utf-8", move |mut out| {
        errors(&state.app, &who.actor, found.id, &mut out)?;
        Ok(())
    })
    .await
}

/// Which hubs of the queue.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct WhichInstalled {
    /// `open` (the default), `settled` or `all`.
    show: Option<String>,
    /// Where the page begins: the `next` or `previous` of another one.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    cursor: Cursor,
    /// Items on a page, 1 to 200; 50 where nothing is said.
    limit: Option<u32>,
}

/// A hub that was installed before its transfer file was processed.
#[derive(Serialize, ToSchema)]
struct InstalledBefore {
    /// Its number in the queue.
    id: i64,
    /// The file.
    #[schema(example = "ctf-000042")]
    transfer_file: String,
    /// The line of that file.
    line: u32,
    /// The hub.
    #[schema(example = "00-DB-12-34-56-78-90-A2")]
    hub: String,
    /// The status that it had.
    status: &'static str,
    /// Since when.
    #[schema(format = DateTime)]
    status_since: String,
    /// The service user reference of the Party that had it, and has it.
    from_reference: String,
    /// The service user reference of the Party that it should have gone to.
    to_reference: String,
    /// When the file was applied.
    #[schema(format = DateTime)]
    noted_at: String,
    /// When Finance settled it.
    #[schema(format = DateTime)]
    settled_at: Option<String>,
    /// Who did.
    settled_by: Option<NamedPerson>,
    /// How.
    note: Option<String>,
    /// Its version, the `ETag` of the same.
    version: i64,
}

fn item(item: InstalledItem) -> InstalledBefore {
    InstalledBefore {
        version: item.version(),
        id: item.id,
        transfer_file: item.transfer_file.to_string(),
        line: item.line,
        hub: item.hub.to_string(),
        status: item.status.name(),
        status_since: item.status_since.to_string(),
        from_reference: item.from_reference,
        to_reference: item.to_reference,
        noted_at: item.noted_at.to_string(),
        settled_at: item.settled_at.map(|at| at.to_string()),
        settled_by: item.settled_by.map(NamedPerson::from),
        note: item.note,
    }
}

/// Hubs that were installed before their transfer file was processed, oldest first.
#[utoipa::path(get, path = "/installed-before", tag = "transfer files",
    operation_id = "list_installed_before", params(WhichInstalled),
    responses((status = OK, body = Page<InstalledBefore>), Problem),
    security(("token" = []), ("session" = [])))]
async fn installed(
    State(state): State<AppState>,
    who: ApiActor,
    Query(which): Query<WhichInstalled>,
) -> Result<Json<Page<InstalledBefore>>, Failure> {
    let cursor = which.cursor.clone();
    let page = blocking(move || {
        who.actor.must(Action::SeeInstalledQueue)?;
        let filter = match which.show.as_deref() {
            None | Some("open") => InstalledFilter::Open,
            Some("settled") => InstalledFilter::Settled,
            Some("all") => InstalledFilter::All,
            Some(_) => return Err(Refusal::field("show", "Ask for open, settled or all.").into()),
        };
        let (after, limit) = (which.cursor.place()?, limit(which.limit));
        transfer_files::installed_before(&state.app, &who.actor, filter, after, limit)
    });
    let page = page.await?;
    Ok(Page::part(page.items.into_iter().map(item).collect(), &cursor, page.next))
}

/// One hub of that queue.
#[utoipa::path(get, path = "/installed-before/{id}", tag = "transfer files",
    operation_id = "get_installed_before",
    params(("id" = i64, Path, description = "Its number in the queue")),
    responses((status = OK, body = InstalledBefore), Problem),
    security(("token" = []), ("session" = [])))]
async fn installed_one(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let find = move || {
        who.actor.must(Action::SeeInstalledQueue)?;
        let id: i64 = reference(&id, "such hub in the queue")?;
        transfer_files::installed_one(&state.app, &who.actor, id)
    };
    let found = blocking(find).await?;
    Ok(versioned(found.version(), item(found)))
}

/// How a hub of the queue was settled.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Settlement {
    /// How, in words.
    note: String,
}

/// Settles a hub of that queue.
#[utoipa::path(post, path = "/installed-before/{id}/settle", tag = "transfer files",
    operation_id = "settle_installed_before",
    params(("id" = i64, Path, description = "Its number in the queue")),
    request_body = Settlement,
    responses((status = OK, body = InstalledBefore), Problem),
    security(("token" = []), ("session" = [])))]
async fn settle(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    IfMatch(version): IfMatch,
    Given(Settlement { note }): Given<Settlement>,
) -> Result<Response, Failure> {
    let settle = move || {
        who.actor.must(Action::SettleInstalledQueue)?;
        let id: i64 = reference(&id, "such hub in the queue")?;
        transfer_files::settle(&state.app, &who.actor, id, version, &note)
    };
    let settled = blocking(settle).await?;
    Ok(versioned(settled.version(), item(settled)))
}
