//! `hubstock policy`, `hubstock selection` and `hubstock verify allocation`.

use std::io::Read;
use std::path::Path;

use app::selection::{self, PolicyView, Publishing, RunItem, RunView, Simulation, record};
use app::{App, Error, Result};
use domain::Refusal;
use domain::access::{Action, Actor};
use domain::ids::{AllocationRunId, OfferId, PolicyId};
use domain::selection::{Draft, Step, parse_steps};
use jiff::{Timestamp, civil::Date};
use serde_json::{Value, json};

use super::{MOST_BYTES, every, open, read_file, reference, source, write_out};
use crate::arguments::{Arguments, Policy, PolicyText, Selection};
use crate::output::{self, Ended};

/// Lines of a list on the command line.
const MOST_ROWS: u32 = 200;

/// Lists, shows, drafts, changes, publishes and withdraws versions of the policy.
pub fn policy(arguments: &Arguments, command: &Policy) -> Result<Ended> {
    let app = open(arguments)?;
    let operator = Actor::local_operator();
    let acting =
        |email: &str| app::sign_in::actor_by_email(&app, email, Action::ManagePolicies, None);
    match command {
        Policy::List => {
            let all = selection::list_policies(&app, &operator)?;
            let json: Vec<Value> = all.iter().map(policy_json).collect();
            let text: String = all
                .iter()
                .map(|p| format!("{} {} {}\n", p.id, p.standing.words(), p.title))
                .collect();
            output::print(arguments, &json.into(), text);
            Ok(Ended::Well)
        }
        Policy::Show { reference: text } => show_policy(arguments, &app, reference(text)?),
        Policy::Draft { says, who } => {
            let id = selection::draft_policy(&app, &acting(&who.email)?, &draft(says)?)?;
            show_policy(arguments, &app, id)
        }
        Policy::Change { reference: text, says, who } => {
            let id = reference(text)?;
            selection::change_policy(&app, &acting(&who.email)?, id, None, &draft(says)?)?;
            show_policy(arguments, &app, id)
        }
        Policy::Publish { reference: text, approval, from, who } => {
            let id = reference(text)?;
            let from = from.as_deref().map(day).transpose()?;
            let how = Publishing { approval: approval.clone(), from };
            selection::publish_policy(&app, &acting(&who.email)?, id, None, &how)?;
            show_policy(arguments, &app, id)
        }
        Policy::Withdraw { reference: text, reason, who } => {
            let id = reference(text)?;
            selection::withdraw_policy(&app, &acting(&who.email)?, id, None, reason)?;
            show_policy(arguments, &app, id)
        }
    }
}

fn draft(says: &PolicyText) -> Result<Draft> {
    let text = match says.text.strip_prefix('@') {
        None => says.text.clone(),
        Some(path) => {
            let mut text = String::new();
            let read = source(Path::new(path))?.take(MOST_BYTES).read_to_string(&mut text);
            read.map_err(Error::io(format!("read {path}")))?;
            text
        }
    };
    Ok(Draft { title: says.title.clone(), text, steps: steps(&says.steps)? })
}

fn steps(given: &[String]) -> Result<Vec<Step>> {
    Ok(parse_steps(&given.join("\n"))?)
}

fn day(text: &str) -> Result<Date> {
    let wrong = |_| Refusal::invalid(format!("“{text}” is no day such as 2026-11-23."));
    Ok(text.parse().map_err(wrong)?)
}

fn policy_json(policy: &PolicyView) -> Value {
    let instant = |at: Option<Timestamp>| at.map(|at| at.to_string());
    json!({
        "reference": policy.id.to_string(),
        "title": policy.title,
        "text": policy.text,
        "steps": policy.steps.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "rules": policy.rules,
        "sha256": policy.sha256,
        "standing": policy.standing.word(),
        "approval": policy.approval,
        "in_force_from": instant(policy.in_force_from),
        "drafted_by": policy.drafted_by,
        "drafted_at": policy.drafted_at.to_string(),
        "published_by": policy.published_by,
        "published_at": instant(policy.published_at),
        "reason": policy.reason,
    })
}

