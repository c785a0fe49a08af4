//! Selection: who gets what of an offer, by a published policy.
//!
//! A policy is a chain of named [`Step`]s; its rules in words ([`text::rules`]) say everything that
//! [`allocate()`] does, so that somebody who has only the words comes to the same result.

pub mod allocate;
pub mod lottery;
pub mod steps;
pub mod text;

use jiff::Timestamp;

use crate::ids::PolicyId;
use crate::refusal::{Refusal, RefusalKind};
use crate::states;

pub use allocate::{Allocation, Line, Offer, Reason, Request, allocate};
pub use steps::{Step, parse_steps, steps_text};

/// The policy that is in force from the start: first come, first served. It is in every database.
pub const FIRST_POLICY: PolicyId = PolicyId(1);

/// The longest title of a policy, in characters.
const LONGEST_TITLE: usize = 200;
/// The longest text of a policy, in characters.
const LONGEST_TEXT: usize = 20_000;
/// The longest approval reference or reason, in characters.
const LONGEST_NOTE: usize = 500;

/// Where one version of the policy is, as the database keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyState {
    /// Being written.
    Draft,
    /// Published; in force from its instant on, until a later version is.
    Published,
    /// Taken back before it was in force.
    Withdrawn,
}

/// What can be done to one version of the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyAction {
    /// Change its title, text or steps.
    Change,
    /// Publish it with an approval reference.
    Publish,
    /// Take it back before it is in force.
    Withdraw,
}

/// Every move that a version of the policy can make. A pair that is not here cannot happen.
pub const POLICY_TRANSITIONS: &[(PolicyState, PolicyAction, PolicyState)] = &[
    (PolicyState::Draft, PolicyAction::Change, PolicyState::Draft),
    (PolicyState::Draft, PolicyAction::Publish, PolicyState::Published),
    (PolicyState::Draft, PolicyAction::Withdraw, PolicyState::Withdrawn),
    (PolicyState::Published, PolicyAction::Withdraw, PolicyState::Withdrawn),
];

impl PolicyState {
    /// All of them.
    pub const ALL: &[PolicyState] =
        &[PolicyState::Draft, PolicyState::Published, PolicyState::Withdrawn];

    /// As the database keeps it.
    pub fn name(self) -> &'static str {
        match self {
            PolicyState::Draft => "Draft",
            PolicyState::Published => "Published",
            PolicyState::Withdrawn => "Withdrawn",
        }
    }

    /// The state of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.name() == name)
    }

    /// Where `action` leads, or why it can't be done.
    pub fn after(self, action: PolicyAction) -> Result<PolicyState, Refusal> {
        states::after(POLICY_TRANSITIONS, self, action).ok_or_else(|| {
            let message = match self {
                PolicyState::Draft => "This version is a draft.",
                PolicyState::Published => {
                    "This version is published: it can't change any more. Draft another version."
                }
                PolicyState::Withdrawn => "This version was withdrawn. Draft another version.",
            };
            Refusal::new(RefusalKind::WrongState, message)
        })
    }
}

/// How a version of the policy stands at an instant, as people read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Being written.
    Draft,
    /// Published; its notice period runs.
    Announced,
    /// The one that offers are published under now.
    InForce,
    /// Another has come into force since. Offers that were published under it keep it.
    Replaced,
    /// Taken back before it was in force.
    Withdrawn,
}

impl Standing {
    /// As a person reads it.
    pub fn words(self) -> &'static str {
        match self {
            Standing::Draft => "Draft",
            Standing::Announced => "Announced",
            Standing::InForce => "In force",
            Standing::Replaced => "Replaced",
            Standing::Withdrawn => "Withdrawn",
        }
    }

    /// The word for it in the API.
    pub fn word(self) -> &'static str {
        match self {
            Standing::Draft => "draft",
            Standing::Announced => "announced",
            Standing::InForce => "in-force",
            Standing::Replaced => "replaced",
            Standing::Withdrawn => "withdrawn",
        }
    }
}

/// A version with the instant from which it is in force, if it is published.
pub type Published = (PolicyId, Timestamp);

