//! A small portal with every component on one page, for tests and for looking at.

use askama::Template;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Form, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use domain::Refusal;
use domain::inventory::SmiStatus;
use jiff::{Timestamp, civil::Date};
use serde::Deserialize;
use web::error_pages::{Failure, blocking};
use web::page::{
    Choice, Flash, Layout, Paging, Problems, Section, Viewer, choices, filters, redirect_with,
    render,
};
use web::security::{Edge, protect, takes_files};

/// The largest upload that the gallery takes.
pub const UPLOAD_LIMIT: usize = 3 << 20;

struct Hub {
    id: &'static str,
    model: &'static str,
    held: i64,
    status: SmiStatus,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r##"{% extends "layout.html" %}
{% import "components.html" as ui %}
{% block content %}
<h1 class="govuk-heading-l">{{ layout.title }}</h1>
{% call ui::banner("waiting", "Waiting for you") %}
<p class="govuk-notification-banner__heading">One transfer file waits for your authorisation.
<a class="govuk-notification-banner__link" href="/transfer-files/ctf-000042">Look at it</a>.</p>
{% endcall %}
{% call ui::figures() %}
{{ ui::figure("Hubs held", 1234567) }}
{{ ui::figure("Pending", 98765) }}
{{ ui::figure("In open transfers", 896) }}
{% endcall %}
{% call ui::filter("/gallery") %}
{{ ui::input(layout.problems, "id", "CHF or GPF ID", "", hint="Any spelling") }}
{{ ui::select(layout.problems, "status", "Status", statuses) }}
{{ ui::input(layout.problems, "pallet", "Pallet", "") }}
{% endcall %}
{% call ui::table("hubs", "Hubs held", ["CHF ID", "Model", "Status", "#Days held", "Delivered", "Consignment"]) %}
{% for hub in hubs %}
<tr class="govuk-table__row">
  {{ ui::row_id(hub.id, "/hubs/" ~ hub.id) }}
  {{ ui::cell(hub.model) }}
  {% call ui::cell_with() %}{{ ui::smi_status(hub.status) }}{% endcall %}
  {{ ui::number(hub.held) }}
  {{ ui::cell(delivered|date) }}
  {{ ui::cell("CON-2026-000123") }}
</tr>
{% endfor %}
{% endcall %}
{{ ui::pagination(paging) }}
{% call ui::summary_list() %}
{{ ui::row("Received", at|datetime) }}
{{ ui::row("Lines", 896|count("line", "lines")) }}
{{ ui::row("Size", 34567|size) }}
{% call ui::row_with("SHA-256") %}{{ ui::hash("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08") }}{% endcall %}
{{ ui::row_with_link("Mode", "Continue", "/mode", "Change") }}
{% endcall %}
<p class="govuk-body"><span class="app-id" id="chf">00-DB-12-34-56-78-90-A2</span> {{ ui::copy_button("chf") }}</p>
{% call ui::progress("/events", "/gallery") %}
{{ ui::progress_bar("Lines checked", 12345, 100000) }}
{% endcall %}
{% call ui::timeline() %}
{% call ui::event("Responsible Party changed", "DSP operator", at|datetime) %}<p class="govuk-body">By ctf-000042.</p>{% endcall %}
{% call ui::event("Delivered", "", at|datetime) %}{% endcall %}
{% endcall %}
{% call ui::task_list() %}
{{ ui::task("authorise", "Authorise a transfer file", "/transfer-files", "1 waiting", "yellow", hint="Prepared by somebody else") }}
{{ ui::task("load", "Load deliveries", "/deliveries", "Nothing to do") }}
{% endcall %}
{% call ui::panel("Applied") %}Reference<br><strong>ctf-000042</strong>{% endcall %}
{% call ui::inset() %}The inventory changes only when another person authorises.{% endcall %}
{{ ui::warning("This cannot be undone.") }}
{% call ui::details("Which files can I send?") %}CSV or XLSX.{% endcall %}
{{ ui::empty("No hub matches this filter.") }}
<form method="post" action="/gallery" novalidate>
  {{ ui::input(layout.problems, "email", "E-mail address", typed, hint="We only use it to sign you in", kind="email", autocomplete="username") }}
  {{ ui::password(layout.problems, "password", "Password", "current-password") }}
  {{ ui::file_upload(layout.problems, "file", "CH Stock Transfer File", hint="CSV or XLSX, up to 100 MB") }}
  {{ ui::radios(layout.problems, "mode", "If a line is rejected", modes) }}
  {{ ui::checkboxes(layout.problems, "roles", "Roles", roles) }}
  {{ ui::textarea(layout.problems, "reason", "Reason", "") }}
  <div class="govuk-button-group">
    {{ ui::button("Continue") }}
    {{ ui::button("Reject", "warning", name="answer", value="reject") }}
    {{ ui::link_button("Download the response file", "/response", "secondary") }}
    <a class="govuk-link" href="/">Cancel</a>
  </div>
</form>
{% endblock %}"##
)]
struct Gallery {
    layout: Layout,
    hubs: Vec<Hub>,
    delivered: Date,
    at: Timestamp,
    paging: Paging,
    typed: String,
    statuses: Vec<Choice>,
    modes: Vec<Choice>,
    roles: Vec<Choice>,
}

