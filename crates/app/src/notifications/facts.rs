//! What an event is about, as its messages need it: read anew from the tables, since an entry holds
//! references and not words.

mod market;

use domain::ids::{ImportId, PartyId, ReportRunId, TransferFileId, UserId};
use domain::notifications::{MessageKind, Person, Side, When};
use domain::numbers::grouped;
use domain::timers::{InWords, british_day};
use jiff::Timestamp;
use store::Tx;
use store::journal::EntryRow;

use crate::delivery_report::written_by;
use crate::journal::{Counts, Event};
use crate::sign_in::organisation_name;
use crate::transfer_files::{Applied, Summary};
use crate::{Error, Result};
use domain::access::{Organisation, Role};

/// One thing that is told, and whom it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The kinds of message that it is for; all that come of the event where there are none.
    pub only: Vec<MessageKind>,
    /// What it is about, such as `ctf-000042`.
    pub about: String,
    /// The page that it leads to.
    pub path: String,
    /// The organisation at which these people are told; the centre where there is none.
    pub at: Option<i64>,
    /// The people whom it is about.
    pub people: Vec<(Person, UserId)>,
    /// The Parties that it is about.
    pub parties: Vec<(Side, PartyId)>,
    /// What is so of it.
    pub so: Vec<When>,
    /// The name of the file, the Party or the role.
    pub name: String,
    /// What kind of thing it is, or what happened to it.
    pub what: String,
    /// Why.
    pub reason: String,
    /// The name of the person who did it; empty for the system.
    pub by: String,
    /// From whom, or where.
    pub from: String,
    /// To whom, or where.
    pub to: String,
    /// By when, or when.
    pub day: String,
    /// Lines, hubs or things in all.
    pub number: u64,
    /// How many of them moved, or will.
    pub moved: u64,
    /// How many were rejected.
    pub rejected: u64,
    /// Particulars: name and value.
    pub rows: Vec<(String, String)>,
    /// Things, each with its page.
    pub items: Vec<(String, String)>,
}

impl Facts {
    /// `896 hubs`, `1 hub`.
    pub fn count(number: &u64, noun: &str) -> String {
        format!("{} {noun}{}", grouped(*number), if *number == 1 { "" } else { "s" })
    }

    /// The same with each value on one line, so that none can look like another part of the
    /// message, and none too long for it.
    fn on_one_line(mut self) -> Facts {
        for value in [
            &mut self.name,
            &mut self.what,
            &mut self.reason,
            &mut self.by,
            &mut self.from,
            &mut self.to,
            &mut self.day,
        ] {
            *value = line(value);
        }
        for (name, value) in &mut self.rows {
            (*name, *value) = (line(name), line(value));
        }
        self
    }
}

/// A value on one line, without what has a meaning in a template.
fn line(value: &str) -> String {
    let words: Vec<&str> = value.split(|c: char| c.is_control() || c.is_whitespace()).collect();
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let line: String = words.join(" ").replace(" | /", " /").chars().take(500).collect();
    line
}

/// The day of an instant as people write it.
pub(super) fn day(at: Timestamp) -> String {
    InWords(british_day(at)).to_string()
}

