//! What the tests of every layer stand on: both databases, a mail server, the program as a process, files drawn
//! from the code, and with the feature `browser` Chromium. Nothing here links the product, so that
//! any crate's tests can use it.

#[cfg(feature = "browser")]
pub mod browser;
pub mod faults;
pub mod golden;
mod keeper;
pub mod postgres;
pub mod program;
pub mod smtp;
pub mod workbook;
pub mod world;
