//! The journal as people read it: newest first, each entry with a sentence.

use std::collections::BTreeMap;
use std::fmt::Display;

use domain::DeviceId;
use domain::access::{Action, Actor};
use domain::ids::{
    ContactId, ImportId, JobId, LocationId, MessageId, OfferId, PartyId, PolicyId, ReportRunId,
    RequestId, SavedFilterId, TokenId, TransferFileId, TransferId, UserId,
};
use domain::numbers::grouped;
use domain::reconciliation::Outcome;
use jiff::Timestamp;
use store::Tx;
use store::journal::{Filter, NamedEntry};

use super::{Counts, Event, names};
use crate::jobs::JobKind;
use crate::pages::Part;
use crate::{App, Result};

/// What a reader looks for; all of it may be left open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JournalFilter {
    /// Only entries about this, such as `ctf-000042`, a setting's name or a device's ID.
    pub subject: Option<String>,
    /// Only entries of this kind, such as `TransferFileApplied`.
    pub kind: Option<String>,
    /// Only entries by this person.
    pub actor: Option<UserId>,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the one order.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who, by number and name; nobody for the system's own work.
    pub actor: Option<(UserId, String)>,
    /// The Party that it was done for, by number and legal name.
    pub acted_for: Option<(PartyId, String)>,
    /// What it is about.
    pub subject: String,
    /// Its kind.
    pub kind: String,
    /// What happened, in a sentence.
    pub text: String,
    /// The particulars, as canonical JSON.
    pub payload: String,
    /// Its hash, which covers all entries before it.
    pub hash: [u8; 32],
}

/// Part of the journal, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entries {
    /// This part.
    pub items: Vec<Entry>,
    /// The cursor for the next part; none at the end.
    pub next: Option<i64>,
}

/// More entries than the life of anything has, unless somebody tries the same again and again.
const MOST_OF_ONE: i64 = 1_000;

/// One thing that happened to what somebody looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// Its place in the journal.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who; empty for the system's own work.
    pub who: String,
    /// What, as a sentence without its full stop or the heading of a line.
    pub what: String,
    /// A reason or how many lines came to what; empty where there is nothing to add.
    pub more: String,
}

/// Entries, newest first.
pub fn list(app: &App, actor: &Actor, filter: &JournalFilter, part: Part) -> Result<Entries> {
    actor.must(Action::ReadJournal)?;
    let mut tx = app.db.read()?;
    let wanted = Filter {
        subject: filter.subject.as_deref().map(subject),
        kind: filter.kind.clone(),
        actor: filter.actor.map(|id| id.0),
    };
    let mut rows = store::journal::newest_named(&mut tx, &wanted, part.before, part.rows())?;
    let next = part.cut(&mut rows, |row| row.entry.seq);
    let mut items: Vec<Entry> = rows.into_iter().map(shown).collect();
    names::put_in(&mut tx, items.iter_mut().map(|entry| &mut entry.text))?;
    Ok(Entries { items, next })
}

/// What happened to one thing, newest first, for those who may see that thing. `words` gives an
/// event's heading and what there is to add to it.
pub(crate) fn history(
    tx: &mut Tx,
    subject: impl Display,
    words: impl Fn(&Event) -> (String, String),
) -> Result<Vec<HistoryEntry>> {
    let filter = Filter { subject: Some(subject.to_string()), ..Filter::default() };
    let rows = store::journal::newest_named(tx, &filter, None, MOST_OF_ONE)?;
    let told = |named: NamedEntry| {
        let row = named.entry;
        let (what, more) = match Event::from_entry(&row.kind, &row.payload) {
            Ok(event) => words(&event),
            Err(_) => (unreadable(&row.kind), String::new()),
        };
        HistoryEntry { seq: row.seq, at: row.at, who: named.actor.unwrap_or_default(), what, more }
    };
    let mut entries: Vec<HistoryEntry> = rows.into_iter().map(told).collect();
    names::put_in(tx, entries.iter_mut().flat_map(|entry| [&mut entry.what, &mut entry.more]))?;
    Ok(entries)
}

