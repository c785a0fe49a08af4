//! What the lines of a transfer file came to, in parts of some lines each.

use domain::ids::TransferFileId;

use crate::error::Result;
use crate::files::{compress, decompress};
use crate::{Tx, args};

/// Lines in a row as they are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutcomePart {
    /// Where the first of them begins in the file's text.
    pub text_from: i64,
    /// How many of them came to what.
    pub counts: Vec<u8>,
    /// What each came to, compressed.
    pub bytes: Vec<u8>,
    /// Their text, compressed, where the stored file does not have it.
    pub csv: Option<Vec<u8>>,
}

/// Outcomes or text as they are kept: do this before the turn to write is taken.
pub fn compress_outcomes(bytes: &[u8]) -> Vec<u8> {
    compress(bytes)
}

/// Keeps the outcomes of a stage, `validated` or `applied`, in place of any earlier ones.
pub fn put_outcomes(
    tx: &mut Tx,
    id: TransferFileId,
    stage: &'static str,
    parts: &[OutcomePart],
) -> Result<()> {
    let sql = "DELETE FROM transfer_file_outcomes WHERE transfer_file = $1 AND stage = $2";
    tx.exec(sql, args![id, stage])?;
    let sql = "
        INSERT INTO transfer_file_outcomes
            (transfer_file, stage, part, text_from, counts, bytes, csv)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    for (part, row) in (0_i64..).zip(parts) {
        let (counts, bytes) = (row.counts.clone(), row.bytes.clone());
        tx.exec(sql, args![id, stage, part, row.text_from, counts, bytes, row.csv.clone()])?;
    }
    Ok(())
}

/// The outcomes of a stage, part by part; none if it has none.
pub fn outcomes(tx: &mut Tx, id: TransferFileId, stage: &str) -> Result<Vec<Vec<u8>>> {
    let sql = "
        SELECT bytes FROM transfer_file_outcomes
        WHERE transfer_file = $1 AND stage = $2 ORDER BY part";
    let mut parts = Vec::new();
    tx.each(sql, args![id, stage], |row| {
        parts.push(decompress(&row.get::<Vec<u8>>(0))?);
        Ok(())
    })?;
    Ok(parts)
}

/// What is known of a part without its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartRow {
    /// Its number, from 0.
    pub part: i64,
    /// Where its first line begins in the file's text.
    pub text_from: i64,
    /// How many of its lines came to what.
    pub counts: Vec<u8>,
}

/// The parts of a stage, in order.
pub fn outcome_parts(tx: &mut Tx, id: TransferFileId, stage: &str) -> Result<Vec<PartRow>> {
    let sql = "
        SELECT part, text_from, counts FROM transfer_file_outcomes
        WHERE transfer_file = $1 AND stage = $2 ORDER BY part";
    let row =
        |row: &crate::Row| PartRow { part: row.get(0), text_from: row.get(1), counts: row.get(2) };
    Ok(tx.all(sql, args![id, stage])?.iter().map(row).collect())
}

/// The outcomes of one part.
pub fn outcomes_of_part(
    tx: &mut Tx,
    id: TransferFileId,
    stage: &str,
    part: i64,
) -> Result<Vec<u8>> {
    let sql = "
        SELECT bytes FROM transfer_file_outcomes
        WHERE transfer_file = $1 AND stage = $2 AND part = $3";
    let row = tx.one("part of a file's outcomes", sql, args![id, stage, part])?;
    decompress(&row.get::<Vec<u8>>(0))
}

/// The text of one part, where the stored file does not have it.
pub fn text_of_part(tx: &mut Tx, id: TransferFileId, part: i64) -> Result<Option<Vec<u8>>> {
    let sql = "
        SELECT csv FROM transfer_file_outcomes
        WHERE transfer_file = $1 AND stage = 'validated' AND part = $2";
    let row = tx.one("part of a file's outcomes", sql, args![id, part])?;
    row.get::<Option<Vec<u8>>>(0).map(|text| decompress(&text)).transpose()
}
