//! Who reaches what: each page and each call about one thing, as each role of the Party whose it
//! is, of the other side, of a Party that has nothing to do with it, and of the centre.
//!
//! NORTHERN's offer went to SOUTHERN's request, and the transfer that follows is dispatched.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::header::{ALLOW, CONTENT_TYPE, COOKIE, IF_MATCH};
use axum::http::{Request, StatusCode};
use domain::access::Action::{self, *};
use domain::access::{Reach, Role, reach};
use tower::ServiceExt;

use crate::access::ROUTES;
use crate::portal::{Portal, Visitor, hub, minimal};

/// Who reaches a thing that is there.
#[derive(Clone, Copy, Debug, PartialEq)]
enum To {
    /// Anybody, signed in or not.
    Everybody,
    /// Anybody who is signed in.
    Somebody,
    /// Whoever has a role for it.
    Role(Action),
    /// Of the Parties' people, those of NORTHERN.
    Giver(Action),
    /// Those of SOUTHERN.
    Taker(Action),
    /// Those of both.
    Both(Action),
    /// Nobody of a Party, though a Party's people have a role for it.
    Centre(Action),
    /// Nobody, because there is none in this world; without a role it is not there either.
    Nothing,
}

use To::{Both, Centre, Everybody, Giver, Nothing, Somebody, Taker};

