//! SQLite: one writer connection, readers apart, every commit on the disk before it is answered.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use rusqlite::backup::StepResult;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ErrorCode, OpenFlags, ToSql};

use super::gate::{Place, Places};
use crate::error::{Error, Result, doing};
use crate::value::{Row, Value};

/// Readers that are kept open between uses, at least.
const IDLE_READERS: usize = 16;
/// Readers at one time for each processor: more drop out of the ones that are kept open.
const READERS_PER_PROCESSOR: usize = 2;
/// Pages kept in memory by the writer, and by each reader, in KiB.
const WRITER_CACHE_KIB: i64 = 65_536;
const READER_CACHE_KIB: i64 = 8_192;
/// Older versions can damage a WAL that two connections use.
const OLDEST_VERSION: i32 = 3_051_003;

#[derive(Clone)]
pub struct Pool(Arc<Shared>);

struct Shared {
    path: String,
    writer: Mutex<Option<Connection>>,
    writer_is_free: Condvar,
    readers: Mutex<Vec<Connection>>,
    reading: Arc<Places>,
    has_failed: AtomicBool,
}

pub struct SqliteTx {
    connection: Option<Connection>,
    pool: Arc<Shared>,
    writes: bool,
    place: Place,
    has_large_cache: Cell<bool>,
}

impl Pool {
    pub fn open(path: &str) -> Result<Pool> {
        if rusqlite::version_number() < OLDEST_VERSION {
            return Err(Error::Unsuitable(format!("SQLite {} is too old", rusqlite::version())));
        }
        let writer = connect(path, WRITER_CACHE_KIB)?;
        Ok(Pool(Arc::new(Shared {
            path: path.to_owned(),
            writer: Mutex::new(Some(writer)),
            writer_is_free: Condvar::new(),
            readers: Mutex::new(Vec::new()),
            reading: Places::new(READERS_PER_PROCESSOR),
            has_failed: AtomicBool::new(false),
        })))
    }

    pub fn path(&self) -> &str {
        &self.0.path
    }

    pub fn read(&self) -> Result<SqliteTx> {
        let mut tx = SqliteTx {
            connection: None,
            pool: self.0.clone(),
            writes: false,
            place: self.0.reading.take(),
            has_large_cache: Cell::new(false),
        };
        let idle = self.0.readers.lock().expect("no reader panics with the list held").pop();
        let connection = match idle {
            Some(connection) => connection,
            None => {
                let connection = connect(&self.0.path, READER_CACHE_KIB)?;
                connection
                    .pragma_update(None, "query_only", true)
                    .map_err(|e| broken("open", e))?;
                connection
            }
        };
        run(&connection, "BEGIN")?;
        tx.connection = Some(connection);
        Ok(tx)
    }

    /// Whether the disk has failed to keep a commit.
    pub fn has_failed(&self) -> bool {
        self.0.has_failed.load(Ordering::Relaxed)
    }

    pub fn write(&self) -> Result<SqliteTx> {
        if self.has_failed() {
            return Err(Error::Unavailable {
                doing: "begin to write".into(),
                message: "the disk failed to keep what was written; the program must be restarted"
                    .into(),
            });
        }
        let mut writer = self.0.writer.lock().expect("no writer panics with the lock held");
        let connection = loop {
            match writer.take() {
                Some(connection) => break connection,
                None => {
                    writer = self
                        .0
                        .writer_is_free
                        .wait(writer)
                        .expect("no writer panics with the lock held");
                }
            }
        };
        drop(writer);
        let mut tx = SqliteTx {
            connection: Some(connection),
            pool: self.0.clone(),
            writes: true,
            place: Place::of_writer(),
            has_large_cache: Cell::new(false),
        };
        run(tx.connection(), "BEGIN IMMEDIATE").inspect_err(|_| tx.give_back())?;
        Ok(tx)
    }

    pub fn checkpoint(&self) -> Result<()> {
        let connection = connect(&self.0.path, READER_CACHE_KIB)?;
        run(&connection, "PRAGMA wal_checkpoint(PASSIVE)")
    }

    pub fn copy_to(&self, path: &Path) -> Result<()> {
        let from = connect(&self.0.path, READER_CACHE_KIB)?;
        let mut to = Connection::open(path).map_err(|e| broken("open the copy", e))?;
        let backup =
            rusqlite::backup::Backup::new(&from, &mut to).map_err(|e| broken("copy", e))?;
        // All in one step, on one snapshot: in smaller ones each write would begin it again.
        match backup.step(-1).map_err(|e| broken("copy the database", e))? {
            StepResult::Done => Ok(()),
            _ => Err(Error::Unavailable {
                doing: "copy the database".into(),
                message: "the database is busy".into(),
            }),
        }
    }
}

/// Opens a connection as every one must be, and makes sure that it is.
fn connect(path: &str, cache_kib: i64) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|e| match e {
        rusqlite::Error::SqliteFailure(code, _) if code.code == ErrorCode::CannotOpen => {
            Error::Unsuitable(format!("the database file {path} cannot be opened or made"))
        }
        other => broken("open", other),
    })?;
    connection.set_prepared_statement_cache_capacity(256);
    connection.busy_timeout(Duration::from_secs(30)).map_err(|e| broken("open", e))?;
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             PRAGMA foreign_keys = ON;
             PRAGMA temp_store = MEMORY;",
        )
        .and_then(|()| connection.pragma_update(None, "cache_size", -cache_kib))
        .map_err(|e| broken("open", e))?;
    for (pragma, wanted) in [("synchronous", "2"), ("foreign_keys", "1"), ("journal_mode", "wal")] {
        let got = connection
            .pragma_query_value(None, pragma, |row| {
                Ok(match row.get_ref(0)? {
                    ValueRef::Integer(number) => number.to_string(),
                    other => other.as_str().unwrap_or_default().to_owned(),
                })
            })
            .map_err(|e| broken("open", e))?;
        if got != wanted {
            return Err(Error::Unsuitable(format!(
                "SQLite's {pragma} is {got}, not {wanted}: is {path} on a network drive?"
            )));
        }
    }
    Ok(connection)
}

