//! Who may decide what, and when.

use app::transfer_files::{self, TransferFileFilter};
use domain::access::Role;
use domain::refusal::RefusalKind;
use domain::transfer_files::State;
use store::args;
use testkit::world::both;

use crate::world::*;

#[test]
fn the_preparer_never_authorises_whatever_the_roles() {
    both(|url| {
        let app = world(url);
        let both_roles = actor(1, &[Role::DccLogistics, Role::DccAuthoriser]);
        let id = submit(&app, "mine.csv", &to("SOU1", 1..=2));
        let refused = transfer_files::authorise(&app, &both_roles, id, None).unwrap_err();
        assert_eq!(refused.refusal().unwrap().kind, RefusalKind::SamePerson);
        assert_eq!(entries(&app, "TransferFileAuthorisationRefused"), 1);
        assert_eq!(view(&app, id).state, State::Validated);
        let rejected = transfer_files::reject(&app, &both_roles, id, None, "no").unwrap_err();
        assert_eq!(rejected.refusal().unwrap().kind, RefusalKind::SamePerson);
        assert!(!transfer_files::get(&app, &both_roles, id).unwrap().may.authorise);

        let mut tx = app.db.write().unwrap();
        let sql = "UPDATE transfer_files SET authoriser = preparer WHERE id = $1";
        let error = tx.exec(sql, args![id]).unwrap_err();
        assert!(matches!(error, store::Error::Constraint { .. }), "{error}");
    });
}

#[test]
fn roles_decide_who_may_authorise_reject_and_withdraw() {
    both(|url| {
        let app = world(url);
        let id = submit(&app, "roles.csv", &to("SOU1", 1..=2));
        for role in Role::ALL {
            let person = actor(3, &[*role]);
            if *role != Role::DccAuthoriser {
                let refused = transfer_files::authorise(&app, &person, id, None).unwrap_err();
                assert_eq!(refused.refusal().unwrap().kind, RefusalKind::NotAllowed, "{role:?}");
                let refused = transfer_files::reject(&app, &person, id, None, "no").unwrap_err();
                assert_eq!(refused.refusal().unwrap().kind, RefusalKind::NotAllowed, "{role:?}");
            }
            if *role != Role::DccLogistics {
                let refused = transfer_files::withdraw(&app, &person, id, None, "no").unwrap_err();
                assert_eq!(refused.refusal().unwrap().kind, RefusalKind::NotAllowed, "{role:?}");
            }
        }
        assert_eq!(view(&app, id).state, State::Validated);
    });
}

#[test]
fn a_checked_file_waits_until_the_end_of_the_next_working_day_and_is_then_told_of_once() {
    both(|url| {
        let app = world(url);
        let late = submit(&app, "late.csv", &to("SOU1", 1..=2));
        let by = view(&app, late).authorise_by.unwrap();
        assert_eq!(by.to_string(), "2026-11-25T00:00:00Z");
        let withdrawn = submit(&app, "withdrawn.csv", &to("MID1", [3]));
        transfer_files::withdraw(&app, &preparer(), withdrawn, None, "a mistake").unwrap();
        assert_eq!(view(&app, withdrawn).authorise_by, None);
        let refused = submit(&app, "refused.csv", b"nonsense");
        assert_eq!(view(&app, refused).authorise_by, None);
        for _ in 0..2 {
            app::timers::pass(&app).unwrap();
            assert_eq!(entries(&app, "TransferFileOverdue"), 0);
        }
        app.clock.set(by);
        for _ in 0..2 {
            app::timers::pass(&app).unwrap();
            assert_eq!(entries(&app, "TransferFileOverdue"), 1);
        }
        let waits = view(&app, late);
        assert_eq!((waits.state, waits.authorise_by), (State::Validated, Some(by)));
        authorise(&app, late);
        run_jobs(&app);
        assert_eq!(view(&app, late).state, State::Applied);
        crate::rebuilds(&app);
    });
}

#[test]
fn an_out_of_date_page_decides_nothing() {
    both(|url| {
        let app = world(url);
        let id = submit(&app, "page.csv", &to("SOU1", 1..=2));
        let version = view(&app, id).version;
        let old = Some(version - 1);
        let refused = transfer_files::authorise(&app, &authoriser(), id, old).unwrap_err();
        assert_eq!(refused.refusal().unwrap().kind, RefusalKind::OutOfDate);
        let authorised = transfer_files::authorise(&app, &authoriser(), id, Some(version)).unwrap();
        assert_eq!(authorised.version, version + 1);
        let refused = transfer_files::authorise(&app, &authoriser(), id, None).unwrap_err();
        assert_eq!(refused.refusal().unwrap().kind, RefusalKind::WrongState);
        let late = transfer_files::withdraw(&app, &preparer(), id, None, "too late").unwrap_err();
        assert_eq!(late.refusal().unwrap().kind, RefusalKind::WrongState);
    });
}

