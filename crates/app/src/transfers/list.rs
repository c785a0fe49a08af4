//! Building a list before it is declared: by file, by paste, by scan, pallet by pallet. Each line is
//! answered at once.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::access::{Action as Permission, Actor};
use domain::ids::TransferId;
use domain::inventory::SmiStatus;
use domain::reconciliation::{Facts, Receipt, Received};
use domain::refusal::{Refusal, RefusalKind};
use domain::timers::british_day;
use domain::transfers::{FaultReason, ListRow, Mention, Side, State, pasted, read_list};
use domain::{DeviceId, refusal};
use jiff::civil::Date;
use store::Tx;
use store::bulk::facts::hubs_of_gpfs;
use store::held_hubs::{Holder, holders};
use store::transfers::{self as rows, TransferRow};

use super::facts::{Stock, in_order};
use super::view::{acting, visible};
use super::{Added, Answer, Class, ListEntry, ListState, Page};
use crate::{App, Error, Result, offers, settings, sheet, versions};

/// Entries in one part of a list, at most.
const MOST_AT_ONCE: usize = 1_000;
/// The longest text that can be pasted, in bytes.
const LONGEST_PASTE: usize = 16 << 20;

/// The permission to build the list of a side.
fn permission(side: Side) -> Permission {
    match side {
        Side::Sender => Permission::Dispatch,
        Side::Receiver => Permission::Receive,
    }
}

/// A transfer whose list of this side is being built, by somebody who may build it.
pub(super) fn open_list(
    tx: &mut Tx,
    actor: &Actor,
    id: TransferId,
    side: Side,
) -> Result<TransferRow> {
    let row = acting(tx, actor, id, permission(side), side)?;
    let (is_open, when) = match side {
        Side::Sender => (row.state == State::Confirmed, "while it waits to be dispatched"),
        Side::Receiver => (
            matches!(row.state, State::Dispatched | State::Arrived),
            "between its dispatch and its receipt",
        ),
    };
    if is_open {
        return Ok(row);
    }
    let message = format!(
        "The {}'s list of this transfer can be changed only {when}: its state is {}.",
        side.name(),
        row.state.words().to_lowercase()
    );
    Err(Refusal::new(RefusalKind::WrongState, message).into())
}

/// How the list of a side stands.
pub fn list_state(app: &App, actor: &Actor, id: TransferId, side: Side) -> Result<ListState> {
    let mut tx = app.db.read()?;
    let row = acting(&mut tx, actor, id, permission(side), side)?;
    state(&mut tx, &row, side)
}

fn state(tx: &mut Tx, row: &TransferRow, side: Side) -> Result<ListState> {
    let counts = rows::list_counts(tx, row.id, side)?;
    let offer = match row.offer.filter(|_| side == Side::Sender) {
        Some(offer) => store::offers::load(tx, offer)?,
        None => None,
    };
    Ok(ListState {
        offer_lists: offer.is_some_and(|offer| offer.ids_file.is_some()),
        hubs: counts.hubs,
        rejected: counts.rejected,
        repeated: counts.repeated,
        expected: match side {
            Side::Sender => row.quantity,
            Side::Receiver => row.counts.dispatched,
        },
        version: counts.changes,
    })
}

/// Refuses when the list has changed since the person saw it.
pub(super) fn must_be_as_seen(
    tx: &mut Tx,
    (id, side): (TransferId, Side),
    seen: Option<i64>,
) -> Result<()> {
    match seen {
        Some(_) => Ok(versions::must_be(seen, rows::list_counts(tx, id, side)?.changes)?),
        None => Ok(()),
    }
}

