//! Every page of transfers, in the demonstration's world: accessible, and no wider than a telephone.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use app::App;
use app::transfers::{self, TransferFilter};
use domain::access::{Action, Actor};
use domain::transfers::State;
use store::Db;
use testkit::browser::{Browser, DESK, PHONE};
use testkit::program::Program;
use tokio::net::TcpListener;

struct Demo {
    app: App,
    address: String,
    _folder: tempfile::TempDir,
}

async fn demo() -> Demo {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("demo.db");
    let database = database.to_str().unwrap();
    let prepared =
        Program::new(env!("CARGO_BIN_EXE_hubstock"), database).run(&["demo", "--prepare"]);
    assert_eq!(prepared.code, Some(0), "{}", prepared.err);
    let app = App::new(Db::open(database).unwrap(), folder.path().join("reports"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let state = web::State::new(app.clone(), &address, true);
    tokio::spawn(web::serve(listener, state, std::future::pending()));
    Demo { app, address, _folder: folder }
}

impl Demo {
    fn actor(&self, email: &str) -> Actor {
        app::sign_in::actor_by_email(&self.app, email, Action::SeeTransfers, None).unwrap()
    }

    /// The latest transfer in this state that this person sees and `which` accepts.
    fn transfer(
        &self,
        actor: &Actor,
        state: State,
        which: impl Fn(&transfers::TransferView) -> bool,
    ) -> String {
        let filter = TransferFilter { state: Some(state), ..TransferFilter::default() };
        let found = transfers::list(&self.app, actor, &filter, None, 200).unwrap().items;
        let mut views =
            found.iter().map(|found| transfers::get(&self.app, actor, found.id).unwrap());
        let found = views.find(which);
        let found = found.unwrap_or_else(|| panic!("{} sees no {state} transfer", actor.name));
        format!("/transfers/{}", found.id)
    }
}

/// Looks at a page at both widths; a folder in `HUBSTOCK_PICTURES` gets pictures of it.
async fn look(browser: &Browser, address: &str, path: &str, wrong: &mut Vec<String>) {
    browser.goto(&format!("{address}{path}")).await;
    let title = browser.text().await;
    if title.contains("Page not found") {
        wrong.push(format!("{path} is not there"));
    }
    let found = browser.axe().await;
    wrong.extend(found.iter().map(|violation| format!("{path}: {violation}")));
    picture(browser, path, "1280").await;
    browser.resize(PHONE).await;
    let pixels = browser.too_wide_by().await;
    if pixels > 0 {
        wrong.push(format!("{path} is {pixels} pixels too wide for a telephone"));
    }
    picture(browser, path, "320").await;
    browser.resize(DESK).await;
    let complaints = browser.complaints().await;
    wrong.extend(complaints.iter().map(|complaint| format!("{path}: {complaint}")));
}

async fn picture(browser: &Browser, path: &str, width: &str) {
    if let Ok(folder) = std::env::var("HUBSTOCK_PICTURES") {
        let name = path.trim_matches('/').replace(['/', '?', '='], "_");
        browser.screenshot(&Path::new(&folder).join(format!("{name}_{width}.png"))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_transfers_is_accessible_and_fits_a_telephone() {
    let demo = demo().await;
    let mut wrong = Vec::new();
    let any = |_: &transfers::TransferView| true;

    let warehouse = demo.actor("warehouse@larkspur.example");
    let to_receive = demo.transfer(&warehouse, State::Arrived, any);
    let on_its_way = demo.transfer(&warehouse, State::Dispatched, any);
    let to_dispatch = demo.transfer(&warehouse, State::Confirmed, |view| view.may.dispatch);
    let with_lines = demo.transfer(&warehouse, State::Reconciled, |view| view.may.correct);
    let browser = Browser::open(DESK).await;
    browser.goto(&demo.address).await;
    browser.click("Wanda Warehouse").await;
    for path in [
        "/".to_owned(),
        "/transfers".to_owned(),
        to_receive.clone(),
        format!("{to_receive}/list/receiver"),
        format!("{to_receive}/list/receiver/file"),
        format!("{to_receive}/list/receiver/paste"),
        format!("{to_receive}/list/receiver/scan"),
        format!("{to_receive}/exceptions"),
        format!("{to_receive}/receive"),
        format!("{to_receive}/lines"),
        on_its_way.clone(),
        format!("{on_its_way}/arrival"),
        to_dispatch.clone(),
        format!("{to_dispatch}/list/sender"),
        format!("{to_dispatch}/list/sender/scan"),
        format!("{to_dispatch}/dispatch"),
        with_lines.clone(),
        format!("{with_lines}/lines?state=waiting"),
    ] {
        look(&browser, &demo.address, &path, &mut wrong).await;
    }
    browser.goto(&format!("{}{with_lines}/lines?state=waiting", demo.address)).await;
    browser.click("Correct the selected lines").await;
    browser.see("There is a problem").await;
    browser.must_be_accessible().await;
    let waiting = browser
        .client
        .execute("return document.querySelector('#lines tbody a').getAttribute('href')", vec![]);
    let line = waiting.await.unwrap().as_str().unwrap().to_owned();
    look(&browser, &demo.address, &line, &mut wrong).await;
    browser.close().await;

    let manager = demo.actor("stock@larkspur.example");
    let to_confirm = demo.transfer(&manager, State::Agreed, |view| view.may.confirm_receiver);
    let browser = Browser::open(DESK).await;
    browser.goto(&demo.address).await;
    browser.click("Stan Stock").await;
    for path in ["/transfers/new", &to_confirm, &format!("{to_confirm}/cancel")] {
        look(&browser, &demo.address, path, &mut wrong).await;
    }
    browser.goto(&format!("{}/transfers/new", demo.address)).await;
    browser.click("Notify the transfer").await;
    browser.see("There is a problem").await;
    browser.must_be_accessible().await;
    browser.close().await;

    let logistics = demo.actor("logistics@dcc.example");
    let held = demo.transfer(&logistics, State::OnHold, any);
    let completed = demo.transfer(&logistics, State::Completed, any);
    let excepted = demo.transfer(&logistics, State::CompletedWithExceptions, any);
    let under_way = demo.transfer(&logistics, State::Completing, any);
    let browser = Browser::open(DESK).await;
    browser.goto(&demo.address).await;
    browser.click("Dee Logistics").await;
    for path in [
        "/transfers?show=overdue".to_owned(),
        "/transfers/new".to_owned(),
        held,
        completed.clone(),
        format!("{completed}/reverse"),
        excepted,
        under_way,
        with_lines,
        format!("{to_receive}/hold"),
    ] {
        look(&browser, &demo.address, &path, &mut wrong).await;
    }
    browser.close().await;
    assert!(wrong.is_empty(), "{} things are wrong:\n{}", wrong.len(), wrong.join("\n\n"));
}
