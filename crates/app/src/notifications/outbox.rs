//! Looking at e-mails that were sent or wait, and having one sent again.

use domain::Refusal;
use domain::access::{Action, Actor};
use domain::ids::{MessageId, UserId};
use domain::refusal::RefusalKind;
use jiff::Timestamp;
use store::Tx;
use store::notifications::{self as rows, MessageFilter, MessageRow, MessageState};

use super::mail::SECRET;
use super::{SERVER, Way};
use crate::journal::{By, Event, enact};
use crate::pages::Part;
use crate::{App, Result};

/// An e-mail as whoever may see it sees it: its secret is only its recipient's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its number.
    pub id: MessageId,
    /// Whom.
    pub user: UserId,
    /// The person's name.
    pub user_name: String,
    /// Where to.
    pub address: String,
    /// Its kind.
    pub kind: String,
    /// What it is about.
    pub about: String,
    /// The entry of the journal that it is of.
    pub entry: i64,
    /// Its subject line.
    pub title: String,
    /// Its text, without its secret.
    pub text: String,
    /// The same as HTML, without its secret.
    pub html: String,
    /// What tells it from all others.
    pub message_id: String,
    /// What became of it.
    pub state: MessageState,
    /// How often it was tried.
    pub attempts: i64,
    /// When what it tells of happened.
    pub made_at: Timestamp,
    /// When it is tried next, while it waits.
    pub next_attempt_at: Option<Timestamp>,
    /// When it was sent, or given up.
    pub ended_at: Option<Timestamp>,
    /// What the mail server last said.
    pub answer: Option<String>,
}

impl Message {
    /// Whether it can be sent again.
    pub fn can_retry(&self) -> bool {
        matches!(self.state, MessageState::Refused | MessageState::GivenUp)
    }
}

fn shown(row: MessageRow) -> Message {
    let hidden = |text: &str| text.replace(SECRET, "…");
    Message {
        id: row.id,
        user: row.user,
        user_name: row.user_name,
        address: row.address,
        kind: row.kind,
        about: row.about,
        entry: row.entry,
        title: row.title,
        text: hidden(&row.text),
        html: hidden(&row.html),
        message_id: row.message_id,
        state: row.state,
        attempts: row.attempts,
        made_at: row.made_at,
        next_attempt_at: (row.state == MessageState::Waiting).then_some(row.next_attempt_at),
        ended_at: row.ended_at,
        answer: row.answer,
    }
}

/// Part of the list of e-mails, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Messages {
    /// This part.
    pub items: Vec<Message>,
    /// The cursor for the next part; none at the end.
    pub next: Option<i64>,
}

/// How the outbox is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailState {
    /// Whether this process has a server to send to.
    pub has_server: bool,
    /// How many e-mails wait.
    pub waiting: i64,
    /// Since when the oldest waits.
    pub since: Option<Timestamp>,
    /// Why the mail server could not be reached when it was last tried; nothing if it could.
    pub problem: Option<String>,
    /// When it is tried again.
    pub again_at: Option<Timestamp>,
}

/// How the outbox is, for whoever may see all e-mails.
pub fn state(app: &App, actor: &Actor) -> Result<MailState> {
    actor.must(Action::SeeMail)?;
    let mut tx = app.db.read()?;
    let (waiting, since) = rows::waiting(&mut tx)?;
    let server = rows::place(&mut tx, SERVER)?.filter(|server| server.failures > 0);
    let again = server.as_ref().map(|server| Timestamp::from_microsecond(server.place));
    Ok(MailState {
        has_server: matches!(app.mail.way, Way::Server(_)),
        waiting,
        since,
        problem: server.and_then(|server| server.problem),
        again_at: again.and_then(std::result::Result::ok),
    })
}

/// E-mails, newest first: all for whoever may see them, otherwise those to the person.
pub fn messages(
    app: &App,
    actor: &Actor,
    state: Option<MessageState>,
    part: Part,
) -> Result<Messages> {
    let filter = MessageFilter { state, to: (!sees_all(actor)).then(|| own(actor)) };
    let mut tx = app.db.read()?;
    let mut items = rows::messages(&mut tx, &filter, part.before, part.rows())?;
    let next = part.cut(&mut items, |message| message.id.0);
    Ok(Messages { items: items.into_iter().map(shown).collect(), next })
}

fn sees_all(actor: &Actor) -> bool {
    actor.must(Action::SeeMail).is_ok()
}

fn own(actor: &Actor) -> (UserId, i64) {
    (actor.user, actor.organisation.number())
}

/// One e-mail.
pub fn message(app: &App, actor: &Actor, id: MessageId) -> Result<Message> {
    load(&mut app.db.read()?, actor, id)
}

fn load(tx: &mut Tx, actor: &Actor, id: MessageId) -> Result<Message> {
    let (user, organisation) = own(actor);
    let is_own =
        |row: &MessageRow| row.user == user && row.organisation.is_none_or(|of| of == organisation);
    let found = rows::message(tx, id)?.filter(|row| sees_all(actor) || is_own(row));
    Ok(shown(found.ok_or_else(|| Refusal::not_found("email"))?))
}

/// Has an e-mail that was refused or given up sent again, the same as it was.
pub fn retry(app: &App, actor: &Actor, id: MessageId) -> Result<Message> {
    actor.must(Action::RetryMail)?;
    let mut tx = app.db.write()?;
    let message = load(&mut tx, actor, id)?;
    if !message.can_retry() {
        let text = "Only an email that was refused or given up can be sent again.";
        return Err(Refusal::new(RefusalKind::WrongState, text).into());
    }
    enact(&mut tx, app, By::from(actor), &Event::MailRetried { message: id.0 })?;
    let after = load(&mut tx, actor, id)?;
    tx.commit()?;
    app.bell.ring();
    Ok(after)
}
