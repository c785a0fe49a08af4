//! The lists of a transfer before they are declared: the `sender`'s and the `receiver`'s.

use app::files;
use app::transfers::{self, Class};
use axum::Json;
use axum::extract::{Path, State};
use domain::DeviceId;
use domain::Refusal;
use domain::access::Action;
use domain::reconciliation::Received;
use domain::transfers::{FaultReason, Side};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{FileBytes, ListState, Problem, SeenList, devices, id_of, limit, one_of, side};
use crate::api::given::{Cursor, File, Given, Query};
use crate::error_pages::{Failure, blocking};
use crate::security::takes_ids;
use crate::session::ApiActor;
use crate::state::AppState;
use crate::streams;

/// The routes of these.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    let with_ids = OpenApiRouter::new()
        .routes(routes!(add_ids))
        .routes(routes!(remove))
        .routes(routes!(verdicts))
        .layer(takes_ids());
    with_ids
        .routes(routes!(entries, clear))
        .routes(routes!(add_file))
        .routes(routes!(scan))
        .routes(routes!(start))
        .routes(routes!(start_dispatch))
}

/// What one must be allowed to do to build the list of a side.
fn permission(side: Side) -> Action {
    match side {
        Side::Sender => Action::Dispatch,
        Side::Receiver => Action::Receive,
    }
}

/// A hub of a list.
#[derive(Serialize, ToSchema)]
struct TransferListEntry {
    /// The CHF ID.
    #[schema(example = "00-DB-12-34-56-78-90-A2")]
    hub: String,
    /// The DUIS fault reason for which the receiver turns it down; absent if it is accepted.
    reason: Option<&'static str>,
    /// Whether a file or paste named it more than once.
    is_repeated: bool,
    /// When it was added.
    #[schema(format = DateTime)]
    added_at: String,
}

impl From<transfers::ListEntry> for TransferListEntry {
    fn from(entry: transfers::ListEntry) -> TransferListEntry {
        TransferListEntry {
            hub: entry.hub.to_string(),
            reason: match entry.received {
                Received::Accepted => None,
                Received::Rejected(reason) => Some(reason.name()),
            },
            is_repeated: entry.is_repeated,
            added_at: entry.added_at.to_string(),
        }
    }
}

/// Which part of a list.
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

/// A list that is being built.
#[derive(Serialize, ToSchema)]
struct TransferList {
    /// How it stands.
    state: ListState,
    /// Hubs of it, by ID.
    items: Vec<TransferListEntry>,
    /// The cursor of the page before; absent on the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<String>,
    /// The cursor of the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// The list of a side as it stands.
#[utoipa::path(get, path = "/transfers/{id}/lists/{side}", tag = "transfers",
    operation_id = "get_transfer_list",
    params(("id" = String, Path, description = "The transfer"),
        ("side" = String, Path, description = "`sender` or `receiver`"), Part),
    responses((status = OK, body = TransferList), Problem),
    security(("token" = []), ("session" = [])))]
async fn entries(
    State(state): State<AppState>,
    who: ApiActor,
    Path((id, of)): Path<(String, String)>,
    Query(part): Query<Part>,
) -> Result<Json<TransferList>, Failure> {
    let cursor = part.cursor.clone();
    let found = blocking(move || {
        let side = side(&of)?;
        who.actor.must(permission(side))?;
        let (app, actor, id) = (&state.app, &who.actor, id_of(&id)?);
        let after = part.cursor.place()?.map(DeviceId::from_key);
        let most = limit(part.limit) as usize;
        let page = transfers::list_entries(app, actor, id, side, after, most)?;
        Ok((transfers::list_state(app, actor, id, side)?, page))
    });
    let (list, page) = found.await?;
    Ok(Json(TransferList {
        state: list.into(),
        items: page.items.into_iter().map(TransferListEntry::from).collect(),
        previous: cursor.previous(),
        next: page.next.map(|hub| cursor.next(hub.key())),
    }))
}

/// Empties the list of a side.
#[utoipa::path(delete, path = "/transfers/{id}/lists/{side}", tag = "transfers",
    operation_id = "clear_transfer_list",
    params(("id" = String, Path, description = "The transfer"),
        ("side" = String, Path, description = "`sender` or `receiver`"), SeenList),
    responses((status = OK, body = ListState), Problem),
    security(("token" = []), ("session" = [])))]
