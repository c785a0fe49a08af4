//! CH Stock Transfer Files: sending, checking, generating, deciding; `results` answers line by line.

mod results;
mod shown;

use app::transfer_files::{
    self, Found, GenerateRequest, Generated, Submission, TransferFileFilter, TransferFileView,
};
use app::{App, dry_runs, files};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::IF_NONE_MATCH;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use domain::Refusal;
use domain::access::{Action, Actor};
use domain::ids::TransferFileId;
use domain::transfer_files::State as FileState;
use domain::transfer_files::generate::response_name;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::given::{Cursor, File, Given, IfMatch, Query, limit, reference};
use super::jobs::{Job, newest};
use super::people::Reason;
use super::{FileBytes, Page, Problem, at, versioned};
use crate::error_pages::{Failure, blocking};
use crate::security::takes_ids;
use crate::session::ApiActor;
use crate::state::AppState;
use crate::streams;
use app::jobs::JobKind;
pub(super) use shown::NamedPerson;
use shown::{Line, TransferFile, shown};

/// The routes of this capability.
pub fn routes() -> OpenApiRouter<AppState> {
    let with_ids = OpenApiRouter::new().routes(routes!(generate)).layer(takes_ids());
    with_ids
        .routes(routes!(list, submit))
        .routes(routes!(check))
        .routes(routes!(show))
        .routes(routes!(authorise))
        .routes(routes!(reject))
        .routes(routes!(withdraw))
        .merge(results::routes())
}

/// Which transfer files.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Which {
    /// Only those in this state.
    #[param(example = "Validated")]
    state: Option<String>,
    /// Only those that the caller can authorise.
    #[serde(default)]
    waiting_for_me: bool,
    /// Only those that the caller prepared.
    #[serde(default)]
    mine: bool,
    /// Only those whose name or reference holds this text.
    text: Option<String>,
    /// Where the page begins: the `next` or `previous` of another one.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    cursor: Cursor,
    /// Items on a page, 1 to 200; 50 where nothing is said.
    limit: Option<u32>,
}

impl Which {
    fn filter(&self) -> Result<TransferFileFilter, Refusal> {
        let find = |name: &str| {
            let found = FileState::ALL.iter().copied().find(|state| state.name() == name);
            let names: Vec<&str> = FileState::ALL.iter().copied().map(FileState::name).collect();
            let text = || format!("A state is one of {}.", names.join(", "));
            found.ok_or_else(|| Refusal::field("state", text()))
        };
        Ok(TransferFileFilter {
            state: self.state.as_deref().map(find).transpose()?,
            waiting_for_me: self.waiting_for_me,
            mine: self.mine,
            text: self.text.clone(),
        })
    }
}

/// A transfer file in a list.
#[derive(Serialize, ToSchema)]
struct TransferFileSummary {
    /// Its number.
    #[schema(example = "ctf-000042")]
    id: String,
    /// The name that it came under.
    name: String,
    /// The transfer or SoLR reference of a controlled file; empty otherwise.
    reference: String,
    /// Where it is.
    #[schema(example = "Validated")]
    state: &'static str,
    /// How many lines it has; 0 until they have been counted.
    lines: u64,
    /// How many lines were rejected, once that is known.
    rejected: Option<u64>,
    /// Who prepared it.
    preparer: shown::NamedPerson,
    /// When it came in.
    #[schema(format = DateTime)]
    received_at: String,
    /// When it was applied.
    #[schema(format = DateTime)]
    applied_at: Option<String>,
}

/// Transfer files, newest first.
#[utoipa::path(get, path = "/transfer-files", tag = "transfer files",
    operation_id = "list_transfer_files", params(Which),
    responses((status = OK, body = Page<TransferFileSummary>), Problem),
    security(("token" = []), ("session" = [])))]
async fn list(
    State(state): State<AppState>,
    who: ApiActor,
    Query(which): Query<Which>,
) -> Result<Json<Page<TransferFileSummary>>, Failure> {
    let cursor = which.cursor.clone();
    let page = blocking(move || {
        let (filter, limit) = (which.filter()?, limit(which.limit));
        transfer_files::list(&state.app, &who.actor, &filter, which.cursor.place()?, limit)
    });
    let page = page.await?;
    let items = page.items.into_iter().map(|row| TransferFileSummary {
        id: row.id.to_string(),
        name: row.name,
        reference: row.reference,
        state: row.state.name(),
        lines: row.lines,
        rejected: row.rejected,
        preparer: row.preparer.into(),
        received_at: row.received_at.to_string(),
        applied_at: row.applied_at.map(|at| at.to_string()),
    });
    Ok(Page::part(items.collect(), &cursor, page.next))
}

