//! Writing response files: many lines, never all of them in memory as text.

use domain::parties::PartyBook;
use domain::transfer_files::response::ResponseWriter;
use domain::transfer_files::{Facts, Outcome, ParsedFile};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use store::Tx;
use store::files::{self, CHUNK_BYTES, StoredFile};

use crate::Result;

/// Everything that a response file is made of but the facts.
#[derive(Clone, Copy)]
pub(super) struct Answers<'a> {
    /// The file.
    pub file: &'a ParsedFile<'a>,
    /// All Parties.
    pub parties: &'a PartyBook,
    /// When it was applied, if it was.
    pub applied_at: Option<Timestamp>,
    /// What became of each line.
    pub outcomes: &'a [Outcome],
}

/// A response file, compressed.
pub(super) struct Written {
    /// The SHA-256 of the response file.
    pub sha256: [u8; 32],
    size: u64,
    chunks: Vec<Vec<u8>>,
}

impl Answers<'_> {
    /// Writes the response in pieces of a chunk's size.
    fn each_chunk(
        &self,
        facts: impl Fn(usize) -> Facts,
        mut take: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        let mut writer = ResponseWriter::new(self.file, self.parties, self.applied_at);
        let mut out = Vec::with_capacity(CHUNK_BYTES + 1024);
        writer.header(&mut out);
        for (number, (line, outcome)) in self.file.lines.iter().zip(self.outcomes).enumerate() {
            writer.line(&mut out, line, *outcome, &facts(number));
            if out.len() >= CHUNK_BYTES {
                take(&out[..CHUNK_BYTES])?;
                out.drain(..CHUNK_BYTES);
            }
        }
        if out.is_empty() { Ok(()) } else { take(&out) }
    }

    /// The response as it will be stored.
    pub fn write_compressed(&self, facts: impl Fn(usize) -> Facts) -> Written {
        let _span = tracing::debug_span!("write the response").entered();
        let mut hash = Sha256::new();
        let mut size = 0;
        let mut chunks = Vec::new();
        self.each_chunk(facts, |chunk| {
            hash.update(chunk);
            size += chunk.len() as u64;
            chunks.push(files::compress(chunk));
            Ok(())
        })
        .expect("compressing in memory cannot fail");
        Written { sha256: hash.finalize().into(), size, chunks }
    }
}

impl Written {
    /// Stores it, within the transaction that it answers for.
    pub fn keep(self, tx: &mut Tx, at: Timestamp) -> Result<StoredFile> {
        let id = files::begin(tx, at)?;
        for (n, chunk) in (0..).zip(self.chunks) {
            files::append(tx, id, n, chunk)?;
        }
        Ok(files::finish(tx, id, self.sha256, self.size)?)
    }
}
