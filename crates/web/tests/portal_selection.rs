//! The pages of selection: the policy from draft to publication, a run explained to each.
#![allow(clippy::unwrap_used)]

mod portal;

use app::offers::{self, Draft, Drafted, Listing};
use app::{requests, selection};
use axum::http::StatusCode;
use domain::access::{Action, Role};
use domain::offers::{Carriage, Firmware, Specification, Terms};
use domain::requests::Asked;
use portal::{Portal, Visitor};

const OK: StatusCode = StatusCode::OK;

/// Northern offers ten hubs, Southern asks for four; the offer has closed.
fn closed(portal: &Portal) -> (Visitor, Visitor, Visitor, String) {
    let (email, visitor) = ("north@northern.example", |e, r, p| portal.visitor(e, r, p));
    let north = visitor(email, Role::StockManager, Some("NORTHERN"));
    let south = visitor("south@southern.example", Role::StockManager, Some("SOUTHERN"));
    let dcc = visitor("logistics@dcc.example", Role::DccLogistics, None);
    let acting =
        |email, action| app::sign_in::actor_by_email(&portal.app, email, action, None).unwrap();
    let seller = acting(email, Action::ManageOffers);
    let terms = Terms {
        quantity: 10,
        minimum_lot: 1,
        full_pallets: false,
        packaging: "Boxes".into(),
        location: "Leeds".into(),
        carriage: Carriage::Sender,
        notes: String::new(),
        available_from: domain::timers::british_day(portal.app.now()),
        available_until: None,
        closes_on: None,
    };
    let specification = Specification {
        manufacturer: "Meterworks, Ltd".into(),
        model: "CH-1".into(),
        han_variant: "Single Band".into(),
        wan_variant: "Cellular".into(),
        region: "North".into(),
    };
    let (firmware, listing) = (Firmware::new(), Listing::AsItIs);
    let draft = Draft { party: None, specification, firmware, terms, listing };
    let Drafted::Offer(id) = offers::draft(&portal.app, &seller, &draft).unwrap() else {
        panic!("the stock is there")
    };
    offers::submit(&portal.app, &seller, id, None).unwrap();
    let logistics = acting("logistics@dcc.example", Action::PublishOffers);
    offers::publish(&portal.app, &logistics, id, None).unwrap();
    let buyer = acting("south@southern.example", Action::ManageRequests);
    let (location, notes) = ("York".to_owned(), String::new());
    let asked = Asked { quantity: 4, minimum: 2, needed_by: None, location, notes };
    let specification = Specification::default();
    let ask = requests::Draft { party: None, offer: Some(id), specification, asked };
    requests::draft_and_submit(&portal.app, &buyer, &ask).unwrap();
    let mut tx = portal.app.db.write().unwrap();
    tx.batch("UPDATE deadlines SET due_at = 1 WHERE what = 'close'").unwrap();
    tx.commit().unwrap();
    app::timers::pass(&portal.app).unwrap();
    (north, south, dcc, id.to_string())
}

#[tokio::test]
async fn a_run_is_explained_to_each() {
    let portal = Portal::open();
    let (north, south, dcc, offer) = closed(&portal);
    portal.get(&dcc, "/selection").await.must_be(OK).must_say("Offers that wait").must_say(&offer);
    portal.get(&south, "/selection").await.must_be(OK).must_not_say("Offers that wait");
    let refused = portal.post(&south, "/selection/run", &[("offer", &offer)]).await;
    refused.must_be(StatusCode::NOT_FOUND);
    let run = portal.post(&dcc, "/selection/run", &[("offer", &offer)]).await.location().to_owned();
    assert_eq!(run, "/selection/alr-000001");
    let again = portal.post(&dcc, "/selection/run", &[("offer", &offer)]).await;
    again.must_be(StatusCode::CONFLICT).must_say("still takes requests");
    portal.get(&south, &format!("/offers/{offer}")).await.must_say("Selection policy pol-000001");
    portal.get(&north, &format!("/offers/{offer}")).await.must_say("Selection: alr-000001");
    portal.get(&south, "/requests/req-000001").await.must_say("Selection alr-000001");
    portal.get(&dcc, &run).await.must_say("Southern Power Ltd").must_say("All that was asked for");
    let own = portal.get(&south, &run).await;
    own.must_say("You asked for 4 hubs, at least 2,").must_say("came 1 of 1 in the order");
    own.must_say("hubstock verify allocation alr-000001.json");
    portal.get(&north, &run).await.must_be(OK).must_say("Southern Power Ltd");
    let west = portal.visitor("wires@wires.example", Role::PartyViewer, Some("WIRES"));
    for path in ["", "/explanation?format=csv"] {
        let page = portal.get(&west, &format!("{run}{path}")).await;
        page.must_be(StatusCode::NOT_FOUND);
    }
    let record = portal.get(&south, &format!("{run}/record")).await;
    let checked = selection::record::check(record.text.as_bytes()).unwrap();
    assert!(checked.differences.is_empty() && checked.is_exact);
    // What is published is for everybody, and names nobody.
    portal.get(None, "/public/selection").await.must_be(OK).must_say("alr-000001");
    for (who, path) in
        [(None, format!("/public{run}/record")), (Some(&west), format!("{run}/record"))]
    {
        let page = portal.get(who, &path).await;
        assert_eq!(page.text, record.text, "{path}");
    }
    let none = portal.get(None, "/public/selection/alr-000009/record").await;
    none.must_be(StatusCode::NOT_FOUND);
    let table = portal.get(&south, &format!("{run}/explanation?format=csv")).await;
    assert!(table.text.starts_with("run,policyVersion,rank,request,receivedAt,asked,given,reason"));
}

