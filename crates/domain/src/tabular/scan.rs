//! Finding the end of one record and the fields in it: the loop that every byte goes through.

use std::borrow::Cow;

use super::{Limits, Unreadable};

/// Where a field's content stands, relative to its record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// First byte of the content, in the record or in the unescaped text.
    pub start: u32,
    /// End of the content.
    pub end: u32,
    /// First byte in the record, a quote if there is one.
    pub raw_start: u32,
    /// End in the record.
    pub raw_end: u32,
    /// Whether the content stands in the unescaped text.
    pub is_unescaped: bool,
}

/// Whether bytes can still follow those at hand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum More {
    /// The file may go on.
    MayCome,
    /// This is the end of the file.
    No,
}

/// What stands at the beginning of some bytes.
pub(super) enum Scan {
    /// A record of this many bytes, its line end included, over this many physical lines.
    Record { used: usize, lines: u32 },
    /// A line with nothing on it.
    EmptyLine { used: usize },
    /// Not all of a record yet.
    Incomplete,
    /// Something that no file may hold.
    Refused(Fault),
}

/// What no file may hold.
#[derive(Clone, Copy)]
pub(super) enum Fault {
    TooLong,
    TooManyFields,
    QuoteNeverCloses { lines_before: u32 },
}

impl Fault {
    /// The fault of the record that begins on this line.
    pub fn at(self, line: u32, limits: Limits) -> Unreadable {
        match self {
            Fault::TooLong => Unreadable::LineTooLong { line, limit: limits.max_line_bytes },
            Fault::TooManyFields => Unreadable::TooManyFields { line, limit: limits.max_fields },
            Fault::QuoteNeverCloses { lines_before } => {
                Unreadable::QuoteNeverCloses { line: line + lines_before }
            }
        }
    }
}

/// Finds the record at the beginning of `bytes`, which are UTF-8 up to a character that may be
/// incomplete at the end.
pub(super) fn record(
    bytes: &[u8],
    more: More,
    limits: Limits,
    spans: &mut Vec<Span>,
    unescaped: &mut String,
) -> Scan {
    spans.clear();
    unescaped.clear();
    let end = limits.max_line_bytes.min(bytes.len());
    let window = &bytes[..end];
    let ending = match (bytes.len() > end, more) {
        (true, _) => Ending::Limit,
        (false, More::MayCome) => Ending::Unknown,
        (false, More::No) => Ending::File,
    };
    if let Some(used) = line_end(window, 0, ending) {
        return match used {
            LineEnd::At(used) => Scan::EmptyLine { used },
            LineEnd::Unknown => Scan::Incomplete,
        };
    }
    let mut position = 0;
    let mut lines = 1;
    loop {
        if spans.len() == limits.max_fields {
            return Scan::Refused(Fault::TooManyFields);
        }
        let next = if window.get(position) == Some(&b'"') {
            match quoted(window, position, &mut lines, unescaped) {
                Ok((next, span)) => {
                    spans.push(span);
                    next
                }
                Err(lines_before) => return ending.inside_quotes(lines_before),
            }
        } else {
            let next = delimiter(window, position);
            let (start, end) = (position as u32, next as u32);
            let is_unescaped = false;
            spans.push(Span { start, end, raw_start: start, raw_end: end, is_unescaped });
            next
        };
        match window.get(next) {
            Some(b',') => position = next + 1,
            Some(_) => {
                return match line_end(window, next, ending) {
                    Some(LineEnd::At(used)) => Scan::Record { used, lines },
                    _ => Scan::Incomplete,
                };
            }
            None => return ending.after_field(next, lines),
        }
    }
}

/// What it means that there are no more bytes to look at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    File,
    Unknown,
    Limit,
}

impl Ending {
    fn after_field(self, used: usize, lines: u32) -> Scan {
        match self {
            Ending::File => Scan::Record { used, lines },
            Ending::Unknown => Scan::Incomplete,
            Ending::Limit => Scan::Refused(Fault::TooLong),
        }
    }

    fn inside_quotes(self, lines_before: u32) -> Scan {
        match self {
            Ending::Unknown => Scan::Incomplete,
            Ending::File | Ending::Limit => Scan::Refused(Fault::QuoteNeverCloses { lines_before }),
        }
    }
}

enum LineEnd {
    At(usize),
    Unknown,
}

/// The end of the line that ends at `position`, if it does.
fn line_end(window: &[u8], position: usize, ending: Ending) -> Option<LineEnd> {
    match window.get(position)? {
        b'\n' => Some(LineEnd::At(position + 1)),
        b'\r' => match window.get(position + 1) {
            Some(b'\n') => Some(LineEnd::At(position + 2)),
            None if ending == Ending::Unknown => Some(LineEnd::Unknown),
            _ => Some(LineEnd::At(position + 1)),
        },
        _ => None,
    }
}

/// The comma or line end at or after `position`, or the end of the window.
fn delimiter(window: &[u8], position: usize) -> usize {
    let rest = &window[position..];
    let is_delimiter = |byte: &u8| DELIMITERS[usize::from(*byte)];
    position + rest.iter().position(is_delimiter).unwrap_or(rest.len())
}

const DELIMITERS: [bool; 256] = {
    let mut table = [false; 256];
    table[b',' as usize] = true;
    table[b'\r' as usize] = true;
    table[b'\n' as usize] = true;
    table
};

/// Reads a field that begins with a quote at `start`; gives the delimiter after it, or, if the
/// quote never closes, how many lines of the record stand before it.
fn quoted(
    window: &[u8],
    start: usize,
    lines: &mut u32,
    unescaped: &mut String,
) -> Result<(usize, Span), u32> {
    let lines_before = *lines - 1;
    let mut position = start + 1;
    let mut has_escapes = false;
    loop {
        match window.get(position).ok_or(lines_before)? {
            b'"' if window.get(position + 1) == Some(&b'"') => {
                has_escapes = true;
                position += 1;
            }
            b'"' => break,
            b'\n' => *lines += 1,
            b'\r' if window.get(position + 1) != Some(&b'\n') => *lines += 1,
            _ => {}
        }
        position += 1;
    }
    let next = delimiter(window, position + 1);
    let (raw_start, raw_end) = (start as u32, next as u32);
    if !has_escapes && next == position + 1 {
        let (start, end) = (raw_start + 1, position as u32);
        return Ok((next, Span { start, end, raw_start, raw_end, is_unescaped: false }));
    }
    let from = unescaped.len() as u32;
    unescaped.push_str(&unquoted(&String::from_utf8_lossy(&window[start..next])));
    let end = unescaped.len() as u32;
    Ok((next, Span { start: from, end, raw_start, raw_end, is_unescaped: true }))
}

/// What a field means that stands in a file like this, with its quotes if it has any.
pub fn unquoted(raw: &str) -> Cow<'_, str> {
    let Some(quoted) = raw.strip_prefix('"') else { return Cow::Borrowed(raw) };
    if let Some(content) = quoted.strip_suffix('"')
        && !content.contains('"')
    {
        return Cow::Borrowed(content);
    }
    let mut content = String::with_capacity(quoted.len());
    let mut rest = quoted;
    while let Some((before, after)) = rest.split_once('"') {
        content.push_str(before);
        let Some(escaped) = after.strip_prefix('"') else {
            rest = after;
            break;
        };
        content.push('"');
        rest = escaped;
    }
    content.push_str(rest);
    Cow::Owned(content)
}
