#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::super::generate::write_controlled;
use super::*;
use crate::tabular::{HeaderError, Unreadable};

const NAME: &str = "CHST_DCC_20261123T090000Z_000001.csv";
const HEADER: &str = "HDR,CHST,1.0,0190a0b0-0000-4000-8000-000000000001,2026-11-23T09:00:00Z,DCC,\
                      REF-1,SU0001,SU0002,2\r\n";
const LINES: &str =
    "DTL,1,00-DB-12-34-56-78-90-A2,SU0002\r\nDTL,2,00-DB-12-34-56-78-90-A3,SU0002\r\n";

fn read(bytes: &[u8]) -> Result<ParsedFile<'_>, FileRefusal> {
    parse(bytes, NAME, &Limits::default())
}

/// Header and lines with the trailer that belongs to them.
fn sealed(body: &str, count: u32) -> String {
    format!("{body}TRL,{count},{}\r\n", hex(&Sha256::digest(body)))
}

fn good() -> String {
    sealed(&format!("{HEADER}{LINES}"), 2)
}

fn refused(bytes: impl AsRef<[u8]>, expected: FileRefusal) {
    let refusal = read(bytes.as_ref()).unwrap_err();
    assert_eq!(refusal, expected);
    let sentence = refusal.to_string();
    assert!(sentence.ends_with(['.', '?']) && !sentence.contains("  "), "{sentence}");
}

#[test]
fn a_line_takes_32_bytes() {
    assert_eq!(size_of::<Line>(), 32);
}

#[test]
fn the_minimal_profile_is_read_in_any_order_of_columns() {
    for (text, reversed) in [
        (
            "CommsHubID,NewServiceUserReference\r\n\r\n00DB1234567890A2, SU1 \r\n\"x\"\"y\",SU2",
            false,
        ),
        (
            "\u{feff} NewServiceUserReference ,CommsHubID\n\nSU1,00DB1234567890A2\nSU2,\"x\"\"y\"\n",
            true,
        ),
    ] {
        let file = read(text.as_bytes()).unwrap();
        assert_eq!(file.profile, Profile::Minimal);
        let numbers: Vec<_> = file.lines.iter().map(Line::number).collect();
        assert_eq!(numbers, [3, 4]);
        let ids: Vec<_> = file.lines.iter().map(|line| file.id_as_given(line)).collect();
        assert_eq!(ids, ["00DB1234567890A2", "x\"y"]);
        assert_eq!(file.references, ["SU1", "SU2"]);
        assert_eq!(file.reference_of(&file.lines[1]), "SU2");
        assert_eq!(file.columns()[0] == "NewServiceUserReference", reversed);
        assert_eq!(file.lines[1].device(), None);
    }
}

#[test]
fn lines_without_the_header_s_fields_are_counted_and_kept() {
    let text = "CommsHubID,NewServiceUserReference\n00DB1234567890A2\n00DB1234567890A2,a,b\n,\n \n";
    let file = read(text.as_bytes()).unwrap();
    let found: Vec<_> = file.lines.iter().map(Line::wrong_field_count).collect();
    assert_eq!(found, [Some(1), Some(3), None, Some(1)]);
    assert_eq!(file.id_as_given(&file.lines[0]), "00DB1234567890A2");
    assert_eq!(file.id_mistake(&file.lines[2]), Some(DeviceIdError::Empty));
}

#[test]
fn later_lines_with_the_same_device_are_duplicates_of_the_first() {
    let text = "CommsHubID,NewServiceUserReference\n\
                FFDB1234567890A2,a\n00DB1234567890A2,a\n00DB1234567890A2,a,x\nbad,a\n\
                ff-db-12-34-56-78-90-a2,a\nbad,a\nFFDB1234567890A2,b\n";
    let file = read(text.as_bytes()).unwrap();
    let duplicates: Vec<_> = file.lines.iter().map(Line::duplicate_of).collect();
    assert_eq!(duplicates, [None, None, None, None, Some(2), None, Some(2)]);
    let contradict: Vec<_> = file.lines.iter().map(Line::contradicts_earlier).collect();
    assert_eq!(contradict, [false, false, false, false, false, false, true]);
    let places: Vec<_> = file.by_device.iter().map(|(_, place)| *place).collect();
    assert_eq!(places, [0, 4, 6, 1], "in the order of keys, where FF… is negative");
}

