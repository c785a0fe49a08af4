//! `hubstock template`.

use std::path::Path;

use app::tables::{Column, Format, Table};
use app::{Error, Result};
use domain::inventory::{DELIVERY_COLUMNS, SNAPSHOT_COLUMNS, STATUS_COLUMNS};
use domain::parties::PARTY_COLUMNS;
use domain::transfer_files::TRANSFER_FILE_COLUMNS;
use domain::transfers::LIST_COLUMNS;

use super::write_out;
use crate::arguments::{TemplateFormat, TemplateName};
use crate::output::Ended;

/// Writes an empty file to fill in. No database is opened.
pub fn run(name: TemplateName, format: TemplateFormat, out: Option<&Path>) -> Result<Ended> {
    let columns = match name {
        TemplateName::TransferFile => TRANSFER_FILE_COLUMNS,
        TemplateName::Manifest => LIST_COLUMNS,
        TemplateName::Deliveries => DELIVERY_COLUMNS,
        TemplateName::Statuses => STATUS_COLUMNS,
        TemplateName::Snapshot => SNAPSHOT_COLUMNS,
        TemplateName::Parties => PARTY_COLUMNS,
    };
    let format = match format {
        TemplateFormat::Csv => Format::Csv,
        TemplateFormat::Xlsx => Format::Xlsx,
    };
    let columns: Vec<Column> = columns.iter().map(|name| Column::text(name)).collect();
    write_out(out, |out| {
        let table = Table::new(format, &columns, out).and_then(Table::finish);
        table.map(drop).map_err(Error::io("write the template"))
    })?;
    Ok(Ended::Well)
}
