//! Offers as people see them.

use domain::Refusal;
use domain::access::{Action, Actor, Reach, Sight};
use domain::ids::{AllocationRunId, OfferId, PartyId, TransferId};
use domain::offers::{Firmware, Specification};
use domain::parties::PartyBook;
use store::Tx;
use store::offers::{OfferRow, Wanted};
use store::requests::RequestRow;
use store::selection::RunFilter;
use store::timers::DeadlineRow;

use super::{acting_party, uncommitted};
use crate::files::hex;
use crate::journal::read::{self, HistoryEntry};
use crate::pages::Part;
use crate::transfer_files::Page;
use crate::{App, Result, settings};

/// Runs of selection that an offer names.
const MOST_RUNS: i64 = 100;

/// How much of an offer a person sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// All of it: the own Party's, or everything.
    Whole,
    /// What the Parties that were selected see: whose it is, where, and its device IDs.
    Matched,
    /// What every Party sees on the board.
    Board,
}

/// One offer, as far as a person sees it.
#[derive(Clone, Debug)]
pub struct OfferView {
    /// The offer; what this person may not see of it is empty.
    pub row: OfferRow,
    /// How much of it that is.
    pub seen: Seen,
    /// Whose it is, where that is shown.
    pub party: Option<String>,
    /// How many of which firmware; empty for any.
    pub firmware: Firmware,
    /// How many requests wait for it and for how many hubs; for those who see all of it.
    pub demand: Option<(i64, i64)>,
    /// The requests that were given some of it; and all of them, for those who see everything.
    pub requests: Vec<(RequestRow, String)>,
    /// The wanted requests that it was matched with; for those who see all of it.
    pub matches: Vec<store::board::MatchRow>,
    /// Its deadlines; for those who see all of it.
    pub deadlines: Vec<DeadlineRow>,
    /// Whether it takes requests now.
    pub takes_requests: bool,
    /// The commitment to the lottery's secret, where its policy has a lottery.
    pub commitment: Option<String>,
    /// The runs of selection over it, newest first; for those who see all of it.
    pub runs: Vec<AllocationRunId>,
    /// Its transfers; for those who see all of it, and transfers.
    pub transfers: Vec<TransferId>,
}

/// The offer and how much of it a person sees, or that there is none.
pub fn must_see(tx: &mut Tx, actor: &Actor, id: OfferId) -> Result<(OfferRow, Seen)> {
    actor.must(Action::SeeBoard)?;
    let not_found = || Refusal::not_found("offer");
    let row = store::offers::load(tx, id)?.ok_or_else(not_found)?;
    match actor.reach(Action::SeeOffers) {
        Reach::All => return Ok((row, Seen::Whole)),
        Reach::Own if actor.party() == Some(row.party) => return Ok((row, Seen::Whole)),
        Reach::Own | Reach::Nothing => {}
    }
    let matched = match actor.party().filter(|_| actor.reach(Action::SeeOffers) == Reach::Own) {
        Some(party) => store::requests::is_matched(tx, id, party)?,
        None => None,
    };
    match matched {
        Some(true) => Ok((row, Seen::Matched)),
        // Who asked for some of it sees what became of it, withdrawn or not.
        Some(false) => Ok((row, Seen::Board)),
        None if row.state.was_published() => Ok((row, Seen::Board)),
        None => Err(not_found().into()),
    }
}

/// Takes from an offer what this person may not see, and names its Party if that is shown.
pub(crate) fn redact(
    book: &PartyBook,
    row: &mut OfferRow,
    seen: Seen,
    shows_names: bool,
) -> Option<String> {
    let name = book.by_id(row.party).map(|party| party.details.legal_name.clone());
    match seen {
        Seen::Whole => name,
        Seen::Matched => {
            row.reason = None;
            row.created_by = None;
            name
        }
        Seen::Board => {
            row.reason = None;
            row.created_by = None;
            row.terms.location = String::new();
            name.filter(|_| shows_names)
        }
    }
}

/// Whether the board names the Parties.
pub(crate) fn shows_names(tx: &mut Tx) -> Result<bool> {
    Ok(settings::text(tx, &settings::BOARD_SHOW_PARTY)? == "on")
}

