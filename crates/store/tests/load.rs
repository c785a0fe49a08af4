//! What is loaded by the thousand is known again, counted, and never overwritten.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;

use domain::inventory::{ModelDetails, PackDetails, SmiStatus};
use store::bulk::load::{
    HubRow, NewPack, PackChanges, PartyMove, StatusChange, add_packs, hubs_of, insert_hubs,
    insert_party_moves, insert_status_changes, packs, packs_by_fingerprint, update_hubs,
};
use store::{Db, Error, Tx};
use testkit::world::both;

/// Microseconds at the beginning of 2026.
const NEW_YEAR: i64 = 1_767_225_600_000_000;

/// Two Parties and three packs.
fn world(url: &str) -> Db {
    let db = Db::open(url).unwrap();
    db.migrate().unwrap();
    let mut tx = db.write().unwrap();
    tx.batch(
        "INSERT INTO parties VALUES
             (1, 'NORTH', 'Northern Light Ltd', 'Large Supplier', '', '', 'NOR1', 'Active', TRUE, 1),
             (2, 'SOUTH', 'Southern Power Ltd', 'Small Supplier', '', '', 'SOU1', 'Active', TRUE, 1)",
    )
    .unwrap();
    let details = [pack(1), pack(2), pack(3)];
    assert_eq!(add_packs(&mut tx, &new_packs(1, &details)).unwrap(), 1);
    tx.commit().unwrap();
    db
}

/// Packs under fingerprints that count on.
fn new_packs(first: u8, details: &[PackDetails]) -> Vec<NewPack<'_>> {
    let new = |(n, details)| NewPack { fingerprint: print(n), delivered_to: 1, details };
    (first..).zip(details).map(new).collect()
}

fn print(pack: u8) -> [u8; 16] {
    [pack; 16]
}

/// The third pack has been accepted, and its hubs may be installed until a day.
fn pack(n: i64) -> PackDetails {
    let model = ModelDetails {
        manufacturer: "Meterworks".into(),
        model: "CH-1".into(),
        hardware_version: "1.0".into(),
        firmware_version: if n == 3 { "2.4".into() } else { "2.3".into() },
        chts_version: "1.1".into(),
        gbcs_version: String::new(),
        han_variant: "Single Band".into(),
        wan_variant: "Cellular".into(),
    };
    PackDetails {
        model,
        region: if n == 1 { "North".into() } else { "4G South".into() },
        order_no: "Größe 1".into(),
        consignment_no: "CON1".into(),
        pallet_id: if n == 2 { String::new() } else { format!("PAL{n}") },
        box_id: "B1".into(),
        delivered_on: "2026-01-05".parse().unwrap(),
        accepted_on: (n == 3).then(|| "2026-01-07".parse().unwrap()),
        location: "Leeds".into(),
        delivered_to: "NOR1".into(),
        installation_end: (n == 3).then(|| "2027-01-05".parse().unwrap()),
        is_test: n == 2,
    }
}

fn hub(id: i64, gpf: i64, pack: i64) -> HubRow {
    HubRow {
        id,
        gpf,
        pack,
        party: 1,
        status: SmiStatus::Pending,
        status_at: NEW_YEAR,
        installed_at: None,
        last_move: 0,
        last_change: 0,
        quarantined: false,
    }
}

/// A thousand hubs with gaps between them, from the lowest key to the highest.
fn thousand() -> Vec<HubRow> {
    let mut hubs: Vec<HubRow> =
        (0..998).map(|n| hub(n * n * 7 - 3_000_000, 10_000_000 + n * 3, n % 3 + 1)).collect();
    hubs.insert(0, hub(i64::MIN + 1, i64::MIN + 2, 1));
    hubs.push(hub(i64::MAX - 1, i64::MAX, 1));
    hubs[500].installed_at = Some(NEW_YEAR + 1);
    hubs[501].quarantined = true;
    hubs
}

fn load(tx: &mut Tx, hubs: &[HubRow]) {
    insert_hubs(tx, hubs).unwrap();
    count(tx, hubs, 1);
}

fn count(tx: &mut Tx, hubs: &[HubRow], by: i64) {
    let mut counts = PackChanges::default();
    for hub in hubs {
        counts.add(hub.pack, hub.party, hub.status, by);
    }
    counts.write(tx).unwrap();
}

