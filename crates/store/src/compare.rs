//! Two databases held against each other, table by table, in the order of the keys.
//!
//! [`TABLES`] lists what the journal rebuilds and [`NOT_REBUILT`] the rest, with the reason. File
//! numbers are compared by the hash of the file that they name.

mod tables;

use std::cmp::Ordering;
use std::collections::VecDeque;

use domain::DeviceId;
use jiff::Timestamp;

use crate::error::Result;
use crate::value::{Row, Value};
use crate::{Tx, args};

pub use tables::{NOT_REBUILT, TABLES, Table};

/// Rows that are read at once from either side.
const PAGE: i64 = 2048;

/// The first place at which a table is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The table.
    pub table: &'static str,
    /// The key of the row, such as `id 00-DB-…`.
    pub key: String,
    /// The column; none when one side has no such row.
    pub column: Option<&'static str>,
    /// What the live database has.
    pub live: String,
    /// What it should have.
    pub expected: String,
}

/// What a table came to: how many rows were alike, and where the first was not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// Rows that are alike, up to the first difference.
    pub rows: u64,
    /// The first difference.
    pub difference: Option<Difference>,
}

/// Holds one table of the live database against the rebuilt one. `progress` is told the rows.
pub fn table(
    live: &mut Tx,
    rebuilt: &mut Tx,
    table: &'static Table,
    progress: &mut dyn FnMut(u64),
) -> Result<Compared> {
    let columns = table.key.iter().copied().chain(table.columns.iter().copied());
    let spelled: Vec<String> = columns
        .map(|column| match table.files.contains(&column) {
            true => format!("(SELECT f.sha256 FROM files f WHERE f.id = t.{column})"),
            false => format!("t.{column}"),
        })
        .collect();
    let select = format!("SELECT {} FROM {} t", spelled.join(", "), table.name);
    let keys: Vec<String> = table.key.iter().map(|key| format!("t.{key}")).collect();
    let mut live = Pages::new(select.clone(), keys.clone(), live);
    let mut rebuilt = Pages::new(select, keys, rebuilt);
    compare(table.name, table.key, table.columns, &mut live, &mut rebuilt, progress)
}

/// The kept counts, and the scan that each must agree with.
const COUNTS: &[(&str, &[&str], &str)] = &[
    (
        "stock",
        &["party", "model", "region", "status"],
        "SELECT h.party AS party, p.model AS model, p.region AS region, h.status AS status,
            count(*) AS hubs
         FROM hubs h JOIN packs p ON p.id = h.pack
         GROUP BY h.party, p.model, p.region, h.status",
    ),
    (
        "pallet_stock",
        &["party", "pallet", "status"],
        "SELECT h.party AS party, p.pallet AS pallet, h.status AS status, count(*) AS hubs
         FROM hubs h JOIN packs p ON p.id = h.pack
         GROUP BY h.party, p.pallet, h.status",
    ),
];

/// A hub whose responsible Parties do not follow each other without a gap, from the Party that it
/// was delivered to, in the order of time, to the one that has it.
pub fn lives(tx: &mut Tx) -> Result<Option<(DeviceId, &'static str)>> {
    let last = "
        SELECT h.id FROM hubs h
        JOIN packs p ON p.id = h.pack
        LEFT JOIN party_moves m ON m.move = h.last_move AND m.hub = h.id
        WHERE h.party <> coalesce(m.to_party, p.delivered_to)
            OR (h.last_move <> 0 AND m.hub IS NULL)
        LIMIT 1";
    let before = "
        SELECT m.hub FROM party_moves m
        JOIN hubs h ON h.id = m.hub
        JOIN packs p ON p.id = h.pack
        JOIN moves v ON v.id = m.move
        LEFT JOIN party_moves b ON b.move = m.previous AND b.hub = m.hub
        LEFT JOIN moves w ON w.id = m.previous
        WHERE m.from_party <> coalesce(b.to_party, p.delivered_to)
            OR (m.previous <> 0 AND (b.hub IS NULL OR w.at > v.at OR m.previous >= m.move))
        LIMIT 1";
    for (sql, what) in [
        (last, "its Party is not the one that its last move or its delivery gave it to"),
        (before, "a move does not follow the one before it"),
    ] {
        if let Some(row) = tx.opt(sql, &[])? {
            return Ok(Some((row.get(0), what)));
        }
    }
    Ok(None)
}

/// Holds the kept counts against a scan of the hubs, each in turn.
pub fn counts(tx: &mut Tx) -> Result<Vec<Compared>> {
    let mut all = Vec::new();
    for (name, key, scan) in COUNTS {
        let columns = key.join(", ");
        let kept = format!("SELECT {columns}, hubs FROM {name} WHERE hubs <> 0 ORDER BY {columns}");
        let scan = format!("SELECT {columns}, hubs FROM ({scan}) s ORDER BY {columns}");
        let mut kept = Held(tx.all(&kept, &[])?.into());
        let mut counted = Held(tx.all(&scan, &[])?.into());
        all.push(compare(name, key, &["hubs"], &mut kept, &mut counted, &mut |_| ())?);
    }
    Ok(all)
}

/// Rows in the order of their key.
trait Rows {
    fn next(&mut self) -> Result<Option<Row>>;
}

struct Held(VecDeque<Row>);

impl Rows for Held {
    fn next(&mut self) -> Result<Option<Row>> {
        Ok(self.0.pop_front())
    }
}

