//! The browser itself, against small pages with the portal's content security policy.
#![allow(clippy::unwrap_used)]

use axum::Router;
use axum::extract::Form;
use axum::http::header;
use axum::response::{Html, IntoResponse};
use axum::routing::{get, post};
use fantoccini::key::Key;
use testkit::browser::{Browser, DESK, PHONE, ZOOMED};
use tokio::net::TcpListener;

const POLICY: &str = "default-src 'self'; script-src 'self'; base-uri 'none'; form-action 'self'";

const GOOD: &str = r#"<!doctype html><html lang="en"><title>Good</title>
<meta name="viewport" content="width=device-width">
<main><h1>Hubs in   stock</h1><p id="script">No script</p>
<form method="post" action="/in">
<label for="email">Email address</label><input id="email" name="email">
<label for="password">Password</label><input id="password" name="password" type="password">
<button>Sign in</button></form>
<a href="/bad">Show the “other” page</a><p hidden>Nobody sees this</p>
<script src="/script.js"></script></main></html>"#;

const BAD: &str = r#"<!doctype html><html><title>Bad</title><main><img src="/nowhere.png">
<script>document.title = 'inline'</script><a href="/sign-in"></a>
<p style="width: 2000px">Wide</p><table width="2000"><tr><td>Wide</td></tr></table></main></html>"#;

async fn signed_in(Form(fields): Form<Vec<(String, String)>>) -> Html<String> {
    let words: Vec<String> = fields.into_iter().map(|(name, value)| name + "=" + &value).collect();
    Html(format!("<!doctype html><html lang=en><title>In</title><main>{}", words.join(" ")))
}

async fn script() -> impl IntoResponse {
    let text = "document.getElementById('script').textContent = 'A script ran'";
    ([(header::CONTENT_TYPE, "text/javascript")], text)
}

/// The address of a server of these pages.
async fn serve() -> String {
    let policy = [(header::CONTENT_SECURITY_POLICY, POLICY)];
    let router = Router::new()
        .route("/sign-in", get(async move || (policy, Html(GOOD))))
        .route("/in", post(signed_in))
        .route("/bad", get(async move || ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(BAD))))
        .route("/script.js", get(script));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_read_filled_in_and_left() {
    let address = serve().await;
    let browser = Browser::open(DESK).await;
    browser.goto(&format!("{address}/sign-in")).await;
    browser.see("Hubs in stock").await;
    browser.see("A script ran").await;
    assert!(!browser.text().await.contains("Nobody sees this"));
    browser.fill("Email address", "somebody else").await;
    browser.fill("Email address", "a@example.org").await;
    assert_eq!(browser.value("Email address").await, "a@example.org");
    browser.click("Show the “other” page").await;
    assert_eq!(browser.path().await, "/bad");
    browser.goto(&format!("{address}/sign-in")).await;
    browser.fill("Password", "it's a \"secret\"").await;
    browser.click("Sign in").await;
    browser.see("password=it's a \"secret\"").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn axe_finds_what_is_wrong_under_a_strict_policy() {
    let address = serve().await;
    let browser = Browser::open(DESK).await;
    browser.goto(&format!("{address}/sign-in")).await;
    browser.must_be_accessible().await;
    assert_eq!(browser.too_wide_by().await, 0);
    browser.goto(&format!("{address}/bad")).await;
    let rules: Vec<String> = browser.axe().await.into_iter().map(|found| found.rule).collect();
    assert_eq!(rules, ["html-has-lang", "image-alt", "link-name"]);
    assert!(browser.too_wide_by().await > 0);
    let complaints = browser.complaints().await.join("\n");
    assert!(complaints.contains("nowhere.png") && complaints.contains("script"), "{complaints}");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_screen_keeps_its_size_and_scripts_stay_off_from_page_to_page() {
    let address = serve().await;
    let browser = Browser::open(PHONE).await;
    browser.without_javascript().await;
    for page in ["/bad", "/sign-in"] {
        browser.goto(&format!("{address}{page}")).await;
        let width = browser.client.execute("return innerWidth", vec![]).await.unwrap();
        assert_eq!(width, 320);
    }
    browser.see("No script").await;
    browser.resize(ZOOMED).await;
    let size = browser.client.execute("return [innerWidth, devicePixelRatio]", vec![]).await;
    assert_eq!(size.unwrap().to_string(), "[640,2]");
    let file = tempfile::NamedTempFile::new().unwrap();
    browser.screenshot(file.path()).await;
    assert!(std::fs::read(file.path()).unwrap().starts_with(b"\x89PNG"));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_alone_reaches_everything() {
    let address = serve().await;
    let browser = Browser::open(DESK).await;
    browser.goto(&format!("{address}/sign-in")).await;
    let stops = browser.tab_stops().await;
    assert_eq!(stops, ["Email address", "Password", "Sign in", "Show the “other” page"]);
    browser.tab_to("Email address").await;
    browser.type_text("a@example.org").await;
    browser.tab_to("Sign in").await;
    browser.press(Key::Enter).await;
    browser.see("email=a@example.org").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_share_nothing() {
    let address = serve().await;
    let (one, other) = (Browser::open(DESK).await, Browser::open(PHONE).await);
    one.sign_in(&address, "a@example.org", "secret").await;
    other.goto(&format!("{address}/bad")).await;
    one.client.execute("document.cookie = 'who=one'", vec![]).await.unwrap();
    assert_eq!(one.cookies().await, "who=one");
    assert_eq!(other.cookies().await, "");
    one.close().await;
    other.close().await;
}
