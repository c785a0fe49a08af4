//! Transfers: from the notice to the transfer file; `lists` has what is built before it is declared.

mod lists;
mod shown;

use app::transfers::{
    self, Arrival, DirectNotice, Dispatch, LineFilter, ListKind, TransferFilter, TransferView,
};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::access::Action;
use domain::ids::TransferId;
use domain::offers::Specification;
use domain::reconciliation::Outcome;
use domain::transfers::{Condition, Correction, Kind, LineState, Side, State as TransferState};
use domain::{DeviceId, Refusal};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::given::{Cursor, Given, IfMatch, Query, limit, reference};
use super::people::Reason;
use super::{FileBytes, Page, Problem, at, versioned};
use crate::error_pages::{Failure, blocking};
use crate::session::ApiActor;
use crate::state::AppState;
use crate::streams;
use shown::{Accountable, Transfer, TransferLine, TransferSpecification, TransferSummary, shown};

/// The routes of this capability.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(notify))
        .routes(routes!(show))
        .routes(routes!(confirm))
        .routes(routes!(cancel))
        .routes(routes!(hold))
        .routes(routes!(release))
        .routes(routes!(reverse))
        .routes(routes!(dispatch))
        .routes(routes!(arrive))
        .routes(routes!(receive))
        .routes(routes!(lines))
        .routes(routes!(correct))
        .routes(routes!(prepare))
        .routes(routes!(table))
        .routes(routes!(responsibility))
        .merge(lists::routes())
}

fn id_of(given: &str) -> Result<TransferId, Refusal> {
    reference(given, "transfer")
}

/// One of these names, or which they are.
fn one_of<T: Copy>(
    field: &'static str,
    given: &str,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Result<T, Refusal> {
    let found = all.iter().copied().find(|value| name(*value) == given);
    found.ok_or_else(|| {
        let names: Vec<&str> = all.iter().copied().map(name).collect();
        Refusal::field(field, format!("Give one of {}.", names.join(", ")))
    })
}

fn side(given: &str) -> Result<Side, Refusal> {
    Side::from_name(given).ok_or_else(|| Refusal::not_found("list"))
}

fn day(field: &'static str, given: &str) -> Result<Date, Refusal> {
    given.parse().map_err(|_| Refusal::field(field, "Give a day such as 2026-11-23."))
}

fn devices(given: &[String]) -> Result<Vec<DeviceId>, Refusal> {
    let device = |id: &String| {
        DeviceId::parse(id).map_err(|error| Refusal::field("ids", format!("{id}: {error}")))
    };
    given.iter().map(device).collect()
}

fn after(view: TransferView) -> Response {
    versioned(view.version, shown(view))
}

/// Which transfers.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Which {
    /// Only those in this state.
    #[param(example = "Dispatched")]
    state: Option<String>,
    /// Only those of this kind: `selected`, `direct` or `reversal`.
    kind: Option<String>,
    /// Only those of this Party, on either side.
    #[param(example = "pty-000002")]
    party: Option<String>,
    /// Only those of this offer.
    #[param(example = "off-000042")]
    offer: Option<String>,
    /// Only those with lines that wait for a correction.
    #[serde(default)]
    only_waiting: bool,
    /// Only those whose next step is the caller's.
    #[serde(default)]
    mine: bool,
    /// Only those with this Party on the other side, or on either for the centre.
    #[param(example = "pty-000003")]
    counterparty: Option<String>,
    /// Only those with a deadline that has passed and was not met.
    #[serde(default)]
    overdue: bool,
    /// Where the page begins: the `next` or `previous` of another one.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    cursor: Cursor,
    /// Items on a page, 1 to 200; 50 where nothing is said.
    limit: Option<u32>,
}

impl Which {
    fn filter(&self) -> Result<TransferFilter, Refusal> {
        let state = |name: &String| one_of("state", name, TransferState::ALL, TransferState::name);
        let kind = |name: &String| one_of("kind", name, Kind::ALL, Kind::name);
        Ok(TransferFilter {
            party: self.party.as_deref().map(|p| reference(p, "Party")).transpose()?,
            state: self.state.as_ref().map(state).transpose()?,
            kind: self.kind.as_ref().map(kind).transpose()?,
            offer: self.offer.as_deref().map(|o| reference(o, "offer")).transpose()?,
            only_waiting: self.only_waiting,
            mine: self.mine,
            counterparty: self
                .counterparty
                .as_deref()
                .map(|p| reference(p, "Party"))
                .transpose()?,
            overdue: self.overdue,
        })
    }
}

