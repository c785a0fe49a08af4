//! `hubstock verify`: is everything as the journal says?
//!
//! First the two sources are checked: the journal's chain, and each stored file against its hash.
//! Then the tables are built again from them in a scratch database and compared with the live ones,
//! then each hub's Parties must follow each other without a gap,
//! and the kept counts are compared with a scan. All of it is about one instant of the database.

use std::fmt;

use domain::DeviceId;
use domain::ids::FileId;
use domain::journal::{EntryContent, GENESIS, entry_hash};
use sha2::{Digest, Sha256};
use store::compare::{Compared, Difference, TABLES};
use store::journal::RawEntry;
use store::{Db, Tx};

use super::{Event, redo::redo};
use crate::files::hex;
use crate::{App, Error, Result};

/// Entries or files that are read at once.
const PAGE: i64 = 256;

/// What is being done, for whoever waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The journal's chain.
    Chain,
    /// The stored files.
    Files,
    /// Doing each entry again.
    Rebuild,
    /// One table, live and rebuilt.
    Compare(&'static str),
    /// Each hub's life: one responsible Party after the other.
    Lives,
    /// The kept counts.
    Counts,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Chain => f.write_str("checking the journal's chain"),
            Step::Files => f.write_str("checking the stored files"),
            Step::Rebuild => f.write_str("doing every entry again"),
            Step::Compare(table) => write!(f, "comparing {table}"),
            Step::Lives => f.write_str("checking that one Party follows the other for each hub"),
            Step::Counts => f.write_str("comparing the kept counts with a scan"),
        }
    }
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The first entry at which the chain breaks.
    Chain {
        /// Its place.
        seq: i64,
        /// How.
        what: String,
    },
    /// A stored file whose bytes are not those of its hash.
    File {
        /// Which.
        file: FileId,
        /// How.
        what: String,
    },
    /// An entry that could not be done again.
    NotRedone {
        /// Its place.
        seq: i64,
        /// Its kind.
        kind: String,
        /// Why.
        what: String,
    },
    /// The first difference between a live table and the rebuilt one.
    Table(Difference),
    /// A hub whose responsible Parties do not follow each other.
    Life {
        /// Which.
        hub: DeviceId,
        /// How.
        what: &'static str,
    },
    /// The first difference between a kept count and a scan.
    Count(Difference),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Chain { seq, what } => write!(f, "journal entry {seq}: {what}"),
            Problem::File { file, what } => write!(f, "stored file {file}: {what}"),
            Problem::NotRedone { seq, kind, what } => {
                write!(f, "journal entry {seq} ({kind}) cannot be done again: {what}")
            }
            Problem::Table(d) => {
                write!(f, "table {}, {}", d.table, d.key)?;
                if let Some(column) = d.column {
                    write!(f, ", column {column}")?;
                }
                write!(f, ": the database has {}, the journal says {}", d.live, d.expected)
            }
            Problem::Life { hub, what } => write!(f, "hub {hub}: {what}"),
            Problem::Count(d) => {
                write!(f, "kept count {}, {}", d.table, d.key)?;
                write!(f, ": the database has {}, a scan says {}", d.live, d.expected)
            }
        }
    }
}

/// What verifying came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Entries whose chain holds.
    pub entries: u64,
    /// The hash of the last of them, which stands for the whole journal.
    pub head: [u8; 32],
    /// Stored files that are as their hashes say.
    pub files: u64,
    /// Tables that were rebuilt and are the same, with their rows; none when nothing was rebuilt
    /// because the sources are damaged.
    pub tables: Vec<(&'static str, u64)>,
    /// All that is wrong, in the order in which it was found.
    pub problems: Vec<Problem>,
}

