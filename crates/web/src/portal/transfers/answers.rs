//! What came of an addition to a list: each line that is not simply good, and why.

use app::transfers::{Added, Answer, Class};
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use domain::ids::TransferId;
use domain::numbers::grouped;
use domain::transfers::Side;

use super::{layout, lists};
use crate::page::{Layout, Problems, filters, redirect_with, render};
use crate::session::SignedIn;

/// Answers that stand in the table; the others follow as plain lines.
const IN_TABLE: usize = 200;

#[derive(Template)]
#[template(path = "transfers/answers.html")]
struct AnswersPage {
    layout: Layout,
    id: TransferId,
    side: Side,
    list_title: &'static str,
    added: u64,
    answers: Vec<Answer>,
    more: Vec<Answer>,
    hubs: i64,
    expected: i64,
}

/// Where everything is good the list itself; otherwise what is not, line by line.
pub(super) fn page(who: &SignedIn, (id, side): (TransferId, Side), added: &Added) -> Response {
    let hubs = if added.added == 1 { "hub" } else { "hubs" };
    let said = format!("{} {hubs} added", grouped(added.added));
    let mut answers: Vec<Answer> =
        added.answers.iter().filter(|answer| answer.class != Class::Good).cloned().collect();
    if answers.is_empty() {
        return redirect_with(&lists::path(id, side), &said);
    }
    let lines = grouped(answers.len());
    let noun = if answers.len() == 1 { "line" } else { "lines" };
    let mut problems = Problems::none();
    problems.add("answers", format!("Look at {lines} {noun}. {said}"));
    let layout = layout(who, id, "What was added")
        .crumb(lists::title(side), lists::path(id, side))
        .problems(problems);
    let more = answers.split_off(answers.len().min(IN_TABLE));
    let page = AnswersPage {
        layout,
        id,
        side,
        list_title: lists::title(side),
        added: added.added,
        answers,
        more,
        hubs: added.list.hubs,
        expected: added.list.expected,
    };
    let status = match added.added {
        0 => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::OK,
    };
    render(status, &page)
}

/// How a class is told by its colour.
pub(super) fn colour(class: &Class) -> &'static str {
    match class {
        Class::Good => "green",
        Class::Duplicate => "yellow",
        Class::Unknown => "purple",
        Class::Wrong => "red",
    }
}

/// How a class is told in words.
pub(super) fn words(class: &Class) -> &'static str {
    match class {
        Class::Good => "Good",
        Class::Duplicate => "Duplicate",
        Class::Unknown => "Unknown",
        Class::Wrong => "Wrong",
    }
}
