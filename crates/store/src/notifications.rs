//! Notices, the outbox of e-mails, what people chose, and how far the readers of the journal are.

use domain::access::Role;
use domain::ids::{MessageId, NoticeId, PartyId, UserId};
use domain::notifications::{Delivery, MessageKind};
use jiff::Timestamp;

use crate::error::Result;
use crate::value::{Row, added};
use crate::{Tx, Value, args};

mod messages;

pub use messages::{
    MessageFilter, MessageRow, MessageState, NewMessage, attempted, claim, end, insert_messages,
    list as messages, load as message, next_waiting, retry, show_all, unsubscribed, waiting,
};

/// Rows that one statement inserts, at most.
const ROWS: usize = 100;

/// How far something has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// An entry of the journal, or an instant in microseconds.
    pub place: i64,
    /// How often it has failed since it last went well.
    pub failures: i64,
    /// Why it last failed.
    pub problem: Option<String>,
}

/// How far this reader or schedule is, if it has begun.
pub fn place(tx: &mut Tx, name: &str) -> Result<Option<Place>> {
    let sql = "SELECT place, failures, problem FROM places WHERE name = $1";
    let place = |row: Row| Place { place: row.get(0), failures: row.get(1), problem: row.get(2) };
    Ok(tx.opt(sql, args![name])?.map(place))
}

/// Notes how far it is.
pub fn put_place(tx: &mut Tx, name: &str, place: &Place) -> Result<()> {
    let sql = "
        INSERT INTO places (name, place, failures, problem) VALUES ($1, $2, $3, $4)
        ON CONFLICT (name) DO UPDATE SET place = excluded.place, failures = excluded.failures,
            problem = excluded.problem";
    tx.exec(sql, args![name, place.place, place.failures, place.problem.clone()])?;
    Ok(())
}

/// Moves a place on, if nobody has moved it meanwhile. False when somebody has.
pub fn move_place(tx: &mut Tx, name: &str, from: i64, to: i64) -> Result<bool> {
    let sql = "UPDATE places SET place = $3 WHERE name = $1 AND place = $2";
    Ok(tx.exec(sql, args![name, from, to])? == 1)
}

/// Notes what a person chose.
pub fn choose(tx: &mut Tx, user: UserId, kind: &str, delivery: Delivery) -> Result<()> {
    let sql = "
        INSERT INTO notification_choices (user_id, kind, delivery) VALUES ($1, $2, $3)
        ON CONFLICT (user_id, kind) DO UPDATE SET delivery = excluded.delivery";
    tx.exec(sql, args![user, kind, delivery.word()])?;
    Ok(())
}

/// What a person chose, by kind.
pub fn choices(tx: &mut Tx, user: UserId) -> Result<Vec<(String, Delivery)>> {
    let sql = "SELECT kind, delivery FROM notification_choices WHERE user_id = $1 ORDER BY kind";
    let chosen = |row: &Row| (row.get(0), delivery(&row.get::<String>(1)));
    Ok(tx.all(sql, args![user])?.iter().map(chosen).collect())
}

fn delivery(word: &str) -> Delivery {
    Delivery::from_word(word).expect("the column allows no other word")
}

/// Whose roles one looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// At these organisations; 0 is the centre.
    Organisations(Vec<i64>),
    /// At every Party that is active and may hold hubs.
    EveryHolder,
}

/// Somebody to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Who.
    pub user: UserId,
    /// Where to.
    pub address: String,
    /// As a member of which organisation; none where it is about the person.
    pub organisation: Option<i64>,
    /// What the person chose for this kind.
    pub chosen: Option<Delivery>,
}

fn recipient(row: &Row) -> Recipient {
    Recipient {
        user: row.get(0),
        address: row.get(1),
        organisation: row.get(2),
        chosen: row.get::<Option<String>>(3).map(|word| delivery(&word)),
    }
}

/// Everybody who can sign in and has one of these roles there, each once an organisation.
pub fn with_roles(
    tx: &mut Tx,
    at: &At,
    roles: &[Role],
    kind: MessageKind,
) -> Result<Vec<Recipient>> {
    let mut values = vec![Value::from(kind.word())];
    let wanted = added(&mut values, roles.iter().map(|role| role.word()));
    let (join, place) = match at {
        At::Organisations(of) if of.is_empty() => return Ok(Vec::new()),
        At::Organisations(of) => {
            let of = added(&mut values, of.iter().copied());
            ("", format!("g.organisation IN ({of})"))
        }
        At::EveryHolder => (
            "JOIN parties p ON p.id = g.organisation",
            "p.status = 'Active' AND p.may_hold_hubs = TRUE".to_owned(),
        ),
    };
    let sql = format!(
        "SELECT DISTINCT u.id, u.email, g.organisation, c.delivery
         FROM grants g JOIN users u ON u.id = g.user_id {join}
         LEFT JOIN notification_choices c ON c.user_id = u.id AND c.kind = $1
         WHERE u.state = 'Active' AND g.role IN ({wanted}) AND {place}
         ORDER BY u.id, g.organisation"
    );
    Ok(tx.all(&sql, &values)?.iter().map(recipient).collect())
}

