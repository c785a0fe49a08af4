//! Transfer files, the outcomes of their lines, and the queue of hubs installed before.

use domain::DeviceId;
use domain::ids::{FileId, PartyId, TransferFileId, UserId};
use domain::inventory::SmiStatus;
use domain::transfer_files::State;
use jiff::Timestamp;

use crate::error::{Error, Result};
use crate::value::{FromValue, Row, Value};
use crate::{Tx, args};

mod installed;
mod outcomes;

pub use installed::{InstalledRow, Settled, insert_installed, installed, load_installed, settle};
pub use outcomes::{
    OutcomePart, PartRow, compress_outcomes, outcome_parts, outcomes, outcomes_of_part,
    put_outcomes, text_of_part,
};

impl From<State> for Value {
    fn from(state: State) -> Value {
        Value::from(state.name())
    }
}

impl FromValue for State {
    fn from_value(value: &Value) -> Option<Self> {
        String::from_value(value).and_then(|name| State::from_name(&name))
    }
}

/// A transfer file as it stands in the table, with the names of its people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferFileRow {
    /// Its number.
    pub id: TransferFileId,
    /// The name that it came under.
    pub name: String,
    /// Its bytes.
    pub file: FileId,
    /// Their SHA-256.
    pub sha256: [u8; 32],
    /// How many there are.
    pub size: u64,
    /// The ID of a controlled file that was checked.
    pub file_id: Option<String>,
    /// `unknown`, `minimal` or `controlled`.
    pub profile: String,
    /// Whether one rejected line keeps all others from moving.
    pub all_or_nothing: bool,
    /// Its state; never `Validating` or `Applying`, which a running job means.
    pub state: State,
    /// The reference in its header.
    pub reference: String,
    /// The `from` in its header.
    pub from_reference: String,
    /// The `to` in its header.
    pub to_reference: String,
    /// How many lines it has.
    pub lines: u64,
    /// What its validation found, as JSON.
    pub summary: Option<String>,
    /// What came of applying it, as JSON.
    pub result: Option<String>,
    /// Why it was refused whole, or could not be applied.
    pub refusal: Option<String>,
    /// The stable word for why it was refused whole.
    pub refusal_word: Option<String>,
    /// The file with the same ID that has the answer.
    pub first_answer: Option<TransferFileId>,
    /// Who prepared it.
    pub preparer: UserId,
    /// That person's name.
    pub preparer_name: String,
    /// Who authorised or rejected it.
    pub authoriser: Option<UserId>,
    /// That person's name.
    pub authoriser_name: Option<String>,
    /// Why it was rejected or withdrawn.
    pub reason: Option<String>,
    /// When it came in.
    pub received_at: Timestamp,
    /// When its lines were checked.
    pub validated_at: Option<Timestamp>,
    /// When somebody decided about it.
    pub decided_at: Option<Timestamp>,
    /// When it was applied, or given up.
    pub applied_at: Option<Timestamp>,
    /// The number of its move.
    pub move_number: Option<i64>,
    /// Its response file.
    pub response_file: Option<FileId>,
    /// How often it has changed.
    pub version: i64,
}

const SELECT: &str = "
    SELECT t.id, t.name, t.file, f.sha256, f.size, t.file_id, t.profile, t.all_or_nothing, t.state,
        t.reference, t.from_reference, t.to_reference, t.lines, t.summary, t.result, t.refusal,
        t.first_answer, t.preparer, p.name, t.authoriser, a.name, t.reason, t.received_at,
        t.validated_at, t.decided_at, t.applied_at, t.move, t.response_file, t.version,
        t.refusal_word
    FROM transfer_files t
    JOIN files f ON f.id = t.file
    JOIN users p ON p.id = t.preparer
    LEFT JOIN users a ON a.id = t.authoriser";

