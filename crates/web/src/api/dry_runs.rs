//! What dry runs answered line by line.

use app::dry_runs;
use axum::extract::{Path, State};
use axum::response::Response;
use domain::ids::FileId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::given::reference;
use super::{BASE, Problem};
use crate::error_pages::{Failure, blocking};
use crate::session::ApiActor;
use crate::state::AppState;
use crate::streams;

/// The routes of this capability.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(answers))
}

/// Where the answers of a dry run can be had.
pub(super) fn address(answers: FileId) -> String {
    format!("{BASE}/dry-runs/{answers}")
}

/// What a dry run of the caller's own answered: one line for each line of the file. It is kept for
/// a day.
#[utoipa::path(get, path = "/dry-runs/{id}", tag = "jobs", operation_id = "download_dry_run",
    params(("id" = String, Path, description = "The dry run")),
    responses((status = OK, description = "The file", content_type = "text/csv", body = String),
        Problem),
    security(("token" = []), ("session" = [])))]
async fn answers(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let (app, actor) = (state.app.clone(), who.actor.clone());
    let (id, name) = blocking(move || {
        let id: FileId = reference(&id, "dry run")?;
        Ok((id, dry_runs::name(&app, &actor, id)?))
    })
    .await?;
    streams::download(&name, "text/csv; charset=utf-8", move |mut out| {
        dry_runs::send(&state.app, &who.actor, id, &mut out)
    })
    .await
}
