//! Lines of an inventory snapshot: compared first; applied when somebody else has authorised it.

use std::collections::HashMap;

use domain::imports::{Compare, LineOutcome};
use domain::inventory::{DeliveryColumns, SmiStatus, StatusRow};
use domain::tabular::{HeaderError, Record, RowProblems};
use jiff::Timestamp;
use store::Tx;
use store::bulk::load::{self, HubRow, PackChanges, PartyMove};
use store::bulk::seen::Seen;
use store::imports::Stage;

use super::answers::Answers;
use super::deliveries::{Here, Hub, Row, Rows, difference, insert};
use super::load::{Context, Loader, Place, read};
use super::packs::Packs;
use super::repeats::Repeats;
use super::source::Source;
use super::statuses::StatusChanges;
use crate::Result;

/// Compares or applies a snapshot.
pub struct Snapshot {
    stage: Stage,
    columns: Option<DeliveryColumns>,
    rows: Rows,
    statuses: Vec<Option<StatusRow>>,
    /// What was found by looking ahead, until it is kept with the first chunk.
    found: Option<Repeats>,
    /// What earlier lines of a dry run were about.
    seen: Option<Seen>,
}

impl Snapshot {
    /// A loader that compares, or one that applies.
    pub fn new(stage: Stage) -> Snapshot {
        let (rows, statuses) = (Rows::default(), Vec::new());
        Snapshot { stage, columns: None, rows, statuses, found: None, seen: None }
    }

    /// The numbers and devices of the usable lines that were taken.
    pub fn devices(&self) -> Vec<(u32, [i64; 2])> {
        let usable = self.rows.rows.iter().zip(&self.statuses).enumerate();
        let devices = usable.filter_map(|(index, line)| match line {
            (Row::Hub(hub), Some(_)) => Some((self.rows.lines.number(index), [hub.chf, hub.gpf])),
            _ => None,
        });
        devices.collect()
    }
}

impl Loader for Snapshot {
    fn header(&mut self, header: &Record<'_>) -> std::result::Result<(), HeaderError> {
        self.columns = Some(DeliveryColumns::of_snapshot(header)?);
        Ok(())
    }

    fn line(&mut self, record: &Record<'_>) {
        let columns = self.columns.as_ref().expect("the header comes before the lines");
        self.rows.push(columns, record);
        let status = columns.status(record);
        if let Err(problems) = &status {
            let own = problems.0.iter().filter(|p| ["SMIStatus", "StatusDate"].contains(&p.column));
            let own = RowProblems(own.cloned().collect());
            self.rows.also_wrong(&own);
        }
        self.statuses.push(status.ok());
    }

    fn lines(&self) -> usize {
        self.rows.lines.len()
    }

    /// Finds the lines that repeat another. What cannot be read is left to the loading.
    fn look_ahead(
        &mut self,
        source: &Source<'_>,
        beat: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        if self.stage != Stage::Compared {
            return Ok(());
        }
        let mut ahead = Snapshot::new(self.stage);
        let (mut seen, mut repeats) = (Seen::begin()?, Repeats::default());
        let start = Place { offset: 0, line: 1 };
        read(source, &mut ahead, start, None, &mut |lines, _| {
            repeats.add(&mut seen, &lines.take_devices())?;
            beat()
        })?;
        repeats.add(&mut seen, &ahead.take_devices())?;
        self.found = Some(repeats);
        Ok(())
    }

    fn take_devices(&mut self) -> Vec<(u32, [i64; 2])> {
        let devices = self.devices();
        (self.rows, self.statuses) = (Rows::default(), Vec::new());
        devices
    }

    fn take_notes(&mut self) -> Result<()> {
        self.seen = Some(Seen::begin()?);
        Ok(())
    }

    fn apply(&mut self, tx: &mut Tx, context: &Context) -> Result<Answers> {
        let devices = if self.seen.is_some() { self.devices() } else { Vec::new() };
        let repeats = match (&mut self.seen, self.found.take()) {
            (Some(seen), _) => {
                let mut repeats = Repeats::default();
                repeats.add(seen, &devices)?;
                repeats
            }
            (None, Some(found)) => {
                found.keep(tx, context.import)?;
                found
            }
            (None, None) => Repeats::load(tx, context.import)?,
        };
        let rows = std::mem::take(&mut self.rows);
        let statuses = std::mem::take(&mut self.statuses);
        let here = Here::of(tx, &rows)?;
        let packs = Packs::of(tx, &rows.packs)?;
        let lines = Compared::of(&rows, &statuses, &repeats, &here, &packs);
        match self.stage {
            Stage::Compared => Ok(lines.answers(&rows)),
            Stage::Loaded => lines.apply(tx, context, &rows, &here, packs),
        }
    }
}

