//! The portal in Chromium: from a delivery to ESI-013 by two people, one of them on a telephone;
//! by keyboard alone; without scripts; and every page looked at by axe-core.
#![allow(clippy::unwrap_used)]

#[path = "support/demo.rs"]
mod demo;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use demo::{Demo, demo, look_at};
use fantoccini::Locator;
use fantoccini::key::Key;
use serde_json::Value;
use support::{PALLET, PASSWORD, World, chf, deliveries, move_pallet};
use testkit::browser::{Browser, DESK, PHONE, ZOOMED};

/// A world on SQLite whose logistics person loads deliveries, too.
fn world(folder: &Path) -> World {
    let database = folder.join("hubstock.db");
    let world = World::new(database.to_str().unwrap());
    let add = ["user", "add", "logistics@x.example", "--name", "x", "--role", "dsp-operator"];
    let ran =
        world.program.run_with(&[&add[..], &["--password-stdin"]].concat(), PASSWORD.as_bytes());
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    world
}

/// The same with pallet 1, which is with SU-1.
fn with_a_pallet(world: World) -> World {
    let asn = world.file("asn.csv", &deliveries(1..2, "SU-1"));
    world.well(&["import", "deliveries", &asn, "--as", "operator@x.example"]);
    world
}

/// The text of a file that this person downloads.
async fn download(browser: &Browser, address: &str) -> String {
    let request = reqwest::Client::new().get(address).header("cookie", browser.cookies().await);
    let answer = request.send().await.unwrap();
    assert!(answer.status().is_success(), "{} at {address}", answer.status());
    answer.text().await.unwrap()
}

/// The page is accessible, fits its window, and its scripts run under its own policy.
async fn must_be_good(browser: &Browser) {
    browser.must_be_accessible().await;
    assert_eq!(browser.too_wide_by().await, 0, "{} is too wide", browser.path().await);
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{}: {complaints:?}", browser.path().await);
}

