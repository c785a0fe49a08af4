//! What the authoriser sees instead of every line.

use serde::{Deserialize, Serialize};

use crate::journal::Counts;

/// What a validation found, as the database keeps it and the page shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// How many lines came to what.
    pub counts: Counts,
    /// How many lines would move their hub.
    pub moves: u64,
    /// How many lines were rejected.
    pub rejected: u64,
    /// Lines by old and new Party: the difference from the inventory.
    pub by_party: Vec<PartyPair>,
    /// Lines by device model and region.
    pub by_model: Vec<ModelLines>,
    /// The stock of `Pending` hubs of each Party that gains or loses some.
    pub stock: Vec<StockChange>,
    /// The SHA-256 of the file, in hexadecimal.
    pub content_sha256: String,
    /// The SHA-256 of the outcomes of all lines, in hexadecimal.
    pub outcomes_sha256: String,
}

/// Lines whose hubs are with one Party and go to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartyPair {
    /// The service user reference of the responsible Party; empty where there is no such hub.
    pub from: String,
    /// The new service user reference on the lines.
    pub to: String,
    /// How many lines came to what.
    pub counts: Counts,
    /// How many of them would move.
    pub moves: u64,
}

/// Lines of one device model in one region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelLines {
    /// The manufacturer.
    pub manufacturer: String,
    /// The model.
    pub model: String,
    /// The firmware version.
    pub firmware_version: String,
    /// The WAN variant.
    pub wan_variant: String,
    /// The region.
    pub region: String,
    /// How many lines name such a hub.
    pub lines: u64,
    /// How many of them would move.
    pub moves: u64,
}

/// How a Party's stock of `Pending` hubs changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockChange {
    /// The service user reference.
    pub party: String,
    /// Its legal name.
    pub name: String,
    /// The hubs that it holds now.
    pub before: i64,
    /// The hubs that it will hold.
    pub after: i64,
}
