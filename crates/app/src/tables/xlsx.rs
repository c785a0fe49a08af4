//! XLSX: rows go to a temporary file as they come; a sheet that is full is followed by another.

use std::io::{self, Write};
use std::mem;

use jiff::civil::{Date, date};
use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};

use super::{Cell, Column, Kind};

/// Rows of a sheet, the header included: the format's own limit.
const SHEET_ROWS: u32 = 1_048_576;
/// The day that spreadsheets count from, as far as days after February 1900 go.
const DAY_ZERO: Date = date(1899, 12, 30);

pub struct Xlsx<W> {
    out: W,
    workbook: Workbook,
    sheet: Worksheet,
    next_row: u32,
    columns: Vec<Column>,
    day: Format,
    instant: Format,
}

fn broken(error: XlsxError) -> io::Error {
    match error {
        XlsxError::IoError(error) => error,
        other => io::Error::other(other),
    }
}

impl<W: Write + Send> Xlsx<W> {
    pub fn new(columns: &[Column], out: W) -> io::Result<Xlsx<W>> {
        let mut workbook = Workbook::new();
        let sheet = begin_sheet(&mut workbook, columns).map_err(broken)?;
        Ok(Xlsx {
            out,
            workbook,
            sheet,
            next_row: 1,
            columns: columns.to_vec(),
            day: Format::new().set_num_format("yyyy-mm-dd"),
            instant: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
        })
    }

    pub fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        if self.next_row == SHEET_ROWS {
            let next = begin_sheet(&mut self.workbook, &self.columns).map_err(broken)?;
            self.workbook.push_worksheet(mem::replace(&mut self.sheet, next));
            self.next_row = 1;
        }
        for (column, cell) in (0..).zip(cells) {
            self.write(column, *cell).map_err(broken)?;
        }
        self.next_row += 1;
        Ok(())
    }

    fn write(&mut self, column: u16, cell: Cell<'_>) -> Result<(), XlsxError> {
        let (sheet, row) = (&mut self.sheet, self.next_row);
        match cell {
            Cell::Empty => {}
            Cell::Text(text) => {
                sheet.write_string(row, column, text)?;
            }
            Cell::Id(id) => {
                sheet.write_string(row, column, id.to_string())?;
            }
            Cell::Int(number) => {
                sheet.write_number(row, column, number as f64)?;
            }
            Cell::Date(day) => {
                let days = f64::from((day - DAY_ZERO).get_days());
                sheet.write_number_with_format(row, column, days, &self.day)?;
            }
            Cell::Instant(at) => {
                // 25,569 days lie between the spreadsheet's day zero and 1970.
                let days = at.as_millisecond() as f64 / 86_400_000.0 + 25_569.0;
                sheet.write_number_with_format(row, column, days, &self.instant)?;
            }
        }
        Ok(())
    }

    pub fn finish(mut self) -> io::Result<W> {
        self.workbook.push_worksheet(self.sheet);
        self.workbook.save_to_writer(&mut self.out).map_err(broken)?;
        Ok(self.out)
    }
}

fn begin_sheet(workbook: &mut Workbook, columns: &[Column]) -> Result<Worksheet, XlsxError> {
    let mut sheet = workbook.new_worksheet_with_constant_memory()?;
    let text = Format::new().set_num_format("@");
    let bold = Format::new().set_bold();
    for (index, column) in (0..).zip(columns) {
        let width = match column.kind {
            Kind::Text => 24,
            Kind::Int => 12,
            Kind::Date => 12,
            Kind::Instant => 20,
        };
        sheet.set_column_width(index, width)?;
        if column.kind == Kind::Text {
            sheet.set_column_format(index, &text)?;
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    for (index, column) in (0..).zip(columns) {
        sheet.write_string_with_format(0, index, column.name, &bold)?;
    }
    Ok(sheet)
}
