//! `hubstock party contact` and `hubstock party location`.

use app::Result;
use app::directory::{self, ContactRow, LocationRow};
use domain::access::{Action, Actor};
use domain::directory::{Contact, DeliveryLocation, Purpose};
use serde_json::{Value, json};

use super::party::find;
use super::{acting, open, reference};
use crate::arguments::{Arguments, PartyContact, PartyLocation};
use crate::output::{self, Ended};

/// Lists, sets and removes contacts.
pub fn contact(arguments: &Arguments, command: &PartyContact) -> Result<Ended> {
    let app = open(arguments)?;
    match command {
        PartyContact::List { party } => {
            let operator = Actor::local_operator();
            let party = find(&app, &operator, party)?.party.id;
            let rows = directory::get(&app, &operator, party)?.contacts;
            let json: Vec<Value> = rows.iter().map(contact_json).collect();
            output::print(
                arguments,
                &json.into(),
                rows.iter().map(contact_line).collect::<String>(),
            );
        }
        PartyContact::Set { party, contact, given, who } => {
            let actor = acting(&app, who, Action::ManageDirectory)?;
            let party = find(&app, &actor, party)?.party.id;
            let id = contact.as_deref().map(reference).transpose()?;
            let before = match id {
                Some(id) => directory::contact(&app, &actor, party, id)?.says,
                None => Contact {
                    purpose: Purpose::General,
                    name: String::new(),
                    email: String::new(),
                    telephone: String::new(),
                },
            };
            let purpose = given.purpose.as_deref().map(Purpose::given).transpose()?;
            let to = Contact {
                purpose: purpose.unwrap_or(before.purpose),
                name: given.name.clone().unwrap_or(before.name),
                email: given.email.clone().unwrap_or(before.email),
                telephone: given.telephone.clone().unwrap_or(before.telephone),
            };
            let which = id.map(|id| (id, None));
            let row = directory::set_contact(&app, &actor, party, which, to)?;
            output::print(arguments, &contact_json(&row), contact_line(&row));
        }
        PartyContact::Drop { party, reference: text, who } => {
            let actor = acting(&app, who, Action::ManageDirectory)?;
            let party = find(&app, &actor, party)?.party.id;
            directory::drop_contact(&app, &actor, party, reference(text)?, None)?;
            output::print(arguments, &json!({ "dropped": text }), "Dropped");
        }
    }
    Ok(Ended::Well)
}

/// Lists, sets and removes delivery locations.
pub fn location(arguments: &Arguments, command: &PartyLocation) -> Result<Ended> {
    let app = open(arguments)?;
    match command {
        PartyLocation::List { party } => {
            let operator = Actor::local_operator();
            let party = find(&app, &operator, party)?.party.id;
            let rows = directory::get(&app, &operator, party)?.locations;
            let json: Vec<Value> = rows.iter().map(location_json).collect();
            let text = rows.iter().map(location_line).collect::<String>();
            output::print(arguments, &json.into(), text);
        }
        PartyLocation::Set { party, location, given, who } => {
            let actor = acting(&app, who, Action::ManageDirectory)?;
            let party = find(&app, &actor, party)?.party.id;
            let id = location.as_deref().map(reference).transpose()?;
            let before = match id {
                Some(id) => directory::location(&app, &actor, party, id)?.says,
                None => DeliveryLocation {
                    name: String::new(),
                    address: String::new(),
                    region: String::new(),
                    notes: String::new(),
                    is_active: true,
                },
            };
            let to = DeliveryLocation {
                name: given.name.clone().unwrap_or(before.name),
                address: given.address.clone().unwrap_or(before.address),
                region: given.region.clone().unwrap_or(before.region),
                notes: given.notes.clone().unwrap_or(before.notes),
                is_active: given.active.unwrap_or(before.is_active),
            };
            let which = id.map(|id| (id, None));
            let row = directory::set_location(&app, &actor, party, which, to)?;
            output::print(arguments, &location_json(&row), location_line(&row));
        }
        PartyLocation::Drop { party, reference: text, who } => {
            let actor = acting(&app, who, Action::ManageDirectory)?;
            let party = find(&app, &actor, party)?.party.id;
            directory::drop_location(&app, &actor, party, reference(text)?, None)?;
            output::print(arguments, &json!({ "dropped": text }), "Dropped");
        }
    }
    Ok(Ended::Well)
}

fn contact_json(row: &ContactRow) -> Value {
    let says = &row.says;
    json!({
        "contact": row.id.to_string(),
        "party": row.party.to_string(),
        "purpose": says.purpose.word(),
        "name": says.name,
        "email": says.email,
        "telephone": says.telephone,
        "version": row.version,
    })
}

fn contact_line(row: &ContactRow) -> String {
    let Contact { purpose, name, email, telephone } = &row.says;
    let telephone = if telephone.is_empty() { String::new() } else { format!(" {telephone}") };
    format!("{} {} {name} <{email}>{telephone}\n", row.id, purpose.word())
}

fn location_json(row: &LocationRow) -> Value {
    let says = &row.says;
    json!({
        "location": row.id.to_string(),
        "party": row.party.to_string(),
        "name": says.name,
        "address": says.address,
        "region": says.region,
        "notes": says.notes,
        "is_active": says.is_active,
        "version": row.version,
    })
}

fn location_line(row: &LocationRow) -> String {
    let unused = if row.says.is_active { "" } else { " (not in use)" };
    format!("{} {}: {}{unused}\n", row.id, row.says.region, row.says.in_one_line())
}
