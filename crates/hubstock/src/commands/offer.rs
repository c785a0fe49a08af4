//! `hubstock offer`, `hubstock request`, `hubstock stock-rule`, `hubstock holiday`.

use std::io::Read;
use std::path::Path;

use app::board;
use app::offers::{self, Draft, Drafted, Listing, OfferRow};
use app::requests::{self, RequestRow};
use app::stock_rules::{self, RuleTable};
use app::tables::Format as TableFormat;
use app::{App, Error, Result, timers};
use domain::Refusal;
use domain::access::{Action, Actor};
use domain::board::BoardFilter;
use domain::ids::{OfferId, PartyId};
use domain::offers::{Carriage, Firmware, Specification, Terms};
use domain::requests::Asked;
use domain::timers::british_day;
use serde_json::{Value, json};

use super::{open, reference, sink, source};
use crate::arguments::{
    Arguments, Holiday, Offer, OfferTerms, Request, RuleTableWord, StockGiven, StockRule, Who,
};
use crate::output::{self, Ended};

/// The largest list or table that is read.
const MOST_BYTES: u64 = 256 << 20;

fn acting(app: &App, who: &Who, action: Action) -> Result<Actor> {
    app::sign_in::actor_by_email(app, &who.email, action, None)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = source(path)?.take(MOST_BYTES).read_to_end(&mut bytes);
    read.map_err(Error::io(format!("read {}", path.display())))?;
    Ok(bytes)
}

fn party_in(app: &App, actor: &Actor, signifier: Option<&str>) -> Result<Option<PartyId>> {
    let found = signifier.map(|text| app::parties::by_signifier(app, actor, text));
    Ok(found.transpose()?.map(|row| row.party.id))
}

fn specification(given: &StockGiven) -> Specification {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    Specification {
        manufacturer: text(&given.manufacturer),
        model: text(&given.model),
        han_variant: text(&given.han_variant),
        wan_variant: text(&given.wan_variant),
        region: text(&given.region),
    }
}

fn shown(row: &OfferRow) -> Value {
    let s = &row.specification;
    json!({
        "offer": row.id.to_string(),
        "state": row.state.name(),
        "manufacturer": s.manufacturer,
        "model": s.model,
        "han_variant": s.han_variant,
        "wan_variant": s.wan_variant,
        "region": s.region,
        "quantity": row.terms.quantity,
        "allocated": row.allocated,
        "left": row.left(),
        "lists_ids": row.ids_file.is_some(),
        "closes_at": row.closes_at.map(|at| at.to_string()),
        "reason": row.reason,
        "version": row.version,
    })
}

fn line(row: &OfferRow) -> String {
    format!(
        "{} {} {} of {} left, {}",
        row.id,
        row.state.name(),
        row.left(),
        row.terms.quantity,
        row.specification
    )
}

fn shown_request(row: &RequestRow) -> Value {
    json!({
        "request": row.id.to_string(),
        "offer": row.offer.map(|offer| offer.to_string()),
        "state": row.state.name(),
        "quantity": row.asked.quantity,
        "minimum": row.asked.minimum,
        "allocated": row.allocated,
        "received_at": row.received_at.map(|at| at.to_string()),
        "reason": row.reason,
        "version": row.version,
    })
}

fn request_line(row: &RequestRow) -> String {
    let of = row
        .offer
        .map_or_else(|| format!("wanted: {}", row.specification), |offer| format!("for {offer}"));
    format!("{} {} {} hubs {of}", row.id, row.state.name(), row.asked.quantity)
}

fn terms(app: &App, given: &OfferTerms) -> Result<Terms> {
    let carriage = match given.carriage.as_deref() {
        None => Carriage::default(),
        Some(name) => Carriage::from_name(name)
            .ok_or_else(|| Refusal::field("carriage", "Give Sender, Receiver or ToBeAgreed."))?,
    };
    Ok(Terms {
        quantity: given.quantity.unwrap_or(if given.ids.is_some() { 1 } else { 0 }),
        minimum_lot: given.minimum_lot,
        full_pallets: given.full_pallets,
        packaging: given.packaging.clone(),
        location: given.location.clone(),
        carriage,
        notes: given.notes.clone(),
        available_from: given.available_from.unwrap_or_else(|| british_day(app.now())),
        available_until: given.available_until,
        closes_on: given.closes_on,
    })
}

