//! What axe-core finds wrong with a page.

use std::fmt;

use serde_json::Value;

use super::Browser;

/// Deque's axe-core 4.14.1, under the Mozilla Public License; used by tests alone.
const AXE: &str = include_str!("../../assets/axe.min.js");

/// The rules of WCAG 2.2, levels A and AA, without axe's own opinions.
const RUN: &str = "
    ;const done = arguments[arguments.length - 1];
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
    axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] })
        .then(result => done(result.violations), error => done(String(error)));";

/// One rule that a page breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The rule's name, `color-contrast` for one.
    pub rule: String,
    /// How bad it is for whom it concerns.
    pub impact: String,
    /// What the rule wants.
    pub help: String,
    /// The elements that break it, and how.
    pub places: Vec<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.rule, self.impact, self.help)?;
        self.places.iter().try_for_each(|place| write!(f, "\n  {place}"))
    }
}

impl Browser {
    /// What axe-core finds on the page as it is now. It cannot look where scripts are off.
    pub async fn axe(&self) -> Vec<Violation> {
        let found = self.client.execute_async(&format!("{AXE}{RUN}"), vec![]).await;
        match self.must(found, "run axe-core").await {
            Value::Array(found) => found.iter().map(violation).collect(),
            other => self.fail(format!("run axe-core ({other})")).await,
        }
    }

    /// Fails the test if axe-core finds anything on the page.
    pub async fn must_be_accessible(&self) {
        let found = self.axe().await;
        let lines: Vec<String> = found.iter().map(Violation::to_string).collect();
        assert!(found.is_empty(), "{} is not accessible:\n{}", self.path().await, lines.join("\n"));
    }
}

fn violation(found: &Value) -> Violation {
    let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
    let nodes = found["nodes"].as_array().map(Vec::as_slice).unwrap_or_default();
    Violation {
        rule: text("id"),
        impact: text("impact"),
        help: text("help"),
        places: nodes.iter().map(place).collect(),
    }
}

fn place(node: &Value) -> String {
    let html = node["html"].as_str().unwrap_or_default();
    let summary = node["failureSummary"].as_str().unwrap_or_default();
    format!("{} {html}: {}", node["target"], super::squeezed(summary))
}
