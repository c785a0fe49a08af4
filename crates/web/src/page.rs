//! What every page has in common: its frame, its messages, and how things are written on it.

use std::convert::Infallible;

use askama::Template;
use axum::extract::FromRequestParts;
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Refusal;

pub mod filters;

/// What `layout.html` needs. Every page's template has a field `layout` of this type.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// What the page is about, as in its heading; the browser's title is made of it.
    pub title: String,
    /// Who is looking, if anybody is signed in.
    pub viewer: Option<Viewer>,
    /// The section of the portal that the page is in.
    pub section: Option<Section>,
    /// The pages above this one, outermost first.
    pub crumbs: Vec<Crumb>,
    /// What was just done, told once.
    pub flash: Flash,
    /// What is wrong with what was typed.
    pub problems: Problems,
}

/// The person who is signed in, as the frame shows them.
#[derive(Clone, Debug)]
pub struct Viewer {
    /// The person's name.
    pub name: String,
    /// The organisation that they act for now.
    pub organisation: String,
    /// Whether they have another organisation to switch to.
    pub can_switch: bool,
    /// Notices that they have not read, such as `3` or `99+`; empty when there is none.
    pub unread: String,
    /// What they may use.
    pub sections: Vec<Section>,
}

/// The sections of the portal, in the order of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// What waits for this person.
    Home,
    /// The inventory.
    Hubs,
    /// What Parties offer and want.
    Board,
    /// The own Party's offers, or all.
    Offers,
    /// The own Party's requests, or all.
    Requests,
    /// Files of deliveries and statuses that were loaded.
    Deliveries,
    /// Transfers of stock between Parties.
    Transfers,
    /// CH Stock Transfer Files.
    TransferFiles,
    /// Who was given what of an offer, and by which rules.
    Selection,
    /// ESI-013 and other reports.
    Reports,
    /// Parties to the Smart Energy Code.
    Parties,
    /// People and their roles.
    People,
    /// Everything that happened.
    Journal,
    /// Limits, modes and schedules.
    Settings,
}

impl Section {
    /// All of them, in the order of the navigation.
    pub const ALL: &[Section] = &[
        Section::Home,
        Section::Hubs,
        Section::Board,
        Section::Offers,
        Section::Requests,
        Section::Deliveries,
        Section::Transfers,
        Section::TransferFiles,
        Section::Selection,
        Section::Reports,
        Section::Parties,
        Section::People,
        Section::Journal,
        Section::Settings,
    ];

    /// What the navigation says.
    pub fn name(&self) -> &'static str {
        match self {
            Section::Home => "Home",
            Section::Hubs => "Hubs",
            Section::Board => "Board",
            Section::Offers => "Offers",
            Section::Requests => "Requests",
            Section::Deliveries => "Deliveries",
            Section::Transfers => "Transfers",
            Section::TransferFiles => "Transfer files",
            Section::Selection => "Selection",
            Section::Reports => "Reports",
            Section::Parties => "Parties",
            Section::People => "People",
            Section::Journal => "Journal",
            Section::Settings => "Settings",
        }
    }

    /// The section's first page.
    pub fn href(&self) -> &'static str {
        match self {
            Section::Home => "/",
            Section::Hubs => "/hubs",
            Section::Board => "/board",
            Section::Offers => "/offers",
            Section::Requests => "/requests",
            Section::Deliveries => "/deliveries",
            Section::Transfers => "/transfers",
            Section::TransferFiles => "/transfer-files",
            Section::Selection => "/selection",
            Section::Reports => "/reports",
            Section::Parties => "/parties",
            Section::People => "/people",
            Section::Journal => "/journal",
            Section::Settings => "/settings",
        }
    }
}

/// A page above this one.
#[derive(Clone, Debug)]
pub struct Crumb {
    /// Its title.
    pub text: String,
    /// Its address.
    pub href: String,
}

impl Layout {
    /// The frame of a page with this title, for somebody who is not signed in.
    pub fn new(title: impl Into<String>) -> Self {
        Layout { title: title.into(), ..Layout::default() }
    }

    /// The frame of a page in a section, for this person.
    pub fn of(viewer: &Viewer, section: Section, title: impl Into<String>) -> Self {
        let (viewer, section) = (Some(viewer.clone()), Some(section));
        Layout { viewer, section, ..Layout::new(title) }
    }

    /// Adds the next page above this one.
    pub fn crumb(mut self, text: impl Into<String>, href: impl Into<String>) -> Self {
        self.crumbs.push(Crumb { text: text.into(), href: href.into() });
        self
    }

    /// Shows what was just done.
    pub fn flash(mut self, flash: Flash) -> Self {
        self.flash = flash;
        self
    }

    /// Shows what is wrong.
    pub fn problems(mut self, problems: Problems) -> Self {
        self.problems = problems;
        self
    }

