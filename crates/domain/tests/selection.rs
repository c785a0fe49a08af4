//! Selection against a second implementation: plain, slow, written from the rules' words alone.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use domain::ids::RequestId;
use domain::parties::Category;
use domain::selection::{self, Offer, Request, Step, allocate};
use jiff::{SignedDuration, Timestamp, civil::Date};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

/// How many random rounds the two have to agree on.
const ROUNDS: u64 = 10_000;

/// The second implementation. It compares requests one with another and shares no code with the first;
/// what it knows is what `selection::text` says.
mod plain {
    use super::*;

    /// What each request is given.
    pub fn allocate(
        steps: &[Step],
        offer: &Offer,
        requests: &[Request],
        seed: &[u8; 32],
    ) -> BTreeMap<i64, u64> {
        let mut given: BTreeMap<i64, u64> = requests.iter().map(|r| (r.id.0, 0)).collect();
        let mut ranks: Vec<Vec<&Request>> =
            vec![requests.iter().filter(|r| r.may_receive).collect()];
        let (mut later, mut shares) = (Vec::new(), false);
        for (number, step) in steps.iter().enumerate() {
            if matches!(step, Step::ProRata) {
                shares = true;
                later = steps[number + 1..].to_vec();
                break;
            }
            ranks = ranks.into_iter().flat_map(|rank| divide(step, rank, offer, seed)).collect();
        }
        let mut left = offer.available;
        for rank in ranks {
            // "The order" within a rank: divide it by every later step, then by receipt.
            let mut parts = vec![rank];
            for step in later.iter().chain(&[Step::FirstCome]) {
                parts = parts.into_iter().flat_map(|p| divide(step, p, offer, seed)).collect();
            }
            let order: Vec<&Request> = parts.into_iter().flatten().collect();
            let mut has = if shares { share_out(&order, left, offer.lot) } else { BTreeMap::new() };
            left -= has.values().sum::<u64>();
            for request in order {
                let own = has.remove(&request.id.0).unwrap_or(0);
                let mut total = own + left;
                if total >= request.asked {
                    total = request.asked;
                } else {
                    total = total / offer.lot * offer.lot;
                }
                if total < request.minimum || total < fewest(request, offer.lot) {
                    assert_eq!(own, 0);
                    continue;
                }
                left -= total - own;
                given.insert(request.id.0, total);
            }
        }
        given
    }

    /// One lot, or all that is asked for if that is less; never nothing.
    fn fewest(request: &Request, lot: u64) -> u64 {
        if request.asked < lot { request.asked } else { lot }
    }

