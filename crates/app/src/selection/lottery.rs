//! The lottery's secret: committed to when an offer is published, kept back until selection is run.

use domain::Refusal;
use domain::ids::OfferId;
use domain::selection::{FIRST_POLICY, Step, lottery};
use store::Tx;
use store::selection as rows;

use super::policies;
use super::record::LotteryPart;
use crate::files::hex;
use crate::journal::{By, Event, enact};
use crate::{App, Error, Result};

/// The kind of entry with which an offer closes to requests.
const CLOSING: &str = "OfferClosedToRequests";

/// An offer was published in this transaction, or takes requests again: if its policy has a lottery,
/// draws a secret and publishes the commitment to it.
pub fn opened(tx: &mut Tx, app: &App, offer: OfferId) -> Result<()> {
    let row = store::offers::load(tx, offer)?.ok_or_else(|| Refusal::not_found("offer"))?;
    let policy = policies::load(tx, row.policy.unwrap_or(FIRST_POLICY))?;
    if !policies::steps_of(&policy)?.contains(&Step::Lottery) {
        return Ok(());
    }
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).expect("the operating system gives random bytes");
    let commitment = hex(&lottery::commitment(offer, &secret));
    enact(tx, app, By::SYSTEM, &Event::LotteryCommitted { offer: offer.0, commitment })?;
    Ok(rows::keep_secret(tx, offer, &secret)?)
}

/// The secret that was committed to, and the entry with which the offer closed.
pub(super) fn lottery_part(tx: &mut Tx, offer: OfferId) -> Result<LotteryPart> {
    let missing = |what: &str| Error::Damaged(format!("the lottery of {offer} has no {what}"));
    let kept = rows::commitment(tx, offer)?.ok_or_else(|| missing("commitment"))?;
    let secret: [u8; 32] = kept.secret.try_into().map_err(|_| missing("secret"))?;
    if lottery::commitment(offer, &secret) != kept.commitment {
        return Err(missing("secret that it was committed to"));
    }
    let closing = rows::last_entry(tx, &offer.to_string(), CLOSING)?;
    Ok(LotteryPart::new(offer, &secret, closing.ok_or_else(|| missing("closing entry"))?))
}
