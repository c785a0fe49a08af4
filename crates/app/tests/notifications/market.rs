//! Offers, requests, selection and transfers: each side is told its own, and nobody another's.

use app::journal::Event;
use app::offers::{self, Draft, Drafted, Listing};
use app::{requests, timers, transfers};
use domain::ids::{OfferId, TransferId};
use domain::offers::{Carriage, Firmware, Specification, Terms};
use domain::requests::Asked;
use testkit::world::both;

use crate::world::{World, world};

fn draft(quantity: i64) -> Draft {
    Draft {
        party: None,
        specification: Specification {
            manufacturer: "Meterworks".into(),
            model: "CH-1".into(),
            han_variant: "Single Band".into(),
            wan_variant: "Cellular".into(),
            region: "North".into(),
        },
        firmware: Firmware::new(),
        terms: Terms {
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
        },
        listing: Listing::AsItIs,
    }
}

fn offered(world: &World, quantity: i64) -> OfferId {
    let abel = world.actor("stock@abel.example");
    let Drafted::Offer(id) = offers::draft(&world.app, &abel, &draft(quantity)).unwrap() else {
        panic!("the offer has no list");
    };
    offers::submit(&world.app, &abel, id, None).unwrap();
    id
}

/// The titles of what a person was told since the last time this was asked.
fn news(world: &World, email: &str) -> Vec<String> {
    let all = world.told(email);
    let actor = world.actor(email);
    let unread = app::notifications::notices(&world.app, &actor, true, app::pages::Part::FIRST)
        .unwrap()
        .items;
    if let Some(newest) = unread.first() {
        app::notifications::read_all(&world.app, &actor, newest.id).unwrap();
    }
    all[all.len() - unread.len()..].to_vec()
}

#[test]
fn from_offer_to_transfer_each_side_is_told_its_own() {
    both(|url| {
        let world = world(url);
        let (abel, brio) = ("stock@abel.example", "stock@brio.example");
        let dcc = "maker@dcc.example";
        let id = offered(&world, 6);
        world.work();
        assert_eq!(news(&world, dcc), ["off-000001 waits to be published or returned"]);
        assert!(news(&world, brio).is_empty());

        offers::publish(&world.app, &world.actor(dcc), id, None).unwrap();
        world.work();
        assert_eq!(news(&world, abel), ["Your offer off-000001 is on the board"]);
        let stock = "Meterworks CH-1, Single Band, Cellular, North";
        assert_eq!(news(&world, brio), [format!("New offer: 6 hubs, {stock}")]);
        let notice = &world.notices(brio)[0];
        assert_eq!(notice.path, "/offers/off-000001");
        assert!(!notice.text.contains("Abel"), "whose it is, is not everybody's to know");

        let asked = Asked {
            quantity: 4,
            minimum: 1,
            needed_by: None,
            location: "Depot, York".into(),
            notes: String::new(),
        };
        let request = requests::Draft {
            party: None,
            offer: Some(id),
            specification: Specification::default(),
            asked,
        };
        requests::draft_and_submit(&world.app, &world.actor(brio), &request).unwrap();
        world.work();
        assert_eq!(news(&world, abel), ["A request came in for off-000001"]);
        assert!(!world.notices(abel)[0].text.contains("Brio"), "nor who asks");

        // The offer closes to requests, then selection is run when its time has come.
        world.at("2026-12-02T09:00:00Z");
        timers::pass(&world.app).unwrap();
        world.work();
        assert_eq!(news(&world, dcc), ["Selection is due for off-000001"]);
        world.at("2026-12-09T09:00:00Z");
        timers::pass(&world.app).unwrap();
        world.work();
        let told = news(&world, abel);
        assert_eq!(told[0], "4 hubs of your offer off-000001 were allocated");
        assert_eq!(told[1], "trf-000001 waits to be confirmed");
        let told = news(&world, brio);
        assert_eq!(told[0], "Your request req-000001 was given 4 hubs");
        assert_eq!(told[1], "trf-000001 waits to be confirmed");

        let transfer = TransferId(1);
        for side in [abel, brio] {
            transfers::confirm(&world.app, &world.actor(side), transfer, None, None).unwrap();
        }
        world.work();
        let dispatch = "trf-000001 is confirmed: dispatch 4 hubs to Brio Power plc";
        assert_eq!(news(&world, abel), [dispatch]);
        assert!(news(&world, brio).is_empty());

        // Ten working days later the sender is late: it hears of it, and the DCC.
        world.at("2026-12-29T09:00:00Z");
        timers::pass(&world.app).unwrap();
        world.work();
        let late = "trf-000001 was not dispatched in time";
        assert_eq!(news(&world, abel), [late]);
        assert!(news(&world, dcc).contains(&late.to_owned()));
        assert!(!news(&world, brio).contains(&late.to_owned()));
    });
}

