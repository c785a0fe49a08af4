//! Transfer files: the list, and one file with what it would do and what happens next.

mod decide;
mod generate;
mod installed;
mod lines;
mod show;
mod upload;

use app::transfer_files::{self, TransferFileFilter, TransferFileRow};
use askama::Template;
use axum::response::Response;
use axum::routing::{get, post};
use domain::access::Action;
use domain::transfer_files::State;
use serde::Deserialize;

use super::{Pages, address, may};
use crate::api::given::Query;
use crate::error_pages::{Failure, blocking};
use crate::page::{Choice, Flash, Layout, Paging, Problems, Section, filters, render};
use crate::security::{takes_files, takes_ids};
use crate::session::SignedIn;
use crate::state::AppState;

/// Files on one page of the list.
const PAGE: u32 = 50;

/// The pages of this capability.
pub fn routes() -> Pages {
    let upload = get(upload::form).post(upload::send).layer(takes_files());
    let check = get(upload::form).post(upload::check).layer(takes_files());
    let generate = get(generate::form).post(generate::send).layer(takes_ids());
    Pages::new()
        .route("/transfer-files", get(list))
        .route("/transfer-files/new", upload)
        .route("/transfer-files/check", check)
        .route("/transfer-files/generate", generate)
        .route("/transfer-files/{id}", get(show::show))
        .route("/transfer-files/{id}/events", get(show::events))
        .route("/transfer-files/{id}/lines", get(lines::show))
        .route("/transfer-files/{id}/response", get(lines::response))
        .route("/transfer-files/{id}/errors", get(lines::errors))
        .route("/transfer-files/{id}/original", get(lines::original))
        .route("/transfer-files/{id}/authorise", post(decide::authorise))
        .route("/transfer-files/{id}/reject", get(decide::reject_form).post(decide::reject))
        .route("/transfer-files/{id}/withdraw", get(decide::withdraw_form).post(decide::withdraw))
        .route("/installed-before", get(installed::list))
        .route("/installed-before/{id}", get(installed::form).post(installed::settle))
}

#[derive(Template)]
#[template(path = "transfer_files/list.html")]
struct ListPage {
    layout: Layout,
    text: String,
    states: Vec<Choice>,
    whose: Vec<Choice>,
    files: Vec<TransferFileRow>,
    paging: Paging,
    may_prepare: bool,
    may_see_installed: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ListQuery {
    text: String,
    state: String,
    whose: String,
    before: String,
    back: String,
}

impl ListQuery {
    fn filter(&self) -> TransferFileFilter {
        let text = self.text.trim();
        TransferFileFilter {
            state: State::from_name(&self.state),
            waiting_for_me: self.whose == "waiting",
            mine: self.whose == "mine",
            text: (!text.is_empty()).then(|| text.to_owned()),
        }
    }

    fn address(&self, before: &str, back: &str) -> String {
        let pairs = [
            ("text", self.text.as_str()),
            ("state", &self.state),
            ("whose", &self.whose),
            ("before", before),
            ("back", back),
        ];
        address("/transfer-files", &pairs)
    }
}

async fn list(
    state: AppState,
    who: SignedIn,
    flash: Flash,
    Query(query): Query<ListQuery>,
) -> Result<Response, Failure> {
    let (filter, before, actor) = (query.filter(), query.before.parse().ok(), who.actor.clone());
    let found =
        blocking(move || transfer_files::list(&state.app, &actor, &filter, before, PAGE)).await?;
    let states = State::ALL.iter().map(|state| Choice::new(state.name(), state.words()));
    let states = std::iter::once(Choice::new("", "Any")).chain(states);
    let states: Vec<Choice> = states.map(|choice| choice.chosen_if(&query.state)).collect();
    let mut whose = vec![("", "Anybody’s")];
    if may(&who.actor, Action::AuthoriseTransferFile) {
        whose.push(("waiting", "Waiting for me to authorise"));
    }
    if may(&who.actor, Action::PrepareTransferFile) {
        whose.push(("mine", "Prepared by me"));
    }
    let paging = Paging::by_cursor(&query.before, &query.back, found.next, |before, back| {
        query.address(before, back)
    });
    let whose = crate::page::choices(&whose, &query.whose);
    let mut problems = Problems::none();
    problems.add_unless_chosen("state", &states);
    problems.add_unless_chosen("whose", &whose);
    let layout = Layout::of(&who.viewer, Section::TransferFiles, "Transfer files");
    let status = problems.status();
    let page = ListPage {
        states,
        whose,
        text: query.text,
        files: problems.withhold(found.items),
        paging: problems.withhold(paging),
        layout: layout.crumb("Home", "/").flash(flash).problems(problems),
        may_prepare: may(&who.actor, Action::PrepareTransferFile),
        may_see_installed: may(&who.actor, Action::SeeInstalledQueue),
    };
    Ok(render(status, &page))
}

/// Whether a job works on a file in this state, or will in a moment.
fn is_working(state: State) -> bool {
    match state {
        State::Received | State::Validating | State::Authorised | State::Applying => true,
        State::Validated
        | State::FailedValidation
        | State::Applied
        | State::PartApplied
        | State::Failed
        | State::Withdrawn
        | State::Rejected => false,
    }
}
