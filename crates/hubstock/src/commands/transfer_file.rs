//! `hubstock transfer-file` and `hubstock installed-before`.

use std::io::{Read, Write};
use std::path::Path;

use app::jobs::{self, JobKind};
use app::journal::Counts;
use app::transfer_files::{
    self, Checked, GenerateRequest, Generated, InstalledFilter, Submission, TransferFileView,
};
use app::{App, Error, Result};
use domain::access::{Action, Actor};
use domain::ids::TransferFileId;
use domain::timers::british_day;
use domain::transfer_files::State;
use serde_json::json;

use super::{LONGEST_WAIT, file_name, open, reference, sink, source};
use crate::arguments::{Arguments, InstalledBefore, TransferFile};
use crate::output::{self, Ended};

/// Lines of a list on the command line.
const MOST_ROWS: u32 = 1_000;

/// Checks, submits, decides and answers transfer files.
pub fn run(arguments: &Arguments, command: &TransferFile) -> Result<Ended> {
    let app = open(arguments)?;
    let operator = Actor::local_operator();
    let acting = |email: &str, action| app::sign_in::actor_by_email(&app, email, action, None);
    match command {
        TransferFile::Check { file, response } => check(arguments, &app, file, response.as_deref()),
        TransferFile::Submit { file, all_or_nothing, who } => {
            let actor = acting(&who.email, Action::PrepareTransferFile)?;
            let submission = Submission { name: file_name(file), all_or_nothing: *all_or_nothing };
            let submitted = transfer_files::submit(&app, &actor, submission, &mut source(file)?)?;
            let id = submitted.id;
            wait(&app, JobKind::ValidateTransferFile, id)?;
            show(arguments, &app, id, submitted.repeated)
        }
        TransferFile::Generate { ids, to, from, reference, out, who } => {
            let actor = acting(&who.email, Action::PrepareTransferFile)?;
            let mut text = String::new();
            source(ids)?
                .read_to_string(&mut text)
                .map_err(Error::io(format!("read {}", ids.display())))?;
            let request = GenerateRequest {
                ids: text,
                to_reference: to.clone(),
                reference: reference.clone(),
                from_reference: from.clone(),
            };
            let made = match transfer_files::generate(&app, &actor, &request)? {
                Generated::File(made) => made,
                Generated::Mistakes(mistakes) => return Ok(show_mistakes(arguments, &mistakes)),
            };
            let path = out.join(&made.name);
            std::fs::write(&path, &made.bytes)
                .map_err(Error::io(format!("write {}", path.display())))?;
            let json = json!({ "file": path.display().to_string(), "name": made.name });
            output::print(arguments, &json, path.display());
            Ok(Ended::Well)
        }
        TransferFile::Authorise { reference: text, who } => {
            let actor = acting(&who.email, Action::AuthoriseTransferFile)?;
            let id = reference(text)?;
            transfer_files::authorise(&app, &actor, id, None)?;
            wait(&app, JobKind::ApplyTransferFile, id)?;
            show(arguments, &app, id, false)
        }
        TransferFile::Reject { reference: text, reason, who } => {
            let actor = acting(&who.email, Action::AuthoriseTransferFile)?;
            let id = reference(text)?;
            transfer_files::reject(&app, &actor, id, None, reason)?;
            show(arguments, &app, id, false).map(|_| Ended::Well)
        }
        TransferFile::Withdraw { reference: text, reason, who } => {
            let actor = acting(&who.email, Action::PrepareTransferFile)?;
            let id = reference(text)?;
            transfer_files::withdraw(&app, &actor, id, None, reason)?;
            show(arguments, &app, id, false).map(|_| Ended::Well)
        }
        TransferFile::Status { reference: text, out: None } => {
            show(arguments, &app, reference(text)?, false)
        }
        TransferFile::Status { reference: text, out: Some(path) } => {
            let view = transfer_files::get(&app, &operator, reference(text)?)?;
            let status = format!("{:#}\n", as_json(&view));
            std::fs::write(path, status).map_err(Error::io(format!("write {}", path.display())))?;
            Ok(Ended::Well)
        }
        TransferFile::Response { reference: text, out } => {
            let mut out = sink(out.as_deref())?;
            transfer_files::response(&app, &operator, reference(text)?, &mut out)?;
            out.flush().map_err(Error::io("write the response file"))?;
            Ok(Ended::Well)
        }
        TransferFile::Errors { reference: text, out } => {
            let mut out = sink(out.as_deref())?;
            transfer_files::errors(&app, &operator, reference(text)?, &mut out)?;
            out.flush().map_err(Error::io("write the error file"))?;
            Ok(Ended::Well)
        }
        TransferFile::List => list(arguments, &app),
    }
}

/// Waits for the job of a transfer file, wherever it runs.
fn wait(app: &App, kind: JobKind, id: TransferFileId) -> Result<()> {
    let job = jobs::finish(app, kind, id.0, LONGEST_WAIT)?;
    match job.state.as_str() {
        "done" => Ok(()),
        state => Err(Error::Damaged(format!(
            "the job {} on {id} is {state}: {}",
            job.kind,
            job.problem.unwrap_or_default()
        ))),
    }
}

fn show_mistakes(arguments: &Arguments, mistakes: &[transfer_files::IdMistake]) -> Ended {
    let json: Vec<_> = mistakes
        .iter()
        .map(|m| json!({ "line": m.line, "given": m.given, "message": m.message }))
        .collect();
    let text: String = mistakes
        .iter()
        .map(|m| format!("line {}: “{}” {}\n", m.line, m.given, m.message))
        .collect();
    output::print(arguments, &json!({ "mistakes": json }), text);
    Ended::Refused
}