#[derive(Deserialize)]
struct Typed {
    email: String,
}

fn gallery(layout: Layout, typed: &str) -> Gallery {
    let hub = |id, held, status| Hub { id, model: "Toshiba SKU1 <v2>", held, status };
    Gallery {
        layout,
        hubs: vec![
            hub("00-DB-12-34-56-78-90-A2", 1234, SmiStatus::Pending),
            hub("00-DB-12-34-56-78-90-A3", 7, SmiStatus::InstalledNotCommissioned),
        ],
        delivered: jiff::civil::date(2026, 11, 23),
        at: "2026-11-23T14:05:00Z".parse().expect("a constant"),
        paging: Paging { previous: Some("?before=a".into()), next: Some("?after=b".into()) },
        typed: typed.to_owned(),
        statuses: choices(&[("", "Any"), ("Pending", "Pending")], "Pending"),
        modes: vec![
            Choice::new("continue", "Go on with the other lines").chosen_if("continue"),
            Choice::new("all", "Change nothing").hint("One rejected line refuses the file"),
        ],
        roles: choices(&[("warehouse", "Warehouse"), ("party-admin", "Party admin")], "warehouse"),
    }
}

fn layout() -> Layout {
    let viewer = Viewer {
        name: "A stock manager".into(),
        organisation: "Northern Lights Energy".into(),
        can_switch: true,
        unread: "3".into(),
        sections: Section::ALL.to_vec(),
    };
    Layout::of(&viewer, Section::Hubs, "Gallery").crumb("Home", "/").crumb("Hubs", "/hubs")
}

async fn show(flash: Flash, Query(query): Query<Vec<(String, String)>>) -> Response {
    let mut problems = Problems::none();
    if query.iter().any(|(name, _)| name == "problems") {
        problems.add("email", "Enter an email address in the right form");
        problems.add("file", "The file is empty");
        problems.add("mode", "Select what happens if a line is rejected");
        problems.add_general("The inventory has changed since");
    }
    render(StatusCode::OK, &gallery(layout().flash(flash).problems(problems), ""))
}

async fn send(Form(form): Form<Typed>) -> Response {
    if form.email.contains('@') {
        return redirect_with("/gallery", "Saved – “as typed”");
    }
    let refusal = Refusal::field("email", "Enter an email address in the right form");
    let page = gallery(layout().problems(refusal.into()), &form.email);
    render(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

async fn panics() -> Response {
    panic!("as a test asked")
}

async fn operation() -> Result<Response, Failure> {
    let hub = blocking(|| Err::<String, _>(Refusal::not_found("hub 00-DB").into())).await?;
    Ok(hub.into_response())
}

async fn busy() -> Failure {
    let full = std::io::ErrorKind::StorageFull.into();
    Failure(app::Error::io("writing /secret/place")(full))
}

/// The gallery with everything that stands around the real router.
pub fn router(edge: Edge) -> Router {
    let upload = post(|body: Bytes| async move { body.len().to_string() }).layer(takes_files());
    let routes = Router::new()
        .route("/gallery", get(show).post(send))
        .route("/api/v1/things", post(|| async { "made" }))
        .route("/api/v1/hub", get(operation))
        .route("/hub", get(operation))
        .route("/busy", get(busy))
        .route("/panic", get(panics))
        .route("/upload", upload)
        .merge(web::assets::routes());
    protect(routes, edge)
}
