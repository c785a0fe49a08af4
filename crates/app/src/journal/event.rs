//! Everything that the journal can say.
//!
//! An event holds what is needed to do the change again on an empty database, together with the
//! stored files that it names by their SHA-256 in hexadecimal.

use std::collections::BTreeMap;

use domain::ids::{
    AllocationRunId, ImportId, JobId, MessageId, OfferId, PartyId, PolicyId, ReportRunId,
    RequestId, SavedFilterId, TokenId, TransferFileId, TransferId, UserId,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How many lines came to what: `{"S00": 895, "R01": 1}`.
pub type Counts = BTreeMap<String, u64>;

/// What a request was given of an offer, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// The request.
    pub request: i64,
    /// How many hubs; 0 if it was not selected.
    pub quantity: i64,
    /// Why, in a sentence.
    pub reason: String,
}

/// An offer that suits a wanted request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Match {
    /// The offer.
    pub offer: i64,
    /// The wanted request.
    pub request: i64,
    /// What does not quite suit; empty if all does.
    pub warning: String,
}

/// One thing that happened. The variant's name is the entry's kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all_fields = "snake_case")]
#[allow(missing_docs, reason = "the fields are named as in the reference that is drawn from them")]
pub enum Event {
    /// A person was added, or invited.
    PersonAdded { user: i64, email: String, name: String, invited: bool },
    /// A person was invited to a role at an organisation (0 is the centre).
    PersonInvited { user: i64, organisation: i64, role: String, expires_at: i64 },
    /// A link was made with which a person can set a new password.
    PasswordLinkIssued { user: i64, expires_at: i64 },
    /// A person set a password.
    PasswordSet { user: i64 },
    /// A role was granted at an organisation (0 is the centre).
    RoleGranted { user: i64, organisation: i64, role: String },
    /// A role was taken back.
    RoleRevoked { user: i64, organisation: i64, role: String },
    /// A person can no longer sign in.
    PersonDeactivated { user: i64, reason: String },
    /// A person can sign in again.
    PersonReactivated { user: i64 },
    /// A person signed in.
    SignedIn { user: i64 },
    /// An API token was issued.
    TokenIssued {
        token: i64,
        user: i64,
        organisation: i64,
        name: String,
        scope: String,
        expires_at: i64,
    },
    /// An API token was revoked.
    TokenRevoked { token: i64 },
    /// A setting was changed.
    SettingChanged { name: String, from: Option<String>, to: String },
    /// A holiday was put in the table, or renamed.
    HolidaySet { day: String, name: String },
    /// A holiday was taken out of the table.
    HolidayDropped { day: String },
    /// One Party was changed on its page.
    PartyChanged { party: i64, from: BTreeMap<String, String>, to: BTreeMap<String, String> },
    /// A contact of a Party was added, or changed to this.
    PartyContactSet {
        contact: i64,
        party: i64,
        purpose: String,
        name: String,
        email: String,
        telephone: String,
    },
    /// A contact of a Party was removed.
    PartyContactDropped { contact: i64, party: i64 },
    /// A delivery location of a Party was added, or changed to this.
    DeliveryLocationSet {
        location: i64,
        party: i64,
        name: String,
        address: String,
        region: String,
        notes: String,
        is_active: bool,
    },
    /// A delivery location of a Party was removed.
    DeliveryLocationDropped { location: i64, party: i64 },