    /// Whether the page is in this section.
    pub fn is_in(&self, section: &Section) -> bool {
        self.section == Some(*section)
    }
}

/// What is wrong with what was typed: the error summary, and the messages at the fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The `name` of the field that it is about, if it is about one.
    pub field: Option<String>,
    /// What is wrong and what to do, without a full stop.
    pub message: String,
}

impl Problems {
    /// Nothing is wrong.
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds something wrong with one field.
    pub fn add(&mut self, field: &str, message: impl Into<String>) {
        self.0.push(Problem { field: Some(field.to_owned()), message: message.into() });
    }

    /// Adds something wrong that is not about one field.
    pub fn add_general(&mut self, message: impl Into<String>) {
        self.0.push(Problem { field: None, message: message.into() });
    }

    /// Adds a filter of a list that has none of its choices.
    pub fn add_unless_chosen(&mut self, field: &str, choices: &[Choice]) {
        if !choices.iter().any(|choice| choice.is_chosen) {
            self.add(field, "Select one of the choices: what was asked for is none of them");
        }
    }

    /// What a list has, as long as nothing is wrong with its filter.
    pub fn withhold<T: Default>(&self, found: T) -> T {
        if self.is_empty() { found } else { T::default() }
    }

    /// The status of a page that shows them.
    pub fn status(&self) -> StatusCode {
        if self.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY }
    }

    /// Adds others, such as what a rule refuses.
    pub fn extend(&mut self, others: impl Into<Problems>) {
        self.0.extend(others.into().0);
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether something is wrong with this field.
    pub fn has(&self, field: &str) -> bool {
        self.0.iter().any(|problem| problem.field.as_deref() == Some(field))
    }

    /// What is first wrong with this field, or nothing.
    pub fn of(&self, field: &str) -> &str {
        let mut of_field = self.0.iter().filter(|p| p.field.as_deref() == Some(field));
        of_field.next().map_or("", |problem| &problem.message)
    }

    /// All of them, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }
}

impl From<Refusal> for Problems {
    fn from(refusal: Refusal) -> Self {
        let field = refusal.field.map(str::to_owned);
        Problems(vec![Problem { field, message: refusal.message }])
    }
}

/// One of the choices of a select, radios or checkboxes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is read.
    pub text: String,
    /// More about it, for radios and checkboxes.
    pub hint: String,
    /// Whether it is chosen.
    pub is_chosen: bool,
}

impl Choice {
    /// A choice that is not chosen.
    pub fn new(value: impl Into<String>, text: impl Into<String>) -> Self {
        Choice { value: value.into(), text: text.into(), hint: String::new(), is_chosen: false }
    }

    /// The same with a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// The same, chosen if its value is this one.
    pub fn chosen_if(mut self, value: &str) -> Self {
        self.is_chosen = self.value == value;
        self
    }

    /// The id of its input: the first one has the field's name, where the error summary leads.
    pub fn id(&self, name: &str, index: &usize) -> String {
        if *index == 1 { name.to_owned() } else { format!("{name}-{index}") }
    }

    /// The component's name for this kind of input.
    pub fn family(&self, kind: &str) -> &'static str {
        if kind == "radio" { "radios" } else { "checkboxes" }
    }
}

/// Choices from pairs of value and text, with this value chosen.
pub fn choices(pairs: &[(&str, &str)], chosen: &str) -> Vec<Choice> {
    pairs.iter().map(|(value, text)| Choice::new(*value, *text).chosen_if(chosen)).collect()
}

/// Bytes of earlier cursors that an address carries, at most.
const MOST_BACK: usize = 1_500;

/// Where the pages before and after this one are.
///
/// A list pages by cursor, and a cursor only leads on. So the address of a page carries, as `back`,
/// the cursors of the pages between the first and this one.
#[derive(Clone, Debug, Default)]
pub struct Paging {
    /// The address of the page before.
    pub previous: Option<String>,
    /// The address of the page after.
    pub next: Option<String>,
}

impl Paging {
    /// The pages around the one that begins at cursor `at`, which is empty on the first.
    ///
    /// `address` makes the address of a page from its own cursor and its `back`.
    pub fn by_cursor(
        at: &str,
        back: &str,
        next: Option<impl ToString>,
        address: impl Fn(&str, &str) -> String,
    ) -> Paging {
        let previous = (!at.is_empty()).then(|| {
            let (back, at) = back.rsplit_once('_').unwrap_or(("", back));
            address(at, back)
        });
        let next = next.map(|next| {
            let back = if back.is_empty() { at.to_owned() } else { format!("{back}_{at}") };
            address(&next.to_string(), shortened(&back))
        });
        Paging { previous, next }
    }

    /// Whether there is a page before or after.
    pub fn has_more_pages(&self) -> bool {
        self.previous.is_some() || self.next.is_some()
    }
}

