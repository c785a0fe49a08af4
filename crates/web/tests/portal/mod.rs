//! The real router over a real SQLite database, and people who open its pages.
#![allow(dead_code, missing_docs)] // each test program uses a part of this

use app::sign_in::{sign_in_by_link, sign_in_link};
use app::{App, people};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{CONTENT_TYPE, COOKIE, LOCATION, REFERER, SET_COOKIE};
use axum::http::{HeaderMap, Request, StatusCode};
use domain::access::Role;
use domain::ids::UserId;
use store::{Db, args};
use tempfile::TempDir;
use tower::ServiceExt;

/// The password of everybody.
pub const PASSWORD: &str = "three plain words";

/// Two Parties that hold hubs, one that may not, and twelve hubs of the first: ten Pending, one
/// Commissioned, one past its installation end date.
const WORLD: &str = "
    INSERT INTO parties VALUES
        (1, 'NORTHERN', 'Northern Light Ltd', 'Large Supplier', '', '', 'NOR1', 'Active', TRUE, 1),
        (2, 'SOUTHERN', 'Southern Power Ltd', 'Small Supplier', '', '', 'SOU1', 'Active', TRUE, 1),
        (3, 'WIRES', 'Wires Ltd', 'Electricity Network', '', '', 'WIR1', 'Active', FALSE, 1);
    INSERT INTO models VALUES
        (1, 'Meterworks, Ltd', 'CH-1', '1.0', '2.3', '1.1', '4.1', 'Single Band', 'Cellular');
    INSERT INTO pallets VALUES (1, 'PAL1', 'CON1');
    INSERT INTO stock VALUES (1, 1, 'North', 1, 11), (1, 1, 'North', 4, 1);
    INSERT INTO pallet_stock VALUES (1, 1, 1, 11), (1, 1, 4, 1);
";

/// The server, without a network.
pub struct Portal {
    pub app: App,
    pub router: Router,
    _folder: TempDir,
}

/// Somebody who is signed in, by the secret of the session.
#[derive(Clone, Debug)]
pub struct Visitor {
    pub user: UserId,
    cookie: String,
}

/// An answer as a test reads it.
#[derive(Debug)]
pub struct Page {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Portal {
    pub fn open() -> Portal {
        Portal::with(false)
    }

    pub fn demo() -> Portal {
        Portal::with(true)
    }

    fn with(demo: bool) -> Portal {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path().join("hubstock.db").to_str().unwrap()).unwrap();
        db.migrate().unwrap();
        fill(&db);
        let app = App::new(db, folder.path().join("reports"));
        let state = web::State::new(app.clone(), "http://hubstock.example", demo);
        Portal { app, router: web::router(state), _folder: folder }
    }

    /// A person with one role, signed in.
    pub fn visitor(&self, email: &str, role: Role, party: Option<&str>) -> Visitor {
        let name = format!("{} person", role.name());
        let user = people::add_by_operator(&self.app, email, &name, role, party, PASSWORD).unwrap();
        self.sign_in(user)
    }

    pub fn sign_in(&self, user: UserId) -> Visitor {
        let link = sign_in_link(&self.app, user).unwrap();
        let (secret, _) = sign_in_by_link(&self.app, &link, "192.0.2.1", None).unwrap();
        Visitor { user, cookie: format!("hubstock={secret}") }
    }

    /// One signed-in person for each role.
    pub fn everybody(&self) -> Vec<(Role, Visitor)> {
        let person = |role: &Role| {
            let party = role.is_of_a_party().then_some("NORTHERN");
            (*role, self.visitor(&format!("{}@people.example", role.word()), *role, party))
        };
        Role::ALL.iter().map(person).collect()
    }

    /// Does every job that is due.
    pub fn work(&self) {
        while app::jobs::run_next(&self.app).unwrap() {}
        let mut tx = self.app.db.read().unwrap();
        let sql = "SELECT problem FROM jobs WHERE problem IS NOT NULL LIMIT 1";
        let problem = tx.opt(sql, &[]).unwrap().map(|row| row.get::<String>(0));
        assert_eq!(problem, None, "a job has not ended well");
    }

    async fn answer(&self, request: Request<Body>) -> Page {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let bytes = to_bytes(body, 64 << 20).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Page { status: parts.status, headers: parts.headers, text }
    }

    pub async fn get(&self, who: impl Into<Option<&Visitor>>, path: &str) -> Page {
        let request = request("GET", who.into(), path);
        self.answer(request.body(Body::empty()).unwrap()).await
    }

