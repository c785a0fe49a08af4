//! ESI-013 as Finance gets it: every hub, one instant, a file that can be proved.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::time::Duration;

use app::delivery_report::{self, Asker, Proof, RunState};
use app::journal::{By, Event, record};
use app::tables::Format;
use app::{App, Clock, Error, jobs};
use calamine::Reader as _;
use domain::access::{Actor, Organisation, Role};
use domain::ids::{ReportRunId, UserId};
use domain::refusal::RefusalKind;
use jiff::Timestamp;
use parquet::file::reader::{FileReader, SerializedFileReader};
use store::{Db, args};
use testkit::world::both;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Two Parties, two packs and three hubs, one of them moved and one installed.
const HUBS: &str = "
    INSERT INTO parties VALUES
        (1, 'NORTHERN', 'Northern Light Ltd', 'Large Supplier', '', '', 'NOR1', 'Active', TRUE, 1),
        (2, 'SOUTHERN', 'Southern Power Ltd', 'Small Supplier', '', '', 'SOU1', 'Active', TRUE, 1);
    INSERT INTO models VALUES
        (1, 'Meterworks, Ltd', 'CH-1', '1.0', '2.3', '1.1', '4.1', 'Single Band', 'Cellular');
    INSERT INTO pallets VALUES (1, 'PAL1', 'CON1');
    INSERT INTO moves VALUES (3, 1767225600000001, NULL, NULL, 1);
    INSERT INTO hubs (id, gpf, pack, party, status, status_at, installed_at, last_move,
        last_change, quarantined) VALUES
        (1, 257, 1, 1, 1, 1767225600000000, NULL, 0, 0, FALSE),
        (2, 258, 2, 1, 4, 1767225600000000, 1767225661000000, 0, 0, FALSE),
        (-2, 259, 1, 2, 1, 1767225600000000, NULL, 3, 0, FALSE);
    INSERT INTO stock VALUES (1, 1, 'North', 1, 1), (1, 1, 'North', 4, 1), (2, 1, 'North', 1, 1);
";

fn world(url: &str) -> (App, tempfile::TempDir) {
    let db = Db::open(url).unwrap();
    db.migrate().unwrap();
    let mut tx = db.write().unwrap();
    tx.batch(HUBS).unwrap();
    let packs = [(1, "ORD1", "2026-01-05", "2026-01-07"), (2, "=ORD2", "2026-06-05", "")];
    for (id, order, delivered, accepted) in packs {
        let sql = "
            INSERT INTO packs (id, fingerprint, model, region, order_no, consignment_no, pallet,
                box_id, delivered_on, accepted_on, location, delivered_to, installation_end, is_test)
            VALUES ($1, $2, 1, 'North', $3, 'CON1', 1, 'B1', $4, $5, 'Leeds', 1, '', FALSE)";
        tx.exec(sql, args![id, order.as_bytes(), order, delivered, accepted]).unwrap();
    }
    tx.commit().unwrap();
    let reports = tempfile::tempdir().unwrap();
    let mut app = App::new(db, reports.path().join("reports"));
    app.clock = Clock::standing(at("2026-11-23T18:00:20Z"));
    (app, reports)
}

fn finance() -> Actor {
    Actor {
        user: UserId(1),
        name: "Finance".into(),
        email: "finance@example.org".into(),
        organisation: Organisation::Centre,
        roles: vec![Role::DccFinance],
        only_reads: false,
        acting_for: None,
    }
}

fn write(app: &App, format: Format) -> ReportRunId {
    let run = delivery_report::request(app, Asker::Operator, format).unwrap();
    let job = jobs::finish(app, jobs::JobKind::WriteDeliveryReport, run.0, Duration::from_secs(60));
    let job = job.unwrap();
    assert_eq!((job.state.as_str(), job.problem), ("done", None));
    run
}

fn download(app: &App, run: ReportRunId) -> Vec<u8> {
    let mut bytes = Vec::new();
    delivery_report::download(app, &finance(), run, &mut bytes).unwrap();
    bytes
}

