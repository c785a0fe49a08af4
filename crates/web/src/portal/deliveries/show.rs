//! One file: how far it is, what became of its lines, and what somebody has to decide.

use app::imports::{self, ImportView};
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use domain::access::Action;
use domain::ids::ImportId;
use domain::imports::{ImportKind, ImportState};

use super::super::{may, must_see, number_in, part};
use super::answers::{self, Answer, FirstProblems, Told, UntilFull};
use super::{is_working, kind_name, state_colour, state_words};
use crate::error_pages::{Failure, blocking};
use crate::page::{Flash, Layout, Problems, Section, filters, render};
use crate::session::SignedIn;
use crate::state::AppState;
use crate::streams::{News, download, follow};

#[derive(Template)]
#[template(path = "deliveries/show.html")]
struct ShowPage {
    layout: Layout,
    import: ImportView,
    progress: String,
    told: Told,
    decision: Decision,
    may_read_journal: bool,
}

/// What this person can do about a compared snapshot.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Decision {
    /// There is nothing to decide.
    None,
    /// Authorise it or reject it.
    Open,
    /// Somebody else must: this person sent it.
    OwnFile,
    /// Somebody with another role must.
    NotTheirs,
}

/// What a job is doing, drawn again and again by its events.
#[derive(Template)]
#[template(path = "deliveries/progress.html")]
struct ProgressPart<'a> {
    import: &'a ImportView,
    goes_on: bool,
}

/// The page of one file.
pub(super) async fn show(
    state: AppState,
    who: SignedIn,
    flash: Flash,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeImports)?;
    page(state, who, number_in(&id)?, flash, StatusCode::OK, Problems::none()).await
}

/// The page as it is now, after something was done or refused on it.
pub(super) async fn page(
    state: AppState,
    who: SignedIn,
    id: ImportId,
    flash: Flash,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Failure> {
    let actor = who.actor.clone();
    let (import, first) = blocking(move || {
        let import = imports::get(&state.app, &actor, id)?;
        let first = first_problems(&state.app, &actor, &import)?;
        Ok((import, first))
    })
    .await?;
    let (section, above, href) = match import.kind {
        ImportKind::Parties => (Section::Parties, "Parties", "/parties"),
        _ => (Section::Deliveries, "Deliveries", "/deliveries"),
    };
    let layout = Layout::of(&who.viewer, section, &import.name)
        .crumb("Home", "/")
        .crumb(above, href)
        .flash(flash)
        .problems(problems);
    let page = ShowPage {
        layout,
        progress: progress_of(&import),
        told: Told::new(&import.counts, first),
        decision: decision(&import, &who),
        may_read_journal: may(&who.actor, Action::ReadJournal),
        import,
    };
    Ok(render(status, &page))
}

fn first_problems(
    app: &app::App,
    actor: &domain::access::Actor,
    import: &ImportView,
) -> app::Result<Vec<Answer>> {
    let mut first = FirstProblems::new();
    if is_working(&import.state) || answers::problems(&import.counts) == 0 {
        return Ok(Vec::new());
    }
    match imports::answer(app, actor, import.id, &mut UntilFull(&mut first)) {
        Err(error) if !first.is_full() => Err(error),
        Ok(_) | Err(_) => Ok(first.finish()),
    }
}

fn decision(import: &ImportView, who: &SignedIn) -> Decision {
    if import.state != ImportState::Compared {
        Decision::None
    } else if !may(&who.actor, Action::AuthoriseSnapshot) {
        Decision::NotTheirs
    } else if import.submitted_by.id == who.actor.user {
        Decision::OwnFile
    } else {
        Decision::Open
    }
}

/// The progress of its job, as server-sent events.
pub(super) async fn events(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeImports)?;
    let id: ImportId = number_in(&id)?;
    follow(format!("/deliveries/{id}"), move || {
        let import = imports::get(&state.app, &who.actor, id)?;
        let goes_on = is_working(&import.state);
        Ok(if goes_on { News::Progress(progress_of(&import)) } else { News::Done })
    })
    .await
}

fn progress_of(import: &ImportView) -> String {
    let goes_on = import.trouble.as_ref().is_none_or(|trouble| !trouble.has_failed);
    part(&ProgressPart { import, goes_on })
}

/// The answers to all lines, as a file.
pub(super) async fn answer(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeImports)?;
    let id: ImportId = number_in(&id)?;
    let (app, actor) = (state.app.clone(), who.actor.clone());
    let import = blocking(move || imports::get(&app, &actor, id)).await?;
    let stem = import.name.rsplit_once('.').map_or(import.name.as_str(), |(stem, _)| stem);
    download(&format!("{stem}_answer.csv"), "text/csv; charset=utf-8", move |mut out| {
        imports::answer(&state.app, &who.actor, id, &mut out).map(|_| ())
    })
    .await
}
