//! What people decide about a file that was checked.

use domain::access::Actor;
use domain::ids::TransferFileId;

use super::TransferFileView;
use crate::{App, Error, Result};

/// Lets a checked file change the inventory. The preparer is refused, whatever the roles.
///
/// `version` is the one that the person looked at; another one is refused as out of date.
pub fn authorise(
    _app: &App,
    _actor: &Actor,
    id: TransferFileId,
    _version: Option<i64>,
) -> Result<TransferFileView> {
    Err(Error::Damaged(format!("nothing authorises {id}")))
}

/// Turns a checked file down, for a reason.
pub fn reject(
    _app: &App,
    _actor: &Actor,
    id: TransferFileId,
    _version: Option<i64>,
    _reason: &str,
) -> Result<TransferFileView> {
    Err(Error::Damaged(format!("nothing rejects {id}")))
}

/// Takes a file back that is not authorised yet, for a reason.
pub fn withdraw(
    _app: &App,
    _actor: &Actor,
    id: TransferFileId,
    _version: Option<i64>,
    _reason: &str,
) -> Result<TransferFileView> {
    Err(Error::Damaged(format!("nothing withdraws {id}")))
}
