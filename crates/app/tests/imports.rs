//! Files of Parties, deliveries, statuses and snapshots, on both databases.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::time::Duration;

use app::imports::{self, Kind, State};
use app::jobs::{self, JobKind};
use app::journal::{Counts, Event};
use app::{App, Clock, inventory, parties};
use domain::DeviceId;
use domain::access::{Actor, Organisation, Role};
use domain::ids::{ImportId, UserId};
use domain::inventory::SNAPSHOT_COLUMNS;
use domain::refusal::RefusalKind;
use jiff::{SignedDuration, Timestamp};
use store::{Db, args};
use testkit::world::{both, on_sqlite};

const PARTIES: &str = "\
Signifier,LegalName,Category,Group,UserIDs,ServiceUserReference,Status,MayHoldHubs
ABEL,Abel Energy Limited,Large Supplier,,,SU-ABEL,Active,Y
BRIO,Brio Power plc,Small Supplier,Brio,,SU-BRIO,Active,Y
";

struct World {
    app: App,
}

fn world(url: &str) -> World {
    let db = Db::open(url).unwrap();
    db.migrate().unwrap();
    let mut app = App::new(db, std::env::temp_dir());
    app.clock = Clock::standing("2026-11-23T09:00:00Z".parse::<Timestamp>().unwrap());
    let sql = "INSERT INTO users (id, email, name, state, created_at, version)
        VALUES ($1, $2, $3, 'Active', 0, 1)";
    let mut tx = app.db.write().unwrap();
    for id in 1..=3_i64 {
        tx.exec(sql, args![id, format!("p{id}@example.org"), format!("Person {id}")]).unwrap();
    }
    tx.commit().unwrap();
    World { app }
}

fn person(number: i64, role: Role) -> Actor {
    Actor {
        user: UserId(number),
        name: format!("Person {number}"),
        email: format!("p{number}@example.org"),
        organisation: Organisation::Centre,
        roles: vec![role],
        only_reads: false,
        acting_for: None,
    }
}

fn admin() -> Actor {
    person(1, Role::SystemAdmin)
}

fn operator() -> Actor {
    person(2, Role::DspOperator)
}

impl World {
    fn submit(&self, kind: Kind, bytes: &[u8]) -> imports::Submitted {
        let actor = if kind == Kind::Parties { admin() } else { operator() };
        imports::submit(&self.app, &actor, kind, "file.csv", &mut &*bytes).unwrap()
    }

    fn run(&self, import: ImportId) -> imports::ImportView {
        let longest = Duration::from_secs(300);
        let job = jobs::finish(&self.app, JobKind::LoadImport, import.0, longest).unwrap();
        assert_eq!((job.state.as_str(), job.problem), ("done", None));
        self.app.clock.set(self.app.now() + SignedDuration::from_secs(60));
        imports::get(&self.app, &operator(), import).unwrap()
    }

    /// Sends a file, waits, and answers what each line came to and what was said of it.
    fn load(&self, kind: Kind, text: &str) -> Vec<String> {
        let import = self.submit(kind, text.as_bytes()).import;
        let view = self.run(import);
        assert_eq!((view.state, view.refusal), (State::Loaded, None));
        self.answers(import)
    }

