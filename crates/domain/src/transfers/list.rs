//! Lists of hubs as people give them, and the two lists that are kept: the sender's manifest and
//! the receiver's receipt.

use std::fmt;

use super::FaultReason;
use crate::DeviceId;
use crate::device_id::DeviceIdError;
use crate::reconciliation::{Receipt, Received};
use crate::tabular::{Columns, HeaderError, Limits, Records, Unreadable, write_field};

/// The columns of a manifest or a receipt. A line has the ID of a hub, or a pallet, or a box alone.
pub const LIST_COLUMNS: &[&str] =
    &["CommsHubID", "GPFID", "PalletID", "BoxID", "Outcome", "Reason"];

/// What one line of a list names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mention {
    /// A hub, with the GPF ID that stands beside it if there is one.
    Hub(DeviceId, Option<DeviceId>),
    /// Every hub of a pallet, or of one box of it.
    Pallet {
        /// The pallet's label.
        pallet: String,
        /// The box's label; empty for all boxes.
        of_box: String,
    },
    /// Something that was pasted or scanned and is no ID: a pallet, a box, or a mistake.
    Label(String, DeviceIdError),
    /// Nothing that can be used, and why.
    Mistake(String),
}

/// What the receiver says of the hubs of a line; nothing else means accepted.
pub type Verdict = Received;

/// One line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListRow {
    /// Where a person finds it.
    pub line: u32,
    /// What was given, for the answer.
    pub given: String,
    /// What it names.
    pub mention: Mention,
    /// What the receiver says of it.
    pub verdict: Verdict,
}

/// Why a list is refused whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListRefusal {
    /// It is not text that can be read.
    Unreadable(Unreadable),
    /// Its header does not fit.
    Header(HeaderError),
    /// It names neither hubs nor pallets nor boxes.
    NoColumn,
    /// There is no line in it.
    Empty,
}

impl fmt::Display for ListRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ListRefusal::Unreadable(why) => why.fmt(f),
            ListRefusal::Header(why) => write!(f, "{why} {}", ListRefusal::NoColumn),
            ListRefusal::NoColumn => {
                f.write_str("The header needs a column CommsHubID, PalletID or BoxID.")
            }
            ListRefusal::Empty => f.write_str("The list has no lines."),
        }
    }
}

/// The longest thing that is given back in an answer.
const LONGEST_GIVEN: usize = 60;

fn shortened(given: &str) -> String {
    given.trim().chars().take(LONGEST_GIVEN).collect()
}

/// Reads a manifest or receipt: every line, with what is wrong with it.
pub fn read_list(bytes: &[u8]) -> Result<Vec<ListRow>, ListRefusal> {
    let mut records = Records::new(bytes, Limits::default()).map_err(ListRefusal::Unreadable)?;
    let header = records.next_record().map_err(ListRefusal::Unreadable)?;
    let header = header.ok_or(ListRefusal::Empty)?;
    let columns = Columns::of(&header, &[], LIST_COLUMNS).map_err(ListRefusal::Header)?;
    if [0, 2, 3].iter().all(|column| columns.position(*column).is_none()) {
        return Err(ListRefusal::NoColumn);
    }
    let mut rows = Vec::new();
    while let Some(record) = records.next_record().map_err(ListRefusal::Unreadable)? {
        let field = |column: usize| columns.get(&record, column);
        let parts = [field(0), field(2), field(3)];
        let given = parts.iter().find(|part| !part.is_empty()).copied().unwrap_or_default();
        let (mention, verdict) = if record.len() == columns.width() {
            line([field(0), field(1), field(2), field(3), field(4), field(5)])
                .unwrap_or_else(|mistake| (Mention::Mistake(mistake), Received::Accepted))
        } else {
            let (found, wanted) = (record.len(), columns.width());
            let mistake = format!("The line has {found} fields and the header {wanted}.");
            (Mention::Mistake(mistake), Received::Accepted)
        };
        rows.push(ListRow { line: record.line, given: shortened(given), mention, verdict });
    }
    if rows.is_empty() { Err(ListRefusal::Empty) } else { Ok(rows) }
}

fn line(
    [id, gpf, pallet, of_box, outcome, reason]: [&str; 6],
) -> Result<(Mention, Verdict), String> {
    let device = |text: &str| match text {
        "" => Ok(None),
        text => DeviceId::parse(text).map(Some).map_err(|mistake| mistake.to_string()),
    };
    let verdict = verdict(outcome, reason)?;
    let gpf = device(gpf).map_err(|mistake| format!("GPFID: {mistake}"))?;
    let mention = match device(id)? {
        Some(hub) => Mention::Hub(hub, gpf),
        None if pallet.is_empty() && of_box.is_empty() => {
            return Err("The line names no hub, no pallet and no box.".to_owned());
        }
        None => Mention::Pallet { pallet: pallet.to_owned(), of_box: of_box.to_owned() },
    };
    Ok((mention, verdict))
}

