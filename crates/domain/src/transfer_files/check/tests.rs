#![allow(clippy::unwrap_used)]

use super::super::{Limits, ParsedFile, parse};
use super::*;

const HOLDER: PartyId = PartyId(1);
const OTHER: PartyId = PartyId(2);
const TO: PartyId = PartyId(3);

/// A file whose lines are: one like any other, its duplicate, one that contradicts it, one that is
/// not an ID, and one with a field too many.
fn file() -> ParsedFile<'static> {
    let text = "CommsHubID,NewServiceUserReference\n\
                00-DB-12-34-56-78-90-A2,SU0001\n\
                00DB1234567890A2,SU0001\n\
                00DB1234567890A2,SU0002\n\
                9.035E+13,SU0001\n\
                9.035E+13,SU0001,x\n";
    parse(text.as_bytes(), "transfer.csv", &Limits::default()).unwrap()
}

const PLAIN: usize = 0;
const DUPLICATE: usize = 1;
const CONTRADICTION: usize = 2;
const NOT_AN_ID: usize = 3;
const NOT_THE_FIELDS: usize = 4;

fn hub() -> HubFacts {
    HubFacts {
        party: HOLDER,
        status: SmiStatus::Pending,
        status_since: Timestamp::UNIX_EPOCH,
        held_back: HeldBack::No,
        installation_end: None,
        last_move: 7,
        open_transfer: None,
        as_confirmed: None,
        agreed_specification: None,
    }
}

fn context() -> CheckContext {
    let today = Date::constant(2026, 11, 23);
    CheckContext { settings: CheckSettings::default(), sender: Sender::Any, today }
}

fn with(name: &str, value: &str) -> CheckContext {
    let settings = CheckSettings::default().with(name, value).unwrap();
    CheckContext { settings, ..context() }
}

fn outcome(line: usize, facts: &Facts, receiver: Receiver, context: &CheckContext) -> String {
    check(&file().lines[line], facts, receiver, context).to_string()
}

#[test]
fn the_first_code_that_applies_wins() {
    let strict = with("check.W10", "reject").settings.with("check.W11", "reject").unwrap();
    let context = CheckContext { settings: strict, sender: Sender::Party(OTHER), ..context() };
    let gpf = Facts::Gpf { chf: DeviceId::from_bits(5).unwrap() };
    // Everything is wrong with this hub; each step below puts one thing right.
    let mut hub = HubFacts {
        party: TO,
        status: SmiStatus::Commissioned,
        held_back: HeldBack::Quarantined,
        installation_end: Some(Date::constant(2026, 11, 22)),
        open_transfer: Some(1),
        as_confirmed: Some(false),
        agreed_specification: Some(false),
        ..hub()
    };
    let check = |expected: &str, line, facts: Facts, receiver| {
        assert_eq!(outcome(line, &facts, receiver, &context), expected);
    };
    check("R00", NOT_THE_FIELDS, gpf, Receiver::Unknown);
    check("R01", NOT_AN_ID, gpf, Receiver::Unknown);
    check("R07", DUPLICATE, gpf, Receiver::Unknown);
    check("R03", PLAIN, gpf, Receiver::Unknown);
    check("R02", PLAIN, Facts::Unknown, Receiver::Unknown);
    check("R08", PLAIN, Facts::Hub(hub), Receiver::Unknown);
    check("R08", PLAIN, Facts::Hub(hub), Receiver::Barred(TO));
    let to = Receiver::Party(TO);
    check("R04", PLAIN, Facts::Hub(hub), to);
    hub.status = SmiStatus::Pending;
    check("S01", PLAIN, Facts::Hub(hub), to);
    hub.party = HOLDER;
    check("R09", PLAIN, Facts::Hub(hub), to);
    hub.held_back = HeldBack::No;
    check("R05", PLAIN, Facts::Hub(hub), to);
    hub.party = OTHER;
    check("R05", PLAIN, Facts::Hub(hub), to);
    hub.as_confirmed = Some(true);
    check("R06", PLAIN, Facts::Hub(hub), to);
    hub.open_transfer = None;
    check("W10", PLAIN, Facts::Hub(hub), to);
    hub.installation_end = Some(context.today);
    check("W11", PLAIN, Facts::Hub(hub), to);
    hub.agreed_specification = Some(true);
    check("S00", PLAIN, Facts::Hub(hub), to);
}

#[test]
fn only_pending_hubs_move() {
    for status in SmiStatus::ALL {
        let facts = Facts::Hub(HubFacts { status: *status, ..hub() });
        let expected = if *status == SmiStatus::Pending { "S00" } else { "R04" };
        assert_eq!(outcome(PLAIN, &facts, Receiver::Party(TO), &context()), expected);
    }
}

#[test]
fn a_sender_that_nobody_knows_has_no_hubs() {
    let context = CheckContext { sender: Sender::Unknown, ..context() };
    assert_eq!(outcome(PLAIN, &Facts::Hub(hub()), Receiver::Party(TO), &context), "R05");
}

