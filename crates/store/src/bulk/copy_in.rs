//! Rows for PostgreSQL in the binary form of COPY, sent as they are written.

use std::pin::Pin;

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::SinkExt;
use tokio_postgres::CopyInSink;

use crate::db::postgres::{PostgresTx, broken, wait};
use crate::error::Result;

/// Bytes that are sent at a time.
const PIECE: usize = 1 << 18;
/// Room for the longest row beyond a piece.
const ROOM: usize = 1 << 12;

/// One running `COPY … FROM STDIN (FORMAT binary)`. Dropped before its end, nothing was copied.
pub(super) struct CopyIn<'a> {
    sink: Pin<Box<CopyInSink<Bytes>>>,
    out: BytesMut,
    sql: &'a str,
}

impl<'a> CopyIn<'a> {
    pub(super) fn start(tx: &PostgresTx, sql: &'a str) -> Result<Self> {
        let sink = wait(tx.client().copy_in(sql)).map_err(|error| broken(sql, error))?;
        let mut out = BytesMut::with_capacity(PIECE + ROOM);
        out.put_slice(b"PGCOPY\n\xFF\r\n\0");
        out.put_u64(0);
        Ok(CopyIn { sink: Box::pin(sink), out, sql })
    }

    /// Begins a row of so many columns; what was written before may be sent.
    pub(super) fn row(&mut self, columns: i16) -> Result<&mut Self> {
        if self.out.len() >= PIECE {
            let piece = self.out.split().freeze();
            wait(self.sink.send(piece)).map_err(|error| broken(self.sql, error))?;
            self.out.reserve(PIECE + ROOM);
        }
        self.out.put_i16(columns);
        Ok(self)
    }

    pub(super) fn bigint(&mut self, value: i64) -> &mut Self {
        self.out.put_i32(8);
        self.out.put_i64(value);
        self
    }

    pub(super) fn null(&mut self) -> &mut Self {
        self.out.put_i32(-1);
        self
    }

    pub(super) fn integer(&mut self, value: i32) -> &mut Self {
        self.out.put_i32(4);
        self.out.put_i32(value);
        self
    }

    pub(super) fn boolean(&mut self, value: bool) -> &mut Self {
        self.out.put_i32(1);
        self.out.put_u8(value.into());
        self
    }

    pub(super) fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.out.put_i32(i32::try_from(value.len()).expect("fields are far shorter than 2 GiB"));
        self.out.put_slice(value);
        self
    }

    /// Sends the rest and waits until all rows are in the table; how many they are.
    pub(super) fn finish(mut self) -> Result<u64> {
        self.out.put_i16(-1);
        let last = self.out.split().freeze();
        let done = wait(async {
            self.sink.send(last).await?;
            self.sink.as_mut().finish().await
        });
        done.map_err(|error| broken(self.sql, error))
    }
}
