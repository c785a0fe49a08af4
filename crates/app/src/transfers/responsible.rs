//! Who was responsible for a hub at any instant: the sender until the receiver accepts, whatever day
//! the inventory follows.

use domain::access::{Action, Actor, Sight};
use domain::ids::{PartyId, TransferId};
use domain::transfers::LineState;
use domain::{DeviceId, Refusal};
use jiff::Timestamp;
use store::Tx;
use store::transfers as rows;

use super::Named;
use super::view::named;
use crate::{App, Result, inventory};

/// A time in which a Party was responsible for a hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accountable {
    /// The Party.
    pub party: Named,
    /// From this instant.
    pub from: Timestamp,
    /// Up to this instant; none for the Party that is responsible now.
    pub until: Option<Timestamp>,
    /// The transfer that made it so; none for a delivery, a snapshot or a file without a transfer.
    pub transfer: Option<TransferId>,
}

/// The Party that was responsible for a hub at an instant.
pub fn responsible(app: &App, actor: &Actor, hub: DeviceId, at: Timestamp) -> Result<Accountable> {
    let times = responsibility(app, actor, hub)?;
    let at_that_time =
        times.into_iter().rfind(|time| time.from <= at && time.until.is_none_or(|end| at < end));
    Ok(at_that_time.ok_or_else(|| Refusal::not_found("hub at that time"))?)
}

/// Every Party that was responsible for a hub, the first one first, without gap or overlap. A Party
/// sees its own times and those of its counterparties in transfers.
pub fn responsibility(app: &App, actor: &Actor, hub: DeviceId) -> Result<Vec<Accountable>> {
    let sight = actor.sight(Action::SeeTransfers)?;
    let mut tx = app.db.read()?;
    let passages = rows::passages(&mut tx, hub)?;
    let times = times(&mut tx, hub, &passages)?;
    let Sight::Party(own) = sight else { return Ok(times) };
    let is_ours = |id: TransferId| {
        passages.iter().any(|p| p.transfer == id && (p.sender == own || p.receiver == own))
    };
    let seen: Vec<Accountable> = times
        .into_iter()
        .filter(|time| time.party.id == own || time.transfer.is_some_and(is_ours))
        .collect();
    if seen.is_empty() { Err(Refusal::not_found("hub").into()) } else { Ok(seen) }
}

fn times(tx: &mut Tx, hub: DeviceId, passages: &[rows::Passage]) -> Result<Vec<Accountable>> {
    let row = store::inventory::hub(tx, hub)?.ok_or_else(|| Refusal::not_found("hub"))?;
    let book = crate::parties::book(tx)?;
    let mut changes: Vec<(Timestamp, PartyId, Option<TransferId>)> =
        inventory::in_the_inventory(tx, &row, &book)?
            .into_iter()
            .map(|time| (time.from, time.party.id, None))
            .collect();
    for passage in passages {
        let id = Some(passage.transfer);
        if let Some(accepted_at) = passage.accepted_at {
            changes.push((accepted_at, passage.receiver, id));
            if let (LineState::Dropped, Some(dropped_at)) = (passage.state, passage.closed_at) {
                changes.push((dropped_at, passage.sender, id));
            }
        }
    }
    // At the same instant the inventory's own change counts for what it says, and comes last.
    changes.sort_by_key(|(at, _, transfer)| (*at, transfer.is_none()));
    let mut times: Vec<Accountable> = Vec::new();
    for (at, party, transfer) in changes {
        match times.last_mut() {
            Some(last) if last.party.id == party => {}
            last => {
                if let Some(last) = last {
                    last.until = Some(at);
                }
                times.push(Accountable {
                    party: named(&book, party),
                    from: at,
                    until: None,
                    transfer,
                });
            }
        }
    }
    Ok(times)
}
