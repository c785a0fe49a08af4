//! What can be set, with what each thing means and where its default comes from.

use app::settings::{self, InForce, Takes};
use askama::Template;
use axum::extract::{Form, Path};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use domain::access::Action;
use serde::Deserialize;

use super::{Pages, may, shown_in_form, version_seen};
use crate::error_pages::{Failure, blocking};
use crate::page::{Choice, Flash, Layout, Problems, Section, filters, redirect_with, render};
use crate::session::SignedIn;
use crate::state::AppState;

/// The pages of this capability.
pub fn routes() -> Pages {
    Pages::new().route("/settings", get(list)).route("/settings/{setting}", get(form).post(change))
}

#[derive(Template)]
#[template(path = "settings/list.html")]
struct ListPage {
    layout: Layout,
    settings: Vec<InForce>,
    may_change: bool,
}

#[derive(Template)]
#[template(path = "settings/change.html")]
struct ChangePage {
    layout: Layout,
    in_force: InForce,
    version: i64,
    typed: String,
    words: Vec<Choice>,
    may_change: bool,
}

async fn list(state: AppState, who: SignedIn, flash: Flash) -> Result<Response, Failure> {
    let actor = who.actor.clone();
    let settings = blocking(move || settings::list(&state.app, &actor)).await?;
    let layout = Layout::of(&who.viewer, Section::Settings, "Settings").crumb("Home", "/");
    let may_change = may(&who.actor, Action::ChangeSettings);
    Ok(render(StatusCode::OK, &ListPage { layout: layout.flash(flash), settings, may_change }))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Typed {
    value: String,
    version: String,
}

async fn form(
    state: AppState,
    who: SignedIn,
    Path(setting): Path<String>,
) -> Result<Response, Failure> {
    page(state, who, setting, None, StatusCode::OK, Problems::none()).await
}

async fn change(
    state: AppState,
    who: SignedIn,
    Path(setting): Path<String>,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    let (app, actor, name) = (state.app.clone(), who.actor.clone(), setting.clone());
    let (value, version) = (typed.value.clone(), version_seen(&typed.version));
    match blocking(move || settings::change(&app, &actor, &name, &value, version)).await {
        Ok(now) => {
            let said = format!("{} is now {}", now.setting.name, now.value);
            Ok(redirect_with("/settings", &said))
        }
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            page(state, who, setting, Some(typed), status, problems).await
        }
    }
}

async fn page(
    state: AppState,
    who: SignedIn,
    setting: String,
    typed: Option<Typed>,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Failure> {
    let actor = who.actor.clone();
    let in_force = blocking(move || settings::get(&state.app, &actor, &setting)).await?;
    let given = typed.as_ref().filter(|_| status != StatusCode::PRECONDITION_FAILED);
    let version = given.and_then(|typed| typed.version.parse().ok());
    let typed = typed.map_or_else(|| in_force.value.clone(), |typed| typed.value);
    let words = match in_force.setting.takes {
        Takes::OneOf(words) => words.iter().map(|word| Choice::new(*word, *word)).collect(),
        Takes::Number { .. } | Takes::TimeOfDay | Takes::SomeOf(_) | Takes::Code => Vec::new(),
    };
    let layout = Layout::of(&who.viewer, Section::Settings, in_force.setting.meaning)
        .crumb("Home", "/")
        .crumb("Settings", "/settings")
        .problems(problems);
    let page = ChangePage {
        layout,
        version: version.unwrap_or(in_force.version),
        words: words.into_iter().map(|word| word.chosen_if(&typed)).collect(),
        typed,
        may_change: may(&who.actor, Action::ChangeSettings),
        in_force,
    };
    Ok(render(status, &page))
}
