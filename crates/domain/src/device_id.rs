//! Device IDs: the EUI-64 of a Communications Hub Function or a Gas Proxy Function.
//!
//! People spell them in many ways; inside, a device is one 64-bit number and has one spelling.
//! What is not an ID is never guessed at, and the answer says what is wrong with it.

use std::fmt;

/// A device's EUI-64.
///
/// The database keeps [`DeviceId::key`], which orders differently: IDs from
/// `80-00-…` upwards are negative there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(u64);

/// Why a text is not a device ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceIdError {
    /// Nothing there.
    Empty,
    /// A number as spreadsheets write them, such as `9.035E+13`.
    ChangedBySpreadsheet,
    /// A character that has no place in an ID.
    WrongCharacter {
        /// The character.
        character: char,
        /// Where it stands in the text as it was given, counted from 1.
        position: u32,
    },
    /// 9 to 15 hexadecimal digits without separators.
    LeadingZerosLost {
        /// How many digits there are.
        digits: u32,
    },
    /// Fewer digits than an ID has.
    TooShort {
        /// How many digits there are.
        digits: u32,
    },
    /// More digits than an ID has.
    TooLong {
        /// How many digits there are.
        digits: u32,
    },
    /// Groups that are not equal, or separators that are not alike.
    UnevenGroups,
    /// Separators after `0x`.
    SeparatorsAfterPrefix,
    /// All zeros or all ones.
    NotADevice,
}

impl DeviceId {
    /// The device with these 64 bits; all zeros and all ones are not devices.
    pub fn from_bits(bits: u64) -> Option<Self> {
        (bits != 0 && bits != u64::MAX).then_some(DeviceId(bits))
    }

    /// The 64 bits.
    pub fn bits(self) -> u64 {
        self.0
    }

    /// The same bits as the signed number that the database keeps.
    pub fn key(self) -> i64 {
        self.0.cast_signed()
    }

    /// The device that the database keeps under this number.
    pub fn from_key(key: i64) -> Self {
        DeviceId(key.cast_unsigned())
    }

    /// Reads an ID in any of the accepted spellings.
    pub fn parse(text: &str) -> Result<Self, DeviceIdError> {
        let bytes = text.as_bytes();
        let bits = match bytes.len() {
            23 => grouped::<2>(bytes, b'-'),
            16 => ungrouped(bytes),
            _ => None,
        };
        match bits {
            Some(bits) => Self::from_bits(bits).ok_or(DeviceIdError::NotADevice),
            None => parse_any_spelling(text),
        }
    }

    /// Writes the dashed upper-case form, 23 bytes.
    pub fn write_dashed(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.dashed());
    }

    /// Whether this is a group's address, which no single device should have.
    pub fn is_group(self) -> bool {
        (self.0 >> 56) & 1 == 1
    }

    /// Whether this was made up locally and not assigned by the IEEE's registry.
    pub fn is_local(self) -> bool {
        (self.0 >> 56) & 2 == 2
    }

    fn dashed(self) -> [u8; 23] {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        let mut text = [b'-'; 23];
        for (i, byte) in self.0.to_be_bytes().into_iter().enumerate() {
            text[3 * i] = DIGITS[usize::from(byte >> 4)];
            text[3 * i + 1] = DIGITS[usize::from(byte & 15)];
        }
        text
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.dashed();
        f.pad(std::str::from_utf8(&text).expect("digits and dashes are UTF-8"))
    }
}

impl fmt::Debug for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for DeviceId {
    type Err = DeviceIdError;

    fn from_str(text: &str) -> Result<Self, DeviceIdError> {
        Self::parse(text)
    }
}

