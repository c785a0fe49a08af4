//! One's own notices, how one is told, and the e-mails that were sent.

use app::notifications::{self, Message as MessageShown, MessageState, NoticeRow};
use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use domain::Refusal;
use domain::access::Action;
use domain::ids::{MessageId, NoticeId};
use domain::notifications::{Delivery, MessageKind};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::given::{Cursor, Given, IfMatch, Query, reference};
use super::{Page, Problem, versioned};
use crate::error_pages::{Failure, blocking};
use crate::session::ApiActor;
use crate::state::AppState;

/// The routes of this capability.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_notices))
        .routes(routes!(read_notice))
        .routes(routes!(read_notices))
        .routes(routes!(list_choices))
        .routes(routes!(show_choice, choose))
        .routes(routes!(list_mail))
        .routes(routes!(get_mail))
        .routes(routes!(retry_mail))
}

/// Something that one is told.
#[derive(Serialize, ToSchema)]
struct Notice {
    /// Its reference.
    #[schema(example = "ntc-000042")]
    id: String,
    /// Its kind.
    #[schema(example = "transfer-file-to-authorise")]
    kind: String,
    /// What it is about.
    #[schema(example = "ctf-000042")]
    about: String,
    /// What it says, in a line.
    title: String,
    /// What it says.
    text: String,
    /// The page that it leads to.
    path: String,
    /// When it happened.
    #[schema(format = DateTime)]
    at: String,
    /// When it was read; absent while it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    read_at: Option<String>,
}

fn notice(row: NoticeRow) -> Notice {
    Notice {
        id: row.id.to_string(),
        kind: row.kind,
        about: row.about,
        title: row.title,
        text: row.text,
        path: row.path,
        at: row.made_at.to_string(),
        read_at: row.read_at.map(|at| at.to_string()),
    }
}

/// Which notices.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct WhichNotices {
    /// Only those that were not read.
    #[serde(default)]
    unread: bool,
    /// Where the page begins: the `next` or `previous` of another one.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    cursor: Cursor,
    /// Items on a page, 1 to 200; 50 where nothing is said.
    limit: Option<u32>,
}

/// What one was told as a member of the organisation that one acts for, newest first.
#[utoipa::path(get, path = "/me/notices", tag = "own account", operation_id = "list_notices",
    params(WhichNotices), responses((status = OK, body = Page<Notice>), Problem),
    security(("token" = []), ("session" = [])))]
async fn list_notices(
    State(state): State<AppState>,
    who: ApiActor,
    Query(which): Query<WhichNotices>,
) -> Result<Json<Page<Notice>>, Failure> {
    let cursor = which.cursor.clone();
    let found = blocking(move || {
        let part = which.cursor.part(which.limit)?;
        notifications::notices(&state.app, &who.actor, which.unread, part)
    });
    let found = found.await?;
    Ok(Page::part(found.items.into_iter().map(notice).collect(), &cursor, found.next))
}

/// Marks a notice as read.
#[utoipa::path(post, path = "/me/notices/{id}/read", tag = "own account",
    operation_id = "read_notice",
    params(("id" = String, Path, description = "The notice")),
    responses((status = OK, body = Notice), Problem),
    security(("token" = []), ("session" = [])))]
async fn read_notice(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
) -> Result<Json<Notice>, Failure> {
    let read = move || {
        who.actor.must(Action::ReadNotices)?;
        notifications::read(&state.app, &who.actor, reference::<NoticeId>(&id, "notice")?)
    };
    Ok(Json(notice(blocking(read).await?)))
}

/// Up to where.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UpTo {
    /// The newest notice that was seen.
    #[schema(example = "ntc-000042")]
    last: String,
}

/// How many.
#[derive(Serialize, ToSchema)]
struct Read {
    /// Notices that had not been read.
    read: u64,
}

/// Marks all notices up to one as read.
#[utoipa::path(post, path = "/me/notices/read", tag = "own account", operation_id = "read_notices",
    request_body = UpTo, responses((status = OK, body = Read), Problem),
    security(("token" = []), ("session" = [])))]
async fn read_notices(
    State(state): State<AppState>,
    who: ApiActor,
    Given(given): Given<UpTo>,
) -> Result<Json<Read>, Failure> {
    let read = move || {
        who.actor.must(Action::ReadNotices)?;
        let last = reference::<NoticeId>(&given.last, "notice")?;
        notifications::read_all(&state.app, &who.actor, last)
    };
    Ok(Json(Read { read: blocking(read).await? }))
}

