//! What a message says: one template a kind, in `templates/mail`, from which its subject line, its
//! text, its HTML and the notice in the portal are all made.
//!
//! A template's first line is the subject line. After it, blank lines stand between paragraphs;
//! `= name: value` is a row of particulars, `- text | /path` an item of a list, `> words | /path`
//! what to do next.

use askama::Template;
use domain::notifications::MessageKind;

use super::facts::Facts;
use crate::{Error, Result};

/// A message, before it is written as text or HTML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// Its subject line.
    pub title: String,
    /// Its parts.
    pub blocks: Vec<Block>,
}

/// A part of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// Sentences.
    Paragraph(String),
    /// Particulars: name and value.
    Rows(Vec<(String, String)>),
    /// Items, each with the page that it leads to, if it leads to one.
    List(Vec<(String, Option<String>)>),
    /// What to do next, and the page where.
    Action(String, String),
}

macro_rules! templates {
    ($($kind:ident $path:literal),+ $(,)?) => {
        $(
            #[derive(Template)]
            #[template(path = $path, escape = "none")]
            struct $kind<'a> {
                f: &'a Facts,
            }
        )+

        fn drawn(kind: MessageKind, f: &Facts) -> askama::Result<String> {
            match kind {
                $(MessageKind::$kind => $kind { f }.render(),)+
            }
        }
    };
}

templates! {
    TransferFileToAuthorise "mail/transfer-file-to-authorise.txt",
    TransferFileRefused "mail/transfer-file-refused.txt",
    TransferFileRejected "mail/transfer-file-rejected.txt",
    TransferFileWithdrawn "mail/transfer-file-withdrawn.txt",
    TransferFileApplied "mail/transfer-file-applied.txt",
    LinesRejected "mail/lines-rejected.txt",
    HubsMoved "mail/hubs-moved.txt",
    TransferFileFailed "mail/transfer-file-failed.txt",
    HubsInstalledBefore "mail/installed-before.txt",
    ImportRefused "mail/import-refused.txt",
    ImportLines "mail/import-lines.txt",
    SnapshotToAuthorise "mail/snapshot-to-authorise.txt",
    DeliveryReport "mail/delivery-report.txt",
    DeliveryReportFailed "mail/delivery-report-failed.txt",
    EntryNotTold "mail/entry-not-told.txt",
    PartyChanged "mail/party-changed.txt",
    Invitation "mail/invitation.txt",
    PasswordLink "mail/password-link.txt",
    RoleChanged "mail/role-changed.txt",
    AccountSecurity "mail/account-security.txt",
    OfferToDecide "mail/offer-to-decide.txt",
    OfferDecided "mail/offer-decided.txt",
    OfferPublished "mail/offer-published.txt",
    FilterMatched "mail/filter-matched.txt",
    WantedMatched "mail/wanted-matched.txt",
    RequestQueued "mail/request-queued.txt",
    OfferEnded "mail/offer-ended.txt",
    OfferMoved "mail/offer-moved.txt",
    SelectionDue "mail/selection-due.txt",
    RequestDecided "mail/request-decided.txt",
    RequestLapsed "mail/request-lapsed.txt",
    OfferAllocated "mail/offer-allocated.txt",
    PolicyPublished "mail/policy-published.txt",
    TransferToConfirm "mail/transfer-to-confirm.txt",
    TransferToDispatch "mail/transfer-to-dispatch.txt",
    TransferOnItsWay "mail/transfer-on-its-way.txt",
    TransferArrived "mail/transfer-arrived.txt",
    TransferReceived "mail/transfer-received.txt",
    LinesToCorrect "mail/lines-to-correct.txt",
    TransferLines "mail/transfer-lines.txt",
    FileToPrepare "mail/file-to-prepare.txt",
    TransferCompleted "mail/transfer-completed.txt",
    TransferStopped "mail/transfer-stopped.txt",
    DeadlinePassed "mail/deadline-passed.txt",
    DailyDigest "mail/daily-digest.txt",
}

/// What a message of this kind says about these facts.
pub fn words(kind: MessageKind, facts: &Facts) -> Result<Words> {
    let text = drawn(kind, facts).map_err(|error| {
        Error::Damaged(format!("the message {} could not be drawn: {error}", kind.word()))
    })?;
    Ok(parsed(&text))
}

fn parsed(text: &str) -> Words {
    let mut lines = text.lines().map(str::trim);
    let title = lines.find(|line| !line.is_empty()).unwrap_or_default().to_owned();
    let mut blocks: Vec<Block> = Vec::new();
    let mut goes_on = false;
    for line in lines {
        if line.is_empty() {
            goes_on = false;
            continue;
        }
        let (words, path) = match line.split_once(" | /") {
            Some((words, path)) => (words, Some(format!("/{path}"))),
            None => (line, None),
        };
        if let Some(row) = line.strip_prefix("= ") {
            let (name, value) = row.split_once(": ").unwrap_or((row, ""));
            let row = (name.to_owned(), value.to_owned());
            match blocks.last_mut() {
                Some(Block::Rows(rows)) => rows.push(row),
                _ => blocks.push(Block::Rows(vec![row])),
            }
        } else if let Some(item) = words.strip_prefix("- ") {
            let item = (item.to_owned(), path);
            match blocks.last_mut() {
                Some(Block::List(items)) => items.push(item),
                _ => blocks.push(Block::List(vec![item])),
            }
        } else if let Some(action) = words.strip_prefix("> ") {
            blocks.push(Block::Action(action.to_owned(), path.unwrap_or_else(|| "/".into())));
        } else {
            match blocks.last_mut() {
                Some(Block::Paragraph(said)) if goes_on => *said = format!("{said} {line}"),
                _ => blocks.push(Block::Paragraph(line.to_owned())),
            }
            goes_on = true;
            continue;
        }
        goes_on = false;
    }
    Words { title, blocks }
}

impl Words {
    /// What the notice in the portal says below its title.
    pub fn for_notice(&self) -> String {
        let mut lines = Vec::new();
        for block in &self.blocks {
            match block {
                Block::Paragraph(said) => lines.push(said.clone()),
                Block::Rows(rows) => {
                    lines.extend(rows.iter().map(|(name, value)| format!("{name}: {value}")));
                }
                Block::List(items) => lines.extend(items.iter().map(|(item, _)| item.clone())),
                Block::Action(..) => {}
            }
        }
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_becomes_a_title_and_its_parts() {
        let words = parsed(
            "One waits\n\nFirst line\nof a paragraph.\n\n\nSecond.\n= Name: a: b\n= Lines: 3\n\n\
             - One | /a?b=1\n- Two\n> Look | /c\n",
        );
        let row = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(words.title, "One waits");
        assert_eq!(
            words.blocks,
            [
                Block::Paragraph("First line of a paragraph.".into()),
                Block::Paragraph("Second.".into()),
                Block::Rows(vec![row("Name", "a: b"), row("Lines", "3")]),
                Block::List(vec![("One".into(), Some("/a?b=1".into())), ("Two".into(), None)]),
                Block::Action("Look".into(), "/c".into()),
            ]
        );
        assert_eq!(words.for_notice().lines().count(), 6);
    }
}
