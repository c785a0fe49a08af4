//! The API: the real router over real databases.
#![allow(clippy::unwrap_used)]

mod access;
mod contract;
mod conventions;
mod files;
#[path = "../portal/mod.rs"]
mod portal;
mod reference;
mod standing;
mod statements;
mod world;
