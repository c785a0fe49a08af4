//! PostgreSQL 15 or later: a small pool of connections, writers in turn by an advisory lock.
//!
//! The driver is asynchronous, the product is not: calls block their own thread on a runtime that
//! only moves bytes. So they must not be made from asynchronous code, but from blocking threads.

mod tls;

use std::collections::HashMap;
use std::error::Error as _;
use std::future::Future;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use futures_util::{FutureExt, TryStreamExt, pin_mut};
use tokio::runtime::Runtime;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage, Socket, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::gate::{Gate, Place, Places};
use crate::error::{Error, Result, doing};
use crate::value::{Row, Value};

/// Connections that are kept open between uses.
const IDLE_CONNECTIONS: usize = 32;
/// Connections of one process at most; PostgreSQL itself usually takes 100 of all.
const MOST_CONNECTIONS: usize = 48;
/// Readers at one time for each processor of this machine. The server may be another machine, and
/// while it is at work or the line is slow this process has little to do for them.
const READERS_PER_PROCESSOR: usize = 4;
/// How long somebody waits for one of them.
const CONNECTION_WAIT: Duration = Duration::from_secs(30);
/// Statements that a connection keeps prepared; those of all operations are fewer.
const MOST_PREPARED: usize = 1_000;
/// How long a writer waits for its turn; the server's own `lock_timeout` is the same.
const TURN_WAIT: Duration = Duration::from_secs(120);
/// How long the network may take to make a connection.
const CONNECT_WAIT: Duration = Duration::from_secs(10);
/// How long a silent line is believed in, and how often it is then asked.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
/// The advisory lock that gives writers their turn: "hubstock" in ASCII.
const WRITERS_TURN: i64 = 0x6875_6273_746F_636B;

#[derive(Clone)]
pub struct Pool(Arc<Shared>);

struct Shared {
    config: Config,
    tls: Option<MakeRustlsConnect>,
    idle: Mutex<Vec<Connection>>,
    connections: Gate,
    reading: Arc<Places>,
    /// The writers of this process take turns here first, so that those who wait hold no connection.
    writers: Gate,
}

/// A client and the statements that it has prepared.
pub struct Connection {
    pub client: Client,
    prepared: HashMap<String, Statement>,
}

pub struct PostgresTx {
    connection: Option<Connection>,
    pool: Arc<Shared>,
    open: bool,
    writes: bool,
    place: Place,
}

/// Runs a driver's call to its end on this thread.
pub fn wait<F: Future>(future: F) -> F::Output {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("postgres")
            .enable_all()
            .build()
            .expect("a thread can be started")
    });
    runtime.handle().block_on(future)
}

pub(crate) fn broken(sql: &str, error: tokio_postgres::Error) -> Error {
    let doing = doing(sql);
    let Some(db) = error.as_db_error() else {
        let cause = error.source().map(|s| format!(": {s}")).unwrap_or_default();
        let message = format!("{error}{cause}");
        return if error.is_closed() || error.code().is_none() {
            Error::Unavailable { doing, message }
        } else {
            Error::Broken { doing, message }
        };
    };
    let message = format!("{} ({})", db.message(), db.code().code());
    match &db.code().code()[..2] {
        "23" => Error::Constraint { doing, message },
        "08" | "40" | "53" | "55" | "57" => Error::Unavailable { doing, message },
        _ => Error::Broken { doing, message },
    }
}

