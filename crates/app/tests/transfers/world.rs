//! Three Parties with stock, their people, and the DCC's.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use app::imports::{self, Kind};
use app::jobs::{self, JobKind};
use app::journal::verify;
use app::sign_in::actor_by_email;
use app::transfers::{self, Arrival, DirectNotice, Dispatch, LineFilter, LineView, TransferView};
use app::{App, Clock, inventory, people, stock_rules, transfer_files};
use domain::DeviceId;
use domain::access::{Action, Actor, Role};
use domain::ids::{TransferFileId, TransferId};
use domain::offers::Specification;
use domain::transfers::{Condition, Side};
use jiff::{SignedDuration, Timestamp};
use store::{Db, args};

pub const NOW: &str = "2026-11-23T18:00:20Z";

const PARTIES: &str = "\
Signifier,LegalName,Category,Group,UserIDs,ServiceUserReference,Status,MayHoldHubs\r
NORTHERN,Northern Light Ltd,Large Supplier,,,NOR1,Active,Y\r
SOUTHERN,Southern Power Ltd,Small Supplier,,,SOU1,Active,Y\r
WESTERN,Western Gas Ltd,Small Supplier,,,WES1,Active,Y\r
EASTERN,Eastern Grid Ltd,Electricity Network,,,EAS1,Active,N\r
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

pub fn hubs(numbers: impl IntoIterator<Item = u64>) -> Vec<DeviceId> {
    numbers.into_iter().map(hub).collect()
}

/// One ID a line, as people paste them.
pub fn paste(numbers: impl IntoIterator<Item = u64>) -> String {
    let lines: Vec<String> = numbers.into_iter().map(|n| hub(n).to_string()).collect();
    lines.join("\n")
}

/// Northern: 1 to 40 on PAL1, 41 to 60 on PAL2 with newer firmware, of one model; 61 to 64 dual
/// band; 65 to 68 another model; 69 past its end date; 70 a test hub; 71 in quarantine; 72
/// commissioned; 73 to 76 in another region. Southern: 101 to 110. Western: 201 to 210.
fn deliveries() -> String {
    let mut file = String::from(
        "CHFID,GPFID,Manufacturer,Model,HardwareVersion,FirmwareVersion,CHTSVersion,GBCSVersion,\
         HANVariant,WANVariant,CSPRegion,OrderNo,ConsignmentNo,PalletID,BoxID,DeliveryDate,\
         AcceptanceDate,DeliveryLocation,ServiceUserReference,InstallationEndDate,TestHub\r\n",
    );
    for n in (1..=76).chain(101..=110).chain(201..=210) {
        let (model, firmware, han, region) = match n {
            41..=60 => ("CH-1", "2.4", "Single Band", "North"),
            61..=64 => ("CH-1", "2.3", "Dual Band", "North"),
            65..=68 => ("CH-2", "3.0", "Single Band", "North"),
            73..=76 => ("CH-1", "2.3", "Single Band", "South"),
            _ => ("CH-1", "2.3", "Single Band", "North"),
        };
        let (pallet, to) = match n {
            41..=60 => ("PAL2", "NOR1"),
            61.. if n <= 76 => ("PAL3", "NOR1"),
            101..=110 => ("PAL4", "SOU1"),
            201..=210 => ("PAL1", "WES1"),
            _ => ("PAL1", "NOR1"),
        };
        let end = if n == 69 { "2026-11-22" } else { "2030-12-31" };
        let test = if n == 70 { "Y" } else { "N" };
        let (chf, gpf) = (hub(n), gpf(n));
        let of_box = n / 10;
        write!(
            file,
            "{chf},{gpf},Meterworks,{model},1.0,{firmware},1.1,4.1,{han},LRR,{region},ORD1,CON1,\
             {pallet},BOX{of_box},2026-01-05,2026-01-07,Leeds,{to},{end},{test}\r\n",
        )
        .unwrap();
    }
    file
}

pub fn person(app: &App, email: &str, role: Role, party: Option<&str>, action: Action) -> Actor {
    let password = "correct horse battery";
    people::add_by_operator(app, email, "A Person", role, party, password).unwrap();
    actor_by_email(app, email, action, None).unwrap()
}

pub fn import(app: &App, actor: &Actor, kind: Kind, name: &str, file: &str) {
    let sent = imports::submit(app, actor, kind, name, &mut file.as_bytes()).unwrap();
    let job =
        jobs::finish(app, JobKind::LoadImport, sent.import.0, Duration::from_secs(60)).unwrap();
    assert_eq!((job.state.as_str(), job.problem), ("done", None));
}

