//! Jobs that have failed for good, for whoever has them run again.

use app::jobs::{self, JobKind, JobView};
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use domain::access::Action;
use domain::ids::JobId;

use super::{Pages, may, must_see, number_in};
use crate::error_pages::{Failure, blocking};
use crate::page::{Flash, Layout, Section, filters, redirect_with, render};
use crate::session::SignedIn;
use crate::state::AppState;

/// The pages of this capability.
pub fn routes() -> Pages {
    Pages::new().route("/jobs", get(list)).route("/jobs/{id}/rerun", post(rerun))
}

#[derive(Template)]
#[template(path = "jobs/list.html")]
struct JobsPage {
    layout: Layout,
    jobs: Vec<JobView>,
    may_rerun: bool,
}

async fn list(state: AppState, who: SignedIn, flash: Flash) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeFailedJobs)?;
    let actor = who.actor.clone();
    let jobs = blocking(move || jobs::failed(&state.app, &actor)).await?;
    let layout = Layout::of(&who.viewer, Section::Home, "Jobs that have failed");
    let page = JobsPage {
        layout: layout.crumb("Home", "/").flash(flash),
        jobs,
        may_rerun: may(&who.actor, Action::RerunJobs),
    };
    Ok(render(StatusCode::OK, &page))
}

async fn rerun(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id: JobId = number_in(&id)?;
    blocking(move || jobs::rerun(&state.app, &who.actor, id)).await?;
    Ok(redirect_with("/jobs", &format!("{id} runs again")))
}

/// The page of what a job works on.
fn page_of(job: &JobView) -> Option<String> {
    let under = match job.kind {
        JobKind::LoadImport => "deliveries",
        JobKind::ValidateTransferFile | JobKind::ApplyTransferFile => "transfer-files",
        JobKind::WriteDeliveryReport => "reports",
        JobKind::TellPeople | JobKind::SendMail => return None,
    };
    Some(format!("/{under}/{}", job.subject))
}
