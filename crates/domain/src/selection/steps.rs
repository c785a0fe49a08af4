//! The named steps of a policy and how they are written: one on a line, `name` or
//! `name: parameter`.

use std::fmt;

use crate::parties::Category;
use crate::refusal::Refusal;

/// The most steps that a policy has.
const MOST_STEPS: usize = 10;
/// The most days of a step.
const MOST_DAYS: u32 = 3_650;

/// One step of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Parties of these categories first, in this order.
    Category(Vec<Category>),
    /// Parties that were allocated nothing in the last so many days first.
    NoAllocation {
        /// How many.
        days: u32,
    },
    /// What is needed within so many days first.
    NeededWithin {
        /// How many.
        days: u32,
    },
    /// What is needed on the earliest day first.
    NeededBy,
    /// A share for each, in proportion to what it asked for.
    ProRata,
    /// In the order in which they were received.
    FirstCome,
    /// In an order that nobody could know or choose.
    Lottery,
}

/// A kind of step, for whoever writes a policy.
#[derive(Clone, Copy, Debug)]
pub struct StepKind {
    /// Its name.
    pub name: &'static str,
    /// What its parameter is, if it takes one.
    pub parameter: Option<&'static str>,
    /// How it is written.
    pub example: &'static str,
    /// What it does, in a sentence.
    pub meaning: &'static str,
}

/// The kinds of step.
pub const KINDS: &[StepKind] = &[
    StepKind {
        name: "priority-category",
        parameter: Some("categories of Party, the first one first"),
        example: "priority-category: Small Supplier, Large Supplier",
        meaning: "Parties of these categories come first, in this order.",
    },
    StepKind {
        name: "priority-no-allocation",
        parameter: Some("a number of days"),
        example: "priority-no-allocation: 30 days",
        meaning: "Parties that were allocated nothing in so many days before closing come first.",
    },
    StepKind {
        name: "priority-needed-within",
        parameter: Some("a number of days"),
        example: "priority-needed-within: 14 days",
        meaning: "Requests that need the hubs within so many days after closing come first.",
    },
    StepKind {
        name: "priority-needed-by",
        parameter: None,
        example: "priority-needed-by",
        meaning: "Requests that need the hubs on an earlier day come first.",
    },
    StepKind {
        name: "pro-rata",
        parameter: None,
        example: "pro-rata",
        meaning: "Each request gets a share in proportion to what it asked for, in whole lots.",
    },
    StepKind {
        name: "first-come",
        parameter: None,
        example: "first-come",
        meaning: "First come, first served: by the time of receipt, then by the reference.",
    },
    StepKind {
        name: "lottery",
        parameter: None,
        example: "lottery",
        meaning: "By lot, with a seed that was fixed before anybody could know it.",
    },
];

impl Step {
    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Step::Category(_) => "priority-category",
            Step::NoAllocation { .. } => "priority-no-allocation",
            Step::NeededWithin { .. } => "priority-needed-within",
            Step::NeededBy => "priority-needed-by",
            Step::ProRata => "pro-rata",
            Step::FirstCome => "first-come",
            Step::Lottery => "lottery",
        }
    }

    /// Its parameter as it is written, if it has one.
    pub fn parameter(&self) -> Option<String> {
        match self {
            Step::Category(categories) => {
                let names: Vec<&str> = categories.iter().map(|c| c.name()).collect();
                Some(names.join(", "))
            }
            Step::NoAllocation { days } | Step::NeededWithin { days } => {
                Some(format!("{days} {}", if *days == 1 { "day" } else { "days" }))
            }
            Step::NeededBy | Step::ProRata | Step::FirstCome | Step::Lottery => None,
        }
    }

    /// The step of this name with this parameter, or what is wrong with them.
    pub fn new(name: &str, parameter: Option<&str>) -> Result<Step, String> {
        let parameter = parameter.map(str::trim).filter(|text| !text.is_empty());
        let name = name.trim().to_ascii_lowercase();
        let step = match name.as_str() {
            "priority-category" => Step::Category(categories(parameter)?),
            "priority-no-allocation" => Step::NoAllocation { days: days(parameter)? },
            "priority-needed-within" => Step::NeededWithin { days: days(parameter)? },
            "priority-needed-by" => Step::NeededBy,
            "pro-rata" => Step::ProRata,
            "first-come" => Step::FirstCome,
            "lottery" => Step::Lottery,
            other => {
                let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
                return Err(format!("“{other}” is no step. A step is one of {}", names.join(", ")));
            }
        };
        match (step.parameter(), parameter) {
            (None, Some(_)) => Err(format!("{name} takes nothing after its name")),
            _ => Ok(step),
        }
    }

    /// Whether it decides who comes before whom.
    pub fn is_priority(&self) -> bool {
        match self {
            Step::Category(_)
            | Step::NoAllocation { .. }
            | Step::NeededWithin { .. }
            | Step::NeededBy => true,
            Step::ProRata | Step::FirstCome | Step::Lottery => false,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parameter() {
            Some(parameter) => write!(f, "{}: {parameter}", self.name()),
            None => f.write_str(self.name()),
        }
    }
}

