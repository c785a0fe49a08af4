//! Some lines of a file that was parsed before, without the rest of it.

use std::borrow::Cow;

use super::{Collected, FileRefusal, Limits, Line, ParsedFile, Profile, controlled, minimal};
use crate::tabular::{Columns, Records};
use crate::transfer_files::TRANSFER_FILE_COLUMNS;

/// Lines from one place that is noted to the next.
pub const PART_LINES: usize = 4096;

/// Reads the `count` lines with which `text` begins, of the file of this name; `head` is all of it
/// before its first line.
///
/// What a line does not say itself is missing, its number and which line it repeats:
/// [`Line::noted`] puts it there.
pub fn parse_part<'a>(
    head: &[u8],
    name: &str,
    text: &'a str,
    count: usize,
) -> Result<ParsedFile<'a>, FileRefusal> {
    let limits = Limits::default();
    let mut before = Records::new(head, limits.record)?;
    let first = before.next_record()?.ok_or(FileRefusal::Empty)?;
    let (profile, places, width, columns) = match first.get(0).map(str::trim) {
        Some("HDR") => {
            let header = controlled::header(&first, name)?;
            let columns = controlled::DETAIL_FIELDS.to_vec();
            (Profile::Controlled(header), controlled::DETAIL_PLACES, columns.len(), columns)
        }
        _ => {
            let columns = Columns::of(&first, TRANSFER_FILE_COLUMNS, &[])?;
            let places = minimal::places(&columns);
            (Profile::Minimal, places, columns.width(), minimal::names(places))
        }
    };
    let mut collected = Collected::with_room_for(text.len(), &limits);
    let mut records = Records::of_part(text, limits.record);
    while collected.lines.len() < count
        && let Some(record) = records.next_record()?
    {
        let line = super::line(&record, 0, places, width, &mut collected);
        collected.lines.push(line);
    }
    let Collected { lines, references, part_starts, .. } = collected;
    let (by_device, source) = (Vec::new(), Cow::Borrowed(text));
    Ok(ParsedFile { profile, lines, references, by_device, columns, part_starts, source })
}

impl Line {
    /// The line with what was noted of it when the whole file was parsed.
    pub fn noted(self, number: u32, repeats: Option<Repeats>) -> Line {
        Line {
            number,
            duplicate_of: repeats.map_or(0, |repeats| repeats.line),
            contradicts_earlier: repeats.is_some_and(|repeats| repeats.contradicts),
            ..self
        }
    }

    /// Which line it repeats, if it does.
    pub fn repeats_line(&self) -> Option<Repeats> {
        let contradicts = self.contradicts_earlier();
        self.duplicate_of().map(|line| Repeats { line, contradicts })
    }
}

/// That a line is about the same device as an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeats {
    /// The number of the earlier one.
    pub line: u32,
    /// Whether that sends the device to another Party.
    pub contradicts: bool,
}
