//! Documents on paper: A4 pages as PDF that says what its parts are (PDF/A-2a and PDF/UA-1), with
//! headings, facts, tables and bar codes, one below the other.
//!
//! A [`Paper`] is laid out first and written afterwards, because a heading's place and the number of
//! pages are known only then. What is laid out is a list of pieces for each page and, beside it, the
//! tree of what they mean; [`write`] joins them.

mod codes;
mod font;
mod write;

use jiff::Timestamp;
use krilla::tagging::{TableHeaderScope, Tag, TagKind};
use std::num::NonZeroU16;

pub use codes::{bars, squares};
use font::Weight;

/// A page's size and margin, in points.
const WIDTH: f32 = 595.28;
const HEIGHT: f32 = 841.89;
const MARGIN: f32 = 56.0;
const FOOT: f32 = 42.0;
/// The text's size, and a line's height in terms of it.
const SIZE: f32 = 10.0;
const LEADING: f32 = 1.35;
/// Between a cell's edge and its text.
const PADDING: f32 = 4.0;
/// A QR code with its caption, and how many stand side by side.
const SQUARE: f32 = 84.0;
const SQUARES_IN_A_ROW: usize = 4;

/// A document that is being laid out.
pub struct Paper {
    title: String,
    subject: String,
    made_at: Timestamp,
    pages: Vec<Vec<Piece>>,
    tree: Vec<Element>,
    headings: Vec<Heading>,
    contents: usize,
    y: f32,
}

/// Something on a page. What is not content is decoration, and means nothing.
struct Piece {
    content: Option<usize>,
    marks: Vec<Mark>,
}

enum Mark {
    Text {
        x: f32,
        y: f32,
        size: f32,
        weight: Weight,
        text: String,
    },
    /// Left, top, width and height of each.
    Boxes(Vec<[f32; 4]>),
}

/// A part of the document by its meaning.
struct Element {
    kind: TagKind,
    children: Vec<Child>,
}

enum Child {
    Element(Element),
    Content(usize),
}

struct Heading {
    text: String,
    page: usize,
    y: f32,
}

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its heading.
    pub title: &'static str,
    /// Its share of the width; the shares of all columns need not come to anything.
    pub share: f32,
    /// Whether it holds numbers, which stand at its right edge.
    pub is_number: bool,
}

impl Paper {
    /// A document with a title, about a subject; both documents that are the same and made at the
    /// same instant are the same to the byte.
    pub fn new(title: &str, subject: &str, made_at: Timestamp) -> Paper {
        let mut paper = Paper {
            title: title.to_owned(),
            subject: subject.to_owned(),
            made_at,
            pages: vec![Vec::new()],
            tree: Vec::new(),
            headings: Vec::new(),
            contents: 0,
            y: MARGIN,
        };
        paper.heading_in(1, title, 20.0);
        paper
    }

    /// A heading of a section.
    pub fn heading(&mut self, text: &str) {
        self.keep_together(80.0);
        self.y += 10.0;
        self.heading_in(2, text, 13.0);
    }

    fn heading_in(&mut self, level: u16, text: &str, size: f32) {
        let (page, y) = (self.pages.len() - 1, self.y);
        self.headings.push(Heading { text: text.to_owned(), page, y });
        let level = NonZeroU16::new(level).expect("a heading has a level");
        let content = self.lines(text, MARGIN, WIDTH - 2.0 * MARGIN, size, Weight::Bold);
        let kind = Tag::Hn(level, Some(text.to_owned())).into();
        self.tree.push(Element { kind, children: content });
        self.y += 6.0;
    }

    /// A paragraph.
    pub fn paragraph(&mut self, text: &str) {
        let content = self.lines(text, MARGIN, WIDTH - 2.0 * MARGIN, SIZE, Weight::Regular);
        self.tree.push(Element { kind: Tag::P.into(), children: content });
        self.y += 6.0;
    }

    /// Names and their values, one pair below the other.
    pub fn facts(&mut self, facts: &[(&str, String)]) {
        let widths = [140.0, WIDTH - 2.0 * MARGIN - 140.0];
        let mut rows = Vec::with_capacity(facts.len());
        for (name, value) in facts {
            let cells = [(*name, Weight::Bold, false), (value, Weight::Regular, false)];
            rows.push(self.row(&cells, &widths, RowKind::Fact));
        }
        let body = Element { kind: Tag::TBody.into(), children: rows };
        let table = Element { kind: Tag::Table.into(), children: vec![Child::Element(body)] };
        self.tree.push(table);
        self.y += 8.0;
    }

