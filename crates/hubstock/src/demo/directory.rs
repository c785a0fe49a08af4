//! Whom to contact at the demonstration's Parties, and where they take hubs in.

use app::{App, Result, directory, parties};
use domain::access::Actor;
use domain::directory::{Contact, DeliveryLocation, Purpose};
use domain::ids::PartyId;

/// Signifier, purpose, name, e-mail address, telephone number. The numbers are kept free for drama.
const CONTACTS: &[(&str, Purpose, &str, &str, &str)] = &[
    ("LARKSPUR", Purpose::Stock, "Stock desk", "stock@larkspur.example", "020 7946 0101"),
    ("LARKSPUR", Purpose::Warehouse, "Goods out", "warehouse@larkspur.example", "0113 496 0102"),
    ("LARKSPUR", Purpose::Finance, "Accounts", "accounts@larkspur.example", ""),
    ("BRIGHTWR", Purpose::Stock, "Stock desk", "stock@brightwater.example", "0161 496 0103"),
    ("BRIGHTWR", Purpose::Warehouse, "Gate house", "gate@brightwater.example", "0161 496 0104"),
    ("PENNYWRT", Purpose::Warehouse, "Goods in", "warehouse@pennywort.example", "0117 496 0105"),
];

/// Signifier, name, address, region, notes, whether hubs may be sent there now.
const LOCATIONS: &[(&str, &str, &str, &str, &str, bool)] = &[
    (
        "LARKSPUR",
        "Riverside Park",
        "Unit 4\nRiverside Park\nLeeds LS10 9ZZ",
        "North",
        "Monday to Friday, 7am to 3pm. A tail lift is needed.",
        true,
    ),
    ("LARKSPUR", "Old depot", "Mill Lane\nWakefield WF1 9ZZ", "North", "Closed in 2025.", false),
    (
        "BRIGHTWR",
        "Main depot",
        "Canal Street\nManchester M17 9ZZ",
        "North",
        "Book a slot with the gate house a day before.",
        true,
    ),
    ("PENNYWRT", "Avon store", "Dock Road\nBristol BS11 9ZZ", "South", "", true),
];

/// Fills the directories.
pub fn build(app: &App, admin: &Actor) -> Result<()> {
    let id =
        |party: &str| -> Result<PartyId> { Ok(parties::by_signifier(app, admin, party)?.party.id) };
    for (party, purpose, name, email, telephone) in CONTACTS {
        let contact = Contact {
            purpose: *purpose,
            name: (*name).into(),
            email: (*email).into(),
            telephone: (*telephone).into(),
        };
        directory::set_contact(app, admin, id(party)?, None, contact)?;
    }
    for (party, name, address, region, notes, is_active) in LOCATIONS {
        let location = DeliveryLocation {
            name: (*name).into(),
            address: (*address).into(),
            region: (*region).into(),
            notes: (*notes).into(),
            is_active: *is_active,
        };
        directory::set_location(app, admin, id(party)?, None, location)?;
    }
    Ok(())
}
