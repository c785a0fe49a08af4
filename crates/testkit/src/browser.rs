//! Chromium for tests: each [`Browser`] is one person at one screen.
//!
//! Debian's chromedriver is started once for each test process and ends with it. Nothing about the
//! pages is relaxed for the tests: scripts run here come in through the driver, which a page's
//! content security policy does not concern. Every step waits for its page and fails the test with
//! the address and the text of the page where it could not be done.

mod accessibility;
mod driver;
mod keyboard;
mod look;

use std::fmt::Display;
use std::path::Path;
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::{Client, Locator};
use serde_json::json;

pub use accessibility::Violation;
use driver::Driver;

/// How long a step waits for what it needs before the test fails.
const PATIENCE: Duration = Duration::from_secs(15);

/// A size of the page, in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// How wide.
    pub width: u32,
    /// How high.
    pub height: u32,
    /// How many of the device's pixels make one of the page's.
    pub scale: u32,
}

/// On a desk.
pub const DESK: Screen = Screen { width: 1280, height: 900, scale: 1 };
/// A small telephone, the narrowest that every page must serve.
pub const PHONE: Screen = Screen { width: 320, height: 640, scale: 1 };
/// On a desk, with everything made twice as large.
pub const ZOOMED: Screen = Screen { width: 640, height: 450, scale: 2 };

/// One person's browser, with cookies of its own.
#[derive(Debug)]
pub struct Browser {
    /// For what has no method here.
    pub client: Client,
}

impl Browser {
    /// Opens a new browser with an empty page.
    pub async fn open(screen: Screen) -> Browser {
        let client = Driver::shared().new_session().await;
        let browser = Browser { client };
        browser.resize(screen).await;
        browser
    }

    /// Ends this browser. One that is not closed ends with the test process.
    pub async fn close(self) {
        self.client.close().await.expect("the browser closes");
    }

    /// Goes to an address.
    pub async fn goto(&self, address: &str) {
        let gone = self.client.goto(address).await;
        self.must(gone, format!("go to {address}")).await;
    }

    /// The address of the page, without scheme and host.
    pub async fn path(&self) -> String {
        let url = self.client.current_url().await;
        let url = self.must(url, "tell its address").await;
        url[url::Position::BeforePath..].to_owned()
    }

    /// What can be read on the page, with one space for each run of blanks.
    pub async fn text(&self) -> String {
        let text = self.client.execute("return document.body.innerText", vec![]).await;
        squeezed(text.unwrap_or_default().as_str().unwrap_or_default())
    }

    /// Waits until the page shows a text.
    pub async fn see(&self, text: &str) {
        let wanted = squeezed(text);
        let until = Instant::now() + PATIENCE;
        while !self.text().await.contains(&wanted) {
            if Instant::now() > until {
                self.fail(format!("show “{wanted}”")).await;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Clicks the link, button, label or summary with exactly this text, what only a screen reader
    /// says included.
    pub async fn click(&self, text: &str) {
        let wanted = quoted(text);
        let path = format!(
            "//*[self::a or self::button or self::label or self::summary]\
             [normalize-space(.)={wanted} or @aria-label={wanted}] | \
             //input[@type='submit'][@value={wanted}]"
        );
        let element = self.shown(&path, text).await;
        let clicked = element.click().await;
        self.must(clicked, format!("click “{text}”")).await;
    }

    /// Types a value, instead of what is there, into the field with this label. A field for files
    /// takes the path of one.
    pub async fn fill(&self, label: &str, value: &str) {
        let field = self.field(label).await;
        let kind = field.prop("type").await;
        if self.must(kind, format!("look at “{label}”")).await.as_deref() != Some("file") {
            let cleared = field.clear().await;
            self.must(cleared, format!("clear “{label}”")).await;
        }
        let typed = field.send_keys(value).await;
        self.must(typed, format!("fill in “{label}”")).await;
    }

    /// Chooses an option by its text in the list with this label.
    pub async fn select(&self, label: &str, option: &str) {
        let field = self.field(label).await;
        let selected = field.select_by_label(option).await;
        self.must(selected, format!("select “{option}” in “{label}”")).await;
    }

    /// What is in the field with this label.
    pub async fn value(&self, label: &str) -> String {
        let value = self.field(label).await.prop("value").await;
        self.must(value, format!("read “{label}”")).await.unwrap_or_default()
    }

    /// Signs in with the form at `/sign-in` of the portal at `address`.
    pub async fn sign_in(&self, address: &str, email: &str, password: &str) {
        self.goto(&format!("{address}/sign-in")).await;
        self.fill("Email address", email).await;
        self.fill("Password", password).await;
        self.click("Sign in").await;
        let until = Instant::now() + PATIENCE;
        while self.path().await.starts_with("/sign-in") {
            if Instant::now() > until {
                self.fail(format!("sign in as {email}")).await;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Its cookies, as a `Cookie` header would carry them.
    pub async fn cookies(&self) -> String {
        let cookies = self.client.get_all_cookies().await;
        let cookies = self.must(cookies, "tell its cookies").await;
        let pairs = cookies.iter().map(|cookie| format!("{}={}", cookie.name(), cookie.value()));
        pairs.collect::<Vec<_>>().join("; ")
    }

    /// Keeps the pages' own scripts from running from now on.
    pub async fn without_javascript(&self) {
        self.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
    }

    /// Writes a picture of what the screen shows, as PNG.
    pub async fn screenshot(&self, file: &Path) {
        let picture = self.client.screenshot().await;
        let picture = self.must(picture, "make a picture").await;
        std::fs::write(file, picture).expect("the picture can be written");
    }

    /// The field that a label's `for` names.
    async fn field(&self, label: &str) -> Element {
        let wanted = quoted(label);
        let path = format!("//*[@id = //label[normalize-space(.)={wanted}]/@for]");
        let field = self.client.find(Locator::XPath(&path)).await;
        self.must(field, format!("find the field “{label}”")).await
    }

    /// The first of the elements that is shown.
    async fn shown(&self, path: &str, text: &str) -> Element {
        let until = Instant::now() + PATIENCE;
        loop {
            let found = self.client.find_all(Locator::XPath(path)).await;
            for element in self.must(found, format!("look for “{text}”")).await {
                if element.is_displayed().await.unwrap_or(false) {
                    return element;
                }
            }
            if Instant::now() > until {
                self.fail(format!("find “{text}” to click")).await;
            }
        }
    }

    async fn must<T>(&self, result: Result<T, CmdError>, step: impl Display) -> T {
        match result {
            Ok(value) => value,
            Err(error) => self.fail(format!("{step} ({error})")).await,
        }
    }

    async fn fail(&self, step: impl Display) -> ! {
        let address = self.client.current_url().await.map(String::from).unwrap_or_default();
        let text = self.text().await;
        panic!("the browser could not {step}\nat {address}, which says:\n{text}")
    }
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text as an XPath expression, which has no escapes.
fn quoted(text: &str) -> String {
    let text = squeezed(text);
    let parts: Vec<String> = text.split('"').map(|part| format!("\"{part}\"")).collect();
    if parts.len() == 1 { parts.concat() } else { format!("concat({})", parts.join(", '\"', ")) }
}
