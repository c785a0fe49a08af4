//! The JSON API: everything that the portal does, for programs.
//!
//! One module for each capability, as in the layers below. A handler parses, calls one operation
//! and answers; what it fails with becomes a problem document. `web/tests/api.json` is the contract
//! as it is served.

pub mod given;
mod headers;
pub mod once;

mod board;
mod delivery_report;
mod directory;
mod dry_runs;
mod health;
mod imports;
mod inventory;
mod jobs;
mod journal;
mod notifications;
mod offers;
mod parties;
mod people;
mod public;
mod reports;
mod requests;
mod selection;
mod settings;
mod sign_in;
mod templates;
mod transfer_files;
mod transfer_scans;
mod transfers;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CONTENT_TYPE, ETAG, LOCATION};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use domain::{Refusal, refusal::RefusalKind};
use serde::Serialize;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{KnownFormat, ObjectBuilder, Ref, RefOr, Schema, SchemaFormat, Type};
use utoipa::{IntoResponses, Modify, OpenApi, PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::given::Cursor;
use crate::error_pages::{self, Failure};
use crate::state::AppState;

/// Where the API begins.
pub const BASE: &str = "/api/v1";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Hubstock",
        version = "1",
        description = "Communications Hub stock transfer between Parties: the inventory, transfer \
            files, the CH Delivery Report and all around them.\n\n\
            A call carries `Authorization: Bearer hub_…`, a token that its owner issues in the \
            portal or here. Errors are problem documents (RFC 9457). A writing call of \
            somebody who is signed in may carry an `Idempotency-Key`: the same key and call get the first answer (with \
            `Idempotent-Replayed: true`), another call under the same key 422; an answer that was \
            lost in a crash is answered with the journal entry of what was done. What can change \
            has an `ETag`, and changing it wants `If-Match` (`*` for whatever it is now). A list \
            that takes `limit` has at most so many items; `next` and `previous`, where they are \
            there, are the `cursor` of the page after and of the one before. Any other list is \
            whole. A parameter that a call does not have is refused with 422. A problem about a file says in \
            `list` where the full list is of what is wrong with its lines. \
            Empty files to fill in are at `/api/v1/templates`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    modifiers(&Access),
    components(schemas(Problem)),
    tags(
        (name = "transfer files", description = "CH Stock Transfer Files and what became of them"),
        (name = "transfers", description = "Transfers of stock from one Party to another"),
        (name = "offers", description = "Stock that Parties offer, the board, and excess stock"),
        (name = "requests", description = "Stock that Parties ask for"),
        (name = "stock rules", description = "What may stand in for what, end dates and holidays"),
        (name = "inventory", description = "Hubs, stock, and the files that they came by"),
        (name = "delivery report", description = "ESI-013, the CH Delivery Report"),
        (name = "reports", description = "Other reports, as files"),
        (name = "selection", description = "Selection policies, runs over offers and their records"),
        (name = "parties", description = "Parties to the Smart Energy Code"),
        (name = "people", description = "People, their roles and invitations"),
        (name = "own account", description = "Who is calling, and their sessions and tokens"),
        (name = "settings", description = "Limits, modes and schedules"),
        (name = "journal", description = "Everything that happened, in one order"),
        (name = "mail", description = "E-mails that were sent or wait to be"),
        (name = "jobs", description = "Work that goes on after an answer was given"),
        (name = "service", description = "Whether the service lives, and what it answers"),
    ),
)]
struct Document;

struct Access;

impl Modify for Access {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme("token", SecurityScheme::Http(token));
        let cookie = ApiKeyValue::new("__Host-hubstock");
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem")));
        let response = ResponseBuilder::new()
            .description("Not done: a problem document says why")
            .content("application/problem+json", problem.build());
        components.responses.insert("Problem".to_owned(), response.build().into());
    }
}

/// What was not done, and why (RFC 9457).
#[derive(Serialize, ToSchema)]
pub struct Problem {
    /// Which problem it is: `/problems/` and a word of the list of problems.
    #[serde(rename = "type")]
    #[schema(example = "/problems/wrong-state")]
    kind: String,
    /// The problem in short.
    title: String,
    /// The status of the answer.
    status: u16,
    /// What is wrong and what to do, as a sentence for a person.
    detail: String,
    /// The field of the call that it is about, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// For a file, where the full list is of what is wrong with its lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/api/v1/transfer-files/ctf-000042/errors")]
    list: Option<String>,
}

/// The bytes of a file.
pub struct FileBytes;

impl PartialSchema for FileBytes {
    fn schema() -> RefOr<Schema> {
        let binary = SchemaFormat::KnownFormat(KnownFormat::Binary);
        ObjectBuilder::new().schema_type(Type::String).format(Some(binary)).into()
    }
}

impl ToSchema for FileBytes {}

impl IntoResponses for Problem {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        let problem = RefOr::Ref(Ref::from_response_name("Problem"));
        BTreeMap::from([("default".to_owned(), problem)])
    }
}

/// One page of a list.
#[derive(Serialize, ToSchema)]
pub struct Page<T> {
    /// The items of this page.
    items: Vec<T>,
    /// The cursor of the page before; absent on the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<String>,
    /// The cursor of the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl<T> Page<T> {
    /// Everything on one page.
    fn whole(items: Vec<T>) -> Json<Page<T>> {
        Json(Page { items, previous: None, next: None })
    }

    /// The page at a cursor, and where the next begins.
    fn part(items: Vec<T>, at: &Cursor, next: Option<impl Display>) -> Json<Page<T>> {
        Json(Page { items, previous: at.previous(), next: next.map(|next| at.next(next)) })
    }
}

