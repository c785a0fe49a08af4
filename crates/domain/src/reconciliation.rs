//! Comparing, hub by hub, what was agreed, what was dispatched, what was received and what the
//! inventory says. Nothing else in the product decides what a line of a transfer comes to.
//!
//! A line gets the first of these that applies: `Extra`, `Missing`, `Duplicate` (what the two lists
//! say of each other), `NotSendersStock`, `NotPending` (what the inventory says, which keeps any hub
//! where it is), `RejectedByReceiver`, `WrongModel`, `WrongVariant`, `WrongFirmware` (what it is,
//! which the receiver may accept all the same), and `Match`.

use crate::DeviceId;
use crate::transfers::{Correction, FaultReason, LineState};

/// What a line comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Outcome {
    /// Dispatched, received, accepted, as agreed: it goes on at once.
    Match = 1,
    /// Dispatched, not received.
    Missing = 2,
    /// Received, never dispatched: it never moves.
    Extra = 3,
    /// Not of the agreed manufacturer and model.
    WrongModel = 4,
    /// Not of an agreed firmware version.
    WrongFirmware = 5,
    /// Not of the agreed HAN variant, WAN variant or region.
    WrongVariant = 6,
    /// Its status is not `Pending`: it may have been installed on the way.
    NotPending = 7,
    /// The inventory does not have it with the sender.
    NotSendersStock = 8,
    /// The receiver's list names it more than once.
    Duplicate = 9,
    /// The receiver turned it down.
    RejectedByReceiver = 10,
}

impl Outcome {
    /// All of them, in the order of their numbers.
    pub const ALL: &[Outcome] = &[
        Outcome::Match,
        Outcome::Missing,
        Outcome::Extra,
        Outcome::WrongModel,
        Outcome::WrongFirmware,
        Outcome::WrongVariant,
        Outcome::NotPending,
        Outcome::NotSendersStock,
        Outcome::Duplicate,
        Outcome::RejectedByReceiver,
    ];

    /// As the product's specification spells it.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Match => "Match",
            Outcome::Missing => "Missing",
            Outcome::Extra => "Extra",
            Outcome::WrongModel => "WrongModel",
            Outcome::WrongFirmware => "WrongFirmware",
            Outcome::WrongVariant => "WrongVariant",
            Outcome::NotPending => "NotPending",
            Outcome::NotSendersStock => "NotSendersStock",
            Outcome::Duplicate => "Duplicate",
            Outcome::RejectedByReceiver => "RejectedByReceiver",
        }
    }

    /// As a person reads it.
    pub fn words(self) -> &'static str {
        match self {
            Outcome::Match => "Matches",
            Outcome::Missing => "Dispatched, not received",
            Outcome::Extra => "Received, never dispatched",
            Outcome::WrongModel => "Not the agreed model",
            Outcome::WrongFirmware => "Not an agreed firmware version",
            Outcome::WrongVariant => "Not the agreed variant or region",
            Outcome::NotPending => "Not Pending",
            Outcome::NotSendersStock => "Not the sender's stock",
            Outcome::Duplicate => "Listed more than once",
            Outcome::RejectedByReceiver => "Rejected by the receiver",
        }
    }

    /// The outcome of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|outcome| outcome.name() == name)
    }

    /// The outcome with this number, as the database keeps it.
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.iter().copied().find(|outcome| *outcome as i64 == code)
    }

    /// Whether the hub is not what was agreed, though it may move if the receiver accepts it.
    pub fn is_other_specification(self) -> bool {
        matches!(self, Outcome::WrongModel | Outcome::WrongFirmware | Outcome::WrongVariant)
    }
}

/// What the receiver says of a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// It has it and accepts it.
    Accepted,
    /// It has it and turns it down.
    Rejected(FaultReason),
}

/// One hub of the receiver's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The hub.
    pub hub: DeviceId,
    /// What the receiver says of it.
    pub received: Received,
    /// How often the list names it.
    pub times: u32,
}

/// What the inventory says of a hub, as far as a transfer asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The inventory has it with the sender.
    pub is_senders: bool,
    /// Its status is `Pending`.
    pub is_pending: bool,
    /// It is of the agreed manufacturer and model.
    pub is_agreed_model: bool,
    /// It is of the agreed HAN variant, WAN variant and region.
    pub is_agreed_variant: bool,
    /// It is of an agreed firmware version, or none was agreed.
    pub is_agreed_firmware: bool,
}

