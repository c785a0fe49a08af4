//! The job that writes a run.
//!
//! All hubs are read in one transaction, so that the file shows one instant. CSV is made as fast as
//! the hubs are read, by another thread than reads them. The slower formats first put the hubs' own rows aside, so that the
//! transaction, behind which SQLite's log grows, is as short for them.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;
use std::sync::mpsc::sync_channel;

use domain::ids::ReportRunId;
use domain::tabular::write_record;
use jiff::{SignedDuration, Timestamp};
use store::Tx;
use store::bulk::export::{HubRow, hubs};
use store::delivery_report::{self as rows, Written};

use super::lines::{COLUMNS, Lines};
use super::sink::{Sink, Whole};
use crate::aside::{Aside, write_whole};
use crate::jobs::{Run, lost};
use crate::journal::{By, Event, record};
use crate::tables::{Format, Table};
use crate::{App, Error, Result};

/// Hubs between two looks at the clock.
const STRIDE: u64 = 8192;

/// Writes the run that the job names, unless that is done. Safe to run again: what another attempt
/// left behind is dropped, and the file has its name only when it is whole.
pub fn write(run: &Run<'_>) -> Result<()> {
    write_at(run, None)
}

/// The same, where the local operator wants the file rather than in the reports folder.
pub(super) fn write_at(run: &Run<'_>, out: Option<&Path>) -> Result<()> {
    let id = ReportRunId(run.subject);
    let row = rows::load(&mut run.app.db.read()?, id)?;
    let Some(row) = row.filter(|row| row.state == "Waiting") else { return Ok(()) };
    let format = Format::from_word(&row.format)
        .ok_or_else(|| Error::Damaged(format!("{id}: {} is no format", row.format)))?;
    let written = match out {
        None => in_folder(run, id, format)?,
        Some(out) => write_whole(out, |place| {
            let made = make(run, id, format, place)?;
            Ok(made.named(out.display().to_string()))
        })?,
    };
    if settle(run.app, id, &written)? {
        return Ok(());
    }
    // Another worker believed this one gone and has written the run: that file is the run's.
    if !written.is_elsewhere() {
        let _ = fs::remove_file(run.app.reports.join(&written.file_name));
    }
    Err(lost())
}

/// False when the run no longer waits for what was written.
fn settle(app: &App, id: ReportRunId, written: &Written) -> Result<bool> {
    let mut tx = app.db.write()?;
    let is_ours = rows::finish(&mut tx, id, written)?;
    if is_ours {
        let event = Event::DeliveryReportWritten {
            run: id.0,
            generated_at: written.generated_at.as_microsecond(),
            journal_seq: written.journal_seq,
            hubs: written.hubs.unsigned_abs(),
            size: written.size.unsigned_abs(),
            sha256: crate::files::hex(&written.sha256),
            file_name: written.file_name.clone(),
        };
        record(&mut tx, app.now(), By::SYSTEM, &event)?;
    }
    tx.commit()?;
    Ok(is_ours)
}

/// Gives a run up whose job has failed for good.
pub fn give_up(tx: &mut Tx, app: &App, id: ReportRunId, reason: &str) -> Result<()> {
    if rows::fail(tx, id, reason)? {
        let event = Event::DeliveryReportFailed { run: id.0, reason: reason.to_owned() };
        record(tx, app.now(), By::SYSTEM, &event)?;
    }
    Ok(())
}

/// Writes it into the reports folder under a name of its own.
fn in_folder(run: &Run<'_>, id: ReportRunId, format: Format) -> Result<Written> {
    let folder = &run.app.reports;
    let doing = |what: &'static str| Error::io(format!("{what} {id} in the reports folder"));
    fs::create_dir_all(folder).map_err(Error::io("make the reports folder"))?;
    let place = afresh(folder, id, &run.app.worker).map_err(doing("begin"))?;
    let made = make(run, id, format, place.path())?;
    let file_name = file_name(id, made.generated_at, format);
    place.settle(&folder.join(&file_name))?;
    Ok(made.named(file_name))
}

