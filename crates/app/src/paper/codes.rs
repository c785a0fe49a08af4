//! Bar codes and QR codes as which of their units are dark.

use barcoders::sym::code128::Code128;
use qrcode::{Color, EcLevel, QrCode};

/// Character set B of Code 128: everything that a keyboard types.
const SET_B: char = '\u{0181}';

/// The units of a Code 128 bar code of this text, `true` for a dark one. What the code has no sign
/// for stands in it as a question mark.
pub fn bars(text: &str) -> Vec<bool> {
    let plain = |c: char| if (' '..='~').contains(&c) { c } else { '?' };
    let text: String = text.chars().map(plain).collect();
    let text = if text.is_empty() { "?" } else { &text };
    let code = Code128::new(format!("{SET_B}{text}")).expect("set B has a sign for each of these");
    code.encode().into_iter().map(|unit| unit == 1).collect()
}

/// The longest text that a QR code here holds, in bytes.
const LONGEST: usize = 500;

/// How many units a side of the QR code of this text has, and which are dark, by column and row.
pub fn squares(text: &str) -> (usize, Vec<(usize, usize)>) {
    let end = (0..=text.len().min(LONGEST)).rev().find(|end| text.is_char_boundary(*end));
    let text = &text[..end.unwrap_or(0)];
    let code = QrCode::with_error_correction_level(text, EcLevel::M)
        .expect("a code holds far more than the longest text");
    let side = code.width();
    let units = code.to_colors().into_iter().enumerate();
    let dark = units.filter(|(_, colour)| *colour == Color::Dark);
    (side, dark.map(|(place, _)| (place % side, place / side)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The widths of the bars and gaps of the signs of these values, as ISO/IEC 15417 has them.
    const WIDTHS: &[(u32, &str)] = &[
        (104, "211214"),
        (84, "124112"),
        (82, "121241"),
        (70, "112412"),
        (13, "122132"),
        (16, "123122"),
        (17, "123221"),
        (75, "241211"),
    ];

    fn widths(units: &[bool]) -> String {
        units.chunk_by(|a, b| a == b).map(|run| run.len().to_string()).collect()
    }

    #[test]
    fn a_reference_is_encoded_sign_by_sign() {
        let units = bars("trf-01");
        let mut values = vec![104, 84, 82, 70, 13, 16, 17];
        let sum: u32 = 104 + values[1..].iter().zip(1..).map(|(v, place)| v * place).sum::<u32>();
        values.push(sum % 103);
        let sign = |value: &u32| WIDTHS.iter().find(|(v, _)| v == value).map_or("?", |(_, w)| w);
        let expected: String = values.iter().map(sign).chain(["2331112"]).collect();
        assert_eq!(widths(&units), expected);
    }

    #[test]
    fn a_code_has_its_three_eyes() {
        let (side, dark) = squares("PAL00042");
        for (column, row) in [(0, 0), (side - 7, 0), (0, side - 7)] {
            for n in 0..7 {
                assert!(dark.contains(&(column + n, row)) && dark.contains(&(column, row + n)));
            }
            assert!(!dark.contains(&(column + 1, row + 1)));
        }
    }

    #[test]
    fn any_text_becomes_a_code() {
        for text in ["", "é", &"x".repeat(5_000)] {
            assert!(!bars(&text.chars().take(40).collect::<String>()).is_empty());
            assert!(!squares(text).1.is_empty());
        }
    }
}
