//! The form of an offer: a new one, or one that is changed.

use app::directory;
use app::offers::{self, Draft, Drafted, Listing, Uncommitted};
use app::transfer_files::IdMistake;
use askama::Template;
use axum::extract::{Multipart, Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use domain::Refusal;
use domain::access::Action;
use domain::ids::{OfferId, PartyId};
use domain::numbers::grouped;
use domain::offers::{Carriage, Firmware, Specification, State, Terms};
use domain::timers::british_day;
use jiff::civil::Date;
use serde::Deserialize;

use super::super::{may, must_see, number_in, party_book, shown_in_form, version_seen};
use super::{OfferView, Seen};
use crate::error_pages::{Failure, blocking};
use crate::page::{Choice, Layout, Problems, Section, choices, filters, redirect_with, render};
use crate::session::SignedIn;
use crate::state::AppState;

/// Mistakes that stand in the table; the others follow as plain lines.
const IN_TABLE: usize = 200;

#[derive(Template)]
#[template(path = "offers/edit.html")]
struct EditPage {
    layout: Layout,
    id: Option<OfferId>,
    typed: Typed,
    /// Where the DCC acts for one.
    parties: Vec<Choice>,
    stock: Vec<Choice>,
    firmware_known: String,
    lots: Vec<Choice>,
    carriages: Vec<Choice>,
    ids_modes: Vec<Choice>,
    is_draft: bool,
    has_ids: bool,
    mistakes: Vec<IdMistake>,
    more_mistakes: Vec<IdMistake>,
    locations: Vec<String>,
}

/// What stands in the form.
#[derive(Clone, Debug, Default)]
struct Typed {
    version: String,
    party: String,
    specification: String,
    quantity: String,
    firmware: String,
    minimum_lot: String,
    lots: String,
    packaging: String,
    location: String,
    carriage: String,
    notes: String,
    available_from: String,
    available_until: String,
    closes_on: String,
    ids_mode: String,
    ids: String,
    file: Vec<u8>,
    /// Which button was pressed: to check the list only, if it says anything.
    check: String,
    /// How many device IDs were checked and can all be offered.
    checked: Option<usize>,
}

/// The parts of a specification in the value of a choice.
const BETWEEN: char = '|';

fn value_of(specification: &Specification) -> String {
    let parts = specification.parts().map(|(_, part)| part.to_owned());
    parts.join(&BETWEEN.to_string())
}

fn specification_in(value: &str) -> Specification {
    let mut parts = value.split(BETWEEN).map(str::to_owned);
    let mut next = || parts.next().unwrap_or_default();
    Specification {
        manufacturer: next(),
        model: next(),
        han_variant: next(),
        wan_variant: next(),
        region: next(),
    }
}

fn day_text(day: Option<Date>) -> String {
    day.map(|day| day.to_string()).unwrap_or_default()
}

impl Typed {
    fn of(view: &OfferView) -> Typed {
        let (row, t) = (&view.row, &view.row.terms);
        let firmware: Vec<String> =
            view.firmware.iter().map(|(version, hubs)| format!("{version} {hubs}")).collect();
        Typed {
            version: row.version.to_string(),
            party: String::new(),
            specification: value_of(&row.specification),
            quantity: t.quantity.to_string(),
            firmware: firmware.join("\n"),
            minimum_lot: t.minimum_lot.to_string(),
            lots: if t.full_pallets { "full" } else { "part" }.to_owned(),
            packaging: t.packaging.clone(),
            location: t.location.clone(),
            carriage: t.carriage.name().to_owned(),
            notes: t.notes.clone(),
            available_from: t.available_from.to_string(),
            available_until: day_text(t.available_until),
            closes_on: day_text(t.closes_on),
            ids_mode: "same".to_owned(),
            ids: String::new(),
            file: Vec::new(),
            check: String::new(),
            checked: None,
        }
    }

    async fn read(mut form: Multipart) -> Result<Typed, Failure> {
        let mut typed = Typed::default();
        let broken = |_| Refusal::invalid("The form did not arrive whole. Send it again.");
        while let Some(field) = form.next_field().await.map_err(broken)? {
            let name = field.name().unwrap_or_default().to_owned();
            let bytes = field.bytes().await.map_err(|_| {
                let message = "What was sent is larger than 32 MiB. Offer fewer hubs at a time.";
                Refusal::new(domain::refusal::RefusalKind::TooLarge, message)
            })?;
            if name == "file" {
                typed.file = bytes.to_vec();
                continue;
            }
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let into = match name.as_str() {
                "version" => &mut typed.version,
                "party" => &mut typed.party,
                "specification" => &mut typed.specification,
                "quantity" => &mut typed.quantity,
                "firmware" => &mut typed.firmware,
                "minimum_lot" => &mut typed.minimum_lot,
                "lots" => &mut typed.lots,
                "packaging" => &mut typed.packaging,
                "location" => &mut typed.location,
                "carriage" => &mut typed.carriage,
                "notes" => &mut typed.notes,
                "available_from" => &mut typed.available_from,
                "available_until" => &mut typed.available_until,
                "closes_on" => &mut typed.closes_on,
                "ids_mode" => &mut typed.ids_mode,
                "ids" => &mut typed.ids,
                "check" => &mut typed.check,
                _ => continue,
            };
            *into = text;
        }
        Ok(typed)
    }

    /// What was typed as an offer, or everything that is wrong with how it was typed.
    fn draft(&self, today: Date) -> Result<Draft, Problems> {
        let mut problems = Problems::none();
        let gives_ids = self.ids_mode == "list";
        let number = |problems: &mut Problems, field: &str, text: &str, message: &str| {
            let number = text.trim().replace([',', ' '], "").parse::<i64>().ok();
            if number.is_none() {
                problems.add(field, message);
            }
            number.unwrap_or(0)
        };
        let day = |problems: &mut Problems, field: &str, text: &str| {
            let text = text.trim();
            let day = text.parse::<Date>().ok();
            if !text.is_empty() && day.is_none() {
                problems.add(field, "Enter a day such as 2026-11-23");
            }
            day
        };
        if self.specification.is_empty() && !gives_ids && self.ids_mode != "same" {
            problems.add("specification", "Choose the stock that you offer");
        }
        let quantity = match (gives_ids, self.quantity.trim().is_empty()) {
            (true, true) => 1,
            _ => number(&mut problems, "quantity", &self.quantity, "Enter how many hubs you offer"),
        };
        let minimum_lot = match self.minimum_lot.trim().is_empty() {
            true => 1,
            false => number(
                &mut problems,
                "minimum_lot",
                &self.minimum_lot,
                "Enter the least that a request may ask for, as a number",
            ),
        };
        let terms = Terms {
            quantity,
            minimum_lot,
            full_pallets: self.lots == "full",
            packaging: self.packaging.clone(),
            location: self.location.clone(),
            carriage: Carriage::from_name(&self.carriage).unwrap_or_default(),
            notes: self.notes.replace("\r\n", "\n"),
            available_from: day(&mut problems, "available_from", &self.available_from)
                .unwrap_or(today),
            available_until: day(&mut problems, "available_until", &self.available_until),
            closes_on: day(&mut problems, "closes_on", &self.closes_on),
        };
        let firmware = firmware_in(&self.firmware).unwrap_or_else(|message| {
            problems.add("firmware", message);
            Firmware::new()
        });
        let listing = match self.ids_mode.as_str() {
            "list" if !self.file.is_empty() => Listing::Ids(self.file.clone()),
            "list" => Listing::Ids(self.ids.clone().into_bytes()),
            "none" => Listing::None,
            _ => Listing::AsItIs,
        };
        let party = self.party.parse::<PartyId>().ok();
        let specification = specification_in(&self.specification);
        if problems.is_empty() {
            Ok(Draft { party, specification, firmware, terms, listing })
        } else {
            Err(problems)
        }
    }
}

/// `04000007 500` on each line.
fn firmware_in(text: &str) -> Result<Firmware, &'static str> {
    let mut firmware = Firmware::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let split = line.rsplit_once([' ', '\t', ':', '=']);
        let pair = split.and_then(|(version, hubs)| {
            let version = version.trim_end_matches([':', '=', ' ']).to_owned();
            Some((version, hubs.replace(',', "").parse::<i64>().ok()?))
        });
        let Some((version, hubs)) = pair.filter(|(version, _)| !version.is_empty()) else {
            return Err("Enter a firmware version and a number of hubs on each line, such as \
                        04000007 500");
        };
        if firmware.insert(version, hubs).is_some() {
            return Err("Each firmware version stands on one line");
        }
    }
    Ok(firmware)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct NewQuery {
    party: String,
}