/// How a line compares with the inventory.
enum Comparison {
    /// Not usable, or not to be reconciled: the outcome says which.
    Problem(LineOutcome, String),
    /// Nothing to do.
    Same,
    /// Not here.
    Missing(Hub, StatusRow),
    /// Here with another Party, another status, or the same one since another date.
    Differs { hub: HubRow, party: Option<i64>, status: Option<StatusRow>, text: String },
}

struct Compared(Vec<Comparison>);

impl Compared {
    fn of(
        rows: &Rows,
        statuses: &[Option<StatusRow>],
        repeats: &Repeats,
        here: &Here,
        packs: &Packs<'_>,
    ) -> Compared {
        let mut lines = Vec::with_capacity(rows.rows.len());
        for (index, row) in rows.rows.iter().enumerate() {
            lines.push(match (row, statuses[index]) {
                (Row::Wrong(text), _) => {
                    Comparison::Problem(LineOutcome::Rejected, text.to_string())
                }
                (Row::Hub(_), None) => {
                    Comparison::Problem(LineOutcome::Rejected, "It has no status.".into())
                }
                (Row::Hub(hub), Some(status)) => match repeats.earlier(rows.lines.number(index)) {
                    Some(earlier) => {
                        let text = format!("Line {earlier} is about the same device.");
                        Comparison::Problem(LineOutcome::Rejected, text)
                    }
                    None => compare(here, packs, hub, status),
                },
            });
        }
        Compared(lines)
    }

    fn answers(&self, rows: &Rows) -> Answers {
        let mut answers = Answers::default();
        for (index, line) in self.0.iter().enumerate() {
            let (outcome, text) = match line {
                Comparison::Problem(outcome, text) => (*outcome, text.as_str()),
                Comparison::Same => (LineOutcome::Same, ""),
                Comparison::Missing(..) => (LineOutcome::Missing, "The inventory has no such hub."),
                Comparison::Differs { text, .. } => (LineOutcome::Differs, text.as_str()),
            };
            answers.add(&rows.lines, index, outcome, text);
        }
        answers
    }

    /// Adds what is missing, moves `Pending` hubs to their Parties, sets statuses.
    fn apply(
        self,
        tx: &mut Tx,
        context: &Context,
        rows: &Rows,
        here: &Here,
        mut packs: Packs<'_>,
    ) -> Result<Answers> {
        let mut new = Vec::new();
        for line in &self.0 {
            if let Comparison::Missing(hub, _) = line {
                packs.want(hub.pack);
                new.push(*hub);
            }
        }
        packs.add(tx)?;
        let added = insert(tx, &packs, &new, context.at)?;
        let moved = move_hubs(tx, context, &self.0)?;
        let known = rows.rows.iter().filter_map(|row| match row {
            Row::Hub(hub) => here.hub(hub.chf).copied(),
            Row::Wrong(_) => None,
        });
        let known = known.map(|hub| moved.get(&hub.id).copied().unwrap_or(hub));
        let told = self.0.iter().filter_map(|line| match line {
            Comparison::Missing(hub, status) => Some((hub.chf, status.status, status.since)),
            Comparison::Differs { hub, status, .. } => {
                status.map(|status| (hub.id, status.status, status.since))
            }
            Comparison::Problem(..) | Comparison::Same => None,
        });
        let hubs = added.into_iter().chain(known);
        let mut changes = StatusChanges::new(tx, context.at, hubs, told)?;
        let mut answers = Answers::default();
        for (index, line) in self.0.into_iter().enumerate() {
            let (outcome, text) = match line {
                Comparison::Problem(outcome, text) => (outcome, text),
                Comparison::Same => (LineOutcome::Already, String::new()),
                Comparison::Missing(hub, status) => {
                    match changes.set(hub.chf, status.status, status.since) {
                        (LineOutcome::Rejected | LineOutcome::Conflict, why) => {
                            (LineOutcome::Loaded, why)
                        }
                        _ => (LineOutcome::Loaded, String::new()),
                    }
                }
                Comparison::Differs { hub, party, status, text } => {
                    settle(&mut changes, &hub, party, status, text)
                }
            };
            answers.add(&rows.lines, index, outcome, &text);
        }
        changes.write(tx, context)?;
        Ok(answers)
    }
}

