//! Versions of the policy: the list, one of them, publishing and withdrawing it.

use app::selection::{self, PolicyView, Publishing};
use askama::Template;
use axum::extract::{Form, Path};
use axum::http::StatusCode;
use axum::response::Response;
use domain::Refusal;
use domain::access::Action;
use domain::ids::PolicyId;
use domain::selection::Standing;
use jiff::civil::Date;
use serde::Deserialize;

use super::super::{may, must_see, number_in, shown_in_form, version_seen};
use super::may_simulate;
use crate::error_pages::{Failure, blocking};
use crate::page::{Flash, Layout, Problems, Section, filters, redirect_with, render};
use crate::session::SignedIn;
use crate::state::AppState;

#[derive(Template)]
#[template(path = "selection/policies.html")]
struct ListPage {
    layout: Layout,
    policies: Vec<PolicyView>,
    may_manage: bool,
}

#[derive(Template)]
#[template(path = "selection/policy.html")]
struct ShowPage {
    layout: Layout,
    policy: PolicyView,
    may_manage: bool,
    may_simulate: bool,
    may_read_journal: bool,
}

#[derive(Template)]
#[template(path = "selection/decide.html")]
struct DecidePage {
    layout: Layout,
    policy: PolicyView,
    version: i64,
    publishes: bool,
    earliest: Date,
    typed: Typed,
}

/// What stands in a form.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    version: String,
    approval: String,
    from: String,
    reason: String,
}

/// The versions.
pub(super) async fn list(
    state: AppState,
    who: SignedIn,
    flash: Flash,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeePolicies)?;
    let actor = who.actor.clone();
    let policies = blocking(move || selection::list_policies(&state.app, &actor)).await?;
    let layout = Layout::of(&who.viewer, Section::Selection, "Selection policy")
        .crumb("Home", "/")
        .crumb("Selection", "/selection")
        .flash(flash);
    let may_manage = may(&who.actor, Action::ManagePolicies);
    Ok(render(StatusCode::OK, &ListPage { layout, policies, may_manage }))
}

/// One version.
pub(super) async fn show(
    state: AppState,
    who: SignedIn,
    flash: Flash,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeePolicies)?;
    let (id, actor) = (number_in::<PolicyId>(&id)?, who.actor.clone());
    let policy = blocking(move || selection::get_policy(&state.app, &actor, id)).await?;
    let layout = Layout::of(&who.viewer, Section::Selection, &policy.title)
        .crumb("Home", "/")
        .crumb("Selection", "/selection")
        .crumb("Selection policy", "/policies")
        .flash(flash);
    let page = ShowPage {
        layout,
        policy,
        may_manage: may(&who.actor, Action::ManagePolicies),
        may_simulate: may_simulate(&who.actor),
        may_read_journal: may(&who.actor, Action::ReadJournal),
    };
    Ok(render(StatusCode::OK, &page))
}

/// Asks for the approval and the day.
pub(super) async fn publish_form(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    ask(state, who, &id, true, Typed::default(), StatusCode::OK, Problems::none()).await
}

/// Asks for the reason.
pub(super) async fn withdraw_form(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    ask(state, who, &id, false, Typed::default(), StatusCode::OK, Problems::none()).await
}

/// Publishes it.
pub(super) async fn publish(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    decide(state, who, id, true, typed).await
}

/// Withdraws it.
pub(super) async fn withdraw(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    decide(state, who, id, false, typed).await
}

async fn decide(
    state: AppState,
    who: SignedIn,
    id: String,
    publishes: bool,
    typed: Typed,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::ManagePolicies)?;
    let policy: PolicyId = number_in(&id)?;
    let (app, actor, given) = (state.app.clone(), who.actor.clone(), typed.clone());
    let done = blocking(move || {
        let version = version_seen(&given.version);
        if !publishes {
            return selection::withdraw_policy(&app, &actor, policy, version, &given.reason);
        }
        let from = match given.from.trim() {
            "" => None,
            text => Some(text.parse::<Date>().map_err(|_| {
                Refusal::field("from", "Enter a day such as 2026-11-23, or leave it empty")
            })?),
        };
        let how = Publishing { approval: given.approval, from };
        selection::publish_policy(&app, &actor, policy, version, &how)
    });
    match done.await {
        Ok(()) => {
            let said = if publishes { "Published" } else { "Withdrawn" };
            Ok(redirect_with(&format!("/policies/{policy}"), said))
        }
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            ask(state, who, &id, publishes, typed, status, problems).await
        }
    }
}

async fn ask(
    state: AppState,
    who: SignedIn,
    id: &str,
    publishes: bool,
    typed: Typed,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::ManagePolicies)?;
    let (id, actor) = (number_in::<PolicyId>(id)?, who.actor.clone());
    let (policy, earliest) = blocking(move || {
        let policy = selection::get_policy(&state.app, &actor, id)?;
        Ok((policy, selection::earliest_day(&state.app, &actor)?))
    })
    .await?;
    let title = if publishes { "Publish this version" } else { "Withdraw this version" };
    let given = typed.version.parse().ok().filter(|_| status != StatusCode::PRECONDITION_FAILED);
    let layout = Layout::of(&who.viewer, Section::Selection, title)
        .crumb("Home", "/")
        .crumb("Selection policy", "/policies")
        .crumb(policy.id.to_string(), format!("/policies/{id}"))
        .problems(problems);
    let version = given.unwrap_or(policy.version);
    Ok(render(status, &DecidePage { layout, policy, version, publishes, earliest, typed }))
}