    fn answers(&self, import: ImportId) -> Vec<String> {
        let mut out = Vec::new();
        imports::answer(&self.app, &operator(), import, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        text.lines().skip(1).map(str::to_owned).collect()
    }

    fn refusal(&self, kind: Kind, bytes: &[u8]) -> String {
        let view = self.run(self.submit(kind, bytes).import);
        assert_eq!(view.state, State::Refused);
        view.refusal.unwrap()
    }

    fn number(&self, sql: &str) -> i64 {
        self.app.db.read().unwrap().one("number", sql, &[]).unwrap().get(0)
    }

    /// The kept counts are what a scan finds.
    fn counts_are_true(&self) {
        let mut tx = self.app.db.read().unwrap();
        let model = "
            SELECT h.party, p.model, p.region, h.status, count(*)
            FROM hubs h JOIN packs p ON p.id = h.pack
            GROUP BY h.party, p.model, p.region, h.status ORDER BY 1, 2, 3, 4";
        let kept = "SELECT party, model, region, status, hubs FROM stock WHERE hubs > 0
            ORDER BY 1, 2, 3, 4";
        assert_eq!(tx.all(model, &[]).unwrap(), tx.all(kept, &[]).unwrap());
        let pallet = "
            SELECT h.party, p.pallet, h.status, count(*)
            FROM hubs h JOIN packs p ON p.id = h.pack
            GROUP BY h.party, p.pallet, h.status ORDER BY 1, 2, 3";
        let kept = "SELECT party, pallet, status, hubs FROM pallet_stock WHERE hubs > 0
            ORDER BY 1, 2, 3";
        assert_eq!(tx.all(pallet, &[]).unwrap(), tx.all(kept, &[]).unwrap());
    }

    /// Every table that imports write, as text.
    fn tables(&self) -> String {
        let mut tx = self.app.db.read().unwrap();
        let mut text = String::new();
        for (table, columns) in [
            ("parties", "id, signifier, legal_name, service_user_reference, status, version"),
            ("models", "id, manufacturer, model, firmware_version"),
            ("pallets", "id, pallet_id, consignment_no"),
            ("packs", "id, fingerprint, model, pallet, box_id, delivered_on, delivered_to"),
            (
                "hubs",
                "id, gpf, pack, party, status, status_at, installed_at, last_move, last_change",
            ),
            ("moves", "id, at, import, hubs"),
            ("party_moves", "move, hub, from_party, to_party, previous"),
            ("changes", "id, at, import, hubs"),
            ("status_changes", "change, hub, from_status, from_at, to_status, to_at, previous"),
            ("stock", "party, model, region, status, hubs"),
            ("pallet_stock", "party, pallet, status, hubs"),
            (
                "imports",
                "id, kind, name, state, lines_done, next_offset, next_line, counts, refusal, \
                 submitted_by, decided_by, reason, received_at, finished_at, version",
            ),
        ] {
            let sql = format!("SELECT {columns} FROM {table} ORDER BY 1, 2, 3");
            tx.each(&sql, &[], |row| {
                writeln!(text, "{table} {row:?}").unwrap();
                Ok(())
            })
            .unwrap();
        }
        let answers = "SELECT import, stage, part, bytes FROM import_answers ORDER BY 1, 2, 3";
        for row in tx.all(answers, &[]).unwrap() {
            let (import, part): (i64, i64) = (row.get(0), row.get(2));
            let bytes = store::files::decompress(&row.get::<Vec<u8>>(3)).unwrap();
            let answers = String::from_utf8(bytes).unwrap();
            writeln!(text, "answers {import} {} {part}\n{answers}", row.get::<String>(1)).unwrap();
        }
        text
    }

    /// Does the first entries of another world's journal again.
    fn redo(&self, from: &App, entries: usize) {
        let mut tx = from.db.read().unwrap();
        let journal = store::journal::following(&mut tx, 0, 1_000).unwrap();
        drop(tx);
        for entry in journal.iter().take(entries) {
            let event = Event::from_entry(&entry.kind, &entry.payload).unwrap();
            let mut tx = self.app.db.write().unwrap();
            imports::redo(&mut tx, from, entry, &event).unwrap();
            tx.commit().unwrap();
        }
    }
}

fn chf(n: u64) -> DeviceId {
    DeviceId::from_bits(0x000B_6B01_0000_0000 + n).unwrap()
}

fn gpf(n: u64) -> DeviceId {
    DeviceId::from_bits(0x000B_6BAA_0000_0000 + n).unwrap()
}

/// A line of a delivery file or, with a status, of a snapshot.
fn line(n: u64, pallet: &str, reference: &str) -> String {
    format!(
        "{},{},1178,0A010103,0103,04000007,1.3,3.2,Single Band,Cellular,South,ORD1,CON1,{pallet},\
         B1,2026-03-02,2026-03-04,Depot,{reference},2027-01-31,N",
        chf(n),
        gpf(n)
    )
}

fn deliveries(lines: &[String]) -> String {
    format!("{}\n{}\n", SNAPSHOT_COLUMNS[..21].join(","), lines.join("\n"))
}

fn snapshot(lines: &[String]) -> String {
    format!("{}\n{}\n", SNAPSHOT_COLUMNS.join(","), lines.join("\n"))
}

fn statuses(lines: &[(u64, &str, &str)]) -> String {
    let mut text = String::from("CHFID,SMIStatus,StatusDate\n");
    for (n, status, since) in lines {
        writeln!(text, "{},{status},{since}", chf(*n)).unwrap();
    }
    text
}

fn outcomes(answers: &[String]) -> Vec<&str> {
    answers.iter().map(|answer| answer.split(',').nth(2).unwrap()).collect()
}

fn with_hubs(url: &str, hubs: u64) -> World {
    let world = world(url);
    world.load(Kind::Parties, PARTIES);
    let lines: Vec<String> = (1..=hubs).map(|n| line(n, "PAL1", "SU-ABEL")).collect();
    let answers = world.load(Kind::Deliveries, &deliveries(&lines));
    assert!(outcomes(&answers).iter().all(|outcome| *outcome == "loaded"));
    world
}

#[test]
fn parties_are_added_changed_and_never_lost() {
    both(|url| {
        let world = world(url);
        let answers = world.load(Kind::Parties, PARTIES);
        assert_eq!(answers, ["2,ABEL,loaded,", "3,BRIO,loaded,"]);
        let changed = PARTIES.replace("Abel Energy Limited", "Abel Energy plc")
            + "CROW,Crow Gas Limited,Gas Network,,,SU-BRIO,Active,N\n"
            + "DOVE,Dove Limited,Shop,,,SU-DOVE,Active,N\n"
            + "BRIO,Brio Power Limited,Small Supplier,Brio,,SU-BRIO,Active,Y\n";
        assert_eq!(
            world.load(Kind::Parties, &changed),
            [
                "2,ABEL,changed,\"LegalName was \"\"Abel Energy Limited\"\", is \
                 \"\"Abel Energy plc\"\".\"",
                "3,BRIO,already,",
                "4,CROW,conflict,The service user reference SU-BRIO is that of BRIO.",
                "5,DOVE,rejected,\"Category: It is not one of Large Supplier, Small Supplier, \
                 Electricity Network, Gas Network, Other SEC Party.\"",
                "6,BRIO,conflict,Line 3 of this file says otherwise.",
            ]
        );
        let list = parties::list(&world.app, &operator(), &Default::default()).unwrap();
        let found: Vec<_> = list
            .iter()
            .map(|row| (row.party.id.0, row.party.details.legal_name.as_str()))
            .collect();
        assert_eq!(found, [(1, "Abel Energy plc"), (2, "Brio Power plc")]);
    });
}

#[test]
fn a_party_is_changed_on_its_page_once_and_on_what_was_seen() {
    both(|url| {
        let world = world(url);
        world.load(Kind::Parties, PARTIES);
        let row = parties::by_signifier(&world.app, &admin(), "BRIO").unwrap();
        let mut to = row.party.details.clone();
        to.may_hold_hubs = false;
        let (app, id) = (&world.app, row.party.id);
        let refused = parties::change(app, &operator(), id, None, &to).unwrap_err();
        assert_eq!(refused.refusal().unwrap().kind, RefusalKind::NotAllowed);
        let changed = parties::change(app, &admin(), id, Some(row.version), &to).unwrap();
        assert_eq!(parties::get(app, &admin(), id).unwrap(), changed);
        let late = parties::change(app, &admin(), id, Some(row.version), &row.party.details);
        assert_eq!(late.unwrap_err().refusal().unwrap().kind, RefusalKind::OutOfDate);
        to.service_user_reference = "SU-ABEL".into();
        let taken = parties::change(app, &admin(), id, None, &to).unwrap_err();
        assert_eq!(taken.refusal().unwrap().field, Some("service_user_reference"));
    });
}

#[test]
fn the_same_file_again_is_the_first_import() {
    both(|url| {
        let world = with_hubs(url, 3);
        let text = deliveries(&[line(1, "PAL1", "SU-ABEL")]);
        let first = world.submit(Kind::Deliveries, text.as_bytes());
        assert!(!first.repeated);
        let again = world.submit(Kind::Deliveries, text.as_bytes());
        assert_eq!((again.import, again.repeated), (first.import, true));
        world.run(first.import);
        assert_eq!(outcomes(&world.answers(first.import)), ["already"]);
        assert_eq!(world.number("SELECT count(*) FROM hubs"), 3);
    });
}

#[test]
fn each_line_of_a_delivery_gets_its_answer() {
    both(|url| {
        let world = with_hubs(url, 3);
        let lines = [
            line(1, "PAL1", "SU-ABEL"),
            line(2, "PAL2", "SU-ABEL"),
            line(4, "PAL1", "SU-ABEL"),
            line(4, "PAL1", "SU-ABEL"),
            line(4, "PAL9", "SU-ABEL"),
            line(5, "PAL1", "SU-NOBODY"),
            line(6, "PAL1", "SU-ABEL").replace(&chf(6).to_string(), &gpf(1).to_string()),
            line(7, "PAL1", "SU-ABEL").replace(&gpf(7).to_string(), &gpf(2).to_string()),
            line(8, "PAL1", "SU-ABEL").replace(&gpf(8).to_string(), &chf(3).to_string()),
            line(9, "PAL1", "SU-ABEL").replace(&chf(9).to_string(), "9.035E+13"),
            line(1, "PAL1", "SU-ABEL").replace(&gpf(1).to_string(), &gpf(99).to_string()),
            line(10, "PAL1", "SU-ABEL").replace(&chf(10).to_string(), "000b6b010000000a"),
        ];
        let answers = world.load(Kind::Deliveries, &deliveries(&lines));
        let said = |n: usize| answers[n].splitn(4, ',').nth(3).unwrap().to_owned();
        assert_eq!(
            outcomes(&answers),
            [
                "already", "conflict", "loaded", "already", "conflict", "rejected", "conflict",
                "conflict", "conflict", "rejected", "conflict", "loaded"
            ]
        );
        assert!(
            said(1).contains("PalletID is \"\"PAL1\"\" here, not \"\"PAL2\"\"."),
            "{}",
            said(1)
        );
        assert_eq!(said(3), "The same as line 4.");
        assert_eq!(said(4), "Line 4 of this file says otherwise.");
        assert!(said(6).contains(&format!("its hub's CHF ID is {}", chf(1))));
        assert!(said(7).contains(&format!("belongs to the hub {}", chf(2))));
        assert!(said(8).contains("the CHF ID of a hub"));
        assert!(said(9).contains("A spreadsheet changed this value"));
        assert!(said(10).contains(&format!("GPFID is {} here", gpf(1))));
        assert!(answers[11].starts_with("13,000b6b010000000a,loaded"));
        assert_eq!(world.number("SELECT count(*) FROM hubs"), 5);
        assert_eq!(world.number("SELECT count(*) FROM packs"), 1);
        world.counts_are_true();
    });
}

#[test]
fn a_hub_has_one_status_after_the_other() {
    both(|url| {
        let world = with_hubs(url, 5);
        let gpf_line = format!("{},Commissioned,2026-05-01\n", gpf(1));
        let feed = statuses(&[
            (1, "InstalledNotCommissioned", "2026-05-01T10:00:00Z"),
            (1, "Commissioned", "2026-05-02T10:00:00Z"),
            (1, "Commissioned", "2026-05-02T10:00:00Z"),
            (1, "Suspended", "2026-05-01"),
            (2, "Whitelisted", "2026-04-01"),
            (3, "Pending", "2026-03-02"),
            (77, "Commissioned", "2026-05-01"),
            (4, "commissioned", "2026-05-01"),
            (5, "Whitelisted", "2026-03-01"),
        ]) + &gpf_line;
        let answers = world.load(Kind::Statuses, &feed);
        assert_eq!(
            outcomes(&answers),
            [
                "changed", "changed", "already", "rejected", "changed", "already", "rejected",
                "rejected", "rejected", "rejected"
            ]
        );
        assert!(answers[3].contains("Out of order"), "{}", answers[3]);
        assert!(answers[9].contains("Gas Proxy Function"));
        world.counts_are_true();
        let hub = inventory::hub(&world.app, &operator(), &chf(1).to_string()).unwrap();
        let periods: Vec<_> = hub.statuses.iter().map(|period| period.status.name()).collect();
        let mut life = vec!["Pending", "InstalledNotCommissioned", "Commissioned"];
        if periods[0] == "Commissioned" {
            life.reverse();
        }
        assert_eq!(periods, life);
        let installed = format!("SELECT installed_at FROM hubs WHERE id = {}", chf(1).key());
        let at: Timestamp = "2026-05-01T10:00:00Z".parse().unwrap();
        assert_eq!(world.number(&installed), at.as_microsecond());
        let again = statuses(&[(1, "Commissioned", "2026-05-02T10:00:00Z")]);
        assert_eq!(outcomes(&world.load(Kind::Statuses, &again)), ["already"]);
    });
}

#[test]
fn a_feed_sent_again_changes_nothing_and_two_statuses_at_one_instant_are_not_guessed() {
    both(|url| {
        let world = with_hubs(url, 4);
        let feed = [
            (1, "Whitelisted", "2026-05-01"),
            (1, "Commissioned", "2026-05-01"),
            (2, "Whitelisted", "2026-05-01"),
            (2, "Commissioned", "2026-05-02"),
            (2, "Suspended", "2026-05-03"),
        ];
        assert_eq!(outcomes(&world.load(Kind::Statuses, &statuses(&feed))), ["changed"; 5]);
        let sums =
            "SELECT CAST(sum(status * id + last_change) + (SELECT count(*) FROM status_changes)
            AS TEXT) FROM hubs";
        let sums =
            || -> String { world.app.db.read().unwrap().one("sums", sums, &[]).unwrap().get(0) };
        let before = sums();
        // Another file with the same lines, and one line more.
        let again = [&feed[..], &[(2, "Commissioned", "2026-05-02T12:00:00Z")]].concat();
        assert_eq!(outcomes(&world.load(Kind::Statuses, &statuses(&again))), ["already"; 6]);
        let unclear = [
            (1, "Pending", "2026-05-01"),
            (2, "Recovery", "2026-05-03"),
            (2, "Decommissioned", "2026-05-02"),
            (3, "Whitelisted", "2026-11-23T12:00:00Z"),
            (4, "Commissioned", "2027-05-01"),
        ];
        let answers = world.load(Kind::Statuses, &statuses(&unclear));
        assert_eq!(
            outcomes(&answers),
            ["conflict", "conflict", "rejected", "rejected", "rejected"]
        );
        assert!(answers[0].contains("give the time of day"), "{}", answers[0]);
        assert!(answers[4].contains("in the future"), "{}", answers[4]);
        assert_eq!(sums(), before);
        let setting = "status.most_ahead_minutes";
        app::settings::change(&world.app, &admin(), setting, "1440", None).unwrap();
        let ahead = statuses(&[(3, "Whitelisted", "2026-11-24T08:00:00Z")]);
        assert_eq!(outcomes(&world.load(Kind::Statuses, &ahead)), ["changed"]);
        world.counts_are_true();
    });
}

