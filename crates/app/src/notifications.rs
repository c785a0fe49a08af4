//! Telling people: notices in the portal, e-mails, and how each person wants to be told.
//!
//! A job reads the journal from where it stopped and writes notices and e-mails of what
//! `domain::notifications` says, in one transaction with its new place: told once, whatever
//! happens. Another job takes the e-mails from the outbox to a mail server, at least once, under a
//! `Message-ID` that stays the same, so that a duplicate is recognised.

mod digest;
mod facts;
mod mail;
mod outbox;
mod send;
mod server;
mod tell;
mod words;

use std::sync::Arc;

use domain::Refusal;
use domain::access::{Action, Actor};
use domain::ids::{MessageId, NoticeId, UserId};
use domain::notifications::{Delivery, MessageKind};
use jiff::Timestamp;
use store::Tx;
use store::notifications as rows;

use crate::jobs::{JobKind, enqueue};
use crate::journal::{By, Event, enact};
use crate::pages::Part;
use crate::{App, Error, Result, settings, versions};

pub use facts::Facts;
pub use mail::{Letter, letter};
pub(crate) use mail::{Link, link_message};
pub use outbox::{MailState, Message, Messages, message, messages, retry, state};
pub use send::send;
pub use server::{Server, Unreachable};
pub use store::notifications::{MessageState, NoticeRow};
pub use tell::{tell, tell_all};
pub use words::{Block, Words, words};

/// Unread notices that are counted; more are "99 and more".
pub const MOST_COUNTED: i64 = 100;
/// Where the reader of the journal keeps how far it is.
const JOURNAL: &str = "journal";
/// Where the digest keeps the last time that it was due.
const DIGEST: &str = "digest";
/// Where it is kept when the mail server is tried again.
const SERVER: &str = "mail-server";

/// How this process sends e-mails.
#[derive(Clone)]
pub struct Mail {
    /// The address that people use, without a slash at the end: what links begin with.
    pub public_url: Arc<str>,
    /// Where e-mails go.
    pub way: Way,
}

/// Where e-mails go.
#[derive(Clone)]
pub enum Way {
    /// Nowhere from here: they wait in the outbox for a process that has a server.
    Outbox,
    /// Nowhere: a page shows them, as in the demonstration.
    Page,
    /// To this server.
    Server(Arc<Server>),
}

impl Mail {
    /// As it is where nothing was set.
    pub fn none() -> Mail {
        Mail { public_url: "http://localhost:8140".into(), way: Way::Outbox }
    }

    /// Whether e-mails leave this process.
    pub fn is_sent(&self) -> bool {
        matches!(self.way, Way::Server(_))
    }
}

/// Part of a person's notices, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notices {
    /// This part.
    pub items: Vec<NoticeRow>,
    /// The cursor for the next part; none at the end.
    pub next: Option<i64>,
    /// How many are not read, at most [`MOST_COUNTED`].
    pub unread: i64,
}

fn whose(actor: &Actor) -> (UserId, i64) {
    (actor.user, actor.organisation.number())
}

/// What a person was told as a member of the organisation that they act for, and what is about
/// their own account.
pub fn notices(app: &App, actor: &Actor, only_unread: bool, part: Part) -> Result<Notices> {
    let mut tx = app.db.read()?;
    let mut items = rows::notices(&mut tx, whose(actor), only_unread, part.before, part.rows())?;
    let next = part.cut(&mut items, |notice| notice.id.0);
    let (user, organisation) = whose(actor);
    let unread = rows::unread(&mut tx, user, organisation, MOST_COUNTED)?;
    Ok(Notices { items, next, unread })
}

/// How many notices a person has not read, at most [`MOST_COUNTED`].
pub fn unread(tx: &mut Tx, actor: &Actor) -> Result<i64> {
    let (user, organisation) = whose(actor);
    Ok(rows::unread(tx, user, organisation, MOST_COUNTED)?)
}

/// Notes that a notice was read and answers it. Reading one's own notices changes nothing that
/// anybody else could see, so it has no entry in the journal.
pub fn read(app: &App, actor: &Actor, id: NoticeId) -> Result<NoticeRow> {
    actor.must(Action::ReadNotices)?;
    let missing = || Refusal::not_found("notice");
    let notice = rows::notice_of(&mut app.db.read()?, id)?.ok_or_else(missing)?;
    let (user, organisation) = whose(actor);
    if notice.user != user || notice.organisation.is_some_and(|of| of != organisation) {
        return Err(missing().into());
    }
    if notice.read_at.is_some() {
        return Ok(notice);
    }
    let now = app.now();
    let mut tx = app.db.write()?;
    rows::read(&mut tx, id, now)?;
    tx.commit()?;
    Ok(NoticeRow { read_at: Some(now), ..notice })
}

