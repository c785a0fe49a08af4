//! Requests as people see them.

use domain::Refusal;
use domain::access::{Action, Actor, Reach, Sight};
use domain::ids::{AllocationRunId, RequestId, TransferId};
use store::board::MatchRow;
use store::offers::OfferRow;
use store::requests::{RequestRow, Wanted};

use crate::journal::read::{self, HistoryEntry};
use crate::pages::Part;
use crate::transfer_files::Page;
use crate::{App, Result, offers, stock_rules};

/// One request, as its own Party or the DCC sees it.
#[derive(Clone, Debug)]
pub struct RequestView {
    /// The request.
    pub row: RequestRow,
    /// Whose it is.
    pub party: String,
    /// The offer that it is for, as far as this person sees it.
    pub offer: Option<OfferRow>,
    /// What does not quite suit of that offer; empty if all does.
    pub warning: String,
    /// Its place in the queue, counted from 1, as long as it waits there.
    pub place: Option<usize>,
    /// The offers that were matched with it while it was wanted.
    pub matches: Vec<MatchRow>,
    /// The runs of selection in which it stood, oldest first.
    pub runs: Vec<AllocationRunId>,
    /// The transfers of what it was given, for those who see transfers.
    pub transfers: Vec<TransferId>,
}

/// One request.
pub fn get(app: &App, actor: &Actor, id: RequestId) -> Result<RequestView> {
    let reach = actor.must(Action::SeeOffers)?;
    let mut tx = app.db.read()?;
    let row = store::requests::load(&mut tx, id)?
        .filter(|row| reach == Reach::All || actor.party() == Some(row.party))
        .ok_or_else(|| Refusal::not_found("request"))?;
    let book = crate::parties::book(&mut tx)?;
    let party = book.by_id(row.party).map(|party| party.details.legal_name.clone());
    let mut view = RequestView {
        party: party.unwrap_or_default(),
        offer: None,
        warning: String::new(),
        place: None,
        matches: store::board::matches_of_request(&mut tx, id)?,
        runs: store::selection::lines_of(&mut tx, id)?.into_iter().map(|line| line.run).collect(),
        transfers: match actor.reach(Action::SeeTransfers) {
            Reach::Nothing => Vec::new(),
            Reach::Own | Reach::All => store::transfers::of_request(&mut tx, id)?,
        },
        row,
    };
    if let Some(offer) = view.row.offer {
        let (mut of, seen) = offers::must_see(&mut tx, actor, offer)?;
        let suits = stock_rules::table(&mut tx)?.suits(&of.specification, &view.row.specification);
        if let domain::stock_rules::Suits::WithWarning(warning) = suits {
            view.warning = warning;
        }
        let names = offers::shows_names(&mut tx)?;
        offers::redact(&book, &mut of, seen, names);
        view.offer = Some(of);
        let queue = store::requests::queued(&mut tx, offer)?;
        view.place = queue.iter().position(|request| request.id == id).map(|place| place + 1);
    }
    Ok(view)
}

/// Requests of the own Party, or of all; newest first.
pub fn list(
    app: &App,
    actor: &Actor,
    wanted: &Wanted,
    part: Part,
) -> Result<Page<(RequestRow, String)>> {
    let wanted = match actor.sight(Action::SeeOffers)? {
        Sight::Everything => wanted.clone(),
        Sight::Party(own) if wanted.party.is_none_or(|party| party == own) => {
            Wanted { party: Some(own), ..wanted.clone() }
        }
        Sight::Party(_) => return Err(Refusal::not_found("such request").into()),
    };
    let mut tx = app.db.read()?;
    let book = crate::parties::book(&mut tx)?;
    let mut rows = store::requests::list(&mut tx, &wanted, part.before, part.rows())?;
    let next = part.cut(&mut rows, |row| row.id.0);
    let named = |row: RequestRow| {
        let name = book.by_id(row.party).map(|party| party.details.legal_name.clone());
        (row, name.unwrap_or_default())
    };
    Ok(Page { items: rows.into_iter().map(named).collect(), next })
}

/// What happened to a request, newest first.
pub fn history(app: &App, actor: &Actor, id: RequestId) -> Result<Vec<HistoryEntry>> {
    get(app, actor, id)?;
    read::history(&mut app.db.read()?, id, read::whole_sentence)
}
