//! Signing in: passwords, sessions, API tokens, and who it is that comes with one.
//!
//! Whoever has the database has no secret: passwords are kept as Argon2id hashes, sessions, tokens
//! and links as the SHA-256 of 256 random bits.

mod passwords;
mod throttle;
mod tokens;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::access::{Action, Actor, Organisation, Reach, Role};
use domain::ids::UserId;
use domain::people as rules;
use domain::{Refusal, refusal::RefusalKind};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use store::Tx;
use store::people::{LinkPurpose, LinkRow, PersonState, UserRow};
use store::sign_in::SessionRow;

use crate::journal::{By, Event, record};
use crate::{App, Error, Result, settings};

pub use passwords::{hash_password, password_is};
pub use tokens::{
    NewToken, TOKEN_PREFIX, Token, actor_for_token, issue_token, revoke_token, tokens,
    wrong_with_token,
};

/// A session's last use is written at most this often.
const TOUCH: SignedDuration = SignedDuration::from_mins(1);

/// What somebody signs in with.
#[derive(Clone, Copy, Debug)]
pub struct Credentials<'a> {
    /// The e-mail address.
    pub email: &'a str,
    /// The password.
    pub password: &'a str,
    /// The network address that it comes from.
    pub address: &'a str,
    /// The secret of the session that the browser had before; it ends.
    pub replaces: Option<&'a str>,
}

/// A session that was found or begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// A name for it that gives nothing away.
    pub id: String,
    /// Who, for whom, as what.
    pub actor: Actor,
    /// The organisation's name.
    pub organisation_name: String,
    /// Whether the person has another organisation to switch to.
    pub can_switch: bool,
    /// Notices that the person has not read, as far as it is worth counting.
    pub unread: i64,
}

/// A new secret of 256 random bits, and the hash under which it is kept.
pub(crate) fn secret() -> (String, [u8; 32]) {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).expect("the system gives random numbers");
    let secret = URL_SAFE_NO_PAD.encode(bytes);
    let hash = hash_of(&secret);
    (secret, hash)
}