/// An event's sentence, to which there is nothing to add.
pub(crate) fn whole_sentence(event: &Event) -> (String, String) {
    (sentence(event), String::new())
}

fn unreadable(kind: &str) -> String {
    format!("An entry of kind {kind}, which this program cannot read")
}

/// A subject as the journal spells it: device IDs may be given in any accepted form.
fn subject(given: &str) -> String {
    let given = given.trim();
    DeviceId::parse(given).map_or_else(|_| given.to_owned(), |id| id.to_string())
}

fn shown(named: NamedEntry) -> Entry {
    let row = named.entry;
    let text = match Event::from_entry(&row.kind, &row.payload) {
        Ok(event) => sentence(&event),
        Err(_) => unreadable(&row.kind),
    };
    let (actor, party) = (row.actor.map(UserId), row.acted_for.map(PartyId));
    Entry {
        seq: row.seq,
        at: row.at,
        actor: actor.map(|id| (id, named.actor.unwrap_or_else(|| id.to_string()))),
        acted_for: party.map(|id| (id, named.acted_for.unwrap_or_else(|| id.to_string()))),
        subject: row.subject,
        kind: row.kind,
        text,
        payload: row.payload,
        hash: row.hash,
    }
}

/// What happened, in a sentence without its full stop.
fn sentence(event: &Event) -> String {
    match event {
        Event::PersonAdded { name, email, invited: true, .. } => {
            format!("Invited {name} ({email})")
        }
        Event::PersonAdded { name, email, invited: false, .. } => format!("Added {name} ({email})"),
        Event::PersonInvited { user, organisation, role, .. } => {
            format!("Invited {} to the role {role} at {}", UserId(*user), at(*organisation))
        }
        Event::PasswordLinkIssued { user, .. } => {
            format!("Made a link with which {} can set a password", UserId(*user))
        }
        Event::PasswordSet { .. } => "Set a password".into(),
        Event::RoleGranted { user, organisation, role } => {
            format!("Granted {} the role {role} at {}", UserId(*user), at(*organisation))
        }
        Event::RoleRevoked { user, organisation, role } => {
            format!("Took the role {role} at {} from {}", at(*organisation), UserId(*user))
        }
        Event::PersonDeactivated { user, reason } => {
            format!("Deactivated {}: {reason}", UserId(*user))
        }
        Event::PersonReactivated { user } => format!("Reactivated {}", UserId(*user)),
        Event::SignedIn { .. } => "Signed in".into(),
        Event::TokenIssued { token, name, scope, .. } => {
            format!("Issued the {scope} token {} \"{name}\"", TokenId(*token))
        }
        Event::TokenRevoked { token } => format!("Revoked the token {}", TokenId(*token)),
        Event::SettingChanged { name, from, to } => {
            let from = from.as_deref().unwrap_or("its default");
            format!("Changed the setting {name} from {from} to {to}")
        }
        Event::HolidaySet { day, name } => format!("Put {name} on {day} in the table of holidays"),
        Event::HolidayDropped { day } => format!("Took {day} out of the table of holidays"),
        Event::PartyChanged { party, from, to } => {
            format!("Changed {}: {}", PartyId(*party), changes(from, to))
        }
        Event::PartyContactSet { contact, party, purpose, name, .. } => {
            let (contact, party) = (ContactId(*contact), PartyId(*party));
            format!("Set {contact} of {party}, {name}, for {purpose}")
        }
        Event::PartyContactDropped { contact, party } => {
            format!("Removed {} of {}", ContactId(*contact), PartyId(*party))
        }
        Event::DeliveryLocationSet { location, party, name, region, is_active, .. } => {
            let (location, party) = (LocationId(*location), PartyId(*party));
            let active = if *is_active { "" } else { ", not active" };
            format!("Set {location} of {party}, {name} in {region}{active}")
        }
        Event::DeliveryLocationDropped { location, party } => {
            format!("Removed {} of {}", LocationId(*location), PartyId(*party))
        }
        Event::ImportReceived { what, name, .. } => format!("Received {name}, a file of {what}"),
        Event::ImportRefused { import, reason } => {
            format!("Refused {} whole: {reason}", ImportId(*import))
        }
        Event::ImportLoaded { import, first_line, counts, .. } => {
            let lines: u64 = counts.values().sum();
            let last = first_line + lines.saturating_sub(1);
            format!(
                "Loaded lines {first_line} to {last} of {}: {}",
                ImportId(*import),
                listed(counts)
            )
        }
        Event::ImportFinished { import, counts } => {
            format!("Finished loading {}: {}", ImportId(*import), listed(counts))
        }
        Event::SnapshotPartCompared { import, counts, .. } => {
            format!("Compared a part of the snapshot {}: {}", ImportId(*import), listed(counts))
        }
        Event::SnapshotCompared { import, counts, .. } => {
            format!(
                "Compared the snapshot {} with the inventory: {}",
                ImportId(*import),
                listed(counts)
            )
        }
        Event::SnapshotAuthorised { import } => {
            format!("Authorised the differences of the snapshot {}", ImportId(*import))
        }
        Event::SnapshotRejected { import, reason } => {
            format!("Rejected the differences of the snapshot {}: {reason}", ImportId(*import))
        }
        Event::HubQuarantined { hub, reason } => format!("Put hub {hub} into quarantine: {reason}"),
        Event::HubReleased { hub, reason } => {
            format!("Released hub {hub} from quarantine: {reason}")
        }
        Event::TransferFileReceived { name, all_or_nothing, .. } => {
            let how = if *all_or_nothing { ", all or nothing" } else { "" };
            format!("Received the transfer file {name}{how}")
        }
        Event::TransferFileGenerated { name, hubs, .. } => {
            format!("Generated the transfer file {name} for {}", count(*hubs, "hub"))
        }
        Event::TransferFileRefused { transfer_file, reason, .. } => {
            format!("Refused {} whole: {reason}", TransferFileId(*transfer_file))
        }
        Event::TransferFileValidated { transfer_file, counts, .. } => {
            format!("Validated {}: {}", TransferFileId(*transfer_file), listed(counts))
        }
        Event::TransferFileAuthorised { transfer_file } => {
            format!("Authorised {}", TransferFileId(*transfer_file))
        }
        Event::TransferFileAuthorisationRefused { transfer_file, reason } => {
            format!(
                "Tried to authorise {} and was refused: {reason}",
                TransferFileId(*transfer_file)
            )
        }
        Event::TransferFileRejected { transfer_file, reason } => {
            format!("Rejected {}: {reason}", TransferFileId(*transfer_file))
        }
        Event::TransferFileWithdrawn { transfer_file, reason } => {
            format!("Withdrew {}: {reason}", TransferFileId(*transfer_file))
        }
        Event::TransferFileApplied { transfer_file, counts, .. } => {
            format!("Applied {}: {}", TransferFileId(*transfer_file), listed(counts))
        }
        Event::TransferFileOverdue { transfer_file } => {
            format!("{} was not authorised in time", TransferFileId(*transfer_file))
        }
        Event::TransferFileFailed { transfer_file, reason } => {
            format!("Could not apply {}, nothing moved: {reason}", TransferFileId(*transfer_file))
        }
        Event::InstalledBeforeSettled { item, note } => {
            format!("Settled item {item} of the hubs installed before their file: {note}")
        }
        Event::DeliveryReportRequested { run, format, due_at } => {
            let why = if due_at.is_some() { ", by the schedule" } else { "" };
            format!("Asked for the CH Delivery Report {} as {format}{why}", ReportRunId(*run))
        }
        Event::DeliveryReportWritten { run, hubs, .. } => {
            let written = crate::delivery_report::written_by(event);
            let name =
                written.map_or_else(|| ReportRunId(*run).to_string(), |w| w.name().to_owned());
            format!("Wrote the CH Delivery Report {name} with {}", count(*hubs, "hub"))
        }
        Event::DeliveryReportFailed { run, reason } => {
            format!("Could not write the CH Delivery Report {}: {reason}", ReportRunId(*run))
        }
        // Offers and requests.
        Event::OfferDrafted { offer, party, terms, .. } => {
            let what = stock_of(terms);
            format!("Drafted {} for {}: {what}", OfferId(*offer), PartyId(*party))
        }
        Event::OfferChanged { offer, terms, .. } => {
            format!("Changed {} to {}", OfferId(*offer), stock_of(terms))
        }
        Event::OfferSubmitted { offer, .. } => format!("Submitted {}", OfferId(*offer)),
        Event::OfferReturned { offer, reason } => {
            format!("Returned {} to its Party: {reason}", OfferId(*offer))
        }
        Event::OfferPublished { offer, .. } => format!("Published {}", OfferId(*offer)),
        Event::OfferPublicationOverdue { offer } => {
            format!("{} was not published or returned in time", OfferId(*offer))
        }
        Event::OfferClosingMoved { offer, .. } => {
            format!("Nobody asked for {} yet: it takes requests for longer", OfferId(*offer))
        }
        Event::OfferClosedToRequests { offer, .. } => {
            format!("Closed {} to requests", OfferId(*offer))
        }
        Event::OfferExpiryWaits { offer } => {
            format!(
                "{} would have expired: selection over its requests comes first",
                OfferId(*offer)
            )
        }
        Event::OfferReopened { offer, .. } => {
            format!("Opened {} to requests again, for what selection left", OfferId(*offer))
        }
        Event::OfferAllocated { offer, given } => {
            let hubs: i64 = given.iter().map(|given| given.quantity).sum();
            let requests = given.iter().filter(|given| given.quantity > 0).count() as u64;
            format!(
                "Allocated {} of {} to {}",
                count(hubs.unsigned_abs(), "hub"),
                OfferId(*offer),
                count(requests, "request")
            )
        }
        Event::AllocationGivenBack { offer, request, quantity } => {
            let hubs = count(quantity.unsigned_abs(), "hub");
            format!("{} gave back {hubs} of {}", RequestId(*request), OfferId(*offer))
        }
        Event::OfferSuspended { offer, reason } => {
            format!("Suspended {}: {reason}", OfferId(*offer))
        }
        Event::OfferResumed { offer } => format!("Resumed {}", OfferId(*offer)),
        Event::OfferWithdrawn { offer, reason } => {
            format!("Withdrew {}{}", OfferId(*offer), because(reason))
        }
        Event::OfferClosed { offer, reason, .. } => {
            format!("Closed {}{}", OfferId(*offer), because(reason))
        }
        Event::OfferExpired { offer } => format!("{} expired", OfferId(*offer)),
        Event::RequestDrafted { request, party, offer, asked } => {
            let request = RequestId(*request);
            let (party, what) = (PartyId(*party), stock_of(asked));
            match offer {
                Some(offer) => {
                    format!("Drafted {request} of {party} for {}: {what}", OfferId(*offer))
                }
                None => format!("Drafted the wanted request {request} of {party}: {what}"),
            }
        }
        Event::RequestChanged { request, asked, .. } => {
            format!("Changed {} to {}", RequestId(*request), stock_of(asked))
        }
        Event::RequestQueued { request, offer } => {
            format!("Received {} for {}", RequestId(*request), OfferId(*offer))
        }
        Event::RequestWanted { request, .. } => {
            format!("Put {} on the board as wanted", RequestId(*request))
        }
        Event::RequestTurned { request, offer, quantity, .. } => {
            let hubs = count(quantity.unsigned_abs(), "hub");
            let (request, offer) = (RequestId(*request), OfferId(*offer));
            format!("Turned the wanted request {request} into one for {hubs} of {offer}")
        }
        Event::RequestWithdrawn { request, reason } => {
            format!("Withdrew {}{}", RequestId(*request), because(reason))
        }
        Event::RequestLapsed { request, reason } => {
            format!("{} lapsed{}", RequestId(*request), because(reason))
        }
        Event::WantedMatched { matches } => {
            let pairs: Vec<String> = matches
                .iter()
                .map(|pair| format!("{} with {}", RequestId(pair.request), OfferId(pair.offer)))
                .collect();
            format!("Matched {}", pairs.join(", "))
        }
        Event::FilterSaved { filter, name, .. } => {
            format!("Saved the filter {} \"{name}\"", SavedFilterId(*filter))
        }
        Event::FilterChanged { filter, notifies: true } => {
            format!("Asked to be told of offers that {} finds", SavedFilterId(*filter))
        }
        Event::FilterChanged { filter, notifies: false } => {
            format!("Asked not to be told of offers that {} finds", SavedFilterId(*filter))
        }
        Event::FilterDropped { filter } => {
            format!("Removed the saved filter {}", SavedFilterId(*filter))
        }
        Event::InterchangeabilitySet { dimension, offered, wanted, rule } => {
            format!("Set the {dimension} {offered} for {wanted} to {rule}")
        }
        Event::InterchangeabilityDropped { dimension, offered, wanted } => {
            format!("Took the {dimension} {offered} for {wanted} out of the stock rules")
        }
        Event::InstallationEndSet { chts_version, ends_on } => {
            format!("Set the installation end date of CHTS version {chts_version} to {ends_on}")
        }
        Event::InstallationEndDropped { chts_version } => {
            format!("Took out the installation end date of CHTS version {chts_version}")
        }
        // Selection.
        Event::PolicyDrafted { policy, title, .. } => {
            format!("Drafted the selection policy {}, “{title}”", PolicyId(*policy))
        }
        Event::PolicyChanged { policy, title, .. } => {
            format!("Changed the draft of the selection policy {}, “{title}”", PolicyId(*policy))
        }
        Event::PolicyPublished { policy, approval, in_force_from, .. } => {
            let from = Timestamp::from_microsecond(*in_force_from).unwrap_or_default();
            format!(
                "Published the selection policy {}, approved by {approval}, in force from {from}",
                PolicyId(*policy)
            )
        }
        Event::PolicyWithdrawn { policy, reason } => {
            format!("Withdrew the selection policy {}: {reason}", PolicyId(*policy))
        }
        Event::PolicyInForce { policy } => {
            format!("The selection policy {} came into force", PolicyId(*policy))
        }
        Event::LotteryCommitted { offer, commitment } => {
            format!("Committed to the lottery's secret for {}: {commitment}", OfferId(*offer))
        }
        Event::SelectionRun { offer, policy, available, given, parties, .. } => {
            format!(
                "Ran selection over {} by {}: {given} of {available} to {}",
                OfferId(*offer),
                PolicyId(*policy),
                count(parties.len() as u64, "request")
            )
        }
        // Transfers.
        Event::TransferAgreed { transfer, offer, request, quantity, .. } => format!(
            "Agreed {} of {} from {} for {}",
            TransferId(*transfer),
            count(quantity.unsigned_abs(), "hub"),
            OfferId(*offer),
            RequestId(*request)
        ),
        Event::TransferNotified { transfer, side, quantity, .. } => format!(
            "The {side} notified the direct transfer {} of {}, which skips selection",
            TransferId(*transfer),
            count(quantity.unsigned_abs(), "hub")
        ),
        Event::TransferReversalOpened { transfer, reverses, reason, .. } => format!(
            "Opened {} to take {} back: {reason}",
            TransferId(*transfer),
            TransferId(*reverses)
        ),
        Event::TransferConfirmed { transfer, side } => {
            format!("The {side} confirmed {}", TransferId(*transfer))
        }
        Event::TransferLapsed { transfer } => {
            format!("{} lapsed, because it was not confirmed in time", TransferId(*transfer))
        }
        Event::TransferCancelled { transfer, reason, .. } => {
            format!("Cancelled {}: {reason}", TransferId(*transfer))
        }
        Event::TransferHeld { transfer, reason } => {
            format!("Put {} on hold: {reason}", TransferId(*transfer))
        }
        Event::TransferReleased { transfer } => format!("Released {}", TransferId(*transfer)),
        Event::TransferDispatched { transfer, hubs, on, .. } => {
            let on = day(on);
            format!("Dispatched {} of {} on {on}", count(*hubs, "hub"), TransferId(*transfer))
        }
        Event::TransferArrived { transfer, on, condition, .. } => {
            format!("{} arrived on {}, condition: {condition}", TransferId(*transfer), day(on))
        }
        Event::TransferReceived { transfer, outcomes, .. } => {
            format!("Received {}: {}", TransferId(*transfer), compared(outcomes))
        }
        Event::TransferLinesCorrected { transfer, correction, outcomes, reason, .. } => format!(
            "Corrected lines of {} ({correction}): {}. {reason}",
            TransferId(*transfer),
            compared(outcomes)
        ),
        Event::TransferFilePrepared { transfer, transfer_file, hubs, .. } => format!(
            "Prepared {} with {} of {}",
            TransferFileId(*transfer_file),
            count(*hubs, "hub"),
            TransferId(*transfer)
        ),
        Event::TransferFileDropped { transfer, transfer_file } => format!(
            "{} came to nothing; the lines of {} wait for another file",
            TransferFileId(*transfer_file),
            TransferId(*transfer)
        ),
        Event::TransferCompleted { transfer, moved, with_exceptions, .. } => format!(
            "Completed {}{}: {} moved",
            TransferId(*transfer),
            if *with_exceptions { " with exceptions" } else { "" },
            count(*moved, "hub")
        ),
        Event::TransferOverdue { transfer, what } => {
            format!("The deadline of {} to {} passed", TransferId(*transfer), deadline(what))
        }
        // Notices and e-mails.
        Event::NotificationChosen { user, kind, delivery } => {
            format!("Chose for {} to be told of {kind} by email: {delivery}", UserId(*user))
        }
        Event::MailRetried { message } => format!("Had {} sent again", MessageId(*message)),
        Event::EntryNotTold { entry, reason } => {
            format!("Could not tell anybody of entry {entry}: {reason}")
        }
        // Jobs.
        Event::JobRerun { job, what, subject } => {
            let on = JobKind::from_word(what).map_or(String::new(), |kind| {
                format!(": {} {}", kind.name(), kind.subject(*subject))
            });
            format!("Had {} run again{on}", JobId(*job))
        }
    }
}

