//! A small world: five Parties, three packs, forty-five hubs, five people.

use std::sync::Arc;

use app::transfer_files::{self, Submission, TransferFileView};
use app::{App, Clock, jobs};
use domain::DeviceId;
use domain::access::{Actor, Organisation, Role};
use domain::ids::{TransferFileId, UserId};
use domain::inventory::SmiStatus;
use jiff::Timestamp;
use store::{Db, args};

pub const NOW: &str = "2026-11-23T18:00:20Z";

const PARTIES: &str = "
    INSERT INTO parties VALUES
        (1, 'NORTHERN', 'Northern Light Ltd', 'Large Supplier', '', '', 'NOR1', 'Active', TRUE, 1),
        (2, 'SOUTHERN', 'Southern Power Ltd', 'Small Supplier', '', '', 'SOU1', 'Active', TRUE, 1),
        (3, 'WESTERN', 'Western Gas Ltd', 'Small Supplier', '', '', 'WES1', 'Suspended', TRUE, 1),
        (4, 'EASTERN', 'Eastern Grid Ltd', 'Electricity Network', '', '', 'EAS1', 'Active', FALSE, 1),
        (5, 'MIDLAND', 'Midland Energy Ltd', 'Large Supplier', '', '', 'MID1', 'Active', TRUE, 1);
    INSERT INTO users VALUES
        (1, 'logistics@dcc.example', 'Lee Logistics', 'Active', NULL, 0, 1),
        (2, 'authoriser@dcc.example', 'Ash Authoriser', 'Active', NULL, 0, 1),
        (3, 'both@dcc.example', 'Bo Both', 'Active', NULL, 0, 1),
        (4, 'finance@dcc.example', 'Fin Finance', 'Active', NULL, 0, 1),
        (5, 'party@northern.example', 'Pat Party', 'Active', NULL, 0, 1);
    INSERT INTO models VALUES
        (1, 'Meterworks', 'CH-1', '1.0', '2.3', '1.1', '4.1', 'Single Band', 'Cellular'),
        (2, 'Meterworks', 'CH-2', '1.0', '2.4', '1.3', '4.2', 'Dual Band', 'LRR');
    INSERT INTO pallets VALUES (1, 'PAL1', 'CON1'), (2, 'PAL2', 'CON1'), (3, '', 'CON2');
    ";

/// The CHF ID of hub `n`. Every third one is a negative number in the database.
pub fn hub(n: u64) -> DeviceId {
    let maker = if n.is_multiple_of(3) { 0x80_DB12 } else { 0x00_DB12 };
    DeviceId::from_bits(maker << 40 | 0x01 << 32 | n).unwrap()
}

/// The GPF ID of hub `n`.
pub fn gpf(n: u64) -> DeviceId {
    DeviceId::from_bits(0x00_DB12 << 40 | 0xAA << 32 | n).unwrap()
}

/// Who has what: hubs 1 to 20 are Northern's, 21 to 25 are past their installation end date, 26 is
/// a test hub, 27 in quarantine, 28 to 31 not `Pending`, 32 to 45 Southern's.
pub fn world(url: &str) -> App {
    let db = Db::open(url).unwrap();
    db.migrate().unwrap();
    fill(&db);
    let mut app = App::new(db, std::env::temp_dir());
    app.clock = Clock::standing(NOW.parse().unwrap());
    app
}

/// Another process over the same database.
pub fn neighbour(app: &App) -> App {
    let mut other = App::new(app.db.clone(), app.reports.clone());
    other.clock = match &app.clock {
        Clock::Set(at) => Clock::Set(Arc::clone(at)),
        Clock::System => Clock::System,
    };
    other
}

