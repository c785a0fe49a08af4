//! Which stock may stand in for which, installation end dates, and holidays.

use app::stock_rules::{self, RuleTable};
use app::tables::Format;
use app::timers;
use app::transfer_files::IdMistake;
use askama::Template;
use axum::extract::{Form, Multipart, Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use domain::Refusal;
use domain::access::Action;
use domain::stock_rules::{Dimension, Pair, Rule};
use jiff::civil::Date;
use serde::Deserialize;

use super::{Pages, may, must_see, shown_in_form, version_seen};
use crate::error_pages::{Failure, blocking};
use crate::page::{Choice, Flash, Layout, Problems, Section, filters, redirect_with, render};
use crate::security::takes_files;
use crate::session::SignedIn;
use crate::state::AppState;
use crate::streams::{download, take_form};

/// The largest file of one of these tables.
const FILE_LIMIT: u64 = 4 << 20;

/// The pages of this capability.
pub fn routes() -> Pages {
    Pages::new()
        .route("/stock-rules", get(show))
        .route("/stock-rules/interchangeability", post(set_pair))
        .route("/stock-rules/interchangeability/remove", post(drop_pair))
        .route("/stock-rules/installation-ends", post(set_end))
        .route("/stock-rules/installation-ends/remove", post(drop_end))
        .route("/holidays", get(holidays).post(set_holiday))
        .route("/holidays/remove", post(drop_holiday))
        .route("/stock-rules/files/{table}", get(file_form).post(send_file).layer(takes_files()))
        .route("/stock-rules/files/{table}/export", get(export))
}

#[derive(Template)]
#[template(path = "stock_rules/show.html")]
struct RulesPage {
    layout: Layout,
    pairs: Vec<Pair>,
    ends: Vec<(String, Date)>,
    pairs_version: i64,
    ends_version: i64,
    typed: Typed,
    dimensions: Vec<Choice>,
    rules: Vec<Choice>,
    may_change: bool,
}

#[derive(Template)]
#[template(path = "stock_rules/holidays.html")]
struct HolidaysPage {
    layout: Layout,
    version: i64,
    holidays: Vec<(Date, String)>,
    typed: Typed,
    may_change: bool,
}

/// What stands in the forms.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Typed {
    dimension: String,
    offered: String,
    wanted: String,
    rule: String,
    chts_version: String,
    ends_on: String,
    day: String,
    name: String,
    version: String,
}

impl Typed {
    /// The version of the table that the page showed.
    fn seen(&self) -> Option<i64> {
        version_seen(&self.version)
    }

    fn dimension(&self) -> Result<Dimension, Refusal> {
        Dimension::from_word(&self.dimension)
            .ok_or_else(|| Refusal::field("dimension", "Choose what is compared."))
    }

    fn pair(&self) -> Result<Pair, Refusal> {
        let rule = Rule::from_word(&self.rule)
            .ok_or_else(|| Refusal::field("rule", "Choose whether it may stand in."))?;
        let (offered, wanted) = (self.offered.clone(), self.wanted.clone());
        Ok(Pair { dimension: self.dimension()?, offered, wanted, rule })
    }
}

/// The colour of a rule as a tag.
fn rule_colour(rule: &Rule) -> &'static str {
    match rule {
        Rule::Allow => "green",
        Rule::Warn => "yellow",
        Rule::Never => "red",
    }
}

fn day(field: &'static str, text: &str) -> Result<Date, Refusal> {
    text.trim().parse().map_err(|_| Refusal::field(field, "Enter a day such as 2026-12-25."))
}

async fn show(state: AppState, who: SignedIn, flash: Flash) -> Result<Response, Failure> {
    page(state, who, flash, Typed::default(), StatusCode::OK, Problems::none()).await
}

