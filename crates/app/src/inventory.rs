//! The inventory as people look at it: one hub's life, slices, counts; and quarantine.

mod life;
mod quarantine;
mod slices;

pub(crate) use life::in_the_inventory;
pub use life::{HubLife, Responsible, StatusPeriod, Why, hub};
pub use quarantine::{quarantine, redo, release};
pub use slices::{Filter, HUB_COLUMNS, Page, export, search, stock};
pub use store::inventory::{Delivered, HubRow, StockRow};
