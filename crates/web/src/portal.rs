//! The pages: one module for each capability, each with its `routes()`.

mod account;
mod board;
mod deliveries;
mod directory;
mod dry_runs;
mod excess;
mod help;
mod home;
mod hubs;
mod jobs;
mod journal;
mod notifications;
mod offers;
mod parties;
mod people;
mod public;
mod reports;
mod requests;
mod selection;
mod settings;
mod sign_in;
mod stock;
mod stock_rules;
mod templates;
mod transfer_files;
mod transfers;

use std::str::FromStr;

use askama::Template;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::MethodRouter;
use domain::Refusal;
use domain::access::{Action, Actor, Reach};
use domain::parties::PartyBook;
use domain::refusal::RefusalKind;
use serde::Deserialize;

use crate::error_pages::{Failure, blocking, status_of};
use crate::page::{Layout, Problems};
use crate::session::SignedIn;
use crate::state::AppState;

/// The pages of the portal, and their addresses as a test asks for them.
#[derive(Default)]
pub struct Pages {
    /// What answers.
    pub router: Router<AppState>,
    /// The address of each page, as it was registered: `/hubs/{id}`.
    pub addresses: Vec<&'static str>,
}

impl Pages {
    fn new() -> Pages {
        Pages::default()
    }

    fn route(mut self, address: &'static str, methods: MethodRouter<AppState>) -> Pages {
        self.addresses.push(address);
        Pages { router: self.router.route(address, methods), addresses: self.addresses }
    }

    fn merge(mut self, other: Pages) -> Pages {
        self.addresses.extend(other.addresses);
        Pages { router: self.router.merge(other.router), addresses: self.addresses }
    }
}

/// Every page of the portal.
pub fn routes() -> Pages {
    Pages::new()
        .merge(account::routes())
        .merge(board::routes())
        .merge(deliveries::routes())
        .merge(directory::routes())
        .merge(dry_runs::routes())
        .merge(excess::routes())
        .merge(help::routes())
        .merge(home::routes())
        .merge(hubs::routes())
        .merge(jobs::routes())
        .merge(journal::routes())
        .merge(notifications::routes())
        .merge(offers::routes())
        .merge(parties::routes())
        .merge(people::routes())
        .merge(public::routes())
        .merge(reports::routes())
        .merge(requests::routes())
        .merge(selection::routes())
        .merge(settings::routes())
        .merge(sign_in::routes())
        .merge(stock::routes())
        .merge(stock_rules::routes())
        .merge(templates::routes())
        .merge(transfer_files::routes())
        .merge(transfers::routes())
}

/// Whether a page offers this person what leads to `action`.
fn may(actor: &Actor, action: Action) -> bool {
    actor.reach(action) != Reach::Nothing
}

/// The frame of a page that anybody may see, with the navigation of whoever is signed in.
fn public_layout(who: Option<&SignedIn>, title: &str) -> Layout {
    Layout { viewer: who.map(|who| who.viewer.clone()), ..Layout::new(title) }
}

/// All Parties, to choose one from.
async fn party_book(state: &AppState) -> Result<PartyBook, Failure> {
    let app = state.app.clone();
    blocking(move || app::parties::choices(&app)).await
}

/// A page that none of this person's roles leads to does not exist for them.
fn must_see(actor: &Actor, action: Action) -> Result<(), Failure> {
    if may(actor, action) { Ok(()) } else { Err(Refusal::not_found("page").into()) }
}

/// A part of a page that is drawn again while the page stands.
fn part(template: &impl Template) -> String {
    template.render().unwrap_or_else(|error| {
        tracing::error!(%error, "a part of a page could not be drawn");
        String::new()
    })
}

/// The address of a page with these parts of its query that are not empty.
pub(crate) fn address(path: &str, query: &[(&str, &str)]) -> String {
    let mut pairs = form_urlencoded::Serializer::new(String::new());
    for (name, value) in query.iter().filter(|(_, value)| !value.is_empty()) {
        pairs.append_pair(name, value);
    }
    let query = pairs.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// What a button sends: the version that its page showed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Version {
    version: String,
}

/// What a form sends that asks why: the version that its page showed, and the reason.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Reasoned {
    version: String,
    reason: String,
}

impl Reasoned {
    /// The version that the form goes on from: the one that it was opened with, unless that is out
    /// of date and the page shows the thing as it is `now`.
    fn version_shown(&self, status: StatusCode, now: i64) -> i64 {
        let given = self.version.parse().ok();
        given.filter(|_| status != StatusCode::PRECONDITION_FAILED).unwrap_or(now)
    }
}

/// The version that the page of a form showed. What no version is like, or is not there, is older
/// than all of them: a form never changes what its page has not shown.
fn version_seen(sent: &str) -> Option<i64> {
    Some(sent.parse().unwrap_or(-1))
}

/// The number in an address; one that is none leads to no page.
fn number_in<T: FromStr>(address: &str) -> Result<T, Failure> {
    address.parse().map_err(|_| Refusal::not_found("page").into())
}

/// What a form shows of a refusal that its reader can act on there. Anything else is an answer of
/// its own.
fn shown_in_form(failure: Failure) -> Result<(StatusCode, Problems), Failure> {
    let Failure(app::Error::Refused(refusal)) = failure else { return Err(failure) };
    match refusal.kind {
        RefusalKind::NotFound | RefusalKind::NotSignedIn | RefusalKind::NotAllowed => {
            Err(refusal.into())
        }
        RefusalKind::Invalid
        | RefusalKind::WrongState
        | RefusalKind::OutOfDate
        | RefusalKind::SamePerson
        | RefusalKind::KeyReused
        | RefusalKind::TooLarge
        | RefusalKind::Throttled => Ok((status_of(refusal.kind), refusal.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_what_was_asked_for_and_no_more() {
        assert_eq!(address("/hubs", &[("pallet", ""), ("status", "")]), "/hubs");
        let filtered = address("/hubs", &[("pallet", "P&1"), ("status", ""), ("text", "a b")]);
        assert_eq!(filtered, "/hubs?pallet=P%261&text=a+b");
    }
}
