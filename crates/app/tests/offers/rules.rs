//! The tables that the DCC edits, and what follows from them.

use app::stock_rules::{Changed, RuleTable};
use app::tables::Format;
use app::{offers, requests, stock_rules};
use domain::offers::Specification;
use domain::stock_rules::{Dimension, Pair, Rule};
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use testkit::world::both;

use crate::world::*;

fn pair(offered: &str, wanted: &str, rule: Rule) -> Pair {
    let (offered, wanted) = (offered.to_owned(), wanted.to_owned());
    Pair { dimension: Dimension::HanVariant, offered, wanted, rule }
}

#[test]
fn what_may_stand_in_for_what_is_a_table() {
    both(|url| {
        let world = world(url);
        let app = &world.app;
        let id = published(&world, &some(5));
        let dual = Specification { han_variant: "Dual Band".into(), ..Specification::default() };
        let ask = requests::Draft { specification: dual, ..request_for(id, 1) };
        assert!(refusal(requests::draft(app, &buys(1), &ask)).contains("not Dual Band"));
        let warn = pair("Single Band", "Dual Band", Rule::Warn);
        assert!(stock_rules::set_pair(app, &world.north, None, &warn).is_err());
        stock_rules::set_pair(app, &world.rules, None, &warn).unwrap();
        let request = requests::draft_and_submit(app, &buys(1), &ask).unwrap();
        let view = requests::get(app, &buys(1), request.id).unwrap();
        assert_eq!(view.warning, "the HAN variant is Single Band, and Dual Band is wanted");
        let same = pair("Single Band", "Single Band", Rule::Never);
        assert!(
            refusal(stock_rules::set_pair(app, &world.rules, None, &same)).contains("different")
        );
        let no_region = Pair { dimension: Dimension::Region, ..warn.clone() };
        assert!(
            refusal(stock_rules::set_pair(app, &world.rules, None, &no_region)).contains("North")
        );
        let (of, offered, wanted) = (Dimension::HanVariant, "Single Band", "Dual Band");
        stock_rules::drop_pair(app, &world.rules, None, of, offered, wanted).unwrap();
        assert!(stock_rules::drop_pair(app, &world.rules, None, of, offered, wanted).is_err());
        is_sound(&world);
    });
}

#[test]
fn north_never_matches_central_and_central_warns_for_south() {
    both(|url| {
        let world = world(url);
        let mut tx = world.app.db.read().unwrap();
        let table = stock_rules::table(&mut tx).unwrap();
        let regions = domain::inventory::REGIONS;
        let mut warns = Vec::new();
        for offered in regions {
            for wanted in regions {
                match table.rule(Dimension::Region, offered, wanted) {
                    Rule::Allow => assert_eq!(offered, wanted),
                    Rule::Warn => warns.push(format!("{offered}/{wanted}")),
                    Rule::Never => {}
                }
            }
        }
        assert_eq!(
            warns,
            [
                "Central/South",
                "South/Central",
                "4G North/4G Central",
                "4G North/4G South",
                "4G Central/4G North",
                "4G Central/4G South",
                "4G South/4G North",
                "4G South/4G Central",
            ]
        );
    });
}

#[test]
fn hubs_past_the_end_date_of_their_version_cannot_be_offered() {
    both(|url| {
        let world = world(url);
        let (app, rules) = (&world.app, &world.rules);
        stock_rules::set_end(app, rules, None, "1.1", "2026-11-23".parse().unwrap()).unwrap();
        let id = drafted(&world, &listed([1, 2]));
        stock_rules::set_end(app, rules, None, "1.1", "2026-11-22".parse().unwrap()).unwrap();
        assert!(refusal(offers::draft(app, &world.north, &some(1))).contains("at most 0"));
        let said = refusal(offers::submit(app, &world.north, id, None));
        assert!(said.contains("installation end date was 22 November 2026"), "{said}");
        stock_rules::drop_end(app, rules, None, "1.1").unwrap();
        offers::submit(app, &world.north, id, None).unwrap();
        is_sound(&world);
    });
}

