//! Workbooks (.xlsx), read as the CSV that they stand for.
//!
//! Line n of that CSV is row n of the first worksheet, so that people find what an answer is about.
//! Only text stays as it was typed; a number is shown as a spreadsheet would show it (`9.035E+13`),
//! so that nothing that a spreadsheet has changed passes for a device ID. A date is shown as ISO
//! 8601 has it.
//!
//! What is inside the archive is measured by unpacking it before anything is made of it: the sizes
//! that an archive states are its sender's claim. So are the places of its cells.

use std::io::{self, Cursor, Read, Seek, Write};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{DataRef, Reader, Xlsx, XlsxError};
use domain::{Refusal, refusal::RefusalKind};
use zip::ZipArchive;
use zip::result::ZipError;

use crate::{App, Error, Result, settings};

/// For a workbook that was measured when it came in.
pub const ANY_SIZE: u64 = u64::MAX;
/// The most for what is held whole while it is read: the texts that cells share.
const MAX_SHARED_TEXT_BYTES: u64 = 64 << 20;
/// The most for anything that is neither a worksheet nor the shared texts.
const MAX_OTHER_PART_BYTES: u64 = 8 << 20;
/// The most parts.
const MAX_PARTS: usize = 1_000;
/// How many times larger than its archive the content may be, from this size on.
const MAX_RATIO: u64 = 200;
const RATIO_FROM_BYTES: u64 = 4 << 20;
/// The most rows, which is what a spreadsheet has.
const MAX_ROWS: u32 = 1 << 20;
/// The most columns.
const MAX_COLUMNS: usize = 64;
/// CSV that is gathered before it is handed on.
const PIECE_BYTES: usize = 64 << 10;

/// Whether a file that begins with these bytes is a ZIP archive, as every .xlsx is.
pub fn is_workbook(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")
}

/// What a person pasted or a file holds, CSV or XLSX, as text; `field` is where it was given.
pub fn text_of(app: &App, bytes: &[u8], field: &'static str) -> Result<String> {
    let bytes = match is_workbook(bytes) {
        true => to_csv(bytes, settings::most_unpacked(&mut app.db.read()?)?)?,
        false => bytes.to_vec(),
    };
    let refused = |message: &dyn std::fmt::Display| Refusal::field(field, message.to_string());
    domain::tabular::sniff(&bytes).map_err(|unreadable| refused(&unreadable))?;
    String::from_utf8(bytes).map_err(|_| {
        refused(&"The list is not UTF-8 text. Save it as CSV UTF-8, or as .xlsx.").into()
    })
}

/// Hands the first worksheet to `take` as CSV, a piece at a time, as long as it wants more.
///
/// Refuses what is no workbook and what would not fit the limits; `most_unpacked` is the one for
/// all of its bytes together, and what operators set.
pub fn each_piece<R: Read + Seek>(
    mut source: R,
    most_unpacked: u64,
    take: &mut dyn FnMut(&[u8]) -> Result<ControlFlow<()>>,
) -> Result<()> {
    measure(&mut source, most_unpacked)?;
    source.rewind().map_err(Error::io("read a workbook"))?;
    let mut workbook = unharmed(|| Xlsx::new(source))?;
    let Some(name) = workbook.sheet_names().first().cloned() else {
        return Err(Refusal::invalid("The workbook has no worksheet.").into());
    };
    let mut cells = unharmed(|| workbook.worksheet_cells_reader(&name))?;
    let mut lines = Lines::default();
    while let Some(cell) = unharmed(|| cells.next_cell())? {
        let (row, column) = cell.get_position();
        let text = shown(cell.get_value());
        // A cell of spaces looks empty to whoever typed it.
        if text.trim().is_empty() {
            continue;
        }
        lines.put(row, column as usize, &text)?;
        if lines.csv.len() >= PIECE_BYTES {
            if take(&lines.csv)?.is_break() {
                return Ok(());
            }
            lines.csv.clear();
        }
    }
    lines.end_row();
    take(&lines.csv).map(|_| ())
}

