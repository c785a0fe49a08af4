//! `docs/reference`, drawn from the code. `./dev docs` draws it anew.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;

use app::settings;
use domain::access::{self, Action, Reach, Role};
use domain::transfer_files::{self, Code, State};
use testkit::golden;

const DRAWN: &str = "Drawn from the code by a test; `./dev docs` draws it anew.";

/// One variant of an enum, as its source has it.
struct Variant {
    name: String,
    meaning: String,
    fields: Vec<String>,
}

/// The variants of `name` in this source text, with what their comments say.
fn variants(source: &str, name: &str) -> Vec<Variant> {
    let begins = format!("pub enum {name} {{");
    let body = source.lines().skip_while(|line| **line != *begins).skip(1);
    let (mut found, mut meaning, mut open) = (Vec::<Variant>::new(), String::new(), false);
    for line in body.take_while(|line| *line != "}").map(str::trim) {
        let is_aside = line.starts_with("//") && !line.starts_with("///");
        if is_aside {
            continue;
        }
        if let Some(text) = line.strip_prefix("///") {
            if !open {
                meaning = format!("{meaning} {}", text.trim()).trim().to_owned();
            }
        } else if line.starts_with('}') {
            open = false;
        } else if open {
            found.last_mut().unwrap().fields.extend(fields(line));
        } else if !line.is_empty() && !line.starts_with("#[") {
            let end = line.find(|c: char| !c.is_alphanumeric()).unwrap_or(line.len());
            open = line.ends_with('{');
            let inner = line.split_once('{').map_or("", |(_, rest)| rest);
            found.push(Variant {
                name: line[..end].to_owned(),
                meaning: std::mem::take(&mut meaning),
                fields: fields(inner.trim_end_matches([',', '}', ' '])),
            });
        }
    }
    assert!(!found.is_empty(), "{name}");
    found
}

/// `user: i64, email: String` as their names.
fn fields(text: &str) -> Vec<String> {
    let names = text.split(": ").map(|part| part.rsplit([' ', ',']).next().unwrap().to_owned());
    let mut names: Vec<String> = names.collect();
    names.pop();
    names
}

fn draw(file: &str, title: &str, intro: &str, body: &str) {
    let text = format!("# {title}\n\n{intro} {DRAWN}\n\n{body}");
    golden::check(&format!("docs/reference/{file}.md"), &text);
}

fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), " --- |".repeat(head.len()));
    for row in rows {
        let row: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
        writeln!(text, "| {} |", row.join(" | ")).unwrap();
    }
    text
}

fn meanings(source: &str, name: &str, head: &str) -> String {
    let row = |variant: Variant| vec![format!("`{}`", variant.name), variant.meaning];
    table(&[head, "meaning"], variants(source, name).into_iter().map(row))
}

#[test]
fn golden_states() {
    let states = include_str!("../../domain/src/transfer_files/state.rs");
    let imports = include_str!("../../domain/src/imports.rs");
    let runs = include_str!("../src/delivery_report.rs");
    let moves = State::ALL.iter().flat_map(|from| {
        transfer_files::Action::ALL.iter().filter_map(|action| {
            let to = from.after(*action).ok()?;
            Some([from.name().to_owned(), format!("{action:?}"), to.name().to_owned()])
        })
    });
    let offers = include_str!("../../domain/src/offers/state.rs");
    let requests = include_str!("../../domain/src/requests/state.rs");
    let rows = |moves: &[(&str, String, &str)]| {
        let row = |(from, action, to): &(&str, String, &str)| {
            [*from, action, *to].map(|word| format!("`{word}`")).to_vec()
        };
        table(&["from", "action", "to"], moves.iter().map(row))
    };
    let offer_moves: Vec<_> = domain::offers::TRANSITIONS
        .iter()
        .map(|(from, action, to)| (from.name(), format!("{action:?}"), to.name()))
        .collect();
    let request_moves: Vec<_> = domain::requests::TRANSITIONS
        .iter()
        .map(|(from, action, to)| (from.name(), format!("{action:?}"), to.name()))
        .collect();
    let transfers = include_str!("../../domain/src/transfers/state.rs");
    let lines = include_str!("../../domain/src/transfers/line.rs");
    let outcomes = include_str!("../../domain/src/reconciliation.rs");
    let transfer_moves: Vec<_> = domain::transfers::TRANSITIONS
        .iter()
        .map(|(from, action, to)| (from.name(), format!("{action:?}"), to.name()))
        .collect();
    let corrections = domain::transfers::CORRECTIONS.iter().map(|(outcome, how, who, to)| {
        let who = match who {
            domain::transfers::Who::Only(side) => side.name(),
            domain::transfers::Who::Either => "either",
        };
        vec![
            format!("`{}`", outcome.name()),
            format!("`{}`", how.word()),
            who.to_owned(),
            format!("`{}`", to.name()),
        ]
    });
    let body = format!(
        "## A transfer file\n\n{}\n{}\n{}\n## An import\n\n{}\n## A run of ESI-013\n\n{}\n\
         ## An offer\n\n{}\n{}\n{}\n## A request\n\n{}\n{}\n{}\n\
         ## A transfer\n\nA released transfer goes back to where it was held.\n\n{}\n{}\n{}\n\
         ## A line of a transfer\n\n{}\n{}\n{}\n\
         The DCC may make each correction; what becomes ready is compared with the inventory once \
         more.\n\n{}",
        meanings(states, "State", "state"),
        meanings(states, "Action", "action"),
        table(
            &["from", "action", "to"],
            moves.map(|row| row.map(|word| format!("`{word}`")).to_vec())
        ),
        meanings(imports, "ImportState", "state"),
        meanings(runs, "RunState", "state"),
        meanings(offers, "State", "state"),
        meanings(offers, "Action", "action"),
        rows(&offer_moves),
        meanings(requests, "State", "state"),
        meanings(requests, "Action", "action"),
        rows(&request_moves),
        meanings(transfers, "State", "state"),
        meanings(transfers, "Action", "action"),
        rows(&transfer_moves),
        meanings(lines, "LineState", "state"),
        meanings(outcomes, "Outcome", "outcome"),
        meanings(lines, "Correction", "correction"),
        table(&["outcome", "correction", "by", "leaves the line"], corrections),
    );
    let intro = "Where things are, and every move between. A pair that is not here cannot happen.";
    draw("states", "States", intro, &body);
}

