//! What is below the program fails: each storage call of one file's path in turn, a disk that is
//! full, a database server that goes away. Each time: a clear answer, nothing lost that was
//! acknowledged, nothing half done, and what is called again takes effect once.
//!
//! `HUBSTOCK_FAULTS=all` fails every call with every fault; usually it is some of them.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::{PALLET, World, chf, deliveries, move_pallet};
use testkit::faults::{Cut, Fault, Proxy, SmallDisk, Which, environment};
use testkit::program::{Program, Ran};
use testkit::world::on_postgres;

/// Calls that fail in an ordinary run, of each command.
const USUAL: u64 = 5;

fn program(database: &str) -> Program {
    Program::new(env!("CARGO_BIN_EXE_hubstock"), database)
}

/// Some of the numbers from 1 to `most`, the first and the last included.
fn some_of(most: u64) -> Vec<u64> {
    if std::env::var("HUBSTOCK_FAULTS").is_ok_and(|wish| wish == "all") {
        return (1..=most).collect();
    }
    let mut some: Vec<u64> = (0..USUAL).map(|i| 1 + i * (most - 1) / (USUAL - 1)).collect();
    some.dedup();
    some
}

fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

/// It did what was asked, or it says in words that it could not.
fn is_answered(ran: &Ran, what: &str) -> bool {
    match ran.code {
        Some(0) => true,
        Some(3) => {
            assert!(ran.err.contains("hubstock: ") && ran.err.len() > 20, "{what}: {}", ran.err);
            false
        }
        other => panic!("{what} ended with {other:?}: {}{}", ran.out, ran.err),
    }
}

fn well(program: &Program, arguments: &[&str], what: &str) -> String {
    let ran = program.run(arguments);
    assert_eq!(ran.code, Some(0), "{what}, then {arguments:?}: {}{}", ran.out, ran.err);
    ran.out
}

/// Sends and applies the file again, and finds that all of it happened exactly once.
fn happens_once(program: &Program, file: &str, what: &str) {
    let submit = ["transfer-file", "submit", file, "--as", "logistics@x.example"];
    let said = well(program, &submit, what);
    assert!(said.contains("ctf-000001"), "{what}: {said}");
    let authorise = ["transfer-file", "authorise", "ctf-000001", "--as", "authoriser@x.example"];
    let said = well(program, &authorise, what);
    assert!(said.contains("ctf-000001 Applied"), "{what}: {said}");
    let response = well(program, &["transfer-file", "response", "ctf-000001"], what);
    assert_eq!(response.matches(",S00,").count() as u32, PALLET, "{what}");
    let hub = well(program, &["--json", "hub", &chf(0, 7)], what);
    let hub: serde_json::Value = serde_json::from_str(&hub).unwrap();
    assert_eq!(hub["service_user_reference"], "SU-2", "{what}");
    assert_eq!(hub["parties"].as_array().unwrap().len(), 2, "{what}: moved once");
    well(program, &["verify"], what);
}

/// A world with a file to send, at rest, and a copy of it to break.
struct Ground {
    world: World,
    base: PathBuf,
    broken: PathBuf,
    file: String,
}

impl Ground {
    fn new(folder: &Path) -> Ground {
        let (base, broken) = (folder.join("base"), folder.join("broken"));
        fs::create_dir(&base).unwrap();
        let world = World::with_pallets(base.join("hubstock.db").to_str().unwrap(), 0..1);
        let file = world.file("move.csv", &move_pallet(0, "SU-2"));
        Ground { world, base, broken, file }
    }

    fn broken(&self) -> Program {
        program(self.broken.join("hubstock.db").to_str().unwrap()).in_folder(&self.broken)
    }

    fn failing(&self, which: Which, fault: Fault) -> Program {
        let count = self.world.path("count");
        self.broken().with_environment(environment(&self.broken, which, fault, &count))
    }

    fn count(&self) -> u64 {
        fs::read_to_string(self.world.path("count")).unwrap().parse().unwrap()
    }
}

