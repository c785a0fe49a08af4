//! A transfer file and its lines, as answers have them.

use std::collections::BTreeMap;

use app::transfer_files::{self, TransferFileView};
use serde::Serialize;
use utoipa::ToSchema;

/// A person.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct NamedPerson {
    /// The number.
    #[schema(example = "usr-000003")]
    id: String,
    /// The name.
    name: String,
}

impl From<transfer_files::Person> for NamedPerson {
    fn from(person: transfer_files::Person) -> NamedPerson {
        NamedPerson { id: person.id.to_string(), name: person.name }
    }
}

/// The transfer that a file carries out.
#[derive(Serialize, ToSchema)]
pub(super) struct BoundTo {
    /// Its number.
    #[schema(example = "trf-000042")]
    id: String,
    /// The SHA-256 of the sender's manifest; absent before its dispatch.
    manifest_sha256: Option<String>,
    /// The SHA-256 of the receiver's receipt; absent before its receipt.
    receipt_sha256: Option<String>,
}

/// A transfer file.
#[derive(Serialize, ToSchema)]
pub(super) struct TransferFile {
    /// Its number.
    #[schema(example = "ctf-000042")]
    id: String,
    /// The name that it came under.
    name: String,
    /// `unknown` until it was read, then `minimal` or `controlled`.
    profile: String,
    /// The controlled file's own ID.
    file_id: Option<String>,
    /// Whether one rejected line keeps all others from moving.
    all_or_nothing: bool,
    /// Where it is.
    #[schema(example = "Validated")]
    state: &'static str,
    /// The transfer or SoLR reference of a controlled file; empty otherwise.
    reference: String,
    /// The transfer that the reference names, with what both Parties declared.
    transfer: Option<BoundTo>,
    /// The `from` of a controlled file; empty otherwise.
    from_reference: String,
    /// The `to` of a controlled file; empty otherwise.
    to_reference: String,
    /// How many lines it has; 0 until they have been counted.
    lines: u64,
    /// Its length in bytes.
    size: u64,
    /// The SHA-256 of its bytes.
    sha256: String,
    /// What its validation found: what the authoriser decides on.
    summary: Option<Summary>,
    /// What came of applying it.
    applied: Option<Applied>,
    /// Why it was refused whole, or could not be applied.
    refusal: Option<String>,
    /// The stable word for why it was refused whole.
    #[schema(example = "columns")]
    refusal_word: Option<String>,
    /// The file that was sent before with the same file ID and has the answer.
    first_answer: Option<String>,
    /// Who prepared it.
    preparer: NamedPerson,
    /// Who authorised or rejected it.
    authoriser: Option<NamedPerson>,
    /// Why it was rejected or withdrawn.
    reason: Option<String>,
    /// When it came in.
    #[schema(format = DateTime)]
    received_at: String,
    /// When its lines were checked.
    #[schema(format = DateTime)]
    validated_at: Option<String>,
    /// By when somebody is to authorise, reject or withdraw it, while that is open.
    #[schema(format = DateTime)]
    authorise_by: Option<String>,
    /// When it was authorised, rejected or withdrawn.
    #[schema(format = DateTime)]
    decided_at: Option<String>,
    /// When its hubs moved.
    #[schema(format = DateTime)]
    applied_at: Option<String>,
    /// What happens next.
    next_step: String,
    /// Whose step it is; absent when nothing more happens.
    next_step_is: Option<String>,
    /// How far its job is, in lines, while one runs or waits.
    progress: Option<Progress>,
    /// What the caller may do now: `authorise`, `reject`, `withdraw`.
    may: Vec<&'static str>,
    /// The name of its response file.
    response_name: Option<String>,
    /// The name of the file of its rejected lines.
    errors_name: Option<String>,
    /// How often it has changed: its ETag.
    version: i64,
}

/// How far a job is.
#[derive(Serialize, ToSchema)]
struct Progress {
    /// Lines done.
    done: u64,
    /// Lines in all; 0 when not known yet.
    total: u64,
}

/// What a validation found.
#[derive(Serialize, ToSchema)]
pub(super) struct Summary {
    /// How many lines came to what.
    #[schema(example = json!({"S00": 895, "R04": 1}))]
    counts: BTreeMap<String, u64>,
    /// How many lines would move their hub.
    moves: u64,
    /// How many lines were rejected.
    rejected: u64,
    /// Lines by old and new Party: the difference from the inventory.
    by_party: Vec<PartyPair>,
    /// What a file with very many references has beside these; absent where they are all.
    #[serde(skip_serializing_if = "Option::is_none")]
    more_pairs: Option<MorePairs>,
    /// Lines by device model and region.
    by_model: Vec<ModelLines>,
    /// How the stock of `Pending` hubs changes.
    stock: Vec<StockChange>,
    /// How many lines name a device whose ID has its group or local bit set.
    unusual_ids: u64,
    /// The SHA-256 of the file.
    content_sha256: String,
    /// The SHA-256 of the outcomes of all lines; empty in a dry run.
    outcomes_sha256: String,
}

/// Lines whose hubs are with one Party and go to another.
#[derive(Serialize, ToSchema)]
struct PartyPair {
    /// The service user reference of the responsible Party; empty where there is no such hub.
    from: String,
    /// The new service user reference on the lines.
    to: String,
    /// How many lines came to what.
    counts: BTreeMap<String, u64>,
    /// How many of them would move.
    moves: u64,
}

/// Pairs of Parties beyond those that are listed.
#[derive(Serialize, ToSchema)]
struct MorePairs {
    /// How many pairs.
    pairs: u64,
    /// Their lines.
    lines: u64,
    /// How many of those would move.
    moves: u64,
}

