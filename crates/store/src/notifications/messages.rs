//! The outbox: e-mails that wait, and what became of the others.

use domain::ids::{MessageId, UserId};
use domain::notifications::MessageKind;
use jiff::Timestamp;

use super::{ROWS, places};
use crate::error::Result;
use crate::value::Row;
use crate::{Tx, Value, args};

/// What became of an e-mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageState {
    /// It waits to be sent.
    Waiting,
    /// A mail server has taken it.
    Sent,
    /// It is shown on a page instead of being sent, as the demonstration does.
    Shown,
    /// A mail server will not take it, whatever happens.
    Refused,
    /// It waited too long.
    GivenUp,
    /// Its person may no longer get it.
    Cancelled,
}

impl MessageState {
    /// All of them.
    pub const ALL: &[MessageState] = &[
        MessageState::Waiting,
        MessageState::Sent,
        MessageState::Shown,
        MessageState::Refused,
        MessageState::GivenUp,
        MessageState::Cancelled,
    ];

    /// As the database and the API spell it.
    pub fn name(self) -> &'static str {
        match self {
            MessageState::Waiting => "Waiting",
            MessageState::Sent => "Sent",
            MessageState::Shown => "Shown",
            MessageState::Refused => "Refused",
            MessageState::GivenUp => "GivenUp",
            MessageState::Cancelled => "Cancelled",
        }
    }

    /// The state of this name.
    pub fn from_name(name: &str) -> Option<MessageState> {
        Self::ALL.iter().copied().find(|state| state.name() == name)
    }
}

/// An e-mail to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMessage {
    /// The entry of the journal that it is of.
    pub entry: i64,
    /// Whom.
    pub user: UserId,
    /// As a member of which organisation; none where it is about the person.
    pub organisation: Option<i64>,
    /// Its kind.
    pub kind: MessageKind,
    /// What it is about.
    pub about: String,
    /// Where to.
    pub address: String,
    /// Its subject line.
    pub title: String,
    /// Its text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// The SHA-256 of address, subject, text and HTML.
    pub content_hash: [u8; 32],
    /// What tells it from all others, wherever it is.
    pub message_id: String,
    /// What stands for `{secret}` in it.
    pub secret: Option<String>,
    /// The SHA-256 of the secret with which its kind can be turned off.
    pub unsubscribe: Option<[u8; 32]>,
    /// When what it tells of happened.
    pub made_at: Timestamp,
    /// When it was put in the outbox.
    pub queued_at: Timestamp,
}

/// Keeps e-mails; one that is there already stays as it is. Answers the number of the first.
pub fn insert_messages(tx: &mut Tx, new: &[NewMessage]) -> Result<MessageId> {
    let first = tx.next_id("messages")?;
    let mut id = first;
    for part in new.chunks(ROWS) {
        let mut values = Vec::with_capacity(part.len() * 19);
        for m in part {
            values.extend_from_slice(args![
                id,
                m.entry,
                m.user,
                m.organisation,
                m.kind.word(),
                &m.about,
                &m.address,
                &m.title,
                &m.text,
                &m.html,
                m.content_hash,
                &m.message_id,
                m.secret.clone(),
                m.unsubscribe,
                "Waiting",
                0_i64,
                m.made_at,
                m.queued_at,
                m.queued_at,
            ]);
            id += 1;
        }
        let sql = format!(
            "INSERT INTO messages (id, entry, user_id, organisation, kind, about, address, title,
                 text, html, content_hash, message_id, secret, unsubscribe, state, attempts, made_at,
                 queued_at, next_attempt_at)
             VALUES {} ON CONFLICT (entry, user_id, kind, about) DO NOTHING",
            places(part.len(), 19)
        );
        tx.exec(&sql, &values)?;
    }
    Ok(MessageId(first))
}

