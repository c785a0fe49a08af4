//! The files that answer a transfer file: its response, and its rejected lines to send again.

use std::fmt::Write;

use jiff::Timestamp;
use uuid::Uuid;

use super::generate::Controlled;
use super::parse::Header;
use super::text::{Answer, Stage};
use super::{Code, Facts, Line, Outcome, ParsedFile, Profile, RESPONSE_COLUMNS};
use crate::ids::PartyId;
use crate::parties::PartyBook;
use crate::tabular::{self, Record, Records, Unreadable, write_field, write_number, write_record};

/// Writes a response file, line by line, into bytes that the caller may empty between lines.
pub struct ResponseWriter<'a> {
    file: &'a ParsedFile<'a>,
    parties: &'a PartyBook,
    stage: Stage,
    applied_at: String,
    text: String,
    latest_party: Option<(PartyId, &'a str)>,
}

impl<'a> ResponseWriter<'a> {
    /// A writer for this file's response; `applied_at` is none as long as it has only been checked.
    pub fn new(
        file: &'a ParsedFile<'a>,
        parties: &'a PartyBook,
        applied_at: Option<Timestamp>,
    ) -> Self {
        let stage = if applied_at.is_some() { Stage::Applied } else { Stage::Checked };
        let applied_at = applied_at.map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        let applied_at = applied_at.unwrap_or_default();
        let (text, latest_party) = (String::new(), None);
        ResponseWriter { file, parties, stage, applied_at, text, latest_party }
    }

    /// Writes the header line.
    pub fn header(&self, out: &mut Vec<u8>) {
        write_record(out, RESPONSE_COLUMNS.iter().copied());
    }

    /// Writes the answer to one line; the facts are those before it moved.
    pub fn line(&mut self, out: &mut Vec<u8>, line: &Line, outcome: Outcome, facts: &Facts) {
        let file = self.file;
        write_number(out, u64::from(line.number()));
        out.push(b',');
        write_field(out, &file.id_as_given(line));
        out.push(b',');
        out.extend_from_slice(outcome.name().as_bytes());
        out.push(b',');
        self.text(out, line, outcome, facts);
        out.push(b',');
        let (previous, status) = match facts {
            Facts::Hub(hub) => (self.reference_of(hub.party), hub.status.name()),
            Facts::Gpf { .. } | Facts::Unknown => ("", ""),
        };
        write_field(out, previous);
        out.push(b',');
        write_field(out, file.reference_of(line));
        out.push(b',');
        out.extend_from_slice(status.as_bytes());
        out.push(b',');
        if outcome.moves() {
            out.extend_from_slice(self.applied_at.as_bytes());
        }
        out.extend_from_slice(b"\r\n");
    }

    /// Writes the sentence; most lines of most files have the shortest one.
    fn text(&mut self, out: &mut Vec<u8>, line: &Line, outcome: Outcome, facts: &Facts) {
        let (file, parties, stage) = (self.file, self.parties, self.stage);
        if outcome == Outcome::of(Code::S00) {
            return out.extend_from_slice(stage.updated().as_bytes());
        }
        self.text.clear();
        let answer = Answer { file, line, outcome, facts, parties, stage };
        write!(self.text, "{answer}").expect("text takes text");
        write_field(out, &self.text);
    }

    /// A Party's reference; most lines have the same one as the line before.
    fn reference_of(&mut self, party: PartyId) -> &'a str {
        match self.latest_party {
            Some((latest, reference)) if latest == party => reference,
            _ => {
                let reference = self.parties.reference_of(party);
                self.latest_party = Some((party, reference));
                reference
            }
        }
    }
}

/// What is new about a controlled file that is made of another's rejected lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentAgain {
    /// Its file ID.
    pub file_id: Uuid,
    /// When it was made.
    pub created: Timestamp,
}

/// Writes a file of the rejected lines alone, in the profile that they came in.
///
/// The other lines' hubs are done or, if the file was all-or-nothing, not to blame.
pub fn write_errors(
    out: &mut Vec<u8>,
    file: &ParsedFile<'_>,
    outcomes: &[Outcome],
    again: SentAgain,
) -> Result<(), Unreadable> {
    match &file.profile {
        Profile::Minimal => {
            write_record(out, file.columns().iter().copied());
            each_rejected(file, outcomes, |record| write_record(out, record.fields()))
        }
        Profile::Controlled(header) => {
            let SentAgain { file_id, created } = again;
            let header = Header { file_id, created, ..header.clone() };
            let rejected = outcomes.iter().filter(|outcome| outcome.is_rejected()).count();
            let mut new = Controlled::begin(out, &header, rejected);
            each_rejected(file, outcomes, |record| {
                new.begin_line();
                record.fields().skip(2).for_each(|field| new.field(field));
                new.end_line();
            })?;
            new.finish();
            Ok(())
        }
    }
}

/// Reads the file's lines once more and takes those that were rejected.
fn each_rejected(
    file: &ParsedFile<'_>,
    outcomes: &[Outcome],
    mut take: impl FnMut(&Record<'_>),
) -> Result<(), Unreadable> {
    let bytes = file.source().as_bytes();
    let limits = tabular::Limits { max_line_bytes: bytes.len(), max_fields: usize::MAX };
    let mut records = Records::new(bytes, limits)?;
    records.next_record()?;
    for outcome in outcomes {
        match records.next_record()? {
            Some(record) if outcome.is_rejected() => take(&record),
            Some(_) => {}
            None => break,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
