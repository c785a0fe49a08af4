//! The frame of the portal: markup of the components, headers, forms from elsewhere, error pages.
#![allow(clippy::unwrap_used)]

mod gallery;

use std::collections::HashSet;

use axum::body::{Body, to_bytes};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE,
    STRICT_TRANSPORT_SECURITY,
};
use axum::http::{Request, Response, StatusCode};
use tower::ServiceExt;
use web::security::Edge;

const PLAIN: Edge = Edge { tls_in_front: false, upload_limit: gallery::UPLOAD_LIMIT };

async fn answer(request: Request<Body>) -> Response<Body> {
    gallery::router(PLAIN).oneshot(request).await.unwrap()
}

async fn get(address: &str) -> Response<Body> {
    answer(Request::get(address).body(Body::empty()).unwrap()).await
}

async fn text(answer: Response<Body>) -> String {
    String::from_utf8(to_bytes(answer.into_body(), 1 << 22).await.unwrap().to_vec()).unwrap()
}

fn form(headers: &[(&str, &str)], body: &str) -> Request<Body> {
    let mut request = Request::post("/gallery")
        .header("host", "hubstock.example")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body.to_owned())).unwrap()
}

/// The values of an attribute, in the order of the page.
fn attributes<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=\"");
    html.split(&start).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

#[tokio::test]
async fn what_describes_or_labels_something_is_on_the_page_once() {
    let html = text(get("/gallery?problems").await).await;
    let ids = attributes(&html, "id");
    let unique: HashSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), unique.len(), "{ids:?}");
    let named = ["for", "aria-describedby", "aria-labelledby", "aria-controls", "data-copy"];
    for name in named {
        let values = attributes(&html, name);
        assert!(!values.is_empty(), "{name}");
        for id in values.iter().flat_map(|value| value.split(' ')) {
            assert!(unique.contains(id), "{name} names {id}");
        }
    }
    let summary = html.split("govuk-error-summary__list").nth(1).unwrap();
    let summary = summary.split("</ul>").next().unwrap();
    assert!(summary.contains("<li>The inventory has changed since</li>"));
    let links = attributes(summary, "href");
    assert_eq!(links, ["#email", "#file", "#mode"]);
    assert!(links.iter().all(|link| unique.contains(&link[1..])));
}

#[tokio::test]
async fn the_title_says_when_something_is_wrong() {
    let right = text(get("/gallery").await).await;
    assert!(right.contains("<title>Gallery – Hubstock</title>"));
    assert!(!right.contains("There is a problem"));
    let wrong = text(get("/gallery?problems").await).await;
    assert!(wrong.contains("<title>Error: Gallery – Hubstock</title>"));
}

#[tokio::test]
async fn what_people_type_is_escaped_and_kept() {
    let refused = answer(form(&[], "email=%3Cb%3E%22")).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let html = text(refused).await;
    assert!(html.contains("value=\"&#60;b&#62;&#34;\""));
    assert!(!html.contains("<b>\""));
}

#[tokio::test]
async fn nothing_on_a_page_needs_an_exception_from_the_policy() {
    let html = text(get("/gallery?problems").await).await;
    for forbidden in [" style=\"", " onclick=", "javascript:", "<style", "<script>"] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
}

