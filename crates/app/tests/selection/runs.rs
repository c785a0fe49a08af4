//! Runs: who gets what, who sees it, and what happens when something comes free.

use app::selection::{self, record};
use app::tables::Format;
use app::transfers::{self, Dispatch};
use domain::access::Actor;
use domain::ids::AllocationRunId;
use domain::requests::State as RequestState;
use domain::transfers::Side;
use store::args;
use testkit::world::both;

use crate::world::*;
use crate::{auditor, exported, given, in_force};

/// The offer's only run.
fn newest(world: &World, offer: domain::ids::OfferId) -> AllocationRunId {
    let mut tx = world.app.db.read().unwrap();
    store::selection::newest_run(&mut tx, offer).unwrap().expect("it was run").id
}

#[test]
fn the_deadline_runs_selection_and_opens_the_transfers() {
    both(|url| {
        let world = world(url);
        let offer = published(&world, &some(20));
        let (one, two, three) =
            (queue(&world, 1, offer, 12), queue(&world, 2, offer, 12), queue(&world, 3, offer, 5));
        close(&world, offer);
        let due = store::timers::of(&mut world.app.db.read().unwrap(), &offer.to_string()).unwrap();
        let select = due.iter().find(|row| row.what == "select").unwrap();
        world.app.clock.set(select.due_at);
        app::timers::pass(&world.app).unwrap();
        let run = newest(&world, offer);
        assert_eq!(
            given(&world, run),
            [(one.to_string(), 12), (two.to_string(), 8), (three.to_string(), 0)]
        );
        assert_eq!(load(&world, offer).allocated, 20);
        assert_eq!(load_request(&world, one).state, RequestState::Allocated);
        assert_eq!(load_request(&world, two).state, RequestState::PartAllocated);
        assert_eq!(load_request(&world, three).state, RequestState::Declined);
        let mut tx = world.app.db.read().unwrap();
        let sql = "SELECT request, quantity FROM transfers WHERE run = $1 ORDER BY id";
        let opened: Vec<(i64, i64)> =
            tx.all(sql, args![run]).unwrap().iter().map(|row| (row.get(0), row.get(1))).collect();
        assert_eq!(opened, [(one.0, 12), (two.0, 8)]);
        drop(tx);
        is_sound(&world);
    });
}

#[test]
fn selection_is_run_once_and_only_over_what_has_closed() {
    both(|url| {
        let world = world(url);
        let offer = published(&world, &some(8));
        queue(&world, 1, offer, 8);
        let run = |actor: &Actor| selection::run(&world.app, actor, offer);
        assert!(refusal(run(&world.dcc)).contains("still takes requests"));
        assert!(refusal(run(&world.north)).contains("role does not allow"));
        close(&world, offer);
        let waits = selection::waiting(&world.app, &world.dcc).unwrap();
        assert_eq!((waits.len(), waits[0].offer, waits[0].requests), (1, offer, 1));
        assert!(waits[0].due_at.is_some());
        app::offers::suspend(&world.app, &world.dcc, offer, None, "a question").unwrap();
        assert!(refusal(run(&world.dcc)).contains("its state is Suspended"));
        app::offers::resume(&world.app, &world.dcc, offer, None).unwrap();
        let first = run(&world.dcc).unwrap();
        assert!(refusal(run(&world.dcc)).contains(&format!("look at {first}")));
        assert!(selection::waiting(&world.app, &world.dcc).unwrap().is_empty());
        is_sound(&world);
    });
}

#[test]
fn no_more_is_given_than_the_party_still_has() {
    both(|url| {
        let world = world(url);
        // All that Northern has of it: hubs 1 to 32 without those installed and quarantined.
        let offer = published(&world, &some(30));
        queue(&world, 1, offer, 30);
        close(&world, offer);
        for n in 10..20 {
            app::inventory::quarantine(&world.app, &world.dcc, &hub(n), None, "wet").unwrap();
        }
        let run = selection::run(&world.app, &world.dcc, offer).unwrap();
        assert_eq!(given(&world, run)[0].1, 20);
        is_sound(&world);
    });
}

