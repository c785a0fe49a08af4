//! A service with two Parties, and one person for each role that a test asks for.

use std::thread;

use app::people;
use app::sign_in::{self, Credentials, NewToken};
use app::{App, Clock, jobs};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE};
use axum::http::{HeaderMap, Request, StatusCode};
use domain::access::{Action, Actor, Role};
use serde_json::Value;
use store::{Db, args};
use tower::ServiceExt;

const PASSWORD: &str = "correct horse battery";

/// A service under test.
pub struct World {
    pub app: App,
    pub router: Router,
    _folder: tempfile::TempDir,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Runs a test of the service on both databases.
pub fn both<F: Future<Output = ()>>(test: impl Fn(World) -> F) {
    testkit::world::both(|url| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let world = World::new(url);
        runtime.block_on(test(world));
    });
}

/// Does what blocks on a thread of its own, where the tests' own runtime does not mind.
fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| scope.spawn(work).join().unwrap())
}

fn email_of(role: Role) -> String {
    format!("{}@example.com", role.word())
}

impl World {
    fn new(url: &str) -> World {
        let db = Db::open(url).unwrap();
        db.migrate().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut app = App::new(db, folder.path().to_owned());
        app.clock = Clock::standing("2026-11-23T09:00:00Z".parse().unwrap());
        let sql = "
            INSERT INTO parties (id, signifier, legal_name, category, grouping, user_ids,
                service_user_reference, status, may_hold_hubs, version)
            VALUES ($1, $2, $3, 'Large Supplier', '', '', $2, 'Active', $4, 1)";
        let mut tx = app.db.write().unwrap();
        tx.exec(sql, args![1, "ABEL", "Abel Energy Limited", true]).unwrap();
        tx.exec(sql, args![2, "BRIO", "Brio Power plc", true]).unwrap();
        tx.commit().unwrap();
        let state = web::State::new(app.clone(), "http://127.0.0.1:8080", false);
        World { router: web::router(state), app, _folder: folder }
    }

    /// The person who holds this role; added when first asked for.
    pub fn actor(&self, role: Role) -> Actor {
        let (app, email) = (&self.app, email_of(role));
        let find = || sign_in::actor_by_email(app, &email, Action::IssueTokens, None);
        let add = || {
            let party = role.is_of_a_party().then_some("ABEL");
            people::add_by_operator(app, &email, role.name(), role, party, PASSWORD).unwrap();
            find().unwrap()
        };
        apart(|| find().unwrap_or_else(|_| add()))
    }

    /// A token of the person who holds this role.
    pub fn token(&self, role: Role, writes: bool) -> String {
        let new = NewToken { name: "Test", writes, days: 1 };
        let actor = self.actor(role);
        apart(|| sign_in::issue_token(&self.app, &actor, &new).unwrap().1)
    }

    /// A session of the person who holds this role.
    pub fn session(&self, role: Role) -> String {
        let email = self.actor(role).email;
        let given =
            Credentials { email: &email, password: PASSWORD, address: "192.0.2.1", replaces: None };
        apart(|| sign_in::sign_in(&self.app, &given).unwrap().0)
    }

    /// Sends a request.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = to_bytes(body, 1 << 24).await.unwrap().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// A call with a token; a body makes it JSON.
    pub async fn call(&self, token: &str, call: &str, body: Option<Value>) -> Answer {
        self.call_with(token, call, &[], body).await
    }

    /// The same with headers.
    pub async fn call_with(
        &self,
        token: &str,
        call: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let (method, path) = call.split_once(' ').unwrap();
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header(AUTHORIZATION, format!("Bearer {token}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(body) => {
                request = request.header(CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).unwrap()).await
    }

    /// Sends a file with a token.
    pub async fn upload(&self, token: &str, path: &str, file: impl Into<Body>) -> Answer {
        let request = Request::post(format!("/api/v1{path}"))
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .header(CONTENT_TYPE, "application/octet-stream");
        self.send(request.body(file.into()).unwrap()).await
    }

    /// Does all jobs that wait.
    pub async fn work(&self) {
        let app = self.app.clone();
        let work = move || while jobs::run_next(&app).unwrap() {};
        tokio::task::spawn_blocking(work).await.unwrap();
    }

    /// Runs a statement behind the product's back.
    pub fn exec(&self, sql: &str) {
        apart(|| {
            let mut tx = self.app.db.write().unwrap();
            tx.exec(sql, &[]).unwrap();
            tx.commit().unwrap();
        });
    }

    /// How many rows a table has.
    pub fn count(&self, table: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        apart(|| self.app.db.read().unwrap().one("count", &sql, &[]).unwrap().get(0))
    }
}

/// The header that carries a session.
pub fn cookie(secret: &str) -> (&'static str, String) {
    (COOKIE.as_str(), format!("hubstock={secret}"))
}
