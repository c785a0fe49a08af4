//! Selection: the published policy and its versions, runs over offers, their published records, and
//! what another policy would have given.

mod lottery;
mod policies;
pub mod record;
mod redo;
mod run;
mod simulate;
mod view;

pub use lottery::opened;
pub use policies::{
    PolicyView, Publishing, change_policy, draft_policy, earliest_day, get_policy, list_policies,
    passed_policy, policy_in_force, public_policies, public_policy, publish_policy,
    withdraw_policy,
};
pub use redo::redo;
pub use run::{next, passed, policy_of, run, settle_rest};
pub use simulate::{LineDifference, PartyDifference, RunDifference, Simulation, simulate};
pub use view::{
    LineView, RunItem, RunView, Runs, Waiting, explanation, export, get_run, list_runs,
    public_record, public_runs, waiting,
};
