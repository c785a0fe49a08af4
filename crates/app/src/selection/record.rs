//! The published record of a run: one JSON document that holds everything that the result was
//! worked out from, and the result. Whoever has it can work the result out again without us.
//!
//! Its form is exact: the members stand in the order of the structs here, two blanks deep, and the
//! same run gives the same bytes. `docs/allocation-record.md` describes it for other programs.

use std::collections::BTreeSet;
use std::fmt;

use domain::ids::{AllocationRunId, OfferId, PolicyId, RequestId};
use domain::parties::Category;
use domain::selection::lottery::{self, COMMITMENT_LABEL, SEED_LABEL};
use domain::selection::{self, Step, text};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::files::{from_hex, hex};

/// What the record's first member says.
pub const FORMAT: &str = "hubstock-allocation/1";

/// The record of one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Always [`FORMAT`].
    pub format: String,
    /// The run.
    pub run: String,
    /// The run before it over the same offer, when something that it gave came free.
    pub previous: Option<String>,
    /// When it was run.
    pub ran_at: Timestamp,
    /// The version of the policy that applied.
    pub policy: PolicyPart,
    /// The offer.
    pub offer: OfferPart,
    /// The requests, in the order in which they were received.
    pub requests: Vec<RequestPart>,
    /// What the lottery's seed is made of, if the policy has a lottery.
    pub lottery: Option<LotteryPart>,
    /// What each request came to, by its place.
    pub result: Vec<ResultPart>,
    /// How many hubs were given altogether.
    pub given: u64,
    /// The SHA-256 of this document with this member empty.
    pub sha256: String,
}

/// The version of the policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyPart {
    /// Its reference.
    pub version: String,
    /// Its title.
    pub title: String,
    /// Its author's text.
    pub text: String,
    /// Its steps.
    pub steps: Vec<StepPart>,
    /// The steps' rules in words, as published.
    pub rules: String,
    /// The SHA-256 of its document.
    pub sha256: String,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepPart {
    /// Its name.
    pub name: String,
    /// Its parameter, if it has one.
    pub parameter: Option<String>,
}

/// The offer's facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfferPart {
    /// Its reference.
    pub reference: String,
    /// Manufacturer of what it offers.
    pub manufacturer: String,
    /// Its model.
    pub model: String,
    /// Its HAN variant.
    pub han_variant: String,
    /// Its WAN variant.
    pub wan_variant: String,
    /// Its region.
    pub region: String,
    /// How many hubs are offered.
    pub quantity: u64,
    /// How many of them can be given in this run.
    pub available: u64,
    /// The minimum lot.
    pub minimum_lot: u64,
    /// When it was published.
    pub published_at: Timestamp,
    /// When it closed to requests.
    pub closed_at: Timestamp,
}

/// A request's facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestPart {
    /// Its reference.
    pub reference: String,
    /// Its Party: a reference, or a name that is only used in this record.
    pub party: String,
    /// The category of its Party.
    pub category: String,
    /// When it was received.
    pub received_at: Timestamp,
    /// Its place in the journal.
    pub sequence: i64,
    /// How many hubs it asks for.
    pub asked: u64,
    /// The fewest that it accepts.
    pub minimum: u64,
    /// The day by which it needs them.
    pub needed_by: Option<Date>,
    /// When selection last gave its Party something before the offer closed.
    pub last_allocated_at: Option<Timestamp>,
    /// Whether its Party is active and may hold hubs.
    pub may_receive: bool,
}

/// What the lottery's seed is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LotteryPart {
    /// The commitment that was published with the offer.
    pub commitment: String,
    /// What the commitment is made of.
    pub commitment_of: String,
    /// The secret that was committed to.
    pub secret: String,
    /// The place in the journal of the entry with which the offer closed.
    pub closing_entry: i64,
    /// The hash of that entry.
    pub closing_hash: String,
    /// The seed.
    pub seed: String,
    /// What the seed is made of.
    pub seed_of: String,
}

/// What one request came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultPart {
    /// The request.
    pub request: String,
    /// Its place in the order.
    pub place: u64,
    /// How many hubs it asked for.
    pub asked: u64,
    /// How many it was given.
    pub given: u64,
    /// Why.
    pub reason: String,
}

/// Why a document is no record of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotARecord(pub String);

impl fmt::Display for NotARecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "This is not the record of an allocation run: {}.", self.0)
    }
}

impl std::error::Error for NotARecord {}

