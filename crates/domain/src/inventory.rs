//! Hubs: their statuses, models and deliveries, and the rows of the files that bring them in.

use jiff::civil::Date;

mod rows;

pub use rows::{
    DELIVERY_COLUMNS, DeliveryColumns, DeliveryRow, SNAPSHOT_COLUMNS, STATUS_COLUMNS,
    StatusColumns, StatusRow,
};

/// The CSP regions, as DUIS spells them.
pub const REGIONS: &[&str] =
    &["North", "Central", "South", "4G North", "4G Central", "4G South", "Unknown", "SMETS1"];

/// The status of a hub's Communications Hub Function in the Smart Metering Inventory.
///
/// Spelled as in the DUIS V5.4 schema. The discriminant is what the database keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum SmiStatus {
    /// Loaded, not installed: the only status in which a hub can be moved (FIA §6.2, §6.5).
    Pending = 1,
    /// On a hub's device log.
    Whitelisted = 2,
    /// Installed, not yet commissioned.
    InstalledNotCommissioned = 3,
    /// Live.
    Commissioned = 4,
    /// Returned, lost or replaced.
    Decommissioned = 5,
    /// Opted out.
    Withdrawn = 6,
    /// Its model is no longer on the Central Products List.
    Suspended = 7,
    /// In the SMKI recovery procedure.
    Recovery = 8,
    /// After that procedure.
    Recovered = 9,
}

impl SmiStatus {
    /// All of them, in the order of their numbers.
    pub const ALL: &[SmiStatus] = &[
        SmiStatus::Pending,
        SmiStatus::Whitelisted,
        SmiStatus::InstalledNotCommissioned,
        SmiStatus::Commissioned,
        SmiStatus::Decommissioned,
        SmiStatus::Withdrawn,
        SmiStatus::Suspended,
        SmiStatus::Recovery,
        SmiStatus::Recovered,
    ];

    /// How far along its life a hub is with this status, the statuses that it may return from
    /// beside each other: of two at one instant, the one that is further along came last.
    pub fn stage(self) -> u8 {
        match self {
            SmiStatus::Pending => 0,
            SmiStatus::Whitelisted => 1,
            SmiStatus::InstalledNotCommissioned => 2,
            SmiStatus::Commissioned => 3,
            SmiStatus::Suspended | SmiStatus::Recovery => 4,
            SmiStatus::Recovered => 5,
            SmiStatus::Decommissioned | SmiStatus::Withdrawn => 6,
        }
    }

    /// The DUIS spelling.
    pub fn name(self) -> &'static str {
        match self {
            SmiStatus::Pending => "Pending",
            SmiStatus::Whitelisted => "Whitelisted",
            SmiStatus::InstalledNotCommissioned => "InstalledNotCommissioned",
            SmiStatus::Commissioned => "Commissioned",
            SmiStatus::Decommissioned => "Decommissioned",
            SmiStatus::Withdrawn => "Withdrawn",
            SmiStatus::Suspended => "Suspended",
            SmiStatus::Recovery => "Recovery",
            SmiStatus::Recovered => "Recovered",
        }
    }

    /// The status of this spelling.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|s| s.name() == name)
    }

    /// The status with this number, as the database keeps it.
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.iter().copied().find(|s| *s as i64 == code)
    }
}

/// A device model with its versions: one line of the Central Products List, with the variants.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelDetails {
    /// Manufacturer, as delivered.
    pub manufacturer: String,
    /// Model, as delivered.
    pub model: String,
    /// Hardware version.
    pub hardware_version: String,
    /// Firmware version.
    pub firmware_version: String,
    /// CHTS version.
    pub chts_version: String,
    /// GBCS version.
    pub gbcs_version: String,
    /// HAN variant, such as `Single Band`.
    pub han_variant: String,
    /// WAN variant, such as `Cellular+Mesh`.
    pub wan_variant: String,
}

/// What hubs that were delivered together have in common: one model, consignment, pallet, box.
///
/// A hub's own row names its pack instead of repeating any of this.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PackDetails {
    /// The model.
    pub model: ModelDetails,
    /// CSP region, such as `North` or `4G South`.
    pub region: String,
    /// Order number.
    pub order_no: String,
    /// Consignment number.
    pub consignment_no: String,
    /// Pallet ID; empty where the delivery file gave none.
    pub pallet_id: String,
    /// Box ID; empty where the delivery file gave none.
    pub box_id: String,
    /// The day of delivery.
    pub delivered_on: Date,
    /// The day of acceptance.
    pub accepted_on: Option<Date>,
    /// Delivery location.
    pub location: String,
    /// The service user reference of the Party that it was delivered to.
    pub delivered_to: String,
    /// The last day on which these hubs may be installed.
    pub installation_end: Option<Date>,
    /// Test hubs, which never move (SEC Section F10).
    pub is_test: bool,
}
