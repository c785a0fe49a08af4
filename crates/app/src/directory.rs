//! The directory of a Party: its contacts by purpose and its delivery locations.
//!
//! A Party sees another's only while they are counterparties: in a transfer that both have
//! confirmed.

use domain::access::{Action, Actor, Reach, Sight};
use domain::directory::{Contact, DeliveryLocation, MOST_ENTRIES, Purpose};
use domain::ids::{ContactId, LocationId, PartyId};
use domain::refusal::{Refusal, RefusalKind};
use store::Tx;
use store::directory as rows;

use crate::journal::{Event, enact};
use crate::offers::by;
use crate::{App, Error, Result, versions};

pub use store::directory::{ContactRow, LocationRow};

/// What a person sees of a Party's directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// The contacts, by purpose and name.
    pub contacts: Vec<ContactRow>,
    /// The delivery locations, by name.
    pub locations: Vec<LocationRow>,
    /// Whether this person may change it.
    pub may_manage: bool,
}

/// The contacts and delivery locations of a Party.
pub fn get(app: &App, actor: &Actor, party: PartyId) -> Result<Directory> {
    let mut tx = app.db.read()?;
    must_see(&mut tx, actor, party)?;
    Ok(Directory {
        contacts: rows::contacts(&mut tx, party)?,
        locations: rows::locations(&mut tx, party)?,
        may_manage: match actor.reach(Action::ManageDirectory) {
            Reach::Nothing => false,
            Reach::Own => actor.party() == Some(party),
            Reach::All => true,
        },
    })
}

/// One contact of a Party.
pub fn contact(app: &App, actor: &Actor, party: PartyId, id: ContactId) -> Result<ContactRow> {
    let mut tx = app.db.read()?;
    must_see(&mut tx, actor, party)?;
    contact_of(&mut tx, party, id)
}

/// One delivery location of a Party.
pub fn location(app: &App, actor: &Actor, party: PartyId, id: LocationId) -> Result<LocationRow> {
    let mut tx = app.db.read()?;
    must_see(&mut tx, actor, party)?;
    location_of(&mut tx, party, id)
}

/// Adds a contact, or changes the one of this number as of the version that the person saw.
pub fn set_contact(
    app: &App,
    actor: &Actor,
    party: PartyId,
    which: Option<(ContactId, Option<i64>)>,
    contact: Contact,
) -> Result<ContactRow> {
    must_manage(actor, party)?;
    let contact = contact.checked()?;
    let mut tx = app.db.write()?;
    must_be_there(&mut tx, party)?;
    let id = match which {
        Some((id, version)) => {
            let before = contact_of(&mut tx, party, id)?;
            versions::must_be(version, before.version)?;
            if before.says == contact {
                return Ok(before);
            }
            id
        }
        None => {
            must_have_room(rows::contacts(&mut tx, party)?.len())?;
            ContactId(tx.next_id("party_contacts")?)
        }
    };
    let event = Event::PartyContactSet {
        contact: id.0,
        party: party.0,
        purpose: contact.purpose.word().to_owned(),
        name: contact.name,
        email: contact.email,
        telephone: contact.telephone,
    };
    enact(&mut tx, app, by(actor, party), &event)?;
    let row = contact_of(&mut tx, party, id)?;
    tx.commit()?;
    Ok(row)
}

/// Removes a contact.
pub fn drop_contact(
    app: &App,
    actor: &Actor,
    party: PartyId,
    id: ContactId,
    version: Option<i64>,
) -> Result<()> {
    must_manage(actor, party)?;
    let mut tx = app.db.write()?;
    let row = contact_of(&mut tx, party, id)?;
    versions::must_be(version, row.version)?;
    let event = Event::PartyContactDropped { contact: id.0, party: party.0 };
    enact(&mut tx, app, by(actor, party), &event)?;
    Ok(tx.commit()?)
}

/// Adds a delivery location, or changes the one of this number as of the version that the person
/// saw.
pub fn set_location(
    app: &App,
    actor: &Actor,
    party: PartyId,
    which: Option<(LocationId, Option<i64>)>,
    location: DeliveryLocation,
) -> Result<LocationRow> {
    must_manage(actor, party)?;
    let location = location.checked()?;
    let mut tx = app.db.write()?;
    must_be_there(&mut tx, party)?;
    let id = match which {
        Some((id, version)) => {
            let before = location_of(&mut tx, party, id)?;
            versions::must_be(version, before.version)?;
            if before.says == location {
                return Ok(before);
            }
            id
        }
        None => {
            must_have_room(rows::locations(&mut tx, party)?.len())?;
            LocationId(tx.next_id("delivery_locations")?)
        }
    };
    let event = Event::DeliveryLocationSet {
        location: id.0,
        party: party.0,
        name: location.name,
        address: location.address,
        region: location.region,
        notes: location.notes,
        is_active: location.is_active,
    };
    enact(&mut tx, app, by(actor, party), &event)?;
    let row = location_of(&mut tx, party, id)?;
    tx.commit()?;
    Ok(row)
}

