//! `hubstock transfer`: stock on its way from one Party to another.

use std::path::Path;

use app::transfers::{
    self, Added, Arrival, Class, DirectNotice, Dispatch, DocumentKind, LineFilter, ListKind,
    TransferFilter, TransferView,
};
use app::{App, Error, Result};
use domain::access::{Action, Actor};
use domain::ids::TransferId;
use domain::offers::Specification;
use domain::reconciliation::Outcome;
use domain::refusal::Refusal;
use domain::timers::british_day;
use domain::transfers::{Condition, Correction, Kind, LineState, Side, State};
use jiff::civil::Date;
use serde_json::json;

use super::{every, format_of, one_of, open, party_in, read_file, reference, write_out};
use crate::arguments::{Arguments, DocumentName, Transfer, Transfers};
use crate::output::{self, Ended};

/// Items that are read at once.
const MOST_ROWS: usize = 1_000;
/// Answers that are printed as text; with `--json` all of them are.
const MOST_ANSWERS: usize = 20;

/// Lists, shows and carries out transfers.
pub fn run(arguments: &Arguments, command: &Transfer) -> Result<Ended> {
    let app = open(arguments)?;
    let operator = Actor::local_operator();
    let acting = |email: &str, action| app::sign_in::actor_by_email(&app, email, action, None);
    let view = match command {
        Transfer::List(which) => return list(arguments, &app, which),
        Transfer::Show { reference: text } => transfers::get(&app, &operator, reference(text)?)?,
        Transfer::Lines { reference: text, state, outcome, out } => {
            let filter = (state.as_deref(), outcome.as_deref());
            return lines(arguments, &app, reference(text)?, filter, out.as_deref());
        }
        Transfer::Manifest { reference: text, out } => {
            return table(&app, reference(text)?, ListKind::Manifest, out.as_deref());
        }
        Transfer::Receipt { reference: text, out } => {
            return table(&app, reference(text)?, ListKind::Receipt, out.as_deref());
        }
        Transfer::Document { reference: text, kind, out } => {
            let kind = match kind {
                DocumentName::DeliveryNote => DocumentKind::DeliveryNote,
                DocumentName::AcceptanceCertificate => DocumentKind::Certificate,
            };
            let made = transfers::document(&app, &operator, reference(text)?, kind)?;
            let wrote = Error::io("write the document");
            write_out(out.as_deref(), |to| to.write_all(&made.bytes).map_err(wrote))?;
            return Ok(Ended::Well);
        }
        Transfer::History { reference: text } => {
            let found = transfers::history(&app, &operator, reference(text)?)?;
            return Ok(output::history(arguments, &found));
        }
        Transfer::Notify(given) => {
            let actor = acting(&given.who.email, Action::AgreeTransfers)?;
            let notice = DirectNotice {
                sender: given.from.clone(),
                receiver: given.to.clone(),
                side: side(given.side.as_deref())?,
                specification: Specification {
                    manufacturer: given.manufacturer.clone(),
                    model: given.model.clone(),
                    han_variant: given.han.clone(),
                    wan_variant: given.wan.clone(),
                    region: given.region.clone(),
                },
                firmware: given.firmware.clone(),
                quantity: given.quantity,
                notes: given.notes.clone(),
            };
            transfers::notify_direct(&app, &actor, &notice)?
        }
        Transfer::Confirm { reference: text, side: of, who } => {
            let actor = acting(&who.email, Action::AgreeTransfers)?;
            transfers::confirm(&app, &actor, reference(text)?, None, side(of.as_deref())?)?
        }
        Transfer::Cancel { reference: text, reason, who } => {
            let actor = acting(&who.email, Action::AgreeTransfers)?;
            transfers::cancel(&app, &actor, reference(text)?, None, reason)?
        }
        Transfer::Hold { reference: text, reason, who } => {
            let actor = acting(&who.email, Action::SuperviseTransfers)?;
            transfers::hold(&app, &actor, reference(text)?, None, reason)?
        }
        Transfer::Release { reference: text, who } => {
            let actor = acting(&who.email, Action::SuperviseTransfers)?;
            transfers::release(&app, &actor, reference(text)?, None)?
        }
        Transfer::Reverse { reference: text, reason, who } => {
            let actor = acting(&who.email, Action::SuperviseTransfers)?;
            transfers::reverse(&app, &actor, reference(text)?, None, reason)?
        }
        Transfer::Dispatch(given) => {
            let actor = acting(&given.who.email, Action::Dispatch)?;
            let id = reference(&given.reference)?;
            let declared = Dispatch {
                on: day(&app, given.on.as_deref())?,
                carrier: given.carrier.clone(),
                consignment_note: given.consignment_note.clone(),
                seals: given.seals.clone(),
                fewer_is_meant: given.fewer,
                list_version: None,
            };
            if let Some(file) = &given.file {
                let added = replace(&app, &actor, id, Side::Sender, file)?;
                if !is_clean(&added) && !given.leave_out {
                    return Ok(show_answers(arguments, &added, "Not dispatched"));
                }
            }
            if given.offered {
                transfers::clear(&app, &actor, id, Side::Sender, None)?;
                transfers::start_from_offer(&app, &actor, id)?;
            }
            transfers::dispatch(&app, &actor, id, None, &declared)?
        }
        Transfer::Arrive { reference: text, on, condition, note, who } => {
            let actor = acting(&who.email, Action::Receive)?;
            let condition = Condition::from_name(condition)
                .ok_or_else(|| one_of("condition", Condition::ALL.iter().map(|c| c.name())))?;
            let on = day(&app, on.as_deref())?;
            let arrival = Arrival { on, condition, note: note.clone() };
            transfers::arrive(&app, &actor, reference(text)?, None, &arrival)?
        }
        Transfer::Receive { reference: text, file, who } => {
            let actor = acting(&who.email, Action::Receive)?;
            let id = reference(text)?;
            match file {
                Some(file) => {
                    let added = replace(&app, &actor, id, Side::Receiver, file)?;
                    if added.of(Class::Unknown) > 0 {
                        return Ok(show_answers(arguments, &added, "Not received"));
                    }
                }
                None => {
                    transfers::start_from_manifest(&app, &actor, id)?;
                }
            }
            let view = transfers::receive(&app, &actor, id, None, None)?;
            let ended = if view.counts.waiting > 0 { Ended::SomeRejected } else { Ended::Well };
            show(arguments, &view);
            return Ok(ended);
        }
        Transfer::Correct { reference: text, lines, with, reason, who } => {
            let actor = acting(&who.email, Action::Dispatch)?;
            let correction = Correction::from_word(with)
                .ok_or_else(|| one_of("--with", Correction::ALL.iter().map(|c| c.word())))?;
            let hubs = transfers::named_hubs(&read_file(lines)?)?;
            transfers::correct(&app, &actor, reference(text)?, None, &hubs, correction, reason)?
        }
        Transfer::Prepare { reference: text, who } => {
            let actor = acting(&who.email, Action::PrepareTransferFile)?;
            transfers::prepare(&app, &actor, reference(text)?, None)?
        }
    };
    show(arguments, &view);
    Ok(Ended::Well)
}

