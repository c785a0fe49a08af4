//! `hubstock notice` and `hubstock mail`.

use app::notifications::{self, Message};
use app::{App, Result, sign_in};
use domain::Refusal;
use domain::access::{Action, Actor};
use domain::ids::{MessageId, NoticeId};
use domain::notifications::{Delivery, MessageKind};
use serde_json::{Value, json};
use store::notifications::{MessageState, NoticeRow};

use super::{every, open, reference};
use crate::arguments::{Arguments, Mail, Notice};
use crate::output::{self, Ended};

/// A person's notices, and how they are told.
pub fn notice(arguments: &Arguments, command: &Notice) -> Result<Ended> {
    let app = open(arguments)?;
    let acting = |who: &str| sign_in::actor_by_email(&app, who, Action::ReadNotices, None);
    match command {
        Notice::List { unread, who } => {
            let actor = acting(&who.email)?;
            let found = every(|before| {
                let part = notifications::notices(&app, &actor, *unread, before.into())?;
                Ok((part.items, part.next))
            })?;
            let json: Vec<Value> = found.iter().map(notice_json).collect();
            output::print(arguments, &json.into(), found.iter().map(line).collect::<String>());
        }
        Notice::Read { reference: wanted, who } => {
            let actor = acting(&who.email)?;
            let read = notifications::read(&app, &actor, reference::<NoticeId>(wanted)?)?;
            output::print(
                arguments,
                &notice_json(&read),
                format!("{}\n\n{}", read.title, read.text),
            );
        }
        Notice::ReadAll { last, who } => {
            let actor = acting(&who.email)?;
            let read = notifications::read_all(&app, &actor, reference::<NoticeId>(last)?)?;
            output::print(arguments, &json!({ "read": read }), format!("{read} marked as read"));
        }
        Notice::Choices { who } => choices(arguments, &app, &acting(&who.email)?)?,
        Notice::Choose { kind, delivery, who } => {
            let actor = acting(&who.email)?;
            let kind = MessageKind::from_word(kind)
                .ok_or_else(|| Refusal::not_found(format!("kind of message {kind}")))?;
            let way = Delivery::from_word(delivery)
                .ok_or_else(|| Refusal::field("delivery", "Say now, digest or off."))?;
            notifications::choose(&app, &actor, kind, None, way)?;
            choices(arguments, &app, &actor)?;
        }
    }
    Ok(Ended::Well)
}

fn notice_json(notice: &NoticeRow) -> Value {
    json!({ "notice": notice.id.to_string(), "kind": notice.kind, "about": notice.about,
            "title": notice.title, "text": notice.text, "path": notice.path,
            "at": notice.made_at.to_string(),
            "read_at": notice.read_at.map(|at| at.to_string()) })
}

fn line(notice: &NoticeRow) -> String {
    let new = if notice.read_at.is_none() { "new " } else { "" };
    format!("{} {} {new}{}\n", notice.id, notice.made_at, notice.title)
}

fn choices(arguments: &Arguments, app: &App, actor: &Actor) -> Result<()> {
    let mine = notifications::choices(app, actor)?;
    let json: Vec<Value> = mine
        .iter()
        .map(|choice| {
            let row = choice.kind.row();
            json!({ "kind": row.word, "name": row.name, "delivery": choice.delivery.word(),
                    "required": row.required, "chosen": choice.is_chosen })
        })
        .collect();
    let text: String = mine
        .iter()
        .map(|choice| {
            let row = choice.kind.row();
            format!("{} {} ({})\n", row.word, choice.delivery.word(), row.name)
        })
        .collect();
    output::print(arguments, &json.into(), text);
    Ok(())
}

/// The e-mails that were sent or wait.
pub fn mail(arguments: &Arguments, command: &Mail) -> Result<Ended> {
    let app = open(arguments)?;
    match command {
        Mail::List { state } => {
            let wanted = state.as_deref().map(|name| {
                let known = MessageState::ALL.iter().find(|s| s.name().eq_ignore_ascii_case(name));
                known.copied().ok_or_else(|| {
                    let names: Vec<&str> = MessageState::ALL.iter().map(|s| s.name()).collect();
                    Refusal::field("state", format!("A state is one of {}.", names.join(", ")))
                })
            });
            let operator = Actor::local_operator();
            let wanted = wanted.transpose()?;
            let found = every(|before| {
                let part = notifications::messages(&app, &operator, wanted, before.into())?;
                Ok((part.items, part.next))
            })?;
            let json: Vec<Value> = found.iter().map(mail_json).collect();
            let text: String = found
                .iter()
                .map(|m| format!("{} {} {} {}\n", m.id, m.state.name(), m.address, m.title))
                .collect();
            output::print(arguments, &json.into(), text);
        }
        Mail::Show { reference: wanted } => {
            let operator = Actor::local_operator();
            let message = notifications::message(&app, &operator, reference(wanted)?)?;
            let text = format!(
                "To: {}\nSubject: {}\nMessage-ID: {}\nState: {}{}\n\n{}",
                message.address,
                message.title,
                message.message_id,
                message.state.name(),
                message.answer.as_ref().map_or_else(String::new, |said| format!(" ({said})")),
                message.text
            );
            output::print(arguments, &mail_json(&message), text);
        }
        Mail::Retry { reference: wanted, who } => {
            let actor = sign_in::actor_by_email(&app, &who.email, Action::RetryMail, None)?;
            let again = notifications::retry(&app, &actor, reference::<MessageId>(wanted)?)?;
            output::print(arguments, &mail_json(&again), format!("{} waits", again.id));
        }
    }
    Ok(Ended::Well)
}

fn mail_json(message: &Message) -> Value {
    json!({ "message": message.id.to_string(), "kind": message.kind, "about": message.about,
            "entry": message.entry, "address": message.address, "subject": message.title,
            "text": message.text, "message_id": message.message_id, "state": message.state.name(),
            "attempts": message.attempts, "at": message.made_at.to_string(),
            "next_attempt_at": message.next_attempt_at.map(|at| at.to_string()),
            "ended_at": message.ended_at.map(|at| at.to_string()), "answer": message.answer })
}
