//! `hubstock import` and `hubstock snapshot`.

use std::path::Path;

use app::imports::{self, ImportView, Kind};
use app::jobs::JobKind;
use app::{App, Result};
use domain::access::{Action, Actor};
use domain::ids::ImportId;
use serde_json::json;

use super::{
    acting, every, file_name, once, open, reference, source, wait_for, write_file, write_out,
};
use crate::arguments::{Arguments, Import, ImportFile, ImportWhat, Snapshot};
use crate::output::{self, Ended, Out};

/// Imports that are read at once.
const MOST_ROWS: u32 = 500;

/// Loads files and shows what became of them.
pub fn run(arguments: &Arguments, command: &Import) -> Result<Ended> {
    let app = open(arguments)?;
    let operator = Actor::local_operator();
    match command {
        Import::Parties(file) => load(arguments, &app, Kind::Parties, file),
        Import::Deliveries(file) => load(arguments, &app, Kind::Deliveries, file),
        Import::Statuses(file) => load(arguments, &app, Kind::Statuses, file),
        Import::Snapshot(file) => load(arguments, &app, Kind::Snapshot, file),
        Import::List { what } => list(arguments, &app, what.map(kind)),
        Import::Show { reference: text } => {
            let view = imports::get(&app, &operator, reference(text)?)?;
            Ok(show(arguments, &view, false))
        }
        Import::Answer { reference: text, out } => {
            let import = reference(text)?;
            write_out(out.as_deref(), |out| imports::answer(&app, &operator, import, out))?;
            Ok(Ended::Well)
        }
    }
}

fn kind(what: ImportWhat) -> Kind {
    match what {
        ImportWhat::Parties => Kind::Parties,
        ImportWhat::Deliveries => Kind::Deliveries,
        ImportWhat::Statuses => Kind::Statuses,
        ImportWhat::Snapshot => Kind::Snapshot,
    }
}

/// Loads a file and waits until it is loaded.
fn load(arguments: &Arguments, app: &App, kind: Kind, command: &ImportFile) -> Result<Ended> {
    let action = match kind {
        Kind::Parties => Action::ManageParties,
        Kind::Deliveries | Kind::Statuses | Kind::Snapshot => Action::LoadInventory,
    };
    let actor = acting(app, &command.who, action)?;
    let mut file = source(&command.file)?;
    if command.dry_run {
        let mut check =
            |answers: &mut Out<'_>| imports::check(app, &actor, kind, &mut file, answers);
        let counts = match &command.answer {
            Some(path) => write_file(path, check)?,
            None => check(&mut std::io::sink())?,
        };
        output::print(arguments, &json!({ "dry_run": true, "counts": counts }), lines(&counts));
        return Ok(ended(&counts));
    }
    let sent = imports::submit(app, &actor, kind, &file_name(&command.file), &mut file)?;
    finish(arguments, app, sent.import, sent.repeated, command.answer.as_deref())
}

fn list(arguments: &Arguments, app: &App, kind: Option<Kind>) -> Result<Ended> {
    let all = every(|cursor| {
        let part = imports::list(app, &Actor::local_operator(), kind, cursor, MOST_ROWS)?;
        Ok((part.items, part.next))
    })?;
    let json: Vec<_> = all.iter().map(as_json).collect();
    let line =
        |i: &ImportView| format!("{} {} {} {}\n", i.id, i.kind.word(), i.state.name(), i.name);
    output::print(arguments, &json.into(), all.iter().map(line).collect::<String>());
    Ok(Ended::Well)
}

/// Waits for an import's job, writes its answer and prints what came of it.
fn finish(
    arguments: &Arguments,
    app: &App,
    import: ImportId,
    repeated: bool,
    answer: Option<&Path>,
) -> Result<Ended> {
    wait_for(app, JobKind::LoadImport, import.0)?;
    let operator = Actor::local_operator();
    let view = imports::get(app, &operator, import)?;
    if let Some(out) = answer {
        write_file(out, |out| imports::answer(app, &operator, import, out))?;
    }
    Ok(show(arguments, &view, repeated))
}

fn as_json(view: &ImportView) -> serde_json::Value {
    json!({
        "import": view.id.to_string(),
        "kind": view.kind.word(),
        "name": view.name,
        "sha256": view.sha256,
        "size": view.size,
        "state": view.state.name(),
        "lines_done": view.lines_done,
        "refusal": view.refusal,
        "counts": view.counts,
        "submitted_by": view.submitted_by.name,
        "decided_by": view.decided_by.as_ref().map(|person| &person.name),
        "reason": view.reason,
        "received_at": view.received_at.to_string(),
        "finished_at": view.finished_at.map(|at| at.to_string()),
    })
}

fn show(arguments: &Arguments, view: &ImportView, repeated: bool) -> Ended {
    let mut json = as_json(view);
    json["repeated"] = repeated.into();
    let before = if repeated { " (sent before; this is the first answer)" } else { "" };
    let refused = view.refusal.as_ref().map(|r| format!("{r}\n")).unwrap_or_default();
    let counts = lines(&view.counts);
    let text = format!("{} {}{before}\n{refused}{counts}", view.id, view.state.name());
    output::print(arguments, &json, text);
    if view.refusal.is_some() { Ended::Refused } else { ended(&view.counts) }
}

fn lines(counts: &app::journal::Counts) -> String {
    counts.iter().map(|(outcome, n)| format!("{outcome}: {n}\n")).collect()
}

fn ended(counts: &app::journal::Counts) -> Ended {
    let bad = ["rejected", "conflict"].iter().any(|word| counts.get(*word).is_some_and(|n| *n > 0));
    if bad { Ended::SomeRejected } else { Ended::Well }
}

/// Authorises or rejects a snapshot's differences.
pub fn decide_snapshot(arguments: &Arguments, command: &Snapshot) -> Result<Ended> {
    let app = open(arguments)?;
    let acting = |who| acting(&app, who, Action::AuthoriseSnapshot);
    match command {
        Snapshot::Authorise { reference: text, who } => {
            let actor = acting(who)?;
            let import: ImportId = reference(text)?;
            let decided = imports::authorise_snapshot(&app, &actor, import, None);
            once(&app, &actor, &import.to_string(), "SnapshotAuthorised", decided)?;
            finish(arguments, &app, import, false, None)
        }
        Snapshot::Reject { reference: text, reason, who } => {
            let actor = acting(who)?;
            let import: ImportId = reference(text)?;
            let decided = imports::reject_snapshot(&app, &actor, import, reason, None);
            once(&app, &actor, &import.to_string(), "SnapshotRejected", decided)?;
            output::print(arguments, &json!({ "import": text, "state": "Rejected" }), "Rejected");
            Ok(Ended::Well)
        }
    }
}
