//! The inventory is rebuilt from the files that made it, and one changed row or count is named.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::time::Duration;

use app::imports::{self, Kind};
use app::jobs::{self, JobKind};
use app::journal::{Verdict, verify};
use app::sign_in::actor_by_email;
use app::transfer_files::InstalledFilter;
use app::{App, Clock, inventory, parties, people, transfer_files};
use domain::access::{Action, Actor, Role};
use domain::ids::PartyId;
use store::Db;
use testkit::world::both;

const PARTIES: &str = "\
Signifier,LegalName,Category,Group,UserIDs,ServiceUserReference,Status,MayHoldHubs\r
NORTHERN,Northern Light Ltd,Large Supplier,,,NOR1,Active,Y\r
SOUTHERN,Southern Power Ltd,Small Supplier,,,SOU1,Active,Y\r
";

const STATUSES: &str = "\
CHFID,SMIStatus,StatusDate\r
00-DB-12-00-00-00-00-05,Commissioned,2026-03-01T10:00:00Z\r
00-DB-12-00-00-00-00-06,Whitelisted,2026-03-01T10:00:00Z\r
00-DB-12-00-00-00-FF-FF,Whitelisted,2026-03-01T10:00:00Z\r
";

fn deliveries() -> String {
    let mut file = String::from(
        "CHFID,GPFID,Manufacturer,Model,HardwareVersion,FirmwareVersion,CHTSVersion,GBCSVersion,\
         HANVariant,WANVariant,CSPRegion,OrderNo,ConsignmentNo,PalletID,BoxID,DeliveryDate,\
         AcceptanceDate,DeliveryLocation,ServiceUserReference,InstallationEndDate,TestHub\r\n",
    );
    for n in 1..=40 {
        let pallet = 1 + n / 16;
        write!(
            file,
            "00-DB-12-00-00-00-00-{n:02X},00-DB-12-AA-00-00-00-{n:02X},Meterworks,CH-1,1.0,2.3,1.1,\
             4.1,Single Band,Cellular,North,ORD1,CON1,PAL{pallet},B1,2026-01-05,2026-01-07,Leeds,\
             NOR1,2030-12-31,N\r\n"
        )
        .unwrap();
    }
    file.push_str("not-an-id,,,,,,,,,,,,,,,,,,,,\r\n");
    file
}

fn person(app: &App, email: &str, role: Role, action: Action) -> Actor {
    let password = "correct horse battery";
    people::add_by_operator(app, email, "A Person", role, None, password).unwrap();
    actor_by_email(app, email, action, None).unwrap()
}

fn finish(app: &App, kind: JobKind, subject: i64) {
    let job = jobs::finish(app, kind, subject, Duration::from_secs(60)).unwrap();
    assert_eq!((job.state.as_str(), job.problem), ("done", None));
}

fn import(app: &App, actor: &Actor, kind: Kind, name: &str, file: &str) {
    let sent = imports::submit(app, actor, kind, name, &mut file.as_bytes()).unwrap();
    finish(app, JobKind::LoadImport, sent.import.0);
}

fn transfer(app: &App, maker: &Actor, checker: &Actor, name: &str, hubs: &[u8]) {
    let mut file = String::from("CommsHubID,NewServiceUserReference\r\n");
    for n in hubs {
        write!(file, "00-DB-12-00-00-00-00-{n:02X},SOU1\r\n").unwrap();
    }
    let submission = transfer_files::Submission { name: name.into(), all_or_nothing: false };
    let sent = transfer_files::submit(app, maker, submission, &mut file.as_bytes()).unwrap();
    finish(app, JobKind::ValidateTransferFile, sent.id.0);
    transfer_files::authorise(app, checker, sent.id, None).unwrap();
    finish(app, JobKind::ApplyTransferFile, sent.id.0);
}

