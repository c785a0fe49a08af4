//! Looking at transfer files.

use domain::access::Actor;
use domain::ids::TransferFileId;

use super::{Page, TransferFileFilter, TransferFileRow, TransferFileView};
use crate::{App, Error, Result};

/// Transfer files, newest first: those before `cursor`, at most `limit`.
pub fn list(
    _app: &App,
    _actor: &Actor,
    _filter: &TransferFileFilter,
    _cursor: Option<i64>,
    _limit: u32,
) -> Result<Page<TransferFileRow>> {
    Err(Error::Damaged("nothing lists".into()))
}

/// One transfer file.
pub fn get(_app: &App, _actor: &Actor, id: TransferFileId) -> Result<TransferFileView> {
    Err(Error::Damaged(format!("nothing shows {id}")))
}
