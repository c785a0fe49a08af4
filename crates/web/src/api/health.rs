//! Whether this process lives, and whether it can serve.

use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Problem;
use crate::error_pages::{Failure, blocking};
use crate::state::AppState;

/// The routes of this capability; they stand beside `/api`, where probes look for them.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(live)).routes(routes!(ready))
}

/// How the service is.
#[derive(Serialize, ToSchema)]
struct Health {
    /// `live`, `ready`, or what is missing.
    status: &'static str,
}

/// Whether the process answers at all.
#[utoipa::path(get, path = "/healthz", tag = "service", operation_id = "is_live",
    responses((status = OK, body = Health)))]
async fn live() -> Json<Health> {
    Json(Health { status: "live" })
}

/// Whether the database can be reached and has the tables of this version, and nothing of the
/// process has ended.
#[utoipa::path(get, path = "/readyz", tag = "service", operation_id = "is_ready",
    responses((status = OK, body = Health), (status = 503, body = Health), Problem))]
async fn ready(State(state): State<AppState>) -> Result<Response, Failure> {
    let lost = state.app.lost_threads.load(Ordering::Relaxed);
    let current = blocking(move || Ok(state.app.db.is_current()?)).await?;
    let missing = if !current {
        Some("the tables are of another version: run hubstock migrate")
    } else if lost > 0 {
        Some("a worker has ended: restart hubstock")
    } else {
        None
    };
    let status = missing.map_or(StatusCode::OK, |_| StatusCode::SERVICE_UNAVAILABLE);
    Ok((status, Json(Health { status: missing.unwrap_or("ready") })).into_response())
}
