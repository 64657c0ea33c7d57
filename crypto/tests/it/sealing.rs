//! Bodies, letters and stored values: round trips, size classes and damage.

use meteorite_crypto::body::{self, BodyKey, open_body, seal_body};
use meteorite_crypto::letter::{self, ReplySecret, SealedLetter, open_letter, seal_letter};
use meteorite_crypto::storage::{self, BackupKey, StorageKey};
use meteorite_crypto::{TooLong, root::Root};
use proptest::prelude::*;

use crate::support::{damaged, hex_array, rng};

#[test]
fn a_body_has_the_size_of_its_class() {
    let key = BodyKey::generate(&mut rng(1));
    for (plain, sealed) in [
        (0, 256),
        (214, 256),
        (215, 512),
        (470, 512),
        (471, 1_024),
        (4_055, 6_144),
        (6_102, 6_144),
    ] {
        let made = seal_body(&key, &vec![b'x'; plain], b"", &mut rng(2)).unwrap();
        assert_eq!(made.len(), sealed, "{plain}");
        assert_eq!(open_body(&key, &made, b"").unwrap().len(), plain);
    }
    assert_eq!(
        seal_body(&key, &[0; 6_103], b"", &mut rng(2)),
        Err(TooLong {
            bytes: 6_103,
            bytes_max: body::PLAIN_BYTES_MAX
        })
    );
}

#[test]
fn a_damaged_body_does_not_open() {
    let key = BodyKey::generate(&mut rng(3));
    let sealed = seal_body(&key, b"hello", b"aad", &mut rng(4)).unwrap();
    for (bit, damaged) in damaged(&sealed) {
        assert_eq!(
            open_body(&key, &damaged, b"aad"),
            Err(body::OpenError::Sealed),
            "bit {bit}"
        );
    }
    assert_eq!(open_body(&key, &sealed, b"other"), Err(body::OpenError::Sealed));
    let other = BodyKey::generate(&mut rng(5));
    assert_eq!(open_body(&other, &sealed, b"aad"), Err(body::OpenError::Sealed));
}

#[test]
fn a_body_of_no_class_is_refused_unopened() {
    let key = BodyKey::generate(&mut rng(3));
    let sealed = seal_body(&key, b"hello", b"", &mut rng(4)).unwrap();
    for bytes in (0..256).chain([257, 511, 6_145, 1 << 20]) {
        let mut resized = sealed.clone();
        resized.resize(bytes, 0);
        assert_eq!(
            open_body(&key, &resized, b""),
            Err(body::OpenError::Size { bytes })
        );
    }
}

#[test]
fn two_bodies_never_share_a_nonce() {
    let (key, mut rng) = (BodyKey::generate(&mut rng(6)), rng(7));
    let one = seal_body(&key, b"same", b"", &mut rng).unwrap();
    let two = seal_body(&key, b"same", b"", &mut rng).unwrap();
    assert_ne!(one[..24], two[..24]);
}

#[test]
fn a_letter_has_the_size_of_its_class() {
    let secret = ReplySecret::generate(&mut rng(1));
    for (plain, sealed) in [(0, 512), (494, 512), (495, 1_024), (2_031, 4_096), (4_078, 4_096)] {
        let made = seal_letter(&secret.public(), b"i", b"a", &vec![b'x'; plain], &mut rng(2)).unwrap();
        assert_eq!(made.ct.len(), sealed, "{plain}");
        assert_eq!(open_letter(&secret, &made, b"i", b"a").unwrap().len(), plain);
    }
    let too_long = TooLong {
        bytes: 4_079,
        bytes_max: letter::PLAIN_BYTES_MAX,
    };
    assert_eq!(
        seal_letter(&secret.public(), b"i", b"a", &[0; 4_079], &mut rng(2)),
        Err(too_long.into())
    );
}

#[test]
fn a_damaged_letter_does_not_open() {
    let secret = ReplySecret::generate(&mut rng(3));
    let sealed = seal_letter(&secret.public(), b"info", b"aad", b"hello", &mut rng(4)).unwrap();
    let refused = Err(letter::OpenError::Sealed);
    // One bit of each byte: opening is a scalar multiplication, and these are 4,000 bits.
    for (bit, ct) in damaged(&sealed.ct).step_by(9) {
        let damaged = SealedLetter { ct, ..sealed.clone() };
        assert_eq!(
            open_letter(&secret, &damaged, b"info", b"aad"),
            refused,
            "bit {bit}"
        );
    }
    for (bit, enc) in damaged(&sealed.enc) {
        let damaged = SealedLetter {
            enc: enc.try_into().unwrap(),
            ..sealed.clone()
        };
        assert_eq!(
            open_letter(&secret, &damaged, b"info", b"aad"),
            refused,
            "bit {bit}"
        );
    }
    assert_eq!(open_letter(&secret, &sealed, b"other", b"aad"), refused);
    assert_eq!(open_letter(&secret, &sealed, b"info", b"other"), refused);
    assert_eq!(
        open_letter(&ReplySecret::generate(&mut rng(5)), &sealed, b"info", b"aad"),
        refused
    );
}

#[test]
fn a_letter_of_no_class_is_refused_unopened() {
    let secret = ReplySecret::generate(&mut rng(3));
    for bytes in [0, 15, 16, 511, 513, 4_097, 1 << 20] {
        let letter = SealedLetter {
            enc: [9; 32],
            ct: vec![0; bytes],
        };
        let refused = Err(letter::OpenError::Size { bytes });
        assert_eq!(open_letter(&secret, &letter, b"", b""), refused);
    }
}