/// Sets the status of a hub that differs, and says what became of it as a whole.
fn settle(
    changes: &mut StatusChanges,
    hub: &HubRow,
    party: Option<i64>,
    status: Option<StatusRow>,
    text: String,
) -> (LineOutcome, String) {
    let stays = party.is_some() && hub.status != SmiStatus::Pending;
    let set = status.map(|status| changes.set(hub.id, status.status, status.since));
    if party.is_none() && status.is_none() {
        let why = "Its date stays: only a change of status sets another.";
        return (LineOutcome::Conflict, format!("{text} {why}"));
    }
    match (stays, set) {
        (true, set) => {
            let status = hub.status.name();
            let set = match set {
                Some((LineOutcome::Changed, _)) => " Its new status was set.",
                _ => "",
            };
            let why = format!("Its Party stays: its status is {status}, not Pending.{set}");
            (LineOutcome::Conflict, format!("{text} {why}"))
        }
        (false, Some((set @ (LineOutcome::Rejected | LineOutcome::Conflict), why))) => (set, why),
        (false, _) => (LineOutcome::Changed, text),
    }
}

fn compare(here: &Here, packs: &Packs<'_>, hub: &Hub, status: StatusRow) -> Comparison {
    let sent = packs.details(hub.pack);
    let Some(party) = packs.party(hub.pack) else {
        let text = format!("The service user reference {:?} is not known.", sent.delivered_to);
        return Comparison::Problem(LineOutcome::Rejected, text);
    };
    let Some(known) = here.hub(hub.chf) else {
        return match here.clash(hub) {
            Some(text) => Comparison::Problem(LineOutcome::Conflict, text),
            None => Comparison::Missing(*hub, status),
        };
    };
    if let Some(text) = difference(here, known, hub, sent, Compare::NotDeliveredTo) {
        return Comparison::Problem(LineOutcome::Conflict, text);
    }
    let mut texts = Vec::new();
    let party = (known.party != party).then_some(party);
    if party.is_some() {
        let reference = &sent.delivered_to;
        texts.push(format!("Its Party is another here, not {reference}."));
    }
    let since = Timestamp::from_microsecond(known.status_at).unwrap_or(Timestamp::UNIX_EPOCH);
    if known.status == status.status && !is_same_date(since, status.since) {
        let (is, said) = (known.status.name(), status.since);
        texts.push(format!("It is {is} since {since} here, not since {said}."));
    }
    let status = (known.status != status.status).then_some(status);
    if let Some(status) = status {
        let (is, said) = (known.status.name(), status.status.name());
        texts.push(format!("Its status is {is} here, not {said}."));
    }
    if texts.is_empty() {
        return Comparison::Same;
    }
    Comparison::Differs { hub: *known, party, status, text: texts.join(" ") }
}

/// Whether a snapshot's date is that of the inventory. A date alone, which is read as its midnight,
/// is the same as any time on that day.
fn is_same_date(here: Timestamp, said: Timestamp) -> bool {
    const DAY: i64 = 24 * 60 * 60;
    let day = |at: Timestamp| at.as_second().div_euclid(DAY);
    let is_midnight = said.as_microsecond() == day(said) * DAY * 1_000_000;
    here == said || (is_midnight && day(here) == day(said))
}

/// Moves the hubs that are with another Party and `Pending`, and answers them as they are then.
fn move_hubs(tx: &mut Tx, context: &Context, lines: &[Comparison]) -> Result<HashMap<i64, HubRow>> {
    let mut moving: Vec<(HubRow, i64)> = lines
        .iter()
        .filter_map(|line| match line {
            Comparison::Differs { hub, party: Some(party), .. }
                if hub.status == SmiStatus::Pending =>
            {
                Some((*hub, *party))
            }
            _ => None,
        })
        .collect();
    if moving.is_empty() {
        return Ok(HashMap::new());
    }
    moving.sort_unstable_by_key(|(hub, _)| hub.id);
    let number = tx.next_id("moves")?;
    let hubs = i64::try_from(moving.len()).expect("a chunk is small");
    store::imports::add_move(tx, number, context.at, context.import, hubs)?;
    let mut counts = PackChanges::default();
    let mut history = Vec::with_capacity(moving.len());
    let mut moved = Vec::with_capacity(moving.len());
    for (hub, to) in moving {
        counts.add(hub.pack, hub.party, hub.status, -1);
        counts.add(hub.pack, to, hub.status, 1);
        let (from, previous) = (hub.party, hub.last_move);
        history.push(PartyMove { number, hub: hub.id, from, to, previous });
        moved.push(HubRow { party: to, last_move: number, ..hub });
    }
    load::insert_party_moves(tx, &history)?;
    load::update_hubs(tx, &moved)?;
    counts.write(tx)?;
    Ok(moved.into_iter().map(|hub| (hub.id, hub)).collect())
}
