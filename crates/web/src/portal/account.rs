//! A person's own account: password, sessions and API tokens.

use app::sign_in::{self, NewToken, OpenSession, Token};
use askama::Template;
use axum::extract::{Form, Path};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use domain::ids::TokenId;
use jiff::Timestamp;
use serde::Deserialize;

use super::{Pages, number_in, shown_in_form};
use crate::error_pages::{Failure, blocking};
use crate::page::{Choice, Flash, Layout, Problems, Section, filters, redirect_with, render};
use crate::session::{ClientAddress, SignedIn, cookie};
use crate::state::AppState;

/// The pages of this capability.
pub fn routes() -> Pages {
    Pages::new()
        .route("/account", get(show))
        .route("/account/password", get(password_form).post(password))
        .route("/account/sessions/{id}/end", post(end_session))
        .route("/account/tokens", get(token_form).post(issue))
        .route("/account/tokens/{id}/revoke", post(revoke))
}

#[derive(Template)]
#[template(path = "account/show.html")]
struct AccountPage {
    layout: Layout,
    who: SignedIn,
    roles: String,
    sessions: Vec<OpenSession>,
    tokens: Vec<Token>,
    now: Timestamp,
}

#[derive(Template)]
#[template(path = "account/password.html")]
struct PasswordPage {
    layout: Layout,
}

#[derive(Template)]
#[template(path = "account/token.html")]
struct TokenPage {
    layout: Layout,
    called: String,
    days: String,
    scopes: Vec<Choice>,
}

#[derive(Template)]
#[template(path = "account/issued.html")]
struct IssuedPage {
    layout: Layout,
    token: Token,
    secret: String,
}

fn layout(who: &SignedIn, title: &str) -> Layout {
    Layout::of(&who.viewer, Section::Home, title).crumb("Home", "/")
}

async fn show(state: AppState, who: SignedIn, flash: Flash) -> Result<Response, Failure> {
    let (actor, now) = (who.actor.clone(), state.app.now());
    let (sessions, tokens) = blocking(move || {
        Ok((sign_in::sessions(&state.app, &actor)?, sign_in::tokens(&state.app, &actor)?))
    })
    .await?;
    let roles: Vec<&str> = who.actor.roles.iter().map(|role| role.name()).collect();
    let page = AccountPage {
        layout: layout(&who, "Your account").flash(flash),
        roles: roles.join(", "),
        who,
        sessions,
        tokens,
        now,
    };
    Ok(render(StatusCode::OK, &page))
}

async fn password_form(who: SignedIn) -> Response {
    password_page(&who, StatusCode::OK, Problems::none())
}

fn password_page(who: &SignedIn, status: StatusCode, problems: Problems) -> Response {
    let layout = layout(who, "Change your password").crumb("Your account", "/account");
    render(status, &PasswordPage { layout: layout.problems(problems) })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Passwords {
    current: String,
    password: String,
}

async fn password(
    state: AppState,
    who: SignedIn,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    Form(typed): Form<Passwords>,
) -> Result<Response, Failure> {
    let missing = missing(&typed);
    if !missing.is_empty() {
        return Ok(password_page(&who, StatusCode::UNPROCESSABLE_ENTITY, missing));
    }
    let (actor, secret) = (who.actor.clone(), cookie(&state, &headers));
    let changed = blocking(move || {
        let here = (address.as_str(), secret.as_deref());
        sign_in::change_password(&state.app, &actor, &typed.current, &typed.password, here)
    });
    match changed.await {
        Ok(()) => Ok(redirect_with(
            "/account",
            "Your password is changed, and you are signed out everywhere else",
        )),
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            Ok(password_page(&who, status, problems))
        }
    }
}

fn missing(typed: &Passwords) -> Problems {
    let mut missing = Problems::none();
    if typed.current.is_empty() {
        missing.add("current", "Enter your current password");
    }
    if typed.password.is_empty() {
        missing.add("password", "Enter a new password");
    }
    missing
}

async fn end_session(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    blocking(move || sign_in::end_session(&state.app, &who.actor, &id)).await?;
    Ok(redirect_with("/account", "That session has ended"))
}

#[derive(Debug, Deserialize)]
#[serde(default)]
struct TypedToken {
    name: String,
    scope: String,
    days: String,
}

impl Default for TypedToken {
    fn default() -> Self {
        TypedToken { name: String::new(), scope: "read".to_owned(), days: "90".to_owned() }
    }
}

async fn token_form(who: SignedIn) -> Response {
    token_page(&who, TypedToken::default(), StatusCode::OK, Problems::none())
}

fn token_page(
    who: &SignedIn,
    typed: TypedToken,
    status: StatusCode,
    problems: Problems,
) -> Response {
    let layout = layout(who, "Issue an API token").crumb("Your account", "/account");
    let scopes = vec![
        Choice::new("read", "Only read").chosen_if(&typed.scope),
        Choice::new("write", "Do everything that you may do here").chosen_if(&typed.scope),
    ];
    let layout = layout.problems(problems);
    render(status, &TokenPage { layout, called: typed.name, days: typed.days, scopes })
}

async fn issue(
    state: AppState,
    who: SignedIn,
    Form(typed): Form<TypedToken>,
) -> Result<Response, Failure> {
    let (actor, name) = (who.actor.clone(), typed.name.clone());
    let (writes, days) = (typed.scope == "write", typed.days.trim().parse().unwrap_or(0));
    let issued = blocking(move || {
        let new = NewToken { name: &name, writes, days };
        let wrong = sign_in::wrong_with_token(&state.app, &new)?;
        if wrong.is_empty() {
            return sign_in::issue_token(&state.app, &actor, &new).map(Ok);
        }
        Ok(Err(wrong))
    });
    match issued.await {
        Ok(Err(wrong)) => {
            let mut problems = Problems::none();
            wrong.into_iter().for_each(|refusal| problems.extend(refusal));
            Ok(token_page(&who, typed, StatusCode::UNPROCESSABLE_ENTITY, problems))
        }
        Ok(Ok((token, secret))) => {
            let layout = layout(&who, "Copy your new token").crumb("Your account", "/account");
            Ok(render(StatusCode::OK, &IssuedPage { layout, token, secret }))
        }
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            Ok(token_page(&who, typed, status, problems))
        }
    }
}

async fn revoke(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id: TokenId = number_in(&id)?;
    blocking(move || sign_in::revoke_token(&state.app, &who.actor, id)).await?;
    Ok(redirect_with("/account", "That token no longer works"))
}
