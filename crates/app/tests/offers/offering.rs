//! Offering: what a Party has, and what becomes of an offer.

use std::thread;

use app::offers::{self, Draft, Drafted, Listing, Seen};
use app::{requests, timers, transfers};
use domain::ids::TransferId;
use domain::offers::{Firmware, State, Terms};
use domain::refusal::RefusalKind;
use domain::requests::State as RequestState;
use domain::transfers::Side;
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
        let said = entries.iter().filter(|entry| entry.what.contains("in time")).count();
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
        // Whoever asked in time is served, however late the clock comes to it.
        at(&world, "2027-01-23T00:00:01Z");
        for _ in 0..5 {
            timers::pass(app).unwrap();
        }
        assert!(load(&world, ignored).state.is_on_the_board());
        at(&world, "2027-02-23T00:00:01Z");
        for _ in 0..5 {
            timers::pass(app).unwrap();
        }
        assert_eq!(
            (load(&world, ignored).state, load(&world, ignored).allocated),
            (State::Closed, 1)
        );
        is_sound(&world);
    });
}

#[test]
fn an_offer_that_expires_as_it_closes_is_selected_first() {
    both(|url| {
        let world = world(url);
        let app = &world.app;
        let until = |day: &str| Draft {
            terms: Terms { available_until: day.parse().ok(), ..terms(10) },
            ..some(10)
        };
        // Its last day is the day on which it closes.
        let id = published(&world, &until("2026-11-30"));
        let nobodys = published(&world, &until("2026-11-25"));
        let row = load(&world, id);
        assert_eq!(row.closes_at, row.expires_at);
        let request = queue(&world, 1, id, 4);
        world.app.clock.set(row.expires_at.unwrap());
        timers::pass(app).unwrap();
        assert_eq!(load(&world, nobodys).state, State::Expired);
        assert_eq!(load_request(&world, request).state, RequestState::Queued);
        let deadlines = store::timers::of(&mut app.db.read().unwrap(), &id.to_string()).unwrap();
        let open: Vec<_> = deadlines.iter().filter(|d| d.settled_at.is_none()).collect();
        assert_eq!((open.len(), open[0].what.as_str()), (1, "select"));
        world.app.clock.set(open[0].due_at);
        timers::pass(app).unwrap();
        assert_eq!(load_request(&world, request).allocated, 4);
        assert_eq!(load(&world, id).state, State::Closed);
        is_sound(&world);
    });
}

#[test]
fn two_offers_never_give_more_than_their_party_has() {
    both(|url| {
        let world = world(url);
        let (app, dcc) = (&world.app, &world.dcc);
        let (one, two) = (published(&world, &some(15)), published(&world, &some(15)));
        let (first, second) = (queue(&world, 1, one, 15), queue(&world, 2, two, 15));
        // Of the 30 only 20 are left.
        for n in 17..27 {
            app::inventory::quarantine(app, dcc, &hub(n), None, "wet").unwrap();
        }
        close(&world, one);
        app::selection::run(app, dcc, one).unwrap();
        app::selection::run(app, dcc, two).unwrap();
        assert_eq!(load_request(&world, first).allocated, 15);
        assert_eq!(load_request(&world, second).allocated, 5);
        is_sound(&world);
    });
}

#[test]
fn an_offer_that_lists_its_hubs_gives_only_these() {
    both(|url| {
        let world = world(url);
        let (app, north, dcc) = (&world.app, &world.north, &world.dcc);
        let id = published(&world, &listed([1, 2, 5, 6]));
        let request = queue(&world, 1, id, 4);
        // There are other hubs of this specification, but one of these is wet.
        app::inventory::quarantine(app, dcc, &hub(5), None, "wet").unwrap();
        close(&world, id);
        app::selection::run(app, dcc, id).unwrap();
        assert_eq!(load_request(&world, request).allocated, 3);
        // A change of what it says is no reason to look at the list again.
        let row = load(&world, id);
        let change = Draft {
            listing: Listing::AsItIs,
            terms: Terms { notes: "By the gate".into(), ..row.terms.clone() },
            ..some(4)
        };
        offers::change(app, north, id, None, &change).unwrap();
        let held = || {
            let holder = store::held_hubs::Holder::Offer(id);
            store::held_hubs::of(&mut app.db.read().unwrap(), holder).unwrap().len()
        };
        offers::close(app, north, id, None, "").unwrap();
        assert_eq!(held(), 4, "its transfer waits for them");
        let transfer = {
            let mut tx = app.db.read().unwrap();
            let sql = "SELECT id FROM transfers WHERE offer = $1";
            tx.one("transfer", sql, store::args![id]).unwrap().get(0)
        };
        app::transfers::cancel(app, &buys(1), transfer, None, "no room").unwrap();
        assert_eq!(held(), 0);
        is_sound(&world);
    });
}

