//! Many clients at once: never more than is offered, no deadlock, every refusal with its reason.
//!
//! The size is set by `SELECTION_OFFERS` (4 without it); 64 clients ask for each offer.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use app::imports::{self, Kind};
use app::jobs::{self, JobKind};
use app::{Error, offers, requests, selection};
use domain::access::{Action, Role};
use domain::ids::OfferId;
use store::args;
use testkit::world::both;

use crate::world::*;

const CLIENTS: i64 = 64;
/// Hubs of each offer.
const HUBS: u32 = 8;

/// How an operation ended: done, refused with a sentence, or broken, which fails the test.
fn ended<T>(done: app::Result<T>, refused: &AtomicU64) -> Option<T> {
    match done {
        Ok(done) => Some(done),
        Err(Error::Refused(refusal)) => {
            assert!(refusal.message.len() > 10, "a refusal says why: {refusal:?}");
            refused.fetch_add(1, Ordering::Relaxed);
            None
        }
        Err(broken) => panic!("{broken}"),
    }
}

/// Northern gets as many more hubs of a model of their own.
fn deliver(world: &World, hubs: u32) {
    let dsp =
        person(&world.app, "dsp2@example.org", Role::DspOperator, None, Action::LoadInventory);
    let mut file = String::from(
        "CHFID,GPFID,Manufacturer,Model,HardwareVersion,FirmwareVersion,CHTSVersion,GBCSVersion,\
         HANVariant,WANVariant,CSPRegion,OrderNo,ConsignmentNo,PalletID,BoxID,DeliveryDate,\
         AcceptanceDate,DeliveryLocation,ServiceUserReference,InstallationEndDate,TestHub\r\n",
    );
    for n in 0..hubs {
        let (a, b, pallet) = (n / 256, n % 256, n / 64);
        write!(
            file,
            "00-DB-12-0{a:X}-00-00-{:02X}-{b:02X},00-DB-12-A{a:X}-00-00-{:02X}-{b:02X},Meterworks,\
             CH-9,1.0,2.3,1.1,4.1,Single Band,LRR,North,ORD9,CON9,MANY{pallet},B1,2026-01-05,\
             2026-01-07,Leeds,NOR1,2030-12-31,N\r\n",
            a % 16 + 16,
            a % 16 + 16,
            a = a / 16,
            b = b,
        )
        .unwrap();
    }
    let sent =
        imports::submit(&world.app, &dsp, Kind::Deliveries, "many.csv", &mut file.as_bytes());
    let id = sent.unwrap().import.0;
    let job = jobs::finish(&world.app, JobKind::LoadImport, id, Duration::from_secs(120)).unwrap();
    assert_eq!((job.state.as_str(), job.problem), ("done", None));
}

#[test]
fn sixty_four_clients_never_get_more_than_is_offered() {
    let offers = std::env::var("SELECTION_OFFERS").map_or(4, |n| n.parse().unwrap());
    both(|url| market(url, offers));
}

