//! Every SQL statement, the migrations and the bulk paths, for SQLite and PostgreSQL.
//!
//! The only crate that names a database. `db` opens, begins, runs and migrates; `bulk` holds the
//! few paths in which each engine has code of its own; every other module is one capability.

pub mod board;
pub mod bulk;
pub mod compare;
pub mod db;
pub mod delivery_report;
pub mod directory;
pub mod dry_runs;
pub mod error;
pub mod excess;
pub mod files;
pub mod held_hubs;
pub mod idempotency;
pub mod imports;
pub mod inventory;
pub mod jobs;
pub mod journal;
pub mod notifications;
pub mod offers;
pub mod parties;
pub mod people;
pub mod requests;
pub mod selection;
pub mod settings;
pub mod sign_in;
pub mod stock_rules;
pub mod timers;
pub mod transfer_files;
pub mod transfers;
pub mod value;

pub use db::{Db, Engine, Tx};
pub use error::{Error, Result};
pub use value::{FromValue, Row, Value};
