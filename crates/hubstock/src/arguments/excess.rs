//! The words of `hubstock excess` and `hubstock saved-filter`.

use clap::Subcommand;

use super::Who;

/// A Party's own stock by age and location.
#[derive(Debug, Subcommand)]
pub enum Excess {
    /// Lists it, the oldest first; each pallet begins with what names it to `offer`
    List {
        /// The Party, for who sees all
        #[arg(long, value_name = "SIGNIFIER")]
        party: Option<String>,
        #[command(flatten)]
        who: Who,
    },
    /// Drafts an offer of pallets. Exit code 1: hubs that can't be offered are listed
    Offer {
        /// Pallets, as the list names them, such as 12.3
        #[arg(required = true, value_name = "PALLET")]
        pallets: Vec<String>,
        /// Offers just these hubs, by their device IDs
        #[arg(long)]
        with_ids: bool,
        /// The Party, where the DCC acts for one
        #[arg(long, value_name = "SIGNIFIER")]
        party: Option<String>,
        #[command(flatten)]
        who: Who,
    },
}

/// A person's saved filters of the board.
#[derive(Debug, Subcommand)]
pub enum SavedFilter {
    /// Lists them
    List {
        #[command(flatten)]
        who: Who,
    },
    /// Saves one
    Save {
        /// Its name
        name: String,
        /// As in the board's address, such as "region=North&quantity=896"
        #[arg(long)]
        filter: String,
        /// Tells of new offers that it finds
        #[arg(long)]
        notify: bool,
        #[command(flatten)]
        who: Who,
    },
    /// Says whether one tells of new offers that it finds
    Notify {
        /// Its reference
        reference: String,
        /// Does not tell any more
        #[arg(long)]
        off: bool,
        #[command(flatten)]
        who: Who,
    },
    /// Removes one
    Drop {
        /// Its reference
        reference: String,
        #[command(flatten)]
        who: Who,
    },
}
