//! One hub: everything that it is and has been.

use domain::access::{Action, Actor, Sight};
use domain::ids::{ImportId, PartyId, TransferFileId};
use domain::inventory::SmiStatus;
use domain::parties::{Party, PartyBook};
use domain::timers::british_day;
use domain::{DeviceId, Refusal};
use jiff::Timestamp;
use jiff::civil::Date;
use store::Tx;
use store::inventory::{Delivered, HubRow};

use crate::{App, Error, Result, parties, versions};

/// Everything about one hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubLife {
    /// The CHF ID, which stands for the hub.
    pub chf: DeviceId,
    /// The GPF ID.
    pub gpf: DeviceId,
    /// Whether it was asked for by its GPF ID.
    pub asked_by_gpf: bool,
    /// Things about the ID that a person should look at.
    pub warnings: Vec<&'static str>,
    /// The responsible Party.
    pub party: Party,
    /// Since when.
    pub party_since: Timestamp,
    /// The SMI status.
    pub status: SmiStatus,
    /// Since when.
    pub status_since: Timestamp,
    /// When it was first installed.
    pub installed_at: Option<Timestamp>,
    /// What its delivery says.
    pub delivered: Delivered,
    /// The last day on which it may be installed.
    pub installation_end: Option<Date>,
    /// Days until then, negative after it.
    pub days_left: Option<i32>,
    /// Whether it is kept from moving.
    pub quarantined: bool,
    /// The version of its Party, status and quarantine.
    pub version: i64,
    /// Every responsible Party, the first one first, without gap or overlap.
    pub parties: Vec<Responsible>,
    /// Every status, the first one first.
    pub statuses: Vec<StatusPeriod>,
}

/// A Party's time of being responsible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Responsible {
    /// The Party.
    pub party: Party,
    /// From this instant.
    pub from: Timestamp,
    /// Up to this instant; none for the Party that is responsible now.
    pub until: Option<Timestamp>,
    /// How it became responsible.
    pub why: Why,
}

/// How a Party became responsible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It was delivered to it.
    Delivered,
    /// A transfer file of this name moved it.
    TransferFile(TransferFileId, String),
    /// An authorised snapshot moved it.
    Snapshot(ImportId),
}

/// A time in one status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusPeriod {
    /// The status.
    pub status: SmiStatus,
    /// From this instant.
    pub from: Timestamp,
    /// The import that said so; none for the delivery.
    pub import: Option<ImportId>,
}

/// Finds a hub by any form of its CHF or GPF ID.
///
/// A Party finds the hubs for which it is responsible, with its own times and its counterparties;
/// others do not exist for it.
pub fn hub(app: &App, actor: &Actor, id: &str) -> Result<HubLife> {
    let sight = actor.sight(Action::SeeHubs)?;
    let asked = DeviceId::parse(id).map_err(|mistake| Refusal::field("id", mistake.to_string()))?;
    let mut tx = app.db.read()?;
    let (row, asked_by_gpf) = find(&mut tx, asked)?.ok_or_else(|| not_found(asked))?;
    let book = parties::book(&mut tx)?;
    let parties = in_the_inventory(&mut tx, &row, &book)?;
    let parties = match sight {
        Sight::Everything => parties,
        Sight::Party(own) => as_seen_by(own, parties).ok_or_else(|| not_found(asked))?,
    };
    let last = parties.last().ok_or_else(|| Error::Damaged(format!("nobody has {}", row.id)))?;
    let (party, party_since) = (last.party.clone(), last.from);
    let installation_end = date(&row.delivered.installation_end);
    Ok(HubLife {
        chf: row.id,
        gpf: row.gpf,
        asked_by_gpf,
        warnings: warnings(row.id),
        party,
        party_since,
        status: row.status,
        status_since: row.status_at,
        installed_at: row.installed_at,
        installation_end,
        days_left: installation_end.map(|end| days_until(end, british_day(app.now()))),
        quarantined: row.quarantined,
        version: version_of(&row),
        statuses: statuses(&mut tx, &row)?,
        delivered: row.delivered,
        parties,
    })
}

