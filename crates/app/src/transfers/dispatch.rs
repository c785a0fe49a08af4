//! Declaring what left the sender's warehouse.

use domain::DeviceId;
use domain::access::{Action as Permission, Actor};
use domain::ids::{TransferId, UserId};
use domain::refusal::{Refusal, RefusalKind};
use domain::timers::{InWords, british_day};
use domain::transfers::{Action, Kind, LineState, Side, read_manifest, write_manifest};
use jiff::Timestamp;
use jiff::civil::Date;
use store::Tx;
use store::files::StoredFile;
use store::held_hubs::{self, Holder};
use store::transfers::{self as rows, Counts, LineRow, TransferRow};

use super::agree::{given_text, must_be_able_to_receive, own_side};
use super::facts::Stock;
use super::view::by;
use super::{Dispatch, TransferView, agree, deadlines, get, list};
use crate::files::hex;
use crate::journal::{Event, enact};
use crate::{App, Error, Result, offers};

/// The longest carrier, consignment note and seals.
const LONGEST_NAME: usize = 200;
/// Objections that a refusal names.
const NAMED: usize = 5;

/// Declares that the hubs of the sender's list have left. They are checked against the inventory
/// once more, and are in no other transfer from then on. If fewer than agreed are meant, the rest of
/// what was allocated goes back to the offer; its Party called it off, so it does not go on.
pub fn dispatch(
    app: &App,
    actor: &Actor,
    id: TransferId,
    version: Option<i64>,
    given: &Dispatch,
) -> Result<TransferView> {
    let side = Side::Sender;
    let mut tx = app.db.write()?;
    let row = own_side(&mut tx, actor, id, Permission::Dispatch, side, version)?;
    row.state.after(Action::Dispatch)?;
    list::must_be_as_seen(&mut tx, (id, side), given.list_version)?;
    let at = app.now();
    let today = british_day(at);
    must_not_be_later(given.on, today)?;
    must_not_be_before(given.on, &row)?;
    let carrier = named("carrier", &given.carrier, 1)?;
    let consignment_note = named("consignment_note", &given.consignment_note, 1)?;
    let seals = named("seals", &given.seals, 0)?;
    let book = crate::parties::book(&mut tx)?;
    must_be_able_to_receive(&book, row.receiver)?;
    let listed = list::declared(&mut tx, id, side)?;
    let keys: Vec<i64> = listed.iter().map(|listed| listed.hub.key()).collect();
    must_be_as_many(&row, keys.len() as i64, given.fewer_is_meant)?;
    let stock = Stock::look(&mut tx, &row, &keys)?;
    let objections = list::objections(&mut tx, &row, &stock, &keys, today)?;
    if !objections.is_empty() {
        return Err(objected(&objections).into());
    }
    let manifest = manifest(&mut tx, &stock, &keys)?;
    let stored = store::files::keep(&mut tx, &manifest, at)?;
    let event = Event::TransferDispatched {
        transfer: id.0,
        on: given.on.to_string(),
        carrier,
        consignment_note,
        seals,
        manifest_sha256: hex(&stored.sha256),
        hubs: keys.len() as u64,
    };
    let by = by(actor, &row, side);
    enact(&mut tx, app, by, &event)?;
    agree::give_back(&mut tx, app, by, &row, row.quantity - keys.len() as i64, false)?;
    tx.commit()?;
    app.bell.ring();
    get(app, actor, id)
}

/// A day that has begun.
pub(super) fn must_not_be_later(on: Date, today: Date) -> Result<()> {
    if on <= today {
        return Ok(());
    }
    let message = format!("Enter a day that is not later than today, {}.", InWords(today));
    Err(Refusal::field("on", message).into())
}

/// A day from that of the agreement on; Parties that agreed between themselves may notify it later.
fn must_not_be_before(on: Date, row: &TransferRow) -> Result<()> {
    let agreed = british_day(row.agreed_at);
    if on >= agreed || row.kind == Kind::Direct {
        return Ok(());
    }
    let message = format!("It was agreed on {}; enter that day or a later one.", InWords(agreed));
    Err(Refusal::field("on", message).into())
}

fn named(field: &'static str, text: &str, least: usize) -> Result<String> {
    let text = given_text(field, text, least)?;
    if text.chars().count() > LONGEST_NAME {
        let message =
            format!("Shorten the {} to {LONGEST_NAME} characters.", field.replace('_', " "));
        return Err(Refusal::field(field, message).into());
    }
    Ok(text)
}

