//! Files of Parties, deliveries, statuses and snapshots.

use std::collections::BTreeMap;
use std::io::Write;

use app::dry_runs;
use app::imports::{self, ImportView, Kind};
use app::jobs::JobKind;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use domain::Refusal;
use domain::access::Action;
use domain::ids::ImportId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::given::{Cursor, File, Given, IfMatch, Query, limit, reference};
use super::jobs::{Job, newest};
use super::people::Reason;
use super::{FileBytes, Page, Problem, at, versioned};
use crate::error_pages::{Failure, blocking};
use crate::session::ApiActor;
use crate::state::AppState;
use crate::streams;

/// The routes of this capability.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, submit))
        .routes(routes!(check))
        .routes(routes!(show))
        .routes(routes!(answer))
        .routes(routes!(authorise))
        .routes(routes!(reject))
}

fn kind(word: &str) -> Result<Kind, Refusal> {
    let words: Vec<&str> = Kind::ALL.iter().copied().map(Kind::word).collect();
    let unknown = || format!("A kind of import is one of {}.", words.join(", "));
    Kind::from_word(word).ok_or_else(|| Refusal::field("kind", unknown()))
}

/// Who may send a file of this kind.
fn must_load(who: &ApiActor, kind: Kind) -> Result<(), Refusal> {
    let action = match kind {
        Kind::Parties => Action::ManageParties,
        Kind::Deliveries | Kind::Statuses | Kind::Snapshot => Action::LoadInventory,
    };
    who.actor.must(action).map(|_| ())
}

/// A file that was sent, and how far it is.
#[derive(Serialize, ToSchema)]
struct Import {
    /// Its number.
    #[schema(example = "imp-000007")]
    id: String,
    /// `parties`, `deliveries`, `statuses` or `snapshot`.
    kind: &'static str,
    /// The name that it came under.
    name: String,
    /// How far it is.
    #[schema(example = "Loaded")]
    state: &'static str,
    /// The SHA-256 of its bytes.
    sha256: String,
    /// How many bytes there are.
    size: u64,
    /// Lines that have an answer.
    lines_done: u64,
    /// Answers by outcome.
    #[schema(example = json!({"loaded": 895, "rejected": 1}))]
    counts: BTreeMap<String, u64>,
    /// Why it was refused whole.
    refusal: Option<String>,
    /// Who sent it.
    submitted_by: String,
    /// Who authorised or rejected a snapshot.
    decided_by: Option<String>,
    /// Why it was rejected.
    reason: Option<String>,
    /// When it came in.
    #[schema(format = DateTime)]
    received_at: String,
    /// When it was done with.
    #[schema(format = DateTime)]
    finished_at: Option<String>,
    /// Counts its changes: its ETag.
    version: i64,
}

fn shown(view: ImportView) -> Import {
    Import {
        id: view.id.to_string(),
        kind: view.kind.word(),
        name: view.name,
        state: view.state.name(),
        sha256: view.sha256,
        size: view.size,
        lines_done: view.lines_done,
        counts: view.counts,
        refusal: view.refusal,
        submitted_by: view.submitted_by.name,
        decided_by: view.decided_by.map(|person| person.name),
        reason: view.reason,
        received_at: view.received_at.to_string(),
        finished_at: view.finished_at.map(|at| at.to_string()),
        version: view.version,
    }
}

/// Which imports.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Which {
    /// Only this kind.
    #[param(example = "deliveries")]
    kind: Option<String>,
    /// Where the page begins: the `next` or `previous` of another one.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    cursor: Cursor,
    /// Items on a page, 1 to 200; 50 where nothing is said.
    limit: Option<u32>,
}

/// Files that were sent, newest first.
#[utoipa::path(get, path = "/imports", tag = "inventory", operation_id = "list_imports",
    params(Which), responses((status = OK, body = Page<Import>), Problem),
    security(("token" = []), ("session" = [])))]
