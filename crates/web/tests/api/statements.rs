//! Statements of pages and lists: few, and as many for much as for little.

use domain::access::Role;

use crate::portal::{Visitor, hub_number};
use crate::standing::{Standing, World, world};

/// The most statements of any page or call.
const MOST: u64 = 45;
/// How many more a page may run in the larger world: for what is there only once there is much, such
/// as the look for a next page. One for each row would be far more.
const SLACK: u64 = 2;
/// How many more things the larger world has of each kind.
const MORE: i64 = 25;

/// What is looked at, and as whom.
const LOOKS: &[(Role, &str)] = &[
    (Role::DccLogistics, "/"),
    (Role::StockManager, "/"),
    (Role::StockManager, "/hubs"),
    (Role::StockManager, "/stock"),
    (Role::StockManager, "/excess"),
    (Role::StockManager, "/board"),
    (Role::StockManager, "/board/wanted"),
    (Role::DccLogistics, "/offers"),
    (Role::DccLogistics, "/offers/off-000001"),
    (Role::DccLogistics, "/requests"),
    (Role::DccLogistics, "/requests/req-000001"),
    (Role::DccLogistics, "/transfers"),
    (Role::DccLogistics, "/transfers/trf-000001"),
    (Role::DccLogistics, "/transfers/trf-000001/lines"),
    (Role::DccLogistics, "/transfer-files"),
    (Role::DccLogistics, "/transfer-files/ctf-000001"),
    (Role::DccLogistics, "/selection"),
    (Role::DccLogistics, "/selection/alr-000001"),
    (Role::DccLogistics, "/policies"),
    (Role::DccLogistics, "/notices"),
    (Role::DccLogistics, "/mail"),
    (Role::DccLogistics, "/journal"),
    (Role::DccLogistics, "/reports"),
    (Role::DspOperator, "/deliveries"),
    (Role::DspOperator, "/installed-before"),
    (Role::SystemAdmin, "/people"),
    (Role::SystemAdmin, "/parties"),
    (Role::SystemAdmin, "/settings"),
    (Role::StockManager, "/api/v1/hubs"),
    (Role::StockManager, "/api/v1/stock"),
    (Role::StockManager, "/api/v1/board"),
    (Role::StockManager, "/api/v1/board/wanted"),
    (Role::DccLogistics, "/api/v1/offers"),
    (Role::DccLogistics, "/api/v1/requests"),
    (Role::DccLogistics, "/api/v1/transfers"),
    (Role::DccLogistics, "/api/v1/transfers/trf-000001/lines"),
    (Role::DccLogistics, "/api/v1/transfer-files"),
    (Role::DccLogistics, "/api/v1/transfer-files/ctf-000001/lines"),
    (Role::DccLogistics, "/api/v1/selection-runs"),
    (Role::DccLogistics, "/api/v1/me/notices"),
    (Role::DccLogistics, "/api/v1/mail"),
    (Role::DccLogistics, "/api/v1/journal"),
    (Role::DccLogistics, "/api/v1/delivery-reports"),
    (Role::DspOperator, "/api/v1/imports"),
    (Role::SystemAdmin, "/api/v1/people"),
    (Role::SystemAdmin, "/api/v1/parties"),
];

/// The statements of each look.
async fn statements(world: &World) -> Vec<u64> {
    let mut found = Vec::new();
    for (role, path) in LOOKS {
        let who = world.who(*role);
        let before = world.portal.app.db.statements();
        let shown = world.portal.get(who, path).await;
        assert!(shown.status.is_success(), "{path}: {}", shown.words());
        found.push(world.portal.app.db.statements() - before);
    }
    found
}

impl World {
    /// Whoever has this role, at NORTHERN if it is one of a Party.
    fn who(&self, role: Role) -> &Visitor {
        let is_it = |(from, has, _): &&(Standing, Role, Visitor)| {
            *has == role && matches!(from, Standing::Giver | Standing::Centre)
        };
        self.people.iter().find(is_it).map(|(_, _, visitor)| visitor).unwrap()
    }
}

