//! Every page of transfers, in the demonstration's world: accessible, and no wider than a telephone.
#![allow(clippy::unwrap_used)]

#[path = "support/demo.rs"]
mod demo;

use app::transfers::{self, TransferFilter};
use demo::{Demo, demo, look_at};
use domain::access::{Action, Actor};
use domain::transfers::State;
use testkit::browser::{Browser, DESK};

fn actor(demo: &Demo, email: &str) -> Actor {
    app::sign_in::actor_by_email(&demo.app, email, Action::SeeTransfers, None).unwrap()
}

/// The address of the latest transfer in this state that this person sees and `which` accepts.
fn transfer(
    demo: &Demo,
    actor: &Actor,
    state: State,
    which: impl Fn(&transfers::TransferView) -> bool,
) -> String {
    let filter = TransferFilter { state: Some(state), ..TransferFilter::default() };
    let found = transfers::list(&demo.app, actor, &filter, None, 200).unwrap().items;
    let mut views = found.iter().map(|found| transfers::get(&demo.app, actor, found.id).unwrap());
    let found = views.find(which);
    let found = found.unwrap_or_else(|| panic!("{} sees no {state} transfer", actor.name));
    format!("/transfers/{}", found.id)
}

/// Looks at a page, which must be there.
async fn look(browser: &Browser, address: &str, path: &str, wrong: &mut Vec<String>) {
    browser.goto(&format!("{address}{path}")).await;
    if browser.text().await.contains("Page not found") {
        wrong.push(format!("{path} is not there"));
    }
    look_at(browser, "", wrong).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_transfers_is_accessible_and_fits_a_telephone() {
    let demo = demo().await;
    let mut wrong = Vec::new();
    let any = |_: &transfers::TransferView| true;

    let warehouse = actor(&demo, "warehouse@larkspur.example");
    let to_receive = transfer(&demo, &warehouse, State::Arrived, any);
    let on_its_way = transfer(&demo, &warehouse, State::Dispatched, any);
    let to_dispatch = transfer(&demo, &warehouse, State::Confirmed, |view| view.may.dispatch);
    let with_lines = transfer(&demo, &warehouse, State::Reconciled, |view| view.may.correct);
    let browser = Browser::open(DESK).await;
    browser.goto(&demo.address).await;
    browser.click("Wanda Warehouse").await;
    browser.see("What waits for you").await;
    for path in [
        "/".to_owned(),
        "/transfers".to_owned(),
        to_receive.clone(),
        format!("{to_receive}/list/receiver"),
        format!("{to_receive}/list/receiver/file"),
        format!("{to_receive}/list/receiver/paste"),
        format!("{to_receive}/list/receiver/scan"),
        format!("{to_receive}/exceptions"),
        format!("{to_receive}/receive"),
        format!("{to_receive}/lines"),
        on_its_way.clone(),
        format!("{on_its_way}/arrival"),
        to_dispatch.clone(),
        format!("{to_dispatch}/list/sender"),
        format!("{to_dispatch}/list/sender/scan"),
        format!("{to_dispatch}/dispatch"),
        with_lines.clone(),
        format!("{with_lines}/lines?state=waiting"),
    ] {
        look(&browser, &demo.address, &path, &mut wrong).await;
    }
    browser.goto(&format!("{}{with_lines}/lines?state=waiting", demo.address)).await;
    browser.click("Correct the selected lines").await;
    browser.see("There is a problem").await;
    browser.must_be_accessible().await;
    let waiting = browser
        .client
        .execute("return document.querySelector('#lines tbody a').getAttribute('href')", vec![]);
    let line = waiting.await.unwrap().as_str().unwrap().to_owned();
    look(&browser, &demo.address, &line, &mut wrong).await;
    browser.close().await;

    let manager = actor(&demo, "stock@larkspur.example");
    let to_confirm = transfer(&demo, &manager, State::Agreed, |view| view.may.confirm_receiver);
    let browser = Browser::open(DESK).await;
    browser.goto(&demo.address).await;
    browser.click("Stan Stock").await;
    browser.see("What waits for you").await;
    for path in ["/transfers/new", &to_confirm, &format!("{to_confirm}/cancel")] {
        look(&browser, &demo.address, path, &mut wrong).await;
    }
    browser.goto(&format!("{}/transfers/new", demo.address)).await;
    browser.click("Notify the transfer").await;
    browser.see("There is a problem").await;
    browser.must_be_accessible().await;
    browser.close().await;

    let logistics = actor(&demo, "logistics@dcc.example");
    let held = transfer(&demo, &logistics, State::OnHold, any);
    let completed = transfer(&demo, &logistics, State::Completed, |view| view.may.reverse);
    let excepted = transfer(&demo, &logistics, State::CompletedWithExceptions, any);
    let under_way = transfer(&demo, &logistics, State::Completing, any);
    let browser = Browser::open(DESK).await;
    browser.goto(&demo.address).await;
    browser.click("Dee Logistics").await;
    browser.see("What waits for you").await;
    for path in [
        "/transfers?show=overdue".to_owned(),
        "/transfers/new".to_owned(),
        held,
        completed.clone(),
        format!("{completed}/reverse"),
        excepted,
        under_way,
        with_lines,
        format!("{to_receive}/hold"),
    ] {
        look(&browser, &demo.address, &path, &mut wrong).await;
    }
    browser.close().await;
    assert!(wrong.is_empty(), "{} things are wrong:\n{}", wrong.len(), wrong.join("\n\n"));
}