/// The pages, as they are registered, and who reaches them.
const PAGES: &[(&str, To)] = &[
    ("GET /", Everybody),
    ("GET /help", Everybody),
    ("GET /accessibility", Everybody),
    ("GET /templates", Everybody),
    ("GET /templates/{file}", Everybody),
    ("GET /sign-in", Everybody),
    ("POST /sign-in", Everybody),
    ("POST /sign-in/demo", Nothing),
    ("GET /invitations/{secret}", Nothing),
    ("POST /invitations/{secret}", Nothing),
    ("GET /password/{secret}", Everybody),
    ("POST /password/{secret}", Nothing),
    ("GET /unsubscribe/{secret}", Nothing),
    ("POST /unsubscribe/{secret}", Nothing),
    ("GET /organisation", Somebody),
    ("POST /organisation", Somebody),
    ("GET /account", Somebody),
    ("GET /account/password", Somebody),
    ("POST /account/password", Somebody),
    ("POST /account/sessions/{id}/end", Nothing),
    ("GET /account/tokens", Somebody),
    ("POST /account/tokens", To::Role(IssueTokens)),
    ("POST /account/tokens/{id}/revoke", Nothing),
    ("GET /account/notifications", Somebody),
    ("POST /account/notifications", To::Role(ReadNotices)),
    ("GET /notices", Somebody),
    ("POST /notices/read", Somebody),
    ("POST /notices/{id}/open", Nothing),
    ("GET /mail", To::Role(SeeMail)),
    ("GET /mail/{id}", Nothing),
    ("POST /mail/{id}/retry", Nothing),
    ("GET /board", To::Role(SeeBoard)),
    ("GET /board/wanted", To::Role(SeeBoard)),
    ("GET /board/export", To::Role(SeeBoard)),
    ("POST /board/filters", To::Role(SeeBoard)),
    ("POST /board/filters/{id}", Nothing),
    ("GET /stock-rules", To::Role(SeeStockRules)),
    ("POST /stock-rules/interchangeability", To::Role(ChangeStockRules)),
    ("POST /stock-rules/interchangeability/remove", To::Role(ChangeStockRules)),
    ("POST /stock-rules/installation-ends", To::Role(ChangeStockRules)),
    ("POST /stock-rules/installation-ends/remove", Nothing),
    ("GET /holidays", To::Role(SeeStockRules)),
    ("POST /holidays", To::Role(ChangeStockRules)),
    ("POST /holidays/remove", To::Role(ChangeStockRules)),
    ("GET /stock-rules/files/{table}", To::Role(ChangeStockRules)),
    ("POST /stock-rules/files/{table}", To::Role(ChangeStockRules)),
    ("GET /stock-rules/files/{table}/export", To::Role(SeeStockRules)),
    ("GET /excess", To::Role(SeeStock)),
    ("POST /excess", To::Role(ManageOffers)),
    ("GET /stock", To::Role(SeeStock)),
    ("GET /hubs", To::Role(SeeHubs)),
    ("GET /hubs/export", To::Role(SeeHubs)),
    ("GET /hubs/{id}", Giver(SeeHubs)),
    ("GET /hubs/{id}/quarantine", To::Role(Quarantine)),
    ("POST /hubs/{id}/quarantine", To::Role(Quarantine)),
    ("GET /hubs/{id}/release", To::Role(Quarantine)),
    ("POST /hubs/{id}/release", To::Role(Quarantine)),
    ("GET /deliveries", To::Role(SeeImports)),
    ("GET /deliveries/new", To::Role(LoadInventory)),
    ("POST /deliveries/new", To::Role(LoadInventory)),
    ("GET /deliveries/{id}", To::Role(SeeImports)),
    ("GET /deliveries/{id}/events", To::Role(SeeImports)),
    ("GET /deliveries/{id}/answer", To::Role(SeeImports)),
    ("POST /deliveries/{id}/authorise", To::Role(AuthoriseSnapshot)),
    ("GET /deliveries/{id}/reject", To::Role(AuthoriseSnapshot)),
    ("POST /deliveries/{id}/reject", To::Role(AuthoriseSnapshot)),
    ("GET /parties", To::Role(SeeParties)),
    ("GET /parties/new", To::Role(ManageParties)),
    ("POST /parties/new", To::Role(ManageParties)),
    ("GET /parties/{id}", To::Role(SeeParties)),
    ("GET /parties/{id}/edit", To::Role(ManageParties)),
    ("POST /parties/{id}/edit", To::Role(ManageParties)),
    ("GET /parties/{id}/{kind}/new", Giver(ManageDirectory)),
    ("POST /parties/{id}/{kind}/new", Giver(ManageDirectory)),
    ("GET /parties/{id}/{kind}/{entry}", Giver(ManageDirectory)),
    ("POST /parties/{id}/{kind}/{entry}", Giver(ManageDirectory)),
    ("POST /parties/{id}/{kind}/{entry}/remove", Giver(ManageDirectory)),
    ("GET /people", To::Role(SeePeople)),
    ("GET /people/invite", To::Role(ManagePeople)),
    ("POST /people/invite", To::Role(ManagePeople)),
    ("GET /people/{id}", Giver(SeePeople)),
    ("POST /people/{id}/grant", Giver(ManagePeople)),
    ("POST /people/{id}/revoke", Nothing),
    ("POST /people/{id}/deactivate", Giver(ManagePeople)),
    ("POST /people/{id}/reactivate", Giver(ManagePeople)),
    ("POST /people/{id}/password-link", Giver(ManagePeople)),
    ("GET /offers", To::Role(SeeOffers)),
    ("GET /offers/new", To::Role(ManageOffers)),
    ("POST /offers/new", To::Role(ManageOffers)),
    ("GET /offers/{id}", To::Role(SeeBoard)),
    ("GET /offers/{id}/ids", Nothing),
    ("GET /offers/{id}/ids.csv", Nothing),
    ("GET /offers/{id}/edit", Giver(ManageOffers)),
    ("POST /offers/{id}/edit", Giver(ManageOffers)),
    ("POST /offers/{id}/submit", Giver(ManageOffers)),
    ("POST /offers/{id}/publish", To::Role(PublishOffers)),
    ("POST /offers/{id}/resume", To::Role(PublishOffers)),
    ("GET /offers/{id}/return", Giver(SeeOffers)),
    ("POST /offers/{id}/return", To::Role(PublishOffers)),
    ("GET /offers/{id}/suspend", Giver(SeeOffers)),
    ("POST /offers/{id}/suspend", To::Role(PublishOffers)),
    ("GET /offers/{id}/withdraw", Giver(SeeOffers)),
    ("POST /offers/{id}/withdraw", Giver(ManageOffers)),
    ("GET /offers/{id}/close", Giver(SeeOffers)),
    ("POST /offers/{id}/close", Giver(ManageOffers)),
    ("GET /requests", To::Role(SeeOffers)),
    ("GET /requests/new", To::Role(ManageRequests)),
    ("POST /requests/new", To::Role(ManageRequests)),
    ("GET /requests/{id}", Taker(SeeOffers)),
    ("GET /requests/{id}/edit", Taker(ManageRequests)),
    ("POST /requests/{id}/edit", Taker(ManageRequests)),
    ("POST /requests/{id}/submit", Taker(ManageRequests)),
    ("GET /requests/{id}/withdraw", Taker(ManageRequests)),
    ("POST /requests/{id}/withdraw", Taker(ManageRequests)),
    ("GET /requests/{id}/turn", Taker(ManageRequests)),
    ("POST /requests/{id}/turn", Taker(ManageRequests)),
    ("GET /selection", To::Role(SeeSelection)),
    ("POST /selection/run", To::Role(RunSelection)),
    ("GET /selection/{id}", Both(SeeSelection)),
    ("GET /selection/{id}/record", To::Role(SeeSelection)),
    ("GET /selection/{id}/explanation", Both(SeeSelection)),
    ("GET /policies", To::Role(SeePolicies)),
    ("GET /policies/new", To::Role(ManagePolicies)),
    ("POST /policies/new", To::Role(ManagePolicies)),
    ("GET /policies/{id}", To::Role(SeePolicies)),
    ("GET /policies/{id}/edit", To::Role(ManagePolicies)),
    ("POST /policies/{id}/edit", To::Role(ManagePolicies)),
    ("GET /policies/{id}/publish", To::Role(ManagePolicies)),
    ("POST /policies/{id}/publish", To::Role(ManagePolicies)),
    ("GET /policies/{id}/withdraw", To::Role(ManagePolicies)),
    ("POST /policies/{id}/withdraw", To::Role(ManagePolicies)),
    ("GET /policies/{id}/simulate", Centre(SeeSelection)),
    ("GET /public/selection", Everybody),
    ("GET /public/selection/{id}/record", Everybody),
    ("GET /public/policies", Everybody),
    ("GET /public/policies/{id}", Everybody),
    ("GET /dry-runs/{id}", Nothing),
    ("GET /jobs", To::Role(SeeFailedJobs)),
    ("POST /jobs/{id}/rerun", Nothing),
    ("GET /settings", To::Role(SeeSettings)),
    ("GET /settings/{setting}", To::Role(SeeSettings)),
    ("POST /settings/{setting}", To::Role(ChangeSettings)),
    ("GET /journal", To::Role(ReadJournal)),
    ("GET /journal/{seq}", To::Role(ReadJournal)),
    ("GET /reports", To::Role(SeeDeliveryReport)),
    ("POST /reports", To::Role(RunDeliveryReport)),
    ("GET /reports/tables/{report}", To::Role(SeeTransfers)),
    ("GET /reports/{id}", To::Role(SeeDeliveryReport)),
    ("GET /reports/{id}/events", To::Role(SeeDeliveryReport)),
    ("GET /reports/{id}/proof", To::Role(SeeDeliveryReport)),
    ("GET /reports/{id}/download", To::Role(SeeDeliveryReport)),
    ("GET /transfer-files", To::Role(SeeTransferFiles)),
    ("GET /transfer-files/new", To::Role(PrepareTransferFile)),
    ("POST /transfer-files/new", To::Role(PrepareTransferFile)),
    ("GET /transfer-files/check", To::Role(PrepareTransferFile)),
    ("POST /transfer-files/check", To::Role(PrepareTransferFile)),
    ("GET /transfer-files/generate", To::Role(PrepareTransferFile)),
    ("POST /transfer-files/generate", To::Role(PrepareTransferFile)),
    ("GET /transfer-files/{id}", To::Role(SeeTransferFiles)),
    ("GET /transfer-files/{id}/events", To::Role(SeeTransferFiles)),
    ("GET /transfer-files/{id}/lines", To::Role(SeeTransferFiles)),
    ("GET /transfer-files/{id}/response", To::Role(SeeTransferFiles)),
    ("GET /transfer-files/{id}/errors", Nothing),
    ("GET /transfer-files/{id}/original", To::Role(SeeTransferFiles)),
    ("POST /transfer-files/{id}/authorise", To::Role(AuthoriseTransferFile)),
    ("GET /transfer-files/{id}/reject", To::Role(SeeTransferFiles)),
    ("POST /transfer-files/{id}/reject", To::Role(AuthoriseTransferFile)),
    ("GET /transfer-files/{id}/withdraw", To::Role(SeeTransferFiles)),
    ("POST /transfer-files/{id}/withdraw", To::Role(PrepareTransferFile)),
    ("GET /installed-before", To::Role(SeeInstalledQueue)),
    ("GET /installed-before/{id}", Nothing),
    ("POST /installed-before/{id}", Nothing),
    ("GET /transfers", To::Role(SeeTransfers)),
    ("GET /transfers/new", To::Role(AgreeTransfers)),
    ("POST /transfers/new", To::Role(AgreeTransfers)),
    ("GET /transfers/{id}", Both(SeeTransfers)),
    ("GET /transfers/{id}/lines", Both(SeeTransfers)),
    ("POST /transfers/{id}/lines", Both(Dispatch)),
    ("GET /transfers/{id}/lines/{hub}", Both(SeeTransfers)),
    ("GET /transfers/{id}/download/{file}", Both(SeeTransfers)),
    ("POST /transfers/{id}/confirm", Both(AgreeTransfers)),
    ("GET /transfers/{id}/cancel", Both(SeeTransfers)),
    ("POST /transfers/{id}/cancel", Both(AgreeTransfers)),
    ("GET /transfers/{id}/hold", Both(SeeTransfers)),
    ("POST /transfers/{id}/hold", To::Role(SuperviseTransfers)),
    ("GET /transfers/{id}/reverse", Both(SeeTransfers)),
    ("POST /transfers/{id}/reverse", To::Role(SuperviseTransfers)),
    ("POST /transfers/{id}/release", To::Role(SuperviseTransfers)),
    ("POST /transfers/{id}/prepare", To::Role(PrepareTransferFile)),
    ("GET /transfers/{id}/list/{side}", Taker(Receive)),
    ("GET /transfers/{id}/list/{side}/file", Taker(Receive)),
    ("POST /transfers/{id}/list/{side}/file", Taker(Receive)),
    ("GET /transfers/{id}/list/{side}/paste", Taker(Receive)),
    ("POST /transfers/{id}/list/{side}/paste", Taker(Receive)),
    ("GET /transfers/{id}/list/{side}/scan", Taker(Receive)),
    ("POST /transfers/{id}/list/{side}/scan", Taker(Receive)),
    ("POST /transfers/{id}/list/{side}/chosen", Taker(Receive)),
    ("POST /transfers/{id}/list/{side}/clear", Taker(Receive)),
    ("POST /transfers/{id}/list/{side}/start", Taker(Receive)),
    ("GET /transfers/{id}/exceptions", Taker(Receive)),
    ("POST /transfers/{id}/exceptions", Taker(Receive)),
    ("GET /transfers/{id}/dispatch", Giver(Dispatch)),
    ("POST /transfers/{id}/dispatch", Giver(Dispatch)),
    ("GET /transfers/{id}/arrival", Both(SeeTransfers)),
    ("POST /transfers/{id}/arrival", Taker(Receive)),
    ("GET /transfers/{id}/receive", Taker(Receive)),
    ("POST /transfers/{id}/receive", Taker(Receive)),
    // Last: the visitor is gone after it.
    ("POST /sign-out", Everybody),
];

