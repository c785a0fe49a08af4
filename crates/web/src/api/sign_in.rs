//! The caller's own account: who it is, its sessions, its tokens.

use app::sign_in::{self, NewToken as Wanted, OpenSession, Token as Issued};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use domain::Refusal;
use domain::access::Role;
use domain::ids::TokenId;
use domain::refusal::RefusalKind;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::given::{Given, reference};
use super::people::organisation_text;
use super::{Page, Problem, at};
use crate::error_pages::{Failure, blocking};
use crate::session::{ApiActor, ClientAddress, cookie};
use crate::state::AppState;

/// The routes of this capability.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(me))
        .routes(routes!(sessions))
        .routes(routes!(end_session))
        .routes(routes!(tokens, issue))
        .routes(routes!(revoke))
        .routes(routes!(organisations))
        .routes(routes!(change_password))
}

/// Who is calling.
#[derive(Serialize, ToSchema)]
struct Me {
    /// The person.
    #[schema(example = "usr-000003")]
    id: String,
    /// The name.
    name: String,
    /// The e-mail address.
    email: String,
    /// The organisation that the call is for: `centre` or a Party.
    #[schema(example = "pty-000001")]
    organisation: String,
    /// The organisation's name.
    organisation_name: String,
    /// The roles held there.
    #[schema(example = json!(["stock-manager"]))]
    roles: Vec<&'static str>,
    /// Whether the call came with a token that may change nothing.
    only_reads: bool,
}

/// Who is calling, for whom, as what.
#[utoipa::path(get, path = "/me", tag = "own account", operation_id = "get_me",
    responses((status = OK, body = Me), Problem),
    security(("token" = []), ("session" = [])))]
async fn me(who: ApiActor) -> Json<Me> {
    Json(Me {
        id: who.actor.user.to_string(),
        name: who.actor.name,
        email: who.actor.email,
        organisation: organisation_text(who.actor.organisation),
        organisation_name: who.organisation_name,
        roles: who.actor.roles.iter().copied().map(Role::word).collect(),
        only_reads: who.actor.only_reads,
    })
}

/// An open session.
#[derive(Serialize, ToSchema)]
struct Session {
    /// A name for it that gives nothing away.
    id: String,
    /// The organisation that it acts for.
    organisation_name: String,
    /// The network address that it was begun from.
    address: String,
    /// When it was begun.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was last used, to the minute.
    #[schema(format = DateTime)]
    last_seen_at: String,
    /// Whether this call came with it.
    is_this: bool,
}

/// The caller's open sessions in the portal.
#[utoipa::path(get, path = "/me/sessions", tag = "own account", operation_id = "list_sessions",
    responses((status = OK, body = Page<Session>), Problem),
    security(("token" = []), ("session" = [])))]
async fn sessions(
    State(state): State<AppState>,
    who: ApiActor,
) -> Result<Json<Page<Session>>, Failure> {
    let this = who.session.clone();
    let open = blocking(move || sign_in::sessions(&state.app, &who.actor)).await?;
    let session = |open: OpenSession| Session {
        is_this: this.as_ref() == Some(&open.id),
        id: open.id,
        organisation_name: open.organisation_name,
        address: open.address,
        created_at: open.created_at.to_string(),
        last_seen_at: open.last_seen_at.to_string(),
    };
    Ok(Page::whole(open.into_iter().map(session).collect()))
}

/// Ends one of the caller's sessions.
#[utoipa::path(delete, path = "/me/sessions/{id}", tag = "own account",
    operation_id = "end_session",
    params(("id" = String, Path, description = "The session")),
    responses((status = NO_CONTENT, description = "Ended"), Problem),
    security(("token" = []), ("session" = [])))]
async fn end_session(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    blocking(move || {
        may_change(&who)?;
        sign_in::end_session(&state.app, &who.actor, &id)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn may_change(who: &ApiActor) -> Result<(), Refusal> {
    if who.actor.only_reads {
        let text = "This token may only read.";
        return Err(Refusal::new(RefusalKind::NotAllowed, text));
    }
    Ok(())
}

/// An API token.
#[derive(Serialize, ToSchema)]
struct Token {
    /// Its number.
    #[schema(example = "tok-000007")]
    id: String,
    /// What its owner calls it.
    name: String,
    /// The organisation that it acts for.
    organisation_name: String,
    /// `read` or `write`.
    scope: &'static str,
    /// When it was issued.
    #[schema(format = DateTime)]
    created_at: String,
    /// Until when it works.
    #[schema(format = DateTime)]
    expires_at: String,
    /// When it was revoked.
    #[schema(format = DateTime)]
    revoked_at: Option<String>,
    /// The token itself; only in the answer that issues it.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

fn token(issued: Issued, secret: Option<String>) -> Token {
    Token {
        id: issued.id.to_string(),
        name: issued.name,
        organisation_name: issued.organisation_name,
        scope: issued.scope,
        created_at: issued.created_at.to_string(),
        expires_at: issued.expires_at.to_string(),
        revoked_at: issued.revoked_at.map(|at| at.to_string()),
        secret,
    }
}

/// What a token shall be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewToken {
    /// What to call it.
    name: String,
    /// What it may do.
    scope: Scope,
    /// For how many days it works.
    days: i64,
}

/// What a token may do.
#[derive(Clone, Copy, Deserialize, ToSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Scope {
    /// Only look.
    Read,
    /// All that its owner may.
    Write,
}

/// The caller's tokens, newest first.
#[utoipa::path(get, path = "/me/tokens", tag = "own account", operation_id = "list_tokens",
    responses((status = OK, body = Page<Token>), Problem),
    security(("token" = []), ("session" = [])))]