/// The whole first worksheet as CSV, of a workbook that is in memory.
pub fn to_csv(workbook: &[u8], most_unpacked: u64) -> Result<Vec<u8>> {
    let mut csv = Vec::new();
    each_piece(Cursor::new(workbook), most_unpacked, &mut |piece| {
        csv.extend_from_slice(piece);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(csv)
}

/// Unpacks every part into nothing and refuses what is too large.
fn measure<R: Read + Seek>(source: &mut R, most_unpacked: u64) -> Result<()> {
    let packed = source.seek(io::SeekFrom::End(0)).map_err(Error::io("read a workbook"))?;
    let mut archive = ZipArchive::new(source).map_err(not_an_archive)?;
    if archive.len() > MAX_PARTS {
        return Err(too_much(format!("more than {MAX_PARTS} parts")));
    }
    let mut unpacked = 0;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(not_an_archive)?;
        let name = part.name().map(|name| name.into_owned()).unwrap_or_default();
        let left = most_unpacked - unpacked;
        let limit = part_limit(&name).unwrap_or(u64::MAX).min(left);
        let size =
            io::copy(&mut part.take(limit.saturating_add(1)), &mut io::sink()).map_err(damaged)?;
        if size > limit {
            let mib = (if limit == left { most_unpacked } else { limit }) >> 20;
            return Err(too_much(format!("more than {mib} MiB")));
        }
        unpacked += size;
        if unpacked > RATIO_FROM_BYTES && unpacked / packed.max(1) > MAX_RATIO {
            return Err(too_much(format!("more than {MAX_RATIO} times its size")));
        }
    }
    Ok(())
}

/// The most for one part, if it is less than for all of them.
fn part_limit(name: &str) -> Option<u64> {
    let name = name.to_ascii_lowercase();
    if name.contains("worksheets/") {
        None
    } else if name.ends_with("sharedstrings.xml") {
        Some(MAX_SHARED_TEXT_BYTES)
    } else {
        Some(MAX_OTHER_PART_BYTES)
    }
}

fn too_much(what: String) -> Error {
    Refusal::new(
        RefusalKind::TooLarge,
        format!("The workbook holds {what} when it is unpacked. Save it as CSV UTF-8."),
    )
    .into()
}

fn no_workbook() -> Error {
    Refusal::invalid(
        "The file is an archive but not a workbook that can be read; save it as .xlsx or as CSV \
         UTF-8.",
    )
    .into()
}

fn not_an_archive(error: ZipError) -> Error {
    match error {
        ZipError::Io(source) => damaged(source),
        _ => no_workbook(),
    }
}

/// A step of the reader, whose arithmetic on a hostile workbook may panic.
fn unharmed<T>(step: impl FnOnce() -> std::result::Result<T, XlsxError>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(step)) {
        Ok(done) => done.map_err(unreadable),
        Err(_) => Err(no_workbook()),
    }
}

fn unreadable(error: XlsxError) -> Error {
    match error {
        XlsxError::Io(source) => damaged(source),
        XlsxError::Password => {
            Refusal::invalid("The workbook is protected by a password; remove it.").into()
        }
        _ => no_workbook(),
    }
}

/// A reader's own failure is ours, and passes; anything else is the archive's.
fn damaged(source: io::Error) -> Error {
    if source.get_ref().is_some_and(|inner| inner.is::<store::Error>()) {
        return Error::Io { doing: "read a workbook".into(), source };
    }
    no_workbook()
}

/// A cell as a spreadsheet shows it.
fn shown<'a>(value: &'a DataRef<'_>) -> std::borrow::Cow<'a, str> {
    match value {
        DataRef::Empty => "".into(),
        DataRef::String(text) => text.as_str().into(),
        DataRef::SharedString(text) => (*text).into(),
        DataRef::Int(number) => general(*number as f64).into(),
        DataRef::Float(number) => general(*number).into(),
        DataRef::Bool(value) => (if *value { "TRUE" } else { "FALSE" }).into(),
        DataRef::DateTime(at) if at.is_datetime() => instant(at).into(),
        DataRef::DateTime(at) => general(at.as_f64()).into(),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.as_str().into(),
        DataRef::Error(error) => error.to_string().into(),
    }
}