/// How one is told of one kind of thing.
#[derive(Serialize, ToSchema)]
struct NotificationChoice {
    /// The kind.
    #[schema(example = "transfer-file-to-authorise")]
    kind: String,
    /// Its name.
    name: String,
    /// `now`, `digest` or `off`.
    #[schema(example = "now")]
    delivery: String,
    /// Whether the process requires it, so that it cannot be `off`.
    required: bool,
    /// Whether one chose this, rather than leaving it as it usually is.
    chosen: bool,
    /// Its version, the `ETag` of the same.
    version: i64,
}

fn shown_choice(choice: &notifications::Choice) -> NotificationChoice {
    let row = choice.kind.row();
    NotificationChoice {
        kind: row.word.to_owned(),
        name: row.name.to_owned(),
        delivery: choice.delivery.word().to_owned(),
        required: row.required,
        chosen: choice.is_chosen,
        version: choice.version(),
    }
}

/// How one is told by e-mail of all that one's roles can bring.
#[utoipa::path(get, path = "/me/notifications", tag = "own account",
    operation_id = "list_notification_choices",
    responses((status = OK, body = Page<NotificationChoice>), Problem),
    security(("token" = []), ("session" = [])))]
async fn list_choices(
    State(state): State<AppState>,
    who: ApiActor,
) -> Result<Json<Page<NotificationChoice>>, Failure> {
    let choices = blocking(move || notifications::choices(&state.app, &who.actor)).await?;
    Ok(Page::whole(choices.iter().map(shown_choice).collect()))
}

/// How one is told by e-mail of one kind of thing.
#[utoipa::path(get, path = "/me/notifications/{kind}", tag = "own account",
    operation_id = "get_notification_choice",
    params(("kind" = String, Path, description = "The kind")),
    responses((status = OK, body = NotificationChoice), Problem),
    security(("token" = []), ("session" = [])))]
async fn show_choice(
    State(state): State<AppState>,
    who: ApiActor,
    Path(kind): Path<String>,
) -> Result<Response, Failure> {
    let find = move || {
        let kind = kind_in(&kind)?;
        one_of(&notifications::choices(&state.app, &who.actor)?, kind)
    };
    let choice = blocking(find).await?;
    Ok(versioned(choice.version(), shown_choice(&choice)))
}

fn kind_in(word: &str) -> Result<MessageKind, Refusal> {
    MessageKind::from_word(word).ok_or_else(|| Refusal::not_found("kind of message"))
}

/// The choice of this kind, if it concerns the person at all.
fn one_of(
    choices: &[notifications::Choice],
    kind: MessageKind,
) -> app::Result<notifications::Choice> {
    let choice = choices.iter().find(|choice| choice.kind == kind).copied();
    Ok(choice.ok_or_else(|| Refusal::not_found("kind of message"))?)
}

/// How.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Way {
    /// `now`, `digest` or `off`.
    #[schema(example = "digest")]
    delivery: String,
}

/// Chooses how one is told by e-mail of one kind of thing.
#[utoipa::path(put, path = "/me/notifications/{kind}", tag = "own account",
    operation_id = "choose_notification",
    params(("kind" = String, Path, description = "The kind")),
    request_body = Way, responses((status = OK, body = NotificationChoice), Problem),
    security(("token" = []), ("session" = [])))]
async fn choose(
    State(state): State<AppState>,
    who: ApiActor,
    Path(kind): Path<String>,
    IfMatch(version): IfMatch,
    Given(way): Given<Way>,
) -> Result<Response, Failure> {
    let chosen = blocking(move || {
        who.actor.must(Action::ReadNotices)?;
        let kind = kind_in(&kind)?;
        let way = Delivery::from_word(&way.delivery)
            .ok_or_else(|| Refusal::field("delivery", "Enter now, digest or off."))?;
        one_of(&notifications::choices(&state.app, &who.actor)?, kind)?;
        one_of(&notifications::choose(&state.app, &who.actor, kind, version, way)?, kind)
    });
    let chosen = chosen.await?;
    Ok(versioned(chosen.version(), shown_choice(&chosen)))
}

