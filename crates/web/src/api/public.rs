//! What is published of selection, for everybody and without a token.

use app::selection;
use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use domain::ids::AllocationRunId;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::given::{Cursor, Query, limit, reference};
use super::selection::{SelectionPolicy, SelectionRun, shown_item, shown_policy};
use super::{FileBytes, Page, Problem};
use crate::error_pages::{Failure, blocking};
use crate::state::AppState;
use crate::streams;

/// The routes of this capability.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_runs))
        .routes(routes!(download_record))
        .routes(routes!(list_policies))
        .routes(routes!(get_policy))
}

/// Which part.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Part {
    /// Where the page begins: the `next` or `previous` of another one.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    cursor: Cursor,
    /// Items on a page, 1 to 200; 50 where nothing is said.
    limit: Option<u32>,
}

/// All runs of selection, newest first.
#[utoipa::path(get, path = "/public/selection-runs", tag = "selection",
    operation_id = "list_public_selection_runs", params(Part),
    responses((status = OK, body = Page<SelectionRun>), Problem), security(()))]
async fn list_runs(
    State(state): State<AppState>,
    Query(part): Query<Part>,
) -> Result<Json<Page<SelectionRun>>, Failure> {
    let most = limit(part.limit);
    let before = part.cursor.place()?;
    let runs = blocking(move || selection::public_runs(&state.app, before, most)).await?;
    Ok(Page::part(runs.items.into_iter().map(shown_item).collect(), &part.cursor, runs.next))
}

/// The published record of a run, from which anybody works the result out again.
#[utoipa::path(get, path = "/public/selection-runs/{id}/record", tag = "selection",
    operation_id = "download_public_selection_record",
    params(("id" = String, Path, description = "The run")),
    responses((status = OK, body = FileBytes, content_type = "application/json"), Problem),
    security(()))]
async fn download_record(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id: AllocationRunId = reference(&id, "run of selection")?;
    let app = state.app.clone();
    blocking(move || selection::public_record(&app, id, &mut std::io::sink())).await?;
    streams::download(&format!("{id}.json"), "application/json", move |mut out| {
        selection::public_record(&state.app, id, &mut out)
    })
    .await
}

/// The versions of the selection policy that were published and not withdrawn, newest first.
#[utoipa::path(get, path = "/public/policies", tag = "selection",
    operation_id = "list_public_policies",
    responses((status = OK, body = Page<SelectionPolicy>), Problem), security(()))]
async fn list_policies(
    State(state): State<AppState>,
) -> Result<Json<Page<SelectionPolicy>>, Failure> {
    let policies = blocking(move || selection::public_policies(&state.app)).await?;
    Ok(Page::whole(policies.into_iter().map(shown_policy).collect()))
}

/// One published version, with its text and its rules in words.
#[utoipa::path(get, path = "/public/policies/{id}", tag = "selection",
    operation_id = "get_public_policy",
    params(("id" = String, Path, description = "The version")),
    responses((status = OK, body = SelectionPolicy), Problem), security(()))]
async fn get_policy(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<SelectionPolicy>, Failure> {
    let find = move || selection::public_policy(&state.app, reference(&id, "policy")?);
    Ok(Json(shown_policy(blocking(find).await?)))
}
