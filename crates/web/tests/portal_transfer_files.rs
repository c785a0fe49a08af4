//! The pages of transfer files: from the upload to the answers, by two people.
#![allow(clippy::unwrap_used)]

mod portal;

use axum::http::StatusCode;
use domain::access::Role;
use portal::{Portal, Visitor, hub, minimal};

/// A portal with a preparer and an authoriser.
fn portal() -> (Portal, Visitor, Visitor) {
    let portal = Portal::open();
    let preparer = portal.visitor("prepare@dcc.example", Role::DccLogistics, None);
    let authoriser = portal.visitor("authorise@dcc.example", Role::DccAuthoriser, None);
    (portal, preparer, authoriser)
}

/// Uploads a file and answers the address of its page.
async fn send(portal: &Portal, who: &Visitor, text: &str) -> String {
    let file = ("moves.csv", text.as_bytes());
    let sent = portal.upload(who, "/transfer-files/new", &[("mode", "continue")], file).await;
    sent.location().to_owned()
}

/// Three hubs that move, one that was installed, one line that is no ID.
fn mixed() -> String {
    minimal(&[hub(1), hub(2), hub(12), hub(11), "9.035E+13".to_owned()], "SOU1")
}

#[tokio::test]
async fn a_file_goes_from_the_upload_to_its_answers() {
    let (portal, preparer, authoriser) = portal();
    let page = send(&portal, &preparer, &mixed()).await;
    let received = portal.get(&preparer, &page).await;
    received.must_be(StatusCode::OK).must_say("Check progress again");
    assert!(received.text.contains(&format!("data-progress=\"{page}/events\"")));

    portal.work();
    let checked = portal.get(&preparer, &page).await;
    checked.must_say("Waiting to be authorised").must_say("would be updated");
    checked.must_say("What would become of the lines Code Lines Meaning What to do");
    checked.must_say("You prepared this file, so somebody else must authorise it.");
    checked.must_say("1 hub past the installation end date");
    checked.must_say("Northern Light Ltd (NOR1)").must_say("Meterworks, Ltd CH-1");
    assert!(!checked.text.contains(&format!("{page}/authorise\" novalidate><input")));
    checked.must_not_say("Authorise Reject");

    let seen = portal.get(&authoriser, &page).await;
    seen.must_say("Your decision").must_not_say("You prepared this file");
    let version = seen.value_of("version");
    let done =
        portal.post(&authoriser, &format!("{page}/authorise"), &[("version", &version)]).await;
    assert_eq!(done.location(), page);
    portal.work();

    let applied = portal.get(&preparer, &page).await;
    applied.must_say("Applied in part").must_say("When applied").must_say("Hubs moved 3");
    applied.must_say("1 hub was installed before this file was processed");
    applied.must_say("What happened").must_say("by DCC authoriser person");
    let response = portal.get(&preparer, &format!("{page}/response")).await;
    assert_eq!(response.text.lines().count(), 6, "{}", response.text);
    let errors = portal.get(&preparer, &format!("{page}/errors")).await;
    assert!(errors.text.contains("9.035E+13") && !errors.text.contains(&hub(1)), "{}", errors.text);
    let original = portal.get(&preparer, &format!("{page}/original")).await;
    assert_eq!(original.text, mixed());
}

#[tokio::test]
async fn a_file_whose_job_broke_says_so_and_is_run_again() {
    let (portal, preparer, _) = portal();
    let operator = portal.visitor("operate@dsp.example", Role::DspOperator, None);
    let auditor = portal.visitor("audit@dcc.example", Role::Auditor, None);
    let page = send(&portal, &preparer, &mixed()).await;
    let set = |columns: &str| {
        let mut tx = portal.app.db.write().unwrap();
        tx.batch(&format!("UPDATE jobs SET problem = 'the disk is <full>', {columns}")).unwrap();
        tx.commit().unwrap();
    };
    set("attempts = 1");
    let waiting = portal.get(&preparer, &page).await;
    waiting.must_say("The last attempt broke off: the disk is").must_say("tries again by itself");
    portal.get(&operator, "/jobs").await.must_say("No job has failed.");

    set("state = 'failed', finished_at = 1");
    let failed = portal.get(&preparer, &page).await;
    failed.must_say("Hubstock has stopped working on this.");
    failed.must_say("What broke it: the disk is").must_say("has job-000001 run again");
    failed.must_say("The DSP operator or DCC logistics");
    assert!(!failed.text.contains("<progress"), "nothing goes on");
    portal.get(&operator, "/").await.must_say("Check ctf-000001");
    portal.get(&auditor, "/jobs").await.must_say("job-000001").must_not_say("Run again");
    portal.post(&auditor, "/jobs/job-000001/rerun", &[]).await.must_be(StatusCode::FORBIDDEN);
    let listed = portal.get(&operator, "/jobs").await;
    listed.must_say("Check ctf-000001").must_say("Run again job-000001");
    let again = portal.post(&operator, "/jobs/job-000001/rerun", &[]).await;
    assert_eq!(again.location(), "/jobs");
    portal.post(&operator, "/jobs/job-000001/rerun", &[]).await.must_be(StatusCode::CONFLICT);
    portal.work();
    portal.get(&preparer, &page).await.must_say("Waiting to be authorised");
    portal.get(&operator, "/jobs").await.must_say("No job has failed.");
}

