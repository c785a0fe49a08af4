//! What a person reads beside a line's code.

use std::fmt::{self, Write};

use super::{Code, Facts, HeldBack, HubFacts, Line, Outcome, ParsedFile, Warnings};
use crate::inventory::SmiStatus;
use crate::parties::{PartyBook, PartyStatus};
use crate::timers::{InWords, british_day};

/// Whether the inventory has been changed, or would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The file was checked: nothing has changed yet.
    Checked,
    /// The file was applied.
    Applied,
}

impl Stage {
    /// The sentence for a hub that goes to its new Party.
    pub(super) fn updated(self) -> &'static str {
        match self {
            Stage::Checked => "Can be updated.",
            Stage::Applied => "Updated.",
        }
    }
}

/// A line with everything that its sentence speaks of.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    /// The file that it stands in.
    pub file: &'a ParsedFile<'a>,
    /// The line.
    pub line: &'a Line,
    /// What became of it.
    pub outcome: Outcome,
    /// The facts that it was judged by.
    pub facts: &'a Facts,
    /// All Parties.
    pub parties: &'a PartyBook,
    /// Whether it has been done or would be.
    pub stage: Stage,
}

impl fmt::Display for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.outcome.code {
            Code::S00 => self.updated(f),
            Code::S01 => match self.line.duplicate_of() {
                Some(line) => write!(f, "Line {line} says the same. Nothing to do."),
                None => f.write_str("Already with this Party. Nothing to do."),
            },
            Code::N00 => f.write_str("Not done, because another line of this file was rejected."),
            Code::R00 => self.fields(f),
            Code::R01 => match self.file.id_mistake(self.line) {
                Some(mistake) => mistake.fmt(f),
                None => f.write_str("This is not a device ID."),
            },
            Code::R02 => {
                f.write_str("Not in the inventory. Check the label; was it delivered to you?")
            }
            Code::R03 => match self.facts {
                Facts::Gpf { chf } => {
                    write!(f, "This is the ID of a Gas Proxy Function; use its hub's CHF ID {chf}.")
                }
                Facts::Hub(_) | Facts::Unknown => {
                    f.write_str("This is the ID of a Gas Proxy Function; use its hub's CHF ID.")
                }
            },
            Code::R04 => self.status(f),
            Code::R05 => self.not_with_sender(f),
            Code::R06 => {
                f.write_str("In another open transfer")?;
                if let Some(transfer) = self.hub().and_then(|hub| hub.open_transfer) {
                    write!(f, ", trf-{transfer:06}")?;
                }
                f.write_str(". Finish or cancel that one first.")
            }
            Code::R07 => self.repeated(f),
            Code::R08 => self.new_party(f),
            Code::R09 => f.write_str(match self.hub().map(|hub| hub.held_back) {
                Some(HeldBack::Quarantined) => "This hub is quarantined and stays where it is.",
                _ => "This is a test hub; test hubs are not transferred.",
            }),
            Code::R12 => f.write_str(
                "Changed between the file's check and its being applied. Send the line again.",
            ),
            Code::W10 => self.expired(f),
            Code::W11 => f.write_str("Not the agreed specification."),
        }
    }
}

impl Answer<'_> {
    fn hub(&self) -> Option<&HubFacts> {
        match self.facts {
            Facts::Hub(hub) => Some(hub),
            Facts::Gpf { .. } | Facts::Unknown => None,
        }
    }

    fn updated(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.stage.updated())?;
        if self.outcome.warnings.include(Warnings::W10) {
            f.write_char(' ')?;
            self.expired(f)?;
        }
        if self.outcome.warnings.include(Warnings::W11) {
            f.write_str(" Not the agreed specification.")?;
        }
        Ok(())
    }

    fn expired(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("The installation end date")?;
        if let Some(end) = self.hub().and_then(|hub| hub.installation_end) {
            write!(f, " {}", InWords(end))?;
        }
        f.write_str(" has passed; return it to the DCC.")
    }

    fn fields(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.file.columns();
        let found = usize::from(self.line.wrong_field_count().unwrap_or_default());
        if found > columns.len() {
            let more = found - columns.len();
            let noun = if more == 1 { "field" } else { "fields" };
            return write!(f, "{more} {noun} too many; a line has {}.", columns.len());
        }
        f.write_str("Missing: ")?;
        for (i, column) in columns[found..].iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{column}")?;
        }
        f.write_char('.')
    }

    fn status(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(hub) = self.hub() {
            let since = InWords(british_day(hub.status_since));
            write!(f, "Status is {} since {since}. ", hub.status.name())?;
        }
        f.write_str("Only Pending hubs can move")?;
        let is_installed = self.hub().is_some_and(|hub| match hub.status {
            SmiStatus::InstalledNotCommissioned | SmiStatus::Commissioned => true,
            SmiStatus::Pending
            | SmiStatus::Whitelisted
            | SmiStatus::Decommissioned
            | SmiStatus::Withdrawn
            | SmiStatus::Suspended
            | SmiStatus::Recovery
            | SmiStatus::Recovered => false,
        });
        f.write_str(match (is_installed, self.stage) {
            (true, _) if self.is_with_receiver() => "; it was installed by its Party.",
            (true, Stage::Applied) => "; it was installed, and Finance has been told.",
            (true, Stage::Checked) => "; it was installed, and Finance will be told.",
            (false, _) => ".",
        })
    }

    /// Whether the hub is with the Party that the line names already.
    fn is_with_receiver(&self) -> bool {
        let to = self.file.reference_of(self.line);
        self.hub().is_some_and(|hub| self.parties.reference_of(hub.party) == to)
    }

    fn not_with_sender(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = self.file.header().map_or("", |header| header.from.as_str());
        let holder = self.hub().map_or("", |hub| self.parties.reference_of(hub.party));
        if !from.is_empty() && from != holder {
            write!(f, "Not with {from}, which the file names as the sender.")?;
        } else {
            f.write_str("Not as both Parties confirmed.")?;
        }
        f.write_str(" Check the manifest, or raise a dispute.")
    }

    fn repeated(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line.duplicate_of().unwrap_or_default();
        write!(f, "Same device as line {line}")?;
        if self.line.contradicts_earlier() {
            f.write_str(", which sends it to another Party")?;
        }
        f.write_str(". Remove one of them.")
    }

    fn new_party(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reference = self.file.reference_of(self.line);
        let Some(party) = self.parties.by_reference(reference) else {
            return match reference {
                "" => f.write_str("The new service user reference is empty."),
                _ => write!(f, "No Party has the service user reference {reference}."),
            };
        };
        let name = &party.details.legal_name;
        match party.details.status {
            PartyStatus::Active => write!(f, "{name} ({reference}) may not hold hubs."),
            PartyStatus::Suspended => write!(f, "{name} ({reference}) is suspended."),
            PartyStatus::Withdrawn => write!(f, "{name} ({reference}) has left the Code."),
            PartyStatus::InSolr => write!(f, "{name} ({reference}) has failed."),
        }
    }
}
