//! Numbered migrations, each run once, its hash recorded; never edited once released.

use super::{Db, Engine, Tx};
use crate::args;
use crate::error::{Error, Result};
use sha2::{Digest, Sha256};

const MIGRATIONS: &[(&str, &str)] = &[
    ("0001_foundation", include_str!("../../migrations/0001_foundation.sql")),
    ("0002_timers", include_str!("../../migrations/0002_timers.sql")),
    ("0003_offers", include_str!("../../migrations/0003_offers.sql")),
    ("0004_selection", include_str!("../../migrations/0004_selection.sql")),
    ("0005_transfers", include_str!("../../migrations/0005_transfers.sql")),
    ("0006_notifications", include_str!("../../migrations/0006_notifications.sql")),
    ("0008_dry_runs", include_str!("../../migrations/0008_dry_runs.sql")),
    ("0009_party_directory", include_str!("../../migrations/0009_party_directory.sql")),
    ("0010_holidays", include_str!("../../migrations/0010_holidays.sql")),
    ("0011_overdue", include_str!("../../migrations/0011_overdue.sql")),
    ("0012_what_is_open", include_str!("../../migrations/0012_what_is_open.sql")),
];

const RECORD: &str = "
    CREATE TABLE IF NOT EXISTS migrations (
        name TEXT PRIMARY KEY,
        sha256 BYTEA NOT NULL
    )";

/// The statement text of one engine.
fn spell(sql: &str, engine: Engine) -> String {
    let (key, narrow, roomy) = match engine {
        Engine::Sqlite => ("INTEGER PRIMARY KEY", " WITHOUT ROWID", ""),
        Engine::Postgres => ("BIGINT PRIMARY KEY", "", " WITH (fillfactor = 50)"),
    };
    sql.replace("{{key}}", key).replace("{{narrow}}", narrow).replace("{{roomy}}", roomy)
}

fn hash(sql: &str) -> Vec<u8> {
    Sha256::digest(sql.as_bytes()).to_vec()
}

fn applied(tx: &mut Tx) -> Result<Vec<(String, Vec<u8>)>> {
    let rows = tx.all("SELECT name, sha256 FROM migrations ORDER BY name", &[])?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Runs what has not run yet, all in one transaction.
pub(super) fn migrate(db: &Db) -> Result<()> {
    let mut tx = db.write()?;
    tx.batch(RECORD)?;
    let done = applied(&mut tx)?;
    for (name, sql) in MIGRATIONS {
        match done.iter().find(|(n, _)| n == name) {
            Some((_, sha)) if *sha == hash(sql) => {}
            Some(_) => {
                return Err(Error::Unsuitable(format!(
                    "migration {name} was run from another text; this database belongs to another build"
                )));
            }
            None => {
                tx.batch(&spell(sql, tx.engine()))?;
                tx.exec(
                    "INSERT INTO migrations (name, sha256) VALUES ($1, $2)",
                    args![*name, hash(sql)],
                )?;
            }
        }
    }
    if let Some((name, _)) = done.iter().find(|(n, _)| !MIGRATIONS.iter().any(|(m, _)| m == n)) {
        return Err(Error::Unsuitable(format!(
            "this database has migration {name}, which this program does not know: use the newer program"
        )));
    }
    tx.commit()
}

/// Whether every migration of this program has run.
pub(super) fn is_current(db: &Db) -> Result<bool> {
    let mut tx = db.read()?;
    let there = match tx.engine() {
        Engine::Sqlite => "SELECT 1 FROM sqlite_master WHERE name = 'migrations'",
        Engine::Postgres => {
            "SELECT 1 FROM pg_tables WHERE tablename = 'migrations' AND schemaname = current_schema()"
        }
    };
    if tx.opt(there, &[])?.is_none() {
        return Ok(false);
    }
    let done = applied(&mut tx)?;
    Ok(MIGRATIONS.iter().all(|(name, sql)| done.iter().any(|(n, h)| n == name && *h == hash(sql))))
}

/// Whether the database has no table of any kind.
pub(super) fn is_empty(db: &Db) -> Result<bool> {
    let mut tx = db.read()?;
    let any = match tx.engine() {
        Engine::Sqlite => "SELECT 1 FROM sqlite_master LIMIT 1",
        Engine::Postgres => "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() LIMIT 1",
    };
    Ok(tx.opt(any, &[])?.is_none())
}
