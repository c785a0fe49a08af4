//! Lines of a status feed: each hub's status, and its history, as time goes on.

use std::collections::HashMap;

use domain::DeviceId;
use domain::imports::LineOutcome;
use domain::inventory::{SmiStatus, StatusColumns, StatusRow};
use domain::tabular::{HeaderError, Record};
use jiff::{SignedDuration, Timestamp};
use store::Tx;
use store::bulk::load::{self, HubRow, PackChanges, StatusChange};
use store::bulk::seen::{Note, Seen};

use super::answers::{Answers, Lines};
use super::load::{Context, Loader};
use crate::{Error, Result, settings};

/// Loads changes of status.
#[derive(Default)]
pub struct Statuses {
    columns: Option<StatusColumns>,
    lines: Lines,
    rows: Vec<std::result::Result<StatusRow, Box<str>>>,
    /// What earlier chunks of a dry run would have set: the status, since when, and when installed.
    seen: Option<Seen>,
}

impl Loader for Statuses {
    fn header(&mut self, header: &Record<'_>) -> std::result::Result<(), HeaderError> {
        self.columns = Some(StatusColumns::of(header)?);
        Ok(())
    }

    fn line(&mut self, record: &Record<'_>) {
        let columns = self.columns.as_ref().expect("the header comes before the lines");
        self.lines.push(record.line, columns.given(record));
        self.rows.push(columns.parse(record).map_err(|problems| problems.to_string().into()));
    }

    fn lines(&self) -> usize {
        self.lines.len()
    }

    fn take_notes(&mut self) -> Result<()> {
        self.seen = Some(Seen::begin()?);
        Ok(())
    }

    fn apply(&mut self, tx: &mut Tx, context: &Context) -> Result<Answers> {
        let lines = std::mem::take(&mut self.lines);
        let rows = std::mem::take(&mut self.rows);
        let mut keys: Vec<i64> = rows.iter().flatten().map(|row| row.chf.key()).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut found = load::hubs_of(tx, &keys)?;
        if let Some(seen) = &self.seen {
            let noted = seen.of(&keys)?;
            for hub in &mut found {
                if let Some(note) = noted.get(&hub.id) {
                    *hub = as_noted(*hub, *note)?;
                }
            }
        }
        let chf_of_gpf: HashMap<i64, i64> = found.iter().map(|hub| (hub.gpf, hub.id)).collect();
        let known = rows.iter().flatten().map(|row| (row.chf.key(), row.status, row.since));
        let mut changes = StatusChanges::new(tx, context.at, found, known)?;
        let mut answers = Answers::default();
        for (index, row) in rows.iter().enumerate() {
            let (outcome, text) = match row {
                Err(problems) => (LineOutcome::Rejected, problems.to_string()),
                Ok(row) => match changes.hub(row.chf.key()) {
                    Some(_) => changes.set(row.chf.key(), row.status, row.since),
                    None => (LineOutcome::Rejected, unknown(&chf_of_gpf, row.chf.key())),
                },
            };
            answers.add(&lines, index, outcome, &text);
        }
        match &mut self.seen {
            Some(seen) => seen.note(changes.changed().map(note_of))?,
            None => changes.write(tx, context)?,
        }
        Ok(answers)
    }
}

fn note_of(hub: &HubRow) -> (i64, Note) {
    let installed_at = hub.installed_at.unwrap_or(i64::MIN);
    (hub.id, [hub.status as i64, hub.status_at, installed_at, 0])
}

fn as_noted(hub: HubRow, [status, status_at, installed_at, _]: Note) -> Result<HubRow> {
    let status = SmiStatus::from_code(status)
        .ok_or_else(|| Error::Damaged("the notes of a dry run".into()))?;
    let installed_at = Some(installed_at).filter(|at| *at != i64::MIN);
    Ok(HubRow { status, status_at, installed_at, ..hub })
}

fn unknown(chf_of_gpf: &HashMap<i64, i64>, key: i64) -> String {
    match chf_of_gpf.get(&key) {
        Some(chf) => {
            let chf = DeviceId::from_key(*chf);
            format!("This is the ID of a Gas Proxy Function; its hub's CHF ID is {chf}.")
        }
        None => "The inventory has no such hub.".into(),
    }
}

/// Hubs whose status changes, perhaps several times, within one transaction.
///
/// All first changes are one batch, all second ones another, and so on: a hub is in a batch once.
pub struct StatusChanges {
    /// What is later than this has not happened yet.
    latest: Timestamp,
    hubs: HashMap<i64, (HubRow, HubRow, usize)>,
    batches: Vec<Vec<StatusChange>>,
    /// What hubs were before, of which an old instant is told: the status, from when and until when.
    past: HashMap<i64, Vec<(SmiStatus, i64, i64)>>,
}