#[test]
fn the_controlled_profile_is_read() {
    let text = good();
    let file = read(text.as_bytes()).unwrap();
    let header = file.header().unwrap();
    assert_eq!((header.from.as_str(), header.to.as_str(), header.count), ("SU0001", "SU0002", 2));
    assert_eq!(header.prepared_by, "DCC");
    assert_eq!(header.reference, "REF-1");
    let numbers: Vec<_> = file.lines.iter().map(Line::number).collect();
    assert_eq!(numbers, [1, 2]);
}

#[test]
fn empty_lines_in_a_controlled_file_are_passed_over_but_hashed() {
    let text = sealed(&format!("\u{feff}\n{HEADER}\r\n{LINES}\n"), 2) + "\r\n\n";
    assert_eq!(read(text.as_bytes()).unwrap().lines.len(), 2);
}

#[test]
fn a_controlled_line_with_other_fields_is_r00() {
    let lines = "DTL,1\r\nDTL,2,00-DB-12-34-56-78-90-A3,SU0002,x\r\n";
    let text = sealed(&format!("{HEADER}{lines}"), 2);
    let file = read(text.as_bytes()).unwrap();
    let found: Vec<_> = file.lines.iter().map(Line::wrong_field_count).collect();
    assert_eq!(found, [Some(2), Some(5)]);
    assert_eq!(file.id_as_given(&file.lines[0]), "");
}

#[test]
fn a_controlled_file_goes_by_its_name() {
    let text = good();
    let refusal = parse(text.as_bytes(), "transfer.csv", &Limits::default()).unwrap_err();
    assert_eq!(refusal, FileRefusal::Name);
}

#[test]
fn each_fault_of_a_controlled_file_is_named() {
    let body = |header: &str| format!("{header}{LINES}");
    let header = |from: &str, to: &str| sealed(&body(&HEADER.replace(from, to)), 2);
    let field = |field| FileRefusal::Header { field };
    refused(header("CHST", "CHSX"), field(HeaderField::Kind));
    refused(header("1.0", "2.0"), FileRefusal::Version { found: "2.0".to_owned() });
    refused(header(",DCC", ",DCC,x"), FileRefusal::HeaderLength { fields: 11 });
    refused(header("0190a0b0-", "0190a0b0"), field(HeaderField::FileId));
    refused(header("2026-11-23T09:00:00Z", "yesterday"), field(HeaderField::Created));
    refused(header(",DCC,", ",,"), field(HeaderField::PreparedBy));
    refused(header("REF-1", " "), field(HeaderField::Reference));
    refused(header("SU0001", &"x".repeat(101)), field(HeaderField::From));
    refused(header(",SU0002", ",\"a\rb\""), field(HeaderField::To));
    refused(header(",2\r", ",+2\r"), field(HeaderField::Count));
    let counted = |header, trailer, lines| FileRefusal::CountWrong { header, trailer, lines };
    refused(header(",2\r", ",3\r"), counted(3, 2, 2));
    refused(sealed(&body(HEADER), 3), counted(2, 3, 2));
    refused(sealed(&format!("{HEADER}DTL,1,x,SU0002\r\n"), 2), counted(2, 2, 1));
    let to = |to: &str| header("SU0002", to);
    let (said, found) = ("SU0003".to_owned(), "SU0002".to_owned());
    refused(to("SU0003"), FileRefusal::ContradictsTo { number: 1, to: said, found });
    assert!(read(to("").as_bytes()).is_ok(), "to may be empty where there are several");
    assert!(read(header("SU0001", "").as_bytes()).is_ok());
}

