//! The board: which published offers a filter finds.

use std::fmt::Write as _;

use jiff::civil::Date;

use crate::offers::{Firmware, Specification};

/// What a person looks for on the board; what is empty does not narrow it.
///
/// Its text form is what stands in the address after the question mark.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BoardFilter {
    /// Manufacturer.
    pub manufacturer: String,
    /// Model.
    pub model: String,
    /// A firmware version that must be among the offer's, where it says which it has.
    pub firmware: String,
    /// A HAN or WAN variant.
    pub variant: String,
    /// Region.
    pub region: String,
    /// At least so many hubs are left.
    pub quantity: Option<i64>,
    /// Available on this day.
    pub date: Option<Date>,
}

/// What a filter looks at.
#[derive(Clone, Copy, Debug)]
pub struct OnTheBoard<'a> {
    /// What stock.
    pub specification: &'a Specification,
    /// How many of which firmware; empty for any.
    pub firmware: &'a Firmware,
    /// How many are left.
    pub left: i64,
    /// The first day.
    pub available_from: Date,
    /// The last day, if there is one.
    pub available_until: Option<Date>,
}

impl BoardFilter {
    /// Whether nothing is looked for.
    pub fn is_empty(&self) -> bool {
        *self == BoardFilter::default()
    }

    /// Whether it finds this offer.
    pub fn finds(&self, offer: OnTheBoard<'_>) -> bool {
        let same = |wanted: &str, has: &str| wanted.is_empty() || wanted == has;
        let s = offer.specification;
        same(&self.manufacturer, &s.manufacturer)
            && same(&self.model, &s.model)
            && same(&self.region, &s.region)
            && (same(&self.variant, &s.han_variant) || same(&self.variant, &s.wan_variant))
            && (self.firmware.is_empty()
                || offer.firmware.is_empty()
                || offer.firmware.contains_key(&self.firmware))
            && self.quantity.is_none_or(|wanted| offer.left >= wanted)
            && self.date.is_none_or(|day| {
                offer.available_from <= day && offer.available_until.is_none_or(|last| day <= last)
            })
    }

    /// Whether it finds a wanted request: what the request leaves open, is anything. The quantity is
    /// the least that is wanted, the date the last by which it is needed; firmware is not wanted.
    pub fn finds_wanted(
        &self,
        wanted: &Specification,
        quantity: i64,
        needed_by: Option<Date>,
    ) -> bool {
        let alike = |looked_for: &str, wanted: &str| {
            looked_for.is_empty() || wanted.is_empty() || looked_for == wanted
        };
        alike(&self.manufacturer, &wanted.manufacturer)
            && alike(&self.model, &wanted.model)
            && alike(&self.region, &wanted.region)
            && (alike(&self.variant, &wanted.han_variant)
                || alike(&self.variant, &wanted.wan_variant))
            && self.quantity.is_none_or(|least| quantity >= least)
            && self.date.is_none_or(|day| needed_by.is_none_or(|needed| needed >= day))
    }

    /// Its parts by the names that they have in the address.
    pub fn parts(&self) -> [(&'static str, String); 7] {
        [
            ("manufacturer", self.manufacturer.clone()),
            ("model", self.model.clone()),
            ("firmware", self.firmware.clone()),
            ("variant", self.variant.clone()),
            ("region", self.region.clone()),
            ("quantity", self.quantity.map(|n| n.to_string()).unwrap_or_default()),
            ("date", self.date.map(|day| day.to_string()).unwrap_or_default()),
        ]
    }

    /// As it stands in the address: the parts that are given, percent-encoded.
    pub fn query(&self) -> String {
        let given = self.parts().into_iter().filter(|(_, value)| !value.is_empty());
        let pairs = given.map(|(name, value)| format!("{name}={}", encoded(&value)));
        pairs.collect::<Vec<_>>().join("&")
    }

    /// In words, for people; empty when nothing is looked for.
    pub fn words(&self) -> String {
        let [manufacturer, model, firmware, variant, region, quantity, date] = self.parts();
        let mut words: Vec<String> =
            [manufacturer.1, model.1].into_iter().filter(|text| !text.is_empty()).collect();
        let named = [
            ("firmware ", firmware.1, ""),
            ("", variant.1, ""),
            ("region ", region.1, ""),
            ("at least ", quantity.1, " hubs"),
            ("available on ", date.1, ""),
        ];
        words.extend(
            named
                .into_iter()
                .filter(|(_, value, _)| !value.is_empty())
                .map(|(before, value, after)| format!("{before}{value}{after}")),
        );
        words.join(", ")
    }

    /// Reads it from the address back; what is not one of its parts is passed over.
    pub fn from_query(query: &str) -> Result<BoardFilter, String> {
        let mut filter = BoardFilter::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decoded(value);
            let value = value.trim();
            match name {
                "manufacturer" => value.clone_into(&mut filter.manufacturer),
                "model" => value.clone_into(&mut filter.model),
                "firmware" => value.clone_into(&mut filter.firmware),
                "variant" => value.clone_into(&mut filter.variant),
                "region" => value.clone_into(&mut filter.region),
                "quantity" => filter.quantity = quantity(value)?,
                "date" => filter.date = date(value)?,
                _ => {}
            }
        }
        Ok(filter)
    }
}