/// A place where a record says something else than what comes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Where, such as `result[2].given`.
    pub at: String,
    /// What the record says.
    pub says: String,
    /// What comes of it.
    pub recomputed: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: the record says {}, recomputed it is {}",
            self.at, self.says, self.recomputed
        )
    }
}

/// What checking a record came to.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The record.
    pub record: Record,
    /// Where it is not what comes of it; empty when the result recomputes.
    pub differences: Vec<Difference>,
    /// Whether the document is also written exactly as it was published.
    pub is_exact: bool,
}

/// Works a document's result out again.
pub fn check(document: &[u8]) -> Result<Checked, NotARecord> {
    let record = Record::read(document)?;
    let again = record.recomputed()?;
    let json = |record: &Record| serde_json::to_value(record).expect("a record is plain data");
    let mut differences = Vec::new();
    differ(String::new(), &json(&record), &json(&again), &mut differences);
    let is_exact = record.bytes() == document;
    Ok(Checked { record, differences, is_exact })
}

impl Record {
    /// The record in a document.
    pub fn read(document: &[u8]) -> Result<Record, NotARecord> {
        let not = |what: String| NotARecord(what);
        let value: Value = serde_json::from_slice(document)
            .map_err(|error| not(format!("it is no JSON ({error})")))?;
        match value.get("format").and_then(Value::as_str) {
            Some(FORMAT) => {}
            Some(other) => return Err(not(format!("its format is “{other}”, not “{FORMAT}”"))),
            None => return Err(not("it has no format".into())),
        }
        let record: Record =
            serde_json::from_slice(document).map_err(|error| not(error.to_string()))?;
        let references: BTreeSet<&str> =
            record.requests.iter().map(|request| request.reference.as_str()).collect();
        if references.len() < record.requests.len() {
            return Err(not("a request stands in it twice".into()));
        }
        record.facts()?;
        Ok(record)
    }

    /// The document.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("a record is plain data");
        bytes.push(b'\n');
        bytes
    }

    /// The record with everything that follows from its facts worked out again.
    pub fn recomputed(&self) -> Result<Record, NotARecord> {
        let (steps, offer, requests) = self.facts()?;
        let mut again = self.clone();
        again.policy.sha256 = hex(&self.document_hash(&steps));
        let seed = match (&mut again.lottery, steps.contains(&Step::Lottery)) {
            (Some(part), true) => part.rework(self.offer_id()?)?,
            (part, false) => {
                *part = None;
                [0; 32]
            }
            (None, true) => {
                return Err(NotARecord("its policy has a lottery, but it has none".into()));
            }
        };
        let allocation = selection::allocate(&steps, &offer, &requests, &seed);
        let line = |line: &selection::Line| ResultPart {
            request: line.request.to_string(),
            place: line.rank,
            asked: line.asked,
            given: line.given,
            reason: line.reason.to_string(),
        };
        again.result = allocation.lines.iter().map(line).collect();
        again.given = allocation.given();
        again.sha256 = String::new();
        again.sha256 = hex(&Sha256::digest(again.bytes()));
        Ok(again)
    }

    /// Its facts as selection takes them.
    pub fn facts(
        &self,
    ) -> Result<(Vec<Step>, selection::Offer, Vec<selection::Request>), NotARecord> {
        self.run_id()?;
        self.offer_id()?;
        let _: PolicyId = parsed(&self.policy.version, "the policy's version")?;
        let step =
            |part: &StepPart| Step::new(&part.name, part.parameter.as_deref()).map_err(NotARecord);
        let steps = self.policy.steps.iter().map(step).collect::<Result<Vec<_>, _>>()?;
        selection::steps::check(&steps).map_err(|refusal| NotARecord(refusal.message))?;
        let offer = selection::Offer {
            available: self.offer.available,
            lot: self.offer.minimum_lot,
            closed_at: self.offer.closed_at,
        };
        if offer.lot == 0 {
            return Err(NotARecord("its minimum lot is 0".into()));
        }
        let requests =
            self.requests.iter().map(RequestPart::fact).collect::<Result<Vec<_>, _>>()?;
        Ok((steps, offer, requests))
    }

    /// Its run.
    pub fn run_id(&self) -> Result<AllocationRunId, NotARecord> {
        parsed(&self.run, "the run")
    }

    /// Its offer.
    pub fn offer_id(&self) -> Result<OfferId, NotARecord> {
        parsed(&self.offer.reference, "the offer")
    }

    /// The hash of the policy's document.
    fn document_hash(&self, steps: &[Step]) -> [u8; 32] {
        let policy = &self.policy;
        policy_hash(&policy.title, &policy.text, &selection::steps_text(steps), &policy.rules)
    }
}