fn show_policy(arguments: &Arguments, app: &App, id: PolicyId) -> Result<Ended> {
    let policy = selection::get_policy(app, &Actor::local_operator(), id)?;
    let from = policy.in_force_from.map_or(String::new(), |from| format!(", in force from {from}"));
    let steps: Vec<String> = policy.steps.iter().map(ToString::to_string).collect();
    let text = format!(
        "{id} {}{from}\n{}\n\n{}\n\n{}\n\n{}\nSHA-256 {}",
        policy.standing.words(),
        policy.title,
        policy.text,
        steps.join("\n"),
        policy.rules,
        policy.sha256
    );
    output::print(arguments, &policy_json(&policy), text);
    Ok(Ended::Well)
}

/// Lists, shows, runs, exports, explains and simulates selection.
pub fn run(arguments: &Arguments, command: &Selection) -> Result<Ended> {
    let app = open(arguments)?;
    let operator = Actor::local_operator();
    match command {
        Selection::List { offer } => {
            let offer = offer.as_deref().map(reference::<OfferId>).transpose()?;
            list(arguments, &app, offer)
        }
        Selection::Show { run } => show_run(arguments, &app, reference(run)?),
        Selection::Waiting => waiting(arguments, &app),
        Selection::Run { offer, who } => {
            let actor = app::sign_in::actor_by_email(&app, &who.email, Action::RunSelection, None)?;
            let run = selection::run(&app, &actor, reference(offer)?)?;
            show_run(arguments, &app, run)
        }
        Selection::Export { run, out } => {
            let run = reference(run)?;
            write_out(out.as_deref(), |out| selection::export(&app, &operator, run, out))?;
            Ok(Ended::Well)
        }
        Selection::Explain { run, format, out } => {
            let format = super::report::table_format(*format);
            let run = reference(run)?;
            write_out(out.as_deref(), |out| {
                selection::explanation(&app, &operator, run, format, Box::new(out))
            })?;
            Ok(Ended::Well)
        }
        Selection::Simulate { policy, steps: given, since } => {
            let steps = match policy {
                Some(text) => selection::get_policy(&app, &operator, reference(text)?)?.steps,
                None => steps(given)?,
            };
            let since = match since {
                Some(text) => {
                    domain::timers::end_of_british_day(day(text)?.yesterday().unwrap_or(day(text)?))
                }
                None => Timestamp::MIN,
            };
            let found = selection::simulate(&app, &operator, &steps, since)?;
            output::print(arguments, &simulation_json(&found), simulation_text(&found));
            Ok(Ended::Well)
        }
    }
}

fn item_json(run: &RunItem) -> Value {
    json!({
        "reference": run.id.to_string(),
        "offer": run.offer.to_string(),
        "policy": run.policy.to_string(),
        "available": run.available,
        "given": run.given,
        "requests": run.requests,
        "ran_at": run.ran_at.to_string(),
    })
}

fn list(arguments: &Arguments, app: &App, offer: Option<OfferId>) -> Result<Ended> {
    let all = every(|cursor| {
        let operator = Actor::local_operator();
        let part = selection::list_runs(app, &operator, offer, cursor, MOST_ROWS)?;
        Ok((part.items, part.next))
    })?;
    let json: Vec<Value> = all.iter().map(item_json).collect();
    let text: String = all
        .iter()
        .map(|r| {
            format!(
                "{} {} {} {} of {} to {} requests\n",
                r.id, r.offer, r.policy, r.given, r.available, r.requests
            )
        })
        .collect();
    output::print(arguments, &json.into(), text);
    Ok(Ended::Well)
}

fn waiting(arguments: &Arguments, app: &App) -> Result<Ended> {
    let all = selection::waiting(app, &Actor::local_operator())?;
    let json: Vec<Value> = all
        .iter()
        .map(|w| {
            json!({ "offer": w.offer.to_string(), "offering": w.offering, "left": w.left,
                    "requests": w.requests, "asked": w.asked, "closed_at": w.closed_at.to_string(),
                    "due_at": w.due_at.map(|at| at.to_string()) })
        })
        .collect();
    let text: String = all
        .iter()
        .map(|w| {
            format!("{} {} requests for {} of {} hubs\n", w.offer, w.requests, w.asked, w.left)
        })
        .collect();
    output::print(arguments, &json.into(), text);
    Ok(Ended::Well)
}

fn show_run(arguments: &Arguments, app: &App, id: AllocationRunId) -> Result<Ended> {
    let view = selection::get_run(app, &Actor::local_operator(), id)?;
    output::print(arguments, &run_json(&view), run_text(&view));
    Ok(Ended::Well)
}

