//! The pages of transfers: from the notice to the transfer file, by the people of both Parties.
#![allow(clippy::unwrap_used)]

mod portal;

use axum::http::StatusCode;
use domain::access::Role;
use portal::{Page, Portal, Visitor, hub};

/// A portal with the people of both Parties and the DCC's.
struct World {
    portal: Portal,
    sender: Visitor,
    receiver: Visitor,
    logistics: Visitor,
    stranger: Visitor,
}

fn world() -> World {
    let portal = Portal::open();
    World {
        sender: portal.visitor("n@n.example", Role::StockManager, Some("NORTHERN")),
        receiver: portal.visitor("s@s.example", Role::StockManager, Some("SOUTHERN")),
        logistics: portal.visitor("l@dcc.example", Role::DccLogistics, None),
        stranger: portal.visitor("w@w.example", Role::PartyViewer, Some("WIRES")),
        portal,
    }
}

const MODEL: &str = "Meterworks, Ltd\u{1f}CH-1\u{1f}Single Band\u{1f}Cellular";

impl World {
    async fn notify(&self, quantity: &str) -> Page {
        let fields = [
            ("role", "sender"),
            ("other", "SOU1"),
            ("model", MODEL),
            ("region", "North"),
            ("quantity", quantity),
            ("notes", "Agreed by telephone"),
        ];
        self.portal.post(&self.sender, "/transfers/new", &fields).await
    }

    /// A direct transfer that both Parties have confirmed: the address of its page.
    async fn confirmed(&self, quantity: &str) -> String {
        let page = self.notify(quantity).await.location().to_owned();
        let seen = self.portal.get(&self.receiver, &page).await;
        let version = seen.value_of("version");
        let fields = [("version", version.as_str()), ("side", "receiver")];
        let done = self.portal.post(&self.receiver, &format!("{page}/confirm"), &fields).await;
        assert_eq!(done.location(), page);
        page
    }

    async fn dispatched(&self, hubs: &[String]) -> String {
        let page = self.confirmed(&hubs.len().to_string()).await;
        let ids = hubs.join("\n");
        let list = format!("{page}/list/sender");
        let paste = format!("{list}/paste");
        let added = self.portal.post(&self.sender, &paste, &[("ids", &ids)]).await;
        assert_eq!(added.location(), list);
        let form = self.portal.get(&self.sender, &format!("{page}/dispatch")).await;
        let (version, on) = (form.value_of("version"), form.value_of("on"));
        let fields = [
            ("version", version.as_str()),
            ("on", &on),
            ("carrier", "Swift Haulage"),
            ("consignment_note", "CN-1"),
        ];
        let done = self.portal.press(&self.sender, &format!("{page}/dispatch"), &fields).await;
        assert_eq!(done.location(), page);
        page
    }

    async fn arrived(&self, hubs: &[String]) -> String {
        let page = self.dispatched(hubs).await;
        let form = self.portal.get(&self.receiver, &format!("{page}/arrival")).await;
        let (version, on) = (form.value_of("version"), form.value_of("on"));
        let fields = [("version", version.as_str()), ("on", &on), ("condition", "good")];
        let done = self.portal.post(&self.receiver, &format!("{page}/arrival"), &fields).await;
        assert_eq!(done.location(), page);
        page
    }
}

fn hubs(numbers: std::ops::RangeInclusive<i64>) -> Vec<String> {
    numbers.map(hub).collect()
}

#[tokio::test]
async fn what_is_missing_in_a_notice_is_said_and_what_was_typed_is_kept() {
    let world = world();
    let fields = [("notes", "Agreed on Monday"), ("quantity", "some")];
    let page = world.portal.post(&world.sender, "/transfers/new", &fields).await;
    page.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("There is a problem");
    page.must_say("Select the other Party").must_say("Enter how many hubs");
    page.must_say("Agreed on Monday");
    let page = world.notify("5000").await;
    page.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("There is a problem");
}

