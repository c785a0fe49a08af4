//! The daily digest: what was kept for it, in one e-mail for each person and organisation.

use domain::ids::MessageId;
use domain::notifications::MessageKind;
use jiff::{Timestamp, civil};
use store::Tx;
use store::notifications::{self as rows, ForDigest, Place, Recipient};

use super::facts::{Facts, day};
use super::{DIGEST, mail, words};
use crate::{App, Error, Result, settings};

/// Notices that are looked at in one go.
const NOTICES: i64 = 2_000;
/// Notices that one e-mail names; of more it says how many.
const NAMED: usize = 100;

/// The last time at which the digest was due; none where it is off.
fn due(tx: &mut Tx, now: Timestamp) -> Result<Option<Timestamp>> {
    let value = settings::text(tx, &settings::MAIL_DIGEST_AT)?;
    if value == "off" {
        return Ok(None);
    }
    let time: civil::Time = value
        .parse()
        .map_err(|_| Error::Damaged(format!("the setting mail.digest_at is {value:?}")))?;
    let today = domain::timers::british_day(now);
    let at = |day: civil::Date| {
        let there = day.to_datetime(time).in_tz("Europe/London");
        there.expect("the time zone database is part of the program").timestamp()
    };
    let yesterday = today.saturating_sub(jiff::Span::new().days(1));
    Ok(Some(if at(today) <= now { at(today) } else { at(yesterday) }))
}

/// Whether there is a digest to send, or a first time to note.
pub(super) fn is_due(tx: &mut Tx, now: Timestamp) -> Result<bool> {
    let Some(due) = due(tx, now)? else { return Ok(false) };
    let done = rows::place(tx, DIGEST)?;
    Ok(done.is_none_or(|done| done.place < due.as_microsecond()))
}

/// Makes some of the e-mails of a digest that is due. False when there is nothing left to do.
pub(super) fn some(app: &App) -> Result<bool> {
    let now = app.now();
    let mut tx = app.db.read()?;
    if !is_due(&mut tx, now)? {
        return Ok(false);
    }
    drop(tx);
    let mut tx = app.db.write()?;
    let Some(due) = due(&mut tx, now)? else { return Ok(false) };
    let next = Place { place: due.as_microsecond(), ..Place::default() };
    if rows::place(&mut tx, DIGEST)?.is_some_and(|done| done.place >= next.place) {
        return Ok(false);
    }
    let mut waiting = rows::for_digest(&mut tx, due, NOTICES)?;
    let is_all = (waiting.len() as i64) < NOTICES;
    if !is_all {
        leave_the_last(&mut waiting);
    }
    for group in waiting.chunk_by(|a, b| whose(a) == whose(b)) {
        send(app, &mut tx, due, group)?;
    }
    if is_all {
        rows::drop_from_digest(&mut tx, due)?;
        rows::put_place(&mut tx, DIGEST, &next)?;
    }
    tx.commit()?;
    Ok(!is_all)
}

fn whose(of: &ForDigest) -> (domain::ids::UserId, Option<i64>) {
    (of.notice.user, of.notice.organisation)
}

/// The last person's notices may not all be there: they wait for the next go, unless they are all
/// that there is.
fn leave_the_last(waiting: &mut Vec<ForDigest>) {
    let Some(last) = waiting.last().map(whose) else { return };
    let whole = waiting.iter().position(|of| whose(of) == last).unwrap_or(0);
    if whole > 0 {
        waiting.truncate(whole);
    }
}

fn send(app: &App, tx: &mut Tx, due: Timestamp, group: &[ForDigest]) -> Result<()> {
    let Some(first) = group.first() else { return Ok(()) };
    let item = |of: &ForDigest| (of.notice.title.clone(), of.notice.path.clone());
    let entry = group.iter().map(|of| of.entry).max().unwrap_or(0);
    let organisation = first.notice.organisation;
    let about =
        format!("digest-{}-{}", domain::timers::british_day(due), organisation.unwrap_or(-1));
    let facts = Facts {
        about,
        number: group.len() as u64,
        moved: group.len().saturating_sub(NAMED) as u64,
        day: day(due),
        items: group.iter().take(NAMED).map(item).collect(),
        ..Facts::default()
    };
    let hash = store::journal::entry_at(tx, entry)?.map_or([0; 32], |entry| entry.hash);
    let to = Recipient {
        user: first.notice.user,
        address: first.address.clone(),
        organisation,
        chosen: None,
    };
    let source = mail::Source { entry, hash, at: due, about: &facts.about };
    let kind = MessageKind::DailyDigest;
    let message = mail::message(app, &source, kind, &to, &words(kind, &facts)?)?;
    let id: MessageId = rows::insert_messages(tx, &[message])?;
    let notices: Vec<_> = group.iter().map(|of| of.notice.id).collect();
    rows::digested(tx, &notices, id)?;
    Ok(())
}