#[tokio::test]
async fn a_message_is_shown_once() {
    let saved = answer(form(&[], "email=a%40b.example")).await;
    assert_eq!(saved.status(), StatusCode::SEE_OTHER);
    assert_eq!(saved.headers()[LOCATION], "/gallery");
    let cookie = saved.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap();
    let request = Request::get("/gallery").header(COOKIE, format!("a=b; {cookie}"));
    let shown = answer(request.body(Body::empty()).unwrap()).await;
    assert!(shown.headers()[SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    assert!(text(shown).await.contains("Saved – “as typed”"));
    assert!(get("/gallery").await.headers().get(SET_COOKIE).is_none());
}

#[tokio::test]
async fn under_tls_the_message_has_a_cookie_that_no_other_host_can_set() {
    let under_tls = gallery::router(Edge { tls_in_front: true, ..PLAIN });
    let saved = under_tls.oneshot(form(&[], "email=a%40b.example")).await.unwrap();
    let cookie = saved.headers()[SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("__Host-hubstock_message="), "{cookie}");
    assert!(cookie.ends_with("; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"), "{cookie}");
}

#[tokio::test]
async fn a_form_with_a_cookie_says_where_it_comes_from() {
    let of = |header: (&'static str, &'static str)| {
        let headers = [("cookie", "hubstock=x"), header];
        answer(form(&headers, "email=a%40b.example"))
    };
    assert_eq!(of(("x-none", "")).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(of(("sec-fetch-site", "same-origin")).await.status(), StatusCode::SEE_OTHER);
    let own = of(("origin", "http://hubstock.example")).await;
    assert_eq!(own.status(), StatusCode::SEE_OTHER);
    let read = Request::get("/gallery").header(COOKIE, "hubstock=x");
    let read = answer(read.body(Body::empty()).unwrap()).await;
    assert_eq!(read.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_form_from_another_site_is_refused() {
    for (headers, status) in [
        (vec![("sec-fetch-site", "same-origin")], StatusCode::SEE_OTHER),
        (vec![("origin", "http://hubstock.example")], StatusCode::SEE_OTHER),
        (vec![], StatusCode::SEE_OTHER),
        (vec![("sec-fetch-site", "cross-site")], StatusCode::FORBIDDEN),
        (vec![("sec-fetch-site", "same-site")], StatusCode::FORBIDDEN),
        (vec![("origin", "http://evil.example")], StatusCode::FORBIDDEN),
        (vec![("origin", "null")], StatusCode::FORBIDDEN),
    ] {
        let got = answer(form(&headers, "email=a%40b.example")).await;
        assert_eq!(got.status(), status, "{headers:?}");
    }
}

#[tokio::test]
async fn an_api_client_with_a_token_and_no_browser_passes() {
    let request = Request::post("/api/v1/things").header("authorization", "Bearer x");
    assert_eq!(answer(request.body(Body::empty()).unwrap()).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn every_answer_has_the_security_headers() {
    for address in ["/gallery", "/nothing", "/panic", "/assets/x/app.css", "/api/v1/nothing"] {
        let answer = get(address).await;
        let headers = answer.headers();
        let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'"), "{address}");
        assert!(!policy.contains("unsafe"), "{address}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{address}");
        assert_eq!(headers["referrer-policy"], "same-origin", "{address}");
        assert!(headers.contains_key("x-request-id"), "{address}");
        assert!(!headers.contains_key(STRICT_TRANSPORT_SECURITY), "{address}");
        let private = headers[CACHE_CONTROL] == "no-store";
        assert_eq!(private, !address.starts_with("/assets/"), "{address}");
    }
}

#[tokio::test]
async fn under_tls_browsers_are_told_to_stay_there() {
    let router = gallery::router(Edge { tls_in_front: true, ..PLAIN });
    let request = Request::get("/gallery").body(Body::empty()).unwrap();
    let answer = router.oneshot(request).await.unwrap();
    assert!(answer.headers().contains_key(STRICT_TRANSPORT_SECURITY));
}

#[tokio::test]
async fn an_error_is_a_page_for_people_and_a_problem_document_for_programs() {
    for (address, status, words) in [
        ("/nothing", StatusCode::NOT_FOUND, "Page not found"),
        ("/assets/x/nothing", StatusCode::NOT_FOUND, "Page not found"),
        ("/upload", StatusCode::METHOD_NOT_ALLOWED, "This address does not take that"),
        ("/panic", StatusCode::INTERNAL_SERVER_ERROR, "There is a problem with the service"),
    ] {
        let answer = get(address).await;
        assert_eq!(answer.status(), status, "{address}");
        let html = text(answer).await;
        assert!(html.contains(words) && html.contains("Skip to main content"), "{address}");
        assert!(!html.contains("as a test asked"));
    }
    let answer = get("/api/v1/nothing").await;
    assert_eq!(answer.headers()[CONTENT_TYPE], "application/problem+json");
    let problem: serde_json::Value = serde_json::from_str(&text(answer).await).unwrap();
    assert_eq!(problem["status"], 404);
}

#[tokio::test]
async fn a_refusal_says_its_sentence_and_a_breakage_keeps_its_secrets() {
    let page = get("/hub").await;
    assert_eq!(page.status(), StatusCode::NOT_FOUND);
    assert!(text(page).await.contains("There is no hub 00-DB here, or it is not yours to see."));
    let problem: serde_json::Value =
        serde_json::from_str(&text(get("/api/v1/hub").await).await).unwrap();
    assert_eq!(problem["type"], "/problems/not-found");
    assert_eq!(problem["detail"], "There is no hub 00-DB here, or it is not yours to see.");
    let busy = get("/busy").await;
    assert_eq!(busy.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(busy.headers().contains_key("retry-after"));
    let html = text(busy).await;
    assert!(html.contains("The service is busy") && !html.contains("secret"));
}

#[tokio::test]
async fn a_broken_page_quotes_the_request_that_the_log_names() {
    let request = Request::get("/panic").header("x-request-id", "0123456789-abc");
    let answer = answer(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.headers()["x-request-id"], "0123456789-abc");
    assert!(text(answer).await.contains("0123456789-abc"));
    let request = Request::get("/panic").header("x-request-id", "<script>alert(1)");
    let answer = self::answer(request.body(Body::empty()).unwrap()).await;
    assert_ne!(answer.headers()["x-request-id"], "<script>alert(1)");
}

#[tokio::test]
async fn a_body_is_limited_and_a_file_has_a_limit_of_its_own() {
    let upload = |bytes: usize| Request::post("/upload").body(Body::from(vec![0; bytes])).unwrap();
    assert_eq!(answer(upload(2 << 20)).await.status(), StatusCode::OK);
    let refused = answer(upload(4 << 20)).await;
    assert_eq!(refused.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let refused = answer(form(&[], &format!("email={}", "x".repeat(2 << 20)))).await;
    assert_eq!(refused.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert!(text(refused).await.contains("The file is too large"));
}