impl StatusChanges {
    /// Begins with hubs as they are; `told` is all that will be set.
    pub fn new(
        tx: &mut Tx,
        now: Timestamp,
        hubs: impl IntoIterator<Item = HubRow>,
        told: impl Iterator<Item = (i64, SmiStatus, Timestamp)>,
    ) -> Result<StatusChanges> {
        let hubs: HashMap<i64, _> = hubs.into_iter().map(|hub| (hub.id, (hub, hub, 0))).collect();
        let mut asked: Vec<(i64, i64)> = told
            .filter_map(|(chf, status, since)| {
                let (hub, _, _) = hubs.get(&chf)?;
                let at = since.as_microsecond();
                let is_old = at < hub.status_at || (at == hub.status_at && status != hub.status);
                (is_old && hub.last_change != 0).then_some((hub.last_change, chf))
            })
            .collect();
        asked.sort_unstable();
        asked.dedup();
        let mut past: HashMap<i64, Vec<(SmiStatus, i64, i64)>> = HashMap::new();
        for was in load::past_statuses(tx, &asked)? {
            past.entry(was.hub).or_default().push((was.status, was.from, was.until));
        }
        let ahead = settings::number_of(tx, &settings::STATUS_AHEAD_MINUTES)?;
        let latest = now.saturating_add(SignedDuration::from_mins(ahead)).unwrap_or(Timestamp::MAX);
        Ok(StatusChanges { latest, hubs, batches: Vec::new(), past })
    }

    /// A hub as it is by now.
    pub fn hub(&self, chf: i64) -> Option<&HubRow> {
        self.hubs.get(&chf).map(|(_, now, _)| now)
    }

    /// The hubs that change, as they are by now.
    pub fn changed(&self) -> impl Iterator<Item = &HubRow> {
        self.hubs.values().filter(|(_, _, times)| *times > 0).map(|(_, now, _)| now)
    }

    /// Whether a hub had this status at an instant before its last change, as its history says.
    fn was(&self, chf: i64, status: SmiStatus, at: i64) -> bool {
        let (before, hub, times) = &self.hubs[&chf];
        let here = (*times == 1).then_some((before.status, before.status_at, hub.status_at));
        let past = self.past.get(&chf).into_iter().flatten().copied().chain(here);
        past.into_iter()
            .any(|(was, from, until)| was == status && (from == at || (from..until).contains(&at)))
    }

    /// Sets the status of a hub that is here, unless that is out of order.
    pub fn set(&mut self, chf: i64, to: SmiStatus, since: Timestamp) -> (LineOutcome, String) {
        let at = since.as_microsecond();
        let (_, hub, _) = &self.hubs[&chf];
        let is_known = at <= hub.status_at && self.was(chf, to, at);
        let looked_up = "the caller has looked the hub up";
        let (before, hub, times) = self.hubs.get_mut(&chf).expect(looked_up);
        let current = Timestamp::from_microsecond(hub.status_at).unwrap_or(Timestamp::UNIX_EPOCH);
        let name = hub.status.name();
        if hub.status == to && at >= hub.status_at {
            let text = if at == hub.status_at {
                String::new()
            } else {
                format!("It has been {name} since {current}.")
            };
            return (LineOutcome::Already, text);
        }
        if is_known {
            return (LineOutcome::Already, format!("It was; it has been {name} since {current}."));
        }
        if at < hub.status_at {
            let text = format!("Out of order: it has been {name} since {current}, which is later.");
            return (LineOutcome::Rejected, text);
        }
        if at == hub.status_at && to.stage() <= hub.status.stage() {
            let text = format!(
                "It has been {name} since the same instant, and nothing says which came last: give \
                 the time of day."
            );
            return (LineOutcome::Conflict, text);
        }
        if since > self.latest {
            let text = "It is in the future: send it when it has happened.".to_owned();
            return (LineOutcome::Rejected, text);
        }
        if self.batches.len() == *times {
            self.batches.push(Vec::new());
        }
        self.batches[*times].push(StatusChange {
            change: 0,
            hub: chf,
            from: hub.status,
            from_at: hub.status_at,
            to,
            to_at: at,
            previous: 0,
        });
        *times += 1;
        // Most hubs change once, and what they were before that is here already.
        if *times > 1 {
            let past = self.past.entry(chf).or_default();
            if *times == 2 {
                past.push((before.status, before.status_at, hub.status_at));
            }
            past.push((hub.status, hub.status_at, at));
        }
        let text = format!("It was {name} since {current}.");
        hub.status = to;
        hub.status_at = at;
        let is_installed =
            matches!(to, SmiStatus::InstalledNotCommissioned | SmiStatus::Commissioned);
        if is_installed && hub.installed_at.is_none() {
            hub.installed_at = Some(at);
        }
        (LineOutcome::Changed, text)
    }

    /// Writes the hubs, their history and the kept counts.
    pub fn write(mut self, tx: &mut Tx, context: &Context) -> Result<()> {
        if self.batches.is_empty() {
            return Ok(());
        }
        let first = tx.next_id("changes")?;
        for (change, batch) in (first..).zip(&mut self.batches) {
            let hubs = i64::try_from(batch.len()).expect("a chunk is small");
            store::imports::add_change(tx, change, context.at, context.import, hubs)?;
            batch.sort_unstable_by_key(|change| change.hub);
            for row in batch.iter_mut() {
                let (_, hub, _) = self.hubs.get_mut(&row.hub).expect("only hubs here change");
                row.change = change;
                row.previous = std::mem::replace(&mut hub.last_change, change);
            }
            load::insert_status_changes(tx, batch)?;
        }
        let mut counts = PackChanges::default();
        let mut changed = Vec::new();
        for (before, now, times) in self.hubs.into_values() {
            if times > 0 {
                counts.add(before.pack, before.party, before.status, -1);
                counts.add(now.pack, now.party, now.status, 1);
                changed.push(now);
            }
        }
        changed.sort_unstable_by_key(|hub| hub.id);
        load::update_hubs(tx, &changed)?;
        Ok(counts.write(tx)?)
    }
}