    /// A file of Parties, deliveries, statuses or a snapshot came in.
    ImportReceived { import: i64, what: String, name: String, sha256: String },
    /// It was refused whole.
    ImportRefused { import: i64, reason: String },
    /// The lines that begin in these bytes of the file were loaded.
    ImportLoaded {
        import: i64,
        from_offset: u64,
        first_line: u64,
        to_offset: u64,
        to_line: u64,
        counts: Counts,
        /// The SHA-256 of the answers to these lines.
        answers_sha256: String,
    },
    /// All of it was loaded.
    ImportFinished { import: i64, counts: Counts },
    /// The lines of a snapshot that begin in these bytes were compared with the inventory.
    SnapshotPartCompared {
        import: i64,
        from_offset: u64,
        first_line: u64,
        to_offset: u64,
        to_line: u64,
        counts: Counts,
        answers_sha256: String,
    },
    /// A snapshot was compared with the inventory.
    SnapshotCompared { import: i64, counts: Counts, absent_sha256: Option<String> },
    /// A snapshot's differences are to be applied.
    SnapshotAuthorised { import: i64 },
    /// A snapshot's differences are not to be applied.
    SnapshotRejected { import: i64, reason: String },
    /// A hub was put into quarantine.
    HubQuarantined { hub: String, reason: String },
    /// A hub was taken out of quarantine.
    HubReleased { hub: String, reason: String },

    /// A transfer file came in.
    TransferFileReceived { transfer_file: i64, name: String, sha256: String, all_or_nothing: bool },
    /// It was generated here, from a list of hubs and a new Party.
    TransferFileGenerated { name: String, sha256: String, sequence: i64, hubs: u64 },
    /// It was refused whole: the stable word for it, and the reason as a sentence.
    TransferFileRefused { transfer_file: i64, word: Option<String>, reason: String },
    /// Each line was checked; somebody is to decide by then.
    TransferFileValidated {
        transfer_file: i64,
        counts: Counts,
        outcomes_sha256: String,
        authorise_by: Option<i64>,
    },
    /// Another person authorised it.
    TransferFileAuthorised { transfer_file: i64 },
    /// Somebody tried to authorise and was refused.
    TransferFileAuthorisationRefused { transfer_file: i64, reason: String },
    /// The authoriser rejected it.
    TransferFileRejected { transfer_file: i64, reason: String },
    /// Its preparer withdrew it.
    TransferFileWithdrawn { transfer_file: i64, reason: String },
    /// It was applied: hubs moved.
    TransferFileApplied {
        transfer_file: i64,
        move_number: Option<i64>,
        counts: Counts,
        outcomes_sha256: String,
        response_sha256: String,
    },
    /// It was neither authorised nor rejected nor withdrawn in time.
    TransferFileOverdue { transfer_file: i64 },
    /// It could not be applied; nothing moved.
    TransferFileFailed { transfer_file: i64, reason: String },
    /// Finance settled a line of the queue of hubs installed before their file was processed.
    InstalledBeforeSettled { item: i64, note: String },

