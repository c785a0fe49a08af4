//! What waits for a person, by what their roles let them do.

use app::imports::{self, ImportView};
use app::transfer_files::{
    self, InstalledFilter, InstalledItem, TransferFileFilter, TransferFileRow,
};
use app::transfers::{self, TransferFilter, TransferSummary};
use app::{App, Result, inventory};
use domain::access::{Action, Actor};
use domain::imports::{ImportKind, ImportState};
use domain::inventory::SmiStatus;
use domain::numbers::grouped;

use crate::page::filters::{datetime_text, due_text};
use crate::portal::deliveries::{answers, kind_name, state_colour, state_words};
use crate::portal::may;
use crate::portal::transfers::state_colour as state_of_transfer;

/// Things of one kind that are named on the page; the rest is behind a link.
const NAMED: u32 = 10;

/// Tasks of one kind.
pub struct Group {
    /// Its heading.
    pub title: &'static str,
    /// What waits.
    pub tasks: Vec<Task>,
    /// What is said when nothing does.
    pub empty: &'static str,
    /// The page with all of them, and what it is called.
    pub all: Option<(&'static str, &'static str)>,
}

/// One thing to do.
pub struct Task {
    /// Unique on the page.
    pub id: String,
    /// What to do.
    pub text: String,
    /// Where.
    pub href: String,
    /// How it stands.
    pub status: String,
    /// The colour of that; `none` for plain text.
    pub colour: &'static str,
    /// More about it.
    pub hint: String,
}

/// A Party's stock in numbers.
pub struct Stock {
    /// Hubs of any status.
    pub held: i64,
    /// Those that can be moved.
    pub pending: i64,
    /// Pending hubs by device model and region, the most first.
    pub by_model: Vec<(String, String, i64)>,
}

/// What waits for this person.
pub fn groups(app: &App, actor: &Actor) -> Result<Vec<Group>> {
    let mut groups = Vec::new();
    if may(actor, Action::SeeTransfers) {
        groups.extend(to_move_on(app, actor)?);
        groups.extend(late(app, actor)?);
    }
    groups.extend(super::market::groups(app, actor)?);
    if may(actor, Action::AuthoriseTransferFile) {
        groups.push(to_authorise(app, actor)?);
    }
    if may(actor, Action::PrepareTransferFile) {
        groups.push(to_prepare(app, actor)?);
    }
    if may(actor, Action::SettleInstalledQueue) {
        groups.push(to_settle(app, actor)?);
    }
    if may(actor, Action::AuthoriseSnapshot) {
        groups.extend(snapshots(app, actor)?);
    }
    if may(actor, Action::LoadInventory) {
        groups.push(to_load(app, actor)?);
    }
    Ok(groups)
}

/// Transfers whose next step is this person's; no group for somebody who only looks.
fn to_move_on(app: &App, actor: &Actor) -> Result<Option<Group>> {
    let acts = [Action::AgreeTransfers, Action::Dispatch, Action::PrepareTransferFile];
    if !acts.iter().any(|action| may(actor, *action)) {
        return Ok(None);
    }
    let filter = TransferFilter { mine: true, ..TransferFilter::default() };
    let found = transfers::list(app, actor, &filter, None, NAMED as usize)?;
    Ok(Some(Group {
        title: "Transfers that wait for you",
        tasks: found.items.iter().map(transfer_task).collect(),
        empty: "No transfer waits for you.",
        all: Some(("All that wait for you", "/transfers?show=mine")),
    }))
}

/// Transfers of which a deadline has passed, for those who can do something about any of them.
fn late(app: &App, actor: &Actor) -> Result<Option<Group>> {
    if !may(actor, Action::SuperviseTransfers) {
        return Ok(None);
    }
    let filter = TransferFilter { overdue: true, ..TransferFilter::default() };
    let found = transfers::list(app, actor, &filter, None, NAMED as usize)?;
    let tasks: Vec<Task> = found.items.iter().map(transfer_task).collect();
    Ok((!tasks.is_empty()).then_some(Group {
        title: "Transfers that are late",
        tasks,
        empty: "",
        all: Some(("All that are late", "/transfers?show=overdue")),
    }))
}

