//! Claims, throw-backs, withdrawals and recasts.

use meteorite_protocol::ids::Signature;
use meteorite_protocol::time::{EPOCH_MS, Now, Tick};
use meteorite_protocol::validate::{BottleFacts, Gate, Params, VerifiedCatch, catch};
use meteorite_protocol::verdict::{IgnoreReason, RejectReason, Verdict};
use meteorite_protocol::wire::{CatchMessage, Place, Signed, ThrowBack};

use super::stub::{Stub, at, by_sync, gate, ignored, rejected};
use crate::samples::{self, finder_key};

fn judge(message: &CatchMessage, gate: &Gate<'_>) -> Result<VerifiedCatch, Verdict> {
    catch(&message.encode(), gate)
}

fn later(ms: u64) -> Now {
    Now::new(0, samples::now().wall.plus_ms(ms))
}

#[test]
fn all_kinds_are_verified() {
    let bottle = samples::plain();
    let known = Stub::of(&bottle);
    for message in bottle.catches() {
        let judged = judge(&message, &gate(&known)).unwrap();
        assert_eq!(judged.bottle(), bottle.message.header.bottle());
        assert_eq!(judged.into_message(), message);
    }
}

#[test]
fn the_shape_is_judged_first() {
    let known = Stub::default();
    assert_eq!(catch(&[0; 1025], &gate(&known)), rejected(RejectReason::TooLarge));
    assert_eq!(catch(&[0x80], &gate(&known)), rejected(RejectReason::Malformed));
    let mut future = samples::plain().catches().remove(0).encode();
    future[1] = 9;
    assert_eq!(catch(&future, &gate(&known)), ignored(IgnoreReason::Unsupported));
}

#[test]
fn the_bottle_must_be_known_drift_and_float() {
    let bottle = samples::plain();
    let message = bottle.catches().remove(0);
    assert_eq!(
        judge(&message, &gate(&Stub::default())),
        ignored(IgnoreReason::UnknownBottle)
    );
    let known = Stub::of(&bottle);
    let end = at(gate(&known), later(1008 * EPOCH_MS));
    assert_eq!(judge(&message, &end), ignored(IgnoreReason::Expired));
    let sunk = Stub {
        facts: known.facts.map(|facts| BottleFacts { sunk: true, ..facts }),
        ..Stub::default()
    };
    assert_eq!(judge(&message, &gate(&sunk)), ignored(IgnoreReason::Sunk));
    let mut seen = Stub::of(&bottle);
    seen.catches.insert(message.digest());
    assert_eq!(judge(&message, &gate(&seen)), ignored(IgnoreReason::Known));
}

#[test]
fn a_claim_by_gossip_is_of_the_last_ten_seconds() {
    let bottle = samples::plain();
    let known = Stub::of(&bottle);
    let now = samples::now().wall;
    let claimed = |offset_ms: i64| {
        let at = now.0.checked_add_signed(offset_ms).unwrap();
        CatchMessage::Claim(bottle.claim_at(1, Place::Root, Tick(at / 2_000)))
    };
    // One second into the epoch, so the tick of `now` began one second ago.
    for (offset_ms, gossip, sync) in [
        (-9_000, None, None),
        (-11_000, Some(IgnoreReason::TooLate), None),
        (-600_000, Some(IgnoreReason::TooLate), None),
        (5_000, None, None),
        (7_000, Some(IgnoreReason::TooEarly), Some(IgnoreReason::TooEarly)),
    ] {
        let message = claimed(offset_ms);
        assert_eq!(
            judge(&message, &gate(&known)).err(),
            gossip.map(Verdict::Ignore),
            "{offset_ms} ms"
        );
        assert_eq!(
            judge(&message, &by_sync(gate(&known))).err(),
            sync.map(Verdict::Ignore),
            "{offset_ms} ms"
        );
    }
}

#[test]
fn a_claim_lies_within_the_life_of_its_bottle() {
    let bottle = samples::plain();
    let known = Stub::of(&bottle);
    let long_after = by_sync(at(gate(&known), later(600 * EPOCH_MS)));
    let first = bottle.header().thrown_at.minus(1).start().tick();
    let claim = |t| CatchMessage::Claim(bottle.claim_at(1, Place::Root, t));
    assert!(judge(&claim(first), &long_after).is_ok());
    assert_eq!(
        judge(&claim(Tick(first.0 - 1)), &long_after),
        rejected(RejectReason::OutOfRange)
    );
    assert_eq!(
        judge(&claim(Tick(0)), &long_after),
        rejected(RejectReason::OutOfRange)
    );
}

