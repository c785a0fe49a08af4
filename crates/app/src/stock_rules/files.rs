//! The tables as files: out as their pages show them, and in again, whole.

use std::io::Write;

use domain::Refusal;
use domain::access::{Action, Actor};
use domain::stock_rules::{Dimension, Pair, Rule};
use domain::tabular::{Columns, Fields, Limits, Presence, Record, Records};
use jiff::civil::Date;
use store::Tx;
use store::stock_rules as rows;

use super::value;
use crate::journal::{By, Event, enact};
use crate::tables::{Cell, Column, Format, Table};
use crate::transfer_files::IdMistake;
use crate::{App, Error, Result, settings, sheet, versions};

/// One of the tables that the DCC edits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleTable {
    /// Which stock may stand in for which.
    Interchangeability,
    /// Installation end dates by CHTS version.
    InstallationEnds,
    /// Bank holidays.
    Holidays,
}

/// What a file changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Rows that were put in or changed.
    pub set: usize,
    /// Rows that were taken out, because the file does not have them.
    pub dropped: usize,
}

impl RuleTable {
    /// All of them.
    pub const ALL: &[RuleTable] =
        &[RuleTable::Interchangeability, RuleTable::InstallationEnds, RuleTable::Holidays];

    /// The word for it in addresses, on the command line and in files' names.
    pub const fn word(self) -> &'static str {
        match self {
            RuleTable::Interchangeability => "interchangeability",
            RuleTable::InstallationEnds => "installation-ends",
            RuleTable::Holidays => "holidays",
        }
    }

    /// The one of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|table| table.word() == word)
    }

    /// Its columns in a file.
    pub const fn columns(self) -> &'static [&'static str] {
        match self {
            RuleTable::Interchangeability => &["Dimension", "Offered", "Wanted", "Rule"],
            RuleTable::InstallationEnds => &["CHTSVersion", "InstallationEndDate"],
            RuleTable::Holidays => &["Day", "Name"],
        }
    }
}

/// One row of one of the tables.
#[derive(Clone, Debug, PartialEq, Eq)]
enum RuleRow {
    Pair(Pair),
    End(String, Date),
    Holiday(Date, String),
}

impl RuleRow {
    /// What makes two rows the same row.
    fn key(&self) -> String {
        match self {
            RuleRow::Pair(pair) => {
                format!("{} {} for {}", pair.dimension.word(), pair.offered, pair.wanted)
            }
            RuleRow::End(version, _) => version.clone(),
            RuleRow::Holiday(day, _) => day.to_string(),
        }
    }

    fn set(&self) -> Event {
        match self {
            RuleRow::Pair(pair) => Event::InterchangeabilitySet {
                dimension: pair.dimension.word().to_owned(),
                offered: pair.offered.clone(),
                wanted: pair.wanted.clone(),
                rule: pair.rule.word().to_owned(),
            },
            RuleRow::End(version, day) => Event::InstallationEndSet {
                chts_version: version.clone(),
                ends_on: day.to_string(),
            },
            RuleRow::Holiday(day, name) => {
                Event::HolidaySet { day: day.to_string(), name: name.clone() }
            }
        }
    }

    fn dropped(&self) -> Event {
        match self {
            RuleRow::Pair(pair) => Event::InterchangeabilityDropped {
                dimension: pair.dimension.word().to_owned(),
                offered: pair.offered.clone(),
                wanted: pair.wanted.clone(),
            },
            RuleRow::End(version, _) => {
                Event::InstallationEndDropped { chts_version: version.clone() }
            }
            RuleRow::Holiday(day, _) => Event::HolidayDropped { day: day.to_string() },
        }
    }
}

fn all(tx: &mut Tx, table: RuleTable) -> Result<Vec<RuleRow>> {
    Ok(match table {
        RuleTable::Interchangeability => rows::pairs(tx)?.into_iter().map(RuleRow::Pair).collect(),
        RuleTable::InstallationEnds => {
            rows::ends(tx)?.into_iter().map(|(version, day)| RuleRow::End(version, day)).collect()
        }
        RuleTable::Holidays => store::timers::holidays(tx)?
            .into_iter()
            .map(|(day, name)| RuleRow::Holiday(day, name))
            .collect(),
    })
}

/// The version of one of the tables, which changes with every row.
pub fn version(app: &App, actor: &Actor, table: RuleTable) -> Result<i64> {
    actor.must(Action::SeeStockRules)?;
    version_of(&mut app.db.read()?, table)
}

/// The same, in a transaction.
pub(super) fn version_of(tx: &mut Tx, table: RuleTable) -> Result<i64> {
    Ok(versions::of(&all(tx, table)?))
}

