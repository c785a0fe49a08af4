//! PostgreSQL 15 for tests: a cluster of one's own, gone when the test process is gone.
//!
//! Most tests call [`database`] and share one cluster for each test process; `./test` may start one
//! for all of them and name it in `HUBSTOCK_TEST_POSTGRES`. A test that stops or kills the server
//! starts a [`Cluster`] for itself.

use std::fs::{self, File};
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use crate::keeper::{Keeper, Owner, run_as};

/// Where Debian keeps the server's programs.
const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";

/// What the product's start-up check demands, and room for many clients.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
max_connections = 200
fsync = on
full_page_writes = on
log_line_prefix = '%m [%p] %d '
";

/// What is left to do when the tests have ended.
const CLEAN_UP: &str = r#"
read -r _ || true
/usr/lib/postgresql/15/bin/pg_ctl -D "$1/data" -m immediate -w stop || true
rm -rf "$1"
"#;

/// An authority, and a certificate of it for this machine.
const CERTIFICATES: &str = r#"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=Test authority" \
    -keyout authority.key -out authority.crt
openssl req -newkey rsa:2048 -nodes -subj "/CN=127.0.0.1" -keyout server.key -out server.csr
printf 'subjectAltName=IP:127.0.0.1' >server.ext
openssl x509 -req -in server.csr -CA authority.crt -CAkey authority.key -CAcreateserial -days 2 \
    -extfile server.ext -out server.crt
chmod 600 server.key
"#;

/// How long a server may take to start; recovery and a busy machine included.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a running server is made to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Clients are cut off, everything is written out: an ordinary restart.
    Fast,
    /// Every process ends at once and the next start recovers from the log: a crash.
    Immediate,
    /// `kill -9` to the server's first process; the others find out by themselves.
    Kill,
}

/// A PostgreSQL cluster in a folder of its own, on a port of its own.
#[derive(Debug)]
pub struct Cluster {
    port: u16,
    folder: PathBuf,
    owner: Option<Owner>,
    keeper: Keeper,
    /// A child of this process, so that a killed one is reaped: as long as its number is taken,
    /// PostgreSQL does not start again.
    server: Mutex<Option<Child>>,
}

/// The address of a new, empty database in the cluster that this process's tests share.
pub fn database() -> String {
    let name = new_name();
    let server = shared_server();
    psql(&format!("{server}/postgres"), &format!("CREATE DATABASE {name}"));
    format!("{server}/{name}")
}

/// The address of a new database that holds what the one at `url` holds, to which nobody may be
/// connected meanwhile.
pub fn copy_of(url: &str) -> String {
    let (server, template) = url.rsplit_once('/').expect("a database's address has a name");
    let name = new_name();
    psql(&format!("{server}/postgres"), &format!("CREATE DATABASE {name} TEMPLATE {template}"));
    format!("{server}/{name}")
}

/// Removes the database at `url`, cutting off whoever is still connected.
pub fn drop_database(url: &str) {
    let (server, name) = url.rsplit_once('/').expect("a database's address has a name");
    psql(&format!("{server}/postgres"), &format!("DROP DATABASE {name} WITH (FORCE)"));
}

/// Runs statements with `psql` against the database at `url` and returns what they print.
pub fn psql(url: &str, sql: &str) -> String {
    let output = Command::new("psql")
        .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql])
        .output();
    said("psql", output)
}

impl Cluster {
    /// Makes a new cluster and starts it.
    pub fn start() -> Cluster {
        let owner = owner();
        let folder = new_folder(owner);
        let keeper = Keeper::start(CLEAN_UP, &folder, owner).expect("every machine has sh");
        let server = Mutex::new(None);
        let mut cluster = Cluster { port: 0, folder, owner, keeper, server };
        let data = cluster.data();
        cluster.run("initdb", |initdb| {
            initdb.args(["--locale=C", "--encoding=UTF8", "--data-checksums", "--no-sync"]);
            initdb.args(["--auth=trust", "--username=postgres", "--pgdata"]).arg(&data)
        });
        let socket = format!("unix_socket_directories = '{}'\n", cluster.folder.display());
        fs::write(data.join("postgresql.auto.conf"), format!("{SETTINGS}{socket}"))
            .expect("the new cluster's settings can be written");
        cluster.start_on_a_free_port();
        cluster
    }