/// An e-mail as it stands in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRow {
    /// Its number.
    pub id: MessageId,
    /// The entry of the journal that it is of.
    pub entry: i64,
    /// Whom.
    pub user: UserId,
    /// The person's name.
    pub user_name: String,
    /// As a member of which organisation.
    pub organisation: Option<i64>,
    /// Its kind.
    pub kind: String,
    /// What it is about.
    pub about: String,
    /// Where to.
    pub address: String,
    /// Its subject line.
    pub title: String,
    /// Its text, with `{secret}` where a secret belongs.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// The SHA-256 of what it says.
    pub content_hash: [u8; 32],
    /// What tells it from all others.
    pub message_id: String,
    /// What stands for `{secret}`, until it is sent.
    pub secret: Option<String>,
    /// What became of it.
    pub state: MessageState,
    /// How often it was tried.
    pub attempts: i64,
    /// When what it tells of happened.
    pub made_at: Timestamp,
    /// Since when it waits: since it was made, or since somebody had it sent again.
    pub queued_at: Timestamp,
    /// When it is tried next, while it waits.
    pub next_attempt_at: Timestamp,
    /// Until when somebody is at it.
    pub claimed_until: Option<Timestamp>,
    /// When it was sent, or given up.
    pub ended_at: Option<Timestamp>,
    /// What the mail server last said.
    pub answer: Option<String>,
    /// Whether its person may still get it: can sign in, and belongs to the organisation.
    pub is_wanted: bool,
}

const SELECT: &str = "
    SELECT m.id, m.entry, m.user_id, u.name, m.organisation, m.kind, m.about, m.address, m.title,
        m.text, m.html, m.content_hash, m.message_id, m.secret, m.state, m.attempts, m.made_at,
        m.next_attempt_at, m.claimed_until, m.ended_at, m.answer, m.queued_at,
        (u.state = 'Active' OR (u.state = 'Invited' AND m.kind IN ('invitation', 'password-link')))
        AND (m.organisation IS NULL OR m.kind = 'invitation' OR EXISTS (
            SELECT 1 FROM grants g WHERE g.user_id = m.user_id AND g.organisation = m.organisation))
    FROM messages m JOIN users u ON u.id = m.user_id";

fn message(row: &Row) -> MessageRow {
    MessageRow {
        id: row.get(0),
        entry: row.get(1),
        user: row.get(2),
        user_name: row.get(3),
        organisation: row.get(4),
        kind: row.get(5),
        about: row.get(6),
        address: row.get(7),
        title: row.get(8),
        text: row.get(9),
        html: row.get(10),
        content_hash: row.get::<Vec<u8>>(11).try_into().unwrap_or([0; 32]),
        message_id: row.get(12),
        secret: row.get(13),
        state: MessageState::from_name(&row.get::<String>(14))
            .expect("the column allows no other word"),
        attempts: row.get(15),
        made_at: row.get(16),
        next_attempt_at: row.get(17),
        claimed_until: row.get(18),
        ended_at: row.get(19),
        answer: row.get(20),
        queued_at: row.get(21),
        is_wanted: row.get(22),
    }
}

/// One e-mail.
pub fn load(tx: &mut Tx, id: MessageId) -> Result<Option<MessageRow>> {
    let sql = format!("{SELECT} WHERE m.id = $1");
    Ok(tx.opt(&sql, args![id])?.as_ref().map(message))
}

/// Which e-mails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MessageFilter {
    /// In this state.
    pub state: Option<MessageState>,
    /// To this person, as a member of this organisation or about the person.
    pub to: Option<(UserId, i64)>,
}

