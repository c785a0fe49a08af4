//! Transfers: from what two Parties agreed to the inventory's new Party, hub by hub.
//!
//! [`agree`] and [`notify_direct`] open one, both Parties [`confirm`] it, the sender builds its list
//! ([`add_file`], [`add_text`], [`scan`]) and [`dispatch`]es, the receiver says that it [`arrive`]d,
//! builds its own list and [`receive`]s: both lists are compared at once. What matches waits for its
//! transfer file, which DCC logistics [`prepare`]s; what does not is [`correct`]ed line by line. The
//! transfer file does the rest in the transaction that moves the hubs.
//!
//! A list that is being built is work in progress and not in the journal; what is declared is kept
//! as a file under its hash, and the journal names it.

mod agree;
mod by_file;
mod choices;
mod correct;
mod deadlines;
mod dispatch;
mod documents;
mod facts;
mod list;
mod receive;
mod redo;
mod responsible;
mod supervise;
mod tables;
mod view;

use domain::DeviceId;
use domain::directory::Contact;
use domain::ids::{AllocationRunId, OfferId, PartyId, RequestId, TransferFileId, TransferId};
use domain::offers::Specification;
use domain::reconciliation::{Outcome, Received};
use domain::transfers::{Condition, Correction, FaultReason, Kind, LineState, Side, State};
use jiff::Timestamp;
use jiff::civil::Date;

pub use agree::{Agreed, agree, cancel, confirm, notify_direct, open_outgoing};
pub use by_file::prepare;
pub(crate) use by_file::{file_applied, file_came_to_nothing};
pub use choices::device_models;
pub use correct::correct;
pub(crate) use deadlines::passed;
pub use dispatch::dispatch;
pub use documents::{DocumentKind, MadeDocument, document};
pub use list::{
    add_file, add_text, clear, list_entries, list_state, remove, scan, scan_all, set_verdicts,
    start_from_manifest, start_from_offer,
};
pub use receive::{arrive, receive};
pub(crate) use redo::redo;
pub use responsible::{Accountable, responsibility, responsible};
pub use supervise::{hold, release, reverse};
pub use tables::{ANSWER_COLUMNS, answers_table, line_template, named_hubs, table};
pub use view::{get, history, line, lines, list, waiting_for};

pub use store::transfers::Counts;

use crate::transfer_files::{NextStep, Person};

/// A Party, as far as a transfer names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its number.
    pub id: PartyId,
    /// Its legal name.
    pub name: String,
    /// Its service user reference.
    pub reference: String,
}

/// One line of the list of transfers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferSummary {
    /// Its number.
    pub id: TransferId,
    /// How it came to be.
    pub kind: Kind,
    /// Where it is.
    pub state: State,
    /// The Party whose hubs they are.
    pub sender: Named,
    /// The Party that they go to.
    pub receiver: Named,
    /// What was agreed.
    pub specification: Specification,
    /// How many hubs.
    pub quantity: i64,
    /// How many lines are in which state.
    pub counts: Counts,
    /// When it was agreed or notified.
    pub agreed_at: Timestamp,
    /// What happens next, and by whom.
    pub next_step: NextStep,
    /// The next deadline.
    pub due_at: Option<Timestamp>,
}

/// Part of a list, and where the next part begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T, C = TransferId> {
    /// This part.
    pub items: Vec<T>,
    /// The cursor for the next part; none at the end.
    pub next: Option<C>,
}

/// Which transfers a list shows. What is empty does not narrow it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransferFilter {
    /// Only those of this Party, on either side.
    pub party: Option<PartyId>,
    /// Only those in this state.
    pub state: Option<State>,
    /// Only those of this kind.
    pub kind: Option<Kind>,
    /// Only those of this offer.
    pub offer: Option<OfferId>,
    /// Only those with lines that wait for a correction.
    pub only_waiting: bool,
    /// Only those whose next step is this person's.
    pub mine: bool,
    /// Only those with this Party on the other side, or on either for the centre.
    pub counterparty: Option<PartyId>,
    /// Only those with a deadline that has passed and was not met.
    pub overdue: bool,
}

/// A confirmation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// When.
    pub at: Timestamp,
    /// By whom; nobody where the process waived it.
    pub by: Option<Person>,
}

/// What the sender declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispatched {
    /// When it was declared.
    pub at: Timestamp,
    /// Who declared it.
    pub by: Option<Person>,
    /// The day on which it left.
    pub on: String,
    /// Who carries it.
    pub carrier: String,
    /// The number of the consignment note.
    pub consignment_note: String,
    /// The seals.
    pub seals: String,
    /// How many hubs.
    pub hubs: i64,
    /// The SHA-256 of the manifest, in hexadecimal.
    pub manifest_sha256: String,
}

