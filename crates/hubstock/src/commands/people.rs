//! `hubstock user`.

use std::io::Read;

use app::people::{self, Person, Target};
use app::sign_in::{self, NewToken};
use app::{Error, Result};
use domain::Refusal;
use domain::access::{Action, Actor};
use serde_json::json;

use super::open;
use crate::arguments::{Arguments, User};
use crate::output::{self, Ended};

/// Adds, lists and deactivates people, as the local operator.
pub fn run(arguments: &Arguments, command: &User) -> Result<Ended> {
    let app = open(arguments)?;
    match command {
        User::Add { email, name, role, party, password_stdin: _ } => {
            let password = password()?;
            let user =
                people::add_by_operator(&app, email, name, *role, party.as_deref(), &password)?;
            let json = json!({ "user": user.to_string(), "email": email, "role": role.word() });
            output::print(arguments, &json, format!("{user} {email} is {}", role.name()));
        }
        User::List => {
            let all = people::list(&app, &Actor::local_operator(), None)?;
            let json: Vec<_> = all
                .iter()
                .map(|p| {
                    json!({ "user": p.id.to_string(), "email": p.email, "name": p.name,
                            "state": p.state.name(), "roles": roles(p) })
                })
                .collect();
            let text: String = all
                .iter()
                .map(|p| {
                    let roles = roles(p).join(", ");
                    format!("{} {} {} {} {roles}\n", p.id, p.email, p.name, p.state.name())
                })
                .collect();
            output::print(arguments, &json.into(), text);
        }
        User::Token { email, name, write, days } => {
            let actor = sign_in::actor_by_email(&app, email, Action::IssueTokens, None)?;
            let new = NewToken { name, writes: *write, days: *days };
            let (token, secret) = sign_in::issue_token(&app, &actor, &new)?;
            let json = json!({ "token": token.id.to_string(), "secret": secret,
                               "expires_at": token.expires_at.to_string() });
            output::print(arguments, &json, format!("{} {secret}", token.id));
        }
        User::Deactivate { email, reason, who } => {
            let actor = sign_in::actor_by_email(&app, &who.email, Action::ManagePeople, None)?;
            let everyone = people::list(&app, &actor, None)?;
            let person = everyone
                .iter()
                .find(|p| p.email.eq_ignore_ascii_case(email.trim()))
                .ok_or_else(|| Refusal::not_found(format!("person {email}")))?;
            let target = Target { user: person.id, version: None };
            people::deactivate(&app, &actor, target, reason)?;
            let json = json!({ "email": email, "state": "Deactivated" });
            output::print(arguments, &json, "Deactivated");
        }
    }
    Ok(Ended::Well)
}

/// `role at organisation`, for each.
fn roles(person: &Person) -> Vec<String> {
    let held = person.roles.iter();
    held.map(|h| format!("{} at {}", h.role.word(), h.organisation_name)).collect()
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