    /// One rank, divided by one step: pick the best again and again.
    fn divide<'a>(
        step: &Step,
        mut rank: Vec<&'a Request>,
        offer: &Offer,
        seed: &[u8; 32],
    ) -> Vec<Vec<&'a Request>> {
        let mut ranks: Vec<Vec<&Request>> = Vec::new();
        while !rank.is_empty() {
            let mut best = 0;
            for i in 1..rank.len() {
                if comes_before(step, rank[i], rank[best], offer, seed) {
                    best = i;
                }
            }
            let (first, rest): (Vec<&Request>, Vec<&Request>) = rank.iter().partition(|r| {
                !comes_before(step, rank[best], r, offer, seed)
                    && !comes_before(step, r, rank[best], offer, seed)
            });
            ranks.push(first);
            rank = rest;
        }
        ranks
    }

    fn comes_before(step: &Step, a: &Request, b: &Request, offer: &Offer, seed: &[u8; 32]) -> bool {
        match step {
            Step::Category(order) => {
                for category in order {
                    if a.category == *category || b.category == *category {
                        return a.category == *category && b.category != *category;
                    }
                }
                false
            }
            Step::NoAllocation { days } => {
                let lately = |r: &Request| match r.last_allocated_at {
                    Some(at) => {
                        at + SignedDuration::from_hours(i64::from(*days) * 24) > offer.closed_at
                    }
                    None => false,
                };
                !lately(a) && lately(b)
            }
            Step::NeededWithin { days } => {
                let zone = jiff::tz::TimeZone::get("Europe/London").unwrap();
                let mut limit = zone.to_datetime(offer.closed_at).date();
                for _ in 0..*days {
                    limit = limit.tomorrow().unwrap();
                }
                let soon = |r: &Request| r.needed_by.is_some_and(|day| day <= limit);
                soon(a) && !soon(b)
            }
            Step::NeededBy => match (a.needed_by, b.needed_by) {
                (Some(a), Some(b)) => a < b,
                (Some(_), None) => true,
                (None, _) => false,
            },
            Step::FirstCome => {
                a.received_at < b.received_at
                    || (a.received_at == b.received_at && a.sequence < b.sequence)
            }
            Step::Lottery => {
                let ticket = |r: &Request| {
                    let mut bytes = seed.to_vec();
                    bytes.extend(format!("req-{:06}", r.id.0).into_bytes());
                    Sha256::digest(bytes).to_vec()
                };
                ticket(a) < ticket(b)
            }
            Step::ProRata => false,
        }
    }

    /// (a) to (c): the shares of those that take part.
    fn share_out(order: &[&Request], shared: u64, lot: u64) -> BTreeMap<i64, u64> {
        let mut part: Vec<&Request> = order.to_vec();
        loop {
            let shares = shares_of(&part, shared, lot);
            let accepts =
                |r: &Request| shares[&r.id.0] >= r.minimum && shares[&r.id.0] >= fewest(r, lot);
            let mut refused = None;
            for (place, request) in part.iter().enumerate() {
                if !accepts(request) {
                    refused = Some(place);
                }
            }
            match refused {
                Some(place) => part.remove(place),
                None => return shares,
            };
        }
    }

    fn shares_of(part: &[&Request], shared: u64, lot: u64) -> BTreeMap<i64, u64> {
        let together: u128 = part.iter().map(|r| u128::from(r.asked)).sum();
        if together <= u128::from(shared) {
            return part.iter().map(|r| (r.id.0, r.asked)).collect();
        }
        let all_lots = u128::from(shared / lot);
        let mut lots: BTreeMap<i64, u128> = BTreeMap::new();
        let mut remainders: Vec<(i64, u128)> = Vec::new();
        let mut gone = 0;
        for request in part {
            let dividend = all_lots * u128::from(request.asked);
            lots.insert(request.id.0, dividend / together);
            remainders.push((request.id.0, dividend % together));
            gone += dividend / together;
        }
        while gone < all_lots {
            let mut largest = 0;
            for i in 1..remainders.len() {
                if remainders[i].1 > remainders[largest].1 {
                    largest = i;
                }
            }
            let (id, _) = remainders.remove(largest);
            *lots.get_mut(&id).unwrap() += 1;
            gone += 1;
        }
        let hubs = |r: &&Request| {
            let hubs = lots[&r.id.0] * u128::from(lot);
            (r.id.0, u64::try_from(hubs.min(u128::from(r.asked))).unwrap())
        };
        part.iter().map(hubs).collect()
    }
}

/// Numbers from a seed (SplitMix64), so that a failure can be seen again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % below
    }

    fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.roll(all.len() as u64) as usize].clone()
    }

    fn steps(&mut self) -> Vec<Step> {
        let mut kinds: Vec<Step> = vec![
            Step::Category(Category::ALL[self.roll(4) as usize..].iter().rev().copied().collect()),
            Step::NoAllocation { days: self.roll(40) as u32 + 1 },
            Step::NeededWithin { days: self.roll(30) as u32 + 1 },
            Step::NeededBy,
            Step::ProRata,
            Step::ProRata,
        ];
        let mut steps: Vec<Step> = Vec::new();
        for _ in 0..self.roll(4) {
            let step = kinds.remove(self.roll(kinds.len() as u64) as usize);
            if !steps.contains(&step) {
                steps.push(step);
            }
        }
        match self.roll(3) {
            0 => steps.push(Step::FirstCome),
            1 => steps.push(Step::Lottery),
            _ if steps.is_empty() => steps.push(Step::ProRata),
            _ => {}
        }
        selection::steps::check(&steps).unwrap();
        steps
    }

    fn round(&mut self) -> (Vec<Step>, Offer, Vec<Request>, [u8; 32]) {
        let closed_at: Timestamp = "2026-06-30T22:30:00Z".parse().unwrap();
        // Some rounds are about numbers whose products do not fit 64 bits.
        let scale = self.one_of(&[1, 1, 1, 7, 1 << 40]);
        let lot = scale * self.one_of(&[1, 1, 5, 32, 896]);
        let most = lot * self.one_of(&[3, 20, 60]);
        let available = self.roll(most) + 1;
        let requests = (1..=self.roll(12) as i64)
            .map(|id| {
                let asked =
                    if self.roll(8) == 0 { self.roll(lot) + 1 } else { lot + self.roll(most) };
                let day: Date = "2026-06-28".parse().unwrap();
                Request {
                    id: RequestId(id),
                    category: self.one_of(Category::ALL),
                    // Few instants, so that some are the same.
                    received_at: closed_at - SignedDuration::from_hours(self.roll(6) as i64),
                    sequence: 100 - id,
                    asked,
                    minimum: if self.roll(2) == 0 { 1 } else { self.roll(asked) + 1 },
                    needed_by: (self.roll(3) > 0)
                        .then(|| day.saturating_add(jiff::Span::new().days(self.roll(30) as i64))),
                    last_allocated_at: (self.roll(2) == 0)
                        .then(|| closed_at - SignedDuration::from_hours(24 * self.roll(40) as i64)),
                    may_receive: self.roll(10) > 0,
                }
            })
            .collect();
        let mut seed = [0; 32];
        seed.fill_with(|| self.roll(256) as u8);
        (self.steps(), Offer { available, lot, closed_at }, requests, seed)
    }
}

