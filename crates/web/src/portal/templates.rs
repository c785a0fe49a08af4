//! Empty files to fill in.

use app::tables::Format;
use app::templates::{self, FILE_TYPES, FileType};
use askama::Template;
use axum::Extension;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use domain::Refusal;

use super::{Pages, public_layout};
use crate::error_pages::Failure;
use crate::page::{Layout, filters, render};
use crate::session::SignedIn;
use crate::streams::download;

/// The pages of this capability.
pub fn routes() -> Pages {
    Pages::new().route("/templates", get(list)).route("/templates/{file}", get(one))
}

#[derive(Template)]
#[template(path = "help/templates.html")]
struct TemplatesPage {
    layout: Layout,
    file_types: &'static [FileType],
}

async fn list(who: Option<Extension<SignedIn>>) -> Response {
    let layout = public_layout(who.as_deref(), "Templates");
    render(StatusCode::OK, &TemplatesPage { layout, file_types: FILE_TYPES })
}

async fn one(Path(file): Path<String>) -> Result<Response, Failure> {
    let none = || Failure::from(Refusal::not_found("template"));
    let (word, extension) = file.rsplit_once('.').ok_or_else(none)?;
    let file_type = templates::of(word)?;
    let format = Format::from_word(extension).filter(|format| *format != Format::Parquet);
    let format = format.ok_or_else(none)?;
    download(&file_type.file_name(format), format.media_type(), move |mut out| {
        templates::write(file_type, format, &mut out)
    })
    .await
}
