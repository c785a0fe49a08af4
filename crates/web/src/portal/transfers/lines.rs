//! The lines of a transfer by what they came to; correcting those that wait; one line with who was
//! responsible for its hub when.

use app::transfers::{self, Accountable, LineFilter, LineView, Page, TransferView};
use askama::Template;
use axum::extract::{Form, Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use domain::DeviceId;
use domain::access::Action;
use domain::ids::TransferId;
use domain::numbers::grouped;
use domain::reconciliation::Outcome;
use domain::refusal::Refusal;
use domain::transfers::{Correction, LineState};
use serde::Deserialize;

use super::super::{address, must_see, number_in, shown_in_form, version_seen};
use super::{in_one_line, layout};
use crate::error_pages::{Failure, blocking};
use crate::page::{Choice, Flash, Layout, Paging, Problems, filters, redirect_with, render};
use crate::session::SignedIn;
use crate::state::AppState;

/// Lines on one page.
const PAGE: usize = 100;

#[derive(Template)]
#[template(path = "transfers/lines.html")]
struct LinesPage {
    layout: Layout,
    transfer: TransferView,
    states: Vec<Choice>,
    outcomes: Vec<Choice>,
    query: LinesQuery,
    lines: Vec<LineView>,
    paging: Paging,
    corrections: Vec<Choice>,
    reason: String,
    version: i64,
}

#[derive(Template)]
#[template(path = "transfers/line.html")]
struct LinePage {
    layout: Layout,
    transfer: TransferView,
    line: LineView,
    log: Vec<Accountable>,
    sees_hub: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct LinesQuery {
    state: String,
    outcome: String,
    after: String,
    back: String,
}

impl LinesQuery {
    fn filter(&self) -> LineFilter {
        LineFilter {
            state: LineState::from_name(&self.state),
            outcome: Outcome::from_name(&self.outcome),
        }
    }

    fn address(&self, id: TransferId, after: &str, back: &str) -> String {
        let pairs = [
            ("state", self.state.as_str()),
            ("outcome", &self.outcome),
            ("after", after),
            ("back", back),
        ];
        address(&format!("/transfers/{id}/lines"), &pairs)
    }
}

/// What is typed into the form of corrections.
#[derive(Default)]
struct Typed {
    correction: String,
    reason: String,
    version: Option<i64>,
}

/// The lines that match.
pub(super) async fn show(
    state: AppState,
    who: SignedIn,
    flash: Flash,
    Path(id): Path<String>,
    Query(query): Query<LinesQuery>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeTransfers)?;
    let (id, typed) = (number_in(&id)?, Typed::default());
    page(state, who, id, query, typed, flash, StatusCode::OK, Problems::none()).await
}

/// Corrects the lines that were ticked: pairs, since a browser sends a name for each.
pub(super) async fn correct(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let id: TransferId = number_in(&id)?;
    let of = |name: &str| {
        pairs.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let query = LinesQuery {
        state: of("state"),
        outcome: of("outcome"),
        after: of("after"),
        back: of("back"),
    };
    let typed = Typed {
        correction: of("correction"),
        reason: of("reason"),
        version: version_seen(&of("version")),
    };
    let hubs: Vec<DeviceId> = pairs
        .iter()
        .filter(|(name, _)| name == "hubs")
        .filter_map(|(_, hub)| DeviceId::parse(hub).ok())
        .collect();
    let mut problems = Problems::none();
    if hubs.is_empty() {
        problems.add("hubs", "Select at least one line");
    }
    let Some(correction) = Correction::from_word(&typed.correction) else {
        problems.add("correction", "Select what is done about them");
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return page(state, who, id, query, typed, Flash::default(), status, problems).await;
    };
    if !problems.is_empty() {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return page(state, who, id, query, typed, Flash::default(), status, problems).await;
    }
    let (app, actor) = (state.app.clone(), who.actor.clone());
    let (version, reason, count) = (typed.version, typed.reason.clone(), hubs.len());
    let done =
        blocking(move || transfers::correct(&app, &actor, id, version, &hubs, correction, &reason));
    match done.await {
        Ok(_) => {
            let lines = if count == 1 { "line" } else { "lines" };
            let said = format!("{} {lines} corrected", grouped(count));
            Ok(redirect_with(&query.address(id, "", ""), &said))
        }
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            page(state, who, id, query, typed, Flash::default(), status, problems).await
        }
    }
}

#[allow(clippy::too_many_arguments, reason = "what was asked for, what was typed, how it came out")]
async fn page(
    state: AppState,
    who: SignedIn,
    id: TransferId,
    query: LinesQuery,
    typed: Typed,
    flash: Flash,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Failure> {
    let (actor, filter) = (who.actor.clone(), query.filter());
    let after = query.after.parse().ok().map(DeviceId::from_key);
    let (transfer, found) = blocking(move || {
        let transfer = transfers::get(&state.app, &actor, id)?;
        Ok((transfer, transfers::lines(&state.app, &actor, id, &filter, after, PAGE)?))
    })
    .await?;
    let Page { items: lines, next } = found;
    let next = next.map(|hub| hub.key());
    let paging = Paging::by_cursor(&query.after, &query.back, next, |after, back| {
        query.address(id, after, back)
    });
    let states = LineState::ALL.iter().map(|state| Choice::new(state.name(), state.words()));
    let outcomes = Outcome::ALL.iter().map(|outcome| Choice::new(outcome.name(), outcome.words()));
    let any = || std::iter::once(Choice::new("", "Any"));
    let given = typed.version.filter(|_| status != StatusCode::PRECONDITION_FAILED);
    let page = LinesPage {
        layout: layout(&who, id, "Lines").flash(flash).problems(problems),
        states: any().chain(states).map(|choice| choice.chosen_if(&query.state)).collect(),
        outcomes: any().chain(outcomes).map(|choice| choice.chosen_if(&query.outcome)).collect(),
        corrections: corrections(&lines, &typed.correction),
        version: given.unwrap_or(transfer.version),
        reason: typed.reason,
        transfer,
        query,
        lines,
        paging,
    };
    Ok(render(status, &page))
}

/// What this person can do about some of these lines.
fn corrections(lines: &[LineView], chosen: &str) -> Vec<Choice> {
    let possible =
        |correction: &&Correction| lines.iter().any(|line| line.possible.contains(correction));
    let choice = |correction: &Correction| {
        Choice::new(correction.word(), correction.words())
            .hint(explained(*correction))
            .chosen_if(chosen)
    };
    Correction::ALL.iter().filter(possible).map(choice).collect()
}

fn explained(correction: Correction) -> &'static str {
    match correction {
        Correction::Found => "The receiver has the hub after all, and accepts it.",
        Correction::Miscounted => "A list was wrong: the hub was never there, or is there once.",
        Correction::TakeAsItIs => "The receiver takes it although it is not as agreed.",
        Correction::CheckAgain => "What kept it is over: it is compared once more.",
        Correction::GiveBack => "It is not moved.",
    }
}

/// One line, and who was responsible for its hub when.
pub(super) async fn one(
    state: AppState,
    who: SignedIn,
    Path((id, hub)): Path<(String, String)>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeTransfers)?;
    let id: TransferId = number_in(&id)?;
    let hub = DeviceId::parse(&hub).map_err(|_| Refusal::not_found("line"))?;
    let actor = who.actor.clone();
    let (transfer, line, log, sees_hub) = blocking(move || {
        let transfer = transfers::get(&state.app, &actor, id)?;
        let line = transfers::line(&state.app, &actor, id, hub)?;
        let log = match transfers::responsibility(&state.app, &actor, hub) {
            Ok(log) => log,
            // A hub that was only listed, and is not known here or not theirs to see.
            Err(app::Error::Refused(_)) => Vec::new(),
            Err(error) => return Err(error),
        };
        // A Party's own pages end where the hub is another's.
        let sees_hub = match app::inventory::hub(&state.app, &actor, &hub.to_string()) {
            Ok(_) => true,
            Err(app::Error::Refused(_)) => false,
            Err(error) => return Err(error),
        };
        Ok((transfer, line, log, sees_hub))
    })
    .await?;
    let layout =
        layout(&who, id, line.hub.to_string()).crumb("Lines", format!("/transfers/{id}/lines"));
    Ok(render(StatusCode::OK, &LinePage { layout, transfer, line, log, sees_hub }))
}