/// Transfers, newest first: a Party's own, or all of them for the DCC.
#[utoipa::path(get, path = "/transfers", tag = "transfers", operation_id = "list_transfers",
    params(Which), responses((status = OK, body = Page<TransferSummary>), Problem),
    security(("token" = []), ("session" = [])))]
async fn list(
    State(state): State<AppState>,
    who: ApiActor,
    Query(which): Query<Which>,
) -> Result<Json<Page<TransferSummary>>, Failure> {
    let cursor = which.cursor.clone();
    let page = blocking(move || {
        who.actor.must(Action::SeeTransfers)?;
        let (filter, most) = (which.filter()?, limit(which.limit) as usize);
        transfers::list(
            &state.app,
            &who.actor,
            &filter,
            which.cursor.place()?.map(TransferId),
            most,
        )
    });
    let page = page.await?;
    let items = page.items.into_iter().map(TransferSummary::from).collect();
    Ok(Page::part(items, &cursor, page.next.map(|id| id.0)))
}

/// What two Parties agreed between themselves.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewDirect {
    /// The service user reference of the Party whose hubs they are.
    sender: String,
    /// The service user reference of the Party that they go to.
    receiver: String,
    /// The side for which the DCC notifies it, `sender` or `receiver`; a Party's own otherwise.
    side: Option<String>,
    /// What was agreed.
    specification: TransferSpecification,
    /// The agreed firmware versions; absent or empty for any.
    #[serde(default)]
    firmware: Vec<String>,
    /// How many hubs.
    quantity: i64,
    /// What there is to say about it.
    #[serde(default)]
    notes: String,
}

/// Notifies a transfer that two Parties agreed between themselves. It skips selection, and the
/// record says so. The other Party confirms it, or notifies the same.
#[utoipa::path(post, path = "/transfers", tag = "transfers",
    operation_id = "notify_direct_transfer", request_body = NewDirect,
    responses((status = CREATED, body = Transfer), Problem),
    security(("token" = []), ("session" = [])))]
async fn notify(
    State(state): State<AppState>,
    who: ApiActor,
    Given(new): Given<NewDirect>,
) -> Result<Response, Failure> {
    let made = blocking(move || {
        who.actor.must(Action::AgreeTransfers)?;
        let notice = DirectNotice {
            side: new
                .side
                .as_deref()
                .map(|side| one_of("side", side, Side::ALL, Side::name))
                .transpose()?,
            sender: new.sender,
            receiver: new.receiver,
            specification: Specification::from(new.specification),
            firmware: new.firmware,
            quantity: new.quantity,
            notes: new.notes,
        };
        transfers::notify_direct(&state.app, &who.actor, &notice)
    });
    let made = made.await?;
    Ok(at(StatusCode::CREATED, &format!("/transfers/{}", made.id), shown(made)))
}

/// One transfer.
#[utoipa::path(get, path = "/transfers/{id}", tag = "transfers", operation_id = "get_transfer",
    params(("id" = String, Path, description = "The transfer")),
    responses((status = OK, body = Transfer), Problem),
    security(("token" = []), ("session" = [])))]
async fn show(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let find = move || transfers::get(&state.app, &who.actor, id_of(&id)?);
    Ok(after(blocking(find).await?))
}

/// Whose confirmation it is.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Confirming {
    /// `sender` or `receiver`, where the DCC confirms for a Party; a Party's own side otherwise.
    side: Option<String>,
}

/// Confirms one side. Confirming twice changes nothing.
#[utoipa::path(post, path = "/transfers/{id}/confirm", tag = "transfers",
    operation_id = "confirm_transfer",
    params(("id" = String, Path, description = "The transfer")),
    request_body = Confirming,
    responses((status = OK, body = Transfer), Problem),
    security(("token" = []), ("session" = [])))]
async fn confirm(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    IfMatch(version): IfMatch,
    Given(given): Given<Confirming>,
) -> Result<Response, Failure> {
    let done = blocking(move || {
        who.actor.must(Action::AgreeTransfers)?;
        let side = given.side.as_deref().map(|side| one_of("side", side, Side::ALL, Side::name));
        transfers::confirm(&state.app, &who.actor, id_of(&id)?, version, side.transpose()?)
    });
    Ok(after(done.await?))
}

/// Calls a transfer off before anything was dispatched.
#[utoipa::path(post, path = "/transfers/{id}/cancel", tag = "transfers",
    operation_id = "cancel_transfer",
    params(("id" = String, Path, description = "The transfer")),
    request_body = Reason,
    responses((status = OK, body = Transfer), Problem),
    security(("token" = []), ("session" = [])))]
