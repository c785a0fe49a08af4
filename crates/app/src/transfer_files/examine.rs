//! A file's lines against the inventory, as one transaction sees it.

use std::collections::HashMap;

use domain::ids::PartyId;
use domain::parties::PartyBook;
use domain::stock_rules::InstallationEnds;
use domain::transfer_files::{
    CheckContext, CheckSettings, Facts, FileRefusal, HeldBack, HubFacts, Limits, Outcome,
    ParsedFile, Receiver, Sender, check,
};
use domain::{DeviceId, Refusal};
use jiff::{Timestamp, civil::Date};
use store::Tx;
use store::bulk::facts::{self, HubRow, Hubs};

use super::kept::Text;
use super::links::Links;
use crate::{Error, Result, parties, settings, sheet};

/// Why a file is refused whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The stable word for the reason.
    pub word: &'static str,
    /// The reason, as a sentence.
    pub message: String,
}

impl Refused {
    /// Each word for a reason, with what it means.
    pub fn words() -> impl Iterator<Item = (&'static str, &'static str)> {
        let own = [
            (Refused::WORKBOOK, "The workbook cannot be read, or holds too much"),
            (Refused::FILE_ID, "The file ID was sent before; the first file has the answer"),
        ];
        FileRefusal::WORDS.iter().copied().chain(own)
    }

    const WORKBOOK: &str = "workbook";
    /// The word for a file ID that was sent before.
    pub(super) const FILE_ID: &str = "file-id";
}

impl From<FileRefusal> for Refused {
    fn from(refusal: FileRefusal) -> Self {
        Refused { word: refusal.word(), message: refusal.to_string() }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Refused { word: Refused::WORKBOOK, message: refusal.message }
    }
}

/// The bytes of a file as text: those of a workbook are its first sheet as CSV.
pub(super) struct Source {
    name: String,
    text: Vec<u8>,
    is_workbook: bool,
}

impl Source {
    /// The file of this name; a workbook that cannot be read, or that holds more bytes than
    /// `most_unpacked`, is refused.
    pub fn new(
        name: &str,
        bytes: Vec<u8>,
        most_unpacked: u64,
    ) -> Result<std::result::Result<Source, Refused>> {
        let is_workbook = sheet::is_workbook(&bytes);
        let text = match is_workbook {
            true => match sheet::to_csv(&bytes, most_unpacked) {
                Ok(csv) => csv,
                Err(Error::Refused(refusal)) => return Ok(Err(refusal.into())),
                Err(error) => return Err(error),
            },
            false => bytes,
        };
        Ok(Ok(Source { name: name.to_owned(), text, is_workbook }))
    }

    /// Whether the text has to be kept, or is what the file holds.
    pub fn kept_text(&self) -> Text {
        if self.is_workbook { Text::Made } else { Text::InFile }
    }

    /// Its lines.
    pub fn parse(&self, limits: &Limits) -> std::result::Result<ParsedFile<'_>, Refused> {
        if self.is_workbook && self.text.starts_with(b"\"HDR\"") {
            return Err(FileRefusal::ControlledSheet.into());
        }
        let _span = tracing::debug_span!("parse", bytes = self.text.len()).entered();
        Ok(domain::transfer_files::parse(&self.text, &self.name, limits)?)
    }
}

/// What the operators have set, and all Parties.
pub(super) struct Rules {
    /// Which checks reject, warn or are off.
    pub checks: CheckSettings,
    /// All Parties.
    pub parties: PartyBook,
    /// How much a file may hold.
    pub limits: Limits,
    /// How many bytes a workbook may hold when it is unpacked.
    pub most_unpacked: u64,
    /// The last day of installation that each device model's CHTS version sets, if it sets one.
    ends: HashMap<i32, Date>,
}

impl Rules {
    /// Those in force.
    pub fn load(tx: &mut Tx) -> Result<Rules> {
        let mut checks = CheckSettings::default();
        for name in CheckSettings::NAMES {
            if let Some(row) = store::settings::get(tx, name)? {
                checks = checks.with(name, &row.value).map_err(|problem| {
                    Error::Damaged(format!("the setting {name} is {:?}: {problem}", row.value))
                })?;
            }
        }
        let most_lines = settings::number_of(tx, &settings::TRANSFER_FILE_MOST_LINES)?;
        let max_lines = u32::try_from(most_lines).unwrap_or(u32::MAX);
        let limits = Limits { max_lines, ..Limits::default() };
        let most_unpacked = settings::most_unpacked(tx)?;
        let by_version = InstallationEnds::new(store::stock_rules::ends(tx)?);
        let models = store::excess::models(tx)?;
        let ends = models
            .iter()
            .filter_map(|(id, model)| Some((*id as i32, by_version.of(&model.chts_version, None)?)))
            .collect();
        Ok(Rules { checks, parties: parties::book(tx)?, limits, most_unpacked, ends })
    }

    /// The Parties that a file's references stand for.
    pub fn receivers(&self, file: &ParsedFile<'_>) -> Vec<Receiver> {
        Receiver::all(&file.references, &self.parties)
    }

