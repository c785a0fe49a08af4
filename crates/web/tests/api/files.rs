//! Files in and out through the API, and what follows from them.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::{Body, Bytes};
use axum::http::header::{AUTHORIZATION, IF_NONE_MATCH};
use axum::http::{Request, StatusCode};
use domain::access::Role;
use futures_util::stream;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::world::{World, both, cookie};

const HEADER: &str = "CHFID,GPFID,Manufacturer,Model,HardwareVersion,FirmwareVersion,CHTSVersion,\
    GBCSVersion,HANVariant,WANVariant,CSPRegion,OrderNo,ConsignmentNo,PalletID,BoxID,DeliveryDate,\
    AcceptanceDate,DeliveryLocation,ServiceUserReference,InstallationEndDate,TestHub";

/// A delivery of so many hubs to ABEL.
fn delivery(hubs: u32) -> String {
    let mut text = format!("{HEADER}\r\n");
    for n in 1..=hubs {
        let id = |kind: &str| format!("00-DB-12-{kind}-00-00-{:02X}-{:02X}", n >> 8, n & 0xff);
        let (chf, gpf) = (id("34"), id("35"));
        text += &format!(
            "{chf},{gpf},106C,04200103,0103,04000007,V1.3,3.2,Single Band,LRR,North,O1,C1,P1,B1,\
             2026-10-01,2026-10-02,Depot,ABEL,2030-01-01,N\r\n"
        );
    }
    text
}

async fn deliver(world: &World, hubs: u32) {
    let token = world.token(Role::DspOperator, true);
    let sent = world.upload(&token, "/imports?kind=deliveries&name=asn.csv", delivery(hubs)).await;
    assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.text());
    assert_eq!(sent.header("location"), "/api/v1/imports/imp-000001");
    world.work().await;
    let loaded = world.call(&token, "GET /imports/imp-000001", None).await.json();
    assert_eq!(loaded["state"], "Loaded", "{loaded}");
    assert_eq!(loaded["counts"]["loaded"], hubs, "{loaded}");
    let answer = world.call(&token, "GET /imports/imp-000001/answer", None).await;
    assert_eq!(answer.text().lines().count() as u32, hubs + 1);
}

