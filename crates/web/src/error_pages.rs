//! What a person sees when there is no page: not found, not allowed, too large, broken.
//!
//! Handlers and layers answer with a bare status; `dress` turns it into a page for a browser and
//! into a problem document (RFC 9457) below `/api`. What already has a page or a document of its own
//! is left alone.

use askama::Template;
use axum::Json;
use axum::extract::Request;
use axum::http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
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

/// The HTTP status of each kind of refusal.
pub fn status_of(kind: RefusalKind) -> StatusCode {
    match kind {
        RefusalKind::NotFound => StatusCode::NOT_FOUND,
        RefusalKind::NotSignedIn => StatusCode::UNAUTHORIZED,
        RefusalKind::NotAllowed | RefusalKind::SamePerson => StatusCode::FORBIDDEN,
        RefusalKind::Invalid | RefusalKind::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
        RefusalKind::WrongState => StatusCode::CONFLICT,
        RefusalKind::OutOfDate => StatusCode::PRECONDITION_FAILED,
        RefusalKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        RefusalKind::Throttled => StatusCode::TOO_MANY_REQUESTS,
    }
}

/// A page that says no, for a refusal that no form can show.
pub fn refusal_page(viewer: Option<&Viewer>, refusal: &Refusal) -> Response {
    let status = status_of(refusal.kind);
    let (title, _) = words(status);
    let mut layout = Layout::new(title);
    layout.viewer = viewer.cloned();
    let paragraphs = vec![refusal.message.clone()];
    render(status, &ErrorPage { layout, paragraphs, reference: None })
}

/// Middleware that gives a bare error a page or a problem document.
pub async fn dress(request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with("/api/");
    let id = request.extensions().get::<RequestId>().cloned();
    let answer = next.run(request).await;
    let status = answer.status();
    if !(status.is_client_error() || status.is_server_error()) || has_words(&answer) {
        return answer;
    }
    let mut dressed = if is_api { problem(status) } else { error_page(status, id) };
    for name in [ALLOW, RETRY_AFTER] {
        if let Some(value) = answer.headers().get(&name) {
            dressed.headers_mut().insert(name, value.clone());
        }
    }
    dressed
}

/// Whether the answer says something of its own. Plain text is what libraries say.
fn has_words(answer: &Response) -> bool {
    let empty = answer.headers().get(CONTENT_LENGTH).is_some_and(|length| length == "0");
    let kind = answer.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    !empty && !kind.is_empty() && !kind.starts_with(b"text/plain")
}

fn problem(status: StatusCode) -> Response {
    let (title, paragraphs) = words(status);
    let kind = title.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let document = json!({
        "type": format!("/problems/{kind}"),
        "title": title,
        "status": status.as_u16(),
        "detail": paragraphs.join(" "),
    });
    let mut answer = (status, Json(document)).into_response();
    let kind = HeaderValue::from_static("application/problem+json");
    answer.headers_mut().insert(CONTENT_TYPE, kind);
    answer
}

/// The page for an error that has nothing more to say than its status.
pub fn error_page(status: StatusCode, id: Option<RequestId>) -> Response {
    let (title, paragraphs) = words(status);
    let reference = id.filter(|_| status.is_server_error()).map(|id| id.0);
    let paragraphs = paragraphs.iter().map(|text| (*text).to_owned()).collect();
    render(status, &ErrorPage { layout: Layout::new(title), paragraphs, reference })
}

fn words(status: StatusCode) -> (&'static str, &'static [&'static str]) {
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
        StatusCode::SERVICE_UNAVAILABLE => {
            ("The service is busy", &["Nothing was changed. Try again in a minute."])
        }
        _ if status.is_client_error() => {
            ("The request could not be read", &["Nothing was changed. Go back and try again."])
        }
        _ => (
            "There is a problem with the service",
            &["It is ours, not yours. Try again later; what you sent may not have been kept."],
        ),
    }
}
