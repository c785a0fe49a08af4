//! The server killed at random instants while clients upload, authorise and import: nothing
//! acknowledged is lost, nothing is half applied, and a call that is repeated takes effect once.
//!
//! `HUBSTOCK_KILLS` says how often, on SQLite; a fifth of that on PostgreSQL. A failure prints the
//! seed, which `HUBSTOCK_SEED` takes.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use reqwest::blocking::Client;
use serde_json::Value;
use support::{Draw, PALLET, World, chf, deliveries, move_pallet};

const PARTIES: [&str; 4] = ["SU-1", "SU-2", "SU-3", "SU-4"];
const CLIENTS: u32 = 3;
/// Pallets that each client has at the beginning.
const PALLETS: u32 = 2;
/// The server is killed at most so long after it began to serve.
const LONGEST_LIFE_MS: u64 = 800;
/// Long enough for any call with all the kills that come between.
const PATIENCE: Duration = Duration::from_secs(300);

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// The server that clients call, wherever it is now.
struct Service {
    address: Mutex<String>,
    stop: AtomicBool,
    loader: String,
    preparer: String,
    authoriser: String,
}

/// A pallet, the Party that it must be with, and how often it moved.
struct Pallet {
    number: u32,
    holder: usize,
    moves: usize,
}

/// One client: what it was told had happened.
struct Caller<'a> {
    service: &'a Service,
    client: Client,
    number: u32,
    draw: Draw,
    pallets: Vec<Pallet>,
    files: Vec<String>,
    imports: Vec<String>,
    calls: u32,
}

impl Caller<'_> {
    fn url(&self, path: &str) -> String {
        format!("{}/api/v1{path}", self.service.address.lock().unwrap())
    }

    /// Makes a writing call, again and again with its key until it is answered, and once more then.
    fn post(&mut self, token: &str, path: &str, body: &str) -> String {
        self.calls += 1;
        let key = format!("client-{}-call-{}", self.number, self.calls);
        let first = self.answer(token, path, &key, body);
        let again = self.answer(token, path, &key, body);
        let id = |answer: &Value| {
            // An answer that a kill swallowed is told by the journal's entry.
            let id = answer["id"].as_str().or(answer["subject"].as_str());
            id.unwrap_or_else(|| panic!("{path}: {answer}")).to_owned()
        };
        assert_eq!(id(&first), id(&again), "{path} was done twice");
        id(&first)
    }

    fn answer(&self, token: &str, path: &str, key: &str, body: &str) -> Value {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            let call = self.client.post(self.url(path)).bearer_auth(token).body(body.to_owned());
            let call = call.header("If-Match", "*").header("Idempotency-Key", key);
            let sent = call.send().and_then(|answer| Ok((answer.status(), answer.text()?)));
            match sent {
                Ok((status, text)) if status.is_success() => {
                    return serde_json::from_str(&text).unwrap();
                }
                Ok((status, text)) if status.is_server_error() || text.contains("is under way") => {
                }
                Ok((status, text)) => panic!("{path}: {status} {text}"),
                Err(_) => {}
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("{path} is never answered");
    }

    /// Waits until the thing at `path` is in none of the passing states, and says in which.
    fn wait(&self, token: &str, path: &str, passing: &[&str]) -> String {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            let call = self.client.get(self.url(path)).bearer_auth(token).send();
            if let Ok(view) = call.and_then(|answer| answer.json::<Value>())
                && let Some(state) = view["state"].as_str()
                && !passing.contains(&state)
            {
                return state.to_owned();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("{path} stands still");
    }

    /// Moves a whole pallet.
    fn transfer(&mut self) {
        let service = self.service;
        let index = self.draw.below(self.pallets.len() as u64) as usize;
        let to = (self.pallets[index].holder + 1 + self.draw.below(3) as usize) % 4;
        // A content of its own for each file: the same content would be answered as before.
        let own = (self.number + CLIENTS * self.calls) as usize;
        let text = move_pallet(self.pallets[index].number, PARTIES[to]) + &"\r\n".repeat(own);
        let name = format!("move-{}-{}.csv", self.number, self.calls);
        let id = self.post(&service.preparer, &format!("/transfer-files?name={name}"), &text);
        let path = format!("/transfer-files/{id}");
        let checked = self.wait(&service.preparer, &path, &["Received", "Validating"]);
        assert_eq!(checked, "Validated", "{id}");
        self.post(&service.authoriser, &format!("{path}/authorise"), "");
        let applied = self.wait(&service.preparer, &path, &["Authorised", "Applying"]);
        assert_eq!(applied, "Applied", "{id}");
        self.pallets[index].holder = to;
        self.pallets[index].moves += 1;
        self.files.push(id);
    }

    /// Loads a new pallet.
    fn import(&mut self) {
        let service = self.service;
        let pallet = 1000 * (self.number + 1) + self.imports.len() as u32;
        let path = format!("/imports?kind=deliveries&name=asn-{pallet}.csv");
        let id = self.post(&service.loader, &path, &deliveries(pallet..pallet + 1, "SU-1"));
        let path = format!("/imports/{id}");
        let loaded = self.wait(&service.loader, &path, &["Received", "Loading"]);
        assert_eq!(loaded, "Loaded", "{id}");
        self.pallets.push(Pallet { number: pallet, holder: 0, moves: 0 });
        self.imports.push(id);
    }

    fn work(mut self) -> Self {
        while !self.service.stop.load(Ordering::Relaxed) {
            let is_import = self.imports.is_empty() || self.draw.below(4) == 0;
            if is_import { self.import() } else { self.transfer() }
        }
        self
    }
}

/// Lets the time pass after which a call whose server died may be made again, and another worker
/// takes its jobs.
fn let_time_pass(database: &str) {
    let db = store::Db::open(database).unwrap();
    let mut tx = db.write().unwrap();
    tx.batch(
        "UPDATE idempotency_keys SET created_at = created_at - 121000000;
         UPDATE jobs SET lease_until = lease_until - 11000000 WHERE state = 'running'",
    )
    .unwrap();
    tx.commit().unwrap();
}

fn campaign(database: &str, kills: u64) {
    let seed = number("HUBSTOCK_SEED", u64::from(std::process::id()));
    eprintln!("SEED {seed}");
    let world = World::with_pallets(database, 0..CLIENTS * PALLETS);
    let token = |email: &str| {
        let (code, issued) = world.json(&["user", "token", email, "--name", "kills", "--write"]);
        assert_eq!(code, Some(0), "{issued}");
        issued["secret"].as_str().unwrap().to_owned()
    };
    let mut server = world.program.serve(&[]);
    let service = Service {
        address: Mutex::new(server.address.clone()),
        stop: AtomicBool::new(false),
        loader: token("operator@x.example"),
        preparer: token("logistics@x.example"),
        authoriser: token("authoriser@x.example"),
    };
    let (callers, server) = std::thread::scope(|threads| {
        let callers: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let pallets = number * PALLETS..(number + 1) * PALLETS;
                let pallet = |number| Pallet { number, holder: 0, moves: 0 };
                let caller = Caller {
                    service: &service,
                    client: Client::builder().timeout(Duration::from_secs(60)).build().unwrap(),
                    number,
                    draw: Draw(seed + u64::from(number) + 1),
                    pallets: pallets.map(pallet).collect(),
                    files: Vec::new(),
                    imports: Vec::new(),
                    calls: 0,
                };
                threads.spawn(move || caller.work())
            })
            .collect();
        let mut draw = Draw(seed);
        for _ in 0..kills {
            if callers.iter().any(|caller| caller.is_finished()) {
                break;
            }
            std::thread::sleep(Duration::from_micros(draw.below(LONGEST_LIFE_MS * 1000)));
            server.kill();
            let_time_pass(database);
            server = world.program.serve(&[]);
            server.address.clone_into(&mut service.address.lock().unwrap());
        }
        service.stop.store(true, Ordering::Relaxed);
        let callers = callers.into_iter().map(|caller| caller.join().unwrap());
        (callers.collect::<Vec<_>>(), server)
    });
    drop(server);
    books_are_right(&world, &callers);
    let files: usize = callers.iter().map(|caller| caller.files.len()).sum();
    let imports: usize = callers.iter().map(|caller| caller.imports.len()).sum();
    eprintln!("{kills} kills of the server, {files} transfer files, {imports} imports");
}

