//! One transfer file: what it would do or has done, what happens next, and whose step that is.

use std::collections::BTreeSet;

use app::jobs::Trouble;
use app::journal::Counts;
use app::transfer_files::{self, HistoryEntry, PartyPair, Progress, TransferFileView};
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use domain::ids::TransferFileId;
use domain::transfer_files::{Code, State};

use super::super::{address, number_in, part};
use super::is_working;
use crate::error_pages::{Failure, blocking};
use crate::page::{Flash, Layout, Problems, Section, filters, render};
use crate::session::SignedIn;
use crate::state::AppState;
use crate::streams::{News, follow};

#[derive(Template)]
#[template(path = "transfer_files/show.html")]
struct ShowPage {
    layout: Layout,
    file: TransferFileView,
    is_working: bool,
    progress: String,
    codes: Vec<CodeRow>,
    pairs: Vec<Pair>,
    warned: Vec<Warned>,
    why_not: Option<&'static str>,
    history: Vec<HistoryEntry>,
}

/// What a job is doing, drawn again and again by its events.
#[derive(Template)]
#[template(path = "transfer_files/progress.html")]
struct ProgressPart<'a> {
    file: &'a TransferFileView,
    trouble: Option<&'a Trouble>,
    goes_on: bool,
    counted: Option<&'a Progress>,
}

/// How many lines came to one outcome.
struct CodeRow {
    outcome: String,
    meaning: String,
    what_to_do: &'static str,
    checked: u64,
    applied: u64,
    href: String,
}

/// How many lines go from one Party to another.
struct Pair {
    from: String,
    to: String,
    lines: u64,
    moves: u64,
}

/// Lines that move although something is to be said about them.
struct Warned {
    lines: u64,
    text: &'static str,
}

/// The page of one file.
pub(super) async fn show(
    state: AppState,
    who: SignedIn,
    flash: Flash,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id = number_in(&id)?;
    page(state, who, id, flash, StatusCode::OK, Problems::none()).await
}

/// The page as it is now, after something was done or refused on it.
pub(super) async fn page(
    state: AppState,
    who: SignedIn,
    id: TransferFileId,
    flash: Flash,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Failure> {
    let actor = who.actor.clone();
    let (file, history) = blocking(move || {
        let file = transfer_files::get(&state.app, &actor, id)?;
        Ok((file, transfer_files::history(&state.app, &actor, id)?))
    })
    .await?;
    let layout = Layout::of(&who.viewer, Section::TransferFiles, &file.name)
        .crumb("Home", "/")
        .crumb("Transfer files", "/transfer-files")
        .flash(flash)
        .problems(problems);
    let page = ShowPage {
        layout,
        is_working: is_working(file.state),
        progress: progress_of(&file),
        codes: codes_of(&file),
        pairs: pairs_of(&file),
        warned: warned_in(&file),
        why_not: why_not_authorise(&file, &who),
        history,
        file,
    };
    Ok(render(status, &page))
}

/// The progress of its job, as server-sent events.
pub(super) async fn events(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id: TransferFileId = number_in(&id)?;
    follow(format!("/transfer-files/{id}"), move || {
        let file = transfer_files::get(&state.app, &who.actor, id)?;
        let goes_on = is_working(file.state);
        Ok(if goes_on { News::Progress(progress_of(&file)) } else { News::Done })
    })
    .await
}

fn progress_of(file: &TransferFileView) -> String {
    let progress = file.progress.as_ref();
    let trouble = progress.and_then(|progress| progress.trouble.as_ref());
    let goes_on = trouble.is_none_or(|trouble| !trouble.has_failed);
    let counted = progress.filter(|progress| progress.total > 0);
    part(&ProgressPart { file, trouble, goes_on, counted })
}

fn codes_of(file: &TransferFileView) -> Vec<CodeRow> {
    let checked = file.summary.as_ref().map(|summary| &summary.counts);
    let applied = file.applied.as_ref().map(|applied| &applied.counts);
    let lines = format!("/transfer-files/{}/lines", file.id);
    let outcomes = checked.into_iter().chain(applied).flat_map(|counts| counts.keys());
    let outcomes: BTreeSet<&String> = outcomes.collect();
    let mut rows: Vec<CodeRow> = outcomes
        .into_iter()
        .map(|outcome| {
            let code = outcome.split('+').next().and_then(Code::from_name);
            let count = |counts: &Counts| counts.get(outcome).copied();
            CodeRow {
                outcome: outcome.clone(),
                meaning: meaning_of(outcome, file.applied.is_some()),
                what_to_do: code.map_or("", Code::what_to_do),
                checked: checked.and_then(count).unwrap_or(0),
                applied: applied.and_then(count).unwrap_or(0),
                href: address(&lines, &[("code", outcome)]),
            }
        })
        .collect();
    let place = |row: &CodeRow| {
        let code = row.outcome.split('+').next().and_then(Code::from_name);
        (code, row.outcome.len())
    };
    rows.sort_by_key(place);
    rows
}

/// What an outcome means, such as `S00+W10`.
pub(super) fn meaning_of(outcome: &str, is_applied: bool) -> String {
    let mut words = outcome.split('+').filter_map(Code::from_name).map(|code| match code {
        Code::S00 if !is_applied => "would be updated",
        code => code.meaning(),
    });
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |text, warning| format!("{text}; {warning}"))
}

fn pairs_of(file: &TransferFileView) -> Vec<Pair> {
    let pairs = file.summary.iter().flat_map(|summary| &summary.by_party);
    let pair = |pair: &PartyPair| Pair {
        from: if pair.from.is_empty() { "No such hub".to_owned() } else { pair.from.clone() },
        to: pair.to.clone(),
        lines: pair.counts.values().sum(),
        moves: pair.moves,
    };
    pairs.map(pair).collect()
}

fn warned_in(file: &TransferFileView) -> Vec<Warned> {
    let counts = match (&file.applied, &file.summary) {
        (Some(applied), _) => &applied.counts,
        (None, Some(summary)) => &summary.counts,
        (None, None) => return Vec::new(),
    };
    let with = |warning: &str| -> u64 {
        let counted = counts.iter().filter(|(outcome, _)| outcome.ends_with(warning));
        counted.map(|(_, lines)| lines).sum()
    };
    let both = counts.get("S00+W10+W11").copied().unwrap_or(0);
    let expired = counts.get("S00+W10").copied().unwrap_or(0) + both;
    [
        (expired, "past the installation end date: return to the DCC rather than install"),
        (with("+W11"), "not of the agreed specification"),
    ]
    .into_iter()
    .filter(|(lines, _)| *lines > 0)
    .map(|(lines, text)| Warned { lines, text })
    .collect()
}

/// Why somebody who would authorise this file can't.
fn why_not_authorise(file: &TransferFileView, who: &SignedIn) -> Option<&'static str> {
    if file.state != State::Validated || file.may.authorise {
        return None;
    }
    if file.preparer.id == who.actor.user {
        return Some("You prepared this file, so somebody else must authorise it.");
    }
    Some("Your role does not authorise transfer files. A DCC authoriser does.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_is_told_with_its_warnings() {
        assert_eq!(meaning_of("S00", false), "would be updated");
        assert_eq!(meaning_of("S00", true), "updated");
        assert_eq!(meaning_of("S00+W10", true), "updated; installation end date has passed");
        assert_eq!(meaning_of("R04", false), "status is not Pending");
    }
}
