//! The command line as people and scripts use it: each form, what it prints, how it ends.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::fs;
use std::process::{Command, Stdio};

use store::Db;
use support::{PALLET, World, chf, deliveries, move_pallet};
use testkit::world::{both, on_sqlite};

const AS_LOGISTICS: [&str; 2] = ["--as", "logistics@x.example"];
const AS_AUTHORISER: [&str; 2] = ["--as", "authoriser@x.example"];

/// The words of a command and in whose name.
fn by<'a>(words: &[&'a str], who: [&'a str; 2]) -> Vec<&'a str> {
    [words, &who].concat()
}

/// A minimal transfer file of these IDs.
fn moving(ids: &[String], to: &str) -> String {
    let lines: String = ids.iter().map(|id| format!("{id},{to}\r\n")).collect();
    format!("CommsHubID,NewServiceUserReference\r\n{lines}")
}

/// One hub that can move, one damaged ID and one hub that nobody knows.
fn mixed() -> String {
    moving(&[chf(1, 0), "9.035E+13".into(), chf(99, 0)], "SU-3")
}

#[test]
fn a_transfer_file_is_checked_submitted_decided_and_answered() {
    both(|database| {
        let world = World::with_pallets(database, 0..2);
        let (good, bad) = (world.file("good.csv", &move_pallet(0, "SU-2")), mixed());
        let bad = world.file("mixed.csv", &bad);
        let odd = world.file("odd.csv", "this is\r\nno transfer file\r\n");

        // Checking writes nothing.
        assert_eq!(world.ends(0, &["transfer-file", "check", &good]), "S00: 224\n");
        let (code, checked) = world.json(&["transfer-file", "check", &good]);
        assert_eq!((code, &checked["counts"]["S00"]), (Some(0), &224.into()), "{checked}");
        let answers = world.path("answers.csv");
        let answers = answers.to_str().unwrap();
        world.ends(1, &["transfer-file", "check", &bad, "--response", answers]);
        let kept = fs::read_to_string(answers).unwrap();
        assert_eq!(kept.lines().filter(|line| line.contains("SU-3")).count(), 3, "{kept}");
        let said = world.ends(2, &["transfer-file", "check", &odd, "--response", answers]);
        assert!(said.starts_with("Refused whole: "), "{said}");
        assert_eq!(fs::read_to_string(answers).unwrap(), kept);
        world.ends(2, &["transfer-file", "check", "no-such-file.csv"]);
        let limit = ["setting", "set", "upload.most_mib"];
        let large = world.file("large.csv", &moving(&vec![chf(0, 0); 60_000], "SU-2"));
        world.ends(0, &by(&[&limit[..], &["1"]].concat(), ["--as", "admin@x.example"]));
        let said = world.ends(2, &["transfer-file", "check", &large]);
        assert!(said.contains("larger than 1 MiB"), "{said}");
        world.ends(0, &by(&[&limit[..], &["100"]].concat(), ["--as", "admin@x.example"]));
        assert_eq!(world.ends(0, &["transfer-file", "list"]), "\n");
        assert_eq!(world.party_of(&chf(0, 0)), "SU-1");

        // Submitted, authorised by somebody else, applied; each of it again comes to the same.
        let submit = by(&["transfer-file", "submit", &good], AS_LOGISTICS);
        assert_eq!(world.ends(0, &submit), "ctf-000001 Validated\nS00: 224\n");
        let again = world.ends(0, &submit);
        assert!(again.starts_with("ctf-000001 Validated (sent before"), "{again}");
        let authorise = ["transfer-file", "authorise", "ctf-000001"];
        world.ends(2, &by(&authorise, AS_LOGISTICS));
        for _ in 0..2 {
            let said = world.ends(0, &by(&authorise, AS_AUTHORISER));
            assert_eq!(said, "ctf-000001 Applied\nS00: 224\n");
        }
        world.ends(2, &by(&authorise, ["--as", "nobody@x.example"]));
        assert_eq!(world.party_of(&chf(0, 0)), "SU-2");
        let reject = ["transfer-file", "reject", "ctf-000001", "--reason", "Too late."];
        world.ends(2, &by(&reject, AS_AUTHORISER));

        // Some lines rejected.
        let submit = by(&["transfer-file", "submit", &bad], AS_LOGISTICS);
        assert!(world.ends(1, &submit).starts_with("ctf-000002 Validated\n"));
        let authorise = by(&["transfer-file", "authorise", "ctf-000002"], AS_AUTHORISER);
        for _ in 0..2 {
            assert!(world.ends(1, &authorise).starts_with("ctf-000002 PartApplied\n"));
        }
        let response = world.ends(0, &["transfer-file", "response", "ctf-000002"]);
        assert_eq!(response.matches(",SU-3,").count(), 3, "{response}");
        let errors = world.path("errors.csv");
        let errors = errors.to_str().unwrap();
        world.ends(0, &["transfer-file", "errors", "ctf-000002", "--out", errors]);
        let rejected = fs::read_to_string(errors).unwrap();
        assert_eq!(rejected.matches(",SU-3").count(), 2, "{rejected}");
        let (_, lines) = world.json(&["transfer-file", "lines", "ctf-000002", "--rejected"]);
        assert_eq!(lines.as_array().unwrap().len(), 2, "{lines}");
        let original = world.ends(0, &["transfer-file", "original", "ctf-000002"]);
        assert_eq!(original, mixed());
        let history = world.ends(0, &["transfer-file", "history", "ctf-000002"]);
        assert!(history.lines().count() >= 4, "{history}");

        // A refused call leaves an earlier file as it was, and nothing beside it.
        world.ends(2, &["transfer-file", "response", "ctf-000099", "--out", errors]);
        assert_eq!(fs::read_to_string(errors).unwrap(), rejected);
        let left = fs::read_dir(world.folder.path()).unwrap();
        let partial =
            left.filter(|f| f.as_ref().unwrap().path().extension().is_some_and(|e| e == "partial"));
        assert_eq!(partial.count(), 0);

        // All or nothing.
        let held = world.file("held.csv", &(mixed() + &chf(1, 1) + ",SU-3\r\n"));
        let submit = ["transfer-file", "submit", &held, "--all-or-nothing"];
        assert!(world.ends(1, &by(&submit, AS_LOGISTICS)).starts_with("ctf-000003 "));
        let authorise = by(&["transfer-file", "authorise", "ctf-000003"], AS_AUTHORISER);
        for _ in 0..2 {
            let (code, ended) = world.json(&authorise);
            assert_eq!((code, &ended["state"]), (Some(1), &"Failed".into()), "{ended}");
        }
        assert_eq!(world.party_of(&chf(1, 1)), "SU-1");

        // Rejected, withdrawn, refused whole.
        for (n, action, who) in [(4, "reject", AS_AUTHORISER), (5, "withdraw", AS_LOGISTICS)] {
            let name = format!("{action}.csv");
            let file = world.file(&name, &moving(&[chf(1, n)], "SU-4"));
            world.ends(0, &by(&["transfer-file", "submit", &file], AS_LOGISTICS));
            let reference = format!("ctf-{n:06}");
            let decide = ["transfer-file", action, &reference, "--reason", "A test."];
            for _ in 0..2 {
                world.ends(0, &by(&decide, who));
            }
            let other = if action == "reject" { "withdraw" } else { "reject" };
            let decide = ["transfer-file", other, &reference, "--reason", "A test."];
            let other = if action == "reject" { AS_LOGISTICS } else { AS_AUTHORISER };
            world.ends(2, &by(&decide, other));
            let again = world.ends(2, &by(&["transfer-file", "submit", &file], AS_LOGISTICS));
            assert!(again.contains("sent before"), "{again}");
            fs::remove_file(answers).unwrap();
            let check = ["transfer-file", "check", &file, "--response", answers];
            let said = world.ends(0, &check);
            assert!(said.contains(&format!("it gets the answer of {reference}")), "{said}");
            assert_eq!(fs::read_to_string(answers).unwrap().lines().count(), 2);
        }
        let submit = by(&["transfer-file", "submit", &odd], AS_LOGISTICS);
        assert!(world.ends(2, &submit).starts_with("ctf-000006 FailedValidation\n"));

        // A controlled file of a list of hubs.
        let ids = world.file("ids.txt", &format!("{}\n{}\n", chf(1, 7), chf(1, 8)));
        let folder = world.folder.path().to_str().unwrap();
        let to = ["--to", "SU-2", "--reference", "SOLR-1", "--out", folder];
        let generate = [&["transfer-file", "generate", &ids], &to[..]].concat();
        let made = world.ends(0, &by(&generate, AS_LOGISTICS));
        let submit = ["transfer-file", "submit", made.trim()];
        assert_eq!(world.ends(0, &by(&submit, AS_LOGISTICS)), "ctf-000007 Validated\nS00: 2\n");
        let ids = world.file("bad-ids.txt", "not an ID\n");
        let generate = [&["transfer-file", "generate", &ids], &to[..]].concat();
        assert!(world.ends(2, &by(&generate, AS_LOGISTICS)).starts_with("line 1: "));

        let status = world.path("status.json");
        let status = status.to_str().unwrap();
        world.ends(0, &["transfer-file", "status", "ctf-000001", "--out", status]);
        assert!(fs::read_to_string(status).unwrap().contains("\"Applied\""));
        let (code, refused) = world.json(&["transfer-file", "status", "ctf-000099"]);
        assert_eq!((code, &refused["error"]), (Some(2), &"not-found".into()), "{refused}");
        world.ends(0, &["verify"]);
    });
}

#[test]
fn files_are_imported_and_their_answers_are_there_later() {
    both(|database| {
        let world = World::with_pallets(database, 0..1);
        let (operator, checker) = (["--as", "operator@x.example"], ["--as", "checker@x.example"]);
        let answer = world.path("answer.csv");
        let answer = answer.to_str().unwrap();

        let more = world.file("more.csv", &deliveries(1..2, "SU-1"));
        let dry = ["import", "deliveries", &more, "--dry-run", "--answer", answer];
        assert_eq!(world.ends(0, &by(&dry, operator)), "loaded: 224\n");
        assert_eq!(fs::read_to_string(answer).unwrap().lines().count() as u32, PALLET + 1);
        world.ends(2, &["hub", &chf(1, 0)]);

        let text = format!(
            "CHFID,SMIStatus,StatusDate\r\n{},Commissioned,2026-05-01T10:00:00Z\r\n{},Nonsense,x\r\n",
            chf(0, 0),
            chf(0, 1)
        );
        let statuses = world.file("statuses.csv", &text);
        let import = ["import", "statuses", &statuses, "--answer", answer];
        let said = world.ends(1, &by(&import, operator));
        assert!(said.starts_with("imp-000003 "), "{said}");
        let answered = fs::read_to_string(answer).unwrap();
        assert_eq!(answered.lines().count(), 3, "{answered}");
        assert!(world.ends(1, &by(&import, operator)).contains("sent before"));

        // What was answered then is answered later.
        assert_eq!(world.ends(0, &["import", "answer", "imp-000003"]), answered);
        let (code, shown) = world.json(&["import", "show", "imp-000003"]);
        assert_eq!((code, &shown["kind"]), (Some(1), &"statuses".into()), "{shown}");
        let (_, listed) = world.json(&["import", "list", "--kind", "statuses"]);
        assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");

        let odd = world.file("odd.csv", "a,b\r\n1,2\r\n");
        world.ends(2, &by(&["import", "parties", &odd], ["--as", "admin@x.example"]));
        world.ends(2, &by(&["import", "parties", &odd], operator));

        // A snapshot: compared, then decided on by somebody else, once.
        let header = world.ends(0, &["template", "snapshot"]);
        let of = |status: &str| {
            let day = "2026-06-01T09:00:00Z";
            let text = deliveries(0..1, "SU-1");
            let lines = text.lines().skip(1).map(|line| format!("{line},{status},{day}\r\n"));
            format!("{header}{}", lines.collect::<String>())
        };
        let snapshot = world.file("snapshot.csv", &of("Commissioned"));
        let (_, compared) = world.json(&by(&["import", "snapshot", &snapshot], operator));
        assert_eq!(compared["state"], "Compared", "{compared}");
        let reference = compared["import"].as_str().unwrap();
        world.ends(2, &by(&["snapshot", "authorise", reference], operator));
        let authorise = by(&["snapshot", "authorise", reference], checker);
        let first = world.run(&authorise);
        assert!(matches!(first.code, Some(0 | 1)), "{}{}", first.out, first.err);
        assert_eq!(world.run(&authorise), first);
        let reject = ["snapshot", "reject", reference, "--reason", "A test."];
        world.ends(2, &by(&reject, checker));

        let other = world.file("other.csv", &of("Suspended"));
        let (_, compared) = world.json(&by(&["import", "snapshot", &other], operator));
        let reference = compared["import"].as_str().unwrap();
        let reject = ["snapshot", "reject", reference, "--reason", "A test."];
        for _ in 0..2 {
            assert_eq!(world.ends(0, &by(&reject, checker)), "Rejected\n");
        }
        world.ends(0, &["verify"]);

        // A job that has failed for good is no success.
        let db = Db::open(database).unwrap();
        let mut tx = db.write().unwrap();
        let sql =
            "UPDATE jobs SET state = 'failed', problem = 'no room' WHERE kind = 'load-import'";
        tx.exec(sql, &[]).unwrap();
        tx.commit().unwrap();
        let said = world.ends(3, &by(&["import", "statuses", &statuses], operator));
        assert!(said.contains("has failed: no room"), "{said}");
    });
}

#[test]
fn tables_templates_settings_and_the_journal_come_out_in_each_form() {
    both(|database| {
        let world = World::with_pallets(database, 0..1);
        let out = |name: &str| world.path(name).to_str().unwrap().to_owned();

        for (format, magic) in [("csv", "CHFID"), ("xlsx", "PK"), ("parquet", "PAR1")] {
            let hubs = out(&format!("hubs.{format}"));
            world.ends(0, &["hubs", "--pallet", "PAL0000", "--format", format, "--out", &hubs]);
            assert!(!fs::read(&hubs).unwrap().is_empty());
            let report = out(&format!("esi.{format}"));
            let said = world.ends(0, &["report", "delivery", "--format", format, "--out", &report]);
            assert!(said.contains("224 hubs in "), "{said}");
            let begins = fs::read(&report).unwrap();
            if format != "csv" {
                assert!(begins.starts_with(magic.as_bytes()), "{format}");
            }
        }
        let own = out("esi.csv");
        world.ends(0, &["report", "prove", "esi-000001", "--file", &own]);
        world.ends(3, &["report", "prove", "esi-000002", "--file", &own]);
        let said = world.ends(2, &["report", "prove", "esi-000001"]);
        assert!(said.contains("--file FILE"), "{said}");
        let again = out("again.csv");
        world.ends(2, &["report", "download", "esi-000001", "--out", &again]);
        // What goes to no plain file is kept.
        world.ends(0, &["report", "delivery", "--out", "/dev/stdout"]);
        let (_, runs) = world.json(&["report", "list"]);
        assert_eq!(runs.as_array().unwrap().len(), 4, "{runs}");
        world.ends(0, &["report", "download", runs[0]["run"].as_str().unwrap(), "--out", &again]);
        assert_eq!(fs::read_to_string(&again).unwrap().lines().count(), 225);
        world.ends(2, &["report", "download", "esi-000099", "--out", &again]);

        let hub = chf(0, 9);
        for (filter, value) in [
            ("--id", hub.as_str()),
            ("--box", "BOX0"),
            ("--order", "ORD1"),
            ("--manufacturer", "106C"),
            ("--firmware", "04000007"),
            ("--region", "North"),
            ("--party", "PARTY1"),
            ("--consignment", "CON0"),
            ("--model", "04200103"),
            ("--status", "Pending"),
        ] {
            let table = world.ends(0, &["hubs", filter, value]);
            let wanted = match filter {
                "--id" => 1,
                "--box" => 32,
                _ => PALLET as usize,
            };
            assert_eq!(table.lines().count(), wanted + 1, "{filter} {value}");
        }
        assert_eq!(world.ends(0, &["hubs", "--region", "South"]).lines().count(), 1);
        let (_, stock) = world.json(&["stock", "--region", "North", "--status", "Pending"]);
        assert_eq!(stock[0]["hubs"], 224, "{stock}");
        let (_, responsible) = world.json(&["responsibility", &hub]);
        assert_eq!(responsible[0]["party"], "SU-1", "{responsible}");

        for name in ["transfer-file", "manifest", "deliveries", "statuses", "snapshot", "parties"] {
            let csv = world.ends(0, &["template", name]);
            assert!(csv.lines().count() == 1 && csv.contains(','), "{csv}");
            let xlsx = out(&format!("{name}.xlsx"));
            world.ends(0, &["template", name, "--format", "xlsx", "--out", &xlsx]);
            assert!(fs::read(&xlsx).unwrap().starts_with(b"PK"));
        }

        let admin = ["--as", "admin@x.example"];
        let all = world.ends(0, &["setting", "list"]);
        assert!(all.contains("offer.pallet_size = "), "{all}");
        world.ends(2, &by(&["setting", "set", "no.such.setting", "1"], admin));
        world.ends(2, &by(&["setting", "set", "offer.pallet_size"], admin));
        world.ends(0, &by(&["setting", "set", "offer.pallet_size", "112"], admin));
        assert!(world.ends(0, &["setting", "list"]).contains("offer.pallet_size = 112"));

        let journal = ["journal", "--kind", "SettingChanged", "--by", "admin@x.example"];
        let (_, entries) = world.json(&journal);
        assert_eq!(entries.as_array().unwrap().len(), 1, "{entries}");

        let (_, party) = world.json(&["party", "show", "PARTY2"]);
        assert_eq!(party["service_user_reference"], "SU-2", "{party}");
        let change = ["party", "change", "PARTY2", "--legal-name", "Other Limited"];
        world.ends(2, &by(&change, AS_LOGISTICS));
        let (_, changed) = world.json(&by(&change, admin));
        assert_eq!(changed["legal_name"], "Other Limited", "{changed}");
        assert_eq!(changed["signifier"], "PARTY2", "{changed}");
        let (_, parties) = world.json(&["party", "list", "--text", "other"]);
        assert_eq!(parties.as_array().unwrap().len(), 1, "{parties}");

        let contact = ["party", "contact", "set", "PARTY2", "--email", "goods@x.example"];
        world.ends(2, &by(&contact, admin));
        let new = [&contact[..], &["--name", "Goods in", "--purpose", "warehouse"]].concat();
        let (_, made) = world.json(&by(&new, AS_LOGISTICS));
        assert_eq!((&made["contact"], &made["version"]), (&"con-000001".into(), &1.into()));
        let telephone = ["--contact", "con-000001", "--telephone", "020 7946 0123"];
        let (_, set) = world.json(&by(&[&contact[..4], &telephone].concat(), admin));
        assert_eq!((&set["name"], &set["version"]), (&"Goods in".into(), &2.into()));
        let listed = world.ends(0, &["party", "contact", "list", "PARTY2"]);
        assert!(listed.contains("warehouse Goods in <goods@x.example> 020 7946 0123"), "{listed}");
        let location = ["party", "location", "set", "PARTY2", "--name", "Depot"];
        let at = [&location[..], &["--address", "1 Mill", "--region", "North"]].concat();
        world.ends(0, &by(&at, admin));
        let closed = ["--location", "loc-000001", "--active", "false"];
        world.ends(0, &by(&[&location[..4], &closed].concat(), admin));
        let listed = world.ends(0, &["party", "location", "list", "PARTY2"]);
        assert!(listed.contains("loc-000001 North: Depot, 1 Mill (not in use)"), "{listed}");
        world.ends(0, &by(&["party", "location", "drop", "PARTY2", "loc-000001"], admin));
        world.ends(0, &by(&["party", "contact", "drop", "PARTY2", "con-000001"], admin));
        let (_, none) = world.json(&["party", "contact", "list", "PARTY2"]);
        assert_eq!(none, serde_json::json!([]));

        // Misuse of each kind, and what is simply not there.
        world.ends(2, &["no-such-command"]);
        world.ends(2, &["hub"]);
        world.ends(2, &["hub", "12"]);
        world.ends(2, &["hub", &chf(99, 0)]);
        world.ends(2, &["hubs", "--format", "pdf"]);
        world.ends(0, &["verify"]);
    });
}

#[test]
fn people_come_and_go_by_the_command_line() {
    on_sqlite(|database| {
        let world = World::new(database);
        let admin = ["--as", "admin@x.example"];
        let role = ["--role", "stock-manager", "--party", "PARTY1"];
        let invite = ["user", "invite", "new@x.example", "--name", "New"];
        let links = ["--public-url", "https://hubs.example/"];
        let link = world.ends(0, &by(&[&invite[..], &role, &links].concat(), admin));
        assert!(link.starts_with("https://hubs.example/invitations/"), "{link}");
        world.ends(2, &by(&[&invite[..], &role].concat(), AS_LOGISTICS));

        let (_, shown) = world.json(&["user", "show", "finance@x.example"]);
        assert_eq!(shown["roles"].as_array().unwrap().len(), 1, "{shown}");
        let more = ["finance@x.example", "--role", "auditor"];
        let (_, granted) = world.json(&by(&[&["user", "grant"], &more[..]].concat(), admin));
        assert_eq!(granted["roles"].as_array().unwrap().len(), 2, "{granted}");
        world.ends(0, &by(&[&["user", "revoke"], &more[..]].concat(), admin));
        let (_, shown) = world.json(&["user", "show", "finance@x.example"]);
        assert_eq!(shown["roles"].as_array().unwrap().len(), 1, "{shown}");

        let (_, link) = world.json(&by(&["user", "password-link", "finance@x.example"], admin));
        assert!(link["link"].as_str().unwrap().starts_with("/password/"), "{link}");
        let leave = ["user", "deactivate", "finance@x.example", "--reason", "Left."];
        world.ends(0, &by(&leave, admin));
        let add = ["user", "add", "finance@x.example", "--name", "F", "--role", "auditor"];
        let add = [&add[..], &["--password-stdin"]].concat();
        let ran = world.program.run_with(&add, support::PASSWORD.as_bytes());
        assert_eq!(ran.code, Some(2), "{}", ran.out);
        assert!(ran.err.contains("Reactivate the account first"), "{}", ran.err);
        world.ends(2, &["user", "token", "finance@x.example", "--name", "late"]);
        let (_, back) = world.json(&by(&["user", "reactivate", "finance@x.example"], admin));
        assert_eq!(back["state"], "Active", "{back}");

        let (_, issued) = world.json(&["user", "token", "logistics@x.example", "--name", "ERP"]);
        let token = issued["token"].as_str().unwrap();
        let revoke = |who| ["user", "revoke-token", who, token];
        world.ends(2, &revoke("finance@x.example"));
        world.ends(0, &revoke("logistics@x.example"));
        let (_, tokens) = world.json(&["user", "tokens", "logistics@x.example"]);
        assert_eq!(tokens[0]["token"], token, "{tokens}");
        assert!(tokens[0]["revoked_at"].is_string(), "{tokens}");
        let (_, all) = world.json(&["user", "list"]);
        assert_eq!(all.as_array().unwrap().len(), 7, "{all}");
        let (_, ours) = world.json(&["user", "list", "--party", "PARTY1"]);
        assert_eq!(ours.as_array().unwrap().len(), 1, "{ours}");
        world.ends(0, &["verify"]);
    });
}

#[test]
fn a_report_is_found_by_every_process_that_shares_its_folder() {
    on_sqlite(|database| {
        let world = World::with_pallets(database, 0..1);
        let (here, there) = (world.path("here"), world.path("there"));
        fs::create_dir_all(&here).unwrap();
        fs::create_dir_all(&there).unwrap();
        // The server works in a folder of its own and may well take the job.
        let server = world.program.serve(&[]);
        // What is no plain file does not keep the run: the reports folder does.
        let delivery = ["report", "delivery", "--out", "/dev/stdout"];
        for folder in [&here, &there] {
            let ran = world.program.clone().in_folder(folder).run(&delivery);
            assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
        }
        assert_eq!(server.stop(), Some(0));
        let (_, runs) = world.json(&["report", "list"]);
        for run in runs.as_array().unwrap() {
            let prove = ["report", "prove", run["run"].as_str().unwrap()];
            let ran = world.program.clone().in_folder(&there).run(&prove);
            assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
            let elsewhere = world.run(&[&prove[..], &["--reports", "elsewhere"]].concat());
            assert_eq!(elsewhere.code, Some(3), "{}", elsewhere.out);
        }
        assert!(!here.join("reports").exists() && !there.join("reports").exists());
    });
}

#[test]
fn a_reader_that_closes_the_pipe_early_is_fine() {
    on_sqlite(|database| {
        let _world = World::with_pallets(database, 0..1);
        for format in ["csv", "xlsx", "parquet"] {
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            let hubs = ["--database", database, "hubs", "--format", format];
            let mut program = Command::new(env!("CARGO_BIN_EXE_hubstock"));
            let child = program.args(hubs).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
            let ended = child.wait_with_output().unwrap();
            assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
        }
    });
}
