//! Work that goes on after an answer was given.

use std::convert::Infallible;

use app::App;
use app::jobs::{self, JobKind, JobView};
use axum::Json;
use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use domain::access::{Action, Actor};
use futures_util::{StreamExt, stream};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::given::reference;
use super::{Page, Problem, tagged};
use crate::error_pages::{Failure, blocking};
use crate::session::ApiActor;
use crate::state::AppState;
use crate::streams::LOOK;

/// The routes of this capability.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(failed))
        .routes(routes!(show))
        .routes(routes!(events))
        .routes(routes!(rerun))
}

/// A job.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Job {
    /// Its number.
    #[schema(example = "job-000042")]
    id: String,
    /// What is done.
    #[schema(example = "validate-transfer-file")]
    kind: String,
    /// What it is done to.
    #[schema(example = "ctf-000042")]
    subject: String,
    /// `ready`, `running`, `done` or `failed`.
    state: String,
    /// How far it has come, in lines.
    done: i64,
    /// How far it has to go, in lines; 0 when that is not known.
    total: i64,
    /// Why it failed, or why the last attempt did.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

impl Job {
    fn has_ended(&self) -> bool {
        ["done", "failed"].contains(&self.state.as_str())
    }
}

/// The newest job of this kind on this subject.
pub(super) fn newest(
    app: &App,
    actor: &Actor,
    kind: JobKind,
    subject: i64,
) -> app::Result<Option<Job>> {
    Ok(jobs::newest(app, actor, kind, subject)?.map(shown))
}

fn shown(job: JobView) -> Job {
    Job {
        id: job.id.to_string(),
        kind: job.kind.word().to_owned(),
        subject: job.subject,
        state: job.state,
        done: job.progress,
        total: job.total,
        problem: job.problem,
    }
}

/// A job as it stands.
#[utoipa::path(get, path = "/jobs/{id}", tag = "jobs", operation_id = "get_job",
    params(("id" = String, Path, description = "The job")),
    responses((status = OK, body = Job), Problem),
    security(("token" = []), ("session" = [])))]
async fn show(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let find = move || jobs::view(&state.app, &who.actor, reference(&id, "job")?);
    Ok(tagged(shown(blocking(find).await?)))
}

/// Jobs that have failed for good and wait for somebody to have them run again, newest first.
#[utoipa::path(get, path = "/jobs/failed", tag = "jobs", operation_id = "list_failed_jobs",
    responses((status = OK, body = Page<Job>), Problem),
    security(("token" = []), ("session" = [])))]
async fn failed(State(state): State<AppState>, who: ApiActor) -> Result<Json<Page<Job>>, Failure> {
    let found = blocking(move || jobs::failed(&state.app, &who.actor)).await?;
    Ok(Page::whole(found.into_iter().map(shown).collect()))
}

/// Has a job that has failed for good run again.
#[utoipa::path(post, path = "/jobs/{id}/rerun", tag = "jobs", operation_id = "rerun_job",
    params(("id" = String, Path, description = "The job")),
    responses((status = OK, body = Job), Problem),
    security(("token" = []), ("session" = [])))]
async fn rerun(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
) -> Result<Json<Job>, Failure> {
    let again = move || {
        who.actor.must(Action::RerunJobs)?;
        jobs::rerun(&state.app, &who.actor, reference(&id, "job")?)
    };
    Ok(Json(shown(blocking(again).await?)))
}

/// How a job goes on, as server-sent events: `progress` with the job as JSON, then `done`.
#[utoipa::path(get, path = "/jobs/{id}/events", tag = "jobs", operation_id = "follow_job",
    params(("id" = String, Path, description = "The job")),
    responses((status = OK, description = "Events until the job has ended",
        content_type = "text/event-stream", body = String), Problem),
    security(("token" = []), ("session" = [])))]
async fn events(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let look = move || Ok(shown(jobs::view(&state.app, &who.actor, reference(&id, "job")?)?));
    let first = blocking(look.clone()).await?;
    let later = stream::unfold(first.clone(), move |mut last| {
        let look = look.clone();
        async move {
            loop {
                if last.has_ended() {
                    return None;
                }
                tokio::time::sleep(LOOK).await;
                let now = blocking(look.clone()).await.ok()?;
                if now != last {
                    last = now;
                    return Some((last.clone(), last));
                }
            }
        }
    });
    let events = stream::iter([first]).chain(later).map(|job| Ok::<_, Infallible>(event(&job)));
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

fn event(job: &Job) -> Event {
    let text = serde_json::to_string(job).expect("a job is plain data");
    Event::default().event(if job.has_ended() { "done" } else { "progress" }).data(text)
}
