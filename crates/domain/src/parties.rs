//! Parties to the Smart Energy Code, as the inventory and the files know them.

use std::collections::HashMap;

use crate::ids::PartyId;

/// The five categories of SEC Party.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// More than 250,000 domestic premises.
    LargeSupplier,
    /// Any other supplier.
    SmallSupplier,
    /// A distribution network operator for electricity.
    ElectricityNetwork,
    /// A gas transporter.
    GasNetwork,
    /// Any other SEC Party.
    Other,
}

impl Category {
    /// All of them, in the order in which pages list them.
    pub const ALL: &[Category] = &[
        Category::LargeSupplier,
        Category::SmallSupplier,
        Category::ElectricityNetwork,
        Category::GasNetwork,
        Category::Other,
    ];

    /// As it stands in files and on pages.
    pub fn name(self) -> &'static str {
        match self {
            Category::LargeSupplier => "Large Supplier",
            Category::SmallSupplier => "Small Supplier",
            Category::ElectricityNetwork => "Electricity Network",
            Category::GasNetwork => "Gas Network",
            Category::Other => "Other SEC Party",
        }
    }

    /// The category of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|c| c.name() == name)
    }
}

/// Whether a Party takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartyStatus {
    /// In good standing.
    Active,
    /// Its rights are suspended.
    Suspended,
    /// It has left the Code.
    Withdrawn,
    /// It has failed and a Supplier of Last Resort is taking over.
    InSolr,
}

impl PartyStatus {
    /// All of them.
    pub const ALL: &[PartyStatus] =
        &[PartyStatus::Active, PartyStatus::Suspended, PartyStatus::Withdrawn, PartyStatus::InSolr];

    /// As it stands in files and on pages.
    pub fn name(self) -> &'static str {
        match self {
            PartyStatus::Active => "Active",
            PartyStatus::Suspended => "Suspended",
            PartyStatus::Withdrawn => "Withdrawn",
            PartyStatus::InSolr => "InSolr",
        }
    }

    /// The status of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|s| s.name() == name)
    }
}

/// What the product holds of a Party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartyDetails {
    /// The short code that SECCo issues.
    pub signifier: String,
    /// Its legal name.
    pub legal_name: String,
    /// Its category.
    pub category: Category,
    /// The group of companies it belongs to; empty for none.
    pub group: String,
    /// Its EUI-64 user IDs, in the dashed form, space between them; empty for none.
    pub user_ids: String,
    /// The code that stands for it in files.
    pub service_user_reference: String,
    /// Whether it takes part.
    pub status: PartyStatus,
    /// Whether hubs may be moved to it.
    pub may_hold_hubs: bool,
}

/// A Party and its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// Its number here; small, since it stands in every hub's row.
    pub id: PartyId,
    /// The rest.
    pub details: PartyDetails,
}

impl PartyDetails {
    /// Whether hubs may be moved to it now (code `R08` says no).
    pub fn can_receive_hubs(&self) -> bool {
        self.status == PartyStatus::Active && self.may_hold_hubs
    }
}

/// All Parties, found by number or by the code that stands for them in files.
#[derive(Clone, Debug, Default)]
pub struct PartyBook {
    parties: Vec<Party>,
    by_id: HashMap<PartyId, usize>,
    by_reference: HashMap<String, usize>,
}

impl PartyBook {
    /// A book of these.
    pub fn new(parties: Vec<Party>) -> Self {
        let mut book = PartyBook::default();
        for (i, party) in parties.iter().enumerate() {
            book.by_id.insert(party.id, i);
            book.by_reference.insert(party.details.service_user_reference.clone(), i);
        }
        book.parties = parties;
        book
    }

    /// The Party of this number.
    pub fn by_id(&self, id: PartyId) -> Option<&Party> {
        self.by_id.get(&id).map(|i| &self.parties[*i])
    }

    /// The Party with this service user reference, spelled exactly so.
    pub fn by_reference(&self, reference: &str) -> Option<&Party> {
        self.by_reference.get(reference).map(|i| &self.parties[*i])
    }

    /// The service user reference of the Party of this number; empty for a number without one.
    pub fn reference_of(&self, id: PartyId) -> &str {
        self.by_id(id).map_or("", |party| &party.details.service_user_reference)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Party> {
        self.parties.iter()
    }
}
