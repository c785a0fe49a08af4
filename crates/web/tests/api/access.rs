//! Who may call what: every route, as every role and as nobody.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::header::IF_MATCH;
use axum::http::{Request, StatusCode};
use domain::access::{Action, Reach, Role, reach};
use serde_json::Value;

use crate::world::{both, cookie};

/// What a route asks of its caller.
#[derive(Clone, Copy, Debug)]
pub enum Needs {
    /// Nothing.
    Nobody,
    /// To be signed in.
    Somebody,
    /// A role that allows this.
    May(Action),
}

use Action::*;
use Needs::{May, Nobody, Somebody};

pub struct Route {
    /// The operation, as the document has it.
    pub operation: &'static str,
    /// A call of it, on what there is not, where that can be.
    pub call: &'static str,
    pub body: &'static str,
    pub needs: Needs,
}

impl Needs {
    /// The action that a role must allow.
    pub fn action(self) -> Option<Action> {
        match self {
            Nobody | Somebody => None,
            May(action) => Some(action),
        }
    }
}

const fn route(
    operation: &'static str,
    call: &'static str,
    body: &'static str,
    needs: Needs,
) -> Route {
    Route { operation, call, body, needs }
}

const POLICY: &str = r#"{"title":"T","text":"Why","steps":[{"name":"first-come"}]}"#;
const REASON: &str = r#"{"reason":"because"}"#;

