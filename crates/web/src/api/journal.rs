//! The journal.

use app::journal::read::{self, Entry as Shown, HistoryEntry as Happened, JournalFilter};
use app::{offers, requests, transfer_files, transfers};
use axum::Json;
use axum::extract::{Path, State};
use domain::Refusal;
use domain::access::Action;
use domain::ids::UserId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::given::{Cursor, Query, reference};
use super::{Page, Problem};
use crate::error_pages::{Failure, blocking};
use crate::session::ApiActor;
use crate::state::AppState;

/// The routes of this capability.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(offer_history))
        .routes(routes!(request_history))
        .routes(routes!(transfer_history))
        .routes(routes!(transfer_file_history))
}

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Which {
    /// Only entries about this.
    #[param(example = "ctf-000042")]
    subject: Option<String>,
    /// Only entries of this kind.
    #[param(example = "TransferFileApplied")]
    kind: Option<String>,
    /// Only entries by this person.
    #[param(example = "usr-000003")]
    actor: Option<String>,
    /// Where the page begins: the `next` or `previous` of another one.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    cursor: Cursor,
    /// Items on a page, 1 to 200; 50 where nothing is said.
    limit: Option<u32>,
}

/// An entry of the journal.
#[derive(Serialize, ToSchema)]
struct JournalEntry {
    /// Its place in the one order, from 1, without gaps.
    seq: i64,
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// Who; absent for the system's own work.
    actor: Option<String>,
    /// The person's name.
    actor_name: Option<String>,
    /// The Party that it was done for.
    acted_for: Option<String>,
    /// What it is about.
    #[schema(example = "ctf-000042")]
    subject: String,
    /// What happened.
    #[schema(example = "TransferFileApplied")]
    kind: String,
    /// What happened, in a sentence.
    text: String,
    /// The particulars, exactly as they are hashed: canonical JSON as text.
    payload: String,
    /// The hash of this entry, which covers all entries before it.
    hash: String,
}

fn shown(entry: Shown) -> JournalEntry {
    let (actor, actor_name) = entry.actor.map(|(id, name)| (id.to_string(), name)).unzip();
    JournalEntry {
        seq: entry.seq,
        at: entry.at.to_string(),
        actor,
        actor_name,
        acted_for: entry.acted_for.map(|(id, _)| id.to_string()),
        subject: entry.subject,
        kind: entry.kind,
        text: entry.text,
        payload: entry.payload,
        hash: app::files::hex(&entry.hash),
    }
}

/// Something that happened to one thing.
#[derive(Serialize, ToSchema)]
struct HistoryEntry {
    /// Its place in the journal.
    seq: i64,
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// Who; empty for the system's own work.
    who: String,
    /// What, as a sentence without its full stop.
    what: String,
    /// A reason or how many lines came to what; empty where there is nothing to add.
    more: String,
}

/// All that happened to one thing, on one page.
fn history(entries: Vec<Happened>) -> Json<Page<HistoryEntry>> {
    let entry = |entry: Happened| HistoryEntry {
        seq: entry.seq,
        at: entry.at.to_string(),
        who: entry.who,
        what: entry.what,
        more: entry.more,
    };
    Page::whole(entries.into_iter().map(entry).collect())
}

/// Entries of the journal, newest first.
#[utoipa::path(get, path = "/journal", tag = "journal", operation_id = "read_journal",
    params(Which), responses((status = OK, body = Page<JournalEntry>), Problem),
    security(("token" = []), ("session" = [])))]
async fn list(
    State(state): State<AppState>,
    who: ApiActor,
    Query(which): Query<Which>,
) -> Result<Json<Page<JournalEntry>>, Failure> {
    let cursor = which.cursor.clone();
    let entries = blocking(move || {
        who.actor.must(Action::ReadJournal)?;
        let actor = which.actor.as_deref().map(|actor| reference::<UserId>(actor, "person"));
        let filter =
            JournalFilter { subject: which.subject, kind: which.kind, actor: actor.transpose()? };
        read::list(&state.app, &who.actor, &filter, which.cursor.part(which.limit)?)
    });
    let entries = entries.await?;
    Ok(Page::part(entries.items.into_iter().map(shown).collect(), &cursor, entries.next))
}

/// One entry of the journal.
#[utoipa::path(get, path = "/journal/{seq}", tag = "journal", operation_id = "get_journal_entry",
    params(("seq" = i64, Path, description = "Its place in the one order")),
    responses((status = OK, body = JournalEntry), Problem),
    security(("token" = []), ("session" = [])))]
async fn show(
    State(state): State<AppState>,
    who: ApiActor,
    Path(seq): Path<String>,
) -> Result<Json<JournalEntry>, Failure> {
    let found = blocking(move || {
        who.actor.must(Action::ReadJournal)?;
        let seq: i64 = reference(&seq, "entry")?;
        let filter = JournalFilter::default();
        let entries = read::list(&state.app, &who.actor, &filter, seq.checked_add(1).into())?;
        let found = entries.items.into_iter().next().filter(|entry| entry.seq == seq);
        Ok(found.ok_or_else(|| Refusal::not_found("entry"))?)
    });
    Ok(Json(shown(found.await?)))
}

macro_rules! histories {
    ($($(#[$doc:meta])* $name:ident $of:ident $what:literal $path:literal $tag:literal
        $operation:literal $needs:ident;)+) => {$(
        $(#[$doc])*
        #[utoipa::path(get, path = $path, tag = $tag, operation_id = $operation,
            params(("id" = String, Path, description = "Its number")),
            responses((status = OK, body = Page<HistoryEntry>), Problem),
            security(("token" = []), ("session" = [])))]
        async fn $name(
            State(state): State<AppState>,
            who: ApiActor,
            Path(id): Path<String>,
        ) -> Result<Json<Page<HistoryEntry>>, Failure> {
            let found = blocking(move || {
                who.actor.must(Action::$needs)?;
                $of::history(&state.app, &who.actor, reference(&id, $what)?)
            });
            Ok(history(found.await?))
        }
    )+};
}

histories! {
    /// What happened to an offer, newest first.
    offer_history offers "offer" "/offers/{id}/history" "offers" "list_offer_history" SeeBoard;
    /// What happened to a request, newest first.
    request_history requests "request" "/requests/{id}/history" "requests"
        "list_request_history" SeeOffers;
    /// What happened to a transfer, newest first.
    transfer_history transfers "transfer" "/transfers/{id}/history" "transfers"
        "list_transfer_history" SeeTransfers;
    /// What happened to a transfer file, newest first.
    transfer_file_history transfer_files "transfer file" "/transfer-files/{id}/history"
        "transfer files" "list_transfer_file_history" SeeTransferFiles;
}
