//! Making a controlled file from a list of hubs and a new Party.

use std::collections::HashMap;

use domain::access::{Action, Actor};
use domain::ids::TransferFileId;
use domain::transfer_files::generate::{controlled_name, write_controlled};
use domain::transfer_files::parse::Header;
use domain::{DeviceId, Refusal};
use jiff::Timestamp;
use store::Tx;
use store::files::StoredFile;
use store::transfer_files::{self as rows, GeneratedRow, NewTransferFile};

use super::submit::receive_row;
use super::{GenerateRequest, Generated, GeneratedFile, IdMistake, Submission, Submitted, submit};
use crate::files::hex;
use crate::jobs::{JobKind, enqueue};
use crate::journal::{By, Event, record};
use crate::{App, Result, parties, settings};

/// The longest transfer or SoLR reference.
const LONGEST_REFERENCE: usize = 100;

/// Makes a controlled file; nothing is submitted.
pub fn generate(app: &App, actor: &Actor, request: &GenerateRequest) -> Result<Generated> {
    actor.must(Action::PrepareTransferFile)?;
    let devices: Vec<DeviceId> = match read_ids(&request.ids) {
        Ok(devices) if devices.is_empty() => {
            return Err(Refusal::field("ids", "Enter at least one device ID.").into());
        }
        Ok(devices) => devices.into_iter().map(|(_, device)| device).collect(),
        Err(mistakes) => return Ok(Generated::Mistakes(mistakes)),
    };
    let reference = given_reference(&request.reference)?;
    let mut tx = app.db.write()?;
    let (from, to) = parties(&mut tx, request)?;
    let (file, _) = make(&mut tx, app, actor, &Prepared { devices, reference, from, to })?;
    tx.commit()?;
    Ok(Generated::File(file))
}

/// What a controlled file says.
pub(crate) struct Prepared {
    /// The hubs, each once.
    pub devices: Vec<DeviceId>,
    /// The transfer or SoLR reference.
    pub reference: String,
    /// The service user reference of the Party that the hubs are with; empty if there are several.
    pub from: String,
    /// The service user reference of the new Party.
    pub to: String,
}

/// Makes a controlled file, stores it and notes it.
fn make(
    tx: &mut Tx,
    app: &App,
    actor: &Actor,
    given: &Prepared,
) -> Result<(GeneratedFile, StoredFile)> {
    let at = app.now();
    let created = Timestamp::from_second(at.as_second()).unwrap_or(at);
    let prepared_by = settings::text(tx, &settings::TRANSFER_FILE_PREPARER_CODE)?;
    let sequence = rows::next_generated(tx)?;
    let name = controlled_name(&prepared_by, created, sequence.unsigned_abs());
    let header = Header {
        file_id: uuid::Uuid::new_v4(),
        created,
        prepared_by,
        reference: given.reference.clone(),
        from: given.from.clone(),
        to: given.to.clone(),
        count: given.devices.len() as u32,
    };
    let mut bytes = Vec::new();
    let lines = given.devices.iter().map(|device| (*device, given.to.as_str()));
    write_controlled(&mut bytes, &header, lines);
    let stored = store::files::keep(tx, &bytes, at)?;
    let file = GeneratedFile { name, bytes, hubs: given.devices.len() as u64 };
    note(tx, actor, sequence, &file, &stored, at)?;
    Ok((file, stored))
}

/// Makes a controlled file and puts it in the queue to be checked, in the caller's transaction.
pub(crate) fn prepare(
    tx: &mut Tx,
    app: &App,
    actor: &Actor,
    given: &Prepared,
) -> Result<TransferFileId> {
    let (file, stored) = make(tx, app, actor, given)?;
    let new = NewTransferFile {
        name: &file.name,
        file: stored.id,
        all_or_nothing: false,
        preparer: actor.user,
        at: app.now(),
    };
    let id = receive_row(tx, &new, &stored, By::from(actor))?;
    enqueue(tx, JobKind::ValidateTransferFile, id.0, new.at)?;
    Ok(id)
}

fn note(
    tx: &mut Tx,
    actor: &Actor,
    sequence: i64,
    file: &GeneratedFile,
    stored: &StoredFile,
    at: Timestamp,
) -> Result<()> {
    let row = GeneratedRow {
        id: sequence,
        name: &file.name,
        file: stored.id,
        hubs: file.hubs as i64,
        made_by: actor.user,
        made_at: at,
    };
    rows::insert_generated(tx, &row)?;
    let event = Event::TransferFileGenerated {
        name: file.name.clone(),
        sha256: hex(&stored.sha256),
        sequence,
        hubs: file.hubs,
    };
    record(tx, at, By::from(actor), &event)?;
    Ok(())
}

/// Makes a controlled file and submits it, or gives all mistakes back.
pub fn generate_and_submit(
    app: &App,
    actor: &Actor,
    request: &GenerateRequest,
    all_or_nothing: bool,
) -> Result<std::result::Result<(GeneratedFile, Submitted), Vec<IdMistake>>> {
    let file = match generate(app, actor, request)? {
        Generated::File(file) => file,
        Generated::Mistakes(mistakes) => return Ok(Err(mistakes)),
    };
    let submission = Submission { name: file.name.clone(), all_or_nothing };
    let submitted = submit(app, actor, submission, &mut file.bytes.as_slice())?;
    Ok(Ok((file, submitted)))
}

