//! Bytes kept under their SHA-256, in compressed chunks; the same bytes are kept once.
//!
//! A file is first begun and appended to, in as many transactions as it takes, and can be found
//! only when it is finished. What was begun and never finished is dropped by [`drop_unfinished`].

use domain::ids::FileId;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::{Tx, args};

/// The bytes of a chunk before compression; the last one may be shorter.
pub const CHUNK_BYTES: usize = 1 << 20;

/// A file whose bytes are all here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// Its number.
    pub id: FileId,
    /// The SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// Its length in bytes.
    pub size: u64,
}

/// One chunk as it is stored.
pub fn compress(chunk: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(chunk, 1).expect("compressing in memory cannot fail")
}

/// One stored chunk, or part of an answer, as it was.
pub fn decompress(stored: &[u8]) -> Result<Vec<u8>> {
    zstd::stream::decode_all(stored).map_err(|error| Error::Broken {
        doing: "decompress a stored chunk".into(),
        message: error.to_string(),
    })
}

/// The file with this hash, if it is here.
pub fn find(tx: &mut Tx, sha256: &[u8; 32]) -> Result<Option<StoredFile>> {
    let sql = "SELECT id, size FROM files WHERE sha256 = $1";
    let row = tx.opt(sql, args![*sha256])?;
    Ok(row.map(|row| StoredFile {
        id: row.get(0),
        sha256: *sha256,
        size: row.get::<i64>(1).unsigned_abs(),
    }))
}

/// The finished file of this number.
pub fn load(tx: &mut Tx, id: FileId) -> Result<StoredFile> {
    let sql = "SELECT sha256, size FROM files WHERE id = $1 AND sha256 IS NOT NULL";
    let row = tx.one("file", sql, args![id])?;
    let sha256 = row.get::<Vec<u8>>(0).try_into().expect("the column holds 32 bytes");
    Ok(StoredFile { id, sha256, size: row.get::<i64>(1).unsigned_abs() })
}

/// Begins a file that is not complete yet.
pub fn begin(tx: &mut Tx, at: Timestamp) -> Result<FileId> {
    let id = tx.next_id("files")?;
    let sql = "INSERT INTO files (id, sha256, size, stored_at) VALUES ($1, NULL, 0, $2)";
    tx.exec(sql, args![id, at])?;
    Ok(FileId(id))
}

/// Adds chunk `n` (counted from 0), already compressed.
pub fn append(tx: &mut Tx, id: FileId, n: i64, compressed: Vec<u8>) -> Result<()> {
    let sql = "INSERT INTO file_chunks (file, n, bytes) VALUES ($1, $2, $3)";
    tx.exec(sql, args![id, n, compressed])?;
    Ok(())
}

/// Completes a file: from now on it can be found. If the same bytes are here already, what was
/// begun is dropped and the earlier file is the answer.
pub fn finish(tx: &mut Tx, id: FileId, sha256: [u8; 32], size: u64) -> Result<StoredFile> {
    if let Some(earlier) = find(tx, &sha256)? {
        drop_file(tx, id)?;
        return Ok(earlier);
    }
    let size_stored = i64::try_from(size).expect("a file is smaller than 8 EiB");
    tx.exec(
        "UPDATE files SET sha256 = $2, size = $3 WHERE id = $1",
        args![id, sha256, size_stored],
    )?;
    Ok(StoredFile { id, sha256, size })
}

/// Keeps bytes that are in memory, within this transaction.
pub fn keep(tx: &mut Tx, bytes: &[u8], at: Timestamp) -> Result<StoredFile> {
    let sha256: [u8; 32] = Sha256::digest(bytes).into();
    if let Some(earlier) = find(tx, &sha256)? {
        return Ok(earlier);
    }
    let id = begin(tx, at)?;
    for (n, chunk) in (0_i64..).zip(bytes.chunks(CHUNK_BYTES)) {
        append(tx, id, n, compress(chunk))?;
    }
    finish(tx, id, sha256, bytes.len() as u64)
}

