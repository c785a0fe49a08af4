//! A hub's line of the report, as CSV bytes or as the cells of any other table.

use std::collections::HashMap;

use domain::DeviceId;
use domain::ids::ReportRunId;
use domain::inventory::SmiStatus;
use domain::tabular::write_field;
use jiff::Timestamp;
use store::Tx;
use store::bulk::export::HubRow;
use store::delivery_report::{moves, party_references};

use super::packs::{Packs, Shown};
use crate::inventory::HUB_COLUMNS;
use crate::tables::{Cell, Column, joined, write_instant};
use crate::{App, Error, Result};

/// The report's columns.
pub const COLUMNS: &[Column] =
    &joined::<21>(&[&[Column::text("reportRunId"), Column::instant("generatedAt")], HUB_COLUMNS]);

/// All that a line takes beside the hub's own row, as of the report's instant.
pub struct Lines {
    run: String,
    generated_at: Timestamp,
    parties: HashMap<i64, String>,
    /// The instant of each move, by its number; `i64::MIN` where there is no such move.
    moves: Vec<i64>,
    packs: Packs,
    csv_start: Vec<u8>,
    csv_party: (i64, Vec<u8>),
    csv_instants: [(i64, Vec<u8>); 3],
}

impl Lines {
    /// Reads what changes (Parties and moves) in the transaction of the hubs.
    pub fn new(app: &App, tx: &mut Tx, run: ReportRunId, generated_at: Timestamp) -> Result<Lines> {
        let mut at = Vec::new();
        moves(tx, |id, instant| {
            let place = usize::try_from(id).expect("moves are numbered from 1");
            at.resize(place + 1, i64::MIN);
            at[place] = instant;
        })?;
        let mut csv_start = run.to_string().into_bytes();
        csv_start.push(b',');
        write_instant(&mut csv_start, generated_at);
        csv_start.push(b',');
        Ok(Lines {
            run: run.to_string(),
            generated_at,
            parties: party_references(tx)?.into_iter().collect(),
            moves: at,
            packs: Packs::new(app),
            csv_start,
            csv_party: (i64::MIN, Vec::new()),
            csv_instants: std::array::from_fn(|_| (i64::MIN, Vec::new())),
        })
    }

    /// Writes the hub's line as CSV. No cell is allocated: what hubs have in common is copied as it
    /// was written for the hub before.
    pub fn csv(&mut self, hub: &HubRow, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(&self.csv_start);
        DeviceId::from_key(hub.id).write_dashed(out);
        out.push(b',');
        DeviceId::from_key(hub.gpf).write_dashed(out);
        let shown = self.packs.get(hub.pack)?;
        out.extend_from_slice(&shown.csv);
        let from = responsible_from(&self.moves, hub, shown)?;
        if self.csv_party.0 != hub.party {
            self.csv_party = (hub.party, Vec::new());
            write_field(&mut self.csv_party.1, party(&self.parties, hub)?);
        }
        out.extend_from_slice(&self.csv_party.1);
        out.push(b',');
        instant(&mut self.csv_instants[0], from.map(Timestamp::as_microsecond), out);
        out.push(b',');
        out.extend_from_slice(status(hub)?.name().as_bytes());
        out.push(b',');
        instant(&mut self.csv_instants[1], Some(hub.status_at), out);
        out.push(b',');
        instant(&mut self.csv_instants[2], hub.installed_at, out);
        out.extend_from_slice(b"\r\n");
        Ok(())
    }

    /// The hub's cells.
    pub fn cells(&mut self, hub: &HubRow) -> Result<[Cell<'_>; 21]> {
        let shown = self.packs.get(hub.pack)?;
        let from = responsible_from(&self.moves, hub, shown)?;
        let [manufacturer, model, hardware, firmware, chts, han, wan] = &shown.model;
        let [region, order, consignment] = &shown.texts;
        Ok([
            (&self.run).into(),
            self.generated_at.into(),
            DeviceId::from_key(hub.id).into(),
            DeviceId::from_key(hub.gpf).into(),
            manufacturer.into(),
            model.into(),
            hardware.into(),
            firmware.into(),
            chts.into(),
            han.into(),
            wan.into(),
            region.into(),
            order.into(),
            consignment.into(),
            shown.delivered_on.into(),
            shown.accepted_on.into(),
            party(&self.parties, hub)?.into(),
            from.into(),
            status(hub)?.name().into(),
            micros(hub.status_at).into(),
            hub.installed_at.map(micros).into(),
        ])
    }
}

fn micros(at: i64) -> Timestamp {
    Timestamp::from_microsecond(at).unwrap_or_default()
}

fn party<'a>(parties: &'a HashMap<i64, String>, hub: &HubRow) -> Result<&'a str> {
    let known = parties.get(&hub.party).map(String::as_str);
    known.ok_or_else(|| damaged(hub, format_args!("Party {}", hub.party)))
}

fn status(hub: &HubRow) -> Result<SmiStatus> {
    let known = SmiStatus::from_code(hub.status);
    known.ok_or_else(|| damaged(hub, format_args!("status {}", hub.status)))
}

fn responsible_from(moves: &[i64], hub: &HubRow, shown: &Shown) -> Result<Option<Timestamp>> {
    if hub.last_move == 0 {
        return Ok(shown.responsible_from());
    }
    let at = usize::try_from(hub.last_move).ok().and_then(|place| moves.get(place));
    match at {
        Some(at) if *at != i64::MIN => Ok(Some(micros(*at))),
        _ => Err(damaged(hub, format_args!("move {}", hub.last_move))),
    }
}

fn damaged(hub: &HubRow, what: std::fmt::Arguments<'_>) -> Error {
    Error::Damaged(format!("{} names {what}, which is not there", DeviceId::from_key(hub.id)))
}

/// Writes an instant, or copies it when the hub before had the same.
fn instant(before: &mut (i64, Vec<u8>), at: Option<i64>, out: &mut Vec<u8>) {
    let Some(at) = at else { return };
    if before.0 != at || before.1.is_empty() {
        before.0 = at;
        before.1.clear();
        write_instant(&mut before.1, micros(at));
    }
    out.extend_from_slice(&before.1);
}
