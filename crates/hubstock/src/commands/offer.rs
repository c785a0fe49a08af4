//! `hubstock offer`, `hubstock request`, `hubstock stock-rule`, `hubstock holiday`.

use std::path::Path;

use app::board;
use app::offers::{self, Draft, Drafted, Listing, OfferRow};
use app::requests::{self, RequestRow};
use app::stock_rules::{self, RuleTable};
use app::transfer_files::{IdMistake, Page};
use app::{App, Result, timers};
use domain::Refusal;
use domain::access::{Action, Actor};
use domain::board::BoardFilter;
use domain::ids::OfferId;
use domain::offers::{Carriage, Firmware, Specification, Terms};
use domain::requests::Asked;
use domain::timers::british_day;
use serde_json::{Value, json};

use super::{
    acting, every, format_of, one_of, open, party_in, read_file, reference, write_file, write_out,
};
use crate::arguments::{
    Arguments, AskedGiven, Holiday, Offer, OfferTerms, Request, RuleTableWord, StockGiven,
    StockRule, Who,
};
use crate::output::{self, Ended};

/// The stock that is given; what is left out is as it was.
fn specification(given: &StockGiven, before: Specification) -> Specification {
    let text = |given: &Option<String>, before: String| given.clone().unwrap_or(before);
    Specification {
        manufacturer: text(&given.manufacturer, before.manufacturer),
        model: text(&given.model, before.model),
        han_variant: text(&given.han_variant, before.han_variant),
        wan_variant: text(&given.wan_variant, before.wan_variant),
        region: text(&given.region, before.region),
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

/// The terms that are given; what is left out is as it was.
fn terms(given: &OfferTerms, before: Terms) -> Result<Terms> {
    let carriage = match given.carriage.as_deref() {
        None => before.carriage,
        Some(name) => Carriage::from_name(name)
            .ok_or_else(|| Refusal::field("carriage", "Give Sender, Receiver or ToBeAgreed."))?,
    };
    Ok(Terms {
        quantity: given.quantity.unwrap_or(before.quantity),
        minimum_lot: given.minimum_lot.unwrap_or(before.minimum_lot),
        full_pallets: given.full_pallets.unwrap_or(before.full_pallets),
        packaging: given.packaging.clone().unwrap_or(before.packaging),
        location: given.location.clone().unwrap_or(before.location),
        carriage,
        notes: given.notes.clone().unwrap_or(before.notes),
        available_from: given.available_from.unwrap_or(before.available_from),
        available_until: given.available_until.or(before.available_until),
        closes_on: given.closes_on.or(before.closes_on),
    })
}

/// What a new offer says of which nothing is given.
fn nothing_said(app: &App, given: &OfferTerms) -> Draft {
    Draft {
        party: None,
        specification: Specification::default(),
        firmware: Firmware::new(),
        terms: Terms {
            quantity: i64::from(given.ids.is_some()),
            minimum_lot: 1,
            full_pallets: false,
            packaging: String::new(),
            location: String::new(),
            carriage: Carriage::default(),
            notes: String::new(),
            available_from: british_day(app.now()),
            available_until: None,
            closes_on: None,
        },
        listing: Listing::AsItIs,
    }
}

/// An offer as it is given; what is left out is as it was.
fn draft(app: &App, actor: &Actor, given: &OfferTerms, before: Draft) -> Result<Draft> {
    let mut firmware = Firmware::new();
    for pair in &given.firmware {
        let split = pair.split_once('=').and_then(|(v, n)| Some((v, n.parse::<i64>().ok()?)));
        let (version, hubs) = split.ok_or_else(|| {
            Refusal::field("firmware", format!("“{pair}” is not like 04000007=500."))
        })?;
        firmware.insert(version.to_owned(), hubs);
    }
    if given.firmware.is_empty() {
        firmware = before.firmware;
    }
    let listing = match &given.ids {
        None => Listing::AsItIs,
        Some(path) => Listing::Ids(read_file(path)?),
    };
    Ok(Draft {
        party: party_in(app, actor, given.party.as_deref())?,
        specification: specification(&given.stock, before.specification),
        firmware,
        terms: terms(given, before.terms)?,
        listing,
    })
}

/// The answer to a draft: the offer, or each ID that can't be offered, with exit code 1.
pub(super) fn drafted(
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
            let (json, text) = (mistakes_json(&mistakes), mistakes_text(&mistakes));
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
            let given = draft(&app, &actor, terms, nothing_said(&app, terms))?;
            let done = offers::draft(&app, &actor, &given)?;
            return drafted(arguments, &app, &actor, done, *submit);
        }
        Offer::Change { reference: id, terms, who } => {
            let actor = manages(who)?;
            let id: OfferId = reference(id)?;
            let before = offers::get(&app, &actor, id)?;
            let before = Draft {
                party: None,
                specification: before.row.specification,
                firmware: before.firmware,
                terms: before.row.terms,
                listing: Listing::AsItIs,
            };
            let given = draft(&app, &actor, terms, before)?;
            let done = offers::change(&app, &actor, id, None, &given)?;
            return drafted(arguments, &app, &actor, done, false);
        }
        Offer::Check { file, offer, party, who } => {
            let actor = manages(who)?;
            let party = party_in(&app, &actor, party.as_deref())?;
            let offer = offer.as_deref().map(reference).transpose()?;
            match offers::check_list(&app, &actor, party, offer, &read_file(file)?)? {
                Ok(hubs) => {
                    let text = format!("{hubs} hubs can be offered together");
                    output::print(arguments, &json!({ "hubs": hubs }), text);
                    return Ok(Ended::Well);
                }
                Err(mistakes) => {
                    let mistakes = Drafted::Mistakes(mistakes);
                    return drafted(arguments, &app, &actor, mistakes, false);
                }
            }
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
            let view = offers::get(&app, &Actor::local_operator(), reference(id)?)?;
            let mut json = shown(&view.row);
            json["policy"] = view.row.policy.map(|policy| policy.to_string()).into();
            json["lottery_commitment"] = view.commitment.clone().into();
            let mut text = line(&view.row);
            if let Some(policy) = view.row.policy {
                text.push_str(&format!("\nselection policy {policy}"));
            }
            if let Some(commitment) = &view.commitment {
                text.push_str(&format!("\ncommitment to the lottery's secret {commitment}"));
            }
            output::print(arguments, &json, text);
            return Ok(Ended::Well);
        }
        Offer::History { reference: id } => {
            let found = offers::history(&app, &Actor::local_operator(), reference(id)?)?;
            return Ok(output::history(arguments, &found));
        }
        Offer::Ids { reference: id } => return ids(arguments, &app, reference(id)?),
        Offer::List { state } => {
            use domain::offers::State;
            let state = state.as_deref().map(|name| {
                State::from_name(name)
                    .ok_or_else(|| one_of("state", State::ALL.iter().map(|s| s.name())))
            });
            let wanted = offers::Wanted { party: None, state: state.transpose()? };
            let rows =
                all(|before| offers::list(&app, &Actor::local_operator(), &wanted, before.into()))?;
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
                let format = format_of(Some(path));
                write_file(path, |out| board::export(&app, &actor, &filter, format, out))?;
                let json = json!({ "out": path.display().to_string() });
                output::print(arguments, &json, format!("Written to {}", path.display()));
                return Ok(Ended::Well);
            }
            let rows = all(|before| board::offers(&app, &actor, &filter, before.into()))?;
            let json: Vec<Value> = rows.iter().map(|listed| shown(&listed.row)).collect();
            let text: String = rows.iter().map(|listed| line(&listed.row) + "\n").collect();
            output::print(arguments, &json.into(), text);
            return Ok(Ended::Well);
        }
    };
    output::print(arguments, &shown(&row), line(&row));
    Ok(Ended::Well)
}