#[test]
fn each_storage_call_fails_in_turn_and_nothing_is_lost_or_done_twice() {
    let folder = tempfile::tempdir().unwrap();
    let ground = Ground::new(folder.path());
    let submit = ["transfer-file", "submit", &ground.file, "--as", "logistics@x.example"];
    let authorise = ["transfer-file", "authorise", "ctf-000001", "--as", "authoriser@x.example"];
    let (mut failed, mut tried) = (0, 0);
    for command in [submit, authorise] {
        copy(&ground.base, &ground.broken);
        well(&ground.failing(Which::None, Fault::Io), &command, "counting");
        let calls = ground.count();
        assert!(calls > 8, "only {calls} storage calls");
        for n in some_of(calls) {
            let every = std::env::var("HUBSTOCK_FAULTS").is_ok_and(|wish| wish == "all");
            let faults = [Fault::Io, Fault::NoSpace];
            for fault in faults.into_iter().filter(|f| every || (*f as u64 + n).is_multiple_of(2)) {
                let what = format!("{} call {n} of {calls}: {fault:?}", command[1]);
                copy(&ground.base, &ground.broken);
                let ran = ground.failing(Which::Only(n), fault).run(&command);
                tried += 1;
                if is_answered(&ran, &what) {
                    let status = ["--json", "transfer-file", "status", "ctf-000001"];
                    let state = well(&ground.broken(), &status, &what);
                    let wanted = if command[1] == "submit" { "Validated" } else { "Applied" };
                    assert!(state.contains(wanted), "{what} was acknowledged: {state}");
                } else {
                    failed += 1;
                }
                happens_once(&ground.broken(), &ground.file, &what);
            }
        }
        // The next command begins where this one ends.
        well(&program(ground.base.join("hubstock.db").to_str().unwrap()), &command, "for the next");
    }
    eprintln!("{tried} calls failed, {failed} commands said so");
    assert!(failed > tried / 3, "only {failed} of {tried} were noticed at all");
}

#[test]
fn a_server_whose_disk_loses_a_commit_ends_although_it_does_no_jobs() {
    let folder = tempfile::tempdir().unwrap();
    let ground = Ground::new(folder.path());
    let token = ["--json", "user", "token", "logistics@x.example", "--name", "disk", "--write"];
    copy(&ground.base, &ground.broken);
    let issued: serde_json::Value =
        serde_json::from_str(&well(&ground.broken(), &token, "a token")).unwrap();
    // What it does from its start to its end without a call comes before the first that fails.
    let quiet = ground.failing(Which::None, Fault::Io).serve(&["--no-jobs"]);
    assert_eq!(quiet.stop(), Some(0));
    let failing = ground.failing(Which::From(ground.count() + 1), Fault::Io);
    let mut server = failing.serve(&["--no-jobs"]);
    let client = reqwest::blocking::Client::new();
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    let mut call = 0;
    let ended = loop {
        if let Some(code) = server.ended() {
            break code;
        }
        assert!(std::time::Instant::now() < until, "it still serves:\n{}", server.log());
        call += 1;
        let url = format!("{}/api/v1/transfer-files?name=f{call}.csv", server.address);
        let secret = issued["secret"].as_str().unwrap();
        // Whatever it answers, or that it is gone.
        let _ = client.post(url).bearer_auth(secret).body(format!("{call}")).send();
    };
    assert_eq!(ended, 3, "{}", server.log());
    assert!(server.log().contains("failed to keep a commit"), "{}", server.log());
    well(&ground.broken(), &["verify"], "after it");
}

/// A disk that is full, really or as the program sees it.
enum Full {
    Mounted(SmallDisk),
    Pretended(tempfile::TempDir),
}

#[test]
fn a_full_disk_is_said_and_leaves_nothing_half_done() {
    let disk = match SmallDisk::mount(8 << 10) {
        Some(disk) => Full::Mounted(disk),
        None => {
            eprintln!("this user may not mount: the disk is full only to the program");
            Full::Pretended(tempfile::tempdir().unwrap())
        }
    };
    let root = match &disk {
        Full::Mounted(disk) => disk.path().to_owned(),
        Full::Pretended(folder) => folder.path().to_owned(),
    };
    let database = root.join("hubstock.db");
    let world = World::with_pallets(database.to_str().unwrap(), 0..1);
    let plain = program(database.to_str().unwrap()).in_folder(&root);
    let file = world.file("move.csv", &move_pallet(0, "SU-2"));
    let more = world.file("more.csv", &deliveries(1..2, "SU-1"));
    let out = root.join("esi.csv");
    let commands: [&[&str]; 4] = [
        &["import", "deliveries", &more, "--as", "operator@x.example"],
        &["transfer-file", "submit", &file, "--as", "logistics@x.example"],
        &["transfer-file", "authorise", "ctf-000001", "--as", "authoriser@x.example"],
        &["report", "delivery", "--out", out.to_str().unwrap()],
    ];
    for command in commands {
        for left_kib in [0, 24] {
            let what = format!("{command:?} with {left_kib} KiB left");
            let ran = match &disk {
                Full::Mounted(_) => {
                    let filler = root.join("filler");
                    fill(&filler, left_kib);
                    let ran = plain.run(command);
                    fs::remove_file(filler).unwrap();
                    ran
                }
                Full::Pretended(_) => {
                    let (from, count) = (Which::From(1 + left_kib / 4), world.path("count"));
                    let full = environment(&root, from, Fault::NoSpace, &count);
                    plain.clone().with_environment(full).run(command)
                }
            };
            // What needs less than is left may well be done.
            if !is_answered(&ran, &what) {
                let said = ran.err.to_lowercase();
                assert!(said.contains("full") || said.contains("space"), "{what}: {said}");
            } else {
                assert!(left_kib > 0, "{what} cannot be done");
            }
            well(&plain, &["verify"], &what);
        }
        // A command that was cut off between two of its steps goes on from there.
        well(&plain, command, "with room again");
    }
    happens_once(&plain, &file, "after the disk had room again");
    let report = fs::read_to_string(&out).unwrap();
    assert_eq!(report.lines().count() as u32, 2 * PALLET + 1);
    let left = [root.clone(), root.join("reports")].into_iter().flat_map(fs::read_dir).flatten();
    let partial = left
        .filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().ends_with(".partial"));
    assert_eq!(partial.count(), 0, "no half report is left");
}

