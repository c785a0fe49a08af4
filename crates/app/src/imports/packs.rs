//! The packs that a chunk names: which are here, and adding those that are not.

use std::collections::HashMap;

use domain::inventory::PackDetails;
use domain::tabular::RowProblems;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};
use store::Tx;
use store::bulk::load::{self, NewPack};

use crate::{Result, parties};

/// The packs of a chunk, in the order of their first lines.
pub struct Packs<'a> {
    packs: Vec<Option<Pack<'a>>>,
    wanted: Vec<u32>,
}

struct Pack<'a> {
    details: &'a PackDetails,
    party: Option<i64>,
    fingerprint: [u8; 16],
    id: Option<i64>,
    is_wanted: bool,
}

impl<'a> Packs<'a> {
    /// Finds them, and the Parties that they were delivered to.
    pub fn of(
        tx: &mut Tx,
        parsed: &'a [std::result::Result<PackDetails, RowProblems>],
    ) -> Result<Packs<'a>> {
        let book = parties::book(tx)?;
        let mut packs: Vec<Option<Pack<'a>>> = Vec::with_capacity(parsed.len());
        let mut prints = Vec::new();
        for details in parsed {
            packs.push(details.as_ref().ok().map(|details| {
                let party = book.by_reference(&details.delivered_to).map(|party| party.id.0);
                let fingerprint = fingerprint(details, party.unwrap_or_default());
                if party.is_some() {
                    prints.push(fingerprint);
                }
                Pack { details, party, fingerprint, id: None, is_wanted: false }
            }));
        }
        let known = load::packs_by_fingerprint(tx, &prints)?;
        for pack in packs.iter_mut().flatten() {
            pack.id = known.get(&pack.fingerprint).copied();
        }
        Ok(Packs { packs, wanted: Vec::new() })
    }

    fn at(&self, place: u32) -> &Pack<'a> {
        self.packs[place as usize].as_ref().expect("a hub's pack could be read")
    }

    /// What a pack says.
    pub fn details(&self, place: u32) -> &'a PackDetails {
        self.at(place).details
    }

    /// A number that packs which say different things do not share.
    pub fn print(&self, place: u32) -> i64 {
        let print = self.at(place).fingerprint;
        i64::from_le_bytes(*print.first_chunk().expect("it is longer"))
    }

    /// The Party that it was delivered to, if its reference is known.
    pub fn party(&self, place: u32) -> Option<i64> {
        self.at(place).party
    }

    /// A hub of this pack is added.
    pub fn want(&mut self, place: u32) {
        let pack = self.packs[place as usize].as_mut().expect("a hub's pack could be read");
        if pack.id.is_none() && !pack.is_wanted {
            pack.is_wanted = true;
            self.wanted.push(place);
        }
    }

    /// Adds the packs that are wanted and not here, numbered in the order of their first hubs.
    pub fn add(&mut self, tx: &mut Tx) -> Result<()> {
        let mut numbers: HashMap<[u8; 16], i64> = HashMap::new();
        let mut new: Vec<NewPack<'_>> = Vec::new();
        for place in &self.wanted {
            let pack = self.at(*place);
            let party = pack.party.expect("only a pack of a known Party is wanted");
            if numbers.insert(pack.fingerprint, 0).is_none() {
                let (fingerprint, details) = (pack.fingerprint, pack.details);
                new.push(NewPack { fingerprint, delivered_to: party, details });
            }
        }
        if new.is_empty() {
            return Ok(());
        }
        let first = load::add_packs(tx, &new)?;
        for (number, pack) in (first..).zip(&new) {
            numbers.insert(pack.fingerprint, number);
        }
        for place in std::mem::take(&mut self.wanted) {
            let pack = self.packs[place as usize].as_mut().expect("it was wanted");
            pack.id = numbers.get(&pack.fingerprint).copied();
        }
        Ok(())
    }

    /// Number, Party and details of a pack that is here now.
    pub fn get(&self, place: u32) -> (i64, i64, &'a PackDetails) {
        let pack = self.at(place);
        let id = pack.id.expect("wanted packs have been added");
        (id, pack.party.expect("only a pack of a known Party is wanted"), pack.details)
    }
}

/// What packs that hubs are of say, by their numbers.
pub fn known_packs(
    tx: &mut Tx,
    packs: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, PackDetails>> {
    let mut ids: Vec<i64> = packs.collect();
    ids.sort_unstable();
    ids.dedup();
    let packs = load::packs(tx, &ids)?;
    Ok(packs.into_iter().map(|pack| (pack.id, pack.details)).collect())
}

/// The first instant of a day, in microseconds.
pub fn midnight(day: Date) -> i64 {
    let at = TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0));
    at.map_or(0, |at| at.as_microsecond())
}

/// What tells packs apart: SHA-256 over the length of each field and the field, cut to 16 bytes.
fn fingerprint(pack: &PackDetails, delivered_to: i64) -> [u8; 16] {
    let model = &pack.model;
    let day = |day: Option<Date>| day.map_or(String::new(), |day| day.to_string());
    let fields = [
        model.manufacturer.as_str(),
        &model.model,
        &model.hardware_version,
        &model.firmware_version,
        &model.chts_version,
        &model.gbcs_version,
        &model.han_variant,
        &model.wan_variant,
        &pack.region,
        &pack.order_no,
        &pack.consignment_no,
        &pack.pallet_id,
        &pack.box_id,
        &pack.delivered_on.to_string(),
        &day(pack.accepted_on),
        &pack.location,
        &delivered_to.to_string(),
        &day(pack.installation_end),
        if pack.is_test { "Y" } else { "N" },
    ];
    let mut hash = Sha256::new();
    for field in fields {
        hash.update((field.len() as u64).to_be_bytes());
        hash.update(field.as_bytes());
    }
    let hash: [u8; 32] = hash.finalize().into();
    hash[..16].try_into().expect("half of 32 bytes")
}
