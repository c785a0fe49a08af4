//! `hubstock transfer-file` and `hubstock installed-before`.

use std::path::Path;

use app::jobs::JobKind;
use app::journal::Counts;
use app::transfer_files::{
    self, Checked, Found, GenerateRequest, Generated, InstalledFilter, LineFilter, SentBefore,
    Submission, TransferFileFilter, TransferFileView,
};
use app::{App, Result, files};
use domain::Refusal;
use domain::access::{Action, Actor};
use domain::ids::TransferFileId;
use domain::transfer_files::State;
use serde_json::json;

use super::{
    every, file_name, once, one_of, open, read_file, reference, source, wait_for, write_bytes,
    write_file, write_out,
};
use crate::arguments::{Arguments, InstalledBefore, InstalledShown, TransferFile};
use crate::output::{self, Ended};

/// Rows that are read at once.
const MOST_ROWS: u32 = 1_000;

/// Checks, submits, decides and answers transfer files.
pub fn run(arguments: &Arguments, command: &TransferFile) -> Result<Ended> {
    let app = open(arguments)?;
    let operator = Actor::local_operator();
    let acting = |email: &str, action| app::sign_in::actor_by_email(&app, email, action, None);
    match command {
        TransferFile::Check { file, all_or_nothing, response } => {
            check(arguments, &app, file, *all_or_nothing, response.as_deref())
        }
        TransferFile::Submit { file, all_or_nothing, who } => {
            let actor = acting(&who.email, Action::PrepareTransferFile)?;
            let submission = Submission { name: file_name(file), all_or_nothing: *all_or_nothing };
            let submitted = transfer_files::submit(&app, &actor, submission, &mut source(file)?)?;
            let id = submitted.id;
            wait_for(&app, JobKind::ValidateTransferFile, id.0)?;
            show(arguments, &app, id, submitted.repeated)
        }
        TransferFile::Generate { ids, to, from, reference, out, who } => {
            let actor = acting(&who.email, Action::PrepareTransferFile)?;
            let request = GenerateRequest {
                ids: app::sheet::text_of(&app, &read_file(ids)?, "ids")?,
                to_reference: to.clone(),
                reference: reference.clone(),
                from_reference: from.clone(),
            };
            let made = match transfer_files::generate(&app, &actor, &request)? {
                Generated::File(made) => made,
                Generated::Mistakes(mistakes) => return Ok(show_mistakes(arguments, &mistakes)),
            };
            let path = out.join(&made.name);
            write_bytes(&path, &made.bytes)?;
            let json = json!({ "file": path.display().to_string(), "name": made.name });
            output::print(arguments, &json, path.display());
            Ok(Ended::Well)
        }
        TransferFile::Authorise { reference: text, who } => {
            let actor = acting(&who.email, Action::AuthoriseTransferFile)?;
            let id: TransferFileId = reference(text)?;
            let decided = transfer_files::authorise(&app, &actor, id, None);
            once(&app, &actor, &id.to_string(), "TransferFileAuthorised", decided)?;
            wait_for(&app, JobKind::ApplyTransferFile, id.0)?;
            show(arguments, &app, id, false)
        }
        TransferFile::Reject { reference: text, reason, who } => {
            let actor = acting(&who.email, Action::AuthoriseTransferFile)?;
            let id: TransferFileId = reference(text)?;
            let decided = transfer_files::reject(&app, &actor, id, None, reason);
            once(&app, &actor, &id.to_string(), "TransferFileRejected", decided)?;
            show(arguments, &app, id, false).map(|_| Ended::Well)
        }
        TransferFile::Withdraw { reference: text, reason, who } => {
            let actor = acting(&who.email, Action::PrepareTransferFile)?;
            let id: TransferFileId = reference(text)?;
            let decided = transfer_files::withdraw(&app, &actor, id, None, reason);
            once(&app, &actor, &id.to_string(), "TransferFileWithdrawn", decided)?;
            show(arguments, &app, id, false).map(|_| Ended::Well)
        }
        TransferFile::Status { reference: text, out: None } => {
            show(arguments, &app, reference(text)?, false)
        }
        TransferFile::Status { reference: text, out: Some(path) } => {
            let view = transfer_files::get(&app, &operator, reference(text)?)?;
            let status = format!("{:#}\n", as_json(&view));
            write_bytes(path, status.as_bytes())?;
            Ok(Ended::Well)
        }
        TransferFile::Response { reference: text, out } => {
            let id = reference(text)?;
            write_out(out.as_deref(), |out| {
                transfer_files::response(&app, &operator, id, out).map(drop)
            })?;
            Ok(Ended::Well)
        }
        TransferFile::Errors { reference: text, out } => {
            let id = reference(text)?;
            write_out(out.as_deref(), |out| {
                transfer_files::errors(&app, &operator, id, out).map(drop)
            })?;
            Ok(Ended::Well)
        }
        TransferFile::Lines { reference: text, code, rejected } => {
            let filter = LineFilter { codes: code.clone(), only_rejected: *rejected };
            show_lines(arguments, &app, reference(text)?, &filter)
        }
        TransferFile::Original { reference: text, out } => {
            let id = reference(text)?;
            write_out(out.as_deref(), |out| {
                transfer_files::original(&app, &operator, id, out).map(drop)
            })?;
            Ok(Ended::Well)
        }
        TransferFile::History { reference: text } => {
            let found = transfer_files::history(&app, &operator, reference(text)?)?;
            Ok(output::history(arguments, &found))
        }
        TransferFile::List { state, text } => {
            list(arguments, &app, (state.as_deref(), text.as_deref()))
        }
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

fn check(
    arguments: &Arguments,
    app: &App,
    file: &Path,
    all_or_nothing: bool,
    response: Option<&Path>,
) -> Result<Ended> {
    let bytes = files::read_whole(&mut source(file)?, files::upload_limit(app)?)?;
    let submission = Submission { name: file_name(file), all_or_nothing };
    let checked = match response {
        Some(path) => answered(app, &submission, bytes, path)?,
        None => transfer_files::check(app, &submission, bytes, &mut std::io::sink())?,
    };
    let mut json = json!({ "dry_run": true, "refusal": null, "sent_before": null, "counts": {} });
    let mut hint = String::new();
    if let Some(SentBefore { id, received_at }) = checked.sent_before {
        json["sent_before"] =
            json!({ "reference": id.to_string(), "received_at": received_at.to_string() });
        hint = format!(
            "Sent before, at {received_at}: sent again, it gets the answer of {id}, and nothing else \
             happens\n"
        );
    }
    match checked.found {
        Found::Refused(refusal) => {
            json["refusal"] = refusal.message.as_str().into();
            json["refusal_word"] = refusal.word.into();
            let text = format!("{hint}Refused whole: {}", refusal.message);
            output::print(arguments, &json, text);
            Ok(Ended::Refused)
        }
        Found::Answered(summary) => {
            json["counts"] = json!(summary.counts);
            json["unusual_ids"] = summary.unusual_ids.into();
            let text = format!("{hint}{}{}", lines(&summary.counts), unusual(summary.unusual_ids));
            output::print(arguments, &json, text);
            Ok(if summary.rejected > 0 { Ended::SomeRejected } else { Ended::Well })
        }
    }
}

/// Checks a file and writes the answer to each line, if it has any; what is there stays otherwise.
fn answered(app: &App, submission: &Submission, bytes: Vec<u8>, path: &Path) -> Result<Checked> {
    let mut without = None;
    let written = write_file(path, |out| {
        let checked = transfer_files::check(app, submission, bytes, out)?;
        if matches!(checked.found, Found::Answered(_)) {
            return Ok(checked);
        }
        without = Some(checked);
        Err(Refusal::not_found("answer to each line").into())
    });
    without.map_or(written, Ok)
}

/// The warning about IDs that look odd, if there are any.
fn unusual(ids: u64) -> String {
    match ids {
        0 => String::new(),
        1 => "Warning: the group or local bit is set in one ID; check the label\n".into(),
        _ => format!("Warning: the group or local bit is set in {ids} IDs; check the labels\n"),
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
        "refusal_word": view.refusal_word,
        "authorise_by": instant(view.authorise_by),
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
    let warning = unusual(view.summary.as_ref().map_or(0, |summary| summary.unusual_ids));
    let lines = lines(&counts(&view));
    let text = format!("{id} {}{before}\n{refusal}{lines}{warning}", view.state.name());
    output::print(arguments, &json, text);
    let validated = view.summary.as_ref().map_or(0, |s| s.rejected);
    let rejected = view.applied.as_ref().map_or(validated, |a| a.rejected);
    Ok(match view.state {
        State::FailedValidation => Ended::Refused,
        State::Failed if view.applied.is_none() => Ended::Refused,
        // Sent again after it was decided: nothing will come of it.
        State::Rejected | State::Withdrawn if repeated => Ended::Refused,
        State::Rejected | State::Withdrawn => Ended::Well,
        _ if rejected > 0 => Ended::SomeRejected,
        _ => Ended::Well,
    })
}

fn show_lines(
    arguments: &Arguments,
    app: &App,
    id: TransferFileId,
    filter: &LineFilter,
) -> Result<Ended> {
    let (mut json, mut text) = (Vec::new(), String::new());
    loop {
        let (operator, from) = (Actor::local_operator(), json.len() as u64);
        let page = transfer_files::lines(app, &operator, id, filter, from, MOST_ROWS)?;
        for line in &page.lines {
            json.push(json!({
                "line": line.line, "comms_hub_id": line.comms_hub_id,
                "code": line.outcome.to_string(), "text": line.text,
                "previous_party": line.previous_party, "new_party": line.new_party,
                "smi_status": line.smi_status,
                "applied_at": line.applied_at.map(|at| at.to_string()),
            }));
            text.push_str(&format!(
                "{} {} {} {}\n",
                line.line, line.comms_hub_id, line.outcome, line.text
            ));
        }
        if page.lines.is_empty() || json.len() as u64 >= page.matching {
            break;
        }
    }
    output::print(arguments, &json.into(), text);
    Ok(Ended::Well)
}

fn list(
    arguments: &Arguments,
    app: &App,
    (state, text): (Option<&str>, Option<&str>),
) -> Result<Ended> {
    let state = state.map(|name| {
        State::from_name(name)
            .ok_or_else(|| one_of("state", State::ALL.iter().map(|state| state.name())))
    });
    let text = text.map(str::to_owned);
    let filter = TransferFileFilter { state: state.transpose()?, text, ..Default::default() };
    let files = every(|before| {
        let operator = Actor::local_operator();
        let part = transfer_files::list(app, &operator, &filter, before, MOST_ROWS)?;
        Ok((part.items, part.next))
    })?;
    let json: Vec<_> = files
        .iter()
        .map(|file| {
            json!({ "reference": file.id.to_string(), "name": file.name,
                    "state": file.state.name(), "lines": file.lines, "rejected": file.rejected })
        })
        .collect();
    let text: String = files
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
        InstalledBefore::List { show } => {
            let filter = match show {
                InstalledShown::Open => InstalledFilter::Open,
                InstalledShown::Settled => InstalledFilter::Settled,
                InstalledShown::All => InstalledFilter::All,
            };
            let items = every(|before| {
                let operator = Actor::local_operator();
                let part =
                    transfer_files::installed_before(&app, &operator, filter, before, MOST_ROWS)?;
                Ok((part.items, part.next))
            })?;
            let json: Vec<_> = items
                .iter()
                .map(|i| json!({ "number": i.id, "transfer_file": i.transfer_file.to_string(),
                                 "line": i.line, "hub": i.hub.to_string(), "status": i.status.name(),
                                 "from_party": i.from_reference, "to_party": i.to_reference }))
                .collect();
            let text: String = items
                .iter()
                .map(|i| {
                    format!(
                        "{} {} line {} {} {} from {} to {}\n",
                        i.id,
                        i.transfer_file,
                        i.line,
                        i.hub,
                        i.status.name(),
                        i.from_reference,
                        i.to_reference
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