/// A call of the API by its name, and who reaches what it names, given the role that it takes.
type Call = (&'static str, fn(Action) -> To);

/// Which Party's people reach the thing of a call of the API, where a role of a Party does at all.
/// The calls of `ROUTES` that name a thing of a Party; the role is the one that stands there.
const CALLS: &[Call] = &[
    ("get_offer", To::Role),
    ("list_offer_history", To::Role),
    ("change_offer", Giver),
    ("list_offer_ids", |_| Nothing),
    ("submit_offer", Giver),
    ("publish_offer", To::Role),
    ("return_offer", To::Role),
    ("suspend_offer", To::Role),
    ("resume_offer", To::Role),
    ("withdraw_offer", Giver),
    ("close_offer", Giver),
    ("get_request", Taker),
    ("list_request_history", Taker),
    ("change_request", Taker),
    ("submit_request", Taker),
    ("withdraw_request", Taker),
    ("turn_request", Taker),
    ("change_party", To::Role),
    ("list_contacts", Both),
    ("add_contact", Giver),
    ("get_contact", Both),
    ("change_contact", Giver),
    ("drop_contact", Giver),
    ("list_locations", Both),
    ("add_location", Giver),
    ("get_location", Both),
    ("change_location", Giver),
    ("drop_location", Giver),
    ("get_person", Giver),
    ("grant_role", Giver),
    ("revoke_role", Giver),
    ("deactivate_person", Giver),
    ("reactivate_person", Giver),
    ("issue_password_link", Giver),
    ("get_selection_run", Both),
    ("download_selection_record", To::Role),
    ("download_selection_explanation", Both),
    ("scan_for_transfer", Giver),
    ("download_transfer_document", Both),
    ("get_transfer", Both),
    ("list_transfer_history", Both),
    ("confirm_transfer", Both),
    ("cancel_transfer", Both),
    ("hold_transfer", To::Role),
    ("release_transfer", To::Role),
    ("reverse_transfer", To::Role),
    ("dispatch_transfer", Giver),
    ("note_transfer_arrival", Taker),
    ("receive_transfer", Taker),
    ("list_transfer_lines", Both),
    ("correct_transfer_lines", Both),
    ("prepare_transfer", To::Role),
    ("download_transfer_table", Both),
    ("get_transfer_list", Giver),
    ("clear_transfer_list", Taker),
    ("add_file_to_transfer_list", Giver),
    ("add_ids_to_transfer_list", Taker),
    ("scan_into_transfer_list", Giver),
    ("remove_from_transfer_list", Giver),
    ("start_receipt_from_manifest", Taker),
    ("start_dispatch_from_offer", Giver),
    ("set_receipt_verdicts", Taker),
];

/// The things of Parties that `ROUTES` names, and those of this world.
const THINGS: &[(&str, &str)] = &[
    ("pty-999999", "pty-000001"),
    ("con-999999", "con-000001"),
    ("loc-999999", "loc-000001"),
    ("off-999999", "off-000001"),
    ("req-999999", "req-000001"),
    ("trf-999999", "trf-000001"),
    ("alr-999999", "alr-000001"),
];

/// Where somebody comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Giver,
    Taker,
    Elsewhere,
    Centre,
}