/// Every one of these makes the shared secret zero whatever the other side does, so "sealing" would hide nothing.
#[test]
fn small_order_reply_keys_are_refused_on_both_sides() {
    let secret = ReplySecret::generate(&mut rng(6));
    for point in X25519_SMALL_ORDER {
        let point = hex_array(point);
        assert_eq!(
            seal_letter(&point, b"", b"", b"hello", &mut rng(7)),
            Err(letter::SealError::BadReplyKey)
        );
        let letter = SealedLetter {
            enc: point,
            ct: vec![0; 512],
        };
        assert_eq!(
            open_letter(&secret, &letter, b"", b""),
            Err(letter::OpenError::Sealed)
        );
    }
}

#[test]
fn an_overlong_info_is_refused_before_hpke_panics_on_it() {
    let secret = ReplySecret::generate(&mut rng(8));
    let info = vec![0; 1 << 17];
    assert!(seal_letter(&secret.public(), &info, b"", b"hello", &mut rng(9)).is_err());
    let letter = SealedLetter {
        enc: secret.public(),
        ct: vec![0; 512],
    };
    assert_eq!(
        open_letter(&secret, &letter, &info, b""),
        Err(letter::OpenError::Sealed)
    );
}

#[test]
fn a_stored_value_opens_in_its_own_place_only() {
    let root = Root::from_bytes(&[1; 32]);
    let sealed = root
        .storage_key()
        .seal("letter.text/7", b"hello", &mut rng(1))
        .unwrap();
    assert_eq!(sealed.len(), 5 + storage::OVERHEAD_BYTES);
    assert_eq!(
        root.storage_key()
            .open("letter.text/7", &sealed)
            .unwrap()
            .as_slice(),
        b"hello"
    );
    let refused = Err(storage::OpenError::Sealed);
    for context in ["letter.text/8", "letter.text/", ""] {
        assert_eq!(root.storage_key().open(context, &sealed), refused);
    }
    let other = Root::from_bytes(&[2; 32]);
    assert_eq!(other.storage_key().open("letter.text/7", &sealed), refused);
}

#[test]
fn a_column_is_no_backup_even_under_one_key() {
    let bytes = [7; 32];
    let sealed = StorageKey::from_bytes(&bytes)
        .seal("x", b"hello", &mut rng(1))
        .unwrap();
    assert!(BackupKey::from_bytes(&bytes).open("x", &sealed).is_err());
}

#[test]
fn a_damaged_stored_value_does_not_open() {
    let key = StorageKey::from_bytes(&[1; 32]);
    let sealed = key.seal("x", b"hello", &mut rng(1)).unwrap();
    for (bit, damaged) in damaged(&sealed) {
        let refused = match damaged[0] {
            0 | 1 => storage::OpenError::Sealed,
            version => storage::OpenError::TooNew { version },
        };
        assert_eq!(key.open("x", &damaged), Err(refused), "bit {bit}");
    }
    for end in 0..sealed.len() {
        assert_eq!(
            key.open("x", &sealed[..end]),
            Err(storage::OpenError::Sealed),
            "cut at {end}"
        );
    }
}

proptest! {
    #[test]
    fn bodies_round_trip(plain in plain(body::PLAIN_BYTES_MAX), aad: Vec<u8>, seed: u64) {
        let key = BodyKey::generate(&mut rng(seed));
        let sealed = seal_body(&key, &plain, &aad, &mut rng(seed)).unwrap();
        prop_assert!(body::SEALED_SIZES.contains(&sealed.len()));
        prop_assert_eq!(&*open_body(&key, &sealed, &aad).unwrap(), &plain);
    }

    #[test]
    fn letters_round_trip(plain in plain(letter::PLAIN_BYTES_MAX), aad: Vec<u8>, seed: u64) {
        let secret = ReplySecret::generate(&mut rng(seed));
        let sealed = seal_letter(&secret.public(), b"info", &aad, &plain, &mut rng(seed)).unwrap();
        prop_assert!(letter::SEALED_SIZES.contains(&sealed.ct.len()));
        let restored = ReplySecret::from_bytes(&secret.to_bytes());
        prop_assert_eq!(&*open_letter(&restored, &sealed, b"info", &aad).unwrap(), &plain);
    }

    #[test]
    fn stored_values_round_trip(plain in plain(3_000), context: String, seed: u64) {
        let key = StorageKey::from_bytes(&[3; 32]);
        let sealed = key.seal(&context, &plain, &mut rng(seed)).unwrap();
        prop_assert_eq!(&*key.open(&context, &sealed).unwrap(), &plain);
    }

    #[test]
    fn arbitrary_bytes_never_open(bytes in plain(7_000), enc: [u8; 32], class in 0_usize..4) {
        prop_assert!(open_body(&BodyKey::from_bytes(&[1; 32]), &bytes, b"").is_err());
        prop_assert!(StorageKey::from_bytes(&[1; 32]).open("", &bytes).is_err());
        let mut ct = bytes;
        ct.resize(letter::SEALED_SIZES[class], 0);
        let secret = ReplySecret::from_bytes(&[1; 32]);
        let letter = SealedLetter { enc, ct };
        prop_assert!(open_letter(&secret, &letter, b"", b"").is_err());
    }
}

fn plain(bytes_max: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..=bytes_max)
}

/// The u-coordinates of order 1, 2, 4 and 8 on the curve and its twist, with non-canonical encodings.
const X25519_SMALL_ORDER: [&str; 7] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];
