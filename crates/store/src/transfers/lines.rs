//! The lines of transfers: one narrow row for each hub, changed many at a time.

use std::collections::BTreeMap;

use domain::DeviceId;
use domain::ids::{PartyId, TransferId};
use domain::reconciliation::Outcome;
use domain::transfers::{Correction, FaultReason, LineState};
use jiff::Timestamp;

use crate::bulk::load::tables::{Column, Table, insert};
use crate::error::Result;
use crate::value::{FromValue, Row, Value, added};
use crate::{Tx, args};

/// Keys that one statement names, at most.
const KEYS_AT_ONCE: usize = 500;

const TRANSFER_HUBS: Table = Table {
    name: "transfer_hubs",
    columns: &[
        ("transfer", Column::Big),
        ("hub", Column::Big),
        ("state", Column::Big),
        ("outcome", Column::Big),
        ("reason", Column::Big),
        ("correction", Column::Big),
        ("code", Column::Text),
        ("accepted_at", Column::Big),
        ("closed_at", Column::Big),
    ],
};

impl From<LineState> for Value {
    fn from(state: LineState) -> Value {
        Value::Int(state as i64)
    }
}

impl FromValue for LineState {
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value).and_then(LineState::from_code)
    }
}

/// How many lines of a transfer are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// On their way.
    pub dispatched: i64,
    /// Accepted; they go into the next transfer file.
    pub ready: i64,
    /// Somebody has to correct them.
    pub waiting: i64,
    /// The inventory has them with the receiver.
    pub moved: i64,
    /// They stay where they were.
    pub dropped: i64,
}

/// One hub of a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineRow {
    /// The hub.
    pub hub: DeviceId,
    /// Where the line stands.
    pub state: LineState,
    /// What the comparison came to; none before it.
    pub outcome: Option<Outcome>,
    /// Why the receiver turned it down.
    pub reason: Option<FaultReason>,
    /// What was done about it.
    pub correction: Option<Correction>,
    /// What the last transfer file said of it; empty before.
    pub code: String,
    /// When the receiver accepted it.
    pub accepted_at: Option<Timestamp>,
    /// When it moved, or was dropped.
    pub closed_at: Option<Timestamp>,
}

const COLUMNS: &str = "hub, state, outcome, reason, correction, code, accepted_at, closed_at";

fn line_row(row: &Row) -> LineRow {
    LineRow {
        hub: row.get(0),
        state: row.get(1),
        outcome: Outcome::from_code(row.get(2)),
        reason: FaultReason::from_code(row.get(3)),
        correction: Correction::from_code(row.get(4)),
        code: row.get(5),
        accepted_at: row.get(6),
        closed_at: row.get(7),
    }
}

fn code<T>(of: Option<T>, number: fn(T) -> i64) -> i64 {
    of.map_or(0, number)
}

/// Adds lines, in the order of their keys.
pub fn insert_lines(
    tx: &mut Tx,
    transfer: TransferId,
    lines: impl Iterator<Item = LineRow>,
) -> Result<()> {
    let rows = lines.map(|line| -> [Value; 9] {
        [
            transfer.into(),
            line.hub.into(),
            line.state.into(),
            code(line.outcome, |outcome| outcome as i64).into(),
            code(line.reason, |reason| reason as i64).into(),
            code(line.correction, |correction| correction as i64).into(),
            line.code.into(),
            line.accepted_at.into(),
            line.closed_at.into(),
        ]
    });
    insert(tx, TRANSFER_HUBS, rows)
}

/// What lines become. All of it is set but what is none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineChange {
    /// Where they stand.
    pub state: LineState,
    /// What the comparison came to.
    pub outcome: Option<Outcome>,
    /// Why the receiver turned them down.
    pub reason: Option<FaultReason>,
    /// What was done about them.
    pub correction: Option<Correction>,
    /// What the transfer file said of them.
    pub code: Option<String>,
    /// When the receiver accepted them.
    pub accepted_at: Option<Timestamp>,
    /// When they moved or were dropped.
    pub closed_at: Option<Timestamp>,
}

impl LineChange {
    /// To this state, and nothing else.
    pub fn to(state: LineState) -> LineChange {
        LineChange {
            state,
            outcome: None,
            reason: None,
            correction: None,
            code: None,
            accepted_at: None,
            closed_at: None,
        }
    }

