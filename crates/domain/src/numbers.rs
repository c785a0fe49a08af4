//! Numbers as people in Great Britain write them.

use std::fmt::Display;

/// A whole number with its thousands apart: `12,345`
pub fn grouped(number: impl Display) -> String {
    let number = number.to_string();
    let (sign, digits) =
        number.strip_prefix('-').map_or(("", number.as_str()), |digits| ("-", digits));
    let mut text = String::from(sign);
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_thousands_apart() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (12_345, "12,345"),
            (-999, "-999"),
            (-1_234_567, "-1,234,567"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }
}
