//! The pages of reports and of the journal.
#![allow(clippy::unwrap_used)]

mod portal;

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use domain::access::Role;
use portal::Portal;

#[tokio::test]
async fn whoever_may_see_records_sees_these_pages_and_nobody_else_does() {
    use Role::*;
    let portal = Portal::open();
    let finance = portal.visitor("finance@dcc.example", DccFinance, None);
    let run = portal.post(&finance, "/reports", &[("format", "csv")]).await;
    let run = run.location().to_owned();
    portal.work();
    for (role, visitor) in portal.everybody() {
        let check = async |page: &str, sees: bool| {
            let status = if sees { StatusCode::OK } else { StatusCode::NOT_FOUND };
            assert_eq!(portal.get(&visitor, page).await.status, status, "{role:?} {page}");
        };
        let sees = matches!(role, DccLogistics | DccFinance | DspOperator | Auditor);
        check("/reports", sees).await;
        check(&run, sees).await;
        check(&format!("{run}/download"), sees).await;
        let reads = matches!(role, Auditor | DccLogistics);
        check("/journal", reads).await;
        check("/journal/1", reads).await;
        check("/journal/99999", false).await;
        check("/reports/esi-000099", false).await;
    }
}

#[tokio::test]
async fn a_list_that_is_asked_for_what_there_is_not_says_so_and_shows_nothing() {
    let portal = Portal::open();
    let logistics = portal.visitor("logistics@dcc.example", Role::DccLogistics, None);
    portal.get(&logistics, "/parties").await.must_say("Northern Light Ltd");
    for page in [
        "/parties?category=zz",
        "/parties?status=zz",
        "/transfer-files?state=Nope",
        "/transfer-files?whose=Nope",
        "/transfers?state=Nope",
        "/transfers?kind=Nope",
        "/transfers?party=zz",
        "/offers?state=Nope",
        "/requests?state=Nope",
        "/journal?kind=Nope",
        "/mail?state=Nope",
        "/deliveries?kind=zz",
    ] {
        let wrong = portal.get(&logistics, page).await;
        wrong.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("There is a problem");
        wrong.must_say("what was asked for is none").must_not_say("Northern Light Ltd (");
        let right = portal.get(&logistics, page.split('?').next().unwrap()).await;
        right.must_be(StatusCode::OK).must_not_say("There is a problem");
    }
    for list in ["/hubs", "/parties", "/transfer-files", "/transfers", "/offers", "/requests"] {
        let wrong = portal.get(&logistics, &format!("{list}?q=x")).await;
        wrong.must_not_say("Failed to deserialize");
        wrong.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("unknown field `q`");
    }
}

#[tokio::test]
async fn whoever_has_nothing_to_do_is_told_so() {
    let portal = Portal::open();
    let none = [Role::CspEnquirer, Role::DccDisputes, Role::Auditor, Role::DccPolicy];
    for (role, visitor) in portal.everybody() {
        let home = portal.get(&visitor, "/").await;
        home.must_say("What waits for you").must_say("Go to");
        if none.contains(&role) || role == Role::SystemAdmin {
            home.must_say("Nothing waits for you.");
        }
    }
}

#[tokio::test]
async fn the_delivery_report_is_run_shown_and_saved() {
    let portal = Portal::open();
    let finance = portal.visitor("finance@dcc.example", Role::DccFinance, None);
    portal.get(&finance, "/reports").await.must_say("The report has not been run yet");
    let refused = portal.post(&finance, "/reports", &[]).await;
    refused.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("Select a format");
    let asked = portal.post(&finance, "/reports", &[("format", "csv")]).await;
    let page = asked.location().to_owned();
    let waiting = portal.get(&finance, &page).await;
    waiting.must_say("is being written").must_say("Check progress again");
    let early = portal.get(&finance, &format!("{page}/download")).await;
    early.must_be(StatusCode::CONFLICT).must_say("is not written yet");
    portal.work();
    let done = portal.get(&finance, &page).await;
    done.must_say("Done").must_say("Hubs 12").must_say("Download CSV").must_say("SHA-256");
    let saved = portal.get(&finance, &format!("{page}/download")).await;
    assert_eq!(saved.headers[CONTENT_TYPE], "text/csv; charset=utf-8");
    assert_eq!(saved.text.lines().count(), 13);
    portal.get(&finance, "/reports").await.must_say("DCC finance person");
    let events = portal.get(&finance, &format!("{page}/events")).await;
    assert_eq!(events.text, format!("event: done\ndata: {page}\n\n"));
}

