//! Files that can't be read, or not to their end.

use std::io::{self, Read};

use app::transfer_files::{self, Found, Submission};
use domain::refusal::RefusalKind;
use domain::transfer_files::State;
use testkit::world::{both, on_sqlite};

use crate::world::*;

/// The word for why a file of this name and content is refused whole.
fn refusal(app: &app::App, name: &str, bytes: &[u8]) -> String {
    let submission = Submission { name: name.to_owned(), all_or_nothing: false };
    match transfer_files::check(app, &submission, bytes.to_vec(), &mut Vec::new()).unwrap().found {
        Found::Refused(refused) => {
            let message = &refused.message;
            assert!(message.ends_with(['.', '?']), "{message}");
            refused.word.to_owned()
        }
        Found::Answered(summary) => format!("{:?}", summary.counts),
    }
}

#[test]
fn a_file_that_is_no_transfer_file_is_refused_whole() {
    both(|url| {
        let app = world(url);
        let check = |bytes: &[u8], word: &str| {
            assert_eq!(refusal(&app, "transfer.csv", bytes), word);
            let id = submit(&app, "transfer.csv", bytes);
            let view = view(&app, id);
            assert_eq!(view.state, State::FailedValidation, "{word}");
            assert!(view.refusal.is_some());
            assert_eq!(view.refusal_word.as_deref(), Some(word));
            assert!(transfer_files::Refused::words().any(|(known, _)| known == word), "{word}");
        };
        let utf16: Vec<u8> = "CommsHubID,NewServiceUserReference\r\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        check(&utf16, "encoding");
        check(&[b"\xFF\xFE".as_slice(), &utf16].concat(), "encoding");
        check(b"CommsHubID,NewServiceUserReference\r\nM\xFCller,SOU1\r\n", "encoding");
        check(b"CommsHubID,NewServiceUserReference\r\n\"00-DB,SOU1\r\n", "encoding");
        check(b"", "empty");
        check(b"\xEF\xBB\xBF", "empty");
        check(b"CommsHubID,NewServiceUserReference\r\n\r\n", "no-lines");
        check(b"CommsHubID\r\n00\r\n", "columns");
        check(b"CommsHubID,CommsHubID,NewServiceUserReference\r\n", "columns");
        check(b"CommsHubID,NewServiceUserReference,Colour\r\n", "columns");
        check(b"PK\x03\x04 is no workbook", "workbook");
        let mut long = b"CommsHubID,NewServiceUserReference\r\n".to_vec();
        long.resize(long.len() + (1 << 20), b'7');
        check(&long, "encoding");
    });
}

#[test]
fn a_controlled_file_as_a_workbook_is_refused_with_its_own_words() {
    both(|url| {
        let app = world(url);
        let csv = String::from_utf8(controlled(1, ("NOR1", "SOU1"), &[hub(1)])).unwrap();
        let mut workbook = rust_xlsxwriter::Workbook::new();
        let sheet = workbook.add_worksheet();
        for (row, line) in (0..).zip(csv.lines()) {
            for (column, field) in (0..).zip(line.split(',')) {
                sheet.write(row, column, field).unwrap();
            }
        }
        let bytes = workbook.save_to_buffer().unwrap();
        for name in ["any.xlsx", CONTROLLED_NAME] {
            assert_eq!(refusal(&app, name, &bytes), "controlled-sheet");
        }
    });
}

#[test]
fn a_summary_lists_a_bounded_number_of_pairs_and_counts_the_rest() {
    on_sqlite(|url| {
        let app = world(url);
        let mut text = String::from("CommsHubID,NewServiceUserReference\r\n");
        text.push_str(&format!("{},SOU1\r\n", hub(1)));
        for n in 0..1_200 {
            text.push_str(&format!("{},NO-SUCH-{n}\r\n", hub(2)));
        }
        let summary = view(&app, submit(&app, "swapped.csv", text.as_bytes())).summary.unwrap();
        assert_eq!(summary.by_party.len(), 500);
        assert_eq!((summary.by_party[0].to.as_str(), summary.by_party[0].moves), ("SOU1", 1));
        let more = summary.more_pairs.unwrap();
        assert_eq!((more.pairs, more.lines, more.moves), (701, 701, 0));
    });
}