/// A place for this attempt; what other attempts at the run left behind is dropped.
fn afresh(folder: &Path, id: ReportRunId, worker: &str) -> io::Result<Aside> {
    let ours = format!(".ESI-013_{id}_");
    for found in fs::read_dir(folder)? {
        let found = found?;
        if found.file_name().to_string_lossy().starts_with(&ours) {
            fs::remove_file(found.path())?;
        }
    }
    Ok(Aside::at(folder.join(format!("{ours}{worker}.partial"))))
}

/// A file that is whole and on the disk, and has no name yet.
struct Made {
    generated_at: Timestamp,
    journal_seq: i64,
    hubs: u64,
    whole: Whole,
}

impl Made {
    fn named(self, file_name: String) -> Written {
        let number = |n: u64| i64::try_from(n).expect("files are smaller than 8 EiB");
        Written {
            generated_at: self.generated_at,
            journal_seq: self.journal_seq,
            hubs: number(self.hubs),
            size: number(self.whole.size),
            sha256: self.whole.sha256,
            file_name,
        }
    }
}

/// Writes the file at `place`, where there is none.
fn make(run: &Run<'_>, id: ReportRunId, format: Format, place: &Path) -> Result<Made> {
    let app = run.app;
    let doing = |what: &'static str| Error::io(format!("{what} {id} at {}", place.display()));
    let mut sink = Sink::create(place).map_err(doing("begin"))?;

    let mut tx = app.db.read()?;
    tx.takes_long();
    let journal_seq = store::journal::last(&mut tx)?.map_or(0, |entry| entry.seq);
    let generated_at = app.now();
    let total = rows::hubs(&mut tx)?;
    let lines = Lines::new(app, &mut tx, id, generated_at)?;
    let progress = Progress { run, total };
    let (hubs, whole) = match format {
        Format::Csv => {
            let count = write_csv(&mut tx, lines, &mut sink, &progress)?;
            drop(tx);
            hold_to_the_end(run)?;
            (count, sink.finish())
        }
        Format::Xlsx | Format::Parquet => {
            let spool = spool(&mut tx, place.parent().unwrap_or(Path::new(".")), &progress)?;
            drop(tx);
            let table = Table::new(format, COLUMNS, sink).map_err(doing("write"))?;
            write_table(spool, lines, table, &progress)?
        }
    };
    let whole = whole.map_err(doing("write"))?;
    Ok(Made { generated_at, journal_seq, hubs, whole })
}

/// `ESI-013_20261123T060000Z_esi-000001.csv`
fn file_name(id: ReportRunId, at: Timestamp, format: Format) -> String {
    let at = at.strftime("%Y%m%dT%H%M%SZ").to_string();
    format!("ESI-013_{at}_{id}.{}", format.word())
}

struct Progress<'a> {
    run: &'a Run<'a>,
    total: u64,
}

impl Progress<'_> {
    fn tell(&self, done: u64) -> Result<()> {
        if done.is_multiple_of(STRIDE) { self.run.progress(done, self.total) } else { Ok(()) }
    }
}

/// How long bringing a file's last bytes to the disk may take.
const FINISHING: SignedDuration = SignedDuration::from_mins(5);

/// Keeps the job while nothing can be said any more, or finds that another worker has it.
fn hold_to_the_end(run: &Run<'_>) -> Result<()> {
    let mut tx = run.app.db.write()?;
    run.hold(&mut tx, FINISHING)?;
    Ok(tx.commit()?)
}

/// Hubs that go over to the thread that writes their lines at once.
const BATCH: usize = 1024;
/// Batches on the way, at most.
const BATCHES: usize = 8;

