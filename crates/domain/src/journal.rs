//! The hash chain: what binds each entry of the journal to all that came before it.

use sha2::{Digest, Sha256};

/// What stands before the first entry.
pub const GENESIS: [u8; 32] = [0; 32];

/// The parts of an entry that its hash covers.
#[derive(Clone, Copy, Debug)]
pub struct EntryContent<'a> {
    /// Its place in the one order, from 1.
    pub seq: i64,
    /// When, in microseconds since 1970 UTC.
    pub at: i64,
    /// Who; nobody for the system's own work.
    pub actor: Option<i64>,
    /// The Party that it was done for, where the DCC acted for one.
    pub acted_for: Option<i64>,
    /// What it is about.
    pub subject: &'a str,
    /// What happened.
    pub kind: &'a str,
    /// The particulars, as canonical JSON.
    pub payload: &'a str,
}

/// The hash of an entry: SHA-256 over the hash before it and its parts.
///
/// Numbers are eight bytes, big end first, absent ones 0x00 and present ones 0x01 with the number;
/// texts are their length in eight bytes and then their UTF-8. So no two entries share their bytes.
pub fn entry_hash(previous: &[u8; 32], entry: &EntryContent<'_>) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(previous);
    hash.update(entry.seq.to_be_bytes());
    hash.update(entry.at.to_be_bytes());
    for optional in [entry.actor, entry.acted_for] {
        match optional {
            None => hash.update([0]),
            Some(number) => {
                hash.update([1]);
                hash.update(number.to_be_bytes());
            }
        }
    }
    for text in [entry.subject, entry.kind, entry.payload] {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> EntryContent<'static> {
        EntryContent {
            seq: 7,
            at: 1_795_000_000_000_000,
            actor: Some(3),
            acted_for: None,
            subject: "ctf-000001",
            kind: "TransferFileReceived",
            payload: "{}",
        }
    }

    #[test]
    fn every_part_counts() {
        let hash = |e: EntryContent<'_>| entry_hash(&GENESIS, &e);
        let base = hash(entry());
        assert_eq!(base, hash(entry()));
        assert_ne!(base, hash(EntryContent { seq: 8, ..entry() }));
        assert_ne!(base, hash(EntryContent { at: 1, ..entry() }));
        assert_ne!(base, hash(EntryContent { actor: None, acted_for: Some(3), ..entry() }));
        assert_ne!(
            base,
            hash(EntryContent { subject: "ctf-000001T", kind: "ransferFileReceived", ..entry() })
        );
        assert_ne!(base, hash(EntryContent { payload: "{ }", ..entry() }));
        assert_ne!(base, entry_hash(&[1; 32], &entry()));
    }
}
