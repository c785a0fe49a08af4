//! What is answered to each line.

use domain::DeviceId;
use domain::imports::LineOutcome;
use domain::tabular::{write_field, write_number, write_record};

use crate::journal::Counts;

/// The lines that wait for an answer: where each stands, and its key as it was given.
#[derive(Debug, Default)]
pub struct Lines {
    given: String,
    lines: Vec<(u32, usize)>,
}

impl Lines {
    /// Adds a line.
    pub fn push(&mut self, line: u32, given: &str) {
        self.lines.push((line, self.given.len()));
        self.given.push_str(given);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Where a line stands in its file.
    pub fn number(&self, index: usize) -> u32 {
        self.lines[index].0
    }

    /// The key of a line as it was given.
    pub fn given(&self, index: usize) -> &str {
        let end = self.lines.get(index + 1).map_or(self.given.len(), |next| next.1);
        &self.given[self.lines[index].1..end]
    }
}

/// The answers to some lines, as CSV, and how many there are of each kind.
#[derive(Debug, Default)]
pub struct Answers {
    /// One record for each line.
    pub csv: Vec<u8>,
    counts: [u64; LineOutcome::ALL.len()],
}

impl Answers {
    /// Answers a line.
    pub fn add(&mut self, lines: &Lines, index: usize, outcome: LineOutcome, text: &str) {
        write_number(&mut self.csv, lines.number(index).into());
        self.csv.push(b',');
        write_field(&mut self.csv, lines.given(index));
        self.csv.push(b',');
        self.csv.extend_from_slice(outcome.word().as_bytes());
        self.csv.push(b',');
        write_field(&mut self.csv, text);
        self.csv.extend_from_slice(b"\r\n");
        self.counts[outcome as usize] += 1;
    }

    /// Says of a hub that a snapshot has no line for it, and so no number of one.
    pub fn add_absent(&mut self, chf: DeviceId) {
        let text = "The snapshot has no usable line for this hub.";
        let (id, word) = (chf.to_string(), LineOutcome::Absent.word());
        write_record(&mut self.csv, ["", id.as_str(), word, text]);
        self.counts[LineOutcome::Absent as usize] += 1;
    }

    /// How many lines came to what; what none came to is left out.
    pub fn counts(&self) -> Counts {
        let all = LineOutcome::ALL.iter().zip(self.counts);
        all.filter(|(_, n)| *n > 0).map(|(outcome, n)| (outcome.word().to_owned(), n)).collect()
    }

    /// How many lines were answered.
    pub fn lines(&self) -> u64 {
        self.counts.iter().sum()
    }
}