    /// The assignments, and their values from parameter `from` on.
    fn assignments(&self, from: usize) -> (String, Vec<Value>) {
        let fields = [
            ("state", Some(Value::from(self.state))),
            ("outcome", self.outcome.map(|outcome| Value::Int(outcome as i64))),
            ("reason", self.reason.map(|reason| Value::Int(reason as i64))),
            ("correction", self.correction.map(|correction| Value::Int(correction as i64))),
            ("code", self.code.as_ref().map(Value::from)),
            ("accepted_at", self.accepted_at.map(Value::from)),
            ("closed_at", self.closed_at.map(Value::from)),
        ];
        let (mut texts, mut values) = (Vec::new(), Vec::new());
        for (name, value) in fields {
            if let Some(value) = value {
                texts.push(format!("{name} = ${}", from + values.len()));
                values.push(value);
            }
        }
        (texts.join(", "), values)
    }
}

/// Changes every line that is in this state. How many those were.
pub fn change_all(
    tx: &mut Tx,
    transfer: TransferId,
    in_state: LineState,
    change: &LineChange,
) -> Result<u64> {
    let (assignments, values) = change.assignments(3);
    let sql = format!("UPDATE transfer_hubs SET {assignments} WHERE transfer = $1 AND state = $2");
    let mut args = vec![Value::from(transfer), Value::from(in_state)];
    args.extend(values);
    tx.exec(&sql, &args)
}

/// Changes these lines, which are in one of two states. How many those were.
pub fn change_some(
    tx: &mut Tx,
    transfer: TransferId,
    hubs: &[i64],
    in_states: (LineState, LineState),
    change: &LineChange,
) -> Result<u64> {
    let mut changed = 0;
    for part in hubs.chunks(KEYS_AT_ONCE) {
        let (assignments, values) = change.assignments(4);
        let mut args: Vec<Value> = vec![transfer.into(), in_states.0.into(), in_states.1.into()];
        args.extend(values);
        let places = added(&mut args, part.iter().copied());
        let sql = format!(
            "UPDATE transfer_hubs SET {assignments}
             WHERE transfer = $1 AND state IN ($2, $3) AND hub IN ({places})"
        );
        changed += tx.exec(&sql, &args)?;
    }
    Ok(changed)
}

/// How many lines are in which state, counted.
pub fn counts(tx: &mut Tx, transfer: TransferId) -> Result<Counts> {
    let sql = "SELECT state, count(*) FROM transfer_hubs WHERE transfer = $1 GROUP BY state";
    let mut counts = Counts::default();
    for row in tx.all(sql, args![transfer])? {
        let number: i64 = row.get(1);
        match row.get(0) {
            LineState::Dispatched => counts.dispatched = number,
            LineState::Ready => counts.ready = number,
            LineState::Waiting => counts.waiting = number,
            LineState::Moved => counts.moved = number,
            LineState::Dropped => counts.dropped = number,
        }
    }
    Ok(counts)
}

/// How many lines came to what, and where they stand.
pub fn outcome_counts(tx: &mut Tx, transfer: TransferId) -> Result<Vec<(Outcome, LineState, i64)>> {
    let sql = "
        SELECT outcome, state, count(*) FROM transfer_hubs WHERE transfer = $1 AND outcome > 0
        GROUP BY outcome, state ORDER BY outcome, state";
    let rows = tx.all(sql, args![transfer])?;
    let counted = |row: &Row| Some((Outcome::from_code(row.get(0))?, row.get(1), row.get(2)));
    Ok(rows.iter().filter_map(counted).collect())
}

/// Which lines a list shows. What is empty does not narrow it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineSelection {
    /// Only those in this state.
    pub state: Option<LineState>,
    /// Only those with this outcome.
    pub outcome: Option<Outcome>,
    /// Only those after this key.
    pub after: Option<DeviceId>,
}

/// Lines in the order of their keys, at most so many.
pub fn lines(
    tx: &mut Tx,
    transfer: TransferId,
    selection: &LineSelection,
    most: i64,
) -> Result<Vec<LineRow>> {
    let (sql, args) = selected(transfer, selection, Some(most));
    Ok(tx.all(&sql, &args)?.iter().map(line_row).collect())
}