    /// The address of the server, without a database.
    pub fn server(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}", self.port)
    }

    /// The address of a new, empty database in this cluster.
    pub fn database(&self) -> String {
        let name = new_name();
        psql(&format!("{}/postgres", self.server()), &format!("CREATE DATABASE {name}"));
        format!("{}/{name}", self.server())
    }

    /// Stops the server. Its address and what it holds stay.
    pub fn stop(&self, how: Stop) {
        let signal = match how {
            Stop::Fast => "INT",
            Stop::Immediate => "QUIT",
            Stop::Kill => "KILL",
        };
        let mut server = self.server.lock().expect("no test panics while it holds this");
        let mut child = server.take().expect("a server is stopped only once");
        let pid = child.id().to_string();
        said("kill", Command::new("sh").args(["-c", "kill -s $0 $1", signal, &pid]).output());
        child.wait().expect("a child can be waited for");
    }

    /// Starts the server again where it was; after a crash it recovers first.
    ///
    /// The first attempts fail while processes of a killed server still hold its shared memory.
    pub fn start_again(&self) {
        let until = Instant::now() + PATIENCE;
        while let Err(said) = self.try_start() {
            assert!(Instant::now() < until, "PostgreSQL does not start again:\n{said}");
        }
    }

    /// Lets the server speak TLS, with a certificate for 127.0.0.1 of an authority of its own; the
    /// file of that authority.
    pub fn speak_tls(&self) -> PathBuf {
        let made = Command::new("sh").args(["-ec", CERTIFICATES]).current_dir(self.data()).output();
        said("openssl", made);
        if let Some(owner) = self.owner {
            for file in ["server.key", "server.crt"] {
                chown(self.data().join(file), Some(owner.user), Some(owner.group))
                    .expect("root may give a file away");
            }
        }
        let url = format!("{}/postgres", self.server());
        psql(&url, "ALTER SYSTEM SET ssl = on");
        psql(&url, "SELECT pg_reload_conf()");
        while psql(&url, "SHOW ssl").trim() != "on" {}
        self.data().join("authority.crt")
    }

    /// Takes the checksums off the pages of a stopped server.
    pub fn drop_checksums(&self) {
        let data = self.data();
        self.run("pg_checksums", |program| program.args(["--disable", "--pgdata"]).arg(&data));
    }

    /// Makes a stopped server one that follows another and only reads.
    pub fn become_standby(&self) {
        let signal = File::create(self.data().join("standby.signal"));
        signal.expect("the cluster's folder can be written");
    }

    /// What the server wrote into its log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// A free port is only a hope: another program may take it before the server does.
    fn start_on_a_free_port(&mut self) {
        let mut last = String::new();
        for _ in 0..5 {
            self.port = free_port();
            match self.try_start() {
                Ok(()) => return,
                Err(said) => last = said,
            }
        }
        panic!("PostgreSQL does not start:\n{last}");
    }

    /// Starts the server and waits until it is ready, or has ended.
    fn try_start(&self) -> Result<(), String> {
        let log = File::options().create(true).append(true).open(self.folder.join("log"));
        let log = log.map_err(|error| error.to_string())?;
        let mut server = self.program("postgres");
        // In a group of its own: Ctrl-C is for the tests, and their end ends the server.
        server.process_group(0).arg("-D").arg(self.data()).arg("-p").arg(self.port.to_string());
        server.stdout(Stdio::null()).stderr(log);
        let mut server = server.spawn().map_err(|error| error.to_string())?;
        let until = Instant::now() + PATIENCE;
        while !self.is_ready(&server) {
            let ended = server.try_wait().map_err(|error| error.to_string())?;
            if ended.is_some() || Instant::now() > until {
                return Err(self.log());
            }
            thread::sleep(Duration::from_millis(10));
        }
        *self.server.lock().expect("no test panics while it holds this") = Some(server);
        Ok(())
    }

    /// The server keeps its process id in the first line of a file, and how it is in the eighth.
    fn is_ready(&self, server: &Child) -> bool {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let mut lines = file.lines().map(str::trim);
        let is_this = lines.next() == Some(&server.id().to_string());
        is_this && matches!(lines.nth(6), Some("ready" | "standby"))
    }

    fn run(&self, name: &str, arguments: impl FnOnce(&mut Command) -> &mut Command) {
        said(name, arguments(&mut self.program(name)).output());
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(Path::new(PROGRAMS).join(name));
        run_as(&mut command, self.owner);
        command.current_dir(&self.folder).stdin(Stdio::null());
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.server.get_mut().is_ok_and(|server| server.is_some()) {
            self.stop(Stop::Immediate);
        }
        if let Err(error) = self.keeper.finish() {
            eprintln!("the test cluster in {} was left behind: {error}", self.folder.display());
        }
    }
}

