//! `hubstock hub`, `hubs`, `stock` and `quarantine`.

use app::inventory::{self, Filter, HubLife, Why};
use app::{Result, transfers};
use domain::access::{Action, Actor};
use domain::{DeviceId, Refusal};
use serde_json::json;

use super::{open, write_out};
use crate::arguments::{Arguments, Hubs, StockSlice, Who};
use crate::output::{self, Ended};

/// One hub's life.
pub fn hub(arguments: &Arguments, id: &str) -> Result<Ended> {
    let app = open(arguments)?;
    let life = inventory::hub(&app, &Actor::local_operator(), id)?;
    output::print(arguments, &as_json(&life), as_text(&life));
    Ok(Ended::Well)
}

fn why(why: &Why) -> String {
    match why {
        Why::Delivered => "delivered".into(),
        Why::TransferFile(id, name) => format!("{id} ({name})"),
        Why::Snapshot(id) => format!("snapshot {id}"),
    }
}

fn as_json(life: &HubLife) -> serde_json::Value {
    let parties: Vec<_> = life
        .parties
        .iter()
        .map(|r| {
            json!({ "party": r.party.details.signifier,
                    "service_user_reference": r.party.details.service_user_reference,
                    "from": r.from.to_string(), "until": r.until.map(|u| u.to_string()), "why": why(&r.why) })
        })
        .collect();
    let statuses: Vec<_> = life
        .statuses
        .iter()
        .map(|s| {
            json!({ "status": s.status.name(), "from": s.from.to_string(),
                         "import": s.import.map(|i| i.to_string()) })
        })
        .collect();
    let d = &life.delivered;
    json!({
        "chf": life.chf.to_string(),
        "gpf": life.gpf.to_string(),
        "asked_by_gpf": life.asked_by_gpf,
        "party": life.party.details.signifier,
        "service_user_reference": life.party.details.service_user_reference,
        "party_since": life.party_since.to_string(),
        "status": life.status.name(),
        "status_since": life.status_since.to_string(),
        "installed_at": life.installed_at.map(|at| at.to_string()),
        "manufacturer": d.manufacturer,
        "model": d.model,
        "hardware_version": d.hardware_version,
        "firmware_version": d.firmware_version,
        "chts_version": d.chts_version,
        "gbcs_version": d.gbcs_version,
        "han_variant": d.han_variant,
        "wan_variant": d.wan_variant,
        "region": d.region,
        "order_no": d.order_no,
        "consignment_no": d.consignment_no,
        "pallet_id": d.pallet_id,
        "box_id": d.box_id,
        "delivered_on": d.delivered_on,
        "accepted_on": d.accepted_on,
        "location": d.location,
        "installation_end": d.installation_end,
        "days_left": life.days_left,
        "test": d.is_test,
        "quarantined": life.quarantined,
        "parties": parties,
        "statuses": statuses,
    })
}

fn as_text(life: &HubLife) -> String {
    let d = &life.delivered;
    let mut text = format!(
        "{}  GPF {}\n{} since {}\n{} since {}\n{} {} firmware {} {} {} {}\npallet {} box {} consignment {} order {}\n",
        life.chf,
        life.gpf,
        life.party.details.legal_name,
        life.party_since,
        life.status.name(),
        life.status_since,
        d.manufacturer,
        d.model,
        d.firmware_version,
        d.han_variant,
        d.wan_variant,
        d.region,
        d.pallet_id,
        d.box_id,
        d.consignment_no,
        d.order_no,
    );
    if let (Some(end), Some(days)) = (life.installation_end, life.days_left) {
        text.push_str(&format!("installation end date {end}, {days} days\n"));
    }
    for (is, what) in [(d.is_test, "test hub\n"), (life.quarantined, "in quarantine\n")] {
        text.push_str(if is { what } else { "" });
    }
    for r in &life.parties {
        text.push_str(&format!("{}  {}  {}\n", r.from, r.party.details.signifier, why(&r.why)));
    }
    for s in &life.statuses {
        text.push_str(&format!("{}  {}\n", s.from, s.status.name()));
    }
    text
}