#[tokio::test]
async fn an_auditor_looks_at_reports_and_runs_none() {
    let portal = Portal::open();
    let auditor = portal.visitor("auditor@dcc.example", Role::Auditor, None);
    portal.get(&auditor, "/reports").await.must_not_say("Run it now");
    let refused = portal.post(&auditor, "/reports", &[("format", "csv")]).await;
    refused.must_be(StatusCode::FORBIDDEN);
    portal.work();
    portal.get(&auditor, "/reports").await.must_say("The report has not been run yet");
}

#[tokio::test]
async fn the_journal_is_read_by_subject_and_kind_and_page_by_page() {
    let portal = Portal::open();
    let auditor = portal.visitor("auditor@dcc.example", Role::Auditor, None);
    let operator = portal.visitor("operator@dsp.example", Role::DspOperator, None);
    let subject = operator.user.to_string();
    let page = portal.get(&auditor, &format!("/journal?subject={subject}")).await;
    page.must_say("DSP operator person").must_say("Signed in");
    let page = portal.get(&auditor, &format!("/journal?subject={subject}&kind=SignedIn")).await;
    page.must_not_say("Added DSP").must_say("Signed in");
    assert!(page.text.contains("<option value=\"SignedIn\" selected>Signed in</option>"));
    portal.get(&auditor, "/journal?subject=nothing").await.must_say("No entry matches");
    for _ in 0..51 {
        portal.sign_in(operator.user);
    }
    let first = portal.get(&auditor, "/journal?kind=SignedIn").await;
    let next = first.text.split("href=\"").find(|part| part.contains("before=")).unwrap();
    let next = next.split('"').next().unwrap().replace("&#38;", "&");
    assert!(next.starts_with("/journal?kind=SignedIn&before="), "{next}");
    let second = portal.get(&auditor, &next).await;
    second.must_say("Signed in");
    assert!(!second.text.contains("before="), "there are not so many");
    assert!(second.text.contains("href=\"/journal?kind=SignedIn\" rel=\"prev\""), "and back");
    for _ in 0..100 {
        portal.sign_in(operator.user);
    }
    let link = |page: &portal::Page, rel: &str| {
        let tag = page.text.split("<a ").find(|tag| tag.contains(&format!("rel=\"{rel}\"")));
        let href = tag.unwrap().split("href=\"").nth(1).unwrap().split('"').next().unwrap();
        href.replace("&#38;", "&")
    };
    let second = link(&portal.get(&auditor, "/journal?kind=SignedIn").await, "next");
    let third = link(&portal.get(&auditor, &second).await, "next");
    assert_eq!(link(&portal.get(&auditor, &third).await, "prev"), second);
}

#[tokio::test]
async fn an_entry_is_shown_with_its_hashes_and_neighbours() {
    let portal = Portal::open();
    let auditor = portal.visitor("auditor@dcc.example", Role::Auditor, None);
    let mut tx = portal.app.db.read().unwrap();
    let entries = store::journal::following(&mut tx, 0, 2).unwrap();
    drop(tx);
    let page = portal.get(&auditor, "/journal/2").await;
    page.must_say(&app::files::hex(&entries[1].hash)).must_say(&app::files::hex(&entries[0].hash));
    page.must_say("hubstock verify").must_say(&entries[1].kind);
    assert!(page.text.contains("href=\"/journal/1\"") && page.text.contains("href=\"/journal/3\""));
    let first = portal.get(&auditor, "/journal/1").await;
    first.must_say(&"0".repeat(64));
    assert!(!first.text.contains("href=\"/journal/0\""));
}
