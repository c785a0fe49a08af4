//! The names of Parties and people beside the numbers by which sentences call them.

use std::collections::{BTreeMap, BTreeSet};

use domain::ids::{PartyId, UserId};
use store::Tx;

use crate::Result;

/// Puts the name of each Party and each person before its number in these texts.
pub(super) fn put_in<'a>(tx: &mut Tx, texts: impl Iterator<Item = &'a mut String>) -> Result<()> {
    let texts: Vec<&mut String> = texts.collect();
    let words: BTreeSet<&str> = texts.iter().flat_map(|text| words_of(text)).collect();
    let parties: Vec<PartyId> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let people: Vec<UserId> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let mut names = BTreeMap::new();
    for (id, name) in store::parties::names(tx, &parties)? {
        names.insert(id.to_string(), name);
    }
    for (id, name) in store::people::names(tx, &people)? {
        names.insert(id.to_string(), name);
    }
    if !names.is_empty() {
        for text in texts {
            *text = named(text, &names);
        }
    }
    Ok(())
}

fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
}

/// `Drafted off-000003 for Bright Homes (pty-000012)`
fn named(text: &str, names: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(word) = words_of(rest).next() {
        match names.get(word) {
            Some(name) => out.push_str(&format!("{name} ({word})")),
            None => out.push_str(word),
        }
        rest = &rest[word.len()..];
        let Some(between) = rest.chars().next() else { break };
        out.push(between);
        rest = &rest[between.len_utf8()..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_before_its_number_and_all_else_stays() {
        let names = BTreeMap::from([
            ("pty-000012".to_owned(), "Bright Homes".to_owned()),
            ("usr-000001".to_owned(), "A Person".to_owned()),
        ]);
        for (text, wanted) in [
            ("", ""),
            ("Set x of pty-000012, y", "Set x of Bright Homes (pty-000012), y"),
            ("pty-000012", "Bright Homes (pty-000012)"),
            ("pty-000013 – “pty-0000123” é.", "pty-000013 – “pty-0000123” é."),
            ("Reactivated usr-000001: ", "Reactivated A Person (usr-000001): "),
        ] {
            assert_eq!(named(text, &names), wanted);
        }
    }
}
