//! What a call gives: its JSON, its file, its query, its `If-Match`; what is wrong with it is a
//! problem document that says so.

use std::fmt::Display;
use std::str::FromStr;

use app::pages::Part;
use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::{CONTENT_TYPE, IF_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::{Refusal, refusal::RefusalKind};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error_pages::Failure;
use crate::page::shortened;
use crate::state::AppState;

/// The kind of a body, without its parameters; none if the call does not say.
fn media_type(headers: &HeaderMap) -> Option<String> {
    let given = headers.get(CONTENT_TYPE)?.to_str().unwrap_or_default();
    Some(given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// The body of a call, as JSON.
pub struct Given<T>(pub T);

impl<T: DeserializeOwned> FromRequest<AppState> for Given<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Response> {
        let is_json = |kind: &str| kind == "application/json" || kind.ends_with("+json");
        if media_type(request.headers()).is_some_and(|kind| !is_json(&kind)) {
            return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response());
        }
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(IntoResponse::into_response)?;
        let wrong = |error: serde_json::Error| {
            let refusal = Refusal::invalid(format!("The body is not the JSON expected: {error}."));
            Failure::from(refusal).into_response()
        };
        serde_json::from_slice(&bytes).map(Given).map_err(wrong)
    }
}

/// The body of a call, as the bytes of a file. A form that holds a file is not that file.
pub struct File(pub Body);

impl FromRequest<AppState> for File {
    type Rejection = StatusCode;

    async fn from_request(request: Request, _: &AppState) -> Result<Self, StatusCode> {
        let is_form = |kind: &String| kind.starts_with("multipart/");
        match media_type(request.headers()).filter(is_form) {
            Some(_) => Err(StatusCode::UNSUPPORTED_MEDIA_TYPE),
            None => Ok(File(request.into_body())),
        }
    }
}

/// The query of a call.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<AppState> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Failure> {
        let query = axum::extract::Query::try_from_uri(&parts.uri);
        let wrong = |rejection: QueryRejection| {
            let text = rejection.body_text();
            // Only what is wrong is for the caller, not what the library was doing.
            let what = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text);
            Refusal::invalid(format!("The query cannot be used: {what}."))
        };
        Ok(Query(query.map_err(wrong)?.0))
    }
}

/// The version that the caller has seen; none for `*`. A call without the header is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IfMatch(pub Option<i64>);

impl FromRequestParts<AppState> for IfMatch {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Response> {
        let Some(given) = parts.headers.get(IF_MATCH) else {
            return Err(StatusCode::PRECONDITION_REQUIRED.into_response());
        };
        let given = given.to_str().unwrap_or_default().trim();
        if given == "*" {
            return Ok(IfMatch(None));
        }
        let tag = given.strip_prefix('"').and_then(|given| given.strip_suffix('"'));
        let tag = tag.filter(|tag| !tag.contains('"')).ok_or_else(not_one_tag)?;
        // What no version is like is older than all of them.
        Ok(IfMatch(Some(tag.parse().unwrap_or(-1))))
    }
}

fn not_one_tag() -> Response {
    let text = "If-Match takes one ETag as it was given, in its quotes, or *. A weak ETag matches \
        nothing, and a list is not taken. Nothing was changed.";
    Failure::from(Refusal::new(RefusalKind::OutOfDate, text)).into_response()
}

/// Where a page of a list begins.
///
/// A list is read onwards, so what a caller is given as a cursor is the way there: where each page
/// from the second up to this one begins. To a caller it is a word without a meaning.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Cursor(String);

/// The cursor of the first page.
const FIRST: &str = "first";

impl Cursor {
    fn way(&self) -> &str {
        if self.0 == FIRST { "" } else { &self.0 }
    }

    /// Where the page begins; none for the first.
    pub fn place<T: FromStr>(&self) -> Result<Option<T>, Refusal> {
        let last = self.way().rsplit('_').next().filter(|last| !last.is_empty());
        let damaged = |_| Refusal::field("cursor", "This is no cursor that a page of a list gave.");
        last.map(|last| last.parse().map_err(damaged)).transpose()
    }

    /// The cursor of the page before; none on the first.
    pub fn previous(&self) -> Option<String> {
        let way = self.way();
        let before = way.rsplit_once('_').map_or(FIRST, |(before, _)| before);
        (!way.is_empty()).then(|| before.to_owned())
    }

    /// The cursor of the page after, which begins there.
    pub fn next(&self, place: impl Display) -> String {
        match self.way() {
            "" => place.to_string(),
            way => format!("{}_{place}", shortened(way)),
        }
    }

    /// The part of a list that it and the number of items asked for mean.
    pub fn part(&self, wanted: Option<u32>) -> Result<Part, Refusal> {
        Ok(Part { before: self.place()?, limit: limit(wanted) })
    }
}

/// A reference in an address. What is not one stands for nothing.
pub fn reference<T: FromStr>(given: &str, what: &str) -> Result<T, Refusal> {
    given.parse().map_err(|_| Refusal::not_found(what))
}

/// How long a page of a list is.
pub fn limit(wanted: Option<u32>) -> u32 {
    wanted.unwrap_or(50).clamp(1, 200)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_on_can_be_gone_back() {
        let mut cursor = Cursor::default();
        assert_eq!((cursor.place::<i64>(), cursor.previous()), (Ok(None), None));
        for place in [50, 100, -7] {
            cursor = Cursor(cursor.next(place));
            assert_eq!(cursor.place(), Ok(Some(place)));
        }
        for place in [Some(100), Some(50), None] {
            cursor = Cursor(cursor.previous().unwrap_or_default());
            assert_eq!(cursor.place::<i64>(), Ok(place));
        }
        assert_eq!(cursor.previous(), None);
        assert_eq!(cursor.next(50), "50");
        assert!(Cursor("x".into()).place::<i64>().is_err());
    }
}
