//! The contacts and delivery locations of a Party.

use app::App;
use app::directory::{self, ContactRow, LocationRow};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::Refusal;
use domain::access::Action;
use domain::directory::{Contact, DeliveryLocation, Purpose};
use domain::ids::PartyId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::given::{Given, IfMatch, reference};
use super::parties::find;
use super::{Page, Problem, at, versioned};
use crate::error_pages::{Failure, blocking};
use crate::session::ApiActor;
use crate::state::AppState;

/// The routes of this capability.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(contacts, add_contact))
        .routes(routes!(contact, change_contact, drop_contact))
        .routes(routes!(locations, add_location))
        .routes(routes!(location, change_location, drop_location))
}

/// Whom to contact at a Party.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ContactFacts {
    /// For what: `stock`, `warehouse`, `finance`, `disputes` or `general`.
    #[schema(example = "warehouse")]
    purpose: String,
    /// A person or a desk.
    name: String,
    /// E-mail address.
    email: String,
    /// Telephone number; empty for none.
    #[serde(default)]
    telephone: String,
}

impl ContactFacts {
    fn parse(self) -> Result<Contact, Refusal> {
        let purpose = Purpose::given(&self.purpose)?;
        Ok(Contact { purpose, name: self.name, email: self.email, telephone: self.telephone })
    }
}

/// A contact of a Party.
#[derive(Serialize, ToSchema)]
struct PartyContact {
    /// Its number.
    #[schema(example = "con-000001")]
    id: String,
    /// Whom to contact.
    #[serde(flatten)]
    contact: ContactFacts,
    /// How often it was changed: its ETag.
    version: i64,
}

impl From<ContactRow> for PartyContact {
    fn from(row: ContactRow) -> PartyContact {
        let Contact { purpose, name, email, telephone } = row.says;
        let purpose = purpose.word().to_owned();
        PartyContact {
            id: row.id.to_string(),
            contact: ContactFacts { purpose, name, email, telephone },
            version: row.version,
        }
    }
}

/// Where hubs are delivered to.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LocationFacts {
    /// What the Party calls it.
    name: String,
    /// Its address, with line feeds between its lines.
    address: String,
    /// The CSP region that it is in.
    #[schema(example = "North")]
    region: String,
    /// Opening hours and what else a carrier is to know; empty for nothing.
    #[serde(default)]
    notes: String,
    /// Whether hubs may be sent there now.
    is_active: bool,
}

impl From<LocationFacts> for DeliveryLocation {
    fn from(facts: LocationFacts) -> DeliveryLocation {
        let LocationFacts { name, address, region, notes, is_active } = facts;
        DeliveryLocation { name, address, region, notes, is_active }
    }
}

/// A delivery location of a Party.
#[derive(Serialize, ToSchema)]
struct PartyLocation {
    /// Its number.
    #[schema(example = "loc-000001")]
    id: String,
    /// Where it is.
    #[serde(flatten)]
    location: LocationFacts,
    /// How often it was changed: its ETag.
    version: i64,
}

impl From<LocationRow> for PartyLocation {
    fn from(row: LocationRow) -> PartyLocation {
        let DeliveryLocation { name, address, region, notes, is_active } = row.says;
        PartyLocation {
            id: row.id.to_string(),
            location: LocationFacts { name, address, region, notes, is_active },
            version: row.version,
        }
    }
}

/// The Party of an address: its number or its signifier.
fn party(app: &App, who: &ApiActor, given: &str) -> app::Result<PartyId> {
    Ok(find(app, who, given)?.party.id)
}

/// A Party's contacts, by purpose and name.
///
/// Those of another Party are there once both have confirmed a transfer between them.
#[utoipa::path(get, path = "/parties/{id}/contacts", tag = "parties",
    operation_id = "list_contacts",
    params(("id" = String, Path, description = "The Party's number or its signifier")),
    responses((status = OK, body = Page<PartyContact>), Problem),
    security(("token" = []), ("session" = [])))]