#[test]
fn each_sees_what_is_its_own_to_see() {
    both(|url| {
        let world = world(url);
        let offer = published(&world, &some(8));
        queue(&world, 1, offer, 8);
        queue(&world, 2, offer, 8);
        close(&world, offer);
        let run = selection::run(&world.app, &world.dcc, offer).unwrap();
        let seen = |actor: &Actor| -> Vec<(Option<String>, bool, i64)> {
            let view = selection::get_run(&world.app, actor, run).unwrap();
            let line = |l: selection::LineView| (l.party.map(|(_, name)| name), l.is_own, l.given);
            view.lines.into_iter().map(line).collect()
        };
        let name = |text: &str| Some(text.to_owned());
        assert_eq!(
            seen(&auditor(&world)),
            [(name("Buyer 1 Ltd"), false, 8), (name("Buyer 2 Ltd"), false, 0)]
        );
        assert_eq!(seen(&world.north), [(name("Buyer 1 Ltd"), false, 8), (None, false, 0)]);
        assert_eq!(seen(&buys(2)), [(None, false, 8), (name("Buyer 2 Ltd"), true, 0)]);
        for other in [&buys(3), &world.south] {
            assert!(selection::get_run(&world.app, other, run).is_err());
            assert!(
                selection::list_runs(&world.app, other, None, None, 10).unwrap().items.is_empty()
            );
            // What is published names nobody, so everybody may work it out again.
            assert_eq!(exported(&world, other, run), exported(&world, &world.dcc, run));
        }
        let mut public = Vec::new();
        selection::public_record(&world.app, run, &mut public).unwrap();
        assert_eq!(public, exported(&world, &world.dcc, run));
        assert_eq!(selection::public_runs(&world.app, None, 10).unwrap().items.len(), 1);
        let offering = |actor: &Actor| {
            let view = selection::get_run(&world.app, actor, run).unwrap();
            view.offering.map(|(_, name)| name)
        };
        assert_eq!(offering(&buys(1)).as_deref(), Some("Northern Light Ltd"));
        assert_eq!(offering(&buys(2)), None, "who was given nothing is not told whose it was");
        assert_eq!(
            selection::list_runs(&world.app, &buys(2), None, None, 10).unwrap().items.len(),
            1
        );
        let text = String::from_utf8(exported(&world, &buys(2), run)).unwrap();
        assert!(!text.contains("Buyer") && !text.contains("pty-"), "no Party is named: {text}");

        let folder = tempfile_path();
        let out = std::fs::File::create(&folder).unwrap();
        selection::explanation(&world.app, &buys(2), run, Format::Csv, Box::new(out)).unwrap();
        let table = std::fs::read_to_string(&folder).unwrap();
        std::fs::remove_file(&folder).unwrap();
        let head = "run,policyVersion,rank,request,receivedAt,asked,given,reason\r\n\
                    alr-000001,pol-000001,1,req-000001,2026-11-23T18:00:20Z,8,8,All that";
        assert!(table.starts_with(head), "{table}");
    });
}

fn tempfile_path() -> std::path::PathBuf {
    let name = format!("explanation-{:?}.csv", std::thread::current().id());
    std::env::temp_dir().join(format!("{}-{name}", std::process::id()))
}

#[test]
fn what_lapses_goes_to_the_next_and_not_back() {
    both(|url| {
        let world = world(url);
        let offer = published(&world, &some(10));
        let (one, two) = (queue(&world, 1, offer, 10), queue(&world, 2, offer, 6));
        let three = queue(&world, 3, offer, 6);
        close(&world, offer);
        let first = selection::run(&world.app, &world.dcc, offer).unwrap();
        assert_eq!(given(&world, first)[0], (one.to_string(), 10));
        // Two working days to confirm; nobody does.
        let due = store::timers::of(&mut world.app.db.read().unwrap(), "trf-000001").unwrap();
        world.app.clock.set(due.iter().find(|row| row.what == "confirm").unwrap().due_at);
        app::timers::pass(&world.app).unwrap();
        assert_eq!(load_request(&world, one).state, RequestState::Lapsed);
        let second = newest(&world, offer);
        assert_ne!(first, second);
        assert_eq!(given(&world, second), [(two.to_string(), 6), (three.to_string(), 4)]);
        let view = selection::get_run(&world.app, &world.dcc, second).unwrap();
        assert_eq!(view.previous, Some(first));
        // Those that have a part wait for the rest of it, unless they let their own part lapse.
        let transfers: Vec<_> = {
            let mut tx = world.app.db.read().unwrap();
            let sql = "SELECT id FROM transfers WHERE run = $1 ORDER BY id";
            tx.all(sql, args![second]).unwrap().iter().map(|row| row.get(0)).collect()
        };
        let cancel = |id| transfers::cancel(&world.app, &buys(2), id, None, "no room").unwrap();
        cancel(transfers[0]);
        let third = newest(&world, offer);
        assert_eq!(given(&world, third), [(three.to_string(), 2)]);
        assert_eq!(load_request(&world, three).allocated, 6);
        assert_eq!(load(&world, offer).allocated, 6);
        is_sound(&world);
    });
}

