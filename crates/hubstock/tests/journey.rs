//! Stock goes from one Party to another in Chromium: offer, request, selection, confirmation,
//! dispatch, receipt with exceptions, transfer file, inventory; by five people who each have a
//! browser of their own. With a mouse, by keyboard alone, and without scripts.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use app::{App, Clock, jobs, people};
use domain::access::Role;
use fantoccini::key::Key;
use jiff::{SignedDuration, Timestamp};
use store::Db;
use support::{PALLET, PASSWORD, World, chf, gpf};
use testkit::browser::{Browser, DESK, PHONE, Screen, ZOOMED};
use tokio::net::TcpListener;

/// Longer than an offer takes requests, at any time of the year.
const CLOSING: SignedDuration = SignedDuration::from_hours(24 * 14);

/// How somebody uses a browser.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hands {
    Mouse,
    KeyboardAlone,
    WithoutScripts,
}

/// Somebody at a browser of their own.
struct Person {
    browser: Browser,
    hands: Hands,
    address: String,
    email: &'static str,
}

impl Person {
    async fn sign_in(&self) {
        self.browser.goto(&format!("{}/sign-in", self.address)).await;
        self.fill("Email address", self.email).await;
        self.fill("Password", PASSWORD).await;
        self.click("Sign in").await;
        self.see("What waits for you").await;
    }

    async fn home(&self) {
        self.browser.goto(&self.address).await;
        self.see("What waits for you").await;
    }

    async fn see(&self, text: &str) {
        self.browser.see(text).await;
    }

    async fn click(&self, text: &str) {
        if self.hands == Hands::KeyboardAlone {
            self.browser.tab_to(text).await;
            self.browser.press(Key::Enter).await;
        } else {
            self.browser.click(text).await;
        }
    }

    async fn fill(&self, label: &str, text: &str) {
        if self.hands == Hands::KeyboardAlone {
            self.browser.tab_to(label).await;
            self.browser.type_text(text).await;
        } else {
            self.browser.fill(label, text).await;
        }
    }

    async fn select(&self, label: &str, option: &str) {
        if self.hands == Hands::KeyboardAlone {
            self.browser.tab_to(label).await;
            self.browser.type_text(option).await;
        } else {
            self.browser.select(label, option).await;
        }
    }

    async fn choose(&self, label: &str) {
        if self.hands == Hands::KeyboardAlone {
            self.browser.tab_to_choice(label).await;
        } else {
            self.browser.click(label).await;
        }
    }

    /// Pastes into a field, as from a spreadsheet.
    async fn paste(&self, label: &str, text: &str) {
        if self.hands == Hands::KeyboardAlone {
            self.browser.tab_to(label).await;
        } else {
            self.browser.click(label).await;
        }
        self.browser.paste(text).await;
    }

    /// The page is accessible, fits its window, and its scripts run under its own policy.
    async fn looks(&self) {
        if self.hands != Hands::WithoutScripts {
            self.browser.must_be_accessible().await;
        }
        let path = self.browser.path().await;
        assert_eq!(self.browser.too_wide_by().await, 0, "{path} is too wide");
        let complaints = self.browser.complaints().await;
        assert!(complaints.is_empty(), "{path}: {complaints:?}");
    }
}

/// A server whose clock can be moved, over four pallets of PARTY1.
struct Market {
    app: App,
    world: World,
    address: String,
    stop: Arc<AtomicBool>,
    worker: Option<JoinHandle<()>>,
}

impl Market {
    async fn open(folder: &Path) -> Market {
        let database = folder.join("hubstock.db");
        let database = database.to_str().unwrap();
        let world = World::with_pallets(database, 1..5);
        let app = App::new(Db::open(database).unwrap(), folder.join("reports"));
        let app = App { clock: Clock::standing(Timestamp::now()), ..app };
        for (email, role, party) in [
            ("seller@x.example", Role::StockManager, "PARTY1"),
            ("buyer@x.example", Role::StockManager, "PARTY2"),
            ("warehouse@x.example", Role::Warehouse, "PARTY2"),
        ] {
            people::add_by_operator(&app, email, email, role, Some(party), PASSWORD).unwrap();
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let state = web::State::new(app.clone(), &address, false);
        tokio::spawn(web::serve(listener, state, std::future::pending()));
        let stop = Arc::new(AtomicBool::new(false));
        let worker = Some(std::thread::spawn({
            let (app, stop) = (app.clone(), stop.clone());
            move || work(&app, &stop)
        }));
        Market { app, world, address, stop, worker }
    }

    async fn person(&self, email: &'static str, screen: Screen, hands: Hands) -> Person {
        let browser = Browser::open(screen).await;
        if hands == Hands::WithoutScripts {
            browser.without_javascript().await;
        }
        Person { browser, hands, address: self.address.clone(), email }
    }

    /// Time goes by, and what was due happens.
    fn wait(&self, long: SignedDuration) {
        self.app.clock.set(self.app.now() + long);
        app::timers::pass(&self.app).unwrap();
    }
}

impl Drop for Market {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.app.bell.ring();
        let ended = self.worker.take().map(JoinHandle::join);
        assert!(std::thread::panicking() || ended.is_none_or(|ended| ended.is_ok()));
    }
}

