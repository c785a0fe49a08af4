//! Making a controlled file from pasted IDs and a new Party.

use app::transfer_files::{self, GenerateRequest, Generated, IdMistake};
use askama::Template;
use axum::extract::Form;
use axum::http::StatusCode;
use axum::response::Response;
use domain::access::Action;
use domain::numbers::grouped;
use serde::Deserialize;

use super::super::{party_book, shown_in_form};
use super::upload::modes;
use crate::error_pages::{Failure, blocking};
use crate::page::{Choice, Layout, Problems, Section, filters, redirect_with, render};
use crate::session::SignedIn;
use crate::state::AppState;
use crate::streams::download;

/// Mistakes that stand in the table; the others follow as plain lines.
const IN_TABLE: usize = 200;

#[derive(Template)]
#[template(path = "transfer_files/generate.html")]
struct GeneratePage {
    layout: Layout,
    typed: Typed,
    from: Vec<Choice>,
    to: Vec<Choice>,
    modes: Vec<Choice>,
    mistakes: Vec<IdMistake>,
    more_mistakes: Vec<IdMistake>,
}

/// What is typed into the form.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    ids: String,
    to_reference: String,
    from_reference: String,
    reference: String,
    mode: String,
    then: String,
}

impl Typed {
    fn request(&self) -> GenerateRequest {
        let from = self.from_reference.trim();
        GenerateRequest {
            ids: self.ids.clone(),
            to_reference: self.to_reference.trim().to_owned(),
            reference: self.reference.trim().to_owned(),
            from_reference: (!from.is_empty()).then(|| from.to_owned()),
        }
    }

    /// What is missing before anything is asked of the inventory.
    fn missing(&self) -> Problems {
        let mut problems = Problems::none();
        if self.ids.trim().is_empty() {
            problems.add("ids", "Paste the IDs of the hubs, one on each line");
        }
        if self.to_reference.trim().is_empty() {
            problems.add("to_reference", "Select the new Party");
        }
        if self.reference.trim().is_empty() {
            problems.add("reference", "Enter the reference of the transfer or SoLR event");
        }
        problems
    }
}

/// Asks for the hubs and the new Party.
pub(super) async fn form(state: AppState, who: SignedIn) -> Result<Response, Failure> {
    who.actor.must(Action::PrepareTransferFile)?;
    page(state, &who, Typed::default(), StatusCode::OK, Problems::none(), Vec::new()).await
}

/// Makes the file, and either sends it to be saved or submits it at once.
pub(super) async fn send(
    state: AppState,
    who: SignedIn,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    who.actor.must(Action::PrepareTransferFile)?;
    let missing = typed.missing();
    if !missing.is_empty() {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return page(state, &who, typed, status, missing, Vec::new()).await;
    }
    let made = if typed.then == "download" {
        save(&state, &who, &typed).await
    } else {
        submit(&state, &who, &typed).await
    };
    match made {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(mistakes)) => {
            let mut problems = Problems::none();
            let lines = grouped(mistakes.len());
            let noun = if mistakes.len() == 1 { "line" } else { "lines" };
            problems.add("ids", format!("Correct {lines} {noun} of what you pasted"));
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            page(state, &who, typed, status, problems, mistakes).await
        }
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            page(state, &who, typed, status, problems, Vec::new()).await
        }
    }
}

type Made = Result<Result<Response, Vec<IdMistake>>, Failure>;

async fn save(state: &AppState, who: &SignedIn, typed: &Typed) -> Made {
    let (app, actor, request) = (state.app.clone(), who.actor.clone(), typed.request());
    match blocking(move || transfer_files::generate(&app, &actor, &request)).await? {
        Generated::Mistakes(mistakes) => Ok(Err(mistakes)),
        Generated::File(file) => {
            let sent = download(&file.name, "text/csv; charset=utf-8", move |mut out| {
                std::io::Write::write_all(&mut out, &file.bytes).map_err(app::Error::io("send it"))
            });
            sent.await.map(Ok)
        }
    }
}

async fn submit(state: &AppState, who: &SignedIn, typed: &Typed) -> Made {
    let (app, actor, request) = (state.app.clone(), who.actor.clone(), typed.request());
    let all_or_nothing = typed.mode == "all-or-nothing";
    let submitted = blocking(move || {
        transfer_files::generate_and_submit(&app, &actor, &request, all_or_nothing)
    });
    Ok(submitted.await?.map(|(_, submitted)| {
        let said = "Made and received: its lines are being checked";
        redirect_with(&format!("/transfer-files/{}", submitted.id), said)
    }))
}

async fn page(
    state: AppState,
    who: &SignedIn,
    typed: Typed,
    status: StatusCode,
    problems: Problems,
    mut mistakes: Vec<IdMistake>,
) -> Result<Response, Failure> {
    let book = party_book(&state).await?;
    let choice = |reference: &str, name: &str, chosen: &str| {
        Choice::new(reference, format!("{name} ({reference})")).chosen_if(chosen)
    };
    let mut from = vec![Choice::new("", "Several Parties, or I do not know")];
    let mut to = vec![Choice::new("", "Select a Party")];
    for party in book.iter().map(|party| &party.details) {
        let (reference, name) = (&party.service_user_reference, &party.legal_name);
        from.push(choice(reference, name, &typed.from_reference));
        if party.can_receive_hubs() {
            to.push(choice(reference, name, &typed.to_reference));
        }
    }
    let layout = Layout::of(&who.viewer, Section::TransferFiles, "Make a transfer file")
        .crumb("Home", "/")
        .crumb("Transfer files", "/transfer-files")
        .problems(problems);
    let more_mistakes = mistakes.split_off(mistakes.len().min(IN_TABLE));
    let modes = modes(&typed.mode);
    let page = GeneratePage { layout, typed, from, to, modes, mistakes, more_mistakes };
    Ok(render(status, &page))
}