fn market(url: &str, count: u32) {
    let world = world(url);
    deliver(&world, HUBS * count);
    let mut draft = some(i64::from(HUBS));
    draft.specification.model = "CH-9".into();
    let offered: Vec<OfferId> = (0..count).map(|_| published(&world, &draft)).collect();
    let (refused, asked) = (AtomicU64::new(0), AtomicU64::new(0));

    // Everybody asks for everything, in an order of their own; some take it back.
    thread::scope(|scope| {
        for client in 1..=CLIENTS {
            let (world, offered, refused, asked) = (&world, &offered, &refused, &asked);
            scope.spawn(move || {
                for turn in 0..offered.len() {
                    let at = (turn * 7 + client as usize * 13) % offered.len();
                    // Nine is more than there is, and refused.
                    let quantity = (client + turn as i64) % 9 + 1;
                    let ask = request_for(offered[at], quantity);
                    let done = requests::draft_and_submit(&world.app, &buys(client), &ask);
                    let Some(request) = ended(done, refused) else { continue };
                    asked.fetch_add(1, Ordering::Relaxed);
                    if (client + turn as i64) % 11 == 0 {
                        let who = buys(client);
                        ended(requests::withdraw(&world.app, &who, request.id, None, ""), refused);
                    }
                }
            });
        }
    });
    let closes = load(&world, offered[0]).closes_at.unwrap();
    world.app.clock.set(closes);
    pass_until_quiet(&world);

    // Several run selection over the same offers while requests and offers are taken back.
    let runs = AtomicU64::new(0);
    thread::scope(|scope| {
        for client in 1..=CLIENTS {
            let (world, offered, refused, runs) = (&world, &offered, &refused, &runs);
            scope.spawn(move || {
                for turn in 0..offered.len() {
                    let offer = offered[(turn * 5 + client as usize * 3) % offered.len()];
                    match client % 16 {
                        0 | 8 => {
                            if ended(selection::run(&world.app, &world.dcc, offer), refused)
                                .is_some()
                            {
                                runs.fetch_add(1, Ordering::Relaxed);
                            }
                        }
                        1 if turn % 10 == 3 => {
                            let done = offers::withdraw(
                                &world.app,
                                &world.north,
                                offer,
                                None,
                                "a mistake",
                            );
                            ended(done, refused);
                        }
                        _ => {
                            let ask = request_for(offer, 1);
                            let done = requests::draft_and_submit(&world.app, &buys(client), &ask);
                            assert!(ended(done, refused).is_none(), "it has closed");
                        }
                    }
                }
            });
        }
    });
    books_balance(&world);
    let given: i64 = offered.iter().map(|offer| load(&world, *offer).allocated).sum();

    // Nobody confirms: everything goes to the next, and to the next after that.
    for _ in 0..3 {
        let due = {
            let mut tx = world.app.db.read().unwrap();
            let sql = "SELECT max(due_at) FROM deadlines
                       WHERE what IN ('confirm', 'select') AND settled_at IS NULL";
            tx.one("deadline", sql, &[]).unwrap().get::<Option<jiff::Timestamp>>(0)
        };
        let Some(due) = due else { break };
        world.app.clock.set(due);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| pass_until_quiet(&world));
            }
        });
        books_balance(&world);
    }
    let mut tx = world.app.db.read().unwrap();
    let all_runs: i64 = tx.one("runs", "SELECT count(*) FROM allocation_runs", &[]).unwrap().get(0);
    drop(tx);
    eprintln!(
        "{count} offers: {} requests, {} refusals, {given} hubs given in {} runs, {all_runs} runs in all",
        asked.into_inner(),
        refused.into_inner(),
        runs.into_inner(),
    );
    assert!(given > 0 && all_runs > i64::from(count) / 2);
    // Rebuilding recomputes each record.
    is_sound(&world);
}

fn pass_until_quiet(world: &World) {
    loop {
        app::timers::pass(&world.app).unwrap();
        let mut tx = world.app.db.read().unwrap();
        if store::timers::due(&mut tx, world.app.now(), None, 1).unwrap().is_empty() {
            return;
        }
    }
}

/// Allocated is never more than offered, and is what the open transfers and the requests say.
fn books_balance(world: &World) {
    let mut tx = world.app.db.read().unwrap();
    for (what, sql) in [
        ("more than is offered", "SELECT count(*) FROM offers WHERE allocated > quantity"),
        (
            "not what the requests were given",
            "SELECT count(*) FROM offers o WHERE o.allocated <> (SELECT coalesce(sum(r.allocated), 0)
             FROM requests r WHERE r.offer = o.id)",
        ),
        (
            "not what the transfers are for",
            "SELECT count(*) FROM offers o WHERE o.allocated <> (SELECT coalesce(sum(t.quantity), 0)
             FROM transfers t WHERE t.offer = o.id AND t.state NOT IN ('Lapsed', 'Cancelled'))",
        ),
        (
            "a request got more than it asked for",
            "SELECT count(*) FROM requests WHERE allocated > quantity",
        ),
        (
            "two first runs over one offer",
            "SELECT count(*) FROM (SELECT offer FROM allocation_runs WHERE previous IS NULL
             GROUP BY offer HAVING count(*) > 1) twice",
        ),
    ] {
        let wrong: i64 = tx.one("count", sql, args![]).unwrap().get(0);
        assert_eq!(wrong, 0, "{what}");
    }
}