fn draft(app: &App, actor: &Actor, given: &OfferTerms) -> Result<Draft> {
    let mut firmware = Firmware::new();
    for pair in &given.firmware {
        let split = pair.split_once('=').and_then(|(v, n)| Some((v, n.parse::<i64>().ok()?)));
        let (version, hubs) = split.ok_or_else(|| {
            Refusal::field("firmware", format!("“{pair}” is not like 04000007=500."))
        })?;
        firmware.insert(version.to_owned(), hubs);
    }
    let listing = match &given.ids {
        None => Listing::AsItIs,
        Some(path) => Listing::Ids(read(path)?),
    };
    Ok(Draft {
        party: party_in(app, actor, given.party.as_deref())?,
        specification: specification(&given.stock),
        firmware,
        terms: terms(app, given)?,
        listing,
    })
}

/// The answer to a draft: the offer, or each ID that can't be offered, with exit code 1.
fn drafted(
    arguments: &Arguments,
    app: &App,
    actor: &Actor,
    drafted: Drafted,
    submit: bool,
) -> Result<Ended> {
    match drafted {
        Drafted::Offer(id) => {
            let row = match submit {
                true => offers::submit(app, actor, id, None)?,
                false => offers::get(app, actor, id)?.row,
            };
            output::print(arguments, &shown(&row), line(&row));
            Ok(Ended::Well)
        }
        Drafted::Mistakes(mistakes) => {
            let json: Vec<Value> = mistakes
                .iter()
                .map(|m| json!({ "line": m.line, "given": m.given, "message": m.message }))
                .collect();
            let text: String = mistakes
                .iter()
                .map(|m| format!("line {}: {}: {}\n", m.line, m.given, m.message))
                .collect();
            output::print(arguments, &json!({ "mistakes": json }), text);
            Ok(Ended::SomeRejected)
        }
    }
}

