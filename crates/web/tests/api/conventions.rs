//! Problems, ETags, keys, cursors: what all calls have in common.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use domain::access::Role;
use serde_json::json;

use crate::world::both;

#[test]
fn what_goes_wrong_is_a_problem_document() {
    both(|world| async move {
        let nobody = Request::get("/api/v1/me").body(Body::empty()).unwrap();
        let answer = world.send(nobody).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.json()["type"], "/problems/not-signed-in");
        assert_eq!(answer.json()["status"], 401);
        assert_eq!(answer.header("www-authenticate"), "Bearer");

        let token = world.token(Role::SystemAdmin, true);
        let check = async |call: &str, body, status: u16, kind: &str| {
            let answer = world.call_with(&token, call, &[("if-match", "*")], body).await;
            assert_eq!(answer.status.as_u16(), status, "{call}: {}", answer.text());
            let text = answer.json();
            assert_eq!(text["type"], format!("/problems/{kind}"), "{call}");
            assert!(text["detail"].as_str().unwrap().ends_with('.'), "{call}: {text}");
            text
        };
        let nothing = check("GET /nothing", None, 404, "not-found").await;
        assert_eq!(nothing["title"], "Not found");
        let method = check("DELETE /hubs", None, 405, "this-address-does-not-take-that").await;
        assert_eq!(method["detail"], "Allow says which methods it takes.");
        let long = Some(json!({ "value": "x".repeat(1 << 20) }));
        let long = check("PUT /settings/check.R05", long, 413, "too-large").await;
        assert!(long["detail"].as_str().unwrap().contains("at most 1 MiB"), "{long}");
        check("GET /settings/none", None, 404, "not-found").await;
        check("GET /people?organisation=nowhere", None, 404, "not-found").await;
        check("GET /people?organization=centre", None, 422, "invalid").await;
        let wrong = Some(json!({"value": "maybe"}));
        let problem = check("PUT /settings/check.R05", wrong, 422, "invalid").await;
        assert_eq!(problem["field"], "value");
        let wrong = Some(json!({"valu": "off"}));
        let problem = check("PUT /settings/check.R05", wrong, 422, "invalid").await;
        assert!(problem["detail"].as_str().unwrap().contains("valu"), "{problem}");
        check("GET /hubs", None, 403, "not-allowed").await;
    });
}