pub struct World {
    pub portal: Portal,
    pub people: Vec<(Standing, Role, Visitor)>,
    /// Somebody of NORTHERN about whom the pages of people are.
    person: String,
}

/// Sends forms and goes on as the pages lead.
pub async fn world() -> World {
    let portal = Portal::open();
    let mut people = Vec::new();
    let parties = [
        (Standing::Giver, "NORTHERN"),
        (Standing::Taker, "SOUTHERN"),
        (Standing::Elsewhere, "WIRES"),
    ];
    for role in Role::ALL {
        let email = |of: &str| format!("{}@{of}.example", role.word());
        if role.is_of_a_party() {
            for (from, party) in parties {
                let visitor = portal.visitor(&email(&party.to_lowercase()), *role, Some(party));
                people.push((from, *role, visitor));
            }
        } else {
            people.push((Standing::Centre, *role, portal.visitor(&email("centre"), *role, None)));
        }
    }
    let who = |from: Standing, role: Role| {
        let one = people.iter().find(|(f, r, _)| (*f, *r) == (from, role));
        one.map(|(_, _, visitor)| visitor.clone()).unwrap()
    };
    let (giver, taker) =
        (who(Standing::Giver, Role::StockManager), who(Standing::Taker, Role::StockManager));
    let logistics = who(Standing::Centre, Role::DccLogistics);
    let person = who(Standing::Giver, Role::PartyViewer).user.to_string();

    let post = async |who: &Visitor, path: &str, fields: &[(&str, &str)]| {
        portal.press(who, path, fields).await.location().to_owned()
    };
    let keeper = who(Standing::Giver, Role::PartyAdmin);
    let desk = [("purpose", "warehouse"), ("name", "Desk"), ("email", "desk@northern.example")];
    post(&keeper, "/parties/pty-000001/contacts/new", &desk).await;
    let depot =
        [("name", "Depot"), ("address", "1 Mill"), ("region", "North"), ("is_active", "yes")];
    post(&keeper, "/parties/pty-000001/locations/new", &depot).await;
    assert_eq!(offer(&portal, &giver, "2").await, "/offers/off-000001");
    post(&giver, "/offers/off-000001/submit", &[]).await;
    post(&logistics, "/offers/off-000001/publish", &[]).await;
    let asked = [("offer", "off-000001"), ("quantity", "2"), ("minimum", "1"), ("region", "North")];
    assert_eq!(post(&taker, "/requests/new", &asked).await, "/requests/req-000001");
    let mut tx = portal.app.db.write().unwrap();
    tx.batch("UPDATE deadlines SET due_at = 1 WHERE what = 'close'").unwrap();
    tx.commit().unwrap();
    app::timers::pass(&portal.app).unwrap();
    let run = post(&logistics, "/selection/run", &[("offer", "off-000001")]).await;
    assert_eq!(run, "/selection/alr-000001");
    let transfer = "/transfers/trf-000001";
    for (who, side) in [(&giver, "sender"), (&taker, "receiver")] {
        post(who, &format!("{transfer}/confirm"), &[("side", side)]).await;
    }
    let ids = format!("{}\n{}", hub(1), hub(2));
    post(&giver, &format!("{transfer}/list/sender/paste"), &[("ids", &ids)]).await;
    let form = portal.get(&giver, &format!("{transfer}/dispatch")).await;
    let (version, on) = (form.value_of("version"), form.value_of("on"));
    let fields =
        [("version", &*version), ("on", &on), ("carrier", "Swift"), ("consignment_note", "CN-1")];
    post(&giver, &format!("{transfer}/dispatch"), &fields).await;

    let moves = minimal(&[hub(3)], "SOU1");
    let file = ("moves.csv", moves.as_bytes());
    let sent = portal.upload(&logistics, "/transfer-files/new", &[], file).await;
    assert_eq!(sent.location(), "/transfer-files/ctf-000001");
    let operator = who(Standing::Centre, Role::DspOperator);
    let statuses = ("s.csv", b"CHFID,SMIStatus,StatusDate\r\nX,Pending,2026-01-01\r\n".as_slice());
    let sent = portal.upload(&operator, "/deliveries/new", &[("kind", "statuses")], statuses).await;
    assert_eq!(sent.location(), "/deliveries/imp-000001");
    assert_eq!(post(&operator, "/reports", &[("format", "csv")]).await, "/reports/esi-000001");
    portal.work();
    World { portal, people, person }
}

