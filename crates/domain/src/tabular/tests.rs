#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

type Row = (u32, u64, Vec<String>);

fn whole(bytes: &[u8]) -> Result<Vec<Row>, Unreadable> {
    let mut records = Records::new(bytes, Limits::default())?;
    let mut rows = Vec::new();
    while let Some(record) = records.next_record()? {
        rows.push(row(&record));
    }
    Ok(rows)
}

fn streamed(bytes: &[u8], piece: usize) -> Result<Vec<Row>, Unreadable> {
    let mut splitter = Splitter::new(Limits::default());
    let mut rows = Vec::new();
    for bytes in bytes.chunks(piece.max(1)) {
        splitter.feed(bytes, |record| {
            rows.push(row(record));
            Ok::<(), Unreadable>(())
        })?;
    }
    splitter.finish(|record| {
        rows.push(row(record));
        Ok::<(), Unreadable>(())
    })?;
    Ok(rows)
}

fn row(record: &Record<'_>) -> Row {
    (record.line, record.at, record.fields().map(str::to_owned).collect())
}

fn check(text: &str, expected: &[(u32, u64, &[&str])]) {
    let expected: Vec<Row> = expected
        .iter()
        .map(|(line, at, fields)| (*line, *at, fields.iter().map(|f| (*f).to_owned()).collect()))
        .collect();
    assert_eq!(whole(text.as_bytes()), Ok(expected.clone()), "{text:?}");
    for piece in [1, 2, 3, 7, 1000] {
        assert_eq!(streamed(text.as_bytes(), piece), Ok(expected.clone()), "{text:?} by {piece}");
    }
}

fn refused(bytes: &[u8], expected: Unreadable) {
    assert_eq!(whole(bytes), Err(expected.clone()));
    for piece in [1, 5, 1 << 20] {
        assert_eq!(streamed(bytes, piece), Err(expected.clone()), "by {piece}");
    }
}

#[test]
fn lines_end_with_crlf_lf_or_cr() {
    check("a,b\r\nc\r\n", &[(1, 0, &["a", "b"]), (2, 5, &["c"])]);
    check("a,b\nc", &[(1, 0, &["a", "b"]), (2, 4, &["c"])]);
    check("a\rb\r", &[(1, 0, &["a"]), (2, 2, &["b"])]);
}

#[test]
fn empty_lines_are_counted_and_passed_over() {
    check("\n\r\na\n\n\rb\n", &[(3, 3, &["a"]), (6, 7, &["b"])]);
    check("", &[]);
    check("\u{feff}", &[]);
    check("\r", &[]);
}

#[test]
fn blanks_and_quoted_nothing_are_records() {
    check(" \n\"\"\n,\n", &[(1, 0, &[" "]), (2, 2, &[""]), (3, 5, &["", ""])]);
}

#[test]
fn quotes_hold_commas_lines_and_quotes() {
    check(
        "\"a,b\",\"c\r\nd\"\n\"e\"\"f\",g\n",
        &[(1, 0, &["a,b", "c\r\nd"]), (3, 13, &["e\"f", "g"])],
    );
    check("\"a\rb\"\nc", &[(1, 0, &["a\rb"]), (3, 6, &["c"])]);
}

#[test]
fn text_behind_a_closing_quote_belongs_to_the_field() {
    check("\"ab\"c\"d,e\n", &[(1, 0, &["abc\"d", "e"])]);
    check("a\"b\",c", &[(1, 0, &["a\"b\"", "c"])]);
}

#[test]
fn a_bom_counts_in_places_but_not_in_fields() {
    check("\u{feff}a,b\nc", &[(1, 3, &["a", "b"]), (2, 7, &["c"])]);
}

#[test]
fn a_field_knows_its_place() {
    let text = "\u{feff}a,\"b\"\"c\",d\r\n";
    let mut records = Records::new(text.as_bytes(), Limits::default()).unwrap();
    let record = records.next_record().unwrap().unwrap();
    let place = record.place(1).unwrap();
    assert_eq!(&text[place.start as usize..place.end as usize], "\"b\"\"c\"");
    assert_eq!(record.as_given(), "a,\"b\"\"c\",d");
}