#[test]
fn a_nul_byte_is_a_malformed_id_and_nothing_worse() {
    both(|url| {
        let app = world(url);
        let mut bytes = to("SOU1", [1]);
        bytes.extend_from_slice(b"00-DB-\0,SOU1\r\n");
        let id = submit(&app, "nul.csv", &bytes);
        assert_eq!(codes(&response(&app, id)), ["S00", "R01"]);
        authorise(&app, id);
        run_jobs(&app);
        assert_eq!(whose(&app, 1).0, 2);
    });
}

#[test]
fn a_controlled_file_that_was_changed_is_refused_whole() {
    on_sqlite(|url| {
        let app = world(url);
        let good = controlled(1, ("NOR1", "SOU1"), &[hub(1), hub(2)]);
        let text = String::from_utf8(good.clone()).unwrap();
        let check = |name: &str, text: &str, word: &str| {
            assert_eq!(refusal(&app, name, text.as_bytes()), word, "{text}");
        };
        check("transfer.csv", &text, "name");
        check(CONTROLLED_NAME, &text.replace(",1.0,", ",2.0,"), "version");
        check(CONTROLLED_NAME, &text.replace("TRL,2", "TRL,3"), "count");
        check(CONTROLLED_NAME, &text.replace("DTL,2", "DTL,3"), "numbering");
        check(CONTROLLED_NAME, &text.replace("-00-01,SOU1", "-00-04,SOU1"), "hash");
        check(CONTROLLED_NAME, &text.replace("-00-01,SOU1", "-00-01,MID1"), "hash");
        check(CONTROLLED_NAME, &text[text.find("DTL").unwrap()..], "header");
        let end = text.find("TRL").unwrap();
        check(CONTROLLED_NAME, &text[..end], "trailer");
        for cut in (0..text.len().min(200)).chain(end - 40..text.len() - 2) {
            let word = refusal(&app, CONTROLLED_NAME, &good[..cut]);
            assert!(!word.starts_with('{'), "cut at byte {cut}: {word}");
        }
    });
}

#[test]
fn a_file_over_the_limit_is_not_kept() {
    both(|url| {
        let app = world(url);
        let mut tx = app.db.write().unwrap();
        store::settings::put(&mut tx, "upload.most_mib", "1").unwrap();
        store::settings::put(&mut tx, "transfer_file.most_lines", "3").unwrap();
        tx.commit().unwrap();
        let submission = Submission { name: "big.csv".into(), all_or_nothing: false };
        let source = &mut io::repeat(b'7').take(5 << 20);
        let refused = transfer_files::submit(&app, &preparer(), submission, source).unwrap_err();
        assert_eq!(refused.refusal().unwrap().kind, RefusalKind::TooLarge);
        assert_eq!(entries(&app, "TransferFileReceived"), 0);
        assert_eq!(refusal(&app, "long.csv", &to("SOU1", 1..=4)), "too-many-lines");
    });
}

/// A client that goes away after so many bytes.
struct GoesAway<'a>(&'a [u8]);

impl Read for GoesAway<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::Error::new(io::ErrorKind::ConnectionReset, "the client has gone")),
            n => Ok(n),
        }
    }
}

#[test]
fn a_workbook_with_a_row_that_no_sheet_has_is_refused_whole() {
    on_sqlite(|url| {
        let app = world(url);
        let bomb = testkit::workbook::with_cell_at("A4294967294");
        assert_eq!(refusal(&app, "bomb.xlsx", &bomb), "workbook");
        let view = view(&app, submit(&app, "bomb.xlsx", &bomb));
        assert!(view.refusal.unwrap().contains("a row 4294967294"));
    });
}

#[test]
fn a_client_that_goes_away_leaves_nothing_behind() {
    both(|url| {
        let app = world(url);
        let bytes = to("SOU1", 1..=5);
        let submission = || Submission { name: "gone.csv".into(), all_or_nothing: false };
        let gone = transfer_files::submit(&app, &preparer(), submission(), &mut GoesAway(&bytes));
        assert!(matches!(gone, Err(app::Error::Io { .. })));
        assert_eq!(entries(&app, "TransferFileReceived"), 0);
        let sent =
            transfer_files::submit(&app, &preparer(), submission(), &mut &bytes[..]).unwrap();
        assert!(!sent.repeated);
    });
}