/// More of everything.
async fn grow(world: &World) {
    let portal = &world.portal;
    let mut tx = portal.app.db.write().unwrap();
    for number in 1..=MORE * 12 {
        let id = hub_number(1_000 + number);
        let sql = "
            INSERT INTO hubs (id, gpf, pack, party, status, status_at, installed_at, last_move,
                last_change, quarantined)
            VALUES ($1, $2, 1, 1, 1, 1767225600000000, NULL, 0, 0, FALSE)";
        tx.exec(sql, store::args![id, id + 0x10000]).unwrap();
    }
    for number in 10..10 + MORE {
        let sql = "
            INSERT INTO parties VALUES ($1, $2, $2, 'Large Supplier', '', '', $2, 'Active', TRUE, 1)";
        tx.exec(sql, store::args![number, format!("P{number}")]).unwrap();
    }
    let more = MORE * 12;
    tx.batch(&format!(
        "UPDATE stock SET hubs = hubs + {more} WHERE status = 1;
         UPDATE pallet_stock SET hubs = hubs + {more} WHERE status = 1;"
    ))
    .unwrap();
    tx.commit().unwrap();
    let post = async |who: &Visitor, path: &str, fields: &[(&str, &str)]| {
        portal.press(who, path, fields).await.location().to_owned()
    };
    let (giver, logistics) = (world.who(Role::StockManager), world.who(Role::DccLogistics));
    let operator = world.who(Role::DspOperator);
    let is_taker = |(from, has, _): &&(Standing, Role, Visitor)| {
        (*from, *has) == (Standing::Taker, Role::StockManager)
    };
    let taker = world.people.iter().find(is_taker).map(|(_, _, visitor)| visitor).unwrap();
    for number in 0..MORE {
        let offer = world.offer(giver, "2").await;
        post(giver, &format!("{offer}/submit"), &[]).await;
        post(logistics, &format!("{offer}/publish"), &[]).await;
        let id = offer.rsplit('/').next().unwrap();
        let asked = [("offer", id), ("quantity", "1"), ("minimum", "1"), ("region", "North")];
        post(taker, "/requests/new", &asked).await;
        let wanted = [
            ("manufacturer", "Meterworks, Ltd"),
            ("model", "CH-1"),
            ("han_variant", "Single Band"),
            ("wan_variant", "Cellular"),
            ("quantity", "1"),
            ("minimum", "1"),
            ("region", "North"),
        ];
        post(taker, "/requests/new", &wanted).await;
        let notice = [
            ("role", "sender"),
            ("other", "SOU1"),
            ("model", "Meterworks, Ltd\u{1f}CH-1\u{1f}Single Band\u{1f}Cellular"),
            ("region", "North"),
            ("quantity", "1"),
        ];
        post(giver, "/transfers/new", &notice).await;
        let moves = crate::portal::minimal(&[crate::portal::hub(1_100 + number)], "SOU1");
        let name = format!("more{number}.csv");
        let file = (name.as_str(), moves.as_bytes());
        portal.upload(logistics, "/transfer-files/new", &[], file).await.location();
        let text = format!("CHFID,SMIStatus,StatusDate\r\nX{number},Pending,2026-01-01\r\n");
        let file = ("s.csv", text.as_bytes());
        portal.upload(operator, "/deliveries/new", &[("kind", "statuses")], file).await.location();
        post(operator, "/reports", &[("format", "csv")]).await;
        portal.visitor(&format!("more{number}@example.com"), Role::Warehouse, Some("NORTHERN"));
    }
    portal.work();
}

#[tokio::test]
async fn no_page_or_list_runs_more_statements_for_more_rows() {
    let world = world().await;
    let small = statements(&world).await;
    grow(&world).await;
    let large = statements(&world).await;
    let mut wrong = Vec::new();
    for (((role, path), small), large) in LOOKS.iter().zip(small).zip(large) {
        if large > small + SLACK || large > MOST {
            wrong.push(format!("{path} as {}: {small}, then {large}", role.word()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