/// Drops the oldest cursors, so that addresses stay short enough: whoever goes back that far comes
/// to the first page a little sooner.
pub(crate) fn shortened(back: &str) -> &str {
    let mut rest = back;
    while rest.len() > MOST_BACK {
        rest = rest.split_once('_').map_or("", |(_, rest)| rest);
    }
    rest
}

/// The page as an answer. A template that fails is our mistake: logged, and a plain 500.
pub fn render<T: Template>(status: StatusCode, page: &T) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be drawn");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Sends the browser on after a form: `303 See Other`.
pub fn redirect(to: &str) -> Response {
    let to = HeaderValue::try_from(to).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(LOCATION, to)]).into_response()
}

/// The same, with a message that the next page shows once.
pub fn redirect_with(to: &str, message: &str) -> Response {
    let mut answer = redirect(to);
    answer.extensions_mut().insert(Flash(Some(message.to_owned())));
    answer
}

/// What was just done, told once, on the page after a form. An argument of a handler.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flash(pub Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for Flash {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Flash>().cloned().unwrap_or_default())
    }
}

/// The cookie that carries the message from the form to the next page.
#[derive(Clone, Copy, Debug)]
pub struct FlashCookie {
    /// Whether browsers come by HTTPS: it then has a name that no other host can set.
    pub tls_in_front: bool,
}

impl FlashCookie {
    fn name(self) -> &'static str {
        if self.tls_in_front { "__Host-hubstock_message" } else { "hubstock_message" }
    }

    fn read(self, headers: &HeaderMap) -> Flash {
        let cookies = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut pairs = cookies.flat_map(|line| line.split("; ")).filter_map(|p| p.split_once('='));
        let encoded = pairs.find(|(name, _)| *name == self.name()).map(|(_, value)| value);
        let bytes = encoded.and_then(|value| URL_SAFE_NO_PAD.decode(value).ok());
        Flash(bytes.and_then(|bytes| String::from_utf8(bytes).ok()))
    }

    /// The header that has a browser keep a message for so many seconds.
    fn keep(self, message: &str, seconds: u32) -> HeaderValue {
        let (name, value) = (self.name(), URL_SAFE_NO_PAD.encode(message));
        let secure = if self.tls_in_front { "; Secure" } else { "" };
        let age = format!("Max-Age={seconds}");
        let cookie = format!("{name}={value}; Path=/; {age}; HttpOnly; SameSite=Lax{secure}");
        HeaderValue::try_from(cookie).expect("base64 is plain text")
    }
}

/// Middleware that carries the message, and forgets it once a page has been answered with it.
pub async fn carry_flash(cookie: FlashCookie, mut request: Request, next: Next) -> Response {
    let flash = cookie.read(request.headers());
    let had_one = flash.0.is_some();
    request.extensions_mut().insert(flash);
    let mut answer = next.run(request).await;
    let kind = answer.headers().get(CONTENT_TYPE);
    let is_page = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let told = answer.extensions().get::<Flash>().and_then(|flash| flash.0.clone());
    let kept = match told {
        Some(message) => Some(cookie.keep(&message, 60)),
        None if had_one && is_page => Some(cookie.keep("", 0)),
        None => None,
    };
    if let Some(kept) = kept {
        answer.headers_mut().append(SET_COOKIE, kept);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_on_can_be_gone_back() {
        let address = |at: &str, back: &str| format!("{at}|{back}");
        let (mut at, mut back, mut been) = (String::new(), String::new(), Vec::new());
        for cursor in 1..=40 {
            been.push(at.clone());
            let next = Paging::by_cursor(&at, &back, Some(cursor), address).next;
            let next = next.unwrap_or_default();
            let (next_at, next_back) = next.split_once('|').unwrap_or_default();
            (at, back) = (next_at.to_owned(), next_back.to_owned());
        }
        while let Some(before) = been.pop() {
            let paging = Paging::by_cursor(&at, &back, None::<i64>, address);
            assert_eq!(paging.next, None);
            let previous = paging.previous.unwrap_or_default();
            let (previous_at, previous_back) = previous.split_once('|').unwrap_or_default();
            (at, back) = (previous_at.to_owned(), previous_back.to_owned());
            assert_eq!(at, before);
        }
        assert_eq!(Paging::by_cursor(&at, &back, None::<i64>, address).previous, None);
    }

    #[test]
    fn an_address_stays_short_and_what_it_forgets_leads_to_the_first_page() {
        let address = |at: &str, back: &str| format!("{at}|{back}");
        let long = "123456.123456.-9223372036854775808_".repeat(100) + "1.2.3";
        let next = Paging::by_cursor("4.5.6", &long, Some("7.8.9"), address).next;
        let next = next.unwrap_or_default();
        assert!(next.len() < MOST_BACK + 10 && next.ends_with("1.2.3_4.5.6"), "{next}");
        let first = Paging::by_cursor("4.5.6", "", None::<i64>, address).previous;
        assert_eq!(first.as_deref(), Some("|"));
    }
}
