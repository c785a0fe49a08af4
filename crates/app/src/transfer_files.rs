//! The transfer file, from the bytes that somebody sends to the answer on each line.
//!
//! [`submit`] keeps the bytes and answers at once; the job [`validate`] gives each line a code and
//! changes nothing; another person [`authorise`]s; the job [`apply`] checks again and moves the
//! hubs in one transaction; [`response`], [`errors`] and [`lines`] answer line by line.
//!
//! `Validating` and `Applying` are not kept: a file is in them while its job runs. So a crash
//! leaves nothing to repair, and the journal rebuilds the same rows.

mod apply;
mod check;
mod deadlines;
mod decide;
mod examine;
mod generate;
mod history;
mod installed;
mod kept;
mod lines;
mod links;
mod redo;
mod response;
mod results;
mod submit;
mod summary;
mod validate;
mod view;

use domain::ids::{PartyId, TransferFileId, TransferId, UserId};
use domain::transfer_files::{Outcome, State};
use jiff::Timestamp;

use crate::jobs::Trouble;
use crate::journal::Counts;

pub use apply::apply;
pub(crate) use apply::{AppliedLine, applied_lines};
pub use check::check;
pub(crate) use deadlines::passed;
pub use decide::{authorise, reject, withdraw};
pub use examine::Refused;
pub(crate) use generate::read_ids;
pub(crate) use generate::{Prepared, prepare};
pub use generate::{generate, generate_and_submit};
pub use history::{history, original};
pub use installed::{installed_before, installed_one, settle};
pub use lines::lines;
pub use redo::redo;
pub use results::{errors, response};
pub use submit::submit;
pub use summary::{ModelLines, MorePairs, PartyPair, StockChange, Summary};
pub use validate::validate;
pub use view::{get, get_with_history, list, waiting_for};

/// A file as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// The name that it came under; it counts in the controlled profile.
    pub name: String,
    /// Whether one rejected line keeps all others from moving.
    pub all_or_nothing: bool,
}

/// What became of a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// The file; the earlier one, if it had been sent before.
    pub id: TransferFileId,
    /// Whether its content or its file ID had been sent before.
    pub repeated: bool,
}

/// What a dry run found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The file that had this content or file ID before: sent again, this one gets its answer.
    pub sent_before: Option<SentBefore>,
    /// What a file that was not sent before would get now.
    pub found: Found,
}

/// A file that was sent before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentBefore {
    /// The file.
    pub id: TransferFileId,
    /// When it was sent.
    pub received_at: Timestamp,
}

/// What the lines of a file would come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The file would be refused whole.
    Refused(Refused),
    /// Each line has an answer, which was written out; this is what the authoriser would see.
    Answered(Box<Summary>),
}

/// A person, as far as a page or an answer names one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub id: UserId,
    /// The name.
    pub name: String,
}

/// One line of the list of transfer files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferFileRow {
    /// Its number.
    pub id: TransferFileId,
    /// The name that it came under.
    pub name: String,
    /// The transfer or SoLR reference of a controlled file; empty otherwise.
    pub reference: String,
    /// Where it is.
    pub state: State,
    /// How many lines it has; 0 until they have been counted.
    pub lines: u64,
    /// How many lines were rejected, once that is known.
    pub rejected: Option<u64>,
    /// How many lines came to what, once that is known.
    pub counts: Counts,
    /// Who prepared it.
    pub preparer: Person,
    /// Who authorised or rejected it.
    pub authoriser: Option<Person>,
    /// When it came in.
    pub received_at: Timestamp,
    /// When its lines were checked.
    pub validated_at: Option<Timestamp>,
    /// When it was authorised, rejected or withdrawn.
    pub decided_at: Option<Timestamp>,
    /// When it was applied.
    pub applied_at: Option<Timestamp>,
}

/// Part of a list, and where the next part begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// This part.
    pub items: Vec<T>,
    /// The cursor for the next part; none at the end.
    pub next: Option<i64>,
}

/// Which transfer files a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransferFileFilter {
    /// Only those in this state.
    pub state: Option<State>,
    /// Only those that this person can authorise.
    pub waiting_for_me: bool,
    /// Only those that this person prepared.
    pub mine: bool,
    /// Only those whose name or reference holds this text.
    pub text: Option<String>,
}

/// The transfer that a file carries out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundTo {
    /// Its number.
    pub id: TransferId,
    /// The SHA-256 of the sender's manifest, in hexadecimal; none before its dispatch.
    pub manifest_sha256: Option<String>,
    /// The SHA-256 of the receiver's receipt, in hexadecimal; none before its receipt.
    pub receipt_sha256: Option<String>,
}

