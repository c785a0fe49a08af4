//! Signing in and out, and switching to another organisation.

use app::sign_in::{self, Credentials};
use askama::Template;
use axum::Extension;
use axum::extract::{Form, Query};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use domain::access::Organisation;
use domain::ids::UserId;
use domain::{Refusal, refusal::RefusalKind};
use serde::Deserialize;

use super::{Pages, shown_in_form};
use crate::error_pages::{Failure, blocking, status_of};
use crate::page::{
    Choice, Flash, Layout, Problems, Section, filters, redirect, redirect_with, render,
};
use crate::session::{ClientAddress, SignedIn, cookie, give_cookie, safe_next, take_cookie};
use crate::state::AppState;

/// The pages of this capability.
pub fn routes() -> Pages {
    Pages::new()
        .route("/sign-in", get(form).post(send))
        .route("/sign-in/demo", post(demo))
        .route("/sign-out", post(sign_out))
        .route("/organisation", get(organisations).post(switch))
}

#[derive(Template)]
#[template(path = "sign_in/form.html")]
struct SignInPage {
    layout: Layout,
    email: String,
    next: String,
}

#[derive(Template)]
#[template(path = "sign_in/organisation.html")]
struct OrganisationPage {
    layout: Layout,
    organisations: Vec<Choice>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Next {
    next: String,
    /// Whether a form led here because the session had ended.
    unsent: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Typed {
    email: String,
    password: String,
    next: String,
}

async fn form(
    who: Option<Extension<SignedIn>>,
    flash: Flash,
    Query(query): Query<Next>,
) -> Response {
    let next = safe_next(Some(&query.next));
    if who.is_some() {
        return redirect(next);
    }
    let mut problems = Problems::none();
    if !query.unsent.is_empty() {
        problems.add_general(
            "You were signed out, so nothing of what you sent was kept. Sign in and send it again",
        );
    }
    page("", next, StatusCode::OK, problems, flash)
}

async fn send(
    state: AppState,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    let next = safe_next(Some(&typed.next)).to_owned();
    let mut missing = Problems::none();
    if typed.email.trim().is_empty() {
        missing.add("email", "Enter your email address");
    }
    if typed.password.is_empty() {
        missing.add("password", "Enter your password");
    }
    if !missing.is_empty() {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(page(&typed.email, &next, status, missing, Flash::default()));
    }
    let (app, before) = (state.app.clone(), cookie(&state, &headers));
    let (email, password) = (typed.email.clone(), typed.password);
    let signed_in = blocking(move || {
        let replaces = before.as_deref();
        let credentials =
            Credentials { email: &email, password: &password, address: &address, replaces };
        sign_in::sign_in(&app, &credentials)
    });
    match signed_in.await {
        Ok((secret, _)) => Ok(with_session(&state, &secret, redirect(&next))),
        Err(Failure(app::Error::Refused(refusal))) => {
            let status = status_of(refusal.kind);
            Ok(page(&typed.email, &next, status, at_the_email(refusal), Flash::default()))
        }
        Err(failure) => Err(failure),
    }
}

/// What is wrong is said at the first field: which of the two it is, nobody is told.
fn at_the_email(refusal: Refusal) -> Problems {
    let mut problems = Problems::none();
    problems.add("email", refusal.message);
    problems
}

fn page(email: &str, next: &str, status: StatusCode, problems: Problems, flash: Flash) -> Response {
    let layout = Layout::new("Sign in").problems(problems).flash(flash);
    render(status, &SignInPage { layout, email: email.to_owned(), next: next.to_owned() })
}

/// The answer with the cookie of a new session.
pub(super) fn with_session(state: &AppState, secret: &str, mut answer: Response) -> Response {
    let (name, value) = give_cookie(state, secret);
    answer.headers_mut().append(name, value);
    answer
}

#[derive(Debug, Deserialize)]
struct Chosen {
    user: String,
}

/// Signs the visitor of a demonstration in as whom they chose. Elsewhere there is no such address.
async fn demo(
    state: AppState,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    Form(chosen): Form<Chosen>,
) -> Result<Response, Failure> {
    let nothing = || Failure::from(Refusal::not_found("page"));
    let user: UserId = chosen.user.parse().map_err(|_| nothing())?;
    if !state.demo {
        return Err(nothing());
    }
    let (app, before) = (state.app.clone(), cookie(&state, &headers));
    let (secret, _) = blocking(move || {
        let link = sign_in::sign_in_link(&app, user)?;
        sign_in::sign_in_by_link(&app, &link, &address, before.as_deref())
    })
    .await?;
    Ok(with_session(&state, &secret, redirect("/")))
}

async fn sign_out(state: AppState, headers: HeaderMap) -> Result<Response, Failure> {
    if let Some(secret) = cookie(&state, &headers) {
        let app = state.app.clone();
        blocking(move || sign_in::sign_out(&app, &secret)).await?;
    }
    let mut answer = redirect_with("/", "You have signed out");
    let (name, value) = take_cookie(&state);
    answer.headers_mut().append(name, value);
    Ok(answer)
}

async fn organisations(state: AppState, who: SignedIn) -> Result<Response, Failure> {
    choose(state, who, StatusCode::OK, Problems::none()).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Switch {
    organisation: String,
}

async fn switch(
    state: AppState,
    who: SignedIn,
    headers: HeaderMap,
    Form(chosen): Form<Switch>,
) -> Result<Response, Failure> {
    let Ok(number) = chosen.organisation.parse() else {
        let refusal = Refusal::field("organisation", "Select an organisation");
        return choose(state, who, status_of(RefusalKind::Invalid), refusal.into()).await;
    };
    let (app, secret) = (state.app.clone(), cookie(&state, &headers).unwrap_or_default());
    let organisation = Organisation::from_number(number);
    match blocking(move || sign_in::switch(&app, &secret, organisation)).await {
        Ok(session) => {
            Ok(redirect_with("/", &format!("You now act for {}", session.organisation_name)))
        }
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            choose(state, who, status, problems).await
        }
    }
}

async fn choose(
    state: AppState,
    who: SignedIn,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Failure> {
    let actor = who.actor.clone();
    let organisations = blocking(move || sign_in::organisations(&state.app, &actor)).await?;
    let now = who.actor.organisation.number().to_string();
    let choice = |(organisation, name): (Organisation, String)| {
        Choice::new(organisation.number().to_string(), name).chosen_if(&now)
    };
    let layout = Layout::of(&who.viewer, Section::Home, "For whom do you want to act?");
    let layout = layout.crumb("Home", "/").problems(problems);
    let organisations = organisations.into_iter().map(choice).collect();
    Ok(render(status, &OrganisationPage { layout, organisations }))
}
