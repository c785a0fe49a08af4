//! Each message as it is read, drawn into `docs/reference/messages` as text and HTML, and the table
//! of who is told what.

use std::fmt::Write as _;

use app::notifications::{Facts, Mail, letter, words};
use domain::notifications::{Delivery, MessageKind, TABLE};
use testkit::golden;

/// Something of everything that a message can name.
fn facts(kind: MessageKind) -> Facts {
    let row = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut facts = Facts {
        about: "ctf-000042".into(),
        path: "/transfer-files/ctf-000042".into(),
        name: "CHST_DCC_20261123_0001.csv".into(),
        what: "deliveries".into(),
        reason: "Line 1 is not the header: <b>CHF</b> & others.".into(),
        by: "Lee Logistics".into(),
        from: "Abel Energy Ltd".into(),
        to: "Brio Power plc".into(),
        day: "23 November 2026".into(),
        number: 1_896,
        moved: 1_890,
        rejected: 6,
        rows: vec![row("Prepared by", "Lee Logistics"), row("S00", "1,890 lines")],
        ..Facts::default()
    };
    match kind {
        MessageKind::Invitation | MessageKind::PasswordLink => {
            facts.path = "/invitations/{secret}".into();
            facts.name = "Warehouse".into();
        }
        MessageKind::RoleChanged => {
            (facts.name, facts.what) = ("Warehouse".into(), "given to".into());
        }
        MessageKind::AccountSecurity => {
            (facts.name, facts.what) = ("Night script".into(), "An API token was issued".into());
        }
        MessageKind::DailyDigest => {
            facts.number = 102;
            facts.moved = 2;
            let item = |title: &str, path: &str| (title.to_owned(), path.to_owned());
            facts.items = vec![
                item("north.csv waits to be authorised", "/transfer-files/ctf-000042"),
                item("2 hubs went from Abel Energy Ltd to Brio Power plc", "/stock"),
            ];
        }
        MessageKind::OfferDecided | MessageKind::OfferEnded => market(&mut facts, "was returned"),
        MessageKind::OfferMoved => market(&mut facts, "was suspended"),
        MessageKind::RequestLapsed => {
            market(&mut facts, "");
            facts.about = "req-000007".into();
            facts.reason = "Nothing came by 7 December 2026, when it was needed.".into();
        }
        MessageKind::OfferToDecide
        | MessageKind::OfferPublished
        | MessageKind::RequestQueued
        | MessageKind::SelectionDue
        | MessageKind::OfferAllocated => market(&mut facts, ""),
        MessageKind::FilterMatched => market(&mut facts, "North, dual band"),
        MessageKind::WantedMatched => {
            market(&mut facts, "your wanted request req-000007");
            facts.from = "the offer off-000003".into();
        }
        MessageKind::RequestDecided => {
            market(&mut facts, "");
            (facts.from, facts.to) = ("off-000003".into(), "req-000007".into());
        }
        MessageKind::PolicyPublished => {
            market(&mut facts, "comes into force on 21 December 2026");
            facts.about = "pol-000002".into();
            facts.reason = String::new();
        }
        MessageKind::TransferToConfirm
        | MessageKind::TransferToDispatch
        | MessageKind::TransferOnItsWay
        | MessageKind::TransferArrived
        | MessageKind::TransferReceived
        | MessageKind::LinesToCorrect
        | MessageKind::TransferLines
        | MessageKind::FileToPrepare => transfer(&mut facts, ""),
        MessageKind::TransferCompleted => transfer(&mut facts, "with exceptions"),
        MessageKind::TransferStopped => transfer(&mut facts, "was cancelled"),
        MessageKind::DeadlinePassed => transfer(&mut facts, "was not dispatched in time"),
        MessageKind::EntryNotTold => {
            (facts.about, facts.path) = ("entry 417".into(), "/journal/417".into());
        }
        MessageKind::PartyChanged => {
            facts.rows = vec![row("legal name", "Brio Power Limited")];
        }
        _ => {}
    }
    facts
}

fn market(facts: &mut Facts, what: &str) {
    facts.about = "off-000003".into();
    facts.path = "/offers/off-000003".into();
    facts.name = "106C 04200103, Single Band, Cellular, North".into();
    facts.what = what.into();
    facts.rows = vec![("Minimum lot".into(), "896 hubs".into())];
}

fn transfer(facts: &mut Facts, what: &str) {
    market(facts, what);
    facts.about = "trf-000009".into();
    facts.path = "/transfers/trf-000009".into();
    facts.rows =
        vec![("Hubs".into(), "1,896 hubs".into()), ("By".into(), "7 December 2026".into())];
}

#[test]
fn golden_messages() {
    let mut mail = Mail::none();
    mail.public_url = "https://hubstock.example".into();
    for kind in MessageKind::ALL {
        let words = words(*kind, &facts(*kind)).unwrap();
        let can_stop = !kind.row().required && *kind != MessageKind::DailyDigest;
        let stop = can_stop.then_some("https://hubstock.example/unsubscribe/{secret}");
        let letter = letter(&mail, *kind, &words, stop).unwrap();
        assert!(!words.title.is_empty() && words.title.len() < 120, "{kind:?}");
        assert!(!letter.text.contains("{{") && letter.html.contains("</html>"), "{kind:?}");
        assert!(!letter.html.contains("<b>CHF"), "what people typed is escaped");
        let text = format!("Subject: {}\n\n{}", words.title, letter.text);
        golden::check(&format!("crates/app/tests/letters/{}.txt", kind.word()), &text);
        golden::check(&format!("crates/app/tests/letters/{}.html", kind.word()), &letter.html);
    }
}

#[test]
fn golden_table() {
    let mut text = String::from(
        "# Notifications\n\nWho is told what, of which event. A notice in the portal is there in any case; the e-mail is as \
         each person chooses, and where nobody has chosen, as usual. What the process requires can go into \
         the daily digest but cannot be turned off. Whoever did it is not told of it, except of what was \
         done to their own account. Drawn from the code by a test; `./dev docs` draws it anew.\n\n\
         | message | word | usually | required | of the event | told to |\n\
         | --- | --- | --- | --- | --- | --- |\n",
    );
    for row in TABLE {
        let usually = match row.usually {
            Delivery::Now => "at once",
            Delivery::Digest => "daily digest",
            Delivery::Off => "no e-mail",
        };
        let required = if row.required { "yes" } else { "" };
        let (mut events, mut told) = (Vec::new(), Vec::new());
        for rule in row.rules {
            let when = rule.when.words();
            let event = format!("`{}` {when}", rule.event);
            events.push(event.trim().to_owned());
            told.extend(rule.told.iter().map(|told| told.words()));
        }
        told.dedup();
        let (name, word) = (row.name, row.word);
        let (events, told) = (events.join("; "), told.join("; "));
        writeln!(text, "| {name} | `{word}` | {usually} | {required} | {events} | {told} |")
            .unwrap();
    }
    golden::check("docs/reference/notifications.md", &text);
}
