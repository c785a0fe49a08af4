//! The documents of a transfer: its delivery note and its acceptance certificate, as PDF.

use std::collections::BTreeMap;

use domain::access::{Action as Permission, Actor};
use domain::directory::Contact;
use domain::ids::TransferId;
use domain::numbers::grouped;
use domain::refusal::{Refusal, RefusalKind};
use domain::timers::{InWords, british_day};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Confirmation, Dispatched, TransferView, get, tables, view};
use crate::paper::{Column, Paper};
use crate::transfer_files::Person;
use crate::{App, Error, Result};

/// A document of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    /// What goes with the consignment.
    DeliveryNote,
    /// Who accepted what, and when.
    Certificate,
}

impl DocumentKind {
    /// All of them.
    pub const ALL: &[DocumentKind] = &[DocumentKind::DeliveryNote, DocumentKind::Certificate];

    /// The word for it in addresses, on the command line and in file names.
    pub fn word(self) -> &'static str {
        match self {
            DocumentKind::DeliveryNote => "delivery-note",
            DocumentKind::Certificate => "certificate",
        }
    }

    /// The document of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.word() == word)
    }
}

/// A document as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeDocument {
    /// The name of its file.
    pub name: String,
    /// The PDF.
    pub bytes: Vec<u8>,
}

/// Makes a document of a transfer: the delivery note once it was dispatched, the certificate once it
/// was received.
pub fn document(
    app: &App,
    actor: &Actor,
    id: TransferId,
    kind: DocumentKind,
) -> Result<MadeDocument> {
    let transfer = get(app, actor, id)?;
    let not_yet = |message: &str| Error::from(Refusal::new(RefusalKind::WrongState, message));
    let Some(dispatched) = &transfer.dispatched else {
        return Err(not_yet("This transfer has no documents before it is dispatched."));
    };
    let paper = match kind {
        DocumentKind::DeliveryNote => {
            let pallets = pallets(app, actor, id)?;
            delivery_note(&transfer, dispatched, &pallets)
        }
        DocumentKind::Certificate if transfer.received.is_none() => {
            return Err(not_yet("There is a certificate once the receipt is declared."));
        }
        DocumentKind::Certificate => certificate(&transfer, dispatched, app.now()),
    };
    let bytes = paper.finish().map_err(|why| Error::Damaged(format!("a document: {why}")))?;
    Ok(MadeDocument { name: format!("{id}_{}.pdf", kind.word()), bytes })
}

/// What of a pallet was dispatched.
#[derive(Default)]
struct Pallet {
    boxes: std::collections::BTreeSet<String>,
    hubs: i64,
}

/// The pallets of the manifest; hubs without one stand under an empty name.
fn pallets(app: &App, actor: &Actor, id: TransferId) -> Result<BTreeMap<String, Pallet>> {
    let mut tx = app.db.read()?;
    let (row, _) = view::visible(&mut tx, actor, id, Permission::SeeTransfers)?;
    let mut pallets: BTreeMap<String, Pallet> = BTreeMap::new();
    let Some(manifest) = row.manifest else { return Ok(pallets) };
    for (_, pallet, of_box) in tables::kept_manifest(&mut tx, manifest)? {
        let pallet = pallets.entry(pallet).or_default();
        pallet.hubs += 1;
        if !of_box.is_empty() {
            pallet.boxes.insert(of_box);
        }
    }
    Ok(pallets)
}

fn delivery_note(
    transfer: &TransferView,
    dispatched: &Dispatched,
    pallets: &BTreeMap<String, Pallet>,
) -> Paper {
    let id = transfer.id.to_string();
    let mut paper = Paper::new("Delivery note", &id, dispatched.at);
    paper.bar_code(&id, &format!("Code 128 bar code of {id}"));
    let mut facts = vec![("From", named(&transfer.sender)), ("To", named(&transfer.receiver))];
    facts.extend(transfer.receiver_contacts.iter().map(|contact| ("Contact", reached(contact))));
    facts.extend([
        ("Left on", day(&dispatched.on)),
        ("Carrier", dispatched.carrier.clone()),
        ("Consignment note", dispatched.consignment_note.clone()),
        ("Seals", or_none(&dispatched.seals)),
        ("Declared", by(dispatched.at, dispatched.by.as_ref())),
        ("Hubs", grouped(dispatched.hubs)),
        ("Of", of_what(transfer)),
    ]);
    paper.facts(&facts);
    paper.heading("Pallets");
    let column = |title, share, is_number| Column { title, share, is_number };
    let columns =
        [column("Pallet", 3.0, false), column("Boxes", 1.0, true), column("Hubs", 1.0, true)];
    let mut rows: Vec<Vec<String>> = Vec::with_capacity(pallets.len() + 1);
    for (label, pallet) in pallets {
        let label = if label.is_empty() { "Without a pallet" } else { label };
        let boxes = grouped(pallet.boxes.len() as i64);
        rows.push(vec![label.to_owned(), boxes, grouped(pallet.hubs)]);
    }
    let boxes: usize = pallets.values().map(|pallet| pallet.boxes.len()).sum();
    rows.push(vec!["All".to_owned(), grouped(boxes as i64), grouped(dispatched.hubs)]);
    paper.table(&columns, &rows);
    paper.paragraph(&format!(
        "The manifest names each hub. Its SHA-256 is {}.",
        dispatched.manifest_sha256
    ));
    paper.heading("On arrival");
    paper.blanks(&["Received by", "On", "Condition, seals"]);
    let codes: Vec<(String, String)> = pallets
        .iter()
        .filter(|(label, _)| !label.is_empty())
        .map(|(label, pallet)| (label.clone(), format!("{} hubs", grouped(pallet.hubs))))
        .collect();
    if !codes.is_empty() {
        paper.heading("Pallets to scan");
        paper.square_codes(&codes, "pallet");
    }
    paper
}