    /// ESI-013 was asked for; nobody asks when the schedule does.
    DeliveryReportRequested { run: i64, format: String, due_at: Option<i64> },
    /// ESI-013 was written.
    DeliveryReportWritten {
        run: i64,
        generated_at: i64,
        journal_seq: i64,
        hubs: u64,
        size: u64,
        sha256: String,
        file_name: String,
    },
    /// ESI-013 could not be written.
    DeliveryReportFailed { run: i64, reason: String },
    // Offers and requests.
    /// An offer was drafted for a Party.
    OfferDrafted {
        offer: i64,
        party: i64,
        terms: BTreeMap<String, String>,
        firmware: BTreeMap<String, i64>,
        ids_sha256: Option<String>,
    },
    /// What an offer says was changed; this is what it says now.
    OfferChanged {
        offer: i64,
        terms: BTreeMap<String, String>,
        firmware: BTreeMap<String, i64>,
        ids_sha256: Option<String>,
        /// When it takes no more requests and when it expires, if that changed with it.
        #[serde(default)]
        closes_at: Option<i64>,
        #[serde(default)]
        expires_at: Option<i64>,
    },
    /// An offer was sent to the DCC; its stock is reserved.
    OfferSubmitted { offer: i64, publish_by: i64 },
    /// An offer was sent back to its Party.
    OfferReturned { offer: i64, reason: String },
    /// An offer was put on the board.
    OfferPublished { offer: i64, policy: Option<i64>, closes_at: i64, expires_at: i64 },
    /// The DCC did not publish or return an offer in time.
    OfferPublicationOverdue { offer: i64 },
    /// Nobody asked for an offer in time, so it takes requests for longer.
    OfferClosingMoved { offer: i64, closes_at: i64 },
    /// An offer takes no more requests.
    OfferClosedToRequests { offer: i64, select_by: i64 },
    /// The time of an offer is over while requests wait for selection: that comes first.
    OfferExpiryWaits { offer: i64 },
    /// Selection left something of an offer over: it takes requests again.
    OfferReopened { offer: i64, closes_at: i64 },
    /// Hubs of an offer were given to requests; a request that gets none is not selected.
    OfferAllocated { offer: i64, given: Vec<Given> },
    /// What a request was given of an offer lapsed or was cancelled.
    AllocationGivenBack { offer: i64, request: i64, quantity: i64 },
    /// The DCC took an offer off the board for a time.
    OfferSuspended { offer: i64, reason: String },
    /// The DCC put an offer back on the board.
    OfferResumed { offer: i64 },
    /// An offer was taken back; requests that waited for it lapsed.
    OfferWithdrawn { offer: i64, reason: String },
    /// An offer ended; what was allocated stands, requests that waited for it lapsed.
    OfferClosed {
        offer: i64,
        reason: String,
        /// Whether the hubs that it lists stay held for its transfers that are not dispatched yet.
        #[serde(default)]
        keeps_hubs: bool,
    },
    /// An offer's time ended; requests that waited for it lapsed.
    OfferExpired { offer: i64 },
    /// A request was drafted, for an offer or as wanted.
    RequestDrafted { request: i64, party: i64, offer: Option<i64>, asked: BTreeMap<String, String> },
    /// What a request asks for was changed; this is what it asks for now.
    RequestChanged {
        request: i64,
        asked: BTreeMap<String, String>,
        /// When it is no longer wanted, if it is on the board.
        #[serde(default)]
        expires_at: Option<i64>,
    },
    /// A request was received for an offer.
    RequestQueued { request: i64, offer: i64 },
    /// A request was put on the board as wanted.
    RequestWanted {
        request: i64,
        /// When it is no longer wanted.
        #[serde(default)]
        expires_at: Option<i64>,
    },
    /// A wanted request became a request for an offer; the rest stays wanted under a new number.
    RequestTurned { request: i64, offer: i64, quantity: i64, minimum: i64, rest: Option<i64> },
    /// A request was taken back.
    RequestWithdrawn { request: i64, reason: String },
    /// The time of a wanted request is over.
    RequestLapsed { request: i64, reason: String },
    /// Offers that suit wanted requests; both sides are to be told.
    WantedMatched { matches: Vec<Match> },
    /// A person saved a filter of the board.
    FilterSaved {
        filter: i64,
        user: i64,
        organisation: i64,
        name: String,
        query: String,
        notifies: bool,
    },
    /// A saved filter began or ceased to notify.
    FilterChanged { filter: i64, notifies: bool },
    /// A saved filter was removed.
    FilterDropped { filter: i64 },
    /// The DCC said whether one kind of stock may stand in for another.
    InterchangeabilitySet { dimension: String, offered: String, wanted: String, rule: String },
    /// The DCC took a pair out of the table of interchangeability.
    InterchangeabilityDropped { dimension: String, offered: String, wanted: String },
    /// The DCC set the installation end date of a CHTS version.
    InstallationEndSet { chts_version: String, ends_on: String },
    /// The DCC took the installation end date of a CHTS version out.
    InstallationEndDropped { chts_version: String },
    // Selection.
    /// A version of the selection policy was drafted.
    PolicyDrafted { policy: i64, title: String, text: String, steps: String },
    /// A draft of the selection policy was changed.
    PolicyChanged { policy: i64, title: String, text: String, steps: String },
    /// A version of the selection policy was published; it comes into force after its notice.
    PolicyPublished { policy: i64, approval: String, in_force_from: i64, rules: String },
    /// A version of the selection policy was withdrawn before it was in force.
    PolicyWithdrawn { policy: i64, reason: String },
    /// A version of the selection policy came into force.
    PolicyInForce { policy: i64 },
    /// With an offer whose policy has a lottery, the commitment to the lottery's secret was published.
    LotteryCommitted { offer: i64, commitment: String },
    /// Selection was run over an offer; the stored record says who got what and why.
    SelectionRun {
        run: i64,
        offer: i64,
        policy: i64,
        record_sha256: String,
        available: i64,
        given: i64,
        /// The Parties of the requests, in the order in which the record has the requests.
        parties: Vec<i64>,
    },
    // Transfers.
    /// Selection gave stock of an offer to a request.
    TransferAgreed {
        transfer: i64,
        offer: i64,
        request: i64,
        run: Option<i64>,
        sender: i64,
        receiver: i64,
        specification: BTreeMap<String, String>,
        firmware: Vec<String>,
        quantity: i64,
    },
    /// One of two Parties notified a transfer that they agreed between themselves; selection was skipped.
    TransferNotified {
        transfer: i64,
        /// The side that notified it, which has confirmed it thereby.
        side: String,
        sender: i64,
        receiver: i64,
        specification: BTreeMap<String, String>,
        firmware: Vec<String>,
        quantity: i64,
        notes: String,
    },
    /// A transfer was opened that takes an earlier one back.
    TransferReversalOpened { transfer: i64, reverses: i64, quantity: i64, reason: String },
    /// One side confirmed.
    TransferConfirmed { transfer: i64, side: String },
    /// It was not confirmed in time.
    TransferLapsed { transfer: i64 },
    /// It was called off before dispatch.
    TransferCancelled { transfer: i64, side: Option<String>, reason: String },
    /// The DCC stopped it.
    TransferHeld { transfer: i64, reason: String },
    /// The DCC let it go on.
    TransferReleased { transfer: i64 },
    /// The sender declared what left its warehouse.
    TransferDispatched {
        transfer: i64,
        on: String,
        carrier: String,
        consignment_note: String,
        seals: String,
        manifest_sha256: String,
        hubs: u64,
    },
    /// The receiver declared that it arrived.
    TransferArrived { transfer: i64, on: String, condition: String, note: String },
    /// The receiver declared what it received, and both lists were compared.
    TransferReceived { transfer: i64, receipt_sha256: String, outcomes: Counts },
    /// Lines that waited were corrected; the file names them.
    TransferLinesCorrected {
        transfer: i64,
        side: Option<String>,
        correction: String,
        lines_sha256: String,
        reason: String,
        outcomes: Counts,
        first_ready: bool,
    },
    /// The transfer file of the lines that are ready was prepared, bound to both Parties' lists.
    TransferFilePrepared {
        transfer: i64,
        transfer_file: i64,
        manifest_sha256: String,
        receipt_sha256: String,
        hubs: u64,
    },
    /// The transfer file came to nothing; the lines wait for another.
    TransferFileDropped { transfer: i64, transfer_file: i64 },
    /// Its transfer file was applied, or its last line was dropped.
    TransferCompleted {
        transfer: i64,
        transfer_file: Option<i64>,
        moved: u64,
        waiting: u64,
        with_exceptions: bool,
    },
    /// A deadline of it passed.
    TransferOverdue { transfer: i64, what: String },
    // Notices and e-mails.
    /// A person chose how to be told of a kind of thing by e-mail.
    NotificationChosen { user: i64, kind: String, delivery: String },
    /// An e-mail that was refused or given up was put in the outbox again.
    MailRetried { message: i64 },
    /// Nobody was told of an entry, because the program could not make sense of it.
    EntryNotTold { entry: i64, reason: String },
    // Jobs.
    /// Somebody had a job run again that had failed for good.
    JobRerun { job: i64, what: String, subject: i64 },
}

