//! The controlled profile: header, numbered lines, and a trailer with their count and hash.

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Collected, FileRefusal, Header, HeaderField, Limits, ParsedFile, Profile};
use crate::tabular::{Record, Records};
use crate::transfer_files::generate::is_controlled_name;

/// What stands on a line, for messages about missing fields.
pub(super) const DETAIL_FIELDS: &[&str] = &["DTL", "line", "CHF ID", "new service user reference"];

/// The places of the CHF ID and of the new reference among them.
pub(super) const DETAIL_PLACES: (usize, usize) = (2, 3);

/// Reads the header record of the file of this name.
pub(super) fn header(record: &Record<'_>, name: &str) -> Result<Header, FileRefusal> {
    if !is_controlled_name(name) {
        return Err(FileRefusal::Name);
    }
    let field = |i: usize| record.get(i).unwrap_or_default().trim();
    let wrong = |field| FileRefusal::Header { field };
    if field(1) != "CHST" {
        return Err(wrong(HeaderField::Kind));
    }
    if field(2) != "1.0" {
        return Err(FileRefusal::Version { found: excerpt(field(2)) });
    }
    if record.len() != 10 {
        return Err(FileRefusal::HeaderLength { fields: record.len() });
    }
    let text = |i: usize, name: HeaderField| {
        let text = field(i);
        let is_plain = text.len() <= 100 && !text.chars().any(char::is_control);
        if is_plain { Ok(text.to_owned()) } else { Err(wrong(name)) }
    };
    let given = |i: usize, name| {
        text(i, name).and_then(|t| if t.is_empty() { Err(wrong(name)) } else { Ok(t) })
    };
    Ok(Header {
        file_id: Uuid::try_parse(field(3)).map_err(|_| wrong(HeaderField::FileId))?,
        created: field(4).parse::<Timestamp>().map_err(|_| wrong(HeaderField::Created))?,
        prepared_by: given(5, HeaderField::PreparedBy)?,
        reference: given(6, HeaderField::Reference)?,
        from: text(7, HeaderField::From)?,
        to: text(8, HeaderField::To)?,
        count: number(field(9)).ok_or(wrong(HeaderField::Count))?,
    })
}

/// Reads the lines and the trailer below the header.
pub(super) fn parse<'a>(
    source: &'a str,
    mut records: Records<'_>,
    header: Header,
    limits: &Limits,
) -> Result<ParsedFile<'a>, FileRefusal> {
    let mut collected = Collected::with_room_for(source.len(), limits);
    let mut contradiction = None;
    loop {
        let record = records.next_record()?.ok_or(FileRefusal::TrailerMissing)?;
        match record.get(0) {
            Some("DTL") => {
                let number = numbered(&record, collected.lines.len() as u32 + 1)?;
                let line = super::line(&record, number, DETAIL_PLACES, 4, &mut collected);
                collected.add(line)?;
                let reference = line.reference().map(|place| &collected.references[place]);
                if let Some(found) = reference.filter(|found| **found != header.to) {
                    contradiction.get_or_insert_with(|| (number, found.clone()));
                }
            }
            Some("TRL") => {
                trailer(&record, source.as_bytes(), &header, collected.lines.len())?;
                break;
            }
            other => {
                let found = excerpt(other.unwrap_or_default());
                return Err(FileRefusal::RecordKind { line: record.line, found });
            }
        }
    }
    if let Some(record) = records.next_record()? {
        return Err(FileRefusal::AfterTrailer { line: record.line });
    }
    if let Some((number, found)) = contradiction.filter(|_| !header.to.is_empty()) {
        let (to, found) = (excerpt(&header.to), excerpt(&found));
        return Err(FileRefusal::ContradictsTo { number, to, found });
    }
    collected.finish(Profile::Controlled(header), DETAIL_FIELDS.to_vec(), source)
}

/// The number of a DTL record, which must be the next one.
fn numbered(record: &Record<'_>, expected: u32) -> Result<u32, FileRefusal> {
    let found = record.get(1).unwrap_or_default();
    if number(found) == Some(expected) {
        return Ok(expected);
    }
    Err(FileRefusal::Numbering { line: record.line, expected, found: excerpt(found) })
}

fn trailer(
    record: &Record<'_>,
    source: &[u8],
    header: &Header,
    lines: usize,
) -> Result<(), FileRefusal> {
    if record.len() != 3 {
        return Err(FileRefusal::TrailerLength { fields: record.len() });
    }
    let field = |i: usize| record.get(i).unwrap_or_default().trim();
    let lines = lines as u32;
    let said =
        number(field(1)).ok_or_else(|| FileRefusal::TrailerCount { found: excerpt(field(1)) })?;
    if said != lines || header.count != lines {
        return Err(FileRefusal::CountWrong { header: header.count, trailer: said, lines });
    }
    let before = &source[..record.at as usize];
    if !field(2).eq_ignore_ascii_case(&hex(&Sha256::digest(before))) {
        return Err(FileRefusal::HashWrong);
    }
    Ok(())
}

/// A whole number in plain digits.
fn number(text: &str) -> Option<u32> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_plain { text.parse().ok() } else { None }
}

/// The beginning of what stands there, for a message.
fn excerpt(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}

/// Bytes as lower-case hexadecimal digits.
pub(in crate::transfer_files) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
