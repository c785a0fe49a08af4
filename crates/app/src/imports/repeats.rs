//! Lines of a snapshot that are about the same device as an earlier line, wherever that stands.

use std::collections::HashMap;

use domain::Refusal;
use domain::ids::ImportId;
use store::Tx;
use store::bulk::seen::Seen;

use crate::{Error, Result};

/// More lines than this repeat a device only in a file that is not a snapshot at all.
const MOST: usize = 1_000_000;

/// The numbers of lines that repeat an earlier one, in order, each with that of the earlier one.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Repeats(Vec<(u32, u32)>);

impl Repeats {
    /// The line that this one repeats, if it does.
    pub fn earlier(&self, line: u32) -> Option<u32> {
        let at = self.0.binary_search_by_key(&line, |(line, _)| *line).ok()?;
        Some(self.0[at].1)
    }

    /// Goes through the devices of lines, which come in the order of the file, and notes them.
    ///
    /// A line repeats the first one that has either of its devices.
    pub fn add(&mut self, seen: &mut Seen, lines: &[(u32, [i64; 2])]) -> Result<()> {
        let mut devices: Vec<i64> = lines.iter().flat_map(|(_, devices)| *devices).collect();
        devices.sort_unstable();
        devices.dedup();
        let mut first: HashMap<i64, u32> = HashMap::with_capacity(devices.len());
        for (device, [line, ..]) in seen.of(&devices)? {
            first.insert(device, u32::try_from(line).unwrap_or(u32::MAX));
        }
        let mut new = Vec::new();
        for (line, devices) in lines {
            let earlier = devices.iter().filter_map(|device| first.get(device)).min();
            if let Some(earlier) = earlier {
                self.0.push((*line, *earlier));
            }
            for device in devices {
                if !first.contains_key(device) {
                    first.insert(*device, *line);
                    new.push((*device, [i64::from(*line), 0, 0, 0]));
                }
            }
        }
        if self.0.len() > MOST {
            let message = format!(
                "More than {MOST} lines repeat a device of an earlier line. Send a snapshot that \
                 names each hub once."
            );
            return Err(Refusal::invalid(message).into());
        }
        Ok(seen.note(new)?)
    }

    /// Keeps them with their import, if there are any.
    pub fn keep(&self, tx: &mut Tx, import: ImportId) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let numbers = self.0.iter().flat_map(|(line, earlier)| [line, earlier]);
        let bytes: Vec<u8> = numbers.flat_map(|number| number.to_le_bytes()).collect();
        Ok(store::imports::keep_repeats(tx, import, store::files::compress(&bytes))?)
    }

    /// Those that are kept with an import.
    pub fn load(tx: &mut Tx, import: ImportId) -> Result<Repeats> {
        let Some(bytes) = store::imports::repeats(tx, import)? else {
            return Ok(Repeats::default());
        };
        let bytes = store::files::decompress(&bytes)?;
        let (pairs, []) = bytes.as_chunks::<8>() else {
            return Err(Error::Damaged(format!("the repeated lines of {import}")));
        };
        let pair = |[a, b, c, d, e, f, g, h]: &[u8; 8]| {
            (u32::from_le_bytes([*a, *b, *c, *d]), u32::from_le_bytes([*e, *f, *g, *h]))
        };
        Ok(Repeats(pairs.iter().map(pair).collect()))
    }
}
