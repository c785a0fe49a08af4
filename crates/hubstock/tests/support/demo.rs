//! The demonstration's world, served within the test, and how its pages are looked at.
#![allow(dead_code, reason = "each test program uses a part")]

use std::path::Path;

use app::notifications::{self, Mail, Way};
use app::{App, jobs};
use store::Db;
use testkit::browser::{Browser, DESK, PHONE, Screen};
use testkit::program::Program;
use tokio::net::TcpListener;

/// A demonstration that is served until the test ends.
pub struct Demo {
    pub app: App,
    pub address: String,
    _folder: tempfile::TempDir,
}

/// Builds the world and serves it. What waits to be told is told first; then no job runs, so that
/// nothing changes under the visitors.
pub async fn demo() -> Demo {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("demo.db");
    let database = database.to_str().unwrap();
    let program = Program::new(env!("CARGO_BIN_EXE_hubstock"), database);
    let prepared = program.run(&["demo", "--prepare"]);
    assert_eq!(prepared.code, Some(0), "{}", prepared.err);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let mail = Mail { public_url: address.as_str().into(), way: Way::Page };
    let app = App::new(Db::open(database).unwrap(), folder.path().join("reports"));
    let app = App { mail, ..app };
    // Telling people makes e-mails, which the next pass shows.
    for _ in 0..2 {
        notifications::pass(&app).unwrap();
        while jobs::run_next(&app).unwrap() {}
    }
    let state = web::State::new(app.clone(), &address, true);
    tokio::spawn(web::serve(listener, state, std::future::pending()));
    Demo { app, address, _folder: folder }
}

/// Notes what axe-core finds, what the browser complains about, and whether the page is wider than a
/// telephone. A folder in `HUBSTOCK_PICTURES` gets pictures of the page.
pub async fn look_at(browser: &Browser, visitor: &str, wrong: &mut Vec<String>) {
    let path = browser.path().await;
    let found = browser.axe().await;
    wrong.extend(found.iter().map(|violation| format!("{path}, {visitor}: {violation}")));
    picture(browser, visitor, &path, DESK).await;
    browser.resize(PHONE).await;
    let pixels = browser.too_wide_by().await;
    if pixels > 0 {
        wrong.push(format!("{path}, {visitor}: {pixels} pixels too wide for a telephone"));
    }
    picture(browser, visitor, &path, PHONE).await;
    browser.resize(DESK).await;
    let complaints = browser.complaints().await;
    wrong.extend(complaints.iter().map(|complaint| format!("{path}, {visitor}: {complaint}")));
}

/// A picture of the whole page, for whoever wants to see it.
async fn picture(browser: &Browser, visitor: &str, path: &str, screen: Screen) {
    let Ok(folder) = std::env::var("HUBSTOCK_PICTURES") else { return };
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let name: String = format!("{path} {visitor} {}", screen.width).chars().map(plain).collect();
    let height = browser.client.execute("return document.body.scrollHeight", vec![]).await;
    let height = height.unwrap().as_u64().unwrap_or(0).min(6_000) as u32;
    browser.resize(Screen { height: height.max(screen.height), ..screen }).await;
    browser.screenshot(&Path::new(&folder).join(format!("{name}.png"))).await;
    browser.resize(screen).await;
}
