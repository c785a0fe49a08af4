//! What a person sees when there is no page: not found, not allowed, too large, broken.
//!
//! Handlers and layers answer with a bare status, or a `Failure` with its refusal; `dress` turns it
//! into a page for a browser and into a problem document (RFC 9457) below `/api`. What already has a
//! page or a document of its own is left alone.
//!
//! A page that none of a person's roles leads to does not exist for them: asking for one that is
//! not allowed is "not found". Doing what is not allowed, on a page that one sees, is refused.

use askama::Template;
use axum::Extension;
use axum::extract::Request;
use axum::http::header::{
    ALLOW, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::ids::{ImportId, TransferFileId, TransferId};
use domain::refusal::{Refusal, RefusalKind};
use serde_json::json;

use crate::page::{Layout, Viewer, filters, render};
use crate::security::RequestId;

#[derive(Template)]
#[template(path = "errors/page.html")]
struct ErrorPage {
    layout: Layout,
    paragraphs: Vec<String>,
    reference: Option<String>,
}

/// The seconds after which whoever tried too often may at the earliest try again.
const AGAIN_AFTER: &str = "60";

/// The HTTP status of each kind of refusal.
pub fn status_of(kind: RefusalKind) -> StatusCode {
    match kind {
        RefusalKind::NotFound => StatusCode::NOT_FOUND,
        RefusalKind::NotSignedIn => StatusCode::UNAUTHORIZED,
        RefusalKind::NotAllowed => StatusCode::FORBIDDEN,
        RefusalKind::Invalid | RefusalKind::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
        RefusalKind::WrongState | RefusalKind::SamePerson => StatusCode::CONFLICT,
        RefusalKind::OutOfDate => StatusCode::PRECONDITION_FAILED,
        RefusalKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        RefusalKind::Throttled => StatusCode::TOO_MANY_REQUESTS,
    }
}

/// What a handler fails with: `?` turns the error of an operation into it.
///
/// It answers with a bare status and leaves the refusal beside it for `dress`. A handler that has put
/// a `Viewer` among the answer's extensions gets its navigation on the page, too.
#[derive(Debug)]
pub struct Failure(pub app::Error);

impl<E: Into<app::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self.0 {
            app::Error::Refused(refusal) => {
                (status_of(refusal.kind), Extension(refusal)).into_response()
            }
            error if error.is_passing() => {
                tracing::error!(%error, "not done for now");
                (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "5")]).into_response()
            }
            error => {
                tracing::error!(%error, "not done");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

/// Runs an operation on a thread that may block.
///
/// The operation goes on when the client leaves; a panic in it is a panic of the handler.
pub async fn blocking<T: Send + 'static>(
    operation: impl FnOnce() -> app::Result<T> + Send + 'static,
) -> Result<T, Failure> {
    let span = tracing::Span::current();
    let claim = crate::api::once::claim();
    let operation = move || app::idempotency::within(claim, operation);
    match tokio::task::spawn_blocking(move || span.in_scope(operation)).await {
        Ok(done) => done.map_err(Failure),
        Err(lost) => std::panic::resume_unwind(lost.into_panic()),
    }
}

/// Middleware that gives a bare error a page or a problem document.
pub async fn dress(request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with("/api/");
    let is_look = !is_api && [Method::GET, Method::HEAD].contains(request.method());
    let id = request.extensions().get::<RequestId>().cloned();
    let list = is_api.then(|| list_of(request.uri().path())).flatten();
    let mut answer = next.run(request).await;
    let status = answer.status();
    if status == StatusCode::TOO_MANY_REQUESTS {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(AGAIN_AFTER));
    }
    if !(status.is_client_error() || status.is_server_error()) || has_words(&answer) {
        return answer;
    }
    let refusal = answer.extensions().get::<Refusal>();
    let is_hidden =
        is_look && refusal.is_some_and(|refusal| refusal.kind == RefusalKind::NotAllowed);
    let (status, refusal) = match is_hidden {
        true => (StatusCode::NOT_FOUND, None),
        false => (status, refusal),
    };
    let viewer = answer.extensions().get::<Viewer>();
    let mut dressed = if is_api {
        problem(status, refusal, list)
    } else {
        error_page(status, refusal, viewer, id)
    };
    for name in [ALLOW, RETRY_AFTER] {
        if let Some(value) = answer.headers().get(&name) {
            dressed.headers_mut().insert(name, value.clone());
        }
    }
    for cookie in answer.headers().get_all(SET_COOKIE) {
        dressed.headers_mut().append(SET_COOKIE, cookie.clone());
    }
    dressed
}

