//! Days: the calendar day of Great Britain at an instant.

use jiff::{Timestamp, civil::Date};

/// The calendar day in Great Britain at this instant; day counts and end dates go by it.
pub fn british_day(at: Timestamp) -> Date {
    at.in_tz("Europe/London").expect("the time zone database is part of the program").date()
}
