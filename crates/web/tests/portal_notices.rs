//! The pages about telling people: notices, how each is told, the way out of an e-mail, and e-mails.
#![allow(clippy::unwrap_used)]

mod portal;

use app::notifications::{self, Way};
use axum::http::StatusCode;
use domain::access::Role;
use domain::ids::MessageId;
use portal::{Portal, Visitor, hub, minimal};

const OK: StatusCode = StatusCode::OK;

/// A transfer file has moved three hubs from Northern to Southern, and whom it concerns was told.
struct World {
    portal: Portal,
    preparer: Visitor,
    authoriser: Visitor,
    north: Visitor,
    admin: Visitor,
}

async fn world(portal: Portal) -> World {
    let preparer = portal.visitor("prepare@dcc.example", Role::DccLogistics, None);
    let authoriser = portal.visitor("authorise@dcc.example", Role::DccAuthoriser, None);
    let north = portal.visitor("stock@northern.example", Role::StockManager, Some("NORTHERN"));
    let admin = portal.visitor("admin@hubstock.example", Role::SystemAdmin, None);
    let text = minimal(&[hub(1), hub(2), hub(3)], "SOU1");
    let file = ("moves.csv", text.as_bytes());
    let sent = portal.upload(&preparer, "/transfer-files/new", &[("mode", "continue")], file).await;
    let page = sent.location().to_owned();
    tell(&portal);
    let version = portal.get(&authoriser, &page).await.value_of("version");
    let version = [("version", version.as_str())];
    portal.post(&authoriser, &format!("{page}/authorise"), &version).await.location();
    tell(&portal);
    World { portal, preparer, authoriser, north, admin }
}

/// Does all that is due: what happened is told, and what was told makes e-mails.
fn tell(portal: &Portal) {
    portal.work();
    for _ in 0..2 {
        notifications::pass(&portal.app).unwrap();
        portal.work();
    }
}

/// The secret of the e-mail that turns such e-mails off.
fn secret_of(portal: &Portal, kind: &str) -> String {
    let mut tx = portal.app.db.read().unwrap();
    let sql = "SELECT secret FROM messages WHERE kind = $1 AND secret IS NOT NULL LIMIT 1";
    tx.opt(sql, store::args![kind]).unwrap().expect("there is such an e-mail").get(0)
}

#[tokio::test]
async fn a_notice_leads_to_what_it_is_about_and_is_read_from_then_on() {
    let World { portal, preparer, authoriser, .. } = world(Portal::open()).await;
    let notices = portal.get(&authoriser, "/notices").await;
    notices.must_be(OK).must_say("New").must_say("moves.csv").must_say("Mark all as read");
    notices.must_say("Notices 4 not read");
    assert!(!notices.text.contains("govuk-button--govuk"), "a button has a style that is none");
    let first = notices.text.split("action=\"/notices/").nth(2).unwrap();
    let open = format!("/notices/{}", first.split('"').next().unwrap());
    let opened = portal.post(&authoriser, &open, &[]).await;
    assert_eq!(opened.location(), "/transfer-files/ctf-000001");
    portal.get(&authoriser, "/notices").await.must_say("Notices 3 not read");
    portal.get(&authoriser, "/notices?only=unread").await.must_say("Show all notices");

    let of_another = portal.post(&preparer, &open, &[]).await;
    of_another.must_be(StatusCode::NOT_FOUND);
    let last = portal.get(&authoriser, "/notices").await.value_of("last");
    let read = portal.post(&authoriser, "/notices/read", &[("last", &last)]).await;
    assert_eq!(read.location(), "/notices");
    let none = portal.get(&authoriser, "/notices?only=unread").await;
    none.must_say("There is no notice for you.").must_not_say("not read,");
}

#[tokio::test]
async fn what_the_process_requires_cannot_be_turned_off() {
    let World { portal, authoriser, north, .. } = world(Portal::open()).await;
    let choices = portal.get(&authoriser, "/account/notifications").await;
    choices.must_be(OK).must_say("What the process requires");
    let off = [("transfer-file-to-authorise", "off"), ("transfer-file-withdrawn", "off")];
    let refused = portal.press(&authoriser, "/account/notifications", &off).await;
    refused.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("There is a problem");
    refused.must_say("The process requires the email “A transfer file waits to be authorised”");

    let off = [("hubs-moved", "off"), ("no-such-kind", "off")];
    let saved = portal.press(&north, "/account/notifications", &off).await;
    assert_eq!(saved.location(), "/account/notifications");
    let choices = portal.get(&north, "/account/notifications").await;
    let of_kind = choices.text.split("name=\"hubs-moved\"").nth(1).unwrap();
    let chosen = of_kind.split("</select>").next().unwrap();
    assert!(chosen.contains("value=\"off\" selected"), "{chosen}");
    choices.must_not_say("A transfer file waits to be authorised");
}