#[test]
fn an_old_claim_can_be_thrown_back_live() {
    let bottle = samples::plain();
    let known = Stub::of(&bottle);
    let days_later = at(gate(&known), later(400 * EPOCH_MS));
    assert!(judge(&CatchMessage::ThrowBack(bottle.throw_back(1)), &days_later).is_ok());
    let claim = CatchMessage::Claim(bottle.claim(1, Place::Root));
    assert_eq!(judge(&claim, &days_later), ignored(IgnoreReason::TooLate));
}

#[test]
fn work_below_the_floor_is_rejected_and_below_the_level_ignored() {
    let bottle = samples::plain();
    let known = Stub::of(&bottle);
    let mainnet = Params::mainnet();
    for message in bottle.catches().drain(..2) {
        let strict = Gate {
            params: &mainnet,
            ..gate(&known)
        };
        assert_eq!(judge(&message, &strict), rejected(RejectReason::WorkTooLow));
        let high = Gate {
            admission_bits: 60,
            ..gate(&known)
        };
        assert_eq!(judge(&message, &high), ignored(IgnoreReason::BelowAdmission));
    }
    for message in bottle.catches().drain(2..) {
        let high = Gate {
            admission_bits: 60,
            ..gate(&known)
        };
        assert!(judge(&message, &high).is_ok(), "authors need no work");
    }
}

#[test]
fn only_the_right_key_signs() {
    let bottle = samples::plain();
    let known = Stub::of(&bottle);
    let stranger = finder_key(9);
    let claim = bottle.claim(1, Place::Root);
    let forged = |signature: Signature| Signed::from_parts(claim.payload().to_vec(), signature).unwrap();
    let wrong = [
        CatchMessage::Claim(Signed::sign(claim.value().clone(), &stranger)),
        CatchMessage::Claim(forged(Signature([0; 64]))),
        CatchMessage::ThrowBack(Signed::sign(bottle.throw_back(1).value().clone(), &stranger)),
        CatchMessage::ThrowBack(Signed::sign(
            ThrowBack {
                claim: forged(Signature([1; 64])),
                depth: 1,
            },
            &finder_key(1),
        )),
        CatchMessage::Withdrawal(Signed::sign(bottle.withdrawal().value().clone(), &stranger)),
        CatchMessage::Recast(Signed::sign(bottle.recast(1).value().clone(), &stranger)),
    ];
    for message in wrong {
        assert_eq!(
            judge(&message, &gate(&known)),
            rejected(RejectReason::BadSignature),
            "{message:?}"
        );
    }
}

#[test]
fn a_signature_for_one_kind_is_none_for_another() {
    let bottle = samples::plain();
    let known = Stub::of(&bottle);
    let withdrawal = bottle.withdrawal();
    let key = &bottle.author;
    let signature = key.sign(meteorite_crypto::sign::Domain::Recast, withdrawal.payload());
    let swapped = Signed::from_parts(withdrawal.payload().to_vec(), Signature(signature)).unwrap();
    assert_eq!(
        judge(&CatchMessage::Withdrawal(swapped), &gate(&known)),
        rejected(RejectReason::BadSignature)
    );
}

#[test]
fn depth_fits_the_place() {
    let bottle = samples::plain();
    let known = Stub::of(&bottle);
    let after = Place::After(bottle.throw_back(1).value().id());
    let back = |place, depth| {
        let claim = bottle.claim(2, place);
        CatchMessage::ThrowBack(Signed::sign(ThrowBack { claim, depth }, &finder_key(2)))
    };
    for (place, depth, fits) in [
        (Place::Root, 0, false),
        (Place::Root, 1, true),
        (Place::Root, 2, false),
        (Place::Recast(3), 1, true),
        (after, 1, false),
        (after, 2, true),
        (after, 4, true),
        (after, 5, false),
    ] {
        let judged = judge(&back(place, depth), &gate(&known));
        // What is embedded in a payload decodes inside its own list, so the field is in range or all is malformed.
        assert_eq!(judged.is_ok(), fits, "{place:?} at depth {depth}: {judged:?}");
    }
}

#[test]
fn without_room_it_is_ignored() {
    let bottle = samples::plain();
    let known = Stub {
        full: true,
        ..Stub::of(&bottle)
    };
    for message in bottle.catches() {
        assert_eq!(judge(&message, &gate(&known)), ignored(IgnoreReason::OverBudget));
    }
}
