//! The job that takes e-mails from the outbox to the mail server.
//!
//! At least once, in their order: each is claimed, sent outside any transaction, and then noted. A
//! process that ends between sending and noting leaves a claim that runs out; the e-mail is sent
//! again, byte for byte the same, under the same `Message-ID`.

use domain::ids::MessageId;
use jiff::{SignedDuration, Timestamp};
use store::Tx;
use store::notifications::{self as rows, MessageRow, MessageState, Place};

use super::server::{Attempt, Connection, Server};
use super::{SERVER, Way, give_up_days, mail};
use crate::jobs::Run;
use crate::{App, Result};

/// How long one e-mail may take: longer than the server may, answer by answer.
const CLAIM: SignedDuration = SignedDuration::from_mins(4);
/// Connections that may break in a row before the server counts as away.
const MOST_BROKEN: u32 = 3;

/// Sends what is due.
pub fn send(run: &Run<'_>) -> Result<()> {
    match &run.app.mail.way {
        Way::Outbox => Ok(()),
        Way::Page => show(run.app),
        Way::Server(server) => send_to(run, server),
    }
}

/// Whether there is an e-mail that this process could send now.
pub(super) fn has_something_to_do(app: &App, tx: &mut Tx, now: Timestamp) -> Result<bool> {
    if matches!(app.mail.way, Way::Outbox) {
        return Ok(false);
    }
    if rows::place(tx, SERVER)?.is_some_and(|server| server.place > now.as_microsecond()) {
        return Ok(false);
    }
    Ok(rows::next_waiting(tx, MessageId(0), now)?.is_some())
}

/// The demonstration sends nothing: all that waits is shown.
fn show(app: &App) -> Result<()> {
    let mut tx = app.db.write()?;
    rows::show_all(&mut tx)?;
    Ok(tx.commit()?)
}

fn send_to(run: &Run<'_>, server: &Server) -> Result<()> {
    let app = run.app;
    let (mut open, mut broken, mut after) = (None::<Connection>, 0, MessageId(0));
    loop {
        let now = app.now();
        let mut tx = app.db.read()?;
        let away = rows::place(&mut tx, SERVER)?.unwrap_or_default();
        let next = rows::next_waiting(&mut tx, after, now)?;
        drop(tx);
        let Some(id) = next.filter(|_| away.place <= now.as_microsecond()) else { break };
        after = id;
        let connection = match open.take().filter(Connection::is_open) {
            Some(connection) => connection,
            None => match server.connect() {
                Ok(connection) => connection,
                Err(unreachable) => {
                    return is_away(app, &unreachable.0);
                }
            },
        };
        let connection = open.insert(connection);
        let Some(message) = claim(run, id)? else { continue };
        let (envelope, bytes) = match server.written(&message) {
            Ok(written) => written,
            Err(error) => {
                note(app, id, MessageState::Refused, &error.to_string())?;
                continue;
            }
        };
        let attempt = connection.send(&envelope, &bytes);
        broken = if matches!(attempt, Attempt::Broken(_)) { broken + 1 } else { 0 };
        match attempt {
            Attempt::Taken(said) => {
                note(app, id, MessageState::Sent, &said)?;
                if away.failures > 0 {
                    is_back(app)?;
                }
            }
            Attempt::Refused(said) => note(app, id, MessageState::Refused, &said)?,
            Attempt::Closing(said) => {
                again(app, id, &said, app.now())?;
                return is_away(app, &said);
            }
            Attempt::Broken(said) if broken >= MOST_BROKEN => {
                again(app, id, &said, app.now())?;
                return is_away(app, &said);
            }
            Attempt::Later(said) | Attempt::Broken(said) => {
                again(app, id, &said, app.now() + pause(message.attempts))?;
            }
        }
    }
    if let Some(connection) = open {
        connection.close();
    }
    Ok(())
}

/// Takes an e-mail, if it is still to be sent: not when its person may no longer get it, when it
/// has waited too long, or when it is no longer what it was.
fn claim(run: &Run<'_>, id: MessageId) -> Result<Option<MessageRow>> {
    let app = run.app;
    let now = app.now();
    let mut tx = app.db.write()?;
    let Some(message) = rows::message(&mut tx, id)? else { return Ok(None) };
    let longest = SignedDuration::from_hours(24 * give_up_days(&mut tx)?);
    let hash = mail::content_hash(&message.address, &message.title, &message.text, &message.html);
    let ends = if !message.is_wanted {
        let why = "The person cannot sign in any more, or has left the organisation.";
        Some((MessageState::Cancelled, why))
    } else if message.queued_at + longest < now {
        Some((MessageState::GivenUp, "It waited longer than the setting mail.give_up_days says."))
    } else if hash != message.content_hash {
        Some((MessageState::Refused, "It is no longer what it was when it was made."))
    } else {
        None
    };
    if let Some((state, why)) = ends {
        rows::end(&mut tx, id, state, why, now)?;
        tx.commit()?;
        return Ok(None);
    }
    let claimed = rows::claim(&mut tx, id, now, now + CLAIM)?;
    run.hold(&mut tx, CLAIM)?;
    tx.commit()?;
    let attempts = message.attempts + 1;
    Ok(claimed.then_some(MessageRow { attempts, ..message }))
}

fn note(app: &App, id: MessageId, state: MessageState, said: &str) -> Result<()> {
    let mut tx = app.db.write()?;
    rows::end(&mut tx, id, state, said, app.now())?;
    tx.commit()?;
    if state == MessageState::Refused {
        tracing::warn!(message = %id, answer = said, "an e-mail was refused");
    }
    Ok(())
}

fn again(app: &App, id: MessageId, said: &str, at: Timestamp) -> Result<()> {
    let mut tx = app.db.write()?;
    rows::attempted(&mut tx, id, said, at)?;
    Ok(tx.commit()?)
}

/// One minute after the first attempt, then twice as long each time, at most an hour.
fn pause(attempts: i64) -> SignedDuration {
    let doubled = u32::try_from(attempts.clamp(1, 7) - 1).unwrap_or(0);
    SignedDuration::from_mins((1_i64 << doubled).min(60))
}

/// The server is tried again after half a minute, then after twice as long each time, at most a
/// quarter of an hour. All e-mails wait for it, so that they go out in their order.
fn is_away(app: &App, why: &str) -> Result<()> {
    let mut tx = app.db.write()?;
    let failures = rows::place(&mut tx, SERVER)?.map_or(0, |server| server.failures) + 1;
    let doubled = u32::try_from(failures.clamp(1, 6) - 1).unwrap_or(0);
    let pause = SignedDuration::from_secs((30_i64 << doubled).min(900));
    let next = (app.now() + pause).as_microsecond();
    let problem = Some(why.to_owned());
    rows::put_place(&mut tx, SERVER, &Place { place: next, failures, problem })?;
    tx.commit()?;
    tracing::warn!(failures, why, "the mail server is away; e-mails wait");
    Ok(())
}

fn is_back(app: &App) -> Result<()> {
    let mut tx = app.db.write()?;
    rows::put_place(&mut tx, SERVER, &Place::default())?;
    Ok(tx.commit()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let minutes: Vec<i64> = [1, 2, 3, 6, 7, 50].map(|n| pause(n).as_mins()).to_vec();
        assert_eq!(minutes, [1, 2, 4, 32, 60, 60]);
    }
}
