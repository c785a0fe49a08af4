//! Slow and silent clients lose their connection; the others notice nothing.
#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_stream::StreamExt;
use web::listen::{Patience, serve};

const SHORT: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_secs(20);

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

async fn start(patience: Patience) -> Running {
    let endless = || async {
        let piece = Bytes::from(vec![b'x'; 1 << 16]);
        Body::from_stream(tokio_stream::iter(std::iter::repeat(piece)).map(Ok::<_, std::io::Error>))
    };
    let router = Router::new()
        .route(
            "/who",
            get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() }),
        )
        .route("/take", post(|body: Bytes| async move { body.len().to_string() }))
        .route("/endless", get(endless));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let shutdown = async move {
        stopped.await.unwrap_or_default();
    };
    let server = tokio::spawn(serve(listener, router, shutdown, patience));
    Running { address, stop, server }
}

fn patience() -> Patience {
    Patience {
        headers: LONG,
        body: LONG,
        pace_grace: LONG,
        pace: 1,
        taking: LONG,
        stopping: LONG,
        connections: 8,
        of_one_address: None,
    }
}

/// What the server says to these bytes until it closes; the test fails if it does not close.
async fn said_until_closed(address: SocketAddr, sent: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(sent.as_bytes()).await.unwrap();
    let mut said = Vec::new();
    timeout(LONG, stream.read_to_end(&mut said)).await.expect("not closed").unwrap();
    String::from_utf8(said).unwrap()
}

const ASK: &str = "GET /who HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn a_handler_learns_who_calls() {
    let running = start(patience()).await;
    assert!(said_until_closed(running.address, ASK).await.ends_with("127.0.0.1"));
}

#[tokio::test]
async fn headers_that_never_end_close_the_connection() {
    let running = start(Patience { headers: SHORT, ..patience() }).await;
    for sent in ["", "GET /who HTTP/1.1\r\nhost: a\r\n"] {
        let said = said_until_closed(running.address, sent).await;
        assert!(!said.contains("200 OK"), "{said}");
    }
}

#[tokio::test]
async fn a_connection_that_is_kept_open_and_idle_is_closed() {
    let running = start(Patience { headers: SHORT, ..patience() }).await;
    let said = said_until_closed(running.address, "GET /who HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert!(said.ends_with("127.0.0.1"), "{said}");
}

#[tokio::test]
async fn a_body_that_never_comes_closes_the_connection() {
    let running = start(Patience { body: SHORT, ..patience() }).await;
    let sent = "POST /take HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n12345";
    let said = said_until_closed(running.address, sent).await;
    assert!(!said.contains("200 OK"), "{said}");
}

/// What the server says to a body of one byte every few milliseconds.
async fn said_to_drops(running: &Running) -> String {
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    let begun = "POST /take HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 40\r\n\r\n";
    stream.write_all(begun.as_bytes()).await.unwrap();
    let (mut reading, mut writing) = stream.split();
    let drops = async {
        for _ in 0..40 {
            // It fails when the server has closed, which the reader sees too.
            let _ = writing.write_all(b"x").await;
            tokio::time::sleep(SHORT / 10).await;
        }
        std::future::pending::<()>().await
    };
    let mut said = Vec::new();
    tokio::select! {
        _ = reading.read_to_end(&mut said) => {}
        () = drops => {}
        () = tokio::time::sleep(LONG) => panic!("not closed"),
    }
    String::from_utf8(said).unwrap()
}

#[tokio::test]
async fn a_body_that_comes_in_drops_closes_the_connection() {
    let running = start(Patience { pace_grace: SHORT, pace: 1000, ..patience() }).await;
    assert!(!said_to_drops(&running).await.contains("200 OK"));
    let patient = start(Patience { pace: 1, pace_grace: LONG, ..patience() }).await;
    assert!(said_to_drops(&patient).await.contains("200 OK"));
}

#[tokio::test]
async fn one_address_does_not_take_all_connections() {
    let running = start(Patience { of_one_address: Some(2), ..patience() }).await;
    let ask = async |from: &str| {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
        let mut stream = socket.connect(running.address).await.unwrap();
        let mut byte = [0];
        // A connection that is closed at once may not even take the question.
        let _ = stream.write_all(b"GET /who HTTP/1.1\r\nhost: a\r\n\r\n").await;
        let read =
            timeout(LONG, stream.read(&mut byte)).await.expect("neither answered nor closed");
        matches!(read, Ok(1)).then_some(stream)
    };
    let first = ask("127.0.0.1").await.expect("it is the first");
    let second = ask("127.0.0.1").await.expect("it is the second");
    assert!(ask("127.0.0.1").await.is_none(), "it is one too many");
    assert!(ask("127.0.0.2").await.is_some(), "another address is served");
    drop((first, second));
    // The server notices by and by that they are gone.
    let again = async { while ask("127.0.0.1").await.is_none() {} };
    timeout(LONG, again).await.expect("their places are free again");
}

#[tokio::test]
async fn an_answer_that_nobody_takes_is_given_up() {
    let running = start(Patience { taking: SHORT, connections: 1, ..patience() }).await;
    let mut deaf = TcpStream::connect(running.address).await.unwrap();
    deaf.write_all(b"GET /endless HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    assert!(said_until_closed(running.address, ASK).await.contains("200 OK"));
    drop(deaf);
}

#[tokio::test]
async fn one_connection_too_many_waits_for_its_turn() {
    let running = start(Patience { connections: 1, ..patience() }).await;
    let mut first = TcpStream::connect(running.address).await.unwrap();
    first.write_all(b"GET /who HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let mut byte = [0];
    first.read_exact(&mut byte).await.unwrap();
    let mut second = TcpStream::connect(running.address).await.unwrap();
    second.write_all(ASK.as_bytes()).await.unwrap();
    assert!(timeout(SHORT, second.read(&mut byte)).await.is_err());
    drop(first);
    assert_eq!(timeout(LONG, second.read(&mut byte)).await.unwrap().unwrap(), 1);
}

#[tokio::test]
async fn an_open_request_ends_before_the_service_stops() {
    let running = start(patience()).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    let begun =
        "POST /take HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n";
    stream.write_all(begun.as_bytes()).await.unwrap();
    let mut goes_on = [0; 25];
    stream.read_exact(&mut goes_on).await.unwrap();
    assert!(goes_on.starts_with(b"HTTP/1.1 100 Continue"));
    running.stop.send(()).unwrap();
    stream.write_all(b"12345").await.unwrap();
    let mut said = String::new();
    timeout(LONG, stream.read_to_string(&mut said)).await.unwrap().unwrap();
    assert!(said.contains("200 OK") && said.ends_with('5'), "{said}");
    timeout(LONG, running.server).await.unwrap().unwrap();
    assert!(TcpStream::connect(running.address).await.is_err());
}
