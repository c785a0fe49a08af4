//! The pages of offers, requests, the board, excess stock and the stock rules.
#![allow(clippy::unwrap_used)]

mod portal;

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use domain::access::Role;
use portal::{Page, Portal, Visitor, hub};

const STOCK: &str = "Meterworks, Ltd|CH-1|Single Band|Cellular|North";

/// Sends the form of an offer.
async fn send(portal: &Portal, who: &Visitor, path: &str, more: &[(&str, &str)]) -> Page {
    let mut fields = vec![
        ("specification", STOCK),
        ("quantity", "5"),
        ("minimum_lot", "2"),
        ("lots", "part"),
        ("location", "Unit 4, Leeds"),
        ("carriage", "Sender"),
        ("ids_mode", "none"),
    ];
    for (name, value) in more {
        fields.retain(|(field, _)| field != name);
        fields.push((name, value));
    }
    portal.upload(who, path, &fields, ("", b"")).await
}

#[tokio::test]
async fn every_page_is_seen_by_those_whom_it_concerns() {
    use Role::*;
    let portal = Portal::open();
    for (role, visitor) in portal.everybody() {
        let check = async |page: &str, sees: bool| {
            let status = if sees { StatusCode::OK } else { StatusCode::NOT_FOUND };
            assert_eq!(portal.get(&visitor, page).await.status, status, "{role:?} {page}");
        };
        let sees = !matches!(role, DspOperator | CspEnquirer | SystemAdmin);
        for page in ["/board", "/board/wanted", "/stock-rules", "/holidays", "/offers", "/requests"]
        {
            check(page, sees).await;
        }
        let stock = !matches!(role, DccPolicy | CspEnquirer | SystemAdmin);
        check("/excess", stock).await;
        let manages = matches!(role, StockManager | DccLogistics);
        check("/offers/new", manages).await;
        check("/requests/new", manages).await;
        check("/offers/off-000009", false).await;
        check("/requests/req-000009", false).await;
        let rules = matches!(role, DccLogistics | DccPolicy);
        check("/stock-rules/files/holidays", rules).await;
    }
}

