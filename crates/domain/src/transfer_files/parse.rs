//! From bytes to lines, or to the reason why a file is refused whole.
//!
//! Nothing is copied for a line that is right: the file's text stays where it is, and a line
//! says where its ID stands in it.

use std::borrow::Cow;
use std::collections::HashMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::TRANSFER_FILE_COLUMNS;
use crate::tabular::{self, Records};
use crate::{DeviceId, device_id::DeviceIdError};

mod controlled;
mod duplicates;
mod minimal;
mod part;
mod refusal;

pub(super) use controlled::hex;
pub use part::{PART_LINES, Repeats, parse_part};
pub use refusal::{FileRefusal, HeaderField};

/// How much a transfer file may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most lines, not counting header and trailer.
    pub max_lines: u32,
    /// The limits of each line.
    pub record: tabular::Limits,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { max_lines: 1_000_000, record: tabular::Limits::default() }
    }
}

/// A transfer file that was not refused.
#[derive(Clone, Debug)]
pub struct ParsedFile<'a> {
    /// Which profile, and what its header says.
    pub profile: Profile,
    /// Its lines, in their order; the same device's second line is marked as a duplicate.
    pub lines: Vec<Line>,
    /// The new service user references that occur, each once; lines name them by place.
    pub references: Vec<String>,
    /// The devices, in the order of their keys, and the place of each one's line in `lines`.
    pub by_device: Vec<(DeviceId, u32)>,
    /// The columns that each line should have.
    columns: Vec<&'static str>,
    /// Where every [`PART_LINES`]th line begins, the first included.
    part_starts: Vec<u32>,
    source: Cow<'a, str>,
}

/// The two forms of a transfer file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Profile {
    /// A header line of two columns.
    Minimal,
    /// Header, numbered lines and trailer.
    Controlled(Header),
}

/// What the header of a controlled file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The file's own ID.
    pub file_id: Uuid,
    /// When it was made.
    pub created: Timestamp,
    /// Who made it.
    pub prepared_by: String,
    /// The transfer or Supplier of Last Resort event that it carries out.
    pub reference: String,
    /// The service user reference of the Party that the hubs are with; empty for several.
    pub from: String,
    /// The service user reference of the Party that they go to; empty for several.
    pub to: String,
    /// How many lines it has.
    pub count: u32,
}

/// One line of a transfer file: 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    device_bits: u64,
    number: u32,
    id_at: u32,
    id_bytes: u32,
    reference: u32,
    duplicate_of: u32,
    wrong_field_count: u16,
    contradicts_earlier: bool,
}

impl Line {
    const NO_REFERENCE: u32 = u32::MAX;

    /// Where a person finds it: the line of the file, the row of the sheet, the number in the DTL.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Its device; none if it has not the right fields (`R00`) or no ID (`R01`).
    pub fn device(&self) -> Option<DeviceId> {
        DeviceId::from_bits(self.device_bits)
    }

    /// The place of its new reference in [`ParsedFile::references`]; none if it has not the right
    /// fields.
    pub fn reference(&self) -> Option<usize> {
        (self.reference != Self::NO_REFERENCE).then_some(self.reference as usize)
    }

    /// How many fields it has, if that is not as many as the header.
    pub fn wrong_field_count(&self) -> Option<u16> {
        (self.wrong_field_count != 0).then_some(self.wrong_field_count)
    }

    /// The number of the earlier line with the same device.
    pub fn duplicate_of(&self) -> Option<u32> {
        (self.duplicate_of != 0).then_some(self.duplicate_of)
    }

    /// Whether that earlier line sends the device to another Party.
    pub fn contradicts_earlier(&self) -> bool {
        self.contradicts_earlier
    }
}

impl ParsedFile<'_> {
    /// A line's ID as it was given.
    pub fn id_as_given(&self, line: &Line) -> Cow<'_, str> {
        let start = line.id_at as usize;
        let raw = self.source.get(start..start + line.id_bytes as usize).unwrap_or_default();
        tabular::unquoted(raw)
    }

    /// A line's new service user reference; empty if it has none.
    pub fn reference_of(&self, line: &Line) -> &str {
        line.reference().map_or("", |place| &self.references[place])
    }

    /// What is wrong with a line's ID.
    pub fn id_mistake(&self, line: &Line) -> Option<DeviceIdError> {
        DeviceId::parse(&self.id_as_given(line)).err()
    }

    /// The columns that each line should have, in the order of this file.
    pub fn columns(&self) -> &[&'static str] {
        &self.columns
    }

    /// The file as text; that of a workbook is its rows as comma-separated values.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Where every [`PART_LINES`]th line begins in the source, the first included.
    pub fn part_starts(&self) -> &[u32] {
        &self.part_starts
    }

    /// The header, if this is a controlled file.
    pub fn header(&self) -> Option<&Header> {
        match &self.profile {
            Profile::Controlled(header) => Some(header),
            Profile::Minimal => None,
        }
    }

    /// How many lines have an ID that is accepted but that no maker should have given: a group's
    /// or a locally made-up address.
    pub fn unusual_ids(&self) -> usize {
        let unusual = |id: &DeviceId| id.is_group() || id.is_local();
        self.lines.iter().filter_map(Line::device).filter(unusual).count()
    }
}

