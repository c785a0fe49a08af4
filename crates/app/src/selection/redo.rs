//! Doing what an entry about selection says; the operations themselves go through here.

use std::collections::BTreeMap;

use domain::ids::{AllocationRunId, FileId, OfferId, PartyId, PolicyId, UserId};
use jiff::Timestamp;
use store::Tx;
use store::journal::EntryRow;
use store::selection::{self as rows, LineRow, Publication, RunRow};

use super::policies::IN_FORCE;
use super::record::{self, Record, RequestPart, ResultPart};
use crate::files::from_hex;
use crate::journal::Event;
use crate::{App, Error, Result};

/// Does an entry of this capability.
pub fn redo(tx: &mut Tx, from: &App, entry: &EntryRow, event: &Event) -> Result<()> {
    let damaged = |what: &str| Error::Damaged(format!("entry {}: {what}", entry.seq));
    let must = |done: bool| done.then_some(()).ok_or_else(|| damaged("the policy is not so"));
    let by = entry.actor.map(UserId);
    match event {
        Event::PolicyDrafted { policy, title, text, steps } => {
            let id = PolicyId(*policy);
            rows::insert_policy(tx, id, (title, text, steps), by, entry.at)?;
        }
        Event::PolicyChanged { policy, title, text, steps } => {
            must(rows::change_policy(tx, PolicyId(*policy), (title, text, steps))?)?;
        }
        Event::PolicyPublished { policy, approval, in_force_from, rules } => {
            let in_force_from = Timestamp::from_microsecond(*in_force_from)
                .map_err(|_| damaged("there is no such instant"))?;
            let how = Publication { approval, rules, in_force_from, by, at: entry.at };
            let id = PolicyId(*policy);
            must(rows::publish_policy(tx, id, &how)?)?;
            store::timers::set(tx, &id.to_string(), IN_FORCE, in_force_from)?;
        }
        Event::PolicyWithdrawn { policy, reason } => {
            let id = PolicyId(*policy);
            must(rows::withdraw_policy(tx, id, reason, entry.at)?)?;
            store::timers::settle_all(tx, &id.to_string(), entry.at)?;
        }
        Event::PolicyInForce { policy } => {
            store::timers::settle(tx, &PolicyId(*policy).to_string(), IN_FORCE, entry.at)?;
        }
        Event::LotteryCommitted { offer, commitment } => {
            let commitment =
                from_hex(commitment).ok_or_else(|| damaged("the commitment is none"))?;
            rows::commit(tx, OfferId(*offer), &commitment, entry.at)?;
        }
        Event::SelectionRun { record_sha256, parties, .. } => {
            let (file, bytes) = record_of(tx, from, record_sha256)?;
            let record = must_recompute(&bytes, entry)?;
            let run = run_row(&record, event, entry, file)?;
            let lines = lines_of(&record, run.id, parties)?;
            rows::insert_run(tx, &run, &lines)?;
            store::timers::settle(tx, &run.offer.to_string(), "select", entry.at)?;
        }
        _ => {}
    }
    Ok(())
}

/// The stored record: in this transaction when it was just made, else where it is rebuilt from.
fn record_of(tx: &mut Tx, from: &App, sha256: &str) -> Result<(FileId, Vec<u8>)> {
    let missing = || Error::Damaged(format!("there is no stored file {sha256}"));
    let hash = from_hex(sha256).ok_or_else(missing)?;
    if let Some(here) = store::files::find(tx, &hash)? {
        let bytes = store::files::whole(tx, here.id)?;
        if !bytes.is_empty() {
            return Ok((here.id, bytes));
        }
    }
    let id = crate::files::note(tx, from, sha256)?;
    let mut live = from.db.read()?;
    let stored = store::files::find(&mut live, &hash)?.ok_or_else(missing)?;
    Ok((id, store::files::whole(&mut live, stored.id)?))
}

/// The record, whose result must come of its facts again, bit for bit.
fn must_recompute(bytes: &[u8], entry: &EntryRow) -> Result<Record> {
    let damaged = |what: String| Error::Damaged(format!("entry {}: {what}", entry.seq));
    let checked = record::check(bytes).map_err(|wrong| damaged(wrong.to_string()))?;
    match checked.differences.first() {
        Some(difference) => Err(damaged(format!("the result does not recompute: {difference}"))),
        None if !checked.is_exact => Err(damaged("the record is not laid out as written".into())),
        None => Ok(checked.record),
    }
}

/// The row of a run. What the entry says of it must be what the record says.
fn run_row(record: &Record, event: &Event, entry: &EntryRow, file: FileId) -> Result<RunRow> {
    let damaged = |what: &str| Error::Damaged(format!("entry {}: {what}", entry.seq));
    let Event::SelectionRun { run, offer, policy, available, given, parties, .. } = event else {
        return Err(damaged("it is about no run"));
    };
    let row = RunRow {
        id: AllocationRunId(*run),
        offer: OfferId(*offer),
        offering: PartyId(0),
        policy: PolicyId(*policy),
        previous: match &record.previous {
            Some(text) => Some(text.parse().map_err(|_| damaged("the run before is none"))?),
            None => None,
        },
        available: *available,
        given: *given,
        requests: i64::try_from(parties.len()).unwrap_or(i64::MAX),
        ran_at: record.ran_at,
        ran_by: entry.actor.map(UserId),
        record: file,
    };
    let is_so = record.run == row.id.to_string()
        && record.offer.reference == row.offer.to_string()
        && record.policy.version == row.policy.to_string()
        && i64::try_from(record.offer.available) == Ok(*available)
        && i64::try_from(record.given) == Ok(*given);
    if is_so { Ok(row) } else { Err(damaged("the record is of something else")) }
}

/// Lines of a record as the table has them. `parties` are those of the requests, in their order.
fn lines_of(record: &Record, run: AllocationRunId, parties: &[i64]) -> Result<Vec<LineRow>> {
    let damaged = |what: &str| Error::Damaged(format!("the record of {run}: {what}"));
    if parties.len() != record.requests.len() {
        return Err(damaged("its requests are not those of the journal"));
    }
    let of: BTreeMap<&str, (&RequestPart, PartyId)> = record
        .requests
        .iter()
        .zip(parties)
        .map(|(part, party)| (part.reference.as_str(), (part, PartyId(*party))))
        .collect();
    let line = |result: &ResultPart| {
        let (part, party) =
            of.get(result.request.as_str()).ok_or_else(|| damaged("it answers no request"))?;
        Ok(LineRow {
            run,
            request: part.reference.parse().map_err(|_| damaged("a reference is none"))?,
            party: *party,
            place: number(result.place)?,
            received_at: part.received_at,
            asked: number(part.asked)?,
            minimum: number(part.minimum)?,
            given: number(result.given)?,
            reason: result.reason.clone(),
        })
    };
    record.result.iter().map(line).collect()
}

fn number(count: u64) -> Result<i64> {
    i64::try_from(count).map_err(|_| Error::Damaged(format!("{count} hubs are too many")))
}
