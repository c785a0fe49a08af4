//! The files that come out: rejected lines to send again, and files that are generated.

use app::transfer_files::{self, GenerateRequest, Generated, LineFilter};
use domain::ids::TransferFileId;
use domain::transfer_files::State;
use testkit::world::both;

use crate::world::*;

#[test]
fn rejected_lines_can_be_corrected_and_sent_again() {
    both(|url| {
        let app = world(url);
        let bytes = minimal(&[
            (hub(1).to_string(), "SOU1"),
            (hub(2).to_string(), "NONE"),
            ("\"'n/a\"".to_owned(), "SOU1"),
        ]);
        let view = put_through(&app, "mixed.csv", &bytes);
        assert_eq!(view.errors_name.as_deref(), Some("mixed_ERR.csv"));
        let mut errors = Vec::new();
        let name = transfer_files::errors(&app, &preparer(), view.id, &mut errors).unwrap();
        assert_eq!(name, "mixed_ERR.csv");
        let text = String::from_utf8(errors).unwrap();
        assert_eq!(text.lines().count(), 3, "{text}");
        let corrected = text.replace("NONE", "SOU1");
        let view = put_through(&app, &name, corrected.as_bytes());
        assert_eq!(codes(&response(&app, view.id)), ["S00", "R01"]);
        assert_eq!(whose(&app, 2).0, 2);
    });
}

#[test]
fn rejected_lines_of_a_controlled_file_are_a_controlled_file() {
    both(|url| {
        let app = world(url);
        let bytes = controlled(11, ("NOR1", "MID1"), &[hub(1), hub(32), hub(2)]);
        let view = put_through(&app, CONTROLLED_NAME, &bytes);
        assert_eq!(codes(&response(&app, view.id)), ["S00", "R05", "S00"]);
        let download = || {
            let mut errors = Vec::new();
            let name = transfer_files::errors(&app, &preparer(), view.id, &mut errors).unwrap();
            (name, errors)
        };
        assert_eq!(download(), download(), "the same file however often");
        let (name, errors) = download();
        let id = submit(&app, &name, &errors);
        assert_eq!(codes(&response(&app, id)), ["R05"]);
    });
}

/// Every page of a file's lines, as records of its response file.
fn pages(app: &app::App, id: TransferFileId, filter: &LineFilter) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        let page =
            transfer_files::lines(app, &preparer(), id, filter, all.len() as u64, 700).unwrap();
        all.extend(page.lines.iter().map(|line| {
            let mut record = Vec::new();
            let at = line.applied_at.map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
            let (number, at) = (line.line.to_string(), at.unwrap_or_default());
            let fields = [
                number.as_str(),
                &line.comms_hub_id,
                line.outcome.name(),
                &line.text,
                &line.previous_party,
                &line.new_party,
                &line.smi_status,
                &at,
            ];
            domain::tabular::write_record(&mut record, fields);
            String::from_utf8(record).unwrap()
        }));
        assert!(page.matching >= all.len() as u64);
        if all.len() as u64 == page.matching {
            return all;
        }
        assert!(!page.lines.is_empty());
    }
}

fn pages_say_what_the_response_says(app: &app::App, id: TransferFileId) {
    let response = response(app, id);
    let records: Vec<&str> = response.split_inclusive("\r\n").skip(1).collect();
    same(&pages(app, id, &LineFilter::default()), &records);
    let rejected = LineFilter { only_rejected: true, ..LineFilter::default() };
    let code = |record: &&&str| record.split(',').nth(2).unwrap().starts_with('R');
    let expected: Vec<&str> = records.iter().filter(code).copied().collect();
    same(&pages(app, id, &rejected), &expected);
    for code in ["S00", "R07", "N00"] {
        let only = LineFilter { codes: vec![code.into()], ..LineFilter::default() };
        let named = |record: &&&str| record.split(',').nth(2).unwrap().starts_with(code);
        let expected: Vec<&str> = records.iter().filter(named).copied().collect();
        same(&pages(app, id, &only), &expected);
    }
}

fn same(pages: &[String], records: &[&str]) {
    assert_eq!(pages.len(), records.len());
    for (page, record) in pages.iter().zip(records) {
        assert_eq!(page, record);
    }
}

/// Lines over three parts, with every kind of mistake that a sentence speaks of, some of them
/// about lines of other parts.
fn long_lines() -> Vec<(String, &'static str)> {
    let mut lines: Vec<(String, &str)> = (1..=45).map(|n| (hub(n).to_string(), "SOU1")).collect();
    lines.extend((100..9_000).map(|n| (hub(n).to_string(), "SOU1")));
    lines[44] = (gpf(3).to_string(), "SOU1");
    lines[50] = ("\"o\"\"ne\"".to_owned(), "SOU1");
    lines[60] = (hub(2).to_string(), "MID1,too,many");
    lines[5_000] = (hub(1).to_string(), "MID1");
    lines[8_900] = (hub(2).to_string(), "SOU1");
    lines[8_901] = (hub(32).to_string(), "SOU1");
    lines[8_902] = (hub(3).to_string(), "NONE");
    lines
}

