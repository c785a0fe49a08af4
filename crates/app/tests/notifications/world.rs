//! Two Parties, people in several roles, a clock that stands still and a mail server.

use std::sync::Arc;

use app::journal::{By, Event, record};
use app::notifications::{self, Mail, Message, Server, Way};
use app::people::Target;
use app::sign_in::actor_by_email;
use app::transfer_files::{self, Submission};
use app::{App, Clock, jobs};
use domain::access::{Action, Actor, Role};
use domain::ids::TransferFileId;
use jiff::{SignedDuration, Timestamp};
use store::notifications::{MessageState, NoticeRow};
use store::{Db, args};
use testkit::smtp::MailServer;

pub const PASSWORD: &str = "correct horse battery";
pub const FROM: &str = "Hubstock <hubstock@dcc.example>";

pub struct World {
    pub app: App,
}

/// Everybody of this world: address, role, Party.
const PEOPLE: &[(&str, Role, Option<&str>)] = &[
    ("maker@dcc.example", Role::DccLogistics, None),
    ("checker@dcc.example", Role::DccAuthoriser, None),
    ("second@dcc.example", Role::DccAuthoriser, None),
    ("finance@dcc.example", Role::DccFinance, None),
    ("admin@dcc.example", Role::SystemAdmin, None),
    ("stock@abel.example", Role::StockManager, Some("ABEL")),
    ("admin@abel.example", Role::PartyAdmin, Some("ABEL")),
    ("stock@brio.example", Role::StockManager, Some("BRIO")),
];

/// With nothing told to anybody yet.
pub fn world(url: &str) -> World {
    let db = Db::open(url).unwrap();
    db.migrate().unwrap();
    let mut app = App::new(db, std::env::temp_dir());
    app.clock = Clock::standing("2026-11-23T09:00:00Z".parse().unwrap());
    app.mail.public_url = "https://hubstock.example".into();
    let world = World { app };
    world.fill();
    for (index, (email, role, party)) in PEOPLE.iter().enumerate() {
        world.add(index as i64 + 1, email, &[(*role, *party)]);
    }
    // The first look at the clock notes since when there are digests.
    notifications::tell_all(&world.app).unwrap();
    world
}

impl World {
    fn fill(&self) {
        let mut tx = self.app.db.write().unwrap();
        tx.batch(
            "INSERT INTO parties VALUES
                 (1, 'ABEL', 'Abel Energy Ltd', 'Large Supplier', '', '', 'ABE1', 'Active', TRUE, 1),
                 (2, 'BRIO', 'Brio Power plc', 'Large Supplier', '', '', 'BRI1', 'Active', TRUE, 1);
             INSERT INTO models VALUES
                 (1, 'Meterworks', 'CH-1', '1.0', '2.3', '1.1', '4.1', 'Single Band', 'Cellular');
             INSERT INTO pallets VALUES (1, 'PAL1', 'CON1');
             INSERT INTO stock VALUES (1, 1, 'North', 1, 9), (1, 1, 'North', 4, 1);
             INSERT INTO pallet_stock VALUES (1, 1, 1, 9), (1, 1, 4, 1);",
        )
        .unwrap();
        let sql = "
            INSERT INTO packs (id, fingerprint, model, region, order_no, consignment_no, pallet,
                box_id, delivered_on, accepted_on, location, delivered_to, installation_end, is_test)
            VALUES (1, $1, 1, 'North', 'ORD', 'CON', 1, 'B1', '2026-01-05', '', 'Leeds', 1,
                '2030-12-31', FALSE)";
        tx.exec(sql, args![vec![1_u8]]).unwrap();
        for n in 1..=10_i64 {
            let status = if n == 10 { 4_i64 } else { 1 };
            let sql = "
                INSERT INTO hubs (id, gpf, pack, party, status, status_at, last_move, last_change,
                    quarantined)
                VALUES ($1, $2, 1, 1, CAST($3 AS INTEGER), 1767225600000000, 0, 0, FALSE)";
            tx.exec(sql, args![hub(n), hub(n) + 0x100, status]).unwrap();
        }
        tx.commit().unwrap();
    }

    /// A person who can be signed in for, without the work of a password.
    pub fn add(&self, id: i64, email: &str, roles: &[(Role, Option<&str>)]) {
        let name = email.split(['@', '.']).collect::<Vec<_>>()[..2].join(" ");
        let mut tx = self.app.db.write().unwrap();
        let sql = "INSERT INTO users VALUES ($1, $2, $3, 'Active', 'none', 0, 1)";
        tx.exec(sql, args![id, email, name]).unwrap();
        for (role, party) in roles {
            let organisation = match party {
                Some("ABEL") => 1_i64,
                Some(_) => 2,
                None => 0,
            };
            let sql = "INSERT INTO grants VALUES ($1, $2, $3, 0)";
            tx.exec(sql, args![id, organisation, role.word()]).unwrap();
        }
        tx.commit().unwrap();
    }

