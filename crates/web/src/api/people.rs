//! People, their roles, invitations to them.

use app::people::{self, Held, NewPerson, Target};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::Refusal;
use domain::access::{Organisation, Role};
use domain::ids::{PartyId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::given::{Given, IfMatch, Query, reference};
use super::{Page, Problem, at, secret, versioned};
use crate::error_pages::{Failure, blocking};
use crate::session::{ApiActor, ClientAddress};
use crate::state::AppState;

/// The routes of this capability.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, invite))
        .routes(routes!(show))
        .routes(routes!(grant, revoke))
        .routes(routes!(deactivate))
        .routes(routes!(reactivate))
        .routes(routes!(password_link))
        .routes(routes!(accept))
        .routes(routes!(set_password))
}

/// An organisation as calls name it.
pub fn organisation_text(organisation: Organisation) -> String {
    match organisation {
        Organisation::Centre => "centre".to_owned(),
        Organisation::Party(id) => id.to_string(),
    }
}

fn organisation(given: &str) -> Result<Organisation, Refusal> {
    match given {
        "centre" => Ok(Organisation::Centre),
        party => Ok(Organisation::Party(reference::<PartyId>(party, "organisation")?)),
    }
}

fn role(given: &str) -> Result<Role, Refusal> {
    Role::from_word(given).ok_or_else(|| {
        let words: Vec<&str> = Role::ALL.iter().copied().map(Role::word).collect();
        Refusal::field("role", format!("A role is one of {}.", words.join(", ")))
    })
}

/// A person, as far as the caller may see.
#[derive(Serialize, ToSchema)]
struct Person {
    /// The number.
    #[schema(example = "usr-000003")]
    id: String,
    /// The e-mail address.
    email: String,
    /// The name.
    name: String,
    /// `Invited`, `Active` or `Deactivated`.
    state: &'static str,
    /// When the person was added.
    #[schema(format = DateTime)]
    created_at: String,
    /// The roles, held or invited to.
    roles: Vec<HeldRole>,
    /// How often the person was changed: the ETag.
    version: i64,
}

/// A role at an organisation.
#[derive(Serialize, ToSchema)]
struct HeldRole {
    /// `centre`, or a Party.
    #[schema(example = "pty-000001")]
    organisation: String,
    /// The organisation's name.
    organisation_name: String,
    /// As what.
    #[schema(example = "stock-manager")]
    role: &'static str,
    /// Until when the invitation to it can be accepted; absent once the role is held.
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    invited_until: Option<String>,
}

fn held(held: Held) -> HeldRole {
    HeldRole {
        organisation: organisation_text(held.organisation),
        organisation_name: held.organisation_name,
        role: held.role.word(),
        invited_until: held.invited_until.map(|until| until.to_string()),
    }
}

fn person(person: people::Person) -> Person {
    Person {
        id: person.id.to_string(),
        email: person.email,
        name: person.name,
        state: person.state.name(),
        created_at: person.created_at.to_string(),
        roles: person.roles.into_iter().map(held).collect(),
        version: person.version,
    }
}

/// Whose people.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Whose {
    /// `centre`, or a Party; the caller's own, or all that the caller sees, if it is absent.
    #[param(example = "pty-000001")]
    organisation: Option<String>,
}

/// The people of an organisation.
#[utoipa::path(get, path = "/people", tag = "people", operation_id = "list_people",
    params(Whose),
    responses((status = OK, body = Page<Person>), Problem),
    security(("token" = []), ("session" = [])))]
async fn list(
    State(state): State<AppState>,
    who: ApiActor,
    Query(whose): Query<Whose>,
) -> Result<Json<Page<Person>>, Failure> {
    let all = blocking(move || {
        let at = whose.organisation.as_deref().map(organisation).transpose()?;
        people::list(&state.app, &who.actor, at)
    });
    Ok(Page::whole(all.await?.into_iter().map(person).collect()))
}

/// One person.
#[utoipa::path(get, path = "/people/{id}", tag = "people", operation_id = "get_person",
    params(("id" = String, Path, description = "The person")),
    responses((status = OK, body = Person), Problem),
    security(("token" = []), ("session" = [])))]
async fn show(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let found = move || people::get(&state.app, &who.actor, reference(&id, "person")?);
    let found = blocking(found).await?;
    Ok(versioned(found.version, person(found)))
}

/// Whom to invite.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewInvitation {
    /// The e-mail address.
    email: String,
    /// The name.
    name: String,
    /// `centre`, or a Party.
    #[schema(example = "pty-000001")]
    organisation: String,
    /// As what.
    #[schema(example = "stock-manager")]
    role: String,
}

/// An invitation.
#[derive(Serialize, ToSchema)]
struct Invitation {
    /// Who is invited.
    person: String,
    /// The link to send to the person; it works once.
    link: String,
    /// Until when it works.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Invites somebody to a role. The role is held once the invitation is accepted.
#[utoipa::path(post, path = "/people", tag = "people", operation_id = "invite_person",
    request_body = NewInvitation,
    responses((status = CREATED, body = Invitation), Problem),
    security(("token" = []), ("session" = [])))]
async fn invite(
    State(state): State<AppState>,
    who: ApiActor,
    Given(new): Given<NewInvitation>,
) -> Result<Response, Failure> {
    let url = state.public_url.clone();
    let invited = blocking(move || {
        let wanted = NewPerson {
            email: &new.email,
            name: &new.name,
            organisation: organisation(&new.organisation)?,
            role: role(&new.role)?,
        };
        people::invite(&state.app, &who.actor, &wanted)
    });
    let invited = invited.await?;
    let answer = Invitation {
        person: invited.user.to_string(),
        link: format!("{url}/invitations/{}", invited.secret),
        expires_at: invited.expires_at.to_string(),
    };
    Ok(secret(at(StatusCode::CREATED, &format!("/people/{}", invited.user), answer)))
}

