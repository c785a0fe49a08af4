//! Selection: the published policy and its versions, runs over offers, their published records, and
//! what another policy would have given.

mod policies;
pub mod record;
mod redo;

pub use policies::{
    PolicyView, Publishing, change_policy, draft_policy, earliest_day, get_policy, list_policies, passed_policy,
    policy_in_force, publish_policy, withdraw_policy,
};
pub use redo::redo;
