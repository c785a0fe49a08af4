//! Lines of a file of Parties: new ones are added, others changed to what the file says.

use std::collections::HashMap;

use domain::ids::PartyId;
use domain::imports::LineOutcome;
use domain::parties::{Party, PartyColumns, PartyDetails};
use domain::tabular::{HeaderError, Record, RowProblems};
use store::Tx;

use super::answers::{Answers, Lines};
use super::load::{Context, Loader};
use crate::Result;

/// Loads Parties.
#[derive(Default)]
pub struct Parties {
    columns: Option<PartyColumns>,
    lines: Lines,
    rows: Vec<std::result::Result<PartyDetails, RowProblems>>,
}

impl Loader for Parties {
    fn header(&mut self, header: &Record<'_>) -> std::result::Result<(), HeaderError> {
        self.columns = Some(PartyColumns::of(header)?);
        Ok(())
    }

    fn line(&mut self, record: &Record<'_>) {
        let columns = self.columns.as_ref().expect("the header comes before the lines");
        self.lines.push(record.line, columns.given(record));
        self.rows.push(columns.parse(record));
    }

    fn lines(&self) -> usize {
        self.lines.len()
    }

    fn apply(&mut self, tx: &mut Tx, _: &Context) -> Result<Answers> {
        let lines = std::mem::take(&mut self.lines);
        let rows = std::mem::take(&mut self.rows);
        let mut here: Vec<Party> =
            store::parties::all(tx)?.into_iter().map(|row| row.party).collect();
        let mut next = tx.next_id("parties")?;
        let mut told: HashMap<String, usize> = HashMap::new();
        let mut answers = Answers::default();
        for (index, row) in rows.into_iter().enumerate() {
            let details = match row {
                Ok(details) => details,
                Err(problems) => {
                    answers.add(&lines, index, LineOutcome::Rejected, &problems.to_string());
                    continue;
                }
            };
            let earlier = told.get(&details.signifier).map(|line| lines.number(*line));
            let (outcome, text) = decide(&here, &details, earlier);
            let at = here.iter().position(|party| party.details.signifier == details.signifier);
            match (outcome, at) {
                (LineOutcome::Loaded, _) => {
                    let party = Party { id: PartyId(next), details: details.clone() };
                    store::parties::insert(tx, &party)?;
                    here.push(party);
                    next += 1;
                }
                (LineOutcome::Changed, Some(at)) => {
                    here[at].details = details.clone();
                    store::parties::update(tx, &here[at])?;
                }
                _ => {}
            }
            told.entry(details.signifier).or_insert(index);
            answers.add(&lines, index, outcome, &text);
        }
        Ok(answers)
    }
}

/// What becomes of a line, among the Parties that are here; `earlier` is a line of the same file
/// about the same Party.
fn decide(here: &[Party], sent: &PartyDetails, earlier: Option<u32>) -> (LineOutcome, String) {
    let known = here.iter().find(|party| party.details.signifier == sent.signifier);
    let reference = &sent.service_user_reference;
    let holder = here.iter().find(|party| &party.details.service_user_reference == reference);
    match (known, holder, earlier) {
        (Some(known), _, _) if known.details == *sent => (LineOutcome::Already, String::new()),
        (_, _, Some(line)) => {
            (LineOutcome::Conflict, format!("Line {line} of this file says otherwise."))
        }
        (known, Some(holder), _) if known.is_none_or(|known| known.id != holder.id) => {
            let other = &holder.details.signifier;
            let text = format!("The service user reference {reference} is that of {other}.");
            (LineOutcome::Conflict, text)
        }
        (Some(known), _, _) => {
            (LineOutcome::Changed, crate::parties::changes_in_words(&known.details, sent))
        }
        (None, _, _) => (LineOutcome::Loaded, String::new()),
    }
}
