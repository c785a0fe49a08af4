//! Offering: what a Party has, and what becomes of an offer.

use std::thread;

use app::offers::{self, Draft, Drafted, Listing, Seen};
use app::{requests, timers};
use domain::offers::{Firmware, State};
use domain::refusal::RefusalKind;
use testkit::world::both;

use crate::world::*;

/// What is wrong with a list, by line.
fn mistakes(world: &World, draft: &Draft) -> Vec<(u32, String)> {
    match offers::draft(&world.app, &world.north, draft).unwrap() {
        Drafted::Offer(id) => panic!("{id} was drafted"),
        Drafted::Mistakes(mistakes) => {
            mistakes.into_iter().map(|mistake| (mistake.line, mistake.message)).collect()
        }
    }
}

#[test]
fn eligible_stock_is_counted_without_what_cannot_move() {
    both(|url| {
        let world = world(url);
        let options = offers::options(&world.app, &world.north, None).unwrap();
        let counted: Vec<_> = options
            .iter()
            .map(|(specification, has)| (specification.han_variant.as_str(), has.free))
            .collect();
        // Without the installed, the quarantined, the expired and the test hubs.
        assert_eq!(counted, [("Dual Band", 4), ("Single Band", 30), ("Triple Band", 4)]);
        assert_eq!(
            options[1].1.eligible,
            Firmware::from([("2.3".to_owned(), 14), ("2.4".to_owned(), 16)])
        );
    });
}

#[test]
fn nobody_offers_more_than_is_there_and_free() {
    both(|url| {
        let world = world(url);
        let (app, north) = (&world.app, &world.north);
        assert!(refusal(offers::draft(app, north, &some(31))).contains("Enter at most 30"));
        let first = published(&world, &some(20));
        assert!(refusal(offers::draft(app, north, &some(11))).contains("Enter at most 10"));
        let mixed = Draft {
            firmware: Firmware::from([("2.3".to_owned(), 1), ("2.4".to_owned(), 9)]),
            ..some(10)
        };
        let second = drafted(&world, &mixed);
        let third = drafted(&world, &some(10));
        offers::submit(app, north, second, None).unwrap();
        assert!(refusal(offers::submit(app, north, third, None)).contains("at most 0"));
        offers::withdraw(app, north, first, None, "sold the warehouse").unwrap();
        offers::submit(app, north, third, None).unwrap();
        let too_new = Draft { firmware: Firmware::from([("2.4".to_owned(), 10)]), ..some(10) };
        let said = refusal(offers::draft(app, north, &too_new));
        assert!(said.contains("firmware breakdown has 10 hubs of 2.4; 7"), "{said}");
        is_sound(&world);
    });
}

#[test]
fn each_id_that_cannot_be_offered_is_answered() {
    both(|url| {
        let world = world(url);
        let text = [hub(1), gpf(2), hub(3), hub(4), hub(33), hub(41), hub(101), hub(9999), hub(42)]
            .join("\n");
        let draft = Draft { listing: Listing::Ids(text.into_bytes()), ..some(1) };
        let found = mistakes(&world, &draft);
        let expected = [
            (2, format!("This is a Gas Proxy Function; its hub's CHF ID is {}.", hub(2))),
            (3, "Its SMI status is Commissioned since 1 March 2026; only Pending hubs can be offered.".into()),
            (4, "It is in quarantine. Ask DCC logistics to release it first.".into()),
            (5, "Its installation end date was 22 November 2026; return it to the DCC.".into()),
            (6, "It is a test hub, which never moves.".into()),
            (7, "There is no such hub in this Party's stock.".into()),
            (8, "There is no such hub in this Party's stock.".into()),
            (9, "It is of Meterworks, CH-1, Dual Band, LRR, North, and the first of the list of \
                 Meterworks, CH-1, Single Band, LRR, North. Make an offer for each specification."
                .into()),
        ];
        assert_eq!(found, expected);
        let twice = Draft {
            listing: Listing::Ids(format!("CommsHubID\n{0}\n{0}\n9.035E+13\n", hub(1)).into()),
            ..some(1)
        };
        let lines: Vec<u32> = mistakes(&world, &twice).iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [3, 4]);
        let nothing = Draft { listing: Listing::Ids(Vec::new()), ..some(1) };
        assert!(
            refusal(offers::draft(&world.app, &world.north, &nothing)).contains("at least one")
        );
    });
}

