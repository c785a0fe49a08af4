//! The one transaction in which a file changes the inventory.

use domain::ids::{PartyId, TransferFileId};
use domain::inventory::SmiStatus;
use domain::timers::british_day;
use domain::transfer_files::check::{at_apply, hold_back};
use domain::transfer_files::{
    Action, Code, Counts, Facts, Limits, Outcome, ParsedFile, Receiver, State,
};
use jiff::{SignedDuration, Timestamp};
use store::Tx;
use store::bulk::moves::{Mover, make_ready, move_hubs};
use store::transfer_files::{self as rows, NewInstalled, TransferFileRow};

use super::examine::{Keys, Rules, Sight, Source};
use super::kept::{self, Kept, Text};
use super::response::{self, Written};
use super::{Applied, summary};
use crate::files::hex;
use crate::jobs::Run;
use crate::journal::{By, Event, record};
use crate::{Error, Result, settings, sheet, transfers};

/// The job: checks each line again and moves the hubs of those that may.
///
/// One transaction: either all of it happened or nothing. Run again, it finds nothing to do.
pub fn apply(run: &Run<'_>) -> Result<()> {
    let _span = tracing::debug_span!("apply", id = run.subject).entered();
    let id = TransferFileId(run.subject);
    let mut tx = run.app.db.read()?;
    let row = load(&mut tx, id)?;
    if row.state != State::Authorised {
        return Ok(());
    }
    let bytes = store::files::whole(&mut tx, row.file)?;
    let before = kept_outcomes(&mut tx, id)?;
    drop(tx);
    let source = source(&row, bytes)?;
    let file = parsed(&source)?;
    let keys = Keys::of(&file);
    let mut tx = run.app.db.write()?;
    let row = load(&mut tx, id)?;
    if row.state != State::Authorised {
        return Ok(());
    }
    let at = run.app.now();
    if let Some(reason) = expired(&mut tx, &row, at)? {
        fail(&mut tx, id, &reason, at)?;
        transfers::file_came_to_nothing(&mut tx, run.app, id)?;
    } else {
        let work = Work { row: &row, file: &file, keys: &keys };
        let event = change(&mut tx, &work, before, at)?;
        record(&mut tx, at, By::SYSTEM, &event)?;
        transfers::file_applied(&mut tx, run.app, id)?;
    }
    run.note_done(&mut tx)?;
    let _committing = tracing::debug_span!("commit").entered();
    tx.commit()?;
    run.app.bell.ring();
    Ok(())
}

fn load(tx: &mut Tx, id: TransferFileId) -> Result<TransferFileRow> {
    rows::load(tx, id)?.ok_or_else(|| Error::Damaged(format!("there is no {id} to apply")))
}

fn kept_outcomes(tx: &mut Tx, id: TransferFileId) -> Result<Kept> {
    Kept::read(&rows::outcomes(tx, id, "validated")?)
}

/// A checked file's text; the limits were its check's.
pub(super) fn source(row: &TransferFileRow, bytes: Vec<u8>) -> Result<Source> {
    Source::new(&row.name, bytes, sheet::ANY_SIZE)?
        .map_err(|refused| Error::Damaged(refused.message))
}

/// A checked file's lines; the limits were its check's.
pub(super) fn parsed(source: &Source) -> Result<ParsedFile<'_>> {
    let limits = Limits { max_lines: u32::MAX, ..Limits::default() };
    source.parse(&limits).map_err(|refused| Error::Damaged(refused.message))
}

/// Why an authorisation no longer counts, if it does not.
fn expired(tx: &mut Tx, row: &TransferFileRow, at: Timestamp) -> Result<Option<String>> {
    let days = settings::number_of(tx, &settings::TRANSFER_FILE_APPLY_WITHIN_DAYS)?;
    let authorised = row.decided_at.unwrap_or(at);
    let is_expired = at.duration_since(authorised) > SignedDuration::from_hours(24 * days);
    Ok(is_expired.then(|| {
        format!("The authorisation expired: it was not applied within {days} days. Nothing moved.")
    }))
}