/// The Parties, their people, and the DCC's.
pub struct World {
    pub app: App,
    /// Stock managers.
    pub north: Actor,
    pub south: Actor,
    pub west: Actor,
    /// Warehouses.
    pub north_warehouse: Actor,
    pub south_warehouse: Actor,
    /// Somebody who only looks.
    pub south_viewer: Actor,
    pub logistics: Actor,
    pub authoriser: Actor,
    pub finance: Actor,
    pub auditor: Actor,
    pub admin: Actor,
    pub dsp: Actor,
}

pub fn world(url: &str) -> World {
    let db = Db::open(url).unwrap();
    db.migrate().unwrap();
    let mut app = App::new(db, std::env::temp_dir());
    app.clock = Clock::standing(NOW.parse().unwrap());
    let admin = person(&app, "admin@example.org", Role::SystemAdmin, None, Action::ManageParties);
    let dsp = person(&app, "dsp@example.org", Role::DspOperator, None, Action::LoadInventory);
    import(&app, &admin, Kind::Parties, "parties.csv", PARTIES);
    import(&app, &dsp, Kind::Deliveries, "asn.csv", &deliveries());
    let manager = |email: &str, party: &str| {
        person(&app, email, Role::StockManager, Some(party), Action::AgreeTransfers)
    };
    let (north, south, west) = (
        manager("north@example.org", "NORTHERN"),
        manager("south@example.org", "SOUTHERN"),
        manager("west@example.org", "WESTERN"),
    );
    let warehouse = |email: &str, party: &str| {
        person(&app, email, Role::Warehouse, Some(party), Action::Dispatch)
    };
    let (north_warehouse, south_warehouse) = (
        warehouse("warehouse.north@example.org", "NORTHERN"),
        warehouse("warehouse.south@example.org", "SOUTHERN"),
    );
    let viewer = ("viewer.south@example.org", Role::PartyViewer, Some("SOUTHERN"));
    let south_viewer = person(&app, viewer.0, viewer.1, viewer.2, Action::SeeTransfers);
    let dcc = |email: &str, role: Role| person(&app, email, role, None, Action::SeeTransfers);
    let logistics = dcc("logistics@example.org", Role::DccLogistics);
    let authoriser = dcc("authoriser@example.org", Role::DccAuthoriser);
    let finance = dcc("finance@example.org", Role::DccFinance);
    let auditor = dcc("auditor@example.org", Role::Auditor);
    inventory::quarantine(&app, &logistics, &hub(71).to_string(), None, "dented").unwrap();
    let world = World {
        app,
        north,
        south,
        west,
        north_warehouse,
        south_warehouse,
        south_viewer,
        logistics,
        authoriser,
        finance,
        auditor,
        admin,
        dsp,
    };
    world.install(72);
    world
}

pub fn specification() -> Specification {
    Specification {
        manufacturer: "Meterworks".into(),
        model: "CH-1".into(),
        han_variant: "Single Band".into(),
        wan_variant: "LRR".into(),
        region: "North".into(),
    }
}

pub fn notice(quantity: i64) -> DirectNotice {
    DirectNotice {
        sender: "NOR1".into(),
        receiver: "SOU1".into(),
        side: None,
        specification: specification(),
        firmware: Vec::new(),
        quantity,
        notes: "Agreed by telephone".into(),
    }
}

pub fn leaving() -> Dispatch {
    Dispatch {
        list_version: None,
        on: "2026-11-23".parse().unwrap(),
        carrier: "Swift Haulage".into(),
        consignment_note: "CN-1001".into(),
        seals: "S1, S2".into(),
        fewer_is_meant: false,
    }
}

pub fn arrival() -> Arrival {
    Arrival { on: "2026-11-23".parse().unwrap(), condition: Condition::Good, note: String::new() }
}

impl World {
    pub fn install(&self, n: u64) {
        let (chf, at) = (hub(n), self.app.now());
        let file = format!("CHFID,SMIStatus,StatusDate\r\n{chf},Commissioned,{at}\r\n");
        import(&self.app, &self.dsp, Kind::Statuses, &format!("feed-{n}.csv"), &file);
    }

    /// The DCC sets the last day of installation of all the hubs' CHTS version.
    pub fn ends(&self, on: &str) {
        stock_rules::set_end(&self.app, &self.logistics, None, "1.1", on.parse().unwrap()).unwrap();
    }