/// The stock that all of it is about, as a form sends it.
const STOCK: &str = "Meterworks, Ltd|CH-1|Single Band|Cellular|North";

/// A drafted offer: the address of its page.
async fn offer(portal: &Portal, giver: &Visitor, quantity: &str) -> String {
    let terms = [
        ("specification", STOCK),
        ("quantity", quantity),
        ("minimum_lot", "1"),
        ("lots", "part"),
        ("location", "Leeds"),
        ("carriage", "Sender"),
        ("ids_mode", "none"),
    ];
    portal.upload(giver, "/offers/new", &terms, ("", b"")).await.location().to_owned()
}

/// Whether these people reach it; `None` where there is nothing to reach.
fn reaches(to: To, from: Standing, role: Role) -> Option<bool> {
    let by = |action, sides: &[Standing]| {
        Some(match reach(role, action) {
            Reach::Nothing => false,
            Reach::All => true,
            Reach::Own => sides.contains(&from),
        })
    };
    match to {
        Everybody | Somebody => Some(true),
        To::Role(action) => by(action, &[Standing::Giver, Standing::Taker, Standing::Elsewhere]),
        Giver(action) => by(action, &[Standing::Giver]),
        Taker(action) => by(action, &[Standing::Taker]),
        Both(action) => by(action, &[Standing::Giver, Standing::Taker]),
        Centre(action) => by(action, &[]),
        Nothing => None,
    }
}