fn ids(arguments: &Arguments, app: &App, id: OfferId) -> Result<Ended> {
    let (hubs, mistakes) = offers::list_of(app, &Actor::local_operator(), id)?;
    let hubs: Vec<String> = hubs.iter().map(ToString::to_string).collect();
    let json = json!({ "device_ids": hubs, "mistakes": mistakes_json(&mistakes) });
    let text = hubs.iter().map(|hub| format!("{hub}\n")).collect::<String>();
    output::print(arguments, &json, text + &mistakes_text(&mistakes));
    Ok(if mistakes.is_empty() { Ended::Well } else { Ended::SomeRejected })
}

fn mistakes_json(mistakes: &[IdMistake]) -> Vec<Value> {
    mistakes
        .iter()
        .map(|m| json!({ "line": m.line, "given": m.given, "message": m.message }))
        .collect()
}

fn mistakes_text(mistakes: &[IdMistake]) -> String {
    mistakes.iter().map(|m| format!("line {}: {}: {}\n", m.line, m.given, m.message)).collect()
}

/// All of a list of offers or requests.
fn all<T>(page: impl Fn(Option<i64>) -> Result<Page<T>>) -> Result<Vec<T>> {
    every(|before| page(before).map(|page| (page.items, page.next)))
}

fn asked_for(given: &AskedGiven) -> Asked {
    Asked {
        quantity: given.quantity,
        minimum: given.minimum,
        needed_by: given.needed_by,
        location: given.location.clone(),
        notes: given.notes.clone(),
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
                specification: specification(stock, Specification::default()),
                asked: asked_for(asked),
            };
            match draft {
                true => requests::draft(&app, &actor, &given)?,
                false => requests::draft_and_submit(&app, &actor, &given)?,
            }
        }
        Request::Change { reference: id, stock, asked, who } => {
            let actor = manages(who)?;
            let id = reference(id)?;
            let before = requests::get(&app, &actor, id)?.row;
            let given = requests::Draft {
                party: None,
                offer: before.offer,
                specification: specification(stock, before.specification),
                asked: Asked {
                    quantity: asked.quantity.unwrap_or(before.asked.quantity),
                    minimum: asked.minimum.unwrap_or(before.asked.minimum),
                    needed_by: asked.needed_by.or(before.asked.needed_by),
                    location: asked.location.clone().unwrap_or(before.asked.location),
                    notes: asked.notes.clone().unwrap_or(before.asked.notes),
                },
            };
            requests::change(&app, &actor, id, None, &given)?
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
        Request::History { reference: id } => {
            let found = requests::history(&app, &Actor::local_operator(), reference(id)?)?;
            return Ok(output::history(arguments, &found));
        }
        Request::Wanted => {
            let found = all(|before| board::wanted(&app, &Actor::local_operator(), before.into()))?;
            let rows: Vec<RequestRow> = found.into_iter().map(|listed| listed.row).collect();
            return Ok(show_requests(arguments, &rows));
        }
        Request::List { offer, state } => {
            use domain::requests::State;
            let state = state.as_deref().map(|name| {
                State::from_name(name)
                    .ok_or_else(|| one_of("state", State::ALL.iter().map(|s| s.name())))
            });
            let offer: Option<OfferId> = offer.as_deref().map(reference).transpose()?;
            let wanted = requests::Wanted { party: None, state: state.transpose()?, offer };
            let found = all(|before| {
                requests::list(&app, &Actor::local_operator(), &wanted, before.into())
            })?;
            let rows: Vec<RequestRow> = found.into_iter().map(|(row, _)| row).collect();
            return Ok(show_requests(arguments, &rows));
        }
    };
    output::print(arguments, &shown_request(&row), request_line(&row));
    Ok(Ended::Well)
}

fn show_requests(arguments: &Arguments, rows: &[RequestRow]) -> Ended {
    let json: Vec<Value> = rows.iter().map(shown_request).collect();
    let text: String = rows.iter().map(|row| request_line(row) + "\n").collect();
    output::print(arguments, &json.into(), text);
    Ended::Well
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
    let format = format_of(out);
    let operator = Actor::local_operator();
    write_out(out, |out| stock_rules::export(app, &operator, table, format, out).map(drop))
}

fn load_table(
    arguments: &Arguments,
    app: &App,
    table: RuleTable,
    file: &Path,
    who: &Who,
) -> Result<Ended> {
    let actor = acting(app, who, Action::ChangeStockRules)?;
    match stock_rules::load(app, &actor, table, None, &read_file(file)?)? {
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
