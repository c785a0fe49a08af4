//! The demonstration's transfers: one in each state that lasts, born of selection and direct, among
//! them one to receive of which three hubs are missing and one was never dispatched.

use std::time::Duration;

use app::jobs::{self, JobKind};
use app::transfers::{self, Arrival, DirectNotice, Dispatch, TransferFilter, TransferView};
use app::{App, Error, Result, transfer_files};
use domain::DeviceId;
use domain::access::{Action, Actor};
use domain::ids::{TransferFileId, TransferId};
use domain::timers::british_day;
use domain::transfers::{Condition, FaultReason, Kind, Side, State};
use jiff::{SignedDuration, Timestamp};

use super::stock::{self, Pallet};

const LONGEST_STEP: Duration = Duration::from_secs(120);

/// What is shipped in a world whose clock can be set.
pub struct Shipping<'a> {
    /// The operations.
    pub app: &'a App,
    /// The day on which the visitor comes.
    pub today: Timestamp,
    sender: Actor,
    receiver: Actor,
    warehouse: Actor,
    logistics: Actor,
}

impl<'a> Shipping<'a> {
    /// With the people who ship.
    pub fn new(app: &'a App, today: Timestamp) -> Result<Shipping<'a>> {
        let acting = |email: &str, action| app::sign_in::actor_by_email(app, email, action, None);
        Ok(Shipping {
            app,
            today,
            sender: acting("stock@brightwater.example", Action::AgreeTransfers)?,
            receiver: acting("stock@larkspur.example", Action::AgreeTransfers)?,
            warehouse: acting("warehouse@larkspur.example", Action::Receive)?,
            logistics: acting("logistics@dcc.example", Action::PrepareTransferFile)?,
        })
    }

    /// Ships.
    pub fn build(&self) -> Result<()> {
        let pallets = stock::recent_of("BRIGHTWR");
        let pallet = |n: usize| {
            let gone = || Error::Damaged("the world has too few recent pallets".into());
            pallets.get(n).ok_or_else(gone)
        };

        self.at_days_ago(14);
        self.selected()?;

        self.at_days_ago(12);
        let id = self.received(pallet(2)?, 256, &[])?;
        let file = self.prepared(id)?;
        self.authorise(file)?;
        self.reversed(id)?;

        self.at_days_ago(10);
        let id = self.received(pallet(3)?, 96, &[7, 40])?;
        let file = self.prepared(id)?;
        self.authorise(file)?;

        self.at_days_ago(8);
        let id = self.agreed(pallet(2)?, 40)?;
        let reason = "Installed by ourselves after all; sorry for the trouble.";
        transfers::cancel(self.app, &self.sender, id, None, reason)?;
        let id = self.confirmed(pallet(2)?, 48)?;
        let reason = "The sender asks the DCC to wait for the outcome of an audit.";
        transfers::hold(self.app, &self.logistics, id, None, reason)?;

        self.at_days_ago(5);
        self.dispatched(pallet(4)?, 160)?;
        self.short_of_three(pallet(5)?, pallet(6)?)?;

        self.at_days_ago(2);
        let id = self.received(pallet(6)?, 128, &[])?;
        self.prepared(id)?;
        self.received(pallet(4)?, 64, &[11])?;
        self.to_dispatch()?;
        self.at_days_ago(1);
        let notice = self.notice(pallet(5)?, 320);
        transfers::notify_direct(self.app, &self.sender, &notice)?;
        Ok(())
    }

    fn at_days_ago(&self, days: i64) {
        self.app.clock.set(self.today - SignedDuration::from_hours(24 * days));
    }

    fn notice(&self, pallet: &Pallet, quantity: i64) -> DirectNotice {
        DirectNotice {
            sender: "SU-BRIGHTWR".into(),
            receiver: "SU-LARKSPUR".into(),
            side: None,
            specification: pallet.specification(),
            firmware: Vec::new(),
            quantity,
            notes: "Agreed by telephone between both stock managers.".into(),
        }
    }

    fn agreed(&self, pallet: &Pallet, quantity: i64) -> Result<TransferId> {
        let notice = self.notice(pallet, quantity);
        Ok(transfers::notify_direct(self.app, &self.sender, &notice)?.id)
    }

    fn confirmed(&self, pallet: &Pallet, quantity: i64) -> Result<TransferId> {
        let id = self.agreed(pallet, quantity)?;
        transfers::confirm(self.app, &self.receiver, id, None, None)?;
        Ok(id)
    }

    /// What selection gave: to Pennywort all the way to the inventory, to Brightwater on its way.
    /// Nobody confirms the rest, which lapses.
    fn selected(&self) -> Result<()> {
        let acting =
            |email: &str, action| app::sign_in::actor_by_email(self.app, email, action, None);
        let pennywort = acting("stock@pennywort.example", Action::AgreeTransfers)?;
        let its_warehouse = acting("warehouse@pennywort.example", Action::Receive)?;
        let filter = TransferFilter {
            kind: Some(Kind::Selected),
            state: Some(State::Agreed),
            ..TransferFilter::default()
        };
        let given = transfers::list(self.app, &self.logistics, &filter, None, 10)?.items;
        let used = stock::recent_of("LARKSPUR");
        let mut pallets = stock::all_of("LARKSPUR").into_iter().filter(|pallet| {
            let is_as_given = given.iter().any(|one| one.specification == pallet.specification());
            is_as_given && used.iter().all(|used| used.number != pallet.number)
        });
        for transfer in &given {
            let buyer = match transfer.receiver.reference.as_str() {
                "SU-PENNYWRT" => &pennywort,
                "SU-BRIGHTWR" => &self.sender,
                _ => continue,
            };
            transfers::confirm(self.app, buyer, transfer.id, None, None)?;
            transfers::confirm(self.app, &self.receiver, transfer.id, None, None)?;
            let from: Vec<Pallet> = pallets.by_ref().take(2).collect();
            self.send_off(&self.receiver, transfer.id, &from)?;
            if transfer.receiver.reference == "SU-PENNYWRT" {
                self.arrive(&its_warehouse, transfer.id)?;
                transfers::start_from_manifest(self.app, &its_warehouse, transfer.id)?;
                transfers::receive(self.app, &its_warehouse, transfer.id, None, None)?;
                let file = self.prepared(transfer.id)?;
                self.authorise(file)?;
            }
        }
        Ok(())
    }

    /// A transfer that was completed is taken back: both agree, and it waits to be dispatched.
    fn reversed(&self, id: TransferId) -> Result<()> {
        let reason = "The wrong pallet was sent; both stock managers agree.";
        let back = transfers::reverse(self.app, &self.logistics, id, None, reason)?.id;
        for side in [&self.sender, &self.receiver] {
            transfers::confirm(self.app, side, back, None, None)?;
        }
        Ok(())
    }

    /// Dispatches the first hubs of a pallet that are still there.
    fn dispatched(&self, pallet: &Pallet, quantity: i64) -> Result<TransferId> {
        let id = self.confirmed(pallet, quantity)?;
        self.send_off(&self.sender, id, std::slice::from_ref(pallet))?;
        Ok(id)
    }

    /// As many hubs of these pallets leave as were agreed.
    fn send_off(&self, sender: &Actor, id: TransferId, pallets: &[Pallet]) -> Result<()> {
        let of = |pallet: &Pallet| {
            let number = pallet.number;
            (0..stock::PALLET).map(move |n| stock::chf(number, n))
        };
        let ids: Vec<String> = pallets.iter().flat_map(of).collect();
        transfers::add_text(self.app, sender, id, Side::Sender, &ids.join("\n"))?;
        let given = Dispatch {
            on: british_day(self.app.now()),
            carrier: "Fairweather Haulage".into(),
            consignment_note: format!("FW-{:05}", 41_000 + id.0),
            seals: format!("S{:05}, S{:05}", 700 + id.0, 800 + id.0),
            fewer_is_meant: true,
            list_version: None,
        };
        transfers::dispatch(self.app, sender, id, None, &given)?;
        Ok(())
    }

    fn arrived(&self, pallet: &Pallet, quantity: i64) -> Result<TransferId> {
        let id = self.dispatched(pallet, quantity)?;
        self.arrive(&self.warehouse, id)?;
        Ok(id)
    }

    fn arrive(&self, warehouse: &Actor, id: TransferId) -> Result<()> {
        let given = Arrival {
            on: british_day(self.app.now()),
            condition: Condition::Good,
            note: String::new(),
        };
        transfers::arrive(self.app, warehouse, id, None, &given)?;
        Ok(())
    }

    /// Receives everything but these, by their places in the list, which are turned down.
    fn received(&self, pallet: &Pallet, quantity: i64, rejected: &[usize]) -> Result<TransferId> {
        let id = self.arrived(pallet, quantity)?;
        transfers::start_from_manifest(self.app, &self.warehouse, id)?;
        let hubs = self.listed(id)?;
        let rejected: Vec<DeviceId> = rejected.iter().map(|place| hubs[*place]).collect();
        if !rejected.is_empty() {
            let reason = Some(FaultReason::DamagedCase);
            transfers::set_verdicts(self.app, &self.warehouse, id, &rejected, reason)?;
        }
        transfers::receive(self.app, &self.warehouse, id, None, None)?;
        Ok(id)
    }

    fn listed(&self, id: TransferId) -> Result<Vec<DeviceId>> {
        let side = Side::Receiver;
        let page = transfers::list_entries(self.app, &self.warehouse, id, side, None, 1_000)?;
        Ok(page.items.into_iter().map(|entry| entry.hub).collect())
    }

    /// The list of what arrived is begun: three hubs did not come, one came that nobody sent.
    fn short_of_three(&self, pallet: &Pallet, other: &Pallet) -> Result<()> {
        let id = self.arrived(pallet, 224)?;
        transfers::start_from_manifest(self.app, &self.warehouse, id)?;
        let hubs = self.listed(id)?;
        let missing = [hubs[3], hubs[90], hubs[201]];
        transfers::remove(self.app, &self.warehouse, id, Side::Receiver, &missing)?;
        let never_sent = stock::chf(other.number, stock::PALLET - 1);
        transfers::scan(self.app, &self.warehouse, id, Side::Receiver, &never_sent)?;
        Ok(())
    }

    /// A transfer of Larkspur's own, whose list the warehouse has begun to scan.
    fn to_dispatch(&self) -> Result<()> {
        let pallets = stock::recent_of("LARKSPUR");
        let gone = || Error::Damaged("the world has too few recent pallets".into());
        let pallet = pallets.get(4).ok_or_else(gone)?;
        let acting =
            |email| app::sign_in::actor_by_email(self.app, email, Action::AgreeTransfers, None);
        let buyer = acting("stock@pennywort.example")?;
        let notice = DirectNotice {
            sender: "SU-LARKSPUR".into(),
            receiver: "SU-PENNYWRT".into(),
            ..self.notice(pallet, 64)
        };
        let id = transfers::notify_direct(self.app, &self.receiver, &notice)?.id;
        transfers::confirm(self.app, &buyer, id, None, None)?;
        let scans: Vec<String> = (0..20).map(|n| stock::chf(pallet.number, n)).collect();
        transfers::scan_all(self.app, &self.warehouse, id, Side::Sender, &scans)?;
        Ok(())
    }

    fn prepared(&self, id: TransferId) -> Result<TransferFileId> {
        let view: TransferView = transfers::prepare(self.app, &self.logistics, id, None)?;
        let none = || Error::Damaged(format!("{id} has no transfer file"));
        let file = view.transfer_file.ok_or_else(none)?;
        self.done(JobKind::ValidateTransferFile, file)?;
        Ok(file)
    }

    fn authorise(&self, file: TransferFileId) -> Result<()> {
        let (email, action) = ("authoriser@dcc.example", Action::AuthoriseTransferFile);
        let authoriser = app::sign_in::actor_by_email(self.app, email, action, None)?;
        transfer_files::authorise(self.app, &authoriser, file, None)?;
        self.done(JobKind::ApplyTransferFile, file)
    }

    fn done(&self, kind: JobKind, file: TransferFileId) -> Result<()> {
        let job = jobs::finish(self.app, kind, file.0, LONGEST_STEP)?;
        match job.state.as_str() {
            "done" => Ok(()),
            state => Err(Error::Damaged(format!("the job {} on {file} is {state}", job.kind))),
        }
    }
}