/// E-mails before `before`, newest first.
pub fn list(
    tx: &mut Tx,
    filter: &MessageFilter,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<MessageRow>> {
    let mut values = vec![Value::from(before.unwrap_or(i64::MAX)), Value::from(limit)];
    let mut wanted = vec!["m.id < $1".to_owned()];
    if let Some(state) = filter.state {
        values.push(state.name().into());
        wanted.push(format!("m.state = ${}", values.len()));
    }
    if let Some((user, organisation)) = filter.to {
        values.extend([user.into(), organisation.into()]);
        let (user, organisation) = (values.len() - 1, values.len());
        wanted.push(format!("m.user_id = ${user}"));
        wanted.push(format!("(m.organisation IS NULL OR m.organisation = ${organisation})"));
    }
    let wanted = wanted.join(" AND ");
    let sql = format!("{SELECT} WHERE {wanted} ORDER BY m.id DESC LIMIT CAST($2 AS BIGINT)");
    Ok(tx.all(&sql, &values)?.iter().map(message).collect())
}

/// How many e-mails wait, and since when the oldest does.
pub fn waiting(tx: &mut Tx) -> Result<(i64, Option<Timestamp>)> {
    let sql = "SELECT COUNT(*), min(queued_at) FROM messages WHERE state = 'Waiting'";
    let row = tx.one("count", sql, &[])?;
    Ok((row.get(0), row.get(1)))
}

/// The first e-mail after `after` that is due and that nobody is at.
pub fn next_waiting(tx: &mut Tx, after: MessageId, now: Timestamp) -> Result<Option<MessageId>> {
    let sql = "
        SELECT id FROM messages
        WHERE state = 'Waiting' AND id > $1 AND next_attempt_at <= $2
          AND (claimed_until IS NULL OR claimed_until <= $2)
        ORDER BY id LIMIT 1";
    Ok(tx.opt(sql, args![after, now])?.map(|row| row.get(0)))
}

/// Takes an e-mail that waits and that nobody is at. False when somebody was quicker.
pub fn claim(tx: &mut Tx, id: MessageId, now: Timestamp, until: Timestamp) -> Result<bool> {
    let sql = "
        UPDATE messages SET claimed_until = $3, attempts = attempts + 1
        WHERE id = $1 AND state = 'Waiting' AND (claimed_until IS NULL OR claimed_until <= $2)";
    Ok(tx.exec(sql, args![id, now, until])? == 1)
}

/// The attempt did not succeed; the e-mail waits until `next`.
pub fn attempted(tx: &mut Tx, id: MessageId, answer: &str, next: Timestamp) -> Result<()> {
    let sql = "
        UPDATE messages SET answer = $2, next_attempt_at = $3, claimed_until = NULL
        WHERE id = $1 AND state = 'Waiting'";
    tx.exec(sql, args![id, answer, next])?;
    Ok(())
}

/// This has become of the e-mail. Its secret is forgotten unless it may be tried again.
pub fn end(
    tx: &mut Tx,
    id: MessageId,
    state: MessageState,
    answer: &str,
    at: Timestamp,
) -> Result<()> {
    let keeps = matches!(state, MessageState::Refused | MessageState::GivenUp);
    let sql = "
        UPDATE messages SET state = $2, answer = $3, ended_at = $4, claimed_until = NULL,
            secret = CASE WHEN $5 THEN secret ELSE NULL END
        WHERE id = $1 AND state = 'Waiting'";
    tx.exec(sql, args![id, state.name(), answer, at, keeps])?;
    Ok(())
}

/// All that waits is shown on a page instead of being sent.
pub fn show_all(tx: &mut Tx) -> Result<()> {
    let sql = "
        UPDATE messages SET state = 'Shown', ended_at = made_at, secret = NULL
        WHERE state = 'Waiting'";
    tx.exec(sql, &[])?;
    Ok(())
}

/// An e-mail that was refused or given up waits again. False when it is neither.
pub fn retry(tx: &mut Tx, id: MessageId, at: Timestamp) -> Result<bool> {
    let sql = "
        UPDATE messages SET state = 'Waiting', queued_at = $2, next_attempt_at = $2,
            ended_at = NULL, attempts = 0
        WHERE id = $1 AND state IN ('Refused', 'GivenUp')";
    Ok(tx.exec(sql, args![id, at])? == 1)
}

/// The person and the kind that this secret's hash turns off.
pub fn unsubscribed(tx: &mut Tx, hash: [u8; 32]) -> Result<Option<(UserId, String)>> {
    let sql = "SELECT user_id, kind FROM messages WHERE unsubscribe = $1";
    Ok(tx.opt(sql, args![hash])?.map(|row| (row.get(0), row.get(1))))
}
