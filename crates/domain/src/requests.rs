//! Requests for stock: for an offer, or wanted, which is for whatever may come.

mod state;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::ids::PartyId;
use crate::offers::{self, LONGEST_NOTES, LONGEST_TEXT, MOST_HUBS};
use crate::parties::PartyDetails;
use crate::{Refusal, refusal::RefusalKind};

pub use state::{Action, State, TRANSITIONS};

/// What a request asks for, besides what stock it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// How many hubs.
    pub quantity: i64,
    /// The least that is of use.
    pub minimum: i64,
    /// By when, if it matters.
    pub needed_by: Option<Date>,
    /// Where to; shown to the Party that sends.
    pub location: String,
    /// Anything else.
    pub notes: String,
}

impl Asked {
    /// Says what is wrong with it on this day.
    pub fn check(&self, today: Date) -> Result<(), Refusal> {
        if !(1..=MOST_HUBS).contains(&self.quantity) {
            let message = format!("Enter how many hubs you ask for, from 1 to {MOST_HUBS}.");
            return Err(Refusal::field("quantity", message));
        }
        if !(1..=self.quantity).contains(&self.minimum) {
            let quantity = self.quantity;
            let message =
                format!("Enter the least that is of use, from 1 to {quantity}, what you ask for.");
            return Err(Refusal::field("minimum", message));
        }
        if self.needed_by.is_some_and(|day| day < today) {
            let message = "Enter a day that has not passed, or leave it empty.";
            return Err(Refusal::field("needed_by", message));
        }
        offers::text("location", "location", &self.location, LONGEST_TEXT)?;
        offers::long_text("notes", "notes", &self.notes, LONGEST_NOTES)
    }
}

/// What a request is held against: the offer as it is in the instant of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferFacts {
    /// Whose it is.
    pub party: PartyId,
    /// Where it is.
    pub state: offers::State,
    /// How many hubs.
    pub quantity: i64,
    /// How many of them are allocated.
    pub allocated: i64,
    /// The least that a request may ask for.
    pub minimum_lot: i64,
    /// Whether only in multiples of it.
    pub full_pallets: bool,
    /// When it takes no more requests.
    pub closes_at: Option<Timestamp>,
    /// When it was closed to requests, if it was.
    pub requests_closed_at: Option<Timestamp>,
}

impl OfferFacts {
    /// Whether it takes requests at this instant.
    pub fn takes_requests(&self, now: Timestamp) -> bool {
        self.state.is_on_the_board()
            && self.requests_closed_at.is_none()
            && self.closes_at.is_some_and(|closes| now < closes)
    }

    /// What is left of it.
    pub fn left(&self) -> i64 {
        self.quantity - self.allocated
    }

    /// Says why this Party can't ask for this much of it now.
    pub fn check_request(
        &self,
        party: PartyId,
        asked: &Asked,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        if party == self.party {
            let message = "This is your own offer. Withdraw it or lower its quantity instead.";
            return Err(Refusal::new(RefusalKind::Invalid, message));
        }
        if !self.takes_requests(now) {
            let message = "This offer takes no more requests. Look on the board for another, or \
                           say what you want in a wanted request.";
            return Err(Refusal::new(RefusalKind::WrongState, message));
        }
        let (left, lot) = (self.left(), self.minimum_lot);
        if asked.quantity > left {
            let message = format!("{left} hubs are left of this offer. Ask for at most that.");
            return Err(Refusal::field("quantity", message));
        }
        if asked.quantity < lot && asked.quantity < left {
            let message = format!("The least that you can ask for is {lot} hubs, the minimum lot.");
            return Err(Refusal::field("quantity", message));
        }
        if self.full_pallets && asked.quantity % lot != 0 {
            let message =
                format!("This offer goes in whole lots: ask for a multiple of {lot} hubs.");
            return Err(Refusal::field("quantity", message));
        }
        Ok(())
    }
}

/// Refuses a Party to which hubs can't be moved.
pub fn must_be_able_to_receive(party: &PartyDetails) -> Result<(), Refusal> {
    if party.can_receive_hubs() {
        return Ok(());
    }
    let name = &party.legal_name;
    let message = format!(
        "Hubs can't be moved to {name}: it is {}. Ask the DCC.",
        if party.may_hold_hubs { "not active" } else { "not allowed to hold hubs" }
    );
    Err(Refusal::new(RefusalKind::NotAllowed, message))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-23T18:00:00Z";

    fn offer() -> OfferFacts {
        OfferFacts {
            party: PartyId(1),
            state: offers::State::PartAllocated,
            quantity: 2000,
            allocated: 1000,
            minimum_lot: 300,
            full_pallets: false,
            closes_at: Some("2026-11-24T00:00:00Z".parse().unwrap()),
            requests_closed_at: None,
        }
    }

    fn asked(quantity: i64) -> Asked {
        let (location, notes) = (String::new(), String::new());
        Asked { quantity, minimum: 1, needed_by: None, location, notes }
    }

    fn check(offer: &OfferFacts, party: i64, quantity: i64, expected: Option<&str>) {
        let now = NOW.parse().unwrap();
        let refusal = offer.check_request(PartyId(party), &asked(quantity), now).err();
        let message = refusal.map(|refusal| refusal.message).unwrap_or_default();
        match expected {
            None => assert_eq!(message, ""),
            Some(part) => assert!(message.contains(part), "{message}"),
        }
    }

    #[test]
    fn a_request_is_held_against_the_offer() {
        check(&offer(), 2, 1000, None);
        check(&offer(), 2, 300, None);
        check(&offer(), 1, 300, Some("your own offer"));
        check(&offer(), 2, 1001, Some("1000 hubs are left"));
        check(&offer(), 2, 299, Some("minimum lot"));
        let whole = OfferFacts { full_pallets: true, ..offer() };
        check(&whole, 2, 900, None);
        check(&whole, 2, 1000, Some("a multiple of 300"));
    }

    #[test]
    fn what_is_left_may_be_less_than_the_minimum_lot() {
        let nearly = OfferFacts { allocated: 1900, ..offer() };
        check(&nearly, 2, 100, None);
        check(&nearly, 2, 99, Some("minimum lot"));
    }

    #[test]
    fn an_offer_takes_requests_from_its_publication_to_its_closing() {
        let closing = OfferFacts { closes_at: Some(NOW.parse().unwrap()), ..offer() };
        check(&closing, 2, 300, Some("no more requests"));
        let closed = OfferFacts { requests_closed_at: closing.closes_at, ..offer() };
        check(&closed, 2, 300, Some("no more requests"));
        for state in offers::State::ALL {
            let of = OfferFacts { state: *state, ..offer() };
            let expected = (!state.is_on_the_board()).then_some("no more requests");
            check(&of, 2, 300, expected);
        }
    }

    #[test]
    fn what_is_asked_for_makes_sense() {
        let today = "2026-11-23".parse().unwrap();
        let field = |asked: Asked| asked.check(today).err().and_then(|refusal| refusal.field);
        assert_eq!(field(asked(5)), None);
        assert_eq!(field(asked(0)), Some("quantity"));
        assert_eq!(field(Asked { minimum: 6, ..asked(5) }), Some("minimum"));
        assert_eq!(field(Asked { minimum: 0, ..asked(5) }), Some("minimum"));
        let past = "2026-11-22".parse().ok();
        assert_eq!(field(Asked { needed_by: past, ..asked(5) }), Some("needed_by"));
    }
}
