//! Why a transfer file is refused whole.

use std::fmt;

use crate::tabular::{HeaderError, Unreadable};

/// Why a transfer file is refused whole: nothing of it is kept but its bytes and this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileRefusal {
    /// It is not the text that it should be.
    Unreadable(Unreadable),
    /// More bytes than a file may ever have.
    TooLarge,
    /// There is nothing in it.
    Empty,
    /// A column of the minimal profile is missing, unknown or repeated.
    Columns(HeaderError),
    /// The name of a controlled file is not in the form.
    Name,
    /// A controlled file without its header.
    HeaderMissing,
    /// A version that we do not know.
    Version {
        /// What stands there.
        found: String,
    },
    /// The header has not the ten fields that it should have.
    HeaderLength {
        /// How many it has.
        fields: usize,
    },
    /// Something in the header is not what it should be.
    Header {
        /// What.
        field: HeaderField,
    },
    /// A record that is neither a line nor the trailer.
    RecordKind {
        /// Where it stands.
        line: u32,
        /// How it begins.
        found: String,
    },
    /// The lines are not numbered 1, 2, 3 and so on.
    Numbering {
        /// Where that goes wrong.
        line: u32,
        /// The number that should stand there.
        expected: u32,
        /// What stands there.
        found: String,
    },
    /// A controlled file without its trailer: probably cut off.
    TrailerMissing,
    /// The trailer has not the three fields that it should have.
    TrailerLength {
        /// How many it has.
        fields: usize,
    },
    /// The trailer's count is not a number.
    TrailerCount {
        /// What stands there.
        found: String,
    },
    /// Header, trailer and lines do not agree on how many there are.
    CountWrong {
        /// What the header says.
        header: u32,
        /// What the trailer says.
        trailer: u32,
        /// How many lines there are.
        lines: u32,
    },
    /// The trailer's hash is not that of the bytes before it.
    HashWrong,
    /// Something follows the trailer.
    AfterTrailer {
        /// Where.
        line: u32,
    },
    /// A line names another new Party than the header.
    ContradictsTo {
        /// The number of the line.
        number: u32,
        /// What the header says.
        to: String,
        /// What the line says.
        found: String,
    },
    /// Not a single line.
    NoLines,
    /// More lines than the limit.
    TooManyLines {
        /// The limit.
        limit: u32,
    },
    /// A controlled file as a workbook, which has no bytes to hash.
    ControlledSheet,
}

/// The fields of a controlled file's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderField {
    /// The kind of file, `CHST`.
    Kind,
    /// The file's own ID.
    FileId,
    /// When it was made.
    Created,
    /// Who made it.
    PreparedBy,
    /// The transfer or Supplier of Last Resort event.
    Reference,
    /// The Party that the hubs are with.
    From,
    /// The Party that they go to.
    To,
    /// How many lines there are.
    Count,
}

impl HeaderField {
    /// What should stand there.
    pub fn expectation(self) -> &'static str {
        match self {
            HeaderField::Kind => "the second field is not CHST",
            HeaderField::FileId => "the file ID is not a UUID",
            HeaderField::Created => "the time of creation is not like 2026-11-23T09:00:00Z",
            HeaderField::PreparedBy => "who prepared it is empty or longer than 100 characters",
            HeaderField::Reference => {
                "the transfer or SoLR reference is empty or longer than 100 characters"
            }
            HeaderField::From => "the from reference is not plain text of up to 100 characters",
            HeaderField::To => "the to reference is not plain text of up to 100 characters",
            HeaderField::Count => "the count is not a whole number",
        }
    }
}

impl FileRefusal {
    /// Each word that [`FileRefusal::word`] gives, with what it means.
    pub const WORDS: &[(&str, &str)] = &[
        ("encoding", "It is not UTF-8, or not CSV as RFC 4180 has it"),
        ("too-large", "It has more bytes than a file may ever have"),
        ("empty", "There is nothing in it"),
        ("columns", "A column is missing, unknown or repeated"),
        ("name", "The name of a controlled file is not in the form"),
        ("header", "The header of a controlled file is missing or wrong"),
        ("version", "The version in the header is not known"),
        ("record", "A record is neither a line nor the trailer"),
        ("numbering", "The lines are not numbered 1, 2, 3 and so on"),
        ("trailer", "The trailer is missing, wrong or not the last record"),
        ("count", "Header, trailer and lines do not agree on how many there are"),
        ("hash", "The hash in the trailer is not that of the bytes before it"),
        ("contradiction", "A line names another new Party than the header"),
        ("no-lines", "It has no lines"),
        ("too-many-lines", "It has more lines than the limit"),
        ("controlled-sheet", "It is a controlled file as a workbook"),
    ];

