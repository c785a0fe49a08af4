//! What a person decides about an offer: one button each, or a page that asks why.

use app::offers;
use askama::Template;
use axum::extract::{Form, Path};
use axum::http::StatusCode;
use axum::response::Response;
use domain::ids::OfferId;

use super::super::{number_in, shown_in_form, version_seen};
use super::{OfferView, Seen, colour, shown};
use crate::error_pages::{Failure, blocking};
use crate::page::{Flash, Layout, Problems, Section, filters, redirect_with, render};
use crate::portal::Reasoned;
use crate::session::SignedIn;
use crate::state::AppState;

#[derive(Template)]
#[template(path = "offers/decide.html")]
struct DecidePage {
    layout: Layout,
    offer: OfferView,
    decision: Decision,
    version: i64,
    reason: String,
}

/// A decision about an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    Submit,
    Publish,
    Resume,
    Return,
    Suspend,
    Withdraw,
    Close,
}

impl Decision {
    fn title(self) -> &'static str {
        match self {
            Decision::Submit => "Submit this offer",
            Decision::Publish => "Publish this offer",
            Decision::Resume => "Resume this offer",
            Decision::Return => "Return this offer to its Party",
            Decision::Suspend => "Suspend this offer",
            Decision::Withdraw => "Withdraw this offer",
            Decision::Close => "Close this offer",
        }
    }

    fn verb(self) -> &'static str {
        match self {
            Decision::Submit => "submit",
            Decision::Publish => "publish",
            Decision::Resume => "resume",
            Decision::Return => "return",
            Decision::Suspend => "suspend",
            Decision::Withdraw => "withdraw",
            Decision::Close => "close",
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Decision::Return => "Its Party reads this, changes the offer and submits it again.",
            Decision::Suspend => {
                "Its Party reads this. The offer leaves the board until it is resumed."
            }
            Decision::Withdraw => {
                "Parties whose requests wait for it are told that it was withdrawn."
            }
            Decision::Close => {
                "What is allocated stays so; the rest is no longer offered. You can leave this empty."
            }
            Decision::Submit | Decision::Publish | Decision::Resume => "",
        }
    }

    fn said(self) -> &'static str {
        match self {
            Decision::Submit => "Submitted: the DCC publishes it or returns it to you",
            Decision::Publish => "Published",
            Decision::Resume => "Resumed",
            Decision::Return => "Returned to its Party",
            Decision::Suspend => "Suspended",
            Decision::Withdraw => "Withdrawn",
            Decision::Close => "Closed",
        }
    }
}

async fn decide(
    state: AppState,
    who: SignedIn,
    id: String,
    decision: Decision,
    form: Reasoned,
) -> Result<Response, Failure> {
    let id: OfferId = number_in(&id)?;
    let (app, actor) = (state.app.clone(), who.actor.clone());
    let (version, reason) = (version_seen(&form.version), form.reason.clone());
    let done = blocking(move || {
        match decision {
            Decision::Submit => offers::submit(&app, &actor, id, version),
            Decision::Publish => offers::publish(&app, &actor, id, version),
            Decision::Resume => offers::resume(&app, &actor, id, version),
            Decision::Return => offers::return_to_party(&app, &actor, id, version, &reason),
            Decision::Suspend => offers::suspend(&app, &actor, id, version, &reason),
            Decision::Withdraw => offers::withdraw(&app, &actor, id, version, &reason),
            Decision::Close => offers::close(&app, &actor, id, version, &reason),
        }
        .map(|_| ())
    });
    match done.await {
        Ok(()) => Ok(redirect_with(&format!("/offers/{id}"), decision.said())),
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            match decision {
                Decision::Submit | Decision::Publish | Decision::Resume => {
                    shown(state, who, id, Flash::default(), status, without_fields(problems)).await
                }
                Decision::Return | Decision::Suspend | Decision::Withdraw | Decision::Close => {
                    ask(state, who, id, decision, form, status, problems).await
                }
            }
        }
    }
}

/// The page of an offer has none of the fields that a refusal may name.
fn without_fields(problems: Problems) -> Problems {
    let mut plain = Problems::none();
    problems.iter().for_each(|problem| plain.add_general(&problem.message));
    plain
}

async fn ask(
    state: AppState,
    who: SignedIn,
    id: OfferId,
    decision: Decision,
    form: Reasoned,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Failure> {
    let actor = who.actor.clone();
    let offer = blocking(move || offers::get(&state.app, &actor, id)).await?;
    if offer.seen != Seen::Whole {
        return Err(domain::Refusal::not_found("page").into());
    }
    let given = form.version.parse().ok().filter(|_| status != StatusCode::PRECONDITION_FAILED);
    let layout = Layout::of(&who.viewer, Section::Offers, decision.title())
        .crumb("Home", "/")
        .crumb("Offers", "/offers")
        .crumb(id.to_string(), format!("/offers/{id}"))
        .problems(problems);
    let version = given.unwrap_or(offer.row.version);
    let page = DecidePage { layout, offer, decision, version, reason: form.reason };
    Ok(render(status, &page))
}

macro_rules! decisions {
    ($($(#[$doc:meta])* $post:ident $decision:ident;)+) => {$(
        $(#[$doc])*
        pub(super) async fn $post(
            state: AppState,
            who: SignedIn,
            Path(id): Path<String>,
            Form(form): Form<Reasoned>,
        ) -> Result<Response, Failure> {
            decide(state, who, id, Decision::$decision, form).await
        }
    )+};
}

decisions! {
    /// Sends it to the DCC.
    submit Submit;
    /// Puts it on the board.
    publish Publish;
    /// Puts it back on the board.
    resume Resume;
    /// Sends it back to its Party.
    send_back Return;
    /// Takes it off the board for a time.
    suspend Suspend;
    /// Takes it back.
    withdraw Withdraw;
    /// Ends it.
    close Close;
}

macro_rules! questions {
    ($($(#[$doc:meta])* $get:ident $decision:ident;)+) => {$(
        $(#[$doc])*
        pub(super) async fn $get(
            state: AppState,
            who: SignedIn,
            Path(id): Path<String>,
        ) -> Result<Response, Failure> {
            let (id, form) = (number_in(&id)?, Reasoned::default());
            let decision = Decision::$decision;
            ask(state, who, id, decision, form, StatusCode::OK, Problems::none()).await
        }
    )+};
}

questions! {
    /// Asks why it is returned.
    ask_return Return;
    /// Asks why it is suspended.
    ask_suspend Suspend;
    /// Asks why it is withdrawn.
    ask_withdraw Withdraw;
    /// Asks why it is closed.
    ask_close Close;
}