fn run_json(view: &RunView) -> Value {
    let lines: Vec<Value> = view
        .lines
        .iter()
        .map(|line| {
            json!({ "rank": line.place, "request": line.request.to_string(),
                    "party": line.party.as_ref().map(|(_, name)| name),
                    "received_at": line.received_at.to_string(), "asked": line.asked,
                    "minimum": line.minimum, "given": line.given, "reason": line.reason })
        })
        .collect();
    let mut json = item_json(&view.run);
    json["previous"] = json!(view.previous.map(|id| id.to_string()));
    json["record_sha256"] = json!(view.record_sha256);
    json["lines"] = lines.into();
    json
}

fn run_text(view: &RunView) -> String {
    let run = &view.run;
    let mut text = format!(
        "{} over {} by {} “{}”: {} of {} hubs\n",
        run.id, run.offer, run.policy, view.policy_title, run.given, run.available
    );
    for line in &view.lines {
        let party = line.party.as_ref().map_or("another Party", |(_, name)| name);
        text.push_str(&format!(
            "{} {} {party}: asked {}, given {}. {}\n",
            line.place, line.request, line.asked, line.given, line.reason
        ));
    }
    text
}

fn simulation_json(found: &Simulation) -> Value {
    let parties: Vec<Value> = found
        .parties
        .iter()
        .map(|p| {
            json!({ "party": p.party.to_string(), "name": p.name, "requests": p.requests,
                    "asked": p.asked, "given": p.given, "would": p.would, "difference": p.more() })
        })
        .collect();
    let runs: Vec<Value> = found
        .changed
        .iter()
        .map(|run| {
            let lines: Vec<Value> = run
                .lines
                .iter()
                .map(|l| {
                    json!({ "request": l.request.to_string(), "party": l.party, "asked": l.asked,
                            "given": l.given, "would": l.would, "reason": l.reason })
                })
                .collect();
            json!({ "run": run.run.to_string(), "offer": run.offer.to_string(), "lines": lines })
        })
        .collect();
    json!({ "runs": found.runs, "parties": parties, "changed": runs })
}

fn simulation_text(found: &Simulation) -> String {
    let mut text = format!("{} runs replayed, {} changed\n", found.runs, found.changed.len());
    for party in &found.parties {
        text.push_str(&format!(
            "{}: asked {}, given {}, would be {} ({:+})\n",
            party.name,
            party.asked,
            party.given,
            party.would,
            party.more()
        ));
    }
    text
}

/// Works out again what the record of a run says. No database is opened.
pub fn verify_allocation(arguments: &Arguments, file: &Path) -> Result<Ended> {
    let document = read_file(file)?;
    let checked = match record::check(&document) {
        Ok(checked) => checked,
        Err(wrong) => {
            let json = json!({ "recomputes": null, "problem": wrong.to_string() });
            output::print(arguments, &json, wrong);
            return Ok(Ended::Refused);
        }
    };
    let recomputes = checked.differences.is_empty();
    let of = &checked.record;
    let differences: Vec<_> = checked
        .differences
        .iter()
        .map(|d| json!({ "at": d.at, "record": d.says, "recomputed": d.recomputed }))
        .collect();
    let json = json!({
        "recomputes": recomputes,
        "exact": checked.is_exact,
        "run": of.run,
        "offer": of.offer.reference,
        "policy": of.policy.version,
        "requests": of.requests.len(),
        "available": of.offer.available,
        "given": of.given,
        "sha256": of.sha256,
        "differences": differences,
    });
    let mut text = format!(
        "{} over {} by {} “{}”: {} of {} hubs to {} requests\n",
        of.run,
        of.offer.reference,
        of.policy.version,
        of.policy.title,
        of.given,
        of.offer.available,
        of.requests.len()
    );
    for difference in &checked.differences {
        text.push_str(&format!("DIFFERS: {difference}\n"));
    }
    text.push_str(if recomputes {
        "The result recomputes."
    } else {
        "The result does not recompute: this is not what the rules come to."
    });
    if recomputes && !checked.is_exact {
        text.push_str(" The file is laid out otherwise than it was published.");
    }
    output::print(arguments, &json, text);
    Ok(if recomputes { Ended::Well } else { Ended::SomeRejected })
}