impl Verdict {
    /// Whether everything is as the journal says.
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "journal entries in an unbroken chain: {}", self.entries)?;
        writeln!(f, "hash of the last one: {}", hex(&self.head))?;
        writeln!(f, "stored files as their hashes say: {}", self.files)?;
        let rows: u64 = self.tables.iter().map(|(_, rows)| rows).sum();
        let tables = self.tables.len();
        writeln!(f, "tables the same when rebuilt from these: {tables}, with {rows} rows")?;
        for problem in &self.problems {
            writeln!(f, "WRONG: {problem}")?;
        }
        let verdict = if self.is_sound() {
            "All is as the journal says."
        } else {
            "This database is not what its journal says."
        };
        f.write_str(verdict)
    }
}

/// An entry that somebody noted: its place and its hash.
pub type Noted = (i64, [u8; 32]);

/// Is everything as the journal says, and does that still hold an entry that was `noted`?
/// `progress` is told what is being done and how far it is.
pub fn verify(
    app: &App,
    noted: Option<Noted>,
    progress: &mut dyn FnMut(Step, u64),
) -> Result<Verdict> {
    let mut live = app.db.read()?;
    live.takes_long();
    let mut verdict = Verdict::default();
    check_chain(&mut live, noted, &mut verdict, progress)?;
    check_files(&mut live, &mut verdict, progress)?;
    if verdict.is_sound() {
        check_tables(app, &mut live, &mut verdict, progress)?;
    }
    progress(Step::Lives, 0);
    let broken = store::compare::lives(&mut live)?;
    verdict.problems.extend(broken.map(|(hub, what)| Problem::Life { hub, what }));
    progress(Step::Counts, 0);
    let off = store::compare::counts(&mut live)?.into_iter().filter_map(|kept| kept.difference);
    verdict.problems.extend(off.map(Problem::Count));
    Ok(verdict)
}

/// The chain alone, as after a restore.
pub fn verify_chain(db: &Db) -> Result<Verdict> {
    let mut verdict = Verdict::default();
    check_chain(&mut db.read()?, None, &mut verdict, &mut |_, _| ())?;
    Ok(verdict)
}

fn check_chain(
    live: &mut Tx,
    noted: Option<Noted>,
    verdict: &mut Verdict,
    progress: &mut dyn FnMut(Step, u64),
) -> Result<()> {
    let (mut after, mut head) = (0, GENESIS);
    loop {
        progress(Step::Chain, verdict.entries);
        let entries = store::journal::raw_following(live, after, PAGE)?;
        if entries.is_empty() {
            verdict.head = head;
            if let Some((seq, _)) = noted.filter(|(seq, _)| *seq > after) {
                let what = "it was noted, and is no longer there".to_owned();
                verdict.problems.push(Problem::Chain { seq, what });
            }
            return Ok(());
        }
        for (seq, entry) in entries {
            match link(after + 1, &head, seq, entry) {
                Ok(hash) => (after, head) = (seq, hash),
                Err(what) => {
                    verdict.head = head;
                    verdict.problems.push(Problem::Chain { seq: after + 1, what });
                    return Ok(());
                }
            }
            verdict.entries += 1;
            if noted.is_some_and(|(noted, hash)| noted == seq && hash != head) {
                let what = "it is not the one that was noted".to_owned();
                verdict.problems.push(Problem::Chain { seq, what });
            }
        }
    }
}

/// The hash of the next entry, or what is wrong with it.
fn link(
    expected: i64,
    head: &[u8; 32],
    seq: i64,
    entry: Option<RawEntry>,
) -> std::result::Result<[u8; 32], String> {
    if seq != expected {
        return Err(format!("there is none; the next one is {seq}"));
    }
    let entry = entry.ok_or("it holds something else than an entry")?;
    if entry.previous != head {
        return Err(format!(
            "it names {} as the hash before it, which is {}",
            hex(&entry.previous),
            hex(head)
        ));
    }
    let content = EntryContent {
        seq: entry.seq,
        at: entry.at,
        actor: entry.actor,
        acted_for: entry.acted_for,
        subject: &entry.subject,
        kind: &entry.kind,
        payload: &entry.payload,
    };
    let hash = entry_hash(head, &content);
    if entry.hash != hash {
        return Err(format!("its hash is {}, its content's is {}", hex(&entry.hash), hex(&hash)));
    }
    Ok(hash)
}

