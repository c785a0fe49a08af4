//! Reports about what is there, as files: what became of transfer files, what is exceptional about
//! transfers, and the journal with its hashes.

use std::io::Write;

use domain::access::{Action, Actor};
use domain::reconciliation::Outcome;
use domain::transfers::LineState;

use crate::files::hex;
use crate::journal::Counts;
use crate::journal::read::{self, JournalFilter};
use crate::pages::Part;
use crate::tables::{Cell, Column, Format, Table};
use crate::transfers::{LineFilter, TransferFilter, TransferSummary};
use crate::{App, Error, Result, transfer_files, transfers};

/// Items that are read at a time.
const AT_ONCE: u32 = 200;

/// One of these reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// Each transfer file with who prepared and authorised it and what its lines came to.
    FileProcessing,
    /// Transfers that are overdue and lines that wait, hubs installed on their way among them.
    Exceptions,
    /// The journal's entries with their hashes, the newest first.
    AuditExtract,
}

impl Report {
    /// All of them.
    pub const ALL: &[Report] = &[Report::FileProcessing, Report::Exceptions, Report::AuditExtract];

    /// The word for it in addresses and in file names.
    pub fn word(self) -> &'static str {
        match self {
            Report::FileProcessing => "file-processing",
            Report::Exceptions => "exceptions",
            Report::AuditExtract => "audit-extract",
        }
    }

    /// The one of this word.
    pub fn from_word(word: &str) -> Option<Report> {
        Report::ALL.iter().copied().find(|report| report.word() == word)
    }

    /// What a person must be allowed to see to have it.
    pub fn needs(self) -> Action {
        match self {
            Report::FileProcessing => Action::SeeTransferFiles,
            Report::Exceptions => Action::SeeTransfers,
            Report::AuditExtract => Action::ReadJournal,
        }
    }

    fn columns(self) -> &'static [Column] {
        match self {
            Report::FileProcessing => FILE_PROCESSING,
            Report::Exceptions => EXCEPTIONS,
            Report::AuditExtract => AUDIT_EXTRACT,
        }
    }
}

const FILE_PROCESSING: &[Column] = &[
    Column::text("file"),
    Column::text("name"),
    Column::text("reference"),
    Column::text("state"),
    Column::int("lines"),
    Column::text("preparer"),
    Column::text("authoriser"),
    Column::text("countsByCode"),
    Column::instant("receivedAt"),
    Column::instant("validatedAt"),
    Column::instant("decidedAt"),
    Column::instant("appliedAt"),
];

const EXCEPTIONS: &[Column] = &[
    Column::text("exception"),
    Column::text("transfer"),
    Column::text("state"),
    Column::text("sender"),
    Column::text("receiver"),
    Column::text("nextStep"),
    Column::text("whose"),
    Column::instant("dueAt"),
    Column::text("CommsHubID"),
    Column::text("outcome"),
];

const AUDIT_EXTRACT: &[Column] = &[
    Column::int("entry"),
    Column::instant("at"),
    Column::text("actor"),
    Column::text("actorName"),
    Column::text("actedFor"),
    Column::text("subject"),
    Column::text("kind"),
    Column::text("text"),
    Column::text("payload"),
    Column::text("hash"),
];

/// Writes a report; how many rows it has. A Party's exceptions are those of its own transfers.
pub fn write(
    app: &App,
    actor: &Actor,
    report: Report,
    format: Format,
    out: &mut (dyn Write + Send),
) -> Result<u64> {
    actor.must(report.needs())?;
    let mut rows = Rows(Table::new(format, report.columns(), out).map_err(writing())?);
    match report {
        Report::FileProcessing => file_processing(app, actor, &mut rows)?,
        Report::Exceptions => exceptions(app, actor, &mut rows)?,
        Report::AuditExtract => audit_extract(app, actor, &mut rows)?,
    }
    let written = rows.0.rows();
    rows.0.finish().map_err(writing())?;
    Ok(written)
}

fn writing() -> impl FnOnce(std::io::Error) -> Error {
    Error::io("write the report")
}

struct Rows<'a>(Table<&'a mut (dyn Write + Send)>);

impl Rows<'_> {
    fn add(&mut self, cells: &[Cell<'_>]) -> Result<()> {
        self.0.row(cells).map_err(writing())
    }
}

