//! One transfer: both clocks, the next step and whose it is, what was agreed, what happened.

use app::journal::read::HistoryEntry;
use app::transfers::{self, Clock, TransferView};
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use domain::access::Action;
use domain::ids::TransferId;
use domain::numbers::grouped;
use domain::reconciliation::Outcome;
use domain::transfers::{LineState, Side, State};
use jiff::Timestamp;

use super::super::{address, may, must_see, number_in};
use super::{day, in_one_line, state_colour};
use crate::error_pages::{Failure, blocking};
use crate::page::filters::{datetime_text, due_text};
use crate::page::{Flash, Layout, Problems, Section, filters, render};
use crate::session::SignedIn;
use crate::state::AppState;

#[derive(Template)]
#[template(path = "transfers/show.html")]
struct ShowPage {
    layout: Layout,
    transfer: TransferView,
    sides: [ClockFace; 2],
    deadlines: Vec<Deadline>,
    outcomes: Vec<OutcomeRow>,
    responsible: Vec<Responsible>,
    downloads: Vec<Download>,
    history: Vec<HistoryEntry>,
    sees_files: bool,
    sees_offers: bool,
}

/// What one Party has to do, and by when.
struct ClockFace {
    title: &'static str,
    name: String,
    what: String,
    how: Standing,
}

/// One deadline, as the page tells it.
struct Deadline {
    what: &'static str,
    whose: String,
    due_at: Timestamp,
    how: Standing,
}

/// How a deadline stands.
struct Standing {
    text: String,
    colour: &'static str,
}

/// Lines that came to the same.
struct OutcomeRow {
    outcome: &'static str,
    state: &'static str,
    lines: i64,
    href: String,
}

/// Who was responsible for the hubs, from when.
struct Responsible {
    who: String,
    from: String,
    of_what: String,
}

/// A document or a list.
struct Download {
    text: &'static str,
    what: &'static str,
    /// File names, with what they are called in the link.
    files: Vec<(&'static str, String)>,
}

/// The page of one transfer.
pub(super) async fn show(
    state: AppState,
    who: SignedIn,
    flash: Flash,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeTransfers)?;
    let id = number_in(&id)?;
    page(state, who, id, flash, StatusCode::OK, Problems::none()).await
}

/// The page as it is now, after something was done or refused on it.
pub(super) async fn page(
    state: AppState,
    who: SignedIn,
    id: TransferId,
    flash: Flash,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Failure> {
    let (actor, now) = (who.actor.clone(), state.app.now());
    let (transfer, history) = blocking(move || {
        let transfer = transfers::get(&state.app, &actor, id)?;
        Ok((transfer, transfers::history(&state.app, &actor, id)?))
    })
    .await?;
    let layout = Layout::of(&who.viewer, Section::Transfers, format!("Transfer {id}"))
        .crumb("Home", "/")
        .crumb("Transfers", "/transfers")
        .flash(flash)
        .problems(problems);
    let page = ShowPage {
        layout,
        sides: [face(&transfer, Side::Sender, now), face(&transfer, Side::Receiver, now)],
        deadlines: transfer.clocks.iter().map(|clock| deadline(&transfer, clock, now)).collect(),
        outcomes: outcomes(&transfer),
        responsible: responsible(&transfer),
        downloads: downloads(&transfer),
        history,
        sees_files: may(&who.actor, Action::SeeTransferFiles),
        sees_offers: may(&who.actor, Action::SeeOffers),
        transfer,
    };
    Ok(render(status, &page))
}

/// The deadlines that are this side's to meet, and `what` it is to do.
fn face(transfer: &TransferView, side: Side, now: Timestamp) -> ClockFace {
    let (title, party, confirmed) = match side {
        Side::Sender => ("Sender’s clock", &transfer.sender, &transfer.sender_confirmed),
        Side::Receiver => ("Receiver’s clock", &transfer.receiver, &transfer.receiver_confirmed),
    };
    let is_open = |clock: &&Clock| {
        let is_confirming = clock.what == "confirm" && confirmed.is_none();
        clock.settled_at.is_none() && (clock.side == Some(side) || is_confirming)
    };
    let (what, how) = match transfer.clocks.iter().filter(is_open).min_by_key(|c| c.due_at) {
        Some(clock) => {
            let by = format!("{} by {}", words_of(&clock.what), due_text(clock.due_at));
            (by, standing(clock, now))
        }
        None => {
            let text = if transfer.counts.waiting > 0 && transfer.ended_at.is_none() {
                "Lines wait to be corrected"
            } else {
                "Nothing to do now"
            };
            (text.to_owned(), Standing { text: "Stopped".to_owned(), colour: "grey" })
        }
    };
    ClockFace { title, name: party.name.clone(), what, how }
}

/// What a deadline is for.
fn words_of(what: &str) -> &'static str {
    match what {
        "confirm" => "Confirm",
        "dispatch" => "Dispatch",
        "arrive" => "Say that it has arrived",
        "receive" => "Say what was received",
        "escalate" => "Ask the receiver for its receipt",
        "prepare" => "Prepare the transfer file",
        _ => "Act",
    }
}

