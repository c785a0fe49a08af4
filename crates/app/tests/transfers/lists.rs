//! Building the sender's list: each line is answered at once, and what does not belong stays out.

use app::tables::Format;
use app::transfers::{self, Class, ListKind};
use domain::transfers::Side;
use testkit::world::{both, on_sqlite};

use crate::world::*;

#[test]
fn what_does_not_belong_into_a_manifest_is_said_and_left_out() {
    both(|url| {
        let w = world(url);
        let other = w.arrived(30..=32);
        let id = w.confirmed(10);
        let scan = |code: &str| {
            let added =
                transfers::scan(&w.app, &w.north_warehouse, id, Side::Sender, code).unwrap();
            let answer = added.answers.into_iter().next().unwrap();
            (answer.class, answer.message, added.added)
        };
        let check = |code: &str, class: Class, says: &str| {
            let (found, message, added) = scan(code);
            assert_eq!(found, class, "{code}: {message}");
            assert!(message.contains(says), "{code}: {message}");
            assert_eq!(added, u64::from(class == Class::Good), "{code}");
        };
        let of = |n: u64| hub(n).to_string();
        check(&of(1), Class::Good, "Added");
        check(&of(1), Class::Duplicate, "already");
        check(&gpf(2).to_string(), Class::Wrong, &of(2));
        check(&gpf(101).to_string(), Class::Wrong, "use its hub's CHF ID");
        check(&of(101), Class::Wrong, "not the sender's stock");
        check(&of(999), Class::Unknown, "Not in the inventory");
        check("9.035E+13", Class::Unknown, "spreadsheet");
        check("PAL9", Class::Unknown, "No hub of yours");
        check(&of(72), Class::Wrong, "Commissioned");
        check(&of(70), Class::Wrong, "test hub");
        check(&of(71), Class::Wrong, "quarantined");
        check(&of(69), Class::Wrong, "installation end date");
        check(&of(30), Class::Wrong, &other.to_string());
        check(&of(61), Class::Wrong, "HAN variant");
        check(&of(65), Class::Wrong, "manufacturer and model");
        check(&of(73), Class::Wrong, "region");
        let paste = paste(2..=12);
        let added = transfers::add_text(&w.app, &w.north, id, Side::Sender, &paste).unwrap();
        assert_eq!((added.added, added.list.hubs, added.list.expected), (9, 10, 10));
        assert_eq!(added.of(Class::Wrong), 2);
        assert!(added.answers.last().unwrap().message.contains("One too many: 10 hubs"));
        let none = transfers::add_text(&w.app, &w.north, id, Side::Sender, "\n");
        assert_eq!(refused(none).0, "invalid");
    });
}

#[test]
fn a_list_with_a_row_that_no_sheet_has_is_refused() {
    on_sqlite(|url| {
        let w = world(url);
        let id = w.confirmed(10);
        let bomb = testkit::workbook::with_cell_at("A4294967294");
        let refused = transfers::add_file(&w.app, &w.north, id, Side::Sender, &bomb);
        assert!(refused.unwrap_err().to_string().contains("a row 4294967294"));
    });
}

#[test]
fn a_pallet_or_box_is_expanded_from_its_delivery_and_says_nothing_of_others() {
    both(|url| {
        let w = world(url);
        let id = w.confirmed(60);
        let scan = |code: &str| {
            transfers::scan(&w.app, &w.north_warehouse, id, Side::Sender, code).unwrap()
        };
        // PAL1 has 50 hubs, ten of them Western's.
        let added = scan("PAL1");
        assert_eq!((added.added, added.answers.len()), (40, 1), "{added:?}");
        assert_eq!(added.answers[0].message, "40 hubs of it were added.");
        let again = scan("PAL1");
        assert_eq!((again.added, again.answers[0].class), (0, Class::Duplicate));
        let added = scan("BOX4");
        assert_eq!(added.added, 9, "41 to 49; 40 was in it");
        // Of the third pallet most does not belong.
        let added = scan("PAL3");
        assert_eq!(added.added, 0);
        assert!(added.of(Class::Wrong) > 10);
        let file = "CommsHubID,PalletID,BoxID\r\n,PAL2,BOX5\r\n,PAL2,BOX6\r\n,,\r\n";
        let added =
            transfers::add_file(&w.app, &w.north, id, Side::Sender, file.as_bytes()).unwrap();
        assert_eq!((added.added, added.list.hubs), (11, 60));
        assert_eq!(added.of(Class::Unknown), 1);
        let view = transfers::dispatch(&w.app, &w.north, id, None, &leaving()).unwrap();
        assert_eq!(view.counts.dispatched, 60);
        w.is_sound();
    });
}

