//! The result codes, and how many lines got which.

use std::fmt;

/// What became of a line.
///
/// The order is that of the reference document, not the order of precedence: that stands in
/// [`super::check`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Code {
    /// Updated.
    S00 = 1,
    /// Already with this Party.
    S01 = 2,
    /// Would have been updated; another line of an all-or-nothing file was rejected.
    N00 = 3,
    /// Not the fields of the header.
    R00 = 4,
    /// Not a device ID.
    R01 = 5,
    /// Not in the inventory.
    R02 = 6,
    /// A Gas Proxy Function.
    R03 = 7,
    /// Not `Pending`.
    R04 = 8,
    /// Not with the sender, or not as confirmed.
    R05 = 9,
    /// In another open transfer.
    R06 = 10,
    /// The same device as an earlier line.
    R07 = 11,
    /// The new Party can't receive hubs.
    R08 = 12,
    /// A test or quarantined hub.
    R09 = 13,
    /// Changed between validation and apply.
    R12 = 14,
    /// The installation end date has passed, and that is set to reject.
    W10 = 15,
    /// Not the agreed specification, and that is set to reject.
    W11 = 16,
}

impl Code {
    /// All of them.
    pub const ALL: &[Code] = &[
        Code::S00,
        Code::S01,
        Code::N00,
        Code::R00,
        Code::R01,
        Code::R02,
        Code::R03,
        Code::R04,
        Code::R05,
        Code::R06,
        Code::R07,
        Code::R08,
        Code::R09,
        Code::R12,
        Code::W10,
        Code::W11,
    ];

    /// As it stands in files.
    pub fn name(self) -> &'static str {
        match self {
            Code::S00 => "S00",
            Code::S01 => "S01",
            Code::N00 => "N00",
            Code::R00 => "R00",
            Code::R01 => "R01",
            Code::R02 => "R02",
            Code::R03 => "R03",
            Code::R04 => "R04",
            Code::R05 => "R05",
            Code::R06 => "R06",
            Code::R07 => "R07",
            Code::R08 => "R08",
            Code::R09 => "R09",
            Code::R12 => "R12",
            Code::W10 => "W10",
            Code::W11 => "W11",
        }
    }

    /// The code of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }

    /// What it means, for the reference document and the legend of a page.
    pub fn meaning(self) -> &'static str {
        match self {
            Code::S00 => "updated",
            Code::S01 => "already with this Party",
            Code::N00 => "not done, because another line was rejected (all-or-nothing)",
            Code::R00 => "not the fields of the header",
            Code::R01 => "malformed ID",
            Code::R02 => "not in the inventory",
            Code::R03 => "a Gas Proxy Function",
            Code::R04 => "status is not Pending",
            Code::R05 => "not with the sending Party, or not as both Parties confirmed",
            Code::R06 => "in another open transfer",
            Code::R07 => "same device as an earlier line",
            Code::R08 => "new Party unknown, not Active, or not allowed to hold hubs",
            Code::R09 => "test or quarantined hub",
            Code::R12 => "changed between validation and apply",
            Code::W10 => "installation end date has passed",
            Code::W11 => "not the agreed specification",
        }
    }

    /// What the person who sent the file does about it.
    pub fn what_to_do(self) -> &'static str {
        match self {
            Code::S00 | Code::S01 => "nothing to do",
            Code::N00 => "correct the rejected lines and send the file again",
            Code::R00 => "give the line as many fields as the header has",
            Code::R01 => "correct the ID; if a spreadsheet changed it, format the column as Text",
            Code::R02 => "check the label; was it delivered to you?",
            Code::R03 => "use the CHF ID of the same hub",
            Code::R04 => "only Pending hubs can move; if it was installed, Finance has been told",
            Code::R05 => "check the manifest, or raise a dispute",
            Code::R06 => "finish or cancel that transfer first",
            Code::R07 => "remove one of the two lines",
            Code::R08 => "correct the reference, or ask the DCC about that Party",
            Code::R09 => "take the hub out of the file",
            Code::R12 => "send the line again",
            Code::W10 => "return the hub to the DCC",
            Code::W11 => "check the hub against what was agreed",
        }
    }

    fn from_number(number: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| *code as u8 == number)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Warnings on a line that moves all the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Warnings(u8);

impl Warnings {
    /// None.
    pub const NONE: Warnings = Warnings(0);
    /// The installation end date has passed.
    pub const W10: Warnings = Warnings(1);
    /// Not the agreed specification.
    pub const W11: Warnings = Warnings(2);

    /// Both these and those.
    pub fn and(self, more: Warnings) -> Warnings {
        Warnings(self.0 | more.0)
    }

    /// Whether all of those are among these.
    pub fn include(self, those: Warnings) -> bool {
        self.0 & those.0 == those.0
    }
}

/// A line's code with its warnings, such as `S00+W10`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Outcome {
    /// The code.
    pub code: Code,
    /// Its warnings; only `S00` has any.
    pub warnings: Warnings,
}

impl Outcome {
    /// A code without warnings.
    pub const fn of(code: Code) -> Self {
        Outcome { code, warnings: Warnings::NONE }
    }

    /// Whether the line's hub goes to its new Party.
    pub fn moves(self) -> bool {
        self.code == Code::S00
    }

