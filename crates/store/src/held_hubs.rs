//! Hubs that an offer lists by their IDs, or that are in an open transfer: each at most once.

use domain::DeviceId;
use domain::ids::{OfferId, PartyId, TransferId};

use crate::bulk::held;
use crate::error::Result;
use crate::{Tx, args};

/// What holds a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holder {
    /// An offer that lists its IDs.
    Offer(OfferId),
    /// An open transfer.
    Transfer(TransferId),
}

impl Holder {
    pub(crate) fn columns(self) -> (Option<i64>, Option<i64>) {
        match self {
            Holder::Offer(id) => (Some(id.0), None),
            Holder::Transfer(id) => (None, Some(id.0)),
        }
    }

    pub(crate) fn of(offer: Option<i64>, transfer: Option<i64>) -> Option<Holder> {
        match (offer, transfer) {
            (Some(id), None) => Some(Holder::Offer(OfferId(id))),
            (None, Some(id)) => Some(Holder::Transfer(TransferId(id))),
            _ => None,
        }
    }

    fn condition(self) -> (&'static str, i64) {
        match self {
            Holder::Offer(id) => ("offer = $1", id.0),
            Holder::Transfer(id) => ("transfer = $1", id.0),
        }
    }
}

/// Holds these hubs of a Party. The keys are in order and each there once.
///
/// Fails, and the transaction with it, if one of them is held already: look at [`holders`] before.
pub fn hold(tx: &mut Tx, holder: Holder, party: PartyId, keys: &[i64]) -> Result<()> {
    held::insert(tx, holder, party, keys)
}

/// What holds each of these hubs. The keys are in order and each there once.
pub fn holders(tx: &mut Tx, keys: &[i64]) -> Result<Vec<Option<Holder>>> {
    held::holders(tx, keys)
}

/// Hands hubs that an offer lists over to a transfer; how many of them the offer had.
pub fn hand_over(tx: &mut Tx, from: OfferId, to: TransferId, keys: &[i64]) -> Result<u64> {
    held::hand_over(tx, from, to, keys)
}

/// Lets go of some of the hubs that something holds; how many it had.
pub fn release(tx: &mut Tx, holder: Holder, keys: &[i64]) -> Result<u64> {
    held::release(tx, holder, keys)
}

/// Lets go of all the hubs that something holds; how many it had.
pub fn release_all(tx: &mut Tx, holder: Holder) -> Result<u64> {
    let (condition, id) = holder.condition();
    tx.exec(&format!("DELETE FROM held_hubs WHERE {condition}"), args![id])
}

/// The hubs that something holds, in the order of their keys.
pub fn of(tx: &mut Tx, holder: Holder) -> Result<Vec<DeviceId>> {
    let (condition, id) = holder.condition();
    let sql = format!("SELECT hub FROM held_hubs WHERE {condition} ORDER BY hub");
    let mut hubs = Vec::new();
    tx.each(&sql, args![id], |row| {
        hubs.push(row.get(0));
        Ok(())
    })?;
    Ok(hubs)
}