/// Every kind of entry, in the order of [`Event`].
pub const KINDS: &[&str] = &[
    "PersonAdded",
    "PersonInvited",
    "PasswordLinkIssued",
    "PasswordSet",
    "RoleGranted",
    "RoleRevoked",
    "PersonDeactivated",
    "PersonReactivated",
    "SignedIn",
    "TokenIssued",
    "TokenRevoked",
    "SettingChanged",
    "HolidaySet",
    "HolidayDropped",
    "PartyChanged",
    "PartyContactSet",
    "PartyContactDropped",
    "DeliveryLocationSet",
    "DeliveryLocationDropped",
    "ImportReceived",
    "ImportRefused",
    "ImportLoaded",
    "ImportFinished",
    "SnapshotPartCompared",
    "SnapshotCompared",
    "SnapshotAuthorised",
    "SnapshotRejected",
    "HubQuarantined",
    "HubReleased",
    "TransferFileReceived",
    "TransferFileGenerated",
    "TransferFileRefused",
    "TransferFileValidated",
    "TransferFileAuthorised",
    "TransferFileAuthorisationRefused",
    "TransferFileRejected",
    "TransferFileWithdrawn",
    "TransferFileApplied",
    "TransferFileOverdue",
    "TransferFileFailed",
    "InstalledBeforeSettled",
    "DeliveryReportRequested",
    "DeliveryReportWritten",
    "DeliveryReportFailed",
    // Offers and requests.
    "OfferDrafted",
    "OfferChanged",
    "OfferSubmitted",
    "OfferReturned",
    "OfferPublished",
    "OfferPublicationOverdue",
    "OfferClosingMoved",
    "OfferClosedToRequests",
    "OfferExpiryWaits",
    "OfferReopened",
    "OfferAllocated",
    "AllocationGivenBack",
    "OfferSuspended",
    "OfferResumed",
    "OfferWithdrawn",
    "OfferClosed",
    "OfferExpired",
    "RequestDrafted",
    "RequestChanged",
    "RequestQueued",
    "RequestWanted",
    "RequestTurned",
    "RequestWithdrawn",
    "RequestLapsed",
    "WantedMatched",
    "FilterSaved",
    "FilterChanged",
    "FilterDropped",
    "InterchangeabilitySet",
    "InterchangeabilityDropped",
    "InstallationEndSet",
    "InstallationEndDropped",
    // Selection.
    "PolicyDrafted",
    "PolicyChanged",
    "PolicyPublished",
    "PolicyWithdrawn",
    "PolicyInForce",
    "LotteryCommitted",
    "SelectionRun",
    // Transfers.
    "TransferAgreed",
    "TransferNotified",
    "TransferReversalOpened",
    "TransferConfirmed",
    "TransferLapsed",
    "TransferCancelled",
    "TransferHeld",
    "TransferReleased",
    "TransferDispatched",
    "TransferArrived",
    "TransferReceived",
    "TransferLinesCorrected",
    "TransferFilePrepared",
    "TransferFileDropped",
    "TransferCompleted",
    "TransferOverdue",
    // Notices and e-mails.
    "NotificationChosen",
    "MailRetried",
    "EntryNotTold",
    // Jobs.
    "JobRerun",
];

