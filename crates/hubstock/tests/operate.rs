//! What whoever runs the system does: verify, back up, restore, take the report.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};
use store::Db;
use support::World;
use testkit::program::Program;
use testkit::world::{both, on_postgres, on_sqlite};

fn program(database: &str) -> Program {
    Program::new(env!("CARGO_BIN_EXE_hubstock"), database)
}

/// The demonstration's world, and the program that uses it.
struct Demo {
    program: Program,
    folder: tempfile::TempDir,
}

impl Demo {
    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn ends(&self, code: i32, arguments: &[&str]) -> String {
        let ran = self.program.run(arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}: {}{}", ran.out, ran.err);
        ran.out
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let printed = self.ends(0, &[&["--json"], arguments].concat());
        serde_json::from_str(&printed).unwrap()
    }

    /// Builds the world and kills that after it has begun and before it is done.
    fn interrupt(&self) {
        let has_begun = || {
            let mut tx = Db::open(&self.path("demo.db")).unwrap().read().unwrap();
            let mark = store::settings::get(&mut tx, "demo.world").ok().flatten();
            mark.is_some_and(|mark| mark.value == "begun")
        };
        let longer = (1..100).map(|n| Duration::from_millis(200 * n));
        let mut killed = longer.map(|longest| {
            self.program.run_killed(&["demo", "--prepare"], longest);
            has_begun()
        });
        assert!(killed.any(|has_begun| has_begun), "it cannot be interrupted");
    }

    /// Says that the world is of this version.
    fn mark(&self, says: &str) {
        let db = Db::open(&self.path("demo.db")).unwrap();
        let mut tx = db.write().unwrap();
        store::settings::put(&mut tx, "demo.world", says).unwrap();
        tx.commit().unwrap();
    }
}

#[test]
fn the_demonstration_starts_again_where_it_was_interrupted_and_shows_every_command_something() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("demo.db");
    let program = program(database.to_str().unwrap()).in_folder(folder.path());
    let demo = Demo { program, folder };
    let prepare = ["demo", "--prepare"];
    demo.interrupt();
    demo.ends(0, &prepare);
    demo.ends(0, &["verify"]);
    let entries = demo.json(&["journal", "--most", "1"]);
    demo.ends(0, &prepare);
    assert_eq!(demo.json(&["journal", "--most", "1"]), entries, "what is there stays");

    a_selection_is_recomputed_without_the_database(&demo);
    transfers_have_documents_and_lists(&demo);
    the_market_is_open(&demo);
    demo.ends(0, &["verify"]);

    // A world of an earlier program is built anew; nobody else's data is.
    demo.mark("1");
    demo.interrupt();
    demo.ends(2, &["transfer", "show", "trf-000012"]);
    on_sqlite(|database| {
        let world = World::new(database);
        let begins = world.program.clone().in_folder(world.folder.path()).run(&prepare);
        assert_eq!(begins.code, Some(2), "{}", begins.err);
        world.ends(0, &["party", "show", "PARTY1"]);
    });
}

const STOCK: [&str; 2] = ["--as", "stock@larkspur.example"];
const WAREHOUSE: [&str; 2] = ["--as", "warehouse@larkspur.example"];

fn a_selection_is_recomputed_without_the_database(demo: &Demo) {
    let runs = demo.json(&["selection", "list"]);
    let run = runs[0]["reference"].as_str().unwrap();
    demo.ends(0, &["selection", "show", run]);
    assert!(demo.ends(0, &["selection", "explain", run]).lines().count() > 1);
    let record = demo.path("record.json");
    demo.ends(0, &["selection", "export", run, "--out", &record]);
    let verify = ["verify", "allocation", &record];
    assert!(demo.ends(0, &verify).contains("The result recomputes."));
    let mut changed: Value = serde_json::from_slice(&fs::read(&record).unwrap()).unwrap();
    changed["given"] = (changed["given"].as_i64().unwrap() + 1).into();
    fs::write(&record, changed.to_string()).unwrap();
    assert!(demo.ends(1, &verify).contains("DIFFERS: "));
    fs::write(&record, "{}").unwrap();
    demo.ends(2, &verify);
    demo.ends(2, &["selection", "export", "sel-000099", "--out", &record]);
    assert_eq!(fs::read_to_string(&record).unwrap(), "{}");
    for list in [&["selection", "waiting"][..], &["policy", "list"]] {
        assert!(!demo.json(list).as_array().unwrap().is_empty(), "{list:?}");
    }
}

