//! What the command line prints, and how a command ends.

use std::fmt::Display;
use std::io::{self, Write};

use app::journal::read::HistoryEntry;
use serde_json::{Value, json};

use crate::arguments::Arguments;

/// How a command ended, apart from errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All well.
    Well,
    /// Done, but some lines were rejected.
    SomeRejected,
    /// Refused.
    Refused,
    /// Something is broken, and was said.
    Broken,
}

/// Prints the JSON with `--json`, the text without. A reader that closes the pipe early is fine.
pub fn print(arguments: &Arguments, json: &Value, text: impl Display) {
    let text = if arguments.json { format!("{json:#}") } else { text.to_string() };
    write_line(&mut io::stdout().lock(), text.trim_end());
}

/// Prints what happened to one thing, newest first: when, what, by whom.
pub fn history(arguments: &Arguments, entries: &[HistoryEntry]) -> Ended {
    let json = entries.iter().map(|entry| {
        json!({
            "seq": entry.seq,
            "at": entry.at.to_string(),
            "who": entry.who,
            "what": entry.what,
            "more": entry.more,
        })
    });
    let text = entries.iter().map(|entry| {
        let more = if entry.more.is_empty() { "" } else { ": " };
        let by = if entry.who.is_empty() { "" } else { ", by " };
        format!("{} {}{more}{}{by}{}\n", entry.at, entry.what, entry.more, entry.who)
    });
    print(arguments, &json.collect(), text.collect::<String>());
    Ended::Well
}

/// Prints what went wrong, on standard error; as a JSON object with `--json`.
pub fn error(arguments: &Arguments, error: &app::Error) {
    let text = if arguments.json {
        let kind = match error.refusal() {
            Some(refusal) => refusal.kind.word(),
            None if is_misuse(error) => "misused",
            None => "broken",
        };
        serde_json::json!({ "error": kind, "message": error.to_string() }).to_string()
    } else {
        format!("hubstock: {error}")
    };
    write_line(&mut io::stderr().lock(), &text);
}

/// What is written to: a file or standard output.
pub type Out<'a> = dyn Write + Send + 'a;

/// Standard output, which notes when its reader has closed it.
struct Piped {
    is_closed: bool,
}

impl Piped {
    fn noted<T>(&mut self, done: io::Result<T>) -> io::Result<T> {
        self.is_closed |= done.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::BrokenPipe);
        done
    }
}

impl Write for Piped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let done = io::stdout().write(bytes);
        self.noted(done)
    }

    fn flush(&mut self) -> io::Result<()> {
        let done = io::stdout().flush();
        self.noted(done)
    }
}

/// Writes to standard output. A reader that closes the pipe early is fine.
pub fn stream(write: impl FnOnce(&mut Out<'_>) -> app::Result<()>) -> app::Result<()> {
    let mut out = Piped { is_closed: false };
    let flush = |out: &mut Piped| out.flush().map_err(app::Error::io("write the output"));
    match write(&mut out).and_then(|()| flush(&mut out)) {
        Err(_) if out.is_closed => Ok(()),
        ended => ended,
    }
}

/// Something to know that is not the result, on standard error.
pub fn note(text: impl Display) {
    write_line(&mut io::stderr().lock(), &text.to_string());
}

fn write_line(out: &mut impl Write, text: &str) {
    // A closed pipe is the reader's choice, not a failure of ours.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n"));
}

/// Whether the command was used wrongly: a file that is not there, a database not set up.
pub fn is_misuse(error: &app::Error) -> bool {
    match error {
        app::Error::Io { source, .. } => matches!(
            source.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied | io::ErrorKind::IsADirectory
        ),
        app::Error::Store(store::Error::Unsuitable(_)) => true,
        _ => false,
    }
}
