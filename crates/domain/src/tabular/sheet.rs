//! The rows of a workbook's sheet, as the text that all readers take.

/// A sheet as comma-separated text, with the row of each of its records.
///
/// Empty rows are passed over; empty cells at a row's end count only as far as the first row goes.
/// Cells stand in the text as they are, so that answers can show them as they were given.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    /// The records.
    pub text: String,
    /// The row of each record, that of the header first.
    pub rows: Vec<u32>,
    width: usize,
}

impl Sheet {
    /// Appends a row.
    pub fn push(&mut self, row: u32, cells: &[String]) {
        let last = cells.iter().rposition(|cell| !cell.trim().is_empty());
        let Some(filled) = last.map(|last| last + 1) else { return };
        if self.rows.is_empty() {
            self.width = filled;
        }
        self.rows.push(row);
        for i in 0..filled.max(self.width) {
            let cell = cells.get(i).map_or("", String::as_str);
            let comma = if i == 0 { "" } else { "," };
            self.text.push_str(comma);
            self.text.push('"');
            self.text.push_str(&cell.replace('"', "\"\""));
            self.text.push('"');
        }
        self.text.push_str("\r\n");
    }
}
