//! What another policy would have given in past runs.
//!
//! Each run is replayed on the facts in its own record, as they were: what an earlier run would have
//! given otherwise does not change the facts of a later one.

use std::collections::BTreeMap;

use domain::access::{Action, Actor, Reach};
use domain::ids::{AllocationRunId, OfferId, PartyId, RequestId};
use domain::refusal::{Refusal, RefusalKind};
use domain::selection::{self, Step};
use jiff::Timestamp;
use store::selection as rows;

use sha2::{Digest, Sha256};

use super::record::{NotARecord, Record};
use crate::files::from_hex;
use crate::{App, Error, Result};

/// The most runs that are replayed, the newest.
const MOST_RUNS: i64 = 1_000;

/// What a simulation came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Simulation {
    /// How many runs were replayed.
    pub runs: u64,
    /// For each Party that asked, by name: the difference.
    pub parties: Vec<PartyDifference>,
    /// The runs in which somebody would have got something else, newest first.
    pub changed: Vec<RunDifference>,
}

/// What one Party was given and would have been given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartyDifference {
    /// The Party.
    pub party: PartyId,
    /// Its name.
    pub name: String,
    /// Its requests in these runs.
    pub requests: i64,
    /// What it asked for.
    pub asked: i64,
    /// What it was given.
    pub given: i64,
    /// What it would have been given.
    pub would: i64,
}

impl PartyDifference {
    /// How many more it would have been given.
    pub fn more(&self) -> i64 {
        self.would - self.given
    }
}

/// What a run would have come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDifference {
    /// The run.
    pub run: AllocationRunId,
    /// Its offer.
    pub offer: OfferId,
    /// When it was run.
    pub ran_at: Timestamp,
    /// The requests that would have been given something else.
    pub lines: Vec<LineDifference>,
}

/// What a request would have come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineDifference {
    /// The request.
    pub request: RequestId,
    /// The name of its Party.
    pub party: String,
    /// What it asked for.
    pub asked: i64,
    /// What it was given.
    pub given: i64,
    /// What it would have been given.
    pub would: i64,
    /// Why.
    pub reason: String,
}

/// Replays the runs since an instant with these steps.
pub fn simulate(app: &App, actor: &Actor, steps: &[Step], since: Timestamp) -> Result<Simulation> {
    actor.must(Action::SeePolicies)?;
    if actor.reach(Action::SeeSelection) != Reach::All {
        let message = "A simulation shows what other Parties were given. Ask the DCC for it.";
        return Err(Refusal::new(RefusalKind::NotAllowed, message).into());
    }
    selection::steps::check(steps)?;
    let mut tx = app.db.read()?;
    let names: BTreeMap<PartyId, String> = store::parties::all(&mut tx)?
        .into_iter()
        .map(|row| (row.party.id, row.party.details.legal_name))
        .collect();
    let mut parties: BTreeMap<PartyId, PartyDifference> = BTreeMap::new();
    let mut simulation = Simulation::default();
    for run in rows::runs_since(&mut tx, since, MOST_RUNS)? {
        simulation.runs += 1;
        let bytes = store::files::whole(&mut tx, run.record)?;
        let record = Record::read(&bytes).map_err(|wrong| Error::Damaged(wrong.to_string()))?;
        let would: BTreeMap<RequestId, selection::Line> =
            replayed(&record, steps)?.lines.into_iter().map(|line| (line.request, line)).collect();
        let mut changed = Vec::new();
        for line in rows::lines(&mut tx, run.id)? {
            let name = names.get(&line.party).cloned().unwrap_or_default();
            let again = would.get(&line.request);
            let again_given = again.map_or(0, |line| line.given);
            let again_given = i64::try_from(again_given).unwrap_or(i64::MAX);
            let party = parties.entry(line.party).or_insert_with(|| PartyDifference {
                party: line.party,
                name: name.clone(),
                requests: 0,
                asked: 0,
                given: 0,
                would: 0,
            });
            party.requests += 1;
            party.asked += line.asked;
            party.given += line.given;
            party.would += again_given;
            if again_given != line.given {
                changed.push(LineDifference {
                    request: line.request,
                    party: name,
                    asked: line.asked,
                    given: line.given,
                    would: again_given,
                    reason: again.map(|line| line.reason.to_string()).unwrap_or_default(),
                });
            }
        }
        if !changed.is_empty() {
            let (run, offer, ran_at) = (run.id, run.offer, run.ran_at);
            simulation.changed.insert(0, RunDifference { run, offer, ran_at, lines: changed });
        }
    }
    simulation.parties = parties.into_values().collect();
    simulation.parties.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(simulation)
}

/// What another chain of steps would have given in a run. Without a lottery of its own, the run's
/// lots are drawn from its reference.
fn replayed(record: &Record, steps: &[Step]) -> Result<selection::Allocation> {
    let damaged = |wrong: NotARecord| Error::Damaged(wrong.to_string());
    let (_, offer, requests) = record.facts().map_err(damaged)?;
    let drawn = record.lottery.as_ref().and_then(|part| from_hex(&part.seed));
    let seed = drawn.unwrap_or_else(|| {
        Sha256::digest(format!("hubstock simulation 1\n{}\n", record.run)).into()
    });
    Ok(selection::allocate(steps, &offer, &requests, &seed))
}
