//! Random Parties let loose on the operations: they offer more than they have, dispatch what is not
//! theirs, say that things arrived which were never sent, are late, and the process is started anew
//! in between. After every step the books are checked; a failure prints its seed.
//!
//! `SIMULATION_SEEDS=10000` runs so many seeds, `SIMULATION_FROM=77` begins at one; the first few,
//! `SIMULATION_POSTGRES`, run on PostgreSQL too.
#![allow(clippy::unwrap_used)]

#[path = "transfers/world.rs"]
#[allow(dead_code, reason = "the world of the transfers' tests, of which this uses a part")]
mod world;

use std::collections::{BTreeMap, BTreeSet};

use app::offers::{self, Drafted, Listing};
use app::selection::{self, Publishing, record};
use app::transfers::{self, Dispatch};
use app::{App, Clock, inventory, requests, settings, transfer_files};
use domain::access::{Action, Actor, Role};
use domain::ids::{AllocationRunId, OfferId, RequestId, TransferFileId, TransferId};
use domain::offers::{Carriage, Terms};
use domain::requests::Asked;
use domain::selection::{Draft, parse_steps};
use domain::transfers::{Correction, FaultReason, Side};
use jiff::SignedDuration;
use store::{Db, args};

use world::*;

/// Seeds of a run that says nothing else.
const SEEDS: u64 = 200;
const STEPS: usize = 80;
/// Seeds that run on PostgreSQL too, unless another number is said.
const ON_POSTGRES: u64 = 3;

/// The steps of the policies that are in force, by seed; none for the one that is there anyhow.
const POLICIES: &[Option<&str>] = &[
    None,
    None,
    Some("lottery"),
    Some("pro-rata"),
    Some("priority-category: Small Supplier\nfirst-come"),
    Some("priority-no-allocation: 90\nlottery"),
];

/// Random numbers from a seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 up to but not `below`.
    fn under(&mut self, below: u64) -> u64 {
        self.next() % below
    }

    fn in_hundred(&mut self, chance: u64) -> bool {
        self.under(100) < chance
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        (!of.is_empty()).then(|| of[self.under(of.len() as u64) as usize])
    }
}

/// Who a step may move hubs or change statuses for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum May {
    Nothing,
    Move,
    Install,
}

struct Simulation {
    world: World,
    url: String,
    dice: Dice,
    /// Each hub's Party and status.
    hubs: BTreeMap<i64, (i64, i64)>,
    done: BTreeMap<&'static str, u32>,
    refused: BTreeMap<&'static str, u32>,
    feeds: u64,
    /// The last run of selection that was recomputed, and the applied files that were looked at.
    recomputed: i64,
    answered: BTreeSet<i64>,
}

#[test]
fn whatever_the_parties_do_the_books_stay_right() {
    let number = |name: &str, default: u64| {
        std::env::var(name).ok().map_or(default, |text| text.parse().unwrap())
    };
    let (from, seeds) = (number("SIMULATION_FROM", 1), number("SIMULATION_SEEDS", SEEDS));
    let on_postgres = number("SIMULATION_POSTGRES", ON_POSTGRES.min(seeds));
    let folder = tempfile::tempdir().unwrap();
    let first = folder.path().join("first.db");
    let base = world(first.to_str().unwrap());
    let (mut done, mut refused) = (BTreeMap::new(), BTreeMap::new());
    for seed in from..from + seeds {
        let path = folder.path().join(format!("{seed}.db"));
        base.app.db.copy_to(&path).unwrap();
        let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let mut simulation = Simulation::new(&base, path.to_str().unwrap(), seed);
            simulation.run(seed);
            let (done, refused) = (simulation.done, simulation.refused);
            if seed < from + on_postgres {
                testkit::world::on_postgres(|url| {
                    let mut simulation = Simulation::new(&world(url), url, seed);
                    simulation.run(seed);
                    assert_eq!((&simulation.done, &simulation.refused), (&done, &refused));
                });
            }
            (done, refused)
        }));
        let Ok((did, would_not)) = ran else { panic!("SEED={seed} (set SIMULATION_FROM to it)") };
        for (total, counts) in [(&mut done, did), (&mut refused, would_not)] {
            for (name, count) in counts {
                *total.entry(name).or_default() += count;
            }
        }
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(folder.path().join(format!("{seed}.db{end}")));
        }
    }
    eprintln!("{seeds} seeds; done {done:?}; refused {refused:?}");
    if seeds >= SEEDS {
        for name in [
            "offer",
            "request",
            "wanted",
            "turn",
            "select",
            "dispatch",
            "receive",
            "apply",
            "correct",
            "reverse",
            "quarantine",
            "publish a policy",
        ] {
            assert!(done.get(name).is_some_and(|count: &u32| *count > 0), "nobody did {name}");
        }
        assert!(refused.values().sum::<u32>() > 0, "nobody was refused anything");
    }
}

