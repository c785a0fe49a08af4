//! `hubstock excess` and `hubstock saved-filter`.

use app::excess::{self, ExcessGroup, Offered, Picked};
use app::{Result, board};
use domain::Refusal;
use domain::access::Action;
use domain::board::BoardFilter;
use serde_json::{Value, json};

use super::{acting, offer, open, party_in, reference};
use crate::arguments::{Arguments, Excess, SavedFilter};
use crate::output::{self, Ended};

/// A Party's own stock by age and location, and offers of it.
pub fn run(arguments: &Arguments, command: &Excess) -> Result<Ended> {
    let app = open(arguments)?;
    match command {
        Excess::List { party, who } => {
            let actor = acting(&app, who, Action::SeeStock)?;
            let party = party_in(&app, &actor, party.as_deref())?;
            let groups = excess::own(&app, &actor, party)?;
            let json: Vec<Value> = groups.iter().map(as_json).collect();
            output::print(arguments, &json.into(), groups.iter().map(as_text).collect::<String>());
            Ok(Ended::Well)
        }
        Excess::Offer { pallets, with_ids, party, who } => {
            let actor = acting(&app, who, Action::ManageOffers)?;
            let party = party_in(&app, &actor, party.as_deref())?;
            let picks: std::result::Result<Vec<Picked>, Refusal> =
                pallets.iter().map(|text| text.parse()).collect();
            let how = if *with_ids { Offered::WithIds } else { Offered::ByQuantity };
            let drafted = excess::draft_offer(&app, &actor, party, &picks?, how)?;
            offer::drafted(arguments, &app, &actor, drafted, false)
        }
    }
}

fn as_json(group: &ExcessGroup) -> Value {
    let s = &group.specification;
    let pallets = group.pallets.iter().map(|pallet| {
        json!({
            "pick": Picked::of(&pallet.stock).to_string(),
            "pallet_id": pallet.stock.pallet_id,
            "consignment_no": pallet.stock.consignment_no,
            "hubs": pallet.stock.hubs,
            "is_whole": pallet.is_whole,
            "months_held": pallet.months_held,
            "days_left": pallet.days_left,
            "firmware_version": pallet.stock.model.firmware_version,
        })
    });
    json!({
        "manufacturer": s.manufacturer,
        "model": s.model,
        "han_variant": s.han_variant,
        "wan_variant": s.wan_variant,
        "region": s.region,
        "location": group.location,
        "hubs": group.hubs,
        "pallets": pallets.collect::<Vec<_>>(),
    })
}

fn as_text(group: &ExcessGroup) -> String {
    let mut text = format!("{} at {}: {} hubs\n", group.specification, group.location, group.hubs);
    for pallet in &group.pallets {
        let left = pallet.days_left.map_or_else(String::new, |days| format!(", {days} days left"));
        text.push_str(&format!(
            "  {} pallet {}: {} hubs, {} months held{left}\n",
            Picked::of(&pallet.stock),
            pallet.stock.pallet_id,
            pallet.stock.hubs,
            pallet.months_held
        ));
    }
    text
}

/// A person's saved filters of the board.
pub fn saved_filter(arguments: &Arguments, command: &SavedFilter) -> Result<Ended> {
    let app = open(arguments)?;
    let acting = |who| acting(&app, who, Action::SeeBoard);
    match command {
        SavedFilter::List { who } => {
            let rows = board::filters(&app, &acting(who)?)?;
            let json: Vec<Value> = rows
                .iter()
                .map(|row| {
                    json!({ "filter": row.id.to_string(), "name": row.name, "query": row.filter,
                            "notifies": row.notifies })
                })
                .collect();
            let text = rows.iter().map(|row| {
                let tells = if row.notifies { " (tells)" } else { "" };
                format!("{} {}: {}{tells}\n", row.id, row.name, row.filter)
            });
            output::print(arguments, &json.into(), text.collect::<String>());
        }
        SavedFilter::Save { name, filter, notify, who } => {
            let query = BoardFilter::from_query(filter)
                .map_err(|message| Refusal::field("filter", message))?;
            let id = board::save_filter(&app, &acting(who)?, name, &query, *notify)?;
            output::print(arguments, &json!({ "filter": id.to_string() }), id);
        }
        SavedFilter::Notify { reference: text, off, who } => {
            board::set_notifies(&app, &acting(who)?, reference(text)?, None, !off)?;
            let said = if *off { "Does not tell any more" } else { "Tells of new offers" };
            output::print(arguments, &json!({ "filter": text, "notifies": !off }), said);
        }
        SavedFilter::Drop { reference: text, who } => {
            board::drop_filter(&app, &acting(who)?, reference(text)?, None)?;
            output::print(arguments, &json!({ "dropped": text }), "Dropped");
        }
    }
    Ok(Ended::Well)
}
