//! Adding, changing and removing the contacts and delivery locations of a Party.

use std::str::FromStr;

use app::directory as operations;
use askama::Template;
use axum::extract::{Form, Path};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use domain::Refusal;
use domain::access::{Action, Actor};
use domain::directory::{Contact, DeliveryLocation, Purpose};
use domain::ids::PartyId;
use domain::inventory::REGIONS;
use serde::Deserialize;

use super::{Pages, Version, must_see, number_in, shown_in_form, version_seen};
use crate::error_pages::{Failure, blocking};
use crate::page::{Choice, Layout, Problems, Section, choices, filters, redirect_with, render};
use crate::session::SignedIn;
use crate::state::AppState;

/// The pages of this capability.
pub fn routes() -> Pages {
    Pages::new()
        .route("/parties/{id}/{kind}/new", get(new_form).post(add))
        .route("/parties/{id}/{kind}/{entry}", get(form).post(save))
        .route("/parties/{id}/{kind}/{entry}/remove", post(remove))
}

/// What kind of entry a page is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Contact,
    Location,
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(text: &str) -> Result<Kind, ()> {
        match text {
            "contacts" => Ok(Kind::Contact),
            "locations" => Ok(Kind::Location),
            _ => Err(()),
        }
    }
}

/// The entry that an address leads to.
#[derive(Clone, Debug)]
struct Place {
    party: PartyId,
    kind: Kind,
    /// As it stands in the address; none for one to add.
    entry: Option<String>,
}

impl Place {
    fn of(party: &str, kind: &str, entry: Option<String>) -> Result<Place, Failure> {
        Ok(Place { party: number_in(party)?, kind: number_in(kind)?, entry })
    }

    /// Its number; one that is none leads to no page.
    fn number<T: FromStr>(&self) -> Result<Option<T>, Refusal> {
        let number = |entry: &String| entry.parse().map_err(|_| Refusal::not_found("page"));
        self.entry.as_ref().map(number).transpose()
    }

    fn address(&self) -> String {
        let kind = match self.kind {
            Kind::Contact => "contacts",
            Kind::Location => "locations",
        };
        format!("/parties/{}/{kind}/{}", self.party, self.entry.as_deref().unwrap_or("new"))
    }
}

#[derive(Template)]
#[template(path = "directory/edit.html")]
struct EditPage {
    layout: Layout,
    party: PartyId,
    kind: Kind,
    address: String,
    is_new: bool,
    acts_for: bool,
    typed: Typed,
    purposes: Vec<Choice>,
    regions: Vec<Choice>,
    active: Vec<Choice>,
}

/// What stands in the form: the fields of both kinds.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Typed {
    version: String,
    name: String,
    purpose: String,
    email: String,
    telephone: String,
    address: String,
    region: String,
    notes: String,
    is_active: String,
}

impl Typed {
    fn of(app: &app::App, actor: &Actor, place: &Place) -> app::Result<Typed> {
        let not_found = || Refusal::not_found("page");
        Ok(match place.kind {
            Kind::Contact => {
                let id = place.number()?.ok_or_else(not_found)?;
                let row = operations::contact(app, actor, place.party, id)?;
                Typed {
                    version: row.version.to_string(),
                    name: row.says.name,
                    purpose: row.says.purpose.word().to_owned(),
                    email: row.says.email,
                    telephone: row.says.telephone,
                    ..Typed::default()
                }
            }
            Kind::Location => {
                let id = place.number()?.ok_or_else(not_found)?;
                let row = operations::location(app, actor, place.party, id)?;
                Typed {
                    version: row.version.to_string(),
                    name: row.says.name,
                    address: row.says.address,
                    region: row.says.region,
                    notes: row.says.notes,
                    is_active: if row.says.is_active { "yes" } else { "no" }.to_owned(),
                    ..Typed::default()
                }
            }
        })
    }

    fn contact(self) -> Result<Contact, Refusal> {
        let unknown = || Refusal::field("purpose", "Select what the contact is for");
        let purpose = Purpose::from_word(&self.purpose).ok_or_else(unknown)?;
        Ok(Contact { purpose, name: self.name, email: self.email, telephone: self.telephone })
    }

    fn location(self) -> Result<DeliveryLocation, Refusal> {
        let is_active = match self.is_active.as_str() {
            "yes" => true,
            "no" => false,
            _ => return Err(Refusal::field("is_active", "Select yes or no")),
        };
        let Typed { name, address, region, notes, .. } = self;
        Ok(DeliveryLocation { name, address, region, notes, is_active })
    }
}

async fn new_form(
    state: AppState,
    who: SignedIn,
    Path((party, kind)): Path<(String, String)>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::ManageDirectory)?;
    let place = Place::of(&party, &kind, None)?;
    let (app, actor, party) = (state.app.clone(), who.actor.clone(), place.party);
    let directory = blocking(move || operations::get(&app, &actor, party)).await?;
    if !directory.may_manage {
        return Err(Refusal::not_found("page").into());
    }
    let typed = Typed { is_active: "yes".to_owned(), ..Typed::default() };
    Ok(page(&who, &place, typed, StatusCode::OK, Problems::none()))
}