/// The hash under which a secret is kept.
pub(crate) fn hash_of(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Signs a person in and answers the new session's secret.
///
/// A wrong password, an unknown account and one that is closed get the same answer after the same
/// work.
pub fn sign_in(app: &App, given: &Credentials<'_>) -> Result<(String, Session)> {
    let user = verify(app, given.email, given.password, given.address)?;
    begin_session(app, user, given.address, given.replaces)
}

/// The person whose e-mail address and password these are; throttled.
pub(crate) fn verify(app: &App, email: &str, password: &str, address: &str) -> Result<UserId> {
    let email = rules::email(email).unwrap_or_else(|_| email.trim().to_lowercase());
    throttle::count(app, &email, address)?;
    let user = store::people::by_email(&mut app.db.read()?, &email)?;
    let active = user.filter(|user| user.state == PersonState::Active);
    let hash = active.as_ref().and_then(|user| user.password_hash.as_deref());
    let right = password_is(password, hash)?;
    match active {
        Some(user) if right => {
            throttle::forgive(app, &email, address)?;
            Ok(user.id)
        }
        _ => Err(wrong().into()),
    }
}

fn wrong() -> Refusal {
    Refusal::new(RefusalKind::NotSignedIn, "The email address or the password is not right.")
}

fn begin_session(
    app: &App,
    user: UserId,
    address: &str,
    replaces: Option<&str>,
) -> Result<(String, Session)> {
    let now = app.now();
    let mut tx = app.db.write()?;
    let user = store::people::by_id(&mut tx, user)?;
    let user = user.filter(|user| user.state == PersonState::Active).ok_or_else(wrong)?;
    let Some(organisation) = organisations_of(&mut tx, user.id)?.first().copied() else {
        return Err(no_roles().into());
    };
    drop_old(&mut tx, now)?;
    if let Some(old) = replaces {
        store::sign_in::end_session(&mut tx, hash_of(old))?;
    }
    let (secret, token_hash) = secret();
    let row = SessionRow {
        token_hash,
        user: user.id,
        organisation,
        address: address.to_owned(),
        created_at: now,
        last_seen_at: now,
    };
    store::sign_in::insert_session(&mut tx, &row)?;
    let session = session_of(&mut tx, &user, &row)?.ok_or_else(no_roles)?;
    record(&mut tx, now, By::from(&session.actor), &Event::SignedIn { user: user.id.0 })?;
    tx.commit()?;
    Ok((secret, session))
}

fn no_roles() -> Refusal {
    Refusal::new(
        RefusalKind::NotAllowed,
        "Your account has no role at any organisation. Ask your administrator for one.",
    )
}

/// What is longer ago than any session or count of failures lasts.
fn drop_old(tx: &mut Tx, now: Timestamp) -> Result<()> {
    let limits = Limits::load(tx)?;
    store::sign_in::drop_old_sessions(tx, now - limits.longest, now - limits.idle)?;
    let window = settings::number_of(tx, &settings::SIGN_IN_WINDOW_MINUTES)?;
    store::sign_in::drop_old_throttles(tx, now - SignedDuration::from_mins(window))?;
    Ok(())
}

struct Limits {
    idle: SignedDuration,
    longest: SignedDuration,
}

impl Limits {
    fn load(tx: &mut Tx) -> Result<Limits> {
        let minutes = settings::number_of(tx, &settings::SESSION_IDLE_MINUTES)?;
        let hours = settings::number_of(tx, &settings::SESSION_LONGEST_HOURS)?;
        let longest = SignedDuration::from_hours(hours);
        Ok(Limits { idle: SignedDuration::from_mins(minutes), longest })
    }

    fn is_over(&self, session: &SessionRow, now: Timestamp) -> bool {
        now.duration_since(session.last_seen_at) > self.idle
            || now.duration_since(session.created_at) > self.longest
    }
}

/// The session that a browser's secret stands for, if it is still one.
pub fn actor_for_session(app: &App, secret: &str) -> Result<Option<Session>> {
    let now = app.now();
    let mut tx = app.db.read()?;
    let Some(row) = store::sign_in::session(&mut tx, hash_of(secret))? else { return Ok(None) };
    if Limits::load(&mut tx)?.is_over(&row, now) {
        return Ok(None);
    }
    let Some(user) = store::people::by_id(&mut tx, row.user)? else { return Ok(None) };
    let session = session_of(&mut tx, &user, &row)?;
    drop(tx);
    if session.is_some() && now.duration_since(row.last_seen_at) >= TOUCH {
        let mut tx = app.db.write()?;
        store::sign_in::touch_session(&mut tx, row.token_hash, now)?;
        tx.commit()?;
    }
    Ok(session)
}

fn session_of(tx: &mut Tx, user: &UserRow, row: &SessionRow) -> Result<Option<Session>> {
    let Some(actor) = actor_at(tx, user, row.organisation)? else { return Ok(None) };
    let unread = crate::notifications::unread(tx, &actor)?;
    Ok(Some(Session {
        id: handle(row),
        actor,
        organisation_name: organisation_name(tx, row.organisation)?,
        can_switch: organisations_of(tx, user.id)?.len() > 1,
        unread,
    }))
}

/// A session's name: the beginning of its secret's hash.
fn handle(row: &SessionRow) -> String {
    crate::files::hex(&row.token_hash[..8])
}

/// The organisation as pages name it.
pub fn organisation_name(tx: &mut Tx, organisation: Organisation) -> Result<String> {
    match organisation {
        Organisation::Centre => Ok("DCC and central bodies".to_owned()),
        Organisation::Party(id) => {
            let names = store::people::party_names(tx, id)?;
            Ok(names.map_or_else(|| id.to_string(), |(_, name)| name))
        }
    }
}

fn organisations_of(tx: &mut Tx, user: UserId) -> Result<Vec<Organisation>> {
    let mut organisations: Vec<Organisation> = store::people::grants(tx, user)?
        .into_iter()
        .map(|(organisation, _)| organisation)
        .collect();
    organisations.dedup();
    Ok(organisations)
}

/// The person at this organisation; nobody when the account is closed or holds no role there.
fn actor_at(tx: &mut Tx, user: &UserRow, organisation: Organisation) -> Result<Option<Actor>> {
    if user.state != PersonState::Active {
        return Ok(None);
    }
    let roles: Vec<Role> = store::people::grants(tx, user.id)?
        .into_iter()
        .filter(|(at, _)| *at == organisation)
        .map(|(_, role)| role)
        .collect();
    Ok((!roles.is_empty()).then(|| Actor {
        user: user.id,
        name: user.name.clone(),
        email: user.email.clone(),
        organisation,
        roles,
        only_reads: false,
        acting_for: None,
    }))
}

/// The person of this e-mail address, at the organisation whose roles allow `wanted`: for the
/// command line, whose user holds the database itself.
pub fn actor_by_email(
    app: &App,
    email: &str,
    wanted: Action,
    for_party: Option<&str>,
) -> Result<Actor> {
    let mut tx = app.db.read()?;
    let email = rules::email(email)?;
    let user = store::people::by_email(&mut tx, &email)?.ok_or_else(|| nobody(&email))?;
    if user.state != PersonState::Active {
        let text = format!("The account of {email} is not active.");
        return Err(Refusal::new(RefusalKind::NotAllowed, text).into());
    }
    let only = match for_party {
        None => None,
        Some(signifier) => Some(Organisation::Party(party(&mut tx, signifier)?)),
    };
    for organisation in organisations_of(&mut tx, user.id)? {
        if only.is_some_and(|only| only != organisation) {
            continue;
        }
        let actor = actor_at(&mut tx, &user, organisation)?;
        if let Some(actor) = actor.filter(|actor| actor.reach(wanted) != Reach::Nothing) {
            return Ok(actor);
        }
    }
    let text = format!("{email} holds no role that allows this.");
    Err(Refusal::new(RefusalKind::NotAllowed, text).into())
}

fn nobody(email: &str) -> Refusal {
    Refusal::new(RefusalKind::NotFound, format!("There is nobody with the email address {email}."))
}

/// The Party with this signifier.
pub(crate) fn party(tx: &mut Tx, signifier: &str) -> Result<domain::ids::PartyId> {
    let found = store::people::party_with_signifier(tx, signifier)?;
    found.ok_or_else(|| Refusal::field("party", format!("There is no Party {signifier}.")).into())
}

/// Ends the session of this secret.
pub fn sign_out(app: &App, secret: &str) -> Result<()> {
    let mut tx = app.db.write()?;
    store::sign_in::end_session(&mut tx, hash_of(secret))?;
    tx.commit()?;
    Ok(())
}

/// Turns a session to another organisation at which the person holds a role.
pub fn switch(app: &App, secret: &str, to: Organisation) -> Result<Session> {
    let mut tx = app.db.write()?;
    let row = store::sign_in::session(&mut tx, hash_of(secret))?;
    let mut row = row.ok_or_else(not_signed_in)?;
    let user = store::people::by_id(&mut tx, row.user)?.ok_or_else(not_signed_in)?;
    row.organisation = to;
    let session = session_of(&mut tx, &user, &row)?;
    let session = session.ok_or_else(|| Refusal::not_found("organisation"))?;
    store::sign_in::turn_session(&mut tx, row.token_hash, to)?;
    tx.commit()?;
    Ok(session)
}

/// The refusal of somebody who is not signed in, or no longer.
pub fn not_signed_in() -> Refusal {
    Refusal::new(RefusalKind::NotSignedIn, "You are not signed in, or no longer. Sign in again.")
}

/// The organisations at which a person holds a role, with their names.
pub fn organisations(app: &App, actor: &Actor) -> Result<Vec<(Organisation, String)>> {
    let mut tx = app.db.read()?;
    let organisations = organisations_of(&mut tx, actor.user)?;
    let named = |organisation| Ok((organisation, organisation_name(&mut tx, organisation)?));
    organisations.into_iter().map(named).collect()
}

/// One of a person's sessions, as the person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenSession {
    /// A name for it that gives nothing away.
    pub id: String,
    /// The organisation that it acts for.
    pub organisation_name: String,
    /// The network address that it was begun from.
    pub address: String,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen_at: Timestamp,
}

