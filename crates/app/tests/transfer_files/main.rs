//! The transfer file from upload to answer, on both databases.
#![allow(clippy::unwrap_used)]

mod bad_input;
mod decisions;
mod races;
mod results;
mod world;

use app::transfer_files::{self, Checked, Found, LineFilter, SentBefore, Submission};
use app::{App, Error, dry_runs};
use domain::refusal::RefusalKind;
use domain::transfer_files::{Code, State};
use jiff::SignedDuration;
use testkit::world::{both, on_sqlite};

use world::*;

#[test]
fn a_file_goes_its_whole_way() {
    both(|url| {
        let app = world(url);
        let id = submit(&app, "transfer.csv", &to("SOU1", 1..=10));
        let checked = view(&app, id);
        assert_eq!(checked.state, State::Validated);
        assert_eq!(checked.lines, 10);
        let summary = checked.summary.unwrap();
        assert_eq!((summary.moves, summary.rejected), (10, 0));
        assert_eq!(summary.by_party.len(), 1);
        let stock: Vec<_> =
            summary.stock.iter().map(|s| (s.party.as_str(), s.before, s.after)).collect();
        assert_eq!(stock, [("NOR1", 27, 17), ("SOU1", 14, 24)]);
        assert_eq!(whose(&app, 1), (1, 0), "validation moves nothing");
        assert!(response(&app, id).contains("Can be updated."));

        authorise(&app, id);
        assert_eq!(view(&app, id).state, State::Authorised);
        run_jobs(&app);
        let applied = view(&app, id);
        assert_eq!(applied.state, State::Applied);
        assert_eq!(applied.applied.unwrap().moved, 10);
        assert_eq!((whose(&app, 1), whose(&app, 10), whose(&app, 11)), ((2, 1), (2, 1), (1, 0)));
        let answer = response(&app, id);
        assert_eq!(codes(&answer), ["S00"; 10]);
        let first = "2,00-DB-12-01-00-00-00-01,S00,Updated.,NOR1,SOU1,Pending,2026-11-23T18:00:20Z";
        assert_eq!(answer.lines().nth(1), Some(first));
        books_balance(&app);
        for kind in ["Received", "Validated", "Authorised", "Applied"] {
            assert_eq!(entries(&app, &format!("TransferFile{kind}")), 1, "{kind}");
        }
    });
}

#[test]
fn each_line_gets_its_code() {
    both(|url| {
        let app = world(url);
        let id = |n| hub(n).to_string();
        let lines = [
            (id(1), "SOU1"),
            (id(1), "SOU1"),
            ("9.035E+13".to_owned(), "SOU1"),
            (gpf(2).to_string(), "SOU1"),
            (id(99), "SOU1"),
            (id(3), "NONE"),
            (id(4), "WES1"),
            (id(5), "EAS1"),
            (id(28), "SOU1"),
            (id(30), "SOU1"),
            (id(32), "SOU1"),
            (id(26), "SOU1"),
            (id(27), "SOU1"),
            (id(21), "SOU1"),
            (format!("{},extra", id(6)), "SOU1"),
            (id(7), "MID1"),
        ];
        let view = put_through(&app, "each.csv", &minimal(&lines));
        assert_eq!(view.state, State::PartApplied);
        let answer = response(&app, view.id);
        let expected = [
            "S00", "R07", "R01", "R03", "R02", "R08", "R08", "R08", "R04", "R04", "S01", "R09",
            "R09", "S00+W10", "R00", "S00",
        ];
        assert_eq!(codes(&answer), expected);
        let line = |n: usize| answer.lines().nth(n).unwrap().to_owned();
        assert!(line(4).contains(&hub(2).to_string()), "{}", line(4));
        assert!(line(9).contains("Status is Commissioned since 1 May 2026."), "{}", line(9));
        assert!(line(13).contains("quarantined"), "{}", line(13));
        assert!(line(14).contains("22 November 2026"), "{}", line(14));
        assert_eq!((whose(&app, 1).0, whose(&app, 7).0, whose(&app, 21).0), (2, 5, 2));
        books_balance(&app);
    });
}

#[test]
fn an_all_or_nothing_file_with_one_bad_line_moves_nothing() {
    both(|url| {
        let app = world(url);
        let id = submit_as(&app, "all.csv", &to("SOU1", [1, 2, 28, 32]), true);
        assert_eq!(codes(&response(&app, id)), ["N00", "N00", "R04", "S01"]);
        authorise(&app, id);
        run_jobs(&app);
        assert_eq!(view(&app, id).state, State::Failed);
        assert_eq!(codes(&response(&app, id)), ["N00", "N00", "R04", "S01"]);
        assert_eq!(whose(&app, 1), (1, 0));
        books_balance(&app);

        let id = submit_as(&app, "all.csv", &to("SOU1", [1, 2, 32]), true);
        authorise(&app, id);
        run_jobs(&app);
        assert_eq!(view(&app, id).state, State::Applied);
        assert_eq!(whose(&app, 2).0, 2);
        books_balance(&app);
    });
}