#[test]
fn listed_ids_are_reserved_from_submitting_to_the_end() {
    both(|url| {
        let world = world(url);
        let (app, north) = (&world.app, &world.north);
        let first = drafted(&world, &listed([1, 2, 5]));
        let second = drafted(&world, &listed([5, 6]));
        let row = offers::submit(app, north, first, None).unwrap();
        assert_eq!((row.state, row.terms.quantity), (State::Submitted, 3));
        let said = refusal(offers::submit(app, north, second, None));
        assert!(said.contains("1 of the 2 device IDs") && said.contains(&first.to_string()));
        let (hubs, wrong) = offers::list_of(app, north, second).unwrap();
        assert_eq!((hubs.len(), wrong.len(), wrong[0].line), (2, 1, 2));
        offers::return_to_party(app, &world.dcc, first, None, "say where it is").unwrap();
        offers::submit(app, north, second, None).unwrap();
        assert!(refusal(offers::submit(app, north, first, None)).contains("1 of the 3"));
        is_sound(&world);
    });
}

#[test]
fn the_database_itself_keeps_a_hub_out_of_two_offers() {
    both(|url| {
        let world = world(url);
        let id = drafted(&world, &listed([1]));
        offers::submit(&world.app, &world.north, id, None).unwrap();
        let mut tx = world.app.db.write().unwrap();
        let held = store::held_hubs::of(&mut tx, store::held_hubs::Holder::Offer(id)).unwrap();
        let holder = store::held_hubs::Holder::Transfer(domain::ids::TransferId(1));
        let twice = store::held_hubs::hold(&mut tx, holder, NORTHERN, &[held[0].key()]);
        assert!(twice.is_err());
    });
}

#[test]
fn an_offer_lives_as_its_states_say() {
    both(|url| {
        let world = world(url);
        let (app, north, dcc) = (&world.app, &world.north, &world.dcc);
        let id = drafted(&world, &some(20));
        assert_eq!(load(&world, id).state, State::Draft);
        assert!(offers::publish(app, dcc, id, None).is_err());
        assert_eq!(
            offers::publish(app, north, id, None).unwrap_err().refusal().unwrap().kind,
            RefusalKind::NotAllowed
        );
        offers::submit(app, north, id, Some(1)).unwrap();
        let stale = offers::withdraw(app, north, id, Some(1), "no").unwrap_err();
        assert_eq!(stale.refusal().unwrap().kind, RefusalKind::OutOfDate);
        offers::return_to_party(app, dcc, id, None, "add the packaging").unwrap();
        assert_eq!(load(&world, id).reason.as_deref(), Some("add the packaging"));
        offers::change(app, north, id, None, &some(10)).unwrap();
        offers::submit(app, north, id, None).unwrap();
        let row = offers::publish(app, dcc, id, None).unwrap();
        // Five working days on, by their end; sixty calendar days on.
        assert_eq!(row.closes_at.unwrap().to_string(), "2026-12-01T00:00:00Z");
        assert_eq!(row.expires_at.unwrap().to_string(), "2027-01-23T00:00:00Z");
        offers::suspend(app, dcc, id, None, "a question").unwrap();
        assert!(
            refusal(requests::draft_and_submit(app, &buys(1), &request_for(id, 1)))
                .contains("no more requests")
        );
        offers::resume(app, dcc, id, None).unwrap();
        let request = queue(&world, 1, id, 4);
        offers::withdraw(app, north, id, None, "we need it ourselves").unwrap();
        assert_eq!(load_request(&world, request).state, domain::requests::State::Lapsed);
        assert!(refusal(offers::withdraw(app, north, id, None, "again")).contains("withdrawn"));
        is_sound(&world);
    });
}