impl Simulation {
    fn new(base: &World, path: &str, seed: u64) -> Simulation {
        let world = World {
            app: opened(path, &base.app.clock),
            north: base.north.clone(),
            south: base.south.clone(),
            west: base.west.clone(),
            north_warehouse: base.north_warehouse.clone(),
            south_warehouse: base.south_warehouse.clone(),
            south_viewer: base.south_viewer.clone(),
            logistics: base.logistics.clone(),
            authoriser: base.authoriser.clone(),
            finance: base.finance.clone(),
            auditor: base.auditor.clone(),
            admin: base.admin.clone(),
            dsp: base.dsp.clone(),
        };
        let mut simulation = Simulation {
            world,
            url: path.to_owned(),
            dice: Dice(seed),
            hubs: BTreeMap::new(),
            done: BTreeMap::new(),
            refused: BTreeMap::new(),
            feeds: 0,
            recomputed: 0,
            answered: BTreeSet::new(),
        };
        simulation.hubs = simulation.inventory();
        simulation
    }

    fn run(&mut self, seed: u64) {
        if let Some(steps) = POLICIES[(seed % POLICIES.len() as u64) as usize] {
            self.put_in_force(steps);
        }
        for _ in 0..STEPS {
            let may = self.step();
            self.check(may);
            self.check_allocations();
            self.check_responses();
        }
        self.world.is_sound();
    }

    /// Publishes a policy of these steps, in force the next day.
    fn put_in_force(&mut self, steps: &str) {
        let app = self.world.app.clone();
        settings::change(&app, &self.world.admin, "timer.policy_notice", "0", None).unwrap();
        let email = "policy@example.org";
        let rules = person(&app, email, Role::DccPolicy, None, Action::SeeSelection);
        let steps = parse_steps(steps).unwrap();
        let draft = Draft { title: "Trial".into(), text: "Why it is tried.".into(), steps };
        let id = selection::draft_policy(&app, &rules, &draft).unwrap();
        let how = Publishing { approval: "SECP 1".into(), from: None };
        let published = selection::publish_policy(&app, &rules, id, None, &how);
        self.note("publish a policy", published);
        self.world.days_later(1);
        self.world.tick();
    }

    /// Does one thing, and says what it may have changed in the inventory.
    fn step(&mut self) -> May {
        match self.dice.under(35) {
            32 => self.want(),
            33 => self.quarantine(),
            34 => self.reverse(),
            0 => self.offer(),
            1 => self.decide_offer(),
            2 | 3 => self.request(),
            4 => self.select(),
            5 => self.notify(),
            6..=9 => self.confirm(),
            10..=13 => self.dispatch(),
            14 => self.arrive(),
            15..=19 => self.receive(),
            20 | 21 => self.correct(),
            22..=25 => self.prepare(),
            26..=28 => return self.authorise(),
            29 => return self.install(),
            _ => return self.wait(),
        }
        May::Nothing
    }

