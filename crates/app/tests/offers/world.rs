//! A small market: two Parties with stock, many that may ask for it, one that may not.

use std::fmt::Write as _;
use std::time::Duration;

use app::imports::{self, Kind};
use app::jobs::{self, JobKind};
use app::journal::verify;
use app::offers::{self, Draft, Drafted, Listing};
use app::sign_in::actor_by_email;
use app::{App, Clock, inventory, people, requests};
use domain::access::{Action, Actor, Organisation, Role};
use domain::ids::{OfferId, PartyId, RequestId};
use domain::offers::{Carriage, Firmware, Specification, Terms};
use domain::requests::Asked;
use jiff::Timestamp;
use store::Db;

pub const NOW: &str = "2026-11-23T18:00:20Z";
/// How many Parties there are that may ask.
pub const BUYERS: i64 = 64;

pub const NORTHERN: PartyId = PartyId(1);
pub const SOUTHERN: PartyId = PartyId(2);

/// The number of the buyer `n`, from 1.
pub fn buyer(n: i64) -> PartyId {
    PartyId(3 + n)
}

/// The CHF ID of hub `n`.
pub fn hub(n: u32) -> String {
    format!("00-DB-12-00-00-00-{:02X}-{:02X}", n / 256, n % 256)
}

/// The GPF ID of hub `n`.
pub fn gpf(n: u32) -> String {
    format!("00-DB-12-AA-00-00-{:02X}-{:02X}", n / 256, n % 256)
}

const PARTIES: &str = "\
Signifier,LegalName,Category,Group,UserIDs,ServiceUserReference,Status,MayHoldHubs\r
NORTHERN,Northern Light Ltd,Large Supplier,,,NOR1,Active,Y\r
SOUTHERN,Southern Power Ltd,Small Supplier,,,SOU1,Active,Y\r
EASTERN,Eastern Grid Ltd,Electricity Network,,,EAS1,Active,N\r
";

/// Northern: hubs 1 to 16 on PAL1 and 17 to 32 on PAL2 with newer firmware, of one specification;
/// 33 to 40 past their end date; 41 a test hub; 42 to 49 on a mixed pallet, half of them dual band.
/// Southern: hubs 101 to 110 in the Central region.
fn deliveries() -> String {
    let mut file = String::from(
        "CHFID,GPFID,Manufacturer,Model,HardwareVersion,FirmwareVersion,CHTSVersion,GBCSVersion,\
         HANVariant,WANVariant,CSPRegion,OrderNo,ConsignmentNo,PalletID,BoxID,DeliveryDate,\
         AcceptanceDate,DeliveryLocation,ServiceUserReference,InstallationEndDate,TestHub\r\n",
    );
    for n in (1..=49).chain(101..=110) {
        let (firmware, han, region, pallet, to, end, test) = match n {
            1..=16 => ("2.3", "Single Band", "North", "PAL1", "NOR1", "2030-12-31", "N"),
            17..=32 => ("2.4", "Single Band", "North", "PAL2", "NOR1", "", "N"),
            33..=40 => ("2.3", "Single Band", "North", "PAL3", "NOR1", "2026-11-22", "N"),
            41 => ("2.3", "Single Band", "North", "PAL4", "NOR1", "2030-12-31", "Y"),
            42..=49 if n % 2 == 0 => {
                ("2.3", "Dual Band", "North", "PAL5", "NOR1", "2030-12-31", "N")
            }
            42..=49 => ("2.5", "Triple Band", "North", "PAL5", "NOR1", "2030-12-31", "N"),
            _ => ("2.3", "Single Band", "Central", "PAL9", "SOU1", "2030-12-31", "N"),
        };
        let (chf, gpf) = (hub(n), gpf(n));
        write!(
            file,
            "{chf},{gpf},Meterworks,CH-1,1.0,{firmware},1.1,4.1,{han},LRR,{region},ORD1,CON1,\
             {pallet},B{},2026-01-05,2026-01-07,Leeds,{to},{end},{test}\r\n",
            n % 4
        )
        .unwrap();
    }
    file
}

/// Hub 3 is installed.
fn statuses() -> String {
    format!("CHFID,SMIStatus,StatusDate\r\n{},Commissioned,2026-03-01T10:00:00Z\r\n", hub(3))
}

pub fn person(app: &App, email: &str, role: Role, party: Option<&str>, action: Action) -> Actor {
    let password = "correct horse battery";
    people::add_by_operator(app, email, "A Person", role, party, password).unwrap();
    actor_by_email(app, email, action, None).unwrap()
}

fn import(app: &App, actor: &Actor, kind: Kind, name: &str, file: &str) {
    let sent = imports::submit(app, actor, kind, name, &mut file.as_bytes()).unwrap();
    let job =
        jobs::finish(app, JobKind::LoadImport, sent.import.0, Duration::from_secs(60)).unwrap();
    assert_eq!((job.state.as_str(), job.problem), ("done", None));
}

/// The market, its people, and the DCC's.
pub struct World {
    pub app: App,
    pub north: Actor,
    pub south: Actor,
    pub east: Actor,
    pub dcc: Actor,
    pub rules: Actor,
}