/// Every line that the selection lets through, in the order of their keys.
pub fn each_line(
    tx: &mut Tx,
    transfer: TransferId,
    selection: &LineSelection,
    mut take: impl FnMut(LineRow) -> Result<()>,
) -> Result<()> {
    let (sql, args) = selected(transfer, selection, None);
    tx.each(&sql, &args, |row| take(line_row(&row)))
}

fn selected(
    transfer: TransferId,
    selection: &LineSelection,
    most: Option<i64>,
) -> (String, Vec<Value>) {
    let mut wheres = "transfer = $1".to_owned();
    let mut args = vec![Value::from(transfer)];
    let narrow = [
        ("hub >", selection.after.map(Value::from)),
        ("state =", selection.state.map(Value::from)),
        ("outcome =", selection.outcome.map(|outcome| Value::Int(outcome as i64))),
    ];
    for (text, value) in narrow {
        if let Some(value) = value {
            args.push(value);
            wheres.push_str(&format!(" AND {text} ${}", args.len()));
        }
    }
    let limit = most.map_or(String::new(), |most| {
        args.push(most.into());
        format!(" LIMIT CAST(${} AS BIGINT)", args.len())
    });
    (format!("SELECT {COLUMNS} FROM transfer_hubs WHERE {wheres} ORDER BY hub{limit}"), args)
}

/// The keys of the lines in this state, in their order.
pub fn keys_in_state(tx: &mut Tx, transfer: TransferId, state: LineState) -> Result<Vec<i64>> {
    let sql = "SELECT hub FROM transfer_hubs WHERE transfer = $1 AND state = $2 ORDER BY hub";
    let mut keys = Vec::new();
    tx.each(sql, args![transfer, state], |row| {
        keys.push(row.get(0));
        Ok(())
    })?;
    Ok(keys)
}

/// One line.
pub fn line(tx: &mut Tx, transfer: TransferId, hub: DeviceId) -> Result<Option<LineRow>> {
    let sql = format!("SELECT {COLUMNS} FROM transfer_hubs WHERE transfer = $1 AND hub = $2");
    Ok(tx.opt(&sql, args![transfer, hub])?.as_ref().map(line_row))
}

/// The lines of these hubs, by their keys.
pub fn lines_of(tx: &mut Tx, transfer: TransferId, hubs: &[i64]) -> Result<BTreeMap<i64, LineRow>> {
    let mut found = BTreeMap::new();
    for part in hubs.chunks(KEYS_AT_ONCE) {
        let mut args = vec![Value::from(transfer)];
        let places = added(&mut args, part.iter().copied());
        let sql = format!(
            "SELECT {COLUMNS} FROM transfer_hubs WHERE transfer = $1 AND hub IN ({places})"
        );
        for row in tx.all(&sql, &args)? {
            found.insert(row.get(0), line_row(&row));
        }
    }
    Ok(found)
}

/// A time in which a hub was accepted by a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// The transfer.
    pub transfer: TransferId,
    /// The Party that sent it.
    pub sender: PartyId,
    /// The Party that accepted it.
    pub receiver: PartyId,
    /// Where its line stands.
    pub state: LineState,
    /// When it was dispatched.
    pub dispatched_at: Option<Timestamp>,
    /// When the receiver accepted it; none if it did not.
    pub accepted_at: Option<Timestamp>,
    /// When it moved or was dropped.
    pub closed_at: Option<Timestamp>,
}

/// Every transfer that a hub was in, the first one first.
pub fn passages(tx: &mut Tx, hub: DeviceId) -> Result<Vec<Passage>> {
    let sql = "
        SELECT t.id, t.sender, t.receiver, l.state, t.dispatched_at, l.accepted_at, l.closed_at
        FROM transfer_hubs l JOIN transfers t ON t.id = l.transfer
        WHERE l.hub = $1 ORDER BY t.id";
    let passage = |row: &Row| Passage {
        transfer: row.get(0),
        sender: row.get(1),
        receiver: row.get(2),
        state: row.get(3),
        dispatched_at: row.get(4),
        accepted_at: row.get(5),
        closed_at: row.get(6),
    };
    Ok(tx.all(sql, args![hub])?.iter().map(passage).collect())
}
