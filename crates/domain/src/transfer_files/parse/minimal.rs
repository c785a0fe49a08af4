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
    let places = places(columns);
    let mut collected = Collected::with_room_for(source.len(), limits);
    while let Some(record) = records.next_record()? {
        let line = super::line(&record, record.line, places, columns.width(), &mut collected);
        collected.add(line)?;
    }
    collected.finish(Profile::Minimal, names(places), source)
}

/// The places of the ID and of the new reference.
pub(super) fn places(columns: &Columns) -> (usize, usize) {
    let at = |column| columns.position(column).expect("required columns are there");
    (at(0), at(1))
}

/// The columns in the order of the file.
pub(super) fn names(places: (usize, usize)) -> Vec<&'static str> {
    let mut names = TRANSFER_FILE_COLUMNS.to_vec();
    if places.1 < places.0 {
        names.reverse();
    }
    names
}
