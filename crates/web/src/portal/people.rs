//! People and their roles: the list, one person, inviting, and the links that let people in.

mod links;

use app::people::{self, Held, NewPerson, Person, PersonState, Target};
use askama::Template;
use axum::extract::{Form, Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use domain::access::{Action, Organisation, Role};
use domain::ids::UserId;
use domain::people as rules;
use serde::Deserialize;

use super::{Pages, may, number_in, party_book, shown_in_form, version_seen};
use crate::error_pages::{Failure, blocking};
use crate::page::{Choice, Flash, Layout, Problems, Section, filters, redirect_with, render};
use crate::session::SignedIn;
use crate::state::AppState;

/// The pages of this capability.
pub fn routes() -> Pages {
    Pages::new()
        .route("/people", get(list))
        .route("/people/invite", get(invite_form).post(invite))
        .route("/people/{id}", get(show))
        .route("/people/{id}/grant", post(grant))
        .route("/people/{id}/revoke", post(revoke))
        .route("/people/{id}/deactivate", post(deactivate))
        .route("/people/{id}/reactivate", post(reactivate))
        .route("/people/{id}/password-link", post(password_link))
        .merge(links::routes())
}

#[derive(Template)]
#[template(path = "people/list.html")]
struct ListPage {
    layout: Layout,
    organisations: Vec<Choice>,
    people: Vec<Person>,
    may_manage: bool,
}

#[derive(Template)]
#[template(path = "people/invite.html")]
struct InvitePage {
    layout: Layout,
    typed: TypedInvitation,
    organisations: Vec<Choice>,
    roles: Vec<Choice>,
}

#[derive(Template)]
#[template(path = "people/link.html")]
struct LinkPage {
    layout: Layout,
    link: String,
    what: &'static str,
    until: jiff::Timestamp,
    back: String,
}

#[derive(Template)]
#[template(path = "people/show.html")]
struct PersonPage {
    layout: Layout,
    person: Person,
    organisations: Vec<Choice>,
    roles: Vec<Choice>,
    reason: String,
    may_manage: bool,
    is_self: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ListQuery {
    organisation: String,
}

async fn list(
    state: AppState,
    who: SignedIn,
    flash: Flash,
    Query(query): Query<ListQuery>,
) -> Result<Response, Failure> {
    let at = query.organisation.parse().ok().map(Organisation::from_number);
    let organisations = organisations(&state, &who, &query.organisation, "All organisations");
    let organisations = organisations.await?;
    let actor = who.actor.clone();
    let people = blocking(move || people::list(&state.app, &actor, at)).await?;
    let layout = Layout::of(&who.viewer, Section::People, "People").crumb("Home", "/").flash(flash);
    let may_manage = may(&who.actor, Action::ManagePeople);
    Ok(render(StatusCode::OK, &ListPage { layout, organisations, people, may_manage }))
}

/// The organisations that a person sees: the own Party alone, or all.
async fn organisations(
    state: &AppState,
    who: &SignedIn,
    chosen: &str,
    none: &str,
) -> Result<Vec<Choice>, Failure> {
    if let Some(own) = who.actor.party() {
        return Ok(vec![Choice::new(own.0.to_string(), &who.viewer.organisation)]);
    }
    let book = party_book(state).await?;
    let mut choices = vec![Choice::new("", none), Choice::new("0", "DCC and central bodies")];
    let parties = book.iter();
    choices.extend(parties.map(|p| Choice::new(p.id.0.to_string(), &p.details.legal_name)));
    Ok(choices.into_iter().map(|choice| choice.chosen_if(chosen)).collect())
}

/// The roles that may be granted by this person.
fn roles(who: &SignedIn, chosen: &str) -> Vec<Choice> {
    let own_party = who.actor.party().is_some();
    let mine = Role::ALL.iter().filter(|role| !own_party || role.is_of_a_party());
    mine.map(|role| Choice::new(role.word(), role.name()).hint(what_for(*role)).chosen_if(chosen))
        .collect()
}

/// What a role is for, in a few words.
pub(super) fn what_for(role: Role) -> &'static str {
    match role {
        Role::PartyViewer => "Sees the Party’s own stock, offers, requests and transfers.",
        Role::StockManager => {
            "Offers stock and asks for it; agrees, dispatches and receives transfers."
        }
        Role::Warehouse => "Lists what leaves and what arrived, by scan, paste, file or pallet.",
        Role::PartyAdmin => "Sees the Party’s own stock; invites and deactivates its people.",
        Role::DccLogistics => {
            "Publishes offers, runs selection, supervises transfers, prepares their files."
        }
        Role::DccAuthoriser => "Authorises transfer files that somebody else prepared.",
        Role::DccFinance => "Settles hubs installed before their file; runs ESI-013.",
        Role::DccDisputes => "Sees hubs, transfers and transfer files, to settle disputes.",
        Role::DccPolicy => "Drafts, simulates and publishes the policies of selection.",
        Role::DspOperator => "Loads deliveries and status changes; sees file processing.",
        Role::CspEnquirer => "Asks where a hub is; that comes with location enquiries.",
        Role::Auditor => "Reads everything and changes nothing.",
        Role::SystemAdmin => "Manages Parties, people and settings; no business action.",
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct TypedInvitation {
    email: String,
    name: String,
    organisation: String,
    role: String,
}

async fn invite_form(state: AppState, who: SignedIn) -> Result<Response, Failure> {
    who.actor.must(Action::ManagePeople)?;
    let typed = TypedInvitation::default();
    invite_page(&state, &who, typed, StatusCode::OK, Problems::none()).await
}

async fn invite_page(
    state: &AppState,
    who: &SignedIn,
    typed: TypedInvitation,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Failure> {
    let none = "Select an organisation";
    let organisations = organisations(state, who, &typed.organisation, none).await?;
    let layout = Layout::of(&who.viewer, Section::People, "Invite a person")
        .crumb("Home", "/")
        .crumb("People", "/people")
        .problems(problems);
    let roles = roles(who, &typed.role);
    Ok(render(status, &InvitePage { layout, typed, organisations, roles }))
}

async fn invite(
    state: AppState,
    who: SignedIn,
    Form(typed): Form<TypedInvitation>,
) -> Result<Response, Failure> {
    let chosen = typed.organisation.parse().map(Organisation::from_number);
    let (problems, role) = (wrong_with(&typed), Role::from_word(&typed.role));
    let (true, Ok(organisation), Some(role)) = (problems.is_empty(), chosen, role) else {
        return invite_page(&state, &who, typed, StatusCode::UNPROCESSABLE_ENTITY, problems).await;
    };
    let (app, actor, given) = (state.app.clone(), who.actor.clone(), typed.clone());
    let invited = blocking(move || {
        let (email, name) = (given.email.as_str(), given.name.as_str());
        people::invite(&app, &actor, &NewPerson { email, name, organisation, role })
    });
    match invited.await {
        Ok(invitation) => {
            let layout = Layout::of(&who.viewer, Section::People, "Send this link")
                .crumb("Home", "/")
                .crumb("People", "/people");
            let page = LinkPage {
                layout,
                link: format!("{}/invitations/{}", state.public_url, invitation.secret),
                what: if invitation.is_mailed {
                    "Whoever opens it sets a password and has the role. An email with the link \
                     is on its way to that person."
                } else {
                    "Whoever opens it sets a password and has the role. This server sends no \
                     emails, so send the link yourself, to that person alone."
                },
                until: invitation.expires_at,
                back: "/people".to_owned(),
            };
            Ok(render(StatusCode::OK, &page))
        }
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            invite_page(&state, &who, typed, status, problems).await
        }
    }
}

/// What is wrong with an invitation: all of it.
fn wrong_with(typed: &TypedInvitation) -> Problems {
    let mut problems = Problems::none();
    let particulars = [rules::email(&typed.email).err(), rules::name(&typed.name).err()];
    particulars.into_iter().flatten().for_each(|refusal| problems.extend(refusal));
    problems.extend(unchosen(&typed.organisation, &typed.role));
    problems
}

/// What is missing of an organisation and a role.
fn unchosen(organisation: &str, role: &str) -> Problems {
    let mut problems = Problems::none();
    if organisation.parse::<i64>().is_err() {
        problems.add("organisation", "Select an organisation");
    }
    if Role::from_word(role).is_none() {
        problems.add("role", "Select a role");
    }
    problems
}

async fn show(
    state: AppState,
    who: SignedIn,
    flash: Flash,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id = number_in(&id)?;
    person_page(state, who, id, Change::default(), flash, StatusCode::OK, Problems::none()).await
}

/// What a form on a person's page says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Change {
    version: String,
    organisation: String,
    role: String,
    reason: String,
}

impl Change {
    fn target(&self, user: UserId) -> Target {
        Target { user, version: version_seen(&self.version) }
    }
}

async fn person_page(
    state: AppState,
    who: SignedIn,
    id: UserId,
    typed: Change,
    flash: Flash,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Failure> {
    let (app, actor) = (state.app.clone(), who.actor.clone());
    let person = blocking(move || people::get(&app, &actor, id)).await?;
    let none = "Select an organisation";
    let organisations = organisations(&state, &who, &typed.organisation, none).await?;
    let layout = Layout::of(&who.viewer, Section::People, &person.name)
        .crumb("Home", "/")
        .crumb("People", "/people")
        .flash(flash)
        .problems(problems);
    let page = PersonPage {
        layout,
        is_self: person.id == who.actor.user,
        may_manage: may(&who.actor, Action::ManagePeople) && person.id != who.actor.user,
        person,
        organisations,
        roles: [vec![Choice::new("", "Select a role")], roles(&who, &typed.role)].concat(),
        reason: typed.reason,
    };
    Ok(render(status, &page))
}

async fn grant(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Form(typed): Form<Change>,
) -> Result<Response, Failure> {
    let id: UserId = number_in(&id)?;
    let (Ok(organisation), Some(role)) =
        (typed.organisation.parse().map(Organisation::from_number), Role::from_word(&typed.role))
    else {
        let problems = unchosen(&typed.organisation, &typed.role);
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return person_page(state, who, id, typed, Flash::default(), status, problems).await;
    };
    let (app, actor, target) = (state.app.clone(), who.actor.clone(), typed.target(id));
    let granted =
        blocking(move || people::grant(&app, &actor, target, organisation, role).map(drop));
    after(granted.await, state, who, id, typed, "The role is granted").await
}

async fn revoke(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Form(typed): Form<Change>,
) -> Result<Response, Failure> {
    let id: UserId = number_in(&id)?;
    let organisation = Organisation::from_number(number_in(&typed.organisation)?);
    let role = Role::from_word(&typed.role).ok_or_else(|| domain::Refusal::not_found("role"))?;
    let (app, actor, target) = (state.app.clone(), who.actor.clone(), typed.target(id));
    let revoked = blocking(move || people::revoke(&app, &actor, target, organisation, role)).await;
    after(revoked, state, who, id, typed, "The role is taken back").await
}

async fn deactivate(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Form(typed): Form<Change>,
) -> Result<Response, Failure> {
    let id: UserId = number_in(&id)?;
    let (app, actor, target) = (state.app.clone(), who.actor.clone(), typed.target(id));
    let reason = typed.reason.clone();
    let done = blocking(move || people::deactivate(&app, &actor, target, &reason)).await;
    let said = "Deactivated: no session, token or link of this person works any more";
    after(done, state, who, id, typed, said).await
}

async fn reactivate(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Form(typed): Form<Change>,
) -> Result<Response, Failure> {
    let id: UserId = number_in(&id)?;
    let (app, actor, target) = (state.app.clone(), who.actor.clone(), typed.target(id));
    let done = blocking(move || people::reactivate(&app, &actor, target)).await;
    after(done, state, who, id, typed, "Reactivated, with the roles of before").await
}

/// The person's page after a change, or with what is wrong with it.
async fn after(
    done: Result<(), Failure>,
    state: AppState,
    who: SignedIn,
    id: UserId,
    typed: Change,
    said: &str,
) -> Result<Response, Failure> {
    match done {
        // A person whose last role here was taken back is no longer this person's to see.
        Ok(()) => {
            let (app, actor) = (state.app.clone(), who.actor.clone());
            let seen = blocking(move || people::get(&app, &actor, id)).await.is_ok();
            let to = if seen { format!("/people/{id}") } else { "/people".to_owned() };
            Ok(redirect_with(&to, said))
        }
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            person_page(state, who, id, typed, Flash::default(), status, problems).await
        }
    }
}

async fn password_link(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    Form(typed): Form<Change>,
) -> Result<Response, Failure> {
    let id: UserId = number_in(&id)?;
    let (app, actor, target) = (state.app.clone(), who.actor.clone(), typed.target(id));
    match blocking(move || people::password_link(&app, &actor, target)).await {
        Ok(made) => {
            let layout = Layout::of(&who.viewer, Section::People, "Send this link")
                .crumb("Home", "/")
                .crumb("People", "/people");
            let page = LinkPage {
                layout,
                link: format!("{}/password/{}", state.public_url, made.secret),
                what: if made.is_mailed {
                    "Whoever opens it sets a new password. An email with the link is on its way \
                     to that person."
                } else {
                    "Whoever opens it sets a new password. This server sends no emails, so send \
                     the link yourself, to that person alone."
                },
                until: made.expires_at,
                back: format!("/people/{id}"),
            };
            Ok(render(StatusCode::OK, &page))
        }
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            person_page(state, who, id, typed, Flash::default(), status, problems).await
        }
    }
}

/// The roles of a person in one line: `Stock manager at Larkspur; …`
fn roles_in_words(held: &[Held]) -> String {
    let each: Vec<String> =
        held.iter().map(|h| format!("{} at {}", h.role.name(), h.organisation_name)).collect();
    each.join("; ")
}

/// The colour of a person's state as a tag.
fn colour(state: &PersonState) -> &'static str {
    match state {
        PersonState::Invited => "yellow",
        PersonState::Active => "green",
        PersonState::Deactivated => "grey",
    }
}