#[test]
fn what_is_announced_before_it_is_delivered_has_a_life_without_a_gap() {
    both(|url| {
        let world = with_hubs(url, 1);
        let announced = line(2, "PAL2", "SU-ABEL")
            .replace("2026-03-02", "2026-12-01")
            .replace("2026-03-04", "2026-12-02");
        let told = world.load(Kind::Deliveries, &deliveries(std::slice::from_ref(&announced)));
        assert_eq!(outcomes(&told), ["loaded"]);
        let since = format!("SELECT status_at FROM hubs WHERE id = {}", chf(2).key());
        let now = world.app.now().as_microsecond();
        assert!(world.number(&since) < now, "it is Pending since it was announced");
        let moved = snapshot(&[announced.replace("SU-ABEL", "SU-BRIO") + ",Pending,2026-11-23"]);
        let import = world.submit(Kind::Snapshot, moved.as_bytes()).import;
        world.run(import);
        let other = person(3, Role::DccAuthoriser);
        imports::authorise_snapshot(&world.app, &other, import, None).unwrap();
        world.run(import);
        let hub = inventory::hub(&world.app, &operator(), &chf(2).to_string()).unwrap();
        let mut held = hub.parties;
        held.sort_by_key(|held| held.until.is_none());
        assert_eq!(held.len(), 2);
        assert!(held[0].from <= held[0].until.unwrap(), "{held:?}");
        assert_eq!(held[0].until, Some(held[1].from));
    });
}