#[tokio::test]
async fn a_transfer_goes_from_the_notice_to_its_transfer_file() {
    let world = world();
    let portal = &world.portal;
    let page = world.arrived(&hubs(1..=6)).await;
    let seen = portal.get(&world.receiver, &page).await;
    seen.must_say("Receiver’s clock").must_say("Say what was received by");
    seen.must_say("Swift Haulage").must_say("Waiting to be received");

    let list = format!("{page}/list/receiver");
    let started = portal.post(&world.receiver, &format!("{list}/start"), &[]).await;
    assert_eq!(started.location(), list);
    let exceptions = format!("{page}/exceptions");
    let nothing = portal.post(&world.receiver, &exceptions, &[("ids", &hub(1))]).await;
    nothing.must_be(StatusCode::UNPROCESSABLE_ENTITY);
    nothing.must_say("Select what is the matter with them").must_say(&hub(1));
    let rejected = [("ids", hub(1)), ("then", "rejected".into()), ("reason", "LED Fault".into())];
    let rejected: Vec<(&str, &str)> = rejected.iter().map(|(n, v)| (*n, v.as_str())).collect();
    assert_eq!(portal.post(&world.receiver, &exceptions, &rejected).await.location(), list);
    let missing = [("hubs", hub(2)), ("then", "remove".into())];
    let missing: Vec<(&str, &str)> = missing.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let chosen = format!("{list}/chosen");
    assert_eq!(portal.post(&world.receiver, &chosen, &missing).await.location(), list);

    let check = portal.get(&world.receiver, &format!("{page}/receive")).await;
    check.must_say("Accepted 4").must_say("Rejected 1").must_say("Dispatched 6");
    let version = check.value_of("version");
    let stale = [("version", "1")];
    let stale = portal.post(&world.receiver, &format!("{page}/receive"), &stale).await;
    stale.must_be(StatusCode::PRECONDITION_FAILED).must_say("There is a problem");
    let fields = [("version", version.as_str())];
    let done = portal.press(&world.receiver, &format!("{page}/receive"), &fields).await;
    assert_eq!(done.location(), page);

    let seen = portal.get(&world.sender, &page).await;
    seen.must_say("Rejected by the receiver").must_say("Dispatched, not received");
    seen.must_say("Ready for the file 4").must_say("Acceptance certificate");
    let lines = portal.get(&world.receiver, &format!("{page}/lines?state=waiting")).await;
    lines.must_say(&hub(1)).must_say(&hub(2)).must_not_say(&hub(3));
    let correcting =
        [("hubs", hub(2)), ("correction", "found".into()), ("state", "waiting".into())];
    let mut correcting: Vec<(&str, &str)> =
        correcting.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let version = lines.value_of("version");
    correcting.push(("version", &version));
    let corrected = portal.post(&world.receiver, &format!("{page}/lines"), &correcting).await;
    assert_eq!(corrected.location(), format!("{page}/lines?state=waiting"));
    let one = portal.get(&world.sender, &format!("{page}/lines/{}", hub(2))).await;
    one.must_say("Who was responsible when").must_say("Southern Power Ltd");

    let seen = portal.get(&world.logistics, &page).await;
    let version = seen.value_of("version");
    let fields = [("version", version.as_str())];
    let prepared = portal.post(&world.logistics, &format!("{page}/prepare"), &fields).await;
    assert_eq!(prepared.location(), page);
    let seen = portal.get(&world.logistics, &page).await;
    seen.must_say("Transfer file prepared").must_say("ctf-000001");
}

#[tokio::test]
async fn documents_and_lists_are_there_when_they_can_be() {
    let world = world();
    let portal = &world.portal;
    let page = world.confirmed("3").await;
    let early = portal.get(&world.sender, &format!("{page}/download/delivery-note.pdf")).await;
    early.must_be(StatusCode::CONFLICT);
    let page = world.arrived(&hubs(4..=6)).await;
    for name in ["delivery-note.pdf", "manifest.csv", "manifest.xlsx", "receipt.csv"] {
        let saved = portal.get(&world.receiver, &format!("{page}/download/{name}")).await;
        saved.must_be(StatusCode::OK);
        assert!(saved.headers["content-disposition"].to_str().unwrap().contains("attachment"));
    }
    let note = portal.get(&world.receiver, &format!("{page}/download/delivery-note.pdf")).await;
    assert!(note.text.starts_with("%PDF-1.7"));
    let manifest = portal.get(&world.sender, &format!("{page}/download/manifest.csv")).await;
    assert_eq!(manifest.text.lines().count(), 4, "{}", manifest.text);
    let unknown = portal.get(&world.sender, &format!("{page}/download/nothing.csv")).await;
    unknown.must_be(StatusCode::NOT_FOUND);
    let early = portal.get(&world.receiver, &format!("{page}/download/certificate.pdf")).await;
    early.must_be(StatusCode::CONFLICT);
}

