//! The rows of the files that bring hubs in: deliveries, statuses, snapshots.

use jiff::Timestamp;

use super::{ModelDetails, PackDetails, REGIONS, SmiStatus};
use crate::DeviceId;
use crate::tabular::{Columns, Fields, HeaderError, Presence, Record, RowProblems};

/// The columns of a delivery file (ASN).
pub const DELIVERY_COLUMNS: &[&str] = SNAPSHOT_COLUMNS.split_at(21).0;

/// The columns of a status feed.
pub const STATUS_COLUMNS: &[&str] = &["CHFID", "SMIStatus", "StatusDate"];

/// The columns of an inventory snapshot: those of a delivery and of a status.
pub const SNAPSHOT_COLUMNS: &[&str] = &[
    "CHFID",
    "GPFID",
    "Manufacturer",
    "Model",
    "HardwareVersion",
    "FirmwareVersion",
    "CHTSVersion",
    "GBCSVersion",
    "HANVariant",
    "WANVariant",
    "CSPRegion",
    "OrderNo",
    "ConsignmentNo",
    "PalletID",
    "BoxID",
    "DeliveryDate",
    "AcceptanceDate",
    "DeliveryLocation",
    "ServiceUserReference",
    "InstallationEndDate",
    "TestHub",
    "SMIStatus",
    "StatusDate",
];

/// A hub as a delivery file tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRow {
    /// Its Communications Hub Function.
    pub chf: DeviceId,
    /// Its Gas Proxy Function.
    pub gpf: DeviceId,
    /// What it has in common with those delivered beside it.
    pub pack: PackDetails,
}

/// A hub's status as a feed tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusRow {
    /// The hub.
    pub chf: DeviceId,
    /// Its status.
    pub status: SmiStatus,
    /// Since when.
    pub since: Timestamp,
}

/// Where the columns of one delivery file or snapshot stand.
#[derive(Clone, Debug)]
pub struct DeliveryColumns(Columns);

impl DeliveryColumns {
    /// Finds them in the header of a delivery file.
    pub fn of_delivery(header: &Record<'_>) -> Result<Self, HeaderError> {
        Columns::of(header, DELIVERY_COLUMNS, &[]).map(DeliveryColumns)
    }

    /// Finds them, with those of the status, in the header of a snapshot.
    pub fn of_snapshot(header: &Record<'_>) -> Result<Self, HeaderError> {
        Columns::of(header, SNAPSHOT_COLUMNS, &[]).map(DeliveryColumns)
    }

    /// A whole row.
    pub fn parse(&self, record: &Record<'_>) -> Result<DeliveryRow, RowProblems> {
        let mut fields = self.fields(record)?;
        let (chf, gpf) = devices(&mut fields);
        let pack = pack(&mut fields);
        fields.finish(DeliveryRow { chf, gpf, pack })
    }

    /// The two devices of a row alone, CHF and GPF, where the rest is known from its
    /// [`Self::pack_key`].
    pub fn devices(&self, record: &Record<'_>) -> Result<(DeviceId, DeviceId), RowProblems> {
        let mut fields = self.fields(record)?;
        let devices = devices(&mut fields);
        fields.finish(devices)
    }

    /// The CHF ID of a row as it was given.
    pub fn given<'r>(&self, record: &Record<'r>) -> &'r str {
        self.0.get(record, CHF)
    }

    /// Writes the bytes of everything in a row but its devices and its status.
    ///
    /// Rows with equal keys have equal packs and equal mistakes in them, so a loader looks at each
    /// pack once.
    pub fn pack_key(&self, record: &Record<'_>, out: &mut Vec<u8>) {
        out.clear();
        for index in MANUFACTURER..=TEST_HUB {
            let at = self.0.position(index);
            out.extend_from_slice(at.and_then(|at| record.get(at)).unwrap_or_default().as_bytes());
            out.push(0);
        }
    }

    /// The status of a snapshot's row.
    pub fn status(&self, record: &Record<'_>) -> Result<StatusRow, RowProblems> {
        let mut fields = self.fields(record)?;
        let row = status(&mut fields, [CHF, SNAPSHOT_STATUS, SNAPSHOT_STATUS_DATE]);
        fields.finish(row)
    }

    fn fields<'r>(&'r self, record: &'r Record<'r>) -> Result<Fields<'r>, RowProblems> {
        Fields::of(record, &self.0, SNAPSHOT_COLUMNS)
    }
}

/// Where the columns of one status feed stand.
#[derive(Clone, Debug)]
pub struct StatusColumns(Columns);

