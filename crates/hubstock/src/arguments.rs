//! The words of the command line.

mod directory;
mod excess;
mod import;
mod party;
mod people;
mod transfer_list;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use directory::{PartyContact, PartyLocation};
pub use excess::{Excess, SavedFilter};
pub use import::{Import, ImportFile, ImportWhat, Snapshot};
pub use party::{Party, PartyChange};
pub use people::{Links, RoleGiven, User};
pub use transfer_list::{SideList, TransferList};

/// Stock of Communications Hubs, and its transfer between Parties.
#[derive(Debug, Parser)]
#[command(name = "hubstock", version, about, max_term_width = 100)]
pub struct Arguments {
    /// The database: an SQLite file, or postgres://USER@HOST/NAME
    #[arg(long, global = true, env = "HUBSTOCK_DATABASE", value_name = "URL")]
    pub database: Option<String>,

    /// The folder of reports, the same for every process over a database; `reports` without it
    #[arg(long, global = true, env = "HUBSTOCK_REPORTS", value_name = "FOLDER")]
    pub reports: Option<PathBuf>,

    /// Print JSON instead of text
    #[arg(long, global = true)]
    pub json: bool,

    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Starts everything on a database of its own with a living, invented world in it
    Demo {
        /// The address to listen on
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8140")]
        listen: SocketAddr,
        /// Builds the world in --database and exits
        #[arg(long)]
        prepare: bool,
    },
    /// Serves the portal and the API, and does the jobs
    Serve(Serve),
    /// Brings the database's tables to this program's version
    Migrate,
    /// People who can sign in
    #[command(subcommand)]
    User(User),
    /// Parties
    #[command(subcommand)]
    Party(Party),
    /// Files that bring Parties, deliveries, statuses and snapshots in
    #[command(subcommand)]
    Import(Import),
    /// Writes an empty file to fill in
    Template {
        /// Which
        #[arg(value_enum)]
        name: TemplateName,
        /// The format; XLSX cells are text, so that a spreadsheet changes no ID
        #[arg(long, value_enum, default_value = "csv")]
        format: TemplateFormat,
        /// The file to write; standard output without it
        #[arg(long, value_name = "OUT")]
        out: Option<PathBuf>,
    },
    /// Stock on its way from one Party to another
    #[command(subcommand)]
    Transfer(Transfer),
    /// The lists of a transfer before they are declared
    #[command(subcommand)]
    TransferList(TransferList),
    /// CH Stock Transfer Files
    #[command(subcommand)]
    TransferFile(TransferFile),
    /// Hubs installed before their transfer file was processed
    #[command(subcommand)]
    InstalledBefore(InstalledBefore),
    /// Authorises or rejects the differences that a snapshot showed
    #[command(subcommand)]
    Snapshot(Snapshot),
    /// Offers of stock, and the board
    #[command(subcommand)]
    Offer(Offer),
    /// Requests for stock, for an offer or wanted
    #[command(subcommand)]
    Request(Request),
    /// A Party's own stock by age and location, and offers of it
    #[command(subcommand)]
    Excess(Excess),
    /// A person's saved filters of the board
    #[command(subcommand)]
    SavedFilter(SavedFilter),
    /// Which stock may stand in for which, and installation end dates
    #[command(subcommand)]
    StockRule(StockRule),
    /// Bank holidays of England and Wales
    #[command(subcommand)]
    Holiday(Holiday),
    /// Reports
    #[command(subcommand)]
    Report(Report),
    /// One hub's life, by any form of its CHF or GPF ID
    Hub {
        /// The ID, as on the label or from a file
        id: String,
    },
    /// Who was responsible for a hub, and since when: the sender until the receiver accepted
    Responsibility {
        /// The hub
        id: String,
        /// Only at this instant, such as 2026-11-23T18:00:00Z
        #[arg(long, value_name = "INSTANT")]
        at: Option<jiff::Timestamp>,
    },
    /// Hubs by pallet, consignment, Party, model or status, as a table
    Hubs(Hubs),
    /// Counts of stock by Party, model, region and status
    Stock(StockSlice),
    /// Puts a hub into quarantine, or takes it out
    Quarantine {
        /// The hub
        id: String,
        /// Takes it out instead
        #[arg(long)]
        release: bool,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        who: Who,
    },
    /// Versions of the selection policy
    #[command(subcommand)]
    Policy(Policy),
    /// Runs of selection over offers, and their published records
    #[command(subcommand)]
    Selection(Selection),
    /// Shows or changes settings
    #[command(subcommand)]
    Setting(Setting),
    /// The journal, newest first
    Journal(Journal),
    /// What a person was told, and how they want to be told
    #[command(subcommand)]
    Notice(Notice),
    /// E-mails that were sent or wait
    #[command(subcommand)]
    Mail(Mail),
    /// Jobs that have failed for good
    #[command(subcommand)]
    Job(Job),
    /// Checks the journal's chain and that the tables are what the journal says
    #[command(args_conflicts_with_subcommands = true)]
    Verify {
        #[command(subcommand)]
        what: Option<Verify>,
        /// An entry that was noted earlier, its number and its hash, as `--json` prints the last:
        /// shows that nothing was cut off after it
        #[arg(long, value_name = "SEQ:HASH")]
        head: Option<String>,
    },
    /// Copies the database, while it is used, into a file
    Backup {
        /// The file to write
        out: PathBuf,
    },
    /// Fills an empty database from a backup
    Restore {
        /// The backup
        from: PathBuf,
    },
}