fn transfers_have_documents_and_lists(demo: &Demo) {
    let in_state = |state: &str| {
        let list = demo.json(&["transfer", "list", "--state", state]);
        list[0]["reference"].as_str().unwrap_or_else(|| panic!("none is {state}")).to_owned()
    };
    let (completed, agreed, confirmed) =
        (in_state("Completed"), in_state("Agreed"), in_state("Confirmed"));
    let ours = ["transfer", "list", "--party", "PENNYWRT", "--kind", "direct"];
    assert!(demo.json(&ours).as_array().unwrap().iter().any(|row| row["reference"] == confirmed));
    for kind in ["delivery-note", "acceptance-certificate"] {
        let pdf = demo.path(kind);
        let document = ["transfer", "document", &completed, "--kind", kind, "--out", &pdf];
        demo.ends(0, &document);
        let before = fs::read(&pdf).unwrap();
        assert!(before.starts_with(b"%PDF-"));
        let none_yet = ["transfer", "document", &agreed, "--kind", kind, "--out", &pdf];
        demo.ends(2, &none_yet);
        assert_eq!(fs::read(&pdf).unwrap(), before);
    }
    assert!(demo.json(&["transfer", "history", &completed]).as_array().unwrap().len() > 4);

    let waits = demo.json(&["transfer-file", "list", "--state", "Validated"]);
    assert!(!waits.as_array().unwrap().is_empty());
    demo.json(&["installed-before", "list", "--show", "all"]);

    let list = |verb: &'static str, more: &[&str]| -> Vec<String> {
        let words = ["transfer-list", verb, &confirmed, "sender"];
        [&words[..], more, &WAREHOUSE].concat().into_iter().map(str::to_owned).collect()
    };
    let run = |code: i32, words: Vec<String>| {
        demo.ends(code, &words.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let shown = run(0, list("show", &[]));
    assert!(shown.starts_with("20 of 64 hubs"), "{shown}");
    let hub = shown.lines().nth(1).unwrap().trim();
    assert!(run(0, list("remove", &["--id", hub])).starts_with("19 of 64"));
    assert!(run(0, list("add", &["--id", hub])).starts_with("20 of 64"));
    assert!(run(1, list("add", &["--id", "not an ID"])).contains("(unknown)"));
    assert!(run(0, list("clear", &[])).starts_with("0 of 64"));
    demo.ends(2, &["transfer-list", "show", &confirmed, "nobody", WAREHOUSE[0], WAREHOUSE[1]]);
}

fn the_market_is_open(demo: &Demo) {
    let with = |words: &[&str]| demo.json(&[words, &STOCK].concat());
    let excess = with(&["excess", "list"]);
    let pick = excess[0]["pallets"][0]["pick"].as_str().unwrap();
    let drafted = with(&["excess", "offer", pick, "--with-ids"]);
    assert_eq!(drafted["state"], "Draft", "{drafted}");
    let offer = drafted["offer"].as_str().unwrap();
    let ids = demo.json(&["offer", "ids", offer]);
    assert_eq!(
        ids["device_ids"].as_array().unwrap().len() as u64,
        drafted["quantity"].as_u64().unwrap(),
        "{ids}"
    );

    let save = with(&["saved-filter", "save", "North", "--filter", "region=North", "--notify"]);
    let filter = save["filter"].as_str().unwrap();
    with(&["saved-filter", "notify", filter, "--off"]);
    let filters = with(&["saved-filter", "list"]);
    assert_eq!(filters[0]["notifies"], false, "{filters}");
    with(&["saved-filter", "drop", filter]);
    assert_eq!(with(&["saved-filter", "list"]), json!([]));

    assert!(!demo.json(&["request", "wanted"]).as_array().unwrap().is_empty());
    let wanted = with(&["request", "make", "--region", "South", "--quantity", "64", "--draft"]);
    let request = wanted["request"].as_str().unwrap();
    let changed = with(&["request", "change", request, "--quantity", "96"]);
    assert_eq!(changed["quantity"], 96, "{changed}");
    let drafts = demo.json(&["request", "list", "--state", "Draft"]);
    assert!(drafts.as_array().unwrap().iter().any(|row| row["request"] == request), "{drafts}");
    demo.ends(2, &["request", "list", "--state", "Nonsense"]);
    for list in [&["offer", "list"][..], &["offer", "board"]] {
        assert!(!demo.json(list).as_array().unwrap().is_empty(), "{list:?}");
    }
    let rules = demo.path("rules.csv");
    demo.ends(0, &["stock-rule", "export", "interchangeability", "--out", &rules]);
    assert!(fs::read_to_string(&rules).unwrap().lines().count() >= 1);
    with(&["notice", "list"]);
}

#[test]
fn all_tables_can_be_dropped_and_made_again() {
    both(|database| {
        let world = World::with_pallets(database, 0..1);
        let db = Db::open(database).unwrap();
        db.drop_tables().unwrap();
        assert!(db.is_empty().unwrap());
        drop(db);
        world.ends(0, &["migrate"]);
        world.ends(2, &["party", "show", "PARTY1"]);
    });
}

#[test]
fn a_database_that_is_not_there_is_said_to_be_missing_and_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let there = |name: &str| folder.path().join(name);
    let missing = program(there("typo.db").to_str().unwrap());
    let (out, report) = (there("backup"), there("esi-013.csv"));
    let (out, report) = (out.to_str().unwrap(), report.to_str().unwrap());
    for words in [
        &["verify"][..],
        &["backup", out],
        &["report", "delivery", "--out", report],
        &["hub", "00-DB-12-01-00-00-00-01"],
        &["transfer-file", "list"],
    ] {
        let ran = missing.run(words);
        assert_eq!(ran.code, Some(2), "{words:?}: {}", ran.out);
        assert!(ran.err.contains("there is no database"), "{words:?}: {}", ran.err);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    for address in ["mysql://host/hubs", "file:hubs.db", " "] {
        let ran = program(address).run(&["migrate"]);
        assert_eq!(ran.code, Some(2), "{address}: {}", ran.out);
        assert!(ran.err.contains("the path of an SQLite file"), "{address}: {}", ran.err);
    }
    let made = program(there("made.db").to_str().unwrap());
    assert_eq!(made.run(&["migrate"]).code, Some(0));
    assert_eq!(made.run(&["verify"]).code, Some(0));
    let elsewhere = there("no-such-folder/backup");
    assert_eq!(made.run(&["backup", elsewhere.to_str().unwrap()]).code, Some(2));
    assert_eq!(made.run(&["backup", out]).code, Some(0));
    let whole = fs::read(out).unwrap();
    let cut = there("cut");
    fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    let ran =
        program(there("restored.db").to_str().unwrap()).run(&["restore", cut.to_str().unwrap()]);
    assert_eq!(ran.code, Some(2), "{}", ran.out);
    assert!(ran.err.contains("is damaged"), "{}", ran.err);
    assert!(!there("restored.db").exists());
}

#[test]
fn a_backup_restores_to_what_verifies_and_a_changed_hub_is_named() {
    both(|database| {
        let world = World::with_pallets(database, 0..1);
        let (backup, report) = (world.path("backup"), world.path("esi-013.csv"));
        let (backup, report) = (backup.to_str().unwrap(), report.to_str().unwrap());
        world.well(&["report", "delivery", "--out", report]);
        let lines = fs::read_to_string(report).unwrap().lines().count();
        assert_eq!(lines, 1 + support::PALLET as usize);
        let (_, verified) = world.json(&["verify"]);
        let (last, hash) =
            (verified["entries"].as_i64().unwrap(), verified["head"].as_str().unwrap());
        world.well(&["verify", "--head", &format!("{last}:{hash}")]);
        let said = world.ends(3, &["verify", "--head", &format!("{}:{hash}", last - 1)]);
        assert!(said.contains("is not the one that was noted"), "{said}");
        let said = world.ends(3, &["verify", "--head", &format!("{}:{hash}", last + 1)]);
        assert!(said.contains("is no longer there"), "{said}");
        world.ends(2, &["verify", "--head", "the last one"]);
        world.well(&["backup", backup]);

        let db = Db::open(database).unwrap();
        let mut tx = db.write().unwrap();
        tx.exec("UPDATE hubs SET party = 2 WHERE id = (SELECT min(id) FROM hubs)", &[]).unwrap();
        tx.commit().unwrap();
        let verified = world.program.run(&["verify"]);
        assert_eq!(verified.code, Some(3), "{}", verified.err);
        assert!(verified.out.contains("WRONG: table hubs, id 00-"), "{}", verified.out);
        assert_eq!(world.program.run(&["restore", backup]).code, Some(2));

        let restore = |empty: &str| {
            let restored = program(empty);
            let done = restored.run(&["restore", backup]);
            assert_eq!(done.code, Some(0), "{}", done.err);
            let verified = restored.run(&["verify"]);
            assert_eq!(verified.code, Some(0), "{}", verified.out);
        };
        if database.starts_with("postgres://") { on_postgres(restore) } else { on_sqlite(restore) }
    });
}