/// `hubstock offer`.
pub fn offer(arguments: &Arguments, command: &Offer) -> Result<Ended> {
    let app = open(arguments)?;
    let manages = |who: &Who| acting(&app, who, Action::ManageOffers);
    let publishes = |who: &Who| acting(&app, who, Action::PublishOffers);
    let row = match command {
        Offer::Draft { terms, submit, who } => {
            let actor = manages(who)?;
            let done = offers::draft(&app, &actor, &draft(&app, &actor, terms)?)?;
            return drafted(arguments, &app, &actor, done, *submit);
        }
        Offer::Change { reference: id, terms, who } => {
            let actor = manages(who)?;
            let id: OfferId = reference(id)?;
            let before = offers::get(&app, &actor, id)?.row;
            let mut draft = draft(&app, &actor, terms)?;
            if draft.specification == Specification::default() {
                draft.specification = before.specification;
            }
            if terms.quantity.is_none() {
                draft.terms.quantity = before.terms.quantity;
            }
            let done = offers::change(&app, &actor, id, None, &draft)?;
            return drafted(arguments, &app, &actor, done, false);
        }
        Offer::Submit { reference: id, who } => {
            offers::submit(&app, &manages(who)?, reference(id)?, None)?
        }
        Offer::Publish { reference: id, who } => {
            offers::publish(&app, &publishes(who)?, reference(id)?, None)?
        }
        Offer::Return { reference: id, reason, who } => {
            offers::return_to_party(&app, &publishes(who)?, reference(id)?, None, reason)?
        }
        Offer::Suspend { reference: id, reason, who } => {
            offers::suspend(&app, &publishes(who)?, reference(id)?, None, reason)?
        }
        Offer::Resume { reference: id, who } => {
            offers::resume(&app, &publishes(who)?, reference(id)?, None)?
        }
        Offer::Withdraw { reference: id, reason, who } => {
            offers::withdraw(&app, &manages(who)?, reference(id)?, None, reason)?
        }
        Offer::Close { reference: id, reason, who } => {
            offers::close(&app, &manages(who)?, reference(id)?, None, reason)?
        }
        Offer::Show { reference: id } => {
            offers::get(&app, &Actor::local_operator(), reference(id)?)?.row
        }
        Offer::List { state } => {
            let state = state.as_deref().map(|name| {
                domain::offers::State::from_name(name)
                    .ok_or_else(|| Refusal::field("state", "There is no such state."))
            });
            let wanted = offers::Wanted { party: None, state: state.transpose()? };
            let rows = every(|before| {
                offers::list(&app, &Actor::local_operator(), &wanted, before.into())
            })?;
            let json: Vec<Value> = rows.iter().map(|(row, _)| shown(row)).collect();
            let text: String = rows.iter().map(|(row, _)| line(row) + "\n").collect();
            output::print(arguments, &json.into(), text);
            return Ok(Ended::Well);
        }
        Offer::Board { filter, out } => {
            let filter = BoardFilter::from_query(filter.as_deref().unwrap_or_default())
                .map_err(|message| Refusal::field("filter", message))?;
            let actor = Actor::local_operator();
            if let Some(path) = out {
                let format = format_of(path);
                board::export(&app, &actor, &filter, format, &mut sink(Some(path))?)?;
                let json = json!({ "out": path.display().to_string() });
                output::print(arguments, &json, format!("Written to {}", path.display()));
                return Ok(Ended::Well);
            }
            let rows = every(|before| board::offers(&app, &actor, &filter, before.into()))?;
            let json: Vec<Value> = rows.iter().map(|listed| shown(&listed.row)).collect();
            let text: String = rows.iter().map(|listed| line(&listed.row) + "\n").collect();
            output::print(arguments, &json.into(), text);
            return Ok(Ended::Well);
        }
    };
    output::print(arguments, &shown(&row), line(&row));
    Ok(Ended::Well)
}

/// All pages of a list.
fn every<T>(page: impl Fn(Option<i64>) -> Result<app::transfer_files::Page<T>>) -> Result<Vec<T>> {
    let mut rows = Vec::new();
    let mut before = None;
    loop {
        let mut found = page(before)?;
        rows.append(&mut found.items);
        before = found.next;
        if before.is_none() {
            return Ok(rows);
        }
    }
}

fn format_of(path: &Path) -> TableFormat {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("xlsx") => TableFormat::Xlsx,
        _ => TableFormat::Csv,
    }
}

/// `hubstock request`.
pub fn request(arguments: &Arguments, command: &Request) -> Result<Ended> {
    let app = open(arguments)?;
    let manages = |who: &Who| acting(&app, who, Action::ManageRequests);
    let row = match command {
        Request::Make { offer, stock, asked, party, draft, who } => {
            let actor = manages(who)?;
            let given = requests::Draft {
                party: party_in(&app, &actor, party.as_deref())?,
                offer: offer.as_deref().map(reference).transpose()?,
                specification: specification(stock),
                asked: Asked {
                    quantity: asked.quantity,
                    minimum: asked.minimum,
                    needed_by: asked.needed_by,
                    location: asked.location.clone(),
                    notes: asked.notes.clone(),
                },
            };
            match draft {
                true => requests::draft(&app, &actor, &given)?,
                false => requests::draft_and_submit(&app, &actor, &given)?,
            }
        }
        Request::Submit { reference: id, who } => {
            requests::submit(&app, &manages(who)?, reference(id)?, None)?
        }
        Request::Withdraw { reference: id, reason, who } => {
            requests::withdraw(&app, &manages(who)?, reference(id)?, None, reason)?
        }
        Request::Turn { reference: id, offer, quantity, minimum, who } => {
            let asked = (*quantity, *minimum);
            let (id, offer) = (reference(id)?, reference(offer)?);
            requests::turn(&app, &manages(who)?, id, None, offer, asked)?
        }
        Request::Show { reference: id } => {
            requests::get(&app, &Actor::local_operator(), reference(id)?)?.row
        }
        Request::List { offer } => {
            let offer: Option<OfferId> = offer.as_deref().map(reference).transpose()?;
            let wanted = requests::Wanted { offer, ..requests::Wanted::default() };
            let rows = every(|before| {
                requests::list(&app, &Actor::local_operator(), &wanted, before.into())
            })?;
            let json: Vec<Value> = rows.iter().map(|(row, _)| shown_request(row)).collect();
            let text: String = rows.iter().map(|(row, _)| request_line(row) + "\n").collect();
            output::print(arguments, &json.into(), text);
            return Ok(Ended::Well);
        }
    };
    output::print(arguments, &shown_request(&row), request_line(&row));
    Ok(Ended::Well)
}