/// The empty form.
pub(super) async fn new_form(
    state: AppState,
    who: SignedIn,
    Query(query): Query<NewQuery>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::ManageOffers)?;
    let typed = Typed {
        party: query.party,
        lots: "part".to_owned(),
        carriage: Carriage::ToBeAgreed.name().to_owned(),
        available_from: british_day(state.app.now()).to_string(),
        ids_mode: "none".to_owned(),
        ..Typed::default()
    };
    page(state, &who, None, typed, (StatusCode::OK, Problems::none()), Vec::new()).await
}

/// Drafts an offer; refused, the form keeps what was typed.
pub(super) async fn create(
    state: AppState,
    who: SignedIn,
    form: Multipart,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::ManageOffers)?;
    let typed = Typed::read(form).await?;
    if !typed.check.is_empty() {
        return check(state, &who, None, typed).await;
    }
    let draft = match typed.draft(british_day(state.app.now())) {
        Ok(draft) => draft,
        Err(problems) => {
            let wrong = (StatusCode::UNPROCESSABLE_ENTITY, problems);
            return page(state, &who, None, typed, wrong, Vec::new()).await;
        }
    };
    let (app, actor) = (state.app.clone(), who.actor.clone());
    let done = blocking(move || offers::draft(&app, &actor, &draft)).await;
    answer(state, &who, None, typed, done).await
}