/// Those of these people who can sign in.
pub fn people(tx: &mut Tx, users: &[UserId], kind: MessageKind) -> Result<Vec<Recipient>> {
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let mut values = vec![Value::from(kind.word())];
    let of = added(&mut values, users.iter().copied());
    let sql = format!(
        "SELECT u.id, u.email, CAST(NULL AS BIGINT), c.delivery FROM users u
         LEFT JOIN notification_choices c ON c.user_id = u.id AND c.kind = $1
         WHERE u.state = 'Active' AND u.id IN ({of}) ORDER BY u.id"
    );
    Ok(tx.all(&sql, &values)?.iter().map(recipient).collect())
}

/// `($1, $2), ($3, $4)`: the values of several rows of as many columns.
fn places(rows: usize, columns: usize) -> String {
    let row = |n: usize| {
        let each: Vec<String> = (1..=columns).map(|c| format!("${}", n * columns + c)).collect();
        format!("({})", each.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

/// A notice to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNotice {
    /// The entry of the journal that it is of.
    pub entry: i64,
    /// Whom.
    pub user: UserId,
    /// As a member of which organisation; none where it is about the person.
    pub organisation: Option<i64>,
    /// Its kind.
    pub kind: MessageKind,
    /// What it is about, such as `ctf-000042`.
    pub about: String,
    /// The page that it leads to.
    pub path: String,
    /// What it says, in a line.
    pub title: String,
    /// What it says.
    pub text: String,
    /// When.
    pub made_at: Timestamp,
    /// Whether it waits for the digest.
    pub for_digest: bool,
}

/// Keeps notices; one that is there already stays as it is.
pub fn insert_notices(tx: &mut Tx, new: &[NewNotice]) -> Result<()> {
    let mut id = tx.next_id("notices")?;
    for part in new.chunks(ROWS) {
        let mut values = Vec::with_capacity(part.len() * 11);
        for notice in part {
            values.extend_from_slice(args![
                id,
                notice.entry,
                notice.user,
                notice.organisation,
                notice.kind.word(),
                &notice.about,
                &notice.path,
                &notice.title,
                &notice.text,
                notice.made_at,
                notice.for_digest.then_some(0_i64),
            ]);
            id += 1;
        }
        let sql = format!(
            "INSERT INTO notices (id, entry, user_id, organisation, kind, about, path, title, text,
                 made_at, digest)
             VALUES {} ON CONFLICT (entry, user_id, kind, about) DO NOTHING",
            places(part.len(), 11)
        );
        tx.exec(&sql, &values)?;
    }
    Ok(())
}

/// A notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeRow {
    /// Its number.
    pub id: NoticeId,
    /// As a member of which organisation the person is told.
    pub organisation: Option<i64>,
    /// Whom.
    pub user: UserId,
    /// Its kind.
    pub kind: String,
    /// What it is about.
    pub about: String,
    /// The page that it leads to.
    pub path: String,
    /// What it says, in a line.
    pub title: String,
    /// What it says.
    pub text: String,
    /// When.
    pub made_at: Timestamp,
    /// When it was read.
    pub read_at: Option<Timestamp>,
}

const NOTICE: &str = "id, organisation, user_id, kind, about, path, title, text, made_at, read_at";

fn notice(row: &Row) -> NoticeRow {
    NoticeRow {
        id: row.get(0),
        organisation: row.get(1),
        user: row.get(2),
        kind: row.get(3),
        about: row.get(4),
        path: row.get(5),
        title: row.get(6),
        text: row.get(7),
        made_at: row.get(8),
        read_at: row.get(9),
    }
}

