//! `hubstock report`.

use app::delivery_report::{self, Asker};
use app::jobs::{self, JobKind};
use app::tables::Format as TableFormat;
use app::{Error, Result};
use domain::access::Actor;
use domain::ids::ReportRunId;
use serde_json::json;

use super::{LONGEST_WAIT, open, reference};
use crate::arguments::{Arguments, Format, Report};
use crate::output::{self, Ended};

/// Writes ESI-013, or proves a run of it.
pub fn run(arguments: &Arguments, command: &Report) -> Result<Ended> {
    let app = open(arguments)?;
    match command {
        Report::Delivery { format, out } => {
            let run = delivery_report::request(&app, Asker::Operator, table_format(*format))?;
            let job = jobs::finish(&app, JobKind::WriteDeliveryReport, run.0, LONGEST_WAIT)?;
            if job.state != "done" {
                return Err(Error::Damaged(job.problem.unwrap_or(job.state)));
            }
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
            let proof = delivery_report::prove(&app, &Actor::local_operator(), run)?;
            let (proved, text) = (proof.is_good(), proof.words(run));
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
