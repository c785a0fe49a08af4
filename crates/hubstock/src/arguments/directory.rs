//! The words of `hubstock party contact` and `hubstock party location`.

use clap::{Args, Subcommand};

use super::Who;

/// What a contact says. What is left out stays, or is empty for a new one.
#[derive(Debug, Args)]
pub struct ContactGiven {
    /// stock, warehouse, finance, disputes or general
    #[arg(long)]
    pub purpose: Option<String>,
    /// A person or a desk
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
    /// E-mail address
    #[arg(long)]
    pub email: Option<String>,
    /// Telephone number
    #[arg(long, value_name = "NUMBER")]
    pub telephone: Option<String>,
}

/// A Party's contacts.
#[derive(Debug, Subcommand)]
pub enum PartyContact {
    /// Lists a Party's contacts, by purpose
    List {
        /// Its signifier or reference
        party: String,
    },
    /// Adds a contact to a Party, or changes one
    Set {
        /// The Party's signifier or reference
        party: String,
        /// The contact to change
        #[arg(long, value_name = "REFERENCE")]
        contact: Option<String>,
        #[command(flatten)]
        given: ContactGiven,
        #[command(flatten)]
        who: Who,
    },
    /// Removes a contact of a Party
    Drop {
        /// The Party's signifier or reference
        party: String,
        /// The contact's reference
        reference: String,
        #[command(flatten)]
        who: Who,
    },
}

/// What a delivery location says. What is left out stays, or is empty for a new one.
#[derive(Debug, Args)]
pub struct LocationGiven {
    /// What the Party calls it
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
    /// Its address
    #[arg(long, value_name = "TEXT")]
    pub address: Option<String>,
    /// The CSP region that it is in
    #[arg(long)]
    pub region: Option<String>,
    /// Opening hours and what else a carrier is to know
    #[arg(long, value_name = "TEXT")]
    pub notes: Option<String>,
    /// Whether hubs may be sent there now
    #[arg(long, value_name = "TRUTH")]
    pub active: Option<bool>,
}

/// A Party's delivery locations.
#[derive(Debug, Subcommand)]
pub enum PartyLocation {
    /// Lists a Party's delivery locations, by name
    List {
        /// Its signifier or reference
        party: String,
    },
    /// Adds a delivery location to a Party, or changes one
    Set {
        /// The Party's signifier or reference
        party: String,
        /// The delivery location to change
        #[arg(long, value_name = "REFERENCE")]
        location: Option<String>,
        #[command(flatten)]
        given: LocationGiven,
        #[command(flatten)]
        who: Who,
    },
    /// Removes a delivery location of a Party
    Drop {
        /// The Party's signifier or reference
        party: String,
        /// The location's reference
        reference: String,
        #[command(flatten)]
        who: Who,
    },
}