#[test]
fn another_last_day_moves_the_end_of_a_published_offer() {
    both(|url| {
        let world = world(url);
        let (app, north) = (&world.app, &world.north);
        let id = published(&world, &some(10));
        let until = |day: &str| Draft {
            terms: Terms { available_until: day.parse().ok(), ..terms(10) },
            ..some(10)
        };
        offers::change(app, north, id, None, &until("2026-11-26")).unwrap();
        let row = load(&world, id);
        let end = "2026-11-27T00:00:00Z";
        let ends = |at: Option<jiff::Timestamp>| at.unwrap().to_string();
        assert_eq!((ends(row.closes_at), ends(row.expires_at)), (end.into(), end.into()));
        offers::change(app, north, id, None, &until("2027-03-01")).unwrap();
        let row = load(&world, id);
        // Sixty days after its publication is still the last.
        assert_eq!(ends(row.expires_at), "2027-01-23T00:00:00Z");
        let due = store::timers::of(&mut app.db.read().unwrap(), &id.to_string()).unwrap();
        let due = |what: &str| due.iter().find(|d| d.what == what).unwrap().due_at;
        assert_eq!(
            (due("close"), due("expire")),
            (row.closes_at.unwrap(), row.expires_at.unwrap())
        );
        is_sound(&world);
    });
}

#[test]
fn a_part_given_offer_is_changed_without_another_look_at_its_firmware() {
    both(|url| {
        let world = world(url);
        let (app, north, dcc) = (&world.app, &world.north, &world.dcc);
        let mixed = |quantity| Draft {
            firmware: Firmware::from([("2.3".to_owned(), 8), ("2.4".to_owned(), quantity - 8)]),
            ..some(quantity)
        };
        let id = published(&world, &mixed(20));
        queue(&world, 1, id, 10);
        close(&world, id);
        app::selection::run(app, dcc, id).unwrap();
        for n in 1..=12 {
            if ![3, 4].contains(&n) {
                app::inventory::quarantine(app, dcc, &hub(n), None, "wet").unwrap();
            }
        }
        let noted =
            Draft { terms: Terms { notes: "By the gate".into(), ..terms(20) }, ..mixed(20) };
        offers::change(app, north, id, None, &noted).unwrap();
        offers::change(app, north, id, None, &Draft { firmware: Firmware::new(), ..some(12) })
            .unwrap();
        assert_eq!((load(&world, id).left(), load(&world, id).terms.quantity), (2, 12));
        is_sound(&world);
    });
}