    /// A table. Its headings stand again on every page that it comes to.
    pub fn table(&mut self, columns: &[Column], rows: &[Vec<String>]) {
        let all: f32 = columns.iter().map(|column| column.share).sum();
        let width = WIDTH - 2.0 * MARGIN;
        let widths: Vec<f32> = columns.iter().map(|c| c.share / all * width).collect();
        let titles: Vec<(&str, Weight, bool)> =
            columns.iter().map(|column| (column.title, Weight::Bold, column.is_number)).collect();
        self.keep_together(60.0);
        let head = self.row(&titles, &widths, RowKind::Head);
        let mut body = Vec::with_capacity(rows.len());
        for row in rows {
            let cells: Vec<(&str, Weight, bool)> = row
                .iter()
                .zip(columns)
                .map(|(text, column)| (text.as_str(), Weight::Regular, column.is_number))
                .collect();
            if self.y + row_height(&cells, &widths) > bottom() {
                self.new_page();
                let decoration = self.row(&titles, &widths, RowKind::Repeated);
                drop(decoration);
            }
            body.push(self.row(&cells, &widths, RowKind::Body));
        }
        let head = Element { kind: Tag::THead.into(), children: vec![head] };
        let body = Element { kind: Tag::TBody.into(), children: body };
        let children = vec![Child::Element(head), Child::Element(body)];
        self.tree.push(Element { kind: Tag::Table.into(), children });
        self.y += 8.0;
    }

    /// A Code 128 bar code of a text, with the text below it.
    pub fn bar_code(&mut self, text: &str, alternative: &str) {
        const UNIT: f32 = 1.1;
        const TALL: f32 = 42.0;
        self.keep_together(TALL + 30.0);
        let mut boxes = Vec::new();
        for (place, is_dark) in bars(text).into_iter().enumerate() {
            // A quiet zone of ten units stands before it.
            let x = MARGIN + (place as f32 + 10.0) * UNIT;
            if is_dark {
                boxes.push([x, self.y, UNIT, TALL]);
            }
        }
        let content = self.content(vec![Mark::Boxes(boxes)]);
        let kind = Tag::Figure(Some(alternative.to_owned())).into();
        self.tree.push(Element { kind, children: vec![Child::Content(content)] });
        self.y += TALL + 4.0;
        let x = MARGIN + 10.0 * UNIT;
        let below = self.lines(text, x, WIDTH - 2.0 * MARGIN, SIZE, Weight::Regular);
        self.tree.push(Element { kind: Tag::P.into(), children: below });
        self.y += 8.0;
    }

    /// QR codes of texts, side by side, each with a caption of its own.
    pub fn square_codes(&mut self, codes: &[(String, String)], what: &str) {
        let step = (WIDTH - 2.0 * MARGIN) / SQUARES_IN_A_ROW as f32;
        let tall = SQUARE + 2.0 * SIZE * LEADING + 14.0;
        for row in codes.chunks(SQUARES_IN_A_ROW) {
            self.keep_together(tall);
            for (place, (text, caption)) in row.iter().enumerate() {
                let x = MARGIN + place as f32 * step;
                self.square_code(text, caption, what, x, step - 8.0);
            }
            self.y += tall;
        }
    }

    fn square_code(&mut self, text: &str, caption: &str, what: &str, x: f32, width: f32) {
        let (side, dark) = squares(text);
        // A quiet zone of four units stands around it.
        let unit = SQUARE / (side as f32 + 8.0);
        let place = |n: usize| (n as f32 + 4.0) * unit;
        let boxes = dark
            .into_iter()
            .map(|(column, row)| [x + place(column), self.y + place(row), unit, unit]);
        let boxes = boxes.collect();
        let code = self.content(vec![Mark::Boxes(boxes)]);
        let kind = Tag::Figure(Some(format!("QR code of the {what} {text}"))).into();
        self.tree.push(Element { kind, children: vec![Child::Content(code)] });
        let mut marks = Vec::new();
        for (number, (text, weight)) in
            [(text, Weight::Bold), (caption, Weight::Regular)].into_iter().enumerate()
        {
            let text = font::cut(text, width, SIZE, weight);
            let y = self.y + SQUARE + (number as f32 + 0.9) * SIZE * LEADING;
            marks.push(Mark::Text { x: x + 4.0 * unit, y, size: SIZE, weight, text: text + " " });
        }
        let caption = self.content(marks);
        let element = Element { kind: Tag::P.into(), children: vec![Child::Content(caption)] };
        self.tree.push(element);
    }

    /// Lines for people to write on, each with its name.
    pub fn blanks(&mut self, names: &[&str]) {
        for name in names {
            self.keep_together(34.0);
            self.y += 14.0;
            let at = self.y;
            let content = self.lines(name, MARGIN, 140.0, SIZE, Weight::Regular);
            self.tree.push(Element { kind: Tag::P.into(), children: content });
            let rule = [MARGIN + 150.0, at + SIZE * 1.2, WIDTH - 2.0 * MARGIN - 150.0, 0.6];
            self.decorate(vec![Mark::Boxes(vec![rule])]);
        }
    }

    /// Writes it.
    pub fn finish(self) -> Result<Vec<u8>, String> {
        write::write(self)
    }

    fn page(&mut self) -> &mut Vec<Piece> {
        self.pages.last_mut().expect("a document has a page")
    }

    fn new_page(&mut self) {
        self.pages.push(Vec::new());
        self.y = MARGIN;
    }

    /// Begins a new page when so much does not fit on this one.
    fn keep_together(&mut self, tall: f32) {
        if self.y + tall > bottom() {
            self.new_page();
        }
    }

