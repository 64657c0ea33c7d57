//! `decode(encode(x)) = x`, and hostile bytes never panic.

use meteorite_crypto::sign::SigningKey;
use meteorite_protocol::fuzzing::TARGETS;
use meteorite_protocol::wire::{CatchMessage, Payload, Signed, SkyMessage, Wire};
use proptest::prelude::*;
use std::fmt::Debug;

use super::strategies as any_valid;
use crate::samples;

fn survives<T: Wire + PartialEq + Debug>(value: &T) {
    let bytes = value.encode();
    assert_eq!(value.check(), Ok(()));
    assert_eq!(T::decode(&bytes).as_ref(), Ok(value));
}

fn survives_signed<T: Payload + PartialEq + Debug>(value: T) {
    survives(&value);
    let key = SigningKey::from_seed(&[5; 32]);
    let signed = Signed::sign(value, &key);
    assert!(signed.is_signed_by(&key.public()));
    assert!(!signed.is_signed_by(&[3; 32]));
    let again = Signed::<T>::decode(&signed.encode());
    assert_eq!(again.as_ref(), Ok(&signed));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn headers_survive(value in any_valid::header()) { survives_signed(value); }

    #[test]
    fn claims_survive(value in any_valid::claim()) { survives_signed(value); }

    #[test]
    fn throw_backs_survive(value in any_valid::throw_back()) { survives_signed(value); }

    #[test]
    fn recasts_survive(value in any_valid::recast()) { survives_signed(value); }

    #[test]
    fn bodies_survive(value in any_valid::body()) { survives(&value); }

    #[test]
    fn letters_survive(value in any_valid::letter()) { survives(&value); }

    #[test]
    fn envelopes_survive(value in any_valid::envelope()) { survives(&value); }

    #[test]
    fn deposits_survive(value in any_valid::deposit()) { survives_signed(value); }

    #[test]
    fn receipts_survive(value in any_valid::receipt()) { survives_signed(value); }

    #[test]
    fn sync_survives(request in any_valid::sync_request(), answer in any_valid::sync_answer()) {
        survives(&request);
        survives(&answer);
    }

    #[test]
    fn body_fetch_survives(request in any_valid::body_request(), answer in any_valid::body_answer()) {
        survives(&request);
        survives(&answer);
    }

    #[test]
    fn mail_survives(request in any_valid::mail_request(), answer in any_valid::mail_answer()) {
        survives(&request);
        survives(&answer);
    }

    #[test]
    fn invites_survive(value in any_valid::invite()) { survives(&value); }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        for (_, target) in TARGETS {
            target(&bytes);
        }
    }

    #[test]
    fn mutated_bytes_never_panic(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
        for sample in samples_of_all_kinds() {
            let mut mutated = sample.clone();
            *at.get_mut(&mut mutated) = byte;
            let cut = cut.index(sample.len());
            let spliced = [&sample[..cut], &mutated[cut / 2..]].concat();
            for (_, target) in TARGETS {
                target(&mutated);
                target(&sample[..cut]);
                target(&spliced);
            }
        }
    }
}

#[test]
fn messages_survive() {
    let bottle = samples::plain();
    assert_eq!(
        SkyMessage::decode(&bottle.message.encode()),
        Ok(bottle.message.clone())
    );
    for message in bottle.catches() {
        assert_eq!(CatchMessage::decode(&message.encode()), Ok(message));
    }
}

#[test]
fn the_largest_of_each_kind_fits() {
    use meteorite_protocol::limits;
    let bottle = samples::plain();
    for message in bottle.catches() {
        assert!(message.encode().len() <= limits::CATCH_MESSAGE_BYTES_MAX / 2);
    }
    let mut deposit = bottle.deposit(1).value().clone();
    deposit.envelope.ct = vec![0xff; limits::LETTER_SEALED_BYTES_MAX].into();
    deposit.envelope.seq = 31;
    assert!(deposit.envelope.encode().len() <= limits::ENVELOPE_BYTES_MAX);
    assert!(deposit.encode().len() + limits::HEADER_BYTES_MAX - 500 <= limits::DEPOSIT_BYTES_MAX);
}

fn samples_of_all_kinds() -> Vec<Vec<u8>> {
    let bottle = samples::plain();
    let mut all: Vec<_> = bottle.catches().iter().map(CatchMessage::encode).collect();
    all.push(bottle.message.encode());
    all.push(bottle.message.header.payload().to_vec());
    all.push(bottle.deposit(1).encode());
    all.push(samples::letter().encode());
    all.push(samples::receipt().encode());
    all
}
