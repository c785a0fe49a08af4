#![allow(clippy::unwrap_used)]

use jiff::civil::Date;

use super::super::check::{HeldBack, HubFacts};
use super::super::codes::{Code, Warnings};
use super::super::generate::write_controlled;
use super::super::{Limits, parse};
use super::*;
use crate::DeviceId;
use crate::inventory::SmiStatus;
use crate::parties::{Category, Party, PartyDetails, PartyStatus};

fn party(id: i64, status: PartyStatus) -> Party {
    let details = PartyDetails {
        signifier: format!("SYN{id:04}"),
        legal_name: format!("Synthetic Party {id}"),
        category: Category::SmallSupplier,
        group: String::new(),
        user_ids: String::new(),
        service_user_reference: format!("SU{id:04}"),
        status,
        may_hold_hubs: false,
    };
    Party { id: PartyId(id), details }
}

fn parties() -> PartyBook {
    let statuses = [
        PartyStatus::Active,
        PartyStatus::Active,
        PartyStatus::Suspended,
        PartyStatus::Withdrawn,
        PartyStatus::InSolr,
    ];
    PartyBook::new((1..).zip(statuses).map(|(id, status)| party(id, status)).collect())
}

fn hub() -> HubFacts {
    HubFacts {
        party: PartyId(1),
        status: SmiStatus::Pending,
        status_since: "2026-05-01T10:00:00Z".parse().unwrap(),
        held_back: HeldBack::No,
        installation_end: Some(Date::constant(2026, 3, 2)),
        last_move: 0,
        open_transfer: Some(42),
        as_confirmed: None,
        agreed_specification: None,
    }
}

fn minimal(lines: &str) -> String {
    format!("CommsHubID,NewServiceUserReference\r\n{lines}")
}

fn applied_at() -> Option<Timestamp> {
    Some("2026-11-23T09:30:00.25Z".parse().unwrap())
}

fn again() -> SentAgain {
    SentAgain { file_id: Uuid::from_u128(2), created: "2026-11-24T10:00:00Z".parse().unwrap() }
}

/// The sentence for the last line of a file.
fn check(
    text: &str,
    outcome: Outcome,
    facts: Facts,
    applied_at: Option<Timestamp>,
    expected: &str,
) {
    let name = "CHST_DCC_20261123T090000Z_000001.csv";
    let file = parse(text.as_bytes(), name, &Limits::default()).unwrap();
    let parties = parties();
    let mut writer = ResponseWriter::new(&file, &parties, applied_at);
    let mut out = Vec::new();
    writer.line(&mut out, file.lines.last().unwrap(), outcome, &facts);
    let mut records = Records::new(&out, tabular::Limits::default()).unwrap();
    let record = records.next_record().unwrap().unwrap();
    assert_eq!(record.get(3), Some(expected), "{outcome}");
    assert!(expected.len() <= 200);
}

#[test]
fn each_code_has_its_sentence() {
    let facts = Facts::Hub(hub());
    let of = |code, facts: Facts, expected: &str| {
        let text = minimal("00DB1234567890A2,SU0002\r\n");
        check(&text, Outcome::of(code), facts, applied_at(), expected);
    };
    of(Code::S00, facts, "Updated.");
    of(Code::S01, facts, "Already with this Party. Nothing to do.");
    of(Code::N00, facts, "Not done, because another line of this file was rejected.");
    of(
        Code::R02,
        Facts::Unknown,
        "Not in the inventory. Check the label; was it delivered to you?",
    );
    let chf = DeviceId::parse("00DB120000000001").unwrap();
    of(
        Code::R03,
        Facts::Gpf { chf },
        "This is the ID of a Gas Proxy Function; use its hub's CHF ID 00-DB-12-00-00-00-00-01.",
    );
    of(Code::R05, facts, "Not as both Parties confirmed. Check the manifest, or raise a dispute.");
    of(Code::R06, facts, "In another open transfer, trf-000042. Finish or cancel that one first.");
    of(Code::R09, facts, "This is a test hub; test hubs are not transferred.");
    let quarantined = Facts::Hub(HubFacts { held_back: HeldBack::Quarantined, ..hub() });
    of(Code::R09, quarantined, "This hub is quarantined and stays where it is.");
    of(
        Code::R12,
        facts,
        "Changed between the file's check and its being applied. Send the line again.",
    );
    of(
        Code::W10,
        facts,
        "The installation end date 2 March 2026 has passed; return it to the DCC.",
    );
    of(Code::W11, facts, "Not the agreed specification.");
}

