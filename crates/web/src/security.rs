//! What stands around every route: headers, limits, forged forms, lost handlers, one log line.

use std::any::Any;
use std::time::Instant;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, HeaderName, ORIGIN, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::csrf::{CsrfLayer, ProtectionError};
use tower_http::limit::RequestBodyLimitLayer;
use tracing::Instrument;
use uuid::Uuid;

use crate::{error_pages, page};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'";

const PERMISSIONS: &str = "camera=(self), geolocation=(), microphone=(), payment=(), usb=()";

/// What a form or an API document may weigh; files have the limit of `Edge`.
const FORM_LIMIT: usize = 1 << 20;
/// What a form or an API document may weigh that holds a list of IDs: a million of them.
const IDS_LIMIT: usize = 48 << 20;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// How the service meets the network.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    /// Whether browsers come by HTTPS, through a proxy that ends TLS.
    pub tls_in_front: bool,
    /// The largest body of any request, in bytes.
    pub upload_limit: usize,
}

/// The name under which a request is logged, and which an error page quotes.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// Puts everything in this module around a router.
pub fn protect(router: Router, edge: Edge) -> Router {
    let forged = CsrfLayer::new()
        .with_rejection_response(|_: ProtectionError| StatusCode::FORBIDDEN.into_response());
    let flash = page::FlashCookie { tls_in_front: edge.tls_in_front };
    router
        .layer(DefaultBodyLimit::max(FORM_LIMIT))
        .layer(RequestBodyLimitLayer::new(edge.upload_limit))
        .layer(forged)
        .layer(from_fn(refuse_unattested))
        .layer(CatchPanicLayer::custom(answer_panic))
        .layer(from_fn(move |request, next| page::carry_flash(flash, request, next)))
        .layer(from_fn(error_pages::dress))
        .layer(CompressionLayer::new())
        .layer(from_fn(move |request, next| add_headers(edge, request, next)))
        .layer(from_fn(identify))
}

/// For a route that streams a file: only the limit of `Edge` holds.
pub fn takes_files() -> DefaultBodyLimit {
    DefaultBodyLimit::disable()
}

/// Refuses what would change something and brings a cookie, but does not say from which page it
/// comes: every browser does, in `Sec-Fetch-Site` or `Origin`. A program that has a token instead
/// brings no cookie.
async fn refuse_unattested(request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let headers = request.headers();
    let is_attested = headers.contains_key(SEC_FETCH_SITE) || headers.contains_key(ORIGIN);
    if !reads && !is_attested && headers.contains_key(COOKIE) {
        return StatusCode::FORBIDDEN.into_response();
    }
    next.run(request).await
}

/// For a route that takes a list of IDs in its form or document.
pub fn takes_ids() -> DefaultBodyLimit {
    DefaultBodyLimit::max(IDS_LIMIT)
}

fn answer_panic(panic: Box<dyn Any + Send>) -> Response {
    let said = panic.downcast_ref::<String>().map(String::as_str);
    let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
    tracing::error!(panic = said, "a handler panicked");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

async fn add_headers(edge: Edge, request: Request, next: Next) -> Response {
    let is_asset = request.uri().path().starts_with("/assets/");
    let mut answer = next.run(request).await;
    let headers = answer.headers_mut();
    let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
    set(CONTENT_SECURITY_POLICY, POLICY);
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(X_FRAME_OPTIONS, "DENY");
    set(REFERRER_POLICY, "same-origin");
    set(HeaderName::from_static("permissions-policy"), PERMISSIONS);
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(HeaderName::from_static("cross-origin-embedder-policy"), "require-corp");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    if edge.tls_in_front {
        set(STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains");
    }
    if !is_asset {
        set(CACHE_CONTROL, "no-store");
    }
    answer
}

/// Names the request, keeping the proxy's name if it is a plain one, and logs its end.
async fn identify(mut request: Request, next: Next) -> Response {
    let given = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok());
    let id = given.filter(|id| is_plain(id)).map(str::to_owned);
    let id = id.unwrap_or_else(|| Uuid::now_v7().to_string());
    request.extensions_mut().insert(RequestId(id.clone()));
    let path = without_secret(request.uri().path());
    let span = tracing::info_span!("request", %id, method = %request.method(), path);
    let started = Instant::now();
    async move {
        let mut answer = next.run(request).await;
        let (status, ms) = (answer.status().as_u16(), started.elapsed().as_millis());
        tracing::info!(status, ms, "answered");
        if let Ok(id) = HeaderValue::try_from(id) {
            answer.headers_mut().insert(REQUEST_ID, id);
        }
        answer
    }
    .instrument(span)
    .await
}

/// The path as it may be logged: the links of invitations, new passwords and e-mails end in a secret.
fn without_secret(path: &str) -> &str {
    let links = ["/invitations/", "/password/", "/unsubscribe/"];
    links.into_iter().find(|link| path.starts_with(link)).unwrap_or(path)
}

fn is_plain(id: &str) -> bool {
    (8..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}
