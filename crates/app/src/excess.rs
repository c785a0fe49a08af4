//! A Party's own stock as it may want to be rid of it: by model, location and age.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::str::FromStr;

use domain::Refusal;
use domain::access::{Action, Actor};
use domain::ids::PartyId;
use domain::offers::{Carriage, Firmware, LONGEST_TEXT, Specification, Terms};
use domain::timers::british_day;
use jiff::civil::Date;
use store::excess::PalletStock;

use crate::offers::{self, Draft, Drafted, Listing};
use crate::{App, Result};

/// One pallet of eligible stock, or what of it is of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExcessPallet {
    /// The pallet.
    pub stock: PalletStock,
    /// Whole months since its delivery.
    pub months_held: i64,
    /// Days to the last day on which it may be installed; none where there is none.
    pub days_left: Option<i64>,
    /// Whether it is as full as a pallet usually is.
    pub is_whole: bool,
    /// How many of its hubs an offer lists.
    pub listed: i64,
    /// Whether it can be offered: no offer lists hubs of it, and as many hubs of its specification are
    /// not promised.
    pub can_be_offered: bool,
}

/// The eligible stock of one specification, where it is and how old.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExcessGroup {
    /// What stock.
    pub specification: Specification,
    /// Where it was delivered.
    pub location: String,
    /// How many hubs.
    pub hubs: i64,
    /// Its pallets, whole ones first, those that were held longest before the others.
    pub pallets: Vec<ExcessPallet>,
}

impl ExcessGroup {
    /// The longest time that any of it was held, in whole months.
    pub fn most_months(&self) -> i64 {
        self.pallets.iter().map(|pallet| pallet.months_held).max().unwrap_or(0)
    }

    /// The fewest days that any of it has to its installation end date.
    pub fn fewest_days(&self) -> Option<i64> {
        self.pallets.iter().filter_map(|pallet| pallet.days_left).min()
    }
}

/// The Party whose stock a person looks at: the own one, or the given one for who sees all.
fn party_of(actor: &Actor, given: Option<PartyId>) -> Result<PartyId> {
    use domain::access::Sight;
    match actor.sight(Action::SeeStock)? {
        Sight::Party(own) if given.is_none_or(|given| given == own) => Ok(own),
        Sight::Party(_) => Err(Refusal::not_found("such stock").into()),
        Sight::Everything => Ok(given.ok_or_else(|| Refusal::field("party", "Choose a Party."))?),
    }
}

/// A Party's eligible stock by specification and location, the oldest first.
pub fn own(app: &App, actor: &Actor, party: Option<PartyId>) -> Result<Vec<ExcessGroup>> {
    let party = party_of(actor, party)?;
    let mut tx = app.db.read()?;
    let size = crate::settings::number_of(&mut tx, &crate::settings::OFFER_PALLET_SIZE)?;
    let today = british_day(app.now());
    let mut groups: Vec<ExcessGroup> = Vec::new();
    let all = offers::eligible(&mut tx, app, party)?;
    let listed = store::excess::listed(&mut tx, party)?;
    let mut free: BTreeMap<Specification, i64> = BTreeMap::new();
    for specification in all.iter().map(|stock| stock.specification()) {
        if let Entry::Vacant(place) = free.entry(specification) {
            let has = offers::uncommitted(&mut tx, app, party, place.key())?;
            place.insert(has.free);
        }
    }
    for stock in all {
        let specification = stock.specification();
        let of_pallet = listed.get(&(stock.pallet, stock.model_number)).copied().unwrap_or(0);
        let location = stock.location.clone();
        let pallet = ExcessPallet {
            months_held: stock.delivered_on.map_or(0, |day| months_between(day, today)),
            days_left: stock.installation_end.map(|end| days_until(end, today)),
            is_whole: stock.hubs >= size,
            listed: of_pallet,
            can_be_offered: of_pallet == 0 && stock.hubs <= free[&specification],
            stock,
        };
        let same = |group: &&mut ExcessGroup| {
            group.specification == specification && group.location == location
        };
        match groups.iter_mut().find(same) {
            Some(group) => {
                group.hubs += pallet.stock.hubs;
                group.pallets.push(pallet);
            }
            None => groups.push(ExcessGroup {
                specification,
                location: pallet.stock.location.clone(),
                hubs: pallet.stock.hubs,
                pallets: vec![pallet],
            }),
        }
    }
    for group in &mut groups {
        group
            .pallets
            .sort_by_key(|pallet| (!pallet.is_whole, -pallet.months_held, pallet.stock.pallet));
    }
    groups.sort_by(|a, b| {
        b.most_months().cmp(&a.most_months()).then_with(|| a.specification.cmp(&b.specification))
    });
    Ok(groups)
}