    /// Whether the line was rejected, and so stands in the error file.
    pub fn is_rejected(self) -> bool {
        !matches!(self.code, Code::S00 | Code::S01 | Code::N00)
    }

    /// As a small number, to be kept.
    pub fn to_bits(self) -> u16 {
        u16::from(self.code as u8) | u16::from(self.warnings.0) << 8
    }

    /// The outcome with that number.
    pub fn from_bits(bits: u16) -> Option<Self> {
        let [code, warnings] = bits.to_le_bytes();
        let code = Code::from_number(code)?;
        (warnings <= 3).then_some(Outcome { code, warnings: Warnings(warnings) })
    }

    /// As it stands in files: `S00`, `S00+W10`, `R04`.
    pub fn name(self) -> &'static str {
        match (self.code, self.warnings.0) {
            (Code::S00, 1) => "S00+W10",
            (Code::S00, 2) => "S00+W11",
            (Code::S00, 3) => "S00+W10+W11",
            (code, _) => code.name(),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How many lines got which outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    counts: [u32; Counts::SLOTS],
}

impl Counts {
    /// Sixteen codes, and `S00` with three sets of warnings.
    const SLOTS: usize = 16 + 3;

    /// Counts these.
    pub fn of(outcomes: impl IntoIterator<Item = Outcome>) -> Self {
        let mut counts = Counts::default();
        for outcome in outcomes {
            counts.add(outcome);
        }
        counts
    }

    /// Counts one more.
    pub fn add(&mut self, outcome: Outcome) {
        self.counts[Self::slot(outcome)] += 1;
    }

    /// Counts all that others have counted.
    pub fn add_all(&mut self, others: &Counts) {
        for (count, more) in self.counts.iter_mut().zip(others.counts) {
            *count += more;
        }
    }

    /// Each outcome that occurs, in the order of the codes, and how often.
    pub fn iter(&self) -> impl Iterator<Item = (Outcome, u32)> + '_ {
        let warned = (1..=3).map(|bits| Outcome { code: Code::S00, warnings: Warnings(bits) });
        let plain = Code::ALL.iter().copied().map(Outcome::of);
        let all = plain.clone().take(1).chain(warned).chain(plain.skip(1));
        all.map(|outcome| (outcome, self.counts[Self::slot(outcome)])).filter(|(_, n)| *n > 0)
    }

    /// How many lines there are.
    pub fn total(&self) -> u32 {
        self.counts.iter().sum()
    }

    /// How many lines move their hub.
    pub fn moved(&self) -> u32 {
        self.sum(Outcome::moves)
    }

    /// How many lines were rejected.
    pub fn rejected(&self) -> u32 {
        self.sum(Outcome::is_rejected)
    }

    /// How many lines got this code, with or without warnings.
    pub fn with_code(&self, code: Code) -> u32 {
        self.sum(|outcome| outcome.code == code)
    }

    fn sum(&self, which: impl Fn(Outcome) -> bool) -> u32 {
        self.iter().filter(|(outcome, _)| which(*outcome)).map(|(_, count)| count).sum()
    }

    fn slot(outcome: Outcome) -> usize {
        match (outcome.code, outcome.warnings.0) {
            (Code::S00, warnings @ 1..=3) => 15 + usize::from(warnings),
            (code, _) => code as usize - 1,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn all() -> Vec<Outcome> {
        let warned = (1..=3).map(|bits| Outcome { code: Code::S00, warnings: Warnings(bits) });
        Code::ALL.iter().copied().map(Outcome::of).chain(warned).collect()
    }

    #[test]
    fn an_outcome_reads_back_from_its_number() {
        for outcome in all() {
            assert_eq!(Outcome::from_bits(outcome.to_bits()), Some(outcome));
        }
        for bits in [0, 17, 0x0401, u16::MAX] {
            assert_eq!(Outcome::from_bits(bits), None);
        }
    }

    #[test]
    fn codes_read_back_from_their_names() {
        for code in Code::ALL {
            assert_eq!(Code::from_name(code.name()), Some(*code));
        }
        assert_eq!(Code::from_name("R10"), None);
    }

    #[test]
    fn warnings_stand_behind_the_code() {
        let names: Vec<_> = all().into_iter().skip(16).map(Outcome::name).collect();
        assert_eq!(names, ["S00+W10", "S00+W11", "S00+W10+W11"]);
    }

    #[test]
    fn a_warning_that_rejects_is_a_rejection() {
        let rejected: Vec<_> = all().into_iter().filter(|o| o.is_rejected()).collect();
        assert_eq!(rejected.len(), 13);
        assert!(rejected.contains(&Outcome::of(Code::W10)));
    }

    #[test]
    fn counts_add_up() {
        let counts = Counts::of(all().into_iter().chain(all()));
        assert_eq!(counts.total(), 38);
        assert_eq!(counts.moved(), 8);
        assert_eq!(counts.rejected(), 26);
        assert_eq!(counts.with_code(Code::S00), 8);
        assert!(counts.iter().all(|(_, n)| n == 2));
        let order: Vec<_> = counts.iter().take(5).map(|(outcome, _)| outcome.name()).collect();
        assert_eq!(order, ["S00", "S00+W10", "S00+W11", "S00+W10+W11", "S01"]);
    }
}
