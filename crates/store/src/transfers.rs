//! Transfers, their lines, and the lists that are being built for them.

mod lines;
mod lists;

use std::collections::{HashMap, HashSet};

use domain::ids::{
    AllocationRunId, FileId, OfferId, PartyId, RequestId, TransferFileId, TransferId, UserId,
};
use domain::offers::Specification;
use domain::transfers::{Condition, Kind, State};
use jiff::Timestamp;

use crate::error::Result;
use crate::value::{FromValue, Row, Value, added};
use crate::{Tx, args};

pub use lines::{
    Counts, LineChange, LineRow, LineSelection, Passage, change_all, change_some, counts,
    each_line, insert_lines, keys_in_state, line, lines, lines_of, outcome_counts, passages,
};
pub use lists::{
    ListCounts, ListedRow, clear_list, each_listed, in_senders_lists, list_counts, list_manifest,
    listed, listed_among, put_listed, remove_listed, set_verdict,
};

macro_rules! named {
    ($($type:ty),+) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Value {
                Value::from(value.name())
            }
        }

        impl FromValue for $type {
            fn from_value(value: &Value) -> Option<Self> {
                String::from_value(value).and_then(|name| <$type>::from_name(&name))
            }
        }
    )+};
}

named!(State, Kind, Condition);

/// A transfer as it stands in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferRow {
    /// Its number.
    pub id: TransferId,
    /// How it came to be.
    pub kind: Kind,
    /// The offer that it is from.
    pub offer: Option<OfferId>,
    /// The request that was selected.
    pub request: Option<RequestId>,
    /// The run that selected it.
    pub run: Option<AllocationRunId>,
    /// The transfer that it takes back.
    pub reverses: Option<TransferId>,
    /// The Party whose hubs they are.
    pub sender: PartyId,
    /// The Party that they go to.
    pub receiver: PartyId,
    /// What was agreed.
    pub specification: Specification,
    /// The agreed firmware versions; empty for any.
    pub firmware: Vec<String>,
    /// How many hubs.
    pub quantity: i64,
    /// What the Parties said about it.
    pub notes: String,
    /// Where it is.
    pub state: State,
    /// Where it was when it was put on hold.
    pub held_from: Option<State>,
    /// When it was agreed or notified.
    pub agreed_at: Timestamp,
    /// Who notified it; nobody for what selection made.
    pub agreed_by: Option<UserId>,
    /// When the sender confirmed.
    pub sender_confirmed_at: Option<Timestamp>,
    /// Who did.
    pub sender_confirmed_by: Option<UserId>,
    /// When the receiver confirmed.
    pub receiver_confirmed_at: Option<Timestamp>,
    /// Who did.
    pub receiver_confirmed_by: Option<UserId>,
    /// When dispatch was declared.
    pub dispatched_at: Option<Timestamp>,
    /// Who declared it.
    pub dispatched_by: Option<UserId>,
    /// The day on which it left.
    pub dispatched_on: Option<String>,
    /// Who carries it.
    pub carrier: Option<String>,
    /// The number of the consignment note.
    pub consignment_note: Option<String>,
    /// The seals.
    pub seals: Option<String>,
    /// The sender's list.
    pub manifest: Option<FileId>,
    /// When arrival was declared.
    pub arrived_at: Option<Timestamp>,
    /// Who declared it.
    pub arrived_by: Option<UserId>,
    /// The day on which it arrived.
    pub arrived_on: Option<String>,
    /// In what condition.
    pub condition: Option<Condition>,
    /// What there is to say about that.
    pub condition_note: Option<String>,
    /// When the receipt was declared.
    pub received_at: Option<Timestamp>,
    /// Who declared it.
    pub received_by: Option<UserId>,
    /// The receiver's list.
    pub receipt: Option<FileId>,
    /// The transfer file that is under way, or was the last.
    pub transfer_file: Option<TransferFileId>,
    /// How many lines are in which state.
    pub counts: Counts,
    /// When it was completed, cancelled or lapsed.
    pub ended_at: Option<Timestamp>,
    /// Why it was cancelled or put on hold.
    pub reason: Option<String>,
    /// Counts its changes.
    pub version: i64,
}