/// Clicks the radio button with this label.
async fn choose(browser: &Browser, label: &str) {
    let label = format!("//label[normalize-space(.)='{label}']");
    browser.client.find(Locator::XPath(&label)).await.unwrap().click().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_delivery_to_esi_013_by_two_people_one_on_a_telephone() {
    let folder = tempfile::tempdir().unwrap();
    let world = world(folder.path());
    let server = world.program.serve(&[]);
    let address = &server.address;
    let (desk, phone) = (Browser::open(DESK).await, Browser::open(PHONE).await);

    desk.sign_in(address, "logistics@x.example", PASSWORD).await;
    desk.click("Load deliveries or status changes").await;
    choose(&desk, "Deliveries (ASN)").await;
    desk.fill("File", &world.file("asn.csv", &deliveries(1..3, "SU-1"))).await;
    desk.click("Send").await;
    desk.see("Loaded").await;
    must_be_good(&desk).await;

    desk.click("Transfer files").await;
    desk.click("Upload a transfer file").await;
    let file = world.file("pallet-1.csv", &move_pallet(1, "SU-2"));
    desk.fill("CH Stock Transfer File", &file).await;
    desk.click("Upload and check").await;
    desk.see("Waiting to be authorised").await;
    desk.see("You prepared this file, so somebody else must authorise it.").await;
    must_be_good(&desk).await;
    let page = desk.path().await;

    phone.sign_in(address, "authoriser@x.example", PASSWORD).await;
    phone.see("Transfer files to authorise").await;
    must_be_good(&phone).await;
    phone.click("pallet-1.csv").await;
    phone.see("Would move 224").await;
    phone.see("Party 1 Limited (SU-1)").await;
    must_be_good(&phone).await;
    phone.click("Authorise").await;
    phone.see("Hubs moved 224").await;
    must_be_good(&phone).await;

    desk.goto(&format!("{address}{page}")).await;
    desk.see("When applied").await;
    let response = download(&desk, &format!("{address}{page}/response")).await;
    assert_eq!(response.lines().count(), 1 + PALLET as usize);
    assert!(response.lines().skip(1).all(|line| line.contains(",S00,")), "{response}");

    desk.click("Reports").await;
    desk.click("Run it now").await;
    desk.see("Download CSV").await;
    must_be_good(&desk).await;
    let run = desk.path().await;
    let report = download(&desk, &format!("{address}{run}/download")).await;
    let with = |party: &str| report.lines().filter(|line| line.contains(party)).count();
    assert_eq!((with(",SU-1,"), with(",SU-2,")), (PALLET as usize, PALLET as usize));

    desk.goto(&format!("{address}/hubs/{}", chf(1, 0))).await;
    desk.see("From Party 1 Limited (PARTY1) to Party 2 Limited (PARTY2)").await;
    must_be_good(&desk).await;
    desk.close().await;
    phone.close().await;
    assert_eq!(server.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_file_goes_its_way_by_keyboard_alone() {
    let folder = tempfile::tempdir().unwrap();
    let world = with_a_pallet(world(folder.path()));
    let server = world.program.serve(&[]);
    let address = &server.address;
    let (preparer, authoriser) = (Browser::open(DESK).await, Browser::open(ZOOMED).await);

    sign_in_by_keyboard(&preparer, address, "logistics@x.example").await;
    preparer.tab_to("Make a transfer file from a list of hubs").await;
    preparer.press(Key::Enter).await;
    preparer.see("CHF IDs of the hubs").await;
    preparer.tab_to("CHF IDs of the hubs").await;
    preparer.type_text(&format!("{}\n{}\nnothing", chf(1, 0), chf(1, 1))).await;
    preparer.tab_to("New Party").await;
    preparer.type_text("Party 3").await;
    preparer.tab_to("Transfer or SoLR reference").await;
    preparer.type_text("TRF-3").await;
    preparer.tab_to("Make and submit it").await;
    preparer.press(Key::Enter).await;
    preparer.see("Correct 1 line of what you pasted").await;
    preparer.must_be_accessible().await;
    preparer.tab_to("CHF IDs of the hubs").await;
    preparer.press(Key::End).await;
    let typed = preparer.value("CHF IDs of the hubs").await;
    assert!(typed.ends_with("nothing"), "what was typed is kept: {typed}");
    preparer.fill("CHF IDs of the hubs", &format!("{}\n{}", chf(1, 0), chf(1, 1))).await;
    preparer.tab_to("Make and submit it").await;
    preparer.press(Key::Enter).await;
    preparer.see("Waiting to be authorised").await;

    sign_in_by_keyboard(&authoriser, address, "authoriser@x.example").await;
    authoriser.tab_to("All that wait for you").await;
    authoriser.press(Key::Enter).await;
    authoriser.see("Transfer files, newest first").await;
    authoriser.tab_to("ctf-000001").await;
    authoriser.press(Key::Enter).await;
    authoriser.see("Your decision").await;
    authoriser.tab_to("Authorise").await;
    authoriser.press(Key::Enter).await;
    authoriser.see("Hubs moved 2").await;
    assert_eq!(world.party_of(&chf(1, 1)), "SU-3");
    preparer.close().await;
    authoriser.close().await;
}

async fn sign_in_by_keyboard(browser: &Browser, address: &str, email: &str) {
    browser.goto(&format!("{address}/sign-in")).await;
    browser.tab_to("Email address").await;
    browser.type_text(email).await;
    browser.tab_to("Password").await;
    browser.type_text(PASSWORD).await;
    browser.press(Key::Enter).await;
    browser.see("What waits for you").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_file_goes_its_way_without_scripts() {
    let folder = tempfile::tempdir().unwrap();
    let world = with_a_pallet(world(folder.path()));
    let server = world.program.serve(&[]);
    let address = &server.address;
    let (preparer, authoriser) = (Browser::open(DESK).await, Browser::open(PHONE).await);
    preparer.without_javascript().await;
    authoriser.without_javascript().await;

    preparer.sign_in(address, "logistics@x.example", PASSWORD).await;
    preparer.click("Upload a transfer file").await;
    preparer.click("Change nothing").await;
    let file = world.file("pallet-1.csv", &move_pallet(1, "SU-2"));
    preparer.fill("CH Stock Transfer File", &file).await;
    preparer.click("Upload and check").await;
    again_until(&preparer, "Waiting to be authorised").await;

    authoriser.sign_in(address, "authoriser@x.example", PASSWORD).await;
    authoriser.click("pallet-1.csv").await;
    authoriser.click("Reject").await;
    authoriser.click("Reject the file").await;
    authoriser.see("There is a problem").await;
    authoriser.click("Cancel").await;
    authoriser.click("Authorise").await;
    again_until(&authoriser, "Hubs moved 224").await;
    preparer.close().await;
    authoriser.close().await;
}

/// Follows “Check progress again”, as a person does whose browser runs no scripts.
async fn again_until(browser: &Browser, text: &str) {
    for _ in 0..600 {
        let page = browser.text().await;
        if page.contains(text) {
            break;
        }
        // The page before may still be shown.
        match page.contains("Check progress again") {
            true => browser.click("Check progress again").await,
            false => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
        }
    }
    browser.see(text).await;
}

/// The people of the demonstration whose pages differ, in the order in which they walk. A page
/// that one of them has seen is looked at again only if a role shows it otherwise.
const VISITORS: &[&str] = &[
    "Dee Logistics",
    "Stan Stock",
    "Pol Policy",
    "Adam Admin",
    "Otto Operator",
    "Ada Authoriser",
    "Finn Finance",
    "Audrey Auditor",
    "Wanda Warehouse",
    "Amir Admin",
    "Sita Stock",
];

/// Pages that some visitor must have come to, or the walk has missed a part of the portal.
const PAGES: &[&str] = &[
    "/",
    "/accessibility",
    "/account",
    "/account/notifications",
    "/account/password",
    "/account/tokens",
    "/board",
    "/board/wanted",
    "/deliveries",
    "/deliveries/*",
    "/deliveries/new",
    "/excess",
    "/help",
    "/holidays",
    "/hubs",
    "/hubs/*",
    "/installed-before",
    "/installed-before/*",
    "/journal",
    "/journal/*",
    "/mail",
    "/mail/*",
    "/notices",
    "/offers",
    "/offers/*",
    "/offers/*/edit",
    "/offers/*/ids",
    "/offers/*/return",
    "/offers/*/suspend",
    "/offers/*/withdraw",
    "/offers/new",
    "/parties",
    "/parties/*",
    "/parties/*/contacts/new",
    "/parties/*/locations/new",
    "/people",
    "/people/*",
    "/people/invite",
    "/policies",
    "/policies/*",
    "/policies/*/simulate",
    "/policies/*/withdraw",
    "/policies/new",
    "/reports",
    "/requests",
    "/requests/*",
    "/requests/*/withdraw",
    "/requests/new",
    "/selection",
    "/selection/*",
    "/settings",
    "/settings/*",
    "/stock",
    "/stock-rules",
    "/templates",
    "/transfer-files",
    "/transfer-files/*",
    "/transfer-files/*/lines",
    "/transfer-files/*/reject",
    "/transfer-files/generate",
    "/transfer-files/new",
    "/transfers",
    "/transfers/*",
    "/transfers/*/lines",
    "/transfers/new",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_accessible_and_fits_a_telephone() {
    let demo = demo().await;
    let mut seen = BTreeMap::new();
    let mut wrong = Vec::new();
    let browser = Browser::open(DESK).await;
    for path in ["/", "/sign-in", "/help"] {
        browser.goto(&format!("{}{path}", demo.address)).await;
        look_at(&browser, "nobody", &mut wrong).await;
    }
    browser.close().await;
    beside_the_links(&demo, &mut wrong).await;
    for visitor in VISITORS {
        let browser = signed_in(&demo, visitor).await;
        walk(&browser, &demo.address, visitor, &mut seen, &mut wrong).await;
        browser.close().await;
    }
    let missed = PAGES.iter().filter(|page| !seen.contains_key(**page));
    wrong.extend(missed.map(|page| format!("nobody came to {page}")));
    assert!(wrong.is_empty(), "{} things are wrong:\n{}", wrong.len(), wrong.join("\n\n"));
}

/// Pages to which no link leads: for whoever has a secret, of what is not there, and of forms that
/// were not filled in.
async fn beside_the_links(demo: &Demo, wrong: &mut Vec<String>) {
    let admin = signed_in(demo, "Adam Admin").await;
    admin.goto(&format!("{}/people/invite", demo.address)).await;
    admin.fill("Email address", "new@larkspur.example").await;
    admin.fill("Full name", "Nora New").await;
    admin.select("Organisation", "Larkspur Energy Limited").await;
    admin.click("Stock manager").await;
    admin.click("Make the invitation").await;
    let invitation = secret_link(&admin, wrong).await;
    admin.goto(&format!("{}/people/usr-000002", demo.address)).await;
    admin.click("Make a link to set a new one").await;
    let password = secret_link(&admin, wrong).await;
    admin.goto(&format!("{}/account/tokens", demo.address)).await;
    admin.fill("Name", "Stock report").await;
    admin.click("Issue the token").await;
    admin.see("It is shown only now.").await;
    look_at(&admin, "with a new token", wrong).await;

    let nobody = Browser::open(DESK).await;
    for (link, button) in [(invitation, "Accept"), (password, "Set the password")] {
        nobody.goto(&link).await;
        look_at(&nobody, "invited", wrong).await;
        nobody.click(button).await;
        nobody.see("There is a problem").await;
        look_at(&nobody, "without a password", wrong).await;
    }
    nobody.goto(&format!("{}/sign-in", demo.address)).await;
    nobody.click("Sign in").await;
    nobody.see("There is a problem").await;
    look_at(&nobody, "without a name", wrong).await;
    let missing = ["/no-such-page", "/invitations/nothing", "/password/nothing"];
    for path in missing.into_iter().chain(["/unsubscribe/nothing"]) {
        nobody.goto(&format!("{}{path}", demo.address)).await;
        // The browser notes that nothing is there, which is what the page says.
        nobody.complaints().await;
        nobody.must_be_accessible().await;
    }
    nobody.close().await;
    admin.close().await;
    // No page offers her this button; somebody who makes one up is told that it is not hers to press.
    let viewer = signed_in(demo, "Vera Viewer").await;
    let press = "document.body.insertAdjacentHTML('beforeend',
            '<form method=post action=/transfers/trf-000009/prepare id=made-up>' +
            '<input type=hidden name=version value=1></form>');
        document.getElementById('made-up').submit()";
    viewer.client.execute(press, vec![]).await.unwrap();
    viewer.see("You cannot do this").await;
    viewer.complaints().await;
    viewer.must_be_accessible().await;
    viewer.close().await;
    for (visitor, path, button) in [
        ("Stan Stock", "/offers/new", "Save"),
        ("Stan Stock", "/requests/new", "Submit"),
        ("Stan Stock", "/transfers/new", "Notify the transfer"),
        ("Stan Stock", "/board", "Save filter"),
        ("Dee Logistics", "/transfer-files/new", "Upload and check"),
        ("Dee Logistics", "/transfer-files/generate", "Make and submit it"),
        ("Dee Logistics", "/stock-rules", "Save pair"),
        ("Otto Operator", "/deliveries/new", "Send"),
        ("Pol Policy", "/policies/new", "Save the draft"),
        ("Adam Admin", "/account/password", "Change password"),
        ("Adam Admin", "/people/invite", "Make the invitation"),
        ("Amir Admin", "/parties/pty-000001/contacts/new", "Save"),
        ("Amir Admin", "/parties/pty-000001/locations/new", "Save"),
    ] {
        let browser = signed_in(demo, visitor).await;
        browser.goto(&format!("{}{path}", demo.address)).await;
        browser.click(button).await;
        browser.see("There is a problem").await;
        look_at(&browser, "with nothing filled in", wrong).await;
        browser.close().await;
    }
}

async fn signed_in(demo: &Demo, visitor: &str) -> Browser {
    let browser = Browser::open(DESK).await;
    browser.goto(&demo.address).await;
    browser.click(visitor).await;
    browser.see("What waits for you").await;
    browser
}

/// The link that a page shows once.
async fn secret_link(browser: &Browser, wrong: &mut Vec<String>) -> String {
    browser.see("The link is shown only now.").await;
    look_at(browser, "with a new link", wrong).await;
    let link = "return document.getElementById('link').textContent";
    browser.client.execute(link, vec![]).await.unwrap().as_str().unwrap().to_owned()
}

/// Things whose pages differ by their state: a visitor looks at several of them.
const MANY_STATES: &[&str] =
    &["/offers/*", "/policies/*", "/requests/*", "/transfers/*", "/transfer-files/*"];

/// Follows links of each kind, and looks at each page whose form nobody has seen before.
async fn walk(
    browser: &Browser,
    address: &str,
    visitor: &str,
    seen: &mut BTreeMap<String, Vec<String>>,
    wrong: &mut Vec<String>,
) {
    let mut mine = BTreeMap::from([("/".to_owned(), BTreeSet::from(["/".to_owned()]))]);
    let mut waiting = vec!["/".to_owned()];
    while let Some(path) = waiting.pop() {
        browser.goto(&format!("{address}{path}")).await;
        let shape = shape(browser).await;
        let known = seen.entry(kind_of(&path)).or_default();
        if !known.contains(&shape) {
            known.push(shape);
            look_at(browser, visitor, wrong).await;
        }
        for link in links(browser).await {
            let kind = kind_of(&link);
            let most = if MANY_STATES.contains(&kind.as_str()) { 6 } else { 1 };
            let of_kind = mine.entry(kind).or_default();
            if is_a_page(&link) && of_kind.len() < most && of_kind.insert(link.clone()) {
                waiting.push(link);
            }
        }
    }
}

/// What the page consists of: its headings, forms and tables, whatever stands in them.
async fn shape(browser: &Browser) -> String {
    let script = r"
        const name = part => ['id', 'action'].map(n => part.getAttribute(n) || '').join('').replace(/.*\//, '');
        const parts = document.querySelectorAll('main h1, main h2, main form, main table');
        const named = [...parts].map(part => part.tagName + name(part).replace(/\d+/g, ''));
        return [...new Set(named)].sort().join(' ')";
    let shape = browser.client.execute(script, vec![]).await.unwrap();
    shape.as_str().unwrap_or_default().to_owned()
}

async fn links(browser: &Browser) -> Vec<String> {
    let script = "return [...document.querySelectorAll('a[href^=\"/\"]:not([download])')]
        .map(link => link.getAttribute('href'))";
    let links = browser.client.execute(script, vec![]).await.unwrap();
    let links = links.as_array().cloned().unwrap_or_default();
    links.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A link that opens a page rather than a file or another program's address.
fn is_a_page(link: &str) -> bool {
    let path = link.split(['?', '#']).next().unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    let is_file = last.ends_with(".csv")
        || ["response", "errors", "original", "answer", "download", "export", "record"]
            .contains(&last)
        || last == "explanation";
    !is_file && !path.starts_with("/api/") && !path.starts_with("/assets/")
}

/// The address with a star for whatever is numbered or named.
fn kind_of(link: &str) -> String {
    let path = link.split(['?', '#']).next().unwrap_or_default();
    let numbered = |part: &str| part.contains('.') || part.bytes().any(|b| b.is_ascii_digit());
    let parts = path.split('/').map(|part| if numbered(part) { "*" } else { part });
    parts.collect::<Vec<_>>().join("/")
}