/// Part of the list of a side, by ID.
pub fn list_entries(
    app: &App,
    actor: &Actor,
    id: TransferId,
    side: Side,
    after: Option<DeviceId>,
    most: usize,
) -> Result<Page<ListEntry, DeviceId>> {
    let mut tx = app.db.read()?;
    acting(&mut tx, actor, id, permission(side), side)?;
    let most = most.clamp(1, MOST_AT_ONCE);
    let mut found = rows::listed(&mut tx, (id, side), after, (most + 1) as i64)?;
    let next = (found.len() > most).then(|| found[most - 1].listed.hub);
    found.truncate(most);
    let entry = |row: rows::ListedRow| ListEntry {
        hub: row.listed.hub,
        received: row.listed.received,
        is_repeated: row.listed.times > 1,
        added_at: row.added_at,
    };
    Ok(Page { items: found.into_iter().map(entry).collect(), next })
}

/// Adds what a manifest or receipt names, CSV or XLSX.
pub fn add_file(
    app: &App,
    actor: &Actor,
    id: TransferId,
    side: Side,
    bytes: &[u8],
) -> Result<Added> {
    open_list(&mut app.db.read()?, actor, id, side)?;
    let csv;
    let text = match sheet::is_workbook(bytes) {
        true => {
            csv = sheet::to_csv(bytes, settings::most_unpacked(&mut app.db.read()?)?)?;
            &csv
        }
        false => bytes,
    };
    let given = read_list(text).map_err(|why| Refusal::field("file", why.to_string()))?;
    add(app, actor, id, side, given, Repeats::AreSaid)
}

/// Adds what was pasted: IDs, pallets and boxes, one in each line or cell.
pub fn add_text(app: &App, actor: &Actor, id: TransferId, side: Side, text: &str) -> Result<Added> {
    if text.len() > LONGEST_PASTE {
        let message = "Paste less at a time, or send a file.";
        return Err(Refusal::field("ids", message).into());
    }
    let given = pasted(text);
    if given.is_empty() {
        return Err(Refusal::field("ids", "Enter at least one ID, pallet or box.").into());
    }
    add(app, actor, id, side, given, Repeats::AreSaid)
}

/// Adds one thing that was scanned: an ID, a pallet or a box.
pub fn scan(app: &App, actor: &Actor, id: TransferId, side: Side, code: &str) -> Result<Added> {
    scan_all(app, actor, id, side, &[code.to_owned()])
}

/// Adds what was scanned one after the other, in one transaction. The line of an answer is the place
/// of its code among those given, from 1.
///
/// Whoever scans a label twice has one hub in hand, so what is scanned again counts once.
pub fn scan_all(
    app: &App,
    actor: &Actor,
    id: TransferId,
    side: Side,
    codes: &[String],
) -> Result<Added> {
    let first = |(line, code): (u32, &String)| {
        let row = pasted(code).into_iter().next()?;
        Some(ListRow { line, ..row })
    };
    let given: Vec<ListRow> = (1..).zip(codes).filter_map(first).collect();
    if given.is_empty() {
        return Err(Refusal::field("code", "Scan or type an ID, a pallet or a box.").into());
    }
    add(app, actor, id, side, given, Repeats::CountOnce)
}

/// What it says about a hub when an addition names it more than once.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeats {
    /// That the receiver's list has it more than once.
    AreSaid,
    /// Nothing.
    CountOnce,
}

/// A hub that a line names.
#[derive(Clone, Copy)]
struct Named {
    /// The place of the line among those given.
    line: usize,
    key: i64,
    /// The GPF ID that stands beside it.
    gpf: Option<DeviceId>,
    /// Whether the line names a pallet or box that it is on.
    is_of_pallet: bool,
}