#[tokio::test]
async fn a_policy_goes_from_draft_to_publication() {
    let portal = Portal::open();
    let policy = portal.visitor("policy@dcc.example", Role::DccPolicy, None);
    let party = portal.visitor("south@southern.example", Role::PartyViewer, Some("SOUTHERN"));
    portal.get(&party, "/policies").await.must_be(OK).must_say("First come, first served");
    portal.get(&party, "/policies/new").await.must_be(StatusCode::NOT_FOUND);
    let typed = [("title", "Fair"), ("text", "Because."), ("steps", "nearest")];
    let refused = portal.post(&policy, "/policies/new", &typed).await;
    refused.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("“nearest” is no step");
    assert_eq!(refused.value_of("title"), "Fair", "what was typed is kept");
    let typed = [("title", "Fair"), ("text", "Because."), ("steps", "pro-rata\r\nlottery")];
    let made = portal.post(&policy, "/policies/new", &typed).await.location().to_owned();
    assert_eq!(made, "/policies/pol-000002");
    portal.get(&policy, &made).await.must_say("Pro-rata by largest remainder").must_say("Draft");
    portal.get(&party, &made).await.must_be(StatusCode::NOT_FOUND);
    let version = portal.get(&policy, &format!("{made}/edit")).await.value_of("version");
    let typed =
        [("version", &*version), ("title", "Fairer"), ("text", "So."), ("steps", "lottery")];
    portal.post(&policy, &format!("{made}/edit"), &typed).await.location();
    let late = portal.post(&policy, &format!("{made}/edit"), &typed).await;
    late.must_be(StatusCode::PRECONDITION_FAILED).must_say("Somebody else has changed this");
    let publish = format!("{made}/publish");
    portal.get(&policy, &publish).await.must_be(OK).must_say("which is the earliest");
    let refused = portal.press(&policy, &publish, &[("approval", ""), ("from", "")]).await;
    refused.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("reference of the approval");
    let old = [("version", "99"), ("approval", "SECP 9"), ("from", ""), ("reason", "A mistake")];
    portal.post(&policy, &publish, &old).await.must_be(StatusCode::PRECONDITION_FAILED);
    portal.get(None, &format!("/public{made}")).await.must_be(StatusCode::NOT_FOUND);
    portal.press(&policy, &publish, &[("approval", "SECP 9"), ("from", "")]).await.location();
    portal.get(None, &format!("/public{made}")).await.must_be(OK).must_say("Fairer");
    portal.get(None, "/public/policies").await.must_be(OK).must_say("Fairer");
    portal.get(&party, &made).await.must_be(OK).must_say("Announced").must_say("SECP 9");
    let simulated = portal.get(&policy, &format!("{made}/simulate")).await;
    simulated.must_be(OK).must_say("No run to replay");
    let wrong = portal.get(&policy, &format!("{made}/simulate?since=soon")).await;
    wrong.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say("Enter a day such as");
    portal.get(&party, &format!("{made}/simulate")).await.must_be(StatusCode::NOT_FOUND);
    let withdraw = format!("{made}/withdraw");
    portal.get(&policy, &withdraw).await.must_be(OK);
    portal.post(&policy, &withdraw, &old).await.must_be(StatusCode::PRECONDITION_FAILED);
    portal.press(&policy, &withdraw, &[("reason", "A mistake")]).await.location();
    portal.get(&policy, &made).await.must_say("Withdrawn because A mistake");
}
