//! What the lines of a file have said of devices so far: on disk and out of the way, so that a file
//! of any size can be gone through in bounded memory. It is gone when it is dropped.

use std::collections::HashMap;

use rusqlite::{Connection, params};

use crate::db::sqlite::broken;
use crate::error::Result;

/// Memory for its pages, in KiB.
const CACHE_KIB: i64 = 32_768;

/// What is noted of a device; what the numbers mean is the caller's.
pub type Note = [i64; 4];

/// Notes by device, in a database of its own whose file has no name.
pub struct Seen(Connection);

impl Seen {
    /// Begins with nothing.
    pub fn begin() -> Result<Seen> {
        let begin = "
            PRAGMA journal_mode = OFF;
            PRAGMA synchronous = OFF;
            CREATE TABLE seen (
                device INTEGER PRIMARY KEY,
                a INTEGER NOT NULL, b INTEGER NOT NULL, c INTEGER NOT NULL, d INTEGER NOT NULL
            );";
        let connection = Connection::open("").map_err(|e| broken("open", e))?;
        connection
            .pragma_update(None, "cache_size", -CACHE_KIB)
            .and_then(|()| connection.execute_batch(begin))
            .map_err(|e| broken(begin, e))?;
        Ok(Seen(connection))
    }

    /// What is noted of these devices, which come in order.
    pub fn of(&self, devices: &[i64]) -> Result<HashMap<i64, Note>> {
        let sql = "SELECT a, b, c, d FROM seen WHERE device = ?1";
        let mut statement = self.0.prepare_cached(sql).map_err(|e| broken(sql, e))?;
        let mut found = HashMap::new();
        for device in devices {
            let mut rows = statement.query(params![device]).map_err(|e| broken(sql, e))?;
            if let Some(row) = rows.next().map_err(|e| broken(sql, e))? {
                let number = |i: usize| row.get(i).map_err(|e| broken(sql, e));
                found.insert(*device, [number(0)?, number(1)?, number(2)?, number(3)?]);
            }
        }
        Ok(found)
    }

    /// Notes something of each of these devices, in place of what was noted before.
    pub fn note(&mut self, notes: impl IntoIterator<Item = (i64, Note)>) -> Result<()> {
        let mut notes: Vec<(i64, Note)> = notes.into_iter().collect();
        notes.sort_unstable_by_key(|(device, _)| *device);
        let sql = "INSERT OR REPLACE INTO seen (device, a, b, c, d) VALUES (?1, ?2, ?3, ?4, ?5)";
        let run = || -> rusqlite::Result<()> {
            let tx = self.0.transaction()?;
            {
                let mut statement = tx.prepare_cached(sql)?;
                for (device, [a, b, c, d]) in notes {
                    statement.execute(params![device, a, b, c, d])?;
                }
            }
            tx.commit()
        };
        run().map_err(|e| broken(sql, e))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_last_is_found() {
        let mut seen = Seen::begin().unwrap();
        seen.note([(7, [1, 2, 3, 4]), (-9, [5, 6, 7, 8])]).unwrap();
        seen.note([(7, [9, 0, 0, 0])]).unwrap();
        let found = seen.of(&[-9, 1, 7]).unwrap();
        assert_eq!(found, HashMap::from([(7, [9, 0, 0, 0]), (-9, [5, 6, 7, 8])]));
    }
}
