//! Stylesheets, scripts and pictures, embedded in the binary.
//!
//! Addresses carry a hash of all assets together, so a browser keeps a file for a year and still
//! never mixes two releases. An address with another hash (a page from the node beside us, in the
//! middle of an upgrade) gets what we have, to be asked for again next time.

use std::fmt::Write;
use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Embedded;

/// The hash of all assets together, in twelve hexadecimal digits.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for name in Embedded::iter() {
        let file = Embedded::get(&name).expect("the list is of embedded files");
        hash.update(name.as_bytes());
        hash.update(file.metadata.sha256_hash());
    }
    hex(&hash.finalize()[..6])
});

/// The address of an asset, such as `/assets/0123456789ab/app.css`.
pub fn href(name: &str) -> String {
    format!("/assets/{}/{name}", *VERSION)
}

/// The routes that serve the assets; the browser's own `/favicon.ico` finds ours.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/assets/{version}/{*name}", get(serve)).route(
        "/favicon.ico",
        get(|headers| serve(Path(("".into(), "favicon.svg".into())), headers)),
    )
}

async fn serve(Path((version, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let Some(file) = Embedded::get(&name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let etag = format!("\"{}\"", hex(&file.metadata.sha256_hash()[..8]));
    let caching = if version == *VERSION {
        "public, max-age=31536000, immutable"
    } else {
        "public, no-cache"
    };
    let known = headers.get(IF_NONE_MATCH).is_some_and(|given| given.as_bytes() == etag.as_bytes());
    let about = [(CACHE_CONTROL, caching.to_owned()), (ETAG, etag)];
    if known {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    let mime = file.metadata.mimetype().to_owned();
    (about, [(CONTENT_TYPE, mime)], file.data).into_response()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes all that is written");
        text
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use tower::ServiceExt;

    use super::*;

    async fn fetch(address: &str, etag: &str) -> Response {
        let request = Request::get(address).header(IF_NONE_MATCH, etag).body(Body::empty());
        routes::<()>().oneshot(request.unwrap()).await.unwrap()
    }

    #[tokio::test]
    async fn every_asset_is_served_with_its_type_and_kept_for_a_year() {
        for (name, mime) in [
            ("app.css", "text/css"),
            ("app.js", "text/javascript"),
            ("favicon.svg", "image/svg+xml"),
            ("vendor/govuk-frontend/govuk-frontend.min.css", "text/css"),
        ] {
            let answer = fetch(&href(name), "").await;
            assert_eq!(answer.status(), StatusCode::OK, "{name}");
            assert!(answer.headers()[CONTENT_TYPE].to_str().unwrap().starts_with(mime), "{name}");
            assert!(answer.headers()[CACHE_CONTROL].to_str().unwrap().contains("immutable"));
        }
    }

    #[tokio::test]
    async fn what_the_browser_has_is_not_sent_again() {
        let first = fetch(&href("app.css"), "").await;
        let etag = first.headers()[ETAG].to_str().unwrap().to_owned();
        assert!(!to_bytes(first.into_body(), 1 << 20).await.unwrap().is_empty());
        assert_eq!(fetch(&href("app.css"), &etag).await.status(), StatusCode::NOT_MODIFIED);
    }

    #[tokio::test]
    async fn an_address_of_another_release_is_asked_for_again() {
        let answer = fetch("/assets/000000000000/app.css", "").await;
        assert_eq!(answer.headers()[CACHE_CONTROL], "public, no-cache");
    }

    #[tokio::test]
    async fn nothing_outside_the_embedded_folder_is_served() {
        for address in ["/assets/x/../Cargo.toml", "/assets/x/nothing.css"] {
            assert_eq!(fetch(address, "").await.status(), StatusCode::NOT_FOUND, "{address}");
        }
    }

    #[test]
    fn no_crown_crest_or_restricted_font_is_embedded() {
        for name in Embedded::iter().filter(|name| !name.ends_with(".txt")) {
            let file = Embedded::get(&name).unwrap();
            let text = String::from_utf8_lossy(&file.data).to_lowercase();
            for word in ["gds transport", "@font-face", "crest", "crown"] {
                assert!(!text.contains(word), "{word} in {name}");
            }
        }
    }
}