    fn note<T: std::fmt::Debug>(&mut self, name: &'static str, done: app::Result<T>) -> Option<T> {
        match done {
            Ok(value) => {
                *self.done.entry(name).or_default() += 1;
                Some(value)
            }
            Err(app::Error::Refused(_)) => {
                *self.refused.entry(name).or_default() += 1;
                None
            }
            Err(broken) => panic!("{name}: {broken}"),
        }
    }

    /// A Party's stock manager, and its code in files.
    fn party(&mut self) -> (Actor, &'static str) {
        match self.dice.under(4) {
            0 | 1 => (self.world.north.clone(), "NOR1"),
            2 => (self.world.south.clone(), "SOU1"),
            _ => (self.world.west.clone(), "WES1"),
        }
    }

    fn numbers(&self, sql: &str) -> Vec<i64> {
        let mut tx = self.world.app.db.read().unwrap();
        tx.all(sql, &[]).unwrap().iter().map(|row| row.get(0)).collect()
    }

    fn offer(&mut self) {
        let (who, _) = self.party();
        let quantity = 1 + self.dice.under(30) as i64;
        let listed = self.dice.in_hundred(30);
        let numbers = self.some_hubs(quantity as u64);
        let listing = match listed {
            true => Listing::Ids(paste(numbers).into_bytes()),
            false => Listing::AsItIs,
        };
        let draft = offers::Draft {
            party: None,
            specification: specification(),
            firmware: Default::default(),
            terms: Terms {
                quantity,
                minimum_lot: 1 + self.dice.under(3).min(quantity as u64 - 1) as i64,
                full_pallets: false,
                packaging: "Boxes".into(),
                location: "Unit 4, Leeds".into(),
                carriage: Carriage::Sender,
                notes: String::new(),
                available_from: "2026-11-23".parse().unwrap(),
                available_until: None,
                closes_on: None,
            },
            listing,
        };
        let app = self.world.app.clone();
        let drafted = self.note("draft an offer", offers::draft(&app, &who, &draft));
        let Some(Drafted::Offer(id)) = drafted else { return };
        if self.note("offer", offers::submit(&app, &who, id, None)).is_some()
            && self.dice.in_hundred(80)
        {
            self.note("publish", offers::publish(&app, &self.world.logistics.clone(), id, None));
        }
    }

    fn decide_offer(&mut self) {
        let all = self.numbers("SELECT id FROM offers ORDER BY id");
        let Some(id) = self.dice.one(&all).map(OfferId) else { return };
        let (app, dcc) = (self.world.app.clone(), self.world.logistics.clone());
        match self.dice.under(6) {
            0 => drop(self.note("return", offers::return_to_party(&app, &dcc, id, None, "why?"))),
            1 => drop(self.note("suspend", offers::suspend(&app, &dcc, id, None, "a question"))),
            2 | 3 => drop(self.note("resume", offers::resume(&app, &dcc, id, None))),
            4 => drop(self.note("close", offers::close(&app, &dcc, id, None, "enough"))),
            _ => {
                let (who, _) = self.party();
                self.note("withdraw an offer", offers::withdraw(&app, &who, id, None, "sold"));
            }
        }
    }

    fn request(&mut self) {
        let (who, _) = self.party();
        let app = self.world.app.clone();
        if self.dice.in_hundred(15) {
            let all = self.numbers("SELECT id FROM requests ORDER BY id");
            let Some(id) = self.dice.one(&all).map(RequestId) else { return };
            self.note("withdraw a request", requests::withdraw(&app, &who, id, None, "no need"));
            return;
        }
        let open = self.numbers(
            "SELECT id FROM offers WHERE state IN ('Published', 'Closed', 'PartAllocated')
             ORDER BY id",
        );
        let Some(offer) = self.dice.one(&open).map(OfferId) else { return };
        let quantity = 1 + self.dice.under(20) as i64;
        let draft = requests::Draft {
            party: None,
            offer: Some(offer),
            specification: Default::default(),
            asked: Asked {
                quantity,
                minimum: 1 + self.dice.under(quantity as u64) as i64,
                needed_by: None,
                location: "Depot, York".into(),
                notes: String::new(),
            },
        };
        self.note("request", requests::draft_and_submit(&app, &who, &draft));
    }