#[test]
fn what_was_inserted_is_known_by_either_id() {
    both(|url| {
        let db = world(url);
        let hubs = thousand();
        let mut tx = db.write().unwrap();
        load(&mut tx, &hubs);
        tx.commit().unwrap();
        let mut tx = db.read().unwrap();
        let chfs: Vec<i64> = hubs.iter().map(|hub| hub.id).collect();
        assert_eq!(hubs_of(&mut tx, &chfs).unwrap(), hubs);
        let mut gpfs: Vec<i64> = hubs.iter().map(|hub| hub.gpf).collect();
        gpfs.sort_unstable();
        assert_eq!(hubs_of(&mut tx, &gpfs).unwrap(), hubs);
        let mut either = [&chfs[..600], &gpfs[300..]].concat();
        either.sort_unstable();
        assert_eq!(hubs_of(&mut tx, &either).unwrap(), hubs);
    });
}

#[test]
fn neighbours_of_what_was_asked_for_are_not_answered() {
    both(|url| {
        let db = world(url);
        let hubs: Vec<HubRow> = (0..100).map(|n| hub(n, 1_000 + n, 1)).collect();
        let mut tx = db.write().unwrap();
        load(&mut tx, &hubs);
        let asked = [-1, 3, 5, 50, 99, 101, 1_007, 1_009, 1_100, 5_000];
        let found: Vec<i64> =
            hubs_of(&mut tx, &asked).unwrap().into_iter().map(|hub| hub.id).collect();
        assert_eq!(found, [3, 5, 7, 9, 50, 99]);
        assert_eq!(hubs_of(&mut tx, &[]).unwrap(), []);
    });
}

#[test]
fn a_hub_that_is_there_is_never_overwritten() {
    both(|url| {
        let db = world(url);
        let mut tx = db.write().unwrap();
        load(&mut tx, &[hub(10, 110, 1)]);
        tx.commit().unwrap();
        for again in [hub(10, 111, 2), hub(11, 110, 2)] {
            let mut tx = db.write().unwrap();
            let error = insert_hubs(&mut tx, &[hub(9, 109, 1), again]).unwrap_err();
            assert!(matches!(error, Error::Constraint { .. }), "{error}");
        }
        let mut tx = db.read().unwrap();
        let there = hubs_of(&mut tx, &[9, 10, 11, 109, 110, 111]).unwrap();
        assert_eq!(there, [hub(10, 110, 1)]);
    });
}

#[test]
fn changes_of_party_and_status_are_kept() {
    both(|url| {
        let db = world(url);
        let before = thousand();
        let mut tx = db.write().unwrap();
        load(&mut tx, &before);
        let mut after = before.clone();
        for (n, hub) in after.iter_mut().enumerate() {
            hub.last_change = 4;
            hub.status = SmiStatus::Commissioned;
            hub.status_at = NEW_YEAR + 5;
            hub.installed_at = Some(NEW_YEAR + n as i64);
            (hub.party, hub.last_move) = if n % 2 == 0 { (2, 8) } else { (1, 0) };
        }
        let both = || before.iter().zip(&after);
        let changes = both().map(|(was, is)| StatusChange {
            change: 4,
            hub: is.id,
            from: was.status,
            from_at: was.status_at,
            to: is.status,
            to_at: is.status_at,
            previous: was.last_change,
        });
        insert_status_changes(&mut tx, &changes.collect::<Vec<_>>()).unwrap();
        let moves = both().filter(|(_, is)| is.party == 2).map(|(was, is)| PartyMove {
            number: 8,
            hub: is.id,
            from: was.party,
            to: is.party,
            previous: was.last_move,
        });
        insert_party_moves(&mut tx, &moves.collect::<Vec<_>>()).unwrap();
        update_hubs(&mut tx, &after).unwrap();
        count(&mut tx, &before, -1);
        count(&mut tx, &after, 1);
        tx.commit().unwrap();

        let mut tx = db.read().unwrap();
        let keys: Vec<i64> = after.iter().map(|hub| hub.id).collect();
        assert_eq!(hubs_of(&mut tx, &keys).unwrap(), after);
        let one = |tx: &mut Tx, sql: &str| -> i64 { tx.one("count", sql, &[]).unwrap().get(0) };
        assert_eq!(one(&mut tx, "SELECT count(*) FROM status_changes WHERE change = 4"), 1_000);
        let moved = "SELECT count(*) FROM party_moves WHERE from_party = 1 AND to_party = 2";
        assert_eq!(one(&mut tx, moved), 500);
        assert_counts(&mut tx);
    });
}

#[test]
fn a_hub_that_is_not_there_cannot_be_changed() {
    both(|url| {
        let db = world(url);
        let mut tx = db.write().unwrap();
        load(&mut tx, &[hub(10, 110, 1)]);
        let error = update_hubs(&mut tx, &[hub(10, 110, 1), hub(11, 111, 1)]).unwrap_err();
        assert_eq!(error.to_string(), "the database failed: update hubs: 1 hubs were there, not 2");
    });
}