    fn content(&mut self, marks: Vec<Mark>) -> usize {
        let number = self.contents;
        self.contents += 1;
        self.page().push(Piece { content: Some(number), marks });
        number
    }

    fn decorate(&mut self, marks: Vec<Mark>) {
        self.page().push(Piece { content: None, marks });
    }

    /// A text in as many lines as it takes; the next thing stands below it.
    fn lines(&mut self, text: &str, x: f32, width: f32, size: f32, weight: Weight) -> Vec<Child> {
        let mut contents = Vec::new();
        for line in font::broken(text, width, size, weight) {
            self.keep_together(size * LEADING);
            let y = self.y + size;
            let mark = Mark::Text { x, y, size, weight, text: line };
            contents.push(Child::Content(self.content(vec![mark])));
            self.y += size * LEADING;
        }
        contents
    }

    /// A row, each cell in as many lines as it takes, with a rule below.
    fn row(&mut self, cells: &[(&str, Weight, bool)], widths: &[f32], kind: RowKind) -> Child {
        let tall = row_height(cells, widths);
        self.keep_together(tall);
        let (top, mut x) = (self.y, MARGIN);
        let mut children = Vec::with_capacity(cells.len());
        for (place, ((text, weight, is_number), width)) in cells.iter().zip(widths).enumerate() {
            let mut marks = Vec::new();
            let inner = width - 2.0 * PADDING;
            for (number, line) in font::broken(text, inner, SIZE, *weight).into_iter().enumerate() {
                let shift =
                    if *is_number { inner - font::width(&line, SIZE, *weight) } else { 0.0 };
                let y = top + PADDING + SIZE + number as f32 * SIZE * LEADING;
                let x = x + PADDING + shift.max(0.0);
                marks.push(Mark::Text { x, y, size: SIZE, weight: *weight, text: line });
            }
            if kind == RowKind::Repeated {
                self.decorate(marks);
            } else {
                let content = Child::Content(self.content(marks));
                let kind = kind.cell(place);
                children.push(Child::Element(Element { kind, children: vec![content] }));
            }
            x += width;
        }
        self.y = top + tall;
        let rule = [MARGIN, self.y - 0.5, WIDTH - 2.0 * MARGIN, 0.5];
        self.decorate(vec![Mark::Boxes(vec![rule])]);
        Child::Element(Element { kind: Tag::TR.into(), children })
    }
}

/// Where the last line of a page ends.
fn bottom() -> f32 {
    HEIGHT - MARGIN - FOOT / 2.0
}

fn row_height(cells: &[(&str, Weight, bool)], widths: &[f32]) -> f32 {
    let lines = cells.iter().zip(widths).map(|((text, weight, _), width)| {
        font::broken(text, width - 2.0 * PADDING, SIZE, *weight).len()
    });
    lines.max().unwrap_or(1) as f32 * SIZE * LEADING + 2.0 * PADDING
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum RowKind {
    Head,
    /// The headings again, on another page: decoration.
    Repeated,
    Body,
    /// A name and its value.
    Fact,
}

impl RowKind {
    /// What a cell of this row means.
    fn cell(self, place: usize) -> TagKind {
        match (self, place) {
            (RowKind::Head | RowKind::Repeated, _) => Tag::TH(TableHeaderScope::Column).into(),
            (RowKind::Fact, 0) => Tag::TH(TableHeaderScope::Row).into(),
            (RowKind::Body | RowKind::Fact, _) => Tag::TD.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(rows: usize) -> Vec<u8> {
        let mut paper = Paper::new("Delivery note", "trf-000001", Timestamp::UNIX_EPOCH);
        paper.bar_code("trf-000001", "Code 128 bar code of trf-000001");
        paper.facts(&[("From", "Northern Light Ltd 🚚".to_owned()), ("Seals", String::new())]);
        let column = |title, is_number| Column { title, share: 1.0, is_number };
        let rows: Vec<Vec<String>> =
            (0..rows).map(|n| vec![format!("PAL{n:05}"), "896".to_owned()]).collect();
        paper.table(&[column("Pallet", false), column("Hubs", true)], &rows);
        paper.heading("Codes");
        let codes: Vec<(String, String)> =
            rows.iter().map(|row| (row[0].clone(), "896 hubs".to_owned())).collect();
        paper.square_codes(&codes, "pallet");
        paper.blanks(&["Received by"]);
        paper.finish().expect("it keeps to the standards")
    }

    #[test]
    fn a_document_keeps_to_the_standards_however_long_it_is() {
        for rows in [0, 1, 3, 120] {
            let bytes = sheet(rows);
            assert!(bytes.starts_with(b"%PDF-1.7"), "{rows}");
            let text = String::from_utf8_lossy(&bytes);
            assert!(text.contains("pdfuaid") && text.contains("pdfaid"), "{rows}");
        }
    }

    #[test]
    fn the_same_document_is_the_same_to_the_byte() {
        assert_eq!(sheet(40), sheet(40));
    }
}
