//! The rules agree with a second, independent model of them (`oracle/oracle.py`) on every line.
//!
//! The inventory here is a map; the same worlds go through both databases elsewhere.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use domain::DeviceId;
use domain::ids::PartyId;
use domain::inventory::{DeliveryColumns, SmiStatus, StatusColumns};
use domain::parties::{Party, PartyBook, PartyColumns};
use domain::tabular::{self, Record, Records};
use domain::transfer_files::response::ResponseWriter;
use domain::transfer_files::{
    CheckContext, CheckSettings, Facts, HeldBack, HubFacts, Limits, Receiver, Sender, check, parse,
};

const TODAY: &str = "2026-11-23";

#[test]
fn twenty_minimal_files_get_the_same_codes() {
    (1..=20).for_each(|seed| agree(seed, "minimal"));
}

#[test]
fn twenty_controlled_files_get_the_same_codes() {
    (1001..=1020).for_each(|seed| agree(seed, "controlled"));
}

fn agree(seed: u64, profile: &str) {
    let folder = tempfile::tempdir().unwrap();
    make(folder.path(), seed, profile);
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    let name = String::from_utf8(read("transfer-file.txt")).unwrap();
    let parties = parties(&read("parties.csv"));
    let inventory = inventory(&read("deliveries.csv"), &read("statuses.csv"), &parties);

    let bytes = read(name.trim());
    let file = parse(&bytes, name.trim(), &Limits::default()).unwrap();
    let receivers = Receiver::all(&file.references, &parties);
    let from = file.header().map_or("", |header| header.from.as_str());
    let sender = Sender::of(from, &parties);
    let today = TODAY.parse().unwrap();
    let context = CheckContext { settings: CheckSettings::default(), sender, today };
    let mut response = ResponseWriter::new(&file, &parties, None);
    let mut answers = Vec::new();
    response.header(&mut answers);
    for line in &file.lines {
        let device = line.device();
        let facts = device.and_then(|device| inventory.get(&device)).unwrap_or(&Facts::Unknown);
        let receiver = line.reference().map_or(Receiver::Unknown, |place| receivers[place]);
        let outcome = check(line, facts, receiver, &context);
        response.line(&mut answers, line, outcome, facts);
    }

    let (expected, found) = (codes(&read("expected.csv"), 1), codes(&answers, 2));
    for (expected, found) in expected.iter().zip(&found) {
        assert_eq!(expected, found, "SEED {seed} {profile}");
    }
    assert_eq!(expected.len(), found.len(), "SEED {seed} {profile}");
}

fn make(folder: &Path, seed: u64, profile: &str) {
    let oracle: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../oracle/oracle.py"].iter().collect();
    let made = Command::new("python3")
        .arg(oracle)
        .arg("make")
        .arg(folder)
        .args(["--seed", &seed.to_string(), "--profile", profile, "--today", TODAY])
        .args(["--hubs", "2000", "--lines", "1000"])
        .output()
        .expect("the oracle is a Python program: install python3");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// The line numbers and the codes, which stand in this field.
fn codes(bytes: &[u8], field: usize) -> Vec<(String, String)> {
    let mut codes = Vec::new();
    each(bytes, |_, record| {
        codes.push((record.get(0).unwrap().to_owned(), record.get(field).unwrap().to_owned()));
    });
    codes
}

fn parties(bytes: &[u8]) -> PartyBook {
    let (mut parties, mut columns) = (Vec::new(), None);
    each(bytes, |header, record| {
        let columns = columns.get_or_insert_with(|| PartyColumns::of(header).unwrap());
        let details = columns.parse(record).unwrap();
        parties.push(Party { id: PartyId(parties.len() as i64 + 1), details });
    });
    PartyBook::new(parties)
}

fn inventory(deliveries: &[u8], statuses: &[u8], parties: &PartyBook) -> HashMap<DeviceId, Facts> {
    let mut inventory = HashMap::new();
    let mut columns = None;
    each(deliveries, |header, record| {
        let columns = columns.get_or_insert_with(|| DeliveryColumns::of_delivery(header).unwrap());
        let row = columns.parse(record).unwrap();
        let hub = HubFacts {
            party: parties.by_reference(&row.pack.delivered_to).unwrap().id,
            status: SmiStatus::Pending,
            status_since: "2026-03-02T00:00:00Z".parse().unwrap(),
            held_back: if row.pack.is_test { HeldBack::Test } else { HeldBack::No },
            installation_end: row.pack.installation_end,
            last_move: 0,
            open_transfer: None,
            as_confirmed: None,
            agreed_specification: None,
        };
        inventory.insert(row.chf, Facts::Hub(hub));
        inventory.insert(row.gpf, Facts::Gpf { chf: row.chf });
    });
    let mut columns = None;
    each(statuses, |header, record| {
        let columns = columns.get_or_insert_with(|| StatusColumns::of(header).unwrap());
        let row = columns.parse(record).unwrap();
        match inventory.get_mut(&row.chf) {
            Some(Facts::Hub(hub)) => {
                hub.status = row.status;
                hub.status_since = row.since;
            }
            other => panic!("{other:?} has a status"),
        }
    });
    inventory
}

/// Each record below the header, with the header.
fn each(bytes: &[u8], mut take: impl FnMut(&Record<'_>, &Record<'_>)) {
    let limits = tabular::Limits::default();
    let mut first = Records::new(bytes, limits).unwrap();
    let header = first.next_record().unwrap().unwrap();
    let mut records = Records::new(bytes, limits).unwrap();
    records.next_record().unwrap();
    while let Some(record) = records.next_record().unwrap() {
        take(&header, &record);
    }
}
