//! The table itself.

use super::Delivery::{Digest, Now, Off};
use super::Person::{Asker, Authoriser, Holder, Preparer, Saver};
use super::Side::{Concerned, Offering, Receiver, Requesting, Sender};
use super::Told::{Centre, EveryHolder, Party, Person};
use super::{Row, Rule, When};
use crate::access::Role;

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident),+ $(,)?) => {
        /// The kinds of message.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum MessageKind {
            $($(#[$doc])* $kind,)+
        }

        impl MessageKind {
            /// All of them, in the order of the page where one chooses.
            pub const ALL: &[MessageKind] = &[$(MessageKind::$kind,)+];
        }
    };
}

kinds! {
    /// A transfer file waits for an authoriser.
    TransferFileToAuthorise,
    /// A transfer file was refused whole.
    TransferFileRefused,
    /// A transfer file was rejected by its authoriser.
    TransferFileRejected,
    /// A transfer file that waited was withdrawn.
    TransferFileWithdrawn,
    /// A transfer file was applied: hubs moved.
    TransferFileApplied,
    /// Lines of a transfer file were rejected.
    LinesRejected,
    /// Hubs came or went.
    HubsMoved,
    /// A transfer file could not be applied.
    TransferFileFailed,
    /// Hubs were installed before their transfer file was processed.
    HubsInstalledBefore,
    /// A file of deliveries, statuses or Parties was refused.
    ImportRefused,
    /// A file was loaded, but not all of its lines.
    ImportLines,
    /// A snapshot's differences wait for a decision.
    SnapshotToAuthorise,
    /// The CH Delivery Report is there.
    DeliveryReport,
    /// The CH Delivery Report could not be written.
    DeliveryReportFailed,
    /// Nobody could be told of an entry of the journal.
    EntryNotTold,
    /// A Party's particulars were changed.
    PartyChanged,
    /// An invitation.
    Invitation,
    /// A link to set a password.
    PasswordLink,
    /// A role was granted or taken back.
    RoleChanged,
    /// A password was set, or a token issued.
    AccountSecurity,
    /// An offer waits to be published or returned.
    OfferToDecide,
    /// An offer was published, returned, suspended or resumed by the DCC.
    OfferDecided,
    /// A new offer is on the board.
    OfferPublished,
    /// A saved filter finds a new offer.
    FilterMatched,
    /// An offer suits a wanted request.
    WantedMatched,
    /// A request came in for an offer.
    RequestQueued,
    /// An offer was withdrawn, closed or has expired.
    OfferEnded,
    /// An offer was changed, suspended, resumed or takes requests again.
    OfferMoved,
    /// Selection is due.
    SelectionDue,
    /// A request was selected, or not.
    RequestDecided,
    /// The time of a wanted request is over.
    RequestLapsed,
    /// Hubs of an offer were allocated.
    OfferAllocated,
    /// A selection policy was published, withdrawn or came into force.
    PolicyPublished,
    /// A transfer waits to be confirmed.
    TransferToConfirm,
    /// A transfer is to be dispatched.
    TransferToDispatch,
    /// A transfer is on its way.
    TransferOnItsWay,
    /// A transfer has arrived.
    TransferArrived,
    /// A transfer was received.
    TransferReceived,
    /// Lines of a transfer wait to be corrected.
    LinesToCorrect,
    /// Lines of a transfer were corrected.
    TransferLines,
    /// The file of a transfer is to be prepared.
    FileToPrepare,
    /// A transfer is completed.
    TransferCompleted,
    /// A transfer lapsed, was cancelled, is on hold or goes on.
    TransferStopped,
    /// A deadline has passed.
    DeadlinePassed,
    /// What was kept for the daily digest.
    DailyDigest,
}

const fn rule(event: &'static str, told: &'static [super::Told]) -> Rule {
    Rule { event, when: When::Always, told }
}

const fn only(event: &'static str, when: When, told: &'static [super::Told]) -> Rule {
    Rule { event, when, told }
}

