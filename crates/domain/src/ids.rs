//! The identifiers of things that the product itself numbers.
//!
//! One spelling everywhere: `ctf-000042` in addresses, logs, e-mails and on the telephone.

use std::fmt;
use std::str::FromStr;

/// The text is not an identifier of the wanted kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAnId {
    /// The prefix that was expected, such as `ctf`.
    pub expected: &'static str,
}

impl fmt::Display for NotAnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected a reference like {}-000042", self.expected)
    }
}

impl std::error::Error for NotAnId {}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident $prefix:literal),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl $name {
            /// What stands before the number.
            pub const PREFIX: &'static str = $prefix;
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "-{:06}"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let wrong = NotAnId { expected: $prefix };
                let digits = text.trim().strip_prefix(concat!($prefix, "-")).ok_or(wrong.clone())?;
                let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
                let number = digits.parse::<i64>().ok().filter(|n| plain && *n > 0);
                number.map(Self).ok_or(wrong)
            }
        }
    )+};
}

ids! {
    /// A Party to the Smart Energy Code.
    PartyId "pty",
    /// Whom to contact at a Party.
    ContactId "con",
    /// Where hubs are delivered to.
    LocationId "loc",
    /// A person who can sign in.
    UserId "usr",
    /// A file of Parties, deliveries, statuses or a snapshot, and its being loaded.
    ImportId "imp",
    /// A CH Stock Transfer File.
    TransferFileId "ctf",
    /// One run of the ESI-013 CH Delivery Report.
    ReportRunId "esi",
    /// A piece of work that goes on after an answer was given.
    JobId "job",
    /// Bytes kept under their hash.
    FileId "fil",
    /// An API token.
    TokenId "tok",
    /// Stock that a Party offers.
    OfferId "off",
    /// Stock that a Party asks for.
    RequestId "req",
    /// A filter of the board that a person saved.
    SavedFilterId "flt",
    /// One version of the selection policy.
    PolicyId "pol",
    /// One run of selection over an offer.
    AllocationRunId "alr",
    /// A transfer of stock between two Parties.
    TransferId "trf",
    /// Something that one person is told.
    NoticeId "ntc",
    /// An e-mail.
    MessageId "msg",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_it_is_written() {
        assert_eq!(TransferFileId(42).to_string(), "ctf-000042");
        assert_eq!("ctf-000042".parse(), Ok(TransferFileId(42)));
        assert_eq!("ctf-1234567".parse(), Ok(TransferFileId(1_234_567)));
    }

    #[test]
    fn another_kind_of_id_is_not_taken() {
        for text in ["usr-000042", "ctf-", "ctf-x", "42", "ctf-+4", "ctf-000000"] {
            assert!(text.parse::<TransferFileId>().is_err(), "{text}");
        }
    }
}