/// The entity and its version.
fn versioned<T: Serialize>(version: i64, entity: T) -> Response {
    (tag(version), Json(entity)).into_response()
}

/// The header that says the version of an entity.
fn tag(version: i64) -> [(HeaderName, String); 1] {
    [(ETAG, format!("\"{version}\""))]
}

/// The entity and a tag of what it says, for what cannot be changed by a call that wants `If-Match`.
fn tagged<T: Serialize>(entity: T) -> Response {
    let text = serde_json::to_string(&entity).expect("an entity is plain data");
    versioned(app::versions::of(&text), entity)
}

/// An answer that says where to look.
fn at<T: Serialize>(status: StatusCode, path: &str, body: T) -> Response {
    (status, [(LOCATION, format!("{BASE}{path}"))], Json(body)).into_response()
}

/// An answer that holds a secret, which is kept nowhere.
fn secret(mut answer: Response) -> Response {
    answer.extensions_mut().insert(once::HoldsSecret);
    answer
}

/// One kind of problem.
#[derive(Serialize, ToSchema)]
struct ProblemKind {
    /// As it stands in `type`.
    #[serde(rename = "type")]
    kind: String,
    /// The status that comes with it.
    status: u16,
}

/// The kinds of problem that a rule can answer with.
#[utoipa::path(get, path = "/problems", tag = "service", operation_id = "list_problems",
    responses((status = OK, body = Page<ProblemKind>)))]
async fn problems() -> Json<Page<ProblemKind>> {
    let kind = |kind: &RefusalKind| ProblemKind {
        kind: format!("/problems/{}", kind.word()),
        status: error_pages::status_of(*kind).as_u16(),
    };
    Page::whole(RefusalKind::ALL.iter().map(kind).collect())
}

fn documented() -> OpenApiRouter<AppState> {
    let v1 = OpenApiRouter::new()
        .merge(transfers::routes())
        .merge(transfer_files::routes())
        .merge(transfer_scans::routes())
        .merge(offers::routes())
        .merge(requests::routes())
        .merge(board::routes())
        .merge(inventory::routes())
        .merge(imports::routes())
        .merge(parties::routes())
        .merge(directory::routes())
        .merge(people::routes())
        .merge(sign_in::routes())
        .merge(selection::routes())
        .merge(public::routes())
        .merge(settings::routes())
        .merge(delivery_report::routes())
        .merge(reports::routes())
        .merge(journal::routes())
        .merge(notifications::routes())
        .merge(jobs::routes())
        .merge(dry_runs::routes())
        .merge(templates::routes())
        .routes(routes!(problems));
    let mut all =
        OpenApiRouter::with_openapi(Document::openapi()).nest(BASE, v1).merge(health::routes());
    headers::document(all.get_openapi_mut());
    all
}

/// The document that describes the API, as it is served.
pub fn document() -> String {
    let document = documented().into_openapi();
    document.to_pretty_json().expect("a document is plain data") + "\n"
}

/// The names that a call's query may hold, by `GET /address` as the document has it.
type Parameters = BTreeMap<String, Vec<String>>;

fn parameters(document: &utoipa::openapi::OpenApi) -> Parameters {
    let mut all = Parameters::new();
    for (path, item) in &document.paths.paths {
        let methods = [
            (Method::GET, &item.get),
            (Method::PUT, &item.put),
            (Method::POST, &item.post),
            (Method::DELETE, &item.delete),
            (Method::PATCH, &item.patch),
        ];
        for (method, operation) in methods {
            let Some(operation) = operation else { continue };
            let name = |parameter: &RefOr<Parameter>| match parameter {
                RefOr::T(given) => {
                    (given.parameter_in == ParameterIn::Query).then(|| given.name.clone())
                }
                RefOr::Ref(_) => None,
            };
            let names = operation.parameters.iter().flatten().filter_map(name).collect();
            all.insert(format!("{method} {path}"), names);
        }
    }
    all
}

/// Refuses a call whose query holds what the document does not name, on whatever route.
async fn refuse_unknown(
    State(known): State<Arc<Parameters>>,
    at: MatchedPath,
    request: Request,
    next: Next,
) -> Response {
    let is_head = request.method() == Method::HEAD;
    let method = if is_head { &Method::GET } else { request.method() };
    let names = known.get(&format!("{method} {}", at.as_str()));
    let query = request.uri().query().unwrap_or_default();
    let mut given = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name.into_owned());
    let unknown = names.and_then(|names| given.find(|name| !names.contains(name)));
    match unknown {
        Some(name) => {
            let text = format!("This call has no parameter “{name}”.");
            Failure::from(Refusal::invalid(text)).into_response()
        }
        None => next.run(request).await,
    }
}

/// Every address of the API.
pub fn routes(state: &AppState) -> Router<AppState> {
    let (router, document) = documented().split_for_parts();
    let known = Arc::new(parameters(&document));
    let text = document.to_pretty_json().expect("a document is plain data") + "\n";
    let serve = move || {
        let kind = HeaderValue::from_static("application/vnd.oai.openapi+json;version=3.1");
        async move { ([(CONTENT_TYPE, kind)], text) }
    };
    router
        .route_layer(from_fn_with_state(known, refuse_unknown))
        .route(&format!("{BASE}/openapi.json"), get(serve))
        .layer(from_fn(error_pages::dress))
        .layer(from_fn_with_state(state.clone(), once::once))
}
