//! What dry runs answered line by line, to be saved.

use app::dry_runs;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::get;
use domain::ids::FileId;

use super::{Pages, number_in};
use crate::error_pages::{Failure, blocking};
use crate::session::SignedIn;
use crate::state::AppState;
use crate::streams::download;

/// The pages of this capability.
pub fn routes() -> Pages {
    Pages::new().route("/dry-runs/{id}", get(answers))
}

/// The answers to a dry run of the reader's own.
async fn answers(
    state: AppState,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id: FileId = number_in(&id)?;
    let (app, actor) = (state.app.clone(), who.actor.clone());
    let name = blocking(move || dry_runs::name(&app, &actor, id)).await?;
    download(&name, "text/csv; charset=utf-8", move |mut out| {
        dry_runs::send(&state.app, &who.actor, id, &mut out)
    })
    .await
}
