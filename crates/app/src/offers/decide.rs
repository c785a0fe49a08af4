//! The moves of an offer between its states, one operation each.

use domain::access::{Action, Actor};
use domain::ids::OfferId;
use domain::offers::{Action as Do, State};
use domain::refusal::RefusalKind;
use domain::timers::{british_day, end_of_british_day};
use domain::{Refusal, offers::Specification};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use store::Tx;
use store::offers::OfferRow;

use super::draft::must_be_able_to_offer;
use super::stock::must_have;
use super::{by, given_reason, ids, load_for, uncommitted};
use crate::journal::{Event, enact};
use crate::{App, Result, board, selection, settings, timers};

/// Sends an offer to the DCC. Its stock is checked and, where it lists device IDs, reserved.
pub fn submit(app: &App, actor: &Actor, id: OfferId, version: Option<i64>) -> Result<OfferRow> {
    let mut tx = app.db.write()?;
    let row = load_for(&mut tx, actor, Action::ManageOffers, id, version)?;
    row.state.after(Do::Submit)?;
    must_be_able_to_offer(&mut tx, row.party)?;
    row.terms.check(british_day(app.now()))?;
    let firmware = store::offers::firmware(&mut tx, id)?;
    if let Some(file) = row.ids_file {
        let lines = ids::stored(&mut tx, file)?;
        let examined = ids::examine(&mut tx, app.now(), row.party, Some(id), &lines)?;
        match examined {
            Err(mistakes) => return Err(cannot_be_offered(lines.len(), &mistakes).into()),
            Ok(listed) => must_be_as_drafted(&row, &listed.specification)?,
        }
    }
    let has = uncommitted(&mut tx, app, row.party, &row.specification)?;
    must_have(&has, &row.specification, &firmware, row.terms.quantity, 0)?;
    let publish_by = timers::deadline(&mut tx, app.now(), &settings::TIMER_PUBLISH_OFFER)?;
    let event = Event::OfferSubmitted { offer: id.0, publish_by: publish_by.as_microsecond() };
    done(tx, app, actor, &row, &event)
}

fn cannot_be_offered(all: usize, mistakes: &[crate::transfer_files::IdMistake]) -> Refusal {
    let first = mistakes.first().map(|mistake| {
        format!(" The first is {} on line {}: {}", mistake.given, mistake.line, mistake.message)
    });
    let message = format!(
        "{} of the {all} device IDs can't be offered.{} Look at the list, then put in another.",
        mistakes.len(),
        first.unwrap_or_default()
    );
    Refusal::field("ids", message)
}

fn must_be_as_drafted(row: &OfferRow, specification: &Specification) -> Result<()> {
    if *specification == row.specification {
        return Ok(());
    }
    let message = "The hubs of this list are no longer what they were. Put the list in again.";
    Err(Refusal::field("ids", message).into())
}

/// Puts an offer on the board. Wanted requests that it suits are matched at once.
pub fn publish(app: &App, actor: &Actor, id: OfferId, version: Option<i64>) -> Result<OfferRow> {
    let mut tx = app.db.write()?;
    let row = load_for(&mut tx, actor, Action::PublishOffers, id, version)?;
    row.state.after(Do::Publish)?;
    must_be_able_to_offer(&mut tx, row.party)?;
    let (closes_at, expires_at) = ends(&mut tx, app.now(), &row)?;
    let policy = selection::policy_in_force(&mut tx, app.now())?;
    let event = Event::OfferPublished {
        offer: id.0,
        policy: Some(policy.0),
        closes_at: closes_at.as_microsecond(),
        expires_at: expires_at.as_microsecond(),
    };
    enact(&mut tx, app, by(actor, row.party), &event)?;
    selection::opened(&mut tx, app, id)?;
    let row = store::offers::load(&mut tx, id)?.ok_or_else(|| Refusal::not_found("offer"))?;
    board::match_offer(&mut tx, app, &row)?;
    tx.commit()?;
    app.bell.ring();
    Ok(row)
}

/// When an offer expires that was published at this instant.
pub(super) fn expiry(tx: &mut Tx, published: Timestamp, until: Option<Date>) -> Result<Timestamp> {
    let days = settings::number_of(tx, &settings::TIMER_OFFER_EXPIRES)?;
    let last_day = british_day(published).saturating_add(days.days());
    Ok(end_of_british_day(until.map_or(last_day, |until| until.min(last_day))))
}

