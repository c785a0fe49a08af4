//! Transfers as the API shows them.

use app::transfers::{self, Counts, Named, TransferView};
use domain::offers::Specification;
use domain::transfers::Correction;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::transfer_files::NamedPerson;

/// What stock is of.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TransferSpecification {
    /// Manufacturer, as delivered.
    manufacturer: String,
    /// Model, as delivered.
    model: String,
    /// HAN variant.
    #[schema(example = "Single Band")]
    han_variant: String,
    /// WAN variant.
    wan_variant: String,
    /// CSP region.
    #[schema(example = "North")]
    region: String,
}

impl From<TransferSpecification> for Specification {
    fn from(s: TransferSpecification) -> Specification {
        let TransferSpecification { manufacturer, model, han_variant, wan_variant, region } = s;
        Specification { manufacturer, model, han_variant, wan_variant, region }
    }
}

impl From<Specification> for TransferSpecification {
    fn from(s: Specification) -> TransferSpecification {
        let Specification { manufacturer, model, han_variant, wan_variant, region } = s;
        TransferSpecification { manufacturer, model, han_variant, wan_variant, region }
    }
}

/// A Party.
#[derive(Serialize, ToSchema)]
pub(super) struct TransferParty {
    /// Its number.
    #[schema(example = "pty-000002")]
    id: String,
    /// Its legal name.
    name: String,
    /// Its service user reference.
    reference: String,
}

impl From<Named> for TransferParty {
    fn from(party: Named) -> TransferParty {
        let Named { id, name, reference } = party;
        TransferParty { id: id.to_string(), name, reference }
    }
}

/// How many lines are in which state.
#[derive(Serialize, ToSchema)]
pub(super) struct LineCounts {
    /// On their way.
    dispatched: i64,
    /// Accepted; they go into the next transfer file.
    ready: i64,
    /// Somebody has to correct them.
    waiting: i64,
    /// The inventory has them with the receiver.
    moved: i64,
    /// They stay where they were.
    dropped: i64,
}

impl From<Counts> for LineCounts {
    fn from(counts: Counts) -> LineCounts {
        let Counts { dispatched, ready, waiting, moved, dropped } = counts;
        LineCounts { dispatched, ready, waiting, moved, dropped }
    }
}

/// What happens next.
#[derive(Serialize, ToSchema)]
pub(super) struct TransferNextStep {
    /// What.
    what: String,
    /// Whose step it is; absent when nothing more happens.
    whose: Option<String>,
}

impl From<app::transfer_files::NextStep> for TransferNextStep {
    fn from(step: app::transfer_files::NextStep) -> TransferNextStep {
        TransferNextStep { what: step.what, whose: step.whose }
    }
}

/// A transfer in a list.
#[derive(Serialize, ToSchema)]
pub(super) struct TransferSummary {
    /// Its number.
    #[schema(example = "trf-000042")]
    id: String,
    /// `selected`, `direct` or `reversal`.
    kind: &'static str,
    /// Where it is.
    #[schema(example = "Dispatched")]
    state: &'static str,
    /// The Party whose hubs they are.
    sender: TransferParty,
    /// The Party that they go to.
    receiver: TransferParty,
    /// What was agreed.
    specification: TransferSpecification,
    /// How many hubs.
    quantity: i64,
    /// How many lines are in which state.
    counts: LineCounts,
    /// When it was agreed or notified.
    #[schema(format = DateTime)]
    agreed_at: String,
    /// What happens next, and by whom.
    next_step: TransferNextStep,
    /// The next deadline.
    #[schema(format = DateTime)]
    due_at: Option<String>,
}

impl From<transfers::TransferSummary> for TransferSummary {
    fn from(t: transfers::TransferSummary) -> TransferSummary {
        TransferSummary {
            id: t.id.to_string(),
            kind: t.kind.name(),
            state: t.state.name(),
            sender: t.sender.into(),
            receiver: t.receiver.into(),
            specification: t.specification.into(),
            quantity: t.quantity,
            counts: t.counts.into(),
            agreed_at: t.agreed_at.to_string(),
            next_step: t.next_step.into(),
            due_at: instant(t.due_at),
        }
    }
}

