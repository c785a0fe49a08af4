//! The lists of a transfer as tables: manifest, receipt, comparison, and the answers to additions.

use std::io::Write;

use domain::DeviceId;
use domain::access::{Action as Permission, Actor};
use domain::ids::{FileId, TransferId};
use domain::reconciliation::{Receipt, Received};
use domain::refusal::Refusal;
use domain::transfers::{LIST_COLUMNS, LineState, Mention, Side, read_list};
use store::Tx;
use store::transfers::{self as rows, LineSelection, TransferRow};

use super::facts::Stock;
use super::{Answer, ListKind, list, view};
use crate::tables::{Cell, Column, Format, Table};
use crate::{App, Error, Result};

const MANIFEST_COLUMNS: &[Column] =
    &[Column::text("CommsHubID"), Column::text("PalletID"), Column::text("BoxID")];
const RECEIPT_COLUMNS: &[Column] =
    &[Column::text("CommsHubID"), Column::text("Outcome"), Column::text("Reason")];
const LINE_COLUMNS: &[Column] = &[
    Column::text("CommsHubID"),
    Column::text("Outcome"),
    Column::text("State"),
    Column::text("Reason"),
    Column::text("Correction"),
    Column::text("Code"),
    Column::instant("AcceptedAt"),
    Column::instant("ClosedAt"),
];
/// The columns of the answers to an addition.
pub const ANSWER_COLUMNS: &[Column] = &[
    Column::int("line"),
    Column::text("given"),
    Column::text("CommsHubID"),
    Column::text("class"),
    Column::int("added"),
    Column::text("text"),
];

fn writing(error: std::io::Error) -> Error {
    Error::Io { doing: "write a list".into(), source: error }
}

/// Writes a list of a transfer and answers the name of the file. The manifest and the receipt can
/// be sent back as they are: a receipt that was not begun has a line for each hub that was
/// dispatched, for the receiver to fill in.
pub fn table(
    app: &App,
    actor: &Actor,
    id: TransferId,
    kind: ListKind,
    format: Format,
    out: Box<dyn Write + Send + '_>,
) -> Result<String> {
    let mut tx = app.db.read()?;
    let (row, _) = view::visible(&mut tx, actor, id, Permission::SeeTransfers)?;
    match kind {
        ListKind::Manifest => manifest(&mut tx, actor, &row, format, out)?,
        ListKind::Receipt => receipt(&mut tx, actor, &row, format, out)?,
        ListKind::Lines => lines(&mut tx, id, None, format, out)?,
        ListKind::Waiting => lines(&mut tx, id, Some(LineState::Waiting), format, out)?,
    }
    Ok(format!("{id}_{}.{}", kind.word(), format.word()))
}

fn manifest(
    tx: &mut Tx,
    actor: &Actor,
    row: &TransferRow,
    format: Format,
    out: Box<dyn Write + Send + '_>,
) -> Result<()> {
    let mut table = Table::new(format, MANIFEST_COLUMNS, out).map_err(writing)?;
    if let Some(file) = row.manifest {
        for (hub, pallet, of_box) in kept_manifest(tx, file)? {
            let cells = [Cell::Id(hub), Cell::Text(&pallet), Cell::Text(&of_box)];
            table.row(&cells).map_err(writing)?;
        }
    } else {
        list::may_see_list(tx, actor, row.id, Side::Sender)?;
        let keys: Vec<i64> =
            list::declared(tx, row.id, Side::Sender)?.iter().map(|l| l.hub.key()).collect();
        let stock = Stock::look(tx, row, &keys)?;
        let labels = rows::labels(tx, &stock.packs())?;
        for (place, key) in keys.iter().enumerate() {
            let pack = stock.hub(place).map(|hub| i64::from(stock.pack(hub).id));
            let (pallet, of_box) =
                pack.and_then(|pack| labels.get(&pack)).map_or(("", ""), |(p, b)| (p, b));
            let cells =
                [Cell::Id(DeviceId::from_key(*key)), Cell::Text(pallet), Cell::Text(of_box)];
            table.row(&cells).map_err(writing)?;
        }
    }
    table.finish().map_err(writing)?;
    Ok(())
}

/// The lines of a stored manifest, with their pallets and boxes.
pub(super) fn kept_manifest(tx: &mut Tx, file: FileId) -> Result<Vec<(DeviceId, String, String)>> {
    let bytes = store::files::whole(tx, file)?;
    let damaged = |what: String| Error::Damaged(format!("a manifest: {what}"));
    let mut records = domain::tabular::Records::new(&bytes, domain::tabular::Limits::default())
        .map_err(|e| damaged(e.to_string()))?;
    let mut lines = Vec::new();
    let mut is_header = true;
    while let Some(record) = records.next_record().map_err(|e| damaged(e.to_string()))? {
        if std::mem::take(&mut is_header) {
            continue;
        }
        let field = |n: usize| record.get(n).unwrap_or_default().to_owned();
        let hub = DeviceId::parse(&field(0)).map_err(|e| damaged(e.to_string()))?;
        lines.push((hub, field(1), field(2)));
    }
    Ok(lines)
}

