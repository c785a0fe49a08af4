//! Who is asking: the session cookie of a browser, or the token of a program.
//!
//! [`recognise`] stands around all routes and finds out once; a page then takes [`SignedIn`] as an
//! argument, an API handler [`ApiActor`]. Both answer for themselves when it is nobody.

use app::sign_in::Session;
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE, HeaderName, REFERER, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::access::{Action, Actor, Reach};
use std::convert::Infallible;
use std::net::SocketAddr;

use crate::error_pages::{Failure, blocking};
use crate::page::{Section, Viewer, redirect};
use crate::portal::address;
use crate::state::AppState;

/// The person who has this page open. For somebody who is not signed in, the way to sign in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Who, for whom, as what.
    pub actor: Actor,
    /// The same, as the frame of a page shows it.
    pub viewer: Viewer,
    /// The name of the session, which gives nothing away.
    pub session: String,
}

/// The person on whose behalf a program, or a page's script, calls the API.
#[derive(Clone, Debug)]
pub struct ApiActor {
    /// Who, for whom, as what.
    pub actor: Actor,
    /// The organisation's name.
    pub organisation_name: String,
    /// The name of the session; none with a token.
    pub session: Option<String>,
}

/// Finds out who is asking, once for each request.
pub async fn recognise(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    if request.uri().path().starts_with("/assets/") {
        return next.run(request).await;
    }
    let token = bearer(request.headers());
    let known = match (token, cookie(&state, request.headers())) {
        (Some(token), _) => by_token(&state, token).await,
        (None, Some(secret)) => by_session(&state, secret).await,
        (None, None) => Ok(None),
    };
    match known {
        Err(failure) => failure.into_response(),
        Ok(None) => next.run(request).await,
        Ok(Some(known)) => {
            let viewer = known.page.as_ref().map(|page| page.viewer.clone());
            if let Some(page) = known.page {
                request.extensions_mut().insert(page);
            }
            request.extensions_mut().insert(known.api);
            let mut answer = next.run(request).await;
            if let Some(viewer) = viewer {
                answer.extensions_mut().insert(viewer);
            }
            answer
        }
    }
}

struct Known {
    page: Option<SignedIn>,
    api: ApiActor,
}

async fn by_session(state: &AppState, secret: String) -> Result<Option<Known>, Failure> {
    let app = state.app.clone();
    let session = blocking(move || app::sign_in::actor_for_session(&app, &secret)).await?;
    Ok(session.map(|session| Known {
        page: Some(SignedIn {
            viewer: viewer(&session),
            actor: session.actor.clone(),
            session: session.id.clone(),
        }),
        api: ApiActor {
            actor: session.actor,
            organisation_name: session.organisation_name,
            session: Some(session.id),
        },
    }))
}

async fn by_token(state: &AppState, token: String) -> Result<Option<Known>, Failure> {
    let app = state.app.clone();
    let found = blocking(move || app::sign_in::actor_for_token(&app, &token)).await?;
    Ok(found.map(|(actor, organisation_name)| Known {
        page: None,
        api: ApiActor { actor, organisation_name, session: None },
    }))
}

impl FromRequestParts<AppState> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Response> {
        parts.extensions.get::<SignedIn>().cloned().ok_or_else(|| sign_in_first(parts))
    }
}

/// The page to sign in on, which then leads back to where one wanted to go; for what a form sent,
/// to the page of the form.
fn sign_in_first(parts: &Parts) -> Response {
    if parts.method == Method::GET {
        let wanted = parts.uri.path_and_query().map_or("/", |wanted| wanted.as_str());
        let next = if wanted == "/" { "" } else { wanted };
        return redirect(&address("/sign-in", &[("next", next)]));
    }
    let form = page_of_form(&parts.headers).unwrap_or_default();
    redirect(&address("/sign-in", &[("next", &form), ("unsent", "yes")]))
}

/// The page that a form was sent from, without its host: wherever it was, the way back is here.
fn page_of_form(headers: &HeaderMap) -> Option<String> {
    let page: Uri = headers.get(REFERER)?.to_str().ok()?.parse().ok()?;
    Some(page.path_and_query()?.as_str().to_owned())
}

