//! Files that bring in Parties, deliveries, statuses and snapshots, and what their lines come to.

use crate::inventory::PackDetails;

/// What an import brings in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ImportKind {
    /// Parties.
    Parties,
    /// Deliveries of hubs (ASN).
    Deliveries,
    /// Changes of hubs' statuses.
    Statuses,
    /// What the whole inventory should be: compared first, applied when authorised.
    Snapshot,
}

impl ImportKind {
    /// All of them.
    pub const ALL: &[ImportKind] =
        &[ImportKind::Parties, ImportKind::Deliveries, ImportKind::Statuses, ImportKind::Snapshot];

    /// The word for it in addresses, on the command line and in the database.
    pub fn word(self) -> &'static str {
        match self {
            ImportKind::Parties => "parties",
            ImportKind::Deliveries => "deliveries",
            ImportKind::Statuses => "statuses",
            ImportKind::Snapshot => "snapshot",
        }
    }

    /// The kind of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.word() == word)
    }

    /// What stands in the second column of its answer.
    pub fn key_column(self) -> &'static str {
        match self {
            ImportKind::Parties => "Signifier",
            ImportKind::Deliveries | ImportKind::Statuses | ImportKind::Snapshot => "CHFID",
        }
    }
}

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ImportState {
    /// Its bytes are here.
    Received,
    /// Some of its lines have an answer.
    Loading,
    /// All of them have.
    Loaded,
    /// It was refused whole.
    Refused,
    /// A snapshot's lines have been compared with the inventory; it waits to be authorised.
    Compared,
    /// Somebody else has authorised it; it is being applied.
    Authorised,
    /// Somebody else has rejected it.
    Rejected,
}

impl ImportState {
    /// All of them.
    pub const ALL: &[ImportState] = &[
        ImportState::Received,
        ImportState::Loading,
        ImportState::Loaded,
        ImportState::Refused,
        ImportState::Compared,
        ImportState::Authorised,
        ImportState::Rejected,
    ];

    /// As it stands in the database and on pages.
    pub fn name(self) -> &'static str {
        match self {
            ImportState::Received => "Received",
            ImportState::Loading => "Loading",
            ImportState::Loaded => "Loaded",
            ImportState::Refused => "Refused",
            ImportState::Compared => "Compared",
            ImportState::Authorised => "Authorised",
            ImportState::Rejected => "Rejected",
        }
    }

    /// The state of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.name() == name)
    }

    /// Whether nothing more happens to it.
    pub fn is_final(self) -> bool {
        matches!(self, ImportState::Loaded | ImportState::Refused | ImportState::Rejected)
    }
}

/// What became of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineOutcome {
    /// New, and now here.
    Loaded,
    /// Here, and now different.
    Changed,
    /// Here already, and the same.
    Already,
    /// Here already, with other data; nothing was overwritten.
    Conflict,
    /// Not usable.
    Rejected,
    /// Snapshot: as the inventory has it.
    Same,
    /// Snapshot: not in the inventory.
    Missing,
    /// Snapshot: in the inventory with another Party, another status or since another date.
    Differs,
    /// Snapshot: in the inventory, and not in the snapshot.
    Absent,
}

impl LineOutcome {
    /// All of them.
    pub const ALL: &[LineOutcome] = &[
        LineOutcome::Loaded,
        LineOutcome::Changed,
        LineOutcome::Already,
        LineOutcome::Conflict,
        LineOutcome::Rejected,
        LineOutcome::Same,
        LineOutcome::Missing,
        LineOutcome::Differs,
        LineOutcome::Absent,
    ];

    /// The word for it in answers.
    pub fn word(self) -> &'static str {
        match self {
            LineOutcome::Loaded => "loaded",
            LineOutcome::Changed => "changed",
            LineOutcome::Already => "already",
            LineOutcome::Conflict => "conflict",
            LineOutcome::Rejected => "rejected",
            LineOutcome::Same => "same",
            LineOutcome::Missing => "missing",
            LineOutcome::Differs => "differs",
            LineOutcome::Absent => "absent",
        }
    }

    /// Whether somebody has to look at it.
    pub fn is_a_problem(self) -> bool {
        matches!(self, LineOutcome::Conflict | LineOutcome::Rejected)
    }
}

/// In what two accounts of the same hub's delivery differ: column, what is here, what was sent.
///
/// Whom it was delivered to counts only where it is asked for: a snapshot tells the present Party.
pub fn differences(
    here: &PackDetails,
    sent: &PackDetails,
    and_delivered_to: Compare,
) -> Vec<(&'static str, String, String)> {
    let day = |day: Option<jiff::civil::Date>| day.map_or(String::new(), |day| day.to_string());
    let yes = |yes: bool| if yes { "Y" } else { "N" }.to_owned();
    let fields = |pack: &PackDetails| {
        let model = &pack.model;
        [
            ("Manufacturer", model.manufacturer.clone()),
            ("Model", model.model.clone()),
            ("HardwareVersion", model.hardware_version.clone()),
            ("FirmwareVersion", model.firmware_version.clone()),
            ("CHTSVersion", model.chts_version.clone()),
            ("GBCSVersion", model.gbcs_version.clone()),
            ("HANVariant", model.han_variant.clone()),
            ("WANVariant", model.wan_variant.clone()),
            ("CSPRegion", pack.region.clone()),
            ("OrderNo", pack.order_no.clone()),
            ("ConsignmentNo", pack.consignment_no.clone()),
            ("PalletID", pack.pallet_id.clone()),
            ("BoxID", pack.box_id.clone()),
            ("DeliveryDate", pack.delivered_on.to_string()),
            ("AcceptanceDate", day(pack.accepted_on)),
            ("DeliveryLocation", pack.location.clone()),
            ("InstallationEndDate", day(pack.installation_end)),
            ("TestHub", yes(pack.is_test)),
            (
                "ServiceUserReference",
                match and_delivered_to {
                    Compare::DeliveredTo => pack.delivered_to.clone(),
                    Compare::NotDeliveredTo => String::new(),
                },
            ),
        ]
    };
    let pairs = fields(here).into_iter().zip(fields(sent));
    let differing = pairs.filter(|(here, sent)| here != sent);
    differing.map(|((column, here), (_, sent))| (column, here, sent)).collect()
}

/// Whether [`differences`] looks at whom a hub was delivered to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// It does.
    DeliveredTo,
    /// It does not.
    NotDeliveredTo,
}
