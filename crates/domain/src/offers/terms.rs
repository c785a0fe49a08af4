//! What an offer says besides its specification, and what is wrong with it.

use jiff::civil::Date;

use super::Firmware;
use crate::Refusal;
use crate::timers::InWords;

/// The longest packaging or location.
pub const LONGEST_TEXT: usize = 200;
/// The longest notes.
pub const LONGEST_NOTES: usize = 1000;
/// The most hubs that one offer or request can be about.
pub const MOST_HUBS: i64 = 10_000_000;

/// Who arranges the carriage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Carriage {
    /// The Party that offers.
    Sender,
    /// The Party that receives.
    Receiver,
    /// The two agree it.
    #[default]
    ToBeAgreed,
}

impl Carriage {
    /// All of them.
    pub const ALL: &[Carriage] = &[Carriage::Sender, Carriage::Receiver, Carriage::ToBeAgreed];

    /// As the database keeps it and the API spells it.
    pub fn name(self) -> &'static str {
        match self {
            Carriage::Sender => "Sender",
            Carriage::Receiver => "Receiver",
            Carriage::ToBeAgreed => "ToBeAgreed",
        }
    }

    /// As a person reads it.
    pub fn words(self) -> &'static str {
        match self {
            Carriage::Sender => "The offering Party arranges carriage",
            Carriage::Receiver => "The receiving Party arranges carriage",
            Carriage::ToBeAgreed => "The two Parties agree who arranges carriage",
        }
    }

    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|carriage| carriage.name() == name)
    }
}

/// What an offer says besides its specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How many hubs.
    pub quantity: i64,
    /// The least that a request may ask for.
    pub minimum_lot: i64,
    /// Whether it goes in whole pallets only: in multiples of the minimum lot.
    pub full_pallets: bool,
    /// How it is packed.
    pub packaging: String,
    /// Where it is; shown to the Party that receives it.
    pub location: String,
    /// Who arranges the carriage.
    pub carriage: Carriage,
    /// Anything else; every Party can read it.
    pub notes: String,
    /// The first day on which it can leave.
    pub available_from: Date,
    /// The last day, if there is one.
    pub available_until: Option<Date>,
    /// The last day for requests, if it is not the usual one.
    pub closes_on: Option<Date>,
}

impl Terms {
    /// Says what is wrong with them on this day.
    pub fn check(&self, today: Date) -> Result<(), Refusal> {
        if !(1..=MOST_HUBS).contains(&self.quantity) {
            let message = format!("Enter how many hubs you offer, from 1 to {MOST_HUBS}.");
            return Err(Refusal::field("quantity", message));
        }
        if !(1..=self.quantity).contains(&self.minimum_lot) {
            let message =
                format!("Enter a minimum lot from 1 to {}, the quantity offered.", self.quantity);
            return Err(Refusal::field("minimum_lot", message));
        }
        if self.full_pallets && self.quantity % self.minimum_lot != 0 {
            let lot = self.minimum_lot;
            let message = format!(
                "Whole pallets are offered in lots of {lot}: enter a multiple of {lot}, or offer \
                 part pallets."
            );
            return Err(Refusal::field("quantity", message));
        }
        text("packaging", "packaging", &self.packaging, LONGEST_TEXT)?;
        text("location", "location", &self.location, LONGEST_TEXT)?;
        long_text("notes", "notes", &self.notes, LONGEST_NOTES)?;
        if self.available_until.is_some_and(|until| until < self.available_from) {
            let from = InWords(self.available_from);
            let message = format!("Enter a last day that is not before {from}, the first.");
            return Err(Refusal::field("available_until", message));
        }
        if self.available_until.is_some_and(|until| until < today) {
            let message = "Enter a last day that has not passed.";
            return Err(Refusal::field("available_until", message));
        }
        if self.closes_on.is_some_and(|day| day < today) {
            let message = "Enter a closing day that has not passed.";
            return Err(Refusal::field("closes_on", message));
        }
        if let (Some(closes), Some(until)) = (self.closes_on, self.available_until)
            && closes > until
        {
            let message = "Enter a closing day that is not after the last day of availability.";
            return Err(Refusal::field("closes_on", message));
        }
        Ok(())
    }