impl StatusColumns {
    /// Finds them in the header of a status feed.
    pub fn of(header: &Record<'_>) -> Result<Self, HeaderError> {
        Columns::of(header, STATUS_COLUMNS, &[]).map(StatusColumns)
    }

    /// The CHF ID of a row as it was given.
    pub fn given<'r>(&self, record: &Record<'r>) -> &'r str {
        self.0.get(record, 0)
    }

    /// A whole row.
    pub fn parse(&self, record: &Record<'_>) -> Result<StatusRow, RowProblems> {
        let mut fields = Fields::of(record, &self.0, STATUS_COLUMNS)?;
        let row = status(&mut fields, [0, 1, 2]);
        fields.finish(row)
    }
}

const CHF: usize = 0;
const GPF: usize = 1;
const MANUFACTURER: usize = 2;
const DELIVERED_ON: usize = 15;
const ACCEPTED_ON: usize = 16;
const TEST_HUB: usize = 20;
const SNAPSHOT_STATUS: usize = 21;
const SNAPSHOT_STATUS_DATE: usize = 22;

fn devices(fields: &mut Fields<'_>) -> (DeviceId, DeviceId) {
    let (chf, gpf) = (fields.device(CHF), fields.device(GPF));
    if chf == gpf && !fields.has_problems() {
        fields.problem(GPF, "It is the same as the CHF ID; a hub has two.");
    }
    (chf, gpf)
}

fn pack(fields: &mut Fields<'_>) -> PackDetails {
    use Presence::{Optional, Required};
    let model = ModelDetails {
        manufacturer: fields.text(MANUFACTURER, 30, Required),
        model: fields.text(3, 30, Required),
        hardware_version: fields.text(4, 30, Required),
        firmware_version: fields.text(5, 30, Required),
        chts_version: fields.text(6, 20, Required),
        gbcs_version: fields.text(7, 20, Optional),
        han_variant: fields.text(8, 50, Required),
        wan_variant: fields.text(9, 50, Required),
    };
    let region = fields.one_of(10, REGIONS, |region| region).unwrap_or_default();
    let pack = PackDetails {
        model,
        region: region.to_owned(),
        order_no: fields.text(11, 50, Optional),
        consignment_no: fields.text(12, 50, Required),
        pallet_id: fields.text(13, 50, Optional),
        box_id: fields.text(14, 50, Optional),
        delivered_on: fields.date(DELIVERED_ON),
        accepted_on: fields.date_if_given(ACCEPTED_ON),
        location: fields.text(17, 200, Optional),
        delivered_to: fields.text(18, 30, Required),
        installation_end: fields.date_if_given(19),
        is_test: fields.yes_or_no(TEST_HUB),
    };
    if pack.accepted_on.is_some_and(|accepted| accepted < pack.delivered_on) {
        fields.problem(ACCEPTED_ON, "It is before the delivery.");
    }
    pack
}