/// The file that is sent.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Sent {
    /// Its name; in the controlled profile it is checked.
    #[param(example = "CHST_ABEL_20261123T093000Z_000001.csv")]
    name: String,
    /// Whether one rejected line keeps all others from moving.
    #[serde(default)]
    all_or_nothing: bool,
}

/// What became of a file that was sent.
#[derive(Serialize, ToSchema)]
struct Submitted {
    /// The file; the earlier one, if its content or its file ID had been sent before.
    #[schema(example = "ctf-000042")]
    id: String,
    /// Whether it had been.
    repeated: bool,
    /// The job that checks it.
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<Job>,
}

fn submitted(
    state: &AppState,
    who: &ApiActor,
    done: transfer_files::Submitted,
) -> app::Result<Submitted> {
    let job = newest(&state.app, &who.actor, JobKind::ValidateTransferFile, done.id.0)?;
    Ok(Submitted { id: done.id.to_string(), repeated: done.repeated, job })
}

fn accepted(submitted: Submitted) -> Response {
    let path = format!("/transfer-files/{}", submitted.id);
    at(StatusCode::ACCEPTED, &path, submitted)
}

/// Sends a transfer file, CSV or XLSX. It is checked by a job and changes nothing until another
/// person authorises it. The same content, or the same file ID, is answered with the first file.
#[utoipa::path(post, path = "/transfer-files", tag = "transfer files",
    operation_id = "submit_transfer_file", params(Sent),
    request_body(content = FileBytes, content_type = "application/octet-stream",
        description = "The file's bytes"),
    responses((status = ACCEPTED, body = Submitted), Problem),
    security(("token" = []), ("session" = [])))]
async fn submit(
    State(state): State<AppState>,
    who: ApiActor,
    Query(sent): Query<Sent>,
    File(body): File,
) -> Result<Response, Failure> {
    let (may, actor) = (who.actor.must(Action::PrepareTransferFile), who.clone());
    may?;
    let done = streams::feed(body.into_data_stream(), move |source| {
        let (name, all_or_nothing) = (sent.name, sent.all_or_nothing);
        let submission = Submission { name, all_or_nothing };
        let done = transfer_files::submit(&state.app, &actor.actor, submission, source)?;
        submitted(&state, &actor, done)
    });
    Ok(accepted(done.await?))
}

/// What a dry run found: `refusal` or `summary`, and `sent_before` beside it where that is so.
#[derive(Serialize, ToSchema)]
struct CheckResult {
    /// Why the file would be refused whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
    /// The stable word for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "columns")]
    refusal_word: Option<&'static str>,
    /// The file whose answer a submission would get, since the same content or file ID was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_before: Option<SentBefore>,
    /// How many lines came to what.
    #[schema(example = json!({"S00": 895, "R04": 1}))]
    counts: BTreeMap<String, u64>,
    /// How many lines would be rejected.
    rejected: u64,
    /// What the authoriser would see.
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<shown::Summary>,
    /// Where the response file can be had for a day: one line for each line of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/api/v1/dry-runs/fil-000042")]
    response: Option<String>,
}

/// A file that was sent before.
#[derive(Serialize, ToSchema)]
struct SentBefore {
    /// Its number.
    #[schema(example = "ctf-000042")]
    id: String,
    /// When it came in.
    #[schema(format = DateTime)]
    received_at: String,
}

/// Says what a file would be answered, line by line, if it were sent in this mode, and changes
/// nothing.
#[utoipa::path(post, path = "/transfer-files/check", tag = "transfer files",
    operation_id = "check_transfer_file", params(Sent),
    request_body(content = FileBytes, content_type = "application/octet-stream",
        description = "The file's bytes"),
    responses((status = OK, body = CheckResult), Problem),
    security(("token" = []), ("session" = [])))]
