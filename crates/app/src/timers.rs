//! Deadlines: set with what makes them necessary, stored, and dealt with when they have passed.

use domain::Refusal;
use domain::access::{Action, Actor};
use domain::timers::WorkingDays;
use jiff::Timestamp;
use jiff::civil::Date;
use store::Tx;
use store::timers as rows;

use crate::journal::Event;
use crate::settings::{self, Setting};
use crate::stock_rules::{self, RuleTable};
use crate::{App, Error, Result, offers, requests, selection, transfer_files, transfers};

/// A subject's deadline as it stands.
pub use store::timers::DeadlineRow;

/// Deadlines that are read at once.
const MOST_AT_ONCE: i64 = 200;

/// The open deadlines of this kind, the next first.
pub fn open(app: &App, what: &str, most: i64) -> Result<Vec<DeadlineRow>> {
    Ok(rows::open(&mut app.db.read()?, what, most)?)
}

/// Working days as the table of holidays has them now.
pub fn working_days(tx: &mut Tx) -> Result<WorkingDays> {
    Ok(WorkingDays::new(rows::holidays(tx)?.into_iter().map(|(day, _)| day)))
}

/// The end of the working day that is as many working days after `from` as `setting` says.
pub fn deadline(tx: &mut Tx, from: Timestamp, setting: &Setting) -> Result<Timestamp> {
    let count = u32::try_from(settings::number_of(tx, setting)?).unwrap_or(u32::MAX);
    Ok(working_days(tx)?.deadline(from, count))
}

/// The holidays with their names, by day.
pub fn holidays(app: &App, actor: &Actor) -> Result<Vec<(Date, String)>> {
    actor.must(Action::SeeStockRules)?;
    Ok(rows::holidays(&mut app.db.read()?)?)
}

/// Puts a holiday in the table, or renames it. Deadlines that were set before stay as they are.
pub fn set_holiday(
    app: &App,
    actor: &Actor,
    version: Option<i64>,
    day: Date,
    name: &str,
) -> Result<()> {
    actor.must(Action::ChangeStockRules)?;
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        let message = "Enter the holiday's name, at most 100 characters.";
        return Err(Refusal::field("name", message).into());
    }
    let event = Event::HolidaySet { day: day.to_string(), name: name.to_owned() };
    stock_rules::change(app, actor, (RuleTable::Holidays, version), &event)
}

/// Takes a holiday out of the table. Deadlines that were set before stay as they are.
pub fn drop_holiday(app: &App, actor: &Actor, version: Option<i64>, day: Date) -> Result<()> {
    actor.must(Action::ChangeStockRules)?;
    let known = rows::holidays(&mut app.db.read()?)?;
    if !known.iter().any(|(holiday, _)| *holiday == day) {
        return Err(Refusal::not_found("holiday").into());
    }
    let event = Event::HolidayDropped { day: day.to_string() };
    stock_rules::change(app, actor, (RuleTable::Holidays, version), &event)
}

/// Does an entry of this capability again.
pub fn redo(tx: &mut Tx, event: &Event) -> Result<()> {
    let date = |text: &str| {
        text.parse::<Date>().map_err(|_| Error::Damaged(format!("{text:?} is no day")))
    };
    match event {
        Event::HolidaySet { day, name } => rows::put_holiday(tx, date(day)?, name)?,
        Event::HolidayDropped { day } => rows::drop_holiday(tx, date(day)?)?,
        _ => {}
    }
    Ok(())
}

/// Whether a deadline that has passed is still open and the same: whoever deals with it asks this in
/// the transaction that does, since another node may have been quicker.
pub(crate) fn still_stands(tx: &mut Tx, deadline: &DeadlineRow) -> Result<bool> {
    Ok(rows::of(tx, &deadline.subject)?.contains(deadline))
}

/// Deals with every deadline that has passed, each in a transaction of its own.
///
/// One that can't be dealt with is left for the next look and keeps no other from its turn.
pub fn pass(app: &App) -> Result<()> {
    let now = app.now();
    let mut last: Option<DeadlineRow> = None;
    loop {
        let due = rows::due(&mut app.db.read()?, now, last.as_ref(), MOST_AT_ONCE)?;
        for deadline in &due {
            if let Err(error) = passed(app, deadline) {
                let (subject, what) = (&deadline.subject, &deadline.what);
                tracing::error!(subject, what, %error, "a deadline could not be dealt with");
            }
        }
        if due.is_empty() {
            return Ok(());
        }
        app.bell.ring();
        last = due.into_iter().next_back();
    }
}

/// Each kind of subject and the operation that deals with its deadlines.
fn passed(app: &App, deadline: &DeadlineRow) -> Result<()> {
    let (kind, what) = (deadline.subject.split('-').next().unwrap_or_default(), &deadline.what);
    let dealt_with = match kind {
        "off" => offers::passed(app, deadline)? || selection::passed(app, deadline)?,
        "req" => requests::passed(app, deadline)?,
        "pol" => selection::passed_policy(app, deadline)?,
        "ctf" => transfer_files::passed(app, deadline)?,
        "trf" => transfers::passed(app, deadline)?,
        _ => false,
    };
    if dealt_with {
        return Ok(());
    }
    Err(Error::Damaged(format!("no part of the program has deadlines of {kind}, {what}")))
}