#[test]
fn pages_of_lines_say_what_the_response_says() {
    both(|url| {
        let app = world(url);
        let id = submit(&app, "long.csv", &minimal(&long_lines()));
        pages_say_what_the_response_says(&app, id);
        authorise(&app, id);
        run_jobs(&app);
        pages_say_what_the_response_says(&app, id);
    });
}

#[test]
fn pages_of_a_controlled_file_and_of_a_workbook_do_as_well() {
    both(|url| {
        let app = world(url);
        let hubs: Vec<_> = (1..=5_000).chain([4]).map(hub).collect();
        let id = submit(&app, CONTROLLED_NAME, &controlled(5, ("NOR1", "MID1"), &hubs));
        pages_say_what_the_response_says(&app, id);

        let mut workbook = rust_xlsxwriter::Workbook::new();
        let sheet = workbook.add_worksheet();
        sheet.write_row(0, 0, ["NewServiceUserReference", "CommsHubID"]).unwrap();
        for (row, (device, to)) in (2..).zip(long_lines()) {
            sheet.write_row(row, 0, [to, &device]).unwrap();
        }
        let id = submit(&app, "long.xlsx", &workbook.save_to_buffer().unwrap());
        pages_say_what_the_response_says(&app, id);
    });
}

#[test]
fn a_page_of_lines_reads_its_own_part_alone() {
    both(|url| {
        let app = world(url);
        let id = submit(&app, "long.csv", &minimal(&long_lines()));
        let mut tx = app.db.write().unwrap();
        tx.batch("UPDATE transfer_file_outcomes SET bytes = counts WHERE part <> 1").unwrap();
        tx.commit().unwrap();
        let lines =
            |from| transfer_files::lines(&app, &preparer(), id, &LineFilter::default(), from, 50);
        assert_eq!(lines(5_000).unwrap().lines.len(), 50);
        assert!(lines(0).is_err(), "its part cannot be read");
        assert!(lines(8_900).is_err(), "its part cannot be read");
    });
}

#[test]
fn a_file_without_rejected_lines_has_no_error_file() {
    both(|url| {
        let app = world(url);
        let view = put_through(&app, "fine.csv", &to("SOU1", [1]));
        assert_eq!(view.errors_name, None);
        assert!(transfer_files::errors(&app, &preparer(), view.id, &mut Vec::new()).is_err());
    });
}

#[test]
fn a_generated_file_is_ready_to_be_sent() {
    both(|url| {
        let app = world(url);
        let ids = format!("CommsHubID\n{}\n0x{:016x}\n", hub(1), hub(2).bits());
        let request = GenerateRequest {
            ids,
            to_reference: "SOU1".into(),
            reference: "SOLR-7".into(),
            from_reference: Some("NOR1".into()),
        };
        let Generated::File(first) = transfer_files::generate(&app, &preparer(), &request).unwrap()
        else {
            panic!("the IDs are fine");
        };
        assert_eq!(first.name, "CHST_DCC_20261123T180020Z_000001.csv");
        let sent = transfer_files::generate_and_submit(&app, &preparer(), &request, false).unwrap();
        let (second, submitted) = sent.unwrap();
        assert_eq!(second.name, "CHST_DCC_20261123T180020Z_000002.csv");
        run_jobs(&app);
        let checked = view(&app, submitted.id);
        assert_eq!(checked.state, State::Validated);
        assert_eq!((checked.reference.as_str(), checked.lines), ("SOLR-7", 2));
        assert_eq!(entries(&app, "TransferFileGenerated"), 2);
    });
}

#[test]
fn mistakes_in_pasted_ids_come_back_all_at_once() {
    both(|url| {
        let app = world(url);
        let request = GenerateRequest {
            ids: format!("{}\n9.035E+13\nDB1201\n", hub(1)),
            to_reference: "SOU1".into(),
            reference: "T".into(),
            from_reference: None,
        };
        let mistakes = match transfer_files::generate(&app, &preparer(), &request).unwrap() {
            Generated::Mistakes(mistakes) => mistakes,
            Generated::File(file) => panic!("{file:?}"),
        };
        assert_eq!(mistakes.iter().map(|mistake| mistake.line).collect::<Vec<_>>(), [2, 3]);
        for (to, from) in [("NONE", None), ("WES1", None), ("SOU1", Some("NONE".to_owned()))] {
            let ids = hub(1).to_string();
            let request = GenerateRequest {
                ids,
                to_reference: to.into(),
                reference: "T".into(),
                from_reference: from,
            };
            assert!(transfer_files::generate(&app, &preparer(), &request).is_err(), "{to}");
        }
        assert_eq!(entries(&app, "TransferFileGenerated"), 0);
    });
}
