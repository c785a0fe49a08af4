//! The deadlines of transfers: set with each step, met by the next one, dealt with when they pass.

use domain::ids::TransferId;
use domain::transfers::State;
use jiff::Timestamp;
use store::Tx;
use store::timers::DeadlineRow;
use store::transfers::{self as rows, TransferRow};

use super::{agree, receive};
use crate::journal::{By, Event, enact};
use crate::{App, Error, Result, settings, timers};

/// Sets the deadline of the step that comes next.
pub(super) fn set(tx: &mut Tx, row: &TransferRow, at: Timestamp) -> Result<()> {
    let (what, setting) = match row.state {
        State::Agreed => ("confirm", &settings::TIMER_CONFIRM),
        State::Confirmed => ("dispatch", &settings::TIMER_DISPATCH),
        State::Dispatched => ("arrive", &settings::TIMER_IN_TRANSIT),
        State::Arrived => ("receive", &settings::TIMER_RECEIPT),
        State::Reconciled | State::CompletedWithExceptions if row.counts.ready > 0 => {
            ("prepare", &settings::TIMER_PREPARE_FILE)
        }
        State::Reconciled
        | State::Completing
        | State::Completed
        | State::CompletedWithExceptions
        | State::Cancelled
        | State::OnHold
        | State::Lapsed => return Ok(()),
    };
    let due_at = timers::deadline(tx, at, setting)?;
    Ok(store::timers::set(tx, &row.id.to_string(), what, due_at)?)
}

/// A deadline was met, or no longer counts.
pub(super) fn met(tx: &mut Tx, row: &TransferRow, what: &str, at: Timestamp) -> Result<()> {
    Ok(store::timers::settle(tx, &row.id.to_string(), what, at)?)
}

/// Deals with a deadline that passed: what was not confirmed lapses; everything else is noted, and
/// whoever has to act is told. Answers whether transfers have such a deadline.
pub(crate) fn passed(app: &App, deadline: &DeadlineRow) -> Result<bool> {
    let id: TransferId = deadline
        .subject
        .parse()
        .map_err(|_| Error::Damaged(format!("{} is no transfer", deadline.subject)))?;
    match deadline.what.as_str() {
        "confirm" => return agree::lapse(app, id, deadline).map(|()| true),
        "dispatch" | "arrive" | "receive" | "escalate" | "prepare" => {}
        _ => return Ok(false),
    }
    let mut tx = app.db.write()?;
    let stands = timers::still_stands(&mut tx, deadline)?;
    let Some(row) = rows::load(&mut tx, id)?.filter(|_| stands) else { return Ok(true) };
    let event = Event::TransferOverdue { transfer: id.0, what: deadline.what.clone() };
    enact(&mut tx, app, By::SYSTEM, &event)?;
    let accepts = deadline.what == "escalate"
        && row.state == State::Arrived
        && settings::text(&mut tx, &settings::TRANSFER_ACCEPT_BY_SILENCE)? == "on";
    if accepts {
        receive::by_silence(&mut tx, app, id)?;
    }
    tx.commit()?;
    Ok(true)
}

/// The passing of a deadline was dealt with. Stock of which nobody says that it has arrived is due to
/// be received all the same; a late receipt is escalated after its reminder.
pub(super) fn redo(tx: &mut Tx, row: &TransferRow, what: &str, at: Timestamp) -> Result<()> {
    let subject = row.id.to_string();
    store::timers::tell(tx, &subject, what, at)?;
    let (next, setting) = match what {
        "arrive" => ("receive", &settings::TIMER_RECEIPT),
        "receive" => ("escalate", &settings::TIMER_RECEIPT_ESCALATION),
        _ => return Ok(()),
    };
    let due_at = timers::deadline(tx, at, setting)?;
    Ok(store::timers::set(tx, &subject, next, due_at)?)
}
