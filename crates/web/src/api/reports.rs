//! Reports about what is there, as files.

use app::reports::{self, Report};
use axum::extract::{Path, State};
use axum::response::Response;
use domain::Refusal;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::board::{Form, csv_or_xlsx};
use super::given::Query;
use super::{FileBytes, Problem};
use crate::error_pages::Failure;
use crate::session::ApiActor;
use crate::state::AppState;
use crate::streams;

/// The routes of this capability.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(download))
}

/// A report, CSV or XLSX: `file-processing`, `exceptions` or `audit-extract`.
#[utoipa::path(get, path = "/reports/{report}", tag = "reports", operation_id = "download_report",
    params(("report" = String, Path, description = "Which report"), Form),
    responses((status = OK, body = FileBytes, content_type = "text/csv"), Problem),
    security(("token" = []), ("session" = [])))]
async fn download(
    State(state): State<AppState>,
    who: ApiActor,
    Path(report): Path<String>,
    Query(form): Query<Form>,
) -> Result<Response, Failure> {
    let report = Report::from_word(&report).ok_or_else(|| Refusal::not_found("report"))?;
    who.actor.must(report.needs())?;
    let format = csv_or_xlsx(form.format.as_deref())?;
    let name = format!("{}.{}", report.word(), format.word());
    streams::download(&name, format.media_type(), move |mut out| {
        reports::write(&state.app, &who.actor, report, format, &mut out).map(|_| ())
    })
    .await
}