#[test]
fn a_server_on_a_full_disk_says_so_and_goes_on_when_there_is_room() {
    let Some(disk) = SmallDisk::mount(8 << 10) else {
        eprintln!("this user may not mount: a disk that is full for a while is not tried");
        return;
    };
    let root = disk.path().to_owned();
    let database = root.join("hubstock.db");
    let world = World::with_pallets(database.to_str().unwrap(), 0..1);
    let plain = program(database.to_str().unwrap()).in_folder(&root);
    let file = world.file("move.csv", &move_pallet(0, "SU-2"));
    let token = ["--json", "user", "token", "logistics@x.example", "--name", "Test", "--write"];
    let token: serde_json::Value = serde_json::from_str(&well(&plain, &token, "first")).unwrap();
    let server = plain.serve(&[]);
    let client = reqwest::blocking::Client::new();
    let send = || {
        let url = format!("{}/api/v1/transfer-files?name=move.csv", server.address);
        let secret = token["secret"].as_str().unwrap();
        client.post(url).bearer_auth(secret).body(move_pallet(0, "SU-2")).send().unwrap()
    };
    let filler = root.join("filler");
    for _ in 0..2 {
        fill(&filler, 0);
        let refused = send();
        assert_eq!(refused.status().as_u16(), 503, "{}", server.log());
        let said: serde_json::Value = refused.json().unwrap();
        assert!(said["type"].as_str().unwrap().starts_with("/problems/"), "{said}");
        let live = client.get(format!("{}/healthz", server.address)).send().unwrap();
        assert!(live.status().is_success());
        fs::remove_file(&filler).unwrap();
    }
    assert_eq!(send().status().as_u16(), 202, "{}", server.log());
    assert_eq!(server.stop(), Some(0));
    happens_once(&plain, &file, "after the disk had room again");
}

/// Takes all room but so many KiB.
fn fill(filler: &Path, left_kib: u64) {
    use std::io::Write as _;
    let mut file = fs::File::create(filler).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    let size = file.metadata().unwrap().len();
    file.set_len(size.saturating_sub(left_kib << 10)).unwrap();
}

#[test]
fn a_server_that_goes_away_at_any_statement_loses_nothing() {
    on_postgres(|template| {
        let base = World::with_pallets(template, 0..1);
        let file = base.file("move.csv", &move_pallet(0, "SU-2"));
        let port = template.rsplit_once('/').unwrap().0.rsplit_once(':').unwrap().1;
        let port: u16 = port.parse().unwrap();
        let submit = ["transfer-file", "submit", &file, "--as", "logistics@x.example"];
        let authorise =
            ["transfer-file", "authorise", "ctf-000001", "--as", "authoriser@x.example"];
        for command in [submit, authorise] {
            let url = testkit::postgres::copy_of(template);
            let proxy = Proxy::start(port, Cut::Never);
            well(&program(&proxy.address(&url)), &command, "counting");
            testkit::postgres::drop_database(&url);
            for n in some_of(proxy.sent()) {
                let cut = if n.is_multiple_of(2) { Cut::Before(n) } else { Cut::After(n) };
                let what = format!("{} message {n} of {}: {cut:?}", command[1], proxy.sent());
                let url = testkit::postgres::copy_of(template);
                let broken = Proxy::start(port, cut);
                let ran = program(&broken.address(&url)).run(&command);
                let plain = program(&url);
                if is_answered(&ran, &what) {
                    let status = ["--json", "transfer-file", "status", "ctf-000001"];
                    let state = well(&plain, &status, &what);
                    let wanted = if command[1] == "submit" { "Validated" } else { "Applied" };
                    assert!(state.contains(wanted), "{what} was acknowledged: {state}");
                }
                happens_once(&plain, &file, &what);
                testkit::postgres::drop_database(&url);
            }
            well(&program(template), &command, "for the next");
        }
    });
}
