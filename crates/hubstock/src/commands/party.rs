//! `hubstock party`.

use app::parties::{self, PartyFilter, PartyRow};
use app::{App, Result};
use domain::access::{Action, Actor};
use domain::ids::PartyId;
use domain::parties::{Category, PartyDetails, PartyStatus};
use serde_json::{Value, json};

use super::{acting, directory, one_of, open};
use crate::arguments::{Arguments, Party, PartyChange};
use crate::output::{self, Ended};

/// Lists, shows and changes Parties.
pub fn run(arguments: &Arguments, command: &Party) -> Result<Ended> {
    let app = open(arguments)?;
    let operator = Actor::local_operator();
    let row = match command {
        Party::List { text, category: of, status: in_status } => {
            let filter = PartyFilter {
                text: text.clone(),
                category: of.as_deref().map(category).transpose()?,
                status: in_status.as_deref().map(status).transpose()?,
            };
            let rows = parties::list(&app, &operator, &filter)?;
            let json: Vec<Value> = rows.iter().map(as_json).collect();
            output::print(arguments, &json.into(), rows.iter().map(line).collect::<String>());
            return Ok(Ended::Well);
        }
        Party::Contact(command) => return directory::contact(arguments, command),
        Party::Location(command) => return directory::location(arguments, command),
        Party::Show { party } => find(&app, &operator, party)?,
        Party::Change { party, to, who } => {
            let actor = acting(&app, who, Action::ManageParties)?;
            let before = find(&app, &actor, party)?.party;
            let to = changed(before.details, to)?;
            parties::change(&app, &actor, before.id, None, &to)?
        }
    };
    output::print(arguments, &as_json(&row), line(&row));
    Ok(Ended::Well)
}

/// The Party of a signifier or a reference.
pub(super) fn find(app: &App, actor: &Actor, text: &str) -> Result<PartyRow> {
    match text.parse::<PartyId>() {
        Ok(id) => parties::get(app, actor, id),
        Err(_) => parties::by_signifier(app, actor, text),
    }
}

fn category(name: &str) -> Result<Category> {
    let names = Category::ALL.iter().copied().map(Category::name);
    Ok(Category::from_name(name).ok_or_else(|| one_of("category", names))?)
}

fn status(name: &str) -> Result<PartyStatus> {
    let names = PartyStatus::ALL.iter().copied().map(PartyStatus::name);
    Ok(PartyStatus::from_name(name).ok_or_else(|| one_of("status", names))?)
}

fn changed(before: PartyDetails, to: &PartyChange) -> Result<PartyDetails> {
    let text = |to: &Option<String>, before: String| to.clone().unwrap_or(before);
    Ok(PartyDetails {
        signifier: text(&to.signifier, before.signifier),
        legal_name: text(&to.legal_name, before.legal_name),
        category: to.category.as_deref().map_or(Ok(before.category), category)?,
        group: text(&to.group, before.group),
        user_ids: text(&to.user_ids, before.user_ids),
        service_user_reference: text(&to.service_user_reference, before.service_user_reference),
        status: to.status.as_deref().map_or(Ok(before.status), status)?,
        may_hold_hubs: to.may_hold_hubs.unwrap_or(before.may_hold_hubs),
    })
}

fn as_json(row: &PartyRow) -> Value {
    let d = &row.party.details;
    json!({
        "party": row.party.id.to_string(),
        "signifier": d.signifier,
        "legal_name": d.legal_name,
        "category": d.category.name(),
        "group": d.group,
        "user_ids": d.user_ids,
        "service_user_reference": d.service_user_reference,
        "status": d.status.name(),
        "may_hold_hubs": d.may_hold_hubs,
        "version": row.version,
    })
}

fn line(row: &PartyRow) -> String {
    let d = &row.party.details;
    let holds = if d.may_hold_hubs { "" } else { ", holds no hubs" };
    format!(
        "{} {} {} {} ({}, {}{holds})\n",
        row.party.id,
        d.signifier,
        d.service_user_reference,
        d.legal_name,
        d.category.name(),
        d.status.name()
    )
}