pub(super) fn side(given: Option<&str>) -> Result<Option<Side>> {
    let Some(given) = given else { return Ok(None) };
    let side = Side::from_name(given);
    Ok(Some(side.ok_or_else(|| one_of("side", Side::ALL.iter().map(|side| side.name())))?))
}

/// The day that was given, or today in Great Britain.
fn day(app: &App, given: Option<&str>) -> Result<Date> {
    let Some(given) = given else { return Ok(british_day(app.now())) };
    let day = given.parse();
    Ok(day.map_err(|_| Refusal::field("on", "Give a day such as 2026-11-23."))?)
}

/// Puts a file in the place of the list that was begun.
fn replace(app: &App, actor: &Actor, id: TransferId, side: Side, file: &Path) -> Result<Added> {
    let bytes = read_file(file)?;
    transfers::clear(app, actor, id, side, None)?;
    transfers::add_file(app, actor, id, side, &bytes)
}

pub(super) fn is_clean(added: &Added) -> bool {
    added.of(Class::Wrong) + added.of(Class::Unknown) + added.of(Class::Duplicate) == 0
}

/// The lines that are not good; nothing was declared.
pub(super) fn show_answers(arguments: &Arguments, added: &Added, what: &str) -> Ended {
    let bad: Vec<_> = added.answers.iter().filter(|a| a.class != Class::Good).collect();
    let json: Vec<_> = bad
        .iter()
        .map(|a| {
            json!({ "line": a.line, "given": a.given, "class": a.class.word(), "text": a.message })
        })
        .collect();
    let mut text =
        format!("{what}: {} of {} lines are not right\n", bad.len(), added.answers.len());
    for a in bad.iter().take(MOST_ANSWERS) {
        text.push_str(&format!(
            "line {}: {} ({}) {}\n",
            a.line,
            a.given,
            a.class.word(),
            a.message
        ));
    }
    if bad.len() > MOST_ANSWERS {
        text.push_str(&format!("and {} more\n", bad.len() - MOST_ANSWERS));
    }
    let list = json!({ "hubs": added.list.hubs, "expected": added.list.expected });
    output::print(arguments, &json!({ "answers": json, "list": list }), text);
    Ended::SomeRejected
}

