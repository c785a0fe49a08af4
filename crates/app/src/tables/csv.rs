//! CSV, cell by cell into one buffer.

use std::io::{self, Write};

use domain::tabular::{write_field, write_number, write_record};
use jiff::{Timestamp, civil::Date};

use super::{Cell, Column};

/// Bytes that are gathered before they go out.
const HELD_BYTES: usize = 64 << 10;

pub struct Csv<W> {
    out: W,
    held: Vec<u8>,
}

impl<W: Write> Csv<W> {
    pub fn new(columns: &[Column], out: W) -> io::Result<Csv<W>> {
        let mut held = Vec::with_capacity(HELD_BYTES + 4096);
        write_record(&mut held, columns.iter().map(|column| column.name));
        Ok(Csv { out, held })
    }

    pub fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        for (i, cell) in cells.iter().enumerate() {
            if i > 0 {
                self.held.push(b',');
            }
            write_cell(&mut self.held, *cell);
        }
        self.held.extend_from_slice(b"\r\n");
        if self.held.len() >= HELD_BYTES {
            self.out.write_all(&self.held)?;
            self.held.clear();
        }
        Ok(())
    }

    pub fn finish(mut self) -> io::Result<W> {
        self.out.write_all(&self.held)?;
        Ok(self.out)
    }
}

fn write_cell(out: &mut Vec<u8>, cell: Cell<'_>) {
    match cell {
        Cell::Empty => {}
        Cell::Text(text) => write_field(out, text),
        Cell::Id(id) => id.write_dashed(out),
        Cell::Int(number) => {
            if number < 0 {
                out.push(b'-');
            }
            write_number(out, number.unsigned_abs());
        }
        Cell::Date(date) => write_date(out, date),
        Cell::Instant(at) => write_instant(out, at),
    }
}

/// Writes a day as `2026-11-23`.
pub fn write_date(out: &mut Vec<u8>, date: Date) {
    write_day(
        out,
        date.year().unsigned_abs(),
        date.month().unsigned_abs(),
        date.day().unsigned_abs(),
    );
}

fn write_day(out: &mut Vec<u8>, year: u16, month: u8, day: u8) {
    pair(out, (year / 100) as u8);
    pair(out, (year % 100) as u8);
    out.push(b'-');
    pair(out, month);
    out.push(b'-');
    pair(out, day);
}

fn pair(out: &mut Vec<u8>, number: u8) {
    out.push(b'0' + number / 10);
    out.push(b'0' + number % 10);
}

/// Writes an instant in RFC 3339, UTC, to the whole second or with six digits behind it.
pub fn write_instant(out: &mut Vec<u8>, at: Timestamp) {
    const DAY: i64 = 86_400;
    let micros = at.as_microsecond();
    let (seconds, fraction) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    let (year, month, day) = civil_day(seconds.div_euclid(DAY));
    let second = seconds.rem_euclid(DAY);
    write_day(out, year, month, day);
    out.push(b'T');
    pair(out, (second / 3600) as u8);
    out.push(b':');
    pair(out, (second / 60 % 60) as u8);
    out.push(b':');
    pair(out, (second % 60) as u8);
    if fraction > 0 {
        out.push(b'.');
        for part in [fraction / 10_000, fraction / 100 % 100, fraction % 100] {
            pair(out, part as u8);
        }
    }
    out.push(b'Z');
}

/// The Gregorian day that is `days` after 1 January 1970: arithmetic on the 400 years after which
/// the calendar repeats, with years that begin in March so that the leap day comes last.
fn civil_day(days: i64) -> (u16, u8, u8) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year.unsigned_abs() as u16, month as u8, day as u8)
}