/// Refuses an answer that these people should not have had.
fn judge(wrong: &mut Vec<String>, to: To, (from, role): (Standing, Role), call: &str, status: u16) {
    let is_right = match reaches(to, from, role) {
        Some(true) => !matches!(status, 401 | 403 | 404 | 405) && status < 500,
        // A form may be found wanting before it is asked whose it is; it is not done all the same.
        Some(false) | None if call.starts_with("POST /") => matches!(status, 403 | 404 | 422),
        Some(false) | None => matches!(status, 403 | 404),
    };
    if !is_right {
        wrong.push(format!("{call} as {} ({from:?}): {status}, {to:?}", role.word()));
    }
}

impl World {
    /// The address of a page's thing in this world.
    fn address(&self, template: &str) -> String {
        let id = match template.split('/').nth(1).unwrap() {
            "hubs" => hub(1),
            "people" => self.person.clone(),
            "parties" => "pty-000001".into(),
            "offers" => "off-000001".into(),
            "requests" => "req-000001".into(),
            "selection" => "alr-000001".into(),
            "policies" => "pol-000001".into(),
            "public" if template.contains("policies") => "pol-000001".into(),
            "public" => "alr-000001".into(),
            "transfers" => "trf-000001".into(),
            "transfer-files" => "ctf-000001".into(),
            "deliveries" => "imp-000001".into(),
            "reports" => "esi-000001".into(),
            _ => "none".into(),
        };
        let file =
            if template.starts_with("/templates") { "transfer-file.csv" } else { "lines.csv" };
        template
            .replace("{id}", &id)
            .replace("{kind}", "contacts")
            .replace("{entry}", "con-000001")
            .replace("{hub}", &hub(1))
            .replace("{side}", "receiver")
            .replace("{file}", file)
            .replace("{table}", "holidays")
            .replace("{report}", "exceptions")
            .replace("{setting}", "check.R05")
            .replace("{seq}", "1")
            .replace("{secret}", "none")
    }