#[test]
fn a_snapshot_is_compared_and_then_applied_by_somebody_else() {
    both(|url| {
        let world = with_hubs(url, 5);
        world.load(Kind::Statuses, &statuses(&[(5, "Commissioned", "2026-05-01")]));
        let row = |n, pallet: &str, party: &str, status: &str| {
            format!("{},{status},2026-06-01", line(n, pallet, party))
        };
        let text = snapshot(&[
            row(1, "PAL1", "SU-ABEL", "Pending").replace("2026-06-01", "2026-03-02"),
            row(2, "PAL1", "SU-BRIO", "Pending"),
            row(3, "PAL1", "SU-ABEL", "Commissioned"),
            row(4, "PAL4", "SU-ABEL", "Pending"),
            row(5, "PAL1", "SU-BRIO", "Commissioned"),
            row(6, "PAL1", "SU-BRIO", "Commissioned"),
            row(6, "PAL1", "SU-BRIO", "Commissioned"),
            row(7, "PAL1", "SU-BRIO", "Unknown"),
        ]);
        let before = world.number("SELECT count(*) FROM hubs");
        let import = world.submit(Kind::Snapshot, text.as_bytes()).import;
        assert_eq!(world.run(import).state, State::Compared);
        let compared = [
            "same", "differs", "differs", "conflict", "differs", "missing", "rejected", "rejected",
        ];
        assert_eq!(outcomes(&world.answers(import)), compared);
        assert_eq!(world.number("SELECT count(*) FROM hubs"), before);

        let own = imports::authorise_snapshot(&world.app, &operator(), import, None).unwrap_err();
        assert_eq!(own.refusal().unwrap().kind, RefusalKind::SamePerson);
        let other = person(3, Role::DccAuthoriser);
        imports::authorise_snapshot(&world.app, &other, import, None).unwrap();
        assert_eq!(world.run(import).state, State::Loaded);
        let applied = [
            "already", "changed", "changed", "conflict", "conflict", "loaded", "rejected",
            "rejected",
        ];
        let answers = world.answers(import);
        assert_eq!(outcomes(&answers), applied);
        assert!(answers[4].contains("Its Party stays"));
        let found = |n: u64| -> Vec<i64> {
            let mut tx = world.app.db.read().unwrap();
            let sql = "SELECT party, status, last_move FROM hubs WHERE id = $1";
            let row = tx.one("hub", sql, args![chf(n)]).unwrap();
            (0..3).map(|i| row.get(i)).collect()
        };
        assert_eq!((found(2), found(3)), (vec![2, 1, 1], vec![1, 4, 0]));
        assert_eq!((found(5), found(6)), (vec![1, 4, 0], vec![2, 4, 0]));
        world.counts_are_true();
        let late = imports::reject_snapshot(&world.app, &other, import, "late", None).unwrap_err();
        assert_eq!(late.refusal().unwrap().kind, RefusalKind::WrongState);
    });
}

