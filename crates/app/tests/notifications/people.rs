//! Who is told, and how they choose to be.

use std::collections::BTreeSet;

use app::journal::{Event, KINDS};
use app::notifications;
use domain::access::Role;
use domain::ids::NoticeId;
use domain::notifications::{Delivery, MessageKind, TABLE};
use domain::refusal::RefusalKind;
use jiff::SignedDuration;
use testkit::world::both;

use crate::world::{World, work, world};

#[test]
fn the_table_names_events_that_there_are() {
    let known: BTreeSet<&str> = KINDS.iter().copied().collect();
    for rule in TABLE.iter().flat_map(|row| row.rules) {
        assert!(known.contains(rule.event), "{}", rule.event);
    }
}

#[test]
fn a_file_that_waits_is_told_to_those_who_may_authorise_it() {
    both(|url| {
        let world = world(url);
        world.file("north.csv", 1..=3);
        assert_eq!(world.told("checker@dcc.example"), ["north.csv waits to be authorised"]);
        assert_eq!(world.told("second@dcc.example"), ["north.csv waits to be authorised"]);
        for nobody in ["maker@dcc.example", "finance@dcc.example", "stock@abel.example"] {
            assert!(world.told(nobody).is_empty(), "{nobody}");
        }
        let messages = world.messages();
        let to: Vec<&str> = messages.iter().map(|m| m.address.as_str()).collect();
        assert_eq!(to, ["checker@dcc.example", "second@dcc.example"]);
        assert!(messages[0].text.contains("https://hubstock.example/transfer-files/ctf-000001"));
        let notice = &world.notices("checker@dcc.example")[0];
        assert_eq!(notice.path, "/transfer-files/ctf-000001");
        assert!(notice.text.contains("Of 3 lines, 3 hubs would move"), "{}", notice.text);
    });
}

#[test]
fn a_file_that_waits_too_long_is_told_to_authorisers_and_logistics() {
    both(|url| {
        let world = world(url);
        world.file("late.csv", 1..=3);
        world.at("2026-11-25T00:00:00Z");
        app::timers::pass(&world.app).unwrap();
        world.work();
        let title = "ctf-000001 was not authorised in time";
        for person in ["maker@dcc.example", "checker@dcc.example", "second@dcc.example"] {
            assert_eq!(world.told(person).last().unwrap(), title, "{person}");
        }
        let notice = &world.notices("checker@dcc.example")[0];
        let text = "The transfer file late.csv (ctf-000001), with 3 lines, was neither authorised \
                    nor rejected in time.";
        assert!(notice.text.contains(text), "{}", notice.text);
        assert_eq!(notice.path, "/transfer-files/ctf-000001");
        for nobody in ["finance@dcc.example", "stock@abel.example"] {
            assert!(world.told(nobody).is_empty(), "{nobody}");
        }
    });
}

#[test]
fn what_was_applied_is_told_to_its_people_to_finance_and_to_both_parties() {
    both(|url| {
        let world = world(url);
        let file = world.file("mixed.csv", [1, 2, 10, 77]);
        world.authorise(file);
        assert_eq!(world.told("maker@dcc.example"), ["2 lines of mixed.csv were rejected"]);
        let checker = world.told("checker@dcc.example");
        assert_eq!(checker[1], "mixed.csv was applied: 2 hubs moved");
        let title = "1 hub of mixed.csv was installed before it was processed";
        assert_eq!(world.told("finance@dcc.example"), [title]);
        let moved = "2 hubs went from Abel Energy Ltd to Brio Power plc";
        assert_eq!(world.told("stock@abel.example"), [moved]);
        assert_eq!(world.told("stock@brio.example"), [moved]);
        assert!(world.told("admin@abel.example").is_empty());
        assert!(!world.notices("stock@abel.example")[0].text.contains("00-DB"));

        let clean = world.file("clean.csv", [3]);
        world.authorise(clean);
        let maker = world.told("maker@dcc.example");
        assert_eq!(maker[1..], ["clean.csv was applied: 1 hub moved"]);
    });
}