fn certificate(transfer: &TransferView, dispatched: &Dispatched, now: Timestamp) -> Paper {
    let id = transfer.id.to_string();
    let mut paper = Paper::new("Acceptance certificate", &id, now);
    paper.bar_code(&id, &format!("Code 128 bar code of {id}"));
    let accepted = transfer.counts.ready + transfer.counts.moved;
    paper.paragraph(&format!(
        "{} accepted {} of {} hubs that {} dispatched. Until a hub is accepted the sender is \
         responsible for it, from then on the receiver.",
        transfer.receiver.name,
        grouped(accepted),
        grouped(dispatched.hubs),
        transfer.sender.name
    ));
    let mut facts = vec![
        ("From", named(&transfer.sender)),
        ("To", named(&transfer.receiver)),
        ("Agreed", format!("{} hubs of {}", grouped(transfer.quantity), of_what(transfer))),
        ("Confirmed by sender", confirmed(transfer.sender_confirmed.as_ref())),
        ("Confirmed by receiver", confirmed(transfer.receiver_confirmed.as_ref())),
        ("Left on", day(&dispatched.on)),
        ("Dispatch declared", by(dispatched.at, dispatched.by.as_ref())),
    ];
    if let Some(arrived) = &transfer.arrived {
        facts.push(("Arrived on", day(&arrived.on)));
        let note = if arrived.note.is_empty() { "" } else { ": " };
        facts.push(("Condition", format!("{}{note}{}", arrived.condition.words(), arrived.note)));
        facts.push(("Arrival declared", by(arrived.at, arrived.by.as_ref())));
    }
    if let Some(received) = &transfer.received {
        facts.push(("Receipt declared", by(received.at, received.by.as_ref())));
    }
    paper.facts(&facts);
    paper.heading("What the comparison came to");
    let column = |title, share, is_number| Column { title, share, is_number };
    let columns = [
        column("Outcome", 2.0, false),
        column("Where the lines stand", 2.0, false),
        column("Hubs", 1.0, true),
    ];
    let mut outcomes = transfer.outcomes.clone();
    outcomes.sort_by_key(|count| (count.outcome, count.state));
    let row = |count: &super::OutcomeCount| {
        vec![count.outcome.words().to_owned(), count.state.words().to_owned(), grouped(count.lines)]
    };
    let rows: Vec<Vec<String>> = outcomes.iter().map(row).collect();
    paper.table(&columns, &rows);
    paper.paragraph(&format!("As it stood on {}.", instant(now)));
    paper.heading("What it rests on");
    let mut hashes = vec![("SHA-256 of the manifest", dispatched.manifest_sha256.clone())];
    if let Some(received) = &transfer.received {
        hashes.push(("SHA-256 of the receipt", received.receipt_sha256.clone()));
    }
    if let Some(file) = transfer.transfer_file {
        hashes.push(("Transfer file", file.to_string()));
    }
    paper.facts(&hashes);
    paper
}

fn named(party: &super::Named) -> String {
    format!("{} ({})", party.name, party.reference)
}

/// Whom to contact, and how.
fn reached(contact: &Contact) -> String {
    let Contact { purpose, name, email, telephone } = contact;
    let telephone = if telephone.is_empty() { String::new() } else { format!(", {telephone}") };
    format!("{name} ({}), {email}{telephone}", purpose.name().to_lowercase())
}

fn of_what(transfer: &TransferView) -> String {
    let of = &transfer.specification;
    let firmware = match transfer.firmware.is_empty() {
        true => String::new(),
        false => format!(", firmware {}", transfer.firmware.join(", ")),
    };
    format!(
        "{} {}, {}, {}, {}{firmware}",
        of.manufacturer, of.model, of.han_variant, of.wan_variant, of.region
    )
}

fn or_none(text: &str) -> String {
    if text.is_empty() { "None".to_owned() } else { text.to_owned() }
}

fn confirmed(confirmation: Option<&Confirmation>) -> String {
    confirmation.map_or_else(|| "Not".to_owned(), |given| by(given.at, given.by.as_ref()))
}

/// An instant, and who did it then.
fn by(at: Timestamp, person: Option<&Person>) -> String {
    match person {
        Some(person) => format!("{}, by {}", instant(at), person.name),
        None => instant(at),
    }
}

/// A day as the record keeps it, in words.
fn day(text: &str) -> String {
    text.parse().map_or_else(|_| text.to_owned(), |day| InWords(day).to_string())
}

/// `23 November 2026 at 2:05pm`, in British time.
fn instant(at: Timestamp) -> String {
    let zone = TimeZone::get("Europe/London").expect("the time zone database is embedded");
    let time = at.to_zoned_datetime(zone).strftime("%-I:%M%P").to_string();
    format!("{} at {time}", InWords(british_day(at)))
}
