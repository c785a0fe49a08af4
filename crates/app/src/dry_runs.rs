//! What a dry run answered line by line, kept for a day for whoever asked.
//!
//! The answers are an unfinished file: nothing else can find them, and [`crate::tidy`] drops them.

use std::io::{self, Write};

use domain::Refusal;
use domain::access::Actor;
use domain::ids::FileId;
use store::files::{CHUNK_BYTES, compress};

use crate::{App, Error, Result, files};

/// Keeps what `run` writes for this person, under the name of what is tried. Answers where it is,
/// if anything was written.
pub fn keep<T>(
    app: &App,
    actor: &Actor,
    name: &str,
    run: impl FnOnce(&mut dyn Write) -> Result<T>,
) -> Result<(Option<FileId>, T)> {
    let mut answers = Answers { app, file: None, held: Vec::new(), written: 0 };
    let done = run(&mut answers)?;
    answers.keep_chunk().map_err(Error::io("keep what a dry run answered"))?;
    if let Some(file) = answers.file {
        let mut tx = app.db.write()?;
        store::dry_runs::insert(&mut tx, file, actor.user, name)?;
        tx.commit()?;
    }
    Ok((answers.file, done))
}

/// The name of what this person tried; not found if these are not the answers to it.
pub fn name(app: &App, actor: &Actor, file: FileId) -> Result<String> {
    let name = store::dry_runs::name(&mut app.db.read()?, file, actor.user)?;
    Ok(name.ok_or_else(|| Refusal::not_found("dry run"))?)
}

/// Writes what was answered to this person's dry run.
pub fn send(app: &App, actor: &Actor, file: FileId, out: &mut dyn Write) -> Result<()> {
    name(app, actor, file)?;
    files::send(app, file, out).map(|_| ())
}

/// Keeps what is written, a chunk at a time, each in a short transaction of its own.
struct Answers<'a> {
    app: &'a App,
    file: Option<FileId>,
    held: Vec<u8>,
    written: i64,
}

impl Answers<'_> {
    /// Keeps as much as one chunk holds.
    fn keep_chunk(&mut self) -> io::Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        let rest = self.held.split_off(self.held.len().min(CHUNK_BYTES));
        let chunk = compress(&std::mem::replace(&mut self.held, rest));
        let mut tx = self.app.db.write().map_err(io::Error::other)?;
        let file = match self.file {
            Some(file) => file,
            None => store::files::begin(&mut tx, self.app.now()).map_err(io::Error::other)?,
        };
        store::files::append(&mut tx, file, self.written, chunk).map_err(io::Error::other)?;
        tx.commit().map_err(io::Error::other)?;
        self.file = Some(file);
        self.written += 1;
        Ok(())
    }
}

impl Write for Answers<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        while self.held.len() >= CHUNK_BYTES {
            self.keep_chunk()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
