//! The CH Stock Transfer File: its two profiles, its checks and codes, and the files that answer it.
//!
//! A file's life: [`parse`] turns bytes into lines or refuses the file whole; [`check`] gives each
//! line its code from facts about its hub, when the file is validated and again when it is applied;
//! [`text`] says the code to a person; [`response`] writes the answers. [`state`] holds the states
//! that the file goes through.

pub mod check;
pub mod codes;
pub mod generate;
pub mod outcomes;
pub mod parse;
pub mod response;
pub mod settings;
pub mod state;
pub mod text;

pub use check::{CheckContext, Facts, HeldBack, HubFacts, Receiver, Sender, check};
pub use codes::{Code, Counts, Outcome, Warnings};
pub use outcomes::Judged;
pub use parse::{FileRefusal, Limits, Line, ParsedFile, Profile, parse};
pub use settings::CheckSettings;
pub use state::{Action, State};

/// The columns of the minimal profile.
pub const TRANSFER_FILE_COLUMNS: &[&str] = &["CommsHubID", "NewServiceUserReference"];

/// The columns of the response file.
pub const RESPONSE_COLUMNS: &[&str] =
    &["line", "CommsHubID", "code", "text", "previousParty", "newParty", "smiStatus", "appliedAt"];
