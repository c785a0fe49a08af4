//! E-mails, through a mail server that fails in every way.

use std::collections::BTreeSet;

use app::notifications::{self, Way};
use app::people::NewPerson;
use domain::access::{Organisation, Role};
use domain::ids::PartyId;
use domain::notifications::{Delivery, MessageKind};
use domain::refusal::RefusalKind;
use jiff::SignedDuration;
use store::notifications::MessageState;
use testkit::smtp::{Fault, MailServer};
use testkit::world::both;

use crate::world::{work, world};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

#[test]
fn an_e_mail_goes_out_as_text_and_html_with_what_it_is_known_by() {
    both(|url| {
        let mut world = world(url);
        let server = MailServer::start();
        server.wants("hub", "p@ss");
        let address = server.address();
        world.sends_to_url(&format!("smtp://hub:p%40ss@{address}"));
        let file = world.file("north.csv", 1..=3);
        world.authorise(file);
        let taken = server.taken();
        let waits = taken.iter().find(|mail| mail.to == ["checker@dcc.example"]).unwrap();
        assert_eq!(waits.from, "hubstock@dcc.example");
        assert_eq!(waits.header("From").unwrap(), "Hubstock <hubstock@dcc.example>");
        assert_eq!(waits.header("To").unwrap(), "\"checker dcc\" <checker@dcc.example>");
        assert_eq!(waits.header("Subject").unwrap(), "north.csv waits to be authorised");
        assert_eq!(waits.header("Date").unwrap(), "Mon, 23 Nov 2026 09:00:00 +0000");
        assert_eq!(waits.header("Auto-Submitted").unwrap(), "auto-generated");
        assert!(waits.header("Message-ID").unwrap().ends_with("@hubstock.example>"));
        assert!(waits.header("Content-Type").unwrap().starts_with("multipart/alternative"));
        assert_eq!(waits.header("List-Unsubscribe"), None, "the process requires it");
        assert!(waits.data.contains("text/plain") && waits.data.contains("text/html"));

        let moved = taken.iter().find(|mail| mail.to == ["stock@brio.example"]).unwrap();
        let link = moved.header("List-Unsubscribe").unwrap();
        assert_eq!(moved.header("List-Unsubscribe-Post").unwrap(), "List-Unsubscribe=One-Click");
        let secret = link.trim_matches(['<', '>']).rsplit('/').next().unwrap().to_owned();
        assert!(secret.len() > 40, "{link}");
        let kept = world.messages().into_iter().find(|m| m.address == moved.to[0]).unwrap();
        assert!(!kept.text.contains(&secret), "whoever sees all e-mails does not see secrets");
        assert_eq!(kept.answer.unwrap(), "250 2.0.0 taken");

        assert_eq!(
            notifications::unsubscribe(&world.app, &secret).unwrap(),
            MessageKind::HubsMoved
        );
        assert_eq!(
            notifications::unsubscribe(&world.app, &secret).unwrap(),
            MessageKind::HubsMoved
        );
        let wrong = notifications::unsubscribe(&world.app, "wrong").unwrap_err();
        assert_eq!(wrong.refusal().unwrap().kind, RefusalKind::NotFound);
        let brio = world.actor("stock@brio.example");
        let choices = notifications::choices(&world.app, &brio).unwrap();
        let moved = choices.iter().find(|choice| choice.kind == MessageKind::HubsMoved).unwrap();
        assert_eq!(moved.delivery, Delivery::Off);
        let before = server.taken().len();
        let again = world.file("again.csv", [4]);
        world.authorise(again);
        let later = server.taken().split_off(before);
        assert!(later.iter().all(|mail| mail.to != ["stock@brio.example"]));
        assert!(later.iter().any(|mail| mail.to == ["stock@abel.example"]));
    });
}

#[test]
fn a_server_that_is_away_for_a_day_gets_everything_afterwards_in_order() {
    both(|url| {
        let mut world = world(url);
        let gone = MailServer::start();
        let address = gone.address();
        world.sends_to(&gone);
        drop(gone);
        for n in 1..=5 {
            world.file(&format!("file-{n}.csv"), [n]);
            world.later(HOUR);
        }
        assert!(world.states().iter().all(|state| *state == MessageState::Waiting));
        let admin = world.actor("admin@dcc.example");
        let outbox = notifications::state(&world.app, &admin).unwrap();
        assert_eq!((outbox.waiting, outbox.has_server), (10, true));
        assert!(outbox.problem.is_some() && outbox.again_at.is_some());
        for _ in 0..19 {
            world.later(HOUR);
            world.work();
        }
        assert!(world.messages().iter().all(|message| message.attempts == 0), "none was tried");
        let server = MailServer::start_at(address);
        world.work();
        assert_eq!(server.taken().len(), 0, "not before the pause is over");
        world.later(SignedDuration::from_mins(15));
        world.work();
        let subjects: Vec<String> =
            server.taken().iter().map(|mail| mail.header("Subject").unwrap()).collect();
        let expected: Vec<String> =
            (1..=5).flat_map(|n| vec![format!("file-{n}.csv waits to be authorised"); 2]).collect();
        assert_eq!(subjects, expected);
        assert_eq!(server.connections(), 1);
        let outbox = notifications::state(&world.app, &admin).unwrap();
        assert_eq!((outbox.waiting, outbox.problem), (0, None));
    });
}