#[test]
fn other_encodings_are_named() {
    let utf16 = |bom: bool, to_bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        let text = if bom { "\u{feff}CommsHubID,x\r\n" } else { "CommsHubID,x\r\n" };
        text.encode_utf16().flat_map(to_bytes).collect()
    };
    for bom in [true, false] {
        refused(&utf16(bom, u16::to_le_bytes), Unreadable::Utf16);
        refused(&utf16(bom, u16::to_be_bytes), Unreadable::Utf16);
    }
    let windows = Unreadable::NotUtf8 { line: 3, byte: 0xE9 };
    refused(b"a,b\r\nc,d\r\ncaf\xE9,e\r\nf,g\r\n", windows.clone());
    assert!(windows.to_string().contains("Windows-1252 it would be 'é'"), "{windows}");
    refused(b"a,bcdefgh\nc\n\xE2\x82", Unreadable::NotUtf8 { line: 3, byte: 0xE2 });
    refused(b"PK\x03\x04\x14\x00\x06\x00", Unreadable::NotText);
    refused(b"%PDF-1.7\n", Unreadable::NotTable { what: "a PDF document" });
    refused(b"\x89PNG\r\n\x1a\n", Unreadable::NotTable { what: "a picture" });
    refused(b"PK\x05\x06\0\0", Unreadable::NotText);
    refused(b"\x1F\x8B\x08\0\0\0", Unreadable::NotTable { what: "a compressed file" });
    let nul = Unreadable::NotTable { what: "a file with NUL bytes" };
    assert_eq!(whole(b"CommsHubID,New\0ServiceUserReference\r\n"), Err(nul.clone()));
    refused(&[0; 64], nul);
}

#[test]
fn a_quote_that_never_closes_is_named_by_its_line() {
    refused(b"a,b\nc,\"d\ne,f\ng,h\n", Unreadable::QuoteNeverCloses { line: 2 });
    refused(b"a,b\n\"c\nd\",\"e\nf\n", Unreadable::QuoteNeverCloses { line: 3 });
}

#[test]
fn a_quote_is_looked_for_no_further_than_the_limit() {
    let text = format!("a\n\"{}", "b\n".repeat(100_000));
    refused(text.as_bytes(), Unreadable::QuoteNeverCloses { line: 2 });
}

#[test]
fn a_hundred_megabytes_on_one_line_are_refused_and_not_held() {
    let piece = vec![b'x'; 1 << 20];
    let mut splitter = Splitter::new(Limits::default());
    let mut fed = 0;
    let mut each = |_: &Record<'_>| Ok::<(), Unreadable>(());
    let error = loop {
        fed += piece.len();
        assert!(fed <= 100 << 20);
        if let Err(error) = splitter.feed(&piece, &mut each) {
            break error;
        }
    };
    assert_eq!(error, Unreadable::LineTooLong { line: 1, limit: 65_536 });
    assert_eq!(fed, 1 << 20);
    let text = format!("a,b\n{}\n", "x".repeat(100 << 20));
    assert_eq!(whole(text.as_bytes()), Err(Unreadable::LineTooLong { line: 2, limit: 65_536 }));
}

#[test]
fn a_line_may_be_as_long_as_the_limit_and_no_longer() {
    let fits = format!("{}\nb\n", "x".repeat(65_535));
    assert_eq!(whole(fits.as_bytes()).unwrap().len(), 2);
    assert_eq!(streamed(fits.as_bytes(), 1000).unwrap().len(), 2);
    let too_long = format!("{}\nb\n", "x".repeat(65_536));
    refused(too_long.as_bytes(), Unreadable::LineTooLong { line: 1, limit: 65_536 });
}

#[test]
fn a_record_has_no_more_than_so_many_fields() {
    let fits = ",".repeat(63);
    assert_eq!(whole(fits.as_bytes()).unwrap()[0].2.len(), 64);
    refused(",".repeat(64).as_bytes(), Unreadable::TooManyFields { line: 1, limit: 64 });
}

#[test]
fn columns_are_found_by_name_in_any_order() {
    let columns = Columns::find(&[" B", "A ", "C"], &["A", "B"], &["C", "D"]).unwrap();
    assert_eq!(columns.width(), 3);
    let positions: Vec<_> = (0..4).map(|i| columns.position(i)).collect();
    assert_eq!(positions, [Some(1), Some(0), Some(2), None]);
}