fn check(arguments: &Arguments, app: &App, file: &Path, response: Option<&Path>) -> Result<Ended> {
    let mut bytes = Vec::new();
    source(file)?.read_to_end(&mut bytes).map_err(Error::io("read the file"))?;
    let today = british_day(app.now());
    match transfer_files::check(app, &file_name(file), &bytes, today)? {
        Checked::Refused(refusal) => {
            let json = json!({ "dry_run": true, "refusal": refusal.message, "word": refusal.word, "counts": {} });
            output::print(arguments, &json, format!("Refused whole: {}", refusal.message));
            Ok(Ended::Refused)
        }
        Checked::Answered { counts, rejected, response: bytes } => {
            if let Some(path) = response {
                std::fs::write(path, bytes)
                    .map_err(Error::io(format!("write {}", path.display())))?;
            }
            let json = json!({ "dry_run": true, "refusal": null, "counts": counts });
            output::print(arguments, &json, lines(&counts));
            Ok(if rejected > 0 { Ended::SomeRejected } else { Ended::Well })
        }
    }
}

fn lines(counts: &Counts) -> String {
    counts.iter().map(|(code, n)| format!("{code}: {n}\n")).collect()
}

/// How many lines came to what: when applied, else when validated.
fn counts(view: &TransferFileView) -> Counts {
    let validated = || view.summary.as_ref().map(|s| s.counts.clone());
    view.applied.as_ref().map(|a| a.counts.clone()).or_else(validated).unwrap_or_default()
}

fn as_json(view: &TransferFileView) -> serde_json::Value {
    let instant = |at: Option<jiff::Timestamp>| at.map(|at| at.to_string());
    json!({
        "reference": view.id.to_string(),
        "name": view.name,
        "profile": view.profile,
        "state": view.state.name(),
        "all_or_nothing": view.all_or_nothing,
        "lines": view.lines,
        "sha256": view.sha256,
        "counts": counts(view),
        "summary": view.summary,
        "applied": view.applied,
        "refusal": view.refusal,
        "first_answer": view.first_answer.map(|id| id.to_string()),
        "preparer": view.preparer.name,
        "authoriser": view.authoriser.as_ref().map(|p| p.name.clone()),
        "reason": view.reason,
        "received_at": view.received_at.to_string(),
        "validated_at": instant(view.validated_at),
        "decided_at": instant(view.decided_at),
        "applied_at": instant(view.applied_at),
        "next_step": view.next_step.what,
        "whose": view.next_step.whose,
    })
}

fn show(arguments: &Arguments, app: &App, id: TransferFileId, repeated: bool) -> Result<Ended> {
    let view = transfer_files::get(app, &Actor::local_operator(), id)?;
    let mut json = as_json(&view);
    json["repeated"] = repeated.into();
    let before = if repeated { " (sent before; this is the first answer)" } else { "" };
    let refusal = view.refusal.as_ref().map(|r| format!("{r}\n")).unwrap_or_default();
    let text = format!("{id} {}{before}\n{refusal}{}", view.state.name(), lines(&counts(&view)));
    output::print(arguments, &json, text);
    let validated = view.summary.as_ref().map_or(0, |s| s.rejected);
    let rejected = view.applied.as_ref().map_or(validated, |a| a.rejected);
    Ok(match view.state {
        State::FailedValidation => Ended::Refused,
        State::Failed if view.applied.is_none() => Ended::Refused,
        State::Rejected | State::Withdrawn => Ended::Well,
        _ if rejected > 0 => Ended::SomeRejected,
        _ => Ended::Well,
    })
}

fn list(arguments: &Arguments, app: &App) -> Result<Ended> {
    let page =
        transfer_files::list(app, &Actor::local_operator(), &Default::default(), None, MOST_ROWS)?;
    let json: Vec<_> = page
        .items
        .iter()
        .map(|file| {
            json!({ "reference": file.id.to_string(), "name": file.name,
                    "state": file.state.name(), "lines": file.lines, "rejected": file.rejected })
        })
        .collect();
    let text: String = page
        .items
        .iter()
        .map(|file| format!("{} {} {}\n", file.id, file.state.name(), file.name))
        .collect();
    output::print(arguments, &json.into(), text);
    Ok(Ended::Well)
}

/// The queue of hubs that were installed before their transfer file was processed.
pub fn installed_before(arguments: &Arguments, command: &InstalledBefore) -> Result<Ended> {
    let app = open(arguments)?;
    match command {
        InstalledBefore::List => {
            let page = transfer_files::installed_before(
                &app,
                &Actor::local_operator(),
                InstalledFilter::Open,
                None,
                MOST_ROWS,
            )?;
            let json: Vec<_> = page
                .items
                .iter()
                .map(|i| json!({ "number": i.id, "transfer_file": i.transfer_file.to_string(),
                                 "line": i.line, "hub": i.hub.to_string(), "status": i.status.name() }))
                .collect();
            let text: String = page
                .items
                .iter()
                .map(|i| {
                    format!(
                        "{} {} line {} {} {}\n",
                        i.id,
                        i.transfer_file,
                        i.line,
                        i.hub,
                        i.status.name()
                    )
                })
                .collect();
            output::print(arguments, &json.into(), text);
        }
        InstalledBefore::Settle { number, note, who } => {
            let action = Action::SettleInstalledQueue;
            let actor = app::sign_in::actor_by_email(&app, &who.email, action, None)?;
            transfer_files::settle(&app, &actor, *number, None, note)?;
            output::print(arguments, &json!({ "number": number, "settled": true }), "Settled");
        }
    }
    Ok(Ended::Well)
}
