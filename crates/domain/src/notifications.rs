//! Who is told what: one table, drawn into `docs/reference/notifications.md` by a test.
//!
//! The journal says what happened; this says which kinds of message come of it, for whom, and
//! whether a person may do without the e-mail. A notice in the portal is there in any case.

mod table;

use crate::access::Role;

pub use table::TABLE;

/// How a person is told of one kind of thing by e-mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// An e-mail at once.
    Now,
    /// In one e-mail a day, together with whatever else is told that way.
    Digest,
    /// No e-mail: only the notice in the portal.
    Off,
}

impl Delivery {
    /// All of them.
    pub const ALL: &[Delivery] = &[Delivery::Now, Delivery::Digest, Delivery::Off];

    /// As the database, the API and the command line spell it.
    pub fn word(self) -> &'static str {
        match self {
            Delivery::Now => "now",
            Delivery::Digest => "digest",
            Delivery::Off => "off",
        }
    }

    /// As pages say it.
    pub fn name(self) -> &'static str {
        match self {
            Delivery::Now => "At once",
            Delivery::Digest => "In the daily digest",
            Delivery::Off => "No email",
        }
    }

    /// The one of this word.
    pub fn from_word(word: &str) -> Option<Delivery> {
        Self::ALL.iter().copied().find(|delivery| delivery.word() == word)
    }
}

/// What stands in the way of an event being told to some: it is told only when this is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum When {
    /// Always.
    Always,
    /// Lines were rejected.
    SomeRejected,
    /// No line was rejected.
    NoneRejected,
    /// Hubs were installed before their file was processed.
    InstalledBefore,
    /// Both Parties have confirmed.
    BothConfirmed,
    /// Lines of a transfer have become ready for its transfer file.
    LinesReady,
    /// Lines of a transfer wait to be corrected.
    LinesWait,
}

impl When {
    /// The condition in words; empty when there is none.
    pub fn words(self) -> &'static str {
        match self {
            When::Always => "",
            When::SomeRejected => "when lines were rejected",
            When::NoneRejected => "when no line was rejected",
            When::InstalledBefore => "when hubs were installed before it was processed",
            When::BothConfirmed => "when both Parties have confirmed",
            When::LinesReady => "when lines have become ready for a transfer file",
            When::LinesWait => "when lines wait to be corrected",
        }
    }
}

/// A person whom an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Person {
    /// Whose account, role, password or token it is.
    Holder,
    /// Who prepared or sent the file.
    Preparer,
    /// Who authorised the file.
    Authoriser,
    /// Who asked for the report.
    Asker,
    /// Who saved the filter.
    Saver,
}

/// A Party that an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// It was changed, and nothing else.
    Concerned,
    /// The hubs were or are with it.
    Sender,
    /// The hubs went or go to it.
    Receiver,
    /// It offers the stock.
    Offering,
    /// It asks for the stock.
    Requesting,
}

/// Who is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// One person.
    Person(Person),
    /// Everybody who has one of these roles at the centre.
    Centre(&'static [Role]),
    /// Everybody who has one of these roles at a Party that the event is about.
    Party(Side, &'static [Role]),
    /// Everybody who has one of these roles at a Party that is active and may hold hubs.
    EveryHolder(&'static [Role]),
}

impl Told {
    /// Who that is, in words.
    pub fn words(self) -> String {
        let roles = |roles: &[Role]| {
            let names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
            names.join(", ")
        };
        match self {
            Told::Person(Person::Holder) => "the person".to_owned(),
            Told::Person(Person::Preparer) => "its preparer".to_owned(),
            Told::Person(Person::Authoriser) => "its authoriser".to_owned(),
            Told::Person(Person::Asker) => "whoever asked for it".to_owned(),
            Told::Person(Person::Saver) => "whoever saved the filter".to_owned(),
            Told::Centre(of) => roles(of),
            Told::Party(Side::Concerned, of) => format!("{} of the Party", roles(of)),
            Told::Party(Side::Sender, of) => format!("{} of the sender", roles(of)),
            Told::Party(Side::Receiver, of) => format!("{} of the receiver", roles(of)),
            Told::Party(Side::Offering, of) => format!("{} of the offering Party", roles(of)),
            Told::Party(Side::Requesting, of) => format!("{} of the requesting Party", roles(of)),
            Told::EveryHolder(of) => format!("{} of every Party that orders hubs", roles(of)),
        }
    }
}

/// One kind of event and who hears of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The event's kind.
    pub event: &'static str,
    /// When.
    pub when: When,
    /// Who. Whoever did it is not told of it.
    pub told: &'static [Told],
}

/// One kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Which.
    pub kind: MessageKind,
    /// Its word in addresses, the API and on the command line.
    pub word: &'static str,
    /// Its name on the page where one chooses.
    pub name: &'static str,
    /// Why somebody gets it, after "because".
    pub because: &'static str,
    /// How it is told to whoever has not chosen.
    pub usually: Delivery,
    /// Whether the process requires it: then the e-mail can be put into the digest, but not off.
    pub required: bool,
    /// Of what it comes.
    pub rules: &'static [Rule],
}

pub use table::MessageKind;

impl MessageKind {
    /// Its row of the table.
    pub fn row(self) -> &'static Row {
        TABLE.iter().find(|row| row.kind == self).expect("each kind has a row, as a test holds")
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        self.row().word
    }

    /// The kind of this word.
    pub fn from_word(word: &str) -> Option<MessageKind> {
        TABLE.iter().find(|row| row.word == word).map(|row| row.kind)
    }

    /// Whether a person may have it told in this way.
    pub fn allows(self, delivery: Delivery) -> bool {
        !self.row().required || delivery != Delivery::Off
    }

    /// How it is told to somebody who chose this, or nothing.
    pub fn delivery(self, chosen: Option<Delivery>) -> Delivery {
        chosen.filter(|delivery| self.allows(*delivery)).unwrap_or(self.row().usually)
    }
}

/// The messages that come of an event of this kind.
pub fn of(event: &str) -> impl Iterator<Item = (MessageKind, &'static Rule)> {
    TABLE.iter().flat_map(move |row| {
        let rules = row.rules.iter().filter(move |rule| rule.event == event);
        rules.map(|rule| (row.kind, rule))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_one_row_and_a_word_of_its_own() {
        for kind in MessageKind::ALL {
            assert_eq!(TABLE.iter().filter(|row| row.kind == *kind).count(), 1, "{kind:?}");
            assert_eq!(MessageKind::from_word(kind.word()), Some(*kind));
        }
        assert_eq!(TABLE.len(), MessageKind::ALL.len());
    }

    #[test]
    fn what_the_process_requires_cannot_be_turned_off() {
        for kind in MessageKind::ALL.iter().filter(|kind| kind.row().required) {
            assert_ne!(kind.row().usually, Delivery::Off, "{kind:?}");
            assert!(!kind.allows(Delivery::Off), "{kind:?}");
            assert_eq!(kind.delivery(Some(Delivery::Off)), kind.row().usually);
            assert_eq!(kind.delivery(Some(Delivery::Digest)), Delivery::Digest);
        }
    }

    #[test]
    fn roles_of_a_party_are_told_at_parties_and_others_at_the_centre() {
        let all = TABLE.iter().flat_map(|row| row.rules).flat_map(|rule| rule.told);
        for told in all {
            match told {
                Told::Person(_) => {}
                Told::Centre(roles) => assert!(roles.iter().all(|role| !role.is_of_a_party())),
                Told::Party(_, roles) | Told::EveryHolder(roles) => {
                    assert!(roles.iter().all(|role| role.is_of_a_party()));
                }
            }
        }
    }
}
