//! What an operation can come back with instead of its result.

use std::fmt;

use domain::Refusal;

/// The result of an operation.
pub type Result<T> = std::result::Result<T, Error>;

/// Why an operation was not done.
#[derive(Debug)]
pub enum Error {
    /// The rules say no; the person can act on it.
    Refused(Refusal),
    /// The database.
    Store(store::Error),
    /// A file or folder.
    Io {
        /// What was being done.
        doing: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// What is stored contradicts itself: a defect, or damage.
    Damaged(String),
}

impl Error {
    /// An input or output error with what was being done.
    pub fn io(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> Error {
        let doing = doing.into();
        move |source| Error::Io { doing, source }
    }

    /// The refusal, if it is one.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Error::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Whether the same call may well succeed later: busy, full, away.
    pub fn is_passing(&self) -> bool {
        matches!(self, Error::Store(store::Error::Unavailable { .. }) | Error::Io { .. })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Refused(refusal) => refusal.fmt(f),
            Error::Store(error) => error.fmt(f),
            Error::Io { doing, source } => write!(f, "{doing}: {source}"),
            Error::Damaged(what) => write!(f, "the stored data contradicts itself: {what}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Error::Refused(refusal)
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Error::Store(error)
    }
}