#[test]
fn the_same_content_or_file_id_is_answered_with_the_first_file() {
    both(|url| {
        let app = world(url);
        let bytes = to("SOU1", 1..=3);
        let first = submit(&app, "one.csv", &bytes);
        let submission = Submission { name: "two.csv".into(), all_or_nothing: true };
        let again = transfer_files::submit(&app, &preparer(), submission, &mut &bytes[..]).unwrap();
        assert_eq!((again.id, again.repeated), (first, true));

        let (from_to, name) = (("NOR1", "SOU1"), CONTROLLED_NAME);
        let one = submit(&app, name, &controlled(7, from_to, &[hub(4)]));
        assert_eq!(view(&app, one).state, State::Validated);
        let other = submit(&app, name, &controlled(7, from_to, &[hub(5)]));
        assert_eq!(other, one);
    });
}

#[test]
fn a_file_id_that_two_files_bring_at_once_belongs_to_one_of_them() {
    both(|url| {
        let app = world(url);
        let send = |n| {
            let submission = Submission { name: CONTROLLED_NAME.into(), all_or_nothing: false };
            let bytes = controlled(7, ("NOR1", "SOU1"), &[hub(n)]);
            transfer_files::submit(&app, &preparer(), submission, &mut &bytes[..]).unwrap().id
        };
        let (one, other) = (send(1), send(2));
        assert_ne!(one, other, "neither is checked yet");
        run_jobs(&app);
        assert_eq!(view(&app, one).state, State::Validated);
        let refused = view(&app, other);
        assert_eq!(refused.state, State::FailedValidation);
        assert_eq!(refused.first_answer, Some(one));
        assert!(refused.refusal.unwrap().contains("ctf-000001"));
    });
}

#[test]
fn a_file_that_was_cut_off_can_be_sent_again_whole() {
    both(|url| {
        let app = world(url);
        let whole = controlled(9, ("NOR1", "SOU1"), &[hub(1), hub(2)]);
        let cut = submit(&app, CONTROLLED_NAME, &whole[..whole.len() - 20]);
        assert_eq!(view(&app, cut).state, State::FailedValidation);
        let id = submit(&app, CONTROLLED_NAME, &whole);
        assert_ne!(id, cut);
        assert_eq!(view(&app, id).state, State::Validated);
        let misnamed = submit(&app, "my file.csv", &controlled(10, ("NOR1", "SOU1"), &[hub(3)]));
        assert_eq!(view(&app, misnamed).state, State::FailedValidation);
        let named = submit(&app, CONTROLLED_NAME, &controlled(10, ("NOR1", "SOU1"), &[hub(3)]));
        assert_eq!(view(&app, named).state, State::Validated, "a name can be put right");
    });
}

#[test]
fn a_job_that_runs_again_changes_nothing() {
    both(|url| {
        let app = world(url);
        let view = put_through(&app, "once.csv", &to("SOU1", 1..=5));
        let before = whose(&app, 1);
        for kind in
            [app::jobs::JobKind::ValidateTransferFile, app::jobs::JobKind::ApplyTransferFile]
        {
            let mut tx = app.db.write().unwrap();
            app::jobs::enqueue(&mut tx, kind, view.id.0, app.now()).unwrap();
            tx.commit().unwrap();
        }
        run_jobs(&app);
        assert_eq!(whose(&app, 1), before);
        assert_eq!(entries(&app, "TransferFileApplied"), 1);
        books_balance(&app);
    });
}

#[test]
fn settings_turn_checks_off_or_make_warnings_reject() {
    both(|url| {
        let app = world(url);
        let mut tx = app.db.write().unwrap();
        for (name, value) in [("check.R05", "off"), ("check.R09", "off"), ("check.W10", "reject")] {
            store::settings::put(&mut tx, name, value).unwrap();
        }
        tx.commit().unwrap();
        let hubs = [hub(26), hub(27), hub(21), hub(40)];
        let bytes = controlled(1, ("NOR1", "MID1"), &hubs);
        let view = put_through(&app, CONTROLLED_NAME, &bytes);
        assert_eq!(codes(&response(&app, view.id)), ["S00", "S00", "W10", "S00"]);
        books_balance(&app);
    });
}

