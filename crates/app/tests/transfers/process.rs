//! The states: who does what when, and what passes by itself.

use app::transfers::{self, Class, Dispatch, TransferFilter};
use app::{settings, transfer_files};
use domain::reconciliation::Outcome;
use domain::transfers::{Condition, Correction, FaultReason, LineState, Side, State};
use testkit::world::both;

use crate::world::*;

#[test]
fn a_direct_transfer_goes_from_notice_to_inventory() {
    both(|url| {
        let w = world(url);
        let (app, south) = (&w.app, &w.south_warehouse);
        let view = transfers::notify_direct(app, &w.north, &notice(10)).unwrap();
        let id = view.id;
        assert_eq!((view.state, view.kind.name()), (State::Agreed, "direct"));
        assert!(view.kind.words().contains("without selection"));
        assert!(view.sender_confirmed.is_some() && view.receiver_confirmed.is_none());
        assert_eq!(view.next_step.whose.as_deref(), Some("Southern Power Ltd"));
        let view = transfers::confirm(app, &w.south, id, Some(view.version), None).unwrap();
        assert_eq!(view.state, State::Confirmed);

        let added = transfers::add_text(app, &w.north_warehouse, id, Side::Sender, &paste(1..=10));
        assert_eq!(added.unwrap().of(Class::Good), 10);
        let view = transfers::dispatch(app, &w.north_warehouse, id, None, &leaving()).unwrap();
        assert_eq!((view.state, view.counts.dispatched, w.held()), (State::Dispatched, 10, 10));
        let damaged = transfers::Arrival {
            condition: Condition::Damaged,
            note: "One box wet".into(),
            ..arrival()
        };
        transfers::arrive(app, south, id, None, &damaged).unwrap();

        // Three are missing, one is broken, one came that was never sent.
        transfers::start_from_manifest(app, south, id).unwrap();
        transfers::remove(app, south, id, Side::Receiver, &hubs([1, 2, 3])).unwrap();
        transfers::set_verdicts(app, south, id, &hubs([4]), Some(FaultReason::DamagedCase))
            .unwrap();
        let extra = transfers::scan(app, south, id, Side::Receiver, &hub(20).to_string()).unwrap();
        assert_eq!(extra.of(Class::Wrong), 1);
        let view = transfers::receive(app, south, id, None, None).unwrap();
        assert_eq!(view.state, State::Reconciled);
        assert_eq!((view.counts.ready, view.counts.waiting), (6, 5));
        let lines = w.lines(id);
        for n in 1..=3 {
            assert_eq!(lines[&hub(n)].outcome, Some(Outcome::Missing));
        }
        assert_eq!(lines[&hub(4)].outcome, Some(Outcome::RejectedByReceiver));
        assert_eq!(lines[&hub(4)].reason, Some(FaultReason::DamagedCase));
        assert_eq!(lines[&hub(20)].outcome, Some(Outcome::Extra));

        // What matches goes on at once.
        let view = w.moved(id);
        assert_eq!(view.state, State::CompletedWithExceptions);
        assert_eq!((view.counts.moved, view.counts.waiting, view.ended_at), (6, 5, None));
        for n in 5..=10 {
            assert_eq!(w.whose(n), 2);
        }
        assert_eq!((w.whose(1), w.whose(4), w.whose(20)), (1, 1, 1));
        assert_eq!(w.held(), 4);

        // One is found, two never left, the broken one goes back, the extra one is a mistake.
        let correct = |actor, numbers: &[u64], how| {
            let hubs = hubs(numbers.iter().copied());
            transfers::correct(app, actor, id, None, &hubs, how, "looked again")
        };
        correct(south, &[1], Correction::Found).unwrap();
        let (kind, _) = refused(correct(south, &[2], Correction::Miscounted));
        assert_eq!(kind, "invalid");
        correct(&w.north_warehouse, &[2, 3], Correction::Miscounted).unwrap();
        correct(&w.north_warehouse, &[4], Correction::GiveBack).unwrap();
        let view = correct(south, &[20], Correction::Miscounted).unwrap();
        assert_eq!((view.counts.ready, view.counts.waiting, view.counts.dropped), (1, 0, 4));
        let view = w.moved(id);
        assert_eq!(view.state, State::CompletedWithExceptions);
        assert!(view.ended_at.is_some() && view.next_step.whose.is_none());
        assert_eq!((view.counts.moved, w.whose(1), w.held()), (7, 2, 0));
        assert!(w.open_deadlines(id).is_empty());
        assert!(transfers::history(app, south, id).unwrap().len() >= 10);
        w.is_sound();
    });
}