#[test]
fn a_call_takes_no_parameter_that_its_document_does_not_name() {
    both(|world| async move {
        let token = world.token(Role::DccLogistics, true);
        for call in [
            "GET /me?foo=1",
            "GET /settings?foo=1",
            "GET /parties?limit=1",
            "GET /stock?limit=1",
            "GET /hubs?format=csv",
            "HEAD /me?foo=1",
            "POST /delivery-reports?foo=1",
        ] {
            let refused = world.call(&token, call, None).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{call}");
        }
        let refused = world.call(&token, "GET /me?foo=1", None).await.json();
        assert_eq!(refused["detail"], "This call has no parameter “foo”.");
        for call in ["GET /hubs?limit=1&region=North", "GET /stock?region=North", "GET /parties"] {
            let taken = world.call(&token, call, None).await;
            assert_eq!(taken.status, StatusCode::OK, "{call}: {}", taken.text());
        }
        let damaged = world.call(&token, "GET /hubs?cursor=x", None).await;
        assert_eq!(damaged.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(damaged.json()["field"], "cursor");
    });
}

#[test]
fn a_body_of_another_kind_is_refused_before_anything_is_kept() {
    both(|world| async move {
        let token = world.token(Role::DspOperator, true);
        let logistics = world.token(Role::DccLogistics, true);
        let form = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n\
            CommsHubID,NewServiceUserReference\r\n\r\n--b--\r\n";
        for (token, path) in [
            (&logistics, "/transfer-files?name=a.csv"),
            (&logistics, "/transfer-files/check?name=a.csv"),
            (&token, "/imports?kind=deliveries&name=a.csv"),
            (&token, "/imports/check?kind=deliveries&name=a.csv"),
        ] {
            let request = Request::post(format!("/api/v1{path}"))
                .header("authorization", format!("Bearer {token}"))
                .header("content-type", "multipart/form-data; boundary=b");
            let refused = world.send(request.body(Body::from(form)).unwrap()).await;
            assert_eq!(refused.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{path}");
            let detail = refused.json()["detail"].as_str().unwrap().to_owned();
            assert!(detail.contains("takes its bytes as the body, not a form"), "{detail}");
        }
        assert_eq!((world.count("transfer_files"), world.count("imports")), (0, 0));

        let send = async |kind: &str| {
            let request = Request::post("/api/v1/delivery-reports")
                .header("authorization", format!("Bearer {logistics}"))
                .header("content-type", kind);
            world.send(request.body(Body::from(r#"{"format":"csv"}"#)).unwrap()).await.status
        };
        assert_eq!(send("text/plain").await, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        assert_eq!(send("Application/JSON; charset=utf-8").await, StatusCode::ACCEPTED);
        assert_eq!(send("application/problem+json").await, StatusCode::ACCEPTED);
    });
}

#[test]
fn a_token_that_only_reads_says_so() {
    both(|world| async move {
        let told = async |role: Role| {
            let token = world.token(role, false);
            let body = Some(json!({"format": "csv"}));
            let refused = world.call(&token, "POST /delivery-reports", body).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN);
            refused.json()["detail"].as_str().unwrap().to_owned()
        };
        assert_eq!(
            told(Role::DccFinance).await,
            "This token only reads. Issue one that may write."
        );
        assert!(told(Role::Auditor).await.starts_with("Your role does not allow this."));
    });
}

#[test]
fn a_change_wants_the_version_that_was_seen() {
    both(|world| async move {
        let token = world.token(Role::SystemAdmin, true);
        let off = || Some(json!({"value": "off"}));
        let put = "PUT /settings/check.R05";
        let without = world.call(&token, put, off()).await;
        assert_eq!(without.status, StatusCode::PRECONDITION_REQUIRED);
        assert_eq!(without.header("content-type"), "application/problem+json");

        let seen = world.call(&token, "GET /settings/check.R05", None).await;
        assert_eq!(seen.header("etag"), "\"0\"");
        for wrong in ["\"7\"", "0", "W/\"0\"", "\"x\""] {
            let answer = world.call_with(&token, put, &[("if-match", wrong)], off()).await;
            assert_eq!(answer.status, StatusCode::PRECONDITION_FAILED, "{wrong}");
        }
        for wrong in ["0", "W/\"0\"", "\"3\", \"0\""] {
            let answer = world.call_with(&token, put, &[("if-match", wrong)], off()).await;
            assert_eq!(answer.status, StatusCode::PRECONDITION_FAILED, "{wrong}");
            let detail = answer.json()["detail"].as_str().unwrap().to_owned();
            assert!(detail.starts_with("If-Match takes one ETag"), "{wrong}: {detail}");
        }
        let changed = world.call_with(&token, put, &[("if-match", "\"0\"")], off()).await;
        assert_eq!(changed.status, StatusCode::OK);
        assert_eq!(changed.header("etag"), "\"1\"");
        assert_eq!(changed.json()["value"], "off");
    });
}

#[test]
fn what_has_no_counter_has_a_version_all_the_same() {
    both(|world| async move {
        let token = world.token(Role::DccLogistics, true);
        let body = json!({"name": "Mine", "filter": "", "notifies": false});
        let made = world.call(&token, "POST /board/filters", Some(body)).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
        let filter = made.header("location").strip_prefix("/api/v1").unwrap().to_owned();
        let things = [
            (filter, json!({"notifies": true})),
            ("/me/notifications/transfer-file-refused".to_owned(), json!({"delivery": "digest"})),
        ];
        for (path, body) in things {
            let seen = world.call(&token, &format!("GET {path}"), None).await;
            assert_eq!(seen.status, StatusCode::OK, "{path}: {}", seen.text());
            let tag = seen.header("etag").to_owned();
            assert_eq!(tag, format!("\"{}\"", seen.json()["version"]), "{path}");
            let put = async |tag: &str| {
                let call = format!("PUT {path}");
                world.call_with(&token, &call, &[("if-match", tag)], Some(body.clone())).await
            };
            let changed = put(&tag).await;
            assert_eq!(changed.status, StatusCode::OK, "{path}: {}", changed.text());
            assert_ne!(changed.header("etag"), tag, "{path}");
            assert_eq!(put(&tag).await.status, StatusCode::PRECONDITION_FAILED, "{path}");
        }

        let table = "/stock-rules/holidays";
        let seen = world.call(&token, &format!("GET {table}"), None).await;
        let tag = seen.header("etag").to_owned();
        let load = async |tag: &str, file: &str| {
            let request = Request::put(format!("/api/v1{table}"))
                .header("authorization", format!("Bearer {token}"))
                .header("if-match", tag);
            world.send(request.body(Body::from(file.to_owned())).unwrap()).await
        };
        let file = "Day,Name\r\n2026-12-25,Christmas\r\n";
        let loaded = load(&tag, file).await;
        assert_eq!(loaded.status, StatusCode::OK, "{}", loaded.text());
        assert_eq!(load(&tag, file).await.status, StatusCode::PRECONDITION_FAILED);

        let run = world.call(&token, "POST /delivery-reports", Some(json!({"format": "csv"})));
        let run = format!("GET {}", &run.await.header("location")["/api/v1".len()..]);
        let waiting = world.call(&token, &run, None).await.header("etag").to_owned();
        world.work().await;
        let done = world.call(&token, &run, None).await.header("etag").to_owned();
        assert!(!waiting.is_empty() && !done.is_empty() && waiting != done);
        let proof = world.call(&token, &format!("{run}/proof"), None).await.json();
        assert_eq!(proof["proved"], true, "{proof}");
    });
}

#[test]
fn a_partys_contacts_and_locations_are_kept_by_version() {
    both(|world| async move {
        let token = world.token(Role::PartyAdmin, true);
        let contact =
            json!({"purpose": "warehouse", "name": "Goods in", "email": "g@abel.example"});
        let location =
            json!({"name": "Depot", "address": "1 Mill", "region": "North", "is_active": true});
        for (list, body, change) in [
            ("/parties/pty-000001/contacts", contact, ("telephone", json!("020 7946 0123"))),
            ("/parties/pty-000001/locations", location, ("is_active", json!(false))),
        ] {
            let made = world.call(&token, &format!("POST {list}"), Some(body.clone())).await;
            assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
            let path = made.header("location").strip_prefix("/api/v1").unwrap().to_owned();
            let seen = world.call(&token, &format!("GET {path}"), None).await;
            assert_eq!((seen.header("etag"), seen.json()), ("\"1\"", made.json()));
            let mut changed = body;
            changed[change.0] = change.1.clone();
            let call = async |method: &str, tag: &str, body| {
                let call = format!("{method} {path}");
                world.call_with(&token, &call, &[("if-match", tag)], body).await
            };
            let put = call("PUT", "\"1\"", Some(changed.clone())).await;
            assert_eq!((put.status, put.header("etag")), (StatusCode::OK, "\"2\""));
            let stale = call("PUT", "\"1\"", Some(changed)).await;
            assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
            let all = world.call(&token, &format!("GET {list}"), None).await.json();
            assert_eq!(all["items"][0][change.0], change.1, "{all}");
            let stale = call("DELETE", "\"1\"", None).await;
            assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
            assert_eq!(call("DELETE", "\"2\"", None).await.status, StatusCode::NO_CONTENT);
            let named = list.replace("pty-000001", "ABEL");
            let named = world.call(&token, &format!("GET {named}"), None).await;
            assert_eq!(named.status, StatusCode::OK, "{}", named.text());
            let gone = world.call(&token, &format!("GET {path}"), None).await;
            assert_eq!(gone.status, StatusCode::NOT_FOUND);
        }
        let foreign = world.call(&token, "GET /parties/pty-000002/contacts", None).await;
        assert_eq!(foreign.status, StatusCode::NOT_FOUND);
    });
}

#[test]
fn the_same_key_gets_the_first_answer() {
    both(|world| async move {
        let token = world.token(Role::DccFinance, true);
        let run = async |key: &str, format: &str| {
            let body = Some(json!({ "format": format }));
            let key = [("idempotency-key", key)];
            world.call_with(&token, "POST /delivery-reports", &key, body).await
        };
        let first = run("k-1", "csv").await;
        assert_eq!(first.status, StatusCode::ACCEPTED);
        let again = run("k-1", "csv").await;
        assert_eq!(again.status, StatusCode::ACCEPTED);
        assert_eq!(again.body, first.body);
        assert_eq!(again.header("location"), first.header("location"));
        assert_eq!(again.header("idempotent-replayed"), "true");
        let other = run("k-1", "xlsx").await;
        assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(other.json()["type"], "/problems/key-reused");
        assert_ne!(run("k-2", "csv").await.json()["id"], first.json()["id"]);
        assert_eq!(world.count("report_runs"), 2);

        let refused = run("k-3", "odt").await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        let again = run("k-3", "odt").await;
        assert_eq!((again.status, again.body), (refused.status, refused.body));
    });
}

#[test]
fn an_answer_that_is_too_long_to_be_kept_is_given_once_and_then_what_was_done() {
    both(|world| async move {
        let token = world.token(Role::DccLogistics, true);
        let ids: Vec<String> = (1..=104_000).map(|n| format!("00db1234{n:08x}")).collect();
        let make = async |submit: bool| {
            let body = json!({
                "ids": ids, "to_reference": "BRIO", "reference": "T-1", "submit": submit,
            });
            let key = [("idempotency-key", "k-1")];
            let call = "POST /transfer-files/generate";
            world.call_with(&token, call, &key, Some(body)).await
        };
        let first = make(false).await;
        assert_eq!(first.status, StatusCode::CREATED, "{}", first.text());
        assert!(first.body.len() > 4 << 20);
        assert_eq!(first.json()["hubs"], 104_000);
        let again = make(false).await;
        assert_eq!((again.status, again.header("idempotent-replayed")), (StatusCode::OK, "true"));
        assert_eq!(again.json()["kind"], "TransferFileGenerated");
        assert_eq!(make(true).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(world.count("generated_files"), 1);
    });
}

#[test]
fn a_secret_is_answered_once_and_kept_nowhere() {
    both(|world| async move {
        let token = world.token(Role::SystemAdmin, true);
        let invite = async || {
            let body = json!({
                "email": "new@example.com", "name": "New", "organisation": "pty-000001",
                "role": "warehouse",
            });
            let key = [("idempotency-key", "k-1")];
            world.call_with(&token, "POST /people", &key, Some(body)).await
        };
        let first = invite().await;
        assert_eq!(first.status, StatusCode::CREATED, "{}", first.text());
        let link = first.json()["link"].as_str().unwrap().to_owned();
        let again = invite().await;
        assert_eq!(again.status, StatusCode::CREATED);
        assert_eq!(again.json()["done"], true);
        assert_eq!(world.count("links"), 1);

        let secret = link.rsplit('/').next().unwrap().to_owned();
        let accept = json!({"secret": secret, "password": "a long enough one"});
        let accepted = world.call("none", "POST /invitations/accept", Some(accept)).await;
        assert_eq!(accepted.status, StatusCode::NO_CONTENT);
    });
}

#[test]
fn a_list_goes_on_at_its_cursor() {
    both(|world| async move {
        let token = world.token(Role::DccFinance, true);
        for _ in 0..51 {
            let body = Some(json!({"format": "csv"}));
            let run = world.call(&token, "POST /delivery-reports", body).await;
            assert_eq!(run.status, StatusCode::ACCEPTED);
        }
        let first = world.call(&token, "GET /delivery-reports", None).await.json();
        assert_eq!(first["items"].as_array().unwrap().len(), 50);
        let next = format!("GET /delivery-reports?cursor={}", first["next"].as_str().unwrap());
        let second = world.call(&token, &next, None).await.json();
        assert_eq!(second["items"].as_array().unwrap().len(), 1);
        assert_eq!((second.get("next"), first.get("previous")), (None, None));
        let back = format!("GET /delivery-reports?cursor={}", second["previous"].as_str().unwrap());
        assert_eq!(world.call(&token, &back, None).await.json(), first);
        let short = world.call(&token, "GET /delivery-reports?limit=10", None).await.json();
        assert_eq!(short["items"].as_array().unwrap().len(), 10);
        let damaged = world.call(&token, "GET /delivery-reports?cursor=x", None).await;
        assert_eq!(damaged.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(damaged.json()["field"], "cursor");
    });
}

#[test]
fn the_service_says_how_it_is() {
    both(|world| async move {
        for (path, status) in [("/healthz", "live"), ("/readyz", "ready")] {
            let answer = world.send(Request::get(path).body(Body::empty()).unwrap()).await;
            assert_eq!(
                (answer.status, answer.json()["status"].as_str()),
                (StatusCode::OK, Some(status))
            );
        }
        world.app.lost_threads.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let answer = world.send(Request::get("/readyz").body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(answer.text().contains("a worker has ended"), "{}", answer.text());
        world.exec("DELETE FROM migrations");
        let answer = world.send(Request::get("/readyz").body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    });
}