fn must_be_as_many(row: &TransferRow, hubs: i64, fewer_is_meant: bool) -> Result<()> {
    let agreed = row.quantity;
    let message = match hubs {
        0 => "The list is empty. Add the hubs that left.".to_owned(),
        hubs if hubs > agreed => {
            format!("The list has {hubs} hubs and {agreed} were agreed. Remove the others.")
        }
        hubs if hubs < agreed && !fewer_is_meant => format!(
            "The list has {hubs} hubs and {agreed} were agreed. Add the others, or say that fewer \
             are meant."
        ),
        _ => return Ok(()),
    };
    Err(Refusal::field("list", message).into())
}

fn objected(objections: &[(DeviceId, String)]) -> Refusal {
    let named: Vec<String> =
        objections.iter().take(NAMED).map(|(hub, why)| format!("{hub}: {why}")).collect();
    let more = objections.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" And {more} more.") } else { String::new() };
    let message = format!(
        "Some hubs of the list can't be dispatched; remove them. {}{more}",
        named.join(" ")
    );
    Refusal { field: Some("list"), ..Refusal::new(RefusalKind::Invalid, message) }
}

/// The manifest as it is kept: each hub with its pallet and box, by ID.
fn manifest(tx: &mut Tx, stock: &Stock<'_>, keys: &[i64]) -> Result<Vec<u8>> {
    let labels = rows::labels(tx, &stock.packs())?;
    let none = (String::new(), String::new());
    let mut out = Vec::with_capacity(keys.len() * 48 + 64);
    let line = |(place, key): (usize, &i64)| {
        let pack = stock.hub(place).map(|hub| i64::from(stock.pack(hub).id));
        let (pallet, of_box) = pack.and_then(|pack| labels.get(&pack)).unwrap_or(&none);
        (DeviceId::from_key(*key), pallet.as_str(), of_box.as_str())
    };
    write_manifest(&mut out, keys.iter().enumerate().map(line));
    Ok(out)
}

/// The hubs of a manifest left, as the journal has it.
pub(super) fn redo(
    tx: &mut Tx,
    mut row: TransferRow,
    (file, bytes): (&StoredFile, &[u8]),
    event: &Event,
    (actor, at): (Option<UserId>, Timestamp),
) -> Result<()> {
    let Event::TransferDispatched { on, carrier, consignment_note, seals, hubs, .. } = event else {
        return Ok(());
    };
    let _span = tracing::debug_span!("note the dispatch", hubs).entered();
    let damaged = |what: String| Error::Damaged(format!("the manifest of {}: {what}", row.id));
    let keys: Vec<i64> =
        read_manifest(bytes).map_err(damaged)?.into_iter().map(DeviceId::key).collect();
    if keys.len() as u64 != *hubs || !keys.is_sorted() {
        return Err(damaged("it has other lines than were declared".into()));
    }
    hold(tx, &row, &keys)?;
    let line = |key: &i64| LineRow {
        hub: DeviceId::from_key(*key),
        state: LineState::Dispatched,
        outcome: None,
        reason: None,
        correction: None,
        code: String::new(),
        accepted_at: None,
        closed_at: None,
    };
    rows::insert_lines(tx, row.id, keys.iter().map(line))?;
    rows::clear_list(tx, row.id, Side::Sender)?;
    row.state = row.state.after(Action::Dispatch)?;
    row.dispatched_at = Some(at);
    row.dispatched_by = actor;
    row.dispatched_on = Some(on.clone());
    row.carrier = Some(carrier.clone());
    row.consignment_note = Some(consignment_note.clone());
    row.seals = Some(seals.clone());
    row.manifest = Some(file.id);
    row.counts = Counts { dispatched: keys.len() as i64, ..Counts::default() };
    deadlines::met(tx, &row, "dispatch", at)?;
    deadlines::set(tx, &row, at)?;
    rows::update(tx, &row)?;
    match row.offer {
        Some(offer) => offers::let_go(tx, offer),
        None => Ok(()),
    }
}

/// Holds the hubs for the transfer; those that its offer listed are handed over.
fn hold(tx: &mut Tx, row: &TransferRow, keys: &[i64]) -> Result<()> {
    let holder = Holder::Transfer(row.id);
    let mut free = Vec::with_capacity(keys.len());
    let mut listed = Vec::new();
    for (key, held) in keys.iter().zip(held_hubs::holders(tx, keys)?) {
        match held {
            None => free.push(*key),
            Some(_) => listed.push(*key),
        }
    }
    if let (false, Some(offer)) = (listed.is_empty(), row.offer) {
        held_hubs::hand_over(tx, offer, row.id, &listed)?;
    }
    Ok(held_hubs::hold(tx, holder, row.sender, &free)?)
}