/// When an offer that is published now takes no more requests, and when it expires.
fn ends(tx: &mut Tx, now: Timestamp, row: &OfferRow) -> Result<(Timestamp, Timestamp)> {
    let expires_at = expiry(tx, now, row.terms.available_until)?;
    let closes_at = match row.terms.closes_on {
        Some(day) => end_of_british_day(day),
        None => timers::deadline(tx, now, &settings::TIMER_REQUESTS_OPEN)?,
    };
    if closes_at <= now || expires_at <= now {
        let message = "The closing day or the last day of availability has passed. Return the \
                       offer to its Party.";
        return Err(Refusal::new(RefusalKind::WrongState, message).into());
    }
    Ok((closes_at.min(expires_at), expires_at))
}

/// Sends an offer back to its Party, which can change and submit it again.
pub fn return_to_party(
    app: &App,
    actor: &Actor,
    id: OfferId,
    version: Option<i64>,
    reason: &str,
) -> Result<OfferRow> {
    let mut tx = app.db.write()?;
    let row = load_for(&mut tx, actor, Action::PublishOffers, id, version)?;
    row.state.after(Do::Return)?;
    let event = Event::OfferReturned { offer: id.0, reason: given_reason(reason)? };
    done(tx, app, actor, &row, &event)
}

/// Takes an offer off the board until it is resumed.
pub fn suspend(
    app: &App,
    actor: &Actor,
    id: OfferId,
    version: Option<i64>,
    reason: &str,
) -> Result<OfferRow> {
    let mut tx = app.db.write()?;
    let row = load_for(&mut tx, actor, Action::PublishOffers, id, version)?;
    row.state.after(Do::Suspend)?;
    let event = Event::OfferSuspended { offer: id.0, reason: given_reason(reason)? };
    done(tx, app, actor, &row, &event)
}

/// Puts a suspended offer back on the board.
pub fn resume(app: &App, actor: &Actor, id: OfferId, version: Option<i64>) -> Result<OfferRow> {
    let mut tx = app.db.write()?;
    let row = load_for(&mut tx, actor, Action::PublishOffers, id, version)?;
    row.state.after(Do::Resume)?;
    enact(&mut tx, app, by(actor, row.party), &Event::OfferResumed { offer: id.0 })?;
    selection::next(&mut tx, app, id)?;
    finish(tx, app, id)
}

/// Takes an offer back before any of it was allocated.
pub fn withdraw(
    app: &App,
    actor: &Actor,
    id: OfferId,
    version: Option<i64>,
    reason: &str,
) -> Result<OfferRow> {
    let mut tx = app.db.write()?;
    let row = load_for(&mut tx, actor, Action::ManageOffers, id, version)?;
    if row.allocated > 0 {
        let allocated = row.allocated;
        let message = format!(
            "{allocated} hubs of this offer are allocated and stay so. Close the offer instead."
        );
        return Err(Refusal::new(RefusalKind::WrongState, message).into());
    }
    row.state.after(Do::Withdraw)?;
    let reason = match row.state {
        State::Draft => reason.trim().to_owned(),
        _ => given_reason(reason)?,
    };
    done(tx, app, actor, &row, &Event::OfferWithdrawn { offer: id.0, reason })
}

/// Ends an offer of which some was allocated: what was stays, the rest is no longer offered.
pub fn close(
    app: &App,
    actor: &Actor,
    id: OfferId,
    version: Option<i64>,
    reason: &str,
) -> Result<OfferRow> {
    let mut tx = app.db.write()?;
    let row = load_for(&mut tx, actor, Action::ManageOffers, id, version)?;
    if row.allocated == 0 && row.state != State::Closed {
        let message = "Nothing of this offer is allocated. Withdraw it instead.";
        return Err(Refusal::new(RefusalKind::WrongState, message).into());
    }
    row.state.after(Do::Close)?;
    let event = super::deadlines::closed(&mut tx, &row, reason.trim().to_owned())?;
    done(tx, app, actor, &row, &event)
}

fn done(mut tx: Tx, app: &App, actor: &Actor, row: &OfferRow, event: &Event) -> Result<OfferRow> {
    enact(&mut tx, app, by(actor, row.party), event)?;
    finish(tx, app, row.id)
}

fn finish(mut tx: Tx, app: &App, id: OfferId) -> Result<OfferRow> {
    let row = store::offers::load(&mut tx, id)?.ok_or_else(|| Refusal::not_found("offer"))?;
    tx.commit()?;
    app.bell.ring();
    Ok(row)
}
