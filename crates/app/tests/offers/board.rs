//! The board: filters, saved filters, matches, and the board as a file.

use app::tables::Format;
use app::{board, excess, offers, requests};
use domain::board::{BoardFilter, OnTheBoard};
use domain::offers::Specification;
use testkit::world::both;

use crate::world::*;

#[test]
fn the_database_and_the_rule_find_the_same_offers() {
    both(|url| {
        let world = world(url);
        let app = &world.app;
        let mut dated = some(3);
        dated.terms.available_until = "2026-12-31".parse().ok();
        published(&world, &dated);
        published(&world, &listed([1, 2, 17]));
        let mut dual = some(4);
        dual.specification = specification("Dual Band", "North");
        published(&world, &dual);
        let queries = [
            "",
            "manufacturer=Meterworks",
            "model=CH-2",
            "firmware=2.4",
            "firmware=9",
            "variant=Dual+Band",
            "variant=LRR",
            "region=North",
            "region=Central",
            "quantity=4",
            "date=2027-02-01",
            "date=2026-11-01",
        ];
        let counts: Vec<usize> = queries
            .iter()
            .map(|query| {
                let filter = BoardFilter::from_query(query).unwrap();
                let found =
                    board::offers(app, &buys(1), &filter, app::pages::Part::FIRST).unwrap().items;
                let all =
                    board::offers(app, &buys(1), &BoardFilter::default(), app::pages::Part::FIRST)
                        .unwrap();
                let mut tx = app.db.read().unwrap();
                let finds = |row: &store::offers::OfferRow| {
                    let firmware = store::offers::firmware(&mut tx, row.id).unwrap();
                    filter.finds(OnTheBoard {
                        specification: &row.specification,
                        firmware: &firmware,
                        left: row.left(),
                        available_from: row.terms.available_from,
                        available_until: row.terms.available_until,
                    })
                };
                let by_rule = all.items.iter().map(|listed| &listed.row).map(finds);
                assert_eq!(by_rule.filter(|found| *found).count(), found.len(), "{query}");
                found.len()
            })
            .collect();
        assert_eq!(counts, [3, 3, 0, 3, 2, 1, 3, 3, 0, 1, 2, 0]);
        let mut csv = Vec::new();
        board::export(app, &buys(1), &BoardFilter::default(), Format::Csv, &mut csv).unwrap();
        let csv = String::from_utf8(csv).unwrap();
        assert!(csv.contains("off-000001,Meterworks,CH-1,Single Band,LRR,3,0,3,North,2026-11-23"));
        assert_eq!(csv.lines().count(), 4);
    });
}

#[test]
fn saved_filters_find_new_offers_for_their_owners_alone() {
    both(|url| {
        let world = world(url);
        let app = &world.app;
        let filter = |query: &str| BoardFilter::from_query(query).unwrap();
        let south = &world.south;
        let hit = board::save_filter(app, south, "North", &filter("region=North"), true).unwrap();
        let quiet = board::save_filter(app, south, "All", &filter(""), false).unwrap();
        board::save_filter(app, south, "Central", &filter("region=Central"), true).unwrap();
        board::save_filter(app, &world.north, "Own", &filter(""), true).unwrap();
        let taken = board::save_filter(app, south, "North", &filter(""), true);
        assert!(refusal(taken).contains("a filter of this name"));
        let id = published(&world, &some(3));
        let found = |id| board::filters_matching(&mut app.db.read().unwrap(), id).unwrap();
        assert_eq!(found(id).iter().map(|row| row.id).collect::<Vec<_>>(), [hit]);
        board::set_notifies(app, south, quiet, None, true).unwrap();
        assert_eq!(found(id).len(), 2);
        assert!(
            refusal(board::drop_filter(app, &world.north, hit, None)).contains("no saved filter")
        );
        board::drop_filter(app, south, hit, None).unwrap();
        assert_eq!(board::filters(app, south).unwrap().len(), 2);
        is_sound(&world);
    });
}

#[test]
fn wanted_and_offered_are_matched_both_ways_by_the_stock_rules() {
    both(|url| {
        let world = world(url);
        let app = &world.app;
        let want = |n, region: &str, quantity, minimum| {
            let any = Specification { region: region.into(), ..Specification::default() };
            let mut draft = wanted(any, quantity);
            draft.asked.minimum = minimum;
            requests::draft_and_submit(app, &buys(n), &draft).unwrap().id
        };
        let (same, warned, never) =
            (want(1, "Central", 5, 1), want(2, "South", 5, 1), want(3, "North", 5, 1));
        let too_many = want(4, "Central", 50, 20);
        let mut draft = some(10);
        draft.specification = specification("Single Band", "Central");
        let app::offers::Drafted::Offer(id) = offers::draft(app, &world.south, &draft).unwrap()
        else {
            panic!()
        };
        offers::submit(app, &world.south, id, None).unwrap();
        offers::publish(app, &world.dcc, id, None).unwrap();
        let late = want(5, "South", 5, 1);
        let told = store::board::matches_of_offer(&mut app.db.read().unwrap(), id).unwrap();
        let told: Vec<_> = told.iter().map(|row| (row.request, row.warning.is_empty())).collect();
        assert_eq!(told, [(same, true), (warned, false), (late, false)]);
        assert!(!told.iter().any(|(request, _)| [never, too_many].contains(request)));
        is_sound(&world);
    });
}