/// The hash of a policy's document.
pub fn policy_hash(title: &str, text: &str, steps: &str, rules: &str) -> [u8; 32] {
    Sha256::digest(text::document(title, text, steps, rules)).into()
}

impl StepPart {
    /// A step as the record has it.
    pub fn of(step: &Step) -> StepPart {
        StepPart { name: step.name().into(), parameter: step.parameter() }
    }
}

impl RequestPart {
    fn fact(&self) -> Result<selection::Request, NotARecord> {
        let category = Category::from_name(&self.category)
            .ok_or_else(|| NotARecord(format!("there is no category “{}”", self.category)))?;
        let id: RequestId = parsed(&self.reference, "a request")?;
        // What no reference looks like would be given another ticket.
        if id.to_string() != self.reference {
            return Err(NotARecord(format!("“{}” is no reference", self.reference)));
        }
        if i64::try_from(self.asked).is_err() || i64::try_from(self.minimum).is_err() {
            return Err(NotARecord(format!("{id} asks for more hubs than can be counted")));
        }
        Ok(selection::Request {
            id,
            category,
            received_at: self.received_at,
            sequence: self.sequence,
            asked: self.asked,
            minimum: self.minimum,
            needed_by: self.needed_by,
            last_allocated_at: self.last_allocated_at,
            may_receive: self.may_receive,
        })
    }
}

impl LotteryPart {
    /// The part for this secret and this closing entry.
    pub fn new(offer: OfferId, secret: &[u8; 32], closing: (i64, [u8; 32])) -> LotteryPart {
        LotteryPart {
            commitment: hex(&lottery::commitment(offer, secret)),
            commitment_of: format!(
                "SHA-256 of “{COMMITMENT_LABEL}”, LF, {offer}, LF and the secret"
            ),
            secret: hex(secret),
            closing_entry: closing.0,
            closing_hash: hex(&closing.1),
            seed: hex(&lottery::seed(offer, secret, &closing.1)),
            seed_of: format!(
                "SHA-256 of “{SEED_LABEL}”, LF, {offer}, LF, the secret and the closing hash"
            ),
        }
    }

    /// Works out again what follows from the secret and the closing hash, and answers the seed.
    fn rework(&mut self, offer: OfferId) -> Result<[u8; 32], NotARecord> {
        let bytes = |text: &str, what: &str| {
            from_hex(text)
                .ok_or_else(|| NotARecord(format!("{what} is not 32 bytes in hexadecimal")))
        };
        let secret = bytes(&self.secret, "the secret")?;
        let closing = bytes(&self.closing_hash, "the closing hash")?;
        *self = LotteryPart::new(offer, &secret, (self.closing_entry, closing));
        Ok(lottery::seed(offer, &secret, &closing))
    }
}

fn parsed<T: std::str::FromStr>(text: &str, what: &str) -> Result<T, NotARecord> {
    text.parse().map_err(|_| NotARecord(format!("{what} is “{text}”")))
}