async fn clear(
    State(state): State<AppState>,
    who: ApiActor,
    Path((id, of)): Path<(String, String)>,
    Query(seen): Query<SeenList>,
) -> Result<Json<ListState>, Failure> {
    let done = blocking(move || {
        let side = side(&of)?;
        who.actor.must(permission(side))?;
        transfers::clear(&state.app, &who.actor, id_of(&id)?, side, seen.list_version)
    });
    Ok(Json(done.await?.into()))
}

/// The answer to one line of an addition.
#[derive(Serialize, ToSchema)]
struct ListAnswer {
    /// Where a person finds it.
    line: u32,
    /// What was given.
    given: String,
    /// The CHF ID, where a hub was found.
    hub: Option<String>,
    /// `good`, `duplicate`, `unknown` or `wrong`.
    class: &'static str,
    /// How many hubs it added to the list.
    added: u64,
    /// What is wrong and what to do, or that it is right.
    text: String,
}

/// What came of an addition.
#[derive(Serialize, ToSchema)]
struct ListAdded {
    /// How many hubs were added.
    added: u64,
    /// How many answers say that it was in the list before.
    duplicate: usize,
    /// How many answers say that there is nothing of that name.
    unknown: usize,
    /// How many answers say that it does not belong into the list, or stands there as an exception.
    wrong: usize,
    /// The answers that are not `good`; with `answers=all`, all of them.
    answers: Vec<ListAnswer>,
    /// How the list stands now.
    list: ListState,
}

/// Which answers are wanted.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// `all` for every answer; otherwise only those that are not `good`.
    answers: Option<String>,
}

fn added(done: transfers::Added, wanted: &Wanted) -> Json<ListAdded> {
    let all = wanted.answers.as_deref() == Some("all");
    let (duplicate, unknown) = (done.of(Class::Duplicate), done.of(Class::Unknown));
    let wrong = done.of(Class::Wrong);
    let answer = |answer: transfers::Answer| ListAnswer {
        line: answer.line,
        given: answer.given,
        hub: answer.hub.map(|hub| hub.to_string()),
        class: answer.class.word(),
        added: answer.added,
        text: answer.message,
    };
    let answers = done.answers.into_iter().filter(|a| all || a.class != Class::Good);
    Json(ListAdded {
        added: done.added,
        duplicate,
        unknown,
        wrong,
        answers: answers.map(answer).collect(),
        list: done.list.into(),
    })
}

/// Adds what a manifest or receipt names, CSV or XLSX: hubs, whole pallets and boxes.
#[utoipa::path(post, path = "/transfers/{id}/lists/{side}/file", tag = "transfers",
    operation_id = "add_file_to_transfer_list",
    params(("id" = String, Path, description = "The transfer"),
        ("side" = String, Path, description = "`sender` or `receiver`"), Wanted),
    request_body(content = FileBytes, content_type = "application/octet-stream",
        description = "The file's bytes"),
    responses((status = OK, body = ListAdded), Problem),
    security(("token" = []), ("session" = [])))]
async fn add_file(
    State(state): State<AppState>,
    who: ApiActor,
    Path((id, of)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
    File(body): File,
) -> Result<Json<ListAdded>, Failure> {
    let side = side(&of)?;
    who.actor.must(permission(side))?;
    let id = id_of(&id)?;
    let done = streams::feed(body.into_data_stream(), move |source| {
        let bytes = files::read_whole(source, files::upload_limit(&state.app)?)?;
        transfers::add_file(&state.app, &who.actor, id, side, &bytes)
    });
    Ok(added(done.await?, &wanted))
}

/// IDs, pallets and boxes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ListedIds {
    /// Device IDs in any spelling, pallets and boxes.
    ids: Vec<String>,
}

/// Adds IDs, pallets and boxes.
#[utoipa::path(post, path = "/transfers/{id}/lists/{side}/ids", tag = "transfers",
    operation_id = "add_ids_to_transfer_list",
    params(("id" = String, Path, description = "The transfer"),
        ("side" = String, Path, description = "`sender` or `receiver`"), Wanted),
    request_body = ListedIds,
    responses((status = OK, body = ListAdded), Problem),
    security(("token" = []), ("session" = [])))]
async fn add_ids(
    State(state): State<AppState>,
    who: ApiActor,
    Path((id, of)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
    Given(given): Given<ListedIds>,
) -> Result<Json<ListAdded>, Failure> {
    let done = blocking(move || {
        let side = side(&of)?;
        who.actor.must(permission(side))?;
        let text = given.ids.join("\n");
        transfers::add_text(&state.app, &who.actor, id_of(&id)?, side, &text)
    });
    Ok(added(done.await?, &wanted))
}

/// One thing that was scanned.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ScannedCode {
    /// An ID, a pallet or a box, as the scanner has it.
    code: String,
}