/// One offer.
pub fn get(app: &App, actor: &Actor, id: OfferId) -> Result<OfferView> {
    let mut tx = app.db.read()?;
    let (mut row, seen) = must_see(&mut tx, actor, id)?;
    let book = crate::parties::book(&mut tx)?;
    let takes_requests = row.facts().takes_requests(app.now());
    let firmware = store::offers::firmware(&mut tx, id)?;
    let names = shows_names(&mut tx)?;
    let party = redact(&book, &mut row, seen, names);
    let commitment = store::selection::commitment(&mut tx, id)?;
    let whole = seen == Seen::Whole;
    let mut view = OfferView {
        row,
        seen,
        party,
        firmware,
        demand: None,
        requests: Vec::new(),
        matches: Vec::new(),
        deadlines: Vec::new(),
        takes_requests,
        commitment: commitment.map(|kept| hex(&kept.commitment)),
        runs: Vec::new(),
        transfers: Vec::new(),
    };
    if whole {
        view.demand = Some(store::requests::demand(&mut tx, id)?);
        let all = actor.reach(Action::SeeOffers) == Reach::All;
        let named = |request: RequestRow| {
            let party = book.by_id(request.party);
            let name = party.map(|party| party.details.legal_name.clone()).unwrap_or_default();
            (request, name)
        };
        let received = store::requests::received(&mut tx, id)?;
        let shown = received.into_iter().filter(|request| all || request.state.is_match());
        view.requests = shown.map(named).collect();
        view.matches = store::board::matches_of_offer(&mut tx, id)?;
        let of_offer = RunFilter { offer: Some(id), party: None };
        let runs = store::selection::list_runs(&mut tx, &of_offer, None, MOST_RUNS)?;
        view.runs = runs.into_iter().map(|run| run.id).collect();
        if actor.reach(Action::SeeTransfers) != Reach::Nothing {
            view.transfers = store::transfers::of_offer(&mut tx, id)?;
        }
        view.deadlines = store::timers::of(&mut tx, &id.to_string())?;
    }
    Ok(view)
}

/// Offers of the own Party, or of all; newest first.
pub fn list(
    app: &App,
    actor: &Actor,
    wanted: &Wanted,
    part: Part,
) -> Result<Page<(OfferRow, String)>> {
    let wanted = match actor.sight(Action::SeeOffers)? {
        Sight::Everything => wanted.clone(),
        Sight::Party(own) if wanted.party.is_none_or(|party| party == own) => {
            Wanted { party: Some(own), ..wanted.clone() }
        }
        Sight::Party(_) => return Err(Refusal::not_found("such offer").into()),
    };
    let mut tx = app.db.read()?;
    let book = crate::parties::book(&mut tx)?;
    let mut rows = store::offers::list(&mut tx, &wanted, part.before, part.rows())?;
    let next = part.cut(&mut rows, |row| row.id.0);
    let named = |row: OfferRow| {
        let name = book.by_id(row.party).map(|party| party.details.legal_name.clone());
        (row, name.unwrap_or_default())
    };
    Ok(Page { items: rows.into_iter().map(named).collect(), next })
}

/// What a Party can offer now: each specification with how many of which firmware may go.
pub fn options(
    app: &App,
    actor: &Actor,
    party: Option<PartyId>,
) -> Result<Vec<(Specification, super::Uncommitted)>> {
    let party = acting_party(actor, Action::ManageOffers, party)?;
    let mut tx = app.db.read()?;
    let stock = super::eligible(&mut tx, app, party)?;
    let mut specifications: Vec<_> = stock.iter().map(|stock| stock.specification()).collect();
    specifications.sort();
    specifications.dedup();
    let mut options = Vec::new();
    for specification in specifications {
        let has = uncommitted(&mut tx, app, party, &specification)?;
        options.push((specification, has));
    }
    Ok(options)
}

/// What happened to an offer, for those who see all of it, newest first.
pub fn history(app: &App, actor: &Actor, id: OfferId) -> Result<Vec<HistoryEntry>> {
    let mut tx = app.db.read()?;
    let (_, seen) = must_see(&mut tx, actor, id)?;
    if seen != Seen::Whole {
        return Ok(Vec::new());
    }
    read::history(&mut tx, id, read::whole_sentence)
}
