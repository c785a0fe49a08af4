//! Writing an e-mail: the frame around its words, as text and as HTML, and what it is known by.

use askama::Template;
use domain::access::{Actor, Organisation};
use domain::ids::UserId;
use domain::notifications::MessageKind;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use store::Tx;
use store::notifications::{NewMessage, Recipient};

use super::facts::Facts;
use super::words::{Block, Words, words};
use super::{Mail, Way};
use crate::files::hex;
use crate::sign_in::secret;
use crate::{App, Error, Result};

/// What stands in a kept e-mail where its secret belongs.
pub const SECRET: &str = "{secret}";

/// Of what an e-mail is made.
pub(super) struct Source<'a> {
    /// The entry of the journal.
    pub entry: i64,
    /// That entry's hash.
    pub hash: [u8; 32],
    /// When it happened.
    pub at: Timestamp,
    /// What it is about.
    pub about: &'a str,
}

#[derive(Template)]
#[template(path = "mail/frame.txt", escape = "none")]
struct TextFrame<'a> {
    letter: &'a Frame<'a>,
}

#[derive(Template)]
#[template(path = "mail/frame.html")]
struct HtmlFrame<'a> {
    letter: &'a Frame<'a>,
}

struct Frame<'a> {
    words: &'a Words,
    url: &'a str,
    because: &'a str,
    required: bool,
    unsubscribe: Option<&'a str>,
}

/// An e-mail as text and HTML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The text.
    pub text: String,
    /// The HTML.
    pub html: String,
}

/// Writes an e-mail of this kind. `unsubscribe` is the address that turns such e-mails off.
pub fn letter(
    mail: &Mail,
    kind: MessageKind,
    words: &Words,
    unsubscribe: Option<&str>,
) -> Result<Letter> {
    let row = kind.row();
    let frame = Frame {
        words,
        url: &mail.public_url,
        because: row.because,
        required: row.required,
        unsubscribe,
    };
    let drawn = |result: askama::Result<String>| {
        result.map_err(|error| Error::Damaged(format!("an e-mail could not be drawn: {error}")))
    };
    let text = drawn(TextFrame { letter: &frame }.render())?;
    let html = drawn(HtmlFrame { letter: &frame }.render())?;
    Ok(Letter { text: unindented(&text), html })
}

/// At most one blank line at once, none at the end but the last line's break.
fn unindented(text: &str) -> String {
    let mut out = String::new();
    let mut blank = true;
    for line in text.lines().map(str::trim_end) {
        if !line.is_empty() || !blank {
            out.push_str(line);
            out.push('\n');
        }
        blank = line.is_empty();
    }
    format!("{}\n", out.trim_end())
}

/// An e-mail for the outbox.
pub(super) fn message(
    app: &App,
    source: &Source<'_>,
    kind: MessageKind,
    to: &Recipient,
    words: &Words,
) -> Result<NewMessage> {
    let can_stop = !kind.row().required && kind != MessageKind::DailyDigest;
    let (key, hash) = secret();
    let url = format!("{}/unsubscribe/{SECRET}", app.mail.public_url);
    let letter = letter(&app.mail, kind, words, can_stop.then_some(url.as_str()))?;
    Ok(NewMessage {
        entry: source.entry,
        user: to.user,
        organisation: to.organisation,
        kind,
        about: source.about.to_owned(),
        address: to.address.clone(),
        title: words.title.clone(),
        content_hash: content_hash(&to.address, &words.title, &letter.text, &letter.html),
        message_id: message_id(app, source, kind, to.user),
        text: letter.text,
        html: letter.html,
        secret: can_stop.then_some(key),
        unsubscribe: can_stop.then_some(hash),
        made_at: source.at,
        queued_at: app.now(),
    })
}

/// The hash of all that an e-mail says. It is compared before each attempt.
pub(super) fn content_hash(address: &str, title: &str, text: &str, html: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [address, title, text, html] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

/// The same entry told to the same person has the same one, even when it is told again after a
/// backup was restored.
fn message_id(app: &App, source: &Source<'_>, kind: MessageKind, user: UserId) -> String {
    let mut hash = Sha256::new();
    hash.update(source.hash);
    hash.update(source.entry.to_be_bytes());
    hash.update(user.0.to_be_bytes());
    for part in [kind.word(), source.about] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let hash: [u8; 32] = hash.finalize().into();
    format!("<{}@{}>", &hex(&hash)[..40], host(&app.mail.public_url))
}

/// The host of an address.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.is_empty() => name,
        _ => host,
    }
}

/// Puts an e-mail with a link that works once in the outbox, in the transaction that makes the
/// link: the journal does not hold its secret, so no reader of the journal could. False where this
/// process has no way to send: then whoever made the link passes it on.
pub(crate) fn link_message(
    tx: &mut Tx,
    app: &App,
    kind: MessageKind,
    user: UserId,
    at: Option<(Organisation, &str)>,
    link: &Link<'_>,
) -> Result<bool> {
    if matches!(app.mail.way, Way::Outbox) {
        return Ok(false);
    }
    let Some(person) = store::people::by_id(tx, user)? else { return Ok(false) };
    let entry = store::journal::entry_at(tx, link.entry)?;
    let hash = entry.map_or([0; 32], |entry| entry.hash);
    let organisation = at.map(|(organisation, _)| organisation);
    let name = match organisation {
        Some(organisation) => crate::sign_in::organisation_name(tx, organisation)?,
        None => String::new(),
    };
    let facts = Facts {
        about: user.to_string(),
        path: format!("{}/{SECRET}", link.path),
        name: at.map(|(_, role)| role.to_owned()).unwrap_or_default(),
        to: name,
        by: link.by.name.clone(),
        day: super::facts::day(link.until),
        ..Facts::default()
    };
    let to = Recipient {
        user,
        address: person.email,
        organisation: organisation.map(Organisation::number),
        chosen: None,
    };
    let source = Source { entry: link.entry, hash, at: app.now(), about: &facts.about };
    let mut message = message(app, &source, kind, &to, &words(kind, &facts)?)?;
    message.secret = Some(link.secret.to_owned());
    store::notifications::insert_messages(tx, &[message])?;
    Ok(true)
}

/// A link that works once.
pub(crate) struct Link<'a> {
    /// The entry of the journal that says that it was made.
    pub entry: i64,
    /// The page that it opens, without its secret.
    pub path: &'a str,
    /// Its secret.
    pub secret: &'a str,
    /// Who made it.
    pub by: &'a Actor,
    /// Until when it works.
    pub until: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host() {
        assert_eq!(host("https://hubstock.example:8443/x"), "hubstock.example");
        assert_eq!(host("http://127.0.0.1:8140"), "127.0.0.1");
        assert_eq!(host("http://[::1]:8140"), "[::1]");
    }
}
