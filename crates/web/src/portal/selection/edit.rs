//! Drafting a version of the policy and changing a draft.

use app::selection;
use askama::Template;
use axum::extract::{Form, Path};
use axum::http::StatusCode;
use axum::response::Response;
use domain::Refusal;
use domain::access::Action;
use domain::ids::PolicyId;
use domain::selection::steps::{KINDS, StepKind};
use domain::selection::{Draft, parse_steps, steps_text};
use serde::Deserialize;

use super::super::{must_see, number_in, shown_in_form, version_seen};
use crate::error_pages::{Failure, blocking};
use crate::page::{Layout, Problems, Section, filters, redirect_with, render};
use crate::session::SignedIn;
use crate::state::AppState;

#[derive(Template)]
#[template(path = "selection/edit.html")]
struct EditPage {
    layout: Layout,
    id: Option<PolicyId>,
    typed: Typed,
    kinds: &'static [StepKind],
}

/// What stands in the form.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    version: String,
    title: String,
    text: String,
    steps: String,
}

impl Typed {
    fn draft(&self) -> Result<Draft, Refusal> {
        let steps = parse_steps(&self.steps)?;
        Ok(Draft { title: self.title.clone(), text: self.text.clone(), steps })
    }
}

/// An empty form.
pub(super) async fn new_form(who: SignedIn) -> Result<Response, Failure> {
    must_see(&who.actor, Action::ManagePolicies)?;
    Ok(page(&who, None, Typed::default(), StatusCode::OK, Problems::none()))
}

/// Drafts a version.
pub(super) async fn draft(
    state: AppState,
    who: SignedIn,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::ManagePolicies)?;
    let (actor, given) = (who.actor.clone(), typed.clone());
    match blocking(move || selection::draft_policy(&state.app, &actor, &given.draft()?)).await {
        Ok(id) => Ok(redirect_with(&format!("/policies/{id}"), "Drafted")),
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            Ok(page(&who, None, typed, status, problems))
        }
    }
}

/// The form with the draft as it is.
pub(super) async fn form(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::ManagePolicies)?;
    let (id, actor) = (number_in::<PolicyId>(&id)?, who.actor.clone());
    let policy = blocking(move || selection::get_policy(&state.app, &actor, id)).await?;
    let typed = Typed {
        version: policy.version.to_string(),
        title: policy.title,
        text: policy.text,
        steps: steps_text(&policy.steps),
    };
    Ok(page(&who, Some(id), typed, StatusCode::OK, Problems::none()))
}

/// Changes it; refused, the form keeps what was typed.
pub(super) async fn save(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::ManagePolicies)?;
    let (id, actor, given) = (number_in::<PolicyId>(&id)?, who.actor.clone(), typed.clone());
    let app = state.app.clone();
    let done = blocking(move || {
        let version = version_seen(&given.version);
        selection::change_policy(&app, &actor, id, version, &given.draft()?)
    });
    match done.await {
        Ok(()) => Ok(redirect_with(&format!("/policies/{id}"), "Saved")),
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            let typed = if status == StatusCode::PRECONDITION_FAILED {
                let actor = who.actor.clone();
                let now = blocking(move || selection::get_policy(&state.app, &actor, id)).await?;
                Typed { version: now.version.to_string(), ..typed }
            } else {
                typed
            };
            Ok(page(&who, Some(id), typed, status, problems))
        }
    }
}

fn page(
    who: &SignedIn,
    id: Option<PolicyId>,
    typed: Typed,
    status: StatusCode,
    problems: Problems,
) -> Response {
    let title = if id.is_some() { "Change the draft" } else { "Draft a selection policy" };
    let layout = Layout::of(&who.viewer, Section::Selection, title)
        .crumb("Home", "/")
        .crumb("Selection", "/selection")
        .crumb("Selection policy", "/policies")
        .problems(problems);
    render(status, &EditPage { layout, id, typed, kinds: KINDS })
}
