//! People, the roles that they hold at organisations, and the links that let them in once.

use domain::access::{Organisation, Role};
use domain::ids::{PartyId, UserId};
use jiff::Timestamp;

use crate::error::Result;
use crate::value::{Row, added};
use crate::{Tx, args};

/// Whether a person can sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersonState {
    /// Invited, without a password yet.
    Invited,
    /// Can sign in.
    Active,
    /// Can't, and has no session or token that works.
    Deactivated,
}

impl PersonState {
    /// All of them.
    pub const ALL: &[PersonState] =
        &[PersonState::Invited, PersonState::Active, PersonState::Deactivated];

    /// As it stands in the database and on pages.
    pub fn name(self) -> &'static str {
        match self {
            PersonState::Invited => "Invited",
            PersonState::Active => "Active",
            PersonState::Deactivated => "Deactivated",
        }
    }
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRow {
    /// The number.
    pub id: UserId,
    /// The e-mail address, in lower case.
    pub email: String,
    /// The name.
    pub name: String,
    /// Whether the person can sign in.
    pub state: PersonState,
    /// The password's hash in PHC form, once there is a password.
    pub password_hash: Option<String>,
    /// When the person was added.
    pub created_at: Timestamp,
    /// How often the person was changed.
    pub version: i64,
}

const COLUMNS: &str = "id, email, name, state, password_hash, created_at, version";

fn user(row: &Row) -> UserRow {
    let word: String = row.get(3);
    let state = PersonState::ALL.iter().copied().find(|state| state.name() == word);
    UserRow {
        id: row.get(0),
        email: row.get(1),
        name: row.get(2),
        state: state.expect("the column allows no other word"),
        password_hash: row.get(4),
        created_at: row.get(5),
        version: row.get(6),
    }
}

/// The person with this e-mail address, in lower case.
pub fn by_email(tx: &mut Tx, email: &str) -> Result<Option<UserRow>> {
    let sql = format!("SELECT {COLUMNS} FROM users WHERE email = $1");
    Ok(tx.opt(&sql, args![email])?.as_ref().map(user))
}

/// The person of this number.
pub fn by_id(tx: &mut Tx, id: UserId) -> Result<Option<UserRow>> {
    let sql = format!("SELECT {COLUMNS} FROM users WHERE id = $1");
    Ok(tx.opt(&sql, args![id])?.as_ref().map(user))
}

/// Adds a person without a password.
pub fn insert(tx: &mut Tx, id: UserId, email: &str, name: &str, at: Timestamp) -> Result<()> {
    let sql = "
        INSERT INTO users (id, email, name, state, created_at, version)
        VALUES ($1, $2, $3, 'Invited', $4, 1)";
    tx.exec(sql, args![id, email, name, at])?;
    Ok(())
}

/// Gives a person a password; one who was invited is active from now on.
pub fn set_password(tx: &mut Tx, id: UserId, hash: &str) -> Result<()> {
    let sql = "
        UPDATE users
        SET password_hash = $2, version = version + 1,
            state = CASE WHEN state = 'Invited' THEN 'Active' ELSE state END
        WHERE id = $1";
    tx.exec(sql, args![id, hash])?;
    Ok(())
}

/// Lets a person in or keeps the person out.
pub fn set_state(tx: &mut Tx, id: UserId, state: PersonState) -> Result<()> {
    let sql = "UPDATE users SET state = $2, version = version + 1 WHERE id = $1";
    tx.exec(sql, args![id, state.name()])?;
    Ok(())
}

/// The roles of one person, by organisation.
pub fn grants(tx: &mut Tx, id: UserId) -> Result<Vec<(Organisation, Role)>> {
    let sql =
        "SELECT organisation, role FROM grants WHERE user_id = $1 ORDER BY organisation, role";
    let rows = tx.all(sql, args![id])?;
    Ok(rows.iter().map(|row| (Organisation::from_number(row.get(0)), role(row, 1))).collect())
}

fn role(row: &Row, index: usize) -> Role {
    Role::from_word(&row.get::<String>(index)).expect("only roles are granted")
}

/// Grants a role. False when the person held it already. The person's version counts on.
pub fn grant(
    tx: &mut Tx,
    id: UserId,
    organisation: Organisation,
    role: Role,
    at: Timestamp,
) -> Result<bool> {
    let sql = "
        INSERT INTO grants (user_id, organisation, role, granted_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING";
    let granted = tx.exec(sql, args![id, organisation.number(), role.word(), at])? == 1;
    if granted {
        count_on(tx, id)?;
    }
    Ok(granted)
}

fn count_on(tx: &mut Tx, id: UserId) -> Result<()> {
    tx.exec("UPDATE users SET version = version + 1 WHERE id = $1", args![id])?;
    Ok(())
}

/// Takes a role back. False when the person did not hold it. The person's version counts on.
pub fn revoke(tx: &mut Tx, id: UserId, organisation: Organisation, role: Role) -> Result<bool> {
    let sql = "DELETE FROM grants WHERE user_id = $1 AND organisation = $2 AND role = $3";
    let revoked = tx.exec(sql, args![id, organisation.number(), role.word()])? == 1;
    if revoked {
        count_on(tx, id)?;
    }
    Ok(revoked)
}

/// A person and one thing that ties them to an organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tie {
    /// Who.
    pub user: UserRow,
    /// Where.
    pub organisation: Organisation,
    /// As what.
    pub role: Role,
    /// Until when the invitation to it can be accepted; nothing once the role is granted.
    pub invited_until: Option<Timestamp>,
}

