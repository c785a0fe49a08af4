//! Parquet by its column writers, without Arrow: rows are gathered into a row group, and a full
//! group goes out column by column.

use std::io::{self, Write};
use std::sync::Arc;

use jiff::civil::{Date, date};
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::column::writer::ColumnWriterImpl;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{Type, TypePtr};

use super::{Cell, Column, Kind};

/// Rows of a row group: some 25 MiB for the widest table.
const GROUP_ROWS: usize = 65_536;
const EPOCH: Date = date(1970, 1, 1);

pub struct Parquet<W: Write> {
    writer: SerializedFileWriter<W>,
    held: Vec<Held>,
    rows: usize,
}

/// The cells of one column that wait for their row group to be full.
struct Held {
    kind: Kind,
    /// 1 where there is a value, 0 where the cell is empty.
    levels: Vec<i16>,
    numbers: Vec<i64>,
    text: Vec<u8>,
    text_ends: Vec<usize>,
}

fn broken(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(other) => io::Error::other(other),
        },
        other => io::Error::other(other),
    }
}

fn schema(columns: &[Column]) -> Result<TypePtr, ParquetError> {
    let mut fields = Vec::with_capacity(columns.len());
    for column in columns {
        let (physical, logical) = match column.kind {
            Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Kind::Int => (Physical::INT64, None),
            Kind::Date => (Physical::INT32, Some(LogicalType::Date)),
            Kind::Instant => {
                (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS)))
            }
        };
        let field = Type::primitive_type_builder(column.name, physical)
            .with_logical_type(logical)
            .with_repetition(Repetition::OPTIONAL)
            .build()?;
        fields.push(Arc::new(field));
    }
    Ok(Arc::new(Type::group_type_builder("table").with_fields(fields).build()?))
}

impl<W: Write + Send> Parquet<W> {
    pub fn new(columns: &[Column], out: W) -> io::Result<Parquet<W>> {
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let schema = schema(columns).map_err(broken)?;
        let writer =
            SerializedFileWriter::new(out, schema, Arc::new(properties)).map_err(broken)?;
        let held = columns.iter().map(|column| Held::new(column.kind)).collect();
        Ok(Parquet { writer, held, rows: 0 })
    }

    pub fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        for (held, cell) in self.held.iter_mut().zip(cells) {
            held.push(*cell);
        }
        self.rows += 1;
        if self.rows == GROUP_ROWS { self.write_group().map_err(broken) } else { Ok(()) }
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        let mut group = self.writer.next_row_group()?;
        for held in &mut self.held {
            let mut column = group.next_column()?.expect("the schema has this many columns");
            match held.kind {
                Kind::Text => write(column.typed::<ByteArrayType>(), &held.texts(), &held.levels)?,
                Kind::Date => write(column.typed::<Int32Type>(), &held.days(), &held.levels)?,
                Kind::Int | Kind::Instant => {
                    write(column.typed::<Int64Type>(), &held.numbers, &held.levels)?;
                }
            }
            column.close()?;
            held.clear();
        }
        group.close()?;
        self.rows = 0;
        Ok(())
    }

    pub fn finish(mut self) -> io::Result<W> {
        if self.rows > 0 {
            self.write_group().map_err(broken)?;
        }
        self.writer.into_inner().map_err(broken)
    }
}

fn write<T: DataType>(
    column: &mut ColumnWriterImpl<'_, T>,
    values: &[T::T],
    levels: &[i16],
) -> Result<(), ParquetError> {
    column.write_batch(values, Some(levels), None).map(|_| ())
}

impl Held {
    fn new(kind: Kind) -> Held {
        Held {
            kind,
            levels: Vec::new(),
            numbers: Vec::new(),
            text: Vec::new(),
            text_ends: Vec::new(),
        }
    }

    fn push(&mut self, cell: Cell<'_>) {
        self.levels.push(i16::from(cell != Cell::Empty));
        match cell {
            Cell::Empty => {}
            Cell::Text(text) => {
                self.text.extend_from_slice(text.as_bytes());
                self.text_ends.push(self.text.len());
            }
            Cell::Id(id) => {
                id.write_dashed(&mut self.text);
                self.text_ends.push(self.text.len());
            }
            Cell::Int(number) => self.numbers.push(number),
            Cell::Date(day) => self.numbers.push((day - EPOCH).get_days().into()),
            Cell::Instant(at) => self.numbers.push(at.as_microsecond()),
        }
    }

    /// The texts, as slices of one shared buffer.
    fn texts(&self) -> Vec<ByteArray> {
        let all = bytes::Bytes::copy_from_slice(&self.text);
        let starts = std::iter::once(0).chain(self.text_ends.iter().copied());
        starts.zip(&self.text_ends).map(|(from, to)| all.slice(from..*to).into()).collect()
    }

    fn days(&self) -> Vec<i32> {
        let day = |n: &i64| i32::try_from(*n).expect("it was a day's 32-bit number");
        self.numbers.iter().map(day).collect()
    }

    fn clear(&mut self) {
        self.levels.clear();
        self.numbers.clear();
        self.text.clear();
        self.text_ends.clear();
    }
}