#[test]
fn the_same_notice_of_the_other_party_confirms_the_first() {
    both(|url| {
        let w = world(url);
        let first = transfers::notify_direct(&w.app, &w.south, &notice(5)).unwrap();
        let second = transfers::notify_direct(&w.app, &w.north, &notice(5)).unwrap();
        assert_eq!((second.id, second.state), (first.id, State::Confirmed));
        let again = transfers::notify_direct(&w.app, &w.south, &notice(5)).unwrap();
        assert_ne!(again.id, first.id, "a new one, since the first is confirmed");
        w.is_sound();
    });
}

#[test]
fn confirming_twice_changes_nothing_and_nobody_confirms_for_both() {
    both(|url| {
        let w = world(url);
        let app = &w.app;
        let id = transfers::notify_direct(app, &w.north, &notice(5)).unwrap().id;
        let before = w.view(id).version;
        transfers::confirm(app, &w.north, id, None, None).unwrap();
        assert_eq!(w.view(id).version, before, "it had confirmed by its notice");
        let stale = transfers::confirm(app, &w.south, id, Some(before - 1), None);
        assert_eq!(refused(stale).0, "out-of-date");
        transfers::confirm(app, &w.south, id, Some(before), None).unwrap();
        transfers::confirm(app, &w.south, id, Some(before), None).unwrap();
        assert_eq!(w.count("SELECT count(*) FROM journal WHERE kind = 'TransferConfirmed'"), 1);

        let mut dcc_notice = notice(5);
        assert_eq!(refused(transfers::notify_direct(app, &w.logistics, &dcc_notice)).0, "invalid");
        dcc_notice.side = Some(Side::Sender);
        let id = transfers::notify_direct(app, &w.logistics, &dcc_notice).unwrap().id;
        let both = transfers::confirm(app, &w.logistics, id, None, Some(Side::Receiver));
        assert_eq!(refused(both).0, "same-person");
        transfers::confirm(app, &w.south, id, None, None).unwrap();
        w.is_sound();
    });
}

#[test]
fn what_a_notice_may_not_say_is_refused() {
    both(|url| {
        let w = world(url);
        let app = &w.app;
        let check = |change: &dyn Fn(&mut transfers::DirectNotice), kind: &str, says: &str| {
            let mut notice = notice(5);
            change(&mut notice);
            let (found, message) = refused(transfers::notify_direct(app, &w.north, &notice));
            assert_eq!(found, kind, "{message}");
            assert!(message.contains(says), "{message}");
        };
        check(&|n| n.quantity = 0, "invalid", "whole number of hubs");
        check(&|n| n.quantity = 1000, "invalid", "60 are eligible and not promised");
        check(&|n| n.receiver = "NOR1".into(), "invalid", "between two Parties");
        check(&|n| n.receiver = "XXX".into(), "invalid", "No Party has");
        check(&|n| n.receiver = "EAS1".into(), "invalid", "may not hold any");
        check(&|n| n.specification.model = "CH-9".into(), "invalid", "no such device model");
        check(&|n| n.specification.region = "Mars".into(), "invalid", "Choose one of");
        check(&|n| n.firmware = vec!["9.9".into()], "invalid", "no firmware 9.9");
        let more_than_of_one = |n: &mut transfers::DirectNotice| {
            (n.quantity, n.firmware) = (41, vec!["2.3".into()]);
        };
        check(&more_than_of_one, "invalid", "firmware 2.3 are more than can be sent: 40 are");
        let mut asked = notice(5);
        more_than_of_one(&mut asked);
        let id = transfers::notify_direct(app, &w.south, &asked).unwrap().id;
        let (kind, message) = refused(transfers::confirm(app, &w.north, id, None, None));
        assert!(kind == "invalid" && message.contains("firmware 2.3"), "{message}");
        // What is agreed of a version is promised, whichever versions the next one names.
        let mut first = notice(30);
        first.firmware = vec!["2.3".into()];
        transfers::notify_direct(app, &w.north, &first).unwrap();
        check(
            &|n| (n.quantity, n.firmware) = (11, vec!["2.3".into()]),
            "invalid",
            "than can be sent: 10 are",
        );
        first.quantity = 20;
        first.firmware = vec!["2.3".into(), "2.4".into()];
        transfers::notify_direct(app, &w.north, &first).unwrap();
        let both_versions = vec!["2.4".into(), "2.3".into()];
        check(
            &|n| (n.quantity, n.firmware) = (11, both_versions.clone()),
            "invalid",
            "can be offered: 10 are",
        );
        first.quantity = 10;
        transfers::notify_direct(app, &w.north, &first).unwrap();
        check(
            &|n| (n.sender, n.receiver) = ("SOU1".into(), "WES1".into()),
            "not-allowed",
            "only if your Party",
        );
        let viewer = transfers::notify_direct(app, &w.south_viewer, &notice(5));
        assert_eq!(refused(viewer).0, "not-allowed");
        assert_eq!(refused(transfers::notify_direct(app, &w.auditor, &notice(5))).0, "not-allowed");
    });
}