fn fill(db: &Db) {
    let mut tx = db.write().unwrap();
    tx.batch(PARTIES).unwrap();
    let packs =
        [(1, 1, 1, "2030-12-31", false), (2, 2, 2, "2026-11-22", false), (3, 1, 3, "", true)];
    for (id, model, pallet, end, is_test) in packs {
        let sql = "
            INSERT INTO packs (id, fingerprint, model, region, order_no, consignment_no, pallet,
                box_id, delivered_on, accepted_on, location, delivered_to, installation_end, is_test)
            VALUES ($1, $2, $3, 'North', 'ORD', 'CON', $4, 'B1', '2026-01-05', '', 'Leeds', 1, $5,
                $6)";
        let print = vec![id as u8];
        tx.exec(
            sql,
            args![i64::from(id), print, i64::from(model), i64::from(pallet), end, is_test],
        )
        .unwrap();
    }
    for n in 1..=45 {
        let (pack, party) = match n {
            21..=25 => (2, 1),
            26 => (3, 1),
            32.. => (1, 2),
            _ => (1, 1),
        };
        let status = match n {
            28 => SmiStatus::Commissioned,
            29 => SmiStatus::InstalledNotCommissioned,
            30 => SmiStatus::Whitelisted,
            31 => SmiStatus::Decommissioned,
            _ => SmiStatus::Pending,
        };
        let sql = "
            INSERT INTO hubs (id, gpf, pack, party, status, status_at, last_move, last_change,
                quarantined)
            VALUES ($1, $2, CAST($3 AS INTEGER), CAST($4 AS INTEGER), CAST($5 AS INTEGER),
                $6, 0, 0, $7)";
        let at: Timestamp = "2026-05-01T10:00:00Z".parse().unwrap();
        tx.exec(sql, args![hub(n), gpf(n), pack, party, status as i64, at, n == 27]).unwrap();
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

pub fn actor(user: i64, roles: &[Role]) -> Actor {
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

pub fn preparer() -> Actor {
    actor(1, &[Role::DccLogistics])
}

pub fn authoriser() -> Actor {
    actor(2, &[Role::DccAuthoriser])
}

pub fn finance() -> Actor {
    actor(4, &[Role::DccFinance])
}

/// A file of the minimal profile.
pub fn minimal(lines: &[(String, &str)]) -> Vec<u8> {
    let mut text = String::from("CommsHubID,NewServiceUserReference\r\n");
    for (id, to) in lines {
        text.push_str(&format!("{id},{to}\r\n"));
    }
    text.into_bytes()
}

/// The minimal file that sends these hubs to this Party.
pub fn to(party: &'static str, hubs: impl IntoIterator<Item = u64>) -> Vec<u8> {
    let lines: Vec<(String, &str)> =
        hubs.into_iter().map(|n| (hub(n).to_string(), party)).collect();
    minimal(&lines)
}

/// Submits and runs every job that is due.
pub fn submit(app: &App, name: &str, bytes: &[u8]) -> TransferFileId {
    submit_as(app, name, bytes, false)
}

pub fn submit_as(app: &App, name: &str, bytes: &[u8], all_or_nothing: bool) -> TransferFileId {
    let submission = Submission { name: name.into(), all_or_nothing };
    let mut source = bytes;
    let submitted = transfer_files::submit(app, &preparer(), submission, &mut source).unwrap();
    run_jobs(app);
    submitted.id
}

pub fn run_jobs(app: &App) {
    while jobs::run_next(app).unwrap() {}
    let failed = store::jobs::failed(&mut app.db.read().unwrap(), 10).unwrap();
    assert!(failed.is_empty(), "{failed:?}");
}

pub fn authorise(app: &App, id: TransferFileId) {
    transfer_files::authorise(app, &authoriser(), id, None).unwrap();
}

/// Submits, authorises and applies.
pub fn put_through(app: &App, name: &str, bytes: &[u8]) -> TransferFileView {
    let id = submit(app, name, bytes);
    authorise(app, id);
    run_jobs(app);
    view(app, id)
}

pub fn view(app: &App, id: TransferFileId) -> TransferFileView {
    transfer_files::get(app, &preparer(), id).unwrap()
}

/// The response file as text.
pub fn response(app: &App, id: TransferFileId) -> String {
    let mut out = Vec::new();
    transfer_files::response(app, &preparer(), id, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The third field of each line of a response.
pub fn codes(response: &str) -> Vec<&str> {
    response.lines().skip(1).map(|line| line.split(',').nth(2).unwrap()).collect()
}

/// The Party that a hub is with, and the number of its last move.
pub fn whose(app: &App, n: u64) -> (i64, i64) {
    let sql = "SELECT party, last_move FROM hubs WHERE id = $1";
    let row = app.db.read().unwrap().one("hub", sql, args![hub(n)]).unwrap();
    (row.get(0), row.get(1))
}

/// How many entries of this kind the journal has.
pub fn entries(app: &App, kind: &str) -> i64 {
    let sql = "SELECT count(*) FROM journal WHERE kind = $1";
    app.db.read().unwrap().one("count", sql, args![kind]).unwrap().get(0)
}

/// The kept counts agree with a scan, and every hub's history leads to where it is.
pub fn books_balance(app: &App) {
    let mut tx = app.db.read().unwrap();
    for compared in store::compare::counts(&mut tx).unwrap() {
        assert_eq!(compared.difference, None);
    }
    let sql = "
        SELECT count(*) FROM hubs h LEFT JOIN party_moves m ON m.move = h.last_move AND m.hub = h.id
        WHERE h.last_move <> 0 AND (m.hub IS NULL OR m.to_party <> h.party)";
    assert_eq!(tx.one("count", sql, &[]).unwrap().get::<i64>(0), 0, "history leads elsewhere");
    let sql = "
        SELECT count(*) FROM moves m
        WHERE m.hubs <> (SELECT count(*) FROM party_moves p WHERE p.move = m.id)";
    assert_eq!(tx.one("count", sql, &[]).unwrap().get::<i64>(0), 0, "a move has other hubs");
}

/// A controlled file with these lines.
pub fn controlled(file_id: u128, (from, to): (&str, &str), lines: &[DeviceId]) -> Vec<u8> {
    use domain::transfer_files::generate::write_controlled;
    use domain::transfer_files::parse::Header;
    let header = Header {
        file_id: uuid::Uuid::from_u128(file_id),
        created: NOW.parse().unwrap(),
        prepared_by: "DCC".into(),
        reference: "TRF-1".into(),
        from: from.into(),
        to: to.into(),
        count: lines.len() as u32,
    };
    let mut out = Vec::new();
    write_controlled(&mut out, &header, lines.iter().map(|device| (*device, to)));
    out
}

pub const CONTROLLED_NAME: &str = "CHST_DCC_20261123T180020Z_000001.csv";
