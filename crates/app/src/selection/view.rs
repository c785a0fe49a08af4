//! Looking at runs: a list, one of them, its record, and what became of each request as a table.

use std::collections::BTreeMap;
use std::io::Write;

use domain::Refusal;
use domain::access::{Action, Actor, Sight};
use domain::ids::{AllocationRunId, OfferId, PartyId, PolicyId, RequestId};
use domain::selection::Step;
use jiff::Timestamp;
use store::Tx;
use store::selection::{self as rows, RunFilter, RunRow};

use super::policies;
use crate::files::hex;
use crate::tables::{Cell, Column, Format, Table};
use crate::{App, Error, Result};

/// The most that one part of a list holds.
const MOST_ITEMS: u32 = 200;

/// One run as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunItem {
    /// Its number.
    pub id: AllocationRunId,
    /// The offer.
    pub offer: OfferId,
    /// The version of the policy.
    pub policy: PolicyId,
    /// How many hubs could be given.
    pub available: i64,
    /// How many were given.
    pub given: i64,
    /// How many requests there were.
    pub requests: i64,
    /// When it was run.
    pub ran_at: Timestamp,
}

/// Part of the list of runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runs {
    /// This part.
    pub items: Vec<RunItem>,
    /// The cursor for the next part; none at the end.
    pub next: Option<i64>,
}

/// One run as this person may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunView {
    /// The run.
    pub run: RunItem,
    /// The Party that offers, by number and name, where this person may know it.
    pub offering: Option<(PartyId, String)>,
    /// The policy's title.
    pub policy_title: String,
    /// The policy's steps.
    pub steps: Vec<Step>,
    /// The run before it over the same offer, when something that it gave came free.
    pub previous: Option<AllocationRunId>,
    /// Who ran it; nobody when its deadline did.
    pub ran_by: Option<String>,
    /// The SHA-256 of its record, as the journal has it.
    pub record_sha256: String,
    /// The commitment to the lottery's secret, if the policy has a lottery.
    pub commitment: Option<String>,
    /// What each request came to, by its place.
    pub lines: Vec<LineView>,
}

/// What one request came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineView {
    /// The request.
    pub request: RequestId,
    /// Its Party, by number and name, where this person may know it.
    pub party: Option<(PartyId, String)>,
    /// Whether it is this person's own.
    pub is_own: bool,
    /// Its place in the order, from 1.
    pub place: i64,
    /// When it was received.
    pub received_at: Timestamp,
    /// How many hubs it asked for.
    pub asked: i64,
    /// The fewest that it accepts.
    pub minimum: i64,
    /// How many it was given.
    pub given: i64,
    /// Why.
    pub reason: String,
}

/// An offer that has closed to requests and waits for selection.
pub use store::selection::WaitingRow as Waiting;

fn item(row: &RunRow) -> RunItem {
    RunItem {
        id: row.id,
        offer: row.offer,
        policy: row.policy,
        available: row.available,
        given: row.given,
        requests: row.requests,
        ran_at: row.ran_at,
    }
}

/// Runs, newest first; a Party's own are those in which it offers or asks.
pub fn list_runs(
    app: &App,
    actor: &Actor,
    offer: Option<OfferId>,
    cursor: Option<i64>,
    limit: u32,
) -> Result<Runs> {
    let party = match actor.sight(Action::SeeSelection)? {
        Sight::Everything => None,
        Sight::Party(own) => Some(own),
    };
    runs(app, &RunFilter { offer, party }, cursor, limit)
}

fn runs(app: &App, filter: &RunFilter, cursor: Option<i64>, limit: u32) -> Result<Runs> {
    let limit = limit.clamp(1, MOST_ITEMS) as usize;
    let mut tx = app.db.read()?;
    let mut found = rows::list_runs(&mut tx, filter, cursor, limit as i64 + 1)?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|row| row.id.0);
    Ok(Runs { items: found.iter().map(item).collect(), next })
}

/// Offers that have closed to requests and wait for selection, the longest closed first.
pub fn waiting(app: &App, actor: &Actor) -> Result<Vec<Waiting>> {
    if actor.sight(Action::SeeSelection)? != Sight::Everything {
        return Err(Refusal::not_found("page").into());
    }
    Ok(rows::waiting(&mut app.db.read()?)?)
}