/// Removes a delivery location.
pub fn drop_location(
    app: &App,
    actor: &Actor,
    party: PartyId,
    id: LocationId,
    version: Option<i64>,
) -> Result<()> {
    must_manage(actor, party)?;
    let mut tx = app.db.write()?;
    let row = location_of(&mut tx, party, id)?;
    versions::must_be(version, row.version)?;
    let event = Event::DeliveryLocationDropped { location: id.0, party: party.0 };
    enact(&mut tx, app, by(actor, party), &event)?;
    Ok(tx.commit()?)
}

/// Active delivery locations on one line each, to be suggested in a form: those of the own Party, or
/// of the one that the DCC acts for.
pub fn suggestions(app: &App, actor: &Actor, party: Option<PartyId>) -> Result<Vec<String>> {
    let party = match actor.sight(Action::SeeDirectory)? {
        Sight::Everything => party,
        Sight::Party(own) => Some(own),
    };
    let Some(party) = party else { return Ok(Vec::new()) };
    let rows = rows::locations(&mut app.db.read()?, party)?;
    let active = rows.iter().filter(|row| row.says.is_active);
    Ok(active.map(|row| row.says.in_one_line()).collect())
}

/// The contacts of a Party that somebody who sends hubs to it wants.
pub(crate) fn for_deliveries(tx: &mut Tx, party: PartyId) -> Result<Vec<Contact>> {
    let rows = rows::contacts(tx, party)?;
    let contacts = rows.into_iter().map(|row| row.says);
    Ok(contacts.filter(|contact| contact.purpose.is_for_deliveries()).collect())
}

/// Does an entry of this capability again; the operations themselves go through here.
pub fn redo(tx: &mut Tx, event: &Event) -> Result<()> {
    match event {
        Event::PartyContactSet { contact, party, purpose, name, email, telephone } => {
            let unknown = || Error::Damaged(format!("{purpose:?} is no purpose of a contact"));
            let says = Contact {
                purpose: Purpose::from_word(purpose).ok_or_else(unknown)?,
                name: name.clone(),
                email: email.clone(),
                telephone: telephone.clone(),
            };
            rows::put_contact(tx, ContactId(*contact), PartyId(*party), &says)?;
        }
        Event::PartyContactDropped { contact, .. } => {
            rows::drop_contact(tx, ContactId(*contact))?;
        }
        Event::DeliveryLocationSet { location, party, name, address, region, notes, is_active } => {
            let says = DeliveryLocation {
                name: name.clone(),
                address: address.clone(),
                region: region.clone(),
                notes: notes.clone(),
                is_active: *is_active,
            };
            rows::put_location(tx, LocationId(*location), PartyId(*party), &says)?;
        }
        Event::DeliveryLocationDropped { location, .. } => {
            rows::drop_location(tx, LocationId(*location))?;
        }
        _ => {}
    }
    Ok(())
}

fn must_see(tx: &mut Tx, actor: &Actor, party: PartyId) -> Result<()> {
    let may_see = match actor.sight(Action::SeeDirectory)? {
        Sight::Everything => true,
        Sight::Party(own) => own == party || rows::are_counterparties(tx, own, party)?,
    };
    if may_see { must_be_there(tx, party) } else { Err(Refusal::not_found("Party").into()) }
}

fn must_manage(actor: &Actor, party: PartyId) -> Result<()> {
    match actor.sight(Action::ManageDirectory)? {
        Sight::Party(own) if own != party => Err(Refusal::not_found("Party").into()),
        Sight::Everything | Sight::Party(_) => Ok(()),
    }
}

fn must_be_there(tx: &mut Tx, party: PartyId) -> Result<()> {
    let row = store::parties::load(tx, party)?;
    Ok(row.map(|_| ()).ok_or_else(|| Refusal::not_found("Party"))?)
}

fn must_have_room(entries: usize) -> Result<()> {
    if entries < MOST_ENTRIES {
        return Ok(());
    }
    let message = format!("There are {MOST_ENTRIES} of them. Remove one first.");
    Err(Refusal::new(RefusalKind::WrongState, message).into())
}

fn contact_of(tx: &mut Tx, party: PartyId, id: ContactId) -> Result<ContactRow> {
    let found = rows::contacts(tx, party)?.into_iter().find(|row| row.id == id);
    Ok(found.ok_or_else(|| Refusal::not_found("contact"))?)
}

fn location_of(tx: &mut Tx, party: PartyId, id: LocationId) -> Result<LocationRow> {
    let found = rows::locations(tx, party)?.into_iter().find(|row| row.id == id);
    Ok(found.ok_or_else(|| Refusal::not_found("delivery location"))?)
}