/// What the receiver declared of the arrival.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// When it was declared.
    pub at: Timestamp,
    /// Who declared it.
    pub by: Option<Person>,
    /// The day on which it arrived.
    pub on: String,
    /// In what condition.
    pub condition: Condition,
    /// What there is to say about that.
    pub note: String,
}

/// What the receiver declared to have received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedView {
    /// When it was declared.
    pub at: Timestamp,
    /// Who declared it; nobody where silence was taken for acceptance.
    pub by: Option<Person>,
    /// The SHA-256 of the receipt, in hexadecimal.
    pub receipt_sha256: String,
}

/// How many lines came to the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutcomeCount {
    /// What the comparison came to.
    pub outcome: Outcome,
    /// Where these lines stand.
    pub state: LineState,
    /// How many.
    pub lines: i64,
}

/// Something that must have happened by an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    /// What: `confirm`, `dispatch`, `arrive`, `receive`, `escalate` or `prepare`.
    pub what: String,
    /// Whose step it is; none for the DCC's, or for both.
    pub side: Option<Side>,
    /// By when.
    pub due_at: Timestamp,
    /// When it was met, or its passing was dealt with.
    pub settled_at: Option<Timestamp>,
    /// Working days that are left of it today, negative when it is past.
    pub working_days_left: i64,
}

/// What the person who looks at a transfer may do with it now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "each says whether the operation of its name would be let through")]
pub struct May {
    pub confirm_sender: bool,
    pub confirm_receiver: bool,
    pub cancel: bool,
    pub dispatch: bool,
    pub arrive: bool,
    pub receive: bool,
    pub correct: bool,
    pub prepare: bool,
    pub hold: bool,
    pub release: bool,
    pub reverse: bool,
    /// Build or see the sender's list before it is declared.
    pub sender_list: bool,
    /// Build or see the receiver's list before it is declared.
    pub receiver_list: bool,
}

/// Everything about one transfer but its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferView {
    /// Its number.
    pub id: TransferId,
    /// How it came to be.
    pub kind: Kind,
    /// The offer that it is from.
    pub offer: Option<OfferId>,
    /// The request that was selected.
    pub request: Option<RequestId>,
    /// The run that selected it.
    pub run: Option<AllocationRunId>,
    /// The transfer that it takes back.
    pub reverses: Option<TransferId>,
    /// The transfer that takes it back.
    pub reversed_by: Option<TransferId>,
    /// The Party whose hubs they are.
    pub sender: Named,
    /// The Party that they go to.
    pub receiver: Named,
    /// The side of the person who looks; none for the DCC and auditors.
    pub my_side: Option<Side>,
    /// What was agreed.
    pub specification: Specification,
    /// The agreed firmware versions; empty for any.
    pub firmware: Vec<String>,
    /// How many hubs.
    pub quantity: i64,
    /// What the Parties said about it.
    pub notes: String,
    /// Where it is.
    pub state: State,
    /// Where it was when it was put on hold.
    pub held_from: Option<State>,
    /// When it was agreed or notified.
    pub agreed_at: Timestamp,
    /// The sender's confirmation.
    pub sender_confirmed: Option<Confirmation>,
    /// Whom to contact at the receiver about the delivery, once both sides have confirmed.
    pub receiver_contacts: Vec<Contact>,
    /// The receiver's confirmation.
    pub receiver_confirmed: Option<Confirmation>,
    /// What the sender declared.
    pub dispatched: Option<Dispatched>,
    /// What the receiver declared of the arrival.
    pub arrived: Option<Arrived>,
    /// What the receiver declared to have received.
    pub received: Option<ReceivedView>,
    /// How many lines are in which state.
    pub counts: Counts,
    /// What the comparison came to.
    pub outcomes: Vec<OutcomeCount>,
    /// The transfer file that is under way, or was the last.
    pub transfer_file: Option<TransferFileId>,
    /// Its deadlines, open and settled.
    pub clocks: Vec<Clock>,
    /// What happens next, and by whom.
    pub next_step: NextStep,
    /// What the person who looks may do now.
    pub may: May,
    /// When it was completed, cancelled or lapsed.
    pub ended_at: Option<Timestamp>,
    /// Why it was cancelled or put on hold.
    pub reason: Option<String>,
    /// How often it has changed: its ETag.
    pub version: i64,
}

/// What two Parties agreed between themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DirectNotice {
    /// The service user reference of the sender.
    pub sender: String,
    /// The service user reference of the receiver.
    pub receiver: String,
    /// The side for which the DCC notifies it; a Party's own side otherwise.
    pub side: Option<Side>,
    /// What was agreed.
    pub specification: Specification,
    /// The agreed firmware versions; empty for any.
    pub firmware: Vec<String>,
    /// How many hubs.
    pub quantity: i64,
    /// What there is to say about it.
    pub notes: String,
}

