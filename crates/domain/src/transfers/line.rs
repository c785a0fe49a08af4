//! One hub of a transfer: where it stands, why it was turned down, what can be done about it.

use super::Side;
use crate::reconciliation::Outcome;

/// Where a line of a transfer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum LineState {
    /// It left the sender's warehouse.
    Dispatched = 1,
    /// The receiver accepted it, and nothing keeps it: it goes into the next transfer file.
    Ready = 2,
    /// Something is wrong with it; somebody has to correct it.
    Waiting = 3,
    /// The inventory has it with the receiver.
    Moved = 4,
    /// It stays with the sender, or was never part of the transfer.
    Dropped = 5,
}

impl LineState {
    /// All of them, in the order of their numbers.
    pub const ALL: &[LineState] = &[
        LineState::Dispatched,
        LineState::Ready,
        LineState::Waiting,
        LineState::Moved,
        LineState::Dropped,
    ];

    /// As the API spells it.
    pub fn name(self) -> &'static str {
        match self {
            LineState::Dispatched => "dispatched",
            LineState::Ready => "ready",
            LineState::Waiting => "waiting",
            LineState::Moved => "moved",
            LineState::Dropped => "dropped",
        }
    }

    /// As a person reads it.
    pub fn words(self) -> &'static str {
        match self {
            LineState::Dispatched => "On its way",
            LineState::Ready => "Accepted, waits for the transfer file",
            LineState::Waiting => "Waits for a correction",
            LineState::Moved => "Moved to the receiver",
            LineState::Dropped => "Not moved, stays where it was",
        }
    }

    /// The state of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.name() == name)
    }

    /// The state with this number, as the database keeps it.
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| *state as i64 == code)
    }
}

/// Why a hub is turned down: the reasons of the DUIS service request 8.14.3, Fault Return, and the
/// one of 8.14.4 for hubs that never arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum FaultReason {
    /// Damaged case.
    DamagedCase = 1,
    /// Damaged connector.
    DamagedConnector = 2,
    /// Illegal interference or missing seals.
    MissingSeals = 3,
    /// Environmental conditions exceeded.
    Environment = 4,
    /// Fault of the SM WAN.
    SmWan = 5,
    /// Fault of the SM HAN interface.
    SmHan = 6,
    /// Fault of an LED.
    Led = 7,
    /// Fault of the aerial.
    Aerial = 8,
    /// Manufacturing defect.
    Manufacturing = 9,
    /// Lost or stolen on its way.
    LostOrStolen = 10,
}

impl FaultReason {
    /// All of them, in the order of the schema.
    pub const ALL: &[FaultReason] = &[
        FaultReason::DamagedCase,
        FaultReason::DamagedConnector,
        FaultReason::MissingSeals,
        FaultReason::Environment,
        FaultReason::SmWan,
        FaultReason::SmHan,
        FaultReason::Led,
        FaultReason::Aerial,
        FaultReason::Manufacturing,
        FaultReason::LostOrStolen,
    ];

    /// The DUIS spelling.
    pub fn name(self) -> &'static str {
        match self {
            FaultReason::DamagedCase => "Damaged case",
            FaultReason::DamagedConnector => "Damaged Connector",
            FaultReason::MissingSeals => "Illegal interference or missing seals",
            FaultReason::Environment => "Environmental conditions exceeded",
            FaultReason::SmWan => "SM WAN Fault",
            FaultReason::SmHan => "SMHAN Interface Fault",
            FaultReason::Led => "LED Fault",
            FaultReason::Aerial => "Aerial fault",
            FaultReason::Manufacturing => "Manufacturing defect",
            FaultReason::LostOrStolen => "Lost or Stolen Hub",
        }
    }

    /// The reason of this spelling, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.name().eq_ignore_ascii_case(name.trim()))
    }

    /// The reason with this number, as the database keeps it.
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| *reason as i64 == code)
    }
}

/// What can be done about a line that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Correction {
    /// The hub was found after all, and is accepted.
    Found = 1,
    /// The list was wrong: the receiver has the hub once, or does not have it; the sender never
    /// sent it.
    Miscounted = 2,
    /// The receiver takes the hub although it is not as agreed, or although it had turned it down.
    TakeAsItIs = 3,
    /// What kept the hub is over: it is compared again.
    CheckAgain = 4,
    /// The hub stays with the sender.
    GiveBack = 5,
}

/// Who may make a correction. The DCC may make each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Only this Party.
    Only(Side),
    /// Either.
    Either,
}

