//! The job that reads the journal and writes what people are told.

use std::collections::BTreeSet;

use domain::ids::{PartyId, UserId};
use domain::notifications::{self as table, Delivery, MessageKind, Person, Rule, Side, Told, When};
use store::Tx;
use store::journal::EntryRow;
use store::notifications::{self as rows, At, NewMessage, NewNotice, Recipient};

use super::facts::{self, Facts};
use super::{JOURNAL, digest, mail, words};
use crate::jobs::Run;
use crate::journal::{By, Event, record};
use crate::{App, Error, Result};

/// Entries that are told in one transaction.
const ENTRIES: i64 = 64;

/// Tells people what the journal says that they were not told yet, and sends the digest if it is
/// due.
pub fn tell(run: &Run<'_>) -> Result<()> {
    let mut told = 0;
    loop {
        let entries = tell_some(run.app)?;
        if entries == 0 {
            break;
        }
        told += entries;
        run.progress(told, 0)?;
    }
    while digest::some(run.app)? {
        run.progress(told, 0)?;
    }
    Ok(())
}

/// As the job does, for whoever has no queue: the demonstration's world.
pub fn tell_all(app: &App) -> Result<()> {
    while tell_some(app)? > 0 {}
    while digest::some(app)? {}
    Ok(())
}

/// Tells the next entries. Answers how many they were.
fn tell_some(app: &App) -> Result<u64> {
    let mut tx = app.db.read()?;
    let place = rows::place(&mut tx, JOURNAL)?.unwrap_or_default().place;
    let entries = store::journal::following(&mut tx, place, ENTRIES)?;
    let Some(last) = entries.last().map(|entry| entry.seq) else { return Ok(0) };
    let mut news = News::default();
    let mut untold = Vec::new();
    for entry in &entries {
        let mut of_entry = News::default();
        match told_of(app, &mut tx, entry, &mut of_entry) {
            Err(error) if error.is_passing() => return Err(error),
            // One entry that cannot be told must not keep all others from being told.
            Err(error) => {
                tracing::error!(seq = entry.seq, %error, "an entry is told to nobody");
                untold.push((entry, error.to_string()));
                // What broke may have broken the transaction.
                drop(tx);
                tx = app.db.read()?;
            }
            Ok(()) => {
                news.notices.append(&mut of_entry.notices);
                news.messages.append(&mut of_entry.messages);
            }
        }
    }
    drop(tx);
    let mut tx = app.db.write()?;
    if rows::move_place(&mut tx, JOURNAL, place, last)? {
        if !news.notices.is_empty() {
            rows::insert_notices(&mut tx, &news.notices)?;
        }
        if !news.messages.is_empty() {
            rows::insert_messages(&mut tx, &news.messages)?;
        }
        for (entry, reason) in untold {
            let event = Event::EntryNotTold { entry: entry.seq, reason };
            // What says so is not told of in turn.
            if entry.kind != event.kind() {
                record(&mut tx, app.now(), By::SYSTEM, &event)?;
            }
        }
        tx.commit()?;
    }
    Ok(entries.len() as u64)
}

#[derive(Default)]
struct News {
    notices: Vec<NewNotice>,
    messages: Vec<NewMessage>,
}

fn told_of(app: &App, tx: &mut Tx, entry: &EntryRow, news: &mut News) -> Result<()> {
    let rules: Vec<(MessageKind, &Rule)> = table::of(&entry.kind).collect();
    if rules.is_empty() {
        return Ok(());
    }
    let event = Event::from_entry(&entry.kind, &entry.payload)
        .map_err(|error| Error::Damaged(format!("entry {}: {error}", entry.seq)))?;
    for facts in facts::of(tx, entry, &event)? {
        let mut known = BTreeSet::new();
        for (kind, rule) in &rules {
            let is_so = rule.when == When::Always || facts.so.contains(&rule.when);
            if !is_so || !(facts.only.is_empty() || facts.only.contains(kind)) {
                continue;
            }
            for told in rule.told {
                for recipient in recipients(tx, *told, &facts, *kind, entry.actor)? {
                    if known.insert((*kind, recipient.user)) {
                        add(app, entry, *kind, &facts, &recipient, news)?;
                    }
                }
            }
        }
    }
    Ok(())
}

/// Those who are told. Whoever did it knows already, unless it was done to their account: then
/// they hear of it in case it was somebody else.
fn recipients(
    tx: &mut Tx,
    told: Told,
    facts: &Facts,
    kind: MessageKind,
    actor: Option<i64>,
) -> Result<Vec<Recipient>> {
    let parties = |wanted: Side| {
        let of = facts.parties.iter().filter(|(side, _)| *side == wanted);
        At::Organisations(of.map(|(_, party)| party.0).collect())
    };
    let mut found = match told {
        Told::Person(person) => {
            let of = facts.people.iter().filter(|(whom, _)| *whom == person);
            let users: Vec<UserId> = of.map(|(_, user)| *user).collect();
            let mut found = rows::people(tx, &users, kind)?;
            if person != Person::Holder {
                // What is about work is told at the organisation where that work is done.
                let organisation = facts.at.unwrap_or(0);
                found.iter_mut().for_each(|recipient| recipient.organisation = Some(organisation));
            }
            found
        }
        Told::Centre(roles) => rows::with_roles(tx, &At::Organisations(vec![0]), roles, kind)?,
        Told::Party(side, roles) => rows::with_roles(tx, &parties(side), roles, kind)?,
        Told::EveryHolder(roles) => {
            // Whoever offers it hears of it in other words.
            let own = |at: &i64| facts.parties.contains(&(Side::Offering, PartyId(*at)));
            let mut found = rows::with_roles(tx, &At::EveryHolder, roles, kind)?;
            found.retain(|recipient| !recipient.organisation.is_some_and(|at| own(&at)));
            found
        }
    };
    if told != Told::Person(Person::Holder) {
        found.retain(|recipient| Some(recipient.user.0) != actor);
    }
    if kind == MessageKind::TransferFileToAuthorise {
        // Who prepared a file cannot authorise it.
        found.retain(|recipient| !facts.people.contains(&(Person::Preparer, recipient.user)));
    }
    Ok(found)
}

fn add(
    app: &App,
    entry: &EntryRow,
    kind: MessageKind,
    facts: &Facts,
    to: &Recipient,
    news: &mut News,
) -> Result<()> {
    let words = words(kind, facts)?;
    let delivery = kind.delivery(to.chosen);
    news.notices.push(NewNotice {
        entry: entry.seq,
        user: to.user,
        organisation: to.organisation,
        kind,
        about: facts.about.clone(),
        path: facts.path.clone(),
        title: words.title.clone(),
        text: words.for_notice(),
        made_at: entry.at,
        for_digest: delivery == Delivery::Digest,
    });
    if delivery == Delivery::Now {
        let about = &facts.about;
        let source = mail::Source { entry: entry.seq, hash: entry.hash, at: entry.at, about };
        news.messages.push(mail::message(app, &source, kind, to, &words)?);
    }
    Ok(())
}