#[test]
fn what_is_allocated_stays_offered() {
    both(|url| {
        let world = world(url);
        let (app, north) = (&world.app, &world.north);
        let id = published(&world, &some(20));
        let (first, second) = (queue(&world, 1, id, 12), queue(&world, 2, id, 8));
        let mut tx = app.db.write().unwrap();
        let by = app::journal::By::SYSTEM;
        let given = [(first, 12, "first".to_owned()), (second, 0, "later".to_owned())];
        offers::allocate(&mut tx, app, by, id, &given).unwrap();
        tx.commit().unwrap();
        assert_eq!(
            (load(&world, id).state, load(&world, id).allocated),
            (State::PartAllocated, 12)
        );
        assert!(refusal(offers::change(app, north, id, None, &some(11))).contains("at least 12"));
        assert!(refusal(offers::withdraw(app, north, id, None, "no")).contains("Close the offer"));
        offers::change(app, north, id, None, &some(15)).unwrap();
        let mut tx = app.db.write().unwrap();
        let more = [(second, 4, "what came free".to_owned())];
        let said = refusal(offers::allocate(&mut tx, app, by, id, &more));
        assert!(said.contains("3 hubs are left"), "{said}");
        offers::allocate(&mut tx, app, by, id, &[(second, 3, "the rest".to_owned())]).unwrap();
        tx.commit().unwrap();
        assert_eq!(load(&world, id).state, State::FullyAllocated);
        let mut tx = app.db.write().unwrap();
        offers::give_back(&mut tx, app, by, id, first, 12).unwrap();
        tx.commit().unwrap();
        assert_eq!((load(&world, id).state, load(&world, id).allocated), (State::PartAllocated, 3));
        assert_eq!(load_request(&world, first).state, domain::requests::State::Lapsed);
        offers::close(app, north, id, None, "").unwrap();
        assert_eq!(load(&world, id).state, State::Closed);
        is_sound(&world);
    });
}

#[test]
fn stock_that_is_gone_is_not_allocated() {
    both(|url| {
        let world = world(url);
        let (app, dcc) = (&world.app, &world.dcc);
        let id = published(&world, &some(30));
        let request = queue(&world, 1, id, 30);
        app::inventory::quarantine(app, dcc, &hub(1), None, "dented").unwrap();
        let mut tx = app.db.write().unwrap();
        assert_eq!(offers::allocatable(&mut tx, app, id).unwrap(), 29);
        let all = [(request, 30, "all".to_owned())];
        let by = app::journal::By::SYSTEM;
        let said = refusal(offers::allocate(&mut tx, app, by, id, &all));
        assert!(said.contains("29 left that are eligible"), "{said}");
    });
}

#[test]
fn the_clock_ends_what_people_leave() {
    both(|url| {
        let world = world(url);
        let (app, north) = (&world.app, &world.north);
        let forgotten = drafted(&world, &some(1));
        offers::submit(app, north, forgotten, None).unwrap();
        let (asked_for, ignored) = (published(&world, &some(2)), published(&world, &some(3)));
        queue(&world, 1, asked_for, 2);
        let overdue = "2026-11-26T00:00:01Z";
        at(&world, overdue);
        timers::pass(app).unwrap();
        timers::pass(app).unwrap();
        let entries = offers::history(app, north, forgotten).unwrap();
        let said = entries.iter().filter(|(_, _, text)| text.contains("in time")).count();
        assert_eq!((said, load(&world, forgotten).state), (1, State::Submitted));
        at(&world, "2026-12-01T00:00:01Z");
        timers::pass(app).unwrap();
        assert!(load(&world, asked_for).requests_closed_at.is_some());
        let moved = load(&world, ignored);
        assert_eq!(moved.requests_closed_at, None);
        assert_eq!(moved.closes_at.unwrap().to_string(), "2026-12-09T00:00:00Z");
        assert!(
            refusal(requests::draft_and_submit(app, &buys(2), &request_for(asked_for, 1)))
                .contains("no more requests")
        );
        queue(&world, 2, ignored, 1);
        let select = store::timers::of(&mut app.db.read().unwrap(), &asked_for.to_string());
        let select = select.unwrap().into_iter().find(|row| row.what == "select").unwrap();
        assert_eq!(select.due_at.to_string(), "2026-12-05T00:00:00Z");
        at(&world, "2027-01-23T00:00:01Z");
        let mut expired = load(&world, ignored);
        for _ in 0..5 {
            timers::pass(app).unwrap();
            expired = load(&world, ignored);
        }
        assert_eq!(expired.state, State::Expired);
        is_sound(&world);
    });
}

