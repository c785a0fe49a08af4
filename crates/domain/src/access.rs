//! Who may do what: one table, drawn into `docs/reference/permissions.md` by a test.

use crate::ids::{PartyId, UserId};
use crate::refusal::{Refusal, RefusalKind};

/// What a person is at one organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Sees a Party's own stock and register.
    PartyViewer,
    /// Offers and requests for a Party.
    StockManager,
    /// Dispatches and receives for a Party.
    Warehouse,
    /// Manages a Party's people, locations and contacts.
    PartyAdmin,
    /// Runs the process for the DCC: prepares transfer files.
    DccLogistics,
    /// Authorises transfer files that somebody else prepared.
    DccAuthoriser,
    /// Charges, and the queue of hubs installed before their file was processed.
    DccFinance,
    /// Cases.
    DccDisputes,
    /// Selection policies and procedures.
    DccPolicy,
    /// Loads deliveries and statuses; sees file processing.
    DspOperator,
    /// Asks where a hub is; nothing else.
    CspEnquirer,
    /// Reads everything, changes nothing.
    Auditor,
    /// Parties, people and settings; no business action.
    SystemAdmin,
}

impl Role {
    /// All roles, in the order of the specification.
    pub const ALL: &[Role] = &[
        Role::PartyViewer,
        Role::StockManager,
        Role::Warehouse,
        Role::PartyAdmin,
        Role::DccLogistics,
        Role::DccAuthoriser,
        Role::DccFinance,
        Role::DccDisputes,
        Role::DccPolicy,
        Role::DspOperator,
        Role::CspEnquirer,
        Role::Auditor,
        Role::SystemAdmin,
    ];

    /// The word for it on the command line and in the API.
    pub fn word(self) -> &'static str {
        match self {
            Role::PartyViewer => "party-viewer",
            Role::StockManager => "stock-manager",
            Role::Warehouse => "warehouse",
            Role::PartyAdmin => "party-admin",
            Role::DccLogistics => "dcc-logistics",
            Role::DccAuthoriser => "dcc-authoriser",
            Role::DccFinance => "dcc-finance",
            Role::DccDisputes => "dcc-disputes",
            Role::DccPolicy => "dcc-policy",
            Role::DspOperator => "dsp-operator",
            Role::CspEnquirer => "csp-enquirer",
            Role::Auditor => "auditor",
            Role::SystemAdmin => "system-admin",
        }
    }

    /// The name for it on pages.
    pub fn name(self) -> &'static str {
        match self {
            Role::PartyViewer => "Party viewer",
            Role::StockManager => "Stock manager",
            Role::Warehouse => "Warehouse",
            Role::PartyAdmin => "Party admin",
            Role::DccLogistics => "DCC logistics",
            Role::DccAuthoriser => "DCC authoriser",
            Role::DccFinance => "DCC finance",
            Role::DccDisputes => "DCC disputes",
            Role::DccPolicy => "DCC policy",
            Role::DspOperator => "DSP operator",
            Role::CspEnquirer => "CSP enquirer",
            Role::Auditor => "Auditor",
            Role::SystemAdmin => "System admin",
        }
    }

    /// The role of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|r| r.word() == word)
    }

    /// Whether the role is held for a Party rather than for a central organisation.
    pub fn is_of_a_party(self) -> bool {
        matches!(self, Role::PartyViewer | Role::StockManager | Role::Warehouse | Role::PartyAdmin)
    }
}

