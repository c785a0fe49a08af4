//! The pages of hubs and stock: who sees which, what is found, and quarantine.
#![allow(clippy::unwrap_used)]

mod portal;

use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use domain::access::Role;
use portal::{Portal, hub};

/// The GPF ID of a hub of the world.
fn gpf(number: i64) -> String {
    let chf = domain::DeviceId::parse(&hub(number)).unwrap();
    domain::DeviceId::from_key(chf.key() + 0x100).to_string()
}

#[tokio::test]
async fn whoever_may_see_hubs_sees_these_pages_and_nobody_else_does() {
    let portal = Portal::open();
    let one = format!("/hubs/{}", hub(1));
    for (role, visitor) in portal.everybody() {
        let sees = !matches!(role, Role::DccPolicy | Role::CspEnquirer | Role::SystemAdmin);
        let status = if sees { StatusCode::OK } else { StatusCode::NOT_FOUND };
        for page in ["/hubs", "/stock", "/hubs/export?format=csv", one.as_str()] {
            assert_eq!(portal.get(&visitor, page).await.status, status, "{role:?} {page}");
        }
        let marks = role == Role::DccLogistics;
        let status = if marks { StatusCode::OK } else { StatusCode::NOT_FOUND };
        let page = format!("{one}/quarantine");
        assert_eq!(portal.get(&visitor, &page).await.status, status, "{role:?} {page}");
    }
    assert_eq!(
        portal.get(None, "/hubs?pallet=PAL1").await.location(),
        "/sign-in?next=%2Fhubs%3Fpallet%3DPAL1"
    );
}

#[tokio::test]
async fn any_spelling_of_either_id_leads_to_the_hub() {
    let portal = Portal::open();
    let visitor = portal.visitor("logistics@dcc.example", Role::DccLogistics, None);
    let bare = hub(1).replace('-', "").to_lowercase();
    for given in [hub(1), bare.clone(), format!("0x{bare}"), format!("%20GUID:{bare}")] {
        let found = portal.get(&visitor, &format!("/hubs?id={given}")).await;
        assert_eq!(found.location(), format!("/hubs/{}", hub(1)), "{given}");
    }
    let found = portal.get(&visitor, &format!("/hubs?id={}", gpf(1))).await;
    let page = portal.get(&visitor, found.location()).await;
    page.must_say("You asked for the ID of this hub’s Gas Proxy Function");
    page.must_say(&format!("This hub’s CHF ID is {}", hub(1)));
}

#[tokio::test]
async fn a_wrong_id_is_told_what_is_wrong_with_it_and_kept() {
    let portal = Portal::open();
    let visitor = portal.visitor("logistics@dcc.example", Role::DccLogistics, None);
    for (given, status, said) in [
        ("9.035E%2B13", StatusCode::UNPROCESSABLE_ENTITY, "A spreadsheet changed this value"),
        ("DB120000001", StatusCode::UNPROCESSABLE_ENTITY, "leading zeros lost?"),
        ("00-DB-12-00-00-00-00-ZZ", StatusCode::UNPROCESSABLE_ENTITY, "Character 22 is 'Z'"),
        (
            "00-DB-12-00-00-00-FF-FF",
            StatusCode::NOT_FOUND,
            "There is no hub 00-DB-12-00-00-00-FF-FF here",
        ),
    ] {
        let page = portal.get(&visitor, &format!("/hubs?id={given}")).await;
        page.must_be(status).must_say(said).must_say("There is a problem");
        assert_eq!(page.value_of("id"), given.replace("%2B", "+"));
    }
    let page = portal.get(&visitor, "/hubs?party=NOBODY").await;
    page.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("There is no Party “NOBODY”");
}

#[tokio::test]
async fn a_slice_stands_in_the_address_and_can_be_saved() {
    let portal = Portal::open();
    let visitor = portal.visitor("logistics@dcc.example", Role::DccLogistics, None);
    let slice = "pallet=PAL1&status=Commissioned";
    let page = portal.get(&visitor, &format!("/hubs?{slice}")).await;
    page.must_say(&hub(11)).must_not_say(&hub(1)).must_say("NORTHERN");
    assert_eq!(page.value_of("pallet"), "PAL1");
    let saved = portal.get(&visitor, &format!("/hubs/export?{slice}&format=csv")).await;
    assert_eq!(saved.headers[CONTENT_TYPE], "text/csv; charset=utf-8");
    let name = saved.headers[CONTENT_DISPOSITION].to_str().unwrap();
    assert!(name.starts_with("attachment; filename=\"hubs_"), "{name}");
    let lines: Vec<&str> = saved.text.lines().collect();
    assert!(lines[0].starts_with("CHFDeviceID,GPFDeviceID,manufacturer"), "{}", lines[0]);
    assert!(lines[1].starts_with(&hub(11)) && lines.len() == 2, "{lines:?}");
    let parquet = portal.get(&visitor, "/hubs/export?format=parquet").await;
    assert!(parquet.text.starts_with("PAR1"));
    portal.get(&visitor, "/hubs?pallet=NOWHERE").await.must_say("No hub matches");
}