/// What is told of an entry; nothing where it has no message, or its subject is no longer there.
pub(super) fn of(tx: &mut Tx, entry: &EntryRow, event: &Event) -> Result<Vec<Facts>> {
    let mut all = match event {
        Event::TransferFileValidated { transfer_file, .. }
        | Event::TransferFileRefused { transfer_file, .. }
        | Event::TransferFileRejected { transfer_file, .. }
        | Event::TransferFileWithdrawn { transfer_file, .. }
        | Event::TransferFileApplied { transfer_file, .. }
        | Event::TransferFileOverdue { transfer_file }
        | Event::TransferFileFailed { transfer_file, .. } => {
            transfer_file_facts(tx, TransferFileId(*transfer_file), event)?
        }
        Event::ImportRefused { import: id, reason } => import(tx, ImportId(*id), reason, None)?,
        Event::ImportFinished { import: id, counts }
        | Event::SnapshotCompared { import: id, counts, .. } => {
            import(tx, ImportId(*id), "", Some(counts))?
        }
        Event::DeliveryReportWritten { run, .. } | Event::DeliveryReportFailed { run, .. } => {
            report(tx, ReportRunId(*run), event)?
        }
        Event::EntryNotTold { entry, reason } => vec![Facts {
            about: format!("entry {entry}"),
            path: format!("/journal/{entry}"),
            reason: reason.clone(),
            ..Facts::default()
        }],
        Event::PartyChanged { party, from, to } => vec![party_changed(tx, *party, from, to)?],
        Event::RoleGranted { user, organisation, role } => {
            vec![role_changed(tx, (*user, *organisation, role), "given to")?]
        }
        Event::RoleRevoked { user, organisation, role } => {
            vec![role_changed(tx, (*user, *organisation, role), "taken from")?]
        }
        Event::PasswordSet { user } => vec![account(*user, "A password was set")],
        Event::TokenIssued { user, name, .. } => {
            let mut facts = account(*user, "An API token was issued");
            facts.name = name.clone();
            vec![facts]
        }
        _ => market::of(tx, event)?,
    };
    let by = match entry.actor {
        Some(actor) => store::people::by_id(tx, UserId(actor))?.map(|user| user.name),
        None => None,
    };
    for facts in &mut all {
        facts.by = by.clone().unwrap_or_default();
        facts.day = day(entry.at);
        *facts = std::mem::take(facts).on_one_line();
    }
    Ok(all)
}

fn transfer_file_facts(tx: &mut Tx, id: TransferFileId, event: &Event) -> Result<Vec<Facts>> {
    let Some(file) = store::transfer_files::load(tx, id)? else { return Ok(Vec::new()) };
    let damaged = |_| Error::Damaged(format!("{id} is kept with something else than its results"));
    let mut facts = Facts {
        about: id.to_string(),
        path: format!("/transfer-files/{id}"),
        name: file.name,
        number: file.lines,
        people: vec![(Person::Preparer, file.preparer)],
        rows: vec![("Prepared by".into(), file.preparer_name)],
        ..Facts::default()
    };
    if !file.reference.is_empty() {
        facts.rows.push(("Reference".into(), file.reference));
    }
    facts.people.extend(file.authoriser.map(|authoriser| (Person::Authoriser, authoriser)));
    match event {
        Event::TransferFileValidated { .. } => {
            let summary = file.summary.as_deref().map(serde_json::from_str::<Summary>);
            let summary = summary.transpose().map_err(damaged)?.unwrap_or_default();
            (facts.moved, facts.rejected) = (summary.moves, summary.rejected);
        }
        Event::TransferFileApplied { move_number, .. } => {
            let applied = file.result.as_deref().map(serde_json::from_str::<Applied>);
            if let Some(applied) = applied.transpose().map_err(damaged)? {
                (facts.moved, facts.rejected) = (applied.moved, applied.rejected);
                let rejected = applied.rejected > 0;
                facts.so.push(if rejected { When::SomeRejected } else { When::NoneRejected });
                facts.rows.extend(counts(&applied.counts));
                return applied_facts(tx, facts, *move_number, applied.installed_before);
            }
        }
        Event::TransferFileRefused { reason, .. }
        | Event::TransferFileRejected { reason, .. }
        | Event::TransferFileWithdrawn { reason, .. }
        | Event::TransferFileFailed { reason, .. } => facts.reason.clone_from(reason),
        Event::TransferFileOverdue { .. } => {
            facts.what = "was not authorised in time".to_owned();
        }
        _ => {}
    }
    Ok(vec![facts])
}

/// The file's own facts, those for Finance, and those for each pair of Parties.
fn applied_facts(
    tx: &mut Tx,
    file: Facts,
    move_number: Option<i64>,
    installed_before: u64,
) -> Result<Vec<Facts>> {
    use MessageKind::{HubsInstalledBefore, HubsMoved, LinesRejected, TransferFileApplied};
    let mut all = Vec::new();
    for (from, to, hubs) in store::notifications::moved(tx, move_number.unwrap_or(0))? {
        all.push(Facts {
            only: vec![HubsMoved],
            about: format!("{} {from} {to}", file.about),
            path: "/stock".into(),
            parties: vec![(Side::Sender, from), (Side::Receiver, to)],
            name: file.about.clone(),
            from: organisation_name(tx, Organisation::Party(from))?,
            to: organisation_name(tx, Organisation::Party(to))?,
            number: hubs.unsigned_abs(),
            ..Facts::default()
        });
    }
    if installed_before > 0 {
        all.push(Facts {
            only: vec![HubsInstalledBefore],
            path: "/installed-before".into(),
            so: vec![When::InstalledBefore],
            number: installed_before,
            ..file.clone()
        });
    }
    all.push(Facts { only: vec![TransferFileApplied, LinesRejected], ..file });
    Ok(all)
}

