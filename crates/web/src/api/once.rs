//! `Idempotency-Key`: the same writing call twice takes effect once and gets the first answer.
//!
//! The body is kept aside, on disk if it is long, until the key is known to be new.

use std::io::{self, Read, Seek, Write};

use app::idempotency::{Answer, Begun, Claim, Effect};
use axum::body::{Body, BodyDataStream};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, ETAG, LOCATION};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use domain::access::Actor;
use futures_util::{Stream, StreamExt, stream};
use serde_json::json;
use sha2::{Digest, Sha256};
use tempfile::SpooledTempFile;

use crate::error_pages::{Failure, blocking};
use crate::session::ApiActor;
use crate::state::AppState;
use crate::streams;

/// The header that carries the key.
pub const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// The headers that are part of an answer.
const KEPT: [HeaderName; 3] = [CONTENT_TYPE, LOCATION, ETAG];
/// A body up to this size is kept aside in memory.
const IN_MEMORY: usize = 1 << 20;
/// A longer answer is not kept: it is given once.
const LONGEST_ANSWER: usize = 4 << 20;
/// What stands in for an answer with a secret when it is asked for again.
const WITHHELD: &[u8] = br#"{"done":true,"withheld":"The answer held a secret and was not kept."}"#;
/// How much is read from disk at a time.
const PIECE_BYTES: usize = 64 << 10;

/// Among an answer's extensions: it holds a secret and is not kept, only that it was given.
#[derive(Clone, Copy, Debug)]
pub struct HoldsSecret;

tokio::task_local! {
    /// The claim of the request that this task answers.
    static CLAIM: Option<Claim>;
}

/// The claim of the request that is being answered here, if it carries a key.
pub fn claim() -> Option<Claim> {
    CLAIM.try_with(Clone::clone).ok().flatten()
}

/// Goes on answering a request on another task.
pub async fn within<T>(claim: Option<Claim>, answering: impl Future<Output = T>) -> T {
    CLAIM.scope(claim, answering).await
}

/// Middleware for all of the API.
pub async fn once(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let key = request.headers().get(KEY).map(|key| String::from_utf8_lossy(key.as_bytes()).into());
    let actor = request.extensions().get::<ApiActor>();
    match (key, actor) {
        (Some(key), Some(actor)) if !reads => {
            let Actor { user, organisation, .. } = actor.actor;
            let claim = Claim { user, organisation, key };
            carry_out(state, claim, request, next).await.unwrap_or_else(Failure::into_response)
        }
        _ => next.run(request).await,
    }
}

async fn carry_out(
    state: AppState,
    claim: Claim,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    let (parts, body) = request.into_parts();
    let mut hash = Sha256::new();
    hash.update(format!("{} {}\n", parts.method, parts.uri));
    let app = state.app.clone();
    let limit = blocking(move || app::files::upload_limit(&app)).await?;
    let aside = streams::feed(body.into_data_stream(), move |source| keep(source, hash, limit));
    let (aside, request_hash) = aside.await?;

    // On a task of its own: a client that leaves, as a page does that is loaded again, must not leave
    // the key under way with nobody who would end it.
    let request = Request::from_parts(parts, Body::from_stream(pieces(aside)));
    let answering = tokio::spawn(answered(state, claim, request_hash, request, next));
    answering.await.unwrap_or_else(|lost| match lost.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(ended) => Err(Failure(app::Error::io("answer to the end")(io::Error::other(ended)))),
    })
}

async fn answered(
    state: AppState,
    claim: Claim,
    request_hash: [u8; 32],
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    let (app, begun) = (state.app.clone(), claim.clone());
    match blocking(move || app::idempotency::begin(&app, &begun, request_hash)).await? {
        Begun::Before(answer) => Ok(again(answer)),
        Begun::Lost(effect) => {
            Ok(([(REPLAYED, "true")], axum::Json(said(&effect))).into_response())
        }
        Begun::Now => {
            let answer = within(Some(claim.clone()), next.run(request)).await;
            kept(state, claim, answer).await
        }
    }
}

