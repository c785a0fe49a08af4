//! What can be set: each limit, schedule and switch with its default, its meaning and its source.

use domain::Refusal;
use domain::access::{Action, Actor};
use store::Tx;

use crate::journal::{By, Event, record};
use crate::{App, Error, Result, versions};

/// What a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A whole number, both ends included.
    Number {
        /// The least.
        least: i64,
        /// The most.
        most: i64,
    },
    /// A time of day in Great Britain, such as `06:00`, or `off`.
    TimeOfDay,
    /// Up to 30 letters, digits and hyphens.
    Code,
    /// One or more of these words, with commas between them.
    SomeOf(&'static [&'static str]),
}

/// One thing that can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// Its value as long as nobody changed it.
    pub default: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// What it does.
    pub meaning: &'static str,
    /// Where the default comes from.
    pub source: &'static str,
}

const FORMATS: &str = "Hubstock file formats: the order of the result codes";
const OWN: &str = "Hubstock's own choice; no public document sets one";
const TIMERS: &str = "Hubstock specification, section 15; no public document sets one";
const OWASP: &str = "OWASP Authentication and Session Management cheat sheets";

const fn check(name: &'static str, meaning: &'static str) -> Setting {
    let takes = Takes::OneOf(&["reject", "off"]);
    Setting { name, default: "reject", takes, meaning, source: FORMATS }
}

const fn warning(name: &'static str, meaning: &'static str) -> Setting {
    let takes = Takes::OneOf(&["warn", "reject", "off"]);
    Setting { name, default: "warn", takes, meaning, source: FORMATS }
}

const fn number(
    name: &'static str,
    default: &'static str,
    (least, most): (i64, i64),
    meaning: &'static str,
    source: &'static str,
) -> Setting {
    Setting { name, default, takes: Takes::Number { least, most }, meaning, source }
}

