//! Signing what is said about a bottle on the topic `catch`: claims, throw-backs, withdrawals, recasts.

use meteorite_crypto::root::Root;
use meteorite_crypto::sign::SigningKey;
use meteorite_protocol::ids::{BottleId, ClaimantKey, Nonce, Signature};
use meteorite_protocol::time::Tick;
use meteorite_protocol::wire::{
    CatchMessage, Claim, Payload, Place, Recast, Signed, ThrowBack, Wire, Withdrawal,
};

/// Signs `value` with `key`; `None` only if the value breaks its own limits, which is a fault of this program.
fn signed<T: Wire + Payload>(value: &T, key: &SigningKey) -> Option<Signed<T>> {
    let payload = value.encode();
    let signature = Signature(key.sign(T::DOMAIN, &payload));
    Signed::from_parts(payload, signature).ok()
}

/// A claim whose work is done.
pub(crate) fn claim(
    bottle: BottleId,
    place: Place,
    key: &SigningKey,
    t: Tick,
    work: u64,
) -> Option<Signed<Claim>> {
    signed(
        &Claim {
            bottle,
            place,
            claimant: ClaimantKey(key.public()),
            t,
            work,
        },
        key,
    )
}

/// Gives the place of `claim` free again.
pub(crate) fn throw_back(claim: &Signed<Claim>, depth: u8, key: &SigningKey) -> Option<CatchMessage> {
    signed(
        &ThrowBack {
            claim: claim.clone(),
            depth,
        },
        key,
    )
    .map(CatchMessage::ThrowBack)
}

/// Takes an own bottle back.
pub(crate) fn withdrawal(root: &Root, nonce: &Nonce, bottle: BottleId) -> Option<CatchMessage> {
    let keys = root.bottle_keys(&nonce.0);
    signed(&Withdrawal { bottle }, &keys.author).map(CatchMessage::Withdrawal)
}

/// Opens new places for an own bottle.
pub(crate) fn recast(root: &Root, nonce: &Nonce, bottle: BottleId, n: u8) -> Option<CatchMessage> {
    let keys = root.bottle_keys(&nonce.0);
    signed(&Recast { bottle, n }, &keys.author).map(CatchMessage::Recast)
}