/// Gives an authorised file up.
pub(super) fn fail(tx: &mut Tx, id: TransferFileId, reason: &str, at: Timestamp) -> Result<()> {
    State::Authorised.after(Action::Apply)?.after(Action::Fail)?;
    rows::set_failed(tx, id, reason, at)?;
    let event = Event::TransferFileFailed { transfer_file: id.0, reason: reason.to_owned() };
    record(tx, at, By::SYSTEM, &event)?;
    Ok(())
}

/// An authorised file, read before the turn to write was taken.
struct Work<'a> {
    row: &'a TransferFileRow,
    file: &'a ParsedFile<'a>,
    keys: &'a Keys,
}

/// Changes the inventory and writes down what came of it; the entry is left to the caller.
///
/// `before` is what the validation found; it is let go of as soon as it was compared.
fn change(tx: &mut Tx, work: &Work<'_>, before: Kept, at: Timestamp) -> Result<Event> {
    let (row, file) = (work.row, work.file);
    if before.len() != file.lines.len() {
        return Err(Error::Damaged(format!("{} has other lines than were checked", row.id)));
    }
    make_ready(tx, work.keys.keys.len())?;
    let rules = Rules::load(tx)?;
    let sight = Sight::look(tx, work.keys, file, &mut |_| Ok(()))?;
    let mut outcomes = sight.outcomes(file, &rules, british_day(at));
    for (line, outcome) in outcomes.iter_mut().enumerate() {
        *outcome = at_apply(&before.judged(line), *outcome, &sight.facts(line));
    }
    drop(before);
    if row.all_or_nothing {
        hold_back(&mut outcomes);
    }
    let receivers = rules.receivers(file);
    let movers = movers(file, &sight, &receivers, &outcomes)?;
    let (written, moved) = std::thread::scope(|threads| {
        let answers = response::Answers {
            file,
            parties: &rules.parties,
            applied_at: Some(at),
            outcomes: &outcomes,
        };
        let facts = |line: usize| sight.facts(line);
        let sight = &sight;
        let writing = threads.spawn(move || {
            let written = answers.write_compressed(facts);
            (written, kept::write(answers.file, answers.outcomes, facts, Text::InFile))
        });
        let _moving = tracing::debug_span!("move", hubs = movers.len()).entered();
        let moved = match movers.is_empty() {
            true => Ok(None),
            false => move_hubs(tx, row.id, at, &sight.keys.keys, &sight.hubs, &movers).map(Some),
        };
        (writing.join().expect("writing answers does not panic"), moved)
    });
    let move_number = moved?;
    let installed = installed(file, &sight, &receivers, &outcomes);
    rows::insert_installed(tx, row.id, at, &installed)?;
    note(tx, work, written, move_number, installed.len() as u64, &outcomes, at)
}

/// Writes down what came of applying a file.
fn note(
    tx: &mut Tx,
    work: &Work<'_>,
    (response, kept): (Written, kept::Written),
    move_number: Option<i64>,
    installed_before: u64,
    outcomes: &[Outcome],
    at: Timestamp,
) -> Result<Event> {
    let id = work.row.id;
    let counts = Counts::of(outcomes.iter().copied());
    rows::put_outcomes(tx, id, "applied", &kept.parts)?;
    let outcomes_sha256 = hex(&kept.sha256);
    let response_sha256 = hex(&response.sha256);
    let response = response.keep(tx, at)?;
    let result = Applied {
        counts: summary::by_name(&counts),
        moved: counts.moved().into(),
        rejected: counts.rejected().into(),
        installed_before,
        outcomes_sha256: outcomes_sha256.clone(),
        response_sha256: response_sha256.clone(),
    };
    let applied = rows::Applied {
        state: State::Authorised.after(Action::Apply)?.after(ending(&counts))?,
        result: serde_json::to_string(&result).expect("a result is plain data"),
        move_number,
        response: response.id,
        at,
    };
    rows::set_applied(tx, id, &applied)?;
    Ok(Event::TransferFileApplied {
        transfer_file: id.0,
        move_number,
        counts: result.counts,
        outcomes_sha256,
        response_sha256,
    })
}

