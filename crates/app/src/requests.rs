//! Requests: for an offer, or wanted; drafted, changed, submitted, withdrawn by a Party.

mod redo;
mod view;

use domain::Refusal;
use domain::access::{Action, Actor, Reach};
use domain::ids::{OfferId, PartyId, RequestId};
use domain::offers::Specification;
use domain::refusal::RefusalKind;
use domain::requests::{self, Action as Do, Asked};
use domain::stock_rules::Suits;
use domain::timers::{InWords, british_day, end_of_british_day};
use jiff::ToSpan;
use store::Tx;
use store::timers::DeadlineRow;

use crate::journal::{By, Event, enact};
use crate::offers::{acting_party, asked_map, by, given_reason, with_specification};
use crate::{App, Error, Result, board, settings, stock_rules, timers, versions};

/// A request as it stands, and which of them a list shows.
pub use store::requests::{RequestRow, Wanted};

pub use redo::redo;
pub use view::{RequestView, get, history, list};

/// What a request is to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The Party, where the DCC acts for one.
    pub party: Option<PartyId>,
    /// For which offer; none for a wanted request.
    pub offer: Option<OfferId>,
    /// What stock is wanted, what is empty is any. For an offer, only what matters is given, such
    /// as the region where the hubs are to be installed.
    pub specification: Specification,
    /// The rest.
    pub asked: Asked,
}

/// Drafts a request.
pub fn draft(app: &App, actor: &Actor, draft: &Draft) -> Result<RequestRow> {
    let mut tx = app.db.write()?;
    let id = drafted(&mut tx, app, actor, draft)?;
    finish(tx, app, id)
}

/// Drafts a request and submits it at once.
pub fn draft_and_submit(app: &App, actor: &Actor, draft: &Draft) -> Result<RequestRow> {
    let mut tx = app.db.write()?;
    let id = drafted(&mut tx, app, actor, draft)?;
    let row = load_for(&mut tx, actor, id, None)?;
    submitted(&mut tx, app, actor, &row)?;
    finish(tx, app, id)
}

fn drafted(tx: &mut Tx, app: &App, actor: &Actor, draft: &Draft) -> Result<RequestId> {
    let party = acting_party(actor, Action::ManageRequests, draft.party)?;
    let (specification, asked) = tidied(draft);
    asked.check(british_day(app.now()))?;
    check_specification(&specification)?;
    if let Some(offer) = draft.offer {
        held_against(tx, app, party, offer, &specification, &asked)?;
    }
    let request = tx.next_id("requests")?;
    let event = Event::RequestDrafted {
        request,
        party: party.0,
        offer: draft.offer.map(|offer| offer.0),
        asked: with_specification(asked_map(&asked), &specification),
    };
    enact(tx, app, by(actor, party), &event)?;
    Ok(RequestId(request))
}

/// Changes what a request asks for, as long as it is in nobody's queue.
pub fn change(
    app: &App,
    actor: &Actor,
    id: RequestId,
    version: Option<i64>,
    draft: &Draft,
) -> Result<RequestRow> {
    let mut tx = app.db.write()?;
    let row = load_for(&mut tx, actor, id, version)?;
    row.state.after(Do::Change)?;
    let (specification, asked) = tidied(draft);
    asked.check(british_day(app.now()))?;
    check_specification(&specification)?;
    if let Some(offer) = row.offer {
        held_against(&mut tx, app, row.party, offer, &specification, &asked)?;
    }
    let expires_at = match row.state {
        requests::State::Submitted => Some(wanted_until(&mut tx, app, &asked)?),
        _ => None,
    };
    let asked = with_specification(asked_map(&asked), &specification);
    let event = Event::RequestChanged { request: id.0, asked, expires_at };
    enact(&mut tx, app, by(actor, row.party), &event)?;
    if row.state == requests::State::Submitted {
        board::match_wanted(&mut tx, app, id)?;
    }
    finish(tx, app, id)
}

/// Puts a request in its offer's queue, or on the board as wanted.
pub fn submit(app: &App, actor: &Actor, id: RequestId, version: Option<i64>) -> Result<RequestRow> {
    let mut tx = app.db.write()?;
    let row = load_for(&mut tx, actor, id, version)?;
    submitted(&mut tx, app, actor, &row)?;
    finish(tx, app, id)
}

