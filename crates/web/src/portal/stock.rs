//! Stock: the kept counts of hubs by Party, model, region and status.

use std::collections::BTreeMap;

use app::inventory::{self, Filter, StockRow};
use askama::Template;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use domain::access::Action;
use domain::inventory::SmiStatus;
use serde::Deserialize;

use super::{Pages, address, hubs, must_see};
use crate::error_pages::{Failure, blocking, status_of};
use crate::page::{Choice, Layout, Problems, Section, choices, filters, render};
use crate::session::SignedIn;
use crate::state::AppState;

/// Rows on the page; a filter narrows what is more.
const MOST_ROWS: usize = 500;

/// The pages of this capability.
pub fn routes() -> Pages {
    Pages::new().route("/stock", get(show))
}

#[derive(Template)]
#[template(path = "stock/show.html")]
struct StockPage {
    layout: Layout,
    wanted: Wanted,
    by: By,
    groupings: Vec<Choice>,
    statuses: Vec<Choice>,
    regions: Vec<Choice>,
    counts: Counts,
    sees_all_parties: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    by: String,
    party: String,
    status: String,
    region: String,
    manufacturer: String,
    model: String,
    firmware: String,
}

/// What a line of the table stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Party,
    Model,
    Region,
    All,
}

impl By {
    fn of(word: &str, sees_all_parties: bool) -> By {
        match word {
            "party" => By::Party,
            "model" => By::Model,
            "region" => By::Region,
            "all" => By::All,
            _ if sees_all_parties => By::Party,
            _ => By::Model,
        }
    }

    fn word(self) -> &'static str {
        match self {
            By::Party => "party",
            By::Model => "model",
            By::Region => "region",
            By::All => "all",
        }
    }

    fn headings(self) -> &'static [&'static str] {
        match self {
            By::Party => &["Party"],
            By::Model => &["Model"],
            By::Region => &["Region"],
            By::All => &["Party", "Model", "Region"],
        }
    }
}

/// What a line is about: what is empty is not looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    signifier: String,
    party_name: String,
    manufacturer: String,
    model: String,
    firmware: String,
    region: String,
}

/// The table.
struct Counts {
    /// The statuses that occur, in their order.
    statuses: Vec<SmiStatus>,
    lines: Vec<Line>,
    total: i64,
    by_status: BTreeMap<SmiStatus, i64>,
    is_cut: bool,
}

struct Line {
    key: Key,
    by_status: BTreeMap<SmiStatus, i64>,
}

async fn show(
    state: AppState,
    who: SignedIn,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeStock)?;
    let sees_all_parties = who.actor.party().is_none();
    let (actor, filter) = (who.actor.clone(), wanted.filter());
    let found = blocking(move || inventory::stock(&state.app, &actor, &filter)).await;
    let (status, problems, rows) = match found {
        Ok(rows) => (StatusCode::OK, Problems::none(), rows),
        Err(Failure(app::Error::Refused(refusal))) if refusal.field.is_some() => {
            (status_of(refusal.kind), refusal.into(), Vec::new())
        }
        Err(failure) => return Err(failure),
    };
    let by = By::of(&wanted.by, sees_all_parties);
    let mut groupings = vec![("party", "Party"), ("model", "Model"), ("region", "Region")];
    groupings.push(("all", "Party, model and region"));
    if !sees_all_parties {
        groupings.remove(0);
    }
    let page = StockPage {
        layout: Layout::of(&who.viewer, Section::Hubs, "Stock")
            .crumb("Home", "/")
            .crumb("Hubs", "/hubs")
            .problems(problems),
        groupings: choices(&groupings, by.word()),
        statuses: hubs::statuses(&wanted.status),
        regions: hubs::regions(&wanted.region),
        counts: count(&rows, by),
        wanted,
        by,
        sees_all_parties,
    };
    Ok(render(status, &page))
}

impl Wanted {
    fn filter(&self) -> Filter {
        Filter {
            party: self.party.clone(),
            status: self.status.clone(),
            region: self.region.clone(),
            manufacturer: self.manufacturer.clone(),
            model: self.model.clone(),
            firmware: self.firmware.clone(),
            ..Filter::default()
        }
    }
}

impl Key {
    fn of(row: &StockRow, by: By) -> Key {
        let party = matches!(by, By::Party | By::All);
        let model = matches!(by, By::Model | By::All);
        let region = matches!(by, By::Region | By::All);
        let when = |wanted: bool, text: &str| if wanted { text.to_owned() } else { String::new() };
        Key {
            signifier: when(party, &row.signifier),
            party_name: when(party, &row.party_name),
            manufacturer: when(model, &row.manufacturer),
            model: when(model, &row.model),
            firmware: when(model, &row.firmware_version),
            region: when(region, &row.region),
        }
    }