/// What a dry run finds, and the response that it would give.
fn tried(app: &App, name: &str, bytes: &[u8], all_or_nothing: bool) -> (Checked, String) {
    let submission = Submission { name: name.into(), all_or_nothing };
    let mut response = Vec::new();
    let checked = transfer_files::check(app, &submission, bytes.to_vec(), &mut response).unwrap();
    (checked, String::from_utf8(response).unwrap())
}

#[test]
fn a_dry_run_says_what_a_submission_would_and_writes_nothing() {
    both(|url| {
        let app = world(url);
        let bytes = to("SOU1", [1, 28]);
        for all_or_nothing in [false, true] {
            let (checked, dry) = tried(&app, "dry.csv", &bytes, all_or_nothing);
            assert_eq!(checked.sent_before, None);
            let Found::Answered(found) = checked.found else { panic!("{:?}", checked.found) };
            assert_eq!(entries(&app, "TransferFileReceived"), 0);
            let name = if all_or_nothing { "N00" } else { "S00" };
            assert_eq!((found.counts[name], found.counts["R04"], found.rejected), (1, 1, 1));
            assert_eq!(codes(&dry), [name, "R04"]);
        }
        let id = submit(&app, "dry.csv", &bytes);
        let (_, dry) = tried(&app, "other.csv", &to("SOU1", [1, 28, 2]), false);
        assert_eq!(codes(&dry), ["S00", "R04", "S00"]);
        let (checked, response) = tried(&app, "other.csv", &bytes, false);
        assert_eq!(checked.sent_before, Some(SentBefore { id, received_at: app.now() }));
        assert_eq!(codes(&response), ["S00", "R04"]);
        let first = controlled(1, ("NOR1", "SOU1"), &[hub(2)]);
        let id = put_through(&app, CONTROLLED_NAME, &first).id;
        let other = controlled(1, ("NOR1", "SOU1"), &[hub(3)]);
        let (checked, _) = tried(&app, CONTROLLED_NAME, &other, false);
        assert_eq!(checked.sent_before.map(|sent| sent.id), Some(id));
    });
}

#[test]
fn what_a_dry_run_answered_is_for_whoever_asked_and_for_a_day() {
    both(|url| {
        let app = world(url);
        let answers = "line,text\r\n".repeat(200_000);
        let (kept, ()) = dry_runs::keep(&app, &preparer(), "dry_RSP.csv", |out| {
            out.write_all(answers.as_bytes()).map_err(Error::io("write"))
        })
        .unwrap();
        let kept = kept.unwrap();
        let mut out = Vec::new();
        dry_runs::send(&app, &preparer(), kept, &mut out).unwrap();
        assert_eq!(out, answers.as_bytes());
        assert_eq!(dry_runs::name(&app, &preparer(), kept).unwrap(), "dry_RSP.csv");
        let others = dry_runs::send(&app, &authoriser(), kept, &mut out).unwrap_err();
        assert_eq!(others.refusal().unwrap().kind, RefusalKind::NotFound);
        app.clock.set(app.now() + SignedDuration::from_hours(25));
        app::tidy(&app).unwrap();
        assert!(dry_runs::name(&app, &preparer(), kept).is_err());
        assert!(!store::files::is_any_unfinished(&mut app.db.read().unwrap(), app.now()).unwrap());
    });
}

#[test]
fn ids_with_the_group_or_local_bit_are_counted() {
    on_sqlite(|url| {
        let app = world(url);
        let local = "02-DB-12-34-56-78-90-A2";
        let mut bytes = to("SOU1", [1]);
        bytes.extend_from_slice(format!("{local},SOU1\r\n").as_bytes());
        let view = view(&app, submit(&app, "odd.csv", &bytes));
        assert_eq!(view.summary.unwrap().unusual_ids, 1);
    });
}

#[test]
fn a_party_sees_no_transfer_file() {
    both(|url| {
        let app = world(url);
        let id = submit(&app, "secret.csv", &to("SOU1", 1..=2));
        let mut party = actor(5, &[domain::access::Role::StockManager]);
        party.organisation = domain::access::Organisation::Party(domain::ids::PartyId(1));
        let is_refused = |result: Option<&Error>| assert!(result.unwrap().refusal().is_some());
        is_refused(transfer_files::get(&app, &party, id).err().as_ref());
        is_refused(
            transfer_files::list(&app, &party, &Default::default(), None, 10).err().as_ref(),
        );
        let lines = transfer_files::lines(&app, &party, id, &LineFilter::default(), 0, 10);
        is_refused(lines.err().as_ref());
        let submission = Submission { name: "x.csv".into(), all_or_nothing: false };
        let sent = transfer_files::submit(&app, &party, submission, &mut &b"x"[..]);
        is_refused(sent.err().as_ref());
    });
}