/// Rows that are read a page at a time, each page after the key that the last one ended with.
struct Pages<'a> {
    tx: &'a mut Tx,
    first: String,
    following: String,
    keys: usize,
    held: VecDeque<Row>,
    last: Option<Vec<Value>>,
    ended: bool,
}

impl<'a> Pages<'a> {
    fn new(select: String, keys: Vec<String>, tx: &'a mut Tx) -> Pages<'a> {
        let order = format!("ORDER BY {} LIMIT {PAGE}", keys.join(", "));
        let places: Vec<String> = (1..=keys.len()).map(|n| format!("${n}")).collect();
        let (left, right) = (keys.join(", "), places.join(", "));
        Pages {
            tx,
            first: format!("{select} {order}"),
            following: format!("{select} WHERE ({left}) > ({right}) {order}"),
            keys: keys.len(),
            held: VecDeque::new(),
            last: None,
            ended: false,
        }
    }
}

impl Rows for Pages<'_> {
    fn next(&mut self) -> Result<Option<Row>> {
        if self.held.is_empty() && !self.ended {
            self.held = match &self.last {
                None => self.tx.all(&self.first, args![])?,
                Some(key) => self.tx.all(&self.following, key)?,
            }
            .into();
            self.ended = self.held.len() < PAGE as usize;
            self.last = self.held.back().map(|row| row.0[..self.keys].to_vec());
        }
        Ok(self.held.pop_front())
    }
}

fn compare(
    table: &'static str,
    key: &'static [&'static str],
    columns: &'static [&'static str],
    live: &mut dyn Rows,
    expected: &mut dyn Rows,
    progress: &mut dyn FnMut(u64),
) -> Result<Compared> {
    let mut rows = 0;
    let (mut ours, mut theirs) = (live.next()?, expected.next()?);
    loop {
        let order = match (&ours, &theirs) {
            (None, None) => return Ok(Compared { rows, difference: None }),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(ours), Some(theirs)) => by_key(ours, theirs, key.len()),
        };
        let row = if order == Ordering::Greater { &theirs } else { &ours };
        let row = row.as_ref().expect("the smaller one is there");
        let differs = |column, live, expected| {
            let key = shown_key(table, key, row);
            let difference = Some(Difference { table, key, column, live, expected });
            Ok(Compared { rows, difference })
        };
        match order {
            Ordering::Less => return differs(None, "a row".into(), "no row".into()),
            Ordering::Greater => return differs(None, "no row".into(), "a row".into()),
            Ordering::Equal => {}
        }
        let other = theirs.as_ref().expect("it is equal to the other");
        for (index, column) in (key.len()..).zip(columns) {
            if !is_alike(&row.0[index], &other.0[index]) {
                let (live, expected) = (&row.0[index], &other.0[index]);
                let show = |value| shown(table, column, value);
                let place = first_different_byte(live, expected);
                return differs(Some(column), show(live) + &place, show(expected) + &place);
            }
        }
        rows += 1;
        if rows % 65_536 == 0 {
            progress(rows);
        }
        (ours, theirs) = (live.next()?, expected.next()?);
    }
}

/// A truth value is a number on SQLite and its own kind on PostgreSQL.
fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        Value::Bool(truth) => Some(i64::from(*truth)),
        Value::Null | Value::Text(_) | Value::Bytes(_) => None,
    }
}

fn is_alike(a: &Value, b: &Value) -> bool {
    match (number(a), number(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

fn by_key(a: &Row, b: &Row, columns: usize) -> Ordering {
    let one = |(a, b): (&Value, &Value)| match (a, b) {
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Bytes(a), Value::Bytes(b)) => a.cmp(b),
        (a, b) => number(a).cmp(&number(b)),
    };
    let each = a.0[..columns].iter().zip(&b.0[..columns]).map(one);
    each.fold(Ordering::Equal, Ordering::then)
}

fn shown_key(table: &str, key: &[&str], row: &Row) -> String {
    let parts = key.iter().zip(&row.0);
    let parts: Vec<String> =
        parts.map(|(column, value)| format!("{column} {}", shown(table, column, value))).collect();
    parts.join(", ")
}

/// Where two long values differ, which look alike when only their beginnings are shown.
fn first_different_byte(a: &Value, b: &Value) -> String {
    match (a, b) {
        (Value::Bytes(a), Value::Bytes(b)) if a.len().max(b.len()) > 32 => {
            let alike = a.iter().zip(b).take_while(|(a, b)| a == b).count();
            format!(", different from byte {} on", alike + 1)
        }
        _ => String::new(),
    }
}

/// A value as a person reads it.
fn shown(table: &str, column: &str, value: &Value) -> String {
    let is_device = matches!((table, column), ("hubs", "id" | "gpf") | (_, "hub"));
    let is_instant = column == "at" || column.ends_with("_at");
    match value {
        Value::Null => "nothing".into(),
        Value::Bool(truth) => truth.to_string(),
        Value::Int(key) if is_device => DeviceId::from_key(*key).to_string(),
        Value::Int(micros) if is_instant => match Timestamp::from_microsecond(*micros) {
            Ok(instant) => instant.to_string(),
            Err(_) => micros.to_string(),
        },
        Value::Int(number) => number.to_string(),
        Value::Text(text) => format!("{text:?}"),
        Value::Bytes(bytes) => {
            let start: String = bytes.iter().take(32).map(|byte| format!("{byte:02x}")).collect();
            match bytes.len() {
                0..=32 => start,
                length => format!("{length} bytes that begin {start}"),
            }
        }
    }
}
