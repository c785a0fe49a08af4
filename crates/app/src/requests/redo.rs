//! What an event says of a request, done: by the operation itself, and again from the journal.

use domain::ids::{OfferId, PartyId, RequestId, UserId};
use domain::requests::{Action as Do, Asked, State};
use jiff::Timestamp;
use store::Tx;
use store::journal::EntryRow;
use store::requests::{self as rows, RequestRow};

use crate::journal::Event;
use crate::offers::{read_asked, specification_of};
use crate::{Error, Result};

/// Does what an entry says of a request.
pub fn redo(tx: &mut Tx, entry: &EntryRow, event: &Event) -> Result<()> {
    match event {
        Event::RequestDrafted { request, party, offer, asked } => {
            let row = RequestRow {
                id: RequestId(*request),
                party: PartyId(*party),
                offer: offer.map(OfferId),
                state: State::Draft,
                specification: specification_of(asked),
                asked: read_asked(asked)?,
                received_at: None,
                received_seq: None,
                allocated: 0,
                reason: None,
                created_by: entry.actor.map(UserId),
                created_at: entry.at,
                version: 1,
            };
            rows::insert(tx, &row)?;
        }
        Event::RequestChanged { request, asked, expires_at } => {
            expire(tx, *request, *expires_at)?;
            let (specification, asked) = (specification_of(asked), read_asked(asked)?);
            moved(tx, *request, Do::Change, |row| {
                (row.specification, row.asked) = (specification, asked);
            })?;
        }
        Event::RequestQueued { request, offer } => {
            moved(tx, *request, Do::Queue, |row| queue(row, *offer, entry))?;
        }
        Event::RequestWanted { request, expires_at } => {
            expire(tx, *request, *expires_at)?;
            moved(tx, *request, Do::Submit, |row| row.reason = None)?;
        }
        Event::RequestTurned { request, offer, quantity, minimum, rest } => {
            let mut before = None;
            moved(tx, *request, Do::Queue, |row| {
                before = Some(row.clone());
                (row.asked.quantity, row.asked.minimum) = (*quantity, *minimum);
                queue(row, *offer, entry);
            })?;
            let subject = RequestId(*request).to_string();
            let expires = store::timers::of(tx, &subject)?.into_iter().find(|d| d.what == EXPIRE);
            if let (Some(rest), Some(before)) = (rest, before) {
                rows::insert(tx, &the_rest(before, RequestId(*rest), *quantity))?;
                expire(tx, *rest, expires.map(|deadline| deadline.due_at.as_microsecond()))?;
            }
            store::timers::settle_all(tx, &subject, entry.at)?;
        }
        Event::RequestWithdrawn { request, reason } => {
            let given = Some(reason.clone()).filter(|reason| !reason.is_empty());
            moved(tx, *request, Do::Withdraw, |row| row.reason = given)?;
            store::timers::settle_all(tx, &RequestId(*request).to_string(), entry.at)?;
        }
        Event::RequestLapsed { request, reason } => {
            moved(tx, *request, Do::Lapse, |row| row.reason = Some(reason.clone()))?;
            store::timers::settle_all(tx, &RequestId(*request).to_string(), entry.at)?;
        }
        _ => {}
    }
    Ok(())
}

/// The deadline after which a wanted request is no longer wanted.
pub(super) const EXPIRE: &str = "expire";

fn expire(tx: &mut Tx, request: i64, at: Option<i64>) -> Result<()> {
    let Some(at) = at else { return Ok(()) };
    let at = Timestamp::from_microsecond(at)
        .map_err(|_| Error::Damaged(format!("{at} is no instant")))?;
    Ok(store::timers::set(tx, &RequestId(request).to_string(), EXPIRE, at)?)
}

fn queue(row: &mut RequestRow, offer: i64, entry: &EntryRow) {
    row.offer = Some(OfferId(offer));
    (row.received_at, row.received_seq) = (Some(entry.at), Some(entry.seq));
}

/// What stays wanted of a request of which `turned` hubs became one for an offer.
fn the_rest(before: RequestRow, id: RequestId, turned: i64) -> RequestRow {
    let quantity = before.asked.quantity - turned;
    let minimum = before.asked.minimum.min(quantity);
    let asked = Asked { quantity, minimum, ..before.asked };
    RequestRow { id, state: State::Submitted, offer: None, asked, ..before }
}

fn moved(tx: &mut Tx, request: i64, action: Do, also: impl FnOnce(&mut RequestRow)) -> Result<()> {
    let id = RequestId(request);
    let mut row = rows::load(tx, id)?.ok_or_else(|| Error::Damaged(format!("there is no {id}")))?;
    let state = row.state.after(action)?;
    also(&mut row);
    row.state = state;
    Ok(rows::update(tx, &row)?)
}
