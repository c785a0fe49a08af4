//! Tables read back, by other people's readers, as what was written.
#![allow(clippy::unwrap_used)]

use std::io::Cursor;

use app::tables::{Cell, Column, Format, Table, write_date, write_instant};
use calamine::{Data, Reader, Xlsx};
use domain::DeviceId;
use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;

const COLUMNS: &[Column] = &[
    Column::text("CommsHubID"),
    Column::text("note"),
    Column::int("hubs"),
    Column::date("deliveryDate"),
    Column::instant("SMIStatusDate"),
];

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn write(format: Format) -> Vec<u8> {
    let id = DeviceId::parse("00-DB-12-34-56-78-90-A2").unwrap();
    let mut table = Table::new(format, COLUMNS, Vec::new()).unwrap();
    table
        .row(&[
            id.into(),
            "=1+1, \"quoted\"".into(),
            Cell::Int(-7),
            date(2026, 11, 23).into(),
            at("2026-11-23T18:00:20.25Z").into(),
        ])
        .unwrap();
    table.row(&[id.into(), Cell::Empty, Cell::Empty, Cell::Empty, Cell::Empty]).unwrap();
    assert_eq!(table.rows(), 2);
    table.finish().unwrap()
}

#[test]
fn csv_is_exact_and_safe_to_open() {
    assert_eq!(
        String::from_utf8(write(Format::Csv)).unwrap(),
        "CommsHubID,note,hubs,deliveryDate,SMIStatusDate\r\n\
         00-DB-12-34-56-78-90-A2,\"'=1+1, \"\"quoted\"\"\",-7,2026-11-23,2026-11-23T18:00:20.250000Z\r\n\
         00-DB-12-34-56-78-90-A2,,,,\r\n"
    );
}

#[test]
fn a_workbook_keeps_ids_as_text_and_days_as_days() {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(write(Format::Xlsx))).unwrap();
    let name = book.sheet_names()[0].clone();
    let range = book.worksheet_range(&name).unwrap();
    let rows: Vec<&[Data]> = range.rows().collect();
    assert_eq!(rows[0][4], Data::String("SMIStatusDate".into()));
    assert_eq!(rows[1][0], Data::String("00-DB-12-34-56-78-90-A2".into()));
    assert_eq!(rows[1][1], Data::String("=1+1, \"quoted\"".into()), "text, not a formula");
    assert_eq!(rows[1][2], Data::Float(-7.0));
    let (Data::DateTime(day), Data::DateTime(instant)) = (&rows[1][3], &rows[1][4]) else {
        panic!("{:?}", rows[1]);
    };
    assert_eq!(day.to_ymd_hms_milli(), (2026, 11, 23, 0, 0, 0, 0));
    assert_eq!(instant.to_ymd_hms_milli(), (2026, 11, 23, 18, 0, 20, 250));
    assert!(rows[2][1..].iter().all(|cell| *cell == Data::Empty));
}

#[test]
fn a_full_sheet_is_followed_by_another() {
    let mut table = Table::new(Format::Xlsx, &[Column::int("n")], Vec::new()).unwrap();
    for n in 0..1_048_577 {
        table.row(&[Cell::Int(n)]).unwrap();
    }
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(table.finish().unwrap())).unwrap();
    let second = book.sheet_names()[1].clone();
    let range = book.worksheet_range(&second).unwrap();
    let rows: Vec<&[Data]> = range.rows().collect();
    let number = |n| Data::Float(f64::from(n));
    assert_eq!(rows, [&[Data::String("n".into())], &[number(1_048_575)], &[number(1_048_576)]]);
}

#[test]
fn parquet_keeps_the_kinds() {
    let reader = SerializedFileReader::new(bytes::Bytes::from(write(Format::Parquet))).unwrap();
    let rows: Vec<Vec<Field>> = reader
        .get_row_iter(None)
        .unwrap()
        .map(|row| row.unwrap().into_columns().into_iter().map(|(_, field)| field).collect())
        .collect();
    let id = Field::Str("00-DB-12-34-56-78-90-A2".into());
    let day = (date(2026, 11, 23) - date(1970, 1, 1)).get_days();
    let instant = at("2026-11-23T18:00:20.25Z").as_microsecond();
    assert_eq!(
        rows[0],
        [
            id.clone(),
            Field::Str("=1+1, \"quoted\"".into()),
            Field::Long(-7),
            Field::Date(day),
            Field::TimestampMicros(instant),
        ]
    );
    assert_eq!(rows[1], [id, Field::Null, Field::Null, Field::Null, Field::Null]);
}

#[test]
fn parquet_goes_out_in_row_groups() {
    let columns = [Column::text("text"), Column::int("n")];
    let mut table = Table::new(Format::Parquet, &columns, Vec::new()).unwrap();
    for n in 0..150_000 {
        table.row(&[if n % 3 == 0 { Cell::Empty } else { "three".into() }, Cell::Int(n)]).unwrap();
    }
    let bytes = bytes::Bytes::from(table.finish().unwrap());
    let reader = SerializedFileReader::new(bytes).unwrap();
    assert_eq!(reader.num_row_groups(), 3);
    for (n, row) in (0..).zip(reader.get_row_iter(None).unwrap()) {
        let columns = row.unwrap().into_columns();
        assert_eq!(columns[1].1, Field::Long(n));
        assert_eq!(columns[0].1 == Field::Null, n % 3 == 0);
    }
}

#[test]
fn days_and_instants_are_written_as_the_library_writes_them() {
    let mut day = date(1896, 1, 1);
    while day < date(2110, 1, 1) {
        let mut text = Vec::new();
        write_date(&mut text, day);
        assert_eq!(String::from_utf8(text).unwrap(), day.to_string());
        check_instant(day);
        day = day.tomorrow().unwrap();
    }
}

fn check_instant(day: Date) {
    let noon = day.at(23, 59, 58, 0).in_tz("UTC").unwrap().timestamp();
    for micros in [0, 1, 250_000] {
        let instant = noon + SignedDuration::from_micros(micros);
        let mut text = Vec::new();
        write_instant(&mut text, instant);
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text.len(), if micros == 0 { 20 } else { 27 });
        assert_eq!(text.parse::<Timestamp>().unwrap(), instant);
    }
}