/// One line of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// The hub.
    pub hub: DeviceId,
    /// What it comes to.
    pub outcome: Outcome,
    /// Why the receiver turned it down, if it did.
    pub reason: Option<FaultReason>,
}

/// Compares the manifest with the receiver's list. Both are in the order of their keys, each hub
/// once; `facts` answers what the inventory has of a hub, if it has it. The lines come in the order
/// of their keys, one for each hub that either list names.
pub fn reconcile(
    manifest: &[DeviceId],
    receipt: &[Receipt],
    mut facts: impl FnMut(DeviceId) -> Option<Facts>,
) -> Vec<Line> {
    let mut lines = Vec::with_capacity(manifest.len());
    let (mut sent, mut got) = (manifest.iter().peekable(), receipt.iter().peekable());
    loop {
        let (hub, was_sent, listed) = match (sent.peek(), got.peek()) {
            (None, None) => return lines,
            (Some(hub), Some(listed)) if listed.hub == **hub => (**hub, true, got.next()),
            (Some(hub), Some(listed)) if hub.key() < listed.hub.key() => (**hub, true, None),
            (Some(hub), None) => (**hub, true, None),
            (_, Some(listed)) => (listed.hub, false, got.next()),
        };
        if was_sent {
            sent.next();
        }
        let outcome = match (was_sent, listed) {
            (false, _) => Outcome::Extra,
            (true, None) => Outcome::Missing,
            (true, Some(listed)) if listed.times > 1 => Outcome::Duplicate,
            (true, Some(listed)) => compared(listed.received, facts(hub)),
        };
        let reason = listed.and_then(|listed| match listed.received {
            Received::Accepted => None,
            Received::Rejected(reason) => Some(reason),
        });
        lines.push(Line { hub, outcome, reason });
    }
}

/// What a hub comes to that was dispatched and that the receiver has.
pub fn compared(received: Received, facts: Option<Facts>) -> Outcome {
    let Some(facts) = facts else { return Outcome::NotSendersStock };
    match received {
        _ if !facts.is_senders => Outcome::NotSendersStock,
        _ if !facts.is_pending => Outcome::NotPending,
        Received::Rejected(_) => Outcome::RejectedByReceiver,
        Received::Accepted if !facts.is_agreed_model => Outcome::WrongModel,
        Received::Accepted if !facts.is_agreed_variant => Outcome::WrongVariant,
        Received::Accepted if !facts.is_agreed_firmware => Outcome::WrongFirmware,
        Received::Accepted => Outcome::Match,
    }
}

