//! The stock of the examples, and how they measure.
#![allow(clippy::unwrap_used)]

use std::time::Instant;

use domain::DeviceId;
use domain::access::{Actor, Organisation, Role};
use domain::ids::UserId;
use domain::inventory::SmiStatus;
use store::bulk::load::{HubRow, insert_hubs};
use store::{Db, args};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

/// Hubs on a pallet.
pub const PALLET: u64 = 896;
const BOX: u64 = 32;
const PARTIES: u64 = 60;
const MAKERS: [u64; 6] = [0x001D24, 0x0CA2F4, 0x70B3D5, 0x887384, 0x907065, 0xBC33AC];

/// Has the steps inside the steps shown where `RUST_LOG` asks for them.
pub fn log_steps() {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::from_default_env())
        .with_span_events(FmtSpan::CLOSE)
        .with_writer(std::io::stderr)
        .init();
}

/// Somebody of the centre, or of a Party.
pub fn actor(user: i64, role: Role, organisation: Organisation) -> Actor {
    Actor {
        user: UserId(user),
        name: "Person".into(),
        email: "person@dcc.example".into(),
        organisation,
        roles: vec![role],
        only_reads: false,
        acting_for: None,
    }
}

/// Scatters numbers.
pub fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// The device of a hub's number.
pub fn device(hub: u64) -> DeviceId {
    let (pallet, place) = (hub / PALLET, hub % PALLET);
    DeviceId::from_bits(MAKERS[(pallet % 6) as usize] << 40 | ((pallet / 6) * 1024 + place))
        .unwrap()
}

/// A fifth of the pallets is `Pending`, most of those with the first Party.
pub fn is_ours(hub: u64) -> bool {
    let key = mix((hub / PALLET) ^ 0xABCDEF);
    key.is_multiple_of(5) && (key >> 8) % 10 < 6
}

/// Fills an empty database with hubs on pallets of 896, each pallet of one of so many models.
pub fn fill(db: &Db, hubs: u64, models: i64) {
    let mut tx = db.write().unwrap();
    tx.batch(
        "INSERT INTO users VALUES (1, 'a@dcc.example', 'A', 'Active', NULL, 0, 1),
            (2, 'b@dcc.example', 'B', 'Active', NULL, 0, 1),
            (3, 'c@party-1.example', 'C', 'Active', NULL, 0, 1),
            (4, 'd@party-2.example', 'D', 'Active', NULL, 0, 1)",
    )
    .unwrap();
    for party in 1..=PARTIES as i64 {
        let sql = "
            INSERT INTO parties VALUES ($1, $2, $2, 'Large Supplier', '', '', $2, 'Active', TRUE, 1)";
        tx.exec(sql, args![party, format!("PARTY-{party}")]).unwrap();
    }
    for model in 1..=models {
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
        let model = pallet % models + 1;
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

/// Prints how long each step takes, and its share of all.
pub struct Steps {
    began: Instant,
    last: Instant,
    taken: Vec<(&'static str, f64)>,
}

impl Steps {
    /// From now on.
    pub fn begin() -> Steps {
        let now = Instant::now();
        Steps { began: now, last: now, taken: Vec::new() }
    }

    /// A step has ended.
    pub fn end(&mut self, name: &'static str) {
        self.taken.push((name, self.last.elapsed().as_secs_f64() * 1e3));
        self.last = Instant::now();
    }

    /// Prints them, and the memory that this process needed at most.
    pub fn print(&self) {
        let all = self.began.elapsed().as_secs_f64() * 1e3;
        for (name, ms) in &self.taken {
            println!("{name}: {ms:.1} ms, {:.0} %", ms / all * 100.0);
        }
        println!("all: {all:.1} ms");
        println!("peak memory: {} MiB", peak_mib());
    }
}

fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}
