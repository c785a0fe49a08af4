//! Builds the demonstration's world through the product's own operations, with a clock that is set
//! back and let run forward.

use std::time::Duration;

use app::imports::{self, Kind};
use app::jobs::{self, JobKind};
use app::journal::{By, Event, record};
use app::transfer_files::{self, GenerateRequest, Submission};
use app::{App, Clock, Error, Result};
use domain::access::{Action, Actor};
use domain::ids::TransferFileId;
use domain::timers::british_day;
use jiff::{SignedDuration, Timestamp};
use store::Db;

use super::market::Market;
use super::people::PEOPLE;
use super::shipping::Shipping;
use super::{directory, selection, stock};

/// The setting that marks a database as the demonstration's.
const MARK: &str = "demo.world";
/// The version of the world; another one is not mistaken for this.
const VERSION: &str = "3";
/// What the mark says while it is being built.
const BEGUN: &str = "begun";
/// The same for everybody, since it protects nothing.
const PASSWORD: &str = "demonstration only";
const LONGEST_STEP: Duration = Duration::from_secs(120);

/// Whether the database already holds this world.
pub fn is_there(app: &App) -> Result<bool> {
    let mut tx = app.db.read()?;
    Ok(store::settings::get(&mut tx, MARK)?.is_some_and(|row| row.value == VERSION))
}

