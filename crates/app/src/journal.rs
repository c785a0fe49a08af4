//! The journal: one gap-free order of all that happened, each entry bound to the ones before.
//!
//! [`enact`] and [`record`] are the only writers. They run in the transaction of the change that is
//! recorded, so neither is ever there without the other.

mod event;
mod names;
pub mod read;
mod redo;
pub mod verify;

use domain::access::Actor;
use domain::ids::{PartyId, UserId};
use domain::journal::{EntryContent, GENESIS, entry_hash};
use jiff::Timestamp;
use store::Tx;
use store::journal::EntryRow;

use crate::{App, Result};

pub use event::{Counts, Event, Given, KINDS, Match};
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

/// Does what `event` says and adds its entry: the operation and a rebuilding from the journal take
/// the same way, so they cannot differ. Answers the entry's place.
pub fn enact(tx: &mut Tx, app: &App, by: By, event: &Event) -> Result<i64> {
    let entry = append(tx, app.now(), by, event)?;
    redo(tx, app, &entry, event)?;
    Ok(entry.seq)
}

/// Adds an entry for `event`, which the caller has done, and answers its place.
pub fn record(tx: &mut Tx, at: Timestamp, by: By, event: &Event) -> Result<i64> {
    Ok(append(tx, at, by, event)?.seq)
}

fn append(tx: &mut Tx, at: Timestamp, by: By, event: &Event) -> Result<EntryRow> {
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
    Ok(entry)
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
