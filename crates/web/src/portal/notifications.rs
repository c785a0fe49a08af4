//! What a person was told, how they want to be told, and the e-mails that were sent.

use app::notifications::{self, MailState, Message, MessageState, NoticeRow, Way};
use askama::Template;
use axum::extract::{Form, Path};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use domain::access::Action;
use domain::ids::{MessageId, NoticeId};
use domain::notifications::{Delivery, MessageKind};
use serde::Deserialize;
use std::collections::BTreeMap;

use super::{Pages, address, may, number_in, shown_in_form, version_seen};
use crate::api::given::Query;
use crate::error_pages::{Failure, blocking};
use crate::page::{
    Choice, Flash, Layout, Paging, Problems, Section, filters, redirect, redirect_with, render,
};
use crate::session::SignedIn;
use crate::state::AppState;

/// The pages of this capability.
pub fn routes() -> Pages {
    Pages::new()
        .route("/notices", get(list))
        .route("/notices/read", post(read_all))
        .route("/notices/{id}/open", post(open))
        .route("/account/notifications", get(choices).post(choose))
        .route("/unsubscribe/{secret}", get(unsubscribe_form).post(unsubscribe))
        .route("/mail", get(mail))
        .route("/mail/{id}", get(message))
        .route("/mail/{id}/retry", post(retry))
}

#[derive(Template)]
#[template(path = "notifications/list.html")]
struct NoticesPage {
    layout: Layout,
    notices: Vec<NoticeRow>,
    only_unread: bool,
    unread: i64,
    last: Option<NoticeId>,
    paging: Paging,
    sees_mail: bool,
}

#[derive(Template)]
#[template(path = "notifications/choices.html")]
struct ChoicesPage {
    layout: Layout,
    version: i64,
    required: Vec<Kind>,
    others: Vec<Kind>,
    is_sent: bool,
    is_shown: bool,
}

struct Kind {
    word: &'static str,
    name: &'static str,
    choices: Vec<Choice>,
}

#[derive(Template)]
#[template(path = "notifications/mail.html")]
struct MailPage {
    layout: Layout,
    messages: Vec<Message>,
    state: Option<MailState>,
    states: Vec<Choice>,
    is_shown: bool,
    paging: Paging,
}

#[derive(Template)]
#[template(path = "notifications/message.html")]
struct MessagePage {
    layout: Layout,
    message: Message,
    may_retry: bool,
}

