//! Parties to the Smart Energy Code, as the inventory and the files know them.

use std::collections::HashMap;

use crate::DeviceId;
use crate::ids::PartyId;
use crate::tabular::{Columns, Fields, HeaderError, Presence, Record, RowProblems};

/// The columns of a file of Parties.
pub const PARTY_COLUMNS: &[&str] = &[
    "Signifier",
    "LegalName",
    "Category",
    "Group",
    "UserIDs",
    "ServiceUserReference",
    "Status",
    "MayHoldHubs",
];

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

/// Where the columns of one file of Parties stand.
#[derive(Clone, Debug)]
pub struct PartyColumns(Columns);

impl PartyColumns {
    /// Finds them in the header.
    pub fn of(header: &Record<'_>) -> Result<Self, HeaderError> {
        Columns::of(header, PARTY_COLUMNS, &[]).map(PartyColumns)
    }

    /// The signifier of a row as it was given.
    pub fn given<'r>(&self, record: &Record<'r>) -> &'r str {
        self.0.get(record, 0)
    }

    /// A whole row.
    pub fn parse(&self, record: &Record<'_>) -> Result<PartyDetails, RowProblems> {
        let mut fields = Fields::of(record, &self.0, PARTY_COLUMNS)?;
        let details = PartyDetails {
            signifier: fields.text(0, 30, Presence::Required),
            legal_name: fields.text(1, 200, Presence::Required),
            category: fields.one_of(2, Category::ALL, Category::name).unwrap_or(Category::Other),
            group: fields.text(3, 100, Presence::Optional),
            user_ids: user_ids(&mut fields, 4),
            service_user_reference: reference(&mut fields),
            status: fields
                .one_of(6, PartyStatus::ALL, PartyStatus::name)
                .unwrap_or(PartyStatus::Withdrawn),
            may_hold_hubs: fields.yes_or_no(7),
        };
        fields.finish(details)
    }
}

/// The service user reference. It stands in files that are made to be sent again, where a
/// spreadsheet must not take it for a formula.
fn reference(fields: &mut Fields<'_>) -> String {
    const PLACE: usize = 5;
    let reference = fields.text(PLACE, 30, Presence::Required);
    if reference.starts_with(['=', '+', '-', '@']) {
        fields.problem(PLACE, "It begins with a sign that spreadsheets take for a formula.");
    }
    reference
}

/// The user IDs of a field, which have blanks or semicolons between them, in the dashed form.
fn user_ids(fields: &mut Fields<'_>, index: usize) -> String {
    let given = fields.raw(index).split([' ', ';', ',']).filter(|id| !id.is_empty());
    let mut ids = Vec::new();
    for id in given {
        match DeviceId::parse(id) {
            Ok(id) => ids.push(id.to_string()),
            Err(mistake) => fields.problem(index, mistake.to_string()),
        }
    }
    ids.join(" ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::tabular::{Limits, Records};

    fn parse(row: &str) -> Result<PartyDetails, String> {
        let text = format!("{}\n{row}\n", PARTY_COLUMNS.join(","));
        let mut records = Records::new(text.as_bytes(), Limits::default()).unwrap();
        let columns = PartyColumns::of(&records.next_record().unwrap().unwrap()).unwrap();
        let record = records.next_record().unwrap().unwrap();
        columns.parse(&record).map_err(|problems| problems.to_string())
    }

    #[test]
    fn a_row_becomes_a_party() {
        let ids = "90b3d51f30010000; 90-B3-D5-1F-30-02-00-00";
        let row = format!("SYN0001,Synthetic Party 1,Large Supplier,,{ids},SU0001,Active,Y");
        let party = parse(&row).unwrap();
        assert_eq!(party.user_ids, "90-B3-D5-1F-30-01-00-00 90-B3-D5-1F-30-02-00-00");
        assert_eq!(party.category, Category::LargeSupplier);
        assert!(party.can_receive_hubs());
    }

    #[test]
    fn every_mistake_in_a_row_is_named() {
        assert_eq!(
            parse(",Synthetic,Shop,,90b3,SU0001,active,").unwrap_err(),
            "Signifier: It is empty. Category: It is not one of Large Supplier, Small Supplier, \
             Electricity Network, Gas Network, Other SEC Party. UserIDs: Too short: 4 of 16 \
             hexadecimal digits. Status: It is not one of Active, Suspended, Withdrawn, InSolr. \
             MayHoldHubs: It is neither Y nor N."
        );
    }

    #[test]
    fn a_book_finds_parties_by_number_and_reference() {
        let details = parse("SYN0001,Synthetic,Gas Network,,,SU0001,Suspended,Y").unwrap();
        let book = PartyBook::new(vec![Party { id: PartyId(3), details }]);
        assert_eq!(book.by_reference("SU0001").unwrap().id, PartyId(3));
        assert_eq!(book.reference_of(PartyId(3)), "SU0001");
        assert!(book.by_reference("su0001").is_none() && book.by_id(PartyId(4)).is_none());
        assert!(!book.iter().next().unwrap().details.can_receive_hubs());
    }
}