#[test]
fn the_counts_are_what_a_scan_counts() {
    both(|url| {
        let db = world(url);
        let mut tx = db.write().unwrap();
        load(&mut tx, &thousand());
        load(&mut tx, &[hub(5, 6, 3)]);
        assert_counts(&mut tx);
    });
}

#[test]
fn no_count_falls_below_nothing() {
    both(|url| {
        let db = world(url);
        let hubs = [hub(10, 110, 1)];
        let mut tx = db.write().unwrap();
        load(&mut tx, &hubs);
        tx.commit().unwrap();
        let mut tx = db.write().unwrap();
        let mut counts = PackChanges::default();
        counts.add(1, 1, SmiStatus::Pending, -2);
        let error = counts.write(&mut tx).unwrap_err();
        assert!(matches!(error, Error::Constraint { .. }), "{error}");
        drop(tx);
        let mut tx = db.write().unwrap();
        let mut counts = PackChanges::default();
        counts.add(1, 2, SmiStatus::Pending, -1);
        assert_eq!(counts.write(&mut tx).unwrap_err().to_string(), "no such count of stock");
    });
}

/// The kept counts, without those of nothing, against the hubs themselves.
fn assert_counts(tx: &mut Tx) {
    let kept = "
        SELECT party, model, region, status, hubs FROM stock WHERE hubs <> 0
        ORDER BY party, model, region, status";
    let counted = "
        SELECT h.party, p.model, p.region, h.status, count(*)
        FROM hubs h JOIN packs p ON p.id = h.pack
        GROUP BY h.party, p.model, p.region, h.status
        ORDER BY h.party, p.model, p.region, h.status";
    let (kept, counted) = (tx.all(kept, &[]).unwrap(), tx.all(counted, &[]).unwrap());
    assert!(kept.len() > 1);
    assert_eq!(kept, counted);
    let kept = "
        SELECT party, pallet, status, hubs FROM pallet_stock WHERE hubs <> 0
        ORDER BY party, pallet, status";
    let counted = "
        SELECT h.party, p.pallet, h.status, count(*)
        FROM hubs h JOIN packs p ON p.id = h.pack
        GROUP BY h.party, p.pallet, h.status
        ORDER BY h.party, p.pallet, h.status";
    assert_eq!(tx.all(kept, &[]).unwrap(), tx.all(counted, &[]).unwrap());
}

#[test]
fn packs_are_found_by_their_fingerprints() {
    both(|url| {
        let db = world(url);
        let mut tx = db.read().unwrap();
        let found = packs_by_fingerprint(&mut tx, &[print(9), print(3), print(1)]).unwrap();
        assert_eq!(found, HashMap::from([(print(1), 1), (print(3), 3)]));
        assert_eq!(packs_by_fingerprint(&mut tx, &[]).unwrap(), HashMap::new());
    });
}

#[test]
fn a_pack_comes_back_as_it_was_delivered() {
    both(|url| {
        let db = world(url);
        let mut tx = db.read().unwrap();
        let found = packs(&mut tx, &[1, 2, 3]).unwrap();
        let details: Vec<PackDetails> = found.iter().map(|pack| pack.details.clone()).collect();
        assert_eq!(details, [pack(1), pack(2), pack(3)]);
        assert!(found.iter().all(|pack| pack.delivered_to == 1));
        let models: Vec<i64> = found.iter().map(|pack| pack.model).collect();
        assert_eq!(models, [1, 1, 2]);
        let pallets: Vec<i64> = found.iter().map(|pack| pack.pallet).collect();
        assert_eq!(pallets, [1, 2, 3]);
        assert!(matches!(packs(&mut tx, &[2, 77]), Err(Error::Missing { what: "pack" })));
    });
}

#[test]
fn models_and_pallets_that_are_there_are_used_again() {
    both(|url| {
        let db = world(url);
        let mut tx = db.write().unwrap();
        let mut boxes = [pack(3), pack(1), pack(2), pack(1)];
        for (n, details) in boxes.iter_mut().enumerate() {
            details.box_id = format!("C{n}");
        }
        boxes[3].pallet_id = "PAL9".into();
        assert_eq!(add_packs(&mut tx, &new_packs(4, &boxes)).unwrap(), 4);
        let found = packs(&mut tx, &[4, 5, 6, 7]).unwrap();
        let numbers: Vec<_> = found.iter().map(|pack| (pack.model, pack.pallet)).collect();
        assert_eq!(numbers, [(2, 3), (1, 1), (1, 2), (1, 4)]);
        let twice = add_packs(&mut tx, &new_packs(4, &boxes[..1])).unwrap_err();
        assert!(matches!(twice, Error::Constraint { .. }), "{twice}");
    });
}
