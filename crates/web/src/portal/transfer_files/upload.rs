//! Uploading a transfer file that was made elsewhere, or only checking it.

use app::transfer_files::{self, Checked, Found, Submission};
use app::{dry_runs, files};
use askama::Template;
use axum::extract::Multipart;
use axum::http::StatusCode;
use axum::response::Response;
use domain::access::Action;
use domain::ids::FileId;
use domain::transfer_files::generate::response_name;

use super::super::shown_in_form;
use super::show::{CodeRow, Pair, Warned, codes_of, pairs_of, warned_in};
use crate::error_pages::Failure;
use crate::page::{Choice, Layout, Problems, Section, filters, redirect_with, render};
use crate::session::SignedIn;
use crate::state::AppState;
use crate::streams::{Fields, take_form};

#[derive(Template)]
#[template(path = "transfer_files/upload.html")]
struct UploadPage {
    layout: Layout,
    modes: Vec<Choice>,
    tried: Option<Tried>,
}

/// What a dry run came to.
struct Tried {
    name: String,
    found: Checked,
    codes: Vec<CodeRow>,
    pairs: Vec<Pair>,
    warned: Vec<Warned>,
    answers: Option<FileId>,
}

/// Asks for the file.
pub(super) async fn form(who: SignedIn) -> Result<Response, Failure> {
    who.actor.must(Action::PrepareTransferFile)?;
    Ok(page(&who, "", StatusCode::OK, Problems::none(), None))
}

/// Takes the file while it arrives, says what sending it would come to, and changes nothing.
pub(super) async fn check(
    state: AppState,
    who: SignedIn,
    form: Multipart,
) -> Result<Response, Failure> {
    who.actor.must(Action::PrepareTransferFile)?;
    let actor = who.actor.clone();
    let (fields, tried) = take_form(form, move |fields, name, source| {
        let bytes = files::read_whole(source, files::upload_limit(&state.app)?)?;
        let submission = submission(fields, name);
        let (answers, found) = dry_runs::keep(&state.app, &actor, &response_name(name), |out| {
            transfer_files::check(&state.app, &submission, bytes, out)
        })?;
        Ok(tried(submission.name, found, answers))
    })
    .await;
    match tried {
        Ok(tried) => {
            Ok(page(&who, fields.of("mode"), StatusCode::OK, Problems::none(), Some(tried)))
        }
        Err(failure) => refused(&who, &fields, failure),
    }
}

fn submission(fields: &Fields, name: &str) -> Submission {
    let all_or_nothing = fields.of("mode") == "all-or-nothing";
    Submission { name: name.to_owned(), all_or_nothing }
}

fn tried(name: String, found: Checked, answers: Option<FileId>) -> Tried {
    let summary = match &found.found {
        Found::Answered(summary) => Some(summary.as_ref()),
        Found::Refused(_) => None,
    };
    let codes = codes_of(summary.map(|summary| &summary.counts), None, "");
    let (pairs, warned) = (pairs_of(summary), warned_in(summary, None));
    Tried { name, codes, pairs, warned, answers, found }
}

/// The form again, with what is wrong.
fn refused(who: &SignedIn, fields: &Fields, failure: Failure) -> Result<Response, Failure> {
    let (status, problems) = shown_in_form(failure)?;
    Ok(page(who, fields.of("mode"), status, at_the_file(problems), None))
}

/// Takes the file while it arrives, and goes to its page.
pub(super) async fn send(
    state: AppState,
    who: SignedIn,
    form: Multipart,
) -> Result<Response, Failure> {
    who.actor.must(Action::PrepareTransferFile)?;
    let actor = who.actor.clone();
    let (fields, sent) = take_form(form, move |fields, name, source| {
        transfer_files::submit(&state.app, &actor, submission(fields, name), source)
    })
    .await;
    match sent {
        Ok(sent) => {
            let said = if sent.repeated {
                "This file was sent before: this is its first answer"
            } else {
                "Received: its lines are being checked"
            };
            Ok(redirect_with(&format!("/transfer-files/{}", sent.id), said))
        }
        Err(failure) => refused(&who, &fields, failure),
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

fn page(
    who: &SignedIn,
    mode: &str,
    status: StatusCode,
    problems: Problems,
    tried: Option<Tried>,
) -> Response {
    let layout = Layout::of(&who.viewer, Section::TransferFiles, "Upload a transfer file")
        .crumb("Home", "/")
        .crumb("Transfer files", "/transfer-files")
        .problems(problems);
    render(status, &UploadPage { layout, modes: modes(mode), tried })
}

/// What becomes of the other lines when one is rejected.
pub(super) fn modes(chosen: &str) -> Vec<Choice> {
    let chosen = if chosen.is_empty() { "continue" } else { chosen };
    vec![
        Choice::new("continue", "Go on with the other lines").chosen_if(chosen),
        Choice::new("all-or-nothing", "Change nothing")
            .hint("One rejected line keeps every hub in the file where it is.")
            .chosen_if(chosen),
    ]
}
