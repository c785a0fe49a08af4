//! Failures of what is below the program: storage calls that fail, a disk that is full, a database
//! server that goes away.
//!
//! Storage calls are failed by a small library that is put before the C library (`LD_PRELOAD`), so
//! that the program under test is the one that is shipped.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// What a storage call fails with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `EIO`: the disk is broken.
    Io = 5,
    /// `ENOSPC`: the disk is full.
    NoSpace = 28,
}

/// Which of the program's storage calls in a folder fail: writes, syncs, truncations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// None.
    None,
    /// This one, counted from 1.
    Only(u64),
    /// This one and all after it.
    From(u64),
}

/// The environment in which a program's storage calls under `folder` fail like that; how many
/// there were stands in `count` when it has ended.
pub fn environment(
    folder: &Path,
    which: Which,
    fault: Fault,
    count: &Path,
) -> Vec<(String, String)> {
    let text = |path: &Path| path.to_str().expect("test folders have plain names").to_owned();
    let mut variables = vec![
        ("LD_PRELOAD".to_owned(), text(library())),
        ("FAULT_UNDER".to_owned(), text(folder)),
        ("FAULT_COUNT".to_owned(), text(count)),
        ("FAULT_ERRNO".to_owned(), (fault as i32).to_string()),
    ];
    match which {
        Which::None => {}
        Which::Only(n) => variables.push(("FAULT_AT".to_owned(), n.to_string())),
        Which::From(n) => variables.push(("FAULT_FROM".to_owned(), n.to_string())),
    }
    variables
}

/// The library, compiled once.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/faults.c");
        let folder = tempfile::tempdir().expect("a folder for temporary files").keep();
        let library = folder.join("faults.so");
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([&library, &source])
            .arg("-ldl")
            .status();
        assert!(built.is_ok_and(|status| status.success()), "cc compiles faults.c");
        library
    })
}

/// A file system of its own that is soon full. Unmounted when it is dropped.
pub struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// Mounts one of so many KiB; none where this user may not mount.
    pub fn mount(kib: u64) -> Option<SmallDisk> {
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let size = format!("size={kib}k");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(folder.path())
            .status();
        mounted.is_ok_and(|status| status.success()).then(|| SmallDisk(folder))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(self.path()).status();
        if !unmounted.is_ok_and(|status| status.success()) {
            eprintln!("{} stays mounted", self.path().display());
        }
    }
}

/// When a connection to a database server is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Never.
    Never,
    /// Before the server gets what the client sent as its n-th message.
    Before(u64),
    /// After the server got it, before it can answer.
    After(u64),
}

/// A way to a database server that is cut once.
pub struct Proxy {
    port: u16,
    sent: Arc<AtomicU64>,
}

impl Proxy {
    /// Opens a way to the server on this machine's port.
    pub fn start(server: u16, cut: Cut) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("this machine has a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let sent = Arc::new(AtomicU64::new(0));
        let count = sent.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { return };
                join(client, server, count.clone(), cut);
            }
        });
        Proxy { port, sent }
    }

    /// The same database by this way.
    pub fn address(&self, url: &str) -> String {
        let (head, name) = url.rsplit_once('/').expect("an address ends with a name");
        let (head, _) = head.rsplit_once(':').expect("a cluster has a port");
        format!("{head}:{}/{name}", self.port)
    }

    /// How many messages clients have sent.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }
}

fn join(client: TcpStream, server: TcpStream, sent: Arc<AtomicU64>, cut: Cut) {
    let twin = |stream: &TcpStream| stream.try_clone().expect("a socket can be shared");
    let (mut answers, mut back) = (twin(&server), twin(&client));
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut answers, &mut back);
        let _ = back.shutdown(Shutdown::Both);
    });
    std::thread::spawn(move || {
        let (mut client, mut server) = (client, server);
        let mut piece = vec![0; 1 << 16];
        while let Ok(read @ 1..) = client.read(&mut piece) {
            let n = sent.fetch_add(1, Ordering::SeqCst) + 1;
            let ends = cut == Cut::Before(n) || cut == Cut::After(n);
            if ends {
                // The answer must not get through, whether or not the server is to get this.
                let _ = client.shutdown(Shutdown::Both);
            }
            if cut == Cut::Before(n) || server.write_all(&piece[..read]).is_err() || ends {
                break;
            }
        }
        let _ = server.shutdown(Shutdown::Write);
    });
}