fn deadline(transfer: &TransferView, clock: &Clock, now: Timestamp) -> Deadline {
    let whose = match (clock.side, clock.what.as_str()) {
        (Some(Side::Sender), _) => transfer.sender.name.clone(),
        (Some(Side::Receiver), _) => transfer.receiver.name.clone(),
        (None, "confirm") => "Both Parties".to_owned(),
        (None, _) => "DCC logistics".to_owned(),
    };
    Deadline { what: words_of(&clock.what), whose, due_at: clock.due_at, how: standing(clock, now) }
}

fn standing(clock: &Clock, now: Timestamp) -> Standing {
    let days = clock.working_days_left;
    let noun = if days.abs() == 1 { "working day" } else { "working days" };
    let (text, colour) = match clock.settled_at {
        Some(at) if at <= clock.due_at => (format!("Met {}", datetime_text(at)), "green"),
        Some(at) => (format!("Passed, dealt with {}", datetime_text(at)), "orange"),
        None if clock.due_at < now && days < 0 => (format!("{} {noun} late", -days), "red"),
        None if clock.due_at < now => ("Late".to_owned(), "red"),
        None if days == 0 => ("Due today".to_owned(), "yellow"),
        None => (format!("{days} {noun} left"), ""),
    };
    Standing { text, colour }
}

fn outcomes(transfer: &TransferView) -> Vec<OutcomeRow> {
    let lines = format!("/transfers/{}/lines", transfer.id);
    let mut counted = transfer.outcomes.clone();
    counted.sort_by_key(|count| (count.outcome, count.state));
    let row = |count: &transfers::OutcomeCount| OutcomeRow {
        outcome: count.outcome.words(),
        state: count.state.words(),
        lines: count.lines,
        href: address(&lines, &[("outcome", count.outcome.name()), ("state", count.state.name())]),
    };
    counted.iter().map(row).collect()
}

/// The sender until the receiver accepts: the log of the transfer as a whole. Each line has its own.
fn responsible(transfer: &TransferView) -> Vec<Responsible> {
    let mut log = vec![Responsible {
        who: transfer.sender.name.clone(),
        from: "Since it got them".to_owned(),
        of_what: "All hubs of the transfer, until the receiver accepts".to_owned(),
    }];
    if let Some(received) = &transfer.received {
        let was_accepted = |count: &&transfers::OutcomeCount| {
            count.outcome == Outcome::Match
                || matches!(count.state, LineState::Ready | LineState::Moved)
        };
        let accepted: i64 =
            transfer.outcomes.iter().filter(was_accepted).map(|count| count.lines).sum();
        let hubs = if accepted == 1 { "hub" } else { "hubs" };
        log.push(Responsible {
            who: transfer.receiver.name.clone(),
            from: datetime_text(received.at),
            of_what: format!(
                "The {} {hubs} that it accepted, those corrected later from their own instant",
                grouped(accepted)
            ),
        });
    }
    log
}

fn downloads(transfer: &TransferView) -> Vec<Download> {
    let as_lists = |word: &str| {
        vec![("CSV", format!("{word}.csv")), ("XLSX, IDs as text", format!("{word}.xlsx"))]
    };
    let mut found = Vec::new();
    if transfer.dispatched.is_some() {
        found.push(Download {
            text: "Delivery note",
            what: "with a bar code of the reference and a QR code for each pallet",
            files: vec![("PDF", "delivery-note.pdf".to_owned())],
        });
        found.push(Download {
            text: "Manifest",
            what: "what the sender says has left",
            files: as_lists("manifest"),
        });
    }
    if transfer.received.is_some() {
        found.push(Download {
            text: "Acceptance certificate",
            what: "who accepted what, and when",
            files: vec![("PDF", "certificate.pdf".to_owned())],
        });
        found.push(Download {
            text: "Receipt",
            what: "what the receiver says has arrived",
            files: as_lists("receipt"),
        });
        found.push(Download {
            text: "Reconciliation",
            what: "every line and what it came to",
            files: as_lists("lines"),
        });
    }
    if transfer.counts.waiting > 0 {
        found.push(Download {
            text: "Lines that wait",
            what: "to be looked at in the warehouse",
            files: as_lists("waiting"),
        });
    }
    found
}

/// Whether something on the page leads to a step.
fn has_steps(transfer: &TransferView) -> bool {
    let may = &transfer.may;
    let first = may.confirm_sender || may.confirm_receiver || may.dispatch || may.sender_list;
    let then = may.arrive || may.receive || may.receiver_list || may.correct || may.prepare;
    first || then || may.cancel || may.hold || may.release || may.reverse
}

/// Whether a list of lines is there to look at.
fn has_lines(transfer: &TransferView) -> bool {
    let before = [State::Agreed, State::Confirmed];
    transfer.dispatched.is_some() && !before.contains(&transfer.state)
}