fn transfer_file(row: &Row) -> TransferFileRow {
    TransferFileRow {
        id: row.get(0),
        name: row.get(1),
        file: row.get(2),
        sha256: row.get::<Vec<u8>>(3).try_into().unwrap_or([0; 32]),
        size: row.get::<i64>(4).unsigned_abs(),
        file_id: row.get(5),
        profile: row.get(6),
        all_or_nothing: row.get(7),
        state: row.get(8),
        reference: row.get(9),
        from_reference: row.get(10),
        to_reference: row.get(11),
        lines: row.get::<i64>(12).unsigned_abs(),
        summary: row.get(13),
        result: row.get(14),
        refusal: row.get(15),
        first_answer: row.get(16),
        preparer: row.get(17),
        preparer_name: row.get(18),
        authoriser: row.get(19),
        authoriser_name: row.get(20),
        reason: row.get(21),
        received_at: row.get(22),
        validated_at: row.get(23),
        decided_at: row.get(24),
        applied_at: row.get(25),
        move_number: row.get(26),
        response_file: row.get(27),
        version: row.get(28),
        refusal_word: row.get(29),
    }
}

/// A file that has come in.
#[derive(Clone, Copy, Debug)]
pub struct NewTransferFile<'a> {
    /// The name that it came under.
    pub name: &'a str,
    /// Its bytes.
    pub file: FileId,
    /// Whether one rejected line keeps all others from moving.
    pub all_or_nothing: bool,
    /// Who prepared it.
    pub preparer: UserId,
    /// When it came in.
    pub at: Timestamp,
}

/// Adds a file that has come in.
pub fn insert(tx: &mut Tx, new: &NewTransferFile<'_>) -> Result<TransferFileId> {
    let id = tx.next_id("transfer_files")?;
    let sql = "
        INSERT INTO transfer_files (id, name, file, profile, all_or_nothing, state, reference,
            from_reference, to_reference, lines, preparer, received_at, version)
        VALUES ($1, $2, $3, 'unknown', $4, 'Received', '', '', '', 0, $5, $6, 1)";
    tx.exec(sql, args![id, new.name, new.file, new.all_or_nothing, new.preparer, new.at])?;
    Ok(TransferFileId(id))
}

/// One transfer file, if there is one of this number.
pub fn load(tx: &mut Tx, id: TransferFileId) -> Result<Option<TransferFileRow>> {
    let sql = format!("{SELECT} WHERE t.id = $1");
    Ok(tx.opt(&sql, args![id])?.as_ref().map(transfer_file))
}

/// The file with this content, unless it was refused whole under another name.
pub fn with_content(tx: &mut Tx, file: FileId, name: &str) -> Result<Option<TransferFileId>> {
    let sql = "
        SELECT id FROM transfer_files
        WHERE file = $1 AND (state <> 'FailedValidation' OR name = $2)
        ORDER BY id LIMIT 1";
    Ok(tx.opt(sql, args![file, name])?.map(|row| row.get(0)))
}

/// The checked file with this ID.
pub fn with_file_id(tx: &mut Tx, file_id: &str) -> Result<Option<TransferFileId>> {
    let sql = "SELECT id FROM transfer_files WHERE file_id = $1";
    Ok(tx.opt(sql, args![file_id])?.map(|row| row.get(0)))
}

/// What a list of transfer files is to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// In this state, `Validating` and `Applying` included.
    pub state: Option<State>,
    /// Prepared by this person.
    pub preparer: Option<UserId>,
    /// Prepared by anybody but this person.
    pub not_preparer: Option<UserId>,
    /// With this text in the name or the reference.
    pub text: Option<String>,
}