const COLUMNS: &str = "id, kind, offer, request, run, reverses, sender, receiver, manufacturer,
    model, han_variant, wan_variant, region, firmware, quantity, notes, state, held_from, agreed_at,
    agreed_by, sender_confirmed_at, sender_confirmed_by, receiver_confirmed_at,
    receiver_confirmed_by, dispatched_at, dispatched_by, dispatched_on, carrier, consignment_note,
    seals, manifest, arrived_at, arrived_by, arrived_on, condition, condition_note, received_at,
    received_by, receipt, transfer_file, dispatched, ready, waiting, moved, dropped, ended_at,
    reason, version";

fn transfer(row: &Row) -> TransferRow {
    let firmware: String = row.get(13);
    TransferRow {
        id: row.get(0),
        kind: row.get(1),
        offer: row.get(2),
        request: row.get(3),
        run: row.get(4),
        reverses: row.get(5),
        sender: row.get(6),
        receiver: row.get(7),
        specification: Specification {
            manufacturer: row.get(8),
            model: row.get(9),
            han_variant: row.get(10),
            wan_variant: row.get(11),
            region: row.get(12),
        },
        firmware: firmware.lines().map(str::to_owned).collect(),
        quantity: row.get(14),
        notes: row.get(15),
        state: row.get(16),
        held_from: row.get(17),
        agreed_at: row.get(18),
        agreed_by: row.get(19),
        sender_confirmed_at: row.get(20),
        sender_confirmed_by: row.get(21),
        receiver_confirmed_at: row.get(22),
        receiver_confirmed_by: row.get(23),
        dispatched_at: row.get(24),
        dispatched_by: row.get(25),
        dispatched_on: row.get(26),
        carrier: row.get(27),
        consignment_note: row.get(28),
        seals: row.get(29),
        manifest: row.get(30),
        arrived_at: row.get(31),
        arrived_by: row.get(32),
        arrived_on: row.get(33),
        condition: row.get(34),
        condition_note: row.get(35),
        received_at: row.get(36),
        received_by: row.get(37),
        receipt: row.get(38),
        transfer_file: row.get(39),
        counts: Counts {
            dispatched: row.get(40),
            ready: row.get(41),
            waiting: row.get(42),
            moved: row.get(43),
            dropped: row.get(44),
        },
        ended_at: row.get(45),
        reason: row.get(46),
        version: row.get(47),
    }
}

/// One of them.
pub fn load(tx: &mut Tx, id: TransferId) -> Result<Option<TransferRow>> {
    let sql = format!("SELECT {COLUMNS} FROM transfers WHERE id = $1");
    Ok(tx.opt(&sql, args![id])?.as_ref().map(transfer))
}

/// Adds one. Its number is the next one, its version the first.
pub fn insert(tx: &mut Tx, row: &TransferRow) -> Result<()> {
    let sql = "
        INSERT INTO transfers (id, kind, offer, request, run, reverses, sender, receiver,
            manufacturer, model, han_variant, wan_variant, region, firmware, quantity, notes, state,
            agreed_at, agreed_by, dispatched, ready, waiting, moved, dropped, version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
            0, 0, 0, 0, 0, 1)";
    let s = &row.specification;
    let args = args![
        row.id,
        row.kind,
        row.offer,
        row.request,
        row.run,
        row.reverses,
        row.sender,
        row.receiver,
        &s.manufacturer,
        &s.model,
        &s.han_variant,
        &s.wan_variant,
        &s.region,
        row.firmware.join("\n"),
        row.quantity,
        &row.notes,
        row.state,
        row.agreed_at,
        row.agreed_by
    ];
    tx.exec(sql, args)?;
    Ok(())
}