impl Command {
    /// Whether it stays and serves rather than does one thing and ends.
    pub fn serves(&self) -> bool {
        matches!(self, Command::Serve(_) | Command::Demo { prepare: false, .. })
    }
}

/// Which entries of the journal.
#[derive(Debug, Args)]
pub struct Journal {
    /// Only about this, such as ctf-000042
    #[arg(long, value_name = "REFERENCE")]
    pub subject: Option<String>,
    /// Only of this kind, such as TransferFileApplied
    #[arg(long)]
    pub kind: Option<String>,
    /// Only by this person
    #[arg(long, value_name = "EMAIL")]
    pub by: Option<String>,
    /// How many entries
    #[arg(long, default_value_t = 50)]
    pub most: i64,
}

/// What else can be verified, without a database.
#[derive(Debug, Subcommand)]
pub enum Verify {
    /// Works out again who gets what from the published record of a run of selection.
    ///
    /// Exit codes: 0 the result recomputes, 1 it does not, 2 the file is no such record.
    Allocation {
        /// The record, as `hubstock selection export` writes it
        file: PathBuf,
    },
}

/// How to serve.
#[derive(Debug, Args)]
pub struct Serve {
    /// The address to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8140")]
    pub listen: SocketAddr,
    /// The address that people use, such as https://hubstock.example
    #[arg(long, env = "HUBSTOCK_PUBLIC_URL", value_name = "URL", value_parser = crate::serve::public_url)]
    pub public_url: Option<String>,
    /// The mail server, such as smtp://USER:PASSWORD@HOST:587; without it e-mails wait
    #[arg(long, env = "HUBSTOCK_SMTP", value_name = "URL", hide_env_values = true)]
    pub smtp: Option<String>,
    /// The sender of e-mails, such as "Hubstock <hubstock@example.com>"
    #[arg(long, env = "HUBSTOCK_MAIL_FROM", value_name = "ADDRESS")]
    pub mail_from: Option<String>,
    /// Serves only; leaves the jobs to other processes
    #[arg(long)]
    pub no_jobs: bool,
}

/// In whose name.
#[derive(Debug, Args)]
pub struct Who {
    /// The person who acts, by e-mail address
    #[arg(id = "as", long = "as", value_name = "EMAIL")]
    pub email: String,
}

