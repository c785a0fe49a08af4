//! The receiver's list, and what the comparison comes to.

use app::transfers::{self, Class};
use domain::reconciliation::Outcome;
use domain::transfers::{Correction, LineState, Side, State};
use testkit::world::both;

use crate::world::*;

#[test]
fn a_hub_that_was_never_dispatched_never_moves() {
    both(|url| {
        let w = world(url);
        let id = w.arrived(1..=4);
        let (app, south) = (&w.app, &w.south_warehouse);
        let add = |text: &str| transfers::add_text(app, south, id, Side::Receiver, text).unwrap();
        add(&paste(1..=4));
        // The sender's own, the receiver's own, a third Party's, and one that nobody knows.
        let added = add(&paste([20, 101, 201, 999]));
        assert_eq!((added.added, added.of(Class::Wrong)), (4, 4));
        for answer in &added.answers {
            assert!(answer.message.contains("did not dispatch this hub"), "{answer:?}");
        }
        let gpfs = add(&format!("{}\n{}", gpf(1), gpf(201)));
        assert!(gpfs.answers[0].message.contains(&hub(1).to_string()));
        assert!(!gpfs.answers[1].message.contains(&hub(201).to_string()));
        let view = transfers::receive(app, south, id, None, None).unwrap();
        assert_eq!((view.counts.ready, view.counts.waiting), (4, 4));
        let hubs = hubs([20, 101, 201, 999]);
        for how in [Correction::Found, Correction::TakeAsItIs, Correction::CheckAgain] {
            let taken = transfers::correct(app, &w.logistics, id, None, &hubs, how, "");
            assert_eq!(refused(taken).0, "invalid", "{how:?}");
        }
        w.moved(id);
        assert_eq!((w.whose(20), w.whose(101), w.whose(201)), (1, 2, 3));
        let how = Correction::Miscounted;
        let view = transfers::correct(app, south, id, None, &hubs, how, "misread").unwrap();
        assert_eq!((view.state, view.counts.dropped), (State::CompletedWithExceptions, 4));
        assert!(view.ended_at.is_some());
        w.is_sound();
    });
}

#[test]
fn what_a_file_names_twice_waits_and_sending_it_again_changes_nothing() {
    both(|url| {
        let w = world(url);
        let id = w.arrived(1..=3);
        let (app, south) = (&w.app, &w.south_warehouse);
        let file = format!(
            "CommsHubID,Outcome,Reason\r\n{0},,\r\n{1},Rejected,LED Fault\r\n{0},,\r\n{2},lost,\r\n",
            hub(1),
            hub(2),
            hub(3)
        );
        let add = || transfers::add_file(app, south, id, Side::Receiver, file.as_bytes()).unwrap();
        let added = add();
        let classes: Vec<Class> = added.answers.iter().map(|answer| answer.class).collect();
        assert_eq!(classes, [Class::Good, Class::Good, Class::Duplicate, Class::Unknown]);
        let again = add();
        assert_eq!((again.added, again.list.hubs, again.list.repeated), (0, 2, 1));
        transfers::receive(app, south, id, None, None).unwrap();
        let lines = w.lines(id);
        let outcome = |n| lines[&hub(n)].outcome.unwrap();
        assert_eq!(
            [outcome(1), outcome(2), outcome(3)],
            [Outcome::Duplicate, Outcome::RejectedByReceiver, Outcome::Missing]
        );
        let how = Correction::Miscounted;
        let view = transfers::correct(app, south, id, None, &hubs([1]), how, "scanned twice");
        assert_eq!(view.unwrap().counts.ready, 1);
        let how = Correction::TakeAsItIs;
        transfers::correct(app, south, id, None, &hubs([2]), how, "works after all").unwrap();
        let how = Correction::GiveBack;
        transfers::correct(app, &w.north, id, None, &hubs([3]), how, "still here").unwrap();
        let view = w.moved(id);
        assert_eq!((view.state, view.counts.moved), (State::CompletedWithExceptions, 2));
        w.is_sound();
    });
}

#[test]
fn an_empty_receipt_is_not_taken_and_a_list_survives() {
    both(|url| {
        let w = world(url);
        let id = w.arrived(1..=3);
        let receive = |actor| transfers::receive(&w.app, actor, id, None, None);
        assert!(refused(receive(&w.south)).1.contains("The list is empty"));
        transfers::scan(&w.app, &w.south, id, Side::Receiver, &hub(1).to_string()).unwrap();
        let state = |actor| transfers::list_state(&w.app, actor, id, Side::Receiver).unwrap();
        assert_eq!((state(&w.south_warehouse).hubs, state(&w.south).expected), (1, 3));
        let state = transfers::start_from_manifest(&w.app, &w.south, id).unwrap();
        assert_eq!(state.hubs, 3);
        let page = transfers::list_entries(&w.app, &w.south, id, Side::Receiver, None, 2).unwrap();
        let rest =
            transfers::list_entries(&w.app, &w.south, id, Side::Receiver, page.next, 2).unwrap();
        assert_eq!((page.items.len(), rest.items.len(), rest.next), (2, 1, None));
        assert_eq!(transfers::clear(&w.app, &w.south, id, Side::Receiver, None).unwrap().hubs, 0);
    });
}