/// Everything about one transfer file but its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferFileView {
    /// Its number.
    pub id: TransferFileId,
    /// The name that it came under.
    pub name: String,
    /// `unknown` until it was read, then `minimal` or `controlled`.
    pub profile: String,
    /// The controlled file's own ID.
    pub file_id: Option<String>,
    /// Whether one rejected line keeps all others from moving.
    pub all_or_nothing: bool,
    /// Where it is.
    pub state: State,
    /// The transfer or SoLR reference of a controlled file; empty otherwise.
    pub reference: String,
    /// The transfer that the reference names, with what both Parties declared.
    pub transfer: Option<BoundTo>,
    /// The `from` of a controlled file; empty otherwise.
    pub from_reference: String,
    /// The `to` of a controlled file; empty otherwise.
    pub to_reference: String,
    /// How many lines it has; 0 until they have been counted.
    pub lines: u64,
    /// Its length in bytes.
    pub size: u64,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// What its validation found.
    pub summary: Option<Summary>,
    /// How many lines came to what when it was applied.
    pub applied: Option<Applied>,
    /// Why it was refused whole, or could not be applied.
    pub refusal: Option<String>,
    /// The stable word for why it was refused whole.
    pub refusal_word: Option<String>,
    /// The file that was sent before with the same file ID and has the answer.
    pub first_answer: Option<TransferFileId>,
    /// Who prepared it.
    pub preparer: Person,
    /// Who authorised or rejected it.
    pub authoriser: Option<Person>,
    /// Why it was rejected or withdrawn.
    pub reason: Option<String>,
    /// When it came in.
    pub received_at: Timestamp,
    /// When its lines were checked.
    pub validated_at: Option<Timestamp>,
    /// By when somebody is to authorise, reject or withdraw it, while that is open.
    pub authorise_by: Option<Timestamp>,
    /// When it was authorised, rejected or withdrawn.
    pub decided_at: Option<Timestamp>,
    /// When its hubs moved.
    pub applied_at: Option<Timestamp>,
    /// How often it has changed: its ETag.
    pub version: i64,
    /// What happens next, and by whom.
    pub next_step: NextStep,
    /// How far its job is, while one runs or waits.
    pub progress: Option<Progress>,
    /// What the person who looks may do now.
    pub may: May,
    /// The name of its response file; none while there is no answer on each line.
    pub response_name: Option<String>,
    /// The name of the file of its rejected lines; none while there are none.
    pub errors_name: Option<String>,
}

/// What came of applying a file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Applied {
    /// How many lines came to what.
    pub counts: Counts,
    /// How many hubs moved.
    pub moved: u64,
    /// How many lines were rejected.
    pub rejected: u64,
    /// How many hubs had been installed before, and wait for Finance.
    pub installed_before: u64,
    /// The SHA-256 of the outcomes of all lines.
    pub outcomes_sha256: String,
    /// The SHA-256 of the response file.
    pub response_sha256: String,
}

/// What happens next with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextStep {
    /// What, as a sentence.
    pub what: String,
    /// Whose step it is; none when nothing more happens.
    pub whose: Option<String>,
}

/// How far a job is, in lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Lines done.
    pub done: u64,
    /// Lines in all; 0 when not known yet.
    pub total: u64,
    /// What is wrong with it, if anything is.
    pub trouble: Option<Trouble>,
}

/// What the person who looks at a file may do with it now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct May {
    /// Authorise it.
    pub authorise: bool,
    /// Reject it.
    pub reject: bool,
    /// Withdraw it.
    pub withdraw: bool,
}

/// Which lines are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineFilter {
    /// Only lines with one of these outcomes, such as `R04` or `S00+W10`; all if it is empty.
    pub codes: Vec<String>,
    /// Only lines that were rejected.
    pub only_rejected: bool,
}

/// One line of a file and its answer, as the response file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineAnswer {
    /// Where a person finds it.
    pub line: u32,
    /// The ID as it was given.
    pub comms_hub_id: String,
    /// The outcome.
    pub outcome: Outcome,
    /// What it means for this line.
    pub text: String,
    /// The service user reference of the Party before; empty if there is no such hub.
    pub previous_party: String,
    /// The new service user reference, as it was given.
    pub new_party: String,
    /// The hub's status; empty if there is no such hub.
    pub smi_status: String,
    /// When it was applied, if it was.
    pub applied_at: Option<Timestamp>,
}

/// Lines of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinePage {
    /// These lines, in the order of the file.
    pub lines: Vec<LineAnswer>,
    /// How many lines the filter lets through in all.
    pub matching: u64,
    /// Whether these answers are those of the validation or of the apply.
    pub is_applied: bool,
}

/// What a controlled file is to be made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GenerateRequest {
    /// Device IDs as people paste them: one a line, in any spelling.
    pub ids: String,
    /// The service user reference of the new Party.
    pub to_reference: String,
    /// The transfer or SoLR reference.
    pub reference: String,
    /// The service user reference of the Party that the hubs are with; none if there are several.
    pub from_reference: Option<String>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Generated {
    /// The file.
    File(GeneratedFile),
    /// Some of the IDs are not usable: each mistake, with its line in what was pasted.
    Mistakes(Vec<IdMistake>),
}

/// A controlled file that was made here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedFile {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// How many hubs it names.
    pub hubs: u64,
}

/// What is wrong with one pasted ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdMistake {
    /// Its line in what was pasted, from 1.
    pub line: u32,
    /// The ID as it was given.
    pub given: String,
    /// What is wrong and what to do.
    pub message: String,
}

/// Which lines of the queue of hubs installed before their file was processed are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum InstalledFilter {
    /// Those that wait.
    #[default]
    Open,
    /// Those that Finance has settled.
    Settled,
    /// All of them.
    All,
}

/// A hub that was installed before its transfer file was processed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledItem {
    /// Its number in the queue.
    pub id: i64,
    /// The file.
    pub transfer_file: TransferFileId,
    /// The line of that file.
    pub line: u32,
    /// The hub.
    pub hub: domain::DeviceId,
    /// The status that it had.
    pub status: domain::inventory::SmiStatus,
    /// Since when.
    pub status_since: Timestamp,
    /// The Party that had it, and has it.
    pub from_party: PartyId,
    /// That Party's service user reference.
    pub from_reference: String,
    /// The Party that it should have gone to.
    pub to_party: PartyId,
    /// That Party's service user reference.
    pub to_reference: String,
    /// When the file was applied.
    pub noted_at: Timestamp,
    /// When Finance settled it.
    pub settled_at: Option<Timestamp>,
    /// Who did.
    pub settled_by: Option<Person>,
    /// How.
    pub note: Option<String>,
}