fn transfer_task(transfer: &TransferSummary) -> Task {
    let hubs = grouped(transfer.quantity);
    let noun = if transfer.quantity == 1 { "hub" } else { "hubs" };
    let (from, to) = (&transfer.sender.name, &transfer.receiver.name);
    let by = transfer.due_at.map_or_else(String::new, |due| format!(", by {}", due_text(due)));
    let also = match (transfer.counts.waiting, transfer.counts.ready) {
        (0, _) | (_, 0) => String::new(),
        (1, _) => "; 1 line waits for a correction".to_owned(),
        (lines, _) => format!("; {} lines wait for a correction", grouped(lines)),
    };
    Task {
        id: transfer.id.to_string(),
        text: format!("{}: {hubs} {noun} from {from} to {to}", transfer.id),
        href: format!("/transfers/{}", transfer.id),
        status: transfer.state.words().to_owned(),
        colour: state_of_transfer(&transfer.state),
        hint: format!("{}{by}{also}", transfer.next_step.what.trim_end_matches('.')),
    }
}

fn to_authorise(app: &App, actor: &Actor) -> Result<Group> {
    let filter = TransferFileFilter { waiting_for_me: true, ..TransferFileFilter::default() };
    let found = transfer_files::list(app, actor, &filter, None, NAMED)?;
    Ok(Group {
        title: "Transfer files to authorise",
        tasks: found.items.iter().map(file_task).collect(),
        empty: "No transfer file waits for you.",
        all: Some(("All that wait for you", "/transfer-files?whose=waiting")),
    })
}

fn to_prepare(app: &App, actor: &Actor) -> Result<Group> {
    let filter = TransferFileFilter { mine: true, ..TransferFileFilter::default() };
    let found = transfer_files::list(app, actor, &filter, None, NAMED)?;
    let upload = [
        ("upload", "Upload a transfer file", "/transfer-files/new"),
        ("generate", "Make a transfer file from a list of hubs", "/transfer-files/generate"),
    ];
    let new = upload.iter().map(|(id, text, href)| link_task(id, text, href));
    Ok(Group {
        title: "Transfer files",
        tasks: new.chain(found.items.iter().map(file_task)).collect(),
        empty: "",
        all: Some(("All that you prepared", "/transfer-files?whose=mine")),
    })
}

fn file_task(file: &TransferFileRow) -> Task {
    let lines = grouped(file.lines);
    let noun = if file.lines == 1 { "line" } else { "lines" };
    let at = datetime_text(file.received_at);
    Task {
        id: file.id.to_string(),
        text: file.name.clone(),
        href: format!("/transfer-files/{}", file.id),
        status: file.state.words().to_owned(),
        colour: crate::page::filters::transfer_file_state_colour(file.state),
        hint: format!("{lines} {noun}, prepared by {}, {at}", file.preparer.name),
    }
}

fn to_settle(app: &App, actor: &Actor) -> Result<Group> {
    let open = InstalledFilter::Open;
    let found = transfer_files::installed_before(app, actor, open, None, NAMED)?;
    Ok(Group {
        title: "Hubs installed before their file was processed",
        tasks: found.items.iter().map(installed_task).collect(),
        empty: "No hub waits to be settled.",
        all: Some(("The whole queue", "/installed-before")),
    })
}

fn installed_task(item: &InstalledItem) -> Task {
    Task {
        id: format!("installed-{}", item.id),
        text: format!("Settle {}", item.hub),
        href: format!("/installed-before/{}", item.id),
        status: item.status.name().to_owned(),
        colour: "none",
        hint: format!(
            "From {} to {}, {}",
            item.from_reference, item.to_reference, item.transfer_file
        ),
    }
}

/// Snapshots that wait for somebody other than their sender; no group when there are none.
fn snapshots(app: &App, actor: &Actor) -> Result<Option<Group>> {
    let found = imports::list(app, actor, Some(ImportKind::Snapshot), None, NAMED)?;
    let waits = |import: &&ImportView| {
        import.state == ImportState::Compared && import.submitted_by.id != actor.user
    };
    let tasks: Vec<Task> = found.items.iter().filter(waits).map(import_task).collect();
    let all = Some(("All snapshots", "/deliveries?kind=snapshot"));
    let group = Group { title: "Snapshots to authorise", tasks, empty: "", all };
    Ok((!group.tasks.is_empty()).then_some(group))
}

