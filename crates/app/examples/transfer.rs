//! How long each step of a transfer takes, from the agreement to the changed inventory, in one process.
//!
//!     cargo run --release -p app --example transfer -- DATABASE HUBS QUANTITY
//!
//! Fills an empty DATABASE with HUBS hubs of one model on pallets of 896, of which the first Party has
//! about an eighth. Then two Parties agree on QUANTITY of them; the sender's manifest comes as a
//! file, the receiver starts from it, turns down one hub in a thousand, and what matches becomes a
//! transfer file that is prepared, checked, authorised and applied. `RUST_LOG=debug` shows the steps
//! inside the steps.
#![allow(clippy::unwrap_used)]

mod stock;

use app::transfers::{self, Arrival, DirectNotice, Dispatch};
use app::{App, jobs, transfer_files};
use domain::DeviceId;
use domain::access::{Organisation, Role};
use domain::ids::PartyId;
use domain::offers::Specification;
use domain::timers::british_day;
use domain::transfers::{Condition, FaultReason, Side};
use store::{Db, args};

use stock::{Steps, actor, fill};

fn main() {
    stock::log_steps();
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [database, hubs, quantity] = words.as_slice() else {
        eprintln!("usage: transfer DATABASE HUBS QUANTITY");
        std::process::exit(2);
    };
    let db = Db::open(database).unwrap();
    if !db.is_current().unwrap() {
        db.migrate().unwrap();
        fill(&db, hubs.parse().unwrap(), 1);
    }
    go(&App::new(db, std::env::temp_dir()), quantity.parse().unwrap());
}

fn go(app: &App, quantity: i64) {
    let of = |party| Organisation::Party(PartyId(party));
    let sender = actor(3, Role::StockManager, of(1));
    let receiver = actor(4, Role::StockManager, of(2));
    let logistics = actor(1, Role::DccLogistics, Organisation::Centre);
    let authoriser = actor(2, Role::DccAuthoriser, Organisation::Centre);
    let (hubs, manifest) = manifest(app, quantity);
    let mut steps = Steps::begin();

    let notice = DirectNotice {
        sender: "PARTY-1".into(),
        receiver: "PARTY-2".into(),
        specification: Specification {
            manufacturer: "Meterworks".into(),
            model: "CH-1".into(),
            han_variant: "Dual Band".into(),
            wan_variant: "LRR".into(),
            region: "North".into(),
        },
        quantity,
        ..DirectNotice::default()
    };
    let id = transfers::notify_direct(app, &sender, &notice).unwrap().id;
    transfers::confirm(app, &receiver, id, None, None).unwrap();
    steps.end("agree and confirm");
    let added = transfers::add_file(app, &sender, id, Side::Sender, &manifest).unwrap();
    assert_eq!(added.added, quantity.unsigned_abs(), "{:?}", added.list);
    drop(added);
    steps.end("list what leaves, from a file");
    let dispatch = Dispatch {
        on: british_day(app.now()),
        carrier: "Fairweather Haulage".into(),
        consignment_note: "FW-1".into(),
        seals: String::new(),
        fewer_is_meant: false,
        list_version: None,
    };
    transfers::dispatch(app, &sender, id, None, &dispatch).unwrap();
    steps.end("dispatch");
    let condition = Condition::Good;
    let arrival = Arrival { on: british_day(app.now()), condition, note: String::new() };
    transfers::arrive(app, &receiver, id, None, &arrival).unwrap();
    transfers::start_from_manifest(app, &receiver, id).unwrap();
    let broken: Vec<DeviceId> = hubs.iter().step_by(1000).copied().collect();
    transfers::set_verdicts(app, &receiver, id, &broken, Some(FaultReason::Led)).unwrap();
    steps.end("list what arrived, from the manifest");
    transfers::receive(app, &receiver, id, None, None).unwrap();
    steps.end("receive: both lists compared, hub by hub");
    let file = transfers::prepare(app, &logistics, id, None).unwrap().transfer_file.unwrap();
    steps.end("prepare the transfer file");
    while jobs::run_next(app).unwrap() {}
    steps.end("check the transfer file");
    transfer_files::authorise(app, &authoriser, file, None).unwrap();
    while jobs::run_next(app).unwrap() {}
    steps.end("authorise and apply");
    let mut out = Vec::new();
    transfer_files::response(app, &logistics, file, &mut out).unwrap();
    steps.end("response file");
    steps.print();
    let view = transfers::get(app, &logistics, id).unwrap();
    println!("{} {:?}, {} bytes of response", view.state, view.counts, out.len());
}

/// The first hubs of the first Party that can move, and a manifest of them.
fn manifest(app: &App, quantity: i64) -> (Vec<DeviceId>, Vec<u8>) {
    let sql = "
        SELECT id FROM hubs WHERE party = 1 AND status = 1 ORDER BY id LIMIT CAST($1 AS BIGINT)";
    let rows = app.db.read().unwrap().all(sql, args![quantity]).unwrap();
    let hubs: Vec<DeviceId> = rows.iter().map(|row| row.get(0)).collect();
    let mut file = String::from("CommsHubID\r\n");
    for hub in &hubs {
        file.push_str(&format!("{hub}\r\n"));
    }
    (hubs, file.into_bytes())
}