fn work(app: &App, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let rung = app.bell.rung();
        if !jobs::run_next(app).unwrap() {
            app.bell.wait(rung, Duration::from_millis(200));
        }
    }
}

/// A column as it comes out of a spreadsheet: a heading, an empty line, tabs, quotes, lower case.
fn from_a_spreadsheet(hubs: &[String]) -> String {
    let mut text = String::from("CHF ID\t\r\n\r\n");
    for (place, hub) in hubs.iter().enumerate() {
        let line = match place % 4 {
            0 => format!("{hub}\t\r\n"),
            1 => format!("\t{}\r\n", hub.to_lowercase()),
            2 => format!("\"{hub}\"\r\n"),
            _ => format!("  {}\r\n\r\n", hub.replace('-', "")),
        };
        text.push_str(&line);
    }
    text
}

/// The whole way of so many hubs, of which one does not arrive and one arrives broken.
async fn journey(hands: Hands, hubs: u32, screens: [Screen; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let market = Market::open(folder.path()).await;
    let [screen, small] = screens;
    let seller = market.person("seller@x.example", screen, hands).await;
    let buyer = market.person("buyer@x.example", screen, hands).await;
    let warehouse = market.person("warehouse@x.example", small, hands).await;
    let logistics = market.person("logistics@x.example", screen, hands).await;
    let authoriser = market.person("authoriser@x.example", screen, hands).await;
    let all: Vec<String> = (0..hubs).map(|n| chf(1 + n / PALLET, n % PALLET)).collect();
    let count = hubs.to_string();

    // The offer.
    seller.sign_in().await;
    seller.click("Offers").await;
    seller.click("Offer stock").await;
    seller.select("Stock", "106C, 04200103, Single Band, LRR, North: 896 can be offered").await;
    seller.fill("How many hubs", &count).await;
    seller.fill("Minimum lot", "2").await;
    seller.fill("Location", "Unit 4, Riverside Park").await;
    seller.click("Save").await;
    seller.see("Drafted: look it over, then submit it").await;
    seller.looks().await;
    seller.click("Submit it to the DCC").await;
    seller.see("Submitted: the DCC publishes it or returns it to you").await;

    logistics.sign_in().await;
    logistics.click("Publish or return off-000001").await;
    logistics.click("Publish it").await;
    logistics.see("Published").await;
    logistics.looks().await;

    // The request.
    buyer.sign_in().await;
    buyer.click("Board").await;
    buyer.looks().await;
    buyer.click("off-000001").await;
    buyer.see("Told to the Parties that are selected").await;
    buyer.click("Request some of it").await;
    buyer.fill("How many hubs", &count).await;
    buyer.fill("Least that is of use", "2").await;
    buyer.fill("Deliver to", "Depot 2, Canal Street").await;
    buyer.looks().await;
    buyer.click("Submit").await;
    buyer.see("Place in the queue").await;
    buyer.looks().await;

    // Selection, once the offer has closed; everybody's session has ended meanwhile.
    market.wait(CLOSING);
    logistics.sign_in().await;
    logistics.looks().await;
    logistics.click("Run selection over off-000001").await;
    logistics.see("Offers that wait for selection").await;
    logistics.click("Run selection over off-000001").await;
    logistics.see("All that was asked for").await;
    logistics.looks().await;

    // Both confirm.
    let task = format!("trf-000001: {hubs} hubs from Party 1 Limited to Party 2 Limited");
    buyer.sign_in().await;
    buyer.click(&task).await;
    buyer.looks().await;
    buyer.click("Confirm for Party 2 Limited").await;
    buyer.see("Confirmed").await;
    seller.sign_in().await;
    seller.click(&task).await;
    seller.click("Confirm for Party 1 Limited").await;
    seller.see("Confirmed").await;

    // Dispatch, with a list that comes from a spreadsheet.
    seller.click("List the hubs that leave").await;
    seller.click("Paste hubs, pallets or boxes").await;
    seller.paste("CHF IDs, pallets or boxes", &format!("{}\r\nnothing", gpf(1, 1))).await;
    seller.click("Add and check").await;
    seller.see("Look at 2 lines. 0 hubs added").await;
    seller.looks().await;
    seller.click("Go on to the list").await;
    seller.click("Paste hubs, pallets or boxes").await;
    seller.paste("CHF IDs, pallets or boxes", &from_a_spreadsheet(&all)).await;
    seller.click("Add and check").await;
    seller.see(&format!("{hubs} hubs added")).await;
    seller.looks().await;
    seller.click("Declare the dispatch").await;
    seller.fill("Carrier", "Fairweather Haulage").await;
    seller.fill("Number of the consignment note", "FW-41000").await;
    seller.click("Declare the dispatch").await;
    seller.see("Dispatch declared").await;
    seller.looks().await;

    // Receipt: the warehouse looks at a telephone.
    warehouse.sign_in().await;
    warehouse.click(&task).await;
    warehouse.looks().await;
    warehouse.click("Say that it has arrived").await;
    warehouse.choose("Good").await;
    warehouse.looks().await;
    warehouse.click("Declare the arrival").await;
    warehouse.click("List the hubs that arrived").await;
    warehouse.click("Start from the manifest").await;
    warehouse.see("Every hub of the manifest is in the list as accepted").await;
    warehouse.click("Set exceptions").await;
    warehouse.fill("CHF IDs of the hubs", &all[1]).await;
    warehouse.choose("They did not arrive").await;
    warehouse.click("Set the exceptions").await;
    warehouse.see("1 hub taken out of the list").await;
    warehouse.click("Set exceptions").await;
    warehouse.fill("CHF IDs of the hubs", &all[2]).await;
    warehouse.choose("They arrived and are rejected").await;
    warehouse.click("Set the exceptions").await;
    warehouse.see("Select why they are rejected").await;
    warehouse.looks().await;
    warehouse.select("Why, if they are rejected", "Damaged case").await;
    warehouse.click("Set the exceptions").await;
    warehouse.see("1 hub rejected").await;
    warehouse.looks().await;
    warehouse.click("Declare the receipt").await;
    warehouse.looks().await;
    warehouse.click("Declare the receipt").await;
    warehouse.see("Receipt declared").await;
    warehouse.see(&format!("Ready for the file {}", hubs - 2)).await;
    warehouse.looks().await;

    // The transfer file: one prepares it, another authorises it.
    logistics.home().await;
    logistics.click(&task).await;
    logistics.looks().await;
    logistics.click("Prepare the transfer file").await;
    let file = "ctf-000001";
    logistics.click(file).await;
    again_until(&logistics, "Waiting to be authorised").await;
    logistics.see("You prepared this file, so somebody else must authorise it.").await;
    authoriser.sign_in().await;
    authoriser.click("All that wait for you").await;
    authoriser.click(file).await;
    authoriser.see(&format!("Would move {}", hubs - 2)).await;
    authoriser.looks().await;
    authoriser.click("Authorise").await;
    again_until(&authoriser, &format!("Hubs moved {}", hubs - 2)).await;

    // The inventory, and everything that is kept about it.
    seller.browser.goto(&format!("{}/transfers/trf-000001", market.address)).await;
    seller.see(&format!("Moved {}", hubs - 2)).await;
    seller.looks().await;
    for (hub, party) in
        [(&all[0], "Party 2 Limited"), (&all[1], "Party 1 Limited"), (&all[2], "Party 1 Limited")]
    {
        logistics.browser.goto(&format!("{}/hubs/{hub}", market.address)).await;
        logistics.see(&format!("Responsible Party {party}")).await;
        logistics.looks().await;
    }
    assert_eq!(market.world.party_of(&all[0]), "SU-2");
    assert_eq!(market.world.party_of(&all[1]), "SU-1");
    assert_eq!(market.world.stock_of("PARTY2"), i64::from(hubs) - 2);
    market.world.well(&["verify"]);
    for person in [seller, buyer, warehouse, logistics, authoriser] {
        person.browser.close().await;
    }
}

/// Follows “Check progress again”, as a person does whose browser runs no scripts.
async fn again_until(person: &Person, text: &str) {
    while person.browser.text().await.contains("Check progress again") {
        person.click("Check progress again").await;
    }
    person.see(text).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn four_pallets_change_hands_with_the_warehouse_on_a_telephone() {
    journey(Hands::Mouse, 4 * PALLET, [DESK, PHONE]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_few_hubs_change_hands_by_keyboard_alone() {
    journey(Hands::KeyboardAlone, 8, [DESK, ZOOMED]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_few_hubs_change_hands_without_scripts() {
    journey(Hands::WithoutScripts, 8, [DESK, PHONE]).await;
}
