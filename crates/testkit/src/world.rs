//! The same test on both databases.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::postgres;

/// Runs a test on a new SQLite file, then on a new PostgreSQL database, both empty.
///
/// The test is given the address to open. Should it fail on the one, it is still run on the other,
/// so that one can tell a wrong rule from a difference between the databases.
pub fn both(test: impl Fn(&str)) {
    let on_sqlite = run("SQLite", || on_sqlite(&test));
    let on_postgres = run("PostgreSQL", || on_postgres(&test));
    if let Err(panic) = on_sqlite.and(on_postgres) {
        resume_unwind(panic);
    }
}

/// Runs a test on a new SQLite file.
pub fn on_sqlite(test: impl FnOnce(&str)) {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let file = folder.path().join("hubstock.db");
    test(file.to_str().expect("the folder for temporary files has a plain name"));
}

/// Runs a test on a new PostgreSQL database, which is removed if the test passes.
pub fn on_postgres(test: impl FnOnce(&str)) {
    let url = postgres::database();
    test(&url);
    postgres::drop_database(&url);
}

fn run(database: &str, test: impl FnOnce()) -> Result<(), Box<dyn Any + Send>> {
    let done = catch_unwind(AssertUnwindSafe(test));
    let how = if done.is_ok() { "passed" } else { "failed" };
    eprintln!("{how} on {database}");
    done
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn a_test_that_fails_on_one_database_is_still_run_on_the_other() {
        let seen = RefCell::new(Vec::new());
        let done = catch_unwind(AssertUnwindSafe(|| {
            both(|url| {
                seen.borrow_mut().push(url.to_owned());
                assert!(url.starts_with("postgres://"), "not on SQLite");
            });
        }));
        assert!(done.is_err());
        let seen = seen.into_inner();
        assert!(seen[0].ends_with("hubstock.db"));
        assert!(seen[1].starts_with("postgres://"));
    }

    #[test]
    fn what_a_test_made_is_gone_when_it_has_passed() {
        let mut made = String::new();
        on_postgres(|url| made = url.to_owned());
        let (server, name) = made.rsplit_once('/').unwrap();
        let sql = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
        assert_eq!(postgres::psql(&format!("{server}/postgres"), &sql), "0\n");
    }
}
