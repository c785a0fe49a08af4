//! The lottery: a seed that is committed to before anybody could know it, and the tickets drawn
//! with it.
//!
//! When an offer is published, 32 random bytes are drawn and their commitment is published; the
//! bytes are kept back. When the offer closes to requests, the journal's entry that closes it has a
//! hash that covers everything that anybody did until then. The seed is made of both.

use sha2::{Digest, Sha256};

use crate::ids::{OfferId, RequestId};

/// What the commitment begins with.
pub const COMMITMENT_LABEL: &str = "hubstock lottery commitment 1";
/// What the seed begins with.
pub const SEED_LABEL: &str = "hubstock lottery seed 1";

/// The commitment to a secret: published with the offer.
pub fn commitment(offer: OfferId, secret: &[u8; 32]) -> [u8; 32] {
    digest(&[COMMITMENT_LABEL.as_bytes(), b"\n", offer.to_string().as_bytes(), b"\n", secret])
}

/// The seed: the secret together with the hash of the journal entry that closed the offer.
pub fn seed(offer: OfferId, secret: &[u8; 32], closing: &[u8; 32]) -> [u8; 32] {
    let offer = offer.to_string();
    digest(&[SEED_LABEL.as_bytes(), b"\n", offer.as_bytes(), b"\n", secret, closing])
}

/// A request's ticket; the smallest comes first.
pub fn ticket(seed: &[u8; 32], request: RequestId) -> [u8; 32] {
    digest(&[seed, request.to_string().as_bytes()])
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_goes_in_counts() {
        let (one, two) = ([1; 32], [2; 32]);
        assert_ne!(commitment(OfferId(1), &one), commitment(OfferId(1), &two));
        assert_ne!(commitment(OfferId(1), &one), commitment(OfferId(2), &one));
        assert_ne!(seed(OfferId(1), &one, &two), seed(OfferId(1), &two, &one));
        assert_ne!(seed(OfferId(1), &one, &two), seed(OfferId(2), &one, &two));
        assert_ne!(ticket(&one, RequestId(1)), ticket(&one, RequestId(2)));
        assert_ne!(ticket(&one, RequestId(1)), ticket(&two, RequestId(1)));
    }
}
