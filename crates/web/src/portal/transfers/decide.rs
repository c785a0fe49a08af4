//! Decisions about a transfer: confirm, cancel; and the DCC's: hold, release, reverse, prepare.

use app::transfers::{self, TransferView};
use askama::Template;
use axum::extract::{Form, OriginalUri, Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use domain::Refusal;
use domain::ids::TransferId;
use domain::transfers::Side;
use serde::Deserialize;

use super::super::{number_in, shown_in_form, version_seen};
use super::{layout, show, state_colour};
use crate::error_pages::{Failure, blocking};
use crate::page::{Flash, Layout, Problems, filters, redirect_with, render};
use crate::portal::{Reasoned, Version};
use crate::session::SignedIn;
use crate::state::AppState;

#[derive(Template)]
#[template(path = "transfers/decide.html")]
struct DecidePage {
    layout: Layout,
    transfer: TransferView,
    decision: Decision,
    may: bool,
    version: i64,
    reason: String,
}

/// A decision that wants a reason.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Decision {
    Cancel,
    Hold,
    Reverse,
}

impl Decision {
    /// The decision that an address ends with.
    fn in_address(path: &str) -> Option<Decision> {
        let all = [Decision::Cancel, Decision::Hold, Decision::Reverse];
        let last = path.rsplit('/').next()?;
        all.into_iter().find(|decision| decision.word() == last)
    }

    fn word(self) -> &'static str {
        match self {
            Decision::Cancel => "cancel",
            Decision::Hold => "hold",
            Decision::Reverse => "reverse",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Decision::Cancel => "Cancel this transfer",
            Decision::Hold => "Put this transfer on hold",
            Decision::Reverse => "Reverse this transfer",
        }
    }

    fn what_follows(self) -> &'static str {
        match self {
            Decision::Cancel => {
                "Nothing is dispatched. What was allocated goes back to its offer, and on to the \
                 next in its order unless the sender cancels."
            }
            Decision::Hold => "Nothing happens to it until it is released.",
            Decision::Reverse => {
                "A new transfer, linked to this one, takes back those of its hubs that the \
                 receiver still has and that are Pending. Both Parties confirm it."
            }
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Decision::Cancel => "The other Party reads this.",
            Decision::Hold | Decision::Reverse => "Both Parties read this.",
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Confirming {
    version: String,
    side: String,
}

/// Confirms one side; refused, it shows the transfer as it is now.
pub(super) async fn confirm(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<Confirming>,
) -> Result<Response, Failure> {
    let (version, side) = (version_seen(&form.version), Side::from_name(&form.side));
    at_once(state, who, &id, "Confirmed", move |app, actor, id| {
        transfers::confirm(app, actor, id, version, side)
    })
    .await
}

/// Lets a transfer go on.
pub(super) async fn release(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<Version>,
) -> Result<Response, Failure> {
    let version = version_seen(&form.version);
    at_once(state, who, &id, "Released", move |app, actor, id| {
        transfers::release(app, actor, id, version)
    })
    .await
}

/// Prepares the transfer file, and goes to it.
pub(super) async fn prepare(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<Version>,
) -> Result<Response, Failure> {
    let version = version_seen(&form.version);
    let said = "Transfer file prepared: its lines are being checked, then another person decides";
    at_once(state, who, &id, said, move |app, actor, id| {
        transfers::prepare(app, actor, id, version)
    })
    .await
}

/// A decision that asks nothing more; refused, the page of the transfer says why.
async fn at_once(
    state: AppState,
    who: SignedIn,
    id: &str,
    said: &str,
    operation: impl FnOnce(&app::App, &domain::access::Actor, TransferId) -> app::Result<TransferView>
    + Send
    + 'static,
) -> Result<Response, Failure> {
    let id: TransferId = number_in(id)?;
    let (app, actor) = (state.app.clone(), who.actor.clone());
    match blocking(move || operation(&app, &actor, id)).await {
        Ok(_) => Ok(redirect_with(&format!("/transfers/{id}"), said)),
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            show::page(state, who, id, Flash::default(), status, problems).await
        }
    }
}

/// Asks why.
pub(super) async fn form(
    state: AppState,
    who: SignedIn,
    OriginalUri(uri): OriginalUri,
    Path(id): Path<String>,
    Query(form): Query<Reasoned>,
) -> Result<Response, Failure> {
    let decision = of_address(uri.path())?;
    ask(state, who, number_in(&id)?, decision, form, StatusCode::OK, Problems::none()).await
}

/// Does it.
pub(super) async fn send(
    state: AppState,
    who: SignedIn,
    OriginalUri(uri): OriginalUri,
    Path(id): Path<String>,
    Form(form): Form<Reasoned>,
) -> Result<Response, Failure> {
    let (id, decision) = (number_in::<TransferId>(&id)?, of_address(uri.path())?);
    let (app, actor) = (state.app.clone(), who.actor.clone());
    let (version, reason) = (version_seen(&form.version), form.reason.clone());
    let done = blocking(move || match decision {
        Decision::Cancel => transfers::cancel(&app, &actor, id, version, &reason),
        Decision::Hold => transfers::hold(&app, &actor, id, version, &reason),
        Decision::Reverse => transfers::reverse(&app, &actor, id, version, &reason),
    });
    match done.await {
        Ok(transfer) => {
            let said = match decision {
                Decision::Cancel => "Cancelled".to_owned(),
                Decision::Hold => "On hold".to_owned(),
                Decision::Reverse => format!("This transfer takes back {id}"),
            };
            Ok(redirect_with(&format!("/transfers/{}", transfer.id), &said))
        }
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            ask(state, who, id, decision, form, status, problems).await
        }
    }
}

fn of_address(path: &str) -> Result<Decision, Failure> {
    Decision::in_address(path).ok_or_else(|| Refusal::not_found("page").into())
}

/// The form. Refused because the transfer has changed, it goes on from the transfer as it is now.
async fn ask(
    state: AppState,
    who: SignedIn,
    id: TransferId,
    decision: Decision,
    form: Reasoned,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Failure> {
    let actor = who.actor.clone();
    let transfer = blocking(move || transfers::get(&state.app, &actor, id)).await?;
    let page = DecidePage {
        layout: layout(&who, id, decision.title()).problems(problems),
        may: match decision {
            Decision::Cancel => transfer.may.cancel,
            Decision::Hold => transfer.may.hold,
            Decision::Reverse => transfer.may.reverse,
        },
        version: form.version_shown(status, transfer.version),
        reason: form.reason,
        decision,
        transfer,
    };
    Ok(render(status, &page))
}
