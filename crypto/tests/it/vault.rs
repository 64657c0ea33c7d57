//! Vaults and key files: wrong passphrases, damage at every bit, and headers that ask for too much.

use meteorite_crypto::keyfile::{self, KeyFile};
use meteorite_crypto::root::Root;
use meteorite_crypto::vault::{
    self, KdfError, KdfParams, Kind, LANES_MAX, MEMORY_KIB_MAX, OpenError, PASSES_MAX, PASSPHRASE_BYTES_MAX,
};
use proptest::prelude::*;

use crate::support::{damaged, rng};

const FAST: KdfParams = KdfParams::fast_for_tests();
const MEMORY_AT: usize = 10;
const HEADER_BYTES: usize = 32;

#[test]
fn a_wrong_passphrase_opens_nothing() {
    let vault = vault::seal(Kind::Backup, "right", b"content", FAST, &mut rng(1)).unwrap();
    assert_eq!(
        vault::open(Kind::Backup, "right", &vault).unwrap().as_slice(),
        b"content"
    );
    for wrong in ["", "Right", "right ", "rigth"] {
        assert_eq!(
            vault::open(Kind::Backup, wrong, &vault),
            Err(OpenError::WrongPassphraseOrDamaged)
        );
    }
}

#[test]
fn every_damaged_bit_is_an_error() {
    let vault = vault::seal(Kind::KeyFile, "right", b"content", FAST, &mut rng(2)).unwrap();
    for (bit, damaged) in damaged(&vault) {
        let error = vault::open(Kind::KeyFile, "right", &damaged).unwrap_err();
        match bit / 8 {
            0..8 => assert_eq!(error, OpenError::NotAVault, "magic, bit {bit}"),
            8 => assert!(
                matches!(error, OpenError::NotAVault | OpenError::TooNew { .. }),
                "version, bit {bit}"
            ),
            9 => assert!(
                matches!(error, OpenError::NotAVault | OpenError::OtherKind { .. }),
                "kind, bit {bit}"
            ),
            MEMORY_AT..16 => assert!(
                matches!(
                    error,
                    OpenError::AbsurdParams | OpenError::WrongPassphraseOrDamaged
                ),
                "cost, bit {bit}"
            ),
            _ => assert_eq!(error, OpenError::WrongPassphraseOrDamaged, "bit {bit}"),
        }
    }
}

#[test]
fn a_vault_cut_short_is_an_error() {
    let vault = vault::seal(Kind::KeyFile, "right", b"content", FAST, &mut rng(3)).unwrap();
    for end in 0..vault.len() {
        let error = vault::open(Kind::KeyFile, "right", &vault[..end]).unwrap_err();
        let expected = match end {
            0..HEADER_BYTES => OpenError::NotAVault,
            _ => OpenError::WrongPassphraseOrDamaged,
        };
        assert_eq!(error, expected, "cut at {end}");
    }
}

#[test]
fn absurd_costs_are_refused_before_they_are_paid() {
    let vault = vault::seal(Kind::KeyFile, "right", b"content", FAST, &mut rng(4)).unwrap();
    for (memory_kib, passes, lanes) in [
        (u32::MAX, 1, 1),
        (MEMORY_KIB_MAX + 1, 1, 1),
        (0, 1, 1),
        (7, 1, 1),
        (15, 1, 2),
        (64, 0, 1),
        (64, PASSES_MAX + 1, 1),
        (64, u8::MAX, 1),
        (64, 1, 0),
        (64, 1, LANES_MAX + 1),
        (64, 1, u8::MAX),
    ] {
        assert_eq!(KdfParams::new(memory_kib, passes, lanes), None);
        let mut harmful = vault.clone();
        harmful[MEMORY_AT..MEMORY_AT + 4].copy_from_slice(&memory_kib.to_be_bytes());
        harmful[MEMORY_AT + 4..MEMORY_AT + 6].copy_from_slice(&[passes, lanes]);
        assert_eq!(
            vault::open(Kind::KeyFile, "right", &harmful),
            Err(OpenError::AbsurdParams),
            "{memory_kib} {passes} {lanes}"
        );
    }
}

#[test]
fn the_limits_themselves_are_allowed() {
    assert!(KdfParams::new(MEMORY_KIB_MAX, PASSES_MAX, LANES_MAX).is_some());
    assert_eq!(KdfParams::new(8, 1, 1), Some(FAST));
    assert_eq!(KdfParams::new(64 << 10, 3, 1), Some(KdfParams::interactive()));
}

