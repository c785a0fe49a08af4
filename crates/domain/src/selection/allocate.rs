//! Who gets what. Each rule here stands in words in [`super::text`]; neither changes alone.

use std::cmp::Reverse;
use std::fmt;

use jiff::{SignedDuration, Timestamp, civil::Date};

use super::lottery::ticket;
use super::steps::Step;
use crate::ids::RequestId;
use crate::parties::Category;
use crate::timers::british_day;

/// The facts of an offer that selection looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// How many hubs can be given.
    pub available: u64,
    /// The minimum lot, at least 1.
    pub lot: u64,
    /// When it closed to requests.
    pub closed_at: Timestamp,
}

/// The facts of a request that selection looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its reference.
    pub id: RequestId,
    /// The category of its Party.
    pub category: Category,
    /// When it was received.
    pub received_at: Timestamp,
    /// Its place in the one order of everything that happened, which settles equal instants.
    pub sequence: i64,
    /// How many hubs it asks for.
    pub asked: u64,
    /// The fewest that it accepts.
    pub minimum: u64,
    /// The day by which it needs them.
    pub needed_by: Option<Date>,
    /// When selection last gave its Party something, before this offer closed.
    pub last_allocated_at: Option<Timestamp>,
    /// Whether its Party is active and may hold hubs.
    pub may_receive: bool,
}

impl Request {
    /// The fewest hubs that can be given to it: its minimum, and one lot or all that it asked for.
    fn least(&self, offer: &Offer) -> u64 {
        self.minimum.max(offer.lot.min(self.asked)).max(1)
    }

    /// The most that can be given to it when there are `hubs`: all that it asked for, or whole
    /// lots.
    fn fitting(&self, hubs: u64, offer: &Offer) -> u64 {
        if hubs >= self.asked { self.asked } else { hubs - hubs % offer.lot.max(1) }
    }
}

/// Why a request was given what it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// All that it asked for.
    Full,
    /// What was left when its turn came, in whole lots.
    Part {
        /// What was left.
        left: u64,
        /// The lot.
        lot: u64,
    },
    /// A share, and perhaps some of what the shares left over.
    Share {
        /// What was shared.
        shared: u64,
        /// What the requests of its rank asked for together.
        asked: u128,
        /// The lot.
        lot: u64,
        /// How much of it is not the share but was left over.
        more: u64,
    },
    /// Nothing was left when its turn came.
    NothingLeft,
    /// What could be given when its turn came is fewer than it accepts.
    TooFew {
        /// What could be given.
        could: u64,
        /// The fewest that it accepts.
        least: u64,
    },
    /// Its share is fewer than it accepts, and what was left over when its turn came, too.
    ShareTooSmall {
        /// The share.
        share: u64,
        /// What could be given of what was left over.
        could: u64,
        /// The fewest that it accepts.
        least: u64,
    },
    /// Its Party was not active or may not hold hubs.
    MayNotReceive,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Full => f.write_str("All that was asked for."),
            Reason::Part { left, lot: 1 } => {
                write!(f, "A part: {left} were left when its turn came.")
            }
            Reason::Part { left, lot } => {
                write!(f, "A part: {left} were left when its turn came, given in lots of {lot}.")
            }
            Reason::Share { shared, asked, lot, more } => {
                write!(f, "A share: {shared} were shared among requests for {asked}")?;
                if *lot > 1 {
                    write!(f, ", in lots of {lot}")?;
                }
                if *more > 0 {
                    write!(f, "; {more} of what the shares left over are in it")?;
                }
                f.write_str(".")
            }
            Reason::NothingLeft => f.write_str("Nothing was left when its turn came."),
            Reason::TooFew { could, least } => write!(
                f,
                "{could} could be given when its turn came, fewer than the {least} that it accepts."
            ),
            Reason::ShareTooSmall { share, could, least } => write!(
                f,
                "Its share came to {share} and {could} could be given of what the shares left \
                 over, fewer than the {least} that it accepts."
            ),
            Reason::MayNotReceive => f.write_str(
                "Its Party was not active, or may not hold hubs, when selection was run.",
            ),
        }
    }
}

/// What one request came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The request.
    pub request: RequestId,
    /// Its place in the order, from 1.
    pub rank: u64,
    /// How many hubs it asked for.
    pub asked: u64,
    /// How many it was given.
    pub given: u64,
    /// Why.
    pub reason: Reason,
}