#[test]
fn golden_permissions() {
    let source = include_str!("../../domain/src/access.rs");
    let mut head = vec!["action"];
    head.extend(Role::ALL.iter().map(|role| role.word()));
    let actions = variants(source, "Action");
    let rows = Action::ALL.iter().zip(&actions).map(|(action, said)| {
        assert_eq!(format!("{action:?}"), said.name);
        let mut row = vec![said.meaning.trim_end_matches('.').to_owned()];
        row.extend(Role::ALL.iter().map(|role| {
            match access::reach(*role, *action) {
                Reach::Nothing => "",
                Reach::Own => "own",
                Reach::All => "all",
            }
            .to_owned()
        }));
        row
    });
    let roles = variants(source, "Role");
    let roles = Role::ALL.iter().zip(&roles).map(|(role, said)| {
        vec![format!("`{}`", role.word()), role.name().to_owned(), said.meaning.clone()]
    });
    let body = format!("{}\n{}", table(&["role", "name", "may"], roles), table(&head, rows));
    let intro = "Who may do what: `all`, or `own` for what belongs to the person's own Party.";
    draw("permissions", "Permissions", intro, &body);
}

#[test]
fn golden_events() {
    let source = include_str!("../src/journal/event.rs");
    let rows = variants(source, "Event").into_iter().map(|event| {
        let fields: Vec<String> = event.fields.iter().map(|name| format!("`{name}`")).collect();
        vec![format!("`{}`", event.name), event.meaning, fields.join(", ")]
    });
    let intro = "Everything that the journal can say. An entry holds what is needed to do the \
                 change again, together with the stored files that it names by their SHA-256.";
    draw("events", "Events", intro, &table(&["kind", "meaning", "fields"], rows));
}

#[test]
fn golden_settings() {
    let rows = settings::ALL.iter().map(|setting| {
        vec![
            format!("`{}`", setting.name),
            format!("`{}`", setting.default),
            setting.takes_in_words(),
            setting.meaning.to_owned(),
            setting.source.to_owned(),
        ]
    });
    let body = table(&["setting", "default", "takes", "meaning", "source"], rows);
    draw("settings", "Settings", "Each limit, schedule and switch.", &body);
}

#[test]
fn golden_result_codes() {
    let rows = Code::ALL.iter().map(|code| {
        vec![format!("`{}`", code.name()), code.meaning().to_owned(), code.what_to_do().to_owned()]
    });
    let intro = "What a line of a transfer file comes to. `S00` can carry warnings: `S00+W10`, \
                 `S00+W11`, `S00+W10+W11`.";
    let mut body = table(&["code", "meaning", "what to do"], rows);
    let words = app::transfer_files::Refused::words();
    let words = words.map(|(word, meaning)| vec![format!("`{word}`"), meaning.to_owned()]);
    let words = table(&["refusal_word", "meaning"], words);
    write!(body, "\n## Why a file is refused whole\n\n{words}").unwrap();
    draw("result-codes", "Result codes", intro, &body);
}

#[test]
fn fields_and_meanings_are_read_from_the_source() {
    let source = "\
/// Things.
pub enum Thing {
    /// One thing,
    /// on two lines.
    One { name: String, from: Option<i64> },

    /// Another.
    Two {
        id: i64,
        /// Not the variant's.
        counts: BTreeMap<String, u64>,
    },
    /// Bare.
    Three = 3,
}
";
    let found = variants(source, "Thing");
    let names: Vec<_> = found.iter().map(|v| (v.name.as_str(), v.meaning.as_str())).collect();
    assert_eq!(
        names,
        [("One", "One thing, on two lines."), ("Two", "Another."), ("Three", "Bare.")]
    );
    assert_eq!(found[0].fields, ["name", "from"]);
    assert_eq!(found[1].fields, ["id", "counts"]);
    assert!(found[2].fields.is_empty());
}
