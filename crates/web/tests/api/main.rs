//! The API: the real router over real databases.
#![allow(clippy::unwrap_used)]

mod access;
mod contract;
mod conventions;
mod files;
mod world;