impl fmt::Display for DeviceIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            DeviceIdError::Empty => f.write_str("The ID is empty."),
            DeviceIdError::ChangedBySpreadsheet => f.write_str(
                "A spreadsheet changed this value; format the column as Text and paste the IDs \
                 again.",
            ),
            DeviceIdError::WrongCharacter { character, position } => {
                write!(f, "Character {position} is ")?;
                if character.is_ascii_graphic() || character.is_alphanumeric() {
                    write!(f, "'{character}'")?;
                } else {
                    write!(f, "U+{:04X}", u32::from(character))?;
                }
                f.write_str("; an ID has only the digits 0 to 9 and the letters A to F.")
            }
            DeviceIdError::LeadingZerosLost { digits } => write!(
                f,
                "Only {digits} of 16 digits: leading zeros lost? Format the column as Text and \
                 paste the IDs again."
            ),
            DeviceIdError::TooShort { digits } => {
                write!(f, "Too short: {digits} of 16 hexadecimal digits.")
            }
            DeviceIdError::TooLong { digits } => {
                write!(f, "Too long: {digits} hexadecimal digits, an ID has 16.")
            }
            DeviceIdError::UnevenGroups => f.write_str(
                "The digits are not in equal groups with one kind of separator; write the ID like \
                 00-DB-12-34-56-78-90-A2.",
            ),
            DeviceIdError::SeparatorsAfterPrefix => {
                f.write_str("After 0x an ID has 16 digits without separators.")
            }
            DeviceIdError::NotADevice => {
                f.write_str("This is not a device: all zeros and all ones are never assigned.")
            }
        }
    }
}

impl std::error::Error for DeviceIdError {}

/// What may stand around an ID and is passed over.
const BLANKS: [char; 5] = [' ', '\t', '\u{a0}', '\u{200b}', '\u{feff}'];

/// The value of each byte as a hexadecimal digit; 255 for the others.
const HEX: [u8; 256] = {
    let mut table = [255; 256];
    let mut digit = 0;
    while digit < 16 {
        let upper = b"0123456789ABCDEF"[digit];
        table[upper as usize] = digit as u8;
        table[upper.to_ascii_lowercase() as usize] = digit as u8;
        digit += 1;
    }
    table
};

fn ungrouped(bytes: &[u8]) -> Option<u64> {
    if bytes.len() != 16 {
        return None;
    }
    let mut bits = 0;
    let mut wrong = 0;
    for byte in bytes {
        let digit = HEX[usize::from(*byte)];
        wrong |= digit & 0x80;
        bits = bits << 4 | u64::from(digit & 15);
    }
    (wrong == 0).then_some(bits)
}

/// Reads groups of `N` digits with this separator between them.
fn grouped<const N: usize>(bytes: &[u8], separator: u8) -> Option<u64> {
    if bytes.len() != 16 + 16 / N - 1 {
        return None;
    }
    let mut bits = 0;
    let mut wrong = 0;
    for group in bytes.chunks(N + 1) {
        for byte in &group[..N] {
            let digit = HEX[usize::from(*byte)];
            wrong |= digit & 0x80;
            bits = bits << 4 | u64::from(digit & 15);
        }
        wrong |= group.get(N).map_or(0, |byte| byte ^ separator);
    }
    (wrong == 0).then_some(bits)
}

#[cold]
fn parse_any_spelling(text: &str) -> Result<DeviceId, DeviceIdError> {
    let (start, core) = without_surroundings(text);
    let bytes = core.as_bytes();
    let prefixed = bytes.len() >= 2 && bytes[0] == b'0' && bytes[1].eq_ignore_ascii_case(&b'x');
    let bits = if prefixed {
        ungrouped(&bytes[2..])
    } else {
        ungrouped(bytes).or_else(|| {
            let separator = *bytes.get(2).filter(|byte| is_separator(**byte))?;
            grouped::<2>(bytes, separator)
        })
    };
    let bits = bits.or_else(|| {
        let separator = *bytes.get(4).filter(|byte| !prefixed && is_separator(**byte))?;
        grouped::<4>(bytes, separator)
    });
    match bits {
        Some(bits) => DeviceId::from_bits(bits).ok_or(DeviceIdError::NotADevice),
        None => Err(mistake(text, start, core, prefixed)),
    }
}

/// The ID without blanks, one pair of quotes and `GUID:`, and where it starts.
fn without_surroundings(text: &str) -> (usize, &str) {
    let (mut start, mut core) = without_blanks(0, text);
    if let [first @ (b'"' | b'\''), .., last] = core.as_bytes()
        && first == last
    {
        (start, core) = without_blanks(start + 1, &core[1..core.len() - 1]);
    }
    if core.get(..5).is_some_and(|prefix| prefix.eq_ignore_ascii_case("GUID:")) {
        (start, core) = without_blanks(start + 5, &core[5..]);
    }
    (start, core)
}

