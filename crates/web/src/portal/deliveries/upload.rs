//! Sending a file, or only trying it: a dry run answers each line and writes nothing.

use std::io::{self, Read, Write};

use app::dry_runs;
use app::imports;
use askama::Template;
use axum::extract::{Multipart, Query};
use axum::http::StatusCode;
use axum::response::Response;
use domain::Refusal;
use domain::access::{Action, Actor};
use domain::ids::FileId;
use domain::imports::{ImportKind, LineOutcome};
use serde::Deserialize;

use super::super::{must_see, shown_in_form};
use super::answers::{FirstProblems, Told};
use crate::error_pages::Failure;
use crate::page::{Choice, Layout, Problems, Section, filters, redirect_with, render};
use crate::session::SignedIn;
use crate::state::AppState;
use crate::streams::{Fields, take_form};

/// Where the form stands: Parties are sent by other people than hubs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Deliveries, statuses and snapshots.
    Inventory,
    /// Parties.
    Parties,
}

impl Place {
    fn action(self) -> Action {
        match self {
            Place::Inventory => Action::LoadInventory,
            Place::Parties => Action::ManageParties,
        }
    }

    fn address(self) -> &'static str {
        match self {
            Place::Inventory => "/deliveries/new",
            Place::Parties => "/parties/new",
        }
    }

    fn back(self) -> &'static str {
        match self {
            Place::Inventory => "/deliveries",
            Place::Parties => "/parties",
        }
    }

    fn layout(self, who: &SignedIn) -> Layout {
        let (section, above, title) = match self {
            Place::Inventory => (Section::Deliveries, "Deliveries", "Send a file"),
            Place::Parties => (Section::Parties, "Parties", "Send a file of Parties"),
        };
        Layout::of(&who.viewer, section, title).crumb("Home", "/").crumb(above, self.back())
    }

    /// What kind of file the form sends.
    fn kind(self, given: &str) -> Result<ImportKind, Refusal> {
        match self {
            Place::Parties => Ok(ImportKind::Parties),
            Place::Inventory => ImportKind::from_word(given)
                .filter(|kind| *kind != ImportKind::Parties)
                .ok_or_else(|| Refusal::field("kind", "Select what the file holds")),
        }
    }
}

#[derive(Template)]
#[template(path = "deliveries/upload.html")]
struct UploadPage {
    layout: Layout,
    place: Place,
    kinds: Vec<Choice>,
    dry_run: Vec<Choice>,
    tried: Option<Tried>,
}

/// What a dry run came to.
struct Tried {
    name: String,
    lines: u64,
    told: Told,
    answers: Option<FileId>,
}

/// What became of the file.
enum Done {
    Sent(imports::Submitted),
    Tried(Tried),
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FormQuery {
    kind: String,
}

/// Asks for a file of deliveries, statuses or a snapshot.
pub(super) async fn form(
    who: SignedIn,
    Query(query): Query<FormQuery>,
) -> Result<Response, Failure> {
    let kind = if query.kind.is_empty() { ImportKind::Deliveries.word() } else { &query.kind };
    ask(&who, Place::Inventory, kind)
}

/// The empty form.
pub fn ask(who: &SignedIn, place: Place, kind: &str) -> Result<Response, Failure> {
    must_see(&who.actor, place.action())?;
    let layout = place.layout(who);
    Ok(page(layout, place, kind, false, None, StatusCode::OK))
}

/// Takes such a file while it arrives.
pub(super) async fn send(
    state: AppState,
    who: SignedIn,
    form: Multipart,
) -> Result<Response, Failure> {
    take(state, who, Place::Inventory, form).await
}

/// Takes a file while it arrives: sends it and goes to its page, or tries it and says what it
/// would come to.
pub async fn take(
    state: AppState,
    who: SignedIn,
    place: Place,
    form: Multipart,
) -> Result<Response, Failure> {
    must_see(&who.actor, place.action())?;
    let actor = who.actor.clone();
    let (fields, done) = take_form(form, move |fields, name, source| {
        let kind = place.kind(fields.of("kind"))?;
        if fields.has("dry_run") {
            return try_it(&state.app, &actor, kind, name, source).map(Done::Tried);
        }
        imports::submit(&state.app, &actor, kind, name, source).map(Done::Sent)
    })
    .await;
    match done {
        Ok(Done::Sent(sent)) => {
            let said = if sent.repeated {
                "This file was sent before: this is its first answer"
            } else {
                "Received: its lines are being read"
            };
            Ok(redirect_with(&format!("/deliveries/{}", sent.import), said))
        }
        Ok(Done::Tried(tried)) => {
            Ok(again(&who, place, &fields, Problems::none(), Some(tried), StatusCode::OK))
        }
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            Ok(again(&who, place, &fields, at_the_file(problems), None, status))
        }
    }
}

fn try_it(
    app: &app::App,
    actor: &Actor,
    kind: ImportKind,
    name: &str,
    source: &mut dyn Read,
) -> app::Result<Tried> {
    let (answers, (counts, first)) =
        dry_runs::keep(app, actor, &imports::answer_name(name), |out| {
            let mut all = Both(FirstProblems::new(), out);
            let counts = imports::check(app, actor, kind, source, &mut all)?;
            Ok((counts, all.0.finish()))
        })?;
    let told = Told::tried(&counts, first);
    let of_lines = counts.iter().filter(|(outcome, _)| *outcome != LineOutcome::Absent.word());
    let lines = of_lines.map(|(_, lines)| lines).sum();
    Ok(Tried { name: name.to_owned(), lines, told, answers })
}

/// Answers that are kept as they come, and the first of which a page shows.
struct Both<'a>(FirstProblems, &'a mut dyn Write);

impl Write for Both<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(bytes)?;
        self.1.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.1.flush()
    }
}

/// What is wrong with a file is said at the field that it came in.
fn at_the_file(problems: Problems) -> Problems {
    let mut placed = Problems::none();
    for problem in problems.iter() {
        placed.add(problem.field.as_deref().unwrap_or("file"), &problem.message);
    }
    placed
}

/// The form with what was chosen.
fn again(
    who: &SignedIn,
    place: Place,
    fields: &Fields,
    problems: Problems,
    tried: Option<Tried>,
    status: StatusCode,
) -> Response {
    let layout = place.layout(who).problems(problems);
    page(layout, place, fields.of("kind"), fields.has("dry_run"), tried, status)
}

fn page(
    layout: Layout,
    place: Place,
    kind: &str,
    dry_run: bool,
    tried: Option<Tried>,
    status: StatusCode,
) -> Response {
    let dry_run_choice = Choice::new("yes", "Only try it: answer each line and write nothing")
        .chosen_if(if dry_run { "yes" } else { "" });
    let page =
        UploadPage { layout, place, kinds: kinds(kind), dry_run: vec![dry_run_choice], tried };
    render(status, &page)
}

fn kinds(chosen: &str) -> Vec<Choice> {
    let choice = |kind: ImportKind, text: &str, hint: &str| {
        Choice::new(kind.word(), text).hint(hint).chosen_if(chosen)
    };
    vec![
        choice(
            ImportKind::Deliveries,
            "Deliveries (ASN)",
            "New hubs. One that is here already with other data is a conflict, and stays as it is.",
        ),
        choice(
            ImportKind::Statuses,
            "Status changes",
            "A hub’s SMI status and since when. An older one than the inventory has changes nothing.",
        ),
        choice(
            ImportKind::Snapshot,
            "Inventory snapshot",
            "Compared with the inventory. Somebody else authorises the differences, or rejects them.",
        ),
    ]
}