async fn tokens(
    State(state): State<AppState>,
    who: ApiActor,
) -> Result<Json<Page<Token>>, Failure> {
    let all = blocking(move || sign_in::tokens(&state.app, &who.actor)).await?;
    Ok(Page::whole(all.into_iter().map(|issued| token(issued, None)).collect()))
}

/// Issues a token for the caller's organisation; not to a caller that comes with a token.
///
/// The secret stands in this answer and nowhere else: not in an answer under the same
/// `Idempotency-Key` either.
#[utoipa::path(post, path = "/me/tokens", tag = "own account", operation_id = "issue_token",
    request_body = NewToken,
    responses((status = CREATED, body = Token), Problem),
    security(("session" = [])))]
async fn issue(
    State(state): State<AppState>,
    who: ApiActor,
    Given(new): Given<NewToken>,
) -> Result<Response, Failure> {
    let issued = blocking(move || {
        if who.session.is_none() {
            let text = "A token cannot issue another. Sign in to the portal.";
            return Err(Refusal::new(RefusalKind::NotAllowed, text).into());
        }
        let (name, writes, days) = (new.name.as_str(), new.scope == Scope::Write, new.days);
        sign_in::issue_token(&state.app, &who.actor, &Wanted { name, writes, days })
    });
    let (issued, secret) = issued.await?;
    let path = format!("/me/tokens/{}", issued.id);
    Ok(super::secret(at(StatusCode::CREATED, &path, token(issued, Some(secret)))))
}

/// Revokes one of the caller's tokens.
#[utoipa::path(delete, path = "/me/tokens/{id}", tag = "own account",
    operation_id = "revoke_token",
    params(("id" = String, Path, description = "The token")),
    responses((status = NO_CONTENT, description = "Revoked"), Problem),
    security(("token" = []), ("session" = [])))]
async fn revoke(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    blocking(move || {
        let id: TokenId = reference(&id, "token")?;
        sign_in::revoke_token(&state.app, &who.actor, id)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An organisation that the caller holds a role at.
#[derive(Serialize, ToSchema)]
struct OwnOrganisation {
    /// `centre`, or a Party.
    #[schema(example = "pty-000001")]
    organisation: String,
    /// Its name.
    name: String,
    /// Whether this call is for it.
    is_this: bool,
}

/// The organisations that the caller holds a role at. A call is for the one that its token was
/// issued for, or that its session is turned to.
#[utoipa::path(get, path = "/me/organisations", tag = "own account",
    operation_id = "list_own_organisations",
    responses((status = OK, body = Page<OwnOrganisation>), Problem),
    security(("token" = []), ("session" = [])))]
async fn organisations(
    State(state): State<AppState>,
    who: ApiActor,
) -> Result<Json<Page<OwnOrganisation>>, Failure> {
    let this = who.actor.organisation;
    let all = blocking(move || sign_in::organisations(&state.app, &who.actor)).await?;
    let own = all.into_iter().map(|(organisation, name)| OwnOrganisation {
        organisation: organisation_text(organisation),
        name,
        is_this: organisation == this,
    });
    Ok(Page::whole(own.collect()))
}

/// A change of password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordChange {
    /// The password until now.
    current: String,
    /// The password from now on.
    new: String,
}

/// Changes the caller's password. Every other session of theirs ends.
#[utoipa::path(put, path = "/me/password", tag = "own account", operation_id = "change_password",
    request_body = PasswordChange,
    responses((status = NO_CONTENT, description = "Changed"), Problem),
    security(("token" = []), ("session" = [])))]
async fn change_password(
    State(state): State<AppState>,
    who: ApiActor,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    Given(given): Given<PasswordChange>,
) -> Result<StatusCode, Failure> {
    let session = cookie(&state, &headers).filter(|_| who.session.is_some());
    blocking(move || {
        may_change(&who)?;
        let place = (address.as_str(), session.as_deref());
        sign_in::change_password(&state.app, &who.actor, &given.current, &given.new, place)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
