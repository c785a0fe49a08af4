//! `hubstock transfer-list`: the lists of a transfer before they are declared.

use app::transfers::{self, ListEntry, ListState};
use app::{App, Result};
use domain::access::{Action, Actor};
use domain::ids::TransferId;
use domain::reconciliation::Received;
use domain::transfers::{FaultReason, Side};
use domain::{DeviceId, Refusal};
use serde_json::{Value, json};

use super::{acting, every, one_of, open, read_file, reference, transfer};
use crate::arguments::{Arguments, SideList, TransferList};
use crate::output::{self, Ended};

/// Hubs that are read at once.
const MOST_ROWS: usize = 1_000;

/// Whose list it is, who acts, and the transfer.
struct Given {
    actor: Actor,
    id: TransferId,
    side: Side,
}

/// Shows and changes the lists of a transfer.
pub fn run(arguments: &Arguments, command: &TransferList) -> Result<Ended> {
    let app = open(arguments)?;
    let state = match command {
        TransferList::Show { list } => return show(arguments, &app, &given(&app, list)?),
        TransferList::Add { list, id, file, scanned } => {
            let to = given(&app, list)?;
            let added = match file {
                Some(file) => {
                    transfers::add_file(&app, &to.actor, to.id, to.side, &read_file(file)?)?
                }
                None if *scanned => transfers::scan_all(&app, &to.actor, to.id, to.side, id)?,
                None => transfers::add_text(&app, &to.actor, to.id, to.side, &id.join("\n"))?,
            };
            if !transfer::is_clean(&added) {
                return Ok(transfer::show_answers(arguments, &added, "Added"));
            }
            added.list
        }
        TransferList::Remove { list, id } => {
            let from = given(&app, list)?;
            transfers::remove(&app, &from.actor, from.id, from.side, &devices(id)?)?
        }
        TransferList::Clear { list } => {
            let of = given(&app, list)?;
            transfers::clear(&app, &of.actor, of.id, of.side, None)?
        }
        TransferList::Start { reference: text, who } => {
            let actor = acting(&app, who, Action::Receive)?;
            transfers::start_from_manifest(&app, &actor, reference(text)?)?
        }
        TransferList::Judge { reference: text, id, reject, who } => {
            let actor = acting(&app, who, Action::Receive)?;
            let names = || FaultReason::ALL.iter().map(|reason| reason.name());
            let reason = reject.as_deref().map(|name| {
                let known = FaultReason::ALL.iter().find(|reason| reason.name() == name);
                known.copied().ok_or_else(|| one_of("reject", names()))
            });
            let reason = reason.transpose()?;
            transfers::set_verdicts(&app, &actor, reference(text)?, &devices(id)?, reason)?
        }
    };
    let text = format!("{} of {} hubs, {} rejected", state.hubs, state.expected, state.rejected);
    output::print(arguments, &as_json(&state), text);
    Ok(Ended::Well)
}

fn given(app: &App, list: &SideList) -> Result<Given> {
    let names = Side::ALL.iter().map(|side| side.name());
    let side = Side::from_name(&list.side).ok_or_else(|| one_of("side", names))?;
    let action = match side {
        Side::Sender => Action::Dispatch,
        Side::Receiver => Action::Receive,
    };
    Ok(Given { actor: acting(app, &list.who, action)?, id: reference(&list.reference)?, side })
}

fn devices(given: &[String]) -> Result<Vec<DeviceId>> {
    let device = |id: &String| {
        let wrong = |error: domain::device_id::DeviceIdError| {
            Refusal::field("id", format!("{id}: {error}"))
        };
        Ok(DeviceId::parse(id).map_err(wrong)?)
    };
    given.iter().map(device).collect()
}

fn as_json(state: &ListState) -> Value {
    json!({ "hubs": state.hubs, "rejected": state.rejected, "repeated": state.repeated,
            "expected": state.expected })
}

fn show(arguments: &Arguments, app: &App, of: &Given) -> Result<Ended> {
    let state = transfers::list_state(app, &of.actor, of.id, of.side)?;
    let entries = every(|after| {
        let page = transfers::list_entries(app, &of.actor, of.id, of.side, after, MOST_ROWS)?;
        Ok((page.items, page.next))
    })?;
    let reason = |entry: &ListEntry| match entry.received {
        Received::Accepted => None,
        Received::Rejected(reason) => Some(reason.name()),
    };
    let hubs: Vec<Value> = entries
        .iter()
        .map(|entry| {
            json!({ "hub": entry.hub.to_string(), "reason": reason(entry),
                    "is_repeated": entry.is_repeated, "added_at": entry.added_at.to_string() })
        })
        .collect();
    let mut text =
        format!("{} of {} hubs, {} rejected\n", state.hubs, state.expected, state.rejected);
    for entry in &entries {
        text.push_str(&format!("{} {}\n", entry.hub, reason(entry).unwrap_or_default()));
    }
    let mut json = as_json(&state);
    json["items"] = hubs.into();
    output::print(arguments, &json, text);
    Ok(Ended::Well)
}