#[test]
fn each_fault_of_lines_and_trailer_is_named() {
    let numbered = |expected, found: &str, line| FileRefusal::Numbering {
        line,
        expected,
        found: found.to_owned(),
    };
    let lines = |from: &str, to: &str| sealed(&format!("{HEADER}{}", LINES.replace(from, to)), 2);
    refused(lines("DTL,2", "DTL,3"), numbered(2, "3", 3));
    refused(lines("DTL,1", "DTL,0"), numbered(1, "0", 2));
    refused(lines("DTL,1", "DTL,x"), numbered(1, "x", 2));
    let record = |line, found: &str| FileRefusal::RecordKind { line, found: found.to_owned() };
    refused(lines("DTL,2", "dtl,2"), record(3, "dtl"));
    refused(format!("{HEADER}{HEADER}"), record(2, "HDR"));
    refused(LINES, FileRefusal::HeaderMissing);
    refused(format!("{HEADER}{LINES}"), FileRefusal::TrailerMissing);
    refused(good().replace("TRL,2,", "TRL,"), FileRefusal::TrailerLength { fields: 2 });
    let found = "two".to_owned();
    refused(good().replace("TRL,2,", "TRL,two,"), FileRefusal::TrailerCount { found });
    refused(good().replace("90-A3", "90-A4"), FileRefusal::HashWrong);
    refused(good().replace("\r\nDTL", "\nDTL"), FileRefusal::HashWrong);
    refused(format!("{}{LINES}", good()), FileRefusal::AfterTrailer { line: 5 });
    refused(sealed(&HEADER.replace(",2\r", ",0\r"), 0), FileRefusal::NoLines);
}

#[test]
fn the_hash_may_be_written_in_upper_case() {
    let text = good();
    let (body, hash) = text.trim_end().rsplit_once(',').unwrap();
    assert!(read(format!("{body},{}", hash.to_uppercase()).as_bytes()).is_ok());
}

#[test]
fn each_fault_of_a_minimal_file_is_named() {
    refused("", FileRefusal::Empty);
    refused("\r\n\n", FileRefusal::Empty);
    refused("CommsHubID,NewServiceUserReference\r\n\r\n", FileRefusal::NoLines);
    let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let columns = |missing: &[&str], unknown: &[&str], repeated: &[&str]| {
        let (missing, unknown, repeated) = (list(missing), list(unknown), list(repeated));
        FileRefusal::Columns(HeaderError { missing, unknown, repeated })
    };
    refused("CommsHubID\nx\n", columns(&["NewServiceUserReference"], &[], &[]));
    refused("CommsHubID,NewServiceUserReference,Notes\nx\n", columns(&[], &["Notes"], &[]));
    refused(
        "CommsHubID,NewServiceUserReference,CommsHubID\nx\n",
        columns(&[], &[], &["CommsHubID"]),
    );
    refused("CommsHubID,\"New", FileRefusal::Unreadable(Unreadable::QuoteNeverCloses { line: 1 }));
    let caf = b"CommsHubID,NewServiceUserReference\r\ncaf\xE9,SU1\r\n";
    refused(caf, FileRefusal::Unreadable(Unreadable::NotUtf8 { line: 2, byte: 0xE9 }));
    let wide: Vec<u8> = good().encode_utf16().flat_map(u16::to_le_bytes).collect();
    refused(wide, FileRefusal::Unreadable(Unreadable::Utf16));
}

#[test]
fn a_file_has_no_more_lines_than_the_limit() {
    let limits = Limits { max_lines: 2, ..Limits::default() };
    let text = "CommsHubID,NewServiceUserReference\na,b\nc,d\n";
    assert_eq!(parse(text.as_bytes(), "", &limits).unwrap().lines.len(), 2);
    let more = format!("{text}e,f\n");
    let refusal = parse(more.as_bytes(), "", &limits).unwrap_err();
    assert_eq!(refusal, FileRefusal::TooManyLines { limit: 2 });
}

#[test]
fn a_nul_in_an_id_is_that_line_s_mistake() {
    let text = "CommsHubID,NewServiceUserReference\n00DB12\u{0}34567890A2,SU1\n";
    let file = read(text.as_bytes()).unwrap();
    let wrong = DeviceIdError::WrongCharacter { character: '\u{0}', position: 7 };
    assert_eq!(file.id_mistake(&file.lines[0]), Some(wrong));
}

#[test]
fn a_controlled_file_that_was_cut_off_anywhere_is_refused() {
    let text = good();
    for end in 0..text.len() {
        let whole_but_its_last_line_end = end >= text.trim_end().len();
        assert_eq!(
            read(&text.as_bytes()[..end]).is_ok(),
            whole_but_its_last_line_end,
            "cut at {end}"
        );
        if end > 0 {
            assert!(read(&text.as_bytes()[end..]).is_err(), "begun at {end}");
        }
    }
}

