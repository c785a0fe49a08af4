//! People and their roles: adding, inviting, granting, revoking, deactivating.
//!
//! A Party's administrator deals with the people of that Party alone; what they are elsewhere does
//! not show. Nobody changes their own roles.

mod links;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use domain::access::{Action, Actor, Organisation, Role, Sight};
use domain::ids::UserId;
use domain::people as rules;
use domain::{Refusal, refusal::RefusalKind};
use jiff::Timestamp;
use store::Tx;
use store::people::{Tie, UserRow};

use crate::journal::{By, Event, record};
use crate::sign_in::{hash_password, organisation_name, party, password_is};
use crate::{App, Result, settings, versions};

pub use links::{
    Invitation, Invited, NewPerson, PasswordLink, accept, invitation, invite, password_link,
    set_password_by_link,
};
pub use store::people::PersonState;

/// A person, as far as whoever asks may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The number.
    pub id: UserId,
    /// The e-mail address.
    pub email: String,
    /// The name.
    pub name: String,
    /// Whether the person can sign in.
    pub state: PersonState,
    /// How often the person was changed.
    pub version: i64,
    /// When the person was added.
    pub created_at: Timestamp,
    /// The roles, held or invited to.
    pub roles: Vec<Held>,
}

/// A role at an organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Where.
    pub organisation: Organisation,
    /// The organisation's name.
    pub organisation_name: String,
    /// As what.
    pub role: Role,
    /// Until when the invitation to it can be accepted; nothing once the role is held.
    pub invited_until: Option<Timestamp>,
}

/// Adds a person with a password, or one more role to a person, on behalf of whoever holds the
/// database itself: the command line's bootstrap.
pub fn add_by_operator(
    app: &App,
    email: &str,
    name: &str,
    role: Role,
    party_signifier: Option<&str>,
    password: &str,
) -> Result<UserId> {
    let (email, name) = (rules::email(email)?, rules::name(name)?);
    let before = store::people::by_email(&mut app.db.read()?, &email)?;
    if before.as_ref().is_some_and(|user| user.state == PersonState::Deactivated) {
        let message = format!("{email} was deactivated. Reactivate the account first.");
        return Err(Refusal::new(RefusalKind::WrongState, message).into());
    }
    let old = before.as_ref().and_then(|user| user.password_hash.as_deref());
    let shortest = settings::number_of(&mut app.db.read()?, &settings::PASSWORD_SHORTEST)?;
    rules::password(password, &email, shortest)?;
    let keeps = old.is_some() && password_is(password, old)?;
    let hash = if keeps { None } else { Some(hash_password(password)?) };
    add_with_hash(app, (&email, &name), (role, party_signifier), hash.as_deref())
}

/// Adds people who all have the same password, on behalf of whoever holds the database itself: the
/// demonstration's, whose password protects nothing and is hashed once.
pub fn add_invented(
    app: &App,
    people: &[(&str, &str, Role, Option<&str>)],
    password: &str,
) -> Result<()> {
    let hash = hash_password(password)?;
    for (email, name, role, party_signifier) in people {
        add_with_hash(app, (email, name), (*role, *party_signifier), Some(&hash))?;
    }
    Ok(())
}

/// Adds a person, or one more role to a person, whose password is set to what has this hash.
fn add_with_hash(
    app: &App,
    (email, name): (&str, &str),
    (role, party_signifier): (Role, Option<&str>),
    hash: Option<&str>,
) -> Result<UserId> {
    let now = app.now();
    let mut tx = app.db.write()?;
    let organisation = match party_signifier {
        Some(signifier) => Organisation::Party(party(&mut tx, signifier)?),
        None => Organisation::Centre,
    };
    rules::fits(role, organisation)?;
    let user = match store::people::by_email(&mut tx, email)? {
        Some(user) => user.id,
        None => add(&mut tx, now, By::SYSTEM, (email, name), false)?,
    };
    if let Some(hash) = hash {
        store::people::set_password(&mut tx, user, hash)?;
        store::sign_in::end_sessions_of(&mut tx, user, None, None)?;
        record(&mut tx, now, By::SYSTEM, &Event::PasswordSet { user: user.0 })?;
    }
    grant_role(&mut tx, now, By::SYSTEM, user, (organisation, role))?;
    tx.commit()?;
    Ok(user)
}

fn add(
    tx: &mut Tx,
    now: Timestamp,
    by: By,
    (email, name): (&str, &str),
    invited: bool,
) -> Result<UserId> {
    let user = UserId(tx.next_id("users")?);
    store::people::insert(tx, user, email, name, now)?;
    let (email, name) = (email.to_owned(), name.to_owned());
    record(tx, now, by, &Event::PersonAdded { user: user.0, email, name, invited })?;
    Ok(user)
}