#[test]
fn nothing_is_told_twice_and_nothing_of_before() {
    both(|url| {
        let world = world(url);
        world.file("one.csv", [1]);
        let before = world.messages();
        world.work();
        notifications::tell_all(&world.app).unwrap();
        // As after a restored backup: the reader stands where it stood before.
        world.change("UPDATE places SET place = 0 WHERE name = 'journal'");
        world.change("DELETE FROM notices");
        notifications::tell_all(&world.app).unwrap();
        let after = world.messages();
        let of_file = |m: &&app::notifications::Message| m.about.starts_with("ctf-");
        let again: Vec<_> = after.iter().filter(of_file).cloned().collect();
        assert_eq!(again, before);
        let ids: BTreeSet<&str> = after.iter().map(|m| m.message_id.as_str()).collect();
        assert_eq!(ids.len(), after.len());
    });
}

#[test]
fn an_entry_that_cannot_be_told_is_told_to_whoever_reads_the_journal() {
    both(|url| {
        let world = world(url);
        world.file("one.csv", [1]);
        world.file("two.csv", [2]);
        world.change("UPDATE transfer_files SET summary = '{' WHERE id = 1");
        world.change("UPDATE places SET place = 0 WHERE name = 'journal'");
        world.change("DELETE FROM notices");
        notifications::tell_all(&world.app).unwrap();
        assert_eq!(world.told("checker@dcc.example"), ["two.csv waits to be authorised"]);
        let reader = world.notices("maker@dcc.example");
        let entry = reader[0].path.strip_prefix("/journal/").unwrap();
        assert_eq!(reader[0].title, format!("Nobody was told of entry {entry} of the journal"));
        assert!(reader[0].text.contains("ctf-000001"), "{}", reader[0].text);
        notifications::tell_all(&world.app).unwrap();
        assert_eq!(world.notices("maker@dcc.example").len(), reader.len());
    });
}

#[test]
fn two_nodes_tell_each_thing_once() {
    both(|url| {
        let world = world(url);
        let other = world.neighbour();
        for n in 0..40 {
            let reason = format!("reason {n}");
            world.happens(&Event::DeliveryReportFailed { run: 1, reason });
        }
        let run = app::delivery_report::request(
            &world.app,
            app::delivery_report::Asker::Operator,
            app::tables::Format::Csv,
        );
        assert_eq!(run.unwrap().0, 1);
        std::thread::scope(|scope| {
            for app in [&world.app, &other] {
                scope.spawn(move || {
                    for _ in 0..20 {
                        notifications::pass(app).unwrap();
                        notifications::tell_all(app).unwrap();
                    }
                });
            }
        });
        let failed = world.told("finance@dcc.example");
        assert_eq!(failed.len(), 40);
        assert_eq!(world.messages().len(), 80);
    });
}

#[test]
fn a_person_chooses_and_cannot_turn_off_what_the_process_requires() {
    both(|url| {
        let world = world(url);
        let checker = world.actor("checker@dcc.example");
        let choose = |kind, how| notifications::choose(&world.app, &checker, kind, None, how);
        let kind = MessageKind::TransferFileToAuthorise;
        let refused = choose(kind, Delivery::Off).unwrap_err();
        assert_eq!(refused.refusal().unwrap().kind, RefusalKind::Invalid);
        choose(kind, Delivery::Digest).unwrap();
        choose(MessageKind::TransferFileApplied, Delivery::Off).unwrap();
        let entries = store::journal::last(&mut world.app.db.read().unwrap()).unwrap().unwrap().seq;
        choose(kind, Delivery::Digest).unwrap();
        let same = store::journal::last(&mut world.app.db.read().unwrap()).unwrap().unwrap().seq;
        assert_eq!(entries, same, "what stays as it is has no entry");

        let file = world.file("quiet.csv", [1]);
        world.authorise(file);
        let to = |email: &str| world.messages().iter().filter(|m| m.address == email).count();
        assert_eq!(to("checker@dcc.example"), 0);
        assert_eq!(to("second@dcc.example"), 1);
        assert_eq!(world.told("checker@dcc.example").len(), 2, "the portal tells in any case");

        let mine = notifications::choices(&world.app, &checker).unwrap();
        let chosen: Vec<_> = mine.iter().filter(|c| c.is_chosen).map(|c| c.delivery).collect();
        assert_eq!(chosen, [Delivery::Digest, Delivery::Off]);
        assert!(mine.iter().all(|choice| choice.kind != MessageKind::HubsMoved));
    });
}