#[test]
fn a_transfer_file_goes_all_the_way() {
    both(|world| async move {
        deliver(&world, 3).await;
        let (maker, checker) =
            (world.token(Role::DccLogistics, true), world.token(Role::DccAuthoriser, true));
        let file = "CommsHubID,NewServiceUserReference\r\n\
            00-DB-12-34-00-00-00-01,BRIO\r\n00-DB-12-34-00-00-00-02,BRIO\r\nrubbish,BRIO\r\n";
        let path = "/transfer-files?name=move.csv";
        let checked =
            world.upload(&maker, "/transfer-files/check?name=move.csv", file).await.json();
        assert_eq!(checked["counts"], json!({"S00": 2, "R01": 1}));
        assert_eq!(checked["summary"]["moves"], 2);
        let kept = checked["response"].as_str().unwrap().replace("/api/v1", "GET ");
        let answers = world.call(&maker, &kept, None).await;
        assert_eq!(answers.text().lines().count(), 4);
        assert!(answers.header("content-disposition").contains("move_RSP.csv"));
        assert_eq!(world.call(&checker, &kept, None).await.status, StatusCode::NOT_FOUND);
        let strict = "/transfer-files/check?name=move.csv&all_or_nothing=true";
        let checked = world.upload(&maker, strict, file).await.json();
        assert_eq!(checked["counts"], json!({"N00": 2, "R01": 1}));
        let refused = world.upload(&maker, strict, "nonsense").await.json();
        assert_eq!(refused["refusal_word"], "columns");
        assert_eq!((&refused["summary"], &refused["response"]), (&json!(null), &json!(null)));
        assert_eq!(world.count("transfer_files"), 0);

        let sent = world.upload(&maker, path, file).await;
        assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.text());
        assert_eq!(sent.header("location"), "/api/v1/transfer-files/ctf-000001");
        let job = sent.json()["job"]["id"].as_str().unwrap().to_owned();
        world.work().await;
        let job = world.call(&maker, &format!("GET /jobs/{job}/events"), None).await;
        assert_eq!(job.header("content-type"), "text/event-stream");
        assert!(job.text().starts_with("event: done\n"), "{}", job.text());
        let again = world.upload(&maker, path, file).await.json();
        assert_eq!((&again["id"], &again["repeated"]), (&json!("ctf-000001"), &json!(true)));
        let checked = world.upload(&maker, strict, file).await.json();
        let before = json!({"id": "ctf-000001", "received_at": "2026-11-23T09:00:00Z"});
        assert_eq!(
            (&checked["sent_before"], &checked["counts"]),
            (&before, &json!({"N00": 2, "R01": 1}))
        );

        let seen = world.call(&checker, "GET /transfer-files/ctf-000001", None).await;
        assert_eq!(seen.json()["state"], "Validated");
        assert_eq!(seen.json()["may"], json!(["authorise", "reject"]));
        assert_eq!(seen.json()["authorise_by"], "2026-11-25T00:00:00Z");
        let etag = seen.header("etag");
        let same = [(IF_NONE_MATCH.as_str(), etag)];
        let get = "GET /transfer-files/ctf-000001";
        let same = world.call_with(&checker, get, &same, None).await;
        assert_eq!(same.status, StatusCode::NOT_MODIFIED);
        let authorise = "POST /transfer-files/ctf-000001/authorise";
        let old = world.call_with(&checker, authorise, &[("if-match", "\"99\"")], None).await;
        assert_eq!(old.status, StatusCode::PRECONDITION_FAILED);
        assert_eq!(old.json()["list"], "/api/v1/transfer-files/ctf-000001/errors");
        let hidden = world.call_with(&maker, authorise, &[("if-match", "*")], None).await;
        assert_eq!((hidden.status, hidden.json().get("list")), (StatusCode::FORBIDDEN, None));
        let done = world.call_with(&checker, authorise, &[("if-match", etag)], None).await;
        assert_eq!(done.status, StatusCode::ACCEPTED, "{}", done.text());
        world.work().await;

        let after = world.call(&maker, get, None).await.json();
        assert_eq!(after["state"], "PartApplied");
        assert_eq!(after["applied"]["moved"], 2);
        let response = world.call(&maker, &format!("{get}/response"), None).await;
        assert_eq!(response.text().lines().count(), 4);
        assert!(response.header("content-disposition").contains("move_RSP.csv"));
        let original = world.call(&maker, &format!("{get}/original"), None).await;
        assert_eq!(original.text(), file);
        let errors = world.call(&maker, &format!("{get}/errors"), None).await.text();
        assert!(errors.contains("rubbish") && errors.lines().count() == 2, "{errors}");
        let lines = world.call(&maker, &format!("{get}/lines?limit=2"), None).await.json();
        assert_eq!((&lines["matching"], &lines["next"]), (&json!(3), &json!("2")));

        let hub = world.call(&maker, "GET /hubs/00db123400000001", None).await.json();
        assert_eq!(
            (&hub["party"], &hub["parties"][1]["by"]),
            (&json!("BRIO"), &json!("ctf-000001"))
        );
        let stock = world.call(&maker, "GET /stock?party=BRIO", None).await.json();
        assert_eq!(stock["items"][0]["hubs"], 2);
        let own = world.token(Role::PartyViewer, false);
        let still = world.call(&own, "GET /hubs", None).await.json();
        assert_eq!(still["items"].as_array().unwrap().len(), 1);
        let export = world.call(&own, "GET /hubs/export?format=csv", None).await.text();
        assert_eq!(export.lines().count(), 2, "{export}");
    });
}

