//! What waits for a person on the market: offers, requests, selection; and e-mails that nobody got.

use app::jobs;
use app::notifications::{self, MessageState};
use app::pages::Part;
use app::timers::{self, DeadlineRow};
use app::{App, Result, offers, requests};
use domain::access::{Action, Actor, Reach};
use domain::numbers::grouped;
use jiff::{SignedDuration, Timestamp};

use super::tasks::{Group, Task};
use crate::page::filters::{date_text, datetime_text};
use crate::portal::may;

/// Things of one kind that are named on the page; the rest is behind a link.
const NAMED: i64 = 10;
/// How long before its end a deadline is near.
const NEAR: SignedDuration = SignedDuration::from_hours(24);

/// What waits for this person; a group with nothing in it is left out.
pub fn groups(app: &App, actor: &Actor) -> Result<Vec<Group>> {
    let mut groups = Vec::new();
    if may(actor, Action::PublishOffers) {
        groups.push(Group {
            title: "Offers to publish or return",
            tasks: due(app, "publish", "Publish or return", Some("/offers/"))?,
            empty: "",
            all: Some(("All offers", "/offers")),
        });
    }
    if may(actor, Action::RunSelection) {
        groups.push(Group {
            title: "Selection that is due",
            tasks: due(app, "select", "Run selection over", None)?,
            empty: "",
            all: Some(("All runs", "/selection")),
        });
    }
    if actor.reach(Action::ManageOffers) == Reach::Own {
        groups.push(drafts(app, actor)?);
    }
    if may(actor, Action::RetryMail) {
        groups.push(refused(app, actor)?);
    }
    if may(actor, Action::RerunJobs) {
        groups.push(failed(app, actor)?);
    }
    groups.retain(|group| !group.tasks.is_empty());
    Ok(groups)
}

/// What has an open deadline of this kind, the next first; it is done on the offer's own page under
/// `at`, or else where selection is run.
fn due(app: &App, what: &str, words: &str, at: Option<&str>) -> Result<Vec<Task>> {
    let open = timers::open(app, what, NAMED)?;
    let task = |deadline: &DeadlineRow| {
        let (status, colour) = urgency(deadline.due_at, app.now());
        Task {
            id: format!("{what}-{}", deadline.subject),
            text: format!("{words} {}", deadline.subject),
            href: at.map_or("/selection".to_owned(), |at| format!("{at}{}", deadline.subject)),
            status,
            colour,
            hint: String::new(),
        }
    };
    Ok(open.iter().map(task).collect())
}

/// By when, and how pressing that is.
fn urgency(due_at: Timestamp, now: Timestamp) -> (String, &'static str) {
    let day = date_text(domain::timers::british_day(due_at - SignedDuration::from_secs(1)));
    if due_at <= now {
        (format!("Was due {day}"), "red")
    } else if due_at <= now + NEAR {
        (format!("Due {day}"), "orange")
    } else {
        (format!("Due {day}"), "none")
    }
}

/// A Party's own offers and requests that are not sent yet, with why they came back.
fn drafts(app: &App, actor: &Actor) -> Result<Group> {
    let state = Some(domain::offers::State::Draft);
    let wanted = offers::Wanted { party: actor.party(), state };
    let found = offers::list(app, actor, &wanted, Part::FIRST)?;
    let mut tasks: Vec<Task> = Vec::new();
    for (offer, _) in found.items.iter().take(NAMED as usize) {
        let hubs = grouped(offer.terms.quantity);
        tasks.push(Task {
            id: offer.id.to_string(),
            text: format!("Finish and submit the offer {} of {hubs} hubs", offer.id),
            href: format!("/offers/{}", offer.id),
            status: if offer.reason.is_some() { "Returned" } else { "Draft" }.to_owned(),
            colour: if offer.reason.is_some() { "orange" } else { "grey" },
            hint: offer.reason.clone().unwrap_or_default(),
        });
    }
    let state = Some(domain::requests::State::Draft);
    let wanted = requests::Wanted { party: actor.party(), state, offer: None };
    let found = requests::list(app, actor, &wanted, Part::FIRST)?;
    for (request, _) in found.items.iter().take(NAMED as usize) {
        let hubs = grouped(request.asked.quantity);
        tasks.push(Task {
            id: request.id.to_string(),
            text: format!("Finish and submit the request {} for {hubs} hubs", request.id),
            href: format!("/requests/{}", request.id),
            status: "Draft".to_owned(),
            colour: "grey",
            hint: String::new(),
        });
    }
    let all = Some(("All your offers", "/offers"));
    Ok(Group { title: "Offers and requests to finish", tasks, empty: "", all })
}

fn refused(app: &App, actor: &Actor) -> Result<Group> {
    let found = notifications::messages(app, actor, Some(MessageState::Refused), Part::FIRST)?;
    let tasks = found.items.iter().take(NAMED as usize).map(|message| Task {
        id: message.id.to_string(),
        text: message.title.clone(),
        href: format!("/mail/{}", message.id),
        status: "Refused".to_owned(),
        colour: "red",
        hint: format!("To {}, {}", message.address, datetime_text(message.made_at)),
    });
    Ok(Group {
        title: "Emails that a mail server refused",
        tasks: tasks.collect(),
        empty: "",
        all: Some(("All emails", "/mail")),
    })
}

/// Jobs that wait for somebody to have them run again.
fn failed(app: &App, actor: &Actor) -> Result<Group> {
    let found = jobs::failed(app, actor)?;
    let tasks = found.iter().take(NAMED as usize).map(|job| Task {
        id: job.id.to_string(),
        text: format!("{} {}", job.kind.name(), job.subject),
        href: "/jobs".to_owned(),
        status: "Failed".to_owned(),
        colour: "red",
        hint: job.problem.clone().unwrap_or_default(),
    });
    Ok(Group {
        title: "Jobs that have failed",
        tasks: tasks.collect(),
        empty: "",
        all: Some(("All failed jobs", "/jobs")),
    })
}
