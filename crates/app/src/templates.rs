//! Empty files to fill in: each file type's columns as CSV, and as XLSX with its cells formatted
//! as text, so that a spreadsheet changes no ID.

use std::io::Write;

use domain::Refusal;
use domain::inventory::{DELIVERY_COLUMNS, SNAPSHOT_COLUMNS, STATUS_COLUMNS};
use domain::parties::PARTY_COLUMNS;
use domain::transfer_files::TRANSFER_FILE_COLUMNS;
use domain::transfers::LIST_COLUMNS;

use crate::stock_rules::RuleTable;
use crate::tables::{Column, Format, Table};
use crate::{Error, Result};

/// A type of file that people fill in.
pub struct FileType {
    /// Its name in addresses and of the file.
    pub word: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What it holds.
    pub what: &'static str,
    /// Its columns.
    pub columns: &'static [&'static str],
}

/// All of them.
pub const FILE_TYPES: &[FileType] = &[
    FileType {
        word: "transfer-file",
        title: "CH Stock Transfer File",
        what: "One line for each hub and the Party that is to have it: the minimal profile.",
        columns: TRANSFER_FILE_COLUMNS,
    },
    FileType {
        word: "manifest",
        title: "Manifest or receipt",
        what: "The hubs that left or arrived with a transfer: one line for each hub, pallet or box.",
        columns: LIST_COLUMNS,
    },
    FileType {
        word: "offer-ids",
        title: "Device IDs of an offer",
        what: "The hubs that an offer lists, one line for each.",
        columns: &["CommsHubID"],
    },
    FileType {
        word: "deliveries",
        title: "Deliveries",
        what: "What was delivered, one line for each hub.",
        columns: DELIVERY_COLUMNS,
    },
    FileType {
        word: "statuses",
        title: "Status changes",
        what: "The hubs whose status in the inventory has changed, and when.",
        columns: STATUS_COLUMNS,
    },
    FileType {
        word: "snapshot",
        title: "Inventory snapshot",
        what: "Everything about each hub, to be compared with the inventory.",
        columns: SNAPSHOT_COLUMNS,
    },
    FileType {
        word: "parties",
        title: "Parties",
        what: "The Parties to the Code, with the references that stand for them in files.",
        columns: PARTY_COLUMNS,
    },
    FileType {
        word: RuleTable::Interchangeability.word(),
        title: "Interchangeability",
        what: "Which stock may stand in for which. The file replaces the whole table.",
        columns: RuleTable::Interchangeability.columns(),
    },
    FileType {
        word: RuleTable::InstallationEnds.word(),
        title: "Installation end dates",
        what: "Until when hubs of a CHTS version may be installed. The file replaces the whole table.",
        columns: RuleTable::InstallationEnds.columns(),
    },
    FileType {
        word: RuleTable::Holidays.word(),
        title: "Bank holidays",
        what: "The days that are not working days. The file replaces the whole table.",
        columns: RuleTable::Holidays.columns(),
    },
];

impl FileType {
    /// The name of its template.
    pub fn file_name(&self, format: Format) -> String {
        format!("{}-template.{}", self.word, format.word())
    }
}

/// The type of file with this name.
pub fn of(word: &str) -> Result<&'static FileType> {
    let found = FILE_TYPES.iter().find(|file_type| file_type.word == word);
    Ok(found.ok_or_else(|| Refusal::not_found("template"))?)
}

/// Writes a template.
pub fn write(file_type: &FileType, format: Format, out: &mut (dyn Write + Send)) -> Result<()> {
    let columns: Vec<Column> = file_type.columns.iter().map(|name| Column::text(name)).collect();
    let table = Table::new(format, &columns, out).and_then(Table::finish);
    table.map(drop).map_err(Error::io("write a template"))
}