#[tokio::test]
async fn stock_is_offered_published_asked_for_and_withdrawn() {
    let portal = Portal::open();
    let north = portal.visitor("north@example.org", Role::StockManager, Some("NORTHERN"));
    let south = portal.visitor("south@example.org", Role::StockManager, Some("SOUTHERN"));
    let dcc = portal.visitor("dcc@example.org", Role::DccLogistics, None);
    portal.get(&north, "/offers/new").await.must_say("10 can be offered");
    let wrong = [("quantity", "many"), ("available_until", "soon"), ("notes", "Kept <dry>")];
    let refused = send(&portal, &north, "/offers/new", &wrong).await;
    refused.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("There is a problem");
    refused.must_say("Enter how many hubs you offer").must_say("Enter a day such as");
    assert!(refused.text.contains("Kept &#60;dry&#62;"));
    let much = send(&portal, &north, "/offers/new", &[("quantity", "11")]).await;
    much.must_say("Enter at most 10");
    let offer = send(&portal, &north, "/offers/new", &[]).await.location().to_owned();
    portal.get(&south, &offer).await.must_be(StatusCode::NOT_FOUND);
    let page = portal.get(&north, &offer).await;
    page.must_say("Draft").must_say("Submit it to the DCC").must_say("Unit 4, Leeds");
    let version = page.value_of("version");
    let submit = format!("{offer}/submit");
    portal.post(&north, &submit, &[("version", &version)]).await.location();
    let stale = portal.post(&north, &submit, &[("version", &version)]).await;
    stale.must_be(StatusCode::PRECONDITION_FAILED).must_say("Somebody else has changed this");
    let returned = portal.press(&dcc, &format!("{offer}/return"), &[]).await;
    returned.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("Enter the reason");
    portal.press(&dcc, &format!("{offer}/publish"), &[]).await.location();

    portal.get(&south, "/board").await.must_say("CH-1").must_not_say("Northern Light");
    portal.get(&south, "/board?region=South").await.must_say("No offer matches");
    portal.get(&south, "/board?quantity=x").await.must_say("Enter a quantity such as 896");
    let board = portal.get(&south, "/board/export?format=csv").await;
    assert_eq!(board.headers[CONTENT_TYPE], "text/csv; charset=utf-8");
    assert_eq!(board.text.lines().count(), 2);
    let seen = portal.get(&south, &offer).await;
    seen.must_say("Request some of it").must_not_say("Unit 4").must_not_say("Northern Light");
    let id = offer.rsplit('/').next().unwrap();
    let form = portal.get(&south, &format!("/requests/new?offer={id}")).await;
    form.must_say("Left of it 5");
    let few = [("offer", id), ("quantity", "1"), ("notes", "By van")];
    let few = portal.post(&south, "/requests/new", &few).await;
    few.must_say("minimum lot").must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("By van");
    let asked = [("offer", id), ("quantity", "5"), ("region", "North")];
    let request = portal.post(&south, "/requests/new", &asked).await.location().to_owned();
    portal.get(&south, &request).await.must_say("Place in the queue");
    portal.get(&north, &request).await.must_be(StatusCode::NOT_FOUND);
    portal.get(&north, &offer).await.must_say("1 request waits for selection, for 5 hubs");

    let change = format!("{offer}/edit");
    let page = portal.get(&north, &change).await;
    page.must_say("stay as they were submitted");
    let version = page.value_of("version");
    let more = [("version", version.as_str()), ("quantity", "6"), ("ids_mode", "same")];
    send(&portal, &north, &change, &more).await.location();
    let stale = send(&portal, &north, &change, &more).await;
    stale.must_be(StatusCode::PRECONDITION_FAILED);
    portal.press(&dcc, &format!("{offer}/suspend"), &[("reason", "A question")]).await.location();
    portal.get(&north, &offer).await.must_say("A question");
    portal.press(&dcc, &format!("{offer}/resume"), &[]).await.location();
    let withdraw = format!("{offer}/withdraw");
    portal.get(&north, &withdraw).await.must_say("1 request for 5 hubs");
    portal.press(&north, &withdraw, &[("reason", "We need it")]).await.location();
    portal.get(&south, &request).await.must_say("Lapsed");
}

#[tokio::test]
async fn a_list_of_ids_is_answered_line_by_line() {
    let portal = Portal::open();
    let north = portal.visitor("north@example.org", Role::StockManager, Some("NORTHERN"));
    let text = format!("{}\n9.035E+13\n{}\n{}\n", hub(1), hub(11), hub(12));
    let list = [("ids_mode", "list"), ("quantity", ""), ("ids", text.as_str())];
    let refused = send(&portal, &north, "/offers/new", &list).await;
    refused.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("Correct 1 line");
    let text = text.replace("9.035E+13\n", "");
    let list = [("ids_mode", "list"), ("quantity", ""), ("ids", text.as_str())];
    let refused = send(&portal, &north, "/offers/new", &list).await;
    refused.must_say("Correct 2 lines").must_say("Commissioned").must_say("31 January 2020");
    // Checked only, nothing is saved.
    let only = [("ids_mode", "list"), ("quantity", ""), ("ids", text.as_str()), ("check", "ids")];
    send(&portal, &north, "/offers/new", &only).await.must_say("Correct 2 lines");
    let two = format!("{}\n{}\n", hub(1), hub(2));
    let only = [("ids_mode", "list"), ("quantity", ""), ("ids", two.as_str()), ("check", "ids")];
    let checked = send(&portal, &north, "/offers/new", &only).await;
    checked.must_be(StatusCode::OK).must_say("Checked: 2 hubs can be offered together");
    portal.get(&north, "/offers/off-000001").await.must_be(StatusCode::NOT_FOUND);
    let good = format!("CommsHubID\r\n{}\r\n{}\r\n", hub(1), hub(2));
    let fields = [("ids_mode", "list"), ("carriage", "Sender")];
    let sent = portal.upload(&north, "/offers/new", &fields, ("ids.csv", good.as_bytes())).await;
    let offer = sent.location().to_owned();
    portal.get(&north, &format!("{offer}/ids")).await.must_say(&hub(2));
    let file = portal.get(&north, &format!("{offer}/ids.csv")).await;
    assert_eq!(file.text, good);
}

