//! The pages of deliveries, statuses, snapshots and Parties: sent, tried, answered, decided.
#![allow(clippy::unwrap_used)]

mod portal;

use axum::http::StatusCode;
use domain::access::Role;
use portal::{Page, Portal, Visitor};

const HEADER: &str = "CHFID,GPFID,Manufacturer,Model,HardwareVersion,FirmwareVersion,CHTSVersion,\
    GBCSVersion,HANVariant,WANVariant,CSPRegion,OrderNo,ConsignmentNo,PalletID,BoxID,DeliveryDate,\
    AcceptanceDate,DeliveryLocation,ServiceUserReference,InstallationEndDate,TestHub";

/// A file of deliveries with these IDs.
fn delivery(ids: &[&str]) -> String {
    let lines = ids.iter().enumerate().map(|(number, id)| {
        format!(
            "{id},00-DB-13-00-00-00-AA-{number:02X},Meterworks,CH-2,1.0,2.3,1.1,4.1,Single Band,\
             Cellular,North,ORD2,CON2,PAL2,B1,2026-01-05,2026-01-07,Leeds,NOR1,,N\r\n"
        )
    });
    format!("{HEADER}\r\n{}", lines.collect::<String>())
}

async fn send(
    portal: &Portal,
    who: &Visitor,
    kind: &str,
    fields: &[(&str, &str)],
    text: &str,
) -> Page {
    let mut all = vec![("kind", kind)];
    all.extend_from_slice(fields);
    portal.upload(who, "/deliveries/new", &all, ("asn.csv", text.as_bytes())).await
}

#[tokio::test]
async fn whoever_may_see_files_sees_these_pages_and_nobody_else_does() {
    use Role::*;
    let portal = Portal::open();
    let operator = portal.visitor("operator@dsp.example", DspOperator, None);
    let sent = send(&portal, &operator, "deliveries", &[], &delivery(&[])).await;
    let one = sent.location().to_owned();
    portal.work();
    for (role, visitor) in portal.everybody() {
        let check = async |page: &str, sees: bool| {
            let status = if sees { StatusCode::OK } else { StatusCode::NOT_FOUND };
            assert_eq!(portal.get(&visitor, page).await.status, status, "{role:?} {page}");
        };
        let sees = matches!(
            role,
            DspOperator | DccLogistics | DccAuthoriser | DccFinance | Auditor | SystemAdmin
        );
        check("/deliveries", sees).await;
        check(&one, sees).await;
        check(&format!("{one}/answer"), sees).await;
        check("/deliveries/new", role == DspOperator).await;
        check("/parties", role != CspEnquirer).await;
        check("/parties/pty-000001", role != CspEnquirer).await;
        check("/parties/new", role == SystemAdmin).await;
        check("/parties/pty-000001/edit", role == SystemAdmin).await;
        check("/parties/pty-000099", false).await;
        let keeps = matches!(role, PartyAdmin | DccLogistics | SystemAdmin);
        check("/parties/pty-000001/contacts/new", keeps).await;
    }
}

#[tokio::test]
async fn a_delivery_is_sent_loaded_and_answered() {
    let portal = Portal::open();
    let operator = portal.visitor("operator@dsp.example", Role::DspOperator, None);
    let text = delivery(&["00-DB-13-00-00-00-00-01", "9.035E+13", "00-DB-13-00-00-00-00-02"]);
    let sent = send(&portal, &operator, "deliveries", &[], &text).await;
    let page = sent.location().to_owned();
    let waiting = portal.get(&operator, &page).await;
    waiting.must_say("Check progress again");
    assert!(waiting.text.contains(&format!("data-progress=\"{page}/events\"")));
    portal.work();
    let done = portal.get(&operator, &page).await;
    done.must_say("Loaded").must_say("loaded New, and now here 2").must_say("rejected");
    done.must_say("9.035E+13 rejected CHFID: A spreadsheet changed this value");
    let answer = portal.get(&operator, &format!("{page}/answer")).await;
    assert_eq!(answer.text.lines().count(), 4, "{}", answer.text);
    let again = send(&portal, &operator, "deliveries", &[], &text).await;
    assert_eq!(again.location(), page);
    portal.get(&operator, "/hubs?pallet=PAL2").await.must_say("00-DB-13-00-00-00-00-02");
    portal.get(&operator, "/deliveries?kind=deliveries").await.must_say("asn.csv");
    portal.get(&operator, "/deliveries?kind=statuses").await.must_say("No file has been sent yet");
}

