//! The portal, the JSON API and sessions: the only crate with axum and templates.
//!
//! A handler parses, calls one operation of `app` on a blocking thread, and renders. What every
//! answer has in common (headers, limits, error pages) is put around the router by `security`.

pub mod api;
pub mod assets;
pub mod error_pages;
pub mod listen;
pub mod page;
pub mod portal;
pub mod security;
pub mod session;
pub mod state;
pub mod streams;

use axum::Router;
use axum::middleware::from_fn_with_state;
use tokio::net::TcpListener;

pub use state::AppState as State;

/// No request is larger, whatever the settings say: the highest that `upload.most_mib` takes.
const LARGEST_BODY: usize = 65_537 << 20;

/// Everything that this server answers, with all that stands around it.
pub fn router(state: State) -> Router {
    let edge = security::Edge { tls_in_front: state.has_tls(), upload_limit: LARGEST_BODY };
    let recognise = from_fn_with_state(state.clone(), session::recognise);
    let api = api::routes(&state);
    let routes = portal::routes().router.merge(assets::routes()).merge(api);
    let routes = routes.layer(recognise).with_state(state);
    security::protect(routes, edge)
}

/// Serves until `shutdown` is over, then lets open requests end.
pub async fn serve(listener: TcpListener, state: State, shutdown: impl Future<Output = ()>) {
    let usual = listen::Patience::default();
    // Under HTTPS everybody comes by way of a proxy, which holds its own clients to a limit.
    let of_one_address = usual.of_one_address.filter(|_| !state.has_tls());
    let patience = listen::Patience { of_one_address, ..usual };
    listen::serve(listener, router(state), shutdown, patience).await;
}
