//! Opening, beginning, running and migrating: one face for SQLite and PostgreSQL.
//!
//! Writers take turns ([`Db::write`]), so what a writer reads it may decide on; readers never wait.

mod gate;
mod migrations;
pub(crate) mod postgres;
pub(crate) mod sqlite;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::Result;
use crate::value::{Row, Value};

/// Which database it is. Only this crate asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// SQLite, in one file beside the program.
    Sqlite,
    /// PostgreSQL 15 or later.
    Postgres,
}

/// An open database; cheap to clone.
#[derive(Clone)]
pub struct Db(Inner, Count);

/// How many statements were run.
type Count = Arc<AtomicU64>;

#[derive(Clone)]
enum Inner {
    Sqlite(sqlite::Pool),
    Postgres(postgres::Pool),
}

impl Db {
    /// Opens `postgres://…` or an SQLite file by its path, and checks that it is set up safely.
    ///
    /// An SQLite file that does not exist is made. The tables are not: see [`Db::migrate`].
    pub fn open(url: &str) -> Result<Db> {
        let inner = match Place::of(url)? {
            Place::Server => Inner::Postgres(postgres::Pool::open(url)?),
            Place::File(path) => Inner::Sqlite(sqlite::Pool::open(path)?),
        };
        Ok(Db(inner, Count::default()))
    }

    /// The SQLite file that an address stands for, whether it exists or not; none for a server.
    pub fn file_of(url: &str) -> Result<Option<&std::path::Path>> {
        Ok(match Place::of(url)? {
            Place::Server => None,
            Place::File(path) => Some(path.as_ref()),
        })
    }

    /// Which database this is.
    pub fn engine(&self) -> Engine {
        match &self.0 {
            Inner::Sqlite(_) => Engine::Sqlite,
            Inner::Postgres(_) => Engine::Postgres,
        }
    }

    /// Where the database is, without secrets: the file's path, or host and name.
    pub fn location(&self) -> String {
        match &self.0 {
            Inner::Sqlite(pool) => pool.path().to_owned(),
            Inner::Postgres(pool) => pool.location(),
        }
    }

    /// A transaction that only reads, on one consistent snapshot. It never waits for writers.
    pub fn read(&self) -> Result<Tx> {
        let tx = match &self.0 {
            Inner::Sqlite(pool) => TxInner::Sqlite(pool.read()?),
            Inner::Postgres(pool) => TxInner::Postgres(pool.read()?),
        };
        Ok(Tx(tx, self.1.clone()))
    }

    /// The one transaction that writes: waits for its turn, then sees all that came before.
    ///
    /// Nothing slow belongs between this and [`Tx::commit`].
    pub fn write(&self) -> Result<Tx> {
        let tx = match &self.0 {
            Inner::Sqlite(pool) => TxInner::Sqlite(pool.write()?),
            Inner::Postgres(pool) => TxInner::Postgres(pool.write()?),
        };
        Ok(Tx(tx, self.1.clone()))
    }

    /// How many statements all transactions have run since it was opened; what a bulk path does in
    /// its own way is not among them.
    pub fn statements(&self) -> u64 {
        self.1.load(Ordering::Relaxed)
    }

    /// Whether the disk has failed to keep a commit: the process must end and start again.
    pub fn has_failed(&self) -> bool {
        match &self.0 {
            Inner::Sqlite(pool) => pool.has_failed(),
            // PostgreSQL ends and recovers by itself.
            Inner::Postgres(_) => false,
        }
    }

    /// Brings the tables to this program's version.
    pub fn migrate(&self) -> Result<()> {
        migrations::migrate(self)
    }

    /// Whether the tables are of this program's version.
    pub fn is_current(&self) -> Result<bool> {
        migrations::is_current(self)
    }

    /// Whether there is nothing in it yet, not even tables.
    pub fn is_empty(&self) -> Result<bool> {
        migrations::is_empty(self)
    }

    /// Moves committed pages into the main file (SQLite); nothing elsewhere.
    pub fn checkpoint(&self) -> Result<()> {
        match &self.0 {
            Inner::Sqlite(pool) => pool.checkpoint(),
            Inner::Postgres(_) => Ok(()),
        }
    }

    /// Drops all tables with everything in them: for a demonstration that is built anew.
    pub fn drop_tables(&self) -> Result<()> {
        let mut tx = self.write()?;
        let (names, cascade) = match tx.engine() {
            Engine::Sqlite => {
                tx.batch("PRAGMA defer_foreign_keys = ON")?;
                // The last first: a table refers to earlier ones.
                let names = "SELECT name FROM sqlite_master
                    WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY rowid DESC";
                (names, "")
            }
            Engine::Postgres => {
                ("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()", " CASCADE")
            }
        };
        for row in tx.all(names, &[])? {
            tx.batch(&format!("DROP TABLE IF EXISTS {}{cascade}", row.get::<String>(0)))?;
        }
        tx.commit()
    }

    /// What an SQLite file's own check of its structure finds wrong; nothing on PostgreSQL, whose
    /// pages carry checksums.
    pub fn damage(&self) -> Result<Option<String>> {
        match self.engine() {
            Engine::Sqlite => {
                let row = self.read()?.one("result", "PRAGMA integrity_check(1)", &[])?;
                Ok(Some(row.get::<String>(0)).filter(|found| found != "ok"))
            }
            Engine::Postgres => Ok(None),
        }
    }

