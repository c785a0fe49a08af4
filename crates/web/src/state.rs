//! What every handler has at hand.

use std::convert::Infallible;
use std::sync::Arc;

use app::App;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;

/// The app, and how this server is met. Cloning it is cheap.
#[derive(Clone)]
pub struct AppState {
    /// The operations.
    pub app: App,
    /// The address that people reach this server by, without a slash at the end.
    pub public_url: Arc<str>,
    /// Whether this is the demonstration, whose first page signs anybody in.
    pub demo: bool,
}

impl AppState {
    /// The state of a server that people reach by `public_url`.
    pub fn new(app: App, public_url: &str, demo: bool) -> AppState {
        AppState { app, public_url: public_url.trim_end_matches('/').into(), demo }
    }

    /// Whether browsers come by HTTPS.
    pub fn has_tls(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}

/// A handler takes it as an argument.
impl FromRequestParts<AppState> for AppState {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        Ok(state.clone())
    }
}
