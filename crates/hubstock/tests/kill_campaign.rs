//! The program killed at random instants: nothing acknowledged is lost, nothing is half applied,
//! and what is called again takes effect once.
//!
//! `HUBSTOCK_KILLS` says how often, on SQLite; a fifth of that on PostgreSQL. A failure prints the
//! seed, which `HUBSTOCK_SEED` takes.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use support::{Draw, PALLET, World, chf, deliveries, move_pallet};

const PARTIES: [&str; 4] = ["SU-1", "SU-2", "SU-3", "SU-4"];
const PALLETS: u32 = 6;

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// What must be true: where each pallet is.
struct Campaign {
    world: World,
    draw: Draw,
    holders: Vec<usize>,
    kills: u64,
    files: u64,
}

impl Campaign {
    /// Runs a command that is killed at a random instant until one run of it ends by itself.
    fn until_done(&mut self, arguments: &[&str], longest_ms: u64) -> testkit::program::Ran {
        for attempt in 0..40 {
            // Later attempts get more time, so that this ends.
            let micros = self.draw.below(longest_ms * 1000) * (attempt + 1);
            let longest = Duration::from_micros(micros);
            match self.world.program.run_killed(arguments, longest) {
                None => self.kills += 1,
                Some(ran) => return ran,
            }
        }
        self.world.run(arguments)
    }

    fn reference(&mut self, file: &str) -> String {
        let submit = ["--json", "transfer-file", "submit", file, "--as", "logistics@x.example"];
        let ran = self.until_done(&submit, 60);
        assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
        let answer: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        answer["reference"].as_str().unwrap().to_owned()
    }

    /// Moves a whole pallet, through kills at every step.
    fn transfer(&mut self) {
        let pallet = self.draw.below(self.holders.len() as u64) as usize;
        let to = (self.holders[pallet] + 1 + self.draw.below(3) as usize) % 4;
        self.files += 1;
        // A content of its own for each file: the same content would be answered as before.
        let text = move_pallet(pallet as u32, PARTIES[to]) + &"\r\n".repeat(self.files as usize);
        let file = self.world.file(&format!("move-{}.csv", self.files), &text);
        let reference = self.reference(&file);
        let authorise = ["transfer-file", "authorise", &reference, "--as", "authoriser@x.example"];
        let ran = self.until_done(&authorise, 60);
        // Called again after a kill it may find the file authorised already: refused, and done.
        assert!(ran.code == Some(0) || ran.code == Some(2), "{}{}", ran.out, ran.err);
        self.settle(&reference);
        self.holders[pallet] = to;
        let response = self.world.well(&["transfer-file", "response", &reference]);
        assert_eq!(response.lines().count() as u32, PALLET + 1);
        assert_eq!(response.matches(",S00,").count() as u32, PALLET, "{reference}");
        for n in [0, PALLET / 2, PALLET - 1] {
            assert_eq!(self.world.party_of(&chf(pallet as u32, n)), PARTIES[to]);
        }
    }

    /// Lets whatever was left running come to its end, as a server that starts again would.
    fn settle(&self, reference: &str) {
        let server = self.world.program.serve(&[]);
        for _ in 0..2_000 {
            let (_, status) = self.world.json(&["transfer-file", "status", reference]);
            match status["state"].as_str().unwrap() {
                "Applied" => {
                    drop(server);
                    return;
                }
                "Authorised" | "Applying" => std::thread::sleep(Duration::from_millis(10)),
                other => panic!("{reference} is {other}"),
            }
        }
        panic!("{reference} is never applied:\n{}", server.log());
    }

    /// Loads new pallets, through kills.
    fn import(&mut self) {
        let first = self.holders.len() as u32;
        let file =
            self.world.file(&format!("asn-{first}.csv"), &deliveries(first..first + 2, "SU-1"));
        let answer = self.world.path("answer.csv");
        let answer = answer.to_str().unwrap();
        let import =
            ["import", "deliveries", &file, "--as", "operator@x.example", "--answer", answer];
        let ran = self.until_done(&import, 80);
        assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
        let answers = support::text(answer.as_ref());
        assert_eq!(answers.lines().count() as u32, 2 * PALLET + 1);
        assert_eq!(answers.matches(",loaded,").count() as u32, 2 * PALLET);
        self.holders.extend([0, 0]);
    }

    fn books_are_right(&self) {
        for (index, party) in ["PARTY1", "PARTY2", "PARTY3", "PARTY4"].iter().enumerate() {
            let pallets = self.holders.iter().filter(|holder| **holder == index).count();
            assert_eq!(self.world.stock_of(party), pallets as i64 * i64::from(PALLET), "{party}");
        }
        let verified = self.world.run(&["verify"]);
        assert_eq!(verified.code, Some(0), "{}{}", verified.out, verified.err);
    }
}

fn campaign(database: &str, kills: u64) {
    let seed = number("HUBSTOCK_SEED", u64::from(std::process::id()));
    eprintln!("SEED {seed}");
    let world = World::with_pallets(database, 0..PALLETS);
    let holders = vec![0; PALLETS as usize];
    let mut campaign = Campaign { world, draw: Draw(seed), holders, kills: 0, files: 0 };
    for round in 0..kills * 4 {
        if campaign.kills >= kills {
            break;
        }
        if round % 4 == 3 { campaign.import() } else { campaign.transfer() }
    }
    assert!(campaign.kills >= kills, "only {} runs were killed", campaign.kills);
    campaign.books_are_right();
    eprintln!("{} kills, {} transfers", campaign.kills, campaign.files);
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
