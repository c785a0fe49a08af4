//! Days: the calendar day of Great Britain at an instant.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// The calendar day in Great Britain at this instant; day counts and end dates go by it.
pub fn british_day(at: Timestamp) -> Date {
    let zone =
        TimeZone::get("Europe/London").expect("the time zone database is part of the program");
    at.to_zoned(zone).date()
}