#[test]
fn each_failure_has_its_answer() {
    both(|url| {
        let mut world = world(url);
        let server = MailServer::start();
        world.sends_to(&server);
        server.fails([
            Fault::AtRecipient("550 5.1.1 no such person"),
            Fault::AtEnd("451 4.3.0 try later"),
        ]);
        world.file("one.csv", [1]);
        assert_eq!(world.states(), [MessageState::Refused, MessageState::Waiting]);
        let messages = world.messages();
        assert!(messages[0].answer.as_ref().unwrap().contains("no such person"));
        assert!(messages[1].answer.as_ref().unwrap().contains("try later"));
        assert!(messages[1].next_attempt_at.unwrap() > world.app.now());
        world.later(SignedDuration::from_mins(1));
        world.work();
        assert_eq!(world.states(), [MessageState::Refused, MessageState::Sent]);

        // Only what was refused or given up can be sent again, by whoever may.
        let (admin, maker) = (world.actor("admin@dcc.example"), world.actor("checker@dcc.example"));
        let retry = |actor, id| notifications::retry(&world.app, actor, id);
        let refused = retry(&maker, messages[0].id).unwrap_err();
        assert_eq!(refused.refusal().unwrap().kind, RefusalKind::NotAllowed);
        let sent = retry(&admin, messages[1].id).unwrap_err();
        assert_eq!(sent.refusal().unwrap().kind, RefusalKind::WrongState);
        assert_eq!(retry(&admin, messages[0].id).unwrap().state, MessageState::Waiting);
        world.work();
        assert_eq!(world.states(), [MessageState::Sent, MessageState::Sent]);
        let taken = server.taken();
        assert_eq!(taken.len(), 2);
        assert_eq!(taken[1].header("Message-ID").unwrap(), messages[0].message_id);
    });
}

#[test]
fn a_wrong_password_or_a_closing_server_holds_e_mails_back_and_refuses_none() {
    both(|url| {
        let mut world = world(url);
        let server = MailServer::start();
        server.wants("hub", "right");
        let address = server.address();
        world.sends_to_url(&format!("smtp://hub:wrong@{address}"));
        world.file("one.csv", [1]);
        assert_eq!(world.states(), [MessageState::Waiting; 2]);
        world.sends_to_url(&format!("smtp://{address}"));
        world.later(HOUR);
        world.work();
        assert_eq!(world.states(), [MessageState::Waiting; 2]);
        world.sends_to_url(&format!("smtp://hub:right@{address}"));
        server.greets(Some("421 4.3.2 closing"));
        world.later(HOUR);
        world.work();
        assert_eq!(world.states(), [MessageState::Waiting; 2]);
        server.greets(None);
        world.later(HOUR);
        world.work();
        assert_eq!(world.states(), [MessageState::Sent; 2]);
        assert_eq!(server.taken().len(), 2);
    });
}

#[test]
fn a_connection_that_breaks_means_the_same_bytes_again() {
    both(|url| {
        let mut world = world(url);
        let server = MailServer::start();
        world.sends_to(&server);
        server.fails([Fault::DropAfterTaking, Fault::DropAtSender]);
        world.file("one.csv", [1]);
        assert_eq!(world.states(), [MessageState::Waiting; 2]);
        world.later(SignedDuration::from_mins(2));
        world.work();
        assert_eq!(world.states(), [MessageState::Sent; 2]);
        let taken = server.taken();
        assert_eq!(taken.len(), 3);
        assert_eq!(taken[0], taken[1], "a duplicate is the same, byte for byte");
        let ids: BTreeSet<_> = taken.iter().map(|mail| mail.header("Message-ID")).collect();
        assert_eq!(ids.len(), 2);
    });
}

#[test]
fn a_process_that_ends_between_sending_and_noting_loses_nothing() {
    both(|url| {
        let mut world = world(url);
        let server = MailServer::start();
        world.file("one.csv", [1]);
        world.sends_to(&server);
        world.work();
        assert_eq!(server.taken().len(), 2);
        // What the database holds when the process is killed just before it notes the answer.
        let until = (world.app.now() + SignedDuration::from_mins(4)).as_microsecond();
        world.change(&format!(
            "UPDATE messages SET state = 'Waiting', claimed_until = {until}, ended_at = NULL"
        ));
        let other = world.neighbour();
        work(&other);
        assert_eq!(server.taken().len(), 2, "somebody may still be at it");
        world.later(SignedDuration::from_mins(5));
        work(&other);
        let taken = server.taken();
        assert_eq!(taken.len(), 4);
        assert_eq!(taken[..2], taken[2..]);
        assert_eq!(world.states(), [MessageState::Sent; 2]);
    });
}

