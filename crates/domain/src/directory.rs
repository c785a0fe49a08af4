//! The directory of a Party: whom to contact for what, and where hubs are delivered to.

use crate::inventory::REGIONS;
use crate::offers::{self, LONGEST_NOTES, LONGEST_TEXT};
use crate::people;
use crate::refusal::Refusal;

/// Contacts that a Party can have, and delivery locations.
pub const MOST_ENTRIES: usize = 200;

/// What a contact is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Offers, requests and transfers of stock.
    Stock,
    /// Consignments that leave or arrive.
    Warehouse,
    /// Charges.
    Finance,
    /// Cases.
    Disputes,
    /// Anything else.
    General,
}

impl Purpose {
    /// All of them, in the order in which pages list them.
    pub const ALL: &[Purpose] = &[
        Purpose::Stock,
        Purpose::Warehouse,
        Purpose::Finance,
        Purpose::Disputes,
        Purpose::General,
    ];

    /// The word for it in the API, on the command line and in the journal.
    pub fn word(self) -> &'static str {
        match self {
            Purpose::Stock => "stock",
            Purpose::Warehouse => "warehouse",
            Purpose::Finance => "finance",
            Purpose::Disputes => "disputes",
            Purpose::General => "general",
        }
    }

    /// The name for it on pages.
    pub fn name(self) -> &'static str {
        match self {
            Purpose::Stock => "Stock",
            Purpose::Warehouse => "Warehouse",
            Purpose::Finance => "Finance",
            Purpose::Disputes => "Disputes",
            Purpose::General => "General",
        }
    }

    /// The purpose of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|purpose| purpose.word() == word)
    }

    /// The purpose that somebody gave as a word.
    pub fn given(word: &str) -> Result<Self, Refusal> {
        let words: Vec<&str> = Self::ALL.iter().map(|purpose| purpose.word()).collect();
        let unknown = || format!("Give one of {} as the purpose.", words.join(", "));
        Self::from_word(word).ok_or_else(|| Refusal::field("purpose", unknown()))
    }

    /// Whether somebody who sends hubs wants it.
    pub fn is_for_deliveries(self) -> bool {
        matches!(self, Purpose::Stock | Purpose::Warehouse)
    }
}

/// Whom to contact at a Party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// For what.
    pub purpose: Purpose,
    /// A person or a desk.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// Telephone number; empty for none.
    pub telephone: String,
}

impl Contact {
    /// The contact as it is kept, or what is wrong with it.
    pub fn checked(self) -> Result<Contact, Refusal> {
        let telephone = self.telephone.trim().to_owned();
        let is_dialled = |c: char| c.is_ascii_digit() || " +-().x#".contains(c);
        let digits = telephone.chars().filter(char::is_ascii_digit).count();
        let is_number = (5..=20).contains(&digits)
            && telephone.len() <= 40
            && telephone.chars().all(is_dialled);
        if !(telephone.is_empty() || is_number) {
            let message = "Enter a telephone number, like 020 7946 0123, or leave it empty.";
            return Err(Refusal::field("telephone", message));
        }
        Ok(Contact {
            purpose: self.purpose,
            name: people::name(&self.name)?,
            email: people::email(&self.email)?,
            telephone,
        })
    }
}

/// Where hubs are delivered to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryLocation {
    /// What the Party calls it.
    pub name: String,
    /// Its address, on several lines.
    pub address: String,
    /// The CSP region that it is in.
    pub region: String,
    /// Opening hours and what else a carrier is to know; empty for nothing.
    pub notes: String,
    /// Whether hubs may be sent there now.
    pub is_active: bool,
}

impl DeliveryLocation {
    /// The location as it is kept, or what is wrong with it.
    pub fn checked(self) -> Result<DeliveryLocation, Refusal> {
        let lines = |text: &str| text.replace("\r\n", "\n").trim().to_owned();
        let location = DeliveryLocation {
            name: people::name(&self.name)?,
            address: lines(&self.address),
            region: self.region.trim().to_owned(),
            notes: lines(&self.notes),
            is_active: self.is_active,
        };
        offers::text("name", "name", &location.name, 100)?;
        if location.address.is_empty() {
            return Err(Refusal::field("address", "Enter the address."));
        }
        offers::long_text("address", "address", &location.address, 500)?;
        if !REGIONS.contains(&location.region.as_str()) {
            let message = format!("Select one of {} as the region.", REGIONS.join(", "));
            return Err(Refusal::field("region", message));
        }
        offers::long_text("notes", "notes", &location.notes, LONGEST_NOTES)?;
        Ok(location)
    }

    /// Name and address on one line, short enough for the location of an offer or a request.
    pub fn in_one_line(&self) -> String {
        let address: Vec<&str> =
            self.address.lines().map(|line| line.trim().trim_end_matches(',')).collect();
        let line = format!("{}, {}", self.name, address.join(", "));
        line.chars().take(LONGEST_TEXT).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn location() -> DeliveryLocation {
        DeliveryLocation {
            name: " Leeds  depot ".into(),
            address: "Unit 4,\r\nLeeds LS1 1AA\r\n".into(),
            region: "North".into(),
            notes: String::new(),
            is_active: true,
        }
    }

    fn contact(email: &str, telephone: &str) -> Contact {
        let (email, telephone) = (email.to_owned(), telephone.to_owned());
        Contact { purpose: Purpose::Warehouse, name: "Goods in".into(), email, telephone }
    }

    #[test]
    fn a_location_is_kept_tidy_and_fits_one_line() {
        let kept = location().checked().unwrap();
        assert_eq!((&*kept.name, &*kept.address), ("Leeds depot", "Unit 4,\nLeeds LS1 1AA"));
        assert_eq!(kept.in_one_line(), "Leeds depot, Unit 4, Leeds LS1 1AA");
        let long = DeliveryLocation { address: "x".repeat(500), ..location() }.checked().unwrap();
        assert_eq!(long.in_one_line().chars().count(), LONGEST_TEXT);
    }

    #[test]
    fn what_is_wrong_with_a_location_names_its_field() {
        let check = |change: fn(&mut DeliveryLocation), field| {
            let mut wrong = location();
            change(&mut wrong);
            assert_eq!(wrong.checked().unwrap_err().field, Some(field));
        };
        check(|l| l.name = " ".into(), "name");
        check(|l| l.name = "x".repeat(101), "name");
        check(|l| l.address = "\r\n".into(), "address");
        check(|l| l.address = "x".repeat(501), "address");
        check(|l| l.region = "north".into(), "region");
        check(|l| l.notes = "\u{7}".into(), "notes");
    }

    #[test]
    fn a_contact_has_an_address_and_perhaps_a_telephone() {
        let kept = contact(" Goods@Example.com", " +44 (0)20 7946 0123 x4 ").checked().unwrap();
        assert_eq!(
            (&*kept.email, &*kept.telephone),
            ("goods@example.com", "+44 (0)20 7946 0123 x4")
        );
        assert!(contact("goods@example.com", "").checked().is_ok());
        for (email, telephone, field) in [
            ("goods", "", "email"),
            ("goods@example.com", "ask Jo", "telephone"),
            ("goods@example.com", "123", "telephone"),
        ] {
            let refusal = contact(email, telephone).checked().unwrap_err();
            assert_eq!(refusal.field, Some(field), "{email} {telephone}");
        }
        assert_eq!(Purpose::given("post").unwrap_err().field, Some("purpose"));
    }
}