#[test]
fn a_generated_file_can_be_sent_at_once_and_its_mistakes_are_named() {
    both(|world| async move {
        deliver(&world, 2).await;
        let token = world.token(Role::DccLogistics, true);
        let generate = async |ids: &[&str], submit: bool| {
            let body = json!({
                "ids": ids, "to_reference": "BRIO", "reference": "T-1", "submit": submit,
            });
            world.call(&token, "POST /transfer-files/generate", Some(body)).await
        };
        let wrong = generate(&["00db123400000001", "9.035E+13"], true).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", wrong.text());
        assert_eq!(wrong.json()["mistakes"][0]["place"], 2);
        let many = generate(&["9.035E+13"; 100_000], true).await;
        assert_eq!(many.status, StatusCode::UNPROCESSABLE_ENTITY, "a long list is read");
        assert_eq!(world.count("transfer_files"), 0);
        let made = generate(&["00db123400000001", "00db123400000002"], true).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
        assert_eq!(made.json()["hubs"], 2);
        assert_eq!(made.json()["submitted"]["id"], "ctf-000001");
    });
}

#[test]
fn nothing_remains_of_an_upload_that_breaks_off() {
    both(|world| async move {
        let token = world.token(Role::DccLogistics, true);
        for key in [None, Some("k-1")] {
            let pieces = (0..40).map(|n| match n {
                39 => Err(io::Error::other("the client has gone")),
                _ => Ok(Bytes::from(vec![b'x'; 64 << 10])),
            });
            let mut request = Request::post("/api/v1/transfer-files?name=a.csv")
                .header(AUTHORIZATION, format!("Bearer {token}"));
            if let Some(key) = key {
                request = request.header("idempotency-key", key);
            }
            let body = Body::from_stream(stream::iter(pieces));
            let answer = world.send(request.body(body).unwrap()).await;
            assert!(answer.status.is_client_error(), "{} {}", answer.status, answer.text());
            assert_eq!(world.count("transfer_files"), 0);
            assert_eq!(world.count("files WHERE sha256 IS NOT NULL"), 0);
            assert_eq!(world.count("idempotency_keys"), 0);
        }
    });
}

#[test]
fn an_upload_that_is_too_large_is_refused_with_the_limit() {
    both(|world| async move {
        let admin = world.token(Role::SystemAdmin, true);
        let one = Some(json!({"value": "1"}));
        let put = "PUT /settings/upload.most_mib";
        let set = world.call_with(&admin, put, &[("if-match", "*")], one).await;
        assert_eq!(set.status, StatusCode::OK);
        let token = world.token(Role::DccLogistics, true);
        let large = vec![b'x'; (1 << 20) + 1];
        let answer = world.upload(&token, "/transfer-files?name=a.csv", large).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert!(answer.json()["detail"].as_str().unwrap().contains("1 MiB"), "{}", answer.text());
        assert_eq!(world.count("transfer_files"), 0);
    });
}