impl Pool {
    pub fn open(url: &str) -> Result<Pool> {
        let address = tls::read(url)?;
        let mut config: Config = address.url.parse().map_err(|e: tokio_postgres::Error| {
            let cause = e.source().map(|cause| format!(": {cause}")).unwrap_or_default();
            Error::Unsuitable(format!("the database address is not usable: {e}{cause}"))
        })?;
        config.application_name("hubstock");
        config.keepalives(true).keepalives_idle(KEEPALIVE_IDLE);
        config.keepalives_interval(KEEPALIVE_INTERVAL).keepalives_retries(3);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_WAIT);
        }
        let pool = Pool(Arc::new(Shared {
            config,
            tls: address.tls,
            idle: Mutex::new(Vec::new()),
            connections: Gate::new(MOST_CONNECTIONS),
            reading: Places::new(READERS_PER_PROCESSOR),
            writers: Gate::new(1),
        }));
        pool.check()?;
        Ok(pool)
    }

    /// Host and database name, for people; never the password.
    pub fn location(&self) -> String {
        let host = match self.0.config.get_hosts().first() {
            Some(tokio_postgres::config::Host::Tcp(name)) => name.clone(),
            _ => "local".to_owned(),
        };
        format!("postgres://{host}/{}", self.0.config.get_dbname().unwrap_or_default())
    }

    /// Refuses a server whose settings could lose what was acknowledged or sort text otherwise.
    fn check(&self) -> Result<()> {
        let mut tx = self.read()?;
        let row = |tx: &mut PostgresTx, sql: &str| -> Result<String> {
            let mut found = String::new();
            tx.each(sql, &[], &mut |row| {
                found = row.get(0);
                Ok(())
            })?;
            Ok(found)
        };
        let setting = |name: &str| format!("SELECT setting FROM pg_settings WHERE name = '{name}'");
        let version: i64 = row(&mut tx, &setting("server_version_num"))?.parse().unwrap_or(0);
        if version < 150_000 {
            return Err(Error::Unsuitable("PostgreSQL must be version 15 or later".into()));
        }
        for name in ["fsync", "full_page_writes", "data_checksums"] {
            if row(&mut tx, &setting(name))? != "on" {
                return Err(Error::Unsuitable(format!(
                    "PostgreSQL's {name} must be on: without it a crash can lose or damage data"
                )));
            }
        }
        // Each connection sets it for itself; a server that has it off is not meant for this.
        let committed = "SELECT reset_val FROM pg_settings WHERE name = 'synchronous_commit'";
        if row(&mut tx, committed)? == "off" {
            return Err(Error::Unsuitable(
                "PostgreSQL's synchronous_commit must not be off: a crash would lose what was \
                 acknowledged"
                    .into(),
            ));
        }
        let collation = row(
            &mut tx,
            "SELECT CASE datlocprovider WHEN 'i' THEN 'of ICU' ELSE datcollate::text END
             FROM pg_database WHERE datname = current_database()",
        )?;
        if collation != "C" && collation != "POSIX" {
            return Err(Error::Unsuitable(format!(
                "the database's collation is {collation}; create it with LC_COLLATE 'C' and TEMPLATE template0"
            )));
        }
        Ok(())
    }

    fn connection(&self) -> Result<Connection> {
        loop {
            let idle = self.0.idle.lock().expect("nobody panics with the list held").pop();
            match idle {
                Some(connection) if connection.client.is_closed() => {}
                Some(connection) => return Ok(connection),
                None => return connect(&self.0),
            }
        }
    }

    /// Begins a transaction that has passed its gates; dropped, it leaves them.
    fn begin(&self, mut tx: PostgresTx, sql: &str) -> Result<PostgresTx> {
        loop {
            let connection = self.connection()?;
            let done = wait(connection.client.batch_execute(sql));
            match done {
                Ok(()) => {
                    (tx.connection, tx.open) = (Some(connection), true);
                    return Ok(tx);
                }
                // A connection that died while it was idle: the next one is tried.
                Err(error) if error.is_closed() => {}
                Err(error) => return Err(broken(sql, error)),
            }
        }
    }

    pub fn read(&self) -> Result<PostgresTx> {
        let place = self.0.reading.take();
        self.0.connections.enter(CONNECTION_WAIT, "wait for a connection")?;
        self.begin(self.closed(false, place), "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    }

    pub fn write(&self) -> Result<PostgresTx> {
        self.0.writers.enter(TURN_WAIT, "wait for the turn to write")?;
        if let Err(error) = self.0.connections.enter(CONNECTION_WAIT, "wait for a connection") {
            self.0.writers.leave();
            return Err(error);
        }
        let sql = format!("BEGIN READ WRITE; SELECT pg_advisory_xact_lock({WRITERS_TURN})");
        self.begin(self.closed(true, Place::of_writer()), &sql)
    }

    fn closed(&self, writes: bool, place: Place) -> PostgresTx {
        PostgresTx { connection: None, pool: self.0.clone(), open: false, writes, place }
    }
}

/// What each connection is told, and asked last: whether the server only follows another.
///
/// A node that hangs or is cut off must not keep the turn to write for ever.
const SETTINGS: &str = "
    SET jit = off;
    SET client_min_messages = warning;
    SET lock_timeout = '120s';
    SET idle_in_transaction_session_timeout = '300s';
    SET tcp_keepalives_idle = 30;
    SET tcp_keepalives_interval = 10;
    SET tcp_keepalives_count = 3;
    SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') <> 'remote_apply';
    SELECT pg_is_in_recovery()";

async fn dial<T>(config: &Config, tls: T) -> std::result::Result<Client, tokio_postgres::Error>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
{
    let (client, connection) = config.connect(tls).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a database connection ended");
        }
    });
    Ok(client)
}

fn connect(shared: &Shared) -> Result<Connection> {
    wait(async {
        let dialled = match &shared.tls {
            Some(tls) => dial(&shared.config, tls.clone()).await,
            None => dial(&shared.config, NoTls).await,
        };
        let client = dialled.map_err(|e| match broken("connect", e) {
            Error::Broken { doing, message } => Error::Unavailable { doing, message },
            other => other,
        })?;
        let told = client.simple_query(SETTINGS).await.map_err(|e| broken("connect", e))?;
        let rows = told.iter().rev().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        if rows.take(1).any(|follows| follows == "t") {
            return Err(Error::Unavailable {
                doing: "connect".into(),
                message: "the server is a standby, which only reads: name the primary".into(),
            });
        }
        Ok(Connection { client, prepared: HashMap::new() })
    })
}

