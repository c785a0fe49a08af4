//! Things that happen at the same time.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use app::imports;
use app::jobs::{self, JobKind};
use app::transfer_files::{self, InstalledFilter, Submission};
use domain::ids::ImportId;
use domain::inventory::SmiStatus;
use domain::transfer_files::State;
use jiff::{SignedDuration, Timestamp};
use store::args;
use testkit::world::both;

use crate::world::*;

/// A status feed says that the hub was installed.
fn install(app: &app::App, n: u64) {
    let mut tx = app.db.write().unwrap();
    let sql = "UPDATE hubs SET status = CAST($2 AS INTEGER) WHERE id = $1";
    tx.exec(sql, args![hub(n), SmiStatus::Commissioned as i64]).unwrap();
    for (table, with) in
        [("stock", "model = 1 AND region = 'North'"), ("pallet_stock", "pallet = 1")]
    {
        tx.batch(&format!(
            "UPDATE {table} SET hubs = hubs - 1 WHERE party = 1 AND status = 1 AND {with};
             UPDATE {table} SET hubs = hubs + 1 WHERE party = 1 AND status = 4 AND {with}"
        ))
        .unwrap();
    }
    tx.commit().unwrap();
}

#[test]
fn of_two_files_for_one_hub_the_second_finds_what_the_first_left() {
    both(|url| {
        let app = world(url);
        let first = submit(&app, "first.csv", &to("SOU1", [1, 2, 3]));
        let same = submit(&app, "same.csv", &to("SOU1", [1]));
        let other = submit(&app, "other.csv", &to("MID1", [2]));
        let sent = controlled(5, ("NOR1", "MID1"), &[hub(3)]);
        let from = submit(&app, CONTROLLED_NAME, &sent);
        for id in [first, same, other, from] {
            authorise(&app, id);
            run_jobs(&app);
        }
        assert_eq!(codes(&response(&app, first)), ["S00"; 3]);
        assert_eq!(codes(&response(&app, same)), ["S01"]);
        assert_eq!(codes(&response(&app, other)), ["R12"]);
        assert_eq!(codes(&response(&app, from)), ["R05"]);
        assert_eq!(view(&app, other).state, State::Failed);
        assert_eq!((whose(&app, 2), whose(&app, 3)), ((2, 1), (2, 1)));
        books_balance(&app);
    });
}

#[test]
fn a_hub_that_is_installed_in_between_stays_and_finance_is_told() {
    both(|url| {
        let app = world(url);
        let id = submit(&app, "late.csv", &to("SOU1", [1, 2]));
        authorise(&app, id);
        install(&app, 2);
        run_jobs(&app);
        assert_eq!(codes(&response(&app, id)), ["S00", "R04"]);
        assert_eq!(view(&app, id).state, State::PartApplied);
        assert_eq!(whose(&app, 2), (1, 0));
        let queue = |filter| {
            transfer_files::installed_before(&app, &finance(), filter, None, 10).unwrap().items
        };
        let waiting = queue(InstalledFilter::Open);
        assert_eq!(waiting.len(), 1);
        assert_eq!((waiting[0].hub, waiting[0].line), (hub(2), 3));
        assert_eq!(waiting[0].to_reference, "SOU1");
        let settled =
            transfer_files::settle(&app, &finance(), waiting[0].id, None, "credited").unwrap();
        assert_eq!(settled.note.as_deref(), Some("credited"));
        assert!(transfer_files::settle(&app, &finance(), waiting[0].id, None, "twice").is_err());
        assert!(
            transfer_files::settle(&app, &preparer(), waiting[0].id, None, "not mine").is_err()
        );
        assert!(queue(InstalledFilter::Open).is_empty());
        assert_eq!(queue(InstalledFilter::Settled).len(), 1);
        books_balance(&app);
    });
}

/// A feed that gives hubs 1 to 20 this status in this hour.
fn feed(app: &app::App, status: &str, hour: u32) -> ImportId {
    let since = "2026-06-01T00:00:00Z".parse::<Timestamp>().unwrap();
    let since = since + SignedDuration::from_hours(hour.into());
    let mut text = String::from("CHFID,SMIStatus,StatusDate\n");
    for n in 1..=20 {
        text.push_str(&format!("{},{status},{since}\n", hub(n)));
    }
    let operator = actor(3, &[domain::access::Role::DspOperator]);
    let kind = imports::Kind::Statuses;
    imports::submit(app, &operator, kind, "feed.csv", &mut text.as_bytes()).unwrap().import
}

/// The place in the journal of the only entry of these kinds about this.
fn place(app: &app::App, kinds: [&str; 2], subject: &str) -> i64 {
    let sql = "SELECT min(seq), count(*) FROM journal WHERE kind IN ($1, $2) AND subject = $3";
    let args = args![kinds[0], kinds[1], subject];
    let row = app.db.read().unwrap().one("entry", sql, args).unwrap();
    assert_eq!(row.get::<i64>(1), 1, "{kinds:?} {subject}");
    row.get(0)
}

