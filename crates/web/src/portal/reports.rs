//! ESI-013, the CH Delivery Report: its runs, one run, and running it now.

use app::App;
use app::delivery_report::{self, Asker, Proof, ReportRun, RunState};
use app::jobs::{self, JobKind};
use app::reports::{self, Report};
use app::tables::Format;
use askama::Template;
use axum::extract::{Form, Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use domain::Refusal;
use domain::access::{Action, Actor};
use domain::ids::ReportRunId;
use serde::Deserialize;

use super::{Pages, address, may, must_see, number_in, part, shown_in_form};
use crate::error_pages::{Failure, blocking};
use crate::page::{Choice, Flash, Layout, Paging, Problems, Section, filters, redirect, render};
use crate::session::SignedIn;
use crate::state::AppState;
use crate::streams::{News, download, follow};

/// The pages of this capability.
pub fn routes() -> Pages {
    Pages::new()
        .route("/reports", get(list).post(run))
        .route("/reports/tables/{report}", get(table))
        .route("/reports/{id}", get(show))
        .route("/reports/{id}/events", get(events))
        .route("/reports/{id}/proof", get(proof))
        .route("/reports/{id}/download", get(save))
}

#[derive(Template)]
#[template(path = "reports/list.html")]
struct ListPage {
    layout: Layout,
    runs: Vec<ReportRun>,
    paging: Paging,
    formats: Vec<Choice>,
    may_run: bool,
}

#[derive(Template)]
#[template(path = "reports/show.html")]
struct ShowPage {
    layout: Layout,
    run: ReportRun,
    progress: String,
    proof: Option<Proof>,
    may_read_journal: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ListQuery {
    before: String,
    back: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RunForm {
    format: String,
}

async fn list(
    state: AppState,
    who: SignedIn,
    flash: Flash,
    Query(query): Query<ListQuery>,
) -> Result<Response, Failure> {
    let layout = Layout::of(&who.viewer, Section::Reports, "Reports").crumb("Home", "/");
    let layout = layout.flash(flash);
    list_page(state, who, layout, StatusCode::OK, &query, Format::Csv.word()).await
}

async fn list_page(
    state: AppState,
    who: SignedIn,
    layout: Layout,
    status: StatusCode,
    query: &ListQuery,
    format: &str,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeDeliveryReport)?;
    let (actor, before) = (who.actor.clone(), query.before.parse().ok());
    let runs = blocking(move || delivery_report::list(&state.app, &actor, before.into())).await?;
    let paging = Paging::by_cursor(&query.before, &query.back, runs.next, |before, back| {
        address("/reports", &[("before", before), ("back", back)])
    });
    let page = ListPage {
        layout,
        runs: runs.items,
        paging,
        formats: formats(format),
        may_run: may(&who.actor, Action::RunDeliveryReport),
    };
    Ok(render(status, &page))
}

fn formats(chosen: &str) -> Vec<Choice> {
    let choice = |format: &Format| {
        let (text, hint) = match format {
            Format::Csv => ("CSV", "For programs and text editors"),
            Format::Xlsx => ("Excel workbook (XLSX)", "IDs stay text, with their leading zeros"),
            Format::Parquet => ("Parquet", "For analysis of many millions of hubs"),
        };
        Choice::new(format.word(), text).hint(hint).chosen_if(chosen)
    };
    Format::ALL.iter().map(choice).collect()
}

async fn run(
    state: AppState,
    who: SignedIn,
    Form(form): Form<RunForm>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeDeliveryReport)?;
    let (app, actor, format) = (state.app.clone(), who.actor.clone(), form.format.clone());
    let asked = blocking(move || {
        let format = Format::from_word(&format)
            .ok_or_else(|| Refusal::field("format", "Select a format"))?;
        delivery_report::request(&app, Asker::Person(&actor), format)
    })
    .await;
    match asked {
        Ok(id) => Ok(redirect(&format!("/reports/{id}"))),
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            let layout = Layout::of(&who.viewer, Section::Reports, "Reports").crumb("Home", "/");
            let layout = layout.problems(problems);
            list_page(state, who, layout, status, &ListQuery::default(), &form.format).await
        }
    }
}

async fn show(
    state: AppState,
    who: SignedIn,
    flash: Flash,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    page(state, who, flash, number_in(&id)?, None).await
}

/// Holds the file against the journal, and shows the run with what was found.
async fn proof(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let (app, actor, id) = (state.app.clone(), who.actor.clone(), number_in::<ReportRunId>(&id)?);
    let proof = blocking(move || delivery_report::prove(&app, &actor, id)).await?;
    page(state, who, Flash::default(), id, Some(proof)).await
}

