//! Two servers on one PostgreSQL and 16 clients: no hub moves twice, every job is done once.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::collections::HashMap;
use std::time::Duration;

use reqwest::blocking::Client;
use serde_json::Value;
use support::{PALLET, World, move_pallet};

const CLIENTS: u32 = 16;
/// Files that each client sends; all clients send files for the same pallets.
const FILES: u32 = 4;
const PALLETS: u32 = 4;

struct Caller {
    client: Client,
    nodes: [String; 2],
    prepare: String,
    authorise: String,
}

impl Caller {
    fn post(&self, node: usize, token: &str, path: &str, body: String) -> (u16, Value) {
        let url = format!("{}/api/v1{path}", self.nodes[node % 2]);
        let call = self.client.post(url).bearer_auth(token).header("If-Match", "*").body(body);
        let answer = call.send().unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().unwrap_or(Value::Null))
    }

    fn state(&self, node: usize, id: &str) -> Value {
        let url = format!("{}/api/v1/transfer-files/{id}", self.nodes[node % 2]);
        let answer = self.client.get(url).bearer_auth(&self.prepare).send().unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        answer.json().unwrap()
    }

    fn wait(&self, node: usize, id: &str, passing: &[&str]) -> String {
        for _ in 0..6_000 {
            let view = self.state(node, id);
            let state = view["state"].as_str().unwrap();
            if !passing.contains(&state) {
                return state.to_owned();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{id} stands still");
    }

    /// Sends one file by one node, authorises it by the other; its reference and last state.
    fn transfer(&self, client: u32, file: u32) -> (String, String) {
        // Two clients in a row send the same bytes, by different nodes.
        let pair = client / 2;
        let pallet = (pair + file) % PALLETS;
        let to = format!("SU-{}", pair % 3 + 2);
        let text = move_pallet(pallet, &to) + &"\r\n".repeat((pair * FILES + file) as usize);
        let node = client as usize;
        let path = format!("/transfer-files?name=f{client}-{file}.csv");
        let (status, answer) = self.post(node, &self.prepare, &path, text);
        assert_eq!(status, 202, "{answer}");
        let id = answer["id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        let checked = self.wait(node, &id, &["Received", "Validating"]);
        assert_ne!(checked, "FailedValidation");
        let path = format!("/transfer-files/{id}/authorise");
        let (status, answer) = self.post(node + 1, &self.authorise, &path, String::new());
        // Of two that authorise the same file, one is too late.
        assert!([200, 202, 409].contains(&status), "{status} {answer}");
        let last = self.wait(node + 1, &id, &["Validated", "Authorised", "Applying"]);
        (id, last)
    }
}

#[test]
fn two_servers_do_everything_once_on_postgres() {
    testkit::world::on_postgres(|database| {
        let world = World::with_pallets(database, 0..PALLETS);
        let token = |email: &str| {
            let (code, issued) =
                world.json(&["user", "token", email, "--name", "campaign", "--write"]);
            assert_eq!(code, Some(0), "{issued}");
            issued["secret"].as_str().unwrap().to_owned()
        };
        let servers = [world.program.serve(&[]), world.program.serve(&[])];
        let caller = Caller {
            client: Client::builder().timeout(Duration::from_secs(60)).build().unwrap(),
            nodes: [servers[0].address.clone(), servers[1].address.clone()],
            prepare: token("logistics@x.example"),
            authorise: token("authoriser@x.example"),
        };
        let ended: Vec<(String, String)> = std::thread::scope(|threads| {
            let caller = &caller;
            let clients: Vec<_> = (0..CLIENTS)
                .map(|client| {
                    threads.spawn(move || {
                        (0..FILES).map(|file| caller.transfer(client, file)).collect::<Vec<_>>()
                    })
                })
                .collect();
            clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
        });
        let by_file: HashMap<&String, &String> =
            ended.iter().map(|(id, state)| (id, state)).collect();
        assert!(by_file.len() < ended.len(), "no two clients sent the same bytes");
        // A file whose hubs moved between its check and its turn is answered `R12` throughout.
        assert!(by_file.values().all(|s| *s == "Applied" || *s == "Failed"), "{by_file:?}");
        for (id, _) in by_file.iter().filter(|(_, state)| **state == "Failed") {
            let response = world.well(&["transfer-file", "response", id]);
            assert_eq!(response.matches(",R12,").count() as u32, PALLET, "{response}");
        }
        drop(servers);
        books_are_right(&world, by_file.len());
    });
}

/// Every hub is with one Party, each file was applied once, and the journal says the same.
fn books_are_right(world: &World, files: usize) {
    let held: i64 =
        ["PARTY1", "PARTY2", "PARTY3", "PARTY4"].iter().map(|p| world.stock_of(p)).sum();
    assert_eq!(held, i64::from(PALLETS * PALLET));
    let (_, entries) = world.json(&["journal", "--most", "10000"]);
    let mut applied: HashMap<&str, u32> = HashMap::new();
    for entry in entries.as_array().unwrap() {
        if entry["kind"] == "TransferFileApplied" {
            *applied.entry(entry["subject"].as_str().unwrap()).or_default() += 1;
        }
    }
    assert_eq!(applied.len(), files);
    assert!(applied.values().all(|times| *times == 1), "{applied:?}");
    let verified = world.run(&["verify"]);
    assert_eq!(verified.code, Some(0), "{}{}", verified.out, verified.err);
}
