//! A file that is written and hashed on another thread while its bytes are being made.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use sha2::{Digest, Sha256};

/// Bytes that go over at once.
const PART: usize = 1 << 20;
/// Parts on the way, at most.
const PARTS: usize = 4;
/// Bytes between two calls on the disk to keep what it was given.
const SYNC_EVERY: u64 = 32 << 20;

pub struct Sink {
    /// What has not gone over yet. Whoever fills it directly calls [`Sink::pass_on`] now and then.
    pub held: Vec<u8>,
    parts: Option<SyncSender<Vec<u8>>>,
    empty: Receiver<Vec<u8>>,
    writer: Option<JoinHandle<io::Result<Whole>>>,
}

/// A file that is all there and on the disk.
pub struct Whole {
    pub size: u64,
    pub sha256: [u8; 32],
}

impl Sink {
    /// Begins a new file at `path`.
    pub fn create(path: &Path) -> io::Result<Sink> {
        let file = File::create_new(path)?;
        let (parts, full) = sync_channel::<Vec<u8>>(PARTS);
        let (back, empty) = sync_channel::<Vec<u8>>(PARTS + 1);
        let writer = std::thread::Builder::new().name("report".into()).spawn(move || {
            let mut file = file;
            let early = Early::begin(&file)?;
            let mut hash = Sha256::new();
            let (mut size, mut sync_at) = (0, SYNC_EVERY);
            for mut part in full {
                file.write_all(&part)?;
                hash.update(&part);
                size += part.len() as u64;
                if size >= sync_at {
                    sync_at = size + SYNC_EVERY;
                    early.sync();
                }
                part.clear();
                // When nobody takes it back, it is simply dropped.
                let _ = back.try_send(part);
            }
            early.end()?;
            file.sync_all()?;
            Ok(Whole { size, sha256: hash.finalize().into() })
        })?;
        let held = Vec::with_capacity(PART + (PART >> 3));
        Ok(Sink { held, parts: Some(parts), empty, writer: Some(writer) })
    }

    /// Hands over what is held, once it is worth it.
    pub fn pass_on(&mut self) -> io::Result<()> {
        if self.held.len() >= PART { self.hand_over() } else { Ok(()) }
    }

    fn hand_over(&mut self) -> io::Result<()> {
        let empty =
            self.empty.try_recv().unwrap_or_else(|_| Vec::with_capacity(PART + (PART >> 3)));
        let part = std::mem::replace(&mut self.held, empty);
        let parts = self.parts.as_ref().expect("it is there until the file is finished");
        match parts.send(part) {
            Ok(()) => Ok(()),
            Err(_) => Err(self.end().err().unwrap_or_else(|| io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn end(&mut self) -> io::Result<Whole> {
        self.parts = None;
        match self.writer.take().map(JoinHandle::join) {
            Some(Ok(ended)) => ended,
            Some(Err(_)) | None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Writes the rest, makes sure that it is on the disk, and answers what it came to.
    pub fn finish(mut self) -> io::Result<Whole> {
        self.hand_over()?;
        self.end()
    }
}

/// Brings what is written so far to the disk while more is being made, so that little is left to
/// wait for at the end.
struct Early {
    calls: SyncSender<()>,
    thread: JoinHandle<io::Result<()>>,
}

impl Early {
    fn begin(file: &File) -> io::Result<Early> {
        let file = file.try_clone()?;
        let (calls, called) = sync_channel(1);
        let sync = move || called.iter().try_for_each(|()| file.sync_data());
        let thread = std::thread::Builder::new().name("report-sync".into()).spawn(sync)?;
        Ok(Early { calls, thread })
    }

    fn sync(&self) {
        // One that is still at it finds these bytes as well, or the next call does.
        let _ = self.calls.try_send(());
    }

    /// A failure is told only once, and so perhaps here and not at the end.
    fn end(self) -> io::Result<()> {
        drop(self.calls);
        self.thread.join().unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into()))
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        self.pass_on()?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.parts = None;
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}