/// Walks both documents and notes where they differ.
fn differ(at: String, says: &Value, is: &Value, found: &mut Vec<Difference>) {
    match (says, is) {
        (Value::Object(says), Value::Object(is)) => {
            for (name, value) in says {
                let place = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                differ(place, value, is.get(name).unwrap_or(&Value::Null), found);
            }
        }
        (Value::Array(says), Value::Array(is)) => {
            for i in 0..says.len().max(is.len()) {
                let of = |list: &[Value]| list.get(i).cloned().unwrap_or(Value::Null);
                differ(format!("{at}[{i}]"), &of(says), &of(is), found);
            }
        }
        (says, is) if says == is => {}
        (says, is) => {
            found.push(Difference { at, says: says.to_string(), recomputed: is.to_string() })
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn record() -> Record {
        let steps = selection::parse_steps("priority-category: Small Supplier\npro-rata\nlottery");
        let steps = steps.unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let request = |n: i64, category: Category, asked| RequestPart {
            reference: RequestId(n).to_string(),
            party: format!("party-{n}"),
            category: category.name().into(),
            received_at: at("2026-11-20T09:00:00Z"),
            sequence: n,
            asked,
            minimum: 1,
            needed_by: None,
            last_allocated_at: None,
            may_receive: true,
        };
        let record = Record {
            format: FORMAT.into(),
            run: "alr-000001".into(),
            previous: None,
            ran_at: at("2026-11-23T18:00:00.000001Z"),
            policy: PolicyPart {
                version: "pol-000002".into(),
                title: "Small first".into(),
                text: "Why.".into(),
                rules: text::rules(&steps),
                steps: steps.iter().map(StepPart::of).collect(),
                sha256: String::new(),
            },
            offer: OfferPart {
                reference: "off-000001".into(),
                manufacturer: "Meterworks".into(),
                model: "CH-1".into(),
                han_variant: "Single Band".into(),
                wan_variant: "Cellular".into(),
                region: "North".into(),
                quantity: 100,
                available: 100,
                minimum_lot: 10,
                published_at: at("2026-11-10T09:00:00Z"),
                closed_at: at("2026-11-23T00:00:00Z"),
            },
            requests: vec![
                request(1, Category::LargeSupplier, 80),
                request(2, Category::SmallSupplier, 40),
                request(3, Category::LargeSupplier, 80),
            ],
            lottery: Some(LotteryPart::new(OfferId(1), &[7; 32], (9, [8; 32]))),
            result: Vec::new(),
            given: 0,
            sha256: String::new(),
        };
        record.recomputed().unwrap()
    }

    fn changed(from: &str, to: &str) -> Result<Checked, NotARecord> {
        let text = String::from_utf8(record().bytes()).unwrap();
        assert!(text.contains(from), "{text}");
        check(text.replacen(from, to, 1).as_bytes())
    }

    #[test]
    fn a_record_recomputes_bit_for_bit() {
        let record = record();
        assert_eq!(record.given, 100);
        let checked = check(&record.bytes()).unwrap();
        assert_eq!(checked.differences, []);
        assert!(checked.is_exact);
        assert_eq!(checked.record, record);
    }

    #[test]
    fn whatever_is_changed_is_found_and_where() {
        let found = |from, to, at: &str| {
            let differences = changed(from, to).unwrap().differences;
            assert!(differences.iter().any(|d| d.at == at), "{at}: {differences:?}");
        };
        found("\"given\": 40", "\"given\": 41", "result[0].given");
        found("\"available\": 100", "\"available\": 90", "given");
        found("\"asked\": 80", "\"asked\": 70", "result[1].asked");
        found("Small first", "Large first", "policy.sha256");
        found("\"secret\": \"07", "\"secret\": \"17", "lottery.commitment");
        found("\"closing_hash\": \"08", "\"closing_hash\": \"18", "lottery.seed");
        found("\"party\": \"party-1\"", "\"party\": \"party-9\"", "sha256");
        found("All that was", "Most that was", "result[0].reason");
    }

    #[test]
    fn a_record_in_another_layout_still_recomputes() {
        let compact = serde_json::to_vec(&record()).unwrap();
        let checked = check(&compact).unwrap();
        assert!(checked.differences.is_empty() && !checked.is_exact);
    }

    #[test]
    fn what_is_no_record_is_said_to_be_none() {
        let not = |document: &[u8], says: &str| {
            let wrong = check(document).unwrap_err().to_string();
            assert!(wrong.contains(says), "{wrong}");
        };
        not(b"", "no JSON");
        not(b"PK\x03\x04", "no JSON");
        not(b"{}", "no format");
        not(b"[]", "no format");
        not(br#"{"format": "hubstock-allocation/2"}"#, "not “hubstock-allocation/1”");
        not(br#"{"format": "hubstock-allocation/1"}"#, "missing field");
        let wrong = |from, to, says: &str| {
            let wrong = changed(from, to).unwrap_err().to_string();
            assert!(wrong.contains(says), "{wrong}");
        };
        wrong("\"name\": \"pro-rata\"", "\"name\": \"by-taste\"", "is no step");
        wrong("req-000002", "req-000001", "twice");
        wrong("req-000002", "req-2", "is no reference");
        wrong("\"minimum_lot\": 10", "\"minimum_lot\": 0", "minimum lot is 0");
        wrong("\"minimum_lot\": 10", "\"minimum_lot\": -1", "invalid value");
        wrong("Small Supplier\",\n      \"received", "Tiny\",\n      \"received", "no category");
        wrong("\"secret\": \"07", "\"secret\": \"zz", "hexadecimal");
        wrong("\"given\": 100,", "\"given\": 100, \"more\": 1,", "unknown field");
    }
}