/// Reads a transfer file; `name` is the one it came under, which counts in the controlled profile.
pub fn parse<'a>(
    bytes: &'a [u8],
    name: &str,
    limits: &Limits,
) -> Result<ParsedFile<'a>, FileRefusal> {
    if u32::try_from(bytes.len()).is_err() {
        return Err(FileRefusal::TooLarge);
    }
    let mut records = Records::new(bytes, limits.record)?;
    let source = std::str::from_utf8(bytes).expect("the records are UTF-8, so the file is");
    let first = records.next_record()?.ok_or(FileRefusal::Empty)?;
    match first.get(0).map(str::trim) {
        Some("HDR") => {
            let header = controlled::header(&first, name)?;
            controlled::parse(source, records, header, limits)
        }
        Some("DTL" | "TRL") => Err(FileRefusal::HeaderMissing),
        _ => {
            let columns = tabular::Columns::of(&first, TRANSFER_FILE_COLUMNS, &[])?;
            minimal::parse(source, records, &columns, limits)
        }
    }
}

/// Lines as they are collected, and the references on them.
struct Collected {
    lines: Vec<Line>,
    references: Vec<String>,
    places: HashMap<String, u32>,
    last: u32,
    max_lines: u32,
    part_starts: Vec<u32>,
}

impl Collected {
    /// Room for the lines that a file of this many bytes can be expected to have.
    fn with_room_for(bytes: usize, limits: &Limits) -> Self {
        const USUAL_LINE_BYTES: usize = 32;
        let expected = (bytes / USUAL_LINE_BYTES).min(limits.max_lines as usize);
        Collected {
            lines: Vec::with_capacity(expected),
            references: Vec::new(),
            places: HashMap::new(),
            last: 0,
            max_lines: limits.max_lines,
            part_starts: Vec::new(),
        }
    }

    fn add(&mut self, line: Line) -> Result<(), FileRefusal> {
        if self.lines.len() >= self.max_lines as usize {
            return Err(FileRefusal::TooManyLines { limit: self.max_lines });
        }
        self.lines.push(line);
        Ok(())
    }

    /// The place of a reference; most lines name the same one as the line before.
    fn place(&mut self, reference: &str) -> u32 {
        let reference = reference.trim();
        if self.references.get(self.last as usize).is_some_and(|last| last == reference) {
            return self.last;
        }
        self.last = match self.places.get(reference) {
            Some(place) => *place,
            None => {
                let place = self.references.len() as u32;
                self.references.push(reference.to_owned());
                self.places.insert(reference.to_owned(), place);
                place
            }
        };
        self.last
    }

    fn finish<'a>(
        mut self,
        profile: Profile,
        columns: Vec<&'static str>,
        source: &'a str,
    ) -> Result<ParsedFile<'a>, FileRefusal> {
        if self.lines.is_empty() {
            return Err(FileRefusal::NoLines);
        }
        let by_device = duplicates::mark(&mut self.lines);
        Ok(ParsedFile {
            profile,
            lines: self.lines,
            references: self.references,
            by_device,
            columns,
            part_starts: self.part_starts,
            source: Cow::Borrowed(source),
        })
    }
}

/// A line of a record whose ID and new reference stand in these fields.
fn line(
    record: &tabular::Record<'_>,
    number: u32,
    (id_field, reference_field): (usize, usize),
    expected_fields: usize,
    collected: &mut Collected,
) -> Line {
    if collected.lines.len().is_multiple_of(PART_LINES) {
        collected.part_starts.push(record.at as u32);
    }
    let place = record.place(id_field).unwrap_or(0..0);
    let mut line = Line {
        device_bits: 0,
        number,
        id_at: place.start as u32,
        id_bytes: (place.end - place.start) as u32,
        reference: Line::NO_REFERENCE,
        duplicate_of: 0,
        wrong_field_count: 0,
        contradicts_earlier: false,
    };
    if record.len() != expected_fields {
        line.wrong_field_count = record.len() as u16;
        return line;
    }
    let id = record.get(id_field).unwrap_or_default();
    line.device_bits = DeviceId::parse(id).map_or(0, DeviceId::bits);
    line.reference = collected.place(record.get(reference_field).unwrap_or_default());
    line
}

#[cfg(test)]
mod tests;
