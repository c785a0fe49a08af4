//! What was scanned for a transfer, many codes in one call; and the documents of a transfer.

use app::transfers::{self, Added, Answer, DocumentKind, ListState};
use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use domain::access::Action;
use domain::ids::TransferId;
use domain::refusal::Refusal;
use domain::transfers::Side;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::given::{Given, reference};
use super::{FileBytes, Problem};
use crate::error_pages::{Failure, blocking};
use crate::session::ApiActor;
use crate::state::AppState;
use crate::streams;

/// Codes in one call, at most.
const MOST_CODES: usize = 5_000;

/// The routes of these.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(scan)).routes(routes!(document))
}

/// What was scanned, one after the other.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Scans {
    /// Device IDs, pallets or boxes, in any spelling, up to 5,000.
    #[schema(example = json!(["00-DB-12-34-56-78-90-A2", "PAL00042"]))]
    codes: Vec<String>,
}

/// What came of the scans.
#[derive(Serialize, ToSchema)]
struct Scanned {
    /// An answer for each code, and one for each hub of a pallet that did not get into the list.
    answers: Vec<ScanAnswer>,
    /// How many hubs were added.
    added: u64,
    /// How the list stands now.
    list: ScannedList,
}

/// What came of one scan.
#[derive(Serialize, ToSchema)]
struct ScanAnswer {
    /// What was scanned.
    code: String,
    /// The hub, where one was found.
    hub: Option<String>,
    /// `good`, `duplicate`, `unknown` or `wrong`.
    class: &'static str,
    /// How many hubs it added to the list.
    added: u64,
    /// What is wrong and what to do, or that it is right.
    message: String,
}

/// How a list stands.
#[derive(Serialize, ToSchema)]
struct ScannedList {
    /// Hubs in it.
    hubs: i64,
    /// Those that the receiver turns down.
    rejected: i64,
    /// Those that a file or paste named more than once.
    repeated: i64,
    /// Hubs that are expected: what was agreed, or what was dispatched.
    expected: i64,
}

impl From<Added> for Scanned {
    fn from(added: Added) -> Self {
        let answer = |answer: Answer| ScanAnswer {
            code: answer.given,
            hub: answer.hub.map(|hub| hub.to_string()),
            class: answer.class.word(),
            added: answer.added,
            message: answer.message,
        };
        let ListState { hubs, rejected, repeated, expected, .. } = added.list;
        Scanned {
            answers: added.answers.into_iter().map(answer).collect(),
            added: added.added,
            list: ScannedList { hubs, rejected, repeated, expected },
        }
    }
}

/// Adds what was scanned to the list of a side, in one transaction. Send it with an
/// `Idempotency-Key`: when an answer is lost, the same call again gives it without counting twice.
#[utoipa::path(post, path = "/transfers/{id}/lists/{side}/scans", tag = "transfers",
    operation_id = "scan_for_transfer",
    params(("id" = String, Path, description = "The transfer"),
        ("side" = String, Path, description = "`sender` or `receiver`")),
    request_body = Scans,
    responses((status = OK, body = Scanned), Problem),
    security(("token" = []), ("session" = [])))]
async fn scan(
    State(state): State<AppState>,
    who: ApiActor,
    Path((id, side)): Path<(String, String)>,
    Given(scans): Given<Scans>,
) -> Result<Json<Scanned>, Failure> {
    let added = blocking(move || {
        let side = Side::from_name(&side).ok_or_else(|| Refusal::not_found("list"))?;
        who.actor.must(match side {
            Side::Sender => Action::Dispatch,
            Side::Receiver => Action::Receive,
        })?;
        if scans.codes.len() > MOST_CODES {
            let message = format!("Send at most {MOST_CODES} codes at a time.");
            return Err(Refusal::field("codes", message).into());
        }
        let id: TransferId = reference(&id, "transfer")?;
        transfers::scan_all(&state.app, &who.actor, id, side, &scans.codes)
    });
    Ok(Json(added.await?.into()))
}

/// A document of a transfer, as PDF: its delivery note once it was dispatched, its acceptance
/// certificate once it was received.
#[utoipa::path(get, path = "/transfers/{id}/documents/{kind}", tag = "transfers",
    operation_id = "download_transfer_document",
    params(("id" = String, Path, description = "The transfer"),
        ("kind" = String, Path, description = "`delivery-note` or `certificate`")),
    responses((status = OK, description = "The document",
        content_type = "application/pdf", body = FileBytes), Problem),
    security(("token" = []), ("session" = [])))]
async fn document(
    State(state): State<AppState>,
    who: ApiActor,
    Path((id, kind)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let made = blocking(move || {
        who.actor.must(Action::SeeTransfers)?;
        let kind = DocumentKind::from_word(&kind).ok_or_else(|| Refusal::not_found("document"))?;
        transfers::document(&state.app, &who.actor, reference(&id, "transfer")?, kind)
    })
    .await?;
    streams::download(&made.name, "application/pdf", move |mut out| {
        let written = std::io::Write::write_all(&mut out, &made.bytes);
        written.map_err(app::Error::io("send a document"))
    })
    .await
}