/// Notes that all notices up to this one were read, and answers how many had not been.
pub fn read_all(app: &App, actor: &Actor, last: NoticeId) -> Result<u64> {
    actor.must(Action::ReadNotices)?;
    let mut tx = app.db.write()?;
    let read = rows::read_all(&mut tx, whose(actor), last, app.now())?;
    tx.commit()?;
    Ok(read)
}

/// How a person is told of one kind of thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What.
    pub kind: MessageKind,
    /// How.
    pub delivery: Delivery,
    /// Whether the person chose that.
    pub is_chosen: bool,
}

/// How a person is told of everything that their roles can bring them.
pub fn choices(app: &App, actor: &Actor) -> Result<Vec<Choice>> {
    let chosen = rows::choices(&mut app.db.read()?, actor.user)?;
    Ok(mine(actor, &chosen))
}

fn mine(actor: &Actor, chosen: &[(String, Delivery)]) -> Vec<Choice> {
    let mine = MessageKind::ALL.iter().filter(|kind| concerns(actor, **kind));
    mine.map(|kind| choice(chosen, *kind)).collect()
}

fn choice(chosen: &[(String, Delivery)], kind: MessageKind) -> Choice {
    let chosen = chosen.iter().find(|(word, _)| word == kind.word()).map(|(_, how)| *how);
    Choice { kind, delivery: kind.delivery(chosen), is_chosen: chosen.is_some() }
}

/// The version of all of a person's choices.
pub fn version_of(choices: &[Choice]) -> i64 {
    versions::of(choices)
}

impl Choice {
    /// The version of this choice.
    pub fn version(&self) -> i64 {
        versions::of(self)
    }
}

/// Whether this person can be told such a thing, as far as their roles say.
fn concerns(actor: &Actor, kind: MessageKind) -> bool {
    use domain::access::Action::{LoadInventory, PrepareTransferFile, RunDeliveryReport};
    use domain::notifications::{Person, Told};
    let may = |action| actor.reach(action) != domain::access::Reach::Nothing;
    let told = kind.row().rules.iter().flat_map(|rule| rule.told);
    let mut told = told.map(|told| match told {
        Told::Person(Person::Holder) => true,
        Told::Person(Person::Preparer) => may(PrepareTransferFile) || may(LoadInventory),
        Told::Person(Person::Authoriser) => may(Action::AuthoriseTransferFile),
        Told::Person(Person::Asker) => may(RunDeliveryReport),
        Told::Person(Person::Saver) => may(Action::ManageRequests),
        Told::Centre(roles) | Told::Party(_, roles) | Told::EveryHolder(roles) => {
            roles.iter().any(|role| actor.roles.contains(role))
        }
    });
    told.any(|concerned| concerned)
}

/// A person chooses how to be told of one kind of thing.
pub fn choose(
    app: &App,
    actor: &Actor,
    kind: MessageKind,
    version: Option<i64>,
    delivery: Delivery,
) -> Result<Vec<Choice>> {
    let seen = version.map(|version| Seen::One(kind, version));
    change_choices(app, actor, seen, &[(kind, delivery)])
}

/// A person chooses how to be told of several kinds of things. What stays as it is, is no change.
pub fn choose_all(
    app: &App,
    actor: &Actor,
    version: Option<i64>,
    wanted: &[(MessageKind, Delivery)],
) -> Result<Vec<Choice>> {
    change_choices(app, actor, version.map(Seen::All), wanted)
}

/// Of what a person saw the version.
enum Seen {
    /// Of one choice.
    One(MessageKind, i64),
    /// Of all of them.
    All(i64),
}

fn change_choices(
    app: &App,
    actor: &Actor,
    seen: Option<Seen>,
    wanted: &[(MessageKind, Delivery)],
) -> Result<Vec<Choice>> {
    actor.must(Action::ReadNotices)?;
    if actor.user.0 == 0 {
        return Err(Refusal::not_found("person").into());
    }
    for (kind, delivery) in wanted {
        allowed(*kind, *delivery)?;
    }
    let mut tx = app.db.write()?;
    let chosen = rows::choices(&mut tx, actor.user)?;
    match seen {
        Some(Seen::One(kind, version)) => {
            versions::must_be(Some(version), choice(&chosen, kind).version())?;
        }
        Some(Seen::All(version)) => {
            versions::must_be(Some(version), version_of(&mine(actor, &chosen)))?;
        }
        None => {}
    }
    for (kind, delivery) in wanted {
        let before = chosen.iter().find(|(word, _)| word == kind.word()).map(|(_, how)| *how);
        if kind.delivery(before) != *delivery {
            enact(&mut tx, app, By::from(actor), &chosen_event(actor.user, *kind, *delivery))?;
        }
    }
    tx.commit()?;
    choices(app, actor)
}

