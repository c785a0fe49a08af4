//! Parties: the list, one of them, and changing one on its page.

use std::collections::BTreeMap;

use domain::access::{Action, Actor};
use domain::ids::PartyId;
use domain::parties::{Category, Party, PartyBook, PartyDetails, PartyStatus};
use domain::{DeviceId, Refusal};
use store::Tx;

use crate::journal::{By, Event, record};
use crate::{App, Error, Result, versions};

/// A Party and how often it was changed.
pub use store::parties::PartyRow;

/// Which Parties a list shows. What is empty does not narrow it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartyFilter {
    /// Signifier, name, group or service user reference holds this text.
    pub text: Option<String>,
    /// Only this category.
    pub category: Option<Category>,
    /// Only this status.
    pub status: Option<PartyStatus>,
}

/// All Parties, to choose one from.
pub fn choices(app: &App) -> Result<PartyBook> {
    book(&mut app.db.read()?)
}

/// All Parties, found by number or by reference.
pub fn book(tx: &mut Tx) -> Result<PartyBook> {
    let rows = store::parties::all(tx)?;
    Ok(PartyBook::new(rows.into_iter().map(|row| row.party).collect()))
}

/// The Parties, by signifier. There are a few hundred.
pub fn list(app: &App, actor: &Actor, filter: &PartyFilter) -> Result<Vec<PartyRow>> {
    actor.must(Action::SeeParties)?;
    let mut tx = app.db.read()?;
    let mut rows = store::parties::all(&mut tx)?;
    rows.retain(|row| is_wanted(&row.party.details, filter));
    rows.sort_by(|a, b| a.party.details.signifier.cmp(&b.party.details.signifier));
    Ok(rows)
}

fn is_wanted(party: &PartyDetails, filter: &PartyFilter) -> bool {
    let text = filter.text.as_deref().unwrap_or_default().trim().to_lowercase();
    let places = [&party.signifier, &party.legal_name, &party.group, &party.service_user_reference];
    filter.category.is_none_or(|category| category == party.category)
        && filter.status.is_none_or(|status| status == party.status)
        && places.iter().any(|place| place.to_lowercase().contains(&text))
}

/// One Party.
pub fn get(app: &App, actor: &Actor, id: PartyId) -> Result<PartyRow> {
    actor.must(Action::SeeParties)?;
    let mut tx = app.db.read()?;
    Ok(store::parties::load(&mut tx, id)?.ok_or_else(|| Refusal::not_found("Party"))?)
}

/// The Party with this signifier.
pub fn by_signifier(app: &App, actor: &Actor, signifier: &str) -> Result<PartyRow> {
    let mut rows = list(app, actor, &PartyFilter::default())?;
    let at = rows.iter().position(|row| row.party.details.signifier == signifier);
    Ok(rows.swap_remove(at.ok_or_else(|| Refusal::not_found("Party"))?))
}

/// Changes a Party on its page. `version` is the one that the person saw, if it was said.
///
/// A change to what it already is changes nothing.
pub fn change(
    app: &App,
    actor: &Actor,
    id: PartyId,
    version: Option<i64>,
    to: &PartyDetails,
) -> Result<PartyRow> {
    actor.must(Action::ManageParties)?;
    let to = tidied(to)?;
    let mut tx = app.db.write()?;
    let row = store::parties::load(&mut tx, id)?.ok_or_else(|| Refusal::not_found("Party"))?;
    versions::must_be(version, row.version)?;
    if row.party.details == to {
        return Ok(row);
    }
    must_be_its_own(&mut tx, id, &to)?;
    let (from_fields, to_fields) = changed_fields(&row.party.details, &to);
    let event = Event::PartyChanged { party: id.0, from: from_fields, to: to_fields };
    redo(&mut tx, &event)?;
    record(&mut tx, app.now(), By::from(actor), &event)?;
    tx.commit()?;
    app.bell.ring();
    Ok(PartyRow { party: Party { id, details: to }, version: row.version + 1 })
}