fn without_blanks(start: usize, text: &str) -> (usize, &str) {
    let core = text.trim_start_matches(BLANKS);
    (start + text.len() - core.len(), core.trim_end_matches(BLANKS))
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b'-' | b':' | b'.' | b' ')
}

/// What is wrong with a text that is known not to be an ID.
fn mistake(text: &str, start: usize, core: &str, prefixed: bool) -> DeviceIdError {
    if core.is_empty() {
        return DeviceIdError::Empty;
    }
    if is_spreadsheet_number(core) {
        return DeviceIdError::ChangedBySpreadsheet;
    }
    let (start, core) = if prefixed { (start + 2, &core[2..]) } else { (start, core) };
    let is_allowed =
        |c: char| u8::try_from(c).is_ok_and(|b| HEX[usize::from(b)] < 16 || is_separator(b));
    if let Some((at, character)) = core.char_indices().find(|(_, c)| !is_allowed(*c)) {
        let position = text[..start + at].chars().count() as u32 + 1;
        return DeviceIdError::WrongCharacter { character, position };
    }
    let digits = core.bytes().filter(|byte| !is_separator(*byte)).count() as u32;
    let has_separators = digits as usize != core.len();
    match digits {
        _ if prefixed && has_separators => DeviceIdError::SeparatorsAfterPrefix,
        9..=15 if !has_separators => DeviceIdError::LeadingZerosLost { digits },
        0..=15 => DeviceIdError::TooShort { digits },
        16 => DeviceIdError::UnevenGroups,
        _ => DeviceIdError::TooLong { digits },
    }
}