async fn page(
    state: AppState,
    who: SignedIn,
    flash: Flash,
    typed: Typed,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeStockRules)?;
    let actor = who.actor.clone();
    let (pairs, ends, versions) = blocking(move || {
        // The versions first: what changes in between is then seen as changed.
        let version = |table| stock_rules::version(&state.app, &actor, table);
        let versions =
            (version(RuleTable::Interchangeability)?, version(RuleTable::InstallationEnds)?);
        let pairs = stock_rules::pairs(&state.app, &actor)?;
        Ok((pairs, stock_rules::ends(&state.app, &actor)?, versions))
    })
    .await?;
    let dimensions = Dimension::ALL.iter().map(|of| Choice::new(of.word(), of.name()));
    let rules = Rule::ALL.iter().map(|rule| Choice::new(rule.word(), rule.words()));
    let page = RulesPage {
        layout: Layout::of(&who.viewer, Section::Board, "Stock rules")
            .crumb("Home", "/")
            .crumb("Board", "/board")
            .flash(flash)
            .problems(problems),
        pairs,
        ends,
        pairs_version: versions.0,
        ends_version: versions.1,
        dimensions: dimensions.map(|choice| choice.chosen_if(&typed.dimension)).collect(),
        rules: rules.map(|choice| choice.chosen_if(&typed.rule)).collect(),
        typed,
        may_change: may(&who.actor, Action::ChangeStockRules),
    };
    Ok(render(status, &page))
}

async fn done(
    state: AppState,
    who: SignedIn,
    typed: Typed,
    done: Result<(), Failure>,
    said: &str,
) -> Result<Response, Failure> {
    match done {
        Ok(()) => Ok(redirect_with("/stock-rules", said)),
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            page(state, who, Flash::default(), typed, status, problems).await
        }
    }
}

async fn set_pair(
    state: AppState,
    who: SignedIn,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    let (app, actor, given) = (state.app.clone(), who.actor.clone(), typed.clone());
    let set =
        blocking(move || stock_rules::set_pair(&app, &actor, given.seen(), &given.pair()?)).await;
    done(state, who, typed, set, "Saved").await
}

async fn drop_pair(
    state: AppState,
    who: SignedIn,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    let (app, actor, given) = (state.app.clone(), who.actor.clone(), typed);
    let dropped = blocking(move || {
        let dimension = given.dimension()?;
        let version = given.seen();
        stock_rules::drop_pair(&app, &actor, version, dimension, &given.offered, &given.wanted)
    });
    let dropped = dropped.await;
    done(state, who, Typed::default(), dropped, "Removed").await
}

async fn set_end(
    state: AppState,
    who: SignedIn,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    let (app, actor, given) = (state.app.clone(), who.actor.clone(), typed.clone());
    let set = blocking(move || {
        let ends_on = day("ends_on", &given.ends_on)?;
        stock_rules::set_end(&app, &actor, given.seen(), &given.chts_version, ends_on)
    });
    let set = set.await;
    done(state, who, typed, set, "Saved").await
}

async fn drop_end(
    state: AppState,
    who: SignedIn,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    let (app, actor) = (state.app.clone(), who.actor.clone());
    let dropped =
        blocking(move || stock_rules::drop_end(&app, &actor, typed.seen(), &typed.chts_version));
    let dropped = dropped.await;
    done(state, who, Typed::default(), dropped, "Removed").await
}

async fn holidays(state: AppState, who: SignedIn, flash: Flash) -> Result<Response, Failure> {
    holidays_page(state, who, flash, Typed::default(), StatusCode::OK, Problems::none()).await
}

async fn holidays_page(
    state: AppState,
    who: SignedIn,
    flash: Flash,
    typed: Typed,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeStockRules)?;
    let actor = who.actor.clone();
    let (version, holidays) = blocking(move || {
        let version = stock_rules::version(&state.app, &actor, RuleTable::Holidays)?;
        Ok((version, timers::holidays(&state.app, &actor)?))
    })
    .await?;
    let page = HolidaysPage {
        layout: Layout::of(&who.viewer, Section::Board, "Holidays")
            .crumb("Home", "/")
            .crumb("Board", "/board")
            .crumb("Stock rules", "/stock-rules")
            .flash(flash)
            .problems(problems),
        version,
        holidays,
        typed,
        may_change: may(&who.actor, Action::ChangeStockRules),
    };
    Ok(render(status, &page))
}

async fn set_holiday(
    state: AppState,
    who: SignedIn,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    let (app, actor, given) = (state.app.clone(), who.actor.clone(), typed.clone());
    let set = blocking(move || {
        timers::set_holiday(&app, &actor, given.seen(), day("day", &given.day)?, &given.name)
    });
    let set = set.await;
    holidays_done(state, who, typed, set, "Saved").await
}