    pub async fn post(
        &self,
        who: impl Into<Option<&Visitor>>,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Page {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let request = request("POST", who.into(), path);
        let request = request.header(REFERER, format!("http://hubstock.example{path}?from=page"));
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.answer(request.body(Body::from(form.finish())).unwrap()).await
    }

    /// Sends a form as it stands on its page, at its own address or above: with what is hidden in it,
    /// such as the version that the page shows.
    pub async fn press(&self, who: &Visitor, path: &str, fields: &[(&str, &str)]) -> Page {
        let (mut hidden, mut above) = (Vec::new(), path);
        while !above.is_empty() {
            let page = self.get(who, above).await;
            if let Some((_, form)) = page.text.split_once(&format!("action=\"{path}\"")) {
                hidden = hidden_in(form.split("</form>").next().unwrap());
                break;
            }
            above = above.rsplit_once('/').map_or("", |(above, _)| above);
        }
        hidden.retain(|(name, _)| fields.iter().all(|(given, _)| given != name));
        let hidden = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let all: Vec<(&str, &str)> = hidden.chain(fields.iter().copied()).collect();
        self.post(who, path, &all).await
    }

    /// Sends a form whose last field is a file.
    pub async fn upload(
        &self,
        who: &Visitor,
        path: &str,
        fields: &[(&str, &str)],
        (name, bytes): (&str, &[u8]),
    ) -> Page {
        let mut body = Vec::new();
        for (field, value) in fields {
            let part = format!(
                "--b\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n"
            );
            body.extend_from_slice(part.as_bytes());
        }
        let head = format!(
            "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n--b--\r\n");
        let request = request("POST", Some(who), path);
        let request = request.header(CONTENT_TYPE, "multipart/form-data; boundary=b");
        self.answer(request.body(Body::from(Bytes::from(body))).unwrap()).await
    }
}

impl Visitor {
    /// What the browser sends for the session.
    pub fn cookie(&self) -> &str {
        &self.cookie
    }
}

fn request(method: &str, who: Option<&Visitor>, path: &str) -> axum::http::request::Builder {
    let request =
        Request::builder().method(method).uri(path).header("sec-fetch-site", "same-origin");
    match who {
        Some(visitor) => request.header(COOKIE, &visitor.cookie),
        None => request,
    }
}

fn fill(db: &Db) {
    let mut tx = db.write().unwrap();
    tx.batch(WORLD).unwrap();
    for (pack, end) in [(1, ""), (2, "2020-01-31")] {
        let sql = "
            INSERT INTO packs (id, fingerprint, model, region, order_no, consignment_no, pallet,
                box_id, delivered_on, accepted_on, location, delivered_to, installation_end, is_test)
            VALUES ($1, $2, 1, 'North', 'ORD1', 'CON1', 1, 'B1', '2026-01-05', '2026-01-07',
                'Leeds', 1, $3, FALSE)";
        tx.exec(sql, args![pack, end.as_bytes(), end]).unwrap();
    }
    for number in 1..=12_i64 {
        let (id, gpf) = (hub_number(number), hub_number(number) + 0x100);
        let status = if number == 11 { 4 } else { 1 };
        let pack = if number == 12 { 2 } else { 1 };
        let sql = "
            INSERT INTO hubs (id, gpf, pack, party, status, status_at, installed_at, last_move,
                last_change, quarantined)
            VALUES ($1, $2, $3, 1, $4, 1767225600000000, NULL, 0, 0, FALSE)";
        tx.exec(sql, args![id, gpf, pack, status]).unwrap();
    }
    tx.commit().unwrap();
}

pub fn hub_number(number: i64) -> i64 {
    0x00DB_1200_0000_0000 + number
}

/// The CHF ID of a hub of the world: 1 to 10 are Pending, 11 is Commissioned, 12 has expired.
pub fn hub(number: i64) -> String {
    domain::DeviceId::from_key(hub_number(number)).to_string()
}

/// A file in the minimal profile.
pub fn minimal(hubs: &[String], to: &str) -> String {
    let lines: String = hubs.iter().map(|hub| format!("{hub},{to}\r\n")).collect();
    format!("CommsHubID,NewServiceUserReference\r\n{lines}")
}

impl Page {
    /// Where a redirect leads.
    pub fn location(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.words());
        self.headers[LOCATION].to_str().unwrap()
    }

    /// The cookies that it sets.
    pub fn cookies(&self) -> String {
        let all = self.headers.get_all(SET_COOKIE).iter();
        all.map(|cookie| cookie.to_str().unwrap()).collect::<Vec<_>>().join("\n")
    }

    /// What can be read on it, roughly: no tags, single blanks.
    pub fn words(&self) -> String {
        let mut words = String::new();
        let mut in_tag = false;
        for c in self.text.chars() {
            match c {
                '<' => in_tag = true,
                '>' => {
                    in_tag = false;
                    words.push(' ');
                }
                c if !in_tag => words.push(c),
                _ => {}
            }
        }
        let words = words.replace("&#39;", "'").replace("&#34;", "\"").replace("&#38;", "&");
        words.split_whitespace().take(3000).collect::<Vec<_>>().join(" ")
    }

    #[track_caller]
    pub fn must_say(&self, text: &str) -> &Page {
        assert!(self.words().contains(text), "no “{text}” ({}) in: {}", self.status, self.words());
        self
    }

    #[track_caller]
    pub fn must_not_say(&self, text: &str) -> &Page {
        assert!(!self.words().contains(text), "“{text}” is in: {}", self.words());
        self
    }

    #[track_caller]
    pub fn must_be(&self, status: StatusCode) -> &Page {
        assert_eq!(self.status, status, "{}", self.words());
        self
    }

    /// The value of a field, as the page would send it.
    pub fn value_of(&self, field: &str) -> String {
        value_in(&self.text, field).expect("the field is on the page and has a value")
    }
}

fn hidden_in(form: &str) -> Vec<(String, String)> {
    let tags = form.split("<input").skip(1).map(|tag| tag.split('>').next().unwrap());
    let hidden = tags.filter(|tag| tag.contains("type=\"hidden\""));
    let of = |tag: &str, name: &str| {
        let value = tag.split_once(&format!("{name}=\""))?.1;
        value.split('"').next().map(str::to_owned)
    };
    hidden.filter_map(|tag| Some((of(tag, "name")?, of(tag, "value")?))).collect()
}

fn value_in(html: &str, field: &str) -> Option<String> {
    let (_, rest) = html.split_once(&format!("name=\"{field}\""))?;
    let (tag, _) = rest.split_once('>')?;
    let (_, value) = tag.split_once("value=\"")?;
    value.split('"').next().map(str::to_owned)
}
