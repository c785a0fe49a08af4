//! What can break between the product and its database.

use std::fmt;

/// The result of a database call.
pub type Result<T> = std::result::Result<T, Error>;

/// Something broke. What the rules refuse is a `Refusal` instead.
#[derive(Debug)]
pub enum Error {
    /// A row that must be there is not.
    Missing {
        /// What was looked for.
        what: &'static str,
    },
    /// A constraint of the schema said no: the last guard, behind the rules.
    Constraint {
        /// What was being done.
        doing: String,
        /// What the database says.
        message: String,
    },
    /// The database is busy, full or away; the same call may succeed later.
    Unavailable {
        /// What was being done.
        doing: String,
        /// What the database says.
        message: String,
    },
    /// The database is not set up as the product needs it.
    Unsuitable(String),
    /// Anything else: a defect, or a damaged database.
    Broken {
        /// What was being done.
        doing: String,
        /// What the database says.
        message: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Missing { what } => write!(f, "no such {what}"),
            Error::Constraint { doing, message } => {
                write!(f, "a constraint refused: {doing}: {message}")
            }
            Error::Unavailable { doing, message } => {
                write!(f, "the database is not available: {doing}: {message}")
            }
            Error::Unsuitable(message) => f.write_str(message),
            Error::Broken { doing, message } => {
                write!(f, "the database failed: {doing}: {message}")
            }
        }
    }
}

impl std::error::Error for Error {}

/// The first line of a statement, to say what was being done.
pub(crate) fn doing(sql: &str) -> String {
    let words: Vec<&str> = sql.split_whitespace().take(12).collect();
    words.join(" ")
}