#[tokio::test]
async fn chosen_pallets_become_an_offer() {
    let portal = Portal::open();
    let north = portal.visitor("north@example.org", Role::StockManager, Some("NORTHERN"));
    let page = portal.get(&north, "/excess").await;
    page.must_say("10 hubs on 1 pallet").must_say("PAL1");
    let none = portal.post(&north, "/excess", &[("how", "quantity")]).await;
    none.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("Choose at least one pallet");
    let chosen = [("pallets", "1.1"), ("how", "ids")];
    let offer = portal.post(&north, "/excess", &chosen).await.location().to_owned();
    portal.get(&north, &offer).await.must_say("10 hubs, listed").must_say("Leeds");
    let dcc = portal.visitor("dcc@example.org", Role::DccLogistics, None);
    portal.get(&dcc, "/excess?party=pty-000001").await.must_say("10 hubs on 1 pallet");
    portal.get(&dcc, "/excess").await.must_say("Choose a Party");
}

#[tokio::test]
async fn a_filter_is_saved_and_what_is_wanted_stands_on_the_board() {
    let portal = Portal::open();
    let south = portal.visitor("south@example.org", Role::StockManager, Some("SOUTHERN"));
    let nameless = portal.post(&south, "/board/filters", &[("region", "North")]).await;
    nameless.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("Enter a name for the filter");
    let fields = [("region", "North"), ("name", "All of the North"), ("notifies", "yes")];
    let saved = portal.post(&south, "/board/filters", &fields).await;
    assert_eq!(saved.location(), "/board?region=North");
    portal.get(&south, "/board").await.must_say("All of the North region North Yes");
    let quiet = portal.press(&south, "/board/filters/flt-000001", &[("then", "quiet")]).await;
    quiet.location();
    portal.get(&south, "/board").await.must_say("All of the North region North No");
    portal.press(&south, "/board/filters/flt-000001", &[("then", "remove")]).await.location();
    portal.get(&south, "/board").await.must_say("You have none");

    let wanted = [("region", "North"), ("quantity", "8"), ("minimum", "3")];
    let request = portal.post(&south, "/requests/new", &wanted).await.location().to_owned();
    let north = portal.visitor("north@example.org", Role::StockManager, Some("NORTHERN"));
    let board = portal.get(&north, "/board/wanted").await;
    board.must_say("req-000001").must_not_say("Southern Power");
    let dcc = portal.visitor("dcc@example.org", Role::DccLogistics, None);
    let offer = send(&portal, &north, "/offers/new", &[]).await.location().to_owned();
    portal.press(&north, &format!("{offer}/submit"), &[]).await.location();
    portal.press(&dcc, &format!("{offer}/publish"), &[]).await.location();
    portal.get(&south, &request).await.must_say("All of it suits");
    let turn = format!("{request}/turn");
    portal.get(&south, &turn).await.must_say("off-000001");
    let id = offer.rsplit('/').next().unwrap();
    let asked = [("offer", id), ("quantity", "5"), ("minimum", "3")];
    portal.press(&south, &turn, &asked).await.location();
    portal.get(&south, &request).await.must_say("Waiting for selection");
    portal.get(&north, "/board/wanted").await.must_say("req-000002");
}

