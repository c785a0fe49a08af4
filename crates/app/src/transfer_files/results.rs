//! The answers: line by line, as the response file, and as a file of what was rejected.

use std::io::Write;

use domain::access::Actor;
use domain::ids::TransferFileId;

use super::{LineFilter, LinePage};
use crate::{App, Error, Result};

/// Lines with their answers: `limit` of those that the filter lets through, from number `from`
/// of them (counted from 0).
pub fn lines(
    _app: &App,
    _actor: &Actor,
    id: TransferFileId,
    _filter: &LineFilter,
    _from: u64,
    _limit: u32,
) -> Result<LinePage> {
    Err(Error::Damaged(format!("nothing reads {id}")))
}

/// Writes the response file and answers its name. A file that was only checked has the answers
/// of its validation.
pub fn response(
    _app: &App,
    _actor: &Actor,
    id: TransferFileId,
    _out: &mut dyn Write,
) -> Result<String> {
    Err(Error::Damaged(format!("nothing answers {id}")))
}

/// Writes a file of the rejected lines alone, ready to be corrected and sent again, and answers
/// its name.
pub fn errors(
    _app: &App,
    _actor: &Actor,
    id: TransferFileId,
    _out: &mut dyn Write,
) -> Result<String> {
    Err(Error::Damaged(format!("nothing answers {id}")))
}