    /// A drafted offer: the address of its page.
    pub async fn offer(&self, giver: &Visitor, quantity: &str) -> String {
        offer(&self.portal, giver, quantity).await
    }

    /// Opens a page or sends its form, as of a version that there never was.
    async fn visit(&self, who: Option<&Visitor>, row: &str) -> StatusCode {
        let (method, template) = row.split_once(' ').unwrap();
        let mut path = self.address(template);
        if path.ends_with("/explanation") {
            path.push_str("?format=csv");
        }
        if method == "GET" {
            return self.portal.get(who, &path).await.status;
        }
        let fields = [
            ("version", "999"),
            ("user", "usr-999999"),
            ("last", "ntc-000001"),
            ("offer", "off-000001"),
        ];
        let is_upload = path.ends_with("/new")
            && !path.starts_with("/requests")
            && !path.starts_with("/parties/pty")
            && !path.contains("policies")
            && !path.starts_with("/transfers")
            || path.ends_with("/file")
            || path == "/transfer-files/check"
            || path.starts_with("/stock-rules/files")
            || path.starts_with("/offers") && path.ends_with("/edit");
        match who {
            Some(who) if is_upload => {
                let file = ("a.csv", b"Wrong\r\n".as_slice());
                self.portal.upload(who, &path, &fields, file).await.status
            }
            _ => self.portal.post(who, &path, &fields).await.status,
        }
    }
}

