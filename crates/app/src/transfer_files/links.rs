//! What transfers have to do with the hubs of a file: codes `R05`, `R06` and `W11`.

use domain::ids::TransferId;
use domain::transfer_files::{ParsedFile, Profile};
use domain::transfers::LineState;
use store::Tx;
use store::held_hubs::{Holder, holders};
use store::transfers::{self as rows, LineSelection};

use crate::Result;

/// What the transfers say of the hubs of a file. Nothing is looked up when none is open and the
/// file names none.
#[derive(Default)]
pub(super) struct Links {
    /// The open transfer of each hub; empty when no transfer is open.
    open: Vec<Option<TransferId>>,
    own: Option<Own>,
}

/// The transfer that the file carries out.
struct Own {
    id: TransferId,
    /// For each hub, what its line says.
    lines: Vec<OwnLine>,
}

#[derive(Clone, Copy, Default)]
struct OwnLine {
    as_confirmed: bool,
    is_other: bool,
}

/// What transfers say of one hub.
#[derive(Clone, Copy, Default)]
pub(super) struct Link {
    /// The open transfer that it is in, other than the file's own.
    pub open_transfer: Option<i64>,
    /// Whether both Parties confirmed that it moves by this file.
    pub as_confirmed: Option<bool>,
    /// Whether it is of the agreed specification.
    pub agreed_specification: Option<bool>,
}

impl Links {
    /// Looks the hubs of a file up, by keys that are in order and each there once.
    pub fn look(tx: &mut Tx, keys: &[i64], file: &ParsedFile<'_>) -> Result<Links> {
        let mut links = Links::default();
        let any_open = rows::any_open(tx)?;
        if any_open {
            let held = holders(tx, keys)?;
            let transfer = |held: Option<Holder>| match held {
                Some(Holder::Transfer(id)) => Some(id),
                Some(Holder::Offer(_)) | None => None,
            };
            links.open = held.into_iter().map(transfer).collect();
        }
        let Profile::Controlled(header) = &file.profile else { return Ok(links) };
        if let Ok(id) = header.reference.parse::<TransferId>() {
            let lines = own_lines(tx, id, keys, &header.to)?;
            links.own = Some(Own { id, lines });
        }
        Ok(links)
    }

    /// What is known of the hub at a place of the keys.
    pub fn of(&self, place: usize) -> Link {
        let open = self.open.get(place).copied().flatten();
        let Some(own) = &self.own else {
            return Link { open_transfer: open.map(|id| id.0), ..Link::default() };
        };
        let line = own.lines[place];
        Link {
            open_transfer: open.filter(|id| *id != own.id).map(|id| id.0),
            as_confirmed: Some(line.as_confirmed),
            agreed_specification: Some(!line.is_other),
        }
    }
}

/// What the lines of the file's own transfer say of these hubs. Nothing of it is confirmed when
/// there is no such transfer, when the DCC stopped it, or when the file gives the hubs to somebody
/// else.
fn own_lines(tx: &mut Tx, id: TransferId, keys: &[i64], to: &str) -> Result<Vec<OwnLine>> {
    let mut lines = vec![OwnLine::default(); keys.len()];
    let Some(row) = rows::load(tx, id)? else { return Ok(lines) };
    let book = crate::parties::book(tx)?;
    if !row.state.lets_hubs_move() || book.reference_of(row.receiver) != to {
        return Ok(lines);
    }
    let mut place = 0;
    rows::each_line(tx, id, &LineSelection::default(), |line| {
        let key = line.hub.key();
        while place < keys.len() && keys[place] < key {
            place += 1;
        }
        if keys.get(place) == Some(&key) {
            lines[place] = OwnLine {
                as_confirmed: matches!(line.state, LineState::Ready | LineState::Moved),
                is_other: line.outcome.is_some_and(|outcome| outcome.is_other_specification()),
            };
        }
        Ok(())
    })?;
    Ok(lines)
}