#[test]
fn the_operators_file_is_where_it_was_asked_for_and_can_be_proved_there() {
    both(|url| {
        let (app, folder) = world(url);
        let out = folder.path().join("nightly.csv");
        fs::write(&out, "yesterday's").unwrap();
        let (run, written) = delivery_report::write_to(&app, Format::Csv, &out).unwrap();
        assert_eq!(fs::read_to_string(&out).unwrap(), EXPECTED);
        assert_eq!((written.hubs, written.name()), (3, "nightly.csv"));
        assert!(!app.reports.exists(), "it is not written twice");
        let left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
        assert!(!left.iter().any(|name| name.to_string_lossy().contains("partial")), "{left:?}");
        let prove = |file| delivery_report::prove_file(&app, &finance(), run, file).unwrap();
        assert!(prove(Some(&out)).is_good());
        // What becomes of it there is the operator's affair: nobody else is let at that place.
        assert!(matches!(prove(None), Proof::Elsewhere { .. }));
        let refused = delivery_report::download(&app, &finance(), run, &mut Vec::new());
        assert_eq!(refused.unwrap_err().refusal().unwrap().kind, RefusalKind::NotFound);

        let kept = folder.path().join("kept.csv");
        fs::rename(&out, &kept).unwrap();
        assert!(prove(Some(&kept)).is_good());
        fs::write(&out, "something else").unwrap();
        assert!(matches!(prove(Some(&out)), Proof::OtherFile { .. }));

        let nowhere = folder.path().join("no such folder/esi.csv");
        delivery_report::write_to(&app, Format::Csv, &nowhere).unwrap_err();
        let list = delivery_report::list(&app, &finance(), None.into()).unwrap();
        assert_eq!(list.items.len(), 1, "a folder that is not there is no failure of a report");
        assert!(!jobs::run_next(&app).unwrap());
    });
}

const EXPECTED: &str = "\
reportRunId,generatedAt,CHFDeviceID,GPFDeviceID,manufacturer,model,hardwareVersion,firmwareVersion,\
CHTSVersion,HANVariant,WANVariant,CSPRegion,orderNo,consignmentNo,deliveryDate,acceptanceDate,\
serviceUserReference,partyEffectiveFrom,SMIStatus,SMIStatusDate,installedDate\r\n\
esi-000001,2026-11-23T18:00:20Z,FF-FF-FF-FF-FF-FF-FF-FE,00-00-00-00-00-00-01-03,\
\"Meterworks, Ltd\",CH-1,1.0,2.3,1.1,Single Band,Cellular,North,ORD1,CON1,2026-01-05,2026-01-07,\
SOU1,2026-01-01T00:00:00.000001Z,Pending,2026-01-01T00:00:00Z,\r\n\
esi-000001,2026-11-23T18:00:20Z,00-00-00-00-00-00-00-01,00-00-00-00-00-00-01-01,\
\"Meterworks, Ltd\",CH-1,1.0,2.3,1.1,Single Band,Cellular,North,ORD1,CON1,2026-01-05,2026-01-07,\
NOR1,2026-01-07T00:00:00Z,Pending,2026-01-01T00:00:00Z,\r\n\
esi-000001,2026-11-23T18:00:20Z,00-00-00-00-00-00-00-02,00-00-00-00-00-00-01-02,\
\"Meterworks, Ltd\",CH-1,1.0,2.3,1.1,Single Band,Cellular,North,'=ORD2,CON1,2026-06-05,,\
NOR1,2026-06-05T00:00:00Z,Commissioned,2026-01-01T00:00:00Z,2026-01-01T00:01:01Z\r\n";

#[test]
fn every_hub_is_in_it_and_the_file_can_be_proved() {
    both(|url| {
        let (app, _folder) = world(url);
        let run = write(&app, Format::Csv);
        assert_eq!(String::from_utf8(download(&app, run)).unwrap(), EXPECTED);
        let shown = delivery_report::get(&app, &finance(), run).unwrap();
        assert_eq!(shown.state, RunState::Done);
        let written = shown.written.unwrap();
        assert_eq!((written.hubs, written.size), (3, EXPECTED.len() as i64));
        assert_eq!(written.file_name, "ESI-013_20261123T180020Z_esi-000001.csv");
        let names: Vec<_> =
            fs::read_dir(&app.reports).unwrap().map(|f| f.unwrap().file_name()).collect();
        assert_eq!(names, [written.file_name.as_str()], "nothing else is left in the folder");
        let proof = delivery_report::prove(&app, &finance(), run).unwrap();
        assert_eq!(proof, Proof::Proved { seq: 2, sha256: written.sha256 });
    });
}

#[test]
fn the_other_formats_say_the_same() {
    both(|url| {
        let (app, _folder) = world(url);
        let csv = String::from_utf8(download(&app, write(&app, Format::Csv))).unwrap();
        let parquet = download(&app, write(&app, Format::Parquet));
        let reader = SerializedFileReader::new(bytes::Bytes::from(parquet)).unwrap();
        let mut lines = csv.lines().skip(1);
        for row in reader.get_row_iter(None).unwrap() {
            let row = row.unwrap();
            let chf = row.get_column_iter().nth(2).unwrap().1.to_string();
            let line = lines.next().unwrap();
            assert!(line.contains(chf.trim_matches('"')), "{line} {chf}");
            assert_eq!(row.len(), 21);
        }
        assert_eq!(lines.next(), None);
        let xlsx = download(&app, write(&app, Format::Xlsx));
        let book = calamine::Xlsx::new(std::io::Cursor::new(xlsx));
        let mut book: calamine::Xlsx<_> = book.unwrap();
        let range = calamine::Reader::worksheet_range_at(&mut book, 0).unwrap().unwrap();
        assert_eq!(range.height(), 4);
        let cell = |row, column| range.get((row, column)).unwrap().to_string();
        assert_eq!(cell(1, 2), "FF-FF-FF-FF-FF-FF-FF-FE");
        assert_eq!(cell(3, 12), "=ORD2");
        assert_eq!(cell(3, 18), "Commissioned");
    });
}