/// The pages as the router has them: `GET /hubs/{id}`.
async fn registered() -> BTreeSet<String> {
    let pages = web::portal::routes();
    let portal = Portal::open();
    let mut all = BTreeSet::new();
    for address in pages.addresses {
        let request = Request::options(address.replace(['{', '}'], ""));
        let answer = portal.router.clone().oneshot(request.body(Body::empty()).unwrap()).await;
        let answer = answer.unwrap();
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{address}");
        let methods = answer.headers()[ALLOW].to_str().unwrap().to_owned();
        let methods = methods.split(',').map(str::trim).filter(|method| *method != "HEAD");
        all.extend(methods.map(|method| format!("{method} {address}")));
    }
    all
}

#[tokio::test]
async fn every_page_has_a_row() {
    let rows: BTreeSet<String> = PAGES.iter().map(|(row, _)| (*row).to_owned()).collect();
    assert_eq!(rows.len(), PAGES.len(), "two rows of one page");
    let registered = registered().await;
    assert_eq!(registered.difference(&rows).collect::<Vec<_>>(), Vec::<&String>::new());
    assert_eq!(rows.difference(&registered).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[tokio::test]
async fn every_page_as_every_role_of_every_standing_and_as_nobody() {
    let world = world().await;
    let mut wrong = Vec::new();
    for (row, to) in PAGES {
        let status = world.visit(None, row).await;
        let open = matches!(to, Everybody | Nothing);
        let is_right = match status {
            StatusCode::SEE_OTHER => !open || *row == "POST /sign-out",
            // A form that has a file is not read before one is signed in.
            _ => open && !status.is_server_error(),
        };
        let is_right = is_right || *to == Nothing && status == StatusCode::SEE_OTHER;
        if !is_right {
            wrong.push(format!("{row} as nobody: {status}"));
        }
    }
    for (from, role, visitor) in &world.people {
        for (row, to) in PAGES {
            let status = world.visit(Some(visitor), row).await;
            judge(&mut wrong, *to, (*from, *role), row, status.as_u16());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_call_about_a_partys_thing_has_a_row() {
    let named = |call: &str| THINGS.iter().any(|(none, _)| call.contains(none));
    let about: BTreeSet<&str> = ROUTES
        .iter()
        .filter(|route| named(route.call) || route.call.contains("usr-999999"))
        // What is published is everybody's.
        .filter(|route| route.needs.action().is_some())
        .map(|route| route.operation)
        .collect();
    let rows: BTreeSet<&str> = CALLS.iter().map(|(operation, _)| *operation).collect();
    assert_eq!(about, rows);
}

#[tokio::test]
async fn every_call_about_a_partys_thing_as_every_role_of_every_standing() {
    let world = world().await;
    let mut wrong = Vec::new();
    for (operation, to) in CALLS {
        let route = ROUTES.iter().find(|route| route.operation == *operation).unwrap();
        let action = route.needs.action().unwrap();
        let mut call = route.call.replace("usr-999999", &world.person);
        for (none, thing) in THINGS {
            call = call.replace(none, thing);
        }
        // The roles are looked for at the Party of the person.
        let call = call.replace("pty-000002", "pty-000001");
        let (method, path) = call.split_once(' ').unwrap();
        for (from, role, visitor) in &world.people {
            let request = Request::builder()
                .method(method)
                .uri(path)
                .header(COOKIE, visitor.cookie())
                .header("sec-fetch-site", "same-origin")
                .header(CONTENT_TYPE, "application/json")
                .header(IF_MATCH, "\"999\"")
                .body(Body::from(route.body))
                .unwrap();
            let answer = world.portal.router.clone().oneshot(request).await.unwrap();
            judge(&mut wrong, to(action), (*from, *role), &call, answer.status().as_u16());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