    /// Whether the breakdown by firmware, where there is one, adds up to the quantity.
    pub fn check_firmware(&self, firmware: &Firmware) -> Result<(), Refusal> {
        if firmware.is_empty() {
            return Ok(());
        }
        let sum: i64 = firmware.values().sum();
        if firmware.values().any(|quantity| *quantity < 1) || sum != self.quantity {
            let message = format!(
                "The firmware breakdown comes to {sum} and the offer to {}. Make them equal, or \
                 leave the breakdown out.",
                self.quantity
            );
            return Err(Refusal::field("firmware", message));
        }
        Ok(())
    }

    /// What of these may still change once the offer was submitted: all but the lots.
    pub fn differs_in_lots(&self, other: &Terms) -> bool {
        self.minimum_lot != other.minimum_lot
            || self.full_pallets != other.full_pallets
            || self.closes_on != other.closes_on
    }
}

/// Refuses a text that is too long or holds what cannot be printed.
pub(crate) fn text(
    field: &'static str,
    what: &str,
    text: &str,
    longest: usize,
) -> Result<(), Refusal> {
    if text.chars().count() > longest || text.chars().any(char::is_control) {
        let message = format!("Shorten the {what} to {longest} characters, on one line.");
        return Err(Refusal::field(field, message));
    }
    Ok(())
}

/// Refuses a text of several lines that is too long or holds what cannot be printed.
pub(crate) fn long_text(
    field: &'static str,
    what: &str,
    text: &str,
    longest: usize,
) -> Result<(), Refusal> {
    let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if text.chars().count() > longest || text.chars().any(odd) {
        let message = format!("Shorten the {what} to {longest} characters of plain text.");
        return Err(Refusal::field(field, message));
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn terms() -> Terms {
        Terms {
            quantity: 1792,
            minimum_lot: 896,
            full_pallets: true,
            packaging: "Original pallets".into(),
            location: "Unit 4, Leeds".into(),
            carriage: Carriage::Sender,
            notes: String::new(),
            available_from: day("2026-11-23"),
            available_until: None,
            closes_on: None,
        }
    }

    fn check(change: impl FnOnce(&mut Terms), expected: Option<&str>) {
        let mut terms = terms();
        change(&mut terms);
        let field = terms.check(day("2026-11-23")).err().and_then(|refusal| refusal.field);
        assert_eq!(field, expected);
    }

    #[test]
    fn each_mistake_is_named_by_its_field() {
        check(|_| {}, None);
        check(|t| t.quantity = 0, Some("quantity"));
        check(|t| t.quantity = 1800, Some("quantity"));
        check(|t| (t.quantity, t.full_pallets) = (1800, false), None);
        check(|t| t.minimum_lot = 1793, Some("minimum_lot"));
        check(|t| t.packaging = "x".repeat(201), Some("packaging"));
        check(|t| t.location = "a\nb".into(), Some("location"));
        check(|t| t.notes = "a\nb".into(), None);
        check(|t| t.notes = "a\u{0}".into(), Some("notes"));
        check(|t| t.available_until = Some(day("2026-11-22")), Some("available_until"));
        check(|t| t.closes_on = Some(day("2026-11-20")), Some("closes_on"));
        let late = |t: &mut Terms| {
            t.available_until = Some(day("2026-12-01"));
            t.closes_on = Some(day("2026-12-02"));
        };
        check(late, Some("closes_on"));
    }

    #[test]
    fn a_firmware_breakdown_adds_up() {
        let firmware = |a, b| Firmware::from([("01".to_owned(), a), ("02".to_owned(), b)]);
        assert!(terms().check_firmware(&Firmware::new()).is_ok());
        assert!(terms().check_firmware(&firmware(1000, 792)).is_ok());
        assert!(terms().check_firmware(&firmware(1000, 791)).is_err());
        assert!(terms().check_firmware(&firmware(1792, 0)).is_err());
    }
}