#[test]
fn two_nodes_send_each_e_mail_once() {
    both(|url| {
        let mut world = world(url);
        for n in 1..=9 {
            world.file(&format!("file-{n}.csv"), [n]);
        }
        let server = MailServer::start();
        world.sends_to(&server);
        let other = world.neighbour();
        std::thread::scope(|scope| {
            for app in [&world.app, &other] {
                scope.spawn(move || {
                    for _ in 0..10 {
                        work(app);
                    }
                });
            }
        });
        world.work();
        let ids: BTreeSet<_> =
            server.taken().iter().map(|mail| mail.header("Message-ID").unwrap()).collect();
        assert_eq!((server.taken().len(), ids.len()), (18, 18));
        assert!(world.states().iter().all(|state| *state == MessageState::Sent));
    });
}

#[test]
fn a_person_deactivated_in_the_middle_gets_nothing_more() {
    both(|url| {
        let mut world = world(url);
        world.file("one.csv", [1]);
        world.deactivate("checker@dcc.example");
        world.file("two.csv", [2]);
        let server = MailServer::start();
        world.sends_to(&server);
        world.work();
        assert!(server.taken().iter().all(|mail| mail.to == ["second@dcc.example"]));
        assert_eq!(server.taken().len(), 2);
        let cancelled = world.messages().into_iter().find(|m| m.address == "checker@dcc.example");
        assert_eq!(cancelled.unwrap().state, MessageState::Cancelled);
    });
}

#[test]
fn what_has_waited_too_long_or_was_changed_is_not_sent() {
    both(|url| {
        let mut world = world(url);
        world.file("old.csv", [1]);
        world.later(SignedDuration::from_hours(24 * 5 + 1));
        world.file("new.csv", [2]);
        world.change("UPDATE messages SET text = 'Something else' WHERE id = 4");
        let server = MailServer::start();
        world.sends_to(&server);
        world.work();
        use MessageState::{GivenUp, Refused, Sent};
        assert_eq!(world.states(), [GivenUp, GivenUp, Sent, Refused]);
        assert_eq!(server.taken().len(), 1);
        let admin = world.actor("admin@dcc.example");
        let first = world.messages()[0].id;
        notifications::retry(&world.app, &admin, first).unwrap();
        world.work();
        assert_eq!(world.states(), [Sent, GivenUp, Sent, Refused]);
    });
}

#[test]
fn an_invitation_is_sent_with_its_link_and_the_link_is_forgotten() {
    both(|url| {
        let mut world = world(url);
        let admin = world.actor("admin@abel.example");
        let new = |email| NewPerson {
            email,
            name: "New Person",
            organisation: Organisation::Party(PartyId(1)),
            role: Role::Warehouse,
        };
        let by_hand = app::people::invite(&world.app, &admin, &new("a@abel.example")).unwrap();
        assert!(!by_hand.is_mailed, "this process has no mail server");
        let server = MailServer::start();
        world.sends_to(&server);
        let mailed = app::people::invite(&world.app, &admin, &new("b@abel.example")).unwrap();
        assert!(mailed.is_mailed);
        world.work();
        let taken = server.taken();
        assert_eq!(taken.len(), 1);
        assert_eq!(taken[0].to, ["b@abel.example"]);
        let whole = taken[0].data.replace("=\r\n", "");
        assert!(whole.contains(&format!("/invitations/{}", mailed.secret)), "{whole}");
        let text = "SELECT count(*) FROM messages WHERE secret IS NOT NULL";
        let left: i64 = world.app.db.read().unwrap().one("count", text, &[]).unwrap().get(0);
        assert_eq!(left, 0);
        let kept = &world.messages()[0];
        assert!(kept.text.contains("/invitations/…") && kept.html.contains("/invitations/…"));
        app::people::accept(&world.app, &mailed.secret, crate::world::PASSWORD, "192.0.2.1")
            .unwrap();
        let reset = app::people::password_link(
            &world.app,
            &admin,
            app::people::Target { user: mailed.user, version: None },
        );
        assert!(reset.unwrap().is_mailed);
        world.work();
        let subject = server.taken().last().unwrap().header("Subject").unwrap();
        assert!(
            server
                .taken()
                .iter()
                .any(|m| { m.header("Subject").unwrap() == "Set a new password for Hubstock" }),
            "{subject}"
        );
    });
}

#[test]
fn the_demonstration_shows_e_mails_and_sends_none() {
    both(|url| {
        let mut world = world(url);
        world.app.mail.way = Way::Page;
        world.file("one.csv", [1]);
        assert_eq!(world.states(), [MessageState::Shown; 2]);
        let own = |email: &str| {
            let actor = world.actor(email);
            notifications::messages(&world.app, &actor, None, app::pages::Part::FIRST)
                .unwrap()
                .items
                .len()
        };
        assert_eq!((own("checker@dcc.example"), own("stock@abel.example")), (1, 0));
        assert_eq!(own("maker@dcc.example"), 2, "DCC logistics sees all e-mails");
        let first = world.messages()[0].id;
        let foreign = notifications::message(&world.app, &world.actor("stock@abel.example"), first);
        assert_eq!(foreign.unwrap_err().refusal().unwrap().kind, RefusalKind::NotFound);
    });
}