/// Every role held, and every open invitation to one, by e-mail address; at one organisation, or
/// at all.
pub fn ties(tx: &mut Tx, at: Option<Organisation>, now: Timestamp) -> Result<Vec<Tie>> {
    let sql = "
        SELECT u.id, u.email, u.name, u.state, u.password_hash, u.created_at, u.version,
               t.organisation, t.role, t.expires_at
        FROM users u
        JOIN (SELECT user_id, organisation, role, CAST(NULL AS BIGINT) AS expires_at FROM grants
              UNION ALL
              SELECT user_id, organisation, role, max(expires_at) FROM links
              WHERE purpose = 'invitation' AND used_at IS NULL AND expires_at > $2
              GROUP BY user_id, organisation, role) t ON t.user_id = u.id
        WHERE CAST($1 AS BIGINT) IS NULL OR t.organisation = $1
        ORDER BY u.email, u.id, t.organisation, t.role, t.expires_at NULLS FIRST";
    let rows = tx.all(sql, args![at.map(Organisation::number), now])?;
    let tie = |row: &Row| Tie {
        user: user(row),
        organisation: Organisation::from_number(row.get(7)),
        role: role(row, 8),
        invited_until: row.get(9),
    };
    Ok(rows.iter().map(tie).collect())
}

/// The Party with this signifier.
pub fn party_with_signifier(tx: &mut Tx, signifier: &str) -> Result<Option<PartyId>> {
    let sql = "SELECT id FROM parties WHERE lower(signifier) = lower($1)";
    Ok(tx.opt(sql, args![signifier])?.map(|row| row.get(0)))
}

/// The names of some people.
pub fn names(tx: &mut Tx, of: &[UserId]) -> Result<Vec<(UserId, String)>> {
    if of.is_empty() {
        return Ok(Vec::new());
    }
    let mut values = Vec::new();
    let of = added(&mut values, of.iter().copied());
    let sql = format!("SELECT id, name FROM users WHERE id IN ({of})");
    Ok(tx.all(&sql, &values)?.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// The signifier and the name of an organisation, where it is a Party that there is.
pub fn party_names(tx: &mut Tx, id: PartyId) -> Result<Option<(String, String)>> {
    let sql = "SELECT signifier, legal_name FROM parties WHERE id = $1";
    Ok(tx.opt(sql, args![id])?.map(|row| (row.get(0), row.get(1))))
}

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkPurpose {
    /// To take a role that one was invited to.
    Invitation(Organisation, Role),
    /// To set a new password.
    Password,
    /// To sign in to the demonstration.
    SignIn,
}

/// A link that works once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkRow {
    /// The SHA-256 of its secret.
    pub token_hash: [u8; 32],
    /// What it is for.
    pub purpose: LinkPurpose,
    /// For whom.
    pub user: UserId,
    /// Until when.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

/// Keeps a link.
pub fn insert_link(tx: &mut Tx, link: &LinkRow, now: Timestamp) -> Result<()> {
    let (purpose, organisation, role) = match link.purpose {
        LinkPurpose::Invitation(organisation, role) => {
            ("invitation", Some(organisation.number()), Some(role.word()))
        }
        LinkPurpose::Password => ("password", None, None),
        LinkPurpose::SignIn => ("sign-in", None, None),
    };
    let sql = "
        INSERT INTO links (token_hash, purpose, user_id, organisation, role, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let args = args![link.token_hash, purpose, link.user, organisation, role, now, link.expires_at];
    tx.exec(sql, args)?;
    Ok(())
}

/// The link with this hash.
pub fn link(tx: &mut Tx, token_hash: [u8; 32]) -> Result<Option<LinkRow>> {
    let sql = "
        SELECT purpose, user_id, organisation, role, expires_at, used_at FROM links
        WHERE token_hash = $1";
    Ok(tx.opt(sql, args![token_hash])?.map(|row| LinkRow {
        token_hash,
        purpose: match row.get::<String>(0).as_str() {
            "invitation" => {
                LinkPurpose::Invitation(Organisation::from_number(row.get(2)), role(&row, 3))
            }
            "password" => LinkPurpose::Password,
            _ => LinkPurpose::SignIn,
        },
        user: row.get(1),
        expires_at: row.get(4),
        used_at: row.get(5),
    }))
}

/// Uses a link up. False when somebody was faster.
pub fn use_link(tx: &mut Tx, token_hash: [u8; 32], now: Timestamp) -> Result<bool> {
    let sql = "UPDATE links SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL";
    Ok(tx.exec(sql, args![token_hash, now])? == 1)
}

/// Uses up all of a person's open links.
pub fn use_links_of(tx: &mut Tx, user: UserId, now: Timestamp) -> Result<()> {
    let sql = "UPDATE links SET used_at = $2 WHERE user_id = $1 AND used_at IS NULL";
    tx.exec(sql, args![user, now])?;
    Ok(())
}

/// Uses up a person's open invitations to this role.
pub fn use_invitations_to(
    tx: &mut Tx,
    user: UserId,
    at: Organisation,
    role: Role,
    now: Timestamp,
) -> Result<()> {
    let sql = "
        UPDATE links SET used_at = $4
        WHERE user_id = $1 AND used_at IS NULL AND organisation = $2 AND role = $3";
    tx.exec(sql, args![user, at.number(), role.word(), now])?;
    Ok(())
}