#[tokio::test]
async fn a_dry_run_answers_and_writes_nothing() {
    let portal = Portal::open();
    let operator = portal.visitor("operator@dsp.example", Role::DspOperator, None);
    let text = delivery(&["00-DB-13-00-00-00-00-01", "DB1300000001"]);
    let tried = send(&portal, &operator, "deliveries", &[("dry_run", "yes")], &text).await;
    tried.must_be(StatusCode::OK).must_say("Only tried: nothing was written");
    tried.must_say("asn.csv has 2 lines, and 1 of them to look at").must_say("leading zeros lost?");
    let link = tried.text.split("href=\"/dry-runs/").nth(1).unwrap().split('"').next().unwrap();
    let answers = portal.get(&operator, &format!("/dry-runs/{link}")).await;
    assert_eq!(answers.text.lines().count(), 3, "{}", answers.text);
    portal.work();
    portal.get(&operator, "/hubs?pallet=PAL2").await.must_say("No hub matches");
    portal.get(&operator, "/deliveries").await.must_say("No file has been sent yet");
}

#[tokio::test]
async fn a_refused_form_keeps_what_was_chosen() {
    let portal = Portal::open();
    let operator = portal.visitor("operator@dsp.example", Role::DspOperator, None);
    let nothing = ("", &b""[..]);
    let fields = [("kind", "statuses"), ("dry_run", "yes")];
    let refused = portal.upload(&operator, "/deliveries/new", &fields, nothing).await;
    refused.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("Select a file");
    assert!(refused.text.contains("value=\"statuses\" checked"), "{}", refused.text);
    assert!(refused.text.contains("value=\"yes\" checked"), "{}", refused.text);
    let refused = send(&portal, &operator, "parties", &[], &delivery(&[])).await;
    refused.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("Select what the file holds");
}

#[tokio::test]
async fn a_file_that_is_refused_says_why() {
    let portal = Portal::open();
    let operator = portal.visitor("operator@dsp.example", Role::DspOperator, None);
    let sent = send(&portal, &operator, "statuses", &[], "CHFID,SMIStatus\r\n").await;
    let page = sent.location().to_owned();
    portal.work();
    portal.get(&operator, &page).await.must_say("The file was refused").must_say("StatusDate");
}