/// Notes a file whose bytes are in another database.
pub fn note(tx: &mut Tx, file: &StoredFile) -> Result<FileId> {
    let id = FileId(tx.next_id("files")?);
    let size = i64::try_from(file.size).expect("a file is smaller than 8 EiB");
    let sql = "INSERT INTO files (id, sha256, size, stored_at) VALUES ($1, $2, $3, 0)";
    tx.exec(sql, args![id, file.sha256, size])?;
    Ok(id)
}

/// Chunk `n` of a file as it was given, or `None` past the end.
pub fn chunk(tx: &mut Tx, id: FileId, n: i64) -> Result<Option<Vec<u8>>> {
    let sql = "SELECT bytes FROM file_chunks WHERE file = $1 AND n = $2";
    let row = tx.opt(sql, args![id, n])?;
    row.map(|row| decompress(&row.get::<Vec<u8>>(0))).transpose()
}

/// All bytes of a file. For files that the limits keep small enough to hold.
pub fn whole(tx: &mut Tx, id: FileId) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(load(tx, id)?.size).unwrap_or(0));
    for n in 0.. {
        match chunk(tx, id, n)? {
            Some(part) => bytes.extend_from_slice(&part),
            None => break,
        }
    }
    Ok(bytes)
}

/// The bytes of a file from one place to another, or to its end; no other chunk is read.
pub fn range(tx: &mut Tx, id: FileId, from: u64, until: u64) -> Result<Vec<u8>> {
    let size = CHUNK_BYTES as u64;
    let mut bytes = Vec::new();
    for n in from / size..until.div_ceil(size) {
        let number = i64::try_from(n).expect("a file is smaller than 8 EiB");
        let Some(part) = chunk(tx, id, number)? else { break };
        let begins = n * size;
        let at = |place: u64| (place.saturating_sub(begins) as usize).min(part.len());
        bytes.extend_from_slice(&part[at(from)..at(until)]);
    }
    Ok(bytes)
}

/// A file as its row says, whatever has happened to that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawFile {
    /// Its number.
    pub id: FileId,
    /// The SHA-256 that its bytes should have.
    pub sha256: Vec<u8>,
    /// The length that they should have.
    pub size: i64,
}

/// Finished files with numbers above `after`, at most `limit`.
pub fn raw_following(tx: &mut Tx, after: FileId, limit: i64) -> Result<Vec<RawFile>> {
    let sql = "
        SELECT id, sha256, size FROM files WHERE id > $1 AND sha256 IS NOT NULL
        ORDER BY id LIMIT CAST($2 AS BIGINT)";
    let rows = tx.all(sql, args![after, limit])?;
    let file = |row: &crate::Row| RawFile { id: row.get(0), sha256: row.get(1), size: row.get(2) };
    Ok(rows.iter().map(file).collect())
}

/// Whether anything was begun before `before` and never finished.
pub fn is_any_unfinished(tx: &mut Tx, before: Timestamp) -> Result<bool> {
    let sql = "SELECT 1 FROM files WHERE sha256 IS NULL AND stored_at < $1 LIMIT 1";
    Ok(tx.opt(sql, args![before])?.is_some())
}

/// Drops what was begun before `before` and never finished. How many files that were.
pub fn drop_unfinished(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    let unfinished = "SELECT id FROM files WHERE sha256 IS NULL AND stored_at < $1";
    let sql = format!("DELETE FROM file_chunks WHERE file IN ({unfinished})");
    tx.exec(&sql, args![before])?;
    tx.exec("DELETE FROM files WHERE sha256 IS NULL AND stored_at < $1", args![before])
}

fn drop_file(tx: &mut Tx, id: FileId) -> Result<()> {
    tx.exec("DELETE FROM file_chunks WHERE file = $1", args![id])?;
    tx.exec("DELETE FROM files WHERE id = $1", args![id])?;
    Ok(())
}
