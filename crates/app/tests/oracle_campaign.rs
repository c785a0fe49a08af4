//! The product agrees with an independent model of the result codes, line by line, on both
//! databases: through the real imports, upload, validation and apply.
//!
//! `oracle/oracle.py` makes a world and a file from a seed, and judges it by `formats.md` alone.
//! `HUBSTOCK_ORACLE_SEEDS=3..4` runs other seeds than the usual ones.
#![allow(clippy::unwrap_used)]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use app::imports::{self, Kind};
use app::transfer_files::{self, Submission};
use app::{App, Clock, jobs};
use domain::access::{Actor, Organisation, Role};
use domain::ids::UserId;
use domain::transfer_files::State;
use store::{Db, args};
use testkit::{postgres, world};

const TODAY: &str = "2026-11-23";
const SEEDS: std::ops::Range<u64> = 1..201;
/// The lines of the files, in turn; a world has one and a half times as many hubs.
const SIZES: [u64; 10] = [40, 150, 300, 80, 700, 200, 1_200, 60, 400, 5_000];

#[test]
fn the_product_agrees_with_the_model_on_every_line() {
    let template = postgres::database();
    Db::open(&template).unwrap().migrate().unwrap();
    let seeds = seeds();
    let next = AtomicU64::new(seeds.start);
    thread::scope(|threads| {
        for _ in 0..workers() {
            threads.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        break;
                    }
                    try_seed(seed, &template);
                }
            });
        }
    });
}

fn seeds() -> std::ops::Range<u64> {
    let Ok(text) = std::env::var("HUBSTOCK_ORACLE_SEEDS") else { return SEEDS };
    let (from, to) = text.split_once("..").expect("seeds are given as 3..4");
    from.parse().unwrap()..to.parse().unwrap()
}

fn workers() -> usize {
    2 * thread::available_parallelism().map_or(2, usize::from).min(4)
}

fn try_seed(seed: u64, template: &str) {
    let folder = tempfile::tempdir().unwrap();
    make(seed, folder.path());
    world::on_sqlite(|url| agree(seed, folder.path(), url));
    let url = postgres::copy_of(template);
    agree(seed, folder.path(), &url);
    postgres::drop_database(&url);
}

/// Makes the world of a seed, and the answers of the model.
fn make(seed: u64, folder: &Path) {
    let oracle = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../oracle/oracle.py");
    let lines = SIZES[(seed % SIZES.len() as u64) as usize];
    let (hubs, lines) = ((lines * 3 / 2).to_string(), lines.to_string());
    let profile = if (seed / 10).is_multiple_of(2) { "minimal" } else { "controlled" };
    let output = Command::new("python3")
        .arg(oracle)
        .arg("make")
        .arg(folder)
        .args(["--seed", &seed.to_string(), "--hubs", &hubs, "--lines", &lines])
        .args(["--profile", profile, "--today", TODAY])
        .output()
        .expect("python3 runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Brings the world of a seed in, sends its file, and compares every line twice.
fn agree(seed: u64, folder: &Path, url: &str) {
    let app = open(url);
    let operator = actor(1, &[Role::DspOperator, Role::SystemAdmin]);
    for kind in [Kind::Parties, Kind::Deliveries, Kind::Statuses] {
        let name = format!("{}.csv", kind.word());
        let mut source = File::open(folder.join(&name)).unwrap();
        imports::submit(&app, &operator, kind, &name, &mut source).unwrap();
        run_jobs(&app);
    }
    let name = fs::read_to_string(folder.join("transfer-file.txt")).unwrap().trim().to_owned();
    let mut source = File::open(folder.join(&name)).unwrap();
    let preparer = actor(2, &[Role::DccLogistics]);
    let submission = Submission { name, all_or_nothing: false };
    let id = transfer_files::submit(&app, &preparer, submission, &mut source).unwrap().id;
    run_jobs(&app);

    let expected = expected(folder);
    let where_ = format!("seed {seed} on {}", app.db.location());
    assert_eq!(answers(&app, &preparer, id), expected, "{where_}, validated");
    transfer_files::authorise(&app, &actor(3, &[Role::DccAuthoriser]), id, None).unwrap();
    run_jobs(&app);
    let view = transfer_files::get(&app, &preparer, id).unwrap();
    assert!(matches!(view.state, State::Applied | State::PartApplied | State::Failed));
    assert_eq!(answers(&app, &preparer, id), expected, "{where_}, applied");
    let mut tx = app.db.read().unwrap();
    for compared in store::compare::counts(&mut tx).unwrap() {
        assert_eq!(compared.difference, None, "{where_}");
    }
}

fn open(url: &str) -> App {
    let db = Db::open(url).unwrap();
    db.migrate().unwrap();
    let mut tx = db.write().unwrap();
    for n in 1..=3 {
        let sql = "
            INSERT INTO users (id, email, name, state, created_at, version)
            VALUES ($1, $2, $3, 'Active', 0, 1)";
        let (email, name) = (format!("person{n}@dcc.example"), format!("Person {n}"));
        tx.exec(sql, args![i64::from(n), email, name]).unwrap();
    }
    tx.commit().unwrap();
    let mut app = App::new(db, std::env::temp_dir());
    app.clock = Clock::standing(format!("{TODAY}T12:00:00Z").parse().unwrap());
    app
}

fn actor(user: i64, roles: &[Role]) -> Actor {
    Actor {
        user: UserId(user),
        name: format!("Person {user}"),
        email: format!("person{user}@dcc.example"),
        organisation: Organisation::Centre,
        roles: roles.to_vec(),
        only_reads: false,
        acting_for: None,
    }
}

fn run_jobs(app: &App) {
    while jobs::run_next(app).unwrap() {}
    let failed = store::jobs::failed(&mut app.db.read().unwrap(), 10).unwrap();
    assert!(failed.is_empty(), "{failed:?}");
}

/// Line and code of each line of the model's answer.
fn expected(folder: &Path) -> Vec<(String, String)> {
    let text = fs::read_to_string(folder.join("expected.csv")).unwrap();
    let pair = |line: &str| {
        let (number, code) = line.split_once(',').expect("line,code");
        (number.to_owned(), code.to_owned())
    };
    text.lines().skip(1).map(pair).collect()
}

/// Line and code of each line of the response file.
fn answers(app: &App, actor: &Actor, id: domain::ids::TransferFileId) -> Vec<(String, String)> {
    let mut out = Vec::new();
    transfer_files::response(app, actor, id, &mut out).unwrap();
    let limits = domain::tabular::Limits::default();
    let mut records = domain::tabular::Records::new(&out, limits).unwrap();
    records.next_record().unwrap();
    let mut answers = Vec::new();
    while let Some(record) = records.next_record().unwrap() {
        answers.push((record.get(0).unwrap().to_owned(), record.get(2).unwrap().to_owned()));
    }
    answers
}
