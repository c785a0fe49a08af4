//! The deadline of a checked file: set when its lines are checked, met when somebody decides.

use domain::ids::TransferFileId;
use jiff::Timestamp;
use store::Tx;
use store::timers::DeadlineRow;

use crate::journal::{By, Event, enact};
use crate::{App, Error, Result, timers};

/// By when somebody authorises, rejects or withdraws a checked file.
const AUTHORISE: &str = "authorise";

/// Sets the deadline of a file that was checked, in microseconds as the journal has it.
pub(super) fn set(tx: &mut Tx, id: TransferFileId, due_at: i64) -> Result<()> {
    let due_at = Timestamp::from_microsecond(due_at)
        .map_err(|_| Error::Damaged(format!("the deadline of {id}")))?;
    Ok(store::timers::set(tx, &id.to_string(), AUTHORISE, due_at)?)
}

/// Deals with a deadline that passed: it is noted, and whoever has to act is told. Answers whether
/// transfer files have such a deadline.
pub(crate) fn passed(app: &App, deadline: &DeadlineRow) -> Result<bool> {
    let id: TransferFileId = deadline
        .subject
        .parse()
        .map_err(|_| Error::Damaged(format!("{} is no transfer file", deadline.subject)))?;
    if deadline.what != AUTHORISE {
        return Ok(false);
    }
    let mut tx = app.db.write()?;
    if timers::still_stands(&mut tx, deadline)? {
        enact(&mut tx, app, By::SYSTEM, &Event::TransferFileOverdue { transfer_file: id.0 })?;
        tx.commit()?;
    }
    Ok(true)
}

/// By when somebody is to decide about a checked file, whether that has passed or not.
pub(super) fn authorise_by(tx: &mut Tx, id: TransferFileId) -> Result<Option<Timestamp>> {
    let deadlines = store::timers::of(tx, &id.to_string())?;
    Ok(deadlines.iter().find(|deadline| deadline.what == AUTHORISE).map(|found| found.due_at))
}

/// The deadline was met, or its passing was dealt with.
pub(super) fn met(tx: &mut Tx, id: TransferFileId, at: Timestamp) -> Result<()> {
    Ok(store::timers::settle(tx, &id.to_string(), AUTHORISE, at)?)
}
