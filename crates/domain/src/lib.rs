//! Every rule, state, permission and file format of stock transfer, as pure functions.
//!
//! Nothing here reads a clock, draws a random number, opens a file or knows a database; time and
//! randomness arrive as arguments. The same module names stand in `store`, `app` and `web`.

pub mod access;
pub mod board;
pub mod device_id;
pub mod directory;
pub mod ids;
pub mod imports;
pub mod inventory;
pub mod journal;
pub mod notifications;
pub mod numbers;
pub mod offers;
pub mod parties;
pub mod people;
pub mod reconciliation;
pub mod refusal;
pub mod requests;
pub mod selection;
mod states;
pub mod stock_rules;
pub mod tabular;
pub mod timers;
pub mod transfer_files;
pub mod transfers;

pub use device_id::DeviceId;
pub use refusal::Refusal;
