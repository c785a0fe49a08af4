//! The rules of a chain of steps in words: part of the policy's text when it is published.
//!
//! Whoever has these words alone must come to the results of [`super::allocate()`]; a second
//! implementation in the tests is written from them.

use super::steps::Step;

/// The rules of these steps, as they are published with a policy.
pub fn rules(steps: &[Step]) -> String {
    let mut text = String::from(BEFORE);
    for (number, step) in (1..).zip(steps) {
        text.push_str(&format!("Step {number}. {}\n\n", rule(step, &steps[number..])));
    }
    if !settles(steps) {
        text.push_str(BY_RECEIPT);
    }
    text.push_str(GIVING);
    text
}

/// The title of the policy that is in force from the start.
pub const FIRST_TITLE: &str = "First come, first served";
/// Its text.
pub const FIRST_TEXT: &str = "\
Until another version is published and its notice has passed, whoever asks first for what is offered is served first.";

/// The whole document of a policy: what its hash is about.
pub fn document(title: &str, text: &str, steps: &str, rules: &str) -> String {
    format!("{title}\n\n{text}\n\nSteps\n\n{steps}\n\nRules\n\n{rules}")
}

/// Whether the steps leave no two requests in the same place.
fn settles(steps: &[Step]) -> bool {
    matches!(steps.last(), Some(Step::FirstCome | Step::Lottery))
}

const BEFORE: &str = "\
The hubs of one offer that are not allocated yet are given to the requests for it. A request of a Party that is not active, or may not \
hold hubs, when selection is run is given nothing and takes no part.

To begin with, all requests are of one rank. A priority step divides each rank into ranks, and the order of ranks that earlier steps made \
stays.

";

const BY_RECEIPT: &str = "\
What the steps leave open. Within a rank, the request that was received earlier comes first; of two that were received in the same instant, \
to the microsecond, the one with the lower sequence number, which is its place in the journal.

";

const GIVING: &str = "\
Giving and rounding. Hubs are whole. Where the steps share nothing, the requests have their turn one after another, by rank and in their \
order within it, and what one leaves is there for the next. In its turn a request is given all that it asked for, if so many are left; \
otherwise the hubs that are left rounded down to whole lots, a lot being the offer's minimum lot. If that is fewer than it accepts, it is \
given nothing. A request accepts no fewer hubs than its minimum, and no fewer than one lot or, if that is less, all that it asked for. Nothing else is rounded.
";

/// One step's rule.
pub fn rule(step: &Step, later: &[Step]) -> String {
    match step {
        Step::Category(order) => {
            let names: Vec<&str> = order.iter().map(|category| category.name()).collect();
            format!(
                "Priority by category of Party. First come the requests of Parties of these categories, in this order, each category a rank: \
                 {}. The requests of all other Parties follow as one rank.",
                names.join(", ")
            )
        }
        Step::NoAllocation { days } => format!(
            "Priority to Parties that were allocated nothing lately. The requests of Parties to which no run of selection gave hubs in the \
             {days} × 24 hours before the offer closed come first; what was given exactly that long before does not count against them. \
             Whether the allocation was confirmed does not matter."
        ),
        Step::NeededWithin { days } => format!(
            "Priority to what is needed soon. The requests whose hubs are needed by a day that is at most {days} calendar days after the day \
             on which the offer closed, in Great Britain, come first."
        ),
        Step::NeededBy => "Priority by the day of need. A request whose hubs are needed by an earlier day comes before one whose hubs are \
             needed by a later day; requests that name no day follow as one rank."
            .to_owned(),
        Step::FirstCome => "First come, first served. Within each rank the request that was received earlier comes first; of two that were \
             received in the same instant, to the microsecond, the one with the lower sequence number, which is its place in the journal."
            .to_owned(),
        Step::Lottery => lottery(),
        Step::ProRata => pro_rata(later),
    }
}

fn lottery() -> String {
    format!(
        "Lottery. Within each rank the request with the smaller ticket comes first. A ticket is the SHA-256 of the seed's 32 bytes followed by \
         the request's reference, such as req-000001. The seed is the SHA-256 of the line \"{}\", a line with the offer's reference (each ended \
         by a line feed), 32 secret bytes, and the 32 bytes of the hash of the journal entry with which the offer closed to requests. \
         The secret was drawn when the offer was published, and its commitment published with the offer: the SHA-256 of the line \"{}\", a line with the \
         offer's reference, and the secret. Tickets are compared byte by byte.",
        super::lottery::SEED_LABEL,
        super::lottery::COMMITMENT_LABEL
    )
}

fn pro_rata(later: &[Step]) -> String {
    let order = if later.is_empty() {
        "the order of receipt".to_owned()
    } else {
        let names: Vec<&str> = later.iter().map(Step::name).collect();
        format!("the order of the steps that follow ({}), and then of receipt", names.join(", "))
    };
    format!(
        "Pro-rata by largest remainder. Rank after rank, the hubs that the ranks before have left are shared among the rank's requests, by (a) to \
         (d). \"The order\" is here {order}. \
         (a) If the requests that take part ask together for no more than is shared, the share of each is what it asked for. \
         (b) Otherwise the hubs that are shared are so many whole lots, a rest that is no whole lot being left over. The number of lots times what a \
         request asked for, divided by what the requests that take part asked for together, and rounded down, is its number of lots. The \
         lots that this leaves go one each to the requests with the largest remainders of that division, and of equal remainders to those \
         that come first in the order. A share is that number of lots, but never more than was asked for. \
         (c) If the share of any request is fewer than it accepts, the last such request in the order takes no part any more, and (a) \
         and (b) are done again with the others and the same number of hubs. This is repeated until every share is as many as its request \
         accepts. Each request that takes part has its share. \
         (d) What the shares leave over is given through the rank in the order: each request, also one that takes no part, is given all \
         that it asked for, if its share and what is left over are so many, otherwise the two together rounded down to whole \
         lots; nothing, if that is fewer than it accepts. What is left after the last one is there for the next rank."
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::{parse_steps, steps::KINDS};
    use super::*;

    #[test]
    fn every_step_has_its_rule() {
        for kind in KINDS {
            let text = rules(&parse_steps(kind.example).unwrap());
            assert!(text.contains("Step 1. "), "{text}");
            assert!(text.contains("Giving and rounding."));
            assert!(!text.contains("  "), "{text}");
            let ends = matches!(kind.name, "first-come" | "lottery");
            assert_eq!(text.contains("What the steps leave open."), !ends);
        }
    }

    #[test]
    fn the_first_policy_is_in_the_database_as_it_is_here() {
        let migration = include_str!("../../../store/migrations/0004_selection.sql");
        let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
        for text in [FIRST_TITLE, FIRST_TEXT, &rules(&[Step::FirstCome])] {
            assert!(migration.contains(&quoted(text)), "{}", quoted(text));
        }
    }

    #[test]
    fn pro_rata_says_which_steps_break_its_ties() {
        let steps = parse_steps("pro-rata\npriority-needed-by\nlottery").unwrap();
        assert!(rules(&steps).contains("(priority-needed-by, lottery), and then of receipt"));
        assert!(rules(&parse_steps("pro-rata").unwrap()).contains("here the order of receipt."));
    }
}