/// Adds the hubs that these lines name, as far as they belong into the list.
fn add(
    app: &App,
    actor: &Actor,
    id: TransferId,
    side: Side,
    given: Vec<ListRow>,
    repeats: Repeats,
) -> Result<Added> {
    let most = settings::number_of(&mut app.db.read()?, &settings::TRANSFER_FILE_MOST_LINES)?;
    if given.len() as i64 > most {
        let message = format!("The list has more than {most} lines. Send it in parts.");
        return Err(Refusal::new(refusal::RefusalKind::TooLarge, message).into());
    }
    let mut tx = app.db.read()?;
    let row = open_list(&mut tx, actor, id, side)?;
    let (named, unnamed) = named(&mut tx, &row, side, &given)?;
    let keys = in_order(named.iter().map(|named| named.key));
    let seen = Seen::look(&mut tx, &row, side, &keys, &named, british_day(app.now()))?;
    drop(tx);
    let mut tx = app.db.write()?;
    let row = open_list(&mut tx, actor, id, side)?;
    let mut list = Listing {
        listed: rows::listed_among(&mut tx, (id, side), &keys)?,
        before: state(&mut tx, &row, side)?,
        new: BTreeMap::new(),
        repeats,
    };
    let mut answers = vec![None; given.len()];
    for (place, message) in unnamed {
        answers[place] = Some((Class::Unknown, None, 0, message));
    }
    let mut more = Vec::new();
    for named in &named {
        let verdict = given[named.line].verdict;
        let (class, message) = list.take(&seen, named, side, verdict);
        let hub = DeviceId::from_key(named.key);
        let added = u64::from(list.new.contains_key(&named.key) && class != Class::Duplicate);
        if named.is_of_pallet {
            let summary = answers[named.line].get_or_insert((Class::Good, None, 0, String::new()));
            summary.2 += added;
            if class == Class::Wrong || class == Class::Unknown {
                summary.0 = Class::Wrong;
                more.push((named.line, class, hub, added, message));
            }
        } else {
            answers[named.line] = Some((class, Some(hub), added, message));
        }
    }
    let new: Vec<Receipt> = list.new.into_values().collect();
    rows::put_listed(&mut tx, (id, side), &new, (actor.user, app.now()))?;
    let state = state(&mut tx, &row, side)?;
    tx.commit()?;
    let answers = in_words(&given, answers, more);
    Ok(Added { answers, added: new.len() as u64, list: state })
}

type Summary = (Class, Option<DeviceId>, u64, String);

/// The answers in the order of the lines; those about hubs of a pallet follow the pallet's.
fn in_words(
    given: &[ListRow],
    answers: Vec<Option<Summary>>,
    more: Vec<(usize, Class, DeviceId, u64, String)>,
) -> Vec<Answer> {
    let mut more = more.into_iter().peekable();
    let mut out = Vec::with_capacity(given.len());
    for (place, (row, answer)) in given.iter().zip(answers).enumerate() {
        let (class, hub, added, message) = answer.unwrap_or_else(|| {
            (Class::Unknown, None, 0, "There is no hub of it in this list's reach.".to_owned())
        });
        let is_pallet = hub.is_none() && class != Class::Unknown;
        let class =
            if is_pallet && class == Class::Good && added == 0 { Class::Duplicate } else { class };
        let message = match (is_pallet, added) {
            (false, _) => message,
            (true, 0) => "None of its hubs was added.".to_owned(),
            (true, 1) => "1 hub of it was added.".to_owned(),
            (true, added) => format!("{added} hubs of it were added."),
        };
        out.push(Answer { line: row.line, given: row.given.clone(), hub, class, added, message });
        while let Some((_, class, hub, added, message)) = more.next_if(|(line, ..)| *line == place)
        {
            let given = row.given.clone();
            out.push(Answer { line: row.line, given, hub: Some(hub), class, added, message });
        }
    }
    out
}

/// Lines that name no hub: the place of each, and the reason.
type Unnamed = Vec<(usize, String)>;