#[test]
fn a_party_sees_only_the_transfers_that_it_is_part_of() {
    both(|url| {
        let w = world(url);
        let app = &w.app;
        let id = w.received(1..=4);
        let other = [
            refused(transfers::get(app, &w.west, id)).0,
            refused(transfers::confirm(app, &w.west, id, None, None)).0,
            refused(transfers::lines(app, &w.west, id, &Default::default(), None, 10)).0,
            refused(transfers::history(app, &w.west, id)).0,
            refused(transfers::dispatch(app, &w.west, id, None, &leaving())).0,
            refused(transfers::receive(app, &w.west, id, None, None)).0,
            refused(transfers::cancel(app, &w.west, id, None, "no")).0,
            refused(transfers::add_text(app, &w.west, id, Side::Sender, "1")).0,
            refused(transfers::responsibility(app, &w.west, hub(1))).0,
        ];
        assert!(other.iter().all(|kind| *kind == "not-found"), "{other:?}");
        let list = |actor| {
            let filter = TransferFilter::default();
            transfers::list(app, actor, &filter, None, 10).unwrap().items.len()
        };
        assert_eq!(
            (list(&w.west), list(&w.north), list(&w.south_viewer), list(&w.auditor)),
            (0, 1, 1, 1)
        );
        // Each does its own part.
        assert_eq!(refused(transfers::receive(app, &w.north, id, None, None)).0, "not-allowed");
        assert_eq!(refused(transfers::hold(app, &w.south, id, None, "wait")).0, "not-allowed");
        assert_eq!(refused(transfers::prepare(app, &w.north, id, None)).0, "not-allowed");
        let by_viewer = transfers::list_state(app, &w.south_viewer, id, Side::Receiver);
        assert_eq!(refused(by_viewer).0, "not-allowed");
        let sent = transfers::list_state(app, &w.south_warehouse, id, Side::Sender);
        assert_eq!(refused(sent).0, "not-allowed");
    });
}

#[test]
fn what_waits_for_whom_is_listed() {
    both(|url| {
        let w = world(url);
        let waits = |actor| transfers::waiting_for(&w.app, actor).unwrap();
        let all =
            || [waits(&w.north), waits(&w.south), waits(&w.south_warehouse), waits(&w.logistics)];
        let id = transfers::notify_direct(&w.app, &w.north, &notice(3)).unwrap().id;
        assert_eq!(all(), [0, 1, 0, 0]);
        transfers::confirm(&w.app, &w.south, id, None, None).unwrap();
        assert_eq!(all(), [1, 0, 0, 0]);
        let id = w.arrived(4..=6);
        assert_eq!(all(), [1, 1, 1, 0]);
        transfers::start_from_manifest(&w.app, &w.south_warehouse, id).unwrap();
        transfers::receive(&w.app, &w.south_warehouse, id, None, None).unwrap();
        assert_eq!(all(), [1, 0, 0, 1]);
    });
}

#[test]
fn what_is_not_confirmed_in_time_lapses() {
    both(|url| {
        let w = world(url);
        let id = transfers::notify_direct(&w.app, &w.north, &notice(5)).unwrap().id;
        // Monday; two working days later it is Wednesday, at whose end it lapses.
        w.days_later(2);
        w.tick();
        assert_eq!(w.view(id).state, State::Agreed);
        w.days_later(1);
        w.tick();
        w.tick();
        assert_eq!(w.view(id).state, State::Lapsed);
        assert_eq!(w.count("SELECT count(*) FROM journal WHERE kind = 'TransferLapsed'"), 1);
        let late = transfers::confirm(&w.app, &w.south, id, None, None);
        assert_eq!(refused(late).0, "wrong-state");
        w.is_sound();
    });
}

