//! Days: the calendar day of Great Britain at an instant, and working days of England and Wales.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::LazyLock;

use jiff::civil::{Date, Weekday};
use jiff::{Timestamp, tz::TimeZone};

static ZONE: LazyLock<TimeZone> = LazyLock::new(|| {
    TimeZone::get("Europe/London").expect("the time zone database is part of the program")
});

/// The calendar day in Great Britain at this instant; day counts and end dates go by it.
pub fn british_day(at: Timestamp) -> Date {
    ZONE.to_datetime(at).date()
}

/// The first instant after this day in Great Britain: what is due on a day is due before it.
pub fn end_of_british_day(day: Date) -> Timestamp {
    let next = day.tomorrow().unwrap_or(day).to_datetime(jiff::civil::Time::midnight());
    let midnight = ZONE.to_ambiguous_timestamp(next).compatible();
    midnight.unwrap_or(Timestamp::MAX)
}

/// Working days of England and Wales: not Saturday, not Sunday, not a holiday
/// (Smart Energy Code, section A: "Working Day").
#[derive(Clone, Debug, Default)]
pub struct WorkingDays {
    holidays: BTreeSet<Date>,
}

impl WorkingDays {
    /// Those between these holidays.
    pub fn new(holidays: impl IntoIterator<Item = Date>) -> WorkingDays {
        WorkingDays { holidays: holidays.into_iter().collect() }
    }

    /// Whether people work on it.
    pub fn is_one(&self, day: Date) -> bool {
        !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
            && !self.holidays.contains(&day)
    }

    /// The working day that is `count` working days after `day`; with 0, the first from `day` on.
    pub fn after(&self, day: Date, count: u32) -> Date {
        let mut at = day;
        let mut left = count;
        while left > 0 || !self.is_one(at) {
            let Ok(next) = at.tomorrow() else { return at };
            at = next;
            if left > 0 && self.is_one(at) {
                left -= 1;
            }
        }
        at
    }

    /// How many working days lie after `from` up to and with `to`; none if `to` is not later.
    pub fn between(&self, from: Date, to: Date) -> u32 {
        let mut days = 0;
        let mut at = from;
        while at < to {
            let Ok(next) = at.tomorrow() else { return days };
            at = next;
            days += u32::from(self.is_one(at));
        }
        days
    }

    /// The end of the working day that is `count` working days after the day of `from`.
    pub fn deadline(&self, from: Timestamp, count: u32) -> Timestamp {
        end_of_british_day(self.after(british_day(from), count))
    }
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
    fn working_days_pass_over_weekends_and_holidays() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let days = WorkingDays::new([day("2026-12-25"), day("2026-12-28")]);
        let check = |from: &str, count, to: &str| {
            assert_eq!(days.after(day(from), count), day(to), "{from} + {count}");
        };
        check("2026-11-23", 0, "2026-11-23");
        check("2026-11-23", 2, "2026-11-25");
        check("2026-11-27", 1, "2026-11-30");
        check("2026-11-28", 0, "2026-11-30");
        check("2026-11-28", 1, "2026-11-30");
        check("2026-12-24", 1, "2026-12-29");
        assert_eq!(days.between(day("2026-12-24"), day("2026-12-29")), 1);
        assert_eq!(days.between(day("2026-12-29"), day("2026-12-24")), 0);
    }

    #[test]
    fn what_is_due_on_a_day_is_due_before_its_end_in_great_britain() {
        let from: Timestamp = "2026-06-26T22:30:00Z".parse().unwrap();
        let due = WorkingDays::default().deadline(from, 2);
        assert_eq!(due.to_string(), "2026-06-30T23:00:00Z");
    }

    #[test]
    fn a_day_reads_as_people_write_it() {
        assert_eq!(InWords("2026-11-03".parse().unwrap()).to_string(), "3 November 2026");
    }
}