#[test]
fn a_file_is_rejected_or_withdrawn_for_a_reason() {
    both(|url| {
        let app = world(url);
        let one = submit(&app, "one.csv", &to("SOU1", [1]));
        let refused = transfer_files::reject(&app, &authoriser(), one, None, "  ").unwrap_err();
        assert_eq!(refused.refusal().unwrap().field, Some("reason"));
        let rejected =
            transfer_files::reject(&app, &authoriser(), one, None, "wrong Party").unwrap();
        assert_eq!(rejected.state, State::Rejected);
        assert_eq!(rejected.reason.as_deref(), Some("wrong Party"));
        assert_eq!(rejected.authoriser.unwrap().name, "Ash Authoriser");

        let two = submit(&app, "two.csv", &to("SOU1", [2]));
        let colleague = actor(3, &[Role::DccLogistics]);
        let withdrawn = transfer_files::withdraw(&app, &colleague, two, None, "a mistake").unwrap();
        assert_eq!(withdrawn.state, State::Withdrawn);
        assert_eq!(withdrawn.authoriser, None);
        run_jobs(&app);
        assert_eq!((whose(&app, 1).0, whose(&app, 2).0), (1, 1));
    });
}

#[test]
fn a_file_that_is_withdrawn_before_it_was_checked_stays_so() {
    both(|url| {
        let app = world(url);
        let submission = transfer_files::Submission { name: "a.csv".into(), all_or_nothing: false };
        let bytes = to("SOU1", [1]);
        let sent = transfer_files::submit(&app, &preparer(), submission, &mut &bytes[..]).unwrap();
        assert_eq!(view(&app, sent.id).state, State::Received);
        transfer_files::withdraw(&app, &preparer(), sent.id, None, "oh").unwrap();
        run_jobs(&app);
        assert_eq!(view(&app, sent.id).state, State::Withdrawn);
    });
}

#[test]
fn an_authorisation_expires() {
    both(|url| {
        let app = world(url);
        let id = submit(&app, "late.csv", &to("SOU1", 1..=2));
        authorise(&app, id);
        app.clock.set("2026-11-28T18:00:21Z".parse().unwrap());
        run_jobs(&app);
        let late = view(&app, id);
        assert_eq!(late.state, State::Failed);
        assert!(late.refusal.unwrap().contains("expired"));
        assert_eq!(whose(&app, 1), (1, 0));
    });
}

#[test]
fn a_list_shows_what_waits_for_whom() {
    both(|url| {
        let app = world(url);
        for n in 1..=5 {
            submit(&app, &format!("file{n}.csv"), &to("SOU1", [n]));
        }
        put_through(&app, "done_100%.csv", &to("SOU1", [10]));
        let list = |person: &domain::access::Actor, filter: &TransferFileFilter, cursor, limit| {
            transfer_files::list(&app, person, filter, cursor, limit).unwrap()
        };
        let waiting = TransferFileFilter { waiting_for_me: true, ..Default::default() };
        assert_eq!(list(&authoriser(), &waiting, None, 50).items.len(), 5);
        assert_eq!(list(&preparer(), &waiting, None, 50).items.len(), 0);
        assert_eq!(transfer_files::waiting_for(&app, &authoriser()).unwrap(), 5);
        let first = list(&preparer(), &TransferFileFilter::default(), None, 4);
        assert_eq!(first.items.len(), 4);
        let second = list(&preparer(), &TransferFileFilter::default(), first.next, 4);
        assert_eq!((second.items.len(), second.next), (2, None));
        let text = TransferFileFilter { text: Some("100%".into()), ..Default::default() };
        let found = list(&preparer(), &text, None, 4);
        assert_eq!(found.items.len(), 1);
        assert_eq!(found.items[0].state, State::Applied);
        let state = TransferFileFilter { state: Some(State::Received), ..Default::default() };
        assert_eq!(list(&preparer(), &state, None, 4).items.len(), 0);
    });
}