fn run(connection: &Connection, sql: &str) -> Result<()> {
    connection.execute_batch(sql).map_err(|e| broken(sql, e))
}

pub(crate) fn broken(sql: &str, error: rusqlite::Error) -> Error {
    let doing = doing(sql);
    let message = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk is full".to_owned(),
        Some(ErrorCode::SystemIoFailure) => format!("{error}: the disk is full or broken"),
        _ => error.to_string(),
    };
    match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) => Error::Constraint { doing, message },
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::ReadOnly
            | ErrorCode::CannotOpen,
        ) => Error::Unavailable { doing, message },
        _ => Error::Broken { doing, message },
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Bool(v) => ValueRef::Integer((*v).into()),
            Value::Int(v) => ValueRef::Integer(*v),
            Value::Text(v) => ValueRef::Text(v.as_bytes()),
            Value::Bytes(v) => ValueRef::Blob(v),
        }))
    }
}

fn owned(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(v) => Value::Int(v),
        ValueRef::Real(v) => Value::Int(v as i64),
        ValueRef::Text(v) => Value::Text(String::from_utf8_lossy(v).into_owned()),
        ValueRef::Blob(v) => Value::Bytes(v.to_vec()),
    }
}

/// Prepares a text that says `$n`, which SQLite takes for a name and looks up one by one, as `?n`.
fn prepare<'a>(connection: &'a Connection, sql: &str) -> Result<CachedStatement<'a>> {
    connection.prepare_cached(&sql.replace('$', "?")).map_err(|e| broken(sql, e))
}

fn bind(statement: &mut CachedStatement<'_>, args: &[Value]) -> rusqlite::Result<()> {
    for index in 1..=statement.parameter_count() {
        let value = args.get(index - 1).unwrap_or(&Value::Null);
        statement.raw_bind_parameter(index, value)?;
    }
    Ok(())
}

impl SqliteTx {
    /// The connection itself, for the bulk paths.
    pub fn connection(&self) -> &Connection {
        self.connection.as_ref().expect("a transaction holds its connection until it ends")
    }

    /// Gives its place among the readers back, if it has one.
    pub fn leave_place(&mut self) {
        self.place.leave();
    }

    /// Sizes the cache for this transaction alone.
    pub fn size_cache(&self, kib: i64) -> Result<()> {
        self.has_large_cache.set(true);
        let set = self.connection().pragma_update(None, "cache_size", -kib);
        set.map_err(|e| broken("size the cache", e))
    }

    pub fn exec(&mut self, sql: &str, args: &[Value]) -> Result<u64> {
        let mut statement = prepare(self.connection(), sql)?;
        bind(&mut statement, args).map_err(|e| broken(sql, e))?;
        statement.raw_execute().map(|n| n as u64).map_err(|e| broken(sql, e))
    }

    pub fn batch(&mut self, sql: &str) -> Result<()> {
        run(self.connection(), sql)
    }

    pub fn each(
        &mut self,
        sql: &str,
        args: &[Value],
        take: &mut dyn FnMut(Row) -> Result<()>,
    ) -> Result<()> {
        self.scan(sql, args, &mut |row| {
            let columns = row.as_ref().column_count();
            let values: rusqlite::Result<Vec<Value>> =
                (0..columns).map(|i| row.get_ref(i).map(owned)).collect();
            take(Row(values.map_err(|e| broken(sql, e))?))?;
            Ok(ControlFlow::Continue(()))
        })
    }

    /// Each row as SQLite has it, without copies; stops when `take` says so.
    pub fn scan(
        &self,
        sql: &str,
        args: &[Value],
        take: &mut dyn FnMut(&rusqlite::Row<'_>) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let mut statement = prepare(self.connection(), sql)?;
        bind(&mut statement, args).map_err(|e| broken(sql, e))?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(|e| broken(sql, e))? {
            if take(row)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    pub fn commit(mut self) -> Result<()> {
        let done = self.connection().execute_batch("COMMIT");
        match &done {
            Ok(()) => self.give_back(),
            // After a failed sync nobody knows what is on the disk: only a restart finds out.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure) => {
                self.pool.has_failed.store(true, Ordering::Relaxed);
            }
            Err(_) => {}
        }
        done.map_err(|error| broken("COMMIT", error))
    }

    fn give_back(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if self.has_large_cache.get()
            && let Err(error) = connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)
        {
            tracing::warn!(%error, "the cache of the connection that writes stays large");
        }
        if self.writes {
            *self.pool.writer.lock().expect("no writer panics with the lock held") =
                Some(connection);
            self.pool.writer_is_free.notify_one();
        } else {
            let mut idle = self.pool.readers.lock().expect("no reader panics with the list held");
            if idle.len() < IDLE_READERS.max(2 * self.pool.reading.number()) {
                idle.push(connection);
            }
        }
    }
}

impl Drop for SqliteTx {
    fn drop(&mut self) {
        if let Some(connection) = &self.connection {
            if !connection.is_autocommit() {
                let _ = connection.execute_batch("ROLLBACK");
            }
            self.give_back();
        }
    }
}