/// Writes what can change of one, and counts the change.
pub fn update(tx: &mut Tx, row: &TransferRow) -> Result<()> {
    let sql = "
        UPDATE transfers SET state = $2, held_from = $3, sender_confirmed_at = $4,
            sender_confirmed_by = $5, receiver_confirmed_at = $6, receiver_confirmed_by = $7,
            dispatched_at = $8, dispatched_by = $9, dispatched_on = $10, carrier = $11,
            consignment_note = $12, seals = $13, manifest = $14, arrived_at = $15,
            arrived_by = $16, arrived_on = $17, condition = $18, condition_note = $19,
            received_at = $20, received_by = $21, receipt = $22, transfer_file = $23,
            dispatched = $24, ready = $25, waiting = $26, moved = $27, dropped = $28,
            ended_at = $29, reason = $30, version = version + 1
        WHERE id = $1";
    let args = args![
        row.id,
        row.state,
        row.held_from,
        row.sender_confirmed_at,
        row.sender_confirmed_by,
        row.receiver_confirmed_at,
        row.receiver_confirmed_by,
        row.dispatched_at,
        row.dispatched_by,
        row.dispatched_on.clone(),
        row.carrier.clone(),
        row.consignment_note.clone(),
        row.seals.clone(),
        row.manifest,
        row.arrived_at,
        row.arrived_by,
        row.arrived_on.clone(),
        row.condition,
        row.condition_note.clone(),
        row.received_at,
        row.received_by,
        row.receipt,
        row.transfer_file,
        row.counts.dispatched,
        row.counts.ready,
        row.counts.waiting,
        row.counts.moved,
        row.counts.dropped,
        row.ended_at,
        row.reason.clone()
    ];
    tx.exec(sql, args)?;
    Ok(())
}

/// Which transfers a list shows. What is empty does not narrow it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only those of this Party, on either side.
    pub party: Option<PartyId>,
    /// Only those in one of these states.
    pub states: Vec<State>,
    /// Only those of this kind.
    pub kind: Option<Kind>,
    /// Only those of this offer.
    pub offer: Option<OfferId>,
    /// Only those with lines that wait for a correction.
    pub only_waiting: bool,
    /// Only those of which something is still to come: before dispatch, on hold, or with open lines.
    pub only_open: bool,
    /// Only those of this Party as well, on either side.
    pub counterparty: Option<PartyId>,
    /// Only those with an open deadline that has passed at this instant.
    pub overdue_at: Option<Timestamp>,
    /// Only those with numbers below this one.
    pub before: Option<TransferId>,
}

/// The transfers of a list, the latest first.
pub fn list(tx: &mut Tx, selection: &Selection, most: i64) -> Result<Vec<TransferRow>> {
    let mut wheres = vec!["id < $1".to_owned()];
    let mut args = vec![Value::from(selection.before.map_or(i64::MAX, |id| id.0))];
    let mut add = |text: &dyn Fn(usize) -> String, value: Value| {
        args.push(value);
        wheres.push(text(args.len()));
    };
    for party in [selection.party, selection.counterparty].into_iter().flatten() {
        add(&|n| format!("(sender = ${n} OR receiver = ${n})"), party.into());
    }
    if let Some(now) = selection.overdue_at {
        let of_deadlines = |n: usize| {
            format!(
                "id IN (SELECT CAST(substr(subject, 5) AS BIGINT) FROM deadlines
                    WHERE settled_at IS NULL AND due_at <= ${n}
                        AND subject >= 'trf-' AND subject < 'trf.')"
            )
        };
        add(&of_deadlines, now.into());
    }
    if let Some(kind) = selection.kind {
        add(&|n| format!("kind = ${n}"), kind.into());
    }
    if let Some(offer) = selection.offer {
        add(&|n| format!("offer = ${n}"), offer.into());
    }
    if !selection.states.is_empty() {
        let names: Vec<String> =
            selection.states.iter().map(|state| format!("'{}'", state.name())).collect();
        wheres.push(format!("state IN ({})", names.join(", ")));
    }
    if selection.only_waiting {
        wheres.push("waiting > 0".to_owned());
    }
    if selection.only_open {
        let open = "id IN (
            SELECT id FROM transfers WHERE state IN ('Agreed', 'Confirmed', 'OnHold')
            UNION ALL
            SELECT id FROM transfers WHERE dispatched + ready + waiting > 0)";
        wheres.push(open.to_owned());
    }
    args.push(most.into());
    let (wheres, limit) = (wheres.join(" AND "), args.len());
    let sql = format!(
        "SELECT {COLUMNS} FROM transfers WHERE {wheres}
         ORDER BY id DESC LIMIT CAST(${limit} AS BIGINT)"
    );
    Ok(tx.all(&sql, &args)?.iter().map(transfer).collect())
}

