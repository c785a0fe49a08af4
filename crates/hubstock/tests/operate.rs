//! What whoever runs the system does: verify, back up, restore, take the report.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::fs;

use store::Db;
use support::World;
use testkit::program::Program;
use testkit::world::{both, on_postgres, on_sqlite};

fn program(database: &str) -> Program {
    Program::new(env!("CARGO_BIN_EXE_hubstock"), database)
}

#[test]
fn the_demonstrations_world_is_what_its_journal_says() {
    on_sqlite(|database| {
        let program = program(database);
        let prepared = program.run(&["demo", "--prepare"]);
        assert_eq!(prepared.code, Some(0), "{}", prepared.err);
        let verified = program.run(&["verify"]);
        assert_eq!(verified.code, Some(0), "{}", verified.out);
    });
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
        world.well(&["verify"]);
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