/// Reads the hubs here and writes their lines on another thread, as either takes about as long.
fn write_csv(
    tx: &mut store::Tx,
    mut lines: Lines,
    sink: &mut Sink,
    progress: &Progress<'_>,
) -> Result<u64> {
    write_record(&mut sink.held, COLUMNS.iter().map(|column| column.name));
    let (full, batches) = sync_channel::<Vec<HubRow>>(BATCHES);
    let (back, empty) = sync_channel::<Vec<HubRow>>(BATCHES + 1);
    let write_lines = move || -> Result<()> {
        for mut batch in batches {
            for hub in batch.drain(..) {
                lines.csv(&hub, &mut sink.held)?;
            }
            sink.pass_on().map_err(Error::io("write the report"))?;
            // When nobody takes it back, it is simply dropped.
            let _ = back.try_send(batch);
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let writer = scope.spawn(write_lines);
        // Its own error, below, is the one that tells why it takes no more.
        let gone = || Error::Damaged("the report's lines are not being written".into());
        let mut batch = Vec::with_capacity(BATCH);
        let read = each_hub(tx, |hub, count| {
            batch.push(*hub);
            if batch.len() == BATCH {
                let next = empty.try_recv().unwrap_or_else(|_| Vec::with_capacity(BATCH));
                full.send(std::mem::replace(&mut batch, next)).map_err(|_| gone())?;
            }
            progress.tell(count)
        });
        let sent = full.send(batch).map_err(|_| gone());
        drop(full);
        match writer.join() {
            Ok(written) => written?,
            Err(panic) => std::panic::resume_unwind(panic),
        }
        sent.and(read)
    })
}

/// Gives each hub, and how many it was, to `take`, whose errors are the operation's own.
fn each_hub(tx: &mut store::Tx, mut take: impl FnMut(&HubRow, u64) -> Result<()>) -> Result<u64> {
    let mut count = 0;
    let mut problem = None;
    let done = hubs(tx, &mut |hub| {
        count += 1;
        take(hub, count).map_err(|error| {
            problem = Some(error);
            store::Error::Missing { what: "rest of the report" }
        })
    });
    match problem {
        Some(error) => Err(error),
        None => Ok(done.map(|()| count)?),
    }
}

/// Bytes of a hub's own row while it is put aside.
const SPOOLED: usize = 64;

/// Puts all hubs' own rows aside, in a file without a name.
fn spool(tx: &mut store::Tx, folder: &Path, progress: &Progress<'_>) -> Result<File> {
    let doing = || Error::io(format!("put hubs aside in {}", folder.display()));
    let file = tempfile::tempfile_in(folder).map_err(doing())?;
    let mut out = BufWriter::with_capacity(1 << 20, file);
    each_hub(tx, |hub, count| {
        out.write_all(&to_bytes(hub)).map_err(doing())?;
        progress.tell(count)
    })?;
    let mut file = out.into_inner().map_err(|error| doing()(error.into_error()))?;
    file.rewind().map_err(doing())?;
    Ok(file)
}

fn to_bytes(hub: &HubRow) -> [u8; SPOOLED] {
    let installed_at = hub.installed_at.unwrap_or(i64::MIN);
    let numbers = [
        hub.id,
        hub.gpf,
        hub.pack,
        hub.party,
        hub.status,
        hub.status_at,
        installed_at,
        hub.last_move,
    ];
    let mut bytes = [0; SPOOLED];
    for (place, number) in bytes.chunks_exact_mut(8).zip(numbers) {
        place.copy_from_slice(&number.to_le_bytes());
    }
    bytes
}

fn from_bytes(bytes: &[u8; SPOOLED]) -> HubRow {
    let number = |i: usize| {
        i64::from_le_bytes(bytes[8 * i..8 * i + 8].try_into().expect("it is eight bytes"))
    };
    HubRow {
        id: number(0),
        gpf: number(1),
        pack: number(2),
        party: number(3),
        status: number(4),
        status_at: number(5),
        installed_at: Some(number(6)).filter(|at| *at != i64::MIN),
        last_move: number(7),
    }
}

fn write_table(
    spool: File,
    mut lines: Lines,
    mut table: Table<Sink>,
    progress: &Progress<'_>,
) -> Result<(u64, io::Result<Whole>)> {
    let doing = || Error::io("write the report");
    let size = spool.metadata().map_err(doing())?.len();
    let mut spool = BufReader::with_capacity(1 << 20, spool);
    let mut bytes = [0; SPOOLED];
    for _ in 0..size / SPOOLED as u64 {
        spool.read_exact(&mut bytes).map_err(doing())?;
        table.row(&lines.cells(&from_bytes(&bytes))?).map_err(doing())?;
        progress.tell(table.rows())?;
    }
    let count = table.rows();
    hold_to_the_end(progress.run)?;
    let sink = table.finish().map_err(doing())?;
    Ok((count, sink.finish()))
}