/// What a line comes to by a correction that would leave it in `to`: what would be ready is compared
/// with the inventory as it is now, and waits again if that keeps it.
pub fn corrected(
    correction: Correction,
    was: Outcome,
    to: LineState,
    facts: Option<Facts>,
) -> (LineState, Outcome) {
    if to != LineState::Ready {
        return (to, was);
    }
    let now = compared(Received::Accepted, facts);
    let is_taken = correction == Correction::TakeAsItIs && now.is_other_specification();
    let state = match now {
        Outcome::Match => LineState::Ready,
        _ if is_taken => LineState::Ready,
        _ => LineState::Waiting,
    };
    (state, now)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn hub(n: u64) -> DeviceId {
        let maker = if n.is_multiple_of(3) { 0x80_DB12 } else { 0x00_DB12 };
        DeviceId::from_bits(maker << 40 | n).unwrap()
    }

    fn sorted(mut hubs: Vec<DeviceId>) -> Vec<DeviceId> {
        hubs.sort_by_key(|hub| hub.key());
        hubs
    }

    fn accepted(hub: DeviceId) -> Receipt {
        Receipt { hub, received: Received::Accepted, times: 1 }
    }

    const AS_AGREED: Facts = Facts {
        is_senders: true,
        is_pending: true,
        is_agreed_model: true,
        is_agreed_variant: true,
        is_agreed_firmware: true,
    };

    #[test]
    fn lists_that_are_the_same_match() {
        let manifest = sorted((1..=40).map(hub).collect());
        let receipt: Vec<Receipt> = manifest.iter().copied().map(accepted).collect();
        let lines = reconcile(&manifest, &receipt, |_| Some(AS_AGREED));
        assert_eq!(lines.len(), 40);
        assert!(lines.iter().all(|line| line.outcome == Outcome::Match));
    }

    #[test]
    fn what_is_on_one_list_alone_is_missing_or_extra() {
        let manifest = sorted((1..=9).map(hub).collect());
        let mut receipt: Vec<Receipt> = (4..=12).map(hub).map(accepted).collect();
        receipt.sort_by_key(|listed| listed.hub.key());
        let lines = reconcile(&manifest, &receipt, |_| Some(AS_AGREED));
        let of = |n| lines.iter().find(|line| line.hub == hub(n)).unwrap().outcome;
        assert_eq!(lines.len(), 12);
        assert!(lines.is_sorted_by_key(|line| line.hub.key()));
        for n in 1..=12 {
            let expected = match n {
                1..=3 => Outcome::Missing,
                4..=9 => Outcome::Match,
                _ => Outcome::Extra,
            };
            assert_eq!(of(n), expected, "{n}");
        }
    }

    #[test]
    fn the_first_that_applies_is_the_outcome() {
        let all_wrong = Facts {
            is_senders: false,
            is_pending: false,
            is_agreed_model: false,
            is_agreed_variant: false,
            is_agreed_firmware: false,
        };
        let rejected = Received::Rejected(FaultReason::DamagedCase);
        let mut facts = all_wrong;
        let check = |received, facts, expected| {
            assert_eq!(compared(received, Some(facts)), expected);
        };
        check(rejected, facts, Outcome::NotSendersStock);
        facts.is_senders = true;
        check(rejected, facts, Outcome::NotPending);
        facts.is_pending = true;
        check(rejected, facts, Outcome::RejectedByReceiver);
        check(Received::Accepted, facts, Outcome::WrongModel);
        facts.is_agreed_model = true;
        check(Received::Accepted, facts, Outcome::WrongVariant);
        facts.is_agreed_variant = true;
        check(Received::Accepted, facts, Outcome::WrongFirmware);
        facts.is_agreed_firmware = true;
        check(Received::Accepted, facts, Outcome::Match);
        assert_eq!(compared(Received::Accepted, None), Outcome::NotSendersStock);
    }

    #[test]
    fn a_hub_that_is_listed_twice_waits_whatever_else_is_wrong() {
        let twice = Receipt { times: 2, ..accepted(hub(1)) };
        let lines = reconcile(&[hub(1)], &[twice], |_| None);
        assert_eq!(lines[0].outcome, Outcome::Duplicate);
        let lines = reconcile(&[], &[twice], |_| Some(AS_AGREED));
        assert_eq!(lines[0].outcome, Outcome::Extra);
    }

    #[test]
    fn what_a_correction_frees_is_compared_again() {
        let check = |correction, was, facts: Facts, expected| {
            assert_eq!(corrected(correction, was, LineState::Ready, Some(facts)), expected);
        };
        let other = Facts { is_agreed_model: false, ..AS_AGREED };
        let installed = Facts { is_pending: false, ..AS_AGREED };
        let (found, missing) = (Correction::Found, Outcome::Missing);
        check(found, missing, AS_AGREED, (LineState::Ready, Outcome::Match));
        check(found, missing, other, (LineState::Waiting, Outcome::WrongModel));
        check(found, missing, installed, (LineState::Waiting, Outcome::NotPending));
        let (taken, wrong) = (Correction::TakeAsItIs, Outcome::WrongModel);
        check(taken, wrong, other, (LineState::Ready, Outcome::WrongModel));
        check(taken, wrong, installed, (LineState::Waiting, Outcome::NotPending));
        let dropped = corrected(Correction::GiveBack, missing, LineState::Dropped, None);
        assert_eq!(dropped, (LineState::Dropped, missing));
    }

    #[test]
    fn numbers_and_names_read_back() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::from_code(*outcome as i64), Some(*outcome));
            assert_eq!(Outcome::from_name(outcome.name()), Some(*outcome));
        }
    }
}
