//! Selection, from a policy's draft to who got what and why, on both databases.
#![allow(clippy::unwrap_used)]

mod policies;
mod races;
mod runs;
#[path = "../offers/world.rs"]
#[allow(dead_code, reason = "the world of the offers' tests, of which this uses a part")]
mod world;

use app::journal::{By, Event};
use app::selection::{self, Publishing, record};
use domain::access::{Action, Actor, Role};
use domain::ids::{AllocationRunId, PolicyId};
use domain::selection::{Draft, parse_steps};

use world::{World, person};

/// A policy of these steps.
pub fn draft(title: &str, steps: &str) -> Draft {
    Draft { title: title.into(), text: format!("Why {title}."), steps: parse_steps(steps).unwrap() }
}

/// Publishes a policy of these steps, in force at once: the setting allows no notice, and the clock
/// goes on to the next day.
pub fn in_force(world: &World, steps: &str) -> PolicyId {
    let mut tx = world.app.db.write().unwrap();
    let (name, to) = ("timer.policy_notice".to_owned(), "0".to_owned());
    let event = Event::SettingChanged { name, from: None, to };
    app::journal::enact(&mut tx, &world.app, By::SYSTEM, &event).unwrap();
    tx.commit().unwrap();
    let id = selection::draft_policy(&world.app, &world.rules, &draft("Trial", steps)).unwrap();
    let how = Publishing { approval: "SECP 1".into(), from: None };
    selection::publish_policy(&world.app, &world.rules, id, None, &how).unwrap();
    let view = selection::get_policy(&world.app, &world.rules, id).unwrap();
    world.app.clock.set(view.in_force_from.unwrap());
    app::timers::pass(&world.app).unwrap();
    id
}

/// An auditor.
pub fn auditor(world: &World) -> Actor {
    person(&world.app, "auditor@example.org", Role::Auditor, None, Action::SeeSelection)
}

/// The published record of a run.
pub fn exported(world: &World, actor: &Actor, run: AllocationRunId) -> Vec<u8> {
    let mut bytes = Vec::new();
    selection::export(&world.app, actor, run, &mut bytes).unwrap();
    bytes
}

/// What was given in a run, by place, from its record, which recomputes.
pub fn given(world: &World, run: AllocationRunId) -> Vec<(String, u64)> {
    let actor = Actor::local_operator();
    let checked = record::check(&exported(world, &actor, run)).unwrap();
    assert!(checked.differences.is_empty() && checked.is_exact, "{:?}", checked.differences);
    checked.record.result.iter().map(|line| (line.request.clone(), line.given)).collect()
}
