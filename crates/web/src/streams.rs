//! Bytes between blocking operations and the network, and news of a job: never held whole.
//!
//! Operations read and write as blocking code does; requests and answers come and go in pieces.
//! Between them stands a channel of a few pieces. When a client leaves or is slow, the connection's
//! own deadlines end it, and the operation's next read or write fails.

use std::convert::Infallible;
use std::io::{self, Read, Write};
use std::pin::pin;
use std::time::Duration;

use app::{Error, Result};
use axum::body::Body;
use axum::extract::Multipart;
use axum::extract::multipart::{Field, MultipartError};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use domain::{Refusal, refusal::RefusalKind};
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::mpsc;

use crate::api::once;
use crate::error_pages::{Failure, blocking};

/// Pieces that may wait for the other side.
const PIECES: usize = 4;
/// The bytes of a piece on its way out.
const PIECE_BYTES: usize = 64 << 10;
/// The longest text field of a form with a file.
const FIELD_BYTES: usize = 64 << 10;
/// Why a source has no end.
const LEFT: &str = "the client has left";
/// How often a job is looked at.
pub(crate) const LOOK: Duration = Duration::from_millis(400);

/// What stands at the end of an answer, or at its beginning if nothing was written.
type Piece = std::result::Result<Bytes, Error>;

/// An answer that `write` produces, to be saved under `name`.
///
/// What goes wrong before the first bytes is answered as ever; later it breaks the download off, so
/// that nobody takes half a file for a whole one.
pub async fn download(
    name: &str,
    media_type: &'static str,
    write: impl FnOnce(BodyWriter) -> Result<()> + Send + 'static,
) -> std::result::Result<Response, Failure> {
    let (sender, mut pieces) = mpsc::channel::<Piece>(PIECES);
    let span = tracing::Span::current();
    tokio::task::spawn_blocking(move || {
        let _entered = span.enter();
        let writer = BodyWriter { sender: sender.clone(), held: BytesMut::new() };
        if let Err(error) = write(writer)
            && !sender.is_closed()
        {
            let _left = sender.blocking_send(Err(error));
        }
    });
    let first = match pieces.recv().await {
        Some(Err(error)) => return Err(Failure(error)),
        first => first,
    };
    let rest = stream::unfold(pieces, |mut pieces| async {
        pieces.recv().await.map(|piece| (piece, pieces))
    });
    let whole = stream::iter(first).chain(rest).fuse(); // a compressing layer asks after the end
    let body = whole.inspect(|piece| {
        if let Err(error) = piece {
            tracing::error!(%error, "a download was broken off");
        }
    });
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (CONTENT_DISPOSITION, saved_as(name)),
    ];
    Ok((headers, Body::from_stream(body)).into_response())
}

/// `attachment; filename="…"`, with only the characters that no system minds.
fn saved_as(name: &str) -> HeaderValue {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    let name: String = name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    let value = format!("attachment; filename=\"{name}\"");
    HeaderValue::try_from(value).expect("only plain characters are left")
}

/// Where an operation writes an answer to. Dropped, it sends what it still holds.
pub struct BodyWriter {
    sender: mpsc::Sender<Piece>,
    held: BytesMut,
}

impl BodyWriter {
    fn send(&mut self) -> io::Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        let piece = self.held.split().freeze();
        let left = |_| io::Error::new(io::ErrorKind::BrokenPipe, LEFT);
        self.sender.blocking_send(Ok(piece)).map_err(left)
    }
}

impl Write for BodyWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        if self.held.len() >= PIECE_BYTES {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()
    }
}

impl Drop for BodyWriter {
    fn drop(&mut self) {
        let _left = self.send();
    }
}

/// Gives what arrives to a blocking operation as its `Read`, and what the operation answers back.
///
/// What the operation leaves unread is read and dropped, so that the client gets its answer. When
/// the client goes away in the middle, this future may be dropped with it: the operation is told
/// of that, so that it never takes half a file for a whole one.
pub async fn feed<T: Send + 'static, E: std::error::Error + Send + Sync + 'static>(
    arriving: impl Stream<Item = std::result::Result<Bytes, E>>,
    operation: impl FnOnce(&mut dyn Read) -> Result<T> + Send + 'static,
) -> std::result::Result<T, Failure> {
    let (sender, pieces) = mpsc::channel::<io::Result<Option<Bytes>>>(PIECES);
    let operation =
        blocking(move || operation(&mut BodyReader { pieces, held: Bytes::new(), ended: false }));
    let operation = tokio::spawn(once::within(once::claim(), operation));
    let mut arriving = pin!(arriving);
    let mut lost = None;
    while let Some(piece) = arriving.next().await {
        match piece {
            Ok(piece) => {
                let _finished = sender.send(Ok(Some(piece))).await;
            }
            Err(error) => {
                lost = Some(of_upload(&error));
                let _finished = sender.send(Err(io::Error::other(error))).await;
                break;
            }
        }
    }
    if lost.is_none() {
        let _finished = sender.send(Ok(None)).await;
    }
    let done = match operation.await {
        Ok(done) => done,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    };
    match (done, lost) {
        (Err(Failure(Error::Io { .. })), Some(lost)) => Err(Failure(lost.into())),
        (done, _) => done,
    }
}