/// Whether the database holds a world of the demonstration that is not whole or not this one.
pub fn is_to_be_replaced(db: &Db) -> Result<bool> {
    let mark = store::settings::get(&mut db.read()?, MARK);
    let is_current = db.is_current()?;
    match mark {
        Ok(mark) => Ok(mark.is_some_and(|mark| mark.value != VERSION || !is_current)),
        // There are no such tables, so it is none.
        Err(_) if !is_current => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Says in the journal how far the world is.
fn mark(app: &App, from: Option<&str>, to: &str) -> Result<()> {
    let mut tx = app.db.write()?;
    store::settings::put(&mut tx, MARK, to)?;
    let from = from.map(str::to_owned);
    let event = Event::SettingChanged { name: MARK.into(), from, to: to.into() };
    record(&mut tx, app.now(), By::SYSTEM, &event)?;
    Ok(tx.commit()?)
}

/// Builds it: Parties, people, 200 pallets, hubs in every status, transfer files in every state
/// that lasts.
pub fn build(app: &App) -> Result<()> {
    let today = app.now();
    let world = World { app: App { clock: Clock::standing(today), ..app.clone() }, today };
    world.at(days(730));
    mark(&world.app, None, BEGUN)?;
    world.people_and_parties()?;
    selection::second_policy(&world.app)?;
    world.deliveries_and_statuses()?;
    Market { app: &world.app, today }.past()?;
    world.at(days(18));
    selection::rounds(&world.app, (2, 17, 19))?;
    world.transfer_files()?;
    Market { app: &world.app, today }.present()?;
    Shipping::new(&world.app, today)?.build()?;
    world.at(SignedDuration::ZERO);
    selection::third_policy(&world.app)?;
    // What has passed meanwhile: offers that closed, allocations that nobody confirmed.
    app::timers::pass(&world.app)?;
    mark(&world.app, Some(BEGUN), VERSION)
}

fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

struct World {
    app: App,
    today: Timestamp,
}

impl World {
    /// Sets the clock to so long ago.
    fn at(&self, ago: SignedDuration) {
        self.app.clock.set(self.today - ago);
    }

    fn acting(&self, email: &str, action: Action) -> Result<Actor> {
        app::sign_in::actor_by_email(&self.app, email, action, None)
    }

    fn people_and_parties(&self) -> Result<()> {
        let (central, of_parties): (Vec<_>, Vec<_>) =
            PEOPLE.iter().copied().partition(|person| person.3.is_none());
        app::people::add_invented(&self.app, &central, PASSWORD)?;
        let admin = self.acting("admin@hubstock.example", Action::ManageParties)?;
        self.import(&admin, Kind::Parties, "parties.csv", &stock::parties_file())?;
        app::people::add_invented(&self.app, &of_parties, PASSWORD)?;
        directory::build(&self.app, &admin)
    }

    fn deliveries_and_statuses(&self) -> Result<()> {
        let operator = self.acting("operator@dsp.example", Action::LoadInventory)?;
        let day = british_day(self.today);
        let pallets = stock::pallets();
        for (number, part) in pallets.chunks(25).enumerate() {
            let newest = part.last().map_or(0, |p| p.delivered_days_ago);
            self.at(days(i64::from(newest)));
            let name = format!("asn-{:03}.csv", number + 1);
            self.import(&operator, Kind::Deliveries, &name, &stock::delivery_file(part, day))?;
        }
        self.at(days(19));
        let statuses = stock::status_file(&pallets, day);
        self.import(&operator, Kind::Statuses, "statuses.csv", &statuses)
    }

    fn import(&self, actor: &Actor, kind: Kind, name: &str, text: &str) -> Result<()> {
        let sent = imports::submit(&self.app, actor, kind, name, &mut text.as_bytes())?;
        let job = jobs::finish(&self.app, JobKind::LoadImport, sent.import.0, LONGEST_STEP)?;
        done(job)
    }

    /// One file for each state that lasts.
    fn transfer_files(&self) -> Result<()> {
        let own = stock::recent_of;
        let (larkspur, brightwater) = (own("LARKSPUR"), own("BRIGHTWR"));
        let whole = |p: &stock::Pallet| {
            (0..stock::PALLET).map(|n| stock::chf(p.number, n)).collect::<Vec<_>>()
        };

        // Applied: a whole pallet.
        self.at(days(14));
        let id = self.send("pallet-to-tern.csv", &whole(&larkspur[0]), "SU-TERNUTIL")?;
        self.authorise(id)?;

        // Part applied: a few of its hubs have been installed meanwhile, one ID is damaged.
        self.at(days(12));
        let old = stock::pallets()
            .into_iter()
            .filter(|p| stock::PARTIES[p.party].0 != "SALTMRSH" && p.number != 60)
            .find(|p| p.delivered_days_ago > 200 && p.delivered_days_ago < 260)
            .ok_or_else(|| Error::Damaged("the world has no such pallet".into()))?;
        let mut mixed: Vec<String> = (0..112).map(|n| stock::chf(old.number, n)).collect();
        mixed[5] = "9.035E+13".into();
        mixed[6] = mixed[7].clone();
        mixed[9] = stock::gpf(old.number, 9);
        let id = self.send("box-mixed.csv", &mixed, "SU-SALTMRSH")?;
        self.authorise(id)?;

        // Failed: it lay authorised for too long before it could be applied.
        self.at(days(11));
        let id = self.send("late.csv", &whole(&larkspur[1])[..64], "SU-PENNYWRT")?;
        let authoriser = self.authoriser()?;
        transfer_files::authorise(&self.app, &authoriser, id, None)?;
        self.at(days(3));
        done(jobs::finish(&self.app, JobKind::ApplyTransferFile, id.0, LONGEST_STEP)?)?;

        // Refused whole, rejected, withdrawn.
        self.at(days(2));
        self.send_text("no-header.csv", "00-DB-12-01-00-00-10-00,SU-TERNUTIL\r\n", false)?;
        let id = self.send("wrong-party.csv", &whole(&brightwater[0])[..32], "SU-FELLSIDE")?;
        let reason = "The reference says Larkspur, the file moves Brightwater's hubs.";
        transfer_files::reject(&self.app, &authoriser, id, None, reason)?;
        let id = self.send("sent-by-mistake.csv", &whole(&brightwater[1])[..32], "SU-TERNUTIL")?;
        let reason = "Sent a day early; the pallet has not left yet.";
        transfer_files::withdraw(&self.app, &self.preparer()?, id, None, reason)?;

        // Waiting for the visitor to authorise: a pallet, controlled profile.
        self.at(SignedDuration::from_mins(25));
        let ids = whole(&larkspur[2]).join("\n");
        let preparer = self.preparer()?;
        let request = GenerateRequest {
            ids,
            to_reference: "SU-PENNYWRT".into(),
            reference: "DEMO-0007".into(),
            from_reference: Some("SU-LARKSPUR".into()),
        };
        let sent = transfer_files::generate_and_submit(&self.app, &preparer, &request, false)?
            .map_err(|_| Error::Damaged("the world's own IDs are not usable".into()))?
            .1;
        done(jobs::finish(&self.app, JobKind::ValidateTransferFile, sent.id.0, LONGEST_STEP)?)
    }

    fn preparer(&self) -> Result<Actor> {
        self.acting("logistics@dcc.example", Action::PrepareTransferFile)
    }

    fn authoriser(&self) -> Result<Actor> {
        self.acting("authoriser@dcc.example", Action::AuthoriseTransferFile)
    }

    fn send(&self, name: &str, ids: &[String], to: &str) -> Result<TransferFileId> {
        let mut text = String::from("CommsHubID,NewServiceUserReference\r\n");
        for id in ids {
            text.push_str(&format!("{id},{to}\r\n"));
        }
        self.send_text(name, &text, false)
    }

    fn send_text(&self, name: &str, text: &str, all_or_nothing: bool) -> Result<TransferFileId> {
        let submission = Submission { name: name.into(), all_or_nothing };
        let preparer = self.preparer()?;
        let sent = transfer_files::submit(&self.app, &preparer, submission, &mut text.as_bytes())?;
        done(jobs::finish(&self.app, JobKind::ValidateTransferFile, sent.id.0, LONGEST_STEP)?)?;
        Ok(sent.id)
    }

    fn authorise(&self, id: TransferFileId) -> Result<()> {
        transfer_files::authorise(&self.app, &self.authoriser()?, id, None)?;
        done(jobs::finish(&self.app, JobKind::ApplyTransferFile, id.0, LONGEST_STEP)?)
    }
}

fn done(job: store::jobs::JobRow) -> Result<()> {
    match job.state.as_str() {
        "done" => Ok(()),
        state => Err(Error::Damaged(format!(
            "the job {} is {state}: {}",
            job.kind,
            job.problem.unwrap_or_default()
        ))),
    }
}