fn verdict(outcome: &str, reason: &str) -> Result<Verdict, String> {
    let is_rejected = match outcome.to_ascii_lowercase().as_str() {
        "" | "accepted" => false,
        "rejected" => true,
        _ => return Err("Outcome: It is neither Accepted nor Rejected.".to_owned()),
    };
    match (is_rejected, reason) {
        (false, "") => Ok(Received::Accepted),
        (false, _) => Err("Reason: Only a rejected line has one.".to_owned()),
        (true, reason) => FaultReason::from_name(reason).map(Received::Rejected).ok_or_else(|| {
            let names: Vec<&str> = FaultReason::ALL.iter().map(|reason| reason.name()).collect();
            format!("Reason: A rejected line needs one of {}.", names.join(", "))
        }),
    }
}

/// Reads what was pasted or scanned: an ID, a pallet's or a box's label in each cell; or a table
/// with the headings of a manifest or a receipt, whose pallets only say where its hubs are.
pub fn pasted(text: &str) -> Vec<ListRow> {
    if let Some(table) = pasted_table(text) {
        return table;
    }
    let mut rows = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        for cell in line.split(['\t', ',', ';']).filter(|cell| !is_blank(cell)) {
            if rows.is_empty() && is_heading(cell) {
                continue;
            }
            let mention = match DeviceId::parse(cell) {
                Ok(hub) => Mention::Hub(hub, None),
                Err(mistake) => Mention::Label(cell.trim().to_owned(), mistake),
            };
            let (given, verdict) = (shortened(cell), Received::Accepted);
            rows.push(ListRow { line: number, given, mention, verdict });
        }
    }
    rows
}

/// A table that was copied with its headings from a spreadsheet, which puts tabs between cells.
fn pasted_table(text: &str) -> Option<Vec<ListRow>> {
    let headings = text.lines().next()?;
    let cells = headings.split(['\t', ',']).filter(|cell| !is_blank(cell)).count();
    if cells < 2 {
        return None;
    }
    read_list(text.replace('\t', ",").as_bytes()).ok()
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

/// Writes the sender's manifest: each hub with its pallet and box.
pub fn write_manifest<'a>(
    out: &mut Vec<u8>,
    rows: impl Iterator<Item = (DeviceId, &'a str, &'a str)>,
) {
    out.extend_from_slice(b"CommsHubID,PalletID,BoxID\r\n");
    for (hub, pallet, of_box) in rows {
        hub.write_dashed(out);
        for text in [pallet, of_box] {
            out.push(b',');
            write_field(out, text);
        }
        out.extend_from_slice(b"\r\n");
    }
}

