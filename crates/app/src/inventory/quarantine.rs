//! Quarantine: a mark that keeps a hub from being moved (code `R09`).

use domain::access::{Action, Actor};
use domain::refusal::RefusalKind;
use domain::{DeviceId, Refusal};
use store::Tx;

use super::life::{find, version_of};
use crate::journal::{By, Event, record};
use crate::{App, Error, Result, versions};

/// Puts a hub into quarantine.
pub fn quarantine(
    app: &App,
    actor: &Actor,
    id: &str,
    version: Option<i64>,
    reason: &str,
) -> Result<DeviceId> {
    mark(app, actor, (id, version), reason, true)
}

/// Takes a hub out of quarantine.
pub fn release(
    app: &App,
    actor: &Actor,
    id: &str,
    version: Option<i64>,
    reason: &str,
) -> Result<DeviceId> {
    mark(app, actor, (id, version), reason, false)
}

fn mark(
    app: &App,
    actor: &Actor,
    (id, version): (&str, Option<i64>),
    reason: &str,
    on: bool,
) -> Result<DeviceId> {
    actor.must(Action::Quarantine)?;
    let asked = DeviceId::parse(id).map_err(|mistake| Refusal::field("id", mistake.to_string()))?;
    let reason = reason.trim().to_owned();
    if reason.is_empty() {
        return Err(Refusal::field("reason", "Say why, for whoever looks at this hub next.").into());
    }
    let mut tx = app.db.write()?;
    let Some((row, _)) = find(&mut tx, asked)? else {
        return Err(Refusal::not_found(format!("hub {asked}")).into());
    };
    versions::must_be(version, version_of(&row))?;
    if row.quarantined == on {
        let state = if on { "already" } else { "not" };
        let message = format!("{} is {state} in quarantine.", row.id);
        return Err(Refusal::new(RefusalKind::WrongState, message).into());
    }
    store::inventory::set_quarantined(&mut tx, row.id, on)?;
    let hub = row.id.to_string();
    let event =
        if on { Event::HubQuarantined { hub, reason } } else { Event::HubReleased { hub, reason } };
    record(&mut tx, app.now(), By::from(actor), &event)?;
    tx.commit()?;
    Ok(row.id)
}

/// Does a recorded mark again.
pub fn redo(tx: &mut Tx, event: &Event) -> Result<()> {
    let (hub, on) = match event {
        Event::HubQuarantined { hub, .. } => (hub, true),
        Event::HubReleased { hub, .. } => (hub, false),
        _ => return Ok(()),
    };
    let id = DeviceId::parse(hub).map_err(|mistake| Error::Damaged(mistake.to_string()))?;
    store::inventory::set_quarantined(tx, id, on)?;
    Ok(())
}