/// Every correction: of which outcome, how, by whom, and where it leaves the line. What is ready is
/// compared with the inventory once more. A pair that is not here cannot happen.
pub const CORRECTIONS: &[(Outcome, Correction, Who, LineState)] = &[
    (Outcome::Missing, Correction::Found, Who::Only(Side::Receiver), LineState::Ready),
    (Outcome::Missing, Correction::Miscounted, Who::Only(Side::Sender), LineState::Dropped),
    (Outcome::Missing, Correction::GiveBack, Who::Only(Side::Sender), LineState::Dropped),
    (Outcome::Extra, Correction::Miscounted, Who::Either, LineState::Dropped),
    (Outcome::Extra, Correction::GiveBack, Who::Only(Side::Receiver), LineState::Dropped),
    (Outcome::Duplicate, Correction::Miscounted, Who::Only(Side::Receiver), LineState::Ready),
    (Outcome::Duplicate, Correction::GiveBack, Who::Only(Side::Sender), LineState::Dropped),
    (
        Outcome::RejectedByReceiver,
        Correction::TakeAsItIs,
        Who::Only(Side::Receiver),
        LineState::Ready,
    ),
    (
        Outcome::RejectedByReceiver,
        Correction::GiveBack,
        Who::Only(Side::Sender),
        LineState::Dropped,
    ),
    (Outcome::WrongModel, Correction::TakeAsItIs, Who::Only(Side::Receiver), LineState::Ready),
    (Outcome::WrongModel, Correction::GiveBack, Who::Only(Side::Sender), LineState::Dropped),
    (Outcome::WrongVariant, Correction::TakeAsItIs, Who::Only(Side::Receiver), LineState::Ready),
    (Outcome::WrongVariant, Correction::GiveBack, Who::Only(Side::Sender), LineState::Dropped),
    (Outcome::WrongFirmware, Correction::TakeAsItIs, Who::Only(Side::Receiver), LineState::Ready),
    (Outcome::WrongFirmware, Correction::GiveBack, Who::Only(Side::Sender), LineState::Dropped),
    (Outcome::NotPending, Correction::CheckAgain, Who::Either, LineState::Ready),
    (Outcome::NotPending, Correction::GiveBack, Who::Only(Side::Sender), LineState::Dropped),
    (Outcome::NotSendersStock, Correction::CheckAgain, Who::Either, LineState::Ready),
    (Outcome::NotSendersStock, Correction::GiveBack, Who::Only(Side::Sender), LineState::Dropped),
    (Outcome::Match, Correction::CheckAgain, Who::Either, LineState::Ready),
    (Outcome::Match, Correction::GiveBack, Who::Only(Side::Sender), LineState::Dropped),
];

impl Correction {
    /// All of them.
    pub const ALL: &[Correction] = &[
        Correction::Found,
        Correction::Miscounted,
        Correction::TakeAsItIs,
        Correction::CheckAgain,
        Correction::GiveBack,
    ];

    /// The word for it in the API, on the command line and in the journal.
    pub fn word(self) -> &'static str {
        match self {
            Correction::Found => "found",
            Correction::Miscounted => "miscounted",
            Correction::TakeAsItIs => "take-as-it-is",
            Correction::CheckAgain => "check-again",
            Correction::GiveBack => "give-back",
        }
    }

    /// As a person reads it on a button.
    pub fn words(self) -> &'static str {
        match self {
            Correction::Found => "Found after all",
            Correction::Miscounted => "Counted wrong",
            Correction::TakeAsItIs => "Accept as it is",
            Correction::CheckAgain => "Check again",
            Correction::GiveBack => "Leave with the sender",
        }
    }

    /// The correction of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|correction| correction.word() == word)
    }

    /// The correction with this number, as the database keeps it.
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.iter().copied().find(|correction| *correction as i64 == code)
    }

    /// Where it leaves a line that waits with this outcome, if it can be made by this side; by
    /// nobody's side when the DCC makes it.
    pub fn of(self, outcome: Outcome, by: Option<Side>) -> Option<LineState> {
        let row = CORRECTIONS.iter().find(|(o, c, _, _)| *o == outcome && *c == self)?;
        let may = match (row.2, by) {
            (_, None) | (Who::Either, _) => true,
            (Who::Only(only), Some(side)) => only == side,
        };
        may.then_some(row.3)
    }

    /// The side whose correction this is of a line that waits with this outcome; none if either can
    /// make it.
    pub fn whose(self, outcome: Outcome) -> Option<Side> {
        let row = CORRECTIONS.iter().find(|(o, c, _, _)| *o == outcome && *c == self)?;
        match row.2 {
            Who::Only(side) => Some(side),
            Who::Either => None,
        }
    }

    /// Every correction that this side can make of a line that waits with this outcome.
    pub fn possible(outcome: Outcome, by: Option<Side>) -> Vec<Correction> {
        Self::ALL.iter().copied().filter(|c| c.of(outcome, by).is_some()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_that_waits_can_be_corrected_and_an_extra_hub_never_becomes_ready() {
        for outcome in Outcome::ALL {
            assert!(!Correction::possible(*outcome, None).is_empty(), "{outcome:?}");
            for correction in Correction::ALL {
                let rows =
                    CORRECTIONS.iter().filter(|(o, c, _, _)| o == outcome && c == correction);
                assert!(rows.count() <= 1, "{outcome:?} {correction:?}");
            }
        }
        for (outcome, _, _, to) in CORRECTIONS {
            assert!(*outcome != Outcome::Extra || *to == LineState::Dropped);
        }
    }

    #[test]
    fn only_the_sender_gives_up_what_the_receiver_did_not_find() {
        assert_eq!(Correction::GiveBack.of(Outcome::Missing, Some(Side::Receiver)), None);
        assert_eq!(Correction::Found.of(Outcome::Missing, Some(Side::Sender)), None);
        assert_eq!(
            Correction::Found.of(Outcome::Missing, Some(Side::Receiver)),
            Some(LineState::Ready)
        );
        assert_eq!(Correction::GiveBack.of(Outcome::Missing, None), Some(LineState::Dropped));
    }

    #[test]
    fn numbers_and_names_read_back() {
        for state in LineState::ALL {
            assert_eq!(LineState::from_code(*state as i64), Some(*state));
            assert_eq!(LineState::from_name(state.name()), Some(*state));
        }
        for reason in FaultReason::ALL {
            assert_eq!(FaultReason::from_code(*reason as i64), Some(*reason));
            assert_eq!(FaultReason::from_name(&reason.name().to_uppercase()), Some(*reason));
        }
        for correction in Correction::ALL {
            assert_eq!(Correction::from_code(*correction as i64), Some(*correction));
            assert_eq!(Correction::from_word(correction.word()), Some(*correction));
        }
    }
}