fn grant_role(
    tx: &mut Tx,
    now: Timestamp,
    by: By,
    user: UserId,
    (organisation, role): (Organisation, Role),
) -> Result<()> {
    if store::people::grant(tx, user, organisation, role, now)? {
        let organisation = organisation.number();
        let role = role.word().to_owned();
        record(tx, now, by, &Event::RoleGranted { user: user.0, organisation, role })?;
    }
    Ok(())
}

/// The people of an organisation, or of every one that the actor may see.
pub fn list(app: &App, actor: &Actor, at: Option<Organisation>) -> Result<Vec<Person>> {
    let at = match (actor.sight(Action::SeePeople)?, at) {
        (Sight::Everything, at) => at,
        (Sight::Party(own), None) => Some(Organisation::Party(own)),
        (Sight::Party(own), Some(at)) if at == Organisation::Party(own) => Some(at),
        (Sight::Party(_), Some(_)) => return Err(Refusal::not_found("organisation").into()),
    };
    let mut tx = app.db.read()?;
    let ties = store::people::ties(&mut tx, at, app.now())?;
    persons(&mut tx, ties)
}

fn persons(tx: &mut Tx, ties: Vec<Tie>) -> Result<Vec<Person>> {
    let mut names: BTreeMap<i64, String> = BTreeMap::new();
    let mut people: Vec<Person> = Vec::new();
    for tie in ties {
        let number = tie.organisation.number();
        if let Entry::Vacant(entry) = names.entry(number) {
            entry.insert(organisation_name(tx, tie.organisation)?);
        }
        if people.last().is_none_or(|last| last.id != tie.user.id) {
            people.push(person(tie.user));
        }
        let roles = &mut people.last_mut().expect("one was just pushed").roles;
        let known = |held: &Held| held.organisation == tie.organisation && held.role == tie.role;
        if !roles.iter().any(known) {
            let organisation_name = names[&number].clone();
            let (organisation, role) = (tie.organisation, tie.role);
            let invited_until = tie.invited_until;
            roles.push(Held { organisation, organisation_name, role, invited_until });
        }
    }
    Ok(people)
}

fn person(user: UserRow) -> Person {
    Person {
        id: user.id,
        email: user.email,
        name: user.name,
        state: user.state,
        version: user.version,
        created_at: user.created_at,
        roles: Vec::new(),
    }
}

/// One person, with the roles that the actor may see.
pub fn get(app: &App, actor: &Actor, id: UserId) -> Result<Person> {
    let sight = actor.sight(Action::SeePeople)?;
    seen(&mut app.db.read()?, sight, id, app.now())
}

fn seen(tx: &mut Tx, sight: Sight, id: UserId, now: Timestamp) -> Result<Person> {
    let at = match sight {
        Sight::Everything => None,
        Sight::Party(own) => Some(Organisation::Party(own)),
    };
    let ties: Vec<Tie> =
        store::people::ties(tx, at, now)?.into_iter().filter(|tie| tie.user.id == id).collect();
    if let Some(found) = persons(tx, ties)?.pop() {
        return Ok(found);
    }
    let user = store::people::by_id(tx, id)?.filter(|_| sight == Sight::Everything);
    Ok(user.map(person).ok_or_else(|| Refusal::not_found("person"))?)
}

/// What is to be done to whom, if the person still stands at `version`.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Whom.
    pub user: UserId,
    /// The version that the actor has seen, where the actor says.
    pub version: Option<i64>,
}

impl From<UserId> for Target {
    fn from(user: UserId) -> Target {
        Target { user, version: None }
    }
}

/// The person that the actor may manage, still at the version that the actor has seen.
fn managed(tx: &mut Tx, actor: &Actor, target: Target, now: Timestamp) -> Result<Person> {
    let sight = actor.sight(Action::ManagePeople)?;
    let person = seen(tx, sight, target.user, now)?;
    if person.id == actor.user {
        let text = "You cannot change your own account here. Ask another administrator.";
        return Err(Refusal::new(RefusalKind::SamePerson, text).into());
    }
    versions::must_be(target.version, person.version)?;
    Ok(person)
}

/// Refuses an organisation whose people the actor does not manage.
fn manages(actor: &Actor, organisation: Organisation) -> Result<()> {
    match actor.sight(Action::ManagePeople)? {
        Sight::Party(own) if organisation != Organisation::Party(own) => {
            Err(Refusal::not_found("organisation").into())
        }
        Sight::Party(_) | Sight::Everything => Ok(()),
    }
}

fn organisation_exists(tx: &mut Tx, organisation: Organisation) -> Result<()> {
    if let Organisation::Party(id) = organisation
        && store::people::party_names(tx, id)?.is_none()
    {
        return Err(Refusal::not_found("Party").into());
    }
    Ok(())
}

