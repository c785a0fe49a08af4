//! The demonstration's market: offers in every state, requests for them, and what is wanted.

use app::offers::{self, Draft, Drafted, Listing, Uncommitted};
use app::{App, Error, Result, requests, timers};
use domain::access::{Action, Actor};
use domain::ids::{OfferId, PartyId};
use domain::offers::{Carriage, Firmware, Specification, Terms};
use domain::requests::Asked;
use domain::timers::british_day;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::stock::PALLET;

/// The market of a world whose clock can be set.
pub struct Market<'a> {
    /// The operations.
    pub app: &'a App,
    /// The day on which the visitor comes.
    pub today: Timestamp,
}

type Stock = (Specification, Uncommitted);

impl Market<'_> {
    /// Fills the board.
    pub fn build(&self) -> Result<()> {
        let seller = self.acting("stock@larkspur.example", Action::ManageOffers)?;
        let buyer = self.acting("stock@pennywort.example", Action::ManageRequests)?;
        let dcc = self.acting("logistics@dcc.example", Action::PublishOffers)?;
        self.at(days(30));
        let mut stock = offers::options(self.app, &seller, None)?;
        stock.sort_by_key(|(_, has)| -has.free);
        let (largest, second) = match stock.as_slice() {
            [largest, second, ..] => (largest, second),
            _ => return Err(Error::Damaged("the world has too little stock".into())),
        };

        // Expired and withdrawn: nobody asked, or the seller thought better of it.
        let mut short = self.offer(largest, 1);
        short.terms.closes_on = Some(british_day(self.app.now()).saturating_add(7.days()));
        self.published(&seller, &dcc, &short)?;
        let regretted = self.published(&seller, &dcc, &self.offer(second, 1))?;
        offers::withdraw(self.app, &seller, regretted, None, "We install these ourselves now.")?;
        self.at(days(20));
        timers::pass(self.app)?;

        // Closed to requests a while ago: selection can be run.
        self.at(days(9));
        let closing = self.published(&seller, &dcc, &self.offer(largest, 2))?;
        self.ask(&buyer, None, closing, 2)?;
        self.ask(&dcc, Some("SALTMRSH"), closing, 1)?;
        self.ask(&dcc, Some("TERNUTIL"), closing, 1)?;
        self.at(days(1));
        timers::pass(self.app)?;

        // On the board, with a queue; one lists its device IDs; one is suspended.
        self.at(days(3));
        let open = self.published(&seller, &dcc, &self.offer(largest, 3))?;
        self.ask(&buyer, None, open, 1)?;
        self.ask(&dcc, Some("BRIGHTWR"), open, 2)?;
        let pallets = app::excess::own(self.app, &seller, None)?;
        let group = pallets.iter().find(|group| group.specification == second.0);
        if let Some(pallet) = group.and_then(|group| group.pallets.first()) {
            let picked = [app::excess::Picked::of(&pallet.stock)];
            let how = app::excess::Offered::WithIds;
            let drafted = app::excess::draft_offer(self.app, &seller, None, &picked, how)?;
            let listed = offer_in(drafted)?;
            offers::submit(self.app, &seller, listed, None)?;
            offers::publish(self.app, &dcc, listed, None)?;
        }
        let doubted = self.published(&seller, &dcc, &self.offer(second, 1))?;
        let why = "The warehouse says that a pallet got wet; we are looking into it.";
        offers::suspend(self.app, &dcc, doubted, None, why)?;

        // From other Parties, and what is wanted.
        for (signifier, count) in [("BRIGHTWR", 2), ("FELLSIDE", 1)] {
            let party = self.party(signifier)?;
            let options = offers::options(self.app, &dcc, Some(party))?;
            if let Some(stock) = options.iter().max_by_key(|(_, has)| has.free) {
                let draft = Draft { party: Some(party), ..self.offer(stock, count) };
                self.published(&dcc, &dcc, &draft)?;
            }
        }
        let wanted =
            |region: &str| Specification { region: region.into(), ..Specification::default() };
        for (region, pallets) in [("North", 2), ("South", 1)] {
            let asked = asked(pallets * i64::from(PALLET), None);
            let draft =
                requests::Draft { party: None, offer: None, specification: wanted(region), asked };
            requests::draft_and_submit(self.app, &buyer, &draft)?;
        }

        // Waiting for the DCC, returned, and just begun.
        self.at(SignedDuration::from_hours(20));
        let waiting = offer_in(offers::draft(self.app, &seller, &self.offer(second, 1))?)?;
        offers::submit(self.app, &seller, waiting, None)?;
        let returned = offer_in(offers::draft(self.app, &seller, &self.offer(largest, 1))?)?;
        offers::submit(self.app, &seller, returned, None)?;
        let why = "Please say in which warehouse the pallet is.";
        offers::return_to_party(self.app, &dcc, returned, None, why)?;
        offers::draft(self.app, &seller, &self.offer(largest, 1))?;
        Ok(())
    }

    fn at(&self, ago: SignedDuration) {
        self.app.clock.set(self.today - ago);
    }

    fn acting(&self, email: &str, action: Action) -> Result<Actor> {
        app::sign_in::actor_by_email(self.app, email, action, None)
    }

    fn party(&self, signifier: &str) -> Result<PartyId> {
        let dcc = self.acting("logistics@dcc.example", Action::SeeParties)?;
        Ok(app::parties::by_signifier(self.app, &dcc, signifier)?.party.id)
    }

    /// An offer of so many pallets, as far as there are hubs for them.
    fn offer(&self, (specification, _): &Stock, pallets: i64) -> Draft {
        let lot = i64::from(PALLET);
        Draft {
            party: None,
            specification: specification.clone(),
            firmware: Firmware::new(),
            terms: Terms {
                quantity: pallets * lot,
                minimum_lot: lot,
                full_pallets: true,
                packaging: "Original pallets, shrink-wrapped".into(),
                location: "Unit 4, Riverside Park".into(),
                carriage: Carriage::Sender,
                notes: "Can be collected on any working day from 8am.".into(),
                available_from: british_day(self.app.now()),
                available_until: None,
                closes_on: None,
            },
            listing: Listing::AsItIs,
        }
    }

    fn published(&self, seller: &Actor, dcc: &Actor, draft: &Draft) -> Result<OfferId> {
        let id = offer_in(offers::draft(self.app, seller, draft)?)?;
        offers::submit(self.app, seller, id, None)?;
        offers::publish(self.app, dcc, id, None)?;
        Ok(id)
    }

    fn ask(&self, who: &Actor, party: Option<&str>, offer: OfferId, pallets: i64) -> Result<()> {
        let party = party.map(|signifier| self.party(signifier)).transpose()?;
        let draft = requests::Draft {
            party,
            offer: Some(offer),
            specification: Specification::default(),
            asked: asked(pallets * i64::from(PALLET), Some("Depot 2, Canal Street")),
        };
        requests::draft_and_submit(self.app, who, &draft)?;
        Ok(())
    }
}

fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

fn asked(quantity: i64, location: Option<&str>) -> Asked {
    Asked {
        quantity,
        minimum: i64::from(PALLET),
        needed_by: None,
        location: location.unwrap_or_default().to_owned(),
        notes: String::new(),
    }
}

fn offer_in(drafted: Drafted) -> Result<OfferId> {
    match drafted {
        Drafted::Offer(id) => Ok(id),
        Drafted::Mistakes(_) => Err(Error::Damaged("the world's own hubs can't be offered".into())),
    }
}
