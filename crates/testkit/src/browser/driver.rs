//! One chromedriver for each test process, and what it is told.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder};
use hyper::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use url::{ParseError, Url};

use super::Browser;
use crate::keeper::Keeper;

const CHROMIUM: &str = "/usr/bin/chromium";
const CHROMEDRIVER: &str = "/usr/bin/chromedriver";

/// The driver leads a process group, so that the browsers that it started end with it.
const KEEPER: &str = r#"
TMPDIR="$1" setsid /usr/bin/chromedriver --port=0 >"$1/log" 2>&1 &
driver=$!
read -r _ || true
kill -s KILL -- "-$driver"
wait
rm -rf "$1"
"#;

const FLAGS: &[&str] = &[
    "--headless=new",
    "--no-sandbox",
    "--no-proxy-server",
    "--no-first-run",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-component-update",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    // A camera that shows a test picture, and a person who lets pages use it.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
];

/// A running chromedriver.
#[derive(Debug)]
pub struct Driver {
    address: String,
    folder: PathBuf,
    _keeper: Keeper,
}

impl Driver {
    /// The driver of this test process, started when first asked for.
    pub fn shared() -> &'static Driver {
        static DRIVER: OnceLock<Driver> = OnceLock::new();
        DRIVER.get_or_init(Driver::start)
    }

    /// A browser with an empty profile.
    pub async fn new_session(&self) -> Client {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let profile = self.folder.join(format!("profile-{count}"));
        let mut flags: Vec<String> = FLAGS.iter().map(|flag| (*flag).to_owned()).collect();
        flags.push(format!("--user-data-dir={}", profile.display()));
        let wanted = json!({
            "goog:chromeOptions": { "binary": CHROMIUM, "args": flags },
            "goog:loggingPrefs": { "browser": "ALL" },
            "timeouts": { "implicit": super::PATIENCE.as_millis() as u64 },
        });
        let wanted = wanted.as_object().expect("it is one").clone();
        let mut builder = ClientBuilder::new(HttpConnector::new());
        match builder.capabilities(wanted).connect(&self.address).await {
            Ok(client) => client,
            Err(error) => panic!("Chromium does not start: {error}\n{}", log(&self.folder)),
        }
    }

    fn start() -> Driver {
        assert!(
            Path::new(CHROMEDRIVER).exists() && Path::new(CHROMIUM).exists(),
            "these tests need {CHROMIUM} and {CHROMEDRIVER}: run `apt-get install chromium \
             chromium-driver` (`./test` does it)"
        );
        let folder = tempfile::Builder::new()
            .prefix("hubstock-browser-")
            .tempdir()
            .expect("a folder for temporary files")
            .keep();
        let keeper = Keeper::start(KEEPER, &folder, None).expect("every machine has sh");
        let address = format!("http://127.0.0.1:{}", port(&folder));
        Driver { address, folder, _keeper: keeper }
    }
}

impl Browser {
    /// Gives the browser a command of its own developer tools.
    pub(super) async fn devtools(&self, command: &'static str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.extra("goog/cdp/execute", body).await
    }

    /// Gives the driver a command that not all browsers have.
    pub(super) async fn extra(&self, path: &'static str, body: Value) -> Value {
        let done = self.client.issue_cmd(Extra { path, body }).await;
        self.must(done, path).await
    }
}

#[derive(Debug)]
struct Extra {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Extra {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        let session = session.expect("there is a session before there is a Browser");
        base.join(&format!("session/{session}/{}", self.path))
    }

    fn method_and_body(&self, _address: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}

/// The port that the driver has chosen, which it says when it is ready.
fn port(folder: &Path) -> u16 {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let log = log(folder);
        let said = log.lines().find_map(|line| line.split_once("started successfully on port "));
        if let Some((_, port)) = said {
            return port.trim_end_matches('.').parse().expect("chromedriver names a port");
        }
        assert!(Instant::now() < until, "chromedriver does not start:\n{log}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn log(folder: &Path) -> String {
    fs::read_to_string(folder.join("log")).unwrap_or_default()
}
