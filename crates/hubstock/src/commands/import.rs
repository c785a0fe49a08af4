//! `hubstock import` and `hubstock snapshot`.

use app::imports::{self, Kind};
use app::jobs::JobKind;
use app::{App, Result};
use domain::access::Action;
use domain::ids::ImportId;
use serde_json::json;

use super::{file_name, open, reference, sink, source, wait_for};
use crate::arguments::{Arguments, Import, ImportWhat, Snapshot};
use crate::output::{self, Ended};

/// Loads a file and waits until it is loaded.
pub fn run(arguments: &Arguments, command: &Import) -> Result<Ended> {
    let app = open(arguments)?;
    let (kind, action) = match command.what {
        ImportWhat::Parties => (Kind::Parties, Action::ManageParties),
        ImportWhat::Deliveries => (Kind::Deliveries, Action::LoadInventory),
        ImportWhat::Statuses => (Kind::Statuses, Action::LoadInventory),
        ImportWhat::Snapshot => (Kind::Snapshot, Action::LoadInventory),
    };
    let actor = app::sign_in::actor_by_email(&app, &command.who.email, action, None)?;
    let mut file = source(&command.file)?;
    if command.dry_run {
        let mut answers = sink(command.answer.as_deref().or(Some("/dev/null".as_ref())))?;
        let counts = imports::check(&app, &actor, kind, &mut file, &mut answers)?;
        output::print(arguments, &json!({ "dry_run": true, "counts": counts }), lines(&counts));
        return Ok(ended(&counts));
    }
    let submitted = imports::submit(&app, &actor, kind, &file_name(&command.file), &mut file)?;
    show(arguments, &app, submitted.import, submitted.repeated, command.answer.as_deref())
}

/// Waits for an import's job and prints what came of it.
fn show(
    arguments: &Arguments,
    app: &App,
    import: ImportId,
    repeated: bool,
    answer: Option<&std::path::Path>,
) -> Result<Ended> {
    wait_for(app, JobKind::LoadImport, import.0)?;
    let operator = domain::access::Actor::local_operator();
    let view = imports::get(app, &operator, import)?;
    if let Some(out) = answer {
        imports::answer(app, &operator, import, &mut sink(Some(out))?)?;
    }
    let json = json!({
        "import": import.to_string(),
        "repeated": repeated,
        "state": view.state.name(),
        "refusal": view.refusal,
        "counts": view.counts,
    });
    let before = if repeated { " (sent before; this is the first answer)" } else { "" };
    let refused = view.refusal.as_ref().map(|r| format!("{r}\n")).unwrap_or_default();
    let text = format!("{import} {}{before}\n{refused}{}", view.state.name(), lines(&view.counts));
    output::print(arguments, &json, text);
    Ok(if view.refusal.is_some() { Ended::Refused } else { ended(&view.counts) })
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
    let action = Action::AuthoriseSnapshot;
    match command {
        Snapshot::Authorise { reference: text, who } => {
            let actor = app::sign_in::actor_by_email(&app, &who.email, action, None)?;
            let import: ImportId = reference(text)?;
            imports::authorise_snapshot(&app, &actor, import, None)?;
            show(arguments, &app, import, false, None)
        }
        Snapshot::Reject { reference: text, reason, who } => {
            let actor = app::sign_in::actor_by_email(&app, &who.email, action, None)?;
            let import: ImportId = reference(text)?;
            imports::reject_snapshot(&app, &actor, import, reason, None)?;
            output::print(arguments, &json!({ "import": text, "state": "Rejected" }), "Rejected");
            Ok(Ended::Well)
        }
    }
}