#[test]
fn the_tables_go_out_as_files_and_come_in_again() {
    both(|url| {
        let world = world(url);
        let (app, rules) = (&world.app, &world.rules);
        let out = |table| {
            let mut bytes = Vec::new();
            stock_rules::export(app, rules, table, Format::Csv, &mut bytes).unwrap();
            String::from_utf8(bytes).unwrap()
        };
        for table in RuleTable::ALL {
            let same = stock_rules::load(app, rules, *table, None, out(*table).as_bytes()).unwrap();
            assert_eq!(same, Ok(Changed { set: 0, dropped: 0 }));
        }
        let table = RuleTable::Interchangeability;
        let lines = out(table).lines().count();
        let shorter: String = out(table).split_inclusive('\n').take(lines - 1).collect();
        let more = format!("{shorter}han-variant,Dual Band,Single Band,allow\r\n");
        let changed = stock_rules::load(app, rules, table, None, more.as_bytes()).unwrap();
        assert_eq!(changed, Ok(Changed { set: 1, dropped: 1 }));
        let wrong = "Day,Name\r\n2026-12-25,Christmas Day\r\n25/12/2026,\r\n2026-12-25,Again\r\n";
        let wrong =
            stock_rules::load(app, rules, RuleTable::Holidays, None, wrong.as_bytes()).unwrap();
        let lines: Vec<u32> = wrong.unwrap_err().iter().map(|mistake| mistake.line).collect();
        assert_eq!(lines, [3, 4]);
        assert!(
            refusal(stock_rules::load(app, rules, RuleTable::Holidays, None, b"Date\r\n"))
                .contains("Day")
        );
        assert!(stock_rules::load(app, &world.north, table, None, more.as_bytes()).is_err());
        is_sound(&world);
    });
}

/// The Sunday of Easter, by the anonymous Gregorian rule.
fn easter(year: i16) -> Date {
    let y = i32::from(year);
    let (a, b, c) = (y % 19, y / 100, y % 100);
    let h = (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30;
    let l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
    let n = h + l - 7 * ((a + 11 * h + 22 * l) / 451) + 114;
    Date::new(year, (n / 31) as i8, (n % 31 + 1) as i8).unwrap()
}

/// The bank holidays of a year by their rules. One at a weekend is held on the next working day.
fn bank_holidays(year: i16) -> Vec<Date> {
    let day = |month, day| Date::new(year, month, day).unwrap();
    let monday = |month, nth| day(month, 1).nth_weekday_of_month(nth, Weekday::Monday).unwrap();
    let mut held = vec![
        easter(year).checked_sub(2.days()).unwrap(),
        easter(year).tomorrow().unwrap(),
        monday(5, 1),
        monday(5, -1),
        monday(8, -1),
    ];
    for mut date in [day(1, 1), day(12, 25), day(12, 26)] {
        while held.contains(&date) || matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
        {
            date = date.tomorrow().unwrap();
        }
        held.push(date);
    }
    held.sort();
    held
}

#[test]
fn the_bank_holidays_are_there_from_the_start() {
    both(|url| {
        let world = world(url);
        let known = app::timers::holidays(&world.app, &world.rules).unwrap();
        let known: Vec<Date> = known.into_iter().map(|(day, _)| day).collect();
        let expected: Vec<Date> = (2025..=2028).flat_map(bank_holidays).collect();
        assert_eq!(known, expected);
        let mut tx = world.app.db.read().unwrap();
        let days = app::timers::working_days(&mut tx).unwrap();
        let eve = "2026-12-24T10:00:00Z".parse().unwrap();
        assert_eq!(days.deadline(eve, 1).to_string(), "2026-12-30T00:00:00Z");
        drop(tx);
        is_sound(&world);
    });
}
