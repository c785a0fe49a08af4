//! Every hub's own row, as fast as the engine gives it, in key order and as of one instant.
//!
//! SQLite steps through the table; PostgreSQL sends it by COPY in its binary form. Neither makes
//! a copy of a row on the way.

use std::ops::ControlFlow;

use futures_util::TryStreamExt;

use crate::db::{TxInner, postgres, sqlite};
use crate::error::{Error, Result};
use crate::{Tx, args};

/// A hub's own row. What it has in common with others stands in its pack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HubRow {
    /// The CHF ID's 64 bits.
    pub id: i64,
    /// The GPF ID's 64 bits.
    pub gpf: i64,
    /// Its pack.
    pub pack: i64,
    /// The responsible Party.
    pub party: i64,
    /// The SMI status's number.
    pub status: i64,
    /// Since when, in microseconds.
    pub status_at: i64,
    /// When it was installed, in microseconds.
    pub installed_at: Option<i64>,
    /// The last move that changed its Party; 0 for none.
    pub last_move: i64,
}

const COLUMNS: &str = "id, gpf, pack, party, status, status_at, installed_at, last_move";

/// Bytes of PostgreSQL's answer that are looked at together.
const HELD_BYTES: usize = 256 << 10;

/// Gives every hub to `take`, in key order, as of the transaction's instant.
pub fn hubs(tx: &mut Tx, take: &mut dyn FnMut(&HubRow) -> Result<()>) -> Result<()> {
    match &mut tx.0 {
        TxInner::Sqlite(tx) => from_sqlite(tx, take),
        TxInner::Postgres(tx) => from_postgres(tx, take),
    }
}

fn from_sqlite(tx: &sqlite::SqliteTx, take: &mut dyn FnMut(&HubRow) -> Result<()>) -> Result<()> {
    let sql = format!("SELECT {COLUMNS} FROM hubs ORDER BY id");
    tx.scan(&sql, args![], &mut |row| {
        let read = || -> rusqlite::Result<HubRow> {
            Ok(HubRow {
                id: row.get(0)?,
                gpf: row.get(1)?,
                pack: row.get(2)?,
                party: row.get(3)?,
                status: row.get(4)?,
                status_at: row.get(5)?,
                installed_at: row.get(6)?,
                last_move: row.get(7)?,
            })
        };
        take(&read().map_err(|error| sqlite::broken(&sql, error))?)?;
        Ok(ControlFlow::Continue(()))
    })
}

fn from_postgres(
    tx: &postgres::PostgresTx,
    take: &mut dyn FnMut(&HubRow) -> Result<()>,
) -> Result<()> {
    let sql = format!("COPY (SELECT {COLUMNS} FROM hubs ORDER BY id) TO STDOUT (FORMAT binary)");
    let broken = |error| postgres::broken(&sql, error);
    let mut parts = Box::pin(postgres::wait(tx.client().copy_out(&sql)).map_err(broken)?);
    let mut held = Vec::with_capacity(HELD_BYTES + 4096);
    let (mut is_first, mut ended) = (true, false);
    // `take` may ask the database something itself, so it runs outside of the wait.
    while !ended {
        held.clear();
        postgres::wait(async {
            while held.len() < HELD_BYTES && !ended {
                match parts.try_next().await? {
                    Some(part) => held.extend_from_slice(&part),
                    None => ended = true,
                }
            }
            Ok(())
        })
        .map_err(broken)?;
        let mut tuples = Tuples(&held);
        if std::mem::take(&mut is_first) {
            tuples.header()?;
        }
        while let Some(row) = tuples.hub()? {
            take(&row)?;
        }
    }
    Ok(())
}

/// Tuples in the binary form of COPY. The server puts whole tuples into each message.
struct Tuples<'a>(&'a [u8]);

impl Tuples<'_> {
    fn bytes<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk::<N>().ok_or_else(cut_off)?;
        self.0 = rest;
        Ok(*bytes)
    }

    fn header(&mut self) -> Result<()> {
        if self.bytes()? != *b"PGCOPY\n\xff\r\n\0" {
            return Err(cut_off());
        }
        self.bytes::<8>().map(|_| ())
    }

    /// A field of whichever width; `None` for NULL.
    fn number(&mut self) -> Result<Option<i64>> {
        match i32::from_be_bytes(self.bytes()?) {
            -1 => Ok(None),
            4 => Ok(Some(i32::from_be_bytes(self.bytes()?).into())),
            8 => Ok(Some(i64::from_be_bytes(self.bytes()?))),
            _ => Err(cut_off()),
        }
    }

    fn present(&mut self) -> Result<i64> {
        self.number()?.ok_or_else(cut_off)
    }

    /// The next hub; none at the end of what is held or of all.
    fn hub(&mut self) -> Result<Option<HubRow>> {
        if self.0.is_empty() {
            return Ok(None);
        }
        match i16::from_be_bytes(self.bytes()?) {
            -1 => return Ok(None),
            8 => {}
            _ => return Err(cut_off()),
        }
        Ok(Some(HubRow {
            id: self.present()?,
            gpf: self.present()?,
            pack: self.present()?,
            party: self.present()?,
            status: self.present()?,
            status_at: self.present()?,
            installed_at: self.number()?,
            last_move: self.present()?,
        }))
    }
}

fn cut_off() -> Error {
    Error::Broken {
        doing: "read the hubs by COPY".into(),
        message: "the server's answer is not in the form that its documentation gives".into(),
    }
}
