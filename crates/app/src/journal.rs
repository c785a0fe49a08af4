//! The journal: one gap-free order of all that happened, each entry bound to the ones before.
//!
//! [`record`] is the only writer. It runs in the transaction of the change that it records, so
//! neither is ever there without the other.

mod event;
pub mod read;
mod redo;
pub mod verify;

use domain::access::Actor;
use domain::ids::{PartyId, UserId};
use domain::journal::{EntryContent, GENESIS, entry_hash};
use jiff::Timestamp;
use store::Tx;
use store::journal::EntryRow;

use crate::Result;

pub use event::{Counts, Event, KINDS};
pub use redo::redo;
pub use verify::{Verdict, verify};

/// Who did it, and for whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct By {
    /// The person; nobody for the system's own work.
    pub actor: Option<UserId>,
    /// The Party that it was done for.
    pub acted_for: Option<PartyId>,
}

impl By {
    /// The system itself: a job, a timer, the local operator's bootstrap.
    pub const SYSTEM: By = By { actor: None, acted_for: None };
}

impl From<&Actor> for By {
    fn from(actor: &Actor) -> By {
        By {
            actor: (actor.user.0 != 0).then_some(actor.user),
            acted_for: actor.acting_for.or(actor.party()),
        }
    }
}

/// Adds an entry for `event` and answers its place.
pub fn record(tx: &mut Tx, at: Timestamp, by: By, event: &Event) -> Result<i64> {
    let (seq, previous) = match store::journal::last(tx)? {
        Some(last) => (last.seq + 1, last.hash),
        None => (1, GENESIS),
    };
    let mut entry = EntryRow {
        seq,
        at,
        actor: by.actor.map(|id| id.0),
        acted_for: by.acted_for.map(|id| id.0),
        subject: event.subject(),
        kind: event.kind(),
        payload: event.payload(),
        previous,
        hash: GENESIS,
    };
    entry.hash = hash_of(&entry);
    store::journal::append(tx, &entry)?;
    crate::idempotency::mark(tx, seq)?;
    Ok(seq)
}

/// The hash that an entry must have after the one before it.
pub fn hash_of(entry: &EntryRow) -> [u8; 32] {
    let content = EntryContent {
        seq: entry.seq,
        at: entry.at.as_microsecond(),
        actor: entry.actor,
        acted_for: entry.acted_for,
        subject: &entry.subject,
        kind: &entry.kind,
        payload: &entry.payload,
    };
    entry_hash(&entry.previous, &content)
}
