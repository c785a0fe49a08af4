//! The portal, the JSON API and sessions: the only crate with axum and templates.
//!
//! A handler parses, calls one operation of `app` on a blocking thread, and renders. What every
//! answer has in common (headers, limits, error pages) is put around the router by `security`.

pub mod assets;
pub mod error_pages;
pub mod listen;
pub mod page;
pub mod security;
