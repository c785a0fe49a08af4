//! Failed sign-ins, counted for each account and each network address, in the database, so that
//! all nodes count together.

use domain::{Refusal, refusal::RefusalKind};
use jiff::{SignedDuration, Timestamp};
use store::Tx;
use store::sign_in::Throttle;

use crate::settings::{self, Setting};
use crate::{App, Result};

/// Counts an attempt before it is made, or refuses it. An account that does not exist is counted
/// like one that does.
pub(super) fn count(app: &App, email: &str, address: &str) -> Result<()> {
    let now = app.now();
    let mut tx = app.db.write()?;
    let minutes = settings::number_of(&mut tx, &settings::SIGN_IN_WINDOW_MINUTES)?;
    let window = SignedDuration::from_mins(minutes);
    for (subject, most) in subjects(email, address) {
        let counted = current(&mut tx, &subject, now, window)?;
        if counted.failures >= settings::number_of(&mut tx, most)? {
            let text = format!(
                "There were too many failed attempts to sign in. Wait {minutes} minutes and try \
                 again."
            );
            return Err(Refusal::new(RefusalKind::Throttled, text).into());
        }
        let failures = counted.failures + 1;
        store::sign_in::put_throttle(&mut tx, &subject, Throttle { failures, ..counted })?;
    }
    tx.commit()?;
    Ok(())
}

/// Takes back what was counted for an attempt that turned out right.
pub(super) fn forgive(app: &App, email: &str, address: &str) -> Result<()> {
    let mut tx = app.db.write()?;
    let [(account, _), (address, _)] = subjects(email, address);
    if let Some(counted) = store::sign_in::throttle(&mut tx, &account)? {
        store::sign_in::put_throttle(&mut tx, &account, Throttle { failures: 0, ..counted })?;
    }
    if let Some(counted) = store::sign_in::throttle(&mut tx, &address)? {
        let failures = (counted.failures - 1).max(0);
        store::sign_in::put_throttle(&mut tx, &address, Throttle { failures, ..counted })?;
    }
    tx.commit()?;
    Ok(())
}

fn subjects(email: &str, address: &str) -> [(String, &'static Setting); 2] {
    [
        (format!("account {email}"), &settings::SIGN_IN_MOST_FAILURES_ACCOUNT),
        (format!("address {address}"), &settings::SIGN_IN_MOST_FAILURES_ADDRESS),
    ]
}

fn current(tx: &mut Tx, subject: &str, now: Timestamp, window: SignedDuration) -> Result<Throttle> {
    let counted = store::sign_in::throttle(tx, subject)?;
    let open = counted.filter(|counted| now.duration_since(counted.window_from) < window);
    Ok(open.unwrap_or(Throttle { failures: 0, window_from: now }))
}
