//! What `verify` compares covers the schema, and a difference is named.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use store::compare::{NOT_REBUILT, TABLES, Table, counts, table};
use store::{Db, args};
use testkit::world::{both, on_sqlite};

fn of(name: &str) -> &'static Table {
    TABLES.iter().find(|table| table.name == name).unwrap()
}

#[test]
fn every_table_and_column_is_compared_or_excused() {
    on_sqlite(|url| {
        let db = Db::open(url).unwrap();
        db.migrate().unwrap();
        let mut tx = db.read().unwrap();
        let sql =
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
        let all: Vec<String> = tx.all(sql, &[]).unwrap().iter().map(|row| row.get(0)).collect();
        let mut unknown = Vec::new();
        for name in &all {
            if NOT_REBUILT.iter().any(|(excused, _)| excused == name) {
                continue;
            }
            let sql = format!("SELECT name FROM pragma_table_info('{name}')");
            let there: BTreeSet<String> =
                tx.all(&sql, &[]).unwrap().iter().map(|row| row.get(0)).collect();
            let Some(table) = TABLES.iter().find(|table| table.name == name) else {
                unknown.push(name.clone());
                continue;
            };
            let listed = table.key.iter().chain(table.columns).chain(table.secret);
            let listed: BTreeSet<String> = listed.map(|column| (*column).to_owned()).collect();
            unknown.extend(there.symmetric_difference(&listed).map(|c| format!("{name}.{c}")));
        }
        assert!(unknown.is_empty(), "list these in store/src/compare/tables.rs: {unknown:?}");
        let gone: Vec<_> = TABLES.iter().filter(|t| !all.iter().any(|n| n == t.name)).collect();
        assert!(gone.is_empty(), "{gone:?}");
    });
}

fn settings(url: &str, rows: &[(&str, &str)]) -> Db {
    let db = Db::open(url).unwrap();
    db.migrate().unwrap();
    let mut tx = db.write().unwrap();
    for (name, value) in rows {
        let sql = "INSERT INTO settings (name, value, version) VALUES ($1, $2, 1)";
        tx.exec(sql, args![*name, *value]).unwrap();
    }
    tx.commit().unwrap();
    db
}

/// Compares settings on either database with those on SQLite, as `verify` does.
fn check(ours: &[(&str, &str)], theirs: &[(&str, &str)], expected: Option<[&str; 3]>) {
    both(|url| {
        on_sqlite(|other| {
            let (live, rebuilt) = (settings(url, ours), settings(other, theirs));
            let (mut live, mut rebuilt) = (live.read().unwrap(), rebuilt.read().unwrap());
            let compared = table(&mut live, &mut rebuilt, of("settings"), &mut |_| ()).unwrap();
            let found = compared.difference.map(|d| [d.key, d.live, d.expected]);
            assert_eq!(found, expected.map(|texts| texts.map(str::to_owned)));
        });
    });
}

#[test]
fn the_first_difference_is_named_with_its_key_and_both_values() {
    check(&[("a", "1"), ("b", "2")], &[("b", "2"), ("a", "1")], None);
    check(
        &[("a", "1"), ("b", "2")],
        &[("a", "1"), ("b", "3")],
        Some(["name \"b\"", "\"2\"", "\"3\""]),
    );
    check(&[("a", "1")], &[], Some(["name \"a\"", "a row", "no row"]));
    check(&[("b", "1")], &[("a", "1"), ("b", "1")], Some(["name \"a\"", "no row", "a row"]));
}

#[test]
fn a_difference_far_into_a_table_is_found() {
    both(|url| {
        on_sqlite(|other| {
            let fill = |url: &str| {
                let db = Db::open(url).unwrap();
                db.migrate().unwrap();
                let mut tx = db.write().unwrap();
                let sql = "
                    INSERT INTO moves (id, at, transfer_file, import, hubs)
                    WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000)
                    SELECT n, 7 * n, NULL, NULL, 1 FROM n";
                tx.exec(sql, &[]).unwrap();
                tx.commit().unwrap();
                db
            };
            let (live, rebuilt) = (fill(url), fill(other));
            let mut tx = live.write().unwrap();
            tx.exec("UPDATE moves SET hubs = 2 WHERE id = 4097", &[]).unwrap();
            tx.commit().unwrap();
            let (mut live, mut rebuilt) = (live.read().unwrap(), rebuilt.read().unwrap());
            let compared = table(&mut live, &mut rebuilt, of("moves"), &mut |_| ()).unwrap();
            assert_eq!(compared.rows, 4096);
            let difference = compared.difference.unwrap();
            assert_eq!((difference.key.as_str(), difference.column), ("id 4097", Some("hubs")));
        });
    });
}

#[test]
fn kept_counts_that_are_off_are_found() {
    both(|url| {
        let db = settings(url, &[]);
        let mut tx = db.write().unwrap();
        assert!(counts(&mut tx).unwrap().iter().all(|kept| kept.difference.is_none()));
        let sql =
            "INSERT INTO stock (party, model, region, status, hubs) VALUES (1, 1, 'North', 1, 2)";
        tx.exec(sql, &[]).unwrap();
        let kept = counts(&mut tx).unwrap();
        let difference = kept[0].difference.clone().unwrap();
        assert_eq!(difference.key, "party 1, model 1, region \"North\", status 1");
        assert_eq!((difference.live.as_str(), difference.expected.as_str()), ("a row", "no row"));
    });
}
