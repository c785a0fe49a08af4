//! The demonstration's selection: a second version of the policy, a past round, one that waits to be
//! run, one about to close, and a third version whose notice runs.

use app::offers::{self, Draft, Drafted, Listing};
use app::requests;
use app::selection::{self, Publishing};
use app::{App, Error, Result};
use domain::access::{Action, Actor};
use domain::ids::{OfferId, PartyId};
use domain::offers::{Carriage, Firmware, Specification, Terms};
use domain::requests::Asked;
use domain::selection::parse_steps;
use domain::timers::british_day;
use jiff::ToSpan;

fn acting(app: &App, email: &str, action: Action) -> Result<Actor> {
    app::sign_in::actor_by_email(app, email, action, None)
}

fn publish(app: &App, title: &str, text: &str, steps: &str, approval: &str) -> Result<()> {
    let actor = acting(app, "policy@dcc.example", Action::ManagePolicies)?;
    let draft = domain::selection::Draft {
        title: title.into(),
        text: text.into(),
        steps: parse_steps(steps)?,
    };
    let id = selection::draft_policy(app, &actor, &draft)?;
    let how = Publishing { approval: approval.into(), from: None };
    selection::publish_policy(app, &actor, id, None, &how)
}

/// Publishes the second version, long ago.
pub fn second_policy(app: &App) -> Result<()> {
    let text = "Who got nothing lately comes first. Within a rank everybody gets a share, and what \
                the shares leave over is drawn by lot.";
    let steps = "priority-no-allocation: 30 days\npro-rata\nlottery";
    publish(app, "Shares for all, lately empty-handed first", text, steps, "DEMO-PANEL-0001")
}

/// Publishes the third version now; its notice runs.
pub fn third_policy(app: &App) -> Result<()> {
    let text = "Small Suppliers come first, then what is needed soonest.";
    let steps = "priority-category: Small Supplier\npriority-needed-by\nfirst-come";
    publish(app, "Small Suppliers first", text, steps, "DEMO-PANEL-0002")
}

/// Publishes three offers of Larkspur's stock, one of which closes and is selected on the spot.
///
/// What the shares leave over is just what the others still want, so that the lottery changes
/// nothing and every world is the same.
///
/// The clock stands some weeks back; `past`, `waits` and `closes` are how many days after that the
/// offers close.
pub fn rounds(app: &App, (past, waits, closes): (i64, i64, i64)) -> Result<()> {
    let (offering, specification) = plenty(app, "LARKSPUR")?;
    let begins = app.now();
    let offered =
        |quantity, lot, days: i64| offer(app, offering, &specification, (quantity, lot), days);
    let (one, two, three) =
        (offered(600, 50, past)?, offered(320, 32, waits)?, offered(480, 20, closes)?);
    for (offer, asked) in [
        (one, &[("PENNYWRT", 100, 50), ("BRIGHTWR", 500, 50), ("TERNUTIL", 200, 200)][..]),
        (two, &[("BRIGHTWR", 320, 64), ("PENNYWRT", 160, 32), ("FELLSIDE", 96, 96)][..]),
        (three, &[("FELLSIDE", 400, 20), ("SALTMRSH", 200, 100)][..]),
    ] {
        for (signifier, quantity, minimum) in asked {
            ask(app, offer, signifier, *quantity, *minimum)?;
        }
    }
    app.clock.set(begins + (24 * past + 25).hours());
    app::timers::pass(app)?;
    let logistics = acting(app, "logistics@dcc.example", Action::RunSelection)?;
    selection::run(app, &logistics, one).map(|_| ())
}

fn party(app: &App, signifier: &str) -> Result<PartyId> {
    let mut tx = app.db.read()?;
    let found = store::parties::all(&mut tx)?
        .into_iter()
        .find(|row| row.party.details.signifier == signifier);
    found.map(|row| row.party.id).ok_or_else(|| missing(signifier))
}

fn missing(what: &str) -> Error {
    Error::Damaged(format!("the world has no {what}"))
}

/// The Party and the stock of which it has most to offer.
fn plenty(app: &App, signifier: &str) -> Result<(PartyId, Specification)> {
    let party = party(app, signifier)?;
    let mut tx = app.db.read()?;
    let mut sums: Vec<(i64, Specification)> = Vec::new();
    for stock in offers::eligible(&mut tx, app, party)? {
        let specification = stock.specification();
        match sums.iter_mut().find(|(_, known)| *known == specification) {
            Some((sum, _)) => *sum += stock.hubs,
            None => sums.push((stock.hubs, specification)),
        }
    }
    let most = sums.into_iter().max_by_key(|(sum, _)| *sum);
    most.map(|(_, specification)| (party, specification)).ok_or_else(|| missing("stock to offer"))
}

fn offer(
    app: &App,
    party: PartyId,
    specification: &Specification,
    (quantity, minimum_lot): (i64, i64),
    days: i64,
) -> Result<OfferId> {
    let manager = acting(app, "stock@larkspur.example", Action::ManageOffers)?;
    let logistics = acting(app, "logistics@dcc.example", Action::PublishOffers)?;
    let today = british_day(app.now());
    let draft = Draft {
        party: Some(party),
        specification: specification.clone(),
        firmware: Firmware::new(),
        terms: Terms {
            quantity,
            minimum_lot,
            full_pallets: false,
            packaging: "Boxes of 32".into(),
            location: "Larkspur warehouse, Unit 4".into(),
            carriage: Carriage::Sender,
            notes: String::new(),
            available_from: today,
            available_until: None,
            closes_on: Some(today.saturating_add(days.days())),
        },
        listing: Listing::AsItIs,
    };
    let id = match offers::draft(app, &manager, &draft)? {
        Drafted::Offer(id) => id,
        Drafted::Mistakes(_) => return Err(missing("stock to offer")),
    };
    offers::submit(app, &manager, id, None)?;
    offers::publish(app, &logistics, id, None)?;
    Ok(id)
}

/// Asks for a Party; the DCC acts for those that have nobody in this world.
fn ask(app: &App, offer: OfferId, signifier: &str, quantity: i64, minimum: i64) -> Result<()> {
    let email = match signifier {
        "PENNYWRT" => "stock@pennywort.example",
        _ => "logistics@dcc.example",
    };
    let actor = acting(app, email, Action::ManageRequests)?;
    let asked = Asked {
        quantity,
        minimum,
        needed_by: None,
        location: "Main depot".into(),
        notes: String::new(),
    };
    let draft = requests::Draft {
        party: Some(party(app, signifier)?),
        offer: Some(offer),
        specification: Specification::default(),
        asked,
    };
    requests::draft_and_submit(app, &actor, &draft)?;
    Ok(())
}