    fn context(&self, file: &ParsedFile<'_>, today: Date) -> CheckContext {
        let from = file.header().map_or("", |header| header.from.as_str());
        CheckContext { settings: self.checks, sender: Sender::of(from, &self.parties), today }
    }
}

/// The devices of a file, in the order of their keys, each once.
pub(super) struct Keys {
    /// The keys.
    pub keys: Vec<i64>,
    /// For each line, the place of its device among the keys.
    place_of_line: Vec<u32>,
}

const NO_PLACE: u32 = u32::MAX;

impl Keys {
    /// Those of a file.
    pub fn of(file: &ParsedFile<'_>) -> Keys {
        let mut keys: Vec<i64> = Vec::with_capacity(file.by_device.len());
        let mut place_of_line = vec![NO_PLACE; file.lines.len()];
        for (device, line) in &file.by_device {
            if keys.last() != Some(&device.key()) {
                keys.push(device.key());
            }
            place_of_line[*line as usize] = keys.len() as u32 - 1;
        }
        Keys { keys, place_of_line }
    }

    /// The place of a line's device; none if it has no device.
    pub fn place(&self, line: usize) -> Option<u32> {
        Some(self.place_of_line[line]).filter(|place| *place != NO_PLACE)
    }
}

/// What the inventory says of each device of a file.
pub(super) struct Sight<'k> {
    /// The devices.
    pub keys: &'k Keys,
    /// The hubs among them.
    pub hubs: Hubs,
    gpfs: Vec<(u32, i64)>,
    links: Links,
}

impl<'k> Sight<'k> {
    /// Looks each device up once.
    pub fn look(
        tx: &mut Tx,
        keys: &'k Keys,
        file: &ParsedFile<'_>,
        progress: &mut dyn FnMut(usize) -> store::Result<()>,
    ) -> Result<Sight<'k>> {
        let _span = tracing::debug_span!("look up", devices = keys.keys.len()).entered();
        let hubs = facts::hubs(tx, &keys.keys, progress)?;
        let missing: Vec<(u32, i64)> = (0..)
            .zip(&keys.keys)
            .zip(&hubs.rows)
            .filter(|(_, hub)| hub.is_none())
            .map(|((place, key), _)| (place, *key))
            .collect();
        let gpfs = facts::hubs_of_gpfs(tx, &missing)?;
        let links = Links::look(tx, &keys.keys, file)?;
        Ok(Sight { keys, hubs, gpfs, links })
    }

    /// The hub on a line.
    pub fn hub(&self, line: usize) -> Option<&HubRow> {
        self.hubs.rows[self.keys.place(line)? as usize].as_ref()
    }

    /// What is known of the device on a line.
    pub fn facts(&self, line: usize) -> Facts {
        let Some(place) = self.keys.place(line) else { return Facts::Unknown };
        if let Some(hub) = &self.hubs.rows[place as usize] {
            return Facts::Hub(self.hub_facts(hub, place as usize));
        }
        match self.gpfs.binary_search_by_key(&place, |(gpf, _)| *gpf) {
            Ok(found) => Facts::Gpf { chf: DeviceId::from_key(self.gpfs[found].1) },
            Err(_) => Facts::Unknown,
        }
    }

    /// The same with the earlier of the two last days of installation: the hub's own, as delivered, and
    /// its CHTS version's.
    fn judged(&self, line: usize, rules: &Rules) -> Facts {
        let mut facts = self.facts(line);
        if let (Facts::Hub(facts), Some(hub)) = (&mut facts, self.hub(line)) {
            let of_version = rules.ends.get(&self.hubs.pack(hub).model).copied();
            facts.installation_end =
                [facts.installation_end, of_version].into_iter().flatten().min();
        }
        facts
    }

    fn hub_facts(&self, hub: &HubRow, place: usize) -> HubFacts {
        let pack = self.hubs.pack(hub);
        let link = self.links.of(place);
        HubFacts {
            party: PartyId(hub.party.into()),
            status: hub.status,
            status_since: Timestamp::from_microsecond(hub.status_at).unwrap_or_default(),
            held_back: match (hub.is_quarantined, pack.is_test) {
                (true, _) => HeldBack::Quarantined,
                (false, true) => HeldBack::Test,
                (false, false) => HeldBack::No,
            },
            installation_end: pack.installation_end,
            last_move: hub.last_move.into(),
            open_transfer: link.open_transfer,
            as_confirmed: link.as_confirmed,
            agreed_specification: link.agreed_specification,
        }
    }

    /// The outcome of each line as things stand today.
    pub fn outcomes(&self, file: &ParsedFile<'_>, rules: &Rules, today: Date) -> Vec<Outcome> {
        let _span = tracing::debug_span!("check", lines = file.lines.len()).entered();
        let context = rules.context(file, today);
        let receivers = rules.receivers(file);
        let outcome = |(number, line): (usize, &domain::transfer_files::Line)| {
            let receiver = line.reference().map_or(Receiver::Unknown, |place| receivers[place]);
            check(line, &self.judged(number, rules), receiver, &context)
        };
        file.lines.iter().enumerate().map(outcome).collect()
    }
}
