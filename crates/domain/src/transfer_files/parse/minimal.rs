//! The minimal profile: a header line of two columns, then one line for each hub.

use super::{Collected, FileRefusal, Limits, ParsedFile, Profile};
use crate::tabular::{Columns, Records};
use crate::transfer_files::TRANSFER_FILE_COLUMNS;

/// Reads the lines below the header.
pub(super) fn parse<'a>(
    source: &'a str,
    mut records: Records<'_>,
    columns: &Columns,
    limits: &Limits,
) -> Result<ParsedFile<'a>, FileRefusal> {
    let at = |column| columns.position(column).expect("required columns are there");
    let places = (at(0), at(1));
    let mut collected = Collected::with_room_for(source.len(), limits);
    while let Some(record) = records.next_record()? {
        let line = super::line(&record, record.line, places, columns.width(), &mut collected);
        collected.add(line)?;
    }
    let mut names = TRANSFER_FILE_COLUMNS.to_vec();
    if places.1 < places.0 {
        names.reverse();
    }
    collected.finish(Profile::Minimal, names, source)
}