#[test]
fn a_snapshot_is_told_which_hubs_it_lacks_and_which_dates_differ() {
    both(|url| {
        let world = with_hubs(url, 5);
        let row = |n, since: &str| format!("{},Pending,{since}", line(n, "PAL1", "SU-ABEL"));
        let text = snapshot(&[
            row(1, "2026-03-02"),
            row(2, "2026-06-01"),
            row(3, "2026-03-02T00:00:00Z"),
            row(4, "yesterday"),
        ]);
        let rehearsed = rehearsed(&world, Kind::Snapshot, &text);
        let compared = ["same", "differs", "same", "rejected", "absent", "absent"];
        assert_eq!(outcomes(&rehearsed), compared);
        let import = world.submit(Kind::Snapshot, text.as_bytes()).import;
        let view = world.run(import);
        assert_eq!((view.state, view.lines_done), (State::Compared, 4));
        assert_eq!((view.counts["absent"], view.counts["differs"]), (2, 1));
        let answers = world.answers(import);
        assert_eq!(answers, rehearsed);
        let since =
            "It is Pending since 2026-03-02T00:00:00Z here, not since 2026-06-01T00:00:00Z.";
        assert!(answers[1].contains(since), "{}", answers[1]);
        let lacks = format!(",{},absent,The snapshot has no usable line for this hub.", chf(5));
        assert_eq!(answers[5], lacks);
        let other = person(3, Role::DccAuthoriser);
        imports::authorise_snapshot(&world.app, &other, import, None).unwrap();
        world.run(import);
        assert_eq!(
            outcomes(&world.answers(import)),
            ["already", "conflict", "already", "rejected"]
        );
        assert_eq!(world.number("SELECT count(*) FROM status_changes"), 0);
        on_sqlite(|url| {
            let again = self::world(url);
            again.redo(&world.app, world.number("SELECT count(*) FROM journal") as usize);
            assert_eq!(again.tables(), world.tables());
        });
    });
}

#[test]
fn the_database_too_keeps_maker_and_checker_apart() {
    both(|url| {
        let world = with_hubs(url, 1);
        let mut tx = world.app.db.write().unwrap();
        let same = tx.exec("UPDATE imports SET decided_by = submitted_by", &[]);
        assert!(matches!(same, Err(store::Error::Constraint { .. })));
    });
}

#[test]
fn a_dry_run_answers_and_changes_nothing() {
    both(|url| {
        let world = with_hubs(url, 2);
        let before = world.tables();
        let text = deliveries(&[line(1, "PAL1", "SU-ABEL"), line(3, "PAL3", "SU-BRIO")]);
        let mut out = Vec::new();
        let counts = imports::check(
            &world.app,
            &operator(),
            Kind::Deliveries,
            &mut text.as_bytes(),
            &mut out,
        );
        let wanted: Counts = [("already".to_owned(), 1), ("loaded".to_owned(), 1)].into();
        assert_eq!(counts.unwrap(), wanted);
        assert_eq!(String::from_utf8(out).unwrap().lines().count(), 3);
        assert_eq!(world.tables(), before);
    });
}

