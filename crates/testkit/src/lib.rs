//! What the tests of every layer stand on: PostgreSQL, and with the feature `browser` Chromium.
//! Nothing here knows the product, so that any crate's tests can use it.

#[cfg(feature = "browser")]
pub mod browser;
pub mod golden;
mod keeper;
pub mod postgres;
pub mod world;
