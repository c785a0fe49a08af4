//! Lines of a delivery file: new hubs are added, known ones compared and never overwritten.

use std::collections::HashMap;

use domain::DeviceId;
use domain::imports::{Compare, LineOutcome, differences};
use domain::inventory::{DeliveryColumns, PackDetails, SmiStatus};
use domain::tabular::{HeaderError, Record, RowProblems};
use jiff::Timestamp;
use store::Tx;
use store::bulk::load::{self, HubRow, PackChanges};
use store::bulk::seen::{Note, Seen};

use super::answers::{Answers, Lines};
use super::load::{Context, Loader};
use super::packs::{Packs, known_packs, midnight};
use crate::Result;

/// Lines of hubs as a delivery tells of them, each pack of a chunk parsed once.
#[derive(Default)]
pub struct Deliveries {
    columns: Option<DeliveryColumns>,
    rows: Rows,
    /// The devices of hubs that earlier chunks of a dry run would have added: the line, its CHF and
    /// GPF, and the print of its pack.
    seen: Option<Seen>,
}

/// The lines of a chunk.
#[derive(Default)]
pub struct Rows {
    /// Where each stands.
    pub lines: Lines,
    /// What each says.
    pub rows: Vec<Row>,
    /// The packs that they name, in the order of their first lines.
    pub packs: Vec<std::result::Result<PackDetails, RowProblems>>,
    by_key: HashMap<Vec<u8>, u32>,
    key: Vec<u8>,
    last: Option<(Vec<u8>, u32)>,
}

/// One line.
pub enum Row {
    /// It can't be read.
    Wrong(Box<str>),
    /// A hub.
    Hub(Hub),
}

/// A hub as a line tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hub {
    /// The CHF ID's bits.
    pub chf: i64,
    /// The GPF ID's bits.
    pub gpf: i64,
    /// The place of its pack among the chunk's packs.
    pub pack: u32,
}

impl Rows {
    /// Takes a line.
    pub fn push(&mut self, columns: &DeliveryColumns, record: &Record<'_>) {
        let row = match self.hub(columns, record) {
            Ok(hub) => Row::Hub(hub),
            Err(_) => match columns.parse(record) {
                Err(problems) => Row::Wrong(problems.to_string().into()),
                Ok(_) => Row::Wrong("The line cannot be read.".into()),
            },
        };
        self.lines.push(record.line, columns.given(record));
        self.rows.push(row);
    }

    /// Adds to what is wrong with the last line.
    pub fn also_wrong(&mut self, problems: &RowProblems) {
        let Some(row) = self.rows.last_mut().filter(|_| !problems.0.is_empty()) else { return };
        *row = match row {
            Row::Wrong(text) => Row::Wrong(format!("{text} {problems}").into()),
            Row::Hub(_) => Row::Wrong(problems.to_string().into()),
        };
    }

    fn hub(
        &mut self,
        columns: &DeliveryColumns,
        record: &Record<'_>,
    ) -> std::result::Result<Hub, RowProblems> {
        let (chf, gpf) = columns.devices(record)?;
        let pack = self.pack(columns, record);
        match &self.packs[pack as usize] {
            Ok(_) => Ok(Hub { chf: chf.key(), gpf: gpf.key(), pack }),
            Err(problems) => Err(problems.clone()),
        }
    }

    /// The place of a line's pack; mostly that of the line before.
    fn pack(&mut self, columns: &DeliveryColumns, record: &Record<'_>) -> u32 {
        columns.pack_key(record, &mut self.key);
        if let Some((key, place)) = &self.last
            && *key == self.key
        {
            return *place;
        }
        let place = match self.by_key.get(&self.key) {
            Some(place) => *place,
            None => {
                let place = u32::try_from(self.packs.len()).expect("a chunk is small");
                self.packs.push(columns.parse(record).map(|row| row.pack));
                self.by_key.insert(self.key.clone(), place);
                place
            }
        };
        self.last = Some((self.key.clone(), place));
        place
    }

