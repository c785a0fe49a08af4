//! Doing what an entry about selection says; the operations themselves go through here.

use domain::ids::{OfferId, PolicyId};
use jiff::Timestamp;
use store::Tx;
use store::journal::EntryRow;
use store::selection::{self as rows, Publication};

use super::policies::IN_FORCE;
use crate::files::from_hex;
use crate::journal::Event;
use crate::{App, Error, Result};

/// Does an entry of this capability.
pub fn redo(tx: &mut Tx, _from: &App, entry: &EntryRow, event: &Event) -> Result<()> {
    let damaged = |what: &str| Error::Damaged(format!("entry {}: {what}", entry.seq));
    let must = |done: bool| done.then_some(()).ok_or_else(|| damaged("the policy is not so"));
    let by = entry.actor.map(domain::ids::UserId);
    match event {
        Event::PolicyDrafted { policy, title, text, steps } => {
            let id = PolicyId(*policy);
            rows::insert_policy(tx, id, (title, text, steps), by, entry.at)?;
        }
        Event::PolicyChanged { policy, title, text, steps } => {
            must(rows::change_policy(tx, PolicyId(*policy), (title, text, steps))?)?;
        }
        Event::PolicyPublished { policy, approval, in_force_from, rules } => {
            let in_force_from = Timestamp::from_microsecond(*in_force_from)
                .map_err(|_| damaged("there is no such instant"))?;
            let how = Publication { approval, rules, in_force_from, by, at: entry.at };
            let id = PolicyId(*policy);
            must(rows::publish_policy(tx, id, &how)?)?;
            store::timers::set(tx, &id.to_string(), IN_FORCE, in_force_from)?;
        }
        Event::PolicyWithdrawn { policy, reason } => {
            let id = PolicyId(*policy);
            must(rows::withdraw_policy(tx, id, reason, entry.at)?)?;
            store::timers::settle_all(tx, &id.to_string(), entry.at)?;
        }
        Event::PolicyInForce { policy } => {
            store::timers::settle(tx, &PolicyId(*policy).to_string(), IN_FORCE, entry.at)?;
        }
        Event::LotteryCommitted { offer, commitment } => {
            let commitment =
                from_hex(commitment).ok_or_else(|| damaged("the commitment is none"))?;
            rows::commit(tx, OfferId(*offer), &commitment, entry.at)?;
        }
        _ => {}
    }
    Ok(())
}
