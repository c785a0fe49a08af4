//! The mail server: where it is, and what it answers.

use std::fmt;
use std::net::{IpAddr, ToSocketAddrs};
use std::time::Duration;

use domain::Refusal;
use lettre::Address;
use lettre::address::Envelope;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{SmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use store::notifications::MessageRow;

use super::mail::SECRET;
use crate::Result;

/// How long the server may take for one answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A mail server, as `HUBSTOCK_SMTP` names it.
pub struct Server {
    host: String,
    port: u16,
    /// TLS from the first byte, rather than after `STARTTLS`.
    is_tls: bool,
    credentials: Option<Credentials>,
    from: Mailbox,
    /// What this side calls itself.
    hello: ClientId,
}

/// Without the password.
impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// The server could not be reached, or would not talk.
#[derive(Debug)]
pub struct Unreachable(pub String);

/// How an attempt ended.
pub(super) enum Attempt {
    /// The server has taken the e-mail.
    Taken(String),
    /// The server will never take it.
    Refused(String),
    /// The server may take it later.
    Later(String),
    /// It is not known whether the server has taken it: the connection broke.
    Broken(String),
    /// The server takes no e-mails now.
    Closing(String),
}

/// A connection that is open.
pub(super) struct Connection(SmtpConnection);

impl Server {
    /// The server of this address, `smtp://USER:PASSWORD@HOST:PORT` or `smtps://…`, which sends in
    /// the name of `from`.
    pub fn parse(url: &str, from: &str) -> std::result::Result<Server, Refusal> {
        let wrong = |what: &str| {
            Refusal::invalid(format!(
                "HUBSTOCK_SMTP is not usable: {what}. Write smtp://USER:PASSWORD@HOST:PORT, or \
                 smtps:// for a server that speaks TLS from the start."
            ))
        };
        let (scheme, rest) =
            url.trim().split_once("://").ok_or_else(|| wrong("it is no address"))?;
        let is_tls = match scheme {
            "smtp" => false,
            "smtps" => true,
            _ => return Err(wrong("it begins with neither smtp:// nor smtps://")),
        };
        let (user, place) = match rest.trim_end_matches('/').rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, rest.trim_end_matches('/')),
        };
        let credentials = user.map(|user| {
            let (name, password) = user.split_once(':').unwrap_or((user, ""));
            Some(Credentials::new(decoded(name)?, decoded(password)?))
        });
        let credentials = match credentials {
            Some(None) => {
                return Err(wrong("its user or password has a % that begins no character"));
            }
            Some(given) => given,
            None => None,
        };
        let in_brackets = place.find(']').map_or(0, |last| last + 1);
        let colon = place[in_brackets..].find(':').map_or(place.len(), |at| in_brackets + at);
        let (host, port) = (place[..colon].to_owned(), place[colon..].strip_prefix(':'));
        let port = match port {
            Some(port) => port.parse().map_err(|_| wrong("its port is no number"))?,
            None if host.contains(['/', '?', '#']) => return Err(wrong("its end is no port")),
            None if is_tls => 465,
            None => 587,
        };
        if host.is_empty() {
            return Err(wrong("it names no host"));
        }
        let from: Mailbox = from.trim().parse().map_err(|_| {
            Refusal::invalid(
                "The sender of e-mails is not usable. Give --mail-from or HUBSTOCK_MAIL_FROM an \
                 address such as Hubstock <hubstock@example.com>.",
            )
        })?;
        let hello = ClientId::Domain(from.email.domain().to_owned());
        Ok(Server { host, port, is_tls, credentials, from, hello })
    }

    /// Whether it is this machine, from which nobody can listen on the way.
    fn is_here(&self) -> bool {
        let bare = self.host.trim_matches(['[', ']']);
        bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// Opens a connection: encrypted wherever the server can, and always when a password goes over
    /// a network.
    pub(super) fn connect(&self) -> std::result::Result<Connection, Unreachable> {
        let unreachable = |error: lettre::transport::smtp::Error| Unreachable(in_words(&error));
        let bare = self.host.trim_matches(['[', ']']).to_owned();
        let addresses = (bare.as_str(), self.port)
            .to_socket_addrs()
            .map_err(|error| Unreachable(format!("{} is not found: {error}", self.host)))?;
        let addresses: Vec<_> = addresses.collect();
        let tls = || TlsParameters::new(bare.clone()).map_err(unreachable);
        let wrapper = if self.is_tls { Some(tls()?) } else { None };
        let mut open = SmtpConnection::connect(
            addresses.as_slice(),
            Some(PATIENCE),
            &self.hello,
            wrapper.as_ref(),
            None,
        )
        .map_err(unreachable)?;
        if !self.is_tls && open.can_starttls() {
            open.starttls(&tls()?, &self.hello).map_err(unreachable)?;
        }
        if let Some(credentials) = &self.credentials {
            if !open.is_encrypted() && !self.is_here() {
                open.abort();
                let text = "the server offers no encryption, and a password is not sent without";
                return Err(Unreachable(text.to_owned()));
            }
            open.auth(DEFAULT_MECHANISMS, credentials).map_err(unreachable)?;
        }
        Ok(Connection(open))
    }

    /// The e-mail as its bytes go over the wire: the same bytes each time.
    pub(super) fn written(&self, message: &MessageRow) -> Result<(Envelope, Vec<u8>)> {
        let broken = |what: String| crate::Error::Damaged(format!("{}: {what}", message.id));
        let to: Address =
            message.address.parse().map_err(|error| broken(format!("its address: {error}")))?;
        let secret = message.secret.as_deref().unwrap_or_default();
        let whole = |text: &str| text.replace(SECRET, secret);
        let (text, html) = (whole(&message.text), whole(&message.html));
        let id = message.message_id.trim_matches(['<', '>']);
        let boundary = format!("=_{}", id.split('@').next().unwrap_or(id));
        let seconds = u64::try_from(message.made_at.as_second()).unwrap_or(0);
        let date = std::time::UNIX_EPOCH + Duration::from_secs(seconds);
        let mut builder = lettre::Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(Some(message.user_name.clone()), to))
            .subject(message.title.clone())
            .message_id(Some(message.message_id.clone()))
            .date(date)
            .raw_header(raw("Auto-Submitted", "auto-generated"));
        if let Some(url) = unsubscribe_url(&message.text) {
            builder = builder
                .raw_header(raw("List-Unsubscribe", &format!("<{}>", whole(&url))))
                .raw_header(raw("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"));
        }
        let body = MultiPart::alternative()
            .boundary(boundary)
            .singlepart(SinglePart::plain(text))
            .singlepart(SinglePart::html(html));
        let written = builder.multipart(body).map_err(|error| broken(error.to_string()))?;
        Ok((written.envelope().clone(), written.formatted()))
    }
}