/// One run.
pub fn get_run(app: &App, actor: &Actor, id: AllocationRunId) -> Result<RunView> {
    let sight = actor.sight(Action::SeeSelection)?;
    let mut tx = app.db.read()?;
    let row = rows::load_run(&mut tx, id)?.ok_or_else(none)?;
    let lines = rows::lines(&mut tx, id)?;
    let own = match sight {
        Sight::Everything => None,
        Sight::Party(own) => Some(own),
    };
    let offers = own.is_none_or(|own| own == row.offering);
    if !offers && !lines.iter().any(|line| Some(line.party) == own) {
        return Err(none().into());
    }
    let names = names(&mut tx)?;
    let named = |party: PartyId| (party, names.get(&party).cloned().unwrap_or_default());
    let policy = policies::load(&mut tx, row.policy)?;
    let record = store::files::load(&mut tx, row.record)?;
    let ran_by = match row.ran_by {
        Some(user) => store::people::by_id(&mut tx, user)?.map(|person| person.name),
        None => None,
    };
    let bytes = store::files::whole(&mut tx, row.record)?;
    let commitment = super::record::Record::read(&bytes)
        .map_err(|wrong| Error::Damaged(format!("{id}: {}", wrong.0)))?
        .lottery
        .map(|lottery| lottery.commitment);
    let is_known = match own {
        Some(own) if own != row.offering => {
            crate::offers::shows_names(&mut tx)?
                || store::requests::is_matched(&mut tx, row.offer, own)? == Some(true)
        }
        Some(_) | None => true,
    };
    let line = |line: rows::LineRow| {
        let is_own = own == Some(line.party);
        let known = own.is_none() || is_own || (offers && line.given > 0);
        LineView {
            request: line.request,
            party: known.then(|| named(line.party)),
            is_own,
            place: line.place,
            received_at: line.received_at,
            asked: line.asked,
            minimum: line.minimum,
            given: line.given,
            reason: line.reason,
        }
    };
    Ok(RunView {
        offering: is_known.then(|| named(row.offering)),
        steps: policies::steps_of(&policy)?,
        policy_title: policy.title,
        previous: row.previous,
        ran_by,
        record_sha256: hex(&record.sha256),
        commitment,
        lines: lines.into_iter().map(line).collect(),
        run: item(&row),
    })
}

fn none() -> Refusal {
    Refusal::not_found("run of selection")
}

fn names(tx: &mut Tx) -> Result<BTreeMap<PartyId, String>> {
    let rows = store::parties::all(tx)?;
    Ok(rows.into_iter().map(|row| (row.party.id, row.party.details.legal_name)).collect())
}

/// All runs, newest first, as everybody sees them.
pub fn public_runs(app: &App, cursor: Option<i64>, limit: u32) -> Result<Runs> {
    runs(app, &RunFilter::default(), cursor, limit)
}

/// The published record of a run. It names nobody, and everybody may see it.
pub fn public_record(app: &App, id: AllocationRunId, out: &mut dyn Write) -> Result<()> {
    let mut tx = app.db.read()?;
    let row = rows::load_run(&mut tx, id)?.ok_or_else(none)?;
    let bytes = store::files::whole(&mut tx, row.record)?;
    drop(tx);
    out.write_all(&bytes).and_then(|()| out.flush()).map_err(Error::io("write the record"))
}

/// The published record of a run, to anybody who sees selection at all.
pub fn export(app: &App, actor: &Actor, id: AllocationRunId, out: &mut dyn Write) -> Result<()> {
    actor.must(Action::SeeSelection)?;
    public_record(app, id, out)
}

/// The columns of the allocation explanation.
const COLUMNS: &[Column] = &[
    Column::text("run"),
    Column::text("policyVersion"),
    Column::int("rank"),
    Column::text("request"),
    Column::instant("receivedAt"),
    Column::int("asked"),
    Column::int("given"),
    Column::text("reason"),
];

/// What each request of a run came to and why, as a table.
pub fn explanation(
    app: &App,
    actor: &Actor,
    id: AllocationRunId,
    format: Format,
    out: Box<dyn Write + Send + '_>,
) -> Result<()> {
    let view = get_run(app, actor, id)?;
    let wrote = Error::io("write the explanation");
    let (run, policy) = (view.run.id.to_string(), view.run.policy.to_string());
    let write = || {
        let mut table = Table::new(format, COLUMNS, out)?;
        for line in &view.lines {
            let request = line.request.to_string();
            table.row(&[
                Cell::Text(&run),
                Cell::Text(&policy),
                Cell::Int(line.place),
                Cell::Text(&request),
                Cell::Instant(line.received_at),
                Cell::Int(line.asked),
                Cell::Int(line.given),
                Cell::Text(&line.reason),
            ])?;
        }
        table.finish().map(|_| ())
    };
    write().map_err(wrote)
}
