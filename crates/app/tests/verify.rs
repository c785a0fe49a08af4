//! One changed byte is found and named, wherever it is.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use app::delivery_report::{self, Asker};
use app::jobs::{self, JobKind};
use app::journal::verify::Problem;
use app::journal::{Verdict, read, verify};
use app::sign_in::{NewToken, actor_by_email, issue_token};
use app::tables::Format;
use app::{App, Clock, people, settings, transfer_files};
use domain::access::{Action, Actor, Role};
use jiff::Timestamp;
use store::{Db, Value, args};
use testkit::world::both;

const PASSWORD: &str = "correct horse battery";

fn new_app(url: &str) -> (App, tempfile::TempDir) {
    let db = Db::open(url).unwrap();
    db.migrate().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut app = App::new(db, folder.path().join("reports"));
    let at: Timestamp = "2026-11-23T18:00:20Z".parse().unwrap();
    app.clock = Clock::standing(at);
    (app, folder)
}

fn person(app: &App, email: &str, role: Role, action: Action) -> Actor {
    people::add_by_operator(app, email, "A Person", role, None, PASSWORD).unwrap();
    actor_by_email(app, email, action, None).unwrap()
}

/// A little of everything that is recorded.
fn world(url: &str) -> (App, tempfile::TempDir) {
    let (app, folder) = new_app(url);
    let admin = person(&app, "admin@example.org", Role::SystemAdmin, Action::ChangeSettings);
    let maker = person(&app, "maker@example.org", Role::DccLogistics, Action::PrepareTransferFile);
    settings::change(&app, &admin, "delivery_report.schedule", "07:30", None).unwrap();
    settings::change(&app, &admin, "delivery_report.schedule", "off", None).unwrap();
    issue_token(&app, &maker, &NewToken { name: "script", writes: true, days: 30 }).unwrap();
    people::deactivate(&app, &admin, maker.user.into(), "on leave").unwrap();
    people::reactivate(&app, &admin, maker.user.into()).unwrap();
    let file = "CommsHubID,NewServiceUserReference\r\n00-DB-12-34-56-78-90-A2,NOR1\r\n";
    let submission = transfer_files::Submission { name: "some.csv".into(), all_or_nothing: false };
    let sent = transfer_files::submit(&app, &maker, submission, &mut file.as_bytes()).unwrap();
    finish(&app, JobKind::ValidateTransferFile, sent.id.0);
    let run = delivery_report::request(&app, Asker::Operator, Format::Csv).unwrap();
    finish(&app, JobKind::WriteDeliveryReport, run.0);
    (app, folder)
}

fn finish(app: &App, kind: JobKind, subject: i64) {
    let job = jobs::finish(app, kind, subject, Duration::from_secs(60)).unwrap();
    assert_eq!((job.state.as_str(), job.problem), ("done", None));
}

fn verdict(app: &App) -> Verdict {
    verify(app, None, &mut |_, _| ()).unwrap()
}

fn change(app: &App, sql: &str, values: &[Value]) {
    let mut tx = app.db.write().unwrap();
    assert_eq!(tx.exec(sql, values).unwrap(), 1, "{sql}");
    tx.commit().unwrap();
}

#[test]
fn an_untouched_world_is_sound() {
    both(|url| {
        let (app, _folder) = world(url);
        let verdict = verdict(&app);
        assert_eq!(verdict.problems, []);
        assert!(verdict.entries > 10 && verdict.files == 1, "{verdict}");
        assert_eq!(verdict.tables.len(), store::compare::TABLES.len());
        let shown = verdict.to_string();
        assert!(shown.ends_with("All is as the journal says."), "{shown}");
    });
}

#[test]
fn every_changed_part_of_every_entry_is_found_at_its_place() {
    both(|url| {
        let (app, _folder) = world(url);
        let entries = store::journal::following(&mut app.db.read().unwrap(), 0, 1000).unwrap();
        let flipped = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            bytes[0] ^= 1;
            bytes
        };
        for entry in &entries {
            let payload = entry.payload.replacen(':', ": ", 1);
            let changes: [(&str, Value, Value); 8] = [
                ("at", (entry.at.as_microsecond() + 1).into(), entry.at.into()),
                ("actor", (entry.actor.unwrap_or(0) + 1).into(), entry.actor.into()),
                ("acted_for", 1_i64.into(), entry.acted_for.into()),
                ("subject", format!("{}0", entry.subject).into(), (&entry.subject).into()),
                ("kind", "SignedIn ".into(), (&entry.kind).into()),
                ("payload", payload.into(), (&entry.payload).into()),
                ("previous", flipped(&entry.previous).into(), entry.previous.into()),
                ("hash", flipped(&entry.hash).into(), entry.hash.into()),
            ];
            for (column, to, back) in changes {
                let sql = format!("UPDATE journal SET {column} = $1 WHERE seq = $2");
                change(&app, &sql, &[to, entry.seq.into()]);
                let found = app::journal::verify::verify_chain(&app.db).unwrap().problems;
                let place = match found.as_slice() {
                    [Problem::Chain { seq, .. }] => *seq,
                    other => panic!("{column} of {}: {other:?}", entry.seq),
                };
                assert_eq!(place, entry.seq, "{column}");
                change(&app, &sql, &[back, entry.seq.into()]);
            }
        }
        assert!(app::journal::verify::verify_chain(&app.db).unwrap().is_sound());
    });
}