/// What a sender declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispatch {
    /// The day on which it left; not later than today.
    pub on: Date,
    /// Who carries it.
    pub carrier: String,
    /// The number of the consignment note.
    pub consignment_note: String,
    /// The seals.
    pub seals: String,
    /// Whether fewer hubs than agreed are meant.
    pub fewer_is_meant: bool,
    /// The version of the list that the person has seen.
    pub list_version: Option<i64>,
}

/// What a receiver declares of the arrival.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The day on which it arrived; not later than today, nor before it left.
    pub on: Date,
    /// In what condition.
    pub condition: Condition,
    /// What there is to say about that.
    pub note: String,
}

/// How an addition to a list came out, told apart by sight and sound on the scan page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// It is in the list now.
    Good,
    /// It was in the list before.
    Duplicate,
    /// There is nothing of that name.
    Unknown,
    /// It is known and does not belong into the list, or stands there as an exception.
    Wrong,
}

impl Class {
    /// All of them.
    pub const ALL: &[Class] = &[Class::Good, Class::Duplicate, Class::Unknown, Class::Wrong];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Class::Good => "good",
            Class::Duplicate => "duplicate",
            Class::Unknown => "unknown",
            Class::Wrong => "wrong",
        }
    }
}

/// The answer to one line of an addition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Where a person finds it.
    pub line: u32,
    /// What was given.
    pub given: String,
    /// The hub, where one was found.
    pub hub: Option<DeviceId>,
    /// How it came out.
    pub class: Class,
    /// How many hubs it added to the list.
    pub added: u64,
    /// What is wrong and what to do, or that it is right.
    pub message: String,
}

/// What came of an addition to a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// An answer for each line, and for each hub of a pallet that did not get into the list.
    pub answers: Vec<Answer>,
    /// How many hubs were added.
    pub added: u64,
    /// How the list stands now.
    pub list: ListState,
}

impl Added {
    /// How many answers are of this class.
    pub fn of(&self, class: Class) -> usize {
        self.answers.iter().filter(|answer| answer.class == class).count()
    }
}

/// How a list that is being built stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListState {
    /// Hubs in it.
    pub hubs: i64,
    /// Those that the receiver turns down.
    pub rejected: i64,
    /// Those that its file or paste named more than once.
    pub repeated: i64,
    /// Hubs that are expected: what was agreed, or what was dispatched.
    pub expected: i64,
    /// How often it has changed: who declares it says which one they have seen.
    pub version: i64,
    /// Whether it is a sender's list, and its offer lists the hubs that it may have.
    pub offer_lists: bool,
}

impl ListState {
    /// How many are still to come.
    pub fn left(&self) -> i64 {
        (self.expected - self.hubs).max(0)
    }
}

/// One hub of a list that is being built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListEntry {
    /// The hub.
    pub hub: DeviceId,
    /// What the receiver says of it.
    pub received: Received,
    /// Whether the list names it more than once.
    pub is_repeated: bool,
    /// When it was added.
    pub added_at: Timestamp,
}

/// Which lines are shown. What is empty does not narrow it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineFilter {
    /// Only those in this state.
    pub state: Option<LineState>,
    /// Only those with this outcome.
    pub outcome: Option<Outcome>,
}

/// One hub of a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineView {
    /// The hub.
    pub hub: DeviceId,
    /// Where the line stands.
    pub state: LineState,
    /// What the comparison came to; none before it.
    pub outcome: Option<Outcome>,
    /// Why the receiver turned it down.
    pub reason: Option<FaultReason>,
    /// What was done about it.
    pub correction: Option<Correction>,
    /// What the last transfer file said of it; empty before.
    pub code: String,
    /// When the receiver accepted it.
    pub accepted_at: Option<Timestamp>,
    /// When it moved or was dropped.
    pub closed_at: Option<Timestamp>,
    /// What the person who looks can do about it now.
    pub possible: Vec<Correction>,
}

/// The lists of a transfer that go out as tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ListKind {
    /// What the sender dispatched, or its list so far.
    Manifest,
    /// What the receiver received, or its list so far.
    Receipt,
    /// The comparison of both, line by line.
    Lines,
    /// Only the lines that wait.
    Waiting,
}

impl ListKind {
    /// All of them.
    pub const ALL: &[ListKind] =
        &[ListKind::Manifest, ListKind::Receipt, ListKind::Lines, ListKind::Waiting];

    /// The word for it in addresses and in file names.
    pub fn word(self) -> &'static str {
        match self {
            ListKind::Manifest => "manifest",
            ListKind::Receipt => "receipt",
            ListKind::Lines => "lines",
            ListKind::Waiting => "waiting",
        }
    }

    /// The list of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.word() == word)
    }
}
