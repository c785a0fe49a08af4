//! How long each step of a transfer file's way takes, in one process.
//!
//!     cargo run --release -p app --example transfer_file -- DATABASE HUBS LINES clustered|random
//!
//! Fills an empty DATABASE with HUBS hubs on pallets of 896 and then, each time it is run, sends
//! LINES of them to another Party. `RUST_LOG=debug` shows the steps inside the steps.
#![allow(clippy::unwrap_used)]

mod stock;

use app::transfer_files::{self, Submission};
use app::{App, jobs};
use domain::DeviceId;
use domain::access::{Organisation, Role};
use store::Db;

use stock::{PALLET, Steps, actor, device, fill, is_ours, mix};

fn main() {
    stock::log_steps();
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [database, hubs, lines, how] = words.as_slice() else {
        eprintln!("usage: transfer_file DATABASE HUBS LINES clustered|random");
        std::process::exit(2);
    };
    let (hubs, lines): (u64, u64) = (hubs.parse().unwrap(), lines.parse().unwrap());
    let db = Db::open(database).unwrap();
    if !db.is_current().unwrap() {
        db.migrate().unwrap();
        fill(&db, hubs, 24);
    }
    let app = App::new(db, std::env::temp_dir());
    let file = file(&app, hubs, lines, how == "random");
    put_through(&app, &file);
}

fn put_through(app: &App, file: &[u8]) {
    let preparer = actor(1, Role::DccLogistics, Organisation::Centre);
    let authoriser = actor(2, Role::DccAuthoriser, Organisation::Centre);
    let mut steps = Steps::begin();
    let submission = Submission { name: "transfer.csv".into(), all_or_nothing: false };
    let id = transfer_files::submit(app, &preparer, submission, &mut &file[..]).unwrap().id;
    steps.end("submit");
    while jobs::run_next(app).unwrap() {}
    steps.end("validate");
    transfer_files::authorise(app, &authoriser, id, None).unwrap();
    steps.end("authorise");
    while jobs::run_next(app).unwrap() {}
    steps.end("apply");
    let mut out = Vec::new();
    transfer_files::response(app, &preparer, id, &mut out).unwrap();
    steps.end("response");
    steps.print();
    let view = transfer_files::get(app, &preparer, id).unwrap();
    println!("{:?} {:?}, {} bytes", view.state, view.applied.unwrap().counts, out.len());
}

/// A file of hubs that go to the second Party, or back on every other run; one line in two hundred
/// is wrong.
fn file(app: &App, hubs: u64, lines: u64, is_random: bool) -> Vec<u8> {
    let sql = "SELECT count(*) FROM transfer_files";
    let run: i64 = app.db.read().unwrap().one("count", sql, &[]).unwrap().get(0);
    let to = if run % 2 == 0 { "PARTY-2" } else { "PARTY-1" };
    let seed = (run.cast_unsigned() / 2) << 40;
    let mut ours: Vec<u64> = (0..hubs).filter(|n| is_ours(*n)).collect();
    let order = |n: &u64| mix(if is_random { *n } else { *n / PALLET } ^ seed);
    ours.sort_by_key(|n| (order(n), *n));
    ours.truncate(lines as usize);
    let mut bytes = b"CommsHubID,NewServiceUserReference\n".to_vec();
    for (place, n) in ours.into_iter().enumerate() {
        let wrong = if place % 200 == 7 { 0x3F0_0000_0000 } else { 0 };
        let id = DeviceId::from_bits(device(n).bits() | wrong).unwrap();
        bytes.extend_from_slice(format!("{id},{to}\n").as_bytes());
    }
    bytes
}
