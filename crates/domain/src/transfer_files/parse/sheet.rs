//! The minimal profile as rows of a workbook.

use std::borrow::Cow;

use super::{FileRefusal, Limits, ParsedFile, duplicates, parse};
use crate::tabular::Sheet;

/// Reads a transfer file from the rows of a sheet, each with its number there.
///
/// The rows become comma-separated text first, so that all that follows is the same for both.
pub fn parse_rows(
    rows: impl IntoIterator<Item = (u32, Vec<String>)>,
    limits: &Limits,
) -> Result<ParsedFile<'static>, FileRefusal> {
    let mut sheet = Sheet::default();
    for (row, cells) in rows {
        let is_first = sheet.rows.is_empty();
        if is_first && cells.first().is_some_and(|cell| cell.trim() == "HDR") {
            return Err(FileRefusal::ControlledSheet);
        }
        sheet.push(row, &cells);
        if sheet.rows.len() > limits.max_lines as usize + 1 {
            return Err(FileRefusal::TooManyLines { limit: limits.max_lines });
        }
    }
    let mut file = parse(sheet.text.as_bytes(), "", limits)?;
    for (line, row) in file.lines.iter_mut().zip(sheet.rows.iter().skip(1)) {
        line.number = *row;
    }
    let by_device = duplicates::mark(&mut file.lines);
    let ParsedFile { profile, lines, references, columns, part_starts, .. } = file;
    let source = Cow::Owned(sheet.text);
    Ok(ParsedFile { profile, lines, references, by_device, columns, part_starts, source })
}