async fn contacts(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
) -> Result<Json<Page<PartyContact>>, Failure> {
    let found = blocking(move || {
        who.actor.must(Action::SeeDirectory)?;
        directory::get(&state.app, &who.actor, party(&state.app, &who, &id)?)
    });
    Ok(Page::whole(found.await?.contacts.into_iter().map(PartyContact::from).collect()))
}

/// Adds a contact to a Party.
#[utoipa::path(post, path = "/parties/{id}/contacts", tag = "parties",
    operation_id = "add_contact",
    params(("id" = String, Path, description = "The Party's number or its signifier")),
    request_body = ContactFacts,
    responses((status = CREATED, body = PartyContact), Problem),
    security(("token" = []), ("session" = [])))]
async fn add_contact(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    Given(given): Given<ContactFacts>,
) -> Result<Response, Failure> {
    let added = blocking(move || {
        who.actor.must(Action::ManageDirectory)?;
        directory::set_contact(
            &state.app,
            &who.actor,
            party(&state.app, &who, &id)?,
            None,
            given.parse()?,
        )
    });
    let row = added.await?;
    let path = format!("/parties/{}/contacts/{}", row.party, row.id);
    Ok(at(StatusCode::CREATED, &path, PartyContact::from(row)))
}

/// One contact of a Party.
#[utoipa::path(get, path = "/parties/{id}/contacts/{contact}", tag = "parties",
    operation_id = "get_contact",
    params(("id" = String, Path, description = "The Party's number or its signifier"),
        ("contact" = String, Path, description = "The contact's number")),
    responses((status = OK, body = PartyContact), Problem),
    security(("token" = []), ("session" = [])))]
async fn contact(
    State(state): State<AppState>,
    who: ApiActor,
    Path((id, contact)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let found = blocking(move || {
        who.actor.must(Action::SeeDirectory)?;
        let contact = reference(&contact, "contact")?;
        directory::contact(&state.app, &who.actor, party(&state.app, &who, &id)?, contact)
    });
    let row = found.await?;
    Ok(versioned(row.version, PartyContact::from(row)))
}

/// Changes a contact of a Party.
#[utoipa::path(put, path = "/parties/{id}/contacts/{contact}", tag = "parties",
    operation_id = "change_contact",
    params(("id" = String, Path, description = "The Party's number or its signifier"),
        ("contact" = String, Path, description = "The contact's number")),
    request_body = ContactFacts,
    responses((status = OK, body = PartyContact), Problem),
    security(("token" = []), ("session" = [])))]
async fn change_contact(
    State(state): State<AppState>,
    who: ApiActor,
    Path((id, contact)): Path<(String, String)>,
    IfMatch(version): IfMatch,
    Given(given): Given<ContactFacts>,
) -> Result<Response, Failure> {
    let changed = blocking(move || {
        who.actor.must(Action::ManageDirectory)?;
        let which = Some((reference(&contact, "contact")?, version));
        directory::set_contact(
            &state.app,
            &who.actor,
            party(&state.app, &who, &id)?,
            which,
            given.parse()?,
        )
    });
    let row = changed.await?;
    Ok(versioned(row.version, PartyContact::from(row)))
}

/// Removes a contact of a Party.
#[utoipa::path(delete, path = "/parties/{id}/contacts/{contact}", tag = "parties",
    operation_id = "drop_contact",
    params(("id" = String, Path, description = "The Party's number or its signifier"),
        ("contact" = String, Path, description = "The contact's number")),
    responses((status = NO_CONTENT), Problem),
    security(("token" = []), ("session" = [])))]
