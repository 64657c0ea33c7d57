//! Headers and bodies.

use meteorite_protocol::ids::{BodyId, Signature};
use meteorite_protocol::time::{EPOCH_MS, Epoch, Now};
use meteorite_protocol::topic::Topic;
use meteorite_protocol::validate::{Gate, Params, VerifiedBottle, entry, sky};
use meteorite_protocol::verdict::{IgnoreReason, RejectReason, Verdict};
use meteorite_protocol::wire::{Signed, SkyMessage};

use super::stub::{Stub, at, by_sync, gate, ignored, rejected};
use crate::samples::{self, Recipe};

fn judge(message: &SkyMessage, gate: &Gate<'_>) -> Result<VerifiedBottle, Verdict> {
    sky(
        &message.encode(),
        Topic::of_author(&message.header.value().author),
        gate,
    )
}

fn judge_entry(message: &SkyMessage, gate: &Gate<'_>) -> Result<VerifiedBottle, Verdict> {
    entry(message.header.payload(), message.header.signature(), gate)
}

/// The samples' epoch moved by some epochs.
fn epochs(by: i64) -> Now {
    let epoch = i64::from(samples::now().wall.epoch().0) + by;
    Now::new(0, Epoch(u32::try_from(epoch).unwrap()).start().plus_ms(5))
}

#[test]
fn a_good_bottle_is_verified_both_ways() {
    let bottle = samples::plain();
    let known = Stub::default();
    let by_gossip = judge(&bottle.message, &gate(&known)).unwrap();
    assert_eq!(by_gossip.id, bottle.message.header.bottle());
    assert_eq!(by_gossip.body.as_ref(), Some(&bottle.message.body));
    assert!(by_gossip.stamp_bits >= Params::for_tests().stamp_bits_floor());
    assert!(!by_gossip.forward_only());
    let by_sync = judge_entry(&bottle.message, &by_sync(gate(&known))).unwrap();
    assert_eq!((by_sync.header, by_sync.body), (by_gossip.header, None));
}

#[test]
fn mainnet_asks_for_twenty_bits() {
    let params = Params::mainnet();
    assert_eq!((params.stamp_bits_floor(), params.claim_bits_floor()), (20, 18));
    let known = Stub::default();
    let strict = Gate {
        params: &params,
        ..gate(&known)
    };
    assert_eq!(
        judge(&samples::plain().message, &strict),
        rejected(RejectReason::StampTooLow)
    );
}

#[test]
fn the_shape_is_judged_first() {
    let bottle = samples::plain();
    let known = Stub::default();
    let gate = gate(&known);
    let topic = Topic::of_author(&bottle.header().author);
    assert_eq!(sky(&[0; 8193], topic, &gate), rejected(RejectReason::TooLarge));
    assert_eq!(
        sky(&[0x83, 0, 0], topic, &gate),
        rejected(RejectReason::Malformed)
    );
    let Topic::Sky(shard) = topic else {
        panic!("a sky topic")
    };
    let message = bottle.message.encode();
    assert_eq!(
        sky(&message, Topic::Sky((shard + 1) % 16), &gate),
        rejected(RejectReason::WrongTopic)
    );
    assert_eq!(
        sky(&message, Topic::Catch, &gate),
        rejected(RejectReason::TooLarge).or(sky(&message, Topic::Catch, &gate))
    );
    let other = Recipe::new(77, "another").throw();
    let swapped = SkyMessage {
        header: bottle.message.header.clone(),
        body: other.message.body,
    };
    assert_eq!(judge(&swapped, &gate), rejected(RejectReason::BodyMismatch));
    let lied = bottle.with_header(|header| header.body_len -= 1);
    assert_eq!(judge(&lied, &gate), rejected(RejectReason::BodyMismatch));
    let elsewhere = bottle.with_header(|header| header.body = BodyId([1; 32]));
    assert_eq!(judge(&elsewhere, &gate), rejected(RejectReason::BodyMismatch));
}

#[test]
fn a_known_bottle_costs_nothing_more() {
    let bottle = samples::plain();
    let mut known = Stub::default();
    known.seen.insert(bottle.message.header.bottle());
    // Even with a broken signature: it was not looked at.
    let mut broken = bottle.message.clone();
    broken.header = Signed::from_parts(broken.header.payload().to_vec(), Signature([0; 64])).unwrap();
    assert_eq!(judge(&broken, &gate(&known)), ignored(IgnoreReason::Known));
    assert_eq!(known.asked_for_room.get(), 0);
}