/// Files before `before`, newest first, each with the state that a running job means.
/// An applied file's row comes without the summary of its check.
pub fn list(
    tx: &mut Tx,
    filter: &Filter,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<TransferFileRow>> {
    let running = "
        EXISTS (SELECT 1 FROM jobs j WHERE j.subject = t.id AND j.state = 'running' AND j.kind =
            CASE t.state WHEN 'Received' THEN 'validate-transfer-file'
                WHEN 'Authorised' THEN 'apply-transfer-file' END)";
    // What a check found is long, and of no use where it is known what came of the file.
    let select = SELECT.replace("t.summary", "CASE WHEN t.result IS NULL THEN t.summary END");
    let sql = format!(
        "{select}
         WHERE (CAST($1 AS TEXT) IS NULL OR t.state = $1)
           AND (CAST($2 AS BOOLEAN) IS NULL OR {running} = $2)
           AND (CAST($3 AS BIGINT) IS NULL OR t.preparer = $3)
           AND (CAST($4 AS BIGINT) IS NULL OR t.preparer <> $4)
           AND (CAST($5 AS TEXT) IS NULL OR lower(t.name) LIKE lower($5) ESCAPE '\\'
                OR lower(t.reference) LIKE lower($5) ESCAPE '\\')
           AND (CAST($6 AS BIGINT) IS NULL OR t.id < $6)
         ORDER BY t.id DESC LIMIT CAST($7 AS BIGINT)"
    );
    let (kept, is_running) = match filter.state {
        Some(State::Validating) => (Some(State::Received), Some(true)),
        Some(State::Received) => (Some(State::Received), Some(false)),
        Some(State::Applying) => (Some(State::Authorised), Some(true)),
        Some(State::Authorised) => (Some(State::Authorised), Some(false)),
        other => (other, None),
    };
    let text = filter.text.as_deref().map(pattern);
    let args = args![kept, is_running, filter.preparer, filter.not_preparer, text, before, limit];
    Ok(tx.all(&sql, args)?.iter().map(transfer_file).collect())
}

/// How many checked files somebody else than this person prepared.
pub fn count_waiting_for(tx: &mut Tx, authoriser: UserId) -> Result<i64> {
    let sql = "SELECT count(*) FROM transfer_files WHERE state = 'Validated' AND preparer <> $1";
    Ok(tx.one("count", sql, args![authoriser])?.get(0))
}

/// How many files there are in each state.
pub fn count_by_state(tx: &mut Tx) -> Result<Vec<(State, i64)>> {
    let sql = "SELECT state, count(*) FROM transfer_files GROUP BY state ORDER BY state";
    Ok(tx.all(sql, &[])?.iter().map(|row| (row.get(0), row.get(1))).collect())
}

fn pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

/// Whether a job of this kind runs on this file now.
pub fn is_being_worked_on(tx: &mut Tx, kind: &str, id: TransferFileId) -> Result<bool> {
    let sql = "SELECT 1 FROM jobs WHERE kind = $1 AND subject = $2 AND state = 'running'";
    Ok(tx.opt(sql, args![kind, id])?.is_some())
}

/// What a validation found.
#[derive(Clone, Debug)]
pub struct Validated<'a> {
    /// The controlled file's own ID.
    pub file_id: Option<String>,
    /// `minimal` or `controlled`.
    pub profile: &'a str,
    /// The reference in its header.
    pub reference: &'a str,
    /// The `from` in its header.
    pub from: &'a str,
    /// The `to` in its header.
    pub to: &'a str,
    /// How many lines it has.
    pub lines: u64,
    /// What was found, as JSON.
    pub summary: String,
    /// When.
    pub at: Timestamp,
}

/// Every line has a code.
pub fn set_validated(tx: &mut Tx, id: TransferFileId, found: &Validated<'_>) -> Result<()> {
    let sql = "
        UPDATE transfer_files SET state = 'Validated', file_id = $2, profile = $3, reference = $4,
            from_reference = $5, to_reference = $6, lines = $7, summary = $8, validated_at = $9,
            version = version + 1
        WHERE id = $1 AND state IN ('Received', 'Validated')";
    let lines = i64::try_from(found.lines).expect("a file has fewer lines");
    let args = args![
        id,
        found.file_id.clone(),
        found.profile,
        found.reference,
        found.from,
        found.to,
        lines,
        found.summary.clone(),
        found.at
    ];
    must_be_one(tx.exec(sql, args)?)
}

/// The file was refused whole: the stable word for it, and the sentence.
pub fn set_refused(
    tx: &mut Tx,
    id: TransferFileId,
    (word, refusal): (Option<&str>, &str),
    first_answer: Option<TransferFileId>,
    at: Timestamp,
) -> Result<()> {
    let sql = "
        UPDATE transfer_files SET state = 'FailedValidation', refusal_word = $5, refusal = $2,
            first_answer = $3, validated_at = $4, version = version + 1
        WHERE id = $1 AND state IN ('Received', 'Validated')";
    must_be_one(tx.exec(sql, args![id, refusal, first_answer, at, word])?)
}

/// Somebody decided about a file that is still in `from`.
pub fn set_decided(
    tx: &mut Tx,
    id: TransferFileId,
    (from, to): (State, State),
    authoriser: Option<UserId>,
    reason: Option<&str>,
    at: Timestamp,
) -> Result<()> {
    let sql = "
        UPDATE transfer_files SET state = $3, authoriser = $4, reason = $5, decided_at = $6,
            version = version + 1
        WHERE id = $1 AND state = $2";
    must_be_one(tx.exec(sql, args![id, from, to, authoriser, reason, at])?)
}

