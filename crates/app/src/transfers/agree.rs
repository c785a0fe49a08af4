//! Opening transfers, and both Parties' confirmations.

use std::collections::BTreeMap;

use domain::access::{Action as Permission, Actor, Reach};
use domain::ids::{AllocationRunId, OfferId, PartyId, RequestId, TransferId};
use domain::offers::Specification;
use domain::parties::PartyBook;
use domain::refusal::{Refusal, RefusalKind};
use domain::transfers::{Action, Kind, Side};
use store::Tx;
use store::timers::DeadlineRow;
use store::transfers::{self as rows, TransferRow};

use super::view::{acting, by, must_be_current, visible};
use super::{DirectNotice, TransferView, get};
use crate::journal::{By, Event, enact};
use crate::{App, Result, offers, selection, timers};

/// The longest notes, and the longest reason.
pub(super) const LONGEST_TEXT: usize = 2_000;
/// Hubs that one transfer may have.
const MOST_HUBS: i64 = 1_000_000;
/// Firmware versions that may be agreed on.
const MOST_FIRMWARE: usize = 50;

/// What selection gave to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// The offer.
    pub offer: OfferId,
    /// The request.
    pub request: RequestId,
    /// The run that selected it.
    pub run: AllocationRunId,
    /// The Party that offers.
    pub sender: PartyId,
    /// The Party that asked.
    pub receiver: PartyId,
    /// What the stock is of.
    pub specification: Specification,
    /// How many hubs.
    pub quantity: i64,
}

/// Opens the transfer of an allocation, in the transaction that allocates. Both Parties confirm it
/// next.
pub fn agree(tx: &mut Tx, app: &App, by: By, agreed: &Agreed) -> Result<TransferId> {
    let id = TransferId(tx.next_id("transfers")?);
    let firmware = store::offers::firmware(tx, agreed.offer)?;
    let event = Event::TransferAgreed {
        transfer: id.0,
        offer: agreed.offer.0,
        request: agreed.request.0,
        run: Some(agreed.run.0),
        sender: agreed.sender.0,
        receiver: agreed.receiver.0,
        specification: named_parts(&agreed.specification),
        firmware: firmware.into_keys().collect(),
        quantity: agreed.quantity,
    };
    enact(tx, app, by, &event)?;
    Ok(id)
}

/// How many hubs of this specification a Party has agreed to send and not dispatched yet, by the
/// firmware versions that were agreed on; none for any of them.
pub fn open_outgoing(
    tx: &mut Tx,
    party: PartyId,
    of: &Specification,
) -> Result<Vec<(Vec<String>, i64)>> {
    Ok(rows::open_outgoing(tx, party, of)?)
}

/// The parts of a specification as the journal names them.
pub(super) fn named_parts(of: &Specification) -> BTreeMap<String, String> {
    let parts = [
        ("manufacturer", &of.manufacturer),
        ("model", &of.model),
        ("han_variant", &of.han_variant),
        ("wan_variant", &of.wan_variant),
        ("region", &of.region),
    ];
    parts.map(|(name, value)| (name.to_owned(), value.clone())).into()
}

/// The other way round.
pub(super) fn specification(parts: &BTreeMap<String, String>) -> Specification {
    let part = |name: &str| parts.get(name).cloned().unwrap_or_default();
    Specification {
        manufacturer: part("manufacturer"),
        model: part("model"),
        han_variant: part("han_variant"),
        wan_variant: part("wan_variant"),
        region: part("region"),
    }
}

/// Notifies a transfer that two Parties agreed between themselves. It skips selection, and the
/// record says so. The notice of one Party is its confirmation; the same notice of the other one
/// confirms the first.
pub fn notify_direct(app: &App, actor: &Actor, notice: &DirectNotice) -> Result<TransferView> {
    let reach = actor.must(Permission::AgreeTransfers)?;
    let mut tx = app.db.write()?;
    let book = crate::parties::book(&mut tx)?;
    let (sender, receiver) =
        (party(&book, "sender", &notice.sender)?, party(&book, "receiver", &notice.receiver)?);
    if sender == receiver {
        let message = "A transfer is between two Parties; choose another receiver.";
        return Err(Refusal::field("receiver", message).into());
    }
    let own = actor.acting_for.or(actor.party());
    let side = match (own.and_then(|own| Side::of(own, sender, receiver)), notice.side, reach) {
        (Some(side), _, _) | (None, Some(side), Reach::All) => side,
        (None, None, Reach::All) => {
            let message = "Say for which Party you notify it: the sender or the receiver.";
            return Err(Refusal::field("side", message).into());
        }
        (None, _, Reach::Own | Reach::Nothing) => {
            let message = "You can notify a transfer only if your Party sends or receives it.";
            return Err(Refusal::new(RefusalKind::NotAllowed, message).into());
        }
    };
    let firmware = checked(&mut tx, notice)?;
    must_be_able_to_receive(&book, receiver)?;
    let mut row = blank(TransferId(tx.next_id("transfers")?), (sender, receiver), notice, app);
    row.firmware = firmware;
    if let Some(earlier) = rows::same_notice(&mut tx, &row)?
        && !is_confirmed(&earlier, side)
    {
        confirm_in(&mut tx, app, actor, &earlier, side)?;
        tx.commit()?;
        app.bell.ring();
        return get(app, actor, earlier.id);
    }
    if side == Side::Sender {
        offers::must_have_uncommitted(
            &mut tx,
            app,
            sender,
            &row.specification,
            &row.firmware,
            row.quantity,
        )?;
    }
    let event = Event::TransferNotified {
        transfer: row.id.0,
        side: side.name().to_owned(),
        sender: sender.0,
        receiver: receiver.0,
        specification: named_parts(&row.specification),
        firmware: row.firmware.clone(),
        quantity: row.quantity,
        notes: row.notes.clone(),
    };
    enact(&mut tx, app, by(actor, &row, side), &event)?;
    tx.commit()?;
    app.bell.ring();
    get(app, actor, row.id)
}