async fn list(
    State(state): State<AppState>,
    who: ApiActor,
    Query(which): Query<Which>,
) -> Result<Json<Page<Import>>, Failure> {
    let cursor = which.cursor.clone();
    let page = blocking(move || {
        let kind = which.kind.as_deref().map(kind).transpose()?;
        imports::list(&state.app, &who.actor, kind, which.cursor.place()?, limit(which.limit))
    });
    let page = page.await?;
    Ok(Page::part(page.items.into_iter().map(shown).collect(), &cursor, page.next))
}

/// The file that is sent.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Sent {
    /// What it brings in: `parties`, `deliveries`, `statuses` or `snapshot`.
    #[param(example = "deliveries")]
    kind: String,
    /// Its name.
    name: String,
}

/// What became of a file that was sent.
#[derive(Serialize, ToSchema)]
struct SentImport {
    /// The import; the earlier one, if the same content was sent before.
    #[schema(example = "imp-000007")]
    id: String,
    /// Whether it was.
    repeated: bool,
    /// The job that loads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<Job>,
}

/// Sends a file, CSV or XLSX. It is loaded by a job, and each line is answered; a snapshot is
/// compared, and applied only when another person has authorised it.
#[utoipa::path(post, path = "/imports", tag = "inventory", operation_id = "submit_import",
    params(Sent),
    request_body(content = FileBytes, content_type = "application/octet-stream",
        description = "The file's bytes"),
    responses((status = ACCEPTED, body = SentImport), Problem),
    security(("token" = []), ("session" = [])))]
async fn submit(
    State(state): State<AppState>,
    who: ApiActor,
    Query(Sent { kind: word, name }): Query<Sent>,
    File(body): File,
) -> Result<Response, Failure> {
    let kind = kind(&word)?;
    must_load(&who, kind)?;
    let sent = streams::feed(body.into_data_stream(), move |source| {
        let done = imports::submit(&state.app, &who.actor, kind, &name, source)?;
        let job = newest(&state.app, &who.actor, JobKind::LoadImport, done.import.0)?;
        Ok(SentImport { id: done.import.to_string(), repeated: done.repeated, job })
    });
    let sent = sent.await?;
    let path = format!("/imports/{}", sent.id);
    Ok(at(StatusCode::ACCEPTED, &path, sent))
}

/// What a dry run of an import found.
#[derive(Serialize, ToSchema)]
struct ImportCheck {
    /// Answers by outcome.
    counts: BTreeMap<String, u64>,
    /// The beginning of the answer file, as text.
    answer: String,
    /// Whether the answer file goes on after that.
    is_cut: bool,
    /// Where the answer file can be had for a day: one line for each line of the file.
    #[schema(example = "/api/v1/dry-runs/fil-000042")]
    answers: Option<String>,
}

/// The most of an answer that stands in a dry run's result.
const LONGEST_ANSWER: usize = 64 << 10;

/// Hands on what is written, and keeps the lines at its beginning.
struct Beginning<'a> {
    kept: Vec<u8>,
    is_cut: bool,
    rest: &'a mut dyn Write,
}

impl Write for Beginning<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if !self.is_cut {
            let room = LONGEST_ANSWER.saturating_sub(self.kept.len());
            self.is_cut = bytes.len() > room;
            self.kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
            if self.is_cut {
                let lines =
                    self.kept.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
                self.kept.truncate(lines);
            }
        }
        self.rest.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.rest.flush()
    }
}

/// Says what a file would come to, and changes nothing.
#[utoipa::path(post, path = "/imports/check", tag = "inventory", operation_id = "check_import",
    params(Sent),
    request_body(content = FileBytes, content_type = "application/octet-stream",
        description = "The file's bytes"),
    responses((status = OK, body = ImportCheck), Problem),
    security(("token" = []), ("session" = [])))]