/// A direct transfer of these Parties that one of them notified, and the other could as well.
pub fn same_notice(tx: &mut Tx, like: &TransferRow) -> Result<Option<TransferRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM transfers
         WHERE kind = 'direct' AND state = 'Agreed' AND sender = $1 AND receiver = $2
            AND manufacturer = $3 AND model = $4 AND han_variant = $5 AND wan_variant = $6
            AND region = $7 AND firmware = $8 AND quantity = $9
         ORDER BY id LIMIT 1"
    );
    let s = &like.specification;
    let args = args![
        like.sender,
        like.receiver,
        &s.manufacturer,
        &s.model,
        &s.han_variant,
        &s.wan_variant,
        &s.region,
        like.firmware.join("\n"),
        like.quantity
    ];
    Ok(tx.opt(&sql, args)?.as_ref().map(transfer))
}

/// Of a Party and a specification, agreed to be sent and not dispatched yet. What only the other Party
/// has notified does not bind it.
const OPEN_OUTGOING: &str = "
    sender = $1 AND manufacturer = $2 AND model = $3 AND han_variant = $4
        AND wan_variant = $5 AND region = $6 AND manifest IS NULL
        AND state IN ('Agreed', 'Confirmed', 'OnHold')
        AND (state IN ('Agreed', 'Confirmed') OR held_from IN ('Agreed', 'Confirmed'))
        AND (kind <> 'direct' OR sender_confirmed_at IS NOT NULL)";

fn outgoing_args(party: PartyId, of: &Specification) -> [Value; 6] {
    [
        party.into(),
        of.manufacturer.as_str().into(),
        of.model.as_str().into(),
        of.han_variant.as_str().into(),
        of.wan_variant.as_str().into(),
        of.region.as_str().into(),
    ]
}

/// How many hubs of this specification a Party has agreed to send and not dispatched yet, by the
/// firmware versions that were agreed on; none for any of them.
pub fn open_outgoing(
    tx: &mut Tx,
    party: PartyId,
    of: &Specification,
) -> Result<Vec<(Vec<String>, i64)>> {
    let sql = format!(
        "SELECT firmware, CAST(sum(quantity) AS BIGINT) FROM transfers
         WHERE {OPEN_OUTGOING} GROUP BY firmware ORDER BY firmware"
    );
    let rows = tx.all(&sql, &outgoing_args(party, of))?;
    let versions = |row: &Row| row.get::<String>(0).lines().map(str::to_owned).collect();
    Ok(rows.iter().map(|row| (versions(row), row.get(1))).collect())
}

/// The transfers of an offer, by number.
pub fn of_offer(tx: &mut Tx, offer: OfferId) -> Result<Vec<TransferId>> {
    let sql = "SELECT id FROM transfers WHERE offer = $1 ORDER BY id";
    Ok(tx.all(sql, args![offer])?.iter().map(|row| row.get(0)).collect())
}

/// The transfers of a request, by number.
pub fn of_request(tx: &mut Tx, request: RequestId) -> Result<Vec<TransferId>> {
    let sql = "
        SELECT t.id FROM transfers t JOIN requests r ON r.offer = t.offer
        WHERE r.id = $1 AND t.request = r.id ORDER BY t.id";
    Ok(tx.all(sql, args![request])?.iter().map(|row| row.get(0)).collect())
}

/// How many hubs of an offer are agreed in transfers that are not dispatched yet.
pub fn undispatched_of(tx: &mut Tx, offer: OfferId) -> Result<i64> {
    let sql = "
        SELECT CAST(coalesce(sum(quantity), 0) AS BIGINT) FROM transfers
        WHERE offer = $1 AND manifest IS NULL
            AND (state IN ('Agreed', 'Confirmed') OR held_from IN ('Agreed', 'Confirmed'))";
    Ok(tx.one("sum of transfers", sql, args![offer])?.get(0))
}

/// Whether any transfer has hubs on the way, or lines that are not closed.
pub fn any_open(tx: &mut Tx) -> Result<bool> {
    let sql = "SELECT 1 FROM transfers WHERE dispatched + ready + waiting > 0 LIMIT 1";
    Ok(tx.opt(sql, &[])?.is_some())
}

/// The transfer that a transfer file was prepared for.
pub fn of_file(tx: &mut Tx, file: TransferFileId) -> Result<Option<TransferRow>> {
    let sql = format!("SELECT {COLUMNS} FROM transfers WHERE transfer_file = $1");
    Ok(tx.opt(&sql, args![file])?.as_ref().map(transfer))
}

