//! Headers and their bodies, by gossip and by sync.

use meteorite_crypto::stamp::stamp_bits;

use super::{Cost, Gate, Judged, Verified, ignore, reject, time_rules};
use crate::ids::{BottleId, Signature};
use crate::topic::Topic;
use crate::verdict::{IgnoreReason, RejectReason};
use crate::wire::{BodyBlock, Header, Signed, SkyMessage, Wire as _};

/// Bytes of which nothing is known.
#[derive(Debug)]
#[must_use]
pub struct Unchecked(Source);

#[derive(Debug)]
enum Source {
    Sky { bytes: Vec<u8>, topic: Topic },
    Entry { payload: Vec<u8>, signature: Signature },
}

/// It decodes, the fields are in range, the topic is right and the body belongs to the header.
#[derive(Debug)]
#[must_use]
pub struct Shaped {
    id: BottleId,
    header: Signed<Header>,
    body: Option<BodyBlock>,
}

/// It is new, it comes at a time when it may, and somebody paid for it.
#[derive(Debug)]
#[must_use]
pub struct Stamped {
    shaped: Shaped,
    stamp_bits: u32,
}

/// A bottle that may enter the sky. If it `equivocates`, it enters only to sink together with the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedBottle {
    /// Its id.
    pub id: BottleId,
    /// Its header.
    pub header: Verified<Header>,
    /// Its body, when it came along (gossip).
    pub body: Option<BodyBlock>,
    /// Leading zero bits of its stamp.
    pub stamp_bits: u32,
    /// Another bottle that the same key has signed.
    pub equivocates: Option<BottleId>,
}

impl VerifiedBottle {
    /// Forwarded, but not shown: it carries something that this version does not know.
    #[must_use]
    pub fn forward_only(&self) -> bool {
        self.header.value().forward_only()
    }
}

/// All steps for a message on a sky topic.
///
/// # Errors
/// The verdict with which it ends.
pub fn sky(bytes: &[u8], topic: Topic, gate: &Gate<'_>) -> Judged<VerifiedBottle> {
    Unchecked::sky(bytes, topic)?.shape()?.stamp(gate)?.verify(gate)
}

/// All steps for the header of a sync entry.
///
/// # Errors
/// The verdict with which it ends.
pub fn entry(payload: &[u8], signature: &Signature, gate: &Gate<'_>) -> Judged<VerifiedBottle> {
    Unchecked::entry(payload, signature)?
        .shape()?
        .stamp(gate)?
        .verify(gate)
}

impl Unchecked {
    /// A message on a sky topic, if it is short enough to look at.
    ///
    /// # Errors
    /// Rejected as too large.
    pub fn sky(bytes: &[u8], topic: Topic) -> Judged<Self> {
        if bytes.len() > topic.bytes_max() {
            return reject(RejectReason::TooLarge);
        }
        Ok(Self(Source::Sky {
            bytes: bytes.to_vec(),
            topic,
        }))
    }

    /// The header of a sync entry, if it is short enough to look at.
    ///
    /// # Errors
    /// Rejected as too large.
    pub fn entry(payload: &[u8], signature: &Signature) -> Judged<Self> {
        if payload.len() > Header::BYTES_MAX {
            return reject(RejectReason::TooLarge);
        }
        Ok(Self(Source::Entry {
            payload: payload.to_vec(),
            signature: *signature,
        }))
    }

    /// Decodes, and compares header, topic and body.
    ///
    /// # Errors
    /// Rejected: malformed, out of range, on the wrong topic, or with a body that is not the header's.
    pub fn shape(self) -> Judged<Shaped> {
        match self.0 {
            Source::Sky { bytes, topic } => {
                let SkyMessage { header, body } = SkyMessage::decode(&bytes)?;
                if Topic::of_author(&header.value().author) != topic {
                    return reject(RejectReason::WrongTopic);
                }
                let stated = header.value();
                if stated.body_len != body.body_len() || stated.body != body.id() {
                    return reject(RejectReason::BodyMismatch);
                }
                Ok(Shaped {
                    id: header.bottle(),
                    header,
                    body: Some(body),
                })
            }
            Source::Entry { payload, signature } => {
                let header = Signed::from_parts(payload, signature)?;
                Ok(Shaped {
                    id: header.bottle(),
                    header,
                    body: None,
                })
            }
        }
    }
}

impl Shaped {
    /// The bottle's id.
    #[must_use]
    pub const fn id(&self) -> &BottleId {
        &self.id
    }

    /// Asks whether it is new, looks at the clock, and measures the stamp.
    ///
    /// # Errors
    /// Ignored: known, too early, too late, expired or below the admission level. Rejected: below the floor.
    pub fn stamp(self, gate: &Gate<'_>) -> Judged<Stamped> {
        if gate.known.has_header(&self.id) {
            return ignore(IgnoreReason::Known);
        }
        let header = self.header.value();
        time_rules::header(header, gate.arrival, gate.now)?;
        let stamp_bits = header_stamp_bits(header);
        if stamp_bits < gate.params.stamp_bits_floor() {
            return reject(RejectReason::StampTooLow);
        }
        if stamp_bits < gate.admission_bits {
            return ignore(IgnoreReason::BelowAdmission);
        }
        Ok(Stamped {
            shaped: self,
            stamp_bits,
        })
    }
}

impl Stamped {
    /// Verifies the signature, looks for a second bottle by the same key, and asks for room.
    ///
    /// # Errors
    /// Rejected for the signature. Ignored for want of room; proof that a key signed two needs none.
    pub fn verify(self, gate: &Gate<'_>) -> Judged<VerifiedBottle> {
        let Shaped { id, header, body } = self.shaped;
        let author = header.value().author;
        let header = Verified::check(header, author.as_bytes())?;
        let equivocates = gate.known.other_bottle(&author, &id);
        let bytes = header.signed().payload().len() + body.as_ref().map_or(0, |body| body.as_slice().len());
        let cost = Cost {
            arrival: gate.arrival,
            bytes,
            author: Some(author),
        };
        if equivocates.is_none() && !gate.known.has_budget(&cost) {
            return ignore(IgnoreReason::OverBudget);
        }
        Ok(VerifiedBottle {
            id,
            header,
            body,
            stamp_bits: self.stamp_bits,
            equivocates,
        })
    }
}

/// Leading zero bits of a header's stamp.
#[must_use]
pub fn header_stamp_bits(header: &Header) -> u32 {
    stamp_bits(header.author.as_bytes(), header.stamp_epoch().0, header.stamp)
}