/// Who was responsible for a hub, and since when.
pub fn responsibility(
    arguments: &Arguments,
    id: &str,
    at: Option<jiff::Timestamp>,
) -> Result<Ended> {
    let app = open(arguments)?;
    let hub = DeviceId::parse(id).map_err(|error| Refusal::field("id", error.to_string()))?;
    let operator = Actor::local_operator();
    let times = match at {
        None => transfers::responsibility(&app, &operator, hub)?,
        Some(at) => vec![transfers::responsible(&app, &operator, hub, at)?],
    };
    let json: Vec<_> = times
        .iter()
        .map(|time| {
            json!({ "party": time.party.reference, "from": time.from.to_string(),
                    "until": time.until.map(|at| at.to_string()),
                    "transfer": time.transfer.map(|id| id.to_string()) })
        })
        .collect();
    let text = times.iter().map(|time| {
        let why = time.transfer.map_or_else(String::new, |id| id.to_string());
        format!("{} {} {why}\n", time.from, time.party.reference)
    });
    output::print(arguments, &json.into(), text.collect::<String>());
    Ok(Ended::Well)
}

/// A slice of the inventory as a table.
pub fn hubs(arguments: &Arguments, slice: &Hubs) -> Result<Ended> {
    let app = open(arguments)?;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let filter = Filter {
        id: text(&slice.id),
        pallet: text(&slice.pallet),
        box_id: text(&slice.box_id),
        order: text(&slice.order),
        manufacturer: text(&slice.manufacturer),
        firmware: text(&slice.firmware),
        region: text(&slice.region),
        consignment: text(&slice.consignment),
        party: text(&slice.party),
        model: text(&slice.model),
        status: text(&slice.status),
    };
    let format = super::report::table_format(slice.format);
    write_out(slice.out.as_deref(), |out| {
        inventory::export(&app, &Actor::local_operator(), &filter, format, out).map(drop)
    })?;
    Ok(Ended::Well)
}

/// Counts of stock.
pub fn stock(arguments: &Arguments, slice: &StockSlice) -> Result<Ended> {
    let app = open(arguments)?;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let filter = Filter {
        party: text(&slice.party),
        model: text(&slice.model),
        region: text(&slice.region),
        status: text(&slice.status),
        ..Filter::default()
    };
    let rows = inventory::stock(&app, &Actor::local_operator(), &filter)?;
    let json: Vec<_> = rows
        .iter()
        .map(|r| {
            json!({ "party": r.signifier, "manufacturer": r.manufacturer, "model": r.model,
                    "firmware_version": r.firmware_version, "region": r.region,
                    "status": r.status.name(), "hubs": r.hubs })
        })
        .collect();
    let text: String = rows
        .iter()
        .map(|r| {
            format!(
                "{} {} {} {} {} {} {}\n",
                r.signifier,
                r.manufacturer,
                r.model,
                r.firmware_version,
                r.region,
                r.status.name(),
                r.hubs
            )
        })
        .collect();
    output::print(arguments, &json.into(), text);
    Ok(Ended::Well)
}

/// Puts a hub into quarantine, or takes it out.
pub fn quarantine(
    arguments: &Arguments,
    id: &str,
    out: bool,
    reason: &str,
    who: &Who,
) -> Result<Ended> {
    let app = open(arguments)?;
    let actor = app::sign_in::actor_by_email(&app, &who.email, Action::Quarantine, None)?;
    let hub = if out {
        inventory::release(&app, &actor, id, None, reason)?
    } else {
        inventory::quarantine(&app, &actor, id, None, reason)?
    };
    let state = if out { "released" } else { "quarantined" };
    output::print(
        arguments,
        &json!({ "hub": hub.to_string(), "state": state }),
        format!("{hub} {state}"),
    );
    Ok(Ended::Well)
}
