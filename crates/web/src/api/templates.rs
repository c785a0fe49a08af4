//! Empty files to fill in.

use app::tables::Format;
use app::templates::{self, FILE_TYPES};
use axum::Json;
use axum::extract::Path;
use axum::response::Response;
use domain::Refusal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::given::Query;
use super::{Page, Problem};
use crate::error_pages::Failure;
use crate::state::AppState;
use crate::streams;

/// The routes of this capability.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(download))
}

/// A type of file that people fill in.
#[derive(Serialize, ToSchema)]
struct Template {
    /// Its name in addresses.
    #[schema(example = "transfer-file")]
    name: &'static str,
    /// Its name for people.
    title: &'static str,
    /// What it holds.
    what: &'static str,
    /// Its columns.
    columns: &'static [&'static str],
}

/// The types of file that people fill in.
#[utoipa::path(get, path = "/templates", tag = "service", operation_id = "list_templates",
    responses((status = OK, body = Page<Template>)))]
async fn list() -> Json<Page<Template>> {
    let items = FILE_TYPES.iter().map(|file_type| Template {
        name: file_type.word,
        title: file_type.title,
        what: file_type.what,
        columns: file_type.columns,
    });
    Page::whole(items.collect())
}

/// In which format.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct In {
    /// `csv`, which it is without this, or `xlsx`, whose columns are formatted as text.
    #[param(example = "xlsx")]
    format: Option<String>,
}

/// An empty file of this type.
#[utoipa::path(get, path = "/templates/{name}", tag = "service",
    operation_id = "download_template",
    params(("name" = String, Path, description = "The type of file"), In),
    responses((status = OK, description = "The file", content_type = "text/csv", body = String),
        Problem))]
async fn download(
    Path(name): Path<String>,
    Query(In { format }): Query<In>,
) -> Result<Response, Failure> {
    let file_type = templates::of(&name)?;
    let format = match format.as_deref() {
        None | Some("csv") => Format::Csv,
        Some("xlsx") => Format::Xlsx,
        Some(_) => return Err(Refusal::field("format", "A template is csv or xlsx.").into()),
    };
    streams::download(&file_type.file_name(format), format.media_type(), move |mut out| {
        templates::write(file_type, format, &mut out)
    })
    .await
}