#[test]
fn a_manifest_comes_as_a_file_and_the_gpf_beside_an_id_must_be_its_own() {
    both(|url| {
        let w = world(url);
        let id = w.confirmed(5);
        let file = format!(
            "CommsHubID,GPFID\r\n{},{}\r\n{},{}\r\n{},\r\n{},\r\n",
            hub(1),
            gpf(1),
            hub(2),
            gpf(3),
            hub(4),
            hub(4)
        );
        let added =
            transfers::add_file(&w.app, &w.north, id, Side::Sender, file.as_bytes()).unwrap();
        let classes: Vec<Class> = added.answers.iter().map(|a| a.class).collect();
        assert_eq!(classes, [Class::Good, Class::Wrong, Class::Good, Class::Duplicate]);
        assert_eq!(added.answers.iter().map(|a| a.line).collect::<Vec<_>>(), [2, 3, 4, 5]);
        let wrong = "CommsHubID,Colour\r\n1,red\r\n";
        let wrong = transfers::add_file(&w.app, &w.north, id, Side::Sender, wrong.as_bytes());
        assert!(refused(wrong).1.contains("Colour"));
        let mut out = Vec::new();
        transfers::answers_table(&added.answers, Format::Csv, Box::new(&mut out)).unwrap();
        assert_eq!(String::from_utf8(out).unwrap().lines().count(), 5);
    });
}

#[test]
fn a_dispatch_is_checked_again_and_needs_its_papers() {
    both(|url| {
        let w = world(url);
        let id = w.confirmed(5);
        let dispatch = |given| transfers::dispatch(&w.app, &w.north, id, None, &given);
        assert!(refused(dispatch(leaving())).1.contains("The list is empty"));
        transfers::add_text(&w.app, &w.north, id, Side::Sender, &paste(1..=4)).unwrap();
        assert!(refused(dispatch(leaving())).1.contains("4 hubs and 5 were agreed"));
        let fewer = transfers::Dispatch { fewer_is_meant: true, ..leaving() };
        let without = transfers::Dispatch { carrier: " ".into(), ..fewer.clone() };
        assert!(refused(dispatch(without)).1.contains("carrier"));
        let tomorrow = transfers::Dispatch { on: "2026-11-24".parse().unwrap(), ..fewer.clone() };
        assert!(refused(dispatch(tomorrow)).1.contains("not later than today"));
        // One is installed after it was scanned.
        w.install(2);
        let (kind, message) = refused(dispatch(fewer.clone()));
        assert_eq!(kind, "invalid");
        assert!(message.contains(&hub(2).to_string()) && message.contains("Commissioned"));
        transfers::remove(&w.app, &w.north, id, Side::Sender, &hubs([2])).unwrap();
        assert_eq!(dispatch(fewer).unwrap().counts.dispatched, 3);
        assert_eq!(refused(dispatch(leaving())).0, "wrong-state");
        w.is_sound();
    });
}

#[test]
fn a_hub_is_in_one_open_transfer() {
    both(|url| {
        let w = world(url);
        let (first, second) = (w.confirmed(3), w.confirmed(3));
        for id in [first, second] {
            transfers::add_text(&w.app, &w.north, id, Side::Sender, &paste(1..=3)).unwrap();
        }
        transfers::dispatch(&w.app, &w.north, first, None, &leaving()).unwrap();
        let again = transfers::dispatch(&w.app, &w.north, second, None, &leaving());
        assert!(refused(again).1.contains(&first.to_string()));
        assert_eq!(w.held(), 3);
    });
}

#[test]
fn lists_go_out_as_tables_and_come_back() {
    both(|url| {
        let w = world(url);
        let id = w.confirmed(12);
        transfers::scan(&w.app, &w.north, id, Side::Sender, "BOX1").unwrap();
        let table = |actor, kind, format| {
            let mut out = Vec::new();
            let name =
                transfers::table(&w.app, actor, id, kind, format, Box::new(&mut out)).unwrap();
            (name, out)
        };
        let (name, manifest) = table(&w.north, ListKind::Manifest, Format::Csv);
        assert_eq!(name, format!("{id}_manifest.csv"));
        let text = String::from_utf8(manifest).unwrap();
        assert!(text.starts_with("CommsHubID,PalletID,BoxID\r\n") && text.contains(",PAL1,BOX1"));
        let hidden = transfers::table(
            &w.app,
            &w.south,
            id,
            ListKind::Manifest,
            Format::Csv,
            Box::new(std::io::sink()),
        );
        assert_eq!(refused(hidden).0, "not-found", "what is not dispatched is the sender's alone");
        transfers::add_text(&w.app, &w.north, id, Side::Sender, &paste(1..=2)).unwrap();
        transfers::dispatch(&w.app, &w.north, id, None, &leaving()).unwrap();
        transfers::arrive(&w.app, &w.south, id, None, &arrival()).unwrap();
        // The receipt goes out blank, and comes back as it is.
        let (_, blank) = table(&w.south, ListKind::Receipt, Format::Xlsx);
        let added = transfers::add_file(&w.app, &w.south, id, Side::Receiver, &blank).unwrap();
        assert_eq!((added.added, added.of(Class::Good)), (12, 12));
        transfers::receive(&w.app, &w.south, id, None, None).unwrap();
        let (_, lines) = table(&w.auditor, ListKind::Lines, Format::Csv);
        let text = String::from_utf8(lines).unwrap();
        assert_eq!(text.lines().filter(|line| line.contains(",Match,ready,")).count(), 12);
        let (_, waiting) = table(&w.north, ListKind::Waiting, Format::Csv);
        assert_eq!(String::from_utf8(waiting).unwrap().lines().count(), 1);
        let (_, receipt) = table(&w.north, ListKind::Receipt, Format::Csv);
        assert_eq!(String::from_utf8(receipt).unwrap().matches(",Accepted,").count(), 12);
    });
}
