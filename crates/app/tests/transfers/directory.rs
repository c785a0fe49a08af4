//! Contacts and delivery locations: who keeps them, and who sees another Party's.

use app::{directory, transfers};
use domain::access::{Action, Actor, Role};
use domain::directory::{Contact, DeliveryLocation, Purpose};
use domain::ids::PartyId;
use testkit::world::both;

use crate::world::*;

const SOUTHERN: PartyId = PartyId(2);

fn contact(purpose: Purpose, name: &str) -> Contact {
    let email = format!("{}@southern.example", purpose.word());
    Contact { purpose, name: name.into(), email, telephone: "020 7946 0123".into() }
}

fn depot() -> DeliveryLocation {
    DeliveryLocation {
        name: "Dover depot".into(),
        address: "1 Quay\nDover".into(),
        region: "South".into(),
        notes: "Mornings".into(),
        is_active: true,
    }
}

fn party_admin(w: &World, email: &str, party: &str) -> Actor {
    person(&w.app, email, Role::PartyAdmin, Some(party), Action::ManageDirectory)
}

#[test]
fn a_party_keeps_its_own_contacts_and_locations_and_the_dcc_does_for_it() {
    both(|url| {
        let w = world(url);
        let (app, own) = (&w.app, party_admin(&w, "admin.south@example.org", "SOUTHERN"));
        let set = |actor: &Actor, which, name: &str| {
            directory::set_contact(app, actor, SOUTHERN, which, contact(Purpose::Stock, name))
        };
        let row = set(&own, None, " Jo  Bloggs ").unwrap();
        assert_eq!((row.says.name.as_str(), row.version), ("Jo Bloggs", 1));
        assert_eq!(set(&own, Some((row.id, Some(1))), "Jo Bloggs").unwrap().version, 1);
        assert_eq!(set(&w.logistics, Some((row.id, Some(1))), "Sam").unwrap().version, 2);
        let stale = Some((row.id, Some(1)));
        assert_eq!(refused(set(&own, stale, "Jo")).0, "out-of-date");

        let place = directory::set_location(app, &w.admin, SOUTHERN, None, depot()).unwrap();
        let closed = DeliveryLocation { is_active: false, ..depot() };
        let both = [depot(), closed];
        for location in both {
            directory::set_location(app, &own, SOUTHERN, None, location).unwrap();
        }
        let wrong = DeliveryLocation { region: "Dover".into(), ..depot() };
        let wrong = directory::set_location(app, &own, SOUTHERN, None, wrong);
        assert_eq!(refused(wrong).0, "invalid");
        let lines = directory::suggestions(app, &w.south, None).unwrap();
        assert_eq!(lines, ["Dover depot, 1 Quay, Dover", "Dover depot, 1 Quay, Dover"]);
        let seen = directory::get(app, &own, SOUTHERN).unwrap();
        assert_eq!((seen.contacts.len(), seen.locations.len(), seen.may_manage), (1, 3, true));

        let sql = "
            SELECT count(*) FROM journal WHERE acted_for = 2 AND subject = 'pty-000002'
                AND kind IN ('PartyContactSet', 'DeliveryLocationSet')";
        assert_eq!(w.count(sql), 5);
        w.is_sound();

        let drop_it = |version| directory::drop_location(app, &own, SOUTHERN, place.id, version);
        assert_eq!(refused(drop_it(Some(7))).0, "out-of-date");
        drop_it(Some(1)).unwrap();
        assert_eq!(refused(drop_it(None)).0, "not-found");
        directory::drop_contact(app, &w.logistics, SOUTHERN, row.id, Some(2)).unwrap();
        let seen = directory::get(app, &w.auditor, SOUTHERN).unwrap();
        assert_eq!((seen.contacts.len(), seen.locations.len(), seen.may_manage), (0, 2, false));
        w.is_sound();
    });
}

#[test]
fn only_the_counterparty_of_an_agreed_transfer_sees_another_partys() {
    both(|url| {
        let w = world(url);
        let app = &w.app;
        let (own, other) = (
            party_admin(&w, "admin.south@example.org", "SOUTHERN"),
            party_admin(&w, "admin.north@example.org", "NORTHERN"),
        );
        for (purpose, name) in [(Purpose::Warehouse, "Goods in"), (Purpose::Finance, "Accounts")] {
            directory::set_contact(app, &own, SOUTHERN, None, contact(purpose, name)).unwrap();
        }
        let place = directory::set_location(app, &own, SOUTHERN, None, depot()).unwrap();
        let sees = |actor: &Actor| match directory::get(app, actor, SOUTHERN) {
            Ok(seen) => seen.contacts.len().to_string(),
            refusal => refused(refusal).0.to_owned(),
        };
        for actor in [&w.south_viewer, &w.finance, &w.auditor, &w.admin] {
            assert_eq!(sees(actor), "2", "{}", actor.email);
        }
        assert_eq!(sees(&w.dsp), "not-allowed");

        // One side alone can notify a transfer: that opens nothing.
        let id = transfers::notify_direct(app, &w.north, &notice(2)).unwrap().id;
        for actor in [&w.north, &other, &w.west] {
            assert_eq!(sees(actor), "not-found", "{}", actor.email);
        }
        let named = |actor: &Actor| -> Vec<String> {
            let view = transfers::get(app, actor, id).unwrap();
            view.receiver_contacts.into_iter().map(|contact| contact.name).collect()
        };
        assert!(named(&w.north).is_empty());
        transfers::confirm(app, &w.south, id, None, None).unwrap();
        assert_eq!(
            (sees(&w.north), sees(&other), sees(&w.west)),
            ("2".into(), "2".into(), "not-found".into())
        );
        for actor in [&w.north, &w.south_warehouse, &w.logistics] {
            assert_eq!(named(actor), ["Goods in"], "{}", actor.email);
        }
        assert!(named(&w.dsp).is_empty());

        let set = directory::set_location(app, &other, SOUTHERN, None, depot());
        assert_eq!(refused(set).0, "not-found");
        let dropped = directory::drop_location(app, &other, SOUTHERN, place.id, None);
        assert_eq!(refused(dropped).0, "not-found");
        let set = directory::set_location(app, &w.south, SOUTHERN, None, depot());
        assert_eq!(refused(set).0, "not-allowed");
        assert!(directory::suggestions(app, &w.north, Some(SOUTHERN)).unwrap().is_empty());

        transfers::cancel(app, &w.north, id, None, "a mistake").unwrap();
        assert_eq!((sees(&w.north), named(&w.north)), ("not-found".into(), Vec::new()));
    });
}
