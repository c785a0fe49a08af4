//! Comma-separated values as in RFC 4180, read and written.
//!
//! The reader is our own because its answers are exact: the physical line on which each record
//! begins (people look for that), the byte at which it begins (a transfer file's trailer hashes
//! everything before it), and limits that hold while bytes arrive. It takes CRLF, LF or CR as the
//! end of a line, passes a BOM and empty lines over, and reads text behind a closing quote as
//! part of the field, as most readers do.
//!
//! A file that is wholly in memory is read with [`Records`]; one that streams, with [`Splitter`].

use std::fmt;
use std::ops::Range;

mod columns;
mod fields;
mod scan;
mod splitter;
mod unreadable;
mod write;

pub use columns::{Columns, HeaderError};
pub use fields::{FieldProblem, RowProblems};
pub use scan::unquoted;
pub use splitter::Splitter;
pub use unreadable::{Unreadable, sniff};
pub use write::{write_field, write_number, write_record};

pub use fields::{Fields, Presence};
use scan::{Scan, Span};

/// How much one record may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes in a record, its line end included.
    pub max_line_bytes: usize,
    /// The most fields in a record.
    pub max_fields: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { max_line_bytes: 65_536, max_fields: 64 }
    }
}

/// One record of a file: its fields, and where it stands.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    /// The physical line on which it begins, counted from 1.
    pub line: u32,
    /// The byte of the file at which it begins.
    pub at: u64,
    text: &'a str,
    spans: &'a [Span],
    unescaped: &'a str,
}

impl<'a> Record<'a> {
    /// How many fields it has: at least one.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Never: a record without fields is an empty line, and those are passed over.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// A field, without its quotes.
    pub fn get(&self, index: usize) -> Option<&'a str> {
        let span = self.spans.get(index)?;
        let source = if span.is_unescaped { self.unescaped } else { self.text };
        source.get(span.start as usize..span.end as usize)
    }

    /// Its fields, without their quotes.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = &'a str> + use<'a> {
        let record = *self;
        (0..record.len()).map(move |i| record.get(i).expect("spans lie within their text"))
    }

    /// Where a field stands in the file, its quotes included.
    pub fn place(&self, index: usize) -> Option<Range<u64>> {
        let span = self.spans.get(index)?;
        Some(self.at + u64::from(span.raw_start)..self.at + u64::from(span.raw_end))
    }

    /// Its bytes as they stand in the file, without the end of the line.
    pub fn as_given(&self) -> &'a str {
        let end = self.spans.last().map_or(0, |span| span.raw_end as usize);
        &self.text[..end]
    }
}

impl fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} at {}: ", self.line, self.at)?;
        f.debug_list().entries(self.fields()).finish()
    }
}

/// The records of a file that is in memory.
pub struct Records<'a> {
    text: &'a str,
    position: usize,
    bytes_before: usize,
    line: u32,
    limits: Limits,
    spans: Vec<Span>,
    unescaped: String,
}

impl<'a> Records<'a> {
    /// Begins to read; refuses what is not UTF-8 text.
    pub fn new(bytes: &'a [u8], limits: Limits) -> Result<Self, Unreadable> {
        unreadable::sniff(bytes)?;
        let body = bytes.strip_prefix(BOM).unwrap_or(bytes);
        let text = std::str::from_utf8(body)
            .map_err(|e| Unreadable::not_utf8(body, e.valid_up_to(), 1))?;
        let whole = Records::of_part(text, limits);
        Ok(Records { bytes_before: bytes.len() - body.len(), ..whole })
    }

    /// Begins to read text that was read as part of a file before, and so needs no second look.
    pub fn of_part(text: &'a str, limits: Limits) -> Self {
        Records {
            text,
            position: 0,
            bytes_before: 0,
            line: 1,
            limits,
            spans: Vec::new(),
            unescaped: String::new(),
        }
    }

    /// The next record, or none at the end.
    pub fn next_record(&mut self) -> Result<Option<Record<'_>>, Unreadable> {
        loop {
            let rest = &self.text[self.position..];
            if rest.is_empty() {
                return Ok(None);
            }
            let found = scan::record(
                rest.as_bytes(),
                scan::More::No,
                self.limits,
                &mut self.spans,
                &mut self.unescaped,
            );
            let start = self.position;
            let line = self.line;
            match found {
                Scan::Record { used, lines } => {
                    self.position += used;
                    self.line += lines;
                    return Ok(Some(Record {
                        line,
                        at: (self.bytes_before + start) as u64,
                        text: &self.text[start..self.position],
                        spans: &self.spans,
                        unescaped: &self.unescaped,
                    }));
                }
                Scan::EmptyLine { used } => {
                    self.position += used;
                    self.line += 1;
                }
                Scan::Incomplete => return Ok(None),
                Scan::Refused(fault) => return Err(fault.at(line, self.limits)),
            }
        }
    }
}

const BOM: &[u8] = b"\xEF\xBB\xBF";

#[cfg(test)]
mod tests;