#[test]
fn a_hub_that_has_not_moved_yet_is_not_said_to_have() {
    let text = minimal("00DB1234567890A2,SU0002\r\n");
    let facts = Facts::Hub(hub());
    check(&text, Outcome::of(Code::S00), facts, None, "Can be updated.");
    let warnings = Warnings::W10.and(Warnings::W11);
    let outcome = Outcome { code: Code::S00, warnings };
    check(
        &text,
        outcome,
        facts,
        None,
        "Can be updated. The installation end date 2 March 2026 has passed; return it to the DCC. \
         Not the agreed specification.",
    );
}

#[test]
fn a_status_is_named_with_the_day_since_when() {
    let text = minimal("00DB1234567890A2,SU0002\r\n");
    let with = |status, at, expected: &str| {
        let facts = Facts::Hub(HubFacts { status, ..hub() });
        check(&text, Outcome::of(Code::R04), facts, at, expected);
    };
    with(
        SmiStatus::Suspended,
        None,
        "Status is Suspended since 1 May 2026. Only Pending hubs can move.",
    );
    with(
        SmiStatus::Commissioned,
        applied_at(),
        "Status is Commissioned since 1 May 2026. Only Pending hubs can move; it was installed, \
         and Finance has been told.",
    );
    with(
        SmiStatus::InstalledNotCommissioned,
        None,
        "Status is InstalledNotCommissioned since 1 May 2026. Only Pending hubs can move; it was \
         installed, and Finance will be told.",
    );
}

#[test]
fn the_sender_of_a_controlled_file_is_named() {
    let header = Header {
        file_id: Uuid::from_u128(1),
        created: "2026-11-23T09:00:00Z".parse().unwrap(),
        prepared_by: "DCC".to_owned(),
        reference: "REF".to_owned(),
        from: "SU0004".to_owned(),
        to: "SU0002".to_owned(),
        count: 1,
    };
    let mut bytes = Vec::new();
    let device = DeviceId::parse("00DB120000000001").unwrap();
    write_controlled(&mut bytes, &header, [(device, "SU0002")].into_iter());
    check(
        std::str::from_utf8(&bytes).unwrap(),
        Outcome::of(Code::R05),
        Facts::Hub(hub()),
        None,
        "Not with SU0004, which the file names as the sender. Check the manifest, or raise a \
         dispute.",
    );
}

#[test]
fn mistakes_in_the_line_itself_are_named() {
    let of = |lines: &str, code, expected: &str| {
        check(&minimal(lines), Outcome::of(code), Facts::Unknown, None, expected);
    };
    of("00DB1234567890A2\r\n", Code::R00, "Missing: NewServiceUserReference.");
    of("a,b,c\r\n", Code::R00, "1 field too many; a line has 2.");
    of("a,b,c,d\r\n", Code::R00, "2 fields too many; a line has 2.");
    of(
        "9.035E+13,SU0002\r\n",
        Code::R01,
        "A spreadsheet changed this value; format the column as Text and paste the IDs again.",
    );
    of(
        "00DB1234567890A2,SU0002\r\n00DB1234567890A2,SU0002\r\n",
        Code::R07,
        "Same device as line 2. Remove one of them.",
    );
    of(
        "00DB1234567890A2,SU0002\r\n00DB1234567890A2,SU0002\r\n",
        Code::S01,
        "Line 2 says the same. Nothing to do.",
    );
    of(
        "00DB1234567890A2,SU0002\r\n00DB1234567890A2,SU0003\r\n",
        Code::R07,
        "Same device as line 2, which sends it to another Party. Remove one of them.",
    );
}

