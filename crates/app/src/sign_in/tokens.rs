//! API tokens: a person's own, for one organisation, reading or writing, until a day.

use domain::access::{Action, Actor};
use domain::ids::TokenId;
use domain::{Refusal, refusal::RefusalKind};
use jiff::{SignedDuration, Timestamp};
use store::sign_in::{TokenRow, scope};

use super::{actor_at, hash_of, organisation_name, secret};
use crate::journal::{By, Event, record};
use crate::{App, Result, settings};

/// What every token begins with, so that people and scanners know one when they see it.
pub const TOKEN_PREFIX: &str = "hub_";

/// What a token shall be.
#[derive(Clone, Copy, Debug)]
pub struct NewToken<'a> {
    /// What its owner calls it.
    pub name: &'a str,
    /// Whether it may change anything.
    pub writes: bool,
    /// For how many days it works.
    pub days: i64,
}

/// A token as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its number.
    pub id: TokenId,
    /// The organisation that it acts for.
    pub organisation_name: String,
    /// What its owner calls it.
    pub name: String,
    /// `read` or `write`.
    pub scope: &'static str,
    /// When it was issued.
    pub created_at: Timestamp,
    /// Until when it works.
    pub expires_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

fn token(row: &TokenRow, organisation_name: String) -> Token {
    Token {
        id: row.id,
        organisation_name,
        name: row.name.clone(),
        scope: scope(row.writes),
        created_at: row.created_at,
        expires_at: row.expires_at,
        revoked_at: row.revoked_at,
    }
}

/// What is wrong with a token that is asked for: all of it.
pub fn wrong_with_token(app: &App, new: &NewToken<'_>) -> Result<Vec<Refusal>> {
    let most = settings::number_of(&mut app.db.read()?, &settings::TOKEN_LONGEST_DAYS)?;
    let name = domain::people::name(new.name).err();
    Ok(name.into_iter().chain(wrong_days(new.days, most)).collect())
}

fn wrong_days(days: i64, most: i64) -> Option<Refusal> {
    let text = || format!("Enter a whole number of days from 1 to {most}");
    (!(1..=most).contains(&days)).then(|| Refusal::field("days", text()))
}

/// Issues a token for the person's organisation. Its secret, answered beside it, is not kept.
pub fn issue_token(app: &App, actor: &Actor, new: &NewToken<'_>) -> Result<(Token, String)> {
    let now = app.now();
    let mut tx = app.db.write()?;
    actor.must(Action::IssueTokens)?;
    let name = domain::people::name(new.name)?;
    let most = settings::number_of(&mut tx, &settings::TOKEN_LONGEST_DAYS)?;
    if let Some(wrong) = wrong_days(new.days, most) {
        return Err(wrong.into());
    }
    let (random, _) = secret();
    let secret = format!("{TOKEN_PREFIX}{random}");
    let row = TokenRow {
        id: TokenId(tx.next_id("tokens")?),
        token_hash: hash_of(&secret),
        user: actor.user,
        organisation: actor.organisation,
        name,
        writes: new.writes,
        created_at: now,
        expires_at: now + SignedDuration::from_hours(24 * new.days),
        revoked_at: None,
    };
    store::sign_in::insert_token(&mut tx, &row)?;
    let event = Event::TokenIssued {
        token: row.id.0,
        user: row.user.0,
        organisation: row.organisation.number(),
        name: row.name.clone(),
        scope: scope(row.writes).to_owned(),
        expires_at: row.expires_at.as_microsecond(),
    };
    record(&mut tx, now, By::from(actor), &event)?;
    let named = organisation_name(&mut tx, row.organisation)?;
    tx.commit()?;
    Ok((token(&row, named), secret))
}

/// A person's own tokens, newest first.
pub fn tokens(app: &App, actor: &Actor) -> Result<Vec<Token>> {
    let mut tx = app.db.read()?;
    let rows = store::sign_in::tokens_of(&mut tx, actor.user)?;
    rows.iter().map(|row| Ok(token(row, organisation_name(&mut tx, row.organisation)?))).collect()
}

/// Revokes one of a person's own tokens.
pub fn revoke_token(app: &App, actor: &Actor, id: TokenId) -> Result<()> {
    let now = app.now();
    let mut tx = app.db.write()?;
    if actor.only_reads {
        let text = "A token that only reads cannot revoke one.";
        return Err(Refusal::new(RefusalKind::NotAllowed, text).into());
    }
    let row = store::sign_in::token_by_id(&mut tx, id)?;
    let row = row.filter(|row| row.user == actor.user);
    let row = row.ok_or_else(|| Refusal::not_found("token"))?;
    if row.revoked_at.is_none() {
        store::sign_in::revoke_token(&mut tx, id, now)?;
        record(&mut tx, now, By::from(actor), &Event::TokenRevoked { token: id.0 })?;
    }
    tx.commit()?;
    Ok(())
}

/// The person whose token this is, if it still works, and the organisation's name.
pub fn actor_for_token(app: &App, secret: &str) -> Result<Option<(Actor, String)>> {
    if !secret.starts_with(TOKEN_PREFIX) {
        return Ok(None);
    }
    let now = app.now();
    let mut tx = app.db.read()?;
    let row = store::sign_in::token(&mut tx, hash_of(secret))?;
    let works = |row: &TokenRow| row.revoked_at.is_none() && row.expires_at > now;
    let Some(row) = row.filter(works) else { return Ok(None) };
    let Some(user) = store::people::by_id(&mut tx, row.user)? else { return Ok(None) };
    let actor = actor_at(&mut tx, &user, row.organisation)?;
    let Some(actor) = actor else { return Ok(None) };
    let named = organisation_name(&mut tx, row.organisation)?;
    Ok(Some((Actor { only_reads: !row.writes, ..actor }, named)))
}
