//! Excess stock: by model, location and age, and turning a selection of it into an offer.

use app::excess::{self, ExcessGroup, ExcessPallet, Offered, Picked};
use app::offers::Drafted;
use askama::Template;
use axum::extract::{Form, Query};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use domain::access::Action;
use domain::ids::PartyId;
use domain::{Refusal, refusal::RefusalKind};
use serde::Deserialize;

use super::{Pages, may, must_see, party_book, shown_in_form};
use crate::error_pages::{Failure, blocking};
use crate::page::{Choice, Layout, Problems, Section, choices, filters, redirect_with, render};
use crate::session::SignedIn;
use crate::state::AppState;

/// Pallets of one group that the page shows; the others are of the same kind.
const MOST_PALLETS: usize = 200;

/// The pages of this capability.
pub fn routes() -> Pages {
    Pages::new().route("/excess", get(show).post(offer))
}

#[derive(Template)]
#[template(path = "excess/show.html")]
struct ExcessPage {
    layout: Layout,
    parties: Vec<Choice>,
    party: String,
    groups: Vec<ExcessGroup>,
    ticked: Vec<String>,
    how: Vec<Choice>,
    may_offer: bool,
    is_asked: bool,
}

impl ExcessPage {
    fn is_ticked(&self, pallet: &ExcessPallet) -> bool {
        self.ticked.contains(&Picked::of(&pallet.stock).to_string())
    }
}

/// What names a pallet in the form.
fn picked(pallet: &ExcessPallet) -> String {
    Picked::of(&pallet.stock).to_string()
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Of {
    party: String,
}

async fn show(state: AppState, who: SignedIn, Query(of): Query<Of>) -> Result<Response, Failure> {
    page(state, who, of.party, Vec::new(), "quantity", StatusCode::OK, Problems::none()).await
}

async fn page(
    state: AppState,
    who: SignedIn,
    party: String,
    ticked: Vec<String>,
    how: &str,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeStock)?;
    let given = party.parse::<PartyId>().ok();
    let mut parties = Vec::new();
    if who.actor.party().is_none() {
        parties.push(Choice::new("", "Choose a Party").chosen_if(&party));
        for row in party_book(&state).await?.iter() {
            let choice = Choice::new(row.id.to_string(), &row.details.legal_name);
            parties.push(choice.chosen_if(&party));
        }
    }
    let is_asked = parties.is_empty() || given.is_some();
    let groups = if is_asked {
        let actor = who.actor.clone();
        blocking(move || excess::own(&state.app, &actor, given)).await?
    } else {
        Vec::new()
    };
    let how = choices(
        &[
            ("quantity", "So many hubs of this kind"),
            ("ids", "Just these hubs: their device IDs are listed, and reserved on submitting"),
        ],
        how,
    );
    let page = ExcessPage {
        layout: Layout::of(&who.viewer, Section::Offers, "Excess stock")
            .crumb("Home", "/")
            .crumb("Offers", "/offers")
            .problems(problems),
        parties,
        party,
        groups,
        ticked,
        how,
        may_offer: may(&who.actor, Action::ManageOffers),
        is_asked,
    };
    Ok(render(status, &page))
}

/// Drafts an offer of the pallets that are ticked.
async fn offer(
    state: AppState,
    who: SignedIn,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::ManageOffers)?;
    let of = |name: &str| -> Vec<String> {
        pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect()
    };
    let ticked = of("pallets");
    let party = of("party").pop().unwrap_or_default();
    let how = of("how").pop().unwrap_or_default();
    let offered = if how == "ids" { Offered::WithIds } else { Offered::ByQuantity };
    let (app, actor, chosen) = (state.app.clone(), who.actor.clone(), ticked.clone());
    let given = party.parse::<PartyId>().ok();
    let done = blocking(move || {
        let picked: Result<Vec<Picked>, Refusal> = chosen.iter().map(|text| text.parse()).collect();
        match excess::draft_offer(&app, &actor, given, &picked?, offered)? {
            Drafted::Offer(id) => Ok(id),
            Drafted::Mistakes(mistakes) => {
                let message = format!(
                    "{} hubs of these pallets can no longer be offered. Look at the list again.",
                    mistakes.len()
                );
                Err(Refusal::new(RefusalKind::WrongState, message).into())
            }
        }
    });
    match done.await {
        Ok(id) => {
            let said = "Drafted: look it over, then submit it";
            Ok(redirect_with(&format!("/offers/{id}"), said))
        }
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            page(state, who, party, ticked, &how, status, problems).await
        }
    }
}
