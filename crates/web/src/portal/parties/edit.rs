//! Changing one Party.

use app::parties::{self, PartyRow};
use askama::Template;
use axum::extract::{Form, Path};
use axum::http::StatusCode;
use axum::response::Response;
use domain::Refusal;
use domain::access::Action;
use domain::ids::PartyId;
use domain::parties::{Category, PartyDetails, PartyStatus};
use serde::Deserialize;

use super::super::{must_see, number_in, shown_in_form, version_seen};
use super::{categories, statuses};
use crate::error_pages::{Failure, blocking};
use crate::page::{Choice, Layout, Problems, Section, choices, filters, redirect_with, render};
use crate::session::SignedIn;
use crate::state::AppState;

#[derive(Template)]
#[template(path = "parties/edit.html")]
struct EditPage {
    layout: Layout,
    id: PartyId,
    typed: Typed,
    categories: Vec<Choice>,
    statuses: Vec<Choice>,
    may_hold: Vec<Choice>,
}

/// What stands in the form.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    version: String,
    signifier: String,
    legal_name: String,
    category: String,
    group: String,
    user_ids: String,
    service_user_reference: String,
    status: String,
    may_hold_hubs: String,
}

impl Typed {
    fn of(row: &PartyRow) -> Typed {
        let details = &row.party.details;
        Typed {
            version: row.version.to_string(),
            signifier: details.signifier.clone(),
            legal_name: details.legal_name.clone(),
            category: details.category.name().to_owned(),
            group: details.group.clone(),
            user_ids: details.user_ids.replace(' ', "\n"),
            service_user_reference: details.service_user_reference.clone(),
            status: details.status.name().to_owned(),
            may_hold_hubs: if details.may_hold_hubs { "yes" } else { "no" }.to_owned(),
        }
    }

    fn details(&self) -> Result<PartyDetails, Refusal> {
        let category = Category::from_name(&self.category)
            .ok_or_else(|| Refusal::field("category", "Select a category"))?;
        let status = PartyStatus::from_name(&self.status)
            .ok_or_else(|| Refusal::field("status", "Select a status"))?;
        let may_hold_hubs = match self.may_hold_hubs.as_str() {
            "yes" => true,
            "no" => false,
            _ => return Err(Refusal::field("may_hold_hubs", "Select yes or no")),
        };
        Ok(PartyDetails {
            signifier: self.signifier.clone(),
            legal_name: self.legal_name.clone(),
            category,
            group: self.group.clone(),
            user_ids: self.user_ids.clone(),
            service_user_reference: self.service_user_reference.clone(),
            status,
            may_hold_hubs,
        })
    }
}

/// The form with the Party as it is.
pub(super) async fn form(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::ManageParties)?;
    let (id, actor) = (number_in::<PartyId>(&id)?, who.actor.clone());
    let row = blocking(move || parties::get(&state.app, &actor, id)).await?;
    Ok(page(&who, id, Typed::of(&row), StatusCode::OK, Problems::none()))
}

/// Changes it; refused, the form keeps what was typed.
pub(super) async fn save(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::ManageParties)?;
    let (id, actor, given) = (number_in::<PartyId>(&id)?, who.actor.clone(), typed.clone());
    let app = state.app.clone();
    let done = blocking(move || {
        let version = version_seen(&given.version);
        parties::change(&app, &actor, id, version, &given.details()?)
    });
    match done.await {
        Ok(_) => Ok(redirect_with(&format!("/parties/{id}"), "Saved")),
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            let typed = if status == StatusCode::PRECONDITION_FAILED {
                let actor = who.actor.clone();
                let now = blocking(move || parties::get(&state.app, &actor, id)).await?;
                Typed { version: now.version.to_string(), ..typed }
            } else {
                typed
            };
            Ok(page(&who, id, typed, status, problems))
        }
    }
}

fn page(
    who: &SignedIn,
    id: PartyId,
    typed: Typed,
    status: StatusCode,
    problems: Problems,
) -> Response {
    let layout = Layout::of(&who.viewer, Section::Parties, "Change a Party")
        .crumb("Home", "/")
        .crumb("Parties", "/parties")
        .crumb(id.to_string(), format!("/parties/{id}"))
        .problems(problems);
    let page = EditPage {
        layout,
        id,
        categories: categories(&typed.category),
        statuses: statuses(&typed.status),
        may_hold: choices(&[("yes", "Yes"), ("no", "No")], &typed.may_hold_hubs),
        typed,
    };
    render(status, &page)
}