fn instant(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

/// Something that one side declared.
#[derive(Serialize, ToSchema)]
pub(super) struct TransferDeclared {
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// By whom; absent where the process did it.
    by: Option<NamedPerson>,
}

impl TransferDeclared {
    fn of(at: Timestamp, by: Option<app::transfer_files::Person>) -> TransferDeclared {
        TransferDeclared { at: at.to_string(), by: by.map(NamedPerson::from) }
    }
}

/// What the sender declared.
#[derive(Serialize, ToSchema)]
pub(super) struct TransferDispatched {
    /// When it was declared, and by whom.
    declared: TransferDeclared,
    /// The day on which it left.
    #[schema(format = Date)]
    on: String,
    /// Who carries it.
    carrier: String,
    /// The number of the consignment note.
    consignment_note: String,
    /// The seals.
    seals: String,
    /// How many hubs.
    hubs: i64,
    /// The SHA-256 of the manifest, in hexadecimal.
    manifest_sha256: String,
}

/// What the receiver declared of the arrival.
#[derive(Serialize, ToSchema)]
pub(super) struct TransferArrived {
    /// When it was declared, and by whom.
    declared: TransferDeclared,
    /// The day on which it arrived.
    #[schema(format = Date)]
    on: String,
    /// In what condition.
    condition: &'static str,
    /// What there is to say about that.
    note: String,
}

/// What the receiver declared to have received.
#[derive(Serialize, ToSchema)]
pub(super) struct TransferReceived {
    /// When it was declared, and by whom.
    declared: TransferDeclared,
    /// The SHA-256 of the receipt, in hexadecimal.
    receipt_sha256: String,
}

/// How many lines came to the same.
#[derive(Serialize, ToSchema)]
pub(super) struct OutcomeCount {
    /// What the comparison came to.
    #[schema(example = "Missing")]
    outcome: &'static str,
    /// Where these lines stand.
    state: &'static str,
    /// How many.
    lines: i64,
}

/// Something that must have happened by an instant.
#[derive(Serialize, ToSchema)]
pub(super) struct TransferClock {
    /// What.
    #[schema(example = "dispatch")]
    what: String,
    /// Whose step it is; absent for the DCC's, or for both.
    side: Option<&'static str>,
    /// By when.
    #[schema(format = DateTime)]
    due_at: String,
    /// When it was met, or its passing was dealt with.
    #[schema(format = DateTime)]
    settled_at: Option<String>,
    /// Working days that are left of it today, negative when it is past.
    working_days_left: i64,
}

/// A transfer.
#[derive(Serialize, ToSchema)]
pub(super) struct Transfer {
    /// Its number.
    #[schema(example = "trf-000042")]
    id: String,
    /// `selected`, `direct` (which skipped selection) or `reversal`.
    kind: &'static str,
    /// The offer that it is from.
    offer: Option<String>,
    /// The request that was selected.
    request: Option<String>,
    /// The run that selected it.
    run: Option<String>,
    /// The transfer that it takes back.
    reverses: Option<String>,
    /// The transfer that takes it back.
    reversed_by: Option<String>,
    /// The Party whose hubs they are.
    sender: TransferParty,
    /// The Party that they go to.
    receiver: TransferParty,
    /// The caller's side; absent for the DCC and auditors.
    my_side: Option<&'static str>,
    /// What was agreed.
    specification: TransferSpecification,
    /// The agreed firmware versions; empty for any.
    firmware: Vec<String>,
    /// How many hubs.
    quantity: i64,
    /// What the Parties said about it.
    notes: String,
    /// Where it is.
    #[schema(example = "Dispatched")]
    state: &'static str,
    /// Where it was when it was put on hold.
    held_from: Option<&'static str>,
    /// When it was agreed or notified.
    #[schema(format = DateTime)]
    agreed_at: String,
    /// The sender's confirmation.
    sender_confirmed: Option<TransferDeclared>,
    /// The receiver's confirmation.
    receiver_confirmed: Option<TransferDeclared>,
    /// What the sender declared.
    dispatched: Option<TransferDispatched>,
    /// What the receiver declared of the arrival.
    arrived: Option<TransferArrived>,
    /// What the receiver declared to have received.
    received: Option<TransferReceived>,
    /// How many lines are in which state.
    counts: LineCounts,
    /// What the comparison came to.
    outcomes: Vec<OutcomeCount>,
    /// The transfer file that is under way, or was the last.
    transfer_file: Option<String>,
    /// Its deadlines, open and settled.
    clocks: Vec<TransferClock>,
    /// What happens next, and by whom.
    next_step: TransferNextStep,
    /// When it was completed, cancelled or lapsed.
    #[schema(format = DateTime)]
    ended_at: Option<String>,
    /// Why it was cancelled or put on hold.
    reason: Option<String>,
    /// How often it has changed: its ETag.
    version: i64,
}

/// A transfer for an answer.
pub(super) fn shown(t: TransferView) -> Transfer {
    let clock = |c: transfers::Clock| TransferClock {
        what: c.what,
        side: c.side.map(|side| side.name()),
        due_at: c.due_at.to_string(),
        settled_at: instant(c.settled_at),
        working_days_left: c.working_days_left,
    };
    let outcome = |o: transfers::OutcomeCount| OutcomeCount {
        outcome: o.outcome.name(),
        state: o.state.name(),
        lines: o.lines,
    };
    Transfer {
        id: t.id.to_string(),
        kind: t.kind.name(),
        offer: t.offer.map(|id| id.to_string()),
        request: t.request.map(|id| id.to_string()),
        run: t.run.map(|id| id.to_string()),
        reverses: t.reverses.map(|id| id.to_string()),
        reversed_by: t.reversed_by.map(|id| id.to_string()),
        sender: t.sender.into(),
        receiver: t.receiver.into(),
        my_side: t.my_side.map(|side| side.name()),
        specification: t.specification.into(),
        firmware: t.firmware,
        quantity: t.quantity,
        notes: t.notes,
        state: t.state.name(),
        held_from: t.held_from.map(|state| state.name()),
        agreed_at: t.agreed_at.to_string(),
        sender_confirmed: t.sender_confirmed.map(|c| TransferDeclared::of(c.at, c.by)),
        receiver_confirmed: t.receiver_confirmed.map(|c| TransferDeclared::of(c.at, c.by)),
        dispatched: t.dispatched.map(|d| TransferDispatched {
            declared: TransferDeclared::of(d.at, d.by),
            on: d.on,
            carrier: d.carrier,
            consignment_note: d.consignment_note,
            seals: d.seals,
            hubs: d.hubs,
            manifest_sha256: d.manifest_sha256,
        }),
        arrived: t.arrived.map(|a| TransferArrived {
            declared: TransferDeclared::of(a.at, a.by),
            on: a.on,
            condition: a.condition.name(),
            note: a.note,
        }),
        received: t.received.map(|r| TransferReceived {
            declared: TransferDeclared::of(r.at, r.by),
            receipt_sha256: r.receipt_sha256,
        }),
        counts: t.counts.into(),
        outcomes: t.outcomes.into_iter().map(outcome).collect(),
        transfer_file: t.transfer_file.map(|id| id.to_string()),
        clocks: t.clocks.into_iter().map(clock).collect(),
        next_step: t.next_step.into(),
        ended_at: instant(t.ended_at),
        reason: t.reason,
        version: t.version,
    }
}

/// One hub of a transfer.
#[derive(Serialize, ToSchema)]
pub(super) struct TransferLine {
    /// The CHF ID.
    #[schema(example = "00-DB-12-34-56-78-90-A2")]
    hub: String,
    /// Where the line stands.
    #[schema(example = "waiting")]
    state: &'static str,
    /// What the comparison came to; absent before it.
    outcome: Option<&'static str>,
    /// The DUIS fault reason for which the receiver turned it down.
    reason: Option<&'static str>,
    /// What was done about it.
    correction: Option<&'static str>,
    /// What the last transfer file said of it; empty before.
    code: String,
    /// When the receiver accepted it.
    #[schema(format = DateTime)]
    accepted_at: Option<String>,
    /// When it moved or was dropped.
    #[schema(format = DateTime)]
    closed_at: Option<String>,
    /// The corrections that the caller can make of it now.
    possible: Vec<&'static str>,
}

impl From<transfers::LineView> for TransferLine {
    fn from(line: transfers::LineView) -> TransferLine {
        TransferLine {
            hub: line.hub.to_string(),
            state: line.state.name(),
            outcome: line.outcome.map(|outcome| outcome.name()),
            reason: line.reason.map(|reason| reason.name()),
            correction: line.correction.map(Correction::word),
            code: line.code,
            accepted_at: instant(line.accepted_at),
            closed_at: instant(line.closed_at),
            possible: line.possible.into_iter().map(Correction::word).collect(),
        }
    }
}

/// A time in which a Party was responsible for a hub.
#[derive(Serialize, ToSchema)]
pub(super) struct Accountable {
    /// The Party.
    party: TransferParty,
    /// From this instant.
    #[schema(format = DateTime)]
    from: String,
    /// Up to this instant; absent for the Party that is responsible now.
    #[schema(format = DateTime)]
    until: Option<String>,
    /// The transfer that made it so; absent for a delivery, a snapshot, or a file without one.
    transfer: Option<String>,
}

impl From<transfers::Accountable> for Accountable {
    fn from(time: transfers::Accountable) -> Accountable {
        Accountable {
            party: time.party.into(),
            from: time.from.to_string(),
            until: instant(time.until),
            transfer: time.transfer.map(|id| id.to_string()),
        }
    }
}
