//! What streams in and out: whole, bounded, and broken off where it has to be.
#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use app::Error;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Multipart, Path};
use axum::http::header::{ACCEPT_ENCODING, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{Request, Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use bytes::Bytes;
use domain::Refusal;
use futures_util::{StreamExt, stream};
use tower::ServiceExt;
use web::error_pages::Failure;
use web::security::{Edge, protect, takes_files};
use web::streams::{News, download, feed, follow, take_form};

const LIMIT: usize = 1 << 20;

async fn save(Path(bytes): Path<usize>) -> Result<axum::response::Response, Failure> {
    download("hubs \"of\" Ä.csv", "text/csv", move |mut out| {
        if bytes == 0 {
            return Err(Refusal::not_found("slice").into());
        }
        for _ in 0..bytes / 1000 {
            out.write_all(&[b'x'; 1000]).map_err(Error::io("write"))?;
        }
        if bytes % 2 == 1 { Err(Error::Damaged("odd".into())) } else { Ok(()) }
    })
    .await
}

async fn take(form: Multipart) -> axum::response::Response {
    let (fields, done) = take_form(form, |fields, name, source| {
        let mut size = 0;
        let mut piece = vec![0; 10_000];
        loop {
            match source.read(&mut piece).map_err(Error::io("read"))? {
                0 => break,
                read => size += read,
            }
            if fields.has("short") {
                break;
            }
        }
        Ok(format!("{name} {} {size}", fields.of("mode")))
    })
    .await;
    match done {
        Ok(text) => text.into_response(),
        Err(failure) => format!("{} {:?}", fields.of("mode"), failure.0).into_response(),
    }
}

fn router() -> Router {
    let routes = Router::new()
        .route("/save/{bytes}", get(save))
        .route("/take", post(take).layer(takes_files()));
    protect(routes, Edge { tls_in_front: false, upload_limit: LIMIT })
}

async fn ask(request: Request<Body>) -> Response<Body> {
    router().oneshot(request).await.unwrap()
}

async fn text(answer: Response<Body>) -> String {
    String::from_utf8(to_bytes(answer.into_body(), 1 << 24).await.unwrap().to_vec()).unwrap()
}

fn form(parts: &[(&str, &str, Vec<u8>)]) -> Request<Body> {
    let mut body = Vec::new();
    for (name, file, bytes) in parts {
        let file = if name == &"file" { format!("; filename=\"{file}\"") } else { String::new() };
        let head = format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--b--\r\n");
    let pieces: Vec<_> = body
        .chunks(5000)
        .map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece)))
        .collect();
    Request::post("/take")
        .header(CONTENT_TYPE, "multipart/form-data; boundary=b")
        .body(Body::from_stream(stream::iter(pieces)))
        .unwrap()
}

#[tokio::test]
async fn a_download_arrives_whole_under_a_harmless_name() {
    let answer = ask(Request::get("/save/1000000").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.headers()[CONTENT_TYPE], "text/csv");
    let name = answer.headers()[CONTENT_DISPOSITION].to_str().unwrap();
    assert_eq!(name, "attachment; filename=\"hubs__of___.csv\"");
    assert_eq!(text(answer).await.len(), 1_000_000);
}

#[tokio::test]
async fn a_compressed_download_comes_to_its_end() {
    for bytes in [2, 1_000_000] {
        let path = format!("/save/{bytes}");
        let request = Request::get(path).header(ACCEPT_ENCODING, "gzip").body(Body::empty());
        let answer = ask(request.unwrap()).await;
        assert_eq!(answer.headers()[CONTENT_ENCODING], "gzip");
        let mut body = answer.into_body().into_data_stream();
        let mut sent = 0;
        while let Some(piece) = body.next().await {
            sent += piece.unwrap().len();
        }
        assert!(sent > 0);
        assert!(body.next().await.is_none(), "asked once more, it has still ended");
    }
}

#[tokio::test]
async fn a_refusal_before_the_first_byte_is_a_page() {
    let answer = ask(Request::get("/save/0").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert!(text(answer).await.contains("There is no slice here"));
}

#[tokio::test]
async fn a_download_that_fails_later_is_broken_off() {
    let answer = ask(Request::get("/save/500001").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(to_bytes(answer.into_body(), 1 << 24).await.is_err());
}

#[tokio::test]
async fn half_a_file_of_a_client_that_has_gone_is_not_taken_for_a_whole_one() {
    let (told, outcome) = tokio::sync::oneshot::channel();
    let half = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"half"))]);
    let feeding = feed(half.chain(stream::pending()), |source| {
        let end = source.read_to_end(&mut Vec::new());
        told.send(end.map_err(|error| error.kind())).unwrap();
        Ok(())
    });
    let ended = tokio::time::timeout(std::time::Duration::from_millis(20), feeding).await;
    assert!(ended.is_err(), "nobody has said that the file ends");
    assert_eq!(outcome.await.unwrap(), Err(std::io::ErrorKind::UnexpectedEof));
}

#[tokio::test]
async fn a_form_gives_its_fields_and_its_file() {
    let mode = ("mode", "", b"all".to_vec());
    let file = ("file", "C:\\my files\\ids.csv", vec![b'7'; 300_000]);
    assert_eq!(text(ask(form(&[mode.clone(), file.clone()])).await).await, "ids.csv all 300000");
    let short = ("short", "", vec![]);
    assert_eq!(text(ask(form(&[mode, short, file])).await).await, "ids.csv all 10000");
}

#[tokio::test]
async fn what_was_typed_comes_back_when_the_file_is_missing() {
    let mode = ("mode", "", b"all".to_vec());
    for parts in [vec![mode.clone()], vec![mode, ("file", "", vec![])]] {
        let said = text(ask(form(&parts)).await).await;
        assert!(said.starts_with("all ") && said.contains("Select a file"), "{said}");
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_said_to_be_too_large() {
    let said = text(ask(form(&[("file", "ids.csv", vec![b'7'; 2 * LIMIT])])).await).await;
    assert!(said.contains("TooLarge"), "{said}");
}

#[tokio::test]
async fn a_client_that_leaves_makes_the_operation_fail() {
    let pieces = [Ok(Bytes::from_static(b"half")), Err(std::io::Error::other("gone"))];
    let done = feed(stream::iter(pieces), |source| {
        let mut all = String::new();
        source.read_to_string(&mut all).map_err(Error::io("read"))?;
        Ok(all)
    });
    let failure = done.await.unwrap_err();
    assert!(failure.0.refusal().unwrap().message.contains("stopped before its end"));
}

#[tokio::test]
async fn events_go_on_until_the_job_is_done() {
    let looks = Arc::new(AtomicUsize::new(0));
    let look = move || match looks.fetch_add(1, Ordering::Relaxed) {
        3 => Ok(News::Done),
        n => Ok(News::Progress(format!("<p>{n}</p>"))),
    };
    let answer = follow("/imports/1".into(), look).await.unwrap();
    assert_eq!(answer.headers()[CONTENT_TYPE], "text/event-stream");
    let said = text(answer).await;
    let events: Vec<&str> = said.split("\n\n").filter(|event| !event.starts_with(':')).collect();
    let progress = |n: usize| format!("event: progress\ndata: <p>{n}</p>");
    assert_eq!(
        events,
        [progress(0), progress(1), progress(2), "event: done\ndata: /imports/1".into(), "".into()]
    );
}
