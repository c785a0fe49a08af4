//! The pages that an invitation and a link to a new password lead to.

use app::people::{self, Invited};
use askama::Template;
use axum::extract::{Form, Path};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use domain::refusal::RefusalKind;
use serde::Deserialize;

use super::super::{Pages, shown_in_form};
use crate::error_pages::{Failure, blocking, status_of};
use crate::page::{Layout, Problems, filters, redirect_with, render};
use crate::session::ClientAddress;
use crate::state::AppState;

/// The pages that links lead to; nobody needs to be signed in there.
pub(super) fn routes() -> Pages {
    Pages::new()
        .route("/invitations/{secret}", get(invitation).post(accept))
        .route("/password/{secret}", get(password_form).post(password))
}

#[derive(Template)]
#[template(path = "people/invitation.html")]
struct InvitationPage {
    layout: Layout,
    invited: Invited,
    secret: String,
}

#[derive(Template)]
#[template(path = "people/password.html")]
struct PasswordPage {
    layout: Layout,
    secret: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Password {
    password: String,
}

async fn invitation(state: AppState, Path(secret): Path<String>) -> Result<Response, Failure> {
    invitation_page(state, secret, StatusCode::OK, Problems::none()).await
}

async fn invitation_page(
    state: AppState,
    secret: String,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Failure> {
    let link = secret.clone();
    let invited = blocking(move || people::invitation(&state.app, &link)).await?;
    let layout = Layout::new("Accept your invitation").problems(problems);
    Ok(render(status, &InvitationPage { layout, invited, secret }))
}

async fn accept(
    state: AppState,
    ClientAddress(address): ClientAddress,
    Path(secret): Path<String>,
    Form(typed): Form<Password>,
) -> Result<Response, Failure> {
    let (app, link) = (state.app.clone(), secret.clone());
    let accepted =
        blocking(move || people::accept(&app, &link, &typed.password, &address).map(drop));
    match accepted.await {
        Ok(()) => Ok(redirect_with("/sign-in", "You have accepted. Sign in to begin")),
        Err(failure) => {
            let (status, problems) = at_the_password(failure)?;
            invitation_page(state, secret, status, problems).await
        }
    }
}

/// A wrong password of somebody who has one already is shown at the field, too.
fn at_the_password(failure: Failure) -> Result<(StatusCode, Problems), Failure> {
    match failure {
        Failure(app::Error::Refused(refusal)) if refusal.kind == RefusalKind::NotSignedIn => {
            let mut problems = Problems::none();
            problems.add("password", "The password is not right");
            Ok((status_of(RefusalKind::Invalid), problems))
        }
        failure => shown_in_form(failure),
    }
}

async fn password_form(Path(secret): Path<String>) -> Response {
    password_page(secret, StatusCode::OK, Problems::none())
}

fn password_page(secret: String, status: StatusCode, problems: Problems) -> Response {
    let layout = Layout::new("Set a new password").problems(problems);
    render(status, &PasswordPage { layout, secret })
}

async fn password(
    state: AppState,
    Path(secret): Path<String>,
    Form(typed): Form<Password>,
) -> Result<Response, Failure> {
    let link = secret.clone();
    let set = blocking(move || {
        people::set_password_by_link(&state.app, &link, &typed.password).map(drop)
    });
    match set.await {
        Ok(()) => Ok(redirect_with("/sign-in", "Your new password is set. Sign in with it")),
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            Ok(password_page(secret, status, problems))
        }
    }
}
