//! Empty files to fill in: each file type's columns as CSV, and as XLSX with its cells formatted
//! as text, so that a spreadsheet changes no ID.

use app::tables::{Column, Format, Table};
use askama::Template;
use axum::Extension;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use domain::Refusal;
use domain::inventory::{DELIVERY_COLUMNS, SNAPSHOT_COLUMNS, STATUS_COLUMNS};
use domain::parties::PARTY_COLUMNS;
use domain::transfer_files::TRANSFER_FILE_COLUMNS;
use domain::transfers::LIST_COLUMNS;

use super::{Pages, public_layout};
use crate::error_pages::Failure;
use crate::page::{Layout, filters, render};
use crate::session::SignedIn;
use crate::streams::download;

/// The pages of this capability.
pub fn routes() -> Pages {
    Pages::new().route("/templates", get(list)).route("/templates/{file}", get(one))
}

/// A type of file that people fill in.
struct FileType {
    /// Its name in addresses and of the file.
    word: &'static str,
    title: &'static str,
    what: &'static str,
    columns: &'static [&'static str],
}

const FILE_TYPES: &[FileType] = &[
    FileType {
        word: "transfer-file",
        title: "CH Stock Transfer File",
        what: "One line for each hub and the Party that is to have it: the minimal profile.",
        columns: TRANSFER_FILE_COLUMNS,
    },
    FileType {
        word: "manifest",
        title: "Manifest or receipt",
        what: "The hubs that left or arrived with a transfer: one line for each hub, pallet or box.",
        columns: LIST_COLUMNS,
    },
    FileType {
        word: "deliveries",
        title: "Deliveries",
        what: "What was delivered, one line for each hub.",
        columns: DELIVERY_COLUMNS,
    },
    FileType {
        word: "statuses",
        title: "Status changes",
        what: "The hubs whose status in the inventory has changed, and when.",
        columns: STATUS_COLUMNS,
    },
    FileType {
        word: "snapshot",
        title: "Inventory snapshot",
        what: "Everything about each hub, to be compared with the inventory.",
        columns: SNAPSHOT_COLUMNS,
    },
    FileType {
        word: "parties",
        title: "Parties",
        what: "The Parties to the Code, with the references that stand for them in files.",
        columns: PARTY_COLUMNS,
    },
];

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
    let file_type = FILE_TYPES.iter().find(|t| t.word == word).ok_or_else(none)?;
    let format = Format::from_word(extension).filter(|format| *format != Format::Parquet);
    let format = format.ok_or_else(none)?;
    let name = format!("{word}-template.{extension}");
    download(&name, format.media_type(), move |out| {
        let columns: Vec<Column> =
            file_type.columns.iter().map(|name| Column::text(name)).collect();
        let table = Table::new(format, &columns, out).and_then(Table::finish);
        table.map(drop).map_err(app::Error::io("write a template"))
    })
    .await
}