/// What a line came to, as a person reads it.
fn outcome_of(line: &LineView) -> &'static str {
    line.outcome.map_or("Not compared yet", Outcome::words)
}

/// The colour of a line's state as a tag: what waits for a person is yellow.
fn line_colour(state: &LineState) -> &'static str {
    match state {
        LineState::Dispatched | LineState::Ready => "",
        LineState::Waiting => "yellow",
        LineState::Moved => "green",
        LineState::Dropped => "grey",
    }
}

/// The headings of the table.
fn headings(lines: &[LineView]) -> Vec<&'static str> {
    let tick = has_ticks(lines).then_some("Select");
    let rest = ["CHF ID", "Outcome", "Where it stands", "Rejected because", "Corrected", "Code"];
    tick.into_iter().chain(rest).collect()
}

/// Whether something can be done about one of them.
fn has_ticks(lines: &[LineView]) -> bool {
    lines.iter().any(|line| !line.possible.is_empty())
}

/// The first line about which something can be done carries the id that the error summary leads to.
fn tick_id(lines: &[LineView], hub: &DeviceId) -> String {
    let first = lines.iter().find(|line| !line.possible.is_empty());
    match first {
        Some(line) if line.hub == *hub => "hubs".to_owned(),
        _ => format!("hubs-{hub}"),
    }
}