/// Says what is wrong with the list of device IDs; nothing is saved.
async fn check(
    state: AppState,
    who: &SignedIn,
    id: Option<OfferId>,
    mut typed: Typed,
) -> Result<Response, Failure> {
    let bytes = if typed.file.is_empty() { typed.ids.clone().into() } else { typed.file.clone() };
    let (app, actor, party) = (state.app.clone(), who.actor.clone(), typed.party.parse().ok());
    let done = blocking(move || offers::check_list(&app, &actor, party, id, &bytes)).await;
    match done {
        Ok(Ok(hubs)) => {
            typed.checked = Some(hubs);
            page(state, who, id, typed, (StatusCode::OK, Problems::none()), Vec::new()).await
        }
        Ok(Err(mistakes)) => answer(state, who, id, typed, Ok(Drafted::Mistakes(mistakes))).await,
        Err(failure) => answer(state, who, id, typed, Err(failure)).await,
    }
}

async fn answer(
    state: AppState,
    who: &SignedIn,
    id: Option<OfferId>,
    mut typed: Typed,
    done: Result<Drafted, Failure>,
) -> Result<Response, Failure> {
    match done {
        Ok(Drafted::Offer(offer)) => {
            let said = match id {
                None => "Drafted: look it over, then submit it",
                Some(_) => "Saved",
            };
            Ok(redirect_with(&format!("/offers/{offer}"), said))
        }
        Ok(Drafted::Mistakes(mistakes)) => {
            let mut problems = Problems::none();
            let lines = grouped(mistakes.len());
            let noun = if mistakes.len() == 1 { "line" } else { "lines" };
            problems.add("ids", format!("Correct {lines} {noun} of the list of device IDs"));
            let wrong = (StatusCode::UNPROCESSABLE_ENTITY, problems);
            page(state, who, id, typed, wrong, mistakes).await
        }
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            if let Some(offer) = id.filter(|_| status == StatusCode::PRECONDITION_FAILED) {
                let (app, actor) = (state.app.clone(), who.actor.clone());
                let now = blocking(move || offers::get(&app, &actor, offer)).await?;
                typed.version = now.row.version.to_string();
            }
            page(state, who, id, typed, (status, problems), Vec::new()).await
        }
    }
}

/// The form with the offer as it is.
pub(super) async fn edit_form(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::ManageOffers)?;
    let (id, actor, app) = (number_in::<OfferId>(&id)?, who.actor.clone(), state.app.clone());
    let view = blocking(move || offers::get(&app, &actor, id)).await?;
    if view.seen != Seen::Whole {
        return Err(Refusal::not_found("page").into());
    }
    let typed = Typed::of(&view);
    page(state, &who, Some(id), typed, (StatusCode::OK, Problems::none()), Vec::new()).await
}

/// Changes it; refused, the form keeps what was typed.
pub(super) async fn save(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
    form: Multipart,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::ManageOffers)?;
    let id: OfferId = number_in(&id)?;
    let typed = Typed::read(form).await?;
    if !typed.check.is_empty() {
        return check(state, &who, Some(id), typed).await;
    }
    let draft = match typed.draft(british_day(state.app.now())) {
        Ok(draft) => draft,
        Err(problems) => {
            let wrong = (StatusCode::UNPROCESSABLE_ENTITY, problems);
            return page(state, &who, Some(id), typed, wrong, Vec::new()).await;
        }
    };
    let (app, actor, version) =
        (state.app.clone(), who.actor.clone(), version_seen(&typed.version));
    let done = blocking(move || offers::change(&app, &actor, id, version, &draft)).await;
    answer(state, &who, Some(id), typed, done).await
}

