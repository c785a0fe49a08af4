//! A dry run: what a submission would be answered, and nothing kept of it.

use std::io::Write;

use domain::timers::british_day;
use domain::transfer_files::Profile;
use domain::transfer_files::check::hold_back;
use domain::transfer_files::response::ResponseWriter;
use sha2::{Digest, Sha256};
use store::transfer_files as rows;

use super::examine::{Keys, Rules, Sight, Source};
use super::{Checked, Found, SentBefore, Submission, submit, summary};
use crate::files::{self, hex};
use crate::{App, Error, Result};

/// Response lines that are gathered before they are handed on.
const PIECE_BYTES: usize = 64 << 10;

/// Checks a file against the inventory as it is, in the mode in which it would be sent, and writes
/// its response file to `out`.
///
/// What was sent before is checked all the same, and said to have been sent.
pub fn check(
    app: &App,
    submission: &Submission,
    bytes: Vec<u8>,
    out: &mut dyn Write,
) -> Result<Checked> {
    let mut tx = app.db.read()?;
    let name = submit::base_name(&submission.name);
    let sha256: [u8; 32] = Sha256::digest(&bytes).into();
    let stored = store::files::find(&mut tx, &sha256)?.map(|stored| stored.id);
    let before = submit::earlier(&mut tx, stored, &name, files::head(&bytes))?;
    let mut sent_before = before.map(|id| sent(&mut tx, id)).transpose()?;
    let rules = Rules::load(&mut tx)?;
    let source = match Source::new(&name, bytes, rules.most_unpacked)? {
        Ok(source) => source,
        Err(refused) => return Ok(Checked { sent_before, found: Found::Refused(refused) }),
    };
    let file = match source.parse(&rules.limits) {
        Ok(file) => file,
        Err(refused) => return Ok(Checked { sent_before, found: Found::Refused(refused) }),
    };
    if let Profile::Controlled(header) = &file.profile
        && let Some(id) = rows::with_file_id(&mut tx, &header.file_id.to_string())?
    {
        sent_before = Some(sent(&mut tx, id)?);
    }
    let keys = Keys::of(&file);
    let sight = Sight::look(&mut tx, &keys, &file, &mut |_| Ok(()))?;
    let mut outcomes = sight.outcomes(&file, &rules, british_day(app.now()));
    if submission.all_or_nothing {
        hold_back(&mut outcomes);
    }
    let mut found = summary::of(&mut tx, &file, &rules, &sight, &outcomes)?;
    found.content_sha256 = hex(&sha256);
    drop(tx);
    let mut piece = Vec::with_capacity(PIECE_BYTES);
    let mut writer = ResponseWriter::new(&file, &rules.parties, None);
    let mut hand_on = |piece: &mut Vec<u8>| {
        let written = out.write_all(piece).map_err(Error::io("write the response file"));
        piece.clear();
        written
    };
    writer.header(&mut piece);
    for (number, (line, outcome)) in file.lines.iter().zip(&outcomes).enumerate() {
        writer.line(&mut piece, line, *outcome, &sight.facts(number));
        if piece.len() >= PIECE_BYTES {
            hand_on(&mut piece)?;
        }
    }
    hand_on(&mut piece)?;
    Ok(Checked { sent_before, found: Found::Answered(Box::new(found)) })
}

fn sent(tx: &mut store::Tx, id: domain::ids::TransferFileId) -> Result<SentBefore> {
    let row = rows::load(tx, id)?.ok_or_else(|| Error::Damaged(format!("there is no {id}")))?;
    Ok(SentBefore { id, received_at: row.received_at })
}
