//! Hubs as people look at them: one hub's life, slices of the inventory, counts, files.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use app::imports::{self, Kind, State};
use app::inventory::{self, Filter};
use app::jobs::{self, JobKind};
use app::tables::Format;
use app::{App, Clock};
use domain::DeviceId;
use domain::access::{Actor, Organisation, Role};
use domain::ids::{PartyId, UserId};
use domain::inventory::DELIVERY_COLUMNS;
use domain::refusal::RefusalKind;
use jiff::Timestamp;
use store::{Db, args};
use testkit::world::both;

const PARTIES: &str = "\
Signifier,LegalName,Category,Group,UserIDs,ServiceUserReference,Status,MayHoldHubs
ABEL,Abel Energy Limited,Large Supplier,,,SU-ABEL,Active,Y
BRIO,Brio Power plc,Small Supplier,Brio,,SU-BRIO,Active,Y
CROW,Crow Gas Limited,Gas Network,,,SU-CROW,Active,N
";

/// One hub as the files tell of it.
#[derive(Clone, Debug)]
struct Hub {
    n: u64,
    party: &'static str,
    status: &'static str,
    pallet: String,
    box_id: String,
    consignment: String,
    order: String,
    model: &'static str,
    firmware: &'static str,
    region: &'static str,
}

impl Hub {
    fn new(n: u64) -> Hub {
        let pallet = n / 60;
        let (model, firmware) =
            [("0A010103", "04000007"), ("0A010103", "04000008"), ("0B020204", "01000001")]
                [(pallet % 3) as usize];
        Hub {
            n,
            party: if pallet % 4 == 1 { "BRIO" } else { "ABEL" },
            status: match n % 10 {
                3 => "Commissioned",
                7 if pallet == 2 => "Suspended",
                _ => "Pending",
            },
            pallet: if pallet == 5 { String::new() } else { format!("PAL{pallet}") },
            box_id: format!("BOX{}", n / 20 % 3),
            consignment: format!("CON{}", pallet / 2),
            order: format!("ORD{}", pallet / 3),
            model,
            firmware,
            region: if pallet.is_multiple_of(2) { "North" } else { "South" },
        }
    }

    fn chf(&self) -> DeviceId {
        // Both signs of the stored key, in an order that is not that of the deliveries.
        let high = if self.n.is_multiple_of(2) { 0x000B_6B01 } else { 0xF00B_6B01 };
        DeviceId::from_bits((high << 32) + 1 + self.n * 7_919 % 100_003).unwrap()
    }

    fn gpf(&self) -> DeviceId {
        DeviceId::from_bits((0x000B_6BAA << 32) + 1 + self.n).unwrap()
    }

    fn line(&self) -> String {
        let Hub { party, pallet, box_id, consignment, order, model, firmware, region, .. } = self;
        format!(
            "{},{},1178,{model},0103,{firmware},1.3,3.2,Single Band,Cellular,{region},{order},\
             {consignment},{pallet},{box_id},2026-03-02,2026-03-04,Depot,SU-{party},2027-01-31,N",
            self.chf(),
            self.gpf()
        )
    }

    fn is_wanted(&self, filter: &Filter) -> bool {
        let same = |wanted: &str, has: &str| wanted.is_empty() || wanted == has;
        same(&filter.party, self.party)
            && same(&filter.status, self.status)
            && same(&filter.pallet, &self.pallet)
            && same(&filter.box_id, &self.box_id)
            && same(&filter.consignment, &self.consignment)
            && same(&filter.order, &self.order)
            && same(&filter.model, self.model)
            && same(&filter.firmware, self.firmware)
            && same(&filter.region, self.region)
    }
}

struct World {
    app: App,
    hubs: Vec<Hub>,
}

fn person(role: Role, organisation: Organisation) -> Actor {
    Actor {
        user: UserId(1),
        name: "Person".into(),
        email: "p@example.org".into(),
        organisation,
        roles: vec![role],
        only_reads: false,
        acting_for: None,
    }
}

fn dcc() -> Actor {
    person(Role::DccLogistics, Organisation::Centre)
}

fn of_party(id: i64) -> Actor {
    person(Role::PartyViewer, Organisation::Party(PartyId(id)))
}

fn load(app: &App, role: Role, kind: Kind, text: &str) {
    let actor = person(role, Organisation::Centre);
    let import = imports::submit(app, &actor, kind, "f", &mut text.as_bytes()).unwrap().import;
    jobs::finish(app, JobKind::LoadImport, import.0, Duration::from_secs(300)).unwrap();
    let auditor = person(Role::Auditor, Organisation::Centre);
    let view = imports::get(app, &auditor, import).unwrap();
    assert_eq!((view.state, view.refusal), (State::Loaded, None));
    assert!(!view.counts.contains_key("rejected"), "{:?}", view.counts);
}

