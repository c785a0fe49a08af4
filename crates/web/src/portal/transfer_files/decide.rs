//! What a person decides about a checked file: authorise, reject or withdraw it.

use app::transfer_files::{self, TransferFileView};
use askama::Template;
use axum::extract::{Form, Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use domain::ids::TransferFileId;

use super::super::{number_in, shown_in_form, version_seen};
use super::show;
use crate::error_pages::{Failure, blocking};
use crate::page::{Flash, Layout, Problems, Section, filters, redirect_with, render};
use crate::portal::{Reasoned, Version};
use crate::session::SignedIn;
use crate::state::AppState;

#[derive(Template)]
#[template(path = "transfer_files/decide.html")]
struct DecidePage {
    layout: Layout,
    file: TransferFileView,
    decision: Decision,
    may: bool,
    version: i64,
    reason: String,
}

/// A decision that wants a reason.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Decision {
    Reject,
    Withdraw,
}

impl Decision {
    fn title(self) -> &'static str {
        match self {
            Decision::Reject => "Reject this transfer file",
            Decision::Withdraw => "Withdraw this transfer file",
        }
    }

    fn verb(self) -> &'static str {
        match self {
            Decision::Reject => "reject",
            Decision::Withdraw => "withdraw",
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Decision::Reject => "The person who prepared the file reads this.",
            Decision::Withdraw => "It stays with the file, for whoever looks at it later.",
        }
    }
}

/// Authorises; refused, it shows the file as it is now.
pub(super) async fn authorise(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<Version>,
) -> Result<Response, Failure> {
    let id: TransferFileId = number_in(&id)?;
    let (app, actor, version) = (state.app.clone(), who.actor.clone(), version_seen(&form.version));
    match blocking(move || transfer_files::authorise(&app, &actor, id, version)).await {
        Ok(_) => Ok(redirect_with(&format!("/transfer-files/{id}"), "Authorised")),
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            show::page(state, who, id, Flash::default(), status, problems).await
        }
    }
}

/// Asks why a file is rejected.
pub(super) async fn reject_form(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Query(form): Query<Reasoned>,
) -> Result<Response, Failure> {
    ask(state, who, number_in(&id)?, Decision::Reject, form, StatusCode::OK, Problems::none()).await
}

/// Asks why a file is withdrawn.
pub(super) async fn withdraw_form(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Query(form): Query<Reasoned>,
) -> Result<Response, Failure> {
    let decision = Decision::Withdraw;
    ask(state, who, number_in(&id)?, decision, form, StatusCode::OK, Problems::none()).await
}

/// Rejects.
pub(super) async fn reject(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<Reasoned>,
) -> Result<Response, Failure> {
    decide(state, who, number_in(&id)?, Decision::Reject, form).await
}

/// Withdraws.
pub(super) async fn withdraw(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<Reasoned>,
) -> Result<Response, Failure> {
    decide(state, who, number_in(&id)?, Decision::Withdraw, form).await
}

async fn decide(
    state: AppState,
    who: SignedIn,
    id: TransferFileId,
    decision: Decision,
    form: Reasoned,
) -> Result<Response, Failure> {
    let (app, actor) = (state.app.clone(), who.actor.clone());
    let (version, reason) = (version_seen(&form.version), form.reason.clone());
    let done = blocking(move || match decision {
        Decision::Reject => transfer_files::reject(&app, &actor, id, version, &reason),
        Decision::Withdraw => transfer_files::withdraw(&app, &actor, id, version, &reason),
    });
    let said = match decision {
        Decision::Reject => "Rejected",
        Decision::Withdraw => "Withdrawn",
    };
    match done.await {
        Ok(_) => Ok(redirect_with(&format!("/transfer-files/{id}"), said)),
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            ask(state, who, id, decision, form, status, problems).await
        }
    }
}

/// The form. Refused because the file has changed, it goes on from the file as it is now.
async fn ask(
    state: AppState,
    who: SignedIn,
    id: TransferFileId,
    decision: Decision,
    form: Reasoned,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Failure> {
    let actor = who.actor.clone();
    let file = blocking(move || transfer_files::get(&state.app, &actor, id)).await?;
    let given = form.version.parse().ok().filter(|_| status != StatusCode::PRECONDITION_FAILED);
    let layout = Layout::of(&who.viewer, Section::TransferFiles, decision.title())
        .crumb("Home", "/")
        .crumb("Transfer files", "/transfer-files")
        .crumb(&file.name, format!("/transfer-files/{id}"))
        .problems(problems);
    let page = DecidePage {
        layout,
        may: if decision == Decision::Reject { file.may.reject } else { file.may.withdraw },
        version: given.unwrap_or(file.version),
        reason: form.reason,
        decision,
        file,
    };
    Ok(render(status, &page))
}