impl ToSql for Value {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut bytes::BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Value::Null => Ok(IsNull::Yes),
            Value::Bool(v) if *ty == Type::BOOL => v.to_sql(ty, out),
            Value::Bool(v) => Value::Int((*v).into()).to_sql(ty, out),
            Value::Int(v) if *ty == Type::INT2 => i16::try_from(*v)?.to_sql(ty, out),
            Value::Int(v) if *ty == Type::INT4 => i32::try_from(*v)?.to_sql(ty, out),
            Value::Int(v) if *ty == Type::INT8 => v.to_sql(ty, out),
            Value::Int(v) => Err(format!("the number {v} for a parameter of type {ty}").into()),
            Value::Text(v) => v.to_sql(ty, out),
            Value::Bytes(v) => v.to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn owned(row: &tokio_postgres::Row) -> std::result::Result<Row, tokio_postgres::Error> {
    let mut values = Vec::with_capacity(row.len());
    for (index, column) in row.columns().iter().enumerate() {
        let value = match *column.type_() {
            Type::BOOL => row.try_get::<_, Option<bool>>(index)?.map(Value::Bool),
            Type::INT2 => row.try_get::<_, Option<i16>>(index)?.map(|v| Value::Int(v.into())),
            Type::INT4 => row.try_get::<_, Option<i32>>(index)?.map(|v| Value::Int(v.into())),
            Type::INT8 => row.try_get::<_, Option<i64>>(index)?.map(Value::Int),
            Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(index)?.map(Value::Bytes),
            _ => row.try_get::<_, Option<String>>(index)?.map(Value::Text),
        };
        values.push(value.unwrap_or(Value::Null));
    }
    Ok(Row(values))
}

impl PostgresTx {
    /// The client itself, for the bulk paths.
    pub fn client(&self) -> &Client {
        &self.connection.as_ref().expect("a transaction holds its connection until it ends").client
    }

    pub(crate) fn prepared(&mut self, sql: &str) -> Result<Statement> {
        let connection =
            self.connection.as_mut().expect("a transaction holds its connection until it ends");
        if let Some(statement) = connection.prepared.get(sql) {
            return Ok(statement.clone());
        }
        // Texts that name what they look for are as many as there are answers.
        if connection.prepared.len() >= MOST_PREPARED {
            connection.prepared.clear();
        }
        let statement = wait(connection.client.prepare(sql)).map_err(|error| broken(sql, error))?;
        connection.prepared.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// Gives its place among the readers back, if it has one.
    pub fn leave_place(&mut self) {
        self.place.leave();
    }

    pub fn exec(&mut self, sql: &str, args: &[Value]) -> Result<u64> {
        let statement = self.prepared(sql)?;
        wait(self.client().execute_raw(&statement, args)).map_err(|error| broken(sql, error))
    }

    pub fn batch(&mut self, sql: &str) -> Result<()> {
        wait(self.client().batch_execute(sql)).map_err(|error| broken(sql, error))
    }

    pub fn each(
        &mut self,
        sql: &str,
        args: &[Value],
        take: &mut dyn FnMut(Row) -> Result<()>,
    ) -> Result<()> {
        let statement = self.prepared(sql)?;
        let client = self.client();
        wait(async {
            let rows =
                client.query_raw(&statement, args).await.map_err(|error| broken(sql, error))?;
            pin_mut!(rows);
            while let Some(row) = rows.try_next().await.map_err(|error| broken(sql, error))? {
                take(owned(&row).map_err(|error| broken(sql, error))?)?;
            }
            Ok(())
        })
    }

    pub fn commit(mut self) -> Result<()> {
        self.open = false;
        let done = self.batch("COMMIT");
        if done.is_ok() {
            self.give_back();
        }
        done
    }

    fn give_back(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        let mut idle = self.pool.idle.lock().expect("nobody panics with the list held");
        if !connection.client.is_closed() && idle.len() < IDLE_CONNECTIONS {
            idle.push(connection);
        }
    }
}

impl Drop for PostgresTx {
    fn drop(&mut self) {
        if self.open {
            // It is sent, and whatever uses the connection next comes after it.
            let sent = self.client().batch_execute("ROLLBACK").now_or_never();
            if !matches!(sent, Some(Err(_))) {
                self.give_back();
            }
        }
        // What was not given back is closed before somebody else opens another.
        self.connection = None;
        self.pool.connections.leave();
        if self.writes {
            self.pool.writers.leave();
        }
    }
}
