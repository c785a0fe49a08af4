//! `hubstock job`.

use app::jobs::{self, JobView};
use app::{Result, sign_in};
use domain::access::{Action, Actor};
use domain::ids::JobId;
use serde_json::{Value, json};

use super::{LONGEST_WAIT, open, reference};
use crate::arguments::{Arguments, Job};
use crate::output::{self, Ended};

/// The jobs that have failed for good.
pub fn run(arguments: &Arguments, command: &Job) -> Result<Ended> {
    let app = open(arguments)?;
    match command {
        Job::List => {
            let failed = jobs::failed(&app, &Actor::local_operator())?;
            let json: Vec<Value> = failed.iter().map(json_of).collect();
            output::print(arguments, &json.into(), failed.iter().map(line).collect::<String>());
            Ok(Ended::Well)
        }
        Job::Rerun { reference: wanted, who } => {
            let actor = sign_in::actor_by_email(&app, &who.email, Action::RerunJobs, None)?;
            let id: JobId = reference(wanted)?;
            jobs::rerun(&app, &actor, id)?;
            jobs::finish_one(&app, id, LONGEST_WAIT)?;
            let job = jobs::view(&app, &actor, id)?;
            output::print(arguments, &json_of(&job), line(&job));
            Ok(if job.state == "done" { Ended::Well } else { Ended::Refused })
        }
    }
}

fn line(job: &JobView) -> String {
    let problem = job.problem.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    format!("{} {} {} {}{problem}\n", job.id, job.state, job.kind.word(), job.subject)
}

fn json_of(job: &JobView) -> Value {
    json!({ "job": job.id.to_string(), "kind": job.kind.word(), "subject": job.subject,
            "state": job.state, "problem": job.problem,
            "ended_at": job.ended_at.map(|at| at.to_string()) })
}
