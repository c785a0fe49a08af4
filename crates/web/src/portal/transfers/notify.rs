//! Notifying a transfer that two Parties have agreed between themselves.

use app::transfers::{self, DirectNotice};
use askama::Template;
use axum::extract::Form;
use axum::http::StatusCode;
use axum::response::Response;
use domain::access::Action;
use domain::inventory::REGIONS;
use domain::offers::Specification;
use domain::parties::Party;
use domain::transfers::Side;
use serde::Deserialize;

use super::super::{must_see, party_book, shown_in_form};
use crate::error_pages::{Failure, blocking};
use crate::page::{Choice, Layout, Problems, Section, filters, redirect_with, render};
use crate::session::SignedIn;
use crate::state::AppState;

/// Between the parts of a device model's value in the form: a character that no part has.
const BETWEEN: char = '\u{1f}';

#[derive(Template)]
#[template(path = "transfers/notify.html")]
struct NotifyPage {
    layout: Layout,
    typed: Typed,
    own: Option<String>,
    roles: Vec<Choice>,
    others: Vec<Choice>,
    senders: Vec<Choice>,
    receivers: Vec<Choice>,
    sides: Vec<Choice>,
    models: Vec<Choice>,
    regions: Vec<Choice>,
}

/// What is typed into the form. A Party says which side it is and names the other; the DCC names
/// both and says for which it notifies.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    role: String,
    other: String,
    sender: String,
    receiver: String,
    side: String,
    model: String,
    region: String,
    firmware: String,
    quantity: String,
    notes: String,
}

impl Typed {
    /// What it says, or what is missing.
    fn notice(&self, own: Option<&str>) -> Result<DirectNotice, Problems> {
        let mut problems = Problems::none();
        let (sender, receiver, side) = match own {
            None => (self.sender.clone(), self.receiver.clone(), Side::from_name(&self.side)),
            Some(own) => {
                let side = Side::from_name(&self.role);
                if side.is_none() {
                    problems.add("role", "Select whether your Party sends or receives the hubs");
                }
                if self.other.is_empty() {
                    problems.add("other", "Select the other Party");
                }
                let (own, other) = (own.to_owned(), self.other.clone());
                match side {
                    Some(Side::Receiver) => (other, own, side),
                    Some(Side::Sender) | None => (own, other, side),
                }
            }
        };
        if own.is_none() && side.is_none() {
            problems.add("side", "Select for which Party you notify it");
        }
        let parts: Vec<&str> = self.model.split(BETWEEN).collect();
        let specification = match parts[..] {
            [manufacturer, model, han_variant, wan_variant] => Specification {
                manufacturer: manufacturer.to_owned(),
                model: model.to_owned(),
                han_variant: han_variant.to_owned(),
                wan_variant: wan_variant.to_owned(),
                region: self.region.clone(),
            },
            _ => {
                problems.add("model", "Select the device model");
                Specification::default()
            }
        };
        if self.region.is_empty() {
            problems.add("region", "Select the region");
        }
        let digits: String = self.quantity.chars().filter(|c| !matches!(c, ',' | ' ')).collect();
        let quantity = digits.parse().unwrap_or(0);
        if quantity < 1 {
            problems.add("quantity", "Enter how many hubs, as a whole number");
        }
        let firmware = self.firmware.split([',', '\n', ' ']).map(str::trim);
        let firmware = firmware.filter(|version| !version.is_empty()).map(str::to_owned).collect();
        let notes = self.notes.clone();
        let notice =
            DirectNotice { sender, receiver, side, specification, firmware, quantity, notes };
        if problems.is_empty() { Ok(notice) } else { Err(problems) }
    }
}

/// Asks what was agreed.
pub(super) async fn form(state: AppState, who: SignedIn) -> Result<Response, Failure> {
    must_see(&who.actor, Action::AgreeTransfers)?;
    page(state, &who, Typed::default(), StatusCode::OK, Problems::none()).await
}

/// Notifies it.
pub(super) async fn send(
    state: AppState,
    who: SignedIn,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    who.actor.must(Action::AgreeTransfers)?;
    let own = own_reference(&state, &who).await?;
    let notice = match typed.notice(own.as_deref()) {
        Ok(notice) => notice,
        Err(problems) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return page(state, &who, typed, status, problems).await;
        }
    };
    let (app, actor) = (state.app.clone(), who.actor.clone());
    match blocking(move || transfers::notify_direct(&app, &actor, &notice)).await {
        Ok(transfer) => {
            let is_whole =
                transfer.sender_confirmed.is_some() && transfer.receiver_confirmed.is_some();
            let said = match is_whole {
                true => "The other Party notified the same transfer: both have now confirmed it",
                false => "Notified, and with it confirmed for your side: the other side is next",
            };
            Ok(redirect_with(&format!("/transfers/{}", transfer.id), said))
        }
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            let problems = at_the_fields(problems, &typed, own.is_some());
            page(state, &who, typed, status, problems).await
        }
    }
}