/// Who is not signed in, or not any more, is told before the file is read.
#[test]
fn nobodys_upload_is_not_read() {
    both(|world| async move {
        let read = Arc::new(AtomicUsize::new(0));
        let counted = read.clone();
        let pieces = stream::unfold(counted, |counted| async {
            counted.fetch_add(1, Ordering::SeqCst);
            Some((Ok::<_, Infallible>(Bytes::from_static(b"x")), counted))
        });
        let request = Request::post("/api/v1/transfer-files?name=a.csv")
            .header(AUTHORIZATION, "Bearer hub_expired")
            .header("idempotency-key", "k-1");
        let answer = world.send(request.body(Body::from_stream(pieces)).unwrap()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(read.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn an_upload_with_a_key_is_kept_once() {
    both(|world| async move {
        let token = world.token(Role::DccLogistics, true);
        let send = async |file: &'static str| {
            let request = Request::post("/api/v1/transfer-files?name=a.csv")
                .header(AUTHORIZATION, format!("Bearer {token}"))
                .header("idempotency-key", "k-1");
            world.send(request.body(Body::from(file)).unwrap()).await
        };
        let first = send("CommsHubID,NewServiceUserReference\r\n1,BRIO\r\n").await;
        assert_eq!(first.status, StatusCode::ACCEPTED, "{}", first.text());
        let again = send("CommsHubID,NewServiceUserReference\r\n1,BRIO\r\n").await;
        assert_eq!(again.body, first.body);
        let other = send("CommsHubID,NewServiceUserReference\r\n2,BRIO\r\n").await;
        assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(world.count("transfer_files"), 1);
    });
}

#[test]
fn a_job_that_has_failed_is_listed_and_run_again() {
    both(|world| async move {
        let token = world.token(Role::DspOperator, true);
        let sent = world.upload(&token, "/imports?kind=deliveries&name=asn.csv", delivery(1)).await;
        assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.text());
        let failed = "UPDATE jobs SET state = 'failed', problem = 'no luck' WHERE id = 1";
        world.exec(failed);
        let listed = world.call(&token, "GET /jobs/failed", None).await.json();
        assert_eq!(listed["items"][0]["id"], "job-000001", "{listed}");
        assert_eq!(listed["items"][0]["subject"], "imp-000001");
        assert_eq!(listed["items"][0]["problem"], "no luck");
        let again = world.call(&token, "POST /jobs/job-000001/rerun", None).await;
        assert_eq!((again.status, &again.json()["state"]), (StatusCode::OK, &json!("ready")));
        let twice = world.call(&token, "POST /jobs/job-000001/rerun", None).await;
        assert_eq!(twice.status, StatusCode::CONFLICT);
        world.work().await;
        let loaded = world.call(&token, "GET /imports/imp-000001", None).await.json();
        assert_eq!(loaded["state"], "Loaded", "{loaded}");
        let none = world.call(&token, "GET /jobs/failed", None).await.json();
        assert_eq!(none["items"], json!([]));
    });
}

#[test]
fn a_dry_run_of_an_import_answers_each_line_and_keeps_nothing_for_good() {
    both(|world| async move {
        let token = world.token(Role::DspOperator, true);
        let check = "/imports/check?kind=deliveries&name=asn.csv";
        let tried = world.upload(&token, check, delivery(3_000)).await.json();
        assert_eq!(tried["counts"], json!({"loaded": 3_000}));
        assert_eq!(tried["is_cut"], true);
        let beginning = tried["answer"].as_str().unwrap();
        assert!(beginning.ends_with("\r\n") && beginning.len() <= 64 << 10);
        let kept = tried["answers"].as_str().unwrap().replace("/api/v1", "GET ");
        let answers = world.call(&token, &kept, None).await;
        assert_eq!(answers.text().lines().count(), 3_001);
        assert!(answers.text().starts_with(beginning));
        assert!(answers.header("content-disposition").contains("asn_answer.csv"));
        assert_eq!(world.count("imports"), 0);
        assert_eq!(world.count("files WHERE sha256 IS NOT NULL"), 0);
        let short = world.upload(&token, check, delivery(1)).await.json();
        assert_eq!(short["is_cut"], false);
    });
}

#[test]
fn a_template_has_the_columns_of_its_file_type() {
    both(|world| async move {
        let all = world.call("none", "GET /templates", None).await.json();
        let items = all["items"].as_array().unwrap().clone();
        for name in ["offer-ids", "holidays", "interchangeability", "installation-ends"] {
            assert!(items.iter().any(|item| item["name"] == name), "{name}");
        }
        for item in items {
            let call = format!("GET /templates/{}", item["name"].as_str().unwrap());
            let csv = world.call("none", &call, None).await.text();
            let columns: Vec<&str> = csv.trim_end().split(',').collect();
            assert_eq!(json!(columns), item["columns"]);
            let sheet = world.call("none", &format!("{call}?format=xlsx"), None).await;
            assert!(sheet.body.starts_with(b"PK"), "{call}");
        }
        for (call, status) in [
            ("GET /templates/nothing", StatusCode::NOT_FOUND),
            ("GET /templates/statuses?format=parquet", StatusCode::UNPROCESSABLE_ENTITY),
        ] {
            assert_eq!(world.call("none", call, None).await.status, status, "{call}");
        }
    });
}

/// So many MiB of one line.
fn long_line(mib: usize) -> Body {
    let piece = Bytes::from(vec![b'7'; 1 << 20]);
    Body::from_stream(stream::iter((0..mib).map(move |_| Ok::<_, Infallible>(piece.clone()))))
}

#[test]
fn a_line_of_a_hundred_megabytes_is_refused_and_said_so() {
    both(|world| async move {
        let maker = world.token(Role::DccLogistics, true);
        let operator = world.token(Role::DspOperator, true);
        let sent = world.upload(&maker, "/transfer-files?name=long.csv", long_line(100)).await;
        assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.text());
        let import = "/imports?kind=statuses&name=long.csv";
        let sent = world.upload(&operator, import, long_line(100)).await;
        assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.text());
        let tried = "/imports/check?kind=statuses&name=long.csv";
        let tried = world.upload(&operator, tried, long_line(100)).await;
        assert_eq!(tried.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", tried.text());
        world.work().await;
        let file = world.call(&maker, "GET /transfer-files/ctf-000001", None).await.json();
        assert_eq!(
            (&file["state"], &file["refusal_word"]),
            (&json!("FailedValidation"), &json!("encoding"))
        );
        let import = world.call(&operator, "GET /imports/imp-000001", None).await.json();
        assert_eq!(import["state"], "Refused", "{import}");
        let detail = tried.json()["detail"].as_str().unwrap().to_owned();
        assert_eq!(import["refusal"], detail);
    });
}

#[test]
fn a_session_that_ends_in_the_middle_of_an_upload_lets_it_end() {
    both(|world| async move {
        let session = world.session(Role::DccLogistics);
        let clock = world.app.clock.clone();
        let later = world.app.now() + jiff::SignedDuration::from_hours(13);
        let pieces = ["CommsHubID,NewServiceUser", "Reference\r\n1,BRIO\r\n"].into_iter();
        let pieces = pieces.enumerate().map(move |(number, piece)| {
            if number == 1 {
                clock.set(later);
            }
            Ok::<_, Infallible>(Bytes::from(piece))
        });
        let (name, value) = cookie(&session);
        let request = Request::post("/api/v1/transfer-files?name=a.csv")
            .header(name, &value)
            .header("sec-fetch-site", "same-origin");
        let sent = world.send(request.body(Body::from_stream(stream::iter(pieces))).unwrap()).await;
        assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.text());
        assert_eq!(world.count("transfer_files"), 1);
        let next = Request::get("/api/v1/me").header(name, &value).body(Body::empty()).unwrap();
        assert_eq!(world.send(next).await.status, StatusCode::UNAUTHORIZED);
    });
}

#[test]
fn a_client_that_hangs_up_in_the_middle_leaves_nothing_behind() {
    both(|world| async move {
        let token = world.token(Role::DccLogistics, true);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move { stopped.await.unwrap_or_default() };
        let patience = web::listen::Patience::default();
        let serving = web::listen::serve(listener, world.router.clone(), shutdown, patience);
        let server = tokio::spawn(serving);
        let file =
            "CommsHubID,NewServiceUserReference\r\n".to_owned() + &"1,BRIO\r\n".repeat(400_000);
        // Who may not send is refused before anything is read, and could not write half a file.
        let operator = world.token(Role::DspOperator, true);
        for (token, path) in [
            (&token, "/transfer-files?name=a.csv"),
            (&operator, "/imports?kind=statuses&name=a.csv"),
        ] {
            let mut client = TcpStream::connect(address).await.unwrap();
            let head = format!(
                "POST /api/v1{path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n\
                 content-length: {}\r\n\r\n",
                file.len()
            );
            client.write_all(head.as_bytes()).await.unwrap();
            client.write_all(&file.as_bytes()[..file.len() / 2]).await.unwrap();
            drop(client);
        }
        stop.send(()).unwrap();
        server.await.unwrap();
        assert_eq!(world.count("transfer_files") + world.count("imports"), 0);
        assert_eq!(world.count("files WHERE sha256 IS NOT NULL"), 0);
        let sent = world.upload(&token, "/transfer-files?name=a.csv", file).await;
        assert_eq!(sent.json()["repeated"], false, "{}", sent.text());
    });
}