/// The lines of a dry run.
fn rehearsed(world: &World, kind: Kind, text: &str) -> Vec<String> {
    let mut out = Vec::new();
    imports::check(&world.app, &operator(), kind, &mut text.as_bytes(), &mut out).unwrap();
    String::from_utf8(out).unwrap().lines().skip(1).map(str::to_owned).collect()
}

/// Lines beyond one chunk: those numbered from 2 in the file are hubs from 10 on.
const FAR: u64 = 51_000;

#[test]
fn a_dry_run_finds_what_a_line_repeats_however_far_away() {
    both(|url| {
        let world = with_hubs(url, 1);
        let mut lines: Vec<String> =
            (10..FAR + 10).map(|n| line(n, &format!("PAL{}", n / 896), "SU-ABEL")).collect();
        lines.push(lines[3].clone());
        lines.push(line(11, "PAL9", "SU-BRIO"));
        lines.push(line(FAR + 10, "PAL9", "SU-ABEL"));
        let text = deliveries(&lines);
        let answers = rehearsed(&world, Kind::Deliveries, &text);
        let last = &answers[FAR as usize..];
        assert_eq!(outcomes(last), ["already", "conflict", "loaded"]);
        assert!(last[0].ends_with("The same as line 5."), "{}", last[0]);
        assert!(last[1].ends_with("Line 3 of this file says otherwise."), "{}", last[1]);
        let loaded = world.load(Kind::Deliveries, &text);
        assert_eq!(outcomes(&answers), outcomes(&loaded), "it is what loading comes to");

        let mut feed: Vec<(u64, &str, &str)> =
            (10..FAR + 10).map(|n| (n, "Commissioned", "2026-05-01")).collect();
        feed.push((10, "Suspended", "2026-05-02"));
        feed.push((11, "Whitelisted", "2026-04-30"));
        feed.push((12, "Commissioned", "2026-05-03"));
        let text = statuses(&feed);
        let answers = rehearsed(&world, Kind::Statuses, &text);
        assert_eq!(outcomes(&answers[FAR as usize..]), ["changed", "rejected", "already"]);
        assert_eq!(answers, world.load(Kind::Statuses, &text), "it is what loading comes to");
    });
}

#[test]
fn a_snapshot_finds_what_a_line_repeats_however_far_away() {
    both(|url| {
        let world = with_hubs(url, 1);
        let row = |n: u64, party: &str| {
            format!("{},Pending,2026-06-01", line(n, &format!("PAL{}", n / 896), party))
        };
        let mut lines: Vec<String> = (10..FAR + 10).map(|n| row(n, "SU-ABEL")).collect();
        lines.push(row(10, "SU-BRIO"));
        lines.push(row(FAR + 10, "SU-ABEL"));
        let other_gpf = format!("{},{}", chf(FAR + 11), gpf(12));
        lines.push(row(FAR + 11, "SU-ABEL").replacen(
            &format!("{},{}", chf(FAR + 11), gpf(FAR + 11)),
            &other_gpf,
            1,
        ));
        let text = snapshot(&lines);
        let far = |answers: &[String]| {
            let last = &answers[FAR as usize..];
            assert!(last[0].ends_with("Line 2 is about the same device."), "{}", last[0]);
            assert!(last[2].ends_with("Line 4 is about the same device."), "{}", last[2]);
            outcomes(last).join(" ")
        };
        let rehearsed = rehearsed(&world, Kind::Snapshot, &text);
        assert_eq!(far(&rehearsed), "rejected missing rejected absent");
        let import = world.submit(Kind::Snapshot, text.as_bytes()).import;
        assert_eq!(world.run(import).state, State::Compared);
        assert_eq!(world.answers(import), rehearsed);
        let other = person(3, Role::DccAuthoriser);
        imports::authorise_snapshot(&world.app, &other, import, None).unwrap();
        assert_eq!(world.run(import).state, State::Loaded);
        assert_eq!(far(&world.answers(import)), "rejected loaded rejected");
        assert_eq!(world.number("SELECT count(*) FROM moves"), 0, "no hub went to two Parties");
        world.counts_are_true();
        on_sqlite(|url| {
            let again = self::world(url);
            again.redo(&world.app, world.number("SELECT count(*) FROM journal") as usize);
            assert_eq!(again.tables(), world.tables());
        });
    });
}

#[test]
fn a_workbook_is_as_good_as_a_csv_file() {
    both(|url| {
        let world = with_hubs(url, 1);
        let mut workbook = rust_xlsxwriter::Workbook::new();
        let sheet = workbook.add_worksheet();
        let text = deliveries(&[line(1, "PAL1", "SU-ABEL"), line(2, "PAL1", "SU-ABEL")]);
        for (row, record) in text.lines().enumerate() {
            for (column, field) in record.split(',').enumerate() {
                let row = if row == 2 { 5 } else { row as u32 };
                sheet.write(row, column as u16, field).unwrap();
            }
        }
        let import = world.submit(Kind::Deliveries, &workbook.save_to_buffer().unwrap()).import;
        assert_eq!(world.run(import).refusal, None);
        let answers = world.answers(import);
        assert_eq!(outcomes(&answers), ["already", "loaded"]);
        assert!(answers[1].starts_with("6,"), "{}", answers[1]);
    });
}