#[test]
fn everything_wrong_with_a_header_is_said_at_once() {
    let error = Columns::find(&["A", "X", "A", "Y", "X"], &["A", "B"], &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "The column \"B\" is missing. The columns \"X\", \"Y\" are not known. The column \"A\" \
         stands there more than once."
    );
}

#[test]
fn formulas_are_not_run() {
    let written = |text: &str| {
        let mut out = Vec::new();
        write_field(&mut out, text);
        String::from_utf8(out).unwrap()
    };
    for (text, expected) in [
        ("plain", "plain"),
        ("", ""),
        ("=CMD()", "'=CMD()"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@x", "'@x"),
        ("\tx", "'\tx"),
        ("\rx", "\"'\rx\""),
        ("=\"a\",b", "\"'=\"\"a\"\",b\""),
        ("a,b", "\"a,b\""),
        ("a\nb", "\"a\nb\""),
        (" a", "\" a\""),
    ] {
        assert_eq!(written(text), expected);
    }
}

#[test]
fn numbers_are_written_as_they_read() {
    for number in [0, 7, 10, 1_234_567, u64::MAX] {
        let mut out = Vec::new();
        write_number(&mut out, number);
        assert_eq!(String::from_utf8(out).unwrap(), number.to_string());
    }
}

proptest! {
    #[test]
    fn streaming_reads_what_reading_whole_does(
        text in "[ab,\"\r\n é]{0,60}", piece in 1..9_usize,
    ) {
        prop_assert_eq!(streamed(text.as_bytes(), piece), whole(text.as_bytes()));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = whole(&bytes);
        let _ = streamed(&bytes, 7);
    }

    #[test]
    fn what_is_written_reads_back(
        rows in prop::collection::vec(prop::collection::vec("[a-z,\"\r\n é]{0,8}", 1..5), 0..6),
    ) {
        let rows: Vec<_> = rows
            .into_iter()
            .filter(|row| row.len() > 1 || !row[0].is_empty())
            .filter(|row| row.iter().all(|field| !field.starts_with('\r')))
            .collect();
        let mut out = Vec::new();
        for row in &rows {
            write_record(&mut out, row.iter().map(String::as_str));
        }
        let read: Vec<Vec<String>> = whole(&out).unwrap().into_iter().map(|row| row.2).collect();
        prop_assert_eq!(read, rows);
    }
}

#[test]
fn a_splitter_says_where_it_is_and_goes_on_from_there() {
    let text = "a,b\r\n\r\n\"x\ny\",2\n3,4\n5,\u{e9}\n";
    let bytes = text.as_bytes();
    let read = |splitter: &mut Splitter, bytes: &[u8], most: usize| {
        let mut seen = Vec::new();
        let mut each = |record: &Record<'_>| {
            if seen.len() == most {
                return Err(None);
            }
            seen.push((record.line, record.get(0).unwrap().to_owned()));
            Ok(())
        };
        let fed: Result<(), Option<Unreadable>> = splitter.feed(bytes, &mut each);
        let stopped = fed.and_then(|()| splitter.finish(&mut each)).is_err();
        (seen, stopped)
    };
    for most in 0..4 {
        let mut first = Splitter::new(Limits::default());
        let (mut seen, stopped) = read(&mut first, bytes, most);
        assert!(stopped);
        let (at, line) = first.position();
        let mut second = Splitter::resume(Limits::default(), at, line);
        seen.extend(read(&mut second, &bytes[at as usize..], 9).0);
        let all = [(1, "a"), (3, "x\ny"), (5, "3"), (6, "5")];
        let all: Vec<_> = all.iter().map(|(line, field)| (*line, (*field).to_owned())).collect();
        assert_eq!(seen, all, "{most}");
    }
}

#[test]
fn after_a_fault_a_splitter_is_at_its_record() {
    let mut splitter = Splitter::new(Limits::default());
    let fed: Result<(), Unreadable> = splitter.feed(b"a,b\n1,2\n3,\xE9\n", |_| Ok(()));
    assert_eq!(fed, Err(Unreadable::NotUtf8 { line: 3, byte: 0xE9 }));
    assert_eq!(splitter.position(), (8, 3));
}