#[test]
fn no_hub_moves_whose_status_changed_first_however_close_they_race() {
    const ROUNDS: u32 = 40;
    both(|url| {
        let app = world(url);
        let nodes =
            [(); 2].map(|()| app::App { db: store::Db::open(url).unwrap(), ..neighbour(&app) });
        let finish = |node: &app::App, kind, subject| {
            let job = jobs::finish(node, kind, subject, Duration::from_secs(60)).unwrap();
            assert_eq!((job.state.as_str(), job.problem), ("done", None));
        };
        let mut moved = 0;
        for round in 0..ROUNDS {
            if round > 0 {
                feed(&app, "Pending", 2 * round);
                run_jobs(&app);
            }
            let (from, to_party) =
                (whose(&app, 1).0, if whose(&app, 1).0 == 1 { "SOU1" } else { "NOR1" });
            let bytes = [to(to_party, 1..=20), b"\r\n".repeat(round as usize)].concat();
            let file = submit(&app, "race.csv", &bytes);
            authorise(&app, file);
            let import = feed(&app, "Whitelisted", 2 * round + 1);
            let apply = || finish(&nodes[0], JobKind::ApplyTransferFile, file.0);
            let load = || finish(&nodes[1], JobKind::LoadImport, import.0);
            match round {
                0 => (apply(), load()),
                1 => (load(), apply()),
                _ => {
                    let begin = Barrier::new(2);
                    // Either has a little time before the other, another in each round.
                    let ahead = Duration::from_micros(u64::from(round / 2 * 397 % 8000));
                    let run = |is_first: bool, job: &dyn Fn()| {
                        begin.wait();
                        let from = Instant::now();
                        while !is_first && from.elapsed() < ahead {
                            std::hint::spin_loop();
                        }
                        job();
                    };
                    thread::scope(|threads| {
                        threads.spawn(|| run(round % 2 == 0, &apply));
                        threads.spawn(|| run(round % 2 == 1, &load));
                    });
                    ((), ())
                }
            };
            let applied = ["TransferFileApplied", "TransferFileFailed"];
            let applied = place(&app, applied, &file.to_string());
            let changed = place(&app, ["ImportLoaded", "-"], &import.to_string());
            let may_move = applied < changed;
            moved += u32::from(may_move);
            let answered = response(&app, file);
            assert_eq!(codes(&answered), [if may_move { "S00" } else { "R04" }; 20], "{round}");
            for n in 1..=20 {
                let now = whose(&app, n).0;
                assert_eq!(now != from, may_move, "hub {n} in round {round}");
            }
        }
        assert!((1..ROUNDS).contains(&moved), "{moved} of {ROUNDS} moved");
        eprintln!("the apply was first in {moved} of {ROUNDS} rounds");
        books_balance(&app);
    });
}

#[test]
fn a_hub_that_moved_away_and_back_has_changed() {
    both(|url| {
        let app = world(url);
        let id = submit(&app, "slow.csv", &to("MID1", [1]));
        put_through(&app, "there.csv", &to("SOU1", [1]));
        put_through(&app, "back.csv", &to("NOR1", [1]));
        authorise(&app, id);
        run_jobs(&app);
        assert_eq!(codes(&response(&app, id)), ["R12"]);
        books_balance(&app);
    });
}

#[test]
fn the_same_file_from_many_at_once_is_one_file() {
    both(|url| {
        let app = world(url);
        let bytes = to("SOU1", 1..=20);
        let ids: Vec<_> = thread::scope(|threads| {
            let send = |_| {
                let node = neighbour(&app);
                let bytes = &bytes;
                threads.spawn(move || {
                    let submission = Submission { name: "same.csv".into(), all_or_nothing: false };
                    let source = &mut &bytes[..];
                    transfer_files::submit(&node, &preparer(), submission, source).unwrap()
                })
            };
            let threads: Vec<_> = (0..8).map(send).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(ids.iter().all(|submitted| submitted.id == ids[0].id));
        assert_eq!(ids.iter().filter(|submitted| !submitted.repeated).count(), 1);
        assert_eq!(entries(&app, "TransferFileReceived"), 1);
    });
}

#[test]
fn many_workers_apply_each_file_once() {
    both(|url| {
        let app = world(url);
        let parties = ["SOU1", "MID1", "NOR1"];
        for n in 0..9 {
            let id = submit(&app, &format!("{n}.csv"), &to(parties[n % 3], (1 + n as u64)..=20));
            authorise(&app, id);
        }
        thread::scope(|threads| {
            for _ in 0..4 {
                let node = neighbour(&app);
                threads.spawn(move || while app::jobs::run_next(&node).unwrap() {});
            }
        });
        run_jobs(&app);
        assert_eq!(entries(&app, "TransferFileApplied"), 9);
        books_balance(&app);
    });
}

#[test]
fn of_two_authorisers_at_once_one_decides() {
    both(|url| {
        let app = world(url);
        let id = submit(&app, "two.csv", &to("SOU1", 1..=3));
        let decided: Vec<bool> = thread::scope(|threads| {
            let decide = |user| {
                let node = neighbour(&app);
                threads.spawn(move || {
                    let person = actor(user, &[domain::access::Role::DccAuthoriser]);
                    transfer_files::authorise(&node, &person, id, None).is_ok()
                })
            };
            let threads: Vec<_> = (2..=4).map(decide).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(decided.iter().filter(|decided| **decided).count(), 1);
        assert_eq!(entries(&app, "TransferFileAuthorised"), 1);
    });
}