/// The transfer that takes this one back, unless it was called off: the latest.
pub fn reversal_of(tx: &mut Tx, id: TransferId) -> Result<Option<TransferId>> {
    let sql = "
        SELECT id FROM transfers
        WHERE reverses = $1 AND state NOT IN ('Cancelled', 'Lapsed') ORDER BY id DESC LIMIT 1";
    Ok(tx.opt(sql, args![id])?.map(|row| row.get(0)))
}

/// A device model, as far as a specification asks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of a delivery file, by their names")]
pub struct ModelRow {
    pub id: i64,
    pub manufacturer: String,
    pub model: String,
    pub firmware_version: String,
    pub chts_version: String,
    pub han_variant: String,
    pub wan_variant: String,
}

impl ModelRow {
    /// Whether it is of the manufacturer, model and variants of a specification.
    pub fn is_of(&self, of: &Specification) -> bool {
        self.manufacturer == of.manufacturer && self.model == of.model && self.has_variants(of)
    }

    /// Whether it has the variants of a specification.
    pub fn has_variants(&self, of: &Specification) -> bool {
        self.han_variant == of.han_variant && self.wan_variant == of.wan_variant
    }
}

/// The device models, of which there are a few dozen.
pub fn models(tx: &mut Tx) -> Result<Vec<ModelRow>> {
    let sql = "
        SELECT id, manufacturer, model, firmware_version, chts_version, han_variant, wan_variant
        FROM models ORDER BY id";
    let model = |row: &Row| ModelRow {
        id: row.get(0),
        manufacturer: row.get(1),
        model: row.get(2),
        firmware_version: row.get(3),
        chts_version: row.get(4),
        han_variant: row.get(5),
        wan_variant: row.get(6),
    };
    Ok(tx.all(sql, &[])?.iter().map(model).collect())
}

/// The keys of the hubs that were delivered on a pallet, or in one box of it, in their order. A box
/// is found without its pallet too.
pub fn delivered_on(tx: &mut Tx, pallet: &str, of_box: &str) -> Result<Vec<i64>> {
    let mut args = Vec::new();
    let mut wheres = Vec::new();
    for (column, label) in [("l.pallet_id", pallet), ("p.box_id", of_box)] {
        if !label.is_empty() {
            args.push(Value::from(label));
            wheres.push(format!("{column} = ${}", args.len()));
        }
    }
    if wheres.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT h.id FROM pallets l JOIN packs p ON p.pallet = l.id JOIN hubs h ON h.pack = p.id
         WHERE {} ORDER BY h.id",
        wheres.join(" AND ")
    );
    let mut keys = Vec::new();
    tx.each(&sql, &args, |row| {
        keys.push(row.get(0));
        Ok(())
    })?;
    Ok(keys)
}

/// Those of these labels that a pallet or a box bears.
pub fn known_labels<'a>(
    tx: &mut Tx,
    labels: impl Iterator<Item = &'a str>,
) -> Result<HashSet<String>> {
    let labels: Vec<&str> = labels.collect::<HashSet<&str>>().into_iter().collect();
    let mut known = HashSet::with_capacity(labels.len());
    for part in labels.chunks(500) {
        let mut args = Vec::with_capacity(part.len());
        let places = added(&mut args, part.iter().copied());
        let sql = format!(
            "SELECT pallet_id FROM pallets WHERE pallet_id IN ({places})
             UNION SELECT box_id FROM packs WHERE box_id IN ({places})"
        );
        known.extend(tx.all(&sql, &args)?.iter().map(|row| row.get::<String>(0)));
    }
    Ok(known)
}

/// The labels of the pallet and the box of each of these packs, by the pack's number.
pub fn labels(tx: &mut Tx, packs: &[i64]) -> Result<HashMap<i64, (String, String)>> {
    let mut labels = HashMap::with_capacity(packs.len());
    for part in packs.chunks(500) {
        let mut args = Vec::with_capacity(part.len());
        let places = added(&mut args, part.iter().copied());
        let sql = format!(
            "SELECT p.id, l.pallet_id, p.box_id FROM packs p JOIN pallets l ON l.id = p.pallet
             WHERE p.id IN ({places})"
        );
        for row in tx.all(&sql, &args)? {
            labels.insert(row.get(0), (row.get(1), row.get(2)));
        }
    }
    Ok(labels)
}
