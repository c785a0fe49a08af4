//! `hubstock report`.

use app::delivery_report::{self, Asker, Proof, ReportRun};
use app::jobs::JobKind;
use app::tables::Format as TableFormat;
use app::{App, Result, aside};
use domain::access::Actor;
use domain::ids::ReportRunId;
use serde_json::json;

use super::{every, open, reference, target, wait_for, write_file, write_out};
use crate::arguments::{Arguments, Format, Report};
use crate::output::{self, Ended, Out};

/// Writes ESI-013, or proves a run of it.
pub fn run(arguments: &Arguments, command: &Report) -> Result<Ended> {
    let app = open(arguments)?;
    match command {
        Report::Delivery { format, out } => {
            let out = target(out);
            let is_plain = aside::is_plain(out);
            let (run, written) = if is_plain && out.to_str().is_some() {
                delivery_report::write_to(&app, table_format(*format), out)?
            } else {
                let run = delivery_report::request(&app, Asker::Operator, table_format(*format))?;
                wait_for(&app, JobKind::WriteDeliveryReport, run.0)?;
                let actor = Actor::local_operator();
                let send = |out: &mut Out<'_>| delivery_report::download(&app, &actor, run, out);
                (run, write_file(out, send)?)
            };
            let json = json!({
                "run": run.to_string(),
                "hubs": written.hubs,
                "generated_at": written.generated_at.to_string(),
                "sha256": app::files::hex(&written.sha256),
                "out": out.display().to_string(),
            });
            let text = format!("{run} {} hubs in {}", written.hubs, out.display());
            // Where the report itself may have gone to standard output, nothing else does.
            match is_plain {
                true => output::print(arguments, &json, text),
                false => output::note(text),
            }
            Ok(Ended::Well)
        }
        Report::List => {
            let runs = list(&app)?;
            let json: Vec<_> = runs.iter().map(run_json).collect();
            output::print(arguments, &json.into(), runs.iter().map(run_line).collect::<String>());
            Ok(Ended::Well)
        }
        Report::Download { reference: text, out } => {
            let run = reference(text)?;
            write_out(out.as_deref(), |out| {
                delivery_report::download(&app, &Actor::local_operator(), run, out).map(drop)
            })?;
            Ok(Ended::Well)
        }
        Report::Prove { reference: reference_text, file } => {
            let run: ReportRunId = reference(reference_text)?;
            let actor = Actor::local_operator();
            let proof = delivery_report::prove_file(&app, &actor, run, file.as_deref())?;
            let (proved, text) = (proof.is_good(), proof.words(run));
            output::print(
                arguments,
                &json!({ "run": reference_text, "proved": proved, "message": text }),
                &text,
            );
            Ok(match proof {
                Proof::Proved { .. } => Ended::Well,
                Proof::Elsewhere { .. } => Ended::Refused,
                Proof::NoFile | Proof::OtherFile { .. } | Proof::EntryChanged { .. } => {
                    Ended::Broken
                }
            })
        }
    }
}

fn list(app: &App) -> Result<Vec<ReportRun>> {
    every(|before| {
        let part = delivery_report::list(app, &Actor::local_operator(), before.into())?;
        Ok((part.items, part.next))
    })
}

fn run_json(run: &ReportRun) -> serde_json::Value {
    let written = run.written.as_ref();
    json!({
        "run": run.id.to_string(),
        "format": run.format.word(),
        "state": run.state.name(),
        "requested_by": run.requested_by.as_ref().map(|(_, name)| name),
        "requested_at": run.requested_at.to_string(),
        "due_at": run.due_at.map(|at| at.to_string()),
        "generated_at": written.map(|w| w.generated_at.to_string()),
        "hubs": written.map(|w| w.hubs),
        "sha256": written.map(|w| app::files::hex(&w.sha256)),
        "file_name": written.map(|w| &w.file_name),
        "problem": run.problem,
    })
}

fn run_line(run: &ReportRun) -> String {
    let name = run.written.as_ref().map_or("", |written| &written.file_name);
    format!("{} {} {} {} {name}\n", run.id, run.state.name(), run.format.word(), run.requested_at)
}

/// The table format of the command line's word.
pub fn table_format(format: Format) -> TableFormat {
    match format {
        Format::Csv => TableFormat::Csv,
        Format::Xlsx => TableFormat::Xlsx,
        Format::Parquet => TableFormat::Parquet,
    }
}