fn receipt(
    tx: &mut Tx,
    actor: &Actor,
    row: &TransferRow,
    format: Format,
    out: Box<dyn Write + Send + '_>,
) -> Result<()> {
    let mut listed = match row.receipt {
        Some(file) => {
            let bytes = store::files::whole(tx, file)?;
            domain::transfers::read_receipt(&bytes)
                .map_err(|what| Error::Damaged(format!("a receipt: {what}")))?
        }
        None => {
            list::may_see_list(tx, actor, row.id, Side::Receiver)?;
            list::declared(tx, row.id, Side::Receiver)?
        }
    };
    let is_blank = listed.is_empty();
    if is_blank {
        let keys = rows::keys_in_state(tx, row.id, LineState::Dispatched)?;
        listed = keys
            .iter()
            .map(|key| Receipt {
                hub: DeviceId::from_key(*key),
                received: Received::Accepted,
                times: 1,
            })
            .collect();
    }
    let mut table = Table::new(format, RECEIPT_COLUMNS, out).map_err(writing)?;
    for line in &listed {
        let (outcome, reason) = match line.received {
            _ if is_blank => ("", ""),
            Received::Accepted => ("Accepted", ""),
            Received::Rejected(reason) => ("Rejected", reason.name()),
        };
        for _ in 0..line.times {
            table
                .row(&[Cell::Id(line.hub), Cell::Text(outcome), Cell::Text(reason)])
                .map_err(writing)?;
        }
    }
    table.finish().map_err(writing)?;
    Ok(())
}

fn lines(
    tx: &mut Tx,
    id: TransferId,
    state: Option<LineState>,
    format: Format,
    out: Box<dyn Write + Send + '_>,
) -> Result<()> {
    let mut table = Table::new(format, LINE_COLUMNS, out).map_err(writing)?;
    let selection = LineSelection { state, ..LineSelection::default() };
    let mut failed = None;
    rows::each_line(tx, id, &selection, |line| {
        let cells = [
            Cell::Id(line.hub),
            Cell::Text(line.outcome.map_or("", |outcome| outcome.name())),
            Cell::Text(line.state.name()),
            Cell::Text(line.reason.map_or("", |reason| reason.name())),
            Cell::Text(line.correction.map_or("", |correction| correction.word())),
            Cell::Text(&line.code),
            line.accepted_at.into(),
            line.closed_at.into(),
        ];
        if failed.is_none() {
            failed = table.row(&cells).err();
        }
        Ok(())
    })?;
    if let Some(error) = failed {
        return Err(writing(error));
    }
    table.finish().map_err(writing)?;
    Ok(())
}

/// Writes the answers to an addition.
pub fn answers_table(
    answers: &[Answer],
    format: Format,
    out: Box<dyn Write + Send + '_>,
) -> Result<()> {
    let mut table = Table::new(format, ANSWER_COLUMNS, out).map_err(writing)?;
    for answer in answers {
        let cells = [
            Cell::Int(answer.line.into()),
            Cell::Text(&answer.given),
            answer.hub.into(),
            Cell::Text(answer.class.word()),
            Cell::Int(answer.added as i64),
            Cell::Text(&answer.message),
        ];
        table.row(&cells).map_err(writing)?;
    }
    table.finish().map_err(writing)?;
    Ok(())
}

/// Writes an empty manifest or receipt, for people to fill in.
pub fn line_template(format: Format, out: Box<dyn Write + Send + '_>) -> Result<()> {
    let columns: Vec<Column> = LIST_COLUMNS.iter().map(|name| Column::text(name)).collect();
    Table::new(format, &columns, out).map_err(writing)?.finish().map_err(writing)?;
    Ok(())
}

/// The IDs that a list of lines to correct names: pasted, or the lines of a table that went out.
pub fn named_hubs(text: &[u8]) -> Result<Vec<DeviceId>> {
    let rows = match read_list(text) {
        Ok(rows) => rows,
        Err(_) => domain::transfers::pasted(&String::from_utf8_lossy(text)),
    };
    let mut hubs = Vec::with_capacity(rows.len());
    for row in rows {
        match row.mention {
            Mention::Hub(hub, _) => hubs.push(hub),
            Mention::Label(_, mistake) => {
                let message = format!("Line {}: {mistake}", row.line);
                return Err(Refusal::field("hubs", message).into());
            }
            Mention::Mistake(mistake) => {
                let message = format!("Line {}: {mistake}", row.line);
                return Err(Refusal::field("hubs", message).into());
            }
            Mention::Pallet { .. } => {
                let message = format!("Line {}: name the hubs one by one.", row.line);
                return Err(Refusal::field("hubs", message).into());
            }
        }
    }
    Ok(hubs)
}
