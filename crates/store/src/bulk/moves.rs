//! Moving many hubs to their new Parties, with their history and the kept counts.

mod postgres;
mod sqlite;

use domain::ids::TransferFileId;
use domain::inventory::SmiStatus;
use jiff::Timestamp;

use super::facts::{HubRow, Hubs};
use super::stock::StockChanges;
use crate::db::TxInner;
use crate::error::{Error, Result};
use crate::{Tx, args};

/// A hub that moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mover {
    /// Its place among the keys that were looked up.
    pub place: u32,
    /// The Party that it goes to.
    pub to: i32,
}

/// Moves hubs that were looked up in this transaction, in the order of their keys, and answers the
/// number of the move.
///
/// Fails if one of them is not as it was looked up: the caller's decision would be void.
pub fn move_hubs(
    tx: &mut Tx,
    transfer_file: TransferFileId,
    at: Timestamp,
    keys: &[i64],
    hubs: &Hubs,
    movers: &[Mover],
) -> Result<i64> {
    let number = tx.next_id("moves")?;
    let count = i64::try_from(movers.len()).expect("a file has fewer lines");
    let sql = "
        INSERT INTO moves (id, at, transfer_file, import, hubs) VALUES ($1, $2, $3, NULL, $4)";
    tx.exec(sql, args![number, at, transfer_file, count])?;
    let plan = Plan { number, keys, hubs, movers };
    let moved = match &mut tx.0 {
        TxInner::Sqlite(tx) => sqlite::move_hubs(tx, &plan)?,
        TxInner::Postgres(tx) => postgres::move_hubs(tx, &plan)?,
    };
    if moved != movers.len() as u64 {
        return Err(Error::Broken {
            doing: "move hubs".into(),
            message: format!("{moved} of {count} were as they had been looked up"),
        });
    }
    kept_counts(&plan).write(tx)?;
    Ok(number)
}

/// Gets ready to look so many hubs up and to move them, in one transaction that writes.
pub fn make_ready(tx: &mut Tx, keys: usize) -> Result<()> {
    match &mut tx.0 {
        TxInner::Sqlite(tx) => sqlite::make_ready(tx, keys),
        TxInner::Postgres(_) => Ok(()),
    }
}

/// What is to be moved.
struct Plan<'a> {
    number: i64,
    keys: &'a [i64],
    hubs: &'a Hubs,
    movers: &'a [Mover],
}

impl Plan<'_> {
    fn key(&self, mover: &Mover) -> i64 {
        self.keys[mover.place as usize]
    }

    fn hub(&self, mover: &Mover) -> &HubRow {
        self.hubs.rows[mover.place as usize].as_ref().expect("only hubs that were found move")
    }
}

/// The change of the kept counts; hubs that follow each other are mostly of one pack.
fn kept_counts(plan: &Plan<'_>) -> StockChanges {
    let mut changes = StockChanges::default();
    let mut same = (0, 0, 0);
    let mut run = 0;
    let mut flush = |(from, to, pack): (i32, i32, u32), run: i64| {
        if run > 0 {
            let pack = &plan.hubs.packs[pack as usize];
            let region = &plan.hubs.regions[usize::from(pack.region)];
            changes.add(from, pack, region, SmiStatus::Pending, -run);
            changes.add(to, pack, region, SmiStatus::Pending, run);
        }
    };
    for mover in plan.movers {
        let hub = plan.hub(mover);
        let this = (hub.party, mover.to, hub.pack);
        if this != same {
            flush(same, run);
            (same, run) = (this, 0);
        }
        run += 1;
    }
    flush(same, run);
    changes
}
