//! Whoever sends a wrong file in Chromium is told what is wrong with it and what to do.
#![allow(clippy::unwrap_used)]

#[path = "support/demo.rs"]
mod demo;

use std::path::Path;

use app::jobs;
use demo::{Demo, demo};
use testkit::browser::{Browser, DESK};

/// Wrong files that people really send, and what is said of them everywhere.
const FILES: &[(&str, &[u8], &str)] = &[
    (
        "picture.png",
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01",
        "This is a picture, not a table",
    ),
    (
        "letter.pdf",
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n",
        "This is a PDF document, not a table",
    ),
    (
        "letter.doc",
        b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1",
        "send it as .xlsx, or save it as CSV UTF-8",
    ),
    ("nothing.csv", b"", NOTHING),
    ("prices.csv", b"Name,Colour\r\nApple,Green\r\n", "\"Colour\""),
];
const NOTHING: &str = "nothing";

/// Where somebody sends a file: who, the page, the field, the button, what is said of nothing, and
/// what of a table of something else.
struct Place {
    visitor: &'static str,
    path: String,
    field: &'static str,
    button: &'static str,
    of_nothing: &'static str,
    of_another: &'static str,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_file_is_told_what_it_is_and_what_is_wanted() {
    let demo = demo().await;
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, _) in FILES {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let at = |visitor, path: &str, field, button, of_nothing, of_another| Place {
        visitor,
        path: path.to_owned(),
        field,
        button,
        of_nothing,
        of_another,
    };
    let list = to_receive(&demo);
    let files = ("/transfer-files/new", "CH Stock Transfer File", "Upload and check");
    for place in [
        at(
            "Dee Logistics",
            files.0,
            files.1,
            files.2,
            "The file is empty",
            "The header line is CommsHubID",
        ),
        at("Otto Operator", "/deliveries/new", "File", "Send", "The file is empty", "\"CHFID\""),
        at("Adam Admin", "/parties/new", "File", "Send", "The file is empty", "\"Signifier\""),
        at(
            "Dee Logistics",
            "/stock-rules/files/holidays",
            "File",
            "Send it",
            "The file is empty",
            "The column \"Day\" is missing",
        ),
        at(
            "Wanda Warehouse",
            &list,
            "List of hubs",
            "Send and check",
            "The list has no lines",
            "The header needs a column CommsHubID, PalletID or BoxID",
        ),
    ] {
        let browser = Browser::open(DESK).await;
        browser.goto(&demo.address).await;
        browser.click(place.visitor).await;
        browser.see("What waits for you").await;
        for (name, _, said) in FILES {
            send(&demo, &browser, &place, &folder.path().join(name)).await;
            browser.see(if *said == NOTHING { place.of_nothing } else { said }).await;
            if *name == "prices.csv" {
                browser.see(place.of_another).await;
            }
            browser.must_be_accessible().await;
        }
        browser.close().await;
    }
}

async fn send(demo: &Demo, browser: &Browser, place: &Place, file: &Path) {
    browser.goto(&format!("{}{}", demo.address, place.path)).await;
    if place.path == "/deliveries/new" {
        browser.click("Deliveries (ASN)").await;
    }
    browser.fill(place.field, file.to_str().unwrap()).await;
    browser.click(place.button).await;
    let name = file.file_name().unwrap().to_str().unwrap();
    let is_answered = |text: &str| text.contains("There is a problem") || text.contains(name);
    while !is_answered(&browser.text().await) {}
    while jobs::run_next(&demo.app).unwrap() {}
}

fn to_receive(demo: &Demo) -> String {
    use app::transfers::{self, TransferFilter};
    let action = domain::access::Action::SeeTransfers;
    let email = "warehouse@larkspur.example";
    let actor = app::sign_in::actor_by_email(&demo.app, email, action, None).unwrap();
    let state = Some(domain::transfers::State::Arrived);
    let filter = TransferFilter { state, ..TransferFilter::default() };
    let found = transfers::list(&demo.app, &actor, &filter, None, 1).unwrap().items;
    format!("/transfers/{}/list/receiver/file", found[0].id)
}