#[test]
fn a_workbook_over_the_set_limit_is_refused_and_the_limit_named() {
    both(|url| {
        let world = with_hubs(url, 1);
        let mut workbook = rust_xlsxwriter::Workbook::new();
        let sheet = workbook.add_worksheet();
        let lines: Vec<String> = (2..6_000).map(|n| line(n, "PAL1", "SU-ABEL")).collect();
        for (row, record) in (0..).zip(deliveries(&lines).lines()) {
            sheet.write_row(row, 0, record.split(',')).unwrap();
        }
        let bytes = workbook.save_to_buffer().unwrap();
        let set = |mib| {
            let name = "upload.most_unpacked_mib";
            app::settings::change(&world.app, &admin(), name, mib, None).unwrap();
        };
        set("1");
        let said = "The workbook holds more than 1 MiB when it is unpacked. Save it as CSV UTF-8.";
        assert_eq!(world.refusal(Kind::Deliveries, &bytes), said);
        assert_eq!(world.number("SELECT count(*) FROM hubs"), 1);
    });
}

#[test]
fn a_workbook_with_a_row_that_no_sheet_has_is_refused() {
    on_sqlite(|url| {
        let world = world(url);
        for kind in Kind::ALL {
            let bomb = testkit::workbook::with_cell_at("A4294967294");
            assert!(world.refusal(*kind, &bomb).contains("a row 4294967294"), "{kind:?}");
        }
    });
}

#[test]
fn what_cannot_be_read_is_refused_whole_and_said_why() {
    on_sqlite(|url| {
        let world = with_hubs(url, 1);
        let good = deliveries(&[line(2, "PAL1", "SU-ABEL")]);
        let refusal = |bytes: &[u8], why: &str| {
            let said = world.refusal(Kind::Deliveries, bytes);
            assert!(said.contains(why), "{said}");
        };
        let utf16: Vec<u8> = [0xFF, 0xFE]
            .into_iter()
            .chain(good.encode_utf16().flat_map(u16::to_le_bytes))
            .collect();
        refusal(&utf16, "UTF-16");
        refusal(&[good.as_bytes(), b"\xE9"].concat(), "not UTF-8 (in Windows-1252");
        refusal(b"", "empty");
        refusal(b"\xEF\xBB\xBF", "empty");
        refusal(&good.as_bytes()[..good.find('\n').unwrap() + 1], "no lines");
        refusal(good.replace("CHFID,", "CHF,").as_bytes(), "\"CHF\"");
        refusal(good.replace("TestHub", "TestHub,TestHub").as_bytes(), "more than once");
        refusal(format!("{good}\"{}", good.repeat(2)).as_bytes(), "never closes");
        refusal(format!("{good}{}", "A".repeat(10 << 20)).as_bytes(), "longer than");
        refusal(b"PK\x03\x04 and nothing else", "not a workbook");
        refusal(b"\xD0\xCF\x11\xE0 an old workbook", "not a text file");
        assert_eq!(world.number("SELECT count(*) FROM hubs"), 1);
        let with_bom = [b"\xEF\xBB\xBF", good.as_bytes()].concat();
        let import = world.submit(Kind::Deliveries, &with_bom).import;
        assert_eq!(world.run(import).state, State::Loaded);
        assert_eq!(world.number("SELECT count(*) FROM hubs"), 2);
    });
}

#[test]
fn a_nul_byte_in_a_line_rejects_that_line_and_nothing_else() {
    both(|url| {
        let world = with_hubs(url, 1);
        let nul = line(3, "PAL\0", "SU-ABEL");
        let answers = world.load(Kind::Deliveries, &deliveries(&[nul, line(4, "PAL2", "SU-ABEL")]));
        assert_eq!(outcomes(&answers), ["rejected", "loaded"]);
        let text = "CHFID,SMIStatus,StatusDate\n00-\0,Pending,2026-05-01\n";
        assert_eq!(outcomes(&world.load(Kind::Statuses, text)), ["rejected"]);
        let parties = format!("{PARTIES}C\0LD,Cold,Small Supplier,,,SU-COLD,Active,Y\n");
        let answers = world.load(Kind::Parties, &parties);
        assert_eq!(outcomes(&answers), ["already", "already", "rejected"]);
    });
}

#[test]
fn the_same_file_from_two_nodes_at_once_is_one_import() {
    both(|url| {
        let world = with_hubs(url, 1);
        let text = deliveries(&[line(7, "PAL1", "SU-ABEL")]);
        let node = || {
            let mut node = App::new(Db::open(url).unwrap(), std::env::temp_dir());
            node.clock = world.app.clock.clone();
            imports::submit(&node, &operator(), Kind::Deliveries, "a.csv", &mut text.as_bytes())
        };
        let sent = std::thread::scope(|scope| {
            let nodes = [0; 4].map(|_| scope.spawn(node));
            nodes.map(|node| node.join().unwrap().unwrap())
        });
        assert!(sent.iter().all(|one| one.import == sent[0].import), "{sent:?}");
        assert_eq!(sent.iter().filter(|one| !one.repeated).count(), 1, "{sent:?}");
        assert_eq!(world.run(sent[0].import).lines_done, 1);
        let sql = "SELECT count(*) FROM journal WHERE kind = 'ImportReceived'";
        assert_eq!(world.number(sql), 3);
    });
}

