//! The demonstration's market: offers in every state, requests for them, and what is wanted.

use app::excess::{self, Offered, Picked};
use app::offers::{self, Draft, Drafted, Listing, Uncommitted};
use app::{App, Error, Result, requests};
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
    /// What is over: one offer that nobody asked for in time, and one that was taken back.
    pub fn past(&self) -> Result<()> {
        let (seller, dcc) = (self.seller()?, self.dcc()?);
        self.at(SignedDuration::from_hours(24 * 19 - 6));
        let (largest, second) = self.most(&seller)?;
        let mut short = self.offer(&largest, 1);
        short.terms.closes_on = Some(british_day(self.app.now()).saturating_add(2.days()));
        self.published(&seller, &dcc, &short)?;
        let regretted = self.published(&seller, &dcc, &self.offer(&second, 1))?;
        let why = "We install these ourselves now.";
        offers::withdraw(self.app, &seller, regretted, None, why)?;
        Ok(())
    }

    /// What is on the board, or on its way there.
    pub fn present(&self) -> Result<()> {
        let (seller, dcc) = (self.seller()?, self.dcc()?);
        let buyer = self.acting("stock@pennywort.example", Action::ManageRequests)?;
        self.at(SignedDuration::from_mins(20));
        let (largest, second) = self.most(&seller)?;

        // With a queue; with its device IDs; suspended.
        let open = self.published(&seller, &dcc, &self.offer(&largest, 3))?;
        self.ask(&buyer, None, open, 1)?;
        self.ask(&dcc, Some("BRIGHTWR"), open, 2)?;
        let groups = excess::own(self.app, &seller, None)?;
        let group = groups.iter().find(|group| group.specification == second.0);
        if let Some(pallet) = group.and_then(|group| group.pallets.first()) {
            let picked = [Picked::of(&pallet.stock)];
            let how = Offered::WithIds;
            let listed = offer_in(excess::draft_offer(self.app, &seller, None, &picked, how)?)?;
            offers::submit(self.app, &seller, listed, None)?;
            offers::publish(self.app, &dcc, listed, None)?;
        }
        let doubted = self.published(&seller, &dcc, &self.offer(&second, 1))?;
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
        for (region, pallets) in [("North", 2), ("South", 1)] {
            let region = region.to_owned();
            let specification = Specification { region, ..Specification::default() };
            let asked = asked(pallets * i64::from(PALLET), None);
            let draft = requests::Draft { party: None, offer: None, specification, asked };
            requests::draft_and_submit(self.app, &buyer, &draft)?;
        }

        // Waiting for the DCC, returned, and just begun.
        let waiting = offer_in(offers::draft(self.app, &seller, &self.offer(&second, 1))?)?;
        offers::submit(self.app, &seller, waiting, None)?;
        let returned = offer_in(offers::draft(self.app, &seller, &self.offer(&largest, 1))?)?;
        offers::submit(self.app, &seller, returned, None)?;
        let why = "Please say in which warehouse the pallet is.";
        offers::return_to_party(self.app, &dcc, returned, None, why)?;
        offers::draft(self.app, &seller, &self.offer(&largest, 1))?;
        Ok(())
    }

    fn seller(&self) -> Result<Actor> {
        self.acting("stock@larkspur.example", Action::ManageOffers)
    }

    fn dcc(&self) -> Result<Actor> {
        self.acting("logistics@dcc.example", Action::PublishOffers)
    }

    /// The two kinds of stock of which a Party has most to offer.
    fn most(&self, seller: &Actor) -> Result<(Stock, Stock)> {
        let mut stock = offers::options(self.app, seller, None)?;
        stock.sort_by_key(|(_, has)| -has.free);
        let mut stock = stock.into_iter();
        match (stock.next(), stock.next()) {
            (Some(largest), Some(second)) => Ok((largest, second)),
            _ => Err(Error::Damaged("the world has too little stock".into())),
        }
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