/// What a run of selection comes to: a line for each request, by rank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// The lines.
    pub lines: Vec<Line>,
}

impl Allocation {
    /// How many hubs were given altogether.
    pub fn given(&self) -> u64 {
        self.lines.iter().map(|line| line.given).sum()
    }
}

/// Gives the offer to the requests by these steps.
///
/// Never more than is available; to each nothing, or at least what it accepts and at most what it
/// asked for, in whole lots unless it is all that it asked for. The order of `requests` does not
/// matter.
pub fn allocate(
    steps: &[Step],
    offer: &Offer,
    requests: &[Request],
    seed: &[u8; 32],
) -> Allocation {
    let share_at = steps.iter().position(|step| *step == Step::ProRata);
    let (before, after) = match share_at {
        Some(at) => (&steps[..at], &steps[at + 1..]),
        None => (steps, &[][..]),
    };
    let judge = Judge { offer, seed };
    let (able, unable): (Vec<&Request>, Vec<&Request>) =
        judge.in_order(requests.iter().collect(), &[]).into_iter().partition(|r| r.may_receive);
    let mut left = offer.available;
    let mut lines = Vec::with_capacity(requests.len());
    for rank in judge.ranks(able, before) {
        let rank = judge.in_order(rank, after);
        let turns = match share_at {
            Some(_) => share(&rank, offer, &mut left),
            None => rank.iter().map(|request| Turn::waiting(request)).collect(),
        };
        for turn in turns {
            let (given, reason) = turn.settle(offer, &mut left);
            lines.push((turn.request, given, reason));
        }
    }
    lines.extend(unable.into_iter().map(|request| (request, 0, Reason::MayNotReceive)));
    let line = |(rank, (request, given, reason)): (u64, (&Request, u64, Reason))| Line {
        request: request.id,
        rank,
        asked: request.asked,
        given,
        reason,
    };
    Allocation { lines: (1..).zip(lines).map(line).collect() }
}

/// What decides who comes before whom.
struct Judge<'a> {
    offer: &'a Offer,
    seed: &'a [u8; 32],
}

/// How a step places a request; the smaller comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Number(usize),
    Day(Date),
    Received(Timestamp, i64),
    Ticket([u8; 32]),
    /// After all others.
    Last,
}

impl Judge<'_> {
    fn place(&self, step: &Step, request: &Request) -> Place {
        let closed_at = self.offer.closed_at;
        match step {
            Step::Category(order) => {
                let at = order.iter().position(|category| *category == request.category);
                at.map_or(Place::Last, Place::Number)
            }
            Step::NoAllocation { days } => {
                let span = SignedDuration::from_hours(24 * i64::from(*days));
                let lately = request
                    .last_allocated_at
                    .is_some_and(|last| closed_at.duration_since(last) < span);
                Place::Number(usize::from(lately))
            }
            Step::NeededWithin { days } => {
                let today = british_day(closed_at);
                let soon = request.needed_by.is_some_and(|day| {
                    (day.duration_since(today).as_hours() / 24) <= i64::from(*days)
                });
                Place::Number(usize::from(!soon))
            }
            Step::NeededBy => request.needed_by.map_or(Place::Last, Place::Day),
            Step::ProRata => Place::Last,
            Step::FirstCome => Place::Received(request.received_at, request.sequence),
            Step::Lottery => Place::Ticket(ticket(self.seed, request.id)),
        }
    }

    /// Where all these steps place a request, the first step first.
    fn places(&self, steps: &[Step], request: &Request) -> Vec<Place> {
        steps.iter().map(|step| self.place(step, request)).collect()
    }

    /// The requests in the order of these steps; what they leave open, by receipt.
    fn in_order<'a>(&self, requests: Vec<&'a Request>, steps: &[Step]) -> Vec<&'a Request> {
        let mut placed: Vec<(Vec<Place>, &Request)> = requests
            .into_iter()
            .map(|request| {
                let mut places = self.places(steps, request);
                places.push(self.place(&Step::FirstCome, request));
                (places, request)
            })
            .collect();
        placed.sort_by(|a, b| a.0.cmp(&b.0));
        placed.into_iter().map(|(_, request)| request).collect()
    }

    /// The requests in ranks: those that these steps do not tell apart are one.
    fn ranks<'a>(&self, requests: Vec<&'a Request>, steps: &[Step]) -> Vec<Vec<&'a Request>> {
        let ordered = self.in_order(requests, steps);
        let is_one = |a: &&Request, b: &&Request| self.places(steps, a) == self.places(steps, b);
        ordered.chunk_by(is_one).map(<[&Request]>::to_vec).collect()
    }
}