#[tokio::test]
async fn another_party_finds_nothing() {
    let world = world();
    let page = world.dispatched(&hubs(1..=2)).await;
    for path in ["", "/lines", "/list/sender", "/download/manifest.csv", "/dispatch", "/receive"] {
        let seen = world.portal.get(&world.stranger, &format!("{page}{path}")).await;
        seen.must_be(StatusCode::NOT_FOUND);
    }
    let list = world.portal.get(&world.stranger, "/transfers").await;
    list.must_be(StatusCode::OK).must_say("No transfer matches.");
}

#[tokio::test]
async fn a_list_is_found_by_its_filters() {
    let world = world();
    let page = world.confirmed("2").await;
    let id = page.rsplit('/').next().unwrap();
    for (query, is_there) in [
        ("state=Confirmed", true),
        ("state=Agreed", false),
        ("kind=direct", true),
        ("kind=selected", false),
        ("party=pty-000002", true),
        ("party=pty-000003", false),
        ("offer=off-000001", false),
        ("show=overdue", false),
        ("show=mine", true),
    ] {
        let list = world.portal.get(&world.sender, &format!("/transfers?{query}")).await;
        list.must_be(StatusCode::OK);
        assert_eq!(list.words().contains(id), is_there, "{query}: {}", list.words());
    }
    let home = world.portal.get(&world.sender, "/").await;
    home.must_say("Transfers that wait for you").must_say(id);
}

#[tokio::test]
async fn the_scan_page_works_without_a_script() {
    let world = world();
    let page = world.confirmed("2").await;
    let scan = format!("{page}/list/sender/scan");
    let form = world.portal.get(&world.sender, &scan).await;
    form.must_say("Scan a hub, a pallet or a box").must_say("Still to come 2");
    let good = world.portal.post(&world.sender, &scan, &[("code", &hub(1))]).await;
    assert_eq!(good.location(), scan);
    let again = world.portal.post(&world.sender, &scan, &[("code", &hub(1))]).await;
    again.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("Duplicate: ");
    let unknown =
        world.portal.post(&world.sender, &scan, &[("code", "00-DB-99-00-00-00-00-01")]).await;
    unknown.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("Unknown: ");
    let wrong = world.portal.post(&world.sender, &scan, &[("code", &hub(11))]).await;
    wrong.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("Wrong: ");
}

#[tokio::test]
async fn lines_of_a_file_that_do_not_fit_are_named() {
    let world = world();
    let page = world.confirmed("3").await;
    let text = format!("CommsHubID\r\n{}\r\n{}\r\n9.035E+13\r\n", hub(1), hub(11));
    let path = format!("{page}/list/sender/file");
    let sent = world.portal.upload(&world.sender, &path, &[], ("list.csv", text.as_bytes())).await;
    sent.must_be(StatusCode::OK).must_say("Look at 2 lines").must_say("1 hub added");
    sent.must_say("A spreadsheet changed this value").must_say(&hub(11));
    let refused = world.portal.upload(&world.sender, &path, &[], ("list.csv", b"Colour\r\n")).await;
    refused.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("There is a problem");
}

#[tokio::test]
async fn the_dcc_holds_releases_and_a_party_cancels_with_a_reason() {
    let world = world();
    let portal = &world.portal;
    let page = world.confirmed("2").await;
    let form = portal.get(&world.logistics, &format!("{page}/hold")).await;
    let version = form.value_of("version");
    let empty = portal.press(&world.logistics, &format!("{page}/hold"), &[]).await;
    empty.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("There is a problem");
    let fields = [("version", version.as_str()), ("reason", "An audit")];
    let held = portal.post(&world.logistics, &format!("{page}/hold"), &fields).await;
    assert_eq!(held.location(), page);
    let seen = portal.get(&world.sender, &page).await;
    seen.must_say("On hold because: An audit");
    let version = portal.get(&world.logistics, &page).await.value_of("version");
    let fields = [("version", version.as_str())];
    let released = portal.post(&world.logistics, &format!("{page}/release"), &fields).await;
    assert_eq!(released.location(), page);
    let version = portal.get(&world.sender, &format!("{page}/cancel")).await.value_of("version");
    let fields = [("version", version.as_str()), ("reason", "Installed after all")];
    let cancelled = portal.post(&world.sender, &format!("{page}/cancel"), &fields).await;
    assert_eq!(cancelled.location(), page);
    portal.get(&world.receiver, &page).await.must_say("Cancelled");
}
