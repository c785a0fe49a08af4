//! What people decide about a file that was checked.

use domain::access::{Action as Permission, Actor};
use domain::ids::{TransferFileId, UserId};
use domain::transfer_files::{Action, State};
use domain::{Refusal, refusal::RefusalKind};
use jiff::{SignedDuration, Timestamp};
use store::Tx;
use store::transfer_files::{self as rows, TransferFileRow};

use super::{TransferFileView, deadlines, get};
use crate::jobs::{JobKind, enqueue};
use crate::journal::{By, Event, record};
use crate::{App, Result, settings, transfers, versions};

/// The longest reason that is kept.
const LONGEST_REASON: usize = 2_000;

/// Lets a checked file change the inventory. The preparer is refused, whatever the roles.
///
/// `version` is the one that the person looked at; another one is refused as out of date.
pub fn authorise(
    app: &App,
    actor: &Actor,
    id: TransferFileId,
    version: Option<i64>,
) -> Result<TransferFileView> {
    actor.must(Permission::AuthoriseTransferFile)?;
    let mut tx = app.db.write()?;
    let at = app.now();
    let row = load(&mut tx, id)?;
    if row.preparer == actor.user {
        return Err(refuse_same_person(tx, actor, id, at)?.into());
    }
    must_be_current(&row, version)?;
    let to = row.state.after(Action::Authorise)?;
    must_be_recent(&mut tx, &row, at)?;
    decide(&mut tx, id, (row.state, to), (Some(actor.user), None), at)?;
    record(&mut tx, at, actor.into(), &Event::TransferFileAuthorised { transfer_file: id.0 })?;
    enqueue(&mut tx, JobKind::ApplyTransferFile, id.0, at)?;
    tx.commit()?;
    app.bell.ring();
    get(app, actor, id)
}

/// Turns a checked file down, for a reason.
pub fn reject(
    app: &App,
    actor: &Actor,
    id: TransferFileId,
    version: Option<i64>,
    reason: &str,
) -> Result<TransferFileView> {
    actor.must(Permission::AuthoriseTransferFile)?;
    let reason = given_reason(reason)?;
    let mut tx = app.db.write()?;
    let at = app.now();
    let row = load(&mut tx, id)?;
    if row.preparer == actor.user {
        let message = "You prepared this file, so you can't reject it. Withdraw it instead.";
        return Err(Refusal::new(RefusalKind::SamePerson, message).into());
    }
    must_be_current(&row, version)?;
    let to = row.state.after(Action::Reject)?;
    decide(&mut tx, id, (row.state, to), (Some(actor.user), Some(&reason)), at)?;
    let event = Event::TransferFileRejected { transfer_file: id.0, reason };
    record(&mut tx, at, actor.into(), &event)?;
    transfers::file_came_to_nothing(&mut tx, app, id)?;
    tx.commit()?;
    app.bell.ring();
    get(app, actor, id)
}

/// Takes a file back that is not authorised yet, for a reason: its preparer, or a colleague.
pub fn withdraw(
    app: &App,
    actor: &Actor,
    id: TransferFileId,
    version: Option<i64>,
    reason: &str,
) -> Result<TransferFileView> {
    actor.must(Permission::PrepareTransferFile)?;
    let reason = given_reason(reason)?;
    let mut tx = app.db.write()?;
    let at = app.now();
    let row = load(&mut tx, id)?;
    must_be_current(&row, version)?;
    let to = row.state.after(Action::Withdraw)?;
    decide(&mut tx, id, (row.state, to), (None, Some(&reason)), at)?;
    let event = Event::TransferFileWithdrawn { transfer_file: id.0, reason };
    record(&mut tx, at, actor.into(), &event)?;
    transfers::file_came_to_nothing(&mut tx, app, id)?;
    tx.commit()?;
    app.bell.ring();
    get(app, actor, id)
}

/// Writes a decision down; the deadline for it is met.
fn decide(
    tx: &mut Tx,
    id: TransferFileId,
    states: (State, State),
    (authoriser, reason): (Option<UserId>, Option<&str>),
    at: Timestamp,
) -> Result<()> {
    rows::set_decided(tx, id, states, authoriser, reason, at)?;
    deadlines::met(tx, id, at)
}

fn load(tx: &mut Tx, id: TransferFileId) -> Result<TransferFileRow> {
    Ok(rows::load(tx, id)?.ok_or_else(|| Refusal::not_found("transfer file"))?)
}

/// The attempt is written down even though it is refused.
fn refuse_same_person(
    mut tx: Tx,
    actor: &Actor,
    id: TransferFileId,
    at: Timestamp,
) -> Result<Refusal> {
    let message = "You prepared this file, so somebody else must authorise it.";
    let event = Event::TransferFileAuthorisationRefused {
        transfer_file: id.0,
        reason: "the preparer tried to authorise".to_owned(),
    };
    record(&mut tx, at, By::from(actor), &event)?;
    tx.commit()?;
    Ok(Refusal::new(RefusalKind::SamePerson, message))
}

fn must_be_current(row: &TransferFileRow, version: Option<i64>) -> Result<()> {
    Ok(versions::must_be(version, row.version)?)
}

/// A check that is too old says too little about what will happen.
fn must_be_recent(tx: &mut Tx, row: &TransferFileRow, at: Timestamp) -> Result<()> {
    let days = settings::number_of(tx, &settings::TRANSFER_FILE_AUTHORISE_WITHIN_DAYS)?;
    let checked = row.validated_at.unwrap_or(at);
    if at.duration_since(checked) <= SignedDuration::from_hours(24 * days) {
        return Ok(());
    }
    let message = format!(
        "This file was checked more than {days} days ago. Withdraw it, and generate a new one."
    );
    Err(Refusal::new(RefusalKind::WrongState, message).into())
}

fn given_reason(reason: &str) -> Result<String> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(Refusal::field("reason", "Enter a reason.").into());
    }
    if reason.chars().count() > LONGEST_REASON {
        let message = format!("Shorten the reason to {LONGEST_REASON} characters.");
        return Err(Refusal::field("reason", message).into());
    }
    Ok(reason.to_owned())
}

/// Somebody decided, as the journal has it.
pub(super) fn redo(
    tx: &mut Tx,
    id: TransferFileId,
    (action, reason): (Action, Option<&str>),
    actor: Option<i64>,
    at: Timestamp,
) -> Result<()> {
    let from = load(tx, id)?.state;
    let to = from.after(action)?;
    let authoriser = actor.map(UserId).filter(|_| to != State::Withdrawn);
    decide(tx, id, (from, to), (authoriser, reason), at)
}