/// A pallet, or what of it is of one model, as a selection names it: `12.3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picked {
    /// The pallet's number.
    pub pallet: i64,
    /// The model's number.
    pub model: i64,
}

impl Picked {
    /// What names this stock in a selection.
    pub fn of(stock: &PalletStock) -> Picked {
        Picked { pallet: stock.pallet, model: stock.model_number }
    }
}

impl fmt::Display for Picked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.pallet, self.model)
    }
}

impl FromStr for Picked {
    type Err = Refusal;

    fn from_str(text: &str) -> std::result::Result<Picked, Refusal> {
        let numbers = text.split_once('.').map(|(a, b)| (a.parse::<i64>(), b.parse::<i64>()));
        match numbers {
            Some((Ok(pallet), Ok(model))) => Ok(Picked { pallet, model }),
            _ => Err(Refusal::field("pallets", "Choose pallets from the list.")),
        }
    }
}

/// Drafts an offer of the chosen pallets, which must be of one specification. With `lists_ids` it
/// lists their hubs' IDs, so that it is just these hubs that are reserved when it is submitted.
pub fn draft_offer(
    app: &App,
    actor: &Actor,
    party: Option<PartyId>,
    picked: &[Picked],
    how: Offered,
) -> Result<Drafted> {
    let party = offers::acting_party(actor, Action::ManageOffers, party)?;
    let mut tx = app.db.read()?;
    let size = crate::settings::number_of(&mut tx, &crate::settings::OFFER_PALLET_SIZE)?;
    let mut stock = offers::eligible(&mut tx, app, party)?;
    stock.retain(|stock| picked.contains(&Picked::of(stock)));
    let Some(first) = stock.first() else {
        return Err(Refusal::field("pallets", "Choose at least one pallet.").into());
    };
    let specification = first.specification();
    let listed = store::excess::listed(&mut tx, party)?;
    if let Some(stock) =
        stock.iter().find(|stock| listed.contains_key(&(stock.pallet, stock.model_number)))
    {
        let message = format!(
            "An offer lists hubs of the pallet {}. Choose others, or withdraw that offer.",
            stock.pallet_id
        );
        return Err(Refusal::field("pallets", message).into());
    }
    if let Some(other) = stock.iter().find(|stock| stock.specification() != specification) {
        let message = format!(
            "Choose pallets of one specification: these are of {specification} and of {}.",
            other.specification()
        );
        return Err(Refusal::field("pallets", message).into());
    }
    let mut firmware = Firmware::new();
    for stock in &stock {
        *firmware.entry(stock.model.firmware_version.clone()).or_default() += stock.hubs;
    }
    let quantity: i64 = firmware.values().sum();
    let whole = stock.iter().all(|stock| stock.hubs == size);
    let mut locations: Vec<&str> = stock.iter().map(|stock| stock.location.as_str()).collect();
    locations.sort_unstable();
    locations.dedup();
    let terms = Terms {
        quantity,
        minimum_lot: if whole { size } else { 1 },
        full_pallets: whole,
        packaging: if whole { "Whole pallets".to_owned() } else { String::new() },
        location: locations.join("; ").chars().take(LONGEST_TEXT).collect(),
        carriage: Carriage::ToBeAgreed,
        notes: String::new(),
        available_from: british_day(app.now()),
        available_until: None,
        closes_on: None,
    };
    let listing = match how {
        Offered::ByQuantity => Listing::AsItIs,
        Offered::WithIds => {
            let hubs = store::excess::hubs_of(&mut tx, party, &stock)?;
            Listing::Ids(offers::list_text(hubs.into_iter()))
        }
    };
    drop(tx);
    let draft = Draft { party: Some(party), specification, firmware, terms, listing };
    offers::draft(app, actor, &draft)
}

/// How chosen pallets are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offered {
    /// So many hubs of their specification.
    ByQuantity,
    /// Just these hubs, by their device IDs.
    WithIds,
}

fn days_until(end: Date, today: Date) -> i64 {
    today.until(end).map_or(0, |span| i64::from(span.get_days()))
}

/// Whole months from one day to a later one.
fn months_between(from: Date, to: Date) -> i64 {
    let months = (i64::from(to.year()) - i64::from(from.year())) * 12 + i64::from(to.month())
        - i64::from(from.month());
    (months - i64::from(to.day() < from.day())).max(0)
}