/// All that a client was told had happened did, once and whole, and nothing else.
fn books_are_right(world: &World, callers: &[Caller<'_>]) {
    let (_, entries) = world.json(&["journal", "--most", "1000000"]);
    let mut seen: HashMap<(&str, &str), u32> = HashMap::new();
    for entry in entries.as_array().unwrap() {
        let (kind, subject) = (entry["kind"].as_str().unwrap(), entry["subject"].as_str().unwrap());
        *seen.entry((kind, subject)).or_default() += 1;
    }
    let files: Vec<&String> = callers.iter().flat_map(|caller| &caller.files).collect();
    let imports: Vec<&String> = callers.iter().flat_map(|caller| &caller.imports).collect();
    for kind in ["TransferFileReceived", "TransferFileAuthorised", "TransferFileApplied"] {
        let all = seen.keys().filter(|(k, _)| *k == kind).count();
        assert_eq!(all, files.len(), "{kind}");
        assert!(files.iter().all(|id| seen.get(&(kind, id.as_str())) == Some(&1)), "{kind}");
    }
    for id in &imports {
        assert_eq!(seen.get(&("ImportReceived", id.as_str())), Some(&1), "{id}");
    }
    let deliveries = imports.len() + 2;
    let received = seen.keys().filter(|(kind, _)| *kind == "ImportReceived").count();
    assert_eq!(received, deliveries, "with the Parties and the first pallets");
    // The newest are those that a kill would have cut.
    for id in files.iter().rev().take(10) {
        let response = world.well(&["transfer-file", "response", id]);
        assert_eq!(response.matches(",S00,").count() as u32, PALLET, "{id}");
    }
    let mut held = [0; 4];
    for pallet in callers.iter().flat_map(|caller| &caller.pallets) {
        held[pallet.holder] += i64::from(PALLET);
        let (_, hub) = world.json(&["hub", &chf(pallet.number, PALLET - 1)]);
        assert_eq!(hub["service_user_reference"], PARTIES[pallet.holder], "{hub}");
        assert_eq!(hub["parties"].as_array().unwrap().len(), pallet.moves + 1, "{hub}");
    }
    for (party, hubs) in ["PARTY1", "PARTY2", "PARTY3", "PARTY4"].iter().zip(held) {
        assert_eq!(world.stock_of(party), hubs, "{party}");
    }
    let verified = world.run(&["verify"]);
    assert_eq!(verified.code, Some(0), "{}{}", verified.out, verified.err);
}

#[test]
fn kills_lose_and_double_nothing_on_sqlite() {
    testkit::world::on_sqlite(|database| campaign(database, number("HUBSTOCK_KILLS", 30)));
}

#[test]
fn kills_lose_and_double_nothing_on_postgres() {
    testkit::world::on_postgres(|database| {
        campaign(database, number("HUBSTOCK_KILLS", 30).div_ceil(5));
    });
}