async fn add(
    state: AppState,
    who: SignedIn,
    Path((party, kind)): Path<(String, String)>,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    set(state, who, Place::of(&party, &kind, None)?, typed).await
}

async fn form(
    state: AppState,
    who: SignedIn,
    Path((party, kind, entry)): Path<(String, String, String)>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::ManageDirectory)?;
    let place = Place::of(&party, &kind, Some(entry))?;
    let (app, actor, at) = (state.app.clone(), who.actor.clone(), place.clone());
    let typed = blocking(move || Typed::of(&app, &actor, &at)).await?;
    if who.actor.party().is_some_and(|own| own != place.party) {
        return Err(Refusal::not_found("page").into());
    }
    Ok(page(&who, &place, typed, StatusCode::OK, Problems::none()))
}

async fn save(
    state: AppState,
    who: SignedIn,
    Path((party, kind, entry)): Path<(String, String, String)>,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    set(state, who, Place::of(&party, &kind, Some(entry))?, typed).await
}

/// Adds or changes it; refused, the form keeps what was typed.
async fn set(
    state: AppState,
    who: SignedIn,
    place: Place,
    typed: Typed,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::ManageDirectory)?;
    let (app, actor) = (state.app.clone(), who.actor.clone());
    let (at, given) = (place.clone(), typed.clone());
    let done = blocking(move || {
        let version = version_seen(&given.version);
        match at.kind {
            Kind::Contact => {
                let which = at.number()?.map(|id| (id, version));
                operations::set_contact(&app, &actor, at.party, which, given.contact()?).map(drop)
            }
            Kind::Location => {
                let which = at.number()?.map(|id| (id, version));
                operations::set_location(&app, &actor, at.party, which, given.location()?).map(drop)
            }
        }
    });
    match done.await {
        Ok(()) => Ok(redirect_with(&format!("/parties/{}", place.party), "Saved")),
        Err(failure) => refused(state, who, place, typed, failure).await,
    }
}

async fn remove(
    state: AppState,
    who: SignedIn,
    Path((party, kind, entry)): Path<(String, String, String)>,
    Form(form): Form<Version>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::ManageDirectory)?;
    let place = Place::of(&party, &kind, Some(entry))?;
    let (app, actor, at) = (state.app.clone(), who.actor.clone(), place.clone());
    let done = blocking(move || {
        let (party, version) = (at.party, version_seen(&form.version));
        let none = || Refusal::not_found("page");
        match at.kind {
            Kind::Contact => {
                let id = at.number()?.ok_or_else(none)?;
                operations::drop_contact(&app, &actor, party, id, version)
            }
            Kind::Location => {
                let id = at.number()?.ok_or_else(none)?;
                operations::drop_location(&app, &actor, party, id, version)
            }
        }
    });
    match done.await {
        Ok(()) => Ok(redirect_with(&format!("/parties/{}", place.party), "Removed")),
        Err(failure) => {
            let (app, actor, at) = (state.app.clone(), who.actor.clone(), place.clone());
            let typed = blocking(move || Typed::of(&app, &actor, &at)).await?;
            refused(state, who, place, typed, failure).await
        }
    }
}

/// The form again with what was refused, and of the version that it is now if that was it.
async fn refused(
    state: AppState,
    who: SignedIn,
    place: Place,
    mut typed: Typed,
    failure: Failure,
) -> Result<Response, Failure> {
    let (status, problems) = shown_in_form(failure)?;
    if status == StatusCode::PRECONDITION_FAILED {
        let (actor, at) = (who.actor.clone(), place.clone());
        typed.version = blocking(move || Typed::of(&state.app, &actor, &at)).await?.version;
    }
    Ok(page(&who, &place, typed, status, problems))
}

fn page(
    who: &SignedIn,
    place: &Place,
    typed: Typed,
    status: StatusCode,
    problems: Problems,
) -> Response {
    let title = match (place.kind, place.entry.is_some()) {
        (Kind::Contact, false) => "Add a contact",
        (Kind::Contact, true) => "Change a contact",
        (Kind::Location, false) => "Add a delivery location",
        (Kind::Location, true) => "Change a delivery location",
    };
    let party = place.party;
    let layout = Layout::of(&who.viewer, Section::Parties, title)
        .crumb("Home", "/")
        .crumb("Parties", "/parties")
        .crumb(party.to_string(), format!("/parties/{party}"))
        .problems(problems);
    let purposes: Vec<_> = Purpose::ALL.iter().map(|p| (p.word(), p.name())).collect();
    let mut regions = vec![("", "Choose a region")];
    regions.extend(REGIONS.iter().map(|region| (*region, *region)));
    let page = EditPage {
        layout,
        party,
        kind: place.kind,
        address: place.address(),
        is_new: place.entry.is_none(),
        acts_for: who.actor.party().is_none(),
        purposes: choices(&purposes, &typed.purpose),
        regions: choices(&regions, &typed.region),
        active: choices(&[("yes", "Yes"), ("no", "No")], &typed.is_active),
        typed,
    };
    render(status, &page)
}
