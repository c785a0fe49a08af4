//! Parties: the list, one of them with its stock, and sending a file of them.

mod edit;

use app::directory::{self, Directory};
use app::inventory::{self, Filter, StockRow};
use app::parties::{self, PartyFilter, PartyRow};
use askama::Template;
use axum::extract::{Multipart, Path};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use domain::access::{Action, Actor};
use domain::ids::PartyId;
use domain::inventory::SmiStatus;
use domain::parties::{Category, PartyStatus};
use domain::refusal::RefusalKind;
use serde::Deserialize;

use super::deliveries::upload::{self, Place};
use super::{Pages, address, may, must_see, number_in};
use crate::api::given::Query;
use crate::error_pages::{Failure, blocking};
use crate::page::{Choice, Flash, Layout, Problems, Section, filters, render};
use crate::security::takes_files;
use crate::session::SignedIn;
use crate::state::AppState;

/// The pages of this capability.
pub fn routes() -> Pages {
    Pages::new()
        .route("/parties", get(list))
        .route("/parties/new", get(upload_form).post(send).layer(takes_files()))
        .route("/parties/{id}", get(show))
        .route("/parties/{id}/edit", get(edit::form).post(edit::save))
}

#[derive(Template)]
#[template(path = "parties/list.html")]
struct ListPage {
    layout: Layout,
    text: String,
    categories: Vec<Choice>,
    statuses: Vec<Choice>,
    parties: Vec<PartyRow>,
    may_manage: bool,
}

#[derive(Template)]
#[template(path = "parties/show.html")]
struct ShowPage {
    layout: Layout,
    party: PartyRow,
    stock: Option<Stock>,
    directory: Option<Directory>,
    may_manage: bool,
    may_read_journal: bool,
}

/// A Party's hubs, as far as this person may know.
struct Stock {
    total: i64,
    pending: i64,
    statuses: Vec<(SmiStatus, i64)>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ListQuery {
    text: String,
    category: String,
    status: String,
}

async fn list(
    state: AppState,
    who: SignedIn,
    flash: Flash,
    Query(query): Query<ListQuery>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeParties)?;
    let filter = PartyFilter {
        text: Some(query.text.clone()),
        category: Category::from_name(&query.category),
        status: PartyStatus::from_name(&query.status),
    };
    let actor = who.actor.clone();
    let parties = blocking(move || parties::list(&state.app, &actor, &filter)).await?;
    let layout = Layout::of(&who.viewer, Section::Parties, "Parties");
    let categories = with_any(categories(&query.category), &query.category);
    let statuses = with_any(statuses(&query.status), &query.status);
    let mut problems = Problems::none();
    problems.add_unless_chosen("category", &categories);
    problems.add_unless_chosen("status", &statuses);
    let status = problems.status();
    let page = ListPage {
        categories,
        statuses,
        text: query.text,
        parties: problems.withhold(parties),
        may_manage: may(&who.actor, Action::ManageParties),
        layout: layout.crumb("Home", "/").flash(flash).problems(problems),
    };
    Ok(render(status, &page))
}

fn with_any(mut choices: Vec<Choice>, chosen: &str) -> Vec<Choice> {
    choices.insert(0, Choice::new("", "Any").chosen_if(chosen));
    choices
}

fn categories(chosen: &str) -> Vec<Choice> {
    let names = Category::ALL.iter().map(|category| category.name());
    names.map(|name| Choice::new(name, name).chosen_if(chosen)).collect()
}

fn statuses(chosen: &str) -> Vec<Choice> {
    let choice =
        |status: &PartyStatus| Choice::new(status.name(), status_words(status)).chosen_if(chosen);
    PartyStatus::ALL.iter().map(choice).collect()
}

/// A Party's status as pages say it.
fn status_words(status: &PartyStatus) -> &'static str {
    match status {
        PartyStatus::Active => "Active",
        PartyStatus::Suspended => "Suspended",
        PartyStatus::Withdrawn => "Withdrawn",
        PartyStatus::InSolr => "In SoLR",
    }
}

fn status_colour(status: &PartyStatus) -> &'static str {
    match status {
        PartyStatus::Active => "green",
        PartyStatus::Suspended => "red",
        PartyStatus::Withdrawn => "grey",
        PartyStatus::InSolr => "orange",
    }
}

async fn show(
    state: AppState,
    who: SignedIn,
    flash: Flash,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeParties)?;
    let (id, actor) = (number_in::<PartyId>(&id)?, who.actor.clone());
    let (party, stock, directory) = blocking(move || {
        let party = parties::get(&state.app, &actor, id)?;
        let stock = stock_of(&state.app, &actor, &party)?;
        let directory = directory_of(&state.app, &actor, id)?;
        Ok((party, stock, directory))
    })
    .await?;
    let layout = Layout::of(&who.viewer, Section::Parties, &party.party.details.legal_name)
        .crumb("Home", "/")
        .crumb("Parties", "/parties")
        .flash(flash);
    let page = ShowPage {
        layout,
        party,
        stock,
        directory,
        may_manage: may(&who.actor, Action::ManageParties),
        may_read_journal: may(&who.actor, Action::ReadJournal),
    };
    Ok(render(StatusCode::OK, &page))
}

/// The Party's contacts and delivery locations, where this person may see them.
fn directory_of(app: &app::App, actor: &Actor, id: PartyId) -> app::Result<Option<Directory>> {
    match directory::get(app, actor, id) {
        Ok(found) => Ok(Some(found)),
        Err(error) => match error.refusal().map(|refusal| refusal.kind) {
            Some(RefusalKind::NotFound | RefusalKind::NotAllowed) => Ok(None),
            _ => Err(error),
        },
    }
}

/// A Party sees the counts of its own stock alone.
fn stock_of(app: &app::App, actor: &Actor, party: &PartyRow) -> app::Result<Option<Stock>> {
    let is_own = actor.party().is_none_or(|own| own == party.party.id);
    if !is_own || !may(actor, Action::SeeStock) {
        return Ok(None);
    }
    let signifier = party.party.details.signifier.clone();
    let rows = inventory::stock(app, actor, &Filter { party: signifier, ..Filter::default() })?;
    let of = |status: SmiStatus| -> i64 {
        rows.iter().filter(|row: &&StockRow| row.status == status).map(|row| row.hubs).sum()
    };
    let statuses = SmiStatus::ALL.iter().map(|status| (*status, of(*status)));
    Ok(Some(Stock {
        total: rows.iter().map(|row| row.hubs).sum(),
        pending: of(SmiStatus::Pending),
        statuses: statuses.filter(|(_, hubs)| *hubs > 0).collect(),
    }))
}

/// A Party's hubs, of one status or all.
fn hubs_of(party: &PartyRow, status: &str) -> String {
    address("/hubs", &[("party", &party.party.details.signifier), ("status", status)])
}

async fn upload_form(who: SignedIn) -> Result<Response, Failure> {
    upload::ask(&who, Place::Parties, "")
}

async fn send(state: AppState, who: SignedIn, form: Multipart) -> Result<Response, Failure> {
    upload::take(state, who, Place::Parties, form).await
}