/// The devices in a pasted text with their lines, one in each cell; or every mistake.
pub(crate) fn read_ids(pasted: &str) -> std::result::Result<Vec<(u32, DeviceId)>, Vec<IdMistake>> {
    let mut devices = Vec::new();
    let mut lines: HashMap<DeviceId, u32> = HashMap::new();
    let mut mistakes = Vec::new();
    for (number, line) in (1..).zip(pasted.lines()) {
        for cell in line.split(['\t', ',', ';']).filter(|cell| !is_blank(cell)) {
            if devices.is_empty() && mistakes.is_empty() && is_heading(cell) {
                continue;
            }
            let mut mistake = |message: String| {
                let given = cell.trim().chars().take(60).collect();
                mistakes.push(IdMistake { line: number, given, message });
            };
            match DeviceId::parse(cell) {
                Err(error) => mistake(error.to_string()),
                Ok(device) => match lines.insert(device, number) {
                    Some(earlier) => {
                        lines.insert(device, earlier);
                        mistake(format!("Same device as line {earlier}. Remove one of them."));
                    }
                    None => devices.push((number, device)),
                },
            }
        }
    }
    if mistakes.is_empty() { Ok(devices) } else { Err(mistakes) }
}

fn is_blank(cell: &str) -> bool {
    cell.chars().all(|c| c.is_whitespace() || matches!(c, '\u{200B}' | '\u{FEFF}'))
}

/// The heading of a column that was pasted with it.
fn is_heading(cell: &str) -> bool {
    let plain: String = cell.chars().filter(char::is_ascii_alphanumeric).collect();
    let headings = ["commshubid", "chfid", "chfdeviceid", "deviceid", "guid", "id"];
    headings.contains(&plain.to_ascii_lowercase().as_str())
}

fn given_reference(reference: &str) -> Result<String> {
    let reference = reference.trim();
    let message = match reference {
        "" => "Enter the reference of the transfer or SoLR event.".to_owned(),
        _ if reference.len() > LONGEST_REFERENCE => {
            format!("Shorten the reference to {LONGEST_REFERENCE} characters.")
        }
        _ if reference.chars().any(char::is_control) => {
            "The reference holds characters that cannot be printed.".to_owned()
        }
        _ => return Ok(reference.to_owned()),
    };
    Err(Refusal::field("reference", message).into())
}

/// The references of the sending Party, which may be empty, and of the new one.
fn parties(tx: &mut Tx, request: &GenerateRequest) -> Result<(String, String)> {
    let parties = parties::book(tx)?;
    let known = |field: &'static str, reference: &str| {
        parties.by_reference(reference).ok_or_else(|| {
            let message = format!("No Party has the service user reference {reference}.");
            Refusal::field(field, message)
        })
    };
    let to = request.to_reference.trim();
    if to.is_empty() {
        return Err(Refusal::field("to_reference", "Choose the new Party.").into());
    }
    let receiver = known("to_reference", to)?;
    if !receiver.details.can_receive_hubs() {
        let name = &receiver.details.legal_name;
        let message =
            format!("Hubs can't be moved to {name}: it is not active, or may not hold any.");
        return Err(Refusal::field("to_reference", message).into());
    }
    let from = request.from_reference.as_deref().unwrap_or_default().trim();
    if from.is_empty() {
        return Ok((String::new(), to.to_owned()));
    }
    known("from_reference", from)?;
    Ok((from.to_owned(), to.to_owned()))
}

/// A file was generated, as the journal has it.
pub(super) fn redo(
    tx: &mut Tx,
    (sequence, name, hubs): (i64, &str, u64),
    bytes: &[u8],
    made_by: i64,
    at: Timestamp,
) -> Result<()> {
    let stored = store::files::keep(tx, bytes, at)?;
    let made_by = domain::ids::UserId(made_by);
    let hubs = hubs as i64;
    let row = GeneratedRow { id: sequence, name, file: stored.id, hubs, made_by, made_at: at };
    Ok(rows::insert_generated(tx, &row)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_people_paste_them() {
        let pasted = "CommsHubID\r\n00-DB-12-34-56-78-90-A2\n\n0x00DB1234567890A3, 00db1234567890a4\t\
                      00 DB 12 34 56 78 90 A5\n";
        let devices = read_ids(pasted).unwrap();
        let last: Vec<u8> = devices.iter().map(|(_, device)| device.bits() as u8).collect();
        assert_eq!(last, [0xA2, 0xA3, 0xA4, 0xA5]);
        let lines: Vec<u32> = devices.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [2, 4, 4, 4]);
    }

    #[test]
    fn each_mistake_has_its_line_and_none_is_lost() {
        let pasted = "00DB1234567890A2\n9.035E+13\n00-DB-12-34-56-78-90-A2\nDB1234567890A2\n";
        let mistakes = read_ids(pasted).unwrap_err();
        let lines: Vec<u32> = mistakes.iter().map(|mistake| mistake.line).collect();
        assert_eq!(lines, [2, 3, 4]);
        assert_eq!(mistakes[1].message, "Same device as line 1. Remove one of them.");
    }
}