#[derive(Template)]
#[template(path = "notifications/unsubscribe.html")]
struct UnsubscribePage {
    layout: Layout,
    name: &'static str,
    secret: String,
    is_done: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ListQuery {
    only: String,
    before: String,
    back: String,
}

async fn list(
    state: AppState,
    who: SignedIn,
    flash: Flash,
    Query(query): Query<ListQuery>,
) -> Result<Response, Failure> {
    let (actor, before) = (who.actor.clone(), query.before.parse().ok());
    let only_unread = query.only == "unread";
    let is_shown = matches!(state.app.mail.way, Way::Page);
    let found =
        blocking(move || notifications::notices(&state.app, &actor, only_unread, before.into()));
    let found = found.await?;
    let paging = Paging::by_cursor(&query.before, &query.back, found.next, |before, back| {
        address("/notices", &[("only", &query.only), ("before", before), ("back", back)])
    });
    let page = NoticesPage {
        layout: Layout::of(&who.viewer, Section::Home, "Notices").crumb("Home", "/").flash(flash),
        last: found.items.first().map(|notice| notice.id),
        unread: found.unread,
        only_unread,
        paging,
        notices: found.items,
        sees_mail: is_shown || may(&who.actor, Action::SeeMail),
    };
    Ok(render(StatusCode::OK, &page))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Last {
    last: String,
}

async fn read_all(
    state: AppState,
    who: SignedIn,
    Form(typed): Form<Last>,
) -> Result<Response, Failure> {
    let last: NoticeId = number_in(&typed.last)?;
    blocking(move || notifications::read_all(&state.app, &who.actor, last)).await?;
    Ok(redirect_with("/notices", "All notices are marked as read"))
}

/// Marks a notice as read and goes where it leads.
async fn open(state: AppState, who: SignedIn, Path(id): Path<String>) -> Result<Response, Failure> {
    let id: NoticeId = number_in(&id)?;
    let notice = blocking(move || notifications::read(&state.app, &who.actor, id)).await?;
    Ok(redirect(&notice.path))
}

async fn choices(state: AppState, who: SignedIn, flash: Flash) -> Result<Response, Failure> {
    choices_page(&state, &who, flash, StatusCode::OK, Problems::none()).await
}

async fn choices_page(
    state: &AppState,
    who: &SignedIn,
    flash: Flash,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Failure> {
    let (app, actor) = (state.app.clone(), who.actor.clone());
    let mine = blocking(move || notifications::choices(&app, &actor)).await?;
    let kind = |choice: &notifications::Choice| {
        let ways = Delivery::ALL.iter().filter(|delivery| choice.kind.allows(**delivery));
        let way =
            |way: &Delivery| Choice::new(way.word(), way.name()).chosen_if(choice.delivery.word());
        let row = choice.kind.row();
        Kind { word: row.word, name: row.name, choices: ways.map(way).collect() }
    };
    let of = |required: bool| {
        mine.iter().filter(|c| c.kind.row().required == required).map(kind).collect()
    };
    let layout = Layout::of(&who.viewer, Section::Home, "How you are told")
        .crumb("Home", "/")
        .crumb("Your account", "/account")
        .flash(flash)
        .problems(problems);
    let page = ChoicesPage {
        layout,
        version: notifications::version_of(&mine),
        required: of(true),
        others: of(false),
        is_sent: !matches!(state.app.mail.way, Way::Outbox),
        is_shown: matches!(state.app.mail.way, Way::Page),
    };
    Ok(render(status, &page))
}

async fn choose(
    state: AppState,
    who: SignedIn,
    Form(typed): Form<BTreeMap<String, String>>,
) -> Result<Response, Failure> {
    let wanted: Vec<(MessageKind, Delivery)> = typed
        .iter()
        .filter_map(|(kind, way)| Some((MessageKind::from_word(kind)?, Delivery::from_word(way)?)))
        .collect();
    let (app, actor) = (state.app.clone(), who.actor.clone());
    let version = version_seen(typed.get("version").map_or("", String::as_str));
    match blocking(move || notifications::choose_all(&app, &actor, version, &wanted)).await {
        Ok(_) => Ok(redirect_with("/account/notifications", "Your choice is saved")),
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            choices_page(&state, &who, Flash::default(), status, problems).await
        }
    }
}

async fn unsubscribe_form(
    state: AppState,
    Path(secret): Path<String>,
) -> Result<Response, Failure> {
    let given = secret.clone();
    let (_, kind) = blocking(move || notifications::unsubscribing(&state.app, &given)).await?;
    let layout = Layout::new("Stop these emails");
    let page = UnsubscribePage { layout, name: kind.row().name, secret, is_done: false };
    Ok(render(StatusCode::OK, &page))
}

/// Also what a mail program sends by itself when its user asks it to (RFC 8058), without a session.
async fn unsubscribe(state: AppState, Path(secret): Path<String>) -> Result<Response, Failure> {
    let given = secret.clone();
    let kind = blocking(move || notifications::unsubscribe(&state.app, &given)).await?;
    let layout = Layout::new("You will get no more of these emails");
    let page = UnsubscribePage { layout, name: kind.row().name, secret, is_done: true };
    Ok(render(StatusCode::OK, &page))
}

/// E-mails are for whoever may see all; in the demonstration, which sends none, each person sees
/// their own.
fn must_see_mail(state: &AppState, who: &SignedIn) -> Result<(), Failure> {
    if matches!(state.app.mail.way, Way::Page) {
        return Ok(());
    }
    super::must_see(&who.actor, Action::SeeMail)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct MailQuery {
    state: String,
    before: String,
    back: String,
}

async fn mail(
    state: AppState,
    who: SignedIn,
    flash: Flash,
    Query(query): Query<MailQuery>,
) -> Result<Response, Failure> {
    must_see_mail(&state, &who)?;
    let (app, actor, before) = (state.app.clone(), who.actor.clone(), query.before.parse().ok());
    let wanted = MessageState::from_name(&query.state);
    let (found, outbox) = blocking(move || {
        let found = notifications::messages(&app, &actor, wanted, before.into())?;
        let outbox = may(&actor, Action::SeeMail);
        let outbox = outbox.then(|| notifications::state(&app, &actor)).transpose()?;
        Ok((found, outbox))
    })
    .await?;
    let choice = |state: &MessageState| Choice::new(state.name(), state_words(state));
    let states =
        std::iter::once(Choice::new("", "Any")).chain(MessageState::ALL.iter().map(choice));
    let paging = Paging::by_cursor(&query.before, &query.back, found.next, |before, back| {
        address("/mail", &[("state", &query.state), ("before", before), ("back", back)])
    });
    let states: Vec<Choice> = states.map(|choice| choice.chosen_if(&query.state)).collect();
    let mut problems = Problems::none();
    problems.add_unless_chosen("state", &states);
    let (status, layout) = (problems.status(), Layout::of(&who.viewer, Section::Home, "Emails"));
    let page = MailPage {
        state: outbox,
        states,
        is_shown: matches!(state.app.mail.way, Way::Page),
        paging: problems.withhold(paging),
        messages: problems.withhold(found.items),
        layout: layout.crumb("Home", "/").flash(flash).problems(problems),
    };
    Ok(render(status, &page))
}

async fn message(
    state: AppState,
    who: SignedIn,
    flash: Flash,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    must_see_mail(&state, &who)?;
    let id: MessageId = number_in(&id)?;
    let actor = who.actor.clone();
    let message = blocking(move || notifications::message(&state.app, &actor, id)).await?;
    let layout = Layout::of(&who.viewer, Section::Home, message.title.clone())
        .crumb("Home", "/")
        .crumb("Emails", "/mail")
        .flash(flash);
    let may_retry = message.can_retry() && may(&who.actor, Action::RetryMail);
    Ok(render(StatusCode::OK, &MessagePage { layout, message, may_retry }))
}

async fn retry(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id: MessageId = number_in(&id)?;
    blocking(move || notifications::retry(&state.app, &who.actor, id)).await?;
    Ok(redirect_with(&format!("/mail/{id}"), "The email waits to be sent again"))
}

/// A state as people say it.
fn state_words(state: &MessageState) -> &'static str {
    match state {
        MessageState::Waiting => "Waiting",
        MessageState::Sent => "Sent",
        MessageState::Shown => "Shown here",
        MessageState::Refused => "Refused",
        MessageState::GivenUp => "Given up",
        MessageState::Cancelled => "Cancelled",
    }
}

fn state_colour(state: &MessageState) -> &'static str {
    match state {
        MessageState::Waiting => "blue",
        MessageState::Sent | MessageState::Shown => "green",
        MessageState::Refused | MessageState::GivenUp => "red",
        MessageState::Cancelled => "grey",
    }
}