/// The hubs that the lines name, in their order, and the lines that name none, with the reason.
///
/// A pallet is expanded from the delivery records: for the sender to those of its hubs that it has,
/// for the receiver to those that were dispatched. Of other Parties' hubs nothing is said.
fn named(
    tx: &mut Tx,
    row: &TransferRow,
    side: Side,
    given: &[ListRow],
) -> Result<(Vec<Named>, Unnamed)> {
    let labels = given.iter().flat_map(|listed| match &listed.mention {
        Mention::Hub(..) | Mention::Mistake(_) => ["", ""],
        Mention::Pallet { pallet, of_box } => [pallet.as_str(), of_box.as_str()],
        Mention::Label(label, _) => [label.as_str(), ""],
    });
    let known = rows::known_labels(tx, labels.filter(|label| !label.is_empty()))?;
    let mut hubs = Vec::with_capacity(given.len());
    let mut others = Vec::new();
    let mut pallets: HashMap<(String, String), Vec<i64>> = HashMap::new();
    for (line, listed) in given.iter().enumerate() {
        let labels: Vec<(&str, &str)> = match &listed.mention {
            Mention::Hub(hub, gpf) => {
                hubs.push(Named { line, key: hub.key(), gpf: *gpf, is_of_pallet: false });
                continue;
            }
            Mention::Mistake(mistake) => {
                others.push((line, mistake.clone()));
                continue;
            }
            Mention::Pallet { pallet, of_box } => vec![(pallet, of_box)],
            Mention::Label(label, _) => vec![(label, ""), ("", label)],
        };
        let mut found = Vec::new();
        let is_known = |label: &str| label.is_empty() || known.contains(label);
        for (pallet, of_box) in labels {
            if !is_known(pallet) || !is_known(of_box) {
                continue;
            }
            let name = (pallet.to_owned(), of_box.to_owned());
            if !pallets.contains_key(&name) {
                let delivered = rows::delivered_on(tx, pallet, of_box)?;
                let keys = within_reach(tx, row, side, delivered)?;
                pallets.insert(name.clone(), keys);
            }
            found = pallets[&name].clone();
            if !found.is_empty() {
                break;
            }
        }
        if found.is_empty() {
            others.push((line, no_such_label(listed, side)));
        }
        let of_pallet = |key| Named { line, key, gpf: None, is_of_pallet: true };
        hubs.extend(found.into_iter().map(of_pallet));
    }
    Ok((hubs, others))
}

fn no_such_label(listed: &ListRow, side: Side) -> String {
    let none = match side {
        Side::Sender => "No hub of yours was delivered on a pallet or in a box of this name.",
        Side::Receiver => {
            "No hub of this dispatch was delivered on a pallet or in a box of this name."
        }
    };
    match &listed.mention {
        Mention::Label(_, mistake) => format!("{mistake} {none}"),
        _ => none.to_owned(),
    }
}

/// Those of a pallet's hubs of which this side may hear.
fn within_reach(tx: &mut Tx, row: &TransferRow, side: Side, keys: Vec<i64>) -> Result<Vec<i64>> {
    if keys.is_empty() {
        return Ok(keys);
    }
    match side {
        Side::Sender => {
            let stock = Stock::look(tx, row, &keys)?;
            let is_senders = |place: usize| stock.facts(place).is_some_and(|f| f.is_senders);
            let pairs = keys.iter().enumerate().filter(|(place, _)| is_senders(*place));
            Ok(pairs.map(|(_, key)| *key).collect())
        }
        Side::Receiver => Ok(rows::lines_of(tx, row.id, &keys)?.into_keys().collect()),
    }
}

/// What is known of every hub that an addition names.
struct Seen {
    keys: Vec<i64>,
    known: Vec<Known>,
    gpfs: HashMap<i64, i64>,
}

/// Whether a hub belongs into a list.
#[derive(Clone, Debug)]
enum Known {
    /// It does.
    Fits,
    /// It goes in as an exception: the receiver has it, and it was never dispatched.
    Exception(String),
    /// The ID is that of a Gas Proxy Function; the CHF ID is said to those who may know it.
    Gpf(Option<DeviceId>),
    /// There is no such hub.
    Unknown,
    /// It does not, and why.
    No(String),
}

