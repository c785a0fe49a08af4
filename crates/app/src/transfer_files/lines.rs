//! A page of lines with their answers. It reads the parts of the file that its lines stand in, and
//! no others, however long the file is.

use std::ops::Range;

use domain::Refusal;
use domain::access::{Action, Actor};
use domain::ids::TransferFileId;
use domain::parties::PartyBook;
use domain::transfer_files::parse::parse_part;
use domain::transfer_files::text::{Answer, Stage};
use domain::transfer_files::{Code, Line, Outcome, ParsedFile};
use store::Tx;
use store::transfer_files::{self as rows, PartRow, TransferFileRow};

use super::kept::{self, Kept, KeptLine};
use super::results::{load, no_answers, stage_of};
use super::{LineAnswer, LineFilter, LinePage};
use crate::{App, Error, Result, parties};

/// The most lines that one page holds.
const MOST_LINES: u32 = 1_000;

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
    actor.must(Action::SeeTransferFiles)?;
    let mut tx = app.db.read()?;
    let row = load(&mut tx, id)?;
    let known = |name: &String| Code::from_name(name.split('+').next().unwrap_or_default());
    if let Some(other) = filter.codes.iter().find(|name| known(name).is_none()) {
        let names: Vec<&str> = Code::ALL.iter().copied().map(Code::name).collect();
        let message =
            format!("“{other}” is not a result code. A code is one of {}.", names.join(", "));
        return Err(Refusal::field("codes", message).into());
    }
    let parts = rows::outcome_parts(&mut tx, id, stage_of(&row))?;
    if parts.is_empty() {
        return Err(no_answers().into());
    }
    let parties = parties::book(&mut tx)?;
    let wanted = from..from.saturating_add(limit.clamp(1, MOST_LINES).into());
    let mut matching = 0;
    let mut lines = Vec::new();
    for number in 0..parts.len() {
        let here = kept::count(&parts[number].counts, |outcome| lets_through(filter, outcome))?;
        // The places of this part's lines among those that the filter lets through.
        let places = matching..matching + here;
        matching = places.end;
        if places.start.max(wanted.start) >= places.end.min(wanted.end) {
            continue;
        }
        let wanted = wanted.start.saturating_sub(places.start)..wanted.end - places.start;
        let part = Part::read(&mut tx, &row, &parts, number)?;
        lines.extend(part.answers(&row, &parties, filter, wanted)?);
    }
    Ok(LinePage { lines, matching, is_applied: row.result.is_some() })
}

fn lets_through(filter: &LineFilter, outcome: Outcome) -> bool {
    let is_asked_for = filter.codes.is_empty()
        || filter.codes.iter().any(|code| code == outcome.name() || code == outcome.code.name());
    is_asked_for && (!filter.only_rejected || outcome.is_rejected())
}

/// Some lines of a file, as they were sent and as they were judged.
struct Part {
    head: Vec<u8>,
    text: String,
    kept: Kept,
}

impl Part {
    fn read(tx: &mut Tx, row: &TransferFileRow, parts: &[PartRow], number: usize) -> Result<Part> {
        let place = |part: &PartRow| part.text_from.unsigned_abs();
        let (first, part) = (place(&parts[0]), &parts[number]);
        let (head, text) = match rows::text_of_part(tx, row.id, 0)? {
            None => {
                let until = parts.get(number + 1).map_or(row.size, place);
                let head = store::files::range(tx, row.file, 0, first)?;
                (head, store::files::range(tx, row.file, place(part), until)?)
            }
            Some(mut head) => {
                let first = usize::try_from(first).unwrap_or(usize::MAX).min(head.len());
                let begins = head.split_off(first);
                let text = match number {
                    0 => Some(begins),
                    _ => rows::text_of_part(tx, row.id, part.part)?,
                };
                (head, text.unwrap_or_default())
            }
        };
        let kept = rows::outcomes_of_part(tx, row.id, stage_of(row), part.part)?;
        let text = String::from_utf8(text).map_err(|_| other_lines(row))?;
        Ok(Part { head, text, kept: Kept::read(&[kept])? })
    }

    /// The answers to those of the lines that the filter lets through whose places among these
    /// are wanted.
    fn answers(
        &self,
        row: &TransferFileRow,
        parties: &PartyBook,
        filter: &LineFilter,
        wanted: Range<u64>,
    ) -> Result<Vec<LineAnswer>> {
        let file = parse_part(&self.head, &row.name, &self.text, self.kept.len());
        let file = file.map_err(|_| other_lines(row))?;
        if file.lines.len() != self.kept.len() {
            return Err(other_lines(row));
        }
        let mut place = 0;
        let mut answers = Vec::new();
        for (line, kept) in file.lines.iter().zip(self.kept.each()) {
            if lets_through(filter, kept.judged.outcome) {
                if wanted.contains(&place) {
                    let line = line.noted(kept.judged.line, kept.repeats);
                    answers.push(answer(row, parties, &file, &line, &kept));
                }
                place += 1;
            }
        }
        Ok(answers)
    }
}

fn other_lines(row: &TransferFileRow) -> Error {
    Error::Damaged(format!("{} has other lines than were checked", row.id))
}

fn answer(
    row: &TransferFileRow,
    parties: &PartyBook,
    file: &ParsedFile<'_>,
    line: &Line,
    kept: &KeptLine,
) -> LineAnswer {
    let stage = if row.result.is_some() { Stage::Applied } else { Stage::Checked };
    let (judged, outcome) = (&kept.judged, kept.judged.outcome);
    let answer = Answer { file, line, outcome, facts: &kept.facts, parties, stage };
    let party = judged.party.map_or("", |party| parties.reference_of(party));
    LineAnswer {
        line: line.number(),
        comms_hub_id: file.id_as_given(line).into_owned(),
        outcome,
        text: answer.to_string(),
        previous_party: party.to_owned(),
        new_party: file.reference_of(line).to_owned(),
        smi_status: judged.status.map_or("", |status| status.name()).to_owned(),
        applied_at: row.applied_at.filter(|_| outcome.moves()),
    }
}
