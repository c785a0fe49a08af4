//! What became of the lines of a file, as its page tells it: counts, and the first problems.

use std::io::{self, Write};

use app::journal::Counts;
use domain::imports::LineOutcome;
use domain::tabular::{Limits, Splitter, Unreadable};

/// Problems that a page shows; the answer file has all of them.
pub const SHOWN: usize = 50;

/// What a page tells of a file's lines.
pub struct Told {
    /// How many lines came to what.
    pub outcomes: Vec<OutcomeRow>,
    /// How many lines somebody has to look at.
    pub problems: u64,
    /// The first of them.
    pub first: Vec<Answer>,
}

impl Told {
    /// These counts and problems.
    pub fn new(counts: &Counts, first: Vec<Answer>) -> Self {
        Told { outcomes: outcomes(counts, meaning), problems: problems(counts), first }
    }

    /// As [`Told::new`], of lines that did nothing because they were only tried.
    pub fn tried(counts: &Counts, first: Vec<Answer>) -> Self {
        Told { outcomes: outcomes(counts, meaning_if_sent), problems: problems(counts), first }
    }

    /// Whether there are more lines to look at than the page tells.
    pub fn has_more(&self) -> bool {
        self.problems > self.first.len() as u64
    }
}

/// How many lines came to one outcome.
pub struct OutcomeRow {
    /// The outcome.
    pub word: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// How many lines.
    pub lines: u64,
    /// The colour of its tag.
    pub colour: &'static str,
}

/// The outcomes that occur, in their order.
fn outcomes(counts: &Counts, meaning: fn(LineOutcome) -> &'static str) -> Vec<OutcomeRow> {
    let row = |outcome: &LineOutcome| OutcomeRow {
        word: outcome.word(),
        meaning: meaning(*outcome),
        lines: counts.get(outcome.word()).copied().unwrap_or(0),
        colour: colour(*outcome),
    };
    LineOutcome::ALL.iter().map(row).filter(|row| row.lines > 0).collect()
}

/// How many lines somebody has to look at.
pub fn problems(counts: &Counts) -> u64 {
    let bad = LineOutcome::ALL.iter().filter(|outcome| is_shown(**outcome));
    bad.filter_map(|outcome| counts.get(outcome.word())).sum()
}

/// Whether the page tells each line of this outcome.
fn is_shown(outcome: LineOutcome) -> bool {
    outcome.is_a_problem()
        || matches!(outcome, LineOutcome::Missing | LineOutcome::Differs | LineOutcome::Absent)
}

fn meaning(outcome: LineOutcome) -> &'static str {
    match outcome {
        LineOutcome::Loaded => "New, and now here",
        LineOutcome::Changed => "Was here, and is now as the file says",
        LineOutcome::Already => "Was here already, and the same; nothing to do",
        LineOutcome::Conflict => "Is here with other data; nothing was overwritten",
        LineOutcome::Rejected => "Cannot be used; correct the line and send it again",
        LineOutcome::Same => "As the inventory has it",
        LineOutcome::Missing => "Not in the inventory",
        LineOutcome::Differs => {
            "In the inventory with another Party, another status or since another date"
        }
        LineOutcome::Absent => "In the inventory, but not in the snapshot",
    }
}

fn meaning_if_sent(outcome: LineOutcome) -> &'static str {
    match outcome {
        LineOutcome::Loaded => "New; it would be added",
        LineOutcome::Changed => "Is here, and would become as the file says",
        LineOutcome::Already => "Is here already, and the same; nothing to do",
        LineOutcome::Conflict => "Is here with other data; nothing would be overwritten",
        LineOutcome::Rejected
        | LineOutcome::Same
        | LineOutcome::Missing
        | LineOutcome::Differs
        | LineOutcome::Absent => meaning(outcome),
    }
}

