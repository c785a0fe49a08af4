//! Writing a controlled file, and the names of files.

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::parse::Header;
use crate::DeviceId;
use crate::tabular::{write_field, write_number};

/// Writes a controlled file whose lines give each hub its new service user reference.
///
/// The header's count is not looked at: there are as many lines as there are.
pub fn write_controlled<'a>(
    out: &mut Vec<u8>,
    header: &Header,
    lines: impl ExactSizeIterator<Item = (DeviceId, &'a str)>,
) {
    let mut file = Controlled::begin(out, header, lines.len());
    for (device, reference) in lines {
        file.begin_line();
        file.out.push(b',');
        device.write_dashed(file.out);
        file.field(reference);
        file.end_line();
    }
    file.finish();
}

/// The name of a controlled file, `CHST_<preparer code>_<yyyymmddThhmmssZ>_<6-digit sequence>.csv`.
///
/// What no name may hold is left out of the preparer's code.
pub fn controlled_name(prepared_by: &str, created: Timestamp, sequence: u64) -> String {
    let code: String =
        prepared_by.chars().filter(char::is_ascii).filter(may_stand_in_code).collect();
    let code = if code.is_empty() { "X" } else { &code[..code.len().min(LONGEST_CODE)] };
    format!("CHST_{code}_{}_{:06}.csv", created.strftime("%Y%m%dT%H%M%SZ"), sequence % 1_000_000)
}

/// The name of a file's response file.
pub fn response_name(name: &str) -> String {
    format!("{}_RSP.csv", stem(name))
}

/// The name of the file of a file's rejected lines.
pub fn errors_name(name: &str) -> String {
    format!("{}_ERR.csv", stem(name))
}

/// Whether a controlled file may have this name.
///
/// Rejected lines that are sent again may keep the name that they were downloaded under.
pub fn is_controlled_name(name: &str) -> bool {
    let Some(mut stem) = base(name).strip_suffix(".csv") else { return false };
    while let Some(shorter) = stem.strip_suffix("_ERR") {
        stem = shorter;
    }
    let mut parts = stem.split('_');
    let (kind, code, time, sequence, end) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next());
    kind == Some("CHST")
        && code.is_some_and(is_code)
        && time.is_some_and(is_time)
        && sequence.is_some_and(|s| s.len() == 6 && s.bytes().all(|byte| byte.is_ascii_digit()))
        && end.is_none()
}

const LONGEST_CODE: usize = 30;

fn is_code(code: &str) -> bool {
    (1..=LONGEST_CODE).contains(&code.len()) && code.chars().all(|c| may_stand_in_code(&c))
}

fn may_stand_in_code(c: &char) -> bool {
    c.is_ascii_alphanumeric() || *c == '-'
}

fn is_time(time: &str) -> bool {
    let form = |(i, byte): (usize, u8)| match i {
        8 => byte == b'T',
        15 => byte == b'Z',
        _ => byte.is_ascii_digit(),
    };
    time.len() == 16 && time.bytes().enumerate().all(form) && time.parse::<Timestamp>().is_ok()
}

/// A name without the folders that some browsers put before it.
fn base(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

fn stem(name: &str) -> &str {
    let name = base(name);
    match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => name,
    }
}

/// A controlled file that is being written.
pub(super) struct Controlled<'o> {
    pub(super) out: &'o mut Vec<u8>,
    start: usize,
    lines: usize,
    written: usize,
}

impl<'o> Controlled<'o> {
    /// Writes the header.
    pub(super) fn begin(out: &'o mut Vec<u8>, header: &Header, lines: usize) -> Self {
        let start = out.len();
        let created = header.created.strftime("%Y-%m-%dT%H:%M:%SZ");
        out.extend_from_slice(format!("HDR,CHST,1.0,{},{created}", header.file_id).as_bytes());
        let mut file = Controlled { out, start, lines, written: 0 };
        for text in [&header.prepared_by, &header.reference, &header.from, &header.to] {
            file.field(text);
        }
        file.out.push(b',');
        write_number(file.out, lines as u64);
        file.end_line();
        file
    }

    /// Writes what every line begins with.
    pub(super) fn begin_line(&mut self) {
        self.written += 1;
        self.out.extend_from_slice(b"DTL,");
        write_number(self.out, self.written as u64);
    }

    /// Writes one more field.
    pub(super) fn field(&mut self, text: &str) {
        self.out.push(b',');
        write_field(self.out, text);
    }

    pub(super) fn end_line(&mut self) {
        self.out.extend_from_slice(b"\r\n");
    }

    /// Writes the trailer.
    pub(super) fn finish(self) {
        debug_assert_eq!(self.lines, self.written, "as many lines as were announced");
        let hash = super::parse::hex(&Sha256::digest(&self.out[self.start..]));
        self.out.extend_from_slice(format!("TRL,{},{hash}\r\n", self.lines).as_bytes());
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_are_of_the_form() {
        for name in [
            "CHST_DCC_20261123T090000Z_000001.csv",
            "CHST_A-1_20261123T090000Z_123456.csv",
            "C:\\fakepath\\CHST_DCC_20261123T090000Z_000001.csv",
            "CHST_DCC_20261123T090000Z_000001_ERR.csv",
            "CHST_DCC_20261123T090000Z_000001_ERR_ERR.csv",
        ] {
            assert!(is_controlled_name(name), "{name}");
        }
        for name in [
            "",
            "transfer.csv",
            "CHST_DCC_20261123T090000Z_000001",
            "CHST_DCC_20261123T090000Z_000001.xlsx",
            "CHST__20261123T090000Z_000001.csv",
            "CHST_D C_20261123T090000Z_000001.csv",
            "CHST_DCC_20261323T090000Z_000001.csv",
            "CHST_DCC_20261123T090000_000001.csv",
            "CHST_DCC_20261123T090000Z_00001.csv",
            "CHST_DCC_20261123T090000Z_00000a.csv",
            "CHST_DCC_20261123T090000Z_000001_x.csv",
            "chst_DCC_20261123T090000Z_000001.csv",
        ] {
            assert!(!is_controlled_name(name), "{name}");
        }
    }

    #[test]
    fn a_made_name_is_of_the_form() {
        let created = "2026-11-23T09:00:00.5Z".parse().unwrap();
        let name = controlled_name("DCC", created, 7);
        assert_eq!(name, "CHST_DCC_20261123T090000Z_000007.csv");
        for preparer in ["", "a_b c", "äö", &"x".repeat(99)] {
            assert!(is_controlled_name(&controlled_name(preparer, created, 12_345_678)));
        }
    }

    #[test]
    fn answers_are_named_after_their_file() {
        assert_eq!(response_name("transfer.csv"), "transfer_RSP.csv");
        assert_eq!(errors_name("pallets.v2.xlsx"), "pallets.v2_ERR.csv");
        assert_eq!(errors_name("a/b"), "b_ERR.csv");
        assert_eq!(response_name(".csv"), ".csv_RSP.csv");
    }
}
