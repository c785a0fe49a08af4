//! Giving hubs of an offer to requests, and taking back what lapsed.

use domain::Refusal;
use domain::ids::{OfferId, RequestId};
use domain::refusal::RefusalKind;
use domain::requests::Action as DoRequest;
use store::Tx;
use store::offers::OfferRow;

use super::draft::must_be_able_to_offer;
use super::{ids, uncommitted};
use crate::journal::{By, Event, Given, enact};
use crate::requests::must_be_able_to_receive;
use crate::{App, Result};

/// How many hubs of an offer can be allocated now: what is left of it, and no more than its Party
/// still has of the stock and has given to nobody. 0 unless the offer is on the board and its Party
/// is active and may hold hubs.
///
/// What other open offers have not given yet binds nobody, so it is not taken off, unless they list
/// hubs, which are theirs. Of an offer that lists hubs only these count.
pub fn allocatable(tx: &mut Tx, app: &App, offer: OfferId) -> Result<i64> {
    let row = load(tx, offer)?;
    let can_give = must_be_able_to_offer(tx, row.party).is_ok();
    if !row.state.is_on_the_board() || !can_give {
        return Ok(0);
    }
    let has = match row.ids_file {
        Some(file) => {
            let lines = ids::stored(tx, file)?;
            let still = match ids::examine(tx, app.now(), row.party, Some(offer), &lines)? {
                Ok(listed) => listed.keys.len(),
                Err(mistakes) => lines.len() - mistakes.len(),
            };
            still as i64 - store::transfers::undispatched_of(tx, offer)?
        }
        None => {
            let has = uncommitted(tx, app, row.party, &row.specification)?;
            has.eligible.values().sum::<i64>() - has.given
        }
    };
    Ok(row.left().min(has.max(0)))
}

/// Gives hubs of an offer to requests, each with its reason; 0 for those that are not selected.
///
/// Refuses, and nothing is changed, what would be more than is left of the offer, more than its
/// Party still has of the stock, or more than a request asked for.
pub fn allocate(
    tx: &mut Tx,
    app: &App,
    by: By,
    offer: OfferId,
    given: &[(RequestId, i64, String)],
) -> Result<()> {
    let row = load(tx, offer)?;
    let sum: i64 = given.iter().map(|(_, quantity, _)| *quantity).sum();
    if given.iter().any(|(_, quantity, _)| *quantity < 0) || sum > row.left() {
        return Err(too_much(&row).into());
    }
    if sum > 0 {
        row.state.after(match sum == row.left() {
            true => domain::offers::Action::AllocateAll,
            false => domain::offers::Action::Allocate,
        })?;
        let most = allocatable(tx, app, offer)?;
        if sum > most {
            let message = format!(
                "{sum} hubs of {offer} can't be allocated: its Party has {most} left that are \
                 eligible. Lower the quantity of the offer first."
            );
            return Err(Refusal::new(RefusalKind::WrongState, message).into());
        }
    }
    let received = store::requests::received(tx, offer)?;
    let mut all = Vec::with_capacity(given.len());
    for (id, quantity, reason) in given {
        let request = received
            .iter()
            .find(|request| request.id == *id)
            .ok_or_else(|| Refusal::not_found(format!("request {id} for {offer}")))?;
        let asked = request.asked.quantity;
        if request.allocated + quantity > asked {
            let message = format!("{id} asked for {asked} hubs and can't be given more.");
            return Err(Refusal::new(RefusalKind::WrongState, message).into());
        }
        if *quantity > 0 {
            must_be_able_to_receive(tx, request.party)?;
        }
        request.state.after(match (*quantity, request.allocated + quantity == asked) {
            (0, _) => DoRequest::Decline,
            (_, true) => DoRequest::Allocate,
            (_, false) => DoRequest::AllocatePart,
        })?;
        all.push(Given { request: id.0, quantity: *quantity, reason: reason.clone() });
    }
    enact(tx, app, by, &Event::OfferAllocated { offer: offer.0, given: all })?;
    Ok(())
}

/// Takes back what a request was given and did not confirm, or what was cancelled.
pub fn give_back(
    tx: &mut Tx,
    app: &App,
    by: By,
    offer: OfferId,
    request: RequestId,
    quantity: i64,
) -> Result<()> {
    load(tx, offer)?;
    let row = store::requests::load(tx, request)?
        .filter(|row| row.offer == Some(offer))
        .ok_or_else(|| Refusal::not_found(format!("request {request} for {offer}")))?;
    if !(1..=row.allocated).contains(&quantity) {
        let message = format!("{request} was given {} hubs.", row.allocated);
        return Err(Refusal::new(RefusalKind::WrongState, message).into());
    }
    let event = Event::AllocationGivenBack { offer: offer.0, request: request.0, quantity };
    enact(tx, app, by, &event)?;
    Ok(())
}

fn load(tx: &mut Tx, offer: OfferId) -> Result<OfferRow> {
    Ok(store::offers::load(tx, offer)?.ok_or_else(|| Refusal::not_found("offer"))?)
}

/// More than is left of an offer.
pub(super) fn too_much(row: &OfferRow) -> Refusal {
    let message =
        format!("{} hubs are left of {}; no more than that can be allocated.", row.left(), row.id);
    Refusal::new(RefusalKind::WrongState, message)
}
