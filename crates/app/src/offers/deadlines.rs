//! What becomes of an offer when one of its deadlines has passed.

use domain::ids::OfferId;
use domain::offers::{Action as Do, State};
use store::offers::OfferRow;
use store::timers::DeadlineRow;

use crate::journal::{By, Event, enact};
use crate::{App, Error, Result, settings, timers};

/// Deals with a passed deadline of an offer. Answers false for one that is not an offer's own.
pub fn passed(app: &App, deadline: &DeadlineRow) -> Result<bool> {
    let id: OfferId = deadline
        .subject
        .parse()
        .map_err(|_| Error::Damaged(format!("{} is no offer", deadline.subject)))?;
    if !["publish", "close", "expire"].contains(&deadline.what.as_str()) {
        return Ok(false);
    }
    let mut tx = app.db.write()?;
    if !timers::still_stands(&mut tx, deadline)? {
        return Ok(true);
    }
    let row = store::offers::load(&mut tx, id)?
        .ok_or_else(|| Error::Damaged(format!("there is no {id}")))?;
    let by = By { actor: None, acted_for: Some(row.party) };
    let event = match deadline.what.as_str() {
        "publish" => Event::OfferPublicationOverdue { offer: id.0 },
        "close" => closing(&mut tx, app, &row)?,
        // Who asked in time is served before the offer ends.
        _ if store::requests::demand(&mut tx, id)?.0 > 0 => Event::OfferExpiryWaits { offer: id.0 },
        _ => end_of(&mut tx, &row)?,
    };
    enact(&mut tx, app, by, &event)?;
    tx.commit()?;
    app.bell.ring();
    Ok(true)
}

/// An offer for which nobody asked takes requests for longer, unless its Party set the day.
fn closing(tx: &mut store::Tx, app: &App, row: &OfferRow) -> Result<Event> {
    let offer = row.id.0;
    let (requests, _) = store::requests::demand(tx, row.id)?;
    let is_over = row.terms.closes_on.is_some() || row.closes_at >= row.expires_at;
    if requests == 0 && is_over {
        return end_of(tx, row);
    }
    if requests == 0 {
        let closes = timers::deadline(tx, app.now(), &settings::TIMER_REQUESTS_OPEN)?;
        let closes = row.expires_at.map_or(closes, |expires| closes.min(expires));
        return Ok(Event::OfferClosingMoved { offer, closes_at: closes.as_microsecond() });
    }
    let select_by = timers::deadline(tx, app.now(), &settings::TIMER_SELECTION)?;
    Ok(Event::OfferClosedToRequests { offer, select_by: select_by.as_microsecond() })
}

/// How an offer ends when its time is over: expired, or closed where some of it was allocated.
pub(crate) fn end_of(tx: &mut store::Tx, row: &OfferRow) -> Result<Event> {
    let allocated = row.allocated > 0;
    let can_close = row.state.allows(Do::Close);
    if allocated && can_close && row.state != State::Closed {
        closed(tx, row, "Its time is over.".to_owned())
    } else {
        Ok(Event::OfferExpired { offer: row.id.0 })
    }
}

/// An offer is closed. The hubs that it lists stay held as long as a transfer of it waits for them.
pub(super) fn closed(tx: &mut store::Tx, row: &OfferRow, reason: String) -> Result<Event> {
    let keeps_hubs = row.ids_file.is_some() && store::transfers::undispatched_of(tx, row.id)? > 0;
    Ok(Event::OfferClosed { offer: row.id.0, reason, keeps_hubs })
}
