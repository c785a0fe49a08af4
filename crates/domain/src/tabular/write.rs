//! Writing records, safe to open in a spreadsheet.

/// Writes one text cell: quoted where it must be, and with `'` in front where a spreadsheet
/// would otherwise run it.
pub fn write_field(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    let is_formula = matches!(bytes.first(), Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r'));
    let must_quote = bytes.iter().any(|byte| matches!(byte, b',' | b'"' | b'\r' | b'\n'))
        || matches!(bytes, [b' ', ..] | [.., b' ']);
    if must_quote {
        out.push(b'"');
    }
    if is_formula {
        out.push(b'\'');
    }
    if must_quote {
        for byte in bytes {
            if *byte == b'"' {
                out.push(b'"');
            }
            out.push(*byte);
        }
        out.push(b'"');
    } else {
        out.extend_from_slice(bytes);
    }
}

/// Writes one record of text cells and CRLF.
pub fn write_record<'a>(out: &mut Vec<u8>, fields: impl IntoIterator<Item = &'a str>) {
    for (i, field) in fields.into_iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write_field(out, field);
    }
    out.extend_from_slice(b"\r\n");
}

/// Writes a whole number.
pub fn write_number(out: &mut Vec<u8>, number: u64) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    let mut rest = number;
    loop {
        start -= 1;
        digits[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}