/// Writes the receiver's receipt: a hub that the list names twice has two lines.
pub fn write_receipt(out: &mut Vec<u8>, receipt: &[Receipt]) {
    out.extend_from_slice(b"CommsHubID,Outcome,Reason\r\n");
    for listed in receipt {
        for _ in 0..listed.times {
            listed.hub.write_dashed(out);
            match listed.received {
                Received::Accepted => out.extend_from_slice(b",Accepted,"),
                Received::Rejected(reason) => {
                    out.extend_from_slice(b",Rejected,");
                    write_field(out, reason.name());
                }
            }
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// The hubs of a manifest that was written here, in its order.
pub fn read_manifest(bytes: &[u8]) -> Result<Vec<DeviceId>, String> {
    let rows = read_list(bytes).map_err(|refusal| refusal.to_string())?;
    let hub = |row: ListRow| match row.mention {
        Mention::Hub(hub, _) => Ok(hub),
        _ => Err(format!("line {} names no hub", row.line)),
    };
    rows.into_iter().map(hub).collect()
}

/// The lines of a receipt that was written here, each hub once, in its order.
pub fn read_receipt(bytes: &[u8]) -> Result<Vec<Receipt>, String> {
    let rows = match read_list(bytes) {
        Ok(rows) => rows,
        Err(ListRefusal::Empty) => return Ok(Vec::new()),
        Err(refusal) => return Err(refusal.to_string()),
    };
    let mut receipt: Vec<Receipt> = Vec::with_capacity(rows.len());
    for row in rows {
        let Mention::Hub(hub, _) = row.mention else {
            return Err(format!("line {} names no hub", row.line));
        };
        match receipt.last_mut() {
            Some(last) if last.hub == hub => last.times += 1,
            _ => receipt.push(Receipt { hub, received: row.verdict, times: 1 }),
        }
    }
    Ok(receipt)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn hub(n: u64) -> DeviceId {
        DeviceId::from_bits(0x00DB_1234_5678_9000 | n).unwrap()
    }

    #[test]
    fn a_list_names_hubs_pallets_and_boxes() {
        let text = "CommsHubID,GPFID,PalletID,BoxID,Outcome,Reason\r\n\
                    00-DB-12-34-56-78-90-01,,,,,\r\n\
                    0x00DB123456789002,00DB1234567890FF,PAL1,,accepted,\r\n\
                    ,,PAL2,,,\r\n\
                    ,,PAL2,B7,Rejected,damaged CASE\r\n";
        let rows = read_list(text.as_bytes()).unwrap();
        let mentions: Vec<&Mention> = rows.iter().map(|row| &row.mention).collect();
        let pallet =
            |of_box: &str| Mention::Pallet { pallet: "PAL2".into(), of_box: of_box.into() };
        assert_eq!(
            mentions,
            [
                &Mention::Hub(hub(1), None),
                &Mention::Hub(hub(2), DeviceId::from_bits(0x00DB_1234_5678_90FF)),
                &pallet(""),
                &pallet("B7")
            ]
        );
        assert_eq!(rows[3].verdict, Received::Rejected(FaultReason::DamagedCase));
        assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 3, 4, 5]);
    }

    #[test]
    fn every_mistake_has_its_line() {
        let text = "CommsHubID,Outcome,Reason\n9.035E+13,,\n,,\n00DB123456789001,Rejected,\n\
                    00DB123456789001,perhaps,\n00DB123456789001,,LED Fault\n00DB123456789001\n";
        let rows = read_list(text.as_bytes()).unwrap();
        let mistakes: Vec<String> = rows
            .into_iter()
            .map(|row| match row.mention {
                Mention::Mistake(mistake) => mistake.split('.').next().unwrap().to_owned(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(mistakes.len(), 6);
        assert!(mistakes[0].starts_with("A spreadsheet changed this value"));
        assert!(mistakes[1].starts_with("The line names no hub"));
        assert!(mistakes[2].starts_with("Reason: A rejected line needs one of Damaged case"));
        assert!(mistakes[3].starts_with("Outcome"));
        assert!(mistakes[4].starts_with("Reason: Only a rejected line"));
        assert!(mistakes[5].starts_with("The line has 1 fields"));
    }

    #[test]
    fn a_pasted_manifest_names_its_hubs_and_not_whole_pallets() {
        let text = "CommsHubID\tPalletID\tBoxID\r\n00DB123456789001\tPAL2\tB7\r\n\
                    00DB123456789002\tPAL2\tB7\r\n";
        let mentions: Vec<Mention> = pasted(text).into_iter().map(|row| row.mention).collect();
        assert_eq!(mentions, [Mention::Hub(hub(1), None), Mention::Hub(hub(2), None)]);
        let cells = pasted("00DB123456789001\tPAL2");
        assert!(
            matches!(cells[1].mention, Mention::Label(..)),
            "without headings each cell counts"
        );
    }

    #[test]
    fn a_list_without_a_usable_column_or_line_is_refused() {
        let refusal = |text: &str| read_list(text.as_bytes()).unwrap_err();
        assert!(matches!(refusal("Colour\nred\n"), ListRefusal::Header(_)));
        assert_eq!(refusal("Outcome\nAccepted\n"), ListRefusal::NoColumn);
        assert_eq!(refusal("CommsHubID\n"), ListRefusal::Empty);
        assert_eq!(refusal(""), ListRefusal::Empty);
    }

    #[test]
    fn what_is_pasted_is_an_id_or_a_label() {
        let rows =
            pasted("Comms Hub ID\n00DB123456789001, PAL000042\n\n 00-DB-12-34-56-78-90-02\n");
        assert_eq!(rows.len(), 3);
        assert_eq!(rows[0].mention, Mention::Hub(hub(1), None));
        assert!(matches!(&rows[1].mention, Mention::Label(label, _) if label == "PAL000042"));
        assert_eq!((rows[2].line, &rows[2].mention), (4, &Mention::Hub(hub(2), None)));
    }

    #[test]
    fn the_kept_lists_read_back() {
        let mut out = Vec::new();
        write_manifest(&mut out, [(hub(1), "PAL,1", "B"), (hub(2), "", "")].into_iter());
        assert_eq!(read_manifest(&out).unwrap(), [hub(1), hub(2)]);
        let receipt = [
            Receipt { hub: hub(1), received: Received::Accepted, times: 2 },
            Receipt { hub: hub(2), received: Received::Rejected(FaultReason::Led), times: 1 },
        ];
        let mut out = Vec::new();
        write_receipt(&mut out, &receipt);
        assert_eq!(read_receipt(&out).unwrap(), receipt);
        let mut out = Vec::new();
        write_receipt(&mut out, &[]);
        assert_eq!(read_receipt(&out).unwrap(), []);
    }
}