/// What holds of every allocation, whatever the policy.
fn must_hold(offer: &Offer, requests: &[Request], allocation: &selection::Allocation) {
    assert_eq!(allocation.lines.len(), requests.len());
    assert!(allocation.given() <= offer.available, "more than there is");
    for (rank, line) in (1..).zip(&allocation.lines) {
        let request = requests.iter().find(|r| r.id == line.request).unwrap();
        assert_eq!((line.rank, line.asked), (rank, request.asked));
        assert!(line.given <= request.asked, "{line:?}");
        if line.given > 0 {
            assert!(request.may_receive && line.given >= request.minimum, "{line:?}");
            assert!(line.given >= offer.lot.min(line.asked), "{line:?}");
            let is_whole = line.given % offer.lot == 0 || line.given == request.asked;
            assert!(is_whole, "{line:?}");
        }
    }
    // Nobody who could still be given something goes without while it is there.
    let left = offer.available - allocation.given();
    for line in &allocation.lines {
        let request = requests.iter().find(|r| r.id == line.request).unwrap();
        let least = request.minimum.max(offer.lot.min(request.asked));
        let fits = left >= request.asked || left - left % offer.lot >= least;
        let could = line.given == 0 && request.may_receive && fits;
        assert!(!could, "{left} are left and {line:?} got nothing");
    }
}

#[test]
fn two_implementations_agree_on_ten_thousand_rounds() {
    let from = std::env::var("SEED").map_or(20_261_123, |seed| seed.parse().unwrap());
    let mut some_given = 0;
    for seed in from..from + ROUNDS {
        let (steps, offer, requests, drawn) = Dice(seed).round();
        let one = allocate(&steps, &offer, &requests, &drawn);
        let found: BTreeMap<i64, u64> =
            one.lines.iter().map(|line| (line.request.0, line.given)).collect();
        let other = plain::allocate(&steps, &offer, &requests, &drawn);
        assert_eq!(found, other, "SEED={seed}: {steps:?} {offer:?} {requests:?}");
        let checked = std::panic::catch_unwind(|| must_hold(&offer, &requests, &one));
        assert!(checked.is_ok(), "SEED={seed}: {steps:?} {offer:?} {requests:?} {one:?}");
        let mut turned = requests.clone();
        turned.reverse();
        assert_eq!(
            one,
            allocate(&steps, &offer, &turned, &drawn),
            "SEED={seed}: given in another order"
        );
        some_given += u64::from(one.given() > 0);
    }
    assert!(some_given > ROUNDS / 2, "most rounds are about something: {some_given}");
}

proptest! {
    /// Pro-rata with no minimums and lots of one: nobody is further than one hub from the exact
    /// share, and everything is given.
    #[test]
    fn shares_keep_their_quota(
        available in 0_u64..=i64::MAX as u64,
        asked in prop::collection::vec(1_u64..=i64::MAX as u64, 1..20),
    ) {
        let offer = Offer { available, lot: 1, closed_at: Timestamp::UNIX_EPOCH };
        let requests: Vec<Request> = (1..).zip(&asked).map(|(id, asked)| plain_request(id, *asked)).collect();
        let allocation = allocate(&[Step::ProRata], &offer, &requests, &[0; 32]);
        let together: u128 = asked.iter().map(|a| u128::from(*a)).sum();
        prop_assert_eq!(u128::from(allocation.given()), together.min(u128::from(available)));
        let shared = u128::from(available).min(together);
        // A share of nothing is made up from what others leave, so quotas hold where all have one.
        if allocation.lines.iter().all(|line| line.given > 0) && shared < together {
            for line in &allocation.lines {
                let exact = shared * u128::from(line.asked);
                let given = u128::from(line.given) * together;
                prop_assert!(given.abs_diff(exact) < together + together, "{:?}", line);
            }
        }
    }

    /// Who asks for no less is given no less, as long as both accept any number.
    #[test]
    fn a_larger_request_has_no_smaller_share(
        lots in 1_u64..50, lot in 1_u64..40,
        asked in prop::collection::vec(1_u64..2_000, 2..12),
    ) {
        let offer = Offer { available: lots * lot, lot, closed_at: Timestamp::UNIX_EPOCH };
        let mut requests: Vec<Request> =
            (1..).zip(&asked).map(|(id, asked)| plain_request(id, asked * lot)).collect();
        requests.sort_by_key(|r| std::cmp::Reverse(r.asked));
        for (place, request) in (0..).zip(&mut requests) {
            request.received_at = Timestamp::from_second(place).unwrap();
        }
        let allocation = allocate(&[Step::ProRata], &offer, &requests, &[0; 32]);
        let given = |r: &Request| allocation.lines.iter().find(|l| l.request == r.id).unwrap().given;
        for pair in requests.windows(2) {
            prop_assert!(given(&pair[0]) >= given(&pair[1]), "{:?}", allocation.lines);
        }
    }
}

