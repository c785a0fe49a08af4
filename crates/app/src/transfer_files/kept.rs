//! The outcomes of a file's lines as they are kept: 16 bytes a line, and 8 more for what a
//! sentence about the line speaks of.

use domain::DeviceId;
use domain::ids::PartyId;
use domain::inventory::SmiStatus;
use domain::transfer_files::{Code, Facts, HeldBack, HubFacts, Judged, Line, Outcome, Warnings};
use jiff::{Timestamp, civil::Date};

use crate::{Error, Result};

/// How many lines there are, before the lines themselves.
const PREFIX: usize = 4;

/// The outcomes of a stage, read back.
pub(super) struct Kept {
    bytes: Vec<u8>,
    lines: usize,
}

/// Writes the outcomes of all lines; `facts` are those that each was judged by.
pub(super) fn write(
    lines: &[Line],
    outcomes: &[Outcome],
    facts: impl Fn(usize) -> Facts,
) -> Vec<u8> {
    let count = u32::try_from(lines.len()).expect("a file has fewer lines");
    let mut bytes = Vec::with_capacity(PREFIX + lines.len() * (Judged::BYTES + 2));
    bytes.extend_from_slice(&count.to_le_bytes());
    let mut particulars = Vec::new();
    for (i, (line, outcome)) in lines.iter().zip(outcomes).enumerate() {
        let facts = facts(i);
        Judged::new(line.number(), *outcome, &facts).write(&mut bytes);
        if has_particular(*outcome) {
            particulars.extend_from_slice(&particular(*outcome, &facts).to_le_bytes());
        }
    }
    bytes.extend_from_slice(&particulars);
    bytes
}

/// Whether the sentence about a line speaks of more than its outcome, status and Party.
fn has_particular(outcome: Outcome) -> bool {
    matches!(outcome.code, Code::R03 | Code::R04 | Code::R06 | Code::R09 | Code::W10)
        || outcome.warnings.include(Warnings::W10)
}

fn particular(outcome: Outcome, facts: &Facts) -> i64 {
    match (outcome.code, facts) {
        (_, Facts::Gpf { chf }) => chf.key(),
        (_, Facts::Unknown) => 0,
        (Code::R04, Facts::Hub(hub)) => hub.status_since.as_microsecond(),
        (Code::R06, Facts::Hub(hub)) => hub.open_transfer.unwrap_or(0),
        (Code::R09, Facts::Hub(hub)) => i64::from(hub.held_back == HeldBack::Quarantined),
        (_, Facts::Hub(hub)) => hub.installation_end.map_or(0, |end| {
            i64::from(end.year()) * 10_000 + i64::from(end.month()) * 100 + i64::from(end.day())
        }),
    }
}

/// What the sentence about a line needs of the facts that it was judged by.
fn facts(judged: &Judged, particular: i64) -> Facts {
    let (Some(party), Some(status)) = (judged.party, judged.status) else {
        return match judged.outcome.code {
            Code::R03 => Facts::Gpf { chf: DeviceId::from_key(particular) },
            _ => Facts::Unknown,
        };
    };
    let hub = HubFacts { last_move: judged.last_move.into(), ..plain_hub(party, status) };
    Facts::Hub(match judged.outcome.code {
        Code::R04 => HubFacts {
            status_since: Timestamp::from_microsecond(particular).unwrap_or_default(),
            ..hub
        },
        Code::R06 => HubFacts { open_transfer: Some(particular), ..hub },
        Code::R09 if particular == 0 => HubFacts { held_back: HeldBack::Test, ..hub },
        Code::R09 => HubFacts { held_back: HeldBack::Quarantined, ..hub },
        _ => HubFacts { installation_end: date(particular), ..hub },
    })
}

fn plain_hub(party: PartyId, status: SmiStatus) -> HubFacts {
    HubFacts {
        party,
        status,
        status_since: Timestamp::UNIX_EPOCH,
        held_back: HeldBack::No,
        installation_end: None,
        last_move: 0,
        open_transfer: None,
        as_confirmed: None,
        agreed_specification: None,
    }
}

fn date(number: i64) -> Option<Date> {
    let part = |n: i64| i8::try_from(n).ok();
    let year = i16::try_from(number / 10_000).ok()?;
    Date::new(year, part(number / 100 % 100)?, part(number % 100)?).ok()
}

impl Kept {
    /// Reads what [`write`] wrote.
    pub fn read(bytes: Vec<u8>) -> Result<Kept> {
        let damaged = || Error::Damaged("the kept outcomes of a file".into());
        let prefix = *bytes.first_chunk::<PREFIX>().ok_or_else(damaged)?;
        let lines = u32::from_le_bytes(prefix) as usize;
        if bytes.len() < PREFIX + lines * Judged::BYTES {
            return Err(damaged());
        }
        let kept = Kept { bytes, lines };
        let is_readable = kept.lines_as_kept().iter().all(|line| Judged::read(line).is_some());
        if is_readable { Ok(kept) } else { Err(damaged()) }
    }

    fn lines_as_kept(&self) -> &[[u8; Judged::BYTES]] {
        self.bytes[PREFIX..PREFIX + self.lines * Judged::BYTES].as_chunks().0
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.lines
    }

    /// What was found for a line.
    pub fn judged(&self, line: usize) -> Judged {
        Judged::read(&self.lines_as_kept()[line]).expect("every line was readable")
    }

    /// What was found for each line, and enough of the facts for its sentence.
    pub fn each(&self) -> impl Iterator<Item = (Judged, Facts)> + '_ {
        let rest = &self.bytes[PREFIX + self.lines * Judged::BYTES..];
        let mut particulars = rest.as_chunks::<8>().0.iter();
        (0..self.lines).map(move |line| {
            let judged = self.judged(line);
            let particular = match has_particular(judged.outcome) {
                true => particulars.next().map_or(0, |bytes| i64::from_le_bytes(*bytes)),
                false => 0,
            };
            (judged, facts(&judged, particular))
        })
    }

    /// The outcome of each line.
    pub fn outcomes(&self) -> Vec<Outcome> {
        (0..self.lines).map(|line| self.judged(line).outcome).collect()
    }
}