fn table(word: RuleTableWord) -> RuleTable {
    match word {
        RuleTableWord::Interchangeability => RuleTable::Interchangeability,
        RuleTableWord::InstallationEnds => RuleTable::InstallationEnds,
    }
}

/// `hubstock stock-rule`.
pub fn stock_rule(arguments: &Arguments, command: &StockRule) -> Result<Ended> {
    let app = open(arguments)?;
    match command {
        StockRule::Export { table: word, out } => {
            export_table(&app, table(*word), out.as_deref())?;
            Ok(Ended::Well)
        }
        StockRule::Load { table: word, file, who } => {
            load_table(arguments, &app, table(*word), file, who)
        }
    }
}

/// `hubstock holiday`.
pub fn holiday(arguments: &Arguments, command: &Holiday) -> Result<Ended> {
    let app = open(arguments)?;
    match command {
        Holiday::List => {
            let all = timers::holidays(&app, &Actor::local_operator())?;
            let json: Vec<Value> = all
                .iter()
                .map(|(day, name)| json!({ "day": day.to_string(), "name": name }))
                .collect();
            let text: String = all.iter().map(|(day, name)| format!("{day} {name}\n")).collect();
            output::print(arguments, &json.into(), text);
        }
        Holiday::Set { day, name, who } => {
            let actor = acting(&app, who, Action::ChangeStockRules)?;
            timers::set_holiday(&app, &actor, None, *day, name)?;
            output::print(arguments, &json!({ "day": day.to_string() }), format!("{day} {name}"));
        }
        Holiday::Remove { day, who } => {
            let actor = acting(&app, who, Action::ChangeStockRules)?;
            timers::drop_holiday(&app, &actor, None, *day)?;
            output::print(arguments, &json!({ "removed": day.to_string() }), "Removed");
        }
        Holiday::Export { out } => export_table(&app, RuleTable::Holidays, out.as_deref())?,
        Holiday::Load { file, who } => {
            return load_table(arguments, &app, RuleTable::Holidays, file, who);
        }
    }
    Ok(Ended::Well)
}

fn export_table(app: &App, table: RuleTable, out: Option<&Path>) -> Result<()> {
    let format = out.map_or(TableFormat::Csv, format_of);
    stock_rules::export(app, &Actor::local_operator(), table, format, &mut sink(out)?)?;
    Ok(())
}

fn load_table(
    arguments: &Arguments,
    app: &App,
    table: RuleTable,
    file: &Path,
    who: &Who,
) -> Result<Ended> {
    let actor = acting(app, who, Action::ChangeStockRules)?;
    match stock_rules::load(app, &actor, table, None, &read(file)?)? {
        Ok(changed) => {
            let json = json!({ "set": changed.set, "removed": changed.dropped });
            let text = format!("{} rows set, {} removed", changed.set, changed.dropped);
            output::print(arguments, &json, text);
            Ok(Ended::Well)
        }
        Err(mistakes) => {
            let text: String = mistakes
                .iter()
                .map(|m| format!("line {}: {}: {}\n", m.line, m.given, m.message))
                .collect();
            let json: Vec<Value> = mistakes
                .iter()
                .map(|m| json!({ "line": m.line, "given": m.given, "message": m.message }))
                .collect();
            output::print(arguments, &json!({ "mistakes": json }), text);
            Ok(Ended::Refused)
        }
    }
}