fn world(url: &str) -> World {
    let db = Db::open(url).unwrap();
    db.migrate().unwrap();
    let mut app = App::new(db, std::env::temp_dir());
    app.clock = Clock::standing("2026-11-23T09:00:00Z".parse::<Timestamp>().unwrap());
    let mut tx = app.db.write().unwrap();
    let sql = "INSERT INTO users (id, email, name, state, created_at, version)
        VALUES ($1, $2, $2, 'Active', 0, 1)";
    tx.exec(sql, args![1, "p@example.org"]).unwrap();
    tx.commit().unwrap();
    let hubs: Vec<Hub> = (0..480).map(Hub::new).collect();
    load(&app, Role::SystemAdmin, Kind::Parties, PARTIES);
    let lines: Vec<String> = hubs.iter().map(Hub::line).collect();
    let text = format!("{}\n{}\n", DELIVERY_COLUMNS.join(","), lines.join("\n"));
    load(&app, Role::DspOperator, Kind::Deliveries, &text);
    let mut feed = String::from("CHFID,SMIStatus,StatusDate\n");
    for hub in hubs.iter().filter(|hub| hub.status != "Pending") {
        writeln!(feed, "{},{},2026-05-01", hub.chf(), hub.status).unwrap();
    }
    load(&app, Role::DspOperator, Kind::Statuses, &feed);
    World { app, hubs }
}

impl World {
    /// Every hub of a slice, page by page; none comes twice.
    fn found(&self, actor: &Actor, filter: &Filter) -> BTreeSet<DeviceId> {
        let mut found = BTreeSet::new();
        let mut cursor: Option<String> = None;
        loop {
            let page = inventory::search(&self.app, actor, filter, cursor.as_deref(), 50).unwrap();
            for hub in &page.hubs {
                assert!(found.insert(hub.id), "{} came twice", hub.id);
            }
            cursor = page.next;
            if cursor.is_none() {
                return found;
            }
        }
    }

    fn wanted(&self, filter: &Filter) -> BTreeSet<DeviceId> {
        self.hubs.iter().filter(|hub| hub.is_wanted(filter)).map(Hub::chf).collect()
    }
}

#[test]
fn every_filter_finds_what_it_says_and_nothing_else() {
    both(|url| {
        let world = world(url);
        let none = Filter::default();
        let text = |text: &str| text.to_owned();
        let filters = [
            none.clone(),
            Filter { party: text("BRIO"), ..none.clone() },
            Filter { party: text("CROW"), ..none.clone() },
            Filter { status: text("Suspended"), ..none.clone() },
            Filter { party: text("ABEL"), status: text("Commissioned"), ..none.clone() },
            Filter { pallet: text("PAL3"), ..none.clone() },
            Filter { pallet: text("PAL3"), box_id: text("BOX1"), ..none.clone() },
            Filter { consignment: text("CON1"), status: text("Pending"), ..none.clone() },
            Filter { order: text("ORD1"), ..none.clone() },
            Filter { model: text("0B020204"), ..none.clone() },
            Filter { model: text("0A010103"), region: text("North"), ..none.clone() },
            Filter { firmware: text("04000008"), party: text("BRIO"), ..none.clone() },
            Filter { region: text("South"), party: text("ABEL"), ..none.clone() },
            Filter { pallet: text("PAL99"), ..none.clone() },
        ];
        let mut sizes = BTreeSet::new();
        for filter in &filters {
            let found = world.found(&dcc(), filter);
            assert_eq!(found, world.wanted(filter), "{filter:?}");
            sizes.insert(found.len());
        }
        assert!(sizes.len() > 8 && sizes.contains(&0) && sizes.contains(&480), "{sizes:?}");
    });
}

#[test]
fn a_party_sees_its_own_hubs_and_no_others() {
    both(|url| {
        let world = world(url);
        let none = Filter::default();
        let own = Filter { party: "BRIO".into(), ..none.clone() };
        assert_eq!(world.found(&of_party(2), &none), world.wanted(&own));
        let others = Filter { party: "ABEL".into(), ..none.clone() };
        let refused = inventory::search(&world.app, &of_party(2), &others, None, 50).unwrap_err();
        assert_eq!(refused.refusal().unwrap().kind, RefusalKind::NotFound);
        let (abels, brios) = (&world.hubs[0], &world.hubs[60]);
        let id = |hub: &Hub| hub.chf().to_string();
        assert!(inventory::hub(&world.app, &of_party(2), &id(brios)).is_ok());
        let refused = inventory::hub(&world.app, &of_party(2), &id(abels)).unwrap_err();
        assert_eq!(refused.refusal().unwrap().kind, RefusalKind::NotFound);
        let by_id = Filter { id: id(abels), ..none.clone() };
        let page = inventory::search(&world.app, &of_party(2), &by_id, None, 50).unwrap();
        assert!(page.hubs.is_empty());
        let stock = inventory::stock(&world.app, &of_party(2), &none).unwrap();
        assert!(!stock.is_empty() && stock.iter().all(|row| row.party == PartyId(2)));
    });
}