#[test]
fn gossip_is_fresh() {
    let bottle = samples::plain();
    let known = Stub::default();
    for (by, expected) in [
        (-2, Some(IgnoreReason::TooEarly)),
        (-1, None),
        (0, None),
        (1, None),
        (2, Some(IgnoreReason::TooLate)),
        (1007, Some(IgnoreReason::TooLate)),
        (1008, Some(IgnoreReason::Expired)),
    ] {
        let verdict = judge(&bottle.message, &at(gate(&known), epochs(by))).err();
        assert_eq!(verdict, expected.map(Verdict::Ignore), "{by} epochs");
    }
}

#[test]
fn sync_takes_what_still_drifts() {
    let bottle = samples::plain();
    let known = Stub::default();
    for (by, expected) in [
        (-2, Some(IgnoreReason::TooEarly)),
        (-1, None),
        (2, None),
        (1007, None),
        (1008, Some(IgnoreReason::Expired)),
        (5000, Some(IgnoreReason::Expired)),
    ] {
        let verdict = judge_entry(&bottle.message, &by_sync(at(gate(&known), epochs(by)))).err();
        assert_eq!(verdict, expected.map(Verdict::Ignore), "{by} epochs");
    }
    assert_eq!(EPOCH_MS, 600_000);
}

#[test]
fn stamps_below_the_floor_are_rejected_and_below_the_level_ignored() {
    let bottle = samples::plain();
    let known = Stub::default();
    let bits = judge(&bottle.message, &gate(&known)).unwrap().stamp_bits;
    let level = |admission_bits| Gate {
        admission_bits,
        ..gate(&known)
    };
    assert!(judge(&bottle.message, &level(bits)).is_ok());
    assert_eq!(
        judge(&bottle.message, &level(bits + 1)),
        ignored(IgnoreReason::BelowAdmission)
    );
    let unpaid = (0..)
        .map(|stamp| {
            let mut header = bottle.header().clone();
            header.stamp = stamp;
            SkyMessage {
                header: Signed::sign(header, &bottle.author),
                body: bottle.message.body.clone(),
            }
        })
        .find(|message| judge(message, &gate(&known)) == rejected(RejectReason::StampTooLow));
    assert!(unpaid.is_some());
}

#[test]
fn a_stamp_may_be_of_the_epoch_before() {
    let early = samples::plain().with_header(|header| header.stamp_lag = 1);
    let known = Stub::default();
    assert!(judge(&early, &gate(&known)).is_ok());
}

#[test]
fn only_the_author_signs() {
    let bottle = samples::plain();
    let known = Stub::default();
    let mut signature = *bottle.message.header.signature();
    signature.0[3] ^= 1;
    let payload = bottle.message.header.payload().to_vec();
    let forged = SkyMessage {
        header: Signed::from_parts(payload, signature).unwrap(),
        body: bottle.message.body.clone(),
    };
    assert_eq!(
        judge(&forged, &gate(&known)),
        rejected(RejectReason::BadSignature)
    );
    let foreign = Signed::sign(bottle.header().clone(), &samples::finder_key(1));
    let foreign = SkyMessage {
        header: foreign,
        body: bottle.message.body.clone(),
    };
    assert_eq!(
        judge(&foreign, &gate(&known)),
        rejected(RejectReason::BadSignature)
    );
}

#[test]
fn a_second_bottle_of_one_key_is_proof_and_needs_no_room() {
    let bottle = samples::plain();
    let second = bottle.with_header(|header| header.art = 2);
    let known = Stub {
        other: Some(bottle.message.header.bottle()),
        full: true,
        ..Stub::default()
    };
    let judged = judge(&second, &gate(&known)).unwrap();
    assert_eq!(judged.equivocates, Some(bottle.message.header.bottle()));
}

#[test]
fn without_room_it_is_ignored() {
    let known = Stub {
        full: true,
        ..Stub::default()
    };
    assert_eq!(
        judge(&samples::plain().message, &gate(&known)),
        ignored(IgnoreReason::OverBudget)
    );
    assert_eq!(known.asked_for_room.get(), 1);
}

#[test]
fn what_is_not_known_yet_passes_and_is_flagged() {
    let known = Stub::default();
    let future =
        samples::plain().with_header(|header| header.key = meteorite_protocol::fuzzing::unknown_key());
    assert!(judge(&future, &gate(&known)).unwrap().forward_only());
}