async fn cancel(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    IfMatch(version): IfMatch,
    Given(Reason { reason }): Given<Reason>,
) -> Result<Response, Failure> {
    let done = move || transfers::cancel(&state.app, &who.actor, id_of(&id)?, version, &reason);
    Ok(after(blocking(done).await?))
}

/// Stops a transfer until it is released.
#[utoipa::path(post, path = "/transfers/{id}/hold", tag = "transfers",
    operation_id = "hold_transfer",
    params(("id" = String, Path, description = "The transfer")),
    request_body = Reason,
    responses((status = OK, body = Transfer), Problem),
    security(("token" = []), ("session" = [])))]
async fn hold(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    IfMatch(version): IfMatch,
    Given(Reason { reason }): Given<Reason>,
) -> Result<Response, Failure> {
    let done = move || transfers::hold(&state.app, &who.actor, id_of(&id)?, version, &reason);
    Ok(after(blocking(done).await?))
}

/// Lets a transfer go on where it was stopped.
#[utoipa::path(post, path = "/transfers/{id}/release", tag = "transfers",
    operation_id = "release_transfer",
    params(("id" = String, Path, description = "The transfer")),
    responses((status = OK, body = Transfer), Problem),
    security(("token" = []), ("session" = [])))]
async fn release(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    IfMatch(version): IfMatch,
) -> Result<Response, Failure> {
    let done = move || transfers::release(&state.app, &who.actor, id_of(&id)?, version);
    Ok(after(blocking(done).await?))
}

/// Opens a new, linked transfer that takes back what this one moved.
#[utoipa::path(post, path = "/transfers/{id}/reverse", tag = "transfers",
    operation_id = "reverse_transfer",
    params(("id" = String, Path, description = "The transfer")),
    request_body = Reason,
    responses((status = CREATED, body = Transfer), Problem),
    security(("token" = []), ("session" = [])))]
async fn reverse(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    IfMatch(version): IfMatch,
    Given(Reason { reason }): Given<Reason>,
) -> Result<Response, Failure> {
    let done = move || transfers::reverse(&state.app, &who.actor, id_of(&id)?, version, &reason);
    let made = blocking(done).await?;
    Ok(at(StatusCode::CREATED, &format!("/transfers/{}", made.id), shown(made)))
}

/// What a sender declares.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewDispatch {
    /// The day on which it left.
    #[schema(format = Date, example = "2026-11-23")]
    on: String,
    /// Who carries it.
    carrier: String,
    /// The number of the consignment note.
    consignment_note: String,
    /// The seals.
    #[serde(default)]
    seals: String,
    /// Whether fewer hubs than agreed are meant.
    #[serde(default)]
    fewer_is_meant: bool,
    /// The `version` of the list as it was seen: refused with 412 if it has changed since.
    list_version: Option<i64>,
}

/// Which list was seen.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct SeenList {
    /// The `version` of the list as it was seen: refused with 412 if it has changed since.
    list_version: Option<i64>,
}

/// Declares that the hubs of the sender's list have left. They are checked once more, and are in no
/// other transfer from then on.
#[utoipa::path(post, path = "/transfers/{id}/dispatch", tag = "transfers",
    operation_id = "dispatch_transfer",
    params(("id" = String, Path, description = "The transfer")),
    request_body = NewDispatch,
    responses((status = OK, body = Transfer), Problem),
    security(("token" = []), ("session" = [])))]
async fn dispatch(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    IfMatch(version): IfMatch,
    Given(given): Given<NewDispatch>,
) -> Result<Response, Failure> {
    let done = blocking(move || {
        who.actor.must(Action::Dispatch)?;
        let given = Dispatch {
            on: day("on", &given.on)?,
            carrier: given.carrier,
            consignment_note: given.consignment_note,
            seals: given.seals,
            fewer_is_meant: given.fewer_is_meant,
            list_version: given.list_version,
        };
        transfers::dispatch(&state.app, &who.actor, id_of(&id)?, version, &given)
    });
    Ok(after(done.await?))
}

/// What a receiver declares of the arrival.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewArrival {
    /// The day on which it arrived.
    #[schema(format = Date, example = "2026-11-24")]
    on: String,
    /// In what condition: `good`, `damaged`, `seals-broken` or `incomplete`.
    condition: String,
    /// What there is to say about that.
    #[serde(default)]
    note: String,
}

