//! Settings that somebody changed; the defaults stand in `app::settings`.

use crate::error::Result;
use crate::{Tx, args};

/// A setting that was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingRow {
    /// Its name, such as `check.R05`.
    pub name: String,
    /// Its value.
    pub value: String,
    /// How often it was changed.
    pub version: i64,
}

/// The value that somebody gave this setting, if anybody did.
pub fn get(tx: &mut Tx, name: &str) -> Result<Option<SettingRow>> {
    let sql = "SELECT name, value, version FROM settings WHERE name = $1";
    Ok(tx.opt(sql, args![name])?.map(|row| SettingRow {
        name: row.get(0),
        value: row.get(1),
        version: row.get(2),
    }))
}

/// Every setting that was changed, by name.
pub fn all(tx: &mut Tx) -> Result<Vec<SettingRow>> {
    let rows = tx.all("SELECT name, value, version FROM settings ORDER BY name", &[])?;
    let setting =
        |row: &crate::Row| SettingRow { name: row.get(0), value: row.get(1), version: row.get(2) };
    Ok(rows.iter().map(setting).collect())
}

/// Gives a setting a value and answers its new version.
pub fn put(tx: &mut Tx, name: &str, value: &str) -> Result<i64> {
    let sql = "
        INSERT INTO settings (name, value, version) VALUES ($1, $2, 1)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value, version = settings.version + 1
        RETURNING version";
    Ok(tx.one("setting", sql, args![name, value])?.get(0))
}
