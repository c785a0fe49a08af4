//! The commands of whoever runs the system: migrate, settings, journal, verify, backup, restore.

use std::path::Path;

use app::journal::read::{self, Entry, JournalFilter};
use app::pages::Part;
use app::{Error, Result};
use domain::Refusal;
use domain::access::{Action, Actor};
use serde_json::json;
use store::Db;

use super::{database, open, people};
use crate::arguments::{Arguments, Journal, Setting};
use crate::output::{self, Ended};

/// Brings the tables to this program's version.
pub fn migrate(arguments: &Arguments) -> Result<Ended> {
    let db = Db::open(database(arguments))?;
    db.migrate()?;
    output::print(
        arguments,
        &json!({ "database": db.location(), "current": true }),
        "The tables are current.",
    );
    Ok(Ended::Well)
}

/// Shows or changes settings.
pub fn setting(arguments: &Arguments, command: &Setting) -> Result<Ended> {
    let app = open(arguments)?;
    match command {
        Setting::List => {
            let all = app::settings::list(&app, &Actor::local_operator())?;
            let json: Vec<_> =
                all.iter().map(|s| json!({ "name": s.setting.name, "value": s.value, "default": s.setting.default, "meaning": s.setting.meaning })).collect();
            let text: String =
                all.iter().map(|s| format!("{} = {}\n", s.setting.name, s.value)).collect();
            output::print(arguments, &json.into(), text);
        }
        Setting::Set { name, value, who } => {
            let actor =
                app::sign_in::actor_by_email(&app, &who.email, Action::ChangeSettings, None)?;
            app::settings::change(&app, &actor, name, value, None)?;
            output::print(
                arguments,
                &json!({ "name": name, "value": value }),
                format!("{name} = {value}"),
            );
        }
    }
    Ok(Ended::Well)
}

/// Shows the journal, newest first.
pub fn journal(arguments: &Arguments, which: &Journal) -> Result<Ended> {
    let app = open(arguments)?;
    let operator = Actor::local_operator();
    let by = which.by.as_deref().map(|email| people::by_email(&app, &operator, email));
    let filter = JournalFilter {
        subject: which.subject.clone(),
        kind: which.kind.clone(),
        actor: by.transpose()?.map(|person| person.id),
    };
    let most = usize::try_from(which.most.clamp(1, 10_000)).expect("it is a small number");
    let mut entries = read::list(&app, &operator, &filter, Part::FIRST)?;
    while let Some(before) = entries.next.filter(|_| entries.items.len() < most) {
        let more = read::list(&app, &operator, &filter, Some(before).into())?;
        entries.items.extend(more.items);
        entries.next = more.next;
    }
    entries.items.truncate(most);
    let json: Vec<_> = entries
        .items
        .iter()
        .map(|e| {
            let actor = e.actor.as_ref().map(|(id, _)| id.0);
            let acted_for = e.acted_for.as_ref().map(|(id, _)| id.0);
            json!({ "seq": e.seq, "at": e.at.to_string(), "actor": actor, "acted_for": acted_for,
                    "subject": e.subject, "kind": e.kind, "text": e.text, "payload": e.payload,
                    "hash": app::files::hex(&e.hash) })
        })
        .collect();
    let by = |e: &Entry| e.actor.as_ref().map_or("the system", |(_, name)| name).to_owned();
    let text: String = entries
        .items
        .iter()
        .map(|e| format!("{} {} {}: {}, by {}\n", e.seq, e.at, e.subject, e.text, by(e)))
        .collect();
    output::print(arguments, &json.into(), text);
    Ok(Ended::Well)
}

/// Checks that everything is as the journal says.
pub fn verify(arguments: &Arguments, head: Option<&str>) -> Result<Ended> {
    let noted = head.map(head_in).transpose()?;
    let app = open(arguments)?;
    let mut doing = None;
    let verdict = app::journal::verify(&app, noted, &mut |step, _| {
        if doing.replace(step) != Some(step) {
            output::note(format_args!("{step} ..."));
        }
    })?;
    let problems: Vec<String> = verdict.problems.iter().map(ToString::to_string).collect();
    let json = json!({
        "sound": verdict.is_sound(),
        "entries": verdict.entries,
        "head": app::files::hex(&verdict.head),
        "files": verdict.files,
        "tables": verdict.tables.len(),
        "problems": problems,
    });
    output::print(arguments, &json, &verdict);
    Ok(if verdict.is_sound() { Ended::Well } else { Ended::Broken })
}

/// `SEQ:HASH`
fn head_in(text: &str) -> Result<(i64, [u8; 32])> {
    let parts = text.split_once(':').and_then(|(seq, hash)| {
        Some((seq.parse().ok()?, app::files::from_hex(&hash.to_ascii_lowercase())?))
    });
    let message = "Give the number of an entry, a colon and its hash, as 4711:0123…cdef.";
    parts.ok_or_else(|| Refusal::field("head", message).into())
}

/// Copies the database while it is used.
pub fn backup(arguments: &Arguments, out: &Path) -> Result<Ended> {
    let app = open(arguments)?;
    app::backup::backup(&app, database(arguments), out)?;
    let size = std::fs::metadata(out).map_err(Error::io("look at the backup"))?.len();
    let json = json!({ "backup": out.display().to_string(), "bytes": size });
    output::print(arguments, &json, format!("{} bytes in {}", size, out.display()));
    Ok(Ended::Well)
}

/// Fills an empty database from a backup.
pub fn restore(arguments: &Arguments, from: &Path) -> Result<Ended> {
    app::backup::restore(database(arguments), from)?;
    let json = json!({ "database": database(arguments), "restored": true });
    output::print(arguments, &json, "Restored, and its journal's chain is whole.");
    Ok(Ended::Well)
}
