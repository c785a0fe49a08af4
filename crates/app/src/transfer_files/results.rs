//! The answers: line by line, as the response file, and as a file of what was rejected.

use std::io::Write;

use domain::access::{Action, Actor};
use domain::ids::TransferFileId;
use domain::transfer_files::generate::{errors_name, response_name};
use domain::transfer_files::response::{ResponseWriter, SentAgain, write_errors};
use domain::transfer_files::text::{Answer, Stage};
use domain::transfer_files::{Facts, Judged, Outcome, ParsedFile};
use domain::{Refusal, refusal::RefusalKind};
use jiff::Timestamp;
use store::Tx;
use store::transfer_files::{self as rows, TransferFileRow};

use super::apply::{parsed, source};
use super::examine::{Rules, Source};
use super::kept::Kept;
use super::{LineAnswer, LineFilter, LinePage};
use crate::{App, Error, Result, files};

/// The most lines that one page holds.
const MOST_LINES: u32 = 1_000;
/// Bytes that are gathered before they are handed on.
const PIECE: usize = 1 << 16;

/// A file with an answer to each line.
struct Answered {
    row: TransferFileRow,
    source: Source,
    kept: Kept,
    rules: Rules,
    is_applied: bool,
}

impl Answered {
    /// The answers of the apply, or else those of the validation.
    fn load(app: &App, actor: &Actor, id: TransferFileId) -> Result<Answered> {
        actor.must(Action::SeeTransferFiles)?;
        let mut tx = app.db.read()?;
        let row = load(&mut tx, id)?;
        let is_applied = row.result.is_some();
        let stage = if is_applied { "applied" } else { "validated" };
        let kept = rows::outcomes(&mut tx, id, stage)?.ok_or_else(no_answers)?;
        let rules = Rules::load(&mut tx)?;
        let bytes = store::files::whole(&mut tx, row.file)?;
        drop(tx);
        let source = source(&row, bytes)?;
        Ok(Answered { source, kept: Kept::read(kept)?, rules, is_applied, row })
    }

    fn file(&self) -> Result<ParsedFile<'_>> {
        let file = parsed(&self.source)?;
        if file.lines.len() == self.kept.len() {
            return Ok(file);
        }
        Err(Error::Damaged(format!("{} has other lines than were checked", self.row.id)))
    }
}

fn load(tx: &mut Tx, id: TransferFileId) -> Result<TransferFileRow> {
    Ok(rows::load(tx, id)?.ok_or_else(|| Refusal::not_found("transfer file"))?)
}

fn no_answers() -> Refusal {
    let message = "This file has no answers: its lines were not checked.";
    Refusal::new(RefusalKind::WrongState, message)
}

/// Lines with their answers: `limit` of those that the filter lets through, from number `from`
/// of them (counted from 0).
pub fn lines(
    app: &App,
    actor: &Actor,
    id: TransferFileId,
    filter: &LineFilter,
    from: u64,
    limit: u32,
) -> Result<LinePage> {
    let answered = Answered::load(app, actor, id)?;
    let file = answered.file()?;
    let limit = u64::from(limit.clamp(1, MOST_LINES));
    let mut matching = 0;
    let mut lines = Vec::new();
    for (number, (judged, facts)) in answered.kept.each().enumerate() {
        if !lets_through(filter, judged.outcome) {
            continue;
        }
        if (from..from.saturating_add(limit)).contains(&matching) {
            lines.push(line_answer(&answered, &file, number, &judged, &facts));
        }
        matching += 1;
    }
    Ok(LinePage { lines, matching, is_applied: answered.is_applied })
}

fn lets_through(filter: &LineFilter, outcome: Outcome) -> bool {
    let is_asked_for = filter.codes.is_empty()
        || filter.codes.iter().any(|code| code == outcome.name() || code == outcome.code.name());
    is_asked_for && (!filter.only_rejected || outcome.is_rejected())
}

fn line_answer(
    answered: &Answered,
    file: &ParsedFile<'_>,
    number: usize,
    judged: &Judged,
    facts: &Facts,
) -> LineAnswer {
    let line = &file.lines[number];
    let parties = &answered.rules.parties;
    let stage = if answered.is_applied { Stage::Applied } else { Stage::Checked };
    let answer = Answer { file, line, outcome: judged.outcome, facts, parties, stage };
    let party = judged.party.map_or("", |party| parties.reference_of(party));
    LineAnswer {
        line: line.number(),
        comms_hub_id: file.id_as_given(line).into_owned(),
        outcome: judged.outcome,
        text: answer.to_string(),
        previous_party: party.to_owned(),
        new_party: file.reference_of(line).to_owned(),
        smi_status: judged.status.map_or("", |status| status.name()).to_owned(),
        applied_at: answered.row.applied_at.filter(|_| judged.outcome.moves()),
    }
}

/// Writes the response file and answers its name. A file that was only checked has the answers
/// of its validation.
pub fn response(
    app: &App,
    actor: &Actor,
    id: TransferFileId,
    out: &mut dyn Write,
) -> Result<String> {
    actor.must(Action::SeeTransferFiles)?;
    let row = load(&mut app.db.read()?, id)?;
    let name = response_name(&row.name);
    if let Some(stored) = row.response_file {
        files::send(app, stored, out)?;
        return Ok(name);
    }
    let answered = Answered::load(app, actor, id)?;
    let file = answered.file()?;
    let mut writer = ResponseWriter::new(&file, &answered.rules.parties, None);
    let mut piece = Vec::with_capacity(2 * PIECE);
    writer.header(&mut piece);
    for (line, (judged, facts)) in file.lines.iter().zip(answered.kept.each()) {
        writer.line(&mut piece, line, judged.outcome, &facts);
        if piece.len() >= PIECE {
            send(out, &piece)?;
            piece.clear();
        }
    }
    send(out, &piece)?;
    Ok(name)
}

/// Writes a file of the rejected lines alone, ready to be corrected and sent again, and answers
/// its name.
pub fn errors(app: &App, actor: &Actor, id: TransferFileId, out: &mut dyn Write) -> Result<String> {
    let answered = Answered::load(app, actor, id)?;
    let file = answered.file()?;
    let outcomes = answered.kept.outcomes();
    if !outcomes.iter().any(|outcome| outcome.is_rejected()) {
        let message = "No line of this file was rejected.";
        return Err(Refusal::new(RefusalKind::WrongState, message).into());
    }
    let again = sent_again(&answered.row);
    let mut bytes = Vec::new();
    write_errors(&mut bytes, &file, &outcomes, again)
        .map_err(|error| Error::Damaged(format!("{id}: {error}")))?;
    send(out, &bytes)?;
    Ok(errors_name(&answered.row.name))
}

/// The same file of rejected lines has the same ID however often it is downloaded, and so can be
/// sent again once.
fn sent_again(row: &TransferFileRow) -> SentAgain {
    let created = row.applied_at.or(row.validated_at).unwrap_or(row.received_at);
    let stage = if row.result.is_some() { "applied" } else { "validated" };
    let name = format!("{} {stage} {}", row.id, files::hex(&row.sha256));
    SentAgain { file_id: file_id_of(&name), created: whole_seconds(created) }
}

fn file_id_of(name: &str) -> uuid::Uuid {
    use sha2::{Digest, Sha256};
    let hash: [u8; 32] = Sha256::digest(name.as_bytes()).into();
    uuid::Builder::from_custom_bytes(*hash.first_chunk().expect("a hash has 32 bytes")).into_uuid()
}

fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

fn send(out: &mut dyn Write, bytes: &[u8]) -> Result<()> {
    out.write_all(bytes).map_err(Error::io("send an answer"))
}