fn party(book: &PartyBook, field: &'static str, reference: &str) -> Result<PartyId> {
    let reference = reference.trim();
    let found = book.by_reference(reference).map(|party| party.id);
    Ok(found.ok_or_else(|| {
        let message = match reference {
            "" => format!("Choose the {field}."),
            _ => format!("No Party has the service user reference {reference}."),
        };
        Refusal::field(field, message)
    })?)
}

/// Refuses a receiver that hubs can't be moved to.
pub(super) fn must_be_able_to_receive(book: &PartyBook, receiver: PartyId) -> Result<()> {
    match book.by_id(receiver) {
        Some(party) if party.details.can_receive_hubs() => Ok(()),
        found => {
            let name = found.map_or_else(String::new, |party| party.details.legal_name.clone());
            let message =
                format!("Hubs can't be moved to {name}: it is not active, or may not hold any.");
            Err(Refusal::field("receiver", message).into())
        }
    }
}

/// Checks what a notice says, and answers the firmware versions.
fn checked(tx: &mut Tx, notice: &DirectNotice) -> Result<Vec<String>> {
    if !(1..=MOST_HUBS).contains(&notice.quantity) {
        let message = format!("Enter a whole number of hubs from 1 to {MOST_HUBS}.");
        return Err(Refusal::field("quantity", message).into());
    }
    given_text("notes", &notice.notes, 0)?;
    let of = &notice.specification;
    let mut firmware: Vec<String> =
        notice.firmware.iter().map(|v| v.trim().to_owned()).filter(|v| !v.is_empty()).collect();
    firmware.sort();
    firmware.dedup();
    if firmware.len() > MOST_FIRMWARE {
        let message = format!("Name at most {MOST_FIRMWARE} firmware versions.");
        return Err(Refusal::field("firmware", message).into());
    }
    let models = rows::models(tx)?;
    let mut known = models.iter().filter(|model| model.is_of(of)).peekable();
    if known.peek().is_none() {
        let message = "The inventory has no such device model; check manufacturer, model, HAN \
                       variant and WAN variant.";
        return Err(Refusal::field("model", message).into());
    }
    let versions: Vec<&str> = known.map(|model| model.firmware_version.as_str()).collect();
    if let Some(unknown) = firmware.iter().find(|version| !versions.contains(&version.as_str())) {
        let message = format!("The inventory has no firmware {unknown} of this model.");
        return Err(Refusal::field("firmware", message).into());
    }
    if !domain::inventory::REGIONS.contains(&of.region.as_str()) {
        let regions = domain::inventory::REGIONS.join(", ");
        return Err(Refusal::field("region", format!("Choose one of {regions}.")).into());
    }
    Ok(firmware)
}

/// A text that a person gave, or what is wrong with it.
pub(super) fn given_text(field: &'static str, text: &str, least: usize) -> Result<String> {
    let text = text.trim();
    let length = text.chars().count();
    if length < least {
        return Err(Refusal::field(field, format!("Enter the {}.", field.replace('_', " "))).into());
    }
    if length > LONGEST_TEXT {
        let message =
            format!("Shorten the {} to {LONGEST_TEXT} characters.", field.replace('_', " "));
        return Err(Refusal::field(field, message).into());
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        let message = format!("The {} holds a control character.", field.replace('_', " "));
        return Err(Refusal::field(field, message).into());
    }
    Ok(text.to_owned())
}

fn blank(
    id: TransferId,
    (sender, receiver): (PartyId, PartyId),
    notice: &DirectNotice,
    app: &App,
) -> TransferRow {
    TransferRow {
        quantity: notice.quantity,
        notes: notice.notes.trim().to_owned(),
        specification: notice.specification.clone(),
        ..super::redo::new_row(id, Kind::Direct, (sender, receiver), app.now())
    }
}

fn is_confirmed(row: &TransferRow, side: Side) -> bool {
    match side {
        Side::Sender => row.sender_confirmed_at.is_some(),
        Side::Receiver => row.receiver_confirmed_at.is_some(),
    }
}

