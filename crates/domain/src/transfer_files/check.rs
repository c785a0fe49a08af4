//! The rules: which code a line gets. Nothing else in the product knows them.
//!
//! A line gets the first of these that applies: `R00`, `R01`, `R07`, `R03`, `R02`, `R08`, `R04`,
//! `S01`, `R09`, `R05`, `R06`, `R12`, then `W10` and `W11` where they are set to reject, and
//! `S00` with the warnings that remain. The same function serves validation and apply; only
//! `R12`, which compares the two, is [`at_apply`]'s.

use jiff::{Timestamp, civil::Date};

use super::settings::{RejectOrOff, WarnRejectOff};
use super::{CheckSettings, Code, Judged, Line, Outcome, Warnings};
use crate::DeviceId;
use crate::ids::PartyId;
use crate::inventory::SmiStatus;
use crate::parties::{Party, PartyBook};

/// What the inventory knows of the device on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Facts {
    /// Nothing: it was never delivered.
    Unknown,
    /// It is the Gas Proxy Function of a hub.
    Gpf {
        /// That hub.
        chf: DeviceId,
    },
    /// It is a hub.
    Hub(HubFacts),
}

/// What the inventory knows of a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HubFacts {
    /// The responsible Party.
    pub party: PartyId,
    /// Its status.
    pub status: SmiStatus,
    /// Since when it has that.
    pub status_since: Timestamp,
    /// Whether something keeps it where it is.
    pub held_back: HeldBack,
    /// The last day on which it may be installed.
    pub installation_end: Option<Date>,
    /// The number of its last move, or 0; it changes whenever the responsible Party does.
    pub last_move: i64,
    /// The open transfer that it is in, other than the one that this file carries out.
    pub open_transfer: Option<i64>,
    /// Whether both Parties confirmed that it goes to this line's new Party, where there is a
    /// transfer to ask.
    pub as_confirmed: Option<bool>,
    /// Whether it is of the agreed specification, where there is one.
    pub agreed_specification: Option<bool>,
}

/// What keeps a hub where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldBack {
    /// Nothing.
    No,
    /// It is a test hub.
    Test,
    /// It is quarantined.
    Quarantined,
}

/// The Party that the `from` of a controlled file names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// None: the hubs may come from anybody.
    Any,
    /// This one.
    Party(PartyId),
    /// A reference that stands for no Party, so that no hub can be with it.
    Unknown,
}

/// The new Party that a line names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// A reference that stands for no Party.
    Unknown,
    /// A Party that is not `Active` or may not hold hubs.
    Barred(PartyId),
    /// A Party that hubs can be moved to.
    Party(PartyId),
}

/// What is the same for every line of a file.
#[derive(Clone, Copy, Debug)]
pub struct CheckContext {
    /// Which checks reject, warn or are off.
    pub settings: CheckSettings,
    /// The Party that the hubs must be with.
    pub sender: Sender,
    /// The day in Great Britain.
    pub today: Date,
}

/// The outcome of a line, as things stand.
pub fn check(line: &Line, facts: &Facts, receiver: Receiver, context: &CheckContext) -> Outcome {
    let settings = &context.settings;
    if line.wrong_field_count().is_some() {
        return Outcome::of(Code::R00);
    }
    if line.device().is_none() {
        return Outcome::of(Code::R01);
    }
    let is_duplicate = line.duplicate_of().is_some();
    if is_duplicate && (settings.r07 == RejectOrOff::Reject || line.contradicts_earlier()) {
        return Outcome::of(Code::R07);
    }
    let hub = match facts {
        Facts::Gpf { .. } => return Outcome::of(Code::R03),
        Facts::Unknown => return Outcome::of(Code::R02),
        Facts::Hub(hub) => hub,
    };
    let to = match receiver {
        Receiver::Party(id) => id,
        Receiver::Barred(id) if settings.r08 == RejectOrOff::Off => id,
        Receiver::Barred(_) | Receiver::Unknown => return Outcome::of(Code::R08),
    };
    if hub.status != SmiStatus::Pending {
        return Outcome::of(Code::R04);
    }
    if hub.party == to {
        return Outcome::of(Code::S01);
    }
    if let Some(code) = objection(hub, context) {
        return Outcome::of(code);
    }
    match warned(hub, context) {
        Ok(_) if is_duplicate => Outcome::of(Code::S01),
        Ok(warnings) => Outcome { code: Code::S00, warnings },
        Err(code) => Outcome::of(code),
    }
}