impl Seen {
    fn look(
        tx: &mut Tx,
        row: &TransferRow,
        side: Side,
        keys: &[i64],
        named: &[Named],
        today: Date,
    ) -> Result<Seen> {
        let stock = Stock::look(tx, row, keys)?;
        let missing: Vec<(u32, i64)> = (0..)
            .zip(keys)
            .enumerate()
            .filter(|(place, _)| stock.hub(*place).is_none())
            .map(|(_, (place, key))| (place, *key))
            .collect();
        let of_gpfs: HashMap<u32, i64> = hubs_of_gpfs(tx, &missing)?.into_iter().collect();
        let chfs = in_order(of_gpfs.values().copied());
        let known = match side {
            Side::Sender => {
                let theirs = Stock::look(tx, row, &chfs)?;
                let is_theirs = |chf: i64| {
                    let place = chfs.binary_search(&chf).ok();
                    place.and_then(|place| theirs.facts(place)).is_some_and(|f| f.is_senders)
                };
                let held = holders(tx, keys)?;
                let belongs = belongings(tx, row, keys, &held)?;
                let known = |place: usize| match (stock.hub(place), of_gpfs.get(&(place as u32))) {
                    (Some(_), _) => {
                        of_sender(row, &stock, place, held[place], belongs[place], today)
                    }
                    (None, Some(chf)) => {
                        Known::Gpf(is_theirs(*chf).then(|| DeviceId::from_key(*chf)))
                    }
                    (None, None) => Known::Unknown,
                };
                (0..keys.len()).map(known).collect()
            }
            Side::Receiver => {
                let mut asked = keys.to_vec();
                asked.extend(&chfs);
                let sent = rows::lines_of(tx, row.id, &in_order(asked.into_iter()))?;
                let known = |place: usize| match of_gpfs.get(&(place as u32)) {
                    _ if sent.contains_key(&keys[place]) => Known::Fits,
                    Some(chf) => {
                        Known::Gpf(sent.contains_key(chf).then(|| DeviceId::from_key(*chf)))
                    }
                    None => Known::Exception(NEVER_DISPATCHED.to_owned()),
                };
                (0..keys.len()).map(known).collect()
            }
        };
        let gpfs = in_order(named.iter().filter_map(|n| n.gpf).map(DeviceId::key));
        let gpfs: Vec<(u32, i64)> = (0..).zip(gpfs).collect();
        let chf_of: HashMap<u32, i64> = hubs_of_gpfs(tx, &gpfs)?.into_iter().collect();
        let gpfs = gpfs.iter().map(|(n, gpf)| (*gpf, chf_of.get(n).copied().unwrap_or(0)));
        Ok(Seen { keys: keys.to_vec(), known, gpfs: gpfs.collect() })
    }

    fn known(&self, key: i64) -> &Known {
        let place = self.keys.binary_search(&key).expect("every key was looked up");
        &self.known[place]
    }
}

const NEVER_DISPATCHED: &str = "The sender did not dispatch this hub. It will show as extra, and \
                                stays where it is.";

/// Whether a hub is of what the transfer comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Belongs {
    /// It is, or the transfer may be of any hub.
    Yes,
    /// The offer lists hubs, and not this one.
    NotListed,
    /// The transfer that is taken back did not move it.
    NotMoved,
}

