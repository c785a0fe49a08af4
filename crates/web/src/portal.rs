//! The pages: one module for each capability, each with its `routes()`.

use axum::Router;

use crate::state::AppState;

/// Every page of the portal.
pub fn routes() -> Router<AppState> {
    Router::new()
}
