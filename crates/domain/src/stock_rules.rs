//! Which stock may stand in for which, and until when hubs may be installed.
//!
//! Both are tables that the DCC edits; these are the rules by which they are read.

use std::collections::HashMap;

use jiff::civil::Date;

use crate::offers::Specification;

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// CSP region.
    Region,
    /// HAN variant.
    HanVariant,
    /// WAN variant.
    WanVariant,
}

impl Dimension {
    /// All of them.
    pub const ALL: &[Dimension] =
        &[Dimension::Region, Dimension::HanVariant, Dimension::WanVariant];

    /// The word for it in files, in the API and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Dimension::Region => "region",
            Dimension::HanVariant => "han-variant",
            Dimension::WanVariant => "wan-variant",
        }
    }

    /// The name for it on pages.
    pub fn name(self) -> &'static str {
        match self {
            Dimension::Region => "Region",
            Dimension::HanVariant => "HAN variant",
            Dimension::WanVariant => "WAN variant",
        }
    }

    /// The one of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|dimension| dimension.word() == word)
    }
}

/// Whether one thing may stand in for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// It may.
    Allow,
    /// It may, and people are warned.
    Warn,
    /// It never may.
    Never,
}

impl Rule {
    /// All of them.
    pub const ALL: &[Rule] = &[Rule::Allow, Rule::Warn, Rule::Never];

    /// The word for it in files, in the API and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Rule::Allow => "allow",
            Rule::Warn => "warn",
            Rule::Never => "never",
        }
    }

    /// As a person reads it.
    pub fn words(self) -> &'static str {
        match self {
            Rule::Allow => "May stand in",
            Rule::Warn => "May stand in, with a warning",
            Rule::Never => "Never stands in",
        }
    }

    /// The one of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.word() == word)
    }
}

/// One row of the table of interchangeability.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    /// What is compared.
    pub dimension: Dimension,
    /// What is offered.
    pub offered: String,
    /// What is wanted.
    pub wanted: String,
    /// Whether the one may stand in for the other.
    pub rule: Rule,
}

/// How an offer suits what is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Suits {
    /// It does.
    Yes,
    /// It does, with these warnings.
    WithWarning(String),
    /// It does not, because of this.
    No(String),
}

/// The table of interchangeability, to be asked.
#[derive(Clone, Debug, Default)]
pub struct Interchangeability(HashMap<(Dimension, String, String), Rule>);

impl Interchangeability {
    /// Of these rows.
    pub fn new(pairs: impl IntoIterator<Item = Pair>) -> Interchangeability {
        let key = |pair: Pair| ((pair.dimension, pair.offered, pair.wanted), pair.rule);
        Interchangeability(pairs.into_iter().map(key).collect())
    }

    /// Whether what is offered may stand in for what is wanted. Equal things may, whatever the
    /// table says; a pair that is not in it never does.
    pub fn rule(&self, dimension: Dimension, offered: &str, wanted: &str) -> Rule {
        if offered == wanted {
            return Rule::Allow;
        }
        let key = (dimension, offered.to_owned(), wanted.to_owned());
        self.0.get(&key).copied().unwrap_or(Rule::Never)
    }

    /// How stock of one specification suits what is wanted; what is empty there is any.
    pub fn suits(&self, offered: &Specification, wanted: &Specification) -> Suits {
        let plain = [
            ("manufacturer", &offered.manufacturer, &wanted.manufacturer),
            ("model", &offered.model, &wanted.model),
        ];
        for (what, offered, wanted) in plain {
            if !wanted.is_empty() && offered != wanted {
                return Suits::No(format!("the {what} is {offered}, not {wanted}"));
            }
        }
        let ruled = [
            (Dimension::Region, &offered.region, &wanted.region),
            (Dimension::HanVariant, &offered.han_variant, &wanted.han_variant),
            (Dimension::WanVariant, &offered.wan_variant, &wanted.wan_variant),
        ];
        let mut warnings = Vec::new();
        for (dimension, offered, wanted) in ruled {
            if wanted.is_empty() {
                continue;
            }
            let what = match dimension {
                Dimension::Region => "region",
                Dimension::HanVariant => "HAN variant",
                Dimension::WanVariant => "WAN variant",
            };
            match self.rule(dimension, offered, wanted) {
                Rule::Allow => {}
                Rule::Warn => {
                    warnings.push(format!("the {what} is {offered}, and {wanted} is wanted"));
                }
                Rule::Never => return Suits::No(format!("the {what} is {offered}, not {wanted}")),
            }
        }
        if warnings.is_empty() { Suits::Yes } else { Suits::WithWarning(warnings.join("; ")) }
    }
}