#[test]
fn the_digest_is_one_e_mail_a_day() {
    both(|url| {
        let world = world(url);
        let checker = world.actor("checker@dcc.example");
        let kind = MessageKind::TransferFileToAuthorise;
        notifications::choose(&world.app, &checker, kind, None, Delivery::Digest).unwrap();
        world.file("one.csv", [1]);
        world.file("two.csv", [2]);
        let digests = |world: &World| -> Vec<String> {
            let all = world.messages();
            let mine = all.iter().filter(|m| m.kind == "daily-digest");
            mine.map(|m| format!("{} {}", m.address, m.title)).collect()
        };
        assert!(digests(&world).is_empty());
        world.at("2026-11-24T06:59:59Z");
        world.work();
        assert!(digests(&world).is_empty());
        world.at("2026-11-24T07:00:00Z");
        world.work();
        work(&world.neighbour());
        let expected = "checker@dcc.example Your digest of 24 November 2026: 2 things";
        assert_eq!(digests(&world), [expected]);
        let digest = world.messages().into_iter().find(|m| m.kind == "daily-digest").unwrap();
        assert!(digest.text.contains("* one.csv waits to be authorised\n  https://hubstock."));
        world.later(SignedDuration::from_hours(24));
        world.work();
        assert_eq!(digests(&world).len(), 1, "a day without news has no digest");
    });
}

#[test]
fn notices_are_read_by_their_person_alone() {
    both(|url| {
        let world = world(url);
        world.file("one.csv", [1]);
        world.file("two.csv", [2]);
        let (checker, second) =
            (world.actor("checker@dcc.example"), world.actor("second@dcc.example"));
        let unread =
            || notifications::notices(&world.app, &checker, true, app::pages::Part::FIRST).unwrap();
        assert_eq!(unread().unread, 2);
        let newest = unread().items[0].id;
        let oldest = unread().items[1].id;
        let other = notifications::read(&world.app, &second, newest).unwrap_err();
        assert_eq!(other.refusal().unwrap().kind, RefusalKind::NotFound);
        let none = notifications::read(&world.app, &checker, NoticeId(999)).unwrap_err();
        assert_eq!(none.refusal().unwrap().kind, RefusalKind::NotFound);
        let read = notifications::read(&world.app, &checker, oldest).unwrap();
        assert!(read.read_at.is_some());
        assert_eq!(unread().items.len(), 1);
        assert_eq!(notifications::read_all(&world.app, &checker, oldest).unwrap(), 0);
        assert_eq!(notifications::read_all(&world.app, &checker, newest).unwrap(), 1);
        assert_eq!((unread().unread, unread().items.len()), (0, 0));
        let seconds =
            notifications::notices(&world.app, &second, true, app::pages::Part::FIRST).unwrap();
        assert_eq!(seconds.unread, 2);
    });
}

#[test]
fn a_notice_of_one_organisation_is_not_shown_at_another() {
    both(|url| {
        let world = world(url);
        let roles = [(Role::StockManager, Some("BRIO")), (Role::PartyViewer, Some("ABEL"))];
        world.add(50, "both@example.com", &roles);
        let file = world.file("one.csv", [1]);
        world.authorise(file);
        let at = |party| {
            let action = domain::access::Action::ReadNotices;
            let email = "both@example.com";
            let actor = app::sign_in::actor_by_email(&world.app, email, action, Some(party));
            let all =
                notifications::notices(&world.app, &actor.unwrap(), false, app::pages::Part::FIRST)
                    .unwrap();
            all.items.iter().filter(|notice| notice.kind == "hubs-moved").count()
        };
        assert_eq!((at("ABEL"), at("BRIO")), (0, 1));
    });
}