    /// Asks for what nobody offers yet, or turns such a request into one for an offer.
    fn want(&mut self) {
        let (who, _) = self.party();
        let app = self.world.app.clone();
        let quantity = 1 + self.dice.under(20) as i64;
        let wanted = self.numbers("SELECT id FROM requests WHERE state = 'Submitted' ORDER BY id");
        let open = self.numbers("SELECT id FROM offers WHERE state = 'Published' ORDER BY id");
        if let (Some(id), Some(offer)) = (self.dice.one(&wanted), self.dice.one(&open)) {
            let (id, offer) = (RequestId(id), OfferId(offer));
            self.note("turn", requests::turn(&app, &who, id, None, offer, (quantity, 1)));
            return;
        }
        let draft = requests::Draft {
            party: None,
            offer: None,
            specification: specification(),
            asked: Asked {
                quantity,
                minimum: 1,
                needed_by: None,
                location: "Depot, York".into(),
                notes: String::new(),
            },
        };
        self.note("wanted", requests::draft_and_submit(&app, &who, &draft));
    }

    fn quarantine(&mut self) {
        let id = hub(1 + self.dice.under(76)).to_string();
        let (app, dcc) = (self.world.app.clone(), self.world.logistics.clone());
        match self.dice.in_hundred(60) {
            true => self.note("quarantine", inventory::quarantine(&app, &dcc, &id, None, "dented")),
            false => self.note("let go", inventory::release(&app, &dcc, &id, None, "looked at")),
        };
    }

    fn reverse(&mut self) {
        let moved = self.numbers("SELECT id FROM transfers WHERE moved > 0 ORDER BY id");
        let Some(id) = self.dice.one(&moved).map(TransferId) else { return };
        let (app, dcc) = (self.world.app.clone(), self.world.logistics.clone());
        self.note("reverse", transfers::reverse(&app, &dcc, id, None, "sent in error"));
    }

    fn select(&mut self) {
        let all = self.numbers(
            "SELECT id FROM offers WHERE state IN ('Published', 'PartAllocated') ORDER BY id",
        );
        let Some(id) = self.dice.one(&all).map(OfferId) else { return };
        let (app, dcc) = (self.world.app.clone(), self.world.logistics.clone());
        if self.dice.in_hundred(70) {
            let closes = store::offers::load(&mut app.db.read().unwrap(), id).unwrap().unwrap();
            let closes = closes.closes_at.unwrap_or(app.now());
            app.clock.set(closes.max(app.now()));
            app::timers::pass(&app).unwrap();
        }
        self.note("select", selection::run(&app, &dcc, id));
    }

    fn notify(&mut self) {
        let (who, sender) = self.party();
        let (_, receiver) = self.party();
        let notice = transfers::DirectNotice {
            sender: sender.into(),
            receiver: receiver.into(),
            ..notice(1 + self.dice.under(15) as i64)
        };
        let app = self.world.app.clone();
        self.note("notify", transfers::notify_direct(&app, &who, &notice));
    }

    fn transfer(&mut self, states: &str) -> Option<TransferId> {
        let all = self
            .numbers(&format!("SELECT id FROM transfers WHERE state IN ({states}) ORDER BY id"));
        // Now and then somebody acts on what is in another state.
        if self.dice.in_hundred(5) {
            let any = self.numbers("SELECT id FROM transfers ORDER BY id");
            return self.dice.one(&any).map(TransferId);
        }
        self.dice.one(&all).map(TransferId)
    }

    /// Somebody of the Party on that side, mostly.
    fn of_side(&mut self, id: TransferId, side: &str) -> Actor {
        if self.dice.in_hundred(5) {
            return self.party().0;
        }
        let sql = format!("SELECT {side} FROM transfers WHERE id = $1");
        let party: i64 =
            self.world.app.db.read().unwrap().one("transfer", &sql, args![id]).unwrap().get(0);
        match party {
            1 => self.world.north.clone(),
            2 => self.world.south.clone(),
            _ => self.world.west.clone(),
        }
    }