/// The server that all tests of this process share.
fn shared_server() -> &'static str {
    static SERVER: OnceLock<String> = OnceLock::new();
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    SERVER.get_or_init(|| match std::env::var("HUBSTOCK_TEST_POSTGRES") {
        Ok(server) => server.trim_end_matches('/').to_owned(),
        Err(_) => CLUSTER.get_or_init(Cluster::start).server(),
    })
}

fn new_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(1);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("test_{}_{count}", std::process::id())
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .expect("this machine has a free port")
        .port()
}

fn new_folder(owner: Option<Owner>) -> PathBuf {
    let folder = tempfile::Builder::new()
        .prefix("hubstock-postgres-")
        .tempdir()
        .expect("a folder for temporary files")
        .keep();
    if let Some(owner) = owner {
        chown(&folder, Some(owner.user), Some(owner.group)).expect("root may give a folder away");
    }
    folder
}

/// Debian's package makes the user `postgres`, as whom root runs the server, for PostgreSQL refuses
/// to be root. Anybody else runs it as themselves.
fn owner() -> Option<Owner> {
    assert!(
        Path::new(PROGRAMS).join("initdb").exists(),
        "these tests need PostgreSQL 15 in {PROGRAMS}: run `apt-get install postgresql-15` \
         (`./test` does it)"
    );
    let me = fs::metadata("/proc/self").expect("Linux shows each process its own").uid();
    (me == 0).then(|| Owner { user: id("-u"), group: id("-g") })
}

fn id(what: &str) -> u32 {
    let printed = said("id", Command::new("id").args([what, "postgres"]).output());
    printed.trim().parse().expect("id prints a number")
}

/// What a program printed; a failed one fails the test with all that it said.
fn said(name: &str, output: io::Result<Output>) -> String {
    let output = output.unwrap_or_else(|error| panic!("{name} does not start: {error}"));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} failed ({}):\n{printed}{complaint}", output.status);
    printed
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn each_database_is_new_and_sorts_by_bytes() {
        let one = database();
        let other = database();
        assert_ne!(one, other);
        psql(&one, "CREATE TABLE hub (id BIGINT)");
        assert_eq!(psql(&other, "SELECT count(*) FROM pg_tables WHERE tablename = 'hub'"), "0\n");
        assert_eq!(psql(&one, "SHOW lc_collate"), "C\n");
        assert_eq!(psql(&one, "SHOW data_checksums"), "on\n");
    }

    #[test]
    fn a_copy_holds_what_its_model_holds() {
        let model = database();
        psql(&model, "CREATE TABLE hub (id BIGINT); INSERT INTO hub VALUES (7)");
        let copy = copy_of(&model);
        assert_eq!(psql(&copy, "SELECT id FROM hub"), "7\n");
        drop_database(&model);
        assert_eq!(psql(&copy, "SELECT id FROM hub"), "7\n");
    }

    #[test]
    fn what_was_committed_is_there_after_every_way_to_stop() {
        let cluster = Cluster::start();
        let database = cluster.database();
        psql(&database, "CREATE TABLE hub (id BIGINT)");
        for (number, how) in [Stop::Fast, Stop::Immediate, Stop::Kill].into_iter().enumerate() {
            psql(&database, &format!("INSERT INTO hub VALUES ({number})"));
            cluster.stop(how);
            cluster.start_again();
        }
        assert_eq!(psql(&database, "SELECT id FROM hub ORDER BY id"), "0\n1\n2\n");
        assert!(cluster.log().contains("automatic recovery in progress"));
    }

    #[test]
    fn nothing_is_left_of_a_cluster_that_was_dropped() {
        let cluster = Cluster::start();
        let folder = cluster.folder.clone();
        let address = ("127.0.0.1", cluster.port);
        assert!(TcpStream::connect(address).is_ok());
        drop(cluster);
        assert!(!folder.exists());
        assert!(TcpStream::connect(address).is_err());
    }
}