fn deadline(what: &str) -> &str {
    match what {
        "confirm" => "be confirmed",
        "dispatch" => "be dispatched",
        "arrive" => "arrive",
        "receive" => "be received",
        "escalate" => "be received after the reminder",
        "prepare" => "get its transfer file",
        other => other,
    }
}

fn at(organisation: i64) -> String {
    if organisation == 0 { "the centre".into() } else { PartyId(organisation).to_string() }
}

fn count(number: u64, what: &str) -> String {
    format!("{} {what}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// How many hubs of what, from the terms of an offer or a request.
fn stock_of(terms: &BTreeMap<String, String>) -> String {
    let get = |name: &str| terms.get(name).map_or("", String::as_str);
    let parts = ["manufacturer", "model", "region"].map(get);
    let known: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let hubs = count(get("quantity").parse().unwrap_or(0), "hub");
    if known.is_empty() { hubs } else { format!("{hubs}, {}", known.join(" ")) }
}

fn because(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}

fn listed(counts: &Counts) -> String {
    if counts.is_empty() {
        return "no lines".into();
    }
    let each: Vec<String> = counts.iter().map(|(code, n)| format!("{code} {n}")).collect();
    each.join(", ")
}

/// What a comparison came to, as a person reads it.
fn compared(counts: &Counts) -> String {
    let words = |name: &String| {
        Outcome::from_name(name).map_or(name.clone(), |outcome| outcome.words().to_lowercase())
    };
    listed(&counts.iter().map(|(name, n)| (words(name), *n)).collect())
}

/// `23 November 2026`
fn day(text: &str) -> String {
    let day = text.parse::<jiff::civil::Date>();
    day.map_or_else(|_| text.to_owned(), |day| day.strftime("%-d %B %Y").to_string())
}

fn changes(from: &BTreeMap<String, String>, to: &BTreeMap<String, String>) -> String {
    let changed = to.iter().filter(|(field, value)| from.get(*field) != Some(value));
    let each: Vec<String> = changed
        .map(|(field, value)| {
            let before = from.get(field).map_or("", String::as_str);
            format!("{field} from \"{before}\" to \"{value}\"")
        })
        .collect();
    each.join(", ")
}