    fn confirm(&mut self) {
        let Some(id) = self.transfer("'Agreed'") else { return };
        let app = self.world.app.clone();
        for side in ["sender", "receiver"] {
            if self.dice.in_hundred(85) {
                let who = self.of_side(id, side);
                self.note("confirm", transfers::confirm(&app, &who, id, None, None));
            }
        }
        if self.dice.in_hundred(8) {
            let who = self.of_side(id, "sender");
            self.note("cancel", transfers::cancel(&app, &who, id, None, "not after all"));
        }
    }

    /// Hubs from anywhere: mostly Northern's, some another's, installed, test or unknown ones.
    fn some_hubs(&mut self, count: u64) -> Vec<u64> {
        (0..count)
            .map(|_| match self.dice.under(12) {
                0 => 101 + self.dice.under(10),
                1 => 201 + self.dice.under(10),
                2 => 61 + self.dice.under(18),
                _ => 1 + self.dice.under(60),
            })
            .collect()
    }

    fn dispatch(&mut self) {
        let Some(id) = self.transfer("'Confirmed'") else { return };
        let app = self.world.app.clone();
        let who = self.of_side(id, "sender");
        let count = 1 + self.dice.under(12);
        let text = paste(self.some_hubs(count));
        self.note("list", transfers::add_text(&app, &who, id, Side::Sender, &text));
        if self.dice.in_hundred(30) {
            let pallet = self.dice.one(&["PAL1", "PAL2", "PAL4", "PAL9"]).unwrap();
            self.note("scan", transfers::scan(&app, &who, id, Side::Sender, pallet));
        }
        let on = app.now().to_string()[..10].parse().unwrap();
        let leaving = Dispatch { on, fewer_is_meant: self.dice.in_hundred(80), ..leaving() };
        self.note("dispatch", transfers::dispatch(&app, &who, id, None, &leaving));
    }

    fn arrive(&mut self) {
        let Some(id) = self.transfer("'Dispatched'") else { return };
        let app = self.world.app.clone();
        let who = self.of_side(id, "receiver");
        let on = app.now().to_string()[..10].parse().unwrap();
        let arrival = transfers::Arrival { on, ..arrival() };
        self.note("arrive", transfers::arrive(&app, &who, id, None, &arrival));
    }

    fn receive(&mut self) {
        let Some(id) = self.transfer("'Dispatched', 'Arrived'") else { return };
        let app = self.world.app.clone();
        let who = self.of_side(id, "receiver");
        let on = app.now().to_string()[..10].parse().unwrap();
        let arrival = transfers::Arrival { on, ..arrival() };
        self.note("arrive", transfers::arrive(&app, &who, id, None, &arrival));
        if self.dice.in_hundred(80) {
            self.note("list", transfers::start_from_manifest(&app, &who, id));
        }
        if self.dice.in_hundred(40) {
            let lost = hubs(self.some_hubs(6));
            self.note("unlist", transfers::remove(&app, &who, id, Side::Receiver, &lost));
        }
        if self.dice.in_hundred(40) {
            let text = paste(self.some_hubs(3));
            self.note("list", transfers::add_text(&app, &who, id, Side::Receiver, &text));
        }
        if self.dice.in_hundred(40) {
            let sql =
                format!("SELECT hub FROM transfer_lists WHERE transfer = {} ORDER BY hub", id.0);
            let listed = self.numbers(&sql);
            let broken: Vec<domain::DeviceId> =
                self.dice.one(&listed).into_iter().map(domain::DeviceId::from_key).collect();
            let reason = self.dice.one(FaultReason::ALL);
            self.note("reject", transfers::set_verdicts(&app, &who, id, &broken, reason));
        }
        self.note("receive", transfers::receive(&app, &who, id, None, None));
    }