fn file_processing(app: &App, actor: &Actor, rows: &mut Rows<'_>) -> Result<()> {
    let mut cursor = None;
    loop {
        let page = transfer_files::list(app, actor, &Default::default(), cursor, AT_ONCE)?;
        for file in &page.items {
            rows.add(&[
                Cell::Text(&file.id.to_string()),
                Cell::Text(&file.name),
                Cell::Text(&file.reference),
                Cell::Text(file.state.name()),
                Cell::Int(file.lines as i64),
                Cell::Text(&file.preparer.name),
                file.authoriser.as_ref().map(|person| &person.name).into(),
                Cell::Text(&in_words(&file.counts)),
                Cell::Instant(file.received_at),
                file.validated_at.into(),
                file.decided_at.into(),
                file.applied_at.into(),
            ])?;
        }
        cursor = page.next;
        if cursor.is_none() {
            return Ok(());
        }
    }
}

/// `R04 2, S00 894`.
fn in_words(counts: &Counts) -> String {
    let each: Vec<String> = counts.iter().map(|(code, count)| format!("{code} {count}")).collect();
    each.join(", ")
}

fn exceptions(app: &App, actor: &Actor, rows: &mut Rows<'_>) -> Result<()> {
    let overdue = TransferFilter { overdue: true, ..TransferFilter::default() };
    each_transfer(app, actor, &overdue, |transfer| {
        rows.add(&about("overdue", transfer, &transfer.id.to_string(), Cell::Empty, Cell::Empty))
    })?;
    let waiting = TransferFilter { only_waiting: true, ..TransferFilter::default() };
    let lines = LineFilter { state: Some(LineState::Waiting), outcome: None };
    each_transfer(app, actor, &waiting, |transfer| {
        let mut after = None;
        loop {
            let most = AT_ONCE as usize;
            let page = transfers::lines(app, actor, transfer.id, &lines, after, most)?;
            for line in &page.items {
                let what = match line.outcome {
                    Some(Outcome::NotPending) => "installed-in-transfer",
                    Some(_) | None => "line-waits",
                };
                let outcome = line.outcome.map(Outcome::name).into();
                let id = transfer.id.to_string();
                rows.add(&about(what, transfer, &id, Cell::Id(line.hub), outcome))?;
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    })
}

fn each_transfer(
    app: &App,
    actor: &Actor,
    filter: &TransferFilter,
    mut take: impl FnMut(&TransferSummary) -> Result<()>,
) -> Result<()> {
    let mut before = None;
    loop {
        let page = transfers::list(app, actor, filter, before, AT_ONCE as usize)?;
        for transfer in &page.items {
            take(transfer)?;
        }
        before = page.next;
        if before.is_none() {
            return Ok(());
        }
    }
}

fn about<'a>(
    what: &'a str,
    transfer: &'a TransferSummary,
    id: &'a str,
    hub: Cell<'a>,
    outcome: Cell<'a>,
) -> [Cell<'a>; 10] {
    [
        Cell::Text(what),
        Cell::Text(id),
        Cell::Text(transfer.state.name()),
        Cell::Text(&transfer.sender.reference),
        Cell::Text(&transfer.receiver.reference),
        Cell::Text(&transfer.next_step.what),
        transfer.next_step.whose.as_ref().into(),
        transfer.due_at.into(),
        hub,
        outcome,
    ]
}

fn audit_extract(app: &App, actor: &Actor, rows: &mut Rows<'_>) -> Result<()> {
    let mut part = Part { limit: AT_ONCE, ..Part::FIRST };
    loop {
        let entries = read::list(app, actor, &JournalFilter::default(), part)?;
        for entry in &entries.items {
            let id = entry.actor.as_ref().map(|(id, _)| id.to_string());
            rows.add(&[
                Cell::Int(entry.seq),
                Cell::Instant(entry.at),
                id.as_ref().into(),
                entry.actor.as_ref().map(|(_, name)| name).into(),
                entry.acted_for.as_ref().map(|(_, name)| name).into(),
                Cell::Text(&entry.subject),
                Cell::Text(&entry.kind),
                Cell::Text(&entry.text),
                Cell::Text(&entry.payload),
                Cell::Text(&hex(&entry.hash)),
            ])?;
        }
        match entries.next {
            Some(before) => part.before = Some(before),
            None => return Ok(()),
        }
    }
}