/// A request whose turn comes, with what shares gave it before.
struct Turn<'a> {
    request: &'a Request,
    share: Option<Share>,
}

/// What pro-rata found for a request.
#[derive(Clone, Copy)]
struct Share {
    /// What was shared in its rank.
    shared: u64,
    /// What the requests of its rank asked for.
    asked: u128,
    /// Its share when it was last worked out.
    hubs: u64,
    /// Whether it has that share; if not, it was left out because it accepts no fewer than more.
    is_given: bool,
}

impl<'a> Turn<'a> {
    fn waiting(request: &'a Request) -> Turn<'a> {
        Turn { request, share: None }
    }

    /// Gives the request what it can have of what is left, on top of its share.
    fn settle(&self, offer: &Offer, left: &mut u64) -> (u64, Reason) {
        let has = self.share.filter(|share| share.is_given).map_or(0, |share| share.hubs);
        let could = self.request.fitting(has.saturating_add(*left), offer);
        let least = self.request.least(offer);
        if could < least {
            let reason = match self.share {
                Some(share) if share.shared > 0 => {
                    Reason::ShareTooSmall { share: share.hubs, could, least }
                }
                _ if *left == 0 => Reason::NothingLeft,
                _ => Reason::TooFew { could, least },
            };
            return (0, reason);
        }
        let before = *left;
        *left -= could - has;
        let lot = offer.lot;
        let reason = match self.share {
            _ if could == self.request.asked => Reason::Full,
            Some(Share { shared, asked, .. }) => {
                Reason::Share { shared, asked, lot, more: could - has }
            }
            None => Reason::Part { left: before, lot },
        };
        (could, reason)
    }
}

/// Shares what is left among a rank, in proportion to what each asked for, and takes the shares
/// off. What the shares leave is given afterwards, turn by turn.
fn share<'a>(rank: &[&'a Request], offer: &Offer, left: &mut u64) -> Vec<Turn<'a>> {
    let shared = *left;
    let asked_by_all: u128 = rank.iter().map(|request| u128::from(request.asked)).sum();
    let mut hubs = vec![0; rank.len()];
    let mut takes_part = vec![true; rank.len()];
    loop {
        work_out(rank, offer, shared, &takes_part, &mut hubs);
        let too_few = |i: &usize| takes_part[*i] && hubs[*i] < rank[*i].least(offer);
        match (0..rank.len()).rev().find(too_few) {
            Some(last) => takes_part[last] = false,
            None => break,
        }
    }
    let turn = |(i, request): (usize, &&'a Request)| {
        let is_given = takes_part[i];
        *left -= if is_given { hubs[i] } else { 0 };
        let share = Share { shared, asked: asked_by_all, hubs: hubs[i], is_given };
        Turn { request, share: Some(share) }
    };
    rank.iter().enumerate().map(turn).collect()
}

/// Works out the shares of those that take part; what the others had found stays as it is.
fn work_out(rank: &[&Request], offer: &Offer, shared: u64, takes_part: &[bool], hubs: &mut [u64]) {
    let parts: Vec<usize> = (0..rank.len()).filter(|i| takes_part[*i]).collect();
    let asked: u128 = parts.iter().map(|i| u128::from(rank[*i].asked)).sum();
    if asked <= u128::from(shared) {
        parts.iter().for_each(|i| hubs[*i] = rank[*i].asked);
        return;
    }
    let lot = offer.lot.max(1);
    let lots = shared / lot;
    let divided = |i: usize| {
        let product = u128::from(lots) * u128::from(rank[i].asked);
        (product / asked, product % asked)
    };
    let mut own: Vec<(usize, u128, u128)> =
        parts.iter().map(|i| (*i, divided(*i).0, divided(*i).1)).collect();
    let whole: u128 = own.iter().map(|(_, lots, _)| lots).sum();
    let mut spare = u128::from(lots) - whole;
    // A stable sort: equal remainders stay in the order of the rank.
    own.sort_by_key(|(_, _, remainder)| Reverse(*remainder));
    for (i, own_lots, _) in own {
        let one_more = u128::from(spare > 0);
        spare -= one_more;
        let share = (own_lots + one_more) * u128::from(lot);
        hubs[i] = u64::try_from(share).map_or(rank[i].asked, |share| share.min(rank[i].asked));
    }
}