fn keep(
    source: &mut dyn Read,
    mut hash: Sha256,
    limit: u64,
) -> app::Result<(SpooledTempFile, [u8; 32])> {
    let aside = || app::Error::io("keep what was sent aside");
    let mut file = tempfile::spooled_tempfile(IN_MEMORY);
    let mut buffer = vec![0; PIECE_BYTES];
    let mut size = 0_u64;
    loop {
        let read = source.read(&mut buffer).map_err(app::Error::io("read what was sent"))?;
        if read == 0 {
            break;
        }
        size += read as u64;
        if size > limit {
            return Err(app::files::too_large(limit).into());
        }
        hash.update(&buffer[..read]);
        file.write_all(&buffer[..read]).map_err(aside())?;
    }
    file.rewind().map_err(aside())?;
    Ok((file, hash.finalize().into()))
}

fn pieces(file: SpooledTempFile) -> impl Stream<Item = io::Result<Bytes>> {
    stream::unfold(Some(file), |file| async {
        let mut file = file?;
        let read = tokio::task::spawn_blocking(move || {
            let mut buffer = vec![0; PIECE_BYTES];
            file.read(&mut buffer).map(|read| {
                buffer.truncate(read);
                (Bytes::from(buffer), file)
            })
        });
        match read.await.unwrap_or_else(|lost| Err(io::Error::other(lost))) {
            Ok((piece, _)) if piece.is_empty() => None,
            Ok((piece, file)) => Some((Ok(piece), Some(file))),
            Err(error) => Some((Err(error), None)),
        }
    })
}

/// Keeps the answer, unless the same request may get another one later.
async fn kept(state: AppState, claim: Claim, answer: Response) -> Result<Response, Failure> {
    let (parts, body) = answer.into_parts();
    let (body, rest) = beginning(body).await?;
    if let Some(rest) = rest {
        blocking(move || finish_without(&state.app, &claim)).await?;
        let whole = stream::iter([Ok(body)]).chain(rest);
        return Ok(Response::from_parts(parts, Body::from_stream(whole)));
    }
    let passing =
        [StatusCode::UNAUTHORIZED, StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
    let app = state.app.clone();
    if parts.status.is_server_error() || passing.contains(&parts.status) {
        blocking(move || app::idempotency::forget(&app, &claim)).await?;
    } else {
        let line = |name: &HeaderName| {
            let value = parts.headers.get(name)?.to_str().ok()?;
            Some(format!("{name}: {value}"))
        };
        let headers: Vec<String> = KEPT.iter().filter_map(line).collect();
        let (status, headers) = (parts.status.as_u16(), headers.join("\n"));
        let secret = parts.extensions.get::<HoldsSecret>().is_some();
        let body = if secret { WITHHELD.to_vec() } else { body.to_vec() };
        let answer = Answer { status, headers, body };
        blocking(move || app::idempotency::finish(&app, &claim, &answer)).await?;
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

/// What is said of a request that was done, without the answer that it got.
fn said(effect: &Effect) -> serde_json::Value {
    let Effect { subject, kind, seq } = effect;
    json!({ "done": true, "subject": subject, "kind": kind, "entry": seq })
}

/// Ends a request whose answer is too long to be kept. One that changed nothing can be sent again;
/// of another what it did is the answer from now on.
fn finish_without(app: &app::App, claim: &Claim) -> app::Result<()> {
    let Some(effect) = app::idempotency::effect(app, claim)? else {
        return app::idempotency::forget(app, claim);
    };
    let headers = "content-type: application/json".to_owned();
    let answer = Answer { status: 200, headers, body: said(&effect).to_string().into_bytes() };
    app::idempotency::finish(app, claim, &answer)
}

/// As much of an answer as is kept of one, and the rest if there is more.
async fn beginning(body: Body) -> Result<(Bytes, Option<BodyDataStream>), Failure> {
    let mut pieces = body.into_data_stream();
    let mut held = BytesMut::new();
    while let Some(piece) = pieces.next().await {
        held.extend_from_slice(&piece.map_err(|error| {
            Failure(app::Error::Damaged(format!("an answer could not be kept: {error}")))
        })?);
        if held.len() > LONGEST_ANSWER {
            return Ok((held.freeze(), Some(pieces)));
        }
    }
    Ok((held.freeze(), None))
}

fn again(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = (status, [(REPLAYED, "true")], answer.body).into_response();
    response.headers_mut().remove(CONTENT_TYPE);
    for (name, value) in answer.headers.lines().filter_map(|line| line.split_once(": ")) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