/// Transfers.
#[derive(Debug, Subcommand)]
pub enum Transfer {
    /// Transfers, newest first
    List(Transfers),
    /// Where a transfer stands, what happens next and whose step it is
    Show {
        /// Its reference
        reference: String,
    },
    /// The hubs of a transfer, and what became of each
    Lines {
        /// Its reference
        reference: String,
        /// Only those in this state: dispatched, ready, waiting, moved or dropped
        #[arg(long, value_name = "STATE")]
        state: Option<String>,
        /// Only those with this outcome, such as Missing
        #[arg(long, value_name = "OUTCOME")]
        outcome: Option<String>,
        /// Writes them here instead, as CSV or, by the name, XLSX
        #[arg(long, value_name = "OUT")]
        out: Option<PathBuf>,
    },
    /// The manifest: what the sender dispatched, or its list so far
    Manifest {
        /// Its reference
        reference: String,
        /// Writes it here instead, as CSV or, by the name, XLSX
        #[arg(long, value_name = "OUT")]
        out: Option<PathBuf>,
    },
    /// The receipt: what the receiver received, or a blank one to fill in
    Receipt {
        /// Its reference
        reference: String,
        /// Writes it here instead, as CSV or, by the name, XLSX
        #[arg(long, value_name = "OUT")]
        out: Option<PathBuf>,
    },
    /// The delivery note or the acceptance certificate, as PDF
    Document {
        /// Its reference
        reference: String,
        /// Which
        #[arg(long, value_enum)]
        kind: DocumentName,
        /// The file to write; standard output without it
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// What happened to a transfer, newest first
    History {
        /// Its reference
        reference: String,
    },
    /// Notifies a transfer that two Parties agreed between themselves; it skips selection
    Notify(Box<Notify>),
    /// Confirms one side
    Confirm {
        /// Its reference
        reference: String,
        /// The side, sender or receiver, where the DCC confirms for a Party
        #[arg(long, value_name = "SIDE")]
        side: Option<String>,
        #[command(flatten)]
        who: Who,
    },
    /// Calls a transfer off before anything was dispatched
    Cancel {
        /// Its reference
        reference: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        who: Who,
    },
    /// Declares what left the sender's warehouse
    ///
    /// Exit code 1, and nothing dispatched, when lines of the manifest are not right.
    Dispatch(Box<DispatchGiven>),
    /// Declares that a consignment has arrived
    Arrive {
        /// Its reference
        reference: String,
        /// The day; today if it is not given
        #[arg(long, value_name = "DATE")]
        on: Option<String>,
        /// good, damaged, seals-broken or incomplete
        #[arg(long, default_value = "good")]
        condition: String,
        /// What there is to say about that
        #[arg(long, value_name = "TEXT", default_value = "")]
        note: String,
        #[command(flatten)]
        who: Who,
    },
    /// Declares what was received: the receipt, or everything that was dispatched
    ///
    /// Exit code 1 when lines wait for a correction, or when the receipt has lines that are no IDs.
    Receive {
        /// Its reference
        reference: String,
        /// The receipt, CSV or XLSX; without it everything that was dispatched is accepted
        file: Option<PathBuf>,
        #[command(flatten)]
        who: Who,
    },
    /// Corrects lines that wait
    Correct {
        /// Its reference
        reference: String,
        /// The hubs: IDs, one a line, or a table of lines
        lines: PathBuf,
        /// found, miscounted, take-as-it-is, check-again or give-back
        #[arg(long, value_name = "CORRECTION")]
        with: String,
        /// Why
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
        #[command(flatten)]
        who: Who,
    },
    /// Prepares the transfer file of the lines that are ready; another person authorises it
    Prepare {
        /// Its reference
        reference: String,
        #[command(flatten)]
        who: Who,
    },
    /// Stops a transfer
    Hold {
        /// Its reference
        reference: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        who: Who,
    },
    /// Lets a transfer go on where it was stopped
    Release {
        /// Its reference
        reference: String,
        #[command(flatten)]
        who: Who,
    },
    /// Opens a new, linked transfer that takes back what this one moved
    Reverse {
        /// Its reference
        reference: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        who: Who,
    },
}

/// Which transfers.
#[derive(Debug, Args)]
pub struct Transfers {
    /// Only those in this state, such as Dispatched
    #[arg(long, value_name = "STATE")]
    pub state: Option<String>,
    /// Only those of this kind: selected, direct or reversal
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
    /// Only those of this Party, on either side
    #[arg(long, value_name = "SIGNIFIER")]
    pub party: Option<String>,
    /// Only those of this offer
    #[arg(long, value_name = "REFERENCE")]
    pub offer: Option<String>,
    /// Only those with lines that wait for a correction
    #[arg(long)]
    pub waiting: bool,
}

/// A document of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DocumentName {
    /// What goes with the consignment
    DeliveryNote,
    /// Who accepted what, and when
    AcceptanceCertificate,
}

/// What two Parties agreed between themselves.
#[derive(Debug, Args)]
pub struct Notify {
    /// The sender's service user reference
    #[arg(long, value_name = "REFERENCE")]
    pub from: String,
    /// The receiver's service user reference
    #[arg(long, value_name = "REFERENCE")]
    pub to: String,
    /// The side, sender or receiver, for which the DCC notifies it
    #[arg(long, value_name = "SIDE")]
    pub side: Option<String>,
    /// Manufacturer, as delivered
    #[arg(long)]
    pub manufacturer: String,
    /// Model, as delivered
    #[arg(long)]
    pub model: String,
    /// HAN variant
    #[arg(long)]
    pub han: String,
    /// WAN variant
    #[arg(long)]
    pub wan: String,
    /// CSP region
    #[arg(long)]
    pub region: String,
    /// An agreed firmware version; any if none is given
    #[arg(long, value_name = "VERSION")]
    pub firmware: Vec<String>,
    /// How many hubs
    #[arg(long)]
    pub quantity: i64,
    /// What there is to say about it
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub notes: String,
    #[command(flatten)]
    pub who: Who,
}

/// What a sender declares.
#[derive(Debug, Args)]
pub struct DispatchGiven {
    /// Its reference
    pub reference: String,
    /// The manifest, CSV or XLSX, in the place of the list that was begun
    pub file: Option<PathBuf>,
    /// Dispatches hubs that the offer lists, in the place of the list that was begun
    #[arg(long, conflicts_with = "file")]
    pub offered: bool,
    /// The day on which it left; today if it is not given
    #[arg(long, value_name = "DATE")]
    pub on: Option<String>,
    /// Who carries it
    #[arg(long, value_name = "NAME")]
    pub carrier: String,
    /// The number of the consignment note
    #[arg(long, value_name = "NUMBER")]
    pub consignment_note: String,
    /// The seals
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub seals: String,
    /// Fewer hubs than agreed are meant
    #[arg(long)]
    pub fewer: bool,
    /// Leaves lines out that are not right
    #[arg(long)]
    pub leave_out: bool,
    #[command(flatten)]
    pub who: Who,
}

