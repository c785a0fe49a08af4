//! Checking each line: the job that every file goes through.

use domain::ids::TransferFileId;
use domain::timers::british_day;
use domain::transfer_files::check::hold_back;
use domain::transfer_files::{Action, Profile, State};
use jiff::{Timestamp, civil::Date};
use store::Tx;
use store::transfer_files::{self as rows, TransferFileRow};

use super::examine::{Keys, Refused, Rules, Sight, Source};
use super::{deadlines, kept, summary};
use crate::files::hex;
use crate::jobs::Run;
use crate::journal::{By, Event, record};
use crate::{Error, Result, settings, timers, transfers};

/// How often a check is made anew because the inventory changed meanwhile, before it is made
/// within the turn to write.
const MOST_ATTEMPTS: usize = 4;

/// The job: gives each line of a received file its code, or refuses the file whole.
///
/// The facts are read before the turn to write is taken. If the inventory changed in between they
/// are read again, so that the journal's order is the order in which things were seen.
pub fn validate(run: &Run<'_>) -> Result<()> {
    let id = TransferFileId(run.subject);
    for attempt in 0.. {
        let is_last = attempt == MOST_ATTEMPTS;
        let mut tx = if is_last { run.app.db.write()? } else { run.app.db.read()? };
        let row = rows::load(&mut tx, id)?
            .ok_or_else(|| Error::Damaged(format!("there is no {id} to check")))?;
        if row.state != State::Received {
            return Ok(());
        }
        let seen = rows::last_entry(&mut tx)?;
        let today = british_day(run.app.now());
        let mut progress = |done: usize, total: usize| match is_last {
            true => Ok(()),
            false => run.progress(done as u64, total as u64),
        };
        let bytes = store::files::whole(&mut tx, row.file)?;
        let found = examine(&mut tx, &row, bytes, today, &mut progress)?;
        if !is_last {
            drop(tx);
            tx = run.app.db.write()?;
        }
        let at = run.app.now();
        if rows::has_changed_since(&mut tx, seen)? || british_day(at) != today {
            continue;
        }
        let row = rows::load(&mut tx, id)?;
        if row.is_none_or(|row| row.state != State::Received) {
            return Ok(());
        }
        note(&mut tx, id, &found, at)?;
        if let Found::Refused(_) = found {
            transfers::file_came_to_nothing(&mut tx, run.app, id)?;
        }
        run.note_done(&mut tx)?;
        tx.commit()?;
        break;
    }
    run.app.bell.ring();
    Ok(())
}

/// What an examination found.
pub(super) enum Found {
    /// The file is refused whole.
    Refused(Refused),
    /// Each line has an outcome.
    Lines(Box<FoundLines>),
}

/// The outcomes of a file's lines.
pub(super) struct FoundLines {
    profile: Profile,
    lines: u64,
    summary: super::Summary,
    outcomes: Vec<rows::OutcomePart>,
}

/// Gives each line its outcome, as this transaction sees the inventory.
pub(super) fn examine(
    tx: &mut Tx,
    row: &TransferFileRow,
    bytes: Vec<u8>,
    today: Date,
    progress: &mut dyn FnMut(usize, usize) -> Result<()>,
) -> Result<Found> {
    let _span = tracing::debug_span!("validate", id = %row.id).entered();
    let rules = Rules::load(tx)?;
    let source = match Source::new(&row.name, bytes, rules.most_unpacked)? {
        Ok(source) => source,
        Err(refused) => return Ok(Found::Refused(refused)),
    };
    let file = match source.parse(&rules.limits) {
        Ok(file) => file,
        Err(refused) => return Ok(Found::Refused(refused)),
    };
    let keys = Keys::of(&file);
    let total = file.lines.len();
    let mut stopped = None;
    let looked = Sight::look(tx, &keys, &file, &mut |done| {
        progress(done, total).map_err(|error| {
            stopped = Some(error);
            store::Error::Unsuitable("stopped".into())
        })
    });
    let sight = match (looked, stopped) {
        (Ok(sight), _) => sight,
        (Err(_), Some(error)) | (Err(error), None) => return Err(error),
    };
    let mut outcomes = sight.outcomes(&file, &rules, today);
    if row.all_or_nothing {
        hold_back(&mut outcomes);
    }
    let kept = kept::write(&file, &outcomes, |line| sight.facts(line), source.kept_text());
    let mut summary = summary::of(tx, &file, &rules, &sight, &outcomes)?;
    summary.content_sha256 = hex(&row.sha256);
    summary.outcomes_sha256 = hex(&kept.sha256);
    let (lines, outcomes) = (file.lines.len() as u64, kept.parts);
    let profile = file.profile.clone();
    Ok(Found::Lines(Box::new(FoundLines { profile, lines, summary, outcomes })))
}

