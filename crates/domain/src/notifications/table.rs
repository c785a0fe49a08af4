//! The table itself.

use super::Delivery::{Digest, Now, Off};
use super::Person::{Asker, Authoriser, Holder, Preparer};
use super::Side::{Concerned, Receiver, Sender};
use super::Told::{Centre, Party, Person};
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
    // Offers and requests.
    // Selection.
    // Transfers.
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
    // Offers and requests.
    // Selection.
    // Transfers.
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
