//! Help and the accessibility statement.

use askama::Template;
use axum::Extension;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use domain::inventory::SmiStatus;
use domain::transfer_files::Code;

use super::{Pages, public_layout};
use crate::page::{Layout, filters, render};
use crate::session::SignedIn;
use crate::state::AppState;

/// The pages of this capability.
pub fn routes() -> Pages {
    Pages::new().route("/help", get(help)).route("/accessibility", get(accessibility))
}

#[derive(Template)]
#[template(path = "help/help.html")]
struct HelpPage {
    layout: Layout,
    codes: &'static [Code],
    statuses: &'static [SmiStatus],
    public_url: String,
}

#[derive(Template)]
#[template(path = "help/accessibility.html")]
struct AccessibilityPage {
    layout: Layout,
}

async fn help(state: AppState, who: Option<Extension<SignedIn>>) -> Response {
    let page = HelpPage {
        layout: public_layout(who.as_deref(), "Help"),
        codes: Code::ALL,
        statuses: SmiStatus::ALL,
        public_url: state.public_url.to_string(),
    };
    render(StatusCode::OK, &page)
}

async fn accessibility(who: Option<Extension<SignedIn>>) -> Response {
    let layout = public_layout(who.as_deref(), "Accessibility statement");
    render(StatusCode::OK, &AccessibilityPage { layout })
}
