//! Uploading a transfer file that was made elsewhere.

use app::transfer_files::{self, Submission};
use askama::Template;
use axum::extract::Multipart;
use axum::http::StatusCode;
use axum::response::Response;
use domain::access::Action;

use super::super::shown_in_form;
use crate::error_pages::Failure;
use crate::page::{Choice, Layout, Problems, Section, filters, redirect_with, render};
use crate::session::SignedIn;
use crate::state::AppState;
use crate::streams::take_form;

#[derive(Template)]
#[template(path = "transfer_files/upload.html")]
struct UploadPage {
    layout: Layout,
    modes: Vec<Choice>,
}

/// Asks for the file.
pub(super) async fn form(who: SignedIn) -> Result<Response, Failure> {
    who.actor.must(Action::PrepareTransferFile)?;
    Ok(page(&who, "", StatusCode::OK, Problems::none()))
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
        let all_or_nothing = fields.of("mode") == "all-or-nothing";
        let submission = Submission { name: name.to_owned(), all_or_nothing };
        transfer_files::submit(&state.app, &actor, submission, source)
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
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            Ok(page(&who, fields.of("mode"), status, at_the_file(problems)))
        }
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

fn page(who: &SignedIn, mode: &str, status: StatusCode, problems: Problems) -> Response {
    let layout = Layout::of(&who.viewer, Section::TransferFiles, "Upload a transfer file")
        .crumb("Home", "/")
        .crumb("Transfer files", "/transfer-files")
        .problems(problems);
    render(status, &UploadPage { layout, modes: modes(mode) })
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
