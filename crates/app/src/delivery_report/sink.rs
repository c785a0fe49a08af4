//! A file that is written and hashed on another thread while its bytes are being made.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use sha2::{Digest, Sha256};

/// Bytes that go over at once.
const PART: usize = 1 << 20;
/// Parts on the way, at most.
const PARTS: usize = 4;
/// Bytes that go straight to the disk at once, and what they and their place are a multiple of.
const BLOCK: usize = 4 << 20;
const ALIGNED: usize = 4096;

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
        let mut disk = Disk::create(path)?;
        let (parts, full) = sync_channel::<Vec<u8>>(PARTS);
        let (back, empty) = sync_channel::<Vec<u8>>(PARTS + 1);
        let writer = std::thread::Builder::new().name("report".into()).spawn(move || {
            let mut hash = Sha256::new();
            let mut size = 0;
            for mut part in full {
                disk.write(&part)?;
                hash.update(&part);
                size += part.len() as u64;
                part.clear();
                // When nobody takes it back, it is simply dropped.
                let _ = back.try_send(part);
            }
            disk.finish()?;
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

/// A file that goes past the system's cache, where the file system allows it: its gigabytes would
/// push out the inventory, and copying them there takes longer than making them.
struct Disk {
    path: PathBuf,
    file: File,
    /// Bytes that were written.
    size: u64,
    /// Room for a block that begins at a multiple of [`ALIGNED`].
    room: Vec<u8>,
    begin: usize,
    held: usize,
}

impl Disk {
    fn create(path: &Path) -> io::Result<Disk> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        let file = match direct(&options).open(path) {
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                // The file may have been made before that was found out.
                let _ = std::fs::remove_file(path);
                options.open(path)?
            }
            opened => opened?,
        };
        let room = vec![0; BLOCK + ALIGNED];
        let begin = room.as_ptr().align_offset(ALIGNED);
        Ok(Disk { path: path.to_owned(), file, size: 0, room, begin, held: 0 })
    }

    fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let (now, rest) = bytes.split_at(bytes.len().min(BLOCK - self.held));
            let place = self.begin + self.held;
            self.room[place..place + now.len()].copy_from_slice(now);
            (self.held, bytes) = (self.held + now.len(), rest);
            if self.held == BLOCK {
                self.pass_on(BLOCK)?;
                self.held = 0;
            }
        }
        Ok(())
    }

    /// Writes the first bytes of what is held.
    fn pass_on(&mut self, count: usize) -> io::Result<()> {
        use io::ErrorKind::{Interrupted, InvalidInput};
        let all = self.begin..self.begin + count;
        let is_done = match self.file.write(&self.room[all.clone()]) {
            Ok(written) => written == count,
            // Some file systems take the flag and refuse the call.
            Err(error) if [Interrupted, InvalidInput].contains(&error.kind()) => false,
            Err(error) => return Err(error),
        };
        if !is_done {
            self.go_on_as_usual()?;
            self.file.write_all(&self.room[all])?;
        }
        self.size += count as u64;
        Ok(())
    }

    /// Goes on as every other file is written, after what is there in whole blocks.
    fn go_on_as_usual(&mut self) -> io::Result<()> {
        self.file = OpenOptions::new().write(true).open(&self.path)?;
        self.file.set_len(self.size)?;
        self.file.seek(SeekFrom::End(0)).map(|_| ())
    }

    fn finish(mut self) -> io::Result<()> {
        let whole = self.held - self.held % ALIGNED;
        self.pass_on(whole)?;
        if whole < self.held {
            self.go_on_as_usual()?;
            self.file.write_all(&self.room[self.begin + whole..self.begin + self.held])?;
        }
        self.file.sync_all()
    }
}

#[cfg(target_os = "linux")]
fn direct(options: &OpenOptions) -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = options.clone();
    options.custom_flags(libc::O_DIRECT);
    options
}

#[cfg(not(target_os = "linux"))]
fn direct(options: &OpenOptions) -> OpenOptions {
    options.clone()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_length_arrives_whole() {
        let folder = tempfile::tempdir().unwrap();
        let bytes: Vec<u8> = (0..2 * BLOCK + 2 * ALIGNED).map(|n| (n % 251) as u8).collect();
        let lengths = [0, 1, ALIGNED - 1, ALIGNED, ALIGNED + 1, BLOCK, BLOCK + 1];
        for (n, length) in lengths.into_iter().chain([2 * BLOCK + ALIGNED + 7]).enumerate() {
            for step in [1 << 10, 70_001, PART + 1] {
                let path = folder.path().join(format!("{n}-{step}"));
                let mut sink = Sink::create(&path).unwrap();
                for part in bytes[..length].chunks(step) {
                    sink.write_all(part).unwrap();
                }
                let whole = sink.finish().unwrap();
                assert_eq!(whole.size, length as u64);
                assert!(std::fs::read(&path).unwrap() == bytes[..length], "{length} by {step}");
                let expected: [u8; 32] = Sha256::digest(&bytes[..length]).into();
                assert_eq!(whole.sha256, expected);
            }
        }
    }
}