/// Forty hubs delivered, two with another status, some moved, one of those after it was installed.
fn world(url: &str) -> App {
    let db = Db::open(url).unwrap();
    db.migrate().unwrap();
    let mut app = App::new(db, std::env::temp_dir());
    app.clock = Clock::standing("2026-11-23T18:00:20Z".parse().unwrap());
    let admin = person(&app, "admin@example.org", Role::SystemAdmin, Action::ManageParties);
    let operator = person(&app, "operator@example.org", Role::DspOperator, Action::LoadInventory);
    let maker = person(&app, "maker@example.org", Role::DccLogistics, Action::PrepareTransferFile);
    let checker =
        person(&app, "checker@example.org", Role::DccAuthoriser, Action::AuthoriseTransferFile);
    let finance = person(&app, "fin@example.org", Role::DccFinance, Action::SettleInstalledQueue);
    import(&app, &admin, Kind::Parties, "parties.csv", PARTIES);
    // A dry run keeps its file too, and nothing in the journal names it.
    let mut answers = Vec::new();
    imports::check(&app, &operator, Kind::Statuses, &mut STATUSES.as_bytes(), &mut answers)
        .unwrap();
    import(&app, &operator, Kind::Deliveries, "asn.csv", &deliveries());
    import(&app, &operator, Kind::Statuses, "statuses.csv", STATUSES);
    inventory::quarantine(&app, &maker, "00-DB-12-00-00-00-00-07", None, "damaged").unwrap();
    transfer(&app, &maker, &checker, "first.csv", &[1, 2, 3, 5, 7, 20]);
    transfer(&app, &maker, &checker, "second.csv", &[1, 4, 99]);
    inventory::release(&app, &maker, "00-DB-12-00-00-00-00-07", None, "repaired").unwrap();
    let mut changed = parties::get(&app, &admin, PartyId(1)).unwrap().party.details;
    changed.legal_name = "Northern Lights Ltd".into();
    parties::change(&app, &admin, PartyId(1), None, &changed).unwrap();
    let queue =
        transfer_files::installed_before(&app, &finance, InstalledFilter::default(), None, 10);
    let queue = queue.unwrap();
    transfer_files::settle(&app, &finance, queue.items[0].id, None, "charged to Northern").unwrap();
    app
}

fn verdict(app: &App) -> Verdict {
    verify(app, None, &mut |_, _| ()).unwrap()
}

/// Changes one row of the world and expects these words, with the scan of the counts or without.
fn check(sql: &str, expected: &[&str]) {
    both(|url| {
        let app = world(url);
        let mut tx = app.db.write().unwrap();
        assert_eq!(tx.exec(sql, &[]).unwrap(), 1, "{sql}");
        tx.commit().unwrap();
        let found: Vec<String> = verdict(&app).problems.iter().map(ToString::to_string).collect();
        assert_eq!(found, expected);
    });
}

#[test]
fn an_untouched_inventory_is_what_the_journal_says() {
    both(|url| {
        let verdict = verdict(&world(url));
        assert_eq!(verdict.problems, []);
        let rows = |name| verdict.tables.iter().find(|(table, _)| *table == name).unwrap().1;
        assert_eq!(rows("hubs"), 40);
        assert_eq!(rows("party_moves"), 5);
        assert_eq!(rows("status_changes"), 2);
        assert_eq!(rows("transfer_file_outcomes"), 4);
        assert_eq!(rows("installed_before"), 1);
    });
}

#[test]
fn a_hub_with_another_party_is_named_and_so_are_the_counts() {
    check(
        "UPDATE hubs SET party = 2 WHERE id = 61662811108933642",
        &[
            "table hubs, id 00-DB-12-00-00-00-00-0A, column party: \
             the database has 2, the journal says 1",
            "hub 00-DB-12-00-00-00-00-0A: its Party is not the one that its last move or its \
             delivery gave it to",
            "kept count stock, party 1, model 1, region \"North\", status 1: \
             the database has 33, a scan says 32",
            "kept count pallet_stock, party 1, pallet 1, status 1: \
             the database has 9, a scan says 8",
        ],
    );
}

#[test]
fn a_hub_with_another_instant_is_named() {
    check(
        "UPDATE hubs SET status_at = status_at + 1 WHERE id = 61662811108933637",
        &["table hubs, id 00-DB-12-00-00-00-00-05, column status_at: \
           the database has 2026-03-01T10:00:00.000001Z, the journal says 2026-03-01T10:00:00Z"],
    );
}

#[test]
fn a_changed_count_is_named() {
    check(
        "UPDATE stock SET hubs = hubs + 1 WHERE party = 1 AND status = 1",
        &[
            "table stock, party 1, model 1, region \"North\", status 1, column hubs: \
             the database has 34, the journal says 33",
            "kept count stock, party 1, model 1, region \"North\", status 1: \
             the database has 34, a scan says 33",
        ],
    );
}

#[test]
fn changed_history_and_what_was_delivered_are_named() {
    check(
        "UPDATE party_moves SET from_party = 2 WHERE hub = 61662811108933634",
        &[
            "table party_moves, move 1, hub 00-DB-12-00-00-00-00-02, column from_party: \
           the database has 2, the journal says 1",
            "hub 00-DB-12-00-00-00-00-02: a move does not follow the one before it",
        ],
    );
    check(
        "UPDATE packs SET order_no = 'ORD2' WHERE id = 1",
        &["table packs, id 1, column order_no: the database has \"ORD2\", \
           the journal says \"ORD1\""],
    );
    check(
        "DELETE FROM transfer_file_outcomes WHERE transfer_file = 2 AND stage = 'applied'",
        &["table transfer_file_outcomes, transfer_file 2, stage \"applied\", part 0: \
           the database has no row, the journal says a row"],
    );
}