/// For each of these hubs whether it is of what the transfer comes from: of the hubs that its offer
/// lists, if it lists any, or of those that the transfer moved that is taken back.
fn belongings(
    tx: &mut Tx,
    row: &TransferRow,
    keys: &[i64],
    held: &[Option<Holder>],
) -> Result<Vec<Belongs>> {
    if let Some(reverses) = row.reverses {
        let moved = rows::lines_of(tx, reverses, keys)?;
        let was_moved = |key: &i64| match moved.get(key).map(|line| line.state) {
            Some(domain::transfers::LineState::Moved) => Belongs::Yes,
            Some(_) | None => Belongs::NotMoved,
        };
        return Ok(keys.iter().map(was_moved).collect());
    }
    let is_held = |held: &Option<Holder>| row.offer.map(Holder::Offer) == *held;
    let Some(offer) = row.offer.filter(|_| !held.iter().all(is_held)) else {
        return Ok(vec![Belongs::Yes; keys.len()]);
    };
    let Some(listed) = offers::listed_keys(tx, offer)? else {
        return Ok(vec![Belongs::Yes; keys.len()]);
    };
    let is_listed = |key: &i64| match listed.binary_search(key) {
        Ok(_) => Belongs::Yes,
        Err(_) => Belongs::NotListed,
    };
    Ok(keys.iter().map(is_listed).collect())
}

/// Whether the sender can dispatch a hub.
fn of_sender(
    row: &TransferRow,
    stock: &Stock<'_>,
    place: usize,
    held: Option<Holder>,
    belongs: Belongs,
    today: Date,
) -> Known {
    let (Some(hub), Some(facts)) = (stock.hub(place), stock.facts(place)) else {
        return Known::Unknown;
    };
    match objection(row, stock, hub, &facts, held, belongs, today) {
        None => Known::Fits,
        Some(why) => Known::No(why),
    }
}

fn objection(
    row: &TransferRow,
    stock: &Stock<'_>,
    hub: &store::bulk::facts::HubRow,
    facts: &Facts,
    held: Option<Holder>,
    belongs: Belongs,
    today: Date,
) -> Option<String> {
    let pack = stock.pack(hub);
    if !facts.is_senders {
        return Some("This hub is not the sender's stock. Check the label.".to_owned());
    }
    if hub.status != SmiStatus::Pending {
        let status = hub.status.name();
        return Some(format!("Its status is {status}; only Pending hubs can be transferred."));
    }
    if pack.is_test {
        return Some("This is a test hub; test hubs are not transferred.".to_owned());
    }
    if hub.is_quarantined {
        return Some("This hub is quarantined and stays where it is.".to_owned());
    }
    if row.reverses.is_none() && stock.has_ended(pack, today) {
        return Some("Its installation end date has passed; return it to the DCC.".to_owned());
    }
    match held {
        Some(Holder::Transfer(other)) if other != row.id => {
            return Some(format!("It is in another open transfer, {other}."));
        }
        Some(Holder::Offer(other)) if Some(other) != row.offer => {
            return Some(format!("It is reserved: the offer {other} lists it."));
        }
        Some(Holder::Transfer(_) | Holder::Offer(_)) | None => {}
    }
    match belongs {
        Belongs::Yes => {}
        Belongs::NotListed => {
            let offer = row.offer.map(|offer| offer.to_string()).unwrap_or_default();
            return Some(format!("The offer {offer} lists its hubs, and this is none of them."));
        }
        Belongs::NotMoved => {
            return Some("The transfer that is taken back did not move this hub.".to_owned());
        }
    }
    let not = |what: &str| Some(format!("It is not of the agreed {what}."));
    if !facts.is_agreed_model {
        return not("manufacturer and model");
    }
    if !facts.is_agreed_variant {
        return not("HAN variant, WAN variant and region");
    }
    if !facts.is_agreed_firmware {
        return not("firmware versions");
    }
    None
}

/// Every hub of a sender's list that can't be dispatched as things stand, with the reason.
pub(super) fn objections(
    tx: &mut Tx,
    row: &TransferRow,
    stock: &Stock<'_>,
    keys: &[i64],
    today: Date,
) -> Result<Vec<(DeviceId, String)>> {
    let held = holders(tx, keys)?;
    let belongs = belongings(tx, row, keys, &held)?;
    let mut found = Vec::new();
    for (place, key) in keys.iter().enumerate() {
        let why = match of_sender(row, stock, place, held[place], belongs[place], today) {
            Known::Fits => continue,
            Known::No(why) | Known::Exception(why) => why,
            Known::Gpf(_) | Known::Unknown => NOT_KNOWN.to_owned(),
        };
        found.push((DeviceId::from_key(*key), why));
    }
    Ok(found)
}