/// An e-mail, without what is only its recipient's.
#[derive(Serialize, ToSchema)]
struct Mail {
    /// Its reference.
    #[schema(example = "msg-000042")]
    id: String,
    /// Its kind.
    kind: String,
    /// What it is about.
    #[schema(example = "ctf-000042")]
    about: String,
    /// The entry of the journal that it tells of.
    entry: i64,
    /// Its recipient.
    person: String,
    /// Where to.
    address: String,
    /// Its subject line.
    subject: String,
    /// Its text.
    text: String,
    /// The same as HTML.
    html: String,
    /// What tells it from all others.
    message_id: String,
    /// `Waiting`, `Sent`, `Shown`, `Refused`, `GivenUp` or `Cancelled`.
    #[schema(example = "Sent")]
    state: String,
    /// How often it was tried.
    attempts: i64,
    /// When what it tells of happened.
    #[schema(format = DateTime)]
    at: String,
    /// When it is tried next, while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    next_attempt_at: Option<String>,
    /// When it was sent, or given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    ended_at: Option<String>,
    /// What the mail server last said.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
}

fn mail(message: MessageShown) -> Mail {
    Mail {
        id: message.id.to_string(),
        kind: message.kind,
        about: message.about,
        entry: message.entry,
        person: message.user.to_string(),
        address: message.address,
        subject: message.title,
        text: message.text,
        html: message.html,
        message_id: message.message_id,
        state: message.state.name().to_owned(),
        attempts: message.attempts,
        at: message.made_at.to_string(),
        next_attempt_at: message.next_attempt_at.map(|at| at.to_string()),
        ended_at: message.ended_at.map(|at| at.to_string()),
        answer: message.answer,
    }
}

/// Which e-mails.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct WhichMail {
    /// Only those in this state.
    #[param(example = "Refused")]
    state: Option<String>,
    /// Where the page begins: the `next` or `previous` of another one.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    cursor: Cursor,
    /// Items on a page, 1 to 200; 50 where nothing is said.
    limit: Option<u32>,
}

/// E-mails that were sent or wait, newest first.
#[utoipa::path(get, path = "/mail", tag = "mail", operation_id = "list_mail",
    params(WhichMail), responses((status = OK, body = Page<Mail>), Problem),
    security(("token" = []), ("session" = [])))]
async fn list_mail(
    State(state): State<AppState>,
    who: ApiActor,
    Query(which): Query<WhichMail>,
) -> Result<Json<Page<Mail>>, Failure> {
    let cursor = which.cursor.clone();
    let found = blocking(move || {
        who.actor.must(Action::SeeMail)?;
        let wanted = which.state.as_deref().map(|name| {
            MessageState::from_name(name).ok_or_else(|| {
                let names: Vec<&str> = MessageState::ALL.iter().map(|state| state.name()).collect();
                Refusal::field("state", format!("A state is one of {}.", names.join(", ")))
            })
        });
        notifications::messages(
            &state.app,
            &who.actor,
            wanted.transpose()?,
            which.cursor.part(which.limit)?,
        )
    });
    let found = found.await?;
    Ok(Page::part(found.items.into_iter().map(mail).collect(), &cursor, found.next))
}

/// One e-mail.
#[utoipa::path(get, path = "/mail/{id}", tag = "mail", operation_id = "get_mail",
    params(("id" = String, Path, description = "The e-mail")),
    responses((status = OK, body = Mail), Problem),
    security(("token" = []), ("session" = [])))]
async fn get_mail(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
) -> Result<Json<Mail>, Failure> {
    let found = blocking(move || {
        who.actor.must(Action::SeeMail)?;
        notifications::message(&state.app, &who.actor, reference::<MessageId>(&id, "e-mail")?)
    });
    Ok(Json(mail(found.await?)))
}

/// Has an e-mail that was refused or given up sent again, the same as it was.
#[utoipa::path(post, path = "/mail/{id}/retry", tag = "mail", operation_id = "retry_mail",
    params(("id" = String, Path, description = "The e-mail")),
    responses((status = OK, body = Mail), Problem),
    security(("token" = []), ("session" = [])))]
async fn retry_mail(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
) -> Result<Json<Mail>, Failure> {
    let again = blocking(move || {
        who.actor.must(Action::RetryMail)?;
        notifications::retry(&state.app, &who.actor, reference::<MessageId>(&id, "e-mail")?)
    });
    Ok(Json(mail(again.await?)))
}