fn raw(name: &'static str, value: &str) -> HeaderValue {
    let name = HeaderName::new_from_ascii_str(name);
    HeaderValue::new(name, value.to_owned())
}

/// The address in an e-mail with which its kind is turned off.
fn unsubscribe_url(text: &str) -> Option<String> {
    let ends = format!("/unsubscribe/{SECRET}");
    text.split_whitespace().rfind(|word| word.ends_with(&ends)).map(str::to_owned)
}

impl Connection {
    /// Whether it can be used again.
    pub(super) fn is_open(&self) -> bool {
        !self.0.has_broken()
    }

    pub(super) fn send(&mut self, envelope: &Envelope, bytes: &[u8]) -> Attempt {
        match self.0.send(envelope, bytes) {
            Ok(answer) => {
                let said: Vec<&str> = answer.message().collect();
                Attempt::Taken(format!("{} {}", answer.code(), said.join(" ")))
            }
            Err(error) => {
                let said = in_words(&error);
                let code = error.status().map(|code| code.to_string());
                match code.as_deref() {
                    // The server is going away, or wants somebody else to sign in first.
                    Some("421" | "530" | "535" | "538") => Attempt::Closing(said),
                    Some(_) if error.is_permanent() => Attempt::Refused(said),
                    Some(_) => Attempt::Later(said),
                    None if error.is_client() => Attempt::Refused(said),
                    None => Attempt::Broken(said),
                }
            }
        }
    }

    pub(super) fn close(mut self) {
        if self.is_open() {
            // Whatever it says to that, all is done.
            let _ = self.0.quit();
        }
    }
}

/// An error and what caused it, on one line.
fn in_words(error: &lettre::transport::smtp::Error) -> String {
    let mut said = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let more = inner.to_string();
        if !said.contains(&more) {
            said = format!("{said}: {more}");
        }
        cause = inner.source();
    }
    said.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(500).collect()
}

/// `%40` as `@`.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        let digits = std::str::from_utf8(digits).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const FROM: &str = "Hubstock <hubstock@dcc.example>";

    #[test]
    fn an_address_names_a_server() {
        let check = |url: &str, host: &str, port: u16, is_tls: bool, signs_in: bool| {
            let server = Server::parse(url, FROM).unwrap();
            let is = (server.host.as_str(), server.port, server.is_tls);
            assert_eq!(is, (host, port, is_tls), "{url}");
            assert_eq!(server.credentials.is_some(), signs_in, "{url}");
        };
        check("smtp://mail.example", "mail.example", 587, false, false);
        check("smtps://mail.example/", "mail.example", 465, true, false);
        check("smtp://u%40x:p%3A@mail.example:25", "mail.example", 25, false, true);
        check("smtp://[::1]:2525", "[::1]", 2525, false, false);
    }

    #[test]
    fn what_is_no_address_is_refused_without_its_password() {
        for url in ["mail.example", "http://mail.example", "smtp://", "smtp://u:geheim@h:x"] {
            let refusal = Server::parse(url, FROM).unwrap_err();
            assert!(!refusal.message.contains("geheim"), "{refusal}");
        }
        assert!(Server::parse("smtp://h", "nobody").is_err());
        let server = Server::parse("smtp://u:geheim@mail.example", FROM).unwrap();
        assert_eq!(format!("{server:?}"), "mail.example:587");
    }

    #[test]
    fn a_password_stays_on_this_machine_unless_it_is_encrypted() {
        let here = |url| Server::parse(url, FROM).unwrap().is_here();
        assert!(here("smtp://localhost") && here("smtp://127.0.0.1:25") && here("smtp://[::1]"));
        assert!(!here("smtp://mail.example") && !here("smtp://192.0.2.1"));
    }
}