fn plain_request(id: i64, asked: u64) -> Request {
    Request {
        id: RequestId(id),
        category: Category::LargeSupplier,
        received_at: Timestamp::from_second(id).unwrap(),
        sequence: id,
        asked,
        minimum: 1,
        needed_by: None,
        last_allocated_at: None,
        may_receive: true,
    }
}

/// One round in words: `check(steps, (available, lot), [(asked, minimum)], [given])`.
fn check(steps: &str, (available, lot): (u64, u64), requests: &[(u64, u64)], given: &[u64]) {
    let steps = selection::parse_steps(steps).unwrap();
    let offer = Offer { available, lot, closed_at: Timestamp::from_second(1_000).unwrap() };
    let requests: Vec<Request> = (1..)
        .zip(requests)
        .map(|(id, (asked, minimum))| Request { minimum: *minimum, ..plain_request(id, *asked) })
        .collect();
    let allocation = allocate(&steps, &offer, &requests, &[0; 32]);
    let mut lines: Vec<(i64, u64)> =
        allocation.lines.iter().map(|line| (line.request.0, line.given)).collect();
    lines.sort_unstable();
    let found: Vec<u64> = lines.into_iter().map(|(_, given)| given).collect();
    assert_eq!(found, given, "{:#?}", allocation.lines);
}

#[test]
fn first_come_first_served_passes_over_who_accepts_no_fewer() {
    check("first-come", (100, 1), &[(60, 1), (60, 50), (10, 1)], &[60, 0, 10]);
    check("first-come", (100, 1), &[(60, 1), (60, 40)], &[60, 40]);
    check("first-come", (100, 30), &[(70, 30), (40, 30)], &[70, 30]);
    check("first-come", (100, 30), &[(80, 30), (40, 30)], &[80, 0]);
    check("first-come", (120, 50), &[(120, 120)], &[120]);
    check("first-come", (110, 50), &[(120, 50)], &[100]);
    check("first-come", (30, 50), &[(30, 1), (30, 1)], &[30, 0]);
}

#[test]
fn pro_rata_shares_whole_lots_by_largest_remainder() {
    check("pro-rata", (10, 1), &[(10, 1), (10, 1), (10, 1)], &[4, 3, 3]);
    check("pro-rata", (100, 10), &[(100, 10), (50, 10)], &[70, 30]);
    check("pro-rata", (100, 10), &[(30, 10), (20, 10)], &[30, 20]);
    // 5 lots of 20 among 100, 100 and 40: quotas 2.08, 2.08, 0.83.
    check("pro-rata", (100, 20), &[(100, 20), (100, 20), (40, 20)], &[40, 40, 20]);
    // The last one accepts no fewer than 30, so its lot goes to another; of the 10 that are left
    // over it can have nothing either.
    check("pro-rata", (110, 20), &[(100, 20), (100, 20), (40, 30)], &[60, 40, 0]);
    // Nobody's share is enough: what is shared goes through the order.
    check("pro-rata", (10, 1), &[(10, 8), (10, 8)], &[10, 0]);
}

#[test]
fn a_reason_stands_at_every_line() {
    let offer =
        Offer { available: 100, lot: 10, closed_at: Timestamp::from_second(1_000).unwrap() };
    let mut requests = vec![plain_request(1, 75), plain_request(2, 50), plain_request(3, 10)];
    requests[2].may_receive = false;
    let said = |steps: &[Step], requests: &[Request]| -> Vec<String> {
        let lines = allocate(steps, &offer, requests, &[0; 32]).lines;
        lines.iter().map(|line| format!("{} {}", line.given, line.reason)).collect()
    };
    let first_come = said(&[Step::FirstCome], &requests);
    assert_eq!(first_come[0], "75 All that was asked for.");
    assert_eq!(first_come[1], "20 A part: 25 were left when its turn came, given in lots of 10.");
    assert!(first_come[2].starts_with("0 Its Party was not active"));
    let shared = said(&[Step::ProRata], &requests);
    assert_eq!(shared[0], "60 A share: 100 were shared among requests for 125, in lots of 10.");
    requests[1].minimum = 30;
    let too_few = said(&[Step::FirstCome], &requests);
    let expected = "0 20 could be given when its turn came, fewer than the 30 that it accepts.";
    assert_eq!(too_few[1], expected);
}