/// Lines of one device model in one region.
#[derive(Serialize, ToSchema)]
struct ModelLines {
    /// The manufacturer.
    manufacturer: String,
    /// The model.
    model: String,
    /// The firmware version.
    firmware_version: String,
    /// The WAN variant.
    wan_variant: String,
    /// The region.
    region: String,
    /// How many lines name such a hub.
    lines: u64,
    /// How many of them would move.
    moves: u64,
}

/// How a Party's stock of `Pending` hubs changes.
#[derive(Serialize, ToSchema)]
struct StockChange {
    /// The service user reference.
    party: String,
    /// Its legal name.
    name: String,
    /// The hubs that it held at validation.
    before: i64,
    /// The hubs that it would hold.
    after: i64,
}

/// What came of applying a file.
#[derive(Serialize, ToSchema)]
struct Applied {
    /// How many lines came to what.
    counts: BTreeMap<String, u64>,
    /// How many hubs moved.
    moved: u64,
    /// How many lines were rejected.
    rejected: u64,
    /// How many hubs had been installed before, and wait for Finance.
    installed_before: u64,
    /// The SHA-256 of the outcomes of all lines.
    outcomes_sha256: String,
    /// The SHA-256 of the response file.
    response_sha256: String,
}

pub(super) fn summary(s: transfer_files::Summary) -> Summary {
    let pair = |pair: transfer_files::PartyPair| PartyPair {
        from: pair.from,
        to: pair.to,
        counts: pair.counts,
        moves: pair.moves,
    };
    let more = |more: transfer_files::MorePairs| MorePairs {
        pairs: more.pairs,
        lines: more.lines,
        moves: more.moves,
    };
    let model = |model: transfer_files::ModelLines| ModelLines {
        manufacturer: model.manufacturer,
        model: model.model,
        firmware_version: model.firmware_version,
        wan_variant: model.wan_variant,
        region: model.region,
        lines: model.lines,
        moves: model.moves,
    };
    let stock = |stock: transfer_files::StockChange| StockChange {
        party: stock.party,
        name: stock.name,
        before: stock.before,
        after: stock.after,
    };
    Summary {
        counts: s.counts,
        moves: s.moves,
        rejected: s.rejected,
        by_party: s.by_party.into_iter().map(pair).collect(),
        more_pairs: s.more_pairs.map(more),
        by_model: s.by_model.into_iter().map(model).collect(),
        stock: s.stock.into_iter().map(stock).collect(),
        unusual_ids: s.unusual_ids,
        content_sha256: s.content_sha256,
        outcomes_sha256: s.outcomes_sha256,
    }
}

fn applied(applied: transfer_files::Applied) -> Applied {
    Applied {
        counts: applied.counts,
        moved: applied.moved,
        rejected: applied.rejected,
        installed_before: applied.installed_before,
        outcomes_sha256: applied.outcomes_sha256,
        response_sha256: applied.response_sha256,
    }
}

/// The file as answers have it.
pub(super) fn shown(view: TransferFileView) -> TransferFile {
    let may = [
        (view.may.authorise, "authorise"),
        (view.may.reject, "reject"),
        (view.may.withdraw, "withdraw"),
    ];
    TransferFile {
        id: view.id.to_string(),
        name: view.name,
        profile: view.profile,
        file_id: view.file_id,
        all_or_nothing: view.all_or_nothing,
        state: view.state.name(),
        reference: view.reference,
        transfer: view.transfer.map(|bound| BoundTo {
            id: bound.id.to_string(),
            manifest_sha256: bound.manifest_sha256,
            receipt_sha256: bound.receipt_sha256,
        }),
        from_reference: view.from_reference,
        to_reference: view.to_reference,
        lines: view.lines,
        size: view.size,
        sha256: view.sha256,
        summary: view.summary.map(summary),
        applied: view.applied.map(applied),
        refusal: view.refusal,
        refusal_word: view.refusal_word,
        first_answer: view.first_answer.map(|id| id.to_string()),
        preparer: view.preparer.into(),
        authoriser: view.authoriser.map(NamedPerson::from),
        reason: view.reason,
        received_at: view.received_at.to_string(),
        validated_at: view.validated_at.map(|at| at.to_string()),
        authorise_by: view.authorise_by.map(|at| at.to_string()),
        decided_at: view.decided_at.map(|at| at.to_string()),
        applied_at: view.applied_at.map(|at| at.to_string()),
        next_step: view.next_step.what,
        next_step_is: view.next_step.whose,
        progress: view.progress.map(|p| Progress { done: p.done, total: p.total }),
        may: may.into_iter().filter(|(may, _)| *may).map(|(_, word)| word).collect(),
        response_name: view.response_name,
        errors_name: view.errors_name,
        version: view.version,
    }
}

/// One line of a file and its answer.
#[derive(Serialize, ToSchema)]
pub(super) struct Line {
    /// Where a person finds it.
    line: u32,
    /// The ID as it was given.
    comms_hub_id: String,
    /// The result code.
    #[schema(example = "S00+W10")]
    code: String,
    /// What it means for this line.
    text: String,
    /// The service user reference of the Party before; empty if there is no such hub.
    previous_party: String,
    /// The new service user reference, as it was given.
    new_party: String,
    /// The hub's status; empty if there is no such hub.
    smi_status: String,
    /// When it was applied, if it was.
    #[schema(format = DateTime)]
    applied_at: Option<String>,
}

impl From<transfer_files::LineAnswer> for Line {
    fn from(line: transfer_files::LineAnswer) -> Line {
        Line {
            line: line.line,
            comms_hub_id: line.comms_hub_id,
            code: line.outcome.name().to_owned(),
            text: line.text,
            previous_party: line.previous_party,
            new_party: line.new_party,
            smi_status: line.smi_status,
            applied_at: line.applied_at.map(|at| at.to_string()),
        }
    }
}
