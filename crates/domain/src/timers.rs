//! Days: the calendar day of Great Britain at an instant.

use std::fmt;
use std::sync::LazyLock;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// The calendar day in Great Britain at this instant; day counts and end dates go by it.
pub fn british_day(at: Timestamp) -> Date {
    static ZONE: LazyLock<TimeZone> = LazyLock::new(|| {
        TimeZone::get("Europe/London").expect("the time zone database is part of the program")
    });
    ZONE.to_datetime(at).date()
}

/// A day as people write it here, such as 23 November 2026.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InWords(pub Date);

impl fmt::Display for InWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MONTHS: [&str; 12] = [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ];
        let month = MONTHS[usize::from(self.0.month().unsigned_abs()) - 1];
        write!(f, "{} {month} {}", self.0.day(), self.0.year())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn in_summer_the_british_day_begins_an_hour_before_midnight_utc() {
        let day = |text: &str| british_day(text.parse().unwrap()).to_string();
        assert_eq!(day("2026-06-30T22:59:59Z"), "2026-06-30");
        assert_eq!(day("2026-06-30T23:00:00Z"), "2026-07-01");
        assert_eq!(day("2026-11-23T23:59:59Z"), "2026-11-23");
    }

    #[test]
    fn a_day_reads_as_people_write_it() {
        assert_eq!(InWords("2026-11-03".parse().unwrap()).to_string(), "3 November 2026");
    }
}