async fn page(
    state: AppState,
    who: &SignedIn,
    id: Option<OfferId>,
    typed: Typed,
    (status, problems): (StatusCode, Problems),
    mut mistakes: Vec<IdMistake>,
) -> Result<Response, Failure> {
    let sees_all = who.actor.party().is_none();
    let (app, actor) = (state.app.clone(), who.actor.clone());
    let view = match id {
        Some(id) => Some(blocking(move || offers::get(&app, &actor, id)).await?),
        None => None,
    };
    let party = view.as_ref().map(|view| view.row.party).or(typed.party.parse().ok());
    let stock = if sees_all && party.is_none() {
        Vec::new()
    } else {
        let (app, actor) = (state.app.clone(), who.actor.clone());
        blocking(move || offers::options(&app, &actor, party.filter(|_| sees_all))).await?
    };
    let (app, actor) = (state.app.clone(), who.actor.clone());
    let locations = blocking(move || directory::suggestions(&app, &actor, party)).await?;
    let mut parties = Vec::new();
    if sees_all && id.is_none() {
        parties.push(Choice::new("", "Choose a Party").chosen_if(&typed.party));
        for party in party_book(&state).await?.iter() {
            let choice = Choice::new(party.id.to_string(), &party.details.legal_name);
            parties.push(choice.chosen_if(&typed.party));
        }
    }
    let title = if id.is_some() { "Change an offer" } else { "Offer stock" };
    let mut layout = Layout::of(&who.viewer, Section::Offers, title)
        .crumb("Home", "/")
        .crumb("Offers", "/offers")
        .problems(problems);
    if let Some(id) = id {
        layout = layout.crumb(id.to_string(), format!("/offers/{id}"));
    }
    let more_mistakes = mistakes.split_off(mistakes.len().min(IN_TABLE));
    let has_ids = view.as_ref().is_some_and(|view| view.row.ids_file.is_some());
    let mut ids_modes = vec![("none", "No, any hubs of this kind")];
    if has_ids {
        ids_modes.push(("same", "Yes, as they are"));
    }
    ids_modes.push(("list", "Yes, just these hubs: they are reserved when you submit the offer"));
    let chosen_mode = match (typed.ids_mode.as_str(), has_ids) {
        ("same", false) => "none",
        (mode, _) => mode,
    };
    let page = EditPage {
        layout,
        id,
        parties,
        stock: stock_choices(&stock, &typed.specification),
        firmware_known: firmware_known(&stock, &typed.specification),
        lots: choices(
            &[("part", "In any number from the minimum lot up"), ("full", "In whole lots only")],
            &typed.lots,
        ),
        carriages: Carriage::ALL
            .iter()
            .map(|carriage| {
                Choice::new(carriage.name(), carriage.words()).chosen_if(&typed.carriage)
            })
            .collect(),
        ids_modes: choices(&ids_modes, chosen_mode),
        is_draft: view.as_ref().is_none_or(|view| view.row.state == State::Draft),
        has_ids,
        mistakes,
        more_mistakes,
        locations,
        typed,
    };
    debug_assert!(may(&who.actor, Action::ManageOffers));
    Ok(render(status, &page))
}

fn stock_choices(stock: &[(Specification, Uncommitted)], chosen: &str) -> Vec<Choice> {
    let mut all = vec![Choice::new("", "Choose the stock").chosen_if(chosen)];
    for (specification, has) in stock {
        let hubs = grouped(has.free);
        let text = format!("{specification}: {hubs} can be offered");
        all.push(Choice::new(value_of(specification), text).chosen_if(chosen));
    }
    if !chosen.is_empty() && !all.iter().any(|choice| choice.is_chosen) {
        let text = format!("{}: none can be offered now", specification_in(chosen));
        all.push(Choice::new(chosen, text).chosen_if(chosen));
    }
    all
}

/// Which firmware there is of the chosen stock, for the hint of the breakdown.
fn firmware_known(stock: &[(Specification, Uncommitted)], chosen: &str) -> String {
    let of = stock.iter().find(|(specification, _)| value_of(specification) == chosen);
    let versions = of.map(|(_, has)| {
        let each = has.free_by_firmware.iter();
        each.map(|(version, hubs)| format!("{version}: {hubs}")).collect::<Vec<_>>().join(", ")
    });
    versions.unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_firmware_breakdown_is_read_as_it_is_typed() {
        let read = firmware_in("04000007 500\n04000008: 1,292\n\n").unwrap();
        let expected =
            Firmware::from([("04000007".to_owned(), 500), ("04000008".to_owned(), 1292)]);
        assert_eq!(read, expected);
        assert!(firmware_in("04000007").is_err());
        assert!(firmware_in("a 1\na 2").is_err());
    }

    #[test]
    fn a_specification_reads_back_from_its_choice() {
        let specification = Specification {
            manufacturer: "WNC".into(),
            model: "CH-1".into(),
            han_variant: "Single Band".into(),
            wan_variant: "Cellular+Mesh".into(),
            region: "4G South".into(),
        };
        assert_eq!(specification_in(&value_of(&specification)), specification);
    }
}