#[test]
fn a_workbook_is_answered_as_its_csv_is() {
    both(|url| {
        let app = world(url);
        let mut workbook = rust_xlsxwriter::Workbook::new();
        let sheet = workbook.add_worksheet();
        let rows = [
            ("CommsHubID".to_owned(), "NewServiceUserReference"),
            (hub(1).to_string(), "SOU1"),
            (String::new(), ""),
            (hub(28).to_string(), "SOU1"),
        ];
        for (row, (id, to)) in (0..).zip(&rows) {
            if !id.is_empty() {
                sheet.write_string(row, 0, id).unwrap();
                sheet.write_string(row, 1, *to).unwrap();
            }
        }
        sheet.write_number(4, 0, 9.035e13).unwrap();
        sheet.write_string(4, 1, "SOU1").unwrap();
        let bytes = workbook.save_to_buffer().unwrap();
        let view = put_through(&app, "transfer.xlsx", &bytes);
        let answer = response(&app, view.id);
        assert_eq!(codes(&answer), ["S00", "R04", "R01"]);
        let lines: Vec<&str> =
            answer.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
        assert_eq!(lines, ["2", "4", "5"], "the rows of the sheet");
        assert_eq!(whose(&app, 1).0, 2);
    });
}

#[test]
fn an_upload_that_broke_off_is_dropped_a_day_later_and_nothing_else_is() {
    both(|url| {
        let app = world(url);
        let kept = submit(&app, "kept.csv", &to("SOU1", [1]));
        let mut tx = app.db.write().unwrap();
        let broken = store::files::begin(&mut tx, app.now()).unwrap();
        store::files::append(&mut tx, broken, 0, store::files::compress(b"half")).unwrap();
        tx.commit().unwrap();
        let chunks = || {
            let sql = "SELECT count(*) FROM file_chunks WHERE file = $1";
            let mut tx = app.db.read().unwrap();
            tx.one("count", sql, store::args![broken]).unwrap().get::<i64>(0)
        };
        app::tidy(&app).unwrap();
        assert_eq!(chunks(), 1);
        app.clock.set(app.now() + jiff::SignedDuration::from_hours(25));
        app::tidy(&app).unwrap();
        assert_eq!(chunks(), 0);
        assert_eq!(response(&app, kept).lines().count(), 2);
    });
}

/// More than a MiB when it is unpacked.
fn large_workbook(header: [&str; 2], lines: u32) -> Vec<u8> {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    for (column, name) in (0..).zip(header) {
        sheet.write_string(0, column, name).unwrap();
    }
    for n in 1..=lines {
        sheet.write_string(n, 0, hub(1 + u64::from(n)).to_string()).unwrap();
        sheet.write_string(n, 1, format!("SOU{}", n % 97)).unwrap();
    }
    workbook.save_to_buffer().unwrap()
}

#[test]
fn a_workbook_over_the_set_limit_is_refused_by_name_and_an_accepted_one_stays_so() {
    both(|url| {
        let app = world(url);
        let accepted = put_through(&app, "first.xlsx", &{
            let mut workbook = rust_xlsxwriter::Workbook::new();
            let sheet = workbook.add_worksheet();
            let rows = [["CommsHubID", "NewServiceUserReference"], [&hub(1).to_string(), "SOU1"]];
            for (row, cells) in (0..).zip(rows) {
                sheet.write_row(row, 0, cells).unwrap();
            }
            workbook.save_to_buffer().unwrap()
        });
        let bytes = large_workbook(["CommsHubID", "NewServiceUserReference"], 12_000);
        let before = submit(&app, "before.xlsx", &bytes);
        assert_eq!(view(&app, before).state, State::Validated);

        let admin = actor(3, &[domain::access::Role::SystemAdmin]);
        app::settings::change(&app, &admin, "upload.most_unpacked_mib", "1", None).unwrap();
        let again = large_workbook(["CommsHubID", "NewServiceUserReference"], 12_001);
        let refused = view(&app, submit(&app, "after.xlsx", &again));
        let said = "The workbook holds more than 1 MiB when it is unpacked. Save it as CSV UTF-8.";
        assert_eq!(refused.refusal.as_deref(), Some(said));
        assert_eq!(refused.refusal_word.as_deref(), Some("workbook"));

        authorise(&app, before);
        run_jobs(&app);
        assert_eq!(view(&app, before).state, State::PartApplied, "its limits were its check's");
        assert_eq!(response(&app, accepted.id).lines().count(), 2);
    });
}