#[tokio::test]
async fn the_preparer_is_refused_by_the_server_too() {
    let (portal, preparer, _) = portal();
    let page = send(&portal, &preparer, &mixed()).await;
    portal.work();
    let refused = portal.post(&preparer, &format!("{page}/authorise"), &[]).await;
    refused.must_be(StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn somebody_with_both_roles_cannot_authorise_an_own_file() {
    let (portal, preparer, _) = portal();
    let email = "prepare@dcc.example";
    let role = Role::DccAuthoriser;
    app::people::add_by_operator(&portal.app, email, "x", role, None, portal::PASSWORD).unwrap();
    let both = portal.sign_in(preparer.user);
    let page = send(&portal, &both, &mixed()).await;
    portal.work();
    let refused = portal.press(&both, &format!("{page}/authorise"), &[]).await;
    refused.must_be(StatusCode::CONFLICT).must_say("There is a problem");
    refused.must_say("somebody else must authorise it").must_say("Waiting to be authorised");
}

#[tokio::test]
async fn a_page_that_is_out_of_date_shows_the_file_as_it_is() {
    let (portal, preparer, authoriser) = portal();
    let page = send(&portal, &preparer, &mixed()).await;
    portal.work();
    for seen in [&[("version", "1")][..], &[("version", "abc")], &[("version", "")], &[]] {
        let stale = portal.post(&authoriser, &format!("{page}/authorise"), seen).await;
        stale.must_be(StatusCode::PRECONDITION_FAILED).must_say("There is a problem");
        stale.must_say("Waiting to be authorised");
    }

    let reason = ("reason", "Not as agreed");
    let stale =
        portal.post(&authoriser, &format!("{page}/reject"), &[("version", "1"), reason]).await;
    stale.must_be(StatusCode::PRECONDITION_FAILED).must_say("Not as agreed");
    let version = stale.value_of("version");
    let rejected =
        portal.post(&authoriser, &format!("{page}/reject"), &[("version", &version), reason]).await;
    assert_eq!(rejected.location(), page);
    let rejected = portal.get(&preparer, &page).await;
    rejected.must_say("Rejected by the authoriser").must_say("Not as agreed");
}

#[tokio::test]
async fn a_decision_without_a_reason_is_asked_for_one() {
    let (portal, preparer, authoriser) = portal();
    let page = send(&portal, &preparer, &mixed()).await;
    portal.work();
    let reject = format!("{page}/reject");
    portal.get(&authoriser, &reject).await.must_say("The person who prepared the file reads this");
    let asked = portal.press(&authoriser, &reject, &[("reason", " ")]).await;
    asked.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("There is a problem");
    assert!(asked.text.contains("href=\"#reason\""), "{}", asked.words());
    let withdraw = format!("{page}/withdraw");
    let withdrawn = portal.press(&preparer, &withdraw, &[("reason", "Sent by mistake")]).await;
    assert_eq!(withdrawn.location(), page);
    let late = portal.post(&preparer, &withdraw, &[("reason", "Again")]).await;
    late.must_be(StatusCode::PRECONDITION_FAILED).must_say("You cannot withdraw this file now");
}

#[tokio::test]
async fn lines_are_shown_by_code_with_what_to_do() {
    let (portal, preparer, _) = portal();
    let page = send(&portal, &preparer, &mixed()).await;
    portal.work();
    let rejected = portal.get(&preparer, &format!("{page}/lines")).await;
    rejected.must_say("2 lines").must_say("Commissioned").must_say("format the column as Text");
    let one = portal.get(&preparer, &format!("{page}/lines?code=R04")).await;
    one.must_say("1 line").must_say(&hub(11)).must_not_say("9.035E+13");
    assert!(one.text.contains("value=\"R04\" selected"));
    let all = portal.get(&preparer, &format!("{page}/lines?code=all")).await;
    all.must_say("5 lines").must_say(&hub(1));
}

#[tokio::test]
async fn what_cannot_be_read_is_answered_on_the_form_or_on_its_page() {
    let (portal, preparer, _) = portal();
    let none = portal.upload(&preparer, "/transfer-files/new", &[], ("", b"")).await;
    none.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("Select a file");
    assert!(none.text.contains("href=\"#file\""));
    let mode = [("mode", "all-or-nothing")];
    let none = portal.upload(&preparer, "/transfer-files/new", &mode, ("", b"")).await;
    assert!(none.text.contains("value=\"all-or-nothing\" checked"), "{}", none.text);

    let page = send(&portal, &preparer, "no header here\r\n").await;
    portal.work();
    portal.get(&preparer, &page).await.must_say("Refused").must_say("Nothing was changed");
    let again = send(&portal, &preparer, &mixed()).await;
    assert_eq!(send(&portal, &preparer, &mixed()).await, again);
}

#[tokio::test]
async fn a_file_can_be_checked_only_and_nothing_changes() {
    let (portal, preparer, authoriser) = portal();
    let path = "/transfer-files/check";
    let text = mixed();
    let file = ("moves.csv", text.as_bytes());
    let form = portal.get(&preparer, "/transfer-files/new").await;
    form.must_say("Check only, change nothing");
    assert!(form.text.contains("formaction=\"/transfer-files/check\""));
    let tried = portal.upload(&preparer, path, &[("mode", "continue")], file).await;
    tried.must_be(StatusCode::OK).must_say("Only checked: nothing was changed");
    tried.must_say("moves.csv would move 3 hubs; 2 lines would be rejected.");
    tried.must_say("Difference from the inventory").must_say("Northern Light Ltd (NOR1)");
    tried.must_say("1 hub past the installation end date");
    let link = tried.text.split("href=\"/dry-runs/").nth(1).unwrap().split('"').next().unwrap();
    let answers = portal.get(&preparer, &format!("/dry-runs/{link}")).await;
    assert_eq!(answers.text.lines().count(), 6, "{}", answers.text);
    portal.get(&authoriser, &format!("/dry-runs/{link}")).await.must_be(StatusCode::NOT_FOUND);
    let strict = [("mode", "all-or-nothing")];
    let tried = portal.upload(&preparer, path, &strict, file).await;
    tried.must_say("would move 0 hubs").must_say("N00");
    assert!(tried.text.contains("value=\"all-or-nothing\" checked"));
    let refused = portal.upload(&preparer, path, &[], ("no.csv", b"no header")).await;
    refused.must_say("no.csv would be refused whole.");
    let none = portal.upload(&preparer, path, &[], ("", b"")).await;
    none.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("Select a file");
    portal.get(&preparer, "/transfer-files").await.must_not_say("moves.csv");
    let page = send(&portal, &preparer, &mixed()).await;
    let id = page.rsplit('/').next().unwrap();
    let tried = portal.upload(&preparer, path, &[], file).await;
    tried.must_say("moves.csv would move 3 hubs").must_say("It was sent before");
    tried.must_say(&format!("it gets the answer of {id}"));
}

#[tokio::test]
async fn pasted_ids_become_a_file_and_every_bad_line_is_answered() {
    let (portal, preparer, _) = portal();
    let path = "/transfer-files/generate";
    portal.get(&preparer, path).await.must_say("Southern Power Ltd (SOU1)");
    portal.get(&preparer, path).await.must_not_say("Select a Party Wires");

    let wrong = format!("{}\n9.035E+13\n\nnothing\n{}", hub(1), hub(2).replace('-', ":"));
    let typed = [("ids", wrong.as_str()), ("to_reference", "SOU1"), ("reference", "TRF-7")];
    let kept = portal.post(&preparer, path, &typed).await;
    kept.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("Correct 2 lines of what you pasted");
    kept.must_say("2 9.035E+13").must_say("4 nothing");
    assert!(kept.text.contains(&wrong), "what was pasted is kept");
    assert!(kept.text.contains("value=\"TRF-7\"") && kept.text.contains("value=\"SOU1\" selected"));

    let missing = portal.post(&preparer, path, &[]).await;
    missing.must_say("Paste the IDs of the hubs").must_say("Select the new Party");
    missing.must_say("Enter the reference of the transfer");

    let right = format!("{}\r\n{}", hub(1), hub(2).replace('-', ":"));
    let typed = [("ids", right.as_str()), ("to_reference", "SOU1"), ("reference", "TRF-7")];
    let file = portal.post(&preparer, path, &[&typed[..], &[("then", "download")]].concat()).await;
    file.must_be(StatusCode::OK);
    assert!(file.text.starts_with("HDR,CHST,1.0,"), "{}", file.text);
    let sent = portal.post(&preparer, path, &[&typed[..], &[("then", "submit")]].concat()).await;
    let page = sent.location().to_owned();
    portal.work();
    portal.get(&preparer, &page).await.must_say("Would move 2").must_say("TRF-7");
}

#[tokio::test]
async fn a_hundred_thousand_ids_can_be_pasted() {
    let (portal, preparer, _) = portal();
    let ids: String = (1..=100_000_i64)
        .map(|n| {
            format!("00:DB:13:00:00:{:02x}:{:02x}:{:02x}\r\n", n >> 16, (n >> 8) & 255, n & 255)
        })
        .collect();
    let typed = [
        ("ids", ids.as_str()),
        ("to_reference", "SOU1"),
        ("reference", "TRF-7"),
        ("then", "download"),
    ];
    let file = portal.post(&preparer, "/transfer-files/generate", &typed).await;
    file.must_be(StatusCode::OK);
    assert_eq!(file.text.lines().count(), 100_002);
}

#[tokio::test]
async fn finance_settles_a_hub_that_was_installed_before() {
    let (portal, preparer, authoriser) = portal();
    let finance = portal.visitor("finance@dcc.example", Role::DccFinance, None);
    let page = send(&portal, &preparer, &mixed()).await;
    portal.work();
    portal.press(&authoriser, &format!("{page}/authorise"), &[]).await;
    portal.work();
    let home = portal.get(&finance, "/").await;
    home.must_say(&format!("Settle {}", hub(11)));
    let queue = portal.get(&finance, "/installed-before").await;
    queue.must_say(&hub(11)).must_say("Commissioned").must_say("SOU1");
    portal.get(&preparer, "/installed-before").await.must_say("Waiting");

    let asked = portal.press(&finance, "/installed-before/1", &[("note", "")]).await;
    asked.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("There is a problem");
    let stale = [("note", "Northern pays"), ("version", "2")];
    let stale = portal.post(&finance, "/installed-before/1", &stale).await;
    stale.must_be(StatusCode::PRECONDITION_FAILED).must_say("Somebody else has changed this");
    let version = stale.value_of("version");
    let note = [("note", "Northern pays until 31 October"), ("version", &version)];
    let settled = portal.post(&finance, "/installed-before/1", &note).await;
    assert_eq!(settled.location(), "/installed-before");
    portal.get(&finance, "/installed-before").await.must_say("No hub waits here");
    let one = portal.get(&finance, "/installed-before/1").await;
    one.must_say("Northern pays until 31 October").must_say("by DCC finance person");
}

#[tokio::test]
async fn the_list_filters_by_its_address_and_offers_what_the_reader_may_do() {
    let (portal, preparer, authoriser) = portal();
    let page = send(&portal, &preparer, &mixed()).await;
    portal.work();
    let list = portal.get(&preparer, "/transfer-files?whose=mine&state=Validated").await;
    list.must_say("moves.csv").must_say("Upload a transfer file").must_say("Prepared by me");
    assert!(list.text.contains(&format!("href=\"{page}\"")));
    portal.get(&preparer, "/transfer-files?state=Applied").await.must_say("No transfer file");
    portal.get(&preparer, "/transfer-files?text=nothing").await.must_say("No transfer file");
    let waiting = portal.get(&authoriser, "/transfer-files?whose=waiting").await;
    waiting.must_say("moves.csv").must_not_say("Upload a transfer file");
    portal.get(&authoriser, "/").await.must_say("Transfer files to authorise moves.csv");
}

#[tokio::test]
async fn each_page_is_for_the_roles_that_may_see_it() {
    let (portal, preparer, _) = portal();
    let page = send(&portal, &preparer, &mixed()).await;
    portal.work();
    let sees = [
        Role::DccLogistics,
        Role::DccAuthoriser,
        Role::DccFinance,
        Role::DccDisputes,
        Role::DspOperator,
        Role::Auditor,
    ];
    let settles =
        [Role::DccLogistics, Role::DccFinance, Role::DspOperator, Role::Auditor].as_slice();
    let prepares = [Role::DccLogistics].as_slice();
    let pages: Vec<(String, &[Role])> = vec![
        ("/transfer-files".into(), &sees),
        (page.clone(), &sees),
        (format!("{page}/lines"), &sees),
        (format!("{page}/response"), &sees),
        (format!("{page}/errors"), &sees),
        (format!("{page}/original"), &sees),
        (format!("{page}/events"), &sees),
        ("/installed-before".into(), settles),
        ("/transfer-files/new".into(), prepares),
        ("/transfer-files/generate".into(), prepares),
    ];
    for (role, visitor) in portal.everybody() {
        for (path, roles) in &pages {
            let shown = portal.get(&visitor, path).await.status;
            let expected =
                if roles.contains(&role) { StatusCode::OK } else { StatusCode::NOT_FOUND };
            assert_eq!(shown, expected, "{} at {path}", role.word());
        }
    }
    for (path, _) in &pages {
        let nobody = portal.get(None, path).await;
        assert!(nobody.location().starts_with("/sign-in?next="), "{path}");
    }
}
