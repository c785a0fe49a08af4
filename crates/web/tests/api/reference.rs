//! `docs/reference/api.md`, drawn from the document and the table of who may call what.

use std::fmt::Write as _;

use axum::http::StatusCode;
use domain::refusal::RefusalKind;
use serde_json::Value;
use web::error_pages::{kind_of, status_of};

use crate::access::{Needs, ROUTES};

/// The answers of no rule: the statuses that the frame around the routes gives by itself.
const PLAIN: &[StatusCode] = &[
    StatusCode::BAD_REQUEST,
    StatusCode::FORBIDDEN,
    StatusCode::METHOD_NOT_ALLOWED,
    StatusCode::REQUEST_TIMEOUT,
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    StatusCode::PRECONDITION_REQUIRED,
    StatusCode::INTERNAL_SERVER_ERROR,
    StatusCode::SERVICE_UNAVAILABLE,
];

/// What the comments of `RefusalKind` say, in its order.
fn meanings() -> Vec<&'static str> {
    let source = include_str!("../../../domain/src/refusal.rs");
    let body = source.split("pub enum RefusalKind {").nth(1).unwrap();
    let lines = body.lines().take_while(|line| *line != "}");
    lines.filter_map(|line| line.trim().strip_prefix("/// ")).collect()
}

/// Who may call an operation: a permission, or how little it takes.
fn who(operation: &str) -> String {
    let rows = ROUTES.iter().filter(|route| route.operation == operation);
    let mut all: Vec<String> = rows
        .map(|route| match route.needs {
            Needs::Nobody => "anybody".to_owned(),
            Needs::Somebody => "whoever is signed in".to_owned(),
            Needs::May(action) => format!("`{action:?}`"),
        })
        .collect();
    all.dedup();
    all.join(" or ")
}

#[test]
fn golden_reference() {
    let document: Value = serde_json::from_str(&web::api::document()).unwrap();
    let mut text = "# API\n\nEvery call, what it wants of its caller as `permissions.md` has it, and \
        what it answers when it is not done. The whole contract is served at `/api/v1/openapi.json`. \
        Drawn from the code by a test; `./dev docs` draws it anew.\n\n## Calls\n\n\
        | call | what it does | who |\n| --- | --- | --- |\n"
        .to_owned();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let summary = operation["summary"].as_str().unwrap_or_default().replace('\n', " ");
            let summary = summary.trim().trim_end_matches('.');
            let who = who(operation["operationId"].as_str().unwrap());
            let method = method.to_uppercase();
            writeln!(text, "| `{method} {path}` | {summary} | {who} |").unwrap();
        }
    }
    text.push_str(
        "\n## Problems\n\nThe `type` of a problem document is `/problems/` and one of these words. \
         The command line and the portal refuse with the same words.\n\n\
         | word | status | what a caller learns |\n| --- | --- | --- |\n",
    );
    let meanings = meanings();
    assert_eq!(meanings.len(), RefusalKind::ALL.len());
    for (kind, meaning) in RefusalKind::ALL.iter().zip(meanings) {
        let (word, status) = (kind.word(), status_of(*kind).as_u16());
        writeln!(text, "| `{word}` | {status} | {} |", meaning.trim_end_matches('.')).unwrap();
    }
    text.push_str(
        "\nThese come from no rule but from the frame around all calls.\n\n\
         | word | status |\n| --- | --- |\n",
    );
    for status in PLAIN {
        writeln!(text, "| `{}` | {} |", kind_of(*status), status.as_u16()).unwrap();
    }
    testkit::golden::check("docs/reference/api.md", &text);
}