/// A link's secret and a password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Acceptance {
    /// The secret at the end of the link.
    secret: String,
    /// The password to set; to accept an invitation, the one that the account has, if it has one.
    password: String,
}

/// Accepts an invitation: sets the first password, or proves that one knows the one there is.
#[utoipa::path(post, path = "/invitations/accept", tag = "people",
    operation_id = "accept_invitation", request_body = Acceptance,
    responses((status = NO_CONTENT, description = "The role is held"), Problem))]
async fn accept(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    Given(given): Given<Acceptance>,
) -> Result<StatusCode, Failure> {
    blocking(move || people::accept(&state.app, &given.secret, &given.password, &address)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn target(id: &str, version: Option<i64>) -> Result<Target, Refusal> {
    Ok(Target { user: reference::<UserId>(id, "person")?, version })
}

/// Grants a role to somebody who is known at an organisation that the caller manages.
#[utoipa::path(put, path = "/people/{id}/roles/{organisation}/{role}", tag = "people",
    operation_id = "grant_role",
    params(("id" = String, Path, description = "The person"),
        ("organisation" = String, Path, description = "`centre`, or a Party"),
        ("role" = String, Path, description = "As what")),
    responses((status = OK, body = Person), Problem),
    security(("token" = []), ("session" = [])))]
async fn grant(
    State(state): State<AppState>,
    who: ApiActor,
    Path((id, at, as_what)): Path<(String, String, String)>,
    IfMatch(version): IfMatch,
) -> Result<Response, Failure> {
    let after = blocking(move || {
        let (at, role) = (organisation(&at)?, role(&as_what)?);
        people::grant(&state.app, &who.actor, target(&id, version)?, at, role)
    });
    let after = after.await?;
    Ok(versioned(after.version, person(after)))
}

/// Takes a role back.
#[utoipa::path(delete, path = "/people/{id}/roles/{organisation}/{role}", tag = "people",
    operation_id = "revoke_role",
    params(("id" = String, Path, description = "The person"),
        ("organisation" = String, Path, description = "`centre`, or a Party"),
        ("role" = String, Path, description = "As what")),
    responses((status = NO_CONTENT, description = "No longer held"), Problem),
    security(("token" = []), ("session" = [])))]
async fn revoke(
    State(state): State<AppState>,
    who: ApiActor,
    Path((id, at, as_what)): Path<(String, String, String)>,
    IfMatch(version): IfMatch,
) -> Result<StatusCode, Failure> {
    blocking(move || {
        let (at, role) = (organisation(&at)?, role(&as_what)?);
        people::revoke(&state.app, &who.actor, target(&id, version)?, at, role)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reason {
    /// The reason.
    pub reason: String,
}

/// Keeps a person out: at once no session, token or link of theirs works.
#[utoipa::path(post, path = "/people/{id}/deactivate", tag = "people",
    operation_id = "deactivate_person",
    params(("id" = String, Path, description = "The person")),
    request_body = Reason,
    responses((status = NO_CONTENT, description = "Deactivated"), Problem),
    security(("token" = []), ("session" = [])))]
async fn deactivate(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    IfMatch(version): IfMatch,
    Given(Reason { reason }): Given<Reason>,
) -> Result<StatusCode, Failure> {
    blocking(move || people::deactivate(&state.app, &who.actor, target(&id, version)?, &reason))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets a person in again.
#[utoipa::path(post, path = "/people/{id}/reactivate", tag = "people",
    operation_id = "reactivate_person",
    params(("id" = String, Path, description = "The person")),
    responses((status = NO_CONTENT, description = "Active again"), Problem),
    security(("token" = []), ("session" = [])))]
async fn reactivate(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    IfMatch(version): IfMatch,
) -> Result<StatusCode, Failure> {
    blocking(move || people::reactivate(&state.app, &who.actor, target(&id, version)?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A link.
#[derive(Serialize, ToSchema)]
struct PasswordLink {
    /// The link to send to the person; it works once.
    link: String,
    /// Until when it works.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Makes a link with which a person sets a new password.
#[utoipa::path(post, path = "/people/{id}/password-link", tag = "people",
    operation_id = "issue_password_link",
    params(("id" = String, Path, description = "The person")),
    responses((status = CREATED, body = PasswordLink), Problem),
    security(("token" = []), ("session" = [])))]
async fn password_link(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    IfMatch(version): IfMatch,
) -> Result<Response, Failure> {
    let url = state.public_url.clone();
    let make = move || people::password_link(&state.app, &who.actor, target(&id, version)?);
    let made = blocking(make).await?;
    let link = format!("{url}/password/{}", made.secret);
    let expires_at = made.expires_at.to_string();
    Ok(secret((StatusCode::CREATED, Json(PasswordLink { link, expires_at })).into_response()))
}

/// Sets a new password by such a link. Every session of the person ends.
#[utoipa::path(post, path = "/passwords/set", tag = "people", operation_id = "set_password",
    request_body = Acceptance,
    responses((status = NO_CONTENT, description = "Set"), Problem))]
async fn set_password(
    State(state): State<AppState>,
    Given(given): Given<Acceptance>,
) -> Result<StatusCode, Failure> {
    let set = move || {
        people::set_password_by_link(&state.app, &given.secret, &given.password)?;
        Ok(())
    };
    blocking(set).await?;
    Ok(StatusCode::NO_CONTENT)
}