fn counts(counts: &Counts) -> Vec<(String, String)> {
    counts.iter().map(|(code, lines)| (code.clone(), Facts::count(lines, "line"))).collect()
}

fn import(tx: &mut Tx, id: ImportId, reason: &str, counted: Option<&Counts>) -> Result<Vec<Facts>> {
    use domain::imports::LineOutcome;
    let Some(import) = store::imports::load(tx, id)? else { return Ok(Vec::new()) };
    let counted = counted.cloned().unwrap_or_default();
    let asks = |outcome: &&LineOutcome| {
        outcome.is_a_problem() || matches!(outcome, LineOutcome::Missing | LineOutcome::Differs)
    };
    let problems = LineOutcome::ALL.iter().filter(asks);
    let rejected: u64 = problems.filter_map(|outcome| counted.get(outcome.word())).sum();
    let so = if rejected > 0 { When::SomeRejected } else { When::NoneRejected };
    Ok(vec![Facts {
        about: id.to_string(),
        path: format!("/deliveries/{id}"),
        people: vec![(Person::Preparer, import.submitted_by)],
        so: vec![so],
        name: import.name,
        what: import.kind.word().to_owned(),
        reason: reason.to_owned(),
        number: counted.values().sum(),
        rejected,
        rows: counts(&counted),
        ..Facts::default()
    }])
}

fn report(tx: &mut Tx, id: ReportRunId, event: &Event) -> Result<Vec<Facts>> {
    let Some(run) = store::delivery_report::load(tx, id)? else { return Ok(Vec::new()) };
    let mut facts = Facts {
        about: id.to_string(),
        path: format!("/reports/{id}"),
        people: run.requested_by.map(|user| (Person::Asker, user)).into_iter().collect(),
        ..Facts::default()
    };
    match event {
        Event::DeliveryReportFailed { reason, .. } => facts.reason.clone_from(reason),
        _ => {
            if let Some(written) = written_by(event) {
                (facts.number, facts.name) =
                    (written.hubs.unsigned_abs(), written.name().to_owned());
            }
        }
    }
    Ok(vec![facts])
}

fn party_changed(
    tx: &mut Tx,
    party: i64,
    from: &std::collections::BTreeMap<String, String>,
    to: &std::collections::BTreeMap<String, String>,
) -> Result<Facts> {
    let party = PartyId(party);
    let changed = to.iter().filter(|(field, value)| from.get(*field) != Some(value));
    Ok(Facts {
        about: party.to_string(),
        path: format!("/parties/{party}"),
        parties: vec![(Side::Concerned, party)],
        name: organisation_name(tx, Organisation::Party(party))?,
        rows: changed.map(|(field, value)| (field.replace('_', " "), value.clone())).collect(),
        ..Facts::default()
    })
}

fn role_changed(
    tx: &mut Tx,
    (user, organisation, role): (i64, i64, &str),
    what: &str,
) -> Result<Facts> {
    Ok(Facts {
        name: Role::from_word(role).map_or_else(|| role.to_owned(), |role| role.name().to_owned()),
        to: organisation_name(tx, Organisation::from_number(organisation))?,
        ..account(user, what)
    })
}

fn account(user: i64, what: &str) -> Facts {
    Facts {
        about: UserId(user).to_string(),
        path: "/account".into(),
        people: vec![(Person::Holder, UserId(user))],
        what: what.to_owned(),
        ..Facts::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_look_like_another_part_of_the_message() {
        assert_eq!(line("late\r\n\n> Sign in | /evil\u{7}"), "late > Sign in /evil");
        assert_eq!(line(&"x".repeat(600)).len(), 500);
        assert_eq!(Facts::count(&1, "hub"), "1 hub");
        assert_eq!(Facts::count(&1_234_567, "hub"), "1,234,567 hubs");
    }
}
