//! Invitations, and links to set a new password: each works once, for a few days.
//!
//! An invitation grants its role when it is accepted, by somebody who sets the first password or
//! knows the one that there is: so neither the inviter nor a second organisation that invites the
//! same address gets anything that is not theirs.

use domain::access::{Action, Actor, Organisation, Role};
use domain::ids::UserId;
use domain::notifications::MessageKind;
use domain::people as rules;
use domain::{Refusal, refusal::RefusalKind};
use jiff::{SignedDuration, Timestamp};
use store::Tx;
use store::people::{LinkPurpose, LinkRow, PersonState, UserRow};

use super::{Target, add, grant_role, managed, manages, organisation_exists, wrong_state};
use crate::journal::{By, Event, record};
use crate::notifications::{Link, link_message};
use crate::sign_in::{hash_of, hash_password, organisation_name, secret, verify};
use crate::{App, Result, settings};

/// Whom to invite, where, as what.
#[derive(Clone, Copy, Debug)]
pub struct NewPerson<'a> {
    /// The e-mail address.
    pub email: &'a str,
    /// The name; one that is known already keeps the name it has.
    pub name: &'a str,
    /// For which organisation.
    pub organisation: Organisation,
    /// As what.
    pub role: Role,
}

/// An invitation that was made. Its secret is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Who is invited.
    pub user: UserId,
    /// The secret of the link.
    pub secret: String,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
    /// Whether an e-mail with the link is on its way.
    pub is_mailed: bool,
}

/// Invites somebody to a role.
pub fn invite(app: &App, actor: &Actor, new: &NewPerson<'_>) -> Result<Invitation> {
    let now = app.now();
    let mut tx = app.db.write()?;
    manages(actor, new.organisation)?;
    let (email, name) = (rules::email(new.email)?, rules::name(new.name)?);
    rules::fits(new.role, new.organisation)?;
    organisation_exists(&mut tx, new.organisation)?;
    if email == actor.email {
        let text = "You cannot invite yourself. Ask another administrator.";
        return Err(Refusal::new(RefusalKind::SamePerson, text).into());
    }
    let by = By::from(actor);
    let user = match store::people::by_email(&mut tx, &email)? {
        Some(user) => user.id,
        None => add(&mut tx, now, by, (&email, &name), true)?,
    };
    let purpose = LinkPurpose::Invitation(new.organisation, new.role);
    let (secret, expires_at) = make_link(&mut tx, now, user, purpose)?;
    let event = Event::PersonInvited {
        user: user.0,
        organisation: new.organisation.number(),
        role: new.role.word().to_owned(),
        expires_at: expires_at.as_microsecond(),
    };
    let entry = record(&mut tx, now, by, &event)?;
    let link = Link { entry, path: "/invitations", secret: &secret, by: actor, until: expires_at };
    let at = Some((new.organisation, new.role.name()));
    let is_mailed = link_message(&mut tx, app, MessageKind::Invitation, user, at, &link)?;
    tx.commit()?;
    Ok(Invitation { user, secret, expires_at, is_mailed })
}

fn make_link(
    tx: &mut Tx,
    now: Timestamp,
    user: UserId,
    purpose: LinkPurpose,
) -> Result<(String, Timestamp)> {
    let days = settings::number_of(tx, &settings::INVITATION_DAYS)?;
    let expires_at = now + SignedDuration::from_hours(24 * days);
    let (secret, token_hash) = secret();
    let link = LinkRow { token_hash, purpose, user, expires_at, used_at: None };
    store::people::insert_link(tx, &link, now)?;
    Ok((secret, expires_at))
}

/// What an invitation says to the person who opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invited {
    /// The person's e-mail address.
    pub email: String,
    /// The person's name.
    pub name: String,
    /// The organisation's name.
    pub organisation_name: String,
    /// As what.
    pub role: Role,
    /// Whether there is a password already, which then must be given to accept.
    pub has_password: bool,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
}

/// What an invitation is to.
pub fn invitation(app: &App, secret: &str) -> Result<Invited> {
    let mut tx = app.db.read()?;
    let (link, user, organisation, role) = open_invitation(&mut tx, secret, app.now())?;
    Ok(Invited {
        email: user.email,
        name: user.name,
        organisation_name: organisation_name(&mut tx, organisation)?,
        role,
        has_password: user.password_hash.is_some(),
        expires_at: link.expires_at,
    })
}

fn open_link(tx: &mut Tx, secret: &str, now: Timestamp) -> Result<(LinkRow, UserRow)> {
    let gone = || {
        let text = "This link does not work any more. Ask whoever sent it for a new one.";
        Refusal::new(RefusalKind::NotFound, text)
    };
    let link = store::people::link(tx, hash_of(secret))?;
    let link = link.filter(|link| link.used_at.is_none() && link.expires_at > now);
    let link = link.ok_or_else(gone)?;
    let user = store::people::by_id(tx, link.user)?;
    let user = user.filter(|user| user.state != PersonState::Deactivated).ok_or_else(gone)?;
    Ok((link, user))
}