    /// The keys of all devices, in order, each once.
    pub fn keys(&self) -> Vec<i64> {
        let hubs = self.rows.iter().filter_map(|row| match row {
            Row::Hub(hub) => Some([hub.chf, hub.gpf]),
            Row::Wrong(_) => None,
        });
        let mut keys: Vec<i64> = hubs.flatten().collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

impl Loader for Deliveries {
    fn header(&mut self, header: &Record<'_>) -> std::result::Result<(), HeaderError> {
        self.columns = Some(DeliveryColumns::of_delivery(header)?);
        Ok(())
    }

    fn line(&mut self, record: &Record<'_>) {
        let columns = self.columns.as_ref().expect("the header comes before the lines");
        self.rows.push(columns, record);
    }

    fn lines(&self) -> usize {
        self.rows.lines.len()
    }

    fn take_notes(&mut self) -> Result<()> {
        self.seen = Some(Seen::begin()?);
        Ok(())
    }

    fn apply(&mut self, tx: &mut Tx, context: &Context) -> Result<Answers> {
        let rows = std::mem::take(&mut self.rows);
        let noted = self.seen.as_ref().map_or(Ok(HashMap::new()), |seen| seen.of(&rows.keys()))?;
        let here = Here::of(tx, &rows)?;
        let mut packs = Packs::of(tx, &rows.packs)?;
        let mut told = Told { noted, lines: HashMap::new() };
        let mut answers = Answers::default();
        let mut new = Vec::new();
        for (index, row) in rows.rows.iter().enumerate() {
            let (outcome, text) = match row {
                Row::Wrong(text) => (LineOutcome::Rejected, text.to_string()),
                Row::Hub(hub) => decide(&rows, &here, &packs, &told, hub),
            };
            if let (LineOutcome::Loaded, Row::Hub(hub)) = (outcome, row) {
                told.add(hub, index);
                packs.want(hub.pack);
                new.push(*hub);
            }
            answers.add(&rows.lines, index, outcome, &text);
        }
        packs.add(tx)?;
        insert(tx, &packs, &new, context.at)?;
        if let Some(seen) = &mut self.seen {
            let note = |(device, index): (i64, usize)| {
                let Row::Hub(hub) = &rows.rows[index] else { return None };
                let line = rows.lines.number(index).into();
                Some((device, [line, hub.chf, hub.gpf, packs.print(hub.pack)]))
            };
            seen.note(told.lines.into_iter().filter_map(note))?;
        }
        Ok(answers)
    }
}

/// Adds new hubs, `Pending` with the Party that they were delivered to: since their delivery, or
/// since now where they are announced before they are delivered.
pub fn insert(tx: &mut Tx, packs: &Packs<'_>, new: &[Hub], now: Timestamp) -> Result<Vec<HubRow>> {
    let mut counts = PackChanges::default();
    let mut hubs: Vec<HubRow> = Vec::with_capacity(new.len());
    let mut run: Option<((i64, i64), i64)> = None;
    for hub in new {
        let (pack, party, details) = packs.get(hub.pack);
        hubs.push(HubRow {
            id: hub.chf,
            gpf: hub.gpf,
            pack,
            party,
            status: SmiStatus::Pending,
            status_at: midnight(details.delivered_on).min(now.as_microsecond()),
            installed_at: None,
            last_move: 0,
            last_change: 0,
            quarantined: false,
        });
        run = match run {
            Some((key, n)) if key == (pack, party) => Some((key, n + 1)),
            other => {
                if let Some(((pack, party), n)) = other {
                    counts.add(pack, party, SmiStatus::Pending, n);
                }
                Some(((pack, party), 1))
            }
        };
    }
    if let Some(((pack, party), n)) = run {
        counts.add(pack, party, SmiStatus::Pending, n);
    }
    hubs.sort_unstable_by_key(|hub| hub.id);
    load::insert_hubs(tx, &hubs)?;
    counts.write(tx)?;
    Ok(hubs)
}

/// What the inventory has of a chunk's devices.
pub struct Here {
    hubs: HashMap<i64, HubRow>,
    chf_of_gpf: HashMap<i64, i64>,
    packs: HashMap<i64, PackDetails>,
}

impl Here {
    /// Looks the devices of these lines up.
    pub fn of(tx: &mut Tx, rows: &Rows) -> Result<Here> {
        let found = load::hubs_of(tx, &rows.keys())?;
        let packs = known_packs(tx, found.iter().map(|hub| hub.pack))?;
        Ok(Here {
            chf_of_gpf: found.iter().map(|hub| (hub.gpf, hub.id)).collect(),
            hubs: found.into_iter().map(|hub| (hub.id, hub)).collect(),
            packs,
        })
    }

    /// The hub with this CHF ID.
    pub fn hub(&self, chf: i64) -> Option<&HubRow> {
        self.hubs.get(&chf)
    }

    /// What the pack of a hub says.
    pub fn pack(&self, hub: &HubRow) -> Option<&PackDetails> {
        self.packs.get(&hub.pack)
    }

    /// Why the devices of a line that are not one hub's here can't become one.
    pub fn clash(&self, hub: &Hub) -> Option<String> {
        let id = DeviceId::from_key;
        if let Some(chf) = self.chf_of_gpf.get(&hub.chf) {
            let chf = id(*chf);
            return Some(format!(
                "The CHF ID is that of a Gas Proxy Function here; its hub's CHF ID is {chf}."
            ));
        }
        if self.hubs.contains_key(&hub.gpf) {
            return Some("The GPF ID is the CHF ID of a hub here.".into());
        }
        let chf = id(*self.chf_of_gpf.get(&hub.gpf)?);
        Some(format!("The GPF ID belongs to the hub {chf} here."))
    }
}

/// The devices of hubs that earlier lines have added.
struct Told {
    /// By lines of this chunk.
    lines: HashMap<i64, usize>,
    /// By lines of earlier chunks, of a dry run.
    noted: HashMap<i64, Note>,
}

impl Told {
    fn add(&mut self, hub: &Hub, index: usize) {
        self.lines.insert(hub.chf, index);
        self.lines.insert(hub.gpf, index);
    }
}

fn decide(
    rows: &Rows,
    here: &Here,
    packs: &Packs<'_>,
    told: &Told,
    hub: &Hub,
) -> (LineOutcome, String) {
    let sent = packs.details(hub.pack);
    if packs.party(hub.pack).is_none() {
        let text = format!("The service user reference {:?} is not known.", sent.delivered_to);
        return (LineOutcome::Rejected, text);
    }
    if let Some(known) = here.hub(hub.chf) {
        return match difference(here, known, hub, sent, Compare::DeliveredTo) {
            None => (LineOutcome::Already, String::new()),
            Some(text) => (LineOutcome::Conflict, text),
        };
    }
    if let Some(text) = here.clash(hub) {
        return (LineOutcome::Conflict, text);
    }
    let answer = |line: i64, is_same: bool| match is_same {
        true => (LineOutcome::Already, format!("The same as line {line}.")),
        false => (LineOutcome::Conflict, format!("Line {line} of this file says otherwise.")),
    };
    if let Some([line, chf, gpf, print]) = told.noted.get(&hub.chf).or(told.noted.get(&hub.gpf)) {
        let same = (*chf, *gpf, *print) == (hub.chf, hub.gpf, packs.print(hub.pack));
        return answer(*line, same);
    }
    let earlier = told.lines.get(&hub.chf).or_else(|| told.lines.get(&hub.gpf));
    let Some(earlier) = earlier else { return (LineOutcome::Loaded, String::new()) };
    let is_same = matches!(&rows.rows[*earlier], Row::Hub(other)
        if (other.chf, other.gpf) == (hub.chf, hub.gpf) && packs.details(other.pack) == sent);
    answer(rows.lines.number(*earlier).into(), is_same)
}

/// In what a known hub differs from what a line says of it.
pub fn difference(
    here: &Here,
    known: &HubRow,
    hub: &Hub,
    sent: &PackDetails,
    compare: Compare,
) -> Option<String> {
    let mut texts = Vec::new();
    if known.gpf != hub.gpf {
        let gpf = DeviceId::from_key(known.gpf);
        texts.push(format!("GPFID is {gpf} here."));
    }
    if let Some(pack) = here.pack(known) {
        for (column, here, sent) in differences(pack, sent, compare) {
            texts.push(format!("{column} is \"{here}\" here, not \"{sent}\"."));
        }
    }
    (!texts.is_empty()).then(|| texts.join(" "))
}