/// Confirms one side: a Party its own, the DCC the one that it says. Confirming twice changes
/// nothing.
pub fn confirm(
    app: &App,
    actor: &Actor,
    id: TransferId,
    version: Option<i64>,
    side: Option<Side>,
) -> Result<TransferView> {
    let mut tx = app.db.write()?;
    let (row, own) = visible(&mut tx, actor, id, Permission::AgreeTransfers)?;
    let Some(side) = own.or(side) else {
        let message = "Say for which Party you confirm: the sender or the receiver.";
        return Err(Refusal::field("side", message).into());
    };
    if is_confirmed(&row, side) {
        return get(app, actor, id);
    }
    must_be_current(&row, version)?;
    confirm_in(&mut tx, app, actor, &row, side)?;
    tx.commit()?;
    app.bell.ring();
    get(app, actor, id)
}

fn confirm_in(tx: &mut Tx, app: &App, actor: &Actor, row: &TransferRow, side: Side) -> Result<()> {
    row.state.after(Action::ConfirmFirst)?;
    let other = match side {
        Side::Sender => row.receiver_confirmed_by,
        Side::Receiver => row.sender_confirmed_by,
    };
    if other == Some(actor.user) {
        let message = "You confirmed the other side, so somebody else must confirm this one.";
        return Err(Refusal::new(RefusalKind::SamePerson, message).into());
    }
    let book = crate::parties::book(tx)?;
    must_be_able_to_receive(&book, row.receiver)?;
    if side == Side::Sender && row.kind == Kind::Direct {
        offers::must_have_uncommitted(
            tx,
            app,
            row.sender,
            &row.specification,
            &row.firmware,
            row.quantity,
        )?;
    }
    let event = Event::TransferConfirmed { transfer: row.id.0, side: side.name().to_owned() };
    enact(tx, app, by(actor, row, side), &event)?;
    Ok(())
}

/// Calls a transfer off before anything was dispatched, for a reason. What was allocated goes back
/// to the offer, and to the next in its order unless the sender called it off.
pub fn cancel(
    app: &App,
    actor: &Actor,
    id: TransferId,
    version: Option<i64>,
    reason: &str,
) -> Result<TransferView> {
    let mut tx = app.db.write()?;
    let (row, side) = visible(&mut tx, actor, id, Permission::AgreeTransfers)?;
    let reason = given_text("reason", reason, 1)?;
    must_be_current(&row, version)?;
    row.state.after(Action::Cancel)?;
    let is_held_back = row.held_from.is_some()
        && (side.is_some() || actor.reach(Permission::SuperviseTransfers) != Reach::All);
    if row.manifest.is_some() || is_held_back {
        let message = "This transfer can't be cancelled now: the DCC has it on hold, or it was \
                       dispatched.";
        return Err(Refusal::new(RefusalKind::WrongState, message).into());
    }
    let by = side.map_or_else(|| By::from(actor), |side| by(actor, &row, side));
    let event = Event::TransferCancelled {
        transfer: id.0,
        side: side.map(|side| side.name().to_owned()),
        reason,
    };
    enact(&mut tx, app, by, &event)?;
    rows::clear_list(&mut tx, id, Side::Sender)?;
    give_back(&mut tx, app, by, &row, row.quantity, side != Some(Side::Sender))?;
    tx.commit()?;
    app.bell.ring();
    get(app, actor, id)
}

/// Nobody confirmed in time: the deadline's own operation.
pub(super) fn lapse(app: &App, id: TransferId, deadline: &DeadlineRow) -> Result<()> {
    let mut tx = app.db.write()?;
    if !timers::still_stands(&mut tx, deadline)? {
        return Ok(());
    }
    let Some(row) = rows::load(&mut tx, id)? else { return Ok(()) };
    if row.state.after(Action::Lapse).is_err() {
        return Ok(());
    }
    enact(&mut tx, app, By::SYSTEM, &Event::TransferLapsed { transfer: id.0 })?;
    give_back(&mut tx, app, By::SYSTEM, &row, row.quantity, true)?;
    Ok(tx.commit()?)
}

/// So many of the hubs that were allocated are the offer's again; the next in its order gets them if
/// `goes_on`.
pub(super) fn give_back(
    tx: &mut Tx,
    app: &App,
    by: By,
    row: &TransferRow,
    quantity: i64,
    goes_on: bool,
) -> Result<()> {
    let (Some(offer), Some(request)) = (row.offer, row.request) else { return Ok(()) };
    if quantity == 0 {
        return Ok(());
    }
    offers::give_back(tx, app, by, offer, request, quantity)?;
    if goes_on {
        selection::next(tx, app, offer)?;
        return Ok(());
    }
    selection::settle_rest(tx, app, offer)
}

/// The row at which a Party acts for its own side.
pub(super) fn own_side(
    tx: &mut Tx,
    actor: &Actor,
    id: TransferId,
    action: Permission,
    side: Side,
    version: Option<i64>,
) -> Result<TransferRow> {
    let row = acting(tx, actor, id, action, side)?;
    must_be_current(&row, version)?;
    Ok(row)
}
