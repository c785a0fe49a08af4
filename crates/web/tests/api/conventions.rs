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

        let token = world.token(Role::SystemAdmin, true);
        let check = async |call: &str, body, status: u16, kind: &str| {
            let answer = world.call_with(&token, call, &[("if-match", "*")], body).await;
            assert_eq!(answer.status.as_u16(), status, "{call}: {}", answer.text());
            let text = answer.json();
            assert_eq!(text["type"], format!("/problems/{kind}"), "{call}");
            assert!(text["detail"].as_str().unwrap().ends_with('.'), "{call}: {text}");
            text
        };
        check("GET /nothing", None, 404, "page-not-found").await;
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
        let changed = world.call_with(&token, put, &[("if-match", "\"0\"")], off()).await;
        assert_eq!(changed.status, StatusCode::OK);
        assert_eq!(changed.header("etag"), "\"1\"");
        assert_eq!(changed.json()["value"], "off");
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
        assert_eq!(second.get("next"), None);
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
