//! Hubs that the inventory has and a snapshot has not: found when all of its lines are compared.
//!
//! The inventory is gone through in the order of its keys, a part at a time, against what the
//! snapshot's lines name, which is kept on disk; so neither is ever held whole.

use std::fs::File;
use std::io::{Read, Seek, Write};

use domain::DeviceId;
use domain::ids::ImportId;
use sha2::{Digest, Sha256};
use store::Tx;
use store::bulk::seen::Seen;
use store::imports::{ImportRow, Progress, Stage};

use super::answers::Answers;
use super::load::{Place, as_json, read};
use super::snapshot::Snapshot;
use super::source::Source;
use super::{counts_of, merged, must_be_there};
use crate::files::hex;
use crate::journal::{Counts, Event};
use crate::{Error, Result};

/// Hubs that are looked at together, and so the most in a part of the answers.
const HUBS_AT_ONCE: i64 = 50_000;

/// The hubs that a snapshot has a usable line for; `beat` is called now and then.
pub fn named(source: &Source<'_>, beat: &mut dyn FnMut() -> Result<()>) -> Result<Seen> {
    let mut lines = Snapshot::new(Stage::Compared);
    let mut seen = Seen::begin()?;
    let note = |(line, [chf, _]): (u32, [i64; 2])| (chf, [i64::from(line), 0, 0, 0]);
    let start = Place { offset: 0, line: 1 };
    read(source, &mut lines, start, None, &mut |lines, _| {
        seen.note(lines.take_devices().into_iter().map(note))?;
        beat()
    })?;
    seen.note(lines.devices().into_iter().map(note))?;
    Ok(seen)
}

/// Goes through the inventory and gives `each` the answers about hubs that were not named.
pub fn each(tx: &mut Tx, named: &Seen, each: &mut dyn FnMut(Answers) -> Result<()>) -> Result<()> {
    let mut from = Some(i64::MIN);
    while let Some(first) = from {
        let hubs = store::bulk::load::hubs_from(tx, first, HUBS_AT_ONCE)?;
        let found = named.of(&hubs)?;
        let mut answers = Answers::default();
        for hub in hubs.iter().filter(|hub| !found.contains_key(hub)) {
            answers.add_absent(DeviceId::from_key(*hub));
        }
        if answers.lines() > 0 {
            each(answers)?;
        }
        from = hubs.last().and_then(|last| last.checked_add(1));
    }
    Ok(())
}

/// The answers about hubs that a snapshot lacks: on disk until they are kept.
pub struct Absent {
    parts: File,
    lengths: Vec<u64>,
    counts: Counts,
    sha256: Sha256,
}

impl Absent {
    /// Finds them, as this transaction sees the inventory.
    pub fn find(tx: &mut Tx, named: &Seen) -> Result<Absent> {
        let parts = tempfile::tempfile().map_err(aside())?;
        let (lengths, counts) = (Vec::new(), Counts::new());
        let mut absent = Absent { parts, lengths, counts, sha256: Sha256::new() };
        each(tx, named, &mut |answers| {
            absent.sha256.update(&answers.csv);
            absent.counts = merged(std::mem::take(&mut absent.counts), &answers.counts());
            let part = store::files::compress(&answers.csv);
            absent.lengths.push(part.len() as u64);
            absent.parts.write_all(&part).map_err(aside())
        })?;
        Ok(absent)
    }

    /// Keeps them with their snapshot, which waits for a decision from now on, and answers the
    /// event that says so.
    pub fn keep(mut self, tx: &mut Tx, import: &ImportRow) -> Result<Event> {
        self.parts.rewind().map_err(aside())?;
        for length in &self.lengths {
            let mut part = Vec::new();
            (&self.parts).take(*length).read_to_end(&mut part).map_err(aside())?;
            store::imports::keep_answers(tx, import.id, Stage::Compared, part)?;
        }
        let counts = merged(counts_of(import)?, &self.counts);
        let progress = Progress {
            state: import.state,
            lines_done: import.lines_done,
            next_offset: import.next_offset,
            next_line: import.next_line,
            counts: as_json(&counts),
        };
        store::imports::advance(tx, import.id, &progress)?;
        store::imports::compared(tx, import.id)?;
        let absent_sha256 = Some(hex(&self.sha256.finalize()));
        Ok(Event::SnapshotCompared { import: import.id.0, counts, absent_sha256 })
    }
}

fn aside() -> impl FnOnce(std::io::Error) -> Error {
    Error::io("keep what a snapshot lacks aside")
}

/// Does it again.
pub fn redo(tx: &mut Tx, id: ImportId, source: &Source<'_>) -> Result<Event> {
    let import = must_be_there(tx, id)?;
    let named = named(source, &mut || Ok(()))?;
    Absent::find(tx, &named)?.keep(tx, &import)
}