#[test]
fn an_entry_that_was_noted_must_still_be_there() {
    both(|url| {
        let (app, _folder) = world(url);
        let last = verdict(&app);
        let seq = last.entries as i64;
        let against = |noted| verify(&app, Some(noted), &mut |_, _| ()).unwrap().problems;
        assert_eq!(against((seq, last.head)), []);
        let one_before = against((seq - 1, last.head));
        assert!(matches!(one_before[..], [Problem::Chain { seq: at, .. }] if at == seq - 1));
        change(&app, &format!("DELETE FROM journal WHERE seq = {seq}"), &[]);
        let cut = against((seq, last.head)).remove(0).to_string();
        assert!(cut.ends_with("it was noted, and is no longer there"), "{cut}");
    });
}

#[test]
fn an_entry_taken_out_is_found() {
    both(|url| {
        let (app, _folder) = world(url);
        change(&app, "DELETE FROM journal WHERE seq = 3", &[]);
        let problem = verdict(&app).problems.remove(0).to_string();
        assert_eq!(problem, "journal entry 3: there is none; the next one is 4");
    });
}

#[test]
fn a_changed_byte_of_a_stored_file_is_found() {
    both(|url| {
        let (app, _folder) = world(url);
        let sql = "SELECT file, bytes FROM file_chunks";
        let row = app.db.read().unwrap().one("chunk", sql, &[]).unwrap();
        let (file, kept) = (row.get::<i64>(0), row.get::<Vec<u8>>(1));
        let is = store::files::decompress(&kept).unwrap();
        for place in 0..kept.len() {
            let mut bytes = kept.clone();
            bytes[place] ^= 0x10;
            let sql = "UPDATE file_chunks SET bytes = $1 WHERE file = $2";
            change(&app, sql, args![bytes.clone(), file]);
            if store::files::decompress(&bytes).is_ok_and(|still| still == is) {
                continue;
            }
            let problems = verdict(&app).problems;
            let [Problem::File { file: found, .. }] = problems.as_slice() else {
                panic!("byte {place}: {problems:?}");
            };
            assert_eq!(found.0, file);
        }
    });
}

/// Changes one row and expects these words about it.
fn check(sql: &str, expected: &[&str]) {
    both(|url| {
        let (app, _folder) = world(url);
        change(&app, sql, &[]);
        let verdict = verdict(&app);
        let found: Vec<String> = verdict.problems.iter().map(ToString::to_string).collect();
        assert_eq!(found, expected);
        assert!(verdict.to_string().ends_with("This database is not what its journal says."));
    });
}

#[test]
fn a_changed_row_is_named_with_both_values() {
    check(
        "UPDATE settings SET value = '06:00' WHERE name = 'delivery_report.schedule'",
        &["table settings, name \"delivery_report.schedule\", column value: \
           the database has \"06:00\", the journal says \"off\""],
    );
    check(
        "DELETE FROM grants WHERE user_id = 1",
        &["table grants, user_id 1, organisation 0, role \"system-admin\": \
           the database has no row, the journal says a row"],
    );
    check(
        "UPDATE users SET name = 'Another' WHERE id = 2",
        &["table users, id 2, column name: the database has \"Another\", \
           the journal says \"A Person\""],
    );
    check(
        "UPDATE report_runs SET hubs = 1 WHERE id = 1",
        &["table report_runs, id 1, column hubs: the database has 1, the journal says 0"],
    );
}

#[test]
fn the_journal_reads_as_sentences_newest_first() {
    both(|url| {
        let (app, _folder) = world(url);
        let auditor = person(&app, "auditor@example.org", Role::Auditor, Action::ReadJournal);
        let all =
            read::list(&app, &auditor, &read::JournalFilter::default(), app::pages::Part::FIRST)
                .unwrap();
        assert!(all.items.windows(2).all(|pair| pair[0].seq == pair[1].seq + 1));
        assert!(all.items.iter().all(|entry| !entry.text.contains("cannot read")));
        let about = |subject: &str| {
            let filter =
                read::JournalFilter { subject: Some(subject.into()), ..Default::default() };
            let found = read::list(&app, &auditor, &filter, app::pages::Part::FIRST).unwrap();
            found.items.into_iter().map(|entry| entry.text).collect::<Vec<_>>()
        };
        assert_eq!(
            about("delivery_report.schedule"),
            [
                "Changed the setting delivery_report.schedule from 07:30 to off",
                "Changed the setting delivery_report.schedule from its default to 07:30",
            ]
        );
        assert_eq!(
            about("ctf-000001"),
            ["Validated ctf-000001: R02 1", "Received the transfer file some.csv"]
        );
    });
}