/// Writes one of the tables as a file.
pub fn export(
    app: &App,
    actor: &Actor,
    table: RuleTable,
    format: Format,
    out: &mut (dyn Write + Send),
) -> Result<u64> {
    actor.must(Action::SeeStockRules)?;
    let found = all(&mut app.db.read()?, table)?;
    let columns: Vec<Column> = table.columns().iter().map(|name| Column::text(name)).collect();
    let writing = || Error::io("write the table");
    let mut out = Table::new(format, &columns, out).map_err(writing())?;
    for row in &found {
        match row {
            RuleRow::Pair(pair) => out.row(&[
                Cell::Text(pair.dimension.word()),
                Cell::Text(&pair.offered),
                Cell::Text(&pair.wanted),
                Cell::Text(pair.rule.word()),
            ]),
            RuleRow::End(version, day) => {
                out.row(&[Cell::Text(version), Cell::Text(&day.to_string())])
            }
            RuleRow::Holiday(day, name) => {
                out.row(&[Cell::Text(&day.to_string()), Cell::Text(name)])
            }
        }
        .map_err(writing())?;
    }
    let written = out.rows();
    out.finish().map_err(writing())?;
    Ok(written)
}

/// Makes one of the tables what a file says, CSV or XLSX: what the file does not have is taken out.
/// A file with mistakes changes nothing, and each of them is answered.
pub fn load(
    app: &App,
    actor: &Actor,
    table: RuleTable,
    version: Option<i64>,
    bytes: &[u8],
) -> Result<std::result::Result<Changed, Vec<IdMistake>>> {
    actor.must(Action::ChangeStockRules)?;
    let csv;
    let bytes = if sheet::is_workbook(bytes) {
        let most_unpacked = settings::most_unpacked(&mut app.db.read()?)?;
        csv = sheet::to_csv(bytes, most_unpacked)?;
        &csv
    } else {
        bytes
    };
    let wanted = match read(table, bytes)? {
        Ok(wanted) => wanted,
        Err(mistakes) => return Ok(Err(mistakes)),
    };
    let mut tx = app.db.write()?;
    let here = all(&mut tx, table)?;
    versions::must_be(version, versions::of(&here))?;
    let (mut set, mut dropped) = (0, 0);
    for row in here.iter().filter(|row| !wanted.iter().any(|other| other.key() == row.key())) {
        enact(&mut tx, app, By::from(actor), &row.dropped())?;
        dropped += 1;
    }
    for row in wanted.iter().filter(|row| !here.contains(row)) {
        enact(&mut tx, app, By::from(actor), &row.set())?;
        set += 1;
    }
    tx.commit()?;
    app.bell.ring();
    Ok(Ok(Changed { set, dropped }))
}

type Read = std::result::Result<Vec<RuleRow>, Vec<IdMistake>>;

fn read(table: RuleTable, bytes: &[u8]) -> Result<Read> {
    let unreadable = |error: String| Refusal::field("file", error);
    let limits = Limits::default();
    let mut records = Records::new(bytes, limits).map_err(|e| unreadable(e.to_string()))?;
    let header = records.next_record().map_err(|e| unreadable(e.to_string()))?;
    let header = header.ok_or_else(|| unreadable("The file is empty.".to_owned()))?;
    let columns = Columns::of(&header, table.columns(), &[])
        .map_err(|error| unreadable(error.to_string()))?;
    let mut found: Vec<RuleRow> = Vec::new();
    let mut mistakes = Vec::new();
    while let Some(record) = records.next_record().map_err(|e| unreadable(e.to_string()))? {
        let mut mistake = |message: String| {
            let given = record.as_given().chars().take(60).collect();
            mistakes.push(IdMistake { line: record.line, given, message });
        };
        match row(table, &columns, &record) {
            Ok(row) if found.iter().any(|other| other.key() == row.key()) => {
                mistake(format!("{} stands in the file twice. Remove one.", row.key()));
            }
            Ok(row) => found.push(row),
            Err(message) => mistake(message),
        }
    }
    Ok(if mistakes.is_empty() { Ok(found) } else { Err(mistakes) })
}

fn row(
    table: RuleTable,
    columns: &Columns,
    record: &Record<'_>,
) -> std::result::Result<RuleRow, String> {
    let mut fields =
        Fields::of(record, columns, table.columns()).map_err(|wrong| wrong.to_string())?;
    let row = match table {
        RuleTable::Interchangeability => {
            let dimension = fields.one_of(0, Dimension::ALL, Dimension::word);
            let (offered, wanted) =
                (fields.text(1, 50, Presence::Required), fields.text(2, 50, Presence::Required));
            let rule = fields.one_of(3, Rule::ALL, Rule::word);
            if offered == wanted && !fields.has_problems() {
                fields.problem(2, "It is the same as what is offered; equal things match.");
            }
            let dimension = dimension.unwrap_or(Dimension::Region);
            for (index, text) in [(1, &offered), (2, &wanted)] {
                if let Err(Error::Refused(refusal)) = value("offered", dimension, text)
                    && !fields.has_problems()
                {
                    fields.problem(index, refusal.message);
                }
            }
            let rule = rule.unwrap_or(Rule::Never);
            RuleRow::Pair(Pair { dimension, offered, wanted, rule })
        }
        RuleTable::InstallationEnds => {
            RuleRow::End(fields.text(0, 20, Presence::Required), fields.date(1))
        }
        RuleTable::Holidays => {
            RuleRow::Holiday(fields.date(0), fields.text(1, 100, Presence::Required))
        }
    };
    fields.finish(row).map_err(|wrong| wrong.to_string())
}