    pub fn later(&self, by: SignedDuration) {
        self.app.clock.set(self.app.now() + by);
    }

    pub fn days_later(&self, days: i64) {
        self.later(SignedDuration::from_hours(24 * days));
    }

    pub fn tick(&self) {
        app::timers::pass(&self.app).unwrap();
        self.run_jobs();
    }

    pub fn run_jobs(&self) {
        while jobs::run_next(&self.app).unwrap() {}
        let failed = store::jobs::failed(&mut self.app.db.read().unwrap(), 10).unwrap();
        assert!(failed.is_empty(), "{failed:?}");
    }

    /// A direct transfer that both Parties have confirmed.
    pub fn confirmed(&self, quantity: i64) -> TransferId {
        let id = transfers::notify_direct(&self.app, &self.north, &notice(quantity)).unwrap().id;
        transfers::confirm(&self.app, &self.south, id, None, None).unwrap();
        id
    }

    /// The same, dispatched with these hubs and arrived.
    pub fn arrived(&self, numbers: impl IntoIterator<Item = u64>) -> TransferId {
        let text = paste(numbers);
        let id = self.confirmed(text.lines().count() as i64);
        let warehouse = &self.north_warehouse;
        let added = transfers::add_text(&self.app, warehouse, id, Side::Sender, &text).unwrap();
        assert_eq!(added.added as usize, text.lines().count(), "{added:?}");
        transfers::dispatch(&self.app, warehouse, id, None, &leaving()).unwrap();
        transfers::arrive(&self.app, &self.south_warehouse, id, None, &arrival()).unwrap();
        id
    }

    /// The same, everything received as it was dispatched.
    pub fn received(&self, numbers: impl IntoIterator<Item = u64>) -> TransferId {
        let id = self.arrived(numbers);
        transfers::start_from_manifest(&self.app, &self.south_warehouse, id).unwrap();
        transfers::receive(&self.app, &self.south_warehouse, id, None, None).unwrap();
        id
    }

    /// Its transfer file, prepared and checked.
    pub fn prepared(&self, id: TransferId) -> TransferFileId {
        let view = transfers::prepare(&self.app, &self.logistics, id, None).unwrap();
        self.run_jobs();
        view.transfer_file.unwrap()
    }

    /// Prepared, authorised, applied.
    pub fn moved(&self, id: TransferId) -> TransferView {
        let file = self.prepared(id);
        transfer_files::authorise(&self.app, &self.authoriser, file, None).unwrap();
        self.run_jobs();
        self.view(id)
    }

    pub fn view(&self, id: TransferId) -> TransferView {
        transfers::get(&self.app, &self.logistics, id).unwrap()
    }

    pub fn lines(&self, id: TransferId) -> BTreeMap<DeviceId, LineView> {
        let filter = LineFilter::default();
        let page = transfers::lines(&self.app, &self.logistics, id, &filter, None, 1000).unwrap();
        page.items.into_iter().map(|line| (line.hub, line)).collect()
    }

    /// The number of the Party that a hub is with.
    pub fn whose(&self, n: u64) -> i64 {
        let sql = "SELECT CAST(party AS BIGINT) FROM hubs WHERE id = $1";
        self.app.db.read().unwrap().one("hub", sql, args![hub(n)]).unwrap().get(0)
    }

    /// How many hubs are held.
    pub fn held(&self) -> i64 {
        self.count("SELECT count(*) FROM held_hubs")
    }

    pub fn count(&self, sql: &str) -> i64 {
        self.app.db.read().unwrap().one("count", sql, &[]).unwrap().get(0)
    }

    /// The tables are what the journal says.
    pub fn is_sound(&self) {
        let verdict = verify(&self.app, None, &mut |_, _| ()).unwrap();
        assert!(verdict.is_sound(), "{verdict}");
    }

    /// The instants of a transfer's open deadlines.
    pub fn open_deadlines(&self, id: TransferId) -> Vec<(String, Timestamp)> {
        let mut tx = self.app.db.read().unwrap();
        let all = store::timers::of(&mut tx, &id.to_string()).unwrap();
        let open = all.into_iter().filter(|deadline| deadline.settled_at.is_none());
        open.map(|deadline| (deadline.what, deadline.due_at)).collect()
    }
}

/// The kind of a refusal, and what it says.
pub fn refused<T: std::fmt::Debug>(result: app::Result<T>) -> (&'static str, String) {
    match result {
        Err(app::Error::Refused(refusal)) => (refusal.kind.word(), refusal.message),
        other => panic!("not refused: {other:?}"),
    }
}
