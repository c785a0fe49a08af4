//! What a validation found for each line, small enough to keep until the file is applied.

use super::{Facts, Outcome};
use crate::ids::PartyId;
use crate::inventory::SmiStatus;

/// What was found for one line, and as what its hub was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Where a person finds the line.
    pub line: u32,
    /// Its outcome.
    pub outcome: Outcome,
    /// The status of its hub, if it is one.
    pub status: Option<SmiStatus>,
    /// The responsible Party of its hub, if it is one.
    pub party: Option<PartyId>,
    /// The low 32 bits of the number of the hub's last move.
    pub last_move: u32,
}

/// Kept bytes that no validation wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotJudged;

impl std::fmt::Display for NotJudged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the kept outcomes of a validation can't be read")
    }
}

impl std::error::Error for NotJudged {}

impl Judged {
    /// How many bytes one line takes.
    pub const BYTES: usize = 16;

    /// The outcome of a line that was judged by these facts.
    pub fn new(line: u32, outcome: Outcome, facts: &Facts) -> Self {
        let (status, party, last_move) = match facts {
            Facts::Hub(hub) => (Some(hub.status), Some(hub.party), hub.last_move as u32),
            Facts::Gpf { .. } | Facts::Unknown => (None, None, 0),
        };
        Judged { line, outcome, status, party, last_move }
    }

    /// Whether the hub is with the same Party, by the same move.
    pub fn is_still_so(&self, facts: &Facts) -> bool {
        let now = Judged::new(self.line, self.outcome, facts);
        now.party.is_some() && (now.party, now.last_move) == (self.party, self.last_move)
    }

    /// Appends its bytes.
    pub fn write(&self, out: &mut Vec<u8>) {
        let party = self.party.map_or(0, |party| party.0 as u32);
        out.extend_from_slice(&self.line.to_le_bytes());
        out.extend_from_slice(&self.outcome.to_bits().to_le_bytes());
        out.extend_from_slice(&[self.status.map_or(0, |status| status as u8), 0]);
        out.extend_from_slice(&party.to_le_bytes());
        out.extend_from_slice(&self.last_move.to_le_bytes());
    }

    /// Reads all lines of a validation back.
    pub fn read_all(bytes: &[u8]) -> Result<Vec<Judged>, NotJudged> {
        let (lines, rest) = bytes.as_chunks::<{ Judged::BYTES }>();
        if !rest.is_empty() {
            return Err(NotJudged);
        }
        lines.iter().map(|line| Judged::read(line).ok_or(NotJudged)).collect()
    }

    /// Reads one line of a validation back.
    pub fn read(bytes: &[u8; Judged::BYTES]) -> Option<Judged> {
        let [l0, l1, l2, l3, o0, o1, status, 0, p0, p1, p2, p3, m0, m1, m2, m3] = *bytes else {
            return None;
        };
        let party = u32::from_le_bytes([p0, p1, p2, p3]);
        let status = match status {
            0 => None,
            code => Some(SmiStatus::from_code(i64::from(code))?),
        };
        Some(Judged {
            line: u32::from_le_bytes([l0, l1, l2, l3]),
            outcome: Outcome::from_bits(u16::from_le_bytes([o0, o1]))?,
            status,
            party: (party != 0).then_some(PartyId(i64::from(party))),
            last_move: u32::from_le_bytes([m0, m1, m2, m3]),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::Code;
    use super::*;

    #[test]
    fn lines_read_back_as_they_were_written() {
        let lines = [
            Judged {
                line: 2,
                outcome: Outcome::of(Code::S00),
                status: Some(SmiStatus::Pending),
                party: Some(PartyId(7)),
                last_move: u32::MAX,
            },
            Judged {
                line: 3,
                outcome: Outcome::of(Code::R02),
                status: None,
                party: None,
                last_move: 0,
            },
        ];
        let mut bytes = Vec::new();
        for line in &lines {
            line.write(&mut bytes);
        }
        assert_eq!(bytes.len(), 2 * Judged::BYTES);
        assert_eq!(Judged::read_all(&bytes).unwrap(), lines);
        assert_eq!(Judged::read_all(&bytes[1..]), Err(NotJudged));
        bytes[4] = 99;
        assert_eq!(Judged::read_all(&bytes), Err(NotJudged));
    }
}
