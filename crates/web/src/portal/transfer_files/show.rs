//! One transfer file: what it would do or has done, what happens next, and whose step that is.

use std::collections::BTreeSet;

use app::jobs::Trouble;
use app::journal::Counts;
use app::journal::read::HistoryEntry;
use app::transfer_files::{self, Applied, PartyPair, Progress, Summary, TransferFileView};
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
pub(super) struct CodeRow {
    pub outcome: String,
    pub meaning: String,
    pub what_to_do: &'static str,
    pub checked: u64,
    pub applied: u64,
    pub href: String,
}

/// How many lines go from one Party to another.
pub(super) struct Pair {
    pub from: String,
    pub to: String,
    pub lines: u64,
    pub moves: u64,
}

/// Lines that move although something is to be said about them.
pub(super) struct Warned {
    pub lines: u64,
    pub text: &'static str,
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
    let find = move || transfer_files::get_with_history(&state.app, &actor, id);
    let (file, history) = blocking(find).await?;
    let layout = Layout::of(&who.viewer, Section::TransferFiles, &file.name)
        .crumb("Home", "/")
        .crumb("Transfer files", "/transfer-files")
        .flash(flash)
        .problems(problems);
    let page = ShowPage {
        layout,
        is_working: is_working(file.state),
        progress: progress_of(&file),
        codes: codes_of(
            file.summary.as_ref().map(|summary| &summary.counts),
            file.applied.as_ref().map(|applied| &applied.counts),
            &format!("/transfer-files/{id}/lines"),
        ),
        pairs: pairs_of(file.summary.as_ref()),
        warned: warned_in(file.summary.as_ref(), file.applied.as_ref()),
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

/// The outcomes of a file's lines, when checked and when applied; `lines` is where they are shown.
pub(super) fn codes_of(
    checked: Option<&Counts>,
    applied: Option<&Counts>,
    lines: &str,
) -> Vec<CodeRow> {
    let outcomes = checked.into_iter().chain(applied).flat_map(|counts| counts.keys());
    let outcomes: BTreeSet<&String> = outcomes.collect();
    let mut rows: Vec<CodeRow> = outcomes
        .into_iter()
        .map(|outcome| {
            let count = |counts: &Counts| counts.get(outcome).copied();
            CodeRow {
                outcome: outcome.clone(),
                meaning: meaning_of(outcome, applied.is_some()),
                what_to_do: what_to_do(outcome),
                checked: checked.and_then(count).unwrap_or(0),
                applied: applied.and_then(count).unwrap_or(0),
                href: address(lines, &[("code", outcome)]),
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

/// What to do about an outcome: where a line moves with warnings, about the first of them.
fn what_to_do(outcome: &str) -> &'static str {
    let codes: Vec<Code> = outcome.split('+').filter_map(Code::from_name).collect();
    codes.get(1).or(codes.first()).map_or("", |code| code.what_to_do())
}

/// From and to which Party the lines go.
pub(super) fn pairs_of(summary: Option<&Summary>) -> Vec<Pair> {
    let pairs = summary.into_iter().flat_map(|summary| &summary.by_party);
    let pair = |pair: &PartyPair| Pair {
        from: if pair.from.is_empty() { "No such hub".to_owned() } else { pair.from.clone() },
        to: pair.to.clone(),
        lines: pair.counts.values().sum(),
        moves: pair.moves,
    };
    let mut pairs: Vec<Pair> = pairs.map(pair).collect();
    if let Some(more) = summary.and_then(|summary| summary.more_pairs) {
        pairs.push(Pair {
            from: format!("{} more pairs", more.pairs),
            to: String::new(),
            lines: more.lines,
            moves: more.moves,
        });
    }
    pairs
}

/// What is to be said about lines that move, and about IDs that look odd.
pub(super) fn warned_in(summary: Option<&Summary>, applied: Option<&Applied>) -> Vec<Warned> {
    let counts = match (applied, summary) {
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
        (
            summary.map_or(0, |summary| summary.unusual_ids),
            "with the group or local bit set in the ID: check the labels",
        ),
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
