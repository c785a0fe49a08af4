//! The JSON API: everything that the portal does, for programs.

pub mod given;
pub mod once;