/// A person's notices as a member of one organisation, and those about the person; newest first.
pub fn notices(
    tx: &mut Tx,
    (user, organisation): (UserId, i64),
    only_unread: bool,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<NoticeRow>> {
    let unread = if only_unread { "AND read_at IS NULL" } else { "" };
    let sql = format!(
        "SELECT {NOTICE} FROM notices
         WHERE user_id = $1 AND (organisation IS NULL OR organisation = $2) AND id < $3 {unread}
         ORDER BY id DESC LIMIT CAST($4 AS BIGINT)"
    );
    let args = args![user, organisation, before.unwrap_or(i64::MAX), limit];
    Ok(tx.all(&sql, args)?.iter().map(notice).collect())
}

/// How many of them are not read, as far as it is worth counting.
pub fn unread(tx: &mut Tx, user: UserId, organisation: i64, most: i64) -> Result<i64> {
    let sql = "
        SELECT COUNT(*) FROM (
            SELECT 1 FROM notices
            WHERE user_id = $1 AND read_at IS NULL AND (organisation IS NULL OR organisation = $2)
            LIMIT CAST($3 AS BIGINT)) AS counted";
    Ok(tx.one("count", sql, args![user, organisation, most])?.get(0))
}

/// One notice.
pub fn notice_of(tx: &mut Tx, id: NoticeId) -> Result<Option<NoticeRow>> {
    let sql = format!("SELECT {NOTICE} FROM notices WHERE id = $1");
    Ok(tx.opt(&sql, args![id])?.as_ref().map(notice))
}

/// Notes that a notice was read, unless it was before.
pub fn read(tx: &mut Tx, id: NoticeId, at: Timestamp) -> Result<()> {
    tx.exec("UPDATE notices SET read_at = $2 WHERE id = $1 AND read_at IS NULL", args![id, at])?;
    Ok(())
}

/// Notes that all of a person's notices up to `last` were read.
pub fn read_all(
    tx: &mut Tx,
    (user, organisation): (UserId, i64),
    last: NoticeId,
    at: Timestamp,
) -> Result<u64> {
    let sql = "
        UPDATE notices SET read_at = $4
        WHERE user_id = $1 AND (organisation IS NULL OR organisation = $2) AND id <= $3
          AND read_at IS NULL";
    tx.exec(sql, args![user, organisation, last, at])
}

/// A notice that waits for the digest, with its person's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForDigest {
    /// The notice.
    pub notice: NoticeRow,
    /// The entry that it is of.
    pub entry: i64,
    /// The person's address.
    pub address: String,
}

/// Notices made before `before` that wait for a digest, by person and organisation; those whose
/// person can't sign in or has left the organisation are not among them.
pub fn for_digest(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<Vec<ForDigest>> {
    let columns: Vec<String> = NOTICE.split(", ").map(|column| format!("n.{column}")).collect();
    let sql = format!(
        "SELECT {}, n.entry, u.email FROM notices n JOIN users u ON u.id = n.user_id
         WHERE n.digest = 0 AND n.made_at < $1 AND u.state = 'Active'
           AND (n.organisation IS NULL OR EXISTS (
               SELECT 1 FROM grants g
               WHERE g.user_id = n.user_id AND g.organisation = n.organisation))
         ORDER BY n.user_id, coalesce(n.organisation, -1), n.id LIMIT CAST($2 AS BIGINT)",
        columns.join(", ")
    );
    let of =
        |row: &Row| ForDigest { notice: notice(row), entry: row.get(10), address: row.get(11) };
    Ok(tx.all(&sql, args![before, limit])?.iter().map(of).collect())
}

/// Notes that these notices are in that e-mail.
pub fn digested(tx: &mut Tx, notices: &[NoticeId], message: MessageId) -> Result<()> {
    for part in notices.chunks(500) {
        let mut values = vec![Value::from(message)];
        let of = added(&mut values, part.iter().copied());
        tx.exec(&format!("UPDATE notices SET digest = $1 WHERE id IN ({of})"), &values)?;
    }
    Ok(())
}

/// Notices made before `before` that still wait for a digest wait no longer.
pub fn drop_from_digest(tx: &mut Tx, before: Timestamp) -> Result<()> {
    let sql = "UPDATE notices SET digest = NULL WHERE digest = 0 AND made_at < $1";
    tx.exec(sql, args![before])?;
    Ok(())
}

/// How many hubs a move took from which Party to which.
pub fn moved(tx: &mut Tx, number: i64) -> Result<Vec<(PartyId, PartyId, i64)>> {
    let sql = "
        SELECT from_party, to_party, COUNT(*) FROM party_moves WHERE move = $1
        GROUP BY from_party, to_party ORDER BY from_party, to_party";
    let pair = |row: &Row| (row.get(0), row.get(1), row.get(2));
    Ok(tx.all(sql, args![number])?.iter().map(pair).collect())
}