fn categories(parameter: Option<&str>) -> Result<Vec<Category>, String> {
    let mut found = Vec::new();
    for name in parameter.unwrap_or_default().split(',').map(str::trim) {
        let category = Category::ALL.iter().find(|c| c.name().eq_ignore_ascii_case(name));
        let Some(category) = category else {
            let names: Vec<&str> = Category::ALL.iter().map(|c| c.name()).collect();
            return Err(format!("“{name}” is no category. Write some of {}", names.join(", ")));
        };
        if found.contains(category) {
            return Err(format!("{} stands there twice", category.name()));
        }
        found.push(*category);
    }
    Ok(found)
}

fn days(parameter: Option<&str>) -> Result<u32, String> {
    let text = parameter.unwrap_or_default();
    let number = text.strip_suffix("days").or(text.strip_suffix("day")).unwrap_or(text).trim();
    let days = number.parse().ok().filter(|days| (1..=MOST_DAYS).contains(days));
    days.ok_or_else(|| format!("write a number of days from 1 to {MOST_DAYS} after its name"))
}

/// The steps in this text, one on a line, or what is wrong with them.
pub fn parse_steps(text: &str) -> Result<Vec<Step>, Refusal> {
    let mut steps = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        let (name, parameter) = match line.split_once(':') {
            Some((name, parameter)) => (name, Some(parameter)),
            None => (line, None),
        };
        let step = Step::new(name, parameter).map_err(|wrong| {
            Refusal::field("steps", format!("Line {number} of the steps: {wrong}."))
        })?;
        steps.push(step);
    }
    check(&steps)?;
    Ok(steps)
}

/// The steps as they are written, one on a line.
pub fn steps_text(steps: &[Step]) -> String {
    let lines: Vec<String> = steps.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// Refuses a chain in which a step could do nothing.
pub fn check(steps: &[Step]) -> Result<(), Refusal> {
    let refuse = |message: String| Err(Refusal::field("steps", message));
    if steps.is_empty() {
        return refuse("Enter at least one step.".into());
    }
    if steps.len() > MOST_STEPS {
        return refuse(format!("Enter at most {MOST_STEPS} steps."));
    }
    for (index, step) in steps.iter().enumerate() {
        let before = &steps[..index];
        if let Some(last) = before.iter().find(|s| matches!(s, Step::FirstCome | Step::Lottery)) {
            return refuse(format!(
                "Take out {} or what follows it: {} leaves nothing to decide.",
                last.name(),
                last.name()
            ));
        }
        if before.iter().any(|s| s.name() == step.name()) {
            return refuse(format!("Take out one of the two steps {}.", step.name()));
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_reads_back_as_it_is_written() {
        for kind in KINDS {
            let steps = parse_steps(kind.example).unwrap();
            assert_eq!(steps_text(&steps), kind.example);
            assert_eq!(steps[0].name(), kind.name);
            assert_eq!(steps[0].parameter().is_some(), kind.parameter.is_some());
        }
    }

    #[test]
    fn steps_are_read_in_any_case_and_blank_lines_are_passed_over() {
        let steps = parse_steps(
            "\n Priority-Category : small supplier,Large Supplier\r\n\nPRO-RATA\nlottery\n",
        );
        let expected = "priority-category: Small Supplier, Large Supplier\npro-rata\nlottery";
        assert_eq!(steps_text(&steps.unwrap()), expected);
        let one = parse_steps("priority-no-allocation: 1 day").unwrap();
        assert_eq!(one, [Step::NoAllocation { days: 1 }]);
    }

    #[test]
    fn a_chain_in_which_a_step_does_nothing_is_refused() {
        let check = |text: &str, says: &str| {
            let refusal = parse_steps(text).unwrap_err();
            assert_eq!(refusal.field, Some("steps"));
            assert!(refusal.message.contains(says), "{}", refusal.message);
        };
        check("", "at least one");
        check("first-come\npro-rata", "Take out first-come");
        check("lottery\nfirst-come", "Take out lottery");
        check("pro-rata\npro-rata", "one of the two steps pro-rata");
        check("pro-rata: 7", "takes nothing after its name");
        check("priority-no-allocation: 0", "from 1 to");
        check("priority-no-allocation", "from 1 to");
        check("pro-rata\nnearest", "Line 2 of the steps: “nearest” is no step");
        check("priority-category: Small Supplier, Small Supplier", "twice");
        check("priority-category:", "is no category");
    }
}
