//! What the tests of every layer stand on. Nothing here knows the product, so that any crate's
//! tests can use it.

pub mod postgres;
