//! `hubstock user`.

use std::io::Read;

use app::people::{self, NewPerson, Person, Target};
use app::sign_in::{self, NewToken, Token};
use app::{App, Error, Result};
use domain::Refusal;
use domain::access::{Action, Actor, Organisation};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{acting, open_or, party_in, reference};
use crate::arguments::{Arguments, Links, RoleGiven, User, Who};
use crate::output::{self, Ended};
use crate::serve::IfEmpty;

/// People, their roles, links and tokens. What is done in nobody's name is the local operator's.
pub fn run(arguments: &Arguments, command: &User) -> Result<Ended> {
    // The first person of all is added to a database that is made for them.
    let is_first = matches!(command, User::Add { .. });
    let app = open_or(arguments, if is_first { IfEmpty::SetUp } else { IfEmpty::Refuse })?;
    let operator = Actor::local_operator();
    match command {
        User::Add { email, name, at, password_stdin: _ } => {
            let (role, party) = (at.role, at.party.as_deref());
            let user = people::add_by_operator(&app, email, name, role, party, &password()?)?;
            let json = json!({ "user": user.to_string(), "email": email, "role": role.word() });
            output::print(arguments, &json, format!("{user} {email} is {}", role.name()));
        }
        User::List { party } => {
            let at = party_in(&app, &operator, party.as_deref())?.map(Organisation::Party);
            let all = people::list(&app, &operator, at)?;
            let json: Vec<Value> = all.iter().map(as_json).collect();
            output::print(arguments, &json.into(), all.iter().map(line).collect::<String>());
        }
        User::Show { email } => show(arguments, &by_email(&app, &operator, email)?),
        User::Invite { email, name, at, links, who } => {
            let actor = manager(&app, who)?;
            let organisation = organisation(&app, &actor, at)?;
            let new = NewPerson { email, name, organisation, role: at.role };
            let made = people::invite(&app, &actor, &new)?;
            let path = format!("/invitations/{}", made.secret);
            show_link(arguments, links, &path, made.expires_at, made.is_mailed);
        }
        User::Grant { email, at, who } => {
            let actor = manager(&app, who)?;
            let (target, at_which) =
                (target(&app, &actor, email)?, organisation(&app, &actor, at)?);
            show(arguments, &people::grant(&app, &actor, target, at_which, at.role)?);
        }
        User::Revoke { email, at, who } => {
            let actor = manager(&app, who)?;
            let (target, at_which) =
                (target(&app, &actor, email)?, organisation(&app, &actor, at)?);
            people::revoke(&app, &actor, target, at_which, at.role)?;
            let json = json!({ "email": email, "revoked": at.role.word() });
            output::print(arguments, &json, format!("{email} is no longer {}", at.role.name()));
        }
        User::Deactivate { email, reason, who } => {
            let actor = manager(&app, who)?;
            people::deactivate(&app, &actor, target(&app, &actor, email)?, reason)?;
            let json = json!({ "email": email, "state": "Deactivated" });
            output::print(arguments, &json, "Deactivated");
        }
        User::Reactivate { email, who } => {
            let actor = manager(&app, who)?;
            let target = target(&app, &actor, email)?;
            people::reactivate(&app, &actor, target)?;
            show(arguments, &people::get(&app, &actor, target.user)?);
        }
        User::PasswordLink { email, links, who } => {
            let actor = manager(&app, who)?;
            let made = people::password_link(&app, &actor, target(&app, &actor, email)?)?;
            let path = format!("/password/{}", made.secret);
            show_link(arguments, links, &path, made.expires_at, made.is_mailed);
        }
        User::Token { email, name, write, days } => {
            let actor = sign_in::actor_by_email(&app, email, Action::IssueTokens, None)?;
            let new = NewToken { name, writes: *write, days: *days };
            let (token, secret) = sign_in::issue_token(&app, &actor, &new)?;
            let json = json!({ "token": token.id.to_string(), "secret": secret,
                               "expires_at": token.expires_at.to_string() });
            output::print(arguments, &json, format!("{} {secret}", token.id));
        }
        User::Tokens { email } => {
            let actor = sign_in::actor_by_email(&app, email, Action::IssueTokens, None)?;
            let tokens = sign_in::tokens(&app, &actor)?;
            let json: Vec<Value> = tokens.iter().map(token_json).collect();
            output::print(
                arguments,
                &json.into(),
                tokens.iter().map(token_line).collect::<String>(),
            );
        }
        User::RevokeToken { email, reference: text } => {
            let actor = sign_in::actor_by_email(&app, email, Action::IssueTokens, None)?;
            sign_in::revoke_token(&app, &actor, reference(text)?)?;
            output::print(arguments, &json!({ "revoked": text }), "Revoked");
        }
    }
    Ok(Ended::Well)
}