async fn check(
    State(state): State<AppState>,
    who: ApiActor,
    Query(sent): Query<Sent>,
    File(body): File,
) -> Result<Json<CheckResult>, Failure> {
    who.actor.must(Action::PrepareTransferFile)?;
    let checked = streams::feed(body.into_data_stream(), move |source| {
        let (app, actor) = (&state.app, &who.actor);
        let bytes = files::read_whole(source, files::upload_limit(app)?)?;
        let Sent { name, all_or_nothing } = sent;
        let submission = Submission { name, all_or_nothing };
        dry_runs::keep(app, actor, &response_name(&submission.name), |out| {
            transfer_files::check(app, &submission, bytes, out)
        })
    });
    let (response, checked) = checked.await?;
    let sent_before = checked.sent_before.map(|sent| SentBefore {
        id: sent.id.to_string(),
        received_at: sent.received_at.to_string(),
    });
    let nothing = CheckResult {
        refusal: None,
        refusal_word: None,
        sent_before,
        counts: BTreeMap::new(),
        rejected: 0,
        summary: None,
        response: response.map(super::dry_runs::address),
    };
    Ok(Json(match checked.found {
        Found::Refused(refused) => CheckResult {
            refusal: Some(refused.message),
            refusal_word: Some(refused.word),
            ..nothing
        },
        Found::Answered(summary) => CheckResult {
            counts: summary.counts.clone(),
            rejected: summary.rejected,
            summary: Some(shown::summary(*summary)),
            ..nothing
        },
    }))
}

/// What a controlled file is to be made of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewFile {
    /// The device IDs, in any spelling.
    ids: Vec<String>,
    /// The service user reference of the new Party.
    to_reference: String,
    /// The transfer or SoLR reference.
    reference: String,
    /// The service user reference of the Party that the hubs are with; absent if there are several.
    from_reference: Option<String>,
    /// Whether to send the file at once.
    #[serde(default)]
    submit: bool,
    /// Whether one rejected line keeps all others from moving, if it is sent.
    #[serde(default)]
    all_or_nothing: bool,
}

/// A controlled file that was made.
#[derive(Serialize, ToSchema)]
struct MadeFile {
    /// Its name.
    name: String,
    /// How many hubs it names.
    hubs: u64,
    /// The file, as text.
    text: String,
    /// What became of it, if it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    submitted: Option<Submitted>,
}

/// IDs that are not usable.
#[derive(Serialize, ToSchema)]
struct Mistakes {
    /// Always `/problems/invalid`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The problem in short.
    title: &'static str,
    /// The status of the answer.
    status: u16,
    /// What is wrong and what to do.
    detail: String,
    /// Each mistake.
    mistakes: Vec<Mistake>,
}

/// What is wrong with one ID.
#[derive(Serialize, ToSchema)]
struct Mistake {
    /// Its place in the list, from 1.
    place: u32,
    /// The ID as it was given.
    given: String,
    /// What is wrong and what to do.
    message: String,
}

/// Makes a controlled file from a list of hubs and a new Party; sends it if that is wanted.
#[utoipa::path(post, path = "/transfer-files/generate", tag = "transfer files",
    operation_id = "generate_transfer_file", request_body = NewFile,
    responses((status = CREATED, body = MadeFile),
        (status = 422, body = Mistakes, content_type = "application/problem+json",
            description = "Some IDs are not usable: each with what is wrong"),
        Problem),
    security(("token" = []), ("session" = [])))]
async fn generate(
    State(state): State<AppState>,
    who: ApiActor,
    Given(new): Given<NewFile>,
) -> Result<Response, Failure> {
    let made = blocking(move || {
        who.actor.must(Action::PrepareTransferFile)?;
        if new.ids.iter().any(|id| id.contains(['\n', '\r'])) {
            return Err(Refusal::field("ids", "An ID stands on one line.").into());
        }
        let request = GenerateRequest {
            ids: new.ids.join("\n"),
            to_reference: new.to_reference,
            reference: new.reference,
            from_reference: new.from_reference,
        };
        let (file, sent) = if new.submit {
            let all_or_nothing = new.all_or_nothing;
            let (app, actor) = (&state.app, &who.actor);
            match transfer_files::generate_and_submit(app, actor, &request, all_or_nothing)? {
                Ok((file, done)) => (file, Some(submitted(&state, &who, done)?)),
                Err(mistakes) => return Ok(Err(mistakes)),
            }
        } else {
            match transfer_files::generate(&state.app, &who.actor, &request)? {
                Generated::File(file) => (file, None),
                Generated::Mistakes(mistakes) => return Ok(Err(mistakes)),
            }
        };
        let text = String::from_utf8_lossy(&file.bytes).into_owned();
        Ok(Ok(MadeFile { name: file.name, hubs: file.hubs, text, submitted: sent }))
    });
    Ok(match made.await? {
        Ok(file) => (StatusCode::CREATED, Json(file)).into_response(),
        Err(mistakes) => mistaken(mistakes),
    })
}

