//! Why a file can't be read as comma-separated text at all.

use std::fmt;

use super::BOM;

/// Why a file is refused before its records mean anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// A workbook or archive under another name.
    NotText,
    /// A picture or a document.
    NotTable {
        /// What it is, in words.
        what: &'static str,
    },
    /// UTF-16, with or without a BOM.
    Utf16,
    /// A byte that is not UTF-8.
    NotUtf8 {
        /// The line it stands on.
        line: u32,
        /// The byte.
        byte: u8,
    },
    /// More than a record may hold.
    LineTooLong {
        /// The line on which the record begins.
        line: u32,
        /// The most bytes that it may have.
        limit: usize,
    },
    /// More fields than a record may have.
    TooManyFields {
        /// The line on which the record begins.
        line: u32,
        /// The most fields that it may have.
        limit: usize,
    },
    /// A quote that opens and never closes.
    QuoteNeverCloses {
        /// The line on which it opens.
        line: u32,
    },
}

impl Unreadable {
    /// The fault at `position` of `bytes`, which begin on line `first_line`.
    pub(super) fn not_utf8(bytes: &[u8], position: usize, first_line: u32) -> Self {
        let line = first_line + count_line_ends(&bytes[..position]);
        Unreadable::NotUtf8 { line, byte: bytes[position] }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unreadable::NotText => f.write_str(
                "This is not a text file but looks like a workbook or an archive; send it as \
                 .xlsx, or save it as CSV UTF-8.",
            ),
            Unreadable::NotTable { what } => write!(
                f,
                "This is {what}, not a table; send the table as .xlsx, or save it as CSV UTF-8."
            ),
            Unreadable::Utf16 => f.write_str(
                "The file is UTF-16, which spreadsheets call Unicode Text; save it as CSV UTF-8 \
                 and send it again.",
            ),
            Unreadable::NotUtf8 { line, byte } => {
                write!(f, "Line {line} holds the byte {byte:02X}, which is not UTF-8")?;
                if let Some(character) = windows_1252(*byte) {
                    write!(f, " (in Windows-1252 it would be '{character}')")?;
                }
                f.write_str("; save the file as CSV UTF-8 and send it again.")
            }
            Unreadable::LineTooLong { line, limit } => {
                write!(f, "Line {line} is longer than {limit} bytes.")
            }
            Unreadable::TooManyFields { line, limit } => {
                write!(f, "Line {line} has more than {limit} fields.")
            }
            Unreadable::QuoteNeverCloses { line } => {
                write!(f, "A quote (\") that opens on line {line} never closes.")
            }
        }
    }
}

impl std::error::Error for Unreadable {}

/// Refuses what the first bytes of a file show not to be UTF-8 text.
pub fn sniff(head: &[u8]) -> Result<(), Unreadable> {
    const ARCHIVES: &[&[u8]] = &[b"PK\x03\x04", b"PK\x05\x06", b"\xD0\xCF\x11\xE0"];
    if ARCHIVES.iter().any(|magic| head.starts_with(magic)) {
        return Err(Unreadable::NotText);
    }
    const OTHERS: &[(&[u8], &str)] = &[
        (b"%PDF-", "a PDF document"),
        (b"\x89PNG", "a picture"),
        (b"\xFF\xD8\xFF", "a picture"),
        (b"GIF8", "a picture"),
        (b"\x1F\x8B", "a compressed file"),
        (b"\xFF\xFE\0\0", "UTF-32 text"),
        (b"\0\0\xFE\xFF", "UTF-32 text"),
    ];
    if let Some((_, what)) = OTHERS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(Unreadable::NotTable { what });
    }
    if head.starts_with(b"\xFF\xFE") || head.starts_with(b"\xFE\xFF") {
        return Err(Unreadable::Utf16);
    }
    let body = head.strip_prefix(BOM).unwrap_or(head);
    let body = &body[..body.len().min(4_096)];
    let first_line = body.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if !first_line.contains(&0) {
        return Ok(());
    }
    // Of two bytes that are a letter in UTF-16 one is zero, always the same one.
    let zeros = |from: usize| first_line.iter().skip(from).step_by(2).filter(|b| **b == 0).count();
    let pairs = first_line.len() / 2;
    match (zeros(0), zeros(1)) {
        (none, most) | (most, none) if none == 0 && 2 * most >= pairs => Err(Unreadable::Utf16),
        _ => Err(Unreadable::NotTable { what: "a file with NUL bytes" }),
    }
}

/// How many lines end in these bytes: at CRLF, LF or CR.
fn count_line_ends(bytes: &[u8]) -> u32 {
    let mut previous = 0;
    let mut count = 0;
    for byte in bytes {
        count += u32::from(*byte == b'\r' || (*byte == b'\n' && previous != b'\r'));
        previous = *byte;
    }
    count
}

/// What a byte above 7F means in Windows-1252.
fn windows_1252(byte: u8) -> Option<char> {
    const FROM_80: [char; 32] = [
        '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0',
        '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9F => Some(FROM_80[usize::from(byte - 0x80)]).filter(|c| *c != '\0'),
        0xA1..=0xFF => Some(char::from(byte)),
        _ => None,
    }
}