    /// Copies an SQLite database, while it is used, into a new file at `path`.
    ///
    /// Refuses on PostgreSQL, whose own `pg_dump` and base backups do this.
    pub fn copy_to(&self, path: &std::path::Path) -> Result<()> {
        match &self.0 {
            Inner::Sqlite(pool) => pool.copy_to(path),
            Inner::Postgres(_) => Err(crate::Error::Unsuitable(
                "PostgreSQL is backed up with pg_dump or a base backup".into(),
            )),
        }
    }
}

/// What an address stands for.
enum Place<'a> {
    Server,
    File(&'a str),
}

impl Place<'_> {
    fn of(url: &str) -> Result<Place<'_>> {
        let wrong = |what: String| {
            let how = "give postgres://USER@HOST/NAME, or the path of an SQLite file";
            Err(crate::Error::Unsuitable(format!("{what}: {how}")))
        };
        if url.trim().is_empty() {
            return wrong("the database's address is empty".into());
        }
        match url.split_once(':') {
            Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => Ok(Place::Server),
            Some(("sqlite", path)) if !path.starts_with("//") => Ok(Place::File(path)),
            Some((scheme, rest)) if rest.starts_with("//") || scheme == "file" => {
                wrong(format!("a database's address does not begin with {scheme:?}"))
            }
            _ => Ok(Place::File(url)),
        }
    }
}

/// A transaction. Dropped without [`Tx::commit`], it never happened.
pub struct Tx(pub(crate) TxInner, Count);

pub(crate) enum TxInner {
    Sqlite(sqlite::SqliteTx),
    Postgres(postgres::PostgresTx),
}

impl Tx {
    /// Which database this is.
    pub fn engine(&self) -> Engine {
        match &self.0 {
            TxInner::Sqlite(_) => Engine::Sqlite,
            TxInner::Postgres(_) => Engine::Postgres,
        }
    }

    fn count(&self) {
        self.1.fetch_add(1, Ordering::Relaxed);
    }

    /// Runs a statement; how many rows it touched.
    pub fn exec(&mut self, sql: &str, args: &[Value]) -> Result<u64> {
        self.count();
        match &mut self.0 {
            TxInner::Sqlite(tx) => tx.exec(sql, args),
            TxInner::Postgres(tx) => tx.exec(sql, args),
        }
    }

    /// Runs several statements without parameters.
    pub fn batch(&mut self, sql: &str) -> Result<()> {
        self.count();
        match &mut self.0 {
            TxInner::Sqlite(tx) => tx.batch(sql),
            TxInner::Postgres(tx) => tx.batch(sql),
        }
    }

    /// All rows. For answers that are bounded; see [`Tx::each`] for the rest.
    pub fn all(&mut self, sql: &str, args: &[Value]) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        self.each(sql, args, |row| {
            rows.push(row);
            Ok(())
        })?;
        Ok(rows)
    }

    /// Each row in turn, without holding them all.
    pub fn each(
        &mut self,
        sql: &str,
        args: &[Value],
        mut take: impl FnMut(Row) -> Result<()>,
    ) -> Result<()> {
        self.count();
        match &mut self.0 {
            TxInner::Sqlite(tx) => tx.each(sql, args, &mut take),
            TxInner::Postgres(tx) => tx.each(sql, args, &mut take),
        }
    }

    /// The first row, if there is one.
    pub fn opt(&mut self, sql: &str, args: &[Value]) -> Result<Option<Row>> {
        Ok(self.all(sql, args)?.into_iter().next())
    }

    /// The row that must be there; `what` names it for the error.
    pub fn one(&mut self, what: &'static str, sql: &str, args: &[Value]) -> Result<Row> {
        self.opt(sql, args)?.ok_or(crate::Error::Missing { what })
    }

    /// Says that this reader will be at it for long, so that it counts no more among those who are
    /// let in a few at a time.
    pub fn takes_long(&mut self) {
        match &mut self.0 {
            TxInner::Sqlite(tx) => tx.leave_place(),
            TxInner::Postgres(tx) => tx.leave_place(),
        }
    }

    /// Makes it so, durably.
    pub fn commit(self) -> Result<()> {
        match self.0 {
            TxInner::Sqlite(tx) => tx.commit(),
            TxInner::Postgres(tx) => tx.commit(),
        }
    }

    /// The next free key of a table whose key is a plain count: 1 more than the last.
    ///
    /// Writers take turns, so this is safe, and a replay of the journal gives the same keys.
    pub fn next_id(&mut self, table: &'static str) -> Result<i64> {
        let key = if table == "journal" { "seq" } else { "id" };
        let sql = format!("SELECT coalesce(max({key}), 0) + 1 FROM {table}");
        Ok(self.one(table, &sql, &[])?.get(0))
    }

    /// The words that let several workers claim different rows of one table; empty on SQLite,
    /// whose writers take turns anyway.
    pub fn skip_locked(&self) -> &'static str {
        match self.engine() {
            Engine::Sqlite => "",
            Engine::Postgres => " FOR UPDATE SKIP LOCKED",
        }
    }
}
