//! Many clients of one server: how long each answer takes, from the request's first byte to the
//! answer's last.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// What was seen.
struct Seen {
    took: Vec<Duration>,
    bad: usize,
}

/// `clients ADDRESS PATH TOKEN CLIENTS REQUESTS PAUSE_MS`: each client sends its requests one after
/// the other on one connection, with the pause between them. Prints p50, p99, the longest in
/// microseconds, the requests a second and how many answers were not 200.
pub fn run(words: &[String], out: &mut impl Write) -> io::Result<()> {
    let [address, path, token, clients, requests, pause] = words else {
        return Err(io::Error::other("clients ADDRESS PATH TOKEN CLIENTS REQUESTS PAUSE_MS"));
    };
    let number = |text: &String| text.parse::<u64>().map_err(io::Error::other);
    let (clients, requests, pause) = (number(clients)?, number(requests)?, number(pause)?);
    let began = Instant::now();
    let threads: Vec<_> = (0..clients)
        .map(|n| {
            let (address, path, token) = (address.clone(), path.clone(), token.clone());
            std::thread::spawn(move || {
                // They do not all begin in the same instant.
                std::thread::sleep(Duration::from_millis(pause * n / clients.max(1)));
                client(&address, &path, &token, requests, Duration::from_millis(pause))
            })
        })
        .collect();
    let mut seen = Seen { took: Vec::new(), bad: 0 };
    for thread in threads {
        let one = thread.join().map_err(|_| io::Error::other("a client panicked"))??;
        seen.took.extend(one.took);
        seen.bad += one.bad;
    }
    let rate = seen.took.len() as f64 / began.elapsed().as_secs_f64();
    seen.took.sort_unstable();
    let at = |share: usize| seen.took[(seen.took.len() - 1) * share / 100].as_micros();
    writeln!(out, "{} {} {} {rate:.0} {}", at(50), at(99), at(100), seen.bad)
}

fn client(
    address: &str,
    path: &str,
    token: &str,
    requests: u64,
    pause: Duration,
) -> io::Result<Seen> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut answers = BufReader::with_capacity(1 << 16, stream.try_clone()?);
    let mut stream = stream;
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\r\n");
    let mut seen = Seen { took: Vec::new(), bad: 0 };
    for _ in 0..requests {
        let began = Instant::now();
        stream.write_all(request.as_bytes())?;
        let status = answer(&mut answers)?;
        seen.took.push(began.elapsed());
        seen.bad += usize::from(status != 200);
        std::thread::sleep(pause);
    }
    Ok(seen)
}

/// Reads one answer whole and gives its status.
fn answer(from: &mut impl BufRead) -> io::Result<u16> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|text| text.parse().ok());
    let status = status.ok_or_else(|| io::Error::other(format!("not an answer: {line:?}")))?;
    let (mut length, mut in_chunks) = (0, false);
    loop {
        line.clear();
        from.read_line(&mut line)?;
        let header = line.trim_end().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
        in_chunks |= header == "transfer-encoding: chunked";
    }
    let mut body = Vec::new();
    if !in_chunks {
        from.take(length).read_to_end(&mut body)?;
        return Ok(status);
    }
    loop {
        line.clear();
        from.read_line(&mut line)?;
        let size = u64::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
        body.clear();
        from.by_ref().take(size + 2).read_to_end(&mut body)?;
        if size == 0 {
            return Ok(status);
        }
    }
}