#[test]
fn late_steps_are_noted_and_silence_does_not_accept() {
    both(|url| {
        let w = world(url);
        let late = |what: &str| {
            let sql = format!(
                "SELECT count(*) FROM journal WHERE kind = 'TransferOverdue' \
                 AND payload LIKE '%\"{what}\"%'"
            );
            w.count(&sql)
        };
        let id = w.confirmed(3);
        w.days_later(20);
        w.tick();
        assert_eq!(late("dispatch"), 1);
        transfers::add_text(&w.app, &w.north, id, Side::Sender, &paste(1..=3)).unwrap();
        transfers::dispatch(&w.app, &w.north, id, None, &leaving()).unwrap();
        w.days_later(10);
        w.tick();
        assert_eq!(late("arrive"), 1);
        transfers::arrive(&w.app, &w.south, id, None, &arrival()).unwrap();
        // Christmas and the New Year lie in between.
        w.days_later(15);
        w.tick();
        assert_eq!((late("receive"), late("escalate")), (1, 0));
        w.days_later(10);
        w.tick();
        w.tick();
        assert_eq!((late("receive"), late("escalate")), (1, 1));
        assert_eq!(w.view(id).state, State::Arrived);
        transfers::start_from_manifest(&w.app, &w.south, id).unwrap();
        transfers::receive(&w.app, &w.south, id, None, None).unwrap();
        w.days_later(5);
        w.tick();
        assert_eq!(late("prepare"), 1);
        w.is_sound();
    });
}

#[test]
fn what_is_late_stays_on_the_clock_and_in_the_lists_until_it_is_done() {
    both(|url| {
        let w = world(url);
        let id = w.confirmed(3);
        let overdue = |actor| {
            let filter = TransferFilter { overdue: true, ..TransferFilter::default() };
            transfers::list(&w.app, actor, &filter, None, 10).unwrap().items
        };
        assert!(overdue(&w.logistics).is_empty());
        w.days_later(20);
        for _ in 0..2 {
            w.tick();
            let found = overdue(&w.logistics);
            assert_eq!(found.len(), 1);
            assert!(found[0].due_at.is_some_and(|due| due < w.app.now()));
            assert_eq!(overdue(&w.north).len(), 1);
        }
        let clock = w.view(id).clocks.into_iter().find(|clock| clock.what == "dispatch").unwrap();
        assert_eq!((clock.settled_at, clock.working_days_left < 0), (None, true));
        transfers::add_text(&w.app, &w.north, id, Side::Sender, &paste(1..=3)).unwrap();
        transfers::dispatch(&w.app, &w.north, id, None, &leaving()).unwrap();
        assert!(overdue(&w.logistics).is_empty());
        w.is_sound();
    });
}

#[test]
fn a_receiver_that_says_nothing_at_all_is_reminded_and_escalated_and_never_taken_to_have_accepted()
{
    both(|url| {
        let w = world(url);
        settings::change(&w.app, &w.admin, "transfer.accept_by_silence", "on", None).unwrap();
        let id = w.confirmed(3);
        transfers::add_text(&w.app, &w.north, id, Side::Sender, &paste(1..=3)).unwrap();
        transfers::dispatch(&w.app, &w.north, id, None, &leaving()).unwrap();
        for late in ["arrive", "receive", "escalate"] {
            assert!(w.open_deadlines(id).iter().any(|(what, _)| what == late), "{late}");
            w.days_later(10);
            w.tick();
        }
        assert_eq!(w.view(id).state, State::Dispatched);
        assert_eq!(w.open_deadlines(id).len(), 3);
        transfers::arrive(&w.app, &w.south, id, None, &arrival()).unwrap();
        let open: Vec<String> = w.open_deadlines(id).into_iter().map(|(what, _)| what).collect();
        assert_eq!(open, ["receive"]);
        w.is_sound();
    });
}

