//! Doing what the journal says of imports once more, on an empty database.
//!
//! The operations themselves go through here where they can, so that live and replay agree.

use domain::ids::{ImportId, UserId};
use domain::imports::ImportState;
use jiff::Timestamp;
use store::Tx;
use store::journal::EntryRow;

use super::absent;
use super::load::{Loader, Place, chunk, loader, read, stage};
use super::source::Source;
use super::{Kind, must_be_there};
use crate::journal::Event;
use crate::{App, Error, Result};

/// Does an entry about an import again: the same rows with the same numbers. The bytes are those
/// that `source` has stored.
pub fn redo(tx: &mut Tx, source: &App, entry: &EntryRow, event: &Event) -> Result<()> {
    let person = || {
        let id = entry.actor.ok_or_else(|| Error::Damaged("nobody did this".into()));
        id.map(UserId)
    };
    match event {
        Event::ImportReceived { import, what, name, sha256 } => {
            let damaged = || Error::Damaged(format!("the import of {what} from {sha256}"));
            let kind = Kind::from_word(what).ok_or_else(damaged)?;
            let file = crate::files::note(tx, source, sha256)?;
            let import = ImportId(*import);
            store::imports::insert(tx, import, kind, name, file, person()?, entry.at)?;
        }
        Event::ImportLoaded { import, from_offset, first_line, to_offset, to_line, .. }
        | Event::SnapshotPartCompared {
            import, from_offset, first_line, to_offset, to_line, ..
        } => {
            let from = place(*from_offset, *first_line)?;
            let to = place(*to_offset, *to_line)?;
            let id = ImportId(*import);
            must_be(id, redo_chunk(tx, source, id, from, to, entry.at)?, event)?;
        }
        Event::SnapshotCompared { import, absent_sha256: Some(_), .. } => {
            let id = ImportId(*import);
            let text = source_of(tx, source, id)?;
            must_be(id, absent::redo(tx, id, &text)?, event)?;
        }
        Event::SnapshotAuthorised { .. } | Event::SnapshotRejected { .. } => {
            decided(tx, event, person()?, entry.at)?;
        }
        other => redo_simple(tx, other, entry.at)?,
    }
    Ok(())
}

fn place(offset: u64, line: u64) -> Result<Place> {
    let line = u32::try_from(line).map_err(|_| Error::Damaged(format!("line {line}")))?;
    Ok(Place { offset, line })
}

/// What was done again must come to what the journal says.
fn must_be(id: ImportId, again: Event, event: &Event) -> Result<()> {
    if again == *event {
        return Ok(());
    }
    Err(Error::Damaged(format!("{id} came to {again:?}, not to {event:?}")))
}

/// The text of an import, from where its bytes are stored.
fn source_of<'a>(tx: &mut Tx, source: &'a App, id: ImportId) -> Result<Source<'a>> {
    let stored = {
        let import = must_be_there(tx, id)?;
        store::files::load(tx, import.file)?
    };
    let missing = || Error::Damaged(format!("the bytes of {id} are not there"));
    let bytes = store::files::find(&mut source.db.read()?, &stored.sha256)?.ok_or_else(missing)?;
    Source::again(source, bytes.id)
}

/// Loads the lines that begin between these places.
fn redo_chunk(
    tx: &mut Tx,
    source: &App,
    id: ImportId,
    from: Place,
    to: Place,
    at: Timestamp,
) -> Result<Event> {
    let import = must_be_there(tx, id)?;
    let text = source_of(tx, source, id)?;
    let mut loader = loader(import.kind, stage(&import));
    if from.offset == 0 {
        loader.look_ahead(&text, &mut || Ok(()))?;
    }
    let mut never = |_: &mut dyn Loader, _: Place| Ok(());
    read(&text, loader.as_mut(), from, Some(to.offset), &mut never)?;
    chunk(tx, &import, loader.as_mut(), from, to, at)
}

/// Does what needs nothing but the event and its instant.
pub(super) fn redo_simple(tx: &mut Tx, event: &Event, at: Timestamp) -> Result<()> {
    match event {
        Event::ImportFinished { import, .. } => {
            store::imports::finish(tx, ImportId(*import), ImportState::Loaded, None, at)?;
        }
        Event::ImportRefused { import, reason } => {
            let id = ImportId(*import);
            store::imports::finish(tx, id, ImportState::Refused, Some(reason), at)?;
        }
        Event::SnapshotCompared { import, .. } => store::imports::compared(tx, ImportId(*import))?,
        other => return Err(Error::Damaged(format!("{} is not about an import", other.kind()))),
    }
    Ok(())
}

/// Notes a decision on a snapshot.
pub(super) fn decided(tx: &mut Tx, event: &Event, by: UserId, at: Timestamp) -> Result<()> {
    let done = match event {
        Event::SnapshotAuthorised { import } => {
            store::imports::authorise(tx, ImportId(*import), by)?
        }
        Event::SnapshotRejected { import, reason } => {
            store::imports::reject(tx, ImportId(*import), by, reason, at)?
        }
        _ => true,
    };
    if done { Ok(()) } else { Err(Error::Damaged("the snapshot is not compared".into())) }
}