    fn correct(&mut self) {
        let sql = "SELECT DISTINCT transfer FROM transfer_hubs WHERE state = 3 ORDER BY transfer";
        let waiting = self.numbers(sql);
        let Some(id) = self.dice.one(&waiting).map(TransferId) else { return };
        let sql = format!(
            "SELECT hub FROM transfer_hubs WHERE transfer = {} AND state = 3 ORDER BY hub",
            id.0
        );
        let lines = self.numbers(&sql);
        let Some(line) = self.dice.one(&lines).map(domain::DeviceId::from_key) else { return };
        let side = self.dice.one(&["sender", "receiver"]).unwrap();
        let who = match self.dice.in_hundred(25) {
            true => self.world.logistics.clone(),
            false => self.of_side(id, side),
        };
        let how = [
            Correction::Found,
            Correction::Miscounted,
            Correction::TakeAsItIs,
            Correction::CheckAgain,
            Correction::GiveBack,
        ];
        let how = self.dice.one(&how).unwrap();
        let app = self.world.app.clone();
        let done = transfers::correct(&app, &who, id, None, &[line], how, "looked again");
        self.note("correct", done);
    }

    fn prepare(&mut self) {
        let sql = "SELECT id FROM transfers WHERE ready > 0 ORDER BY id";
        let ready = self.numbers(sql);
        let Some(id) = self.dice.one(&ready).map(TransferId) else { return };
        let (app, dcc) = (self.world.app.clone(), self.world.logistics.clone());
        match self.dice.under(12) {
            0 => drop(self.note("hold", transfers::hold(&app, &dcc, id, None, "a question"))),
            1 => drop(self.note("release", transfers::release(&app, &dcc, id, None))),
            _ => drop(self.note("prepare", transfers::prepare(&app, &dcc, id, None))),
        }
        self.world.run_jobs();
    }

    /// The authoriser's turn; now and then the preparer tries it, or the file is turned down.
    fn authorise(&mut self) -> May {
        let waiting =
            self.numbers("SELECT id FROM transfer_files WHERE state = 'Validated' ORDER BY id");
        let Some(id) = self.dice.one(&waiting).map(TransferFileId) else { return May::Nothing };
        let (app, checker) = (self.world.app.clone(), self.world.authoriser.clone());
        match self.dice.under(10) {
            0 => {
                let maker = self.world.logistics.clone();
                assert!(transfer_files::authorise(&app, &maker, id, None).is_err());
                May::Nothing
            }
            1 => {
                let turned_down = transfer_files::reject(&app, &checker, id, None, "wrong Party");
                self.note("reject a file", turned_down);
                May::Nothing
            }
            _ => {
                self.note("apply", transfer_files::authorise(&app, &checker, id, None));
                self.world.run_jobs();
                May::Move
            }
        }
    }

    fn install(&mut self) -> May {
        let n = self.dice.one(&[101, 205]).filter(|_| self.dice.in_hundred(20));
        let n = n.unwrap_or_else(|| 1 + self.dice.under(60));
        self.feeds += 1;
        let (chf, at) = (hub(n), self.world.app.now());
        let file = format!("CHFID,SMIStatus,StatusDate\r\n{chf},Commissioned,{at}\r\n");
        let name = format!("feed-{}.csv", self.feeds);
        import(&self.world.app, &self.world.dsp, app::imports::Kind::Statuses, &name, &file);
        May::Install
    }

    /// Time passes, deadlines pass with it, and now and then the process is started anew.
    fn wait(&mut self) -> May {
        let hours = 1 + self.dice.under(24 * 6) as i64;
        self.world.later(SignedDuration::from_hours(hours));
        self.world.tick();
        if self.dice.in_hundred(30) {
            self.world.app = opened(&self.url, &self.world.app.clock);
        }
        // What was authorised before may have been applied by a worker only now.
        May::Move
    }

    /// Each hub's Party and status.
    fn inventory(&self) -> BTreeMap<i64, (i64, i64)> {
        let sql = "SELECT id, CAST(party AS BIGINT), CAST(status AS BIGINT) FROM hubs";
        let rows = self.world.app.db.read().unwrap().all(sql, &[]).unwrap();
        rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect()
    }

