//! What hubs have in common, ready to be written, in bounded memory.
//!
//! Thirty million hubs lie in about a million packs, but those show only as many different texts
//! as there are consignments and models. So each text is kept once, and a pack is its number.

use std::collections::HashMap;

use domain::tabular::write_field;
use jiff::{Timestamp, civil::Date};
use store::Tx;
use store::delivery_report::{PackRow, models, packs};

use crate::{App, Error, Result};

/// Packs that are read at once: consecutive hubs lie in consecutive packs.
const BLOCK: i64 = 4096;
/// Blocks that are kept: 64 MiB of pack numbers.
const MOST_BLOCKS: usize = 4096;
/// Bytes of texts that are kept, about.
const MOST_TEXT: usize = 64 << 20;
/// The place of a pack that is not there.
const NONE: u32 = u32::MAX;

/// What the report shows of a pack.
pub struct Shown {
    /// Manufacturer, model, hardware, firmware and CHTS version, HAN and WAN variant.
    pub model: [String; 7],
    /// CSP region, order, consignment.
    pub texts: [String; 3],
    /// The day of delivery.
    pub delivered_on: Option<Date>,
    /// The day of acceptance.
    pub accepted_on: Option<Date>,
    /// All of these as CSV, with a comma before each and behind the last.
    pub csv: Vec<u8>,
}

impl Shown {
    /// Since when the Party that the hubs were delivered to has been responsible for them: the
    /// beginning, in UTC, of the day of acceptance or else of delivery.
    pub fn responsible_from(&self) -> Option<Timestamp> {
        let day = self.accepted_on.or(self.delivered_on)?;
        day.in_tz("UTC").ok().map(|start| start.timestamp())
    }
}

pub struct Packs {
    app: App,
    models: HashMap<i64, [String; 7]>,
    shown: Vec<Shown>,
    places: HashMap<PackRow, u32>,
    text_bytes: usize,
    blocks: HashMap<i64, Vec<u32>>,
    last: (i64, u32),
}

impl Packs {
    /// Packs are only ever added, so they may be read after the instant of the hubs.
    pub fn new(app: &App) -> Packs {
        Packs {
            app: app.clone(),
            models: HashMap::new(),
            shown: Vec::new(),
            places: HashMap::new(),
            text_bytes: 0,
            blocks: HashMap::new(),
            last: (0, NONE),
        }
    }

    pub fn get(&mut self, pack: i64) -> Result<&Shown> {
        if self.last.0 != pack || self.last.1 == NONE {
            self.last = (pack, self.place(pack)?);
        }
        Ok(&self.shown[self.last.1 as usize])
    }

    fn place(&mut self, pack: i64) -> Result<u32> {
        let (block, index) = (pack.div_euclid(BLOCK), pack.rem_euclid(BLOCK) as usize);
        if !self.blocks.contains_key(&block) {
            self.load(block)?;
        }
        match self.blocks[&block][index] {
            NONE => Err(Error::Damaged(format!("a hub names pack {pack}, which is not there"))),
            place => Ok(place),
        }
    }

    fn load(&mut self, block: i64) -> Result<()> {
        if self.blocks.len() >= MOST_BLOCKS || self.text_bytes >= MOST_TEXT {
            self.blocks.clear();
            self.places.clear();
            self.shown.clear();
            self.text_bytes = 0;
        }
        let mut tx = self.app.db.read()?;
        let mut rows = Vec::new();
        let first = block * BLOCK;
        packs(&mut tx, first, first + BLOCK - 1, |id, row| rows.push((id, row)))?;
        let mut places = vec![NONE; BLOCK as usize];
        for (id, row) in rows {
            let place = match self.places.get(&row) {
                Some(place) => *place,
                None => self.keep(&mut tx, row)?,
            };
            places[(id - first) as usize] = place;
        }
        self.blocks.insert(block, places);
        Ok(())
    }

    fn keep(&mut self, tx: &mut Tx, row: PackRow) -> Result<u32> {
        if !self.models.contains_key(&row.model) {
            self.models = models(tx)?.into_iter().collect();
        }
        let model = self.models.get(&row.model).cloned().ok_or_else(|| {
            Error::Damaged(format!("a pack names model {}, which is not there", row.model))
        })?;
        let shown = show(model, row.texts.clone())?;
        self.text_bytes += 4 * shown.csv.len() + 512;
        let place = u32::try_from(self.shown.len()).expect("far fewer than 2^32 texts are kept");
        self.shown.push(shown);
        self.places.insert(row, place);
        Ok(place)
    }
}

fn show(model: [String; 7], texts: [String; 5]) -> Result<Shown> {
    let mut csv = vec![b','];
    for text in model.iter().chain(&texts) {
        write_field(&mut csv, text);
        csv.push(b',');
    }
    let [region, order, consignment, delivered, accepted] = texts;
    let day = |text: &str| match text {
        "" => Ok(None),
        text => {
            text.parse().map(Some).map_err(|_| Error::Damaged(format!("a pack's day is {text:?}")))
        }
    };
    Ok(Shown {
        model,
        delivered_on: day(&delivered)?,
        accepted_on: day(&accepted)?,
        texts: [region, order, consignment],
        csv,
    })
}
