//! The files that come out: rejected lines to send again, and files that are generated.

use app::transfer_files::{self, GenerateRequest, Generated};
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