/// What came of applying a file.
#[derive(Clone, Debug)]
pub struct Applied {
    /// `Applied` or `PartApplied`.
    pub state: State,
    /// What came of it, as JSON.
    pub result: String,
    /// The number of its move; none if nothing moved.
    pub move_number: Option<i64>,
    /// Its response file.
    pub response: FileId,
    /// When.
    pub at: Timestamp,
}

/// The file was applied.
pub fn set_applied(tx: &mut Tx, id: TransferFileId, applied: &Applied) -> Result<()> {
    let sql = "
        UPDATE transfer_files SET state = $2, result = $3, move = CAST($4 AS INTEGER),
            response_file = $5, applied_at = $6, version = version + 1
        WHERE id = $1 AND state = 'Authorised'";
    let args = args![
        id,
        applied.state,
        applied.result.clone(),
        applied.move_number,
        applied.response,
        applied.at
    ];
    must_be_one(tx.exec(sql, args)?)
}

/// The file could not be applied: nothing moved.
pub fn set_failed(tx: &mut Tx, id: TransferFileId, reason: &str, at: Timestamp) -> Result<()> {
    let sql = "
        UPDATE transfer_files SET state = 'Failed', refusal = $2, applied_at = $3,
            version = version + 1
        WHERE id = $1 AND state = 'Authorised'";
    must_be_one(tx.exec(sql, args![id, reason, at])?)
}

fn must_be_one(rows: u64) -> Result<()> {
    if rows == 1 { Ok(()) } else { Err(Error::Missing { what: "transfer file in this state" }) }
}

/// Counts a controlled file that is being made: its sequence number.
pub fn next_generated(tx: &mut Tx) -> Result<i64> {
    tx.next_id("generated_files")
}

/// A controlled file that was made here.
#[derive(Clone, Copy, Debug)]
pub struct GeneratedRow<'a> {
    /// Its sequence number.
    pub id: i64,
    /// Its name.
    pub name: &'a str,
    /// Its bytes.
    pub file: FileId,
    /// How many hubs it names.
    pub hubs: i64,
    /// Who made it.
    pub made_by: UserId,
    /// When.
    pub made_at: Timestamp,
}

/// Adds a controlled file that was made here.
pub fn insert_generated(tx: &mut Tx, new: &GeneratedRow<'_>) -> Result<()> {
    let sql = "
        INSERT INTO generated_files (id, name, file, hubs, made_by, made_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    tx.exec(sql, args![new.id, new.name, new.file, new.hubs, new.made_by, new.made_at])?;
    Ok(())
}

/// What the queue of hubs installed before notes of one hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewInstalled {
    /// The line of the file.
    pub line: u32,
    /// The hub.
    pub hub: DeviceId,
    /// The status that it had.
    pub status: SmiStatus,
    /// Since when.
    pub status_at: Timestamp,
    /// The Party that has it.
    pub from_party: PartyId,
    /// The Party that it should have gone to.
    pub to_party: PartyId,
}

/// The place of the journal's last entry; 0 if there is none.
pub fn last_entry(tx: &mut Tx) -> Result<i64> {
    Ok(tx.one("journal", "SELECT coalesce(max(seq), 0) FROM journal", &[])?.get(0))
}

/// Whether anything after this entry may have changed what a check looks at.
pub fn has_changed_since(tx: &mut Tx, seq: i64) -> Result<bool> {
    let sql = "
        SELECT 1 FROM journal
        WHERE seq > $1 AND kind NOT IN ('SignedIn', 'PasswordSet', 'TokenIssued', 'TokenRevoked',
            'PersonAdded', 'RoleGranted', 'RoleRevoked', 'ImportReceived', 'TransferFileReceived',
            'TransferFileGenerated', 'TransferFileRefused', 'TransferFileValidated',
            'TransferFileAuthorised', 'TransferFileAuthorisationRefused', 'TransferFileRejected',
            'TransferFileWithdrawn', 'TransferFileOverdue', 'InstalledBeforeSettled',
            'DeliveryReportRequested', 'DeliveryReportWritten')
        LIMIT 1";
    Ok(tx.opt(sql, args![seq])?.is_some())
}