#[test]
fn another_party_sees_what_the_board_shows_until_it_is_matched() {
    both(|url| {
        let world = world(url);
        let app = &world.app;
        let id = published(&world, &listed([1, 2]));
        let own = offers::get(app, &world.north, id).unwrap();
        assert_eq!((own.seen, own.row.terms.location.as_str()), (Seen::Whole, "Unit 4, Leeds"));
        let board = offers::get(app, &buys(1), id).unwrap();
        assert_eq!((board.seen, board.party, board.demand), (Seen::Board, None, None));
        assert_eq!(board.row.terms.location, "");
        assert!(refusal(offers::list_of(app, &buys(1), id)).contains("There is no"));
        let request = queue(&world, 1, id, 2);
        let mut tx = app.db.write().unwrap();
        let by = app::journal::By::SYSTEM;
        offers::allocate(&mut tx, app, by, id, &[(request, 2, "first".to_owned())]).unwrap();
        tx.commit().unwrap();
        let matched = offers::get(app, &buys(1), id).unwrap();
        assert_eq!(matched.party.as_deref(), Some("Northern Light Ltd"));
        assert_eq!(matched.row.terms.location, "Unit 4, Leeds");
        assert_eq!(offers::list_of(app, &buys(1), id).unwrap().0.len(), 2);
        assert_eq!(offers::get(app, &buys(2), id).unwrap().seen, Seen::Board);
        let draft = drafted(&world, &some(1));
        assert!(refusal(offers::get(app, &buys(1), draft)).contains("There is no offer"));
        assert!(
            refusal(offers::change(app, &world.south, draft, None, &some(2)))
                .contains("There is no offer")
        );
    });
}

#[test]
fn the_dcc_acts_for_a_party_and_both_are_kept() {
    both(|url| {
        let world = world(url);
        let app = &world.app;
        assert!(refusal(offers::draft(app, &world.dcc, &some(1))).contains("Choose the Party"));
        let draft = Draft { party: Some(NORTHERN), ..some(1) };
        let Drafted::Offer(id) = offers::draft(app, &world.dcc, &draft).unwrap() else { panic!() };
        let filter = store::journal::Filter {
            subject: Some(id.to_string()),
            ..store::journal::Filter::default()
        };
        let entries =
            store::journal::newest_named(&mut app.db.read().unwrap(), &filter, None, 10).unwrap();
        assert_eq!(entries[0].entry.actor, Some(world.dcc.user.0));
        assert_eq!(entries[0].entry.acted_for, Some(NORTHERN.0));
        let other = Draft { party: Some(SOUTHERN), ..some(1) };
        assert!(refusal(offers::draft(app, &world.north, &other)).contains("There is no Party"));
    });
}

#[test]
fn of_64_offers_in_one_instant_only_so_many_as_there_is_stock_are_submitted() {
    both(|url| {
        let world = world(url);
        let ids: Vec<_> = (0..64).map(|_| drafted(&world, &some(10))).collect();
        let submitted: usize = thread::scope(|scope| {
            let threads: Vec<_> = ids
                .iter()
                .map(|id| {
                    let (app, north) = (world.app.clone(), world.north.clone());
                    scope.spawn(move || offers::submit(&app, &north, *id, None))
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| match thread.join().unwrap() {
                    Ok(_) => 1,
                    Err(error) => {
                        assert!(error.refusal().unwrap().message.contains("at most 0"));
                        0
                    }
                })
                .sum()
        });
        assert_eq!(submitted, 3);
    });
}
