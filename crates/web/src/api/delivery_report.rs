//! ESI-013, the CH Delivery Report: asking for a run, looking at runs, downloading one.

use app::delivery_report::{self, Asker, ReportRun};
use app::tables::Format;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use domain::Refusal;
use domain::access::Action;
use domain::ids::ReportRunId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::given::{Cursor, Given, Query, reference};
use super::{FileBytes, Page, Problem, at, tagged};
use crate::error_pages::{Failure, blocking};
use crate::session::ApiActor;
use crate::state::AppState;
use crate::streams;

/// The routes of this capability.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, request))
        .routes(routes!(show))
        .routes(routes!(download))
        .routes(routes!(proof))
}

/// A run of the report.
#[derive(Serialize, ToSchema)]
struct DeliveryReport {
    /// Its number.
    #[schema(example = "esi-000012")]
    id: String,
    /// `csv`, `xlsx` or `parquet`.
    format: &'static str,
    /// `Waiting`, `Done` or `Failed`.
    state: &'static str,
    /// Who asked for it; absent for the schedule.
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_by: Option<String>,
    /// When it was asked for.
    #[schema(format = DateTime)]
    requested_at: String,
    /// The time of the schedule that it was run for.
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at: Option<String>,
    /// What it came to, once it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    written: Option<Written>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// What a run came to.
#[derive(Serialize, ToSchema)]
struct Written {
    /// The instant that it shows.
    #[schema(format = DateTime)]
    generated_at: String,
    /// The last entry of the journal that it shows.
    journal_seq: i64,
    /// How many hubs.
    hubs: i64,
    /// The file's length in bytes.
    size: i64,
    /// The SHA-256 of the file.
    sha256: String,
    /// The file's name.
    file_name: String,
}

fn shown(run: ReportRun) -> DeliveryReport {
    DeliveryReport {
        id: run.id.to_string(),
        format: run.format.word(),
        state: run.state.name(),
        requested_by: run.requested_by.map(|(_, name)| name),
        requested_at: run.requested_at.to_string(),
        due_at: run.due_at.map(|at| at.to_string()),
        written: run.written.map(|written| Written {
            generated_at: written.generated_at.to_string(),
            journal_seq: written.journal_seq,
            hubs: written.hubs,
            size: written.size,
            sha256: app::files::hex(&written.sha256),
            file_name: written.name().to_owned(),
        }),
        problem: run.problem,
    }
}

/// Where in the list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct WhichPart {
    /// Where the page begins: the `next` or `previous` of another one.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    cursor: Cursor,
    /// Items on a page, 1 to 200; 50 where nothing is said.
    limit: Option<u32>,
}

/// Runs of the report, newest first.
#[utoipa::path(get, path = "/delivery-reports", tag = "delivery report",
    operation_id = "list_delivery_reports", params(WhichPart),
    responses((status = OK, body = Page<DeliveryReport>), Problem),
    security(("token" = []), ("session" = [])))]
async fn list(
    State(state): State<AppState>,
    who: ApiActor,
    Query(which): Query<WhichPart>,
) -> Result<Json<Page<DeliveryReport>>, Failure> {
    let cursor = which.cursor.clone();
    let find =
        move || delivery_report::list(&state.app, &who.actor, which.cursor.part(which.limit)?);
    let runs = blocking(find).await?;
    Ok(Page::part(runs.items.into_iter().map(shown).collect(), &cursor, runs.next))
}

/// What a run shall be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewReport {
    /// `csv`, `xlsx` or `parquet`.
    #[schema(example = "csv")]
    format: String,
}

/// Runs the report now. It is written by a job; the answer says where to look.
#[utoipa::path(post, path = "/delivery-reports", tag = "delivery report",
    operation_id = "run_delivery_report", request_body = NewReport,
    responses((status = ACCEPTED, body = DeliveryReport), Problem),
    security(("token" = []), ("session" = [])))]
async fn request(
    State(state): State<AppState>,
    who: ApiActor,
    Given(new): Given<NewReport>,
) -> Result<Response, Failure> {
    let asked = blocking(move || {
        who.actor.must(Action::RunDeliveryReport)?;
        let unknown = || Refusal::field("format", "A format is csv, xlsx or parquet.");
        let format = Format::from_word(&new.format).ok_or_else(unknown)?;
        let id = delivery_report::request(&state.app, Asker::Person(&who.actor), format)?;
        delivery_report::get(&state.app, &who.actor, id)
    });
    let run = asked.await?;
    Ok(at(StatusCode::ACCEPTED, &format!("/delivery-reports/{}", run.id), shown(run)))
}

/// One run.
#[utoipa::path(get, path = "/delivery-reports/{id}", tag = "delivery report",
    operation_id = "get_delivery_report",
    params(("id" = String, Path, description = "The run")),
    responses((status = OK, body = DeliveryReport), Problem),
    security(("token" = []), ("session" = [])))]
async fn show(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let find = move || {
        who.actor.must(Action::SeeDeliveryReport)?;
        delivery_report::get(&state.app, &who.actor, reference(&id, "report")?)
    };
    Ok(tagged(shown(blocking(find).await?)))
}

/// The file of a run.
#[utoipa::path(get, path = "/delivery-reports/{id}/file", tag = "delivery report",
    operation_id = "download_delivery_report",
    params(("id" = String, Path, description = "The run")),
    responses((status = OK, description = "The file, in the run's format",
        content_type = "application/octet-stream", body = FileBytes), Problem),
    security(("token" = []), ("session" = [])))]
async fn download(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let (app, actor) = (state.app.clone(), who.actor.clone());
    let run = blocking(move || {
        actor.must(Action::SeeDeliveryReport)?;
        let id: ReportRunId = reference(&id, "report")?;
        delivery_report::get(&app, &actor, id)
    });
    let run = run.await?;
    let name = run.written.map_or_else(|| run.id.to_string(), |written| written.name().to_owned());
    streams::download(&name, run.format.media_type(), move |mut out| {
        delivery_report::download(&state.app, &who.actor, run.id, &mut out)?;
        Ok(())
    })
    .await
}

/// Whether a run's file is the one that was written.
#[derive(Serialize, ToSchema)]
struct ReportProof {
    /// Whether it is, byte for byte, the one that the journal names.
    proved: bool,
    /// What was found: the entry and the hash, or what differs.
    message: String,
}

/// Holds a run's file against its entry in the journal.
#[utoipa::path(get, path = "/delivery-reports/{id}/proof", tag = "delivery report",
    operation_id = "prove_delivery_report",
    params(("id" = String, Path, description = "The run")),
    responses((status = OK, body = ReportProof), Problem),
    security(("token" = []), ("session" = [])))]
async fn proof(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
) -> Result<Json<ReportProof>, Failure> {
    let prove = move || {
        who.actor.must(Action::SeeDeliveryReport)?;
        let id: ReportRunId = reference(&id, "report")?;
        let proof = delivery_report::prove(&state.app, &who.actor, id)?;
        Ok(ReportProof { proved: proof.is_good(), message: proof.words(id) })
    };
    Ok(Json(blocking(prove).await?))
}