fn allowed(kind: MessageKind, delivery: Delivery) -> Result<()> {
    if kind.allows(delivery) {
        return Ok(());
    }
    let name = kind.row().name;
    let message = format!(
        "The process requires the email “{name}”, so it cannot be turned off. You can have it in \
         the daily digest."
    );
    Err(Refusal::field("delivery", message).into())
}

fn chosen_event(user: UserId, kind: MessageKind, delivery: Delivery) -> Event {
    let (kind, delivery) = (kind.word().to_owned(), delivery.word().to_owned());
    Event::NotificationChosen { user: user.0, kind, delivery }
}

/// What the link at the end of an e-mail turns off: for whom it is, and which kind.
pub fn unsubscribing(app: &App, secret: &str) -> Result<(UserId, MessageKind)> {
    let hash = crate::sign_in::hash_of(secret);
    let found = rows::unsubscribed(&mut app.db.read()?, hash)?;
    let found = found.and_then(|(user, kind)| Some((user, MessageKind::from_word(&kind)?)));
    Ok(found.ok_or_else(|| {
        let text = "This link does not work. Sign in and choose under “Your account”.";
        Refusal::new(domain::refusal::RefusalKind::NotFound, text)
    })?)
}

/// Turns off the kind of e-mail that a link came with. The link is its holder's proof; it can do
/// nothing else, and doing it twice is as doing it once.
pub fn unsubscribe(app: &App, secret: &str) -> Result<MessageKind> {
    let (user, kind) = unsubscribing(app, secret)?;
    allowed(kind, Delivery::Off)?;
    let mut tx = app.db.write()?;
    let chosen = rows::choices(&mut tx, user)?;
    let before = chosen.iter().find(|(word, _)| word == kind.word()).map(|(_, how)| *how);
    if kind.delivery(before) != Delivery::Off {
        let by = By { actor: Some(user), acted_for: None };
        enact(&mut tx, app, by, &chosen_event(user, kind, Delivery::Off))?;
    }
    tx.commit()?;
    Ok(kind)
}

/// Does an entry of this capability again.
pub fn redo(tx: &mut Tx, at: Timestamp, event: &Event) -> Result<()> {
    match event {
        Event::NotificationChosen { user, kind, delivery } => {
            let damaged = || Error::Damaged(format!("{delivery:?} is no way to be told"));
            let delivery = Delivery::from_word(delivery).ok_or_else(damaged)?;
            rows::choose(tx, UserId(*user), kind, delivery)?;
        }
        // The outbox is not rebuilt, so there may be nothing to do it to.
        Event::MailRetried { message } => {
            rows::retry(tx, MessageId(*message), at)?;
        }
        _ => {}
    }
    Ok(())
}

/// Puts the jobs in the queue that there is something for. Cheap when there is nothing.
pub fn pass(app: &App) -> Result<()> {
    let now = app.now();
    let mut tx = app.db.read()?;
    let place = rows::place(&mut tx, JOURNAL)?.unwrap_or_default();
    let last = store::journal::last(&mut tx)?.map_or(0, |entry| entry.seq);
    let mut wanted = Vec::new();
    if last > place.place || digest::is_due(&mut tx, now)? {
        wanted.push(JobKind::TellPeople);
    }
    if send::has_something_to_do(app, &mut tx, now)? {
        wanted.push(JobKind::SendMail);
    }
    let mut open = |kind: &JobKind| -> Result<bool> {
        let newest = store::jobs::newest(&mut tx, kind.word(), 0)?;
        Ok(newest.is_some_and(|job| job.state == "ready" || job.state == "running"))
    };
    let mut missing = Vec::new();
    for kind in wanted {
        if !open(&kind)? {
            missing.push(kind);
        }
    }
    drop(tx);
    if missing.is_empty() {
        return Ok(());
    }
    let mut tx = app.db.write()?;
    for kind in missing {
        enqueue(&mut tx, kind, 0, now)?;
    }
    tx.commit()?;
    app.bell.ring();
    Ok(())
}

/// Days that an e-mail waits before it is given up.
fn give_up_days(tx: &mut Tx) -> Result<i64> {
    settings::number_of(tx, &settings::MAIL_GIVE_UP_DAYS)
}