/// What speaks against moving a hub that could be moved: `R09`, `R05` or `R06`.
fn objection(hub: &HubFacts, context: &CheckContext) -> Option<Code> {
    let settings = &context.settings;
    let with_sender = match context.sender {
        Sender::Any => true,
        Sender::Party(id) => hub.party == id,
        Sender::Unknown => false,
    };
    let in_precedence = [
        (settings.r09, hub.held_back != HeldBack::No, Code::R09),
        (settings.r05, !with_sender || hub.as_confirmed == Some(false), Code::R05),
        (settings.r06, hub.open_transfer.is_some(), Code::R06),
    ];
    in_precedence
        .into_iter()
        .find(|(setting, applies, _)| *applies && *setting == RejectOrOff::Reject)
        .map(|(_, _, code)| code)
}

/// The warnings for a hub that moves, or the one that is set to reject.
fn warned(hub: &HubFacts, context: &CheckContext) -> Result<Warnings, Code> {
    let settings = &context.settings;
    let has_expired = hub.installation_end.is_some_and(|end| end < context.today);
    let is_other = hub.agreed_specification == Some(false);
    let mut warnings = Warnings::NONE;
    for (setting, applies, warning, code) in [
        (settings.w10, has_expired, Warnings::W10, Code::W10),
        (settings.w11, is_other, Warnings::W11, Code::W11),
    ] {
        match setting {
            WarnRejectOff::Reject if applies => return Err(code),
            WarnRejectOff::Warn if applies => warnings = warnings.and(warning),
            WarnRejectOff::Warn | WarnRejectOff::Reject | WarnRejectOff::Off => {}
        }
    }
    Ok(warnings)
}

/// The outcome of a line when it is applied: that of [`check`] now, or `R12` if the line would
/// move its hub although validation did not say so, or the hub has moved since.
pub fn at_apply(before: &Judged, now: Outcome, facts: &Facts) -> Outcome {
    if !matches!(now.code, Code::S00 | Code::W10 | Code::W11) {
        return now;
    }
    let was_to_move = matches!(before.outcome.code, Code::S00 | Code::N00);
    if !before.is_still_so(facts) || (now.moves() && !was_to_move) {
        return Outcome::of(Code::R12);
    }
    now
}

/// In an all-or-nothing file, one rejected line keeps all others from moving.
pub fn hold_back(outcomes: &mut [Outcome]) {
    if outcomes.iter().any(|outcome| outcome.is_rejected()) {
        for outcome in outcomes.iter_mut().filter(|outcome| outcome.moves()) {
            *outcome = Outcome::of(Code::N00);
        }
    }
}

impl Receiver {
    /// The Party that a reference stands for, as a receiver of hubs.
    pub fn of(party: Option<&Party>) -> Self {
        match party {
            None => Receiver::Unknown,
            Some(party) if party.details.can_receive_hubs() => Receiver::Party(party.id),
            Some(party) => Receiver::Barred(party.id),
        }
    }

    /// The receivers that a file's references stand for, in their order.
    pub fn all(references: &[String], parties: &PartyBook) -> Vec<Self> {
        references.iter().map(|reference| Self::of(parties.by_reference(reference))).collect()
    }
}

impl Sender {
    /// The Party that the `from` of a file stands for.
    pub fn of(from: &str, parties: &PartyBook) -> Self {
        match (from, parties.by_reference(from)) {
            ("", _) => Sender::Any,
            (_, Some(party)) => Sender::Party(party.id),
            (_, None) => Sender::Unknown,
        }
    }
}

#[cfg(test)]
mod tests;