/// Whether this is a number in scientific notation: `9.035E+13`, `9,035E+13`, `1.23E15`, `9E+13`.
///
/// Digits and one `E` alone could as well be what is left of an ID, unless one digit stands
/// before the `E` and no more than two behind it.
fn is_spreadsheet_number(core: &str) -> bool {
    let unsigned = core.strip_prefix(['-', '+']).unwrap_or(core);
    let Some((mantissa, exponent)) = unsigned.split_once(['E', 'e']) else { return false };
    let (whole, fraction) = match mantissa.split_once(['.', ',']) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let power = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    let are_digits = |s: &str| !s.is_empty() && s.bytes().all(|byte| byte.is_ascii_digit());
    let marked = fraction.is_some() || power.len() != exponent.len();
    let short = whole.len() == 1 && power.len() <= 2;
    are_digits(whole) && fraction.is_none_or(are_digits) && are_digits(power) && (marked || short)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const BITS: u64 = 0x00DB_1234_5678_90A2;

    #[test]
    fn every_accepted_spelling_is_the_same_device() {
        for text in [
            "00-DB-12-34-56-78-90-A2",
            "00-db-12-34-56-78-90-a2",
            "00:DB:12:34:56:78:90:A2",
            "00.DB.12.34.56.78.90.A2",
            "00 DB 12 34 56 78 90 A2",
            "00DB-1234-5678-90A2",
            "00DB.1234.5678.90A2",
            "00db 1234 5678 90a2",
            "00DB:1234:5678:90A2",
            "00DB1234567890A2",
            "0x00DB1234567890A2",
            "0X00db1234567890a2",
            "GUID:00-DB-12-34-56-78-90-A2",
            "guid: 00DB1234567890A2",
            "GUID:0x00DB1234567890A2",
            " \u{a0}00-DB-12-34-56-78-90-A2\t",
            "\u{feff}00DB1234567890A2\u{200b}",
            "'00-DB-12-34-56-78-90-A2'",
            "\" 00DB1234567890A2 \"",
            "\"GUID: 00DB1234567890A2\"",
        ] {
            assert_eq!(DeviceId::parse(text).map(DeviceId::bits), Ok(BITS), "{text:?}");
        }
    }

    #[test]
    fn it_is_shown_dashed_in_upper_case() {
        let id = DeviceId::from_bits(BITS).unwrap();
        assert_eq!(id.to_string(), "00-DB-12-34-56-78-90-A2");
        let mut out = Vec::new();
        id.write_dashed(&mut out);
        assert_eq!(out, b"00-DB-12-34-56-78-90-A2");
    }

    #[test]
    fn the_key_has_the_same_bits() {
        let id = DeviceId::from_bits(0xFFDB_1234_5678_90A2).unwrap();
        assert!(id.key() < 0);
        assert_eq!(DeviceId::from_key(id.key()), id);
    }

    #[test]
    fn what_is_wrong_is_said() {
        use DeviceIdError::*;
        let wrong = |character, position| WrongCharacter { character, position };
        for (text, expected) in [
            ("", Empty),
            (" \u{a0}", Empty),
            ("''", Empty),
            ("GUID:", Empty),
            ("9.035E+13", ChangedBySpreadsheet),
            ("9,035E+13", ChangedBySpreadsheet),
            ("9.035e13", ChangedBySpreadsheet),
            ("1.234567890123E15", ChangedBySpreadsheet),
            ("9E+13", ChangedBySpreadsheet),
            ("9E13", ChangedBySpreadsheet),
            ("-1.5E+10", ChangedBySpreadsheet),
            ("DB1234567890A2", LeadingZerosLost { digits: 14 }),
            ("123456789", LeadingZerosLost { digits: 9 }),
            ("123456E789012", LeadingZerosLost { digits: 13 }),
            ("0xDB1234567890A2", LeadingZerosLost { digits: 14 }),
            ("12345678", TooShort { digits: 8 }),
            ("DB-12-34-56-78-90-A2", TooShort { digits: 14 }),
            ("00-DB-12-34-56-78-90-A", TooShort { digits: 15 }),
            ("00DB1234567890A20", TooLong { digits: 17 }),
            ("00-DB-12-34-56-78-90-A2-00", TooLong { digits: 18 }),
            ("G0DB1234567890A2", wrong('G', 1)),
            (" \u{a0}00-DB-12-34-56-78-90-AG", wrong('G', 25)),
            ("guid:00-DB-12-34-56-78-90-A/", wrong('/', 28)),
            ("n/a", wrong('n', 1)),
            ("\u{ff10}0DB1234567890A2", wrong('\u{ff10}', 1)),
            ("00-DB-12-34-56-78-90-A2;00", wrong(';', 24)),
            ("00DB12345678\u{0}90A2", wrong('\u{0}', 13)),
            ("00\u{2013}DB-12-34-56-78-90-A2", wrong('\u{2013}', 3)),
            ("00:DB-12-34-56-78-90-A2", UnevenGroups),
            ("00DB-12-34-56-78-90-A2", UnevenGroups),
            ("00--DB-12-34-56-78-90-A2", UnevenGroups),
            ("00DB1234-567890A2", UnevenGroups),
            ("0x00-DB-12-34-56-78-90-A2", SeparatorsAfterPrefix),
            ("0000000000000000", NotADevice),
            ("FF-FF-FF-FF-FF-FF-FF-FF", NotADevice),
            ("0xffffffffffffffff", NotADevice),
        ] {
            assert_eq!(DeviceId::parse(text), Err(expected), "{text:?}");
            assert!(expected.to_string().len() <= 200);
        }
    }

    #[test]
    fn sixteen_digits_with_an_e_are_an_id() {
        assert!(DeviceId::parse("12E4567890123456").is_ok());
        assert!(DeviceId::parse("1234567890123E15").is_ok());
    }

    #[test]
    fn invisible_characters_are_named_by_their_number() {
        let error = DeviceId::parse("00DB12345678\u{0}90A2").unwrap_err();
        assert!(error.to_string().starts_with("Character 13 is U+0000;"), "{error}");
    }

    #[test]
    fn group_and_local_bits_are_seen() {
        let of = |bits| DeviceId::from_bits(bits).unwrap();
        assert!(of(0x0100_0000_0000_0001).is_group());
        assert!(of(0x0200_0000_0000_0001).is_local());
        assert!(!of(BITS).is_group() && !of(BITS).is_local());
    }
}
