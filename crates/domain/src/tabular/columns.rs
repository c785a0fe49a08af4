//! Finding columns by name, in any order.

use std::fmt;

use super::Record;

/// Where the columns of a kind of file stand in one such file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    positions: Vec<Option<usize>>,
    width: usize,
}

/// A header line that does not fit its kind of file: everything that is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderError {
    /// Columns that must be there and are not.
    pub missing: Vec<String>,
    /// Columns that this kind of file does not have.
    pub unknown: Vec<String>,
    /// Columns that stand there more than once.
    pub repeated: Vec<String>,
}

impl Columns {
    /// Finds the required and then the optional columns among the header's names.
    pub fn find(
        header: &[&str],
        required: &[&str],
        optional: &[&str],
    ) -> Result<Columns, HeaderError> {
        let names: Vec<&str> = header.iter().map(|name| name.trim()).collect();
        let mut error = HeaderError::default();
        for (i, name) in names.iter().enumerate() {
            let list = if !required.contains(name) && !optional.contains(name) {
                &mut error.unknown
            } else if names[..i].contains(name) {
                &mut error.repeated
            } else {
                continue;
            };
            if !list.iter().any(|known| known == name) {
                list.push((*name).to_owned());
            }
        }
        let place = |wanted: &&str| names.iter().position(|name| name == wanted);
        let absent = required.iter().filter(|wanted| place(wanted).is_none());
        error.missing = absent.map(|name| (*name).to_owned()).collect();
        if error != HeaderError::default() {
            return Err(error);
        }
        let positions = required.iter().chain(optional).map(place).collect();
        Ok(Columns { positions, width: names.len() })
    }

    /// The same, of a header record.
    pub fn of(
        header: &Record<'_>,
        required: &[&str],
        optional: &[&str],
    ) -> Result<Columns, HeaderError> {
        let names: Vec<&str> = header.fields().collect();
        Self::find(&names, required, optional)
    }

    /// How many fields the header has, and so each record must have.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Where the column stands that was `index`-th among those asked for.
    pub fn position(&self, index: usize) -> Option<usize> {
        self.positions.get(index).copied().flatten()
    }

    /// The field of that column, without blanks around it; empty if there is none.
    pub fn get<'a>(&self, record: &Record<'a>, index: usize) -> &'a str {
        self.position(index).and_then(|at| record.get(at)).unwrap_or_default().trim()
    }
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lists = [
            (&self.missing, "is missing", "are missing"),
            (&self.unknown, "is not known", "are not known"),
            (&self.repeated, "stands there more than once", "stand there more than once"),
        ];
        let mut gap = "";
        for (names, one, several) in lists {
            if names.is_empty() {
                continue;
            }
            let shown: Vec<String> = names.iter().take(SHOWN).map(|n| shortened(n)).collect();
            let (noun, verb) =
                if names.len() == 1 { ("column", one) } else { ("columns", several) };
            write!(f, "{gap}The {noun} {}", shown.join(", "))?;
            if names.len() > SHOWN {
                write!(f, " and {} more", names.len() - SHOWN)?;
            }
            write!(f, " {verb}.")?;
            gap = " ";
        }
        Ok(())
    }
}

impl std::error::Error for HeaderError {}

const SHOWN: usize = 25;

/// A column's name in quotes, cut where it gets too long to read.
fn shortened(name: &str) -> String {
    let cut: String = name.chars().take(40).collect();
    if cut.len() < name.len() { format!("\"{cut}…\"") } else { format!("\"{cut}\"") }
}