    /// What must hold after every step.
    fn check(&mut self, may: May) {
        let now = self.inventory();
        assert!(now.keys().eq(self.hubs.keys()), "hubs came or went");
        for (id, (party, status)) in &now {
            let (before, was) = self.hubs[id];
            if *party != before {
                assert!(may == May::Move, "hub {id:x} moved in a step that moves nothing");
                assert_eq!((was, *status), (1, 1), "hub {id:x} moved and was not Pending");
            }
            assert!(*status == was || may == May::Install, "hub {id:x} changed its status");
        }
        self.hubs = now;
        let none = |what: &str, sql: &str| {
            assert_eq!(self.world.count(sql), 0, "{what}");
        };
        none(
            "an offer has more or less allocated than its requests got",
            "SELECT count(*) FROM offers o WHERE o.allocated > o.quantity OR o.allocated <>
                (SELECT coalesce(sum(r.allocated), 0) FROM requests r WHERE r.offer = o.id)",
        );
        none(
            "a hub is held for a transfer that is over",
            "SELECT count(*) FROM held_hubs h JOIN transfers t ON t.id = h.transfer
             WHERE t.state IN ('Cancelled', 'Lapsed') OR t.ended_at IS NOT NULL",
        );
        none(
            "a hub is held for a transfer and with another Party than its sender",
            "SELECT count(*) FROM held_hubs h JOIN transfers t ON t.id = h.transfer
             JOIN hubs u ON u.id = h.hub WHERE u.party <> t.sender",
        );
        none(
            "a hub moved that nobody accepted, or that was never dispatched",
            "SELECT count(*) FROM transfer_hubs
             WHERE state = 4 AND (accepted_at IS NULL OR outcome = 3)",
        );
        none(
            "a line that may still move is not held",
            "SELECT count(*) FROM transfer_hubs l LEFT JOIN held_hubs h
                ON h.hub = l.hub AND h.transfer = l.transfer
             WHERE l.state IN (1, 2) AND h.hub IS NULL",
        );
        none(
            "a file was authorised by who prepared it",
            "SELECT count(*) FROM transfer_files WHERE authoriser = preparer",
        );
        none(
            "the kept counts are not the hubs",
            "SELECT count(*) FROM (
                SELECT party, sum(hubs) AS n FROM stock GROUP BY party
                EXCEPT SELECT party, count(*) FROM hubs GROUP BY party) x WHERE x.n > 0",
        );
    }

    /// Every allocation recomputes from its published record.
    fn check_allocations(&mut self) {
        let sql =
            format!("SELECT id FROM allocation_runs WHERE id > {} ORDER BY id", self.recomputed);
        for run in self.numbers(&sql) {
            self.recomputed = run;
            let run = AllocationRunId(run);
            let mut document = Vec::new();
            selection::export(&self.world.app, &self.world.auditor, run, &mut document).unwrap();
            let checked = record::check(&document).unwrap();
            assert!(checked.differences.is_empty() && checked.is_exact, "{run}");
        }
    }

    /// A response file has as many lines as its file.
    fn check_responses(&mut self) {
        let sql = "SELECT id FROM transfer_files WHERE applied_at IS NOT NULL ORDER BY id";
        for id in self.numbers(sql) {
            if !self.answered.insert(id) {
                continue;
            }
            let (app, id) = (&self.world.app, TransferFileId(id));
            let mut response = Vec::new();
            transfer_files::response(app, &self.world.logistics, id, &mut response).unwrap();
            let lines = transfer_files::get(app, &self.world.logistics, id).unwrap().lines;
            let answers = String::from_utf8(response).unwrap().lines().count() - 1;
            assert_eq!(answers as u64, lines, "{id}");
        }
    }
}

fn opened(path: &str, clock: &Clock) -> App {
    let mut app = App::new(Db::open(path).unwrap(), std::env::temp_dir());
    app.clock = Clock::standing(clock.now());
    app
}
