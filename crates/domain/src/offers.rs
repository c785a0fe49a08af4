//! Offers of stock: what one says, where it is, and what is wrong with it.

mod state;
mod terms;

use std::collections::BTreeMap;
use std::fmt;

use crate::inventory::ModelDetails;

pub use state::{Action, State, TRANSITIONS};
pub use terms::{Carriage, LONGEST_NOTES, LONGEST_TEXT, MOST_HUBS, Terms};
pub(crate) use terms::{long_text, text};

/// What stock is of: everything that makes two hubs alike for whoever installs them.
///
/// Firmware is not in it, since it may be mixed.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Specification {
    /// Manufacturer, as delivered.
    pub manufacturer: String,
    /// Model, as delivered.
    pub model: String,
    /// HAN variant, such as `Single Band`.
    pub han_variant: String,
    /// WAN variant, such as `Cellular+Mesh`.
    pub wan_variant: String,
    /// CSP region, such as `North`.
    pub region: String,
}

/// How many hubs of which firmware; empty for any.
pub type Firmware = BTreeMap<String, i64>;

impl Specification {
    /// The specification of hubs of this model in this region.
    pub fn of(model: &ModelDetails, region: &str) -> Specification {
        Specification {
            manufacturer: model.manufacturer.clone(),
            model: model.model.clone(),
            han_variant: model.han_variant.clone(),
            wan_variant: model.wan_variant.clone(),
            region: region.to_owned(),
        }
    }

    /// Its parts with their names, in the order of tables.
    pub fn parts(&self) -> [(&'static str, &str); 5] {
        [
            ("manufacturer", &self.manufacturer),
            ("model", &self.model),
            ("HAN variant", &self.han_variant),
            ("WAN variant", &self.wan_variant),
            ("region", &self.region),
        ]
    }
}

impl fmt::Display for Specification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.parts().map(|(_, part)| part);
        let given: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        f.write_str(&if given.is_empty() { "any".to_owned() } else { given.join(", ") })
    }
}
