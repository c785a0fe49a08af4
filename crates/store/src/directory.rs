//! Contacts and delivery locations of Parties.

use domain::directory::{Contact, DeliveryLocation, Purpose};
use domain::ids::{ContactId, LocationId, PartyId};

use crate::error::{Error, Result};
use crate::value::Row;
use crate::{Tx, args};

const CONTACT: &str = "id, party, purpose, name, email, telephone, version";
const LOCATION: &str = "id, party, name, address, region, notes, is_active, version";

/// An entry of the directory of a Party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<I, T> {
    /// Its number.
    pub id: I,
    /// The Party.
    pub party: PartyId,
    /// What it says.
    pub says: T,
    /// Counts its changes.
    pub version: i64,
}

/// A contact as it stands in the table.
pub type ContactRow = Entry<ContactId, Contact>;

/// A delivery location as it stands in the table.
pub type LocationRow = Entry<LocationId, DeliveryLocation>;

fn contact(row: &Row) -> Result<ContactRow> {
    let purpose: String = row.get(2);
    let unknown = || Error::Broken {
        doing: "read a contact".into(),
        message: format!("there is no purpose {purpose}"),
    };
    let says = Contact {
        purpose: Purpose::from_word(&purpose).ok_or_else(unknown)?,
        name: row.get(3),
        email: row.get(4),
        telephone: row.get(5),
    };
    Ok(Entry { id: row.get(0), party: row.get(1), says, version: row.get(6) })
}

fn location(row: &Row) -> LocationRow {
    let says = DeliveryLocation {
        name: row.get(2),
        address: row.get(3),
        region: row.get(4),
        notes: row.get(5),
        is_active: row.get(6),
    };
    Entry { id: row.get(0), party: row.get(1), says, version: row.get(7) }
}

/// The contacts of a Party, by purpose and name.
pub fn contacts(tx: &mut Tx, party: PartyId) -> Result<Vec<ContactRow>> {
    let sql = format!("SELECT {CONTACT} FROM party_contacts WHERE party = $1");
    let rows = tx.all(&sql, args![party])?;
    let mut found = rows.iter().map(contact).collect::<Result<Vec<_>>>()?;
    found.sort_by(|a, b| {
        let key = |row: &ContactRow| (row.says.purpose, row.says.name.clone(), row.id);
        key(a).cmp(&key(b))
    });
    Ok(found)
}

/// The delivery locations of a Party, by name.
pub fn locations(tx: &mut Tx, party: PartyId) -> Result<Vec<LocationRow>> {
    let sql = format!("SELECT {LOCATION} FROM delivery_locations WHERE party = $1");
    let mut found: Vec<_> = tx.all(&sql, args![party])?.iter().map(location).collect();
    found.sort_by(|a, b| (&a.says.name, a.id).cmp(&(&b.says.name, b.id)));
    Ok(found)
}

/// Adds a contact, or changes the one of this number.
pub fn put_contact(tx: &mut Tx, id: ContactId, party: PartyId, says: &Contact) -> Result<()> {
    let sql = format!(
        "INSERT INTO party_contacts ({CONTACT}) VALUES ($1, $2, $3, $4, $5, $6, 1)
         ON CONFLICT (id) DO UPDATE SET purpose = excluded.purpose, name = excluded.name,
            email = excluded.email, telephone = excluded.telephone,
            version = party_contacts.version + 1"
    );
    let args = args![id, party, says.purpose.word(), &says.name, &says.email, &says.telephone];
    tx.exec(&sql, args)?;
    Ok(())
}

/// Adds a delivery location, or changes the one of this number.
pub fn put_location(
    tx: &mut Tx,
    id: LocationId,
    party: PartyId,
    says: &DeliveryLocation,
) -> Result<()> {
    let sql = format!(
        "INSERT INTO delivery_locations ({LOCATION}) VALUES ($1, $2, $3, $4, $5, $6, $7, 1)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, address = excluded.address,
            region = excluded.region, notes = excluded.notes, is_active = excluded.is_active,
            version = delivery_locations.version + 1"
    );
    let args =
        args![id, party, &says.name, &says.address, &says.region, &says.notes, says.is_active];
    tx.exec(&sql, args)?;
    Ok(())
}

/// Removes a contact. Its number is not given again as long as a later one is there.
pub fn drop_contact(tx: &mut Tx, id: ContactId) -> Result<()> {
    tx.exec("DELETE FROM party_contacts WHERE id = $1", args![id])?;
    Ok(())
}

/// Removes a delivery location. Its number is not given again as long as a later one is there.
pub fn drop_location(tx: &mut Tx, id: LocationId) -> Result<()> {
    tx.exec("DELETE FROM delivery_locations WHERE id = $1", args![id])?;
    Ok(())
}

/// Whether there is a transfer between these Parties that both have confirmed.
pub fn are_counterparties(tx: &mut Tx, one: PartyId, other: PartyId) -> Result<bool> {
    let sql = "
        SELECT id FROM transfers
        WHERE ((sender = $1 AND receiver = $2) OR (sender = $2 AND receiver = $1))
            AND sender_confirmed_at IS NOT NULL AND receiver_confirmed_at IS NOT NULL
            AND state <> 'Cancelled'
        LIMIT 1";
    Ok(tx.opt(sql, args![one, other])?.is_some())
}