#[test]
fn a_party_that_is_no_longer_active_neither_offers_nor_is_given_anything() {
    both(|url| {
        let world = world(url);
        let (app, north, dcc) = (&world.app, &world.north, &world.dcc);
        let (draft, submitted) = (drafted(&world, &some(2)), drafted(&world, &some(3)));
        offers::submit(app, north, submitted, None).unwrap();
        let (id, others) = (published(&world, &some(4)), published(&world, &some(5)));
        let (one, two) = (queue(&world, 1, id, 4), queue(&world, 1, others, 2));
        let three = queue(&world, 2, others, 2);
        set_party(&world, "BUYER1,Buyer 1 Ltd,Small Supplier,,,BUY1,Suspended,Y");
        close(&world, others);
        app::selection::run(app, dcc, others).unwrap();
        assert_eq!(load_request(&world, two).allocated, 0);
        assert_eq!(load_request(&world, three).allocated, 2);
        let mut tx = app.db.write().unwrap();
        let by = app::journal::By::SYSTEM;
        let given = [(one, 4, "first".to_owned())];
        let said = refusal(offers::allocate(&mut tx, app, by, id, &given));
        assert!(said.contains("not active"), "{said}");
        drop(tx);
        set_party(&world, "BUYER1,Buyer 1 Ltd,Small Supplier,,,BUY1,Active,Y");
        set_party(&world, "NORTHERN,Northern Light Ltd,Large Supplier,,,NOR1,Suspended,Y");
        assert!(refusal(offers::submit(app, north, draft, None)).contains("not active"));
        assert!(refusal(offers::publish(app, dcc, submitted, None)).contains("not active"));
        app::selection::run(app, dcc, id).unwrap();
        assert_eq!(load_request(&world, one).allocated, 0);
        set_party(&world, "NORTHERN,Northern Light Ltd,Large Supplier,,,NOR1,Active,N");
        assert!(refusal(offers::submit(app, north, draft, None)).contains("not allowed to hold"));
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

#[test]
fn only_the_hubs_that_an_offer_lists_are_dispatched() {
    both(|url| {
        let world = world(url);
        let (app, north, dcc) = (&world.app, &world.north, &world.dcc);
        let id = published(&world, &listed([1, 2, 5, 6]));
        queue(&world, 1, id, 3);
        close(&world, id);
        app::selection::run(app, dcc, id).unwrap();
        let transfer = TransferId(1);
        let role = domain::access::Role::StockManager;
        let action = domain::access::Action::AgreeTransfers;
        let receiver = person(app, "buyer@example.org", role, Some("BUYER1"), action);
        for who in [north, &receiver] {
            transfers::confirm(app, who, transfer, None, None).unwrap();
        }
        // One of the four became wet since; hub 7 is alike and is none of them.
        app::inventory::quarantine(app, dcc, &hub(2), None, "wet").unwrap();
        let added = transfers::add_text(app, north, transfer, Side::Sender, &hub(7)).unwrap();
        assert_eq!(
            added.answers[0].message,
            "The offer off-000001 lists its hubs, and this is none of them."
        );
        let list = transfers::start_from_offer(app, north, transfer).unwrap();
        assert_eq!((list.hubs, list.expected, list.offer_lists), (3, 3, true));
        let entries =
            transfers::list_entries(app, north, transfer, Side::Sender, None, 10).unwrap();
        let hubs: Vec<String> = entries.items.iter().map(|entry| entry.hub.to_string()).collect();
        assert_eq!(hubs, [hub(1), hub(5), hub(6)]);
        // An offer that has ended keeps its hubs until they are dispatched.
        offers::close(app, north, id, None, "").unwrap();
        let dispatch = transfers::Dispatch {
            on: domain::timers::british_day(app.now()),
            carrier: "Carrier".into(),
            consignment_note: "CN1".into(),
            seals: String::new(),
            fewer_is_meant: false,
            list_version: None,
        };
        transfers::dispatch(app, north, transfer, None, &dispatch).unwrap();
        let holder = store::held_hubs::Holder::Offer(id);
        assert!(store::held_hubs::of(&mut app.db.read().unwrap(), holder).unwrap().is_empty());
        is_sound(&world);
    });
}

#[test]
fn what_a_deactivated_person_began_is_ended_by_others() {
    both(|url| {
        let world = world(url);
        let (app, dcc) = (&world.app, &world.dcc);
        let role = domain::access::Role::StockManager;
        let manage = domain::access::Action::ManageOffers;
        let second = person(app, "second@example.org", role, Some("NORTHERN"), manage);
        let draft = drafted(&world, &listed([1, 2, 5]));
        let id = published(&world, &some(4));
        let asked = queue(&world, 1, id, 4);
        let people = domain::access::Action::ManagePeople;
        let admin = app::sign_in::actor_by_email(app, "admin@example.org", people, None).unwrap();
        let target = world.north.user.into();
        app::people::deactivate(app, &admin, target, "left the company").unwrap();
        let again = app::sign_in::actor_by_email(app, "north@example.org", manage, None);
        assert!(again.is_err(), "who was deactivated does nothing more");
        offers::submit(app, &second, draft, None).unwrap();
        offers::withdraw(app, &second, draft, None, "we need them").unwrap();
        close(&world, id);
        app::selection::run(app, dcc, id).unwrap();
        assert_eq!(load_request(&world, asked).allocated, 4);
        let by = offers::history(app, &second, id).unwrap();
        assert_eq!(by.last().unwrap().who, "A Person");
        is_sound(&world);
    });
}
