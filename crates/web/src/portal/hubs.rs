//! Hubs: looking for one or for a slice of the inventory, and taking the slice along as a file.

mod quarantine;
mod show;

use app::inventory::{self, Filter, HubRow};
use app::tables::Format;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use domain::access::Action;
use domain::inventory::{REGIONS, SmiStatus};
use domain::parties::PartyBook;
use serde::Deserialize;

use super::{Pages, address, must_see};
use crate::api::given::Query;
use crate::error_pages::{Failure, blocking, status_of};
use crate::page::{Choice, Flash, Layout, Paging, Problems, Section, filters, redirect, render};
use crate::session::SignedIn;
use crate::state::AppState;
use crate::streams::download;

/// Hubs on one page.
const PAGE: u32 = 50;

/// The pages of this capability.
pub fn routes() -> Pages {
    Pages::new()
        .route("/hubs", get(search))
        .route("/hubs/export", get(export))
        .route("/hubs/{id}", get(show::show))
        .route("/hubs/{id}/quarantine", get(quarantine::ask).post(quarantine::quarantine))
        .route("/hubs/{id}/release", get(quarantine::ask_release).post(quarantine::release))
}

#[derive(Template)]
#[template(path = "hubs/search.html")]
struct SearchPage {
    layout: Layout,
    wanted: Wanted,
    statuses: Vec<Choice>,
    regions: Vec<Choice>,
    hubs: Vec<HubRow>,
    parties: PartyBook,
    paging: Paging,
    exports: Vec<(&'static str, String)>,
    sees_all_parties: bool,
}

/// What the address asks for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Wanted {
    pub id: String,
    pub party: String,
    pub status: String,
    pub pallet: String,
    #[serde(rename = "box")]
    pub box_id: String,
    pub consignment: String,
    pub order: String,
    pub manufacturer: String,
    pub model: String,
    pub firmware: String,
    pub region: String,
    after: String,
    back: String,
    format: String,
}

impl Wanted {
    pub(super) fn filter(&self) -> Filter {
        Filter {
            id: self.id.clone(),
            party: self.party.clone(),
            status: self.status.clone(),
            pallet: self.pallet.clone(),
            box_id: self.box_id.clone(),
            consignment: self.consignment.clone(),
            order: self.order.clone(),
            manufacturer: self.manufacturer.clone(),
            model: self.model.clone(),
            firmware: self.firmware.clone(),
            region: self.region.clone(),
        }
    }

    fn pairs(&self) -> [(&str, &str); 11] {
        [
            ("id", &self.id),
            ("party", &self.party),
            ("status", &self.status),
            ("pallet", &self.pallet),
            ("box", &self.box_id),
            ("consignment", &self.consignment),
            ("order", &self.order),
            ("manufacturer", &self.manufacturer),
            ("model", &self.model),
            ("firmware", &self.firmware),
            ("region", &self.region),
        ]
    }

    /// This slice at another address, with something more.
    fn address(&self, path: &str, more: &[(&str, &str)]) -> String {
        address(path, &[&self.pairs(), more].concat())
    }

    /// Whether an ID is all that is asked for.
    fn is_one_id(&self) -> bool {
        self.pairs().iter().all(|(name, value)| (*name == "id") != value.trim().is_empty())
    }

    /// Whether less narrows the slice than one of these fields, which stand under "More".
    fn has_more(&self) -> bool {
        [&self.box_id, &self.order, &self.manufacturer, &self.model, &self.firmware]
            .iter()
            .any(|value| !value.is_empty())
    }
}

