//! How long each step of a transfer file's way takes, in one process.
//!
//!     cargo run --release -p app --example transfer_file -- DATABASE HUBS LINES clustered|random
//!
//! Fills an empty DATABASE with HUBS hubs on pallets of 896 and then, each time it is run, sends
//! LINES of them to another Party. `RUST_LOG=debug` shows the steps inside the steps.
#![allow(clippy::unwrap_used)]

use std::time::Instant;

use app::transfer_files::{self, Submission};
use app::{App, jobs};
use domain::DeviceId;
use domain::access::{Actor, Organisation, Role};
use domain::ids::UserId;
use domain::inventory::SmiStatus;
use store::bulk::load::{HubRow, insert_hubs};
use store::{Db, args};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

const PALLET: u64 = 896;
const BOX: u64 = 32;
const PARTIES: u64 = 60;
const MAKERS: [u64; 6] = [0x001D24, 0x0CA2F4, 0x70B3D5, 0x887384, 0x907065, 0xBC33AC];

fn main() {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::from_default_env())
        .with_span_events(FmtSpan::CLOSE)
        .with_writer(std::io::stderr)
        .init();
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [database, hubs, lines, how] = words.as_slice() else {
        eprintln!("usage: transfer_file DATABASE HUBS LINES clustered|random");
        std::process::exit(2);
    };
    let (hubs, lines): (u64, u64) = (hubs.parse().unwrap(), lines.parse().unwrap());
    let db = Db::open(database).unwrap();
    if !db.is_current().unwrap() {
        db.migrate().unwrap();
        fill(&db, hubs);
    }
    let app = App::new(db, std::env::temp_dir());
    let file = file(&app, hubs, lines, how == "random");
    put_through(&app, &file);
    println!("peak memory: {} MiB", peak_mib());
}

fn put_through(app: &App, file: &[u8]) {
    let preparer = actor(1, Role::DccLogistics);
    let began = Instant::now();
    let mut last = began;
    let mut step = |name: &str| {
        println!("{name}: {:.1} ms", last.elapsed().as_secs_f64() * 1e3);
        last = Instant::now();
    };
    let submission = Submission { name: "transfer.csv".into(), all_or_nothing: false };
    let id = transfer_files::submit(app, &preparer, submission, &mut &file[..]).unwrap().id;
    step("submit");
    while jobs::run_next(app).unwrap() {}
    step("validate");
    transfer_files::authorise(app, &actor(2, Role::DccAuthoriser), id, None).unwrap();
    step("authorise");
    while jobs::run_next(app).unwrap() {}
    step("apply");
    let mut out = Vec::new();
    transfer_files::response(app, &preparer, id, &mut out).unwrap();
    step("response");
    println!("all: {:.1} ms", began.elapsed().as_secs_f64() * 1e3);
    let view = transfer_files::get(app, &preparer, id).unwrap();
    println!("{:?} {:?}, {} bytes", view.state, view.applied.unwrap().counts, out.len());
}

fn actor(user: i64, role: Role) -> Actor {
    Actor {
        user: UserId(user),
        name: "Person".into(),
        email: "person@dcc.example".into(),
        organisation: Organisation::Centre,
        roles: vec![role],
        only_reads: false,
        acting_for: None,
    }
}

fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

fn device(hub: u64) -> DeviceId {
    let (pallet, place) = (hub / PALLET, hub % PALLET);
    DeviceId::from_bits(MAKERS[(pallet % 6) as usize] << 40 | ((pallet / 6) * 1024 + place))
        .unwrap()
}

/// A fifth of the pallets is `Pending`, most of those with the first Party.
fn is_ours(hub: u64) -> bool {
    let key = mix((hub / PALLET) ^ 0xABCDEF);
    key.is_multiple_of(5) && (key >> 8) % 10 < 6
}

fn fill(db: &Db, hubs: u64) {
    let mut tx = db.write().unwrap();
    tx.batch(
        "INSERT INTO users VALUES (1, 'a@dcc.example', 'A', 'Active', NULL, 0, 1),
            (2, 'b@dcc.example', 'B', 'Active', NULL, 0, 1)",
    )
    .unwrap();
    for party in 1..=PARTIES as i64 {
        let sql = "
            INSERT INTO parties VALUES ($1, $2, $2, 'Large Supplier', '', '', $2, 'Active', TRUE, 1)";
        tx.exec(sql, args![party, format!("PARTY-{party}")]).unwrap();
    }
    for model in 1..=24_i64 {
        let sql = "
            INSERT INTO models VALUES ($1, 'Meterworks', $2, '1', '1', '1', '1', 'Dual Band', 'LRR')";
        tx.exec(sql, args![model, format!("CH-{model}")]).unwrap();
    }
    for pallet in 0..hubs.div_ceil(PALLET) as i64 {
        let sql = "INSERT INTO pallets VALUES ($1, $2, 'CON')";
        tx.exec(sql, args![pallet + 1, format!("PAL{pallet:06}")]).unwrap();
    }
    for pack in 0..hubs.div_ceil(BOX) as i64 {
        let pallet = pack / (PALLET / BOX) as i64;
        let sql = "
            INSERT INTO packs (id, fingerprint, model, region, order_no, consignment_no, pallet,
                box_id, delivered_on, accepted_on, location, delivered_to, installation_end, is_test)
            VALUES ($1, $2, $3, 'North', 'ORD', 'CON', $4, $5, '2026-01-05', '', 'Depot', 1,
                '2036-12-31', FALSE)";
        let print = pack.to_be_bytes().to_vec();
        let model = pallet % 24 + 1;
        tx.exec(sql, args![pack + 1, print, model, pallet + 1, format!("BOX{pack:07}")]).unwrap();
    }
    let mut numbers: Vec<u32> = (0..hubs as u32).collect();
    numbers.sort_unstable_by_key(|n| device(u64::from(*n)).key());
    for part in numbers.chunks(100_000) {
        let rows: Vec<HubRow> = part.iter().map(|n| hub(u64::from(*n))).collect();
        insert_hubs(&mut tx, &rows).unwrap();
    }
    tx.batch(
        "INSERT INTO stock SELECT h.party, p.model, p.region, h.status, count(*)
             FROM hubs h JOIN packs p ON p.id = h.pack GROUP BY 1, 2, 3, 4;
         INSERT INTO pallet_stock SELECT h.party, p.pallet, h.status, count(*)
             FROM hubs h JOIN packs p ON p.id = h.pack GROUP BY 1, 2, 3",
    )
    .unwrap();
    tx.commit().unwrap();
}

fn hub(n: u64) -> HubRow {
    let id = device(n);
    let is_pending = mix((n / PALLET) ^ 0xABCDEF).is_multiple_of(5);
    let other = 2 + (mix(n / PALLET) % (PARTIES - 1)) as i64;
    HubRow {
        id: id.key(),
        gpf: id.key() | 0x0080_0000_0000,
        pack: (n / BOX + 1) as i64,
        party: if is_ours(n) { 1 } else { other },
        status: if is_pending { SmiStatus::Pending } else { SmiStatus::Commissioned },
        status_at: 1_767_225_600_000_000,
        installed_at: None,
        last_move: 0,
        last_change: 0,
        quarantined: false,
    }
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

fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}