/// Everything that a person can do here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// See hubs: one hub's life, search, export.
    SeeHubs,
    /// See counts of stock.
    SeeStock,
    /// See Parties' public particulars.
    SeeParties,
    /// Load or change Parties.
    ManageParties,
    /// See a Party's contacts and delivery locations; its counterparty in a transfer does too.
    SeeDirectory,
    /// Add, change and remove a Party's contacts and delivery locations.
    ManageDirectory,
    /// Load deliveries, statuses and snapshots.
    LoadInventory,
    /// See deliveries, statuses and snapshots that were loaded.
    SeeImports,
    /// Authorise a snapshot's differences.
    AuthoriseSnapshot,
    /// Put a hub into quarantine or take it out.
    Quarantine,
    /// See transfer files and their results.
    SeeTransferFiles,
    /// Upload, generate or withdraw a transfer file.
    PrepareTransferFile,
    /// Authorise or reject a transfer file.
    AuthoriseTransferFile,
    /// See hubs that were installed before their file was processed.
    SeeInstalledQueue,
    /// Settle a line of that queue.
    SettleInstalledQueue,
    /// See and download runs of ESI-013.
    SeeDeliveryReport,
    /// Run ESI-013 now.
    RunDeliveryReport,
    /// Read the journal.
    ReadJournal,
    /// See the people of an organisation.
    SeePeople,
    /// Invite and deactivate people, grant roles.
    ManagePeople,
    /// See settings.
    SeeSettings,
    /// Change settings.
    ChangeSettings,
    /// Issue API tokens for oneself.
    IssueTokens,
    /// See the board: published offers and wanted requests of all Parties, without their device IDs.
    SeeBoard,
    /// See offers and requests that are not on the board, with all that belongs to them.
    SeeOffers,
    /// Draft, submit, change and withdraw a Party's offers.
    ManageOffers,
    /// Draft, submit, change and withdraw a Party's requests.
    ManageRequests,
    /// Publish, return, suspend and resume offers.
    PublishOffers,
    /// See which stock may stand in for which, installation end dates and holidays.
    SeeStockRules,
    /// Change which stock may stand in for which, installation end dates and holidays.
    ChangeStockRules,
    /// See selection policies and what simulations of them show.
    SeePolicies,
    /// Draft, simulate and publish selection policies.
    ManagePolicies,
    /// Run selection over an offer whose time for requests has ended.
    RunSelection,
    /// See runs of selection with their records.
    SeeSelection,
    /// See transfers, with their device IDs.
    SeeTransfers,
    /// Notify a direct transfer, confirm or cancel a transfer.
    AgreeTransfers,
    /// Say what left a warehouse.
    Dispatch,
    /// Say what arrived, and which of it is accepted.
    Receive,
    /// Put a transfer on hold or take it off, reverse it, correct its lines.
    SuperviseTransfers,
    /// Read one's own notices and choose how to be told.
    ReadNotices,
    /// See e-mails that were sent or wait.
    SeeMail,
    /// Have an e-mail that was not delivered sent again.
    RetryMail,
    /// See jobs that have failed for good.
    SeeFailedJobs,
    /// Have a job that has failed for good run again.
    RerunJobs,
}

/// How far a permission reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// Not at all.
    Nothing,
    /// What belongs to the person's own Party.
    Own,
    /// Everything.
    All,
}

impl Action {
    /// All actions.
    pub const ALL: &[Action] = &[
        Action::SeeHubs,
        Action::SeeStock,
        Action::SeeParties,
        Action::ManageParties,
        Action::SeeDirectory,
        Action::ManageDirectory,
        Action::LoadInventory,
        Action::SeeImports,
        Action::AuthoriseSnapshot,
        Action::Quarantine,
        Action::SeeTransferFiles,
        Action::PrepareTransferFile,
        Action::AuthoriseTransferFile,
        Action::SeeInstalledQueue,
        Action::SettleInstalledQueue,
        Action::SeeDeliveryReport,
        Action::RunDeliveryReport,
        Action::ReadJournal,
        Action::SeePeople,
        Action::ManagePeople,
        Action::SeeSettings,
        Action::ChangeSettings,
        Action::IssueTokens,
        Action::SeeBoard,
        Action::SeeOffers,
        Action::ManageOffers,
        Action::ManageRequests,
        Action::PublishOffers,
        Action::SeeStockRules,
        Action::ChangeStockRules,
        Action::SeePolicies,
        Action::ManagePolicies,
        Action::RunSelection,
        Action::SeeSelection,
        Action::SeeTransfers,
        Action::AgreeTransfers,
        Action::Dispatch,
        Action::Receive,
        Action::SuperviseTransfers,
        Action::ReadNotices,
        Action::SeeMail,
        Action::RetryMail,
        Action::SeeFailedJobs,
        Action::RerunJobs,
    ];

    /// Whether it only reads. A read-only API token may do no other.
    pub fn only_reads(self) -> bool {
        matches!(
            self,
            Action::SeeHubs
                | Action::SeeStock
                | Action::SeeParties
                | Action::SeeDirectory
                | Action::SeeImports
                | Action::SeeTransferFiles
                | Action::SeeInstalledQueue
                | Action::SeeDeliveryReport
                | Action::ReadJournal
                | Action::SeePeople
                | Action::SeeSettings
                | Action::SeeBoard
                | Action::SeeOffers
                | Action::SeeStockRules
                | Action::SeePolicies
                | Action::SeeSelection
                | Action::SeeTransfers
                | Action::SeeMail
                | Action::SeeFailedJobs
        )
    }
}

