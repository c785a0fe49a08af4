//! A database that could lose what was acknowledged is refused before anything is done with it.
#![allow(clippy::unwrap_used)]

use store::{Db, Error};
use testkit::postgres::{Cluster, Stop, psql};
use testkit::world::{both, on_sqlite};

/// Why the database is not opened.
fn refused(url: &str) -> String {
    match Db::open(url) {
        Ok(_) => panic!("{url} was opened"),
        Err(error @ (Error::Unsuitable(_) | Error::Unavailable { .. })) => error.to_string(),
        Err(other) => panic!("{other}"),
    }
}

/// Sets it for the whole server and waits until new connections have it.
fn set(cluster: &Cluster, name: &str, value: &str) {
    let url = format!("{}/postgres", cluster.server());
    psql(&url, &format!("ALTER SYSTEM SET {name} = {value}"));
    psql(&url, "SELECT pg_reload_conf()");
    while psql(&url, &format!("SHOW {name}")).trim() != value {}
}

#[test]
fn a_server_that_could_lose_data_is_refused() {
    let cluster = Cluster::start();
    let url = cluster.database();
    Db::open(&url).unwrap();
    for name in ["fsync", "full_page_writes", "synchronous_commit"] {
        set(&cluster, name, "off");
        let said = refused(&url);
        assert!(said.contains(name), "{said}");
        set(&cluster, name, "on");
        Db::open(&url).unwrap();
    }
    cluster.stop(Stop::Fast);
    cluster.drop_checksums();
    cluster.start_again();
    let said = refused(&url);
    assert!(said.contains("data_checksums"), "{said}");
}

#[test]
fn a_database_that_sorts_text_otherwise_is_refused() {
    let cluster = Cluster::start();
    let server = cluster.server();
    for (name, how) in [
        ("words", "LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'"),
        ("icu", "LOCALE_PROVIDER icu ICU_LOCALE 'en' LC_COLLATE 'C' LC_CTYPE 'C'"),
    ] {
        let make = format!("CREATE DATABASE {name} TEMPLATE template0 {how}");
        psql(&format!("{server}/postgres"), &make);
        let said = refused(&format!("{server}/{name}"));
        assert!(said.contains("collation"), "{said}");
    }
}

#[test]
fn a_server_that_follows_another_is_refused() {
    let cluster = Cluster::start();
    let url = cluster.database();
    let db = Db::open(&url).unwrap();
    cluster.stop(Stop::Fast);
    cluster.become_standby();
    cluster.start_again();
    let said = refused(&url);
    assert!(said.contains("standby"), "{said}");
    assert!(db.write().is_err_and(|error| error.to_string().contains("standby")));
}

#[test]
fn every_connection_to_postgres_commits_durably_and_waits_for_nothing_for_ever() {
    let cluster = Cluster::start();
    let url = cluster.database();
    let shown = |db: &Db, name: &str| -> String {
        db.write().unwrap().one("setting", &format!("SHOW {name}"), &[]).unwrap().get(0)
    };
    for (set_to, is) in [("local", "on"), ("remote_apply", "remote_apply")] {
        psql(&url, &format!("ALTER ROLE postgres SET synchronous_commit = {set_to}"));
        assert_eq!(shown(&Db::open(&url).unwrap(), "synchronous_commit"), is);
    }
    let db = Db::open(&url).unwrap();
    assert_eq!(shown(&db, "lock_timeout"), "2min");
    assert_eq!(shown(&db, "idle_in_transaction_session_timeout"), "5min");
    assert_eq!(shown(&db, "tcp_keepalives_idle"), "30");
}

#[test]
fn connections_are_bounded_and_those_who_wait_to_write_hold_none() {
    let cluster = Cluster::start();
    let url = cluster.database();
    let db = Db::open(&url).unwrap();
    let writing = db.write().unwrap();
    std::thread::scope(|threads| {
        for _ in 0..60 {
            threads.spawn(|| drop(db.write().unwrap()));
        }
        let readers: Vec<_> = (0..40).map(|_| db.read().unwrap()).collect();
        let count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'hubstock'";
        assert_eq!(psql(&url, count).trim(), "41", "40 read, one writes, 60 wait without");
        drop((readers, writing));
    });
    std::thread::scope(|threads| {
        for _ in 0..200 {
            threads.spawn(|| {
                let mut tx = db.read().unwrap();
                let sql =
                    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'hubstock'";
                assert!(tx.one("count", sql, &[]).unwrap().get::<i64>(0) <= 48);
            });
        }
    });
}

#[test]
fn every_connection_to_sqlite_syncs_each_commit() {
    on_sqlite(|path| {
        let db = Db::open(path).unwrap();
        for mut tx in [db.read().unwrap(), db.write().unwrap()] {
            let mut pragma = |name: &str| tx.one("pragma", &format!("PRAGMA {name}"), &[]).unwrap();
            assert_eq!(pragma("synchronous").get::<i64>(0), 2, "FULL");
            assert_eq!(pragma("foreign_keys").get::<i64>(0), 1);
            assert_eq!(pragma("journal_mode").get::<String>(0), "wal");
        }
    });
    let said = refused(":memory:");
    assert!(said.contains("journal_mode"), "{said}");
}

#[test]
fn a_reader_cannot_write() {
    both(|url| {
        let db = Db::open(url).unwrap();
        db.migrate().unwrap();
        let mut tx = db.read().unwrap();
        assert!(tx.exec("DELETE FROM jobs", &[]).is_err());
    });
}

#[test]
fn an_address_that_asks_for_tls_gets_it_or_nothing() {
    let cluster = Cluster::start();
    let url = cluster.database();
    let asks = format!("{url}?sslmode=require");
    let said = refused(&asks);
    assert!(said.contains("TLS"), "the server has none: {said}");
    let authority = cluster.speak_tls();
    let said = refused(&asks);
    assert!(said.contains("certificate"), "its authority is unknown: {said}");
    let known = format!("sslrootcert={}", authority.display());
    for mode in ["require", "verify-ca", "verify-full"] {
        let db = Db::open(&format!("{url}?sslmode={mode}&{known}")).unwrap();
        let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        assert!(db.read().unwrap().one("line", sql, &[]).unwrap().get::<bool>(0), "{mode}");
    }
    let other = url.replace("127.0.0.1", "localhost");
    let said = refused(&format!("{other}?sslmode=require&{known}"));
    assert!(said.contains("certificate"), "it is of another name: {said}");
    assert!(refused(&format!("{url}?{known}")).contains("sslmode"));
    assert!(refused(&format!("{url}?sslmode=require&sslrootcert=/nowhere")).contains("/nowhere"));
}
