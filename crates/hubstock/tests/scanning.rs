//! The scan page in Chromium, with what a keyboard-wedge scanner types: twenty codes a second, each
//! ended by Enter or Tab.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use app::transfers::{self, DirectNotice};
use app::{App, people};
use domain::access::{Action, Actor, Role};
use domain::ids::TransferId;
use domain::offers::Specification;
use domain::transfers::Side;
use fantoccini::key::Key;
use serde_json::Value;
use store::Db;
use support::{PALLET, PASSWORD, World, chf, gpf};
use testkit::browser::{Browser, DESK, PHONE};
use testkit::program::Server;
use tokio::time::{MissedTickBehavior, interval};

/// A Party's warehouse with a transfer of a whole pallet to dispatch.
struct Warehouse {
    app: App,
    server: Server,
    world: World,
    sender: Actor,
    transfer: TransferId,
}

fn warehouse(folder: &std::path::Path) -> Warehouse {
    let database = folder.join("hubstock.db");
    let database = database.to_str().unwrap();
    let world = World::with_pallets(database, 1..3);
    let app = App::new(Db::open(database).unwrap(), folder.join("reports"));
    let person = |email: &str, party: &str| {
        let role = Role::StockManager;
        people::add_by_operator(&app, email, email, role, Some(party), PASSWORD).unwrap();
        app::sign_in::actor_by_email(&app, email, Action::AgreeTransfers, None).unwrap()
    };
    let (sender, receiver) =
        (person("sender@x.example", "PARTY1"), person("receiver@x.example", "PARTY2"));
    let notice = DirectNotice {
        sender: "SU-1".into(),
        receiver: "SU-2".into(),
        side: None,
        specification: Specification {
            manufacturer: "106C".into(),
            model: "04200103".into(),
            han_variant: "Single Band".into(),
            wan_variant: "LRR".into(),
            region: "North".into(),
        },
        firmware: Vec::new(),
        quantity: i64::from(PALLET),
        notes: String::new(),
    };
    let transfer = transfers::notify_direct(&app, &sender, &notice).unwrap().id;
    transfers::confirm(&app, &receiver, transfer, None, None).unwrap();
    let server = world.program.serve(&[]);
    Warehouse { app, server, world, sender, transfer }
}

impl Warehouse {
    async fn at_the_scan_page(&self, browser: &Browser) {
        browser.sign_in(&self.server.address, "sender@x.example", PASSWORD).await;
        let path = format!("/transfers/{}/list/sender/scan", self.transfer);
        browser.goto(&format!("{}{path}", self.server.address)).await;
        browser.see("Scan a hub, a pallet or a box").await;
    }

    fn in_the_list(&self) -> i64 {
        transfers::list_state(&self.app, &self.sender, self.transfer, Side::Sender).unwrap().hubs
    }
}

/// Types codes as a scanner does, twenty a second, where the focus is.
async fn scan(browser: &Browser, codes: impl Iterator<Item = String>, end: Key) {
    let mut pace = interval(Duration::from_millis(50));
    pace.set_missed_tick_behavior(MissedTickBehavior::Skip);
    for code in codes {
        pace.tick().await;
        browser.type_text(&format!("{code}{}", char::from(end))).await;
    }
}

fn codes(numbers: std::ops::Range<u32>) -> impl Iterator<Item = String> {
    numbers.map(|n| chf(1, n))
}

/// How many of the latest scans came out like this.
async fn latest(browser: &Browser, class: &str) -> i64 {
    let script = format!("return document.querySelectorAll('.app-scan--{class}').length");
    browser.client.execute(&script, vec![]).await.unwrap().as_i64().unwrap()
}

async fn kept(browser: &Browser) -> i64 {
    let script = "return Object.keys(localStorage).filter(key => key.includes(':scan:')).length";
    browser.client.execute(script, vec![]).await.unwrap().as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_scans_a_second_survive_a_reload_and_a_lost_connection() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = warehouse(folder.path());
    let browser = Browser::open(DESK).await;
    warehouse.at_the_scan_page(&browser).await;
    assert_eq!(browser.focused().await.as_deref(), Some("Scan a hub, a pallet or a box"));

    scan(&browser, codes(0..40), Key::Enter).await;
    browser.see("In the list 40").await;
    assert_eq!(browser.value("Scan a hub, a pallet or a box").await, "");

    // With Tab at the end, and the page loaded again right after the last code.
    scan(&browser, codes(40..60), Key::Tab).await;
    browser.client.refresh().await.unwrap();
    browser.see("In the list 60").await;

    browser.lose_connection().await;
    scan(&browser, codes(60..90), Key::Enter).await;
    browser.see("30 scans wait here and will be sent").await;
    assert_eq!(kept(&browser).await, 30);
    browser.find_connection().await;
    browser.see("In the list 90").await;
    browser.see("Still to come 134").await;
    assert_eq!(kept(&browser).await, 0);
    assert_eq!(warehouse.in_the_list(), 90);
    // Those that still waited when the page was loaded again are shown as well.
    assert!(latest(&browser, "good").await >= 30);
    browser.must_be_accessible().await;
    browser.close().await;
    drop(warehouse.world);
}