/// Why an upload did not arrive whole.
fn of_upload(error: &(dyn std::error::Error + 'static)) -> Refusal {
    let multipart = error.downcast_ref::<MultipartError>().map(MultipartError::status);
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    let is_limit =
        |cause: &(dyn std::error::Error + 'static)| cause.to_string().contains("length limit");
    if multipart == Some(StatusCode::PAYLOAD_TOO_LARGE) || causes.any(is_limit) {
        let message = "The file is larger than this service takes. Nothing was kept.";
        return Refusal::new(RefusalKind::TooLarge, message);
    }
    Refusal::invalid("The upload stopped before its end. Nothing was kept; send it again.")
}

/// What a client sends, piece by piece.
struct BodyReader {
    pieces: mpsc::Receiver<io::Result<Option<Bytes>>>,
    held: Bytes,
    ended: bool,
}

impl Read for BodyReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.held.is_empty() && !self.ended {
            match self.pieces.blocking_recv() {
                Some(Ok(Some(piece))) => self.held = piece,
                Some(Ok(None)) => self.ended = true,
                Some(Err(error)) => return Err(error),
                None => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, LEFT)),
            }
        }
        let length = self.held.len().min(buffer.len());
        buffer[..length].copy_from_slice(&self.held.split_to(length));
        Ok(length)
    }
}

/// What a form with one file sends before the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// What was typed into this field; nothing where it was not sent.
    pub fn of(&self, name: &str) -> &str {
        self.0.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value)
    }

    /// Whether a checkbox of this name was ticked.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(field, _)| field == name)
    }
}

/// Reads a form whose last field is a file and gives the file, while it arrives, to `operation`
/// together with its name. Answers the other fields, too, for the page that shows a refusal.
pub async fn take_form<T: Send + 'static>(
    mut form: Multipart,
    operation: impl FnOnce(&Fields, &str, &mut dyn Read) -> Result<T> + Send + 'static,
) -> (Fields, std::result::Result<T, Failure>) {
    let mut fields = Fields::default();
    loop {
        let field = match form.next_field().await {
            Ok(Some(field)) => field,
            Ok(None) => return (fields, Err(no_file())),
            Err(error) => return (fields, Err(of_upload(&error).into())),
        };
        if let Some(name) = field.file_name().map(base_name) {
            if name.is_empty() {
                return (fields, Err(no_file()));
            }
            let given = fields.clone();
            let done = feed(field, move |source| operation(&given, &name, source)).await;
            return (fields, done);
        }
        let name = field.name().unwrap_or_default().to_owned();
        match short_text(field).await {
            Ok(value) => fields.0.push((name, value)),
            Err(refusal) => return (fields, Err(refusal.into())),
        }
    }
}

fn no_file() -> Failure {
    Refusal::field("file", "Select a file").into()
}

/// Some browsers send a path.
fn base_name(name: &str) -> String {
    name.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()
}

async fn short_text(mut field: Field<'_>) -> std::result::Result<String, Refusal> {
    let mut bytes = Vec::new();
    while let Some(piece) = field.chunk().await.map_err(|error| of_upload(&error))? {
        bytes.extend_from_slice(&piece);
        if bytes.len() > FIELD_BYTES {
            return Err(Refusal::invalid("What was typed is too long."));
        }
    }
    String::from_utf8(bytes).map_err(|_| Refusal::invalid("What was typed is not UTF-8."))
}

/// How a job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// It goes on: what the page shows of it, as HTML.
    Progress(String),
    /// It has ended; the page is loaded again.
    Done,
}

/// Server-sent events about a job, until `look` says that it is done; then the browser goes to
/// `page`, which is the job's own.
///
/// The first look is taken at once and answers with its refusal, if it has one. A later one that
/// fails ends the events; the browser asks for them again.
pub async fn follow(
    page: String,
    look: impl Fn() -> Result<News> + Clone + Send + Sync + 'static,
) -> std::result::Result<Response, Failure> {
    let first = blocking(look.clone()).await?;
    let later = stream::unfold(matches!(first, News::Done), move |ended| {
        let look = look.clone();
        async move {
            if ended {
                return None;
            }
            tokio::time::sleep(LOOK).await;
            let news = blocking(look).await.ok()?;
            let ended = news == News::Done;
            Some((news, ended))
        }
    });
    let all = stream::iter([first]).chain(later);
    let events = all.map(move |news| Ok::<Event, Infallible>(event(news, &page)));
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

/// An event without data is not told to a page's script.
fn event(news: News, page: &str) -> Event {
    match news {
        News::Progress(html) => Event::default().event("progress").data(html),
        News::Done => Event::default().event("done").data(page),
    }
}