/// Transfer files.
#[derive(Debug, Subcommand)]
pub enum TransferFile {
    /// Checks a file; writes nothing to the inventory
    Check {
        /// The file, CSV or XLSX
        file: PathBuf,
        /// As if one rejected line held back all
        #[arg(long)]
        all_or_nothing: bool,
        /// Writes the answer to each line here
        #[arg(long, value_name = "OUT")]
        response: Option<PathBuf>,
    },
    /// Submits a file, waits until it is validated, and prints its reference
    Submit {
        /// The file, CSV or XLSX
        file: PathBuf,
        /// One rejected line holds back all
        #[arg(long)]
        all_or_nothing: bool,
        #[command(flatten)]
        who: Who,
    },
    /// Makes a controlled file from a list of hubs and a new Party
    Generate {
        /// The list of CHF IDs, one a line, in any spelling
        ids: PathBuf,
        /// The new Party's service user reference
        #[arg(long, value_name = "REFERENCE")]
        to: String,
        /// The service user reference of the Party that the hubs are with, if it is one
        #[arg(long, value_name = "REFERENCE")]
        from: Option<String>,
        /// The transfer's or SoLR event's reference
        #[arg(long, value_name = "TEXT")]
        reference: String,
        /// The folder to write the file to
        #[arg(long, value_name = "FOLDER", default_value = ".")]
        out: PathBuf,
        #[command(flatten)]
        who: Who,
    },
    /// Authorises a validated file and waits until it is applied
    Authorise {
        /// Its reference
        reference: String,
        #[command(flatten)]
        who: Who,
    },
    /// Rejects a validated file
    Reject {
        /// Its reference
        reference: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        who: Who,
    },
    /// Withdraws one's own file before it is authorised
    Withdraw {
        /// Its reference
        reference: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        who: Who,
    },
    /// Where a file stands
    Status {
        /// Its reference
        reference: String,
        /// Writes it here instead
        #[arg(long, value_name = "OUT")]
        out: Option<PathBuf>,
    },
    /// The response file
    Response {
        /// Its reference
        reference: String,
        /// Writes it here instead
        #[arg(long, value_name = "OUT")]
        out: Option<PathBuf>,
    },
    /// The rejected lines alone, ready to send again
    Errors {
        /// Its reference
        reference: String,
        /// Writes it here instead
        #[arg(long, value_name = "OUT")]
        out: Option<PathBuf>,
    },
    /// Lines with their answers
    Lines {
        /// Its reference
        reference: String,
        /// Only with this code, such as R04 or S00+W10; as often as needed
        #[arg(long, value_name = "CODE")]
        code: Vec<String>,
        /// Only those that were rejected
        #[arg(long)]
        rejected: bool,
    },
    /// The file as it was sent
    Original {
        /// Its reference
        reference: String,
        /// Writes it here instead
        #[arg(long, value_name = "OUT")]
        out: Option<PathBuf>,
    },
    /// What happened to a transfer file, newest first
    History {
        /// Its reference
        reference: String,
    },
    /// Lists transfer files, newest first
    List {
        /// Only those in this state, such as Validated
        #[arg(long, value_name = "STATE")]
        state: Option<String>,
        /// Only those whose name or reference holds this
        #[arg(long)]
        text: Option<String>,
    },
}

/// Which lines of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum InstalledShown {
    /// Those that wait
    Open,
    /// Those that Finance has settled
    Settled,
    /// All of them
    All,
}

/// The queue of hubs that were installed before their transfer file was processed.
#[derive(Debug, Subcommand)]
pub enum InstalledBefore {
    /// Lists its lines
    List {
        /// Which
        #[arg(long, value_enum, default_value = "open")]
        show: InstalledShown,
    },
    /// Settles one line
    Settle {
        /// Its number
        number: i64,
        /// What was done
        #[arg(long, value_name = "TEXT")]
        note: String,
        #[command(flatten)]
        who: Who,
    },
}

/// A table's file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Comma-separated values
    Csv,
    /// An Excel workbook
    Xlsx,
    /// Apache Parquet
    Parquet,
}