#[tokio::test(flavor = "multi_thread")]
async fn good_duplicate_unknown_and_wrong_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = warehouse(folder.path());
    let browser = Browser::open(PHONE).await;
    warehouse.at_the_scan_page(&browser).await;
    let given = [chf(1, 0), chf(1, 0), "00-DB-99-00-00-00-00-01".to_owned(), gpf(1, 5)];
    scan(&browser, given.into_iter(), Key::Enter).await;
    for words in ["Good: ", "Duplicate: ", "Unknown: ", "Wrong: "] {
        browser.see(words).await;
    }
    for class in ["good", "duplicate", "unknown", "wrong"] {
        assert_eq!(latest(&browser, class).await, 1, "{class}");
    }
    let said = "return document.querySelector('[data-scan-alert]').textContent";
    let said = browser.client.execute(said, vec![]).await.unwrap();
    assert!(matches!(said, Value::String(text) if text.contains("Gas Proxy Function")));
    // A whole pallet at once: what is in the list already stays.
    scan(&browser, ["PAL0001".to_owned()].into_iter(), Key::Enter).await;
    browser.see("In the list 224").await;
    browser.see("223 hubs of it were added.").await;
    browser.must_be_accessible().await;
    assert_eq!(browser.too_wide_by().await, 0);
    // The keyboard gets out of the empty field.
    browser.tab_to("Add").await;
    browser.tab_to("Mute sounds").await;
    browser.press(Key::Enter).await;
    assert_eq!(browser.focused().await.as_deref(), Some("Scan a hub, a pallet or a box"));
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{complaints:?}");
    browser.close().await;
}

/// A reader of bar codes that sees what the test holds before the camera.
const READER: &str = "
    window.held = [];
    window.BarcodeDetector = class {
        static async getSupportedFormats() { return ['code_128'] }
        async detect() { return window.held.map(rawValue => ({ rawValue })) }
    };";

async fn hold_before_the_camera(browser: &Browser, code: &str) {
    let hold = "window.held = arguments[0] ? [arguments[0]] : []";
    browser.client.execute(hold, vec![Value::from(code)]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_camera_scans_where_the_browser_reads_bar_codes() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = warehouse(folder.path());
    let browser = Browser::open(PHONE).await;
    browser.before_each_page(READER).await;
    warehouse.at_the_scan_page(&browser).await;
    browser.click("Use the camera").await;
    hold_before_the_camera(&browser, &chf(1, 0)).await;
    browser.see("In the list 1").await;
    // What stays before the camera counts once.
    hold_before_the_camera(&browser, &chf(1, 1)).await;
    browser.see("In the list 2").await;
    assert_eq!(latest(&browser, "good").await, 2);
    assert_eq!(latest(&browser, "duplicate").await, 0);
    browser.must_be_accessible().await;
    assert_eq!(browser.too_wide_by().await, 0);
    hold_before_the_camera(&browser, "").await;
    browser.click("Use the camera").await;
    assert_eq!(browser.focused().await.as_deref(), Some("Scan a hub, a pallet or a box"));
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{complaints:?}");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_camera_or_leave_to_use_it_the_field_scans() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = warehouse(folder.path());
    let browser = Browser::open(PHONE).await;
    let forbidden = "navigator.mediaDevices.getUserMedia = async () => { throw new Error('no') };";
    browser.before_each_page(&format!("{READER}{forbidden}")).await;
    warehouse.at_the_scan_page(&browser).await;
    browser.click("Use the camera").await;
    browser.see("The camera can’t be used: allow it in the browser, or scan into the field.").await;
    browser.close().await;

    let browser = Browser::open(PHONE).await;
    browser.before_each_page("delete window.BarcodeDetector;").await;
    warehouse.at_the_scan_page(&browser).await;
    scan(&browser, codes(0..1), Key::Enter).await;
    browser.see("In the list 1").await;
    assert!(!browser.text().await.contains("Use the camera"));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_the_page_is_a_form() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = warehouse(folder.path());
    let browser = Browser::open(PHONE).await;
    browser.without_javascript().await;
    warehouse.at_the_scan_page(&browser).await;
    for n in 0..3 {
        browser.fill("Scan a hub, a pallet or a box", &chf(1, n)).await;
        browser.click("Add").await;
        browser.see(&format!("In the list {}", n + 1)).await;
    }
    browser.fill("Scan a hub, a pallet or a box", &chf(1, 0)).await;
    browser.click("Add").await;
    browser.see("There is a problem").await;
    browser.see("Duplicate: ").await;
    browser.close().await;
}
