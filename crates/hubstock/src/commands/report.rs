//! `hubstock report`.

use app::Result;
use app::delivery_report::{self, Asker, Proof};
use app::jobs::JobKind;
use app::tables::Format as TableFormat;
use domain::ids::ReportRunId;
use serde_json::json;

use super::{open, reference, wait_for};
use crate::arguments::{Arguments, Format, Report};
use crate::output::{self, Ended};

/// Writes ESI-013, or proves a run of it.
pub fn run(arguments: &Arguments, command: &Report) -> Result<Ended> {
    let app = open(arguments)?;
    match command {
        Report::Delivery { format, out } => {
            let run = delivery_report::request(&app, Asker::Operator, table_format(*format))?;
            wait_for(&app, JobKind::WriteDeliveryReport, run.0)?;
            let written = delivery_report::copy_to(&app, run, out)?;
            let json = json!({
                "run": run.to_string(),
                "hubs": written.hubs,
                "generated_at": written.generated_at.to_string(),
                "sha256": app::files::hex(&written.sha256),
                "out": out.display().to_string(),
            });
            output::print(
                arguments,
                &json,
                format!("{run} {} hubs in {}", written.hubs, out.display()),
            );
            Ok(Ended::Well)
        }
        Report::Prove { reference: reference_text } => {
            let run: ReportRunId = reference(reference_text)?;
            let (proved, text) = match delivery_report::prove(&app, run)? {
                Proof::Proved { seq, sha256 } => {
                    (true, format!("{run} is as entry {seq} says: {}", app::files::hex(&sha256)))
                }
                Proof::NoFile => (false, format!("{run}'s file is not in the reports folder")),
                Proof::OtherFile { in_journal, of_file } => {
                    (false, format!("the journal says {in_journal}, the file is {of_file}"))
                }
                Proof::EntryChanged { seq } => (false, format!("entry {seq} has been changed")),
            };
            output::print(
                arguments,
                &json!({ "run": reference_text, "proved": proved, "message": text }),
                &text,
            );
            Ok(if proved { Ended::Well } else { Ended::Broken })
        }
    }
}

/// The table format of the command line's word.
pub fn table_format(format: Format) -> TableFormat {
    match format {
        Format::Csv => TableFormat::Csv,
        Format::Xlsx => TableFormat::Xlsx,
        Format::Parquet => TableFormat::Parquet,
    }
}
