//! Requesting: what can be asked for, and the race for the last of it.

use std::thread;

use app::journal::By;
use app::{offers, requests, timers};
use domain::offers::Specification;
use domain::requests::{Asked, State};
use testkit::world::both;

use crate::world::*;

#[test]
fn what_cannot_be_asked_for_is_refused_with_its_reason() {
    both(|url| {
        let world = world(url);
        let app = &world.app;
        let mut draft = some(20);
        draft.terms.minimum_lot = 5;
        let id = published(&world, &draft);
        let ask = |actor: &domain::access::Actor, quantity| {
            refusal(requests::draft_and_submit(app, actor, &request_for(id, quantity)))
        };
        assert!(ask(&buys(1), 4).contains("minimum lot"));
        assert!(ask(&buys(1), 21).contains("20 hubs are left"));
        assert!(ask(&world.north, 5).contains("your own offer"));
        assert!(ask(&world.east, 5).contains("not allowed to hold hubs"));
        let unpublished = drafted(&world, &some(1));
        let hidden = request_for(unpublished, 1);
        assert!(refusal(requests::draft(app, &buys(1), &hidden)).contains("no such offer"));
        let central = Specification { region: "Central".into(), ..Specification::default() };
        let elsewhere = requests::Draft { specification: central, ..request_for(id, 5) };
        let said = refusal(requests::draft(app, &buys(1), &elsewhere));
        assert!(said.contains("the region is North, not Central"), "{said}");
        queue(&world, 1, id, 5);
        assert!(ask(&buys(1), 5).contains("Withdraw that one first"));
        at(&world, "2026-12-01T00:00:00Z");
        assert!(ask(&buys(2), 5).contains("no more requests"));
        is_sound(&world);
    });
}

#[test]
fn a_request_waits_in_the_order_in_which_it_was_received() {
    both(|url| {
        let world = world(url);
        let app = &world.app;
        let id = published(&world, &some(20));
        let early = requests::draft(app, &buys(3), &request_for(id, 5)).unwrap();
        let first = queue(&world, 1, id, 20);
        let second = queue(&world, 2, id, 20);
        requests::submit(app, &buys(3), early.id, Some(early.version)).unwrap();
        let queued = store::requests::queued(&mut app.db.read().unwrap(), id).unwrap();
        let order: Vec<_> = queued.iter().map(|request| request.id).collect();
        assert_eq!(order, [first, second, early.id]);
        assert_eq!(requests::get(app, &buys(2), second).unwrap().place, Some(2));
        assert!(refusal(requests::get(app, &buys(1), second)).contains("There is no request"));
        requests::withdraw(app, &buys(1), first, None, "").unwrap();
        assert_eq!(requests::get(app, &buys(2), second).unwrap().place, Some(1));
        let own =
            requests::list(app, &buys(2), &Default::default(), app::pages::Part::FIRST).unwrap();
        assert_eq!(own.items.len(), 1);
        let all =
            requests::list(app, &world.dcc, &Default::default(), app::pages::Part::FIRST).unwrap();
        assert_eq!(all.items.len(), 3);
        is_sound(&world);
    });
}

