//! Settings.

use app::settings::{self, InForce};
use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::given::{Given, IfMatch};
use super::{Page, Problem, versioned};
use crate::error_pages::{Failure, blocking};
use crate::session::ApiActor;
use crate::state::AppState;

/// The routes of this capability.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show, change))
}

/// A setting as it stands.
#[derive(Serialize, ToSchema)]
struct Setting {
    /// Its name.
    #[schema(example = "check.R05")]
    name: &'static str,
    /// Its value.
    value: String,
    /// Its value as long as nobody changed it.
    default: &'static str,
    /// What it takes, in words.
    takes: String,
    /// What it does.
    meaning: &'static str,
    /// Where the default comes from.
    source: &'static str,
    /// How often it was changed: its ETag.
    version: i64,
}

fn setting(s: InForce) -> Setting {
    Setting {
        name: s.setting.name,
        value: s.value,
        default: s.setting.default,
        takes: s.setting.takes_in_words(),
        meaning: s.setting.meaning,
        source: s.setting.source,
        version: s.version,
    }
}

/// A new value.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewValue {
    /// The value.
    #[schema(example = "off")]
    value: String,
}

/// Every setting.
#[utoipa::path(get, path = "/settings", tag = "settings", operation_id = "list_settings",
    responses((status = OK, body = Page<Setting>), Problem),
    security(("token" = []), ("session" = [])))]
async fn list(
    State(state): State<AppState>,
    who: ApiActor,
) -> Result<Json<Page<Setting>>, Failure> {
    let all = blocking(move || settings::list(&state.app, &who.actor)).await?;
    Ok(Page::whole(all.into_iter().map(setting).collect()))
}

/// One setting.
#[utoipa::path(get, path = "/settings/{name}", tag = "settings", operation_id = "get_setting",
    params(("name" = String, Path, description = "Its name")),
    responses((status = OK, body = Setting), Problem),
    security(("token" = []), ("session" = [])))]
async fn show(
    State(state): State<AppState>,
    who: ApiActor,
    Path(name): Path<String>,
) -> Result<Response, Failure> {
    let found = blocking(move || settings::get(&state.app, &who.actor, &name)).await?;
    Ok(versioned(found.version, setting(found)))
}

/// Changes a setting.
#[utoipa::path(put, path = "/settings/{name}", tag = "settings", operation_id = "change_setting",
    params(("name" = String, Path, description = "Its name")),
    request_body = NewValue,
    responses((status = OK, body = Setting), Problem),
    security(("token" = []), ("session" = [])))]
async fn change(
    State(state): State<AppState>,
    who: ApiActor,
    Path(name): Path<String>,
    IfMatch(version): IfMatch,
    Given(new): Given<NewValue>,
) -> Result<Response, Failure> {
    let change = move || settings::change(&state.app, &who.actor, &name, &new.value, version);
    let changed = blocking(change).await?;
    Ok(versioned(changed.version, setting(changed)))
}