fn mistaken(mistakes: Vec<transfer_files::IdMistake>) -> Response {
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    let document = Mistakes {
        kind: "/problems/invalid",
        title: "This cannot be used",
        status: status.as_u16(),
        detail: format!("{} of the IDs cannot be used. Nothing was made.", mistakes.len()),
        mistakes: mistakes
            .into_iter()
            .map(|m| Mistake { place: m.line, given: m.given, message: m.message })
            .collect(),
    };
    let mut answer = (status, Json(document)).into_response();
    let kind = HeaderValue::from_static("application/problem+json");
    answer.headers_mut().insert(axum::http::header::CONTENT_TYPE, kind);
    answer
}

/// One transfer file. With `If-None-Match` it is answered only when it has changed.
#[utoipa::path(get, path = "/transfer-files/{id}", tag = "transfer files",
    operation_id = "get_transfer_file",
    params(("id" = String, Path, description = "The file")),
    responses((status = OK, body = TransferFile),
        (status = NOT_MODIFIED, description = "It is as it was seen"), Problem),
    security(("token" = []), ("session" = [])))]
async fn show(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let find = move || {
        who.actor.must(Action::SeeTransferFiles)?;
        transfer_files::get(&state.app, &who.actor, reference(&id, "transfer file")?)
    };
    let found = blocking(find).await?;
    let seen = headers.get(IF_NONE_MATCH).and_then(|seen| seen.to_str().ok());
    if seen == Some(&format!("\"{}\"", found.version)) && found.progress.is_none() {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    Ok(versioned(found.version, shown(found)))
}

/// Lets a checked file change the inventory. Never the person who prepared it. The hubs are moved
/// by a job.
#[utoipa::path(post, path = "/transfer-files/{id}/authorise", tag = "transfer files",
    operation_id = "authorise_transfer_file",
    params(("id" = String, Path, description = "The file")),
    responses((status = ACCEPTED, body = TransferFile), Problem),
    security(("token" = []), ("session" = [])))]
async fn authorise(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    IfMatch(version): IfMatch,
) -> Result<Response, Failure> {
    let decide = move || {
        who.actor.must(Action::AuthoriseTransferFile)?;
        let id: TransferFileId = reference(&id, "transfer file")?;
        transfer_files::authorise(&state.app, &who.actor, id, version)
    };
    let after = blocking(decide).await?;
    Ok((StatusCode::ACCEPTED, versioned(after.version, shown(after))).into_response())
}

/// Turns a checked file down.
#[utoipa::path(post, path = "/transfer-files/{id}/reject", tag = "transfer files",
    operation_id = "reject_transfer_file",
    params(("id" = String, Path, description = "The file")),
    request_body = Reason,
    responses((status = OK, body = TransferFile), Problem),
    security(("token" = []), ("session" = [])))]
async fn reject(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    IfMatch(version): IfMatch,
    Given(Reason { reason }): Given<Reason>,
) -> Result<Response, Failure> {
    end(state, who, &id, Action::AuthoriseTransferFile, move |app, actor, id| {
        transfer_files::reject(app, actor, id, version, &reason)
    })
    .await
}

/// Ends a file before it is applied. Who may not is told so before whether there is such a file.
async fn end(
    state: AppState,
    who: ApiActor,
    id: &str,
    needs: Action,
    operation: impl FnOnce(&App, &Actor, TransferFileId) -> app::Result<TransferFileView>
    + Send
    + 'static,
) -> Result<Response, Failure> {
    who.actor.must(needs)?;
    let id: TransferFileId = reference(id, "transfer file")?;
    let after = blocking(move || operation(&state.app, &who.actor, id)).await?;
    Ok(versioned(after.version, shown(after)))
}

/// Takes a file back that is not authorised yet.
#[utoipa::path(post, path = "/transfer-files/{id}/withdraw", tag = "transfer files",
    operation_id = "withdraw_transfer_file",
    params(("id" = String, Path, description = "The file")),
    request_body = Reason,
    responses((status = OK, body = TransferFile), Problem),
    security(("token" = []), ("session" = [])))]
async fn withdraw(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    IfMatch(version): IfMatch,
    Given(Reason { reason }): Given<Reason>,
) -> Result<Response, Failure> {
    end(state, who, &id, Action::PrepareTransferFile, move |app, actor, id| {
        transfer_files::withdraw(app, actor, id, version, &reason)
    })
    .await
}