pub fn world(url: &str) -> World {
    let db = Db::open(url).unwrap();
    db.migrate().unwrap();
    let mut app = App::new(db, std::env::temp_dir());
    app.clock = Clock::standing(NOW.parse().unwrap());
    let admin = person(&app, "admin@example.org", Role::SystemAdmin, None, Action::ManageParties);
    let dsp = person(&app, "dsp@example.org", Role::DspOperator, None, Action::LoadInventory);
    let mut parties = PARTIES.to_owned();
    for n in 1..=BUYERS {
        write!(parties, "BUYER{n},Buyer {n} Ltd,Small Supplier,,,BUY{n},Active,Y\r\n").unwrap();
    }
    import(&app, &admin, Kind::Parties, "parties.csv", &parties);
    import(&app, &dsp, Kind::Deliveries, "asn.csv", &deliveries());
    import(&app, &dsp, Kind::Statuses, "feed.csv", &statuses());
    let manager = |email: &str, party: &str| {
        person(&app, email, Role::StockManager, Some(party), Action::ManageOffers)
    };
    let north = manager("north@example.org", "NORTHERN");
    let south = manager("south@example.org", "SOUTHERN");
    let east = manager("east@example.org", "EASTERN");
    let dcc = person(&app, "dcc@example.org", Role::DccLogistics, None, Action::PublishOffers);
    let rules = person(&app, "rules@example.org", Role::DccPolicy, None, Action::ChangeStockRules);
    inventory::quarantine(&app, &dcc, &hub(4), None, "dented").unwrap();
    World { app, north, south, east, dcc, rules }
}

/// Sets a Party's particulars, as a line of the file of Parties has them.
pub fn set_party(world: &World, line: &str) {
    let admin = actor_by_email(&world.app, "admin@example.org", Action::ManageParties, None);
    let head = PARTIES.lines().next().unwrap();
    let name = format!("parties-{line}.csv");
    import(&world.app, &admin.unwrap(), Kind::Parties, &name, &format!("{head}\r\n{line}\r\n"));
}

/// A stock manager of the buyer `n`.
pub fn buys(n: i64) -> Actor {
    Actor {
        user: domain::ids::UserId(1000 + n),
        name: format!("Buyer {n}"),
        email: format!("buyer{n}@example.org"),
        organisation: Organisation::Party(buyer(n)),
        roles: vec![Role::StockManager],
        only_reads: false,
        acting_for: None,
    }
}

pub fn specification(han: &str, region: &str) -> Specification {
    Specification {
        manufacturer: "Meterworks".into(),
        model: "CH-1".into(),
        han_variant: han.into(),
        wan_variant: "LRR".into(),
        region: region.into(),
    }
}

pub fn terms(quantity: i64) -> Terms {
    Terms {
        quantity,
        minimum_lot: 1,
        full_pallets: false,
        packaging: "Boxes".into(),
        location: "Unit 4, Leeds".into(),
        carriage: Carriage::Sender,
        notes: String::new(),
        available_from: "2026-11-23".parse().unwrap(),
        available_until: None,
        closes_on: None,
    }
}

/// So many of Northern's single band hubs.
pub fn some(quantity: i64) -> Draft {
    Draft {
        party: None,
        specification: specification("Single Band", "North"),
        firmware: Firmware::new(),
        terms: terms(quantity),
        listing: Listing::AsItIs,
    }
}

/// An offer of just these hubs.
pub fn listed(hubs: impl IntoIterator<Item = u32>) -> Draft {
    let text: String = hubs.into_iter().map(|n| format!("{}\r\n", hub(n))).collect();
    Draft { listing: Listing::Ids(text.into_bytes()), ..some(1) }
}

pub fn drafted(world: &World, draft: &Draft) -> OfferId {
    match offers::draft(&world.app, &world.north, draft).unwrap() {
        Drafted::Offer(id) => id,
        Drafted::Mistakes(mistakes) => panic!("{mistakes:?}"),
    }
}

pub fn published(world: &World, draft: &Draft) -> OfferId {
    let id = drafted(world, draft);
    offers::submit(&world.app, &world.north, id, None).unwrap();
    offers::publish(&world.app, &world.dcc, id, None).unwrap();
    id
}

pub fn asking(quantity: i64) -> Asked {
    let (location, notes) = ("Depot, York".to_owned(), String::new());
    Asked { quantity, minimum: 1, needed_by: None, location, notes }
}

pub fn request_for(offer: OfferId, quantity: i64) -> requests::Draft {
    requests::Draft {
        party: None,
        offer: Some(offer),
        specification: Specification::default(),
        asked: asking(quantity),
    }
}

pub fn wanted(specification: Specification, quantity: i64) -> requests::Draft {
    requests::Draft { party: None, offer: None, specification, asked: asking(quantity) }
}

/// Puts the request of buyer `n` in the queue.
pub fn queue(world: &World, n: i64, offer: OfferId, quantity: i64) -> RequestId {
    requests::draft_and_submit(&world.app, &buys(n), &request_for(offer, quantity)).unwrap().id
}

pub fn at(world: &World, text: &str) {
    world.app.clock.set(text.parse::<Timestamp>().unwrap());
}

/// Lets the closing of an offer pass.
pub fn close(world: &World, offer: OfferId) {
    let closes = load(world, offer).closes_at.unwrap();
    world.app.clock.set(closes);
    app::timers::pass(&world.app).unwrap();
    assert!(load(world, offer).requests_closed_at.is_some());
}

pub fn load(world: &World, id: OfferId) -> store::offers::OfferRow {
    store::offers::load(&mut world.app.db.read().unwrap(), id).unwrap().unwrap()
}

pub fn load_request(world: &World, id: RequestId) -> store::requests::RequestRow {
    store::requests::load(&mut world.app.db.read().unwrap(), id).unwrap().unwrap()
}

/// What the refusal of an operation says.
pub fn refusal<T: std::fmt::Debug>(done: app::Result<T>) -> String {
    done.unwrap_err().refusal().expect("it is a refusal").message.clone()
}

/// The journal rebuilds every table.
pub fn is_sound(world: &World) {
    assert_eq!(verify(&world.app, None, &mut |_, _| ()).unwrap().problems, []);
}