#[tokio::test]
async fn a_snapshot_waits_for_somebody_else() {
    let portal = Portal::open();
    let operator = portal.visitor("operator@dsp.example", Role::DspOperator, None);
    let authoriser = portal.visitor("authorise@dcc.example", Role::DccAuthoriser, None);
    let auditor = portal.visitor("auditor@dcc.example", Role::Auditor, None);
    let lines = delivery(&["00-DB-13-00-00-00-00-01"]);
    let text = lines.replacen("TestHub", "TestHub,SMIStatus,StatusDate", 1).replacen(
        ",,N",
        ",,N,Pending,2026-01-07T00:00:00Z",
        1,
    );
    let sent = send(&portal, &operator, "snapshot", &[], &text).await;
    let page = sent.location().to_owned();
    portal.work();
    let own = portal.get(&operator, &page).await;
    own.must_say("Waits for authorisation").must_say("missing").must_not_say("Your decision");
    own.must_say("You sent this snapshot, so somebody else must decide");
    portal.get(&auditor, &page).await.must_say("Your role does not authorise snapshots");
    let reject = format!("{page}/reject");
    portal.get(&auditor, &reject).await.must_be(StatusCode::NOT_FOUND);

    let seen = portal.get(&authoriser, &page).await;
    seen.must_say("Your decision").must_say("Authorise the differences");
    let version = seen.value_of("version");
    let empty = portal.post(&authoriser, &reject, &[("version", &version), ("reason", "")]).await;
    empty.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("Say why");
    let old = [("version", "0"), ("reason", "Not the newest")];
    let stale = portal.post(&authoriser, &reject, &old).await;
    stale.must_be(StatusCode::PRECONDITION_FAILED).must_say("Not the newest");
    assert_eq!(stale.value_of("version"), version);
    let forbidden =
        portal.post(&operator, &format!("{page}/authorise"), &[("version", &version)]).await;
    forbidden.must_be(StatusCode::CONFLICT).must_say("somebody else has to decide on it");
    let done =
        portal.post(&authoriser, &format!("{page}/authorise"), &[("version", &version)]).await;
    assert_eq!(done.location(), page);
    portal.work();
    portal
        .get(&operator, &page)
        .await
        .must_say("Loaded")
        .must_say("Decided by DCC authoriser person");
    portal.get(&operator, "/hubs?pallet=PAL2").await.must_say("00-DB-13-00-00-00-00-01");
    let late = portal.get(&authoriser, &reject).await;
    late.must_say("There is nothing to decide about this file now");
}

#[tokio::test]
async fn parties_are_found_read_and_sent() {
    let portal = Portal::open();
    let admin = portal.visitor("admin@dcc.example", Role::SystemAdmin, None);
    let own = portal.visitor("stock@northern.example", Role::StockManager, Some("NORTHERN"));
    let found = portal.get(&own, "/parties?text=south").await;
    found.must_say("Southern Power Ltd").must_not_say("Wires Ltd").must_not_say("Send a file");
    portal.get(&own, "/parties?category=Gas+Network").await.must_say("No Party matches");
    portal.get(&own, "/parties/pty-000001").await.must_say("Hubs 12").must_say("Pending 11");
    portal.get(&own, "/parties/pty-000002").await.must_not_say("It holds no hubs");
    let text = "Signifier,LegalName,Category,Group,UserIDs,ServiceUserReference,Status,MayHoldHubs\r\n\
        WESTERN,Western Gas Ltd,Gas Network,,,WES1,Active,Y\r\n,,,,,,,\r\n";
    let file = ("parties.csv", text.as_bytes());
    let sent = portal.upload(&admin, "/parties/new", &[], file).await;
    let page = sent.location().to_owned();
    portal.work();
    portal.get(&admin, &page).await.must_say("loaded New, and now here 1").must_say("rejected");
    portal.get(&own, "/parties").await.must_say("Western Gas Ltd").must_say("4 Parties");
}

#[tokio::test]
async fn a_party_is_changed_and_a_refusal_keeps_what_was_typed() {
    let portal = Portal::open();
    let admin = portal.visitor("admin@dcc.example", Role::SystemAdmin, None);
    let edit = "/parties/pty-000002/edit";
    let form = portal.get(&admin, edit).await;
    assert_eq!(form.value_of("legal_name"), "Southern Power Ltd");
    let version = form.value_of("version");
    let typed = |reference: &'static str, version: &'static str| {
        [
            ("version", version),
            ("signifier", "SOUTHERN"),
            ("legal_name", "Southern Power & Light"),
            ("category", "Small Supplier"),
            ("group", "Sun"),
            ("user_ids", "00-DB-12-34-56-78-90-A2"),
            ("service_user_reference", reference),
            ("status", "Suspended"),
            ("may_hold_hubs", "no"),
        ]
    };
    let taken = portal.post(&admin, edit, &typed("NOR1", "1")).await;
    taken.must_be(StatusCode::UNPROCESSABLE_ENTITY);
    taken.must_say("Northern Light Ltd has this service user reference");
    assert_eq!(taken.value_of("group"), "Sun");
    assert!(taken.text.contains("value=\"Suspended\" checked"), "{}", taken.text);
    assert_eq!(version, "1");
    let done = portal.post(&admin, edit, &typed("SOU2", "1")).await;
    assert_eq!(done.location(), "/parties/pty-000002");
    let page = portal.get(&admin, "/parties/pty-000002").await;
    page.must_say("Southern Power & Light").must_say("SOU2").must_say("answered with R08");
    let stale = portal.post(&admin, edit, &typed("SOU3", "1")).await;
    stale.must_be(StatusCode::PRECONDITION_FAILED).must_say("Somebody else has changed this");
    assert_eq!(stale.value_of("service_user_reference"), "SOU3");
    assert_eq!(stale.value_of("version"), "2");
}