fn open_invitation(
    tx: &mut Tx,
    secret: &str,
    now: Timestamp,
) -> Result<(LinkRow, UserRow, Organisation, Role)> {
    let (link, user) = open_link(tx, secret, now)?;
    match link.purpose {
        LinkPurpose::Invitation(organisation, role) => Ok((link, user, organisation, role)),
        LinkPurpose::Password | LinkPurpose::SignIn => Err(Refusal::not_found("invitation").into()),
    }
}

/// Accepts an invitation: sets the first password, or proves that one knows the one there is.
pub fn accept(app: &App, link: &str, password: &str, address: &str) -> Result<UserId> {
    let now = app.now();
    let (_, user, _, _) = open_invitation(&mut app.db.read()?, link, now)?;
    let first = user.password_hash.is_none();
    let hash = if first {
        Some(new_hash(app, &user, password)?)
    } else {
        verify(app, &user.email, password, address)?;
        None
    };

    let mut tx = app.db.write()?;
    let (link, user, organisation, role) = open_invitation(&mut tx, link, now)?;
    if first != user.password_hash.is_none()
        || !store::people::use_link(&mut tx, link.token_hash, now)?
    {
        return Err(wrong_state("Somebody has just used this link. Try again.").into());
    }
    let by = By { actor: Some(user.id), acted_for: None };
    if let Some(hash) = hash {
        store::people::set_password(&mut tx, user.id, &hash)?;
        record(&mut tx, now, by, &Event::PasswordSet { user: user.id.0 })?;
    }
    grant_role(&mut tx, now, by, user.id, (organisation, role))?;
    tx.commit()?;
    Ok(user.id)
}

fn new_hash(app: &App, user: &UserRow, password: &str) -> Result<String> {
    let shortest = settings::number_of(&mut app.db.read()?, &settings::PASSWORD_SHORTEST)?;
    rules::password(password, &user.email, shortest)?;
    hash_password(password)
}

/// A link with which a person sets a new password. Its secret is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordLink {
    /// The secret of the link.
    pub secret: String,
    /// Until when it works.
    pub expires_at: Timestamp,
    /// Whether an e-mail with the link is on its way.
    pub is_mailed: bool,
}

/// Makes a link for somebody who has forgotten the password. Only for people who can be managed
/// wholly: a Party's administrator can't for one who works elsewhere, too.
pub fn password_link(app: &App, actor: &Actor, target: Target) -> Result<PasswordLink> {
    let now = app.now();
    let mut tx = app.db.write()?;
    let person = managed(&mut tx, actor, target, now)?;
    let grants = store::people::grants(&mut tx, person.id)?;
    let only_here = actor.sight(Action::ManagePeople)? == domain::access::Sight::Everything
        || grants.iter().all(|(at, _)| *at == actor.organisation);
    if person.state != PersonState::Active || !only_here {
        return Err(
            wrong_state("A new password for this account is the system admin's to give.").into()
        );
    }
    let (secret, expires_at) = make_link(&mut tx, now, person.id, LinkPurpose::Password)?;
    let expires = expires_at.as_microsecond();
    let event = Event::PasswordLinkIssued { user: person.id.0, expires_at: expires };
    let entry = record(&mut tx, now, By::from(actor), &event)?;
    let link = Link { entry, path: "/password", secret: &secret, by: actor, until: expires_at };
    let is_mailed = link_message(&mut tx, app, MessageKind::PasswordLink, person.id, None, &link)?;
    tx.commit()?;
    Ok(PasswordLink { secret, expires_at, is_mailed })
}

/// Sets a new password by such a link; every session of the person ends.
pub fn set_password_by_link(app: &App, link: &str, password: &str) -> Result<UserId> {
    let now = app.now();
    let (_, user) = open_link(&mut app.db.read()?, link, now)?;
    let hash = new_hash(app, &user, password)?;
    let mut tx = app.db.write()?;
    let (link, user) = open_link(&mut tx, link, now)?;
    if link.purpose != LinkPurpose::Password {
        return Err(Refusal::not_found("link").into());
    }
    if !store::people::use_link(&mut tx, link.token_hash, now)? {
        return Err(Refusal::not_found("link").into());
    }
    store::people::set_password(&mut tx, user.id, &hash)?;
    store::sign_in::end_sessions_of(&mut tx, user.id, None, None)?;
    let by = By { actor: Some(user.id), acted_for: None };
    record(&mut tx, now, by, &Event::PasswordSet { user: user.id.0 })?;
    tx.commit()?;
    Ok(user.id)
}