#[tokio::test]
async fn the_dcc_edits_the_stock_rules_and_the_holidays() {
    let portal = Portal::open();
    let policy = portal.visitor("policy@example.org", Role::DccPolicy, None);
    let page = portal.get(&policy, "/stock-rules").await;
    page.must_say("Central").must_say("May stand in, with a warning");
    let pair = [
        ("dimension", "han-variant"),
        ("offered", "Dual Band"),
        ("wanted", "Single Band"),
        ("rule", "allow"),
    ];
    portal.press(&policy, "/stock-rules/interchangeability", &pair).await.location();
    portal.get(&policy, "/stock-rules").await.must_say("Dual Band Single Band May stand in");
    let remove = "/stock-rules/interchangeability/remove";
    portal.press(&policy, remove, &pair[..3]).await.location();
    let bad = [("chts_version", "1.1"), ("ends_on", "then")];
    let bad = portal.press(&policy, "/stock-rules/installation-ends", &bad).await;
    bad.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("Enter a day such as 2026-12-25");
    let end = [("chts_version", "1.1"), ("ends_on", "2028-01-31")];
    portal.press(&policy, "/stock-rules/installation-ends", &end).await.location();
    portal.get(&policy, "/stock-rules").await.must_say("1.1 31 January 2028");
    let day = [("day", "2026-12-25"), ("name", "Christmas Day")];
    portal.press(&policy, "/holidays", &day).await.location();
    portal.get(&policy, "/holidays").await.must_say("25 December 2026 Christmas Day");
    let file = b"Day,Name\r\n2026-12-28,Boxing Day (substitute)\r\nsoon,\r\n";
    let upload = "/stock-rules/files/holidays";
    let version = portal.get(&policy, upload).await.value_of("version");
    let seen = [("version", version.as_str())];
    let refused = portal.upload(&policy, upload, &seen, ("h.csv", file)).await;
    refused.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("It is not a date");
    let file = b"Day,Name\r\n2026-12-28,Boxing Day (substitute)\r\n";
    let unseen = portal.upload(&policy, upload, &[], ("h.csv", file)).await;
    unseen.must_be(StatusCode::PRECONDITION_FAILED).must_say("Somebody else has changed this");
    portal.upload(&policy, upload, &seen, ("h.csv", file)).await.location();
    portal.get(&policy, "/holidays").await.must_not_say("Christmas Day");
    let csv = portal.get(&policy, "/stock-rules/files/holidays/export?format=csv").await;
    assert!(csv.text.contains("2026-12-28,Boxing Day (substitute)"));
    let north = portal.visitor("north@example.org", Role::StockManager, Some("NORTHERN"));
    portal.get(&north, "/stock-rules").await.must_not_say("Add or change a pair");
    let refused = portal.post(&north, "/holidays", &day).await;
    refused.must_be(StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn what_somebody_else_has_changed_is_not_decided_on_an_old_page() {
    let portal = Portal::open();
    let north = portal.visitor("north@example.org", Role::StockManager, Some("NORTHERN"));
    let south = portal.visitor("south@example.org", Role::StockManager, Some("SOUTHERN"));
    let dcc = portal.visitor("dcc@example.org", Role::DccLogistics, None);
    let stale = async |who: &Visitor, path: &str, more: &[(&str, &str)]| {
        for old in [&[("version", "99")][..], &[("version", "abc")], &[]] {
            let stale = portal.post(who, path, &[old, more].concat()).await;
            stale.must_be(StatusCode::PRECONDITION_FAILED);
        }
    };
    let offer = send(&portal, &north, "/offers/new", &[]).await.location().to_owned();
    portal.press(&north, &format!("{offer}/submit"), &[]).await.location();
    stale(&dcc, &format!("{offer}/publish"), &[]).await;
    stale(&dcc, &format!("{offer}/return"), &[("reason", "Say where")]).await;
    portal.press(&dcc, &format!("{offer}/publish"), &[]).await.location();
    stale(&dcc, &format!("{offer}/suspend"), &[("reason", "A question")]).await;
    stale(&dcc, &format!("{offer}/resume"), &[]).await;
    stale(&north, &format!("{offer}/withdraw"), &[("reason", "We need them")]).await;
    stale(&north, &format!("{offer}/close"), &[]).await;

    let id = offer.rsplit('/').next().unwrap();
    let asked = [("quantity", "2"), ("minimum", "1"), ("region", "North")];
    let wanted = portal.post(&south, "/requests/new", &asked).await.location().to_owned();
    stale(&south, &format!("{wanted}/edit"), &asked).await;
    stale(&south, &format!("{wanted}/submit"), &[]).await;
    stale(&south, &format!("{wanted}/withdraw"), &[("reason", "No room")]).await;
    stale(&south, &format!("{wanted}/turn"), &[("offer", id), asked[0], asked[1]]).await;
    portal.get(&south, &wanted).await.must_be(StatusCode::OK).must_say("Wanted");
}