impl Event {
    /// The event as JSON, tagged by its kind: `{"KIND": {…}}`.
    fn tagged(&self) -> (String, Value) {
        let Value::Object(map) = serde_json::to_value(self).expect("an event is plain data") else {
            unreachable!("every variant has fields");
        };
        map.into_iter().next().expect("an enum's value has one tag")
    }

    /// The variant's name.
    pub fn kind(&self) -> String {
        self.tagged().0
    }

    /// The particulars as canonical JSON: keys sorted, no blanks.
    pub fn payload(&self) -> String {
        let mut text = String::new();
        write_canonical(&self.tagged().1, &mut text);
        text
    }

    /// The event of an entry.
    pub fn from_entry(kind: &str, payload: &str) -> Result<Event, serde_json::Error> {
        let fields: Value = serde_json::from_str(payload)?;
        let mut tagged = serde_json::Map::new();
        tagged.insert(kind.to_owned(), fields);
        serde_json::from_value(Value::Object(tagged))
    }

    /// What the entry is about.
    pub fn subject(&self) -> String {
        match self {
            Event::PersonAdded { user, .. }
            | Event::PersonInvited { user, .. }
            | Event::PasswordLinkIssued { user, .. }
            | Event::PasswordSet { user }
            | Event::RoleGranted { user, .. }
            | Event::RoleRevoked { user, .. }
            | Event::PersonDeactivated { user, .. }
            | Event::PersonReactivated { user }
            | Event::SignedIn { user } => UserId(*user).to_string(),
            Event::TokenIssued { token, .. } | Event::TokenRevoked { token } => {
                TokenId(*token).to_string()
            }
            Event::SettingChanged { name, .. } => name.clone(),
            Event::HolidaySet { day, .. } | Event::HolidayDropped { day } => {
                format!("holiday-{day}")
            }
            Event::PartyChanged { party, .. }
            | Event::PartyContactSet { party, .. }
            | Event::PartyContactDropped { party, .. }
            | Event::DeliveryLocationSet { party, .. }
            | Event::DeliveryLocationDropped { party, .. } => PartyId(*party).to_string(),
            Event::ImportReceived { import, .. }
            | Event::ImportRefused { import, .. }
            | Event::ImportLoaded { import, .. }
            | Event::ImportFinished { import, .. }
            | Event::SnapshotPartCompared { import, .. }
            | Event::SnapshotCompared { import, .. }
            | Event::SnapshotAuthorised { import }
            | Event::SnapshotRejected { import, .. } => ImportId(*import).to_string(),
            Event::HubQuarantined { hub, .. } | Event::HubReleased { hub, .. } => hub.clone(),
            Event::TransferFileGenerated { name, .. } => name.clone(),
            Event::TransferFileReceived { transfer_file, .. }
            | Event::TransferFileRefused { transfer_file, .. }
            | Event::TransferFileValidated { transfer_file, .. }
            | Event::TransferFileAuthorised { transfer_file }
            | Event::TransferFileAuthorisationRefused { transfer_file, .. }
            | Event::TransferFileRejected { transfer_file, .. }
            | Event::TransferFileWithdrawn { transfer_file, .. }
            | Event::TransferFileApplied { transfer_file, .. }
            | Event::TransferFileOverdue { transfer_file }
            | Event::TransferFileFailed { transfer_file, .. } => {
                TransferFileId(*transfer_file).to_string()
            }
            Event::InstalledBeforeSettled { item, .. } => format!("installed-before-{item}"),
            Event::DeliveryReportRequested { run, .. }
            | Event::DeliveryReportWritten { run, .. }
            | Event::DeliveryReportFailed { run, .. } => ReportRunId(*run).to_string(),
            // Offers and requests.
            Event::OfferDrafted { offer, .. }
            | Event::OfferChanged { offer, .. }
            | Event::OfferSubmitted { offer, .. }
            | Event::OfferReturned { offer, .. }
            | Event::OfferPublished { offer, .. }
            | Event::OfferPublicationOverdue { offer }
            | Event::OfferClosingMoved { offer, .. }
            | Event::OfferClosedToRequests { offer, .. }
            | Event::OfferExpiryWaits { offer }
            | Event::OfferReopened { offer, .. }
            | Event::OfferAllocated { offer, .. }
            | Event::AllocationGivenBack { offer, .. }
            | Event::OfferSuspended { offer, .. }
            | Event::OfferResumed { offer }
            | Event::OfferWithdrawn { offer, .. }
            | Event::OfferClosed { offer, .. }
            | Event::OfferExpired { offer } => OfferId(*offer).to_string(),
            Event::RequestDrafted { request, .. }
            | Event::RequestChanged { request, .. }
            | Event::RequestQueued { request, .. }
            | Event::RequestWanted { request, .. }
            | Event::RequestTurned { request, .. }
            | Event::RequestWithdrawn { request, .. }
            | Event::RequestLapsed { request, .. } => RequestId(*request).to_string(),
            Event::WantedMatched { .. } => "board".to_owned(),
            Event::FilterSaved { filter, .. }
            | Event::FilterChanged { filter, .. }
            | Event::FilterDropped { filter } => SavedFilterId(*filter).to_string(),
            Event::InterchangeabilitySet { dimension, .. }
            | Event::InterchangeabilityDropped { dimension, .. } => {
                format!("interchangeability-{dimension}")
            }
            Event::InstallationEndSet { chts_version, .. }
            | Event::InstallationEndDropped { chts_version } => {
                format!("installation-end-{chts_version}")
            }
            // Selection.
            Event::PolicyDrafted { policy, .. }
            | Event::PolicyChanged { policy, .. }
            | Event::PolicyPublished { policy, .. }
            | Event::PolicyWithdrawn { policy, .. }
            | Event::PolicyInForce { policy } => PolicyId(*policy).to_string(),
            Event::LotteryCommitted { offer, .. } => OfferId(*offer).to_string(),
            Event::SelectionRun { run, .. } => AllocationRunId(*run).to_string(),
            // Transfers.
            Event::TransferAgreed { transfer, .. }
            | Event::TransferNotified { transfer, .. }
            | Event::TransferReversalOpened { transfer, .. }
            | Event::TransferConfirmed { transfer, .. }
            | Event::TransferLapsed { transfer }
            | Event::TransferCancelled { transfer, .. }
            | Event::TransferHeld { transfer, .. }
            | Event::TransferReleased { transfer }
            | Event::TransferDispatched { transfer, .. }
            | Event::TransferArrived { transfer, .. }
            | Event::TransferReceived { transfer, .. }
            | Event::TransferLinesCorrected { transfer, .. }
            | Event::TransferFilePrepared { transfer, .. }
            | Event::TransferFileDropped { transfer, .. }
            | Event::TransferCompleted { transfer, .. }
            | Event::TransferOverdue { transfer, .. } => TransferId(*transfer).to_string(),
            // Notices and e-mails.
            Event::NotificationChosen { user, .. } => UserId(*user).to_string(),
            Event::MailRetried { message } => MessageId(*message).to_string(),
            Event::EntryNotTold { entry, .. } => format!("entry {entry}"),
            // Jobs.
            Event::JobRerun { job, .. } => JobId(*job).to_string(),
        }
    }
}

fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            out.push('{');
            for (index, (key, value)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Value::String(key.clone()).to_string());
                out.push(':');
                write_canonical(value, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_canonical(item, out);
            }
            out.push(']');
        }
        plain => out.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_reads_back_from_its_entry() {
        let event = Event::RoleGranted { user: 3, organisation: 0, role: "auditor".into() };
        assert_eq!(event.kind(), "RoleGranted");
        assert_eq!(event.payload(), r#"{"organisation":0,"role":"auditor","user":3}"#);
        let back = Event::from_entry(&event.kind(), &event.payload()).expect("it is one");
        assert_eq!(back, event);
    }

    #[test]
    fn every_kind_is_listed() {
        let error = Event::from_entry("Nothing", "{}").expect_err("there is no such kind");
        let listed: Vec<String> = KINDS.iter().map(|kind| format!("`{kind}`")).collect();
        let expected = format!("expected one of {}", listed.join(", "));
        assert!(error.to_string().contains(&expected), "{error}");
    }
}