/// Every route of the API. One that is missing here fails `every_route_has_a_row`.
pub const ROUTES: &[Route] = &[
    route("is_live", "GET /healthz", "", Nobody),
    route("is_ready", "GET /readyz", "", Nobody),
    route("list_problems", "GET /api/v1/problems", "", Nobody),
    route("list_templates", "GET /api/v1/templates", "", Nobody),
    route("download_template", "GET /api/v1/templates/statuses?format=xlsx", "", Nobody),
    route("download_dry_run", "GET /api/v1/dry-runs/fil-999999", "", Somebody),
    route("list_public_selection_runs", "GET /api/v1/public/selection-runs", "", Nobody),
    route(
        "download_public_selection_record",
        "GET /api/v1/public/selection-runs/alr-999999/record",
        "",
        Nobody,
    ),
    route("list_public_policies", "GET /api/v1/public/policies", "", Nobody),
    route(
        "check_offer_ids",
        "POST /api/v1/offers/check-ids",
        r#"{"device_ids":["00-DB-12-34-56-78-90-A2"]}"#,
        May(ManageOffers),
    ),
    route("get_public_policy", "GET /api/v1/public/policies/pol-000001", "", Nobody),
    route(
        "accept_invitation",
        "POST /api/v1/invitations/accept",
        r#"{"secret":"none","password":"correct horse battery"}"#,
        Nobody,
    ),
    route(
        "set_password",
        "POST /api/v1/passwords/set",
        r#"{"secret":"none","password":"correct horse battery"}"#,
        Nobody,
    ),
    route("get_me", "GET /api/v1/me", "", Somebody),
    route("list_own_organisations", "GET /api/v1/me/organisations", "", Somebody),
    route(
        "change_password",
        "PUT /api/v1/me/password",
        r#"{"current":"correct horse battery","new":"short"}"#,
        Somebody,
    ),
    route("list_sessions", "GET /api/v1/me/sessions", "", Somebody),
    route("end_session", "DELETE /api/v1/me/sessions/none", "", Somebody),
    route("list_tokens", "GET /api/v1/me/tokens", "", Somebody),
    route(
        "issue_token",
        "POST /api/v1/me/tokens",
        r#"{"name":"Script","scope":"read","days":1}"#,
        May(IssueTokens),
    ),
    route("revoke_token", "DELETE /api/v1/me/tokens/tok-999999", "", Somebody),
    route("list_offers", "GET /api/v1/offers", "", May(SeeOffers)),
    route("draft_offer", "POST /api/v1/offers", r#"{"quantity":0}"#, May(ManageOffers)),
    route("get_offer", "GET /api/v1/offers/off-999999", "", May(SeeBoard)),
    route("change_offer", "PUT /api/v1/offers/off-999999", r#"{"quantity":1}"#, May(ManageOffers)),
    route("list_offer_history", "GET /api/v1/offers/off-999999/history", "", May(SeeBoard)),
    route("list_offer_ids", "GET /api/v1/offers/off-999999/ids", "", May(SeeBoard)),
    route("submit_offer", "POST /api/v1/offers/off-999999/submit", "", May(ManageOffers)),
    route("publish_offer", "POST /api/v1/offers/off-999999/publish", "", May(PublishOffers)),
    route("return_offer", "POST /api/v1/offers/off-999999/return", REASON, May(PublishOffers)),
    route("suspend_offer", "POST /api/v1/offers/off-999999/suspend", REASON, May(PublishOffers)),
    route("resume_offer", "POST /api/v1/offers/off-999999/resume", "", May(PublishOffers)),
    route("withdraw_offer", "POST /api/v1/offers/off-999999/withdraw", REASON, May(ManageOffers)),
    route("close_offer", "POST /api/v1/offers/off-999999/close", REASON, May(ManageOffers)),
    route("list_requests", "GET /api/v1/requests", "", May(SeeOffers)),
    route("make_request", "POST /api/v1/requests", r#"{"quantity":0}"#, May(ManageRequests)),
    route("get_request", "GET /api/v1/requests/req-999999", "", May(SeeOffers)),
    route("list_request_history", "GET /api/v1/requests/req-999999/history", "", May(SeeOffers)),
    route(
        "change_request",
        "PUT /api/v1/requests/req-999999",
        r#"{"quantity":1}"#,
        May(ManageRequests),
    ),
    route("submit_request", "POST /api/v1/requests/req-999999/submit", "", May(ManageRequests)),
    route(
        "withdraw_request",
        "POST /api/v1/requests/req-999999/withdraw",
        REASON,
        May(ManageRequests),
    ),
    route(
        "turn_request",
        "POST /api/v1/requests/req-999999/turn",
        r#"{"offer":"off-999999","quantity":1,"minimum":1}"#,
        May(ManageRequests),
    ),
    route("list_board", "GET /api/v1/board", "", May(SeeBoard)),
    route("list_wanted", "GET /api/v1/board/wanted", "", May(SeeBoard)),
    route("export_board", "GET /api/v1/board/export", "", May(SeeBoard)),
    route("list_filters", "GET /api/v1/board/filters", "", May(SeeBoard)),
    route("save_filter", "POST /api/v1/board/filters", r#"{"name":"","filter":""}"#, May(SeeBoard)),
    route(
        "change_filter",
        "PUT /api/v1/board/filters/flt-999999",
        r#"{"notifies":true}"#,
        May(SeeBoard),
    ),
    route("drop_filter", "DELETE /api/v1/board/filters/flt-999999", "", May(SeeBoard)),
    route("list_excess", "GET /api/v1/excess?party=pty-000002", "", May(SeeStock)),
    route("offer_excess", "POST /api/v1/excess/offer", r#"{"picks":[]}"#, May(ManageOffers)),
    route("export_stock_rules", "GET /api/v1/stock-rules/holidays", "", May(SeeStockRules)),
    route(
        "load_stock_rules",
        "PUT /api/v1/stock-rules/interchangeability",
        "Wrong",
        May(ChangeStockRules),
    ),
    route("list_settings", "GET /api/v1/settings", "", May(SeeSettings)),
    route("get_setting", "GET /api/v1/settings/check.R05", "", May(SeeSettings)),
    route(
        "change_setting",
        "PUT /api/v1/settings/check.R05",
        r#"{"value":"off"}"#,
        May(ChangeSettings),
    ),
    route("list_people", "GET /api/v1/people", "", May(SeePeople)),
    route("get_person", "GET /api/v1/people/usr-999999", "", May(SeePeople)),
    route(
        "invite_person",
        "POST /api/v1/people",
        r#"{"email":"n@example.com","name":"N","organisation":"pty-000002","role":"warehouse"}"#,
        May(ManagePeople),
    ),
    route(
        "grant_role",
        "PUT /api/v1/people/usr-999999/roles/pty-000002/warehouse",
        "",
        May(ManagePeople),
    ),
    route(
        "revoke_role",
        "DELETE /api/v1/people/usr-999999/roles/pty-000002/warehouse",
        "",
        May(ManagePeople),
    ),
    route(
        "deactivate_person",
        "POST /api/v1/people/usr-999999/deactivate",
        REASON,
        May(ManagePeople),
    ),
    route("reactivate_person", "POST /api/v1/people/usr-999999/reactivate", "", May(ManagePeople)),
    route(
        "issue_password_link",
        "POST /api/v1/people/usr-999999/password-link",
        "",
        May(ManagePeople),
    ),
    route("list_parties", "GET /api/v1/parties", "", May(SeeParties)),
    route("get_party", "GET /api/v1/parties/ABEL", "", May(SeeParties)),
    route(
        "change_party",
        "PUT /api/v1/parties/pty-999999",
        r#"{"signifier":"A","legal_name":"A","category":"Large Supplier","group":"","user_ids":"",
            "service_user_reference":"A","status":"Active","may_hold_hubs":true}"#,
        May(ManageParties),
    ),
    route("list_contacts", "GET /api/v1/parties/pty-999999/contacts", "", May(SeeDirectory)),
    route(
        "add_contact",
        "POST /api/v1/parties/pty-999999/contacts",
        r#"{"purpose":"post","name":"N","email":"n@example.com"}"#,
        May(ManageDirectory),
    ),
    route(
        "get_contact",
        "GET /api/v1/parties/pty-999999/contacts/con-999999",
        "",
        May(SeeDirectory),
    ),
    route(
        "change_contact",
        "PUT /api/v1/parties/pty-999999/contacts/con-999999",
        r#"{"purpose":"stock","name":"N","email":"n@example.com"}"#,
        May(ManageDirectory),
    ),
    route(
        "drop_contact",
        "DELETE /api/v1/parties/pty-999999/contacts/con-999999",
        "",
        May(ManageDirectory),
    ),
    route("list_locations", "GET /api/v1/parties/pty-999999/locations", "", May(SeeDirectory)),
    route(
        "add_location",
        "POST /api/v1/parties/pty-999999/locations",
        r#"{"name":"N","address":"1 Quay","region":"Nowhere","is_active":true}"#,
        May(ManageDirectory),
    ),
    route(
        "get_location",
        "GET /api/v1/parties/pty-999999/locations/loc-999999",
        "",
        May(SeeDirectory),
    ),
    route(
        "change_location",
        "PUT /api/v1/parties/pty-999999/locations/loc-999999",
        r#"{"name":"N","address":"1 Quay","region":"North","is_active":true}"#,
        May(ManageDirectory),
    ),
    route(
        "drop_location",
        "DELETE /api/v1/parties/pty-999999/locations/loc-999999",
        "",
        May(ManageDirectory),
    ),
    route("list_imports", "GET /api/v1/imports", "", May(SeeImports)),
    route(
        "submit_import",
        "POST /api/v1/imports?kind=deliveries&name=a.csv",
        "",
        May(LoadInventory),
    ),
    route("submit_import", "POST /api/v1/imports?kind=parties&name=a.csv", "", May(ManageParties)),
    route(
        "check_import",
        "POST /api/v1/imports/check?kind=statuses&name=a.csv",
        "",
        May(LoadInventory),
    ),
    route("get_import", "GET /api/v1/imports/imp-999999", "", May(SeeImports)),
    route("download_import_answer", "GET /api/v1/imports/imp-999999/answer", "", May(SeeImports)),
    route(
        "authorise_snapshot",
        "POST /api/v1/imports/imp-999999/authorise",
        "",
        May(AuthoriseSnapshot),
    ),
    route(
        "reject_snapshot",
        "POST /api/v1/imports/imp-999999/reject",
        REASON,
        May(AuthoriseSnapshot),
    ),
    route("search_hubs", "GET /api/v1/hubs", "", May(SeeHubs)),
    route("export_hubs", "GET /api/v1/hubs/export", "", May(SeeHubs)),
    route("get_hub", "GET /api/v1/hubs/00-DB-12-34-56-78-90-A2", "", May(SeeHubs)),
    route(
        "quarantine_hub",
        "POST /api/v1/hubs/00-DB-12-34-56-78-90-A2/quarantine",
        REASON,
        May(Quarantine),
    ),
    route(
        "release_hub",
        "POST /api/v1/hubs/00-DB-12-34-56-78-90-A2/release",
        REASON,
        May(Quarantine),
    ),
    route("count_stock", "GET /api/v1/stock", "", May(SeeStock)),
    route("list_transfer_files", "GET /api/v1/transfer-files", "", May(SeeTransferFiles)),
    route(
        "submit_transfer_file",
        "POST /api/v1/transfer-files?name=a.csv",
        "CommsHubID,NewServiceUserReference\r\n",
        May(PrepareTransferFile),
    ),
    route(
        "check_transfer_file",
        "POST /api/v1/transfer-files/check?name=a.csv",
        "CommsHubID,NewServiceUserReference\r\n",
        May(PrepareTransferFile),
    ),
    route(
        "generate_transfer_file",
        "POST /api/v1/transfer-files/generate",
        r#"{"ids":["00-DB-12-34-56-78-90-A2"],"to_reference":"BRIO","reference":"T-1"}"#,
        May(PrepareTransferFile),
    ),
    route("get_transfer_file", "GET /api/v1/transfer-files/ctf-999999", "", May(SeeTransferFiles)),
    route(
        "authorise_transfer_file",
        "POST /api/v1/transfer-files/ctf-999999/authorise",
        "",
        May(AuthoriseTransferFile),
    ),
    route(
        "reject_transfer_file",
        "POST /api/v1/transfer-files/ctf-999999/reject",
        REASON,
        May(AuthoriseTransferFile),
    ),
    route(
        "withdraw_transfer_file",
        "POST /api/v1/transfer-files/ctf-999999/withdraw",
        REASON,
        May(PrepareTransferFile),
    ),
    route(
        "list_transfer_file_history",
        "GET /api/v1/transfer-files/ctf-999999/history",
        "",
        May(SeeTransferFiles),
    ),
    route(
        "list_transfer_file_lines",
        "GET /api/v1/transfer-files/ctf-999999/lines",
        "",
        May(SeeTransferFiles),
    ),
    route(
        "download_original_file",
        "GET /api/v1/transfer-files/ctf-999999/original",
        "",
        May(SeeTransferFiles),
    ),
    route(
        "download_response_file",
        "GET /api/v1/transfer-files/ctf-999999/response",
        "",
        May(SeeTransferFiles),
    ),
    route(
        "download_rejected_lines",
        "GET /api/v1/transfer-files/ctf-999999/errors",
        "",
        May(SeeTransferFiles),
    ),
    route(
        "scan_for_transfer",
        "POST /api/v1/transfers/trf-999999/lists/sender/scans",
        r#"{"codes":["PAL1"]}"#,
        May(Dispatch),
    ),
    route(
        "download_transfer_document",
        "GET /api/v1/transfers/trf-999999/documents/delivery-note",
        "",
        May(SeeTransfers),
    ),
    route("list_installed_before", "GET /api/v1/installed-before", "", May(SeeInstalledQueue)),
    route(
        "settle_installed_before",
        "POST /api/v1/installed-before/999999/settle",
        r#"{"note":"done"}"#,
        May(SettleInstalledQueue),
    ),
    route("list_delivery_reports", "GET /api/v1/delivery-reports", "", May(SeeDeliveryReport)),
    route(
        "run_delivery_report",
        "POST /api/v1/delivery-reports",
        r#"{"format":"csv"}"#,
        May(RunDeliveryReport),
    ),
    route(
        "get_delivery_report",
        "GET /api/v1/delivery-reports/esi-999999",
        "",
        May(SeeDeliveryReport),
    ),
    route(
        "download_delivery_report",
        "GET /api/v1/delivery-reports/esi-999999/file",
        "",
        May(SeeDeliveryReport),
    ),
    route("list_selection_policies", "GET /api/v1/selection-policies", "", May(SeePolicies)),
    route("draft_selection_policy", "POST /api/v1/selection-policies", POLICY, May(ManagePolicies)),
    route(
        "get_selection_policy",
        "GET /api/v1/selection-policies/pol-999999",
        "",
        May(SeePolicies),
    ),
    route(
        "change_selection_policy",
        "PUT /api/v1/selection-policies/pol-999999",
        POLICY,
        May(ManagePolicies),
    ),
    route(
        "publish_selection_policy",
        "POST /api/v1/selection-policies/pol-999999/publish",
        r#"{"approval":"SECP 1"}"#,
        May(ManagePolicies),
    ),
    route(
        "withdraw_selection_policy",
        "POST /api/v1/selection-policies/pol-999999/withdraw",
        REASON,
        May(ManagePolicies),
    ),
    route(
        "simulate_selection_policy",
        "GET /api/v1/selection-policies/pol-999999/simulation",
        "",
        May(SeePolicies),
    ),
    route("list_selection_runs", "GET /api/v1/selection-runs", "", May(SeeSelection)),
    route(
        "run_selection",
        "POST /api/v1/selection-runs",
        r#"{"offer":"off-999999"}"#,
        May(RunSelection),
    ),
    route("get_selection_run", "GET /api/v1/selection-runs/alr-999999", "", May(SeeSelection)),
    route(
        "download_selection_record",
        "GET /api/v1/selection-runs/alr-999999/record",
        "",
        May(SeeSelection),
    ),
    route(
        "download_selection_explanation",
        "GET /api/v1/selection-runs/alr-999999/explanation",
        "",
        May(SeeSelection),
    ),
    route("list_waiting_selections", "GET /api/v1/selection-waiting", "", May(SeeSelection)),
    route("list_transfers", "GET /api/v1/transfers", "", May(SeeTransfers)),
    route(
        "notify_direct_transfer",
        "POST /api/v1/transfers",
        r#"{"sender":"none","receiver":"none","specification":{"manufacturer":"m","model":"m","han_variant":"h","wan_variant":"w","region":"r"},"quantity":1}"#,
        May(AgreeTransfers),
    ),
    route("get_transfer", "GET /api/v1/transfers/trf-999999", "", May(SeeTransfers)),
    route(
        "list_transfer_history",
        "GET /api/v1/transfers/trf-999999/history",
        "",
        May(SeeTransfers),
    ),
    route(
        "confirm_transfer",
        "POST /api/v1/transfers/trf-999999/confirm",
        "{}",
        May(AgreeTransfers),
    ),
    route(
        "cancel_transfer",
        "POST /api/v1/transfers/trf-999999/cancel",
        REASON,
        May(AgreeTransfers),
    ),
    route(
        "hold_transfer",
        "POST /api/v1/transfers/trf-999999/hold",
        REASON,
        May(SuperviseTransfers),
    ),
    route(
        "release_transfer",
        "POST /api/v1/transfers/trf-999999/release",
        "",
        May(SuperviseTransfers),
    ),
    route(
        "reverse_transfer",
        "POST /api/v1/transfers/trf-999999/reverse",
        REASON,
        May(SuperviseTransfers),
    ),
    route(
        "dispatch_transfer",
        "POST /api/v1/transfers/trf-999999/dispatch",
        r#"{"on":"2026-11-23","carrier":"c","consignment_note":"n"}"#,
        May(Dispatch),
    ),
    route(
        "note_transfer_arrival",
        "POST /api/v1/transfers/trf-999999/arrive",
        r#"{"on":"2026-11-23","condition":"good"}"#,
        May(Receive),
    ),
    route("receive_transfer", "POST /api/v1/transfers/trf-999999/receive", "", May(Receive)),
    route("list_transfer_lines", "GET /api/v1/transfers/trf-999999/lines", "", May(SeeTransfers)),
    route(
        "correct_transfer_lines",
        "POST /api/v1/transfers/trf-999999/correct",
        r#"{"ids":["00-DB-12-34-56-78-90-A2"],"correction":"found"}"#,
        May(Dispatch),
    ),
    route(
        "prepare_transfer",
        "POST /api/v1/transfers/trf-999999/prepare",
        "",
        May(PrepareTransferFile),
    ),
    route(
        "download_transfer_table",
        "GET /api/v1/transfers/trf-999999/tables/lines",
        "",
        May(SeeTransfers),
    ),
    route(
        "get_hub_responsibility",
        "GET /api/v1/hubs/00-DB-FF-34-56-78-90-A2/responsibility",
        "",
        May(SeeTransfers),
    ),
    route("get_transfer_list", "GET /api/v1/transfers/trf-999999/lists/sender", "", May(Dispatch)),
    route(
        "clear_transfer_list",
        "DELETE /api/v1/transfers/trf-999999/lists/receiver",
        "",
        May(Receive),
    ),
    route(
        "add_file_to_transfer_list",
        "POST /api/v1/transfers/trf-999999/lists/sender/file",
        "CommsHubID",
        May(Dispatch),
    ),
    route(
        "add_ids_to_transfer_list",
        "POST /api/v1/transfers/trf-999999/lists/receiver/ids",
        r#"{"ids":["PAL1"]}"#,
        May(Receive),
    ),
    route(
        "scan_into_transfer_list",
        "POST /api/v1/transfers/trf-999999/lists/sender/scan",
        r#"{"code":"PAL1"}"#,
        May(Dispatch),
    ),
    route(
        "remove_from_transfer_list",
        "POST /api/v1/transfers/trf-999999/lists/sender/remove",
        r#"{"ids":[]}"#,
        May(Dispatch),
    ),
    route(
        "start_receipt_from_manifest",
        "POST /api/v1/transfers/trf-999999/start-receipt",
        "",
        May(Receive),
    ),
    route(
        "start_dispatch_from_offer",
        "POST /api/v1/transfers/trf-999999/start-dispatch",
        "",
        May(Dispatch),
    ),
    route(
        "set_receipt_verdicts",
        "POST /api/v1/transfers/trf-999999/verdicts",
        r#"{"ids":[]}"#,
        May(Receive),
    ),
    route("read_journal", "GET /api/v1/journal", "", May(ReadJournal)),
    route("get_journal_entry", "GET /api/v1/journal/1", "", May(ReadJournal)),
    route("list_notices", "GET /api/v1/me/notices", "", Somebody),
    route("read_notice", "POST /api/v1/me/notices/ntc-999999/read", "", May(ReadNotices)),
    route(
        "read_notices",
        "POST /api/v1/me/notices/read",
        r#"{"last":"ntc-000001"}"#,
        May(ReadNotices),
    ),
    route("list_notification_choices", "GET /api/v1/me/notifications", "", Somebody),
    route(
        "choose_notification",
        "PUT /api/v1/me/notifications/hubs-moved",
        r#"{"delivery":"digest"}"#,
        May(ReadNotices),
    ),
    route("list_mail", "GET /api/v1/mail", "", May(SeeMail)),
    route("get_mail", "GET /api/v1/mail/msg-999999", "", May(SeeMail)),
    route("retry_mail", "POST /api/v1/mail/msg-999999/retry", "", May(RetryMail)),
    route("list_failed_jobs", "GET /api/v1/jobs/failed", "", May(SeeFailedJobs)),
    route("rerun_job", "POST /api/v1/jobs/job-999999/rerun", "", May(RerunJobs)),
    route("get_filter", "GET /api/v1/board/filters/flt-999999", "", May(SeeBoard)),
    route(
        "get_installed_before",
        "GET /api/v1/installed-before/999999",
        "",
        May(SeeInstalledQueue),
    ),
    route("get_notification_choice", "GET /api/v1/me/notifications/none", "", Somebody),
    route(
        "prove_delivery_report",
        "GET /api/v1/delivery-reports/esi-999999/proof",
        "",
        May(SeeDeliveryReport),
    ),
    route("download_report", "GET /api/v1/reports/file-processing", "", May(SeeTransferFiles)),
    route("download_report", "GET /api/v1/reports/exceptions", "", May(SeeTransfers)),
    route("download_report", "GET /api/v1/reports/audit-extract", "", May(ReadJournal)),
    // A job that one may not see is one that there is not.
    route("get_job", "GET /api/v1/jobs/job-999999", "", Somebody),
    route("follow_job", "GET /api/v1/jobs/job-999999/events", "", Somebody),
];

/// The operations of the document, with their calls: `GET /api/v1/me get_me`.
fn operations() -> BTreeSet<String> {
    let document: Value = serde_json::from_str(&web::api::document()).unwrap();
    let mut all = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(all.insert(format!("{id} {} {path}", method.to_uppercase())), "{id}");
        }
    }
    all
}

/// Whether a call is one of this address: `/people/{id}` takes `/people/usr-000001`.
fn is_at(path: &str, template: &str) -> bool {
    let path = path.split('?').next().unwrap();
    let (path, template): (Vec<&str>, Vec<&str>) =
        (path.split('/').collect(), template.split('/').collect());
    path.len() == template.len()
        && path.iter().zip(&template).all(|(part, place)| place.starts_with('{') || part == place)
}

#[test]
fn every_route_has_a_row() {
    let rows: Vec<(&str, &str, &str)> = ROUTES
        .iter()
        .map(|route| {
            let (method, path) = route.call.split_once(' ').unwrap();
            (route.operation, method, path)
        })
        .collect();
    let operations = operations();
    for operation in &operations {
        let parts: Vec<&str> = operation.split(' ').collect();
        let row = rows.iter().find(|(id, method, path)| {
            *id == parts[0] && *method == parts[1] && is_at(path, parts[2])
        });
        assert!(row.is_some(), "no row for {operation}");
    }
    for (id, method, path) in rows {
        let known = operations.iter().any(|operation| operation.starts_with(&format!("{id} ")));
        assert!(known, "{method} {path} is no operation");
    }
}

fn request(route: &Route, who: Option<(&str, String)>) -> Request<Body> {
    let (method, path) = route.call.split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(path).header(IF_MATCH, "*");
    request = request.header("sec-fetch-site", "same-origin");
    if let Some((name, value)) = who {
        request = request.header(name, value);
    }
    request.body(Body::from(route.body)).unwrap()
}

#[test]
fn every_route_as_every_role_and_as_nobody() {
    both(|world| async move {
        for route in ROUTES {
            let status = world.send(request(route, None)).await.status;
            match route.needs {
                Nobody => assert_ne!(status, StatusCode::UNAUTHORIZED, "{}", route.call),
                Somebody | May(_) => assert_eq!(status, StatusCode::UNAUTHORIZED, "{}", route.call),
            }
        }
        for role in Role::ALL {
            let session = world.session(*role);
            for route in ROUTES {
                let answer = world.send(request(route, Some(cookie(&session)))).await;
                let status = answer.status;
                let what = format!("{} as {}: {status} {}", route.call, role.word(), answer.text());
                let may = match route.needs {
                    Nobody | Somebody => true,
                    May(action) => reach(*role, action) != Reach::Nothing,
                };
                if may {
                    assert!(!status.is_server_error(), "{what}");
                    assert_ne!(status, StatusCode::UNAUTHORIZED, "{what}");
                    assert_ne!(status, StatusCode::FORBIDDEN, "{what}");
                } else {
                    assert_eq!(status, StatusCode::FORBIDDEN, "{what}");
                }
            }
        }
    });
}

#[test]
fn a_call_without_if_match_is_refused_where_the_document_says_so() {
    both(|world| async move {
        let document: Value = serde_json::from_str(&web::api::document()).unwrap();
        let wants = |id: &str| {
            let paths = document["paths"].as_object().unwrap().values();
            let mut all = paths.flat_map(|methods| methods.as_object().unwrap().values());
            let operation = all.find(|operation| operation["operationId"] == id).unwrap();
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            parameters.iter().any(|parameter| parameter["name"] == "If-Match")
        };
        let session = world.session(Role::SystemAdmin);
        for route in ROUTES {
            let mut request = request(route, Some(cookie(&session)));
            request.headers_mut().remove(IF_MATCH);
            let answer = world.send(request).await;
            let refused = answer.status == StatusCode::PRECONDITION_REQUIRED;
            assert_eq!(refused, wants(route.operation), "{}: {}", route.call, answer.text());
        }
    });
}

#[test]
fn a_token_that_reads_changes_nothing_and_no_token_makes_another() {
    both(|world| async move {
        let tokens: Vec<(&Role, String)> =
            Role::ALL.iter().map(|role| (role, world.token(*role, false))).collect();
        let entries = world.count("journal");
        for (role, token) in tokens {
            for route in ROUTES.iter().filter(|route| !route.call.starts_with("GET ")) {
                if matches!(route.needs, Nobody) {
                    continue;
                }
                let who = ("authorization", format!("Bearer {token}"));
                let answer = world.send(request(route, Some(who))).await;
                let what = format!("{} as {}: {}", route.call, role.word(), answer.text());
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{what}");
            }
        }
        assert_eq!(world.count("journal"), entries);

        let token = world.token(Role::SystemAdmin, true);
        let new = serde_json::json!({"name": "More", "scope": "write", "days": 1});
        let more = world.call(&token, "POST /me/tokens", Some(new)).await;
        assert_eq!(more.status, StatusCode::FORBIDDEN);
    });
}

#[test]
fn what_is_another_partys_is_not_there() {
    both(|world| async move {
        let token = world.token(Role::PartyAdmin, true);
        let call =
            async |call: &str| world.call_with(&token, call, &[("if-match", "*")], None).await;
        let foreign = call("GET /people?organisation=pty-000002").await;
        assert_eq!(foreign.status, StatusCode::NOT_FOUND);
        let auditor = world.actor(Role::Auditor).user;
        for what in [
            format!("GET /people/{auditor}"),
            format!("PUT /people/{auditor}/roles/pty-000002/warehouse"),
            format!("PUT /people/{auditor}/roles/pty-000001/warehouse"),
            "GET /hubs?party=BRIO".to_owned(),
            "GET /stock?party=BRIO".to_owned(),
        ] {
            let answer = call(&what).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{what}: {}", answer.text());
        }
        let own = call("GET /people").await.json();
        assert_eq!(own["items"].as_array().unwrap().len(), 1, "{own}");
    });
}