fn colour(outcome: LineOutcome) -> &'static str {
    match outcome {
        LineOutcome::Loaded | LineOutcome::Changed => "green",
        LineOutcome::Already | LineOutcome::Same => "grey",
        LineOutcome::Conflict | LineOutcome::Rejected => "red",
        LineOutcome::Missing | LineOutcome::Differs | LineOutcome::Absent => "yellow",
    }
}

/// The answer to one line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Where the line stands.
    pub line: String,
    /// Its first field, as it was given.
    pub given: String,
    /// What it came to.
    pub outcome: String,
    /// What is wrong, or different.
    pub text: String,
}

/// Takes an answer file as it is written and keeps the first lines that somebody has to look at.
pub struct FirstProblems {
    lines: Splitter,
    found: Vec<Answer>,
}

impl FirstProblems {
    /// An empty one.
    pub fn new() -> Self {
        FirstProblems { lines: Splitter::new(Limits::default()), found: Vec::new() }
    }

    /// Whether the page has enough.
    pub fn is_full(&self) -> bool {
        self.found.len() >= SHOWN
    }

    /// What was found, once all was written.
    pub fn finish(mut self) -> Vec<Answer> {
        let found = &mut self.found;
        // What cannot be read is not shown here; the answer file has it.
        let _all = self.lines.finish(|record| keep(found, record));
        self.found
    }
}

fn keep(found: &mut Vec<Answer>, record: &domain::tabular::Record<'_>) -> Result<(), Unreadable> {
    let field = |index| record.get(index).unwrap_or_default().to_owned();
    let word = record.get(2).unwrap_or_default();
    let outcome = LineOutcome::ALL.iter().find(|outcome| outcome.word() == word);
    if found.len() < SHOWN && outcome.is_some_and(|outcome| is_shown(*outcome)) {
        let answer = Answer { line: field(0), given: field(1), outcome: field(2), text: field(3) };
        found.push(answer);
    }
    Ok(())
}

/// Goes on taking what comes when it is full, so that a dry run reads its file to the end.
impl Write for FirstProblems {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let found = &mut self.found;
        let split = self.lines.feed(bytes, |record| keep(found, record));
        split.map_err(|unreadable| io::Error::other(unreadable.to_string()))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// As [`FirstProblems`], but what it is taken from ends when the page has enough.
pub struct UntilFull<'a>(pub &'a mut FirstProblems);

impl Write for UntilFull<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.is_full() {
            return Err(io::Error::other("enough"));
        }
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_problems_are_kept_and_the_rest_is_passed_over() {
        let mut first = FirstProblems::new();
        first.write_all(b"line,CHFID,outcome,text\r\n2,00-DB,loaded,\r\n3,9E+13,reje").unwrap();
        first.write_all(b"cted,\"A spreadsheet changed it, so\"\r\n").unwrap();
        for line in 4..400 {
            first.write_all(format!("{line},x,conflict,other\r\n").as_bytes()).unwrap();
        }
        let found = first.finish();
        assert_eq!(found.len(), SHOWN);
        assert_eq!(found[0].line, "3");
        assert_eq!(found[0].text, "A spreadsheet changed it, so");
        assert_eq!(found[1].outcome, "conflict");
    }

    #[test]
    fn reading_ends_when_the_page_has_enough() {
        let mut first = FirstProblems::new();
        let mut until = UntilFull(&mut first);
        let line = format!("2,{},conflict,other\r\n", "x".repeat(1000));
        let written = (0..100_000).take_while(|_| until.write_all(line.as_bytes()).is_ok()).count();
        assert!((SHOWN..1000).contains(&written), "{written}");
        assert_eq!(first.finish().len(), SHOWN);
    }

    #[test]
    fn outcomes_stand_in_their_order() {
        let counts = Counts::from([("rejected".into(), 2), ("loaded".into(), 7)]);
        let words: Vec<&str> = outcomes(&counts, meaning).iter().map(|row| row.word).collect();
        assert_eq!(words, ["loaded", "rejected"]);
        assert_eq!(problems(&counts), 2);
    }
}
