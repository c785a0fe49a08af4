//! The fields of one row, read by column, with every mistake that is in them.

use std::fmt;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{Columns, Record};
use crate::DeviceId;

/// Everything that is wrong with one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowProblems(pub Vec<FieldProblem>);

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    /// Its column; empty if it is about the row.
    pub column: &'static str,
    /// A sentence.
    pub message: String,
}

impl fmt::Display for RowProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, FieldProblem { column, message }) in self.0.iter().enumerate() {
            let gap = if i == 0 { "" } else { " " };
            match *column {
                "" => write!(f, "{gap}{message}")?,
                column => write!(f, "{gap}{column}: {message}")?,
            }
        }
        Ok(())
    }
}

impl std::error::Error for RowProblems {}

/// Whether a field may be empty.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It may not.
    Required,
    /// It may.
    Optional,
}

/// A row whose fields are read one after the other, collecting what is wrong.
pub struct Fields<'r> {
    record: &'r Record<'r>,
    columns: &'r Columns,
    names: &'static [&'static str],
    problems: Vec<FieldProblem>,
}

impl<'r> Fields<'r> {
    /// The fields of a record, `columns` having been found by these names.
    pub fn of(
        record: &'r Record<'r>,
        columns: &'r Columns,
        names: &'static [&'static str],
    ) -> Result<Self, RowProblems> {
        if record.len() == columns.width() {
            return Ok(Fields { record, columns, names, problems: Vec::new() });
        }
        let (found, wanted) = (record.len(), columns.width());
        let message = format!("The line has {found} fields and the header {wanted}.");
        Err(RowProblems(vec![FieldProblem { column: "", message }]))
    }

    /// The row, if nothing was wrong with it; otherwise what its fields became means nothing.
    pub fn finish<T>(self, row: T) -> Result<T, RowProblems> {
        if self.problems.is_empty() { Ok(row) } else { Err(RowProblems(self.problems)) }
    }

    /// Whether anything was wrong so far.
    pub fn has_problems(&self) -> bool {
        !self.problems.is_empty()
    }

    /// Says what is wrong with a field.
    pub fn problem(&mut self, index: usize, message: impl Into<String>) {
        let column = self.names[index];
        self.problems.push(FieldProblem { column, message: message.into() });
    }

    /// A field as it was given.
    pub fn raw(&self, index: usize) -> &'r str {
        self.columns.get(self.record, index)
    }

    /// A device, or one that stands in until the row is refused.
    pub fn device(&mut self, index: usize) -> DeviceId {
        let at = self.columns.position(index);
        let given = at.and_then(|at| self.record.get(at)).unwrap_or_default();
        DeviceId::parse(given).unwrap_or_else(|mistake| {
            self.problem(index, mistake.to_string());
            DeviceId::from_bits(1).expect("one is neither all zeros nor all ones")
        })
    }

    /// Text of at most so many characters.
    pub fn text(&mut self, index: usize, longest: usize, presence: Presence) -> String {
        let text = self.raw(index);
        if text.is_empty() && presence == Presence::Required {
            self.problem(index, "It is empty.");
        } else if text.len() > longest && text.chars().count() > longest {
            self.problem(index, format!("It is longer than {longest} characters."));
        } else if text.chars().any(char::is_control) {
            self.problem(index, "It holds a line break or another control character.");
        }
        text.to_owned()
    }

    /// A day.
    pub fn date(&mut self, index: usize) -> Date {
        self.date_if_given(index).unwrap_or_else(|| {
            if self.raw(index).is_empty() {
                self.problem(index, "It is empty.");
            }
            Date::ZERO
        })
    }

    /// A day, or nothing.
    pub fn date_if_given(&mut self, index: usize) -> Option<Date> {
        let text = self.raw(index);
        let date = date(text);
        if date.is_none() && !text.is_empty() {
            self.problem(index, "It is not a date like 2026-03-02.");
        }
        date
    }

    /// An instant; a day alone is its first instant in UTC.
    pub fn instant(&mut self, index: usize) -> Timestamp {
        instant(self.raw(index)).unwrap_or_else(|| {
            self.problem(index, "It is not a time like 2026-05-01T10:00:00Z nor a date.");
            Timestamp::UNIX_EPOCH
        })
    }

    /// `Y` or `N`.
    pub fn yes_or_no(&mut self, index: usize) -> bool {
        match self.raw(index) {
            "Y" => true,
            "N" => false,
            _ => {
                self.problem(index, "It is neither Y nor N.");
                false
            }
        }
    }

    /// One of these names.
    pub fn one_of<T: Copy>(
        &mut self,
        index: usize,
        all: &[T],
        name: fn(T) -> &'static str,
    ) -> Option<T> {
        let given = self.raw(index);
        let found = all.iter().copied().find(|value| name(*value) == given);
        if found.is_none() {
            let names: Vec<&str> = all.iter().copied().map(name).collect();
            self.problem(index, format!("It is not one of {}.", names.join(", ")));
        }
        found
    }
}

/// A day written `2026-03-02`.
fn date(text: &str) -> Option<Date> {
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = *text.as_bytes() else { return None };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_i16, |sum, digit| {
            digit.is_ascii_digit().then(|| sum * 10 + i16::from(digit - b'0'))
        })
    };
    let month = number(&[m0, m1])?.try_into().ok()?;
    let day = number(&[d0, d1])?.try_into().ok()?;
    Date::new(number(&[y0, y1, y2, y3])?, month, day).ok()
}

fn instant(text: &str) -> Option<Timestamp> {
    match date(text) {
        Some(day) => Some(TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok()?),
        None => text.parse().ok(),
    }
}