/// Where to go after signing in: an address of this server, or home.
pub fn safe_next(next: Option<&str>) -> &str {
    let within = |next: &&str| {
        let second = next.as_bytes().get(1);
        next.starts_with('/')
            && !matches!(second, Some(b'/' | b'\\'))
            && next.bytes().all(|byte| (0x21..0x7f).contains(&byte) && byte != b'\\')
    };
    next.filter(within).unwrap_or("/")
}

impl FromRequestParts<AppState> for ApiActor {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Failure> {
        let known = parts.extensions.get::<ApiActor>().cloned();
        known.ok_or_else(|| Failure::from(app::sign_in::not_signed_in()))
    }
}

/// The network address that a request comes from, behind a proxy as the proxy says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub String);

impl FromRequestParts<AppState> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or_else(|| "unknown".to_owned(), |info| info.0.ip().to_string());
        let said = parts.headers.get_all("x-forwarded-for").iter().next_back();
        let said =
            said.and_then(|said| said.to_str().ok()).and_then(|said| said.rsplit(',').next());
        let proxied = said.map(|said| said.trim().to_owned()).filter(|_| state.has_tls());
        Ok(ClientAddress(proxied.unwrap_or(peer)))
    }
}

/// The name of the cookie: under HTTPS one that no other host can set.
pub fn cookie_name(state: &AppState) -> &'static str {
    if state.has_tls() { "__Host-hubstock" } else { "hubstock" }
}

/// The header that gives a browser its session.
pub fn give_cookie(state: &AppState, secret: &str) -> (HeaderName, HeaderValue) {
    set_cookie(state, secret, "")
}

/// The header that takes the session away from the browser.
pub fn take_cookie(state: &AppState) -> (HeaderName, HeaderValue) {
    set_cookie(state, "", "; Max-Age=0")
}

fn set_cookie(state: &AppState, value: &str, age: &str) -> (HeaderName, HeaderValue) {
    let secure = if state.has_tls() { "; Secure" } else { "" };
    let name = cookie_name(state);
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}");
    (SET_COOKIE, HeaderValue::try_from(cookie).expect("a secret is plain ASCII"))
}

/// The secret of the session that a browser says it has.
pub fn cookie(state: &AppState, headers: &HeaderMap) -> Option<String> {
    let name = cookie_name(state);
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
        .filter(|secret| !secret.is_empty())
        .map(str::to_owned)
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let given = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = given.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

fn viewer(session: &Session) -> Viewer {
    Viewer {
        name: session.actor.name.clone(),
        organisation: session.organisation_name.clone(),
        can_switch: session.can_switch,
        unread: match session.unread {
            0 => String::new(),
            few if few < app::notifications::MOST_COUNTED => few.to_string(),
            _ => "99+".to_owned(),
        },
        sections: sections(&session.actor),
    }
}

/// The sections of the portal that a person may use.
fn sections(actor: &Actor) -> Vec<Section> {
    let needs = |section: &Section| match section {
        Section::Home => None,
        Section::Hubs => Some(Action::SeeHubs),
        Section::Board => Some(Action::SeeBoard),
        Section::Offers | Section::Requests => Some(Action::SeeOffers),
        Section::Deliveries => Some(Action::SeeImports),
        Section::Transfers => Some(Action::SeeTransfers),
        Section::TransferFiles => Some(Action::SeeTransferFiles),
        Section::Selection => Some(Action::SeeSelection),
        Section::Reports => Some(Action::SeeDeliveryReport),
        Section::Parties => Some(Action::SeeParties),
        Section::People => Some(Action::SeePeople),
        Section::Journal => Some(Action::ReadJournal),
        Section::Settings => Some(Action::SeeSettings),
    };
    let may = |section: &&Section| {
        needs(section).is_none_or(|action| actor.reach(action) != Reach::Nothing)
    };
    Section::ALL.iter().filter(may).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_host_after_signing_in() {
        for away in ["//evil.example", "/\\evil", "https://evil.example", "", "/a b", "x", "/\t/e"]
        {
            assert_eq!(safe_next(Some(away)), "/", "{away}");
        }
        assert_eq!(safe_next(Some("/hubs?status=Pending")), "/hubs?status=Pending");
        assert_eq!(safe_next(None), "/");
    }
}