#[test]
fn a_changed_file_is_found_and_never_arrives_whole() {
    both(|url| {
        let (app, _folder) = world(url);
        let run = write(&app, Format::Csv);
        let written = delivery_report::get(&app, &finance(), run).unwrap().written.unwrap();
        let path = app.reports.join(&written.file_name);
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert!(matches!(
            delivery_report::prove(&app, &finance(), run).unwrap(),
            Proof::OtherFile { .. }
        ));
        let mut arrived = Vec::new();
        let sent = delivery_report::download(&app, &finance(), run, &mut arrived);
        assert!(matches!(sent, Err(Error::Damaged(_))));
        assert!(arrived.len() < bytes.len());

        fs::remove_file(&path).unwrap();
        assert_eq!(delivery_report::prove(&app, &finance(), run).unwrap(), Proof::NoFile);
        let sent = delivery_report::download(&app, &finance(), run, &mut arrived).unwrap_err();
        assert_eq!(sent.refusal().unwrap().kind, RefusalKind::NotFound);
    });
}

#[test]
fn a_hub_that_names_what_is_not_there_fails_the_run_and_says_which() {
    both(|url| {
        let (app, _folder) = world(url);
        let mut tx = app.db.write().unwrap();
        tx.batch("UPDATE hubs SET party = 9 WHERE id = 2").unwrap();
        tx.commit().unwrap();
        let run = delivery_report::request(&app, Asker::Operator, Format::Csv).unwrap();
        for _attempt in 0..3 {
            assert!(jobs::run_next(&app).unwrap());
            app.clock.set(app.now() + jiff::SignedDuration::from_secs(60));
        }
        let shown = delivery_report::get(&app, &finance(), run).unwrap();
        assert_eq!(shown.state, RunState::Failed);
        let problem = shown.problem.unwrap();
        assert!(problem.contains("00-00-00-00-00-00-00-02 names Party 9"), "{problem}");
        assert_eq!(fs::read_dir(&app.reports).unwrap().count(), 0);
    });
}

#[test]
fn the_schedule_gets_one_run_for_each_time() {
    both(|url| {
        let (app, _folder) = world(url);
        let due = |now: &str| {
            app.clock.set(at(now));
            delivery_report::schedule_due(&app).unwrap().len()
        };
        assert_eq!(due("2026-06-23T09:00:00Z"), 0, "there was nothing before the first entry");
        let mut tx = app.db.write().unwrap();
        let event = Event::PersonDeactivated { user: 1, reason: String::new() };
        record(&mut tx, app.now(), By::SYSTEM, &event).unwrap();
        tx.commit().unwrap();
        assert_eq!(due("2026-06-24T04:59:00Z"), 0);
        assert_eq!(due("2026-06-24T05:00:00Z"), 1, "06:00 in British summer time");
        assert_eq!(due("2026-06-24T05:01:00Z"), 0);
        assert_eq!(due("2026-06-25T04:00:00Z"), 0);
        assert_eq!(due("2026-06-27T13:00:00Z"), 1, "the last one, after days away");
        assert_eq!(due("2026-12-01T06:00:00Z"), 1, "06:00 in winter");
        let runs = delivery_report::list(&app, &finance(), app::pages::Part::FIRST).unwrap();
        assert_eq!(runs.items.len(), 3);
        assert_eq!(runs.items[0].due_at, Some(at("2026-12-01T06:00:00Z")));
        assert_eq!(runs.items[0].state, RunState::Waiting);
    });
}

#[test]
fn only_those_who_may_ask_for_it_or_see_it() {
    both(|url| {
        let (app, _folder) = world(url);
        let run = write(&app, Format::Csv);
        let mut manager = finance();
        manager.roles = vec![Role::StockManager];
        let refused = |result: Result<(), Error>| {
            assert_eq!(result.unwrap_err().refusal().unwrap().kind, RefusalKind::NotAllowed);
        };
        refused(delivery_report::get(&app, &manager, run).map(|_| ()));
        refused(delivery_report::list(&app, &manager, app::pages::Part::FIRST).map(|_| ()));
        refused(delivery_report::download(&app, &manager, run, &mut Vec::new()).map(|_| ()));
        let mut auditor = finance();
        auditor.roles = vec![Role::Auditor];
        let ask = delivery_report::request(&app, Asker::Person(&auditor), Format::Csv);
        refused(ask.map(|_| ()));
    });
}
