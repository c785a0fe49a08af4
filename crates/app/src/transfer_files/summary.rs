//! What the authoriser sees instead of every line.

use std::collections::{BTreeMap, HashMap};

use domain::ids::PartyId;
use domain::parties::{PartyBook, PartyDetails};
use domain::transfer_files::{Outcome, ParsedFile, Receiver};
use serde::{Deserialize, Serialize};
use store::Tx;

use super::examine::{Rules, Sight};
use crate::Result;
use crate::journal::Counts;

/// What a validation found, as the database keeps it and the page shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// How many lines came to what.
    pub counts: Counts,
    /// How many lines would move their hub.
    pub moves: u64,
    /// How many lines were rejected.
    pub rejected: u64,
    /// Lines by old and new Party: the difference from the inventory. Those that move first.
    pub by_party: Vec<PartyPair>,
    /// What a file with very many references has beside these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more_pairs: Option<MorePairs>,
    /// Lines by device model and region.
    pub by_model: Vec<ModelLines>,
    /// The stock of `Pending` hubs of each Party that gains or loses some.
    pub stock: Vec<StockChange>,
    /// How many lines name a device whose ID has its group or local bit set.
    #[serde(default, skip_serializing_if = "is_none")]
    pub unusual_ids: u64,
    /// The SHA-256 of the file, in hexadecimal.
    pub content_sha256: String,
    /// The SHA-256 of the outcomes of all lines, in hexadecimal.
    pub outcomes_sha256: String,
}

/// Lines whose hubs are with one Party and go to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartyPair {
    /// The service user reference of the responsible Party; empty where there is no such hub.
    pub from: String,
    /// The new service user reference on the lines.
    pub to: String,
    /// How many lines came to what.
    pub counts: Counts,
    /// How many of them would move.
    pub moves: u64,
}

/// Pairs of Parties beyond those that a summary lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MorePairs {
    /// How many pairs.
    pub pairs: u64,
    /// Their lines.
    pub lines: u64,
    /// How many of those would move.
    pub moves: u64,
}

/// Lines of one device model in one region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelLines {
    /// The manufacturer.
    pub manufacturer: String,
    /// The model.
    pub model: String,
    /// The firmware version.
    pub firmware_version: String,
    /// The WAN variant.
    pub wan_variant: String,
    /// The region.
    pub region: String,
    /// How many lines name such a hub.
    pub lines: u64,
    /// How many of them would move.
    pub moves: u64,
}

/// How a Party's stock of `Pending` hubs changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockChange {
    /// The service user reference.
    pub party: String,
    /// Its legal name.
    pub name: String,
    /// The hubs that it holds now.
    pub before: i64,
    /// The hubs that it will hold.
    pub after: i64,
}

fn is_none(lines: &u64) -> bool {
    *lines == 0
}

/// Counts by the names of the outcomes.
pub(super) fn by_name(counts: &domain::transfer_files::Counts) -> Counts {
    counts.iter().map(|(outcome, n)| (outcome.name().to_owned(), n.into())).collect()
}

/// Sums the outcomes of a file up; the hashes are left to the caller.
pub(super) fn of(
    tx: &mut Tx,
    file: &ParsedFile<'_>,
    rules: &Rules,
    sight: &Sight<'_>,
    outcomes: &[Outcome],
) -> Result<Summary> {
    let mut all = domain::transfer_files::Counts::default();
    let mut pairs: Pairs = HashMap::new();
    let mut models: HashMap<(i32, u16), (u64, u64)> = HashMap::new();
    for (number, (line, outcome)) in file.lines.iter().zip(outcomes).enumerate() {
        let hub = sight.hub(number);
        all.add(*outcome);
        let pair = (hub.map_or(0, |hub| hub.party), line.reference());
        pairs.entry(pair).or_default().add(*outcome);
        if let Some(hub) = hub {
            let pack = sight.hubs.pack(hub);
            let (lines, moves) = models.entry((pack.model, pack.region)).or_default();
            *lines += 1;
            *moves += u64::from(outcome.moves());
        }
    }
    let stock = stock(tx, file, rules, &pairs)?;
    let (by_party, more_pairs) = party_pairs(file, &rules.parties, &pairs);
    Ok(Summary {
        counts: by_name(&all),
        moves: all.moved().into(),
        rejected: all.rejected().into(),
        by_party,
        more_pairs,
        by_model: model_lines(tx, sight, models)?,
        stock,
        unusual_ids: file.unusual_ids() as u64,
        content_sha256: String::new(),
        outcomes_sha256: String::new(),
    })
}

