//! The version of a thing, which whoever changes it says they have seen.
//!
//! Most things count their changes in a column. What has none has a version that is made of all
//! that can change about it: equal as long as nothing did.

use std::fmt::Debug;

use domain::refusal::{Refusal, RefusalKind};
use sha2::{Digest, Sha256};

/// The version of what is in this state.
pub fn of(state: &(impl Debug + ?Sized)) -> i64 {
    let hash = Sha256::digest(format!("{state:?}"));
    let first: [u8; 8] = hash[..8].try_into().expect("a hash is longer");
    i64::from_be_bytes(first) & i64::MAX
}

/// Refuses a change to what was changed since it was seen; none stands for whatever it is now.
pub fn must_be(seen: Option<i64>, now: i64) -> Result<(), Refusal> {
    match seen {
        Some(seen) if seen != now => Err(out_of_date()),
        Some(_) | None => Ok(()),
    }
}

/// The refusal of a change to what somebody else has changed since.
pub fn out_of_date() -> Refusal {
    Refusal::new(
        RefusalKind::OutOfDate,
        "Somebody else has changed this since you opened it. Look at it again, then decide.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_that_of_the_state() {
        assert_eq!(of(&("a", 1)), of(&("a", 1)));
        assert_ne!(of(&("a", 1)), of(&("a", 2)));
        assert!(of("anything") >= 0);
        assert!(must_be(None, 1).is_ok() && must_be(Some(1), 1).is_ok());
        assert!(must_be(Some(2), 1).is_err());
    }
}