async fn page(
    state: AppState,
    who: SignedIn,
    flash: Flash,
    id: ReportRunId,
    proof: Option<Proof>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeDeliveryReport)?;
    let actor = who.actor.clone();
    let (run, progress) = blocking(move || {
        let run = delivery_report::get(&state.app, &actor, id)?;
        let progress = progress_of(&state.app, &actor, &run)?;
        Ok((run, progress))
    })
    .await?;
    let layout = Layout::of(&who.viewer, Section::Reports, format!("CH Delivery Report {id}"))
        .crumb("Home", "/")
        .crumb("Reports", "/reports")
        .flash(flash)
        .problems(Problems::none());
    let may_read_journal = may(&who.actor, Action::ReadJournal);
    Ok(render(StatusCode::OK, &ShowPage { layout, run, progress, proof, may_read_journal }))
}

async fn events(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeDeliveryReport)?;
    let id: ReportRunId = number_in(&id)?;
    follow(format!("/reports/{id}"), move || {
        let run = delivery_report::get(&state.app, &who.actor, id)?;
        Ok(match run.state {
            RunState::Waiting => News::Progress(progress_of(&state.app, &who.actor, &run)?),
            RunState::Done | RunState::Failed => News::Done,
        })
    })
    .await
}

async fn save(state: AppState, who: SignedIn, Path(id): Path<String>) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeDeliveryReport)?;
    let (app, actor, id) = (state.app.clone(), who.actor.clone(), number_in::<ReportRunId>(&id)?);
    let run = blocking(move || delivery_report::get(&app, &actor, id)).await?;
    let name = run.written.map_or_else(String::new, |written| written.name().to_owned());
    download(&name, run.format.media_type(), move |mut out| {
        delivery_report::download(&state.app, &who.actor, id, &mut out).map(|_| ())
    })
    .await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TableQuery {
    format: String,
}

/// A report about what is there, made while it is sent.
async fn table(
    state: AppState,
    who: SignedIn,
    Path(report): Path<String>,
    Query(query): Query<TableQuery>,
) -> Result<Response, Failure> {
    let report = Report::from_word(&report).ok_or_else(|| Refusal::not_found("page"))?;
    must_see(&who.actor, report.needs())?;
    let format = match Format::from_word(&query.format) {
        Some(Format::Xlsx) => Format::Xlsx,
        _ => Format::Csv,
    };
    let name = format!("{}.{}", report.word(), format.word());
    download(&name, format.media_type(), move |mut out| {
        reports::write(&state.app, &who.actor, report, format, &mut out).map(|_| ())
    })
    .await
}

#[derive(Template)]
#[template(path = "reports/progress.html")]
struct ProgressPart<'a> {
    run: &'a ReportRun,
    done: i64,
    total: i64,
}

/// How far the job is that writes it.
fn progress_of(app: &App, actor: &Actor, run: &ReportRun) -> app::Result<String> {
    if run.state != RunState::Waiting {
        return Ok(String::new());
    }
    let job = jobs::newest(app, actor, JobKind::WriteDeliveryReport, run.id.0)?;
    let (done, total) = job.map_or((0, 0), |job| (job.progress, job.total));
    Ok(part(&ProgressPart { run, done, total }))
}

/// Who asked for it.
fn asked_by(run: &ReportRun) -> &str {
    match (&run.requested_by, run.due_at) {
        (Some((_, name)), _) => name,
        (None, Some(_)) => "The schedule",
        (None, None) => "The local operator",
    }
}

fn colour(state: &RunState) -> &'static str {
    match state {
        RunState::Waiting => "yellow",
        RunState::Done => "green",
        RunState::Failed => "red",
    }
}

/// The heading over what a proof found, and what follows from it.
fn verdict(proof: &Proof) -> (&'static str, &'static str) {
    match proof {
        Proof::Proved { .. } => {
            ("Proved", "The file is, byte for byte, the one that the journal names.")
        }
        Proof::Elsewhere { .. } => {
            ("Not looked at", "The file is not kept here. Hold your own copy against the SHA-256.")
        }
        Proof::NoFile => {
            ("Not proved", "There is no file. Run the report again, and tell your operator.")
        }
        Proof::OtherFile { .. } | Proof::EntryChanged { .. } => (
            "Not proved",
            "The file is not the one that was written. Do not use it, and tell your operator.",
        ),
    }
}