fn as_json(view: &TransferView) -> serde_json::Value {
    let instant = |at: Option<jiff::Timestamp>| at.map(|at| at.to_string());
    let c = &view.counts;
    json!({
        "reference": view.id.to_string(),
        "kind": view.kind.name(),
        "state": view.state.name(),
        "offer": view.offer.map(|id| id.to_string()),
        "request": view.request.map(|id| id.to_string()),
        "reverses": view.reverses.map(|id| id.to_string()),
        "reversed_by": view.reversed_by.map(|id| id.to_string()),
        "from": view.sender.reference,
        "to": view.receiver.reference,
        "specification": view.specification.to_string(),
        "firmware": view.firmware,
        "quantity": view.quantity,
        "sender_confirmed_at": instant(view.sender_confirmed.as_ref().map(|c| c.at)),
        "receiver_confirmed_at": instant(view.receiver_confirmed.as_ref().map(|c| c.at)),
        "manifest_sha256": view.dispatched.as_ref().map(|d| d.manifest_sha256.clone()),
        "receipt_sha256": view.received.as_ref().map(|r| r.receipt_sha256.clone()),
        "lines": { "dispatched": c.dispatched, "ready": c.ready, "waiting": c.waiting,
                   "moved": c.moved, "dropped": c.dropped },
        "outcomes": view.outcomes.iter().map(|o| json!({
            "outcome": o.outcome.name(), "state": o.state.name(), "lines": o.lines,
        })).collect::<Vec<_>>(),
        "transfer_file": view.transfer_file.map(|id| id.to_string()),
        "deadlines": view.clocks.iter().filter(|c| c.settled_at.is_none()).map(|c| json!({
            "what": c.what, "due_at": c.due_at.to_string(),
            "working_days_left": c.working_days_left,
        })).collect::<Vec<_>>(),
        "next_step": view.next_step.what,
        "whose": view.next_step.whose,
        "reason": view.reason,
    })
}

fn show(arguments: &Arguments, view: &TransferView) {
    let c = &view.counts;
    let whose = view.next_step.whose.as_ref().map(|w| format!(" ({w})")).unwrap_or_default();
    let outcomes: String = view
        .outcomes
        .iter()
        .map(|o| format!("{} {}: {}\n", o.outcome.name(), o.state.name(), o.lines))
        .collect();
    let file = view.transfer_file.map(|id| format!("transfer file: {id}\n")).unwrap_or_default();
    let text = format!(
        "{} {} {}\n{} of {} from {} to {}\n\
         dispatched {}, ready {}, waiting {}, moved {}, dropped {}\n{outcomes}{file}\
         next: {}{whose}\n",
        view.id,
        view.kind.name(),
        view.state.name(),
        view.quantity,
        view.specification,
        view.sender.reference,
        view.receiver.reference,
        c.dispatched,
        c.ready,
        c.waiting,
        c.moved,
        c.dropped,
        view.next_step.what,
    );
    output::print(arguments, &as_json(view), text);
}