    /// The stable word for this reason, for the API and the journal.
    pub fn word(&self) -> &'static str {
        match self {
            FileRefusal::Unreadable(_) => "encoding",
            FileRefusal::TooLarge => "too-large",
            FileRefusal::Empty => "empty",
            FileRefusal::Columns(_) => "columns",
            FileRefusal::Name => "name",
            FileRefusal::HeaderMissing
            | FileRefusal::HeaderLength { .. }
            | FileRefusal::Header { .. } => "header",
            FileRefusal::Version { .. } => "version",
            FileRefusal::RecordKind { .. } => "record",
            FileRefusal::Numbering { .. } => "numbering",
            FileRefusal::TrailerMissing
            | FileRefusal::TrailerLength { .. }
            | FileRefusal::TrailerCount { .. }
            | FileRefusal::AfterTrailer { .. } => "trailer",
            FileRefusal::CountWrong { .. } => "count",
            FileRefusal::HashWrong => "hash",
            FileRefusal::ContradictsTo { .. } => "contradiction",
            FileRefusal::NoLines => "no-lines",
            FileRefusal::TooManyLines { .. } => "too-many-lines",
            FileRefusal::ControlledSheet => "controlled-sheet",
        }
    }
}

impl fmt::Display for FileRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileRefusal::Unreadable(fault) => fault.fmt(f),
            FileRefusal::TooLarge => f.write_str("The file is larger than 4 GB."),
            FileRefusal::Empty => f.write_str("The file is empty."),
            FileRefusal::Columns(fault) => write!(
                f,
                "{fault} The header line is CommsHubID,NewServiceUserReference, or HDR and so on \
                 in a controlled file."
            ),
            FileRefusal::Name => f.write_str(
                "The name of a controlled file is CHST_<preparer code>_<yyyymmddThhmmssZ>_<6-digit \
                 sequence>.csv.",
            ),
            FileRefusal::HeaderMissing => {
                f.write_str("The header (HDR) is missing; was the file cut off at its beginning?")
            }
            FileRefusal::Version { found } => {
                write!(f, "The header says version \"{found}\"; only 1.0 is known.")
            }
            FileRefusal::HeaderLength { fields } => {
                write!(f, "The header (HDR) has {fields} fields instead of 10.")
            }
            FileRefusal::Header { field } => {
                write!(f, "The header (HDR) is wrong: {}.", field.expectation())
            }
            FileRefusal::RecordKind { line, found } => write!(
                f,
                "Line {line} begins with \"{found}\"; after the header come DTL lines and then \
                 one TRL line."
            ),
            FileRefusal::Numbering { line, expected, found } => write!(
                f,
                "On line {line} stands the number \"{found}\" instead of {expected}; DTL lines \
                 are numbered 1, 2, 3 and so on."
            ),
            FileRefusal::TrailerMissing => {
                f.write_str("The trailer (TRL) is missing; was the file cut off?")
            }
            FileRefusal::TrailerLength { fields } => {
                write!(f, "The trailer (TRL) has {fields} fields instead of 3.")
            }
            FileRefusal::TrailerCount { found } => {
                write!(f, "The trailer's count \"{found}\" is not a whole number.")
            }
            FileRefusal::CountWrong { header, trailer, lines } => write!(
                f,
                "The header says {header} lines, the trailer {trailer}; there are {lines}."
            ),
            FileRefusal::HashWrong => f.write_str(
                "The trailer's SHA-256 is not that of the bytes before it: the file was changed \
                 after it was made, or cut off.",
            ),
            FileRefusal::AfterTrailer { line } => {
                write!(f, "Line {line} follows the trailer (TRL), which must be the last.")
            }
            FileRefusal::ContradictsTo { number, to, found } => write!(
                f,
                "DTL {number} names the new Party \"{found}\", but the header says \"{to}\"."
            ),
            FileRefusal::NoLines => f.write_str("The file has no lines."),
            FileRefusal::TooManyLines { limit } => {
                write!(f, "The file has more than {limit} lines; send it in parts.")
            }
            FileRefusal::ControlledSheet => f.write_str(
                "A controlled file (HDR, DTL, TRL) can't be a workbook, since its trailer is a \
                 hash of bytes; send it as the .csv that was made.",
            ),
        }
    }
}

impl std::error::Error for FileRefusal {}

impl From<Unreadable> for FileRefusal {
    fn from(fault: Unreadable) -> Self {
        FileRefusal::Unreadable(fault)
    }
}

impl From<HeaderError> for FileRefusal {
    fn from(fault: HeaderError) -> Self {
        FileRefusal::Columns(fault)
    }
}