/// How applying a file ends: nothing rejected, something done all the same, or nothing done.
fn ending(counts: &Counts) -> Action {
    let done = counts.moved() + counts.with_code(Code::S01);
    if counts.rejected() == 0 {
        Action::Complete
    } else if done == 0 || counts.with_code(Code::N00) > 0 {
        Action::Fail
    } else {
        Action::CompleteInPart
    }
}

/// The hubs that move, in the order of their keys.
fn movers(
    file: &ParsedFile<'_>,
    sight: &Sight<'_>,
    receivers: &[Receiver],
    outcomes: &[Outcome],
) -> Result<Vec<Mover>> {
    let mut movers = Vec::with_capacity(file.by_device.len());
    for (_, line) in &file.by_device {
        let line = *line as usize;
        if !outcomes[line].moves() {
            continue;
        }
        let receiver = file.lines[line].reference().map(|place| receivers[place]);
        let place = sight.keys.place(line);
        let (Some(Receiver::Party(to) | Receiver::Barred(to)), Some(place)) = (receiver, place)
        else {
            return Err(Error::Damaged("a line moves nothing, or to nobody".into()));
        };
        let to = i32::try_from(to.0).expect("Parties are numbered from 1");
        movers.push(Mover { place, to });
    }
    Ok(movers)
}

/// The hubs that were installed before their file was processed, with a Party to charge.
fn installed(
    file: &ParsedFile<'_>,
    sight: &Sight<'_>,
    receivers: &[Receiver],
    outcomes: &[Outcome],
) -> Vec<NewInstalled> {
    let is_installed = |status: SmiStatus| {
        matches!(status, SmiStatus::InstalledNotCommissioned | SmiStatus::Commissioned)
    };
    let mut installed = Vec::new();
    for (number, (line, outcome)) in file.lines.iter().zip(outcomes).enumerate() {
        if outcome.code != Code::R04 {
            continue;
        }
        let receiver = line.reference().map(|place| receivers[place]);
        let (Facts::Hub(hub), Some(Receiver::Party(to)), Some(device)) =
            (sight.facts(number), receiver, line.device())
        else {
            continue;
        };
        if is_installed(hub.status) && hub.party != to {
            installed.push(NewInstalled {
                line: line.number(),
                hub: device,
                status: hub.status,
                status_at: hub.status_since,
                from_party: hub.party,
                to_party: PartyId(to.0),
            });
        }
    }
    installed
}

/// What an applied file came to for one device.
pub(crate) struct AppliedLine {
    /// The device's key.
    pub key: i64,
    /// What became of it.
    pub outcome: Outcome,
    /// The Party that its hub was with, if it is one.
    pub party: Option<PartyId>,
}

/// What an applied file came to, by its devices; nothing if it was not applied. Of several lines
/// about one device the first counts.
pub(crate) fn applied_lines(tx: &mut Tx, id: TransferFileId) -> Result<Vec<AppliedLine>> {
    let parts = rows::outcomes(tx, id, "applied")?;
    if parts.is_empty() {
        return Ok(Vec::new());
    }
    let kept = Kept::read(&parts)?;
    drop(parts);
    let row = load(tx, id)?;
    let bytes = store::files::whole(tx, row.file)?;
    let source = source(&row, bytes)?;
    let file = parsed(&source)?;
    let mut lines: Vec<AppliedLine> = Vec::with_capacity(file.by_device.len());
    for (device, line) in &file.by_device {
        if lines.last().is_none_or(|last| last.key != device.key()) {
            let judged = kept.judged(*line as usize);
            let (outcome, party) = (judged.outcome, judged.party);
            lines.push(AppliedLine { key: device.key(), outcome, party });
        }
    }
    Ok(lines)
}

/// A file was applied, as the journal has it: the same changes on an empty database.
pub(super) fn redo(
    tx: &mut Tx,
    id: TransferFileId,
    bytes: Vec<u8>,
    at: Timestamp,
) -> Result<Event> {
    let row = load(tx, id)?;
    let before = kept_outcomes(tx, id)?;
    let source = source(&row, bytes)?;
    let file = parsed(&source)?;
    let keys = Keys::of(&file);
    change(tx, &Work { row: &row, file: &file, keys: &keys }, before, at)
}
