//! The outcomes of a file's lines as they are kept: 16 bytes a line, and 8 more for what a
//! sentence about the line speaks of. They are kept in parts, so that a page of lines reads its own
//! part alone.

use std::collections::BTreeMap;

use domain::DeviceId;
use domain::ids::PartyId;
use domain::inventory::SmiStatus;
use domain::transfer_files::parse::{PART_LINES, Repeats};
use domain::transfer_files::{
    Code, Facts, HeldBack, HubFacts, Judged, Line, Outcome, ParsedFile, Warnings,
};
use jiff::{Timestamp, civil::Date};
use sha2::{Digest, Sha256};
use store::transfer_files::{OutcomePart, compress_outcomes};

use crate::{Error, Result};

/// How many lines there are, before the lines themselves.
const PREFIX: usize = 4;

/// The outcomes of a stage or of a part of it, read back.
pub(super) struct Kept {
    judged: Vec<u8>,
    particulars: Vec<u8>,
}

/// The outcomes of a stage, ready to be kept.
pub(super) struct Written {
    /// Its parts.
    pub parts: Vec<OutcomePart>,
    /// The SHA-256 of all of them.
    pub sha256: [u8; 32],
}

/// Whether the text of the lines is kept with them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Text {
    /// The stored file has it.
    InFile,
    /// It was made, from a workbook.
    Made,
}

/// Writes the outcomes of all lines; `facts` are those that each was judged by.
pub(super) fn write(
    file: &ParsedFile<'_>,
    outcomes: &[Outcome],
    facts: impl Fn(usize) -> Facts,
    text: Text,
) -> Written {
    let starts = file.part_starts();
    let mut hash = Sha256::new();
    let mut parts = Vec::with_capacity(starts.len());
    for (part, start) in starts.iter().enumerate() {
        let first = part * PART_LINES;
        let end = outcomes.len().min(first + PART_LINES);
        let (lines, outcomes) = (&file.lines[first..end], &outcomes[first..end]);
        let bytes = write_part(lines, outcomes, |line| facts(first + line));
        hash.update(&bytes);
        let csv = (text == Text::Made).then(|| {
            // The first part has what stands before the lines as well.
            let from = if part == 0 { 0 } else { *start as usize };
            let until = starts.get(part + 1).map_or(file.source().len(), |next| *next as usize);
            compress_outcomes(&file.source().as_bytes()[from..until])
        });
        parts.push(OutcomePart {
            text_from: (*start).into(),
            counts: write_counts(outcomes),
            bytes: compress_outcomes(&bytes),
            csv,
        });
    }
    Written { parts, sha256: hash.finalize().into() }
}

fn write_part(lines: &[Line], outcomes: &[Outcome], facts: impl Fn(usize) -> Facts) -> Vec<u8> {
    let count = u32::try_from(lines.len()).expect("a part has fewer lines");
    let mut bytes = Vec::with_capacity(PREFIX + lines.len() * (Judged::BYTES + 2));
    bytes.extend_from_slice(&count.to_le_bytes());
    let mut particulars = Vec::new();
    for (i, (line, outcome)) in lines.iter().zip(outcomes).enumerate() {
        let facts = facts(i);
        Judged::new(line.number(), *outcome, &facts).write(&mut bytes);
        if has_particular(*outcome) {
            particulars.extend_from_slice(&particular(line, *outcome, &facts).to_le_bytes());
        }
    }
    bytes.extend_from_slice(&particulars);
    bytes
}

/// How many lines came to what: the outcome's two bytes and four of its count, each once.
fn write_counts(outcomes: &[Outcome]) -> Vec<u8> {
    let mut counts = BTreeMap::<u16, u32>::new();
    for outcome in outcomes {
        *counts.entry(outcome.to_bits()).or_default() += 1;
    }
    counts
        .iter()
        .flat_map(|(bits, n)| [&bits.to_le_bytes()[..], &n.to_le_bytes()].concat())
        .collect()
}

