//! The answers: line by line, as the response file, and as a file of what was rejected.

use std::io::Write;

use domain::access::{Action, Actor};
use domain::ids::TransferFileId;
use domain::transfer_files::ParsedFile;
use domain::transfer_files::generate::{errors_name, response_name};
use domain::transfer_files::response::{ResponseWriter, SentAgain, write_errors};
use domain::{Refusal, refusal::RefusalKind};
use jiff::Timestamp;
use store::Tx;
use store::transfer_files::{self as rows, TransferFileRow};

use super::apply::{parsed, source};
use super::examine::{Rules, Source};
use super::kept::Kept;
use crate::{App, Error, Result, files};

/// Bytes that are gathered before they are handed on.
const PIECE: usize = 1 << 16;

/// A file with an answer to each line.
struct Answered {
    row: TransferFileRow,
    source: Source,
    kept: Kept,
    rules: Rules,
}

impl Answered {
    /// The answers of the apply, or else those of the validation.
    fn load(app: &App, actor: &Actor, id: TransferFileId) -> Result<Answered> {
        actor.must(Action::SeeTransferFiles)?;
        let mut tx = app.db.read()?;
        let row = load(&mut tx, id)?;
        let stage = stage_of(&row);
        let kept = rows::outcomes(&mut tx, id, stage)?;
        if kept.is_empty() {
            return Err(no_answers().into());
        }
        let rules = Rules::load(&mut tx)?;
        let bytes = store::files::whole(&mut tx, row.file)?;
        drop(tx);
        let source = source(&row, bytes)?;
        Ok(Answered { source, kept: Kept::read(&kept)?, rules, row })
    }

    fn file(&self) -> Result<ParsedFile<'_>> {
        let file = parsed(&self.source)?;
        if file.lines.len() == self.kept.len() {
            return Ok(file);
        }
        Err(Error::Damaged(format!("{} has other lines than were checked", self.row.id)))
    }
}

pub(super) fn load(tx: &mut Tx, id: TransferFileId) -> Result<TransferFileRow> {
    Ok(rows::load(tx, id)?.ok_or_else(|| Refusal::not_found("transfer file"))?)
}

pub(super) fn no_answers() -> Refusal {
    let message = "This file has no answers: its lines were not checked.";
    Refusal::new(RefusalKind::WrongState, message)
}

/// The stage whose answers count: that of the apply, or else that of the validation.
pub(super) fn stage_of(row: &TransferFileRow) -> &'static str {
    if row.result.is_some() { "applied" } else { "validated" }
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
    for (line, kept) in file.lines.iter().zip(answered.kept.each()) {
        writer.line(&mut piece, line, kept.judged.outcome, &kept.facts);
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
    let name = format!("{} {} {}", row.id, stage_of(row), files::hex(&row.sha256));
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
