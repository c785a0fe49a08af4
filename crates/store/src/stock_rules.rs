//! Which stock may stand in for which, and installation end dates by CHTS version.

use domain::stock_rules::{Dimension, Pair, Rule};
use jiff::civil::Date;

use crate::error::{Error, Result};
use crate::{Tx, args};

fn damaged(what: &str) -> Error {
    Error::Broken { doing: "read the stock rules".into(), message: format!("{what:?} is unknown") }
}

/// The pairs, in a steady order.
pub fn pairs(tx: &mut Tx) -> Result<Vec<Pair>> {
    let sql = "
        SELECT dimension, offered, wanted, rule FROM interchangeability
        ORDER BY dimension, offered, wanted";
    let pair = |row: &crate::Row| {
        let (dimension, rule): (String, String) = (row.get(0), row.get(3));
        Ok(Pair {
            dimension: Dimension::from_word(&dimension).ok_or_else(|| damaged(&dimension))?,
            offered: row.get(1),
            wanted: row.get(2),
            rule: Rule::from_word(&rule).ok_or_else(|| damaged(&rule))?,
        })
    };
    tx.all(sql, &[])?.iter().map(pair).collect()
}

/// Puts a pair in the table, or changes its rule.
pub fn put_pair(tx: &mut Tx, pair: &Pair) -> Result<()> {
    let sql = "
        INSERT INTO interchangeability (dimension, offered, wanted, rule) VALUES ($1, $2, $3, $4)
        ON CONFLICT (dimension, offered, wanted) DO UPDATE SET rule = excluded.rule";
    let args = args![pair.dimension.word(), &pair.offered, &pair.wanted, pair.rule.word()];
    tx.exec(sql, args)?;
    Ok(())
}

/// Takes a pair out of the table; whether it was there.
pub fn drop_pair(tx: &mut Tx, dimension: Dimension, offered: &str, wanted: &str) -> Result<bool> {
    let sql =
        "DELETE FROM interchangeability WHERE dimension = $1 AND offered = $2 AND wanted = $3";
    Ok(tx.exec(sql, args![dimension.word(), offered, wanted])? == 1)
}

/// The installation end dates by CHTS version.
pub fn ends(tx: &mut Tx) -> Result<Vec<(String, Date)>> {
    let sql = "SELECT chts_version, ends_on FROM installation_ends ORDER BY chts_version";
    let end = |row: &crate::Row| {
        let day: String = row.get(1);
        Ok((row.get(0), day.parse().map_err(|_| damaged(&day))?))
    };
    tx.all(sql, &[])?.iter().map(end).collect()
}

/// Sets the installation end date of a CHTS version.
pub fn put_end(tx: &mut Tx, chts_version: &str, ends_on: Date) -> Result<()> {
    let sql = "
        INSERT INTO installation_ends (chts_version, ends_on) VALUES ($1, $2)
        ON CONFLICT (chts_version) DO UPDATE SET ends_on = excluded.ends_on";
    tx.exec(sql, args![chts_version, ends_on.to_string()])?;
    Ok(())
}

/// Takes the installation end date of a CHTS version out; whether it was there.
pub fn drop_end(tx: &mut Tx, chts_version: &str) -> Result<bool> {
    let sql = "DELETE FROM installation_ends WHERE chts_version = $1";
    Ok(tx.exec(sql, args![chts_version])? == 1)
}