    pub fn change(&self, sql: &str) {
        let mut tx = self.app.db.write().unwrap();
        tx.exec(sql, &[]).unwrap();
        tx.commit().unwrap();
    }

    pub fn later(&self, by: SignedDuration) {
        self.app.clock.set(self.app.now() + by);
    }

    pub fn at(&self, time: &str) {
        self.app.clock.set(time.parse::<Timestamp>().unwrap());
    }

    /// The same database, in another process.
    pub fn neighbour(&self) -> App {
        let mut other = App::new(self.app.db.clone(), self.app.reports.clone());
        other.clock = self.app.clock.clone();
        other.mail = self.app.mail.clone();
        other
    }

    /// From now on e-mails go there.
    pub fn sends_to(&mut self, server: &MailServer) {
        self.sends_to_url(&server.url());
    }

    pub fn sends_to_url(&mut self, url: &str) {
        let server = Server::parse(url, FROM).unwrap();
        let public_url = self.app.mail.public_url.clone();
        self.app.mail = Mail { public_url, way: Way::Server(Arc::new(server)) };
    }

    pub fn actor(&self, email: &str) -> Actor {
        let party = PEOPLE.iter().find(|person| person.0 == email).and_then(|person| person.2);
        actor_by_email(&self.app, email, Action::ReadNotices, party).unwrap()
    }

    pub fn deactivate(&self, email: &str) {
        let target = Target { user: self.actor(email).user, version: None };
        let admin = self.actor("admin@dcc.example");
        app::people::deactivate(&self.app, &admin, target, "left").unwrap();
    }

    /// A transfer file of these hubs from Abel to Brio, checked.
    pub fn file(&self, name: &str, hubs: impl IntoIterator<Item = i64>) -> TransferFileId {
        let lines: String = hubs.into_iter().map(|n| format!("{},BRI1\r\n", id(n))).collect();
        let text = format!("CommsHubID,NewServiceUserReference\r\n{lines}");
        let submission = Submission { name: name.into(), all_or_nothing: false };
        let maker = self.actor("maker@dcc.example");
        let sent =
            transfer_files::submit(&self.app, &maker, submission, &mut text.as_bytes()).unwrap();
        self.work();
        sent.id
    }

    pub fn authorise(&self, file: TransferFileId) {
        let checker = self.actor("checker@dcc.example");
        transfer_files::authorise(&self.app, &checker, file, None).unwrap();
        self.work();
    }

    /// Does every job that is due, and looks whether there is something to tell, until all is done.
    pub fn work(&self) {
        work(&self.app);
    }

    pub fn notices(&self, email: &str) -> Vec<NoticeRow> {
        let actor = self.actor(email);
        notifications::notices(&self.app, &actor, false, app::pages::Part::FIRST).unwrap().items
    }

    /// The titles of a person's notices, oldest first.
    pub fn told(&self, email: &str) -> Vec<String> {
        self.notices(email).into_iter().rev().map(|notice| notice.title).collect()
    }

    /// All e-mails, oldest first.
    pub fn messages(&self) -> Vec<Message> {
        let admin = self.actor("admin@dcc.example");
        let mut all = Vec::new();
        let mut before = None;
        loop {
            let part = notifications::messages(&self.app, &admin, None, before.into()).unwrap();
            all.extend(part.items);
            match part.next {
                Some(next) => before = Some(next),
                None => break,
            }
        }
        all.reverse();
        all
    }

    pub fn states(&self) -> Vec<MessageState> {
        self.messages().iter().map(|message| message.state).collect()
    }

    /// Something happens that nobody need do by hand.
    pub fn happens(&self, event: &Event) -> i64 {
        let mut tx = self.app.db.write().unwrap();
        let seq = record(&mut tx, self.app.now(), By::SYSTEM, event).unwrap();
        tx.commit().unwrap();
        seq
    }
}

pub fn work(app: &App) {
    loop {
        notifications::pass(app).unwrap();
        if !jobs::run_next(app).unwrap() {
            return;
        }
    }
}

fn hub(n: i64) -> i64 {
    0x00DB_1200_0000_0000 + n
}

/// The CHF ID of hub `n`: 1 to 9 are Pending, 10 is Commissioned.
pub fn id(n: i64) -> String {
    domain::DeviceId::from_key(hub(n)).to_string()
}