#[test]
fn a_minimal_file_that_was_cut_off_is_answered_or_refused() {
    let text = "\u{feff}CommsHubID,NewServiceUserReference\r\n\"00DB1234567890A2\",SU0001\r\n";
    let from_line = text.find("\"0").unwrap();
    for end in 0..text.len() {
        let cut = read(&text.as_bytes()[..end]);
        assert!(end > from_line || cut.is_err(), "cut at {end}");
        if let Ok(file) = cut {
            assert_eq!(file.lines.len(), 1);
        }
        assert!(end <= 3 || read(&text.as_bytes()[end..]).is_err(), "begun at {end}");
    }
}

fn any_device() -> impl Strategy<Value = DeviceId> {
    any::<u64>().prop_filter_map("not a device", DeviceId::from_bits)
}

/// A device in one of the spellings that people use.
fn spelled() -> impl Strategy<Value = (DeviceId, String)> {
    let sizes = prop::sample::select(vec![16_usize, 4, 2]);
    let separators = prop::sample::select(vec!["-", ":", ".", " "]);
    let around = prop::sample::select(vec![
        ("", ""),
        (" \t", "\u{a0}"),
        ("'", "'"),
        ("\"", " \""),
        ("GUID:", ""),
        ("'guid: ", "'"),
        ("\u{feff}", "\u{200b}"),
    ]);
    (any_device(), sizes, separators, around, any::<bool>(), any::<bool>()).prop_map(
        |(id, size, separator, (before, after), lower, prefixed)| {
            let digits = format!("{:016X}", id.bits());
            let groups: Vec<&str> = (0..16 / size).map(|i| &digits[i * size..][..size]).collect();
            let prefix = if prefixed && size == 16 { "0x" } else { "" };
            let text = format!("{prefix}{}", groups.join(separator));
            let text = if lower { text.to_lowercase() } else { text };
            (id, format!("{before}{text}{after}"))
        },
    )
}

proptest! {
    #[test]
    fn every_spelling_is_read((id, text) in spelled()) {
        prop_assert_eq!(DeviceId::parse(&text), Ok(id));
    }

    #[test]
    fn any_text_is_a_device_or_a_short_sentence(text in "\\PC{0,40}|[0-9A-Fx:. -]{0,30}") {
        if let Err(mistake) = DeviceId::parse(&text) {
            prop_assert!(mistake.to_string().len() <= 200);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes).map_err(|refusal| refusal.to_string());
    }

    #[test]
    fn anything_below_a_header_is_read_or_refused(rest in "[,\"\r\nDTRL0-9aé]{0,80}") {
        let minimal = format!("CommsHubID,NewServiceUserReference\n{rest}");
        if let Ok(file) = read(minimal.as_bytes()) {
            for line in &file.lines {
                let _ = (file.id_as_given(line), file.id_mistake(line), file.reference_of(line));
            }
        }
        let _ = read(format!("{HEADER}{rest}").as_bytes());
    }

    #[test]
    fn one_changed_byte_is_found(at in 0..1_000_usize, bit in 0..8_u8) {
        let mut bytes = good().into_bytes();
        let hashed = good().find("TRL").unwrap();
        bytes[at % hashed] ^= 1 << bit;
        prop_assert!(read(&bytes).is_err());
    }

    #[test]
    fn what_is_generated_reads_back(
        ids in prop::collection::vec(any_device(), 1..50),
        reference in "[A-Za-z0-9 ,\"é]{0,10}[A-Za-z0-9]",
    ) {
        let header = Header {
            file_id: Uuid::from_u128(1),
            created: "2026-11-23T09:00:00Z".parse().unwrap(),
            prepared_by: "DCC".to_owned(),
            reference: reference.trim().to_owned(),
            from: String::new(),
            to: "SU0002".to_owned(),
            count: ids.len() as u32,
        };
        let mut bytes = Vec::new();
        write_controlled(&mut bytes, &header, ids.iter().map(|id| (*id, "SU0002")));
        let file = read(&bytes).unwrap();
        prop_assert_eq!(file.header(), Some(&header));
        let read: Vec<_> = file.lines.iter().filter_map(Line::device).collect();
        prop_assert_eq!(read, ids);
    }
}
