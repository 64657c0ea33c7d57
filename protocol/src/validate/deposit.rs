//! Deposits and receipts.
//!
//! A mailbox knows no bottle and no claim set, so a deposit proves itself: the header's stamp and signature, the claim's
//! work and signature, and the depositor's signature over it all. The same checks serve the receiver of a letter.

use super::bottle::header_stamp_bits;
use super::catch::work_bits;
use super::{Judged, Params, Verified, reject, time_rules};
use crate::ids::{LetterId, MailAddress};
use crate::time::Now;
use crate::verdict::RejectReason;
use crate::wire::{Deposit, Receipt, Side, Signed};

/// A deposit in which everything holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedDeposit {
    /// The letter's id.
    pub id: LetterId,
    /// Where it waits.
    pub address: MailAddress,
    /// Leading zero bits of the claim's work: the least goes first when a bottle has too many letters.
    pub work_bits: u32,
    /// The deposit.
    pub deposit: Verified<Deposit>,
}

/// All steps for a deposit, at a mailbox and at the receiver.
///
/// # Errors
/// The verdict with which it ends.
pub fn deposit(bytes: &[u8], params: &Params, now: Now) -> Judged<VerifiedDeposit> {
    if bytes.len() > Signed::<Deposit>::BYTES_MAX {
        return reject(RejectReason::TooLarge);
    }
    let signed = Signed::<Deposit>::decode(bytes)?;
    let value = signed.value();
    consistent(value)?;
    let (header, claim) = (value.header.value(), value.claim.value());
    time_rules::letter(header, now)?;
    time_rules::claim(claim.t, super::Arrival::Sync, now)?;
    time_rules::claim_in_life(claim.t, header.thrown_at, header.expires_at())?;
    if header_stamp_bits(header) < params.stamp_bits_floor() {
        return reject(RejectReason::StampTooLow);
    }
    let work_bits = work_bits(claim);
    if work_bits < params.claim_bits_floor() {
        return reject(RejectReason::WorkTooLow);
    }
    let signer = *value.signer();
    let deposit = Verified::check(signed, &signer)?;
    let value = deposit.value();
    let parts_hold = value.claim.is_signed_by(value.claim.value().claimant.as_bytes())
        && value.header.is_signed_by(value.header.value().author.as_bytes());
    if !parts_hold {
        return reject(RejectReason::BadSignature);
    }
    Ok(VerifiedDeposit {
        id: deposit.signed().letter_id(),
        address: value.address(),
        work_bits,
        deposit,
    })
}

/// A receipt, signed by the mailbox that it names.
///
/// # Errors
/// Rejected for the signature.
pub fn receipt(signed: Signed<Receipt>) -> Judged<Verified<Receipt>> {
    match signed.value().mailbox.ed25519() {
        Some(key) => Verified::check(signed, &key),
        None => reject(RejectReason::OutOfRange),
    }
}

/// Header, claim and envelope speak of the same bottle, and a first letter goes to the key in the header.
fn consistent(deposit: &Deposit) -> Judged<()> {
    let (header, envelope) = (deposit.header.value(), &deposit.envelope);
    let bottle = deposit.header.bottle();
    let same =
        deposit.claim.value().bottle == bottle && envelope.bottle == bottle && envelope.nonce == header.nonce;
    let first = envelope.from == Side::Finder && envelope.seq <= 1;
    if !same || (first && envelope.to != header.reply_to) {
        return reject(RejectReason::Inconsistent);
    }
    Ok(())
}