#[tokio::test]
async fn one_hub_is_told_with_all_that_it_is_and_has_been() {
    let portal = Portal::open();
    let visitor = portal.visitor("logistics@dcc.example", Role::DccLogistics, None);
    let page = portal.get(&visitor, &format!("/hubs/{}", hub(12))).await;
    for said in [
        hub(12).as_str(),
        &gpf(12),
        "Pending",
        "Northern Light Ltd (NORTHERN)",
        "31 January 2020: passed",
        "Installation end date passed",
        "Delivered to Northern Light Ltd (NORTHERN)",
        "Meterworks, Ltd",
        "PAL1",
        "Put it into quarantine",
    ] {
        page.must_say(said);
    }
}

#[tokio::test]
async fn a_party_sees_its_own_hubs_alone() {
    let portal = Portal::open();
    let own = portal.visitor("stock@northern.example", Role::StockManager, Some("NORTHERN"));
    let other = portal.visitor("stock@southern.example", Role::StockManager, Some("SOUTHERN"));
    let page = format!("/hubs/{}", hub(1));
    portal.get(&own, &page).await.must_be(StatusCode::OK).must_not_say("quarantine");
    portal.get(&other, &page).await.must_be(StatusCode::NOT_FOUND);
    let asked = portal.get(&other, &format!("/hubs?id={}", hub(1))).await;
    asked.must_be(StatusCode::NOT_FOUND).must_say("There is no hub");
    portal.get(&other, "/hubs").await.must_say("No hub matches");
    portal.get(&other, "/hubs?party=NORTHERN").await.must_be(StatusCode::NOT_FOUND);
    portal.get(&other, "/stock").await.must_say("No hub matches");
    let saved = portal.get(&other, "/hubs/export?format=csv").await;
    assert_eq!(saved.text.lines().count(), 1);
}

#[tokio::test]
async fn stock_is_counted_by_what_is_asked_for() {
    let portal = Portal::open();
    let visitor = portal.visitor("finance@dcc.example", Role::DccFinance, None);
    let page = portal.get(&visitor, "/stock").await;
    page.must_say("Hubs 12").must_say("Pending: can be moved 11");
    page.must_say("Northern Light Ltd (NORTHERN) 12 in all 11 Pending 1 Commissioned");
    assert!(
        page.text.contains("href=\"/hubs?party=NORTHERN&#38;status=Pending\""),
        "{}",
        page.text
    );
    let page = portal.get(&visitor, "/stock?by=all&status=Commissioned").await;
    page.must_say("Meterworks, Ltd CH-1, firmware 2.3").must_say("Hubs 1");
    portal.get(&visitor, "/stock?region=South").await.must_say("No hub matches");
    let wrong = portal.get(&visitor, "/stock?party=NOBODY").await;
    wrong.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("There is no Party");
    assert_eq!(wrong.value_of("party"), "NOBODY");
}

#[tokio::test]
async fn a_hub_goes_into_quarantine_and_comes_out_with_a_reason() {
    let portal = Portal::open();
    let visitor = portal.visitor("logistics@dcc.example", Role::DccLogistics, None);
    let page = format!("/hubs/{}", hub(1));
    let refused = portal.press(&visitor, &format!("{page}/quarantine"), &[("reason", " ")]).await;
    refused.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("Say why");
    let done =
        portal.press(&visitor, &format!("{page}/quarantine"), &[("reason", "Wet box")]).await;
    assert_eq!(done.location(), page);
    portal
        .get(&visitor, &page)
        .await
        .must_say("In quarantine")
        .must_say("Take it out of quarantine");
    let again =
        portal.press(&visitor, &format!("{page}/quarantine"), &[("reason", "Wet <b>")]).await;
    again.must_be(StatusCode::CONFLICT).must_say("already in quarantine");
    assert!(again.text.contains("Wet &#60;b&#62;</textarea>"), "{}", again.text);
    let stale = [("reason", "Dry again"), ("version", "1")];
    let stale = portal.post(&visitor, &format!("{page}/release"), &stale).await;
    stale.must_be(StatusCode::PRECONDITION_FAILED).must_say("Somebody else has changed this");
    let (version, reason) = (stale.value_of("version"), "Dry again");
    let fields = [("reason", reason), ("version", &version)];
    let done = portal.post(&visitor, &format!("{page}/release"), &fields).await;
    assert_eq!(done.location(), page);
    portal.get(&visitor, &page).await.must_not_say("In quarantine");
    let journal = portal.get(&visitor, &format!("/journal?subject={}", hub(1))).await;
    journal.must_say("Wet box").must_say("Dry again");
    let auditor = portal.visitor("auditor@dcc.example", Role::Auditor, None);
    let page = format!("{page}/quarantine");
    portal.post(&auditor, &page, &[("reason", "x")]).await.must_be(StatusCode::NOT_FOUND);
}
