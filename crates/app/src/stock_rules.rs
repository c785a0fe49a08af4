//! Which stock may stand in for which, and installation end dates: tables that the DCC edits.

mod files;

use domain::Refusal;
use domain::access::{Action, Actor};
use domain::stock_rules::{Dimension, Interchangeability, Pair, Rule};
use jiff::civil::Date;
use store::Tx;
use store::stock_rules as rows;

use crate::journal::{By, Event, enact};
use crate::{App, Error, Result, versions};

pub use files::{Changed, RuleTable, export, load, version};

/// The table of interchangeability as it is now.
pub fn table(tx: &mut Tx) -> Result<Interchangeability> {
    Ok(Interchangeability::new(rows::pairs(tx)?))
}

/// The pairs of the table of interchangeability.
pub fn pairs(app: &App, actor: &Actor) -> Result<Vec<Pair>> {
    actor.must(Action::SeeStockRules)?;
    Ok(rows::pairs(&mut app.db.read()?)?)
}

/// Says whether one kind of stock may stand in for another.
pub fn set_pair(app: &App, actor: &Actor, version: Option<i64>, pair: &Pair) -> Result<()> {
    actor.must(Action::ChangeStockRules)?;
    let pair = Pair {
        offered: value("offered", pair.dimension, &pair.offered)?,
        wanted: value("wanted", pair.dimension, &pair.wanted)?,
        ..pair.clone()
    };
    if pair.offered == pair.wanted {
        let message = "Enter two different values: equal ones always match.";
        return Err(Refusal::field("wanted", message).into());
    }
    let event = Event::InterchangeabilitySet {
        dimension: pair.dimension.word().to_owned(),
        offered: pair.offered,
        wanted: pair.wanted,
        rule: pair.rule.word().to_owned(),
    };
    change(app, actor, (RuleTable::Interchangeability, version), &event)
}

/// Takes a pair out of the table: it then never matches.
pub fn drop_pair(
    app: &App,
    actor: &Actor,
    version: Option<i64>,
    dimension: Dimension,
    offered: &str,
    wanted: &str,
) -> Result<()> {
    actor.must(Action::ChangeStockRules)?;
    let is_it = |pair: &Pair| {
        pair.dimension == dimension && pair.offered == offered && pair.wanted == wanted
    };
    if !rows::pairs(&mut app.db.read()?)?.iter().any(is_it) {
        return Err(Refusal::not_found("stock rule").into());
    }
    let event = Event::InterchangeabilityDropped {
        dimension: dimension.word().to_owned(),
        offered: offered.to_owned(),
        wanted: wanted.to_owned(),
    };
    change(app, actor, (RuleTable::Interchangeability, version), &event)
}

fn value(field: &'static str, dimension: Dimension, text: &str) -> Result<String> {
    let text = text.trim();
    let regions = domain::inventory::REGIONS;
    if dimension == Dimension::Region && !regions.contains(&text) {
        let message = format!("Enter one of {}.", regions.join(", "));
        return Err(Refusal::field(field, message).into());
    }
    if text.is_empty() || text.chars().count() > 50 || text.chars().any(char::is_control) {
        let message = format!("Enter a {}, at most 50 characters.", dimension.name());
        return Err(Refusal::field(field, message).into());
    }
    Ok(text.to_owned())
}

/// The installation end dates by CHTS version.
pub fn ends(app: &App, actor: &Actor) -> Result<Vec<(String, Date)>> {
    actor.must(Action::SeeStockRules)?;
    Ok(rows::ends(&mut app.db.read()?)?)
}

/// Sets the installation end date of a CHTS version.
pub fn set_end(
    app: &App,
    actor: &Actor,
    version: Option<i64>,
    chts_version: &str,
    ends_on: Date,
) -> Result<()> {
    actor.must(Action::ChangeStockRules)?;
    let chts_version = chts_version.trim();
    if !(1..=20).contains(&chts_version.chars().count())
        || chts_version.chars().any(char::is_control)
    {
        let message = "Enter the CHTS version, at most 20 characters, such as 1.3.";
        return Err(Refusal::field("chts_version", message).into());
    }
    let event = Event::InstallationEndSet {
        chts_version: chts_version.to_owned(),
        ends_on: ends_on.to_string(),
    };
    change(app, actor, (RuleTable::InstallationEnds, version), &event)
}

/// Takes the installation end date of a CHTS version out of the table.
pub fn drop_end(app: &App, actor: &Actor, version: Option<i64>, chts_version: &str) -> Result<()> {
    actor.must(Action::ChangeStockRules)?;
    if !rows::ends(&mut app.db.read()?)?.iter().any(|(version, _)| version == chts_version) {
        return Err(Refusal::not_found("installation end date").into());
    }
    let event = Event::InstallationEndDropped { chts_version: chts_version.to_owned() };
    change(app, actor, (RuleTable::InstallationEnds, version), &event)
}

/// Changes a table, unless somebody else has changed it since this version.
pub(crate) fn change(
    app: &App,
    actor: &Actor,
    (table, version): (RuleTable, Option<i64>),
    event: &Event,
) -> Result<()> {
    let mut tx = app.db.write()?;
    versions::must_be(version, files::version_of(&mut tx, table)?)?;
    enact(&mut tx, app, By::from(actor), event)?;
    tx.commit()?;
    app.bell.ring();
    Ok(())
}

/// Does an entry of this capability again; the operation itself goes through here.
pub fn redo(tx: &mut Tx, event: &Event) -> Result<()> {
    let damaged = |what: &str| Error::Damaged(format!("{what:?} is no stock rule"));
    match event {
        Event::InterchangeabilitySet { dimension, offered, wanted, rule } => {
            let pair = Pair {
                dimension: Dimension::from_word(dimension).ok_or_else(|| damaged(dimension))?,
                offered: offered.clone(),
                wanted: wanted.clone(),
                rule: Rule::from_word(rule).ok_or_else(|| damaged(rule))?,
            };
            rows::put_pair(tx, &pair)?;
        }
        Event::InterchangeabilityDropped { dimension, offered, wanted } => {
            let dimension = Dimension::from_word(dimension).ok_or_else(|| damaged(dimension))?;
            rows::drop_pair(tx, dimension, offered, wanted)?;
        }
        Event::InstallationEndSet { chts_version, ends_on } => {
            let day = ends_on.parse().map_err(|_| damaged(ends_on))?;
            rows::put_end(tx, chts_version, day)?;
        }
        Event::InstallationEndDropped { chts_version } => {
            rows::drop_end(tx, chts_version)?;
        }
        _ => {}
    }
    Ok(())
}