fn submitted(tx: &mut Tx, app: &App, actor: &Actor, row: &RequestRow) -> Result<()> {
    let request = row.id.0;
    row.asked.check(british_day(app.now()))?;
    must_be_able_to_receive(tx, row.party)?;
    match row.offer {
        Some(offer) => {
            row.state.after(Do::Queue)?;
            held_against(tx, app, row.party, offer, &row.specification, &row.asked)?;
            must_be_the_only_one(tx, offer, row.party)?;
            let event = Event::RequestQueued { request, offer: offer.0 };
            enact(tx, app, by(actor, row.party), &event)?;
        }
        None => {
            row.state.after(Do::Submit)?;
            let expires_at = Some(wanted_until(tx, app, &row.asked)?);
            enact(tx, app, by(actor, row.party), &Event::RequestWanted { request, expires_at })?;
            board::match_wanted(tx, app, row.id)?;
        }
    }
    Ok(())
}

/// When hubs are no longer wanted: after the day by which they are needed, or some time from now.
fn wanted_until(tx: &mut Tx, app: &App, asked: &Asked) -> Result<i64> {
    let last_day = match asked.needed_by {
        Some(day) => day,
        None => {
            let days = settings::number_of(tx, &settings::TIMER_WANTED_EXPIRES)?;
            british_day(app.now()).saturating_add(days.days())
        }
    };
    Ok(end_of_british_day(last_day).as_microsecond())
}

/// Deals with a passed deadline of a wanted request: it lapses. Answers false for another deadline.
pub fn passed(app: &App, deadline: &DeadlineRow) -> Result<bool> {
    let damaged = || Error::Damaged(format!("{} is no request", deadline.subject));
    let id: RequestId = deadline.subject.parse().map_err(|_| damaged())?;
    if deadline.what != redo::EXPIRE {
        return Ok(false);
    }
    let mut tx = app.db.write()?;
    if !timers::still_stands(&mut tx, deadline)? {
        return Ok(true);
    }
    let row = store::requests::load(&mut tx, id)?.ok_or_else(damaged)?;
    let reason = match row.asked.needed_by {
        Some(day) => format!("Nothing came by {}, when it was needed.", InWords(day)),
        None => "Nothing came in the time that a wanted request stands.".to_owned(),
    };
    let by = By { actor: None, acted_for: Some(row.party) };
    enact(&mut tx, app, by, &Event::RequestLapsed { request: id.0, reason })?;
    finish(tx, app, id)?;
    Ok(true)
}

/// Turns a wanted request into a request for an offer. If that is for less than was wanted, the
/// rest stays on the board under a new number.
pub fn turn(
    app: &App,
    actor: &Actor,
    id: RequestId,
    version: Option<i64>,
    offer: OfferId,
    (quantity, minimum): (i64, i64),
) -> Result<RequestRow> {
    let mut tx = app.db.write()?;
    let row = load_for(&mut tx, actor, id, version)?;
    row.state.after(Do::Queue)?;
    if row.offer.is_some() {
        let message = "This request is for an offer already.";
        return Err(Refusal::new(RefusalKind::WrongState, message).into());
    }
    if quantity > row.asked.quantity {
        let message = format!("Enter at most {}, what was wanted.", row.asked.quantity);
        return Err(Refusal::field("quantity", message).into());
    }
    let asked = Asked { quantity, minimum, ..row.asked.clone() };
    asked.check(british_day(app.now()))?;
    must_be_able_to_receive(&mut tx, row.party)?;
    held_against(&mut tx, app, row.party, offer, &row.specification, &asked)?;
    must_be_the_only_one(&mut tx, offer, row.party)?;
    let rest = match row.asked.quantity - quantity {
        0 => None,
        _ => Some(tx.next_id("requests")?),
    };
    let event = Event::RequestTurned { request: id.0, offer: offer.0, quantity, minimum, rest };
    enact(&mut tx, app, by(actor, row.party), &event)?;
    finish(tx, app, id)
}