/// Declares that the consignment has arrived.
#[utoipa::path(post, path = "/transfers/{id}/arrive", tag = "transfers",
    operation_id = "note_transfer_arrival",
    params(("id" = String, Path, description = "The transfer")),
    request_body = NewArrival,
    responses((status = OK, body = Transfer), Problem),
    security(("token" = []), ("session" = [])))]
async fn arrive(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    IfMatch(version): IfMatch,
    Given(given): Given<NewArrival>,
) -> Result<Response, Failure> {
    let done = blocking(move || {
        who.actor.must(Action::Receive)?;
        let given = Arrival {
            on: day("on", &given.on)?,
            condition: one_of("condition", &given.condition, Condition::ALL, Condition::name)?,
            note: given.note,
        };
        transfers::arrive(&state.app, &who.actor, id_of(&id)?, version, &given)
    });
    Ok(after(done.await?))
}

/// Declares the receiver's list: both lists are compared, and what matches waits for its transfer
/// file.
#[utoipa::path(post, path = "/transfers/{id}/receive", tag = "transfers",
    operation_id = "receive_transfer",
    params(("id" = String, Path, description = "The transfer"), SeenList),
    responses((status = OK, body = Transfer), Problem),
    security(("token" = []), ("session" = [])))]
async fn receive(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    IfMatch(version): IfMatch,
    Query(seen): Query<SeenList>,
) -> Result<Response, Failure> {
    let done =
        move || transfers::receive(&state.app, &who.actor, id_of(&id)?, version, seen.list_version);
    Ok(after(blocking(done).await?))
}

/// Which lines.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct WhichLines {
    /// Only those in this state: `dispatched`, `ready`, `waiting`, `moved` or `dropped`.
    state: Option<String>,
    /// Only those with this outcome.
    #[param(example = "Missing")]
    outcome: Option<String>,
    /// Where the page begins: the `next` or `previous` of another one.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    cursor: Cursor,
    /// Items on a page, 1 to 200; 50 where nothing is said.
    limit: Option<u32>,
}

/// Hubs of a transfer, by ID: what was dispatched or received, and what became of it.
#[utoipa::path(get, path = "/transfers/{id}/lines", tag = "transfers",
    operation_id = "list_transfer_lines",
    params(("id" = String, Path, description = "The transfer"), WhichLines),
    responses((status = OK, body = Page<TransferLine>), Problem),
    security(("token" = []), ("session" = [])))]
async fn lines(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    Query(which): Query<WhichLines>,
) -> Result<Json<Page<TransferLine>>, Failure> {
    let cursor = which.cursor.clone();
    let page = blocking(move || {
        who.actor.must(Action::SeeTransfers)?;
        let state_of = |name: &String| one_of("state", name, LineState::ALL, LineState::name);
        let outcome_of = |name: &String| one_of("outcome", name, Outcome::ALL, Outcome::name);
        let filter = LineFilter {
            state: which.state.as_ref().map(state_of).transpose()?,
            outcome: which.outcome.as_ref().map(outcome_of).transpose()?,
        };
        let after = which.cursor.place()?.map(DeviceId::from_key);
        let most = limit(which.limit) as usize;
        transfers::lines(&state.app, &who.actor, id_of(&id)?, &filter, after, most)
    });
    let page = page.await?;
    let items = page.items.into_iter().map(TransferLine::from).collect();
    Ok(Page::part(items, &cursor, page.next.map(DeviceId::key)))
}

/// A correction of lines that wait.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewCorrection {
    /// The hubs.
    ids: Vec<String>,
    /// `found`, `miscounted`, `take-as-it-is`, `check-again` or `give-back`.
    correction: String,
    /// Why.
    #[serde(default)]
    reason: String,
}

/// Corrects lines that wait: all of these, or none.
#[utoipa::path(post, path = "/transfers/{id}/correct", tag = "transfers",
    operation_id = "correct_transfer_lines",
    params(("id" = String, Path, description = "The transfer")),
    request_body = NewCorrection,
    responses((status = OK, body = Transfer), Problem),
    security(("token" = []), ("session" = [])))]
async fn correct(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    IfMatch(version): IfMatch,
    Given(given): Given<NewCorrection>,
) -> Result<Response, Failure> {
    let done = blocking(move || {
        who.actor.must(Action::Dispatch)?;
        let how = one_of("correction", &given.correction, Correction::ALL, Correction::word)?;
        let (app, actor) = (&state.app, &who.actor);
        let hubs = devices(&given.ids)?;
        transfers::correct(app, actor, id_of(&id)?, version, &hubs, how, &given.reason)
    });
    Ok(after(done.await?))
}

