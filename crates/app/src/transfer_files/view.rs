//! Looking at transfer files.

use domain::Refusal;
use domain::access::{Action as Permission, Actor, Reach};
use domain::ids::{FileId, TransferFileId, TransferId};
use domain::transfer_files::generate::{errors_name, response_name};
use domain::transfer_files::{Action, State};
use store::Tx;
use store::transfer_files::{self as rows, TransferFileRow as Row};

use super::{
    Applied, BoundTo, May, NextStep, Page, Person, Progress, Summary, TransferFileFilter,
    TransferFileRow, TransferFileView, deadlines, history,
};
use crate::files::hex;
use crate::jobs::{JobKind, Trouble};
use crate::journal::Counts;
use crate::journal::read::HistoryEntry;
use crate::{App, Error, Result};

/// The most that one part of a list holds.
const MOST_ITEMS: u32 = 200;

/// Transfer files, newest first: those before `cursor`, at most `limit`.
pub fn list(
    app: &App,
    actor: &Actor,
    filter: &TransferFileFilter,
    cursor: Option<i64>,
    limit: u32,
) -> Result<Page<TransferFileRow>> {
    actor.must(Permission::SeeTransferFiles)?;
    let limit = limit.clamp(1, MOST_ITEMS) as usize;
    let mut wanted = rows::Filter {
        state: filter.state,
        preparer: filter.mine.then_some(actor.user),
        not_preparer: None,
        text: filter.text.clone().filter(|text| !text.is_empty()),
    };
    if filter.waiting_for_me {
        let is_authoriser = actor.reach(Permission::AuthoriseTransferFile) != Reach::Nothing;
        if !is_authoriser || filter.state.is_some_and(|state| state != State::Validated) {
            return Ok(Page { items: Vec::new(), next: None });
        }
        wanted.state = Some(State::Validated);
        wanted.not_preparer = Some(actor.user);
    }
    let mut tx = app.db.read()?;
    let found = rows::list(&mut tx, &wanted, cursor, limit as i64 + 1)?;
    let next = found.get(limit).and_then(|_| found.get(limit - 1)).map(|row| row.id.0);
    let mut items = Vec::with_capacity(found.len().min(limit));
    for row in found.iter().take(limit) {
        items.push(list_row(&mut tx, row)?);
    }
    Ok(Page { items, next })
}

/// How many files wait for this person to authorise them.
pub fn waiting_for(app: &App, actor: &Actor) -> Result<u64> {
    if actor.reach(Permission::AuthoriseTransferFile) == Reach::Nothing {
        return Ok(0);
    }
    let mut tx = app.db.read()?;
    Ok(rows::count_waiting_for(&mut tx, actor.user)?.unsigned_abs())
}

/// What both a [`Summary`] and what is [`Applied`] begin with, and all that a list shows of them.
#[derive(serde::Deserialize)]
struct Gist {
    counts: Counts,
    rejected: u64,
}

fn list_row(tx: &mut Tx, row: &Row) -> Result<TransferFileRow> {
    let kept = row.result.as_deref().or(row.summary.as_deref());
    let (rejected, counts) = match read_back::<Gist>(kept, row.id)? {
        Some(gist) => (Some(gist.rejected), gist.counts),
        None => (None, Counts::new()),
    };
    let authoriser = row.authoriser.zip(row.authoriser_name.clone());
    Ok(TransferFileRow {
        id: row.id,
        name: row.name.clone(),
        reference: row.reference.clone(),
        state: state(tx, row)?,
        lines: row.lines,
        rejected,
        counts,
        preparer: preparer(row),
        authoriser: authoriser.map(|(id, name)| Person { id, name }),
        received_at: row.received_at,
        validated_at: row.validated_at,
        decided_at: row.decided_at,
        applied_at: row.applied_at,
    })
}

/// One transfer file.
pub fn get(app: &App, actor: &Actor, id: TransferFileId) -> Result<TransferFileView> {
    view(&mut app.db.read()?, actor, id)
}

/// One transfer file and what happened to it, newest first, as of one instant.
pub fn get_with_history(
    app: &App,
    actor: &Actor,
    id: TransferFileId,
) -> Result<(TransferFileView, Vec<HistoryEntry>)> {
    let mut tx = app.db.read()?;
    Ok((view(&mut tx, actor, id)?, history::of(&mut tx, id)?))
}

fn view(tx: &mut Tx, actor: &Actor, id: TransferFileId) -> Result<TransferFileView> {
    actor.must(Permission::SeeTransferFiles)?;
    let row = rows::load(tx, id)?.ok_or_else(|| Refusal::not_found("transfer file"))?;
    let state = state(tx, &row)?;
    let progress = progress(tx, &row)?;
    let authorise_by = match row.state {
        State::Validated => deadlines::authorise_by(tx, id)?,
        _ => None,
    };
    let (summary, applied) = (summary(&row)?, applied(&row)?);
    let rejected = applied
        .as_ref()
        .map(|applied| applied.rejected)
        .or(summary.as_ref().map(|summary| summary.rejected));
    let has_answers = rejected.is_some();
    let authoriser = row.authoriser.zip(row.authoriser_name.clone());
    Ok(TransferFileView {
        id,
        profile: row.profile.clone(),
        file_id: row.file_id.clone(),
        all_or_nothing: row.all_or_nothing,
        state,
        reference: row.reference.clone(),
        transfer: bound_to(tx, &row.reference)?,
        from_reference: row.from_reference.clone(),
        to_reference: row.to_reference.clone(),
        lines: row.lines,
        size: row.size,
        sha256: hex(&row.sha256),
        summary,
        applied,
        refusal: row.refusal.clone(),
        refusal_word: row.refusal_word.clone(),
        first_answer: row.first_answer,
        preparer: preparer(&row),
        authoriser: authoriser.map(|(id, name)| Person { id, name }),
        reason: row.reason.clone(),
        received_at: row.received_at,
        validated_at: row.validated_at,
        authorise_by,
        decided_at: row.decided_at,
        applied_at: row.applied_at,
        version: row.version,
        next_step: next_step(&row, state, progress.as_ref()),
        progress,
        may: may(actor, &row),
        response_name: has_answers.then(|| response_name(&row.name)),
        errors_name: rejected.filter(|n| *n > 0).map(|_| errors_name(&row.name)),
        name: row.name,
    })
}