const NOT_KNOWN: &str = "Not in the inventory. Check the label.";

/// A list to which hubs are being added.
struct Listing {
    listed: BTreeMap<i64, Receipt>,
    before: ListState,
    new: BTreeMap<i64, Receipt>,
    repeats: Repeats,
}

impl Listing {
    /// Takes a hub in, if it belongs there.
    fn take(
        &mut self,
        seen: &Seen,
        named: &Named,
        side: Side,
        verdict: Received,
    ) -> (Class, String) {
        let key = named.key;
        let wrong = |message: &str| (Class::Wrong, message.to_owned());
        let exception = match seen.known(key) {
            Known::Fits => None,
            Known::Exception(why) => Some(why.clone()),
            Known::Gpf(Some(chf)) => {
                let message =
                    format!("This is the ID of a Gas Proxy Function; its hub's CHF ID is {chf}.");
                return (Class::Wrong, message);
            }
            Known::Gpf(None) => {
                return wrong("This is the ID of a Gas Proxy Function; use its hub's CHF ID.");
            }
            Known::Unknown => return (Class::Unknown, NOT_KNOWN.to_owned()),
            Known::No(why) => return wrong(why),
        };
        if let Some(gpf) = named.gpf
            && seen.gpfs.get(&gpf.key()) != Some(&key)
        {
            return wrong("The GPF ID beside it is not that of this hub. Check the label.");
        }
        if self.new.contains_key(&key) {
            if self.repeats == Repeats::CountOnce {
                return (Class::Duplicate, "It is in the list already.".to_owned());
            }
            if side == Side::Receiver {
                self.new.entry(key).and_modify(|listed| listed.times += 1);
            }
            return (Class::Duplicate, "It stands in this list more than once.".to_owned());
        }
        if self.listed.contains_key(&key) {
            return (Class::Duplicate, "It is in the list already.".to_owned());
        }
        let listed = self.before.hubs + self.new.len() as i64;
        if side == Side::Sender && listed >= self.before.expected {
            let message = format!("One too many: {} hubs were agreed.", self.before.expected);
            return (Class::Wrong, message);
        }
        let hub = DeviceId::from_key(key);
        self.new.insert(key, Receipt { hub, received: verdict, times: 1 });
        match exception {
            Some(why) => (Class::Wrong, why),
            None => (Class::Good, "Added.".to_owned()),
        }
    }
}

/// Takes hubs out of the list of a side. How the list stands then.
pub fn remove(
    app: &App,
    actor: &Actor,
    id: TransferId,
    side: Side,
    hubs: &[DeviceId],
) -> Result<ListState> {
    let mut tx = app.db.write()?;
    let row = open_list(&mut tx, actor, id, side)?;
    rows::remove_listed(&mut tx, (id, side), &in_order(hubs.iter().map(|hub| hub.key())))?;
    let state = state(&mut tx, &row, side)?;
    tx.commit()?;
    Ok(state)
}

/// Empties the list of a side; `seen` is its version as the person has it before them.
pub fn clear(
    app: &App,
    actor: &Actor,
    id: TransferId,
    side: Side,
    seen: Option<i64>,
) -> Result<ListState> {
    let mut tx = app.db.write()?;
    let row = open_list(&mut tx, actor, id, side)?;
    must_be_as_seen(&mut tx, (id, side), seen)?;
    rows::clear_list(&mut tx, id, side)?;
    let state = state(&mut tx, &row, side)?;
    tx.commit()?;
    Ok(state)
}