#[tokio::test]
async fn a_party_keeps_its_contacts_and_delivery_locations_on_its_page() {
    let portal = Portal::open();
    let admin = portal.visitor("admin@northern.example", Role::PartyAdmin, Some("NORTHERN"));
    let stock = portal.visitor("stock@northern.example", Role::StockManager, Some("NORTHERN"));
    let foreign = portal.visitor("admin@southern.example", Role::PartyAdmin, Some("SOUTHERN"));
    let party = "/parties/pty-000001";
    portal.get(&admin, party).await.must_say("It has no contacts yet").must_say("Add a contact");
    let add = "/parties/pty-000001/contacts/new";
    let desk = |email: &'static str, version: &'static str| {
        [("version", version), ("purpose", "warehouse"), ("name", "Goods in"), ("email", email)]
    };
    let wrong = portal.post(&admin, add, &desk("goods", "")).await;
    wrong.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("There is a problem");
    assert!(wrong.text.contains("href=\"#email\""), "{}", wrong.words());
    assert_eq!(wrong.value_of("name"), "Goods in");
    let none = portal.post(&admin, add, &[]).await;
    none.must_say("Select what the contact is for");
    let done = portal.post(&admin, add, &desk("goods@northern.example", "")).await;
    assert_eq!(done.location(), party);

    let page = "/parties/pty-000001/contacts/con-000001";
    let form = portal.get(&admin, page).await;
    assert_eq!((form.value_of("version"), form.value_of("name")), ("1".into(), "Goods in".into()));
    portal.post(&admin, page, &desk("yard@northern.example", "1")).await.location();
    let stale = portal.post(&admin, page, &desk("gate@northern.example", "1")).await;
    stale.must_be(StatusCode::PRECONDITION_FAILED).must_say("Somebody else has changed this");
    assert_eq!(stale.value_of("email"), "gate@northern.example");
    assert_eq!(stale.value_of("version"), "2");

    let depot = [
        ("name", "Leeds depot"),
        ("address", "Unit 4\r\nLeeds"),
        ("region", "North"),
        ("is_active", "yes"),
    ];
    portal.post(&admin, "/parties/pty-000001/locations/new", &depot).await.location();
    let seen = portal.get(&stock, party).await;
    seen.must_say("yard@northern.example").must_say("Leeds depot").must_not_say("Add a contact");
    for form in ["/offers/new", "/requests/new"] {
        let suggested = "<option value=\"Leeds depot, Unit 4, Leeds\">";
        let page = portal.get(&stock, form).await;
        assert!(page.text.contains(suggested), "{}", page.text);
    }
    portal.get(&foreign, party).await.must_not_say("Leeds depot").must_not_say("Contacts");
    portal.get(&foreign, page).await.must_be(StatusCode::NOT_FOUND);
    let taken = portal.post(&foreign, &format!("{page}/remove"), &[("version", "2")]).await;
    taken.must_be(StatusCode::NOT_FOUND);

    let early = portal.post(&admin, &format!("{page}/remove"), &[("version", "1")]).await;
    early.must_be(StatusCode::PRECONDITION_FAILED);
    let gone = portal.post(&admin, &format!("{page}/remove"), &[("version", "2")]).await;
    assert_eq!(gone.location(), party);
    portal.get(&admin, party).await.must_say("It has no contacts yet");
}