/// Writes down what was found, in rows and in the journal, within the caller's transaction.
fn note(tx: &mut Tx, id: TransferFileId, found: &Found, at: Timestamp) -> Result<()> {
    let event = note_rows(tx, id, found, None, at)?;
    record(tx, at, By::SYSTEM, &event)?;
    Ok(())
}

/// Writes the rows of what was found and answers the entry that says so. `told` is the entry that
/// said so before, when it is done again.
pub(super) fn note_rows(
    tx: &mut Tx,
    id: TransferFileId,
    found: &Found,
    told: Option<&Event>,
    at: Timestamp,
) -> Result<Event> {
    let checking = State::Received.after(Action::Validate)?;
    let found = match found {
        Found::Refused(refused) => {
            checking.after(Action::Refuse)?;
            return refuse(tx, id, refused, None, told, at);
        }
        Found::Lines(found) => found,
    };
    checking.after(Action::Pass)?;
    let header = match &found.profile {
        Profile::Controlled(header) => Some(header),
        Profile::Minimal => None,
    };
    let file_id = header.map(|header| header.file_id.to_string());
    if let Some(file_id) = &file_id
        && let Some(first) = rows::with_file_id(tx, file_id)?.filter(|first| *first != id)
    {
        let message = format!(
            "The file ID {file_id} was sent before, as {first}, which has the answer. Make a new \
             file if other hubs are to move."
        );
        return refuse(tx, id, &Refused { word: Refused::FILE_ID, message }, Some(first), told, at);
    }
    let validated = rows::Validated {
        file_id,
        profile: if header.is_some() { "controlled" } else { "minimal" },
        reference: header.map_or("", |header| &header.reference),
        from: header.map_or("", |header| &header.from),
        to: header.map_or("", |header| &header.to),
        lines: found.lines,
        summary: serde_json::to_string(&found.summary).expect("a summary is plain data"),
        at,
    };
    rows::set_validated(tx, id, &validated)?;
    rows::put_outcomes(tx, id, "validated", &found.outcomes)?;
    let authorise_by = match told {
        Some(Event::TransferFileValidated { authorise_by, .. }) => *authorise_by,
        _ => Some(timers::deadline(tx, at, &settings::TIMER_AUTHORISE_FILE)?.as_microsecond()),
    };
    if let Some(due_at) = authorise_by {
        deadlines::set(tx, id, due_at)?;
    }
    Ok(Event::TransferFileValidated {
        transfer_file: id.0,
        counts: found.summary.counts.clone(),
        outcomes_sha256: found.summary.outcomes_sha256.clone(),
        authorise_by,
    })
}

fn refuse(
    tx: &mut Tx,
    id: TransferFileId,
    refused: &Refused,
    first_answer: Option<TransferFileId>,
    told: Option<&Event>,
    at: Timestamp,
) -> Result<Event> {
    let word = match told {
        Some(Event::TransferFileRefused { word: None, .. }) => None,
        _ => Some(refused.word),
    };
    rows::set_refused(tx, id, (word, &refused.message), first_answer, at)?;
    Ok(Event::TransferFileRefused {
        transfer_file: id.0,
        word: word.map(str::to_owned),
        reason: refused.message.clone(),
    })
}