#[test]
fn only_who_may_load_loads() {
    on_sqlite(|url| {
        let world = world(url);
        for (actor, kind) in [
            (operator(), Kind::Parties),
            (admin(), Kind::Deliveries),
            (person(3, Role::DccAuthoriser), Kind::Snapshot),
            (person(3, Role::Auditor), Kind::Statuses),
        ] {
            let refused =
                imports::submit(&world.app, &actor, kind, "file.csv", &mut &b"x"[..]).unwrap_err();
            assert_eq!(refused.refusal().unwrap().kind, RefusalKind::NotAllowed);
        }
        assert_eq!(world.number("SELECT count(*) FROM imports"), 0);
    });
}

/// More lines than one chunk has, every hundredth of them wrong.
fn long_file(lines: u64) -> String {
    let mut rows: Vec<String> = Vec::new();
    for n in 0..lines {
        let reference = if n % 100 == 99 { "SU-NOBODY" } else { "SU-ABEL" };
        rows.push(line(n, &format!("PAL{}", n / 896), reference));
    }
    deliveries(&rows)
}

#[test]
fn an_import_that_was_cut_off_goes_on_and_ends_the_same() {
    both(|url| {
        let whole = with_hubs(url, 3);
        let text = long_file(52_000);
        let import = whole.submit(Kind::Deliveries, text.as_bytes()).import;
        assert_eq!(whole.run(import).lines_done, 52_000);
        whole.counts_are_true();
        on_sqlite(|url| {
            let cut = world(url);
            let entries = whole.number("SELECT count(*) FROM journal") as usize;
            cut.redo(&whole.app, entries);
            assert_eq!(cut.tables(), whole.tables());
        });
        on_sqlite(|url| {
            let cut = world(url);
            cut.redo(&whole.app, whole.number("SELECT count(*) FROM journal") as usize - 2);
            let view = imports::get(&cut.app, &operator(), import).unwrap();
            assert_eq!(view.state, State::Loading);
            assert!(view.lines_done >= 50_000 && view.lines_done < 52_000);
            let mut tx = cut.app.db.write().unwrap();
            let stored = imports::get(&whole.app, &operator(), import).unwrap().file;
            let mut n = 0_i64;
            while let Some(chunk) = {
                let mut from = whole.app.db.read().unwrap();
                store::files::chunk(&mut from, stored, n).unwrap()
            } {
                let packed = store::files::compress(&chunk);
                store::files::append(&mut tx, view.file, n, packed).unwrap();
                n += 1;
            }
            jobs::enqueue(&mut tx, JobKind::LoadImport, import.0, cut.app.now()).unwrap();
            tx.commit().unwrap();
            assert_eq!(cut.run(import).state, State::Loaded);
            assert_eq!(outcomes(&cut.answers(import)), outcomes(&whole.answers(import)));
            cut.counts_are_true();
        });
    });
}

#[test]
fn a_file_with_a_fault_further_down_is_refused_whole_and_said_where() {
    on_sqlite(|url| {
        let world = with_hubs(url, 1);
        let text = long_file(52_000);
        let bad_byte = |place: usize| {
            let mut bytes = text.clone().into_bytes();
            let place = bytes.len() - place;
            bytes[place] = 0xE9;
            bytes
        };
        let open_quote = format!("{text}\"00-DB");
        for bytes in [bad_byte(2_000), open_quote.into_bytes()] {
            let import = world.submit(Kind::Deliveries, &bytes).import;
            let view = world.run(import);
            assert_eq!((view.state, view.lines_done), (State::Refused, 0));
            let refusal = view.refusal.unwrap();
            assert!(["Line 519", "line 52002"].iter().any(|at| refusal.contains(at)), "{refusal}");
            assert!(world.answers(import).is_empty());
            let (mut source, mut out) = (&bytes[..], Vec::new());
            let tried =
                imports::check(&world.app, &operator(), Kind::Deliveries, &mut source, &mut out);
            assert_eq!(tried.unwrap_err().refusal().unwrap().message, refusal);
        }
        assert_eq!(world.number("SELECT count(*) FROM hubs"), 1);
        world.counts_are_true();
    });
}

#[test]
fn everything_is_done_again_from_the_journal() {
    both(|url| {
        let first = with_hubs(url, 5);
        let feed = [
            (1, "Commissioned", "2026-05-01"),
            (1, "Suspended", "2026-05-02"),
            (2, "Whitelisted", "2026-05-03"),
        ];
        first.load(Kind::Statuses, &statuses(&feed));
        let row = |n, party: &str, status: &str| {
            format!("{},{status},2026-06-01", line(n, "PAL1", party))
        };
        let text = snapshot(&[row(3, "SU-BRIO", "Pending"), row(9, "SU-BRIO", "Commissioned")]);
        let import = first.submit(Kind::Snapshot, text.as_bytes()).import;
        first.run(import);
        let other = person(3, Role::DspOperator);
        imports::authorise_snapshot(&first.app, &other, import, None).unwrap();
        first.run(import);
        first.run(first.submit(Kind::Deliveries, b"nothing").import);
        both(|url| {
            let again = world(url);
            again.redo(&first.app, first.number("SELECT count(*) FROM journal") as usize);
            assert_eq!(again.tables(), first.tables());
        });
    });
}
