//! The transfer file of a transfer, and other files that touch its hubs.

use app::transfer_files::{self, GenerateRequest, Submission};
use app::transfers;
use domain::ids::TransferFileId;
use domain::transfers::{LineState, State};
use testkit::world::both;

use crate::world::*;

/// Submits a file made elsewhere, and answers what its validation counts.
fn submitted(w: &World, name: &str, bytes: &[u8]) -> (TransferFileId, Vec<(String, u64)>) {
    let submission = Submission { name: name.into(), all_or_nothing: false };
    let id = transfer_files::submit(&w.app, &w.logistics, submission, &mut &bytes[..]).unwrap().id;
    w.run_jobs();
    let summary = transfer_files::get(&w.app, &w.logistics, id).unwrap().summary.unwrap();
    (id, summary.counts.into_iter().collect())
}

fn minimal(numbers: impl IntoIterator<Item = u64>, to: &str) -> Vec<u8> {
    let mut text = String::from("CommsHubID,NewServiceUserReference\r\n");
    for n in numbers {
        text.push_str(&format!("{},{to}\r\n", hub(n)));
    }
    text.into_bytes()
}

/// A controlled file of hubs for a reference, as DCC logistics makes one by hand.
fn controlled(
    w: &World,
    numbers: impl IntoIterator<Item = u64>,
    to: &str,
    reference: String,
) -> Vec<(String, u64)> {
    let request = GenerateRequest {
        ids: paste(numbers),
        to_reference: to.into(),
        reference,
        from_reference: None,
    };
    let made = transfer_files::generate_and_submit(&w.app, &w.logistics, &request, false);
    let (_, sent) = made.unwrap().unwrap();
    w.run_jobs();
    let view = transfer_files::get(&w.app, &w.logistics, sent.id).unwrap();
    view.summary.unwrap().counts.into_iter().collect()
}

fn counts(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
    expected.iter().map(|(code, n)| ((*code).to_owned(), *n)).collect()
}

#[test]
fn a_file_is_bound_to_both_lists_and_needs_two_people() {
    both(|url| {
        let w = world(url);
        let id = w.received(1..=5);
        let view = transfers::prepare(&w.app, &w.logistics, id, None).unwrap();
        assert_eq!(view.state, State::Completing);
        let file = view.transfer_file.unwrap();
        let sql = "SELECT payload FROM journal WHERE kind = 'TransferFilePrepared'";
        let row = w.app.db.read().unwrap().one("entry", sql, &[]).unwrap();
        let entry: String = row.get(0);
        assert!(entry.contains(&view.dispatched.unwrap().manifest_sha256));
        assert!(entry.contains(&view.received.unwrap().receipt_sha256));
        w.run_jobs();
        let shown = transfer_files::get(&w.app, &w.logistics, file).unwrap();
        assert_eq!(shown.reference, id.to_string());
        assert_eq!((shown.from_reference.as_str(), shown.to_reference.as_str()), ("NOR1", "SOU1"));
        let own = domain::access::Actor {
            roles: vec![domain::access::Role::DccAuthoriser],
            ..w.logistics.clone()
        };
        let own = transfer_files::authorise(&w.app, &own, file, None);
        assert_eq!(refused(own).0, "same-person");
        assert_eq!(refused(transfers::prepare(&w.app, &w.logistics, id, None)).0, "wrong-state");
        transfer_files::authorise(&w.app, &w.authoriser, file, None).unwrap();
        w.run_jobs();
        let view = w.view(id);
        assert_eq!((view.state, view.counts.moved, w.held()), (State::Completed, 5, 0));
        assert!(w.lines(id).values().all(|line| line.code == "S00"));
        w.is_sound();
    });
}

#[test]
fn lines_of_a_file_that_came_to_nothing_wait_for_another() {
    both(|url| {
        let w = world(url);
        let id = w.received(1..=3);
        let file = w.prepared(id);
        transfer_files::reject(&w.app, &w.authoriser, file, None, "not today").unwrap();
        let view = w.view(id);
        assert_eq!((view.state, view.counts.ready), (State::Reconciled, 3));
        assert_eq!(w.open_deadlines(id)[0].0, "prepare");
        let file = w.prepared(id);
        transfer_files::withdraw(&w.app, &w.logistics, file, None, "again").unwrap();
        assert_eq!(w.view(id).state, State::Reconciled);
        assert_eq!(w.moved(id).state, State::Completed);
        w.is_sound();
    });
}