fn to_load(app: &App, actor: &Actor) -> Result<Group> {
    let found = imports::list(app, actor, None, None, NAMED)?;
    let new = link_task("load", "Load deliveries or status changes", "/deliveries/new");
    Ok(Group {
        title: "Files of deliveries and statuses",
        tasks: std::iter::once(new).chain(found.items.iter().map(import_task)).collect(),
        empty: "",
        all: Some(("All files", "/deliveries")),
    })
}

fn import_task(import: &ImportView) -> Task {
    let lines = grouped(import.lines_done);
    let (kind, at) = (kind_name(&import.kind), datetime_text(import.received_at));
    let problems = match answers::problems(&import.counts) {
        0 => String::new(),
        1 => "1 of them to look at, ".to_owned(),
        more => format!("{} of them to look at, ", grouped(more)),
    };
    Task {
        id: import.id.to_string(),
        text: import.name.clone(),
        href: format!("/deliveries/{}", import.id),
        status: state_words(&import.state).to_owned(),
        colour: state_colour(&import.state),
        hint: format!("{kind}: {lines} lines, {problems}{at}"),
    }
}

fn link_task(id: &str, text: &str, href: &str) -> Task {
    Task {
        id: id.to_owned(),
        text: text.to_owned(),
        href: href.to_owned(),
        status: String::new(),
        colour: "none",
        hint: String::new(),
    }
}

/// Where else this person's work is.
pub fn elsewhere(actor: &Actor) -> Group {
    let links = [
        (Action::SeeBoard, "board", "See what Parties offer and want", "/board"),
        (Action::ManageOffers, "offer", "Offer stock", "/offers/new"),
        (Action::ManageRequests, "want", "Say what stock is wanted", "/requests/new"),
        (Action::SeeHubs, "find", "Find a hub", "/hubs"),
        (Action::SeeStock, "stock", "See stock by Party and model", "/stock"),
        (Action::SeeDeliveryReport, "report", "ESI-013, the CH Delivery Report", "/reports"),
        (Action::SeeParties, "parties", "See the Parties", "/parties"),
        (Action::ManagePeople, "people", "Invite or deactivate people", "/people"),
        (Action::ChangeSettings, "settings", "Change a setting", "/settings"),
        (Action::ReadJournal, "journal", "Read the journal", "/journal"),
        (Action::ReadNotices, "notices", "Your notices", "/notices"),
        (Action::SeeMail, "mail", "Emails that were sent or wait", "/mail"),
        (Action::SeeFailedJobs, "jobs", "Jobs that have failed", "/jobs"),
        (Action::IssueTokens, "account", "Your account, password and API tokens", "/account"),
    ];
    let mine = links.iter().filter(|(action, ..)| may(actor, *action));
    Group {
        title: "Go to",
        tasks: mine.map(|(_, id, text, href)| link_task(id, text, href)).collect(),
        empty: "",
        all: None,
    }
}

/// The stock of the person's own Party; nothing for the centre.
pub fn stock(app: &App, actor: &Actor) -> Result<Option<Stock>> {
    if actor.party().is_none() || !may(actor, Action::SeeStock) {
        return Ok(None);
    }
    let rows = inventory::stock(app, actor, &inventory::Filter::default())?;
    let pending = rows.iter().filter(|row| row.status == SmiStatus::Pending);
    let mut by_model: Vec<(String, String, i64)> = Vec::new();
    for row in pending.clone() {
        let model = format!("{} {}", row.manufacturer, row.model);
        match by_model.iter_mut().find(|(m, region, _)| *m == model && *region == row.region) {
            Some((_, _, hubs)) => *hubs += row.hubs,
            None => by_model.push((model, row.region.clone(), row.hubs)),
        }
    }
    by_model.sort_by_key(|(_, _, hubs)| std::cmp::Reverse(*hubs));
    Ok(Some(Stock {
        held: rows.iter().map(|row| row.hubs).sum(),
        pending: pending.map(|row| row.hubs).sum(),
        by_model,
    }))
}