#[test]
fn a_returned_offer_says_why_and_a_withdrawn_one_is_told_to_who_asked() {
    both(|url| {
        let world = world(url);
        let dcc = world.actor("maker@dcc.example");
        let id = offered(&world, 3);
        offers::return_to_party(&world.app, &dcc, id, None, "Say which pallets.").unwrap();
        world.work();
        let told = world.notices("stock@abel.example");
        assert_eq!(told[0].title, "Your offer off-000001 was returned");
        assert!(told[0].text.contains("Why: Say which pallets."));
        let required = world.messages().into_iter().find(|m| m.kind == "offer-decided").unwrap();
        assert!(required.text.contains("it cannot be turned off"));

        let (abel, brio) = ("stock@abel.example", "stock@brio.example");
        let seller = world.actor(abel);
        offers::submit(&world.app, &seller, id, None).unwrap();
        offers::publish(&world.app, &dcc, id, None).unwrap();
        requests::draft_and_submit(&world.app, &world.actor(brio), &request(Some(id))).unwrap();
        world.work();
        news(&world, brio);
        offers::withdraw(&world.app, &seller, id, None, "We need them.").unwrap();
        world.work();
        assert_eq!(news(&world, brio), ["off-000001 was withdrawn"]);
        assert!(world.notices(brio)[0].text.contains("Why: We need them."));
    });
}

/// A request for three hubs, of an offer or wanted.
fn request(offer: Option<OfferId>) -> requests::Draft {
    let asked = Asked {
        quantity: 3,
        minimum: 1,
        needed_by: None,
        location: "Depot, York".into(),
        notes: String::new(),
    };
    requests::Draft { party: None, offer, specification: Specification::default(), asked }
}

#[test]
fn who_asked_is_told_what_becomes_of_the_offer_and_of_what_was_wanted() {
    both(|url| {
        let world = world(url);
        let (dcc, abel) = (world.actor("maker@dcc.example"), world.actor("stock@abel.example"));
        let brio = "stock@brio.example";
        let id = offered(&world, 6);
        offers::publish(&world.app, &dcc, id, None).unwrap();
        requests::draft_and_submit(&world.app, &world.actor(brio), &request(Some(id))).unwrap();
        world.work();
        news(&world, brio);
        let noted =
            Draft { terms: Terms { notes: "By the gate".into(), ..draft(6).terms }, ..draft(6) };
        offers::change(&world.app, &abel, id, None, &noted).unwrap();
        offers::suspend(&world.app, &dcc, id, None, "A question of ours.").unwrap();
        world.work();
        assert_eq!(news(&world, brio), ["off-000001 was changed", "off-000001 was suspended"]);
        let notice = &world.notices(brio)[0];
        assert!(!notice.text.contains("A question"), "{}", notice.text);
        offers::resume(&world.app, &dcc, id, None).unwrap();
        world.work();
        assert_eq!(news(&world, brio), ["off-000001 is on the board again"]);
        assert!(!news(&world, "stock@abel.example").contains(&"off-000001 was changed".into()));

        let mut wanted = request(None);
        wanted.specification.region = "South".into();
        requests::draft_and_submit(&world.app, &world.actor(brio), &wanted).unwrap();
        world.at("2027-01-23T09:00:00Z");
        timers::pass(&world.app).unwrap();
        world.work();
        assert!(news(&world, brio).contains(&"Your wanted request req-000002 has lapsed".into()));
    });
}

#[test]
fn a_policy_that_is_withdrawn_or_comes_into_force_is_told() {
    both(|url| {
        let world = world(url);
        world.happens(&Event::PolicyInForce { policy: 1 });
        world.work();
        assert_eq!(
            news(&world, "stock@brio.example"),
            ["The selection policy pol-000001 is in force"]
        );
        let reason = "Not approved.".to_owned();
        world.happens(&Event::PolicyWithdrawn { policy: 1, reason });
        world.work();
        let withdrawn = "The selection policy pol-000001 was withdrawn";
        assert_eq!(news(&world, "stock@brio.example"), [withdrawn]);
        assert!(world.notices("stock@brio.example")[0].text.contains("Why: Not approved."));
    });
}
