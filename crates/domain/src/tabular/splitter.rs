//! Records of a file that arrives piece by piece.

use super::{BOM, Limits, Record, Scan, Span, Unreadable, scan, unreadable};

/// Splits a stream into records: give it bytes as they come, in pieces of any size.
///
/// It holds one piece and the beginning of a record, never more than the limits allow.
pub struct Splitter {
    held: Vec<u8>,
    has_begun: bool,
    look_again_at: usize,
    at: u64,
    line: u32,
    limits: Limits,
    spans: Vec<Span>,
    unescaped: String,
}

impl Splitter {
    /// A splitter at the beginning of a file.
    pub fn new(limits: Limits) -> Self {
        Splitter {
            held: Vec::new(),
            has_begun: false,
            look_again_at: ENOUGH_TO_SNIFF,
            at: 0,
            line: 1,
            limits,
            spans: Vec::new(),
            unescaped: String::new(),
        }
    }

    /// A splitter that goes on at byte `at`, where a record begins on this line.
    pub fn resume(limits: Limits, at: u64, line: u32) -> Self {
        Splitter { has_begun: at > 0, at, line, ..Splitter::new(limits) }
    }

    /// The byte and the line at which the next record begins that has not been taken; after a
    /// fault, the one with the fault.
    pub fn position(&self) -> (u64, u32) {
        (self.at, self.line)
    }

    /// Takes the next bytes of the file and hands records that are whole to `each`, now or later.
    pub fn feed<E: From<Unreadable>>(
        &mut self,
        bytes: &[u8],
        each: impl FnMut(&Record<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.held.extend_from_slice(bytes);
        if self.held.len() < self.look_again_at {
            return Ok(());
        }
        self.split(scan::More::MayCome, each)
    }

    /// Hands over what is left, at the end of the file.
    pub fn finish<E: From<Unreadable>>(
        &mut self,
        each: impl FnMut(&Record<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.split(scan::More::No, each)
    }

    fn split<E: From<Unreadable>>(
        &mut self,
        more: scan::More,
        mut each: impl FnMut(&Record<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.begin()?;
        let (text, fault) = match std::str::from_utf8(&self.held) {
            Ok(text) => (text, None),
            Err(error) => {
                let (valid, rest) = self.held.split_at(error.valid_up_to());
                let may_go_on = error.error_len().is_none() && more == scan::More::MayCome;
                let text = std::str::from_utf8(valid).expect("valid up to here");
                (text, rest.first().filter(|_| !may_go_on).copied())
            }
        };
        let more_text = if fault.is_some() { scan::More::MayCome } else { more };
        let mut position = 0;
        let mut ended = Ok(());
        while position < text.len() {
            let rest = &text.as_bytes()[position..];
            let (spans, unescaped) = (&mut self.spans, &mut self.unescaped);
            match scan::record(rest, more_text, self.limits, spans, unescaped) {
                Scan::Record { used, lines } => {
                    let end = position + used;
                    let record = Record {
                        line: self.line,
                        at: self.at + position as u64,
                        text: &text[position..end],
                        spans,
                        unescaped,
                    };
                    if let Err(error) = each(&record) {
                        ended = Err(error);
                        break;
                    }
                    position = end;
                    self.line += lines;
                }
                Scan::EmptyLine { used } => {
                    position += used;
                    self.line += 1;
                }
                Scan::Incomplete => break,
                Scan::Refused(fault) => {
                    ended = Err(fault.at(self.line, self.limits).into());
                    break;
                }
            }
        }
        if fault.is_some() && ended.is_ok() {
            let valid = text.len() - position;
            let rest = &self.held[position..];
            ended = Err(Unreadable::not_utf8(rest, valid, self.line).into());
        }
        self.held.drain(..position);
        self.at += position as u64;
        ended?;
        self.look_again_at = (2 * self.held.len()).min(self.limits.max_line_bytes + 1);
        Ok(())
    }

    /// Looks at the first bytes once, and passes a BOM over.
    fn begin(&mut self) -> Result<(), Unreadable> {
        if self.has_begun {
            return Ok(());
        }
        unreadable::sniff(&self.held)?;
        self.has_begun = true;
        if self.held.starts_with(BOM) {
            self.held.drain(..BOM.len());
            self.at = BOM.len() as u64;
        }
        Ok(())
    }
}

/// The first bytes are looked at together, and an unfinished record again only when it has doubled:
/// a sender of single bytes would otherwise have each of them looked at thousands of times.
const ENOUGH_TO_SNIFF: usize = 8;
