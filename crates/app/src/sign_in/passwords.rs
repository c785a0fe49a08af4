//! Passwords: Argon2id, the same work for every attempt, and only a few at one time.

use std::sync::{Condvar, Mutex, OnceLock};
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use domain::{Refusal, refusal::RefusalKind};

use crate::{Error, Result};

/// What OWASP recommends for Argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Hashes at one time: each takes a core and 19 MiB.
const AT_ONE_TIME: usize = 4;
/// How long somebody waits for a turn.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

static BUSY: (Mutex<usize>, Condvar) = (Mutex::new(0), Condvar::new());

struct Turn;

impl Turn {
    fn take() -> Result<Turn> {
        let busy = BUSY.0.lock().expect("nobody panics with the count held");
        let (mut busy, waited) = BUSY
            .1
            .wait_timeout_while(busy, LONGEST_WAIT, |busy| *busy >= AT_ONE_TIME)
            .expect("nobody panics with the count held");
        if waited.timed_out() {
            let text = "Too many people are signing in at this moment. Try again in a minute.";
            return Err(Refusal::new(RefusalKind::Throttled, text).into());
        }
        *busy += 1;
        Ok(Turn)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *BUSY.0.lock().expect("nobody panics with the count held") -= 1;
        BUSY.1.notify_one();
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("these are in range");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// The hash of a password in PHC form, with a salt of its own.
pub fn hash_password(password: &str) -> Result<String> {
    let _turn = Turn::take()?;
    Ok(hash(password))
}

fn hash(password: &str) -> String {
    argon2().hash_password(password.as_bytes()).expect("any bytes can be hashed").to_string()
}

/// Whether the password is the one of this hash; without a hash no, after the same work.
pub fn password_is(password: &str, expected: Option<&str>) -> Result<bool> {
    static NOBODY: OnceLock<String> = OnceLock::new();
    let _turn = Turn::take()?;
    let stored = expected.unwrap_or_else(|| NOBODY.get_or_init(|| hash("nobody has this one")));
    let parsed = PasswordHash::new(stored)
        .map_err(|error| Error::Damaged(format!("a password's hash cannot be read: {error}")))?;
    let right = argon2().verify_password(password.as_bytes(), &parsed).is_ok();
    Ok(right && expected.is_some())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_by_its_hash_and_nobody_has_the_empty_one() {
        let hash = hash_password("correct horse battery").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(hash, hash_password("correct horse battery").unwrap());
        assert!(password_is("correct horse battery", Some(&hash)).unwrap());
        assert!(!password_is("correct horse batterY", Some(&hash)).unwrap());
        assert!(!password_is("nobody has this one", None).unwrap());
    }
}