#[test]
fn warnings_stand_behind_the_code_of_a_hub_that_moves() {
    let old = Some(Date::constant(2026, 11, 22));
    let to = Receiver::Party(TO);
    let case = |installation_end, agreed_specification, context: CheckContext| {
        let facts = Facts::Hub(HubFacts { installation_end, agreed_specification, ..hub() });
        outcome(PLAIN, &facts, to, &context)
    };
    assert_eq!(case(old, None, context()), "S00+W10");
    assert_eq!(case(None, Some(false), context()), "S00+W11");
    assert_eq!(case(old, Some(false), context()), "S00+W10+W11");
    assert_eq!(case(old, Some(false), with("check.W10", "off")), "S00+W11");
    assert_eq!(case(old, Some(false), with("check.W11", "reject")), "W11");
}

#[test]
fn checks_that_are_off_let_the_line_through() {
    let facts = |hub| Facts::Hub(hub);
    let to = Receiver::Party(TO);
    let wrong_sender = CheckContext { sender: Sender::Unknown, ..with("check.R05", "off") };
    assert_eq!(outcome(PLAIN, &facts(hub()), to, &wrong_sender), "S00");
    let open = HubFacts { open_transfer: Some(1), ..hub() };
    assert_eq!(outcome(PLAIN, &facts(open), to, &with("check.R06", "off")), "S00");
    let test = HubFacts { held_back: HeldBack::Test, ..hub() };
    assert_eq!(outcome(PLAIN, &facts(test), to, &with("check.R09", "off")), "S00");
    let barred = Receiver::Barred(TO);
    assert_eq!(outcome(PLAIN, &facts(hub()), barred, &with("check.R08", "off")), "S00");
}

#[test]
fn there_is_no_moving_to_a_party_that_does_not_exist() {
    let off = with("check.R08", "off");
    assert_eq!(outcome(PLAIN, &Facts::Hub(hub()), Receiver::Unknown, &off), "R08");
}

#[test]
fn a_hub_never_goes_to_two_parties_by_one_file() {
    let off = with("check.R07", "off");
    let to = Receiver::Party(TO);
    assert_eq!(outcome(DUPLICATE, &Facts::Hub(hub()), to, &off), "S01");
    assert_eq!(outcome(CONTRADICTION, &Facts::Hub(hub()), to, &off), "R07");
}

#[test]
fn what_changed_since_validation_is_rejected() {
    let judged = |code, facts: &Facts| Judged::new(2, Outcome::of(code), facts);
    let as_seen = Facts::Hub(hub());
    let moved_on = Facts::Hub(HubFacts { last_move: 8, ..hub() });
    let elsewhere = Facts::Hub(HubFacts { party: OTHER, ..hub() });
    let case =
        |before: Judged, now, facts: &Facts| at_apply(&before, Outcome::of(now), facts).to_string();
    let valid = judged(Code::S00, &as_seen);
    assert_eq!(case(valid, Code::S00, &as_seen), "S00");
    assert_eq!(case(valid, Code::S00, &moved_on), "R12");
    assert_eq!(case(valid, Code::S00, &elsewhere), "R12");
    assert_eq!(case(valid, Code::W10, &elsewhere), "R12");
    assert_eq!(case(judged(Code::N00, &as_seen), Code::S00, &as_seen), "S00");
    // The rules above R12 say how it changed.
    assert_eq!(case(valid, Code::R04, &as_seen), "R04");
    assert_eq!(case(valid, Code::S01, &elsewhere), "S01");
    // A line that was rejected when the authoriser looked does not move now.
    assert_eq!(case(judged(Code::R04, &as_seen), Code::S00, &as_seen), "R12");
    assert_eq!(case(judged(Code::R02, &Facts::Unknown), Code::S00, &as_seen), "R12");
    assert_eq!(case(judged(Code::W10, &as_seen), Code::W10, &as_seen), "W10");
}

#[test]
fn a_warning_that_appears_overnight_does_not_stop_a_line() {
    let facts = Facts::Hub(hub());
    let before = Judged::new(2, Outcome::of(Code::S00), &facts);
    let now = Outcome { code: Code::S00, warnings: Warnings::W10 };
    assert_eq!(at_apply(&before, now, &facts), now);
}

#[test]
fn in_an_all_or_nothing_file_one_rejection_holds_the_others() {
    let outcomes =
        |codes: &[Code]| -> Vec<Outcome> { codes.iter().copied().map(Outcome::of).collect() };
    let mut good = outcomes(&[Code::S00, Code::S01]);
    hold_back(&mut good);
    assert_eq!(good, outcomes(&[Code::S00, Code::S01]));
    for code in Code::ALL.iter().copied().filter(|code| Outcome::of(*code).is_rejected()) {
        let mut bad = outcomes(&[Code::S00, Code::S01, code]);
        hold_back(&mut bad);
        assert_eq!(bad, outcomes(&[Code::N00, Code::S01, code]));
    }
}
