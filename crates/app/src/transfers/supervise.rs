//! What the DCC does: hold, release, and take a transfer back by another one.

use domain::access::{Action as Permission, Actor};
use domain::ids::TransferId;
use domain::reconciliation::{Receipt, Received};
use domain::refusal::{Refusal, RefusalKind};
use domain::transfers::{Action, LineState, Side};
use store::Tx;
use store::transfers::{self as rows, TransferRow};

use super::agree::given_text;
use super::view::{must_be_current, visible};
use super::{TransferView, facts, get};
use crate::journal::{By, Event, enact};
use crate::{App, Result};

/// Stops a transfer, for a reason: nothing happens to it until it is released.
pub fn hold(
    app: &App,
    actor: &Actor,
    id: TransferId,
    version: Option<i64>,
    reason: &str,
) -> Result<TransferView> {
    let mut tx = app.db.write()?;
    let row = supervised(&mut tx, actor, id, version)?;
    let reason = given_text("reason", reason, 1)?;
    row.state.after(Action::Hold)?;
    enact(&mut tx, app, By::from(actor), &Event::TransferHeld { transfer: id.0, reason })?;
    tx.commit()?;
    app.bell.ring();
    get(app, actor, id)
}

/// Lets a transfer go on where it was stopped. Its deadline is set anew.
pub fn release(
    app: &App,
    actor: &Actor,
    id: TransferId,
    version: Option<i64>,
) -> Result<TransferView> {
    let mut tx = app.db.write()?;
    let row = supervised(&mut tx, actor, id, version)?;
    row.state.after(Action::Release)?;
    enact(&mut tx, app, By::from(actor), &Event::TransferReleased { transfer: id.0 })?;
    tx.commit()?;
    app.bell.ring();
    get(app, actor, id)
}

fn supervised(
    tx: &mut Tx,
    actor: &Actor,
    id: TransferId,
    version: Option<i64>,
) -> Result<TransferRow> {
    let (row, _) = visible(tx, actor, id, Permission::SuperviseTransfers)?;
    must_be_current(&row, version)?;
    Ok(row)
}

/// Opens a transfer that takes back what this one moved, for a reason. Both Parties confirm it, and
/// the receiver of this one dispatches; its list begins with the hubs that it still has and that are
/// still `Pending`.
pub fn reverse(
    app: &App,
    actor: &Actor,
    id: TransferId,
    version: Option<i64>,
    reason: &str,
) -> Result<TransferView> {
    let mut tx = app.db.write()?;
    let row = supervised(&mut tx, actor, id, version)?;
    let reason = given_text("reason", reason, 1)?;
    if let Some(other) = rows::reversal_of(&mut tx, id)? {
        let message = format!("{other} takes this transfer back already.");
        return Err(Refusal::new(RefusalKind::WrongState, message).into());
    }
    let keys = rows::keys_in_state(&mut tx, id, LineState::Moved)?;
    let there = facts::still_there(&mut tx, &keys, row.receiver)?;
    if there.is_empty() {
        let message = "No hub of this transfer is with its receiver and Pending, so there is \
                       nothing to take back.";
        return Err(Refusal::new(RefusalKind::WrongState, message).into());
    }
    let new = TransferId(tx.next_id("transfers")?);
    let event = Event::TransferReversalOpened {
        transfer: new.0,
        reverses: id.0,
        quantity: there.len() as i64,
        reason,
    };
    enact(&mut tx, app, By::from(actor), &event)?;
    let listed: Vec<Receipt> = there
        .into_iter()
        .map(|hub| Receipt { hub, received: Received::Accepted, times: 1 })
        .collect();
    rows::put_listed(&mut tx, (new, Side::Sender), &listed, (actor.user, app.now()))?;
    tx.commit()?;
    app.bell.ring();
    get(app, actor, new)
}