#[test]
fn what_the_sender_does_not_dispatch_is_its_offers_again() {
    both(|url| {
        let world = world(url);
        let app = &world.app;
        let offer = published(&world, &some(10));
        let (one, two) = (queue(&world, 1, offer, 8), queue(&world, 2, offer, 6));
        close(&world, offer);
        selection::run(app, &world.dcc, offer).unwrap();
        let id = "trf-000001".parse().unwrap();
        transfers::confirm(app, &world.north, id, None, None).unwrap();
        transfers::confirm(app, &world.dcc, id, None, Some(Side::Receiver)).unwrap();
        let ids: Vec<String> = (9..=13).map(hub).collect();
        let added = transfers::add_text(app, &world.north, id, Side::Sender, &ids.join("\n"));
        assert_eq!(added.unwrap().added, 5);
        let leaving = Dispatch {
            on: domain::timers::british_day(app.now()),
            carrier: "Swift Haulage".into(),
            consignment_note: "CN-1".into(),
            seals: String::new(),
            fewer_is_meant: true,
            list_version: None,
        };
        transfers::dispatch(app, &world.north, id, None, &leaving).unwrap();
        let now = load_request(&world, one);
        assert_eq!((now.state, now.allocated), (RequestState::PartAllocated, 5));
        // The sender has no more of them, so they do not go on to the next.
        assert_eq!(load_request(&world, two).allocated, 2);
        assert_eq!(load(&world, offer).allocated, 7);
        is_sound(&world);
    });
}

#[test]
fn steps_chain_and_the_facts_are_those_of_the_closing() {
    both(|url| {
        let world = world(url);
        let policy = in_force(&world, "priority-no-allocation: 30 days\npro-rata");
        let first = published(&world, &some(8));
        queue(&world, 1, first, 8);
        close(&world, first);
        selection::run(&world.app, &world.dcc, first).unwrap();
        let second = published(&world, &some(9));
        assert_eq!(load(&world, second).policy, Some(policy));
        let (one, two) = (queue(&world, 1, second, 9), queue(&world, 2, second, 4));
        let three = queue(&world, 3, second, 4);
        close(&world, second);
        let run = selection::run(&world.app, &world.dcc, second).unwrap();
        let expected = [(two.to_string(), 4), (three.to_string(), 4), (one.to_string(), 1)];
        assert_eq!(given(&world, run), expected);
        is_sound(&world);
    });
}

#[test]
fn a_changed_record_or_line_is_found() {
    both(|url| {
        let world = world(url);
        let offer = published(&world, &some(10));
        queue(&world, 1, offer, 10);
        queue(&world, 2, offer, 10);
        close(&world, offer);
        let run = selection::run(&world.app, &world.dcc, offer).unwrap();
        let document = exported(&world, &world.dcc, run);
        let text = String::from_utf8(document).unwrap();
        let checked = record::check(text.replace("\"given\": 10", "\"given\": 9").as_bytes());
        assert!(!checked.unwrap().differences.is_empty());
        is_sound(&world);
        let mut tx = world.app.db.write().unwrap();
        tx.batch("UPDATE allocation_lines SET given = 9 WHERE given = 10").unwrap();
        tx.commit().unwrap();
        let verdict = app::journal::verify(&world.app, None, &mut |_, _| ()).unwrap();
        let said: Vec<String> = verdict.problems.iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains("allocation_lines"), "{said:?}");
    });
}

/// What stands open of an offer: left of it, closing and state.
fn takes_requests(world: &World, offer: domain::ids::OfferId) -> bool {
    load(world, offer).facts().takes_requests(world.app.now())
}