/// Reports.
#[derive(Debug, Subcommand)]
pub enum Report {
    /// ESI-013, the CH Delivery Report
    Delivery {
        /// The format
        #[arg(long, value_enum, default_value = "csv")]
        format: Format,
        /// The file to write. It is the run's own and is not kept a second time in the reports folder
        #[arg(long, value_name = "OUT")]
        out: PathBuf,
    },
    /// Lists the kept runs of ESI-013, newest first
    List,
    /// Writes the file of a kept run of ESI-013
    Download {
        /// The run's reference
        reference: String,
        /// The file to write; standard output without it
        #[arg(long, value_name = "OUT")]
        out: Option<PathBuf>,
    },
    /// Proves a kept run of ESI-013 against the journal
    Prove {
        /// The run's reference
        reference: String,
        /// Another file that is said to be the run's
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
}

/// A type of file that people fill in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TemplateName {
    /// A CH Stock Transfer File, in the minimal profile
    TransferFile,
    /// A manifest or receipt: the hubs of a transfer
    Manifest,
    /// Deliveries
    Deliveries,
    /// Status changes
    Statuses,
    /// A full snapshot
    Snapshot,
    /// Parties
    Parties,
}

/// A template's file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TemplateFormat {
    /// Comma-separated values
    Csv,
    /// An Excel workbook
    Xlsx,
}

/// A slice of the inventory.
#[derive(Debug, Args)]
pub struct Hubs {
    /// Only this one, by any form of its CHF or GPF ID
    #[arg(long)]
    pub id: Option<String>,
    /// Only on this pallet
    #[arg(long)]
    pub pallet: Option<String>,
    /// Only in this box
    #[arg(id = "box", long = "box", value_name = "BOX")]
    pub box_id: Option<String>,
    /// Only of this consignment
    #[arg(long)]
    pub consignment: Option<String>,
    /// Only of this order
    #[arg(long)]
    pub order: Option<String>,
    /// Only this Party's, by its signifier
    #[arg(long, value_name = "SIGNIFIER")]
    pub party: Option<String>,
    /// Only by this manufacturer
    #[arg(long)]
    pub manufacturer: Option<String>,
    /// Only of this model
    #[arg(long)]
    pub model: Option<String>,
    /// Only with this firmware version
    #[arg(long)]
    pub firmware: Option<String>,
    /// Only in this region
    #[arg(long)]
    pub region: Option<String>,
    /// Only in this status
    #[arg(long)]
    pub status: Option<String>,
    /// The format
    #[arg(long, value_enum, default_value = "csv")]
    pub format: Format,
    /// The file to write; standard output without it
    #[arg(long, value_name = "OUT")]
    pub out: Option<PathBuf>,
}

/// Which counts of stock.
#[derive(Debug, Args)]
pub struct StockSlice {
    /// Only this Party's, by its signifier
    #[arg(long, value_name = "SIGNIFIER")]
    pub party: Option<String>,
    /// Only of this model
    #[arg(long)]
    pub model: Option<String>,
    /// Only in this region
    #[arg(long)]
    pub region: Option<String>,
    /// Only in this status
    #[arg(long)]
    pub status: Option<String>,
}

/// What a version of the policy says.
#[derive(Debug, Args)]
pub struct PolicyText {
    /// Its title
    #[arg(long, value_name = "TEXT")]
    pub title: String,
    /// What it is for; a file's content with @FILE
    #[arg(long, value_name = "TEXT")]
    pub text: String,
    /// A step, in its order: first-come, pro-rata, lottery, priority-category: CATEGORIES, priority-no-allocation: DAYS, priority-needed-within: DAYS, priority-needed-by
    #[arg(long = "step", value_name = "STEP", required = true)]
    pub steps: Vec<String>,
}

/// Versions of the selection policy.
#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Lists them, newest first
    List,
    /// One version, with its rules in words
    Show {
        /// Its reference
        reference: String,
    },
    /// Drafts a version
    Draft {
        #[command(flatten)]
        says: PolicyText,
        #[command(flatten)]
        who: Who,
    },
    /// Changes a draft
    Change {
        /// Its reference
        reference: String,
        #[command(flatten)]
        says: PolicyText,
        #[command(flatten)]
        who: Who,
    },
    /// Publishes a draft; it comes into force after its notice
    Publish {
        /// Its reference
        reference: String,
        /// The reference of its approval
        #[arg(long, value_name = "TEXT")]
        approval: String,
        /// The first day on which it shall be in force, if not the earliest
        #[arg(long, value_name = "DATE")]
        from: Option<String>,
        #[command(flatten)]
        who: Who,
    },
    /// Withdraws a version that is not in force yet
    Withdraw {
        /// Its reference
        reference: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        who: Who,
    },
}

