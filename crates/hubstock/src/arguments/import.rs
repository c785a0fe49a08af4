//! The words of `hubstock import` and `hubstock snapshot`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Who;

/// A file to load.
#[derive(Debug, Args)]
pub struct ImportFile {
    /// The file, CSV or XLSX
    pub file: PathBuf,
    /// Writes the answer to each line here
    #[arg(long, value_name = "OUT")]
    pub answer: Option<PathBuf>,
    /// Only checks; changes nothing
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub who: Who,
}

/// What kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ImportWhat {
    /// Parties
    Parties,
    /// Deliveries: advance shipment notifications
    Deliveries,
    /// Status changes
    Statuses,
    /// A full snapshot, compared and applied only when authorised
    Snapshot,
}

/// Files that bring something in.
#[derive(Debug, Subcommand)]
pub enum Import {
    /// Loads Parties
    Parties(ImportFile),
    /// Loads deliveries: advance shipment notifications
    Deliveries(ImportFile),
    /// Loads status changes
    Statuses(ImportFile),
    /// Compares a full snapshot, which is applied only when authorised
    Snapshot(ImportFile),
    /// Lists imports, newest first
    List {
        /// Only those of this kind
        #[arg(value_enum, long = "kind")]
        what: Option<ImportWhat>,
    },
    /// Where an import stands
    Show {
        /// Its reference
        reference: String,
    },
    /// The answer to each line of an import
    Answer {
        /// Its reference
        reference: String,
        /// Writes it here instead
        #[arg(long, value_name = "OUT")]
        out: Option<PathBuf>,
    },
}

/// What to do with a snapshot's differences.
#[derive(Debug, Subcommand)]
pub enum Snapshot {
    /// Authorises them and waits until they are applied
    Authorise {
        /// The import's reference
        reference: String,
        #[command(flatten)]
        who: Who,
    },
    /// Rejects them
    Reject {
        /// The import's reference
        reference: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        who: Who,
    },
}
