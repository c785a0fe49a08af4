//! The words of `hubstock party`.

use clap::{Args, Subcommand};

use super::Who;
use super::directory::{PartyContact, PartyLocation};

/// What a Party is changed to. What is left out stays.
#[derive(Debug, Args)]
pub struct PartyChange {
    /// Its signifier
    #[arg(long, value_name = "TEXT")]
    pub signifier: Option<String>,
    /// Its legal name
    #[arg(long, value_name = "TEXT")]
    pub legal_name: Option<String>,
    /// Its category, such as "Large Supplier"
    #[arg(long)]
    pub category: Option<String>,
    /// The group of companies it belongs to
    #[arg(long, value_name = "TEXT")]
    pub group: Option<String>,
    /// Its user IDs, space between them
    #[arg(long, value_name = "IDS")]
    pub user_ids: Option<String>,
    /// The code that stands for it in files
    #[arg(long, value_name = "REFERENCE")]
    pub service_user_reference: Option<String>,
    /// Its status, such as Active
    #[arg(long)]
    pub status: Option<String>,
    /// Whether hubs may be moved to it
    #[arg(long)]
    pub may_hold_hubs: Option<bool>,
}

/// Parties.
#[derive(Debug, Subcommand)]
pub enum Party {
    /// Lists Parties, by signifier
    List {
        /// Signifier, name, group or service user reference holds this
        #[arg(long)]
        text: Option<String>,
        /// Only this category, such as "Large Supplier"
        #[arg(long)]
        category: Option<String>,
        /// Only this status, such as Active
        #[arg(long)]
        status: Option<String>,
    },
    /// One Party
    Show {
        /// Its signifier or reference
        party: String,
    },
    /// Whom to contact at a Party, for what
    #[command(subcommand)]
    Contact(PartyContact),
    /// Where a Party's hubs are delivered to
    #[command(subcommand)]
    Location(PartyLocation),
    /// Changes a Party
    Change {
        /// Its signifier or reference
        party: String,
        #[command(flatten)]
        to: PartyChange,
        #[command(flatten)]
        who: Who,
    },
}
