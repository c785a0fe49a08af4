//! `hubstock policy`, `hubstock selection` and `hubstock verify allocation`.

use std::io::Read;
use std::path::Path;

use app::selection::record;
use app::{Error, Result};
use serde_json::json;

use super::source;
use crate::arguments::Arguments;
use crate::output::{self, Ended};

/// The largest record that is read.
const MOST_BYTES: u64 = 256 << 20;

/// Works out again what the record of a run says. No database is opened.
pub fn verify_allocation(arguments: &Arguments, file: &Path) -> Result<Ended> {
    let mut document = Vec::new();
    let read = source(file)?.take(MOST_BYTES).read_to_end(&mut document);
    read.map_err(Error::io(format!("read {}", file.display())))?;
    let checked = match record::check(&document) {
        Ok(checked) => checked,
        Err(wrong) => {
            let json = json!({ "recomputes": null, "problem": wrong.to_string() });
            output::print(arguments, &json, wrong);
            return Ok(Ended::Refused);
        }
    };
    let recomputes = checked.differences.is_empty();
    let of = &checked.record;
    let differences: Vec<_> = checked
        .differences
        .iter()
        .map(|d| json!({ "at": d.at, "record": d.says, "recomputed": d.recomputed }))
        .collect();
    let json = json!({
        "recomputes": recomputes,
        "exact": checked.is_exact,
        "run": of.run,
        "offer": of.offer.reference,
        "policy": of.policy.version,
        "requests": of.requests.len(),
        "available": of.offer.available,
        "given": of.given,
        "sha256": of.sha256,
        "differences": differences,
    });
    let mut text = format!(
        "{} over {} by {} “{}”: {} of {} hubs to {} requests\n",
        of.run,
        of.offer.reference,
        of.policy.version,
        of.policy.title,
        of.given,
        of.offer.available,
        of.requests.len()
    );
    for difference in &checked.differences {
        text.push_str(&format!("DIFFERS: {difference}\n"));
    }
    text.push_str(if recomputes {
        "The result recomputes."
    } else {
        "The result does not recompute: this is not what the rules come to."
    });
    if recomputes && !checked.is_exact {
        text.push_str(" The file is laid out otherwise than it was published.");
    }
    output::print(arguments, &json, text);
    Ok(if recomputes { Ended::Well } else { Ended::SomeRejected })
}