/// Grants a role to somebody who is already known at an organisation that the actor manages.
pub fn grant(
    app: &App,
    actor: &Actor,
    target: Target,
    organisation: Organisation,
    role: Role,
) -> Result<Person> {
    let now = app.now();
    let mut tx = app.db.write()?;
    manages(actor, organisation)?;
    rules::fits(role, organisation)?;
    organisation_exists(&mut tx, organisation)?;
    let person = managed(&mut tx, actor, target, now)?;
    if person.state == PersonState::Deactivated {
        return Err(wrong_state("The account is deactivated. Reactivate it first.").into());
    }
    grant_role(&mut tx, now, By::from(actor), person.id, (organisation, role))?;
    let after = seen(&mut tx, actor.sight(Action::ManagePeople)?, person.id, now)?;
    tx.commit()?;
    Ok(after)
}

fn wrong_state(text: &str) -> Refusal {
    Refusal::new(RefusalKind::WrongState, text)
}

/// Takes a role back; with the last one at an organisation, the person's sessions there end.
pub fn revoke(
    app: &App,
    actor: &Actor,
    target: Target,
    organisation: Organisation,
    role: Role,
) -> Result<()> {
    let now = app.now();
    let mut tx = app.db.write()?;
    manages(actor, organisation)?;
    let person = managed(&mut tx, actor, target, now)?;
    let holds = |held: &Held| held.organisation == organisation && held.role == role;
    if !person.roles.iter().any(holds) {
        return Err(Refusal::not_found("role").into());
    }
    revoke_role(&mut tx, now, By::from(actor), person.id, (organisation, role))?;
    tx.commit()?;
    Ok(())
}

fn revoke_role(
    tx: &mut Tx,
    now: Timestamp,
    by: By,
    user: UserId,
    (organisation, role): (Organisation, Role),
) -> Result<()> {
    store::people::use_invitations_to(tx, user, organisation, role, now)?;
    if store::people::revoke(tx, user, organisation, role)? {
        let word = role.word().to_owned();
        let number = organisation.number();
        let event = Event::RoleRevoked { user: user.0, organisation: number, role: word };
        record(tx, now, by, &event)?;
    }
    let left = store::people::grants(tx, user)?;
    if !left.iter().any(|(at, _)| *at == organisation) {
        store::sign_in::end_sessions_of(tx, user, Some(organisation), None)?;
    }
    Ok(())
}

/// Keeps a person out: at once no session, token or link of theirs works.
///
/// A Party's administrator takes all roles at that Party from somebody who works for others, too.
pub fn deactivate(app: &App, actor: &Actor, target: Target, reason: &str) -> Result<()> {
    let now = app.now();
    let reason = reason_given(reason)?;
    let mut tx = app.db.write()?;
    let person = managed(&mut tx, actor, target, now)?;
    let by = By::from(actor);
    if let Sight::Party(own) = actor.sight(Action::ManagePeople)? {
        let own = Organisation::Party(own);
        if store::people::grants(&mut tx, person.id)?.iter().any(|(at, _)| *at != own) {
            for held in &person.roles {
                revoke_role(&mut tx, now, by, person.id, (own, held.role))?;
            }
            tx.commit()?;
            return Ok(());
        }
    }
    if person.state == PersonState::Deactivated {
        return Err(wrong_state("The account is deactivated already.").into());
    }
    store::people::set_state(&mut tx, person.id, PersonState::Deactivated)?;
    store::people::use_links_of(&mut tx, person.id, now)?;
    store::sign_in::end_sessions_of(&mut tx, person.id, None, None)?;
    for token in store::sign_in::tokens_of(&mut tx, person.id)? {
        if token.revoked_at.is_none() {
            store::sign_in::revoke_token(&mut tx, token.id, now)?;
            record(&mut tx, now, by, &Event::TokenRevoked { token: token.id.0 })?;
        }
    }
    record(&mut tx, now, by, &Event::PersonDeactivated { user: person.id.0, reason })?;
    tx.commit()?;
    Ok(())
}

fn reason_given(reason: &str) -> Result<String> {
    let reason = reason.trim();
    if reason.is_empty() || reason.len() > 2000 {
        return Err(Refusal::field("reason", "Enter a reason, in at most 2000 characters").into());
    }
    Ok(reason.to_owned())
}

/// Lets a person in again, with the roles of before. Tokens stay revoked.
pub fn reactivate(app: &App, actor: &Actor, target: Target) -> Result<()> {
    let now = app.now();
    let mut tx = app.db.write()?;
    let person = managed(&mut tx, actor, target, now)?;
    if person.state != PersonState::Deactivated {
        return Err(wrong_state("The account is not deactivated.").into());
    }
    let user = store::people::by_id(&mut tx, person.id)?;
    let has_password = user.is_some_and(|user| user.password_hash.is_some());
    let state = if has_password { PersonState::Active } else { PersonState::Invited };
    store::people::set_state(&mut tx, person.id, state)?;
    record(&mut tx, now, By::from(actor), &Event::PersonReactivated { user: person.id.0 })?;
    tx.commit()?;
    Ok(())
}
