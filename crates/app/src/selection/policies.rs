//! Versions of the policy: drafted, changed, published with an approval and notice, withdrawn.

use domain::access::{Action, Actor};
use domain::ids::PolicyId;
use domain::refusal::{Refusal, RefusalKind};
use domain::selection::{self, Draft, PolicyAction, PolicyState, Standing, Step, text};
use domain::timers::{InWords, british_day, end_of_british_day};
use jiff::{Timestamp, civil::Date};
use store::Tx;
use store::selection::{self as rows, PolicyRow};
use store::timers::DeadlineRow;

use super::record::policy_hash;
use crate::files::hex;
use crate::journal::{By, Event, enact};
use crate::{App, Error, Result, settings, timers, versions};

/// The deadline at which a version comes into force.
pub(super) const IN_FORCE: &str = "in-force";

/// One version of the policy as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyView {
    /// Its number.
    pub id: PolicyId,
    /// Its title.
    pub title: String,
    /// What its author says of it.
    pub text: String,
    /// Its steps.
    pub steps: Vec<Step>,
    /// The steps' rules in words: as published, or as they would be.
    pub rules: String,
    /// The SHA-256 of all of that, in hexadecimal.
    pub sha256: String,
    /// How it stands now.
    pub standing: Standing,
    /// The reference of its approval.
    pub approval: Option<String>,
    /// From when it is in force.
    pub in_force_from: Option<Timestamp>,
    /// Who drafted it.
    pub drafted_by: Option<String>,
    /// When.
    pub drafted_at: Timestamp,
    /// Who published it.
    pub published_by: Option<String>,
    /// When.
    pub published_at: Option<Timestamp>,
    /// Why it was withdrawn.
    pub reason: Option<String>,
    /// How often it has changed.
    pub version: i64,
}

/// How a version is to be published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Publishing {
    /// The reference of its approval.
    pub approval: String,
    /// The first day on which it shall be in force; the earliest that its notice allows if none is
    /// named.
    pub from: Option<Date>,
}

/// The version that offers are published under at this instant.
pub fn policy_in_force(tx: &mut Tx, at: Timestamp) -> Result<PolicyId> {
    let published = rows::published(tx)?;
    selection::in_force(&published, at)
        .ok_or_else(|| Error::Damaged("no selection policy is in force".into()))
}

/// The steps of a row.
pub(super) fn steps_of(row: &PolicyRow) -> Result<Vec<Step>> {
    selection::parse_steps(&row.steps)
        .map_err(|refusal| Error::Damaged(format!("the steps of {}: {}", row.id, refusal.message)))
}

fn shown(row: PolicyRow, in_force: PolicyId, now: Timestamp) -> Result<PolicyView> {
    let steps = steps_of(&row)?;
    let rules = if row.rules.is_empty() { text::rules(&steps) } else { row.rules.clone() };
    let standing = match (row.state, row.in_force_from) {
        (PolicyState::Draft, _) => Standing::Draft,
        (PolicyState::Withdrawn, _) => Standing::Withdrawn,
        (PolicyState::Published, Some(from)) if from > now => Standing::Announced,
        (PolicyState::Published, _) if row.id == in_force => Standing::InForce,
        (PolicyState::Published, _) => Standing::Replaced,
    };
    Ok(PolicyView {
        sha256: hex(&policy_hash(&row.title, &row.text, &row.steps, &rules)),
        id: row.id,
        title: row.title,
        text: row.text,
        steps,
        rules,
        standing,
        approval: row.approval,
        in_force_from: row.in_force_from,
        drafted_by: row.drafted_by.map(|(_, name)| name),
        drafted_at: row.drafted_at,
        published_by: row.published_by.map(|(_, name)| name),
        published_at: row.published_at,
        reason: row.reason,
        version: row.version,
    })
}

/// Whether this person sees versions that are not published.
fn sees_drafts(actor: &Actor) -> bool {
    actor.party().is_none()
}

/// The versions, newest first. A Party sees those that were published.
pub fn list_policies(app: &App, actor: &Actor) -> Result<Vec<PolicyView>> {
    actor.must(Action::SeePolicies)?;
    let now = app.now();
    let mut tx = app.db.read()?;
    let in_force = policy_in_force(&mut tx, now)?;
    let seen = rows::policies(&mut tx)?
        .into_iter()
        .filter(|row| sees_drafts(actor) || row.published_at.is_some());
    seen.map(|row| shown(row, in_force, now)).collect()
}

/// The versions that were published and not withdrawn, newest first, as everybody sees them.
pub fn public_policies(app: &App) -> Result<Vec<PolicyView>> {
    let now = app.now();
    let mut tx = app.db.read()?;
    let in_force = policy_in_force(&mut tx, now)?;
    let seen = rows::policies(&mut tx)?.into_iter().filter(is_public);
    seen.map(|row| shown(row, in_force, now)).collect()
}

/// One version that was published and not withdrawn.
pub fn public_policy(app: &App, id: PolicyId) -> Result<PolicyView> {
    let policies = public_policies(app)?;
    Ok(policies.into_iter().find(|policy| policy.id == id).ok_or_else(none)?)
}

fn is_public(row: &PolicyRow) -> bool {
    row.state == PolicyState::Published
}

/// One version.
pub fn get_policy(app: &App, actor: &Actor, id: PolicyId) -> Result<PolicyView> {
    actor.must(Action::SeePolicies)?;
    let now = app.now();
    let mut tx = app.db.read()?;
    let row = load(&mut tx, id)?;
    if !sees_drafts(actor) && row.published_at.is_none() {
        return Err(none().into());
    }
    let in_force = policy_in_force(&mut tx, now)?;
    shown(row, in_force, now)
}