type Pairs = HashMap<(i32, Option<usize>), domain::transfer_files::Counts>;

/// Pairs that a summary lists at most.
const MOST_PAIRS: usize = 500;

fn party_pairs(
    file: &ParsedFile<'_>,
    parties: &PartyBook,
    pairs: &Pairs,
) -> (Vec<PartyPair>, Option<MorePairs>) {
    // Several pairs may read the same: a line without a reference, and one whose reference is empty.
    let mut by_words: BTreeMap<(&str, &str), domain::transfer_files::Counts> = BTreeMap::new();
    for ((from, to), counts) in pairs {
        let from = parties.reference_of(PartyId((*from).into()));
        let to = to.map_or("", |place| file.references[place].as_str());
        by_words.entry((from, to)).or_default().add_all(counts);
    }
    let pair = |((from, to), counts): ((&str, &str), domain::transfer_files::Counts)| PartyPair {
        from: from.to_owned(),
        to: to.to_owned(),
        moves: counts.moved().into(),
        counts: by_name(&counts),
    };
    let mut listed: Vec<PartyPair> = by_words.into_iter().map(pair).collect();
    let lines = |pair: &PartyPair| pair.counts.values().sum::<u64>();
    if listed.len() > MOST_PAIRS {
        listed.sort_by_key(|pair| std::cmp::Reverse((pair.moves, lines(pair))));
    }
    let mut more = MorePairs::default();
    for pair in listed.drain(MOST_PAIRS.min(listed.len())..) {
        more.pairs += 1;
        more.lines += lines(&pair);
        more.moves += pair.moves;
    }
    listed.sort_by(|a, b| (a.moves == 0, &a.from, &a.to).cmp(&(b.moves == 0, &b.from, &b.to)));
    (listed, (more.pairs > 0).then_some(more))
}

fn model_lines(
    tx: &mut Tx,
    sight: &Sight<'_>,
    models: HashMap<(i32, u16), (u64, u64)>,
) -> Result<Vec<ModelLines>> {
    let names = store::bulk::facts::model_names(tx)?;
    let line = |((model, region), (lines, moves)): ((i32, u16), (u64, u64))| {
        let name = names.iter().find(|name| name.id == i64::from(model));
        let text = |of: fn(&store::bulk::facts::ModelName) -> &String| {
            name.map_or_else(String::new, |name| of(name).clone())
        };
        ModelLines {
            manufacturer: text(|name| &name.manufacturer),
            model: text(|name| &name.model),
            firmware_version: text(|name| &name.firmware_version),
            wan_variant: text(|name| &name.wan_variant),
            region: sight.hubs.regions[usize::from(region)].clone(),
            lines,
            moves,
        }
    };
    let mut lines: Vec<ModelLines> = models.into_iter().map(line).collect();
    let key = |line: &ModelLines| {
        let parts = [&line.manufacturer, &line.model, &line.firmware_version, &line.wan_variant];
        (parts.map(String::clone), line.region.clone(), line.lines, line.moves)
    };
    lines.sort_by_key(key);
    Ok(lines)
}

fn stock(
    tx: &mut Tx,
    file: &ParsedFile<'_>,
    rules: &Rules,
    pairs: &Pairs,
) -> Result<Vec<StockChange>> {
    let receivers = rules.receivers(file);
    let mut differences: BTreeMap<i64, i64> = BTreeMap::new();
    for ((from, to), counts) in pairs.iter().filter(|(_, counts)| counts.moved() > 0) {
        let moves = i64::from(counts.moved());
        *differences.entry((*from).into()).or_default() -= moves;
        let to = to.map(|place| receivers[place]);
        if let Some(Receiver::Party(party) | Receiver::Barred(party)) = to {
            *differences.entry(party.0).or_default() += moves;
        }
    }
    let mut changes = Vec::with_capacity(differences.len());
    for (party, difference) in differences {
        let before = store::bulk::facts::pending_stock(tx, party)?;
        let details = rules.parties.by_id(PartyId(party)).map(|party| &party.details);
        let text = |of: fn(&PartyDetails) -> &String| {
            details.map_or_else(String::new, |details| of(details).clone())
        };
        changes.push(StockChange {
            party: text(|details| &details.service_user_reference),
            name: text(|details| &details.legal_name),
            before,
            after: before + difference,
        });
    }
    Ok(changes)
}
