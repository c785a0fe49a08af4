//! A copy of the database, made while it is used, and an empty database filled from one.
//!
//! On SQLite the copy is a database file; on PostgreSQL it is `pg_dump`'s custom format, made and
//! read by PostgreSQL's own programs. The reports folder is not in it: keep that as files.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::process::Command;

use domain::Refusal;
use domain::refusal::RefusalKind;
use store::{Db, Engine};

use crate::aside::{Aside, remove, with_ending};
use crate::journal::verify::verify_chain;
use crate::{App, Error, Result};

const SQLITE_BEGINS: &[u8] = b"SQLite format 3\0";
const POSTGRES_BEGINS: &[u8] = b"PGDMP";

/// Copies the app's database, which was opened at `url`, into the new file `out`. The file has its
/// name only when it is whole and on the disk.
pub fn backup(app: &App, url: &str, out: &Path) -> Result<()> {
    if out.exists() {
        let message = format!("{} is there already. Choose another name.", out.display());
        return Err(Refusal::invalid(message).into());
    }
    let aside = Aside::begun_beside(out)?;
    match app.db.engine() {
        Engine::Sqlite => {
            app.db.copy_to(aside.path())?;
            check(&open_file(aside.path())?)?;
        }
        Engine::Postgres => {
            let file = aside.path().as_os_str();
            let words = ["--format=custom", "--no-owner", "--no-privileges", "--file"];
            run(Command::new("pg_dump").args(words).arg(file), url)?;
        }
    }
    aside.settle(out)
}

/// Fills the database at `url`, which must be empty, from the backup `from`, and checks that the
/// journal's chain is whole.
pub fn restore(url: &str, from: &Path) -> Result<()> {
    let engine = engine_of_backup(from)?;
    let other = |of: &str, into: &str| {
        Err(Refusal::invalid(format!(
            "{} is a backup of an {of} database and can't be restored into {into}.",
            from.display()
        ))
        .into())
    };
    match (engine, Db::file_of(url)?) {
        (Engine::Sqlite, None) => other("SQLite", "PostgreSQL"),
        (Engine::Postgres, Some(_)) => other("PostgreSQL", "SQLite"),
        (Engine::Sqlite, Some(file)) => restore_file(file, from),
        (Engine::Postgres, None) => {
            let db = Db::open(url)?;
            must_be_empty(&db)?;
            let words =
                ["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges"];
            let file = from.as_os_str();
            run(Command::new("pg_restore").args(words).arg(file), url)?;
            check(&db)
        }
    }
}

fn restore_file(path: &Path, from: &Path) -> Result<()> {
    if path.exists() {
        must_be_empty(&open_file(path)?)?;
    }
    let aside = Aside::beside(path);
    fs::copy(from, aside.path()).map_err(Error::io(format!("copy {}", from.display())))?;
    open_file(aside.path()).and_then(|db| check(&db)).map_err(|error| match error {
        Error::Damaged(what) | Error::Store(store::Error::Broken { message: what, .. }) => {
            let from = from.display();
            Refusal::invalid(format!("{from} is damaged, so nothing was restored: {what}.")).into()
        }
        other => other,
    })?;
    for left in ["-wal", "-shm"].map(|end| with_ending(path, end)) {
        remove(&left).map_err(Error::io("remove what the empty database left"))?;
    }
    aside.settle(path)
}

fn open_file(path: &Path) -> Result<Db> {
    let path = path.to_str().ok_or_else(|| {
        Refusal::invalid(format!("{} has a name that is not UTF-8.", path.display()))
    })?;
    Ok(Db::open(path)?)
}

fn must_be_empty(db: &Db) -> Result<()> {
    if db.is_empty()? {
        return Ok(());
    }
    let message = format!(
        "{} is not empty, and restoring never overwrites. Name a new database.",
        db.location()
    );
    Err(Refusal::new(RefusalKind::WrongState, message).into())
}

/// A database that is whole in itself and whose journal's chain is.
fn check(db: &Db) -> Result<()> {
    if let Some(what) = db.damage()? {
        return Err(Error::Damaged(what));
    }
    if !db.is_current()? {
        return Ok(());
    }
    match verify_chain(db)?.problems.first() {
        None => Ok(()),
        Some(problem) => Err(Error::Damaged(problem.to_string())),
    }
}

fn engine_of_backup(from: &Path) -> Result<Engine> {
    let reading = || Error::io(format!("read {}", from.display()));
    let mut begins = Vec::new();
    let file = File::open(from).map_err(reading())?;
    file.take(16).read_to_end(&mut begins).map_err(reading())?;
    if begins == SQLITE_BEGINS {
        Ok(Engine::Sqlite)
    } else if begins.starts_with(POSTGRES_BEGINS) {
        Ok(Engine::Postgres)
    } else {
        Err(Refusal::invalid(format!("{} is not a backup of Hubstock.", from.display())).into())
    }
}

/// Runs one of PostgreSQL's programs on the database at `url`, whose password stays out of sight.
fn run(command: &mut Command, url: &str) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let (address, password) = without_password(url);
    command.arg("--dbname").arg(address).arg("--no-password");
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    let done = match command.output() {
        Ok(done) => done,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(Refusal::invalid(format!(
                "{name} is not installed here. Install PostgreSQL's client programs (on Debian: \
                 postgresql-client), of the server's version or later."
            ))
            .into());
        }
        Err(error) => return Err(Error::io(format!("run {name}"))(error)),
    };
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr).trim().to_owned();
    Err(Error::io(format!("run {name}"))(io::Error::other(said)))
}

/// An address without its password, which other users of the machine could read in the list of
/// processes, and the password.
fn without_password(url: &str) -> (String, Option<String>) {
    let found = url.split_once("://").and_then(|(scheme, rest)| {
        let (person, place) = rest.rsplit_once('@')?;
        let (name, password) = person.split_once(':')?;
        Some((format!("{scheme}://{name}@{place}"), decoded(password)))
    });
    match found {
        Some((address, password)) => (address, Some(password)),
        None => (url.to_owned(), None),
    }
}

/// `%41` is `A`.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = text.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (bytes[at], code) {
            (b'%', Some(byte)) => {
                plain.push(byte);
                at += 3;
            }
            (byte, _) => {
                plain.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_taken_out_of_an_address() {
        let check = |url: &str, address: &str, password: Option<&str>| {
            assert_eq!(without_password(url), (address.to_owned(), password.map(str::to_owned)));
        };
        check("postgres://db/hubs", "postgres://db/hubs", None);
        check("postgres://ann@db:5432/hubs", "postgres://ann@db:5432/hubs", None);
        check("postgres://ann:p%40s%3as@db/hubs", "postgres://ann@db/hubs", Some("p@s:s"));
        check("postgres://ann:100%@db/hubs", "postgres://ann@db/hubs", Some("100%"));
    }
}