/// Selection.
#[derive(Debug, Subcommand)]
pub enum Selection {
    /// Lists runs, newest first
    List {
        /// Only those over this offer
        #[arg(long, value_name = "OFFER")]
        offer: Option<String>,
    },
    /// One run: who got what, and why
    Show {
        /// Its reference
        run: String,
    },
    /// Offers that have closed to requests and wait for selection
    Waiting,
    /// Runs selection over an offer that has closed to requests
    Run {
        /// The offer's reference
        offer: String,
        #[command(flatten)]
        who: Who,
    },
    /// Writes the published record of a run, for hubstock verify allocation
    Export {
        /// Its reference
        run: String,
        /// The file to write; standard output without it
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// What became of each request of a run, as a table
    Explain {
        /// Its reference
        run: String,
        /// The format
        #[arg(long, value_enum, default_value = "csv")]
        format: Format,
        /// The file to write; standard output without it
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// What another policy would have given in past runs
    Simulate {
        /// A version of the policy, draft or not
        #[arg(long, value_name = "REFERENCE", conflicts_with = "steps")]
        policy: Option<String>,
        /// A step, in its order, instead of a version's
        #[arg(long = "step", value_name = "STEP", required_unless_present = "policy")]
        steps: Vec<String>,
        /// Only runs since this day
        #[arg(long, value_name = "DATE")]
        since: Option<String>,
    },
}

/// Notices.
#[derive(Debug, Subcommand)]
pub enum Notice {
    /// Lists a person's notices, newest first
    List {
        /// Only those that were not read
        #[arg(long)]
        unread: bool,
        #[command(flatten)]
        who: Who,
    },
    /// Shows a notice and marks it as read
    Read {
        /// Its reference
        reference: String,
        #[command(flatten)]
        who: Who,
    },
    /// Marks this notice and all before it as read
    ReadAll {
        /// The reference of the last one
        last: String,
        #[command(flatten)]
        who: Who,
    },
    /// How a person is told of what by e-mail
    Choices {
        #[command(flatten)]
        who: Who,
    },
    /// Chooses how a person is told of a kind of thing by e-mail
    Choose {
        /// The kind, such as transfer-file-applied
        kind: String,
        /// now, digest or off
        delivery: String,
        #[command(flatten)]
        who: Who,
    },
}

/// E-mails.
#[derive(Debug, Subcommand)]
pub enum Mail {
    /// Lists them, newest first
    List {
        /// Only in this state, such as Refused
        #[arg(long)]
        state: Option<String>,
    },
    /// Shows one with its text
    Show {
        /// Its reference
        reference: String,
    },
    /// Has one that was refused or given up sent again
    Retry {
        /// Its reference
        reference: String,
        #[command(flatten)]
        who: Who,
    },
}

/// Jobs.
#[derive(Debug, Subcommand)]
pub enum Job {
    /// Lists those that have failed for good, newest first
    List,
    /// Has one run again, here or by a server, and waits for it
    Rerun {
        /// Its reference, such as job-000042
        reference: String,
        #[command(flatten)]
        who: Who,
    },
}

/// Settings.
#[derive(Debug, Subcommand)]
pub enum Setting {
    /// Lists them with their values
    List,
    /// Changes one
    Set {
        /// Its name
        name: String,
        /// Its new value
        value: String,
        #[command(flatten)]
        who: Who,
    },
}

/// A day, such as 2026-11-23.
fn day(text: &str) -> Result<jiff::civil::Date, String> {
    text.parse().map_err(|_| "a day is like 2026-11-23".to_owned())
}

/// What stock; what is left out of a wanted request is any.
#[derive(Debug, Args)]
pub struct StockGiven {
    /// Manufacturer
    #[arg(long, value_name = "TEXT")]
    pub manufacturer: Option<String>,
    /// Model
    #[arg(long, value_name = "TEXT")]
    pub model: Option<String>,
    /// HAN variant, such as "Single Band"
    #[arg(long, value_name = "TEXT")]
    pub han_variant: Option<String>,
    /// WAN variant
    #[arg(long, value_name = "TEXT")]
    pub wan_variant: Option<String>,
    /// CSP region, such as North
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
}

/// What an offer says.
#[derive(Debug, Args)]
pub struct OfferTerms {
    #[command(flatten)]
    pub stock: StockGiven,
    /// How many hubs; a list of device IDs says it itself
    #[arg(long)]
    pub quantity: Option<i64>,
    /// A firmware version and how many hubs of it, such as 04000007=500; as often as needed
    #[arg(long, value_name = "VERSION=HUBS")]
    pub firmware: Vec<String>,
    /// The least that a request may ask for; 1 if nothing is said
    #[arg(long)]
    pub minimum_lot: Option<i64>,
    /// Only in multiples of the minimum lot
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub full_pallets: Option<bool>,
    /// A file of the device IDs, CSV or XLSX: just these hubs are offered
    #[arg(long, value_name = "FILE")]
    pub ids: Option<PathBuf>,
    /// How it is packed
    #[arg(long, value_name = "TEXT")]
    pub packaging: Option<String>,
    /// Where it is
    #[arg(long, value_name = "TEXT")]
    pub location: Option<String>,
    /// Who arranges carriage: Sender, Receiver or ToBeAgreed
    #[arg(long, value_name = "WHO")]
    pub carriage: Option<String>,
    /// Anything else
    #[arg(long, value_name = "TEXT")]
    pub notes: Option<String>,
    /// The first day; today if none is given
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub available_from: Option<jiff::civil::Date>,
    /// The last day
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub available_until: Option<jiff::civil::Date>,
    /// The last day for requests, if it is not the usual one
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub closes_on: Option<jiff::civil::Date>,
    /// The Party, where the DCC acts for one
    #[arg(long, value_name = "SIGNIFIER")]
    pub party: Option<String>,
}

/// Offers of stock.
#[derive(Debug, Subcommand)]
pub enum Offer {
    /// Drafts an offer. Exit code 1: device IDs that can't be offered are listed
    Draft {
        #[command(flatten)]
        terms: OfferTerms,
        /// Submits it at once
        #[arg(long)]
        submit: bool,
        #[command(flatten)]
        who: Who,
    },
    /// Says whether device IDs could be offered now, and changes nothing
    ///
    /// Exit code 1: device IDs that can't be offered are listed.
    Check {
        /// A file of the device IDs, CSV or XLSX
        file: PathBuf,
        /// The offer whose list they are to be, if there is one already
        #[arg(long, value_name = "REFERENCE")]
        offer: Option<String>,
        /// The Party, where the DCC acts for one
        #[arg(long, value_name = "SIGNIFIER")]
        party: Option<String>,
        #[command(flatten)]
        who: Who,
    },
    /// Changes what an offer says; what is left out stays
    Change {
        /// Its reference
        reference: String,
        #[command(flatten)]
        terms: OfferTerms,
        #[command(flatten)]
        who: Who,
    },
    /// Sends a drafted offer to the DCC; its stock is checked and reserved
    Submit {
        /// Its reference
        reference: String,
        #[command(flatten)]
        who: Who,
    },
    /// Puts a submitted offer on the board
    Publish {
        /// Its reference
        reference: String,
        #[command(flatten)]
        who: Who,
    },
    /// Sends a submitted offer back to its Party
    Return {
        /// Its reference
        reference: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        who: Who,
    },
    /// Takes an offer off the board for a time
    Suspend {
        /// Its reference
        reference: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        who: Who,
    },
    /// Puts a suspended offer back on the board
    Resume {
        /// Its reference
        reference: String,
        #[command(flatten)]
        who: Who,
    },
    /// Takes an offer back before any of it was allocated
    Withdraw {
        /// Its reference
        reference: String,
        /// Why
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
        #[command(flatten)]
        who: Who,
    },
    /// Ends an offer of which some was allocated
    Close {
        /// Its reference
        reference: String,
        /// Why
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
        #[command(flatten)]
        who: Who,
    },
    /// One offer
    Show {
        /// Its reference
        reference: String,
    },
    /// What happened to an offer, newest first
    History {
        /// Its reference
        reference: String,
    },
    /// The device IDs that an offer lists. Exit code 1: some can no longer be offered
    Ids {
        /// Its reference
        reference: String,
    },
    /// All offers, newest first
    List {
        /// Only those in this state, such as Published
        #[arg(long)]
        state: Option<String>,
    },
    /// What is on the board, or the board as a file
    Board {
        /// As in the board's address, such as "region=North&quantity=896"
        #[arg(long, value_name = "FILTER")]
        filter: Option<String>,
        /// Writes the board here, CSV or XLSX by its name
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

/// What a request asks for.
#[derive(Debug, Args)]
pub struct AskedGiven {
    /// How many hubs
    #[arg(long)]
    pub quantity: i64,
    /// The least that is of use
    #[arg(long, default_value_t = 1)]
    pub minimum: i64,
    /// By when
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub needed_by: Option<jiff::civil::Date>,
    /// Where to
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub location: String,
    /// Anything else
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub notes: String,
}

/// What of a request is to change.
#[derive(Debug, Args)]
pub struct AskedChange {
    /// How many hubs
    #[arg(long)]
    pub quantity: Option<i64>,
    /// The least that is of use
    #[arg(long)]
    pub minimum: Option<i64>,
    /// By when
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub needed_by: Option<jiff::civil::Date>,
    /// Where to
    #[arg(long, value_name = "TEXT")]
    pub location: Option<String>,
    /// Anything else
    #[arg(long, value_name = "TEXT")]
    pub notes: Option<String>,
}

/// Requests for stock.
#[derive(Debug, Subcommand)]
pub enum Request {
    /// Asks for an offer, or for whatever suits, and submits it
    Make {
        /// The offer; without one the request is wanted
        #[arg(long, value_name = "REFERENCE")]
        offer: Option<String>,
        #[command(flatten)]
        stock: StockGiven,
        #[command(flatten)]
        asked: AskedGiven,
        /// The Party, where the DCC acts for one
        #[arg(long, value_name = "SIGNIFIER")]
        party: Option<String>,
        /// Keeps it as a draft
        #[arg(long)]
        draft: bool,
        #[command(flatten)]
        who: Who,
    },
    /// Changes what a draft or a wanted request asks for; what is left out stays
    Change {
        /// Its reference
        reference: String,
        #[command(flatten)]
        stock: StockGiven,
        #[command(flatten)]
        asked: AskedChange,
        #[command(flatten)]
        who: Who,
    },
    /// Submits a drafted request
    Submit {
        /// Its reference
        reference: String,
        #[command(flatten)]
        who: Who,
    },
    /// Takes a request back
    Withdraw {
        /// Its reference
        reference: String,
        /// Why
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
        #[command(flatten)]
        who: Who,
    },
    /// Turns a wanted request into a request for an offer
    Turn {
        /// Its reference
        reference: String,
        /// The offer
        #[arg(long, value_name = "REFERENCE")]
        offer: String,
        /// How many hubs; the rest stays wanted
        #[arg(long)]
        quantity: i64,
        /// The least that is of use
        #[arg(long, default_value_t = 1)]
        minimum: i64,
        #[command(flatten)]
        who: Who,
    },
    /// One request
    Show {
        /// Its reference
        reference: String,
    },
    /// What happened to a request, newest first
    History {
        /// Its reference
        reference: String,
    },
    /// Wanted requests on the board, newest first
    Wanted,
    /// All requests, newest first
    List {
        /// Only those for this offer
        #[arg(long, value_name = "REFERENCE")]
        offer: Option<String>,
        /// Only those in this state, such as Submitted
        #[arg(long)]
        state: Option<String>,
    },
}

/// Which of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RuleTableWord {
    /// Which stock may stand in for which
    Interchangeability,
    /// Installation end dates by CHTS version
    InstallationEnds,
}

/// Which stock may stand in for which, and installation end dates.
#[derive(Debug, Subcommand)]
pub enum StockRule {
    /// Writes one of the tables
    Export {
        /// Which
        #[arg(value_enum)]
        table: RuleTableWord,
        /// The file, CSV or XLSX by its name; standard output without it
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Makes one of the tables what a file says
    Load {
        /// Which
        #[arg(value_enum)]
        table: RuleTableWord,
        /// The file, CSV or XLSX
        file: PathBuf,
        #[command(flatten)]
        who: Who,
    },
}

/// Bank holidays of England and Wales.
#[derive(Debug, Subcommand)]
pub enum Holiday {
    /// Lists them
    List,
    /// Puts one in the table, or renames it
    Set {
        /// The day
        #[arg(value_parser = day)]
        day: jiff::civil::Date,
        /// Its name
        name: String,
        #[command(flatten)]
        who: Who,
    },
    /// Takes one out of the table
    Remove {
        /// The day
        #[arg(value_parser = day)]
        day: jiff::civil::Date,
        #[command(flatten)]
        who: Who,
    },
    /// Writes the table
    Export {
        /// The file, CSV or XLSX by its name; standard output without it
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Makes the table what a file says
    Load {
        /// The file, CSV or XLSX
        file: PathBuf,
        #[command(flatten)]
        who: Who,
    },
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use clap::{Command, CommandFactory};

    use super::Arguments;

    #[test]
    fn the_words_do_not_contradict_each_other() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_reference_golden_is_drawn_from_the_words() {
        let mut command = Arguments::command().term_width(96);
        command.build();
        let mut text = String::from(
            "# Command line\n\nDrawn from the program by a test. Exit codes: 0 all well, 1 done but some lines were rejected, \
             2 refused or misused, 3 broken.\n",
        );
        describe(&mut command, &mut text);
        testkit::golden::check("docs/reference/command-line.md", &text);
    }

    fn describe(command: &mut Command, text: &mut String) {
        let name = command.get_bin_name().unwrap_or("hubstock").to_owned();
        // What every command takes is said once.
        let is_inner = name != "hubstock";
        let mut shown = command.clone().mut_args(|arg| {
            let is_said = arg.is_global_set() || arg.get_id() == "help";
            if is_inner && is_said { arg.hide(true) } else { arg }
        });
        let help = shown.render_long_help().to_string();
        let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
        writeln!(text, "\n## `{name}`\n\n```text\n{}\n```", lines.join("\n").trim_end()).unwrap();
        for inner in command.get_subcommands_mut().filter(|c| c.get_name() != "help") {
            describe(inner, text);
        }
    }
}