#[test]
fn a_list_is_declared_and_emptied_only_as_it_was_seen() {
    both(|url| {
        let w = world(url);
        let app = &w.app;
        let id = w.confirmed(3);
        let seen = |actor, side| transfers::list_state(app, actor, id, side).unwrap().version;
        transfers::add_text(app, &w.north, id, Side::Sender, &paste(1..=2)).unwrap();
        let old = Some(seen(&w.north, Side::Sender));
        transfers::add_text(app, &w.north_warehouse, id, Side::Sender, &paste(3..=3)).unwrap();
        let stale = Dispatch { list_version: old, ..leaving() };
        assert_eq!(refused(transfers::dispatch(app, &w.north, id, None, &stale)).0, "out-of-date");
        let cleared = transfers::clear(app, &w.north, id, Side::Sender, old);
        assert_eq!(refused(cleared).0, "out-of-date");
        let fresh = Dispatch { list_version: Some(seen(&w.north, Side::Sender)), ..leaving() };
        transfers::dispatch(app, &w.north, id, None, &fresh).unwrap();
        transfers::arrive(app, &w.south, id, None, &arrival()).unwrap();
        transfers::start_from_manifest(app, &w.south, id).unwrap();
        let old = Some(seen(&w.south, Side::Receiver));
        let led = Some(FaultReason::Led);
        transfers::set_verdicts(app, &w.south_warehouse, id, &hubs([3]), led).unwrap();
        let received = transfers::receive(app, &w.south, id, None, old);
        assert_eq!(refused(received).0, "out-of-date");
        let now = Some(seen(&w.south, Side::Receiver));
        let view = transfers::receive(app, &w.south, id, None, now).unwrap();
        assert_eq!((view.counts.ready, view.counts.waiting), (2, 1));
        w.is_sound();
    });
}

#[test]
fn silence_accepts_only_when_the_dcc_has_set_it_so() {
    both(|url| {
        let w = world(url);
        settings::change(&w.app, &w.admin, "transfer.accept_by_silence", "on", None).unwrap();
        let id = w.arrived(1..=3);
        w.days_later(10);
        w.tick();
        assert_eq!(w.view(id).state, State::Arrived);
        w.days_later(10);
        w.tick();
        let view = w.view(id);
        assert_eq!((view.state, view.counts.ready), (State::Reconciled, 3));
        assert!(view.received.unwrap().by.is_none());
        w.is_sound();
    });
}

#[test]
fn a_transfer_is_called_off_only_before_dispatch() {
    both(|url| {
        let w = world(url);
        let id = w.confirmed(3);
        assert_eq!(refused(transfers::cancel(&w.app, &w.south, id, None, " ")).0, "invalid");
        let view = transfers::cancel(&w.app, &w.south, id, None, "not needed").unwrap();
        assert_eq!((view.state, view.reason.as_deref()), (State::Cancelled, Some("not needed")));
        assert!(w.open_deadlines(id).is_empty());
        let id = w.arrived(1..=3);
        assert_eq!(refused(transfers::cancel(&w.app, &w.north, id, None, "no")).0, "wrong-state");
        w.is_sound();
    });
}

#[test]
fn what_is_on_hold_stands_still() {
    both(|url| {
        let w = world(url);
        let id = w.confirmed(3);
        let hold = |version| transfers::hold(&w.app, &w.logistics, id, version, "SoLR");
        assert_eq!(refused(hold(Some(1))).0, "out-of-date");
        let view = hold(None).unwrap();
        assert_eq!((view.state, view.held_from), (State::OnHold, Some(State::Confirmed)));
        assert!(w.open_deadlines(id).is_empty());
        let list = transfers::add_text(&w.app, &w.north, id, Side::Sender, &paste(1..=3));
        assert_eq!(refused(list).0, "wrong-state");
        assert_eq!(refused(transfers::cancel(&w.app, &w.north, id, None, "no")).0, "wrong-state");
        w.days_later(30);
        w.tick();
        let view = transfers::release(&w.app, &w.logistics, id, None).unwrap();
        assert_eq!((view.state, view.held_from), (State::Confirmed, None));
        let due = w.open_deadlines(id);
        assert!(due.len() == 1 && due[0].0 == "dispatch" && due[0].1 > w.app.now());
        hold(None).unwrap();
        let view = transfers::cancel(&w.app, &w.logistics, id, None, "failed").unwrap();
        assert_eq!(view.state, State::Cancelled);
        w.is_sound();
    });
}