/// Installation end dates by CHTS version.
#[derive(Clone, Debug, Default)]
pub struct InstallationEnds(HashMap<String, Date>);

impl InstallationEnds {
    /// Of these rows.
    pub fn new(rows: impl IntoIterator<Item = (String, Date)>) -> InstallationEnds {
        InstallationEnds(rows.into_iter().collect())
    }

    /// The last day on which a hub may be installed: the earlier of its own, as delivered, and of
    /// its CHTS version's.
    pub fn of(&self, chts_version: &str, delivered: Option<Date>) -> Option<Date> {
        let table = self.0.get(chts_version).copied();
        match (table, delivered) {
            (Some(table), Some(own)) => Some(table.min(own)),
            (one, other) => one.or(other),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn pair(offered: &str, wanted: &str, rule: Rule) -> Pair {
        let (offered, wanted) = (offered.to_owned(), wanted.to_owned());
        Pair { dimension: Dimension::Region, offered, wanted, rule }
    }

    fn table() -> Interchangeability {
        Interchangeability::new([
            pair("Central", "South", Rule::Warn),
            pair("North", "Central", Rule::Never),
            pair("4G South", "4G Central", Rule::Allow),
        ])
    }

    fn specification(region: &str) -> Specification {
        Specification {
            manufacturer: "WNC".into(),
            model: "CH-1".into(),
            han_variant: "Single Band".into(),
            wan_variant: "Cellular".into(),
            region: region.into(),
        }
    }

    fn check(offered: &str, wanted: &str, expected: &Suits) {
        let wanted = Specification { region: wanted.into(), ..Specification::default() };
        assert_eq!(table().suits(&specification(offered), &wanted), *expected);
    }

    #[test]
    fn regions_match_as_the_table_says() {
        check("North", "North", &Suits::Yes);
        check("North", "", &Suits::Yes);
        check("4G South", "4G Central", &Suits::Yes);
        let warning = "the region is Central, and South is wanted";
        check("Central", "South", &Suits::WithWarning(warning.into()));
        check("North", "Central", &Suits::No("the region is North, not Central".into()));
        check("Central", "4G Central", &Suits::No("the region is Central, not 4G Central".into()));
    }

    #[test]
    fn a_pair_is_read_one_way() {
        check("South", "Central", &Suits::No("the region is South, not Central".into()));
    }

    #[test]
    fn model_and_manufacturer_are_as_wanted_or_any() {
        let offered = specification("North");
        let wanted = Specification { model: "CH-2".into(), ..Specification::default() };
        let no = Suits::No("the model is CH-1, not CH-2".into());
        assert_eq!(table().suits(&offered, &wanted), no);
        assert_eq!(table().suits(&offered, &Specification::default()), Suits::Yes);
    }

    #[test]
    fn the_earlier_end_date_counts() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let ends = InstallationEnds::new([("1.1".to_owned(), day("2027-01-31"))]);
        assert_eq!(ends.of("1.1", None), Some(day("2027-01-31")));
        assert_eq!(ends.of("1.1", Some(day("2026-12-31"))), Some(day("2026-12-31")));
        assert_eq!(ends.of("1.1", Some(day("2028-12-31"))), Some(day("2027-01-31")));
        assert_eq!(ends.of("1.2", None), None);
    }
}