fn list(arguments: &Arguments, app: &App, which: &Transfers) -> Result<Ended> {
    let operator = Actor::local_operator();
    let state = which.state.as_deref().map(|name| {
        State::from_name(name)
            .ok_or_else(|| one_of("state", State::ALL.iter().map(|state| state.name())))
    });
    let kind = which.kind.as_deref().map(|name| {
        Kind::from_name(name)
            .ok_or_else(|| one_of("kind", Kind::ALL.iter().map(|kind| kind.name())))
    });
    let filter = TransferFilter {
        state: state.transpose()?,
        kind: kind.transpose()?,
        party: party_in(app, &operator, which.party.as_deref())?,
        offer: which.offer.as_deref().map(reference).transpose()?,
        only_waiting: which.waiting,
        ..TransferFilter::default()
    };
    let all = every(|before| {
        let part = transfers::list(app, &operator, &filter, before, MOST_ROWS)?;
        Ok((part.items, part.next))
    })?;
    let json: Vec<_> = all
        .iter()
        .map(|t| {
            json!({ "reference": t.id.to_string(), "kind": t.kind.name(), "state": t.state.name(),
                    "from": t.sender.reference, "to": t.receiver.reference, "quantity": t.quantity,
                    "waiting": t.counts.waiting, "next_step": t.next_step.what,
                    "whose": t.next_step.whose })
        })
        .collect();
    let text: String = all
        .iter()
        .map(|t| {
            let (from, to) = (&t.sender.reference, &t.receiver.reference);
            format!("{} {} {} from {from} to {to}\n", t.id, t.state.name(), t.quantity)
        })
        .collect();
    output::print(arguments, &json.into(), text);
    Ok(Ended::Well)
}

fn lines(
    arguments: &Arguments,
    app: &App,
    id: TransferId,
    (state, outcome): (Option<&str>, Option<&str>),
    out: Option<&Path>,
) -> Result<Ended> {
    if out.is_some() {
        let kind = if state == Some("waiting") { ListKind::Waiting } else { ListKind::Lines };
        return table(app, id, kind, out);
    }
    let state = state.map(|name| {
        LineState::from_name(name)
            .ok_or_else(|| one_of("state", LineState::ALL.iter().map(|state| state.name())))
    });
    let outcome = outcome.map(|name| {
        Outcome::from_name(name)
            .ok_or_else(|| one_of("outcome", Outcome::ALL.iter().map(|outcome| outcome.name())))
    });
    let filter = LineFilter { state: state.transpose()?, outcome: outcome.transpose()? };
    let operator = Actor::local_operator();
    let lines = every(|after| {
        let page = transfers::lines(app, &operator, id, &filter, after, MOST_ROWS)?;
        Ok((page.items, page.next))
    })?;
    let (mut json, mut text) = (Vec::new(), String::new());
    for line in &lines {
        let outcome = line.outcome.map(|outcome| outcome.name());
        let reason = line.reason.map(|reason| reason.name());
        json.push(json!({ "hub": line.hub.to_string(), "state": line.state.name(),
                          "outcome": outcome, "reason": reason, "code": line.code }));
        let outcome = outcome.unwrap_or("-");
        text.push_str(&format!("{} {} {outcome} {}\n", line.hub, line.state.name(), line.code));
    }
    output::print(arguments, &json.into(), text);
    Ok(Ended::Well)
}

/// Writes a list as CSV, or as XLSX where the file is named so.
fn table(app: &App, id: TransferId, kind: ListKind, out: Option<&Path>) -> Result<Ended> {
    let format = format_of(out);
    write_out(out, |out| {
        transfers::table(app, &Actor::local_operator(), id, kind, format, Box::new(out)).map(drop)
    })?;
    Ok(Ended::Well)
}