#[test]
fn other_files_do_not_touch_the_hubs_of_an_open_transfer() {
    both(|url| {
        let w = world(url);
        let id = w.arrived(1..=3);
        let (file, found) = submitted(&w, "other.csv", &minimal(1..=4, "WES1"));
        assert_eq!(found, counts(&[("R06", 3), ("S00", 1)]));
        let mut answer = Vec::new();
        transfer_files::response(&w.app, &w.logistics, file, &mut answer).unwrap();
        assert!(String::from_utf8(answer).unwrap().contains(&id.to_string()));
        // The same hubs in the name of their own transfer, before anybody has received them.
        let found = controlled(&w, 1..=3, "SOU1", id.to_string());
        assert_eq!(found, counts(&[("R05", 3)]));
        transfers::start_from_manifest(&w.app, &w.south, id).unwrap();
        transfers::remove(&w.app, &w.south, id, domain::transfers::Side::Receiver, &hubs([3]))
            .unwrap();
        transfers::receive(&w.app, &w.south, id, None, None).unwrap();
        // To somebody else, with a hub that waits, and with one that is not of it.
        assert_eq!(controlled(&w, 1..=2, "WES1", id.to_string()), counts(&[("R05", 2)]));
        let found = controlled(&w, 1..=4, "SOU1", id.to_string());
        assert_eq!(found, counts(&[("R05", 2), ("S00", 2)]));
        assert_eq!(controlled(&w, 5..=6, "SOU1", "trf-000999".into()), counts(&[("R05", 2)]));
        assert_eq!(controlled(&w, 5..=6, "SOU1", "SOLR-1".into()), counts(&[("S00", 2)]));
    });
}

#[test]
fn what_changes_between_check_and_apply_waits_again() {
    both(|url| {
        let w = world(url);
        let id = w.received(1..=4);
        let file = w.prepared(id);
        transfer_files::authorise(&w.app, &w.authoriser, file, None).unwrap();
        w.install(1);
        app::inventory::quarantine(&w.app, &w.logistics, &hub(2).to_string(), None, "dropped")
            .unwrap();
        w.run_jobs();
        let view = w.view(id);
        assert_eq!(view.state, State::CompletedWithExceptions);
        assert_eq!((view.counts.moved, view.counts.waiting), (2, 2));
        let lines = w.lines(id);
        let of = |n| (lines[&hub(n)].state, lines[&hub(n)].code.as_str());
        assert_eq!((of(1), of(2)), ((LineState::Waiting, "R04"), (LineState::Waiting, "R09")));
        app::inventory::release(&w.app, &w.logistics, &hub(2).to_string(), None, "fine").unwrap();
        let how = domain::transfers::Correction::CheckAgain;
        transfers::correct(&w.app, &w.south, id, None, &hubs([2]), how, "").unwrap();
        assert_eq!(w.moved(id).counts.moved, 3);
        w.is_sound();
    });
}

#[test]
fn a_file_made_elsewhere_completes_the_transfer_that_it_names() {
    both(|url| {
        let w = world(url);
        let id = w.received(1..=3);
        controlled(&w, 1..=3, "SOU1", id.to_string());
        let files = transfer_files::list(&w.app, &w.logistics, &Default::default(), None, 10);
        let file = files.unwrap().items[0].id;
        transfer_files::authorise(&w.app, &w.authoriser, file, None).unwrap();
        w.run_jobs();
        let view = w.view(id);
        assert_eq!((view.state, view.transfer_file), (State::Completed, Some(file)));
        w.is_sound();
    });
}

#[test]
fn nothing_of_a_transfer_moves_while_it_is_on_hold() {
    both(|url| {
        let w = world(url);
        let id = w.received(1..=3);
        transfers::hold(&w.app, &w.logistics, id, None, "SoLR").unwrap();
        assert_eq!(controlled(&w, 1..=3, "SOU1", id.to_string()), counts(&[("R05", 3)]));
        assert_eq!(refused(transfers::prepare(&w.app, &w.logistics, id, None)).0, "wrong-state");
        transfers::release(&w.app, &w.logistics, id, None).unwrap();
        assert_eq!(w.moved(id).state, State::Completed);
        w.is_sound();
    });
}

#[test]
fn the_table_of_end_dates_counts_beside_the_hubs_own() {
    both(|url| {
        let w = world(url);
        let id = w.received(1..=2);
        w.ends("2026-11-01");
        w.moved(id);
        assert_eq!(w.lines(id)[&hub(1)].code, "S00+W10");
        w.is_sound();
    });
}