/// How far `role` reaches with `action`: the whole of authorisation.
pub fn reach(role: Role, action: Action) -> Reach {
    use Reach::{All, Nothing, Own};
    use Role::*;
    match action {
        Action::SeeHubs | Action::SeeStock => match role {
            PartyViewer | StockManager | Warehouse | PartyAdmin => Own,
            DccLogistics | DccAuthoriser | DccFinance | DccDisputes | DspOperator | Auditor => All,
            DccPolicy | CspEnquirer | SystemAdmin => Nothing,
        },
        Action::SeeParties => match role {
            CspEnquirer => Nothing,
            _ => All,
        },
        Action::ManageParties | Action::ChangeSettings => match role {
            SystemAdmin => All,
            _ => Nothing,
        },
        Action::SeeDirectory => match role {
            PartyViewer | StockManager | Warehouse | PartyAdmin => Own,
            DspOperator | CspEnquirer => Nothing,
            DccLogistics | DccAuthoriser | DccFinance | DccDisputes | DccPolicy | Auditor
            | SystemAdmin => All,
        },
        Action::ManageDirectory => match role {
            PartyAdmin => Own,
            DccLogistics | SystemAdmin => All,
            _ => Nothing,
        },
        Action::LoadInventory => match role {
            DspOperator => All,
            _ => Nothing,
        },
        Action::SeeImports => match role {
            DspOperator | DccLogistics | DccAuthoriser | DccFinance | Auditor | SystemAdmin => All,
            _ => Nothing,
        },
        Action::AuthoriseSnapshot => match role {
            DspOperator | DccAuthoriser => All,
            _ => Nothing,
        },
        Action::Quarantine | Action::PrepareTransferFile => match role {
            DccLogistics => All,
            _ => Nothing,
        },
        Action::SeeTransferFiles => match role {
            DccLogistics | DccAuthoriser | DccFinance | DccDisputes | DspOperator | Auditor => All,
            _ => Nothing,
        },
        Action::AuthoriseTransferFile => match role {
            DccAuthoriser => All,
            _ => Nothing,
        },
        Action::SeeInstalledQueue => match role {
            DccLogistics | DccFinance | DspOperator | Auditor => All,
            _ => Nothing,
        },
        Action::SettleInstalledQueue => match role {
            DccFinance => All,
            _ => Nothing,
        },
        Action::SeeDeliveryReport => match role {
            DccLogistics | DccFinance | DspOperator | Auditor => All,
            _ => Nothing,
        },
        Action::RunDeliveryReport => match role {
            DccFinance | DspOperator | DccLogistics => All,
            _ => Nothing,
        },
        Action::ReadJournal => match role {
            Auditor | DccLogistics => All,
            _ => Nothing,
        },
        Action::SeePeople => match role {
            PartyAdmin => Own,
            SystemAdmin | Auditor => All,
            _ => Nothing,
        },
        Action::ManagePeople => match role {
            PartyAdmin => Own,
            SystemAdmin => All,
            _ => Nothing,
        },
        Action::SeeSettings => match role {
            SystemAdmin | Auditor | DccLogistics | DspOperator => All,
            _ => Nothing,
        },
        Action::IssueTokens | Action::ReadNotices => All,
        Action::SeeBoard | Action::SeeStockRules | Action::SeePolicies => match role {
            CspEnquirer | DspOperator | SystemAdmin => Nothing,
            _ => All,
        },
        Action::SeeOffers | Action::SeeSelection => match role {
            PartyViewer | StockManager | Warehouse | PartyAdmin => Own,
            DccLogistics | DccAuthoriser | DccFinance | DccDisputes | DccPolicy | Auditor => All,
            DspOperator | CspEnquirer | SystemAdmin => Nothing,
        },
        Action::ManageOffers | Action::ManageRequests | Action::AgreeTransfers => match role {
            StockManager => Own,
            DccLogistics => All,
            _ => Nothing,
        },
        Action::Dispatch | Action::Receive => match role {
            StockManager | Warehouse => Own,
            DccLogistics => All,
            _ => Nothing,
        },
        Action::PublishOffers | Action::RunSelection | Action::SuperviseTransfers => match role {
            DccLogistics => All,
            _ => Nothing,
        },
        Action::ChangeStockRules => match role {
            DccLogistics | DccPolicy => All,
            _ => Nothing,
        },
        Action::ManagePolicies => match role {
            DccPolicy => All,
            _ => Nothing,
        },
        Action::SeeTransfers => match role {
            PartyViewer | StockManager | Warehouse | PartyAdmin => Own,
            DccLogistics | DccAuthoriser | DccFinance | DccDisputes | DspOperator | Auditor => All,
            DccPolicy | CspEnquirer | SystemAdmin => Nothing,
        },
        Action::SeeMail => match role {
            SystemAdmin | DccLogistics | Auditor => All,
            _ => Nothing,
        },
        Action::RetryMail => match role {
            SystemAdmin | DccLogistics => All,
            _ => Nothing,
        },
        Action::SeeFailedJobs => match role {
            DspOperator | DccLogistics | SystemAdmin | Auditor => All,
            _ => Nothing,
        },
        Action::RerunJobs => match role {
            DspOperator | DccLogistics => All,
            _ => Nothing,
        },
    }
}