/// Adds one thing that was scanned. All answers are given.
#[utoipa::path(post, path = "/transfers/{id}/lists/{side}/scan", tag = "transfers",
    operation_id = "scan_into_transfer_list",
    params(("id" = String, Path, description = "The transfer"),
        ("side" = String, Path, description = "`sender` or `receiver`")),
    request_body = ScannedCode,
    responses((status = OK, body = ListAdded), Problem),
    security(("token" = []), ("session" = [])))]
async fn scan(
    State(state): State<AppState>,
    who: ApiActor,
    Path((id, of)): Path<(String, String)>,
    Given(given): Given<ScannedCode>,
) -> Result<Json<ListAdded>, Failure> {
    let done = blocking(move || {
        let side = side(&of)?;
        who.actor.must(permission(side))?;
        transfers::scan(&state.app, &who.actor, id_of(&id)?, side, &given.code)
    });
    Ok(added(done.await?, &Wanted { answers: Some("all".to_owned()) }))
}

/// Takes hubs out of a list.
#[utoipa::path(post, path = "/transfers/{id}/lists/{side}/remove", tag = "transfers",
    operation_id = "remove_from_transfer_list",
    params(("id" = String, Path, description = "The transfer"),
        ("side" = String, Path, description = "`sender` or `receiver`")),
    request_body = ListedIds,
    responses((status = OK, body = ListState), Problem),
    security(("token" = []), ("session" = [])))]
async fn remove(
    State(state): State<AppState>,
    who: ApiActor,
    Path((id, of)): Path<(String, String)>,
    Given(given): Given<ListedIds>,
) -> Result<Json<ListState>, Failure> {
    let done = blocking(move || {
        let side = side(&of)?;
        who.actor.must(permission(side))?;
        let hubs = devices(&given.ids)?;
        transfers::remove(&state.app, &who.actor, id_of(&id)?, side, &hubs)
    });
    Ok(Json(done.await?.into()))
}

/// Begins the receiver's list with everything that was dispatched, each hub accepted.
#[utoipa::path(post, path = "/transfers/{id}/start-receipt", tag = "transfers",
    operation_id = "start_receipt_from_manifest",
    params(("id" = String, Path, description = "The transfer")),
    responses((status = OK, body = ListState), Problem),
    security(("token" = []), ("session" = [])))]
async fn start(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
) -> Result<Json<ListState>, Failure> {
    let done = move || transfers::start_from_manifest(&state.app, &who.actor, id_of(&id)?);
    Ok(Json(blocking(done).await?.into()))
}

/// Begins the sender's list with hubs that its offer lists: as many as were agreed, of those that can
/// be dispatched and are in no other list.
#[utoipa::path(post, path = "/transfers/{id}/start-dispatch", tag = "transfers",
    operation_id = "start_dispatch_from_offer",
    params(("id" = String, Path, description = "The transfer")),
    responses((status = OK, body = ListState), Problem),
    security(("token" = []), ("session" = [])))]
async fn start_dispatch(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
) -> Result<Json<ListState>, Failure> {
    let done = move || transfers::start_from_offer(&state.app, &who.actor, id_of(&id)?);
    Ok(Json(blocking(done).await?.into()))
}

/// What the receiver says of hubs of its list.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Verdicts {
    /// The hubs.
    ids: Vec<String>,
    /// The DUIS fault reason for which they are turned down; absent to accept them.
    reason: Option<String>,
}

/// Accepts hubs of the receiver's list, or turns them down for a reason.
#[utoipa::path(post, path = "/transfers/{id}/verdicts", tag = "transfers",
    operation_id = "set_receipt_verdicts",
    params(("id" = String, Path, description = "The transfer")),
    request_body = Verdicts,
    responses((status = OK, body = ListState), Problem),
    security(("token" = []), ("session" = [])))]
async fn verdicts(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    Given(given): Given<Verdicts>,
) -> Result<Json<ListState>, Failure> {
    let done = blocking(move || {
        who.actor.must(Action::Receive)?;
        let reason = given
            .reason
            .as_deref()
            .map(|name| one_of("reason", name, FaultReason::ALL, FaultReason::name));
        let hubs: Result<Vec<DeviceId>, Refusal> = devices(&given.ids);
        let (app, actor) = (&state.app, &who.actor);
        transfers::set_verdicts(app, actor, id_of(&id)?, &hubs?, reason.transpose()?)
    });
    Ok(Json(done.await?.into()))
}
