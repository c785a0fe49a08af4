//! The queue of hubs that were installed before their file was processed: Finance settles each.

use domain::access::Actor;

use super::{InstalledFilter, InstalledItem, Page};
use crate::{App, Error, Result};

/// The queue, oldest first: what follows `cursor`, at most `limit`.
pub fn installed_before(
    _app: &App,
    _actor: &Actor,
    _filter: InstalledFilter,
    _cursor: Option<i64>,
    _limit: u32,
) -> Result<Page<InstalledItem>> {
    Err(Error::Damaged("nothing lists".into()))
}

/// Settles one line of the queue with a note on how.
pub fn settle(_app: &App, _actor: &Actor, id: i64, _note: &str) -> Result<InstalledItem> {
    Err(Error::Damaged(format!("nothing settles {id}")))
}