#[test]
fn what_selection_leaves_takes_requests_again_and_is_selected_again() {
    both(|url| {
        let world = world(url);
        in_force(&world, "lottery");
        let offer = published(&world, &some(20));
        let asks = |n: i64, quantity: i64| {
            let asked = domain::requests::Asked { minimum: quantity, ..asking(quantity) };
            let draft = app::requests::Draft { asked, ..request_for(offer, quantity) };
            app::requests::draft_and_submit(&world.app, &buys(n), &draft).unwrap().id
        };
        let one = asks(1, 12);
        let too_much = queue(&world, 2, offer, 20);
        let three = asks(3, 15);
        app::requests::withdraw(&world.app, &buys(2), too_much, None, "").unwrap();
        let commitment = || {
            let mut tx = world.app.db.read().unwrap();
            store::selection::commitment(&mut tx, offer).unwrap().unwrap().commitment
        };
        let before = commitment();
        let seen = app::offers::get(&world.app, &buys(9), offer).unwrap();
        let shown: String = before.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(seen.commitment, Some(shown), "every Party sees it before the draw");
        assert!(seen.runs.is_empty() && seen.row.policy.is_some());
        close(&world, offer);
        let first = selection::run(&world.app, &world.dcc, offer).unwrap();
        let asked = app::requests::get(&world.app, &buys(1), one).unwrap();
        assert_eq!(asked.runs, [first]);
        let whole = app::offers::get(&world.app, &world.north, offer).unwrap();
        assert_eq!((whole.runs, whole.transfers.len()), (vec![first], 1));
        let given_first: u64 = given(&world, first).iter().map(|(_, hubs)| hubs).sum();
        assert!(given_first == 12 || given_first == 15);
        assert!(takes_requests(&world, offer));
        assert_ne!(commitment(), before, "the secret of the first is published");
        let left = load(&world, offer).left();
        assert!(refusal(selection::run(&world.app, &world.dcc, offer)).contains("still takes"));
        let four = queue(&world, 4, offer, 3);
        // What comes free goes to who waited before, with the seed and the closing of the first.
        let lost = if load_request(&world, one).allocated > 0 { (1, one) } else { (3, three) };
        let transfer = {
            let mut tx = world.app.db.read().unwrap();
            let sql = "SELECT id FROM transfers WHERE request = $1";
            tx.one("transfer", sql, args![lost.1]).unwrap().get(0)
        };
        transfers::cancel(&world.app, &buys(lost.0), transfer, None, "no room").unwrap();
        let next = newest(&world, offer);
        let record = |run| record::check(&exported(&world, &world.dcc, run)).unwrap().record;
        assert_eq!(record(next).lottery, record(first).lottery);
        assert_eq!(record(next).offer.closed_at, record(first).offer.closed_at);
        assert_eq!(given(&world, next).len(), 1);
        assert!(takes_requests(&world, offer) && left > 0);
        close(&world, offer);
        assert_eq!(selection::waiting(&world.app, &world.dcc).unwrap().len(), 1);
        let second = selection::run(&world.app, &world.dcc, offer).unwrap();
        assert_eq!(record(second).previous, Some(next.to_string()));
        assert_eq!(given(&world, second), [(four.to_string(), 3)]);
        assert_ne!(record(second).lottery, record(first).lottery);
        let view = selection::get_run(&world.app, &world.dcc, first).unwrap();
        assert_eq!(view.commitment, record(first).lottery.map(|lottery| lottery.commitment));
        is_sound(&world);
    });
}

#[test]
fn what_is_left_of_an_offer_whose_party_set_its_closing_day_is_free() {
    both(|url| {
        let world = world(url);
        let closing = app::offers::Draft {
            terms: domain::offers::Terms { closes_on: "2026-11-24".parse().ok(), ..terms(30) },
            ..some(30)
        };
        let offer = published(&world, &closing);
        queue(&world, 1, offer, 10);
        close(&world, offer);
        selection::run(&world.app, &world.dcc, offer).unwrap();
        assert_eq!(load(&world, offer).state, domain::offers::State::Closed);
        // The twenty are free, the ten are not.
        let has = app::offers::options(&world.app, &world.north, None).unwrap();
        assert_eq!(has.iter().find(|(s, _)| s.han_variant == "Single Band").unwrap().1.free, 20);
        is_sound(&world);
    });
}

#[test]
fn what_came_free_while_an_offer_was_suspended_goes_to_the_next_when_it_is_resumed() {
    both(|url| {
        let world = world(url);
        let offer = published(&world, &some(10));
        queue(&world, 1, offer, 6);
        let draft = app::requests::Draft {
            asked: domain::requests::Asked { minimum: 8, ..asking(8) },
            ..request_for(offer, 8)
        };
        let two = app::requests::draft_and_submit(&world.app, &buys(2), &draft).unwrap().id;
        close(&world, offer);
        selection::run(&world.app, &world.dcc, offer).unwrap();
        assert_eq!(load_request(&world, two).allocated, 0);
        app::offers::suspend(&world.app, &world.dcc, offer, None, "a question").unwrap();
        let first = domain::ids::TransferId(1);
        transfers::cancel(&world.app, &buys(1), first, None, "no room").unwrap();
        assert_eq!(load_request(&world, two).allocated, 0);
        app::offers::resume(&world.app, &world.dcc, offer, None).unwrap();
        assert_eq!(load_request(&world, two).allocated, 8);
        assert!(takes_requests(&world, offer), "two are left");
        is_sound(&world);
    });
}
