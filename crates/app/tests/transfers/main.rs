//! Transfers, from what two Parties agreed to the inventory's new Party, on both databases.
#![allow(clippy::unwrap_used)]

mod by_file;
mod directory;
mod lists;
mod process;
mod receipt;
mod world;