    /// What the line's cells say.
    fn cells(&self, by: By) -> Vec<String> {
        let party = format!("{} ({})", self.party_name, self.signifier);
        let model = format!("{} {}, firmware {}", self.manufacturer, self.model, self.firmware);
        match by {
            By::Party => vec![party],
            By::Model => vec![model],
            By::Region => vec![self.region.clone()],
            By::All => vec![party, model, self.region.clone()],
        }
    }

    /// The hubs that a number on this line counts, within what the page is filtered by.
    fn href(&self, wanted: &Wanted, status: Option<&SmiStatus>) -> String {
        let or = |own: &str, filtered: &str| {
            if own.is_empty() { filtered.to_owned() } else { own.to_owned() }
        };
        let status = status.map_or_else(|| wanted.status.clone(), |s| s.name().to_owned());
        let pairs = [
            ("party", or(&self.signifier, &wanted.party)),
            ("status", status),
            ("manufacturer", or(&self.manufacturer, &wanted.manufacturer)),
            ("model", or(&self.model, &wanted.model)),
            ("firmware", or(&self.firmware, &wanted.firmware)),
            ("region", or(&self.region, &wanted.region)),
        ];
        address("/hubs", &pairs.each_ref().map(|(name, value)| (*name, value.as_str())))
    }
}

impl Line {
    fn total(&self) -> i64 {
        self.by_status.values().sum()
    }

    fn of(&self, status: &SmiStatus) -> i64 {
        self.by_status.get(status).copied().unwrap_or(0)
    }
}

impl Counts {
    fn of(&self, status: SmiStatus) -> i64 {
        self.by_status.get(&status).copied().unwrap_or(0)
    }
}

/// A status's name, that may be broken between its words.
fn breakable(status: &SmiStatus) -> String {
    let mut name = String::new();
    for (index, letter) in status.name().char_indices() {
        if index > 0 && letter.is_uppercase() {
            name.push_str("<wbr>");
        }
        name.push(letter);
    }
    name
}

fn count(rows: &[StockRow], by: By) -> Counts {
    let mut by_status: BTreeMap<SmiStatus, i64> = BTreeMap::new();
    let mut lines: BTreeMap<Key, BTreeMap<SmiStatus, i64>> = BTreeMap::new();
    for row in rows {
        *by_status.entry(row.status).or_default() += row.hubs;
        let line = lines.entry(Key::of(row, by)).or_default();
        *line.entry(row.status).or_default() += row.hubs;
    }
    let is_cut = lines.len() > MOST_ROWS;
    let lines = lines.into_iter().take(MOST_ROWS);
    Counts {
        statuses: by_status.keys().copied().collect(),
        total: by_status.values().sum(),
        lines: lines.map(|(key, by_status)| Line { key, by_status }).collect(),
        by_status,
        is_cut,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(signifier: &str, region: &str, status: SmiStatus, hubs: i64) -> StockRow {
        StockRow {
            party: domain::ids::PartyId(1),
            signifier: signifier.into(),
            party_name: format!("{signifier} plc"),
            manufacturer: "EDMI".into(),
            model: "SKU1".into(),
            hardware_version: "1".into(),
            firmware_version: "2.0".into(),
            han_variant: String::new(),
            wan_variant: String::new(),
            region: region.into(),
            status,
            hubs,
        }
    }

    #[test]
    fn every_grouping_adds_up_to_the_same() {
        let rows = [
            row("A", "North", SmiStatus::Pending, 3),
            row("A", "South", SmiStatus::Pending, 4),
            row("B", "North", SmiStatus::Commissioned, 5),
        ];
        for (by, lines) in [(By::Party, 2), (By::Model, 1), (By::Region, 2), (By::All, 3)] {
            let counts = count(&rows, by);
            assert_eq!((counts.lines.len(), counts.total), (lines, 12), "{by:?}");
            assert_eq!(counts.lines.iter().map(Line::total).sum::<i64>(), 12);
            assert_eq!(counts.lines[0].key.cells(by).len(), by.headings().len());
        }
    }

    #[test]
    fn a_long_status_can_be_broken_between_its_words() {
        let name = breakable(&SmiStatus::InstalledNotCommissioned);
        assert_eq!(name, "Installed<wbr>Not<wbr>Commissioned");
    }

    #[test]
    fn a_number_leads_to_the_hubs_that_it_counts() {
        let rows = [row("A", "North", SmiStatus::Pending, 3)];
        let counts = count(&rows, By::Party);
        let wanted = Wanted { region: "North".into(), ..Wanted::default() };
        let href = counts.lines[0].key.href(&wanted, Some(&SmiStatus::Pending));
        assert_eq!(href, "/hubs?party=A&status=Pending&region=North");
    }
}