#[test]
fn what_the_journal_says_can_be_done_again() {
    both(|url| {
        let app = world(url);
        put_through(&app, "one.csv", &to("SOU1", 1..=12));
        put_through(
            &app,
            CONTROLLED_NAME,
            &controlled(3, ("", "MID1"), &[hub(1), hub(28), gpf(1)]),
        );
        let id = submit_as(&app, "three.csv", &to("MID1", [2, 29]), true);
        transfer_files::reject(&app, &authoriser(), id, None, "not now").unwrap();
        let id = submit(&app, "four.csv", &to("MID1", [2]));
        transfer_files::withdraw(&app, &preparer(), id, None, "a mistake").unwrap();
        submit(&app, "five.csv", b"nonsense");
        // Two pairs of Parties that read the same: no reference, and an empty one.
        let mut blank = to("MID1", [2, 3]);
        blank.extend_from_slice(b"00-DB-12-99-00-00-00-01,\r\n00-DB-12-99-00-00-00-02\r\n");
        let blank = view(&app, submit(&app, "blank.csv", &blank)).summary.unwrap();
        assert_eq!(blank.by_party.len(), 2, "{:?}", blank.by_party);
        transfer_files::settle(&app, &finance(), 1, None, "charged to Midland").unwrap();

        rebuilds(&app);
    });
}

/// Doing the journal again gives the same tables.
fn rebuilds(app: &App) {
    on_sqlite(|scratch| {
        let again = world(scratch);
        redo_all(app, &again);
        let (mut live, mut rebuilt) = (app.db.read().unwrap(), again.db.read().unwrap());
        for table in store::compare::TABLES.iter().filter(|table| table.name != "journal") {
            let compared =
                store::compare::table(&mut live, &mut rebuilt, table, &mut |_| ()).unwrap();
            assert_eq!(compared.difference, None, "{}", table.name);
        }
    });
}

fn redo_all(app: &App, again: &App) {
    let mut live = app.db.read().unwrap();
    let entries = store::journal::following(&mut live, 0, 1_000).unwrap();
    let mut tx = again.db.write().unwrap();
    for entry in &entries {
        let event = app::journal::Event::from_entry(&entry.kind, &entry.payload).unwrap();
        let mut file = |sha256: &str| {
            let hash: Vec<u8> = (0..64)
                .step_by(2)
                .map(|i| u8::from_str_radix(&sha256[i..i + 2], 16).unwrap())
                .collect();
            let stored = store::files::find(&mut live, &hash.try_into().unwrap())?.unwrap();
            Ok(store::files::whole(&mut live, stored.id)?)
        };
        assert!(transfer_files::redo(&mut tx, &mut file, entry, &event).unwrap());
    }
    tx.commit().unwrap();
}

#[test]
fn every_code_is_known_to_the_filter_of_lines() {
    both(|url| {
        let app = world(url);
        let view = put_through(&app, "lines.csv", &to("SOU1", [1, 2, 28, 29, 32, 21]));
        let lines = |filter: &LineFilter, from, limit| {
            transfer_files::lines(&app, &preparer(), view.id, filter, from, limit).unwrap()
        };
        let all = lines(&LineFilter::default(), 0, 100);
        assert_eq!((all.lines.len(), all.matching, all.is_applied), (6, 6, true));
        let rejected = lines(&LineFilter { only_rejected: true, ..Default::default() }, 0, 100);
        assert!(rejected.lines.iter().all(|line| line.outcome.code == Code::R04));
        assert_eq!(rejected.lines.iter().map(|line| line.line).collect::<Vec<_>>(), [4, 5]);
        let warned =
            lines(&LineFilter { codes: vec!["S00+W10".into()], ..Default::default() }, 0, 9);
        assert_eq!(warned.lines[0].comms_hub_id, hub(21).to_string());
        let updated = lines(&LineFilter { codes: vec!["S00".into()], ..Default::default() }, 1, 1);
        assert_eq!((updated.matching, updated.lines.len()), (3, 1));
        assert_eq!(updated.lines[0].line, 3);
        let whole = response(&app, view.id);
        for (answer, line) in whole.lines().skip(1).zip(&all.lines) {
            assert!(answer.contains(&line.text) || answer.contains('"'), "{answer} {line:?}");
        }
    });
}