/// The transfer of this reference, if it is one of a transfer.
fn bound_to(tx: &mut Tx, reference: &str) -> Result<Option<BoundTo>> {
    let Ok(id) = reference.parse::<TransferId>() else { return Ok(None) };
    let Some(row) = store::transfers::load(tx, id)? else { return Ok(None) };
    let mut hash = |file: Option<FileId>| {
        let file = file.map(|file| store::files::load(tx, file)).transpose()?;
        Ok::<_, Error>(file.map(|file| hex(&file.sha256)))
    };
    let (manifest_sha256, receipt_sha256) = (hash(row.manifest)?, hash(row.receipt)?);
    Ok(Some(BoundTo { id, manifest_sha256, receipt_sha256 }))
}

fn preparer(row: &Row) -> Person {
    Person { id: row.preparer, name: row.preparer_name.clone() }
}

/// What its validation found, if that is known.
pub(super) fn summary(row: &Row) -> Result<Option<Summary>> {
    read_back(row.summary.as_deref(), row.id)
}

/// What came of applying it, if it was applied.
pub(super) fn applied(row: &Row) -> Result<Option<Applied>> {
    read_back(row.result.as_deref(), row.id)
}

fn read_back<T: serde::de::DeserializeOwned>(
    json: Option<&str>,
    id: TransferFileId,
) -> Result<Option<T>> {
    let read = json.map(serde_json::from_str).transpose();
    read.map_err(|error| Error::Damaged(format!("what is kept of {id}: {error}")))
}

/// Its state, as a running job changes it.
fn state(tx: &mut Tx, row: &Row) -> Result<State> {
    let (job, meanwhile) = match row.state {
        State::Received => (JobKind::ValidateTransferFile, State::Validating),
        State::Authorised => (JobKind::ApplyTransferFile, State::Applying),
        state => return Ok(state),
    };
    let is_running = rows::is_being_worked_on(tx, job.word(), row.id)?;
    Ok(if is_running { meanwhile } else { row.state })
}

/// How far its job is, if it waits for one.
fn progress(tx: &mut Tx, row: &Row) -> Result<Option<Progress>> {
    let job = match row.state {
        State::Received => JobKind::ValidateTransferFile,
        State::Authorised => JobKind::ApplyTransferFile,
        _ => return Ok(None),
    };
    let job = store::jobs::newest(tx, job.word(), row.id.0)?;
    Ok(job.map(|job| Progress {
        done: job.progress.unsigned_abs(),
        total: job.total.unsigned_abs(),
        trouble: Trouble::of(&job),
    }))
}

fn may(actor: &Actor, row: &Row) -> May {
    let can = |permission| actor.reach(permission) != Reach::Nothing;
    let decides = can(Permission::AuthoriseTransferFile) && row.preparer != actor.user;
    May {
        authorise: decides && row.state.allows(Action::Authorise),
        reject: decides && row.state.allows(Action::Reject),
        withdraw: can(Permission::PrepareTransferFile) && row.state.allows(Action::Withdraw),
    }
}

fn next_step(row: &Row, state: State, progress: Option<&Progress>) -> NextStep {
    let step = |what: &str, whose: Option<String>| NextStep { what: what.to_owned(), whose };
    if let Some(failed) = progress.and_then(|p| p.trouble.as_ref()).filter(|t| t.has_failed) {
        let what = format!("Have {} run again, when what broke it is mended.", failed.job);
        return step(&what, Some("The DSP operator or DCC logistics".to_owned()));
    }
    let ours = || Some("Hubstock".to_owned());
    match state {
        State::Received => step("The lines are going to be checked.", ours()),
        State::Validating => step("The lines are being checked.", ours()),
        State::Validated => step(
            "Authorise or reject the file.",
            Some(format!("A DCC authoriser other than {}", row.preparer_name)),
        ),
        State::FailedValidation => step(
            "Correct the file and send it again.",
            row.first_answer.is_none().then(|| row.preparer_name.clone()),
        ),
        State::Authorised => step("The hubs are going to be moved.", ours()),
        State::Applying => step("The hubs are being moved.", ours()),
        State::Applied => step("Nothing more to do.", None),
        State::PartApplied => {
            step("Correct the rejected lines and send them again.", Some(row.preparer_name.clone()))
        }
        State::Failed => {
            let what = "Nothing was moved. To move these hubs, make a new file of their IDs: this very \
                        file, sent again, gets this answer again.";
            step(what, Some(row.preparer_name.clone()))
        }
        State::Withdrawn => step("Nothing more happens with this file.", None),
        State::Rejected => {
            let what = "Correct the lines and send them as a new file, if they are still to move.";
            step(what, Some(row.preparer_name.clone()))
        }
    }
}