/// A person's own sessions that are not over, last used first.
pub fn sessions(app: &App, actor: &Actor) -> Result<Vec<OpenSession>> {
    let now = app.now();
    let mut tx = app.db.read()?;
    let limits = Limits::load(&mut tx)?;
    let rows = store::sign_in::sessions_of(&mut tx, actor.user)?;
    let open = rows.into_iter().filter(|row| !limits.is_over(row, now));
    open.map(|row| {
        Ok(OpenSession {
            id: handle(&row),
            organisation_name: organisation_name(&mut tx, row.organisation)?,
            address: row.address,
            created_at: row.created_at,
            last_seen_at: row.last_seen_at,
        })
    })
    .collect()
}

/// Ends one of a person's own sessions.
pub fn end_session(app: &App, actor: &Actor, id: &str) -> Result<()> {
    let mut tx = app.db.write()?;
    let rows = store::sign_in::sessions_of(&mut tx, actor.user)?;
    let row = rows.iter().find(|row| handle(row) == id);
    let row = row.ok_or_else(|| Refusal::not_found("session"))?;
    store::sign_in::end_session(&mut tx, row.token_hash)?;
    tx.commit()?;
    Ok(())
}

/// Changes a person's own password; every other session of theirs ends. No password at all is no
/// attempt to sign in.
pub fn change_password(
    app: &App,
    actor: &Actor,
    current: &str,
    new: &str,
    (address, session): (&str, Option<&str>),
) -> Result<()> {
    if current.is_empty() {
        return Err(Refusal::field("current", "Enter your current password").into());
    }
    let verified = verify(app, &actor.email, current, address);
    verified.map_err(|error| match error.refusal().map(|refusal| refusal.kind) {
        Some(RefusalKind::NotSignedIn) => {
            Error::from(Refusal::field("current", "The current password is not right"))
        }
        _ => error,
    })?;
    let shortest = settings::number_of(&mut app.db.read()?, &settings::PASSWORD_SHORTEST)?;
    rules::password(new, &actor.email, shortest)?;
    let hash = hash_password(new)?;
    let mut tx = app.db.write()?;
    store::people::set_password(&mut tx, actor.user, &hash)?;
    store::sign_in::end_sessions_of(&mut tx, actor.user, None, session.map(hash_of))?;
    let event = Event::PasswordSet { user: actor.user.0 };
    record(&mut tx, app.now(), By::from(actor), &event)?;
    tx.commit()?;
    Ok(())
}

/// A link that signs a person in, once, within an hour: for the demonstration, whose server alone
/// takes it.
pub fn sign_in_link(app: &App, user: UserId) -> Result<String> {
    let now = app.now();
    let (secret, token_hash) = secret();
    let mut tx = app.db.write()?;
    let expires_at = now + SignedDuration::from_hours(1);
    let purpose = LinkPurpose::SignIn;
    let link = LinkRow { token_hash, purpose, user, expires_at, used_at: None };
    store::people::insert_link(&mut tx, &link, now)?;
    tx.commit()?;
    Ok(secret)
}

/// Signs in by such a link.
pub fn sign_in_by_link(
    app: &App,
    link: &str,
    address: &str,
    replaces: Option<&str>,
) -> Result<(String, Session)> {
    let now = app.now();
    let mut tx = app.db.write()?;
    let row = store::people::link(&mut tx, hash_of(link))?;
    let row = row.filter(|row| row.purpose == LinkPurpose::SignIn && row.expires_at > now);
    let row = row.ok_or_else(|| Refusal::not_found("link"))?;
    if !store::people::use_link(&mut tx, row.token_hash, now)? {
        return Err(Refusal::not_found("link").into());
    }
    tx.commit()?;
    begin_session(app, row.user, address, replaces)
}
