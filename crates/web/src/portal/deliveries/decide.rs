//! What somebody else than its sender decides about a compared snapshot.

use app::imports::{self, ImportView};
use askama::Template;
use axum::extract::{Form, Path};
use axum::http::StatusCode;
use axum::response::Response;
use domain::access::Action;
use domain::ids::ImportId;
use domain::imports::ImportState;

use super::super::{must_see, number_in, shown_in_form, version_seen};
use super::show;
use crate::error_pages::{Failure, blocking};
use crate::page::{Flash, Layout, Problems, Section, filters, redirect_with, render};
use crate::portal::Reasoned;
use crate::session::SignedIn;
use crate::state::AppState;

#[derive(Template)]
#[template(path = "deliveries/reject.html")]
struct RejectPage {
    layout: Layout,
    import: ImportView,
    version: i64,
    reason: String,
}

/// Authorises; refused, it shows the file as it is now.
pub(super) async fn authorise(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<Reasoned>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeImports)?;
    let id: ImportId = number_in(&id)?;
    let (app, actor, version) = (state.app.clone(), who.actor.clone(), version_seen(&form.version));
    let done = blocking(move || imports::authorise_snapshot(&app, &actor, id, version)).await;
    match done {
        Ok(_) => Ok(redirect_with(&format!("/deliveries/{id}"), "Authorised")),
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            show::page(state, who, id, Flash::default(), status, problems).await
        }
    }
}

/// Asks why a snapshot is rejected.
pub(super) async fn ask(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let form = Reasoned::default();
    page(state, who, number_in(&id)?, form, StatusCode::OK, Problems::none()).await
}

/// Rejects.
pub(super) async fn reject(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<Reasoned>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::AuthoriseSnapshot)?;
    let id: ImportId = number_in(&id)?;
    let (app, actor) = (state.app.clone(), who.actor.clone());
    let (version, reason) = (version_seen(&form.version), form.reason.clone());
    let done = blocking(move || imports::reject_snapshot(&app, &actor, id, &reason, version)).await;
    match done {
        Ok(_) => Ok(redirect_with(&format!("/deliveries/{id}"), "Rejected")),
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            page(state, who, id, form, status, problems).await
        }
    }
}

/// The form. Refused because the file has changed, it goes on from the file as it is now.
async fn page(
    state: AppState,
    who: SignedIn,
    id: ImportId,
    form: Reasoned,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::AuthoriseSnapshot)?;
    let actor = who.actor.clone();
    let import = blocking(move || imports::get(&state.app, &actor, id)).await?;
    let given = form.version.parse().ok().filter(|_| status != StatusCode::PRECONDITION_FAILED);
    let layout = Layout::of(&who.viewer, Section::Deliveries, "Reject this snapshot")
        .crumb("Home", "/")
        .crumb("Deliveries", "/deliveries")
        .crumb(&import.name, format!("/deliveries/{id}"))
        .problems(problems);
    let version = given.unwrap_or(import.version);
    Ok(render(status, &RejectPage { layout, version, reason: form.reason, import }))
}