#[test]
fn of_64_requests_in_one_instant_for_the_last_pallet_one_gets_it() {
    both(|url| {
        let world = world(url);
        let mut draft = some(16);
        (draft.terms.minimum_lot, draft.terms.full_pallets) = (16, true);
        let id = published(&world, &draft);
        let received: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (1..=BUYERS)
                .map(|n| {
                    let app = world.app.clone();
                    scope.spawn(move || {
                        requests::draft_and_submit(&app, &buys(n), &request_for(id, 16))
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap().unwrap().id).collect()
        });
        assert_eq!(received.len(), 64);
        let given: usize = thread::scope(|scope| {
            let threads: Vec<_> = received
                .iter()
                .map(|request| {
                    let app = world.app.clone();
                    scope.spawn(move || {
                        let mut tx = app.db.write().unwrap();
                        let given = [(*request, 16, "the last pallet".to_owned())];
                        let done = offers::allocate(&mut tx, &app, By::SYSTEM, id, &given);
                        if done.is_ok() {
                            tx.commit().unwrap();
                        }
                        done
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| match thread.join().unwrap() {
                    Ok(()) => 1,
                    Err(error) => {
                        assert!(error.refusal().unwrap().message.contains("0 hubs are left"));
                        0
                    }
                })
                .sum()
        });
        assert_eq!(given, 1);
        let row = load(&world, id);
        assert_eq!((row.allocated, row.state), (16, domain::offers::State::FullyAllocated));
        is_sound(&world);
    });
}

#[test]
fn withdrawing_while_selection_runs_ends_one_way_or_the_other() {
    both(|url| {
        let world = world(url);
        for n in 1..=8 {
            let id = published(&world, &some(2));
            let request = queue(&world, n, id, 2);
            let (app, north) = (&world.app, &world.north);
            let (allocated, withdrawn) = thread::scope(|scope| {
                let selection = scope.spawn(|| {
                    let mut tx = app.db.write().unwrap();
                    let given = [(request, 2, "first".to_owned())];
                    let done = offers::allocate(&mut tx, app, By::SYSTEM, id, &given);
                    if done.is_ok() {
                        tx.commit().unwrap();
                    }
                    done.is_ok()
                });
                let withdrawal =
                    scope.spawn(|| offers::withdraw(app, north, id, None, "no longer").is_ok());
                (selection.join().unwrap(), withdrawal.join().unwrap())
            });
            assert!(allocated != withdrawn);
            let state = load_request(&world, request).state;
            assert_eq!(state, if allocated { State::Allocated } else { State::Lapsed });
        }
        is_sound(&world);
    });
}

#[test]
fn a_wanted_request_becomes_one_for_an_offer_and_the_rest_stays_wanted() {
    both(|url| {
        let world = world(url);
        let app = &world.app;
        let specification = specification("Single Band", "North");
        let want = requests::draft_and_submit(app, &buys(1), &wanted(specification, 50)).unwrap();
        assert_eq!(want.state, State::Submitted);
        let id = published(&world, &some(20));
        let told = store::board::matches_of_request(&mut app.db.read().unwrap(), want.id).unwrap();
        assert_eq!((told.len(), told[0].offer, told[0].warning.as_str()), (1, id, ""));
        let turned = requests::turn(app, &buys(1), want.id, None, id, (20, 10)).unwrap();
        assert_eq!((turned.state, turned.asked.quantity), (State::Queued, 20));
        let open = app::board::wanted(app, &buys(2), app::pages::Part::FIRST).unwrap().items;
        assert_eq!((open.len(), open[0].row.asked.quantity), (1, 30));
        assert_eq!((open[0].party.as_deref(), open[0].row.asked.location.as_str()), (None, ""));
        assert!(
            refusal(requests::turn(app, &buys(1), want.id, None, id, (1, 1)))
                .contains("submitted now")
        );
        is_sound(&world);
    });
}

#[test]
fn what_is_wanted_lapses_after_the_day_by_which_it_is_needed() {
    both(|url| {
        let world = world(url);
        let app = &world.app;
        let want = |n: i64, needed_by: &str| {
            let draft = wanted(specification("Triple Band", "South"), 50);
            let asked = Asked { needed_by: needed_by.parse().ok(), ..draft.asked.clone() };
            let draft = requests::Draft { asked, ..draft };
            requests::draft_and_submit(app, &buys(n), &draft).unwrap().id
        };
        let (dated, open, moved) = (want(1, "2026-12-01"), want(2, ""), want(3, "2026-12-01"));
        let withdrawn = want(4, "2026-12-01");
        let later = requests::Draft {
            asked: Asked { needed_by: "2026-12-05".parse().ok(), ..asking(50) },
            ..wanted(specification("Triple Band", "South"), 50)
        };
        requests::change(app, &buys(3), moved, None, &later).unwrap();
        requests::withdraw(app, &buys(4), withdrawn, None, "").unwrap();
        at(&world, "2026-12-02T00:00:00Z");
        timers::pass(app).unwrap();
        let states = || [dated, open, moved].map(|id| load_request(&world, id).state);
        assert_eq!(states(), [State::Lapsed, State::Submitted, State::Submitted]);
        let reason = load_request(&world, dated).reason.unwrap();
        assert_eq!(reason, "Nothing came by 1 December 2026, when it was needed.");
        // Sixty days after 23 November, for who names no day.
        at(&world, "2027-01-22T23:59:59Z");
        timers::pass(app).unwrap();
        assert_eq!(states(), [State::Lapsed, State::Submitted, State::Lapsed]);
        at(&world, "2027-01-23T00:00:00Z");
        timers::pass(app).unwrap();
        assert_eq!(states(), [State::Lapsed; 3]);
        assert_eq!(load_request(&world, withdrawn).state, State::Withdrawn);
        is_sound(&world);
    });
}