/// A quantity as typed; none if nothing was.
pub fn quantity(text: &str) -> Result<Option<i64>, String> {
    match text.trim().replace(',', "").as_str() {
        "" => Ok(None),
        digits => match digits.parse::<i64>() {
            Ok(number) if number > 0 => Ok(Some(number)),
            _ => Err("Enter a quantity such as 896, or leave it empty.".to_owned()),
        },
    }
}

/// A day as typed; none if nothing was.
pub fn date(text: &str) -> Result<Option<Date>, String> {
    match text.trim() {
        "" => Ok(None),
        day => day
            .parse()
            .map(Some)
            .map_err(|_| "Enter a day such as 2026-11-23, or leave it empty.".to_owned()),
    }
}

fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(byte.into());
            }
            _ => write!(out, "%{byte:02X}").expect("writing to memory cannot fail"),
        }
    }
    out
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, more @ ..] = rest {
        let hex = more.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match (first, hex.and_then(|two| u8::from_str_radix(two, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &more[2..];
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = more;
            }
            (other, _) => {
                bytes.push(*other);
                rest = more;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn check(filter: &str, expected: bool) {
        let specification = Specification {
            manufacturer: "WNC".into(),
            model: "CH-1".into(),
            han_variant: "Single Band".into(),
            wan_variant: "Cellular+Mesh".into(),
            region: "4G South".into(),
        };
        let firmware = Firmware::from([("04000007".to_owned(), 500), ("04000008".to_owned(), 396)]);
        let offer = OnTheBoard {
            specification: &specification,
            firmware: &firmware,
            left: 896,
            available_from: "2026-11-23".parse().unwrap(),
            available_until: "2026-12-31".parse().ok(),
        };
        let filter = BoardFilter::from_query(filter).unwrap();
        assert_eq!(filter.finds(offer), expected, "{filter:?}");
        assert_eq!(BoardFilter::from_query(&filter.query()).unwrap(), filter);
    }

    #[test]
    fn a_filter_finds_what_it_says() {
        check("", true);
        check("manufacturer=WNC&model=CH-1&firmware=04000008", true);
        check("variant=Cellular%2BMesh&region=4G+South", true);
        check("variant=Single%20Band", true);
        check("quantity=896&date=2026-12-31", true);
        check("something=else", true);
        check("model=CH-2", false);
        check("firmware=04000009", false);
        check("variant=Dual+Band", false);
        check("region=South", false);
        check("quantity=897", false);
        check("date=2026-11-22", false);
        check("date=2027-01-01", false);
    }

    #[test]
    fn what_is_typed_wrong_is_said() {
        assert!(BoardFilter::from_query("quantity=many").unwrap_err().contains("896"));
        assert!(BoardFilter::from_query("quantity=-1").is_err());
        assert!(BoardFilter::from_query("date=23/11/2026").is_err());
    }

    #[test]
    fn a_filter_can_be_said_in_words() {
        let filter = BoardFilter::from_query("model=CH-1&quantity=896&region=North").unwrap();
        assert_eq!(filter.words(), "CH-1, region North, at least 896 hubs");
        assert!(BoardFilter::default().words().is_empty());
    }
}