/// The version in force at `at`: of those that had come into force, the latest; of two that came
/// into force at once, the later version.
pub fn in_force(published: &[Published], at: Timestamp) -> Option<PolicyId> {
    let begun = published.iter().filter(|(_, from)| *from <= at);
    begun.max_by_key(|(id, from)| (*from, *id)).map(|(id, _)| *id)
}

/// What its author writes of a version of the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Its title.
    pub title: String,
    /// What it is for, in its author's words. The steps' own rules are added to it.
    pub text: String,
    /// Its steps, in their order.
    pub steps: Vec<Step>,
}

impl Draft {
    /// The draft with blanks trimmed and line ends as they are kept, or what is wrong with it.
    pub fn tidied(&self) -> Result<Draft, Refusal> {
        let title = self.title.trim().to_owned();
        if title.is_empty() || title.chars().count() > LONGEST_TITLE || has_controls(&title) {
            let message =
                format!("Enter a title of at most {LONGEST_TITLE} characters, on one line.");
            return Err(Refusal::field("title", message));
        }
        let text = self.text.replace("\r\n", "\n").trim().to_owned();
        if text.is_empty() || text.chars().count() > LONGEST_TEXT {
            let message = format!("Enter a text of at most {LONGEST_TEXT} characters.");
            return Err(Refusal::field("text", message));
        }
        if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
            return Err(Refusal::field("text", "The text holds characters that can't be printed."));
        }
        steps::check(&self.steps)?;
        Ok(Draft { title, text, steps: self.steps.clone() })
    }
}

fn has_controls(text: &str) -> bool {
    text.chars().any(char::is_control)
}

/// An approval reference or a reason as it is kept: one line that says something.
pub fn note(field: &'static str, what: &str, given: &str) -> Result<String, Refusal> {
    let given = given.trim();
    if given.is_empty() || given.chars().count() > LONGEST_NOTE || has_controls(given) {
        let message = format!("Enter {what}, at most {LONGEST_NOTE} characters on one line.");
        return Err(Refusal::field(field, message));
    }
    Ok(given.to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_version_that_has_begun_is_in_force() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let published = [
            (PolicyId(1), Timestamp::UNIX_EPOCH),
            (PolicyId(2), at("2026-03-01T00:00:00Z")),
            (PolicyId(3), at("2026-02-01T00:00:00Z")),
            (PolicyId(4), at("2026-03-01T00:00:00Z")),
        ];
        let check = |now: &str, id| assert_eq!(in_force(&published, at(now)), Some(PolicyId(id)));
        check("2026-01-31T23:59:59Z", 1);
        check("2026-02-01T00:00:00Z", 3);
        check("2026-03-01T00:00:00Z", 4);
        assert_eq!(in_force(&published[1..], at("2026-01-01T00:00:00Z")), None);
    }

    #[test]
    fn only_a_draft_changes_and_what_is_withdrawn_stays_so() {
        for state in PolicyState::ALL {
            assert_eq!(PolicyState::from_name(state.name()), Some(*state));
            assert_eq!(state.after(PolicyAction::Change).is_ok(), *state == PolicyState::Draft);
            let ends = *state == PolicyState::Withdrawn;
            assert_eq!(state.after(PolicyAction::Withdraw).is_err(), ends);
        }
    }

    #[test]
    fn a_draft_says_what_it_is() {
        let draft = |title: &str, text: &str| Draft {
            title: title.into(),
            text: text.into(),
            steps: vec![Step::FirstCome],
        };
        let tidied = draft(" One ", "For all.\r\nOf them. ").tidied().unwrap();
        assert_eq!((tidied.title.as_str(), tidied.text.as_str()), ("One", "For all.\nOf them."));
        assert_eq!(draft("", "x").tidied().unwrap_err().field, Some("title"));
        assert_eq!(draft("a\nb", "x").tidied().unwrap_err().field, Some("title"));
        assert_eq!(draft("x", " ").tidied().unwrap_err().field, Some("text"));
        assert_eq!(draft("x", "\u{7}").tidied().unwrap_err().field, Some("text"));
    }
}
