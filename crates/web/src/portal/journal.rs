//! The journal: everything that happened, newest first, and one entry with its hashes.

use app::files::hex;
use app::journal::KINDS;
use app::journal::read::{self, Entry, JournalFilter};
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use domain::access::Action;
use domain::journal::GENESIS;
use domain::{DeviceId, Refusal};
use serde::Deserialize;
use serde_json::Value;

use super::{Pages, address, must_see, number_in};
use crate::api::given::Query;
use crate::error_pages::{Failure, blocking};
use crate::page::{Choice, Layout, Paging, Problems, Section, filters, render};
use crate::session::SignedIn;
use crate::state::AppState;

/// The pages of this capability.
pub fn routes() -> Pages {
    Pages::new().route("/journal", get(list)).route("/journal/{seq}", get(show))
}

#[derive(Template)]
#[template(path = "journal/list.html")]
struct ListPage {
    layout: Layout,
    subject: String,
    kinds: Vec<Choice>,
    entries: Vec<Entry>,
    paging: Paging,
}

#[derive(Template)]
#[template(path = "journal/show.html")]
struct ShowPage {
    layout: Layout,
    entry: Entry,
    payload: String,
    hash: String,
    previous: String,
    paging: Paging,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ListQuery {
    subject: String,
    kind: String,
    before: String,
    back: String,
}

impl ListQuery {
    fn filter(&self) -> JournalFilter {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        JournalFilter { subject: given(&self.subject), kind: given(&self.kind), actor: None }
    }

    fn address(&self, before: &str, back: &str) -> String {
        let pairs = [
            ("subject", self.subject.as_str()),
            ("kind", &self.kind),
            ("before", before),
            ("back", back),
        ];
        address("/journal", &pairs)
    }
}

async fn list(
    state: AppState,
    who: SignedIn,
    Query(query): Query<ListQuery>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::ReadJournal)?;
    let (actor, filter, before) = (who.actor.clone(), query.filter(), query.before.parse().ok());
    let found = blocking(move || read::list(&state.app, &actor, &filter, before.into())).await?;
    let kinds = KINDS.iter().map(|kind| Choice::new(*kind, words(kind)));
    let kinds = std::iter::once(Choice::new("", "Anything")).chain(kinds);
    let kinds: Vec<Choice> = kinds.map(|choice| choice.chosen_if(&query.kind)).collect();
    let mut problems = Problems::none();
    problems.add_unless_chosen("kind", &kinds);
    let (status, layout) =
        (problems.status(), Layout::of(&who.viewer, Section::Journal, "Journal"));
    let page = ListPage {
        kinds,
        entries: problems.withhold(found.items),
        paging: Paging::by_cursor(&query.before, &query.back, found.next, |before, back| {
            query.address(before, back)
        }),
        subject: query.subject,
        layout: layout.crumb("Home", "/").problems(problems),
    };
    Ok(render(status, &page))
}

async fn show(
    state: AppState,
    who: SignedIn,
    Path(seq): Path<String>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::ReadJournal)?;
    let (seq, actor) = (number_in::<i64>(&seq)?, who.actor.clone());
    let entries = blocking(move || {
        let all = JournalFilter::default();
        read::list(&state.app, &actor, &all, seq.checked_add(2).into())
    })
    .await?;
    let place = entries.items.iter().position(|entry| entry.seq == seq);
    let Some(place) = place else { return Err(Refusal::not_found("journal entry").into()) };
    let entry = entries.items[place].clone();
    let previous = entries.items.get(place + 1).map_or(GENESIS, |before| before.hash);
    let at = |seq: i64| format!("/journal/{seq}");
    let page = ShowPage {
        layout: Layout::of(&who.viewer, Section::Journal, format!("Journal entry {seq}"))
            .crumb("Home", "/")
            .crumb("Journal", "/journal"),
        payload: readable(&entry.payload),
        paging: Paging {
            previous: (seq > 1).then(|| at(seq - 1)),
            next: (place > 0).then(|| at(seq + 1)),
        },
        hash: hex(&entry.hash),
        previous: hex(&previous),
        entry,
    };
    Ok(render(StatusCode::OK, &page))
}

/// Who did it.
fn by(entry: &Entry) -> &str {
    entry.actor.as_ref().map_or("The system", |(_, name)| name)
}

/// For which Party.
fn for_whom(entry: &Entry) -> &str {
    entry.acted_for.as_ref().map_or("", |(_, name)| name)
}

/// The particulars with a line for each.
fn readable(payload: &str) -> String {
    let value: Result<Value, _> = serde_json::from_str(payload);
    let pretty = value.and_then(|value| serde_json::to_string_pretty(&value));
    pretty.unwrap_or_else(|_| payload.to_owned())
}

/// A kind as people say it: `Transfer file applied`.
fn words(kind: &str) -> String {
    let mut words = String::new();
    for (index, letter) in kind.chars().enumerate() {
        if index > 0 && letter.is_uppercase() {
            words.push(' ');
            words.extend(letter.to_lowercase());
        } else {
            words.push(letter);
        }
    }
    words
}

/// The page of what an entry is about, if it has one that the reader may open.
fn page_of(subject: &str, layout: &Layout) -> Option<String> {
    let section = if DeviceId::parse(subject).is_ok() {
        Section::Hubs
    } else {
        match subject.split_once('-')?.0 {
            "ctf" => Section::TransferFiles,
            "imp" => Section::Deliveries,
            "trf" => Section::Transfers,
            "off" => Section::Offers,
            "req" => Section::Requests,
            "alr" => Section::Selection,
            "esi" => Section::Reports,
            "pty" => Section::Parties,
            "usr" => Section::People,
            _ => return None,
        }
    };
    let viewer = layout.viewer.as_ref()?;
    viewer.sections.contains(&section).then(|| format!("{}/{subject}", section.href()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::Viewer;

    #[test]
    fn a_kind_is_told_in_words() {
        assert_eq!(words("TransferFileApplied"), "Transfer file applied");
        assert_eq!(words("SignedIn"), "Signed in");
    }

    #[test]
    fn what_an_entry_is_about_has_a_page() {
        let viewer = Viewer {
            name: "Reader".to_owned(),
            organisation: "DCC".to_owned(),
            can_switch: false,
            unread: String::new(),
            sections: vec![Section::Hubs, Section::TransferFiles, Section::Deliveries],
        };
        let layout = Layout::of(&viewer, Section::Journal, "Journal");
        let check = |subject: &str, page: Option<&str>| {
            assert_eq!(page_of(subject, &layout).as_deref(), page, "{subject}");
        };
        check("ctf-000042", Some("/transfer-files/ctf-000042"));
        check("imp-000001", Some("/deliveries/imp-000001"));
        check("00-DB-12-34-56-78-90-A2", Some("/hubs/00-DB-12-34-56-78-90-A2"));
        check("off-000004", None);
        check("usr-000001", None);
        check("installed-before-3", None);
        check("check.R05", None);
    }
}