#[test]
fn why_the_new_party_can_t_receive_is_said() {
    for (reference, expected) in [
        ("", "The new service user reference is empty."),
        ("SU9999", "No Party has the service user reference SU9999."),
        ("SU0002", "Synthetic Party 2 (SU0002) may not hold hubs."),
        ("SU0003", "Synthetic Party 3 (SU0003) is suspended."),
        ("SU0004", "Synthetic Party 4 (SU0004) has left the Code."),
        ("SU0005", "Synthetic Party 5 (SU0005) has failed."),
    ] {
        let text = minimal(&format!("00DB1234567890A2,{reference}\r\n"));
        check(&text, Outcome::of(Code::R08), Facts::Hub(hub()), None, expected);
    }
}

#[test]
fn the_response_file_has_a_line_for_each_line() {
    let text = minimal("00DB1234567890A2,SU0002\r\n\r\n=CMD(),SU0002\r\n\" a\"\"b\",@x\r\n");
    let file = parse(text.as_bytes(), "", &Limits::default()).unwrap();
    let parties = parties();
    let mut writer = ResponseWriter::new(&file, &parties, applied_at());
    let mut out = Vec::new();
    writer.header(&mut out);
    let answers =
        [(Code::S00, Facts::Hub(hub())), (Code::R01, Facts::Unknown), (Code::R01, Facts::Unknown)];
    for (line, (code, facts)) in file.lines.iter().zip(answers) {
        writer.line(&mut out, line, Outcome::of(code), &facts);
    }
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "line,CommsHubID,code,text,previousParty,newParty,smiStatus,appliedAt\r\n\
         2,00DB1234567890A2,S00,Updated.,SU0001,SU0002,Pending,2026-11-23T09:30:00Z\r\n\
         4,'=CMD(),R01,Character 1 is '='; an ID has only the digits 0 to 9 and the letters A to \
         F.,,SU0002,,\r\n\
         5,\" a\"\"b\",R01,\"Character 3 is '\"\"'; an ID has only the digits 0 to 9 and the \
         letters A to F.\",,'@x,,\r\n"
    );
}

#[test]
fn rejected_lines_can_be_sent_again() {
    let text = "NewServiceUserReference,CommsHubID\nSU0001,=CMD()\n\nSU0002,00DB1234567890A2\n\
                SU0003\n\"SU,4\",x,y\n";
    let file = parse(text.as_bytes(), "", &Limits::default()).unwrap();
    let outcomes = [Code::R01, Code::S00, Code::R00, Code::R00].map(Outcome::of);
    let mut out = Vec::new();
    write_errors(&mut out, &file, &outcomes, again()).unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "NewServiceUserReference,CommsHubID\r\nSU0001,'=CMD()\r\nSU0003\r\n\"SU,4\",x,y\r\n"
    );
}

#[test]
fn rejected_lines_of_a_controlled_file_are_a_controlled_file() {
    let header = Header {
        file_id: Uuid::from_u128(1),
        created: "2026-11-23T09:00:00Z".parse().unwrap(),
        prepared_by: "DCC".to_owned(),
        reference: "REF, 1".to_owned(),
        from: "SU0001".to_owned(),
        to: "SU0002".to_owned(),
        count: 3,
    };
    let ids = [1, 2, 3].map(|n| DeviceId::from_bits(0x00DB_0000_0000_0000 + n).unwrap());
    let mut bytes = Vec::new();
    write_controlled(&mut bytes, &header, ids.iter().map(|id| (*id, "SU0002")));
    let name = "CHST_DCC_20261123T090000Z_000001.csv";
    let file = parse(&bytes, name, &Limits::default()).unwrap();
    let outcomes = [Code::R05, Code::S00, Code::R05].map(Outcome::of);
    let mut out = Vec::new();
    write_errors(&mut out, &file, &outcomes, again()).unwrap();

    let name = super::super::generate::errors_name(name);
    let errors = parse(&out, &name, &Limits::default()).unwrap();
    let SentAgain { file_id, created } = again();
    assert_eq!(errors.header(), Some(&Header { file_id, created, count: 2, ..header }));
    let read: Vec<_> = errors.lines.iter().filter_map(Line::device).collect();
    assert_eq!(read, [ids[0], ids[2]]);
}
