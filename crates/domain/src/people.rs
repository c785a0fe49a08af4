//! What a person's particulars may be, and which role fits which organisation.

use crate::access::{Organisation, Role};
use crate::refusal::Refusal;

/// The longest e-mail address, name or password in bytes: enough for any, too few to hurt.
const LONGEST: usize = 254;

/// An e-mail address as it is kept: without blanks around it, in lower case.
pub fn email(given: &str) -> Result<String, Refusal> {
    let email = given.trim().to_lowercase();
    let wrong = "Enter an email address in the correct format, like name@example.com";
    let parts = email.split_once('@');
    let right = parts.is_some_and(|(name, host)| {
        let plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '@';
        let hosts = host.split('.').all(|label| !label.is_empty());
        !name.is_empty() && hosts && name.chars().all(plain) && host.chars().all(plain)
    });
    if right && email.len() <= LONGEST { Ok(email) } else { Err(Refusal::field("email", wrong)) }
}

/// A person's name as it is kept: with single blanks, and without what cannot be seen.
pub fn name(given: &str) -> Result<String, Refusal> {
    let words: Vec<&str> = given.split_whitespace().collect();
    let name = words.join(" ");
    if name.is_empty() {
        return Err(Refusal::field("name", "Enter a name"));
    }
    if name.len() > LONGEST || name.chars().any(char::is_control) {
        return Err(Refusal::field("name", "Enter a shorter name, in letters"));
    }
    Ok(name)
}

/// Refuses a password that is too short or too easily thought of.
pub fn password(given: &str, email: &str, shortest: i64) -> Result<(), Refusal> {
    let wrong = |message: String| Err(Refusal::field("password", message));
    let length = i64::try_from(given.chars().count()).unwrap_or(i64::MAX);
    if length < shortest {
        return wrong(format!("Enter a password of {shortest} characters or more"));
    }
    if given.len() > LONGEST {
        return wrong(format!("Enter a password of at most {LONGEST} bytes"));
    }
    let lower = given.to_lowercase();
    let local = email.split('@').next().unwrap_or_default();
    if lower == email || (local.len() >= 4 && lower.contains(local)) {
        return wrong("Enter a password that does not contain your email address".into());
    }
    let mut different: Vec<char> = lower.chars().collect();
    different.sort_unstable();
    different.dedup();
    if different.len() < 5 {
        return wrong("Enter a password with more different characters".into());
    }
    Ok(())
}

/// Refuses a Party's role at the centre, and a central one at a Party.
pub fn fits(role: Role, organisation: Organisation) -> Result<(), Refusal> {
    match (role.is_of_a_party(), organisation) {
        (true, Organisation::Party(_)) | (false, Organisation::Centre) => Ok(()),
        (true, Organisation::Centre) => Err(Refusal::field(
            "role",
            format!("{} is a role at a Party: say which Party", role.name()),
        )),
        (false, Organisation::Party(_)) => Err(Refusal::field(
            "role",
            format!("{} is a central role: it is not held for a Party", role.name()),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::PartyId;

    #[test]
    fn an_email_address_is_kept_in_one_form() {
        let check = |given, kept: Option<&str>| assert_eq!(email(given).ok().as_deref(), kept);
        check(" Stock@Example.COM ", Some("stock@example.com"));
        check("a@b", Some("a@b"));
        for wrong in ["", "a", "@b", "a@", "a b@c.example", "a@b@c", "a@b..c", "a@b\n.c"] {
            check(wrong, None);
        }
        check(&format!("{}@example.com", "x".repeat(250)), None);
    }

    #[test]
    fn a_name_is_something_one_can_read() {
        assert_eq!(name("  Stock \t manager "), Ok("Stock manager".into()));
        assert!(name(" ").is_err());
        assert!(name("a\u{0}b").is_err());
    }

    #[test]
    fn an_easy_password_is_refused() {
        let check = |given: &str, right| {
            assert_eq!(password(given, "depot@example.com", 12).is_ok(), right, "{given}");
        };
        check("elevenchars", false);
        check("correct horse", true);
        check("depot@example.com", false);
        check("my Depot password", false);
        check("aaaaaaaaaaaaaa", false);
        check(&"long enough ".repeat(30), false);
        check("pässwörter!!", true);
    }

    #[test]
    fn every_role_fits_either_the_centre_or_a_party() {
        for role in Role::ALL {
            let party = Organisation::Party(PartyId(1));
            let (centre, party) = (fits(*role, Organisation::Centre), fits(*role, party));
            assert_ne!(centre.is_ok(), party.is_ok());
        }
    }
}