/// Each kind of message, of what it comes and for whom it is.
pub const TABLE: &[Row] = &[
    Row {
        kind: MessageKind::TransferFileToAuthorise,
        word: "transfer-file-to-authorise",
        name: "A transfer file waits to be authorised",
        because: "you authorise transfer files",
        usually: Now,
        required: true,
        rules: &[rule("TransferFileValidated", &[Centre(&[Role::DccAuthoriser])])],
    },
    Row {
        kind: MessageKind::TransferFileRefused,
        word: "transfer-file-refused",
        name: "Your transfer file was refused",
        because: "you prepared the file",
        usually: Now,
        required: true,
        rules: &[rule("TransferFileRefused", &[Person(Preparer)])],
    },
    Row {
        kind: MessageKind::TransferFileRejected,
        word: "transfer-file-rejected",
        name: "Your transfer file was rejected by its authoriser",
        because: "you prepared the file",
        usually: Now,
        required: true,
        rules: &[rule("TransferFileRejected", &[Person(Preparer)])],
    },
    Row {
        kind: MessageKind::TransferFileWithdrawn,
        word: "transfer-file-withdrawn",
        name: "A transfer file that waited was withdrawn",
        because: "you authorise transfer files",
        usually: Digest,
        required: false,
        rules: &[rule("TransferFileWithdrawn", &[Centre(&[Role::DccAuthoriser])])],
    },
    Row {
        kind: MessageKind::TransferFileApplied,
        word: "transfer-file-applied",
        name: "Your transfer file was applied",
        because: "you prepared or authorised the file",
        usually: Now,
        required: false,
        rules: &[
            only("TransferFileApplied", When::NoneRejected, &[Person(Preparer)]),
            rule("TransferFileApplied", &[Person(Authoriser)]),
        ],
    },
    Row {
        kind: MessageKind::LinesRejected,
        word: "lines-rejected",
        name: "Lines of your transfer file were rejected",
        because: "you prepared the file",
        usually: Now,
        required: true,
        rules: &[only("TransferFileApplied", When::SomeRejected, &[Person(Preparer)])],
    },
    Row {
        kind: MessageKind::HubsMoved,
        word: "hubs-moved",
        name: "Hubs came to your Party or went from it",
        because: "you manage stock for a Party of the transfer",
        usually: Now,
        required: false,
        rules: &[rule(
            "TransferFileApplied",
            &[Party(Sender, &[Role::StockManager]), Party(Receiver, &[Role::StockManager])],
        )],
    },
    Row {
        kind: MessageKind::TransferFileFailed,
        word: "transfer-file-failed",
        name: "A transfer file could not be applied",
        because: "you prepared or authorised the file, or run the process",
        usually: Now,
        required: true,
        rules: &[rule(
            "TransferFileFailed",
            &[Person(Preparer), Person(Authoriser), Centre(&[Role::DccLogistics])],
        )],
    },
    Row {
        kind: MessageKind::HubsInstalledBefore,
        word: "installed-before",
        name: "Hubs were installed before their transfer file was processed",
        because: "you settle these hubs",
        usually: Now,
        required: true,
        rules: &[only(
            "TransferFileApplied",
            When::InstalledBefore,
            &[Centre(&[Role::DccFinance])],
        )],
    },
    Row {
        kind: MessageKind::ImportRefused,
        word: "import-refused",
        name: "Your file of deliveries, statuses or Parties was refused",
        because: "you sent the file",
        usually: Now,
        required: true,
        rules: &[rule("ImportRefused", &[Person(Preparer)])],
    },
    Row {
        kind: MessageKind::ImportLines,
        word: "import-lines",
        name: "Lines of your file of deliveries, statuses or Parties need a look",
        because: "you sent the file",
        usually: Now,
        required: false,
        rules: &[only("ImportFinished", When::SomeRejected, &[Person(Preparer)])],
    },
    Row {
        kind: MessageKind::SnapshotToAuthorise,
        word: "snapshot-to-authorise",
        name: "The differences of a snapshot wait to be authorised",
        because: "you authorise snapshots",
        usually: Now,
        required: true,
        rules: &[rule("SnapshotCompared", &[Centre(&[Role::DspOperator, Role::DccAuthoriser])])],
    },
    Row {
        kind: MessageKind::DeliveryReport,
        word: "delivery-report",
        name: "The CH Delivery Report (ESI-013) is there",
        because: "you asked for the report, or work with it",
        usually: Off,
        required: false,
        rules: &[rule("DeliveryReportWritten", &[Person(Asker), Centre(&[Role::DccFinance])])],
    },
    Row {
        kind: MessageKind::DeliveryReportFailed,
        word: "delivery-report-failed",
        name: "The CH Delivery Report (ESI-013) could not be written",
        because: "you asked for the report, work with it or run the system",
        usually: Now,
        required: true,
        rules: &[rule(
            "DeliveryReportFailed",
            &[Person(Asker), Centre(&[Role::DccFinance, Role::SystemAdmin])],
        )],
    },
    Row {
        kind: MessageKind::EntryNotTold,
        word: "entry-not-told",
        name: "Nobody could be told of an entry of the journal",
        because: "you read the journal",
        usually: Now,
        required: true,
        rules: &[rule("EntryNotTold", &[Centre(&[Role::DccLogistics, Role::Auditor])])],
    },
    Row {
        kind: MessageKind::PartyChanged,
        word: "party-changed",
        name: "Your Party’s particulars were changed",
        because: "you are an administrator of the Party",
        usually: Digest,
        required: false,
        rules: &[rule("PartyChanged", &[Party(Concerned, &[Role::PartyAdmin])])],
    },
    Row {
        kind: MessageKind::Invitation,
        word: "invitation",
        name: "An invitation",
        because: "somebody invited you",
        usually: Now,
        required: true,
        // It holds a secret that the journal does not, so the operation itself puts it in the outbox.
        rules: &[],
    },
    Row {
        kind: MessageKind::PasswordLink,
        word: "password-link",
        name: "A link to set a new password",
        because: "an administrator made the link for you",
        usually: Now,
        required: true,
        rules: &[],
    },
    Row {
        kind: MessageKind::RoleChanged,
        word: "role-changed",
        name: "A role was given to you or taken from you",
        because: "it is your account",
        usually: Now,
        required: true,
        rules: &[rule("RoleGranted", &[Person(Holder)]), rule("RoleRevoked", &[Person(Holder)])],
    },
    Row {
        kind: MessageKind::AccountSecurity,
        word: "account-security",
        name: "A password was set or a token was issued for your account",
        because: "it is your account",
        usually: Now,
        required: true,
        rules: &[rule("PasswordSet", &[Person(Holder)]), rule("TokenIssued", &[Person(Holder)])],
    },
    Row {
        kind: MessageKind::OfferToDecide,
        word: "offer-to-decide",
        name: "An offer waits to be published or returned",
        because: "you publish offers",
        usually: Now,
        required: true,
        rules: &[rule("OfferSubmitted", &[Centre(&[Role::DccLogistics])])],
    },
    Row {
        kind: MessageKind::OfferDecided,
        word: "offer-decided",
        name: "Your offer was published, returned, suspended or resumed",
        because: "you manage stock for the offering Party",
        usually: Now,
        required: true,
        rules: &[
            rule("OfferPublished", &[Party(Offering, &[Role::StockManager])]),
            rule("OfferReturned", &[Party(Offering, &[Role::StockManager])]),
            rule("OfferSuspended", &[Party(Offering, &[Role::StockManager])]),
            rule("OfferResumed", &[Party(Offering, &[Role::StockManager])]),
        ],
    },
    Row {
        kind: MessageKind::OfferPublished,
        word: "offer-published",
        name: "A new offer is on the board",
        because: "your Party orders hubs",
        usually: Now,
        required: false,
        rules: &[rule("OfferPublished", &[EveryHolder(&[Role::StockManager])])],
    },
    Row {
        kind: MessageKind::FilterMatched,
        word: "filter-matched",
        name: "A filter that you saved finds a new offer",
        because: "you saved the filter and chose to be told",
        usually: Now,
        required: false,
        rules: &[rule("OfferPublished", &[Person(Saver)])],
    },
    Row {
        kind: MessageKind::WantedMatched,
        word: "wanted-matched",
        name: "An offer suits a wanted request",
        because: "you manage stock for a Party that offers or wants it",
        usually: Now,
        required: false,
        rules: &[rule(
            "WantedMatched",
            &[Party(Offering, &[Role::StockManager]), Party(Requesting, &[Role::StockManager])],
        )],
    },
    Row {
        kind: MessageKind::RequestQueued,
        word: "request-queued",
        name: "A request came in for your offer",
        because: "you manage stock for the offering Party",
        usually: Digest,
        required: false,
        rules: &[rule("RequestQueued", &[Party(Offering, &[Role::StockManager])])],
    },
    Row {
        kind: MessageKind::OfferEnded,
        word: "offer-ended",
        name: "An offer ended",
        because: "you manage stock for a Party that offered it or asked for it",
        usually: Now,
        required: true,
        rules: &[
            rule(
                "OfferWithdrawn",
                &[Party(Offering, &[Role::StockManager]), Party(Requesting, &[Role::StockManager])],
            ),
            rule(
                "OfferClosed",
                &[Party(Offering, &[Role::StockManager]), Party(Requesting, &[Role::StockManager])],
            ),
            rule(
                "OfferExpired",
                &[Party(Offering, &[Role::StockManager]), Party(Requesting, &[Role::StockManager])],
            ),
        ],
    },
    Row {
        kind: MessageKind::OfferMoved,
        word: "offer-moved",
        name: "An offer that you asked for was changed, suspended, resumed or takes requests again",
        because: "you manage stock for a Party that asked for it, or that offers it",
        usually: Now,
        required: true,
        rules: &[
            rule("OfferChanged", &[Party(Requesting, &[Role::StockManager])]),
            rule("OfferSuspended", &[Party(Requesting, &[Role::StockManager])]),
            rule("OfferResumed", &[Party(Requesting, &[Role::StockManager])]),
            rule(
                "OfferReopened",
                &[Party(Offering, &[Role::StockManager]), Party(Requesting, &[Role::StockManager])],
            ),
        ],
    },
    Row {
        kind: MessageKind::SelectionDue,
        word: "selection-due",
        name: "Selection is due",
        because: "you run selection",
        usually: Now,
        required: true,
        rules: &[rule("OfferClosedToRequests", &[Centre(&[Role::DccLogistics])])],
    },
    Row {
        kind: MessageKind::RequestDecided,
        word: "request-decided",
        name: "Your request was selected, or not",
        because: "you manage stock for the requesting Party",
        usually: Now,
        required: true,
        rules: &[rule("OfferAllocated", &[Party(Requesting, &[Role::StockManager])])],
    },
    Row {
        kind: MessageKind::RequestLapsed,
        word: "request-lapsed",
        name: "Your wanted request has lapsed",
        because: "you manage stock for the Party that wanted it",
        usually: Now,
        required: true,
        rules: &[rule("RequestLapsed", &[Party(Requesting, &[Role::StockManager])])],
    },
    Row {
        kind: MessageKind::OfferAllocated,
        word: "offer-allocated",
        name: "Hubs of your offer were allocated",
        because: "you manage stock for the offering Party",
        usually: Now,
        required: true,
        rules: &[rule("OfferAllocated", &[Party(Offering, &[Role::StockManager])])],
    },
    Row {
        kind: MessageKind::PolicyPublished,
        word: "policy-published",
        name: "A selection policy was published, withdrawn or is in force",
        because: "the policy decides between requests",
        usually: Now,
        required: true,
        rules: &[
            rule(
                "PolicyPublished",
                &[EveryHolder(&[Role::StockManager]), Centre(&[Role::DccLogistics])],
            ),
            rule(
                "PolicyWithdrawn",
                &[EveryHolder(&[Role::StockManager]), Centre(&[Role::DccLogistics])],
            ),
            rule(
                "PolicyInForce",
                &[EveryHolder(&[Role::StockManager]), Centre(&[Role::DccLogistics])],
            ),
        ],
    },
    Row {
        kind: MessageKind::TransferToConfirm,
        word: "transfer-to-confirm",
        name: "A transfer waits to be confirmed",
        because: "you manage stock for a Party of the transfer",
        usually: Now,
        required: true,
        rules: &[
            rule(
                "TransferAgreed",
                &[Party(Sender, &[Role::StockManager]), Party(Receiver, &[Role::StockManager])],
            ),
            rule(
                "TransferNotified",
                &[Party(Sender, &[Role::StockManager]), Party(Receiver, &[Role::StockManager])],
            ),
            rule(
                "TransferReversalOpened",
                &[Party(Sender, &[Role::StockManager]), Party(Receiver, &[Role::StockManager])],
            ),
        ],
    },
    Row {
        kind: MessageKind::TransferToDispatch,
        word: "transfer-to-dispatch",
        name: "A transfer is to be dispatched",
        because: "you dispatch hubs for the sender",
        usually: Now,
        required: true,
        rules: &[only(
            "TransferConfirmed",
            When::BothConfirmed,
            &[Party(Sender, &[Role::StockManager, Role::Warehouse])],
        )],
    },
    Row {
        kind: MessageKind::TransferOnItsWay,
        word: "transfer-on-its-way",
        name: "A transfer is on its way to you",
        because: "you receive hubs for the receiver",
        usually: Now,
        required: true,
        rules: &[rule(
            "TransferDispatched",
            &[Party(Receiver, &[Role::StockManager, Role::Warehouse])],
        )],
    },
    Row {
        kind: MessageKind::TransferArrived,
        word: "transfer-arrived",
        name: "A transfer has arrived",
        because: "you dispatch hubs for the sender",
        usually: Digest,
        required: false,
        rules: &[rule("TransferArrived", &[Party(Sender, &[Role::StockManager, Role::Warehouse])])],
    },
    Row {
        kind: MessageKind::TransferReceived,
        word: "transfer-received",
        name: "A transfer was received",
        because: "you manage stock for a Party of the transfer",
        usually: Now,
        required: false,
        rules: &[rule(
            "TransferReceived",
            &[Party(Sender, &[Role::StockManager]), Party(Receiver, &[Role::StockManager])],
        )],
    },
    Row {
        kind: MessageKind::LinesToCorrect,
        word: "lines-to-correct",
        name: "Lines of a transfer wait to be corrected",
        because: "you manage stock for a Party of the transfer, or dispatch or receive for it",
        usually: Now,
        required: true,
        rules: &[only(
            "TransferReceived",
            When::LinesWait,
            &[
                Party(Sender, &[Role::StockManager, Role::Warehouse]),
                Party(Receiver, &[Role::StockManager, Role::Warehouse]),
            ],
        )],
    },
    Row {
        kind: MessageKind::TransferLines,
        word: "transfer-lines",
        name: "Lines of a transfer were corrected",
        because: "you manage stock for a Party of the transfer",
        usually: Digest,
        required: false,
        rules: &[rule(
            "TransferLinesCorrected",
            &[Party(Sender, &[Role::StockManager]), Party(Receiver, &[Role::StockManager])],
        )],
    },
    Row {
        kind: MessageKind::FileToPrepare,
        word: "file-to-prepare",
        name: "A transfer’s file is to be prepared",
        because: "you prepare transfer files",
        usually: Now,
        required: true,
        rules: &[
            only("TransferReceived", When::LinesReady, &[Centre(&[Role::DccLogistics])]),
            only("TransferLinesCorrected", When::LinesReady, &[Centre(&[Role::DccLogistics])]),
            only("TransferFileDropped", When::LinesReady, &[Centre(&[Role::DccLogistics])]),
        ],
    },
    Row {
        kind: MessageKind::TransferCompleted,
        word: "transfer-completed",
        name: "A transfer is completed",
        because: "you manage stock for a Party of the transfer",
        usually: Now,
        required: false,
        rules: &[rule(
            "TransferCompleted",
            &[Party(Sender, &[Role::StockManager]), Party(Receiver, &[Role::StockManager])],
        )],
    },
    Row {
        kind: MessageKind::TransferStopped,
        word: "transfer-stopped",
        name: "A transfer lapsed, was cancelled, is on hold or goes on",
        because: "you manage stock for a Party of the transfer, or dispatch or receive for it",
        usually: Now,
        required: true,
        rules: &[
            rule(
                "TransferLapsed",
                &[
                    Party(Sender, &[Role::StockManager, Role::Warehouse]),
                    Party(Receiver, &[Role::StockManager, Role::Warehouse]),
                ],
            ),
            rule(
                "TransferCancelled",
                &[
                    Party(Sender, &[Role::StockManager, Role::Warehouse]),
                    Party(Receiver, &[Role::StockManager, Role::Warehouse]),
                ],
            ),
            rule(
                "TransferHeld",
                &[
                    Party(Sender, &[Role::StockManager, Role::Warehouse]),
                    Party(Receiver, &[Role::StockManager, Role::Warehouse]),
                ],
            ),
            rule(
                "TransferReleased",
                &[
                    Party(Sender, &[Role::StockManager, Role::Warehouse]),
                    Party(Receiver, &[Role::StockManager, Role::Warehouse]),
                ],
            ),
        ],
    },
    Row {
        kind: MessageKind::DeadlinePassed,
        word: "deadline-passed",
        name: "A deadline has passed",
        because: "it is late, and you can do something about it",
        usually: Now,
        required: true,
        rules: &[
            rule("OfferPublicationOverdue", &[Centre(&[Role::DccLogistics])]),
            rule(
                "TransferFileOverdue",
                &[Centre(&[Role::DccAuthoriser]), Centre(&[Role::DccLogistics])],
            ),
            rule(
                "TransferOverdue",
                &[
                    Party(Sender, &[Role::StockManager, Role::Warehouse]),
                    Party(Receiver, &[Role::StockManager, Role::Warehouse]),
                    Centre(&[Role::DccLogistics]),
                ],
            ),
        ],
    },
    Row {
        kind: MessageKind::DailyDigest,
        word: "daily-digest",
        name: "The daily digest",
        because: "you chose to be told of some things once a day",
        usually: Now,
        required: false,
        rules: &[],
    },
];