async fn drop_holiday(
    state: AppState,
    who: SignedIn,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    let (app, actor) = (state.app.clone(), who.actor.clone());
    let dropped =
        blocking(move || timers::drop_holiday(&app, &actor, typed.seen(), day("day", &typed.day)?));
    let dropped = dropped.await;
    holidays_done(state, who, Typed::default(), dropped, "Removed").await
}

async fn holidays_done(
    state: AppState,
    who: SignedIn,
    typed: Typed,
    done: Result<(), Failure>,
    said: &str,
) -> Result<Response, Failure> {
    match done {
        Ok(()) => Ok(redirect_with("/holidays", said)),
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            holidays_page(state, who, Flash::default(), typed, status, problems).await
        }
    }
}

#[derive(Template)]
#[template(path = "stock_rules/file.html")]
struct FilePage {
    layout: Layout,
    table: RuleTable,
    version: i64,
    mistakes: Vec<IdMistake>,
}

fn table_in(word: &str) -> Result<RuleTable, Failure> {
    RuleTable::from_word(word).ok_or_else(|| Refusal::not_found("page").into())
}

/// The page of a table.
fn home_of(table: &RuleTable) -> &'static str {
    match table {
        RuleTable::Interchangeability | RuleTable::InstallationEnds => "/stock-rules",
        RuleTable::Holidays => "/holidays",
    }
}

async fn file_form(
    state: AppState,
    who: SignedIn,
    Path(table): Path<String>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::ChangeStockRules)?;
    file_page(state, who, table_in(&table)?, StatusCode::OK, Problems::none(), Vec::new()).await
}

/// The form, from the table as it is now.
async fn file_page(
    state: AppState,
    who: SignedIn,
    table: RuleTable,
    status: StatusCode,
    problems: Problems,
    mistakes: Vec<IdMistake>,
) -> Result<Response, Failure> {
    let actor = who.actor.clone();
    let version = blocking(move || stock_rules::version(&state.app, &actor, table)).await?;
    let title = match table {
        RuleTable::Interchangeability => "Send the table of interchangeability",
        RuleTable::InstallationEnds => "Send the installation end dates",
        RuleTable::Holidays => "Send the holidays",
    };
    let layout = Layout::of(&who.viewer, Section::Board, title)
        .crumb("Home", "/")
        .crumb("Board", "/board")
        .crumb("Stock rules", "/stock-rules")
        .problems(problems);
    Ok(render(status, &FilePage { layout, table, version, mistakes }))
}

async fn send_file(
    state: AppState,
    who: SignedIn,
    Path(table): Path<String>,
    form: Multipart,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::ChangeStockRules)?;
    let table = table_in(&table)?;
    let (app, actor) = (state.app.clone(), who.actor.clone());
    let (_, sent) = take_form(form, move |fields, _, source| {
        let mut bytes = Vec::new();
        let mut limited = std::io::Read::take(source, FILE_LIMIT + 1);
        std::io::Read::read_to_end(&mut limited, &mut bytes)
            .map_err(app::Error::io("read what was sent"))?;
        if bytes.len() as u64 > FILE_LIMIT {
            return Err(app::files::too_large(FILE_LIMIT).into());
        }
        let version = version_seen(fields.of("version"));
        stock_rules::load(&app, &actor, table, version, &bytes)
    })
    .await;
    match sent {
        Ok(Ok(changed)) => {
            let said = format!("{} rows set, {} removed", changed.set, changed.dropped);
            Ok(redirect_with(home_of(&table), &said))
        }
        Ok(Err(mistakes)) => {
            let mut problems = Problems::none();
            problems.add("file", "Correct the lines below and send the file again");
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            file_page(state, who, table, status, problems, mistakes).await
        }
        Err(failure) => {
            let (status, problems) = shown_in_form(failure)?;
            file_page(state, who, table, status, problems, Vec::new()).await
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ExportQuery {
    format: String,
}

async fn export(
    state: AppState,
    who: SignedIn,
    Path(table): Path<String>,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Failure> {
    must_see(&who.actor, Action::SeeStockRules)?;
    let table = table_in(&table)?;
    let format = match Format::from_word(&query.format) {
        Some(Format::Xlsx) => Format::Xlsx,
        _ => Format::Csv,
    };
    let name = format!("{}.{}", table.word(), format.word());
    download(&name, format.media_type(), move |mut out| {
        stock_rules::export(&state.app, &who.actor, table, format, &mut out).map(|_| ())
    })
    .await
}