async fn check(
    State(state): State<AppState>,
    who: ApiActor,
    Query(Sent { kind: word, name }): Query<Sent>,
    File(body): File,
) -> Result<Json<ImportCheck>, Failure> {
    let kind = kind(&word)?;
    must_load(&who, kind)?;
    let checked = streams::feed(body.into_data_stream(), move |source| {
        let (app, actor) = (&state.app, &who.actor);
        let name = imports::answer_name(&name);
        let (answers, (counts, answer, is_cut)) = dry_runs::keep(app, actor, &name, |rest| {
            let mut answer = Beginning { kept: Vec::new(), is_cut: false, rest };
            let counts = imports::check(app, actor, kind, source, &mut answer)?;
            Ok((counts, answer.kept, answer.is_cut))
        })?;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let answers = answers.map(super::dry_runs::address);
        Ok(ImportCheck { counts, answer, is_cut, answers })
    });
    Ok(Json(checked.await?))
}

/// One file that was sent.
#[utoipa::path(get, path = "/imports/{id}", tag = "inventory", operation_id = "get_import",
    params(("id" = String, Path, description = "The import")),
    responses((status = OK, body = Import), Problem),
    security(("token" = []), ("session" = [])))]
async fn show(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let found = find(state, who, id).await?;
    Ok(versioned(found.version, shown(found)))
}

async fn find(state: AppState, who: ApiActor, id: String) -> Result<ImportView, Failure> {
    blocking(move || {
        who.actor.must(Action::SeeImports)?;
        imports::get(&state.app, &who.actor, reference(&id, "import")?)
    })
    .await
}

/// The answer file: one line for each line that was sent, in its order.
#[utoipa::path(get, path = "/imports/{id}/answer", tag = "inventory",
    operation_id = "download_import_answer",
    params(("id" = String, Path, description = "The import")),
    responses((status = OK, description = "The file", content_type = "text/csv", body = String),
        Problem),
    security(("token" = []), ("session" = [])))]
async fn answer(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let found = find(state.clone(), who.clone(), id).await?;
    let name = format!("{}_answer.csv", found.id);
    streams::download(&name, "text/csv; charset=utf-8", move |mut out| {
        imports::answer(&state.app, &who.actor, found.id, &mut out)
    })
    .await
}

/// Lets a compared snapshot change the inventory. Never the person who sent it.
#[utoipa::path(post, path = "/imports/{id}/authorise", tag = "inventory",
    operation_id = "authorise_snapshot",
    params(("id" = String, Path, description = "The import")),
    responses((status = ACCEPTED, body = Import), Problem),
    security(("token" = []), ("session" = [])))]
async fn authorise(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    IfMatch(version): IfMatch,
) -> Result<Response, Failure> {
    let after = blocking(move || {
        who.actor.must(Action::AuthoriseSnapshot)?;
        let id: ImportId = reference(&id, "import")?;
        imports::authorise_snapshot(&state.app, &who.actor, id, version)?;
        imports::get(&state.app, &who.actor, id)
    });
    let after = after.await?;
    Ok(at(StatusCode::ACCEPTED, &format!("/imports/{}", after.id), shown(after)))
}

/// Turns a compared snapshot down.
#[utoipa::path(post, path = "/imports/{id}/reject", tag = "inventory",
    operation_id = "reject_snapshot",
    params(("id" = String, Path, description = "The import")),
    request_body = Reason,
    responses((status = OK, body = Import), Problem),
    security(("token" = []), ("session" = [])))]
async fn reject(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    IfMatch(version): IfMatch,
    Given(Reason { reason }): Given<Reason>,
) -> Result<Response, Failure> {
    let after = blocking(move || {
        who.actor.must(Action::AuthoriseSnapshot)?;
        let id: ImportId = reference(&id, "import")?;
        imports::reject_snapshot(&state.app, &who.actor, id, &reason, version)?;
        imports::get(&state.app, &who.actor, id)
    });
    let after = after.await?;
    Ok(versioned(after.version, shown(after)))
}
