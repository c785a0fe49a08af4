//! The words of `hubstock transfer-list`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Who;

/// The list of one side of a transfer.
#[derive(Debug, Args)]
pub struct SideList {
    /// The transfer's reference
    pub reference: String,
    /// Whose list: sender or receiver
    pub side: String,
    #[command(flatten)]
    pub who: Who,
}

/// The lists of a transfer before they are declared.
#[derive(Debug, Subcommand)]
pub enum TransferList {
    /// A list as it stands
    Show {
        #[command(flatten)]
        list: SideList,
    },
    /// Adds hubs, whole pallets and boxes. Exit code 1: some were not added as they are
    Add {
        #[command(flatten)]
        list: SideList,
        /// An ID, a pallet or a box; as often as needed
        #[arg(long, value_name = "ID")]
        id: Vec<String>,
        /// A file of them, CSV or XLSX
        #[arg(long, conflicts_with = "id", required_unless_present = "id")]
        file: Option<PathBuf>,
        /// As if scanned: what is there already counts once
        #[arg(long, conflicts_with = "file")]
        scanned: bool,
    },
    /// Takes hubs out
    Remove {
        #[command(flatten)]
        list: SideList,
        /// A hub; as often as needed
        #[arg(long, value_name = "ID", required = true)]
        id: Vec<String>,
    },
    /// Empties a list
    Clear {
        #[command(flatten)]
        list: SideList,
    },
    /// Begins the receiver's list with everything that was dispatched, each hub accepted
    Start {
        /// The transfer's reference
        reference: String,
        #[command(flatten)]
        who: Who,
    },
    /// Accepts hubs of the receiver's list, or turns them down for a reason
    Judge {
        /// The transfer's reference
        reference: String,
        /// A hub; as often as needed
        #[arg(long, value_name = "ID", required = true)]
        id: Vec<String>,
        /// The DUIS fault reason; without it they are accepted
        #[arg(long, value_name = "REASON")]
        reject: Option<String>,
        #[command(flatten)]
        who: Who,
    },
}