fn check_files(
    live: &mut Tx,
    verdict: &mut Verdict,
    progress: &mut dyn FnMut(Step, u64),
) -> Result<()> {
    let mut after = FileId(0);
    loop {
        let files = store::files::raw_following(live, after, PAGE)?;
        let Some(last) = files.last() else { return Ok(()) };
        after = last.id;
        for file in &files {
            progress(Step::Files, verdict.files);
            match file_problem(live, file)? {
                None => verdict.files += 1,
                Some(what) => verdict.problems.push(Problem::File { file: file.id, what }),
            }
        }
    }
}

fn file_problem(live: &mut Tx, file: &store::files::RawFile) -> Result<Option<String>> {
    let mut hash = Sha256::new();
    let mut size = 0;
    for n in 0.. {
        match store::files::chunk(live, file.id, n) {
            Ok(Some(chunk)) => {
                size += chunk.len();
                hash.update(&chunk);
            }
            Ok(None) => break,
            Err(store::Error::Broken { message, .. }) => {
                return Ok(Some(format!("chunk {n} cannot be read: {message}")));
            }
            Err(other) => return Err(other.into()),
        }
    }
    let sha256 = hash.finalize();
    if sha256.as_slice() != file.sha256 {
        let (kept, is) = (hex(&file.sha256), hex(&sha256));
        return Ok(Some(format!("it is kept under the hash {kept}, its bytes have {is}")));
    }
    if i64::try_from(size) != Ok(file.size) {
        return Ok(Some(format!("it has {size} bytes, not {}", file.size)));
    }
    Ok(None)
}

fn check_tables(
    app: &App,
    live: &mut Tx,
    verdict: &mut Verdict,
    progress: &mut dyn FnMut(Step, u64),
) -> Result<()> {
    let folder =
        tempfile::tempdir().map_err(Error::io("make a folder for the scratch database"))?;
    let path = folder.path().join("scratch.db");
    let path = path.to_str().ok_or_else(|| {
        Error::Damaged("the folder for temporary files has a name that is not UTF-8".into())
    })?;
    let scratch = Db::open(path)?;
    scratch.migrate()?;
    if let Some(problem) = rebuild(app, live, &scratch, progress)? {
        verdict.problems.push(problem);
        return Ok(());
    }
    let mut rebuilt = scratch.read()?;
    for table in TABLES {
        let mut told = |rows| progress(Step::Compare(table.name), rows);
        told(0);
        match store::compare::table(live, &mut rebuilt, table, &mut told)? {
            Compared { rows, difference: None } => verdict.tables.push((table.name, rows)),
            Compared { difference: Some(difference), .. } => {
                verdict.problems.push(Problem::Table(difference));
            }
        }
    }
    Ok(())
}

/// Does every entry again, in their order; the first that can't be is the answer.
fn rebuild(
    app: &App,
    live: &mut Tx,
    scratch: &Db,
    progress: &mut dyn FnMut(Step, u64),
) -> Result<Option<Problem>> {
    let mut done = 0;
    loop {
        let entries = store::journal::following(live, done, PAGE)?;
        if entries.is_empty() {
            return Ok(None);
        }
        let mut tx = scratch.write()?;
        for entry in &entries {
            let redone = Event::from_entry(&entry.kind, &entry.payload)
                .map_err(|error| Error::Damaged(error.to_string()))
                .and_then(|event| redo(&mut tx, app, entry, &event));
            if let Err(error) = redone {
                let (seq, kind) = (entry.seq, entry.kind.clone());
                return Ok(Some(Problem::NotRedone { seq, kind, what: error.to_string() }));
            }
            done = entry.seq;
            progress(Step::Rebuild, done.unsigned_abs());
        }
        tx.commit()?;
    }
}