macro_rules! settings {
    ($($(#[$doc:meta])* $constant:ident = $setting:expr;)+) => {
        $($(#[$doc])* pub const $constant: Setting = $setting;)+
        /// All of them, in the order in which the page lists them.
        pub const ALL: &[Setting] = &[$($constant),+];
    };
}

settings! {
    /// Code `R05`.
    CHECK_R05 = check("check.R05", "A hub that is not with the sender, or not as both confirmed");
    /// Code `R06`.
    CHECK_R06 = check("check.R06", "A hub in another open transfer");
    /// Code `R07`.
    CHECK_R07 = check("check.R07", "A device that stands earlier in the same file");
    /// Code `R08`.
    CHECK_R08 = check("check.R08", "A new Party that is not active or may not hold hubs");
    /// Code `R09`.
    CHECK_R09 = check("check.R09", "A test hub, or one in quarantine");
    /// Code `W10`.
    CHECK_W10 = warning("check.W10", "A hub whose installation end date has passed");
    /// Code `W11`.
    CHECK_W11 = warning("check.W11", "A hub that is not of the agreed specification");
    /// The longest transfer file.
    TRANSFER_FILE_MOST_LINES = number(
        "transfer_file.most_lines", "1000000", (1, 10_000_000),
        "Lines that a transfer file may have", "Hubstock file formats: default 1,000,000",
    );
    /// How long a checked transfer file can be authorised.
    TRANSFER_FILE_AUTHORISE_WITHIN_DAYS = number(
        "transfer_file.authorise_within_days", "30", (1, 365),
        "Days after its validation in which a transfer file can be authorised", OWN,
    );
    /// How long an authorisation counts.
    TRANSFER_FILE_APPLY_WITHIN_DAYS = number(
        "transfer_file.apply_within_days", "5", (1, 365),
        "Days after its authorisation in which a transfer file can still be applied", OWN,
    );
    /// The code of the preparer in the names and headers of files that are generated here.
    TRANSFER_FILE_PREPARER_CODE = Setting {
        name: "transfer_file.preparer_code",
        default: "DCC",
        takes: Takes::Code,
        meaning: "Code of the preparer in the controlled files that are generated here",
        source: OWN,
    };
    /// The largest upload.
    UPLOAD_MOST_MIB = number(
        "upload.most_mib", "256", (1, 65_536),
        "Size that an uploaded file may have, in MiB", OWN,
    );
    /// The largest workbook once it is unpacked.
    UPLOAD_MOST_UNPACKED_MIB = number(
        "upload.most_unpacked_mib", "1024", (1, 65_536),
        "Size that an XLSX file may have when it is unpacked, in MiB", OWN,
    );
    /// How far ahead of ours the clock of whoever tells a status may be.
    STATUS_AHEAD_MINUTES = number(
        "status.most_ahead_minutes", "60", (0, 1_440),
        "Minutes that the time of a status may be ahead of the clock here; what is later is rejected",
        OWN,
    );
    /// When ESI-013 runs by itself.
    DELIVERY_REPORT_SCHEDULE = Setting {
        name: "delivery_report.schedule",
        default: "06:00",
        takes: Takes::TimeOfDay,
        meaning: "Time of day, in Great Britain, at which the CH Delivery Report runs; or off",
        source: OWN,
    };
    /// What ESI-013 is written as when it runs by itself.
    DELIVERY_REPORT_FORMATS = Setting {
        name: "delivery_report.formats",
        default: "csv",
        takes: Takes::SomeOf(&["csv", "xlsx", "parquet"]),
        meaning: "Formats that a scheduled CH Delivery Report is written in",
        source: OWN,
    };
    /// The shortest password.
    PASSWORD_SHORTEST = number(
        "password.shortest", "12", (8, 64),
        "Characters that a password must have", "NCSC password guidance; NIST SP 800-63B",
    );
    /// Failures before an account has to wait.
    SIGN_IN_MOST_FAILURES_ACCOUNT = number(
        "sign_in.most_failures_account", "5", (1, 1000),
        "Failed sign-ins to one account before it has to wait", OWASP,
    );
    /// Failures before an address has to wait.
    SIGN_IN_MOST_FAILURES_ADDRESS = number(
        "sign_in.most_failures_address", "50", (1, 100_000),
        "Failed sign-ins from one network address before it has to wait", OWASP,
    );
    /// How long failures count.
    SIGN_IN_WINDOW_MINUTES = number(
        "sign_in.window_minutes", "15", (1, 1440),
        "Minutes in which failed sign-ins are counted, and the wait", OWASP,
    );
    /// How long a session may be unused.
    SESSION_IDLE_MINUTES = number(
        "session.idle_minutes", "30", (1, 720),
        "Minutes after which an unused session ends", OWASP,
    );
    /// How long a session may last.
    SESSION_LONGEST_HOURS = number(
        "session.longest_hours", "12", (1, 24),
        "Hours after which any session ends", OWASP,
    );
    /// How long an invitation can be accepted.
    INVITATION_DAYS = number(
        "invitation.days", "7", (1, 60),
        "Days in which an invitation can be accepted", OWN,
    );
    /// The longest life of an API token.
    TOKEN_LONGEST_DAYS = number(
        "token.longest_days", "365", (1, 730),
        "Days that an API token may be valid", OWN,
    );
    /// How long the DCC has for a new offer.
    TIMER_PUBLISH_OFFER = number(
        "timer.publish_offer", "2", (1, 60),
        "Working days in which the DCC publishes or returns an offer", TIMERS,
    );
    /// How long an offer takes requests when it says nothing else.
    TIMER_REQUESTS_OPEN = number(
        "timer.requests_open", "5", (1, 60),
        "Working days for which a published offer takes requests, unless it says another day", TIMERS,
    );
    /// How long an offer stands.
    TIMER_OFFER_EXPIRES = number(
        "timer.offer_expires", "60", (1, 365),
        "Calendar days after its publication at which an offer expires", TIMERS,
    );
    /// How long a wanted request stands that names no day.
    TIMER_WANTED_EXPIRES = number(
        "timer.wanted_expires", "60", (1, 365),
        "Calendar days after which a wanted request lapses that says no day by which the hubs are \
         needed", TIMERS,
    );
    /// How long selection may take.
    TIMER_SELECTION = number(
        "timer.selection", "3", (1, 60),
        "Working days after closing in which selection is run", TIMERS,
    );
    /// How long an allocation waits for both Parties.
    TIMER_CONFIRM = number(
        "timer.confirm", "2", (1, 60),
        "Working days in which an allocation is confirmed, before it lapses to the next", TIMERS,
    );
    /// How long a sender has.
    TIMER_DISPATCH = number(
        "timer.dispatch", "10", (1, 120),
        "Working days in which confirmed stock is dispatched", TIMERS,
    );
    /// How long stock may be on its way.
    TIMER_IN_TRANSIT = number(
        "timer.in_transit", "5", (1, 120),
        "Working days after dispatch at which stock that has not arrived raises an alarm", TIMERS,
    );
    /// How long a receiver has.
    TIMER_RECEIPT = number(
        "timer.receipt", "5", (1, 120),
        "Working days in which arrived stock is received", TIMERS,
    );
    /// When a late receipt is escalated.
    TIMER_RECEIPT_ESCALATION = number(
        "timer.receipt_escalation", "5", (1, 120),
        "Working days after the reminder at which a late receipt goes to the DCC", TIMERS,
    );
    /// Whether silence accepts.
    TRANSFER_ACCEPT_BY_SILENCE = Setting {
        name: "transfer.accept_by_silence",
        default: "off",
        takes: Takes::OneOf(&["on", "off"]),
        meaning: "Whether stock that nobody has received by the escalation is accepted by itself",
        source: TIMERS,
    };
    /// How long the DCC has for a transfer file.
    TIMER_PREPARE_FILE = number(
        "timer.prepare_file", "1", (1, 60),
        "Working days in which the transfer file of reconciled lines is prepared", TIMERS,
    );
    /// How long the authoriser has.
    TIMER_AUTHORISE_FILE = number(
        "timer.authorise_file", "1", (1, 60),
        "Working days in which a checked transfer file is authorised", TIMERS,
    );
    /// How the record of a run of selection names Parties.
    SELECTION_RECORD_PARTIES = Setting {
        name: "selection.record_parties",
        default: "pseudonyms",
        takes: Takes::OneOf(&["pseudonyms", "references"]),
        meaning: "How the published record of a run of selection names the Parties that asked: by \
            pseudonyms that are only used in that record, or by their references",
        source: OWN,
    };
    /// Notice of a selection policy.
    TIMER_POLICY_NOTICE = number(
        "timer.policy_notice", "20", (0, 250),
        "Working days between the publication of a selection policy and its coming into force", TIMERS,
    );
    /// Whether the board names the Parties.
    BOARD_SHOW_PARTY = Setting {
        name: "board.show_party",
        default: "off",
        takes: Takes::OneOf(&["on", "off"]),
        meaning: "Whether the board says whose an offer or a wanted request is, before a match",
        source: "SEC section M4 (confidentiality), as recalled; the DCC decides",
    };
    /// The usual size of a pallet.
    OFFER_PALLET_SIZE = number(
        "offer.pallet_size", "896", (1, 100_000),
        "Hubs on a pallet: the minimum lot that an offer of whole pallets begins with",
        "MP140 Full Impact Assessment, section 1: a pallet of 896",
    );
    /// When the daily digest goes out.
    MAIL_DIGEST_AT = Setting {
        name: "mail.digest_at",
        default: "07:00",
        takes: Takes::TimeOfDay,
        meaning: "Time of day, in Great Britain, at which the daily digest goes out; or off",
        source: OWN,
    };
    /// How long an e-mail waits for a mail server.
    MAIL_GIVE_UP_DAYS = number(
        "mail.give_up_days", "5", (1, 60),
        "Days that an email waits for the mail server before it is given up",
        "RFC 5321, section 4.5.4.1: at least four to five days",
    );
    /// How long an `Idempotency-Key` is remembered.
    IDEMPOTENCY_DAYS = number(
        "idempotency.days", "7", (1, 90),
        "Days for which the answer to an Idempotency-Key is kept", OWN,
    );
}

/// The setting of this name.
pub fn find(name: &str) -> Option<&'static Setting> {
    ALL.iter().find(|setting| setting.name == name)
}

impl Setting {
    /// The value as it is kept, or what is wrong with it.
    pub fn parse(&self, given: &str) -> std::result::Result<String, Refusal> {
        let given = given.trim();
        match self.takes {
            Takes::OneOf(words) => words
                .iter()
                .find(|word| given.eq_ignore_ascii_case(word))
                .map(|word| (*word).to_owned())
                .ok_or_else(|| Refusal::field("value", format!("Enter {}.", either(words)))),
            Takes::Number { least, most } => given
                .replace(',', "")
                .parse::<i64>()
                .ok()
                .filter(|number| (least..=most).contains(number))
                .map(|number| number.to_string())
                .ok_or_else(|| {
                    let range = format!("Enter a whole number from {least} to {most}.");
                    Refusal::field("value", range)
                }),
            Takes::TimeOfDay => time_of_day(given),
            Takes::Code => code(given),
            Takes::SomeOf(words) => some_of(words, given),
        }
    }

    /// What it takes, in words.
    pub fn takes_in_words(&self) -> String {
        match self.takes {
            Takes::OneOf(words) => either(words),
            Takes::Number { least, most } => format!("a whole number from {least} to {most}"),
            Takes::TimeOfDay => "a time of day such as 06:00, or off".to_owned(),
            Takes::Code => "up to 30 letters, digits and hyphens".to_owned(),
            Takes::SomeOf(words) => {
                format!("one or more of {}, with commas between", words.join(", "))
            }
        }
    }
}

fn either(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [word] => (*word).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

fn time_of_day(given: &str) -> std::result::Result<String, Refusal> {
    if given.eq_ignore_ascii_case("off") {
        return Ok("off".to_owned());
    }
    let wrong = || Refusal::field("value", "Enter a time of day such as 06:00, or off.");
    let (hour, minute) = given.split_once(':').ok_or_else(wrong)?;
    let two = |text: &str, below: u8| {
        let digits = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<u8>().ok().filter(|number| digits && *number < below).ok_or_else(wrong)
    };
    Ok(format!("{:02}:{:02}", two(hour, 24)?, two(minute, 60)?))
}

fn code(given: &str) -> std::result::Result<String, Refusal> {
    let may_stand_there = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if (1..=30).contains(&given.len()) && given.bytes().all(may_stand_there) {
        return Ok(given.to_owned());
    }
    Err(Refusal::field("value", "Enter up to 30 letters, digits and hyphens."))
}

fn some_of(words: &[&str], given: &str) -> std::result::Result<String, Refusal> {
    let given: Vec<String> = given.split(',').map(|word| word.trim().to_lowercase()).collect();
    let known = given.iter().all(|word| words.contains(&word.as_str()));
    if !known || given.is_empty() {
        let all = words.join(", ");
        let text = format!("Enter one or more of {all}, with commas between.");
        return Err(Refusal::field("value", text));
    }
    let chosen: Vec<&str> =
        words.iter().copied().filter(|word| given.iter().any(|g| g == word)).collect();
    Ok(chosen.join(","))
}

/// The value in force.
pub fn text(tx: &mut Tx, setting: &Setting) -> Result<String> {
    let row = store::settings::get(tx, setting.name)?;
    Ok(row.map_or_else(|| setting.default.to_owned(), |row| row.value))
}

/// How many bytes a workbook may hold when it is unpacked.
pub fn most_unpacked(tx: &mut Tx) -> Result<u64> {
    Ok(number_of(tx, &UPLOAD_MOST_UNPACKED_MIB)?.unsigned_abs() << 20)
}

/// The number in force of a setting that takes one.
pub fn number_of(tx: &mut Tx, setting: &Setting) -> Result<i64> {
    let value = text(tx, setting)?;
    let damaged = || Error::Damaged(format!("the setting {} is {value:?}", setting.name));
    value.parse().map_err(|_| damaged())
}

/// A setting as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// Which.
    pub setting: &'static Setting,
    /// Its value.
    pub value: String,
    /// How often it was changed; 0 for the default.
    pub version: i64,
}

fn in_force(setting: &'static Setting, row: Option<store::settings::SettingRow>) -> InForce {
    match row {
        Some(row) => InForce { setting, value: row.value, version: row.version },
        None => InForce { setting, value: setting.default.to_owned(), version: 0 },
    }
}

/// Every setting.
pub fn list(app: &App, actor: &Actor) -> Result<Vec<InForce>> {
    actor.must(Action::SeeSettings)?;
    let mut tx = app.db.read()?;
    let changed = store::settings::all(&mut tx)?;
    let row = |name: &str| changed.iter().find(|row| row.name == name).cloned();
    Ok(ALL.iter().map(|setting| in_force(setting, row(setting.name))).collect())
}

/// One setting.
pub fn get(app: &App, actor: &Actor, name: &str) -> Result<InForce> {
    actor.must(Action::SeeSettings)?;
    let setting = find(name).ok_or_else(|| Refusal::not_found("setting"))?;
    let mut tx = app.db.read()?;
    Ok(in_force(setting, store::settings::get(&mut tx, name)?))
}

/// Changes a setting that still stands at `version`, when that is given.
pub fn change(
    app: &App,
    actor: &Actor,
    name: &str,
    value: &str,
    version: Option<i64>,
) -> Result<InForce> {
    let mut tx = app.db.write()?;
    actor.must(Action::ChangeSettings)?;
    let setting = find(name).ok_or_else(|| Refusal::not_found("setting"))?;
    let before = in_force(setting, store::settings::get(&mut tx, name)?);
    versions::must_be(version, before.version)?;
    let value = setting.parse(value)?;
    if value == before.value {
        return Ok(before);
    }
    let from = (before.version > 0).then_some(before.value);
    let event = Event::SettingChanged { name: name.to_owned(), from, to: value.clone() };
    let version = store::settings::put(&mut tx, name, &value)?;
    record(&mut tx, app.now(), By::from(actor), &event)?;
    tx.commit()?;
    app.bell.ring();
    Ok(InForce { setting, value, version })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_a_value_that_the_setting_takes() {
        for setting in ALL {
            assert_eq!(setting.parse(setting.default).unwrap(), setting.default);
            assert!(setting.parse("perhaps?").is_err(), "{}", setting.name);
        }
    }

    #[test]
    fn values_are_kept_in_one_form() {
        let check = |setting: &Setting, given, kept| {
            assert_eq!(setting.parse(given).ok().as_deref(), kept, "{given}");
        };
        check(&CHECK_R05, " OFF ", Some("off"));
        check(&CHECK_R05, "warn", None);
        check(&TRANSFER_FILE_MOST_LINES, "1,000", Some("1000"));
        check(&TRANSFER_FILE_MOST_LINES, "0", None);
        check(&DELIVERY_REPORT_SCHEDULE, "6:5", Some("06:05"));
        check(&DELIVERY_REPORT_SCHEDULE, "24:00", None);
        check(&DELIVERY_REPORT_SCHEDULE, "Off", Some("off"));
        check(&DELIVERY_REPORT_FORMATS, "parquet, csv", Some("csv,parquet"));
        check(&DELIVERY_REPORT_FORMATS, "", None);
    }
}
