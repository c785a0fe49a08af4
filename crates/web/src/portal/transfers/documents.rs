//! The documents and lists of a transfer, to be saved.

use app::tables::Format;
use app::transfers::{self, DocumentKind, ListKind};
use axum::extract::Path;
use axum::response::Response;
use domain::access::Action;
use domain::ids::TransferId;
use domain::refusal::Refusal;

use super::super::{must_see, number_in};
use crate::error_pages::{Failure, blocking};
use crate::session::SignedIn;
use crate::state::AppState;
use crate::streams;

/// `manifest.csv`, `receipt.xlsx`, `delivery-note.pdf` …
pub(super) async fn download(
    state: AppState,
    who: SignedIn,
    Path((id, file)): Path<(String, String)>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeTransfers)?;
    let id: TransferId = number_in(&id)?;
    let none = || Failure::from(Refusal::not_found("file"));
    let (word, extension) = file.rsplit_once('.').ok_or_else(none)?;
    if extension == "pdf" {
        let kind = DocumentKind::from_word(word).ok_or_else(none)?;
        let made = blocking(move || transfers::document(&state.app, &who.actor, id, kind)).await?;
        return streams::download(&made.name, "application/pdf", move |mut out| {
            let written = std::io::Write::write_all(&mut out, &made.bytes);
            written.map_err(app::Error::io("send a document"))
        })
        .await;
    }
    let kind = ListKind::from_word(word).ok_or_else(none)?;
    let format = Format::from_word(extension).filter(|format| *format != Format::Parquet);
    let format = format.ok_or_else(none)?;
    let name = format!("{id}_{word}.{extension}");
    streams::download(&name, format.media_type(), move |out| {
        transfers::table(&state.app, &who.actor, id, kind, format, Box::new(out)).map(drop)
    })
    .await
}
