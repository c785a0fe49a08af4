//! A backup restores to the same database, and never over another.
#![allow(clippy::unwrap_used)]

use std::fs;

use app::backup::{backup, restore};
use app::journal::verify;
use app::{App, Error, people};
use domain::access::Role;
use domain::refusal::RefusalKind;
use store::{Db, args};
use testkit::world::{both, on_postgres, on_sqlite};

fn world(url: &str) -> App {
    let db = Db::open(url).unwrap();
    db.migrate().unwrap();
    let app = App::new(db, "reports".into());
    let password = "correct horse battery";
    people::add_by_operator(&app, "a@example.org", "A", Role::Auditor, None, password).unwrap();
    app
}

/// An empty database of the same kind.
fn another(url: &str, test: impl FnOnce(&str)) {
    if url.starts_with("postgres://") { on_postgres(test) } else { on_sqlite(test) }
}

fn kind(error: Error) -> RefusalKind {
    error.refusal().unwrap_or_else(|| panic!("{error}")).kind
}

#[test]
fn a_restored_backup_is_the_same_database() {
    both(|url| {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("backup");
        let app = world(url);
        let before = verify(&app, None, &mut |_, _| ()).unwrap();
        // A writer at work meanwhile neither waits nor shows.
        let mut tx = app.db.write().unwrap();
        tx.exec("DELETE FROM users WHERE id = $1", args![7_i64]).unwrap();
        backup(&app, url, &out).unwrap();
        tx.commit().unwrap();
        another(url, |empty| {
            restore(empty, &out).unwrap();
            let restored = App::new(Db::open(empty).unwrap(), "reports".into());
            let after = verify(&restored, None, &mut |_, _| ()).unwrap();
            assert!(after.is_sound(), "{after}");
            assert_eq!(after, before);
        });
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "only the backup: {left:?}");
        assert_eq!(kind(backup(&app, url, &out).unwrap_err()), RefusalKind::Invalid);
    });
}

#[test]
fn restoring_never_overwrites() {
    both(|url| {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("backup");
        let app = world(url);
        backup(&app, url, &out).unwrap();
        assert_eq!(kind(restore(url, &out).unwrap_err()), RefusalKind::WrongState);
        assert!(verify(&app, None, &mut |_, _| ()).unwrap().is_sound());
    });
}

#[test]
fn what_is_no_backup_of_this_kind_is_refused() {
    both(|url| {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("backup");
        backup(&world(url), url, &out).unwrap();
        let other = if url.starts_with("postgres://") { "new.db" } else { "postgres://db/hubs" };
        assert_eq!(kind(restore(other, &out).unwrap_err()), RefusalKind::Invalid);
        let text = folder.path().join("text");
        fs::write(&text, "not a backup").unwrap();
        assert_eq!(kind(restore(url, &text).unwrap_err()), RefusalKind::Invalid);
    });
}

#[test]
fn a_backup_with_a_changed_journal_is_not_restored() {
    on_sqlite(|url| {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("backup");
        backup(&world(url), url, &out).unwrap();
        {
            let copy = Db::open(out.to_str().unwrap()).unwrap();
            let mut tx = copy.write().unwrap();
            tx.exec("UPDATE journal SET subject = 'usr-000002' WHERE seq = 1", &[]).unwrap();
            tx.commit().unwrap();
        }
        let empty = folder.path().join("new.db");
        let error = restore(empty.to_str().unwrap(), &out).unwrap_err();
        assert!(error.to_string().contains("journal entry 1"), "{error}");
        assert!(!empty.exists());
    });
}