async fn search(
    state: AppState,
    who: SignedIn,
    flash: Flash,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeHubs)?;
    let (app, actor, asked) = (state.app.clone(), who.actor.clone(), wanted.clone());
    let found = blocking(move || look(&app, &actor, &asked)).await;
    let (status, problems, found) = match found {
        Ok(Found::One(href)) => return Ok(redirect(&href)),
        Ok(Found::Slice(page)) => (StatusCode::OK, Problems::none(), Some(page)),
        Err(Failure(app::Error::Refused(refusal))) if refusal.field.is_some() => {
            (status_of(refusal.kind), refusal.into(), None)
        }
        Err(failure) => return Err(failure),
    };
    let (hubs, parties, next) = match found {
        Some(page) => (page.hubs, page.parties, page.next),
        None => (Vec::new(), PartyBook::default(), None),
    };
    let layout = Layout::of(&who.viewer, Section::Hubs, "Hubs").crumb("Home", "/");
    let export = |format: &Format| {
        (format_name(*format), wanted.address("/hubs/export", &[("format", format.word())]))
    };
    let page = SearchPage {
        layout: layout.flash(flash).problems(problems),
        statuses: statuses(&wanted.status),
        regions: regions(&wanted.region),
        paging: Paging::by_cursor(&wanted.after, &wanted.back, next, |after, back| {
            wanted.address("/hubs", &[("after", after), ("back", back)])
        }),
        exports: Format::ALL.iter().map(export).collect(),
        sees_all_parties: who.actor.party().is_none(),
        wanted,
        hubs,
        parties,
    };
    Ok(render(status, &page))
}

enum Found {
    /// The address of the one hub's page.
    One(String),
    /// A page of hubs.
    Slice(inventory::Page),
}

fn look(app: &app::App, actor: &domain::access::Actor, wanted: &Wanted) -> app::Result<Found> {
    if wanted.is_one_id() {
        let hub = inventory::hub(app, actor, &wanted.id)?;
        let asked = if hub.asked_by_gpf { hub.gpf } else { hub.chf };
        return Ok(Found::One(format!("/hubs/{asked}")));
    }
    let after = Some(wanted.after.as_str()).filter(|after| !after.is_empty());
    Ok(Found::Slice(inventory::search(app, actor, &wanted.filter(), after, PAGE)?))
}

pub(super) fn statuses(chosen: &str) -> Vec<Choice> {
    let names = SmiStatus::ALL.iter().map(|status| status.name());
    any_of(names, chosen)
}

pub(super) fn regions(chosen: &str) -> Vec<Choice> {
    any_of(REGIONS.iter().copied(), chosen)
}

fn any_of<'a>(names: impl Iterator<Item = &'a str>, chosen: &str) -> Vec<Choice> {
    let names = names.map(|name| Choice::new(name, name).chosen_if(chosen));
    std::iter::once(Choice::new("", "Any")).chain(names).collect()
}

fn format_name(format: Format) -> &'static str {
    match format {
        Format::Csv => "CSV",
        Format::Xlsx => "Excel",
        Format::Parquet => "Parquet",
    }
}

/// The Party that is responsible for a hub, as a list names it.
fn party_of<'a>(parties: &'a PartyBook, hub: &HubRow) -> &'a str {
    parties.by_id(hub.party).map_or("", |party| &party.details.signifier)
}

async fn export(
    state: AppState,
    who: SignedIn,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeHubs)?;
    let format = Format::from_word(&wanted.format).unwrap_or(Format::Csv);
    let at = state.app.now().strftime("%Y%m%dT%H%M%SZ");
    let name = format!("hubs_{at}.{}", format.word());
    download(&name, format.media_type(), move |mut out| {
        let filter = wanted.filter();
        inventory::export(&state.app, &who.actor, &filter, format, &mut out).map(|_| ())
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_alone_leads_to_its_hub() {
        let id = || "00-DB".to_owned();
        assert!(Wanted { id: id(), ..Wanted::default() }.is_one_id());
        assert!(!Wanted { id: id(), pallet: "P1".into(), ..Wanted::default() }.is_one_id());
        assert!(!Wanted { id: " ".into(), ..Wanted::default() }.is_one_id());
        assert!(!Wanted::default().is_one_id());
    }

    #[test]
    fn the_slice_stands_in_the_address() {
        let wanted = Wanted { box_id: "B 1".into(), after: "1.2.3".into(), ..Wanted::default() };
        assert_eq!(
            wanted.address("/hubs/export", &[("format", "csv")]),
            "/hubs/export?box=B+1&format=csv"
        );
    }
}
