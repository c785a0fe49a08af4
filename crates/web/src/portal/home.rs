//! The first page: what waits for the person who looks; the way in for somebody who is nobody yet.

mod market;
mod tasks;

use app::App;
use app::people::{self, Person, PersonState};
use askama::Template;
use axum::Extension;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use domain::access::{Actor, Role};

use super::Pages;
use super::people::what_for;
use crate::error_pages::{Failure, blocking};
use crate::page::{Flash, Layout, Section, filters, render};
use crate::session::SignedIn;
use crate::state::AppState;
use tasks::{Group, Stock};

/// The pages of this capability.
pub fn routes() -> Pages {
    Pages::new().route("/", get(home))
}

#[derive(Template)]
#[template(path = "home/tasks.html")]
struct TasksPage {
    layout: Layout,
    groups: Vec<Group>,
    nothing_waits: bool,
    stock: Option<Stock>,
}

#[derive(Template)]
#[template(path = "home/start.html")]
struct StartPage {
    layout: Layout,
}

#[derive(Template)]
#[template(path = "home/demo.html")]
struct DemoPage {
    layout: Layout,
    people: Vec<Visitor>,
}

/// Somebody whom the visitor of a demonstration can be.
struct Visitor {
    person: Person,
    roles: String,
    organisation: String,
    what_for: &'static str,
}

async fn home(
    state: AppState,
    who: Option<Extension<SignedIn>>,
    flash: Flash,
) -> Result<Response, Failure> {
    match who {
        Some(Extension(who)) => tasks_page(state, who, flash).await,
        None if state.demo => demo_page(state, flash).await,
        None => {
            let layout = Layout::new("Move Communications Hub stock between Parties").flash(flash);
            Ok(render(StatusCode::OK, &StartPage { layout }))
        }
    }
}

async fn tasks_page(state: AppState, who: SignedIn, flash: Flash) -> Result<Response, Failure> {
    let layout = Layout::of(&who.viewer, Section::Home, "What waits for you").flash(flash);
    let elsewhere = tasks::elsewhere(&who.actor);
    let (mut groups, stock) = blocking(move || {
        Ok((tasks::groups(&state.app, &who.actor)?, tasks::stock(&state.app, &who.actor)?))
    })
    .await?;
    let nothing_waits = groups.is_empty();
    groups.push(elsewhere);
    Ok(render(StatusCode::OK, &TasksPage { layout, groups, nothing_waits, stock }))
}

async fn demo_page(state: AppState, flash: Flash) -> Result<Response, Failure> {
    let people = blocking(move || visitors(&state.app)).await?;
    let layout = Layout::new("Who do you want to be?").flash(flash);
    Ok(render(StatusCode::OK, &DemoPage { layout, people }))
}

/// The people of the demonstration, in the order of the roles.
fn visitors(app: &App) -> app::Result<Vec<Visitor>> {
    let everybody = people::list(app, &Actor::local_operator(), None)?;
    let active = everybody.into_iter().filter(|person| person.state == PersonState::Active);
    let mut visitors: Vec<Visitor> = active.filter_map(visitor).collect();
    visitors.sort_by_key(|visitor| place(&visitor.person));
    Ok(visitors)
}

fn visitor(person: Person) -> Option<Visitor> {
    let held = person.roles.iter().filter(|held| held.invited_until.is_none());
    let roles: Vec<&str> = held.clone().map(|held| held.role.name()).collect();
    let first = held.clone().next()?;
    let organisation = first.organisation_name.clone();
    let what_for = what_for(first.role);
    Some(Visitor { roles: roles.join(", "), organisation, what_for, person })
}

/// The DCC first, since the story of a transfer file begins there.
fn place(person: &Person) -> (bool, Option<usize>, String) {
    let role = person.roles.first().map(|held| held.role);
    let index = role.and_then(|role| Role::ALL.iter().position(|other| *other == role));
    (role.is_some_and(Role::is_of_a_party), index, person.name.clone())
}
