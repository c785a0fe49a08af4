//! The one transaction in which a file changes the inventory.

use crate::jobs::Run;
use crate::{Error, Result};

/// The job: checks each line again and moves the hubs of those that may.
pub fn apply(run: &Run<'_>) -> Result<()> {
    Err(Error::Damaged(format!("nothing applies {}", run.subject)))
}