/// Does a recorded change again; the operation itself goes through here.
pub fn redo(tx: &mut Tx, event: &Event) -> Result<()> {
    let Event::PartyChanged { party, to, .. } = event else { return Ok(()) };
    let damaged = || Error::Damaged(format!("the change of Party {party}"));
    let mut row = store::parties::load(tx, PartyId(*party))?.ok_or_else(damaged)?;
    let details = &mut row.party.details;
    for (field, value) in to {
        let value = value.clone();
        match field.as_str() {
            "Signifier" => details.signifier = value,
            "LegalName" => details.legal_name = value,
            "Category" => details.category = Category::from_name(&value).ok_or_else(damaged)?,
            "Group" => details.group = value,
            "UserIDs" => details.user_ids = value,
            "ServiceUserReference" => details.service_user_reference = value,
            "Status" => details.status = PartyStatus::from_name(&value).ok_or_else(damaged)?,
            "MayHoldHubs" => details.may_hold_hubs = value == "Y",
            _ => return Err(damaged()),
        }
    }
    Ok(store::parties::update(tx, &row.party)?)
}

/// The details as they are kept, or what is wrong with one of them.
fn tidied(details: &PartyDetails) -> Result<PartyDetails> {
    let trimmed = |text: &str| text.trim().to_owned();
    let mut tidy = PartyDetails {
        signifier: trimmed(&details.signifier),
        legal_name: trimmed(&details.legal_name),
        group: trimmed(&details.group),
        service_user_reference: trimmed(&details.service_user_reference),
        ..details.clone()
    };
    let fields = [
        ("signifier", &tidy.signifier, 1..=30, "Enter the signifier, at most 30 characters."),
        ("legal_name", &tidy.legal_name, 1..=200, "Enter the name, at most 200 characters."),
        ("group", &tidy.group, 0..=100, "Shorten the group to 100 characters."),
        (
            "service_user_reference",
            &tidy.service_user_reference,
            1..=30,
            "Enter the service user reference, at most 30 characters.",
        ),
    ];
    for (field, text, length, message) in fields {
        if !length.contains(&text.chars().count()) || text.chars().any(char::is_control) {
            return Err(Refusal::field(field, message).into());
        }
    }
    let mut ids = Vec::new();
    for id in details.user_ids.split([' ', ';', ',', '\r', '\n']).filter(|id| !id.is_empty()) {
        let id = DeviceId::parse(id);
        ids.push(id.map_err(|e| Refusal::field("user_ids", e.to_string()))?.to_string());
    }
    tidy.user_ids = ids.join(" ");
    Ok(tidy)
}

/// Signifier and service user reference stand for one Party each.
fn must_be_its_own(tx: &mut Tx, id: PartyId, details: &PartyDetails) -> Result<()> {
    for other in store::parties::all(tx)?.iter().filter(|row| row.party.id != id) {
        let other = &other.party.details;
        let name = &other.legal_name;
        if other.signifier == details.signifier {
            let message = format!("{name} has this signifier; enter another.");
            return Err(Refusal::field("signifier", message).into());
        }
        if other.service_user_reference == details.service_user_reference {
            let message = format!("{name} has this service user reference; enter another.");
            return Err(Refusal::field("service_user_reference", message).into());
        }
    }
    Ok(())
}

type Fields = BTreeMap<String, String>;

/// The fields of a Party by the names that files give them.
fn fields(details: &PartyDetails) -> [(&'static str, &str); 8] {
    [
        ("Signifier", &details.signifier),
        ("LegalName", &details.legal_name),
        ("Category", details.category.name()),
        ("Group", &details.group),
        ("UserIDs", &details.user_ids),
        ("ServiceUserReference", &details.service_user_reference),
        ("Status", details.status.name()),
        ("MayHoldHubs", if details.may_hold_hubs { "Y" } else { "N" }),
    ]
}

fn changed_fields(from: &PartyDetails, to: &PartyDetails) -> (Fields, Fields) {
    let pairs = fields(from).into_iter().zip(fields(to)).filter(|(from, to)| from != to);
    pairs
        .map(|((name, from), (_, to))| {
            ((name.to_owned(), from.to_owned()), (name.to_owned(), to.to_owned()))
        })
        .unzip()
}

/// What a change changes, in a sentence.
pub(crate) fn changes_in_words(from: &PartyDetails, to: &PartyDetails) -> String {
    let pairs = fields(from).into_iter().zip(fields(to)).filter(|(from, to)| from != to);
    let words: Vec<String> = pairs
        .map(|((name, from), (_, to))| format!("{name} was \"{from}\", is \"{to}\"."))
        .collect();
    words.join(" ")
}