#[test]
fn a_hub_installed_on_the_way_waits_and_finance_is_told() {
    both(|url| {
        let w = world(url);
        let id = w.arrived(1..=4);
        w.install(2);
        transfers::start_from_manifest(&w.app, &w.south, id).unwrap();
        let view = transfers::receive(&w.app, &w.south, id, None, None).unwrap();
        assert_eq!((view.counts.ready, view.counts.waiting), (3, 1));
        assert_eq!(w.lines(id)[&hub(2)].outcome, Some(Outcome::NotPending));
        let how = Correction::CheckAgain;
        let view = transfers::correct(&w.app, &w.south, id, None, &hubs([2]), how, "").unwrap();
        assert_eq!(view.counts.waiting, 1, "it is still installed");
        let view = w.moved(id);
        assert_eq!((view.counts.moved, w.whose(2)), (3, 1));
        let queue =
            app::transfer_files::installed_before(&w.app, &w.finance, Default::default(), None, 10);
        let queue = queue.unwrap().items;
        assert_eq!((queue.len(), queue[0].hub), (1, hub(2)));
        let line = &w.lines(id)[&hub(2)];
        assert_eq!((line.state, line.code.as_str()), (LineState::Waiting, "R04"));
        let how = Correction::GiveBack;
        transfers::correct(&w.app, &w.north, id, None, &hubs([2]), how, "installed").unwrap();
        assert_eq!(w.held(), 0);
        w.is_sound();
    });
}

#[test]
fn what_is_not_as_agreed_moves_only_when_the_receiver_takes_it() {
    both(|url| {
        let w = world(url);
        let mut given = notice(4);
        given.firmware = vec!["2.3".into()];
        let id = transfers::notify_direct(&w.app, &w.north, &given).unwrap().id;
        transfers::confirm(&w.app, &w.south, id, None, None).unwrap();
        let newer = transfers::scan(&w.app, &w.north, id, Side::Sender, &hub(41).to_string());
        assert!(newer.unwrap().answers[0].message.contains("firmware"));
        transfers::add_text(&w.app, &w.north, id, Side::Sender, &paste(1..=4)).unwrap();
        transfers::dispatch(&w.app, &w.north, id, None, &leaving()).unwrap();
        transfers::arrive(&w.app, &w.south, id, None, &arrival()).unwrap();
        // The delivery records turn out to be wrong: the inventory has other models for two.
        let mut tx = w.app.db.write().unwrap();
        let pack = |tx: &mut store::Tx, n: u64| -> i64 {
            let sql = "SELECT CAST(pack AS BIGINT) FROM hubs WHERE id = $1";
            tx.one("pack", sql, store::args![hub(n)]).unwrap().get(0)
        };
        let (other_model, other_firmware) = (pack(&mut tx, 65), pack(&mut tx, 41));
        for (n, to) in [(1, other_model), (2, other_firmware)] {
            let sql = "UPDATE hubs SET pack = CAST($2 AS INTEGER) WHERE id = $1";
            tx.exec(sql, store::args![hub(n), to]).unwrap();
        }
        tx.commit().unwrap();
        transfers::start_from_manifest(&w.app, &w.south, id).unwrap();
        transfers::receive(&w.app, &w.south, id, None, None).unwrap();
        let lines = w.lines(id);
        assert_eq!(lines[&hub(1)].outcome, Some(Outcome::WrongModel));
        assert_eq!(lines[&hub(2)].outcome, Some(Outcome::WrongFirmware));
        let how = Correction::TakeAsItIs;
        let taken = transfers::correct(&w.app, &w.north, id, None, &hubs([1, 2]), how, "");
        assert_eq!(refused(taken).0, "invalid", "the receiver takes, not the sender");
        transfers::correct(&w.app, &w.south, id, None, &hubs([1, 2]), how, "fine").unwrap();
        let file = w.prepared(id);
        let counts = app::transfer_files::get(&w.app, &w.logistics, file).unwrap();
        let counts = counts.summary.unwrap().counts;
        assert_eq!((counts.get("S00"), counts.get("S00+W11")), (Some(&2), Some(&2)));
        app::transfer_files::authorise(&w.app, &w.authoriser, file, None).unwrap();
        w.run_jobs();
        assert_eq!(w.view(id).state, State::Completed);
    });
}