#[test]
fn each_refusal_says_its_own_reason() {
    let vault = vault::seal(Kind::Backup, "right", b"content", FAST, &mut rng(5)).unwrap();
    let other = vault::open(Kind::KeyFile, "right", &vault).unwrap_err();
    assert_eq!(other, OpenError::OtherKind { found: Kind::Backup });
    assert_eq!(
        other.to_string(),
        "this file is a backup, which is not what was asked for; choose the other one"
    );
    let mut newer = vault.clone();
    newer[8] = 2;
    assert_eq!(
        vault::open(Kind::Backup, "right", &newer),
        Err(OpenError::TooNew { version: 2 })
    );
    assert_eq!(vault::open(Kind::Backup, "right", b""), Err(OpenError::NotAVault));
    assert_eq!(
        vault::open(Kind::Backup, "right", &[b'x'; 4_000]),
        Err(OpenError::NotAVault)
    );
}

#[test]
fn oversized_input_is_refused() {
    let mut vault = vault::seal(Kind::Backup, "right", b"", FAST, &mut rng(6)).unwrap();
    vault.resize(HEADER_BYTES + 40 + vault::PLAIN_BYTES_MAX + 1, 0);
    assert_eq!(
        vault::open(Kind::Backup, "right", &vault),
        Err(OpenError::TooLarge)
    );
    let content = vec![0; vault::PLAIN_BYTES_MAX + 1];
    assert!(matches!(
        vault::seal(Kind::Backup, "right", &content, FAST, &mut rng(6)),
        Err(vault::SealError::TooLong(_))
    ));
    let passphrase = "x".repeat(PASSPHRASE_BYTES_MAX + 1);
    assert_eq!(
        vault::seal(Kind::Backup, &passphrase, b"", FAST, &mut rng(6)),
        Err(KdfError::PassphraseTooLong.into())
    );
}

#[test]
fn a_key_file_brings_back_what_it_was_given() {
    let key_file = KeyFile::new(Root::from_bytes(&[1; 32]), 1_770_000_000_000, &mut rng(7));
    let sealed = key_file.seal("right", FAST, &mut rng(8)).unwrap();
    assert_eq!(KeyFile::open("right", &sealed).unwrap(), key_file);
    assert_eq!(
        KeyFile::open("wrong", &sealed).unwrap_err(),
        keyfile::OpenError::Vault(OpenError::WrongPassphraseOrDamaged)
    );
    assert_eq!(
        format!("{key_file:?}"),
        "KeyFile { created_at_ms: 1770000000000, .. }"
    );
}

#[test]
fn a_damaged_key_file_is_an_error() {
    let key_file = KeyFile::new(Root::from_bytes(&[1; 32]), 1, &mut rng(9));
    let sealed = key_file.seal("right", FAST, &mut rng(10)).unwrap();
    // The header's bits are covered above; this is everything behind it.
    for (bit, damaged) in damaged(&sealed).skip(HEADER_BYTES * 8) {
        assert!(KeyFile::open("right", &damaged).is_err(), "bit {bit}");
    }
}

#[test]
fn a_key_file_with_other_content_is_an_error() {
    let open = |content: &[u8]| {
        let sealed = vault::seal(Kind::KeyFile, "right", content, FAST, &mut rng(11)).unwrap();
        KeyFile::open("right", &sealed).unwrap_err()
    };
    assert_eq!(open(b""), keyfile::OpenError::Incomplete);
    assert_eq!(open(&[1; 104]), keyfile::OpenError::Incomplete);
    assert_eq!(open(&[1; 106]), keyfile::OpenError::Incomplete);
    assert_eq!(open(&[0; 105]), keyfile::OpenError::Incomplete);
    assert_eq!(open(&[2; 105]), keyfile::OpenError::TooNew);
}

#[test]
fn rotation_changes_the_device_and_not_the_person() {
    let old = KeyFile::new(Root::from_bytes(&[1; 32]), 1, &mut rng(12));
    let mut new = old.clone();
    new.rotate_network_keys(&mut rng(13));
    assert_eq!(new.root, old.root);
    assert_ne!(new.libp2p_secret, old.libp2p_secret);
    assert_ne!(new.iroh_secret, old.iroh_secret);
    assert_ne!(new.libp2p_secret, new.iroh_secret);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn vaults_round_trip(passphrase in "\\PC{0,60}", content: Vec<u8>, seed: u64) {
        let vault = vault::seal(Kind::Backup, &passphrase, &content, FAST, &mut rng(seed)).unwrap();
        prop_assert_eq!(&*vault::open(Kind::Backup, &passphrase, &vault).unwrap(), &content);
    }

    #[test]
    fn arbitrary_bytes_are_no_vault(bytes: Vec<u8>, salt: [u8; 16]) {
        prop_assert!(vault::open(Kind::KeyFile, "right", &bytes).is_err());
        let header = [&b"METEORVT\x01\x01\x00\x00\x00\x08\x01\x01"[..], &salt].concat();
        prop_assert!(KeyFile::open("right", &[header, bytes].concat()).is_err());
    }
}