#[test]
fn a_hub_is_found_by_any_spelling_of_either_id() {
    both(|url| {
        let world = world(url);
        let hub = &world.hubs[3];
        let bare = hub.chf().to_string().replace('-', "");
        for (text, by_gpf) in [
            (hub.chf().to_string(), false),
            (bare.to_lowercase(), false),
            (format!("0x{bare}"), false),
            (format!(" \u{feff}GUID:{} ", hub.chf().to_string().replace('-', ":")), false),
            (hub.gpf().to_string(), true),
        ] {
            let life = inventory::hub(&world.app, &dcc(), &text).unwrap();
            assert_eq!((life.chf, life.asked_by_gpf), (hub.chf(), by_gpf), "{text}");
        }
        let life = inventory::hub(&world.app, &dcc(), &bare).unwrap();
        let statuses: Vec<_> = life.statuses.iter().map(|period| period.status.name()).collect();
        assert_eq!(statuses, ["Pending", "Commissioned"]);
        assert_eq!(life.party.details.signifier, hub.party);
        assert_eq!(life.days_left, Some(69));
        for (text, why) in [("9.035E+13", "spreadsheet"), ("0db12", "Too short")] {
            let refusal = inventory::hub(&world.app, &dcc(), text).unwrap_err();
            assert!(refusal.refusal().unwrap().message.contains(why), "{text}");
        }
        let unknown = inventory::hub(&world.app, &dcc(), "00-00-00-00-00-00-00-01").unwrap_err();
        assert_eq!(unknown.refusal().unwrap().kind, RefusalKind::NotFound);
    });
}

#[test]
fn the_counts_are_those_of_the_hubs() {
    both(|url| {
        let world = world(url);
        let filter =
            Filter { party: "ABEL".into(), status: "Pending".into(), ..Default::default() };
        let rows = inventory::stock(&world.app, &dcc(), &filter).unwrap();
        for row in &rows {
            let counted = world.hubs.iter().filter(|hub| {
                hub.is_wanted(&filter)
                    && (hub.model, hub.firmware) == (&row.model, &row.firmware_version)
                    && hub.region == row.region
            });
            assert_eq!(counted.count() as i64, row.hubs, "{row:?}");
        }
        let all: i64 = rows.iter().map(|row| row.hubs).sum();
        assert_eq!(all as usize, world.wanted(&filter).len());
    });
}

#[test]
fn a_slice_goes_out_in_every_format() {
    both(|url| {
        let world = world(url);
        let filter = Filter { party: "BRIO".into(), ..Default::default() };
        let wanted = world.wanted(&filter);
        for format in Format::ALL {
            let mut out = Vec::new();
            let rows = inventory::export(&world.app, &dcc(), &filter, *format, &mut out).unwrap();
            assert_eq!(rows as usize, wanted.len());
            if *format == Format::Csv {
                let text = String::from_utf8(out).unwrap();
                let ids: BTreeSet<DeviceId> = text
                    .lines()
                    .skip(1)
                    .map(|line| line.split(',').next().unwrap().parse().unwrap())
                    .collect();
                assert_eq!(ids, wanted);
            }
        }
    });
}

#[test]
fn quarantine_is_a_mark_with_a_reason() {
    both(|url| {
        let world = world(url);
        let id = world.hubs[0].gpf().to_string();
        let refused =
            inventory::quarantine(&world.app, &of_party(1), &id, None, "dropped").unwrap_err();
        assert_eq!(refused.refusal().unwrap().kind, RefusalKind::NotAllowed);
        let empty = inventory::quarantine(&world.app, &dcc(), &id, None, " ").unwrap_err();
        assert_eq!(empty.refusal().unwrap().field, Some("reason"));
        inventory::quarantine(&world.app, &dcc(), &id, None, "dropped").unwrap();
        assert!(inventory::hub(&world.app, &dcc(), &id).unwrap().quarantined);
        let again = inventory::quarantine(&world.app, &dcc(), &id, None, "dropped").unwrap_err();
        assert_eq!(again.refusal().unwrap().kind, RefusalKind::WrongState);
        inventory::release(&world.app, &dcc(), &id, None, "tested").unwrap();
        assert!(!inventory::hub(&world.app, &dcc(), &id).unwrap().quarantined);
    });
}