/// Takes a request back, before selection has given it anything.
pub fn withdraw(
    app: &App,
    actor: &Actor,
    id: RequestId,
    version: Option<i64>,
    reason: &str,
) -> Result<RequestRow> {
    let mut tx = app.db.write()?;
    let row = load_for(&mut tx, actor, id, version)?;
    row.state.after(Do::Withdraw)?;
    let reason = match reason.trim() {
        "" => String::new(),
        reason => given_reason(reason)?,
    };
    let event = Event::RequestWithdrawn { request: id.0, reason };
    enact(&mut tx, app, by(actor, row.party), &event)?;
    finish(tx, app, id)
}

fn finish(mut tx: Tx, app: &App, id: RequestId) -> Result<RequestRow> {
    let row = store::requests::load(&mut tx, id)?.ok_or_else(|| Refusal::not_found("request"))?;
    tx.commit()?;
    app.bell.ring();
    Ok(row)
}

fn load_for(tx: &mut Tx, actor: &Actor, id: RequestId, version: Option<i64>) -> Result<RequestRow> {
    let reach = actor.must(Action::ManageRequests)?;
    let row = store::requests::load(tx, id)?
        .filter(|row| reach == Reach::All || actor.party() == Some(row.party))
        .ok_or_else(|| Refusal::not_found("request"))?;
    versions::must_be(version, row.version)?;
    Ok(row)
}

/// Holds what is asked for against the offer as it is, and against what may stand in for what.
fn held_against(
    tx: &mut Tx,
    app: &App,
    party: PartyId,
    offer: OfferId,
    specification: &Specification,
    asked: &Asked,
) -> Result<()> {
    let row = store::offers::load(tx, offer)?
        .filter(|row| row.party == party || row.state.was_published())
        .ok_or_else(|| Refusal::field("offer", "There is no such offer on the board."))?;
    row.facts().check_request(party, asked, app.now())?;
    match stock_rules::table(tx)?.suits(&row.specification, specification) {
        Suits::Yes | Suits::WithWarning(_) => Ok(()),
        Suits::No(why) => {
            let message = format!("This offer does not suit: {why}. Look for another.");
            Err(Refusal::field("region", message).into())
        }
    }
}

/// Refuses a Party to which hubs can't be moved.
pub(crate) fn must_be_able_to_receive(tx: &mut Tx, party: PartyId) -> Result<()> {
    let row = store::parties::load(tx, party)?.ok_or_else(|| Refusal::not_found("Party"))?;
    Ok(requests::must_be_able_to_receive(&row.party.details)?)
}

fn must_be_the_only_one(tx: &mut Tx, offer: OfferId, party: PartyId) -> Result<()> {
    match store::requests::queued_of(tx, offer, party)? {
        None => Ok(()),
        Some(other) => {
            let message = format!(
                "{other} of this Party waits for {offer} already. Withdraw that one first."
            );
            Err(Refusal::new(RefusalKind::WrongState, message).into())
        }
    }
}

fn tidied(draft: &Draft) -> (Specification, Asked) {
    let trimmed = |text: &str| text.trim().to_owned();
    let s = &draft.specification;
    let specification = Specification {
        manufacturer: trimmed(&s.manufacturer),
        model: trimmed(&s.model),
        han_variant: trimmed(&s.han_variant),
        wan_variant: trimmed(&s.wan_variant),
        region: trimmed(&s.region),
    };
    let asked = Asked {
        location: trimmed(&draft.asked.location),
        notes: trimmed(&draft.asked.notes),
        ..draft.asked.clone()
    };
    (specification, asked)
}

fn check_specification(specification: &Specification) -> Result<()> {
    let fields = ["manufacturer", "model", "han_variant", "wan_variant", "region"];
    for (field, (what, text)) in fields.into_iter().zip(specification.parts()) {
        if text.chars().count() > 50 || text.chars().any(char::is_control) {
            let message = format!("Shorten the {what} to 50 characters.");
            return Err(Refusal::field(field, message).into());
        }
    }
    let region = specification.region.as_str();
    if !region.is_empty() && !domain::inventory::REGIONS.contains(&region) {
        let regions = domain::inventory::REGIONS.join(", ");
        return Err(Refusal::field("region", format!("Choose one of {regions}.")).into());
    }
    Ok(())
}
