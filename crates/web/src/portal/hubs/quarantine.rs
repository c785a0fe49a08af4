//! Putting a hub into quarantine and taking it out, with a reason.

use app::inventory::{self, HubLife};
use askama::Template;
use axum::extract::{Form, Path};
use axum::http::StatusCode;
use axum::response::Response;
use domain::access::Action;

use super::super::{Reasoned, must_see, shown_in_form, version_seen};
use crate::error_pages::{Failure, blocking};
use crate::page::{Layout, Problems, Section, filters, redirect_with, render};
use crate::session::SignedIn;
use crate::state::AppState;

#[derive(Template)]
#[template(path = "hubs/quarantine.html")]
struct QuarantinePage {
    layout: Layout,
    hub: HubLife,
    to: To,
    version: i64,
    reason: String,
}

/// Which way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum To {
    Quarantine,
    Release,
}

impl To {
    fn title(self) -> &'static str {
        match self {
            To::Quarantine => "Put this hub into quarantine",
            To::Release => "Take this hub out of quarantine",
        }
    }

    fn verb(self) -> &'static str {
        match self {
            To::Quarantine => "quarantine",
            To::Release => "release",
        }
    }
}

/// Asks why a hub goes into quarantine.
pub(super) async fn ask(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    page(state, who, id, To::Quarantine, Reasoned::default(), StatusCode::OK, Problems::none())
        .await
}

/// Asks why a hub comes out of it.
pub(super) async fn ask_release(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    page(state, who, id, To::Release, Reasoned::default(), StatusCode::OK, Problems::none()).await
}

/// Puts it in.
pub(super) async fn quarantine(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<Reasoned>,
) -> Result<Response, Failure> {
    mark(state, who, id, To::Quarantine, form).await
}

/// Takes it out.
pub(super) async fn release(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<Reasoned>,
) -> Result<Response, Failure> {
    mark(state, who, id, To::Release, form).await
}

async fn mark(
    state: AppState,
    who: SignedIn,
    id: String,
    to: To,
    form: Reasoned,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::Quarantine)?;
    let (app, actor, hub) = (state.app.clone(), who.actor.clone(), id.clone());
    let (version, why) = (version_seen(&form.version), form.reason.clone());
    let done = blocking(move || match to {
        To::Quarantine => inventory::quarantine(&app, &actor, &hub, version, &why),
        To::Release => inventory::release(&app, &actor, &hub, version, &why),
    });
    let said = match to {
        To::Quarantine => "In quarantine: it cannot be moved",
        To::Release => "Out of quarantine",
    };
    match done.await {
        Ok(hub) => Ok(redirect_with(&format!("/hubs/{hub}"), said)),
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            page(state, who, id, to, form, status, problems).await
        }
    }
}

async fn page(
    state: AppState,
    who: SignedIn,
    id: String,
    to: To,
    form: Reasoned,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::Quarantine)?;
    let actor = who.actor.clone();
    let hub = blocking(move || inventory::hub(&state.app, &actor, &id)).await?;
    let layout = Layout::of(&who.viewer, Section::Hubs, to.title())
        .crumb("Home", "/")
        .crumb("Hubs", "/hubs")
        .crumb(hub.chf.to_string(), format!("/hubs/{}", hub.chf))
        .problems(problems);
    let version = form.version_shown(status, hub.version);
    Ok(render(status, &QuarantinePage { layout, hub, to, version, reason: form.reason }))
}
