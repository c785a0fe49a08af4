//! One hub: everything that it is and has been.

use app::inventory::{self, HubLife, Why};
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use domain::access::Action;
use domain::parties::Party;
use jiff::Timestamp;
use jiff::civil::Date;

use super::super::{address, may, must_see};
use crate::error_pages::{Failure, blocking};
use crate::page::{Flash, Layout, Section, filters, render};
use crate::session::SignedIn;
use crate::state::AppState;

#[derive(Template)]
#[template(path = "hubs/show.html")]
struct ShowPage {
    layout: Layout,
    hub: HubLife,
    events: Vec<LifeEvent>,
    may: May,
}

/// What else this person may look at or do.
struct May {
    quarantine: bool,
    see_imports: bool,
    see_transfer_files: bool,
    see_parties: bool,
    read_journal: bool,
}

/// One thing that happened to the hub.
struct LifeEvent {
    at: Timestamp,
    title: String,
    why: String,
    because_of: Option<Link>,
    is_a_day: bool,
}

impl LifeEvent {
    fn when(&self) -> String {
        if self.is_a_day {
            filters::date_text(domain::timers::british_day(self.at))
        } else {
            filters::datetime_text(self.at)
        }
    }
}

struct Link {
    text: String,
    href: Option<String>,
}

/// The page of the hub with this CHF or GPF ID.
pub(super) async fn show(
    state: AppState,
    who: SignedIn,
    flash: Flash,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeHubs)?;
    let actor = who.actor.clone();
    let hub = blocking(move || inventory::hub(&state.app, &actor, &id)).await?;
    let may = May {
        quarantine: may(&who.actor, Action::Quarantine),
        see_imports: may(&who.actor, Action::SeeImports),
        see_transfer_files: may(&who.actor, Action::SeeTransferFiles),
        see_parties: may(&who.actor, Action::SeeParties),
        read_journal: may(&who.actor, Action::ReadJournal),
    };
    let layout = Layout::of(&who.viewer, Section::Hubs, format!("Hub {}", hub.chf))
        .crumb("Home", "/")
        .crumb("Hubs", "/hubs")
        .flash(flash);
    let events = events_of(&hub, &may);
    Ok(render(StatusCode::OK, &ShowPage { layout, events, hub, may }))
}

/// Its life, newest first.
fn events_of(hub: &HubLife, may: &May) -> Vec<LifeEvent> {
    let mut events: Vec<LifeEvent> = hub
        .parties
        .iter()
        .enumerate()
        .map(|(index, responsible)| {
            let to = name_of(&responsible.party);
            let before = index.checked_sub(1).map(|before| name_of(&hub.parties[before].party));
            let title = match before {
                Some(from) => format!("From {from} to {to}"),
                None => format!("Delivered to {to}"),
            };
            let (why, because_of) = because(&responsible.why, may);
            let is_a_day = responsible.why == Why::Delivered;
            LifeEvent { at: responsible.from, title, why, because_of, is_a_day }
        })
        .collect();
    events.extend(hub.statuses.iter().map(|period| LifeEvent {
        at: period.from,
        title: format!("Status {}", period.status.name()),
        why: if period.import.is_some() { "Said by".into() } else { String::new() },
        because_of: period.import.map(|id| Link {
            text: id.to_string(),
            href: may.see_imports.then(|| format!("/deliveries/{id}")),
        }),
        is_a_day: false,
    }));
    events.sort_by_key(|event| std::cmp::Reverse(event.at));
    events
}

fn because(why: &Why, may: &May) -> (String, Option<Link>) {
    match why {
        Why::Delivered => (String::new(), None),
        Why::TransferFile(id, name) => {
            let href = may.see_transfer_files.then(|| format!("/transfer-files/{id}"));
            ("By transfer file".into(), Some(Link { text: format!("{id} {name}"), href }))
        }
        Why::Snapshot(id) => {
            let href = may.see_imports.then(|| format!("/deliveries/{id}"));
            ("By an authorised snapshot".into(), Some(Link { text: id.to_string(), href }))
        }
    }
}

/// A Party as pages name it.
fn name_of(party: &Party) -> String {
    format!("{} ({})", party.details.legal_name, party.details.signifier)
}

/// The last day on which it may be installed, and how far that is.
fn end_text(end: &Date, days_left: &Option<i32>) -> String {
    let end = filters::date_text(*end);
    days_left.map_or_else(|| end.clone(), |days| format!("{end}: {}", time_left(days)))
}

/// What is left of the time in which it may be installed.
fn time_left(days: i32) -> String {
    match days {
        0 => "today is the last day".into(),
        1 => "1 day left".into(),
        2.. => format!("{days} days left"),
        -1 => "passed 1 day ago".into(),
        _ => format!("passed {} days ago", days.unsigned_abs()),
    }
}

/// The slice of one pallet, box, consignment or order.
fn slice(name: &str, value: &str) -> String {
    address("/hubs", &[(name, value)])
}

/// A day as it stands in a delivery, which may be empty.
pub(super) fn day(text: &str) -> String {
    text.parse().map_or_else(|_| "Not given".into(), filters::date_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_told_in_words() {
        assert_eq!(time_left(30), "30 days left");
        assert_eq!(time_left(0), "today is the last day");
        assert_eq!(time_left(-1), "passed 1 day ago");
        assert_eq!(time_left(-400), "passed 400 days ago");
    }

    #[test]
    fn a_day_that_was_not_given_is_said_so() {
        assert_eq!(day("2026-11-23"), "23 November 2026");
        assert_eq!(day(""), "Not given");
    }
}
