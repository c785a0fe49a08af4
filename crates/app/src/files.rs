//! Bytes that came in or go out: kept under their hash, streamed both ways.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use domain::ids::FileId;
use domain::{Refusal, refusal::RefusalKind};
use sha2::{Digest, Sha256};
use store::files::{CHUNK_BYTES, StoredFile, compress};

use crate::{App, Error, Result, settings};

/// Compressed bytes that are held before they are written in one short transaction.
const HELD_BYTES: usize = 8 << 20;
/// The first bytes of a file that are looked at when it is complete.
const HEAD_BYTES: usize = 4 << 10;

/// Stores what `source` gives, up to `limit` bytes, and answers the file. The same bytes are
/// stored once. Nothing can be found of a source that breaks off.
pub fn receive(app: &App, source: &mut dyn Read, limit: u64) -> Result<StoredFile> {
    receive_and(app, source, limit, |_, stored, _| Ok(stored))
}

/// Stores what `source` gives and, in the transaction that completes it, does what `then` says
/// with the file and its first bytes.
pub fn receive_and<T>(
    app: &App,
    source: &mut dyn Read,
    limit: u64,
    then: impl FnOnce(&mut store::Tx, StoredFile, &[u8]) -> Result<T>,
) -> Result<T> {
    let mut hash = Sha256::new();
    let mut size = 0_u64;
    let mut held: Vec<Vec<u8>> = Vec::new();
    let mut begun: Option<FileId> = None;
    let mut written = 0_i64;
    let mut head = Vec::new();
    loop {
        let chunk = read_chunk(source)?;
        size += chunk.len() as u64;
        if size > limit {
            return Err(too_large(limit).into());
        }
        let ended = chunk.len() < CHUNK_BYTES;
        if !chunk.is_empty() {
            hash.update(&chunk);
            held.push(compress(&chunk));
        }
        if head.is_empty() {
            head.extend_from_slice(self::head(&chunk));
        }
        if ended {
            let sha256: [u8; 32] = hash.finalize().into();
            let mut tx = app.db.write()?;
            let id = write_held(app, &mut tx, begun, &mut held, &mut written)?;
            let stored = store::files::finish(&mut tx, id, sha256, size)?;
            let done = then(&mut tx, stored, &head)?;
            tx.commit()?;
            return Ok(done);
        }
        if held.iter().map(Vec::len).sum::<usize>() > HELD_BYTES {
            let mut tx = app.db.write()?;
            begun = Some(write_held(app, &mut tx, begun, &mut held, &mut written)?);
            tx.commit()?;
        }
    }
}

/// The first bytes of a file, as far as they are looked at when it is complete.
pub(crate) fn head(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(HEAD_BYTES)]
}