#[tokio::test]
async fn the_way_out_of_an_e_mail_needs_no_session_and_turns_off_that_kind_alone() {
    let World { portal, north, .. } = world(Portal::open()).await;
    let link = format!("/unsubscribe/{}", secret_of(&portal, "hubs-moved"));
    let asked = portal.get(None, &link).await;
    asked.must_be(OK).must_say("Hubs came to your Party or went from it");
    asked.must_say("Stop these emails");
    portal.get(&north, "/account/notifications").await.must_be(OK);
    // A mail program sends this by itself, and perhaps twice.
    for _ in 0..2 {
        let form = [("List-Unsubscribe", "One-Click")];
        portal.post(None, &link, &form).await.must_be(OK).must_say("are turned off");
    }
    let choices = portal.get(&north, "/account/notifications").await;
    assert_eq!(choices.text.matches("value=\"off\" selected").count(), 1);
    for wrong in ["/unsubscribe/nothing", "/unsubscribe/"] {
        portal.get(None, wrong).await.must_be(StatusCode::NOT_FOUND);
    }
    portal.post(None, "/unsubscribe/nothing", &[]).await.must_be(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn e_mails_are_for_the_administrator_and_show_no_secret() {
    let World { portal, north, admin, .. } = world(Portal::open()).await;
    for hidden in ["/mail", "/mail/msg-000001"] {
        portal.get(&north, hidden).await.must_be(StatusCode::NOT_FOUND);
    }
    let mail = portal.get(&admin, "/mail").await;
    mail.must_be(OK).must_say("sends none of these itself").must_say("Waiting");
    mail.must_say("stock@northern.example");
    portal.get(&admin, "/mail?state=Sent").await.must_say("There is no email.");
    let secret = secret_of(&portal, "hubs-moved");
    let link = mail.text.split("href=\"/mail/").nth(1).unwrap().split('"').next().unwrap();
    let message = portal.get(&admin, &format!("/mail/{link}")).await;
    message.must_be(OK).must_say("Its text").must_say("/unsubscribe/…");
    assert!(!message.text.contains(&secret), "the page shows a secret");
    portal.get(&admin, "/mail/msg-999999").await.must_be(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_e_mail_that_was_refused_is_sent_again_from_its_page() {
    let World { portal, admin, north, .. } = world(Portal::open()).await;
    let id = MessageId(1);
    portal.post(&admin, &format!("/mail/{id}/retry"), &[]).await.must_be(StatusCode::CONFLICT);
    let mut tx = portal.app.db.write().unwrap();
    let state = notifications::MessageState::Refused;
    store::notifications::end(&mut tx, id, state, "550 no such person", portal.app.now()).unwrap();
    tx.commit().unwrap();
    let page = portal.get(&admin, &format!("/mail/{id}")).await;
    page.must_say("Refused").must_say("550 no such person").must_say("Send it again");
    portal.get(&admin, "/").await.must_say("Emails that a mail server refused");
    let again = portal.post(&admin, &format!("/mail/{id}/retry"), &[]).await;
    assert_eq!(again.location(), format!("/mail/{id}"));
    portal.get(&admin, &format!("/mail/{id}")).await.must_say("Waiting");
    portal.post(&north, &format!("/mail/{id}/retry"), &[]).await.must_be(StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn in_the_demonstration_each_person_sees_their_own_e_mails() {
    let mut portal = Portal::demo();
    portal.app.mail.way = Way::Page;
    let router = web::router(web::State::new(portal.app.clone(), "http://hubstock.example", true));
    portal.router = router;
    let World { portal, north, admin, .. } = world(portal).await;
    let mail = portal.get(&north, "/mail").await;
    mail.must_be(OK).must_say("The demonstration sends no emails.").must_say("Shown here");
    mail.must_not_say("authorise@dcc.example");
    portal.get(&admin, "/mail").await.must_say("authorise@dcc.example");
    portal.get(&north, "/notices").await.must_say("Emails");
    portal.get(&north, "/account/notifications").await.must_say("shown on a page");
}
