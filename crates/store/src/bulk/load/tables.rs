//! Rows put into a table by the thousand.

use super::{postgres, sqlite};
use crate::db::TxInner;
use crate::error::Result;
use crate::{Tx, Value};

/// A table that rows are put into by the thousand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [(&'static str, Column)],
}

/// What a column is in PostgreSQL.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Column {
    Big,
    Small,
    Text,
    Bytes,
    Bool,
}

use Column::{Big, Bool, Bytes, Small, Text};

impl Table {
    /// The names of its columns.
    pub(super) fn names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        names.join(", ")
    }
}

/// Hubs, by CHF ID.
pub(super) const HUBS: Table = Table {
    name: "hubs",
    columns: &[
        ("id", Big),
        ("gpf", Big),
        ("pack", Small),
        ("party", Small),
        ("status", Small),
        ("status_at", Big),
        ("installed_at", Big),
        ("last_move", Small),
        ("last_change", Small),
        ("quarantined", Bool),
    ],
};

/// Packs.
pub(super) const PACKS: Table = Table {
    name: "packs",
    columns: &[
        ("id", Big),
        ("fingerprint", Bytes),
        ("model", Big),
        ("region", Text),
        ("order_no", Text),
        ("consignment_no", Text),
        ("pallet", Big),
        ("box_id", Text),
        ("delivered_on", Text),
        ("accepted_on", Text),
        ("location", Text),
        ("delivered_to", Big),
        ("installation_end", Text),
        ("is_test", Bool),
    ],
};

/// Pallets.
pub(super) const PALLETS: Table = Table {
    name: "pallets",
    columns: &[("id", Big), ("pallet_id", Text), ("consignment_no", Text)],
};

/// Changes of status, by change and hub.
pub(super) const STATUS_CHANGES: Table = Table {
    name: "status_changes",
    columns: &[
        ("change", Small),
        ("hub", Big),
        ("from_status", Small),
        ("from_at", Big),
        ("to_status", Small),
        ("to_at", Big),
        ("previous", Small),
    ],
};

/// Changes of Party, by move and hub.
pub(super) const PARTY_MOVES: Table = Table {
    name: "party_moves",
    columns: &[
        ("move", Small),
        ("hub", Big),
        ("from_party", Small),
        ("to_party", Small),
        ("previous", Small),
    ],
};

/// Adds rows, which come in key order; each has a value for every column of the table.
pub(crate) fn insert<const N: usize>(
    tx: &mut Tx,
    table: Table,
    rows: impl Iterator<Item = [Value; N]>,
) -> Result<()> {
    assert_eq!(N, table.columns.len(), "a row of {} has a value for every column", table.name);
    match &mut tx.0 {
        TxInner::Sqlite(tx) => sqlite::insert(tx, table, rows),
        TxInner::Postgres(tx) => postgres::insert(tx, table, rows),
    }
}