fn none() -> Refusal {
    Refusal::not_found("policy")
}

pub(super) fn load(tx: &mut Tx, id: PolicyId) -> Result<PolicyRow> {
    Ok(rows::load_policy(tx, id)?.ok_or_else(none)?)
}

/// The version as it stands in this transaction, unless the person saw an older one.
fn load_seen(tx: &mut Tx, id: PolicyId, version: Option<i64>) -> Result<PolicyRow> {
    let row = load(tx, id)?;
    versions::must_be(version, row.version)?;
    Ok(row)
}

/// Drafts a version.
pub fn draft_policy(app: &App, actor: &Actor, draft: &Draft) -> Result<PolicyId> {
    actor.must(Action::ManagePolicies)?;
    let draft = draft.tidied()?;
    let mut tx = app.db.write()?;
    let policy = tx.next_id("policies")?;
    let steps = selection::steps_text(&draft.steps);
    let event = Event::PolicyDrafted { policy, title: draft.title, text: draft.text, steps };
    enact(&mut tx, app, By::from(actor), &event)?;
    tx.commit()?;
    Ok(PolicyId(policy))
}

/// Changes a draft that still stands at `version`, when that is given.
pub fn change_policy(
    app: &App,
    actor: &Actor,
    id: PolicyId,
    version: Option<i64>,
    draft: &Draft,
) -> Result<()> {
    actor.must(Action::ManagePolicies)?;
    let draft = draft.tidied()?;
    let mut tx = app.db.write()?;
    let row = load_seen(&mut tx, id, version)?;
    row.state.after(PolicyAction::Change)?;
    let steps = selection::steps_text(&draft.steps);
    if (&row.title, &row.text, &row.steps) == (&draft.title, &draft.text, &steps) {
        return Ok(());
    }
    let event = Event::PolicyChanged { policy: id.0, title: draft.title, text: draft.text, steps };
    enact(&mut tx, app, By::from(actor), &event)?;
    Ok(tx.commit()?)
}

/// Publishes a draft. It comes into force when its notice has passed, or on a later day; offers
/// that are open then keep the version that they were published under.
pub fn publish_policy(
    app: &App,
    actor: &Actor,
    id: PolicyId,
    version: Option<i64>,
    how: &Publishing,
) -> Result<()> {
    actor.must(Action::ManagePolicies)?;
    let approval = selection::note("approval", "the reference of the approval", &how.approval)?;
    let mut tx = app.db.write()?;
    let row = load_seen(&mut tx, id, version)?;
    row.state.after(PolicyAction::Publish)?;
    let earliest = earliest(app, &mut tx)?;
    let from = match how.from {
        None => earliest,
        Some(day) => beginning_of(day),
    };
    if from < earliest {
        let message = format!(
            "The notice allows {} at the earliest. Enter that day or a later one.",
            InWords(first_day(earliest))
        );
        return Err(Refusal::field("from", message).into());
    }
    let rules = text::rules(&steps_of(&row)?);
    let in_force_from = from.as_microsecond();
    let event = Event::PolicyPublished { policy: id.0, approval, in_force_from, rules };
    enact(&mut tx, app, By::from(actor), &event)?;
    tx.commit()?;
    app.bell.ring();
    Ok(())
}

/// The earliest instant at which a version that is published now may come into force.
fn earliest(app: &App, tx: &mut Tx) -> Result<Timestamp> {
    timers::deadline(tx, app.now(), &settings::TIMER_POLICY_NOTICE)
}

/// The first whole day of what begins at this instant.
fn first_day(from: Timestamp) -> Date {
    british_day(from)
}

/// The instant at which a day begins in Great Britain.
fn beginning_of(day: Date) -> Timestamp {
    end_of_british_day(day.yesterday().unwrap_or(day))
}

/// The earliest day on which a version that is published now may come into force.
pub fn earliest_day(app: &App, actor: &Actor) -> Result<Date> {
    actor.must(Action::SeePolicies)?;
    let mut tx = app.db.read()?;
    Ok(first_day(earliest(app, &mut tx)?))
}

/// Withdraws a version that is not in force yet.
pub fn withdraw_policy(
    app: &App,
    actor: &Actor,
    id: PolicyId,
    version: Option<i64>,
    reason: &str,
) -> Result<()> {
    actor.must(Action::ManagePolicies)?;
    let reason = selection::note("reason", "a reason", reason)?;
    let mut tx = app.db.write()?;
    let row = load_seen(&mut tx, id, version)?;
    row.state.after(PolicyAction::Withdraw)?;
    if row.in_force_from.is_some_and(|from| from <= app.now()) {
        let message = "This version has come into force: it can't be withdrawn. Publish another \
                       version to replace it.";
        return Err(Refusal::new(RefusalKind::WrongState, message).into());
    }
    let event = Event::PolicyWithdrawn { policy: id.0, reason };
    enact(&mut tx, app, By::from(actor), &event)?;
    Ok(tx.commit()?)
}

/// A version's notice has passed: it is in force, which is said.
///
/// Answers false for another deadline.
pub fn passed_policy(app: &App, deadline: &DeadlineRow) -> Result<bool> {
    if deadline.what != IN_FORCE {
        return Ok(false);
    }
    let damaged = || Error::Damaged(format!("{} is no policy", deadline.subject));
    let id: PolicyId = deadline.subject.parse().map_err(|_| damaged())?;
    let mut tx = app.db.write()?;
    if timers::still_stands(&mut tx, deadline)? {
        enact(&mut tx, app, By::SYSTEM, &Event::PolicyInForce { policy: id.0 })?;
        tx.commit()?;
    }
    Ok(true)
}