/// What a Party sees of a hub's Parties: itself, from whom it came and to whom it went. Nothing
/// when the hub is not its own now.
fn as_seen_by(own: PartyId, parties: Vec<Responsible>) -> Option<Vec<Responsible>> {
    let is_own = |place: usize| parties.get(place).is_some_and(|r| r.party.id == own);
    if !is_own(parties.len().checked_sub(1)?) {
        return None;
    }
    let near = |place: usize| {
        is_own(place) || is_own(place + 1) || place.checked_sub(1).is_some_and(is_own)
    };
    let seen: Vec<bool> = (0..parties.len()).map(near).collect();
    Some(parties.into_iter().zip(seen).filter_map(|(r, seen)| seen.then_some(r)).collect())
}

fn not_found(asked: DeviceId) -> Refusal {
    let mut refusal = Refusal::not_found(format!("hub {asked}"));
    refusal.field = Some("id");
    refusal
}

/// The version of a hub: another one after each move, change of status and mark of quarantine.
pub(super) fn version_of(row: &HubRow) -> i64 {
    versions::of(&(row.last_move, row.last_change, row.quarantined))
}

/// The hub with this CHF or GPF ID, and whether it was the latter.
pub(super) fn find(tx: &mut Tx, asked: DeviceId) -> Result<Option<(HubRow, bool)>> {
    if let Some(row) = store::inventory::hub(tx, asked)? {
        return Ok(Some((row, false)));
    }
    let Some(chf) = store::inventory::chf_of_gpf(tx, asked)? else { return Ok(None) };
    Ok(store::inventory::hub(tx, chf)?.map(|row| (row, true)))
}

fn warnings(id: DeviceId) -> Vec<&'static str> {
    let mut all = Vec::new();
    if id.is_group() {
        all.push(
            "The ID has the group bit set, which no single device's should have. Check the label.",
        );
    }
    if id.is_local() {
        all.push("The ID has the local bit set: no manufacturer was given it. Check the label.");
    }
    all
}

/// The day of a column that may be empty.
pub(super) fn date(text: &str) -> Option<Date> {
    text.parse().ok()
}

/// Days from `today` to `end`.
pub(super) fn days_until(end: Date, today: Date) -> i32 {
    end.since(today).map_or(0, |span| span.get_days())
}

/// The instant from which the Party that a hub was delivered to is responsible: the start of the
/// day of acceptance, or of delivery.
pub(super) fn delivered_at(delivered: &Delivered) -> Timestamp {
    date(&delivered.accepted_on)
        .or_else(|| date(&delivered.delivered_on))
        .and_then(|day| day.in_tz("UTC").ok())
        .map_or(Timestamp::UNIX_EPOCH, |start| start.timestamp())
}

/// Every Party that the inventory has had a hub with, the first one first.
pub(crate) fn in_the_inventory(
    tx: &mut Tx,
    row: &HubRow,
    book: &PartyBook,
) -> Result<Vec<Responsible>> {
    let known = |id: PartyId| {
        book.by_id(id).cloned().ok_or_else(|| Error::Damaged(format!("there is no Party {id}")))
    };
    let moves = store::inventory::party_moves(tx, row.id, row.last_move)?;
    let until = moves.first().map(|m| m.at);
    // What was announced may have moved before the day on which it was to be accepted.
    let from = until.map_or(Timestamp::MAX, |until| until).min(delivered_at(&row.delivered));
    let mut all = vec![Responsible {
        party: known(row.delivered.delivered_to)?,
        from,
        until,
        why: Why::Delivered,
    }];
    for (index, change) in moves.iter().enumerate() {
        let why = match (&change.transfer_file, change.import) {
            (Some((id, name)), _) => Why::TransferFile(TransferFileId(*id), name.clone()),
            (None, import) => Why::Snapshot(ImportId(import.unwrap_or_default())),
        };
        all.push(Responsible {
            party: known(change.to)?,
            from: change.at,
            until: moves.get(index + 1).map(|m| m.at),
            why,
        });
    }
    Ok(all)
}

fn statuses(tx: &mut Tx, row: &HubRow) -> Result<Vec<StatusPeriod>> {
    let changes = store::inventory::status_changes(tx, row.id, row.last_change)?;
    let first = changes.first().map_or((row.status, row.status_at), |c| (c.from, c.from_at));
    let mut all = vec![StatusPeriod { status: first.0, from: first.1, import: None }];
    all.extend(changes.iter().map(|change| StatusPeriod {
        status: change.to,
        from: change.to_at,
        import: Some(ImportId(change.import)),
    }));
    Ok(all)
}