/// Begins the receiver's list with everything that was dispatched, each hub accepted; the
/// exceptions are set afterwards. What is in the list already stays as it is.
pub fn start_from_manifest(app: &App, actor: &Actor, id: TransferId) -> Result<ListState> {
    let side = Side::Receiver;
    let mut tx = app.db.write()?;
    let row = open_list(&mut tx, actor, id, side)?;
    rows::list_manifest(&mut tx, id, (actor.user, app.now()))?;
    let state = state(&mut tx, &row, side)?;
    tx.commit()?;
    Ok(state)
}

/// Begins the sender's list with hubs that its offer lists: as many as were agreed, of those that can
/// be dispatched and are in no other list yet. What is in the list already stays as it is.
pub fn start_from_offer(app: &App, actor: &Actor, id: TransferId) -> Result<ListState> {
    let side = Side::Sender;
    let mut tx = app.db.write()?;
    let row = open_list(&mut tx, actor, id, side)?;
    let listed = match row.offer {
        Some(offer) => offers::listed_keys(&mut tx, offer)?.map(|keys| (offer, keys)),
        None => None,
    };
    let Some((offer, mut keys)) = listed else {
        let message = "This transfer is of no offer that lists device IDs. Add the hubs yourself.";
        return Err(Refusal::new(RefusalKind::WrongState, message).into());
    };
    let taken = rows::in_senders_lists(&mut tx, offer)?;
    keys.retain(|key| taken.binary_search(key).is_err());
    let before = state(&mut tx, &row, side)?;
    let stock = Stock::look(&mut tx, &row, &keys)?;
    let today = british_day(app.now());
    let wrong: HashSet<i64> = objections(&mut tx, &row, &stock, &keys, today)?
        .into_iter()
        .map(|(hub, _)| hub.key())
        .collect();
    let lack = usize::try_from(before.expected - before.hubs).unwrap_or(0);
    let new: Vec<Receipt> = keys
        .into_iter()
        .filter(|key| !wrong.contains(key))
        .take(lack)
        .map(|key| Receipt { hub: DeviceId::from_key(key), received: Received::Accepted, times: 1 })
        .collect();
    rows::put_listed(&mut tx, (id, side), &new, (actor.user, app.now()))?;
    let state = state(&mut tx, &row, side)?;
    tx.commit()?;
    Ok(state)
}

/// Sets what the receiver says of hubs of its list: accepted, or turned down for a reason. Each
/// counts once from then on.
pub fn set_verdicts(
    app: &App,
    actor: &Actor,
    id: TransferId,
    hubs: &[DeviceId],
    reason: Option<FaultReason>,
) -> Result<ListState> {
    let side = Side::Receiver;
    let mut tx = app.db.write()?;
    let row = open_list(&mut tx, actor, id, side)?;
    let keys = in_order(hubs.iter().map(|hub| hub.key()));
    let received = reason.map_or(Received::Accepted, Received::Rejected);
    let set = rows::set_verdict(&mut tx, (id, side), &keys, received)?;
    if set != keys.len() as u64 {
        let message = "Some of these hubs are not in the list. Add them first.";
        return Err(Refusal::field("hubs", message).into());
    }
    let state = state(&mut tx, &row, side)?;
    tx.commit()?;
    Ok(state)
}

/// The list of a side as it is declared: in the order of keys.
pub(super) fn declared(tx: &mut Tx, id: TransferId, side: Side) -> Result<Vec<Receipt>> {
    let mut listed = Vec::new();
    rows::each_listed(tx, (id, side), |row| {
        listed.push(row.listed);
        Ok(())
    })?;
    Ok(listed)
}

/// Whether this person may see a list before it is declared.
pub(super) fn may_see_list(
    tx: &mut Tx,
    actor: &Actor,
    id: TransferId,
    side: Side,
) -> Result<TransferRow> {
    let (row, own) = visible(tx, actor, id, Permission::SeeTransfers)?;
    match own {
        Some(own) if own != side => Err(Error::from(Refusal::not_found("list"))),
        _ => Ok(row),
    }
}