fn instant(at: &calamine::ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _) = at.to_ymd_hms_milli();
    if (hour, minute, second) == (0, 0, 0) {
        format!("{year:04}-{month:02}-{day:02}")
    } else {
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

/// A number in the format that spreadsheets call General: up to 11 digits, then with an exponent.
fn general(number: f64) -> String {
    if number == 0.0 {
        return "0".into();
    }
    let size = number.abs();
    if (1e-4..1e11).contains(&size) {
        let before_point = size.log10().floor().max(0.0) as usize + 1;
        return without_zeros(format!("{number:.*}", 10_usize.saturating_sub(before_point)));
    }
    let text = format!("{number:.5E}");
    let (mantissa, exponent) = text.split_once('E').expect("it was asked for");
    let sign = if exponent.starts_with('-') { '-' } else { '+' };
    let digits = exponent.trim_start_matches('-');
    format!("{}E{sign}{digits:0>2}", without_zeros(mantissa.to_owned()))
}

fn without_zeros(text: String) -> String {
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Turns cells, which come row by row, into lines.
#[derive(Default)]
struct Lines {
    csv: Vec<u8>,
    row: u32,
    fields: Vec<String>,
    width: usize,
}

impl Lines {
    fn put(&mut self, row: u32, column: usize, text: &str) -> Result<()> {
        if row < self.row {
            return Err(no_workbook());
        }
        if row >= MAX_ROWS {
            let message = format!(
                "The workbook has a row {}, and a worksheet has {MAX_ROWS} at most.",
                u64::from(row) + 1
            );
            return Err(Refusal::invalid(message).into());
        }
        if column >= MAX_COLUMNS {
            let message = format!("Row {} has more than {MAX_COLUMNS} columns.", row + 1);
            return Err(Refusal::invalid(message).into());
        }
        while self.row < row {
            self.end_row();
        }
        if self.fields.len() <= column {
            self.fields.resize(column + 1, String::new());
        }
        self.fields[column] = text.replace(['\r', '\n'], " ");
        Ok(())
    }

    /// Ends the line; every line that is not empty has as many fields as the first.
    fn end_row(&mut self) {
        if !self.fields.is_empty() {
            self.width = if self.width == 0 { self.fields.len() } else { self.width };
            let missing = self.width.saturating_sub(self.fields.len());
            for (index, field) in self.fields.iter().enumerate() {
                let comma = if index > 0 { "," } else { "" };
                write!(self.csv, "{comma}\"{}\"", field.replace('"', "\"\""))
                    .expect("writing to memory cannot fail");
            }
            self.csv.resize(self.csv.len() + missing, b',');
            self.fields.clear();
        }
        self.csv.push(b'\n');
        self.row += 1;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
    use zip::write::SimpleFileOptions;

    use super::*;

    fn csv(fill: impl FnOnce(&mut rust_xlsxwriter::Worksheet)) -> String {
        let mut workbook = Workbook::new();
        fill(workbook.add_worksheet());
        String::from_utf8(to_csv(&workbook.save_to_buffer().unwrap(), ANY_SIZE).unwrap()).unwrap()
    }

    fn refusal(bytes: &[u8]) -> String {
        to_csv(bytes, ANY_SIZE).unwrap_err().refusal().unwrap().message.clone()
    }

    #[test]
    fn line_n_is_row_n() {
        let text = csv(|sheet| {
            sheet.write(0, 0, "CHFID").unwrap();
            sheet.write(0, 1, "Note").unwrap();
            sheet.write(1, 0, "  ").unwrap();
            sheet.write(1, 1, " ").unwrap();
            sheet.write(2, 0, "00-DB-12-34-56-78-90-A2").unwrap();
            sheet.write(3, 1, "two\nlines, \"quoted\"").unwrap();
        });
        let third = "\"00-DB-12-34-56-78-90-A2\",";
        let fourth = "\"\",\"two lines, \"\"quoted\"\"\"";
        assert_eq!(text, format!("\"CHFID\",\"Note\"\n\n{third}\n{fourth}\n"));
    }

    #[test]
    fn numbers_are_shown_as_a_spreadsheet_shows_them() {
        for (number, shown) in [
            (90_350_000_000_000.0, "9.035E+13"),
            (1_234_567_890_123_456.0, "1.23457E+15"),
            (12_345_678_901.0, "12345678901"),
            (1234.0, "1234"),
            (2.4, "2.4"),
            (0.0, "0"),
            (-3.0, "-3"),
            (0.00001, "1E-05"),
        ] {
            assert_eq!(general(number), shown);
        }
    }

    #[test]
    fn a_date_is_shown_as_iso_8601() {
        let text = csv(|sheet| {
            let format = Format::new().set_num_format("dd/mm/yyyy");
            let day = ExcelDateTime::from_ymd(2026, 11, 23).unwrap();
            sheet.write_with_format(0, 0, &day, &format).unwrap();
        });
        assert_eq!(text, "\"2026-11-23\"\n");
    }

    #[test]
    fn a_bomb_is_refused_before_it_is_opened() {
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        archive.start_file("xl/worksheets/sheet1.xml", SimpleFileOptions::default()).unwrap();
        for _ in 0..64 {
            archive.write_all(&vec![b' '; 1 << 20]).unwrap();
        }
        let bytes = archive.finish().unwrap().into_inner();
        assert!(refusal(&bytes).contains("200 times its size"));
    }

    #[test]
    fn a_cell_in_a_row_that_no_worksheet_has_is_refused_before_its_rows_are_made() {
        for (place, says) in [
            ("A4294967294", "has a row 4294967294, and a worksheet has 1048576 at most"),
            ("A1048577", "has a row 1048577"),
            ("A42949672960", "not a workbook that can be read"),
            ("ZZZZZZZZ1", "not a workbook that can be read"),
            ("A0", "not a workbook that can be read"),
        ] {
            let refused = refusal(&testkit::workbook::with_cell_at(place));
            assert!(refused.contains(says), "{place}: {refused}");
        }
        let last = to_csv(&testkit::workbook::with_cell_at("A1048576"), ANY_SIZE).unwrap();
        assert_eq!(last.len(), "\"CommsHubID\"\n\"00\"\n".len() + (1 << 20) - 2);
    }

    #[test]
    fn what_operators_have_set_counts_for_all_parts_together() {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        let mut noise = 1_u64;
        for row in 0..20_000 {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            sheet.write(row, 0, format!("{noise:016X}")).unwrap();
        }
        let bytes = workbook.save_to_buffer().unwrap();
        assert!(to_csv(&bytes, 8 << 20).is_ok());
        let refused = to_csv(&bytes, 1 << 20).unwrap_err();
        assert!(refused.refusal().unwrap().message.contains("more than 1 MiB"), "{refused}");
    }

    #[test]
    fn shared_texts_are_held_and_so_held_short() {
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        archive.start_file("xl/styles.xml", SimpleFileOptions::default()).unwrap();
        let mut noise = 1_u64;
        for _ in 0..(9 << 17) {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            archive.write_all(&(noise >> 16).to_le_bytes()).unwrap();
        }
        let bytes = archive.finish().unwrap().into_inner();
        assert!(refusal(&bytes).contains("more than 8 MiB"));
    }

    #[test]
    fn an_archive_that_is_no_workbook_is_said_to_be_one() {
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        archive.start_file("readme.txt", SimpleFileOptions::default()).unwrap();
        archive.write_all(b"hello").unwrap();
        let bytes = archive.finish().unwrap().into_inner();
        assert!(refusal(&bytes).contains("not a workbook"));
        assert!(refusal(b"PK\x03\x04 and nothing else").contains("not a workbook"));
        let empty = zip::ZipWriter::new(Cursor::new(Vec::new())).finish().unwrap().into_inner();
        assert!(is_workbook(&empty));
        assert!(refusal(&empty).contains("not a workbook"));
    }
}
