//! The few paths in which each engine has code of its own.
//!
//! SQLite looks keys up one by one, in their order, with one prepared statement; PostgreSQL gets
//! many at a time, by COPY or as arrays, and a plan that probes the key for each of them.

mod copy_in;
pub mod export;
pub mod facts;
pub mod load;
pub mod moves;
pub mod stock;