/// Whether the answer says something of its own. Plain text is what libraries say.
fn has_words(answer: &Response) -> bool {
    let empty = answer.headers().get(CONTENT_LENGTH).is_some_and(|length| length == "0");
    let kind = answer.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    !empty && !kind.is_empty() && !kind.starts_with(b"text/plain")
}

/// Where the full list is of what is wrong with the lines of the file that a call is about.
fn list_of(path: &str) -> Option<String> {
    let mut parts = path.strip_prefix(crate::api::BASE)?.split('/').skip(1);
    let (what, id) = (parts.next()?, parts.next()?);
    let list = match what {
        "transfer-files" => id.parse::<TransferFileId>().ok().map(|_| "errors".to_owned()),
        "imports" => id.parse::<ImportId>().ok().map(|_| "answer".to_owned()),
        "transfers" => {
            let side = match (parts.next()?, parts.next()) {
                ("dispatch", None) => "sender",
                ("receive", None) => "receiver",
                ("lists", Some(side)) => side,
                _ => return None,
            };
            id.parse::<TransferId>().ok().map(|_| format!("lists/{side}"))
        }
        _ => None,
    };
    let list = format!("{}/{what}/{id}/{}", crate::api::BASE, list?);
    Some(list).filter(|list| list != path)
}

fn problem(status: StatusCode, refusal: Option<&Refusal>, list: Option<String>) -> Response {
    let (title, paragraphs) = words_of_problem(status);
    let kind = refusal.map_or_else(|| kind_of(status), |refusal| refusal.kind.word().to_owned());
    let detail = refusal.map_or_else(|| paragraphs.join(" "), |refusal| refusal.message.clone());
    let mut document = json!({
        "type": format!("/problems/{kind}"),
        "title": title,
        "status": status.as_u16(),
        "detail": detail,
    });
    if let Some(field) = refusal.and_then(|refusal| refusal.field) {
        document["field"] = field.into();
    }
    let is_about_the_file = refusal.is_some_and(|refusal| match refusal.kind {
        RefusalKind::NotFound
        | RefusalKind::NotSignedIn
        | RefusalKind::NotAllowed
        | RefusalKind::KeyReused
        | RefusalKind::Throttled => false,
        RefusalKind::Invalid
        | RefusalKind::WrongState
        | RefusalKind::OutOfDate
        | RefusalKind::SamePerson
        | RefusalKind::TooLarge => true,
    });
    if let Some(list) = list.filter(|_| is_about_the_file) {
        document["list"] = list.into();
    }
    let kind = HeaderValue::from_static("application/problem+json");
    let mut answer = (status, [(CONTENT_TYPE, kind)], document.to_string()).into_response();
    if status == StatusCode::UNAUTHORIZED {
        answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    answer
}

/// The last part of the type of a problem that comes from no rule: its title as a word.
pub fn kind_of(status: StatusCode) -> String {
    words_of_problem(status).0.to_lowercase().replace(|c: char| !c.is_alphanumeric(), "-")
}

fn error_page(
    status: StatusCode,
    refusal: Option<&Refusal>,
    viewer: Option<&Viewer>,
    id: Option<RequestId>,
) -> Response {
    let (title, paragraphs) = words(status);
    let paragraphs = match refusal {
        Some(refusal) => vec![refusal.message.clone()],
        None => paragraphs.iter().map(|text| (*text).to_owned()).collect(),
    };
    let mut layout = Layout::new(title);
    layout.viewer = viewer.cloned();
    let reference = id.filter(|_| status.is_server_error()).map(|id| id.0);
    render(status, &ErrorPage { layout, paragraphs, reference })
}

/// The title and the paragraphs of a page.
type Words = (&'static str, &'static [&'static str]);

/// The same for a program, which has no page to go back to.
fn words_of_problem(status: StatusCode) -> Words {
    match status {
        StatusCode::BAD_REQUEST => ("The request could not be read", &["Nothing was changed."]),
        StatusCode::FORBIDDEN => (
            "You cannot do this",
            &["Your roles do not allow it, or the request came from another website."],
        ),
        StatusCode::NOT_FOUND => ("Not found", &["There is no call of this address."]),
        StatusCode::METHOD_NOT_ALLOWED => {
            ("This address does not take that", &["Allow says which methods it takes."])
        }
        StatusCode::CONFLICT => ("This cannot be done now", &["Read again how it stands now."]),
        StatusCode::PRECONDITION_FAILED => {
            ("This is out of date", &["Read it again and send If-Match with its ETag of now."])
        }
        StatusCode::PAYLOAD_TOO_LARGE => (
            "Too large",
            &["Nothing was kept. A JSON document has at most 1 MiB, one that takes a list of \
                device IDs 48 MiB."],
        ),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => (
            "The body is of another kind",
            &["Nothing was kept. A call that takes a file takes its bytes as the body, not a \
                form; any other takes JSON, with application/json as its Content-Type."],
        ),
        StatusCode::UNPROCESSABLE_ENTITY => ("This cannot be used", &["Nothing was changed."]),
        other => words(other),
    }
}

fn words(status: StatusCode) -> Words {
    match status {
        StatusCode::NOT_FOUND => (
            "Page not found",
            &[
                "If you typed the web address, check it is correct.",
                "If you followed a link, what it leads to may not be yours to see.",
            ],
        ),
        StatusCode::UNAUTHORIZED => {
            ("Sign in to continue", &["You are not signed in, or no longer."])
        }
        StatusCode::FORBIDDEN => (
            "You cannot do this",
            &[
                "Your roles do not allow it, or the request came from another website.",
                "Go back to the page that you started from and try again.",
            ],
        ),
        StatusCode::METHOD_NOT_ALLOWED => {
            ("This address does not take that", &["Go back to the page that you started from."])
        }
        StatusCode::PAYLOAD_TOO_LARGE => (
            "The file is too large",
            &["Nothing was kept. Split it into smaller files and send them one after the other."],
        ),
        StatusCode::REQUEST_TIMEOUT => (
            "The upload stopped",
            &["Nothing arrived for a while. Nothing was kept; send it again."],
        ),
        StatusCode::TOO_MANY_REQUESTS => {
            ("Too many attempts", &["Wait a few minutes and try again."])
        }
        StatusCode::CONFLICT => {
            ("This has changed", &["Go back, load the page again and look at what it says now."])
        }
        StatusCode::PRECONDITION_FAILED => {
            ("Your page is out of date", &["Load it again and repeat what you did."])
        }
        StatusCode::PRECONDITION_REQUIRED => (
            "Say which version you have seen",
            &["Send If-Match with the ETag of what you looked at, or *; nothing was changed."],
        ),
        StatusCode::SERVICE_UNAVAILABLE => {
            ("The service is busy", &["Nothing was changed. Try again in a minute."])
        }
        StatusCode::UNPROCESSABLE_ENTITY => (
            "This cannot be used",
            &["Nothing was changed. Go back, correct it and send it again."],
        ),
        _ if status.is_client_error() => {
            ("The request could not be read", &["Nothing was changed. Go back and try again."])
        }
        _ => (
            "There is a problem with the service",
            &["It is ours, not yours. Try again later; what you sent may not have been kept."],
        ),
    }
}