async fn drop_contact(
    State(state): State<AppState>,
    who: ApiActor,
    Path((id, contact)): Path<(String, String)>,
    IfMatch(version): IfMatch,
) -> Result<Response, Failure> {
    blocking(move || {
        who.actor.must(Action::ManageDirectory)?;
        let contact = reference(&contact, "contact")?;
        directory::drop_contact(
            &state.app,
            &who.actor,
            party(&state.app, &who, &id)?,
            contact,
            version,
        )
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A Party's delivery locations, by name.
///
/// Those of another Party are there once both have confirmed a transfer between them.
#[utoipa::path(get, path = "/parties/{id}/locations", tag = "parties",
    operation_id = "list_locations",
    params(("id" = String, Path, description = "The Party's number or its signifier")),
    responses((status = OK, body = Page<PartyLocation>), Problem),
    security(("token" = []), ("session" = [])))]
async fn locations(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
) -> Result<Json<Page<PartyLocation>>, Failure> {
    let found = blocking(move || {
        who.actor.must(Action::SeeDirectory)?;
        directory::get(&state.app, &who.actor, party(&state.app, &who, &id)?)
    });
    Ok(Page::whole(found.await?.locations.into_iter().map(PartyLocation::from).collect()))
}

/// Adds a delivery location to a Party.
#[utoipa::path(post, path = "/parties/{id}/locations", tag = "parties",
    operation_id = "add_location",
    params(("id" = String, Path, description = "The Party's number or its signifier")),
    request_body = LocationFacts,
    responses((status = CREATED, body = PartyLocation), Problem),
    security(("token" = []), ("session" = [])))]
async fn add_location(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    Given(given): Given<LocationFacts>,
) -> Result<Response, Failure> {
    let added = blocking(move || {
        who.actor.must(Action::ManageDirectory)?;
        directory::set_location(
            &state.app,
            &who.actor,
            party(&state.app, &who, &id)?,
            None,
            given.into(),
        )
    });
    let row = added.await?;
    let path = format!("/parties/{}/locations/{}", row.party, row.id);
    Ok(at(StatusCode::CREATED, &path, PartyLocation::from(row)))
}

/// One delivery location of a Party.
#[utoipa::path(get, path = "/parties/{id}/locations/{location}", tag = "parties",
    operation_id = "get_location",
    params(("id" = String, Path, description = "The Party's number or its signifier"),
        ("location" = String, Path, description = "The location's number")),
    responses((status = OK, body = PartyLocation), Problem),
    security(("token" = []), ("session" = [])))]
async fn location(
    State(state): State<AppState>,
    who: ApiActor,
    Path((id, location)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let found = blocking(move || {
        who.actor.must(Action::SeeDirectory)?;
        let location = reference(&location, "delivery location")?;
        directory::location(&state.app, &who.actor, party(&state.app, &who, &id)?, location)
    });
    let row = found.await?;
    Ok(versioned(row.version, PartyLocation::from(row)))
}

/// Changes a delivery location of a Party.
#[utoipa::path(put, path = "/parties/{id}/locations/{location}", tag = "parties",
    operation_id = "change_location",
    params(("id" = String, Path, description = "The Party's number or its signifier"),
        ("location" = String, Path, description = "The location's number")),
    request_body = LocationFacts,
    responses((status = OK, body = PartyLocation), Problem),
    security(("token" = []), ("session" = [])))]
async fn change_location(
    State(state): State<AppState>,
    who: ApiActor,
    Path((id, location)): Path<(String, String)>,
    IfMatch(version): IfMatch,
    Given(given): Given<LocationFacts>,
) -> Result<Response, Failure> {
    let changed = blocking(move || {
        who.actor.must(Action::ManageDirectory)?;
        let which = Some((reference(&location, "delivery location")?, version));
        directory::set_location(
            &state.app,
            &who.actor,
            party(&state.app, &who, &id)?,
            which,
            given.into(),
        )
    });
    let row = changed.await?;
    Ok(versioned(row.version, PartyLocation::from(row)))
}

/// Removes a delivery location of a Party.
#[utoipa::path(delete, path = "/parties/{id}/locations/{location}", tag = "parties",
    operation_id = "drop_location",
    params(("id" = String, Path, description = "The Party's number or its signifier"),
        ("location" = String, Path, description = "The location's number")),
    responses((status = NO_CONTENT), Problem),
    security(("token" = []), ("session" = [])))]
async fn drop_location(
    State(state): State<AppState>,
    who: ApiActor,
    Path((id, location)): Path<(String, String)>,
    IfMatch(version): IfMatch,
) -> Result<Response, Failure> {
    blocking(move || {
        who.actor.must(Action::ManageDirectory)?;
        let location = reference(&location, "delivery location")?;
        directory::drop_location(
            &state.app,
            &who.actor,
            party(&state.app, &who, &id)?,
            location,
            version,
        )
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
