//! What dry runs answered, for whoever asked for them.

use domain::ids::{FileId, UserId};
use jiff::Timestamp;

use crate::error::Result;
use crate::{Tx, args};

/// Notes whose answers an unfinished file holds, and the name of what was tried.
pub fn insert(tx: &mut Tx, file: FileId, person: UserId, name: &str) -> Result<()> {
    let sql = "INSERT INTO dry_runs (file, person, name) VALUES ($1, $2, $3)";
    tx.exec(sql, args![file, person, name])?;
    Ok(())
}

/// The name of what this person tried, if these are the answers to it.
pub fn name(tx: &mut Tx, file: FileId, person: UserId) -> Result<Option<String>> {
    let sql = "SELECT name FROM dry_runs WHERE file = $1 AND person = $2";
    Ok(tx.opt(sql, args![file, person])?.map(|row| row.get(0)))
}

/// Forgets those from before `before`. Their files are dropped with the other unfinished ones.
pub fn forget(tx: &mut Tx, before: Timestamp) -> Result<()> {
    let sql = "
        DELETE FROM dry_runs WHERE file IN
            (SELECT id FROM files WHERE sha256 IS NULL AND stored_at < $1)";
    tx.exec(sql, args![before])?;
    Ok(())
}