/// For whom a person acts: the DCC and the other central bodies, or one Party.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Organisation {
    /// The DCC, the DSP, a CSP, the auditor, the operator of the system.
    Centre,
    /// One Party.
    Party(PartyId),
}

impl Organisation {
    /// As the database keeps it: 0 for the centre.
    pub fn number(self) -> i64 {
        match self {
            Organisation::Centre => 0,
            Organisation::Party(id) => id.0,
        }
    }

    /// The other way round.
    pub fn from_number(number: i64) -> Self {
        if number == 0 { Organisation::Centre } else { Organisation::Party(PartyId(number)) }
    }
}

/// A person who acts, for one organisation, with the roles held there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Who.
    pub user: UserId,
    /// The person's name, for pages.
    pub name: String,
    /// The person's e-mail address.
    pub email: String,
    /// For whom.
    pub organisation: Organisation,
    /// As what.
    pub roles: Vec<Role>,
    /// Whether the person came with a token that only reads.
    pub only_reads: bool,
    /// The Party that the DCC acts for, where it does.
    pub acting_for: Option<PartyId>,
}

impl Actor {
    /// Who runs the command line beside the database: may read all, and is nobody in particular.
    pub fn local_operator() -> Actor {
        Actor {
            user: UserId(0),
            name: "Local operator".into(),
            email: String::new(),
            organisation: Organisation::Centre,
            roles: vec![Role::Auditor, Role::SystemAdmin],
            only_reads: true,
            acting_for: None,
        }
    }

    /// The furthest that this person reaches with `action`.
    pub fn reach(&self, action: Action) -> Reach {
        if self.only_reads && !action.only_reads() {
            return Reach::Nothing;
        }
        self.roles.iter().map(|role| reach(*role, action)).max().unwrap_or(Reach::Nothing)
    }

    /// Refuses unless the person may do `action` at least within the own Party.
    ///
    /// The answer says how far it goes: `Own` must then be held to [`Actor::party`].
    pub fn must(&self, action: Action) -> Result<Reach, Refusal> {
        let allows = |role: &Role| reach(*role, action) != Reach::Nothing;
        let text = match self.reach(action) {
            Reach::Nothing if self.roles.iter().any(allows) => {
                "This token only reads. Issue one that may write."
            }
            Reach::Nothing => {
                "Your role does not allow this. Ask your administrator if you need it."
            }
            reach => return Ok(reach),
        };
        Err(Refusal::new(RefusalKind::NotAllowed, text))
    }

    /// The Party that the person belongs to, if it is one.
    pub fn party(&self) -> Option<PartyId> {
        match self.organisation {
            Organisation::Centre => None,
            Organisation::Party(id) => Some(id),
        }
    }

    /// The Parties whose things this person may see with `action`: all, one, or a refusal.
    pub fn sight(&self, action: Action) -> Result<Sight, Refusal> {
        match (self.must(action)?, self.party()) {
            (Reach::All, _) => Ok(Sight::Everything),
            (_, Some(party)) => Ok(Sight::Party(party)),
            (_, None) => Err(Refusal::not_found("page")),
        }
    }
}

/// What a person sees of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// All of it.
    Everything,
    /// What this Party has.
    Party(PartyId),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_role_both_prepares_and_authorises() {
        for role in Role::ALL {
            let both = [Action::PrepareTransferFile, Action::AuthoriseTransferFile]
                .iter()
                .all(|a| reach(*role, *a) != Reach::Nothing);
            assert!(!both, "{}", role.word());
        }
    }

    #[test]
    fn an_auditor_changes_nothing() {
        let own = [Action::IssueTokens, Action::ReadNotices];
        for action in Action::ALL.iter().filter(|a| !a.only_reads() && !own.contains(a)) {
            assert_eq!(reach(Role::Auditor, *action), Reach::Nothing, "{action:?}");
        }
    }

    #[test]
    fn a_token_that_only_reads_is_told_apart_from_a_role_that_may_not() {
        let told = |role: Role| {
            let reader = Actor { roles: vec![role], only_reads: true, ..Actor::local_operator() };
            reader.must(Action::PrepareTransferFile).unwrap_err().message
        };
        assert!(told(Role::DccLogistics).starts_with("This token only reads."));
        assert!(told(Role::Auditor).starts_with("Your role does not allow this."));
    }

    #[test]
    fn a_party_never_reaches_beyond_its_own_things() {
        for role in Role::ALL.iter().filter(|r| r.is_of_a_party()) {
            for action in Action::ALL {
                let shared = [
                    Action::SeeParties,
                    Action::IssueTokens,
                    Action::SeeBoard,
                    Action::SeeStockRules,
                    Action::SeePolicies,
                    Action::ReadNotices,
                ];
                let shared = shared.contains(action);
                assert!(shared || reach(*role, *action) != Reach::All, "{role:?} {action:?}");
            }
        }
    }
}