/// Reads what `source` gives, up to `limit` bytes, into memory.
pub fn read_whole(source: &mut dyn Read, limit: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = source.take(limit.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(Error::io("read what was sent"))?;
    if bytes.len() as u64 > limit { Err(too_large(limit).into()) } else { Ok(bytes) }
}

/// Keeps what `source` gives, up to `limit` bytes, on disk until it is dropped.
pub(crate) fn keep_aside(source: &mut dyn Read, limit: u64) -> Result<File> {
    let mut aside = tempfile::tempfile().map_err(Error::io("keep what was sent aside"))?;
    let copied = io::copy(&mut source.take(limit.saturating_add(1)), &mut aside);
    if copied.map_err(Error::io("keep what was sent aside"))? > limit {
        return Err(too_large(limit).into());
    }
    Ok(aside)
}

fn write_held(
    app: &App,
    tx: &mut store::Tx,
    begun: Option<FileId>,
    held: &mut Vec<Vec<u8>>,
    written: &mut i64,
) -> Result<FileId> {
    let id = match begun {
        Some(id) => id,
        None => store::files::begin(tx, app.now())?,
    };
    for bytes in held.drain(..) {
        store::files::append(tx, id, *written, bytes)?;
        *written += 1;
    }
    Ok(id)
}

fn read_chunk(source: &mut dyn Read) -> Result<Vec<u8>> {
    let mut chunk = Vec::with_capacity(CHUNK_BYTES);
    source
        .take(CHUNK_BYTES as u64)
        .read_to_end(&mut chunk)
        .map_err(Error::io("read what was sent"))?;
    Ok(chunk)
}

/// How large an upload may be, in bytes.
pub fn upload_limit(app: &App) -> Result<u64> {
    let mib = settings::number_of(&mut app.db.read()?, &settings::UPLOAD_MOST_MIB)?;
    Ok(mib.unsigned_abs() << 20)
}

/// The refusal of a file over the limit.
pub fn too_large(limit: u64) -> Refusal {
    let mib = limit.div_ceil(1 << 20);
    Refusal::new(
        RefusalKind::TooLarge,
        format!("The file is larger than {mib} MiB, which is the limit. Send it in parts."),
    )
}

/// Reads a stored file from anywhere, a chunk at a time, each in a short transaction of its own.
pub struct FileReader {
    app: App,
    file: FileId,
    position: u64,
    held: Option<(u64, Vec<u8>)>,
}

impl FileReader {
    /// A reader from the first byte.
    pub fn new(app: &App, file: FileId) -> FileReader {
        FileReader::from(app, file, 0)
    }

    /// A reader from byte `offset`.
    pub fn from(app: &App, file: FileId, offset: u64) -> FileReader {
        FileReader { app: app.clone(), file, position: offset, held: None }
    }

    fn chunk(&mut self, n: u64) -> io::Result<&[u8]> {
        if self.held.as_ref().is_none_or(|(held, _)| *held != n) {
            let number = i64::try_from(n).map_err(io::Error::other)?;
            let mut tx = self.app.db.read().map_err(io::Error::other)?;
            let chunk =
                store::files::chunk(&mut tx, self.file, number).map_err(io::Error::other)?;
            self.held = Some((n, chunk.unwrap_or_default()));
        }
        Ok(self.held.as_ref().map_or(&[], |(_, bytes)| bytes))
    }
}

impl Read for FileReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let chunk_bytes = CHUNK_BYTES as u64;
        let skip = (self.position % chunk_bytes) as usize;
        let chunk = self.chunk(self.position / chunk_bytes)?;
        let read = chunk.get(skip..).unwrap_or_default().read(buffer)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for FileReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let moved = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
            SeekFrom::End(by) => {
                let mut tx = self.app.db.read().map_err(io::Error::other)?;
                let stored = store::files::load(&mut tx, self.file).map_err(io::Error::other)?;
                stored.size.checked_add_signed(by)
            }
        };
        self.position = moved.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

/// Writes a stored file to `out` and answers how many bytes that were.
pub fn send(app: &App, file: FileId, out: &mut dyn Write) -> Result<u64> {
    io::copy(&mut FileReader::new(app, file), out).map_err(Error::io("send a stored file"))
}

/// Notes a stored file of `source` in a database that is being rebuilt; its bytes stay where they
/// are.
pub fn note(tx: &mut store::Tx, source: &App, sha256: &str) -> Result<FileId> {
    let missing = || Error::Damaged(format!("there is no stored file {sha256}"));
    let hash = from_hex(sha256).ok_or_else(missing)?;
    if let Some(here) = store::files::find(tx, &hash)? {
        return Ok(here.id);
    }
    let stored = store::files::find(&mut source.db.read()?, &hash)?.ok_or_else(missing)?;
    Ok(store::files::note(tx, &stored)?)
}

/// A hash as people compare it.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The hash that people compare as this.
pub fn from_hex(text: &str) -> Option<[u8; 32]> {
    let text = text.as_bytes();
    if text.len() != 64 {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok()?;
    }
    Some(bytes)
}
