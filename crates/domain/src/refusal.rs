//! The rules say no.

use std::fmt;

/// Why an operation was not done, as the person who asked can act on it.
///
/// The portal shows `message` in its error summary, the API answers it as a problem document whose
/// type ends in `kind`, the command line prints it and exits with 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What the caller would do differently.
    pub kind: RefusalKind,
    /// A sentence for the person: what is wrong and what to do.
    pub message: String,
    /// The form field that it is about, where there is one.
    pub field: Option<&'static str>,
}

/// The kinds of refusal: one for each thing that a caller would do differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// There is no such thing, or this person may not know of it.
    NotFound,
    /// The person is not signed in, or no longer.
    NotSignedIn,
    /// This person's roles do not allow it.
    NotAllowed,
    /// What was typed or sent is not usable.
    Invalid,
    /// The thing is no longer in a state that allows it.
    WrongState,
    /// The page or `If-Match` was out of date.
    OutOfDate,
    /// The checker would be the maker.
    SamePerson,
    /// The same idempotency key came with another body.
    KeyReused,
    /// Larger than the limit.
    TooLarge,
    /// Too many attempts; try later.
    Throttled,
}

impl RefusalKind {
    /// Every kind, for the reference documents.
    pub const ALL: &[RefusalKind] = &[
        RefusalKind::NotFound,
        RefusalKind::NotSignedIn,
        RefusalKind::NotAllowed,
        RefusalKind::Invalid,
        RefusalKind::WrongState,
        RefusalKind::OutOfDate,
        RefusalKind::SamePerson,
        RefusalKind::KeyReused,
        RefusalKind::TooLarge,
        RefusalKind::Throttled,
    ];

    /// The stable word, the last part of a problem document's type.
    pub fn word(self) -> &'static str {
        match self {
            RefusalKind::NotFound => "not-found",
            RefusalKind::NotSignedIn => "not-signed-in",
            RefusalKind::NotAllowed => "not-allowed",
            RefusalKind::Invalid => "invalid",
            RefusalKind::WrongState => "wrong-state",
            RefusalKind::OutOfDate => "out-of-date",
            RefusalKind::SamePerson => "same-person",
            RefusalKind::KeyReused => "key-reused",
            RefusalKind::TooLarge => "too-large",
            RefusalKind::Throttled => "throttled",
        }
    }
}

impl Refusal {
    /// A refusal of this kind with its sentence.
    pub fn new(kind: RefusalKind, message: impl Into<String>) -> Self {
        Refusal { kind, message: message.into(), field: None }
    }

    /// Input that can't be used.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(RefusalKind::Invalid, message)
    }

    /// Input in one form field that can't be used.
    pub fn field(field: &'static str, message: impl Into<String>) -> Self {
        Refusal { kind: RefusalKind::Invalid, message: message.into(), field: Some(field) }
    }

    /// Nothing there, as far as this person may know.
    pub fn not_found(what: impl fmt::Display) -> Self {
        Self::new(
            RefusalKind::NotFound,
            format!("There is no {what} here, or it is not yours to see."),
        )
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}