fn status(fields: &mut Fields<'_>, [chf, status, since]: [usize; 3]) -> StatusRow {
    StatusRow {
        chf: fields.device(chf),
        status: fields
            .one_of(status, SmiStatus::ALL, SmiStatus::name)
            .unwrap_or(SmiStatus::Pending),
        since: fields.instant(since),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::tabular::{Limits, Records};

    const GOOD: [&str; 23] = [
        "00-0B-6B-01-00-00-00-01",
        "00-0B-6B-AA-00-00-00-01",
        "1178",
        "0A010103",
        "0103",
        "04000007",
        "1.3",
        "3.2",
        "Single Band",
        "Cellular",
        "4G South",
        "ORD00001",
        "CON000001",
        "PAL00001",
        "BOX000001",
        "2026-03-02",
        "2026-03-04",
        "Depot",
        "SU0001",
        "2027-01-31",
        "N",
        "Commissioned",
        "2026-05-01",
    ];

    /// What a row says with some of its fields changed.
    fn with<T>(
        changes: &[(usize, &str)],
        parse: impl Fn(&DeliveryColumns, &Record<'_>) -> Result<T, RowProblems>,
    ) -> Result<T, RowProblems> {
        let mut row = GOOD;
        changes.iter().for_each(|(i, text)| row[*i] = text);
        let text = format!("{}\n{}\n", SNAPSHOT_COLUMNS.join(","), row.join(","));
        let mut records = Records::new(text.as_bytes(), Limits::default()).unwrap();
        let header = records.next_record().unwrap().unwrap();
        let columns = DeliveryColumns::of_snapshot(&header).unwrap();
        parse(&columns, &records.next_record().unwrap().unwrap())
    }

    fn check(changes: &[(usize, &str)], expected: &str) {
        let problems = with(changes, DeliveryColumns::parse).unwrap_err();
        assert_eq!(problems.to_string(), expected);
    }

    #[test]
    fn a_row_becomes_a_hub() {
        let row = with(&[], DeliveryColumns::parse).unwrap();
        assert_eq!(row.chf.to_string(), GOOD[0]);
        assert_eq!(row.gpf.to_string(), GOOD[1]);
        assert_eq!(row.pack.model.wan_variant, "Cellular");
        assert_eq!(row.pack.region, "4G South");
        assert_eq!(row.pack.accepted_on.unwrap().to_string(), "2026-03-04");
        assert_eq!(row.pack.installation_end.unwrap().to_string(), "2027-01-31");
        assert!(!row.pack.is_test);
        let status = with(&[], DeliveryColumns::status).unwrap();
        assert_eq!(status.status, SmiStatus::Commissioned);
        assert_eq!(status.since.to_string(), "2026-05-01T00:00:00Z");
    }

    #[test]
    fn some_fields_may_be_empty() {
        let empty: Vec<_> = [7, 11, 13, 14, 16, 17, 19].map(|i| (i, "")).to_vec();
        let row = with(&empty, DeliveryColumns::parse).unwrap();
        assert_eq!((row.pack.accepted_on, row.pack.installation_end), (None, None));
    }

    #[test]
    fn each_mistake_is_named() {
        check(&[(0, "")], "CHFID: The ID is empty.");
        check(&[(1, GOOD[0])], "GPFID: It is the same as the CHF ID; a hub has two.");
        check(&[(2, "")], "Manufacturer: It is empty.");
        let long = "x".repeat(31);
        check(&[(3, &long)], "Model: It is longer than 30 characters.");
        check(&[(11, "a\u{0}")], "OrderNo: It holds a line break or another control character.");
        check(&[(15, "02/03/2026")], "DeliveryDate: It is not a date like 2026-03-02.");
        check(&[(15, "")], "DeliveryDate: It is empty.");
        check(&[(15, "2026-02-30")], "DeliveryDate: It is not a date like 2026-03-02.");
        check(&[(16, "2026-03-01")], "AcceptanceDate: It is before the delivery.");
        check(&[(20, "yes")], "TestHub: It is neither Y nor N.");
        check(
            &[(10, "West")],
            "CSPRegion: It is not one of North, Central, South, 4G North, 4G Central, 4G South, \
             Unknown, SMETS1.",
        );
    }

    #[test]
    fn all_mistakes_are_named_together() {
        check(
            &[(0, "x"), (8, ""), (20, "")],
            "CHFID: Character 1 is 'x'; an ID has only the digits 0 to 9 and the letters A to F. \
             HANVariant: It is empty. TestHub: It is neither Y nor N.",
        );
    }

    #[test]
    fn a_row_has_as_many_fields_as_the_header() {
        check(&[(3, "a,b")], "The line has 24 fields and the header 23.");
    }

    #[test]
    fn equal_keys_mean_equal_packs() {
        let key = |changes: &[(usize, &str)]| {
            with(changes, |columns, record| {
                let mut key = Vec::new();
                columns.pack_key(record, &mut key);
                Ok(key)
            })
            .unwrap()
        };
        assert_eq!(key(&[]), key(&[(0, "a"), (1, "b"), (21, "c"), (22, "d")]));
        for (i, column) in DELIVERY_COLUMNS.iter().enumerate().skip(2) {
            assert_ne!(key(&[]), key(&[(i, "other")]), "{column}");
        }
        assert_ne!(key(&[(13, "a"), (14, "")]), key(&[(13, ""), (14, "a")]));
    }

    #[test]
    fn a_status_row_is_a_device_a_status_and_an_instant() {
        let parse = |row: &str| {
            let text = format!("StatusDate,CHFID,SMIStatus\n{row}\n");
            let mut records = Records::new(text.as_bytes(), Limits::default()).unwrap();
            let columns = StatusColumns::of(&records.next_record().unwrap().unwrap()).unwrap();
            columns.parse(&records.next_record().unwrap().unwrap())
        };
        let row = parse("2026-05-01T10:00:00+01:00,000B6B0100000001,Suspended").unwrap();
        assert_eq!(row.status, SmiStatus::Suspended);
        assert_eq!(row.since.to_string(), "2026-05-01T09:00:00Z");
        assert_eq!(
            parse("yesterday,000B6B0100000001,pending").unwrap_err().to_string(),
            "SMIStatus: It is not one of Pending, Whitelisted, InstalledNotCommissioned, \
             Commissioned, Decommissioned, Withdrawn, Suspended, Recovery, Recovered. \
             StatusDate: It is not a time like 2026-05-01T10:00:00Z nor a date."
        );
    }
}
