//! Signing in, the own account, people, settings, help: each page for whoever may see it.
#![allow(clippy::unwrap_used)]

mod portal;

use app::sign_in;
use axum::http::StatusCode;
use domain::access::Role;
use portal::{PASSWORD, Portal};

#[tokio::test]
async fn signing_in_leads_where_one_wanted_to_go() {
    let portal = Portal::open();
    portal.visitor("depot@northern.example", Role::Warehouse, Some("NORTHERN"));
    let wanted = portal.get(None, "/hubs?status=Pending").await;
    assert_eq!(wanted.location(), "/sign-in?next=%2Fhubs%3Fstatus%3DPending");
    let form = portal.get(None, "/sign-in?next=/hubs%3Fstatus%3DPending").await;
    assert_eq!(form.value_of("next"), "/hubs?status=Pending");
    let typed = [
        ("email", "Depot@northern.example"),
        ("password", PASSWORD),
        ("next", "/hubs?status=Pending"),
    ];
    let signed_in = portal.post(None, "/sign-in", &typed).await;
    assert_eq!(signed_in.location(), "/hubs?status=Pending");
    assert!(signed_in.cookies().contains("HttpOnly; SameSite=Lax"), "{}", signed_in.cookies());
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_account_get_the_same_page() {
    let portal = Portal::open();
    portal.visitor("depot@northern.example", Role::Warehouse, Some("NORTHERN"));
    let mut pages = Vec::new();
    for email in ["depot@northern.example", "nobody@northern.example"] {
        let typed = [("email", email), ("password", "not this one at all")];
        let page = portal.post(None, "/sign-in", &typed).await;
        page.must_be(StatusCode::UNAUTHORIZED).must_say("There is a problem");
        assert_eq!(page.value_of("email"), email, "what was typed is kept");
        assert!(!page.text.contains("not this one"), "a password is never sent back");
        pages.push(page.text.replace(email, ""));
    }
    assert_eq!(pages[0], pages[1]);
    let nothing = portal.post(None, "/sign-in", &[]).await;
    nothing.must_say("Enter your email address").must_say("Enter your password");
}

#[tokio::test]
async fn after_signing_out_the_session_is_no_more() {
    let portal = Portal::open();
    let person = portal.visitor("depot@northern.example", Role::Warehouse, Some("NORTHERN"));
    portal.get(&person, "/").await.must_say("Signed in as Warehouse person for Northern Light Ltd");
    let out = portal.post(&person, "/sign-out", &[]).await;
    assert_eq!(out.location(), "/");
    assert!(out.cookies().contains("Max-Age=0"));
    portal.get(&person, "/").await.must_say("Move Communications Hub stock between Parties");
}

#[tokio::test]
async fn what_is_sent_when_the_session_has_ended_is_said_to_be_lost() {
    let portal = Portal::open();
    let person = portal.visitor("depot@northern.example", Role::Warehouse, Some("NORTHERN"));
    portal.post(&person, "/sign-out", &[]).await.location();
    let lost = portal.post(&person, "/account/tokens", &[("name", "Upload")]).await;
    let to = "/sign-in?next=%2Faccount%2Ftokens%3Ffrom%3Dpage&unsent=yes";
    assert_eq!(lost.location(), to);
    let form = portal.get(&person, to).await;
    form.must_say("There is a problem You were signed out, so nothing of what you sent was kept.");
    assert_eq!(form.value_of("next"), "/account/tokens?from=page");
    portal.get(&person, "/sign-in").await.must_not_say("There is a problem");
}

#[tokio::test]
async fn whoever_tries_too_often_is_told_when_to_try_again() {
    let portal = Portal::open();
    let typed = [("email", "nobody@northern.example"), ("password", "not this one at all")];
    let page = loop {
        let page = portal.post(None, "/sign-in", &typed).await;
        if page.status != StatusCode::UNAUTHORIZED {
            break page;
        }
    };
    page.must_be(StatusCode::TOO_MANY_REQUESTS).must_say("too many failed attempts");
    assert_eq!(page.headers["retry-after"], "60");
}

#[tokio::test]
async fn a_person_of_two_organisations_switches_between_them() {
    let portal = Portal::open();
    let email = "both@people.example";
    portal.visitor(email, Role::StockManager, Some("NORTHERN"));
    let person = portal.visitor(email, Role::StockManager, Some("SOUTHERN"));
    let choose = portal.get(&person, "/organisation").await;
    choose.must_say("Northern Light Ltd").must_say("Southern Power Ltd");
    let none = portal.post(&person, "/organisation", &[]).await;
    none.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("Select an organisation");
    for (number, name) in [("2", "Southern Power Ltd"), ("1", "Northern Light Ltd")] {
        portal.post(&person, "/organisation", &[("organisation", number)]).await.location();
        portal.get(&person, "/").await.must_say(&format!("for {name}"));
    }
    let foreign = portal.post(&person, "/organisation", &[("organisation", "3")]).await;
    foreign.must_be(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_token_is_shown_once_works_and_can_be_revoked() {
    let portal = Portal::open();
    let person = portal.visitor("logistics@dcc.example", Role::DccLogistics, None);
    portal.get(&person, "/account").await.must_say("You have no token");
    let nothing = [("name", " "), ("scope", "read"), ("days", "0")];
    let nothing = portal.post(&person, "/account/tokens", &nothing).await;
    nothing.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("Enter a name");
    nothing.must_say("Enter a whole number of days from 1 to");
    let wrong = [("name", "Nightly upload"), ("scope", "read"), ("days", "soon")];
    let wrong = portal.post(&person, "/account/tokens", &wrong).await;
    wrong.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("Enter a whole number of days");
    assert_eq!(wrong.value_of("name"), "Nightly upload");

    let typed = [("name", "Nightly upload"), ("scope", "write"), ("days", "30")];
    let issued = portal.post(&person, "/account/tokens", &typed).await;
    issued.must_be(StatusCode::OK).must_say("It is shown only now");
    let words = issued.words();
    let secret = words.split_whitespace().find(|word| word.starts_with("hub_")).unwrap();
    assert!(sign_in::actor_for_token(&portal.app, secret).unwrap().is_some());

    let account = portal.get(&person, "/account").await;
    account.must_say("Nightly upload").must_say("Read and write").must_not_say(secret);
    portal.post(&person, "/account/tokens/tok-000001/revoke", &[]).await.location();
    portal.get(&person, "/account").await.must_say("Revoked");
    assert!(sign_in::actor_for_token(&portal.app, secret).unwrap().is_none());
    let other = portal.visitor("other@dcc.example", Role::DccLogistics, None);
    let foreign = portal.post(&other, "/account/tokens/tok-000001/revoke", &[]).await;
    foreign.must_be(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_person_ends_own_sessions_and_changes_the_password() {
    let portal = Portal::open();
    let person = portal.visitor("logistics@dcc.example", Role::DccLogistics, None);
    let elsewhere = portal.sign_in(person.user);
    let account = portal.get(&person, "/account").await;
    account.must_say("This one").must_say("192.0.2.1");
    let at = account.text.find("/account/sessions/").expect("another session");
    let end = account.text[at..].split('"').next().unwrap().to_owned();
    portal.post(&person, &end, &[]).await.location();
    assert!(portal.get(&elsewhere, "/account").await.location().starts_with("/sign-in"));

    for _ in 0..30 {
        let nothing = portal.post(&person, "/account/password", &[]).await;
        nothing.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("Enter a new password");
        nothing.must_say("Enter your current password");
    }
    let wrong = [("current", "not this one"), ("password", "four quite plain words")];
    let wrong = portal.post(&person, "/account/password", &wrong).await;
    wrong.must_be(StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("href=\"#current\""), "{}", wrong.words());
    let short = [("current", PASSWORD), ("password", "short")];
    let short = portal.post(&person, "/account/password", &short).await;
    assert!(short.text.contains("href=\"#password\""), "{}", short.words());
    let right = [("current", PASSWORD), ("password", "four quite plain words")];
    let right = portal.post(&person, "/account/password", &right).await;
    assert_eq!(right.location(), "/account");
}

#[tokio::test]
async fn an_invitation_leads_to_a_password_and_a_role() {
    let portal = Portal::open();
    let admin = portal.visitor("admin@northern.example", Role::PartyAdmin, Some("NORTHERN"));
    let form = portal.get(&admin, "/people/invite").await;
    form.must_say("Stock manager").must_not_say("DCC authoriser").must_not_say("Southern");
    let nothing = portal.post(&admin, "/people/invite", &[]).await;
    nothing.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("Enter an email address");
    nothing.must_say("Enter a name Select an organisation Select a role");
    let typed = [("email", "new@northern.example"), ("name", "New person"), ("organisation", "1")];
    let wrong = portal.post(&admin, "/people/invite", &typed).await;
    wrong.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("Select a role");
    assert_eq!(wrong.value_of("email"), "new@northern.example");
    let typed = [&typed[..], &[("role", "warehouse")]].concat();
    let made = portal.post(&admin, "/people/invite", &typed).await;
    made.must_be(StatusCode::OK).must_say("The link is shown only now");
    let words = made.words();
    let link = words.split_whitespace().find(|word| word.contains("/invitations/")).unwrap();
    let path = link.strip_prefix("http://hubstock.example").unwrap();

    portal.get(None, path).await.must_say("Warehouse").must_say("Northern Light Ltd");
    let short = portal.post(None, path, &[("password", "short")]).await;
    short.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("There is a problem");
    let accepted = portal.post(None, path, &[("password", "some long words here")]).await;
    assert_eq!(accepted.location(), "/sign-in");
    portal.get(None, path).await.must_be(StatusCode::NOT_FOUND);
    let typed = [("email", "new@northern.example"), ("password", "some long words here")];
    assert_eq!(portal.post(None, "/sign-in", &typed).await.location(), "/");
}

#[tokio::test]
async fn people_are_granted_revoked_deactivated_and_reactivated() {
    let portal = Portal::open();
    let admin = portal.visitor("admin@hubstock.example", Role::SystemAdmin, None);
    let other = portal.visitor("depot@northern.example", Role::Warehouse, Some("NORTHERN"));
    let page = format!("/people/{}", other.user);
    portal.get(&admin, "/people").await.must_say("Warehouse at Northern Light Ltd");
    portal.get(&admin, "/people?organisation=2").await.must_say("Nobody holds a role here");

    let unfit = [("organisation", "1"), ("role", "dcc-authoriser")];
    let unfit = portal.press(&admin, &format!("{page}/grant"), &unfit).await;
    unfit.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("There is a problem");
    let fit = [("organisation", "1"), ("role", "stock-manager")];
    assert_eq!(portal.press(&admin, &format!("{page}/grant"), &fit).await.location(), page);
    portal.get(&admin, &page).await.must_say("Take back Stock manager at Northern Light Ltd");
    portal.press(&admin, &format!("{page}/revoke"), &fit).await.location();
    portal.get(&admin, &page).await.must_not_say("Take back Stock manager");

    let stale = [("reason", "Left"), ("version", "99")];
    let stale = portal.post(&admin, &format!("{page}/deactivate"), &stale).await;
    stale.must_be(StatusCode::PRECONDITION_FAILED).must_say("Left");
    let why = portal.press(&admin, &format!("{page}/deactivate"), &[("reason", "")]).await;
    assert!(why.text.contains("href=\"#reason\""), "{}", why.words());
    portal.press(&admin, &format!("{page}/deactivate"), &[("reason", "Left")]).await.location();
    assert!(portal.get(&other, "/account").await.location().starts_with("/sign-in"));
    portal.get(&admin, &page).await.must_say("Deactivated").must_say("Reactivate the account");
    portal.press(&admin, &format!("{page}/reactivate"), &[]).await.location();

    let link = portal.press(&admin, &format!("{page}/password-link"), &[]).await;
    let words = link.words();
    let link = words.split_whitespace().find(|word| word.contains("/password/")).unwrap();
    let path = link.strip_prefix("http://hubstock.example").unwrap();
    portal.get(None, path).await.must_say("Set a new password");
    let set = portal.post(None, path, &[("password", "some long words here")]).await;
    assert_eq!(set.location(), "/sign-in");
    let own = portal.get(&admin, &format!("/people/{}", admin.user)).await;
    own.must_say("This is you").must_not_say("Grant the role");
}

#[tokio::test]
async fn a_setting_is_changed_from_the_version_that_was_seen() {
    let portal = Portal::open();
    let admin = portal.visitor("admin@hubstock.example", Role::SystemAdmin, None);
    portal.get(&admin, "/settings").await.must_say("transfer_file.most_lines");
    let page = "/settings/transfer_file.most_lines";
    let form = portal.get(&admin, page).await;
    form.must_say("Where the default comes from").must_say("a whole number from 1 to");
    let wrong = portal.post(&admin, page, &[("value", "many"), ("version", "0")]).await;
    wrong.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("Enter a whole number");
    assert_eq!(wrong.value_of("value"), "many");
    let right = [("value", "500"), ("version", "0")];
    assert_eq!(portal.post(&admin, page, &right).await.location(), "/settings");
    let stale = portal.post(&admin, page, &[("value", "600"), ("version", "0")]).await;
    stale.must_be(StatusCode::PRECONDITION_FAILED).must_say("Value now 500");
    assert_eq!(stale.value_of("value"), "600");
    let auditor = portal.visitor("auditor@audit.example", Role::Auditor, None);
    portal.get(&auditor, page).await.must_say("Only a system admin changes it");
    portal.post(&auditor, page, &[("value", "1")]).await.must_be(StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn only_a_demonstration_signs_anybody_in() {
    let portal = Portal::demo();
    let person = portal.visitor("auditor@audit.example", Role::Auditor, None);
    portal.visitor("admin@northern.example", Role::PartyAdmin, Some("NORTHERN"));
    let first = portal.get(None, "/").await;
    first.must_say("Who do you want to be?").must_say("Reads everything and changes nothing");
    let user = person.user.to_string();
    let chosen = portal.post(None, "/sign-in/demo", &[("user", &user)]).await;
    assert_eq!(chosen.location(), "/");
    assert!(chosen.cookies().contains("hubstock="));

    let portal = Portal::open();
    let person = portal.visitor("auditor@audit.example", Role::Auditor, None);
    portal.get(None, "/").await.must_say("Sign in").must_not_say("Who do you want to be?");
    let user = person.user.to_string();
    let chosen = portal.post(None, "/sign-in/demo", &[("user", &user)]).await;
    chosen.must_be(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_template_has_the_columns_and_cells_of_text() {
    let portal = Portal::open();
    portal.get(None, "/templates").await.must_say("CH Stock Transfer File");
    let csv = portal.get(None, "/templates/transfer-file.csv").await;
    assert_eq!(csv.text, "CommsHubID,NewServiceUserReference\r\n");
    for word in ["transfer-file", "deliveries", "statuses", "snapshot", "parties"] {
        let sheet = portal.get(None, &format!("/templates/{word}.xlsx")).await;
        sheet.must_be(StatusCode::OK);
        assert!(sheet.text.starts_with("PK"));
    }
    for wrong in ["transfer-file.parquet", "nothing.csv", "transfer-file"] {
        let page = portal.get(None, &format!("/templates/{wrong}")).await;
        page.must_be(StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn each_page_is_for_the_roles_that_may_see_it() {
    let portal = Portal::open();
    let sees_people = [Role::PartyAdmin, Role::Auditor, Role::SystemAdmin].as_slice();
    let manages = [Role::PartyAdmin, Role::SystemAdmin].as_slice();
    let settings =
        [Role::SystemAdmin, Role::Auditor, Role::DccLogistics, Role::DspOperator].as_slice();
    let pages: &[(&str, &[Role])] = &[
        ("/", Role::ALL),
        ("/account", Role::ALL),
        ("/account/password", Role::ALL),
        ("/account/tokens", Role::ALL),
        ("/organisation", Role::ALL),
        ("/templates", Role::ALL),
        ("/help", Role::ALL),
        ("/accessibility", Role::ALL),
        ("/public/selection", Role::ALL),
        ("/public/policies", Role::ALL),
        ("/public/policies/pol-000001", Role::ALL),
        ("/people", sees_people),
        ("/people/invite", manages),
        ("/settings", settings),
        ("/settings/check.R05", settings),
    ];
    for (role, visitor) in portal.everybody() {
        for (path, roles) in pages {
            let shown = portal.get(&visitor, path).await.status;
            let expected =
                if roles.contains(&role) { StatusCode::OK } else { StatusCode::NOT_FOUND };
            assert_eq!(shown, expected, "{} at {path}", role.word());
        }
    }
    for path in [
        "/",
        "/sign-in",
        "/templates",
        "/help",
        "/accessibility",
        "/public/selection",
        "/public/policies",
        "/public/policies/pol-000001",
    ] {
        portal.get(None, path).await.must_be(StatusCode::OK);
    }
    for path in ["/account", "/people", "/settings", "/organisation"] {
        assert!(portal.get(None, path).await.location().starts_with("/sign-in"), "{path}");
    }
}

#[tokio::test]
async fn home_names_a_partys_stock() {
    let portal = Portal::open();
    let person = portal.visitor("stock@northern.example", Role::StockManager, Some("NORTHERN"));
    let home = portal.get(&person, "/").await;
    home.must_say("Hubs you are responsible for 12").must_say("Pending: can be moved 11");
    home.must_say("Meterworks, Ltd CH-1 North 11").must_not_say("Transfer files to authorise");
}