/// A Party's form has one field for the other Party, whichever side that is.
fn at_the_fields(problems: Problems, typed: &Typed, is_of_a_party: bool) -> Problems {
    let mut placed = Problems::none();
    let own = if typed.role == "receiver" { "receiver" } else { "sender" };
    for problem in problems.iter() {
        let field = match problem.field.as_deref() {
            Some(field @ ("sender" | "receiver")) if is_of_a_party => {
                Some(if field == own { "role" } else { "other" })
            }
            field => field,
        };
        match field {
            Some(field) => placed.add(field, &problem.message),
            None => placed.add_general(&problem.message),
        }
    }
    placed
}

/// The service user reference of the person's own Party; none for the DCC.
async fn own_reference(state: &AppState, who: &SignedIn) -> Result<Option<String>, Failure> {
    let Some(own) = who.actor.party() else { return Ok(None) };
    let book = party_book(state).await?;
    Ok(Some(book.reference_of(own).to_owned()))
}

async fn page(
    state: AppState,
    who: &SignedIn,
    typed: Typed,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Failure> {
    let own = own_reference(&state, who).await?;
    let book = party_book(&state).await?;
    let actor = who.actor.clone();
    let models = blocking(move || transfers::device_models(&state.app, &actor)).await?;
    let mut holders: Vec<&Party> = book.iter().filter(|p| p.details.may_hold_hubs).collect();
    holders.sort_by_key(|party| party.details.legal_name.clone());
    let choose = |chosen: &str, only_receivers: bool| -> Vec<Choice> {
        let named = holders
            .iter()
            .map(|party| &party.details)
            .filter(|party| !only_receivers || party.can_receive_hubs())
            .filter(|party| Some(&party.service_user_reference) != own.as_ref())
            .map(|party| {
                let text = format!("{} ({})", party.legal_name, party.service_user_reference);
                Choice::new(&party.service_user_reference, text).chosen_if(chosen)
            });
        std::iter::once(Choice::new("", "Select a Party")).chain(named).collect()
    };
    let model = |(of, versions): (Specification, Vec<String>)| {
        let value = [&of.manufacturer, &of.model, &of.han_variant, &of.wan_variant];
        let value = value.map(String::as_str).join(&BETWEEN.to_string());
        let text = format!(
            "{} {}, {}, {} (firmware {})",
            of.manufacturer,
            of.model,
            of.han_variant,
            of.wan_variant,
            versions.join(", ")
        );
        Choice::new(value, text).chosen_if(&typed.model)
    };
    let first = |text: &str| std::iter::once(Choice::new("", text));
    let regions = REGIONS.iter().map(|region| Choice::new(*region, *region));
    let regions = regions.map(|choice| choice.chosen_if(&typed.region));
    let roles = [("sender", "It sends them"), ("receiver", "It receives them")];
    let sides = [("sender", "The sender"), ("receiver", "The receiver")];
    let layout = Layout::of(&who.viewer, Section::Transfers, "Notify a direct transfer")
        .crumb("Home", "/")
        .crumb("Transfers", "/transfers")
        .problems(problems);
    let page = NotifyPage {
        layout,
        roles: crate::page::choices(&roles, &typed.role),
        others: choose(&typed.other, false),
        senders: choose(&typed.sender, false),
        receivers: choose(&typed.receiver, true),
        sides: crate::page::choices(&sides, &typed.side),
        models: first("Select a device model").chain(models.into_iter().map(model)).collect(),
        regions: first("Select a region").chain(regions).collect(),
        own,
        typed,
    };
    Ok(render(status, &page))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole() -> Typed {
        Typed {
            role: "receiver".to_owned(),
            other: "SU-A".to_owned(),
            model: ["Meterworks", "CH-1", "Single Band", "Cellular"].join("\u{1f}"),
            region: "North".to_owned(),
            quantity: "1,792".to_owned(),
            firmware: "2.3, 2.4".to_owned(),
            ..Typed::default()
        }
    }

    #[test]
    fn a_party_that_receives_names_the_sender() {
        let notice = whole().notice(Some("SU-B")).expect("nothing is missing");
        assert_eq!((notice.sender.as_str(), notice.receiver.as_str()), ("SU-A", "SU-B"));
        assert_eq!((notice.quantity, notice.firmware.len()), (1792, 2));
        assert_eq!(notice.specification.wan_variant, "Cellular");
    }

    #[test]
    fn everything_that_is_missing_is_said_at_once() {
        let problems = Typed::default().notice(Some("SU-B")).expect_err("all of it is missing");
        for field in ["role", "other", "model", "region", "quantity"] {
            assert!(problems.has(field), "{field}");
        }
        let problems = Typed::default().notice(None).expect_err("all of it is missing");
        assert!(problems.has("side"));
    }
}
