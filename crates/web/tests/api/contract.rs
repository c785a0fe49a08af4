//! The document that describes the API.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use axum::body::Body;
use axum::http::{Request, StatusCode};

use crate::world::both;

#[test]
fn golden_the_document_is_the_reviewed_one() {
    testkit::golden::check("crates/web/tests/api.json", &web::api::document());
}

#[test]
fn the_document_is_served_to_anybody() {
    both(|world| async move {
        let request = Request::get("/api/v1/openapi.json").body(Body::empty()).unwrap();
        let answer = world.send(request).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.text(), web::api::document());
        assert_eq!(answer.json()["openapi"], "3.1.0");
    });
}

/// Two schemas of one name would silently be one.
#[test]
fn no_two_schemas_have_one_name() {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    each_file(&source, &mut |path, text| {
        for part in text.split("ToSchema").skip(1) {
            let words = part.split_whitespace();
            let mut names = words.skip_while(|word| !["struct", "enum"].contains(word)).skip(1);
            let Some(name) = names.next().filter(|_| part.starts_with([')', ',', ' '])) else {
                continue;
            };
            let name = name.split(['<', '(', '{']).next().unwrap().to_owned();
            let before = seen.insert(name.clone(), path.to_owned());
            assert!(before.as_deref().is_none_or(|b| b == path), "{name} in {path} and {before:?}");
        }
    });
    assert!(seen.len() > 20, "{seen:?}");
}

fn each_file(folder: &Path, look: &mut impl FnMut(&str, &str)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            each_file(&path, look);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            look(path.to_str().unwrap(), &fs::read_to_string(&path).unwrap());
        }
    }
}