#[test]
fn chosen_pallets_become_a_draft() {
    both(|url| {
        let world = world(url);
        let (app, north) = (&world.app, &world.north);
        let groups = excess::own(app, north, None).unwrap();
        let single = groups.iter().find(|g| g.specification.han_variant == "Single Band").unwrap();
        assert_eq!((single.hubs, single.pallets.len(), single.most_months()), (30, 2, 10));
        assert_eq!(single.fewest_days(), Some(1499));
        let picked: Vec<_> =
            single.pallets.iter().map(|pallet| excess::Picked::of(&pallet.stock)).collect();
        let how = excess::Offered::WithIds;
        let app::offers::Drafted::Offer(id) =
            excess::draft_offer(app, north, None, &picked, how).unwrap()
        else {
            panic!()
        };
        let row = load(&world, id);
        assert_eq!((row.terms.quantity, row.ids_file.is_some()), (30, true));
        assert_eq!(row.terms.location, "Leeds");
        let all: Vec<_> = groups
            .iter()
            .flat_map(|group| &group.pallets)
            .map(|pallet| excess::Picked::of(&pallet.stock))
            .collect();
        let how = excess::Offered::ByQuantity;
        let said = refusal(excess::draft_offer(app, north, None, &all, how));
        assert!(said.contains("one specification"), "{said}");
        assert!(refusal(excess::own(app, &world.south, Some(NORTHERN))).contains("There is no"));
        is_sound(&world);
    });
}

#[test]
fn an_offer_that_takes_no_requests_is_not_on_the_board() {
    both(|url| {
        let world = world(url);
        let app = &world.app;
        let (id, other) = (published(&world, &some(4)), published(&world, &some(5)));
        queue(&world, 1, id, 4);
        let listed = || -> Vec<_> {
            let found =
                app::board::offers(app, &buys(2), &BoardFilter::default(), app::pages::Part::FIRST)
                    .unwrap();
            found.items.into_iter().map(|listed| listed.row.id).collect()
        };
        assert_eq!(listed(), [other, id]);
        close(&world, id);
        assert_eq!(listed(), [other]);
    });
}

#[test]
fn the_exported_board_has_only_what_is_looked_for() {
    both(|url| {
        let world = world(url);
        let app = &world.app;
        published(&world, &some(4));
        for (n, region) in [(1, "North"), (2, "South"), (3, "")] {
            let mut draft = wanted(specification("Single Band", "North"), 10);
            draft.specification.region = region.into();
            requests::draft_and_submit(app, &buys(n), &draft).unwrap();
        }
        let filter = BoardFilter { region: "South".into(), ..BoardFilter::default() };
        let mut out = Vec::new();
        app::board::export(app, &buys(9), &filter, app::tables::Format::Csv, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let references: Vec<&str> =
            text.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
        // Whoever leaves the region open wants hubs of the South as well.
        assert_eq!(references, ["req-000003", "req-000002"]);
    });
}

#[test]
fn what_is_promised_or_listed_is_not_offered_from_the_excess_view_again() {
    both(|url| {
        let world = world(url);
        let (app, north) = (&world.app, &world.north);
        published(&world, &listed([1, 2]));
        let groups = excess::own(app, north, None).unwrap();
        let pallets: Vec<_> = groups
            .iter()
            .filter(|group| group.specification == specification("Single Band", "North"))
            .flat_map(|group| &group.pallets)
            .map(|pallet| (pallet.stock.pallet_id.as_str(), pallet.listed, pallet.can_be_offered))
            .collect();
        let mut sorted = pallets.clone();
        sorted.sort();
        assert_eq!(sorted, [("PAL1", 2, false), ("PAL2", 0, true)]);
        let first = groups
            .iter()
            .flat_map(|group| &group.pallets)
            .find(|pallet| pallet.stock.pallet_id == "PAL1")
            .map(|pallet| excess::Picked::of(&pallet.stock))
            .unwrap();
        let how = excess::Offered::ByQuantity;
        let said = refusal(excess::draft_offer(app, north, None, &[first], how));
        assert!(said.contains("lists hubs of the pallet PAL1"), "{said}");
        published(&world, &some(20));
        let groups = excess::own(app, north, None).unwrap();
        let pallets = groups.iter().flat_map(|group| &group.pallets);
        let second = pallets.into_iter().find(|pallet| pallet.stock.pallet_id == "PAL2").unwrap();
        assert!(!second.can_be_offered, "only eight of the thirty are free");
    });
}
