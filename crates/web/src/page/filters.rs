//! How dates, times and numbers are written on a page.
//!
//! A module with a page's template says `use crate::page::filters;`.
#![allow(missing_docs)] // `filter_fn` makes items of its own, which can't be given a comment

use std::fmt::Display;

use askama::{Result, Values};
use domain::inventory::SmiStatus;
use domain::numbers::grouped;
use domain::transfer_files::State;
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil::Date};

/// A value, or a reference to it: templates hand over now one, now the other.
pub trait Read<T> {
    /// The value.
    fn read(&self) -> T;
}

macro_rules! read {
    ($($kind:ty),+) => {$(
        impl Read<$kind> for $kind {
            fn read(&self) -> $kind {
                *self
            }
        }
        impl Read<$kind> for &$kind {
            fn read(&self) -> $kind {
                **self
            }
        }
        impl Read<$kind> for &&$kind {
            fn read(&self) -> $kind {
                ***self
            }
        }
    )+};
}

read!(Date, Timestamp, SmiStatus, State);

/// `23 November 2026`
#[askama::filter_fn]
pub fn date(day: impl Read<Date>, _: &dyn Values) -> Result<String> {
    Ok(date_text(day.read()))
}

/// `23 November 2026 at 2:05pm`, in British time
#[askama::filter_fn]
pub fn datetime(at: impl Read<Timestamp>, _: &dyn Values) -> Result<String> {
    Ok(datetime_text(at.read()))
}

/// `the end of 23 November 2026`: until when something can be done
#[askama::filter_fn]
pub fn due(at: impl Read<Timestamp>, _: &dyn Values) -> Result<String> {
    Ok(due_text(at.read()))
}

/// `12,345`
#[askama::filter_fn]
pub fn number(number: impl Display, _: &dyn Values) -> Result<String> {
    Ok(grouped(number))
}

/// `1 hub`, `12,345 hubs`: `{{ n|count("hub", "hubs") }}`
#[askama::filter_fn]
pub fn count(number: impl Display, _: &dyn Values, one: &str, many: &str) -> Result<String> {
    let number = number.to_string();
    let noun = if number == "1" { one } else { many };
    Ok(format!("{} {noun}", grouped(&number)))
}

/// `412 bytes`, `3.4 MB`
#[askama::filter_fn]
pub fn size(bytes: impl Display, _: &dyn Values) -> Result<String> {
    Ok(size_text(bytes.to_string().parse().unwrap_or_default()))
}

/// The address of an asset: `{{ "app.css"|asset }}`
#[askama::filter_fn]
pub fn asset(name: impl AsRef<str>, _: &dyn Values) -> Result<String> {
    Ok(crate::assets::href(name.as_ref()))
}

/// The colour of a hub's status as a tag: only what can be moved is green.
#[askama::filter_fn]
pub fn smi_status_colour(status: impl Read<SmiStatus>, _: &dyn Values) -> Result<&'static str> {
    Ok(match status.read() {
        SmiStatus::Pending => "green",
        SmiStatus::Whitelisted | SmiStatus::InstalledNotCommissioned => "yellow",
        SmiStatus::Commissioned => "teal",
        SmiStatus::Decommissioned | SmiStatus::Withdrawn => "grey",
        SmiStatus::Suspended => "red",
        SmiStatus::Recovery | SmiStatus::Recovered => "orange",
    })
}

/// The colour of a transfer file's state as a tag: what waits for a person is yellow.
#[askama::filter_fn]
pub fn transfer_file_colour(state: impl Read<State>, _: &dyn Values) -> Result<&'static str> {
    Ok(transfer_file_state_colour(state.read()))
}

/// The colour of a transfer file's state.
pub fn transfer_file_state_colour(state: State) -> &'static str {
    match state {
        State::Received | State::Validating | State::Authorised | State::Applying => "",
        State::Validated => "yellow",
        State::Applied => "green",
        State::PartApplied => "orange",
        State::FailedValidation | State::Failed | State::Rejected => "red",
        State::Withdrawn => "grey",
    }
}

/// `23 November 2026`
pub fn date_text(day: Date) -> String {
    day.strftime("%-d %B %Y").to_string()
}

/// `23 November 2026 at 2:05pm`, in British time
pub fn datetime_text(at: Timestamp) -> String {
    let zone = TimeZone::get("Europe/London").expect("the time zone database is embedded");
    at.to_zoned_datetime(zone).strftime("%-d %B %Y at %-I:%M%P").to_string()
}

/// `the end of 23 November 2026` for the midnight after it, otherwise as [`datetime_text`]
pub fn due_text(at: Timestamp) -> String {
    let last = domain::timers::british_day(at - jiff::SignedDuration::from_micros(1));
    if last == domain::timers::british_day(at) {
        return datetime_text(at);
    }
    format!("the end of {}", date_text(last))
}

/// `3.4 MB`: decimal, as a file manager shows it
pub fn size_text(bytes: u64) -> String {
    let tenths = |unit: u64| format!("{}.{}", bytes / unit, bytes % unit / (unit / 10));
    match bytes {
        1 => "1 byte".to_owned(),
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", tenths(1_000)),
        1_000_000..1_000_000_000 => format!("{} MB", tenths(1_000_000)),
        _ => format!("{} GB", tenths(1_000_000_000)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn midnight_is_the_end_of_the_day_before() {
        for (instant, text) in [
            ("2026-11-24T00:00:00Z", "the end of 23 November 2026"),
            ("2026-07-01T23:00:00Z", "the end of 1 July 2026"),
            ("2026-07-01T22:59:00Z", "1 July 2026 at 11:59pm"),
        ] {
            assert_eq!(due_text(instant.parse().unwrap()), text);
        }
    }

    #[test]
    fn times_are_british_in_summer_and_winter() {
        for (instant, text) in [
            ("2026-11-23T14:05:00Z", "23 November 2026 at 2:05pm"),
            ("2026-07-01T23:30:00Z", "2 July 2026 at 12:30am"),
        ] {
            assert_eq!(datetime_text(instant.parse().unwrap()), text);
        }
    }

    #[test]
    fn sizes_are_cut_not_rounded() {
        for (bytes, text) in [(1, "1 byte"), (412, "412 bytes"), (3_499_999, "3.4 MB")] {
            assert_eq!(size_text(bytes), text);
        }
    }
}
