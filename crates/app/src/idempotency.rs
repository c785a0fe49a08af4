//! The same request twice takes effect once and gets the first answer.
//!
//! The caller gives its request a key. [`begin`] keeps the key before the request is carried out,
//! [`finish`] its answer afterwards. In between, [`within`] lets the journal note in the request's
//! own transaction that it has taken effect; so a request whose answer was lost in a crash is known
//! and not done again.

use std::cell::RefCell;

use domain::access::Organisation;
use domain::ids::UserId;
use domain::{Refusal, refusal::RefusalKind};
use jiff::SignedDuration;
use store::Tx;
use store::idempotency::KeyRow;

use crate::{App, Error, Result, settings};

/// How long a request may be under way before it counts as lost.
const LOST_AFTER: SignedDuration = SignedDuration::from_secs(120);

/// A request that carries a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Whose.
    pub user: UserId,
    /// For whom they act: the same key for another organisation is another claim.
    pub organisation: Organisation,
    /// The key that the caller gave it.
    pub key: String,
}

impl Claim {
    /// The key as it is kept.
    fn kept(&self) -> String {
        format!("{}/{}", self.organisation.number(), self.key)
    }
}

/// An answer as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers, one to a line.
    pub headers: String,
    /// Its body.
    pub body: Vec<u8>,
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// The request is to be carried out.
    Now,
    /// It was carried out before, with this answer.
    Before(Answer),
    /// It took effect before, but its answer was lost.
    Lost(Effect),
}

/// What a request did, as the first entry of the journal that it made says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// What the entry is about.
    pub subject: String,
    /// What happened.
    pub kind: String,
    /// Its place in the journal.
    pub seq: i64,
}

/// Keeps a key, or finds what became of it.
pub fn begin(app: &App, claim: &Claim, request_hash: [u8; 32]) -> Result<Begun> {
    if claim.key.is_empty() || claim.key.len() > 200 {
        let text = "An Idempotency-Key has 1 to 200 characters.";
        return Err(Refusal::invalid(text).into());
    }
    let now = app.now();
    let mut tx = app.db.write()?;
    let days = settings::number_of(&mut tx, &settings::IDEMPOTENCY_DAYS)?;
    store::idempotency::drop_old(&mut tx, now - SignedDuration::from_hours(24 * days))?;
    match store::idempotency::find(&mut tx, claim.user, &claim.kept())? {
        Some(row) if row.request_hash != request_hash => Err(Refusal::new(
            RefusalKind::KeyReused,
            "This Idempotency-Key was used for another request. Give each request its own.",
        )
        .into()),
        Some(KeyRow { status: Some(status), headers, answer, .. }) => {
            let status = u16::try_from(status)
                .map_err(|_| Error::Damaged(format!("an answer's status is {status}")))?;
            Ok(Begun::Before(Answer { status, headers, body: answer }))
        }
        Some(row) if now.duration_since(row.created_at) < LOST_AFTER => Err(Refusal::new(
            RefusalKind::WrongState,
            "The request with this Idempotency-Key is under way. Send it again in two minutes.",
        )
        .into()),
        Some(KeyRow { journal_seq: Some(seq), .. }) => Ok(Begun::Lost(effect_of(&mut tx, seq)?)),
        Some(_) | None => {
            store::idempotency::begin(&mut tx, claim.user, &claim.kept(), request_hash, now)?;
            tx.commit()?;
            Ok(Begun::Now)
        }
    }
}

/// Keeps the answer.
pub fn finish(app: &App, claim: &Claim, answer: &Answer) -> Result<()> {
    let mut tx = app.db.write()?;
    let status = i64::from(answer.status);
    let body = answer.body.clone();
    store::idempotency::finish(&mut tx, claim.user, &claim.kept(), status, &answer.headers, body)?;
    tx.commit()?;
    Ok(())
}

/// What a request has done, if it changed anything.
pub fn effect(app: &App, claim: &Claim) -> Result<Option<Effect>> {
    let mut tx = app.db.read()?;
    let row = store::idempotency::find(&mut tx, claim.user, &claim.kept())?;
    row.and_then(|row| row.journal_seq).map(|seq| effect_of(&mut tx, seq)).transpose()
}

fn effect_of(tx: &mut Tx, seq: i64) -> Result<Effect> {
    let entry = store::journal::entry_at(tx, seq)?;
    let entry = entry.ok_or_else(|| Error::Damaged(format!("the journal has no entry {seq}")))?;
    Ok(Effect { subject: entry.subject, kind: entry.kind, seq })
}

/// Forgets a key whose request came to nothing, so that it can be sent again.
pub fn forget(app: &App, claim: &Claim) -> Result<()> {
    let mut tx = app.db.write()?;
    store::idempotency::forget(&mut tx, claim.user, &claim.kept())?;
    tx.commit()?;
    Ok(())
}

thread_local! {
    /// The request that this thread is carrying out.
    static CLAIM: RefCell<Option<Claim>> = const { RefCell::new(None) };
}

struct Reset;

impl Drop for Reset {
    fn drop(&mut self) {
        CLAIM.with(|current| *current.borrow_mut() = None);
    }
}

/// Runs an operation as the effect of a request with a key, if it has one.
pub fn within<T>(claim: Option<Claim>, operation: impl FnOnce() -> T) -> T {
    CLAIM.with(|current| *current.borrow_mut() = claim);
    let _reset = Reset;
    operation()
}

/// Notes that the request of this thread has taken effect; called for each entry of the journal.
pub(crate) fn mark(tx: &mut Tx, seq: i64) -> Result<()> {
    match CLAIM.with(|current| current.borrow().clone()) {
        Some(claim) => Ok(store::idempotency::mark(tx, claim.user, &claim.kept(), seq)?),
        None => Ok(()),
    }
}