fn manager(app: &App, who: &Who) -> Result<Actor> {
    acting(app, who, Action::ManagePeople)
}

/// The person with this e-mail address, among those that the actor may see.
pub(super) fn by_email(app: &App, actor: &Actor, email: &str) -> Result<Person> {
    let found = people::list(app, actor, None)?
        .into_iter()
        .find(|person| person.email.eq_ignore_ascii_case(email.trim()));
    Ok(found.ok_or_else(|| Refusal::not_found(format!("person {email}")))?)
}

fn target(app: &App, actor: &Actor, email: &str) -> Result<Target> {
    Ok(Target { user: by_email(app, actor, email)?.id, version: None })
}

fn organisation(app: &App, actor: &Actor, at: &RoleGiven) -> Result<Organisation> {
    let party = party_in(app, actor, at.party.as_deref())?;
    Ok(party.map_or(Organisation::Centre, Organisation::Party))
}

fn as_json(person: &Person) -> Value {
    json!({ "user": person.id.to_string(), "email": person.email, "name": person.name,
            "state": person.state.name(), "roles": roles(person) })
}

fn line(person: &Person) -> String {
    let roles = roles(person).join(", ");
    format!("{} {} {} {} {roles}\n", person.id, person.email, person.name, person.state.name())
}

fn show(arguments: &Arguments, person: &Person) {
    output::print(arguments, &as_json(person), line(person));
}

/// `role at organisation`, for each.
fn roles(person: &Person) -> Vec<String> {
    let held = person.roles.iter();
    held.map(|h| format!("{} at {}", h.role.word(), h.organisation_name)).collect()
}

fn show_link(arguments: &Arguments, links: &Links, path: &str, until: Timestamp, mailed: bool) {
    let base = links.public_url.as_deref().unwrap_or_default().trim_end_matches('/');
    let link = format!("{base}{path}");
    let json = json!({ "link": link, "expires_at": until.to_string(), "is_mailed": mailed });
    output::print(arguments, &json, link);
}

fn token_json(token: &Token) -> Value {
    json!({ "token": token.id.to_string(), "name": token.name, "scope": token.scope,
            "organisation": token.organisation_name, "created_at": token.created_at.to_string(),
            "expires_at": token.expires_at.to_string(),
            "revoked_at": token.revoked_at.map(|at| at.to_string()) })
}

fn token_line(token: &Token) -> String {
    let until = match token.revoked_at {
        Some(at) => format!("revoked {at}"),
        None => format!("until {}", token.expires_at),
    };
    format!("{} {} {} {until}\n", token.id, token.scope, token.name)
}

/// One line from standard input.
fn password() -> Result<String> {
    let mut text = String::new();
    std::io::stdin()
        .take(4096)
        .read_to_string(&mut text)
        .map_err(Error::io("read the password from standard input"))?;
    let line = text.lines().next().unwrap_or_default().to_owned();
    if line.is_empty() {
        return Err(Refusal::invalid("Standard input held no password.").into());
    }
    Ok(line)
}