/// How many lines of a part came to an outcome that `counts` says yes to.
pub(super) fn count(part: &[u8], counts: impl Fn(Outcome) -> bool) -> Result<u64> {
    let (each, []) = part.as_chunks::<6>() else { return Err(damaged()) };
    let mut lines = 0;
    for [o0, o1, n @ ..] in each {
        let outcome = Outcome::from_bits(u16::from_le_bytes([*o0, *o1])).ok_or_else(damaged)?;
        if counts(outcome) {
            lines += u64::from(u32::from_le_bytes(*n));
        }
    }
    Ok(lines)
}

fn damaged() -> Error {
    Error::Damaged("the kept outcomes of a file".into())
}

/// Whether the sentence about a line speaks of more than its outcome, status and Party.
fn has_particular(outcome: Outcome) -> bool {
    let codes = [Code::S01, Code::R03, Code::R04, Code::R06, Code::R07, Code::R09, Code::W10];
    codes.contains(&outcome.code) || outcome.warnings.include(Warnings::W10)
}

fn particular(line: &Line, outcome: Outcome, facts: &Facts) -> i64 {
    match (outcome.code, facts) {
        (Code::S01 | Code::R07, _) => line
            .repeats_line()
            .map_or(0, |repeats| i64::from(repeats.line) | i64::from(repeats.contradicts) << 32),
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

/// Which line a line repeats, if its sentence speaks of that.
fn repeats(judged: &Judged, particular: i64) -> Option<Repeats> {
    let is_noted = matches!(judged.outcome.code, Code::S01 | Code::R07) && particular != 0;
    is_noted.then_some(Repeats { line: particular as u32, contradicts: particular >> 32 != 0 })
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
        Code::S01 | Code::R07 => hub,
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

/// A line as it is kept.
pub(super) struct KeptLine {
    /// What was found for it.
    pub judged: Judged,
    /// Enough of the facts for its sentence.
    pub facts: Facts,
    /// Which line it repeats, if its sentence speaks of that.
    pub repeats: Option<Repeats>,
}

impl Kept {
    /// Reads parts of what [`write`] wrote, in their order.
    pub fn read(parts: &[Vec<u8>]) -> Result<Kept> {
        let mut kept = Kept { judged: Vec::new(), particulars: Vec::new() };
        for bytes in parts {
            let (prefix, rest) = bytes.split_first_chunk::<PREFIX>().ok_or_else(damaged)?;
            let judged = u32::from_le_bytes(*prefix) as usize * Judged::BYTES;
            let (judged, particulars) = rest.split_at_checked(judged).ok_or_else(damaged)?;
            kept.judged.extend_from_slice(judged);
            kept.particulars.extend_from_slice(particulars);
        }
        let is_readable = kept.lines_as_kept().iter().all(|line| Judged::read(line).is_some());
        if is_readable { Ok(kept) } else { Err(damaged()) }
    }

    fn lines_as_kept(&self) -> &[[u8; Judged::BYTES]] {
        self.judged.as_chunks().0
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.lines_as_kept().len()
    }

    /// What was found for a line.
    pub fn judged(&self, line: usize) -> Judged {
        Judged::read(&self.lines_as_kept()[line]).expect("every line was readable")
    }

    /// Each line.
    pub fn each(&self) -> impl Iterator<Item = KeptLine> + '_ {
        let mut particulars = self.particulars.as_chunks::<8>().0.iter();
        (0..self.len()).map(move |line| {
            let judged = self.judged(line);
            let particular = match has_particular(judged.outcome) {
                true => particulars.next().map_or(0, |bytes| i64::from_le_bytes(*bytes)),
                false => 0,
            };
            let repeats = repeats(&judged, particular);
            KeptLine { facts: facts(&judged, particular), judged, repeats }
        })
    }

    /// The outcome of each line.
    pub fn outcomes(&self) -> Vec<Outcome> {
        (0..self.len()).map(|line| self.judged(line).outcome).collect()
    }
}
