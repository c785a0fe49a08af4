//! Offers: drafted and changed by a Party, published by the DCC, allocated by selection.
//!
//! What a Party may offer is its eligible, uncommitted stock ([`uncommitted`]); it is looked at when
//! the offer is drafted and submitted, again in [`allocate`], and at dispatch. Every change of state
//! is an event, and [`redo`] is how it is done: by the operation and by a rebuilding alike.

mod allocate;
mod deadlines;
mod decide;
mod draft;
mod ids;
mod redo;
mod stock;
mod view;

use domain::Refusal;
use domain::access::{Action, Actor, Reach};
use domain::ids::{OfferId, PartyId};
use domain::offers::Specification;
use domain::refusal::RefusalKind;
use store::Tx;

use crate::journal::By;
use crate::{Result, versions};

/// An offer as it stands, and which of them a list shows.
pub use store::offers::{OfferRow, Wanted};

pub use allocate::{allocatable, allocate, give_back};
pub(crate) use deadlines::end_of;
pub use deadlines::passed;
use decide::expiry;
pub use decide::{close, publish, resume, return_to_party, submit, suspend, withdraw};
pub use draft::{Draft, Drafted, Listing, change, draft};
pub use ids::{check_list, list_of};
pub(crate) use ids::{list_text, listed_keys};
pub use redo::redo;
pub(crate) use redo::{asked_map, let_go, read_asked, specification_of, with_specification};
pub use stock::{Uncommitted, eligible, must_have_uncommitted, uncommitted};
pub use view::{OfferView, Seen, get, history, list, must_see, options};
pub(crate) use view::{redact, shows_names};

/// The Party for which a person does `action`: the own one, or the one that the DCC acts for.
pub(crate) fn acting_party(
    actor: &Actor,
    action: Action,
    given: Option<PartyId>,
) -> Result<PartyId> {
    match (actor.must(action)?, actor.party()) {
        (Reach::All, _) => Ok(given
            .or(actor.acting_for)
            .ok_or_else(|| Refusal::field("party", "Choose the Party that you act for."))?),
        (_, Some(own)) if given.is_none_or(|given| given == own) => Ok(own),
        _ => Err(Refusal::not_found("Party").into()),
    }
}

/// Who acts, for this Party.
pub(crate) fn by(actor: &Actor, party: PartyId) -> By {
    By { acted_for: Some(party), ..By::from(actor) }
}

/// The offer that a person is about to change, as it is now.
pub(crate) fn load_for(
    tx: &mut Tx,
    actor: &Actor,
    action: Action,
    id: OfferId,
    version: Option<i64>,
) -> Result<OfferRow> {
    let reach = actor.must(action)?;
    let row = store::offers::load(tx, id)?
        .filter(|row| reach == Reach::All || actor.party() == Some(row.party))
        .ok_or_else(|| Refusal::not_found("offer"))?;
    versions::must_be(version, row.version)?;
    Ok(row)
}

/// The reason that a person gives, which must be one.
pub(crate) fn given_reason(reason: &str) -> Result<String> {
    let reason = reason.trim();
    let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r');
    match reason {
        "" => Err(Refusal::field("reason", "Enter the reason; the Party reads it.").into()),
        _ if reason.chars().count() > 500 || reason.chars().any(odd) => {
            Err(Refusal::field("reason", "Shorten the reason to 500 characters.").into())
        }
        _ => Ok(reason.to_owned()),
    }
}

/// Stock that is not there.
fn not_enough(specification: &Specification, has: i64, wanted: i64) -> Refusal {
    let message = format!(
        "{wanted} hubs of {specification} are more than can be offered: {has} are eligible and not \
         promised elsewhere. Enter at most {has}."
    );
    Refusal { kind: RefusalKind::Invalid, message, field: Some("quantity") }
}
