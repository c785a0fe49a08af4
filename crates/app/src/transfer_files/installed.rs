//! The queue of hubs that were installed before their file was processed: Finance settles each.

use domain::Refusal;
use domain::access::{Action, Actor};
use domain::refusal::RefusalKind;
use store::transfer_files::{self as rows, InstalledRow};

use super::{InstalledFilter, InstalledItem, Page, Person};
use crate::journal::{By, Event, record};
use crate::{App, Result, versions};

/// The most that one part of the queue holds.
const MOST_ITEMS: u32 = 1_000;
/// The longest note.
const LONGEST_NOTE: usize = 2_000;

/// The queue, oldest first: what follows `cursor`, at most `limit`.
pub fn installed_before(
    app: &App,
    actor: &Actor,
    filter: InstalledFilter,
    cursor: Option<i64>,
    limit: u32,
) -> Result<Page<InstalledItem>> {
    actor.must(Action::SeeInstalledQueue)?;
    let limit = limit.clamp(1, MOST_ITEMS) as usize;
    let is_settled = match filter {
        InstalledFilter::Open => Some(false),
        InstalledFilter::Settled => Some(true),
        InstalledFilter::All => None,
    };
    let mut tx = app.db.read()?;
    let mut found = rows::installed(&mut tx, is_settled, cursor, limit as i64 + 1)?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| has_more).map(|row| row.id);
    Ok(Page { items: found.into_iter().map(item).collect(), next })
}

/// One line of the queue.
pub fn installed_one(app: &App, actor: &Actor, id: i64) -> Result<InstalledItem> {
    actor.must(Action::SeeInstalledQueue)?;
    let row = rows::load_installed(&mut app.db.read()?, id)?;
    Ok(item(row.ok_or_else(|| Refusal::not_found("hub in this queue"))?))
}

impl InstalledItem {
    /// Its version: it changes once, when it is settled.
    pub fn version(&self) -> i64 {
        if self.settled_at.is_none() { 1 } else { 2 }
    }
}

/// Settles one line of the queue with a note on how.
pub fn settle(
    app: &App,
    actor: &Actor,
    id: i64,
    version: Option<i64>,
    note: &str,
) -> Result<InstalledItem> {
    actor.must(Action::SettleInstalledQueue)?;
    let note = given_note(note)?;
    let mut tx = app.db.write()?;
    let at = app.now();
    let missing = || Refusal::not_found("hub in this queue");
    let row = rows::load_installed(&mut tx, id)?.ok_or_else(missing)?;
    versions::must_be(version, item(row).version())?;
    if !rows::settle(&mut tx, id, actor.user, &note, at)? {
        let message = "Somebody has settled this line already.";
        return Err(Refusal::new(RefusalKind::WrongState, message).into());
    }
    record(&mut tx, at, By::from(actor), &Event::InstalledBeforeSettled { item: id, note })?;
    let settled = rows::load_installed(&mut tx, id)?.ok_or_else(missing)?;
    tx.commit()?;
    Ok(item(settled))
}

fn given_note(note: &str) -> Result<String> {
    let note = note.trim();
    if note.is_empty() {
        return Err(Refusal::field("note", "Say how this was settled.").into());
    }
    if note.chars().count() > LONGEST_NOTE {
        let message = format!("Shorten the note to {LONGEST_NOTE} characters.");
        return Err(Refusal::field("note", message).into());
    }
    Ok(note.to_owned())
}

fn item(row: InstalledRow) -> InstalledItem {
    let (settled_at, settled_by, note) = match row.settled {
        Some(settled) => {
            let by = Person { id: settled.by, name: settled.by_name };
            (Some(settled.at), Some(by), Some(settled.note))
        }
        None => (None, None, None),
    };
    InstalledItem {
        id: row.id,
        transfer_file: row.transfer_file,
        line: row.line,
        hub: row.hub,
        status: row.status,
        status_since: row.status_at,
        from_party: row.from_party,
        from_reference: row.from_reference,
        to_party: row.to_party,
        to_reference: row.to_reference,
        noted_at: row.noted_at,
        settled_at,
        settled_by,
        note,
    }
}
