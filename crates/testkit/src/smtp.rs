//! A mail server for tests: a real socket that speaks SMTP, keeps what it takes, and fails as it is
//! told to.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

/// An e-mail that the server has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The sender of the envelope.
    pub from: String,
    /// The recipients of the envelope.
    pub to: Vec<String>,
    /// Headers and body, as they came.
    pub data: String,
}

impl Taken {
    /// The value of a header, unfolded.
    pub fn header(&self, name: &str) -> Option<String> {
        let head = self.data.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ");
        let wanted = format!("{}:", name.to_lowercase());
        let line = head.lines().find(|line| line.to_lowercase().starts_with(&wanted))?;
        Some(line[wanted.len()..].trim().to_owned())
    }
}

/// What the server does with one e-mail that would otherwise be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Answers the recipient with this, such as `550 5.1.1 no such person`.
    AtRecipient(&'static str),
    /// Answers the end of the data with this.
    AtEnd(&'static str),
    /// Closes the connection when the sender is named.
    DropAtSender,
    /// Takes the e-mail and closes the connection instead of saying so.
    DropAfterTaking,
}

#[derive(Default)]
struct Kept {
    taken: Vec<Taken>,
    faults: VecDeque<Fault>,
    sign_in: Option<(String, String)>,
    greeting: Option<&'static str>,
    connections: usize,
}

/// A mail server that listens on this machine until it is dropped.
pub struct MailServer {
    address: SocketAddr,
    kept: Arc<Mutex<Kept>>,
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl MailServer {
    /// Starts one on a free port.
    pub fn start() -> MailServer {
        MailServer::start_at("127.0.0.1:0".parse().expect("it is an address"))
    }

    /// Starts one at this address: where another was before, say.
    pub fn start_at(address: SocketAddr) -> MailServer {
        let listener = TcpListener::bind(address).expect("the port is free");
        listener.set_nonblocking(true).expect("a listener need not block");
        let address = listener.local_addr().expect("it listens");
        let (kept, stop) = (Arc::<Mutex<Kept>>::default(), Arc::<AtomicBool>::default());
        let (inner, stopped) = (kept.clone(), stop.clone());
        let thread = thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((stream, _)) => {
                        let (kept, stopped) = (inner.clone(), stopped.clone());
                        thread::spawn(move || talk(&stream, &kept, &stopped));
                    }
                    Err(_) => thread::sleep(Duration::from_millis(5)),
                }
            }
        });
        MailServer { address, kept, stop, thread: Some(thread) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `smtp://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// From now on only who signs in with these may send.
    pub fn wants(&self, user: &str, password: &str) {
        self.kept().sign_in = Some((user.to_owned(), password.to_owned()));
    }

    /// From now on connections are greeted with this, such as `421 busy`.
    pub fn greets(&self, greeting: Option<&'static str>) {
        self.kept().greeting = greeting;
    }

    /// The next e-mails fail in these ways, one each.
    pub fn fails(&self, faults: impl IntoIterator<Item = Fault>) {
        self.kept().faults.extend(faults);
    }

    /// What it has taken, in order.
    pub fn taken(&self) -> Vec<Taken> {
        self.kept().taken.clone()
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.kept().connections
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        lock(&self.kept)
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// One connection, until the other side leaves or a fault ends it.
fn talk(stream: &TcpStream, kept: &Mutex<Kept>, stop: &AtomicBool) {
    let _ = stream.set_nonblocking(false);
    let _ = stream.set_read_timeout(Some(Duration::from_millis(100)));
    let mut out = stream;
    let mut say = |line: &str| out.write_all(format!("{line}\r\n").as_bytes()).is_ok();
    let mut lines = Lines { from: BufReader::new(stream), stop };
    let (greeting, mut is_known) = {
        let mut kept = lock(kept);
        kept.connections += 1;
        (kept.greeting, kept.sign_in.is_none())
    };
    if !say(greeting.unwrap_or("220 testkit")) || greeting.is_some() {
        return;
    }
    let mut mail = Taken { from: String::new(), to: Vec::new(), data: String::new() };
    while let Some(line) = lines.next() {
        let word = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        let goes_on = match word.as_str() {
            "EHLO" if is_known => say("250-testkit\r\n250 8BITMIME"),
            "EHLO" => say("250-testkit\r\n250-8BITMIME\r\n250 AUTH PLAIN"),
            "AUTH" => {
                let given = line.split(' ').nth(2).unwrap_or_default().to_owned();
                is_known = lock(kept).sign_in.as_ref().is_some_and(|(user, password)| {
                    given == base64(format!("\0{user}\0{password}").as_bytes())
                });
                say(if is_known { "235 welcome" } else { "535 5.7.8 wrong" })
            }
            "MAIL" if !is_known => say("530 5.7.0 sign in first"),
            "MAIL" => {
                if next_fault(kept, &[Fault::DropAtSender]).is_some() {
                    return;
                }
                mail.from = within(&line);
                mail.to.clear();
                say("250 fine")
            }
            "RCPT" => match fault_at_recipient(kept) {
                Some(answer) => say(answer),
                None => {
                    mail.to.push(within(&line));
                    say("250 fine")
                }
            },
            "DATA" => {
                if !say("354 go on") {
                    return;
                }
                mail.data = lines.data();
                let fault = lock(kept).faults.pop_front();
                match fault {
                    Some(Fault::AtEnd(answer)) => say(answer),
                    Some(Fault::DropAfterTaking) => {
                        lock(kept).taken.push(mail);
                        return;
                    }
                    other => {
                        let mut kept = lock(kept);
                        kept.faults.extend(other);
                        kept.taken.push(mail.clone());
                        say("250 2.0.0 taken")
                    }
                }
            }
            "QUIT" => {
                say("221 bye");
                return;
            }
            "NOOP" | "RSET" => say("250 fine"),
            _ => say("500 what?"),
        };
        if !goes_on {
            return;
        }
    }
}

/// The next fault, if it is one of these.
fn next_fault(kept: &Mutex<Kept>, wanted: &[Fault]) -> Option<Fault> {
    let mut kept = lock(kept);
    let is_next = kept.faults.front().is_some_and(|fault| wanted.contains(fault));
    if is_next { kept.faults.pop_front() } else { None }
}

fn fault_at_recipient(kept: &Mutex<Kept>) -> Option<&'static str> {
    let mut kept = lock(kept);
    let Some(Fault::AtRecipient(answer)) = kept.faults.front() else { return None };
    let answer = *answer;
    kept.faults.pop_front();
    Some(answer)
}

/// `MAIL FROM:<a@b>` as `a@b`.
fn within(line: &str) -> String {
    let after = line.split_once('<').map_or("", |(_, after)| after);
    after.split('>').next().unwrap_or_default().to_owned()
}

struct Lines<'a> {
    from: BufReader<&'a TcpStream>,
    stop: &'a AtomicBool,
}

impl Lines<'_> {
    /// The next line; none when the other side has left or the server stops.
    fn next(&mut self) -> Option<String> {
        let mut line = Vec::new();
        loop {
            match self.from.read_until(b'\n', &mut line) {
                Ok(0) => return None,
                Ok(_) if line.ends_with(b"\n") => {
                    let text = String::from_utf8_lossy(&line);
                    return Some(text.trim_end_matches(['\r', '\n']).to_owned());
                }
                Ok(_) => {}
                Err(error) if is_waiting(&error) && !self.stop.load(Ordering::Relaxed) => {}
                Err(_) => return None,
            }
        }
    }

    /// All lines up to the one with a dot.
    fn data(&mut self) -> String {
        let mut data = String::new();
        while let Some(line) = self.next() {
            if line == "." {
                break;
            }
            data.push_str(line.strip_prefix('.').unwrap_or(&line));
            data.push_str("\r\n");
        }
        data
    }
}

fn is_waiting(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), Interrupted | TimedOut | WouldBlock)
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for part in bytes.chunks(3) {
        let byte = |n: usize| u32::from(part.get(n).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for n in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * n) & 63) as usize];
            out.push(if n <= part.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_encodes_as_everybody_does() {
        assert_eq!(base64(b"\0u\0pass"), "AHUAcGFzcw==");
        assert_eq!(base64(b"abc"), "YWJj");
        assert_eq!(base64(b"ab"), "YWI=");
    }
}