/// Prepares the transfer file of the lines that are ready, bound to both Parties' lists, and has it
/// checked. Another person authorises it.
#[utoipa::path(post, path = "/transfers/{id}/prepare", tag = "transfers",
    operation_id = "prepare_transfer",
    params(("id" = String, Path, description = "The transfer")),
    responses((status = ACCEPTED, body = Transfer), Problem),
    security(("token" = []), ("session" = [])))]
async fn prepare(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    IfMatch(version): IfMatch,
) -> Result<Response, Failure> {
    let done = move || transfers::prepare(&state.app, &who.actor, id_of(&id)?, version);
    Ok((StatusCode::ACCEPTED, after(blocking(done).await?)).into_response())
}

/// In which form a table goes out.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct AsFormat {
    /// `csv` (the default) or `xlsx`.
    format: Option<String>,
}

/// A list of a transfer as a file: `manifest`, `receipt`, `lines` or `waiting`. The manifest and the
/// receipt can be sent back as they are.
#[utoipa::path(get, path = "/transfers/{id}/tables/{table}", tag = "transfers",
    operation_id = "download_transfer_table",
    params(("id" = String, Path, description = "The transfer"),
        ("table" = String, Path, description = "`manifest`, `receipt`, `lines` or `waiting`"),
        AsFormat),
    responses((status = OK, description = "The file",
        content_type = "application/octet-stream", body = FileBytes), Problem),
    security(("token" = []), ("session" = [])))]
async fn table(
    State(state): State<AppState>,
    who: ApiActor,
    Path((id, kind)): Path<(String, String)>,
    Query(given): Query<AsFormat>,
) -> Result<Response, Failure> {
    who.actor.must(Action::SeeTransfers)?;
    let id = id_of(&id)?;
    let kind = ListKind::from_word(&kind).ok_or_else(|| Refusal::not_found("table"))?;
    let format = match given.format.as_deref() {
        None | Some("csv") => app::tables::Format::Csv,
        Some("xlsx") => app::tables::Format::Xlsx,
        Some(_) => return Err(Refusal::field("format", "Give csv or xlsx.").into()),
    };
    let (app, actor) = (state.app.clone(), who.actor.clone());
    blocking(move || transfers::get(&app, &actor, id)).await?;
    let name = format!("{id}_{}.{}", kind.word(), format.word());
    streams::download(&name, format.media_type(), move |out| {
        transfers::table(&state.app, &who.actor, id, kind, format, Box::new(out))?;
        Ok(())
    })
    .await
}

/// At which instant.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct AtInstant {
    /// Only who was responsible at this instant.
    #[param(format = DateTime)]
    at: Option<String>,
}

/// Who was responsible for a hub, and since when: the sender until the receiver accepted.
#[utoipa::path(get, path = "/hubs/{id}/responsibility", tag = "transfers",
    operation_id = "get_hub_responsibility",
    params(("id" = String, Path, description = "The CHF ID, in any form"), AtInstant),
    responses((status = OK, body = Page<Accountable>), Problem),
    security(("token" = []), ("session" = [])))]
async fn responsibility(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    Query(given): Query<AtInstant>,
) -> Result<Json<Page<Accountable>>, Failure> {
    let found = blocking(move || {
        who.actor.must(Action::SeeTransfers)?;
        let hub = DeviceId::parse(&id).map_err(|error| Refusal::field("id", error.to_string()))?;
        let at: Option<Timestamp> = match given.at {
            None => None,
            Some(at) => Some(at.parse().map_err(|_| {
                Refusal::field("at", "Give an instant such as 2026-11-23T18:00:00Z.")
            })?),
        };
        match at {
            None => transfers::responsibility(&state.app, &who.actor, hub),
            Some(at) => Ok(vec![transfers::responsible(&state.app, &who.actor, hub, at)?]),
        }
    });
    Ok(Page::whole(found.await?.into_iter().map(Accountable::from).collect()))
}

/// An answer that is only a state.
#[derive(Serialize, ToSchema)]
struct ListState {
    /// Hubs in the list.
    hubs: i64,
    /// Those that the receiver turns down.
    rejected: i64,
    /// Those that its file or paste named more than once.
    repeated: i64,
    /// Hubs that are expected: what was agreed, or what was dispatched.
    expected: i64,
    /// How often it has changed.
    version: i64,
}

impl From<transfers::ListState> for ListState {
    fn from(list: transfers::ListState) -> ListState {
        let transfers::ListState { hubs, rejected, repeated, expected, version, .. } = list;
        ListState { hubs, rejected, repeated, expected, version }
    }
}