#[test]
fn a_reversal_is_a_new_transfer_that_takes_back_what_is_still_there() {
    both(|url| {
        let w = world(url);
        let id = w.received(1..=6);
        w.moved(id);
        w.install(6);
        // Hubs go back as they came, also when their time for installation is over.
        w.ends("2026-11-01");
        let new = transfers::reverse(&w.app, &w.logistics, id, None, "sent in error").unwrap();
        assert_eq!((new.kind.name(), new.reverses), ("reversal", Some(id)));
        assert_eq!((new.sender.reference.as_str(), new.quantity), ("SOU1", 5));
        assert_eq!(w.view(id).reversed_by, Some(new.id));
        let twice = transfers::reverse(&w.app, &w.logistics, id, None, "again");
        assert_eq!(refused(twice).0, "wrong-state");
        transfers::confirm(&w.app, &w.south, new.id, None, None).unwrap();
        transfers::confirm(&w.app, &w.north, new.id, None, None).unwrap();
        let other = transfers::scan(&w.app, &w.south, new.id, Side::Sender, &hub(101).to_string());
        assert!(other.unwrap().answers[0].message.contains("did not move this hub"));
        transfers::dispatch(&w.app, &w.south_warehouse, new.id, None, &leaving()).unwrap();
        transfers::arrive(&w.app, &w.north, new.id, None, &arrival()).unwrap();
        transfers::start_from_manifest(&w.app, &w.north, new.id).unwrap();
        transfers::receive(&w.app, &w.north, new.id, None, None).unwrap();
        let view = w.moved(new.id);
        assert_eq!(view.state, State::Completed);
        for n in 1..=5 {
            assert_eq!(w.whose(n), 1);
        }
        assert_eq!(w.whose(6), 2);
        w.is_sound();
    });
}

#[test]
fn a_log_says_who_was_responsible_at_any_instant() {
    both(|url| {
        let w = world(url);
        let app = &w.app;
        let sent = app.now();
        let id = w.arrived(1..=3);
        w.days_later(1);
        let accepted = app.now();
        transfers::start_from_manifest(app, &w.south, id).unwrap();
        transfers::set_verdicts(app, &w.south, id, &hubs([3]), Some(FaultReason::Led)).unwrap();
        transfers::receive(app, &w.south, id, None, None).unwrap();
        w.days_later(1);
        w.moved(id);
        let at = |n, instant| {
            let found = transfers::responsible(app, &w.auditor, hub(n), instant).unwrap();
            (found.party.reference, found.transfer)
        };
        let tick = jiff::SignedDuration::from_micros(1);
        assert_eq!(at(1, sent), ("NOR1".into(), None));
        assert_eq!(at(1, accepted - tick), ("NOR1".into(), None));
        assert_eq!(at(1, accepted), ("SOU1".into(), Some(id)));
        assert_eq!(at(1, app.now()), ("SOU1".into(), Some(id)));
        assert_eq!(at(3, app.now()), ("NOR1".into(), None));
        for n in 1..=3 {
            let times = transfers::responsibility(app, &w.auditor, hub(n)).unwrap();
            assert!(times.windows(2).all(|pair| pair[0].until == Some(pair[1].from)));
            assert!(times.last().unwrap().until.is_none());
        }
        let lines = w.lines(id);
        assert_eq!(lines[&hub(1)].accepted_at, Some(accepted));
        assert_eq!(lines[&hub(3)].state, LineState::Waiting);
    });
}

#[test]
fn an_out_of_date_page_overwrites_nothing() {
    both(|url| {
        let w = world(url);
        let id = w.arrived(1..=3);
        transfers::start_from_manifest(&w.app, &w.south, id).unwrap();
        let old = Some(w.view(id).version - 1);
        let results = [
            refused(transfers::receive(&w.app, &w.south, id, old, None)).0,
            refused(transfers::cancel(&w.app, &w.south, id, old, "no")).0,
            refused(transfers::hold(&w.app, &w.logistics, id, old, "no")).0,
            refused(transfers::arrive(&w.app, &w.south, id, old, &arrival())).0,
        ];
        assert_eq!(results, ["out-of-date"; 4]);
        transfers::set_verdicts(&w.app, &w.south, id, &hubs([3]), Some(FaultReason::Led)).unwrap();
        transfers::receive(&w.app, &w.south, id, None, None).unwrap();
        let keep = Correction::GiveBack;
        let results = [
            refused(transfers::correct(&w.app, &w.north, id, old, &hubs([3]), keep, "")).0,
            refused(transfers::prepare(&w.app, &w.logistics, id, old)).0,
            refused(transfers::release(&w.app, &w.logistics, id, old)).0,
            refused(transfers::reverse(&w.app, &w.logistics, id, old, "no")).0,
        ];
        assert_eq!(results, ["out-of-date"; 4]);
        let next = w.confirmed(3);
        let old = Some(w.view(next).version - 1);
        let dispatched = transfers::dispatch(&w.app, &w.north, next, old, &leaving());
        assert_eq!(refused(dispatched).0, "out-of-date");
        let file = transfer_files::list(&w.app, &w.logistics, &Default::default(), None, 10);
        assert!(file.unwrap().items.is_empty());
    });
}
