//! Tables for people and their programs: CSV, XLSX or Parquet, written row by row.
//!
//! Memory stays flat however many rows there are: CSV goes straight out, XLSX through a temporary
//! file, Parquet in row groups.

mod csv;
mod parquet;
mod xlsx;

use std::io::{self, Write};

use domain::DeviceId;
use jiff::{Timestamp, civil::Date};

pub use csv::{write_date, write_instant};

/// The formats that tables go out in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Comma-separated values, as in RFC 4180, UTF-8.
    Csv,
    /// An Excel workbook; IDs are text.
    Xlsx,
    /// Apache Parquet, snappy.
    Parquet,
}

impl Format {
    /// All of them, the default first.
    pub const ALL: &[Format] = &[Format::Csv, Format::Xlsx, Format::Parquet];

    /// The word for it in addresses, on the command line and as a file's extension.
    pub fn word(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Xlsx => "xlsx",
            Format::Parquet => "parquet",
        }
    }

    /// The format of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.word() == word)
    }

    /// What an HTTP answer calls it.
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Csv => "text/csv; charset=utf-8",
            Format::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Format::Parquet => "application/vnd.apache.parquet",
        }
    }
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text, and IDs.
    Text,
    /// Whole numbers.
    Int,
    /// Days.
    Date,
    /// Instants.
    Instant,
}

/// One column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name, as `formats.md` spells it.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
}

impl Column {
    /// A column of text or IDs.
    pub const fn text(name: &'static str) -> Column {
        Column { name, kind: Kind::Text }
    }

    /// A column of whole numbers.
    pub const fn int(name: &'static str) -> Column {
        Column { name, kind: Kind::Int }
    }

    /// A column of days.
    pub const fn date(name: &'static str) -> Column {
        Column { name, kind: Kind::Date }
    }

    /// A column of instants.
    pub const fn instant(name: &'static str) -> Column {
        Column { name, kind: Kind::Instant }
    }
}

/// Several lists of columns as one; they must come to `N`.
pub const fn joined<const N: usize>(lists: &[&[Column]]) -> [Column; N] {
    let mut all = [Column::text(""); N];
    let (mut list, mut place) = (0, 0);
    while list < lists.len() {
        let mut column = 0;
        while column < lists[list].len() {
            all[place] = lists[list][column];
            (column, place) = (column + 1, place + 1);
        }
        list += 1;
    }
    assert!(place == N, "another number of columns");
    all
}

/// One cell. Its variant must suit its column's kind, or be `Empty`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Nothing.
    Empty,
    /// Text.
    Text(&'a str),
    /// A device's ID, in a column of text.
    Id(DeviceId),
    /// A whole number.
    Int(i64),
    /// A day.
    Date(Date),
    /// An instant.
    Instant(Timestamp),
}

impl Cell<'_> {
    fn suits(self, kind: Kind) -> bool {
        match self {
            Cell::Empty => true,
            Cell::Text(_) | Cell::Id(_) => kind == Kind::Text,
            Cell::Int(_) => kind == Kind::Int,
            Cell::Date(_) => kind == Kind::Date,
            Cell::Instant(_) => kind == Kind::Instant,
        }
    }
}

macro_rules! cell_from {
    ($($type:ty => |$value:ident| $cell:expr),+ $(,)?) => {$(
        impl<'a> From<$type> for Cell<'a> {
            fn from($value: $type) -> Cell<'a> { $cell }
        }
    )+};
}

cell_from! {
    &'a str => |v| Cell::Text(v),
    &'a String => |v| Cell::Text(v),
    DeviceId => |v| Cell::Id(v),
    i64 => |v| Cell::Int(v),
    Date => |v| Cell::Date(v),
    Timestamp => |v| Cell::Instant(v),
}

impl<'a, T: Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(value: Option<T>) -> Cell<'a> {
        value.map_or(Cell::Empty, Into::into)
    }
}

/// A table on its way out.
pub struct Table<W: Write + Send = Box<dyn Write + Send>> {
    columns: Vec<Column>,
    rows: u64,
    form: Form<W>,
}

enum Form<W: Write + Send> {
    Csv(csv::Csv<W>),
    Xlsx(Box<xlsx::Xlsx<W>>),
    Parquet(Box<parquet::Parquet<W>>),
}

impl<W: Write + Send> Table<W> {
    /// Begins a table with its header.
    pub fn new(format: Format, columns: &[Column], out: W) -> io::Result<Table<W>> {
        let form = match format {
            Format::Csv => Form::Csv(csv::Csv::new(columns, out)?),
            Format::Xlsx => Form::Xlsx(Box::new(xlsx::Xlsx::new(columns, out)?)),
            Format::Parquet => Form::Parquet(Box::new(parquet::Parquet::new(columns, out)?)),
        };
        Ok(Table { columns: columns.to_vec(), rows: 0, form })
    }

    /// Adds a row, with a cell for each column.
    pub fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        assert_eq!(cells.len(), self.columns.len(), "a row has a cell for each column");
        debug_assert!(
            cells.iter().zip(&self.columns).all(|(cell, column)| cell.suits(column.kind))
        );
        self.rows += 1;
        match &mut self.form {
            Form::Csv(csv) => csv.row(cells),
            Form::Xlsx(xlsx) => xlsx.row(cells),
            Form::Parquet(parquet) => parquet.row(cells),
        }
    }

    /// How many rows there are, the header not counted.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Writes what is left and gives the destination back, flushed.
    pub fn finish(self) -> io::Result<W> {
        let mut out = match self.form {
            Form::Csv(csv) => csv.finish()?,
            Form::Xlsx(xlsx) => xlsx.finish()?,
            Form::Parquet(parquet) => parquet.finish()?,
        };
        out.flush()?;
        Ok(out)
    }
}
