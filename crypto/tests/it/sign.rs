//! What `verify` must refuse.

use ed25519_dalek::{Signature, Verifier, VerifyingKey};
use meteorite_crypto::sign::{Domain, SigningKey, verify};
use proptest::prelude::*;

use crate::support::{damaged, hex_array, rng};

#[test]
fn a_signature_counts_in_its_own_domain_only() {
    let key = SigningKey::generate(&mut rng(1));
    for made in Domain::ALL {
        let signature = key.sign(made, b"payload");
        for shown in Domain::ALL {
            assert_eq!(
                verify(shown, &key.public(), b"payload", &signature),
                made == shown
            );
        }
    }
}

#[test]
fn no_label_is_a_prefix_of_another() {
    for one in Domain::ALL {
        for other in Domain::ALL {
            assert!(
                one == other || !one.label().starts_with(other.label()),
                "{one:?} {other:?}"
            );
        }
    }
}

#[test]
fn any_changed_bit_is_refused() {
    let key = SigningKey::generate(&mut rng(2));
    let signature = key.sign(Domain::Claim, b"payload");
    for (bit, damaged) in damaged(&signature) {
        let damaged = damaged.try_into().unwrap();
        assert!(
            !verify(Domain::Claim, &key.public(), b"payload", &damaged),
            "bit {bit}"
        );
    }
    for (bit, damaged) in damaged(&key.public()) {
        let damaged = damaged.try_into().unwrap();
        assert!(
            !verify(Domain::Claim, &damaged, b"payload", &signature),
            "bit {bit}"
        );
    }
    for (bit, damaged) in damaged(b"payload") {
        assert!(
            !verify(Domain::Claim, &key.public(), &damaged, &signature),
            "bit {bit}"
        );
    }
}

/// `(R, s + L)` satisfies the equation as well as `(R, s)`: accepting it would give one payload two signatures.
#[test]
fn a_malleated_signature_is_refused() {
    let order: [u8; 32] = hex_array("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let key = SigningKey::generate(&mut rng(3));
    let mut signature = key.sign(Domain::Header, b"payload");
    let mut carry = 0;
    for (byte, addend) in signature[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(addend) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
    assert!(!verify(Domain::Header, &key.public(), b"payload", &signature));
}

/// With a small-order key, `R = identity, s = 0` is a valid signature of every message for a lax verifier.
#[test]
fn small_order_keys_are_refused() {
    let mut signature = [0; 64];
    signature[0] = 1;
    let identity = hex_array(SMALL_ORDER[0]);
    assert!(
        VerifyingKey::from_bytes(&identity)
            .unwrap()
            .verify(b"anything", &Signature::from_bytes(&signature))
            .is_ok(),
        "the attack that this test is about"
    );
    for point in SMALL_ORDER {
        let key = hex_array(point);
        // Eight payloads, because the lax equation holds by chance for one in the point's order.
        for payload in 0..8 {
            assert!(!verify(Domain::Header, &key, &[payload], &signature), "{point}");
        }
    }
}

/// Who owns a key can sign with `R = identity, s = k·a`, which a lax verifier takes for an ordinary signature.
#[test]
fn a_small_order_nonce_is_refused() {
    let key = SigningKey::from_seed(&[7; 32]);
    let signature = hex_array(concat!(
        "0100000000000000000000000000000000000000000000000000000000000000",
        "b790bc15e857cbf91afe0fcbf8e3694f1c163ba243924a45b5778ea64761b809",
    ));
    let message = [Domain::Header.label().as_bytes(), b"payload"].concat();
    assert!(
        VerifyingKey::from_bytes(&key.public())
            .unwrap()
            .verify(&message, &Signature::from_bytes(&signature))
            .is_ok(),
        "the attack that this test is about"
    );
    assert!(!verify(Domain::Header, &key.public(), b"payload", &signature));
}

proptest! {
    #[test]
    fn what_was_signed_verifies(seed: [u8; 32], payload: Vec<u8>) {
        let key = SigningKey::from_seed(&seed);
        prop_assert!(verify(Domain::Deposit, &key.public(), &payload, &key.sign(Domain::Deposit, &payload)));
        prop_assert_eq!(*key.seed(), seed);
    }

    #[test]
    fn arbitrary_bytes_are_no_signature(key: [u8; 32], payload: Vec<u8>, left: [u8; 32], right: [u8; 32]) {
        let signature = [left, right].concat().try_into().unwrap();
        prop_assert!(!verify(Domain::Header, &key, &payload, &signature));
    }
}

/// All points of order 1, 2, 4 and 8, and their non-canonical encodings (Chalkias et al. 2020, table 1).
const SMALL_ORDER: [&str; 14] = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];
