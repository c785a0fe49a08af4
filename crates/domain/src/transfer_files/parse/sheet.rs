//! The minimal profile as rows of a workbook.

use std::borrow::Cow;

use super::{FileRefusal, Limits, ParsedFile, parse};

/// Reads a transfer file from the rows of a sheet, each with its number there.
///
/// The rows become comma-separated text first, so that all that follows is the same for both.
/// Empty rows are passed over; empty cells at a row's end count only as far as the header goes.
pub fn parse_rows(
    rows: impl IntoIterator<Item = (u32, Vec<String>)>,
    limits: &Limits,
) -> Result<ParsedFile<'static>, FileRefusal> {
    let mut text = Vec::new();
    let mut numbers = Vec::new();
    let mut width = None;
    for (number, mut cells) in rows {
        let filled = cells.iter().rposition(|cell| !cell.trim().is_empty()).map_or(0, |i| i + 1);
        if filled == 0 {
            continue;
        }
        if width.is_none() && cells[0].trim() == "HDR" {
            return Err(FileRefusal::ControlledSheet);
        }
        cells.resize(filled.max(width.unwrap_or(filled)), String::new());
        write_row(&mut text, &cells);
        if width.is_some() {
            numbers.push(number);
        }
        width.get_or_insert(filled);
        if numbers.len() > limits.max_lines as usize {
            return Err(FileRefusal::TooManyLines { limit: limits.max_lines });
        }
    }
    let mut file = parse(&text, "", limits)?;
    for (line, number) in file.lines.iter_mut().zip(&numbers) {
        line.number = *number;
    }
    let by_device = super::duplicates::mark(&mut file.lines);
    let ParsedFile { profile, lines, references, columns, .. } = file;
    let source = String::from_utf8(text).expect("cells are text");
    Ok(ParsedFile { profile, lines, references, by_device, columns, source: Cow::Owned(source) })
}

/// Writes cells as they are, so that the answers can show them as they were given.
fn write_row(out: &mut Vec<u8>, cells: &[String]) {
    for (i, cell) in cells.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        out.push(b'"');
        for byte in cell.bytes() {
            if byte == b'"' {
                out.push(b'"');
            }
            out.push(byte);
        }
        out.push(b'"');
    }
    out.extend_from_slice(b"\r\n");
}
